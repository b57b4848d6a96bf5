"""Models compared over the same origins: the better one is found, equal ones are not told apart, and work goes on."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.evaluation.rolling.comparison import verdict_between
from ltv_bayes.evaluation.rolling.kept import TABLES
from ltv_bayes.formulas.forecast_scores import paired_difference

HORIZON, DAYS = "13 weeks", ["1997-07-01", "1997-09-30", "1998-03-31"]
RATES = {"r": 0.8, "alpha": 8.0}


class Recorded:
    """A model with a given fit that records what it was fitted to, and may fail at a day."""

    def __init__(self, fit, fails_at=None, error=KeyboardInterrupt):
        self.given, self.fails_at, self.error, self.seen = fit, fails_at, error, []

    def __repr__(self):
        return "Recorded()"

    def fit(self, customers, **settings):
        self.seen.append(str(customers.as_of))
        if str(customers.as_of) == self.fails_at:
            raise self.error("it does not fit")
        return self.given


@pytest.fixture(scope="module")
def orders(cdnow_orders):
    """Orders of few customers, one of whom bought on the last day."""
    table = cdnow_orders.table
    return replace(cdnow_orders, table=table[table["customer_id"] % 16 == 11].reset_index(drop=True))


@pytest.fixture(scope="module")
def fits(purchases, spend):
    """Two fits of purchases, and one of spend."""
    lively = {**purchases.draws, "a": purchases.draws["a"] / 10}
    other = lb.FittedPurchases.from_draws(lively, time_unit="week")
    return purchases.thin(60), other.thin(60), spend.thin(60)


@pytest.fixture(scope="module")
def terms():
    return {"as_of": DAYS, "horizon": HORIZON, "random_seed": 1, "progressbar": False}


@pytest.fixture(scope="module")
def found(orders, fits, terms):
    first, second, spend = fits
    return lb.backtest(orders, models={"BG/NBD": first, "lively": (second, spend)}, spend=spend, **terms)


def of_same(one, other):
    for left, right in zip(one.windows, other.windows, strict=True):
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(left, name), getattr(right, name), check_exact=True)
        assert (left.as_of, left.until, left.caution, left.note) == (
            right.as_of,
            right.until,
            right.caution,
            right.note,
        )


class TestEachModel:
    def test_is_the_backtest_of_that_model(self, orders, fits, terms, found):
        first, second, spend = fits
        assert found.names == ["BG/NBD", "lively"]
        of_same(found["BG/NBD"], lb.backtest(orders, purchases=first, spend=spend, **terms))
        of_same(found["lively"], lb.backtest(orders, purchases=second, spend=spend, **terms))
        with pytest.raises(InputError, match=r"There is no model 'livelier'\. Did you mean 'lively'"):
            found["livelier"]

    def test_a_row_a_model(self, found):
        table = found.summary()
        assert set(table.index) == {(of, name) for of in ("purchases", "spend") for name in found.names}
        for (of, name), row in table.iterrows():
            alone, totals = found[name].scores().loc[of], found[name].totals().xs((of, "total"), level=("of", "level"))
            for column in ("eti50", "eti80", "eti90", "bias", "crps"):
                assert row[column] == alone.loc["customer", column]
            for column in ("interval_score", "log_interval_score"):
                assert row[column] == alone.loc["total", column]
            assert (row["totals_held"], row["windows"]) == (totals["inside"].sum(), 3)
        for of in found.compared:
            assert table.loc[of, "crps"].is_monotonic_increasing
            assert table.loc[of, "difference"].iloc[0] == 0
        scores = found.scores()
        pd.testing.assert_frame_equal(scores.xs("lively", level="model"), found["lively"].scores())

    def test_differences_by_hand(self, found):
        """Pairs of one customer and one origin, added up by customer and by origin."""
        for of in found.compared:
            one, other = (found[name].customers().loc[of, "crps"] for name in found.names)
            apart = (one - other) * (1 if one.mean() > other.mean() else -1)
            by_hand, number = apart - apart.mean(), len(apart)
            variance = 0.0
            for level in ("customer_id", "as_of"):
                sums = [by_hand.xs(key, level=level).sum() for key in by_hand.index.unique(level)]
                variance += sum(each**2 for each in sums) / number**2 * len(sums) / (len(sums) - 1)
            row = found.differences(of).loc[of].drop(index=found.summary().loc[of].index[0]).iloc[0]
            assert row["difference"] == pytest.approx(apart.mean())
            assert row["standard_error"] == pytest.approx(np.sqrt(variance))

    def test_page_and_cautions(self, found):
        text = repr(found)
        assert text.startswith("Backtest of 2 models from 3 origins, 1997-07-01 to 1998-03-31, each 13 weeks ahead")
        assert found.verdict in text
        assert "told apart  " not in text
        doubtful = replace(
            found["lively"], windows=tuple(replace(one, caution="odd") for one in found["lively"].windows)
        )
        both = replace(found, backtests={**found.backtests, "lively": doubtful})
        assert both.caution == "lively: 1997-07-01, 1997-09-30, 1998-03-31: odd"
        assert (both.summary()["caution"] == both.caution).all()
        assert "(lively: 1997-07-01" in " ".join(both.verdict.split())


def lowered(customers):
    """Scores that are lower by nearly the same for every customer."""
    by = customers["of"].map({"purchases": 0.02, "spend": 1.0})
    return customers.assign(crps=customers["crps"] - by * np.tile([0.9, 1.0, 1.1], len(customers))[: len(customers)])


class TestVerdict:
    @staticmethod
    def backtests(found, moved):
        """Two copies of one backtest; the scores of the second are moved."""
        one = found["BG/NBD"]
        windows = [replace(window, customers=moved(window.customers)) for window in one.windows]
        return replace(found, backtests={"first": one, "second": replace(one, windows=tuple(windows))})

    def test_equal_models_are_not_told_apart(self, found):
        same = self.backtests(found, lambda table: table)
        assert not same.differences()["told_apart"].any()
        said = verdict_between(same, "spend")
        assert "first and second cannot be told apart: errors per customer (CRPS) differ by 0%" in said
        assert "Totals held, of 3 windows:" in said

    def test_the_better_one_wins(self, found):
        better = self.backtests(found, lowered)
        assert better.differences()["told_apart"].groupby(level="of").sum().tolist() == [1, 1]
        said = verdict_between(better, "spend")
        assert re.search(r"second scores best: the error per customer \(CRPS\) is higher with first by 1\d% \(1", said)

    def test_one_window_decides_for_some_windows_only(self, found):
        def worse_in_one(table):
            first = table["last_period"].sum() == found["BG/NBD"].windows[0].customers["last_period"].sum()
            return table.assign(crps=table["crps"] * (2.0 if first else 1.0))

        assert not self.backtests(found, worse_in_one).differences()["told_apart"].any()
        one = replace(
            found, backtests={name: replace(each, windows=each.windows[:1]) for name, each in found.backtests.items()}
        )
        assert "; one window: other times may differ" in verdict_between(one, "spend")

    def test_three_models(self, found):
        two = self.backtests(found, lowered).backtests
        three = replace(found, backtests={**two, "same": two["second"]})
        said = verdict_between(three, "purchases")
        assert re.search(
            r"second scores best: the error per customer \(CRPS\) is higher with first by 1\d% \(0.02", said
        )
        assert "it cannot be told apart from same, 0% higher (0, standard error 0)" in said
        alike = replace(found, backtests=dict.fromkeys(("a", "b", "c"), two["first"]))
        assert "a has the lowest error per customer (CRPS), but cannot be told apart from b, 0%" in verdict_between(
            alike, "spend"
        )


class TestPlantedModels:
    """Customers who buy at rates of their own and never leave, in numbers of which the truth is known."""

    @pytest.fixture(scope="class")
    @staticmethod
    def shop():
        rng, number, days = np.random.default_rng(4), 500, 78 * 7
        rate, first = rng.gamma(RATES["r"], 1 / RATES["alpha"], number) / 7, rng.integers(0, 91, number)
        bought = [
            {day, *rng.integers(day, days, rng.poisson(per * (days - day)))}
            for per, day in zip(rate, first, strict=True)
        ]
        rows = [(f"C{one}", day) for one, every in enumerate(bought) for day in every]
        frame = pd.DataFrame(rows, columns=["customer_id", "day"])
        frame["date"] = pd.Timestamp("2023-01-02") + pd.to_timedelta(frame["day"], unit="D")
        return lb.read_transactions(frame.drop(columns="day"), amount=None)

    @pytest.fixture(scope="class")
    @staticmethod
    def fits():
        def draws(**values):
            return {name: np.full((1, 200), value) for name, value in values.items()}

        leaving = {"leaving": draws(**RATES, a=0.8, b=2.5), "hardly": draws(**RATES, a=1e-7, b=1.0)}
        fits = {name: lb.FittedPurchases.from_draws(drawn, time_unit="week") for name, drawn in leaving.items()}
        return {"NBD": lb.FittedEvents.from_draws(draws(**RATES), time_unit="week"), **fits}

    def test_who_never_leaves_is_not_said_to(self, shop, fits):
        some = {name: fits[name] for name in ("leaving", "NBD")}
        found = lb.backtest(shop, origins=4, horizon=HORIZON, models=some, random_seed=1, progressbar=False)
        assert found.compared == ["purchases"]
        assert found.verdict.startswith(
            "Purchases. NBD scores best: the error per customer (CRPS) is higher with leaving"
        )
        assert abs(found["NBD"].scores().loc[("purchases", "total"), "bias"]) < 0.05
        assert found["leaving"].scores().loc[("purchases", "total"), "bias"] < -0.15

    def test_a_model_that_holds_the_other_is_not_told_apart(self, shop, fits):
        some = {name: fits[name] for name in ("hardly", "NBD")}
        found = lb.backtest(shop, origins=4, horizon=HORIZON, models=some, random_seed=1, progressbar=False)
        assert "cannot be told apart" in found.verdict


class TestChance:
    """How often models that score alike in the long run are told apart."""

    @staticmethod
    def scores(rng, windows, effect, customers=200):
        """Differences with heavy tails, alike within customers, with an effect of each window."""
        common, own = rng.standard_t(5, (customers, 1)), rng.standard_t(5, (customers, windows))
        own = 0.55 * common + 0.84 * own
        return own + effect * rng.standard_normal(windows) * 1.3 / np.sqrt(customers)

    @pytest.mark.parametrize(
        ("windows", "effect", "most"), [(1, 0, 0.06), (4, 0, 0.04), (4, 1, 0.06), (4, 3, 0.08), (6, 3, 0.07)]
    )
    def test_false_alarms(self, windows, effect, most):
        from scipy import stats

        rng, sets, alarms, careless = np.random.default_rng(windows + effect), 2000, 0, 0
        for _ in range(sets):
            apart = self.scores(rng, windows, effect)
            who, when = (part.ravel() for part in np.indices(apart.shape))
            mean, error, freedom = paired_difference(apart.ravel(), who, when)
            alarms += abs(mean) > stats.t.isf(0.025, freedom) * error
            careless += abs(mean) > 1.96 * apart.std() / np.sqrt(apart.size)
        assert alarms / sets < most + 4 * np.sqrt(0.05 * 0.95 / sets)
        if effect == 3:  # as if each forecast were one by itself
            assert careless / sets > 0.3

    def test_of_one_window_it_is_the_standard_error_of_a_mean(self):
        apart = np.random.default_rng(1).standard_normal(50)
        mean, error, freedom = paired_difference(apart, np.arange(50), np.zeros(50, dtype=int))
        assert (mean, error, freedom) == pytest.approx((apart.mean(), apart.std(ddof=1) / np.sqrt(50), 49))

    def test_windows_that_overlap_count_in_part(self):
        apart = np.random.default_rng(2).standard_normal((30, 4)) + np.arange(4)
        who, when = (part.ravel() for part in np.indices(apart.shape))
        _, error, freedom = paired_difference(apart.ravel(), who, when)
        _, wider, fewer = paired_difference(apart.ravel(), who, when, 2.0)
        assert wider > error
        assert fewer < freedom
        assert np.isnan(paired_difference(np.ones(3), np.zeros(3, dtype=int), np.arange(3), 1.0)[1])


class TestWork:
    @staticmethod
    def run(orders, terms, tmp_path, models, **other):
        return lb.backtest(orders, models=models, folder=tmp_path / "kept", **{**terms, **other})

    def test_an_interrupted_comparison_goes_on(self, orders, fits, terms, tmp_path, found):
        first, second, spend = fits

        def models(fails_at=None):
            return {"BG/NBD": (Recorded(first), spend), "lively": (Recorded(second, fails_at), spend)}

        stopped = models(DAYS[1])
        with pytest.raises(KeyboardInterrupt):
            self.run(orders, terms, tmp_path, stopped)
        kept = {path.name: sorted(day.name for day in path.iterdir()) for path in (tmp_path / "kept").iterdir()}
        assert kept == {"model BG%2FNBD": DAYS[:2], "model lively": DAYS[:1]}
        going = models()
        again = self.run(orders, terms, tmp_path, going)
        assert [going[name][0].seen for name in going] == [DAYS[2:], DAYS[1:]]
        for name in found.names:
            of_same(again[name], found[name])
        assert again.verdict == found.verdict
        with pytest.raises(
            InputError, match=r"lively, origin 1997-07-01: .*holds a backtest with other models than now"
        ):
            self.run(orders, terms, tmp_path, {**models(), "lively": (second, spend)})

    def test_errors_name_model_and_origin(self, orders, fits, terms):
        first, second, spend = fits
        fails = {"BG/NBD": first, "other": Recorded(second, DAYS[1], FitError)}
        with pytest.raises(FitError, match=r"^other, origin 1997-09-30: it does not fit"):
            lb.backtest(orders, models=fails, spend=spend, **terms)
        with pytest.raises(FitError, match=r"^Origin 1997-09-30: it does not fit"):
            lb.backtest(orders, purchases=fails["other"], spend=spend, **terms)
        with pytest.raises(ZeroDivisionError) as caught:
            lb.backtest(
                orders, models={**fails, "other": Recorded(second, DAYS[0], ZeroDivisionError)}, spend=spend, **terms
            )
        assert caught.value.__notes__ == ["In a backtest: other, origin 1997-07-01."]

    def test_what_is_no_choice_of_models(self, orders, fits, terms):
        first, second, spend = fits
        for given in ({"one": first}, {}, [first, second]):
            with pytest.raises(InputError, match="maps names to at least two models"):
                lb.backtest(orders, models=given, spend=spend, **terms)
        both = {"one": first, "other": second}
        with pytest.raises(InputError, match="Give either purchases=, of one model, or models="):
            lb.backtest(orders, models=both, purchases=first, **terms)
        with pytest.raises(InputError, match="models= belongs to a backtest of several origins"):
            lb.backtest(orders, models=both, spend=spend, **{**terms, "as_of": DAYS[0]})
        for wrong, said in (
            (lb.BGNBD, "is a BGNBD, not a model of purchases"),
            ("BG/NBD", "is a str, not a model of purchases"),
            ((first, spend, 3), "has 3 parts"),
            (spend, "as its model of purchases. Give purchases first"),
            ((first, second), "as its model of spend. Give purchases first"),
        ):
            with pytest.raises(InputError, match=said):
                lb.backtest(orders, models={"one": first, "other": wrong}, spend=spend, **terms)
        with pytest.raises(InputError, match="names each model by a text, not by ' '"):
            lb.backtest(orders, models={"one": first, " ": second}, spend=spend, **terms)


@pytest.mark.fits
@pytest.mark.filterwarnings("ignore::ltv_bayes.errors.ConvergenceWarning")  # few draws will do
def test_settings_are_refitted_for_each_model(orders, terms):
    plain = {"calendar_effects": None}
    models = {"BG/NBD": lb.BGNBD(**plain), "again": (lb.BGNBD(**plain), None), "NBD": lb.NBD(**plain)}
    spend = lb.GammaGamma(price_growth=None)
    found = lb.backtest(orders, models=models, spend=spend, **{**terms, "as_of": DAYS[1:2]}, draws=100)
    table = found.summary().loc["purchases"]
    assert table.loc["BG/NBD", "crps"] == table.loc["again", "crps"]
    assert table.loc["NBD", "crps"] != table.loc["BG/NBD", "crps"]
    assert not table.loc[["BG/NBD", "again"], "told_apart"].all()
