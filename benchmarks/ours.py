"""The timed tasks of ltv_bayes and of bare DuckDB: ``python ours.py TASK '{"argument": ...}'``.

Each runs in a process of its own; imports stand where they are to be counted, or before the clock where not.
"""

import os
import time
from pathlib import Path
from typing import Any

from measuring import Spark, main, measured, own_seconds, peak_mb, since_start

FEWEST, WARMING = 20, 200_000
"""Draws and customers with which Spark is warmed up."""
PACKAGES = ("ltv_bayes", "numpy", "scipy", "numba", "pandas", "pymc", "pytensor", "nutpie", "arviz", "duckdb")
PURCHASES = ("r", "alpha", "a", "b")
SPEND = ("p", "q", "v")

# One day's orders of a customer are one purchase; amounts in plain floating point.
BARE = """
WITH days AS (
    SELECT customer_id, CAST(date AS DATE) AS day, sum(amount) AS net
    FROM {orders}
    GROUP BY ALL
)
SELECT
    customer_id,
    count(*) - 1 AS frequency,
    (max(day) - min(day)) / 7.0 AS recency,
    ((SELECT max(day) FROM days) - min(day)) / 7.0 AS T,
    (sum(net) - arg_min(net, day)) / nullif(count(*) - 1, 0) AS monetary_value
FROM days
GROUP BY customer_id
ORDER BY customer_id
"""


def import_package() -> dict[str, Any]:
    """From a running interpreter to the imported package."""
    with measured() as result:
        import ltv_bayes  # noqa: F401
    return result


def posteriors(table: str, draws: int, tune: int) -> dict[str, Any]:
    """Both posteriors, from the start of the process: imports and compilation are counted."""
    import ltv_bayes as lb

    customers = lb.Customers.from_summary(table, time_unit="week")
    purchases = lb.BGNBD().fit(customers, draws=draws, tune=tune, chains=4, random_seed=1, progressbar=False)
    spend = lb.GammaGamma().fit(customers, draws=draws, tune=tune, chains=4, random_seed=2, progressbar=False)
    result = {"seconds": since_start(), "peak_mb": peak_mb()}
    found = [verdict(purchases, PURCHASES), verdict(spend, SPEND)]
    return result | {
        "ess": min(each["ess"] for each in found),
        "bulk_ess": min(each["bulk_ess"] for each in found),
        "converged": all(each["converged"] for each in found),
        "method": " and ".join(each["method"] for each in found),
    }


def purchases(
    table: str,
    draws: int,
    tune: int,
    unit: str = "day",
    method: str = "auto",
    scanned: bool = False,
    from_frame: bool = False,
) -> dict[str, Any]:
    """The BG/NBD posterior of a Parquet table; imports not counted, nor is reading, if from a pandas frame."""
    import arviz_stats  # noqa: F401
    import duckdb  # noqa: F401
    import nutpie  # noqa: F401
    import pandas as pd
    import pymc  # noqa: F401

    import ltv_bayes as lb
    from ltv_bayes.data.customers.histories import unique_histories

    if scanned and not hasattr(lb.Customers, "scan"):
        return {"absent": "Customers.scan"}
    model, source = lb.BGNBD(), pd.read_parquet(table) if from_frame else table
    read: Any = lb.Customers.scan if scanned else lb.Customers.from_summary
    settings = {"draws": draws, "tune": tune, "chains": 4, "random_seed": 1, "progressbar": False}
    with measured() as result:
        customers = read(source, time_unit=unit)
        began = time.perf_counter()
        fit = model.fit(customers, method=method, **settings)
        result["fit_seconds"] = time.perf_counter() - began
    histories = unique_histories(customers)
    sizes = {"customers": int(fit.idata.attrs["customers"]), "histories": int(histories.count.size)}
    return result | verdict(fit, PURCHASES) | sizes


