"""What a customer pays for: each stream yields draws of discounted future money."""
