"""Ratings of customers on a scale, read and checked, and scores made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_ids
from ltv_bayes.errors import ColumnError, JudgementError, suggestion
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.cells import refuse, texts
from ltv_bayes.language import _, comma
from ltv_bayes.time_units import as_number

refuse_ratings = partial(refuse, what="ratings")
TYPICAL_DISAGREEMENT = 0.15
"""Standard deviation of raters about one customer, as a share of the scale, as far as ratings do not show it."""
WORTH_OF_TYPICAL = 2.0
"""Number of ratings that this deviation counts as."""


@dataclass(frozen=True)
class Scale:
    """The lowest and the highest rating."""

    low: float
    high: float

    @classmethod
    def read(cls, scale: Sequence[float]) -> "Scale":
        """Check what the user gave.

        Raises
        ------
        JudgementError
            If it is not a pair of numbers in ascending order.
        """
        low, high = as_pair(scale, "scale", _("the lowest and the highest rating"))
        if not low < high:
            raise JudgementError(
                _("scale must begin with its lower end, as in scale=(1, 5), not {scale!r}.", scale=scale)
            )
        return cls(low, high)

    def __str__(self) -> str:
        return _("{low:g} to {high:g}", low=self.low, high=self.high)


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of each customer.

    Attributes
    ----------
    customers : list of str
        Who is rated, the ids as text.
    raters : list of str
        Who rated each of them, in words.
    levels : array of shape (ratings, criteria)
        Every rating as a share of the scale, between 0 and 1; NaN where it is blank.
    who : array of shape (ratings,)
        Position of the customer rated.
    """

    customers: list[str]
    raters: list[str]
    levels: Array
    who: np.ndarray

    def level(self) -> Array:
        """The raters' mean in each criterion, shape (customers, criteria); NaN where it is not rated."""
        return pd.DataFrame(self.levels).groupby(self.who).mean().to_numpy()

    def score(self, weights: Array) -> Array:
        """Weighted mean of the levels, shape (customers, draws), from weights (draws, criteria) that add up to 1.

        What is not rated counts as the middle of the scale.
        """
        return np.nan_to_num(self.level(), nan=0.5) @ weights.T

    def unrated(self, weights: Array) -> Array:
        """Weight of the criteria that are not rated: shape (customers,), from weights (criteria,)."""
        return np.isnan(self.level()) @ weights

    def counts(self) -> np.ndarray:
        """Number of raters of each customer."""
        return np.bincount(self.who)

    def squared_error(self, weights: Array) -> Array:
        """Variance of each customer's score as an estimate: shape (customers,), from weights (criteria,).

        Raters who differ, and few of them, leave doubt of the mean of all raters. What is not rated may lie
        anywhere on the scale, with variance 1/12 of its squared weight.
        """
        own = np.where(np.isnan(self.levels), np.nan_to_num(self.level(), nan=0.5)[self.who], self.levels) @ weights
        counts = self.counts()
        mean = np.bincount(self.who, own) / counts
        squares = np.bincount(self.who, (own - mean[self.who]) ** 2)
        variance = (WORTH_OF_TYPICAL * TYPICAL_DISAGREEMENT**2 + squares) / (WORTH_OF_TYPICAL + counts - 1)
        return variance / counts + self.unrated(weights) ** 2 / 12


def as_pair(value: Any, name: str, meaning: str) -> tuple[float, float]:
    """Read two numbers.

    Raises
    ------
    JudgementError
        If they are not two.

    Examples
    --------
    >>> as_pair([1, 5], "scale", "the lowest and the highest rating")
    (1.0, 5.0)
    """
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str) or len(value) != 2:
        raise JudgementError(
            _("{name} is a pair of numbers, {meaning}, not {value!r}.", name=name, meaning=meaning, value=value)
        )
    low, high = (as_number(end, name) for end in value)
    return low, high


