"""Whether forecasts held over several windows, and how that is stated."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.evaluation.count_calibration import CLASSES, COVERED, FEWEST, LITTLE, classes_of
from ltv_bayes.evaluation.rolling.forecast import NAIVE
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.forecast_scores import at_most, lowest_chance
from ltv_bayes.language import N_, _, both

STATED = 0.9
TARGETS = {"purchases": N_("Purchases"), "spend": N_("Spend")}
"""What is forecast, in words."""
RARE = 0.05
RARE_IN_CLASS = RARE / 2 / len(CLASSES)


def level_that_fails(pits: np.ndarray, share_apart: float, tail: float = RARE / 2) -> float | None:
    """The level of customers' own intervals that is furthest off, if one does not hold; of 50%, 80% and 90%.

    One does not where the share inside is more than 5 points off, and further than chance moves it: a binomial tail on
    either side of no more than `tail`, with overlapping windows counted in part.

    Parameters
    ----------
    pits : array of shape (forecasts,)
        Probability integral transforms.
    share_apart : float
        The share of the windows that is not in another one.
    """
    number, failing = len(pits) * share_apart, {}
    for level in COVERED:
        inside = share_inside(pits, level)
        below = at_most(inside * number, number, level)
        above = 1 - at_most(max(inside * number - 1, 0.0), number, level)
        if abs(inside - level) > LITTLE and min(below, above) <= tail:
            failing[level] = abs(inside - level)
    return max(failing, key=failing.__getitem__) if failing else None


def total_tail(held: int, windows: int, apart: float, prob: float = STATED) -> float:
    """P(no more windows held), if each does with the probability stated and they are as many as those apart."""
    return at_most(held / windows * apart, apart, prob)


def share_inside(pits: Any, prob: float) -> float:
    """Share of outcomes inside equal-tailed intervals, by their probability integral transforms."""
    return float(np.mean(np.abs(np.asarray(pits) - 0.5) <= prob / 2))


def sentences(of: str, customers: pd.DataFrame, totals: pd.DataFrame, scores: pd.Series, apart: float) -> list[str]:
    """Say of purchases or of spend whether customers and totals held, and what the forecast is worth.

    Parameters
    ----------
    of : str
        "purchases" or "spend".
    customers, totals : pandas.DataFrame
        Of all windows: customers with ``pit`` and ``frequency``; totals with ``inside``, actual and median, one row a
        window.
    scores : pandas.Series
        Of customers: best_naive and skill.
    apart : float
        The number of windows that these are worth.
    """
    by = _of_customers(customers, apart / len(totals))
    return [
        _("{of}. Customers: {by}. {of_total}", of=_(TARGETS[of]), by=by, of_total=_of_total(totals, apart)),
        _of_skill(scores),
    ]


def _of_customers(customers: pd.DataFrame, share_apart: float) -> str:
    """Say whether intervals of single customers hold, and by past purchases where not, with the level that shows it."""
    pits = customers["pit"].to_numpy()
    failing = level_that_fails(pits, share_apart)
    inside_share = _share(pits, failing or STATED)
    if len(pits) * share_apart < FEWEST:
        return _("too few to tell ({inside_share})", inside_share=inside_share)
    if failing is not None:
        inside = share_inside(pits, failing)
        if inside < failing:
            return _("do not hold, too narrow or shifted ({inside_share})", inside_share=inside_share)
        return _("do not hold, too wide ({inside_share})", inside_share=inside_share)
    classes = []
    for name, some in classes_of(customers["frequency"].to_numpy()).items():
        level = level_that_fails(pits[some], share_apart, RARE_IN_CLASS)
        if some.sum() * share_apart >= FEWEST and level is not None:
            classes.append(f"{name} ({_share(pits[some], level)})")
    but = _(", but not those with {classes} repeat purchases", classes=both(classes)) if classes else ""
    return _("hold ({inside_share}){but}", inside_share=inside_share, but=but)


def _share(pits: np.ndarray, level: float) -> str:
    return _("{share_inside:.0%} of {level:.0%} intervals", share_inside=share_inside(pits, level), level=level)


def _of_total(totals: pd.DataFrame, apart: float) -> str:
    windows, held = len(totals), int(totals["inside"].sum())
    ratio = totals["actual"] / totals["median"].where(totals["median"] > 0)
    away = float((ratio - 1).abs().median())
    if windows == 1:
        close = _apart(float(ratio.iloc[0]))
        if held:
            return _("Total: held in its only window{close}.", close=close)
        return _("Total: missed in its only window{close}.", close=close)
    close = (
        _(", the actual within {away} of the median in half of them", away=percent(away)) if np.isfinite(away) else ""
    )
    if total_tail(held, windows, apart) <= RARE:
        return _(
            "Total: does not hold, held in {held} of {windows} windows{close}.", held=held, windows=windows, close=close
        )
    return _("Total: held in {held} of {windows} windows{close}.", held=held, windows=windows, close=close)


def _apart(ratio: float) -> str:
    """How far what happened lay from the median forecast; nothing where that is 0."""
    if not np.isfinite(ratio):
        return ""
    away = percent(abs(ratio - 1))
    if ratio >= 1:
        return _(", the actual {away} above the median", away=away)
    return _(", the actual {away} below the median", away=away)


def _of_skill(scores: pd.Series) -> str:
    """Compare with the better of the naive forecasts."""
    naive, skill = _(NAIVE[scores["best_naive"]]), float(scores["skill"])
    if not np.isfinite(skill):
        return _("Nothing to gain on the naive forecast ({naive}): it was right.", naive=naive)
    share = percent(abs(skill))
    if skill >= 0:
        return _(
            "The error per customer (CRPS) is {share} below the best naive forecast's ({naive}).",
            share=share,
            naive=naive,
        )
    return _(
        "The error per customer (CRPS) is {share} above the best naive forecast's ({naive}).", share=share, naive=naive
    )


def proof(totals: pd.DataFrame, apart: float) -> str:
    """Say what so few windows cannot rule out; nothing where none held."""
    windows, held = len(totals), int(totals["inside"].sum())
    overlap = apart < windows - 1e-9
    counts = (
        _("windows overlap: {windows} of them count as {apart:.1f} apart; ", windows=windows, apart=apart)
        if overlap
        else ""
    )
    least = lowest_chance(held / windows * apart, apart)
    return _(
        "{counts}so few windows prove little: even intervals of the total that hold only {least} of the time would do "
        "as well as this in 1 backtest of 20",
        counts=counts,
        least=percent(least),
    )
