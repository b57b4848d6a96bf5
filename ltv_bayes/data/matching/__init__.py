"""Ids of several systems that are one customer."""
