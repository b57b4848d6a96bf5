"""Natural quantities of groups from the unconstrained variables of a pooled model, and derivatives back, compiled.

`ltv_bayes.models.density.differences` defines the variables, and how effects are written. A step of a chain
takes some microseconds here, where the same lines in NumPy take some hundred, most of it for handling small arrays.
"""

import math
from typing import NamedTuple

import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner, kernel
from ltv_bayes.formulas.special import Array, IntArray

NORMAL, GAMMA, BETA = 0, 1, 2
LOG, LOGIT, IDENTITY = 0, 1, 2
SAME, RATES, SHAPES, SPEND = 0, 1, 2, 3
"""How parameters follow from quantities: as they are, and as in `formulas.models.parameterization`."""
HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)

# Loops go over single numbers: whole arrays would be checked for their shapes, and to compile the checks takes seconds.


class Layout(NamedTuple):
    """What stands where in a point x of the unconstrained space.

    The first variables have a prior each: the quantities, the logarithms of the effects' sds, the slopes. The parts of
    the effects follow, effect after effect.

    Attributes
    ----------
    family, first, second, constant : arrays of shape (variables with a prior,)
        `NORMAL` with mean and sd; `GAMMA` on the logarithm, with shape and rate; `BETA` on the log-odds. The constant
        belongs to the log density.
    link : array of shape (quantities,)
        `LOG`, `LOGIT` or `IDENTITY`.
    effect_quantity : array of shape (effects,)
        Which quantity each shifts.
    of_group : array of shape (effects, groups)
        Place of each group's segment.
    levels, parts : arrays of shape (effects,)
        Number of segments, and of variables, of each.
    basis, kept : arrays
        From contrasts to effects, and how much of each contrast is written as it is; effects end to end, the former row
        by row.
    slope_quantity : array of shape (slopes,)
    covariates : array of shape (slopes, groups)
    forms : array of shape (forms, 7)
        How some parameters follow from some quantities, the places of up to three of these, and of those.
    parameters : int
        How many parameters the kernel takes.
    k : int
        Events to a purchase.
    """

    family: IntArray
    first: Array
    second: Array
    constant: Array
    link: IntArray
    effect_quantity: IntArray
    of_group: IntArray
    levels: IntArray
    parts: IntArray
    basis: Array
    kept: Array
    slope_quantity: IntArray
    covariates: Array
    forms: IntArray
    parameters: int
    k: int


@kernel
def parameters_of_groups(x, layout):  # type: ignore[no-untyped-def]
    """Log density of all variables by their own priors, quantities, and parameters: arrays of shape (..., groups)."""
    total, natural = quantities_of_groups(x, layout)
    return total, natural, parameters_of(natural, layout)


@kernel
def parameters_at_points(points, layout):  # type: ignore[no-untyped-def]
    """The same at many points, of shape (points, variables): shapes (points,) and (points, parameters, groups)."""
    groups = layout.of_group.shape[1]
    total, parameters = np.empty(points.shape[0]), np.empty((points.shape[0], layout.parameters, groups))
    for i in range(points.shape[0]):
        total[i], natural = quantities_of_groups(points[i], layout)
        at_point = parameters_of(natural, layout)
        for p in range(layout.parameters):
            for g in range(groups):
                parameters[i, p, g] = at_point[p, g]
    return total, parameters


@kernel
def parameters_of(natural, layout):  # type: ignore[no-untyped-def]
    """Parameters of groups, an array of shape (parameters, groups), from their quantities."""
    found = np.empty((layout.parameters, natural.shape[1]))
    for row in range(layout.forms.shape[0]):
        of = layout.forms[row]
        form, q, r, s, a, b, c = of[0], of[1], of[2], of[3], of[4], of[5], of[6]
        for g in range(natural.shape[1]):
            if form == SAME:
                found[a, g] = natural[q, g]
            elif form == RATES:
                found[a, g] = natural[r, g] ** -2.0
                found[b, g] = found[a, g] / natural[q, g] / layout.k
            elif form == SHAPES:
                found[a, g] = natural[q, g] * natural[r, g]
                found[b, g] = (1.0 - natural[q, g]) * natural[r, g]
            else:
                found[a, g] = natural[r, g] ** -2.0
                found[b, g] = 1.0 + natural[s, g]
                found[c, g] = natural[q, g] * natural[s, g] / found[a, g]
    return found


@kernel
def slopes_by_link(natural, parameters, slopes, layout):  # type: ignore[no-untyped-def]
    """Derivatives by quantities, on the scale of their links, from those by parameters: shape (quantities, groups)."""
    found = np.empty(natural.shape)
    for row in range(layout.forms.shape[0]):
        of = layout.forms[row]
        form, q, r, s, a, b, c = of[0], of[1], of[2], of[3], of[4], of[5], of[6]
        for g in range(natural.shape[1]):
            of_first = parameters[a, g] * slopes[a, g]
            if form == SAME:
                size = natural[q, g]
                found[q, g] = slopes[a, g] * size
                if layout.link[q] == LOGIT:
                    found[q, g] = slopes[a, g] * size * (1.0 - size)
                elif layout.link[q] == IDENTITY:
                    found[q, g] = slopes[a, g]
            elif form == RATES:
                of_second = parameters[b, g] * slopes[b, g]
                found[q, g] = -of_second
                found[r, g] = -2.0 * (of_first + of_second)
            elif form == SHAPES:
                of_second, both = parameters[b, g] * slopes[b, g], parameters[a, g] + parameters[b, g]
                found[q, g] = parameters[a, g] * parameters[b, g] / both * (slopes[a, g] - slopes[b, g])
                found[r, g] = of_first + of_second
            else:
                of_third = parameters[c, g] * slopes[c, g]
                found[q, g] = of_third
                found[r, g] = 2.0 * (of_third - of_first)
                found[s, g] = natural[s, g] * slopes[b, g] + of_third
    return found


