"""Which customers to act on: tiers, upside, customers slipping away.

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
>>> log = pd.DataFrame(
...     {
...         "customer": ["A"] * 8 + ["B"] * 2,
...         "date": [*pd.date_range("2024-01-05", periods=8, freq="21D"), "2024-02-01", "2024-11-20"],
...         "amount": 30.0,
...     }
... )
>>> orders = lb.read_transactions(log, currency="USD")
>>> customers = lb.summarize(orders, time_unit="week", as_of="2024-12-31")
>>> ltv = lb.lifetime_value(customers, stream, horizon="1 year", margin=0.35, random_seed=1)
>>> slipping = lb.slipping_away(ltv, orders, since="2024-06-30")
>>> slipping.summary().columns.tolist()
['probability_alive_before', 'probability_alive', 'drop', 'value_if_alive', 'at_stake', 'at_stake_eti89_lb',
'at_stake_eti89_ub', 'reason']
>>> slipping.total().dims, slipping.summary().index.tolist()
(('chain', 'draw'), [])
>>> print(slipping.sentence())
None of 2 customers is slipping away: P(alive) of no other customer fell by 0.1 or more from 2024-06-30 to
2024-12-31. 1 more, for whom it fell as well, has ordered since and is not listed. 1 more is left out, with P(alive)
below 0.2 now: most likely gone, with 54.8 USD on average.
"""
