"""Tables and files that a person reads."""
