"""Scoring: a value as a file, and customers valued with it wherever they live.

Examples
--------
>>> import tempfile
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
>>> stream = lb.RepeatPurchases(purchases, spend)
>>> ltv = lb.lifetime_value(customers, stream, horizon=["1 year", "3 years"], margin=0.35, random_seed=1)

A value becomes a model without its customers, kept in a folder, or sent as bytes:

>>> folder = Path(tempfile.mkdtemp())
>>> saved = lb.save_model(ltv, folder / "model")
>>> model = lb.load_model(saved)
>>> model.inputs.index[:3].tolist(), model.outputs.index[:4].tolist(), model.shape, model.caution
(['customer_id', 'frequency', 'recency'], ['customer_id', 'mean', 'sd', 'median'], (2, 200), '')
>>> sorted(model.fits), len(model.to_bytes()) > 1_000
(['repeat_purchases counts', 'repeat_purchases spend'], True)

It values customers in memory, with every question; or scores a file into another one:

>>> model.value(customers).total().dims, model.explain(customers, "A").index.tolist()
(('chain', 'draw'), ['repeat_purchases', 'total'])
>>> kept = customers.save(folder / "customers.parquet")
>>> scores = lb.score(kept, model, to=folder / "scores.parquet", segments="industry")
>>> scores.total().dims, scores.by("industry").mean().index.tolist()
(('chain', 'draw'), ['Energy', 'Retail'])
>>> scores.explain().index.tolist(), scores.by_horizon().index.tolist(), scores.cash_flow().index.tolist()
(['repeat_purchases', 'total'], ['1 year', '3 years'], [1, 2, 3])
>>> model.score(kept, to=folder / "again.parquet").total().size
400
"""
