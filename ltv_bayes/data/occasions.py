"""Orders to one row a customer: the SQL that defines frequency, recency, T and monetary_value."""

import datetime as dt
from typing import Any

import duckdb
import numpy as np
import pandas as pd

RETURN_ONLY = "return without an order that day"
NO_VALUE = "day without value"
LARGEST_SUM = 1e37  # DECIMAL(38, 0) holds 38 digits

DAYS = """
WITH amounts AS (
    -- Money in whole numbers of a tiny unit: sums are exact, so the order of the rows cannot change the last digit.
    SELECT position, customer, CAST(date AS DATE) AS day, CAST(amount * $scale AS DECIMAL(38, 0)) AS money
    FROM orders
),
net_days AS (
    -- The rows of one customer and day are one occasion, worth their net amount;
    -- what remains of a full refund by rounding (29.70 + 0.30 - 30.00) is zero.
    SELECT
        customer,
        day,
        CASE WHEN abs(sum(money)) <= 1e-13 * sum(abs(money)) THEN 0 ELSE sum(money) END AS net,
        -- A day with nothing but returns is no occasion. A log without money has no returns.
        coalesce(max(money) >= 0, TRUE) AS has_order
    FROM amounts
    GROUP BY customer, day
),
days AS (
    SELECT
        customer,
        day,
        net,
        has_order,
        has_order AND ($count_zero_orders OR coalesce(net > 0, TRUE)) AS is_occasion
    FROM net_days
)"""

CUSTOMERS = f"""{DAYS},
firsts AS (
    SELECT customer, min(day) AS first_order
    FROM days
    WHERE is_occasion
    GROUP BY customer
)
SELECT
    customer,
    -- Repeat occasions: all but the first.
    count(*) FILTER (WHERE is_occasion) - 1 AS frequency,
    -- From the first occasion to the last one, and to as_of, in time units.
    date_diff('day', first_order, max(day) FILTER (WHERE is_occasion)) / $days_per_unit AS recency,
    date_diff('day', first_order, CAST($as_of AS DATE)) / $days_per_unit AS T,
    -- Mean value of those repeat occasions that have any, and their number.
    CAST(sum(net) FILTER (WHERE is_occasion AND day > first_order AND net > 0) AS DOUBLE) / $scale
        / count(*) FILTER (WHERE is_occasion AND day > first_order AND net > 0) AS monetary_value,
    count(*) FILTER (WHERE is_occasion AND day > first_order AND net > 0) AS spend_frequency,
    CAST(max(net) FILTER (WHERE day = first_order) AS DOUBLE) / $scale AS first_value,
    -- All money up to as_of, days that are no occasions included.
    CAST(sum(net) AS DOUBLE) / $scale AS total_value,
    first_order,
    max(day) FILTER (WHERE is_occasion) AS last_order
FROM days
JOIN firsts USING (customer)
GROUP BY customer, first_order
ORDER BY customer
"""

LEFT_OUT = f"""{DAYS}
SELECT position, has_order
FROM amounts
JOIN days USING (customer, day)
WHERE NOT is_occasion
ORDER BY position
"""


def customer_rows(
    orders: pd.DataFrame, as_of: dt.date, *, days_per_unit: float, count_zero_orders: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the customer table of orders up to a day.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, date and amount of each order, none after ``as_of``.
    as_of : datetime.date
        The day on which observation ends.
    days_per_unit : float
        Days in the time unit of recency and T.
    count_zero_orders : bool
        Whether a day with an order but without value is an occasion.

    Returns
    -------
    pandas.DataFrame
        One row a customer with at least one occasion, sorted by id.
    pandas.DataFrame
        The orders on days that are no occasions, with a reason.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["Ada"] * 3, "amount": [10.0, 5.0, 20.0]})
    >>> orders["date"] = pd.to_datetime(["1997-01-01", "1997-01-01", "1997-01-15"])
    >>> end = dt.date(1997, 1, 29)
    >>> customer_rows(orders, end, days_per_unit=7, count_zero_orders=True)[0].loc["Ada", ["frequency", "recency", "T"]]
    frequency    1.0
    recency      2.0
    T            4.0
    Name: Ada, dtype: float64
    """
    codes, ids = pd.factorize(orders["customer_id"], sort=True)  # ids stay outside the SQL, whatever is written in them
    coded = pd.DataFrame({"position": np.arange(len(orders)), "customer": codes, "date": orders["date"].array})
    coded["amount"] = orders["amount"].array
    settings = {"scale": exact_scale(orders["amount"]), "count_zero_orders": count_zero_orders}
    with duckdb.connect() as connection:
        connection.register("orders", coded)
        ends = {"as_of": as_of, "days_per_unit": float(days_per_unit)}
        table = connection.execute(CUSTOMERS, settings | ends).df()
        left_out = _left_out(connection, orders, settings)
    index = pd.Index(ids[table.pop("customer")], name="customer_id")
    return table.set_index(index), left_out


def exact_scale(amounts: pd.Series) -> float:
    """Choose the power of two that makes amounts whole numbers, with room for their sum.

    Multiplying by a power of two changes no digit, and 38 decimal digits hold far more than a float's 16.

    Examples
    --------
    >>> exact_scale(pd.Series([29.33, 29.73])) == 2.0**117
    True
    """
    largest = float(amounts.abs().max()) if amounts.notna().any() else 0.0
    if largest == 0:
        return 1.0
    return float(2.0 ** np.clip(np.floor(np.log2(LARGEST_SUM / len(amounts)) - np.log2(largest)), -1000, 1000))


def _left_out(connection: duckdb.DuckDBPyConnection, orders: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    """List the orders on days that are no occasions; only returns and free orders can be among them."""
    if not (orders["amount"] <= 0).any():
        return orders.head(0).assign(reason="")
    found = connection.execute(LEFT_OUT, settings).df()
    reason = np.where(found["has_order"], NO_VALUE, RETURN_ONLY)
    return orders.iloc[found["position"]].assign(reason=reason)
