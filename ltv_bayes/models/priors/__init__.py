"""Priors of models, named by users."""
