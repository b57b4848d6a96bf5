"""Who is still a customer, how often will they buy, and would such a forecast have held in the past?

CDNOW again: fit 39 weeks, forecast the next 39, and compare with what happened. On the way, the two kinds of interval
that must not be mixed: of an expectation (expected_*), and of what will really happen (predict_*).
"""

from pathlib import Path

import numpy as np
import pandas as pd

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
HOLDOUT = "39 weeks"

orders = lb.samples.cdnow_orders()
customers = lb.summarize(orders, time_unit="week", as_of="1997-09-30")
purchases = lb.BGNBD().fit(customers, draws=500, random_seed=1, progressbar=False)
spend = lb.GammaGamma().fit(customers, draws=500, random_seed=2, progressbar=False)

print("1. Who is still a customer? Probability of being alive on 30 September 1997\n")
alive = purchases.probability_alive(customers).mean(("chain", "draw")).to_series().rename("probability_alive")
forecast = customers.table[["frequency", "recency", "T"]].join(alive)
print(forecast.loc[[1901, 1516, 1, 2, 3]].round(2).to_string())
print("\n  Customer 1901 came back 21 times within five weeks and then not for 24: gone, in all likelihood.")
print("  Customer 1516 is as frequent, and bought yesterday. Customer 3 has one purchase only, and probability 1: in")
print("  this model nobody leaves before a repeat purchase.")

print(f"\n2. Customer 1: how many purchases in the next {HOLDOUT}?\n")
expected = purchases.expected_purchases(customers, HOLDOUT)
predicted = purchases.predict_purchases(customers, HOLDOUT, random_seed=3)
for name, draws in (("expected_purchases", expected), ("predict_purchases ", predicted)):
    one = draws.sel(customer_id=1)
    low, high = np.quantile(one, [0.05, 0.95])
    print(f"  {name}: mean {float(one.mean()):.2f}, 90% interval {low:.2f} to {high:.2f}")
print(
    "\n  The first interval says how well we know the average of customers like this one, and what moves all of them."
)
print("  The second says what this customer may really do.")

print("\n3. The backtest: what happened, beside what was predicted\n")
test = lb.backtest(orders, as_of="1997-09-30", horizon=HOLDOUT, purchases=purchases, spend=spend, random_seed=1)
print(test)
print("\n  Customers' own intervals hold what they did about as often as they promise. The total of the cohort lies")
print("  inside its interval, which is wide: what may move many customers together is in it. Customers taken as")
print("  independent of each other, by BGNBD(calendar_effects=None), make it a third as wide, and it misses.")

print("\n4. Share of customers whose real purchases lie inside 'their' 90% interval\n")
actual = test.actual["purchases"].to_numpy()
rows = {}
for name, draws in (("of the expectation", expected), ("predictive", predicted)):
    low, high = draws.quantile([0.05, 0.95], ("chain", "draw")).values
    rows[name] = {"inside": ((actual >= low) & (actual <= high)).mean(), "mean width": (high - low).mean()}
print(pd.DataFrame(rows).T.round(3).to_string())
print("\n  An interval of the expectation is the wrong answer to 'how much will they buy?'.")

print("\n5. Mean purchases in the holdout, by purchases before it\n")
print(test.by_frequency().round(2).to_string())

test.by_frequency().to_csv(OUTPUT / "03_by_frequency.csv")
test.tracking().to_csv(OUTPUT / "03_tracking.csv")
lb.plot_tracking(test).figure.savefig(OUTPUT / "03_tracking.png", dpi=150)
lb.plot_calibration(test).figure.savefig(OUTPUT / "03_by_frequency.png", dpi=150)
print(f"\nwritten: {OUTPUT / '03_tracking.png'} and {OUTPUT / '03_by_frequency.png'}")
