"""Recurring revenue of subscribers, and its movements."""
