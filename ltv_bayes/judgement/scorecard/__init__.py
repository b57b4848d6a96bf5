"""Ratings of customers turned into future-value priors."""
