"""Shifted beta-geometric and beta-discrete-Weibull: a subscriber renews or leaves at the end of each period.

Each subscriber leaves at a renewal with a probability of their own, churn ~ Beta(alpha, beta), the same at every
renewal. Who has renewed n times and is active still has churn ~ Beta(alpha, beta + n): those prone to leave have left,
so retention rises with tenure though no subscriber changes. A history is the number of renewals made, and whether the
subscriber then left.

Where something moves the churn of all subscribers at once, a renewal in a calendar period with a factor g is made with
probability (1 - churn)^g: it counts like g renewals, so sums of factors stand in place of numbers of renewals, and all
forms hold as they are. With g = 1 nothing is changed.

In the beta-discrete-Weibull the chance of leaving also changes with tenure, in the same way for all: the n-th renewal
is made with probability (1 - churn)^(n^c - (n - 1)^c), so that n renewals count like n^c. With c above 1 a subscriber
grows likelier to leave with time, with c below 1 less likely; c = 1 is the shifted beta-geometric.

Sources: Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21; Fader & Hardie
(2010), Customer-base valuation in a contractual setting, Marketing Science 29; Fader, Hardie, Liu, Davin & Steenburgh
(2018), "How to project customer retention" revisited, Journal of Interactive Marketing 43.
"""

import numpy as np

from ltv_bayes.formulas.special import Array, Numbers, hypergeometric, log_beta

NAME, WEIBULL = "shifted_beta_geometric", "beta_discrete_weibull"
PARAMETERS = ("alpha", "beta")
WEIBULL_PARAMETERS = (*PARAMETERS, "c")
MANY, SMALL = 30.0, 0.005  # alpha + beta + renewals above, with discount rates below which 2F1 of SciPy is lost
NODES = 320
ELEMENTS = 1_000
FAR = 37.0
REST = 1e-12  # of a residual life, where it is added up renewal by renewal
ONE_BY_ONE = 1_000


def log_likelihood(
    renewals: Numbers,
    lost: Numbers,
    *,
    alpha: Numbers,
    beta: Numbers,
    c: Numbers = 1.0,
    observed_from: Numbers = 0,
    at_loss: Numbers = 1.0,
) -> Array:
    """Log-likelihood of one subscriber's history, equations (5) and (6) of 2007.

    Who is in the records only because they were still active after some renewals (delayed entry, or left truncation)
    tells nothing of these: the probability of the history is divided by that of having got so far, S(n) / S(n0).

    Parameters
    ----------
    renewals : array
        Renewals made.
    lost : array
        1 for those who left at the next renewal, 0 for those still active.
    observed_from : array
        n0, the renewals after which a subscriber is observed; at most those made.
    at_loss : array
        On a clock, the factor at the renewal that was not made; renewals and n0 are sums of factors, and c is 1.

    Examples
    --------
    >>> (
    ...     round(float(np.exp(log_likelihood(0, 1, alpha=1.0, beta=1.0))), 3),
    ...     float(np.exp(log_likelihood(3, 0, alpha=1, beta=1)).round(3)),
    ... )
    (0.5, 0.25)
    >>> float(np.exp(log_likelihood(3, 0, alpha=1, beta=1, observed_from=1)).round(3))
    0.5
    """
    n, lost = weighed(renewals, c), np.asarray(lost, dtype=float)
    alpha, beta = np.asarray(alpha, dtype=float), np.asarray(beta, dtype=float)
    at_loss = np.asarray(weighed(np.asarray(renewals) + 1.0, c) - n if tenured(c) else at_loss, dtype=float)
    before = log_beta(alpha, beta + weighed(observed_from, c))
    kept = log_beta(alpha, beta + n + at_loss) - log_beta(alpha, beta + n)
    with np.errstate(divide="ignore"):
        at_other = log_beta(alpha, beta + n) + np.where(lost > 0, np.log(-np.expm1(kept)), 0.0)
    return np.where(at_loss == 1.0, log_beta(alpha + lost, beta + n), at_other) - before


def weighed(renewals: Numbers, c: Numbers) -> Array:
    """How many renewals a number of them counts like: n^c, and n itself where c is 1.

    Examples
    --------
    >>> weighed([0, 1, 4], 1.5).tolist()
    [0.0, 1.0, 8.0]
    """
    found: Array = np.asarray(renewals, dtype=float) ** np.asarray(c, dtype=float)
    return found


