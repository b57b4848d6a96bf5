"""The effect on a portfolio of holding judgements, or the models' priors, more or less firmly."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import UnitError
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array, pareto_smoothed
from ltv_bayes.intervals import interval_name, interval_settings, summarize_sorted
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.language import N_, _, comma, semicolon
from ltv_bayes.predictions.fitted import FittedModel, order_of_draws
from ltv_bayes.time_units import as_number
from ltv_bayes.value.influence.judged_parts import NO_ONE, judged_parts, named
from ltv_bayes.value.influence.prior_density import log_prior
from ltv_bayes.value.valued import Valued

NOTICEABLE = 0.05
HIGHEST_PARETO_K = 0.7
WITHOUT_OPINIONS = N_("nearly without customers with an opinion on their whole value: their draws change places")
UNKNOWN_PRIOR = N_("the fit does not remember its priors, or they are of no common family")


def power_scaling(
    value: Valued, alphas: tuple[float, float] = (0.8, 1.25), ci_prob: float | None = None
) -> pd.DataFrame:
    """A row for all judgements, each expert, each judgement, each prior; see `JudgementInValue.power_scaling`."""
    alphas, level = _checked(alphas), interval_settings(ci_prob, "eti")[0]
    total = value.total()
    rows = [*_of_judgements(value, total, alphas, level), *_of_priors(value, total, alphas, level)]
    return value.described(pd.DataFrame(rows), (level, "eti"), alphas=alphas)


def _checked(alphas: Any) -> tuple[float, float]:
    lower, upper = (as_number(alpha, "alphas") for alpha in alphas)
    if not 0 < lower < 1 < upper:
        raise UnitError(
            _("alphas must lie on either side of 1, as in alphas=(0.8, 1.25), not {alphas!r}.", alphas=alphas)
        )
    return lower, upper


def _of_judgements(
    value: Valued, total: Array, alphas: tuple[float, float], ci_prob: float
) -> Iterator[dict[str, Any]]:
    """Each judgement alone, those of each expert together, and all together."""
    judged = value.future_value
    if judged is None:
        return
    scaled = [judged_parts(value, power_scaled(judged, alpha, value.valuation.shape)) for alpha in alphas]
    alone: list[dict[str, Any]] = []
    together: dict[str, Array] = {}
    for (position, money), (_unused, looser), (_unused, firmer) in zip(judged_parts(value), *scaled, strict=True):
        change = np.stack([looser - money, firmer - money])
        name = named(judged, position)
        alone.append({"held": _("one judgement"), **name, **_exactly(total, change, alphas, ci_prob)})
        expert = "" if pd.isna(name["expert"]) else str(name["expert"])
        together[expert] = together.get(expert, np.zeros_like(change)) + change
    every = np.sum(list(together.values()), axis=0)
    yield {"held": _("all judgements"), **NO_ONE, **_exactly(total, every, alphas, ci_prob)}
    for expert in sorted(set(together) - {""}):
        by_expert = {**NO_ONE, "expert": expert}
        yield {"held": _("all of an expert"), **by_expert, **_exactly(total, together[expert], alphas, ci_prob)}
    yield from sorted(alone, key=lambda row: -row["sensitivity"])


def power_scaled(judged: FutureValuePriors, alpha: float, shape: tuple[int, int]) -> FutureValuePriors:
    """Raise the density of every judgement to a power, and normalise it: above 1 it is held more firmly.

    No data stand against a judgement, so what it becomes is known exactly and need not be weighted. A chance p has
    log-odds alpha * logit(p). An amount's level z of the standard normal distribution has the density of
    z / sqrt(alpha); a log-normal amount keeps its median, and the sd of its logarithm is divided by sqrt(alpha).

    Parameters
    ----------
    shape : (int, int)
        Chains, and draws per chain, of judgements that no adjustment has changed.
    """
    was = judged.adjustments or Adjustments.none(len(judged), shape)
    scaled = Adjustments(was.who, alpha * was.intercept, alpha * was.slope, was.shift, was.spread / np.sqrt(alpha))
    return replace(judged, adjustments=scaled)


def _of_priors(value: Valued, total: Array, alphas: tuple[float, float], ci_prob: float) -> Iterator[dict[str, Any]]:
    """The priors of each fit, by weighting its draws."""
    valuation, judged = value.valuation, value.future_value
    opinions = judged is not None and bool(are_opinions(judged.table).any())
    chains, draws = valuation.shape
    for fit, uses in _fits(value):
        held = {
            "held": _("priors of {model}, {uses}", model=fit.model, uses=comma(map(label, uses.values()))),
            **NO_ONE,
        }
        of_draws = log_prior(fit.thin(draws, chains))
        if of_draws is None:
            yield {**held, "noticeable": False, "note": _(UNKNOWN_PRIOR)}
            continue
        orders = (order_of_draws(valuation.shape, valuation.seed, purpose) for purpose in uses)
        density = np.sum([of_draws[order] for order in orders], axis=0)
        weighted = [pareto_smoothed((alpha - 1) * density) for alpha in alphas]
        ends = [_weighted(total, weights, ci_prob) for weights, _unused in weighted]
        verdict = _verdict(max(k for _unused, k in weighted), opinions=opinions)
        yield {**held, **_changes(ends, total, alphas, ci_prob), **verdict}


def _fits(value: Valued) -> list[tuple[FittedModel, dict[str, str]]]:
    """Every fit, with the purposes that streams draw it for and what these are called: the stream, if that will do.

    Each stream has an order of its own of the draws of a fit that several share.
    """
    found: list[tuple[FittedModel, dict[str, str]]] = []
    for stream in value.valuation.streams:
        models = [fit.model for fit in stream.fits_by_purpose.values()]
        for purpose, fit in stream.fits_by_purpose.items():
            uses = next((uses for other, uses in found if other is fit), None)
            if uses is None:
                found.append((fit, uses := {}))
            uses[purpose] = stream.name if models.count(fit.model) == 1 else purpose
    return found


def _verdict(pareto_k: float, *, opinions: bool) -> dict[str, Any]:
    notes = [_(WITHOUT_OPINIONS)] if opinions else []
    if not pareto_k < HIGHEST_PARETO_K:
        notes.insert(
            0,
            _(
                "Pareto k is not below {highest_pareto_k}: not to be trusted; fit anew",
                highest_pareto_k=HIGHEST_PARETO_K,
            ),
        )
    return {"pareto_k": pareto_k, "note": semicolon(notes)}


def _exactly(total: Array, change: Array, alphas: tuple[float, float], ci_prob: float) -> dict[str, Any]:
    """Changes of a portfolio with known draws at both ends."""
    ends = [_numbers(total + end, ci_prob) for end in change]
    return {**_changes(ends, total, alphas, ci_prob), "pareto_k": np.nan, "note": ""}


def _changes(ends: list[Array], total: Array, alphas: tuple[float, float], ci_prob: float) -> dict[str, Any]:
    """Changes of mean and interval for each doubling of the power, and the largest over the interval's width."""
    now, name = _numbers(total, ci_prob), interval_name(ci_prob, "eti")
    change = (ends[1] - ends[0]) / np.log2(alphas[1] / alphas[0])
    width = now[2] - now[1]
    sensitivity = float(np.abs(change).max() / width) if width > 0 else np.nan
    return {
        **dict(zip(("mean_change", f"{name}_lb_change", f"{name}_ub_change"), change, strict=True)),
        "sensitivity": sensitivity,
        "noticeable": sensitivity > NOTICEABLE,
    }


def _numbers(draws: Array, ci_prob: float) -> Array:
    """Mean, lower and upper end of the interval."""
    found = summarize_sorted(np.sort(draws)[np.newaxis], ci_prob, "eti")
    name = interval_name(ci_prob, "eti")
    return np.array([found[column][0] for column in ("mean", f"{name}_lb", f"{name}_ub")])


def _weighted(draws: Array, weights: Array, ci_prob: float) -> Array:
    """The same of weighted draws."""
    order = np.argsort(draws)
    reached = np.cumsum(weights[order]) - weights[order] / 2
    ends = np.interp([(1 - ci_prob) / 2, (1 + ci_prob) / 2], reached, draws[order])
    return np.array([draws @ weights, *ends])
