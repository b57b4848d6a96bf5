"""What is a client worth who buys equipment, subscribes, orders consumables and calls for repairs?

A simulated maker of meeting boards, so that the truth is known. A client pays in four ways, and all of them end on one
day: when the subscription does. Each way of paying is a stream with a model of its own; draw by draw, the subscription
says how long the relation lasts, and the others end with it.

    python examples/08_hybrid_customers.py [number of clients]
"""

import sys
from pathlib import Path

import pandas as pd

import ltv_bayes as lb
from ltv_bayes.samples.office_clients import Growth

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
QUIET = {"progressbar": False}
MARGINS = {"subscription": 0.80, "consumables": 0.45, "service": 0.30, "equipment": 0.30}
CENT = 0.01
clients = next((int(word) for word in sys.argv[1:] if word.isdigit()), 2500)

company = lb.samples.simulate_office_equipment(clients, growth=Growth(), random_seed=1)
as_of, currency = company.as_of, company.currency
print(company)

print("\n1. The data: one log, split by product line, and the records of subscriptions\n")
orders = lb.read_transactions(
    company.orders, customer="client", date="ordered_on", amount="amount", currency=currency, stream="product_line"
)
renewals = lb.summarize_renewals(
    company.subscriptions, customer="client", start="started_on", period="contract", as_of=as_of, currency=currency
)
consumables = lb.summarize(orders.stream("consumables"), time_unit="week", as_of=as_of)
service = lb.summarize(orders.stream("service"), since=company.installations, time_unit="week", as_of=as_of)
book = lb.all_customers(renewals, consumables, service, orders, attributes=company.clients)
for part in (orders, renewals, consumables, service):
    print(repr(part).partition("\n")[0])

print("\n2. Observation ends when the relation does: nobody could order or call after that\n")
ended = renewals.ended()
buying, serviced = consumables.observed_until(ended), service.observed_until(ended)
shorter = (consumables.table["T"] - buying.table["T"])[lambda weeks: weeks > 0]
print(f"  {len(shorter)} buyers of consumables were observed {shorter.mean():.0f} weeks less, on average")

print("\n3. A model for each way of paying, and one for each length of contract\n")
renewing = {
    length: lb.ShiftedBetaGeometric().fit(renewals.subset(renewals.table["period"] == length), random_seed=1, **QUIET)
    for length in ("month", "quarter", "year")
}
orders_of = lb.BGNBD().fit(buying, random_seed=2, **QUIET)
repairs_of = lb.NBD().fit(serviced, random_seed=3, **QUIET)
order_size = lb.GammaGamma().fit(consumables, random_seed=4, **QUIET)
repair_cost = lb.GammaGamma().fit(service, random_seed=5, **QUIET)
for length, fit in renewing.items():
    churn = 1 - float(fit.retention([0]).mean())
    print(f"  contracts by the {length}: {churn:.1%} of new ones are not renewed the first time")
print(f"\n{orders_of}\n\n{repairs_of}")
growth = lb.Expansion().fit(renewals, random_seed=7)
print(f"\n{growth}")

print("\n4. Four streams, one lifetime\n")
streams = [
    lb.Subscription(renewing, renewals, growth=growth, margin=MARGINS["subscription"]),
    lb.RepeatPurchases(
        orders_of,
        order_size,
        "consumables",
        customers=buying,
        while_alive="subscription",
        margin=MARGINS["consumables"],
    ),
    lb.TriggeredService(repairs_of, repair_cost, "service", customers=serviced, while_alive="subscription"),
    lb.OneOffSale(company.planned, "equipment", while_alive="subscription"),
]
ltv = lb.lifetime_value(
    book, streams, horizon=["1 year", "2 years", "3 years"], discount_rate=0.10, margin=0.30, random_seed=6
)
print(ltv)

print("\n5. The clients worth most\n")
table = ltv.summary(ci_prob=0.9).sort_values("mean", ascending=False)
print(lb.readable(table.head(8), currency).to_string())

