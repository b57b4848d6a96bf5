"""A simulated project business valued, with opportunities that its account managers judge."""

from typing import Any

import pandas as pd

import ltv_bayes as lb
from ltv_bayes import samples
from ltv_bayes.demo.forecast import beside_truth
from ltv_bayes.reporting.files import Results
from ltv_bayes.terminal import say, show
from ltv_bayes.time_units import DAYS_PER_YEAR

DISCOUNT_RATE, MARGIN = 0.10, 0.35


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
    say(f"\n{ltv}\n{HOW_TO_READ_SOURCES}")
    foreseen = ltv.components["repeat_purchases"].sum("customer_id", skipna=False).to_numpy().ravel()
    happened = beside_truth(true_repeat_value(business), foreseen, ltv.currency)
    say(f"The business is simulated, so its future is known: repeat deals yield {happened}.")
    by = ltv.by("industry")
    report_clients(results, ltv)
    report_industries(results, by)
    whole = lb.report(ltv, by=by, title="A simulated project business")
    results.file("project_report.html", "all of this as a page for those who decide", whole.to_html)
    results.file("project_report.xlsx", "the same as a workbook", whole.to_excel)


HOW_TO_READ_SOURCES = (
    "realised: revenue so far; repeat purchases: foreseen from each client's history; judged: opportunities, with\n"
    "the probability and the amounts that its account manager stated."
)


def true_repeat_value(business: samples.ProjectBusiness) -> float:
    """The value of the repeat deals in the simulated future, discounted, after margin."""
    deals = business.future_orders
    years = (deals["closed_on"] - pd.Timestamp(business.as_of)).dt.days / DAYS_PER_YEAR
    return float((MARGIN * deals["value"] * (1 + DISCOUNT_RATE) ** -years).sum())


def report_clients(results: Results, ltv: lb.LifetimeValue) -> None:
    """Show and write the clients worth most, and the sources of the value of one of them."""
    ranked = ltv.ranked()
    table = ltv.summary().loc[ranked.index]
    show(
        ranked.head(10),
        title=f"The clients worth most for what is still to come, {ltv.currency}",
        currency=ltv.currency,
    )
    say(HOW_TO_READ_CLIENTS)
    judged = table.index[table["judged_share"] > 0][0]
    explained = ltv.explain(judged)
    show(explained, title=f"The sources of the value of {judged}, {ltv.currency}", currency=ltv.currency)
    results.table(table, "project_lifetime_value.csv", "value of each client, with its interval")
    results.picture(lb.plot_lifetime_value(ltv), "project_lifetime_value.png", "the clients worth most")
    results.picture(lb.plot_waterfall(explained), "project_waterfall.png", f"the sources of the value of {judged}")


HOW_TO_READ_CLIENTS = (
    "What is realised does not count for the order. What really comes lies inside the interval with its\n"
    "probability. A mean above its interval belongs to a client who has probably left, but would be worth much if not."
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
