"""Values of every kind that a model may hold, of customers made by hand, from a few draws."""

import functools
import json

import numpy as np
import pandas as pd
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.formulas.models import parameterization
from ltv_bayes.judgement.valuing.adjustments import Adjustments

AS_OF, NUMBER = "2024-06-30", 330
TERMS = {"horizon": ["1 year", "3 years"], "discount_rate": 0.1, "random_seed": 4}
WEEK = {"time_unit": "week", "as_of": AS_OF}


def around(seed, **means):
    rng = np.random.default_rng(seed)
    return {name: mean * np.exp(0.05 * rng.standard_normal((2, 25))) for name, mean in means.items()}


def fits():
    purchases = lb.FittedPurchases.from_draws(around(1, r=0.6, alpha=8.0, a=0.8, b=2.5), **WEEK)
    return purchases, lb.FittedSpend.from_draws(around(2, p=6.0, q=3.7, v=15.0), currency="USD")


def frame():
    """One row a customer, as a warehouse gives it."""
    rng = np.random.default_rng(3)
    frequency = rng.poisson(1.5, NUMBER)
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:03d}" for number in rng.permutation(NUMBER)],
            "frequency": frequency,
            "recency": np.where(frequency > 0, rng.uniform(1, 38, NUMBER), 0.0),
            "T": 39.0,
            "monetary_value": np.where(frequency > 0, rng.gamma(3, 10, NUMBER), np.nan),
            "total_value": 50.0,
            "share": rng.uniform(0.2, 0.6, NUMBER),
            "industry": rng.choice(["Energy", "Retail", None], NUMBER),
            "region": rng.choice(["North", "South"], NUMBER),
        }
    )


def customers():
    return lb.Customers.from_summary(frame(), **WEEK, currency="USD")


def plain():
    return lb.lifetime_value(customers(), lb.RepeatPurchases(*fits()), margin="share", realised=True, **TERMS)


def by_id():
    shares = dict.fromkeys(customers().ids, 0.3)
    return lb.lifetime_value(customers(), lb.RepeatPurchases(*fits(), margin=pd.Series(shares)), margin=0.5, **TERMS)


def on_clock(fit):
    """The fit with a factor of all customers, which was 20% up and stays uncertain."""
    tree = fit.idata.copy()
    posterior = tree["posterior"].to_dataset()
    posterior["calendar_effect"] = (("chain", "draw", "period"), np.full((2, 25, 24), 0.2))
    for name in ("level", "level_sd", "noise_sd"):
        posterior[name] = (("chain", "draw"), np.full((2, 25), 0.1))
    tree["posterior"] = type(tree)(posterior)
    tree.attrs["calendar"] = json.dumps(
        {"length": 365.25 / 84, "half_life": 52.0, "in_year": 12, "scales": [0.25, 0.15]}
    )
    return type(fit)(tree)


def by_health(fit):
    """The fit of renewals with a health score by date that lowers churn, and fades."""
    tree = fit.idata.copy()
    posterior = tree["posterior"].to_dataset()
    posterior["churn_slope_health"] = (("chain", "draw"), np.full((2, 25), -0.6))
    tree["posterior"] = type(tree)(posterior)
    kept = {"names": ["health"], "centre": [60.0], "scale": [10.0], "left": [[0.4, 60.0]], "together": [[1.0]]}
    tree.attrs["time_varying"] = json.dumps(kept)
    return type(fit)(tree)


def calendar():
    """A factor of all customers, and prices that rise."""
    purchases, spend = fits()
    tree = spend.idata.copy()
    tree.attrs |= {"prices": json.dumps({"growth": 0.04}), "as_of": AS_OF}
    return lb.lifetime_value(customers(), lb.RepeatPurchases(on_clock(purchases), type(spend)(tree)), **TERMS)


def judgements(relation):
    chosen = [f"C{number:03d}" for number in (3, 3, 41, 200, 329)]
    rows = {"customer_id": chosen, "probability": [0.1, "60%", 0.5, "3 of 10", 0.7], "low": 10.0, "high": 90.0}
    rows |= {"opportunity": list("abcde"), "expert": ["Chen", "Chen", "Garcia", "Garcia", "Chen"]}
    rows |= {"stated_on": ["2024-06-30", "2024-02-20", "2024-06-30", "2024-06-01", None]}
    return lb.FutureValuePriors.from_judgements(
        pd.DataFrame(rows),
        relation=relation,
        shared={"expert": 0.3},
        visible=lb.VisibleShare.from_counts(18, of=30, within="6 months"),
        covers={"region": ["North", "South"]},
    )


def judged():
    """Pipeline that shows purchases, is a sign of life, and was recalibrated."""
    rng = np.random.default_rng(5)
    entries = [rng.normal(centre, 0.1, (2, 2, 25)) for centre in (-0.5, 0.8, -0.2, 1.4)]
    found = judgements("visible_share").adjusted(Adjustments(np.array([0, 1, 1, 0, 1]), *entries))
    return lb.lifetime_value(customers(), lb.RepeatPurchases(*fits()), future_value=found, **TERMS)


def opinions():
    """Opinions on whole values, beside a stream."""
    stated = judgements("additional").table.drop_duplicates("customer_id")[["customer_id", "low", "high"]]
    whole = lb.FutureValuePriors.from_judgements(stated.assign(probability=0.9), relation="same_total")
    return lb.lifetime_value(customers(), lb.RepeatPurchases(*fits()), future_value=whole, **TERMS)


