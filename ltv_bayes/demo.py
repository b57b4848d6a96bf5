"""The demonstration: a real shop's forecast held to what happened, and a project business valued."""

from pathlib import Path
from typing import Any

import pandas as pd

import ltv_bayes as lb
from ltv_bayes.data import samples
from ltv_bayes.errors import FitError
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.intervals import describe_interval, interval, interval_settings
from ltv_bayes.report.console import say, show
from ltv_bayes.report.results import Results
from ltv_bayes.time_units import DAYS_PER_YEAR

CALIBRATION_END = "1997-09-30"
HOLDOUT = "39 weeks"
DISCOUNT_RATE, MARGIN = 0.10, 0.35
OWN_LEVEL = 0.9
TRACKED = "cumulative repeat purchases, forecast from each first order on"


def run_demo(out: Path, *, draws: int = 1000, random_seed: int = 1) -> None:
    """Run both parts and write tables and pictures to a folder."""
    results = Results(out)
    say(f"Two examples, a minute or two. Tables and pictures go to {out.resolve()}\n")
    try:
        forecast_cdnow(results, draws=draws, random_seed=random_seed)
    except FitError as missing:
        say(f"   Left out. {missing}\n")
    value_project_business(results, draws=draws, random_seed=random_seed)
    say(f"\n{results.listing()}")


def forecast_cdnow(results: Results, *, draws: int, random_seed: int) -> None:
    """Fit 39 weeks of the CDNOW music shop, forecast the 39 weeks after, compare."""
    say(f"1. Does a forecast hold? The music shop CDNOW: fitted on orders until {CALIBRATION_END},")
    say(f"   forecast for the {HOLDOUT} after, compared with what happened then.\n")
    orders = samples.cdnow_orders()
    customers = lb.summarize(orders, time_unit="week", as_of=CALIBRATION_END)
    say(f"{customers!r}\n{HOW_TO_READ_CUSTOMERS}\n")
    model = lb.BGNBD()
    purchases = model.fit(customers, draws=draws, random_seed=random_seed)
    spend = lb.GammaGamma().fit(customers, draws=draws, random_seed=random_seed)
    say(f"{purchases!r}\n\n{spend!r}\n")
    test = lb.backtest(
        orders, as_of=CALIBRATION_END, horizon=HOLDOUT, purchases=purchases, spend=spend, random_seed=random_seed
    )
    say(verdict(test))
    show(test.by_frequency(), title=f"Purchases per customer in the {HOLDOUT} after, by frequency", amounts=False)
    prior = model.sample_prior(customers, draws=4 * draws, random_seed=random_seed)
    parameters = purchases.summary().rename_axis("parameter")
    results.table(test.summary(), "cdnow_holdout.csv", "totals of the holdout: actual, predicted, interval")
    results.table(test.by_frequency(), "cdnow_by_frequency.csv", "holdout purchases by past frequency")
    results.table(test.tracking(), "cdnow_tracking.csv", TRACKED)
    results.table(parameters, "cdnow_parameters.csv", "posterior of the purchase model")
    results.picture(lb.plot_tracking(test), "cdnow_tracking.png", TRACKED)
    results.picture(lb.plot_calibration(test), "cdnow_by_frequency.png", "holdout purchases by past frequency")
    results.picture(lb.plot_prior_posterior(purchases, prior), "cdnow_prior_posterior.png", "what the data taught")


def verdict(test: lb.Backtest) -> str:
    """Say in plain words where the forecast held and where it did not."""
    table, level = test.summary(), describe_interval(*interval_settings(None, None))
    share = test.coverage(OWN_LEVEL)["purchases"]
    lines = [_beside_actual(str(name), row, level, test.customers.currency) for name, row in table.iterrows()]
    lines += [
        f"Each customer alone: {percent(share)} bought as often as their own {percent(OWN_LEVEL)} interval says",
        "(counts are whole numbers, so such intervals hold a little more than they promise).",
    ]
    missed = table.loc["purchases", "actual"] > table.loc["purchases", "predicted"] and not table["inside"].any()
    return "\n".join([*lines, MISFIT] if missed and share >= OWN_LEVEL else lines)


def _beside_actual(what: str, row: pd.Series, level: str, currency: str | None) -> str:
    """One total beside its forecast."""
    low, high = (row[name] for name in row.index if str(name).endswith(("_lb", "_ub")))
    counted_in = with_currency(label(what), currency) if what == "spend" else label(what)
    inside = "inside" if row["inside"] else "OUTSIDE"
    return (
        f"All customers, {counted_in}: {row['predicted']:,.0f} forecast, {level} {low:,.0f} to {high:,.0f}; "
        f"{row['actual']:,.0f} came, {inside}."
    )


