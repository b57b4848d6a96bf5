"""The columns of a log of orders that stays where it is, and what its rows must not be."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ltv_bayes.data.engine.duckdb import text_literal
from ltv_bayes.data.engine.parquet import id_column, number_column
from ltv_bayes.data.orders.transactions import warn_of_counts, warn_of_null_ids
from ltv_bayes.data.reading.amounts import INFINITE, NO_MONEY
from ltv_bayes.data.reading.ids import BLANKS, MISSING_WORDS
from ltv_bayes.errors import ColumnError, InputError, rows_at_fault
from ltv_bayes.language import _
from ltv_bayes.sizes import LARGEST_AMOUNT, NAMED_ROWS, SMALLEST_AMOUNT

FAULTS = {
    "customer IS NULL": (_("without a customer id"), _("Fill in the id, or leave such rows out of the file.")),
    "date IS NULL": (_("without a date"), _("Fill in the date, or leave such rows out of the file.")),
    "amount IS NULL": (_("without an amount"), _("Fill in the amount, 0 for a free order.")),
    "NOT isfinite(amount)": (INFINITE, _("Correct the amount.")),
    f"isfinite(amount) AND amount <> 0 AND abs(amount) NOT BETWEEN {SMALLEST_AMOUNT!r} AND {LARGEST_AMOUNT!r}": (
        NO_MONEY,
        _("Correct the amount."),
    ),
    "stream IS NULL": (_("without a stream"), _("Fill in which stream the order belongs to.")),
}

LIKE_NULL = f"CAST(customer AS VARCHAR) IN ({', '.join(map(text_literal, MISSING_WORDS))})"
"""Ids that look like a missing value written out: they would become one huge customer."""
Ask = Callable[[str], pd.DataFrame]
"""Answers a question in SQL about the table ``log``."""


def order_columns(types: Mapping[str, str], given: Mapping[str, str | None], factor: float, day: str) -> dict[str, str]:
    """Write the columns of orders into SQL.

    Parameters
    ----------
    types : mapping
        Columns with their types.
    given : mapping
        The user's column for each of customer, date, amount and stream; None for one that is not there.
    factor : float
        What 1 in the column of amounts is worth.
    day : str
        SQL for the day of an order.
    """
    amount, stream = given["amount"], given["stream"]
    money = "CAST(NULL AS DOUBLE)"
    if amount is not None:
        money = f"{number_column(types, amount, 'amount')} * CAST({factor!r} AS DOUBLE)"
    columns = {"customer": id_column(types, str(given["customer"]), "customer", BLANKS), "date": day, "amount": money}
    if stream is not None:
        columns["stream"] = f"CAST({id_column(types, stream, 'stream', BLANKS)} AS VARCHAR)"
    return columns


def require_days(types: Mapping[str, str], name: str) -> None:
    """Raise if a column holds neither dates nor moments.

    Raises
    ------
    ColumnError
        With what it holds.
    """
    kind = types[name]
    if kind != "DATE" and not kind.startswith("TIMESTAMP"):
        cure = _("Convert it to dates where it is, or read it with read_transactions.")
        raise ColumnError(_("The column {name!r} holds {kind}, not dates. {cure}", name=name, kind=kind, cure=cure))


def check_log(ask: Ask, given: Mapping[str, str | None], name: str) -> None:
    """Refuse rows that are no orders, and warn of what looks like none.

    Parameters
    ----------
    given : mapping
        As in `order_columns`.
    name : str
        What the log is called in messages.

    Raises
    ------
    InputError
        If there are no rows, or some have no id, date, amount or stream; the message names the rows.
    """
    absent = [column for column, there in given.items() if there is None]
    faults = {rule: words for rule, words in FAULTS.items() if not any(column in rule for column in absent)}
    rules = [*faults, LIKE_NULL]
    counts = ", ".join(f"count(CASE WHEN {rule} THEN 1 END) AS rows_{at}" for at, rule in enumerate(rules))
    total, *numbers, like_null = map(int, ask(f"SELECT count(*) AS number, {counts} FROM log").iloc[0])
    if not total:
        cure = _("Export it again, with at least one row.")
        raise InputError(_("{files} has a header but no rows. {cure}", files=name, cure=cure))
    sentences, rows = [], []
    for (rule, words), number in zip(faults.items(), numbers, strict=True):
        if number:
            found = first_rows(ask, rule)
            sentences.append(rows_at_fault(found, "row", *words, number=number))
            rows += found
    if sentences:
        raise InputError(" ".join(sentences), rows)
    if like_null:
        sql = f"SELECT DISTINCT customer FROM log WHERE {LIKE_NULL} ORDER BY customer"
        warn_of_null_ids(ask(sql)["customer"].tolist(), first_rows(ask, LIKE_NULL), like_null, stacklevel=4)
    days = ask("SELECT DISTINCT date FROM log")["date"]
    warn_of_counts(pd.to_datetime(days), total, stacklevel=4)


def first_rows(ask: Ask, rule: str) -> list[Any]:
    """Name the first orders in the table ``log`` for which a rule holds."""
    return ask(f"SELECT row FROM log WHERE {rule} LIMIT {NAMED_ROWS}")["row"].tolist()
