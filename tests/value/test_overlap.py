"""Judgements and the model's forecast of one customer: money is counted once, and knowledge is used."""

import datetime as dt
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError, UnitError
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma
from ltv_bayes.judgement.valuing.relations import signs_of_life
from ltv_bayes.predictions.signs.signs_of_life import SignsOfLife, weights_of_having_left
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import allowed

TERMS = {"horizon": "3 years", "random_seed": 1}
PURCHASES = {"r": 0.9, "alpha": 20.0, "a": 0.8, "b": 3.0}
SPEND = {"p": 6.25, "q": 3.744, "v": 15.44}
WEEKS = 3 * 365.25 / 7


def exactly(kind, size=2_000, **means):
    return kind.from_draws({name: np.full((2, size), mean) for name, mean in means.items()}, time_unit="week")


@pytest.fixture(scope="module")
def stream():
    return lb.RepeatPurchases(exactly(lb.FittedPurchases, **PURCHASES), exactly(lb.FittedSpend, **SPEND))


def opportunities(customers=("A",), probability=0.5, low=50.0, high=200.0, **more):
    frame = pd.DataFrame({"customer_id": list(customers), "probability": probability, "low": low, "high": high, **more})
    return lb.FutureValuePriors.from_judgements(frame)


def near(draws, expected):
    draws = np.asarray(draws).ravel()
    return abs(draws.mean() - expected) < allowed(100) * draws.std() / np.sqrt(draws.size)


def outlook(book, customer):
    return bg_nbd.outlook(*book.table.loc[customer, ["frequency", "recency", "T"]], **PURCHASES)


def livelier(book, customer):
    """The outlook of a customer with an open opportunity: 20 times the odds of being alive."""
    now = outlook(book, customer)
    return now._replace(alive=now.alive / (now.alive + (1 - now.alive) / 20))


def weights(signs, ids, silent_days=None):
    """By which factor the odds of having left are multiplied, of each customer."""
    return weights_of_having_left(pd.Index(list(ids)), signs, (), silent_days)[0]


def expected_spend(book, customer):
    return gamma_gamma.expected_spend(*book.table.loc[customer, ["frequency", "monetary_value"]], **SPEND)


