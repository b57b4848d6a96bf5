"""What stands beside the value of a run: channels, customers to be won, earlier days, and whether forecasts held."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import ColumnError, InputError, suggestion
from ltv_bayes.evaluation.rolling.run import backtest
from ltv_bayes.evaluation.value_over_time import ValueOverTime, value_over_time
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import pooling_of
from ltv_bayes.runs.inputs import chosen
from ltv_bayes.runs.models import Models
from ltv_bayes.runs.settings import Settings
from ltv_bayes.runs.toml import in_section
from ltv_bayes.value.acquisition.acquisition import Acquisition, acquisition
from ltv_bayes.value.acquisition.new_customers import NewCustomerValue, new_customer_value
from ltv_bayes.value.equity.customer_equity import CustomerEquity, customer_equity
from ltv_bayes.value.lifetime_value import LifetimeValue

CHANNELS = ("channel", "渠道", "来源", "lead_source", "Lead Source")
"""Columns that are taken for the channel where none is named."""


def next_buyer(
    of: Settings, buyers: Customers, models: Models, purchases: Any, spend: Any, *, by_channel: bool
) -> NewCustomerValue:
    """What the next customer who orders is worth, by models pooled by channel where customers have one.

    Parameters
    ----------
    of : Settings
        With costs or a plan.
    buyers : Customers
        Those who ordered.
    models : Models
        Fitted anew, pooled by channel, unless the fits are pooled so, or were saved.
    purchases, spend : fitted models
        The run's fits.
    by_channel : bool
        Whether channels are asked for.

    Raises
    ------
    ColumnError
        If customers have no such column.
    InputError
        If the margin is a column: new customers have none.
    """
    terms, margin = of.value, margin_of_new_customers(of)
    channel = _channel(of.costs.channel, [str(name) for name in buyers.columns]) if by_channel else None
    if channel is not None and of.sampling.fits is None:
        if channel not in of.purchases.pool_by:
            purchases = models.purchases(pool_by=(channel,)).fit(buyers, **models.sampling)
        if channel not in of.spend.pool_by:
            spend = models.spend(pool_by=(channel,)).fit(buyers, **models.sampling)
    pooled = [pooling for pooling in map(pooling_of, (purchases, spend)) if pooling is not None]
    return new_customer_value(
        purchases,
        spend,
        horizon=terms.horizon[-1],
        discount_rate=terms.discount_rate,
        margin=margin,
        by=channel if any(channel in pooling.by for pooling in pooled) else None,
        random_seed=of.sampling.seed,
    )


def compare_channels(of: Settings, value: NewCustomerValue) -> Acquisition:
    """Channels by their costs.

    Parameters
    ----------
    of : Settings
        With a file of costs.
    value : NewCustomerValue
        What the next customer is worth.
    """
    names = "threshold payback_within least_clients unseen columns amount_unit decimal sheet encoding"
    with in_section("costs"):
        return acquisition(value, of.costs.file, random_seed=of.sampling.seed, **chosen(of.costs, names))


def with_the_planned(of: Settings, ltv: LifetimeValue, value: NewCustomerValue) -> CustomerEquity:
    """Customers of today and those that the plan is to win.

    Parameters
    ----------
    of : Settings
        With a file of a plan.
    ltv : LifetimeValue
        The customers of today.
    value : NewCustomerValue
        What the next customer is worth.
    """
    with in_section("plan"):
        how = chosen(of.plan, "columns amount_unit sheet")
        return customer_equity(ltv, of.plan.file, value, random_seed=of.sampling.seed, **how)


def margin_of_new_customers(of: Settings) -> float:
    """The margin of those who are won.

    Raises
    ------
    InputError
        If it is a column: new customers have none.
    """
    margin = of.value.margin
    if not isinstance(margin, int | float):
        raise InputError(_("A new customer has no margin in a column yet. With costs or a plan, give it as a number."))
    return margin


def _channel(given: str | None, columns: list[str]) -> str | None:
    if given is not None and given not in columns:
        known = suggestion(given, columns)
        raise ColumnError(_("The customers have no column {name!r}. {known}", name=given, known=known))
    return given or next((name for name in CHANNELS if name in columns), None)


def hold_to_the_past(
    of: Settings,
    orders: Transactions,
    models: Models,
    segments: Sequence[Sequence[str]],
    attributes: Any,
    folder: Path | None,
    **days: Any,
) -> Any:
    """Backtest of one model, or of several that are compared, by the first of the segmentations.

    Parameters
    ----------
    of : Settings
    orders : Transactions
        Up to the as-of date.
    models : Models
    segments : sequence
        Columns of each segmentation.
    attributes : path or frame, optional
    folder : path, optional
        Where origins are kept.
    **days
        ``as_of=`` or ``origins=`` of `backtest`.
    """
    several = {type(one).__name__: one for one in map(models.purchases, (None, *of.trust.compare))}
    compared = {"models": several} if len(several) > 1 else {"purchases": next(iter(several.values()))}
    return backtest(
        orders,
        **days,
        **compared,
        spend=models.spend(),
        horizon=of.trust.horizon,
        attributes=attributes,
        by=_first(segments),
        observed_until=of.customers.as_of,
        folder=folder,
        **_fitting(of),
    )


def value_earlier(
    of: Settings, orders: Transactions, as_of: Any, models: Models, segments: Sequence[Sequence[str]], attributes: Any
) -> ValueOverTime:
    """The value on earlier days beside the as-of date, with models fitted anew on each."""
    return value_over_time(
        orders,
        [*of.analyses.over_time, as_of],
        horizon=of.value.horizon[-1],
        by=_first(segments),
        attributes=attributes,
        purchases=models.purchases(),
        spend=models.spend(),
        discount_rate=of.value.discount_rate,
        margin=of.value.margin,
        **_fitting(of),
    )


def _first(segments: Sequence[Sequence[str]]) -> list[str] | None:
    return list(segments[0]) if segments else None


def _fitting(of: Settings) -> dict[str, Any]:
    given = of.sampling
    terms = {"time_unit": of.customers.time_unit, "random_seed": given.seed}
    return terms | {"draws": given.draws, "chains": given.chains, "method": given.method}
