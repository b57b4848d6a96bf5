"""Rows that an engine must not count as orders, and moments whose day depends on a time zone."""

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa

DAY = dt.date(2024, 3, 1)
FAULTY = pa.table(
    {
        "customer_id": ["Ada", None, "  ", "Bo", "Cy", "Di"],
        "date": [DAY, DAY, DAY, None, DAY, DAY],
        "amount": [1.0, 2.5, 3.0, 4.0, None, float("nan")],
    }
)
FAULTS = (
    r"2 rows without a customer id \(rows \? / 2024-03-01 / 2.5, \? / 2024-03-01 / 3(.0)?\).*"
    r"1 row without a date \(row Bo / \? / 4(.0)?\).*"
    r"1 row without an amount \(row Cy / 2024-03-01 / \?\).*"
    r"1 row with an infinite amount \(row Di / 2024-03-01 / NaN\)"
)

UTC = dt.UTC
MOMENTS = [
    dt.datetime(2024, 3, 30, 23, 30, tzinfo=UTC),  # the 31st in Berlin and Shanghai
    dt.datetime(2024, 3, 31, 0, 59, tzinfo=UTC),  # before the hour that Berlin skips
    dt.datetime(2024, 10, 27, 0, 30, tzinfo=UTC),  # in the hour that Berlin has twice
    dt.datetime(2024, 10, 27, 23, 0, tzinfo=UTC),  # midnight in Berlin
    dt.datetime(1969, 12, 31, 16, 0, tzinfo=UTC),  # midnight in Shanghai, before 1970
    dt.datetime(1969, 12, 31, 15, 59, 59, tzinfo=UTC),
]
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York")


def moments():
    """Orders of one customer each at these moments."""
    at = pa.array(MOMENTS, pa.timestamp("us", "UTC"))
    return pa.table({"customer_id": list(range(len(MOMENTS))), "at": at, "amount": [1.0] * len(MOMENTS)})


def days_in(zone):
    """The days on the wall clocks of a zone, by Python's own database of zones."""
    return [moment.astimezone(ZoneInfo(zone)).date() for moment in MOMENTS]


def days_of(orders):
    """The days of orders that were scanned, as the engine has them."""
    found = orders.source.ask(orders.query, "SELECT customer, date FROM log ORDER BY customer")
    return found["date"].dt.date.tolist()


ODD_IDS = pa.table(
    {
        "customer_id": ["A", " A", "\u00a0A", "A\t", "\u3000", None, "B"],
        "date": [dt.date(2024, 1, 5)] * 7,
        "amount": [float("inf"), float("nan"), 1e-300, 0.0, 1.0, -2.0, 1e101],
    }
)
"""Ids with blanks around them, and amounts that are none."""
COUNTS_OF_ODD_IDS = {
    "orders": 7,
    "without_customer": 2,
    "blanks_around_customer": 4,
    "without_date": 0,
    "without_amount": 0,
    "impossible_amount": 4,
    "returns": 1,
    "after_as_of": 0,
}
"""What the statement for faults counts; one id of blanks is none, and is both."""
