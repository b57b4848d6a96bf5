"""What is lost if every stream of a customer ends by itself, when in truth all end together?

A simulated company whose future is known: the relation with a client ends with the subscription. Nothing moves all
clients at once there, so the models are the plain ones. Four ways to value the same clients are held to what came: one
lifetime, with consumables as BG/NBD or as NBD; one lifetime, but the end counted twice; and no common lifetime. Only
clients whose relation lives at the as-of date are counted.

    python examples/09_one_lifetime_or_many.py [number of clients [random seed of the company]]
"""

import sys
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
given = [int(word) for word in sys.argv[1:] if word.isdigit()]
CLIENTS, SEED = (*given, *(2500, 1)[len(given) :])
QUIET = {"progressbar": False}
CONTRACTS = ("month", "quarter", "year")

company = lb.samples.simulate_office_equipment(CLIENTS, random_seed=SEED)
as_of, currency = company.as_of, company.currency
orders = lb.read_transactions(
    company.orders, customer="client", date="ordered_on", amount="amount", currency=currency, stream="product_line"
)
renewals = lb.summarize_renewals(
    company.subscriptions, customer="client", start="started_on", period="contract", as_of=as_of, currency=currency
)
consumables = lb.summarize(orders.stream("consumables"), time_unit="week", as_of=as_of)
service = lb.summarize(orders.stream("service"), since=company.installations, time_unit="week", as_of=as_of)
buying, serviced = (customers.observed_until(renewals.ended()) for customers in (consumables, service))
everybody = lb.all_customers(renewals, consumables, service, orders)
print(company)

of_length = {length: renewals.subset(renewals.table["period"] == length) for length in CONTRACTS}
renewing = {length: lb.ShiftedBetaGeometric().fit(of_length[length], random_seed=1, **QUIET) for length in CONTRACTS}
order_size = lb.GammaGamma(price_growth=None).fit(consumables, random_seed=3, **QUIET)
repair_cost = lb.GammaGamma(price_growth=None).fit(service, random_seed=5, **QUIET)
bg_nbd, nbd = lb.BGNBD(calendar_effects=None), lb.NBD(calendar_effects=None)


def streams(buyers, installed, model, host):
    """The four streams: two of them fitted to these histories, all riding on the host or on none."""
    orders_of = model.fit(buyers, random_seed=2, **QUIET)
    repairs_of = nbd.fit(installed, random_seed=4, **QUIET)
    return [
        lb.Subscription(renewing, renewals),
        lb.RepeatPurchases(orders_of, order_size, "consumables", customers=buyers, while_alive=host),
        lb.TriggeredService(repairs_of, repair_cost, "service", customers=installed, while_alive=host),
        lb.OneOffSale(company.planned, "equipment", while_alive=host),
    ]


variants = {
    "one lifetime, BG/NBD": (buying, serviced, bg_nbd, "subscription"),
    "one lifetime, NBD": (buying, serviced, nbd, "subscription"),
    "the end counted twice": (consumables, service, bg_nbd, "subscription"),
    "each stream by itself": (consumables, service, bg_nbd, None),
}

living = everybody.ids[company.lifetimes.reindex(everybody.ids) > 0]
subscribing = renewals.active().table.index
asked = {
    "subscription": subscribing,
    "consumables": subscribing.intersection(consumables.ids),
    "service": living,
    "total": living,
}
truth = company.true_value("3 years", discount_rate=0.10)
print("\nclients asked about: " + ", ".join(f"{name} {len(ids):,}" for name, ids in asked.items()))


def held_to_truth(ltv):
    """Of each stream, the share of clients whose 90% interval holds what came, and how far the mean is off."""
    draws = ltv.components.assign(total=ltv.draws)
    found = {}
    for name, ids in asked.items():
        drawn, came = draws[name].sel(customer_id=ids), truth.loc[ids, name].to_numpy()
        low, high = az.hdi(drawn, prob=0.9).transpose("ci_bound", ...).to_numpy()
        rounding = 1e-9 * (1 + came)
        found[name, "inside"] = np.mean((low - rounding <= came) & (came <= high + rounding))
        found[name, "bias"] = float(drawn.sum("customer_id").mean()) / came.sum() - 1
    return pd.Series(found)


def sales_expected(ltv):
    """Number of planned sales that a value expects to be made within the horizon: draws in which money comes."""
    return float((ltv.components["equipment"] > 0).mean(("chain", "draw")).sum())


rows, expected = {}, {}
for variant, settings in variants.items():
    ltv = lb.lifetime_value(everybody, streams(*settings), horizon="3 years", discount_rate=0.10, random_seed=6)
    rows[variant], expected[variant] = held_to_truth(ltv), sales_expected(ltv)

table = pd.DataFrame(rows).T
print("\n1. Clients whose 90% highest-density interval holds what came\n")
print(table.xs("inside", axis="columns", level=1).map("{:.1%}".format).to_string())
print("\n2. The sum of means beside the sum of what came\n")
print(table.xs("bias", axis="columns", level=1).map("{:+.1%}".format).to_string())

print("\n3. Planned sales\n")
print("  A sale comes or does not, so an interval holds nearly always or hardly ever, and none has 90%. Count instead:")
came = int((company.future["stream"] == "equipment").sum())
print(f"  {len(company.planned)} are planned; of their stated probabilities the sum is", end=" ")
print(f"{company.planned['probability'].sum():.1f}, and {came} came.")
print(f"  Foreseen: {expected['one lifetime, BG/NBD']:.1f} while the relation lives,", end=" ")
print(f"{expected['each stream by itself']:.1f} if it is ignored that it may end.")

table.to_csv(OUTPUT / "09_coverage.csv")
print(f"\nwritten: {OUTPUT / '09_coverage.csv'}")