class TestLife:
    """An open opportunity shows that the client is alive."""

    @pytest.mark.parametrize(
        ("ratio", "shows_life"), [(np.inf, np.inf), (20, 20), (3, 3.0), (3, lb.SignStrength.known(3))]
    )
    def test_odds_of_having_left_are_divided_by_how_much_livelier_such_clients_are(
        self, book, stream, ratio, shows_life
    ):
        judged = opportunities().with_relation("additional", shows_life=shows_life)
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        now = outlook(book, "A")
        told = now._replace(alive=now.alive / (now.alive + (1 - now.alive) / ratio))
        expected = bg_nbd.expected_purchases(WEEKS, told) * expected_spend(book, "A")
        assert near(ltv.components["repeat_purchases"].sel(customer_id="A"), expected)
        said = "surely alive" if ratio == np.inf else f"alive with {ratio} times the odds"
        assert any(f"1 customer has an open opportunity and is {said}" in note for note in ltv.notes())

    @pytest.mark.parametrize("probability", [0.6, 0.99])
    def test_nobody_is_alive_with_less_than_the_chance_that_an_opportunity_comes(self, stream, probability):
        """Of a client long silent; the odds are not raised where they do already."""
        history = {"customer_id": ["old"], "frequency": [20], "recency": [20.0], "T": [36.0], "monetary_value": [30.0]}
        silent = lb.Customers.from_summary(pd.DataFrame(history), time_unit="week", as_of="1997-09-30")
        judged = opportunities(["old"], [probability]).with_relation("additional", shows_life=20)
        ltv = lb.lifetime_value(silent, stream, future_value=judged, **TERMS)
        now = outlook(silent, "old")
        assert livelier(silent, "old").alive < 0.4 < probability
        expected = bg_nbd.expected_purchases(WEEKS, now._replace(alive=probability)) * expected_spend(silent, "old")
        assert near(ltv.components["repeat_purchases"], expected)
        assert any("1 of them with the chance that it comes, which is higher" in note for note in ltv.notes())
        seldom = lb.lifetime_value(
            silent, stream, future_value=opportunities(["old"], [0.1]).with_relation("additional"), **TERMS
        )
        assert not any("which is higher" in note for note in seldom.notes())

    def test_clients_without_one_are_a_little_less_likely_to_be_alive(self, book, stream):
        judged = opportunities().with_relation("additional", shows_life=20)
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        share = next(one for one in valued_of(ltv).valuation.conditioned).signs.usual_share
        alive = np.array([outlook(book, customer).alive for customer in book.ids])
        assert share == pytest.approx(2 / (np.sum(alive + (1 - alive) / 20) + 2))
        now = outlook(book, "C")
        alive, left = now.alive * (1 - share), (1 - now.alive) * (1 - share / 20)
        expected = bg_nbd.expected_purchases(WEEKS, now._replace(alive=alive / (alive + left)))
        assert near(ltv.components["repeat_purchases"].sel(customer_id="C"), expected * expected_spend(book, "C"))
        assert any("of the living have one, so the others are" in note for note in ltv.notes())

    @pytest.mark.parametrize("shows_life", [0, 1.0, -3, "yes", np.nan])
    def test_a_strength_that_is_none(self, shows_life):
        with pytest.raises(JudgementError, match="shows_life must be True, False or a number above 1, or a SignStr"):
            opportunities().with_relation("additional", shows_life=shows_life)

    @pytest.mark.filterwarnings("ignore:.*stated as certain")
    def test_what_is_no_open_opportunity_tells_nothing(self):
        assert signs_of_life(opportunities().table, None).observed == {"A"}
        some = opportunities(["A", "B", "C"], [0.0, 0.5, 0.5], relation=["additional", "visible_share", "same_total"])
        assert signs_of_life(some.table, some.shows_life) is None

    def test_ratings_are_no_open_opportunity(self, book, stream):
        rows = {"customer_id": list(book.ids), "industry_standing": 1, "growth_potential": 1, "relationship": 1}
        rated = lb.scorecard(pd.DataFrame(rows), spend=stream.spend, customers=book)
        assert signs_of_life(rated.table, rated.shows_life) is None
        ltv = lb.lifetime_value(book, stream, future_value=rated, **TERMS)
        plain = lb.lifetime_value(book, stream, **TERMS)
        np.testing.assert_array_equal(ltv.components["repeat_purchases"], plain.components["repeat_purchases"])

    def test_who_asks_otherwise_changes_nobody(self, book, stream):
        plain = lb.lifetime_value(book, stream, **TERMS).components["repeat_purchases"]
        judged = opportunities().with_relation("additional", shows_life=False)
        silent = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        np.testing.assert_array_equal(silent.components["repeat_purchases"], plain)


class TestAge:
    """An opportunity stated long ago shows less, and one that is no younger than the last order nothing."""

    def test_evidence_halves_every_90_days_after_the_first_90(self):
        signs = SignsOfLife(frozenset("ABCD"), 16.0, ages={"B": 90.0, "C": 180.0, "D": 270.0})
        np.testing.assert_allclose(signs.evidence("ABCDE"), [1, 1, 0.5, 0.25, 0])
        np.testing.assert_allclose(weights(signs, "ABCD"), [1 / 16, 1 / 16, 1 / 4, 1 / 2])

    def test_without_fresh_evidence_a_customer_counts_as_silent(self):
        signs = SignsOfLife(frozenset("A"), 16.0, share=0.5, ages={"A": 36_000.0})
        np.testing.assert_allclose(weights(signs, "AB"), [31 / 16, 31 / 16])

    def test_what_was_stated_before_the_last_order_shows_nothing_more(self):
        signs = SignsOfLife(frozenset("ABC"), 16.0, ages={"A": 30.0, "B": 30.0})
        np.testing.assert_allclose(weights(signs, "ABC", np.array([10.0, 40.0, 0.0])), [1, 1 / 16, 1 / 16])

    def test_the_newest_opportunity_of_a_customer_counts(self):
        stated = ["2025-01-01", "2025-12-01", None]
        some = opportunities(["A", "A", "B"], opportunity=["x", "y", "z"], stated_on=stated)
        assert signs_of_life(some.table, None, as_of=dt.date(2025, 12, 31)).ages == {"A": 30.0}

    def test_a_value_takes_the_age_from_stated_on(self, book, stream):
        day = pd.Timestamp(book.as_of) - pd.Timedelta(days=100)
        judged = (
            opportunities(["C"], stated_on=[day]).with_relation("additional").learn_sign_share(stream.purchases, book)
        )
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        signs = next(one for one in valued_of(ltv).valuation.conditioned).signs
        assert signs.ages == {"C": 100.0}
        assert any("1 of them stated it more than 90 days ago, which counts less" in note for note in ltv.notes())


