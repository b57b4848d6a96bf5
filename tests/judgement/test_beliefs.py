"""Beliefs by themselves: what was said is met, fed back, or refused."""

import numpy as np
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import InputError, JudgementError


class TestAmounts:
    def test_the_sentence_says_what_was_said(self):
        belief = lb.AmountBelief.from_three_points(300_000, 600_000, 1_200_000)
        expected = "you say: one chance in ten above 1.2M, one in ten below 300k, as likely above 600k as below"
        assert belief.sentence().startswith(expected)

    def test_the_sentence_says_the_fitted_numbers_where_they_differ(self):
        belief = lb.AmountBelief.from_quartiles(80_000, 100_000, 150_000, family="gamma")
        assert "one chance in four above 144k, one in four below 77.5k" in belief.sentence()

    @pytest.mark.parametrize(
        ("interval", "words"), [(0.5, "one chance in four"), (0.9, "one chance in twenty"), (0.7, "a chance of 15%")]
    )
    def test_chances_in_words(self, interval, words):
        assert words in lb.AmountBelief.from_interval(50, 200, interval=interval).sentence()

    def test_an_amount_without_doubt(self):
        for family in ("log-normal", "gamma", "pert"):
            belief = lb.AmountBelief.from_interval(80, 80, family=family)
            assert belief.sentence("EUR") == "you say: 80 EUR, for certain"
            assert (belief.mean, belief.sd) == (80, 0)

    def test_the_misfit_is_the_largest_difference(self):
        belief = lb.AmountBelief.from_quartiles(80, 100, 150, family="gamma")
        table = belief.fit_table()
        assert table["stated"].tolist() == [80, 100, 150]
        assert belief.misfit == pytest.approx((table["fitted"] / table["stated"] - 1).abs().max())
        assert lb.AmountBelief.from_quartiles(80, 100, 150).misfit < 1e-9

    @pytest.mark.parametrize("family", ["log-normal", "gamma", "pert"])
    def test_points_say_the_same(self, family):
        belief = lb.AmountBelief.from_interval(50, 200, family=family, interval=0.6)
        points = belief.as_points(0.8)
        points.pop("family")
        again = (
            lb.AmountBelief.from_interval(points["low"], points["high"], family=family)
            if np.isnan(points["likely"])
            else lb.AmountBelief.from_three_points(**points, family=family)
        )
        levels = [0.01, 0.3, 0.5, 0.99]
        np.testing.assert_allclose(again.quantile(levels), belief.quantile(levels), rtol=1e-6)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: lb.AmountBelief.from_interval(200, 50), "cross: low 200, high 50"),
            (lambda: lb.AmountBelief.from_three_points(50, 300, 200), "cross"),
            (lambda: lb.AmountBelief.from_quartiles(3, 2, 4), "cross"),
            (lambda: lb.AmountBelief.from_interval(0, 50), "low must be above 0"),
            (lambda: lb.AmountBelief.from_mean(10, 0), "sd must be above 0.*low and high"),
            (lambda: lb.AmountBelief.from_mean(10, 5, family="pert"), "low, likely and high"),
            (lambda: lb.AmountBelief.from_interval(1, 2, family="gama"), "Did you mean 'gamma'"),
            (lambda: lb.AmountBelief.from_interval(1, 2, interval=80), "Write 80% as interval=0.8"),
            (lambda: lb.AmountBelief.from_interval(1, 2, interval=1), "only a pert"),
            (lambda: lb.AmountBelief.from_preliz(stats.norm(1, 2)), "not a PreliZ distribution"),
        ],
    )
    def test_contradictions_are_refused(self, make, message):
        with pytest.raises(JudgementError, match=message):
            make()


class TestPreliZ:
    @pytest.fixture
    def preliz(self):
        return pytest.importorskip("preliz")

    @pytest.mark.fits
    def test_a_family_of_ours_is_met(self, preliz):
        for distribution, family in ((preliz.LogNormal(12, 0.5), "log-normal"), (preliz.Gamma(2, 0.01), "gamma")):
            belief = lb.AmountBelief.from_preliz(distribution)
            assert belief.family == family
            assert belief.misfit < 1e-6
            assert belief.mean == pytest.approx(float(distribution.mean()), rel=1e-5)

    @pytest.mark.fits
    def test_another_comes_as_near_as_it_can(self, preliz):
        distribution = preliz.Truncated(preliz.Normal(100, 40), 1, 500)
        nearest = lb.AmountBelief.from_preliz(distribution)
        misfits = [lb.AmountBelief.from_preliz(distribution, family=name).misfit for name in ("log-normal", "gamma")]
        assert nearest.misfit <= min(misfits)
        assert nearest.quantile(0.5) == pytest.approx(distribution.ppf(0.5), rel=0.1)

    @pytest.mark.fits
    def test_amounts_of_nothing_are_refused(self, preliz):
        with pytest.raises(JudgementError, match=r"puts 16% of its weight on amounts of 0 or less"):
            lb.AmountBelief.from_preliz(preliz.Normal(10, 10))
        with pytest.raises(JudgementError, match="no numbers yet"):
            lb.AmountBelief.from_preliz(preliz.Gamma())


class TestChances:
    def test_cases_are_jeffreys_posterior(self):
        belief = lb.ChanceBelief.from_cases(3, of=10)
        law = stats.beta(3.5, 7.5)
        assert belief.probability == pytest.approx(law.mean())
        np.testing.assert_allclose(belief.quantile([0.1, 0.9]), law.ppf([0.1, 0.9]))
        assert belief.sentence().startswith("you say: 3 of 10 such occur")

    def test_an_interval_is_met(self):
        belief = lb.ChanceBelief.from_interval(0.4, 0.7, interval=0.5)
        np.testing.assert_allclose(belief.quantile([0.25, 0.75]), [0.4, 0.7], rtol=1e-7)

    @pytest.mark.parametrize(
        ("number", "words"), [(0, "it never occurs"), (1, "it occurs for certain"), (0.25, "it occurs with 25%")]
    )
    def test_numbers_in_words(self, number, words):
        assert lb.ChanceBelief.from_number(number).sentence() == f"you say: {words}"

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: lb.ChanceBelief.from_number(60), "Write 60% as 0.6"),
            (lambda: lb.ChanceBelief.from_cases(11, of=10), "11 of 10 cannot be"),
            (lambda: lb.ChanceBelief.from_cases(0, of=0), "0 of 0 cannot be"),
            (lambda: lb.ChanceBelief.from_interval(0.7, 0.4), "no interval of a chance"),
            (lambda: lb.ChanceBelief.from_interval(0, 0.4), "above 0 and below 1"),
            (lambda: lb.ChanceBelief.from_number("often"), "must be a number"),
        ],
    )
    def test_contradictions_are_refused(self, make, message):
        with pytest.raises(InputError, match=message):
            make()
