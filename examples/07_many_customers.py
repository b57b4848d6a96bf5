"""How do you value more customers than fit in memory? Every step from file to file.

A simulated web shop with 40,000 customers stands in for forty million: the calls are the same. Orders stay in their
Parquet file, customers live in another, and values are written piece by piece. Nothing here is ever held whole.
"""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
CUSTOMERS = next((int(word) for word in sys.argv[1:] if word.isdigit()), 40_000)
DAYS = 730

rng = np.random.default_rng(1)
first = rng.integers(0, DAYS - 30, CUSTOMERS)
active = first + rng.exponential(300, CUSTOMERS)
repeats = rng.poisson(rng.gamma(0.6, 2.5, CUSTOMERS))
owner = np.concatenate([np.arange(CUSTOMERS), np.repeat(np.arange(CUSTOMERS), repeats)])
day = np.concatenate([first, first.repeat(repeats) + rng.integers(1, 400, repeats.sum())])
there = (day < DAYS) & ((day <= active[owner]) | (np.arange(owner.size) < CUSTOMERS))
typical = rng.lognormal(3.5, 0.5, CUSTOMERS)
orders = pd.DataFrame(
    {
        "client": [f"C{number:05d}" for number in owner[there]],
        "ordered_on": pd.Timestamp("2024-01-01") + pd.to_timedelta(day[there], unit="D"),
        "value": np.round(typical[owner[there]] * rng.lognormal(0, 0.4, there.sum()), 2),
    }
)
clients = pd.DataFrame(
    {"client": [f"C{number:05d}" for number in range(CUSTOMERS)], "channel": rng.choice(["search", "mail"], CUSTOMERS)}
)
orders.to_parquet(OUTPUT / "07_orders.parquet", index=False)

print("1. The log stays where it is; its rows are checked by SQL\n")
log = lb.scan_transactions(
    OUTPUT / "07_orders.parquet", customer="client", date="ordered_on", amount="value", currency="EUR"
)
print(log)

print("\n2. One row a customer, from file to file\n")
customers = lb.summarize(
    log, time_unit="day", as_of="2025-12-31", attributes=clients, to=OUTPUT / "07_customers.parquet"
)
print(customers)

print("\n3. A fit needs no customers, only their distinct histories\n")
histories = customers.table[["frequency", "recency", "T"]].drop_duplicates()
print(f"{len(customers):,} customers have {len(histories):,} distinct histories\n")
purchases = lb.BGNBD().fit(customers, random_seed=1, progressbar=False)
spend = lb.GammaGamma().fit(customers, random_seed=2, progressbar=False)
print(purchases)

print("\n4. Values at three horizons in one pass: 400 draws are enough for totals\n")
ltv = lb.lifetime_value(
    customers,
    lb.RepeatPurchases(purchases.thin(100), spend.thin(100)),
    horizon=["1 year", "2 years", "3 years"],
    discount_rate=0.10,
    margin=0.35,
    random_seed=3,
    progressbar=True,
)
ltv.write_summary(OUTPUT / "07_values.parquet", ci_prob=0.8)
print(repr(ltv))  # what is at hand, and the memory that all draws would take
print(lb.readable(ltv.by_horizon(ci_prob=0.8), ltv.currency).to_string())

print("\n5. What comes in each year, and by channel; both were added up in passing\n")
print(lb.readable(ltv.cash_flow(ci_prob=0.8), ltv.currency).to_string())
print()
print(ltv.by("channel"))

print("\n6. The table of values is a file that any tool reads\n")
best = f"SELECT * FROM '{OUTPUT / '07_values.parquet'}' ORDER BY mean DESC LIMIT 5"
print(lb.readable(duckdb.sql(best).df().set_index("customer_id"), ltv.currency).to_string())

lb.plot_cash_flow(ltv, ci_prob=0.8).figure.savefig(OUTPUT / "07_cash_flow.png", dpi=150)
print(f"\nwritten: {OUTPUT / '07_values.parquet'} and {OUTPUT / '07_cash_flow.png'}")
