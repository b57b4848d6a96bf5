"""How is a whole warehouse scored every night? A model as a file, and the SQL of both ends.

The orders of a shop lie in a DuckDB file, which stands in for the warehouse: with another one, the SQL at both ends is
the same in its dialect. Once a month an analyst fits and saves a model. Every night a job sums up the orders where they
are, scores the customers with that model, and writes a table back. With --spark, where there is pyspark and Java, Spark
scores the same customers too, with the same numbers.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

import duckdb
import numpy as np

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
WAREHOUSE, MODEL = OUTPUT / "16_warehouse.duckdb", OUTPUT / "16_model"

WAREHOUSE.unlink(missing_ok=True)
warehouse = duckdb.connect(WAREHOUSE)
log = lb.samples.cdnow_orders()
sales = log.table.assign(channel=lambda rows: np.where(rows["customer_id"].astype(int) % 3, "web", "mail"))
warehouse.execute("CREATE SCHEMA sales; CREATE TABLE sales.orders AS SELECT * FROM sales")

print("1. Once a month: fit, look at it, save the model\n")
customers = lb.summarize(log, time_unit="week", as_of="1997-06-30")
purchases = lb.BGNBD(calendar_effects=None).fit(customers, random_seed=1, progressbar=False)
spend = lb.GammaGamma(price_growth=None).fit(customers, random_seed=2, progressbar=False)
ltv = lb.lifetime_value(
    customers,
    lb.RepeatPurchases(purchases.thin(250), spend.thin(250)),
    horizon=["1 year", "3 years"],
    discount_rate=0.10,
    margin=0.35,
    random_seed=4,
)
lb.save_model(ltv, MODEL, overwrite=True)
print(lb.load_model(MODEL))
print(f"\nwhat it needs:\n{lb.load_model(MODEL).inputs['meaning'].to_string()}")

print("\n2. Every night: the orders are summed up where they are; first what would be wrong with them\n")
TONIGHT = "1997-09-30"
terms = {"table": "sales.orders", "time_unit": "week", "as_of": TONIGHT}
faults = warehouse.sql(lb.summary_sql("duckdb", result="faults", **terms)).df()
print(faults.T.to_string(header=False))
summary = warehouse.sql(lb.summary_sql("duckdb", **terms))
tonight = warehouse.sql("""
    SELECT summary.*, channel
    FROM summary JOIN (SELECT customer_id, any_value(channel) AS channel FROM sales.orders GROUP BY ALL)
    USING (customer_id)
""")

print("\n3. Scored, a batch at a time; who cannot be scored is named, and holds up nobody\n")
asked = {
    "as_of": TONIGHT,
    "segments": ["channel"],
    "thresholds": [50],
    "tiers": {"A": 100, "B": 20, "C": None},
    "errors": "report",
}
scores = lb.score(tonight, MODEL, **asked)
print(scores)
print()
print(scores.by("channel"))

print("\n4. Written back, in the place of last night's table at once\n")
scored = scores.table.to_arrow_table()
warehouse.execute(f"""
    BEGIN;
    CREATE OR REPLACE TABLE sales.customer_scores AS
    SELECT DATE '{TONIGHT}' AS as_of, * FROM scored;
    COMMIT;
""")
print(
    warehouse.sql("""
    SELECT tier, count(*) AS customers, round(sum(mean)) AS value, round(avg(probability_above_50), 3) AS above_50
    FROM sales.customer_scores GROUP BY ALL ORDER BY tier
""")
)

if importlib.util.find_spec("pyspark") and shutil.which("java") and "--spark" in sys.argv:
    print("\n5. The same customers on Spark, in eight partitions\n")
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    tonight.write_parquet(str(OUTPUT / "16_customers.parquet"))
    there = lb.score(spark.read.parquet(str(OUTPUT / "16_customers.parquet")).repartition(8), MODEL, **asked)
    print(there)
    ours = scored.to_pandas().set_index("customer_id")["mean"]
    theirs = there.table.toArrow().to_pandas().set_index("customer_id")["mean"]
    print(f"the same to the last digit: {(ours == theirs.loc[ours.index]).all()}")
    spark.stop()
warehouse.close()
