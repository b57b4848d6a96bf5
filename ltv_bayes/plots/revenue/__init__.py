"""Pictures of recurring revenue."""