def tenured(c: Numbers) -> bool:
    """Whether the chance of leaving changes with tenure in any draw.

    Examples
    --------
    >>> tenured(1.0), tenured(np.array([1.0, 1.2]))
    (False, True)
    """
    return bool(np.any(np.asarray(c) != 1))


def survival(t: Numbers, *, alpha: Numbers, beta: Numbers, c: Numbers = 1.0, renewals: Numbers = 0) -> Array:
    """Probability that t more renewals are made by a subscriber who is active after a number already made.

    Examples
    --------
    >>> survival(np.arange(4), alpha=1, beta=1).round(4).tolist()
    [1.0, 0.5, 0.3333, 0.25]
    >>> survival(np.arange(4), alpha=1, beta=1, c=2).round(4).tolist()
    [1.0, 0.5, 0.2, 0.1]
    """
    alpha, beta = np.asarray(alpha, dtype=float), np.asarray(beta, dtype=float)
    before, after = weighed(renewals, c), weighed(np.asarray(renewals) + np.asarray(t, dtype=float), c)
    return np.exp(log_beta(alpha, beta + after) - log_beta(alpha, beta + before))


def retention(renewals: Numbers, *, alpha: Numbers, beta: Numbers, c: Numbers = 1.0) -> Array:
    """Probability of the next renewal of a subscriber who is active after a number made, equation (8) of 2007.

    Examples
    --------
    >>> float(retention(0, alpha=1, beta=1)), round(float(retention(8, alpha=1, beta=1)), 4)
    (0.5, 0.9)
    >>> float(retention(2, alpha=1, beta=1, c=2).round(4))
    0.5
    """
    if tenured(c):
        return survival(1, alpha=alpha, beta=beta, c=c, renewals=renewals)
    kept = np.asarray(beta, dtype=float) + np.asarray(renewals, dtype=float)
    return kept / (np.asarray(alpha, dtype=float) + kept)


