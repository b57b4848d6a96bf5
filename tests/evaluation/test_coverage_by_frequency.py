"""Coverage by frequency class: chance raises no alarm, and customers with a rate that drifts are found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.evaluation.count_calibration import findings
from tests.chance import allowed, assert_share

CLASSES = ["0", "1", "2-3", "4-9", "10+"]
WEEKS, AHEAD, CUSTOMERS = 52, 26, 600


@pytest.fixture(scope="module")
def test(backtested, purchases):
    return backtested(purchases, 250)


def played(test, row):
    """The same backtest with one of its predictive draws in place of what happened."""
    drawn = test.predicted_purchases.transpose("chain", "draw", "customer_id").to_numpy().reshape(-1, len(test.actual))
    return replace(test, actual=test.actual.assign(purchases=drawn[row]))


class TestTable:
    def test_shares_are_those_of_each_customer_looked_up(self, test):
        """Independently: the part of each count's probability that lies inside, customer by customer."""
        drawn = test.predicted_purchases.to_numpy().reshape(-1, 2357)
        actual, frequency = test.actual["purchases"].to_numpy(), test.customers.table["frequency"].to_numpy()
        below, equal = (drawn < actual).mean(axis=0), (drawn == actual).mean(axis=0)

        def share_below(level):
            return np.clip((level - below) / np.maximum(equal, 1e-12), 0, 1)

        table = test.coverage_by_frequency()
        assert table.index.tolist() == CLASSES
        ranges = zip(CLASSES, (0, 1, 2, 4, 10), (0, 1, 3, 9, np.inf), strict=True)
        for name, low, high in ranges:
            group = (frequency >= low) & (frequency <= high)
            assert table.loc[name, "customers"] == group.sum()
            for prob in (0.5, 0.8, 0.9):
                inside = share_below((1 + prob) / 2) - share_below((1 - prob) / 2)
                assert table.loc[name, f"eti{100 * prob:g}"] == pytest.approx(inside[group].mean(), abs=1e-9)
            assert table.loc[name, "below_eti80"] == pytest.approx(share_below(0.1)[group].mean(), abs=1e-9)
            assert table.loc[name, "above_eti80"] == pytest.approx(1 - share_below(0.9)[group].mean(), abs=1e-9)

    def test_where_nothing_is_drawn_at_random_it_is_what_coverage_draws(self, test):
        table, size = test.coverage_by_frequency(), 2357
        mean = np.average(table["eti80"], weights=table["customers"])
        assert abs(test.coverage(0.8, "eti")["purchases"] - mean) < allowed() * np.sqrt(0.25 / size)

    def test_tail_probabilities_are_ranks_among_what_the_model_makes_up(self, test):
        """A draw that plays the holdout is one of them: half of such holdouts are among the farther half."""
        tails = pd.concat(
            [played(test, row).coverage_by_frequency()["tail_probability"] for row in range(0, 500, 17)], axis=1
        )
        for name in ("0", "1", "2-3", "4-9"):
            assert_share(tails.loc[name] <= 0.5, 0.5, figures=4)

    def test_few_customers_or_draws_are_not_judged(self, test):
        few = replace(test, predicted_purchases=test.predicted_purchases[:, :100])
        assert few.coverage_by_frequency()["holds"].isna().all()
        small = test.customers.subset(test.customers.table["frequency"].to_numpy() >= 15)
        part = replace(
            test,
            customers=small,
            actual=test.actual.loc[small.ids],
            predicted_purchases=test.predicted_purchases.sel(customer_id=small.ids),
            predicted_spend=None,
        )
        table = part.coverage_by_frequency()
        assert table.index.tolist() == ["10+"]
        assert table.loc["10+", "customers"] < 20
        assert pd.isna(table.loc["10+", "holds"])
        assert "by past purchases" not in repr(part)

    def test_everybody_too_high_is_found_on_one_side(self, test):
        """As where all customers buy more: each has more than 95% of the draws."""
        high = test.predicted_purchases.quantile(0.95, ("chain", "draw")).to_numpy().round().astype(int) + 1
        moved = replace(test, actual=test.actual.assign(purchases=high))
        assert not moved.coverage_by_frequency()["holds"].any()
        assert "Misses on one side: they bought more than forecast" in " ".join(repr(moved).split())


