"""Customers: one row each, in memory or in a file."""
