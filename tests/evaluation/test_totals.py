"""Totals of simulated companies whose purchases or prices move for all customers at once: intervals hold them."""

from functools import partial

import numpy as np
import pytest

import ltv_bayes as lb
from tests.chance import assert_share, converging
from tests.companies import AS_OF, simulated_orders

pytestmark = pytest.mark.study

COMPANIES, AHEAD, YEAR = 40, 182, 365.25


def yearly(sizes):
    return lambda day: sizes[(day // YEAR).astype(int)]


FACTORS = {
    "none": lambda rng: np.ones_like,
    "trend": lambda rng: lambda day: 1.1 ** (day / YEAR),
    "season": lambda rng: lambda day: np.where((day % YEAR) / YEAR > 0.8, 1.8, 1.0),
    "shocks": lambda rng: yearly(np.exp(rng.normal(0, 0.25, 8))),
}


def fitted(model, customers, seed):
    return model.fit(customers, random_seed=seed, progressbar=False, draws=500)


def intervals(seed, kind):
    """The actual number of purchases in half a year, and 90% intervals without and with calendar effects."""
    rng = np.random.default_rng([seed, 7])
    days = 913  # two and a half years
    factor = FACTORS[kind](rng)
    orders = simulated_orders(seed, customers=800, days=days, ahead=AHEAD, factor=factor)
    customers = lb.summarize(orders, as_of=AS_OF, time_unit="week")
    table = orders.table
    later = table[(table["date"] > AS_OF) & table["customer_id"].isin(customers.ids)]
    for effects in (None, "auto"):
        model = lb.BGNBD(calendar_effects=effects)
        fit = converging(partial(fitted, model, customers), seed, seed + 1000, seed + 2000)
        total = fit.predict_purchases(customers, f"{AHEAD} days", random_seed=seed).sum("customer_id")
        yield len(later), *np.quantile(total, [0.05, 0.5, 0.95])


@pytest.mark.parametrize("kind", FACTORS)
def test_intervals_hold_totals(kind):
    found = np.array([list(intervals(seed, kind)) for seed in range(COMPANIES)])  # company, model, figure
    actual, low, middle, high = np.moveaxis(found, 2, 0)
    held, width = (low <= actual) & (actual <= high), np.log(high / low)
    for place, name in enumerate(("without", "with")):
        print(
            f"{kind}: {held[:, place].mean():.0%} of {COMPANIES} totals held {name} calendar effects, median width "
            f"{np.median(width[:, place]):.2f}, median of forecast / actual "
            f"{np.median(middle[:, place] / actual[:, place]):.3f}"
        )
    assert_share(held[:, 1], 0.90, figures=len(FACTORS), slack=0.06)
    if kind == "none":
        assert np.median(width[:, 1] / width[:, 0]) < 2


def spend_intervals(seed, rate):
    """The actual revenue of half a year, and 90% intervals without and with learned growth of prices."""
    days, customers = 913, 2500
    level = partial(np.power, 1 + rate)
    orders = simulated_orders(seed, customers=customers, days=days, ahead=AHEAD, price=lambda day: level(day / YEAR))
    customers = lb.summarize(orders, as_of=AS_OF, time_unit="week")
    table = orders.table
    later = table[(table["date"] > AS_OF) & table["customer_id"].isin(customers.ids)]
    seeds = seed, seed + 1000, seed + 2000
    purchases = converging(partial(fitted, lb.BGNBD(), customers), *seeds)
    for growth in (None, "auto"):
        spend = converging(partial(fitted, lb.GammaGamma(price_growth=growth), customers), *seeds)
        stream = lb.RepeatPurchases(purchases, spend)
        total = lb.lifetime_value(customers, stream, horizon=f"{AHEAD} days", random_seed=seed).total()
        yield later["amount"].sum(), *np.quantile(total, [0.05, 0.5, 0.95])


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_intervals_hold_revenue(rate):
    found = np.array([list(spend_intervals(seed, rate)) for seed in range(COMPANIES)])
    actual, low, _, high = np.moveaxis(found, 2, 0)
    held, width = (low <= actual) & (actual <= high), np.log(high / low)
    for place, name in enumerate(("without", "with")):
        print(
            f"prices {rate:+.0%} a year: {held[:, place].mean():.0%} of {COMPANIES} totals held {name} growth, median "
            f"width {np.median(width[:, place]):.2f}"
        )
    assert_share(held[:, 1], 0.90, figures=2, slack=0.06)
    if rate == 0:
        assert np.median(width[:, 1] / width[:, 0]) < 2
