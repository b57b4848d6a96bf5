"""Covariates that vary in time, in a fit of renewals: their slopes, and how they go on after the as-of date."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import ColumnError
from ltv_bayes.formatting import percent, three_digits
from ltv_bayes.formulas.persistence import Persistence
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _, comma
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.time_units import DAYS_PER_YEAR

SLOPE = "churn_slope_"
KEY = "time_varying"
MOST_YEARS = 20.0


def slope_name(covariate: str) -> str:
    """Of the slope of a covariate among the posterior's variables.

    Examples
    --------
    >>> slope_name("health")
    'churn_slope_health'
    """
    return f"{SLOPE}{covariate}"


@dataclass(frozen=True)
class TimeVarying:
    """What a fit remembers of covariates that vary in time.

    Attributes
    ----------
    names : tuple of str
    centre, scale : tuple of float
        Mean and standard deviation of each over the renewals that were fitted.
    left : tuple of (float, float)
        How each goes on; see `Persistence`.
    together : tuple of tuples of float
        Their correlations.
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    left: tuple[tuple[float, float], ...]
    together: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, fit: FittedModel) -> Self | None:
        """Read it from a fit; None where there are no such covariates."""
        text = fit.idata.attrs.get(KEY)
        if not text:
            return None
        kept = json.loads(text)
        left, together = (tuple(map(tuple, kept[name])) for name in ("left", "together"))
        return cls(tuple(kept["names"]), tuple(kept["centre"]), tuple(kept["scale"]), left, together)

    def to_attrs(self) -> dict[str, str]:
        """What a fit keeps of it."""
        return {KEY: json.dumps(asdict(self))}

    def slopes(self, fit: FittedModel) -> Array:
        """Draws of the slopes: shape (draws, covariates)."""
        posterior = fit.idata["posterior"]
        return np.column_stack([posterior[slope_name(name)].to_numpy().ravel() for name in self.names])

    def standardised(self, values: Array) -> Array:
        """In standard deviations from the mean; 0 where nothing is known: shape (..., covariates)."""
        found = (values - np.array(self.centre)) / np.array(self.scale)
        return np.asarray(np.where(np.isnan(found), 0.0, found))

    def ahead(self, values: Array, days: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of standardised covariates some days after they had these values.

        Where nothing is known, those of all subscribers: 0 and 1.

        Parameters
        ----------
        values : array of shape (renewals, covariates)
        days : array of shape (renewals,)
        """
        left = np.column_stack([Persistence(*one).left(days) for one in self.left])
        left = np.where(np.isnan(values), 0.0, left)
        return left * self.standardised(values), np.sqrt(np.maximum(1 - left**2, 0.0))

    def fades_within(self) -> float:
        """Days after which a thousandth of what fades is left, twenty years at most."""
        fading = [10 * half_life for stays, half_life in self.left if stays < 1]
        return min(max(fading, default=0.0), MOST_YEARS * DAYS_PER_YEAR)

    def log_factors(self, slopes: Array, mean: Array, sd: Array) -> Array:
        """Logarithm of what churn is multiplied with on average, of normal covariates: shape (draws, renewals).

        Parameters
        ----------
        slopes : array of shape (draws, covariates)
        mean, sd : arrays of shape (renewals, covariates)
        """
        found: Array = slopes @ mean.T
        some = sd.any(axis=1)
        doubtful = sd[some]
        for i, row in enumerate(self.together):
            for j, correlation in enumerate(row):
                shared = 0.5 * correlation * slopes[:, i] * slopes[:, j]
                found[:, some] += np.outer(shared, doubtful[:, i] * doubtful[:, j])
        return found

    def of_unknown(self, slopes: Array) -> Array:
        """The same of a subscriber without known values: shape (draws, 1)."""
        nothing = np.zeros((1, len(self.names)))
        return self.log_factors(slopes, nothing, nothing + 1.0)

    def note(self) -> str:
        """What a value with such a fit assumes of the time to come, in a sentence."""
        left = comma(
            _("{share} of {name}", name=name, share=percent(float(Persistence(*one).left(DAYS_PER_YEAR))))
            for name, one in zip(self.names, self.left, strict=True)
        )
        return _(
            "{names} go on from the newest values; of a deviation from the mean as much is left after a year as in the "
            "data fitted: {left}.",
            names=comma(self.names),
            left=left,
        )

    def lines(self, fit: FittedModel) -> list[str]:
        """What the text of a fit states of them."""
        found = []
        for name, slope, scale, left in zip(self.names, self.slopes(fit).T, self.scale, self.left, strict=True):
            found.append(
                _(
                    "{name}: each {scale} more multiplies churn by {factor:.2f}; of a deviation {year} is left after a "
                    "year",
                    name=name,
                    scale=three_digits(scale),
                    factor=float(np.exp(slope.mean())),
                    year=percent(float(Persistence(*left).left(DAYS_PER_YEAR))),
                )
            )
        return [_("time-varying covariates, known before each renewal: {effects}", effects=comma(found))]


def known_now(covariates: TimeVarying, renewals: Renewals) -> Array:
    """The newest values by the as-of date, of each subscription: shape (subscriptions, covariates).

    Raises
    ------
    ColumnError
        If the renewals have none of these.
    """
    require_covariates(renewals, covariates.names)
    assert renewals.covariates is not None
    return renewals.covariates.known_by(renewals.table.index, renewals.as_of, covariates.names)


def require_covariates(renewals: Renewals, names: Any) -> None:
    """Raise unless renewals have these covariates by date.

    Raises
    ------
    ColumnError
        With the call that adds them.
    """
    if renewals.covariates is None:
        raise ColumnError(
            _(
                "The subscriptions have no {names} by date. Add them: renewals.with_covariates(table), a table with a "
                "customer, a date and these columns.",
                names=comma(names),
            )
        )
    renewals.covariates.require(names)


def covariates_note(fit: FittedModel) -> list[str]:
    """What a value with this fit assumes of covariates that vary in time."""
    covariates = TimeVarying.of(fit)
    return [] if covariates is None else [covariates.note()]
