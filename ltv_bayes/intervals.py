"""Summaries of draws: mean, sd, median and an interval with its level in its name.

Intervals follow ArviZ: `ci_prob` and `ci_kind` default to its rcParams.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import UnitError, suggestion
from ltv_bayes.language import _
from ltv_bayes.tables.headings import interval_words

KINDS = ("eti", "hdi")
SAMPLE_DIMS = ("chain", "draw")


def interval_settings(ci_prob: float | None, ci_kind: str | None) -> tuple[float, str]:
    """Fill in ArviZ's defaults and check what the user gave.

    Raises
    ------
    UnitError
        If the probability is not between 0 and 1, or the kind is unknown.
    """
    from arviz_base import rcParams

    prob = rcParams["stats.ci_prob"] if ci_prob is None else ci_prob
    kind = rcParams["stats.ci_kind"] if ci_kind is None else ci_kind
    if not 0 < prob < 1:
        raise UnitError(_("ci_prob must lie between 0 and 1, not {prob!r}. Write 90% as ci_prob=0.9.", prob=prob))
    if kind not in KINDS:
        raise UnitError(
            _("ci_kind {kind!r} is unknown. {suggestion}", kind=kind, suggestion=suggestion(str(kind), KINDS))
        )
    return float(prob), str(kind)


def set_interval(prob: float | None = None, kind: str | None = None) -> str:
    """Choose the interval of everything that is computed from now on, or tell the current one.

    It is ArviZ's setting, ``rcParams["stats.ci_prob"]`` and ``rcParams["stats.ci_kind"]``: pictures and tables of ArviZ
    follow it too. Where a function is given ``ci_prob`` or ``ci_kind``, these count.

    Parameters
    ----------
    prob : float, optional
        Its probability, such as 0.9; as it was, if not given.
    kind : {"eti", "hdi"}, optional
        Equal-tailed, with as much probability below it as above, or the narrowest one; as it was, if not given.

    Returns
    -------
    str
        The interval that holds now.

    Raises
    ------
    UnitError
        If the probability is not between 0 and 1, or the kind is unknown; nothing is changed then.

    Examples
    --------
    >>> set_interval()
    "89% interval: prob=0.89, kind='eti'"
    >>> set_interval(0.9, "hdi")
    "90% highest-density interval: prob=0.9, kind='hdi'"
    >>> set_interval(0.89, "eti")
    "89% interval: prob=0.89, kind='eti'"
    """
    from arviz_base import rcParams

    prob, kind = interval_settings(prob, kind)
    rcParams["stats.ci_prob"], rcParams["stats.ci_kind"] = prob, kind
    return _(
        "{interval}: prob={prob}, kind={kind!r}", interval=describe_interval(prob, kind), prob=f"{prob:g}", kind=kind
    )


def interval_name(ci_prob: float | None, ci_kind: str | None) -> str:
    """Write the level as column names carry it; ArviZ's setting where not given.

    Examples
    --------
    >>> interval_name(0.89, "eti"), interval_name(0.975, "hdi")
    ('eti89', 'hdi97.5')
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    return f"{kind}{100 * prob:g}"


def bound_columns(columns: Iterable[Any]) -> tuple[str, str]:
    """Find the names of an interval's columns among those of a table.

    Examples
    --------
    >>> bound_columns(["mean", "eti89_lb", "eti89_ub"])
    ('eti89_lb', 'eti89_ub')
    """
    low, high = (str(name) for name in columns if str(name).endswith(("_lb", "_ub")))
    return low, high


def describe_bounds(columns: Iterable[Any]) -> str:
    """Describe the interval that a table's columns state.

    Examples
    --------
    >>> describe_bounds(["mean", "hdi89_lb", "hdi89_ub"])
    '89% highest-density interval'
    """
    low = bound_columns(columns)[0]
    kind, level = low[:3], low[3:].removesuffix("_lb")
    return describe_interval(float(level) / 100, kind)