def hybrid():
    """Four streams, each with data of its own, of customers who are only listed."""
    company = lb.samples.simulate_office_equipment(120, random_seed=3)
    named = {"customer": "client", "date": "ordered_on", "amount": "amount", "stream": "product_line"}
    orders = lb.read_transactions(company.orders, **named, currency=company.currency)
    renewals = lb.summarize_renewals(
        company.subscriptions,
        customer="client",
        start="started_on",
        period="contract",
        as_of=company.as_of,
        currency=company.currency,
    )
    terms = {"time_unit": "week", "as_of": company.as_of}
    consumables = lb.summarize(orders.stream("consumables"), **terms).observed_until(renewals.ended())
    service = lb.summarize(orders.stream("service"), since=company.installations, **terms)
    service = service.observed_until(renewals.ended())
    everybody = lb.all_customers(consumables, service, renewals, orders, attributes=company.clients)
    week = {"time_unit": "week"}
    lengths = {"month": (0.9, 29.1), "quarter": (1.6, 18.4), "year": (1.8, 8.2)}
    churn = {
        length: lb.FittedRenewals.from_draws(around(5 + k, alpha=alpha, beta=beta))
        for k, (length, (alpha, beta)) in enumerate(lengths.items())
    }
    subscription = lb.Subscription(churn, renewals, discount_rate=0.05, price_changes={"2030-01-01": 0.05})
    purchases = lb.FittedPurchases.from_draws(around(1, r=1.5, alpha=16.0, a=0.01, b=3.0), **week)
    events = lb.FittedEvents.from_draws(around(2, r=1.5, alpha=52.0), **week)
    spend, fees = (lb.FittedSpend.from_draws(around(k, p=4.0, q=4.0, v=v)) for k, v in ((3, 450.0), (4, 1125.0)))
    streams = [
        lb.OneOffSale(company.planned, "equipment", while_alive=subscription),
        lb.RepeatPurchases(
            purchases, spend, "consumables", customers=consumables, margin=0.4, while_alive=subscription
        ),
        lb.TriggeredService(events, fees, "service", customers=service, while_alive="subscription"),
        subscription,
    ]
    return lb.lifetime_value(everybody, streams, realised=True, **TERMS)


def pooled():
    """A fit that is pooled by industry: Energy buys twice as often."""
    shape = (2, 25)
    quantities = around(8, mean_rate=0.05, rate_cv=1.0, dropout_mean=0.2, dropout_concentration=5.0)
    variables = {**quantities, **parameterization.purchases(quantities)}
    coords = {"industry": ["Energy", "Retail"], "chain": [0, 1], "draw": np.arange(25)}
    drawn = {name: (("chain", "draw"), values) for name, values in variables.items()}
    for name, effects in (("mean_rate", [np.log(2), 0.0]), ("dropout_mean", [-1.0, 0.0])):
        drawn[f"{name}_by_industry"] = (("chain", "draw", "industry"), np.broadcast_to(effects, (*shape, 2)))
        drawn[f"{name}_sd_industry"] = (("chain", "draw"), np.full(shape, 0.5))
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(drawn, coords=coords)})
    number = {"industry": {"Energy": 2, "Retail": 2}}
    pooling = {"model": "bg_nbd", "by": ["industry"], "covariates": {}, "scales": {}, "customers": number}
    tree.attrs = {"model": "bg_nbd", "time_unit": "week", "pooling": json.dumps(pooling)}
    table = frame().assign(industry=lambda rows: rows["industry"].fillna("Retail"))
    some = lb.Customers.from_summary(table, **WEEK, currency="USD")
    return lb.lifetime_value(some, lb.RepeatPurchases(lb.FittedPurchases(tree), fits()[1]), **TERMS)


def growing():
    """Subscribers of two lengths with prices that grow by themselves, by industry, and the prices of all rise.

    A health score by date moves the churn of the monthly ones; of some nothing is known of the first year.
    """
    rng, rows = np.random.default_rng(9), []
    for number in range(NUMBER):
        term, industry = ("month", "year")[number % 2], ("Energy", "Retail", "Public")[number % 3]
        changed = ("2024-02-01", "2024-01-01")[number % 2]
        factor = np.exp(0.3 * rng.standard_normal()) if rng.random() < 0.4 else 1.0
        first = round(float(rng.lognormal(3, 0.5)), 2)
        rows.append((f"C{number:03d}", "2023-01-01", changed, first, term, industry))
        rows.append((f"C{number:03d}", changed, None, round(first * factor, 2), term, industry))
    records = pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price", "term", "industry"])
    renewals = lb.summarize_renewals(records, period="term", as_of=AS_OF, currency="USD")
    growth = lb.Expansion(pool_by="industry").fit(renewals, draws=25, chains=2, random_seed=1)
    churn = {
        length: lb.FittedRenewals.from_draws(around(k, alpha=1.5, beta=9.0))
        for k, length in enumerate(("month", "year"))
    }
    scores = {
        "date": np.where(rng.random(NUMBER) < 0.5, "2022-12-15", "2023-12-15"),
        "health": rng.normal(60, 10, NUMBER),
    }
    scored = renewals.with_covariates(pd.DataFrame({"customer_id": [f"C{k:03d}" for k in range(NUMBER)], **scores}))
    churn["month"] = by_health(churn["month"])
    stream = lb.Subscription(churn, scored, growth=growth, price_changes={"2025-01-01": 0.03})
    everybody = lb.all_customers(
        renewals, attributes=records.drop_duplicates("customer_id")[["customer_id", "industry"]]
    )
    return lb.lifetime_value(everybody, stream, **TERMS)


EVERY = (plain, by_id, calendar, judged, opinions, hybrid, growing, pooled)
KINDS = {one.__name__: functools.cache(one) for one in EVERY}
