"""Backtests of several streams: each as it is alone, and the total as the sum of their draws and of what happened."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.evaluation.rolling.kept import TABLES
from tests.chance import allowed
from tests.evaluation.test_compared_models import Recorded, of_same

HORIZON, DAYS = "13 weeks", ["1997-09-30", "1998-03-31"]
SPAN = dt.timedelta(weeks=13)


@pytest.fixture(scope="module")
def orders(cdnow_orders):
    """Orders of two streams; some customers buy in one of them, some begin in one and go on in the other."""
    table = cdnow_orders.table
    table = table[table["customer_id"] % 8 == 3]
    number = table.groupby("customer_id").cumcount()
    discs = np.where(
        table["customer_id"] % 3 == 0, True, np.where(table["customer_id"] % 3 == 1, number % 3 != 1, False)
    )
    frame = table.drop(columns="row").assign(stream=np.where(discs, "discs", "vouchers"))
    return lb.read_transactions(frame, stream="stream", currency="USD")


@pytest.fixture(scope="module")
def fits(purchases, spend):
    """One fit of each kind, used for both streams: their draws are in the same order."""
    return {"purchases": purchases.thin(50), "spend": spend.thin(50)}


@pytest.fixture(scope="module")
def halves(orders):
    ids = orders.table["customer_id"].unique()
    return pd.Series(np.where(ids % 5 < 2, "left", "right"), index=ids, name="half")


@pytest.fixture(scope="module")
def terms(fits, halves):
    return {"as_of": DAYS, "horizon": HORIZON, "by": halves, "random_seed": 1, "progressbar": False, **fits}


@pytest.fixture(scope="module")
def found(orders, terms):
    return lb.backtest(orders, **terms)


@pytest.fixture(scope="module")
def alone(orders, fits):
    """The backtest of each stream and origin, with its draws."""
    terms = {"horizon": HORIZON, "observed_until": "1998-06-30", "random_seed": 1, "progressbar": False, **fits}
    return {
        day: {name: lb.backtest(orders.stream(name), as_of=day, **terms) for name in ("discs", "vouchers")}
        for day in DAYS
    }


class TestTotal:
    def test_each_stream_is_as_it_is_alone(self, orders, terms, found):
        assert list(found.streams) == ["discs", "vouchers"]
        for name, stream in found.streams.items():
            log = orders.stream(name)
            one = lb.backtest(
                log, observed_until="1998-06-30", **{**terms, "by": terms["by"][log.table["customer_id"].unique()]}
            )
            for left, right in zip(one.windows, stream.windows, strict=True):
                for table in set(TABLES) - {"cohorts", "cohort_draws"}:
                    pd.testing.assert_frame_equal(getattr(left, table), getattr(right, table))

    def test_draws_are_added_draw_by_draw(self, found):
        for window, *parts in zip(found.windows, *(one.windows for one in found.streams.values()), strict=True):
            drawn = [part.total_draws.to_numpy() for part in parts]
            np.testing.assert_allclose(window.total_draws, sum(drawn), rtol=1e-12)
            keys = ["of", "level", "segment"]
            for column in ("actual", "last_period", "average"):
                every = [part.totals.set_index(keys)[column] for part in parts]
                pd.testing.assert_series_equal(window.totals.set_index(keys)[column], sum(every))

    @staticmethod
    def draws(test, of):
        drawn = test.predicted_spend if of == "spend" else test.predicted_purchases
        return {one: drawn.sel(customer_id=one).to_numpy().ravel() for one in test.customers.ids}

    @pytest.mark.parametrize("of", ["purchases", "spend"])
    def test_customers_by_hand(self, orders, found, alone, of):
        rows = orders.table.to_dict("records")
        for day, tests in alone.items():
            origin, here = dt.date.fromisoformat(day), found.customers().loc[(of, day)]
            known = {name: set(test.customers.ids) for name, test in tests.items()}
            assert set(here.index) == set.union(*known.values())
            drawn = {name: self.draws(test, of) for name, test in tests.items()}
            for one in [*here.index[:15], *here.index[here["frequency"] > 3]]:
                mine = [row for row in rows if row["customer_id"] == one and one in known[row["stream"]]]
                inside = [row for row in mine if origin < row["date"].date() <= origin + SPAN]
                bought = {(row["stream"], row["date"]) for row in inside}
                actual = len(bought) if of == "purchases" else sum(row["amount"] for row in inside)
                assert here.loc[one, "actual"] == pytest.approx(actual)
                past = {(row["stream"], row["date"]) for row in mine if row["date"].date() <= origin}
                streams = [name for name in known if one in known[name]]
                assert here.loc[one, "frequency"] == len(past) - len(streams)
                whole = sum(drawn[name][one] for name in streams)
                assert here.loc[one, "predicted"] == pytest.approx(whole.mean())
                assert here.loc[one, "median"] == pytest.approx(np.median(whole))
                apart = np.abs(whole[:, None] - whole).sum() / (whole.size * (whole.size - 1)) / 2
                assert here.loc[one, "crps"] == pytest.approx(np.abs(whole - actual).mean() - apart)
                assert np.mean(whole < actual) <= here.loc[one, "pit"] <= np.mean(whole <= actual)

    def test_expected_is_the_sum(self, found, alone):
        for day, tests in alone.items():
            parts = [test.expected_spend for test in tests.values()]
            whole = parts[0].add(parts[1], fill_value=0)
            here = found.customers().loc[("spend", day), "expected"]
            np.testing.assert_allclose(here, whole.loc[here.index])

    def test_segments_and_cohorts_add_up(self, found, halves):
        totals = found.totals()
        segments = totals.xs("segment", level="level")
        assert set(segments.index.unique("segment")) == set(halves)
        added = segments.groupby(level=["of", "as_of"])[["customers", "actual", "predicted"]].sum()
        whole = totals.xs("total", level="level").droplevel("segment")
        pd.testing.assert_frame_equal(added, whole[list(added)], check_dtype=False)
        for of in found.compared:
            curves = found.cohorts(of).xs("all customers", level="cohort")
            ends = curves.xs(13.0, level="time")
            np.testing.assert_allclose(ends["actual"], whole.loc[of, "actual"])
            np.testing.assert_allclose(ends["customers"], whole.loc[of, "customers"])
            parts = [one.cohorts(of).xs("all customers", level="cohort") for one in found.streams.values()]
            for column in ("actual", "predicted"):
                np.testing.assert_allclose(curves[column], sum(part[column] for part in parts))

    def test_draws_of_streams_are_independent(self, orders, terms, purchases, spend):
        """Though they are of one fit, of which little is sure; in the order of its draws they go together."""
        unsure = np.exp(np.random.default_rng(5).standard_normal((2, 200)))
        often = {**purchases.thin(200).draws, "r": 0.24 * unsure}
        dear = {**spend.thin(200).draws, "v": 15.0 * unsure[::-1]}
        fits = {
            "purchases": lb.FittedPurchases.from_draws(often, time_unit="week"),
            "spend": lb.FittedSpend.from_draws(dear, currency="USD"),
        }
        found = lb.backtest(orders, **{**terms, **fits, "as_of": DAYS[:1], "by": None})
        logs = [lb.summarize(orders.stream(name), as_of=DAYS[0]) for name in found.streams]
        in_order = [fits["purchases"].predict_purchases(log, HORIZON, random_seed=1).sum("customer_id") for log in logs]
        assert np.corrcoef([total.to_numpy().ravel() for total in in_order])[0, 1] > 0.5
        for of in found.compared:
            totals = []
            for (window,) in (one.windows for one in found.streams.values()):
                row = window.totals.index[window.totals["of"] == of].item()
                totals.append(window.total_draws[str(row)])
            assert abs(np.corrcoef(totals)[0, 1]) < allowed(2) / np.sqrt(len(totals[0]))

    def test_the_page(self, found):
        text = repr(found)
        assert text.startswith("Backtest of the total of 2 streams from 2 origins")
        for name in found.streams:
            assert f"{name} alone. Spend. Customers:" in text
        assert "note: segments of by= are taken as known at all origins" in text

    def test_what_was_new_to_customers_is_said(self, orders, found, alone):
        table = orders.table
        for window, (day, tests) in zip(found.windows, alone.items(), strict=True):
            everybody = set.union(*(set(test.customers.ids) for test in tests.values()))
            origin, end = pd.Timestamp(day), pd.Timestamp(day) + pd.Timedelta(SPAN)
            late = table[(table["date"] > origin) & (table["date"] <= end) & table["customer_id"].isin(everybody)]
            new = pd.concat(
                [
                    late[(late["stream"] == name) & ~late["customer_id"].isin(test.customers.ids)]
                    for name, test in tests.items()
                ]
            )
            days = new[["customer_id", "stream", "date"]].drop_duplicates()
            number, worth = days["customer_id"].nunique(), f"{new['amount'].sum():,.0f}"
            said = f"the total leaves out {len(days)} purchases, worth {worth} of {number} "
            assert (len(days) > 3) == (day == DAYS[0])
            assert said in window.note if len(days) else "leaves out" not in window.note


class TestChoice:
    def test_named_streams_with_models_of_their_own(self, orders, fits, terms, found):
        models = {"discs": Recorded(fits["purchases"]), "vouchers": Recorded(fits["purchases"])}
        both = lb.backtest(orders, **{**terms, "purchases": models})
        of_same(both, found)
        assert [model.seen for model in models.values()] == [DAYS, DAYS]
        one = lb.backtest(orders, **{**terms, "purchases": {"discs": fits["purchases"]}})
        assert one.streams == {}
        pd.testing.assert_frame_equal(one.summary(), found.streams["discs"].summary())
        day = lb.backtest(orders, **{**terms, "purchases": {"discs": fits["purchases"]}, "by": None, "as_of": DAYS[0]})
        assert day.actual["purchases"].sum() == one.summary().loc[("purchases", DAYS[0]), "actual"]

    def test_models_are_compared_on_the_total_and_in_each_stream(self, orders, fits, terms, found, purchases):
        lively = lb.FittedPurchases.from_draws({**purchases.draws, "a": purchases.draws["a"] / 10}, time_unit="week")
        models = {
            "one": fits["purchases"],
            "lively": ({"discs": lively.thin(50), "vouchers": fits["purchases"]}, None),
        }
        rest = {name: value for name, value in terms.items() if name != "purchases"}
        compared = lb.backtest(orders, models={**models, "lively": models["lively"]}, **{**rest, "as_of": DAYS[:1]})
        of_same(compared["one"], replace(found, windows=found.windows[:1]))
        assert set(compared.streams) == {"discs", "vouchers"}
        same = compared.streams["vouchers"]
        assert (same.summary()["difference"] == 0).all()
        assert not (compared.streams["discs"].summary()["difference"] == 0).all()
        assert "vouchers alone. Spend. one and lively cannot be told apart" in repr(compared)

    def test_what_is_refused(self, orders, fits, terms, cdnow_orders):
        with pytest.raises(
            InputError, match=r"has 2 streams, and a backtest of one origin is of one: pass orders.stream"
        ):
            lb.backtest(orders, as_of=DAYS[0], horizon=HORIZON, **fits)
        with pytest.raises(InputError, match=r"no orders of the stream 'disc'\. Did you mean 'discs'"):
            lb.backtest(orders, **{**terms, "purchases": {"disc": fits["purchases"]}})
        rest = {name: value for name, value in terms.items() if name != "purchases"}
        models = {name: {stream: fits["purchases"]} for name, stream in (("a", "discs"), ("b", "vouchers"))}
        with pytest.raises(InputError, match="compared on the same streams, and these name discs or vouchers"):
            lb.backtest(orders, models=models, **rest)
        with pytest.raises(InputError, match="read_transactions"):
            lb.backtest(cdnow_orders, **{**terms, "purchases": {"discs": fits["purchases"]}})

    def test_a_stream_in_which_few_came_back(self, orders, terms):
        table = orders.table.copy()
        table.loc[table["stream"] == "vouchers", "stream"] = "discs"
        few = table.groupby("customer_id").head(1).head(30).assign(stream="cards")
        log = replace(orders, table=pd.concat([table, few], ignore_index=True))
        said = r"0 customers of this log had bought again in the stream 'cards'.*name the other streams alone"
        with pytest.raises(InputError, match=said):
            lb.backtest(log, **{**terms, "by": None})

    def test_judgements_belong_to_a_stream(self, orders, fits, terms, found):
        one = orders.stream("discs").table["customer_id"].iloc[0]
        frame = pd.DataFrame(
            {"customer_id": [one], "probability": 0.9, "low": 900.0, "high": 1000.0, "stated_on": "1997-06-01"}
        )
        judged = lb.FutureValuePriors.from_judgements(frame, relation="additional")
        with pytest.raises(InputError, match=r"Say to which one judgements belong: future_value=\{'discs': judged\}"):
            lb.backtest(orders, **terms, future_value=judged)
        with pytest.raises(InputError, match="no orders of the stream 'cards'"):
            lb.backtest(orders, **terms, future_value={"cards": judged})
        some = lb.backtest(orders, **{**terms, "as_of": DAYS[:1]}, future_value={"discs": judged})
        added = (
            some.customers().loc[("spend", DAYS[0], one), "predicted"]
            - found.customers().loc[("spend", DAYS[0], one), "predicted"]
        )
        assert added > 700
        same = some.streams["vouchers"].customers().loc[("spend", DAYS[0])]
        pd.testing.assert_frame_equal(same, found.streams["vouchers"].customers().loc[("spend", DAYS[0])])

    def test_an_interrupted_backtest_goes_on(self, orders, fits, terms, tmp_path, found):
        def models(fails_at=None, error=KeyboardInterrupt):
            return {
                name: Recorded(fits["purchases"], fails_at if name == "vouchers" else None, error)
                for name in found.streams
            }

        with pytest.raises(FitError, match=r"^Origin 1998-03-31: Stream vouchers: it does not fit"):
            lb.backtest(orders, **{**terms, "purchases": models(DAYS[1], FitError)}, folder=tmp_path)
        names = ["1997-09-30", "stream discs", "stream vouchers"]
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        going = models()
        again = lb.backtest(orders, **{**terms, "purchases": going}, folder=tmp_path)
        assert [model.seen for model in going.values()] == [DAYS[1:], DAYS[1:]]
        of_same(again, found)
        for name, stream in again.streams.items():
            of_same(stream, found.streams[name])
        at_rest = models(DAYS[0])
        of_same(lb.backtest(orders, **{**terms, "purchases": at_rest}, folder=tmp_path), found)
        (tmp_path / "stream discs" / DAYS[0] / "window.json").unlink()
        with pytest.raises(KeyboardInterrupt):
            lb.backtest(orders, **{**terms, "purchases": models(DAYS[0])}, folder=tmp_path)
