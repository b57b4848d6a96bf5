"""A fitted model is posterior draws plus the formulas: draws x customers to labelled arrays, without PyMC.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import numpy as np
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> from ltv_bayes.posterior import tree_from_draws
>>> rows = {"customer_id": ["A", "B"], "frequency": [2, 7], "recency": [30.43, 29.43], "T": [38.86, 38.86]}
>>> frame = pd.DataFrame(rows).assign(monetary_value=[22.35, 31.5])
>>> customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
>>> one = np.ones((2, 100))

Purchases. Draws have the shape (chain, draw); forecasts have a dimension more, customer_id:

>>> draws = {"r": 0.243 * one, "alpha": 4.414 * one, "a": 0.793 * one, "b": 2.426 * one}
>>> fit = lb.FittedPurchases.from_draws(draws, time_unit="week")
>>> fit.model, fit.time_unit, sorted(fit.draws), fit.converged
('bg_nbd', 'week', ['a', 'alpha', 'b', 'r'], True)
>>> fit.probability_alive(customers)[0, 0].round(3).values.tolist()
[0.727, 0.642]
>>> fit.expected_purchases(customers, "39 weeks")[0, 0].round(3).values.tolist()
[1.226, 3.337]
>>> fit.expected_discounted_purchases(customers, "39 weeks", 0.10).sizes["customer_id"]
2
>>> fit.predict_purchases(customers, "39 weeks", random_seed=1).dtype
dtype('int64')
>>> fit.probability_of_purchases(customers, 0, "39 weeks")[0, 0].round(3).values.tolist()
[0.445, 0.364]
>>> fit.next_purchase(customers, by="13 weeks")["median_time"].round(1).tolist()
[29.5, 10.0]
>>> fit.expected_purchases_new_customer("39 weeks").shape
(2, 100)
>>> fit.predict_purchases_new_customer("39 weeks", random_seed=1).shape
(2, 100)
>>> list(fit.with_log_likelihood(customers).children)
['posterior', 'log_likelihood']
>>> fit.posterior_predictive(customers, random_seed=1)["posterior_predictive"].frequency.dims
('chain', 'draw', 'customer_id')
>>> lb.plot_history_surface(fit, observed="39 weeks", most=5).get_xlabel()
'last purchase, in weeks after the first; 39 weeks were observed'

What every fit has, here those of purchases: fewer draws, a table, a verdict, a file.

>>> rng = np.random.default_rng(1)
>>> small = lb.FittedPurchases.from_draws({name: rng.normal(each, 0.01) for name, each in draws.items()}).thin(50)
>>> small.draws["r"].size, list(small.summary().index)
(100, ['r', 'alpha', 'a', 'b'])
>>> fit.diagnose() is None  # made by hand, so there is nothing to judge
True
>>> path = fit.save(Path(tempfile.mkdtemp()) / "fit.nc")
>>> lb.load_fit(path).model
'bg_nbd'

Money per order:

>>> spend = lb.FittedSpend.from_draws({"p": 6.25 * one, "q": 3.744 * one, "v": 15.44 * one}, currency="USD")
>>> spend.currency
'USD'
>>> spend.expected_spend(customers)[0, 0].round(2).values.tolist()
[24.66, 31.72]
>>> spend.predict_spend(customers, random_seed=1).dims
('chain', 'draw', 'customer_id')
>>> spend.expected_spend_new_customer().mean().round(2).item()
35.17
>>> list(spend.with_log_likelihood(customers).children)
['posterior', 'log_likelihood']
>>> spend.posterior_predictive(customers, random_seed=1)["posterior_predictive"].monetary_value.shape
(2, 100, 2)

Events that never stop, such as calls for service:

>>> calls = lb.FittedEvents.from_draws({"r": 0.8 * one, "alpha": 9.0 * one}, time_unit="week")
>>> calls.time_unit
'week'
>>> calls.expected_events(customers, "1 year")[0, 0].round(1).values.tolist()
[3.1, 8.5]
>>> calls.expected_discounted_events(customers, "1 year", 0.10).dims
('chain', 'draw', 'customer_id')
>>> calls.predict_events(customers, "1 year", random_seed=1).dtype
dtype('int64')
>>> calls.expected_events_new_customer("1 year").mean().round(2).item()
4.64
>>> list(calls.with_log_likelihood(customers).children)
['posterior', 'log_likelihood']
>>> calls.posterior_predictive(customers, random_seed=1)["posterior_predictive"].sizes["customer_id"]
2

Renewals of subscriptions:

>>> renewing = lb.FittedRenewals.from_draws({"alpha": 0.668 * one, "beta": 3.806 * one})
>>> renewing.survival([1, 5])[0, 0].round(3).values.tolist()
[0.851, 0.562]
>>> renewing.retention([0, 4])[0, 0].round(3).values.tolist()
[0.851, 0.921]
>>> renewing.expected_residual_life(1, 0.10, period="year").mean().round(3).item()
5.902
>>> records = pd.DataFrame({"customer_id": ["A"], "start": ["2020-03-01"], "cancelled_on": [None], "price": 900.0})
>>> subscribers = lb.summarize_renewals(records, period="year", as_of="2023-12-31")
>>> renewing.predict_renewals(subscribers, 3, random_seed=1).dims
('chain', 'draw', 'customer_id')

A scorecard that was learned:

>>> parts = {"probability_low": 0.1, "probability_high": 0.7, "multiplier_low": 0.5, "multiplier_high": 3.0}
>>> parts |= {"spread": 0.5, "weight_growth": 0.6, "weight_trust": 0.4}
>>> parts = {name: value * one for name, value in parts.items()}
>>> learned = lb.FittedScorecard(tree_from_draws(parts, {"model": "scorecard", "scale": "[1, 5]"}))
>>> learned.criteria, learned.scale, learned.weights().mean(axis=0).round(1).tolist()
(['growth', 'trust'], (1, 5), [0.6, 0.4])

Signs of life, such as open opportunities, and which purchases stand in the pipeline:

>>> strength = lb.SignStrength.known(5)
>>> strength.is_known, strength.middle.ratio, strength.spread(3).ratio.tolist()
(True, 5.0, [5.0, 5.0, 5.0])
>>> strength.draws((2, 100), seed=1).ratio.shape
(200,)
>>> signs = lb.SignsOfLife(frozenset(["A"]), strength, share=0.2, ages={"A": 180.0})
>>> signs.strength.ratio, signs.usual_share, signs.share_at(strength.middle), signs.days(["A", "B"]).tolist()
(5.0, 0.2, 0.2, [180.0, inf])
>>> signs.evidence(["A", "B"]).tolist()
[0.5, 0.0]
>>> which, number = signs.kinds(customers.ids)
>>> signs.weights(which, strength.middle).round(2).tolist(), number.tolist()
([0.49, 1.2], [0, 1])
>>> covered = lb.Coverage.read(["A"])
>>> covered.of(customers).tolist(), lb.Coverage.read({"manager": ["Chen"]}).has("Chen")
([True, False], True)
>>> seen = lb.VisibleShare.from_counts(18, of=30, within="6 months")
>>> seen.draws((2, 100), seed=1).shape, lb.VisibleShare.known(0.6, within="6 months").share
((200,), 0.6)
>>> log = pd.DataFrame({"customer": "A", "date": ["2025-01-10", "2025-05-10", "2025-12-10"], "amount": 100.0})
>>> pipeline = pd.DataFrame({"customer_id": ["A"], "seen_on": ["2025-03-01"], "closed_on": ["2025-05-10"]})
>>> lb.VisibleShare.from_snapshots(pipeline, lb.read_transactions(log), within="3 months")
67% (1 of 1) of the purchases within 3 months stand in the pipeline
"""
