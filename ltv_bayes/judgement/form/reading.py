"""The columns of judgements: found by name, read, checked, opportunities named."""

import difflib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.other_tables import customer_column
from ltv_bayes.data.reading.amount_units import require_units_alike
from ltv_bayes.data.reading.ids import as_ids, final_ids
from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError, counted, listed, suggestion
from ltv_bayes.formulas.beliefs.amount_families import LOG_NORMAL
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.judgement.beliefs.amount_belief import require_family
from ltv_bayes.judgement.form.amounts import intervals, stated_amounts
from ltv_bayes.judgement.form.cells import blank, choices, in_unit_of_header, refuse, refuse_slip, shares, texts, warn
from ltv_bayes.judgement.form.chances import chances
from ltv_bayes.judgement.form.dates import stated_dates
from ltv_bayes.judgement.form.layout import AMOUNT, COLUMNS, CONFIRM, CONFIRMED, NAMES, RATING, RELATIONS, SCORED, WAYS
from ltv_bayes.language import _, _n
from ltv_bayes.time_units import UnitError, as_number

CHANCES = ("probability", "cases", "probability_low", "stage")
CLIENT = {"customer_id": "Name the column with customer_id=."}
OTHER_WAYS = {
    "probability": "Or give cases and of, an interval of the chance, or stages=.",
    "low": "Or give quartiles q25, q50 and q75, or mean and sd.",
}
AMOUNT_COLUMNS = {column.name for column in COLUMNS if column.kind == AMOUNT} | {"amount"}
NAMELESS_BY = ["expected_on", "probability", "low", "high", "likely", "q25", "q50", "q75", "mean", "sd"]
NAMELESS_BY += ["expected_from", "expected_to"]
NAMELESS_BY += [name for name in NAMES if name not in ("customer_id", "opportunity", *NAMELESS_BY)]
"""What nameless opportunities are put in order by: all that is stated, so that no tie is left to the order of rows."""


NEAR = 0.8
MOST_NAMED = 8
OUR_OWN = {"key", "chance_a", "chance_b", "amount_1", "amount_2", "amount_3", "median", "expected_value"}
OUR_OWN |= {"score", "raters", "unrated", "deal_size", "log_sd", "won", "amount"}
"""Columns of our own tables that say what follows from others."""


@dataclass(frozen=True)
class Reading:
    """How judgements are written.

    Attributes
    ----------
    interval : float
        Probability of an interval where a row does not state it.
    family : str
        Distribution of amounts where a row does not state it.
    stages : mapping, optional
        The chance of each stage.
    amount_unit : float or str, optional
        What 1 in the columns of amounts is worth.
    decimal : str
        The decimal mark in text.
    date_format : str, optional
        How dates are written.
    confirmed : bool
        Whether intervals, means and spreads that look like slips are meant.
    """

    interval: float = 0.8
    family: str = LOG_NORMAL
    stages: Mapping[str, Any] | None = None
    amount_unit: float | str | None = None
    decimal: str = "."
    date_format: str | None = None
    confirmed: bool = False

    def __post_init__(self) -> None:
        as_interval(self.interval, confirmed=self.confirmed)
        require_family(self.family)


def as_interval(interval: float, *, confirmed: bool = False) -> float:
    """Read the probability of an expert's interval."""
    value = as_number(interval, "interval")
    if not 0 < value < 1:
        raise UnitError(
            _("interval must lie between 0 and 1, not {interval!r}. Write 80% as interval=0.8.", interval=interval)
        )
    if not confirmed:
        refuse_slip(value, CONFIRM)
    return value


