"""An export of orders, whatever system wrote it, to a log that can be trusted."""

import warnings
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.currencies import Rates, currencies_of, in_one_currency, sign_of_yen
from ltv_bayes.data.exports.opportunities import decided_opportunities, open_opportunities
from ltv_bayes.data.exports.roles import AUTO, Roles, find_roles
from ltv_bayes.data.exports.rows import Rows
from ltv_bayes.data.exports.stated_units import currency_beside, header_with_unit, refuse_sheets_of_currencies
from ltv_bayes.data.exports.status import Keep, Status
from ltv_bayes.data.exports.total_rows import last_adds_up
from ltv_bayes.data.orders.read_report import KEPT, ReadReport, rows_by_reason
from ltv_bayes.data.orders.transactions import (
    Transactions,
    as_streams,
    left_out_line,
    refuse_choice,
    warn_of_counts,
    warn_of_null_ids,
)
from ltv_bayes.data.reading.amounts import Amounts, read_amounts
from ltv_bayes.data.reading.columns import refuse_one_column_for_two, with_index_levels, with_plain_columns
from ltv_bayes.data.reading.dates import read_days
from ltv_bayes.data.reading.faults import Fault, at_fault, quoted, refuse, with_errors_named
from ltv_bayes.data.reading.files import Source, read_source
from ltv_bayes.data.reading.ids import as_ids, final_ids, looks_missing
from ltv_bayes.errors import DataWarning, InputError, counted, refuse_rows
from ltv_bayes.formatting import visible
from ltv_bayes.language import N_, _, as_known

EARLIEST, YEARS_AHEAD = 1950, 100
SAID_BY = (N_("argument"), N_("header"), N_("cells"), N_("text beside the table"))
"""Where the unit of amounts stands."""
BESIDE = _("the text beside the table")
NO_ORDER = _("If rows are left out by their status and are orders, keep='all' keeps them.")
DROP = _("Or leave such rows out with bad_rows='drop'.")