class TestCoverage:
    """Only those whose pipeline is reported are thinned, and only their silence shows anything."""

    @pytest.mark.parametrize("covers", [{"industry": ["Retail"]}, {"industry": "Retail"}, "asked", "ids"])
    def test_only_customers_covered_are_thinned(self, book, stream, covers):
        retail = (book.table["industry"] == "Retail").to_numpy()
        book = lb.Customers(book.table.assign(asked=np.where(retail, "yes", "no")), "week", book.as_of, "USD")
        covers = list(book.ids[retail]) if covers == "ids" else covers
        judged = opportunities([book.ids[retail][0]]).with_relation(
            "visible_share", visible=lb.VisibleShare.known(0.6, within="1 year")
        )
        plain = lb.lifetime_value(book, stream, **TERMS).components["repeat_purchases"]
        every = lb.lifetime_value(book, stream, future_value=judged, **TERMS).components["repeat_purchases"]
        some = lb.lifetime_value(book, stream, future_value=replace(judged, covers=covers), **TERMS)
        found = some.components["repeat_purchases"]
        np.testing.assert_array_equal(found[..., ~retail], plain[..., ~retail])
        np.testing.assert_array_equal(found[..., retail], every[..., retail])
        assert any("of the customers covered" in note for note in some.notes())

    def test_silence_of_others_shows_nothing(self, book, stream):
        judged = opportunities(["A"]).with_relation("additional", covers=["A", "C"])
        values = [
            lb.lifetime_value(book, stream, future_value=one, **TERMS).components["repeat_purchases"]
            for one in (None, judged)
        ]
        same = (values[0] == values[1]).all(("chain", "draw")).to_series()
        assert not same["C"]
        assert same.drop(["A", "C"]).all()

    def test_histories_of_a_stream_may_bear_the_column_or_those_valued(self, book, stream):
        judged = opportunities(["A"]).with_relation("additional", covers={"industry": ["Retail"]})
        own = replace(stream, customers=lb.Customers(book.table.drop(columns="industry"), "week", book.as_of, "USD"))
        values = [
            lb.lifetime_value(customers, one, future_value=judged, **TERMS).total()
            for customers, one in (
                (book, stream),
                (book, own),
                (lb.all_customers(book), replace(stream, customers=book)),
            )
        ]
        np.testing.assert_array_equal(values[0], values[1])
        np.testing.assert_array_equal(values[0], values[2])

    @pytest.mark.parametrize(
        ("covers", "error", "message"),
        [
            ("industri", ColumnError, "no column 'industri', which covers= names"),
            ("industry", InputError, "without True or False in 'industry'.*To choose values of it"),
            (["C"], JudgementError, r"of customers who are not covered \(row 0\)"),
            ({"industry": []}, InputError, "names no value of 'industry'"),
            ({"industry": ["Retail"], "region": ["North"]}, InputError, "one column with its values, not 2"),
        ],
    )
    def test_a_coverage_that_cannot_be_is_refused(self, book, stream, covers, error, message):
        visible = lb.VisibleShare.known(0.6, within="6 months")
        judged = opportunities(["A"]).with_relation("visible_share", visible=visible)
        with pytest.raises(error, match=message):
            lb.lifetime_value(book, stream, future_value=replace(judged, covers=covers), **TERMS)

    @pytest.mark.parametrize("value", ["Retial", "Retail ", "retail"])
    def test_a_value_that_no_customer_has_is_told(self, book, stream, value):
        judged = opportunities(["A"]).with_relation("additional", covers={"industry": ["Retail", value]})
        message = f"No customer has {value!r} in 'industry', which covers= names.*Energy, Public, Retail"
        with pytest.warns(DataWarning, match=message) as caught:
            lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        assert {one.filename for one in caught} == {__file__}

    def test_a_value_of_customers_fitted_is_known_in_a_slice(self, book):
        models = lb.BGNBD(), lb.GammaGamma()
        fits = [one.fit(book, method="laplace", draws=400, random_seed=1, progressbar=False) for one in models]
        values = sorted(book.table["industry"].unique())
        judged = opportunities(["A"]).with_relation("additional", covers={"industry": values})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            lb.lifetime_value(book.subset(["A"]), lb.RepeatPurchases(*fits), future_value=judged, **TERMS)


