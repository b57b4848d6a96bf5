"""Closed judgements: what experts stated, and what came of it, read and checked."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.closed_judgements import ClosedJudgements
from ltv_bayes.data.faults import quoted
from ltv_bayes.data.readers import read_table
from ltv_bayes.errors import ColumnError, JudgementError, suggestion
from ltv_bayes.formulas.amount_families import LOG_NORMAL
from ltv_bayes.formulas.elicit import log_normal_from_interval
from ltv_bayes.judgement.cells import amounts, refuse
from ltv_bayes.judgement.chances import chances
from ltv_bayes.judgement.columns import Reading
from ltv_bayes.judgement.form import NAMES
from ltv_bayes.judgement.stated_amounts import INTERVAL, stated_amounts

NEEDED = ("probability", "low", "high", "won", "amount")
OPTIONAL = ("likely", "customer_id", "opportunity")
COME = ("1", "1.0", "true", "yes", "won", "是")
LOST = ("0", "0.0", "false", "no", "lost", "否")


def read_history(source: Any, by: str, amount_unit: float | str | None = None) -> pd.DataFrame:
    """Read closed judgements: one row each, with who judged, what was stated, and what came.

    Parameters
    ----------
    source : frame or path
    by : str
        The column that says who judged.
    amount_unit : float or str, optional
        What 1 in the columns of amounts is worth.

    Returns
    -------
    pandas.DataFrame
        who (as text), probability, low, high, likely, won (bool), amount (missing where nothing came), customer_id and
        opportunity (missing where not given).

    Raises
    ------
    ColumnError
        If a column is missing.
    JudgementError
        If a judgement or its outcome contradicts itself. The message names the rows.
    """
    stated = _known_columns(read_table(source), by)
    won = _won(stated)
    closed = stated.assign(
        who=stated[by].astype(str).str.strip(),
        won=won,
        amount=amounts(stated, "amount", amount_unit, "."),
        **_beliefs(stated, amount_unit),
    )
    refuse(closed, stated[by].isna() | (closed["who"] == ""), f"without {by!r}", "Say who judged.")
    _refuse_outcomes(closed)
    return closed.assign(amount=closed["amount"].where(won))[["who", *NEEDED, *OPTIONAL]]


def closed_judgements(history: pd.DataFrame, interval: float) -> ClosedJudgements:
    """Lay out what was read as a model takes it; names in alphabetical order."""
    names = tuple(sorted(history["who"].unique()))
    median, below, above = log_normal_from_interval(
        history["low"], history["high"], history["likely"], interval=interval
    )
    return ClosedJudgements(
        names,
        history["who"].map({name: place for place, name in enumerate(names)}).to_numpy(dtype=np.int64),
        history["probability"].to_numpy(dtype=float),
        history["won"].to_numpy(dtype=bool),
        np.log(history["amount"].to_numpy(dtype=float) / median),
        below,
        above,
    )


def opportunities(history: pd.DataFrame) -> np.ndarray:
    """Number the opportunities, by customer and name; -1 where there is no name."""
    named = history["opportunity"].notna() & (history["opportunity"].astype(str).str.strip() != "")
    both = pd.Series(list(zip(history["customer_id"].astype(str), history["opportunity"].astype(str), strict=True)))
    return np.where(named, pd.factorize(both)[0], -1)


def _known_columns(raw: pd.DataFrame, by: str) -> pd.DataFrame:
    """Pick the columns by name; optional ones that are absent become empty."""
    for name in (by, *NEEDED):
        if name not in raw:
            own_name = " Name the column that says who judged with by=." if name == by else ""
            known = suggestion(name, map(str, raw.columns))
            raise ColumnError(f"The closed judgements have no column {name!r}.{own_name} {known}")
    if raw.empty:
        raise JudgementError("There is no closed judgement in the table. Give at least one row.")
    names = dict.fromkeys((by, *NEEDED, *OPTIONAL))
    return pd.DataFrame({name: raw.get(name) for name in names}).set_axis(raw.index)


def _beliefs(stated: pd.DataFrame, amount_unit: float | str | None) -> dict[str, pd.Series]:
    """Read chances and amounts as open judgements are read."""
    form = pd.DataFrame({name: stated.get(name) for name in NAMES}, index=stated.index)
    usual = pd.Series(Reading().interval, index=stated.index)
    chance = chances(form, usual, None, ".")["probability"]
    said = stated_amounts(form, usual, LOG_NORMAL, amount_unit, ".")
    return {"probability": chance, **{name: said[name] for name in INTERVAL}}


def _won(stated: pd.DataFrame) -> pd.Series:
    """Read whether it came, from yes or no in any of the usual words."""
    words = stated["won"].astype(str).str.strip().str.lower()
    unknown = ~words.isin((*COME, *LOST))
    found = quoted(stated["won"], unknown.to_numpy())
    refuse(
        stated,
        unknown,
        f"with something else than yes or no in 'won'{f' ({found})' if found else ''}",
        "Write 1 or 0, true or false, yes or no, 是 or 否; leave out what is still open.",
    )
    return words.isin(COME)


def _refuse_outcomes(closed: pd.DataFrame) -> None:
    """Refuse outcomes that cannot be, or from which nothing can be learned."""
    won, amount = closed["won"], closed["amount"]
    refuse(closed, won & amount.isna(), "won without an amount", "Fill in what it brought.")
    refuse(closed, won & (amount <= 0), "won with an amount of 0 or less", "Correct the amount, or write it as lost.")
    paid = ~won & amount.notna() & (amount != 0)
    refuse(closed, paid, "lost, but with an amount", "Leave the amount blank, or write it as won.")
    exact = won & (closed["low"] == closed["high"])
    cure = "No factor widens such an interval. Give the one that was meant, or leave these rows out."
    refuse(closed, exact, "with low equal to high", cure)