def read_transactions(
    source: Any,
    *,
    customer: str = AUTO,
    date: str = AUTO,
    amount: str | None = AUTO,
    order_id: str | None = AUTO,
    stream: str | None = None,
    preset: str | None = None,
    keep: Keep = None,
    lines: Literal["auto", "add", "once"] = "auto",
    repeated_rows: Literal["auto", "keep", "drop"] = "auto",
    currency: str | None = None,
    rates: Rates = None,
    date_format: str | None = None,
    time_zone: str | None = None,
    decimal: str | None = None,
    amount_unit: float | str | None = None,
    bad_rows: Literal["error", "drop"] = "error",
    sheet: str | int | list[str | int] | None = None,
    header: int | list[int] | None = None,
    encoding: str | None = None,
) -> Transactions:
    """Read an export of orders, as a CRM or a spreadsheet writes it.

    Parameters
    ----------
    source : path or frame
        Anything that :func:`ltv_bayes.read_table` reads.
    customer, date, amount : str
        The names of the columns; ``"auto"`` finds them by the names that exports usually have, whole, and refuses to
        choose where several may be meant. ``amount=None`` for a log without money.
    order_id : str, optional
        The name of the column with the number of an order, where an order may have several rows; ``"auto"`` finds it.
    stream : str, optional
        The name of a column that says which stream an order belongs to, such as equipment, consumables or service;
        :meth:`Transactions.stream` then gives the orders of one of them.
    preset : {"salesforce", "hubspot", "fxiaoke", "jiandaoyun", "shopify"}, optional
        The system that wrote the export, whose names of columns then go before others'.
    keep : mapping or "all", optional
        Which rows are orders: words by column, as in ``{"Status": ["Paid", "Shipped"]}``; ``"all"`` for every row. What
        it does not mention is decided by the words that are known: won and valid rows are kept; void, lost, refunded
        and draft ones are left out and counted; open ones are in ``opportunities``.
    lines : {"auto", "add", "once"}
        Whether amounts of several rows of one order are those of lines, or its total on each. ``"auto"`` takes one
        total where all of at least three such orders have but one amount each, adds where most have several, and asks
        otherwise.
    repeated_rows : {"auto", "keep", "drop"}
        What to do with rows of which every cell is that of another; ``"auto"`` leaves them out where the log has order
        numbers, and otherwise keeps them and warns.
    currency : str, optional
        What amounts are counted in, or are to be converted to; "JPY" says that ¥ is the sign of yen, not of yuan.
    rates : mapping or table, optional
        What 1 of each other currency is worth in ``currency``: ``{"USD": 7.1}``, or a table with the columns currency,
        date and rate, of which the last rate on or before an order's day counts.
    date_format : str, optional
        How dates are written, in the letters of ``strptime``; ``"excel"`` for day numbers.
    time_zone : str, optional
        Where the days are, as in ``"Asia/Shanghai"``, if times are written in another zone or counted from 1970.
    decimal : {".", ","}, optional
        The decimal mark of amounts in text; decided for the column where not given.
    amount_unit : float or str, optional
        What 1 in the column is worth, as in 1000, ``"万元"`` or ``"亿"``; the column's name may say it too.
    bad_rows : {"error", "drop"}
        Whether a row that cannot be read stops the work or is left out, counted and kept in ``dropped``.
    sheet, header, encoding : optional
        As in :func:`ltv_bayes.read_table`.

    Returns
    -------
    Transactions
        Ids as written (numbers of a frame stay numbers), days, and amounts; ``report`` says what was read and what was
        left out, and that the amounts of the file are those kept and those left out.

    Raises
    ------
    ColumnError
        If a column is not there, or several may be meant; the message has the calls to choose from.
    InputError
        If rows cannot be read, naming them; if the order of day and month is open, a status has words that are not
        known, or amounts are in several currencies.

    Warns
    -----
    DataWarning
        If a column looks like a status, ids look like NULL, rows repeat others, or look like counts of months or weeks.

    Examples
    --------
    >>> log = {
    ...     "客户": ["Ada", "Bo", "Bo"],
    ...     "日期": ["1997/1/1", "1997年1月12日", "1997-02-01"],
    ...     "金额": [1200, 350, 90],
    ... }
    >>> read_transactions(pd.DataFrame(log | {"状态": ["已完成", "已完成", "作废"]}), currency="CNY")
    2 orders of 2 customers, 1997-01-01 to 1997-01-12, total 1,550.00 CNY (the pandas DataFrame)
    left out: 1 row (by status: void)
        customer_id       date    amount
    row
    0           Ada 1997-01-01  1,200.00
    1            Bo 1997-01-12    350.00
    """
    for argument, value, known in (
        ("bad_rows", bad_rows, ("error", "drop")),
        ("lines", lines, ("auto", "add", "once")),
        ("repeated_rows", repeated_rows, ("auto", "keep", "drop")),
    ):
        refuse_choice(argument, value, known)
    for argument, given in (("customer", customer), ("date", date)):
        if given is None:
            raise InputError(_("{argument}=None is no column. Name it, or leave {argument}= out.", argument=argument))
    if not isinstance(currency, str | None):
        raise InputError(
            _("currency={currency!r} is no currency. Write its code, as in currency='CNY'.", currency=currency)
        )
    named: dict[str, Any] = {
        "customer": customer,
        "date": date,
        "amount": amount,
        "order_id": order_id,
        "stream": stream,
    }
    for argument, name in named.items():
        if isinstance(name, list | tuple | set | dict):
            raise InputError(
                _("{argument}={name!r} names several columns. Pass the name of one.", argument=argument, name=name)
            )
    refuse_one_column_for_two(**{role: name for role, name in named.items() if name != AUTO})
    found = read_source(source, sheet=sheet, header=header, encoding=encoding)
    found = replace(found, frame=with_plain_columns(with_index_levels(found.frame)))
    roles = find_roles(found.frame, named, preset, below=found.header_row)
    amounts = roles.cells(found.frame, "amount")
    money = _money(amounts, roles, found, decimal, amount_unit)
    rows = Rows.of(found, roles, money.values)
    status = rows.leave_out_no_orders(keep)
    zone = time_zone or (roles.preset.time_zone if roles.preset else None)
    cells = rows.cells(stream)
    if cells.empty and not rows.is_open.any():
        left_out = rows_by_reason(rows.reason, rows.reasons, money.values)["rows"].drop(KEPT)
        raise InputError(
            _(
                "No row of {name} is an order: {left_out_line}. {no_order}",
                name=found.name,
                left_out_line="; ".join(left_out_line(left_out)),
                no_order=NO_ORDER,
            )
        )
    if roles.preset is not None and roles.preset.several_in_a_cell:
        _refuse_several_customers(cells["customer_id"], roles.preset.several_in_a_cell)
    when: dict[str, Any] = {"date_format": date_format, "time_zone": zone, "first_year": found.first_year}
    days = read_days(cells["date"], **when, past=True)
    ids, no_id = as_ids(cells["customer_id"])
    streams, no_stream = ({}, []) if stream is None else _streams(cells)
    no_money = [replace(fault, at=rows.kept_of(fault.at)) for fault in money.faults]
    no_money = [] if amount is None else with_errors_named(no_money, rows.kept_of(amounts), _("an amount"))
    faults = [no_id, *days.faults, _far_from_today(days.days, cells["date"]), *no_money, *no_stream]
    usable = ~at_fault(faults, len(cells))
    if bad_rows == "error" or not usable.any():
        refuse(faults, cells.index, DROP if bad_rows == "error" else _("No row is left."))
    columns = {"customer_id": ids, "date": days.days, "amount": rows.kept_of(money.values), **streams}
    columns = {name: column.set_axis(cells.index) for name, column in columns.items()}  # labels may be there twice
    log = pd.DataFrame({"row": cells.index, **columns}, index=cells.index, copy=False)
    log = log if usable.all() else log[usable]
    rows.leave_out_faults(faults)
    yen, about_yen, shown = _currencies(rows, money, found, currency, rates)
    in_one, paid_in, converted = in_one_currency(log["amount"], shown, log["date"], currency, rates)
    log = log.assign(amount=in_one)
    if paid_in is None and money.unit is not None:
        paid_in = money.unit.currency or None
    stays, twice, about_repeats = rows.leave_out_repeats(log, lines, repeated_rows)
    log = (log if stays.all() else log[stays]).reset_index(drop=True)
    log = log.assign(customer_id=final_ids(log["customer_id"]))
    opportunities = open_opportunities(rows, money, when, currency, rates, yen)
    decided = decided_opportunities(rows, log, when)
    _warn(log, status, twice if repeated_rows == AUTO else 0)
    report = ReadReport(
        source=found.name,
        form=found.form,
        encoding=found.encoding,
        sheets=found.sheets,
        header_row=found.header_row,
        rows=rows_by_reason(rows.reason, rows.reasons, money.values),
        mapping=roles.mapping(),
        system=roles.preset.title if roles.preset else None,
        status=status.counts,
        unit=_unit_in_words(money),
        currency=paid_in,
        converted=bool(converted),
        orders=log,
        notes=(*found.notes, *days.notes, *money.notes, *filter(None, (about_yen, converted)), *about_repeats),
    )
    name = str(roles.columns["customer"])
    return Transactions(log, rows.dropped(stream), paid_in, found.name, name, report, opportunities, decided)


