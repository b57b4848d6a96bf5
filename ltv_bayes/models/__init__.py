"""The models as PyMC graphs: frozen settings, build(data) to a pm.Model, fit(data) to a fitted model."""
