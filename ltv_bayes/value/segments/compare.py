"""Comparisons of draws: pairwise differences and ratios, ranks, and the best option, with their probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import InputError, UnitError, a_kind, listed, rows_at_fault
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import (
    SAMPLE_DIMS,
    flagged,
    interval_settings,
    quoted_with,
    summarize_sorted,
)
from ltv_bayes.language import N_, _
from ltv_bayes.value.segments.segments_in_words import ENDS, Region, Words

BEYOND, INFINITE = 1e140, 1e100
CURES = (
    (("compare", "draws"), N_("It compares its segments itself: by.compare('total'), or pass by.draws('total').")),
    (("by", "draws"), N_("Make segments first: ltv.by(column).compare().")),
    (("segment_draws",), N_("Pass fit.segment_draws(column)['mean_spend'].")),
    (("draws",), N_("Pass what it is made of: its .draws.")),
    (("ratio",), N_("Pass what it is made of: its .ratio.")),
    ((), N_("Pass by.draws('total') or fit.segment_draws(column)['mean_spend'].")),
)
"""Where the draws of something are found, by what it has; the first that fits."""
NO_UNIT = ("1", "currency of the data")


def compare(
    draws: xr.DataArray,
    *,
    rope: float | None = None,
    rope_share: float | None = None,
    measure: str | None = None,
    unit: str | None = None,
    lower_is_better: bool = False,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> pd.DataFrame:
    """Compare every pair of options, draw by draw: which has more, by how much, how surely.

    Parameters
    ----------
    draws : xarray.DataArray
        (chain, draw, option), of anything that differs: ``fit.segment_draws("industry")["mean_spend"]``.
    rope : float, optional
        Region of practical equivalence: differences up to this amount either way do not matter.
    rope_share : float, optional
        The same as a share of the larger of the two: 0.1 where a tenth either way does not matter.
    measure : str, optional
        What is compared, for the sentences; what the draws call themselves if not given.
    unit : str, optional
        What the numbers are counted in, such as a currency; what the draws say of themselves if not given.
    lower_is_better : bool
        Whether less is better, as of churn. It decides what is lost by a wrong choice.
    ci_prob : float, optional
        Probability of the interval; ArviZ's setting where not given.
    ci_kind : {"eti", "hdi"}, optional
        Equal-tailed or highest-density interval; ArviZ's setting where not given.

    Returns
    -------
    pandas.DataFrame
        One row for each pair, the one that is higher in most draws as segment_a: difference (mean) and
        median_difference with the interval; ratio (median) with its interval; probability_a_above_b;
        probability_equivalent if a region was given; expected_loss_a and expected_loss_b, what is lost on average by
        choosing that one where the other is better, of which the one less the other is the difference; and a sentence
        to quote, which names the median difference, as it has the sign of the comparison. Pairs are in the order of
        the options' medians, then of their means.

    Raises
    ------
    InputError
        If the draws have other dimensions, or are not numbers for some option.
    UnitError
        If a region is not above 0, or two are given.

    Notes
    -----
    Equal draws count half for each. The ratio is 1 where both are nothing, infinite where only the second is, and
    missing for a pair that falls below 0 in any draw.

    Examples
    --------
    >>> values = [[[10.0, 8.0], [12.0, 8.0], [9.0, 10.0], [14.0, 9.0]]]
    >>> draws = xr.DataArray(values, dims=("chain", "draw", "channel"), coords={"channel": ["fair", "web"]})
    >>> row = compare(draws, measure="value of a new client", unit="EUR", ci_prob=0.5).iloc[0]
    >>> row["probability_a_above_b"].item(), row["expected_loss_a"].item(), row["expected_loss_b"].item()
    (0.75, 0.25, 2.75)
    >>> row["sentence"]
    'fair has a higher value of a new client than web with probability 0.75; the median difference is 3 EUR,
    50% interval 1.25 to 4.25.'
    """
    options = Options.read(draws, lower_is_better=lower_is_better)
    region = Region.read(rope, rope_share)
    interval = interval_settings(ci_prob, ci_kind)
    named = label(measure or draws.attrs.get("long_name") or draws.name or "value")
    words = Words.of_quantity(named, options.unit if unit is None else unit, interval)
    return compare_pairs(options, region, words)


def compare_pairs(options: "Options", region: "Region", words: "Words", within: Any = None) -> pd.DataFrame:
    """Compare every pair of options, or those of which ``within``, a label for each option, is the same."""
    order = np.lexsort((-options.means, -np.median(options.values, axis=1)))
    columns: dict[str, list[Array]] = {name: [] for name in ("segment_a", "segment_b")}
    for at, first in enumerate(order[:-1]):
        others = order[at + 1 :]
        if within is not None:
            others = others[np.asarray(within)[others] == np.asarray(within)[first]]
        for name, values in _pairs(options, first, others, region, words.interval).items() if others.size else ():
            columns.setdefault(name, []).append(values)
    if not columns["segment_a"]:
        return flagged(pd.DataFrame(columns=[*columns, "sentence"]), options.caution)
    table = pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})
    size = options.values.shape[1]
    table["sentence"] = [quoted_with(words.of(row, region, size), options.caution) for row in table.to_dict("records")]
    return flagged(table, options.caution)


def rank(draws: xr.DataArray, *, lower_is_better: bool = False) -> pd.DataFrame:
    """Probability of each rank for each option; rank 1 is the best; ties share their ranks.

    Parameters
    ----------
    draws : xarray.DataArray
        (chain, draw, option).
    lower_is_better : bool
        Whether less is better, as of churn.

    Returns
    -------
    pandas.DataFrame
        Indexed by option, columns ``rank_1`` ... ``rank_k`` and ``expected_rank``; rows add up to 1.

    Examples
    --------
    >>> draws = xr.DataArray([[[1.0, 2.0], [3.0, 2.0], [5.0, 2.0], [4.0, 2.0]]], dims=("chain", "draw", "segment"))
    >>> rank(draws)["rank_1"].tolist()
    [0.75, 0.25]
    """
    return ranks_of(Options.read(draws, lower_is_better=lower_is_better))


def ranks_of(options: "Options") -> pd.DataFrame:
    """Probability of each rank for each option; see `rank`."""
    first, last = options.ranks()
    shares = np.stack([_share_within(first, last, at, at) for at in range(1, len(options.names) + 1)], axis=1)
    table = pd.DataFrame(shares, index=options.index, columns=[f"rank_{at + 1}" for at in range(shares.shape[1])])
    expected = ((first + last) / 2).mean(axis=1)
    return flagged(table.assign(expected_rank=expected).sort_values("expected_rank"), options.caution)


def best(draws: xr.DataArray, *, top: int = 3, lower_is_better: bool = False) -> pd.DataFrame:
    """Which option to choose: its probability of being the best, and what choosing it may cost.

    Parameters
    ----------
    draws : xarray.DataArray
        (chain, draw, option).
    top : int
        How many count as the top.
    lower_is_better : bool
        Whether less is better, as of churn.

    Returns
    -------
    pandas.DataFrame
        Indexed by option, the one with the smallest expected loss first: mean, probability_best (ties share it),
        ``probability_in_top_<top>``, and expected_loss, by how much the best option of each draw exceeds this one, on
        average: what choosing it costs beside knowing the truth.

    Raises
    ------
    UnitError
        If top is below 1.

    Notes
    -----
    The option with the smallest expected loss is the one with the best mean. The expected loss of the first is also
    the most that finding out more about these options can be worth.

    Examples
    --------
    >>> draws = xr.DataArray([[[10.0, 8.0], [12.0, 8.0], [9.0, 10.0], [14.0, 9.0]]], dims=("chain", "draw", "segment"))
    >>> best(draws, top=1)["expected_loss"].tolist()
    [0.25, 2.75]
    """
    return best_of(Options.read(draws, lower_is_better=lower_is_better), top)


def best_of(options: "Options", top: int) -> pd.DataFrame:
    """Which option to choose; see `best`."""
    if int(top) != top or top < 1:
        raise UnitError(_("top must be a whole number of at least 1, not {top!r}.", top=top))
    (first, last), better = options.ranks(), -options.at_means if options.lower_is_better else options.at_means
    table = pd.DataFrame(
        {
            "mean": options.means,
            "probability_best": _share_within(first, last, 1, 1),
            f"probability_in_top_{int(top)}": _share_within(first, last, 1, int(top)),
            "expected_loss": (better.max(axis=0) - better).mean(axis=1),
        },
        index=options.index,
    )
    return flagged(table.sort_values("expected_loss", kind="stable"), options.caution)


@dataclass(frozen=True)
class Options:
    """Draws of several options.

    Attributes
    ----------
    names : list
        Of the options.
    values : array of shape (options, draws)
    lower_is_better : bool
        Whether less is better, as of churn.
    unit, caution : str
        What the draws say of themselves.
    means : array of shape (options,)
        Of the values: those of the draws, unless better ones are known.
    """

    names: list[Any]
    values: Array
    lower_is_better: bool
    unit: str
    caution: str
    means: Array

    @classmethod
    def read(cls, draws: xr.DataArray, *, lower_is_better: bool = False, means: pd.Series | None = None) -> "Options":
        """Take draws of one dimension beside chain and draw, and refuse what are no numbers.

        Parameters
        ----------
        means : pandas.Series, optional
            Of the options, by name, where better ones are known than those of the draws.
        """
        rest = [str(dim) for dim in getattr(draws, "dims", ()) if dim not in SAMPLE_DIMS]
        if not isinstance(draws, xr.DataArray) or len(rest) != 1 or not set(SAMPLE_DIMS) <= set(draws.dims):
            raise InputError(
                _(
                    "Options are compared by draws with the dimensions chain, draw and one more, not {seen}. {cure}",
                    seen=_seen(draws),
                    cure=_cure(draws),
                )
            )
        if not draws.size:
            raise InputError(_("There are no draws to compare: give at least one option and one draw."))
        values = draws.transpose(rest[0], *SAMPLE_DIMS).to_numpy().reshape(draws.sizes[rest[0]], -1).astype(float)
        names = list(draws[rest[0]].to_numpy())
        bad = [name for name, fine in zip(names, np.isfinite(values).all(axis=1), strict=True) if not fine]
        if bad:
            problem = _("with draws that are missing or infinite")
            raise InputError(rows_at_fault(bad, "option", problem, _("Leave them out with draws.sel(...).")), bad)
        unit = str(draws.attrs.get("units", ""))
        unit = "" if unit in NO_UNIT else unit
        known = values.mean(axis=1) if means is None else means.loc[names].to_numpy()
        return cls(names, values, lower_is_better, unit, str(draws.attrs.get("caution", "")), known)

    @property
    def index(self) -> pd.Index:
        """The names, as tables carry them."""
        return pd.Index(self.names, name="segment")

    @cached_property
    def at_means(self) -> Array:
        """The values, each option's moved by a constant to its mean, so that expected losses differ as means do."""
        return self.values + (self.means - self.values.mean(axis=1))[:, np.newaxis]

    def ranks(self) -> tuple[Array, Array]:
        """First and last rank of each option in each draw, arrays (options, draws); they differ in ties."""
        from scipy.stats import rankdata  # half a second to import

        costs = self.values if self.lower_is_better else -self.values
        first, last = (rankdata(costs, method=method, axis=0) for method in ("min", "max"))
        return first, last


