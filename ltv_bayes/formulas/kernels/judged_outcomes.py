"""Log density of experts' biases given the outcomes of what they judged, with its gradient, compiled.

`ltv_bayes.models.expert_biases` defines the model and how each expert's numbers are written. Running its PyTensor graph
needs ten seconds of compilation first.
"""

import math
from typing import NamedTuple

import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner, kernel
from ltv_bayes.formulas.kernels.pooled_effects import HALF_LOG_2_PI, log_1p_exp, log_density, slope_of_density
from ltv_bayes.formulas.special import Array, IntArray

NUMBERS = 4  # of an expert: intercept, log slope, shift, log spread


class Outcomes(NamedTuple):
    """Priors, experts and cases, laid out for the kernel.

    A point x of the unconstrained space has the mean and the logarithm of the sd of each number, number after number;
    then each expert's part of the first number, of the second, and so on.

    Attributes
    ----------
    family, first, second, constant : arrays of shape (2 * numbers,)
        Priors of the means and sds; see `formulas.kernels.pooled_effects.Layout`.
    kept : array of shape (numbers, experts)
        How much of each number is written as it is.
    who, log_odds, won : arrays of shape (cases,)
        Place of the expert; stated chance on the logistic scale; whether it occurred.
    payer, log_error, below, above : arrays of shape (cases won,)
        Place of the expert; log amount less that of the stated median; stated sds of the logarithm.
    rounding, blended : float
        What amounts are rounded to, and the width of the blending around the median, in units of the smaller stated sd.
    """

    family: IntArray
    first: Array
    second: Array
    constant: Array
    kept: Array
    who: IntArray
    log_odds: Array
    won: IntArray
    payer: IntArray
    log_error: Array
    below: Array
    above: Array
    rounding: float
    blended: float


@kernel
def value_and_gradient(x, at):  # type: ignore[no-untyped-def]
    """Log density at a point, and its derivatives by each variable."""
    experts = at.kept.shape[1]
    gradient = np.empty(x.size)
    total = 0.0
    for i in range(2 * NUMBERS):
        total += log_density(at.family[i], at.first[i], at.second[i], x[i]) + at.constant[i]
        gradient[i] = slope_of_density(at.family[i], at.first[i], at.second[i], x[i])
    own, by_own = np.empty((NUMBERS, experts)), np.zeros((NUMBERS, experts))
    for number in range(NUMBERS):
        for e in range(experts):
            own[number, e], of_part = _own(x, at.kept, number, e)
            total += of_part
    total += _chances(own, by_own, at) + _amounts(own, by_own, at)
    for number in range(NUMBERS):
        for e in range(experts):
            _add_slopes(gradient, x, at.kept, number, e, by_own[number, e])
    return total, gradient


@kernel
def values(points, at):  # type: ignore[no-untyped-def]
    """Log density at many points, of shape (points, variables)."""
    found = np.empty(points.shape[0])
    for i in range(points.shape[0]):
        found[i] = value_and_gradient(points[i], at)[0]
    return found


@kernel
def own_numbers(points, kept):  # type: ignore[no-untyped-def]
    """Intercept, log slope, shift and log spread of each expert: an array of shape (numbers, points, experts)."""
    found = np.empty((NUMBERS, points.shape[0], kept.shape[1]))
    for number in range(NUMBERS):
        for i in range(points.shape[0]):
            for e in range(kept.shape[1]):
                found[number, i, e] = _own(points[i], kept, number, e)[0]
    return found


@inner
def _own(x, kept_of, number, e):  # type: ignore[no-untyped-def]
    """An expert's number, and the log density of its part: normal around kept * mean with sd ** kept."""
    mean, log_sd, kept = x[2 * number], x[2 * number + 1], kept_of[number, e]
    distance = x[2 * NUMBERS + number * kept_of.shape[1] + e] - kept * mean
    of_part = -0.5 * (distance * math.exp(-kept * log_sd)) ** 2 - kept * log_sd - HALF_LOG_2_PI
    return mean + math.exp((1.0 - kept) * log_sd) * distance, of_part


@inner
def _add_slopes(gradient, x, kept_of, number, e, by_own):  # type: ignore[no-untyped-def]
    """Add the derivatives by mean, log sd and part: of the part's density, and of the cases, by the expert's number."""
    mean, log_sd, kept = x[2 * number], x[2 * number + 1], kept_of[number, e]
    part = 2 * NUMBERS + number * kept_of.shape[1] + e
    distance = x[part] - kept * mean
    factor, inverse = math.exp((1.0 - kept) * log_sd), math.exp(-kept * log_sd)
    pull = distance * inverse * inverse
    gradient[part] = by_own * factor - pull
    gradient[2 * number] += by_own * (1.0 - factor * kept) + kept * pull
    gradient[2 * number + 1] += by_own * (1.0 - kept) * factor * distance + kept * (distance * pull - 1.0)


@inner
def _chances(own, by_own, at):  # type: ignore[no-untyped-def]
    total, slope = 0.0, np.exp(own[1])
    for case in range(at.who.size):
        e = at.who[case]
        steep = slope[e] * at.log_odds[case]
        log_odds = own[0, e] + steep
        total -= log_1p_exp(-log_odds if at.won[case] else log_odds)
        surprise = at.won[case] - 1.0 / (1.0 + math.exp(-log_odds))
        by_own[0, e] += surprise
        by_own[1, e] += surprise * steep
    return total


@inner
def _amounts(own, by_own, at):  # type: ignore[no-untyped-def]
    total, squared_spread = 0.0, np.exp(2.0 * own[3])
    every_wider = np.sqrt(squared_spread + at.rounding**2)
    log_wider = np.log(every_wider)
    for case in range(at.payer.size):
        e, below, above = at.payer[case], at.below[case], at.above[case]
        error, wider, width = at.log_error[case] - own[2, e], every_wider[e], at.blended * min(below, above)
        beside = error / width
        left, right = error / (wider * below), error / (wider * above)
        log_left = -0.5 * left**2 - math.log(below) - log_1p_exp(beside)
        log_right = -0.5 * right**2 - math.log(above) - log_1p_exp(-beside)
        ahead = log_left - log_right
        total += log_right + log_1p_exp(ahead) - log_wider[e] - HALF_LOG_2_PI
        on_left, past = 1.0 / (1.0 + math.exp(-ahead)), 1.0 / (1.0 + math.exp(-beside))
        by_error = on_left * (-left / (wider * below) - past / width)
        by_error += (1.0 - on_left) * (-right / (wider * above) + (1.0 - past) / width)
        by_own[2, e] -= by_error
        by_own[3, e] += (on_left * left**2 + (1.0 - on_left) * right**2 - 1.0) * squared_spread[e] / wider**2
    return total