class TestSlices:
    """A value does not depend on who else is valued."""

    def test_a_share_once_learned_is_that_of_every_slice(self, book, stream):
        judged = opportunities(["A", "D"]).with_relation("additional").learn_sign_share(stream.purchases, book)
        whole = lb.lifetime_value(book, stream, future_value=judged, **TERMS).draws
        for ids in (["A", "C"], ["D"], ["E", "F", "B"]):
            part = judged.subset(judged.table["customer_id"].isin(ids).to_numpy())
            found = lb.lifetime_value(book.subset(ids), stream, future_value=part, **TERMS).draws
            np.testing.assert_array_equal(found.sel(customer_id=ids), whole.sel(customer_id=ids))

    def test_a_slice_without_an_opportunity_is_thinned_too(self, book, stream):
        visible = lb.VisibleShare.known(0.6, within="1 year")
        judged = opportunities(["A"]).with_relation("visible_share", visible=visible)
        whole = lb.lifetime_value(book, stream, future_value=judged, **TERMS).draws
        found = lb.lifetime_value(book.subset(["E"]), stream, future_value=judged.subset([]), **TERMS).draws
        np.testing.assert_array_equal(found, whole.sel(customer_id=["E"]))


class TestUnsaid:
    """Where nobody says how judgements relate, it is asked, with the size of the possible double count."""

    def test_size_is_the_smaller_of_judged_and_foreseen(self, book, stream):
        judged = replace(opportunities(["A", "D"], 0.999, [10.0, 1e3], [10.0, 1e3]), shows_life=20)
        alive = livelier(book, "D")
        foreseen = bg_nbd.expected_purchases(WEEKS, alive) * expected_spend(book, "D")
        with pytest.raises(JudgementError, match="2 judgements without a word on how they relate") as caught:
            lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        assert f"up to {9.99 + foreseen:.3g} USD" in str(caught.value)

    def test_who_is_likelier_to_be_alive_is_foreseen_to_buy_more(self, stream):
        """A client long silent will hardly buy by the history, but may in a value with an open opportunity."""
        history = {"customer_id": ["old"], "frequency": [20], "recency": [20.0], "T": [36.0], "monetary_value": [30.0]}
        silent = lb.Customers.from_summary(pd.DataFrame(history), time_unit="week", as_of="1997-09-30", currency="USD")
        now = livelier(silent, "old")
        assert now.alive > 10 * outlook(silent, "old").alive
        foreseen = bg_nbd.expected_purchases(WEEKS, now) * expected_spend(silent, "old")
        judged = replace(opportunities(["old"], 0.3, 1e3, 1e4), shows_life=20)
        with pytest.raises(JudgementError, match=f"up to {foreseen:.3g} USD would be counted twice"):
            lb.lifetime_value(silent, stream, future_value=judged, **TERMS)
        ltv = lb.lifetime_value(silent, stream, future_value=judged.with_relation("additional"), **TERMS)
        assert near(ltv.components["repeat_purchases"], foreseen)

    def test_purchases_of_those_who_never_leave_are_counted_too(self, book, stream):
        events = exactly(lb.FittedEvents, r=0.9, alpha=20.0)
        foreseen = (0.9 + 1) / (20.0 + 38.86) * WEEKS * expected_spend(book, "D")
        never = lb.RepeatPurchases(events, stream.spend)
        with pytest.raises(JudgementError, match=f"up to {foreseen:.3g} USD would be counted twice"):
            lb.lifetime_value(book, never, future_value=opportunities(["D"], 0.5, 1e3, 1e3), **TERMS)

    def test_nothing_is_said_where_nothing_overlaps(self, book, stream):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            lb.lifetime_value(book, stream, future_value=opportunities().with_relation("additional"), **TERMS)
            lb.lifetime_value(book, future_value=opportunities(), **TERMS)
        assert not caught

    def test_some_rows_may_say_it_themselves(self, book, stream):
        judged = opportunities(["A", "C"], relation=["additional", None])
        assert judged.with_relation("same_total").relations.tolist() == ["additional", "same_total"]
        with pytest.raises(JudgementError, match="1 judgement without a word on how it relates"):
            lb.lifetime_value(book, stream, future_value=judged, **TERMS)


