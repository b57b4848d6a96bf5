"""Values of segments, compared and ranked.

Examples
--------
>>> import numpy as np
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> one = np.ones((2, 200))
>>> draws = {"r": 0.243 * one, "alpha": 4.414 * one, "a": 0.793 * one, "b": 2.426 * one}
>>> purchases = lb.FittedPurchases.from_draws(draws, time_unit="week")
>>> spend = lb.FittedSpend.from_draws({"p": 6.25 * one, "q": 3.744 * one, "v": 15.44 * one}, currency="USD")
>>> stream = lb.RepeatPurchases(purchases, spend)
>>> rows = {"customer_id": ["A", "B", "C"], "frequency": [2, 0, 7], "recency": [30.4, 0.0, 29.4], "T": [38.9] * 3}
>>> frame = pd.DataFrame(rows).assign(monetary_value=[22.4, None, 31.5], total_value=[70.0, 12.0, 260.0])
>>> frame = frame.assign(industry=["Energy", "Energy", "Retail"])
>>> customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
>>> ltv = lb.lifetime_value(customers, stream, horizon="3 years", margin=0.35, realised=True, random_seed=1)
>>> by = ltv.by("industry")
>>> list(by.per_customer.dims), by.measures, by.column, by.customers.to_dict()
(['chain', 'draw', 'segment'], ['to_come_per_customer', 'per_customer', 'total'], 'industry', {'Energy': 2,
'Retail': 1})
>>> by.so_far.round(0).to_dict()
{'Energy': 14.0, 'Retail': 91.0}
>>> by.draws("total").dims, by.mean().round(-1).to_dict()
(('chain', 'draw', 'segment'), {'Energy': 20.0, 'Retail': 100.0})
>>> by.summary().columns[:4].tolist()
['customers', 'realised_per_customer', 'to_come_per_customer_median', 'to_come_per_customer_eti89_lb']
>>> by.compare().columns[:4].tolist()
['segment_a', 'segment_b', 'difference', 'median_difference']
>>> print(by.compare()["sentence"].iloc[0])
Retail is worth more than Energy per customer (what today's customers will yield) with probability 0.62; the median
difference is 22.1 USD, 89% interval -42.6 to 314.
>>> by.rank().columns.tolist(), by.best(top=1).index.tolist()
(['rank_1', 'rank_2', 'expected_rank'], ['Retail', 'Energy'])
>>> len(by.notes()) > 0
False
>>> lb.plot_segments(by).get_title(), lb.plot_ranks(by).get_title()
('', '')

Draws of any kind can be compared by segment in the same way:

>>> total = by.draws("total")
>>> len(lb.compare(total)), len(lb.rank(total)), len(lb.best(total, top=1))
(1, 2, 2)
"""
