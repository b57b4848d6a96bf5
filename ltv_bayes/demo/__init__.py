"""The demonstration: forecasts and values held to what came."""
