"""The pipeline in an export: opportunities that are open, and those that were decided."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.currencies import Rates, currencies_of, in_one_currency
from ltv_bayes.data.exports.order_lines import as_compared, blank_cells
from ltv_bayes.data.exports.rows import Rows
from ltv_bayes.data.exports.status import chances
from ltv_bayes.data.reading.amounts import Amounts
from ltv_bayes.data.reading.dates import read_days
from ltv_bayes.data.reading.ids import as_ids, final_ids
from ltv_bayes.errors import InputError

OPEN_COLUMNS = (
    "row",
    "customer_id",
    "customer_name",
    "opportunity",
    "stage",
    "owner",
    "probability",
    "amount",
    "currency",
    "expected_on",
    "date_as_written",
    "repeated",
)
DECIDED_COLUMNS = ("row", "customer_id", "opportunity", "won", "amount", "closed_on")
AT_THE_LAST_RATE = pd.Timestamp("2262-01-01")


def open_opportunities(
    rows: Rows, money: Amounts, when: Mapping[str, Any], currency: str | None, rates: Rates, yen: str = "CNY"
) -> pd.DataFrame | None:
    """The rows that are open by their status, as a table; None if no status says which are.

    Parameters
    ----------
    rows : Rows
        All rows.
    money : Amounts
        Their amounts.
    when : mapping
        How dates are read.
    currency, rates
        As in `read_transactions`: amounts are converted where rates are given, at the last rate by their date.
    yen : str
        What ¥ is the sign of where its row does not say it.

    Returns
    -------
    pandas.DataFrame
        One row an opportunity: row, customer_id, customer_name, opportunity (its number), stage, owner, probability
        (between 0 and 1), amount, currency (empty where nothing shows it), expected_on (a day), date_as_written, and
        repeated, whether every cell of the row is that of a row above; missing where the export does not say it.
    """
    if not rows.roles.statuses and "probability" not in rows.roles.columns:
        return None
    at, columns = rows.is_open, rows.roles.columns
    frame = rows.filled[at]
    stages = [column for column, kind in rows.roles.statuses.items() if kind == "stage"]
    day = columns.get("expected_on", columns.get("date"))
    texts = {
        "customer_id": columns["customer"],
        "customer_name": columns.get("customer_name"),
        "opportunity": columns.get("order_id"),
        "stage": next(iter([*stages, *rows.roles.statuses]), None),
        "owner": columns.get("owner"),
    }
    table = pd.DataFrame({"row": frame.index})
    for name, column in texts.items():
        table[name] = None if column is None else as_ids(frame[column])[0].array
    table["date_as_written"] = as_ids(frame[day].astype(object).map(_date_as_text, na_action="ignore"))[0].array
    table["repeated"] = as_compared(frame).duplicated().array
    table["probability"] = chances(rows.filled[columns["probability"]])[at] if "probability" in columns else np.nan
    known = columns.get("currency")
    table["amount"] = money.values[at].array
    shown = currencies_of(None if known is None else frame[known], money.shown(at), yen)
    table["currency"] = np.full(len(frame), "", dtype=object) if shown is None else shown.array
    table["expected_on"] = _days(rows.filled[day], when)[at].array if len(frame) else pd.NaT
    if rates is not None and len(table):
        days = table["expected_on"].fillna(AT_THE_LAST_RATE)
        amounts, paid_in, _ = in_one_currency(table["amount"], table["currency"], days, currency, rates)
        table = table.assign(amount=amounts, currency=paid_in)
    return table[list(OPEN_COLUMNS)]


def decided_opportunities(rows: Rows, log: pd.DataFrame, when: Mapping[str, Any]) -> pd.DataFrame | None:
    """Opportunities that were won or lost, one row each; None where the export has neither open nor lost ones.

    Parameters
    ----------
    rows : Rows
        All rows, after those that repeat others were left out.
    log : pandas.DataFrame
        The orders that are kept: row, customer_id, date and amount, in the order of the rows.
    when : mapping
        How dates are read.

    Returns
    -------
    pandas.DataFrame
        row, customer_id, opportunity (its number, missing where there is none), won, amount (of all lines; missing
        where it was lost) and closed_on.
    """
    lost = rows.is_lost
    if not (lost.any() or rows.is_open.any()):
        return None
    columns = rows.roles.columns
    number = columns.get("order_id")
    ids = None if number is None else as_ids(rows.filled[number])[0].astype(object)
    won = log.rename(columns={"date": "closed_on"}).assign(won=True)
    won["opportunity"] = None if ids is None else ids[rows.kept].array
    frame = rows.filled[lost]
    day = columns.get("date", columns.get("expected_on"))
    missed = pd.DataFrame({"row": frame.index, "won": False, "amount": np.nan})
    missed["customer_id"] = as_ids(frame[columns["customer"]])[0].array
    missed["opportunity"] = None if ids is None else ids[lost].array
    missed["closed_on"] = _days(rows.filled[day], when)[lost].array
    both = pd.concat([one[list(DECIDED_COLUMNS)].astype({"customer_id": object}) for one in (won, missed)])
    by_number = both[both["opportunity"].notna()].groupby("opportunity", sort=False)
    how = {"row": "first", "customer_id": "first", "won": "max", "closed_on": "max"}
    summed = by_number.agg(how).assign(amount=by_number["amount"].sum(min_count=1)).reset_index()
    found = pd.concat([summed[list(DECIDED_COLUMNS)], both[both["opportunity"].isna()]], ignore_index=True)
    return found.assign(customer_id=final_ids(as_ids(found["customer_id"])[0]))


def _date_as_text(cell: Any) -> Any:
    """A date that is no text as one, such as of a workbook; another cell as it is."""
    return str(cell).removesuffix(" 00:00:00") if isinstance(cell, dt.date) else cell


def _days(cells: pd.Series, when: Mapping[str, Any]) -> pd.Series:
    """The days of a column as a whole, missing where they cannot be read: a judgement then asks for them."""
    filled = cells[~blank_cells(cells)]
    days = pd.Series(pd.NaT, index=range(len(cells)), dtype="datetime64[us]")
    try:
        days[~blank_cells(cells)] = read_days(filled, **when).days.array
    except InputError:
        return days.set_axis(cells.index)
    return days.set_axis(cells.index)