def segments(table: str, fits: str, draws: int, scanned: bool = False) -> dict[str, Any]:
    """Summaries of every customer and totals of segments: reading and imports not counted, but their memory is."""
    import ltv_bayes as lb

    if scanned and not hasattr(lb.Customers, "scan"):
        return {"absent": "Customers.scan"}
    read: Any = lb.Customers.scan if scanned else lb.Customers.from_summary
    customers = read(table, time_unit="day")
    stream = repeat_purchases(fits, draws)
    with measured() as result:
        value = lb.lifetime_value(
            customers, [stream], horizon="1 year", discount_rate=0.10, random_seed=1, keep_draws=False
        )
        summary, totals = value.summary(), value.by("segment").summary()
    return result | {"customers": len(summary), "segments": len(totals)}


def scored(table: str, fits: str, draws: int) -> dict[str, Any]:
    """Customers of a Parquet file scored to another with a saved model, by segment; the model is opened before."""
    import ltv_bayes as lb

    model, asked = model_of(table, fits, draws)
    before = own_seconds()
    with measured() as result:
        scores = lb.score(table, model, to=Path(table).with_name("scores_here.parquet"), **asked)
        totals(scores)
    result["processor_seconds"] = own_seconds() - before
    return result | {"customers": scores.customers, "total": float(scores.total().mean())}