def _money(
    amounts: pd.Series, roles: Roles, found: Source, decimal: str | None, amount_unit: float | str | None
) -> Amounts:
    """Read the amounts, with a unit that their header states or the text beside the table."""
    name, header = str(amounts.name), header_with_unit(roles, found, amount_unit)
    money = read_amounts(amounts, decimal=decimal, unit=amount_unit, header=header)
    if money.unit is None or header in (None, name):
        return money
    notes = (note.replace(str(header), name).replace("as the name says", f"as {BESIDE} says") for note in money.notes)
    return replace(money, unit=replace(money.unit, source=BESIDE.removeprefix("the ")), notes=tuple(notes))


def _unit_in_words(money: Amounts) -> str | None:
    """The unit of amounts, and where it stands."""
    if money.unit is None:
        return None
    return _("{word}, as the {source} says", word=money.unit.word, source=as_known(money.unit.source))


def _currencies(
    rows: Rows, money: Amounts, found: Source, currency: str | None, rates: Rates
) -> tuple[str, str, pd.Series | None]:
    """What ¥ is the sign of, a note about it, and the currency of each order, None where nothing shows any."""
    beside, column = currency_beside(found), rows.roles.columns.get("currency")

    def named(at: np.ndarray) -> pd.Series | None:
        return _everywhere(beside, rows.raw.index, at) if column is None else rows.filled[column][at]

    read, kept = rows.kept | rows.is_open, rows.kept
    yen, about_yen = sign_of_yen(named(read), money.shown(read), currency, rates)
    if named(kept) is None:
        refuse_sheets_of_currencies(found.sheets)
    shown = currencies_of(named(kept), money.shown(kept), yen)
    stated = money.unit.currency if money.unit is not None else ""
    if currency is not None and stated and (shown is None or not shown.astype(bool).any()):
        shown = _everywhere(stated, rows.raw.index, kept)  # 元 in the header, where nothing else shows a currency
    return yen, about_yen, shown


