"""Simulated project businesses, with the truth about their clients; one of them with a pipeline of opportunities."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.read_orders import read_transactions
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.language import _
from ltv_bayes.time_units import DAYS_PER_YEAR, Duration, as_date, as_duration, discount_intensity

SMALLEST_DEAL, LARGEST_DEAL = 10_000.0, 5_000_000.0
REGIONS = ("North", "East", "South", "West")
MANAGERS = ("Chen", "Garcia", "Kovacs", "Okafor", "Wang")
PARAMETERS = {"r": 1.5, "alpha": 0.75, "a": 0.9, "b": 6.0, "p": 4.0, "q": 4.0, "v": 300_000.0}
SPREAD = 0.4
SURE = 0.8
Z_80 = 1.2815515655446004


class Deals:
    """Deals as a CRM exports them: client, closed_on, value."""

    orders: pd.DataFrame
    currency: str

    def transactions(self) -> Transactions:
        """Read the orders as the user would."""
        return read_transactions(
            self.orders, customer="client", date="closed_on", amount="value", currency=self.currency
        )


def days_after(today: dt.date, years: Any) -> Any:
    """The days on which moments fall, given in years after today."""
    return pd.Timestamp(today) + pd.to_timedelta(np.ceil(years * DAYS_PER_YEAR), unit="D")


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
class ProjectBusiness(Deals):
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

    def __repr__(self) -> str:
        return str(
            _(
                "Simulated project business as of {as_of}: {number:,} clients, {number_2:,} deals, "
                "{number_3:,} open opportunities, truth known for {future_years:g} years ahead",
                as_of=self.as_of,
                number=len(self.clients),
                number_2=len(self.orders),
                number_3=len(self.opportunities),
                future_years=self.future_years,
            )
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
    as_of : date
        The last day of the log.
    industries : sequence of Industry
        Of which clients are simulated.

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
    deals["closed_on"] = days_after(today, deals["year"])
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


@dataclass(frozen=True, repr=False)
class Pipeline(Deals):
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
    currency: str = "CNY"

    def true_value(self, discount_rate: float = 0.0) -> pd.Series:
        """The true revenue of each client with orders within the known future, by id.

        Parameters
        ----------
        discount_rate : float
            A year, 0.10 for 10%.

        Returns
        -------
        pandas.Series
            Indexed by customer_id, in the currency.
        """
        worth = self.future_orders["value"] * np.exp(
            -discount_intensity(discount_rate, "day") * self.future_orders["days"]
        )
        found = worth.groupby(self.future_orders["customer_id"]).sum()
        return found.reindex(sorted(set(self.orders["client"])), fill_value=0.0)

    def __repr__(self) -> str:
        return str(
            _(
                "Simulated project business as of {as_of}: {client:,} clients, {number:,} deals; its pipeline "
                "shows {share:.0%} of the purchases within {within}, {number_2:,} opportunities",
                as_of=self.as_of,
                client=self.orders["client"].nunique(),
                number=len(self.orders),
                share=self.share,
                within=self.within,
                number_2=len(self.opportunities),
            )
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
    as_of : date
        The last day of the log.

    Returns
    -------
    Pipeline

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
    every["closed_on"] = days_after(today, every["year"])
    past = every["year"] <= 0
    coming = every[~past]
    pipeline = pd.DataFrame(listed, columns=["customer_id", "probability", "low", "high", "year"])
    expected = days_after(today, pipeline.pop("year"))
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
