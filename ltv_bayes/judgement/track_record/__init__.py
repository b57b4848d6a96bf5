"""Closed judgements, and what they teach of the experts who made them."""
