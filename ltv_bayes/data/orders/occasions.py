"""Orders to one row a customer: the SQL that defines frequency, recency, T and monetary_value."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.repeat_days import OwnDays, by_day
from ltv_bayes.data.engine.duckdb import Connection, engine, fetched
from ltv_bayes.data.orders.price_moments import PriceMoments, price_moments, starts_of

RETURN_ONLY = "return without an order that day"
NO_VALUE = "day without value"
LARGEST_SUM = 1e37  # DECIMAL(38, 0) holds 38 digits
LARGEST_EXACT = 2.0**53
DECIMALS = (100.0, 10_000.0)
AT_SCALE = "round(amount * CAST({0!r} AS DOUBLE)) / CAST({0!r} AS DOUBLE)"

AMOUNTS = f"""
SELECT
    count(*) AS number,
    count(amount) AS amounts,
    coalesce(max(abs(amount)), 0) AS largest,
    coalesce(sum(abs(amount)), 0) AS total,
    count(CASE WHEN amount <= 0 THEN 1 END) AS unpaid,
    {", ".join(f"coalesce(max(abs({AT_SCALE.format(s)} - amount)), 0) AS beyond_{s:.0f}" for s in DECIMALS)}
FROM orders
"""

NET_DAYS = """
-- The rows of one customer and day are one occasion, worth their net amount.
SELECT
    customer,
    CAST(date AS DATE) AS day,
    {net} AS net,
    count(CASE WHEN amount >= 0 OR amount IS NULL THEN 1 END) AS orders,
    -- A day with nothing but returns is no occasion. A log without money has no returns.
    {has_order} AS has_order
FROM orders
GROUP BY customer, CAST(date AS DATE)
"""

DAYS = """
SELECT net_days.*, {is_occasion} AS is_occasion
FROM ({net_days}) AS net_days
"""

REPEATS_AFTER_FIRST = """
-- The clock of a customer starts with the first occasion; repeat occasions are all but that.
SELECT
    of_customers.*,
    first_order AS clock_start,
    occasions - 1 AS frequency,
    paid {less_first_paid} AS repeat_paid,
    paid_ages {less_first_ages} AS repeat_ages,
    paid_occasions {less_first_occasion} AS spend_frequency
FROM (
    SELECT
        customer,
        count(CASE WHEN is_occasion THEN 1 END) AS occasions,
        min(CASE WHEN is_occasion THEN day END) AS first_order,
        max(CASE WHEN is_occasion THEN day END) AS last_order,
        {first_net} AS first_net,
        -- The occasions that have any value: their revenue, that times days before as_of, and their number.
        {paid} AS paid,
        sum(CASE WHEN {counted} THEN CAST(net AS DOUBLE) * date_diff('day', day, {as_of}) END) AS paid_ages,
        count(CASE WHEN {counted} THEN 1 END) AS paid_occasions,
        -- All money up to as_of, days that are no occasions included.
        {total} AS total
    FROM {days}
    GROUP BY customer
) AS of_customers
WHERE occasions > 0
"""

REPEATS_SINCE = """
-- The clock of a customer starts on a given day; repeat occasions are all after it.
SELECT
    customer,
    since AS clock_start,
    count(CASE WHEN is_occasion AND day > since THEN 1 END) AS frequency,
    min(CASE WHEN is_occasion THEN day END) AS first_order,
    max(CASE WHEN is_occasion THEN day END) AS last_order,
    {first_net} AS first_net,
    {paid} AS repeat_paid,
    sum(CASE WHEN {counted} THEN CAST(net AS DOUBLE) * date_diff('day', day, {as_of}) END) AS repeat_ages,
    count(CASE WHEN {counted} THEN 1 END) AS spend_frequency,
    coalesce({total}, {no_money}) AS total
