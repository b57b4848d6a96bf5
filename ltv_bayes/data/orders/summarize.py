"""Orders to customers: a transaction log becomes one row a customer."""

import datetime as dt
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.attributes import join_attributes
from ltv_bayes.data.customers.check import COMPUTED, FIRST_ORDER, FIRST_VALUE, SPEND_AGE
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.dates import customer_dates, starts_until
from ltv_bayes.data.customers.files import open_customers
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.data.engine.parquet import parquet_target
from ltv_bayes.data.orders.left_out import no_orders
from ltv_bayes.data.orders.occasions.in_memory import customer_rows
from ltv_bayes.data.orders.scanned import FilesOfOrders, OrdersElsewhere, ScannedTransactions, scan_transactions
from ltv_bayes.data.orders.selection import Returns, counting_orders, observation_end, refuse_none_left
from ltv_bayes.data.orders.summarize_files import left_out_beside, summarize_to_file
from ltv_bayes.data.orders.transactions import DROPPED_COLUMNS, Transactions, count_by_reason, refuse_choice
from ltv_bayes.data.reading.by_day import levels_by_day
from ltv_bayes.data.reading.ids import alike
from ltv_bayes.data.warehouses.orders import is_elsewhere
from ltv_bayes.data.warehouses.summarize import summarize_there
from ltv_bayes.errors import InputError, refuse_rows
from ltv_bayes.language import N_, _, sentences
from ltv_bayes.time_units import DAYS_PER_UNIT, as_time_unit


