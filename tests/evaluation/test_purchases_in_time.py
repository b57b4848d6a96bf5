"""What moves all customers at once is found by a check, named, and not found where it is not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.evaluation import check as checking
from ltv_bayes.evaluation import purchases_in_time as in_time
from ltv_bayes.formulas.models import bg_nbd
from tests.chance import allowed, assert_mean, converging
from tests.companies import AS_OF, simulated_orders
from tests.evaluation.test_totals import FACTORS, fitted

LAW = {"r": 1.5, "alpha": 60.0, "a": 2.0, "b": 18.0}
DAYS = 913  # two and a half years
QUANTITIES = {
    "drift": in_time.DRIFT,
    "season": in_time.SEASON,
    "spread": in_time.SPREAD.format(period="month"),
}


def company(seed, factor=np.ones_like, customers=600, **other):
    orders = simulated_orders(seed, customers=customers, days=DAYS, factor=factor, **other)
    return lb.summarize(orders, as_of=AS_OF, time_unit="week")


def known(draws=500):
    """A fit that knows the parameters, per day."""
    return lb.FittedPurchases.from_draws(
        {name: np.full((2, draws), value) for name, value in LAW.items()}, time_unit="day"
    )


def true_to_the_model(seed, size=400, days=DAYS):
    """Customers of BG/NBD with the parameters above, drawn gap by gap."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, days, size).astype(float)
    rate, leaving = rng.gamma(LAW["r"], size=size) / LAW["alpha"], rng.beta(LAW["a"], LAW["b"], size)
    owner, when, time, alive = [np.arange(size)], [start], start, np.ones(size, dtype=bool)
    while alive.any():
        time = time + rng.exponential(1 / rate)
        alive &= time < days
        owner.append(np.flatnonzero(alive))
        when.append(np.ceil(time[alive]))
        alive &= rng.random(size) > leaving
    dates = AS_OF + pd.to_timedelta(np.concatenate(when) - days, unit="D")
    orders = pd.DataFrame({"customer_id": np.concatenate(owner), "date": dates, "amount": 1.0})
    return lb.summarize(lb.read_transactions(orders), as_of=AS_OF, time_unit="day")


def rows_of(checks):
    table = checks.table.droplevel("model")
    return table.loc[[name for name in QUANTITIES.values() if name in table.index]]


