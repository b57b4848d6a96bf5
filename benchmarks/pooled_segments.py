"""What pooling gains, whether its intervals hold, and how long it takes: simulated companies whose segments are known.

    python benchmarks/pooled_segments.py                       the table of docs/pooling.md
    python benchmarks/pooled_segments.py --segments 12 --companies 2
    python benchmarks/pooled_segments.py --time 60 10000       times of 60 segments with 10,000 clients, beside one fit

Segments have 5 to 500 clients, and levels that differ by 50 to 60%. Clients are forecast for two years. The error is
that of a segment's mean value per client: root mean square over segments of the logarithm of the median over what the
true parameters expect, over segments that can be fitted alone. Intervals and pairs are held to what the simulated
clients really brought.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesWarning
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma

MONTHS = 24.0
USUAL = {3: 4, 12: 6, 60: 2}
FIT: dict[str, Any] = {"random_seed": 1, "progressbar": False}
MODELS = (lb.BGNBD, lb.GammaGamma)
LEVELS = {"rate": 0.5, "leaving": 0.6, "spend": 0.5}
RATE_CV, CONCENTRATION, P, Q = 1.0, 3.0, 4.0, 4.0
MOST = 4000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--segments", type=int, nargs="+", default=list(USUAL))
    asked.add_argument("--companies", type=int, help="companies of each number of segments")
    asked.add_argument("--time", type=int, nargs=2, metavar=("SEGMENTS", "CLIENTS"), help="only measure time")
    given = asked.parse_args()
    warnings.simplefilter("ignore", LtvBayesWarning)
    if given.time:
        segments, clients = given.time
        print(pd.DataFrame(times(company(segments, 1, clients))).to_string())
        return
    every = []
    for segments in given.segments:
        found = [studied(segments, seed) for seed in range(1, 1 + (given.companies or USUAL.get(segments, 1)))]
        every += [one.pop("pairs") for one in found]
        rows = pd.DataFrame(found)
        errors = np.sqrt((rows[["separate", "pooled", "complete"]] ** 2).mean()).round(2).to_dict()
        inside = f"{rows['inside'].sum()} of {rows['segments'].sum()} inside"
        inside += f", {rows['fitted_alone'].sum()} fitted alone"
        told = f"{inside}, at most {rows['divergences'].max()} divergences"
        print(f"{segments} segments, {len(rows)} companies: {errors}, {told}, r-hat {rows['rhat'].max():.4f}\n")
    pairs = pd.concat(every)
    bands = pd.cut(pairs["called"], [0.5, 0.75, 0.85, 0.95, 1.0], include_lowest=True)
    print(pairs.groupby(bands, observed=True).agg(pairs=("right", "size"), right=("right", "mean")).round(3))


def studied(segments: int, seed: int) -> dict[str, Any]:
    """One company: errors, coverage, pairs, convergence and times."""
    book, took = company(segments, seed), {}
    customers = as_customers(book)
    pooled_fits = [
        timed(took, f"{m.__name__} pooled", lambda m=m: m(pool_by="segment").fit(customers, **FIT)) for m in MODELS
    ]
    pooled = per_client(customers, *pooled_fits)
    complete = per_client(customers, *(m().fit(customers, **FIT) for m in MODELS))
    alone = {}
    for segment in pooled:
        some = customers.subset((customers.table["segment"] == segment).to_numpy())
        try:
            alone[segment] = per_client(some, *(m().fit(some, **FIT) for m in MODELS))[segment]
        except lb.errors.InputError:  # nobody in it has bought again, so its spend cannot be fitted alone
            continue
        if not alone[segment].median() > 0:  # so few have that most draws bring nothing
            del alone[segment]
    truth = book.groupby("segment")[["expected", "future"]].mean().reindex(pooled.columns)
    low, high = pooled.quantile(0.05), pooled.quantile(0.95)
    verdicts = [fit.diagnose() for fit in pooled_fits]
    row = {
        "segments": segments,
        "clients": len(book),
        "fitted_alone": len(alone),
        "separate": error(pd.DataFrame(alone), truth),
        "pooled": error(pooled[list(alone)], truth),
        "complete": error(complete[list(alone)], truth),
        "inside": int(((low <= truth["future"]) & (truth["future"] <= high)).sum()),
        "divergences": max(verdict.divergences for verdict in verdicts),
        "rhat": max(verdict.rhat for verdict in verdicts),
        **{name: round(seconds, 1) for name, seconds in took.items()},
    }
    print(row, flush=True)
    return row | {"pairs": pairs_of(pooled, truth["future"])}


def times(book: pd.DataFrame) -> list[dict[str, Any]]:
    """Seconds of pooled and plain fits, each the second run, so that nothing is compiled in it."""
    customers, found = as_customers(book), []
    for model in MODELS:
        took: dict[str, float] = {}
        for name, settings in (("plain", {}), ("pooled", {"pool_by": "segment"})):
            for _ in range(2):
                fit = timed(took, name, lambda model=model, settings=settings: model(**settings).fit(customers, **FIT))
            verdict = fit.diagnose()
        found.append(
            {
                "model": model.__name__,
                "clients": len(book),
                **took,
                "ratio": took["pooled"] / took["plain"],
                "rhat": verdict.rhat,
                "divergences": verdict.divergences,
            }
        )
    return found


def company(segments: int, seed: int, clients: int | None = None) -> pd.DataFrame:
    """One row a client: history, segment, what really comes, and what the true parameters expect."""
    rng = np.random.default_rng([segments, seed])
    sizes = np.exp(rng.uniform(np.log(5), np.log(500), segments))
    if clients is not None:
        sizes *= clients / sizes.sum()
    segment = np.repeat(np.arange(segments), np.maximum(1, np.round(sizes)).astype(int))
    drawn = {name: (sd * rng.standard_normal(segments))[segment] for name, sd in LEVELS.items()}
    rate, leaving, spend = (
        0.12 * np.exp(drawn["rate"]),
        1 / (1 + np.exp(1.3 - drawn["leaving"])),
        50 * np.exp(drawn["spend"]),
    )
    law = {"r": np.full(segment.size, RATE_CV**-2), "alpha": RATE_CV**-2 / rate}
    law |= {"a": leaving * CONCENTRATION, "b": (1 - leaving) * CONCENTRATION}
    v = spend * (Q - 1) / P
    book = pd.DataFrame({"customer_id": np.arange(segment.size), "segment": [f"S{one:02d}" for one in segment]})
    book = book.assign(**lives(rng, law, v))
    purchases = bg_nbd.expected_purchases(MONTHS, bg_nbd.outlook(book["frequency"], book["recency"], book["T"], **law))
    each = gamma_gamma.expected_spend(book["frequency"], book["monetary_value"], p=P, q=Q, v=v)
    return book.assign(expected=purchases * each)


def lives(rng: np.random.Generator, law: dict[str, np.ndarray], v: np.ndarray) -> dict[str, np.ndarray]:
    """What clients did up to the as-of date, and what comes within the horizon, one purchase of all at a time."""
    number = v.size
    rate, leaves, T = rng.gamma(law["r"]) / law["alpha"], rng.beta(law["a"], law["b"]), rng.uniform(6, 48, number)
    nu, clock, active = rng.gamma(Q, size=number) / v, np.zeros(number), np.ones(number, dtype=bool)
    bought, last, past, future = (np.zeros(number) for _ in range(4))
    for _ in range(MOST):
        clock = clock + rng.exponential(size=number) / rate
        active &= clock <= T + MONTHS
        if not active.any():
            break
        amount, seen = rng.gamma(P, size=number) / nu, active & (clock <= T)
        bought, last = bought + seen, np.where(seen, clock, last)
        past, future = past + np.where(seen, amount, 0.0), future + np.where(active & ~seen, amount, 0.0)
        active &= rng.random(number) >= leaves
    mean = np.divide(past, bought, out=np.zeros(number), where=bought > 0)
    return {"frequency": bought, "recency": last, "T": T, "monetary_value": mean, "future": future}


def as_customers(book: pd.DataFrame) -> lb.Customers:
    columns = ["customer_id", "frequency", "recency", "T", "monetary_value", "segment"]
    return lb.Customers.from_summary(book[columns], time_unit="month", as_of="2025-12-31")


def per_client(customers: lb.Customers, purchases: Any, spend: Any) -> pd.DataFrame:
    """Draws of each segment's mean value per client: a frame (draws, segments)."""
    ltv = lb.lifetime_value(customers, lb.RepeatPurchases(purchases, spend), horizon="24 months", random_seed=1)
    drawn = ltv.by("segment").per_customer
    return pd.DataFrame(drawn.to_numpy().reshape(-1, drawn.shape[-1]), columns=drawn.indexes["segment"])


def error(found: pd.DataFrame, truth: pd.DataFrame) -> float:
    return float(np.sqrt(np.mean(np.log(found.median() / truth["expected"].reindex(found.columns)) ** 2)))


def pairs_of(found: pd.DataFrame, came: pd.Series) -> pd.DataFrame:
    """For each pair of segments, with which probability one is called the better, and whether it was."""
    first, second = np.triu_indices(found.shape[1], 1)
    values, true = found.to_numpy(), came.to_numpy()
    above = (values[:, first] > values[:, second]).mean(axis=0)
    return pd.DataFrame(
        {"called": np.maximum(above, 1 - above), "right": (true[first] > true[second]) == (above > 0.5)}
    )


def timed(took: dict[str, float], name: str, run: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = run()
    took[name] = time.perf_counter() - started
    return result


if __name__ == "__main__":
    main()
