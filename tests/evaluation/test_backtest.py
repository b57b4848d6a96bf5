"""Backtests: what is counted, what is compared, and that a wrong model is found out."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.evaluation.backtest import tracked_paths
from ltv_bayes.evaluation.count_calibration import CountDistribution
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from ltv_bayes.predictions.fitted import flat_draws
from tests.chance import allowed
from tests.predictions.test_calendar_effects import on_clock

FITTED = {"r": 0.2425945, "alpha": 4.4136021, "a": 0.7929220, "b": 2.4259068}


@pytest.fixture(scope="module")
def test(backtested, purchases):
    return backtested(purchases, 125)


class TestActual:
    def test_published_holdout(self, test):
        assert test.actual["purchases"].sum() == 1882
        assert len(test.actual) == 2357
        assert test.actual.index.equals(test.customers.ids)

    def test_counts_days_and_nets_returns(self):
        frame = pd.DataFrame(
            [
                ("A", "2024-01-01", 10.0), ("A", "2024-02-01", 20.0), ("A", "2024-02-01", 5.0),
                ("A", "2024-03-01", -5.0), ("A", "2024-04-01", 30.0), ("A", "2024-04-01", -10.0),
                ("A", "2024-12-01", 99.0), ("B", "2024-01-15", 7.0),
            ],
            columns=["customer_id", "date", "amount"],
        )  # fmt: skip
        from ltv_bayes.evaluation.backtest import holdout_occasions, occasions

        orders = lb.read_transactions(frame)
        customers = lb.summarize(orders, as_of="2024-01-31")
        found = holdout_occasions(occasions(orders), customers, dt.date(2024, 1, 31), dt.date(2024, 6, 30))
        assert found.loc["A"].tolist() == [2, 45]
        assert found.loc["B"].tolist() == [0, 0]

    def test_a_log_that_ends_too_early(self, cdnow_orders, purchases, spend):
        with pytest.raises(InputError, match="ends on 1998-06-30, before the holdout"):
            lb.backtest(cdnow_orders, as_of="1998-01-01", horizon="1 year", purchases=purchases, spend=spend)

    def test_a_log_that_goes_on_without_orders(self, cdnow_orders, purchases, spend):
        terms = {"as_of": "1997-09-30", "horizon": "40 weeks", "purchases": purchases.thin(20), "spend": spend.thin(20)}
        with pytest.raises(InputError, match="observed_until"):
            lb.backtest(cdnow_orders, **terms)
        assert lb.backtest(cdnow_orders, **terms, observed_until="1998-07-10").actual["purchases"].sum() == 1882


class TestManyCustomers:
    def test_fewer_draws_of_the_fits_say_the_same(self, cdnow_orders, test, monkeypatch):
        monkeypatch.setattr("ltv_bayes.evaluation.backtest.BACKTEST_NUMBERS", 1)
        monkeypatch.setattr("ltv_bayes.evaluation.backtest.BACKTEST_DRAWS", 200)
        fits = {"purchases": test.purchases, "spend": test.spend}
        fewer = lb.backtest(cdnow_orders, as_of=test.as_of, horizon=test.horizon, random_seed=2, **fits)
        for few, many in (
            (fewer.predicted_purchases, test.predicted_purchases),
            (fewer.predicted_spend, test.predicted_spend),
        ):
            assert few.sizes["chain"] * few.sizes["draw"] == 200 < many.sizes["chain"] * many.sizes["draw"]
            totals = [draws.sum("customer_id", skipna=False).to_numpy() for draws in (few, many)]
            error = np.sqrt(sum(total.var() / total.size for total in totals))
            assert abs(totals[0].mean() - totals[1].mean()) < allowed(2) * error
        assert fewer.purchases is test.purchases


class TestComparison:
    def test_totals(self, test):
        table = test.summary()
        assert table.loc["purchases", "actual"] == 1882
        drawn = test.predicted_purchases.sum("customer_id")
        assert table.loc["purchases", "predicted"] == pytest.approx(float(drawn.mean()))

    def test_published_misfit_of_the_cohort_is_shown(self, test):
        assert not test.summary().loc["purchases", "inside"]

    def test_by_frequency(self, test):
        table = test.by_frequency()
        assert table["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
        assert (table["customers"] * table["actual"]).sum() == pytest.approx(1882)

    def test_tracking_actual_matches_the_paper(self, test):
        table = test.tracking()
        assert test.calibration_length == pytest.approx(272 / 7)
        by_week = dict(zip(np.round(table.index * 7 + 1).astype(int), table["actual"], strict=True))
        assert [by_week[day] for day in (25 * 7, 39 * 7, 78 * 7)] == [1672, 2457, 4339]

    def test_tracked_paths_have_the_published_mean(self, cdnow):
        fit = lb.FittedPurchases.from_draws({n: np.full((1, 400), v) for n, v in FITTED.items()}, time_unit="week")
        starts = cdnow.table["T"].max() - cdnow.table["T"].to_numpy()
        paths = tracked_paths(fit, starts, np.array([25.0, 39.0, 78.0]), 1)
        for drawn, published in zip(paths.T, (1669.6, 2501.5, 4165.7), strict=True):
            assert abs(drawn.mean() - published) < allowed(3) * drawn.std() / np.sqrt(400)
        assert (np.diff(paths, axis=1) >= 0).all()

    def test_tracked_paths_of_who_may_leave_at_once_have_the_mean_of_the_closed_form(self, cdnow, leaving_at_once):
        starts, times = cdnow.table["T"].max() - cdnow.table["T"].to_numpy(), np.array([25.0, 78.0])
        fit = leaving_at_once.thin(50)
        paths = tracked_paths(fit, starts, times, 1)
        new = mbg_nbd.outlook_of_new_customer(**{name: v[:, np.newaxis] for name, v in flat_draws(fit).items()})
        for drawn, time in zip(paths.T, times, strict=True):
            off = drawn - bg_nbd.expected_purchases(np.maximum(time - starts, 0), new).sum(axis=1)
            assert abs(off.mean()) < allowed(2) * off.std() / np.sqrt(off.size)

    def test_paths_of_a_fit_of_an_earlier_day_run_by_the_clock_of_the_customers(self):
        """They begin half a year after the fit, whose factor was 3 until then and is 1 from then on."""
        draws = {name: np.full((1, 400), value) for name, value in FITTED.items()}
        plain = lb.FittedPurchases.from_draws(draws, time_unit="week")
        fit = on_clock(plain, effect=np.log(3.0))
        frame = pd.DataFrame(
            {"frequency": 0, "recency": 0.0, "T": 20.0}, index=pd.Index(range(300), name="customer_id")
        )
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="2024-12-29")
        moved, usual = (
            tracked_paths(one, np.full(300, -20.0), np.array([0.0, 10.0]), 1, customers) for one in (fit, plain)
        )
        np.testing.assert_allclose(moved.mean(axis=0), usual.mean(axis=0), rtol=1e-3)

    @pytest.mark.fits
    def test_on_cdnow_those_who_bought_once_came_back_as_often_as_without_leaving_at_once(
        self, cdnow_orders, cdnow_fits, cdnow_leaving
    ):
        """The two models fit the histories alike; the holdout tells them apart."""
        terms = {"as_of": "1997-09-30", "horizon": "39 weeks", "random_seed": 1, "spend": cdnow_fits[1].thin(250)}
        tests = [lb.backtest(cdnow_orders, purchases=fit.thin(250), **terms) for fit in (cdnow_fits[0], cdnow_leaving)]
        without, leaving = (
            float(
                test.predicted_purchases[..., (test.customers.table["frequency"] == 0).to_numpy()]
                .sum("customer_id")
                .mean()
            )
            for test in tests
        )
        actual = tests[0].actual["purchases"][tests[0].customers.table["frequency"] == 0].sum()
        assert actual == 334
        assert without == pytest.approx(318, abs=6)
        assert leaving == pytest.approx(262, abs=6)

    @pytest.mark.parametrize("unit", ["day", "month"])
    def test_tracking_in_another_unit_than_the_fit(self, cdnow_orders, purchases, spend, test, unit):
        fits = {"purchases": purchases.thin(50), "spend": spend.thin(50)}
        other = lb.backtest(
            cdnow_orders, as_of="1997-09-30", horizon="39 weeks", time_unit=unit, random_seed=1, **fits
        ).tracking()
        assert other["actual"].iloc[-1] == 4339
        assert other["predicted"].iloc[-1] == pytest.approx(test.tracking()["predicted"].iloc[-1], rel=0.05)

    def test_a_fit_that_saw_the_holdout_is_refused(self, cdnow_orders, purchases, spend):
        knowing = lb.FittedPurchases.from_draws(purchases.draws, time_unit="week", as_of="1998-06-30")
        with pytest.raises(InputError, match="has seen orders until 1998-06-30"):
            lb.backtest(cdnow_orders, as_of="1997-09-30", horizon="39 weeks", purchases=knowing, spend=spend)

    def test_a_log_without_amounts_compares_purchases(self, cdnow_orders, purchases, test):
        bare = cdnow_orders.table[["customer_id", "date"]].drop_duplicates()
        orders = lb.read_transactions(bare, amount=None)
        without = lb.backtest(
            orders, as_of="1997-09-30", horizon="39 weeks", purchases=purchases.thin(125), random_seed=1
        )
        assert without.spend is None
        assert without.predicted_spend is None
        assert without.actual.columns.tolist() == ["purchases"]
        assert without.summary().index.tolist() == ["purchases", "active_customers"]
        pd.testing.assert_frame_equal(without.summary(), test.summary().drop(index="spend"))
        assert without.coverage(0.9).index.tolist() == ["purchases", "purchases_closed"]
        assert "the log has no amounts: spend is not compared" in repr(without)
        assert without.pit_p_value() == test.pit_p_value()

    def test_orders_without_an_amount_are_named(self, cdnow_orders, purchases, spend):
        table = cdnow_orders.table.copy()
        late = table.index[table["date"] > "1997-09-30"][:100]
        table.loc[late, "amount"] = np.nan
        terms = {"as_of": "1997-09-30", "horizon": "39 weeks", "purchases": purchases.thin(20), "spend": spend.thin(20)}
        shown = repr(lb.backtest(replace(cdnow_orders, table=table), **terms))
        number = (cdnow_orders.table["date"] > "1997-09-30").sum()
        assert f"100 of {number:,} orders in the holdout have no amount: actual spend is too low" in shown

    def test_repr_states_coverage(self, test):
        inside = test.coverage(0.9)
        first, second = repr(test).split("inside the closed")
        assert "inside their own 90% interval, a value on a bound counted in part" in first
        assert f"{inside['purchases']:.1%} of customers for purchases, {inside['spend']:.1%} for spend" in first
        assert f"{inside['purchases_closed']:.1%} and {inside['spend_closed']:.1%}" in second
        assert "<script" not in test._repr_html_()


class TestCalibration:
    def test_coverage_of_the_shop(self, test):
        inside = test.coverage(0.9)
        assert inside.index.tolist() == ["purchases", "spend", "purchases_closed", "spend_closed"]
        assert inside.name == "inside_eti90"
        assert 0.86 <= inside["spend"] <= 0.92
        assert 0.86 <= inside["purchases"] <= 0.92
        assert 0.90 <= inside["spend_closed"] <= 0.96
        assert 0.90 <= inside["purchases_closed"] <= 0.97

    def test_coverage_reaches_its_level_where_the_model_holds_and_closed_intervals_more(self, test):
        """Outcomes drawn by the model itself: the error of a share of 2,357 is 0.008 at 0.8."""
        drawn = {"purchases": test.predicted_purchases[0, 7], "spend": test.predicted_spend[0, 7]}
        actual = pd.DataFrame({what: one.to_numpy() for what, one in drawn.items()}, index=test.actual.index)
        inside = replace(test, actual=actual).coverage(0.8)
        for what in drawn:
            assert abs(inside[what] - 0.8) < allowed(2) * np.sqrt(0.8 * 0.2 / 2357)
            assert inside[f"{what}_closed"] > inside[what] + 0.05

    def test_coverage_of_purchases_is_that_of_the_pit(self, test):
        pit = test.pit()
        assert test.coverage(0.9)["purchases"] == pytest.approx(pit.between(0.05, 0.95).mean())
        low, high = np.quantile(test.predicted_purchases.to_numpy().reshape(-1, 2357), [0.05, 0.95], axis=0)
        assert test.coverage(0.9)["purchases_closed"] == test.actual["purchases"].between(low, high).mean()

    def test_p_value_is_the_one_of_each_customer_looked_up(self, test):
        """Independently: the PIT's conditional distribution function, customer by customer."""
        drawn = test.predicted_purchases.to_numpy().reshape(-1, 2357)
        levels = np.linspace(0.025, 0.975, 39)

        def distance(counts):
            below, equal = (drawn < counts).mean(axis=0), (drawn == counts).mean(axis=0)
            inside = np.clip((levels[:, np.newaxis] - below) / np.maximum(equal, 1e-12), 0, 1)
            return np.abs(inside.mean(axis=1) - levels).max()

        rows = np.random.default_rng(test.random_seed).permutation(len(drawn))[:1000]
        simulated = np.array([distance(drawn[row]) for row in rows[:40]])
        chance = CountDistribution(drawn.astype(np.int64))
        assert [chance.distance_from_uniform(drawn[row]) for row in rows[:40]] == pytest.approx(simulated)
        observed = distance(test.actual["purchases"].to_numpy())
        assert chance.distance_from_uniform(test.actual["purchases"].to_numpy()) == pytest.approx(observed)
        everything = (1 + np.sum([distance(drawn[row]) >= observed for row in rows])) / (1 + rows.size)
        assert test.pit_p_value() == pytest.approx(everything, abs=2 / (1 + rows.size))

    def test_coverage_finds_a_wrong_model_out(self, cdnow_orders, purchases, spend):
        stingy = lb.FittedSpend.from_draws({**spend.draws, "v": spend.draws["v"] / 30}, currency="USD").thin(100)
        rare = lb.FittedPurchases.from_draws(
            {**purchases.draws, "alpha": purchases.draws["alpha"] * 4}, time_unit="week"
        )
        wrong = lb.backtest(
            cdnow_orders, as_of="1997-09-30", horizon="39 weeks", purchases=rare.thin(100), spend=stingy, random_seed=1
        )
        assert wrong.coverage(0.9)["spend"] < 0.9
        assert wrong.pit_p_value() < 0.01

    def test_pit_of_the_model_itself_is_uniform(self):
        rng = np.random.default_rng(1)
        future = bg_nbd.Outlook(*(np.full((2000, 300), v) for v in bg_nbd.outlook(2, 30.43, 38.86, **FITTED)))
        drawn = bg_nbd.draw_purchases(rng, 39.0, future).number.astype(int)
        chance = CountDistribution(drawn)
        right = np.mean([chance.distance_from_uniform(row) for row in drawn[:50]])
        wrong = np.mean([chance.distance_from_uniform(row + 1) for row in drawn[:50]])
        assert right < 0.05
        assert wrong > 0.2

    def test_pit_values_are_probabilities(self, test):
        pit = test.pit()
        assert pit.between(0, 1).all()
        assert pit.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.fits
