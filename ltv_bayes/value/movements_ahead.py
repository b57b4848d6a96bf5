"""Movements of recurring revenue still to come: expansion, contraction and losses of today's subscribers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.all_customers import all_customers
from ltv_bayes.data.subscriptions.revenue.movements import moved
from ltv_bayes.data.subscriptions.revenue.recurring import number_of_periods, owners
from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, interval_settings, summarize_sorted
from ltv_bayes.language import _
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import CUSTOMERS_IN_BLOCK
from ltv_bayes.streams.subscription import Subscription
from ltv_bayes.terms import Terms

MOST_DRAWS = 1000
MOVES = ("expansion", "contraction", "lost")
SHARES = ("net_retention", "gross_retention", "logo_retention", "net_retention_with_prices")
ADDED = ("opening", "expansion", "contraction", "lost", "price_level", "closing")


def movements_ahead(
    subscription: Subscription,
    over: str = "1 year",
    *,
    by: str | Sequence[str] | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    random_seed: int | None = None,
) -> pd.DataFrame:
    """Foresee what becomes of the recurring revenue of today's subscribers: how much is kept, expands, and is lost.

    In each draw every contract is renewed or not, at a price that grows as the stream says. What a customer pays a
    month on the last day is compared with today, as `subscription_movements` compares two days of the past.

    Parameters
    ----------
    subscription : Subscription
        The stream of all contracts, with prices and, if these grow by themselves, ``growth=``.
    over : str
        How far ahead: whole months, quarters or years.
    by : str or sequence of str, optional
        Columns of segments in the renewals.
    ci_prob, ci_kind : optional
        Interval of what will happen; ArviZ's setting where not given.
    random_seed : int, optional
        For the same draws again.

    Returns
    -------
    pandas.DataFrame
        One row each: opening, expansion, contraction, lost, price_level (what ``price_changes`` of all adds) and
        closing, the sum of these, as amounts a month; net_retention, gross_retention and logo_retention, without the
        price level, and net_retention_with_prices. Columns: mean, sd, median, interval. Segments are the first levels
        of the index.

    Raises
    ------
    InputError
        If this is no stream of subscriptions, nobody pays today, or a segment is blank.
    ColumnError
        If there is no such column, or there are no prices.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> records = pd.DataFrame({"customer_id": ["Ada", "Bo"], "start": "2024-01-10", "price": [10.0, 30.0]})
    >>> renewals = lb.summarize_renewals(records.assign(cancelled_on=None), as_of="2024-12-31")
    >>> loyal = lb.FittedRenewals.from_draws({"alpha": np.full((1, 200), 1e-9), "beta": np.full((1, 200), 1e3)})
    >>> ahead = lb.movements_ahead(lb.Subscription(loyal, renewals, price_changes={"2025-07-01": 0.1}), random_seed=1)
    >>> ahead["mean"].round(2).to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'opening': 40.0, 'expansion': 0.0, 'contraction': 0.0, 'lost': 0.0, 'price_level': 4.0, 'closing': 44.0,
     'net_retention': 1.0, 'gross_retention': 1.0, 'logo_retention': 1.0, 'net_retention_with_prices': 1.1}
    """
    if not isinstance(subscription, Subscription):
        raise InputError(
            _(
                "movements_ahead takes a stream, Subscription(fit, renewals), not {kind}.",
                kind=a_kind(subscription),
            )
        )
    months = number_of_periods(over, "month")
    renewals, columns = subscription.renewals, [by] if isinstance(by, str) else list(by or ())
    who = owners(renewals, columns)
    terms = Terms.read(f"{months} months", 0.0, renewals.as_of)
    chains, draws = subscription.shape
    shape = chains, min(draws, max(1, MOST_DRAWS // chains))
    seed = as_seed(random_seed)
    sums: dict[Any, Array] = {}
    keys: Any = columns or [np.zeros(len(who), dtype=int)]
    for segment, rows in who.groupby(keys, sort=True).indices.items():
        mask = np.zeros(len(who), dtype=bool)
        mask[rows] = True
        found = _sums(replace(subscription, renewals=renewals.subset(mask)), terms, shape, seed)
        if found[0, 0] > 0:
            sums[segment] = found
    if not sums:
        raise InputError(_("Nobody pays on the as-of date, so there is nothing to keep. Give contracts that run."))
    table = _table(sums, columns, *interval_settings(ci_prob, ci_kind))
    return flagged(table, subscription.caution, renewals.currency)


def _sums(stream: Subscription, terms: Terms, shape: tuple[int, int], seed: int) -> Array:
    """Sums over customers: opening, expansion, contraction, lost, price level, kept at most, who is kept, who paid.

    Returns
    -------
    array of shape (8, draws)
    """
    customers = all_customers(stream.renewals)
    own = replace(stream, price_changes=None).recurring(customers, terms, shape, seed)
    priced = None if stream.price_changes is None else stream.recurring(customers, terms, shape, seed)
    opening, sums = stream.recurring_now(customers), np.zeros((8, shape[0] * shape[1]))
    for first in range(0, len(customers), CUSTOMERS_IN_BLOCK):
        last = min(first + CUSTOMERS_IN_BLOCK, len(customers))
        before, after = opening[first:last, np.newaxis], np.empty((last - first, 1, sums.shape[1]))
        own(first, last, after)
        closing = after[:, 0].copy()
        moves = moved(before, closing, np.ones(before.shape, dtype=bool))
        if priced is not None:
            priced(first, last, after)
        paid = np.broadcast_to(before > 0, closing.shape)
        parts = [np.broadcast_to(before, closing.shape), *(moves[name] for name in MOVES), after[:, 0] - closing]
        for place, part in enumerate([*parts, np.minimum(before, closing), paid & (closing > 0), paid]):
            sums[place] += part.sum(axis=0)
    return sums


def _table(sums: Mapping[Any, Array], by: list[str], prob: float, kind: str) -> pd.DataFrame:
    """Summaries of draws, segment by segment."""
    tables = {}
    for segment, (opening, up, down, lost, level, capped, kept, paid) in sums.items():
        own = opening + up + down + lost
        closing = own + level
        rows = dict(zip(ADDED, (opening, up, down, lost, level, closing), strict=True))
        shares = own / opening, capped / opening, kept / paid, closing / opening
        rows |= dict(zip(SHARES, shares, strict=True))
        found = summarize_sorted(np.sort(np.array([*rows.values()]), axis=1), prob, kind)
        key = segment if isinstance(segment, tuple) else (segment,)
        tables[key] = pd.DataFrame(found, index=pd.Index(rows, name="movement"))
    return pd.concat(tables, names=[*by, "movement"]) if by else next(iter(tables.values()))
