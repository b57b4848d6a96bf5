"""The first lines of a value: its terms, the total, each source."""

import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.intervals import bound_columns, interval_settings
from ltv_bayes.language import _, as_written, both
from ltv_bayes.predictions.clock import clock_period
from ltv_bayes.time_units import UNITS
from ltv_bayes.value.decisions import breakdown
from ltv_bayes.value.draws.valuation import REALISED
from ltv_bayes.value.valued import TOTAL, Valued


def heading(value: Valued) -> str:
    """Whose value it is, on which terms."""
    customers, settings = counted(len(value.customers), "customer"), value.settings
    whole = settings.margin == "100%" and "margin" not in as_written(settings.exceptions)
    kept = _("revenue") if whole else _("margin")
    fits = (fit for stream in value.valuation.streams for fit in stream.fits_by_purpose.values())
    periods = both(_(UNITS[period]) for period in dict.fromkeys(map(clock_period, fits)) if period)
    effects = _("; calendar effects by {periods}", periods=periods) if periods else ""
    return _(
        "Lifetime value of {customers}, in {kept}: {settings}{effects}",
        customers=customers,
        kept=kept,
        settings=settings,
        effects=effects,
    )


def totals(value: Valued) -> list[str]:
    """What is to come, its median and interval first, and the mean of each source; past revenue apart, and after it."""
    whole = breakdown.explain(value, None, interval_settings(None, None))
    to_come = breakdown.explain_to_come(whole)
    sources = [
        _(
            "  {name}: mean {money} ({share})",
            name=label(name),
            money=_money(value, row["mean"]),
            share=percent(row["share"]),
        )
        for name, row in to_come.drop(TOTAL).iterrows()
    ]
    total = _("total: {amounts}", amounts=_amounts(value, whole))
    if REALISED not in whole.index:
        return [total, *sources]
    return [
        _("to come: {amounts}", amounts=_amounts(value, to_come)),
        *sources,
        _("realised so far: {money}", money=_money(value, whole.loc[REALISED, "mean"])),
        total,
    ]


def _amounts(value: Valued, explained: pd.DataFrame) -> str:
    amounts = explained.loc[TOTAL, ["median", *bound_columns(explained), "mean"]]
    median, lower, upper, mean = (_money(value, amount) for amount in amounts)
    return _(
        "median {median}, {interval} {lower} to {upper}, mean {mean}",
        median=median,
        interval=explained.attrs["interval"],
        lower=lower,
        upper=upper,
        mean=mean,
    )


def _money(value: Valued, amount: float) -> str:
    return with_currency(money(amount, value.currency), value.currency)
