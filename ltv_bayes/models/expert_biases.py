"""Biases of experts' judgements against outcomes, as a hierarchical PyMC model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ltv_bayes.formulas.beliefs.closed_judgements import ClosedJudgements, within_certain
from ltv_bayes.formulas.kernels.judged_outcomes import Outcomes
from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.methods import fit_posterior
from ltv_bayes.inference.nuts import has_nutpie
from ltv_bayes.models.density.expert_density import ExpertDensity
from ltv_bayes.models.density.plain_priors import in_plain_numbers
from ltv_bayes.models.priors import (
    ANYWHERE,
    POSITIVE,
    Prior,
    as_distributions,
    as_prior,
    chosen_priors,
    describe,
    register,
)

if TYPE_CHECKING:
    import pymc as pm

BIASES = ("intercept", "log_slope", "shift", "log_spread")
TARGET_ACCEPT = 0.99
ACCEPT = 0.98  # of chains that start at the mode, in its scale
OURS = {"draws", "tune", "chains", "random_seed", "progressbar"}
ROUNDING, BLENDED = 0.1, 0.1
PRIORS = {
    "mean_intercept": Prior("Normal", mu=0.0, sigma=1.0),
    "sd_intercept": Prior("LogNormal", mu=np.log(0.5), sigma=0.4),
    "mean_log_slope": Prior("Normal", mu=0.0, sigma=0.7),
    "sd_log_slope": Prior("LogNormal", mu=np.log(0.6), sigma=0.4),
    "mean_shift": Prior("Normal", mu=0.0, sigma=0.5),
    "sd_shift": Prior("LogNormal", mu=np.log(0.3), sigma=0.4),
    "mean_log_spread": Prior("Normal", mu=0.0, sigma=0.5),
    "sd_log_spread": Prior("LogNormal", mu=np.log(0.4), sigma=0.4),
}
DOMAINS = {name: POSITIVE if name.startswith("sd_") else ANYWHERE for name in PRIORS}
USUAL_SD = {"intercept": 0.5, "log_slope": 0.6, "shift": 0.3, "log_spread": 0.4}


@dataclass(frozen=True)
class ExpertBiases:
    """How do outcomes differ from what experts state? The settings of a hierarchical model of experts.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones: ``mean_...`` and ``sd_...`` of ``intercept``, ``log_slope``,
        ``shift`` and ``log_spread``, over all experts.

    Notes
    -----
    Of opportunities that expert e states at probability p, a share logit^-1(intercept_e + slope_e logit p) occurs. The
    logarithm of their amounts is normal around the stated median's, moved by shift_e, with the stated sd times
    spread_e; a belief that is wider on one side stays so. Intercept, log slope, shift and log spread of each expert are
    normal around those of all. An honest expert has 0, 1, 0, 1.

    The usual priors are centred there. They have no unit: shift is a logarithm of money, so log 1.4 is a bias of 40%.

    - over all experts: intercept N(0, 1), log slope N(0, 0.7), shift N(0, 0.5), log spread N(0, 0.5)
    - sd between experts, log-normal with sigma 0.4 around 0.5, 0.6, 0.3 and 0.4, which keeps clear of 0: experts are
      never taken to be all alike

    Each expert's number is written partly as a distance from the mean, partly as it is, the more of the latter the more
    cases the expert has: chains then move freely whether there are five cases or two hundred.

    Two things keep the density smooth. Amounts count as rounded to a tenth of the stated sd, so that errors that are
    all the same do not make a spread of 0. And where a belief is wider on one side, its two halves, each with a half of
    the probability, are blended within about a tenth of the smaller sd around the median.

    The model takes cases to be independent, given the expert, and errors of amounts not to depend on the chance.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression, Biometrika 45, for intercept and slope;
    Papaspiliopoulos, Roberts & Skold (2007), A general framework for the parametrization of hierarchical models,
    Statistical Science 22.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)

    def build(self, closed: ClosedJudgements) -> "pm.Model":
        """Make the PyMC model."""
        import pymc as pm
        import pytensor.tensor as pt

        distributions = as_distributions(self._chosen(), DOMAINS)
        information = _information(closed)
        with pm.Model(coords={"who": list(closed.names)}) as model:
            over_all = register(model, distributions)
            own = {name: _own(name, over_all, information[name]) for name in BIASES}
            intercept = pm.Deterministic("intercept", own["intercept"], dims="who")
            slope = pm.Deterministic("slope", pt.exp(own["log_slope"]), dims="who")
            shift = pm.Deterministic("shift", own["shift"], dims="who")
            spread = pm.Deterministic("spread", pt.exp(own["log_spread"]), dims="who")
            _observe_chances(closed, intercept, slope)
            _observe_amounts(closed, shift, spread)
        return model

    def fit(self, closed: ClosedJudgements, **fitting: Any) -> xr.DataTree:
        """Draw from the posterior by NUTS; arguments as in `BGNBD.fit`.

        Warns
        -----
        ConvergenceWarning
            If r-hat, effective sample size or divergences show that the draws cannot be trusted.
        """
        density = self.density(closed) if has_nutpie() and set(fitting) <= OURS else None
        if density is not None:
            return fit_posterior(density, method="nuts", hierarchical=ACCEPT, **fitting)
        tree = fit_posterior(self.build(closed), method="nuts", **{"target_accept": TARGET_ACCEPT, **fitting})
        tree["posterior"] = tree["posterior"].to_dataset().drop_vars([f"{name}_partly" for name in BIASES])
        return tree

    def density(self, closed: ClosedJudgements) -> ExpertDensity | None:
        """The model's log density written out, if its priors are of common families."""
        found = {name: in_plain_numbers(as_prior(prior), DOMAINS[name]) for name, prior in self._chosen().items()}
        priors = {name: prior for name, prior in found.items() if prior is not None}
        if len(priors) < len(found):
            return None
        family, first, second, constant, _ = zip(*priors.values(), strict=True)
        information, won = _information(closed), np.asarray(closed.won, dtype=bool)
        payer, log_error, below, above = (
            np.ascontiguousarray(each[won]) for each in (closed.who, closed.log_error, closed.below, closed.above)
        )
        outcomes = Outcomes(
            family=np.array(family, dtype=np.int64),
            first=np.array(first, dtype=float),
            second=np.array(second, dtype=float),
            constant=np.array(constant, dtype=float),
            kept=np.array([_kept(name, information[name]) for name in BIASES]),
            who=np.array(closed.who, dtype=np.int64),
            log_odds=np.array(closed.log_odds, dtype=float),
            won=won.astype(np.int64),
            payer=payer.astype(np.int64),
            log_error=log_error.astype(float),
            below=below.astype(float),
            above=above.astype(float),
            rounding=ROUNDING,
            blended=BLENDED,
        )
        return ExpertDensity(priors, outcomes, closed.names)

    def settings(self) -> dict[str, Any]:
        """What a fit remembers of it."""
        return {"priors": {name: describe(prior) for name, prior in self._chosen().items()}}

    def _chosen(self) -> dict[str, Any]:
        return chosen_priors(self.priors, PRIORS, {})


