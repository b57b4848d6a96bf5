"""Does it hold? Backtests and coverage.

Examples
--------
>>> import matplotlib.pyplot as plt
>>> import numpy as np
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> world = lb.samples.simulate_project_business(60, random_seed=1)
>>> orders = world.transactions()
>>> customers = lb.summarize(orders, time_unit="month")
>>> one = np.ones((2, 100))
>>> draws = {"r": 1.2 * one, "alpha": 16.6 * one, "a": 1.3 * one, "b": 8.0 * one}
>>> purchases = lb.FittedPurchases.from_draws(draws, time_unit="month")
>>> spend = lb.FittedSpend.from_draws({"p": 1.7 * one, "q": 3.0 * one, "v": 6e5 * one}, currency="CNY")

One origin, with fits made by hand: would they have held?

>>> test = lb.backtest(orders, as_of="2023-12-31", horizon="1 year", purchases=purchases, spend=spend, random_seed=1)
>>> test.time_unit, str(test.start), test.calibration_length > 10, test.caution
('week', '2020-01-08', True, '')
>>> test.summary().columns[:2].tolist(), test.coverage().index.tolist()
(['actual', 'predicted'], ['purchases', 'spend', 'purchases_closed', 'spend_closed'])
>>> len(test.pit()), 0 <= test.pit_p_value() <= 1, test.coverage_by_frequency().index.name
(39, True, 'frequency')
>>> test.by_frequency().columns[:2].tolist(), test.tracking().columns[:3].tolist()
(['customers', 'actual'], ['actual', 'predicted', 'eti89_lb'])

Several origins, each refitted; and two models beside each other:

>>> brief = {"time_unit": "month", "spend": lb.GammaGamma(price_growth=None), "random_seed": 1}
>>> brief |= {"draws": 100, "chains": 2}
>>> brief |= {"origins": 2, "horizon": "1 year", "method": "laplace", "progressbar": False}
>>> models = {"BG/NBD": lb.BGNBD(calendar_effects=None), "NBD": lb.NBD(calendar_effects=None)}
>>> found = lb.backtest(orders, models=models, **brief)
>>> found.names, found.compared, list(found.streams), found.currency, found.caution
(['BG/NBD', 'NBD'], ['purchases', 'spend'], [], 'CNY', '')
>>> found.verdict.partition(" ")[0]
'Spend.'
>>> found.summary().columns[:3].tolist(), found.scores().columns[:3].tolist(), found.differences().columns[0]
(['eti50', 'eti80', 'eti90'], ['forecasts', 'eti50', 'eti80'], 'difference')
>>> rolling = found.backtests["BG/NBD"]
>>> len(rolling.as_of), rolling.compared, rolling.windows_apart > 1, rolling.caution
(2, ['purchases', 'spend'], True, '')
>>> rolling.verdict.partition(". ")[0]
'Spend'
>>> rolling.summary().columns[:3].tolist(), rolling.scores().columns[:3].tolist(), rolling.totals().columns[0]
(['customers', 'actual', 'median'], ['forecasts', 'eti50', 'eti80'], 'customers')
>>> list(rolling.customers().index.names), rolling.cohorts().columns[1], rolling.deciles().columns[-1]
(['of', 'as_of', 'customer_id'], 'actual', 'lift')

Does the fit describe the customers, did those who bought once leave, and do purchases come regularly?

>>> checks = lb.check(customers, purchases, random_seed=1)
>>> checks.passed, checks.table.columns.tolist()
(True, ['observed', 'expected', 'eti89_lb', 'eti89_ub', 'tail_probability', 'holds'])
>>> once = lb.check_one_time(customers, purchases, horizon="1 year", random_seed=1, progressbar=False)
>>> once.favours, once.misleads
(None, False)
>>> once.sentence.partition(". ")[0]
'20 of 60 customers (33%) bought once'
>>> regular = lb.check_regularity(orders)
>>> regular.regular, regular.bursts, regular.enough
(False, False, True)
>>> regular.sentence.partition(":")[0]
'Purchases are about as random in time as BG/NBD and MBG/NBD take them to be'
>>> regular.of_customers(customers).columns.tolist()
['gaps', 'usual_gap', 'silence', 'chance']
>>> len(regular.sentence_of_events) > 0, regular.silence is None
(True, False)

How the value of segments went over time:

>>> days = ["2023-12-31", "2024-12-31"]
>>> terms = {"horizon": "1 year", "by": "industry", "refit": False, "random_seed": 1}
>>> trend = lb.value_over_time(orders, days, attributes=world.clients, purchases=purchases, spend=spend, **terms)
>>> trend.column, trend.currency, len(trend.segments), trend.caution, trend.settings[:6]
('industry', 'CNY', 5, '', '1 year')
>>> trend.summary().columns[:3].tolist(), trend.draws().dims
(['customers', 'per_customer_mean', 'per_customer_eti89_lb'], ('chain', 'draw', 'as_of', 'segment'))

Each has its picture:

>>> drawn = [lb.plot_calibration(test), lb.plot_tracking(test), lb.plot_backtest(rolling), lb.plot_cohorts(rolling)]
>>> drawn += [lb.plot_deciles(rolling), lb.plot_value_over_time(trend)]
>>> plt.close("all")
"""
