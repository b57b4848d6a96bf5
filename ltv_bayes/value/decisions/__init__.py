"""Which customers to act on: tiers, upside, customers slipping away."""
