"""Several horizons from one pass, and what comes in each future year, against closed forms and one another."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.terms import Terms
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import FALSE_ALARM, allowed

HORIZONS = ["3 years", "1 year", "18 months"]
TERMS = {"discount_rate": 0.10, "margin": 0.35, "random_seed": 4}

pytestmark = pytest.mark.filterwarnings("ignore:.*stated as certain:ltv_bayes.errors.DataWarning")


@pytest.fixture(scope="module")
def judged():
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "E", "E"],
            "probability": [1.0, 0.9, 1.0],
            "low": [50.0, 20.0, 10.0],
            "high": [200.0, 60.0, 10.0],
            "opportunity": ["any day", "second year", "after the horizon"],
            "expected_on": [None, "1999-03-01", "2001-01-01"],
        }
    )
    return lb.FutureValuePriors.from_judgements(frame).with_relation("additional", shows_life=False)


@pytest.fixture(scope="module")
def value(book, purchases, spend, judged):
    stream = lb.RepeatPurchases(purchases, spend)
    settings = {"future_value": judged, "realised": True, "horizon": HORIZONS, **TERMS}
    return lambda **more: lb.lifetime_value(book, stream, **{**settings, **more})


@pytest.fixture(scope="module")
def ltv(value):
    return value()


class TestHorizons:
    def test_the_longest_is_reported(self, ltv):
        assert valued_of(ltv).horizons == ["1 year", "18 months", "3 years"]
        assert str(ltv.settings).startswith("3 years")
        assert ltv.at("3 years").draws.identical(ltv.draws)

    def test_each_agrees_with_the_closed_form(self, ltv, book, purchases, spend):
        for horizon in HORIZONS:
            found = ltv.at(horizon).components["repeat_purchases"]
            number = purchases.expected_discounted_purchases(book, horizon=horizon, discount_rate=0.10)
            expected = 0.35 * (number * spend.expected_spend(book)).mean(("chain", "draw"))
            error = found.std(("chain", "draw")) / np.sqrt(1000)
            assert (abs(found.mean(("chain", "draw")) - expected) < allowed(100) * error).all()

    def test_each_has_the_distribution_of_its_own_valuation(self, ltv, value):
        """Draws of a shorter horizon are the longer one's without what comes later: another sample, one law."""
        from scipy import stats

        for horizon in ("1 year", "18 months"):
            alone = value(horizon=horizon, random_seed=5)
            pairs = (value.components["repeat_purchases"].T for value in (ltv.at(horizon), alone))
            for one, other in zip(*pairs, strict=True):
                assert (
                    stats.ks_2samp(one.to_numpy().ravel(), other.to_numpy().ravel(), method="asymp").pvalue
                    > FALSE_ALARM
                )

    def test_money_only_comes_in(self, ltv):
        assert (ltv.at("1 year").draws <= ltv.at("18 months").draws + 1e-9).all()
        assert (ltv.at("18 months").draws <= ltv.draws + 1e-9).all()

    def test_dated_opportunities_come_when_they_are_due(self, ltv):
        late = ltv.at("1 year").components["judged"].sel(customer_id="E")
        assert (late == 0).all()
        due = ltv.at("18 months").components["judged"].sel(customer_id="E")
        years = (pd.Timestamp("1999-03-01") - pd.Timestamp("1997-09-30")).days / 365.25
        assert float((due > 0).mean()) == pytest.approx(0.9, abs=0.04)
        paid = due.to_numpy()[due.to_numpy() > 0] / 0.35 * 1.1**years
        assert np.quantile(paid, [0.1, 0.9]) == pytest.approx([20, 60], rel=0.1)

    def test_an_opportunity_of_any_day_comes_with_the_horizon(self, ltv):
        came = [
            float((ltv.at(h).components["judged"].sel(customer_id="A") > 0).mean()) for h in valued_of(ltv).horizons
        ]
        assert came == pytest.approx([1 / 3, 1 / 2, 1], abs=0.05)

    def test_every_answer_is_given_for_the_horizon(self, ltv):
        short = ltv.at("1 year")
        assert "1 year" in repr(short)
        np.testing.assert_allclose(short.total(), short.draws.sum("customer_id"))
        np.testing.assert_allclose(short.summary()["median"], short.draws.median(("chain", "draw")))
        np.testing.assert_allclose(short.explain("A").loc["total", "mean"], short.summary().loc["A", "mean"])
        np.testing.assert_allclose(short.by("industry").total.sum("segment"), short.total())
        np.testing.assert_allclose(short.probability_above(9), (short.draws > 9).mean(("chain", "draw")))

    def test_table_by_horizon(self, ltv):
        table = ltv.by_horizon(ci_prob=0.8)
        assert list(table.index) == valued_of(ltv).horizons
        for horizon, row in table.iterrows():
            total = ltv.at(horizon).total().to_numpy().ravel()
            assert row["mean"] == pytest.approx(ltv.at(horizon).summary()["mean"].sum())
            assert row["eti80_ub"] == pytest.approx(np.quantile(total, 0.9))
        assert list(ltv.at("18 months").by_horizon().index) == ["1 year", "18 months"]
        of_one = ltv.by_horizon("E")
        assert of_one.loc["1 year", "mean"] == pytest.approx(ltv.at("1 year").explain("E").loc["total", "mean"])

    def test_kept_or_not(self, ltv, value):
        streamed = value(keep_draws=False)
        for horizon in HORIZONS:
            pd.testing.assert_frame_equal(streamed.at(horizon).summary(0.7), ltv.at(horizon).summary(0.7))
            some, others = streamed.at(horizon).by("industry").total, ltv.at(horizon).by("industry").total
            np.testing.assert_array_equal(some, others)
        assert valued_of(streamed).results.kept is None

    def test_a_horizon_that_was_not_asked_for(self, ltv):
        with pytest.raises(InputError, match=r"not made at 2 years, but at 1 year, 18 months, 3 years. Ask for it"):
            ltv.at("2 years")

    def test_the_same_length_in_other_words(self, ltv):
        assert ltv.at("12 months").draws.identical(ltv.at("1 year").draws)

    @pytest.mark.parametrize(
        ("horizons", "message"), [([], "No horizon"), (["1 year", "12 months"], "are the same"), ([1, 2], "no unit")]
    )
    def test_wrong_horizons(self, value, horizons, message):
        with pytest.raises(UnitError, match=message):
            value(horizon=horizons)


