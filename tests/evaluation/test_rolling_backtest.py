"""Backtests of many origins: each is the backtest one would have made then, and the verdict says what they show."""

import datetime as dt
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.evaluation.known_judgements import known_on
from ltv_bayes.evaluation.refitting import counts_until
from ltv_bayes.evaluation.rolling import verdict
from ltv_bayes.evaluation.rolling.cohorts import cohort_names
from ltv_bayes.evaluation.rolling.forecast import naive_forecasts
from ltv_bayes.evaluation.rolling.kept import TABLES, fingerprint
from ltv_bayes.evaluation.rolling.origins import windows_apart
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.predictions.fitted import shape_of, shuffled, thinned_to
from ltv_bayes.time_units import Duration
from tests.chance import allowed

HORIZON, DAYS = "13 weeks", ["1997-07-01", "1997-09-30", "1997-12-30", "1998-03-31"]


class Recorded:
    """A model with a given fit that records what it was fitted to, and may fail at a day."""

    def __init__(self, fit, fails_at=None):
        self.given, self.fails_at, self.seen = fit, fails_at, []

    def __repr__(self):
        return "Recorded()"

    def fit(self, customers, **settings):
        self.seen.append((customers, settings))
        if str(customers.as_of) == self.fails_at:
            raise KeyboardInterrupt
        return self.given


@pytest.fixture(scope="module")
def orders(cdnow_orders):
    """Orders of every eighth customer, one of whom bought on the last day."""
    table = cdnow_orders.table
    return replace(cdnow_orders, table=table[table["customer_id"] % 8 == 3].reset_index(drop=True))


@pytest.fixture(scope="module")
def halves(orders):
    ids = orders.table["customer_id"].unique()
    return pd.Series(np.where(ids % 3 == 0, "left", "right"), index=ids, name="half")


@pytest.fixture(scope="module")
def fits(purchases, spend):
    return {"purchases": purchases.thin(50), "spend": spend.thin(50)}


@pytest.fixture(scope="module")
def found(orders, fits, halves):
    return lb.backtest(orders, origins=4, horizon=HORIZON, by=halves, random_seed=1, progressbar=False, **fits)


def of_same(one, other):
    for left, right in zip(one.windows, other.windows, strict=True):
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(left, name), getattr(right, name))
        assert (left.as_of, left.until) == (right.as_of, right.until)
        assert (left.caution, left.note) == (right.caution, right.note)


class TestEachOrigin:
    def test_is_the_backtest_of_that_day(self, orders, fits, found):
        assert [str(day) for day in found.as_of] == DAYS
        for window in found.windows:
            alone = lb.backtest(orders, as_of=window.as_of, horizon=HORIZON, random_seed=1, **fits)
            for of, draws in (("purchases", alone.predicted_purchases), ("spend", alone.predicted_spend)):
                mine = window.customers[window.customers["of"] == of].set_index("customer_id")
                np.testing.assert_array_equal(mine["actual"], alone.actual[of])
                np.testing.assert_allclose(mine["predicted"], draws.mean(("chain", "draw")))
                np.testing.assert_array_equal(mine["pit"], alone.pit(of))
                assert verdict.share_inside(mine["pit"], 0.9) == alone.coverage(0.9)[of]
                row = window.totals.index[(window.totals["of"] == of) & (window.totals["level"] == "total")].item()
                total = window.total_draws[str(row)]
                np.testing.assert_allclose(total, draws.sum("customer_id").to_numpy().ravel())
                table = alone.summary(0.9).loc[of]
                key = (of, pd.Timestamp(window.as_of))
                summary = found.summary().loc[key]
                assert summary["inside"] == table["inside"]
                for name in ("actual", "eti90_lb", "eti90_ub"):
                    assert summary[name] == pytest.approx(table[name])

    def test_windows_do_not_overlap_where_the_log_is_long_enough(self, found):
        assert found.windows_apart == 4
        for window, later in zip(found.windows, found.windows[1:], strict=False):
            assert window.until == later.as_of
        assert found.windows[-1].until == dt.date(1998, 6, 30)

    def test_models_are_refitted_on_what_was_known_then(self, orders, fits):
        models = {name: Recorded(fit) for name, fit in fits.items()}
        lb.backtest(orders, as_of=DAYS[:2], horizon=HORIZON, random_seed=3, draws=7, progressbar=False, **models)
        for model in models.values():
            assert [str(customers.as_of) for customers, _ in model.seen] == DAYS[:2]
            assert all(settings == {"random_seed": 3, "progressbar": False, "draws": 7} for _, settings in model.seen)
            for customers, _ in model.seen:
                expected = lb.summarize(orders, as_of=customers.as_of)
                pd.testing.assert_frame_equal(customers.table, expected.table)

    def test_later_orders_change_nothing_that_was_forecast(self, orders, fits, found):
        table = orders.table
        first = replace(orders, table=table[table["date"] <= pd.Timestamp("1997-09-30")])
        alone = lb.backtest(first, as_of=DAYS[:1], horizon=HORIZON, random_seed=1, progressbar=False, **fits)
        window, same = alone.windows[0], found.windows[0]
        whole = found.windows[0].totals["level"].to_numpy() == "total"
        np.testing.assert_allclose(window.total_draws, same.total_draws.loc[:, whole])
        columns = ["customer_id", "of", "actual", "predicted", "crps", "pit", "last_period", "average"]
        pd.testing.assert_frame_equal(window.customers[columns], same.customers[columns])

    def test_settings_of_a_backtest_of_one_day(self, orders, fits, tmp_path):
        one = partial(lb.backtest, orders, **{"horizon": HORIZON, "random_seed": 1, **fits})
        assert isinstance(one(as_of=DAYS[0]), lb.Backtest)
        assert isinstance(one(as_of=DAYS[:1], progressbar=False), lb.RollingBacktest)
        with pytest.raises(InputError, match=r"folder= belongs to a backtest of several origins: pass as_of=\[day\]"):
            one(as_of=DAYS[0], folder=tmp_path)
        with pytest.raises(UnitError, match="a horizon of 2 hours is shorter than one"):
            one(origins=2, horizon="2 hours")
        for given in ({}, {"as_of": DAYS[0], "origins": 2}):
            with pytest.raises(InputError, match="Give either as_of=, a day or a list of days, or origins="):
                one(**given)

    def test_a_fit_that_has_seen_the_holdout(self, orders, fits, purchases):
        seen = purchases.thin(20)
        seen.idata.attrs["as_of"] = "1997-09-30"
        with pytest.raises(InputError, match="has seen orders until 1997-09-30, after as_of 1997-07-01"):
            lb.backtest(orders, as_of=DAYS[:2], horizon=HORIZON, purchases=seen, spend=fits["spend"], progressbar=False)


