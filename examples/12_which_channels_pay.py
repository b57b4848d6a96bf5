"""Which channels bring clients who are worth what winning them costs, and when is the money back?

The company is simulated, so the truth stands beside each answer. Seven channels differ in what a client costs, how
often clients buy and how much; one of them has hardly any clients. Nothing moves all clients at once there, so the
models are the plain ones.
"""

import sys
from pathlib import Path

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
TERMS = {"horizon": "3 years", "discount_rate": 0.10, "margin": 0.35}
seed = next((int(word) for word in sys.argv[1:] if word.isdigit()), 1)

company = lb.samples.simulate_channels(random_seed=seed)
customers = lb.summarize(company.transactions(), time_unit="month", as_of=company.as_of, attributes=company.clients)
fitting = {"progressbar": False}
purchases = lb.BGNBD(pool_by="channel", calendar_effects=None).fit(customers, random_seed=1, **fitting)
spend = lb.GammaGamma(pool_by="channel", price_growth=None).fit(customers, random_seed=2, **fitting)
truth = company.truth(**TERMS)

print("1. What is the next client worth? By channel, beside the truth\n")
value = lb.new_customer_value(purchases, spend, **TERMS, random_seed=3)
print(lb.readable(value.summary().assign(truth=truth["value"]), value.currency).to_string())

print("\n2. And for what it costs\n")
found = lb.acquisition(value, company.costs, random_seed=4)
print(found)

print("\n3. In sentences to quote\n")
for sentence in found.sentences():
    print(f"  {sentence}\n")

print("4. Is it so? Value over cost, beside the truth\n")
columns = ["ltv_to_cac", "ltv_to_cac_eti89_lb", "ltv_to_cac_eti89_ub", "probability_above_3"]
table = found.summary()
beside = table[columns].assign(truth=truth["ltv_to_cac"])
print(lb.readable(beside, amounts=False).to_string())
inside = beside["truth"].between(beside["ltv_to_cac_eti89_lb"], beside["ltv_to_cac_eti89_ub"])
print(f"\n  {inside.sum()} of {len(inside)} intervals hold the truth; of 89% intervals about that many should.")

print("\n5. Where would the next 10,000 go, if they win clients as the money so far did?\n")
budget = found.budget(10_000).drop(columns=["net_value_sd", "net_value_median", "probability_above_0"])
print(lb.readable(budget, value.currency).to_string())

print("\n6. What would a client from a channel that nobody has tried be worth?\n")
print(value.of(["a new channel"]))

table.to_csv(OUTPUT / "12_channels.csv")
lb.plot_acquisition(found).figure.savefig(OUTPUT / "12_channels.png", dpi=150)
lb.plot_payback(found, "Cold calls").figure.savefig(OUTPUT / "12_payback.png", dpi=150)
print(f"\nwritten: {OUTPUT / '12_channels.png'} and {OUTPUT / '12_payback.png'}")
