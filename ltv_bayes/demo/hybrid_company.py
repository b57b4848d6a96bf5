"""A simulated company valued: clients pay in four ways at once, all ended by one lifetime."""

from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

import ltv_bayes as lb
from ltv_bayes import samples
from ltv_bayes.demo.forecast import beside_truth
from ltv_bayes.formatting import percent
from ltv_bayes.intervals import bound_columns, describe_bounds
from ltv_bayes.reporting.files import Results
from ltv_bayes.samples.office_clients import Growth
from ltv_bayes.terminal import say, show

CLIENTS, HORIZON = 1500, "3 years"
PLANNED, COST = 30, 4_000
"""New subscribers a month, and what it costs to win one."""
DISCOUNT_RATE, USUAL_MARGIN = 0.10, 0.30
MARGINS = {"subscription": 0.80, "consumables": 0.45, "service": USUAL_MARGIN, "equipment": USUAL_MARGIN}
OWN_LEVEL, CENT = 0.9, 0.01


@dataclass(frozen=True)
class Data:
    """What is known of the company's clients.

    Attributes
    ----------
    customers : Customers
        Who is valued.
    renewals : Renewals
        Of their subscriptions.
    consumables, service : Customers
        How often they ordered and called for repairs, and for how long they could have.
    planned : pandas.DataFrame
        Sales with a date and a probability.
    """

    customers: lb.Customers
    renewals: lb.Renewals
    consumables: lb.Customers
    service: lb.Customers
    planned: pd.DataFrame

    @classmethod
    def of(cls, company: samples.OfficeEquipment) -> Self:
        """Read the company's tables as an analyst would."""
        as_of = company.as_of
        named: dict[str, Any] = {"customer": "client", "currency": company.currency}
        orders = lb.read_transactions(
            company.orders, date="ordered_on", amount="amount", stream="product_line", **named
        )
        renewals = lb.summarize_renewals(
            company.subscriptions, start="started_on", period="contract", as_of=as_of, **named
        )
        consumables = lb.summarize(orders.stream("consumables"), time_unit="week", as_of=as_of)
        service = lb.summarize(orders.stream("service"), since=company.installations, time_unit="week", as_of=as_of)
        customers = lb.all_customers(renewals, consumables, service, orders, attributes=company.clients)
        return cls(customers, renewals, consumables, service, company.planned)

    def while_related(self) -> Self:
        """The same, without the time after a relation has ended, in which no order could occur."""
        ended = self.renewals.ended()
        return replace(
            self, consumables=self.consumables.observed_until(ended), service=self.service.observed_until(ended)
        )


def value_hybrid_company(results: Results, *, draws: int, random_seed: int) -> None:
    """Value clients who pay in four ways, with one lifetime and with one for each way, beside the truth."""
    say("\n\n3. What if clients pay in several ways at once? A simulated maker of meeting boards sells boards,")
    say("   subscriptions, consumables and repairs; with the subscription all of it ends.\n")
    company = samples.simulate_office_equipment(CLIENTS, growth=Growth(), random_seed=random_seed)
    data = Data.of(company)
    say(f"{company!r}\n")
    subscription = subscribed(data.renewals, draws=draws, random_seed=random_seed)
    ltv = valued(data.while_related(), subscription, "subscription", draws=draws, random_seed=random_seed)
    apart = valued(data, subscription, None, draws=draws, random_seed=random_seed)
    truth = company.true_value(HORIZON, DISCOUNT_RATE, MARGINS).loc[ltv.customers.ids]
    say(f"\n{ltv}")
    report_streams(results, ltv, truth)
    say(f"\n{of_living_clients(ltv, apart, company, truth)}")
    report_client(results, ltv, truth)
    report_growth(results, subscription, random_seed)
    report_equity(results, ltv, subscription, random_seed)


def subscribed(renewals: lb.Renewals, **fitting: Any) -> lb.Subscription:
    """Fit how often contracts of each length are renewed, and how their prices grow and shrink."""
    growth = lb.Expansion().fit(renewals, **fitting)
    return lb.Subscription(renewing(renewals, **fitting), renewals, growth=growth, margin=MARGINS["subscription"])


