"""Totals of portfolios of 30, 80 and 200 customers, by rules of no model: middles beside the truth, and intervals.

What a middle beside the truth should be is not 1: a total is skewed, so that its median lies below its expectation, and
some hundred worlds have luck. So beside each forecast stands that of one who sees the same orders and knows the
distributions that the world was drawn from, `informed`; nobody who sees these orders can do better.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesWarning
from tests.chance import allowed, assert_share

WORLDS, SIZES, YEARS, AHEAD = 250, (30, 80, 200), 3.0, 1.0
AS_OF = pd.Timestamp("2024-06-30")
SPEND = lb.GammaGamma(price_growth=None)
MODELS = {
    "BG/NBD": (lb.BGNBD(calendar_effects=None), 0.10),
    "leave_at_once=True": (lb.BGNBD(calendar_effects=None, leave_at_once=True), 0.05),
}
"""Purchase models, and how far the middle of a total may lie from that of one who is informed, as a share of it."""


class World(NamedTuple):
    """A portfolio with its truth: orders of three years, what to expect of the year after, and what came then."""

    orders: pd.DataFrame
    rates: tuple[float, float]  # median, and sd of the logarithm: purchases a year
    exits: tuple[float, float]  # the same: exits a year
    means: tuple[float, float]  # the same: what an order is worth on average
    within: float  # sd of the logarithm of a customer's orders
    history: dict[
        str, Any
    ]  # of each customer: repeat orders, years to the last and to the as-of date, sum of logarithms
    number: float
    revenue: float
    came: float


def world(seed, size):
    """Rates, times until customers leave by the calendar, and order values are log-normal over customers.

    How large they are and how much they differ is drawn wide, anew for each world.
    """
    rng = np.random.default_rng([seed, size])

    def over_customers(middle, spread):
        return (middle, spread), middle * np.exp(spread * rng.standard_normal(size))

    rates, rate = over_customers(np.exp(rng.uniform(np.log(0.5), np.log(4.0))), rng.uniform(0.4, 1.2))
    exits, leaving = over_customers(np.exp(rng.uniform(np.log(0.1), np.log(0.6))), rng.uniform(0.0, 0.8))
    means, mean = over_customers(10_000.0, rng.uniform(0.3, 1.0))
    within = rng.uniform(0.3, 0.9)
    start = rng.uniform(0.0, YEARS - 0.25, size)
    end = start + rng.exponential(1 / leaving)
    seen = np.minimum(end, YEARS + AHEAD) - start
    owner = np.repeat(np.arange(size), rng.poisson(rate * seen))
    when = np.concatenate([start, start[owner] + rng.random(owner.size) * seen[owner]])
    owner = np.concatenate([np.arange(size), owner])
    amount = mean[owner] * np.exp(within * rng.standard_normal(owner.size) - within**2 / 2)
    date = AS_OF - pd.to_timedelta(((YEARS - when) * 365.25).astype(int), unit="D")
    past = when <= YEARS
    orders = pd.DataFrame({"customer_id": owner, "date": date, "amount": amount.round(2)})[past]
    last = pd.Series(when[past]).groupby(owner[past]).max().to_numpy()
    history = {
        "x": np.bincount(owner[past], minlength=size) - 1,
        "t_x": np.minimum(last, YEARS) - start,
        "T": YEARS - start,
        "logs": np.bincount(owner[past], np.log(amount[past]) + within**2 / 2, minlength=size),
    }
    to_come = np.where(end > YEARS, rate * -np.expm1(-leaving * AHEAD) / leaving, 0.0)
    truth = to_come.sum(), (to_come * mean).sum(), amount[~past].sum()
    return World(orders, rates, exits, means, within, history, *truth)


def histories_of(rate, leaving, x, t_x, T):
    """Log-likelihood of one history where a customer leaves by the calendar, and P(alive): of each rate and exit rate.

    Alive: rate^x exp(-(rate + leaving) T). Having left: the integral of leaving rate^x exp(-(rate + leaving) t), from
    t_x to T.
    """
    both = rate + leaving
    silence = np.maximum(both * (T - t_x), 1e-300)
    log_odds = np.log(leaving / both) + silence + np.log(-np.expm1(-silence))
    return x * np.log(rate) - both * T + np.logaddexp(0.0, log_odds), np.exp(-np.logaddexp(0.0, log_odds))


def informed(given, rng, points=20_000, draws=1_000):
    """Draws of what the total's expectation is, and of what comes, for one who knows the world's distributions.

    Returns purchases expected, revenue expected, and revenue that comes: three arrays of shape (draws,).
    """
    z = rng.standard_normal(points) * np.where(np.arange(points) % 2, 1.0, 2.0)  # half of them wide, for what is rare
    usual = np.exp(-(z**2) / 2)
    log_weight = np.log(usual / (usual / 2 + np.exp(-(z**2) / 8) / 4))
    rate = given.rates[0] * np.exp(given.rates[1] * z)
    leaving = given.exits[0] * np.exp(given.exits[1] * rng.standard_normal(points))
    expected = rate * -np.expm1(-leaving * AHEAD) / leaving
    number, revenue, comes = np.zeros((3, draws))
    for x, t_x, T, logs in zip(*given.history.values(), strict=True):
        log_density, alive = histories_of(rate, leaving, x, t_x, T)
        weight = np.cumsum(np.exp(log_density + log_weight - np.max(log_density + log_weight)))
        at = np.minimum(np.searchsorted(weight, rng.random(draws) * weight[-1]), points - 1)
        lives = rng.random(draws) < alive[at]
        precision = 1 / given.means[1] ** 2 + (x + 1) / given.within**2
        middle = (np.log(given.means[0]) / given.means[1] ** 2 + logs / given.within**2) / precision
        mean = np.exp(middle + rng.standard_normal(draws) / np.sqrt(precision))
        number += lives * expected[at]
        revenue += lives * expected[at] * mean
        stays = np.minimum(rng.exponential(1 / leaving[at]), AHEAD)
        count = rng.poisson(lives * rate[at] * stays)
        owner = np.repeat(np.arange(draws), count)
        value = np.exp(given.within * rng.standard_normal(owner.size) - given.within**2 / 2)
        comes += np.bincount(owner, mean[owner] * value, minlength=draws)
    return number, revenue, comes


def totals(model, orders, seed):
    """Draws of the total of purchases expected, and of revenue, in the year after."""
    customers = lb.summarize(lb.read_transactions(orders), as_of=AS_OF, time_unit="month")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LtvBayesWarning)
        purchases, spend = (one.fit(customers, random_seed=seed, progressbar=False) for one in (model, SPEND))
        stream = lb.RepeatPurchases(purchases, spend)
        value = lb.lifetime_value(customers, stream, horizon="1 year", discount_rate=0.0, margin=1.0, random_seed=seed)
    expected = purchases.expected_purchases(customers, "1 year").sum("customer_id")
    return np.ravel(expected), np.ravel(value.draws.sum("customer_id"))


def middles(number, comes, given):
    """Medians of purchases expected and of revenue, and the mean of revenue, over what to expect."""
    return np.median(number) / given.number, np.median(comes) / given.revenue, comes.mean() / given.revenue


def holds(comes, given):
    low, high = np.quantile(comes, [0.05, 0.95])
    return low <= given.came <= high


def in_words(ratios):
    log = np.log(np.array(ratios))
    parts = zip(np.exp(log.mean(axis=0)), log.std(axis=0) / np.sqrt(len(log)), strict=True)
    return ", ".join(f"{middle:.3f} (se {error:.3f})" for middle, error in parts)


@pytest.fixture(scope="module")
def informed_totals():
    """Of each size, the worlds, and the draws of one who knows their distributions."""
    found = {}
    for size in SIZES:
        worlds = [world(seed, size) for seed in range(WORLDS)]
        rngs = (np.random.default_rng([99, seed, size]) for seed in range(WORLDS))
        found[size] = [(given, *informed(given, rng)) for given, rng in zip(worlds, rngs, strict=True)]
    return found


@pytest.mark.study
def test_one_who_is_informed_is_right(informed_totals):
    for size, worlds in informed_totals.items():
        ratios = [middles(number, comes, given) for given, number, _, comes in worlds]
        held = [holds(comes, given) for given, *_, comes in worlds]
        print(f"informed, {size} customers: {in_words(ratios)}; 90% intervals of revenue hold {np.mean(held):.0%}")
        assert_share(held, 0.90, figures=2 * len(SIZES))
        ranks = [(revenue < given.revenue).mean() for given, _, revenue, _ in worlds]
        off, error = abs(np.mean(ranks) - 0.5), np.sqrt(1 / 12 / WORLDS)
        assert off < allowed(2 * len(SIZES)) * error, f"{size} customers: mean rank of the truth off by {off:.3f}"


@pytest.mark.study
@pytest.mark.parametrize("name", MODELS)
def test_totals_of_small_portfolios(name, informed_totals):
    model, near = MODELS[name]
    for size, worlds in informed_totals.items():
        ratios, beside, held = [], [], []
        for seed, (given, number, _, comes) in enumerate(worlds):
            ours = totals(model, given.orders, seed)
            ratios.append(middles(*ours, given))
            beside.append(np.divide(ratios[-1], middles(number, comes, given)))
            held.append(holds(ours[1], given))
        print(
            f"{name}, {size} customers: medians of purchases and revenue, mean of revenue / truth {in_words(ratios)};"
        )
        print(f"  beside one who is informed {in_words(beside)}; 90% intervals of revenue hold {np.mean(held):.0%}")
        assert_share(held, 0.90, figures=len(SIZES) * len(MODELS), slack=0.05)
        log = np.log(np.array(beside)[:, :2])
        error = allowed(2 * len(SIZES) * len(MODELS), WORLDS - 1) * log.std(axis=0) / np.sqrt(WORLDS)
        assert (np.abs(log.mean(axis=0)) < np.log1p(near) + error).all(), (
            f"{size} customers: {np.exp(log.mean(axis=0))}"
        )


def test_likelihood_of_an_exit_by_the_calendar_is_its_integral():
    """The informed forecast rests on it: the integral over moments of leaving, and the chance to have stayed."""
    rate, leaving, (x, t_x, T) = 1.7, 0.4, (3, 0.9, 2.5)
    log_density, alive = histories_of(np.array([rate]), np.array([leaving]), x, t_x, T)
    at, weights = np.polynomial.legendre.leggauss(40)
    t = t_x + (T - t_x) * (at + 1) / 2
    left = np.sum(weights * leaving * np.exp(-(rate + leaving) * t)) * (T - t_x) / 2
    stays = np.exp(-(rate + leaving) * T)
    np.testing.assert_allclose(np.exp(log_density), rate**x * (left + stays), rtol=1e-12)
    np.testing.assert_allclose(alive, stays / (left + stays), rtol=1e-12)
