"""Three people judge the same opportunities. What has their word been worth, and what do they believe together?

The record of 150 closed opportunities is simulated, so that the truth is known: Chen is right, Garcia's amounts are 40%
too high and the chances too, Kovacs states intervals that are three times too narrow. Their errors go together, for all
three have talked to the same client.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

import ltv_bayes as lb

HERE = Path(__file__).parent
OUTPUT = HERE / "output"
OUTPUT.mkdir(exist_ok=True)
CORRELATION, LOG_SD, EDGE = 0.5, 0.4, special.ndtri(0.9)
TEAM = [
    lb.samples.Judge("Chen"),
    lb.samples.Judge("Garcia", intercept=-0.7, shift=-np.log(1.4)),
    lb.samples.Judge("Kovacs", slope=1 / 3, spread=3),
]


def simulated_record(number, seed):
    """What each of the team stated of the same opportunities, and what came."""
    rng = np.random.default_rng(seed)
    chance, amount = rng.beta(2, 2, number), rng.lognormal(np.log(300_000), 0.8, number)
    won, together = rng.random(number) < chance, rng.standard_normal(number)
    rows = {"customer_id": [f"C{n:03d}" for n in range(number)], "opportunity": "the plant", "won": won}
    frames = []
    for judge in TEAM:
        luck = np.sqrt(CORRELATION) * together + np.sqrt(1 - CORRELATION) * rng.standard_normal(number)
        median = amount / np.exp(judge.shift + LOG_SD * luck)
        width = np.exp(EDGE * LOG_SD / judge.spread)
        stated = special.expit((special.logit(chance) - judge.intercept) / judge.slope).clip(0.01, 0.99)
        said = {"expert": judge.name, "probability": stated.round(2), "low": median / width, "high": median * width}
        frames.append(pd.DataFrame({**rows, **said, "amount": np.where(won, amount, np.nan)}))
    return pd.concat(frames, ignore_index=True)


print("1. What came of what they stated\n")
record = simulated_record(150, seed=1)
calibration = lb.calibrate_judgements(record, random_seed=1, progressbar=False)
print(calibration)

print("\n2. How many amounts lay within stated 80% intervals, and within recalibrated ones\n")
print(lb.readable(calibration.hit_rate()[["won", "stated", "recalibrated"]], amounts=False).to_string())

print("\n3. Who states the best chances? The lower the score, the better\n")
print(lb.readable(calibration.rank("chances"), amounts=False).to_string())
print("\n  Garcia and Kovacs know as much as Chen does; they only say it wrongly, which recalibration mends.")

print("\n4. The open opportunities of the book, before and after\n")
orders = lb.read_transactions(
    HERE / "data" / "orders.csv", customer="client", date="closed_on", amount="value", currency="EUR"
)
clients = lb.summarize(orders, time_unit="month", as_of="2025-12-31")
stated = pd.read_csv(HERE / "data" / "opportunities.csv")
stated = stated[stated["expert"].isin([judge.name for judge in TEAM])]
judged = lb.FutureValuePriors.from_judgements(stated)
terms = {"horizon": "3 years", "discount_rate": 0.10, "random_seed": 1}
for name, priors in {"as stated": judged, "recalibrated": calibration.recalibrate(judged)}.items():
    total = lb.lifetime_value(clients, future_value=priors, **terms).total().to_numpy()
    low, median, high = np.quantile(total, [0.1, 0.5, 0.9]) / 1e6
    print(f"  {name:>12}: median {median:.1f}M EUR, 80% interval {low:.1f}M to {high:.1f}M")

print("\n5. One opportunity, three opinions, one belief\n")
learned = calibration.correlation(ci_prob=0.8)
print(f"  Correlation of their errors, learned from {learned['opportunities']:.0f} opportunities that came:", end=" ")
print(
    f"{learned['correlation']:.2f} (80% interval {learned.iloc[2]:.2f} to {learned.iloc[3]:.2f}; truth {CORRELATION})\n"
)
said = pd.DataFrame(
    [
        {"customer_id": "C0004", "expert": "Chen", "probability": 0.5, "low": 300_000, "high": 900_000},
        {"customer_id": "C0004", "expert": "Garcia", "probability": 0.7, "low": 500_000, "high": 1_400_000},
        {"customer_id": "C0004", "expert": "Kovacs", "probability": 0.9, "low": 500_000, "high": 600_000},
    ]
)
ways = {
    "stated, taken as independent": {},
    "by record, correlation learned": {"weights": calibration, "correlation": "learned"},
    "by record, linear": {"weights": calibration, "method": "linear", "random_seed": 1},
}
pooled = {name: lb.pool_judgements(said, **way) for name, way in ways.items()}
table = pd.concat({name: one.summary().iloc[0] for name, one in pooled.items()}, axis=1).T
columns = ["low", "likely", "high", "expected_value"]
print(table[columns].map("{:,.0f}".format).assign(probability=table["probability"].map("{:.0%}".format)).to_string())
print("\n  The first pool believes Kovacs, who is surest; the others know what such sureness has been worth.")

calibration.save(OUTPUT / "10_calibration.nc")
lb.plot_calibration_curve(calibration, "Kovacs").figure.savefig(OUTPUT / "10_kovacs.png", dpi=150)
print(f"\nwritten: {OUTPUT / '10_calibration.nc'} and {OUTPUT / '10_kovacs.png'}")