pays_in_all = (ltv.components.mean(("chain", "draw")).to_dataframe() > 0).all(axis="columns")
client = table.index[pays_in_all.loc[table.index]][0]
print(f"\n6. Where the value of {client} comes from, and when\n")
explanation = ltv.explain(client, ci_prob=0.9)
print(lb.readable(explanation, currency).to_string())
print()
print(lb.readable(ltv.cash_flow(client, ci_prob=0.9), currency).to_string())
print("\n  The streams end together, so bad luck in one is bad luck in all: the interval of the total is that of the")
print("  added draws, and neither the sum of the intervals nor what independent streams would give.")

print("\n7. The whole book: by year, and by industry\n")
print(lb.readable(ltv.by_horizon(ci_prob=0.9), currency).to_string())
print()
print(ltv.by("industry"))

print("\n8. The company is simulated, so we may look at what came\n")
came = company.true_value("3 years", discount_rate=0.10, margins=MARGINS).loc[book.ids]
whole = ltv.explain(ci_prob=0.9)
beside = pd.DataFrame(
    {
        "foreseen": whole["mean"],
        "eti90_lb": whole["eti90_lb"],
        "eti90_ub": whole["eti90_ub"],
        "came": came.sum()[whole.index],
    }
)
print(lb.readable(beside, currency).to_string())
lives = company.lifetimes.loc[book.ids] > 0
own = ltv.summary(ci_prob=0.9, ci_kind="hdi").loc[book.ids]
inside = came["total"].between(own["hdi90_lb"] - CENT, own["hdi90_ub"] + CENT)[lives]
print(f"\n  {lives.sum():,} clients are still clients: {inside.mean():.1%} brought what their own 90% interval says")
print(f"  {client} was expected to bring {explanation.loc['total', 'mean']:,.0f}", end=" ")
print(f"and brought {came.loc[client, 'total']:,.0f} {currency}")

print("\n9. Recurring revenue: how it moved, what will be kept of it, and which renewals are at risk\n")
moved = lb.subscription_movements(renewals, every="year")
print(moved)
ahead = lb.movements_ahead(streams[0], "1 year", ci_prob=0.9, random_seed=8)
kept, low, high = ahead.loc["net_retention", ["median", "eti90_lb", "eti90_ub"]]
print(f"\n  a year ahead {kept:.0%} of it will still be paid (90% interval {low:.0%} to {high:.0%})\n")
print(lb.at_risk(ltv, within="1 month"))

print("\n10. What the company is worth by its clients: those of today, and 40 monthly subscribers to be won a month\n")
monthly = renewals.table.query("period == 'month' and next_due.notna()")
next_one = lb.new_customer_value(
    renewing["month"], price=monthly["price"].mean(), period="month", horizon="3 years", discount_rate=0.10, margin=0.80
)
months = pd.period_range("2026-01", "2026-12", freq="M").astype(str)
plan = pd.DataFrame({"month": months, "customers": 40, "cost_per_customer": 4_000})
equity = lb.customer_equity(ltv, plan, next_one, random_seed=9)
print(equity)
print(equity.company_value(tax_rate=0.25, cash=2_000_000, debt=1_000_000)["mean"].round(-4).to_string())

table.to_csv(OUTPUT / "08_lifetime_value.csv")
beside.to_csv(OUTPUT / "08_beside_the_truth.csv")
lb.plot_waterfall(explanation).figure.savefig(OUTPUT / "08_waterfall.png", dpi=150)
lb.plot_cash_flow(ltv, client, ci_prob=0.9).figure.savefig(OUTPUT / "08_cash_flow.png", dpi=150)
lb.plot_movements(moved, 1).figure.savefig(OUTPUT / "08_movements.png", dpi=150)
lb.plot_equity(equity, ci_prob=0.9).figure.savefig(OUTPUT / "08_equity.png", dpi=150)
lb.plot_cash_flow(ltv, ci_prob=0.9).figure.savefig(OUTPUT / "08_cash_flow_of_all.png", dpi=150)
print(f"\nwritten: {OUTPUT / '08_waterfall.png'} and {OUTPUT / '08_cash_flow.png'}")
