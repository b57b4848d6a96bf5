"""Closed forms and exact draws, one file a model."""