class TestVisibleShare:
    """Purchases that the pipeline shows are left out of the forecast."""

    def test_the_base_stream_is_thinned_as_far_as_the_pipeline_looks(self, book, stream):
        visible = lb.VisibleShare.known(0.6, within="6 months")
        judged = opportunities(["B"]).with_relation("visible_share", visible=visible)
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        weeks = 0.5 * 365.25 / 7
        for customer in ("C", "E"):
            seen, all_ = (float(bg_nbd.expected_purchases(t, outlook(book, customer))) for t in (weeks, WEEKS))
            expected = (all_ - 0.6 * seen) * expected_spend(book, customer)
            assert near(ltv.components["repeat_purchases"].sel(customer_id=customer), expected)
        assert any("60% of the purchases within 6 months" in note for note in ltv.notes())

    @pytest.mark.parametrize("leaving", [True, False])
    def test_what_is_left_are_the_draws_without_it_less_what_is_shown(self, book, stream, leaving):
        """Draw by draw, so that a value with a visible share can be compared with one without."""
        events = lb.RepeatPurchases(exactly(lb.FittedEvents, r=0.9, alpha=20.0), stream.spend)
        main = stream if leaving else events
        plain = lb.lifetime_value(book, main, **TERMS).draws
        assert not (plain == 0).all()
        for share, within in ((0.0, "3 years"), (1.0, "1 week"), (0.5, "3 years"), (1.0, "3 years")):
            visible = lb.VisibleShare.known(share, within=within)
            left = lb.lifetime_value(book, replace(main, visible=visible), **TERMS).draws
            assert (left <= plain).all()
            seen = float((left < plain).mean() / (plain > 0).mean())
            assert (seen == 0, seen == 1) == (share == 0, share == 1 and within == "3 years")

    def test_of_two_streams_the_same_share_is_left_out_of_each_and_a_note_says_so(self, book, stream):
        judged = opportunities(["B"]).with_relation(
            "visible_share", visible=lb.VisibleShare.known(0.6, within="3 years")
        )
        streams = [replace(stream, name=name, customers=book) for name in ("goods", "parts")]
        plain = lb.lifetime_value(lb.all_customers(book), streams, **TERMS)
        ltv = lb.lifetime_value(lb.all_customers(book), streams, future_value=judged, **TERMS)
        for name in ("goods", "parts"):
            left = ltv.components[name].sum("customer_id")
            assert near(left, 0.4 * float(plain.components[name].sum("customer_id").mean()))
        assert any("left out of goods, parts alike and judged" in note for note in ltv.notes())

    def test_lives_do_not_depend_on_what_is_shown(self, book, stream):
        """A stream that rides on repeat purchases brings the same, whoever counts these."""
        main = replace(stream, name="main", customers=book)
        service = lb.TriggeredService(
            exactly(lb.FittedEvents, r=0.9, alpha=20.0), stream.spend, while_alive="main", customers=book
        )
        shown = replace(main, visible=lb.VisibleShare.known(0.5, within="1 year"))
        plain, left = (
            lb.lifetime_value(lb.all_customers(book), [one, service], **TERMS).components["triggered_service"]
            for one in (main, shown)
        )
        np.testing.assert_array_equal(left, plain)

    def test_nothing_is_said_to_be_left_out_where_nothing_is(self, book, stream):
        judged = opportunities().with_relation("additional", visible=lb.VisibleShare.known(0.6, within="6 months"))
        notes = lb.lifetime_value(book, stream, future_value=judged, **TERMS).notes()
        assert not any("left out of" in note for note in notes)

    @pytest.mark.parametrize(("amount", "told"), [(1.0, True), (1e4, False)])
    def test_far_less_judged_than_is_left_out_is_told_with_both_sizes(self, book, stream, amount, told):
        visible = lb.VisibleShare.known(0.6, within="6 months")
        judged = opportunities(probability=1 - 1e-9, low=amount, high=amount)
        judged = judged.with_relation("visible_share", visible=visible)
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        plain = lb.lifetime_value(book, stream, **TERMS | {"horizon": "6 months"}).summary()["mean"].sum()
        note = next(note for note in ltv.notes() if "left out of" in note)
        assert ("is the pipeline complete?" in note) == told
        if told:
            said = float(note.split("about ")[1].split(" ")[0])
            assert said == pytest.approx(0.6 * plain, rel=0.03)
            assert "and 1 USD judged" in note

    def test_the_share_must_be_said(self, book, stream):
        judged = opportunities().with_relation("visible_share")
        with pytest.raises(JudgementError, match=r"which share of purchases it shows \(row 0\)\. Pass visible="):
            lb.lifetime_value(book, stream, future_value=judged, **TERMS)


