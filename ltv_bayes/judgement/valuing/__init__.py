"""Judgements turned into draws of money."""
