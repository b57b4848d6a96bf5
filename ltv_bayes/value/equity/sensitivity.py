"""How much customer equity changes with churn, growth, margin, and the cost and number of customers won."""

from dataclasses import replace
from typing import Any

import pandas as pd
import xarray as xr

from ltv_bayes.errors import UnitError
from ltv_bayes.formulas.models.parameterization import naming
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import FittedModel, k_of
from ltv_bayes.streams.order_stream import OrderStream
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.subscription import Subscription
from ltv_bayes.time_units import as_number
from ltv_bayes.value.acquisition.new_customer_terms import NewCustomerTerms
from ltv_bayes.value.draws.results import Results
from ltv_bayes.value.draws.valuation import JUDGED, Valuation
from ltv_bayes.value.equity.cohorts import newcomers_of, planned_value
from ltv_bayes.value.equity.parts import PLANNED, PORTFOLIO, TOTAL, Parts, to_come

CHURN, GROWTH, MARGIN, COST, WON = "churn", "growth", "margin", "cost_of_winning", "customers_won"
USUAL_GROWTH = 0.01
LEAVING = {"churn_mean": ("alpha", "beta"), "dropout_mean": ("a", "b")}
"""Chances of leaving, and the shapes of the beta distributions with these means."""


def tornado(parts: Parts, share: float, growth: float | None) -> pd.DataFrame:
    """Each factor up and down, one at a time, on the same random numbers; see `CustomerEquity.sensitivity`."""
    share, growth = _shares(parts, share, growth)
    means, cost = parts.means, parts.cost
    revenue, planned = means[PORTFOLIO] + means[PLANNED], means[PLANNED]
    changed = {
        CHURN: (share, [_with_churn(parts, odds) for odds in (1 / (1 + share), 1 + share)]),
        GROWTH: (growth, [_growing(parts, step) for step in (-growth, growth)] if growth else 2 * [means[TOTAL]]),
        MARGIN: (share, [revenue * (1 + step) - cost for step in (-share, share)]),
        COST: (share, [revenue - cost * (1 + step) for step in (-share, share)]),
        WON: (share, [means[TOTAL] + step * (planned - cost) for step in (-share, share)]),
    }
    rows = [
        {"factor": name, "change": step, "at_low": found[0], "at_high": found[1], "swing": abs(found[1] - found[0])}
        for name, (step, found) in changed.items()
    ]
    table = pd.DataFrame(rows).sort_values("swing", ascending=False, kind="stable", ignore_index=True)
    return parts.value.described(table.set_index("factor"), total=means[TOTAL])


def _shares(parts: Parts, share: float, growth: float | None) -> tuple[float, float]:
    share = as_number(share, "share")
    if not 0 < share < 1:
        raise UnitError(_("share must lie between 0 and 1, not {share:g}: 0.1 changes a factor by 10%.", share=share))
    own = [stream.discount_rate for stream in parts.value.valuation.streams if stream.discount_rate is not None]
    most = min([parts.value.valuation.terms.discount_rate, *own])
    step = min(USUAL_GROWTH, most) if growth is None else as_number(growth, "growth")
    if not 0 <= step <= most and growth is not None:
        raise UnitError(
            _(
                "growth must lie between 0 and the discount rate, {most:g}, not {step:g}: it is a share a year, 0.01 "
                "for one point.",
                most=most,
                step=step,
            )
        )
    return share, step


def _with_churn(parts: Parts, odds: float) -> float:
    """Equity where the odds of leaving are multiplied, in all fits."""
    streams = tuple(_changed_stream(stream, odds) for stream in parts.value.valuation.streams)
    terms = {name: _changed_terms(one, odds) for name, one in parts.terms.items()}
    planned = planned_value(parts.plan, terms, parts.segments, newcomers_of(terms, parts.segments), parts.seed)
    return _portfolio(parts, replace(parts.value.valuation, streams=streams)) + _net(parts, planned.expected_by_row)


def _growing(parts: Parts, growth: float) -> float:
    """Equity where money of streams grows by a share a year more; judged amounts are left as they are.

    Money that grows by g a year and is discounted at d is worth what it would be worth without growth at a rate of
    (1 + d) / (1 + g) - 1, whenever it is paid.
    """
    valuation = parts.value.valuation
    streams = tuple(
        one if one.discount_rate is None else _replaced(one, discount_rate=_less(one.discount_rate, growth))
        for one in valuation.streams
    )
    terms = valuation.terms.discounted_at(_less(valuation.terms.discount_rate, growth))
    planned = planned_value(parts.plan, parts.terms, parts.segments, parts.newcomers, parts.seed, growth=growth)
    return _portfolio(parts, replace(valuation, streams=streams, terms=terms)) + _net(parts, planned.expected_by_row)


def _portfolio(parts: Parts, valuation: Valuation) -> float:
    """Mean of the portfolio with changed streams, and judgements as they are."""
    changed = replace(parts.value, results=Results(valuation)).means()
    kept = {name: mean for name, mean in parts.value.means().items() if name == JUDGED}
    return float(sum(to_come({**changed, **kept}).values()))


def _net(parts: Parts, expected: Array) -> float:
    return float(expected.sum()) - parts.cost


def _less(rate: float, growth: float) -> float:
    return max(0.0, (1 + rate) / (1 + growth) - 1)


def _replaced(stream: Any, **changes: Any) -> Any:
    return replace(stream, **changes)


def _changed_stream(stream: Any, odds: float) -> Any:
    if isinstance(stream, Subscription):
        fits = stream.fit.items() if not isinstance(stream.fit, FittedModel) else None
        changed = {name: with_odds_of_leaving(fit, odds) for name, fit in fits} if fits else None
        return _replaced(stream, fit=changed or with_odds_of_leaving(stream.fit, odds))
    if isinstance(stream, RepeatPurchases) and isinstance(stream, OrderStream):
        return _replaced(stream, purchases=with_odds_of_leaving(stream.purchases, odds))
    return stream


def _changed_terms(terms: NewCustomerTerms, odds: float) -> NewCustomerTerms:
    return replace(terms, model=with_odds_of_leaving(terms.model, odds))


def with_odds_of_leaving(fit: Any, odds: float) -> Any:
    """A fit in which the odds of leaving are multiplied, for all customers and all draws.

    Customers differ in it as much as before: the concentration of their beta distribution stays.

    Examples
    --------
    >>> from ltv_bayes.predictions.renewals import FittedRenewals
    >>> fit = FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[3.0]]})
    >>> {name: float(values[0, 0]) for name, values in with_odds_of_leaving(fit, 3.0).draws.items()}
    {'alpha': 2.0, 'beta': 2.0}
    """
    links = naming(fit.model, k_of(fit)).links
    drawn = fit.idata["posterior"].to_dataset()
    changed: dict[str, xr.DataArray] = {}
    for name, (left, right) in LEAVING.items():
        if name in links:
            whole = drawn[left] + drawn[right]
            mean = _multiplied(drawn[left] / whole, odds)
            changed |= {left: mean * whole, right: (1 - mean) * whole}
            changed |= {name: _multiplied(drawn[name], odds)} if name in drawn else {}
    if "first_dropout" in links:
        changed["first_dropout"] = _multiplied(drawn["first_dropout"], odds)
    if not changed:
        return fit
    tree = xr.DataTree.from_dict({"posterior": drawn.assign(changed)})
    tree.attrs.update(fit.idata.attrs)
    return type(fit)(tree)


def _multiplied(chance: xr.DataArray, odds: float) -> xr.DataArray:
    return chance * odds / (1 + chance * (odds - 1))
