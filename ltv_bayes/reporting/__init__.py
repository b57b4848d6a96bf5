"""Tables and files that a person reads.

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
>>> judged = pd.DataFrame({"customer_id": ["A", "C"], "probability": [0.9, 0.2], "low": [30, 400], "high": [60, 900]})
>>> judged = judged.assign(opportunity=["a line", "a hall"])
>>> judged = lb.FutureValuePriors.from_judgements(judged, relation="additional")
>>> stream = lb.RepeatPurchases(purchases, spend)
>>> terms = {"discount_rate": 0.10, "margin": 0.35, "realised": True, "random_seed": 1}
>>> ltv = lb.lifetime_value(customers, stream, future_value=judged, horizon=["1 year", "3 years"], **terms)
>>> report = lb.report(ltv, by="industry", title="Spring review")
>>> [section.title for section in report.document().sections][:3]
['What the customers are worth', 'When it comes, and from what', 'Segments: industry']
>>> folder = Path(tempfile.mkdtemp())
>>> report.to_html(folder / "report.html").name, report.to_excel(folder / "report.xlsx").name
('report.html', 'report.xlsx')

The same from the value itself:

>>> ltv.to_html(folder / "value.html").name, ltv.to_excel(folder / "value.xlsx", language="zh").name
('value.html', 'value.xlsx')
"""
