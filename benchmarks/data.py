"""The inputs of the benchmarks, simulated from fixed seeds, kept as Parquet: ``python data.py FOLDER NAME [--small]``.

Customers follow BG/NBD and gamma-gamma with CDNOW's parameters, counted in days. Large inputs are made and written in
chunks of half a million customers.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 500_000
R, ALPHA, A, B = 0.2426, 4.4136 * 7, 0.7929, 2.4259
P, Q, V = 6.25, 3.74, 15.44
SEGMENTS = ("business", "private", "public")
FIRST_DAY = np.datetime64("2024-01-01", "us")
LAST_DAY = 365
SAME_DAY = 0.05
CUSTOMERS = {f"customers_1e{power}": 10**power for power in range(3, 8)} | {"customers_weekly": 20_000}
ORDERS = {"orders": 10_000_000, "orders_1e6": 1_000_000}
SMALLEST = 300


def simulated(rows: int, days: int, seed: int) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Simulate customers in chunks, each with its repeat purchases: (customers, purchases).

    They arrive on any of the last ``days`` days with equal probability, and buy on whole days.
    """
    streams = np.random.SeedSequence(seed).spawn(-(-rows // CHUNK))
    for number, stream in enumerate(streams):
        first = number * CHUNK
        yield one_chunk(np.random.default_rng(stream), np.arange(first, min(first + CHUNK, rows)), days)


def one_chunk(rng: np.random.Generator, ids: np.ndarray, days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate some customers, one purchase of all who are still there at a time."""
    size = ids.size
    observed = rng.integers(1, days + 1, size).astype(float)
    rate, dropout, nu = rng.gamma(R, 1 / ALPHA, size), rng.beta(A, B, size), rng.gamma(Q, 1 / V, size)
    now, frequency, spent = np.zeros(size), np.zeros(size, dtype=np.int64), np.zeros(size)
    here = np.arange(size)
    bought = []
    while here.size:
        next_day = now[here] + np.ceil(rng.exponential(1 / np.maximum(rate[here], 1e-12)))
        here, next_day = (values[next_day <= observed[here]] for values in (here, next_day))
        amount = np.round(np.maximum(rng.gamma(P, 1 / nu[here]), 0.01), 2)
        now[here] = next_day
        frequency[here] += 1
        spent[here] += amount
        bought.append(pd.DataFrame({"at": here, "day": next_day, "amount": amount}))
        here = here[rng.random(here.size) >= dropout[here]]
    customers = pd.DataFrame({"customer_id": ids, "frequency": frequency, "recency": now, "T": observed})
    customers["monetary_value"] = np.where(frequency > 0, spent / np.maximum(frequency, 1), np.nan)
    customers["segment"] = np.array(SEGMENTS)[rng.integers(len(SEGMENTS), size=size)]
    return customers, pd.concat(bought, ignore_index=True)


def customers(path: Path, rows: int, *, days: int, seed: int, weeks: bool = False, segment: bool = True) -> None:
    """Write a table of customers."""
    parts = (found for found, _ in simulated(rows, days, seed))
    if weeks:
        parts = (found.assign(recency=found["recency"] / 7, T=found["T"] / 7) for found in parts)
    write(path, parts if segment else (found.drop(columns="segment") for found in parts))


def orders(path: Path, rows: int, *, days: int, seed: int) -> None:
    """Write a log of orders: customer_id, date, amount; some days have two orders of a customer."""
    write(path, order_parts(rows, days, seed))


def order_parts(rows: int, days: int, seed: int) -> Iterator[pd.DataFrame]:
    """Simulate orders until there are enough."""
    rng = np.random.default_rng(seed)
    left = rows
    for found, repeats in simulated(rows, days, seed + 1):  # each customer has one order or more
        firsts = pd.DataFrame({"at": np.arange(len(found)), "day": 0.0})
        firsts["amount"] = np.round(np.maximum(rng.gamma(2.0, 20.0, len(found)), 0.01), 2)
        log = pd.concat([firsts, repeats], ignore_index=True)
        log = pd.concat([log, log[rng.random(len(log)) < SAME_DAY]], ignore_index=True)
        log = log.sort_values("at", kind="stable", ignore_index=True).head(left)
        day = (LAST_DAY - found["T"].to_numpy()[log["at"]] + log["day"]).astype("int64")
        log["date"] = FIRST_DAY + day.to_numpy() * np.timedelta64(1, "D")
        log["customer_id"] = found["customer_id"].to_numpy()[log["at"]]
        yield log.sort_values("date", kind="stable", ignore_index=True)[["customer_id", "date", "amount"]]
        left -= len(log)
        if not left:
            return


def cdnow(path: Path) -> None:
    """Write the customers of CDNOW's 1/10 sample after 39 weeks, as both sides read them."""
    import ltv_bayes as lb

    found = lb.summarize(lb.samples.cdnow_orders(), time_unit="week", as_of="1997-09-30").table
    write(path, [found[["frequency", "recency", "T", "monetary_value"]].reset_index()])


def fits(path: Path, table: Path, unit: str) -> None:
    """Save both fits of a table of customers to a folder."""
    import ltv_bayes as lb

    path.mkdir(parents=True, exist_ok=True)
    found = lb.Customers.from_summary(table, time_unit=unit)
    lb.BGNBD().fit(found, random_seed=1, progressbar=False).save(path / "purchases.nc")
    lb.GammaGamma().fit(found, random_seed=2, progressbar=False).save(path / "spend.nc")


def write(path: Path, parts: Any) -> None:
    """Write tables one below the other to one Parquet file, which is there only once it is whole."""
    unfinished = path.with_suffix(".unfinished")
    writer = None
    for part in parts:
        rows = pa.Table.from_pandas(part, preserve_index=False)
        writer = writer or pq.ParquetWriter(unfinished, rows.schema)
        writer.write_table(rows)
    assert writer is not None
    writer.close()
    os.replace(unfinished, path)


def make(folder: Path, name: str, *, small: bool) -> None:
    """Make an input unless it is there, after the one that it is made from."""
    path = folder / name if name.startswith("fits_") else folder / f"{name}.parquet"
    if (path / "spend.nc" if name.startswith("fits_") else path).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)

    def size(rows: int) -> int:
        return max(rows // 1000, SMALLEST) if small else rows

    if name == "cdnow":
        cdnow(path)
    elif name.startswith("fits_"):
        source = name.removeprefix("fits_")
        make(folder, source, small=small)
        fits(path, folder / f"{source}.parquet", "week" if source == "cdnow" else "day")
    elif name in ORDERS:
        orders(path, size(ORDERS[name]), days=365, seed=7)
    elif name == "customers_weekly":
        customers(path, size(CUSTOMERS[name]), days=365, seed=2, weeks=True)
    elif name == "customers_1e7":
        customers(path, size(CUSTOMERS[name]), days=730, seed=3, segment=False)
    else:
        customers(path, size(CUSTOMERS[name]), days=365, seed=1)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("names", nargs="+")
    asked.add_argument("--small", action="store_true")
    given = asked.parse_args()
    for wanted in given.names:
        make(given.folder, wanted, small=given.small)
