"""Closed judgements, read and checked: what experts stated, and the outcome."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.reading.amount_units import warn_of_other_unit
from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.errors import JudgementError
from ltv_bayes.formatting import three_digits
from ltv_bayes.formulas.beliefs.amount_families import LOG_NORMAL, amount_quantiles
from ltv_bayes.formulas.beliefs.closed_judgements import ClosedJudgements
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.cells import amounts, blank, refuse, warn
from ltv_bayes.judgement.form.dates import days_in
from ltv_bayes.judgement.form.layout import INTERVAL, NAMES, PARAMETERS
from ltv_bayes.judgement.form.reading import Reading, picked, read_beliefs
from ltv_bayes.judgement.form.sheets import read_form
from ltv_bayes.language import _

USUAL = Reading()
FAR_SCALE = 30.0

OUTCOME = {"won": "Write for each whether it was won.", "amount": "Write the amount of each, blank where it was lost."}
KEPT = (
    "who",
    "probability",
    *INTERVAL,
    "family",
    *PARAMETERS,
    "won",
    "amount",
    "customer_id",
    "opportunity",
    "closed_on",
)
WON = ("1", "1.0", "true", "yes", "won", "是")
LOST = ("0", "0.0", "false", "no", "lost", "否")


def read_history(
    source: Any,
    by: str,
    reading: Reading = USUAL,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | int | None = None,
) -> pd.DataFrame:
    """Read closed judgements: one row each, with the expert, what was stated, and the outcome.

    Parameters
    ----------
    source : frame or path
    by : str
        The column that names who judged.
    reading : Reading
        How judgements are written.
    columns : mapping, optional
        The user's own name of a column, by ours.
    sheet : str or int, optional
        The sheet of a workbook.

    Returns
    -------
    pandas.DataFrame
        who (as text), probability, low, likely, high, family, amount_1 to amount_3, won (bool), amount (missing where
        it was lost), customer_id, opportunity and closed_on (missing where not given).

    Raises
    ------
    ColumnError
        If a column is missing.
    JudgementError
        If a judgement or its outcome contradicts itself. The message names the rows.

    Warns
    -----
    DataWarning
        If amounts won can hardly be counted in the unit of those stated, or a row of a named opportunity is there
        twice.
    """
    needed = {by: "Name the column that says who judged with by=.", **OUTCOME}
    ours = (by, *NAMES, *OUTCOME, "closed_on")
    stated = picked(read_form(source, sheet), columns or {}, ours, reading, needed=needed, what=_("closed judgements"))
    won = read_won(stated)
    closed = stated.assign(
        who=stated[by].astype(str).str.strip(),
        won=won,
        amount=amounts(stated, "amount", reading.amount_unit, reading.decimal),
        closed_on=days_in(stated, "closed_on", reading.date_format),
        **read_beliefs(stated, reading),
    )
    refuse(closed, blank(stated[by]), _("without {by!r}", by=by), _("Name who judged."))
    _refuse_outcomes(closed)
    _warn_of_units(closed)
    _warn_of_repeats(stated)
    return closed.assign(amount=closed["amount"].where(won))[list(KEPT)]


def closed_by(history: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Keep the judgements that were closed by a day.

    Raises
    ------
    JudgementError
        If some do not say when they were closed, or none was.
    """
    cure = _("Fill in the day on which each was won or lost, or leave these rows out.")
    refuse(history, history["closed_on"].isna(), _("of the record without closed_on, needed for as_of="), cure)
    closed = history[history["closed_on"] <= pd.Timestamp(day)]
    if closed.empty:
        raise JudgementError(
            _(
                "No judgement of the record was closed by {day}. Use judgements as stated until there is a record.",
                day=day,
            )
        )
    return closed


def closed_until(history: pd.DataFrame) -> dt.date | None:
    """The day on which the last judgement was closed; None where not all say when."""
    days = history["closed_on"]
    return None if days.isna().any() else days.max().date()


def closed_judgements(history: pd.DataFrame, interval: float) -> ClosedJudgements:
    """Lay out what was read as a model takes it; names in alphabetical order.

    An amount of another family counts as the log-normal one with the same median and the same interval.
    """
    names = tuple(sorted(history["who"].unique()))
    median, below, above = _as_log_normal(history, interval)
    return ClosedJudgements(
        names,
        history["who"].map({name: place for place, name in enumerate(names)}).to_numpy(dtype=np.int64),
        history["probability"].to_numpy(dtype=float),
        history["won"].to_numpy(dtype=bool),
        np.log(history["amount"].to_numpy(dtype=float) / median),
        below,
        above,
    )