class TestTables:
    def test_segments_add_up(self, found, halves):
        totals = found.totals()
        parts = totals.xs("segment", level="level")
        assert set(parts.index.unique("segment")) == set(halves)
        whole = totals.xs("total", level="level").droplevel("segment")
        columns = ["customers", "actual", "predicted", "last_period", "average"]
        added = parts.groupby(level=["of", "as_of"])[columns].sum()
        pd.testing.assert_frame_equal(added, whole[list(added)], check_dtype=False)

    def test_naive_forecasts_by_hand(self, found, orders):
        customers = lb.summarize(orders, as_of=DAYS[1])
        buyer = customers.table["frequency"].idxmax()
        mine = orders.table[orders.table["customer_id"] == buyer].groupby("date")["amount"].sum()
        known = mine[mine.index <= DAYS[1]]
        last = known.iloc[1:][known.index[1:] > "1997-07-01"]
        each = found.customers().xs((DAYS[1], buyer), level=("as_of", "customer_id"))
        assert each.loc["purchases", "last_period"].item() == len(last)
        assert each.loc["spend", "last_period"].item() == pytest.approx(last.sum())
        per_week = (len(known) - 1) / ((pd.Timestamp(DAYS[1]) - known.index[0]).days / 7)
        assert each.loc["purchases", "average"].item() == pytest.approx(13 * per_week)
        assert each.loc["spend", "average"].item() == pytest.approx(13 * per_week * known.mean())

    def test_first_purchases_are_no_part_of_the_last_period(self, fits):
        frame = pd.DataFrame(
            [("A", "2024-01-05", 10.0), ("A", "2024-02-05", 30.0), ("B", "2024-02-20", 50.0), ("B", "2024-06-01", 5.0)],
            columns=["customer_id", "date", "amount"],
        )
        log = lb.read_transactions(frame, currency="USD")
        naive = naive_forecasts(lb.backtest(log, as_of="2024-03-01", horizon="8 weeks", random_seed=1, **fits))
        assert naive["purchases"].loc[["A", "B"], "last_period"].tolist() == [1, 0]
        assert naive["spend"].loc[["A", "B"], "last_period"].tolist() == [30, 0]
        weeks = (pd.Timestamp("2024-03-01") - pd.Timestamp("2024-01-05")).days / 7
        np.testing.assert_allclose(naive["spend"].loc[["A", "B"], "average"], [8 * 20 / weeks, 0])

    def test_scores_are_means_over_all_origins(self, found):
        scores, customers = found.scores(), found.customers()
        assert scores.index.tolist() == [
            (of, level) for of in ("purchases", "spend") for level in ("customer", "segment", "total")
        ]
        spend = customers.xs("spend", level="of")
        row = scores.loc[("spend", "customer")]
        assert row["forecasts"] == len(spend)
        assert row["crps"] == pytest.approx(spend["crps"].mean())
        naive = {name: (spend[name] - spend["actual"]).abs().mean() for name in ("last_period", "average")}
        assert row["best_naive"] == min(naive, key=naive.get)
        assert row["skill"] == pytest.approx(1 - row["crps"] / min(naive.values()))
        assert row["eti80"] == pytest.approx(spend["pit"].between(0.1, 0.9).mean())
        assert np.isnan(row["interval_score"])
        totals = found.totals().xs(("spend", "total"), level=("of", "level"))
        low, high, actual = (totals[name] for name in ("eti90_lb", "eti90_ub", "actual"))
        logs = np.log(high / low) + 20 * np.log(low / actual).clip(0) + 20 * np.log(actual / high).clip(0)
        assert scores.loc[("spend", "total"), "log_interval_score"] == pytest.approx(logs.mean())
        assert scores.loc[("spend", "total"), "bias"] == pytest.approx(totals["predicted"].sum() / actual.sum() - 1)

    def test_the_interval_asked_for(self, found):
        assert {"eti50_lb", "eti50_ub"} <= set(found.summary(0.5))
        shares = found.summary(0.5)["customers_inside_share"]
        pits = found.customers().loc[("purchases", DAYS[0]), "pit"]
        assert shares.iloc[0] == pytest.approx(pits.between(0.25, 0.75).mean())
        assert (found.totals(0.5)["interval_score"] > 0).all()

    def test_cohort_curves_end_at_the_totals(self, found):
        for of in ("spend", "purchases"):
            curves = found.cohorts(of)
            assert curves.index.unique("cohort").tolist() == ["1997-01", "1997-02", "1997-03", "all customers"]
            ends = curves.xs(13.0, level="time")
            whole = found.totals().xs((of, "total"), level=("of", "level")).droplevel("segment")
            np.testing.assert_allclose(ends.xs("all customers", level="cohort")["actual"], whole["actual"])
            parts = curves.drop("all customers", level="cohort").groupby(level=["as_of", "time"])
            for column in ("customers", "actual", "predicted"):
                np.testing.assert_allclose(
                    parts[column].sum(), curves.xs("all customers", level="cohort")[column], rtol=1e-9
                )
            for _, curve in curves.groupby(level=["as_of", "cohort"]):
                assert curve["actual"].is_monotonic_increasing
                assert curve["predicted"].is_monotonic_increasing

    def test_purchases_through_time_are_those_predicted(self, orders, fits):
        customers = lb.summarize(orders, as_of=DAYS[0])
        fit = thinned_to(fits["purchases"], 60)
        steps = counts_until(fit, customers, [Duration(4, "week"), Duration(13, "week")], seed=5)
        last = fit.predict_purchases(customers, HORIZON, random_seed=5)
        np.testing.assert_array_equal(steps[1], last.to_numpy().reshape(-1, len(customers)))
        assert (steps[0] <= steps[1]).all()
        short = fit.expected_purchases(customers, "4 weeks").sum("customer_id").to_numpy().ravel()
        error = (steps[0].sum(axis=1) - short).std(ddof=1) / np.sqrt(60)
        assert abs(steps[0].sum(axis=1).mean() - short.mean()) < allowed() * error

    def test_deciles(self, found):
        table = found.deciles("spend")
        assert table.index.tolist() == list(range(1, 11))
        customers = found.customers().xs("spend", level="of")
        assert table["customers"].sum() == len(customers)
        assert table["actual_share"].sum() == pytest.approx(1)
        assert table["predicted"].is_monotonic_decreasing
        windows = [some for _, some in customers.groupby(level="as_of")]
        best = pd.concat([some.nlargest(len(some) // 10 + 1, "expected") for some in windows])
        assert table.loc[1, "actual_share"] == pytest.approx(best["actual"].sum() / customers["actual"].sum(), rel=0.05)
        assert table.attrs["gini"] == pytest.approx(found.summary().loc["spend"]["gini"].mean())
        with pytest.raises(InputError, match="has no 'money'"):
            found.deciles("money")

    def test_a_log_without_amounts(self, orders, fits):
        table = orders.table.assign(amount=np.nan)
        counts = lb.backtest(
            replace(orders, table=table), origins=2, horizon=HORIZON, purchases=fits["purchases"], progressbar=False
        )
        assert counts.compared == ["purchases"]
        assert counts.scores().index.tolist() == [("purchases", "customer"), ("purchases", "total")]
        assert "the log has no amounts" in repr(counts)
        assert counts.deciles().attrs["gini"] > 0

    def test_one_stream_of_a_log(self, orders, fits, found):
        both = pd.concat([orders.table.assign(stream="discs"), orders.table.assign(stream="other", amount=1.0)])
        log = lb.read_transactions(both.drop(columns="row"), stream="stream", currency="USD")
        terms = {"as_of": DAYS[:1], "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
        alone = lb.backtest(log.stream("discs"), **terms).summary()
        assert alone["actual"].tolist() == pytest.approx(found.summary().xs(DAYS[0], level="as_of")["actual"].tolist())

    def test_page(self, found):
        text = repr(found)
        assert text.startswith("Backtest of 4 origins, 1997-07-01 to 1998-03-31, each 13 weeks ahead")
        assert found.verdict in text
        assert "windows overlap" not in text
        assert "<script" not in found._repr_html_()

    def test_fits_that_cannot_be_trusted_are_said(self, found):
        first = replace(found.windows[1], caution="fit did not converge")
        doubtful = replace(found, windows=(found.windows[0], first, *found.windows[2:]))
        caution = "1997-09-30: fit did not converge"
        tables = (doubtful.summary(), doubtful.scores(), doubtful.totals(), doubtful.cohorts(), doubtful.deciles())
        assert all((table["caution"] == caution).all() for table in tables)
        said = f"({caution}: do not use these numbers yet)"
        assert " ".join(doubtful.verdict.split()).count(said) == 2
        assert "caution" not in found.summary()

    def test_each_caution_is_said_with_its_origins(self, found):
        cautions = ("fit did not converge", "", "another", "fit did not converge")
        windows = [replace(window, caution=said) for window, said in zip(found.windows, cautions, strict=True)]
        doubtful = replace(found, windows=tuple(windows))
        assert doubtful.caution == "1997-07-01, 1998-03-31: fit did not converge; 1997-12-30: another"

    def test_windows_that_overlap_are_said(self, orders, fits):
        close = lb.backtest(orders, origins=3, horizon="26 weeks", random_seed=1, progressbar=False, **fits)
        assert close.windows_apart < 3
        assert f"windows overlap: 3 of them count as {close.windows_apart:.1f} apart" in repr(close)


class TestByHand:
    """Coverage, CRPS and naive forecasts counted anew from the rows of the log and from predictive draws."""

    SPAN = dt.timedelta(weeks=13)

    @pytest.fixture(scope="class")
    @staticmethod
    def bought(orders):
        """By customer, the value of each day with an order."""
        found = {}
        for row in orders.table.to_dict("records"):
            days = found.setdefault(row["customer_id"], {})
            days[row["date"].date()] = days.get(row["date"].date(), 0.0) + row["amount"]
        return found

    @pytest.fixture(scope="class")
    @staticmethod
    def alone(orders, fits):
        """The backtest of each origin, with its draws."""
        return [lb.backtest(orders, as_of=day, horizon=HORIZON, random_seed=1, **fits) for day in DAYS]

    @staticmethod
    def draws(test, of):
        """By customer, the draws of a forecast."""
        drawn = test.predicted_spend if of == "spend" else test.predicted_purchases
        return {one: drawn.sel(customer_id=one).to_numpy().ravel() for one in drawn["customer_id"].to_numpy()}

    @staticmethod
    def pairs(drawn, actual):
        """CRPS by its definition, over all pairs of different draws."""
        apart = sum(np.abs(drawn - one).sum() for one in drawn) / (len(drawn) * (len(drawn) - 1))
        return np.abs(drawn - actual).mean() - apart / 2

    def groups(self, ids, halves):
        """The customers of each total."""
        every = {name: [one for one in ids if halves[one] == name] for name in ("left", "right")}
        return {"all customers": list(ids), **every}

    def test_what_happened_and_naive_forecasts(self, found, bought, halves):
        each, totals = found.customers(), found.totals()
        columns = ["actual", "last_period", "average"]
        for day in found.as_of:
            counted = {"purchases": {}, "spend": {}}
            for one, days in bought.items():
                known = sorted(when for when in days if when <= day)
                if known:
                    after = [when for when in days if day < when <= day + self.SPAN]
                    before = [when for when in known[1:] if when > day - self.SPAN]
                    age = (day - known[0]).days
                    count = (len(known) - 1) / age * 91 if age else 0.0
                    mean = sum(days[when] for when in known) / len(known)
                    counted["purchases"][one] = [len(after), len(before), count]
                    money = [sum(days[when] for when in some) for some in (after, before)]
                    counted["spend"][one] = [*money, count * mean]
            for of, by_hand in counted.items():
                here = each.loc[(of, pd.Timestamp(day))]
                assert sorted(here.index) == sorted(by_hand)
                np.testing.assert_allclose(here[columns], [by_hand[one] for one in here.index], atol=1e-9)
                for name, some in self.groups(by_hand, halves).items():
                    row = totals.loc[(of, pd.Timestamp(day))].xs(name, level="segment").iloc[0]
                    np.testing.assert_allclose(row[columns].tolist(), np.sum([by_hand[one] for one in some], axis=0))
                    assert row["customers"] == len(some)

    @pytest.mark.parametrize("of", ["purchases", "spend"])
    def test_cohorts(self, found, alone, bought, of):
        curves = found.cohorts(of)
        for test in alone:
            drawn = self.draws(test, of)
            here = curves.loc[pd.Timestamp(test.as_of)]
            for month in ("1997-01", "1997-02", "1997-03"):
                some = [one for one, days in bought.items() if f"{min(days):%Y-%m}" == month]
                curve = here.loc[month]
                assert (curve["customers"] == len(some)).all()
                assert curve["predicted"].iloc[-1] == pytest.approx(sum(drawn[one].mean() for one in some))
                for weeks, actual in curve["actual"].items():
                    end = test.as_of + dt.timedelta(days=round(7 * weeks))
                    inside = [value for one in some for day, value in bought[one].items() if test.as_of < day <= end]
                    assert actual == pytest.approx(len(inside) if of == "purchases" else sum(inside))

    @pytest.mark.parametrize("of", ["purchases", "spend"])
    def test_scores_of_customers_and_totals(self, found, alone, halves, of):
        each, totals = found.customers(), found.totals(0.8)
        scores = {"customer": [], "segment": [], "total": []}
        for test in alone:
            drawn, here = self.draws(test, of), each.loc[(of, pd.Timestamp(test.as_of))]
            by_hand = {one: self.pairs(drawn[one], here.loc[one, "actual"]) for one in here.index}
            np.testing.assert_allclose(here["crps"], [by_hand[one] for one in here.index], atol=1e-9)
            np.testing.assert_allclose(here["median"], [np.median(drawn[one]) for one in here.index])
            scores["customer"] += by_hand.values()
            for name, some in self.groups(here.index, halves).items():
                row = totals.loc[(of, pd.Timestamp(test.as_of))].xs(name, level="segment").iloc[0]
                whole, actual = sum(drawn[one] for one in some), here.loc[some, "actual"].sum()
                low, high = np.quantile(whole, [0.1, 0.9])
                assert [row["eti80_lb"], row["eti80_ub"], row["median"]] == pytest.approx([low, high, np.median(whole)])
                assert row["inside"] == (low <= actual <= high)
                outside = max(low - actual, actual - high, 0)
                assert row["interval_score"] == pytest.approx(high - low + 10 * outside)
                assert row["crps"] == pytest.approx(self.pairs(whole, actual))
                scores["total" if name == "all customers" else "segment"].append(row["crps"])
                assert np.mean(whole < actual) <= row["pit"] <= np.mean(whole <= actual)
        table = found.scores().loc[of]
        for level, values in scores.items():
            assert table.loc[level, "forecasts"] == len(values)
            assert table.loc[level, "crps"] == pytest.approx(np.mean(values))

    @pytest.mark.parametrize("of", ["purchases", "spend"])
    def test_shares_inside_intervals(self, found, alone, of):
        """A customer counts by the part of the probability of their outcome that lies inside; the rest is chance."""
        expected, variance = dict.fromkeys((0.5, 0.8, 0.9), 0.0), dict.fromkeys((0.5, 0.8, 0.9), 0.0)
        number = 0
        for test in alone:
            here = found.customers().loc[(of, pd.Timestamp(test.as_of))]
            for one, drawn in self.draws(test, of).items():
                below, upto = (
                    sum(values) / len(drawn)
                    for values in (drawn < here.loc[one, "actual"], drawn <= here.loc[one, "actual"])
                )
                assert below <= here.loc[one, "pit"] <= upto
                number += 1
                for level in expected:
                    low, high = 0.5 - level / 2, 0.5 + level / 2
                    part = (
                        float(low <= below <= high)
                        if upto == below
                        else (max(min(upto, high) - max(below, low), 0) / (upto - below))
                    )
                    expected[level] += part
                    variance[level] += part * (1 - part)
        row, pits = found.scores().loc[(of, "customer")], found.customers().loc[of, "pit"].tolist()
        for level, inside in expected.items():
            shown = sum(0.5 - level / 2 <= pit <= 0.5 + level / 2 for pit in pits) / number
            assert row[f"eti{level:.0%}".rstrip("%")] == pytest.approx(shown)
            error = np.sqrt(variance[level]) / number
            assert abs(row[f"eti{level:.0%}".rstrip("%")] - inside / number) < allowed(6) * error
            by_origin = found.summary(level)["customers_inside_share"].loc[of]
            assert by_origin.mean() == pytest.approx(row[f"eti{level:.0%}".rstrip("%")])

    def test_chance_places_outcomes_anew_at_each_origin(self, alone):
        """A customer who buys nothing does not miss the same interval each time."""
        places = []
        for test in alone:
            drawn, actual = test.predicted_purchases, test.actual["purchases"].to_numpy()
            below, equal = ((drawn < actual).mean(("chain", "draw")), (drawn == actual).mean(("chain", "draw")))
            luck = (test.pit() - below.to_numpy()) / equal.where(equal > 0).to_numpy()
            assert luck.dropna().between(0, 1).all()
            places.append(luck)
        together = pd.concat(places, axis=1).dropna()
        assert len(together) > 200
        apart = np.corrcoef(together.to_numpy().T)[np.triu_indices(len(alone), 1)]
        assert (np.abs(apart) < allowed(apart.size) / np.sqrt(len(together))).all()

    @pytest.mark.parametrize("of", ["purchases", "spend"])
    def test_skill_and_deciles(self, found, of):
        naive, tenths = {"last_period": 0.0, "average": 0.0}, [[] for _ in range(10)]
        each, table = found.customers().loc[of], found.deciles(of)
        for day in found.as_of:
            here = each.loc[pd.Timestamp(day)].to_dict("records")
            errors = {name: np.mean([abs(one[name] - one["actual"]) for one in here]) for name in naive}
            skill = 1 - np.mean([one["crps"] for one in here]) / min(errors.values())
            assert found.summary().loc[(of, pd.Timestamp(day)), "skill"] == pytest.approx(skill)
            for place, one in enumerate(sorted(here, key=lambda one: -one["expected"])):
                tenths[place * 10 // len(here)].append(one)
            for name in naive:
                naive[name] += sum(abs(one[name] - one["actual"]) for one in here) / len(each)
        row = found.scores().loc[(of, "customer")]
        assert {name: row[f"crps_{name}"] for name in naive} == pytest.approx(naive)
        total = each["actual"].sum()
        for decile, some in enumerate(tenths, start=1):
            happened, forecast = (np.mean([one[name] for one in some]) for name in ("actual", "expected"))
            by_hand = [len(some), forecast, happened, happened * len(some) / total]
            shown = table.loc[decile, ["customers", "predicted", "actual", "actual_share"]].tolist()
            assert shown == pytest.approx(by_hand)
            assert table.loc[decile, "lift"] == pytest.approx(happened / (total / len(each)))


class TestCohortNames:
    def names(self, days, until="2024-12-31"):
        first = pd.Series(pd.to_datetime(days), index=range(len(days)))
        return cohort_names(first, pd.Timestamp(until).date()).tolist()

    def test_as_fine_as_can_be_shown(self):
        assert self.names(["2024-01-05", "2024-06-30"]) == ["2024-01", "2024-06"]
        months = [f"2024-{month:02}-01" for month in range(1, 11)]
        assert self.names(months)[::3] == ["2024Q1", "2024Q2", "2024Q3", "2024Q4"]
        years = [f"{year}-03-01" for year in range(2012, 2022)]
        assert self.names(years) == ["2016 and before"] * 5 + ["2017", "2018", "2019", "2020", "2021"]

    def test_customers_after_the_last_origin_do_not_count(self):
        days = ["2024-01-05", *(f"{year}-03-01" for year in range(2030, 2040))]
        assert self.names(days)[0] == "2024-01"


class TestVerdict:
    def said(self, inside, *, apart=None, pit=None, frequency=None):
        pit = np.linspace(0.0005, 0.9995, 1000) if pit is None else pit
        totals = pd.DataFrame({"inside": inside, "actual": [112.0] * len(inside), "median": 100.0})
        scores = pd.Series({"best_naive": "last_period", "skill": 0.4})
        customers = pd.DataFrame({"pit": pit, "frequency": 0 if frequency is None else frequency})
        first, second = verdict.sentences("spend", customers, totals, scores, apart or len(inside))
        assert second == "The error per customer (CRPS) is 40% below the best naive forecast's (last period's value)."
        return first

    def test_in_the_words_of_the_documentation(self):
        assert self.said([True] * 5 + [False]) == (
            "Spend. Customers: hold (90% of 90% intervals). "
            "Total: held in 5 of 6 windows, the actual within 12% of the median in half of them."
        )

    @pytest.mark.parametrize(("held", "windows", "holds"), [(3, 4, True), (2, 4, True), (1, 4, False), (3, 6, False)])
    def test_totals_by_a_binomial_bound(self, held, windows, holds):
        said = self.said([True] * held + [False] * (windows - held))
        assert ("does not hold" not in said) == holds
        assert f"held in {held} of {windows} windows" in said

    def test_windows_that_overlap_say_less(self):
        inside = [True] * 3 + [False] * 3
        assert "does not hold" in self.said(inside)
        assert "does not hold" not in self.said(inside, apart=2.2)

    @pytest.mark.parametrize(("months", "step", "origins"), [(1, 1, 6), (6, 1, 12), (6, 5, 12), (12, 1, 24)])
    def test_false_alarms_of_totals_that_hold(self, months, step, origins):
        """Totals are sums of independent months, which windows share; their intervals are right."""
        rng, sets = np.random.default_rng(origins), 4000
        month = rng.standard_normal((sets, step * (origins - 1) + months))
        up_to = np.concatenate([np.zeros((sets, 1)), month.cumsum(axis=1)], axis=1)
        start = step * np.arange(origins)
        held = (np.abs(up_to[:, start + months] - up_to[:, start]) < 1.6449 * np.sqrt(months)).sum(axis=1)
        days = [dt.date(2020, 1, 1) + dt.timedelta(days=30 * int(first)) for first in start]
        apart = windows_apart(days, Duration(30 * months, "day"))
        alarms = [verdict.total_tail(number, origins, apart) <= 0.05 for number in held]
        assert np.mean(alarms) < 0.05
        if months == 12:  # counted as windows of their own, they would raise alarms
            assert np.mean([verdict.total_tail(number, origins, origins) <= 0.05 for number in held]) > 0.1

    def test_one_window_decides_nothing(self):
        assert "Total: missed in its only window, the actual 12% above the median." in self.said([False])

    def test_customers(self):
        narrow = np.append(np.linspace(0.06, 0.94, 700), np.repeat(0.001, 300))
        assert "do not hold, too narrow or shifted (70% of 90% intervals)" in self.said([True], pit=narrow)
        assert "do not hold, too wide (100% of 50% intervals)" in self.said([True], pit=np.repeat(0.5, 1000))
        assert "too few to tell" in self.said([True], pit=np.repeat(0.5, 19))

    def test_a_little_off_is_not_said_to_fail(self):
        pit = np.concatenate([np.linspace(0.05, 0.95, 8600), np.linspace(0, 0.05, 1400)])
        assert "Customers: hold (86%" in self.said([True], pit=pit)

    def test_few_customers_are_off_by_chance(self):
        pit = np.concatenate([np.linspace(0.055, 0.945, 24), np.linspace(0, 0.045, 6)])
        assert "Customers: hold (80%" in self.said([True], pit=pit)
        assert "do not hold" in self.said([True], pit=np.tile(pit, 20))
        assert "Customers: hold" in self.said([True] * 20, pit=np.tile(pit, 20), apart=1)

    def test_by_past_purchases(self):
        pit = np.append(np.linspace(0.0005, 0.9995, 1000), np.repeat([0.01, 0.5], 30))
        frequency = np.append(np.zeros(1000), np.repeat(12, 60))
        said = self.said([True], pit=pit, frequency=frequency)
        assert "hold (88% of 90% intervals), but not those with 10+ (50% of 90% intervals) repeat purchases." in said
        assert "but not" not in self.said([True], pit=pit, frequency=0)

    def test_what_few_windows_cannot_rule_out(self):
        totals = pd.DataFrame({"inside": [True] * 4})
        assert verdict.proof(totals, 4) == (
            "so few windows prove little: even intervals of the total that hold only 47% of the time would do "
            "as well as this in 1 backtest of 20"
        )
        assert verdict.proof(totals, 2.5).startswith("windows overlap: 4 of them count as 2.5 apart; ")

    def test_a_model_that_is_wrong_is_found_out(self, cdnow_orders, purchases, spend):
        table = cdnow_orders.table
        orders = replace(cdnow_orders, table=table[table["customer_id"] % 4 == 3].reset_index(drop=True))
        often = {**purchases.draws, "a": purchases.draws["a"] / 80}
        stingy = {**spend.draws, "v": spend.draws["v"] / 30}
        fits = {
            "purchases": lb.FittedPurchases.from_draws(often, time_unit="week").thin(100),
            "spend": lb.FittedSpend.from_draws(stingy, currency="USD").thin(100),
        }
        wrong = lb.backtest(orders, origins=4, horizon=HORIZON, random_seed=1, progressbar=False, **fits)
        assert "10+" in wrong.verdict
        assert "Total: does not hold, held in 0 of 4 windows" in wrong.verdict

    def test_the_model_itself_holds(self, found):
        """Outcomes drawn by the model: one of its draws stands for what happened."""
        rng, windows = np.random.default_rng(2), []
        for window in found.windows:
            one = window.total_draws.iloc[rng.integers(len(window.total_draws))].to_numpy()
            totals = window.totals.assign(actual=one, pit=(window.total_draws < one).mean().to_numpy())
            pits = rng.random(len(window.customers))
            windows.append(replace(window, totals=totals, customers=window.customers.assign(pit=pits)))
        assert replace(found, windows=tuple(windows)).verdict.count("Customers: hold") == 2


class TestFolder:
    @pytest.fixture(scope="class")
    @staticmethod
    def orders(cdnow_orders):
        """Orders of few customers, one of whom bought on the last day."""
        table = cdnow_orders.table
        return replace(cdnow_orders, table=table[table["customer_id"] % 16 == 11].reset_index(drop=True))

    @pytest.fixture(scope="class")
    @staticmethod
    def fits(purchases, spend):
        return {"purchases": purchases.thin(40), "spend": spend.thin(40)}

    @pytest.fixture
    def run(self, orders, fits, tmp_path):
        def go(log=orders, **other):
            terms = {"as_of": DAYS, "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
            return lb.backtest(log, **{**terms, "folder": tmp_path / "kept", **other})

        return go

    def test_an_interrupted_backtest_goes_on_where_it_stopped(self, run, fits, tmp_path):
        stops = Recorded(fits["purchases"], fails_at=DAYS[2])
        with pytest.raises(KeyboardInterrupt):
            run(purchases=stops)
        assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == DAYS[:2]
        goes_on = Recorded(fits["purchases"])
        again = run(purchases=goes_on)
        assert [str(customers.as_of) for customers, _ in goes_on.seen] == DAYS[2:]
        of_same(again, run(purchases=Recorded(fits["purchases"]), folder=None))
        at_rest = Recorded(fits["purchases"], fails_at=DAYS[0])
        of_same(run(purchases=at_rest), again)
        assert at_rest.seen == []

    def test_what_is_kept_are_tables(self, run, tmp_path):
        run(as_of=DAYS[:1])
        names = sorted(path.name for path in (tmp_path / "kept" / DAYS[0]).iterdir())
        assert names == sorted([*(f"{name}.parquet" for name in TABLES), "window.json"])

    @pytest.mark.parametrize(
        ("other", "named"),
        [
            ({"horizon": "12 weeks"}, "horizon"),
            ({"random_seed": 2}, "settings of the fit"),
            ({"draws": 50}, "settings of the fit"),
            ({"time_unit": "day"}, "time unit"),
            ({"by": {11: "one"}}, "segments"),
        ],
    )
    def test_other_terms_are_refused(self, run, tmp_path, other, named):
        run(as_of=DAYS[:1])
        before = (tmp_path / "kept" / DAYS[0] / "window.json").read_text()
        with pytest.raises(
            InputError, match=rf"1997-07-01 holds a backtest with other .*{named}.* Choose another folder, or remove"
        ):
            run(as_of=DAYS[:1], **other)
        assert (tmp_path / "kept" / DAYS[0] / "window.json").read_text() == before

    def test_other_models_are_refused(self, run, purchases):
        run(as_of=DAYS[:1])
        for other in (purchases.thin(39), Recorded(purchases.thin(40))):
            with pytest.raises(InputError, match="with other models than now"):
                run(as_of=DAYS[:1], purchases=other)

    def test_what_changed_is_told_apart(self, purchases):
        import pymc as pm

        index = pd.Series([1.0, 1.2], index=pd.to_datetime(["1997-01-01", "1998-01-01"]))
        frame = pd.DataFrame({"a": [1.0, 2.0]}, index=["x", "y"])
        different = [
            None,
            lb.BGNBD(),
            lb.MBGNBD(),
            lb.BGNBD(calendar_effects=None),
            lb.BGNBD(calendar_effects=lb.CalendarEffects(index=index)),
            lb.BGNBD(calendar_effects=lb.CalendarEffects(index=index * 2)),
            lb.BGNBD(pool_by="half"),
            lb.BGNBD(priors={"dropout_mean": lb.Prior("Beta", alpha=1, beta=3)}),
            lb.BGNBD(priors={"dropout_mean": lb.Prior("Beta", alpha=1, beta=3.0001)}),
            lb.BGNBD(priors={"dropout_mean": pm.Beta.dist(1, 4)}),
            lb.BGNBD(priors={"dropout_mean": pm.Beta.dist(1, 5)}),
            purchases.thin(50),
            purchases.thin(49),
            frame,
            frame.assign(a=[1.0, 2.1]),
            frame.set_axis(["x", "z"]),
            np.arange(2000),
            np.append(np.arange(1000), np.arange(1000)),
            frozenset("AB"),
            frozenset("AC"),
        ]
        assert len({fingerprint(value) for value in different}) == len(different)
        again = [lb.BGNBD(priors={"dropout_mean": pm.Beta.dist(1, 4)}), purchases.thin(50), frame.copy()]
        assert {fingerprint(value) for value in again} <= {fingerprint(value) for value in different}

    def test_other_orders_are_refused_and_later_ones_are_not(self, run, orders):
        kept = run(as_of=DAYS[:2])
        table = orders.table
        within = table["date"] <= pd.Timestamp("1997-12-30")
        of_same(run(replace(orders, table=table[within | (table["date"] > "1998-03-31")]), as_of=DAYS[:2]), kept)
        dearer = table["amount"].where(table.index != 10, table["amount"] + 0.01)
        with pytest.raises(InputError, match="holds a backtest with other orders"):
            run(replace(orders, table=table.assign(amount=dearer)), as_of=DAYS[:2])

    @pytest.mark.parametrize("damage", ["cut", "gone", "no json"])
    def test_a_damaged_origin_is_made_anew(self, run, tmp_path, damage):
        whole = run(as_of=DAYS[:1])
        place = tmp_path / "kept" / DAYS[0]
        if damage == "cut":
            content = (place / "totals.parquet").read_bytes()
            (place / "totals.parquet").write_bytes(content[: len(content) // 2])
        elif damage == "gone":
            (place / "cohorts.parquet").unlink()
        else:
            (place / "window.json").write_text("{", encoding="utf-8")
        of_same(run(as_of=DAYS[:1]), whole)
        assert json.loads((place / "window.json").read_text())["until"] == "1997-09-30"

    def test_ids_that_are_text_come_back_as_they_were(self, run, orders):
        table = orders.table.assign(customer_id="C" + orders.table["customer_id"].astype(str))
        named = replace(orders, table=table)
        segments = {name: name[-1] for name in table["customer_id"]}
        first = run(named, as_of=DAYS[:1], by=segments)
        of_same(run(named, as_of=DAYS[:1], by=segments), first)


class TestJudgements:
    @pytest.fixture(scope="class")
    @staticmethod
    def judged(orders):
        ids = orders.table["customer_id"].unique()[:4]
        frame = pd.DataFrame(
            {
                "customer_id": ids,
                "probability": 0.99,
                "low": 1000.0,
                "high": 1001.0,
                "stated_on": ["1997-06-01", "1997-08-01", "1997-09-30", "1997-10-01"],
                "expected_on": ["1997-08-15", "1997-11-01", "1997-11-01", "1997-11-01"],
                "opportunity": ["overdue in September", "known", "of the day", "later"],
            }
        )
        return lb.FutureValuePriors.from_judgements(frame, relation="additional")

    def test_those_that_were_known_then(self, orders, fits, judged, found):
        terms = {"as_of": DAYS[:2], "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
        with_them = lb.backtest(orders, **terms, future_value=judged)
        ids = judged.table["customer_id"].tolist()
        for day, known in ((DAYS[0], ids[:1]), (DAYS[1], ids[1:3])):
            before, after = (one.customers().loc[("spend", day)]["predicted"] for one in (found, with_them))
            added = after - before
            assert added[added > 900].index.tolist() == sorted(known)
            assert added.drop(known).abs().max() < 100
        end = with_them.cohorts("spend").xs(("all customers", 13.0), level=("cohort", "time"))
        assert with_them.windows[0].customers.dtypes.equals(found.windows[0].customers.dtypes)
        assert end["predicted"].to_numpy() == pytest.approx(
            with_them.summary().loc["spend"]["median"].to_numpy(), rel=0.15
        )

    def test_the_mean_that_customers_are_ranked_by_has_no_luck_of_draws(self, orders, fits, judged, found):
        """Of repeat purchases it is exact; each judged opportunity adds its own draws."""
        silent = judged.with_relation("additional", shows_life=False)
        terms = {"as_of": DAYS[:2], "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
        with_them = lb.backtest(orders, **terms, future_value=silent)
        ids = judged.table["customer_id"].tolist()
        for day, known in ((DAYS[0], ids[:1]), (DAYS[1], ids[1:3])):
            customers = lb.summarize(orders, as_of=day)
            parts = ("counts", fits["purchases"]), ("spend", fits["spend"])
            counts, each = (shuffled(fit, shape_of(fit), 1, f"repeat_purchases {part}") for part, fit in parts)
            product = counts.expected_purchases(customers, HORIZON) * each.expected_spend(customers)
            before, after = (one.customers().loc[("spend", day)] for one in (found, with_them))
            np.testing.assert_allclose(before["expected"], product.mean(("chain", "draw")), rtol=1e-6)
            added = after["expected"] - before["expected"]
            np.testing.assert_allclose(added.drop(known), 0, atol=1e-9)
            drawn = (after["predicted"] - before["predicted"])[known]
            np.testing.assert_allclose(added[known], drawn)
            assert (drawn > 900).all()

    def test_later_ones_are_no_part_of_the_portfolio(self, orders, judged):
        """The share of living customers with an open opportunity is learned from the portfolio."""
        customers = lb.summarize(orders, time_unit="week", as_of=DAYS[1])
        for some in (judged, judged.subset([1])):
            for given in (some, lambda day, chosen=some: chosen):
                then = known_on(dt.date.fromisoformat(DAYS[1]), given, customers).priors
                assert then.portfolio["opportunity"].tolist() == ["known", "of the day"]
        assert then.table["opportunity"].tolist() == ["known"]

    def test_a_function_gives_those_of_a_day(self, orders, fits, judged):
        asked = []

        def known(day):
            asked.append(str(day))
            return None if day < dt.date(1997, 8, 1) else judged.subset([1, 2])

        terms = {"as_of": DAYS[:2], "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
        lb.backtest(orders, **terms, future_value=known)
        assert asked == DAYS[:2]

    def test_customers_who_come_later_are_left_out_and_said(self, orders, fits, tmp_path):
        """Of a table and of a function alike; one comes between the two origins, one never."""
        table, (late, there) = orders.table, orders.table["customer_id"].value_counts().index[:2]
        log = replace(orders, table=table[(table["customer_id"] != late) | (table["date"] > "1997-07-01")])
        stated = pd.DataFrame(
            {"customer_id": [late, there, late, 999_999], "probability": 0.9, "low": 1e3, "high": 2e3}
        )
        judged, undated = (
            lb.FutureValuePriors.from_judgements(frame, relation="additional")
            for frame in (stated.assign(stated_on="1997-06-01"), stated)
        )
        one = {"horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
        terms = {"as_of": DAYS[:2], **one}
        of_table = lb.backtest(log, **terms, future_value=judged, folder=tmp_path)
        of_same(of_table, lb.backtest(log, **terms, future_value=lambda day: judged))
        of_undated = lb.backtest(log, **terms, future_value=lambda day: undated)
        assert [window.note for window in of_undated.windows] == [window.note for window in of_table.windows]
        of_same(of_table, lb.backtest(log, **terms, future_value=judged, folder=tmp_path))
        text = " ".join(repr(of_table).split())
        first = f"3 judgements are left out: their customers are not in the data by then (ids {late}, 999999)"
        second = "1 judgement is left out: its customer is not in the data by then (id 999999)"
        assert f"note: {DAYS[0]}: {first}" in text
        assert f"note: {DAYS[1]}: {second}" in text
        assert first in " ".join(repr(lb.backtest(log, as_of=DAYS[0], future_value=judged, **one)).split())
        predicted = of_table.customers().loc["spend", "predicted"]
        without = lb.backtest(log, **terms).customers().loc["spend", "predicted"]
        assert (predicted - without).loc[[(DAYS[0], there), (DAYS[1], there), (DAYS[1], late)]].min() > 700
        unknown = lb.backtest(log, **terms, future_value=lambda day: undated.subset([3]))
        assert unknown.summary().equals(lb.backtest(log, **terms).summary())
        assert second in " ".join(unknown.windows[0].note.split())

    def test_what_is_no_judgement(self, orders, fits):
        terms = {"as_of": DAYS[:1], "horizon": HORIZON, "progressbar": False, **fits}
        with pytest.raises(InputError, match=r"future_value= gives, for 1997-07-01, a DataFrame\. Make it with"):
            lb.backtest(orders, **terms, future_value=lambda day: pd.DataFrame())
        with pytest.raises(InputError, match=r"future_value= is a DataFrame\. Make it with"):
            lb.backtest(orders, **terms, future_value=pd.DataFrame())

    def test_judgements_must_say_when_they_were_stated(self, orders, fits, judged):
        undated = lb.FutureValuePriors.from_judgements(
            pd.DataFrame({"customer_id": judged.table["customer_id"], "probability": 0.5, "low": 10.0, "high": 20.0}),
            relation="additional",
        )
        with pytest.raises(InputError, match="do not say when they were stated"):
            lb.backtest(orders, as_of=DAYS[:1], horizon=HORIZON, future_value=undated, progressbar=False, **fits)

    @pytest.mark.parametrize("pooled", [False, True])
    def test_records_that_were_closed_later_are_refused(self, orders, fits, judged, pooled):
        """Whether judgements were recalibrated before, or by a function of the day."""

        def recalibrated(*until):
            changes = Adjustments.none(len(judged), (1, 2))
            parts = [replace(changes.subset([0, 1][: 2 - pooled]), learned_until=(one,)) for one in until]
            parts.append(changes.subset(np.arange(len(judged) - sum(len(part.who) for part in parts))))
            return replace(judged, adjustments=Adjustments.joined(parts))

        terms = {"as_of": DAYS[:2], "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
        first, second = (dt.date.fromisoformat(day) for day in DAYS[:2])
        late, undated = recalibrated(first, second), recalibrated(first, None)
        cure = r"Pass a function of the day .*calibrate_judgements\(record, as_of=day\)"
        for given in (late, lambda day: late):
            with pytest.raises(InputError, match=f"^Origin 1997-07-01: .* closed on 1997-09-30, .*{cure}"):
                lb.backtest(orders, **terms, future_value=given)
        for given in (undated, lambda day: undated):
            with pytest.raises(
                InputError, match=f"does not say when each was closed, .*Fill in the column closed_on.*{cure}"
            ):
                lb.backtest(orders, **terms, future_value=given)
        known = lb.backtest(orders, **{**terms, "as_of": DAYS[1:2]}, future_value=late)
        of_same(known, lb.backtest(orders, **{**terms, "as_of": DAYS[1:2]}, future_value=recalibrated()))

    def test_other_judgements_are_noticed_in_a_folder(self, orders, fits, judged, tmp_path):
        terms = {"as_of": DAYS[:1], "horizon": HORIZON, "random_seed": 1, "progressbar": False, "folder": tmp_path}
        lb.backtest(orders, **terms, **fits, future_value=judged)
        lb.backtest(orders, **terms, **fits, future_value=judged)
        for other in (None, replace(judged, shows_life=False), replace(judged, covers=["7", "11"])):
            with pytest.raises(InputError, match="with other judgements than now"):
                lb.backtest(orders, **terms, **fits, future_value=other)


@pytest.mark.fits
@pytest.mark.filterwarnings("ignore::ltv_bayes.errors.ConvergenceWarning")  # few draws will do
def test_judgements_recalibrated_by_the_record_of_then(orders, fits, tmp_path):
    """Experts whose record, but for the last year's, shows that half of what they state as certain does not occur."""
    number = 60
    history = pd.DataFrame(
        {
            "expert": "Ada",
            "probability": 0.9,
            "low": 900.0,
            "high": 1100.0,
            "won": np.arange(number) % 2 == 0,
            "amount": np.where(np.arange(number) % 2 == 0, 1000.0, np.nan),
            "closed_on": pd.date_range("1997-05-01", periods=number, freq="D"),
        }
    )
    later = pd.DataFrame({**history.iloc[0].to_dict(), "closed_on": ["1997-07-02", "1997-08-01"]})
    history = pd.concat([history, later.assign(closed_on=pd.to_datetime(later["closed_on"]))], ignore_index=True)
    stated = {"customer_id": 3, "probability": 0.9, "low": 900.0, "high": 1100.0, "expert": "Ada"}
    sizes = []

    def known(day, record=True):
        judged = lb.FutureValuePriors.from_judgements(pd.DataFrame([stated]), relation="additional")
        if not record:
            return judged
        settings = {"random_seed": 1, "progressbar": False, "draws": 150, "tune": 250, "chains": 2}
        calibration = lb.calibrate_judgements(history, as_of=day, **settings)
        sizes.append((len(calibration.idata["record"]["won"]), str(calibration.closed_until)))
        return calibration.recalibrate(judged)

    terms = {"as_of": DAYS[:1], "horizon": HORIZON, "random_seed": 1, "progressbar": False, **fits}
    judged = lb.backtest(orders, **terms, future_value=known, folder=tmp_path)
    believed = lb.backtest(orders, **terms, future_value=partial(known, record=False))
    assert sizes == [(60, "1997-06-29")]
    one, other = (each.customers().loc[("spend", DAYS[0], 3), "predicted"] for each in (judged, believed))
    assert other > 850
    assert one < 0.75 * other
    of_same(lb.backtest(orders, **terms, future_value=known, folder=tmp_path), judged)


@pytest.mark.fits
@pytest.mark.filterwarnings("ignore::ltv_bayes.errors.ConvergenceWarning")  # few draws will do
def test_pooled_models(orders, halves):
    attributes = halves.rename_axis("customer_id").reset_index()
    found = lb.backtest(
        orders,
        as_of=DAYS[2:3],
        horizon=HORIZON,
        attributes=attributes,
        by="half",
        purchases=lb.BGNBD(pool_by="half"),
        spend=lb.GammaGamma(pool_by="half", price_growth=None),
        random_seed=1,
        progressbar=False,
        draws=100,
        tune=200,
        chains=2,
    )
    assert set(found.totals().index.unique("segment")) == {"left", "right", "all customers"}
    assert "Customers: hold" in found.verdict
