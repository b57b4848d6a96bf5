"""Arrays of draws over customers, labelled by their ids."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.histories import distinct_rows
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels.order_values import NUMBERS, Events, Periods, Purchases, Relations
from ltv_bayes.formulas.kernels.regular_order_values import kernel_of
from ltv_bayes.formulas.models import nbd
from ltv_bayes.formulas.models.parameterization import REGULAR
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.posterior import refuse_nan
from ltv_bayes.predictions.clock import clock_at
from ltv_bayes.predictions.fitted import FittedModel, k_of, parameters_of, shape_of
from ltv_bayes.predictions.groups import GroupDraws, Parameters
from ltv_bayes.random_streams import customer_states, customer_stream
from ltv_bayes.sizes import CUSTOMERS_OF_WORKER, LARGEST_ARRAY, NUMBERS_IN_BLOCK, available_cores

ALIVE_BY_ORDERS = 1.0  # the factor on the odds of having left where nothing else is known
DrawOne = Callable[[np.random.Generator, Parameters, int], Any]


def draw_for_each(
    fit: FittedModel, table: pd.DataFrame, draw: DrawOne, *, seed: int, purpose: str | Sequence[str], arrays: int = 1
) -> np.ndarray:
    """Draw something for each row of a table, from a random stream that belongs to its id, on all cores.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows indexed by id, with segments and covariates for a pooled fit.
    draw : callable
        From a stream, the row's parameters of shape (chains * draws,) and its position to values of this shape, or to
        several arrays of them.
    seed, purpose
        What the stream belongs to beside the id; a purpose for each row, or one for all.
    arrays : int
        How many arrays are drawn.

    Returns
    -------
    array of shape (arrays, chains, draws, rows)
    """
    shape, ids = shape_of(fit), table.index
    require_memory(shape, len(ids), arrays)
    purposes = [purpose] * len(ids) if isinstance(purpose, str) else purpose
    drawn = parameters_of(fit, table)
    values = np.empty((arrays, len(ids), shape[0] * shape[1]))

    def some(first: int) -> None:
        last = min(first + CUSTOMERS_OF_WORKER, len(ids))
        place, parameters = drawn.block(first, last)
        for position in range(first, last):
            stream = customer_stream(seed, purposes[position], ids[position])
            own = {name: each[place[position - first]] for name, each in parameters.items()}
            values[:, position] = draw(stream, own, position)

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, range(0, len(ids), CUSTOMERS_OF_WORKER)))
    return values.reshape(arrays, len(ids), *shape).transpose(0, 2, 3, 1)


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


def over_unique(
    fit: FittedModel,
    customers: Customers,
    histories: np.ndarray,
    compute: Callable[..., np.ndarray],
    compiled: Callable[[np.ndarray, Parameters], np.ndarray] | None = None,
) -> np.ndarray:
    """Compute once per unique history of a group, for every customer who has it: an array (chains, draws, customers).

    Parameters
    ----------
    histories : array of shape (customers, columns)
    compute : callable
        From columns of histories, and parameters by name, to an array (draws, histories).
    compiled : callable, optional
        A faster way from histories, and parameters that all of them share, to the same; NaN in draws that it leaves.
    """
    chains, draws = shape_of(fit)
    require_memory((chains, draws), len(customers))
    found = np.empty((chains * draws, len(customers)))
    for here, kinds, place, parameters in distinct_histories(fit, customers, histories):
        if compiled is None or any(values.shape[1] > 1 for values in parameters.values()):
            _fill_columns(found, here, place, kinds, parameters, compute)
            continue
        fast = compiled(kinds, parameters)
        left = np.flatnonzero(np.isnan(fast).any(axis=1))
        if left.size:
            fast[left] = compute(*kinds.T, **{name: values[left] for name, values in parameters.items()})
        found[:, here] = fast[:, place]
    return found.reshape(chains, draws, len(customers))


def distinct_histories(
    fit: FittedModel, customers: Customers, histories: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, Parameters]]:
    """Go over groups of customers with the same parameters, and over their distinct histories.

    Yields
    ------
    array of shape (customers in the group,)
        Where they stand among all.
    array of shape (distinct histories, columns)
        One a customer where all have parameters of their own.
    array of shape (customers in the group,)
        The place of each one's history among them.
    dict of array
        Parameters by name.
    """
    for here, parameters in parameters_of(fit, customers.table).parts():
        if all(values.shape[1] == 1 for values in parameters.values()):
            yield here, *distinct_rows(histories[here]), parameters
        else:
            yield here, histories[here], np.arange(here.size), parameters


def _fill_columns(
    found: np.ndarray,
    here: IntArray,
    place: IntArray,
    histories: np.ndarray,
    parameters: Parameters,
    compute: Callable[..., np.ndarray],
) -> None:
    """Fill in what is computed of distinct histories for all who have them, some draws at a time, on all cores.

    Parameters
    ----------
    found : array of shape (draws, customers)
    here, place : arrays
        Places of customers in it, and of the history of each among the distinct ones.
    """
    block = max(1, NUMBERS_IN_BLOCK // len(histories))

    def some(first: int) -> None:
        rows = slice(first, first + block)
        drawn = {name: values[rows] for name, values in parameters.items()}
        found[rows, here] = np.asarray(compute(*histories.T, **drawn))[:, place]

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, range(0, len(found), block)))


def labelled(values: np.ndarray, ids: pd.Index, name: str, **attrs: Any) -> xr.DataArray:
    """Put names on an array (chains, draws, customers), in which no number may be NaN."""
    refuse_nan(values, name, ids)
    chains, draws, _ = values.shape
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "customer_id": ids.to_numpy()}
    return xr.DataArray(values, dims=("chain", "draw", "customer_id"), coords=coords, name=name, attrs=attrs)


def with_group(tree: xr.DataTree, name: str, dataset: xr.Dataset) -> xr.DataTree:
    """Make a tree with one more group."""
    extended = tree.copy()
    extended[name] = xr.DataTree(dataset)
    return extended


def beside_observed(tree: xr.DataTree, replicated: xr.Dataset, customers: Customers) -> xr.DataTree:
    """Make a tree with what a fit would observe of customers, beside the columns that were observed."""
    observed = xr.Dataset({str(name): ("customer_id", customers.table[name]) for name in replicated.data_vars})
    observed = observed.assign_coords(customer_id=customers.ids.to_numpy())
    return with_group(with_group(tree, "posterior_predictive", replicated), "observed_data", observed)


def require_memory(shape: tuple[int, int], customers: int, arrays: int = 1) -> None:
    """Refuse arrays of draws that would not fit in memory, with what makes them smaller."""
    needed = 8 * shape[0] * shape[1] * customers * arrays
    if needed > LARGEST_ARRAY:
        fewer = max(1, LARGEST_ARRAY // (8 * shape[0] * customers * arrays))
        several = _(", {arrays} arrays of them,", arrays=arrays) if arrays > 1 else ""
        raise InputError(
            _(
                "{shape} x {shape_2:,} draws for {customers:,} customers{several} need {needed:,.1f} GiB. Thin "
                "the fit with fit.thin(draws={fewer}), or score fewer customers at a time with "
                "customers.subset(ids). Summaries and totals of lifetime values need no draws in memory.",
                shape=shape[0],
                shape_2=shape[1],
                customers=customers,
                several=several,
                needed=needed / 2**30,
                fewer=fewer,
            )
        )
