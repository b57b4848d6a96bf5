"""Streams to lifetime value, segments and decisions."""