def own_names(
    raw: pd.DataFrame, customer_id: str, columns: Mapping[str, str] | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The user's own names of columns, by ours; where they name no customer, the column that exports call so.

    Returns
    -------
    dict
        The names.
    tuple of str
        What was found without being named, to be shown.

    Examples
    --------
    >>> own_names(pd.DataFrame({"客户编号": ["A"], "probability": [0.6]}), "customer_id", None)
    ({'customer_id': '客户编号'}, ("customers are those of the column '客户编号'",))
    """
    own = {"customer_id": customer_id} if customer_id != "customer_id" else {}
    names = {**own, **(columns or {})}
    if "customer_id" in names or "customer_id" in raw:
        return names, ()
    left = raw.drop(columns=[name for name in names.values() if name in raw])
    found = customer_column(left, "customer_id={!r}".format)
    if found is None:
        return names, ()
    return {**names, "customer_id": found}, (_("customers are those of the column {found!r}", found=found),)


def known_columns(raw: pd.DataFrame, names: Mapping[str, str], reading: Reading) -> pd.DataFrame:
    """Pick the columns by name, in one order; those that are absent become empty, and empty forms are left out.

    Parameters
    ----------
    raw : pandas.DataFrame
        As it was read.
    names : mapping
        The user's own name of a column, by ours.
    reading : Reading
        How judgements are written.
    """
    table = picked(raw, names, (*NAMES, RATING), reading)
    filled = ~np.logical_and.reduce([blank(cells) for name, cells in table.items() if name != "customer_id"])
    if not filled.any():
        raise JudgementError(_("There is no judgement in the table. Give at least one row."))
    return table[filled]


def picked(
    raw: pd.DataFrame,
    names: Mapping[str, str],
    ours: Iterable[str],
    reading: Reading,
    *,
    needed: Mapping[str, str] = CLIENT,
    what: str = "judgements",
) -> pd.DataFrame:
    """Take columns out of a table by the user's own names of them; those that are absent become empty.

    Parameters
    ----------
    raw : pandas.DataFrame
        As it was read.
    names : mapping
        The user's own name of a column, by ours.
    ours : iterable of str
        The columns to take, in this order.
    reading : Reading
        How judgements are written.
    needed : mapping
        What to do about a column that must be there, by its name.
    what : str
        What the rows are, in messages.

    Raises
    ------
    ColumnError
        If there is no such column.
    UnitError
        If the name of a column of amounts says another unit than is given, or one where another column says none.
    JudgementError
        If there is no row.

    Warns
    -----
    DataWarning
        If a column that is not read was perhaps meant to be, or amounts are in the unit that a column's name says.
    """
    ours = list(dict.fromkeys(ours))
    for name, own in names.items():
        if name not in ours:
            raise ColumnError(
                _(
                    "columns= names {name!r}, which is no column of {what}. {suggestion}",
                    name=name,
                    what=what,
                    suggestion=suggestion(name, ours),
                )
            )
        if own not in raw:
            raise _missing(own, raw, what, needed.get(name, _("columns= names it for {name!r}.", name=name)))
    found = {name: names.get(name, name) for name in ours if names.get(name, name) in raw}
    for name in _not_stated(found, needed, reading):
        raise _missing(names.get(name, name), raw, what, needed.get(name, _cure(name)))
    _warn_of_unread(raw, found, ours, named=bool(names.keys() - {"customer_id"}))
    if raw.empty:
        raise JudgementError(_("There are no {what} in the table. Give at least one row.", what=what))
    table = pd.DataFrame({name: raw.get(found.get(name)) for name in ours}).set_axis(raw.index)
    require_units_alike([own for name, own in found.items() if name in AMOUNT_COLUMNS], reading.amount_unit)
    for name in sorted(AMOUNT_COLUMNS & found.keys()):
        table[name] = in_unit_of_header(table[name], found[name], reading.amount_unit, reading.decimal)
    return table


def _warn_of_unread(raw: pd.DataFrame, found: Mapping[str, str], known: Iterable[str], *, named: bool) -> None:
    """Warn of headings that look like a misspelt column; of all that are not read, if columns were named by the user.

    Parameters
    ----------
    raw : pandas.DataFrame
        As it was read.
    found : mapping
        The user's own name of each column that is read, by ours.
    known : iterable of str
        Our names.
    named : bool
        Whether the user named the columns, so that none of the others is read by its own name.

    Warns
    -----
    DataWarning
        With the headings.
    """
    absent = [name for name in known if name not in found]
    unread = [heading for heading in map(str, raw.columns) if heading not in found.values() and _is_theirs(heading)]
    unread = [heading for heading in unread if not blank(raw[heading]).all()] if raw.columns.is_unique else unread
    meant = {heading: near[0] for heading in unread if (near := _near(heading, absent))}
    headings = unread if named else list(meant)
    if headings:
        shown = [
            _("{name!r} (did you mean {meant}?)", name=name, meant=meant[name]) if name in meant else repr(name)
            for name in headings
        ]
        warnings.warn(
            _n(
                "{columns} of the table is not read: {shown}. Name what they mean in columns=, as in "
                "columns={{'relation': 'your heading'}}, or leave them out of the table.",
                "{columns} of the table are not read: {shown}. Name what they mean in columns=, as in "
                "columns={{'relation': 'your heading'}}, or leave them out of the table.",
                len(headings),
                columns=counted(len(headings), "column"),
                shown=listed(shown, MOST_NAMED),
            ),
            DataWarning,
            stacklevel=4,
        )


def _is_theirs(heading: str) -> bool:
    return heading not in OUR_OWN and not heading.startswith(("stated_", "Unnamed:"))


def _near(heading: str, absent: Iterable[str]) -> list[str]:
    plain = "_".join(heading.lower().split()).replace("-", "_")
    return difflib.get_close_matches(plain, list(absent), n=1, cutoff=NEAR)


def _missing(name: str, raw: pd.DataFrame, what: str, cure: str) -> ColumnError:
    """What to raise for a column that is not there."""
    known = suggestion(name, map(str, raw.columns))
    return ColumnError(
        " ".join(filter(None, (_("The {what} have no column {name!r}.", what=what, name=name), cure, known)))
    )


def _cure(name: str) -> str:
    """What to do about a column that is missing."""
    own = _("If yours has another name, say it in columns=, as in columns={{{name!r}: 'your heading'}}.", name=name)
    return " ".join(filter(None, (own, OTHER_WAYS.get(name, ""))))


def _not_stated(found: Mapping[str, str], needed: Iterable[str], reading: Reading) -> list[str]:
    """Columns that are missing: of those needed, of the chance and of the amount."""
    missing = [name for name in needed if name not in found]
    if not any(name in found for name in CHANCES if name != "stage" or reading.stages is not None):
        missing.append("probability")
    ways = WAYS.values()
    if not any(name in found for way in ways for name in way):
        missing += ["low", "high"]
    elif not any(set(way) <= set(found) for way in ways):
        missing += [name for way in ways if set(way) & set(found) for name in way if name not in found][:1]
    return missing


def checked(stated: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Turn text into numbers and dates, refuse what contradicts itself, and give each judgement its distribution."""
    customer = _customers(stated)
    beliefs = read_beliefs(stated, reading)
    dates = stated_dates(stated, reading.date_format)
    words = {name: texts(stated[name]) for name in ("expert", "market", "stage")}
    words["relation"] = choices(stated, "relation", RELATIONS, _plain_relation)
    judged = _named(stated.assign(customer_id=customer, **beliefs, **dates, **words))
    _warn_of_certainty(judged)
    judged = judged.assign(mean=judged["mean_amount"]).drop(columns=["mean_amount", RATING])
    if reading.confirmed:
        judged = judged.assign(**{CONFIRMED: True})
    score = shares(stated, RATING, reading.decimal)
    return judged.assign(**{SCORED: score}) if score.notna().any() else judged


def refuse_shared(table: pd.DataFrame, shared: Mapping[str, float]) -> None:
    """Raise for correlations that cannot be, or of a column that the table does not have."""
    shares = [as_share(share, column) for column, share in shared.items()]
    if sum(shares) >= 1:
        raise JudgementError(
            _("Correlations of shared effects add up to {number:g}; they must stay below 1.", number=sum(shares))
        )
    for column in shared:
        if column not in table:
            raise ColumnError(
                _(
                    "The judgements have no column {column!r}. {suggestion}",
                    column=column,
                    suggestion=suggestion(column, table.columns),
                )
            )


def _customers(stated: pd.DataFrame) -> pd.Series:
    """Read the customer of each judgement, as ids of orders are read."""
    try:
        ids, _unused = as_ids(stated["customer_id"])
    except InputError as problem:
        raise JudgementError(f"customer_id: {problem}", problem.rows) from None
    refuse(stated, ids.isna(), _("without a customer"), _("Fill in customer_id."))
    return pd.Series(final_ids(ids), index=stated.index)


def read_beliefs(stated: pd.DataFrame, reading: Reading) -> dict[str, pd.Series]:
    """Read how sure each judgement is of its interval, the chance and the amount with its distribution."""
    interval = intervals(stated, reading.interval, reading.decimal, confirmed=reading.confirmed)
    chance = chances(stated, interval, reading.stages, reading.decimal)
    amount = stated_amounts(
        stated, interval, reading.family, reading.amount_unit, reading.decimal, confirmed=reading.confirmed
    )
    return {"interval": interval, **chance, **amount}


def _plain_relation(word: str) -> str:
    return word.lower().replace(" ", "_").replace("-", "_")


def _warn_of_certainty(judged: pd.DataFrame) -> None:
    problem = _("of the judgements stated as certain, with probability 0 or 1")
    cure = _(
        "They are so in every draw; only recalibration by a record doubts them, as it doubts 0.99 and "
        "0.01. If there is any doubt, state it."
    )
    warn(judged, judged["probability"].isin([0.0, 1.0]), problem, cure, stacklevel=2)


def _named(judged: pd.DataFrame) -> pd.DataFrame:
    """Name nameless opportunities by their content's order, so that the order of rows does not matter."""
    text = texts(judged["opportunity"])
    named = text.notna()
    judged = judged.assign(opportunity=text, key=("named " + text.astype(str)).where(named))
    refuse(
        judged,
        named & judged.duplicated(["customer_id", "opportunity"], keep=False),
        _("stating an opportunity of one customer more than once"),
        _("Keep one, or give them different names."),
    )
    nameless = judged.reset_index(drop=True)[~named.to_numpy()]
    number, several = pd.Series(1, index=nameless.index), nameless.duplicated("customer_id", keep=False)
    if several.any():
        ordered = nameless[several].sort_values(["customer_id", *NAMELESS_BY], kind="stable", key=_sortable)
        number[ordered.index] = ordered.groupby("customer_id").cumcount() + 1
    opportunity, key = (judged[name].to_numpy(dtype=object, copy=True) for name in ("opportunity", "key"))
    opportunity[number.index] = number.map("(unnamed {})".format)
    key[number.index] = number.map("nameless {}".format)
    return judged.assign(opportunity=opportunity, key=key)


def _sortable(column: pd.Series) -> pd.Series:
    return column.astype(str) if column.dtype == object else column
