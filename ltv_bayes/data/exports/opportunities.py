"""Rows of an export that are not decided yet: what may be sold, with which chance, and when."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.currencies import currencies_of
from ltv_bayes.data.exports.rows import Rows
from ltv_bayes.data.reading.amounts import Amounts
from ltv_bayes.data.reading.dates import read_days
from ltv_bayes.data.reading.ids import as_ids

COLUMNS = (
    "row",
    "customer_id",
    "customer_name",
    "opportunity",
    "stage",
    "probability",
    "amount",
    "currency",
    "expected_on",
)


def open_opportunities(rows: Rows, money: Amounts, when: Mapping[str, Any], yen: str = "CNY") -> pd.DataFrame | None:
    """The rows that are open by their status, as a table; None if no status says which are.

    Parameters
    ----------
    rows : Rows
        All rows.
    money : Amounts
        Their amounts.
    when : mapping
        How dates are read.
    yen : str
        What ¥ is the sign of where its row does not say it.

    Returns
    -------
    pandas.DataFrame
        One row an opportunity: row, customer_id, customer_name, opportunity (its number), stage, probability (between 0
        and 1), amount, currency and expected_on (a day); missing where the export does not say it.
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
    }
    table = pd.DataFrame({"row": frame.index})
    for name, column in texts.items():
        table[name] = None if column is None else as_ids(frame[column])[0].array
    table["probability"] = _chances(frame[columns["probability"]]) if "probability" in columns else np.nan
    table["amount"] = money.values[at].array
    currency = columns.get("currency")
    known = None if currency is None else frame[currency]
    table["currency"] = currencies_of(known, money.currencies[at], yen).array
    table["expected_on"] = read_days(frame[day], **when).days.array if len(frame) else pd.NaT
    return table[list(COLUMNS)]


def _chances(cells: pd.Series) -> np.ndarray:
    """Probabilities between 0 and 1; in percent where a cell says so or one is above 1."""
    texts = cells.astype("str").str.strip()
    signed = texts.str.endswith("%").to_numpy(dtype=bool, na_value=False)
    numbers = pd.to_numeric(texts.str.removesuffix("%"), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    percent = signed | (np.nanmax(numbers, initial=0.0) > 1)
    chances = np.where(percent, numbers / 100, numbers)
    return np.where((chances >= 0) & (chances <= 1), chances, np.nan)
