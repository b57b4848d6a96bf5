"""How much of a value depends on judgements and priors."""
