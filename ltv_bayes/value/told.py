"""What judgements tell streams: who is alive, who is less likely to be, and which purchases are counted elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ltv_bayes.data.customers import Customers
from ltv_bayes.data.ids import as_text
from ltv_bayes.formulas.silence import share_heard_of
from ltv_bayes.judgement.future_value import VISIBLE_SHARE, FutureValuePriors
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.stream import Stream

ENOUGH_DRAWS = 50
BATCH = 2**16


def told(streams: Sequence[Stream], judged: FutureValuePriors, customers: Customers) -> tuple[Stream, ...]:
    """Tell repeat purchases what judgements show.

    An open opportunity shows that its customer is alive. If living customers have one with some chance and those who
    left have none, then that a customer has none speaks against them: the odds of having left are divided by the chance
    that a living customer has none. Both together leave the number of living customers as it was, on average.
    """
    judged.require_visible_share()
    living = set(judged.table["customer_id"][~judged.are_opinions].astype(str)) if judged.tell_of_life else set()
    visible = judged.visible if (judged.relations == VISIBLE_SHARE).any() else None
    return tuple(
        _told(stream, living, visible, customers) if isinstance(stream, RepeatPurchases) else stream
        for stream in streams
    )


def _told(
    stream: RepeatPurchases, living: set[str], visible: VisibleShare | None, customers: Customers
) -> RepeatPurchases:
    if not living and visible is None:
        return stream
    known = stream.alive_for_sure | living
    silent = stream.share_known_alive
    if living and not silent and stream.while_alive is None and isinstance(stream.purchases, FittedPurchases):
        silent = _share_with_opportunity(stream, known, customers if stream.customers is None else stream.customers)
    return replace(stream, known_alive=known, share_known_alive=silent, visible=visible or stream.visible)


def _share_with_opportunity(stream: RepeatPurchases, known: frozenset[str], customers: Customers) -> float:
    """Of living customers, the share with an open opportunity."""
    assert isinstance(stream.purchases, FittedPurchases)
    few = stream.purchases.thin(max(1, ENOUGH_DRAWS // stream.purchases.shape[0]))
    heard, alive = 0, []
    for batch in customers.batches(BATCH):
        here = as_text(batch.ids).isin(list(known))
        probability = few.probability_alive(batch).mean(("chain", "draw")).to_numpy()
        heard += int(here.sum())
        alive.append(probability[~here])
    return share_heard_of(heard, np.concatenate(alive))
