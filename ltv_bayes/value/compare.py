"""Comparisons of draws: pairwise differences and ranks, with their probabilities."""

from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from ltv_bayes.errors import UnitError
from ltv_bayes.formatting import label, money, probability, with_currency
from ltv_bayes.intervals import describe_interval, interval, interval_name, interval_settings

SENTENCE = (
    "{a} is worth more than {b} {measure} with probability {probability}; "
    "the median difference is {difference}, {level} {low} to {high}."
)


def compare_pairs(
    draws: xr.DataArray,
    *,
    equivalent_within: float | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    measure: str = "per_customer",
    currency: str | None = None,
) -> pd.DataFrame:
    """Compare every pair along the last dimension, draw by draw.

    Parameters
    ----------
    draws : xarray.DataArray
        (chain, draw, segment).
    equivalent_within : float, optional
        Differences up to this amount either way do not matter.

    Returns
    -------
    pandas.DataFrame
        One row per pair, the one that is higher in most draws as segment_a. ``difference`` is the mean, as in
        summaries; the sentence names the median, which has the sign of the comparison.
    """
    if equivalent_within is not None and not equivalent_within > 0:
        raise UnitError(f"equivalent_within must be an amount above 0, not {equivalent_within!r}.")
    prob, kind = interval_settings(ci_prob, ci_kind)
    values = draws.transpose("chain", "draw", ...).to_numpy().reshape(-1, draws.shape[-1])
    names = draws.indexes[str(draws.dims[-1])]
    order = np.argsort(-values.mean(axis=0), kind="stable")
    rows = []
    for first, second in combinations(order, 2):
        difference = values[:, first] - values[:, second]
        above = float(np.mean(difference > 0) + np.mean(difference == 0) / 2)
        if above < 0.5:  # a heavy tail can carry the mean of the one that is mostly lower
            first, second, difference, above = second, first, -difference, 1 - above
        low, high = interval(difference, prob, kind)
        row = {
            "segment_a": names[first],
            "segment_b": names[second],
            "difference": difference.mean(),
            "median_difference": np.median(difference),
            f"{interval_name(prob, kind)}_lb": float(low),
            f"{interval_name(prob, kind)}_ub": float(high),
            "probability_a_above_b": above,
        }
        if equivalent_within is not None:
            row["probability_equivalent"] = float(np.mean(np.abs(difference) <= equivalent_within))
        row["sentence"] = SENTENCE.format(
            a=names[first],
            b=names[second],
            measure="in total" if measure == "total" else label(measure),
            probability=probability(min(above, 1 - 1 / difference.size)),
            difference=with_currency(money(float(np.median(difference)), currency), currency),
            level=describe_interval(prob, kind),
            low=money(float(low), currency),
            high=money(float(high), currency),
        )
        rows.append(row)
    return pd.DataFrame(rows)


def rank_probabilities(draws: xr.DataArray) -> pd.DataFrame:
    """Probability of each rank along the last dimension; rank 1 is the highest; ties share their ranks."""
    values = draws.transpose("chain", "draw", ...).to_numpy().reshape(-1, draws.shape[-1])
    first, last = (stats.rankdata(-values, method=method, axis=1) for method in ("min", "max"))
    count = values.shape[1]
    shared = last - first + 1
    at = [np.where((first <= rank) & (rank <= last), 1 / shared, 0.0) for rank in range(1, count + 1)]
    shares = np.stack([part.mean(axis=0) for part in at], axis=1)
    index = pd.Index(draws.indexes[str(draws.dims[-1])], name="segment")
    table = pd.DataFrame(shares, index=index, columns=[f"rank_{rank + 1}" for rank in range(count)])
    return table.assign(expected_rank=((first + last) / 2).mean(axis=0)).sort_values("expected_rank")
