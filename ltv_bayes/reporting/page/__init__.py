"""A report as one HTML page that asks for nothing from outside."""
