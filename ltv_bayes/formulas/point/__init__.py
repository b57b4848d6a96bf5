"""The point formulas of the three business models."""
