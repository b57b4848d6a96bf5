"""Compare two commits: the same results of the public API, from fixed seeds, to the last digit.

In a checkout of each commit write its results, then hold one file to the other::

    PYTHONPATH=CHECKOUT python battery.py before.json
    PYTHONPATH=OTHER python battery.py after.json
    python battery.py --compare before.json after.json

``--only PATTERN`` computes the results whose names hold the regular expression. All take two minutes on a core.

Of numbers a checksum of their bytes is kept, and some of them in hexadecimal, so that a difference can be measured.
Words (how objects present themselves, sentences, messages) are kept apart: where they differ it is said, and does not
count. What raises is kept as its error, and the rest goes on. ``--compare`` exits with 1 if any number differs, is
missing or is new. Columns that were only renamed are recognised by their content.

To adapt it: what a commit calls by another name goes into NAMES or KEYWORDS, columns that hold words into WORDS.
"""

import argparse
import hashlib
import inspect
import json
import logging
import os
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import ltv_bayes as lb

OF_JUDGEMENT = [
    "share",
    "with_and_without",
    "sensitivity",
    "tornado",
    "power_scaling",
    "conflicts",
    "opinions",
    "audit",
]
# What is asked for, and the other names it may have; "lb.name" is a function of the package that takes the object.
NAMES = {f"judgement.{name}": (name, f"judgement_{name}", f"lb.{name}") for name in OF_JUDGEMENT}
KEYWORDS = {"rope": "equivalent_within", "rope_share": "equivalent_share", "customers": "clients"}
GIVEN = {"random_seed": 3, "progressbar": False, "ci_prob": 0.8}  # wherever they are understood and not said
WORDS = {"sentence", "reason", "note", "caution"}  # columns of words
FEW = 24

Makes = dict[str, Callable[[], Any]]
RESULTS: Makes = {}


class Raised(str):
    """The error in place of an answer."""


