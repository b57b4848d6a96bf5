"""How the prices of subscribers grow: settings, and their exact posterior."""
