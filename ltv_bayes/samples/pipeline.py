"""A simulated project business: a pipeline with a part of the coming purchases, and managers who know totals."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.orders.transactions import Transactions, read_transactions
from ltv_bayes.time_units import DAYS_PER_YEAR, Duration, as_date, as_duration, discount_intensity

PARAMETERS = {"r": 1.5, "alpha": 0.75, "a": 0.9, "b": 6.0, "p": 4.0, "q": 4.0, "v": 300_000.0}
SPREAD = 0.4
SURE = 0.8
Z_80 = 1.2815515655446004


@dataclass(frozen=True, repr=False)
class Pipeline:
    """What an analyst would see, and the truth behind it.

    Attributes
    ----------
    orders : pandas.DataFrame
        client, closed_on, value: the deals up to ``as_of``.
    opportunities : pandas.DataFrame
        The pipeline at ``as_of``: customer_id, opportunity, probability, low, high, expected_on. Those that come are
        ordinary purchases of the client; of the purchases within ``within`` it shows a part. Probabilities and 80%
        intervals are honest.
    opinions : pandas.DataFrame
        What managers state of a client's whole future revenue: customer_id, probability (of any), low, high.
    future_orders : pandas.DataFrame
        customer_id, days (after ``as_of``), value: every deal of the known future.
    share : float
        Part of the purchases that the pipeline shows.
    within : Duration
        How far ahead it looks.
    """

    orders: pd.DataFrame
    opportunities: pd.DataFrame
    opinions: pd.DataFrame
    future_orders: pd.DataFrame
    as_of: dt.date
    share: float
    within: Duration
    future_years: float

    def transactions(self) -> Transactions:
        """Read the orders as the user would."""
        return read_transactions(self.orders, customer="client", date="closed_on", amount="value", currency="CNY")

    def true_value(self, discount_rate: float = 0.0) -> pd.Series:
        """The true revenue of each client with orders within the known future, by id."""
        worth = self.future_orders["value"] * np.exp(
            -discount_intensity(discount_rate, "day") * self.future_orders["days"]
        )
        found = worth.groupby(self.future_orders["customer_id"]).sum()
        return found.reindex(sorted(set(self.orders["client"])), fill_value=0.0)

    def __repr__(self) -> str:
        return (
            f"Simulated project business as of {self.as_of}: {self.orders['client'].nunique():,} clients, "
            f"{len(self.orders):,} deals; its pipeline shows {self.share:.0%} of the purchases within {self.within}, "
            f"{len(self.opportunities):,} opportunities"
        )


def simulate_pipeline(
    clients: int = 800,
    *,
    share: float = 0.6,
    within: Any = "6 months",
    years: float = 5.0,
    future_years: float = 2.0,
    as_of: Any = "2025-12-31",
    random_seed: int = 0,
) -> Pipeline:
    """Simulate clients with deals by BG/NBD and gamma-gamma, and a pipeline that shows some of the coming deals.

    Opportunities that come to nothing are in the pipeline too: as many as real ones on average, at probabilities such
    that of those stated at 60% six in ten come.

    Parameters
    ----------
    clients : int
        Number of clients.
    share : float
        Part of the deals within ``within`` that the pipeline shows.
    within : str or Duration
        How far ahead the pipeline looks.
    years, future_years : float
        Length of the log, and how far ahead the truth is known.
    random_seed : int
        The same seed gives the same business.

    Examples
    --------
    >>> simulate_pipeline(20, random_seed=1).orders["client"].nunique()
    20
    """
    rng, ahead = np.random.default_rng(random_seed), as_duration(within, "within")
    true, today = PARAMETERS, as_date(as_of)
    span = ahead.to("year")
    deals, listed, opinions = [], [], []
    for number in range(clients):
        client = f"C{number + 1:04d}"
        rate, dropout = rng.gamma(true["r"]) / true["alpha"], rng.beta(true["a"], true["b"])
        nu = rng.gamma(true["q"]) / true["v"]
        times, end = deal_times(rng, rate, dropout, -years * rng.random(), future_years)
        values = rng.gamma(true["p"], size=len(times)) / nu
        living = min(max(end, 0.0), span)
        shown = (times > 0) & (times <= span) & (rng.random(len(times)) < share)
        beliefs = _beliefs(rng, true["p"] / nu, int(shown.sum()))
        values[shown] = beliefs["amount"]
        idle = rng.poisson(rate * share * living)
        others = _beliefs(rng, true["p"] / nu, idle)
        listed += _listed(client, beliefs, times[shown], rng.beta(2, 1, shown.sum()))
        listed += _listed(client, others, living * rng.random(idle), rng.beta(1, 2, idle))
        deals += [(client, time, value) for time, value in zip(times, values, strict=True)]
        opinions.append(_opinion(rng, client, values[times > 0].sum(), true["p"] / nu * rate * future_years))
    every = pd.DataFrame(deals, columns=["client", "year", "value"])
    days = np.ceil(every["year"] * DAYS_PER_YEAR)
    every = every.assign(closed_on=pd.Timestamp(today) + pd.to_timedelta(days, unit="D"))
    past = every["year"] <= 0
    coming = every[~past]
    pipeline = pd.DataFrame(listed, columns=["customer_id", "probability", "low", "high", "year"])
    expected = pd.Timestamp(today) + pd.to_timedelta(np.ceil(pipeline.pop("year") * DAYS_PER_YEAR), unit="D")
    names = [f"OPP-{number:04d}" for number in range(1, len(pipeline) + 1)]
    return Pipeline(
        every.loc[past, ["client", "closed_on", "value"]].sort_values("closed_on", ignore_index=True),
        pipeline.assign(opportunity=names, expected_on=expected),
        pd.DataFrame(opinions, columns=["customer_id", "probability", "low", "high"]),
        pd.DataFrame(
            {"customer_id": coming["client"], "days": coming["year"] * DAYS_PER_YEAR, "value": coming["value"]}
        ).reset_index(drop=True),
        today,
        share,
        ahead,
        future_years,
    )


def deal_times(
    rng: np.random.Generator, rate: float, dropout: float, start: float, until: float
) -> tuple[np.ndarray, float]:
    """Times of a client's deals from the first on, and when the client leaves; infinite if later than is known."""
    times = [start]
    while True:
        now = times[-1] + rng.exponential(1 / rate)
        if now > until:
            return np.array(times), np.inf
        times.append(now)
        if rng.random() < dropout:
            return np.array(times), now


def _beliefs(rng: np.random.Generator, typical: float, number: int) -> dict[str, np.ndarray]:
    """Medians that managers state around a typical deal, and amounts that agree with their 80% intervals."""
    median = typical * np.exp(rng.normal(0, 0.3, number))
    return {"median": median, "amount": median * np.exp(SPREAD * rng.standard_normal(number))}


def _listed(
    client: str, beliefs: dict[str, np.ndarray], times: np.ndarray, chances: np.ndarray
) -> list[tuple[Any, ...]]:
    factor = np.exp(Z_80 * SPREAD)
    rows = zip(chances.clip(0.01, 0.99), beliefs["median"] / factor, beliefs["median"] * factor, times, strict=True)
    return [(client, *row) for row in rows]


def _opinion(rng: np.random.Generator, client: str, total: float, usual: float) -> tuple[Any, ...]:
    """What a manager says of a client's total: a hint of the truth, from sources other than the orders."""
    right = rng.random() < SURE
    chance = SURE if right == (total > 0) else 1 - SURE
    centre = (total if total > 0 else usual) * np.exp(SPREAD * rng.standard_normal())
    factor = np.exp(Z_80 * SPREAD)
    return client, chance, centre / factor, centre * factor
