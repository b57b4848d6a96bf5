"""Pictures of lifetime values: by customer, by segment, and how one value adds up."""

from collections.abc import Iterable
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import UnitError, counted, listed
from ltv_bayes.formatting import distinct, label, percent, shortened
from ltv_bayes.intervals import bound_columns, describe_interval, summarize_draws
from ltv_bayes.language import N_, _, as_known, retold
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAR, BLUE, GREEN, GREY, NOTE_SIZE, ORANGE, PURPLE, RED, SKY
from ltv_bayes.plots.lettering import drawable, ink, short_money
from ltv_bayes.value.decisions.ranking import Statistic, nothing_more, require_statistic
from ltv_bayes.value.draws.valuation import JUDGED, REALISED
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of
from ltv_bayes.value.segments.segments import TO_COME, SegmentValues, segments_left_out
from ltv_bayes.value.valued import TOTAL

STREAM_COLOURS = (GREEN, PURPLE, SKY, RED)
COLOURS = {REALISED: GREY, JUDGED: ORANGE, TOTAL: BLUE}
TORNADO_COLOURS = _("grey: does not come; orange: comes, from its low to its high amount (of an 80% interval)")
FEWEST_YEARS, MOST_YEARS = 3, 24
"""So many have room; of more, some are named."""
MEASURED = {
    "per_customer": N_("lifetime value per customer"),
    "total": N_("total lifetime value"),
    "to_come_per_customer": N_("value still to come per customer"),
}


