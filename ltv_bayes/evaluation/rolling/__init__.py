"""Backtests of many origins: refitted at each, and judged over all of them."""