def summarize(
    orders: Any,
    *,
    time_unit: str = "week",
    as_of: Any = None,
    attributes: Any = None,
    zero_orders: Literal["count", "drop"] = "count",
    returns: Returns = "net",
    since: Any = None,
    price_index: Any = None,
    to: str | os.PathLike[str] | None = None,
    **columns: Any,
) -> Customers:
    """Turn a transaction log into one row a customer.

    All orders of one customer on one day are one purchase, worth the day's net amount; `Customers.merged_orders` counts
    those merged. Time is counted in whole days, in hours too: 24 a day. A day with nothing but returns
    is no purchase, but lowers total_value.

    Parameters
    ----------
    orders : Transactions, ScannedTransactions or pyspark.sql.DataFrame
        What :func:`ltv_bayes.read_transactions` or :func:`ltv_bayes.scan_transactions` returns; or a data frame of
        Spark, whose columns ``columns`` name.
    time_unit : str
        Unit of recency and T: hour, day, week, month, quarter or year.
    as_of : date, optional
        The day on which observation ends; later orders are left out, which cuts a calibration period. The day of the
        last order if not given.
    attributes : path or frame, optional
        One row a customer, anything that :func:`ltv_bayes.read_table` reads; ids in a column called customer_id or
        as in the orders.
    zero_orders : {"count", "drop"}
        Whether a day with an order but a net amount of zero or less is a purchase. It never enters monetary_value.
    returns : {"net", "ignore", "error"}
        Set negative amounts against the same day's orders, leave them out altogether, or refuse them.
    since : mapping, Series, path or frame, optional
        The day from which each customer could have ordered, such as the installation of the equipment: a mapping from
        ids, a series indexed by id, or a table with a column ``since``. The clock then starts there: frequency counts
        all order days after that day, recency runs from it to the last order, T from it to ``as_of``, and
        monetary_value is the mean of all order days after it. Orders on the day itself belong to the installation:
        they are in total_value, not in frequency. Customers without orders are there too; those with a day after
        ``as_of`` are in ``without_orders``. For orders that were read, not scanned from files. For orders in Spark or a
        database it is a data frame or the name of a table there; those with a day after ``as_of`` are left out.
    price_index : mapping, Series, path or frame, optional
        Levels of a price index by date, a table with the columns ``date`` and ``level``: monetary_value is then the
        mean in prices of ``as_of``, and spend_age is 0. first_value and total_value stay as they were paid;
        first_order_value is the first order in prices of ``as_of``. Between two dates the logarithm of the level is on
        a straight line; after the last, the last level holds. For orders that were read, not scanned. Prices after
        ``as_of`` are a matter of ``GammaGamma(price_growth=)``.
    to : path, optional
        A Parquet file to write the customers to, ``"customers.parquet"``, needed for orders that were scanned. The
        customers then live in that file, and :meth:`Customers.scan` opens it again. Orders left out, if there are any,
        are written beside it, to ``"customers.left_out.parquet"``. A file there is replaced when the new one is whole.

    **columns : optional
        For a data frame of Spark, what :func:`ltv_bayes.scan_transactions` takes: customer, date, amount, currency,
        time_zone.

    Returns
    -------
    Customers
        The table, with the orders left out and why. Of orders in Spark or a database the customers stay there, for the
        session; counts alone come here.

    Raises
    ------
    InputError
        If orders are dated in the future, ``as_of`` lies before the first order, or no purchase is left; if customers
        ordered before their day in ``since``, or have none; if orders are before ``price_index`` begins.

    Examples
    --------
    >>> from ltv_bayes.data.exports.read_orders import read_transactions
    >>> log = pd.DataFrame({"customer_id": ["Ada"] * 2, "date": ["1997-01-01", "1997-01-15"], "amount": [10.0, 20.0]})
    >>> summarize(read_transactions(log), as_of="1997-01-29").table[["frequency", "recency", "T", "monetary_value"]]
                 frequency  recency    T  monetary_value
    customer_id
    Ada                  1      2.0  4.0            20.0

    The same customer, seen from the day on which their machine was installed, beside one who never ordered:

    >>> installed = {"Ada": "1996-12-25", "Bo": "1997-01-08"}
    >>> found = summarize(read_transactions(log), as_of="1997-01-29", since=installed)
    >>> found.table[["frequency", "recency", "T", "monetary_value"]]
                 frequency  recency    T  monetary_value
    customer_id
    Ada                  2      3.0  5.0            15.0
    Bo                   0      0.0  3.0             NaN
    """
    if columns or is_elsewhere(orders):
        orders = scan_transactions(orders, **columns)
    _refuse_settings(orders, zero_orders, returns)
    count_zero = zero_orders == "count"
    target = None if to is None else parquet_target(to)
    source = orders.source if isinstance(orders, ScannedTransactions) else None
    if isinstance(source, OrdersElsewhere):
        _refuse_in_files(None, price_index)
        _refuse_attributes(attributes)
        kept = summarize_there(
            orders.query,
            source.engine,
            currency=orders.currency,
            time_unit=as_time_unit(time_unit),
            as_of=as_of,
            count_zero_orders=count_zero,
            returns=returns,
            since=since,
            customer_column=orders.customer_column,
        )
        return kept if target is None else _moved(kept, target)
    if isinstance(source, FilesOfOrders):
        _refuse_in_files(since, price_index)
        return summarize_to_file(
            orders,
            source,
            to,
            time_unit=as_time_unit(time_unit),
            as_of=as_of,
            attributes=attributes,
            count_zero_orders=count_zero,
            returns=returns,
        )
    unit, end = as_time_unit(time_unit), _observation_end(orders.table, as_of)
    log, starts = _written_alike(orders, since)
    counting, left_out = counting_orders(log, end, returns)
    there, later = (None, pd.Series()) if starts is None else starts_until(starts, counting, end)
    rows_of = partial(customer_rows, days_per_unit=DAYS_PER_UNIT[unit], count_zero_orders=count_zero, since=there)
    table, no_occasion, merged, repeats, prices = rows_of(counting, end)
    if price_index is not None:
        real, prices = rows_of(at_prices_of(end, counting, price_index), end)[0], None
        ages = table[SPEND_AGE].where(table[SPEND_AGE].isna(), 0.0)
        of_day = {SPEND_AGE: ages, FIRST_ORDER: real[FIRST_VALUE]}
        table = table.assign(monetary_value=real["monetary_value"], **of_day)
    dropped = _joined([orders.dropped, *left_out, no_occasion])
    if table.empty:
        refuse_none_left(count_by_reason(dropped), dropped["row"])
    others = pd.DataFrame()
    if attributes is not None:
        column, taken = orders.customer_column, COMPUTED if starts is None else (*COMPUTED, "since")
        table, others = join_attributes(table, attributes, customer_column=column, taken=taken)
    known = _with_later(others, later)
    rows, days = FrameRows(table, repeats, prices), repeats.counts()
    customers = Customers(rows, unit, end, orders.currency, dropped, known, merged, days)
    return customers if target is None else _moved(customers, target)


def _moved(customers: Customers, target: Path) -> Customers:
    """The same customers, in a file."""
    return replace(customers, rows=open_customers(customers.save(target)), left_out=left_out_beside(target))


def _observation_end(orders: pd.DataFrame, as_of: Any) -> dt.date:
    """Find the day on which observation ends, of orders in memory."""
    dates = orders["date"]

    def after(day: dt.date) -> tuple[pd.Series, int]:
        late = dates > pd.Timestamp(day)
        return orders.loc[late, "row"], int(late.sum())

    return observation_end(dates.min().date(), dates.max().date(), as_of, after)


