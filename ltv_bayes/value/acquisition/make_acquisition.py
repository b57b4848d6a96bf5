"""From values of new clients and costs by channel to their comparison: what was given is checked first."""

import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ltv_bayes.data.reading.amounts import SAME_CURRENCY, warn_of_other_unit
from ltv_bayes.errors import DataWarning, InputError, UnitError, a_kind, listed, rows_at_fault, suggestion
from ltv_bayes.formatting import money
from ltv_bayes.random_streams import as_seed
from ltv_bayes.value.acquisition.acquisition import Acquisition
from ltv_bayes.value.acquisition.costs import AcquisitionCosts
from ltv_bayes.value.acquisition.new_customers import NewCustomerValue
from ltv_bayes.value.acquisition.targets import Yardstick

FAR_SCALE = 500.0
Unseen = Literal["refuse", "population"]


def acquisition(
    value: NewCustomerValue,
    costs: Any,
    *,
    threshold: float = 3.0,
    payback_within: Any = None,
    least_clients: int = 5,
    unseen: Unseen = "refuse",
    columns: Mapping[str, str] | None = None,
    amount_unit: float | str | None = None,
    decimal: str = ".",
    sheet: str | int | None = None,
    encoding: str | None = None,
    random_seed: int | None = None,
) -> Acquisition:
    """Compare what new clients are worth with what they cost to win, by channel.

    Parameters
    ----------
    value : NewCustomerValue
        What `new_customer_value` returned; of fits pooled by channel, or of plain ones.
    costs : mapping, path or frame
        Channel to its cost per client, which counts as known; or a table with ``channel`` and either
        ``cost_per_client`` or ``spend`` and ``clients_won``, a row for each ``period`` if there are several. Where
        clients are counted, the cost per client is uncertain: few clients, wide interval.
    threshold : float
        How many times its cost a client should be worth.
    payback_within : str or Duration, optional
        When the cost should be back; 12 months, or the horizon where that is shorter, if not given.
    least_clients : int
        With fewer clients won, a channel has not enough data, unless it surely loses money.
    unseen : {"refuse", "population"}
        What to do about a channel with costs whose clients the fit has not seen: refuse it, or draw the value of its
        clients from the distribution of channels.
    columns : mapping, optional
        The user's own names of columns, by ours: ``{"channel": "渠道", "spend": "费用", "clients_won": "新客户"}``.
    amount_unit : float or str, optional
        What 1 in columns of money is worth, as in 1000 or ``"万元"``.
    decimal, sheet, encoding
        How the table is written, as in `read_transactions`.
    random_seed : int, optional
        Seed of the draws of costs per client.

    Returns
    -------
    Acquisition

    Raises
    ------
    ColumnError
        If a column is missing.
    InputError
        If rows have no channel, a negative cost or the same channel and period, a channel has no cost above 0, or the
        fit has not seen it; the message names the rows.

    Warns
    -----
    DataWarning
        If costs and values can hardly be counted in one unit, or a row looks like a sum of the others.

    Examples
    --------
    >>> from ltv_bayes.predictions.purchases import FittedPurchases
    >>> from ltv_bayes.predictions.spend import FittedSpend
    >>> from ltv_bayes.value.acquisition.new_customers import new_customer_value
    >>> purchases = FittedPurchases.from_draws(
    ...     {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}, time_unit="week"
    ... )
    >>> spend = FittedSpend.from_draws({"p": [[6.25]], "q": [[3.74]], "v": [[15.44]]})
    >>> value = new_customer_value(purchases, spend, horizon="39 weeks")
    >>> acquisition(value, {"Ads": 20, "Fair": 50}).ratio.to_numpy().round(2).tolist()
    [[[3.87, 1.55]]]
    """
    if not isinstance(value, NewCustomerValue):
        raise InputError(f"Pass what new_customer_value(...) returned first, not {a_kind(value)}.")
    if unseen not in ("refuse", "population"):
        raise InputError(f"unseen={unseen!r} is unknown. {suggestion(str(unseen), ('refuse', 'population'))}")
    yardstick = Yardstick.read(threshold, payback_within, least_clients, value.horizon)
    read = AcquisitionCosts.read(
        costs, columns=columns, amount_unit=amount_unit, decimal=decimal, sheet=sheet, encoding=encoding
    )
    if read.currency and value.currency and read.currency != SAME_CURRENCY.get(value.currency, value.currency):
        raise UnitError(
            f"Costs are in {read.currency}, values in {value.currency}. Convert the costs to {value.currency} first."
        )
    known = list(dict.fromkeys([*value.segments, *value.terms.known()])) if value.column else []
    if value.column and unseen == "refuse":
        _refuse_unseen(read, known, value.column)
    _warn_of_totals(read, known)
    channels = tuple(read.channels)
    chosen = value.of(channels) if value.column else value
    left_out = tuple(name for name in known if name not in channels)
    found = Acquisition(chosen, read, yardstick, channels, as_seed(random_seed), left_out)
    _warn_of_scale(found)
    return found


def _refuse_unseen(costs: AcquisitionCosts, known: list[str], column: str) -> None:
    """Raise where a channel has costs but no clients in the data."""
    unknown = ~costs.rows["channel"].isin(known)
    if unknown.any():
        rows, names = list(costs.rows.index[unknown]), list(dict.fromkeys(costs.rows.loc[unknown, "channel"]))
        sums = [name for name in names if name in costs.totals_by_name]
        looks = f"{listed(map(repr, sums))} looks like a row of totals: leave it out. " if sums else ""
        cure = (
            f"{looks}{suggestion(names[0], known)} If they are new, pass unseen='population': "
            f"the value of their clients is then drawn from the distribution of channels."
        )
        which = "" if costs.noun == "channel" else "with a channel "
        problem = f"{which}that the fit by {column!r} has not seen, {listed(map(repr, names))}"
        raise InputError(rows_at_fault(rows, costs.noun, problem, cure), rows)


def _warn_of_totals(costs: AcquisitionCosts, known: list[str]) -> None:
    """Warn where a sum of channels is probably taken for one of them."""
    sums = [name for name in costs.totals_by_name if name not in known]
    if sums and len(costs.channels) > 1:
        warnings.warn(
            f"{listed(map(repr, sums))} looks like a row of totals, and is taken for a channel: leave it out.",
            DataWarning,
            stacklevel=3,
        )


def _warn_of_scale(found: Acquisition) -> None:
    """Warn where costs and values can hardly be counted in one unit."""
    typical = float(np.median(found.ratio))
    value, cost = (money(float(np.median(drawn)), found.currency) for drawn in (found.ltv, found.cac))
    compared = f"A new client is typically worth {value}, and costs {cost}"
    warn_of_other_unit(typical, FAR_SCALE, compared, "If not, pass amount_unit=.")
