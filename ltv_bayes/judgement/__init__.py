"""What experts know, as future-value priors."""
