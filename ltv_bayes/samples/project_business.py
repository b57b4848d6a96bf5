"""A simulated project business, with the truth about its clients."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.orders.transactions import Transactions, read_transactions
from ltv_bayes.samples.pipeline import Z_80, deal_times
from ltv_bayes.time_units import DAYS_PER_YEAR, as_date

SMALLEST_DEAL, LARGEST_DEAL = 10_000.0, 5_000_000.0
REGIONS = ("North", "East", "South", "West")
MANAGERS = ("Chen", "Garcia", "Kovacs", "Okafor", "Wang")


@dataclass(frozen=True)
class Industry:
    """How the clients of one industry buy.

    Attributes
    ----------
    deals_per_year, rate_cv : float
        Mean repeat deals a year of a client who stays, and its coefficient of variation between clients.
    dropout_mean, dropout_concentration : float
        Mean probability of leaving after a repeat deal, and how alike clients are in it.
    mean_deal, order_cv, q_excess : float
        Mean deal value; coefficient of variation of one client's deals; the smaller the last, the more clients differ.
    """

    name: str
    deals_per_year: float
    mean_deal: float
    dropout_mean: float = 0.12
    rate_cv: float = 0.8
    dropout_concentration: float = 8.0
    order_cv: float = 0.5
    q_excess: float = 3.0

    @property
    def parameters(self) -> dict[str, float]:
        """The same as r, alpha (per year), a, b, p, q, v."""
        r, p = self.rate_cv**-2, self.order_cv**-2
        a = self.dropout_mean * self.dropout_concentration
        b = self.dropout_concentration - a
        v = self.mean_deal * self.q_excess / p
        return {"r": r, "alpha": r / self.deals_per_year, "a": a, "b": b, "p": p, "q": 1 + self.q_excess, "v": v}


INDUSTRIES = (
    Industry("Manufacturing", deals_per_year=1.6, mean_deal=420_000, dropout_mean=0.10),
    Industry("Energy", deals_per_year=0.8, mean_deal=900_000, dropout_mean=0.08),
    Industry("Healthcare", deals_per_year=1.1, mean_deal=350_000, dropout_mean=0.12),
    Industry("Retail", deals_per_year=1.8, mean_deal=90_000, dropout_mean=0.22),
    Industry("Public sector", deals_per_year=0.7, mean_deal=600_000, dropout_mean=0.15),
)


@dataclass(frozen=True, repr=False)
class ProjectBusiness:
    """A simulated project business: what an analyst would see, and the truth behind it.

    Attributes
    ----------
    orders : pandas.DataFrame
        client, closed_on, value: the deals closed up to ``as_of``, as a CRM would export them.
    clients : pandas.DataFrame
        customer_id, industry, region, account_manager: one row per client.
    opportunities : pandas.DataFrame
        What account managers say of open opportunities, ready for `FutureValuePriors.from_judgements`: each a project
        outside the client's ordinary repeat business.
    truth : pandas.DataFrame
        Indexed by customer_id: rate (deals per year while active), dropout, mean_deal, alive, future_deals,
        future_value (both of repeat deals within ``future_years`` of ``as_of``), judged_value (of opportunities won).
    future_orders : pandas.DataFrame
        Repeat deals after ``as_of``: client, closed_on, value.
    """

    orders: pd.DataFrame
    clients: pd.DataFrame
    opportunities: pd.DataFrame
    truth: pd.DataFrame
    future_orders: pd.DataFrame
    as_of: dt.date
    future_years: float
    currency: str = "CNY"

    def transactions(self) -> Transactions:
        """Read the orders as the user would."""
        return read_transactions(
            self.orders, customer="client", date="closed_on", amount="value", currency=self.currency
        )

    def __repr__(self) -> str:
        return (
            f"Simulated project business as of {self.as_of}: {len(self.clients):,} clients, "
            f"{len(self.orders):,} deals, {len(self.opportunities):,} open opportunities, "
            f"truth known for {self.future_years:g} years ahead"
        )


def simulate_project_business(
    clients: int = 300,
    *,
    years: float = 6.0,
    future_years: float = 3.0,
    as_of: Any = "2025-12-31",
    industries: Sequence[Industry] = INDUSTRIES,
    judged_share: float = 0.25,
    random_seed: int = 0,
) -> ProjectBusiness:
    """Simulate clients who buy projects of 10 thousand to 5 million with long gaps, and managers who judge them.

    Clients arrive over the observed years; deals follow BG/NBD and gamma-gamma with the industry's parameters. A share
    of the clients who have not left has one open opportunity besides. Managers are honest: an opportunity stated at
    60% comes with 60%, and its amount lies within the stated interval with 80%.

    Parameters
    ----------
    clients : int
        Number of clients.
    years : float
        Length of the log before ``as_of``.
    future_years : float
        How far ahead the truth is known.
    judged_share : float
        Share of the clients who have not left with an open opportunity.
    random_seed : int
        The same seed gives the same business.

    Returns
    -------
    ProjectBusiness

    Examples
    --------
    >>> business = simulate_project_business(50, random_seed=1)
    >>> business.clients.shape
    (50, 4)
    """
    rng = np.random.default_rng(random_seed)
    today = as_date(as_of)
    names = [f"C{number:04d}" for number in range(1, clients + 1)]
    known = pd.DataFrame(
        {
            "customer_id": names,
            "industry": [industries[i].name for i in rng.integers(len(industries), size=clients)],
            "region": rng.choice(REGIONS, clients),
            "account_manager": rng.choice(MANAGERS, clients),
        }
    )
    traits = _traits(rng, known, industries)
    deals, leaving = _deals(rng, traits, years, future_years)
    deals["closed_on"] = pd.Timestamp(today) + pd.to_timedelta(np.ceil(deals["year"] * DAYS_PER_YEAR), unit="D")
    past = deals["closed_on"] <= pd.Timestamp(today)
    columns = ["client", "closed_on", "value"]
    opportunities, won = _opportunities(rng, known, traits, leaving > 0, today, future_years, judged_share)
    future = deals.loc[~past].groupby("client")["value"]
    truth = traits[["rate", "dropout", "mean_deal"]].assign(
        alive=leaving > 0,
        future_deals=future.size().reindex(traits.index, fill_value=0),
        future_value=future.sum().reindex(traits.index, fill_value=0.0),
        judged_value=won.reindex(traits.index, fill_value=0.0),
    )
    return ProjectBusiness(
        deals.loc[past, columns].sort_values("closed_on", ignore_index=True),
        known,
        opportunities,
        truth,
        deals.loc[~past, columns].sort_values("closed_on", ignore_index=True),
        today,
        future_years,
    )


def _traits(rng: np.random.Generator, clients: pd.DataFrame, industries: Sequence[Industry]) -> pd.DataFrame:
    """Draw each client's own rate, dropout and spend."""
    parameters = {industry.name: industry.parameters for industry in industries}
    each = pd.DataFrame([parameters[name] for name in clients["industry"]], index=pd.Index(clients["customer_id"]))
    nu = rng.gamma(each["q"]) / each["v"]
    return pd.DataFrame(
        {
            "rate": rng.gamma(each["r"]) / each["alpha"],
            "dropout": rng.beta(each["a"], each["b"]),
            "p": each["p"],
            "nu": nu,
            "mean_deal": each["p"] / nu,
        },
        index=each.index,
    )