def result(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register a function as the result of this name."""

    def register(function: Callable[[], Any]) -> Callable[[], Any]:
        if name in RESULTS:
            raise ValueError(f"There are two results {name!r}.")
        RESULTS[name] = function
        return function

    return register


def results(of: str, made: Makes, asked: Callable[[Any], Any]) -> None:
    """Register what is asked of each of several objects."""
    for name, make in made.items():
        result(f"{of}: {name}")(lambda make=make: asked(make()))


def call(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Call with keywords as this commit names them, and with what is given to all."""
    known = inspect.signature(function).parameters
    named = {name if name in known else KEYWORDS.get(name, name): value for name, value in keywords.items()}
    return function(*args, **{name: value for name, value in GIVEN.items() if name in known} | named)


def ask(of: Any, name: str, *args: Any, **keywords: Any) -> Any:
    """Ask an object by the first name that it knows; what is no function is returned as it is."""
    for known in (name, *NAMES.get(name, ())):
        found, about = (lb, (of,)) if known.startswith("lb.") else (of, ())
        for part in known.removeprefix("lb.").split("."):
            found = getattr(found, part, RESULTS)
        if found is not RESULTS:
            return call(found, *about, *args, **keywords) if callable(found) else found
    raise AttributeError(f"{type(of).__name__} knows neither {name!r} nor another name of it.")


def answers(of: Any, names: str = "", /, **more: tuple[Any, ...]) -> dict[str, Any]:
    """Ask for several names; or, under a label, for a name with arguments, of which the last may be keywords."""
    found: dict[str, Any] = {}
    for label, (name, *args) in {**{name: (name,) for name in names.split()}, **more}.items():
        keywords = args.pop() if args and isinstance(args[-1], dict) else {}
        try:
            found[label] = ask(of, name, *args, **keywords)
        except Exception as error:
            found[label] = Raised(f"{type(error).__name__}: {error}")
    return found


def said_of(function: Callable[..., Any], *args: Any, **keywords: Any) -> str:
    """What is warned of, and what is said instead of an answer."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call(function, *args, **keywords)
            refused = []
        except lb.LtvBayesError as error:
            refused = [f"{type(error).__name__}: {error}"]
    return "\n".join([f"{type(one.message).__name__}: {one.message}" for one in caught] + refused)


# --- data ---

AS_OF = "2025-12-31"
ONE = "C0004"
COLUMNS = {"customer": "client", "date": "closed_on", "amount": "value"}
project = cache(lambda: lb.samples.simulate_project_business(120, as_of=AS_OF, random_seed=7))
pipeline = cache(lambda: lb.samples.simulate_pipeline(150, random_seed=4))
channels = cache(lambda: lb.samples.simulate_channels(random_seed=1))
office = cache(lambda: lb.samples.simulate_office_equipment(250, random_seed=1))
judges = cache(lambda: lb.samples.simulate_judges(40, random_seed=2))
orders = cache(lambda: lb.read_transactions(project().orders, **COLUMNS, currency="EUR"))
customers = cache(lambda: monthly(orders(), attributes=attributes()))
music = cache(lambda: lb.samples.cdnow_orders().table.query("customer_id <= 400").reset_index(drop=True))
shop_orders = cache(lambda: lb.read_transactions(music()))
shop = cache(lambda: lb.summarize(shop_orders(), time_unit="week", as_of="1997-09-30"))
cohort = cache(lambda: lb.Renewals.from_cohort_table([1000, 869, 743, 653, 593, 551, 517, 491]))


def monthly(log: Any, **given: Any) -> Any:
    return lb.summarize(log, **{"time_unit": "month", "as_of": AS_OF, **given})


@cache
def attributes() -> pd.DataFrame:
    rng, table = np.random.default_rng(11), project().clients
    return table.assign(employees=rng.lognormal(4, 1, len(table)).round() + 1, kept=rng.uniform(0.2, 0.5, len(table)))


@cache
def renewals() -> Any:
    records = office().subscriptions
    records = records.assign(plan=np.random.default_rng(12).choice(["basic", "pro", "team"], len(records)))
    names = {"customer": "client", "start": "started_on", "period": "contract"}
    return lb.summarize_renewals(records, **names, as_of=AS_OF, currency="CNY")


@cache
def lines() -> dict[str, Any]:
    """The office business as streams need it; of "buying" and "serviced" observation ends when the relation does."""
    names = {"customer": "client", "date": "ordered_on", "stream": "product_line"}
    log = lb.read_transactions(office().orders, **names, currency="CNY")
    found = {"consumables": lb.summarize(log.stream("consumables"), as_of=AS_OF)}
    found["service"] = lb.summarize(log.stream("service"), since=office().installations, as_of=AS_OF)
    everybody = lb.all_customers(renewals(), *found.values(), log, attributes=office().clients)
    buying, serviced = (one.observed_until(renewals().ended()) for one in found.values())
    return {"log": log, "everybody": everybody, "buying": buying, "serviced": serviced, **found}


# --- fits ---

MODELS: dict[str, tuple[str, dict[str, Any], Callable[[], Any]]] = {
    "bg_nbd": ("BGNBD", {}, customers),
    "mbg_nbd": ("MBGNBD", {}, customers),
    "bg_cnbd": ("BGCNBD", {"k": 2}, customers),
    "mbg_cnbd": ("MBGCNBD", {"k": 3}, customers),
    "nbd": ("NBD", {}, customers),
    "gamma_gamma": ("GammaGamma", {}, customers),
    "renewals": ("ShiftedBetaGeometric", {}, cohort),
    "pooled bg_nbd": ("BGNBD", {"pool_by": "industry"}, customers),
    "pooled bg_nbd by two": ("BGNBD", {"pool_by": ["industry", "region"]}, customers),
    "pooled bg_nbd covariate": ("BGNBD", {"covariates": {"mean_rate": ["employees"]}}, customers),
    "pooled mbg_nbd": ("MBGNBD", {"pool_by": "industry", "covariates": "employees"}, customers),
    "pooled bg_cnbd": ("BGCNBD", {"k": 2, "pool_by": "region"}, customers),
    "pooled mbg_cnbd": ("MBGCNBD", {"k": 2, "pool_by": "region"}, customers),
    "pooled nbd": ("NBD", {"pool_by": ["industry", "region"]}, customers),
    "pooled gamma_gamma": ("GammaGamma", {"pool_by": "industry"}, customers),
    "pooled gamma_gamma by two": ("GammaGamma", {"pool_by": ["industry", "region"], "covariates": "kept"}, customers),
    "pooled renewals": ("ShiftedBetaGeometric", {"pool_by": "plan"}, renewals),
}
SEEN = {"industry": "Energy", "region": "North", "plan": "pro"}
NUTS = {"method": "nuts", "draws": 100, "tune": 200, "chains": 2}
POOLED = {"draws": 60, "tune": 150, "chains": 2}
HOW: dict[str, Any] = {"laplace": {"method": "laplace", "draws": 250}, "nuts": NUTS, "auto": {}, "pooled": POOLED}


def fitted(model: Any, data: Any, how: str = "laplace", **settings: Any) -> Any:
    return call(model.fit, data, **{**HOW[how], **settings})


def unfitted(name: str) -> Any:
    return getattr(lb, MODELS[name][0])(**MODELS[name][1])


@cache
def fit(name: str, how: str = "") -> Any:
    how = how or ("pooled" if name.startswith("pooled") else "laplace")
    return fitted(unfitted(name), MODELS[name][2](), how)


def learned(one: Any) -> dict[str, Any]:
    return {**answers(one, "draws summary converged"), **answers(ask(one, "diagnose"), "ess rhat divergences pareto_k")}


def pooled(name: str) -> dict[str, Any]:
    by, one = MODELS[name][1].get("pool_by", []), fit(name)
    by = [by] if isinstance(by, str) else by
    found = {column: answers(one, s=("segments", {"column": column}), d=("segment_draws", column)) for column in by}
    for what, names in {"seen": SEEN, "unseen": dict.fromkeys(SEEN, "Nowhere")}.items() if by else ():
        found[what] = ask(ask(one, "of_segment", {column: names[column] for column in by}), "summary")
    return {**learned(one), **found}


for name in MODELS:
    if name.startswith("pooled"):
        result(f"fit {name}")(partial(pooled, name))
    else:
        results(f"fit {name}", {how: partial(fit, name, how) for how in ("laplace", "nuts", "auto")}, learned)


@result("fits with other priors")
def _() -> Any:
    import preliz
    import pymc

    prior, wide, churn = lb.Prior, lb.Prior("HalfNormal", sigma=50), lb.Prior("Beta", alpha=2, beta=8)
    spend = {"p": wide, "q": prior("Gamma", alpha=9, beta=2), "v": prior("HalfNormal", sigma=1e6)}
    priors = {
        "names": (lb.BGNBD, {"dropout_mean": churn, "rate_cv": {"family": "HalfNormal", "sigma": 1.0}}),
        "papers": (lb.BGNBD, dict.fromkeys(["r", "alpha", "a", "b"], wide)),
        "papers, spend": (lb.GammaGamma, spend),
        "pymc": (lb.MBGNBD, {"dropout_mean": pymc.Beta.dist(2, 8)}),
        "preliz": (lb.GammaGamma, {"order_cv": preliz.LogNormal(-0.7, 0.5)}),
    }
    found = {name: learned(fitted(model(priors=given), customers())) for name, (model, given) in priors.items()}
    spread = lb.GammaGamma(pool_by="region", priors={"mean_spend_sd": prior("LogNormal", mu=-2, sigma=0.5)})
    found["pooled"] = learned(fitted(spread, customers(), "pooled"))
    return {**found, "renewals": learned(fitted(lb.ShiftedBetaGeometric(priors={"churn_mean": churn}), cohort()))}


@result("priors before the data")
def _() -> Any:
    usual = {name: str(unfitted(name).default_priors(data())) for name, (_, _, data) in MODELS.items()}
    some = ("bg_nbd", "bg_cnbd", "nbd", "gamma_gamma")
    return usual, {name: call(unfitted(name).sample_prior, customers(), draws=100) for name in some}


@result("fit_each")
def _() -> Any:
    spend = call(lb.fit_each, lb.GammaGamma(), customers(), "region", **HOW["laplace"], random_seed=2)
    rates = call(lb.fit_each, lb.BGNBD(), customers(), "industry", **HOW["laplace"], random_seed=2)
    return [{name: learned(one) for name, one in each.items()} for each in (spend, rates)]


@result("fits saved, loaded, thinned, made of draws")
def _() -> Any:
    names = ("bg_cnbd", "gamma_gamma", "renewals", "nbd", "pooled bg_nbd by two", "pooled renewals")
    ones = [fit(name) for name in names]
    again = [lb.load_fit(ask(one, "save", "fit.nc")) for one in ones]
    draws = {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}
    made = ask(lb.FittedPurchases.from_draws(draws, time_unit="week"), "expected_purchases", shop(), "39 weeks")
    return [learned(one) for one in again], [ask(one, "thin", 30, 2).draws for one in again], made


# --- forecasts ---

WHO = object()
REPLICATED = [("posterior_predictive", WHO), ("log_likelihood", WHO)]
OF_PURCHASES = [
    ("probability_alive", WHO),
    ("expected_purchases", WHO, "1 year"),
    ("expected_purchases", WHO, "40 days", {"given_alive": True}),
    ("expected_discounted_purchases", WHO, "3 years", 0.1),
    ("probability_of_purchases", WHO, 0, "12 months"),
    ("probability_of_purchases", WHO, 2, "12 months"),
    ("predict_purchases", WHO, "3 years"),
]
NEW = [("expected_purchases_new_customer", "1 year"), ("predict_purchases_new_customer", "2 years")]
OF_EVENTS = [("expected_events", WHO, "1 year"), ("predict_events", WHO, "3 years")]
DISCOUNTED_EVENTS = [("expected_discounted_events", WHO, "3 years", 0.1), ("expected_events_new_customer", "1 year")]
OF_SPEND = [("expected_spend", WHO), ("predict_spend", WHO)]
OF_CONTRACTS = [("expected_residual_life", WHO, 0.1), ("predict_renewals", WHO, 12)]
OF_RENEWALS = [
    ("survival", range(8, 13)),
    ("survival", [1, 4], {"renewals": 3}),
    ("retention", [0, 1, 3, 7]),
    ("expected_residual_life", [0, 1, 3, 7], 0.1, {"period": "year"}),
]


def forecast(name: str, whose: Callable[[], Any], asked: tuple[Any, ...]) -> Any:
    return answers(fit(name), here=tuple(whose() if one is WHO else one for one in asked))


FORECASTS: dict[str, list[tuple[Any, ...]]] = {
    **dict.fromkeys(["bg_nbd", "mbg_nbd", "bg_cnbd", "mbg_cnbd"], OF_PURCHASES + NEW + REPLICATED),
    **dict.fromkeys(["pooled bg_nbd by two", "pooled bg_nbd covariate", "pooled mbg_nbd"], OF_PURCHASES),
    "nbd": OF_EVENTS + DISCOUNTED_EVENTS + REPLICATED,
    "pooled nbd": OF_EVENTS,
    "gamma_gamma": [*OF_SPEND, ("expected_spend_new_customer",), *REPLICATED],
    "pooled gamma_gamma by two": OF_SPEND,
    "renewals": OF_RENEWALS + OF_CONTRACTS,
    "pooled renewals": OF_CONTRACTS,
}
for name, questions in FORECASTS.items():
    whose = renewals if "renewals" in name else customers
    made = {f"{number} {asked[0]}": partial(forecast, name, whose, asked) for number, asked in enumerate(questions)}
    results(f"forecast {name}", made, lambda found: found)

# --- values ---

TERMS = {"horizon": "3 years", "discount_rate": 0.10, "margin": 0.35}
WORTH = "summary total draws explain notes "
judged = cache(lambda: lb.FutureValuePriors.from_judgements(project().opportunities))
ltv = cache(lambda: value([stream()], judged()))


def stream(purchases: str = "bg_nbd", spend: str = "gamma_gamma", **settings: Any) -> Any:
    return lb.RepeatPurchases(fit(purchases), fit(spend), **settings)


def value(streams: Any = (), future_value: Any = None, of: Any = None, **terms: Any) -> Any:
    return call(lb.lifetime_value, of or customers(), streams, future_value=future_value, **{**TERMS, **terms})


def service(host: str | None) -> Any:
    return lb.TriggeredService(fit("nbd"), fit("gamma_gamma"), customers=customers(), while_alive=host)


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "numbers": lambda of: answers(of, WORTH, hdi=("summary", {"ci_kind": "hdi"}), above=("probability_above", 5e5)),
    "draws": lambda of: answers(of, "components to_datatree"),
    "of a customer": lambda of: answers(of, explain=("explain", ONE), cash=("cash_flow", ONE)),
    "over time": lambda of: answers(of, "cash_flow by_horizon", one=("by_horizon", ONE)),
    "tiers and upside": lambda of: answers(of, "tiers upside", two=("tiers", {"shares": (0.1, 0.9)})),
    "without judgement": lambda of: answers(ask(of, "without_judgement"), WORTH),
}
for name in OF_JUDGEMENT:
    QUESTIONS[name] = lambda of, name=name: answers(of, f"judgement.{name}")
QUESTIONS["judgement otherwise"] = lambda of: answers(
    of,
    one=("judgement.with_and_without", ONE),
    hdi=("judgement.sensitivity", {"ci_kind": "hdi"}),
    median=("judgement.tornado", {"statistic": "median"}),
    loose=("judgement.conflicts", 0.2, 0.5),
)
for name, question in QUESTIONS.items():
    results("value", {name: ltv}, question)

VALUES: Makes = {
    "undiscounted": lambda: value(stream(), horizon="1 year", discount_rate=0.0, margin=1.0),
    "margins of a column, realised": lambda: value(stream(), margin="kept", realised=True),
    "margins by id": lambda: value(stream(), margin=dict.fromkeys(customers().ids, 0.3) | {ONE: 0.5}),
    "draws not kept": lambda: value(stream(), judged(), keep_draws=False),
    "mbg_nbd": lambda: value(stream("mbg_nbd")),
    "bg_cnbd": lambda: value(stream("bg_cnbd")),
    "mbg_cnbd": lambda: value(stream("mbg_cnbd")),
    "nbd": lambda: value(stream("nbd")),
    "fits of other draws": lambda: value(lb.RepeatPurchases(fit("bg_nbd", "nuts"), fit("gamma_gamma", "auto"))),
    "pooled": lambda: value(stream("pooled bg_nbd", "pooled gamma_gamma"), judged()),
    "pooled by two": lambda: value(stream("pooled bg_nbd by two", "pooled gamma_gamma by two")),
    "pooled, covariate": lambda: value(stream("pooled mbg_nbd", "pooled gamma_gamma")),
    "own margin, known alive": lambda: value(stream(margin=0.5, discount_rate=0.05, known_alive=[ONE, "C0001"])),
    "service": lambda: value(service(None)),
    "service that rides": lambda: value([stream(), service("repeat_purchases")]),
    "sales": lambda: value(lb.OneOffSale(office().planned, currency="CNY"), of=lines()["everybody"], margin=0.2),
    "judgements alone": lambda: value((), judged()),
}
results("value of", VALUES, lambda made: answers(made, WORTH))


@result("value at several horizons")
def _() -> Any:
    one = value(stream(), judged(), horizon=["1 year", "18 months", "3 years"])
    early = answers(ask(one, "at", "1 year"), WORTH)
    return answers(one, WORTH + "by_horizon cash_flow", one=("by_horizon", ONE)), early


# --- hybrid values ---


@cache
def office_fits() -> dict[str, Any]:
    plans = {length: renewals().subset(renewals().table["period"] == length) for length in ("month", "quarter", "year")}
    models = {"buying": lb.BGNBD(), "serviced": lb.NBD(), "consumables": lb.GammaGamma(), "service": lb.GammaGamma()}
    renewing = {length: fitted(lb.ShiftedBetaGeometric(), some) for length, some in plans.items()}
    return {"renewing": renewing, **{name: fitted(model, lines()[name]) for name, model in models.items()}}


def hybrid(host: str | None = "subscription", one_life: bool = True, **prices: Any) -> Any:
    fits, rides = office_fits(), {"while_alive": host}
    buying, serviced = (lines()[name] for name in (("buying", "serviced") if host else ("consumables", "service")))
    orders_of = {"customers": buying, "one_life": one_life, "margin": 0.45, **rides}
    streams = [
        lb.Subscription(fits["renewing"], renewals(), margin=0.8, **prices),
        lb.RepeatPurchases(fits["buying"], fits["consumables"], "consumables", **orders_of),
        lb.TriggeredService(fits["serviced"], fits["service"], "service", customers=serviced, **rides),
        lb.OneOffSale(office().planned, "equipment", margin=0.2, **rides),
    ]
    return value(streams, of=lines()["everybody"], horizon=["1 year", "3 years"], realised=host is None)


HYBRIDS: Makes = {
    "one lifetime": cache(hybrid),
    "each by itself, realised": lambda: hybrid(None),
    "may stop buying": lambda: hybrid(one_life=False),
    "prices rise": lambda: hybrid(price_changes=0.03),
    "prices by date": lambda: hybrid(price_changes={"2026-07-01": 0.05}),
}
results("hybrid", HYBRIDS, lambda made: answers(made, WORTH + "components by_horizon cash_flow"))
result("hybrid fits")(lambda: {str(n): learned(f) for n, f in office_fits().items() if n != "renewing"})
result("hybrid fits of renewals")(lambda: {str(n): learned(f) for n, f in office_fits()["renewing"].items()})
result("hybrid by channel")(lambda: answers(ask(HYBRIDS["one lifetime"](), "by", "channel"), "summary compare best"))

# --- segments, and whom to act on ---

BY: Makes = {
    "industry": cache(lambda: ask(ltv(), "by", "industry")),
    "both": cache(lambda: ask(ltv(), "by", ["industry", "region"])),
    "mapping": cache(lambda: ask(ltv(), "by", customers().table["account_manager"] > "L")),
    "weighted, pooled": cache(lambda: ask(VALUES["pooled"](), "by", "industry", weight="revenue")),
}


def compared(by: Any) -> Any:
    asked = {"rope": ("compare", {"rope": 5e4}), "share": ("compare", {"rope_share": 0.1}), "top": ("best", {"top": 2})}
    for question in ("draws", "compare", "rank", "best"):
        asked |= {f"{question} {measure}": (question, measure) for measure in ask(by, "measures")}
    return answers(by, "summary customers", **asked)


results("by", BY, compared)


@result("by two columns, within one")
def _() -> Any:
    asked = {question: (question, {"within": "industry"}) for question in ("compare", "rank", "best")}
    return answers(BY["both"](), **asked, region=("best", {"within": "region"}))


@result("comparison of any draws")
def _() -> Any:
    churn = np.random.default_rng(1).beta([20, 26, 60], [180, 174, 340], size=(4, 500, 3))
    draws = xr.DataArray(churn, dims=("chain", "draw", "plan"), coords={"plan": ["Basic", "Team", "Trial"]})
    less = {"lower_is_better": True}
    asked = {"best": ("best", draws, {"top": 1, **less}), "best of two": ("best", draws, {"top": 2})}
    asked |= {"rank": ("rank", draws), "lowest": ("rank", draws, less), "rope": ("compare", draws, {"rope": 0.02})}
    asked |= {"churn": ("compare", draws, {"measure": "churn", **less})}
    asked |= {"share": ("compare", draws, {"rope_share": 0.1})}
    return answers(lb, **asked)


slipping = cache(lambda: call(lb.slipping_away, ltv(), orders(), since="2025-06-30", least_drop=0.05))
DAYS = ["2024-12-31", "2025-06-30", AS_OF]
MONTHLY = {"by": "industry", "time_unit": "month", **TERMS}
BOTH = cache(lambda: {"purchases": fit("bg_nbd"), "spend": fit("gamma_gamma")})
trend = cache(lambda: call(lb.value_over_time, orders(), DAYS, attributes=attributes(), **MONTHLY, **BOTH()))


@result("slipping away")
def _() -> Any:
    other = call(lb.slipping_away, ltv(), monthly(orders(), as_of="2025-03-31"), least_drop=0.2, least_alive=0.0)
    return [answers(one, "summary sentence total facts gone at_stake") for one in (slipping(), other)]


@result("value over time")
def _() -> Any:
    refitted = call(lb.value_over_time, orders(), DAYS[1:], horizon="1 year", time_unit="month", draws=250)
    return [answers(one, "summary draws", total=("draws", "total")) for one in (trend(), refitted)]


# --- judgements ---

SAID = pd.DataFrame(
    [
        {"customer_id": "C0001", "probability": "60%", "low": 2e5, "high": 5e5, "expert": "Chen"},
        {"customer_id": "C0002", "probability": "3 of 10", "q25": 2e5, "q50": 2.5e5, "q75": 4e5, "family": "gamma"},
        {"customer_id": "C0003", "cases": 3, "of": 8, "mean": 3e5, "sd": 1e5, "expected_on": "2027-03-31"},
        {"customer_id": ONE, "stage": "negotiation", "low": 2e5, "likely": 2.5e5, "high": 5e5, "family": "pert"},
        {"customer_id": ONE, "probability_low": 0.2, "probability_high": 0.6, "low": 1e5, "high": 9e5, "interval": 0.5}
        | {"opportunity": "plant", "expected_on": "2026-Q3", "expert": "Wang"},
        {"customer_id": "C0010", "stage": "proposal", "low": 1e5, "likely": 3e5, "high": 6e5, "expert": "Wang"},
    ]
)
STAGES = {"proposal": 0.4, "negotiation": (6, 10)}
JUDGEMENTS = " ".join(f"judgement.{name}" for name in OF_JUDGEMENT if name != "opinions")


def said(frame: Any = SAID, **given: Any) -> Any:
    return lb.FutureValuePriors.from_judgements(frame, **{"stages": STAGES, "relation": "additional", **given})


@result("judgements of all kinds")
def _() -> Any:
    own = {"customer_id": "客户", "probability": "把握", "low": "下限", "high": "上限"}
    frame = pd.DataFrame({"客户": ["C0001", "C0002"], "把握": [0.4, 0.7], "下限": [20, 35.5], "上限": [50, 90]})
    given = {"columns": own, "amount_unit": "万元", "interval": 0.9}
    levels = [ask(said(), "amount_quantiles", level) for level in (0.05, 0.5, 0.99)]
    words = "\n".join(ask(said(), "in_words", "EUR"))
    others = [said(frame, **given, family=family).table for family in ("gamma", "pert")]
    return answers(said(), "table summary audit fit_table relations"), levels, words, others


@result("judgements written, read, chosen, combined")
def _() -> Any:
    paths = [ask(said(), "write", name) for name in ("said.csv", "said.xlsx")]
    form = pd.read_excel(lb.judgement_template("form.xlsx", customers()), sheet_name=None, engine="calamine")
    chosen = ask(said(), "subset", said().table["customer_id"] != ONE)
    both = lb.combine_judgements(chosen, said(SAID.iloc[3:4].assign(opportunity="works")))
    tables = [*(said(path).table for path in paths), lb.read_table(paths[0]), both.table]
    return tables, answers(value((), both), WORTH), form[next(iter(form))]


book = cache(lambda: monthly(pipeline().transactions()))
book_stream = cache(lambda: lb.RepeatPurchases(fitted(lb.BGNBD(), book()), fitted(lb.GammaGamma(), book())))
known = cache(lambda: lb.VisibleShare.known(0.6, within="6 months"))
counted = cache(lambda: lb.VisibleShare.from_counts(60, of=100, within="6 months"))
JUDGED: Makes = {
    "additional": lambda: said(pipeline().opportunities),
    "visible share": lambda: said(pipeline().opportunities, relation="visible_share", visible=known()),
    "visible share, counted": lambda: said(pipeline().opportunities, relation="visible_share", visible=counted()),
    "opinions, pooled": lambda: said(pipeline().opinions, relation="same_total"),
    "opinions, as evidence": lambda: said(pipeline().opinions, relation="same_total", opinion_weight=None),
    "opinions, little weight": lambda: said(pipeline().opinions, relation="same_total", opinion_weight=0.2),
    "no sign of life": lambda: said(pipeline().opportunities, shows_life=False),
    "some sign of life": lambda: said(pipeline().opportunities, shows_life=5),
    "sure sign of life": lambda: said(pipeline().opportunities, shows_life=np.inf),
    "relation changed": lambda: JUDGED["additional"]().with_relation("visible_share", visible=known()),
}


def pipeline_value(name: str) -> Any:
    return value(book_stream(), JUDGED[name](), of=book(), horizon=["1 year", "2 years"], margin=0.5)


PIPELINES: Makes = {name: cache(partial(pipeline_value, name)) for name in JUDGED}
results("judged", PIPELINES, lambda made: answers(made, WORTH + "judgement.opinions judgement.audit judgement.share"))
result("judged: what hangs on visible share")(lambda: answers(PIPELINES["visible share, counted"](), JUDGEMENTS))
result("judged: shared luck")(lambda: answers(value(stream(), said(shared={"expert": 0.4})), WORTH + JUDGEMENTS))
EXPERTS = ["Unbiased", "Optimistic", "Overconfident"]
calibration = cache(lambda: call(lb.calibrate_judgements, judges().history, draws=150, tune=300, chains=2))


@result("calibration")
def _() -> Any:
    again = lb.Calibration.load(ask(calibration(), "save", "calibration.nc"))
    asked = {"amounts": ("rank", "amounts"), "curve": ("curve", EXPERTS[1]), "weights": ("weights", EXPERTS)}
    return [answers(one, "summary hit_rate rank", **asked) for one in (calibration(), again)]


@result("calibration applied")
def _() -> Any:
    table = project().opportunities
    better = calibration().recalibrate(said(table.assign(expert=np.resize(EXPERTS, len(table)))))
    return answers(value(stream(), better), WORTH + JUDGEMENTS)


@result("judgements pooled")
def _() -> Any:
    frame = pd.DataFrame({"expert": EXPERTS, "probability": [0.5, 0.8, 0.9], "low": [3e5, 6e5, 5e5]})
    frame = frame.assign(high=[9e5, 15e5, 6e5], customer_id=ONE, opportunity="plant", relation="additional")
    ways = [{}, {"correlation": 0.5}, {"method": "linear"}, {"weights": dict(zip(EXPERTS, (2, 1, 1), strict=True))}]
    ways += [{"weights": calibration(), "correlation": 0.5}, {"weights": calibration(), "method": "linear"}]
    found = [call(lb.pool_judgements, frame, **way) for way in ways]
    return [(one.table, ask(one, "summary"), value(stream(), one).total()) for one in found]


@result("scorecards")
def _() -> Any:
    names = ["industry_standing", "growth_potential", "relationship"]
    rows = [(ONE, "Chen", 5, 5, 4), (ONE, "Okafor", 5, 4, 4), ("C0010", "Chen", 5, 5, None), ("C0013", "Chen", 2, 4, 5)]
    ratings = pd.DataFrame([*rows, ("C0013", "Wang", 4, 1, 1)], columns=["customer_id", "rater", *names])
    rng = np.random.default_rng(1)
    past = pd.DataFrame(rng.integers(1, 6, (150, 3)), columns=names)
    score = (past - 1) / 4 @ [0.1, 0.3, 0.6]
    past["won"] = past["came"] = (rng.random(150) < 0.05 + 0.55 * score).astype(int)
    past["relative_amount"] = (0.8 * 2**score * np.exp(0.4 * rng.standard_normal(150))).where(past["came"] == 1)
    past_fit, given = call(lb.fit_scorecard, past), {"spend": fit("gamma_gamma"), "customers": customers()}
    other = {"weights": {names[1]: 1, names[2]: 3}, "probability": (0.2, 0.5), "multiplier": (1, 2), "spread": 0.3}
    cards = [lb.scorecard(ratings, **given, **more) for more in ({}, other, {"learned": past_fit})]
    return learned(past_fit), [(one.table, value(stream(), one).total()) for one in cards]


# --- new customers, and whether models hold ---


@cache
def new_value() -> Any:
    who = monthly(channels().transactions(), attributes=channels().clients)
    fits = (fitted(model(pool_by="channel"), who, "pooled") for model in (lb.BGNBD, lb.GammaGamma))
    return call(lb.new_customer_value, *fits, **TERMS)


@result("new customer value")
def _() -> Any:
    plain, spend = partial(call, lb.new_customer_value, horizon="2 years", discount_rate=0.1), fit("gamma_gamma")
    made = [new_value(), new_value().of(["Partners", "Radio"]), plain(fit("mbg_nbd"), spend, first_order=False)]
    made += [plain(fit("bg_nbd"), spend, first_order=1e5), plain(fit("bg_cnbd"), spend), plain(fit("nbd"), spend)]
    made += [plain(fit("renewals"), price=100, period="year")]
    return [answers(one, "draws summary predict summary_of_one") for one in made]


acquired = cache(lambda: call(lb.acquisition, new_value(), channels().costs))


@result("acquisition")
def _() -> Any:
    costs, given = {"Search ads": 900, "Radio": 2_000}, {"payback_within": "6 months", "unseen": "population"}
    stated = call(lb.acquisition, new_value(), costs, threshold=4, **given)
    names = "summary sentences cac ltv ratio payback notes "
    return answers(acquired(), names + "budget by_period", b=("budget", 10_000)), answers(stated, names)


PAST = {"as_of": "1997-09-30", "horizon": "39 weeks", "draws": 250, "progressbar": False}
backtested = cache(lambda: call(lb.backtest, shop_orders(), **PAST))


@result("backtest")
def _() -> Any:
    given = {"purchases": lb.MBGNBD(), "time_unit": "month", "draws": 250, "progressbar": False}
    other = call(lb.backtest, orders(), as_of="2023-12-31", horizon="23 months", **given)
    names = "summary by_frequency coverage coverage_by_frequency tracking pit pit_p_value actual"
    names += " predicted_purchases predicted_spend"
    return [answers(one, names) for one in (backtested(), other)]


three = cache(lambda: [fit("bg_nbd"), fit("gamma_gamma"), fit("nbd")])
checked = cache(lambda: call(lb.check, customers(), *three(), orders=orders()))


@result("check")
def _() -> Any:
    shops = call(lb.check, shop(), fitted(lb.BGCNBD(k=2), shop()), orders=shop_orders())
    plans = call(lb.check, renewals(), fit("pooled renewals"))
    return [answers(one, "table findings remarks passed") for one in (checked(), shops, plans)]


once = cache(lambda: call(lb.check_one_time, customers(), fit("bg_nbd"), fit("mbg_nbd"), spend=fit("gamma_gamma")))
rhythm = cache(lambda: call(lb.check_regularity, orders()))


@result("check of one-time customers and of rhythm")
def _() -> Any:
    alone = call(lb.check_one_time, shop(), draws=250, progressbar=False)
    names = "k low high gaps typical_gap whole_k silence sentence"
    shops = call(lb.check_regularity, shop_orders(), as_of="1997-09-30")
    of_once = [answers(one, "table by_age difference error misleads sentence") for one in (once(), alone)]
    return of_once, answers(rhythm(), names, whose=("of_customers", customers())), answers(shops, names)


# --- data in and out, samples, formulas ---

EXPORT = """客户,成交日期,金额（万元）
云帆,2023年3月5日,12.5
云帆,2024/1/18,"1,080.00"
云帆,2024-01-18,-30
东海,2024-09-02 14:30,￥95.2
东海,,40
长风,2024年11月20日,待定
"""


@result("orders read")
def _() -> Any:
    import polars

    table = project().orders
    table.to_csv("orders.csv", index=False)
    table.to_csv("orders.tsv", index=False, sep="\t", encoding="utf-16")
    table.to_parquet("orders.parquet")
    lb.write_table(table, "orders.xlsx")
    sources = ["orders.csv", "orders.tsv", "orders.parquet", "orders.xlsx", polars.DataFrame(table)]
    Path("export.csv").write_bytes(EXPORT.encode("gbk"))
    own = {"customer": "客户", "date": "成交日期", "amount": "金额（万元）", "amount_unit": "万元"}
    mended = lb.read_transactions("export.csv", **own, currency="CNY", bad_rows="drop")
    few = [lb.read_transactions(source, **COLUMNS).table for source in sources]
    return few, answers(mended, "table dropped dropped_by_reason"), lines()["log"].streams


@result("orders summarised")
def _() -> Any:
    table = pd.DataFrame({"id": [7, 8], "x": [2, 0], "t_x": [30.43, 0.0], "T": [38.86, 38.86], "m": [22.35, None]})
    names = {"customer_id": "id", "frequency": "x", "recency": "t_x", "monetary_value": "m"}
    changed = customers().in_time_unit("year").observed_until({ONE: "2025-12-01"}).subset([ONE, "C0001"])
    made = [customers(), shop(), changed, lb.summarize(orders(), time_unit="quarter")]
    made += [lb.Customers.from_summary(table, time_unit="week", as_of="1997-09-30", **names)]
    made += [lb.summarize(shop_orders(), as_of="1997-09-30", zero_orders="drop", returns="ignore")]
    made += [lines()[name] for name in ("consumables", "service", "serviced")]
    return [answers(one, "table dropped overview typical_order") for one in made], lines()["everybody"].table


@result("orders and customers in files")
def _() -> Any:
    orders().table[["customer_id", "date", "amount"]].to_parquet("log.parquet", index=False)
    log = lb.scan_transactions("log.parquet", currency="EUR", memory_limit="1GB")
    large = lb.summarize(log, time_unit="month", as_of="2025-10-31", to="customers.parquet")
    again = lb.Customers.scan(ask(customers(), "save", "saved.parquet"))
    batches = [len(batch) for batch in large.batches(50)]
    found = answers(value(stream(), judged(), of=again), WORTH), learned(fitted(lb.BGNBD(), large))
    return answers(large, "table dropped dropped_by_reason overview"), batches, again.table, found


@result("renewals")
def _() -> Any:
    dates = {"start": ["2023-10-31", "2024-01-15"], "last_paid": ["2024-04-02", "2024-05-16"]}
    given = {"cancelled_on": None, "renewed_on": "last_paid", "grace": "20 days", "price": None, "as_of": "2024-06-28"}
    recorded = lb.summarize_renewals(pd.DataFrame({"customer_id": ["Gus", "Hal"], **dates}), **given)
    found = [answers(one, "table ended") for one in (recorded, renewals())]
    return found, ask(ask(renewals(), "active"), "table"), cohort().table


@result("values in files")
def _() -> Any:
    import duckdb

    paths = [ask(ltv(), "write_summary", "values.parquet"), ask(ltv(), "write_draws", "draws.parquet")]
    ask(ltv(), "write_draws", "draws.zarr")
    tables = [lb.read_table(lb.write_table(ask(ltv(), "summary"), name)) for name in ("table.csv", "table.xlsx")]
    rows = duckdb.sql("SELECT * FROM 'draws.parquet' ORDER BY ALL").df()
    with xr.open_datatree("draws.zarr", engine="zarr") as tree:
        arrays = tree["lifetime_value"].to_dataset().load()
    return pd.read_parquet(paths[0]), rows, arrays, tables


SAMPLES = {
    "project business": (project, "orders clients opportunities truth future_orders"),
    "pipeline": (pipeline, "orders opportunities opinions future_orders true_value"),
    "channels": (channels, "orders clients costs"),
    "office equipment": (office, "orders subscriptions installations planned clients future lifetimes"),
    "judges": (judges, "history truth"),
}
for name, (made, names) in SAMPLES.items():
    result(f"simulated {name}")(lambda made=made, names=names: answers(made(), names))
result("simulated channels, the truth")(lambda: channels().truth(**TERMS))
result("simulated office equipment, the truth")(lambda: office().true_value("3 years", discount_rate=0.1))


@result("point formulas")
def _() -> Any:
    deals = {"average_deal": 5e5, "average_deal_sd": 4e4, "customers": 40, "deals": 120, "future_value": 8e5}
    fees = {"arpa": 1000, "arpa_sd": 20, "margin": 0.8, "subscribers": 500, "churned": 10}
    costs = {"product_sale": 2e4, "consumables": [3000] * 5, "discount_rate": 0.1, "subscribers": 400, "churned": 60}
    drawn = call(lb.project_ltv, **deals, future_value_interval=(4e5, 16e5)), call(lb.subscription_ltv, **fees)
    one = lb.project_ltv(average_deal=500_000, average_deals=3, future_value=800_000)
    two = lb.subscription_ltv(arpa=1000, margin=0.8, churn=0.02)
    three = lb.hybrid_ltv(product_sale=100, consumables=[11, 12.1], subscription=[11], discount_rate=0.10)
    return [one, two, three], drawn, call(lb.hybrid_ltv, **costs)


# --- words ---

SHOWN: Makes = {
    **{"orders": orders, "customers": customers, "renewals": renewals, "trend": trend, "slipping away": slipping},
    **{"value": ltv, "judgements": said, "calibration": calibration, "new customer": new_value, "acquired": acquired},
    **{"backtest": backtested, "check": checked, "one-time": once, "rhythm": rhythm, "segments": BY["both"]},
    **{f"sample of {name}": made for name, (made, _) in SAMPLES.items()},
    **{f"fit {name}": partial(fit, name) for name in MODELS},
    **{f"judged, {name}": PIPELINES[name] for name in ("opinions, pooled", "visible share, counted")},
    "lines": lambda: lines()["log"],
    "hybrid": HYBRIDS["one lifetime"],
    "model": lambda: lb.BGCNBD(k=2, pool_by="industry", priors={"dropout_mean": lb.Prior("Beta", alpha=2, beta=8)}),
    "diagnosis": lambda: ask(fit("bg_nbd", "nuts"), "diagnose"),
    "amount": lambda: lb.AmountBelief.from_mean(3e5, 1e5),
    "chance": lambda: lb.ChanceBelief.from_cases(3, of=10),
    "visible share": counted,
}
results("words", SHOWN, lambda one: {"text": repr(one), "page": getattr(one, "_repr_html_", lambda: "none")()})


@result("words: tables")
def _() -> Any:
    tables = [ask(ltv(), "summary").head(), ask(BY["industry"](), "compare"), ask(ltv(), "explain", ONE)]
    return [lb.readable(table, "EUR").to_string() for table in tables]


@result("words: refusals and warnings")
def _() -> Any:
    faulty = pd.DataFrame({"client": ["Ada", None, "Bo"], "day": ["2025-01-07", "soon", "03/04/2025"], "value": 1})
    read = partial(said_of, lb.read_transactions, faulty, customer="client", date="day")
    wide = lb.BGNBD(priors={"dropout_mean": lb.Prior("Normal", mu=0.2, sigma=0.2)})
    misspelt = lb.BGNBD(priors={"dropout_men": lb.Prior("Beta", alpha=2, beta=8)})
    found = [read(amount="value"), read(amount="valeu"), said_of(wide.build, customers())]
    found += [said_of(misspelt.build, customers()), said_of(said, SAID.iloc[:1].assign(low=9e5))]
    found += [said_of(said, SAID.assign(probability=60)), said_of(ask, ltv(), "by", "industri")]
    found += [said_of(value, stream(), horizon="3 parsecs"), said_of(value, stream(), horizon="90 years")]
    found += [said_of(value, stream(), said(SAID.iloc[:1].assign(customer_id="C9999")))]
    found += [said_of(value, stream(), said(SAID.iloc[:1], relation=None))]
    found += [said_of(lb.acquisition, new_value(), {"Partner": 1_200})]
    return [*found, said_of(fitted, lb.BGNBD(pool_by="region"), customers(), "pooled", draws=20, tune=20)]


# --- storing ---


def leaves(found: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays, lists of labels and texts that a result is made of, each with its place."""
    if isinstance(found, xr.DataTree):
        found = {node.path: node.to_dataset(inherit=False) for node in found.subtree}
    elif isinstance(found, xr.Dataset):
        found = {str(name): found[name] for name in found.data_vars}
    elif isinstance(found, xr.DataArray):
        labels = {str(name): coordinates.to_numpy() for name, coordinates in found.coords.items()}
        found = {"values": found.to_numpy(), "dims": np.array([str(name) for name in found.dims]), **labels}
    elif isinstance(found, pd.DataFrame):
        words = {name: "\n".join(map(str, column)) for name, column in found.items() if name in WORDS}
        found = {"index": found.index, **{str(name): column.array for name, column in found.items()}, **words}
    elif isinstance(found, pd.Series):
        found = {"index": found.index, "values": "\n".join(found) if found.name in WORDS else found.array}
    elif is_dataclass(found):
        found = {one.name: getattr(found, one.name) for one in fields(found)}
    elif isinstance(found, list | tuple | range):
        found = dict(enumerate(found))
    if isinstance(found, Mapping):
        for name, one in found.items():
            yield from leaves(one, f"{at}/{name}")
    elif isinstance(found, np.ndarray | pd.api.extensions.ExtensionArray | pd.Index | bool | int | float | np.generic):
        yield at, stored(found)
    else:
        yield at, found if isinstance(found, str) else str(found)


def stored(found: Any) -> dict[str, Any]:
    """Numbers, or a list of labels where there is anything else, as they are kept."""
    cells = pd.Series(found if isinstance(found, pd.api.extensions.ExtensionArray) else np.ravel(found))
    if not (cells.dtype.kind in "biuf" or all(isinstance(one, int | float) or pd.isna(one) is True for one in cells)):
        labels = ["" if pd.isna(one) is True else str(one) for one in cells]
        digest = hashlib.sha256("\x1f".join(labels).encode()).hexdigest()
        return {"kind": "labels", "shape": [len(labels)], "sha256": digest, "some": labels[:5]}
    flat = cells.to_numpy(float, na_value=np.nan, copy=True)
    flat[np.isnan(flat)] = np.nan  # there is more than one way to write it
    places = np.unique(np.linspace(0, flat.size - 1, FEW).astype(int)) if flat.size else ()
    figures = {str(place): float(flat[place]).hex() for place in places}
    known = flat[~np.isnan(flat)]
    if known.size > FEW:
        figures |= {name: float(getattr(known, name)()).hex() for name in ("sum", "min", "max")}
    kind, digest = getattr(found, "dtype", type(found)), hashlib.sha256(flat.tobytes()).hexdigest()
    return {"kind": str(kind), "shape": list(np.shape(found)), "sha256": digest, "figures": figures}


def compute(pattern: str) -> dict[str, Any]:
    """Compute results; numbers and words are kept apart."""
    here, kept = os.getcwd(), {"package": str(Path(lb.__file__).parent), "results": {}, "texts": {}}
    for number, (name, function) in enumerate(RESULTS.items(), 1):
        if not re.search(pattern, name):
            continue
        begun, results, texts = time.perf_counter(), {}, {}
        try:
            found = list(leaves(function()))
        except Exception as error:
            found = [("all", Raised(f"{type(error).__name__}: {error}"))]
        for at, leaf in found:
            if isinstance(leaf, Raised):
                results[at] = {"error": leaf.replace(here, "FOLDER")}
                print(f"      raises: {at} {leaf}")
            elif isinstance(leaf, str):
                texts[at] = leaf.replace(here, "FOLDER")
            else:
                results[at] = leaf
        kept["results"] |= {name: dict(sorted(results.items()))} if results else {}
        kept["texts"] |= {name: dict(sorted(texts.items()))} if texts else {}
        took = f"{time.perf_counter() - begun:6.2f} s"
        print(f"{number:>3} {took}  {name}: {len(results)} of numbers, {len(texts)} of words", flush=True)
    return kept


# --- comparing ---


def distance(one: dict[str, Any], other: dict[str, Any]) -> tuple[float, str]:
    """How far two arrays are apart, relative to the larger number, and in words."""
    for what in ("error", "kind", "shape", "some"):
        if one.get(what) != other.get(what):
            return np.inf, f"{what} {one.get(what)} against {other.get(what)}"
    far = 0.0
    for name, figure in one.get("figures", {}).items():
        a, b = float.fromhex(figure), float.fromhex(other["figures"].get(name, "nan"))
        if a != b and not (np.isnan(a) and np.isnan(b)):
            far = max(far, abs(a - b) / max(abs(a), abs(b)) if np.isfinite([a, b]).all() else np.inf)
    return far, f"relative difference {far:.3g}" if far else "what is kept in full is equal, other bytes differ"


def differences(one: dict[str, Any], other: dict[str, Any]) -> tuple[bool, str]:
    """Whether the numbers of a result are the same, and what is to be said of them."""
    gone, new = [at for at in one if at not in other], [at for at in other if at not in one]
    renamed = {}
    for at in gone:
        same = [to for to in new if to not in renamed.values() and other[to] == one[at] and "error" not in one[at]]
        renamed |= {at: same[0]} if same else {}
    told = [f"renamed {at} -> {to}" for at, to in renamed.items()]
    told += [f"missing {at}" for at in gone if at not in renamed]
    told += [f"new {at}" for at in new if at not in renamed.values()]
    apart = {at: distance(one[at], other[at]) for at in one if at in other and one[at] != other[at]}
    if apart:
        worst = max(apart, key=lambda at: apart[at][0])
        told.append(f"{len(apart)} of {len(one)} differ, most {worst}: {apart[worst][1]}")
    same = len(told) == len(renamed)
    told += [f"raises in both {at}: {one[at]['error']}" for at in one if same and "error" in one[at]]
    return same, "; ".join(told)


def compare(before: Path, after: Path) -> int:
    """Print what two files have in common; 1 if numbers differ."""
    one, other = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    off = worded = 0
    for name in {**one["results"], **other["results"]}:
        if name in one["results"] and name in other["results"]:
            same, told = differences(one["results"][name], other["results"][name])
        else:
            same, told = False, f"missing in {after if name in one['results'] else before}"
        off += not same
        print(f"{'identical' if same else 'DIFFERENT'}  {name}{': ' if told else ''}{told}")
    for name in {**one["texts"], **other["texts"]}:
        a, b = (each["texts"].get(name, {}) for each in (one, other))
        for at in (at for at in {**a, **b} if a.get(at) != b.get(at)):
            worded += 1
            x, y = a.get(at, ""), b.get(at, "")
            parts = next((n for n, (c, d) in enumerate(zip(x, y, strict=False)) if c != d), min(len(x), len(y)))
            x, y = (text[max(0, parts - 20) : parts + 60] for text in (x, y))
            print(f"words differ  {name} {at}: {x!r} against {y!r}")
    print(f"{before}: {len(one['results'])} results of {one['package']}")
    print(f"{after}: {len(other['results'])} results of {other['package']}")
    print(f"{off} results differ or are missing; {worded} texts differ")
    return int(off > 0)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, help="the JSON file to write")
    parser.add_argument("--only", default="", metavar="PATTERN", help="results whose names hold this")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="two files to compare")
    given = parser.parse_args()
    if given.compare:
        return compare(*given.compare)
    if given.out is None:
        parser.error("name a file to write, or two to --compare")
    out, begun = given.out.resolve(), time.perf_counter()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = compute(given.only)
        os.chdir(out.parent)
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    print(f"{len(found['results'])} results of {found['package']} in {time.perf_counter() - begun:.0f} s: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
