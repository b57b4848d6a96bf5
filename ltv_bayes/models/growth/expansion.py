"""Expansion and contraction: how often the price of a subscriber changes at a renewal, and by how much."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.price_history import (
    DRIVERS,
    PRICE,
    SEATS,
    PriceHistory,
    log_levels,
    price_history,
    price_steps,
)
from ltv_bayes.data.subscriptions.revenue.recurring import contracts_with_prices
from ltv_bayes.errors import FitError, InputError, suggestion
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.models.growth.grid import Drawn, Normal, draw_pooled
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.growth.fitted_expansion import (
    HIGHEST,
    LARGEST,
    STEPS,
    UNSEEN,
    FittedExpansion,
    segments_of,
)
from ltv_bayes.random_streams import as_seed

CHANCE = Normal(-2.5, 1.5)
"""Log-odds that a price changes at a renewal: 0.7% to 49% with 90%."""
ALIKE = Normal(np.log(5.0), 1.5)
"""Logarithm of how alike customers are in it, the sum of the parameters of a beta distribution."""
SHARE = Normal(0.5, 1.5)
"""Log-odds that a change is upward."""
SIZE = Normal(np.log(0.2), 1.0)
"""Logarithm of the typical size of a change, of the logarithm of the price: 4% to 100%."""
SLOPE_OF_SHARE, SLOPE_OF_SIZE = Normal(0.0, 1.0), Normal(0.0, 0.5)
"""How much log-odds of an upward change, and logarithms of sizes, rise with a price a standard deviation higher."""
BIN, LEAST_WIDTH = 0.25, 0.1
SD = Normal(np.log(0.2), 1.0)
"""Logarithm of the standard deviation of that size."""
EXPONENT, APART = Normal(1.0, 0.3), Normal(np.log(0.1), 1.5)
"""Power of the number of seats that prices follow, and logarithm of the spread of changes of price around it."""


@dataclass(frozen=True)
class Expansion:
    """How the prices of subscribers grow and shrink.

    At each renewal the price of a subscription changes with some chance, upward or downward, by a factor with a normal
    logarithm. The chance is the subscriber's own, beta distributed between subscribers. All else is that of the
    contract length and segment, partially pooled. Sizes of changes are those above 0 of a normal distribution. Whether
    a change is upward, and how large it is, depends on the price before it: who pays little has more room to grow.

    Where the renewals have seats (or licences, or usage), it is their number that changes so. Prices follow it with a
    power that is learned: 1 if the price of a seat stays the same, less where more seats are cheaper. Other changes of
    the price of a seat are no growth; those of all prices to come are given to `Subscription`.

    Predictions stay near what was seen: a change is at most twice the largest factor of the records, upward or
    downward, and a price a month at most ten times their highest. So means exist, also where hardly any price changed.

    Parameters
    ----------
    pool_by : str, optional
        A column of segments in the renewals. Contract lengths are told apart in any case.
    price_changes : mapping, optional
        Days from which the prices of all changed by a share, ``{"2024-01-01": 0.05}``: they are taken out, since they
        are no customer's own growth. Of prices alone: the number of seats does not change with them.
    driver : {"seats", "price"}, optional
        What changes at renewals; seats where the renewals have them, and the price elsewhere.

    Examples
    --------
    >>> import pandas as pd
    >>> import ltv_bayes as lb
    >>> rows = [(f"c{n}", "2023-01-01", "2024-01-01", 100) for n in range(40)]
    >>> rows += [(f"c{n}", "2024-01-01", None, 130 if n < 10 else 100) for n in range(40)]
    >>> records = pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price"])
    >>> renewals = lb.summarize_renewals(records, period="year", as_of="2024-06-30")
    >>> fit = lb.Expansion().fit(renewals, random_seed=1)
    >>> bool(0.15 < fit.summary().loc["change_chance[year]", "mean"] < 0.35)
    True
    """

    pool_by: str | None = None
    price_changes: Any = None
    driver: str | None = None

    def fit(
        self, renewals: Renewals, *, draws: int = 1000, chains: int = 4, random_seed: int | None = None
    ) -> FittedExpansion:
        """Draw from the posterior, which is exact up to the width of a grid.

        Parameters
        ----------
        renewals : Renewals
            Of records with prices; each contract with a price of its own is a record.
        draws, chains : int
            Independent draws in each chain, and chains.
        random_seed : int, optional
            For the same draws again.

        Returns
        -------
        FittedExpansion

        Raises
        ------
        InputError, ColumnError
            If the renewals have no dates, prices or seats, no subscription was renewed, or a segment is blank;
            customers are named.
        FitError
            If draws or chains are below 1.
        """
        if draws < 1 or chains < 1:
            raise FitError(
                _("draws and chains must be at least 1, not {draws} and {chains}.", draws=draws, chains=chains)
            )
        driver = self._driver(renewals)
        steps = price_steps(self.price_changes)
        history = price_history(renewals, steps, driver)
        if not history.renewals.any():
            raise InputError(
                _("No subscription was renewed, so prices could not change. Give records that go on for longer.")
            )
        labels = segments_of(renewals, self.pool_by)
        names, segment = np.unique(labels, return_inverse=True)
        seed = as_seed(random_seed)
        logs = log_levels(renewals, driver)
        typical, width = _typical(logs)
        height = np.clip((history.log_level - typical) / width, -HIGHEST, HIGHEST)
        rng = np.random.default_rng(seed)
        drawn = dict(_draw(history, segment, height, len(names), rng, draws * chains))
        if driver == SEATS:
            drawn["price_exponent"] = _exponent(history, rng, draws * chains)
        attrs = {
            "model": "expansion",
            "typical": typical,
            "width": width,
            "driver": driver,
            STEPS: json.dumps({day.isoformat(): share for day, share in steps}),
            **dict(zip(LARGEST, _largest(logs, history), strict=True)),
            "customers": len(renewals.table.index.unique()),
            "random_seed": seed,
            "pool_by": self.pool_by or "",
            "changes": len(history.log_factor),
            "renewals": int(history.renewals.sum()),
            **({"currency": renewals.currency} if renewals.currency else {}),
        }
        shaped = {name: values.reshape(chains, draws, *values.shape[1:]) for name, values in drawn.items()}
        dims = {name: ["segment"] for name, values in shaped.items() if values.ndim == 3}
        return FittedExpansion(tree_from_draws(shaped, attrs, dims=dims, coords={"segment": [*names, UNSEEN]}))

    def _driver(self, renewals: Renewals) -> str:
        """What changes at renewals."""
        if self.driver not in (None, *DRIVERS):
            hint = suggestion(str(self.driver), DRIVERS)
            raise InputError(_("driver {driver!r} is unknown. {suggestion}", driver=self.driver, suggestion=hint))
        driver = self.driver or (SEATS if SEATS in contracts_with_prices(renewals) else PRICE)
        if driver == SEATS and self.price_changes is not None:
            raise InputError(
                _(
                    "The number of seats does not change with price_changes of the past. Leave them out, or pass "
                    "driver='price'."
                )
            )
        return driver


def _typical(logs: Array) -> tuple[float, float]:
    """Mean and standard deviation of logarithms of prices a month, or of seats."""
    return (float(logs.mean()), max(float(logs.std()), LEAST_WIDTH)) if logs.size else (0.0, 1.0)


def _largest(logs: Array, history: PriceHistory) -> tuple[float, float, float]:
    """The highest price a month, or most seats, and the largest change upward and downward, as logarithms."""
    up, down = (float(np.max(side * history.log_factor, initial=0.0)) for side in (1, -1))
    return float(logs.max(initial=-np.inf)), up, down


def _exponent(history: PriceHistory, rng: np.random.Generator, draws: int) -> Array:
    """Draws of the power of the number of seats that prices follow: normal regression through the origin."""
    priced = np.isfinite(history.log_paid)
    paid, seats, number = history.log_paid[priced], history.log_factor[priced], int(priced.sum())

    def log_likelihood(powers: Array, log_sds: Array) -> Array:
        away = ((paid - powers[:, None] * seats) ** 2).sum(axis=1)[:, None]
        return (-number * log_sds - 0.5 * away * np.exp(-2 * log_sds))[None]

    return draw_pooled(log_likelihood, EXPONENT, (APART,), False, rng, draws).segments[:, 0]


def _draw(
    history: PriceHistory, segment: IntArray, height: Array, number: int, rng: np.random.Generator, draws: int
) -> Iterator[tuple[str, Array]]:
    """Draws of every parameter, by its name: arrays of shape (draws, segments + 1), or (draws,)."""
    pooled = number > 1
    chance = draw_pooled(_of_changes(history, segment, number), CHANCE, (ALIKE,), pooled, rng, draws)
    yield "change_chance", special.expit(_all(chance))
    yield "concentration", np.exp(chance.others[0])
    of_change, up = segment[history.owner], history.log_factor > 0
    share = draw_pooled(_of_share(up, height, of_change, number), SHARE, (SLOPE_OF_SHARE,), pooled, rng, draws)
    yield "up_share", special.expit(_all(share))
    yield "up_share_slope", share.others[0]
    for name, some in (("up", up), ("down", ~up)):
        sizes = _of_sizes(np.abs(history.log_factor[some]), height[some], of_change[some], number)
        size = draw_pooled(sizes, SIZE, (SD, SLOPE_OF_SIZE), pooled, rng, draws)
        yield f"{name}_size", np.exp(_all(size))
        yield f"{name}_sd", np.exp(size.others[0])
        yield f"{name}_size_slope", size.others[1]


def _bins(height: Array) -> tuple[Array, IntArray]:
    """Heights of prices put together where they are near each other: the mean of each bin, and the bin of each."""
    used, which = np.unique(np.floor(height / BIN), return_inverse=True)
    return np.bincount(which, height, len(used)) / np.maximum(np.bincount(which, minlength=len(used)), 1), which


def _of_share(up: np.ndarray, height: Array, segment: IntArray, number: int) -> Any:
    """The log-likelihood of changes being upward, which depends on the price before."""
    heights, which = _bins(height)
    counts = np.zeros((2, number, len(heights)))
    np.add.at(counts, (np.where(up, 0, 1), segment, which), 1)

    def log_likelihood(places: Array, slopes: Array) -> Array:
        found = np.zeros((number, len(places), len(slopes)))
        for place, one in enumerate(heights):
            odds = places[:, None] + slopes * one
            parts = special.log_expit(odds), special.log_expit(-odds)
            found += sum(counts[side, :, place, None, None] * part for side, part in enumerate(parts))
        return found

    return log_likelihood


def _all(drawn: Drawn) -> Array:
    return np.column_stack([drawn.segments, drawn.unseen])


def _of_changes(history: PriceHistory, segment: IntArray, number: int) -> Any:
    """The beta-binomial log-likelihood of the numbers of changes, over distinct histories."""
    seen = np.column_stack([segment, history.renewals, history.changes])[history.renewals > 0]
    unique, count = np.unique(seen, axis=0, return_counts=True)

    def log_likelihood(places: Array, others: Array) -> Array:
        mean, both = special.expit(places)[:, None], np.exp(others)
        a, b = mean * both, (1 - mean) * both
        found = -np.bincount(unique[:, 0], count, number)[:, None, None] * special.betaln(a, b)
        for (one, made, changes), customers in zip(unique, count, strict=True):
            found[one] += customers * special.betaln(a + changes, b + made - changes)
        return found

    return log_likelihood


def _of_sizes(sizes: Array, height: Array, segment: IntArray, number: int) -> Any:
    """The log-likelihood of sizes that are those above 0 of a normal distribution; its mean depends on the price.

    Within a bin of heights the logarithm of the mean rises by the slope: exactly to the second order, so that what is
    left out does not count as spread.
    """
    heights, which = _bins(height)
    cell, away = segment * len(heights) + which, height - heights[which]
    weights = [*(away**power for power in range(3)), *(sizes * away**power for power in range(3)), sizes**2]
    sums = np.array([np.bincount(cell, weight, number * len(heights)) for weight in weights])
    sums = sums.reshape(len(weights), number, len(heights))

    def log_likelihood(places: Array, log_sds: Array, slopes: Array) -> Array:
        found, sd = np.zeros((number, len(places), len(log_sds))), np.exp(log_sds)
        powers = np.array([np.ones_like(slopes), slopes, 0.5 * slopes**2])
        twice = powers * np.array([[1.0], [2.0], [4.0]])
        for place, one in enumerate(heights):
            mean = np.exp(places)[:, None] * np.exp(slopes * one)
            constant, precision = log_sds + special.log_ndtr(mean / sd), 0.5 / sd**2
            for own, found_in in zip(sums[:, :, place].T, found, strict=True):
                if own[0]:
                    product, square = own[3:6] @ powers, own[:3] @ twice
                    found_in -= own[0] * constant + (own[6] - 2 * mean * product + mean**2 * square) * precision
        return found

    return log_likelihood
