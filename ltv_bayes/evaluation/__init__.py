"""Does it hold? Backtests and coverage."""
