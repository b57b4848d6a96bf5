"""Who has value that is not yet realised, and why."""

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import ColumnError, listed
from ltv_bayes.formatting import label, money, probability
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import summarize_sorted
from ltv_bayes.language import _, comma, semicolon
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.streams.repeat_purchases import RepeatPurchases, mean_alive_both
from ltv_bayes.value.decisions.histories_in_words import histories_in_words, what_signs_did
from ltv_bayes.value.decisions.ranking import nothing_more
from ltv_bayes.value.draws.judged_streams import shows_opportunities
from ltv_bayes.value.draws.valuation import JUDGED, REALISED, Components, Valuation
from ltv_bayes.value.valued import Valued

Interval = tuple[float, str]
ENDS = ("_lb", "_ub")
NAMED = 2


def upside(value: Valued, interval: Interval) -> pd.DataFrame:
    """Future money beside past revenue, of each customer; see `LifetimeValue.upside`."""
    realised = _realised(value.valuation)
    columns: list[dict[str, Array]] = []
    for block, sources in value.results.draws_by_block(value.settings.place, means=True):
        columns.append(_to_come(sources, block.means, realised[block.rows], interval))
    table = pd.DataFrame(
        {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}, index=value.customers.ids
    )
    table.insert(0, "realised", realised)
    table["reason"] = _reasons(value, table)
    order = np.lexsort((-table["upside"], nothing_more(table)))
    return value.described(table.iloc[order], settings=str(value.settings.to_come))


def _to_come(sources: Components, means: Components, realised: Array, interval: Interval) -> dict[str, Array]:
    """Summaries of the future money of some customers, from arrays (customers, draws), and means (customers, 1)."""
    none = np.zeros_like(next(iter(sources.values())))
    money = sum((drawn for name, drawn in sources.items() if name != REALISED), none)
    judged = means.get(JUDGED, none[:, :1])[:, 0]
    modelled = sum((mean for name, mean in means.items() if name not in (REALISED, JUDGED)), none[:, :1])[:, 0]
    found = summarize_sorted(np.sort(money, axis=1), *interval)
    above = np.mean(money > realised[:, np.newaxis], axis=1)
    return {
        "modelled": modelled,
        "judged": judged,
        "upside": modelled + judged,
        **{f"upside_{name}": values for name, values in found.items() if name.endswith(ENDS)},
        "probability_above_realised": np.where(np.isfinite(realised), above, np.nan),
    }


def _realised(valuation: Valuation) -> Array:
    """Past revenue of customers, after margin; missing where their tables do not state it."""

    def of(customers: Customers) -> Array:
        parts = [valuation.margins.of(one.name, customers) * one.realised(customers) for one in valuation.streams]
        return np.sum(parts, axis=0) if parts else np.full(len(customers), np.nan)

    try:
        return np.concatenate([of(batch) for batch in valuation.customers.batches(CUSTOMERS_IN_BATCH)])
    except ColumnError:
        return np.full(len(valuation.customers), np.nan)


def _reasons(value: Valued, table: pd.DataFrame) -> list[str]:
    """Name for each customer the sources of the future value."""
    text = as_text(table.index)
    history = _of_histories(value, text)
    judged = _of_judgements(value)
    words = []
    rows = table[["realised", "modelled", "judged"]].to_numpy()
    for written, (realised, from_models, from_judgements) in zip(text, rows, strict=True):
        parts = [history.get(written, ""), judged.get(written, "")]
        if from_judgements > from_models:
            parts.reverse()
        if np.isfinite(realised):
            parts.append(_("realised {realised} so far", realised=money(realised, value.currency)))
        words.append(semicolon(part for part in parts if part))
    return words


def _of_histories(value: Valued, text: pd.Index) -> dict[str, str]:
    """Histories in words, by id as text; where there are none, the streams that pay."""
    streams = [one for one in value.valuation.conditioned if isinstance(one, RepeatPurchases)]
    others = [label(one.name) for one in value.valuation.streams if not isinstance(one, RepeatPurchases)]
    words_by_id = dict.fromkeys(text, _("from {others}", others=listed(others)) if others else "")
    for stream in streams:
        histories = value.customers if stream.customers is None else stream.customers
        known = known_ids(histories, text)
        if known:
            customers = histories.subset(list(known.values()))
            words = histories_in_words(customers) + _alive(value, stream, customers)
            words_by_id |= dict(zip(as_text(customers.ids), words, strict=True))
    return words_by_id


def _alive(value: Valued, stream: RepeatPurchases, customers: Customers) -> list[str]:
    """Whether customers are still active, as the value has it, where the stream knows it."""
    if stream.while_alive is not None or not isinstance(stream.purchases, FittedPurchases):
        return [""] * len(customers)
    chances = mean_alive_both(stream, customers, value.valuation.shape, value.valuation.seed)
    opportunities = shows_opportunities(stream, value.valuation.streams)
    found = []
    for by_orders, chance in zip(*chances, strict=True):
        why = what_signs_did(chance, by_orders, opportunities)
        apart = _(" ({by_orders} from orders alone, {why})", by_orders=probability(by_orders), why=why) if why else ""
        found.append(_(", P(alive) {chance}{apart}", chance=probability(chance), apart=apart))
    return found


def _of_judgements(value: Valued) -> dict[str, str]:
    """Judgements on customers, by id as text: the largest opportunities named."""
    judged = value.future_value
    if judged is None:
        return {}
    table = judged.audit()
    table = table.assign(expected=table["probability"] * table["median"]).sort_values("expected", ascending=False)
    return {
        written: _named(rows, value.currency)
        for written, rows in table.groupby(table["customer_id"].astype(str), sort=False)
    }


def _named(rows: pd.DataFrame, currency: str | None) -> str:
    parts = [
        _(
            "{opportunity}, {median} with probability {probability}",
            opportunity=row.opportunity,
            median=money(row.median, currency),
            probability=probability(row.probability),
        )
        for row in rows.head(NAMED).itertuples()
    ]
    more = _(" and {number} more", number=len(rows) - NAMED) if len(rows) > NAMED else ""
    return _("judged: {parts}{more}", parts=comma(parts), more=more)
