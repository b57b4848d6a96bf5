"""Expansion and contraction: how often the price of a subscriber changes at a renewal, and by how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.price_history import PriceHistory, price_history, price_steps
from ltv_bayes.data.subscriptions.revenue.recurring import a_month
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.models.growth.grid import Drawn, Normal, draw_pooled
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.growth.fitted_expansion import HIGHEST, LARGEST, UNSEEN, FittedExpansion, segments_of
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
MOST_BINS, LEAST_WIDTH = 40, 0.1
SD = Normal(np.log(0.2), 1.0)
"""Logarithm of the standard deviation of that size."""


@dataclass(frozen=True)
class Expansion:
    """How the prices of subscribers grow and shrink.

    At each renewal the price of a subscription changes with some chance, upward or downward, by a factor with a normal
    logarithm. The chance is the subscriber's own, beta distributed between subscribers. All else is that of the
    contract length and segment, partially pooled. Sizes of changes are those above 0 of a normal distribution. Whether
    a change is upward, and how large it is, depends on the price before it: who pays little has more room to grow.

    Predictions stay near what was seen: a change is at most twice the largest factor of the records, upward or
    downward, and a price a month at most twice their highest. So means exist, also where hardly any price changed.

    Parameters
    ----------
    pool_by : str, optional
        A column of segments in the renewals. Contract lengths are told apart in any case.
    price_changes : mapping, optional
        Days from which the prices of all changed by a share, ``{"2024-01-01": 0.05}``: they are taken out, since they
        are no customer's own growth.

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
            If the renewals have no dates or prices, no subscription was renewed, or a segment is blank; customers are
            named.
        FitError
            If draws or chains are below 1.
        """
        if draws < 1 or chains < 1:
            raise FitError(
                _("draws and chains must be at least 1, not {draws} and {chains}.", draws=draws, chains=chains)
            )
        history = price_history(renewals, price_steps(self.price_changes))
        if not history.renewals.any():
            raise InputError(
                _("No subscription was renewed, so prices could not change. Give records that go on for longer.")
            )
        labels = segments_of(renewals, self.pool_by)
        names, segment = np.unique(labels, return_inverse=True)
        seed = as_seed(random_seed)
        typical, width = _typical(renewals)
        height = np.clip((history.log_price - typical) / width, -HIGHEST, HIGHEST)
        rng = np.random.default_rng(seed)
        drawn = dict(_draw(history, segment, height, len(names), rng, draws * chains))
        attrs = {
            "model": "expansion",
            "typical": typical,
            "width": width,
            **dict(zip(LARGEST, _largest(renewals, history), strict=True)),
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


def _typical(renewals: Renewals) -> tuple[float, float]:
    """Mean and standard deviation of the logarithms of prices a month, of the contracts that cost something."""
    logs = _log_prices(renewals)
    return (float(logs.mean()), max(float(logs.std()), LEAST_WIDTH)) if logs.size else (0.0, 1.0)


def _log_prices(renewals: Renewals) -> Array:
    contracts: Any = renewals.contracts
    paid = contracts[contracts["price"] > 0]
    return np.log(a_month(paid["price"], paid["period"].to_numpy(dtype=str)))


def _largest(renewals: Renewals, history: PriceHistory) -> tuple[float, float, float]:
    """The highest price a month, and the largest change upward and downward, as logarithms; 0 where there is none."""
    up, down = (float(np.max(side * history.log_factor, initial=0.0)) for side in (1, -1))
    return float(_log_prices(renewals).max(initial=-np.inf)), up, down


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
    edges = np.unique(np.quantile(height, np.linspace(0, 1, MOST_BINS + 1)[1:-1])) if height.size else np.zeros(0)
    used, which = np.unique(np.searchsorted(edges, height), return_inverse=True)
    return np.bincount(which, height) / np.maximum(np.bincount(which), 1) if used.size else np.zeros(0), which


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
        found = np.zeros((number, len(places), len(others)))
        for (one, made, changes), customers in zip(unique, count, strict=True):
            found[one] += customers * (special.betaln(a + changes, b + made - changes) - special.betaln(a, b))
        return found

    return log_likelihood


def _of_sizes(sizes: Array, height: Array, segment: IntArray, number: int) -> Any:
    """The log-likelihood of sizes that are those above 0 of a normal distribution; its mean depends on the price."""
    heights, which = _bins(height)
    cell = segment * len(heights) + which
    powers = [np.bincount(cell, sizes**power, number * len(heights)) for power in range(3)]
    sums = [values.reshape(number, len(heights)) for values in powers]

    def log_likelihood(places: Array, log_sds: Array, slopes: Array) -> Array:
        found, sd = np.zeros((number, len(places), len(log_sds))), np.exp(log_sds)
        for place, one in enumerate(heights):
            mean = np.exp(places[:, None] + slopes * one)
            constant, precision = log_sds + special.log_ndtr(mean / sd), 0.5 / sd**2
            for segment_of, (count, total, squares) in enumerate(zip(*(part[:, place] for part in sums), strict=True)):
                if count:
                    found[segment_of] -= count * constant + (squares - 2 * mean * total + count * mean**2) * precision
        return found

    return log_likelihood
