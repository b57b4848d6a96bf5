"""Orders to one row a customer in the engine that holds them: frequency, recency, T and monetary_value in SQL."""

import datetime as dt

from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.selection import NO_VALUE, RETURN_ONLY

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

REPEATS_BY_DAY = """
SELECT day, CAST(sum(number) AS BIGINT) AS number
FROM (
    SELECT day, count(*) AS number FROM days WHERE is_occasion GROUP BY day
    UNION ALL
    SELECT day, -count(*) AS number
    FROM (SELECT min(day) AS day FROM days WHERE is_occasion GROUP BY customer) AS first_days
    GROUP BY day
) AS counted
GROUP BY day
"""

LEFT_OUT = f"""
SELECT orders.*, CASE WHEN has_order THEN '{NO_VALUE}' ELSE '{RETURN_ONLY}' END AS reason
FROM orders
JOIN days ON orders.customer = days.customer AND CAST(orders.date AS DATE) = days.day
WHERE NOT is_occasion
"""


def net_of_day(money: WholeMoney) -> str:
    """SQL for the sum of a day's amounts, as a whole number, or as near to it as a float is."""
    if money.in_decimals:
        return f"sum(round(amount * {a_float(money.scale)}))"
    amount = f"amount * {a_float(money.scale)}"
    total = _sum(money, amount)
    # What remains of a full refund by rounding (29.70 + 0.30 - 30.00) is zero.
    return f"CASE WHEN abs({total}) <= {a_float(1e-13)} * sum(abs({amount})) THEN 0 ELSE {total} END"


def _sum(money: WholeMoney, amount: str) -> str:
    """SQL for a sum that does not depend on the order of the rows: one of whole numbers."""
    if money.broken_scale is None:
        return f"sum({amount})"
    finer = a_float(money.broken_scale)
    return f"(sum(round({amount})) + sum(round(({amount} - round({amount})) * {finer})) / {finer})"


def a_float(number: float) -> str:
    """Write a number into SQL as a float, in every dialect.

    Examples
    --------
    >>> a_float(7)
    'CAST(7.0 AS DOUBLE)'
    """
    return f"CAST({float(number)!r} AS DOUBLE)"


def days_query(money: WholeMoney, *, count_zero_orders: bool) -> str:
    """SQL that makes the days of customers of the table ``orders``, with the columns customer, date and amount."""
    has_order, is_occasion = "TRUE", "TRUE"
    if money.any_unpaid:
        has_order = "coalesce(max(amount) >= 0, TRUE)"
        is_occasion = "has_order" if count_zero_orders else "has_order AND coalesce(net > 0, TRUE)"
    return DAYS.format(is_occasion=is_occasion, net_days=NET_DAYS.format(net=net_of_day(money), has_order=has_order))


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
        paid=_sum(money, f"CASE WHEN {counted} THEN net END"),
        total=_sum(money, "net"),
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
