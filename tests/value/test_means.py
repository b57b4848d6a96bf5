"""Means of values are those of what is expected given each draw of the parameters; they add up everywhere."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.predictions.fitted import shuffled
from tests.chance import allowed
from tests.predictions.test_calendar_effects import on_clock

TERMS = {"horizon": ["1 year", "3 years"], "discount_rate": 0.10, "margin": 0.35, "random_seed": 4}


def priced(spend, growth):
    tree = spend.idata.copy()
    tree.attrs |= {"prices": json.dumps({"growth": growth}), "as_of": "1997-09-30"}
    return lb.FittedSpend(tree)


class AtALoss:
    """A stream of one's own: the same orders, each of which costs what it earned."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def prepare(self, *terms):
        made = self._stream.prepare(*terms)

        def draw(first, last, money, *ends):
            made(first, last, money, *ends)
            money *= -1

        return draw


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(5)
    drawn = {"r": rng.lognormal(0, 0.1, (2, 500)), "alpha": 20 * rng.lognormal(0, 0.1, (2, 500))}
    return lb.FittedEvents.from_draws(drawn, time_unit="week")


@pytest.fixture(scope="module")
def sharing(purchases):
    """A share of customers leaves right after the first purchase."""
    share = 0.3 * np.random.default_rng(6).lognormal(0, 0.1, (2, 500))
    return lb.FittedPurchases.from_draws({**purchases.draws, "first_dropout": share}, time_unit="week")


@pytest.fixture(scope="module")
def ltv(book, purchases, spend):
    return lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), realised=True, **TERMS)


class TestOfOneCustomer:
    @pytest.mark.parametrize("fit", ["purchases", "leaving_at_once", "sharing", "events"])
    @pytest.mark.parametrize("growth", [None, 0.0])
    def test_is_expected_purchases_times_expected_spend_draw_by_draw(self, request, book, spend, fit, growth):
        counts = request.getfixturevalue(fit)
        each = spend if growth is None else priced(spend, growth)
        found = lb.lifetime_value(book, lb.RepeatPurchases(counts, each), **TERMS).summary()["mean"]
        counts = shuffled(counts, (2, 500), 4, "repeat_purchases counts")
        each = shuffled(spend, (2, 500), 4, "repeat_purchases spend").expected_spend(book)
        number = getattr(counts, f"expected_discounted_{'events' if fit == 'events' else 'purchases'}")
        expected = 0.35 * (number(book, "3 years", 0.10) * each).mean(("chain", "draw"))
        np.testing.assert_allclose(found, expected, rtol=1e-6)

    @pytest.mark.parametrize("fit", ["purchases", "leaving_at_once", "sharing", "events"])
    def test_draws_have_this_mean_on_a_clock_and_at_prices(self, request, book, spend, fit):
        """Whatever moves in a draw: the draw's own future factor, and prices that grow by a third a year."""
        counts = on_clock(request.getfixturevalue(fit), level=0.4, sds=0.3, effect=-0.2)
        value = lb.lifetime_value(book, lb.RepeatPurchases(counts, priced(spend, 0.33)), **TERMS)
        for one in (value, value.at("1 year")):
            table, draws = one.summary(), one.draws
            error = (draws.std(("chain", "draw")) / np.sqrt(1000)).to_numpy()
            off = np.abs(draws.mean(("chain", "draw")).to_numpy() - table["mean"]) / error
            assert (off < allowed(48)).all()
            assert (off > 1e-6).all()

    def test_signs_of_life_and_visible_purchases_count(self, book, purchases, spend):
        frame = pd.DataFrame({"customer_id": ["D"], "probability": [0.5], "low": [50.0], "high": [200.0]})
        visible = lb.VisibleShare.known(0.6, within="6 months")
        judged = lb.FutureValuePriors.from_judgements(frame).with_relation("visible_share", visible=visible)
        stream = lb.RepeatPurchases(purchases, spend, known_alive=["A"])
        value = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        plain = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), **TERMS)
        drawn = value.components["repeat_purchases"]
        error = (drawn.std(("chain", "draw")) / np.sqrt(1000)).to_numpy()
        means = np.array([value.explain(one).loc["repeat_purchases", "mean"] for one in book.ids])
        assert (np.abs(drawn.mean(("chain", "draw")).to_numpy() - means) < allowed(6) * error).all()
        assert (np.abs(means / plain.summary()["mean"] - 1) > 0.02).all()

    def test_other_streams_and_opinions_are_as_drawn(self, book, purchases, spend):
        regular = lb.FittedPurchases.from_draws(
            {"r": [[0.5] * 50], "alpha": [[3.0] * 50], "a": [[0.8] * 50], "b": [[2.5] * 50]},
            time_unit="week",
            model="bg_cnbd",
            k=2,
        )
        value = lb.lifetime_value(book, lb.RepeatPurchases(regular, spend), **TERMS)
        np.testing.assert_allclose(value.summary()["mean"], value.draws.mean(("chain", "draw")))
        frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.9], "low": [50.0], "high": [200.0]})
        judged = lb.FutureValuePriors.from_judgements(frame).with_relation("same_total")
        value = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=judged, **TERMS)
        drawn, mean = value.draws.mean(("chain", "draw")).to_series(), value.summary()["mean"]
        assert mean["A"] == pytest.approx(drawn["A"])
        assert mean["E"] != pytest.approx(drawn["E"], rel=1e-6)

    def test_without_a_mean_order_the_mean_is_that_of_draws(self, book, purchases, spend):
        heavy = lb.FittedSpend.from_draws({**spend.draws, "q": np.full((2, 500), 0.9)}, currency="USD")
        value = lb.lifetime_value(book, lb.RepeatPurchases(purchases, heavy), **TERMS)
        drawn, mean = value.draws.mean(("chain", "draw")).to_series(), value.summary()["mean"]
        assert mean["B"] == pytest.approx(drawn["B"])
        assert np.isfinite(mean).all()


