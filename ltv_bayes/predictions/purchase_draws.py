"""How many purchases or events customers will make: predictive draws of all of them in one compiled loop."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formulas.kernels.order_values import NUMBERS, Events, Periods, Purchases, Relations
from ltv_bayes.formulas.kernels.regular_order_values import kernel_of
from ltv_bayes.formulas.models import nbd
from ltv_bayes.formulas.models.parameterization import REGULAR
from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.clock import clock_at
from ltv_bayes.predictions.fitted import FittedModel, k_of, parameters_of, shape_of
from ltv_bayes.predictions.groups import GroupDraws
from ltv_bayes.predictions.over_customers import require_memory
from ltv_bayes.random_streams import customer_states
from ltv_bayes.sizes import CUSTOMERS_OF_WORKER, available_cores

ALIVE_BY_ORDERS = 1.0


def draw_counts(
    fit: FittedModel, customers: Customers, histories: Array, ends: Sequence[float], *, seed: int, purpose: str
) -> Array:
    """Draw the numbers of purchases by several times, of one course each; each customer has a random stream.

    Parameters
    ----------
    histories : array of shape (customers, columns)
        Frequency, recency (but of events), T and, where the fit has a clock, how long ago observation ended.
    ends : sequence of float
        Ascending, in the fit's time unit.
    seed, purpose
        What the streams belong to beside the ids.

    Returns
    -------
    array of shape (ends, chains, draws, customers), of whole numbers
    """
    shape, ids, model = shape_of(fit), customers.ids, fit.model
    require_memory(shape, len(ids), len(ends))
    rows = np.zeros((len(ids), 7))
    rows[:, ([0, 2, 3] if model == nbd.NAME else [0, 1, 2, 3])[: histories.shape[1]]] = histories
    rows[:, 6] = ALIVE_BY_ORDERS
    periods = Periods(np.asarray(ends, dtype=float), 0.0)
    if (clock := clock_at(fit, customers)) is not None:
        periods = periods._replace(clock=clock)
    counts, kernel = parameters_of(fit, customers.table), kernel_of(model, k_of(fit) if model in REGULAR else 1)
    found = np.empty((len(ids), len(ends), shape[0] * shape[1]))

    def some(first: int) -> None:
        last = min(first + CUSTOMERS_OF_WORKER, len(ids))
        here = slice(first, last)
        states = customer_states(seed, purpose, ids[here])
        drawn = counts_of_block(model, counts, first, last)
        kernel(states, rows[here], periods, drawn, NUMBERS, Relations(), found[here])
        np.cumsum(found[here], axis=1, out=found[here])

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, range(0, len(ids), CUSTOMERS_OF_WORKER)))
    return found.reshape(len(ids), len(ends), *shape).transpose(1, 2, 3, 0)


def counts_of_block(model: str, drawn: GroupDraws, first: int, last: int) -> Purchases | Events:
    """Parameters of a block of customers of a model of purchases or events, as the loops take them."""
    made: Purchases | Events = laid_out(Events if model == nbd.NAME else Purchases, drawn, first, last)
    return made


def laid_out(record: Any, drawn: GroupDraws, first: int, last: int) -> Any:
    """Parameters of a block of customers as compiled loops take them."""
    place, parameters = drawn.block(first, last)
    return record(place, **{name: values for name, values in parameters.items() if name in record._fields})