def _written_alike(orders: Transactions, since: Any) -> tuple[pd.DataFrame, pd.Series | None]:
    """Read since when customers could have ordered, with their ids and those of the orders written alike."""
    if since is None:
        return orders.table, None
    starts = customer_dates(since, "since", customer_column=orders.customer_column)
    ids, known = alike(pd.Index(orders.table["customer_id"]), starts.index)
    return orders.table.assign(customer_id=ids), starts.set_axis(known.rename("customer_id"))


def _with_later(others: pd.DataFrame, later: pd.Series) -> pd.DataFrame:
    """Add the customers who are not there yet to those without a row in the table."""
    if later.empty:
        return others
    if others.index.empty:
        return later.to_frame()
    known, ids = alike(others.index, later.index)
    return others.set_axis(known).join(later.set_axis(ids), how="outer").rename_axis("customer_id")


def _refuse_in_files(since: Any, price_index: Any) -> None:
    """Raise if scanned orders are to be counted from given days, or brought to prices of one day."""
    cure = N_("Read them into memory with read_transactions, or leave {name} out.")
    if since is not None:
        problem = _("Scanned orders are counted from each customer's first order.")
        raise InputError(sentences(problem, _(cure, name="since")))
    if price_index is not None:
        problem = _("Scanned orders are taken at the prices that were paid.")
        raise InputError(sentences(problem, _(cure, name="price_index")))


def _refuse_attributes(attributes: Any) -> None:
    """Raise if customers who stay where they are are to get attributes."""
    if attributes is not None:
        cure = _("Summarize to a file, to='customers.parquet', and join them there.")
        raise InputError(sentences(_("Attributes are joined to customers in memory or in a file."), cure))


def _refuse_settings(orders: Any, zero_orders: str, returns: str) -> None:
    """Raise if an argument is of the wrong kind."""
    if not isinstance(orders, Transactions | ScannedTransactions):
        cure = _("Read them with read_transactions first; a ready table goes to Customers.from_summary.")
        raise InputError(
            _("orders must be checked transactions, not {name}. {cure}", name=type(orders).__name__, cure=cure)
        )
    if isinstance(orders, Transactions) and not len(orders):
        cure = _("Customers who have open opportunities alone are listed by lb.all_customers(orders.opportunities).")
        raise InputError(_("There are no orders to summarize. {cure}", cure=cure))
    refuse_choice("zero_orders", zero_orders, ("count", "drop"))
    refuse_choice("returns", returns, ("net", "ignore", "error"))


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put lists of orders left out one below the other."""
    filled = [part[list(DROPPED_COLUMNS)] for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else no_orders()


def at_prices_of(day: dt.date, orders: pd.DataFrame, price_index: Any) -> pd.DataFrame:
    """Orders with amounts in prices of a day.

    Between two dates of the index its logarithm is on a straight line; after the last, the last level holds.

    Parameters
    ----------
    orders : pandas.DataFrame
        With the columns date and amount.
    price_index : mapping, Series, path or frame
        Levels by date, or a table with the columns ``date`` and ``level``.

    Raises
    ------
    InputError
        If it cannot be read, or orders, or the day, are before its first date.

    Examples
    --------
    >>> orders = pd.DataFrame({"date": pd.to_datetime(["2023-01-01", "2024-01-01"]), "amount": [95.0, 50.0]})
    >>> at_prices_of(dt.date(2024, 1, 1), orders, {"2023-01-01": 95, "2024-01-01": 100})["amount"].round(6).tolist()
    [100.0, 50.0]
    """
    index = levels_by_day(price_index, "price_index", "level")
    first, dates = index.index[0], orders["date"].dt.normalize()
    early = orders.loc[dates < first, "row"] if "row" in orders else orders.index[dates < first]
    if len(early) or pd.Timestamp(day) < first:
        refuse_rows(
            early,
            "order",
            _("before price_index begins ({first})", first=first.date()),
            _("Let the index begin earlier."),
        )
        raise InputError(
            _("price_index begins on {first}, after {day}. Let it begin earlier.", first=first.date(), day=day)
        )
    known, logs = index.index.to_numpy("datetime64[D]").astype(float), np.log(index.to_numpy())
    on_day = np.interp(dates.to_numpy("datetime64[D]").astype(float), known, logs)
    now = float(np.interp(float(np.datetime64(day, "D").astype(np.int64)), known, logs))
    return orders.assign(amount=orders["amount"] * np.exp(now - on_day))
