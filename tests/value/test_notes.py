"""What a value says of itself before anybody relies on it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.value.lifetime_value import valued_of

TERMS = {"horizon": ["1 year", "3 years"], "random_seed": 1}


def value(book, purchases, spend, rows, relation="additional"):
    judged = lb.FutureValuePriors.from_judgements(
        pd.DataFrame([{"probability": 0.9, "low": 20.0, "high": 60.0, **row} for row in rows]), relation=relation
    )
    return lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=judged, **TERMS)


def said(notes, words):
    return [note for note in notes if words in note]


class TestWindows:
    """Days within which an opportunity may occur: before the horizon, across it, after it."""

    @pytest.fixture
    def ltv(self, book, purchases, spend):
        windows = [("1998-01-01", "1998-06-30"), ("1998-09-01", "1998-12-31"), ("1999-01-01", "1999-12-31")]
        rows = [
            {"customer_id": who, "expected_from": first, "expected_to": last}
            for who, (first, last) in zip("ACE", windows, strict=True)
        ]
        return value(book, purchases, spend, rows).at("1 year")

    def test_a_window_that_straddles_the_horizon_is_told(self, ltv):
        assert said(ltv.notes(), "judged opportunity may occur after the horizon, and then does not count (row 1)")
        assert said(ltv.notes(), "1 judged opportunity expected after the horizon does not count (row 2)")

    def test_the_part_before_the_horizon_counts(self, ltv):
        """The mean is the chance times the mean amount times the part of the days that lie before the horizon."""
        first, last, end = dt.date(1998, 9, 1), dt.date(1998, 12, 31), dt.date(1998, 9, 30)
        stated = valued_of(ltv).future_value.table.iloc[1]
        part = (end - first).days / (last - first).days
        judged = ltv.components["judged"].sel(customer_id="C")
        assert float(judged.mean()) == pytest.approx(0.9 * stated["mean"] * part, rel=0.15)

    def test_nothing_is_said_where_all_lie_within(self, ltv):
        assert not said(ltv.at("3 years").notes(), "after the horizon")


class TestOpinions:
    """Opinions on a whole value are no opportunities."""

    def test_they_have_no_date_to_be_without(self, book, purchases, spend):
        rows = [{"customer_id": "E", "low": 100.0, "high": 220.0}]
        opinion = value(book, purchases, spend, rows, relation="same_total")
        opportunity = value(book, purchases, spend, rows)
        assert said(opportunity.notes(), "without a date may occur on any day")
        assert not said(opinion.notes(), "opportunit")


def test_a_value_of_one_draw_says_that_it_has_no_interval():
    fits = [
        kind.from_draws({name: [[2.5]] for name in names}, **unit)
        for kind, names, unit in (
            (lb.FittedPurchases, ("r", "alpha", "a", "b"), {"time_unit": "week"}),
            (lb.FittedSpend, ("p", "q", "v"), {}),
        )
    ]
    table = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [9], "T": [20], "monetary_value": [5]})
    customers = lb.Customers.from_summary(table, time_unit="week")
    value = lb.lifetime_value(customers, [lb.RepeatPurchases(*fits)], horizon="1 year", random_seed=1)
    assert "1 draw of the posterior: too few for intervals" in str(value)


class TestCommonShare:
    """Of the variance of the total: what parameters and calendar effects move for all customers."""

    @pytest.fixture
    def many(self):
        frame = pd.DataFrame({"frequency": 3, "recency": 30.0, "T": 40.0, "monetary_value": 10.0}, range(200))
        return lb.Customers.from_summary(frame.rename_axis("customer_id"), time_unit="week", as_of="2024-06-30")

    def share(self, customers, r, alpha):
        given = {"r": r, "alpha": alpha, "a": np.full_like(r, 0.8), "b": np.full_like(r, 2.5)}
        spend = {name: np.full_like(r, value) for name, value in {"p": 6.0, "q": 4.0, "v": 15.0}.items()}
        stream = lb.RepeatPurchases(
            lb.FittedPurchases.from_draws(given, time_unit="week"), lb.FittedSpend.from_draws(spend)
        )
        return lb.lifetime_value(customers, stream, horizon="1 year", random_seed=1)

    def test_known_parameters_leave_chance_alone(self, many):
        ltv = self.share(many, np.full((4, 1000), 0.3), np.full((4, 1000), 5.0))
        assert valued_of(ltv).results.common_share(0) < 0.1

    def test_against_the_variance_of_means(self, many):
        """The law of total variance: the variance over draws of the mean given parameters, over all of it."""
        factor = np.exp(np.random.default_rng(1).normal(0, 0.3, (4, 1000)))
        ltv = self.share(many, np.full((4, 1000), 0.3), 5.0 / factor)
        draws = ltv.draws.to_numpy().reshape(4000, 200)
        halves = draws[:, :100].sum(axis=1), draws[:, 100:].sum(axis=1)  # alike, and independent given the factor
        expected = 2 * np.cov(*halves)[0, 1] * 2 / np.var(sum(halves))
        found = valued_of(ltv).results.common_share(0)
        assert found == pytest.approx(expected, abs=0.05)
        assert said(ltv.notes(), "of the variance of the total is common to all customers")
