"""Likelihoods and draws in compiled loops."""
