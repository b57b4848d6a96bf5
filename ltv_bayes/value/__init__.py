"""Streams to lifetime value, segments and decisions.

Examples
--------
>>> import tempfile
>>> import matplotlib.pyplot as plt
>>> from pathlib import Path
>>> import numpy as np
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> rows = {"customer_id": ["A", "B", "C"], "frequency": [2, 0, 7], "recency": [30.4, 0.0, 29.4], "T": [38.9] * 3}
>>> frame = pd.DataFrame(rows).assign(monetary_value=[22.4, None, 31.5], total_value=[70.0, 12.0, 260.0])
>>> frame = frame.assign(industry=["Energy", "Energy", "Retail"])
>>> customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
>>> one = np.ones((2, 200))
>>> draws = {"r": 0.243 * one, "alpha": 4.414 * one, "a": 0.793 * one, "b": 2.426 * one}
>>> purchases = lb.FittedPurchases.from_draws(draws, time_unit="week")
>>> spend = lb.FittedSpend.from_draws({"p": 6.25 * one, "q": 3.744 * one, "v": 15.44 * one}, currency="USD")
>>> judged = pd.DataFrame({"customer_id": ["A", "C"], "probability": [0.9, 0.2], "low": [30, 400], "high": [60, 900]})
>>> judged = judged.assign(opportunity=["a line", "a hall"])
>>> judged = lb.FutureValuePriors.from_judgements(judged, relation="additional")
>>> stream = lb.RepeatPurchases(purchases, spend)
>>> terms = {"discount_rate": 0.10, "margin": 0.35, "realised": True, "random_seed": 1}
>>> ltv = lb.lifetime_value(customers, stream, future_value=judged, horizon=["1 year", "3 years"], **terms)

Who is worth what, and from which source?

>>> ltv.currency, ltv.settings.margin, ltv.customers.ids.tolist()
('USD', '35%', ['A', 'B', 'C'])
>>> ltv.summary()[["realised", "to_come"]].round(-1)
             realised  to_come
customer_id
A                20.0     50.0
B                 0.0     10.0
C                90.0    170.0
>>> ltv.ranked().columns[:4].tolist()
['realised', 'to_come', 'median_to_come', 'to_come_eti89_lb']
>>> ltv.explain().index.tolist()
['realised', 'repeat_purchases', 'judged', 'total']
>>> ltv.by_horizon().index.tolist(), ltv.cash_flow("A").index.tolist()
(['1 year', '3 years'], [1, 2, 3])
>>> ltv.total().dims, ltv.draws.dims, list(ltv.components)
(('chain', 'draw'), ('chain', 'draw', 'customer_id'), ['realised', 'repeat_purchases', 'judged'])
>>> ltv.at("1 year").settings.place, ltv.probability_above(100).between(0, 1).all()
(0, np.True_)
>>> drawn = [lb.plot_lifetime_value(ltv), lb.plot_waterfall(ltv.explain()), lb.plot_cash_flow(ltv)]

On whom to act?

>>> ltv.tiers(shares=[0.4, 0.6], names=["key", "other"])["tier"].tolist()
['key', 'other', 'other']
>>> ltv.upside()["upside"].round(-1).tolist()
[170.0, 50.0, 10.0]

How much of it is judgement?

>>> ltv.judgement.share().round(1).tolist()
[0.1, 0.3]
>>> ltv.judgement.with_and_without().columns.tolist()
['mean', 'sd', 'median', 'eti89_lb', 'eti89_ub']
>>> ltv.judgement.sensitivity().shape, ltv.judgement.tornado().index.tolist()
((5, 11), [0, 1])
>>> ltv.judgement.power_scaling().columns.tolist(), ltv.judgement.conflicts().shape
(['held', 'customer_id', 'opportunity', 'expert', 'mean_change', 'eti89_lb_change', 'eti89_ub_change',
'sensitivity', 'noticeable', 'pareto_k', 'note'], (2, 10))
>>> len(ltv.judgement.opinions()), len(ltv.judgement.audit())
(0, 2)
>>> ltv.without_judgement().explain().index.tolist()
['realised', 'repeat_purchases', 'total']
>>> drawn = [lb.plot_tornado(ltv), lb.plot_tiers(ltv.tiers())]
>>> plt.close("all")

Kept or handed on:

>>> folder = Path(tempfile.mkdtemp())
>>> ltv.write_summary(folder / "value.parquet").name, ltv.write_draws(folder / "draws.parquet").name
('value.parquet', 'draws.parquet')
>>> list(ltv.to_datatree().children), len(ltv.notes()) > 0
(['lifetime_value'], True)

What becomes of the recurring revenue of today's subscribers?

>>> records = pd.DataFrame({"customer_id": ["A"], "start": ["1997-01-01"], "price": 50.0, "cancelled_on": None})
>>> renewals = lb.summarize_renewals(records, period="month", as_of="1997-09-30", currency="USD")
>>> renewing = lb.FittedRenewals.from_draws({"alpha": 0.668 * one, "beta": 3.806 * one})
>>> lb.movements_ahead(lb.Subscription(renewing, renewals), random_seed=1).index[:4].tolist()
['opening', 'expansion', 'contraction', 'lost']
"""
