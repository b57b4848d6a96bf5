"""Notices at any time of the period: who has given none yet is likelier to renew. A company simulated coin by coin."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.subscriptions.notices import ENOUGH, PARTS, notice_counts, passed_of_period, still_silent
from ltv_bayes.formulas.models import shifted_beta_geometric as renewing
from tests.chance import allowed

ALPHA, BETA, NUMBER, AS_OF = 1.0, 4.0, 12_000, np.datetime64("2025-07-01")
YEAR = np.timedelta64(365, "D")


@pytest.fixture(scope="module")
def company():
    """Contracts of 365 days; who will not make a renewal says so on a random day of the period before it."""
    rng = np.random.default_rng(1)
    start = np.datetime64("2019-01-01") + rng.integers(0, 2190, NUMBER).astype("m8[D]")
    churn, left = rng.beta(ALPHA, BETA, NUMBER), np.full(NUMBER, 99)
    for renewal in range(9, -1, -1):
        left = np.where(rng.random(NUMBER) < churn, renewal, left)
    notice = start + left * YEAR + rng.integers(1, 365, NUMBER).astype("m8[D]")
    known = (left < 99) & (notice <= AS_OF)
    cancelled = np.where(known, notice, np.datetime64("NaT", "D"))
    records = pd.DataFrame({"customer_id": [f"C{k}" for k in range(NUMBER)], "start": start, "price": 1.0})
    made = (AS_OF - start) // YEAR
    return records.assign(cancelled_on=cancelled), left, made


@pytest.fixture(scope="module")
def renewals(company):
    return lb.summarize_renewals(company[0], period="365 days", as_of=AS_OF.item())


def fit_of(renewals, *, with_notices, **more):
    given = {"alpha": ALPHA, "beta": BETA, **more}
    attrs = lb.ShiftedBetaGeometric()._more_attrs(renewals, None)
    if not with_notices:
        attrs.pop("notices")
    return lb.FittedRenewals.from_draws({name: np.full((2, 200), value) for name, value in given.items()}, **attrs)


def due_within_a_year(company, renewals):
    """How many of those active without a notice made their next renewal, and how many there were."""
    _, left, made = company
    active = (left >= made) & company[0]["cancelled_on"].isna().to_numpy()
    assert active.sum() == (~renewals.table["lost"]).sum()
    return int((left > made)[active].sum()), int(active.sum())


def test_notices_come_at_any_time_of_the_period(renewals):
    [counts] = renewals.notices.values()
    parts = np.array(counts[:20])
    expected = parts.sum() / 20
    assert counts[20:] == (0, 0)
    assert (abs(parts - expected) < allowed(20) * np.sqrt(expected)).all()


def test_values_hold_where_notice_comes_at_any_time(company, renewals):
    made, number = due_within_a_year(company, renewals)
    customers = lb.all_customers(renewals)
    totals = {}
    for with_notices in (True, False):
        stream = lb.Subscription(fit_of(renewals, with_notices=with_notices), renewals)
        ltv = lb.lifetime_value(customers, stream, horizon="365 days", random_seed=1)
        totals[with_notices] = float(ltv.draws.sum("customer_id").mean())
    error = np.sqrt(number * 0.2 * 0.8)
    assert abs(totals[True] - made) < allowed(2) * error
    assert totals[False] < made - 8 * error, "what was too low before"
    lost = number - totals[False]
    assert made - totals[False] == pytest.approx(lost / 2, rel=0.15)


@pytest.mark.parametrize("more", [{}, {"c": 1.6}])
def test_forecasts_agree_with_values(renewals, more):
    fit = fit_of(renewals, with_notices=True, **more)
    some = renewals.subset(np.arange(len(renewals.table)) < 400)
    active = some.active().table
    drawn = fit.predict_renewals(some, 5, random_seed=1)
    stream = lb.Subscription(fit, some)
    money = lb.lifetime_value(lb.all_customers(some), stream, horizon="1825 days", random_seed=1).draws
    by_value = money.sel(customer_id=active.index).mean(("chain", "draw"))
    by_forecast = drawn.mean(("chain", "draw"))
    error = np.sqrt(2 * drawn.var(("chain", "draw")) / 400)
    assert (abs(by_value - by_forecast) < allowed(len(active)) * error + 1e-12).all()
    life = fit.expected_residual_life(some, 0.1).isel(chain=0, draw=0)
    days = np.arange(60) * 365.0
    wait = (active["next_due"] - pd.Timestamp(AS_OF)).dt.days.to_numpy()
    made = active["renewals"].to_numpy()
    [counts] = renewals.notices.values()
    passed = 1 - wait / 365
    silent = 1 - np.interp(passed, np.arange(21) / 20, np.append(0.0, np.cumsum(counts[:20]) / sum(counts)))
    first = renewing.retention(made, alpha=ALPHA, beta=BETA, **more)
    kept = renewing.survival(np.arange(60), alpha=ALPHA, beta=BETA, renewals=made[:, np.newaxis] + 1, **more)
    expected = (
        first / (first + (1 - first) * silent) * (kept * 1.1 ** (-(wait[:, np.newaxis] + days) / 365.2425)).sum(1)
    )
    np.testing.assert_allclose(life, expected, rtol=0.02)


def test_calendar_effects_know_notices_too():
    rng = np.random.default_rng(2)
    size, made, step = 200_000, 3.0, np.array([1.3, 0.8])
    parameters = {"alpha": np.full(size, 0.7), "beta": np.full(size, 3.0)}
    sums = np.broadcast_to(np.cumsum(step), (size, 2))
    left = renewing.draw_renewals_on_clock(rng, np.full(size, made), sums, **parameters, silent=0.4)
    first = float(renewing.survival(step[0], alpha=0.7, beta=3.0, renewals=made))
    chance = first / (first + (1 - first) * 0.4)
    both = chance * float(renewing.survival(step[1], alpha=0.7, beta=3.0, renewals=made + step[0]))
    for least, expected in ((1, chance), (2, both)):
        assert abs((left >= least).mean() - expected) < allowed(2) * np.sqrt(expected * (1 - expected) / size)


def test_records_that_end_on_the_day_say_nothing_of_notices(company):
    records, _, _ = company
    table = pd.DataFrame(
        {"period": "365 days", "lost": True, "notice": [0.0] * 40, "ended_on": pd.Timestamp("2024-01-01")}
    )
    assert notice_counts(table, AS_OF.item()) == {}
    few = records.head(60)
    assert lb.summarize_renewals(few, period="365 days", as_of=AS_OF.item()).notices == {}


@pytest.mark.parametrize("early", [ENOUGH, 60])
def test_a_renewal_is_never_certain(early):
    """All n seen gave notice in the first part of the period: one in n + 1 is thought to tell later."""
    counts = (early // 2, early - early // 2, *[0] * PARTS)
    silent = still_silent(counts, np.array([0.0, 0.3, 0.7, 0.999]))
    assert silent[0] == 1
    np.testing.assert_allclose(silent[1:], 1 / (early + 1))
    assert (renewing.made_by_the_silent(0.8, silent) < 0.8 / (0.8 + 0.2 / (early + 2))).all()


def test_of_an_overdue_renewal_nothing_is_learned():
    table = pd.DataFrame({"period": "month", "next_due": pd.to_datetime(["2024-06-02", "2024-06-01", "2024-05-20"])})
    passed = passed_of_period(table, "2024-06-01")
    assert passed[1] == 1
    silent = still_silent((2,) * PARTS + (0, 0), passed)
    assert silent[0] < 0.1
    assert silent[1:].tolist() == [1, 1]


def test_an_overdue_renewal_is_as_likely_as_any_other(renewals):
    frame = pd.DataFrame({"customer_id": ["late"], "start": ["2022-06-20"], "paid": ["2024-06-19"], "price": 1.0})
    late = lb.summarize_renewals(
        frame, cancelled_on=None, renewed_on="paid", grace="20 days", period="365 days", as_of=AS_OF.item()
    )
    terms = {"horizon": "10 days", "random_seed": 1}
    drawn = [
        lb.lifetime_value(
            lb.all_customers(late), lb.Subscription(fit_of(renewals, with_notices=known), late), **terms
        ).draws
        for known in (True, False)
    ]
    assert drawn[1].std() > 0
    np.testing.assert_array_equal(*drawn)


def test_losses_up_to_the_day_count_and_the_fewest_are_enough():
    day = pd.Timestamp("2024-06-30")
    table = pd.DataFrame({"period": "year", "lost": True, "notice": [100.0] * 10 + [np.nan] * (ENOUGH - 10)})
    counts = notice_counts(table.assign(ended_on=day), day)
    assert sum(counts["year"]) == ENOUGH
    assert notice_counts(table.assign(ended_on=day + pd.Timedelta(1, "D")), day) == {}
    assert notice_counts(table.head(ENOUGH - 1).assign(ended_on=day), day) == {}


def test_a_fit_carries_the_notices_of_the_customers_fitted(renewals):
    attrs = lb.ShiftedBetaGeometric()._more_attrs(renewals, None)
    assert json.loads(attrs["notices"])["365 days"] == list(renewals.notices["365 days"])
    slice_of = renewals.subset(np.arange(len(renewals.table)) < 50)
    fit, customers = fit_of(renewals, with_notices=True), lb.all_customers(renewals)
    terms = {"horizon": "3 years", "random_seed": 1}
    whole = lb.lifetime_value(customers, lb.Subscription(fit, renewals), **terms).draws
    ids = list(slice_of.table.index)
    part = lb.lifetime_value(customers.subset(ids), lb.Subscription(fit, slice_of), **terms).draws
    np.testing.assert_array_equal(part, whole.sel(customer_id=part["customer_id"]))
