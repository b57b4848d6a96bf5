"""Lifetime values from posteriors made by hand: sums, units, discounting, refusals."""

import datetime as dt

import arviz as az
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError, UnitError
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma
from ltv_bayes.predictions.fitted import flat_draws
from ltv_bayes.terms import Terms
from ltv_bayes.value.decisions.breakdown import explain_to_come
from tests.chance import allowed

TERMS = {"horizon": "3 years", "discount_rate": 0.10, "margin": 0.35, "random_seed": 4}


@pytest.fixture(scope="module")
def judged():
    frame = pd.DataFrame(
        {"customer_id": ["A", "E"], "probability": [0.5, 0.9], "low": [50.0, 20.0], "high": [200.0, 60.0]}
    )
    return lb.FutureValuePriors.from_judgements(frame).with_relation("additional")


@pytest.fixture(scope="module")
def streams(purchases, spend):
    return [lb.RepeatPurchases(purchases, spend)]


@pytest.fixture(scope="module")
def ltv(book, streams, judged):
    return lb.lifetime_value(book, streams, future_value=judged, realised=True, **TERMS)


class TestDraws:
    def test_shape_and_labels(self, ltv):
        assert ltv.draws.dims == ("chain", "draw", "customer_id")
        assert ltv.draws.shape == (2, 500, 6)
        assert ltv.draws.attrs["units"] == "USD"
        assert list(ltv.components) == ["realised", "repeat_purchases", "judged"]

    def test_components_add_up_within_each_draw(self, ltv):
        np.testing.assert_allclose(ltv.draws, sum(ltv.components.values()))
        np.testing.assert_allclose(ltv.total(), ltv.draws.sum("customer_id"))

    def test_realised_value_is_certain_and_bears_the_margin(self, ltv, book):
        np.testing.assert_allclose(ltv.components["realised"][0, 0], 0.35 * book.table["total_value"])

    def test_what_is_to_come_leads_and_the_past_stands_apart(self, ltv, book, streams, judged):
        ahead = lb.lifetime_value(book, streams, future_value=judged, **TERMS)
        shown, alone = repr(ltv).splitlines(), repr(ahead).splitlines()
        assert shown[1] == alone[1].replace("total:", "to come:")
        assert shown[2:4] == alone[2:4]
        assert shown[4].startswith("realised so far: ")
        assert shown[5].startswith("total: median ")
        assert "realised so far" not in repr(ahead)
        expected = ahead.explain().drop(columns="sd")
        pd.testing.assert_frame_equal(explain_to_come(ltv.explain()).drop(columns="sd"), expected, check_names=False)

    def test_a_value_with_its_past_shows_itself_where_a_fit_did_not_converge(self, book, streams, monkeypatch):
        """Its tables have a column of words."""
        monkeypatch.setattr(lb.FittedModel, "converged", property(lambda fit: False))
        shown = repr(lb.lifetime_value(book, streams, realised=True, **TERMS))
        assert "realised so far: " in shown
        assert "did not converge" in shown

    def test_repeat_value_has_the_mean_of_the_closed_forms(self, book, purchases, spend, streams):
        found = lb.lifetime_value(book, streams, horizon="39 weeks", discount_rate=0.10, random_seed=1).draws
        delta = np.log(1.1) / (365.25 / 7)
        for customer, row in book.table.iterrows():
            future = bg_nbd.outlook(row["frequency"], row["recency"], row["T"], **flat_draws(purchases))
            number = bg_nbd.discounted_expected_purchases(39, delta, future)
            value = gamma_gamma.expected_spend(row["spend_frequency"], row["monetary_value"], **flat_draws(spend))
            drawn = found.sel(customer_id=customer)
            assert abs(float(drawn.mean()) - (number * value).mean()) < allowed(100) * float(drawn.std()) / np.sqrt(
                drawn.size
            )

    def test_every_purchase_is_discounted_at_its_own_date(self, book, purchases, spend, streams):
        """At 80% a year over five years little of the undiscounted value is left; the closed form says how much."""
        found = lb.lifetime_value(book, streams, horizon="5 years", discount_rate=0.80, random_seed=1).draws
        plain = lb.lifetime_value(book, streams, horizon="5 years", random_seed=1).draws
        number = purchases.expected_discounted_purchases(book, horizon="5 years", discount_rate=0.80)
        expected = (number * spend.expected_spend(book)).mean(("chain", "draw"))
        error = found.std(("chain", "draw")) / np.sqrt(1000)
        assert (abs(found.mean(("chain", "draw")) - expected) < allowed(100) * error).all()
        assert float(found.sum("customer_id").mean()) < 0.7 * float(plain.sum("customer_id").mean())

    def test_values_are_predictive_not_expectations(self, book, purchases, spend, streams):
        found = lb.lifetime_value(book, streams, horizon="39 weeks", random_seed=1).draws.sel(customer_id="A")
        expected = purchases.expected_purchases(book, "39 weeks") * spend.expected_spend(book)
        assert float(found.std()) > 5 * float(expected.sel(customer_id="A").std())
        assert float((found == 0).mean()) == pytest.approx(0.45, abs=0.06)


