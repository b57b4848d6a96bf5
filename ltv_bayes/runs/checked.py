"""Settings that are wrong whatever the data hold: refused before anything is read."""

import datetime as dt
import warnings
from dataclasses import replace
from typing import Any

from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.judgement.form.pipeline import as_spread
from ltv_bayes.runs.analyses import margin_of_new_customers
from ltv_bayes.runs.inputs import chosen, day_before
from ltv_bayes.runs.kinds import CHOSEN, NOTHING
from ltv_bayes.runs.models import purchase_model, renewal_model, spend_model
from ltv_bayes.runs.settings import Settings
from ltv_bayes.runs.toml import in_section
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import as_date, as_duration, as_time_unit
from ltv_bayes.value.acquisition.costs import AcquisitionCosts
from ltv_bayes.value.equity.plan import AcquisitionPlan

COLUMNS_OF_COSTS = "columns amount_unit decimal sheet encoding"


def check_settings(of: Settings) -> None:
    """Refuse terms, models and days that cannot be, before the orders are read.

    Raises
    ------
    InputError
        If a share is none or a model is not known.
    UnitError
        If a length of time has no unit, or a day cannot be read.
    """
    Terms.read(list(of.value.horizon), of.value.discount_rate, None)
    for margin in (of.value.margin, of.subscriptions.margin):
        if isinstance(margin, int | float):
            as_share(margin, "margin")
    if of.costs.file is not None or of.plan.file is not None:
        margin_of_new_customers(of)
    known = of.purchases if of.purchases.regularity != CHOSEN else replace(of.purchases, regularity=1)
    for name in (None, *of.trust.compare):
        purchase_model(known, None, name=name)
    spend_model(of.spend)
    renewal_model(of.subscriptions)
    as_time_unit(of.customers.time_unit)
    as_spread(of.opportunities.spread)
    as_duration(of.trust.horizon, "backtest_horizon")
    within = of.analyses.renewals_within
    lengths = {
        "payback_within": of.costs.payback_within,
        "visible_within": of.judgements.visible_within,
        "renewals_within": None if within == NOTHING else within,
    }
    for name, length in lengths.items():
        if length is not None:
            as_duration(length, name)
    for name in ("least_drop", "least_alive", "least_not_renewed"):
        as_share(getattr(of.analyses, name), name)
    if of.customers.as_of is not None:
        as_date(of.customers.as_of)
    for name, days in (("earlier_day", of.analyses.over_time), ("origin", of.trust.days)):
        for day in days:
            as_date(day, name)
    day_before(of.analyses.slipping_since, dt.date.today())


def check_costs(of: Settings) -> None:
    """Refuse a table of costs that cannot be read, before anything is fitted.

    Raises
    ------
    InputError, ColumnError
        As `AcquisitionCosts.read`.
    """
    if of.costs.file is None:
        return
    how: dict[str, Any] = chosen(of.costs, COLUMNS_OF_COSTS)
    with in_section("costs"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are told where channels are compared
        AcquisitionCosts.read(of.costs.file, **how)


def channels_of_plan(of: Settings, as_of: Any) -> list[str]:
    """Refuse a plan that cannot be read, before anything is fitted; its channels, none where it has no such column.

    Raises
    ------
    InputError, ColumnError
        As `AcquisitionPlan.read`.
    """
    if of.plan.file is None:
        return []
    how: dict[str, Any] = chosen(of.plan, "columns amount_unit sheet")
    with in_section("plan"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shown where the plan is valued
        return [name for name in AcquisitionPlan.read(of.plan.file, as_of, **how).channels if name]
