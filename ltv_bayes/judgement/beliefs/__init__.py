"""What one person believes of one opportunity."""
