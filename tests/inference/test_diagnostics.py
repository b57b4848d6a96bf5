"""The verdict on draws: good ones pass, each kind of bad ones is named."""

import numpy as np
import pytest

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.inference.diagnostics import diagnose_chains, diagnose_weights
from ltv_bayes.posterior import tree_from_draws


def tree(chains=4, draws=1000, shift=0.0, slow=0.0, diverging=0):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((chains, draws))
    for step in range(1, draws):
        values[:, step] = slow * values[:, step - 1] + np.sqrt(1 - slow**2) * values[:, step]
    made = tree_from_draws({"r": values + shift * np.arange(chains)[:, np.newaxis]})
    flags = np.zeros((chains, draws), bool)
    flags.flat[:diverging] = True
    made["sample_stats"] = made["posterior"].to_dataset().drop_vars("r").assign(diverging=(("chain", "draw"), flags))
    return made


def test_independent_draws_pass():
    verdict = diagnose_chains(tree())
    assert verdict.converged
    assert verdict.rhat < 1.01
    assert verdict.ess > 3000
    assert "converged" in str(verdict)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"shift": 1.0}, "r-hat"),
        ({"slow": 0.99}, "effective sample size"),
        ({"diverging": 20}, "20 of 4000 transitions diverged"),
        ({"chains": 1}, "One chain"),
    ],
)
def test_bad_draws_are_named_with_the_cure(settings, word):
    verdict = diagnose_chains(tree(**settings))
    assert not verdict.converged
    assert any(word in problem for problem in verdict.problems)
    assert "DID NOT CONVERGE" in str(verdict)


def test_a_verdict_survives_being_written():
    verdict = diagnose_chains(tree(chains=1))
    again = Diagnostics.from_json(verdict.to_json())
    assert again.problems == verdict.problems
    assert np.isnan(again.rhat)


def test_weights_that_can_be_trusted():
    verdict = diagnose_weights(0.1, 3600, 4, 1000)
    assert verdict.converged
    assert "Pareto k 0.10" in str(verdict)


@pytest.mark.parametrize(
    ("pareto_k", "ess", "word"),
    [(0.8, 3000, "Pareto k is 0.80"), (float("nan"), 3000, "Pareto k"), (0.3, 390, "effective sample size is 390")],
)
def test_weights_that_cannot(pareto_k, ess, word):
    verdict = diagnose_weights(pareto_k, ess, 4, 1000)
    assert any(word in problem for problem in verdict.problems)
    assert "method='nuts'" in verdict.problems[0]
