"""Are clients of one industry worth more than those of another, by how much, and with what probability?

The simulated project business again. A segment's value is the sum of its clients' draws, so every comparison is made
within a draw and has a probability of its own. A difference too small to matter is named as such.
"""

from pathlib import Path

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)

business = lb.samples.simulate_project_business(random_seed=1)
deals = lb.read_transactions(business.orders, customer="client", date="closed_on", amount="value", currency="EUR")
clients = lb.summarize(deals, time_unit="month", as_of=business.as_of, attributes=business.clients)
ltv = lb.lifetime_value(
    clients,
    [
        lb.RepeatPurchases(
            lb.BGNBD().fit(clients, random_seed=1, progressbar=False),
            lb.GammaGamma().fit(clients, random_seed=2, progressbar=False),
        )
    ],
    future_value=lb.FutureValuePriors.from_judgements(business.opportunities),
    horizon="3 years",
    discount_rate=0.10,
    margin=0.35,
    random_seed=4,
)

print("1. By industry\n")
by = ltv.by("industry")
print(by)

print("\n2. Every pair, in sentences to quote\n")
for sentence in by.compare()["sentence"]:
    print(f"  {sentence}")

print("\n3. When does a difference matter? Say that 50 thousand per client either way does not\n")
pairs = by.compare(rope=50_000)
columns = ["segment_a", "segment_b", "difference", "probability_a_above_b", "probability_equivalent"]
print(lb.readable(pairs[columns], ltv.currency).to_string(index=False))
print("\n  Both probabilities near a half: these data do not tell. That is an answer too.")

print("\n4. Probability of each rank\n")
print(by.rank().round(2).to_string())

print("\n5. In total instead of per client: a segment may be worth most by its number of clients\n")
print(by.rank("total").round(2).to_string())

print("\n6. Any grouping of your own, such as clients with one deal so far and clients with more\n")
habit = clients.table["frequency"].gt(0).map({True: "came back", False: "one deal so far"}).rename("habit")
print(ltv.by(habit))

print("\n  What the segments share: both models were fitted to all clients together. They do not know of industries,")
print("  so differences show as far as the clients' own deals speak, and are drawn towards each other elsewhere.")

by.summary().to_csv(OUTPUT / "06_industries.csv")
pairs.to_csv(OUTPUT / "06_industries_compared.csv", index=False)
lb.plot_segments(by).figure.savefig(OUTPUT / "06_industries.png", dpi=150)
lb.plot_segments(ltv.by("region"), measure="total").figure.savefig(OUTPUT / "06_regions.png", dpi=150)
print(f"\nwritten: {OUTPUT / '06_industries.png'} and {OUTPUT / '06_regions.png'}")
