"""What a customer pays for: each stream yields draws of discounted future money.

Examples
--------
>>> import numpy as np
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> from ltv_bayes.terms import Terms
>>> one = np.ones((2, 200))
>>> draws = {"r": 0.243 * one, "alpha": 4.414 * one, "a": 0.793 * one, "b": 2.426 * one}
>>> purchases = lb.FittedPurchases.from_draws(draws, time_unit="week")
>>> spend = lb.FittedSpend.from_draws({"p": 6.25 * one, "q": 3.744 * one, "v": 15.44 * one}, currency="USD")
>>> rows = {"customer_id": ["A", "B"], "frequency": [2, 0], "recency": [30.4, 0.0], "T": [38.9] * 2}
>>> frame = pd.DataFrame(rows).assign(monetary_value=[22.4, None], total_value=[70.0, 12.0])
>>> customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
>>> orders = lb.RepeatPurchases(purchases, spend)
>>> orders.caution
''
>>> records = pd.DataFrame({"customer_id": ["A"], "start": ["1997-01-01"], "price": 50.0, "cancelled_on": None})
>>> renewals = lb.summarize_renewals(records, period="month", as_of="1997-09-30", currency="USD")
>>> renewing = lb.FittedRenewals.from_draws({"alpha": 0.668 * one, "beta": 3.806 * one})
>>> subscription = lb.Subscription(renewing, renewals)
>>> subscription.caution, list(subscription.fits)
('', [''])
>>> everyone, in_a_month = lb.all_customers(renewals), Terms.read("1 month", 0.0, renewals.as_of)
>>> subscription.recurring_now(everyone).tolist()
[50.0]
>>> paid = np.empty((1, 1, 400))
>>> subscription.recurring(everyone, in_a_month, (2, 200), 1)(0, 1, paid)
>>> np.unique(paid).tolist()
[0.0, 50.0]
>>> sales = pd.DataFrame({"customer_id": ["B"], "date": ["1997-12-31"], "amount": [300.0], "probability": [0.4]})
>>> sale = lb.OneOffSale(sales)
>>> len(sale.table)
1
>>> calls = lb.FittedEvents.from_draws({"r": 0.8 * one, "alpha": 9.0 * one}, time_unit="week")
>>> again = frame.assign(total_value=[80.0, 0.0])
>>> repairs = lb.Customers.from_summary(again, time_unit="week", as_of="1997-09-30", currency="USD")
>>> service = lb.TriggeredService(calls, spend, customers=repairs, while_alive=orders)
>>> service.caution
''

All of them in one value, where each customer has one lifetime:

>>> ltv = lb.lifetime_value(customers, [orders, sale, service], horizon="1 year", random_seed=1)
>>> list(ltv.components)
['repeat_purchases', 'one_off_sale', 'triggered_service']

What a value asks of every stream; a stream of your own answers the same (docs/architecture.md):

>>> terms, shape = Terms.read("1 year", 0.10, customers.as_of), (2, 200)
>>> for stream in (orders, subscription, sale, service):
...     stream.check(customers)
...     known, past = stream.knows(customers), stream.realised(customers)
...     ready, notes = stream.prepare(customers, terms, shape, 1), stream.notes(customers, terms)
...     assert set(stream.common_notes(customers)) <= set(notes)
...     print(stream.name, known.tolist(), stream.shape, sorted(stream.fits_by_purpose))
repeat_purchases [True, True] (2, 200) ['repeat_purchases counts', 'repeat_purchases spend']
subscription [True, False] (2, 200) ['subscription ']
one_off_sale [False, False] None []
triggered_service [True, True] (2, 200) ['triggered_service counts', 'triggered_service spend']
>>> orders.ends_a_relation, orders.counts.model, service.counts.model
(True, 'bg_nbd', 'nbd')
>>> len(orders.alive_for_sure), len(service.alive_for_sure)
(0, 0)
"""