class TestRealFit:
    """The demands on CDNOW, with fits as a user makes them."""

    @pytest.fixture(scope="class")
    @staticmethod
    def real(cdnow_orders, cdnow_fits):
        fits = dict(zip(("purchases", "spend"), (fit.thin(250) for fit in cdnow_fits), strict=True))
        return lb.backtest(cdnow_orders, as_of="1997-09-30", horizon="39 weeks", random_seed=1, **fits)

    def test_spend_intervals_hold(self, real):
        assert 0.86 <= real.coverage(0.9)["spend"] <= 0.92
        assert 0.90 <= real.coverage(0.9)["spend_closed"] <= 0.96

    def test_counts_are_not_distinguishable_from_the_model(self, real):
        assert real.pit_p_value() > 0.02

    def test_expectation_is_not_a_distribution_of_outcomes(self, real, cdnow, cdnow_fits):
        """The peers' interval, of the expectation, holds what happened for almost nobody."""
        purchases, spend = (fit.thin(250) for fit in cdnow_fits)
        expected = purchases.expected_purchases(cdnow, "39 weeks") * spend.expected_spend(cdnow)
        low, high = np.quantile(expected.to_numpy().reshape(-1, len(cdnow)), [0.05, 0.95], axis=0)
        inside = np.mean((real.actual["spend"] >= low) & (real.actual["spend"] <= high))
        assert inside < 0.1