class TestTogether:
    def test_a_portfolio_is_its_customers(self, ltv):
        table = ltv.summary()
        assert ltv.explain().loc["total", "mean"] == pytest.approx(table["mean"].sum(), rel=1e-12)
        assert ltv.by_horizon()["mean"].iloc[-1] == pytest.approx(table["mean"].sum(), rel=1e-12)
        assert ltv.by_horizon()["mean"].iloc[0] == pytest.approx(ltv.at("1 year").summary()["mean"].sum(), rel=1e-12)
        one = ltv.explain("A")
        assert one.loc["total", "mean"] == table.loc["A", "mean"]
        np.testing.assert_allclose(ltv.tiers()["mean"].sort_index(), table["to_come"].sort_index(), rtol=1e-12)
        assert (table["realised"] + table["to_come"]).to_numpy() == pytest.approx(table["mean"].to_numpy(), rel=1e-12)
        assert ltv.upside()["upside"].sum() == pytest.approx(ltv.explain().loc["repeat_purchases", "mean"], rel=1e-12)

    def test_years_add_up(self, ltv):
        years = ltv.cash_flow()
        assert years["mean"].sum() == pytest.approx(ltv.explain().loc["repeat_purchases", "mean"], rel=1e-12)
        assert (years["mean"] == years["mean_repeat_purchases"]).all()

    @pytest.mark.parametrize("weight", [None, "total_value"])
    def test_a_segment_is_its_customers(self, ltv, book, weight):
        by, table = ltv.by("industry", weight=weight), ltv.summary()
        weights = book.table["total_value"] if weight else pd.Series(1.0, index=book.ids)
        sums = (table["mean"] * weights).groupby(book.table["industry"]).sum()
        each = sums / weights.groupby(book.table["industry"]).sum()
        np.testing.assert_allclose(by.mean("per_customer")[each.index], each, rtol=1e-12)
        assert by.summary()["total_mean"].sum() == pytest.approx(table["mean"].sum(), rel=1e-12)
        row = by.compare("per_customer").iloc[0]
        assert row["difference"] == pytest.approx(each[row["segment_a"]] - each[row["segment_b"]], rel=1e-9)

    @pytest.mark.parametrize("measure", ["to_come_per_customer", "per_customer", "total"])
    def test_losses_and_differences_are_of_the_means_shown(self, ltv, measure):
        by = ltv.by("industry")
        mean, table, chosen = by.summary()[f"{measure}_mean"], by.compare(measure), by.best(measure)
        apart = mean[table["segment_a"]].to_numpy() - mean[table["segment_b"]].to_numpy()
        np.testing.assert_allclose(table["difference"], apart, rtol=1e-9)
        np.testing.assert_allclose(table["expected_loss_b"] - table["expected_loss_a"], apart, rtol=1e-9)
        assert (table[["expected_loss_a", "expected_loss_b"]] >= 0).all(axis=None)
        np.testing.assert_allclose(chosen["mean"], mean[chosen.index])
        np.testing.assert_allclose(
            chosen["expected_loss"] + chosen["mean"], chosen["expected_loss"].iloc[0] + mean.max()
        )
        a, b = (by.draws(measure).sel(segment=list(table[f"segment_{one}"])).to_numpy() for one in "ab")
        loss = np.maximum(b - a, 0).mean(axis=(0, 1))
        moved = np.abs((a - b).mean(axis=(0, 1)) - apart)
        assert (np.abs(table["expected_loss_a"] - loss) <= moved).all()
        assert (moved > 1e-9 * np.abs(apart)).all()

    def test_pairs_are_in_the_order_of_the_summary(self, ltv):
        by = ltv.by("industry")
        order, table = list(by.summary().index), by.compare()
        likelier = table["probability_a_above_b"] > 0.5
        places = table.map(lambda name: order.index(name) if name in order else np.nan)
        assert len(table) == 3
        assert (places["segment_a"] < places["segment_b"])[likelier].all()

    def test_a_slice_and_another_pass_have_the_same(self, ltv, book, purchases, spend):
        passes = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), realised=True, keep_draws=False, **TERMS)
        pd.testing.assert_frame_equal(passes.summary(), ltv.summary(), check_exact=True)
        some = lb.lifetime_value(
            book.subset(["E", "B"]), lb.RepeatPurchases(purchases, spend), realised=True, **TERMS
        ).summary()
        pd.testing.assert_frame_equal(some, ltv.summary().loc[some.index], check_exact=True)

    def test_a_slice_has_the_same_where_only_some_purchases_are_visible(self, book, purchases, spend):
        frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.5], "low": [50.0], "high": [200.0]})
        visible = lb.VisibleShare.known(0.6, within="5 months")
        judged = lb.FutureValuePriors.from_judgements(frame, covers=["A", "B"])
        judged = judged.with_relation("visible_share", visible=visible)
        value = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=judged, **TERMS)
        means = value.summary()["mean"]
        alone = [value.explain(one).loc["total", "mean"] for one in book.ids]
        np.testing.assert_allclose(alone, means, rtol=1e-14)

    def test_customers_who_differ_in_one_thing_have_means_of_their_own(self, purchases, spend):
        """Equal ones are computed once: here two are equal, one has older orders, one dearer ones, two bought once."""
        found = pd.DataFrame({"customer_id": list("ABCDEF"), "frequency": [2, 2, 2, 2, 0, 0], "T": 38.86})
        found = found.assign(recency=[30.43] * 4 + [0.0] * 2, monetary_value=[22.35, 22.35, 22.35, 24.0, np.nan, 0.0])
        found = found.assign(total_value=90.0, spend_age=[8.0, 8.0, 20.0, 8.0, np.nan, np.nan])
        customers = lb.Customers.from_summary(found, time_unit="week", as_of="1997-09-30")
        value = lb.lifetime_value(customers, lb.RepeatPurchases(purchases, priced(spend, 0.33)), **TERMS)
        means = value.summary()["mean"]
        assert means["A"] == means["B"]
        assert means["E"] == means["F"]
        assert means.nunique() == 4
        alone = [value.explain(one).loc["total", "mean"] for one in means.index]
        np.testing.assert_allclose(alone, means, rtol=1e-14)

    @pytest.mark.parametrize("realised", [False, True])
    @pytest.mark.parametrize("relation", ["additional", "same_total"])
    def test_a_tornado_stands_on_the_value_that_is_shown(self, book, purchases, spend, relation, realised):
        """Of an opinion on a whole value, the rest is all other customers, and this one's past."""
        rows = [{"customer_id": "B", "probability": 0.4, "low": 10.0, "high": 90.0, "opportunity": "Hall"}]
        rows += [{"customer_id": "E", "probability": 0.9, "low": 50.0, "high": 200.0, "opportunity": "Plant"}]
        frame = pd.DataFrame(rows).assign(relation=["additional", relation])
        judged, stream = lb.FutureValuePriors.from_judgements(frame), lb.RepeatPurchases(purchases, spend)
        value = lb.lifetime_value(book, stream, future_value=judged, **{**TERMS, "realised": realised})
        table, parts = value.judgement.tornado(), value.judgement.sensitivity()
        shown, drawn = value.explain().loc["total", "mean"], float(value.total().mean())
        assert table.attrs["total"] == pytest.approx(shown, rel=1e-12)
        assert abs(shown / drawn - 1) > 1e-6
        absent = table.set_index("opportunity")["absent"]
        assert absent["Hall"] == pytest.approx(parts.set_index("opportunity").loc["Hall", "without_mean"], rel=1e-12)
        customer = value.summary().loc["E", "to_come" if realised else "mean"]
        plant = customer if relation == "same_total" else value.explain("E").loc["judged", "mean"]
        assert absent["Plant"] == pytest.approx(shown - plant, rel=1e-12)
        swing = table["at_high"] - table["absent"]
        np.testing.assert_allclose(table["swing"], swing)
        medians = value.judgement.tornado("median")
        assert medians.attrs["total"] == pytest.approx(float(value.total().median()))

    def test_parts_of_judgements_add_up_to_the_judged_mean(self, book, purchases, spend):
        rows = [("A", "Hall", 0.3), ("A", "Roof", 0.7), ("B", "Plant", 0.5)]
        frame = pd.DataFrame(rows, columns=["customer_id", "opportunity", "probability"]).assign(low=50.0, high=200.0)
        frame["relation"] = "additional"
        judged, stream = lb.FutureValuePriors.from_judgements(frame), lb.RepeatPurchases(purchases, spend)
        value = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        whole = value.explain().loc["judged", "mean"]
        parts = value.judgement.sensitivity().set_index("source")["mean"]
        assert parts["judged"].sum() == pytest.approx(whole, rel=1e-12)
        assert value.judgement.audit()["used"].sum() == pytest.approx(whole, rel=1e-12)


