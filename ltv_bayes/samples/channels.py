"""A simulated company that wins its clients through channels, which differ in what a client costs and is worth."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.language import _
from ltv_bayes.samples.project_business import Deals, days_after
from ltv_bayes.time_units import as_date, as_duration, discount_intensity


@dataclass(frozen=True)
class Channel:
    """How clients of one channel are won, and how they buy.

    Attributes
    ----------
    yearly_spend, cost_per_client : float
        Money a year, and what a client costs on average; clients won are Poisson.
    orders_per_year, mean_order, dropout_mean : float
        Mean repeat orders a year of a client who stays, mean value of an order, and mean probability of leaving after
        a repeat order.
    rate_cv, dropout_concentration, order_cv, q_excess : float
        How clients differ, as in `Industry`.
    """

    name: str
    yearly_spend: float
    cost_per_client: float
    orders_per_year: float
    mean_order: float
    dropout_mean: float = 0.15
    rate_cv: float = 0.8
    dropout_concentration: float = 8.0
    order_cv: float = 0.5
    q_excess: float = 3.0


CHANNELS = (
    Channel("Search ads", 60_000, 900, orders_per_year=1.5, mean_order=1_800, dropout_mean=0.25),
    Channel("Trade fairs", 80_000, 2_600, orders_per_year=2.6, mean_order=5_200, dropout_mean=0.12),
    Channel("Referrals", 12_000, 700, orders_per_year=2.2, mean_order=3_600, dropout_mean=0.10),
    Channel("Cold calls", 45_000, 2_200, orders_per_year=1.4, mean_order=2_200, dropout_mean=0.22),
    Channel("Partners", 30_000, 1_400, orders_per_year=2.4, mean_order=4_100, dropout_mean=0.14),
    Channel("Mailings", 18_000, 1_100, orders_per_year=1.3, mean_order=1_600, dropout_mean=0.20),
    Channel("Webinars", 6_000, 1_500, orders_per_year=1.9, mean_order=2_900, dropout_mean=0.15),
)


@dataclass(frozen=True, repr=False)
class ChannelBusiness(Deals):
    """What an analyst would see, and the truth behind it.

    Attributes
    ----------
    orders : pandas.DataFrame
        client, closed_on, value: the orders up to ``as_of``.
    clients : pandas.DataFrame
        customer_id, channel.
    costs : pandas.DataFrame
        channel, period, spend, clients_won: a row for each channel and year.
    channels : tuple of Channel
        The truth.
    """

    orders: pd.DataFrame
    clients: pd.DataFrame
    costs: pd.DataFrame
    channels: tuple[Channel, ...]
    as_of: dt.date
    currency: str = "EUR"

    def truth(
        self,
        *,
        horizon: Any,
        discount_rate: float = 0.0,
        margin: float = 1.0,
        clients: int = 100_000,
        random_seed: int = 0,
    ) -> pd.DataFrame:
        """The mean value of a new client of each channel, by simulating many; the cost of one; and their ratio.

        Parameters
        ----------
        horizon : str or Duration
            With its unit, ``"3 years"``.
        discount_rate, margin : float
            A year, 0.10 for 10%; share of revenue that is kept.
        clients : int
            How many are simulated of each channel.
        random_seed : int
            The same seed gives the same means.

        Returns
        -------
        pandas.DataFrame
            Indexed by channel: value, cost_per_client, ltv_to_cac.
        """
        rng, years = np.random.default_rng(random_seed), as_duration(horizon).to("year")
        delta, rows = discount_intensity(discount_rate, "year"), {}
        for channel in self.channels:
            _, time, value = _lives(rng, channel, np.zeros(clients), years)
            rows[channel.name] = margin * float((value * np.exp(-delta * time)).sum()) / clients
        table = pd.DataFrame({"value": rows}).rename_axis("channel")
        table["cost_per_client"] = [channel.cost_per_client for channel in self.channels]
        return table.assign(ltv_to_cac=table["value"] / table["cost_per_client"])

    def __repr__(self) -> str:
        return str(
            _(
                "Simulated company with {number} channels as of {as_of}: {number_2:,} clients, {number_3:,} orders",
                number=len(self.channels),
                as_of=self.as_of,
                number_2=len(self.clients),
                number_3=len(self.orders),
            )
        )


def simulate_channels(
    channels: Sequence[Channel] = CHANNELS, *, years: int = 3, as_of: Any = "2025-12-31", random_seed: int = 0
) -> ChannelBusiness:
    """Simulate clients who are won through channels over some years, and what they buy until today.

    Clients won in a year are Poisson and come on any day of it; orders follow BG/NBD and gamma-gamma.

    Parameters
    ----------
    channels : sequence of Channel
    years : int
        How many years before ``as_of``.
    random_seed : int
        The same seed gives the same company.

    Examples
    --------
    >>> simulate_channels(random_seed=1).costs.shape
    (21, 4)
    """
    rng, today = np.random.default_rng(random_seed), as_date(as_of)
    orders: list[pd.DataFrame] = []
    clients: list[tuple[Any, str]] = []
    costs = []
    for channel in channels:
        for year in range(years):
            won = int(rng.poisson(channel.yearly_spend / channel.cost_per_client))
            first = np.sort(rng.random(won)) + year - years
            names = pd.Index([f"C{len(clients) + number + 1:04d}" for number in range(won)])
            owner, time, value = _lives(rng, channel, first, 0.0)
            clients += [(name, channel.name) for name in names]
            costs.append((channel.name, today.year - years + year + 1, channel.yearly_spend, won))
            orders.append(pd.DataFrame({"client": names[owner], "year": time, "value": value.round(2)}))
    every = pd.concat(orders, ignore_index=True)
    closed_on = days_after(today, every.pop("year"))
    return ChannelBusiness(
        every.assign(closed_on=closed_on).sort_values("closed_on", ignore_index=True),
        pd.DataFrame(clients, columns=["customer_id", "channel"]),
        pd.DataFrame(costs, columns=["channel", "period", "spend", "clients_won"]),
        tuple(channels),
        today,
    )


def _lives(
    rng: np.random.Generator, channel: Channel, first: np.ndarray, until: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every order of clients from the first on: the client, the time (in years) and the amount."""
    shape, each = channel.rate_cv**-2, channel.order_cv**-2
    rate = rng.gamma(shape, channel.orders_per_year / shape, first.size)
    leaving = channel.dropout_mean * channel.dropout_concentration
    dropout = rng.beta(leaving, channel.dropout_concentration - leaving, first.size)
    typical = channel.mean_order * channel.q_excess / rng.gamma(1 + channel.q_excess, size=first.size)
    owners, times = [np.arange(first.size)], [first]
    living, now = owners[0], first
    while living.size:
        now = now + rng.exponential(1 / rate[living])
        happened = now <= until
        living, now = living[happened], now[happened]
        owners.append(living)
        times.append(now)
        stays = rng.random(living.size) >= dropout[living]
        living, now = living[stays], now[stays]
    owner, time = np.concatenate(owners), np.concatenate(times)
    return owner, time, rng.gamma(each, typical[owner] / each)