class TestInvariance:
    def test_one_stream_needs_no_list(self, book, streams):
        alone, listed = (lb.lifetime_value(book, given, **TERMS) for given in (streams[0], streams))
        assert alone.draws.identical(listed.draws)

    def test_same_seed_same_values(self, book, streams, judged, ltv):
        again = lb.lifetime_value(book, streams, future_value=judged, realised=True, **TERMS)
        assert again.draws.identical(ltv.draws)

    def test_order_and_company_of_customers_change_nothing(self, book, streams, judged, ltv):
        some = lb.lifetime_value(book.subset(["E", "A"]), streams, future_value=judged, realised=True, **TERMS)
        np.testing.assert_array_equal(some.draws, ltv.draws.sel(customer_id=some.customers.ids))

    def test_cents_and_days_convert(self, book, purchases, spend, judged):
        money = ["monetary_value", "total_value"]
        cents = lb.Customers(book.table.assign(**{name: book.table[name] * 100 for name in money}), "week", book.as_of)
        days = lb.FittedPurchases.from_draws(
            {**purchases.draws, "alpha": purchases.draws["alpha"] * 7}, time_unit="day"
        )
        in_cents = lb.FittedSpend.from_draws({**spend.draws, "v": spend.draws["v"] * 100})
        stated = judged.table[["customer_id", "probability"]].assign(
            low=judged.table["low"] * 100, high=judged.table["high"] * 100
        )
        ours = lb.lifetime_value(
            book, [lb.RepeatPurchases(purchases, spend)], future_value=judged, realised=True, **TERMS
        )
        theirs = lb.lifetime_value(
            cents.in_time_unit("day"),
            [lb.RepeatPurchases(days, in_cents)],
            future_value=lb.FutureValuePriors.from_judgements(stated).with_relation("additional"),
            realised=True,
            **TERMS,
        )
        np.testing.assert_allclose(theirs.draws, 100 * ours.draws, rtol=1e-9)

    def test_horizon_in_weeks_or_years(self, book, streams):
        one = lb.lifetime_value(book, streams, horizon="1 year", random_seed=1)
        other = lb.lifetime_value(book, streams, horizon="365.25 days", random_seed=1)
        np.testing.assert_allclose(one.draws, other.draws)

    def test_fits_of_different_sizes_are_thinned_to_the_smaller(self, book, purchases, spend):
        ltv = lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend.thin(100))], **TERMS)
        assert ltv.draws.shape == (2, 100, 6)


