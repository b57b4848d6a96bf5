"""Densities of a fit's priors, read from its settings, against SciPy's of the logarithm."""

import json

import numpy as np
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.value.influence.prior_density import log_prior


def test_priors_of_a_fit_against_the_closed_form():
    """On the scale of logarithms Gamma(a, b) to a power is Gamma(alpha a, alpha b), which weights must find."""
    rng = np.random.default_rng(6)
    drawn = {"p": rng.gamma(3.0, 1 / 2.0, (4, 5000)), "q": np.full((4, 5000), 3.0), "v": np.ones((4, 5000))}
    settings = json.dumps({"priors": {"p": "Prior('Gamma', alpha=3.0, beta=2.0)"}})
    density = log_prior(lb.FittedSpend.from_draws(drawn, settings=settings))
    weights = np.exp(0.25 * density)
    mean = np.average(drawn["p"].ravel(), weights=weights)
    variance = np.average((drawn["p"].ravel() - mean) ** 2, weights=weights)
    assert mean == pytest.approx(3 / 2, rel=0.02)
    assert variance == pytest.approx(3 / 2**2 / 1.25, rel=0.05)


@pytest.mark.parametrize(
    ("prior", "law"),
    [
        ("Prior('LogNormal', mu=-1.5, sigma=2)", stats.norm(-1.5, 2)),
        ("Prior('Exponential', lam=1e-05)", stats.gumbel_l(np.log(1e5))),
        ("Prior('Gamma', mu=2, sigma=1)", stats.loggamma(4, scale=1, loc=-np.log(2))),
    ],
)
def test_densities_are_those_of_the_logarithm(prior, law):
    p = np.exp(np.linspace(-2, 2, 5))
    drawn = {"p": p[np.newaxis], "q": np.full((1, 5), 3.0), "v": np.ones((1, 5))}
    fit = lb.FittedSpend.from_draws(drawn, settings=json.dumps({"priors": {"p": prior}}))
    np.testing.assert_allclose(log_prior(fit), law.logpdf(np.log(p)))


@pytest.mark.parametrize("text", ["lognormal(0.0, 1.0)", "Prior('Wald', mu=1, lam=2)", "__import__('os')"])
def test_priors_in_other_words_are_not_guessed(text):
    drawn = {name: np.full((1, 2), 2.0) for name in "pqv"}
    assert log_prior(lb.FittedSpend.from_draws(drawn, settings=json.dumps({"priors": {"p": text}}))) is None
