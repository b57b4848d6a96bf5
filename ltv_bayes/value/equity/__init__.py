"""Customer equity: the customers of today and those still to be won, together."""
