"""Open opportunities of an export to judgements, recalibrated by what became of those of an earlier export."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ltv_bayes.data.exports.currencies import currency_code
from ltv_bayes.data.exports.read_orders import read_transactions
from ltv_bayes.data.orders.selection import today
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError, counted, listed
from ltv_bayes.formatting import percent
from ltv_bayes.judgement.form.pipeline import (
    ERROR,
    FROM_AN_EXPORT,
    USUAL_SPREAD,
    as_spread,
    on_win_rate,
    opportunity_form,
)
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.track_record.calibrate import calibrate_judgements
from ltv_bayes.judgement.track_record.earlier_export import closed_opportunities
from ltv_bayes.language import _, _n
from ltv_bayes.time_units import as_date


def judge_opportunities(
    source: Any,
    *,
    spread: float | str | None = None,
    stages: Mapping[str, Any] | None = None,
    as_of: Any = None,
    overdue: str = ERROR,
    history: Any = None,
    by: str = "stage",
    random_seed: int | None = None,
    progressbar: bool = False,
    relation: str | None = None,
    **settings: Any,
) -> FutureValuePriors:
    """What may the open opportunities of a CRM yield? Amount, win probability and close date become judgements.

    The stated amount is the mean of what is paid if the opportunity is won, so the expected value is amount times
    probability. `FutureValuePriors.from_judgements` reads what is made of it; ``notes`` say what was decided.

    Parameters
    ----------
    source : Transactions, frame or path
        What :func:`ltv_bayes.read_transactions` made of the export; rows of its ``opportunities``; or an export that it
        reads without further arguments.
    spread : float or str, optional
        How far amounts usually miss: the sd of the logarithm of the amount paid over the one stated, 0.3 or "30%".
        With 0.3, two of three amounts lie within about 30% of the stated one, and 80% between 0.65 and 1.40 times it.
        0.5 if not given (0.46 to 1.67 times), and a note says so. ``history`` corrects it.
    stages : mapping, optional
        The chance of each stage, in place of the probabilities of the export: a number, ``(won, of)``, "3 of 10", or a
        `ChanceBelief`. Needed where the export has no probabilities.
    as_of : date, optional
        The day of the valuation; that of the last order if not given, as in :func:`ltv_bayes.summarize`, and today
        where there are no orders.
    overdue : str
        What is done with opportunities that should have closed before ``as_of``: ``"error"`` names them; ``"90 days"``,
        or another time, takes them to close within it; ``"undated"`` on any day within the horizon; ``"drop"`` gives
        them up.
    history : Transactions, frame or path, optional
        An earlier export of the same pipeline. What became of the opportunities that were open then, by the export of
        now, recalibrates chances and amounts by `calibrate_judgements`; see `closed_opportunities`.
    by : str
        What has a bias of its own: ``"stage"`` or ``"expert"`` (the owner).
    random_seed, progressbar
        Of the recalibration.
    relation, **settings
        As in `FutureValuePriors.from_judgements`: visible, opinion_weight, shows_life, covers, shared, confirmed.

    Returns
    -------
    FutureValuePriors
        One row an opportunity, labelled by its row in the export. ``expert`` is the owner.

    Raises
    ------
    InputError
        If the source says of no row that it is open, or amounts are in another currency than the orders.
    JudgementError
        If an opportunity has no amount or no chance, a date of the past or one that cannot be read.

    Warns
    -----
    DataWarning
        If many opportunities of ``history`` are still open.

    Examples
    --------
    >>> export = {"Account Name": ["Ada", "Ada", "Bo"], "Stage": ["Closed Won", "Proposal", "Negotiation"]}
    >>> export |= {"Close Date": ["2025-03-01", "2025-09-01", "2025-08-01"], "Amount": [900, 1000, 500]}
    >>> orders = read_transactions(pd.DataFrame(export | {"Probability (%)": [100, 40, 70]}))
    >>> judge_opportunities(orders, spread="30%")
    2 judged opportunities of 2 customers; amounts lie within 80% intervals
    expected value before margin and discount: 750
    """
    width = as_spread(spread)
    orders = source if isinstance(source, Transactions) or _is_pipeline(source) else read_transactions(source)
    table = _open(orders)
    day = _day(orders, as_of)
    form, notes = opportunity_form(table, spread=width, stages=stages, as_of=day, overdue=overdue)
    judged = FutureValuePriors.from_judgements(form, stages=stages, relation=relation, **settings)
    if spread is None:
        usual = _("amounts are given a spread of {usual_spread:g}, as no spread= was given", usual_spread=USUAL_SPREAD)
        notes = [_("{usual}; history corrects it", usual=usual) if history is not None else usual, *notes]
    if history is None:
        decided = orders.decided if isinstance(orders, Transactions) else None
        return replace(judged, notes=(*notes, *on_win_rate(decided, form, day)))
    closed = closed_opportunities(history, orders, spread=width, stages=stages)
    calibration = calibrate_judgements(
        closed, by=by, stages=None, random_seed=random_seed, progressbar=progressbar, confirmed=True
    )
    won, stated = int(closed["won"].sum()), closed["probability"].mean()
    about_record = _n(
        "recalibrated by {opportunities} of an earlier export that is decided by now: stated at {stated} on average, "
        "{won:,} won ({share})",
        "recalibrated by {opportunities} of an earlier export that are decided by now: stated at {stated} on average, "
        "{won:,} won ({share})",
        len(closed),
        opportunities=counted(len(closed), "opportunity", "opportunities"),
        stated=percent(stated),
        won=won,
        share=percent(won / len(closed)),
    )
    return replace(calibration.recalibrate(judged), notes=(*notes, about_record))


def _is_pipeline(source: Any) -> bool:
    """Whether a frame has the columns of `Transactions.opportunities`."""
    return isinstance(source, pd.DataFrame) and set(FROM_AN_EXPORT) <= set(source.columns)


def _open(orders: Transactions | pd.DataFrame) -> pd.DataFrame:
    """The open opportunities, in the currency of the orders.

    Raises
    ------
    InputError
        If there are none, or they are in another currency.
    """
    table = orders.opportunities if isinstance(orders, Transactions) else orders
    if table is None:
        cure = _(
            "Export the stage too, or name it: read_transactions(..., keep={{'its column': ['words of orders']}})."
        )
        raise InputError(_("No column says which opportunities are open. {cure}", cure=cure))
    if table.empty:
        raise InputError(
            _("No opportunity is open. orders.report lists the words of the status, and how each was taken.")
        )
    paid_in = orders.currency if isinstance(orders, Transactions) else None
    own = currency_code(paid_in) if paid_in else None
    shown = sorted(set(table["currency"].dropna()) - {"", own})
    if shown and (own is not None or len(shown) > 1):
        rows = table.loc[table["currency"].isin(shown), "row"] if "row" in table else table.index
        raise InputError(
            _(
                "{opportunities} in {currencies} (rows {rows}), {orders}. Amounts are never relabelled: read them with "
                "read_transactions(..., currency={currency!r}, rates={{{rates}}}), what 1 of each is worth.",
                opportunities=counted(len(rows), "open opportunity", "open opportunities"),
                currencies=listed(shown),
                rows=listed(rows),
                orders=_("orders in {currency}", currency=own) if own else _("without one currency for all"),
                currency=own or shown[0],
                rates=", ".join(f"{one!r}: ..." for one in shown),
            ),
            rows,
        )
    return table


def _day(orders: Transactions | pd.DataFrame, as_of: Any) -> dt.date:
    if as_of is not None:
        return as_date(as_of)
    return orders.table["date"].max().date() if isinstance(orders, Transactions) and len(orders) else today()
