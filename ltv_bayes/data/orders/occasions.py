"""Orders to one row a customer: the SQL that defines frequency, recency, T and monetary_value."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.repeat_days import OwnDays, by_day
from ltv_bayes.data.engine.duckdb import Connection, engine, fetched
from ltv_bayes.data.orders.price_moments import PriceMoments, price_moments

RETURN_ONLY = "return without an order that day"
NO_VALUE = "day without value"
LARGEST_SUM = 1e37  # DECIMAL(38, 0) holds 38 digits
LARGEST_EXACT = 2.0**53
DECIMALS = (100.0, 10_000.0)

AMOUNTS = f"""
SELECT
    count(*) AS number,
    count(amount) > 0 AS any_amount,
    coalesce(max(abs(amount)), 0) AS largest,
    coalesce(sum(abs(amount)), 0) AS total,
    coalesce(bool_or(amount <= 0), FALSE) AS any_unpaid,
    {", ".join(f"coalesce(bool_and(round(amount * {s!r}) / {s!r} = amount), TRUE) AS every_{s:.0f}" for s in DECIMALS)}
FROM orders
"""

NET_DAYS = """
-- The rows of one customer and day are one occasion, worth their net amount.
SELECT
    customer,
    CAST(date AS DATE) AS day,
    {net} AS net,
    count(*) FILTER (amount >= 0 OR amount IS NULL) AS orders,
    -- A day with nothing but returns is no occasion. A log without money has no returns.
    {has_order} AS has_order
FROM orders
GROUP BY ALL
"""

DAYS = """
SELECT *, {is_occasion} AS is_occasion
FROM ({net_days})
"""

REPEATS_AFTER_FIRST = """
-- The clock of a customer starts with the first occasion; repeat occasions are all but that.
SELECT
    *,
    first_order AS start,
    occasions - 1 AS frequency,
    paid - greatest(first_net, 0) AS repeat_paid,
    paid_ages - greatest(CAST(first_net AS DOUBLE), 0) * (DATE '{as_of}' - first_order) AS repeat_ages,
    paid_occasions - coalesce(CAST(first_net > 0 AS INTEGER), 0) AS spend_frequency
FROM (
    SELECT
        customer,
        count(*) FILTER (is_occasion) AS occasions,
        min(day) FILTER (is_occasion) AS first_order,
        max(day) FILTER (is_occasion) AS last_order,
        arg_min(net, day) FILTER (is_occasion) AS first_net,
        -- The occasions that have any value: their revenue, that times days before as_of, and their number.
        sum(net) FILTER (is_occasion AND net > 0) AS paid,
        sum(CAST(net AS DOUBLE) * (DATE '{as_of}' - day)) FILTER (is_occasion AND net > 0) AS paid_ages,
        count(*) FILTER (is_occasion AND net > 0) AS paid_occasions,
        -- All money up to as_of, days that are no occasions included.
        sum(net) AS total
    FROM days
    GROUP BY customer
)
WHERE occasions > 0
"""

REPEATS_SINCE = """
-- The clock of a customer starts on a given day; repeat occasions are all after it.
SELECT
    customer,
    since AS start,
    count(*) FILTER (is_occasion AND day > since) AS frequency,
    min(day) FILTER (is_occasion) AS first_order,
    max(day) FILTER (is_occasion) AS last_order,
    arg_min(net, day) FILTER (is_occasion) AS first_net,
    sum(net) FILTER (is_occasion AND net > 0 AND day > since) AS repeat_paid,
    sum(CAST(net AS DOUBLE) * (DATE '{as_of}' - day)) FILTER (is_occasion AND net > 0 AND day > since) AS repeat_ages,
    count(*) FILTER (is_occasion AND net > 0 AND day > since) AS spend_frequency,
    coalesce(sum(net), {no_money}) AS total
FROM (SELECT customer, CAST(since AS DATE) AS since FROM starts)
LEFT JOIN days USING (customer)
GROUP BY customer, since
"""

CUSTOMERS = """
SELECT
    customer AS customer_id,
    frequency,
    -- From the start to the last occasion, and to as_of, in time units.
    (greatest(last_order, start) - start) / {days_per_unit!r}::DOUBLE AS recency,
    (DATE '{as_of}' - start) / {days_per_unit!r}::DOUBLE AS "T",
    -- One division of whole numbers, so the mean is correct to the last digit.
    CAST(repeat_paid AS DOUBLE) / ({scale!r}::DOUBLE * nullif(spend_frequency, 0)) AS monetary_value,
    spend_frequency,
    CAST(first_net AS DOUBLE) / {scale!r}::DOUBLE AS first_value,
    CAST(total AS DOUBLE) / {scale!r}::DOUBLE AS total_value,
    -- How long before as_of the revenue of repeat occasions was, on average; rounded, as sums of floats have an order.
    CASE WHEN spend_frequency > 0 THEN least(
        greatest(round(repeat_ages / CAST(repeat_paid AS DOUBLE), 6), DATE '{as_of}' - last_order),
        DATE '{as_of}' - start
    ) / {days_per_unit!r}::DOUBLE END AS spend_age,
    first_order,
    last_order
    {more}
