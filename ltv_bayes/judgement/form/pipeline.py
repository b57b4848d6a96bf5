"""Open opportunities of a CRM in the columns of the form: the stated amount with a spread, the chance, the date."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, JudgementError, counted, listed, suggestion
from ltv_bayes.formatting import percent
from ltv_bayes.judgement.form.cells import as_share, refuse
from ltv_bayes.judgement.form.dates import as_period
from ltv_bayes.language import _
from ltv_bayes.time_units import UnitError, as_duration

USUAL_SPREAD, LARGEST_SPREAD = 0.5, 2.0
ERROR, DROP, UNDATED = "error", "drop", "undated"
FROM_AN_EXPORT = ("customer_id", "opportunity", "stage", "probability", "amount", "currency", "expected_on")
YEAR = pd.Timedelta(365, "D")
NOUN = ("open opportunity", "open opportunities")


def as_spread(spread: Any) -> float:
    """Read how far amounts miss: the sd of the logarithm of the amount over the one that was stated.

    Raises
    ------
    InputError
        If it is below 0, or so large that it is hardly meant.

    Examples
    --------
    >>> as_spread(0.3), as_spread("30%"), as_spread(None)
    (0.3, 0.3, 0.5)
    """
    if spread is None:
        return USUAL_SPREAD
    number = as_share(spread) if isinstance(spread, str) else spread
    if isinstance(number, bool) or not isinstance(number, int | float | np.number) or not 0 <= number <= LARGEST_SPREAD:
        raise InputError(
            _(
                "spread={spread!r} is no sd of the logarithm of amounts between 0 and {largest_spread:g}. "
                "Write 30% as spread=0.3 or spread='30%'.",
                spread=spread,
                largest_spread=LARGEST_SPREAD,
            )
        )
    return float(number)


def opportunity_form(
    opportunities: pd.DataFrame,
    *,
    spread: float,
    stages: Mapping[str, Any] | None,
    as_of: dt.date,
    overdue: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Write open opportunities in the columns of the form.

    Parameters
    ----------
    opportunities : pandas.DataFrame
        As `Transactions.opportunities` has them.
    spread : float
        The sd of the logarithm of amounts.
    stages : mapping, optional
        The chance of each stage, in place of the probabilities of the export.
    as_of : datetime.date
        The day of the valuation.
    overdue : str
        What to do with opportunities with a close date before it.

    Returns
    -------
    pandas.DataFrame
        customer_id, opportunity, probability, mean and sd (low and high without a spread), expected_on, or
        expected_from and expected_to, stage, expert; one row an opportunity, labelled as in the export.
    list of str
        What was decided on the way.

    Raises
    ------
    JudgementError
        If an opportunity has no amount, no chance, a date that cannot be read or one of the past. The message names
        rows and the way on.
    """
    table = opportunities if "row" not in opportunities else opportunities.set_index("row")
    table, notes = once(table)
    _refuse_without_amount(table)
    if stages is None:
        _refuse_without_chance(table)
    first, last = _windows(table)
    day, undated = first.where(first == last), int(first.isna().sum())
    form = pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "opportunity": table["opportunity"],
            "probability": table["probability"] if stages is None else np.nan,
            **spread_amounts(table["amount"].astype(float), spread),
            "expected_on": day,
            "expected_from": first.where(day.isna()),
            "expected_to": last.where(day.isna()),
            "stage": table["stage"],
            "expert": table.get("owner"),
        }
    )
    form, remarks = _with_overdue(form, as_of, overdue)
    if undated:
        remarks.append(
            _("{counted} without a close date may occur on any day within the horizon", counted=counted(undated, *NOUN))
        )
    return form, [*notes, *remarks]


def spread_amounts(amounts: pd.Series, spread: float) -> dict[str, pd.Series]:
    """Columns of the form of amounts with a spread, with the stated amount as their mean.

    Examples
    --------
    >>> made = spread_amounts(pd.Series([100.0]), 0.3)
    >>> {name: cells.round(1).tolist() for name, cells in made.items()}
    {'mean': [100.0], 'sd': [30.7]}
    """
    if spread == 0:
        return {"low": amounts, "high": amounts}
    return {"mean": amounts, "sd": amounts * np.sqrt(np.expm1(spread**2))}


