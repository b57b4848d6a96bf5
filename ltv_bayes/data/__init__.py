"""Raw rows to one row a customer.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> log = pd.DataFrame(
...     {
...         "client": ["A", "A", "B", "A", "C"],
...         "closed_on": ["2025-01-10", "2025-03-10", "2025-02-01", "2025-06-10", "2025-05-05"],
...         "value": [100.0, 120.0, 80.0, 90.0, 300.0],
...         "line": ["parts", "parts", "service", "parts", "service"],
...     }
... )

Orders, and what was read and left out:

>>> orders = lb.read_transactions(log, stream="line", currency="EUR")
>>> orders.has_amounts, orders.has_streams, sorted(orders.streams.index)
(True, True, ['parts', 'service'])
>>> len(orders.stream("parts").table), len(orders.dropped_by_reason())
(3, 0)
>>> report = orders.report
>>> report.rows_in, report.amount_in, report.customers, report.bought_once, round(report.share_bought_once, 2)
(5, 690.0, 3, 2, 0.67)
>>> len(report.parts()), len(report.text()) > 100
(3, True)
>>> folder = Path(tempfile.mkdtemp())
>>> report.save(folder / "report.json")

One row a customer:

>>> customers = lb.summarize(orders, time_unit="month", as_of="2025-12-31")
>>> customers.table[["frequency", "T"]].round(1)
             frequency     T
customer_id
A                    2  11.7
B                    0  10.9
C                    0   7.9
>>> customers.ids.tolist(), customers.in_memory, customers.has_history, len(customers.files), len(customers.dropped)
(['A', 'B', 'C'], True, True, 0, 0)
>>> customers.columns[:3], customers.dropped_by_reason().tolist()
(['frequency', 'recency', 'T'], [])
>>> customers.in_time_unit("week").table["T"].round(1).tolist()
[50.7, 47.6, 34.3]
>>> customers.subset(["A"]).ids.tolist(), [len(part.ids) for part in customers.batches(2)]
(['A'], [2, 1])
>>> customers.observed_until({"B": "2025-08-01"}).table.loc["B", "T"].round(1).item()
5.9
>>> kept = customers.save(folder / "customers.parquet")
>>> lb.Customers.scan(kept).overview()
Overview(customers=3, repeat_customers=1, repeats=2, valued_repeats=2, longest_history=11.663244353182751,
observed=30.488706365503077, typical_order=100.0, left_out={})

Orders that are too many for memory stay in their file:

>>> log.assign(closed_on=pd.to_datetime(log["closed_on"])).to_parquet(folder / "log.parquet")
>>> scanned = lb.scan_transactions(
...     folder / "log.parquet", customer="client", date="closed_on", amount="value", stream="line"
... )
>>> list(scanned.streams), scanned.stream("parts").has_streams
([3, 2], True)

Subscriptions, by contract or by cohort:

>>> records = pd.DataFrame({"customer_id": ["A", "B"], "start": ["2025-01-01", "2025-02-01"], "price": 50.0})
>>> records = records.assign(cancelled_on=[None, "2025-06-01"])
>>> renewals = lb.summarize_renewals(records, period="month", as_of="2025-12-31")
>>> renewals.table[["renewals", "lost"]]
             renewals   lost
customer_id
A                  11  False
B                   3   True
>>> moved = lb.subscription_movements(renewals)
>>> moved.retention("3 months").shape, moved.cohorts().index.names[0]
((10, 11), 'cohort')
>>> cohort = lb.Renewals.from_cohort_table([100, 87, 74])
>>> len(cohort.active().table), len(cohort.settled()), len(cohort.subset(cohort.table["lost"] == 1).table)
(1, 3, 2)
>>> renewals.ended().dropna().index.tolist(), cohort.unique_histories().count.tolist()
(['B'], [13.0, 13.0, 74.0])

Ids of two systems:

>>> crm = pd.DataFrame({"customer_id": [1, 2], "name": ["Northwind Ltd", "Contoso GmbH"]})
>>> shop = pd.DataFrame({"customer_id": ["N", "X"], "name": ["Northwind Limited", "Fabrikam"]})
>>> matches = lb.match_customers({"crm": crm, "shop": shop})
>>> matches.report()
                           what  number
0                    ids of crm       2
1                   ids of shop       2
2                     customers       4
3  customers of several systems       0
4        to review: equal names       1
>>> applied = matches.apply(shop, "shop")
>>> matches.undo(applied, "shop")["customer_id"].tolist()
['N', 'X']
>>> len(matches.open)
1
>>> matches.write(folder / "matches.xlsx").name
'matches.xlsx'
"""