def _as_log_normal(history: pd.DataFrame, interval: float) -> tuple[Array, Array, Array]:
    """Median of each stated amount, and sd of its logarithm on either side, from the ends of an interval."""
    parameters, tail = history[PARAMETERS].to_numpy(dtype=float), (1 - interval) / 2
    logs = np.empty((3, len(history)))
    for family in history["family"].unique():
        rows = (history["family"] == family).to_numpy()
        logs[:, rows] = [
            np.log(amount_quantiles(family, tuple(parameters[rows].T), level)) for level in (tail, 0.5, 1 - tail)
        ]
    low, median, high = logs
    edge = special.ndtri(1 - tail)
    return np.exp(median), (median - low) / edge, (high - median) / edge


def numbered_opportunities(history: pd.DataFrame) -> np.ndarray:
    """Number the opportunities, by customer and name; -1 where there is no name."""
    named = history["opportunity"].notna() & (history["opportunity"].astype(str).str.strip() != "")
    both = pd.Series(list(zip(history["customer_id"].astype(str), history["opportunity"].astype(str), strict=True)))
    return np.where(named, pd.factorize(both)[0], -1)


def _warn_of_units(closed: pd.DataFrame) -> None:
    """Warn where amounts won are so far from the stated ones that they are hardly counted in one unit."""
    won = closed[closed["won"]]
    ratio = float((won["amount"] / won["median"]).median())
    if ratio > 0:
        times = (
            _("{ratio} times", ratio=three_digits(ratio))
            if ratio > 1
            else _("1/{ratio} of", ratio=three_digits(1 / ratio))
        )
        compared = _("Amounts won are typically {times} those stated", times=times)
        cure = _("If not, convert the columns to one unit; amount_unit= counts for all of them.")
        warn_of_other_unit(ratio, FAR_SCALE, compared, cure, stacklevel=4)


def _warn_of_repeats(stated: pd.DataFrame) -> None:
    """Warn of rows that repeat another row of a named opportunity: they would count twice."""
    twice = stated.astype(str).duplicated() & ~blank(stated["opportunity"])
    problem = _("of the closed judgements that say the same of an opportunity as a row before")
    warn(stated, twice, problem, _("Each counts as a case; leave out what is there twice."), stacklevel=4)


def read_won(stated: pd.DataFrame, *, open_too: bool = False) -> pd.Series:
    """Read whether it was won, from yes or no in any of the usual words; blank where it may be open still."""
    words = stated["won"].astype(str).str.strip().str.lower()
    unknown = ~words.isin((*WON, *LOST)) & ~(blank(stated["won"]) & open_too)
    found = quoted(stated["won"], unknown.to_numpy())
    refuse(
        stated,
        unknown,
        _("with something else than yes or no in 'won' ({found})", found=found)
        if found
        else _("with something else than yes or no in 'won'"),
        _("Write 1 or 0, true or false, yes or no, 是 or 否; leave out what is still open."),
    )
    return words.isin(WON)


def _refuse_outcomes(closed: pd.DataFrame) -> None:
    """Refuse outcomes that cannot be, or from which nothing can be learned."""
    won, amount = closed["won"], closed["amount"]
    refuse(closed, won & amount.isna(), _("won without an amount"), _("Fill in its amount."))
    refuse(
        closed, won & (amount <= 0), _("won with an amount of 0 or less"), _("Correct the amount, or write it as lost.")
    )
    paid = ~won & amount.notna() & (amount != 0)
    refuse(closed, paid, _("lost, but with an amount"), _("Leave the amount blank, or write it as won."))
    sure = (closed["family"] == LOG_NORMAL) & (closed[["amount_2", "amount_3"]].min(axis=1) <= 0)
    cure = _("No factor widens such an interval. Give the one that was meant, or leave these rows out.")
    refuse(closed, won & (closed["low"] == closed["high"]), _("with low equal to high"), cure)
    refuse(closed, won & sure, _("with an interval that has no width on one side of its middle"), cure)
