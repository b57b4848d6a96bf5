"""The streams of a value, conditioned on what judgements show: who is likelier alive, what is counted elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.judgement.form.layout import VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.checks import require_visible_share
from ltv_bayes.judgement.valuing.relations import signs_of_life
from ltv_bayes.predictions.alive import SignsOfLife
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.streams.repeat_purchases import RepeatPurchases, mean_alive
from ltv_bayes.streams.stream import Stream

ENOUGH_DRAWS = 50


def conditioned(streams: Sequence[Stream], judged: FutureValuePriors, customers: Customers) -> tuple[Stream, ...]:
    """Condition repeat purchases on what judgements show.

    An open opportunity is a sign of life. If living customers have one with some chance, then the absence of one is
    evidence against being alive. Both together leave the number of living customers as it was, on average.
    """
    require_visible_share(judged)
    return tuple(_conditioned(one, judged, customers) if isinstance(one, RepeatPurchases) else one for one in streams)


def _conditioned(stream: RepeatPurchases, judged: FutureValuePriors, customers: Customers) -> RepeatPurchases:
    signs = signs_of_life(judged.table, judged.shows_life)
    if signs is not None and stream.signs is None and isinstance(stream.purchases, FittedPurchases):
        learned = _learned(signs, stream, customers if stream.customers is None else stream.customers)
        stream = replace(stream, signs=learned)
    if (judged.relations == VISIBLE_SHARE).any():
        stream = replace(stream, visible=judged.visible)
    return stream


def _learned(signs: SignsOfLife, stream: RepeatPurchases, customers: Customers) -> SignsOfLife:
    """Learn how many of the living have an open opportunity, unless another stream knows who is alive."""
    if stream.while_alive is not None:
        return signs
    assert isinstance(stream.purchases, FittedPurchases)
    few = thinned_to(stream.purchases, ENOUGH_DRAWS)
    observed, alive = 0, []
    for batch in customers.batches(CUSTOMERS_IN_BATCH):
        here = as_text(batch.ids).isin(list(signs.observed))
        observed += int(here.sum())
        alive.append(mean_alive(stream, batch, few, batch=CUSTOMERS_IN_BATCH)[~here])
    return signs.learned(observed, np.concatenate(alive))