@pytest.fixture
def combined(book, stream):
    """A function from the weight of an opinion on E to the value."""

    def value(weight, probability=0.9, low=100.0, high=220.0, **terms):
        judged = opportunities(["E"], probability, low, high).with_relation("same_total", opinion_weight=weight)
        return lb.lifetime_value(book, stream, future_value=judged, **{**TERMS, **terms})

    return value


class TestSameTotal:
    """An opinion on the customer's whole future value is combined with the model's draws, not added."""

    def test_nothing_is_added(self, combined):
        ltv = combined(0.5)
        assert valued_of(ltv).sources == ["repeat_purchases"]

    def test_a_weight_of_nothing_changes_nothing(self, book, stream, combined):
        plain = lb.lifetime_value(book, stream, **TERMS).draws
        np.testing.assert_array_equal(combined(0.0).draws, plain)

    def test_evidence_weights_the_models_draws(self, book):
        """Weights made by hand give the same mean and quantiles."""
        many = [exactly(lb.FittedPurchases, 8_000, **PURCHASES), exactly(lb.FittedSpend, 8_000, **SPEND)]
        judged = opportunities(["E"], 0.9, 100.0, 220.0).with_relation("same_total", opinion_weight=None)
        plain, found = (
            lb.lifetime_value(book.subset(["E"]), lb.RepeatPurchases(*many), future_value=one, **TERMS)
            .draws.to_numpy()
            .ravel()
            for one in (None, judged)
        )
        sd = np.log(220 / 100) / 2 / 1.2815515655446004
        x = np.log(np.maximum(plain, 1e-300))
        density = np.exp(-0.5 * ((x - np.log(np.sqrt(22_000.0))) / sd) ** 2)
        some = plain > 0
        weights = np.where(some, 0.9 * density / density[some].mean(), 0.1)
        weights /= weights.sum()
        assert found.mean() == pytest.approx(weights @ plain, rel=0.01)
        assert (found == 0).mean() == pytest.approx(weights[~some].sum(), abs=0.002)

    def test_discount_and_margin_apply_after_it(self, combined):
        """The opinion speaks of revenue as it comes, so the draws that it takes do not depend on either."""
        plain, other = combined(0.5), combined(0.5, discount_rate=0.1, margin=0.35)
        ratio = (other.draws / plain.draws).sel(customer_id="E").to_numpy()
        ratio = ratio[np.isfinite(ratio)]
        assert ratio.min() >= 0.35 * 1.1**-3
        assert ratio.max() <= 0.35

    def test_other_customers_keep_their_draws(self, book, stream, combined):
        plain = lb.lifetime_value(book, stream, **TERMS).draws
        np.testing.assert_array_equal(combined(0.5).draws.sel(customer_id="C"), plain.sel(customer_id="C"))

    def test_trust_is_told(self, combined):
        table = combined(0.5).judgement.opinions()
        assert table.loc["E", "pareto_k"] < 0.7
        assert table.loc["E", "median"] != table.loc["E", "model_median"]
        far = combined(None, low=1e6, high=2e6)
        assert far.judgement.opinions().loc["E", "pareto_k"] > 0.7
        assert any("opinion" in note and "E" in note for note in far.notes())

    def test_an_opinion_that_says_what_the_model_says_alarms_nobody(self, book, stream):
        plain = lb.lifetime_value(book, stream, **TERMS).draws
        rows = []
        for customer in book.ids:
            draws = plain.sel(customer_id=customer).to_numpy().ravel()
            low, high = np.quantile(draws[draws > 0], [0.1, 0.9])
            rows.append((customer, min((draws > 0).mean(), 0.99), low, high))
        frame = pd.DataFrame(rows, columns=["customer_id", "probability", "low", "high"])
        judged = lb.FutureValuePriors.from_judgements(frame, relation="same_total")
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        assert (ltv.judgement.opinions()["pareto_k"] < 0.7).all()
        assert not any("little in common" in note for note in ltv.notes())

    def test_without_a_stream_there_is_nothing_to_combine_it_with(self, book):
        judged = opportunities(["A", "E"], opportunity="all", relation=["additional", "same_total"])
        with pytest.raises(JudgementError, match=r"no stream that predicts any of it \(row 1\)\. Give streams="):
            lb.lifetime_value(book, future_value=judged, **TERMS)

    def test_what_became_of_opinions_is_remembered(self, combined, monkeypatch):
        """Making the draws says it in passing; asking before, or of scaled opinions, changes nothing."""
        asked_first = combined(0.5, keep_draws=False).judgement.opinions()
        ltv = combined(0.5)
        ltv.judgement.power_scaling()

        def fail(*_):
            raise AssertionError("combined again")

        monkeypatch.setattr("ltv_bayes.judgement.valuing.whole_value.Opinion.combined", fail)
        pd.testing.assert_frame_equal(ltv.judgement.opinions(), asked_first)
        assert "Lifetime value of" in repr(ltv)

    def test_one_opinion_for_each_customer(self):
        with pytest.raises(JudgementError, match=r"whole value \(rows 0, 1\)\. Pool"):
            opportunities(["E", "E"], opportunity=["one", "two"]).with_relation("same_total")