def _own(name: str, over_all: Mapping[str, Any], information: Array) -> Any:
    """Each expert's number: the mean of all and a distance, the mean taken out in part only."""
    import pymc as pm

    mean, sd = over_all[f"mean_{name}"], over_all[f"sd_{name}"]
    kept = _kept(name, information)
    partly = pm.Normal(f"{name}_partly", kept * mean, sd**kept, dims="who")
    return mean + sd ** (1 - kept) * (partly - kept * mean)


def _kept(name: str, information: Array) -> Array:
    """How much of each expert's number is written as it is."""
    return information / (information + USUAL_SD[name] ** -2)


def _information(closed: ClosedJudgements) -> dict[str, Array]:
    """What each expert's cases say of each number, about, as a precision."""

    def add(each: Array, cases: np.ndarray) -> Array:
        return np.bincount(closed.who[cases], each[cases], len(closed.names))

    everything = np.ones(closed.who.size, dtype=bool)
    chance = within_certain(closed.probability)
    certainty = chance * (1 - chance)
    return {
        "intercept": add(certainty, everything),
        "log_slope": add(certainty * closed.log_odds**2, everything),
        "shift": add(2 / (closed.below**2 + closed.above**2), closed.won),
        "log_spread": add(np.full(closed.who.size, 2.0), closed.won),
    }


def _observe_chances(closed: ClosedJudgements, intercept: Any, slope: Any) -> None:
    import pymc as pm

    who = closed.who
    pm.Bernoulli("won", logit_p=intercept[who] + slope[who] * closed.log_odds, observed=closed.won.astype(int))


def _observe_amounts(closed: ClosedJudgements, shift: Any, spread: Any) -> None:
    import pymc as pm

    won = closed.won
    if won.any():
        who = closed.who[won]
        error = closed.log_error[won] - shift[who]
        pm.Potential("log_error", error_log_density(error, spread[who], closed.below[won], closed.above[won]))


def error_log_density(error: Any, spread: Any, below: Array, above: Array) -> Any:
    """Write the log density of errors from the moved median as a PyTensor graph.

    Normal with the stated sd times the spread, ``below`` on one side and ``above`` on the other, rounded and blended.
    """
    import pytensor.tensor as pt

    wider = pt.sqrt(spread**2 + ROUNDING**2)
    blended = error / (BLENDED * np.minimum(below, above))
    left = _normal_log_density(error, wider * below) - pt.softplus(blended)
    right = _normal_log_density(error, wider * above) - pt.softplus(-blended)
    return pt.logaddexp(left, right)


def _normal_log_density(x: Any, sd: Any) -> Any:
    import pytensor.tensor as pt

    return -((x / sd) ** 2) / 2 - pt.log(sd) - np.log(2 * np.pi) / 2
