"""Calibrations made by hand: what they change, and what their tables say."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, FitError, InputError, JudgementError
from ltv_bayes.judgement.track_record.outcomes import levels_of_amounts
from ltv_bayes.judgement.track_record.record import TrackRecord
from tests.chance import allowed

OPTIMIST = {"intercept": -0.7, "shift": -np.log(1.4), "spread": 2.0}


def judged(**changes):
    row = {"customer_id": "A", "expert": "Chen", "probability": 0.6, "low": 50.0, "high": 200.0}
    return lb.FutureValuePriors.from_judgements(pd.DataFrame([{**row, **changes}]))


def chance_and_mean(change, probability, median, sd):
    comes = special.expit(change["intercept"] + special.logit(probability))
    return comes, median * np.exp(change["shift"] + (change["spread"] * sd) ** 2 / 2)


def test_a_slip_of_closed_judgements_is_refused_unless_it_is_confirmed():
    history = pd.DataFrame({"expert": ["Chen"], "probability": [0.5], "low": [50.0], "high": [60.0]})
    for given, error, message in (
        ({}, JudgementError, r"less than 5%.*pass confirmed=True"),
        ({"confirmed": True}, ColumnError, "won"),
    ):
        with pytest.raises(error, match=message):
            lb.calibrate_judgements(history, interval=0.04, **given)


class TestRecalibrate:
    def test_says_how_late_the_record_was_closed(self, by_hand, tmp_path):
        """Whatever is done with the judgements afterwards, so that a backtest can refuse a later one."""
        calibration, stated = by_hand(Chen=OPTIMIST), judged()
        assert calibration.closed_until is None
        assert calibration.recalibrate(stated).adjustments.learned_until == (None,)
        calibration.idata.attrs["closed_until"] = "2024-03-31"
        day = dt.date(2024, 3, 31)
        assert lb.Calibration.load(calibration.save(tmp_path / "record.nc")).closed_until == day
        changed = calibration.recalibrate(stated)
        assert changed.adjustments.learned_until == (day,)
        assert changed.subset([0]).adjustments.learned_until == (day,)
        other = by_hand(Chen={}).recalibrate(judged(customer_id="B"))
        assert lb.combine_judgements(changed, other).adjustments.learned_until == (day, None)
        frame = pd.DataFrame([{**row, "expert": name} for row in [stated.table.iloc[0]] for name in ("Chen", "Wang")])
        both = frame[["customer_id", "expert", "probability", "low", "high"]].assign(opportunity="plant")
        record = by_hand(Chen=OPTIMIST, Wang={})
        record.idata.attrs["closed_until"] = "2024-03-31"
        assert lb.pool_judgements(both, weights=record).adjustments.learned_until == (day,)
        assert stated.adjustments is None

    def test_expected_value_matches_the_closed_form(self, by_hand):
        found = by_hand(Chen=OPTIMIST).recalibrate(judged())
        chance, mean = chance_and_mean(OPTIMIST, 0.6, 100.0, np.log(2) / stats.norm.ppf(0.9))
        assert found.summary()["expected_value"].tolist() == pytest.approx([chance * mean])
        assert f"{chance * mean:.1f}" in repr(found)

    def test_chances_too_far_from_one_half_are_drawn_towards_it(self, by_hand, book):
        """An expert whose log odds should be halved: of 90% stated, 75% occur; of one half, one half."""
        for stated, occurs in ((0.9, 0.75), (0.1, 0.25), (0.5, 0.5)):
            found = by_hand(Chen={"slope": 0.5}).recalibrate(judged(probability=stated, low=80.0, high=80.0))
            assert found.audit()["probability"].tolist() == pytest.approx([occurs])
            ltv = lb.lifetime_value(book, future_value=found, horizon="3 years", random_seed=1)
            drawn = ltv.components["judged"].sel(customer_id="A") > 0
            assert abs(float(drawn.mean()) - occurs) < allowed(3) * np.sqrt(occurs * (1 - occurs) / drawn.size)

    def test_a_chance_in_doubt_is_bent_wherever_it_may_be(self, by_hand):
        found = by_hand(Chen=OPTIMIST).recalibrate(judged(probability="3 of 10")).summary()["expected_value"]
        chance = stats.beta(3.5, 7.5).expect(lambda p: special.expit(-0.7 + special.logit(p)))
        _, mean = chance_and_mean(OPTIMIST, 0.3, 100.0, np.log(2) / stats.norm.ppf(0.9))
        assert found.tolist() == pytest.approx([chance * mean], rel=1e-3)

    def test_a_gamma_amount_is_spread_in_normal_units(self, by_hand):
        priors = judged(low=None, high=None, mean=100.0, sd=50.0, family="gamma")
        found = by_hand(Chen={"spread": 1.5}).recalibrate(priors).summary()["expected_value"]
        z = np.random.default_rng(1).standard_normal(400_000)
        amounts = stats.gamma(4, scale=25).ppf(special.ndtr(1.5 * z))
        assert found.tolist() == pytest.approx(
            [0.6 * amounts.mean()], rel=allowed() * amounts.std() / amounts.mean() / 632
        )

    def test_very_wide_intervals_leave_amounts_finite(self, by_hand, book):
        for family in ("log-normal", "gamma"):
            priors = by_hand(Chen={"spread": 6.0}).recalibrate(judged(family=family, low=99.0, high=101.0))
            ltv = lb.lifetime_value(book, future_value=priors, horizon="3 years", random_seed=1)
            assert np.isfinite(ltv.components["judged"]).all()

    def test_lifetime_value_has_the_mean_of_the_closed_form(self, by_hand, book):
        many = [{"customer_id": "A", "expert": "Chen", "probability": 0.6, "low": 80.0, "high": 125.0}] * 50
        priors = lb.FutureValuePriors.from_judgements(pd.DataFrame(many))
        ltv = lb.lifetime_value(
            book, future_value=by_hand(Chen=OPTIMIST).recalibrate(priors), horizon="3 years", random_seed=1
        )
        found = ltv.components["judged"].sel(customer_id="A")
        chance, mean = chance_and_mean(OPTIMIST, 0.6, 100.0, np.log(1.25) / stats.norm.ppf(0.9))
        assert abs(float(found.mean()) - 50 * chance * mean) < allowed() * float(found.std()) / np.sqrt(found.size)

    def test_draws_of_the_posterior_are_used_one_by_one(self, by_hand):
        slopes = np.linspace(0.5, 1.5, 400).reshape(2, 200)
        adjusted = by_hand(Chen={"slope": slopes}).recalibrate(judged())
        np.testing.assert_array_equal(adjusted.adjustments.slope[0], slopes)
        assert adjusted.adjustments.shape == (2, 200)

    def test_an_expert_without_a_record_is_like_those_with_one(self, by_hand):
        calibration = by_hand(Chen={"spread": 5.0}, Wang={})
        change = TrackRecord(calibration.idata).change("Garcia")
        assert change.shift.mean() == pytest.approx(0, abs=0.06)
        assert change.shift.std() == pytest.approx(0.3, abs=0.04)
        assert np.log(change.spread).std() == pytest.approx(0.3, abs=0.04)
        np.testing.assert_array_equal(change.shift, TrackRecord(calibration.idata).change("Garcia").shift)
        assert not np.array_equal(change.shift, TrackRecord(calibration.idata).change("Li").shift)

    def test_nobody_without_a_record_is_worse_than_the_worst(self, by_hand):
        assert TrackRecord(by_hand(Chen={"spread": 1.1}).idata).change("Garcia").spread.max() == pytest.approx(1.1)

    def test_nameless_judgements_count_as_by_an_expert_without_a_record(self, by_hand):
        calibration = by_hand(Chen={})
        found = calibration.recalibrate(judged(expert=" ")).adjustments
        np.testing.assert_array_equal(found.shift[0].ravel(), TrackRecord(calibration.idata).change(None).shift)

    @pytest.mark.parametrize(
        ("expert", "message"),
        [
            ("chen", r"1 name without a record: 'chen' \(did you mean 'Chen'\?\)\. It is taken for any expert"),
            ("Cheng", r"'Cheng' \(did you mean 'Chen'\?\)"),
            ("Okafor", r"1 name without a record: 'Okafor'\. It is taken for any expert with one"),
        ],
    )
    def test_a_name_without_a_record_is_told_with_the_one_it_is_near(self, by_hand, expert, message):
        with pytest.warns(DataWarning, match=message):
            by_hand(Chen={}, Wang={}).recalibrate(judged(expert=expert))

    def test_words_say_what_was_stated_and_what_is_used(self, by_hand):
        """log-odds of 60% less 1 are 36%; amounts are halved and twice as wide."""
        honest, wide = by_hand(Chen={}), {"intercept": -1.0, "shift": np.log(0.5), "spread": 2.0}
        assert "used after recalibration: it occurs with 60%" in honest.recalibrate(judged()).in_words().item()
        words = by_hand(Chen=wide).recalibrate(judged()).in_words().item().splitlines()
        assert words[0] == "you say: it occurs with 60%"
        assert "above 200, one in ten below 50" in words[1]
        used = "it occurs with 36%; one chance in ten above 200, one in ten below 12.5, as likely above 50 as below"
        assert words[3] == f"used after recalibration: {used}"

    def test_certain_chances_are_bent_like_nearly_certain_ones(self, by_hand):
        calibration = by_hand(Chen={"intercept": -1.0})
        with pytest.warns(DataWarning, match="stated as certain"):
            certain = judged(probability=1.0)
        found = calibration.recalibrate(certain).summary()["expected_value"]
        expected = calibration.recalibrate(judged(probability=0.99)).summary()["expected_value"]
        assert found.tolist() == expected.tolist()

    def test_who_judged_may_be_given_row_by_row(self, by_hand):
        given = by_hand(Team={"intercept": -0.7}).recalibrate(judged(), who=["Team"])
        assert (given.adjustments.intercept == -0.7).all()
        with pytest.raises(JudgementError, match=r"2 names for 1 judgement. Give one for each"):
            by_hand(Chen={}).recalibrate(judged(), who=["a", "b"])

    def test_judgements_that_do_not_say_who(self, by_hand):
        calibration = by_hand(Chen={})
        calibration.idata.attrs["by"] = "stage"
        with pytest.raises(JudgementError, match=r"no column 'stage'.*who="):
            calibration.recalibrate(judged())

    def test_twice_is_refused(self, by_hand):
        once = by_hand(Chen={}).recalibrate(judged())
        with pytest.raises(JudgementError, match=r"before. Pass the stated ones"):
            by_hand(Chen={}).recalibrate(once)

    def test_an_expected_value_that_rests_on_few_draws_warns(self, by_hand):
        spread = np.ones((2, 200))
        spread[0, 0] = 8.0
        with pytest.warns(DataWarning, match=r"1 row with an expected value from one draw in a hundred.*row 0"):
            by_hand(Chen={"spread": spread}).recalibrate(judged())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            by_hand(Chen={"spread": np.linspace(0.8, 1.2, 400).reshape(2, 200)}).recalibrate(judged())


class TestTables:
    def test_summary_says_what_comes(self, by_hand):
        table = by_hand(Chen=OPTIMIST, Wang={}).summary()
        assert table.loc["Chen", "occurs"] == pytest.approx(special.expit(-0.7 + special.logit(0.6)))
        assert table.loc["Chen", "amount_factor"] == pytest.approx(1 / 1.4)
        assert table.loc["Wang", ["occurs", "amount_factor", "spread_factor"]].tolist() == pytest.approx([0.6, 1, 1])
        assert table.index.tolist() == ["Chen", "Wang", "(no record)"]
        text = repr(by_hand(Chen=OPTIMIST))
        assert "Chen (1 case): of chances stated as 60%, 43% occur; amounts are 0.714 times those stated" in text
        assert "intervals must be 2 times as wide" in text

    def test_curve_counts_what_occurred(self, by_hand, closed):
        rows = [closed(probability=0.3, won=0, amount=None)] * 6 + [closed(probability=0.3)] * 2 + [closed()] * 4
        table = by_hand(rows, Chen={"intercept": -0.7}).curve(ci_prob=0.9)
        assert table.index.tolist() == ["20% to 40%", "60% to 80%"]
        assert table["cases"].tolist() == [8, 4]
        assert table["occurred"].tolist() == [0.25, 1.0]
        low, high = stats.beta(2.5, 6.5).ppf([0.05, 0.95])
        assert table.iloc[0][["occurred_eti90_lb", "occurred_eti90_ub"]].tolist() == pytest.approx(
            [low, high], abs=1e-3
        )
        assert table["recalibrated"].tolist() == pytest.approx(special.expit(-0.7 + special.logit([0.3, 0.6])).tolist())

    def test_curve_of_one(self, by_hand, closed):
        rows = [closed(), closed(expert="Wang"), closed(expert="Wang")]
        assert by_hand(rows, Chen={}, Wang={}).curve("Wang")["cases"].tolist() == [2]
        with pytest.raises(InputError, match=r"no closed judgement of 'Wong'.*Did you mean 'Wang'"):
            by_hand(rows, Chen={}, Wang={}).curve("Wong")

    def test_hits_as_stated_and_as_recalibrated(self, by_hand, closed):
        rows = [closed(amount=amount) for amount in (30.0, 60.0, 100.0, 150.0, 250.0)]
        table = by_hand(rows, Chen={"spread": 2.0}).hit_rate()
        assert table.loc["Chen", ["won", "should", "stated", "recalibrated"]].tolist() == [5, 0.8, 0.6, 1.0]

    def test_a_case_is_judged_by_the_others(self, by_hand, closed):
        """With two possible shifts, the posterior without the case has the one that the case itself speaks against."""
        shift, sd = np.array([0.0, 2.0]), np.log(2) / stats.norm.ppf(0.9)
        error = 1.2
        calibration = by_hand([closed(amount=100 * np.exp(error))], Chen={"shift": np.tile(shift, (2, 100))})
        odds = stats.norm.pdf(error, shift, sd)
        levels = stats.norm.cdf(error, shift, sd)
        expected = (levels / odds).sum() / (1 / odds).sum()
        assert levels_of_amounts(TrackRecord(calibration.idata))["recalibrated"].tolist() == pytest.approx([expected])

    def test_rank_puts_the_better_first(self, by_hand, closed):
        lost = {"won": 0, "amount": None}
        good = [closed(expert="Good", probability=0.9)] * 20 + [closed(expert="Good", probability=0.1, **lost)] * 20
        bad = [closed(expert="Bad", amount=900.0)] * 20 + [closed(expert="Bad", **lost)] * 20
        calibration = by_hand(good + bad, Good={}, Bad={})
        for measure in ("chances", "amounts"):
            table = calibration.rank(measure)
            assert table.index.tolist() == ["Good", "Bad"]
            assert table.loc["Good", "probability_best"] > 0.99
            assert table["probability_best"].sum() == pytest.approx(1)
        weight = calibration.weights(["Good", "Bad", "New"])
        assert weight["Good"] > weight["New"] > weight["Bad"]

    def test_the_score_of_chances_is_what_one_computes_by_hand(self, by_hand, closed):
        """Chen: 0.04, 0.04 and 0.36; Wang: 0.25. Everybody's mean, 0.1725, counts as two more cases of each."""
        lost = {"won": 0, "amount": None}
        rows = [closed(probability=0.8), closed(probability=0.2, **lost), closed(probability=0.6, **lost)]
        rows += [closed(expert="Wang", probability=0.5)]
        table = by_hand(rows, Chen={}, Wang={}).rank("chances")
        assert table.loc[["Chen", "Wang"], "cases"].tolist() == [3, 1]
        expected = [(0.44 + 2 * 0.1725) / 5, (0.25 + 2 * 0.1725) / 3]
        assert table.loc[["Chen", "Wang"], "score"].tolist() == pytest.approx(expected, abs=0.01)

    def test_the_score_of_amounts_is_that_of_the_normal_law(self, by_hand, closed):
        """CRPS of a normal forecast, Gneiting & Raftery (2007), equation 21; alike cases leave nothing uncertain."""
        sd, error = np.log(2) / stats.norm.ppf(0.9), np.log(1.2)
        z = error / sd
        expected = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
        table = by_hand([closed()] * 4, Chen={}).rank("amounts", ci_prob=0.9)
        assert table.loc["Chen", ["score", "score_eti90_lb", "score_eti90_ub"]].tolist() == pytest.approx(
            [expected] * 3
        )

    def test_judges_alike_are_each_as_likely_the_best(self, by_hand, closed):
        lost = {"won": 0, "amount": None}
        rows = [closed(expert=name, **end) for name in ("Chen", "Wang", "Li") for end in ({}, lost) for _ in range(20)]
        table = by_hand(rows, Chen={}, Wang={}, Li={}).rank("chances")
        assert table["probability_best"].tolist() == pytest.approx([1 / 3] * 3, abs=allowed() * np.sqrt(2 / 9 / 400))

    def test_rank_needs_amounts_to_rank_by(self, by_hand, closed):
        calibration = by_hand([closed(won=0, amount=None)], Chen={})
        with pytest.raises(InputError, match=r"Rank by 'chances'"):
            calibration.rank("amounts")
        with pytest.raises(InputError, match=r"measure 'chance' is unknown. Did you mean 'chances'"):
            calibration.rank("chance")

    def test_an_unconverged_fit_says_so(self, by_hand):
        calibration = by_hand(problems=["r-hat is 1.2."], Chen={})
        for table in (calibration.summary(), calibration.curve(), calibration.hit_rate(), calibration.rank()):
            assert (table["caution"] == "fit did not converge").all()
        assert "DID NOT CONVERGE" in repr(calibration)