def valued(
    data: Data, subscription: lb.Subscription, host: str | None, *, draws: int, random_seed: int
) -> lb.LifetimeValue:
    """Fit a model for each way of paying and value all streams, depending on the host or each by itself."""
    fitting: dict[str, Any] = {"draws": draws, "random_seed": random_seed}
    return lb.lifetime_value(
        data.customers,
        [
            subscription,
            lb.RepeatPurchases(
                lb.BGNBD().fit(data.consumables, **fitting),
                lb.GammaGamma().fit(data.consumables, **fitting),
                "consumables",
                customers=data.consumables,
                while_alive=host,
                margin=MARGINS["consumables"],
            ),
            lb.TriggeredService(
                lb.NBD().fit(data.service, **fitting),
                lb.GammaGamma().fit(data.service, **fitting),
                "service",
                customers=data.service,
                while_alive=host,
            ),
            lb.OneOffSale(data.planned, "equipment", while_alive=host),
        ],
        horizon=HORIZON,
        discount_rate=DISCOUNT_RATE,
        margin=USUAL_MARGIN,
        random_seed=random_seed,
    )


def renewing(renewals: lb.Renewals, **fitting: Any) -> dict[str, lb.FittedRenewals]:
    """Fit how often contracts of each length are renewed."""
    lengths = renewals.table["period"]
    return {
        length: lb.ShiftedBetaGeometric().fit(renewals.subset(lengths == length), **fitting)
        for length in sorted(lengths.unique())
    }


def report_streams(results: Results, ltv: lb.LifetimeValue, truth: pd.DataFrame) -> None:
    """Show and write the value of each stream, beside what happened."""
    happened = truth.sum()
    table = streams_table(ltv).assign(happened=happened)
    show(table, title=f"The company's streams over {HORIZON}, {ltv.currency}", currency=ltv.currency)
    say(HOW_TO_READ_STREAMS)
    say(f"All together {beside_truth(happened['total'], ltv.total().to_numpy().ravel(), ltv.currency)}.")
    results.table(table, "hybrid_streams.csv", "value of each stream: foreseen, interval, happened")
    results.picture(lb.plot_cash_flow(ltv), "hybrid_cash_flow.png", "value of all clients in each year")


HOW_TO_READ_STREAMS = (
    "clients: those with foreseen revenue in the stream; happened: the company is simulated, so its future is known.\n"
    "Every payment is after margin and discounted at its own date."
)


def streams_table(ltv: lb.LifetimeValue) -> pd.DataFrame:
    """One row for each stream and their total: clients, mean, interval, share of the mean."""
    paying = ltv.components.assign(total=ltv.draws).mean(("chain", "draw"), skipna=False) > 0
    table = ltv.explain().drop(columns=["sd", "median"])
    table.insert(0, "clients", [int(paying[name].sum()) for name in table.index])
    return table


def of_living_clients(
    ltv: lb.LifetimeValue, apart: lb.LifetimeValue, company: samples.OfficeEquipment, truth: pd.DataFrame
) -> str:
    """State for how many active clients the interval of the value holds what happened."""
    living = truth.index[company.lifetimes.reindex(truth.index) > 0]
    shared, ignored = (_share_inside(value, truth["total"], living) for value in (ltv, apart))
    return (
        f"Of the {len(living):,} clients with a living relation, {percent(shared)} yield what their own "
        f"{percent(OWN_LEVEL)} interval says.\nValued as if each stream ended by itself, it would be "
        f"{percent(ignored)}: streams that end together are good or bad together."
    )


def _share_inside(ltv: lb.LifetimeValue, happened: pd.Series, ids: pd.Index) -> float:
    """How many of these customers lie inside their own highest-density interval, up to rounding."""
    own, happened = ltv.summary(OWN_LEVEL, "hdi").loc[ids], happened.loc[ids]
    low, high = (own[name] for name in own.columns if name.endswith(("_lb", "_ub")))
    return float(happened.between(low - CENT, high + CENT).mean())


