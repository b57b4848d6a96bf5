"""Raw rows to one row a customer."""
