"""Fits of how the prices of subscribers grow."""