def scored_on_spark(table: str, fits: str, draws: int, partitions: int, warm: bool = True) -> dict[str, Any]:
    """The same by Spark on all cores of this machine: the session is there and, if warm, has scored with few draws.

    What Java compiles depends on the number of rows, not of draws. ``worker_mb`` and ``java_mb`` are the memory of the
    largest process, the heap of Java held to 2 GB.
    """
    import sys

    from pyspark.sql import SparkSession

    import ltv_bayes as lb

    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    settings = {"spark.ui.enabled": "false", "spark.log.level": "ERROR", "spark.driver.memory": "2g"}
    settings |= {"spark.sql.files.maxPartitionBytes": str(max(Path(table).stat().st_size // partitions, 1 << 16))}
    builder = SparkSession.builder.master(f"local[{os.cpu_count()}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark, used = builder.getOrCreate(), Spark()
    rows, place = spark.read.parquet(table), Path(table).with_name("scores_of_spark")
    if warm:
        few, asked = model_of(table, fits, FEWEST)
        lb.score(rows.limit(WARMING).repartition(partitions), few, to=place, **asked)
    model, asked = model_of(table, fits, draws)
    before, own = used.seconds(), own_seconds()
    with measured() as result:
        scores = lb.score(rows, model, to=place, **asked)
        totals(scores)
    after = used.seconds()
    parts = {f"{kind}_seconds": after[kind] - before[kind] for kind in after} | {"driver_seconds": own_seconds() - own}
    found = {"customers": scores.customers, "total": float(scores.total().mean())}
    spark.stop()
    return result | found | parts | {"processor_seconds": sum(parts.values())} | used.peaks()


def model_of(table: str, fits: str, draws: int) -> tuple[Any, dict[str, Any]]:
    """A model with these fits, and what is asked of it."""
    import ltv_bayes as lb
    from ltv_bayes.scoring.saved import model_of as made

    first = next(lb.Customers.scan(table, time_unit="day").batches(1000))
    terms: Any = {"horizon": "1 year", "discount_rate": 0.10, "random_seed": 1, "keep_draws": False}
    segments = ["segment"] if "segment" in first.columns else []
    return made(lb.lifetime_value(first, [repeat_purchases(fits, draws)], **terms)), {"segments": segments}


def totals(scores: Any) -> None:
    """Summarise the totals of scores, and those of segments where there are any."""
    scores.explain()
    for columns in scores.segments:
        scores.by(list(columns)).summary()


def hybrid(table: str, draws: int) -> dict[str, Any]:
    """Summaries and segments of a simulated company, with as many clients as a Parquet table has rows, in four streams.

    Data and fits are not counted.
    """
    import pyarrow.parquet as pq

    import ltv_bayes as lb

    company = lb.samples.simulate_office_equipment(pq.read_metadata(table).num_rows, random_seed=1)
    columns = {"customer": "client", "date": "ordered_on", "amount": "amount", "stream": "product_line"}
    orders = lb.read_transactions(company.orders, **columns)
    renewals = lb.summarize_renewals(
        company.subscriptions, customer="client", start="started_on", period="contract", as_of=company.as_of
    )
    terms: Any = {"time_unit": "week", "as_of": company.as_of}
    ended, host = renewals.ended(), "subscription"
    consumables = lb.summarize(orders.stream("consumables"), **terms).observed_until(ended)
    service = lb.summarize(orders.stream("service"), since=company.installations, **terms).observed_until(ended)
    fit: Any = {"draws": draws // 4, "random_seed": 1, "progressbar": False}
    lengths = renewals.table["period"]
    churn = {
        length: lb.ShiftedBetaGeometric().fit(renewals.subset(lengths == length), **fit) for length in lengths.unique()
    }
    spend, often, calls = (
        lb.GammaGamma(price_growth=None),
        lb.BGNBD(calendar_effects=None),
        lb.NBD(calendar_effects=None),
    )
    bought, serviced = ((one, spend.fit(one, **fit)) for one in (consumables, service))
    streams = [
        lb.Subscription(churn, renewals),
        lb.RepeatPurchases(
            often.fit(consumables, **fit), bought[1], "consumables", customers=bought[0], while_alive=host
        ),
        lb.TriggeredService(calls.fit(service, **fit), serviced[1], customers=serviced[0], while_alive=host),
        lb.OneOffSale(company.planned, while_alive=host),
    ]
    everybody = lb.all_customers(consumables, service, renewals, orders, attributes=company.clients)
    with measured() as result:
        value = lb.lifetime_value(
            everybody, streams, horizon="3 years", discount_rate=0.10, random_seed=1, keep_draws=False
        )
        summary, totals = value.summary(), value.by("industry").summary()
    return result | {"customers": len(summary), "segments": len(totals)}


def lifetime_value(table: str, draws: int) -> dict[str, Any]:
    """Predictive value of every customer over a year, with its summary; fits in the same process are not counted."""
    import ltv_bayes as lb

    customers = lb.Customers.from_summary(table, time_unit="week")
    fits = [model.fit(customers, random_seed=1, progressbar=False) for model in (lb.BGNBD(), lb.GammaGamma())]
    stream = lb.RepeatPurchases(*(fit.thin(draws // 4) for fit in fits))
    with measured() as result:
        summary = lb.lifetime_value(customers, [stream], horizon="1 year", discount_rate=0.10, random_seed=1).summary()
    return result | {"customers": len(summary)}


def expected_value(table: str, draws: int) -> dict[str, Any]:
    """Expected value of every customer over a year in each draw; fits in the same process are not counted."""
    import ltv_bayes as lb

    customers = lb.Customers.from_summary(table, time_unit="week")
    fit: Any = {"draws": draws // 4, "random_seed": 1, "progressbar": False}
    purchases, spend = lb.BGNBD().fit(customers, **fit), lb.GammaGamma().fit(customers, **fit)
    with measured() as result:
        number = purchases.expected_discounted_purchases(customers, "1 year", 0.10)
        value = number * spend.expected_spend(customers)
    assert value.sizes["chain"] * value.sizes["draw"] == draws
    return result | {"customers": value.sizes["customer_id"]}


def summarize(orders: str, from_frame: bool, checked: bool = False) -> dict[str, Any]:
    """One row a customer from an order log; from a pandas frame, reading the file is not counted.

    With ``checked``, `read_transactions` has been called before the clock starts. A log of three orders goes first, so
    that imports are not counted, as those of bare DuckDB are not.
    """
    import pandas as pd

    import ltv_bayes as lb

    few = pd.DataFrame(
        {"customer_id": [1, 1, 2], "date": pd.to_datetime(["2024-01-01"] * 3), "amount": [1.0, 2.0, 3.0]}
    )
    lb.summarize(lb.read_transactions(few, repeated_rows="keep"), time_unit="week")
    source = pd.read_parquet(orders) if from_frame else orders
    if checked:
        source = lb.read_transactions(source)
    with measured() as result:
        if not checked:
            source = lb.read_transactions(source)
        customers = lb.summarize(source, time_unit="week")
    return result | {"customers": len(customers)}


def summarize_scanned(orders: str, to: str) -> dict[str, Any]:
    """The same from file to file: the rows stay on disk."""
    import ltv_bayes as lb

    if not hasattr(lb, "scan_transactions"):
        return {"absent": "scan_transactions"}
    Path(to).unlink(missing_ok=True)
    with measured() as result:
        scanned = lb.scan_transactions(orders, customer="customer_id", date="date", amount="amount")
        lb.summarize(scanned, time_unit="week", to=to)
    return result


def bare(orders: str, from_frame: bool = False, to: str | None = None) -> dict[str, Any]:
    """Bare DuckDB for the same rows, to a pandas frame or to a Parquet file."""
    import duckdb
    import pandas as pd

    frame = pd.read_parquet(orders) if from_frame else None
    if to is not None:
        Path(to).unlink(missing_ok=True)
    query = BARE.format(orders="frame" if from_frame else f"read_parquet('{orders}')")
    with measured() as result, duckdb.connect() as connection:
        if from_frame:
            connection.register("frame", frame)
        if to is None:
            result["customers"] = len(connection.execute(query).df())
        else:
            connection.execute(f"COPY ({query}) TO '{to}' (FORMAT parquet)")
    return result


def as_export(orders: str) -> str:
    """Write orders as an export in Chinese, beside them, unless it is there: numbers, names, status, blank notes."""
    import numpy as np
    import pandas as pd

    path = Path(orders).with_suffix(".csv")
    if not path.exists():
        log = pd.read_parquet(orders)
        rng = np.random.default_rng(1)
        columns = {
            "订单编号": [f"SO{place:08d}" for place in range(len(log))],
            "客户编号": log["customer_id"].astype("str"),
            "客户名称": "客户" + log["customer_id"].astype("str"),
            "下单日期": log["date"].dt.strftime("%Y-%m-%d"),
            "订单金额": log["amount"],
            "订单状态": rng.choice(["已完成", "作废"], len(log), p=[0.9, 0.1]),
            "渠道": rng.choice(list("ABCD"), len(log)),
            "备注": "",
        }
        pd.DataFrame(columns).to_csv(path, index=False)
    return str(path)


def read_export(orders: str) -> dict[str, Any]:
    """Read and check an export, and write its report."""
    import ltv_bayes as lb

    path = as_export(orders)
    with measured() as result:
        found = lb.read_transactions(path)
        result["rows"] = found.report.rows_in
        result["characters"] = len(found.report.text())
    return result


def read_bare(orders: str) -> dict[str, Any]:
    """Read the same rows by bare DuckDB, to Arrow."""
    import duckdb

    path = as_export(orders)
    with measured() as result, duckdb.connect() as connection:
        result["rows"] = connection.execute(f"SELECT * FROM read_csv('{path}')").to_arrow_table().num_rows
    return result


def repeat_purchases(fits: str, draws: int) -> Any:
    """Read the saved fits, thinned to so many draws in all."""
    import ltv_bayes as lb

    thinned = [lb.load_fit(f"{fits}/{name}.nc").thin(draws // 4) for name in ("purchases", "spend")]
    return lb.RepeatPurchases(*thinned)


def verdict(fit: Any, parameters: tuple[str, ...]) -> dict[str, Any]:
    """Say what the draws are worth: the effective draws that the fit states, and ArviZ's bulk ESS beside them."""
    import arviz_stats

    said = fit.diagnose()
    drawn = fit.idata["posterior"].to_dataset()[list(parameters)]
    bulk = min(float(value) for value in arviz_stats.ess(drawn, method="bulk").data_vars.values())
    return {
        "ess": said.ess if said.weighted else bulk,
        "bulk_ess": bulk,
        "converged": said.converged,
        "method": said.method,
    }


if __name__ == "__main__":
    every = (
        import_package,
        posteriors,
        purchases,
        segments,
        hybrid,
        scored,
        scored_on_spark,
        lifetime_value,
        expected_value,
        summarize,
        summarize_scanned,
        bare,
        read_export,
        read_bare,
    )
    main({task.__name__: task for task in every}, PACKAGES)
