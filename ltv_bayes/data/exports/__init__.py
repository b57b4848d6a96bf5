"""A real export: which column is what, which rows are orders, and what was read."""
