"""Signs of life: what is observed of customers beside their orders, and how strong it is."""
