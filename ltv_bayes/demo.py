"""The demonstration: a real shop's forecast held to what happened, and a project business valued."""

from pathlib import Path

import ltv_bayes as lb
from ltv_bayes.data import samples
from ltv_bayes.report.console import say, show
from ltv_bayes.report.files import write_csv
from ltv_bayes.report.pictures import save_picture

CALIBRATION_END = "1997-09-30"
HOLDOUT = "39 weeks"


def run_demo(out: Path, *, draws: int = 1000, random_seed: int = 1) -> None:
    """Run both parts and write tables and pictures to a folder."""
    out.mkdir(parents=True, exist_ok=True)
    say(f"Tables and pictures go to {out.resolve()}\n")
    forecast_cdnow(out, draws=draws, random_seed=random_seed)
    value_project_business(out, draws=draws, random_seed=random_seed)
    say(f"\nDone. See {out.resolve()}")


def forecast_cdnow(out: Path, *, draws: int, random_seed: int) -> None:
    """Fit 39 weeks of the CDNOW music shop, forecast the 39 weeks after, compare."""
    say("1. CDNOW: fit until 1997-09-30, forecast the 39 weeks after, compare with what happened\n")
    orders = samples.cdnow_orders()
    customers = lb.summarize(orders, time_unit="week", as_of=CALIBRATION_END)
    say(f"{customers!r}\n")
    purchases = lb.BGNBD().fit(customers, draws=draws, random_seed=random_seed)
    spend = lb.GammaGamma().fit(customers, draws=draws, random_seed=random_seed)
    say(f"{purchases!r}\n\n{spend!r}\n")
    test = lb.backtest(
        orders, as_of=CALIBRATION_END, horizon=HOLDOUT, purchases=purchases, spend=spend, random_seed=random_seed
    )
    say(repr(test))
    show(test.by_frequency(), title="Holdout purchases per customer, by purchases before", money=False)
    prior = lb.BGNBD().sample_prior(customers, draws=1000, random_seed=random_seed)
    write_csv(test.summary(), out / "cdnow_holdout.csv")
    write_csv(test.by_frequency(), out / "cdnow_by_frequency.csv")
    write_csv(test.tracking(), out / "cdnow_tracking.csv")
    write_csv(purchases.summary().rename_axis("parameter"), out / "cdnow_parameters.csv")
    save_picture(lb.plot_tracking(test), out / "cdnow_tracking.png")
    save_picture(lb.plot_calibration(test), out / "cdnow_by_frequency.png")
    save_picture(lb.plot_prior_posterior(purchases, prior), out / "cdnow_prior_posterior.png")


def value_project_business(out: Path, *, draws: int, random_seed: int) -> None:
    """Value a simulated project business with judged opportunities, and compare its industries."""
    say("\n2. A simulated project business: six years of deals, open opportunities judged by account managers\n")
    business = samples.simulate_project_business(random_seed=random_seed)
    customers = lb.summarize(
        business.transactions(), time_unit="month", as_of=business.as_of, attributes=business.clients
    )
    say(f"{business!r}\n\n{customers!r}\n")
    purchases = lb.BGNBD().fit(customers, draws=draws, random_seed=random_seed)
    spend = lb.GammaGamma().fit(customers, draws=draws, random_seed=random_seed)
    judged = lb.FutureValuePriors.from_judgements(business.opportunities)
    ltv = lb.lifetime_value(
        customers,
        [lb.RepeatPurchases(purchases, spend)],
        future_value=judged,
        horizon=f"{business.future_years:g} years",
        discount_rate=0.10,
        margin=0.35,
        realised=True,
        random_seed=random_seed,
        progressbar=True,
    )
    say(f"{ltv!r}\n")
    table = ltv.summary().sort_values("mean", ascending=False)
    show(table.head(10), title="The clients worth most", currency=ltv.currency)
    judged_best = table[table["judged_share"] > 0].index[0]
    show(ltv.explain(judged_best), title=f"Where the value of {judged_best} comes from", currency=ltv.currency)
    by = ltv.by("industry")
    show(by.summary(), title="By industry", currency=ltv.currency)
    show(by.rank(), title="Probability of each rank", money=False)
    for sentence in by.compare()["sentence"]:
        say(sentence)
    write_csv(table, out / "project_lifetime_value.csv")
    write_csv(by.summary(), out / "project_by_industry.csv")
    write_csv(by.compare(), out / "project_industries_compared.csv")
    save_picture(lb.plot_lifetime_value(ltv), out / "project_lifetime_value.png")
    save_picture(lb.plot_segments(by), out / "project_by_industry.png")
    save_picture(lb.plot_waterfall(ltv.explain(judged_best)), out / "project_waterfall.png")
