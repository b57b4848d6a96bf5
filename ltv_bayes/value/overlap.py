"""What judgements and repeat purchases say of the same money: counted once, or said how much may be counted twice."""

import warnings
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np
import pandas as pd

from ltv_bayes.data.customers import Customers
from ltv_bayes.data.ids import as_text
from ltv_bayes.errors import DataWarning, counted, listed
from ltv_bayes.formatting import money, percent, with_currency
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs_of_life import SignsOfLife
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.stream import Stream
from ltv_bayes.terms import Terms
from ltv_bayes.value.valuation import Valuation

ENOUGH_DRAWS = 50
WORTH_A_WARNING = 0.02
TRUSTED = 0.7


def warn_of_double_count(
    customers: Customers, streams: Sequence[Stream], judged: FutureValuePriors, terms: Terms
) -> None:
    """Warn where judgements do not say how they relate to repeat purchases, with the size of a possible double count.

    Of each judged customer, no more can be counted twice than is judged, and no more than the model foresees.
    """
    unsaid = judged.table[judged.relations.isna()]
    models = [stream for stream in streams if isinstance(stream, RepeatPurchases)]
    if unsaid.empty or not models:
        return
    stated = (unsaid["probability"] * unsaid["mean"]).groupby(unsaid["customer_id"].astype(str)).sum()
    foreseen = sum(_expected_money(stream, customers, stated.index, terms) for stream in models)
    possible = float(np.minimum(stated.to_numpy(), foreseen).sum())
    if possible <= WORTH_A_WARNING * stated.sum():
        return
    how = "how it relates" if len(unsaid) == 1 else "how they relate"
    warnings.warn(
        f"{counted(len(unsaid), 'judgement')} without a word on {how} to the repeat purchases that the model foresees "
        f"anyway: of {_worth(stated.sum(), customers)} judged, up to {_worth(possible, customers)} may be counted "
        f"twice (before margin and discount). Write a column relation, or say it for all with "
        f"judged.with_relation('additional'), 'visible_share' or 'same_total'.",
        DataWarning,
        stacklevel=3,
    )


def opinions_table(valuation: Valuation) -> pd.DataFrame:
    """What became of opinions on customers' whole future value; see `LifetimeValue.opinions`."""
    columns = ["probability", "stated_median", "model_median", "median", "pareto_k"]
    held = {} if valuation.future_value is None else valuation.future_value.opinions(valuation.customers)
    if not held:
        return pd.DataFrame(columns=columns)
    customers = valuation.customers.subset(list(held))
    make, rows = valuation.of(customers), []
    for position, customer_id in enumerate(customers.ids):
        totals, opinion = make.totals(position), held[customer_id]
        taken, k = make.combined(position)
        stated = float(opinion.quantiles(np.array([0.5]))[0])
        rows.append((opinion.probability, stated, np.median(totals), np.median(totals[taken]), k))
    return pd.DataFrame(rows, columns=columns, index=customers.ids)


def notes_on_overlap(valuation: Valuation) -> list[str]:
    """Say what judgements changed beside adding money."""
    judged = valuation.future_value
    if judged is None:
        return []
    notes: list[str] = []
    models = any(isinstance(stream, RepeatPurchases) for stream in valuation.streams)
    if models and judged.signs_of_life is not None:
        notes += [_on_life(stream.signs) for stream in valuation.told if _has_signs(stream)]
    if models and judged.visible is not None:
        notes.append(f"{judged.visible}; they are left out of repeat purchases and judged instead.")
    if judged.are_opinions.any():
        unsure = list(opinions_table(valuation).query(f"not pareto_k < {TRUSTED}").index)
        if unsure:
            notes.append(f"opinion and model have little in common for {listed(unsure)} (Pareto k above {TRUSTED}).")
    return notes


def _expected_money(stream: RepeatPurchases, customers: Customers, ids: Sequence[str], terms: Terms) -> np.ndarray:
    """What the model expects of customers, by their ids as text: not discounted, before margin."""
    own = customers if stream.customers is None else stream.customers
    known = own.known_ids(ids)
    expected = np.zeros(len(ids))
    if not known or not isinstance(stream.purchases, FittedPurchases):
        return expected
    some = own.subset(list(known.values()))
    each = max(1, ENOUGH_DRAWS // stream.purchases.shape[0])
    purchases = stream.purchases.thin(each).expected_purchases(some, terms.horizon).mean(("chain", "draw"))
    spend = stream.spend.thin(each).expected_spend(some).median(("chain", "draw"))
    found = dict(zip(as_text(some.ids), (purchases * spend).to_numpy(), strict=True))
    return np.array([found.get(one, 0.0) for one in ids])


def _has_signs(stream: Stream) -> TypeGuard[RepeatPurchases]:
    return isinstance(stream, RepeatPurchases) and stream.signs is not None


def _on_life(signs: SignsOfLife | None) -> str:
    assert signs is not None
    have = "has" if len(signs.heard) == 1 else "have"
    said = "surely alive" if np.isinf(signs.ratio) else f"alive with {signs.ratio:g} times the odds that orders give"
    silent = f"; about {percent(signs.share)} of the living have one, so the others are a little less likely to be"
    return (
        f"{counted(len(signs.heard), 'customer')} {have} an open opportunity and {'is' if have == 'has' else 'are'} "
        f"{said}{silent if signs.share > 0 else ''} (see shows_life)."
    )


def _worth(amount: float, customers: Customers) -> str:
    return with_currency(money(amount, customers.currency), customers.currency)
