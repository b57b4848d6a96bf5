"""Draws of value, made a block of customers at a time, kept or written."""