FROM ({repeats})
"""

REPEATS = """
SELECT customer, (day - DATE '1970-01-01')::INTEGER AS day
FROM days
WHERE is_occasion
QUALIFY row_number() OVER (PARTITION BY customer ORDER BY day) > 1
ORDER BY customer
"""
REPEATS_AFTER_START = """
SELECT customer, (day - DATE '1970-01-01')::INTEGER AS day
FROM days JOIN starts USING (customer)
WHERE is_occasion AND day > CAST(since AS DATE)
ORDER BY customer
"""
REPEATS_BY_DAY = """
SELECT day, sum(number)::BIGINT AS number
FROM (
    SELECT day, count(*) AS number FROM days WHERE is_occasion GROUP BY day
    UNION ALL
    SELECT first, -count(*)
    FROM (SELECT min(day) AS first FROM days WHERE is_occasion GROUP BY customer)
    GROUP BY first
)
GROUP BY day
"""

LEFT_OUT = f"""
SELECT orders.*, CASE WHEN has_order THEN '{NO_VALUE}' ELSE '{RETURN_ONLY}' END AS reason
FROM orders
JOIN days ON orders.customer = days.customer AND CAST(orders.date AS DATE) = days.day
WHERE NOT is_occasion
"""


@dataclass(frozen=True)
class WholeMoney:
    """How amounts become whole numbers, with exact sums: the order of the rows cannot change the last digit.

    Attributes
    ----------
    scale : float
        What amounts are multiplied by.
    in_decimals : bool
        Whether amounts are decimals of two or four places, and so small that a float holds their sums as whole
        numbers. Otherwise the scale is a power of two, which changes no digit, and sums are wide integers.
    any_unpaid : bool
        Whether there are amounts of zero or less.
    any_amount : bool
        Whether there are amounts at all.
    orders : int
        The number of rows.
    """

    scale: float
    in_decimals: bool
    any_unpaid: bool
    any_amount: bool
    orders: int

    @classmethod
    def of_orders(cls, connection: Connection) -> "WholeMoney":
        """Look over the amounts in the table ``orders``."""
        found = fetched(connection.execute(AMOUNTS)).iloc[0]
        kinds = bool(found["any_unpaid"]), bool(found["any_amount"]), int(found["number"])
        for scale in DECIMALS:
            if found[f"every_{scale:.0f}"] and found["total"] * scale * 2 < LARGEST_EXACT:
                return cls(scale, True, *kinds)
        return cls(exact_scale(float(found["largest"]), int(found["number"])), False, *kinds)

    def net(self) -> str:
        """SQL for the sum of a day's amounts, as a whole number."""
        if self.in_decimals:
            return f"sum(round(amount * {self.scale!r}))"
        money = f"CAST(amount * {self.scale!r}::DOUBLE AS DECIMAL(38, 0))"
        # What remains of a full refund by rounding (29.70 + 0.30 - 30.00) is zero.
        return f"CASE WHEN abs(sum({money})) <= 1e-13 * sum(abs({money})) THEN 0 ELSE sum({money}) END"


def exact_scale(largest: float, number: int) -> float:
    """Choose the power of two that makes amounts whole numbers, with room for their sum.

    Multiplying by a power of two changes no digit, and 38 decimal digits hold far more than a float's 16.

    Examples
    --------
    >>> exact_scale(29.73, 2) == 2.0**117
    True
    """
    if largest == 0:
        return 1.0
    return float(2.0 ** np.clip(np.floor(np.log2(LARGEST_SUM / number) - np.log2(largest)), -1000, 1000))


def prepare_days(connection: Connection, *, count_zero_orders: bool) -> WholeMoney:
    """Make the table ``days`` of the table ``orders`` with the columns customer, date and amount."""
    money = WholeMoney.of_orders(connection)
    has_order, is_occasion = "TRUE", "TRUE"
    if money.any_unpaid:
        has_order = "coalesce(max(amount) >= 0, TRUE)"
        is_occasion = f"has_order AND ({count_zero_orders} OR coalesce(net > 0, TRUE))"
    days = DAYS.format(is_occasion=is_occasion, net_days=NET_DAYS.format(net=money.net(), has_order=has_order))
    connection.execute(f"CREATE TEMP TABLE days AS {days}")
    return money


