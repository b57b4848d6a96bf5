"""Totals of portfolios of 30, 80 and 200 customers, by rules of no model: middles beside the truth, and intervals."""

import warnings

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesWarning
from tests.chance import assert_share

pytestmark = pytest.mark.study

WORLDS, SIZES, YEARS, AHEAD = 50, (30, 80, 200), 3.0, 1.0
AS_OF = pd.Timestamp("2024-06-30")
LEAVING = lb.BGNBD(calendar_effects=None, leave_at_once=True)
MODELS = {
    "BG/NBD": (lb.BGNBD(calendar_effects=None), lb.GammaGamma(price_growth=None)),
    "leave_at_once=True": (LEAVING, lb.GammaGamma(price_growth=None)),
    "and first_order=True": (LEAVING, lb.GammaGamma(price_growth=None, first_order=True)),
}


def world(seed, size):
    """Orders of three years, and of the year after what is expected of the customers' rates and what comes.

    Rates, times until customers leave by the calendar, and order values are log-normal over customers; how large they
    are and how much they differ is drawn wide, anew for each world.
    """
    rng = np.random.default_rng([seed, size])

    def over_customers(middle, spread):
        return middle * np.exp(spread * rng.standard_normal(size))

    rate = over_customers(np.exp(rng.uniform(np.log(0.5), np.log(4.0))), rng.uniform(0.4, 1.2))
    leaving = over_customers(np.exp(rng.uniform(np.log(0.1), np.log(0.6))), rng.uniform(0.0, 0.8))
    mean, within = over_customers(10_000.0, rng.uniform(0.3, 1.0)), rng.uniform(0.3, 0.9)
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
    to_come = np.where(end > YEARS, rate * -np.expm1(-leaving * AHEAD) / leaving, 0.0)
    return orders, (to_come.sum(), (to_come * mean).sum()), amount[~past].sum()


def totals(models, orders, seed):
    """Draws of the total of purchases expected, and of revenue, in the year after."""
    customers = lb.summarize(lb.read_transactions(orders), as_of=AS_OF, time_unit="month")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LtvBayesWarning)
        purchases, spend = (model.fit(customers, random_seed=seed, progressbar=False) for model in models)
        stream = lb.RepeatPurchases(purchases, spend)
        value = lb.lifetime_value(customers, stream, horizon="1 year", discount_rate=0.0, margin=1.0, random_seed=seed)
    expected = purchases.expected_purchases(customers, "1 year").sum("customer_id")
    return np.ravel(expected), np.ravel(value.draws.sum("customer_id"))


@pytest.mark.parametrize("name", MODELS)
def test_totals_of_small_portfolios(name):
    for size in SIZES:
        counts, money, held = [], [], []
        for seed in range(WORLDS):
            orders, (number, revenue), came = world(seed, size)
            expected, drawn = totals(MODELS[name], orders, seed)
            counts.append(np.median(expected) / number)
            money.append([np.median(drawn) / revenue, drawn.mean() / revenue])
            low, high = np.quantile(drawn, [0.05, 0.95])
            held.append(low <= came <= high)
        ratios = {"purchases, median": counts, "revenue, median": np.array(money)[:, 0], "mean": np.array(money)[:, 1]}
        figures = [
            f"{what} / truth {np.exp(np.mean(np.log(ratio))):.2f} (se {np.std(np.log(ratio)) / np.sqrt(WORLDS):.2f}; "
            f"middle of worlds {np.median(ratio):.2f})"
            for what, ratio in ratios.items()
        ]
        print(f"{name}, {size} customers: {'; '.join(figures)}; 90% intervals of revenue hold {np.mean(held):.0%}")
        assert_share(held, 0.90, figures=len(SIZES) * len(MODELS), slack=0.05)
