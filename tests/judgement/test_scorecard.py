"""Scorecards: what ratings make of a client, against closed forms and known truth; what is refused."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import special

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, JudgementError, UnitError
from ltv_bayes.judgement.valuing.relations import signs_of_life
from tests.chance import allowed, converging

WEIGHTS = {"growth": 0.6, "standing": 0.4}


def rated(*rows):
    columns = ["customer_id", "rater", "growth", "standing"]
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows])


@pytest.fixture
def score(book, spend):
    def make(*rows, **settings):
        settings = {"weights": WEIGHTS, **settings}
        return lb.scorecard(rated(*rows), spend=spend, customers=book, **settings)

    return make


def test_ratings_written_and_read_again_are_no_signs_of_life(score, tmp_path):
    judged = lb.combine_judgements(score(("A", "Li", 4, 3)), lb.FutureValuePriors.from_judgements(stated("B")))
    for name in ("said.csv", "said.xlsx"):
        again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / name))
        assert signs_of_life(again.table, again.shows_life) == signs_of_life(judged.table, judged.shows_life)
        assert signs_of_life(again.table, again.shows_life).observed == {"B"}
        assert again.table["score"].tolist() == pytest.approx(judged.table["score"].tolist(), nan_ok=True)


def stated(customer):
    row = {"customer_id": customer, "opportunity": "plant", "probability": 0.6, "low": 50.0, "high": 200.0}
    return pd.DataFrame([{**row, "relation": "additional"}])


def only(judged):
    assert len(judged) == 1
    return judged.table.iloc[0]


class TestWhatRatingsMake:
    def test_lowest_and_highest_ratings_meet_the_stated_ends(self, score, book, spend):
        deal = float(spend.expected_spend(book).sel(customer_id="A").median())
        lowest, highest = only(score(("A", "Li", 1, 1))), only(score(("A", "Li", 5, 5)))
        assert (lowest["probability"], highest["probability"]) == pytest.approx((0.1, 0.7))
        assert (lowest["median"] / deal, highest["median"] / deal) == pytest.approx((0.5, 3.0))

    def test_a_score_between_lies_on_the_line_of_log_odds_and_of_log_amounts(self, score):
        row = only(score(("A", "Li", 4, 2), probability=(0.2, 0.6), multiplier=(1.0, 4.0)))
        s = 0.6 * 0.75 + 0.4 * 0.25
        assert row["score"] == pytest.approx(s)
        assert special.logit(row["probability"]) == pytest.approx((1 - s) * special.logit(0.2) + s * special.logit(0.6))
        assert row["median"] / row["deal_size"] == pytest.approx(4.0**s)

    def test_the_variance_is_that_of_the_formula(self, score, book, spend):
        row = only(score(("A", "Li", 5, None), ("A", "Wu", 2, None), spread=0.4))
        deal = np.log(spend.expected_spend(book).sel(customer_id="A")).values.std()
        own = np.array([0.6 * 1.0 + 0.4 * 0.5, 0.6 * 0.25 + 0.4 * 0.5])
        disagreement = (2 * 0.15**2 + ((own - own.mean()) ** 2).sum()) / (2 + 2 - 1)
        expected = 0.4**2 + deal**2 + np.log(6.0) ** 2 * (disagreement / 2 + 0.4**2 / 12)
        assert row["log_sd"] ** 2 == pytest.approx(expected)
        assert row["unrated"] == pytest.approx(0.4)

    def test_one_in_ten_lies_below_low(self, score, book):
        judged = score(("A", "Li", 4, 4), probability=(0.5, 1 - 1e-12))
        drawn = lb.lifetime_value(book, future_value=judged, horizon="1 year", random_seed=1).draws.sel(customer_id="A")
        came = drawn.values[drawn.values > 0]
        assert np.mean(came < only(judged)["low"]) == pytest.approx(0.1, abs=0.02)

    @pytest.mark.parametrize("second", range(1, 6))
    def test_a_better_rating_never_makes_less(self, book, spend, second):
        def table(growth):
            frame = rated(("A", "Li", growth, second))
            return only(lb.scorecard(frame, spend=spend, customers=book, weights=WEIGHTS))

        for low, high in pairwise(table(growth) for growth in range(1, 6)):
            assert low["probability"] <= high["probability"]
            assert low["median"] <= high["median"]

    def test_spread_widens_where_ratings_are_few_or_raters_disagree(self, score):
        three = score(("A", "Li", 4, 4), ("A", "Wu", 4, 4), ("A", "Ng", 4, 4))
        one, split = score(("A", "Li", 4, 4)), score(("A", "Li", 5, 5), ("A", "Wu", 3, 3), ("A", "Ng", 4, 4))
        blank = score(("A", "Li", 4, None))
        assert only(three)["log_sd"] < only(one)["log_sd"] < only(blank)["log_sd"]
        assert only(three)["log_sd"] < only(split)["log_sd"]

    def test_money_in_another_unit_changes_nothing_but_the_unit(self, book, spend):
        thousandth = {**spend.draws, "v": spend.draws["v"] / 1000}
        small = lb.Customers.from_summary(
            book.table.reset_index().assign(monetary_value=lambda t: t["monetary_value"] / 1000), time_unit="week"
        )
        frame = rated(("A", "Li", 4, 4), ("C", "Li", 2, 5))
        large = lb.scorecard(frame, spend=spend, customers=book, weights=WEIGHTS).table
        found = lb.scorecard(frame, spend=lb.FittedSpend.from_draws(thousandth), customers=small, weights=WEIGHTS).table
        np.testing.assert_allclose(1000 * found[["low", "high"]], large[["low", "high"]])
        np.testing.assert_allclose(found[["probability", "log_sd"]], large[["probability", "log_sd"]])

    def test_order_of_rows_changes_no_client(self, score, book):
        rows = [("A", "Li", 4, 2), ("C", "Li", 5, 5), ("A", "Wu", 3, None)]
        one, other = (score(*order).table.set_index("customer_id").sort_index() for order in (rows, rows[::-1]))
        columns = ["probability", "low", "high"]
        pd.testing.assert_frame_equal(one[columns], other[columns])

    def test_who_rated_is_kept(self, score):
        assert only(score(("A", "Li", 4, 4), ("A", "Wu", 4, 4)))["expert"] == "Li, Wu"

    def test_ratings_without_raters_and_with_ids_as_numbers(self, book, spend):
        numbered = lb.Customers.from_summary(book.table.reset_index().assign(customer_id=range(6)), time_unit="week")
        frame = pd.DataFrame({"client": [2, 0], "growth": [4, 3], "standing": ["5", ""]})
        judged = lb.scorecard(frame, spend=spend, customers=numbered, weights=WEIGHTS, customer_id="client")
        ltv = lb.lifetime_value(numbered, future_value=judged, horizon="1 year", random_seed=1)
        assert (ltv.summary()["mean"] > 0).tolist() == [True, False, True, False, False, False]
        assert judged.table["expert"].tolist() == ["scorecard", "scorecard"]

    def test_a_file_is_read_as_a_frame_is(self, book, spend, tmp_path):
        frame = rated(("A", "Li", 4, None), ("C", "Li", 2, 5))
        frame.to_csv(tmp_path / "ratings.csv", index=False)
        read = lb.scorecard(tmp_path / "ratings.csv", spend=spend, customers=book, weights=WEIGHTS)
        pd.testing.assert_frame_equal(
            read.table, lb.scorecard(frame, spend=spend, customers=book, weights=WEIGHTS).table
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("row", "message"),
        [
            (("A", "Li", 6, 3), r"off the scale 1 to 5 in 'growth' \(row 1\)\..*scale="),
            (("A", "Li", 0, 3), "off the scale"),
            (("A", "Li", "good", 3), r"without a number in 'growth' \(row 1\)"),
            (("A", "Li", np.inf, 3), "without a number in 'growth'"),
            (("A", "Li", None, " "), r"with all of them blank \(row 1\)"),
            ((None, "Li", 3, 3), r"without a customer in 'customer_id' \(row 1\)"),
        ],
    )
    def test_a_bad_rating_names_its_row(self, score, row, message):
        with pytest.raises(JudgementError, match=message) as caught:
            score(("C", "Li", 3, 3), row)
        assert caught.value.rows == (1,)

    def test_a_rater_twice_on_one_client(self, score):
        with pytest.raises(JudgementError, match=r"by one rater, more than once \(rows 0, 2\)"):
            score(("A", "Li", 3, 3), ("C", "Li", 3, 3), ("A", "Li ", 4, 4))

    def test_unknown_clients(self, score):
        with pytest.raises(JudgementError, match=r"not among the customers \(id Zeta\)") as caught:
            score(("A", "Li", 3, 3), ("Zeta", "Li", 3, 3))
        assert caught.value.rows == ("Zeta",)

    def test_missing_columns(self, book, spend):
        frame = rated(("A", "Li", 3, 3)).rename(columns={"growth": "grwth"})
        with pytest.raises(ColumnError, match=r"no column 'growth'.*Did you mean 'grwth'"):
            lb.scorecard(frame, spend=spend, customers=book, weights=WEIGHTS)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"weights": {"growth": -1, "standing": 2}}, "weight of growth is below 0"),
            ({"weights": {"growth": 0, "standing": 0}}, "All weights are 0"),
            ({"weights": {}}, "names the columns"),
            ({"scale": (5, 1)}, "lower end"),
            ({"scale": 5}, "lowest and the highest"),
            ({"probability": (0.7, 0.1)}, "not fall"),
            ({"probability": (0.1, 1.0)}, "between 0 and 1"),
            ({"probability": 0.3}, "is a pair"),
            ({"multiplier": (0.0, 2.0)}, "above 0"),
            ({"spread": 0.0}, "spread must be above 0"),
        ],
    )
    def test_settings_that_make_no_sense(self, score, settings, message):
        with pytest.raises(JudgementError, match=message):
            score(("A", "Li", 3, 3), **settings)

    def test_a_weight_that_is_no_number(self, score):
        with pytest.raises(UnitError, match="the weight of growth must be a number"):
            score(("A", "Li", 3, 3), weights={"growth": "much"})


def past(cases, seed, *, weights=(0.7, 0.3), chances=(0.1, 0.8), multipliers=(0.5, 3.0), spread=0.4):
    """Cases whose truth is known."""
    rng = np.random.default_rng(seed)
    ratings = rng.integers(1, 6, (cases, 2))
    s = (ratings - 1) / 4 @ np.array(weights)
    low, high = special.logit(chances)
    came = (rng.random(cases) < special.expit(low + s * (high - low))).astype(int)
    amount = multipliers[0] * (multipliers[1] / multipliers[0]) ** s * np.exp(spread * rng.standard_normal(cases))
    frame = pd.DataFrame(ratings, columns=["growth", "standing"])
    return frame.assign(won=came, relative_amount=np.where(came == 1, amount, np.nan))


def learn(history, **settings):
    settings = {"criteria": ["growth", "standing"], "progressbar": False, **settings}
    return converging(lambda seed: lb.fit_scorecard(history, random_seed=seed, **settings), 1, 2, 3)


@pytest.fixture(scope="module")
def learned():
    """A learned scorecard made by hand: two draws around the stated defaults."""
    draws = {
        "probability_low": [[0.1, 0.2]],
        "probability_high": [[0.7, 0.6]],
        "multiplier_low": [[0.5, 0.5]],
        "multiplier_high": [[3.0, 3.0]],
        "spread": [[0.5, 0.5]],
        "weight_growth": [[0.6, 0.6]],
        "weight_standing": [[0.4, 0.4]],
    }
    return lb.FittedScorecard.from_draws(draws, scale="[1.0, 5.0]")


class TestLearned:
    def test_draws_that_agree_say_what_stating_them_says(self, score, learned):
        stated = only(score(("A", "Li", 4, 2), ("A", "Wu", 5, None), probability=(0.1, 0.7)))
        found = only(score(("A", "Li", 4, 2), ("A", "Wu", 5, None), learned=learned.thin(1)))
        columns = ["score", "probability", "low", "high", "log_sd"]
        np.testing.assert_allclose(found[columns].astype(float), stated[columns].astype(float))

    def test_chances_are_averaged_over_draws(self, score, learned):
        assert only(score(("A", "Li", 5, 5), learned=learned))["probability"] == pytest.approx(0.65)
        assert only(score(("A", "Li", 1, 1), learned=learned))["probability"] == pytest.approx(0.15)

    def test_saved_and_loaded(self, learned, tmp_path):
        loaded = lb.load_fit(learned.save(tmp_path / "scorecard.nc"))
        assert isinstance(loaded, lb.FittedScorecard)
        assert (loaded.criteria, loaded.scale) == (["growth", "standing"], (1.0, 5.0))
        np.testing.assert_array_equal(loaded.weights(), learned.weights())

    @pytest.mark.fits
    def test_known_truth_lies_within_its_interval_and_near_the_mean(self):
        fit = learn(past(600, 7), draws=400)
        found = fit.summary()
        truth = pd.Series(
            {
                "probability_low": 0.1,
                "probability_high": 0.8,
                "multiplier_low": 0.5,
                "multiplier_high": 3.0,
                "spread": 0.4,
                "weight_growth": 0.7,
                "weight_standing": 0.3,
            }
        )
        assert set(found.index) == set(truth.index)
        found = found.loc[truth.index]
        off = (np.log(found["mean"]) - np.log(truth)) / (found["sd"] / found["mean"])
        assert (abs(off) < allowed(len(truth))).all()
        assert (found["sd"] < 0.25 * truth).all()

    @pytest.mark.fits
    def test_where_nothing_ever_came_the_chance_is_small_and_amounts_stay_with_their_priors(self):
        fit = learn(past(60, 8).assign(won=0, relative_amount=np.nan), draws=400)
        found = fit.summary()["mean"]
        assert found["probability_high"] < 0.2
        assert fit.draws["multiplier_low"].std() > 0.5

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"won": 2}, r"neither 0 nor 1 in 'won' \(row 3\)"),
            ({"won": 1, "relative_amount": np.nan}, r"won without an amount.*row 3"),
            ({"won": 0, "relative_amount": 1.5}, r"lost, but with an amount.*row 3"),
            ({"growth": 9}, r"off the scale.*row 3"),
        ],
    )
    def test_a_bad_case_names_its_row(self, changes, message):
        history = past(10, 9).astype({"growth": float})
        history.loc[3, list(changes)] = list(changes.values())
        with pytest.raises(JudgementError, match=message):
            learn(history)

    def test_too_few_cases(self):
        with pytest.raises(JudgementError, match="4 past cases, too few"):
            learn(past(4, 1))


def test_a_criterion_that_cannot_be_saved_is_refused_by_its_column():
    history = past(20, 1).rename(columns={"growth": "growth/potential"})
    with pytest.raises(lb.errors.ColumnError, match=r"'growth/potential' cannot be learned.*Rename the column"):
        learn(history, criteria=["growth/potential", "standing"])


def test_rated_clients_are_read_as_ids_of_orders_are(book, spend):
    numbered = lb.Customers.from_summary(book.table.reset_index().assign(customer_id=range(6)), time_unit="week")
    ratings = pd.DataFrame({"customer_id": [3.0, None], "growth": [4, None], "standing": [4, None]}).iloc[:1]
    judged = lb.scorecard(ratings, spend=spend, customers=numbered, weights=WEIGHTS)
    assert judged.table["customer_id"].tolist() == ["3"]
