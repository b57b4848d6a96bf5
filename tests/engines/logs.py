"""Logs of orders that are hard on an engine, and what customers made there are compared with."""

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ltv_bayes as lb


@dataclass(frozen=True)
class Log:
    """A log with its settings of summarize."""

    make: Any
    settings: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    exact: bool = True

    def frame(self):
        return self.make()

    def arrow(self):
        """As an engine is given it: days as days."""
        table = pa.Table.from_pandas(self.frame(), preserve_index=False)
        days = table.schema.get_field_index("date")
        return table.set_column(days, "date", table["date"].cast(pa.date32()))


def cdnow():
    return lb.samples.cdnow_orders().table[["customer_id", "date", "amount"]]


def drawn(seed, rows, *, ids="whole", amounts="cents"):
    """A log with skewed keys, several orders a day, returns, refunds and free orders."""
    rng = np.random.default_rng(seed)
    customer = np.minimum(rng.zipf(1.3, rows), 400)  # the first customer has a third of all orders
    date = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 400, rows), "D")
    money = {"cents": 2, "fractions": 12}[amounts]
    amount = np.round(rng.lognormal(3, 2, rows), money)
    amount[rng.random(rows) < 0.05] = 0.0
    back = (rng.random(rows) < 0.1) & (amount > 0)
    amount[back] = -amount[back]
    frame = pd.DataFrame({"customer_id": customer, "date": date.astype("datetime64[us]"), "amount": amount})
    refunds = (
        frame[frame["amount"] > 0].sample(frac=0.05, random_state=seed).assign(amount=lambda some: -some["amount"])
    )
    frame = pd.concat([frame, refunds], ignore_index=True)
    if ids == "text":
        frame["customer_id"] = frame["customer_id"].map(lambda one: f"  O'Neil \\ 客户 {one:03d}\t")
    return frame


def decimals():
    frame = drawn(4, 500)
    return frame.assign(amount=[Decimal(f"{one:.4f}") for one in frame["amount"] * 1.0001])


def without_money():
    return drawn(5, 500).drop(columns="amount")


def starts():
    """Since when the customers of a log with returns could have ordered, and of some who never did."""
    first = drawn(1, 3000).groupby("customer_id")["date"].min()
    rng = np.random.default_rng(6)
    since = first - pd.to_timedelta(rng.integers(0, 60, len(first)), "D")
    never = pd.Series(pd.to_datetime(["2023-05-01", "2029-01-01"]), index=[9001, 9002])
    return pd.concat([since, never]).rename("since").rename_axis("customer_id").astype("datetime64[us]")


def starts_as_table():
    table = pa.Table.from_pandas(starts().reset_index(), preserve_index=False)
    return table.set_column(1, "since", table["since"].cast(pa.date32()))


WEEKS = {"time_unit": "week"}
LOGS = {
    "cdnow": Log(cdnow, WEEKS | {"as_of": "1997-09-30"}),
    "netted": Log(lambda: drawn(1, 3000), {"time_unit": "month"}),
    "free_left_out": Log(lambda: drawn(1, 3000), {"time_unit": "day", "zero_orders": "drop"}),
    "ignored": Log(lambda: drawn(2, 3000, ids="text"), WEEKS | {"returns": "ignore", "as_of": "2023-10-01"}),
    "fractions": Log(lambda: drawn(3, 3000, amounts="fractions"), WEEKS | {"zero_orders": "drop"}, exact=False),
    "decimals": Log(decimals, {"time_unit": "year"}),
    "counted": Log(without_money, {"time_unit": "hour"}, {"amount": None}),
}


def in_memory(log, since=None):
    frame = log.frame()
    if "amount" in frame and frame["amount"].dtype == object:
        frame["amount"] = frame["amount"].astype(float)
    given = None if since is None else starts()
    return lb.summarize(lb.read_transactions(frame, **log.columns), since=given, **log.settings)


def assert_same(log, scan, since=None, **columns):
    """Row by row, with what was left out and the counts by day; to the last digit where amounts are decimals.

    Parameters
    ----------
    columns : str
        What `summarize` is told of a table that is not an order log yet.

    Returns
    -------
    Customers
        As the engine has them.
    """
    expected, found = in_memory(log, since), lb.summarize(scan(), since=since, **columns, **log.settings)
    closeness = {"check_exact": True} if log.exact else {"rtol": 1e-14, "atol": 0}
    pd.testing.assert_frame_equal(found.table.sort_index(), expected.table.sort_index(), **closeness)
    assert (found.time_unit, found.as_of, found.merged_orders) == (
        expected.time_unit,
        expected.as_of,
        expected.merged_orders,
    )
    pd.testing.assert_series_equal(found.repeat_days, expected.repeat_days)
    assert found.dropped_by_reason().to_dict() == expected.dropped_by_reason().to_dict()
    assert left_out(found) == left_out(expected)
    assert numbers(found) == pytest.approx(numbers(expected), rel=1e-12, nan_ok=True)
    assert_same_prices(found.rows.price_moments, expected.rows.price_moments)
    return found


def assert_same_prices(found, expected):
    """How order values move: sums of floats, whose order an engine is free to choose."""
    assert (found is None) == (expected is None)
    for name in () if expected is None else ("length", "customers", "information", "score", "spread"):
        there, here = (np.asarray(getattr(one, name), dtype=float) for one in (found, expected))
        np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-9 * np.abs(here).max(initial=0))


def left_out(customers):
    """The orders left out, in an order of their own; rows have no number in an engine."""
    columns = ["customer_id", "date", "amount", "reason"]
    return customers.dropped.sort_values(columns)[columns].astype(str).to_numpy().tolist()


def numbers(customers):
    """What is known of all customers at once; a sum of floats depends on their order."""
    return {name: value for name, value in asdict(customers.overview()).items() if name != "left_out"}
