"""What is each client of a project business worth over three years, why, and how much of it is judgement?

A simulated business, so that the truth is known: six years of deals, and open opportunities that account managers
judge. Repeat deals come from the models, opportunities from the judgements; both are added draw by draw.
"""

from pathlib import Path

import arviz as az
import numpy as np

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)

business = lb.samples.simulate_project_business(random_seed=1)
deals = lb.read_transactions(business.orders, customer="client", date="closed_on", amount="value", currency="EUR")
clients = lb.summarize(deals, time_unit="month", as_of=business.as_of, attributes=business.clients)
purchases = lb.BGNBD().fit(clients, random_seed=1, progressbar=False)
spend = lb.GammaGamma().fit(clients, random_seed=2, progressbar=False)
judged = lb.FutureValuePriors.from_judgements(business.opportunities)
print(business, purchases, spend, judged, sep="\n\n")

print("\n1. The whole book, over the next three years\n")
ltv = lb.lifetime_value(
    clients,
    [lb.RepeatPurchases(purchases, spend)],
    future_value=judged,
    horizon="3 years",
    discount_rate=0.10,
    margin=0.35,
    random_seed=4,
)
print(ltv)
share = ltv.judgement.share()
print(f"\njudgement is {share['mean']:.0%} of the expected value and {share['variance']:.0%} of the variance")

print("\n2. The clients worth most\n")
table = ltv.summary(ci_prob=0.8).loc[ltv.ranked().index]  # the most still to come first
print(lb.readable(table.head(10), ltv.currency).to_string())
print("\n  The interval is of the money that a client will really bring, so for most clients it begins near zero.")

client = table.index[table["judged_share"] > 0][0]
print(f"\n3. Where the value of {client} comes from\n")
explanation = ltv.explain(client, ci_prob=0.8)
print(lb.readable(explanation, ltv.currency).to_string())
print("\n  The bounds of the parts do not add up to the bounds of the total: draws are added, bounds are not.")

print("\n4. Who brings more than 500 thousand, and how surely?\n")
above = ltv.probability_above(500_000).sort_values(ascending=False)
print(above.head(5).round(2).to_string())
print(f"\n  expected number of such clients: {above.sum():.1f}")

print("\n5. The same draws in ArviZ\n")
tree = ltv.to_datatree()
total = tree["lifetime_value"]["total"].sum("customer_id")
low, high = (float(bound) for bound in az.hdi(total, prob=0.8))
print(f"  total of the book, 80% highest-density interval: {low / 1e6:.1f}M to {high / 1e6:.1f}M EUR")
ltv.components["judged"].sum("customer_id").to_dataframe().to_csv(OUTPUT / "05_judged_draws.csv")

print("\n6. This business is simulated, so we may look at what came\n")
years = (business.future_orders["closed_on"] - np.datetime64(business.as_of)).dt.days / 365.25
brought = 0.35 * business.future_orders["value"] / 1.10**years
brought = brought.groupby(business.future_orders["client"]).sum().reindex(clients.ids, fill_value=0.0)
repeat = ltv.components["repeat_purchases"]
low, high = repeat.sum("customer_id").quantile([0.05, 0.95]).values / 1e6
print(f"  repeat deals: predicted {low:.1f}M to {high:.1f}M (90% interval), came {brought.sum() / 1e6:.1f}M")
low, high = repeat.quantile([0.05, 0.95], ("chain", "draw")).values
print(f"  clients inside their own 90% interval: {((brought >= low) & (brought <= high)).mean():.0%}")

table.to_csv(OUTPUT / "05_lifetime_value.csv")
lb.plot_lifetime_value(ltv).figure.savefig(OUTPUT / "05_lifetime_value.png", dpi=150)
lb.plot_waterfall(explanation).figure.savefig(OUTPUT / "05_waterfall.png", dpi=150)
print(f"\nwritten: {OUTPUT / '05_lifetime_value.png'} and {OUTPUT / '05_waterfall.png'}")