def _seen(given: Any) -> str:
    """What was given in place of draws."""
    if isinstance(given, xr.DataArray):
        return _("draws with {dimensions}", dimensions=listed(given.dims) or _("none"))
    if isinstance(given, xr.Dataset):
        return _("{kind} of {variables}", kind=a_kind(given), variables=listed(given.data_vars))
    return a_kind(given)


def _cure(given: Any) -> str:
    """Where the draws are to be found."""
    if isinstance(given, xr.Dataset) and len(given.data_vars):
        return _("Take one of its variables, as in draws[{next!r}].", next=str(next(iter(given.data_vars))))
    return next(_(cure) for names, cure in CURES if all(hasattr(type(given), name) for name in names))


def _pairs(
    options: Options, first: int, others_at: IntArray, region: Region, interval: tuple[float, str]
) -> dict[str, Array]:
    """Compare one option with others: columns of a table."""
    here, others = options.values[first], options.values[others_at]
    above = np.mean(others < here, axis=1) + np.mean(others == here, axis=1) / 2
    turned = above < 0.5  # a heavy tail can carry the mean of the one that is mostly lower
    a = np.where(turned[:, np.newaxis], others, here)
    b = np.where(turned[:, np.newaxis], here, others)
    mean = np.where(turned, -1, 1) * (options.means[first] - options.means[others_at])
    difference = a - b
    moved = difference + (mean - difference.mean(axis=1))[:, np.newaxis]  # as `Options.at_means`
    names = pd.Index(options.names, dtype=object).to_numpy()
    here_name, other_names = names[first], names[others_at]
    loss_a, loss_b = np.maximum(-moved, 0).mean(axis=1), np.maximum(moved, 0).mean(axis=1)
    if options.lower_is_better:
        loss_a, loss_b = loss_b, loss_a
    found = {
        "segment_a": np.where(turned, other_names, here_name),
        "segment_b": np.where(turned, here_name, other_names),
        "difference": mean,
        **dict(_of_differences(difference, interval)),
        **dict(_of_ratios(a, b, interval)),
        "probability_a_above_b": np.where(turned, 1 - above, above),
    }
    if region:
        found["probability_equivalent"] = region.holds(a, b).mean(axis=1)
    return {**found, "expected_loss_a": loss_a, "expected_loss_b": loss_b}