class TestCounts:
    def test_observed_counts_are_those_by_day(self):
        customers = true_to_the_model(1)
        table = lb.check(customers, known(), random_seed=1).by_period.loc["bg_nbd"]
        days = customers.repeat_days
        month = 365.25 / 12
        age = ((AS_OF - days.index).days // month).astype(int)
        np.testing.assert_array_equal(table["observed"].to_numpy()[::-1], np.bincount(age, days, len(table)))
        assert table["to"].iloc[-1] == AS_OF
        assert (table["to"].iloc[:-1].to_numpy() == table["from"].iloc[1:].to_numpy()).all()

    def test_expected_counts_are_those_of_the_formula(self):
        """Of each customer, expected purchases by the end of a period less those by its begin."""
        customers, fit = true_to_the_model(2), known(100)
        counts = in_time.held_in_time(fit, customers, customers, 1).counts
        T, number = customers.table["T"].to_numpy(), counts.calendar.number
        new = bg_nbd.outlook_of_new_customer(**LAW)
        edges = np.ceil(np.arange(number) * counts.calendar.length)  # in whole days
        by_end = np.array([new.expected_purchases(np.maximum(T - edge, 0.0)).sum() for edge in [*edges, T.max()]])
        drawn = counts.replicated.sum(axis=1)
        errors = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
        off = np.abs(drawn.mean(axis=0) + np.diff(by_end))
        assert (off <= allowed(number) * np.maximum(errors, 0.03)).all()

    def test_ages_are_in_classes_that_double(self):
        found = in_time._age_class(np.array([0.0, 1.0, 1.01, 2.0, 2.1, 4.0, 8.0, 8.5]))
        assert found.tolist() == [0, 0, 1, 1, 2, 2, 3, 4]

    def test_classes_of_observed_counts_add_up(self):
        customers, fit = true_to_the_model(3), known(5)
        counts = in_time.held_in_time(fit, customers, customers, 1).counts
        assert counts.observed.sum() == customers.table["frequency"].sum()
        table, own = customers.table, customers.rows.own_days
        first = table["first_order"].to_numpy().astype("datetime64[D]").astype(int)
        age = own.days - np.repeat(first, np.diff(own.ends, prepend=0))
        up_to_a_month = (age <= 365.25 / 12).sum()
        assert counts.observed[0].sum() == up_to_a_month


class TestTrend:
    def test_a_slope_is_found_within_ages(self):
        """Counts that rise by period and fall by age, exactly: another expected fall by age makes no trend."""
        time = np.linspace(-2.5, 0.0, 30)
        expected = np.exp(np.random.default_rng(1).normal(3, 0.5, (4, 30)))
        counts = expected * np.array([[5.0], [2.0], [1.0], [0.3]]) * np.exp(0.4 * time)
        slope, fitted = in_time._trend(counts[np.newaxis], expected, time)
        assert slope[0] == pytest.approx(0.4, abs=1e-6)
        np.testing.assert_allclose(fitted[0], counts.sum(axis=0), rtol=1e-6)

    def test_without_purchases_of_an_age_there_is_no_harm(self):
        counts = np.zeros((3, 2, 10))
        counts[:, 0] = 7.0
        slope, fitted = in_time._trend(counts, np.ones((2, 10)), np.arange(10.0))
        np.testing.assert_allclose(slope, 0.0, atol=1e-12)
        np.testing.assert_allclose(fitted, 7.0)


class TestNothingMoves:
    def test_false_alarms_are_rare(self):
        """With known parameters, tails are those of chance: two-sided for a drift, half of that for the others."""
        tables = [rows_of(lb.check(true_to_the_model(seed, 40), known(), random_seed=seed)) for seed in range(16)]
        assert all(len(table) == 3 for table in tables)
        tails = np.array([table["tail_probability"] for table in tables])
        assert_mean(tails[:, 0] < 0.5, 0.5)
        assert sum(not table["holds"].all() for table in tables) <= 8  # at most 0.1 each: once in 10^5 runs

    def test_counts_of_all_are_enough(self):
        """Of a ready table, whose purchases have no customers."""
        customers = true_to_the_model(4)
        terms = {"time_unit": "day", "as_of": AS_OF, "repeat_days": customers.repeat_days}
        ready = lb.Customers.from_summary(customers.table, **terms)
        one, other = (lb.check(some, known(), random_seed=1) for some in (customers, ready))
        assert len(rows_of(other)) == 3
        pd.testing.assert_frame_equal(other.by_period, one.by_period)

    def test_some_of_all_are_checked(self, monkeypatch):
        monkeypatch.setattr(checking, "CHECKED_CUSTOMERS", 150)
        customers = true_to_the_model(5)
        found = lb.check(customers, known(), random_seed=1)
        assert 0.2 < found.by_period["observed"].sum() / customers.repeat_days.sum() < 0.6
        assert len(rows_of(found)) == 3


class TestWhatIsUnknown:
    def test_without_days(self):
        customers = replace(true_to_the_model(6), repeat_days=None)
        found = lb.check(customers, known(5), random_seed=1)
        assert found.by_period is None
        assert rows_of(found).empty
        assert any("days of repeat purchases are not known" in one and "repeat_days=" in one for one in found.remarks)
        with pytest.raises(lb.errors.InputError, match="days of repeat purchases are not known"):
            lb.plot_purchases_by_period(found)

    def test_of_few_purchases(self):
        found = lb.check(true_to_the_model(7, size=5, days=100), known(5), random_seed=1)
        assert any("fewer than 4 weeks" in one for one in found.remarks)


def test_those_observed_until_an_earlier_day_are_expected_until_then():
    customers, fit = true_to_the_model(8), known(100)
    early = customers.table.query("recency < 300 and T > 700").index
    assert len(early) > 20
    ended = customers.observed_until(dict.fromkeys(early, AS_OF - pd.Timedelta(365, "D")))
    all_of, until = (in_time.held_in_time(fit, one, one, 1).counts for one in (customers, ended))
    np.testing.assert_array_equal(until.observed, all_of.observed)
    fewer = until.replicated.mean(axis=0).sum(axis=0) / all_of.replicated.mean(axis=0).sum(axis=0)
    assert (fewer[:11] < 0.97).all()
    assert fewer[13:20] == pytest.approx(1.0, abs=0.1)


STRONG = {
    "drift": lambda day: 4.0 ** (day / DAYS - 1),
    "season": lambda day: np.where((day % 365.25) / 365.25 > 0.75, 1.0, 0.3),
    "spread": lambda day: np.where(np.random.default_rng(1).random(40)[(day // 30).astype(int)] > 0.7, 1.0, 0.35),
}


@pytest.mark.fits
@pytest.mark.parametrize("kind", STRONG)
def test_what_moves_all_is_found_and_a_fit_with_calendar_effects_passes(kind):
    """Effects many standard errors large."""
    customers = company(1, STRONG[kind], customers=150, mean_rate=0.04)
    plain = lb.BGNBD(calendar_effects=None).fit(customers, random_seed=1, progressbar=False, draws=250)
    effects = lb.BGNBD(calendar_effects="auto").fit(customers, random_seed=1, progressbar=False, draws=250)
    found = lb.check(customers, plain, random_seed=1)
    assert not rows_of(found).loc[QUANTITIES[kind], "holds"]
    name = QUANTITIES[kind]
    [sentence] = [one for one in found.findings if name in one]
    assert "calendar_effects='auto'" in sentence
    if kind == "drift":
        assert "rises by" in sentence
        assert "too low if the rate stays" in sentence
    assert rows_of(lb.check(customers, effects, random_seed=1))["holds"].all()


@pytest.mark.study
class TestStudy:
    """Of 20 companies of 3,000 customers each, simulated by other rules."""

    COMPANIES, SIZE = 20, 3000

    @pytest.mark.parametrize("effects", [None, "auto"])
    @pytest.mark.parametrize("kind", FACTORS)
    def test_what_moves_all_is_found(self, kind, effects):
        number = self.COMPANIES if effects is None else 5
        held = []
        for seed in range(number):
            customers = company(seed, FACTORS[kind](np.random.default_rng([seed, 7])), self.SIZE)
            model = partial(fitted, lb.BGNBD(calendar_effects=effects), customers)
            fit = converging(model, seed, seed + 1000, seed + 2000)
            table = lb.check(customers, fit, random_seed=seed).table.droplevel("model")
            held.append([table.loc[name, "holds"] for name in QUANTITIES.values()])
        found = ~np.array(held, dtype=bool)
        by_quantity = ", ".join(f"{name} {n}" for name, n in zip(QUANTITIES, found.sum(axis=0), strict=True))
        some = found.any(axis=1)
        print(f"{kind}, calendar_effects={effects!r}: found in {some.sum()} of {number} companies ({by_quantity})")
        if kind == "none" or effects is not None:
            assert some.mean() <= 0.4  # of 0.1 at most: by chance in one study of 1,000
        else:
            assert some.mean() >= 0.3