class TestTogether:
    """Opportunities of one expert or market rise and fall together."""

    def judged(self, shared, number=40):
        frame = pd.DataFrame(
            {
                "customer_id": [f"C{k}" for k in range(number)],
                "probability": 0.3,
                "low": 50.0,
                "high": 200.0,
                "expert": ["Li", "Wang"] * (number // 2),
            }
        )
        judged = lb.FutureValuePriors.from_judgements(frame)
        return lb.FutureValuePriors(judged.table, shared=shared)

    def value(self, shared):
        customers = pd.DataFrame(
            {"customer_id": [f"C{k}" for k in range(40)], "frequency": 0, "recency": 0.0, "T": 1.0}
        )
        book = lb.Customers.from_summary(customers, time_unit="week")
        return lb.lifetime_value(book, future_value=self.judged(shared), horizon="1 year", random_seed=1)

    def test_each_keeps_its_law_and_the_book_spreads(self):
        alone, together = self.value({}), self.value({"expert": 0.4})
        for one in (alone, together):
            share = (one.draws > 0).mean(("chain", "draw")).to_numpy()
            assert (abs(share - 0.3) < allowed(100) * np.sqrt(0.21 / 4000)).all()
        assert float(together.total().std()) > 2 * float(alone.total().std())
        assert near(together.total(), float(alone.total().mean()))

    def test_two_of_one_group_have_the_stated_correlation(self):
        """Certain to come, so that amounts alone vary: their logarithms correlate by the shared part."""
        judged = self.judged({"expert": 0.4})
        judged = lb.FutureValuePriors(judged.table.assign(probability=1.0), shared={"expert": 0.4})
        customers = pd.DataFrame(
            {"customer_id": [f"C{k}" for k in range(40)], "frequency": 0, "recency": 0.0, "T": 1.0}
        )
        book = lb.Customers.from_summary(customers, time_unit="week")
        ltv = lb.lifetime_value(book, future_value=judged, horizon="1 year", random_seed=1)
        draws = ltv.draws.sel(customer_id=[f"C{k}" for k in range(40)])
        logs = np.log(draws.to_numpy().reshape(-1, 40))
        correlation = np.corrcoef(logs.T)
        same = [correlation[i, j] for i in range(40) for j in range(i) if (i - j) % 2 == 0]
        other = [correlation[i, j] for i in range(40) for j in range(i) if (i - j) % 2]
        assert np.mean(same) == pytest.approx(0.4, abs=0.03)
        assert np.mean(other) == pytest.approx(0.0, abs=0.03)

    def test_shares_that_cannot_be(self):
        with pytest.raises(JudgementError, match="below 1"):
            self.judged({"expert": 0.6, "customer_id": 0.5})
        with pytest.raises(ColumnError, match="tribe"):
            self.judged({"tribe": 0.2})
        with pytest.raises(UnitError, match="between 0 and 1"):
            self.judged({"expert": 40})


def test_unknown_relations_are_refused():
    with pytest.raises(JudgementError, match=r"unknown relation \(row 0\)\. Write one of additional"):
        opportunities(relation="the same")


class TestSensitivityOfOpinions:
    """An opinion on a whole value has no money of its own: its part is by how much it changes the value."""

    @pytest.fixture
    def ltv(self, book, stream):
        judged = opportunities(["D"], 0.9, 400.0, 500.0).with_relation("same_total", opinion_weight=None)
        return lb.lifetime_value(book, stream, future_value=judged, **TERMS)

    def test_parts_add_up(self, ltv):
        table = ltv.judgement.sensitivity()
        assert table["source"].tolist() == ["repeat_purchases", "streams as judged", "judged"]
        assert table["mean_share"].sum() == pytest.approx(1)
        of_opinion = table.set_index("source").loc["judged", "mean"]
        expected = valued_of(ltv).means("D")["repeat_purchases"]
        expected -= valued_of(ltv.without_judgement()).means("D")["repeat_purchases"]
        assert of_opinion == pytest.approx(expected)
        assert table.set_index("source").loc["streams as judged", "mean"] == pytest.approx(0, abs=1e-6)

    def test_beside_an_opportunity_of_the_same_customer_its_part_is_its_own(self, book, stream):
        both = opportunities(["D", "D"], 0.9, 400.0, 500.0, opportunity=["all", "hall"])
        both = replace(both, table=both.table.assign(relation=["same_total", "additional"]))
        ltv = lb.lifetime_value(book, stream, future_value=both, **TERMS)
        hall = lb.lifetime_value(book, stream, future_value=both.subset([False, True]), **TERMS)
        expected = sum(valued_of(ltv).means("D").values()) - sum(valued_of(hall).means("D").values())
        table, audit = (each.set_index("opportunity") for each in (ltv.judgement.sensitivity(), ltv.judgement.audit()))
        assert table.loc["all", "mean"] == pytest.approx(expected, abs=0.01)
        assert audit.loc["all", "used"] == pytest.approx(expected, abs=0.01)
        assert table["mean_share"].sum() == pytest.approx(1)

    def test_settled_at_nothing_and_at_either_end(self, ltv):
        row = ltv.judgement.tornado().iloc[0]
        others = ltv.explain().loc["total", "mean"] - ltv.explain("D").loc["total", "mean"]
        assert row["absent"] == pytest.approx(others)
        assert row["at_high"] - row["absent"] == pytest.approx(500, rel=1e-3)
        assert row["at_low"] - row["absent"] == pytest.approx(400, rel=1e-3)

    def test_with_and_without(self, ltv):
        table = ltv.judgement.with_and_without()["mean"]
        plain = ltv.without_judgement()
        assert valued_of(plain).sources == ["repeat_purchases"]
        assert table["without judgement"] == pytest.approx(plain.explain().loc["total", "mean"])
        assert table["what judgement adds"] == pytest.approx(table["with judgement"] - table["without judgement"])

    def test_holding_it_more_firmly_shows(self, ltv):
        row = ltv.judgement.power_scaling().iloc[0]
        assert row["mean_change"] != 0