def describe_interval(ci_prob: float | None, ci_kind: str | None) -> str:
    """Write the level as a sentence carries it; ArviZ's setting where not given.

    Examples
    --------
    >>> describe_interval(0.89, "eti")
    '89% interval'
    >>> describe_interval(0.89, "hdi")
    '89% highest-density interval'
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    return interval_words(kind, f"{100 * prob:g}")


def interval(values: np.ndarray, ci_prob: float | None, ci_kind: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the interval over the first axis; of ArviZ's setting where not given.

    Parameters
    ----------
    values : array of shape (draws, ...)
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    if kind == "eti":
        low, high = np.quantile(values, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
        return low, high
    return _narrowest(values, prob)


def _narrowest(values: np.ndarray, ci_prob: float) -> tuple[np.ndarray, np.ndarray]:
    """The shortest range of sorted draws that holds the probability (Chen & Shao 1999)."""
    ordered = np.sort(values, axis=0)
    inside = min(int(np.floor(ci_prob * len(ordered))), len(ordered) - 1)
    start = np.argmin(ordered[inside:] - ordered[: len(ordered) - inside], axis=0)[np.newaxis]
    return np.take_along_axis(ordered, start, 0)[0], np.take_along_axis(ordered, start + inside, 0)[0]


def median_cells(name: str, values: np.ndarray, prob: float, kind: str) -> dict[str, float]:
    """Median of some draws.

    Examples
    --------
    >>> median_cells("occurs", np.arange(101.0), 0.5, "eti")
    {'occurs': 50.0, 'occurs_eti50_lb': 25.0, 'occurs_eti50_ub': 75.0}
    """
    return {name: float(np.median(values))} | bounds(name, values, prob, kind)


def mean_cells(name: str, values: np.ndarray, prob: float, kind: str) -> dict[str, float]:
    """Mean of some draws."""
    return {name: float(np.mean(values))} | bounds(name, values, prob, kind)


def bounds(name: str, values: np.ndarray, ci_prob: float, ci_kind: str) -> dict[str, float]:
    """Bounds of the interval of draws, under the names of a table's columns."""
    low, high = interval(values, ci_prob, ci_kind)
    level = interval_name(ci_prob, ci_kind)
    return {f"{name}_{level}_lb": float(low), f"{name}_{level}_ub": float(high)}


def summarize_sorted(ordered: np.ndarray, ci_prob: float, ci_kind: str) -> dict[str, np.ndarray]:
    """Mean, sd, median and interval of each row.

    Parameters
    ----------
    ordered : array of shape (rows, draws)
        Each row in ascending order.

    Returns
    -------
    dict of arrays of shape (rows,)
    """
    count, mean = ordered.shape[1], ordered.mean(axis=1, keepdims=True)
    name = interval_name(ci_prob, ci_kind)
    if ci_kind == "eti":
        low, high = (_sorted_quantile(ordered, level) for level in ((1 - ci_prob) / 2, (1 + ci_prob) / 2))
    else:
        low, high = _narrowest(ordered.T, ci_prob)
    return {
        "mean": mean[:, 0],
        "sd": ordered.std(axis=1, ddof=1, mean=mean) if count > 1 else np.full(len(ordered), np.nan),
        "median": _sorted_quantile(ordered, 0.5),
        f"{name}_lb": low,
        f"{name}_ub": high,
    }


def _sorted_quantile(ordered: np.ndarray, level: float) -> np.ndarray:
    """Linear interpolation between the two draws next to the level, as NumPy does."""
    place = level * (ordered.shape[1] - 1)
    below = int(np.floor(place))
    above = min(below + 1, ordered.shape[1] - 1)
    return ordered[:, below] + (place - below) * (ordered[:, above] - ordered[:, below])


def summarize_draws(
    draws: xr.DataArray,
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    sample_dims: Sequence[str] = SAMPLE_DIMS,
) -> pd.DataFrame:
    """One row per element of the remaining dimension: mean, sd, median, and the interval.

    Examples
    --------
    >>> draws = xr.DataArray(np.arange(101.0).reshape(1, 101, 1), dims=("chain", "draw", "customer_id"))
    >>> list(summarize_draws(draws, ci_prob=0.9))
    ['mean', 'sd', 'median', 'eti90_lb', 'eti90_ub']
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    rest = [dim for dim in draws.dims if dim not in sample_dims]
    values = draws.transpose(*sample_dims, *rest).to_numpy()
    drawn = len(sample_dims)
    values = values.reshape(math.prod(values.shape[:drawn]), *values.shape[drawn:])
    columns = summarize_sorted(np.sort(values.reshape(len(values), -1).T, axis=1), prob, kind)
    index = draws.indexes[rest[0]] if rest and rest[0] in draws.indexes else None
    return pd.DataFrame(columns, index=index)


def quoted_with(sentence: str, caution: str) -> str:
    """Add what is wrong with the fit to a sentence that may be quoted; nothing when all is well.

    Examples
    --------
    >>> quoted_with("Energy is worth more.", "fit did not converge")
    'Energy is worth more. (fit did not converge: do not use these numbers yet)'
    """
    return (
        _("{sentence} ({caution}: do not use these numbers yet)", sentence=sentence, caution=caution)
        if caution
        else sentence
    )


def flagged(table: pd.DataFrame, caution: str, currency: str | None = None) -> pd.DataFrame:
    """Add a last column that says what is wrong with the fit behind the table; nothing when all is well.

    The currency of its amounts is kept in the table's ``attrs``, where `readable` finds it.

    Examples
    --------
    >>> flagged(pd.DataFrame({"mean": [1.0]}), "", "CNY").attrs
    {'currency': 'CNY'}
    """
    marked = table.assign(caution=caution) if caution else table.copy(deep=False)
    if currency:
        marked.attrs["currency"] = currency
    return marked
