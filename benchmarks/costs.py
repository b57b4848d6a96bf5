"""What it costs to score many customers: measured on some, computed for more; prints the table of docs/scale.md.

    python benchmarks/costs.py INPUTS                  100,000 customers x 1,000 draws of the benchmarks' inputs
    python benchmarks/costs.py INPUTS --draws 400

Seconds of processors are counted, not of the clock, so that other work on the machine matters less.
"""

import argparse
import os
import resource
from pathlib import Path

from ours import model_of

import ltv_bayes as lb

NUMBERS = (6, 7, 8, 9)
CLUSTER = 128
"""Cores of a cluster that is taken as an example."""
SHARED = 1.3
"""What Spark may take for each second of scoring."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("inputs", type=Path, help="folder with customers_1e5.parquet and fits_customers_1e5")
    asked.add_argument("--draws", type=int, default=1000)
    given = asked.parse_args()
    table, fits = (str(given.inputs / name) for name in ("customers_1e5.parquet", "fits_customers_1e5"))
    model, options = model_of(table, fits, given.draws)
    model.score(next(lb.Customers.scan(table, time_unit="day").batches(10_000)), **options)  # compiled, and in caches
    seconds, written = measured(model, table, given.inputs / "scores_of_costs.parquet", options)
    number = 100_000
    print(
        f"{1e9 * seconds / number / given.draws:.0f} ns of a core for a customer and draw; {written} bytes a customer\n"
    )
    print("| customers | core-hours | this machine | cluster of 128 cores | scores |\n|--:|--:|--:|--:|--:|")
    for power in NUMBERS:
        hours = 10**power / number * seconds / 3600
        here, there = hours / (os.cpu_count() or 1), SHARED * hours / CLUSTER
        size = 10**power * written / 1e9
        print(f"| 10^{power} | {hours:,.2g} | {clock(here)} | {clock(there)} | {size:,.2g} GB |")


def measured(model: lb.ValueModel, table: str, to: Path, options: dict[str, object]) -> tuple[float, int]:
    """Seconds of processors for a table's customers, and bytes written for each."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    scores = lb.score(table, model, to=to, **options)  # type: ignore[arg-type]
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, round(to.stat().st_size / scores.customers)


def clock(hours: float) -> str:
    """A time as people say it."""
    if hours < 1 / 60:
        return f"{3600 * hours:.0f} s"
    return f"{60 * hours:.0f} min" if hours < 2 else f"{hours:,.0f} h" if hours < 48 else f"{hours / 24:,.0f} days"


if __name__ == "__main__":
    main()
