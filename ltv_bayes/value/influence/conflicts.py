"""Where judgement and model disagree beyond chance."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.errors import InputError, UnitError, counted
from ltv_bayes.formatting import money, probability
from ltv_bayes.formulas.models.gamma_gamma import expected_spend, spend_outlook
from ltv_bayes.formulas.models.price_level import Prices, at_prices_now
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.language import _, _n, semicolon
from ltv_bayes.predictions.fitted import parameter_arrays
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend, prices_for, spend_histories
from ltv_bayes.sizes import COMPARED_JUDGEMENTS
from ltv_bayes.streams.repeat_purchases import RepeatPurchases, mean_alive
from ltv_bayes.time_units import as_number
from ltv_bayes.value.influence.judged_parts import NAMES, require_judged
from ltv_bayes.value.valued import Valued

ENOUGH_DRAWS = 400


def note_on_conflicts(value: Valued) -> list[str]:
    """Say that there are judgements which disagree with the model."""
    if value.future_value is None or not any(isinstance(one, RepeatPurchases) for one in value.valuation.streams):
        return []
    found = conflicts(value)["conflict"]
    if not found.any():
        return []
    number = int(found.sum())
    return [
        _n(
            "{judgements} disagrees with the model beyond chance{see}.",
            "{judgements} disagree with the model beyond chance{see}.",
            number,
            judgements=counted(number, "judgement"),
            see=_(": see conflicts()"),
        )
    ]


def conflicts(value: Valued, threshold: float = 0.01, gone: float = 0.2) -> pd.DataFrame:
    """One row for each opportunity; see `JudgementInValue.conflicts`."""
    threshold, gone = _level(threshold, "threshold"), _level(gone, "gone")
    judged = require_judged(value)
    streams = [_thinned(stream) for stream in value.valuation.streams if isinstance(stream, RepeatPurchases)]
    if not streams:
        raise InputError(
            _(
                "No stream of repeat purchases is valued, so no model says what these clients' deals are "
                "worth. Value them with [RepeatPurchases(purchases, spend)]."
            )
        )
    stated = judged.audit()[[*NAMES, "probability", "median"]].rename(columns={"median": "judged_amount"})
    stated = stated[~are_opinions(judged.table)].reset_index(drop=True)
    found = _nearest([_beside(stated, stream, value) for stream in streams])
    table = _with_reasons(found, threshold, gone, value.currency)
    table = table.sort_values(["conflict", "tail_probability"], ascending=[False, True], kind="stable")
    return value.described(table.reset_index(drop=True), threshold=threshold, gone=gone)


def tail_probability(
    amount: Array, frequency: Array, monetary_value: Array, spend: FittedSpend, table: pd.DataFrame | None = None
) -> Array:
    """Probability that an order of a customer with this history lies as far out as an amount, on either side.

    An order x | p, nu ~ Gamma(p, nu) with nu ~ Gamma(shape, rate) makes x / (x + rate) ~ Beta(p, shape). Averaged over
    the posterior.

    Parameters
    ----------
    table : pandas.DataFrame, optional
        Rows of the customers, with their segments for a pooled fit.

    Examples
    --------
    >>> fit = FittedSpend.from_draws({"p": [[1.0]], "q": [[2.0]], "v": [[10.0]]})
    >>> tail_probability(np.array([90.0]), np.array([0]), np.array([0.0]), fit).round(6).tolist()
    [0.02]
    """
    drawn = _by_customer(spend, table)
    shape, rate = spend_outlook(frequency, monetary_value, **drawn)
    below = special.betainc(drawn["p"], shape, amount / (amount + rate)).mean(axis=0)
    return 2 * np.minimum(below, 1 - below)


def _level(value: float, name: str) -> float:
    level = as_number(value, name)
    if not 0 < level < 1:
        raise UnitError(_("{name} must lie between 0 and 1, not {value!r}.", name=name, value=value))
    return level


def _thinned(stream: RepeatPurchases) -> RepeatPurchases:
    each = max(1, ENOUGH_DRAWS // stream.shape[0])
    return replace(stream, purchases=stream.purchases.thin(each), spend=stream.spend.thin(each))


def _beside(stated: pd.DataFrame, stream: RepeatPurchases, value: Valued) -> pd.DataFrame:
    """What a stream expects of the customers judged; those it does not know are left out."""
    orders = value.customers if stream.customers is None else stream.customers
    text = stated["customer_id"].astype(str)
    known = known_ids(orders, text.unique())
    here = stated[text.isin(known).to_numpy()]
    if here.empty:
        return here.assign(expected_order=np.nan, tail_probability=np.nan, probability_alive=np.nan)
    clients = orders.subset(list(known.values()))
    rows = clients.ids.get_indexer(pd.Index([known[str(written)] for written in here["customer_id"]]))
    x, m = (values[rows] for values in spend_histories(stream.spend, clients, warn=False))
    prices = prices_for(stream.spend, clients)
    if prices is not None:
        prices = prices._replace(age=prices.age[rows])
    amounts = here["judged_amount"].to_numpy()
    expected, tail = _amounts_beside(amounts, x, m, stream.spend, clients.table.iloc[rows], prices)
    alive = _alive(stream, clients)[rows]
    return here.assign(expected_order=expected, tail_probability=tail, probability_alive=alive)


def _by_customer(spend: FittedSpend, table: pd.DataFrame | None) -> dict[str, Array]:
    """Parameters with chains joined: arrays of shape (draws, customers or 1)."""
    found = parameter_arrays(spend, pd.DataFrame() if table is None else table, check=False)
    return {name: values.reshape(-1, values.shape[-1]) for name, values in found.items()}


def _amounts_beside(
    amount: Array,
    frequency: Array,
    monetary_value: Array,
    spend: FittedSpend,
    table: pd.DataFrame,
    prices: Prices | None,
) -> tuple[Array, Array]:
    """Expected order of each client, and how far out the amount is; some thousand at a time, so that memory does."""
    expected, tail = np.empty(amount.shape), np.empty(amount.shape)
    for first in range(0, amount.size, COMPARED_JUDGEMENTS):
        some = slice(first, first + COMPARED_JUDGEMENTS)
        own = None if prices is None else prices._replace(age=prices.age[some])
        x, m = frequency[some], at_prices_now(monetary_value[some], own)
        level = 1.0 if own is None else own.at(0.0)[:, np.newaxis]
        expected[some] = np.median(expected_spend(x, m, **_by_customer(spend, table.iloc[some])) * level, axis=0)
        tail[some] = tail_probability(amount[some] / level, x, m, spend, table.iloc[some])
    return expected, tail


def _nearest(found: list[pd.DataFrame]) -> pd.DataFrame:
    """One row for each opportunity: of the stream with the most similar orders; alive in one is alive."""
    every = pd.concat(found)
    alive = every.groupby(level=0)["probability_alive"].max()
    ordered = every.sort_values("tail_probability", ascending=False, kind="stable")
    return ordered[~ordered.index.duplicated()].sort_index().assign(probability_alive=alive)


def _alive(stream: RepeatPurchases, clients: Customers) -> Array:
    """Probability of being alive; 1 where another source knows, or no customer can leave in the model."""
    if stream.while_alive is not None or not isinstance(stream.purchases, FittedPurchases):
        return np.ones(len(clients))
    return mean_alive(stream, clients)


def _with_reasons(table: pd.DataFrame, threshold: float, gone: float, currency: str | None) -> pd.DataFrame:
    """Say in words what is in conflict."""
    far = table["tail_probability"] < threshold
    left = (table["probability_alive"] < gone) & (table["probability_alive"] < table["probability"])

    def reason(row: Any, is_far: bool, has_left: bool) -> str:
        parts = []
        if is_far:
            side = _("above") if row.judged_amount > row.expected_order else _("below")
            parts.append(
                _(
                    "{judged_amount} is judged, far {side} this client's usual order ({expected_order}): "
                    "chance of an order so far out {tail_probability}",
                    judged_amount=money(row.judged_amount, currency),
                    side=side,
                    expected_order=money(row.expected_order, currency),
                    tail_probability=probability(row.tail_probability),
                )
            )
        if has_left:
            parts.append(
                _(
                    "a chance of {probability} is judged, but by its history the client is still active with "
                    "probability {probability_alive} only",
                    probability=probability(row.probability),
                    probability_alive=probability(row.probability_alive),
                )
            )
        return semicolon(parts)

    rows = zip(table.itertuples(), far, left, strict=True)
    return table.assign(conflict=far | left, reason=[reason(*row) for row in rows])
