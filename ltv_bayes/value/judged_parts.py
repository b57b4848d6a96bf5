"""The money of single judgements within a value: the draws that they have in the book, one judgement at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.what_if import only
from ltv_bayes.value.valuation import JUDGED

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue

NOBODY = {"customer_id": None, "opportunity": None, "expert": None}


def require_judged(value: "LifetimeValue") -> FutureValuePriors:
    """Give the judgements in a value.

    Raises
    ------
    InputError
        If there are none.
    """
    if value.future_value is None:
        raise InputError("Nothing in this value is judged. Value it with lifetime_value(..., future_value=judged).")
    return value.future_value


def judged_parts(value: "LifetimeValue", judged: FutureValuePriors | None = None) -> Iterator[tuple[int, Array]]:
    """Each judgement's position in its table, and its money up to the horizon in each draw: arrays (draws,).

    Discounted and after margin; all of them add up to the judged money of the book. Nobody but judged customers is
    looked at.

    Parameters
    ----------
    judged : FutureValuePriors, optional
        Others of the same customers, in place of the value's own.
    """
    judged = require_judged(value) if judged is None else judged
    valuation = value.valuation
    text = judged.table["customer_id"].astype(str)
    known = valuation.customers.known_ids(text.unique())
    customers = valuation.customers.subset(list(known.values()))
    margins = valuation.margins.of(JUDGED, customers)
    rows = customers.ids.get_indexer(pd.Index([known[written] for written in text]))
    until = valuation.terms.periods_until()[value.settings.place]
    number = text.groupby(text).cumcount().to_numpy()
    money = np.empty((1, len(valuation.terms.periods()), valuation.size))
    for turn in range(number.max(initial=-1) + 1):
        chosen = number == turn
        draw = only(judged, chosen).prepare(customers, valuation.terms, valuation.shape, valuation.seed)
        for position in np.flatnonzero(chosen):
            row = rows[position]
            draw(row, row + 1, money)
            yield int(position), margins[row] * money[0, :until].sum(axis=0)


def named(judged: FutureValuePriors, position: int) -> dict[str, object]:
    """Customer, opportunity and expert of a judgement."""
    row = judged.table.iloc[position]
    return {name: row[name] for name in ("customer_id", "opportunity", "expert")}
