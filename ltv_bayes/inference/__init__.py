"""Any PyMC model to posterior draws; nothing here knows of customers."""
