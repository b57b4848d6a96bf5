"""The streams of a value, conditioned on what judgements show: who is likelier alive, what is counted elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import InputError
from ltv_bayes.judgement.form.layout import VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors, all_judgements
from ltv_bayes.judgement.valuing.checks import require_visible_share
from ltv_bayes.judgement.valuing.relations import chances_that_one_comes, relations_of, signs_of_life
from ltv_bayes.language import _
from ltv_bayes.predictions.alive import ENOUGH_DRAWS, learned_share, living, weight_for
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs.signs_of_life import SignShare, SignsOfLife, counted_by_age
from ltv_bayes.predictions.visibility import Coverage
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.stream import Stream


def conditioned(streams: Sequence[Stream], judged: FutureValuePriors, customers: Customers) -> tuple[Stream, ...]:
    """Condition repeat purchases on what judgements show.

    An open opportunity is a sign of life. If living customers have one with some chance, then the absence of one is
    evidence against being alive. Both together leave the number of living customers as it was, on average.
    """
    require_visible_share(judged)
    return tuple(_conditioned(one, judged, customers) if isinstance(one, RepeatPurchases) else one for one in streams)


def _conditioned(stream: RepeatPurchases, judged: FutureValuePriors, customers: Customers) -> RepeatPurchases:
    coverage = _resolved(judged.covers, stream, customers)
    signs = _signs(judged, coverage, customers)
    if signs is not None and stream.signs is None and isinstance(stream.purchases, FittedPurchases):
        own = customers if stream.customers is None else stream.customers
        limits = _limits(chances_that_one_comes(judged.table), stream.purchases, own)
        stream = replace(stream, signs=replace(signs, share=_share(signs, stream, judged, customers), limits=limits))
    if (relations_of(all_judgements(judged)) == VISIBLE_SHARE).any():
        stream = replace(stream, visible=judged.visible, coverage=coverage)
    return stream


def _signs(judged: FutureValuePriors, coverage: Coverage | None, customers: Customers) -> SignsOfLife | None:
    """Signs of these judgements; if there are none, but in all that they were chosen from, silence still counts."""
    asked, found = (
        signs_of_life(table, judged.shows_life, as_of=customers.as_of, coverage=coverage)
        for table in (all_judgements(judged), judged.table)
    )
    return found if found is not None or asked is None else replace(asked, observed=frozenset(), ages={})


def _resolved(coverage: Coverage | None, stream: RepeatPurchases, customers: Customers) -> Coverage | None:
    """Write a coverage by ids where only the table of those valued has its column, not the stream's histories."""
    own = stream.customers
    if coverage is None or own is None or coverage.column not in customers.columns:
        return coverage
    ids = [str(one) for batch in customers.batches() for one in batch.ids[coverage.of(batch)]]
    return Coverage(ids=frozenset(ids))


def _limits(chances: pd.Series, fit: FittedPurchases, customers: Customers) -> dict[str, float]:
    """Weights of having left at most, so that P(alive) is not below the chance that an opportunity comes."""
    few = thinned_to(fit, ENOUGH_DRAWS)
    found: dict[str, float] = {}
    for batch in customers.batches(CUSTOMERS_IN_BATCH):
        ids = as_text(batch.ids)
        some = ids.isin(chances.index)
        if some.any():
            alive = few.probability_alive(batch.subset(some)).to_numpy()
            limits = weight_for(alive.reshape(-1, alive.shape[-1]), chances.loc[ids[some]].to_numpy())
            found.update(zip(ids[some], limits.tolist(), strict=True))
    return found


def _share(
    signs: SignsOfLife, stream: RepeatPurchases, judged: FutureValuePriors, customers: Customers
) -> float | SignShare:
    """Of living customers, the share with an open opportunity, unless another stream knows who is alive.

    Learned once for all customers fitted, so that a slice of them has the same; of those valued where the fit does not
    know its customers.
    """
    fit = stream.purchases
    if judged.sign_share is not None or stream.while_alive is not None:
        return judged.sign_share or 0.0
    assert isinstance(fit, FittedPurchases)
    if (known := living(fit, judged.covers, customers.as_of)) is not None:
        every = signs_of_life(all_judgements(judged), judged.shows_life, as_of=customers.as_of)
        return SignShare(() if every is None else counted_by_age(every.days(every.observed)), *known)
    return learned_share(signs, fit, customers if stream.customers is None else stream.customers)


def refuse_learning_from_some(valuation: Any) -> None:
    """Raise if the share of living customers with a sign of life would be learned from those valued, who are but some.

    Raises
    ------
    InputError
        With what learns it from all of them.
    """
    for before, stream in zip(valuation.streams, valuation.conditioned, strict=True):
        judged = valuation.future_value
        if stream is before or not isinstance(stream, RepeatPurchases) or stream.signs is None:
            continue
        known = before.signs is not None or judged.sign_share is not None or stream.while_alive is not None
        assert isinstance(stream.purchases, FittedPurchases)
        if not known and living(stream.purchases, judged.covers, valuation.customers.as_of) is None:
            raise InputError(
                _(
                    "Open opportunities are signs of life, and how many living customers have one is to be learned "
                    "from all customers, not from a part. Learn it before: "
                    "judged.learn_sign_share(purchases, customers)."
                )
            )


def shows_opportunities(stream: RepeatPurchases, streams: Sequence[Stream]) -> bool:
    """Whether the signs of a conditioned stream are open opportunities, as the stream itself came without signs."""
    own = [one for one in streams if isinstance(one, RepeatPurchases) and one.name == stream.name]
    return all(one.signs is None for one in own)
