"""Who is worth most for what is still to come: value so far and value to come apart."""

from typing import Literal

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.formatting import probability
from ltv_bayes.intervals import bound_columns
from ltv_bayes.language import _
from ltv_bayes.value.draws.passes import PAYING
from ltv_bayes.value.draws.valuation import REALISED
from ltv_bayes.value.valued import Valued

Statistic = Literal["mean", "median"]
SAME = 1e-9


def require_statistic(statistic: str) -> None:
    """Refuse anything but a mean or a median.

    Raises
    ------
    InputError
        With what is possible.
    """
    if statistic not in ("mean", "median"):
        raise InputError(_("statistic must be 'mean' or 'median', not {statistic!r}.", statistic=statistic))


def ranked(value: Valued, interval: tuple[float, str], statistic: Statistic = "mean") -> pd.DataFrame:
    """Customers in the order of what is still to come; see `LifetimeValue.ranked`."""
    require_statistic(statistic)
    ids, found = value.results.summaries(interval)
    columns = found[value.settings.place]
    so_far = columns.get(f"mean_{REALISED}", np.zeros(len(ids)))
    low, high = bound_columns(columns)
    names = {"to_come": "mean", "median_to_come": "median", f"to_come_{low}": low, f"to_come_{high}": high}
    shown = {new: _without(columns[old], so_far) for new, old in names.items()}
    if statistic == "median":
        shown = {"median_to_come": shown.pop("median_to_come"), **shown}
    table = pd.DataFrame(shown, index=ids)
    if value.settings.realised:
        table.insert(0, REALISED, so_far)
    table["probability_of_more"] = columns[PAYING]
    leading = "to_come" if statistic == "mean" else "median_to_come"
    table["why"] = _why(table, leading)
    order = np.lexsort((-table["to_come"], -table[leading], nothing_more(table)))
    return value.described(table.iloc[order], interval, statistic=statistic, settings=str(value.settings.to_come))


def nothing_more(table: pd.DataFrame) -> pd.Series:
    """Whether the interval of what is still to come holds nothing: who has it has most likely left, whatever margin."""
    low, high = bound_columns(table)
    return (table[low] == 0) & (table[high] == 0)


def _without(values: np.ndarray, so_far: np.ndarray) -> np.ndarray:
    """What is left without the value so far, which is certain; nothing where only rounding is."""
    left = values - so_far
    return np.where(np.abs(left) <= SAME * np.abs(so_far), 0.0, left)


def _why(table: pd.DataFrame, leading: str) -> list[str]:
    """Say why a statistic lies outside its interval, or has none: most likely nothing more comes, or seldom much."""
    low, high = (table[name] for name in bound_columns(table))
    outside = (table[leading] > high) | (table[leading] < low) | nothing_more(table)
    return [_in_words(chance) if far else "" for far, chance in zip(outside, table["probability_of_more"], strict=True)]


def _in_words(chance: float) -> str:
    if chance < 0.5:
        return _("most likely nothing more: P(more) {chance}", chance=probability(chance))
    return _("seldom much more: P(more) {chance}", chance=probability(chance))
