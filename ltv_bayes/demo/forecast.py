"""A real shop's forecast compared with what happened."""

from typing import Any

import numpy as np
import pandas as pd

import ltv_bayes as lb
from ltv_bayes import samples
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.intervals import describe_interval, interval, interval_settings
from ltv_bayes.predictions.clock import has_clock
from ltv_bayes.reporting.files import Results
from ltv_bayes.terminal import say, show

CALIBRATION_END = "1997-09-30"
HOLDOUT = "39 weeks"
OWN_LEVEL = 0.9
NEARLY_AS_PROMISED = 0.03
TRACKED = "cumulative repeat purchases, forecast from each first order on"


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
    of_one_origin: Any = lb.backtest(
        orders, as_of=CALIBRATION_END, horizon=HOLDOUT, purchases=purchases, spend=spend, random_seed=random_seed
    )
    test: lb.Backtest = of_one_origin
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
    share, closed = test.coverage(OWN_LEVEL)[["purchases", "purchases_closed"]]
    lines = [_beside_actual(str(name), row, level, test.customers.currency) for name, row in table.iterrows()]
    lines += [
        f"Each customer alone: {percent(share)} bought as often as their own {percent(OWN_LEVEL)} interval says",
        f"(a number on a bound counted in part; {percent(closed)} lie inside the closed interval, which holds more "
        "than it promises).",
    ]
    missed = table.loc["purchases", "actual"] > table.loc["purchases", "predicted"] and not table["inside"].any()
    if missed and abs(share - OWN_LEVEL) <= NEARLY_AS_PROMISED:
        lines.append(MISFIT)
    elif table["inside"].all() and has_clock(test.purchases):
        lines.append(MOVED_TOGETHER)
    return "\n".join(lines)


def _beside_actual(what: str, row: pd.Series, level: str, currency: str | None) -> str:
    """One total beside its forecast."""
    low, high = (row[name] for name in row.index if str(name).endswith(("_lb", "_ub")))
    counted_in = with_currency(label(what), currency) if what == "spend" else label(what)
    inside = "inside" if row["inside"] else "OUTSIDE"
    return (
        f"All customers, {counted_in}: {row['predicted']:,.0f} forecast, {level} {low:,.0f} to {high:,.0f}; "
        f"{row['actual']:,.0f} happened, {inside}."
    )


HOW_TO_READ_CUSTOMERS = (
    "frequency: days with a purchase after the first; recency: weeks from the first purchase to the last;\n"
    "T: weeks from the first purchase to the end; monetary_value: mean worth of the days that frequency counts;\n"
    "spend_age: weeks from those days to the end, on average, weighted by their worth."
)
MISFIT = (
    "So the interval of one customer can be trusted here, that of the sum cannot: each miss is small, but most go the\n"
    "same way and add up. These customers bought more in the second 39 weeks than their first 39 foretold. The misfit\n"
    "is the model's own, not the fitting's: with the published estimates it expects 1,653 purchases."
)
MOVED_TOGETHER = (
    "The interval of the sum is wide: the rate of all customers may move together, as it did here. Customers who are\n"
    "taken as independent of each other (calendar_effects=None) make it a third as wide, and it misses."
)


def beside_truth(happened: float, draws: np.ndarray, currency: str | None) -> str:
    """State whether the interval of the draws holds what happened.

    Examples
    --------
    >>> beside_truth(6_000.0, np.linspace(0, 10_000, 201), "EUR")
    '6k EUR, inside the 89% interval 550 to 9.45k EUR'
    """
    prob, kind = interval_settings(None, None)
    low, high = map(float, interval(draws, prob, kind))
    known, least, most = (money(amount, currency) for amount in (happened, low, high))
    held = f"{'inside' if low <= happened <= high else 'OUTSIDE'} the {describe_interval(prob, kind)} {least} to {most}"
    return f"{with_currency(known, currency)}, {with_currency(held, currency)}"
