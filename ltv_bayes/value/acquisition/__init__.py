"""New customers: what they are worth and what they cost.

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
>>> value = lb.new_customer_value(purchases, spend, horizon="3 years", discount_rate=0.10, margin=0.35, random_seed=1)
>>> value.column, str(value.horizon), value.currency, value.units, value.settings[:18], value.caution
(None, '3 years', 'USD', 'USD', '3 years from the f', '')
>>> value.customers.to_dict(), list(value.unseen), value.unseen_notes()
({'a new client': 0}, [], {})
>>> value.draws.dims, value.predict(random_seed=1).dims, list(value.course())
(('chain', 'draw'), ('chain', 'draw'), ['a new client'])
>>> value.summary().columns.tolist(), value.summary_of_one(random_seed=1).columns.tolist()
(['mean', 'sd', 'median', 'eti89_lb', 'eti89_ub'], ['mean', 'sd', 'median', 'eti89_lb', 'eti89_ub'])
>>> costs = pd.DataFrame({"channel": ["Ads", "Fair"], "period": "2025-Q1"})
>>> costs = costs.assign(spend=[900.0, 400.0], clients_won=[30, 40])
>>> found = lb.acquisition(value, costs, payback_within="12 months", random_seed=1)
>>> found.column, found.currency, found.channels
('channel', 'USD', ('Ads', 'Fair'))
>>> found.ltv.dims, found.cac.dims, found.ratio.dims, found.payback.dims
(('chain', 'draw', 'channel'), ('chain', 'draw', 'channel'), ('chain', 'draw', 'channel'), ('chain', 'draw',
'channel'))
>>> found.summary().columns[:6].tolist()
['spend', 'clients_won', 'cost_per_client', 'value', 'ltv_to_cac', 'ltv_to_cac_eti89_lb']
>>> print(found.sentences().iloc[0])
Fair: a new client is worth 43 USD within 3 years and costs 10.5 USD (40 clients won for 400); that is 4.1 times the
cost, 89% interval 3.2 to 5.3, and more than 3 times with probability 0.97; the cost is back after 0 months (0 to
0.5 months), within 12 months with probability > 0.99.
>>> found.budget(1_000).columns[-4:].tolist()
['probability_above_0', 'probability_best', 'expected_loss', 'enough_data']
>>> lb.plot_acquisition(found).get_title(), lb.plot_payback(found, "Ads").get_title()
('', '')
>>> found.by_period().shape, len(found.notes())
((2, 7), 2)
"""
