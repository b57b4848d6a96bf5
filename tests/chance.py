"""How far sampled figures may lie from what they should be, so that a test fails by chance once in a million runs.

A test of sampled figures has a seed. Markov chains of the same seed differ on another processor, and with
`--seed-shift` all data differ. So no bound here depends on the luck of one seed: it counts the figures that a test
compares, and takes errors from independent replicates (chains, or fits of several seeds), not from the error that one
run states of itself.
"""

import bisect
import functools
import warnings

import numpy as np
from scipy import stats

from ltv_bayes.errors import ConvergenceWarning

FALSE_ALARM = 1e-6
"""Chance that a test fails though the package is right, over all figures that it compares."""

LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)


def allowed(figures=1, degrees=np.inf):
    """Standard errors that the farthest of some figures may lie off: Sidak's bound, of Student's t.

    `degrees` are those of the standard errors, where these are estimated from few replicates.
    """
    each = -np.expm1(np.log1p(-FALSE_ALARM) / figures)
    return float(stats.t.isf(each / 2, degrees))


def assert_share(hits, expected, figures=1, slack=0.0):
    """Assert that as many of independent cases hit as the expected share says, within `slack` and binomial error."""
    hits = np.asarray(hits, dtype=bool).ravel()
    found, error = hits.mean(), np.sqrt(expected * (1 - expected) / hits.size)
    off, bound = abs(found - expected), slack + allowed(figures) * error
    assert off < bound, f"{found:.4f} is not {expected:g} within {bound:.2g}"


def assert_counts(hits, chances, figures=1, slack=0.0):
    """Assert that as many of independent cases hit as their chances say together, within `slack` of the cases."""
    hits, chances = np.asarray(hits, dtype=float), np.asarray(chances, dtype=float)
    error = np.sqrt(np.sum(chances * (1 - chances)))
    off, bound = abs(hits.sum() - chances.sum()), slack * hits.size + allowed(figures) * error
    assert off < bound, f"{hits.sum():g} is not {chances.sum():.1f} within {bound:.2g}"


def assert_mean(values, expected, figures=1, slack=0.0):
    """Assert that the mean of independent values is the expected one, within `slack` and its own error."""
    values = np.asarray(values, dtype=float).ravel()
    error = values.std(ddof=1) / np.sqrt(values.size)
    off = abs(values.mean() - expected)
    assert off <= slack + allowed(figures, values.size - 1) * error, (
        f"{values.mean():.5g}, not {expected:.5g}: {off / max(error, 1e-300):.1f} errors"
    )


def assert_means(groups, expected, slack=0.0):
    """Assert the mean of each of some groups of independent values, which vary alike: a mapping of names to values."""
    groups = {name: np.asarray(values, dtype=float) for name, values in groups.items()}
    degrees = sum(values.size - 1 for values in groups.values())
    spread = np.sqrt(sum(values.var() * values.size for values in groups.values()) / degrees)
    for name, values in groups.items():
        bound = slack + allowed(len(groups), degrees) * spread / np.sqrt(values.size)
        assert abs(values.mean() - expected) < bound, (
            f"{name}: {values.mean():.5g} is not {expected:g} within {bound:.2g}"
        )


def distance(truth, draws):
    """How far a truth lies from the median of its draws, in standard deviations of that side of the draws."""
    low, median, high = np.quantile(draws, [0.025, 0.5, 0.975])
    side = (high - median) if truth > median else (median - low)
    return (truth - median) / (side / stats.norm.isf(0.025))


def assert_plausible(truth, draws, figures=1):
    """Assert that a truth is one that its draws, about normal, hold possible; pass logarithms of what is skewed."""
    off = abs(distance(truth, np.ravel(draws)))
    assert off < allowed(figures), f"{truth:.5g} lies {off:.1f} standard deviations from its median"


def assert_exchangeable(statistic, truth, draws, figures=1, times=100):
    """Assert that a statistic of the truth is one that it has where a draw plays the truth.

    Draws have shape (draws, cases). Cases share parameters, so that a statistic of them, such as the share within its
    intervals, varies more than that of independent ones; draws that play the truth vary in the same way.
    """
    players = np.linspace(0, len(draws) - 1, min(times, len(draws))).astype(int)
    played = np.array([statistic(draws[player], draws) for player in players])
    found, error = statistic(truth, draws), played.std(ddof=1)
    off = abs(found - played.mean())
    assert off <= allowed(figures, len(players) - 1) * error, (
        f"{found:.5g}, not {played.mean():.5g}: {off / max(error, 1e-300):.1f} errors"
    )


