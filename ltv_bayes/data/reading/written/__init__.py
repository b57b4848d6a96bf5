"""What one cell says: a number, a unit, a currency, a day."""
