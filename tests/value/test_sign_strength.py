"""How strong an open opportunity is as a sign of life is in doubt: drawn once, for all customers."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.predictions.fitted import shuffled
from ltv_bayes.predictions.signs.signs_of_life import SignShare, SignsOfLife
from ltv_bayes.predictions.signs.strength import SignStrength, Strength
from ltv_bayes.streams.repeat_purchases import alive_draws
from ltv_bayes.value.draws.judged_streams import conditioned
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import allowed

TERMS = {"horizon": "3 years", "discount_rate": 0.10, "random_seed": 4}
KNOWN_BY_DRAWS = SignStrength(20.0, sd=1e-300, half_life_sd=1e-300)
"""Takes the way of a ratio in doubt, with a ratio that is 20 in every draw."""


def judged(book, strength=None, probability=0.1, **more):
    """Open opportunities of A, of today, and of D, which is 130 days old."""
    days = pd.Timestamp(book.as_of) - pd.to_timedelta([0, 130], unit="D")
    frame = pd.DataFrame({"customer_id": ["A", "D"], "probability": probability, "low": 50.0, "high": 200.0})
    frame = frame.assign(stated_on=days)
    return lb.FutureValuePriors.from_judgements(frame, relation="additional", shows_life=strength, **more)


@pytest.fixture
def stream(purchases, spend):
    return lb.RepeatPurchases(purchases, spend)


class TestOfOneDraw:
    def test_odds_are_those_of_bayes_rule(self, book, stream, purchases):
        """From the chances of a sign among the living and among those who left, draw by draw."""
        (one,) = conditioned([stream], judged(book), book)
        found = alive_draws(one, purchases, book, seed=4).reshape(-1, len(book))
        strength = one.signs.strength.draws((2, 500), 4)
        alive = purchases.probability_alive(book).to_numpy().reshape(-1, len(book))
        fading = 0.5 ** ((130 - 90) / strength.half_life)
        observed = 1 + fading
        likely = (alive[:: alive.shape[0] // 50] + 0).mean(axis=0).sum()  # over some of the draws
        share = (observed + 1) / (likely + (len(book) - likely) / strength.ratio + 2)
        np.testing.assert_allclose(one.signs.share_at(strength), share, rtol=0.01)
        share = one.signs.share_at(strength)
        signs = {"A": 1.0, "D": fading, "C": 0.0}
        for customer, full in signs.items():
            p = alive[:, list(book.ids).index(customer)]
            living, left = share, share / strength.ratio
            # a sign that has lost a part of its evidence counts as that part of a sign, and as that of none
            given_living = living**full * (1 - living) ** (1 - full)
            given_left = left**full * (1 - left) ** (1 - full)
            expected = p * given_living / (p * given_living + (1 - p) * given_left)
            np.testing.assert_allclose(found[:, list(book.ids).index(customer)], expected, rtol=1e-12)

    @pytest.mark.parametrize("fit", ["purchases", "leaving_at_once"])
    def test_the_mean_is_the_expectation(self, request, book, spend, fit):
        counts = request.getfixturevalue(fit)
        value = lb.lifetime_value(book, lb.RepeatPurchases(counts, spend), future_value=judged(book), **TERMS)
        (one,) = valued_of(value).valuation.conditioned
        counts = shuffled(counts, (2, 500), 4, "repeat_purchases counts")
        each = shuffled(spend, (2, 500), 4, "repeat_purchases spend").expected_spend(book).to_numpy()
        living = alive_draws(one, counts, book, seed=4) / counts.probability_alive(book).to_numpy()
        number = counts.expected_discounted_purchases(book, "3 years", 0.10).to_numpy()
        expected = (living * number * each).mean(axis=(0, 1))
        means = [value.explain(customer).loc["repeat_purchases", "mean"] for customer in book.ids]
        np.testing.assert_allclose(means, expected, rtol=1e-6)
        assert value.explain().loc["repeat_purchases", "mean"] == pytest.approx(expected.sum(), rel=1e-6)

    @pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "bg_cnbd", "mbg_cnbd"])
    def test_customers_buy_in_as_many_draws(self, book, spend, model):
        """Whoever is alive buys with a known chance: the share of draws with money shows the weights of the kernel."""
        rng = np.random.default_rng(2)
        draws = {"r": 0.9, "alpha": 20.0, "a": 0.8, "b": 3.0}
        draws = {name: mean * rng.lognormal(0, 0.1, (2, 4000)) for name, mean in draws.items()}
        regular = {"k": 2} if "cnbd" in model else {}
        fit = lb.FittedPurchases.from_draws(draws, time_unit="week", model=model, **regular)
        old = pd.DataFrame(
            {"customer_id": ["A"], "frequency": [6], "recency": [15.0], "T": [38.0], "monetary_value": 9.0}
        )
        silent = lb.Customers.from_summary(old, time_unit="week", as_of="1997-09-30")
        frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.01], "low": 50.0, "high": 200.0})
        priors = lb.FutureValuePriors.from_judgements(
            frame, relation="additional", shows_life=SignStrength(5.0, sd=1.5)
        )
        drawn = lb.lifetime_value(silent, lb.RepeatPurchases(fit, spend), future_value=priors, **TERMS)
        (one,) = valued_of(drawn).valuation.conditioned
        fit = shuffled(fit, drawn.draws.shape[:2], 4, "repeat_purchases counts")
        buys = (1 - fit.probability_of_purchases(silent, 0, "3 years").to_numpy()) / fit.probability_alive(
            silent
        ).to_numpy()
        expected = (alive_draws(one, fit, silent, seed=4) * buys).ravel()
        found = (drawn.components["repeat_purchases"] > 0).to_numpy().ravel()
        assert 0.1 < expected.mean() < 0.9
        assert expected.std() > 0.1
        for half in (expected < np.median(expected), expected >= np.median(expected)):
            error = np.sqrt((expected[half] * (1 - expected[half])).sum())
            assert abs(found[half].sum() - expected[half].sum()) < allowed(8) * error


class TestWithoutDoubt:
    @pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "bg_cnbd"])
    def test_a_ratio_without_doubt_is_the_number_to_the_last_digit(self, book, spend, purchases, model):
        regular = {"k": 2} if model == "bg_cnbd" else {}
        fit = lb.FittedPurchases.from_draws(purchases.draws, time_unit="week", model=model, **regular)
        stream = lb.RepeatPurchases(fit, spend)
        values = [
            lb.lifetime_value(book, stream, future_value=judged(book, strength, 0.97), **TERMS)
            for strength in (20.0, SignStrength.known(20), SignStrength(20.0, 0.0, half_life_sd=0.0), KNOWN_BY_DRAWS)
        ]
        for other in values[1:]:
            np.testing.assert_array_equal(other.draws, values[0].draws)
            pd.testing.assert_frame_equal(other.summary(), values[0].summary(), check_exact=True)
        doubt = lb.lifetime_value(book, stream, future_value=judged(book, None, 0.97), **TERMS)
        (one,) = valued_of(doubt).valuation.conditioned
        assert any(limit < 1 / 20 for limit in one.signs.limits.values())  # so that limits count too
        assert (doubt.draws != values[0].draws).any()


class TestTogether:
    def test_one_draw_counts_for_all_customers_and_streams(self, book, stream, purchases):
        twins = [stream, lb.RepeatPurchases(purchases, stream.spend, "service")]
        conditions = conditioned(twins, judged(book), book)
        drawn = [alive_draws(one, purchases.thin(1, 1).thin(1), book, seed=9) for one in conditions]
        np.testing.assert_array_equal(*drawn)
        one = SignsOfLife(frozenset("AB"), SignStrength())
        kinds, place = one.kinds(pd.Index(["A", "B", "C"]))
        weights = one.weights(kinds, one.strength.draws((1, 400), 1))[place]
        np.testing.assert_array_equal(weights[0], weights[1])
        assert np.std(np.log(weights[0])) == pytest.approx(0.84, rel=0.1)
        np.testing.assert_array_equal(weights[2], 1)

    def test_a_slice_equals_the_whole(self, book, stream):
        every = judged(book).learn_sign_share(stream.purchases, book)
        whole = lb.lifetime_value(book, stream, future_value=every, **TERMS)
        for ids in (["A", "C"], ["D"], ["E", "F", "B"]):
            part = every.subset(every.table["customer_id"].isin(ids).to_numpy())
            found = lb.lifetime_value(book.subset(ids), stream, future_value=part, **TERMS)
            np.testing.assert_array_equal(found.draws.sel(customer_id=ids), whole.draws.sel(customer_id=ids))
            means = whole.summary()["mean"][found.summary().index]
            pd.testing.assert_series_equal(found.summary()["mean"], means, check_exact=True)

    def test_the_number_of_living_stays_in_every_draw(self):
        """Of many customers with signs as often as the share says; who is silent pays for who gives one."""
        alive, number = np.linspace(0.01, 0.99, 99), 99 * 1000
        strength = SignStrength().spread(20)
        likely = 1000 * (alive.sum() + (1 - alive).sum() / strength.ratio)
        for ratio, half_life, whole in zip(*strength, likely, strict=True):
            share = SignShare(((0.0, int(0.4 * whole)),), number, 1000 * alive.sum())
            q = share.at(Strength(ratio, half_life))
            assert q == pytest.approx(0.4, rel=1e-3)
            gives = alive * q + (1 - alive) * q / ratio
            total = gives * (alive / (alive + (1 - alive) / ratio))
            silent = (1 - q / ratio) / (1 - q)
            total = total + (1 - gives) * (alive / (alive + silent * (1 - alive)))
            assert total.sum() == pytest.approx(alive.sum(), rel=1e-3)

    @pytest.mark.parametrize("probability", [0.3, 0.6, 0.95])
    def test_nobody_is_alive_with_less_than_the_chance_that_an_opportunity_comes(self, spend, purchases, probability):
        old = {"customer_id": ["old"], "frequency": [20], "recency": [20.0], "T": [36.0], "monetary_value": [30.0]}
        silent = lb.Customers.from_summary(pd.DataFrame(old), time_unit="week", as_of="1997-09-30")
        frame = pd.DataFrame({"customer_id": ["old"], "probability": [probability], "low": 50.0, "high": 200.0})
        priors = lb.FutureValuePriors.from_judgements(frame, relation="additional")
        (one,) = conditioned([lb.RepeatPurchases(purchases, spend)], priors, silent)
        assert alive_draws(one, purchases, silent, seed=1).mean() > 0.97 * probability
        (fixed,) = conditioned(
            [lb.RepeatPurchases(purchases, spend)], priors.with_relation("additional", shows_life=2), silent
        )
        assert alive_draws(fixed, purchases, silent).mean() == pytest.approx(probability, rel=0.03)


class TestStrength:
    def test_the_usual_one_lies_between_5_and_80_in_nine_of_ten_draws(self):
        ratio, half_life = SignStrength().draws((4, 50_000), 1)
        np.testing.assert_allclose(np.quantile(ratio, [0.05, 0.5, 0.95]), [5, 20, 80], rtol=0.02)
        np.testing.assert_allclose(np.quantile(half_life, [0.05, 0.5, 0.95]), [45, 90, 180], rtol=0.02)
        assert abs(np.corrcoef(np.log(ratio), np.log(half_life))[0, 1]) < 0.02
        assert (SignStrength(1.5, sd=2.0).draws((1, 1000), 1).ratio >= 1).all()
        spread = SignStrength().spread(1000)
        np.testing.assert_allclose(np.quantile(spread.ratio, [0.05, 0.5, 0.95]), [5, 20, 80], rtol=0.02)

    @pytest.mark.parametrize(
        "wrong", [{"ratio": 1.0}, {"ratio": np.nan}, {"ratio": np.inf}, {"sd": -1}, {"half_life": 0}]
    )
    def test_one_that_cannot_be(self, wrong):
        with pytest.raises(InputError):
            SignStrength(**wrong)

    def test_is_told(self, book, stream):
        notes = lb.lifetime_value(book, stream, future_value=judged(book), **TERMS).notes()
        assert any(
            "2 customers have an open opportunity and are alive with about 20 times the odds" in one for one in notes
        )
