"""Expansion and contraction: how often the price of a subscriber changes at a renewal, and by how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.price_history import PriceHistory, price_history, price_steps
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.models.growth.grid import Drawn, Normal, draw_pooled
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.growth.fitted_expansion import UNSEEN, FittedExpansion, segments_of
from ltv_bayes.random_streams import as_seed

CHANCE = Normal(-2.5, 1.5)
"""Log-odds that a price changes at a renewal: 0.7% to 49% with 90%."""
ALIKE = Normal(np.log(5.0), 1.5)
"""Logarithm of how alike customers are in it, the sum of the parameters of a beta distribution."""
SHARE = Normal(0.5, 1.5)
"""Log-odds that a change is upward."""
SIZE = Normal(np.log(0.2), 1.0)
"""Logarithm of the typical size of a change, of the logarithm of the price: 4% to 100%."""
SD = Normal(np.log(0.2), 1.0)
"""Logarithm of the standard deviation of that size."""


@dataclass(frozen=True)
class Expansion:
    """How the prices of subscribers grow and shrink.

    At each renewal the price of a subscription changes with some chance, upward or downward, by a factor with a normal
    logarithm. The chance is the subscriber's own, beta distributed between subscribers. All else is that of the
    contract length and segment, partially pooled. Sizes of changes are those above 0 of a normal distribution.

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
        drawn = dict(_draw(history, segment, len(names), np.random.default_rng(seed), draws * chains))
        attrs = {
            "model": "expansion",
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


def _draw(
    history: PriceHistory, segment: IntArray, number: int, rng: np.random.Generator, draws: int
) -> Iterator[tuple[str, Array]]:
    """Draws of every parameter, by its name: arrays of shape (draws, segments + 1), or (draws,)."""
    pooled = number > 1
    chance = draw_pooled(_of_changes(history, segment, number), CHANCE, ALIKE, pooled, rng, draws)
    yield "change_chance", special.expit(_all(chance))
    yield "concentration", np.exp(chance.other)
    of_change, up = segment[history.owner], history.log_factor > 0
    ups = np.bincount(of_change[up], minlength=number).astype(float)
    downs = np.bincount(of_change[~up], minlength=number).astype(float)

    def of_share(places: Array, others: Array) -> Array:
        found: Array = ups[:, None, None] * special.log_expit(places)[:, None]
        return found + downs[:, None, None] * special.log_expit(-places)[:, None] + 0.0 * others

    yield "up_share", special.expit(_all(draw_pooled(of_share, SHARE, None, pooled, rng, draws)))
    for name, some in (("up", up), ("down", ~up)):
        sizes = _of_sizes(np.abs(history.log_factor[some]), of_change[some], number)
        size = draw_pooled(sizes, SIZE, SD, pooled, rng, draws)
        yield f"{name}_size", np.exp(_all(size))
        yield f"{name}_sd", np.exp(size.other)


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


def _of_sizes(sizes: Array, segment: IntArray, number: int) -> Any:
    """The log-likelihood of sizes that are those above 0 of a normal distribution."""
    count = np.bincount(segment, minlength=number).astype(float)
    total, squares = (np.bincount(segment, values, minlength=number) for values in (sizes, sizes**2))

    def log_likelihood(places: Array, others: Array) -> Array:
        mean, sd = np.exp(places)[:, None], np.exp(others)
        constant = np.log(sd) + special.log_ndtr(mean / sd)
        found = [
            -n * constant - (square - 2 * mean * one + n * mean**2) / (2 * sd**2)
            for n, one, square in zip(count, total, squares, strict=True)
        ]
        return np.array(found)

    return log_likelihood
