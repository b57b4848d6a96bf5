"""The first lines of a value: its terms, the total, each source."""

from ltv_bayes.errors import counted
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.intervals import bound_columns, interval_settings
from ltv_bayes.language import _, as_written, both
from ltv_bayes.predictions.clock import clock_period
from ltv_bayes.time_units import UNITS
from ltv_bayes.value.decisions import breakdown
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
    """The total, its median and interval first, and the mean of each source."""
    whole = breakdown.explain(value, None, interval_settings(None, None))
    amounts = whole.loc[TOTAL, ["median", *bound_columns(whole), "mean"]]
    median, lower, upper, mean = (_money(value, amount) for amount in amounts)
    return [
        _(
            "total: median {median}, {interval} {lower} to {upper}, mean {mean}",
            median=median,
            interval=whole.attrs["interval"],
            lower=lower,
            upper=upper,
            mean=mean,
        ),
        *(
            _(
                "  {name}: mean {money} ({share})",
                name=label(name),
                money=_money(value, row["mean"]),
                share=percent(row["share"]),
            )
            for name, row in whole.drop(TOTAL).iterrows()
        ),
    ]


def _money(value: Valued, amount: float) -> str:
    return with_currency(money(amount, value.currency), value.currency)