HOW_TO_READ_CUSTOMERS = (
    "frequency: days with a purchase after the first; recency: weeks from the first purchase to the last;\n"
    "T: weeks from the first purchase to the end; monetary_value: mean worth of the days that frequency counts."
)
MISFIT = (
    "So the interval of one customer can be trusted here, that of the sum cannot: each miss is small, but most go the\n"
    "same way and add up. These customers bought more in the second 39 weeks than their first 39 foretold. The misfit\n"
    "is the model's own, not the fitting's: with the published estimates it expects 1,653 purchases."
)


def value_project_business(results: Results, *, draws: int, random_seed: int) -> None:
    """Value a simulated project business with judged opportunities, and compare its industries."""
    say("\n\n2. What are clients worth? A simulated project business: six years of deals, and open opportunities")
    say("   that account managers have judged.\n")
    business = samples.simulate_project_business(random_seed=random_seed)
    customers = lb.summarize(
        business.transactions(), time_unit="month", as_of=business.as_of, attributes=business.clients
    )
    say(f"{business!r}\n\n{customers!r}\n")
    purchases = lb.BGNBD().fit(customers, draws=draws, random_seed=random_seed)
    spend = lb.GammaGamma().fit(customers, draws=draws, random_seed=random_seed)
    ltv = lb.lifetime_value(
        customers,
        [lb.RepeatPurchases(purchases, spend)],
        future_value=lb.FutureValuePriors.from_judgements(business.opportunities),
        horizon=f"{business.future_years:g} years",
        discount_rate=DISCOUNT_RATE,
        margin=MARGIN,
        realised=True,
        random_seed=random_seed,
        progressbar=True,
    )
    say(f"\n{ltv!r}\n{HOW_TO_READ_SOURCES}\n{beside_truth(ltv, business)}")
    report_clients(results, ltv)
    report_industries(results, ltv.by("industry"))


HOW_TO_READ_SOURCES = (
    "realised: brought so far; repeat purchases: foreseen from each client's history; judged: opportunities, with\n"
    "the probability and the amounts that its account manager stated."
)


def beside_truth(ltv: lb.LifetimeValue, business: samples.ProjectBusiness) -> str:
    """Compare the repeat deals foreseen with those that the simulation knows to come."""
    prob, kind = interval_settings(None, None)
    deals = business.future_orders
    years = (deals["closed_on"] - pd.Timestamp(business.as_of)).dt.days / DAYS_PER_YEAR
    came = float((MARGIN * deals["value"] * (1 + DISCOUNT_RATE) ** -years).sum())
    draws = ltv.book()["repeat_purchases"]
    low, high = map(float, interval(draws, prob, kind))
    foreseen, known = " to ".join(money(amount, ltv.currency) for amount in (low, high)), money(came, ltv.currency)
    inside = "inside" if low <= came <= high else "OUTSIDE"
    return (
        f"The business is simulated, so its future is known: repeat deals bring {known}, {inside} the "
        f"{describe_interval(prob, kind)} {foreseen}."
    )


def report_clients(results: Results, ltv: lb.LifetimeValue) -> None:
    """Show and write the clients worth most, and where the value of one of them comes from."""
    table = ltv.summary().sort_values("mean", ascending=False)
    show(table.head(10), title=f"The clients worth most, {ltv.currency}", currency=ltv.currency)
    say(HOW_TO_READ_CLIENTS)
    judged = table.index[table["judged_share"] > 0][0]
    explained = ltv.explain(judged)
    show(explained, title=f"Where the value of {judged} comes from, {ltv.currency}", currency=ltv.currency)
    results.table(table, "project_lifetime_value.csv", "value of each client, with its interval")
    results.picture(lb.plot_lifetime_value(ltv), "project_lifetime_value.png", "the clients worth most")
    results.picture(lb.plot_waterfall(explained), "project_waterfall.png", f"where the value of {judged} comes from")


HOW_TO_READ_CLIENTS = (
    "What a client will really bring lies inside the interval with its probability. A mean above its interval belongs\n"
    "to a client who has probably left, but would bring much if not."
)


def report_industries(results: Results, by: Any) -> None:
    """Show and write what the industries are worth and how they compare."""
    compared = by.compare()
    show(by.summary(), title=f"By industry, {by.currency}", currency=by.currency)
    show(by.rank(), title="Probability of each rank, 1 for the industry worth most per client", amounts=False)
    say()
    for sentence in compared["sentence"].head(len(by.customers) - 1):
        say(sentence)
    results.table(by.summary(), "project_by_industry.csv", "value of each industry")
    results.table(compared, "project_industries_compared.csv", "each pair of industries: difference and probability")
    results.picture(lb.plot_segments(by), "project_by_industry.png", "value per client of each industry")
