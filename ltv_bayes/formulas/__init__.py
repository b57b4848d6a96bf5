"""Closed forms and exact simulation: arrays in, arrays out, no PyMC."""
