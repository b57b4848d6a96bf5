"""Companies by other rules, in which open opportunities are stronger or weaker signs of life than is assumed."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError
from ltv_bayes.streams.repeat_purchases import alive_draws
from ltv_bayes.value.draws.judged_streams import conditioned

pytestmark = pytest.mark.filterwarnings("ignore:.*are some opportunities stale")

TODAY, DAYS, CLIENTS = pd.Timestamp("2025-12-31"), 1565, 1500
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}


def company(seed, ratio):
    """Log-normal rates and exits in calendar time: orders, who is alive, who has an opportunity, those of a year ago.

    Opportunities that were won are orders too.
    """
    rng, rows, past = np.random.default_rng(seed), [], []
    start, rate = rng.uniform(0, 1500, CLIENTS), rng.lognormal(np.log(0.017), 0.7, CLIENTS)
    leaves, then = start + rng.exponential(840 * rng.lognormal(0, 0.6, CLIENTS)), DAYS - 365
    for number in range(CLIENTS):
        name, end = f"C{number:04d}", min(DAYS, leaves[number])
        times = [start[number], *rng.uniform(start[number], end, rng.poisson(rate[number] * (end - start[number])))]
        lived = leaves[number] > then
        if start[number] < then - 1 and rng.random() < (0.4 if lived else 0.4 / ratio):
            won = leaves[number] > then + 30 and rng.random() < 0.4
            past.append((name, TODAY - pd.Timedelta(days=365), "yes" if won else "no"))
            times += [then + 30] if won else []
        rows += [(name, TODAY - pd.Timedelta(days=int(DAYS - time)), 10.0) for time in times]
    alive = leaves > DAYS
    sign = rng.random(CLIENTS) < np.where(alive, 0.4, 0.4 / ratio)
    orders = lb.read_transactions(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]))
    return orders, alive, sign, pd.DataFrame(past, columns=["customer_id", "stated_on", "won"])


def lives(fit, customers, sign, strength):
    """P(alive) of those with an opportunity: an array (draws, customers)."""
    frame = pd.DataFrame({"customer_id": customers.ids[sign], "probability": 0.02, "low": 1.0, "high": 2.0})
    judged = lb.FutureValuePriors.from_judgements(frame, relation="additional", shows_life=strength)
    stream = lb.RepeatPurchases(fit, lb.FittedSpend.from_draws({k: np.full((2, 200), v) for k, v in SPEND.items()}))
    (one,) = conditioned([stream], judged, customers)
    drawn = alive_draws(one, fit, customers, seed=3)
    return drawn.reshape(-1, drawn.shape[-1])[:, sign]


@pytest.fixture(scope="module", params=[5, 80])
def found(request):
    """P(alive) by the ratio assumed, of two companies; who is; and what the year before taught."""
    companies = []
    for seed in (0, 1):
        orders, alive, sign, past = company(seed, request.param)
        customers = lb.summarize(orders, time_unit="week", as_of="2025-12-31")
        fit = lb.MBGNBD(calendar_effects=None).fit(
            customers, method="laplace", draws=200, chains=2, random_seed=1, progressbar=False
        )
        learned = lb.learn_sign_strength(past, orders, fit, within="1 year")
        ways = {"known": 20.0, "in doubt": None, "learned": learned}
        told = {name: lives(fit, customers, sign, strength) for name, strength in ways.items()}
        companies.append((told, alive[sign], learned))
    return request.param, companies


def log_score(p, alive):
    """The mean of -log of what was said of the outcome."""
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(alive, np.log(p), np.log1p(-p))))


def levels(drawn, alive, some):
    """The share of draws in which fewer are alive, and in which no more are."""
    number = (np.random.default_rng(1).random(drawn.shape) < drawn)[:, some].sum(axis=1)
    return (number < alive[some].sum()).mean(), (number <= alive[some].sum()).mean()


def bins(p):
    edges = (0.0, 0.5, 0.8, 0.95, 1.01)
    return [(low <= p) & (p < high) for low, high in pairwise(edges)]


@pytest.mark.fits
@pytest.mark.parametrize("way", ["in doubt", "learned"])
def test_customers_are_alive_as_often_as_is_said_within_the_doubt(found, way):
    _, companies = found
    for told, alive, _ in companies:
        for some in bins(told[way].mean(axis=0)):
            below, up_to = levels(told[way], alive, some)
            assert below < 0.9995
            assert up_to > 0.0005


@pytest.mark.fits
def test_a_known_ratio_that_is_wrong_is_found_out(found):
    """The check above can fail: too many were said to be alive where opportunities are never cleaned up."""
    ratio, companies = found
    if ratio == 5:
        assert all(levels(told["known"], alive, slice(None))[1] < 0.0005 for told, alive, _ in companies)


@pytest.mark.fits
def test_what_was_learned_is_surer(found):
    ratio, companies = found
    for _, _, learned in companies:
        assert learned.learned_from > 200
        assert learned.sd < 0.75
        assert (learned.ratio < 12) if ratio == 5 else (learned.ratio > 10)
        assert "learned from" in str(learned)


@pytest.mark.fits
def test_scores_are_better_on_average_than_those_of_a_known_ratio():
    """Over weak and strong signs alike."""
    scores = {"known": [], "in doubt": [], "learned": []}
    for ratio in (5, 80):
        orders, alive, sign, past = company(7, ratio)
        customers = lb.summarize(orders, time_unit="week", as_of="2025-12-31")
        fit = lb.MBGNBD(calendar_effects=None).fit(
            customers, method="laplace", draws=200, chains=2, random_seed=1, progressbar=False
        )
        learned = lb.learn_sign_strength(past, orders, fit, within="1 year")
        for name, strength in {"known": 20.0, "in doubt": None, "learned": learned}.items():
            scores[name].append(log_score(lives(fit, customers, sign, strength).mean(axis=0), alive[sign]))
    means = {name: np.mean(one) for name, one in scores.items()}
    assert means["in doubt"] < means["known"]
    assert means["learned"] < means["in doubt"]


class TestRecords:
    """Which past opportunities count, and what is said where they cannot tell."""

    @pytest.fixture(scope="class")
    @classmethod
    def known(cls):
        draws = {"r": [[0.9] * 4], "alpha": [[20.0] * 4], "a": [[0.8] * 4], "b": [[3.0] * 4]}
        fit = lb.FittedPurchases.from_draws(draws, time_unit="week")
        days = ["2023-01-01", "2023-03-01", "2025-06-01", "2022-01-01", "2022-05-01", "2025-12-01"]
        frame = pd.DataFrame({"customer_id": ["A", "A", "A", "B", "B", "C"], "date": days, "amount": 10.0})
        return lb.read_transactions(frame), fit

    def test_the_newest_old_enough_of_a_customer_who_had_ordered(self, known):
        rows = [("A", "2023-02-01", "no"), ("A", "2024-12-01", ""), ("A", "2025-11-01", "yes")]
        rows += [("B", "2024-06-01", "no"), ("C", "2024-06-01", "no"), ("unknown", "2024-06-01", "no")]
        history = pd.DataFrame(rows, columns=["client", "stated_on", "won"])
        with pytest.warns(DataWarning, match="of 2 customers with an opportunity, the life of 2 was in doubt"):
            found = lb.learn_sign_strength(history, *known, within="1 year", columns={"customer_id": "client"})
        assert found.learned_from == 2
        with pytest.warns(DataWarning, match="of 2 customers"):
            assert (
                lb.learn_sign_strength(history.iloc[[1, 3]], *known, within="1 year", columns={"customer_id": "client"})
                == found
            )

    def test_a_record_that_cannot_tell_leaves_the_prior(self, known):
        history = pd.DataFrame({"customer_id": ["C"], "stated_on": "2024-06-01", "won": "no"})
        prior = lb.SignStrength(10.0, 0.5)
        with pytest.warns(DataWarning, match="so the prior stays: no row is of a customer who had ordered by then"):
            assert lb.learn_sign_strength(history, *known, within="1 year", prior=prior) is prior

    def test_what_cannot_be_read(self, known):
        orders, fit = known
        history = pd.DataFrame({"customer_id": ["A"], "stated_on": "2024-06-01", "won": "perhaps"})
        with pytest.raises(lb.errors.JudgementError, match="something else than yes or no"):
            lb.learn_sign_strength(history, orders, fit, within="1 year")
        with pytest.raises(lb.errors.ColumnError, match="stated_on"):
            lb.learn_sign_strength(history.drop(columns="stated_on"), orders, fit, within="1 year")
        events = lb.FittedEvents.from_draws({"r": [[0.9]], "alpha": [[20.0]]}, time_unit="week")
        with pytest.raises(InputError, match="customers may leave"):
            lb.learn_sign_strength(history, orders, events, within="1 year")
