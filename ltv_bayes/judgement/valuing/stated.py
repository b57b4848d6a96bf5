"""What was stated, beside what it is worth: the table, the sentences and the lines that are shown of judgements."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.formatting import money
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.beliefs.opportunity import Opportunity
from ltv_bayes.judgement.valuing.expected import stated_quantiles
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.language import _, comma

STATED = ["customer_id", "opportunity", "expert", "probability", "low", "likely", "high", "expected_on"]
WINDOW = ["expected_from", "expected_to"]


def stated_and_expected(table: pd.DataFrame, expected: Array) -> pd.DataFrame:
    """What was stated of each judgement and its expected value, see `FutureValuePriors.summary`."""
    tail = (1 - table["interval"]) / 2
    low, high = (table[end].fillna(stated_quantiles(table, at)) for end, at in (("low", tail), ("high", 1 - tail)))
    names = STATED + WINDOW if (table["expected_from"] < table["expected_to"]).any() else STATED
    return table[names].assign(low=low, high=high, expected_value=expected)


def sentences_of(table: pd.DataFrame, opportunities: Sequence[Opportunity], currency: str | None) -> pd.Series:
    """Each judgement in plain words, see `FutureValuePriors.in_words`."""
    words = ["\n".join(one.sentences(currency)) for one in opportunities]
    names = [table["customer_id"], table["opportunity"]]
    return pd.Series(words, pd.MultiIndex.from_arrays(names), name="in_words", dtype=object)


def stated_and_fitted(opportunities: Sequence[Opportunity]) -> pd.DataFrame:
    """Quantiles of each amount as stated and as fitted, see `FutureValuePriors.fit_table`."""
    known = {(one.customer_id, one.name): one.amount for one in opportunities}
    tables = {name: amount.fit_table().assign(family=amount.family) for name, amount in known.items()}
    return pd.concat(tables, names=["customer_id", "opportunity"])


def lines_of(table: pd.DataFrame, interval: float, expected: Array) -> list[str]:
    """How many opportunities and opinions there are, within which intervals, and what the opportunities are worth."""
    opinions, parts = are_opinions(table), []
    number = int(opinions.sum())
    if len(table) > number or not number:
        customers = counted(table.loc[~opinions, "customer_id"].nunique(), "customer")
        named = counted(len(table) - number, "judged opportunity", "judged opportunities")
        parts.append(_("{named} of {customers}", named=named, customers=customers))
    if number:
        parts.append(_("{opinions} on a customer's whole future value", opinions=counted(number, "opinion")))
    levels = table["interval"].unique() if "interval" in table else np.array([interval])
    level = f"{100 * levels[0]:g}%" if len(levels) == 1 else "stated"
    text = _("{parts}; amounts lie within {level} intervals", parts=comma(parts), level=level)
    if len(table) == number > 0:
        return [text]
    return [
        text,
        _("expected value before margin and discount: {number}", number=money(float(expected[~opinions].sum()))),
    ]