def as_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Read the weights of criteria, and make them add up to 1.

    Raises
    ------
    JudgementError
        If there is none, one is no number or below 0, or all are 0.

    Examples
    --------
    >>> as_weights({"growth": 3, "standing": 1})
    {'growth': 0.75, 'standing': 0.25}
    """
    if not isinstance(weights, Mapping) or not weights:
        raise JudgementError(_("weights names the columns of ratings, as in weights={{'growth_potential': 0.6}}."))
    read = {str(name): as_number(weight, _("the weight of {name}", name=name)) for name, weight in weights.items()}
    negative = [name for name, weight in read.items() if weight < 0]
    if negative:
        raise JudgementError(
            _(
                "The weight of {negative} is below 0, but more of a rating must never make a customer worth "
                "less. Turn the rating round ({negative_2} = lowest + highest - rating) and weight it above 0.",
                negative=comma(negative),
                negative_2=negative[0],
            ),
            negative,
        )
    total = sum(read.values())
    if not total > 0:
        raise JudgementError(_("All weights are 0, so no rating counts. Give at least one a weight above 0."))
    return {name: weight / total for name, weight in read.items()}


def rating_columns(raw: pd.DataFrame, criteria: Sequence[str], scale: Scale) -> pd.DataFrame:
    """Ratings as shares of the scale, a column for each criterion; NaN where blank.

    Raises
    ------
    ColumnError
        If a column is missing.
    JudgementError
        If a rating is no number or off the scale, or a row has none.
    """
    for name in criteria:
        require_column(raw, name, _("Name the columns of ratings in weights=."))
    levels = pd.DataFrame({name: _levels(raw, name, scale) for name in criteria}, index=raw.index)
    refuse_ratings(
        raw, levels.isna().all(axis=1), _("with all of them blank"), _("Rate something, or leave the row out.")
    )
    return levels


def read_ratings(ratings: Any, criteria: Sequence[str], scale: Scale, *, customer_id: str, rater: str) -> Ratings:
    """Read a table of ratings: a row for each customer, or for each customer and rater.

    Raises
    ------
    ColumnError
        If a column is missing.
    JudgementError
        If a rating cannot be read, a row names no customer, or a rater rates one customer twice.
    """
    raw = read_table(ratings)
    require_column(raw, customer_id, _("Name the column with customer_id=."))
    levels = rating_columns(raw, criteria, scale)
    customers = _customers(raw, customer_id)
    raters = (texts(raw[rater]) if rater in raw else pd.Series("", raw.index)).fillna("")
    twice = pd.DataFrame({"customer": customers, "rater": raters}).duplicated(keep=False)
    source = _("by one rater") if rater in raw else _("without a rater")
    cure = _("Keep one rating of each rater.")
    if rater not in raw:
        cure = _("Keep one rating of each rater; name the raters with rater=.")
    refuse_ratings(raw, twice, _("of one customer, {source}, more than once", source=source), cure)
    who, names = pd.factorize(customers)
    by = raters.groupby(who).agg(lambda some: ", ".join(name for name in some if name))
    return Ratings(list(names), list(by), levels.to_numpy(), who)


def require_column(raw: pd.DataFrame, name: str, cure: str) -> None:
    """Raise if a column is missing."""
    if name not in raw:
        raise ColumnError(
            _(
                "The ratings have no column {name!r}. {cure} {suggestion}",
                name=name,
                cure=cure,
                suggestion=suggestion(name, map(str, raw.columns)),
            )
        )


def _customers(raw: pd.DataFrame, column: str) -> pd.Series:
    """Who is rated, as ids of orders are read, written as text."""
    ids, _unused = as_ids(raw[column])
    refuse_ratings(raw, ids.isna(), _("without a customer in {column!r}", column=column), _("Fill in the id."))
    return ids.astype(str)


def _levels(raw: pd.DataFrame, name: str, scale: Scale) -> pd.Series:
    text = texts(raw[name])
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    refuse_ratings(
        raw, ~np.isfinite(numbers) & text.notna(), _("without a number in {name!r}", name=name), _("Rate in numbers.")
    )
    off = (numbers < scale.low) | (numbers > scale.high)
    refuse_ratings(
        raw,
        off,
        _("off the scale {scale} in {name!r}", scale=scale, name=name),
        _("Correct them, or name the scale with scale=(lowest, highest)."),
    )
    return (numbers - scale.low) / (scale.high - scale.low)