def once(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave out rows that were exported twice, where opportunities have numbers.

    Raises
    ------
    JudgementError
        If several other rows have the number of one opportunity: its lines, or its total again.
    """
    numbers, notes = table["opportunity"], []
    again = table.get("repeated", pd.Series(False, index=table.index)).to_numpy(dtype=bool) & numbers.notna().to_numpy()
    if again.any():
        notes = [
            _(
                "{rows} left out, exported twice ({rows_2})",
                rows=counted(int(again.sum()), "row"),
                rows_2=_rows(table.index[again]),
            )
        ]
        table = table[~again]
    lines = table["opportunity"].notna() & table.duplicated("opportunity", keep=False)
    total = "table.groupby('opportunity')['amount'].transform('sum')"
    cure = _(
        "With table = orders.opportunities, pass table.drop_duplicates('opportunity') if each row has the "
        "total, or table.assign(amount={total}).drop_duplicates('opportunity') if they are its lines.",
        total=total,
    )
    refuse(table, lines, _("with the number of another"), cure, what="open opportunities")
    return table, notes


def on_win_rate(decided: pd.DataFrame | None, form: pd.DataFrame, as_of: dt.date) -> list[str]:
    """Say which share of the opportunities decided in the last year was won, beside what is stated of open ones."""
    if decided is None or not form["probability"].notna().all():
        return []
    day = pd.Timestamp(as_of)
    recent = decided[(decided["closed_on"] <= day) & (decided["closed_on"] > day - YEAR)]
    if recent["won"].all() or recent.empty:
        return []
    won, number = int(recent["won"].sum()), len(recent)
    return [
        _(
            "of {opportunities} decided in the year to {as_of}, {won:,} were won ({won_2}); the open ones are "
            "stated at {mean} on average, which counts as it stands (history= recalibrates it by an earlier "
            "export)",
            opportunities=counted(number, "opportunity", "opportunities"),
            as_of=as_of,
            won=won,
            won_2=percent(won / number),
            mean=percent(form["probability"].mean()),
        )
    ]


def _refuse_without_amount(table: pd.DataFrame) -> None:
    wrong = ~(table["amount"] > 0).fillna(False)
    cure = _(
        "Fill it in, or leave them out, which counts them as worth nothing: "
        "lb.judge_opportunities(orders.opportunities.query('amount > 0'))."
    )
    refuse(table, wrong, _("without an amount above 0"), cure, what="open opportunities")


def _refuse_without_chance(table: pd.DataFrame) -> None:
    names = dict.fromkeys(table["stage"].dropna().astype(str))
    chances = "{" + ", ".join(_("{name!r}: ...", name=name) for name in names) + "}"
    ways = (
        _("Give the chance of each stage, as a number or (won, of): stages={chances}.", chances=chances)
        if names
        else ""
    )
    refuse(
        table,
        table["probability"].isna(),
        _("without a probability"),
        ways or _("Fill in the column of probabilities."),
        what="open opportunities",
    )


def _windows(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """First and last day: the day, a month or quarter that is written, or nothing where nothing is."""
    days = pd.to_datetime(table["expected_on"])
    written = table.get("date_as_written", pd.Series(None, index=table.index, dtype=object))
    periods = [as_period(cell) if pd.isna(day) else None for cell, day in zip(written, days, strict=True)]
    ends = [
        pd.Series(pd.to_datetime([one[end] if one else None for one in periods]), index=table.index).fillna(days)
        for end in (0, 1)
    ]
    unread = ends[0].isna() & written.notna()
    example = _(", such as {iloc!r}", iloc=written[unread].iloc[0]) if unread.any() else ""
    cure = _("Correct it, leave it blank, or say how dates are written with date_format= of read_transactions.")
    refuse(
        table,
        unread,
        _("with a close date that cannot be read{example}", example=example),
        cure,
        what="open opportunities",
    )
    return ends[0], ends[1]


def _with_overdue(form: pd.DataFrame, as_of: dt.date, overdue: str) -> tuple[pd.DataFrame, list[str]]:
    """Do with opportunities of the past what was asked."""
    day = pd.Timestamp(as_of)
    late = (form["expected_to"].fillna(form["expected_on"]) < day).to_numpy()
    on = form["expected_on"].mask(late)
    if overdue not in (ERROR, DROP, UNDATED):
        try:
            within = as_duration(overdue, "overdue")
        except UnitError:
            known = suggestion(str(overdue), [ERROR, DROP, UNDATED])
            raise InputError(
                _(
                    "overdue={overdue!r} is no choice and no time, as in '90 days'. {known}",
                    overdue=overdue,
                    known=known,
                )
            ) from None
    if not late.any():
        return form, []
    number, named = counted(int(late.sum()), *NOUN), f"{_rows(form.index[late])}"
    if overdue == ERROR:
        raise JudgementError(
            _(
                "{number} of {number_2:,} should have closed before {as_of} ({named}). If that is not the day "
                "of the export, pass as_of=. Otherwise say what is thought of them: overdue='90 days' (within "
                "90 days), overdue='undated' (on any day within the horizon), or overdue='drop' (they are "
                "given up).",
                number=number,
                number_2=len(form),
                as_of=as_of,
                named=named,
            ),
            list(form.index[late]),
        )
    past = _("{number} should have closed before {as_of} ({named})", number=number, as_of=as_of, named=named)
    if overdue == DROP:
        if late.all():
            raise JudgementError(
                _(
                    "All {number} should have closed before {as_of}, and overdue='drop' leaves none.",
                    number=number,
                    as_of=as_of,
                )
            )
        return form[~late], [_("{past}: given up, worth nothing", past=past)]
    if overdue == UNDATED:
        ends = {name: form[name].mask(late) for name in ("expected_from", "expected_to")}
        return form.assign(expected_on=on, **ends), [_("{past}: on any day within the horizon instead", past=past)]
    until = day + pd.Timedelta(round(within.days), "D")
    ends = {name: form[name].mask(late, end) for name, end in (("expected_from", day), ("expected_to", until))}
    return form.assign(expected_on=on, **ends), [_("{past}: by {until:%Y-%m-%d} instead", past=past, until=until)]


def _rows(labels: Any) -> str:
    return f"{'row' if len(labels) == 1 else 'rows'} {listed(labels)}"
