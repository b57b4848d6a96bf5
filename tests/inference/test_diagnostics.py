"""The verdict on draws: good ones pass, each kind of bad ones is named."""

import json

import arviz_stats as stats
import numpy as np
import pytest

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.inference.diagnostics import diagnose_chains, diagnose_weights, only_too_few
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.events import FittedEvents


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
        ({"diverging": 20}, "20 of 4,000 transitions diverged"),
        ({"chains": 1}, "One chain"),
    ],
)
def test_bad_draws_are_named_with_the_cure(settings, word):
    verdict = diagnose_chains(tree(**settings))
    assert not verdict.converged
    assert any(word in problem for problem in verdict.problems)
    assert "DID NOT CONVERGE" in str(verdict)


class TestSomeOfTheDraws:
    """Every fourth of 16,000 is kept, and divergences of all count."""

    @staticmethod
    def verdict(diverging):
        every = tree(draws=4000, diverging=diverging)
        return diagnose_chains(every.isel(draw=slice(None, None, 4)), every, method="NUTS, every 4th draw")

    def test_few_of_all_pass(self):
        found = self.verdict(10)
        assert found.converged
        assert (found.draws, found.divergences, found.transitions) == (1000, 10, 16_000)
        assert str(found).startswith("NUTS, every 4th draw, 4 chains x 1,000 draws: converged")
        assert "10 divergences in 16,000 transitions" in str(found)

    def test_many_of_all_do_not(self):
        found = self.verdict(20)
        assert found.problems == ("20 of 16,000 transitions diverged; raise target_accept or give stronger priors.",)

    def test_it_is_kept_with_the_fit(self):
        found = self.verdict(10)
        assert Diagnostics.from_json(found.to_json()).transitions == found.transitions == 16_000


def test_verdicts_written_before_have_as_many_transitions_as_draws():
    verdict = diagnose_chains(tree(diverging=3))
    values = json.loads(verdict.to_json())
    del values["transitions"]
    again = Diagnostics.from_json(json.dumps(values))
    assert again.transitions == 4000
    assert str(again) == str(verdict)


def test_fewer_draws_came_from_as_many_transitions():
    made = tree_from_draws({name: np.ones((4, 1000)) for name in ("r", "alpha")}, {"time_unit": "week"})
    made.attrs["diagnostics"] = diagnose_chains(tree(diverging=3)).to_json()
    found = FittedEvents(made).thin(100).diagnose()
    assert (found.draws, found.transitions) == (100, 4000)
    assert "3 divergences in 4,000 transitions" in str(found)


def test_a_verdict_survives_being_written():
    verdict = diagnose_chains(tree(chains=1))
    again = Diagnostics.from_json(verdict.to_json())
    assert again.problems == verdict.problems
    assert np.isnan(again.rhat)


def test_slow_tails_are_seen():
    """Signs are independent from draw to draw, sizes are not: only the tails mix slowly."""
    size = np.abs(tree(draws=2000, slow=0.995)["posterior"]["r"].to_numpy())
    sign = np.random.default_rng(2).choice([-1, 1], size.shape)
    made = tree_from_draws({"r": sign * size})
    bulk, tail = (float(stats.ess(made["posterior"].to_dataset(), method=kind)["r"]) for kind in ("bulk", "tail"))
    assert bulk > 1000
    assert tail < 400
    verdict = diagnose_chains(made)
    assert verdict.ess == tail
    assert any("effective sample size" in problem for problem in verdict.problems)


def test_the_worst_of_many_variables_counts():
    good, bad = (tree(slow=slow)["posterior"]["r"].to_numpy() for slow in (0.0, 0.99))
    verdict = diagnose_chains(tree_from_draws({"r": good, "shares": np.stack([good, bad, good], axis=-1)}))
    assert verdict.ess < 400
    assert not verdict.converged


def test_constants_are_no_fault():
    made = tree_from_draws({"r": tree()["posterior"]["r"].to_numpy(), "one": np.ones((4, 1000, 2))})
    assert diagnose_chains(made).converged


def test_chains_that_never_moved_are_not_trusted():
    verdict = diagnose_chains(tree_from_draws({"r": np.ones((4, 1000))}))
    assert len(verdict.problems) == 2


def test_weights_that_can_be_trusted():
    verdict = diagnose_weights(0.1, 3600, 4, 1000)
    assert verdict.converged
    assert "Pareto k 0.10" in str(verdict)
    assert verdict.transitions == 0


@pytest.mark.parametrize(
    ("pareto_k", "ess", "word"),
    [(0.8, 3000, "Pareto k is 0.80"), (float("nan"), 3000, "Pareto k"), (0.3, 390, "effective sample size is 390")],
)
def test_weights_that_cannot(pareto_k, ess, word):
    verdict = diagnose_weights(pareto_k, ess, 4, 1000)
    assert any(word in problem for problem in verdict.problems)
    assert "method='nuts'" in verdict.problems[0]


@pytest.mark.parametrize(("pareto_k", "ess", "few"), [(0.1, 190, True), (0.8, 190, False), (0.1, 40, False)])
def test_too_few_draws_of_a_good_approximation(pareto_k, ess, few):
    verdict = diagnose_weights(pareto_k, ess, 4, 50)
    assert not verdict.converged
    assert only_too_few(verdict) == few
    assert ("run with more draws" in verdict.problems[-1]) == few