FROM (SELECT customer, CAST(since AS DATE) AS since FROM starts) AS given
LEFT JOIN {days} USING (customer)
GROUP BY customer, since
"""

LESS_FIRST = {
    "less_first_paid": "- greatest(coalesce(first_net, 0), 0)",
    "less_first_ages": (
        "- greatest(coalesce(CAST(first_net AS DOUBLE), 0), 0) * date_diff('day', first_order, {as_of})"
    ),
    "less_first_occasion": "- CASE WHEN first_net > 0 THEN 1 ELSE 0 END",
}
FIRST_BY_WINDOW = """
(
    SELECT days.*, min(CASE WHEN is_occasion THEN day END) OVER (PARTITION BY customer) AS first_day FROM days
) AS days
"""

CUSTOMERS = """
SELECT
    customer AS customer_id,
    frequency,
    -- From the start to the last occasion, and to as_of, in time units.
    CAST(date_diff('day', clock_start, greatest(coalesce(last_order, clock_start), clock_start)) AS DOUBLE)
        / {days_per_unit} AS recency,
    CAST(date_diff('day', clock_start, {as_of}) AS DOUBLE) / {days_per_unit} AS "T",
    -- One division of whole numbers, so the mean is correct to the last digit.
    CAST(repeat_paid AS DOUBLE) / ({scale} * nullif(spend_frequency, 0)) AS monetary_value,
    spend_frequency,
    CAST(first_net AS DOUBLE) / {scale} AS first_value,
    CAST(total AS DOUBLE) / {scale} AS total_value,
    -- How long before as_of the revenue of repeat occasions was, on average; rounded, as sums of floats have an order.
    CASE WHEN spend_frequency > 0 THEN least(
        greatest(
            round(repeat_ages / CAST(repeat_paid AS DOUBLE) * {millionths}) / {millionths},
            CAST(date_diff('day', last_order, {as_of}) AS DOUBLE)
        ),
        CAST(date_diff('day', clock_start, {as_of}) AS DOUBLE)
    ) / {days_per_unit} END AS spend_age,
    first_order,
    last_order
    {more}
FROM ({repeats}) AS made
"""

REPEATS = """
SELECT customer, (day - DATE '1970-01-01')::INTEGER AS day
FROM days JOIN ({starts}) AS starting USING (customer)
WHERE is_occasion AND day > since
ORDER BY customer
"""
BY_DAY = """
SELECT day, CAST(sum(number) AS BIGINT) AS number
FROM (
    SELECT day, count(*) AS number FROM days WHERE is_occasion GROUP BY day
    UNION ALL
    SELECT day, -count(*) AS number FROM ({first_days}) AS first_days GROUP BY day
) AS counted
GROUP BY day
"""
REPEATS_BY_DAY = BY_DAY.format(first_days="SELECT min(day) AS day FROM days WHERE is_occasion GROUP BY customer")

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
    broken_scale : float, optional
        In engines without wide integers, what the part of an amount behind the point is multiplied by.
    """

    scale: float
    in_decimals: bool
    any_unpaid: bool
    any_amount: bool
    orders: int
    broken_scale: float | None = None

    @classmethod
    def of_orders(cls, ask: Callable[[str], pd.DataFrame], *, wide_integers: bool = True) -> "WholeMoney":
        """Look over the amounts in the table ``orders``.

        Parameters
        ----------
        ask : callable
            Answers a question in SQL.
        wide_integers : bool
            Whether the engine has exact integers of 38 digits.
        """
        found = ask(AMOUNTS).iloc[0].astype(float)
        number, total = int(found["number"]), found["total"]
        kinds = bool(found["unpaid"]), bool(found["amounts"]), number
        for scale in DECIMALS:
            if found[f"beyond_{scale:.0f}"] == 0 and total * scale * 2 < LARGEST_EXACT:
                return cls(scale, True, *kinds)
        if wide_integers:
            return cls(exact_scale(found["largest"], number), False, *kinds)
        whole = 2.0 ** np.clip(np.floor(np.log2(LARGEST_EXACT / 2 / total)), -1000, 1000)
        return cls(float(whole), False, *kinds, float(2.0 ** np.floor(np.log2(LARGEST_EXACT / number))))

    def net(self) -> str:
        """SQL for the sum of a day's amounts, as a whole number, or as near to it as a float is."""
        if self.in_decimals:
            return f"sum(round(amount * {a_float(self.scale)}))"
        money = f"amount * {a_float(self.scale)}"
        if self.broken_scale is None:
            money = f"CAST({money} AS DECIMAL(38, 0))"
        total = self._sum(money)
        # What remains of a full refund by rounding (29.70 + 0.30 - 30.00) is zero.
        return f"CASE WHEN abs({total}) <= {a_float(1e-13)} * sum(abs({money})) THEN 0 ELSE {total} END"

    def sum_where(self, condition: str) -> str:
        """SQL for the sum of the net amounts of the days for which a condition holds."""
        return self._sum(f"CASE WHEN {condition} THEN net END")

    def _sum(self, money: str) -> str:
        """SQL for a sum that does not depend on the order of the rows: one of whole numbers."""
        if self.broken_scale is None:
            return f"sum({money})"
        finer = a_float(self.broken_scale)
        return f"(sum(round({money})) + sum(round(({money} - round({money})) * {finer})) / {finer})"


