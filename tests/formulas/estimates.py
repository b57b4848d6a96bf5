"""Maximum-likelihood estimates, to hold formulas to published ones."""

import numpy as np
from scipy import optimize


def maximum_likelihood(log_likelihood, count, data, start):
    """Parameters and log-likelihood at the maximum; Nelder-Mead, started again where it stopped."""
    names = list(start)

    def loss(logs):
        return -np.sum(count * log_likelihood(*data, **dict(zip(names, np.exp(logs), strict=True))))

    at, tight = np.log(list(start.values())), {"xatol": 1e-10, "fatol": 1e-10, "maxiter": 20_000, "maxfev": 20_000}
    for _ in range(3):
        found = optimize.minimize(loss, at, method="Nelder-Mead", options=tight)
        at = found.x
    return dict(zip(names, np.exp(at), strict=True)), -found.fun
