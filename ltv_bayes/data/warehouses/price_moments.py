"""How order values of the same customers move, added up in the engine that holds the orders."""

import datetime as dt

import numpy as np

from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.price_moments import LOG_DIGITS, MOST_ORDERS, PriceMoments, moments_from_sums, periods_of

FIRST_DAYS = "SELECT customer, min(day) AS since FROM days WHERE is_occasion GROUP BY customer"
GIVEN_DAYS = "SELECT customer, CAST(since AS DATE) AS since FROM starts"
CELLS = """
-- Repeat orders that have a value, by customer and period; customers with orders in one period show no change.
SELECT customer, period, number, logs, periods
FROM (
    SELECT cells.*, count(*) OVER (PARTITION BY customer) AS periods
    FROM (
        SELECT
            customer,
            CAST(least(floor(date_diff('day', day, DATE '{as_of}') / CAST({length!r} AS DOUBLE)), {last}) AS BIGINT)
                AS period,
            CAST(count(*) AS DOUBLE) AS number,
            CAST(sum(CAST(round(ln(CAST(net AS DOUBLE)) * CAST({digits!r} AS DOUBLE)) AS BIGINT)) AS DOUBLE)
                / CAST({digits!r} AS DOUBLE) AS logs
        FROM days
        JOIN ({starts}) AS starting USING (customer)
        WHERE is_occasion AND net > 0 AND day > since
        GROUP BY 1, 2
    ) AS cells
) AS counted
WHERE periods > 1
"""
PARTS = f"""
-- The part of a customer and period in the score, about the customer's mean: of logarithms, and of a straight line.
SELECT
    customer,
    period,
    weight * number AS orders,
    weight * all_orders AS all_orders,
    weight * (logs - number * all_logs / all_orders) AS of_logs,
    weight * number * (all_periods / all_orders - period) AS of_line,
    CAST(1.0 AS DOUBLE) / periods AS share
FROM (
    SELECT
        sums.*,
        CAST(1.0 AS DOUBLE) / (CAST(1.0 AS DOUBLE) + all_orders / CAST({MOST_ORDERS!r} AS DOUBLE)) AS weight
    FROM (
        SELECT
            cells.*,
            sum(number) OVER (PARTITION BY customer) AS all_orders,
            sum(logs) OVER (PARTITION BY customer) AS all_logs,
            sum(number * period) OVER (PARTITION BY customer) AS all_periods
        FROM ({{cells}}) AS cells
    ) AS sums
) AS weighted
"""
BY_PERIOD = """
SELECT period, sum(orders) AS orders, sum(of_logs) AS of_logs, sum(of_line) AS of_line, sum(share) AS customers
FROM parts
GROUP BY period
"""
BY_PAIR = """
SELECT
    one.period AS period,
    other.period AS beside,
    sum(one.orders * other.orders / one.all_orders) AS together,
    sum(one.of_logs * other.of_logs) AS logs_logs,
    sum(one.of_logs * other.of_line) AS logs_line,
    sum(one.of_line * other.of_logs) AS line_logs,
    sum(one.of_line * other.of_line) AS line_line
FROM parts AS one
JOIN parts AS other ON one.customer = other.customer
GROUP BY one.period, other.period
"""


def price_moments_there(
    engine: Engine, money: WholeMoney, as_of: dt.date, *, given_starts: bool = False
) -> PriceMoments | None:
    """Take the moments of the table ``days``; None where no order has a value.

    What comes here is as large as the periods squared, at most 40 of them.
    """
    if money.first_paid is None:
        return None
    length, number = periods_of((as_of - money.first_paid).days)
    cells = cells_query(as_of, length, number, GIVEN_DAYS if given_starts else FIRST_DAYS)
    there = engine.keeps("parts", PARTS.format(cells=cells))
    alone, pairs = there.ask(BY_PERIOD), there.ask(BY_PAIR)
    there.forgets("parts")
    at, across = alone["period"].to_numpy(), (pairs["period"].to_numpy(), pairs["beside"].to_numpy())
    information, scores, spreads = np.zeros((number, number)), np.zeros((2, number)), np.zeros((2, 2, number, number))
    information[at, at] = alone["orders"]
    information[across] -= pairs["together"]
    scores[0, at], scores[1, at] = alone["of_logs"], alone["of_line"]
    for a, one in enumerate(("logs", "line")):
        for b, other in enumerate(("logs", "line")):
            spreads[(a, b, *across)] = pairs[f"{one}_{other}"]
    return moments_from_sums(information, scores, spreads, round(alone["customers"].sum()), length)


def cells_query(as_of: dt.date, length: float, number: int, starts: str) -> str:
    """SQL that gives the number of orders of customers in each period, and the sum of their logarithms."""
    return CELLS.format(as_of=as_of, length=length, last=number - 1, digits=LOG_DIGITS, starts=starts)