class TestLuck:
    def test_of_single_draws_is_gone(self, book, purchases, spend):
        """Over independent seeds the mean that is shown varies by the pairing of the two fits alone."""

        def means(seed):
            stream = lb.RepeatPurchases(purchases, spend)
            value = lb.lifetime_value(book, stream, horizon="1 year", random_seed=seed)
            return value.explain().loc["total", "mean"], float(value.total().mean())

        shown, drawn = np.array([means(seed) for seed in range(12)]).T
        assert shown.std() < drawn.std() / 5
        error = drawn.std() / np.sqrt(12)
        assert abs(shown.mean() - drawn.mean()) < allowed(1, 11) * error


class TestRanking:
    """By what is still to come: past value and customers who have most likely left stand apart."""

    @pytest.fixture(scope="class")
    @classmethod
    def loyal(cls, purchases, spend):
        """Large was worth much and has left; Small buys; Once bought once, and may come again."""
        frame = pd.DataFrame(
            {
                "customer_id": ["Large", "Small", "Once"],
                "frequency": [12, 4, 0],
                "recency": [9.0, 36.0, 0.0],
                "T": [38.0, 38.0, 38.0],
                "monetary_value": [60.0, 20.0, np.nan],
                "total_value": [1e6, 100.0, 20.0],
                "region": ["North", "South", "South"],
            }
        )
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30")
        stream = lb.RepeatPurchases(purchases, spend)
        return lb.lifetime_value(customers, stream, horizon="1 year", realised=True, random_seed=1)

    def test_of_customers(self, loyal):
        table = loyal.ranked()
        assert table.index[-1] == "Large"
        assert table.index[0] == "Small"
        assert table.loc["Large", "realised"] == 1e6
        assert table.loc["Large", ["to_come_eti89_lb", "to_come_eti89_ub"]].tolist() == [0, 0]
        assert table.loc["Large", "probability_of_more"] < 0.05
        assert table.loc["Large", "why"].startswith("most likely nothing more: P(more)")
        assert table.loc["Small", "why"] == ""
        assert table["to_come"].to_dict() == pytest.approx(loyal.summary()["to_come"].to_dict())
        future = loyal.components["repeat_purchases"].sel(customer_id=list(table.index))
        np.testing.assert_allclose(table["median_to_come"], future.median(("chain", "draw")), atol=1e-9)
        assert list(loyal.upside().index) == list(table.index)
        assert loyal.summary()["mean"].idxmax() == "Large"

    def test_who_has_most_likely_left_stands_last_whatever_the_mean(self, purchases, spend):
        left = {"frequency": 12, "recency": 16.0, "T": 38.0, "monetary_value": 2e4}
        buys = {"frequency": 4, "recency": 36.0, "T": 38.0, "monetary_value": 20.0}
        names = {"Large": left, "Small": buys, "Smaller": buys, "Smallest": buys}
        frame = pd.DataFrame.from_dict(names, orient="index").rename_axis("customer_id").reset_index()
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30")
        stream = lb.RepeatPurchases(purchases, spend)
        ranked = lb.lifetime_value(customers, stream, horizon="1 year", random_seed=1).ranked()
        assert ranked["to_come"].idxmax() == "Large"
        assert ranked.index[-1] == "Large"
        assert ranked.loc["Large", "why"].startswith("most likely nothing more: P(more)")

    def test_by_the_median(self, loyal):
        assert list(loyal.ranked("median"))[1] == "median_to_come"
        with pytest.raises(lb.errors.InputError, match="statistic must be 'mean' or 'median', not 'mode'"):
            loyal.ranked("mode")

    @pytest.mark.parametrize("kind", ["eti", "hdi"])
    def test_at_a_loss_who_buys_more_has_not_left(self, loyal, purchases, spend, kind):
        """Every interval ends at 0 or below; P(more) is what it is where the same orders earn."""
        stream = AtALoss(lb.RepeatPurchases(purchases, spend))
        value = lb.lifetime_value(loyal.customers, stream, horizon="1 year", realised=True, random_seed=1)
        table, gain = value.ranked(ci_kind=kind), loyal.ranked(ci_kind=kind)
        assert table["probability_of_more"].to_dict() == gain["probability_of_more"].to_dict()
        assert list(table.index) == ["Once", "Small", "Large"]
        assert (table.iloc[:, 1:5] <= 0).all(axis=None)
        assert table["why"].to_dict() == gain["why"].to_dict()
        assert list(value.upside().index) == list(table.index)

    def test_of_segments(self, loyal):
        by = loyal.by("region")
        assert by.measures[0] == "to_come_per_customer"
        assert by.summary().index[0] == "South"
        assert by.summary()["realised_per_customer"].to_dict() == {"South": 60.0, "North": 1e6}
        assert by.compare("per_customer").iloc[0]["segment_a"] == "North"
        assert by.compare().iloc[0]["segment_a"] == "South"
        assert "per customer (what today's customers will yield)" in by.compare()["sentence"].iloc[0]
        assert "(what today's customers have yielded and will yield)" in by.compare("total")["sentence"].iloc[0]
        np.testing.assert_allclose(by.draws().sel(segment="North"), by.draws("per_customer").sel(segment="North") - 1e6)

    def test_of_tiers(self, loyal):
        table = loyal.tiers()
        assert table.index[-1] == "Large"
        assert table.loc["Large", "realised"] == 1e6


