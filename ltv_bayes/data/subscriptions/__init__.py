"""Subscription records: contracts, their calendar, and renewals made."""
