"""The money of single judgements within a value: their draws in the portfolio, one judgement at a time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.draws import JudgedDraws
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.judgement.valuing.whole_value import opinions_on
from ltv_bayes.language import _
from ltv_bayes.value.draws.valuation import JUDGED, REALISED, Block, Maker, added
from ltv_bayes.value.valued import Valued, share_of

NAMES = ("customer_id", "opportunity", "expert")
NO_ONE = dict.fromkeys(NAMES)


def require_judged(value: Valued) -> FutureValuePriors:
    """Give the judgements in a value.

    Raises
    ------
    InputError
        If there are none.
    """
    if value.future_value is None:
        raise InputError(_("Nothing in this value is judged. Value it with lifetime_value(..., future_value=judged)."))
    return value.future_value


def judged_parts(value: Valued, judged: FutureValuePriors | None = None) -> Iterator[tuple[int, Array]]:
    """Each judgement's position in its table, and its money up to the horizon in each draw: arrays (draws,).

    Discounted and after margin. An opinion on a customer's whole value has no money of its own; its part is by how much
    it changes the value of the customer. Only judged customers are looked at.

    Parameters
    ----------
    judged : FutureValuePriors, optional
        Others of the same customers, in place of the value's own.
    """
    judged = require_judged(value) if judged is None else judged
    yield from opportunity_parts(value, judged)
    yield from _changes_by_opinions(value, judged)


def opportunity_parts(value: Valued, judged: FutureValuePriors) -> Iterator[tuple[int, Array]]:
    """Of opportunities alone; see `judged_parts`."""
    valuation, customers = value.valuation, _customers(value, judged)
    margins = valuation.margins.of(JUDGED, customers)
    rows = _rows(customers, judged.table["customer_id"].astype(str))
    for position, money in JudgedDraws(judged, customers, valuation.terms, valuation.shape, valuation.seed).each():
        yield position, margins[rows[position]] * money[: value.periods].sum(axis=0)


def settled_opinions(value: Valued, judged: FutureValuePriors) -> Iterator[tuple[int, Array, float]]:
    """The money of customers with an opinion on their whole value, and what one unit of it is worth.

    Yields
    ------
    int
        Position of the opinion.
    array of shape (draws,)
        Money of the customer up to the horizon, discounted and after margin, without what is realised.
    float
        The same for each unit of money before margin and discount, on average.
    """
    for position, make, block in _opinionated(value, judged):
        money = added({name: part for name, part in make(block).items() if name != REALISED})
        money = money[0, : value.periods].sum(axis=0)
        totals = make.totals(block.first)
        before = totals[make.opinion_at(block.first)[0]].mean()
        yield position, money, float(money.mean() / before) if before > 0 else 0.0


def _changes_by_opinions(value: Valued, judged: FutureValuePriors) -> Iterator[tuple[int, Array]]:
    for position, make, block in _opinionated(value, judged):
        change = added(make(block)) - added(replace(make, opinions={})(block))
        yield position, change[0, : value.periods].sum(axis=0)


def means_of_changes(value: Valued, judged: FutureValuePriors) -> dict[int, float]:
    """By position, how much each opinion on a whole value changes the mean of its customer, all else judged alike."""
    found: dict[int, float] = {}
    expected: dict[str, Array] | None = None
    for position, make, block in _opinionated(value, judged):
        alone = replace(make, opinions={})
        expected = alone.expected() if expected is None else expected
        with_it, without = (
            added(one.means(block, one(block), expected))[0, : value.periods].sum() for one in (make, alone)
        )
        found[position] = float(with_it - without)
    return found


def _opinionated(value: Valued, judged: FutureValuePriors) -> Iterator[tuple[int, Maker, Block]]:
    """Each opinion's position, and what draws its customer."""
    if not are_opinions(judged.table).any():
        return
    theirs = judged.subset(are_opinions(judged.table))
    customers = _customers(value, theirs)
    rows, held = _rows(customers, theirs.table["customer_id"].astype(str)), opinions_on(customers, theirs)
    opinions = {row: held[customers.ids[row]] for row in rows}
    make = replace(value.valuation.of(customers), opinions=opinions)
    for position, row in zip(np.flatnonzero(are_opinions(judged.table)), rows, strict=True):
        yield int(position), make, Block(customers, row, row + 1, row)


def _customers(value: Valued, judged: FutureValuePriors) -> Customers:
    known = known_ids(value.valuation.customers, judged.table["customer_id"].astype(str).unique())
    return value.valuation.customers.subset(list(known.values()))


def _rows(customers: Customers, text: pd.Series) -> IntArray:
    return as_text(customers.ids).get_indexer(pd.Index(text))


def named(judged: FutureValuePriors, position: int) -> dict[str, object]:
    """Customer, opportunity and expert of a judgement."""
    row = judged.table.iloc[position]
    return {name: row[name] for name in NAMES}


def audit_in_value(value: Valued) -> pd.DataFrame:
    """The record of each judgement with its money in the value; see `JudgementInValue.audit`."""
    judged = require_judged(value)
    used = np.zeros(len(judged))
    for position, money in opportunity_parts(value, judged):
        used[position] = money.mean()
    for position, change in means_of_changes(value, judged).items():
        used[position] = change
    return value.described(judged.audit().assign(used=used, used_share=share_of(used, sum(value.means().values()))))
