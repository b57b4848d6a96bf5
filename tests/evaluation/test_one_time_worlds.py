"""Companies most of whose customers bought once, by rules of no model: which model forecasts them best."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import special

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesWarning
from tests.chance import allowed

pytestmark = pytest.mark.study

CUSTOMERS, AHEAD, WORLDS = 1000, 52.0, 12
KINDS = ("none leaves at once", "40% leave at once", "exits by the calendar")
MODELS = {
    "BG/NBD": lb.BGNBD(calendar_effects=None),
    "MBG/NBD": lb.MBGNBD(calendar_effects=None),
    "leave_at_once=True": lb.BGNBD(calendar_effects=None, leave_at_once=True),
}


def world(kind, number):
    """Histories of up to two years in weeks, who is alive, and what each buys in the year after."""
    rng = np.random.default_rng([KINDS.index(kind), number])
    while True:
        T = rng.uniform(26.0, 104.0, CUSTOMERS)
        rate = np.exp(rng.normal(np.log(rng.uniform(0.01, 0.04)), rng.uniform(0.7, 1.5), CUSTOMERS))
        end = np.full(CUSTOMERS, np.inf)
        leaving = special.expit(rng.normal(special.logit(rng.uniform(0.05, 0.3)), 0.7, CUSTOMERS))
        if kind == "exits by the calendar":
            leaving = np.zeros(CUSTOMERS)
            hazard = np.exp(rng.normal(np.log(rng.uniform(0.008, 0.03)), 0.8, CUSTOMERS))
            end = rng.exponential(1 / hazard)
        if kind == "40% leave at once":
            end = np.where(rng.random(CUSTOMERS) < 0.4, 0.0, end)
        frequency, recency, future = (np.zeros(CUSTOMERS) for _ in range(3))
        now, here = np.zeros(CUSTOMERS), end > 0
        while here.any():
            now[here] += rng.exponential(1 / rate[here])
            here &= (now <= np.minimum(end, T + AHEAD))
            past = here & (now <= T)
            frequency, recency, future = frequency + past, np.where(past, now, recency), future + (here & ~past)
            left = here & (rng.random(CUSTOMERS) < leaving)
            end[left] = now[left]
            here &= ~left
        once = frequency == 0
        if 0.5 < once.mean() < 0.85:
            table = pd.DataFrame({"customer_id": np.arange(CUSTOMERS), "frequency": frequency, "recency": recency, "T": T})
            return lb.Customers.from_summary(table, time_unit="week"), end > T, future


def figures(model, customers, alive, future):
    """What a fit says of the future of customers who bought once, and of the totals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LtvBayesWarning)
        fit = model.fit(customers, random_seed=1, progressbar=False)
    few, once = fit.thin(100), customers.table["frequency"].to_numpy() == 0
    some, y = customers.subset(once), future[once].astype(int)
    said = np.empty(y.size)
    for number in np.unique(y):
        which = y == number
        chance = few.probability_of_purchases(some.subset(which), number, f"{AHEAD} weeks")
        said[which] = chance.mean(("chain", "draw"))
    drawn = fit.thin(250).predict_purchases(customers, f"{AHEAD} weeks", random_seed=2).to_numpy().reshape(-1, CUSTOMERS)
    crps = sum((((drawn[:, once] <= n).mean(axis=0) - (y <= n)) ** 2).mean() for n in range(int(drawn[:, once].max()) + 1))
    totals = {"all": (drawn.sum(axis=1), future.sum()), "once": (drawn[:, once].sum(axis=1), future[once].sum())}
    found = {"once": once.mean(), "log score": np.log(said).mean(), "CRPS": crps}
    found |= {"alive": float(few.probability_alive(some).mean()), "alive, truth": alive[once].mean()}
    for name, (draws, truth) in totals.items():
        low, high = np.quantile(draws, (0.05, 0.95))
        found |= {f"{name}: mean / truth": draws.mean() / truth, f"{name}: held": float(low <= truth <= high)}
    return found | {"converged": float(fit.converged), "first": float(fit.draws["first_dropout"].mean()) if "first_dropout" in fit.draws else np.nan}
