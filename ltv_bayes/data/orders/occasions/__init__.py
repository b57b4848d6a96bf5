"""Orders, sorted by customer and day, to occasions and customers: read once, in compiled loops."""
