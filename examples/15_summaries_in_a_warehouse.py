"""How do orders in a warehouse become customers, without leaving it? The SQL, its answers, and a fit to them.

The SQL is printed for a warehouse, and run in DuckDB on the sample of CDNOW, which stands in for one. Back come
unique histories with their counts: all that a fit needs. ``python examples/15_summaries_in_a_warehouse.py spark`` makes
the same customers in a session of Spark (pip install 'ltv_bayes[spark]', and Java).
"""

import sys

import duckdb

import ltv_bayes as lb

AS_OF = "1997-09-30"
COLUMNS = {"customer": "client", "date": "closed_on", "amount": "value"}

orders = lb.samples.cdnow_orders().table[["customer_id", "date", "amount"]]
orders.columns = [*COLUMNS.values()]

print("1. Days on which customers bought again, for BigQuery\n")
print(lb.summary_sql("bigquery", table="sales.orders", columns=COLUMNS, as_of=AS_OF, result="repeat_days"))

print("\n2. What is at fault, and the unique histories, in DuckDB\n")
with duckdb.connect() as warehouse:
    warehouse.register("orders_of_1997", orders)

    def answer(result: str):
        return warehouse.execute(
            lb.summary_sql(table="orders_of_1997", columns=COLUMNS, as_of=AS_OF, result=result)
        ).df()

    print(answer("faults").T[0].to_string())
    histories = answer("histories")
print(f"\n{histories['number'].sum():,} customers have {len(histories):,} distinct histories:\n")
print(histories.sort_values("number", ascending=False).head(3).to_string(index=False))

if "spark" in sys.argv:
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    there = spark.createDataFrame(lb.samples.cdnow_orders().table.rename(columns={"customer_id": "client"}))
    customers = lb.summarize(there, customer="client", as_of=AS_OF)
else:
    customers = lb.summarize(lb.samples.cdnow_orders(), as_of=AS_OF)

print("\n3. The same customers, and bins of a week for a portfolio with too many histories\n")
print(customers)
for one in (customers, lb.bin_histories(customers, days=7)):
    fit = lb.BGNBD(calendar_effects=None).fit(one, random_seed=1, progressbar=False)
    expected = fit.expected_purchases_new_customer(horizon="1 year")
    print(f"a new customer buys again {float(expected.mean()):.2f} times in a year")
