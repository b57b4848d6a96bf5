"""From customers, streams and judgements to a lifetime value: what was given is checked before anything is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.checks import (
    check_coverage,
    check_shown_in_time,
    refuse_opinions_alone,
    refuse_slips,
    require_known,
    require_visible_share,
    warn_of_absent,
    written_as,
)
from ltv_bayes.language import _, comma, semicolon
from ltv_bayes.predictions.alive import fitted_values
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH, DISCOUNT_RATE, KEPT_BYTES, MARGIN
from ltv_bayes.streams.notes import called
from ltv_bayes.streams.order_stream import OrderStream, covered_by
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.stream import Stream
from ltv_bayes.streams.together import (
    common_shape,
    refuse_unknown_ends,
    require_dependencies,
    require_distinct_names,
    require_one_use,
)
from ltv_bayes.terms import Terms
from ltv_bayes.value.draws.margins import Margin, Margins
from ltv_bayes.value.draws.results import Results
from ltv_bayes.value.draws.valuation import JUDGED, REALISED, Valuation, bytes_of_draws
from ltv_bayes.value.influence.double_counting import ask_for_relations, warn_of_stale_signs
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.notes import warn_of_scale
from ltv_bayes.value.valued import TOTAL, Valued, ValueSettings

RESERVED = (REALISED, JUDGED, TOTAL, "chain", "draw", "customer_id")
DRAWS_WITHOUT_FITS = (4, 1000)


def lifetime_value(
    customers: Customers,
    streams: Sequence[Stream] | Stream = (),
    *,
    future_value: FutureValuePriors | None = None,
    horizon: Any,
    discount_rate: float = DISCOUNT_RATE,
    margin: float | str | Mapping[Any, float] | pd.Series = MARGIN,
    realised: bool = False,
    random_seed: int | None = None,
    keep_draws: bool | None = None,
    progressbar: bool = False,
) -> LifetimeValue:
    """Value each customer over the horizon: draws of the money they will really pay, not of its expectation.

    Parameters
    ----------
    customers : Customers
        Who is valued, as of when, in which currency.
    streams : sequence of Stream, or one
        What they pay for, such as ``[RepeatPurchases(purchases, spend)]``.
    future_value : FutureValuePriors, optional
        Opportunities judged by experts, added draw by draw.
    horizon : str or Duration, or several
        How far ahead, with its unit: ``"3 years"``. Money after it does not count. Of several,
        ``["1 year", "2 years", "3 years"]``, the longest is the one reported unless another is asked for by
        `LifetimeValue.at`; all come from the same draws, in one pass. A judged opportunity without a date may occur on
        any day of the longest.
    discount_rate : float
        Annual and effective, 0.10 for 10% a year; every payment is discounted at its own date. Not discounted if not
        given.
    margin : float, column name, or mapping from id to float
        Share of revenue that is kept, between 0 and 1; applied to streams, judgements and past revenue. All of it if
        not given: the value is then one of revenue, as its heading says.
    realised : bool
        Whether the total includes past revenue (``total_value`` of their table, undiscounted).
    random_seed : int, optional
        The same seed gives the same draws for a customer, whoever else is valued.
    keep_draws : bool, optional
        Whether to keep every draw in memory. If not given, up to 2 GiB are kept; beyond, and for customers in a file,
        customers are valued block by block in one pass when a summary is asked for, with the same result.
    progressbar : bool
        Whether to show progress.

    Returns
    -------
    LifetimeValue
        Draws of shape (chain, draw, customer_id) with their summaries.

    Raises
    ------
    InputError
        If nothing is given to value, a margin is out of range or missing, a judged customer is unknown, or opinions on
        whole values have no stream to be combined with.
    JudgementError
        If judgements do not say how they relate to the repeat purchases that are valued beside them.
    """
    require_customers(customers)
    streams = list(streams) if isinstance(streams, Sequence) else [streams]
    _require_kinds(streams, future_value)
    terms = Terms.read(horizon, discount_rate, customers.as_of)
    if not streams and future_value is None and not realised:
        raise InputError(
            _("There is nothing to value. Give streams=[RepeatPurchases(purchases, spend)] or future_value=.")
        )
    require_distinct_names(streams, RESERVED)
    require_dependencies(streams)
    require_one_use(streams)
    margins, seed = _margins(customers, streams, margin), as_seed(random_seed)
    if future_value is not None:
        require_known(future_value, customers)
        if not streams:
            refuse_opinions_alone(future_value)
        refuse_slips(future_value, _largest_deal(customers, streams))
        warn_of_scale(customers, future_value)
        ask_for_relations(customers, streams, future_value, terms)
        warn_of_stale_signs(customers, streams, future_value)
        require_visible_share(future_value)
        check_shown_in_time(future_value, terms)
        _check_coverage(customers, streams, future_value)
    for stream in streams:
        stream.check(customers)
    refuse_unknown_ends(streams, customers)
    changes = None if future_value is None else future_value.adjustments
    judged_shape = None if changes is None else changes.shape
    shape = common_shape([*(one.shape for one in streams), judged_shape]) or DRAWS_WITHOUT_FITS
    valuation = Valuation(customers, tuple(streams), future_value, terms, margins, seed, shape, realised)
    settings = ValueSettings(terms, margins.usual.text, seed, realised, exceptions(streams, margins))
    cautions = [stream.caution for stream in streams if stream.caution]
    results = Results(valuation, progressbar=progressbar)
    small = customers.in_memory and bytes_of_draws(valuation) <= KEPT_BYTES
    if small if keep_draws is None else keep_draws:
        results.keep()
    else:
        valuation.of(next(iter(customers.batches(CUSTOMERS_IN_BATCH))))  # so that what cannot be is refused at once
    return LifetimeValue(Valued(results, settings, cautions[0] if cautions else ""))


def _require_kinds(streams: Sequence[Any], future_value: Any) -> None:
    """Say how to make streams and judgements, where something else was given."""
    for stream in streams:
        if not (hasattr(stream, "prepare") and hasattr(stream, "shape")):
            raise InputError(
                _(
                    "A {name} is no stream of money. Pass RepeatPurchases(purchases, spend), made of two fits.",
                    name=type(stream).__name__,
                )
            )
    if future_value is not None and not isinstance(future_value, FutureValuePriors):
        raise InputError(
            _("future_value is {kind}. Make it with FutureValuePriors.from_judgements(...).", kind=a_kind(future_value))
        )


def _check_coverage(customers: Customers, streams: Sequence[Stream], judged: FutureValuePriors) -> None:
    """Check whose pipeline is reported; of customers in a file, those judged alone."""
    main = next((one for one in streams if isinstance(one, RepeatPurchases)), None)
    if main is not None:
        written = written_as(customers, judged.table["customer_id"])
        some = customers if customers.in_memory else customers.subset(list(written.unique()))
        check_coverage(judged, some, covered_by(judged.covers, main, some))
        if judged.covers is not None and customers.in_memory:
            own = [one.table for one in (customers, main.customers) if one is not None and one.in_memory]
            warn_of_absent(judged.covers, own, fitted_values(main.purchases, judged.covers.column))


def _largest_deal(customers: Customers, streams: Sequence[Stream]) -> float:
    """The largest first or mean order in any history at hand; infinite where none has an amount."""
    orders = [one.customers for one in streams if isinstance(one, OrderStream) and one.customers is not None]
    known = [one for one in (customers, *orders) if one.has_history]
    amounts = [
        batch.table[name].max()
        for one in known
        for batch in one.batches()
        for name in ("first_value", "monetary_value")
        if name in batch.columns
    ]
    return max((float(amount) for amount in amounts if amount > 0), default=np.inf)


def _margins(customers: Customers, streams: Sequence[Stream], usual: Any) -> Margins:
    """Read the margin of the value, and those of streams that have their own."""
    own = {stream.name: Margin.read(customers, stream.margin) for stream in streams if stream.margin is not None}
    return Margins(Margin.read(customers, usual), own)


def exceptions(streams: Sequence[Stream], margins: Margins) -> str:
    """Say which streams have a margin or a discount rate of their own."""
    exceptions = []
    for stream in streams:
        parts = [_("margin {text}", text=margins.own[stream.name].text)] if stream.name in margins.own else []
        if stream.discount_rate is not None:
            parts.append(_("discounted at {discount_rate:.3g}%", discount_rate=100 * stream.discount_rate))
        if parts:
            exceptions.append(_("{stream} {terms}", stream=called(stream.name), terms=comma(parts)))
    return _(" ({exceptions})", exceptions=semicolon(exceptions)) if exceptions else ""