def _everywhere(word: str, rows: pd.Index, at: np.ndarray) -> pd.Series | None:
    """A column of one word for some rows, if there is one."""
    return pd.Series(word, index=rows[at], name=word, dtype="str") if word else None


def _far_from_today(days: pd.Series, cells: pd.Series) -> Fault:
    """Days that no order has: a year mistyped, or counted from another beginning."""
    earliest, latest = pd.Timestamp(EARLIEST, 1, 1), pd.Timestamp.today() + pd.DateOffset(years=YEARS_AHEAD)
    at = ((days < earliest) | (days > latest)).to_numpy()
    problem = _(
        "with a date before {earliest} or more than {years_ahead} years ahead",
        earliest=EARLIEST,
        years_ahead=YEARS_AHEAD,
    )
    return Fault(at, problem, _("Correct the year."), quoted(cells, at))


def _refuse_several_customers(cells: pd.Series, mark: str) -> None:
    """Raise if a cell holds several customers, as systems write that relate an order to all of them."""
    several = (
        cells.astype("str").str.fullmatch(rf".*[^\s{mark}].*{mark}.*[^\s{mark}].*").to_numpy(dtype=bool, na_value=False)
    )
    shown = _(", such as {cells}", cells=quoted(cells, several)) if several.any() else ""
    cure = _("An order is one customer's: leave the one who pays in the cell.")
    refuse_rows(cells.index[several], "row", _("with several customers in one cell{shown}", shown=shown), cure)


def _streams(cells: pd.DataFrame) -> tuple[dict[str, Any], list[Fault]]:
    """Read which stream each order belongs to."""
    names, without = as_streams(cells["stream"])
    return {"stream": names}, [without]


def _warn(log: pd.DataFrame, status: Status, twice: int) -> None:
    """Warn of what may be wrong, though it can be read."""
    for column in status.looks_like:
        cure = _("If some are none, say which are: keep={{{column!r}: [...]}}; if all are, keep='all'.", column=column)
        _to_reader(
            _(
                "The column {column!r} looks like a status, and every row was read as an order. {cure}",
                column=column,
                cure=cure,
            )
        )
    if twice:
        problem = _(
            "{rows} of {number:,} in which every cell is that of another row",
            rows=counted(twice, "row"),
            number=len(log),
        )
        _to_reader(
            _(
                "{problem}: was the file exported twice? If so, pass repeated_rows='drop'; if not, "
                "repeated_rows='keep'.",
                problem=problem,
            )
        )
    if last_adds_up(log):
        shown = _("row {iloc} ({iloc_2})", iloc=log["row"].iloc[-1], iloc_2=visible(log["customer_id"].iloc[-1]))
        _to_reader(
            _(
                "The amount of {shown} is the sum of all rows above: is it a total? If so, take the row out.",
                shown=shown,
            )
        )
    if len(null := log[looks_missing(log["customer_id"])]):
        warn_of_null_ids(null["customer_id"].unique(), null["row"], len(null), stacklevel=4)
    warn_of_counts(log["date"], len(log), stacklevel=4)


def _to_reader(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
