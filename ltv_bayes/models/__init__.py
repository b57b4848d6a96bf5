"""The models as PyMC graphs: frozen settings, build(data) to a pm.Model, fit(data) to a fitted model.

Examples
--------
>>> import matplotlib.pyplot as plt
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> records = pd.DataFrame({"customer_id": ["A", "B"], "start": ["2022-01-01", "2022-06-01"], "price": 50.0})
>>> records = records.assign(cancelled_on=[None, "2024-06-01"])
>>> renewals = lb.summarize_renewals(records, period="month", as_of="2025-12-31")
>>> world = lb.samples.simulate_project_business(60, random_seed=1)
>>> orders = world.transactions()
>>> customers = lb.summarize(orders, time_unit="month", attributes=world.clients)

Settings, the priors that they take for these customers, and a fit:

>>> model = lb.BGNBD(calendar_effects=None)
>>> list(model.default_priors(customers))
['mean_rate', 'rate_cv', 'dropout_mean', 'dropout_concentration']
>>> brief = {"method": "laplace", "draws": 100, "chains": 2, "random_seed": 1, "progressbar": False}
>>> fit = model.fit(customers, **brief)
>>> fit.draws["r"].shape, fit.diagnose().method
((2, 100), 'Laplace with importance sampling')
>>> spend = lb.GammaGamma(price_growth=None).fit(customers, **brief)

The same settings as a PyMC model, and parameters drawn from its prior:

>>> sorted(variable.name for variable in model.build(customers).free_RVs)
['dropout_concentration', 'dropout_mean', 'mean_rate', 'rate_cv']
>>> prior = model.sample_prior(customers, draws=10, random_seed=1)
>>> prior["prior"].r.shape
(1, 10)
>>> lb.Prior("LogNormal", mu=0, sigma=1).distribution().owner.op.name
'lognormal'

What moves all customers at once, as these data allow it:

>>> effects = lb.CalendarEffects(period="quarter")
>>> effects.of(customers).unit, effects.of_renewals(renewals).unit
('month', 'day')
>>> moving = lb.BGNBD(calendar_effects=lb.CalendarEffects(period="quarter")).fit(customers, **brief)

Pooled by segment; a model for each segment alone; and one that customers never leave:

>>> pooled = lb.BGNBD(pool_by="industry", calendar_effects=None).fit(customers, **brief)
>>> list(pooled.segments().index.names), list(pooled.segment_draws())
(['quantity', 'industry'], ['mean_rate', 'rate_cv', 'dropout_mean', 'dropout_concentration'])
>>> pooled.of_segment("Energy").expected_purchases_new_customer("1 year").shape
(2, 100)
>>> value = lb.new_customer_value(pooled, spend, by="industry", horizon="1 year", random_seed=1)
>>> ltv = lb.lifetime_value(customers, lb.RepeatPurchases(pooled, spend), horizon="1 year", random_seed=1)
>>> ltv.by("industry").beside_next_customer(value).columns[:3].tolist(), value.of("Energy").segments
(['customers', 'todays_customers_rank', 'next_customer_rank'], ('Energy',))
>>> some = customers.subset(customers.table["industry"].isin(["Energy", "Healthcare"]))
>>> sorted(lb.fit_each(lb.NBD(), some, "industry", **brief))
['Energy', 'Healthcare']

Subscriptions:

>>> cohort = lb.Renewals.from_cohort_table([100, 87, 74, 65])
>>> lb.ShiftedBetaGeometric(calendar_effects=None).fit(cohort, **brief).draws["alpha"].shape
(2, 100)

Each has its picture:

>>> drawn = [lb.plot_prior_posterior(fit, prior), lb.plot_calendar_effects(moving), lb.plot_shrinkage(pooled)]
>>> drawn += [lb.plot_purchases_by_period(lb.check(customers, moving, orders=orders, random_seed=1))]
>>> plt.close("all")
"""