class TestCashFlow:
    def test_years_add_up_to_the_value(self, ltv):
        flow = ltv.cash_flow()
        assert list(flow.index) == [1, 2, 3]
        assert flow["until"].tolist() == pytest.approx([1, 2, 3])
        future = ltv.explain().drop(["realised", "total"])["mean"].sum()
        assert flow["mean"].sum() == pytest.approx(future)
        assert flow["mean_judged"].sum() == pytest.approx(ltv.explain().loc["judged", "mean"])
        assert "mean_realised" not in flow

    def test_each_year_agrees_with_the_closed_form(self, value, book, purchases, spend):
        """A year's money is the difference of two horizons of the closed form."""
        ltv = value(future_value=None, realised=False, horizon="3 years")
        each = spend.expected_spend(book)
        until = [
            (purchases.expected_discounted_purchases(book, horizon=f"{year} years", discount_rate=0.10) * each)
            for year in (1, 2, 3)
        ]
        expected = 0.35 * np.diff([0.0, *(float(worth.sum("customer_id").mean()) for worth in until)])
        flow = ltv.cash_flow()
        assert (abs(flow["mean"] - expected) < allowed(100) * flow["sd"] / np.sqrt(1000)).all()

    def test_the_last_year_may_be_a_part(self, ltv):
        flow = ltv.at("18 months").cash_flow("C")
        assert flow["until"].tolist() == pytest.approx([1, 1.5])
        assert flow["mean"].sum() == pytest.approx(ltv.at("18 months").explain("C").loc["repeat_purchases", "mean"])

    def test_half_years_belong_to_their_year(self, value):
        with_marks = value(horizon=["6 months", "2 years"]).cash_flow()
        without = value(horizon="2 years").cash_flow()
        pd.testing.assert_frame_equal(with_marks, without)

    def test_a_short_horizon_is_one_part_of_a_year(self, value):
        assert value(horizon="39 weeks").cash_flow()["until"].tolist() == pytest.approx([39 * 7 / 365.25])

    def test_an_unconverged_fit_says_so(self, ltv):
        import dataclasses

        careful = lb.LifetimeValue(dataclasses.replace(valued_of(ltv), caution="fit did not converge"))
        for table in (careful.cash_flow(), careful.by_horizon()):
            assert set(table["caution"]) == {"fit did not converge"}


class TestPeriods:
    @pytest.mark.parametrize(
        ("horizons", "ends"),
        [
            ("3 years", [1, 2, 3]),
            ("36 months", [1, 2, 3]),
            (["1 year", "18 months"], [1, 1.5]),
            ("10 days", [10 / 365.25]),
            (["5 years", "30 months"], [1, 2, 2.5, 3, 4, 5]),
        ],
    )
    def test_ends(self, horizons, ends):
        terms = Terms.read(horizons, 0.1, None)
        np.testing.assert_allclose(terms.edges("year"), ends)
        assert terms.edges("week")[-1] == terms.length("week")
        assert terms.periods_until()[-1] == len(ends)
