"""What hangs on judgements: parts, shares, with and without, power-scaling, conflicts, audit, against closed forms."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.draws import JudgedDraws
from ltv_bayes.predictions.spend import spend_histories
from ltv_bayes.value.influence.conflicts import tail_probability
from ltv_bayes.value.influence.judged_parts import judged_parts
from ltv_bayes.value.influence.power_scaling import power_scaled
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import FALSE_ALARM, allowed

ROWS = [
    {"customer_id": "A", "probability": 0.6, "low": 50.0, "high": 200.0, "expert": "Li", "opportunity": "Plant"},
    {"customer_id": "E", "probability": 0.9, "low": 20.0, "high": 60.0, "expert": "Wu", "opportunity": "Line"},
    {"customer_id": "E", "probability": 0.3, "low": 100.0, "high": 900.0, "expert": "Li", "opportunity": "Hall"},
]
TERMS = {"horizon": ["1 year", "3 years"], "discount_rate": 0.10, "margin": 0.35, "random_seed": 4}


def read(rows=ROWS):
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(rows), relation="additional", shows_life=False)


@pytest.fixture(scope="module")
def value(book, purchases, spend):
    def make(judged=None, **more):
        stream = lb.RepeatPurchases(purchases, spend)
        return lb.lifetime_value(book, stream, future_value=judged or read(), **{**TERMS, **more})

    return make


@pytest.fixture(scope="module")
def ltv(value):
    return value(realised=True)


def adjusted(judged, shape):
    """Judgements that were recalibrated, the first unlike the others."""
    rng = np.random.default_rng(3)
    entries = [rng.normal(centre, 0.1, (2, *shape)) for centre in (-0.5, 0.8, -0.2, 1.4)]
    return type(judged)(judged.table, judged.interval, Adjustments(np.array([0, 1, 1]), *entries))


class TestParts:
    @pytest.mark.parametrize("margin", [0.35, "own"])
    def test_parts_add_up_to_the_judged_money_of_the_book(self, book, purchases, spend, margin):
        shares = {name: 0.1 * place for place, name in enumerate(book.ids)} if margin == "own" else margin
        stream = lb.RepeatPurchases(purchases, spend)
        ltv = lb.lifetime_value(book, stream, future_value=adjusted(read(), (2, 500)), **{**TERMS, "margin": shares})
        for horizon in TERMS["horizon"]:
            at = ltv.at(horizon)
            np.testing.assert_allclose(
                sum(money for _, money in judged_parts(valued_of(at))), valued_of(at).money()["judged"]
            )

    def test_parts_of_customers_in_a_file(self, book, tmp_path):
        in_file = lb.Customers.scan(book.save(tmp_path / "customers.parquet"))
        ltv = lb.lifetime_value(in_file, future_value=read(), **TERMS)
        np.testing.assert_allclose(
            sum(money for _, money in judged_parts(valued_of(ltv))), valued_of(ltv).money()["judged"]
        )

    def test_each_part_comes_once_whatever_the_order_of_rows(self, value):
        there = {read().table["opportunity"].iloc[place]: money for place, money in judged_parts(valued_of(value()))}
        turned = read(ROWS[::-1])
        back = {
            turned.table["opportunity"].iloc[place]: money for place, money in judged_parts(valued_of(value(turned)))
        }
        assert set(there) == {"Plant", "Line", "Hall"}
        for name, money in there.items():
            np.testing.assert_array_equal(money, back[name])

    def test_many_of_one_customer_are_made_ready_at_once(self, value, monkeypatch):
        ltv = value(read([{**ROWS[1], "opportunity": f"Line {k}"} for k in range(20)]))
        calls = []

        def counted(*arguments):
            calls.append(arguments)
            return JudgedDraws(*arguments)

        monkeypatch.setattr("ltv_bayes.value.influence.judged_parts.JudgedDraws", counted)
        assert len(list(judged_parts(valued_of(ltv)))) == 20
        assert len(calls) == 1

    def test_only_judged_customers_are_looked_at(self, value, monkeypatch):
        ltv = value()
        valued_of(ltv).money()

        def fail(*_, **__):
            raise AssertionError("went over the whole book again")

        monkeypatch.setattr(type(valued_of(ltv).valuation), "over_blocks", fail)
        for ask in (
            ltv.judgement.sensitivity,
            ltv.judgement.with_and_without,
            ltv.judgement.tornado,
            ltv.judgement.conflicts,
            ltv.judgement.audit,
            ltv.judgement.power_scaling,
        ):
            assert len(ask())


class TestShares:
    def test_shares_add_up_to_one(self, ltv):
        table = ltv.judgement.sensitivity()
        assert table["source"].tolist() == ["realised", "repeat_purchases", "judged", "judged", "judged"]
        assert table[["mean_share", "variance_share"]].sum().tolist() == pytest.approx([1, 1])
        judged = table[table["source"] == "judged"]
        whole = ltv.judgement.share()
        assert judged["mean_share"].sum() == pytest.approx(whole["mean"])
        assert judged["variance_share"].sum() == pytest.approx(whole["variance"])

    def test_variance_of_independent_judgements_alone_is_shared_by_their_variances(self, book):
        ltv = lb.lifetime_value(book, future_value=read(), horizon="1 year", random_seed=2)
        share = ltv.judgement.sensitivity().set_index("opportunity")["variance_share"]
        stated = read().table.set_index("opportunity")
        second = stated["amount_1"] ** 2 * np.exp(2 * stated["amount_2"] ** 2)
        variance = stated["probability"] * second - (stated["probability"] * stated["mean"]) ** 2
        for name, expected in (variance / variance.sum()).items():
            assert share[name] == pytest.approx(expected, abs=0.05)

    def test_mean_of_a_part_is_chance_times_mean_times_margin_and_discount(self, ltv):
        mean = ltv.judgement.sensitivity().set_index("opportunity").loc["Line", "mean"]
        delta = np.log(1.1)
        discount = (1 - np.exp(-3 * delta)) / (3 * delta)
        stated = read().table.set_index("opportunity").loc["Line"]
        assert mean == pytest.approx(stated["probability"] * stated["mean"] * 0.35 * discount, rel=0.05)

    def test_the_book_without_one_is_the_book_valued_without_it(self, value):
        found = value().judgement.sensitivity(ci_prob=0.8).set_index("opportunity").loc["Hall"]
        without = value(read(ROWS[:2])).explain(ci_prob=0.8).loc["total"]
        for name in ("mean", "median", "eti80_lb", "eti80_ub"):
            assert found[f"without_{name}"] == pytest.approx(without[name])

    def test_nothing_judged(self, book, purchases, spend):
        ltv = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), **TERMS)
        for ask in (
            ltv.judgement.sensitivity,
            ltv.judgement.with_and_without,
            ltv.judgement.tornado,
            ltv.judgement.conflicts,
            ltv.judgement.audit,
        ):
            with pytest.raises(InputError, match="Nothing in this value is judged"):
                ask()


class TestWithout:
    @pytest.mark.parametrize("keep_draws", [True, False])
    def test_the_rest_has_the_draws_it_had(self, value, purchases, spend, book, keep_draws):
        ltv = value(realised=True, keep_draws=keep_draws)
        ltv.summary()
        plain = lb.lifetime_value(
            book, lb.RepeatPurchases(purchases, spend), realised=True, keep_draws=keep_draws, **TERMS
        )
        less = ltv.without_judgement()
        assert valued_of(less).sources == ["realised", "repeat_purchases"]
        pd.testing.assert_frame_equal(less.summary(), plain.summary())
        pd.testing.assert_frame_equal(less.explain("E"), plain.explain("E"))
        pd.testing.assert_frame_equal(less.by("industry").summary(), plain.by("industry").summary())
        np.testing.assert_array_equal(less.at("1 year").total(), plain.at("1 year").total())

    def test_beside_each_other(self, ltv):
        table = ltv.judgement.with_and_without(ci_prob=0.8)
        assert table.loc["with judgement"].to_dict() == ltv.explain(ci_prob=0.8).loc["total"].drop("share").to_dict()
        without = ltv.without_judgement().explain(ci_prob=0.8).loc["total"].drop("share")
        assert table.loc["without judgement"].to_dict() == pytest.approx(without.to_dict())

    def test_of_one_customer(self, ltv):
        table, explained = ltv.judgement.with_and_without("E"), ltv.explain("E")
        assert table.loc["what judgement adds", "mean"] == pytest.approx(explained.loc["judged", "mean"])

    def test_nothing_left(self, book):
        with pytest.raises(InputError, match="Nothing but judgement"):
            lb.lifetime_value(book, future_value=read(), **TERMS).without_judgement()


class TestTornado:
    def test_ends_are_those_of_the_stated_amounts(self, book):
        dated = [{**row, "expected_on": "1998-09-30"} for row in ROWS]
        ltv = lb.lifetime_value(book, future_value=read(dated), horizon="3 years", discount_rate=0.10, random_seed=1)
        row = ltv.judgement.tornado().set_index("opportunity").loc["Hall"]
        worth = 1.1 ** (-365 / 365.25)
        assert row["at_low"] - row["absent"] == pytest.approx(100 * worth)
        assert row["at_high"] - row["absent"] == pytest.approx(900 * worth)
        others = ltv.judgement.sensitivity().set_index("opportunity").loc["Hall", "without_mean"]
        assert row["absent"] == pytest.approx(others)

    def test_the_largest_swing_comes_first(self, ltv):
        assert ltv.judgement.tornado()["opportunity"].tolist() == ["Hall", "Plant", "Line"]
        assert ltv.judgement.tornado("median")["swing"].is_monotonic_decreasing

    def test_recalibrated_amounts_count(self, value):
        stated, judged = value().judgement.tornado(), adjusted(read(), (2, 500))
        found = value(judged).judgement.tornado()
        ends = [table.set_index("opportunity").loc["Hall", "swing"] for table in (stated, found)]
        assert ends[0] != pytest.approx(ends[1], rel=0.05)

    def test_an_unknown_statistic(self, ltv):
        with pytest.raises(InputError, match="'mean' or 'median'"):
            ltv.judgement.tornado("mode")


class TestPowerScaling:
    @pytest.mark.parametrize("alpha", [0.5, 2.0])
    def test_a_scaled_judgement_is_the_log_normal_with_the_scaled_variance(self, book, alpha):
        judged = power_scaled(read(ROWS[:1]), alpha, (4, 1000))
        ltv = lb.lifetime_value(book, future_value=judged, horizon="1 year", random_seed=2)
        drawn = ltv.draws.sel(customer_id="A").to_numpy().ravel()
        came = drawn[drawn > 0]
        stated = read(ROWS[:1]).table.iloc[0]
        law = stats.lognorm(stated["amount_2"] / np.sqrt(alpha), scale=stated["amount_1"])
        assert stats.kstest(came, law.cdf).pvalue > FALSE_ALARM
        chance = 0.6**alpha / (0.6**alpha + 0.4**alpha)
        assert came.size / drawn.size == pytest.approx(chance, abs=allowed() * np.sqrt(0.25 / drawn.size))

    def test_importance_weights_of_the_stated_draws_say_the_same(self, ltv):
        """The power-scaled mean of a book, by weighting its draws instead of making them anew."""
        stated = read().table.set_index("opportunity").loc["Plant"]
        rng, size = np.random.default_rng(5), 400_000
        z, comes = rng.standard_normal(size), rng.random(size) < stated["probability"]
        money = np.where(comes, stated["amount_1"] * np.exp(stated["amount_2"] * z), 0.0)
        log_density = stats.norm.logpdf(z) + np.log(np.where(comes, 0.6, 0.4))
        means = [np.average(money, weights=np.exp((alpha - 1) * log_density)) for alpha in (0.8, 1.25)]
        delta = np.log(1.1)
        per_doubling = (means[1] - means[0]) / np.log2(1.25 / 0.8) * 0.35 * (1 - np.exp(-3 * delta)) / (3 * delta)
        table = ltv.judgement.power_scaling()
        found = table[(table["held"] == "one judgement") & (table["opportunity"] == "Plant")]["mean_change"].item()
        assert found == pytest.approx(per_doubling, abs=1.0)

    def test_all_of_an_expert_and_all_together_add_up(self, ltv):
        table = ltv.judgement.power_scaling()
        mean = table.set_index(["held", "expert"])["mean_change"]
        single = table[table["held"] == "one judgement"]
        assert mean["all of an expert", "Li"] == pytest.approx(single[single["expert"] == "Li"]["mean_change"].sum())
        assert table["mean_change"].iloc[0] == pytest.approx(single["mean_change"].sum())

    def test_an_even_chance_and_a_known_amount_stay_as_they_are(self, value):
        table = value(read([{**ROWS[0], "probability": 0.5, "low": 80.0, "high": 80.0}])).judgement.power_scaling()
        assert table["mean_change"].iloc[0] == 0

    def test_power_one_changes_nothing_that_was_recalibrated(self, value):
        judged = adjusted(read(), (2, 500))
        same = power_scaled(judged, 1.0, (2, 500))
        np.testing.assert_allclose(valued_of(value(same)).money()["judged"], valued_of(value(judged)).money()["judged"])

    def test_priors_that_nobody_remembers_are_said_to_be_unknown(self, ltv):
        rows = ltv.judgement.power_scaling().query("held.str.startswith('priors')", engine="python")
        assert rows["held"].tolist() == [
            "priors of bg_nbd, repeat purchases",
            "priors of gamma_gamma, repeat purchases",
        ]
        assert rows["note"].str.contains("does not remember").all()

    @pytest.mark.fits
    def test_priors_of_real_fits_are_found_and_weights_are_judged(self, cdnow, cdnow_fits):
        buyers = cdnow.subset(cdnow.ids[:50])
        ltv = lb.lifetime_value(buyers, lb.RepeatPurchases(*cdnow_fits), horizon="39 weeks", random_seed=1)
        table = ltv.judgement.power_scaling()
        assert (table["pareto_k"] < 0.7).all()
        assert (table["note"] == "").all()
        assert (table["sensitivity"] < 0.05).all()

    def test_weights_that_cannot_be_trusted_are_said_to_be_so(self, book, purchases):
        rng = np.random.default_rng(7)
        p = np.exp(3.0 * rng.standard_normal((2, 500)))
        settings = json.dumps({"priors": {"p": "Prior('LogNormal', mu=0.0, sigma=0.5)"}})
        spend = lb.FittedSpend.from_draws({"p": p, "q": p * 0 + 3, "v": 1 / p}, settings=settings)
        ltv = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), horizon="1 year", random_seed=1)
        row = ltv.judgement.power_scaling(alphas=(0.1, 1.25)).iloc[-1]
        assert row["pareto_k"] > 0.7
        assert "not to be trusted" in row["note"]

    @pytest.mark.parametrize("alphas", [(1.25, 0.8), (0.0, 2.0), (1.0, 2.0)])
    def test_powers_on_one_side(self, ltv, alphas):
        with pytest.raises(UnitError, match="either side of 1"):
            ltv.judgement.power_scaling(alphas)


class TestConflicts:
    def test_tails_against_simulated_orders(self, book, spend):
        few = book.subset(["A", "C"])
        x, m = spend_histories(spend, few)
        orders = spend.predict_spend(few, random_seed=1).to_numpy().reshape(-1, 2)
        amount = np.array([40.0, 20.0])
        below = (orders < amount).mean(axis=0)
        found = tail_probability(amount, x, m, spend)
        np.testing.assert_allclose(found, 2 * np.minimum(below, 1 - below), atol=0.06)

    def test_about_so_many_are_flagged_as_the_threshold_says_where_judgement_is_an_order(self, spend):
        frame = pd.DataFrame({"customer_id": range(4000), "frequency": 3, "recency": 30.0, "T": 40.0})
        customers = lb.Customers.from_summary(frame.assign(monetary_value=30.0), time_unit="week")
        one = spend.thin(1, 1)
        amount = one.predict_spend(customers, random_seed=2).to_numpy().ravel()
        found = tail_probability(amount, *spend_histories(one, customers), one)
        assert np.mean(found < 0.05) == pytest.approx(0.05, abs=0.015)
        assert stats.kstest(found, "uniform").pvalue > FALSE_ALARM

    def test_far_amounts_and_clients_who_have_gone_are_named_in_words(self, book, purchases, spend):
        rows = [
            {"customer_id": "A", "probability": 0.5, "low": 20.0, "high": 40.0},
            {"customer_id": "C", "probability": 0.5, "low": 20_000.0, "high": 40_000.0},
            {"customer_id": "E", "probability": 0.5, "low": 0.01, "high": 0.02},
            {"customer_id": "F", "probability": 0.9, "low": 20.0, "high": 40.0},
        ]
        ltv = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=read(rows), **TERMS)
        table = ltv.judgement.conflicts(gone=0.7).set_index("customer_id")
        assert table.loc["C", "reason"].startswith("28.3k is judged, far above this client's usual order")
        assert "far below" in table.loc["E", "reason"]
        assert "still active with probability" in table.loc["F", "reason"]
        assert not table.loc["A", "conflict"]
        assert table["conflict"].tolist() == [True, True, True, False]
        assert any("2 judgements disagree with the model beyond chance" in note for note in ltv.notes())

    def test_nobody_is_held_for_gone_who_is_known_to_be_there(self, book, purchases, spend):
        judged = read([{"customer_id": "F", "probability": 0.9, "low": 20.0, "high": 40.0}])
        stream = lb.RepeatPurchases(purchases, spend, known_alive=["F"])
        ltv = lb.lifetime_value(book, stream, future_value=judged, **TERMS)
        assert not ltv.judgement.conflicts(gone=0.99)["conflict"].item()

    def test_histories_of_the_streams_own(self, book, purchases, spend):
        everybody = lb.all_customers(book)
        stream = lb.RepeatPurchases(purchases, spend, customers=book.subset(["A", "E"]))
        rows = [*ROWS[:2], {**ROWS[0], "customer_id": "B"}]
        table = lb.lifetime_value(everybody, stream, future_value=read(rows), **TERMS).judgement.conflicts()
        assert sorted(table["customer_id"]) == ["A", "E"]

    def test_of_two_streams_the_one_that_an_opportunity_is_like(self, book, purchases, spend):
        """Large deals and small orders beside each other: what would be far out for one is usual for the other."""
        large = lb.FittedSpend.from_draws({**spend.draws, "v": 1000 * spend.draws["v"]}, currency="USD")
        table = book.table.assign(monetary_value=1000 * book.table["monetary_value"])
        deals = lb.Customers.from_summary(table.reset_index(), time_unit="week", as_of="1997-09-30", currency="USD")
        streams = [
            lb.RepeatPurchases(purchases, spend, name="orders", customers=book),
            lb.RepeatPurchases(purchases, large, name="deals", customers=deals.subset(["A", "C"])),
        ]
        rows = [{**ROWS[0], "customer_id": who, "low": 20e3, "high": 50e3} for who in "ACE"]
        ltv = lb.lifetime_value(lb.all_customers(book), streams, future_value=read(rows), **TERMS)
        table = ltv.judgement.conflicts().set_index("customer_id")
        assert sorted(table.index) == ["A", "C", "E"]
        assert table["conflict"].to_dict() == {"E": True, "A": False, "C": False}
        assert table.loc["C", "expected_order"] > 1e4 > table.loc["E", "expected_order"]

    def test_opinions_on_whole_values_are_not_compared_with_one_order(self, book, purchases, spend):
        rows = [ROWS[0], {**ROWS[1], "low": 20e3, "high": 60e3, "relation": "same_total"}]
        ltv = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=read(rows), **TERMS)
        assert ltv.judgement.conflicts()["opportunity"].tolist() == ["Plant"]
        alone = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=read(rows[1:]), **TERMS)
        assert alone.judgement.conflicts().empty
        assert not any("beyond chance" in note for note in alone.notes())

    def test_many_at_once_are_as_each_alone(self, book, purchases, spend, monkeypatch):
        rows = [{**ROWS[0], "customer_id": who, "opportunity": f"{who} {k}"} for who in book.ids for k in range(3)]
        ltv = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), future_value=read(rows), **TERMS)
        whole = ltv.judgement.conflicts()
        monkeypatch.setattr("ltv_bayes.value.influence.conflicts.COMPARED_JUDGEMENTS", 1)
        pd.testing.assert_frame_equal(ltv.judgement.conflicts(), whole)

    def test_without_a_model_to_compare_with(self, book):
        ltv = lb.lifetime_value(book, future_value=read(), **TERMS)
        with pytest.raises(InputError, match="No stream of repeat purchases"):
            ltv.judgement.conflicts()

    @pytest.mark.parametrize("threshold", [0, 1, "low"])
    def test_a_threshold_is_a_probability(self, ltv, threshold):
        with pytest.raises(UnitError):
            ltv.judgement.conflicts(threshold)


class TestAudit:
    def test_stated_and_used_without_recalibration(self, ltv):
        table = ltv.judgement.audit().set_index("opportunity")
        row = table.loc["Plant"]
        assert row[["stated_probability", "stated_low", "stated_high"]].tolist() == [0.6, 50.0, 200.0]
        assert row[["probability", "low", "median", "high"]].tolist() == pytest.approx([0.6, 50.0, 100.0, 200.0])
        assert row["expert"] == "Li"
        assert table["used"].sum() == pytest.approx(ltv.explain().loc["judged", "mean"])
        assert table["used_share"].sum() == pytest.approx(ltv.judgement.share()["mean"])


class TestPowerScaledPriors:
    """A book of orders that are worth v times a known number, under a log-normal prior of v that decides.

    In ln v the posterior is normal, and so is its product with a power of the normal prior.
    """

    CLIENTS, YEARS, R, ALPHA, P, Q = 500, 3, 2.0, 1.0, 6.0, 4.0
    MEAN, SD, PRIOR_MEAN, PRIOR_SD = np.log(30.0), 0.2, np.log(20.0), 0.3

    @pytest.fixture
    def clients(self):
        frame = pd.DataFrame({"customer_id": range(self.CLIENTS), "frequency": 0, "recency": 0.0, "T": 0.0})
        return lb.Customers.from_summary(frame.assign(monetary_value=0.0), time_unit="year", as_of="2025-12-31")

    @pytest.fixture
    def fits(self):
        shape = (4, 1000)
        events = {"r": np.full(shape, self.R), "alpha": np.full(shape, self.ALPHA)}
        log_v = self.MEAN + self.SD * stats.norm.ppf((np.arange(4000) + 0.5) / 4000).reshape(shape)
        settings = json.dumps({"priors": {"v": f"Prior('LogNormal', mu={self.PRIOR_MEAN}, sigma={self.PRIOR_SD})"}})
        spend = {"p": np.full(shape, self.P), "q": np.full(shape, self.Q), "v": np.exp(log_v)}
        return (
            lb.FittedEvents.from_draws(events, time_unit="year"),
            lb.FittedSpend.from_draws(spend, settings=settings),
        )

    def scaled_mean_of_v(self, alpha):
        precision = self.SD**-2 + (alpha - 1) * self.PRIOR_SD**-2
        centre = (self.MEAN * self.SD**-2 + (alpha - 1) * self.PRIOR_MEAN * self.PRIOR_SD**-2) / precision
        return np.exp(centre + 0.5 / precision)

    def expected_change(self, streams=1):
        """Per doubling of the power: orders r t / alpha of each client, each worth p v / (q - 1) on average."""
        per_v = self.CLIENTS * self.R * self.YEARS / self.ALPHA * self.P / (self.Q - 1)
        ends = [self.scaled_mean_of_v(alpha) for alpha in (0.8, 1.25)]
        return streams * per_v * (ends[1] - ends[0]) / np.log2(1.25 / 0.8)

    def row(self, clients, streams, **terms):
        ltv = lb.lifetime_value(clients, streams, horizon="3 years", random_seed=1, **terms)
        return (
            ltv.judgement.power_scaling()
            .query("held.str.startswith('priors of gamma_gamma')", engine="python")
            .squeeze()
        )

    def test_a_prior_that_decides_is_noticed_with_sign_and_size(self, clients, fits):
        row = self.row(clients, lb.RepeatPurchases(*fits))
        assert row["mean_change"] == pytest.approx(self.expected_change(), rel=0.05)
        assert row["noticeable"]
        assert row["pareto_k"] < 0.7

    def test_a_fit_of_two_streams_is_weighted_in_the_order_of_each(self, clients, fits):
        events, spend = fits
        service = lb.TriggeredService(events, spend, while_alive=None, customers=clients)
        row = self.row(lb.all_customers(clients), [lb.RepeatPurchases(events, spend, customers=clients), service])
        assert row["held"] == "priors of gamma_gamma, repeat purchases, triggered service"
        assert row["mean_change"] == pytest.approx(self.expected_change(streams=2), rel=0.08)

    def test_who_is_left_out_for_an_opinion_is_said(self, clients, fits):
        """An opinion takes draws out of their places, so weights of places say nothing of its customer."""
        judged = read([{**ROWS[0], "customer_id": "7", "relation": "same_total"}])
        row = self.row(clients, lb.RepeatPurchases(*fits), future_value=judged)
        assert row["note"].startswith("nearly without customers with an opinion")
        assert row["mean_change"] == pytest.approx(self.expected_change(), rel=0.08)