class TestCorrelation:
    def test_errors_in_common_are_found(self, by_hand, closed):
        rng = np.random.default_rng(1)
        sd, rows = np.log(2) / stats.norm.ppf(0.9), []
        for number in range(150):
            errors = np.sqrt(0.6) * rng.standard_normal() + np.sqrt(0.4) * rng.standard_normal(3)
            rows += [
                closed(expert=name, opportunity=f"P{number}", amount=100 * np.exp(sd * error))
                for name, error in zip(("Chen", "Li", "Wang"), errors, strict=True)
            ]
        found = by_hand(rows, Chen={}, Li={}, Wang={}).correlation(ci_prob=0.9)
        assert found["opportunities"] == 150
        assert found["correlation_eti90_lb"] < 0.6 < found["correlation_eti90_ub"]
        assert found["correlation"] == pytest.approx(0.6, abs=0.1)

    def test_nothing_in_common_is_said(self, by_hand):
        with pytest.raises(InputError, match=r"cannot be learned. Name opportunities"):
            by_hand(Chen={}, Wang={}).correlation()


class TestFiles:
    def test_saved_and_read_is_the_same(self, by_hand, closed, tmp_path):
        rows = [closed(expert="王芳"), closed(expert="Chen", won=0, amount=None)]
        calibration = by_hand(rows, **{"王芳": OPTIMIST, "Chen": {}})
        first = lb.Calibration.load(calibration.save(tmp_path / "first.nc"))
        again = lb.Calibration.load(first.save(tmp_path / "again.nc"))
        for table in ("summary", "curve", "hit_rate", "rank"):
            pd.testing.assert_frame_equal(getattr(again, table)(), getattr(calibration, table)())
        assert repr(again) == repr(calibration)

    def test_something_else_is_refused(self, purchases, tmp_path):
        with pytest.raises(FitError, match="holds no calibration of judgements"):
            lb.Calibration.load(purchases.save(tmp_path / "fit.nc"))


class TestPicture:
    def test_points_are_those_of_the_curve(self, by_hand, closed):
        rows = [closed(probability=0.3, won=0, amount=None)] * 3 + [closed()] * 4
        calibration = by_hand(rows, Chen=OPTIMIST)
        ax = lb.plot_calibration_curve(calibration, ci_prob=0.9)
        occurred = next(line for line in ax.get_lines() if line.get_label() == "occurred")
        assert occurred.get_ydata().tolist() == calibration.curve()["occurred"].tolist()
        assert "n = 3" in [text.get_text() for text in ax.texts]