def discounted_expected_residual_life(
    n: Numbers, d: Numbers, *, alpha: Numbers, beta: Numbers, c: Numbers = 1.0
) -> Array:
    """Expected renewals from the n-th on, which is due at once, each discounted at d per period; 2010, equation (8).

    Parameters
    ----------
    n : array
        Number of the renewal that is due: n - 1 were made.
    d : array
        Discount rate per period, above 0: without discounting the sum need not be finite.

    Examples
    --------
    >>> discounted_expected_residual_life(np.arange(1, 4), 0.1, alpha=0.66809, beta=3.80610).round(4).tolist()
    [5.4145, 5.9014, 6.2939]
    """
    if tenured(c):
        return _residual_life_by_renewal(n, d, alpha, beta, c)
    alpha, kept, d = np.broadcast_arrays(
        np.asarray(alpha, dtype=float), np.asarray(beta, dtype=float) + np.asarray(n, dtype=float) - 1, d
    )
    found = np.empty(alpha.shape)
    many = (alpha + kept > MANY) & (d < SMALL)
    few = ~many
    series = hypergeometric(1.0, kept[few] + 1, alpha[few] + kept[few] + 1, 1 / (1 + d[few]))
    found[few] = kept[few] / (alpha[few] + kept[few]) * series
    several = [np.array_split(values[many], max(1, many.sum() // ELEMENTS)) for values in (alpha, kept, d)]
    found[many] = np.concatenate([_mean_residual_life(*part) for part in zip(*several, strict=True)])
    return found


def _residual_life_by_renewal(n: Numbers, d: Numbers, alpha: Numbers, beta: Numbers, c: Numbers) -> Array:
    """The same where there is no closed form: renewal by renewal, until what is left is below any that matters.

    What still matters after many of them changes so little from one to the next that their sum is an integral.
    """
    values = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in (n, d, alpha, beta, c)))
    n, d, alpha, beta, c = (one.ravel() for one in values)
    found, left = np.zeros(n.size), np.arange(n.size)
    start = log_beta(alpha, beta + weighed(n - 1, c))
    for ahead in range(ONE_BY_ONE):
        some = alpha[left], beta[left] + weighed(n[left] + ahead, c[left])
        worth = np.exp(log_beta(*some) - start[left] - ahead * np.log1p(d[left]))
        found[left] += worth
        left = left[worth * (1 + d[left]) > REST * d[left] * found[left]]  # the rest is at most worth (1 + d) / d
        if not left.size:
            return found.reshape(values[0].shape)
    for late in np.array_split(left, 1 + left.size // ELEMENTS):
        found[late] += _later_renewals(n[late], d[late], alpha[late], beta[late], c[late], start[late])
    return found.reshape(values[0].shape)


def _later_renewals(n: Numbers, d: Numbers, alpha: Numbers, beta: Numbers, c: Numbers, start: Numbers) -> Array:
    """The discounted sum of all renewals after those added up one by one.

    The sum of f(k) from k = K is the integral of f from K - 1/2, and f'(K - 1/2) / 24 (Euler and Maclaurin); the
    integral by the trapezoidal rule in the logarithm of the distance from there, which converges geometrically.
    """
    force, n, alpha, beta, c, start = (
        np.asarray(one, dtype=float)[:, np.newaxis] for one in (np.log1p(d), n, alpha, beta, c, start)
    )
    begin = ONE_BY_ONE - 0.5

    def worth(beyond: Numbers) -> Array:
        ahead = begin + np.asarray(beyond)
        return np.exp(log_beta(alpha, beta + weighed(n + ahead, c)) - start - ahead * force)

    nearest, farthest = np.log(REST), np.log(FAR / force)
    distance = np.exp(nearest + (farthest - nearest) * np.linspace(0, 1, NODES))
    step = (farthest - nearest)[:, 0] / (NODES - 1)
    slope = (worth(0.5) - worth(-0.5))[:, 0]
    found: Array = step * np.sum(worth(distance) * distance, axis=-1) + slope / 24
    return found


def residual_life_on_clock(
    factors: Array, last: Array, d: float, *, alpha: Array, beta: Array, renewals: Array
) -> Array:
    """Expected renewals from the next on, which is due at once, each discounted at d per period, on a clock.

    Parameters
    ----------
    factors : array of shape (draws, renewals ahead)
        At the renewals to come.
    last : array of shape (draws,)
        At all later ones.
    renewals : array of shape (draws,)
        Sum of the factors at those made.
    """
    passed = np.cumsum(factors, axis=-1)
    kept = survival(passed, alpha=alpha[:, np.newaxis], beta=beta[:, np.newaxis], renewals=renewals[:, np.newaxis])
    discounts = (1 + d) ** -np.arange(factors.shape[-1] + 1.0)
    later = _mean_residual_life(alpha, beta + renewals + passed[:, -1], np.full(len(alpha), d), last)
    found: Array = kept @ discounts[:-1] + kept[:, -1] * discounts[-1] * later
    return found


def _mean_residual_life(a: Array, b: Array, d: Array, factor: Numbers = 1.0) -> Array:
    """The mean of (1 + d) s / (1 + d - s), a residual life with retention s = (1 - p)^factor, over p ~ Beta(a, b).

    By the trapezoidal rule in the log-odds of p, which converges geometrically; beyond both ends the density falls by
    the same factor from node to node. SciPy's 2F1, the same quantity where the factor is 1, loses digits and overflows
    after many renewals of short periods.
    """
    a, b, d, factor = (values[..., np.newaxis] for values in np.broadcast_arrays(a, b, d, factor))
    middle, width = np.log(a / b), 12 * np.sqrt(1 / a + 1 / b)
    low = np.maximum(np.minimum(np.minimum(middle, np.log(d)), 0) - FAR, middle - width - FAR / a)
    high = np.minimum(np.maximum(middle, 0) + FAR, middle + width + FAR / b)
    log_odds, step = low + (high - low) * np.linspace(0, 1, NODES), (high - low) / (NODES - 1)
    log_1p_odds = np.log1p(np.exp(-np.abs(log_odds)))
    log_staying = factor * -(np.maximum(log_odds, 0) + log_1p_odds)
    weight = a * np.minimum(log_odds, 0) - b * np.maximum(log_odds, 0) - (a + b) * log_1p_odds
    weight = np.exp(weight - weight.max(axis=-1, keepdims=True))
    weight[..., :1] /= -np.expm1(-a * step)
    weight[..., -1:] /= -np.expm1(-b * step)
    life = (1 + d) * np.exp(log_staying) / (d - np.expm1(log_staying))
    return np.sum(weight * life, axis=-1) / np.sum(weight, axis=-1)


def made_by_the_silent(made: Numbers, silent: Numbers) -> Array:
    """Probability of the next renewal of a subscriber who has given no notice yet.

    Of those who will not make it, some have given notice by now; who has not is likelier to make it.

    Parameters
    ----------
    made : array
        Probability of the renewal, where nothing is known of notices.
    silent : array
        The share of those who do not make one who have given no notice by this time of the period.

    Examples
    --------
    >>> made_by_the_silent(0.8, np.array([1.0, 0.5, 0.0])).round(4).tolist()
    [0.8, 0.8889, 1.0]
    >>> float(made_by_the_silent(0.0, 0.0))
    0.0
    """
    made = np.asarray(made, dtype=float)
    either = made + (1 - made) * np.asarray(silent, dtype=float)
    return made / np.where(either > 0, either, 1.0)


def draw_renewals_on_clock(
    rng: np.random.Generator, renewals: Numbers, sums: Array, *, alpha: Array, beta: Array, silent: Numbers = 1.0
) -> Array:
    """Draw how many of the next renewals a subscriber makes, on a clock, one number for each draw.

    Their churn is drawn; a renewal is made while the sum of factors is below an exponential number over -ln(1 - churn).

    Parameters
    ----------
    renewals : array of shape (draws,)
        Sum of the factors at those made.
    sums : array of shape (draws, renewals ahead)
        Sums of the factors at those to come, up to each.
    silent : array
        As in `made_by_the_silent`.
    """
    if np.min(silent) < 1 and sums.shape[-1]:
        first = sums[..., :1]
        chance = survival(first[..., 0], alpha=alpha, beta=beta, renewals=renewals)
        goes_on = rng.random(chance.shape) < made_by_the_silent(chance, silent)
        more = draw_renewals_on_clock(rng, renewals + first[..., 0], sums[..., 1:] - first, alpha=alpha, beta=beta)
        return np.where(goes_on, 1.0 + more, 0.0)
    churn = rng.beta(alpha, beta + renewals)
    with np.errstate(divide="ignore"):
        limit = rng.exponential(size=churn.shape) / -np.log1p(-churn)
    found: Array = (sums <= limit[..., np.newaxis]).sum(axis=-1).astype(float)
    return found


def draw_renewals(
    rng: np.random.Generator,
    renewals: Numbers,
    *,
    alpha: Numbers,
    beta: Numbers,
    c: Numbers = 1.0,
    silent: Numbers = 1.0,
) -> Array:
    """Draw how many more renewals a subscriber makes who is active after a number made, one for each element.

    Their churn is drawn, then the number of renewals before the first that fails; ``silent`` as in
    `made_by_the_silent`.

    Examples
    --------
    >>> draw_renewals(np.random.default_rng(1), np.zeros(5), alpha=1.0, beta=2.0).shape
    (5,)
    """
    if np.min(silent) < 1:
        parameters: dict[str, Numbers] = {"alpha": alpha, "beta": beta, "c": c}
        chance = made_by_the_silent(retention(renewals, **parameters), silent)
        more = draw_renewals(rng, np.broadcast_to(np.asarray(renewals, dtype=float) + 1, chance.shape), **parameters)
        return np.where(rng.random(chance.shape) < chance, 1.0 + more, 0.0)
    before = weighed(renewals, c)
    alpha, kept = np.broadcast_arrays(np.asarray(alpha, dtype=float), np.asarray(beta, dtype=float) + before)
    churn = rng.beta(alpha, kept)
    with np.errstate(divide="ignore", over="ignore"):
        stands = np.log1p(-rng.random(churn.shape)) / np.log1p(-churn)
        if tenured(c):
            return np.floor((before + stands) ** (1 / np.asarray(c, dtype=float)) - np.asarray(renewals, dtype=float))
        return np.floor(stands)
