"""New customers: what they are worth and what they cost."""