class TestReports:
    def test_summary(self, ltv):
        table = ltv.summary(ci_prob=0.9)
        assert table.index.name == "customer_id"
        names = ["mean", "sd", "median", "eti90_lb", "eti90_ub", "realised", "to_come", "judged_share"]
        assert list(table) == names
        drawn = ltv.draws.sel(customer_id="A").to_numpy().ravel()
        assert table.loc["A", "mean"] == pytest.approx(drawn.mean(), rel=0.05)  # tests/value/test_means.py
        assert table.loc["A", "eti90_ub"] == pytest.approx(np.quantile(drawn, 0.95))
        assert table.loc["B", "judged_share"] == 0

    def test_default_interval_follows_arviz(self, ltv):
        assert "eti89_lb" in ltv.summary()
        with az.rc_context({"stats.ci_prob": 0.5, "stats.ci_kind": "hdi"}):
            assert "hdi50_lb" in ltv.summary()

    def test_highest_density_interval_agrees_with_arviz(self, ltv):
        bounds = az.hdi(ltv.to_datatree(), prob=0.8, group="lifetime_value", var_names=["total"])["total"]
        table = ltv.summary(0.8, "hdi")
        np.testing.assert_allclose(bounds.sel(ci_bound="lower"), table["hdi80_lb"], atol=1e-9)
        np.testing.assert_allclose(bounds.sel(ci_bound="upper"), table["hdi80_ub"], atol=1e-9)

    @pytest.mark.parametrize(("prob", "kind"), [(1.2, "eti"), (0, "eti"), (90, "eti"), (0.9, "hdl")])
    def test_wrong_intervals_are_refused(self, ltv, prob, kind):
        with pytest.raises(UnitError):
            ltv.summary(prob, kind)

    def test_probability_above(self, ltv):
        found = ltv.probability_above(50)
        assert found["E"] == pytest.approx(float((ltv.draws.sel(customer_id="E") > 50).mean()))
        assert found.between(0, 1).all()

    def test_explain_a_customer(self, ltv):
        table = ltv.explain("A")
        assert list(table.index) == ["realised", "repeat_purchases", "judged", "total"]
        assert table.loc[["realised", "repeat_purchases", "judged"], "mean"].sum() == pytest.approx(
            table.loc["total", "mean"]
        )
        assert table["share"].tolist()[:3] == pytest.approx((table["mean"] / table.loc["total", "mean"]).tolist()[:3])
        widths = (table["eti89_ub"] - table["eti89_lb"]).to_numpy()
        assert widths[0] == 0
        assert widths[3] < widths[:3].sum()

    def test_explain_everybody(self, ltv):
        assert ltv.explain().loc["total", "mean"] == pytest.approx(ltv.summary()["mean"].sum())
        assert ltv.explain().loc["total", "median"] == pytest.approx(float(ltv.total().median()))

    def test_share_of_judgement(self, ltv):
        share = ltv.judgement.share()
        judged, total = (x.to_numpy().ravel() for x in (ltv.components["judged"].sum("customer_id"), ltv.total()))
        assert share["mean"] == pytest.approx(judged.mean() / ltv.explain().loc["total", "mean"])
        assert share["variance"] == pytest.approx(np.cov(judged, total)[0, 1] / total.var(ddof=1))

    def test_shares_of_variance_add_up_to_one(self, ltv):
        parts = [c.sum("customer_id").to_numpy().ravel() for c in ltv.components.values()]
        total = sum(parts)
        assert sum(np.cov(part, total)[0, 1] for part in parts) / total.var(ddof=1) == pytest.approx(1)

    def test_arviz_reads_it(self, ltv):
        tree = ltv.to_datatree()
        table = az.summary(tree, group="lifetime_value", var_names=["total"], kind="stats")
        assert len(table) == 6
        assert {"realised", "repeat_purchases", "judged", "total"} == set(tree["lifetime_value"].data_vars)

    def test_repr_is_quotable(self, ltv):
        text = str(ltv)
        for word in ("6 customers", "3 years", "10% a year", "margin 35%", "89% interval", "USD", "judged"):
            assert word in text
        assert "few" in text

    @pytest.mark.filterwarnings("ignore:.*stated as certain:ltv_bayes.errors.DataWarning")
    def test_notes_tell_what_is_not_known(self, book, purchases, spend):
        frame = pd.DataFrame({"customer_id": ["A"], "probability": [1.0], "low": [5e3], "high": [9e3]})
        judged = lb.FutureValuePriors.from_judgements(frame).with_relation("additional")
        ltv = lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], future_value=judged, horizon="30 years")
        notes = " ".join(ltv.notes())
        assert "far beyond the data" in notes
        assert "judgement makes up" in notes

    def test_notes_warn_of_a_heavy_tail(self, book, purchases, spend):
        wild = lb.FittedSpend.from_draws({**spend.draws, "q": np.full((2, 500), 1.05)}, currency="USD")
        steady, heavy = (
            lb.lifetime_value(some, lb.RepeatPurchases(purchases, fit), **TERMS).notes()
            for some, fit in ((book, spend), (book.subset(["B"]), wild))
        )
        assert not any("extreme draws" in note for note in steady)
        assert any("extreme draws" in note for note in heavy)

    def test_notes_tell_of_customers_who_bought_once(self, book, purchases, leaving_at_once, a_share, spend):
        def notes(customers, fit):
            return lb.lifetime_value(customers, lb.RepeatPurchases(fit, spend), **TERMS).notes()

        note = (
            "67% of customers bought once, and BG/NBD takes all of them to be alive: BGNBD(leave_at_once=True) learns "
            "which share left right after the first purchase; see check_one_time."
        )
        once = lb.Customers(book.table.assign(frequency=[2, 0, 0, 0, 0, 3]), "week", book.as_of, "USD")
        assert note in notes(once, purchases)
        others = [*notes(once, leaving_at_once), *notes(once, a_share), *notes(book, purchases)]
        assert not any("bought once" in one for one in others)

    def test_judgements_in_another_unit_are_noticed(self, book, streams):
        frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.5], "low": [2e4], "high": [3e4]})
        judged = lb.FutureValuePriors.from_judgements(frame).with_relation("additional")
        with pytest.warns(DataWarning, match="counted in one unit"):
            lb.lifetime_value(book, streams, future_value=judged, horizon="1 year")

    def test_notes_tell_of_free_orders(self, book, streams):
        half = lb.Customers(book.table.assign(spend_frequency=book.table["frequency"] // 2), "week", book.as_of, "USD")
        assert any("had no value" in note for note in lb.lifetime_value(half, streams, **TERMS).notes())
        assert not any("had no value" in note for note in lb.lifetime_value(book, streams, **TERMS).notes())

    def test_judgement_alone_has_no_prior_to_warn_of(self, book, judged):
        notes = lb.lifetime_value(book, future_value=judged, horizon="1 year").notes()
        assert not any("few" in note or "makes up" in note for note in notes)

    def test_an_unconverged_fit_says_so_in_every_table(self, book, purchases, spend):
        from ltv_bayes.diagnostics import Diagnostics

        tree = purchases.idata.copy()
        tree.attrs["diagnostics"] = Diagnostics("NUTS", 9, 500, 2, rhat=1.3, problems=("r-hat is 1.3.",)).to_json()
        bad = lb.FittedPurchases(tree)
        ltv = lb.lifetime_value(book, [lb.RepeatPurchases(bad, spend)], **TERMS)
        by = ltv.by("industry")
        for table in (bad.summary(), ltv.summary(), ltv.explain("A"), by.summary(), by.compare(), by.rank()):
            assert set(table["caution"]) == {"fit did not converge"}
        assert "did not converge" in repr(ltv)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"horizon": 3}, UnitError, "horizon 3 has no unit"),
            ({"horizon": "3"}, UnitError, "no unit"),
            ({"discount_rate": -0.1}, UnitError, "negative"),
            ({"discount_rate": 10}, UnitError, "0.10"),
            ({"discount_rate": float("nan")}, UnitError, "finite"),
            ({"margin": 70}, UnitError, "margin must lie between 0 and 1, not 70. Write 70% as margin=0.7"),
            ({"margin": "35%"}, UnitError, "Write 35% as margin=0.35"),
            ({"discount_rate": "10%"}, UnitError, "Write 10% as discount_rate=0.1"),
            ({"discount_rate": 12}, UnitError, "Write 12% a year as discount_rate=0.12"),
            ({"margin": 35}, UnitError, "margin must lie between 0 and 1, not 35. Write 35% as margin=0.35"),
            ({"margin": -0.1}, InputError, "between 0 and 1"),
            ({"margin": {"A": 0.5}}, InputError, r"5 customers .*ids B, C"),
            ({"margin": "profit"}, ColumnError, "no column 'profit'"),
        ],
    )
    def test_wrong_terms(self, book, streams, changes, error, message):
        with pytest.raises(error, match=message):
            lb.lifetime_value(book, streams, **{**TERMS, **changes})

    def test_nothing_to_value(self, book):
        with pytest.raises(InputError, match="nothing to value"):
            lb.lifetime_value(book, horizon="1 year")

    def test_realised_value_unknown(self, book, streams):
        unknown = lb.Customers(book.table.drop(columns="total_value"), "week", book.as_of)
        with pytest.raises(ColumnError, match="total_value"):
            lb.lifetime_value(unknown, streams, realised=True, **TERMS)

    def test_fits_in_the_wrong_places(self, purchases, spend):
        with pytest.raises(InputError, match=r"BGNBD\(\).fit.* belongs there is a FittedSpend"):
            lb.RepeatPurchases(spend, purchases)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"streams": ["repeat"]}, "A str is no stream"),
            ({"streams": None}, "A NoneType is no stream"),
            ({"future_value": pd.DataFrame()}, "future_value is a DataFrame. Make it with"),
            ({"random_seed": "one"}, "random_seed must be a whole number"),
            ({"random_seed": 1.5}, "random_seed must be a whole number"),
        ],
    )
    def test_wrong_kinds(self, book, streams, changes, message):
        with pytest.raises(InputError, match=message):
            lb.lifetime_value(book, **{"streams": streams, **TERMS, **changes})

    @pytest.mark.parametrize("threshold", ["50万", None, float("nan")])
    def test_a_threshold_is_a_number(self, ltv, threshold):
        with pytest.raises(UnitError, match="threshold"):
            ltv.probability_above(threshold)

    def test_segments_are_named_or_mapped(self, ltv):
        with pytest.raises(ColumnError, match="not by a NoneType"):
            ltv.by(None)

    def test_two_streams_of_one_name(self, book, streams):
        with pytest.raises(InputError, match="names of their own"):
            lb.lifetime_value(book, [*streams, *streams], **TERMS)

    @pytest.mark.parametrize("name", ["", None, 5, "total", "customer_id"])
    def test_impossible_names_of_streams(self, book, purchases, spend, name):
        with pytest.raises(InputError, match="name"):
            lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend, name), **TERMS)

    def test_unknown_customer(self, ltv):
        with pytest.raises(InputError, match="no customer 'Zeta'"):
            ltv.explain("Zeta")

    @pytest.mark.filterwarnings("ignore:.*counted in one unit")
    def test_a_mean_beyond_every_deal_is_refused_unless_it_is_confirmed(self, book, streams):
        frame = pd.DataFrame({"customer_id": ["A", "D"], "probability": 0.5, "low": [20.0, 3e5], "high": [60.0, 6e5]})
        priors = lb.FutureValuePriors.from_judgements
        for given in ({"streams": streams}, {}):
            with pytest.raises(JudgementError, match=r"beyond 1,000 times the largest deal .*\(row 1\)"):
                lb.lifetime_value(book, **given, future_value=priors(frame, relation="additional"), horizon="1 year")
        confirmed = priors(frame, relation="additional", confirmed=True)
        judged = lb.combine_judgements(confirmed.subset([1]), priors(frame.iloc[:1], relation="additional"))
        for one in (confirmed, judged):
            assert np.isfinite(lb.lifetime_value(book, future_value=one, horizon="1 year").total()).all()

    @pytest.mark.parametrize(
        "margin", [pd.Series([0.3, 0.5], ["A", "A"]), pd.Series([0.3, 0.3], ["C", "C"]), {7: 0.3, "7": 0.5}]
    )
    def test_a_margin_given_twice_for_one_customer_is_refused(self, book, streams, margin):
        with pytest.raises(InputError, match=r"1 customer with a margin given twice .*Give one share for each id"):
            lb.lifetime_value(book, streams, horizon="1 year", margin=margin)

    def test_a_margin_of_text_is_said_to_be_text(self, book, streams):
        with pytest.raises(
            ColumnError, match=r"'industry' holds text, such as 'Energy', and margin= takes one of numbers"
        ):
            lb.lifetime_value(book, streams, horizon="1 year", margin="industry")

    def test_margin_per_customer(self, book, streams):
        whole = lb.lifetime_value(book, streams, **{**TERMS, "margin": 1.0}).draws
        each = lb.lifetime_value(
            book, streams, **{**TERMS, "margin": dict(zip("ABCDEF", [0, 0.1, 0.2, 0.3, 0.4, 1], strict=True))}
        ).draws
        np.testing.assert_allclose(each, whole * [0, 0.1, 0.2, 0.3, 0.4, 1])


def test_a_horizon_that_ends_after_the_calendar_is_refused():
    with pytest.raises(UnitError, match=r"^1 year after 9999-06-30 is beyond the calendar\. Correct as_of"):
        Terms.read("3 years", 0.1, dt.date(9999, 6, 30)).last_days()
