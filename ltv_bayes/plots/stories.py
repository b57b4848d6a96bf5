"""What each model believes, as a picture: customers who behave as it says, drawn from its formulas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.models import gamma_gamma, shifted_beta_geometric
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import N_, _
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAND, BLUE, GREEN, ORANGE, RED
from ltv_bayes.plots.lettering import in_own_words, ink

CUSTOMERS, MONTHS = 8, 36.0
SEED, PURCHASES = 12, 200
RATE, DROPOUT, AT_ONCE, REGULAR = 0.30, (1.6, 8.4), 0.35, 6
"""Purchases a month, the beta distribution of the chance of leaving, the share that leaves at once, and k."""
SPEND = {"p": 4.0, "q": 4.0, "v": 75.0}
RENEWAL = {"alpha": 0.668, "beta": 3.806}
TITLES = {
    "NBD": N_("NBD: a customer never leaves"),
    "BGNBD": N_("BG/NBD: a customer may leave after any repeat purchase"),
    "leave_at_once": N_("BG/NBD with leave_at_once=True: some leave right after the first purchase"),
    "MBGNBD": N_("MBG/NBD: a customer may leave after any purchase, the first included"),
    "BGCNBD": N_("BG/CNBD-k: purchases come more regularly than at random"),
    "GammaGamma": N_("Gamma-gamma: each customer spends around a mean of their own"),
    "ShiftedBetaGeometric": N_("Shifted beta-geometric: those who stay are likelier to stay"),
}
"""The models that have a picture, and its title."""


@dataclass(frozen=True)
class Story:
    """What one customer does: days of purchases, the first at 0, and when they left.

    Attributes
    ----------
    purchases : numpy.ndarray
        In months after the first one, of shape (purchases,).
    left : float
        In months; infinite for a customer who is still active at the end.
    """

    purchases: Array
    left: float


def stories_of(model: str, customers: int = CUSTOMERS) -> list[Story]:
    """Customers who behave as a model of purchases says, from the one who buys least often to the one most often.

    Parameters
    ----------
    model : {"NBD", "BGNBD", "leave_at_once", "MBGNBD", "BGCNBD"}
        By its name; ``"leave_at_once"`` is BG/NBD with a share that leaves right after the first purchase.
    customers : int
        How many.

    Examples
    --------
    >>> [story.left for story in stories_of("NBD", 3)]
    [inf, inf, inf]
    """
    rates = RATE * stats.gamma.ppf((np.arange(customers) + 0.5) / customers, 2.0, scale=0.5)
    k = REGULAR if model == "BGCNBD" else 1
    found = []
    for row, rate in enumerate(rates):
        of_gaps, of_leaving = np.random.default_rng([SEED, row]), np.random.default_rng([row, SEED])
        days = np.concatenate([[0.0], np.cumsum(of_gaps.gamma(k, 1 / (k * rate), PURCHASES))])
        at_once, *later = of_leaving.random(days.size)
        own = of_leaving.beta(*DROPOUT)
        first = {"MBGNBD": own, "leave_at_once": AT_ONCE}.get(model, 0.0)
        leaves = np.array([at_once < first, *(chance < own * (model != "NBD") for chance in later)])
        last = int(np.argmax(leaves)) if leaves.any() else PURCHASES
        kept = days[: last + 1]
        found.append(
            Story(kept[kept <= MONTHS], float(days[last]) if leaves.any() and days[last] <= MONTHS else np.inf)
        )
    return found


def draw_story(model: str, *, ax: Any = None) -> Any:
    """Draw what a model believes: purchases of customers in time, values of orders, or renewals by age.

    Parameters
    ----------
    model : str
        One of ``TITLES``: a model's name, or ``"leave_at_once"``.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there is no picture of that name.
    """
    if model not in TITLES:
        raise InputError(
            _("There is no picture of {model!r}. {suggestion}", model=model, suggestion=suggestion(model, TITLES))
        )
    parts: Mapping[str, Any] = {"GammaGamma": _draw_spend, "ShiftedBetaGeometric": _draw_renewals}
    with canvas.picture(ax, width=7.0, height=3.2) as ax:
        detail = parts[model](ax) if model in parts else _draw_purchases(ax, model)
        return canvas.finish(ax, _(TITLES[model]), detail)


def _draw_purchases(ax: Any, model: str) -> str:
    """Each customer as a line that ends where they leave, with a dot at each purchase."""
    for row, story in enumerate(stories_of(model)):
        ax.hlines(row, 0, min(story.left, MONTHS), color=BLUE, linewidth=1.5, label=_("active") if row == 0 else None)
        ax.plot(story.purchases, np.full(story.purchases.size, row), "o", color=BLUE, markersize=5,
                label=_("purchase") if row == 0 else None)  # fmt: skip
    gone = [(story.left, row) for row, story in enumerate(stories_of(model)) if np.isfinite(story.left)]
    if gone:
        ax.plot(*zip(*gone, strict=True), "x", color=RED, markersize=9, markeredgewidth=2, label=_("has left, unseen"))
    ax.set_yticks([])
    ax.set_xlim(-0.5, MONTHS)
    canvas.label_x(ax, _("months after the first purchase"))
    canvas.label_y(ax, _("customers"))
    canvas.legend_beside(ax, ["", ""])
    return ""


def _draw_spend(ax: Any) -> str:
    """How orders of three customers spread, and how customers' means do."""
    amounts = np.linspace(1.0, 400.0, 400)
    means = 1 / stats.gamma.ppf([0.85, 0.5, 0.1], SPEND["q"], scale=1 / (SPEND["p"] * SPEND["v"]))
    for mean, colour in zip(means, (GREEN, BLUE, ORANGE), strict=True):
        density = stats.gamma.pdf(amounts, SPEND["p"], scale=mean / SPEND["p"])
        ax.plot(amounts, density, color=colour, label=_("orders of one customer, mean {mean:.0f}", mean=mean))
    scale = SPEND["p"] * SPEND["v"]
    between = stats.invgamma.pdf(amounts, SPEND["q"], scale=scale)
    ax.fill_between(amounts, between, color=ink(), label=_("means of all customers"), **BAND)
    ax.axvline(gamma_gamma.population_mean_spend(**SPEND).item(), color=ink(), linestyle=":", linewidth=1)
    ax.set_yticks([])
    ax.set_ylim(bottom=0)
    ax.set_xlim(0, amounts[-1])
    canvas.label_x(ax, _("value of an order; dotted: mean of all customers"))
    canvas.legend_beside(ax, ["", ""])
    return ""


def _draw_renewals(ax: Any) -> str:
    """The share that renews, which rises with age, and the share that is still there."""
    ages = np.arange(0, 13)
    kept = shifted_beta_geometric.survival(ages, **RENEWAL)
    again = shifted_beta_geometric.retention(ages[:-1], **RENEWAL)
    ax.plot(ages[1:], again, "o-", color=BLUE, label=_("share of those there who renew"))
    ax.plot(ages, kept, "s-", color=ORANGE, label=_("share of all who are still there"))
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(lambda share, _place: f"{share:.0%}")
    canvas.label_x(ax, _("renewals since the start"))
    canvas.legend_beside(ax, ["", ""])
    for text in ax.get_legend().get_texts():
        text.set(**in_own_words())
    return ""
