"""Draw a computed result; compute nothing."""
