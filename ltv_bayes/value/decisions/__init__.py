"""Whom to act on: tiers, upside, customers slipping away."""
