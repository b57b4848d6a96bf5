"""A whole run, from raw files to what those who decide are handed, described by one object.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import numpy as np
>>> import ltv_bayes as lb
>>> world = lb.samples.simulate_project_business(40, random_seed=1)
>>> folder = Path(tempfile.mkdtemp())
>>> world.orders.to_csv(folder / "orders.csv", index=False)
>>> one = np.ones((2, 100))
>>> draws = {"r": 1.2 * one, "alpha": 16.6 * one, "a": 1.3 * one, "b": 8.0 * one}
>>> lb.FittedPurchases.from_draws(draws, time_unit="month").save(folder / "purchases.nc").name
'purchases.nc'
>>> spend = {"p": 1.7 * one, "q": 3.0 * one, "v": 6e5 * one}
>>> lb.FittedSpend.from_draws(spend, currency="CNY").save(folder / "spend.nc").name
'spend.nc'
>>> terms = {"orders": folder / "orders.csv", "customer": "client", "currency": "CNY", "fits": folder}
>>> run = lb.Run.read(**terms, time_unit="month", horizon=["1 year"], slipping_since="none", origins=0, checks=False)
>>> run.check()
>>> len(run.orders.table), run.buyers.time_unit, run.renewals, run.judged, len(run.customers.ids)
(142, 'month', None, None, 40)
>>> run.purchases.model, run.spend.currency, run.renewing, sorted(run.fits), [stream.name for stream in run.streams]
('bg_nbd', 'CNY', {}, ['purchases', 'spend'], ['repeat_purchases'])
>>> run.ltv.currency, run.segments, run.acquisition, run.slipping_away, run.over_time, run.checks, run.backtest(folder)
('CNY', (), None, None, None, None, None)
>>> run.equity is None
True
>>> run.report.title, run.caution
(None, '')
"""
