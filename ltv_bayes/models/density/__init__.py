"""Log densities of models: as PyMC graphs, and written out."""
