"""Scoring: a value as a file, and customers valued with it wherever they live."""