def plot_lifetime_value(
    ltv: LifetimeValue,
    *,
    top: int = 20,
    statistic: Statistic = "mean",
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw what is still to come from the customers worth most: a dot and an interval for each.

    Who has most likely left is left out where not all customers are shown. Beside a dot outside its interval stands
    why; where past revenue is included, it stands beside the name.

    Parameters
    ----------
    ltv : LifetimeValue
        What `lifetime_value` returned.
    top : int
        How many customers, in the order of `LifetimeValue.ranked`.
    statistic : {"mean", "median"}
        Which of the two is the dot, and orders the customers.
    ci_prob, ci_kind
        Interval, as in `LifetimeValue.summary`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    UnitError
        If ``top`` is below 1.
    """
    if top < 1:
        raise UnitError(_("top must be at least 1 customer, not {top!r}.", top=top))
    canvas.require(ltv, LifetimeValue, _("Pass what lifetime_value(...) returned."))
    table, left_out = _worth_most(ltv.ranked(statistic, ci_prob=ci_prob, ci_kind=ci_kind), top)
    shown, every = len(table), counted(len(ltv.customers), "customer")
    which = (
        _("The {shown} of {every} worth most", shown=shown, every=every)
        if shown < len(ltv.customers)
        else _("Lifetime value of {every}", every=every)
    )
    so_far = table.get(REALISED, pd.Series(np.nan, table.index))
    with canvas.picture(ax, height=1.5 + 0.27 * shown) as ax:
        dot = "to_come" if statistic == "mean" else "median_to_come"
        _draw_intervals(ax, table, ltv.currency, dot=dot)
        ends = table[[dot, bound_columns(table)[1]]].max(axis=1)
        canvas.name_rows(
            ax, table.index, ["" if np.isnan(one) else f"  (+ {short_money(one, ltv.currency)})" for one in so_far]
        )
        for row, (end, why) in enumerate(zip(ends, table["why"], strict=True)):
            if why:
                canvas.write(ax, why, (end, row), (7, 0), va="center", fontsize=NOTE_SIZE)
        what = _("value still to come per customer{unit}", unit=canvas.unit(ltv.currency))
        lines = [_("{what}; in brackets: value so far, not discounted", what=what) if REALISED in table else what]
        if left_out:
            lines.append(
                _("left out: {customers} whose interval holds nothing to come", customers=counted(left_out, "customer"))
            )
        canvas.label_x(ax, *lines, str(ltv.settings.to_come))
        return canvas.finish(
            ax,
            which,
            _(
                "{statistic} and {interval}",
                statistic=as_known(statistic),
                interval=describe_interval(ci_prob, ci_kind),
            ),
            valued_of(ltv).caution,
        )


def _worth_most(table: pd.DataFrame, top: int) -> tuple[pd.DataFrame, int]:
    """The first of ranked customers, and how many are left out as they most likely pay nothing more."""
    paying = ~nothing_more(table).to_numpy()
    if len(table) <= top or not paying.any():
        return table.head(top), 0
    return table[paying].head(top), int((~paying).sum())


def plot_segments(
    by: SegmentValues,
    measure: str | None = None,
    *,
    statistic: Statistic = "median",
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw each segment's value, or a parameter that pooled fits know of it, with its interval.

    Parameters
    ----------
    by : SegmentValues
        What `LifetimeValue.by` returned.
    measure : str
        One of its measures: "per_customer", the mean value per customer; "total"; "to_come_per_customer", the usual one
        where past revenue is included; or a parameter such as "mean_rate".
    statistic : {"median", "mean"}
        Which of the two is the dot, and orders the segments.
    ci_prob, ci_kind
        Interval, as in `SegmentValues.summary`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(by, SegmentValues, _("Pass what ltv.by(column) returned."))
    measure = measure or by.measures[0]
    draws = by.draws(measure)
    require_statistic(statistic)
    table = summarize_draws(draws, ci_prob=ci_prob, ci_kind=ci_kind).assign(mean=by.mean(measure))
    number = draws["customers"].to_series() if "customers" in draws.coords else by.customers
    table = table.assign(customers=number.reindex(table.index)).sort_values(statistic, ascending=False, kind="stable")
    what = described(by, measure)
    with canvas.picture(ax, height=1.5 + 0.32 * len(table)) as ax:
        is_money = measure in MEASURED or draws.attrs.get("units") == by.currency
        _draw_intervals(ax, table, by.currency, dot=statistic, money=is_money)
        canvas.note_outside(ax, range(len(table)), table[statistic], *_bounds(table))
        canvas.name_rows(ax, table.index, [f"  (n = {count:,.0f})" for count in table["customers"]])
        unit_of = canvas.unit(by.currency if measure in MEASURED else draws.attrs.get("units"))
        words = _("{what}; n: customers", what=f"{what}{unit_of}")
        if measure not in MEASURED:
            words = _("{what}; n: customers fitted", what=f"{what}{unit_of}")
        canvas.label_x(ax, words, *terms_of(by, measure))
        title = _(
            "{what}{what_2} by {column}", what=what[0].upper(), what_2=what[1:], column=shortened(label(by.column))
        )
        return canvas.finish(
            ax,
            title,
            _(
                "{statistic} and {interval}",
                statistic=as_known(statistic),
                interval=describe_interval(ci_prob, ci_kind),
            ),
            by.caution,
        )


def described(by: SegmentValues, measure: str) -> str:
    """What a measure of segments is, in words."""
    if measure in MEASURED:
        return _(MEASURED[measure])
    return str(by.draws(measure).attrs.get("long_name", label(measure)))


def terms_of(by: SegmentValues, measure: str) -> list[str]:
    """The lines below a picture of a measure: the terms of the values, or the segments without the parameter."""
    if measure in MEASURED:
        return [str(by.settings.to_come if measure == TO_COME else by.settings)]
    left_out = segments_left_out(by, measure)
    return [_("not seen by the fit, and left out: {left_out}", left_out=listed(left_out))] if left_out else []


def plot_waterfall(explanation: pd.DataFrame, *, ax: Any = None) -> Any:
    """Draw how a value adds up: each bar starts where the one before ended, and the total is all of them.

    Parameters
    ----------
    explanation : pandas.DataFrame
        What `LifetimeValue.explain` returned.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(explanation, pd.DataFrame, _("Pass what ltv.explain(customer_id) returned."))
    attrs, currency = explanation.attrs, explanation.attrs["currency"]
    steps = _steps(explanation)
    with canvas.picture(ax, height=1.7 + 0.5 * len(steps)) as ax:
        rows = np.arange(len(steps))
        ax.barh(rows, steps["mean"], left=steps["start"], height=0.55, color=_colours(steps.index))
        _draw_whiskers(ax, steps)
        ax.vlines(steps["end"].iloc[:-1], rows[:-1], rows[1:], color=GREY, linewidth=0.8, zorder=1)
        canvas.name_rows(ax, map(label, steps.index))
        canvas.money_axis(ax.xaxis, currency)
        canvas.from_zero(ax, _lowest(steps[["start", "end", "low"]]), _highest(steps[["start", "end", "high"]]))
        _write_means(ax, steps, currency)
        canvas.label_x(
            ax,
            _("value{unit}; line: {interval} of each part", unit=canvas.unit(currency), interval=attrs["interval"]),
            attrs["settings"],
        )
        caution = explanation["caution"].iloc[0] if "caution" in explanation else ""
        title = _("Where the value of {subject} comes from", subject=shortened(attrs["subject"]))
        return canvas.finish(ax, title, _("mean and {interval}", interval=attrs["interval"]), caution)


def plot_cash_flow(
    ltv: LifetimeValue,
    customer_id: Any = None,
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw what comes in each future year: a bar for the mean, made up of its sources, and the interval of the year.

    Parameters
    ----------
    ltv : LifetimeValue
        What `lifetime_value` returned.
    customer_id
        One customer; the whole portfolio when left out.
    ci_prob, ci_kind
        Interval, as in `LifetimeValue.cash_flow`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(ltv, LifetimeValue, _("Pass what lifetime_value(...) returned."))
    flow = ltv.cash_flow(customer_id, ci_prob=ci_prob, ci_kind=ci_kind)
    sources = [name.removeprefix("mean_") for name in flow.columns if name.startswith("mean_")]
    names = distinct(map(label, sources), write=drawable)
    with canvas.picture(ax, width=max(7.5, min(12.0, 3.5 + 0.6 * len(flow))) + canvas.room_for_legend(names)) as ax:
        years = np.arange(len(flow))
        bottom = np.zeros(len(flow))
        for source, name, colour in zip(sources, names, _colours(sources), strict=True):
            means = flow[f"mean_{source}"].to_numpy()
            ax.bar(years, means, bottom=bottom, width=0.6, color=colour, label=name)
            bottom += means
        low, high = bound_columns(flow)
        ax.vlines(years, flow[low], flow[high], color=ink(), linewidth=1.2)
        for end in (low, high):
            ax.plot(years, flow[end], "_", color=ink(), markersize=8)
        middles = flow["mean"].where(np.array(canvas.outside(flow["mean"], *_bounds(flow))) != "", flow["median"])
        leading = flow["mean"] if customer_id is not None else middles
        outside = canvas.note_outside(ax, years, leading, *_bounds(flow), upright=True)
        step = -(-len(flow) // MOST_YEARS)
        ax.set_xticks(years[::step], _names_of_years(flow)[::step])
        ax.set_xlim(*(years.mean() + 0.55 * max(len(flow), FEWEST_YEARS) * np.array([-1, 1])))
        ax.set_ylim(min(0.0, _lowest(flow[[low, "mean"]])), 1.08 * _highest(flow[[high, "mean"]]) or 1.0)
        ax.grid(axis="x", visible=False)
        canvas.money_axis(ax.yaxis, ltv.currency)
        canvas.label_y(ax, _("money in the year{unit}", unit=canvas.unit(ltv.currency)))
        words = canvas.lines_on_outside(outside, "mean")
        if customer_id is None:
            ax.plot(years, flow["median"], "o", color=ink(), mfc=ax.get_facecolor(), markersize=5)
            words.insert(0, _("bar: mean, which adds up over sources; dot: median"))
        canvas.label_x(ax, _("year after the as-of date; line: the interval"), *words, str(ltv.settings.to_come))
        canvas.legend_beside(ax, names, reverse=True)
        who = _("all customers") if customer_id is None else shortened(str(customer_id))
        detail = _("mean and {interval}", interval=describe_interval(ci_prob, ci_kind))
        return canvas.finish(ax, _("Value by year, {who}", who=who), detail, valued_of(ltv).caution)


def plot_tornado(ltv: LifetimeValue, *, top: int = 15, statistic: Statistic = "median", ax: Any = None) -> Any:
    """Draw which judgements matter: the value of the portfolio if one opportunity is lost for sure, or won for sure.

    Parameters
    ----------
    ltv : LifetimeValue
        What `lifetime_value` returned, with judgements.
    top : int
        How many judgements, those that move the portfolio's value most.
    statistic : {"median", "mean"}
        Of the portfolio, with each judgement settled.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    UnitError
        If ``top`` is below 1.
    """
    if top < 1:
        raise UnitError(_("top must be at least 1 judgement, not {top!r}.", top=top))
    canvas.require(ltv, LifetimeValue, _("Pass what lifetime_value(...) returned."))
    every = ltv.judgement.tornado(statistic)
    table, total = every.head(top), every.attrs["total"]
    rows = np.arange(len(table))
    with canvas.picture(ax, height=2.2 + 0.27 * len(table)) as ax:
        _draw_reach(ax, rows, table["absent"], total, color=GREY)
        _draw_reach(ax, rows, total, table["at_high"], color=ORANGE, alpha=0.35)
        _draw_reach(ax, rows, table["at_low"], table["at_high"], color=ORANGE)
        ax.axvline(total, color=ink(), linewidth=1.0)
        canvas.name_rows(
            ax,
            [
                _("{customer_id}: {opportunity}", customer_id=row.customer_id, opportunity=row.opportunity)
                for row in table.itertuples()
            ],
            width=34,
        )
        canvas.money_axis(ax.xaxis, ltv.currency)
        ends = table[["absent", "at_low", "at_high"]].assign(total=total)
        margin = 0.05 * ((_highest(ends) - _lowest(ends)) or 1.0)
        ax.set_xlim(_lowest(ends) - margin, _highest(ends) + margin)
        ax.tick_params(axis="y", length=0)
        canvas.label_x(
            ax,
            _(
                "{statistic} of the portfolio{unit}; line: as it stands",
                statistic=as_known(statistic),
                unit=canvas.unit(ltv.currency),
            ),
            str(ltv.settings),
        )
        fewer = _(
            "The {number} of {judgements} that matter most",
            number=len(table),
            judgements=counted(len(every), "judgement"),
        )
        title = fewer if len(table) < len(every) else _("Which judgements matter")
        return canvas.finish(ax, title, retold(TORNADO_COLOURS), valued_of(ltv).caution)


def _draw_reach(ax: Any, rows: np.ndarray, start: Any, end: Any, **look: Any) -> None:
    """Draw a bar in each row from one end to the other."""
    ax.barh(rows, np.asarray(end) - np.asarray(start), left=start, height=0.55, **look)


def _colours(sources: Iterable[Any]) -> list[str]:
    """A colour for each source of money: the same stream has the same one in every picture of a value."""
    streams = cycle(STREAM_COLOURS)
    return [COLOURS[str(name)] if str(name) in COLOURS else next(streams) for name in sources]


def _names_of_years(flow: pd.DataFrame) -> list[str]:
    """Write years; a year of which the horizon holds only a part says so."""
    return [
        str(year) if until == year else _("{year}\n(to {until:.4g})", year=year, until=until)
        for year, until in zip(flow.index, flow["until"].round(9), strict=True)
    ]


def _steps(explanation: pd.DataFrame) -> pd.DataFrame:
    """Where each bar starts and ends, and the ends of its interval."""
    low, high = bound_columns(explanation)
    mean = explanation["mean"]
    start = (mean.cumsum() - mean).where(explanation.index != TOTAL, 0.0)
    ends = {"end": start + mean, "low": start + explanation[low], "high": start + explanation[high]}
    return pd.DataFrame({"mean": mean, "share": explanation["share"], "start": start, **ends})


def _draw_whiskers(ax: Any, steps: pd.DataFrame) -> None:
    """Draw intervals, of the parts that are uncertain."""
    rows = np.flatnonzero(steps["high"] > steps["low"])
    some = steps.iloc[rows]
    ax.hlines(rows, some["low"], some["high"], color=ink(), linewidth=1.2)
    for end in ("low", "high"):
        ax.plot(some[end], rows, "|", color=ink(), markersize=8)


def _write_means(ax: Any, steps: pd.DataFrame, currency: str | None) -> None:
    """Write each mean, and the parts' shares, right of the bar and its interval."""
    for row, (name, step) in enumerate(steps.iterrows()):
        share = f" ({percent(step['share'])})" if name != TOTAL and steps["end"].iloc[-1] > 0 else ""
        right = max(step["start"], step["end"], step["high"])
        where = canvas.outside([step["end"]], [step["low"]], [step["high"]])[0] if step["high"] > step["low"] else ""
        text = f"{short_money(step['mean'], currency)}{share}{where and _(', {where} the line', where=where)}"
        canvas.write(ax, text, (right, row), (7, 0), va="center")


def _draw_intervals(ax: Any, table: pd.DataFrame, currency: str | None, *, dot: str, money: bool = True) -> None:
    """Draw a row for each line of a table: its interval, and a column as a dot."""
    low, high = bound_columns(table)
    rows = np.arange(len(table))
    ax.hlines(rows, table[low], table[high], color=BLUE, **BAR)
    ax.plot(table[dot], rows, "o", color=BLUE)
    if money:
        canvas.money_axis(ax.xaxis, currency)
    canvas.from_zero(ax, _lowest(table[[low]]), _highest(table[[high, dot]]))


def _bounds(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Both columns of a table's interval."""
    low, high = bound_columns(table)
    return table[low], table[high]


def _lowest(values: pd.DataFrame) -> float:
    return float(np.nanmin(values.to_numpy()))


def _highest(values: pd.DataFrame) -> float:
    return float(np.nanmax(values.to_numpy()))