def _of_differences(difference: Array, interval: tuple[float, str]) -> Iterator[tuple[str, Array]]:
    """Median and interval of differences, arrays (pairs, draws)."""
    found = summarize_sorted(np.sort(difference, axis=1), *interval)
    yield "median_difference", found["median"]
    yield from ((name, values) for name, values in found.items() if name.endswith(ENDS))


def _of_ratios(a: Array, b: Array, interval: tuple[float, str]) -> Iterator[tuple[str, Array]]:
    """Median and interval of ratios: 1 where both are nothing, infinite where the second is, missing below 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where((a == 0) & (b == 0), 1.0, a / b)
    found = summarize_sorted(np.sort(np.clip(ratio, -BEYOND, BEYOND), axis=1), *interval)
    meant = (np.minimum(a, b) >= 0).all(axis=1)
    for name in ("median", *(name for name in found if name.endswith(ENDS))):
        values = np.where(found[name] > INFINITE, np.inf, found[name])
        yield "ratio" if name == "median" else f"ratio_{name}", np.where(meant, values, np.nan)


def _share_within(first: Array, last: Array, low: int, high: int) -> Array:
    """Share of the draws in which each option has a rank from low to high, ties sharing theirs."""
    inside = np.minimum(last, high) - np.maximum(first, low) + 1
    return (np.clip(inside, 0, None) / (last - first + 1)).mean(axis=1)
