"""Tiers of customers: how surely each belongs among those worth most, by what is still to come."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, UnitError, counted
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.sizes import RANKED_BYTES
from ltv_bayes.time_units import as_number
from ltv_bayes.value.draws.valuation import REALISED, in_order
from ltv_bayes.value.valued import Valued

FEWEST_DRAWS = 100


def tiers(value: Valued, shares: Sequence[float], names: Sequence[str] | None) -> pd.DataFrame:
    """Probability of each tier for each customer; see `LifetimeValue.tiers`."""
    bounds = _bounds(shares)
    titles = _names(bounds, names)
    draws, mean, so_far = _draws(value)
    within = np.zeros((draws.shape[1], len(titles)))
    ranked = (partial(shares_of_tiers, money, bounds) for money in draws)
    for shares_of_draw in in_order(
        ranked, len(draws), _("ranking {customers}", customers=counted(draws.shape[1], "customer"))
    ):
        within += shares_of_draw
    within /= len(draws)
    past = {REALISED: so_far} if value.settings.realised else {}
    table = pd.DataFrame({**past, "mean": mean}, index=value.customers.ids)
    for name, probability in zip(titles, within.T, strict=True):
        table[f"probability_{name}"] = probability
    likeliest = within.argmax(axis=1)
    table["tier"] = pd.Categorical.from_codes(likeliest, titles, ordered=True)
    order = np.lexsort((-mean, *(-within.T[::-1]), likeliest))
    settings = str(value.settings.to_come)
    return value.described(table.iloc[order], tiers=titles, draws=len(draws), settings=settings)


def shares_of_tiers(money: Array, bounds: Array) -> Array:
    """How much of each customer lies in each tier in one draw; equal values share their places.

    Parameters
    ----------
    money : array of shape (customers,)
    bounds : array of shape (tiers,)
        The share of customers down to the end of each tier, the last 1.

    Returns
    -------
    array of shape (customers, tiers)
        Rows add up to 1, columns to the tier's share of the customers.

    Examples
    --------
    >>> shares_of_tiers(np.array([5.0, 0.0, 9.0, 0.0]), np.array([0.5, 1.0])).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    >>> shares_of_tiers(np.array([5.0, 0.0, 0.0, 0.0]), np.array([0.5, 1.0]))[1].round(3).tolist()
    [0.333, 0.667]
    """
    order = np.argsort(-money)
    ordered = -money[order]
    until = np.zeros((bounds.size, money.size))
    for row, place in zip(until, bounds * money.size, strict=True):
        here = ordered[min(int(place), money.size - 1)]
        first, last = np.searchsorted(ordered, here, "left"), np.searchsorted(ordered, here, "right")
        row[:first] = 1.0
        row[first:last] = (place - first) / (last - first)
    found = np.empty_like(until)
    found[:, order] = np.diff(until, prepend=0.0, axis=0)
    return found.T


def _bounds(shares: Sequence[float]) -> Array:
    """The share of customers down to the end of each tier."""
    parts = np.array([as_number(share, _("a share")) for share in shares])
    if not parts.size or (parts <= 0).any() or abs(parts.sum() - 1) > 1e-9:
        raise UnitError(
            _(
                "The shares of tiers are above 0 and add up to 1, the best first, such as (0.2, 0.3, 0.5); "
                "{shares} add up to {number:g}.",
                shares=tuple(shares),
                number=parts.sum(),
            )
        )
    bounds = np.cumsum(parts)
    bounds[-1] = 1.0
    return bounds


def _names(bounds: Array, names: Sequence[str] | None) -> list[str]:
    """Names of tiers: as given, or by their place."""
    if names is None:
        ends = [f"{100 * bound:.4g}%" for bound in bounds]
        return [_("top {ends}", ends=ends[0]), *(f"{low[:-1]}-{high}" for low, high in pairwise(ends))]
    if isinstance(names, str) or len(names) != len(bounds) or len(set(map(str, names))) != len(names):
        raise InputError(
            _(
                "{tiers} need as many names, each another, not {names!r}.",
                tiers=counted(len(bounds), "tier"),
                names=names,
            )
        )
    return [str(name) for name in names]


def _draws(value: Valued) -> tuple[Array, Array, Array]:
    """Draws of what is to come of all customers at once, as ranks need them, as many as there is room for.

    Returns
    -------
    array of shape (draws, customers)
    array of shape (customers,)
        Their means.
    array of shape (customers,)
        The value so far, where it is included.
    """
    size, number = value.valuation.size, len(value.customers)
    step = math.ceil(8 * number * size / RANKED_BYTES)
    if size // step < min(FEWEST_DRAWS, size):
        raise InputError(
            _(
                "Ranks need all customers of a draw at once, and {ranked_bytes:g} GiB hold fewer than "
                "{fewest_draws} draws of {customers}. Value a part of them, such as the half with the highest "
                "mean: lifetime_value(customers.subset(ids), ...).tiers().",
                ranked_bytes=RANKED_BYTES / 2**30,
                fewest_draws=FEWEST_DRAWS,
                customers=counted(number, "customer"),
            )
        )
    kept, (mean, so_far) = np.zeros((len(range(0, size, step)), number)), np.zeros((2, number))
    to_come = [name for name in value.sources if name != REALISED]
    for block, money in value.results.draws_by_block(value.settings.place, means=True):
        for name in to_come:
            kept[:, block.rows] += money[name][:, ::step].T
            mean[block.rows] += block.means[name][:, 0]
        if REALISED in block.means:
            so_far[block.rows] = block.means[REALISED][:, 0]
    return kept, mean, so_far
