"""Which segment to choose, which clients to keep, and whom to call: decisions with their probabilities.

The simulated project business again, where the truth is known: at the end the lists are held against what came.
"""

from pathlib import Path

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)

business = lb.samples.simulate_project_business(random_seed=1)
deals = lb.read_transactions(business.orders, customer="client", date="closed_on", amount="value", currency="EUR")
clients = lb.summarize(deals, time_unit="month", as_of=business.as_of, attributes=business.clients)
purchases = lb.BGNBD().fit(clients, random_seed=1, progressbar=False)
spend = lb.GammaGamma().fit(clients, random_seed=2, progressbar=False)
terms = {"horizon": "3 years", "discount_rate": 0.10, "margin": 0.35, "random_seed": 4}
ltv = lb.lifetime_value(clients, lb.RepeatPurchases(purchases, spend), **terms)

print("1. Where to look for the next client: the best industry, and what choosing it may cost\n")
by = ltv.by("industry")
print(lb.readable(by.best(top=2), ltv.currency).to_string())
print(f"\n  {by.compare(rope_share=0.1)['sentence'].iloc[0]}")

print("\n2. The same by industry and region; few clients in each, so the best is unsure\n")
nested = ltv.by(["industry", "region"])
print(lb.readable(nested.best(top=5).head(5), ltv.currency).to_string())

print("\n3. Who belongs to the top 20% of clients?\n")
tiers = ltv.tiers(shares=(0.2, 0.3, 0.5), names=["A", "B", "C"])
print(lb.readable(tiers.head(8), ltv.currency).to_string())

print("\n4. Who is slipping away since half a year ago, and what is at stake?\n")
slipping = lb.slipping_away(ltv, deals, since="2025-06-30")
print(slipping)

print("\n5. Who has more to bring?\n")
upside = ltv.upside()
for client, row in upside.head(5).iterrows():
    print(f"  {client}: {lb.readable(upside.loc[[client]], ltv.currency)['upside'].item()}; {row['reason']}")

print("\n6. How the value per client has developed; models fitted anew on each day\n")
trend = lb.value_over_time(
    deals,
    ["2023-12-31", "2024-12-31", "2025-12-31"],
    by="industry",
    attributes=business.clients,
    time_unit="month",
    **terms,
)
print(trend)

print("\n7. What came: the truth of the simulation\n")
top = tiers.index[tiers["tier"] == "A"]
came = business.truth["future_value"]
print(
    f"  clients likeliest in tier A: {len(top)} of {len(tiers)}, who brought {came[top].sum() / came.sum():.0%} of all"
)
gone = ~business.truth.loc[slipping.facts.index, "alive"]
foreseen = (1 - slipping.facts["probability_alive"]).sum()
print(f"  of {len(gone)} who were slipping away, {gone.sum()} had left; foreseen: {foreseen:.0f}")

lb.write_table(tiers, OUTPUT / "11_tiers.xlsx")
lb.write_table(slipping.summary(), OUTPUT / "11_slipping_away.xlsx")
lb.write_table(upside, OUTPUT / "11_upside.xlsx")
lb.plot_ranks(by).figure.savefig(OUTPUT / "11_ranks.png", dpi=150)
lb.plot_tiers(tiers).figure.savefig(OUTPUT / "11_tiers.png", dpi=150)
lb.plot_value_over_time(trend).figure.savefig(OUTPUT / "11_value_over_time.png", dpi=150)
print(f"\nwritten: lists and pictures in {OUTPUT}")
