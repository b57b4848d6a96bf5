"""What is asked of customers whose table was read: a fit, forecasts, values, segments."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import ltv_bayes as lb
from tests.fuzz import tables
from tests.fuzz.holds import assert_finite, assert_shown, in_words

FIT = {"draws": 50, "chains": 2, "progressbar": False, "random_seed": 1}
MISSING = (
    "monetary_value",
    "spend_frequency",
    "first_value",
    "total_value",
    "spend_age",
    "row",
    "amount",
    "size",
    "industry",
)
"""Columns of customers and orders that are missing where there is no such thing."""


def posterior(**means):
    rng = np.random.default_rng(1)
    return {name: mean * np.exp(0.1 * rng.standard_normal((2, 25))) for name, mean in means.items()}


PURCHASES = lb.FittedPurchases.from_draws(posterior(r=0.25, alpha=4.4, a=0.8, b=2.4), time_unit="week")
SPEND = lb.FittedSpend.from_draws(posterior(p=6.25, q=3.75, v=150))
RENEWED = lb.FittedRenewals.from_draws(posterior(alpha=0.7, beta=4.1))


def some(draw, *choices):
    return draw(st.sampled_from(choices))


def mostly(draw, usual, *odd):
    """What is usual, and once in a while something odd."""
    return draw(tables.rarely(st.sampled_from(odd), st.just(usual), 12))


NOT_STATED = ("likely", "stated_", "used_")


def judgements_of(draw, customers=None):
    """A sheet of judgements, in some of the ways in which they can be stated."""
    rows = draw(st.sampled_from([0, 1, 2, 3, 5]))
    known = list(customers.ids) if customers is not None and some(draw, *[True] * 6, False) else None
    people = [draw(st.sampled_from(known)) for _ in range(rows)] if known else draw(tables.ids(rows))
    columns = {"customer_id": people, "opportunity": [f"o{place}" for place in range(rows)]}
    shares = [
        0.5,
        0.2,
        0.9,
        "60%",
        "3 of 10",
        "1/3",
        0,
        1,
        1e-300,
        60,
        "maybe",
        None,
        -0.1,
        np.nan,
        "百分之六十",
        "50 %",
    ]

    def take(choices, usual=4):
        cells = draw(st.lists(st.sampled_from(choices[:usual]), min_size=rows, max_size=rows))
        return tables.faulty(cells, choices, draw)

    columns["probability"] = take(shares)
    plain = some(draw, True, True, False)
    sizes = st.lists(st.integers(1, 10**6), min_size=3, max_size=3, unique=True)
    sorted_money = [sorted(draw(sizes)) for _ in range(rows)]
    way = some(draw, ("low", "high"), ("low", "likely", "high"), ("q25", "q50", "q75"), ("mean", "sd"), ("high", "low"))
    if plain:
        places = [0, 2] if len(way) == 2 and way != ("mean", "sd") else [2, 0] if len(way) == 2 else [0, 1, 2]
        columns |= {
            name: tables.faulty([money[place] for money in sorted_money], tables.ODD_AMOUNTS, draw)
            for name, place in zip(way, places, strict=True)
        }
    else:
        columns |= {name: draw(tables.amounts(rows)) for name in way}
    if some(draw, True, False):
        columns["expected_on"] = draw(tables.dates(rows, blank=True, last=2000))
    if some(draw, True, False, False):
        columns["stated_on"] = draw(tables.dates(rows, blank=True))
    if some(draw, True, False, False):
        columns["expert"] = draw(st.lists(st.sampled_from(tables.TEXTS), min_size=rows, max_size=rows))
    if some(draw, True, False, False):
        columns["relation"] = take(
            ["additional", None, "same_total", "visible_share", "Additional", "?"], some(draw, 2, 3)
        )
    if some(draw, True, False, False):
        columns["family"] = take(["gamma", "pert", "log-normal", None, "normal"], 4)
    if draw(tables.one_in(6)):
        columns["interval"] = take([0.8, "90%", 0.5, None, 1, 0, 0.008, "80"], 4)
    table = draw(tables.kept_as(tables.named(columns)))
    given = {
        "interval": mostly(draw, 0.8, 0.5, 0.008, 1.0, "80%"),
        "family": mostly(draw, some(draw, "log-normal", "gamma", "pert"), "?"),
    }
    given |= {"relation": mostly(draw, some(draw, None, "additional"), "same_total", "visible_share")}
    given |= {"confirmed": some(draw, False, False, False, True)}
    if given["relation"] == "visible_share":
        given["visible"] = lb.VisibleShare.known(0.6, within="1 year")
    if "expert" in columns and some(draw, True, False):
        given["shared"] = {"expert": mostly(draw, 0.2, 0.99, 1.0, -1)}
    with in_words("judgements", table):
        judged = lb.FutureValuePriors.from_judgements(table, **given)
        assert_shown(judged)
        assert_finite(judged.summary(), NOT_STATED)
        assert_finite(judged.audit(), NOT_STATED)
        assert judged.in_words().str.len().min() > 10
    return judged


def fit_and_value(draw, customers):
    """Fit to these customers, or take posteriors of others; forecast and value."""
    purchases, spend = PURCHASES, SPEND
    before = customers.table.copy()
    if some(draw, True, False, False):
        model = some(draw, lb.BGNBD, lb.BGNBD, lb.MBGNBD, lb.NBD, lb.BGCNBD)
        with in_words("fit", before):
            purchases = model(**({"k": 2} if model is lb.BGCNBD else {})).fit(customers, method="laplace", **FIT)
            assert_shown(purchases)
            assert_finite(purchases.summary(), ("ess", "r_hat", "mcse"))
    if some(draw, True, False, False):
        differ = {"pool_by": "industry"} if "industry" in customers.columns and some(draw, True, False) else {}
        differ |= {"covariates": "size"} if "size" in customers.columns and some(draw, True, False) else {}
        with in_words("fit spend", before):
            spend = lb.GammaGamma(**differ).fit(customers, method="laplace", **FIT)
            assert_finite(spend.summary(), ("ess", "r_hat", "mcse"))
    horizon = mostly(draw, some(draw, "1 year", "3 years", ["6 months", "2 years"]), *tables.HORIZONS)
    if hasattr(purchases, "probability_alive"):
        with in_words("forecast", before):
            assert_finite(purchases.probability_alive(customers).rename("probability"))
            if isinstance(horizon, str):
                assert_finite(purchases.expected_purchases(customers, horizon))
                assert_finite(purchases.predict_purchases(customers, horizon, random_seed=1))
    if customers.table.get("monetary_value") is not None and some(draw, True, False):
        with in_words("forecast spend", before):
            assert_finite(spend.expected_spend(customers))
    judged = judgements_of(draw, customers) if draw(tables.one_in(5)) else None
    terms = terms_of(draw) | {"horizon": horizon}
    with in_words("value", before):
        ltv = lb.lifetime_value(customers, lb.RepeatPurchases(purchases, spend), future_value=judged, **terms)
        assert_valued(ltv)
    by_segment(draw, ltv)
    more_questions(draw, ltv)
    assert customers.table.equals(before)


def more_questions(draw, ltv):
    """Of customers and of their value: one of the questions that are asked less often."""
    which = some(draw, *range(12))
    customers = ltv.customers
    ended = draw(tables.dates(len(customers.ids), blank=True)) if which == 0 else None
    with in_words("more questions", customers.table):
        if which == 0:
            assert_finite(customers.observed_until(pd.Series(ended, customers.ids, dtype=object)).table, MISSING)
        elif which == 1:
            assert_finite(customers.in_time_unit(some(draw, "day", "year")).table, MISSING)
            assert_finite(customers.subset(customers.ids[:1]).table, MISSING)
        elif which == 2:
            assert_finite(ltv.upside(), ("realised", "probability_above_realised"))
        elif which == 3:
            assert_finite(
                PURCHASES.next_purchase(customers, some(draw, "4 weeks", "2027-06-01", "1 day")), ("median", "next_due")
            )
            assert_finite(
                PURCHASES.probability_of_purchases(customers, some(draw, 0, 1, 1000), "1 year").rename("probability")
            )
        elif which == 4:
            assert_shown(lb.slipping_away(ltv, ltv))
        elif which in (5, 6):
            with tempfile.TemporaryDirectory() as folder:
                lb.write_table(ltv.summary(), Path(folder) / some(draw, "values.xlsx", "values.csv", "values.parquet"))
                saved = customers.save(Path(folder) / "customers.parquet")
                assert len(lb.Customers.scan(saved).table) == len(customers)
        elif which == 7:
            again = lb.lifetime_value(
                customers, lb.RepeatPurchases(PURCHASES, SPEND), horizon="1 year", keep_draws=False, random_seed=1
            )
            assert_finite(again.summary())
        elif which == 8:
            assert_finite(
                PURCHASES.probability_alive(customers, at=some(draw, "2027-01-01", "1 month", "soon")).rename(
                    "probability"
                )
            )


def terms_of(draw):
    return {
        "discount_rate": mostly(draw, 0.1, *tables.RATES),
        "margin": mostly(draw, 0.35, *tables.MARGINS),
        "random_seed": some(draw, 1, 0, 2**31),
    }


def assert_valued(ltv):
    """Every table of a value."""
    assert_shown(ltv)
    str(ltv)
    assert_finite(ltv.draws)
    assert_finite(ltv.total())
    assert_finite(ltv.summary())
    assert_finite(ltv.probability_above(10.0).rename("probability"))
    assert_finite(ltv.explain())
    assert_finite(ltv.explain(ltv.customers.ids[0]))
    assert_finite(ltv.cash_flow())
    assert_finite(ltv.by_horizon())
    assert_finite(ltv.tiers())


def by_segment(draw, ltv):
    """Segments of a value: summary, pairs, ranks."""
    ids = ltv.customers.ids
    if "industry" in ltv.customers.columns and some(draw, True, True, False):
        column = (
            some(draw, "industry", ["industry"], "size", "nothing") if some(draw, True, False, False) else "industry"
        )
    else:
        column = {customer: draw(st.sampled_from(tables.GROUPS)) for customer in ids}
        column = some(draw, column, pd.Series(column, dtype=object), dict(zip(ids, ids, strict=True)))
    with in_words("by", *[column] * isinstance(column, pd.Series)):
        by = ltv.by(column, weight=mostly(draw, None, "revenue", "frequency", "T", "industry"))
        assert_shown(by)
        for measure in by.measures:
            assert_finite(by.draws(measure))
        assert_finite(by.summary())
        assert_finite(by.compare(), ("ratio",))
        for sentence in by.compare()["sentence"]:
            assert "nan" not in sentence.replace("nan ", "").lower() or "nan" in str(tables.GROUPS), sentence
        assert_finite(by.rank())
        assert_finite(by.best())
