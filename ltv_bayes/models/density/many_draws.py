"""A likelihood at many parameter draws, on all cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.sizes import available_cores

CHUNK = 16

Kernel = Callable[..., Any]


def at_many_draws(kernel: Kernel, parameters: Sequence[Array], tables: Sequence[Array]) -> Array:
    """Call a kernel, which lets go of Python's lock, for each draw.

    Parameters
    ----------
    kernel : callable
        From parameters, then tables, to a log-likelihood.
    parameters : sequence of arrays of shape (draws,)
    tables : sequence of arrays
        The data, laid out for the kernel.

    Returns
    -------
    array of shape (draws,)
    """
    draws = list(zip(*(values.tolist() for values in np.broadcast_arrays(*parameters)), strict=True))
    values = np.empty(len(draws))

    def some(first: int) -> None:
        with np.errstate(all="ignore"):  # threads start with settings of their own
            for i in range(first, min(first + CHUNK, len(draws))):
                values[i] = kernel(*draws[i], *tables)

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, range(0, len(draws), CHUNK)))
    return values