@kernel
def gradient_by_parameters(x, natural, parameters, slopes, layout):  # type: ignore[no-untyped-def]
    """Derivatives of the log density by each variable, from those of the log-likelihood by the parameters of groups."""
    return gradient_of_variables(x, slopes_by_link(natural, parameters, slopes, layout), layout)


@kernel
def quantities_of_groups(x, layout):  # type: ignore[no-untyped-def]
    """Log density of all variables by their own priors, and quantities: an array of shape (quantities, groups)."""
    number, groups = layout.link.size, layout.of_group.shape[1]
    total = 0.0
    for i in range(layout.family.size):
        total += log_density(layout.family[i], layout.first[i], layout.second[i], x[i]) + layout.constant[i]
    natural = np.empty((number, groups))
    for q in range(number):
        for g in range(groups):
            natural[q, g] = x[q]
    effects, slopes = layout.effect_quantity.size, layout.slope_quantity.size
    for s in range(slopes):
        for g in range(groups):
            natural[layout.slope_quantity[s], g] += x[number + effects + s] * layout.covariates[s, g]
    at, at_basis, at_kept = layout.family.size, 0, 0
    for e in range(effects):
        log_sd, parts, levels = x[number + e], layout.parts[e], layout.levels[e]
        effect = np.zeros(levels)
        contrast = np.empty(parts)
        for j in range(parts):
            kept, part = layout.kept[at_kept + j], x[at + j]
            total -= 0.5 * (part * math.exp(-kept * log_sd)) ** 2 + kept * log_sd + HALF_LOG_2_PI
            contrast[j] = math.exp((1.0 - kept) * log_sd) * part
        for level in range(levels):
            row = at_basis + level * parts
            for j in range(parts):
                effect[level] += layout.basis[row + j] * contrast[j]
        shifted = natural[layout.effect_quantity[e]]
        for g in range(groups):
            shifted[g] += effect[layout.of_group[e, g]]
        at, at_basis, at_kept = at + parts, at_basis + levels * parts, at_kept + parts
    for q in range(number):
        for g in range(groups):
            if layout.link[q] == LOG:
                natural[q, g] = math.exp(natural[q, g])
            elif layout.link[q] == LOGIT:
                natural[q, g] = 1.0 / (1.0 + math.exp(-natural[q, g]))
    return total, natural


@kernel
def gradient_of_variables(x, by_link, layout):  # type: ignore[no-untyped-def]
    """Derivatives of the log density by each variable.

    Parameters
    ----------
    by_link : array of shape (quantities, groups)
        Derivatives of the log-likelihood by the quantities, on the scale of their links.
    """
    number, groups = layout.link.size, layout.of_group.shape[1]
    gradient = np.empty(x.size)
    for i in range(layout.family.size):
        gradient[i] = slope_of_density(layout.family[i], layout.first[i], layout.second[i], x[i])
    for q in range(number):
        for g in range(groups):
            gradient[q] += by_link[q, g]
    effects = layout.effect_quantity.size
    for s in range(layout.slope_quantity.size):
        for g in range(groups):
            gradient[number + effects + s] += by_link[layout.slope_quantity[s], g] * layout.covariates[s, g]
    at, at_basis, at_kept = layout.family.size, 0, 0
    for e in range(effects):
        log_sd, parts, levels = x[number + e], layout.parts[e], layout.levels[e]
        by_effect, by_contrast = np.zeros(levels), np.zeros(parts)
        of_quantity = by_link[layout.effect_quantity[e]]
        for g in range(groups):
            by_effect[layout.of_group[e, g]] += of_quantity[g]
        for level in range(levels):
            row = at_basis + level * parts
            for j in range(parts):
                by_contrast[j] += by_effect[level] * layout.basis[row + j]
        for j in range(parts):
            kept, part = layout.kept[at_kept + j], x[at + j]
            factor, inverse = math.exp((1.0 - kept) * log_sd), math.exp(-kept * log_sd)
            gradient[at + j] = factor * by_contrast[j] - part * inverse * inverse
            gradient[number + e] += (1.0 - kept) * factor * part * by_contrast[j]
            gradient[number + e] += kept * ((part * inverse) ** 2 - 1.0)
        at, at_basis, at_kept = at + parts, at_basis + levels * parts, at_kept + parts
    return gradient


@kernel
def log_density(family, first, second, z):  # type: ignore[no-untyped-def]
    """Log density of one variable, but for its constant."""
    if family == NORMAL:
        return -0.5 * ((z - first) / second) ** 2
    if family == GAMMA:
        return first * z - second * math.exp(z)
    return -first * log_1p_exp(-z) - second * log_1p_exp(z)


@inner
def slope_of_density(family, first, second, z):  # type: ignore[no-untyped-def]
    """Derivative of the log density of one variable."""
    if family == NORMAL:
        return -(z - first) / second**2
    if family == GAMMA:
        return first - second * math.exp(z)
    return first / (1.0 + math.exp(z)) - second / (1.0 + math.exp(-z))


@inner
def log_1p_exp(z):  # type: ignore[no-untyped-def]
    """Logarithm of 1 + exp(z)."""
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