def report_client(results: Results, ltv: lb.LifetimeValue, truth: pd.DataFrame) -> None:
    """Show and write the clients' values, and the sources and years of the value of one with all streams."""
    table = ltv.summary().loc[ltv.ranked().index]
    means = ltv.components.mean(("chain", "draw"), skipna=False).to_dataframe().loc[table.index]
    client = table.index[(means > 0).all(axis="columns")][0]
    explained = ltv.explain(client)
    show(explained, title=f"The sources of the value of {client}, {ltv.currency}", currency=ltv.currency)
    total = ltv.draws.sel(customer_id=client).to_numpy().ravel()
    say(f"{client} really yields {beside_truth(truth.loc[client, 'total'], total, ltv.currency)}.")
    results.table(table, "hybrid_lifetime_value.csv", "value of each client, with its interval")
    results.picture(lb.plot_waterfall(explained), "hybrid_waterfall.png", f"the sources of the value of {client}")
    results.picture(lb.plot_cash_flow(ltv, client), "hybrid_client_by_year.png", f"value of {client} in each year")


def report_growth(results: Results, subscription: lb.Subscription, random_seed: int) -> None:
    """Show and write how recurring revenue moved, what is foreseen of it, and which renewals are at risk."""
    renewals = subscription.renewals
    moved = lb.subscription_movements(renewals, every="year")
    last, ahead = (
        moved.retention("1 year").iloc[-1],
        lb.movements_ahead(subscription, "1 year", random_seed=random_seed),
    )
    net, (low, high) = ahead.loc["net_retention"], bound_columns(ahead)
    say("\n\n4. Does recurring revenue grow? Prices of contracts change at renewals, upward and downward.\n")
    show(moved.table.iloc[:, :7], title=f"Recurring revenue, {renewals.currency} a month", currency=renewals.currency)
    say(
        f"Of what subscribers paid a year ago, {percent(last['net_retention'])} is still paid with expansion and "
        f"{percent(last['gross_retention'])} without.\nIn the year to come it will be {percent(net['median'])}, "
        f"{describe_bounds(ahead)} {percent(net[low])} to {percent(net[high])}."
    )
    results.table(moved.table, "hybrid_movements.csv", "recurring revenue: new, expansion, contraction, lost")
    results.picture(lb.plot_movements(moved, 1), "hybrid_movements.png", "recurring revenue from opening to closing")
    results.picture(lb.plot_retained(moved), "hybrid_retained.png", "how much of their first revenue cohorts still pay")


def report_equity(results: Results, ltv: lb.LifetimeValue, subscription: lb.Subscription, random_seed: int) -> None:
    """Show and write what clients of today and subscribers still to be won are worth together."""
    table = subscription.renewals.table
    monthly = table[(table["period"] == "month") & table["next_due"].notna()]
    months = pd.period_range(pd.Timestamp(ltv.settings.terms.as_of) + pd.Timedelta(days=1), periods=12, freq="M")
    next_one = lb.new_customer_value(
        subscription.fits["month"],
        price=float(monthly["price"].mean()),
        period="month",
        horizon=HORIZON,
        discount_rate=DISCOUNT_RATE,
        margin=MARGINS["subscription"],
        growth=subscription.growth,
        random_seed=random_seed,
    )
    plan = pd.DataFrame({"month": months.astype(str), "customers": PLANNED, "cost_per_customer": COST})
    equity = lb.customer_equity(ltv, plan, next_one, random_seed=random_seed)
    say(f"\n\n5. And with those still to be won, {PLANNED} monthly subscribers in each month of a year?\n")
    say(repr(equity))
    say(equity.sentence())
    results.table(equity.summary(), "hybrid_equity.csv", "clients of today, those planned, and their cost")
    results.picture(lb.plot_equity(equity), "hybrid_equity.png", "clients of today and those planned, by year")
