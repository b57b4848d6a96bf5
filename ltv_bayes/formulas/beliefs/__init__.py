"""Distributions of stated amounts and chances, combined and scored."""
