"""A simulated company with clients who pay in four ways at once, and the truth about each of them."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.read_orders import read_transactions
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.subscriptions.calendar import after, contract_length, number_until
from ltv_bayes.errors import InputError, counted, suggestion
from ltv_bayes.language import _, sentences
from ltv_bayes.samples.office_clients import CONSUMABLES, CONTRACTS, SERVICE, Contract, Growth, Purchases
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import DAYS_PER_YEAR, Duration, as_date, as_duration, as_number, discount_intensity

STREAMS = ("equipment", "subscription", "consumables", "service")
SECTORS = ("Education", "Finance", "Law", "Manufacturing", "Public sector")
REGIONS = ("East China", "North China", "South China", "West China")
CHANNELS = ("Direct", "Online", "Partner")

SUBSCRIBING, USING_CONSUMABLES, PLANNING = 0.88, 0.80, 0.15
BOARD_PRICE, BOARD_LOG_SD = 30_000.0, 0.2
MONTHLY_PRICE, MONTHLY_LOG_SD = 800.0, 0.3
PLANNED_AHEAD = Duration(2, "year")
SMALLEST_AMOUNT = 0.01
SAME = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class OfficeEquipment:
    """A simulated company that sells meeting boards: what an analyst would see, and the truth behind it.

    Attributes
    ----------
    orders : pandas.DataFrame
        client, product_line (equipment, consumables or service), ordered_on, amount: all up to ``as_of``, as an ERP
        would export them.
    subscriptions : pandas.DataFrame
        client, contract (monthly, quarterly or yearly), started_on, cancelled_on (the day of the renewal not made;
        blank while active), price (of one period).
    installations : pandas.DataFrame
        customer_id, since: the day from which a client's board may need repair.
    planned : pandas.DataFrame
        customer_id, date, amount, probability: second boards that clients consider. A stated 60% comes with 60%, if
        the relation still lives on that day.
    clients : pandas.DataFrame
        customer_id, industry, region, channel: one row per client. None of them says anything about behaviour.
    future : pandas.DataFrame
        customer_id, stream, date, days, amount: every payment within ``future_years`` after ``as_of``. ``days`` is the
        moment of the payment in days after ``as_of``, and ``date`` the day it falls on.
    parameters : dict
        The true parameters by stream, those of subscriptions by length of contract.
    lifetimes : pandas.Series
        Indexed by customer_id: days after ``as_of`` on which the relation ends, negative where it has ended, infinite
        where it outlives what is known.
    """

    orders: pd.DataFrame
    subscriptions: pd.DataFrame
    installations: pd.DataFrame
    planned: pd.DataFrame
    clients: pd.DataFrame
    future: pd.DataFrame
    parameters: dict[str, dict[str, Any]]
    lifetimes: pd.Series
    as_of: dt.date
    future_years: float
    currency: str = "CNY"

    def transactions(self) -> Transactions:
        """Read the orders as the user would."""
        return read_transactions(
            self.orders, customer="client", date="ordered_on", amount="amount", currency=self.currency
        )

    def true_value(
        self, horizon: Any = "3 years", discount_rate: float = 0.0, margins: Mapping[str, float] | None = None
    ) -> pd.DataFrame:
        """The true value of each client within a horizon, each payment discounted at its own date.

        Parameters
        ----------
        horizon : str or Duration
            Such as ``"3 years"``; money after it does not count.
        discount_rate : float
            Annual effective rate: 0.10 for 10% a year.
        margins : mapping, optional
            Stream to the share of its revenue that is kept; all of it for streams that are not named.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, all clients: equipment, subscription, consumables, service, total.

        Raises
        ------
        InputError
            If the horizon reaches beyond what is known, a stream is unknown, or a margin lies outside 0 to 1.

        Examples
        --------
        >>> company = simulate_office_equipment(50, random_seed=1)
        >>> bool(np.isclose(company.true_value("3 years")["total"].sum(), company.future["amount"].sum()))
        True
        """
        length, known = as_duration(horizon), Duration(self.future_years, "year")
        if length.days > known.days * (1 + SAME):
            raise InputError(
                sentences(
                    _("The truth is known for {known} ahead, not for {length}.", known=known, length=length),
                    _("Shorten the horizon, or simulate with a larger future_years."),
                )
            )
        shares, delta = _shares(margins or {}), discount_intensity(discount_rate, "day")
        on_dates = self.future["stream"].isin(["subscription", "equipment"])
        last = np.where(on_dates, Terms.read(length, 0.0, self.as_of).last_days()[-1], length.days)
        due = self.future[self.future["days"] <= last]
        kept = due["amount"] * due["stream"].map(shares).astype(float)
        value = pd.DataFrame(0.0, index=pd.Index(self.clients["customer_id"]), columns=list(STREAMS))
        for stream, money in (kept * np.exp(-delta * due["days"])).groupby(due["stream"]):
            value[stream] = money.groupby(due["customer_id"]).sum().reindex(value.index, fill_value=0.0)
        return value.assign(total=value.sum(axis="columns"))

    def __repr__(self) -> str:
        return str(
            _(
                "Simulated office-equipment company as of {as_of}: {clients}, {subscriptions}, {orders}, "
                "{planned_sales}, truth known for {future_years:g} years ahead",
                as_of=self.as_of,
                clients=counted(len(self.clients), "client"),
                subscriptions=counted(len(self.subscriptions), "subscription"),
                orders=counted(len(self.orders), "order"),
                planned_sales=counted(len(self.planned), "planned sale"),
                future_years=self.future_years,
            )
        )


def simulate_office_equipment(
    clients: int = 2500,
    *,
    years: float = 4.0,
    future_years: float = 3.0,
    as_of: Any = "2025-12-31",
    contracts: Sequence[Contract] = CONTRACTS,
    consumables: Purchases = CONSUMABLES,
    service: Purchases = SERVICE,
    growth: Growth | None = None,
    random_seed: int = 0,
) -> OfficeEquipment:
    """Simulate clients who buy a meeting board, subscribe to its cloud, order consumables and call for repairs.

    Clients install their board on a day of the observed years, and 88% subscribe that day. At each renewal date a
    client leaves with a probability of their own (shifted beta-geometric); all else of the relation ends on that day
    too. Who does not subscribe has the board and its repairs, without an end. While the relation lives, repairs and the
    consumables that 80% of subscribers use occur at a rate of each client's own (NBD), and each has an amount around
    the client's own mean (gamma-gamma). Consumables start with a pack on the installation day. Of the clients alive at
    ``as_of``, 15% consider a second board within two years, with an honest probability.

    What happens at a moment is dated on the day that ends next, so nothing but the board and the pack falls on the
    installation day. Two orders of one client and kind may fall on one day, as they do in life; `summarize` takes them
    for one purchase, which hides about one in ninety repeat orders of consumables, and one in three hundred repairs.

    Parameters
    ----------
    clients : int
        Number of clients.
    years : float
        Length of the log before ``as_of``.
    future_years : float
        How far ahead the truth is known.
    contracts : sequence of Contract
        Lengths of contracts, with shares that add up to 1.
    consumables, service : Purchases
        How often clients order and call, and what they pay.
    growth : Growth, optional
        How prices of contracts change at renewals; they do not, if not given. A contract with a new price is a record
        of its own. Who began on the 29th of a month or later keeps the price. All else is the same with and without.
    random_seed : int
        The same seed gives the same company.

    Returns
    -------
    OfficeEquipment

    Raises
    ------
    InputError
        If there is to be no client or no time, or the shares of contracts do not add up to 1.

    Examples
    --------
    >>> company = simulate_office_equipment(200, random_seed=1)
    >>> company.clients.shape
    (200, 4)
    >>> company.true_value("3 years", margins={"subscription": 0.8}).columns.tolist()
    ['equipment', 'subscription', 'consumables', 'service', 'total']
    """
    _refuse_nothing(clients=clients, years=years, future_years=future_years)
    _refuse_shares(contracts)
    rng = np.random.default_rng(random_seed)
    today = np.datetime64(as_date(as_of))
    known = float(Terms.read(Duration(future_years, "year"), 0.0, as_date(as_of)).last_days()[-1])
    listed = _clients(rng, clients)
    since = -rng.integers(1, math.ceil(years * DAYS_PER_YEAR), clients, endpoint=True).astype(float)
    installed = pd.DataFrame({"customer_id": listed["customer_id"], "since": _dates(today, since)})
    records = _subscriptions(rng, installed, contracts, today, years + max(future_years, PLANNED_AHEAD.to("year")))
    paid = _payments_of_contracts(records, today, known, growth, np.random.default_rng([random_seed, 1]))
    ends = records["ends"].reindex(listed["customer_id"], fill_value=np.inf)
    until = np.minimum(ends, future_years * DAYS_PER_YEAR)
    relations = pd.DataFrame({"since": since, "until": until}, index=ends.index)
    users = relations.loc[records.index[rng.random(len(records)) < USING_CONSUMABLES]]
    planned, sold = _planned_sales(rng, ends, today)
    payments = pd.concat(
        [
            _payments("equipment", ends.index, since, _log_normal(rng, BOARD_PRICE, BOARD_LOG_SD, clients).round(-2)),
            _payments("equipment", *sold),
            _payments("subscription", records.index[paid["who"]], paid["days"], paid["price"]),
            _payments("consumables", *_purchases(rng, users, consumables, from_the_start=True)),
            _payments("service", *_purchases(rng, relations, service)),
        ]
    )
    payments["date"] = _dates(today, payments["days"])
    return OfficeEquipment(
        orders=_orders(payments),
        subscriptions=_seen_records(records, paid, today),
        installations=installed,
        planned=planned,
        clients=listed,
        future=_future(payments, known),
        parameters={
            "subscription": {contract.period: contract.parameters for contract in contracts},
            "consumables": consumables.parameters,
            "service": service.parameters,
        },
        lifetimes=ends.where(ends <= known, np.inf).rename("days"),
        as_of=as_date(as_of),
        future_years=future_years,
    )


def _clients(rng: np.random.Generator, clients: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"K{number:04d}" for number in range(1, clients + 1)],
            "industry": rng.choice(SECTORS, clients),
            "region": rng.choice(REGIONS, clients),
            "channel": rng.choice(CHANNELS, clients),
        }
    )


def _subscriptions(
    rng: np.random.Generator,
    installed: pd.DataFrame,
    contracts: Sequence[Contract],
    today: np.datetime64,
    years: float,
) -> pd.DataFrame:
    """Draw who subscribes and when they leave, right up to a number of years after the start."""
    chosen = installed[rng.random(len(installed)) < SUBSCRIBING]
    size = len(chosen)
    kind = rng.choice(len(contracts), size, p=[contract.share for contract in contracts])
    terms = pd.DataFrame(
        [(each.name, each.period, each.months_paid, *each.parameters.values()) for each in contracts],
        columns=["contract", "period", "months_paid", "alpha", "beta"],
    ).iloc[kind]
    churn = rng.beta(terms["alpha"], terms["beta"])
    with np.errstate(divide="ignore"):
        renewals = np.floor(np.log1p(-rng.random(size)) / np.log1p(-churn))
    renewals = np.minimum(renewals, math.ceil(12 * years) + 1).astype(int)
    started = chosen["since"].to_numpy()
    price = _log_normal(rng, MONTHLY_PRICE, MONTHLY_LOG_SD, size) * terms["months_paid"].to_numpy()
    ends = after(started, renewals + 1, terms["period"]) - today
    return (
        terms[["contract", "period"]]
        .set_axis(pd.Index(chosen["customer_id"]), axis="index")
        .assign(started=started, price=price.round(), renewals=renewals, ends=ends.astype(float))
    )


def _payments_of_contracts(
    records: pd.DataFrame, today: np.datetime64, known: float, growth: Growth | None, rng: np.random.Generator
) -> pd.DataFrame:
    """Find every payment for a period, the first included: who (row of the records), when (days after as_of), price."""
    started, period = records["started"].to_numpy(), records["period"].to_numpy()
    last = np.minimum(records["renewals"], number_until(started, today + np.timedelta64(int(known), "D"), period))
    most = last.max() if len(last) else 0
    factors = np.ones((len(records), most + 1)) if growth is None else _factors(growth, records, most, rng)
    who, number = np.nonzero(np.arange(most + 1) <= last.to_numpy()[:, None])
    days = (after(started[who], number, period[who]) - today).astype(float)
    return pd.DataFrame(
        {"who": who, "days": days, "price": (records["price"].to_numpy()[who] * factors[who, number]).round()}
    )


def _factors(growth: Growth, records: pd.DataFrame, most: int, rng: np.random.Generator) -> np.ndarray:
    """Prices over the first one at each renewal, of shape (records, renewals + 1)."""
    years = np.array([contract_length(period).to("year") for period in records["period"]])
    chance = 1 - (1 - growth.changes_a_year) ** np.where(records["started"].dt.day < 29, years, 0.0)
    changed = rng.random((len(records), most)) < chance[:, np.newaxis]
    sign = np.where(rng.random(changed.shape) < growth.upward, 1.0, -1.0)
    size = np.abs(rng.normal(growth.size, growth.size_sd, changed.shape))
    return np.exp(np.pad(np.cumsum(changed * sign * size, axis=1), [(0, 0), (1, 0)]))


def _purchases(
    rng: np.random.Generator, relations: pd.DataFrame, pattern: Purchases, *, from_the_start: bool = False
) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """Draw who purchases, when (days after as_of), and for how much, the first on the first day or at a random time."""
    size, parameters = len(relations), pattern.parameters
    since, until = relations["since"].to_numpy(), relations["until"].to_numpy()
    rate = rng.gamma(parameters["r"], size=size) / parameters["alpha"]
    nu = rng.gamma(parameters["q"], size=size) / parameters["v"]
    who = np.repeat(np.arange(size), rng.poisson(rate * (until - since) / DAYS_PER_YEAR))
    days = until[who] - (until - since)[who] * rng.random(len(who))
    if from_the_start:
        who, days = np.concatenate([np.arange(size), who]), np.concatenate([since, days])
    amounts = (rng.gamma(parameters["p"], size=len(who)) / nu[who]).round(2)
    return relations.index[who], days, np.maximum(amounts, SMALLEST_AMOUNT)


def _planned_sales(
    rng: np.random.Generator, ends: pd.Series, today: np.datetime64
) -> tuple[pd.DataFrame, tuple[pd.Index, np.ndarray, np.ndarray]]:
    """Draw second boards that clients consider, and those that are sold: who, when (days after as_of), how much."""
    considering = ends[(ends > 0) & (rng.random(len(ends)) < PLANNING)]
    size = len(considering)
    days = rng.integers(1, int(PLANNED_AHEAD.days), size, endpoint=True).astype(float)
    amounts = _log_normal(rng, BOARD_PRICE, BOARD_LOG_SD, size).round(-2)
    probability = rng.integers(11, 89, size, endpoint=True) / 100
    planned = pd.DataFrame(
        {
            "customer_id": considering.index,
            "date": _dates(today, days),
            "amount": amounts,
            "probability": probability,
        }
    )
    sold = (rng.random(size) < probability) & (considering.to_numpy() > days)
    return planned, (considering.index[sold], days[sold], amounts[sold])


def _payments(stream: str, customer_ids: pd.Index, days: np.ndarray, amounts: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": customer_ids, "stream": stream, "days": days, "amount": amounts})


def _orders(payments: pd.DataFrame) -> pd.DataFrame:
    """What is in the log: all that was paid up to as_of, but for subscriptions."""
    past = payments[(payments["days"] <= 0) & (payments["stream"] != "subscription")]
    names = {"customer_id": "client", "stream": "product_line", "date": "ordered_on", "amount": "amount"}
    ordered = past.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)
    return ordered[list(names)].rename(columns=names)


def _future(payments: pd.DataFrame, known: float) -> pd.DataFrame:
    coming = payments[(payments["days"] > 0) & (payments["days"] <= known)]
    ordered = coming.sort_values(["days", "customer_id"], kind="stable", ignore_index=True)
    return ordered[["customer_id", "stream", "date", "days", "amount"]]


def _seen_records(records: pd.DataFrame, paid: pd.DataFrame, today: np.datetime64) -> pd.DataFrame:
    """What is known of subscriptions, a row for each price: whoever leaves later is still active."""
    known = paid[paid["days"] <= 0]
    first = (known["who"] != known["who"].shift()) | (known["price"] != known["price"].shift())
    seen = known[first].reset_index(drop=True)
    of = records.iloc[seen["who"]]
    left = of["ends"].where(of["ends"] <= 0).to_numpy()
    until = seen["days"].shift(-1).where(seen["who"] == seen["who"].shift(-1)).fillna(pd.Series(left))
    started, cancelled = _dates(today, seen["days"]), _dates(today, until)
    names = {"client": of.index, "contract": of["contract"].array, "started_on": started}
    return pd.DataFrame({**names, "cancelled_on": cancelled, "price": seen["price"]})


def _dates(today: np.datetime64, days: Any) -> np.ndarray:
    """The days on which moments fall, given in days after as_of; none for a missing one."""
    whole = pd.to_timedelta(np.ceil(days), unit="D").to_numpy()
    return (today + whole).astype("M8[us]")


def _log_normal(rng: np.random.Generator, median: float, log_sd: float, size: int) -> np.ndarray:
    return median * np.exp(log_sd * rng.standard_normal(size))


def _shares(margins: Mapping[str, float]) -> dict[str, float]:
    """The share of each stream's revenue that is kept."""
    for stream, margin in margins.items():
        if stream not in STREAMS:
            raise InputError(
                _("There is no stream {stream!r}. {suggestion}", stream=stream, suggestion=suggestion(stream, STREAMS))
            )
        if not 0 <= as_number(margin, _("the margin of {stream}", stream=stream)) <= 1:
            raise InputError(
                _(
                    "The margin of {stream} must lie between 0 and 1, not {margin:g}. Write 35% as "
                    "{{{stream!r}: 0.35}}.",
                    stream=stream,
                    margin=margin,
                )
            )
    return {stream: float(margins.get(stream, 1.0)) for stream in STREAMS}


def _refuse_nothing(**amounts: float) -> None:
    for name, amount in amounts.items():
        if not as_number(amount, name) > 0:
            raise InputError(_("{name} must be above 0, not {amount}.", name=name, amount=amount))


def _refuse_shares(contracts: Sequence[Contract]) -> None:
    total = sum(contract.share for contract in contracts)
    if abs(total - 1) > SAME:
        raise InputError(_("The shares of contracts add up to {total:g}. Make them add up to 1.", total=total))