def table_of(**cells):
    row = {"customers": 184, "eti80": 0.63, "below_eti80": 0.19, "above_eti80": 0.18, "holds": False} | cells
    held = {"customers": 999, "eti80": 0.8, "below_eti80": 0.1, "above_eti80": 0.1, "holds": True}
    return pd.DataFrame({"0": held, "1": held | {"holds": pd.NA}, "10+": row}).T.astype({"holds": "boolean"})


@pytest.mark.parametrize(
    ("cells", "on_clock", "said"),
    [
        ({}, False, "63% of 184 customers with 10+ are inside (19% below, 18% above). In 1 other class they hold."),
        ({}, False, "Misses on both sides"),
        ({"below_eti80": 0.35, "above_eti80": 0.02}, False, "they bought less than forecast"),
        ({"below_eti80": 0.02, "above_eti80": 0.35}, False, "calendar_effects='auto' may help"),
        ({"eti80": 0.95, "below_eti80": 0.02, "above_eti80": 0.03}, False, "see check_regularity"),
    ],
)
def test_a_class_that_does_not_hold_is_said_in_words(cells, on_clock, said):
    (line,) = findings(table_of(**cells), on_clock=on_clock)
    assert said in " ".join(line.split())


def test_calendar_effects_are_not_advised_where_they_are_in_the_model():
    (line,) = findings(table_of(below_eti80=0.02, above_eti80=0.35), on_clock=True)
    assert "calendar_effects" not in line


def test_nothing_is_said_where_all_classes_hold_or_are_too_small():
    assert findings(table_of(holds=True), on_clock=False) == []
    assert findings(table_of(holds=pd.NA), on_clock=False) == []


def shop(seed, drift):
    """Orders of customers who all stay, by week: logarithms of rates revert to a customer's own, half in 13 weeks."""
    rng = np.random.default_rng(seed)
    keep = 0.5 ** (1 / 13)
    own, log_rate = rng.gamma(1.5, 0.4 / 1.5, CUSTOMERS), drift * rng.standard_normal(CUSTOMERS)
    rows = [pd.DataFrame({"customer_id": np.arange(CUSTOMERS), "day": 0})]
    for week in range(WEEKS + AHEAD):
        bought = rng.poisson(own * np.exp(log_rate - drift**2 / 2) / 7, (7, CUSTOMERS))
        day, who = np.nonzero(bought)
        rows.append(pd.DataFrame({"customer_id": who, "day": 1 + 7 * week + day}))
        log_rate = keep * log_rate + np.sqrt(1 - keep**2) * drift * rng.standard_normal(CUSTOMERS)
    log = pd.concat(rows)
    log = log.assign(date=pd.Timestamp("2023-01-01") + pd.to_timedelta(log.pop("day"), unit="D"))
    return lb.read_transactions(log, amount=None)


def backtest_of_shop(seed, drift):
    terms = {"as_of": "2023-12-31", "horizon": f"{AHEAD} weeks", "random_seed": 1, "progressbar": False}
    return lb.backtest(shop(seed, drift), **terms)


@pytest.mark.fits
class TestDrift:
    def test_rates_that_drift_are_found_among_frequent_buyers(self):
        found = backtest_of_shop(1, drift=0.8)
        row = found.coverage_by_frequency().loc["10+"]
        assert row["customers"] > 240
        assert row["eti80"] < 0.72
        assert not row["holds"]
        assert min(row["below_eti80"], row["above_eti80"]) > 0.1
        assert "customers with 10+ are inside" in " ".join(repr(found).split())

    @pytest.mark.study
    def test_rates_that_stay_are_covered_as_often_as_promised(self):
        shares = []
        for seed in range(3):
            row = backtest_of_shop(seed, drift=0.0).coverage_by_frequency().loc["10+"]
            shares.append((row["eti80"] - 0.8) / np.sqrt(0.8 * 0.2 / row["customers"]))
        assert np.max(np.abs(shares)) < allowed(3)