def assert_draws(values, expected, figures=1, slack=0.0, of=np.mean):
    """Assert a mean, or another figure `of` draws, of chains: values of shape (chain, draw, ...), any number of chains.

    Its error is that among forty batches of draws, so that draws of a chain may depend on each other.
    """
    batches = np.array_split(np.asarray(values), max(1, 40 // len(values)), axis=1)
    assert_mean([of(chain) for batch in batches for chain in batch], expected, figures, slack)


def assert_quantiles(values, levels, expected, slack=0.0):
    """Assert quantiles of chains, of shape (chain, draw)."""
    for level, one in zip(levels, expected, strict=True):
        assert_draws(values, one, len(levels), slack, of=lambda batch, level=level: np.quantile(batch, level))


def assert_standard(distances, figures=1, slack=0.0):
    """Assert that distances from truths, in standard deviations of their posteriors, have a root mean square of 1."""
    distances = np.ravel(distances)
    found = np.sqrt(np.mean(distances**2))
    chances = np.array([1, -1]) * FALSE_ALARM / figures / 2 + [0, 1]
    low, high = np.sqrt(stats.chi2.ppf(chances, distances.size) / distances.size)
    assert low - slack < found < high + slack, f"{found:.3f} is not in {low - slack:.3f} to {high + slack:.3f}"


def off_calibration(drawn, happened, group):
    """How far the share of a group to which something happened is from what was said: in standard errors, as a share.

    Draws of chances have shape (draws, cases). What is said of a group is uncertain, since all its members share the
    parameters.
    """
    shares, each = drawn[:, group].mean(axis=1), drawn[:, group].mean(axis=0)
    error = np.hypot(np.sqrt((each * (1 - each)).sum()) / group.sum(), shares.std())
    off = happened[group].mean() - shares.mean()
    return off / max(error, 1e-12), off


def summary_figures(draws):
    """Mean, standard deviation and quantiles of one replicate's draws: each parameter's, of shape (7 * parameters,)."""
    found = []
    for values in draws.values():
        flat = np.ravel(values)
        found += [flat.mean(), flat.std(), *np.quantile(flat, LEVELS)]
    return np.array(found)


def assert_same_posterior(ours, theirs):
    """Assert that two ways to draw have one posterior, by independent replicates of each: mappings of names to draws.

    Each figure's standard error is that among the replicates, at least the one that all figures of the way have on
    average, in units of the error of independent draws; so a figure whose few replicates lie close by luck is not held
    to be exact.
    """
    names = list(ours[0])
    first, second = (np.array([summary_figures(one) for one in way]) for way in (ours, theirs))
    unit = np.concatenate([_errors_of_one_draw(np.concatenate([np.ravel(one[n]) for one in ours])) for n in names])
    variances = []
    for way in (first, second):
        own = way.var(axis=0, ddof=1) / unit**2
        variances.append(np.maximum(own, own.mean()) * unit**2 / len(way))
    degrees = (len(first) + len(second) - 2) * len(names)
    off = np.abs(first.mean(axis=0) - second.mean(axis=0)) / np.sqrt(sum(variances))
    worst = int(off.argmax())
    what = (names[worst // 7], ("mean", "sd", *LEVELS)[worst % 7])
    assert off[worst] < allowed(off.size, degrees), f"{what} differ by {off[worst]:.1f} errors"


def _errors_of_one_draw(values):
    """Errors of the seven figures of a normal distribution for one independent draw, in the values' own scale."""
    levels = np.array(LEVELS)
    quantiles = np.sqrt(levels * (1 - levels)) / stats.norm.pdf(stats.norm.ppf(levels))
    return values.std() * np.array([1.0, np.sqrt(0.5), *quantiles])


def converging(fit, *seeds):
    """Fit with the first of some seeds that converges: chains of one seed may fail to by chance, not those of all."""
    for seed in seeds:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = fit(seed)
        if found.converged:
            return found
    raise AssertionError(f"No fit of the seeds {seeds} converged. {found.diagnose()}")


def by_chain(fit, transform=np.log):
    """A fit's chains as replicates: each of them ran by itself."""
    chains = next(iter(fit.draws.values())).shape[0]
    return [{name: transform(values[chain]) for name, values in fit.draws.items()} for chain in range(chains)]


def of_fit(fit, transform=np.log):
    """A fit of one seed as one replicate."""
    return {name: transform(values) for name, values in fit.draws.items()}


POINTS = np.arange(1, 50) / 50
"""Where the share of ranks up to a point is compared with the point."""


def beyond(number, pointwise):
    """Chance that the shares of independent uniform ranks leave, at any of the points, what holds at each of them.

    Sailynoja, Buerkner & Vehtari (2022), Statistics and Computing 32, algorithm 2: from point to point, the number of
    ranks up to it grows by a binomial number. `pointwise` is the chance to be outside at one point.
    """
    low, high = _pointwise_band(number, pointwise)
    inside, before, counts = np.ones(1), 0.0, np.zeros(1)
    for point, first, last in zip(POINTS, low, high, strict=True):
        new = np.arange(first, last + 1)
        step = stats.binom.pmf(new[:, None] - counts, number - counts, (point - before) / (1 - before))
        inside, before, counts = step @ inside, point, new
    return 1 - inside.sum()


def _pointwise_band(number, pointwise):
    """The lowest and the highest number of ranks up to each point."""
    low = stats.binom.ppf(pointwise / 2, number, POINTS)
    return low, number - stats.binom.ppf(pointwise / 2, number, 1 - POINTS)


@functools.cache
def uniform_band(number, alarm=FALSE_ALARM):
    """Simultaneous band of the number of independent uniform ranks up to each point: its lowest and highest."""
    logs = np.linspace(np.log(alarm), np.log(alarm / 50), 40)
    first = bisect.bisect_left(range(len(logs)), True, key=lambda place: beyond(number, np.exp(logs[place])) <= alarm)
    return _pointwise_band(number, np.exp(logs[first]))


def off_uniform(ranks, alarm=FALSE_ALARM):
    """How far the share of ranks up to a point is from the point, and what part of the band that is: above 1 outside.

    Where the band ends at none or all of the ranks, nothing can be outside it.
    """
    up_to = np.sum(np.asarray(ranks)[:, np.newaxis] <= POINTS, axis=0)
    off, part = up_to / len(ranks) - POINTS, np.zeros(len(POINTS))
    for edge, end in zip(uniform_band(len(ranks), alarm), (0, len(ranks)), strict=True):
        part = np.where(edge == end, part, np.maximum(part, off / (edge / len(ranks) - POINTS)))
    return off[np.abs(off).argmax()], part.max()
