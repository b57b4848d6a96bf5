"""Pictures of judgements, which feed them back to whoever stated them."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, a_kind, suggestion
from ltv_bayes.formatting import distinct, percent, shortened
from ltv_bayes.judgement.beliefs.amount_belief import AmountBelief
from ltv_bayes.judgement.beliefs.chance_belief import ChanceBelief
from ltv_bayes.judgement.beliefs.opportunity import Opportunity
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.language import _, as_known
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BLUE, GREEN, GREY, ORANGE
from ltv_bayes.plots.lettering import drawable, drawable_currency, in_own_words, ink, short_money, wrapped

MOST_PANELS = 6
SHOWN = (0.002, 0.98)
"""The part of an amount's distribution that a panel has room for."""
FROM_ZERO = 0.5
"""An axis begins at 0 if its first amount is below this part of the last one."""
POINTS = 600
WIDE, NARROW = 96, 78
CLOSE = 2
"""Days nearer to each other than this many times the room beside them have their names outside."""


def plot_judgement(
    belief: AmountBelief | ChanceBelief | FutureValuePriors,
    opportunity: str | None = None,
    *,
    customer_id: Any = None,
    currency: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw what an expert believes, with a sentence in plain words, for them to agree or not.

    Parameters
    ----------
    belief : AmountBelief, ChanceBelief or FutureValuePriors
        One belief, or judgements of opportunities.
    opportunity : str, optional
        The name of one opportunity; otherwise the six with the largest expected value.
    customer_id : optional
        Whose opportunities are meant.
    currency : str, optional
        Written behind amounts.
    ax : matplotlib Axes or array of them, optional
        Where to draw: one for a belief, three for an opportunity (amount, chance and time), one for each of several; a
        figure of its own otherwise.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    InputError
        If there is no such opportunity, or several customers have one of that name.
    """
    with canvas.house_style():
        if isinstance(belief, AmountBelief | ChanceBelief):
            return _one_belief(belief, currency, ax)
        if not isinstance(belief, FutureValuePriors):
            raise InputError(
                _(
                    "This picture is drawn from a FutureValuePriors, not {kind}. Pass what "
                    "FutureValuePriors.from_judgements(...) returned, or an AmountBelief or ChanceBelief.",
                    kind=a_kind(belief),
                )
            )
        found = _chosen(belief, opportunity, customer_id)
        if len(found) == 1:
            return _one_opportunity(found[0], currency, ax)
        return _several(found, len(belief), currency, ax)


def _chosen(judged: FutureValuePriors, name: str | None, customer_id: Any) -> list[Opportunity]:
    """The opportunities to draw."""
    known = judged.opportunities()
    found = [one for one in known if customer_id is None or str(one.customer_id) == str(customer_id)]
    if not found:
        raise InputError(
            _(
                "There is no judgement of the customer {customer_id!r}. Name one with customer_id=.",
                customer_id=customer_id,
            )
        )
    if name is None:
        return sorted(found, key=lambda one: -one.expected_value)[:MOST_PANELS]
    named = [one for one in found if one.name == str(name).strip()]
    if not named:
        raise InputError(
            _(
                "There is no opportunity {name!r}. {suggestion}",
                name=name,
                suggestion=suggestion(name, [one.name for one in found]),
            )
        )
    if len(named) > 1:
        raise InputError(
            _(
                "{number} customers have an opportunity {name!r}. Name the customer, with customer_id=.",
                number=len(named),
                name=name,
            )
        )
    return named


def _one_belief(belief: AmountBelief | ChanceBelief, currency: str | None, ax: Any) -> Any:
    """Draw one belief by itself."""
    if isinstance(belief, AmountBelief):
        ax, words = canvas.axes_for(ax), belief.sentence(drawable_currency(currency))
        _draw_amount(ax, belief, currency)
    else:
        ax, words = canvas.axes_for(ax, height=1.9), belief.sentence()
        _draw_chance(ax, belief)
    _write_above(ax, [words], WIDE - 10)
    return ax.get_figure(root=True)


def _one_opportunity(one: Opportunity, currency: str | None, ax: Any) -> Any:
    """Draw amount, chance and window of one opportunity."""
    figure, (amount, chance, when) = canvas.panels(ax, 3, _three_panels)
    _draw_amount(amount, one.amount, currency)
    _draw_chance(chance, one.chance)
    _draw_window(when, one)
    above = [_name(one), *one.sentences(drawable_currency(currency))]
    if figure is None:
        _write_above(amount, above, NARROW)
        return amount.get_figure(root=True)
    canvas.finish_figure(figure, _wrapped(above, WIDE), ink())
    return figure


def _three_panels() -> tuple[Any, list[Any]]:
    """A figure with a panel for the amount, and below it two for the chance and the time."""
    import matplotlib.pyplot as plt

    figure, made = plt.subplot_mosaic(
        [["amount", "amount"], ["chance", "when"]],
        figsize=(8.5, 5.6),
        height_ratios=[3, 1],
        layout="constrained",
    )
    return figure, [made[name] for name in ("amount", "chance", "when")]


def _several(found: list[Opportunity], number: int, currency: str | None, ax: Any) -> Any:
    """Draw the amounts of several opportunities, with their sentences."""
    import matplotlib.pyplot as plt

    rows = -(-len(found) // 2)
    size = (12.0, 3.6 * rows + 0.5)
    figure, panels = canvas.panels(
        ax, len(found), lambda: plt.subplots(rows, 2, figsize=size, layout="constrained", squeeze=False)
    )
    for spare in panels[len(found) :] if figure is not None else ():
        spare.set_visible(False)
    names = distinct([_("{name} of {customer_id}", name=one.name, customer_id=one.customer_id) for one in found], 60)
    for panel, one, name in zip(panels, found, names, strict=False):
        _draw_amount(panel, one.amount, currency)
        _write_above(panel, [name, *one.sentences(drawable_currency(currency))], NARROW, fontsize=9)
    if figure is None:
        return panels[0].get_figure(root=True)
    which = _(
        "The {number} of {number_2:,} opportunities with the largest expected value", number=len(found), number_2=number
    )
    title = which if len(found) < number else _("All {number} opportunities", number=number)
    canvas.finish_figure(figure, _wrapped([title], WIDE), ink())
    return figure


def _name(one: Opportunity) -> str:
    return _("{name} of {customer_id}", name=shortened(one.name), customer_id=shortened(one.customer_id))


def _draw_amount(ax: Any, belief: AmountBelief, currency: str | None) -> None:
    """Draw an amount's density, with the stated points marked."""
    points = {name: amount for name, amount in belief.stated.items() if name != "sd"}
    low, high = belief.quantile(list(SHOWN)).tolist()
    left, right = min(low, *points.values()), max(high, *points.values())
    if belief.is_certain:
        left, right, points = 0.5 * left, 1.5 * right, {"certain": belief.median}
    else:
        left = 0.0 if left < FROM_ZERO * right else left
        amounts = np.unique([*np.linspace(left, right, POINTS)[1:], belief.median])
        density = belief.density(amounts)
        ax.fill_between(amounts, density, color=BLUE, alpha=0.35, linewidth=0)
        ax.plot(amounts, density, color=BLUE, linewidth=1.5)
        ax.set_ylim(0, 1.3 * density.max())
    ax.set_xlim(left, right + 0.04 * (right - left))
    for step, (name, amount) in enumerate(points.items()):
        on_left = amount > left + 0.8 * (right - left)
        _mark(ax, amount, f"{as_known(name)} {short_money(amount, currency)}", 0.97 - 0.07 * step, on_left=on_left)
    canvas.money_axis(ax.xaxis, currency)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    canvas.label_x(ax, _("amount if it occurs{unit}", unit=canvas.unit(currency)))


def _mark(ax: Any, amount: float, text: str, height: float, *, on_left: bool) -> None:
    """Mark a stated point by a line with its name beside its top."""
    ax.axvline(amount, ymax=height, color=ORANGE, linewidth=1.2)
    place = {"xycoords": ax.get_xaxis_transform(), "ha": "right" if on_left else "left", "va": "top"}
    canvas.write(ax, drawable(text), (amount, height), (-4 if on_left else 4, 0), fontsize=9, color=ink(), **place)


def _draw_chance(ax: Any, belief: ChanceBelief) -> None:
    """Draw a chance on the line from never to always, with its middle 80% if it is in doubt."""
    low, high = belief.quantile([0.1, 0.9]).tolist()
    ax.hlines(0, 0, 1, color=GREY, linewidth=1, alpha=0.5)
    if not belief.is_number:
        ax.hlines(0, low, high, color=GREEN, linewidth=6, alpha=0.45)
    ax.plot([belief.probability], [0], "o", color=GREEN, markersize=9)
    where = "" if belief.is_number else canvas.outside([belief.probability], [low], [high])[0]
    text = f"{percent(belief.probability)}{where and _(', {where} the bar', where=where)}"
    canvas.write(ax, text, (belief.probability, 0), (0, 9), ha=_side_of_share(belief.probability))
    ax.set(xlim=(-0.04, 1.04), ylim=(-1, 1), yticks=[], xticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_xticklabels([_("never"), "25%", "50%", "75%", _("always")])
    ax.spines["left"].set_visible(False)
    canvas.label_x(ax, _("chance that it occurs") + ("" if belief.is_number else _("; bar: 80% of what it may be")))


def _side_of_share(share: float) -> str:
    """How words stand at a share, so that they do not leave the frame at either end."""
    return "left" if share < 0.1 else "right" if share > 0.9 else "center"


def _draw_window(ax: Any, one: Opportunity) -> None:
    """Draw the day or the window on a line of time."""
    ax.set(ylim=(-1, 1), yticks=[])
    ax.spines["left"].set_visible(False)
    canvas.label_x(ax, _("when it occurs"))
    if pd.isna(one.first):
        ax.set_xticks([])
        ax.grid(visible=False)
        ax.text(0.5, 0.5, _("not known"), transform=ax.transAxes, ha="center", va="center", color=ink())
        return
    room = max((one.last - one.first) / 4, pd.Timedelta(days=30))
    ax.set_xlim(one.first - room, one.last + room)
    ax.hlines(0, one.first - room, one.last + room, color=GREY, linewidth=1, alpha=0.5)
    if one.first < one.last:
        ax.hlines(0, one.first, one.last, color=ORANGE, linewidth=6, alpha=0.6)
        days = [one.first, one.last]
    else:
        ax.plot([one.first], [0], "o", color=ORANGE, markersize=9)
        days = [one.first]
    ax.set_xticks(days, [f"{day:%Y-%m-%d}" for day in days])
    if len(days) > 1 and one.last - one.first < CLOSE * room:
        for tick, side in zip(ax.get_xticklabels(), ("right", "left"), strict=True):
            tick.set_horizontalalignment(side)


def _write_above(ax: Any, lines: list[str], width: int, **style: Any) -> None:
    """Write sentences above a panel."""
    ax.set_title(_wrapped(lines, width), color=ink(), **{"fontsize": 10, **style}, **in_own_words())


def _wrapped(lines: list[str], width: int) -> str:
    return "\n".join(wrapped(drawable(line), width) for line in lines)
