"""Customer equity: the customers of today and those still to be won, together.

Examples
--------
>>> import matplotlib.pyplot as plt
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> contracts = {
...     "customer_id": ["Ada", "Bo"],
...     "start": ["2023-01-01", "2024-01-01"],
...     "price": 100,
...     "cancelled_on": None,
... }
>>> renewals = lb.summarize_renewals(pd.DataFrame(contracts), period="year", as_of="2025-12-31")
>>> fit = lb.FittedRenewals.from_draws({"alpha": [[1.0] * 50] * 2, "beta": [[3.0] * 50] * 2}, periods="year")
>>> terms = {"horizon": "5 years", "discount_rate": 0.1}
>>> today = lb.lifetime_value(lb.all_customers(renewals), lb.Subscription(fit, renewals), random_seed=1, **terms)
>>> plan = {"month": ["2026-01", "2026-02"], "customers": [10, 20], "cost_per_customer": [150, 150]}
>>> equity = lb.customer_equity(today, plan, lb.new_customer_value(fit, price=100, **terms), random_seed=2)
>>> equity.plan.channels, equity.plan.delays.shape, equity.currency
([''], (2,), None)
>>> list(equity.draws), equity.total().dims
(['portfolio', 'planned', 'acquisition_cost', 'customer_equity'], ('chain', 'draw'))
>>> equity.summary().index.tolist()
['portfolio', 'planned', 'acquisition_cost', 'customer_equity']
>>> len(equity.by_channel()), equity.by_year().shape[0] > 0, equity.cash_flow().shape[0] > 0, len(equity.by_age()) > 0
(1, True, True, True)
>>> equity.sensitivity().columns.tolist()
['change', 'at_low', 'at_high', 'swing']
>>> equity.company_value(tax_rate=0.25).index.tolist()
['customer_equity', 'tax', 'cash', 'debt', 'company_value']
>>> equity.sentence().endswith("."), len(equity.notes())
(True, 2)
>>> axes = lb.plot_equity(equity)
>>> plt.close("all")

Whose next renewal is at risk?

>>> risk = lb.at_risk(today, within="1 year")
>>> risk.summary()[["due_on", "value_if_renewed", "at_stake"]].columns.tolist(), risk.sentence().startswith("2 of 2")
(['due_on', 'value_if_renewed', 'at_stake'], True)
"""
