"""How prices grow, learned from repeat orders of the same customers: the posterior of a price level."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.price_moments import PriceMoments
from ltv_bayes.errors import FitError
from ltv_bayes.formulas.models.price_level import Prices, at_prices_now
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.posterior import SAMPLE_DIMS
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.time_units import DAYS_PER_YEAR

GROWTH = 0.1  # standard deviation of growth a year: prices usually change by up to 10%
LEVEL, NOISE = 0.1, 0.05  # scales of half-normal priors of sds: a level off by 10%, a period by 5%
HALF_LIFE = 1.0  # years
NODES = 12  # of each sd
LEAST, MOST = -0.5, 1.0  # growth a year that can be given
SMALLEST_VARIANCE = 1e-6  # of the logarithm of order value


@dataclass(frozen=True, eq=False)
class Given:
    """The posterior given the sds of level and noise, which is normal.

    Attributes
    ----------
    log_weight : float
        Logarithm of the sds' part in the posterior.
    sds : array of shape (2,)
    mean : array of shape (1 + periods,)
        Of growth and level.
    covariance : array of shape (1 + periods, 1 + periods)
    """

    log_weight: float
    sds: Array
    mean: Array
    covariance: Array


@dataclass(frozen=True, eq=False)
class LearnedPrices:
    """The posterior of the price level by period.

    The logarithm of the level is growth times time, plus a level that moves and reverts to 0, half of the way in a
    year, plus noise in each period. Given the sds of level and noise all is normal; these are taken from a grid.

    Attributes
    ----------
    moments : PriceMoments
    """

    moments: PriceMoments

    @cached_property
    def nodes(self) -> list[Given]:
        """The posterior given each pair of sds of the grid."""
        return list(self._nodes())

    @cached_property
    def weights(self) -> Array:
        """Posterior probabilities of the pairs of sds."""
        logs = np.array([one.log_weight for one in self.nodes])
        return np.asarray(special.softmax(logs))

    @property
    def mean(self) -> Array:
        """Posterior mean of growth and level: shape (1 + periods,)."""
        return np.asarray(self.weights @ np.array([one.mean for one in self.nodes]))

    def draw(self, rng: np.random.Generator, number: int) -> tuple[Array, Array]:
        """Draw the sds, (draws, 2), and growth with the levels, the latest first, (draws, 1 + periods)."""
        which = rng.choice(len(self.nodes), number, p=self.weights)
        z = rng.standard_normal((number, self.mean.size))
        for node in np.unique(which):
            given, some = self.nodes[node], which == node
            values, vectors = np.linalg.eigh(given.covariance)
            z[some] = given.mean + (z[some] * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return np.array([one.sds for one in self.nodes])[which], z

    def _nodes(self) -> Iterator[Given]:
        precision, score = likelihood(self.moments)
        years = self.moments.years_ago
        design = np.column_stack([-years, np.eye(years.size)])
        related = 0.5 ** (np.abs(np.subtract.outer(years, years)) / HALF_LIFE)
        shares = math.sqrt(2) * special.erfinv((np.arange(NODES) + 0.5) / NODES)  # of equal prior probability
        prior = np.zeros((1 + years.size, 1 + years.size))
        prior[0, 0] = GROWTH**2
        for level, noise in product(LEVEL * shares, NOISE * shares):
            prior[1:, 1:] = level**2 * related
            with_levels = prior @ design.T
            covariance = design @ with_levels + noise**2 * np.eye(years.size)
            whole = np.eye(years.size) + precision @ covariance
            known, pull = np.linalg.solve(whole, precision), np.linalg.solve(whole, score)
            log_weight = (score @ covariance @ pull - np.linalg.slogdet(whole)[1]) / 2
            left = prior - with_levels @ ((known + known.T) / 2) @ with_levels.T
            yield Given(float(log_weight), np.array([level, noise]), with_levels @ pull, left)


def likelihood(moments: PriceMoments) -> tuple[Array, Array]:
    """Precision of the level by period, and precision times estimate: of a normal likelihood.

    The covariance of the score is that found between customers, drawn to what independent orders would have: with
    few customers the former is poor, and with many it counts alone. Of the straight line, which is growth, it is one
    number, for which fewer customers do.
    """
    values, vectors = np.linalg.eigh((moments.information + moments.information.T) / 2)
    some = values > 1e-9 * values.max(initial=1e-9)
    values, vectors = values[some], vectors[:, some]
    if not some.any():
        return np.zeros_like(moments.information), np.zeros_like(moments.score)
    found = vectors.T @ moments.spread @ vectors
    variance = max(float(np.mean(np.diag(found) / values)), SMALLEST_VARIANCE)
    periods = moments.score.size
    between = (moments.customers * found + periods * variance * np.diag(values)) / (moments.customers + periods)
    line = vectors.T @ moments.years_ago
    score_of_line = values * line
    alone, size = line @ found @ line, line @ score_of_line
    free = max(moments.customers - 1, 1)
    wanted = (moments.customers**2 / free * alone + variance * size) / (moments.customers + 1)
    if size > 0:
        between += max(wanted - line @ between @ line, 0.0) * np.outer(score_of_line, score_of_line) / size**2
    inverse = np.linalg.inv((between + between.T) / 2)
    weighted = vectors * values
    return weighted @ inverse @ weighted.T, weighted @ inverse @ (vectors.T @ moments.score)


@dataclass(frozen=True, eq=False)
class PriceGrowth:
    """What a fit takes prices to do.

    Attributes
    ----------
    growth : float
        A year, where it was given.
    learned : LearnedPrices or None
        Where it was not.
    """

    growth: float = 0.0
    learned: LearnedPrices | None = None

    @property
    def typical(self) -> Prices:
        """The posterior mean of the price level, as one draw; times in years."""
        if self.learned is None:
            return Prices(np.array([math.log1p(self.growth)]), levels=np.zeros((1, 1)))
        return past_prices(self.learned.mean[np.newaxis], self.learned.moments.length / DAYS_PER_YEAR)

    def to_now(self, table: pd.DataFrame, ages: Array) -> pd.DataFrame:
        """Rows of customers with monetary_value in prices of the as-of date.

        Parameters
        ----------
        ages : array of shape (customers,)
            In years, of their repeat orders.
        """
        prices = self.typical._replace(age=ages)
        return table.assign(monetary_value=at_prices_now(table["monetary_value"].to_numpy(), prices)[0])

    def with_draws(self, tree: xr.DataTree, ages: Array) -> None:
        """Put draws of the price level into a fit, and mean order values at prices of each draw.

        Parameters
        ----------
        tree : xarray.DataTree
            Fitted to mean order values that `to_now` made.
        ages : array of shape (customers,)
            In years, of those who were fitted.
        """
        if self.learned is None:
            tree.attrs["prices"] = json.dumps({"growth": self.growth})
            return
        posterior, moments = tree["posterior"].to_dataset(), self.learned.moments
        shape = tuple(posterior.sizes[dim] for dim in SAMPLE_DIMS)
        rng = customer_stream(int(tree.attrs.get("random_seed", 0)), "prices", "posterior")
        sds, drawn = self.learned.draw(rng, math.prod(shape))
        length = moments.length / DAYS_PER_YEAR
        rise = _mean_log(self.typical, ages)[0] - _mean_log(past_prices(drawn, length), ages)
        of_draw = xr.DataArray(np.exp(rise).reshape(shape), dims=SAMPLE_DIMS)
        found = posterior.assign({name: posterior[name] * of_draw for name in ("mean_spend", "v") if name in posterior})
        named = {"price_growth": np.expm1(drawn[:, 0]), "price_level_sd": sds[:, 0], "price_noise_sd": sds[:, 1]}
        found = found.assign({name: (SAMPLE_DIMS, values.reshape(shape)) for name, values in named.items()})
        found["price_level"] = ((*SAMPLE_DIMS, "price_period"), drawn[:, :0:-1].reshape(*shape, -1))
        tree["posterior"] = xr.DataTree(found)
        kept = {"length": moments.length, "half_life": HALF_LIFE, "customers": moments.customers}
        tree.attrs["prices"] = json.dumps(kept)


def past_prices(drawn: Array, length: float) -> Prices:
    """The price level up to the as-of date, relative to it, of growth with levels, the latest first; in years."""
    levels = drawn[:, :0:-1]
    return Prices(drawn[:, 0], length, -levels.shape[1], levels - levels[:, -1:])


def _mean_log(prices: Prices, ages: Array) -> Array:
    """Mean over customers of the logarithm of the level at the time of their orders: shape (draws,)."""
    periods = prices.levels.shape[1]
    place = np.clip(np.floor(-ages / prices.length) - prices.first, 0, periods - 1).astype(np.int64)
    return np.asarray(prices.levels @ np.bincount(place, minlength=periods) / ages.size - prices.drift * ages.mean())


def chosen_growth(given: Any, customers: Customers) -> PriceGrowth | None:
    """What a fit to these customers takes of prices: nothing, a rate that was given, or what their orders show.

    None for "auto" too where the customers carry no order values by date.
    """
    if given is None:
        return None
    if given != "auto":
        return PriceGrowth(float(given))
    moments = customers.rows.price_moments
    return None if moments is None else PriceGrowth(learned=LearnedPrices(moments))


def require_growth(given: Any) -> None:
    """Refuse what is neither None, "auto" nor a rate a year.

    Raises
    ------
    FitError
        With what is taken.
    """
    if given is None or (isinstance(given, str) and given == "auto"):
        return
    number = isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)
    if not (number and LEAST <= given <= MOST):
        raise FitError(
            _(
                "price_growth takes None, 'auto' or growth a year from {least:g} to {most:g}, such as 0.05 for "
                "5%, not {given!r}.",
                least=LEAST,
                most=MOST,
                given=given,
            )
        )
