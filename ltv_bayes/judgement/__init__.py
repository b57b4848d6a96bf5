"""What experts know, as future-value priors.

Examples
--------
>>> import tempfile
>>> import warnings
>>> from pathlib import Path
>>> import numpy as np
>>> import pandas as pd
>>> import ltv_bayes as lb

One chance and one amount, however an expert states them:

>>> chance = lb.ChanceBelief.from_interval(0.2, 0.5)
>>> chance.is_number, chance.quantile(0.5).round(2).item(), chance.sentence()
(False, 0.34, 'you say: between 20% and 50% of such occur, and you are 80% sure; the chance is 35%')
>>> lb.ChanceBelief.from_number(0.3).is_number, lb.ChanceBelief.from_cases(3, of=10).is_number
(True, False)
>>> amount = lb.AmountBelief.from_interval(40_000, 90_000)
>>> round(amount.median), round(amount.mean), round(amount.sd), amount.misfit, amount.is_certain
(60000, 63079, 20467, 0.0, False)
>>> round(amount.quantile(0.9)), amount.density(60_000).round(8).item()
(90000, 2.102e-05)
>>> amount.as_points()["likely"], amount.sentence("EUR")
(60000.0, 'you say: one chance in ten above 90k EUR, one in ten below 40k, as likely above 60k as below; 63.1k on
average')
>>> lb.AmountBelief.from_mean(60_000, 20_000).family, lb.AmountBelief.from_quartiles(50_000, 60_000, 75_000).family
('log-normal', 'log-normal')
>>> lb.AmountBelief.from_three_points(40_000, 60_000, 90_000).family
'log-normal'

A table of opportunities:

>>> rows = pd.DataFrame({"customer_id": ["A", "B"], "opportunity": ["a hall", "a line"], "probability": [0.6, 0.2]})
>>> rows = rows.assign(low=[50_000, 400_000], high=[90_000, 900_000], expected_on="2026-06-30")
>>> rows = rows.assign(expert=["Unbiased", "Optimistic"])
>>> judged = lb.FutureValuePriors.from_judgements(rows, interval=0.8)
>>> judged.summary().columns.tolist()
['customer_id', 'opportunity', 'expert', 'probability', 'low', 'likely', 'high', 'expected_on', 'expected_value']
>>> judged.amount_quantiles(0.9).round(-3).tolist(), judged.relations.tolist(), len(judged.in_words("EUR"))
([90000.0, 900000.0], [None, None], 2)
>>> judged.subset([True, False]).table.shape[0], judged.with_relation("additional").relations.tolist()
(1, ['additional', 'additional'])
>>> judged.fit_table().columns.tolist(), judged.with_relation("additional").audit().shape[0]
(['level', 'stated', 'fitted', 'misfit', 'family'], 2)
>>> folder = Path(tempfile.mkdtemp())
>>> judged.write(folder / "judged.xlsx").name
'judged.xlsx'
>>> one = judged.opportunities()[0]
>>> round(one.expected_value), one.sentences("EUR")[0]
(41322, 'you say: it occurs with 60%')
>>> lb.Opportunity.of(judged.table.iloc[1]).name
'a line'
>>> len(lb.plot_judgement(judged, "a hall").axes)
3

What judgements have been worth so far:

>>> closed = lb.samples.simulate_judges(20, random_seed=1).history
>>> closed = closed.assign(customer_id=closed.index, opportunity="a project")
>>> both = closed.iloc[:20].assign(expert="another")  # two who judged the same opportunities
>>> history = pd.concat([closed, both])
>>> warnings.simplefilter("ignore")  # draws enough for a look are too few to rely on
>>> then = {"Account Name": ["Ada", "Bo"], "Opportunity ID": ["O1", "O2"], "Stage": "Proposal", "Amount": [900, 500]}
>>> then |= {"Close Date": "2025-03-01", "Probability (%)": [40, 70]}
>>> now = then | {"Stage": ["Closed Won", "Closed Lost"], "Amount": [800, 500]}
>>> lb.closed_opportunities(pd.DataFrame(then), pd.DataFrame(now), spread=0.3)["won"].tolist()
[True, False]
>>> found = lb.calibrate_judgements(history, draws=200, chains=2, random_seed=1, progressbar=False)
>>> found.names, found.by, found.interval, found.closed_until, type(found.converged), type(found.caution)
(['Optimistic', 'Overconfident', 'Unbiased', 'another'], 'expert', 0.8, None, <class 'bool'>, <class 'str'>)
>>> found.summary().columns[:4].tolist()
['cases', 'won', 'stated', 'occurs']
>>> found.curve().index.name, found.hit_rate().columns[:3].tolist(), found.correlation().index[:2].tolist()
('chances', ['won', 'should', 'stated'], ['opportunities', 'correlation'])
>>> found.rank().columns[:2].tolist(), list(found.weights(found.names)), found.diagnose().method
(['cases', 'score'], ['Optimistic', 'Overconfident', 'Unbiased', 'another'], 'NUTS')
>>> lb.plot_calibration_curve(found).get_xlabel()
'stated chance; n: cases'
>>> judged.adjusted(found.recalibrate(judged).adjustments).adjustments is not None
True
>>> lb.Calibration.load(found.save(folder / "calibration.nc")).names
['Optimistic', 'Overconfident', 'Unbiased', 'another']

A scorecard, and how strong a sign of life an open opportunity is, learned from the past:

>>> rng = np.random.default_rng(1)
>>> rated = pd.DataFrame(rng.integers(1, 6, (60, 3)), columns=["industry_standing", "growth_potential", "relationship"])
>>> score = rated.mean(axis=1) / 5
>>> rated = rated.assign(won=(rng.random(60) < score).astype(int), relative_amount=rng.lognormal(score, 0.4))
>>> rated["relative_amount"] = rated["relative_amount"].where(rated["won"] == 1)
>>> learned = lb.fit_scorecard(rated, method="laplace", draws=100, chains=2, random_seed=1, progressbar=False)
>>> learned.criteria
['industry_standing', 'growth_potential', 'relationship']
>>> one = np.ones((2, 100))
>>> draws = {"r": 1.2 * one, "alpha": 16.6 * one, "a": 1.3 * one, "b": 8.0 * one}
>>> purchases = lb.FittedPurchases.from_draws(draws, time_unit="month")
>>> orders = lb.samples.simulate_project_business(40, random_seed=1).transactions()
>>> stood = pd.DataFrame({"customer_id": orders.table["customer_id"].unique(), "stated_on": "2023-12-31", "won": 0})
>>> lb.learn_sign_strength(stood, orders, purchases, within="1 year").learned_from > 0
True
"""
