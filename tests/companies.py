"""Companies simulated date by date, whose rate of purchases, or of churn, moves for all customers at once."""

import numpy as np
import pandas as pd

import ltv_bayes as lb

AS_OF = pd.Timestamp("2024-06-30")


def simulated_orders(
    seed, *, customers=300, days=700, ahead=0, factor=np.ones_like, price=None, mean_rate=0.02, leaving=0.1
):
    """Orders of customers who arrive evenly, buy at a rate of their own times a factor of the day, and leave at random.

    Rates are log-normal, and orders are thinned from candidates at the highest rate: no operational time is used.

    Parameters
    ----------
    days, ahead : int
        Days until the as-of date, and after it.
    factor : callable
        From days since the beginning to factors.
    price : callable, optional
        From the same to price levels: orders are log-normal about a mean of each customer, which is log-normal too.
        Without it, every order is worth 10.
    """
    rng = np.random.default_rng(seed)
    of_day = factor(np.arange(days + ahead + 1.0))
    start = rng.integers(0, days * 9 // 10, customers)
    rate = mean_rate * np.exp(rng.normal(-0.32, 0.8, customers))
    left = days + ahead - start
    owner = np.repeat(np.arange(customers), rng.poisson(of_day.max() * rate * left))
    day = start[owner] + 1 + np.floor(rng.random(owner.size) * left[owner]).astype(int)
    kept = rng.random(owner.size) * of_day.max() < of_day[day]
    orders = pd.DataFrame({"customer_id": owner[kept], "day": day[kept]}).drop_duplicates().sort_values("day")
    last = rng.geometric(rng.beta(20 * leaving, 20 * (1 - leaving), customers))
    orders = orders[orders.groupby("customer_id").cumcount() < last[orders["customer_id"]]]
    orders = pd.concat([pd.DataFrame({"customer_id": np.arange(customers), "day": start}), orders])
    amount = np.full(len(orders), 10.0)
    if price is not None:
        mean = np.exp(rng.normal(3.0, 0.8, customers))[orders["customer_id"]]
        amount = mean * np.exp(rng.normal(0.0, 0.5, len(orders))) * price(orders["day"].to_numpy(dtype=float))
    orders["date"] = AS_OF + pd.to_timedelta(orders.pop("day") - days, unit="D")
    return lb.read_transactions(orders.assign(amount=amount.round(2)))


def simulated_subscriptions(
    seed, *, subscribers=1000, days=1100, ahead=0, period="month", factor=np.ones_like, churn=0.05, spread=0.8
):
    """Records of subscribers who begin evenly; at each renewal the odds of leaving are their own times a factor.

    Odds are log-normal, and the factor is of the day of the renewal: no operational time, and no beta distribution.

    Parameters
    ----------
    days, ahead : int
        Days until the as-of date, and after it.
    factor : callable
        From days since the beginning to factors.
    """
    rng = np.random.default_rng(seed)
    start = AS_OF + pd.to_timedelta(rng.integers(1 - days, 0, subscribers), unit="D")
    odds = churn / (1 - churn) * np.exp(rng.normal(-(spread**2) / 2, spread, subscribers))
    month, cancelled = {"month": 1, "quarter": 3, "year": 12}[period], np.full(subscribers, np.datetime64("NaT", "D"))
    active = np.ones(subscribers, dtype=bool)
    for number in range(1, (days + ahead) // (28 * month) + 1):
        due = (start + pd.DateOffset(months=number * month)).to_numpy(dtype="M8[D]")
        day = (due - np.datetime64(AS_OF, "D")).astype(int) + days
        moved = odds * factor(day.astype(float))
        leaves = active & (day <= days + ahead) & (rng.random(subscribers) < moved / (1 + moved))
        cancelled[leaves], active = due[leaves], active & ~leaves
    ids = [f"S{place}" for place in range(subscribers)]
    return pd.DataFrame({"customer_id": ids, "start": start, "cancelled_on": cancelled.astype("M8[us]"), "price": 10.0})


def subscriptions_with_health(
    seed, *, subscribers=1000, months=36, ahead=0, slope=-0.7, churn=0.03, spread=0.6, stays=0.4, kept=0.85
):
    """Monthly subscribers with a health score, and noise, written down on the first of each month while they stay.

    The score has mean 60 and standard deviation 10: a level of the customer's own and what moves around it. The odds of
    leaving at a renewal are log-normal times exp(slope score / 10): no beta distribution, and no hazard of the model.

    Returns
    -------
    records, health : DataFrame
        Up to the as-of date.
    paid : array
        Renewals that each subscriber makes in the months ahead.
    """
    rng, last = np.random.default_rng(seed), months + ahead
    first = AS_OF + pd.Timedelta(days=1) - pd.DateOffset(months=months)
    level, moving = rng.normal(0, np.sqrt(stays), subscribers), rng.normal(0, np.sqrt(1 - stays), subscribers)
    odds = churn / (1 - churn) * np.exp(rng.normal(-(spread**2) / 2, spread, subscribers))
    start, day = rng.integers(0, months - 1, subscribers), rng.integers(1, 28, subscribers)
    ended, paid, written = np.full(subscribers, last), np.zeros(subscribers), []
    ids = np.array([f"S{place}" for place in range(subscribers)])
    for month in range(last):
        score = level + moving
        moving = kept * moving + rng.normal(0, np.sqrt((1 - stays) * (1 - kept**2)), subscribers)
        active = (start <= month) & (ended == last)
        if month < months:
            table = {"customer_id": ids[active], "date": first + pd.DateOffset(months=month)}
            noise = rng.normal(0, 1, active.sum())
            written.append(pd.DataFrame({**table, "health": 60 + 10 * score[active], "noise": noise}))
        moved = odds * np.exp(slope * score)
        due = active & (start < month)
        leaves = due & (rng.random(subscribers) < moved / (1 + moved))
        ended[leaves] = month
        paid += (due & ~leaves) if month >= months else 0
    days = np.array([(first + pd.DateOffset(months=month)).to_datetime64() for month in range(last + 1)])
    on = days[np.stack([start, ended])] + (day - 1).astype("m8[D]")
    cancelled = pd.Series(on[1]).where(ended < last)
    records = pd.DataFrame({"customer_id": ids, "start": on[0], "cancelled_on": cancelled, "price": 10.0})
    return records, pd.concat(written, ignore_index=True), paid