def _deals(
    rng: np.random.Generator, traits: pd.DataFrame, years: float, future_years: float
) -> tuple[pd.DataFrame, pd.Series]:
    """Draw every deal from arrival to the end of the known future, and when each client leaves (years from as_of)."""
    rows, leaving = [], {}
    for client, trait in traits.iterrows():
        times, leaving[client] = deal_times(rng, trait["rate"], trait["dropout"], -years * rng.random(), future_years)
        values = np.clip(rng.gamma(trait["p"], size=len(times)) / trait["nu"], SMALLEST_DEAL, LARGEST_DEAL)
        rows += [(client, time, value) for time, value in zip(times, values.round(-2), strict=True)]
    return pd.DataFrame(rows, columns=["client", "year", "value"]), pd.Series(leaving)


def _opportunities(
    rng: np.random.Generator,
    clients: pd.DataFrame,
    traits: pd.DataFrame,
    living: pd.Series,
    today: dt.date,
    future_years: float,
    judged_share: float,
) -> tuple[pd.DataFrame, pd.Series]:
    """Draw open opportunities, what managers say of them, and what comes of them."""
    chosen = clients[(rng.random(len(clients)) < judged_share) & living.loc[clients["customer_id"]].to_numpy()]
    size = len(chosen)
    probability = rng.beta(2.5, 2.5, size).round(2).clip(0.05, 0.95)
    log_sd = rng.uniform(0.25, 0.6, size)
    median = traits.loc[chosen["customer_id"], "mean_deal"].to_numpy() * rng.lognormal(0.3, 0.4, size)
    low, high = (np.clip(median * np.exp(sign * Z_80 * log_sd), 1_000, None).round(-3) for sign in (-1, 1))
    days = rng.integers(60, int(min(future_years, 2) * DAYS_PER_YEAR), size)
    opportunities = pd.DataFrame(
        {
            "customer_id": chosen["customer_id"].to_numpy(),
            "opportunity": [f"OPP-{number:04d}" for number in range(1, size + 1)],
            "expert": chosen["account_manager"].to_numpy(),
            "probability": probability,
            "low": np.maximum(low, 1_000.0),
            "high": np.maximum(high, 2_000.0),
            "expected_on": pd.Timestamp(today) + pd.to_timedelta(days, unit="D"),
            "relation": "additional",
        }
    )
    amount = median * np.exp(log_sd * rng.standard_normal(size))
    won = pd.Series(np.where(rng.random(size) < probability, amount, 0.0), index=chosen["customer_id"].to_numpy())
    return opportunities, won
