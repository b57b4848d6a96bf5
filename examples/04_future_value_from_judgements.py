"""What are open opportunities worth, when all we have is what account managers say of them?

Each judgement becomes a distribution: will it come, how much, when. The amounts go through the stated numbers exactly.
Nothing is fitted here; the next example adds these draws to what the clients' past promises.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import ltv_bayes as lb

HERE = Path(__file__).parent
OUTPUT = HERE / "output"
OUTPUT.mkdir(exist_ok=True)

orders = lb.read_transactions(
    HERE / "data" / "orders.csv", customer="client", date="closed_on", amount="value", currency="EUR"
)
clients = lb.summarize(orders, time_unit="month", as_of="2025-12-31")

print("1. What the account managers wrote, one row per opportunity\n")
judged = lb.FutureValuePriors.from_judgements(HERE / "data" / "opportunities.csv")
print(judged)
print()
print(judged.summary().drop(columns="likely").head().to_string(index=False))
print("\n  'low' and 'high', if it occurs: one chance in ten that it is less, and one in ten that it is more.")

print("\n2. The first one, as a distribution of money in today's value, over three years at 10% a year\n")
terms = {"horizon": "3 years", "discount_rate": 0.10, "random_seed": 1}
value = lb.lifetime_value(clients, future_value=judged, **terms)
first = judged.table.iloc[0]
draws = value.draws.sel(customer_id=first["customer_id"]).to_numpy().ravel()
print(f"  stated: {first['probability']:.0%} chance of {first['low']:,.0f} to {first['high']:,.0f}")
print(f"  draws:  {np.mean(draws > 0):.0%} are above zero, mean {draws.mean():,.0f} EUR")
print("  Four times in ten it brings nothing, so the mean is an amount that will hardly ever be seen.")

print("\n3. All of them together\n")
print(value)

print("\n4. The same judgement said in other ways\n")
ways = {
    "60% chance of 200k to 500k": {"low": 200e3, "high": 500e3},
    "... as likely above 250k as below": {"low": 200e3, "likely": 250e3, "high": 500e3},
    "... expected in 2028": {"low": 200e3, "high": 500e3, "expected_on": "2028-06-30"},
    "... expected after the horizon": {"low": 200e3, "high": 500e3, "expected_on": "2029-06-30"},
}
rows = {}
for words, numbers in ways.items():
    said = pd.DataFrame([{"customer_id": "C0001", "probability": 0.6, **numbers}])
    priors = lb.FutureValuePriors.from_judgements(said)
    worth = lb.lifetime_value(clients.subset(["C0001"]), future_value=priors, **terms).draws
    rows[words] = {"if it occurs, undiscounted": priors.table["mean"].item(), "worth today": float(worth.mean())}
print(pd.DataFrame(rows).T.map("{:,.0f}".format).to_string())
print("\n  Without a date, any day within the horizon is as likely as another.")

print("\n5. How wide is an expert's interval? 80% unless you say otherwise\n")
for interval in (0.5, 0.8, 0.95):
    said = pd.DataFrame([{"customer_id": "C0001", "probability": 0.6, "low": 200e3, "high": 500e3}])
    priors = lb.FutureValuePriors.from_judgements(said, interval=interval)
    print(f"  interval={interval:.2f}: 1 in 100 amounts is above {priors.amount_quantiles(0.99).item():,.0f}")

print("\n6. What contradicts itself is refused, with the row\n")
wrong = {
    "a percentage": {"customer_id": "C0001", "probability": 60, "low": 1, "high": 2},
    "low and high swapped": {"customer_id": "C0001", "probability": 0.6, "low": 5, "high": 2},
    "an unknown client": {"customer_id": "C9999", "probability": 0.6, "low": 1, "high": 2},
}
for what, row in wrong.items():
    try:
        lb.lifetime_value(clients, future_value=lb.FutureValuePriors.from_judgements(pd.DataFrame([row])), **terms)
    except lb.LtvBayesError as error:
        print(f"  {what}: {error}")

judged.summary().to_csv(OUTPUT / "04_opportunities.csv", index=False)
lb.plot_lifetime_value(value, top=24).figure.savefig(OUTPUT / "04_judged_value.png", dpi=150)
print(f"\nwritten: {OUTPUT / '04_judged_value.png'} and {OUTPUT / '04_opportunities.csv'}")
