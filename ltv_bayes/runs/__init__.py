"""A whole run, from raw files to what those who decide are handed, described by one object."""