class TestTwoOrders:
    def test_of_today_and_of_the_next_customer_stand_beside_each_other(self, book, pooled, spend):
        ltv = lb.lifetime_value(book, lb.RepeatPurchases(pooled, spend.thin(300)), horizon="3 years", random_seed=1)
        new = lb.new_customer_value(pooled, spend.thin(300), horizon="3 years")
        by = ltv.by("industry")
        table = by.beside_next_customer(new, ci_prob=0.8)
        assert sorted(table["todays_customers_rank"]) == sorted(table["next_customer_rank"]) == [1, 2, 3]
        medians = by.per_customer.median(("chain", "draw")).to_series()
        np.testing.assert_allclose(table["todays_customers_median"], medians[table.index])
        assert table["next_customer_median"].to_dict() == pytest.approx(new.summary()["median"].to_dict())
        assert {"todays_customers_eti80_lb", "next_customer_eti80_ub"} <= set(table)
        ranks = table[["todays_customers_rank", "next_customer_rank"]].to_numpy()
        alike = [(ranks[i, 1] < ranks[j, 1]) for i in range(3) for j in range(i + 1, 3)]
        assert table.attrs["agreement"] == pytest.approx(np.mean(alike))
        assert f"agree in {sum(alike)} of 3 pairs" in table.attrs["sentence"]
        assert "expected value of the next customer than" in lb.compare(new.draws)["sentence"].iloc[0]

    def test_the_next_customer_needs_segments(self, ltv, purchases, spend):
        new = lb.new_customer_value(purchases, spend, horizon="3 years")
        with pytest.raises(lb.errors.InputError, match="The next customer's value by segment is needed"):
            ltv.by("industry").beside_next_customer(new)
        with pytest.raises(lb.errors.InputError, match="no segment is in both"):
            ltv.by("industry").beside_next_customer(ltv)
