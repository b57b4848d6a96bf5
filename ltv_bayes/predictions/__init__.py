"""A fitted model is posterior draws plus the formulas: draws x customers to labelled arrays, without PyMC."""