def repeats_by_day(connection: Connection) -> pd.Series:
    """Repeat purchases of all customers by day, of the table ``days``."""
    found = fetched(connection.execute(REPEATS_BY_DAY))
    return by_day(found["day"], found["number"])


def merged_orders(connection: Connection, money: WholeMoney, occasions: int | None) -> int:
    """Count the orders that are one purchase with another of the same customer and day.

    Parameters
    ----------
    connection
        With the table ``days``.
    money : WholeMoney
        What `prepare_days` returned.
    occasions : int, optional
        The number of purchases, where it is known: without returns no row is looked at again.
    """
    if occasions is None or money.any_unpaid:
        sql = "SELECT coalesce(sum(orders - 1), 0)::BIGINT FROM days WHERE is_occasion"
        return int(connection.execute(sql).fetchall()[0][0])
    return money.orders - occasions


def customers_query(money: WholeMoney, as_of: dt.date, days_per_unit: float, *, given_starts: bool = False) -> str:
    """SQL that makes the customer table of the table ``days``, and of ``starts`` where the clock's starts are given.

    The table ``starts`` has the columns customer and since; its customers are those of the result.
    """
    since = REPEATS_SINCE.format(no_money="0" if money.any_amount else "NULL", as_of=as_of)
    return CUSTOMERS.format(
        as_of=as_of,
        days_per_unit=float(days_per_unit),
        scale=money.scale,
        more=", start AS since" if given_starts else "",
        repeats=since if given_starts else REPEATS_AFTER_FIRST.format(as_of=as_of),
    )


def customer_rows(
    orders: pd.DataFrame,
    as_of: dt.date,
    *,
    days_per_unit: float,
    count_zero_orders: bool,
    since: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, int, OwnDays, PriceMoments | None]:
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
    since : pandas.Series, optional
        The day from which each customer's clock runs, indexed by id, none after their first order: then each
        customer in it has a row, with a last column ``since``.

    Returns
    -------
    pandas.DataFrame
        One row a customer with at least one occasion, sorted by id.
    pandas.DataFrame
        The orders on days that are no occasions, with a reason.
    int
        The orders that are one purchase with another of the same customer and day.
    OwnDays
        The days of the repeat purchases of each.
    PriceMoments or None
        How order values move from period to period.

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
    known = orders["customer_id"]
    if since is not None:
        known = pd.concat([known, since.index.to_series()], ignore_index=True)
    codes, ids = _whole_ids(known)
    columns = {"customer": codes[: len(orders)], "date": orders["date"].array, "amount": orders["amount"].array}
    with engine(rows=len(known)) as connection:
        connection.register("orders", pd.DataFrame(columns, copy=False))
        money = prepare_days(connection, count_zero_orders=count_zero_orders)
        if since is not None:
            connection.register("starts", pd.DataFrame({"customer": codes[len(orders) :], "since": since.array}))
        query = customers_query(money, as_of, days_per_unit, given_starts=since is not None)
        table = fetched(connection.execute(f"{query} ORDER BY customer_id"))
        merged = merged_orders(connection, money, int((table["frequency"] + 1).sum()) if since is None else None)
        repeats = fetched(connection.execute(REPEATS if since is None else REPEATS_AFTER_START))
        prices = price_moments(connection, as_of, given_starts=since is not None)
        no_occasion = orders.head(0).assign(reason="")
        if money.any_unpaid:
            connection.register("orders", pd.DataFrame(columns | {"position": np.arange(len(orders))}, copy=False))
            found = fetched(connection.execute(f"SELECT position, reason FROM ({LEFT_OUT}) ORDER BY position"))
            no_occasion = orders.iloc[found["position"]].assign(reason=found["reason"].to_numpy())
    codes = table.pop("customer_id").to_numpy()
    index = pd.Index(codes if ids is None else ids[codes], name="customer_id")
    return table.set_index(index), no_occasion, merged, OwnDays.of_purchases(repeats, codes), prices


def _whole_ids(ids: pd.Series) -> tuple[np.ndarray, pd.Index | None]:
    """Give ids as whole numbers in the order of the ids, and what these stand for unless for themselves."""
    if isinstance(ids.dtype, np.dtype) and pd.api.types.is_integer_dtype(ids.dtype):
        return ids.to_numpy(), None
    codes, distinct = pd.factorize(ids, sort=True)
    return codes, pd.Index(distinct)