def a_float(number: float) -> str:
    """Write a number into SQL as a float, in every dialect.

    Examples
    --------
    >>> a_float(7)
    'CAST(7.0 AS DOUBLE)'
    """
    return f"CAST({float(number)!r} AS DOUBLE)"


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


def days_query(money: WholeMoney, *, count_zero_orders: bool) -> str:
    """SQL that makes the days of customers of the table ``orders``, with the columns customer, date and amount."""
    has_order, is_occasion = "TRUE", "TRUE"
    if money.any_unpaid:
        has_order = "coalesce(max(amount) >= 0, TRUE)"
        is_occasion = "has_order" if count_zero_orders else "has_order AND coalesce(net > 0, TRUE)"
    return DAYS.format(is_occasion=is_occasion, net_days=NET_DAYS.format(net=money.net(), has_order=has_order))


def prepare_days(connection: Connection, *, count_zero_orders: bool) -> WholeMoney:
    """Make the table ``days`` of the table ``orders`` with the columns customer, date and amount."""
    money = WholeMoney.of_orders(lambda sql: fetched(connection.execute(sql)))
    connection.execute(f"CREATE TEMP TABLE days AS {days_query(money, count_zero_orders=count_zero_orders)}")
    return money


def repeats_by_day(connection: Connection) -> pd.Series:
    """Repeat purchases of all customers by day, of the tables ``days`` and ``made``, the customers."""
    found = fetched(connection.execute(BY_DAY.format(first_days="SELECT first_order AS day FROM made")))
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


def end_of(as_of: dt.date | None) -> str:
    """SQL for the day on which observation ends; None for the day on which the statement runs."""
    return "CURRENT_DATE" if as_of is None else f"DATE '{as_of}'"


def customers_query(
    money: WholeMoney,
    as_of: dt.date | None,
    days_per_unit: float,
    *,
    given_starts: bool = False,
    first_by_window: bool = False,
) -> str:
    """SQL that makes the customer table of the table ``days``, and of ``starts`` where the clock's starts are given.

    The table ``starts`` has the columns customer and since; its customers are those of the result.

    Parameters
    ----------
    as_of : datetime.date or None
        The day on which observation ends; None for the day on which the statement runs.
    first_by_window : bool
        Whether the first net amount is found by a window, for engines without ``arg_min``.
    """
    end = end_of(as_of)
    first_net, days = "arg_min(net, CASE WHEN is_occasion THEN day END)", "days"
    counted = "is_occasion AND net > 0 AND day > since" if given_starts else "is_occasion AND net > 0"
    less_first = {name: sql.format(as_of=end) for name, sql in LESS_FIRST.items()}
    if first_by_window or money.broken_scale:  # a float that is taken off again would leave a rounding error
        first_net, days = "max(CASE WHEN is_occasion AND day = first_day THEN net END)", FIRST_BY_WINDOW
        counted = counted if given_starts else f"{counted} AND day > first_day"
        less_first = dict.fromkeys(LESS_FIRST, "")
    repeats = (REPEATS_SINCE if given_starts else REPEATS_AFTER_FIRST).format(
        first_net=first_net,
        days=days,
        counted=counted,
        **less_first,
        paid=money.sum_where(counted),
        total=money.sum_where("TRUE") if money.broken_scale else "sum(net)",
        no_money="0" if money.any_amount else "NULL",
        as_of=end,
    )
    return CUSTOMERS.format(
        as_of=end,
        days_per_unit=a_float(days_per_unit),
        scale=a_float(money.scale),
        millionths=a_float(1e6),
        more=", clock_start AS since" if given_starts else "",
        repeats=repeats,
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
        given = since is not None
        query = customers_query(money, as_of, days_per_unit, given_starts=given)
        connection.execute(f"CREATE TEMP TABLE made AS {query}")
        table = fetched(connection.execute("FROM made ORDER BY customer_id"))
        merged = merged_orders(connection, money, int((table["frequency"] + 1).sum()) if since is None else None)
        repeats = fetched(connection.execute(REPEATS.format(starts=starts_of("frequency > 0", given_starts=given))))
        prices = price_moments(connection, as_of, given_starts=given)
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
