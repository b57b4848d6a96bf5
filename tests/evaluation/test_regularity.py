"""Regularity of an order log, what the sentence says, and whether what it says of forecasts is true."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError


def log(gaps_by_customer):
    """Orders of customers with given gaps, in days."""
    rows = [
        (name, pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(day)))
        for name, gaps in gaps_by_customer.items()
        for day in np.cumsum([0, *gaps])
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "date"])
    return lb.read_transactions(frame.assign(amount=10.0))


def simulated(k, customers=400, seed=1):
    rng = np.random.default_rng(seed)
    return log({i: 1 + rng.gamma(k, 120 / k, rng.integers(1, 7)).astype(int) for i in range(customers)})


@pytest.mark.parametrize(("k", "regular", "bursts"), [(0.3, False, True), (1, False, False), (4, True, False)])
def test_verdict_by_how_gaps_were_drawn(k, regular, bursts):
    found = lb.check_regularity(simulated(k))
    assert (found.regular, found.bursts) == (regular, bursts)
    assert found.whole_k == max(k, 1)
    assert (f"BGCNBD(k={k})" in found.sentence) == regular
    assert found.low < found.k < found.high
    words = {"are regular": regular, "bursts": bursts, "about as random": not (regular or bursts)}
    assert {word: word in found.sentence for word in words} == words


def test_random_gaps_have_an_interval_around_one():
    found = lb.check_regularity(simulated(1), ci_prob=0.99)
    assert found.low < 1 < found.high
    assert found.silence == pytest.approx(np.exp(-3), abs=0.02)
    assert "99% interval" in found.sentence


def test_what_is_counted():
    found = lb.check_regularity(log({"A": [5, 7, 9], "B": [30], "C": [], "D": [4, 100]}))
    assert (found.customers, found.gaps, found.typical_gap) == (2, 5, 7.0)


def test_orders_of_one_day_are_one_and_returns_are_none():
    orders = log({"A": [5, 7, 9], "D": [4, 100]}).table
    again = pd.concat([orders, orders, orders.assign(date=orders["date"] + pd.Timedelta(days=2), amount=-3.0)])
    found = lb.check_regularity(lb.read_transactions(again[["customer_id", "date", "amount"]]))
    assert found == lb.check_regularity(log({"A": [5, 7, 9], "D": [4, 100]}))


def test_later_orders_are_left_out():
    whole, early = simulated(4), lb.check_regularity(simulated(4), as_of="2020-12-31")
    assert early.gaps < lb.check_regularity(whole).gaps
    assert early.regular


def test_cdnow_is_close_to_random_with_a_touch_of_bursts(cdnow_orders):
    found = lb.check_regularity(cdnow_orders)
    assert 0.8 < found.low < found.high < 0.95
    assert not found.regular
    assert not found.bursts
    assert found.sentence.startswith(
        "Purchases are about as random in time as BG/NBD and MBG/NBD take them to be: k = 0.8"
    )


def test_nothing_to_compare():
    with pytest.raises(InputError, match="No customer bought on three days"):
        lb.check_regularity(log({"A": [5], "B": [7]}))


def test_customers_do_not_tell_their_gaps(book):
    with pytest.raises(InputError, match="single orders"):
        lb.check_regularity(book)


def test_silence_beside_the_usual_gap(book):
    found = replace(lb.check_regularity(simulated(4)), ids=None).of_customers(book)
    assert set(found.index) == {"A", "C", "D", "E", "F"}
    assert found.index[0] == "D"
    assert found.loc["C"].tolist()[:3] == pytest.approx([7, 29.43 / 7 * 7, (38.86 - 29.43) * 7])
    assert found["chance"].is_monotonic_increasing


@pytest.mark.fits
def test_of_regular_purchases_an_unlikely_silence_tells_who_has_left_where_the_model_does_not():
    customers, alive, _ = business(4)
    found = lb.check_regularity(simulated(4)).of_customers(customers)
    gone = found.index[(found["chance"] < 0.01) & (found["gaps"] >= 3)]
    assert len(gone) > 150
    assert alive[gone].mean() < 0.05
    fit = lb.BGNBD(calendar_effects=None).fit(customers, random_seed=1, progressbar=False).thin(100)
    assert fit.probability_alive(customers.subset(gone)).mean() > 0.3


def business(k, size=4000, seed=1, horizon=12.0):
    """Customers with gaps of shape k, in months: histories, who is alive, what they buy in the horizon."""
    rng = np.random.default_rng(seed)
    T, rate, leaving = rng.uniform(6, 36, size), rng.gamma(3, 1 / 12, size), rng.beta(1, 7, size)
    x, t_x, now, coming = (np.zeros(size) for _ in range(4))
    here, alive = np.ones(size, bool), np.zeros(size, bool)
    while here.any():
        now = np.where(here, now + rng.gamma(k, size=size) / k / rate, now)
        alive |= here & (now > T)
        seen = here & (now <= T)
        x, t_x, coming = x + seen, np.where(seen, now, t_x), coming + (here & (now > T) & (now <= T + horizon))
        here &= (now <= T + horizon) & (rng.random(size) >= leaving)
    frame = pd.DataFrame({"customer_id": np.arange(size), "frequency": x.astype(int), "recency": t_x, "T": T})
    return lb.Customers.from_summary(frame, time_unit="month"), alive, coming


@pytest.mark.fits
@pytest.mark.parametrize(("k", "sign"), [(4, 1), (0.4, -1)], ids=["regular", "bursts"])
def test_what_is_said_of_forecasts_is_true(k, sign):
    """If purchases are regular, the silent are thought alive too often, too much is expected, intervals too wide."""
    customers, alive, coming = business(k)
    fit = lb.BGNBD(calendar_effects=None).fit(customers, random_seed=1, progressbar=False).thin(150)
    table, stated = customers.table, fit.probability_alive(customers).mean(("chain", "draw")).to_numpy()
    usual_gap = table["recency"] / table["frequency"].clip(lower=1)
    silent = ((table["frequency"] >= 3) & (table["T"] - table["recency"] > 3 * usual_gap)).to_numpy()
    assert sign * (stated[silent].mean() - alive[silent].mean()) > 0.2
    drawn = fit.predict_purchases(customers, "12 months", random_seed=1)
    expected, spread = drawn.mean(("chain", "draw")).to_numpy(), drawn.var(("chain", "draw")).to_numpy()
    assert sign * (expected.sum() / coming.sum() - 1) > 0.05
    often = (table["frequency"] >= 3).to_numpy()
    assert sign * (spread[often].mean() / ((coming - expected)[often] ** 2).mean() - 1) > 0.1


def test_an_interval_from_bursts_to_regular_is_too_little_to_tell():
    few = lb.check_regularity(log({"A": [40, 70]}))
    assert few.low < 1 / 1.5
    assert few.high > 1.5
    assert not few.enough
    assert few.sentence.startswith("Too few gaps to tell: purchases may be regular, random or in bursts: k = ")
    assert all(lb.check_regularity(simulated(k)).enough for k in (0.3, 1, 4))


def test_customers_of_another_log_are_refused(book):
    found = lb.check_regularity(log({"A": [5, 7, 9], "Zoe": [4, 100]}))
    assert set(found.of_customers(book).index) == set("ACDEF")
    with pytest.raises(InputError, match=r"None of the 6 customers .* is in the log .* \(ids Yan, Zoe\)"):
        lb.check_regularity(log({"Yan": [5, 7, 9], "Zoe": [4, 100]})).of_customers(book)
