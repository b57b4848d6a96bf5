"""What a reader should know before relying on a value."""

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.histories import typical_order
from ltv_bayes.data.reading.amount_units import warn_of_other_unit
from ltv_bayes.errors import counted
from ltv_bayes.formatting import money, percent
from ltv_bayes.judgement.form.layout import VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.judgement.valuing.windows import beyond_horizon
from ltv_bayes.language import _, _n, comma
from ltv_bayes.streams.notes import history_notes
from ltv_bayes.streams.order_stream import OrderStream
from ltv_bayes.terms import Terms
from ltv_bayes.value.influence.conflicts import note_on_conflicts
from ltv_bayes.value.influence.double_counting import notes_on_overlap
from ltv_bayes.value.influence.sensitivity import judgement_share
from ltv_bayes.value.valued import Valued, share_of

FEW_CUSTOMERS = 30
MUCH_JUDGEMENT = 0.5
FEW_DRAWS = 20
HEAVY_TAIL = 0.2
FAR_SCALE = 500.0


def warn_of_scale(customers: Customers, judged: FutureValuePriors) -> None:
    """Warn where judged amounts and orders can hardly be counted in one unit."""
    order, amount = typical_order(customers), judged.table["median"][~are_opinions(judged.table)].median()
    stated, ordered = (money(typical, customers.currency) for typical in (amount, order))
    if order > 0:
        compared = _("Judged amounts are typically {stated}, orders {ordered}", stated=stated, ordered=ordered)
        warn_of_other_unit(amount / order, FAR_SCALE, compared, _("If not, pass amount_unit= to from_judgements."))


def notes_on(value: Valued) -> list[str]:
    """Write the notes."""
    notes = [_("{caution}: do not use these numbers yet.", caution=value.caution)] if value.caution else []
    terms, customers = value.settings.terms, value.customers
    uses = any(isinstance(one, OrderStream) and one.customers is None for one in value.valuation.streams)
    notes += history_notes(customers, terms, foreseen=uses)
    notes += [note for stream in value.valuation.streams for note in stream.notes(customers, terms)]
    notes += notes_on_overlap(value)
    notes += note_on_conflicts(value)
    return [*notes, *notes_on_total(value, len(customers))]


def notes_on_total(value: Valued, number: int) -> list[str]:
    """Write those that the total alone tells, of a number of customers who need not be at hand."""
    notes: list[str] = []
    if number < FEW_CUSTOMERS and value.has_streams:
        notes.append(_("{customers}: few, so priors weigh in.", customers=counted(number, "customer")))
    share = judgement_share(value)["mean"]
    if share > MUCH_JUDGEMENT and value.has_streams:
        notes.append(_("judgement makes up {share} of the expected value.", share=percent(share)))
    chains, draws = value.valuation.shape
    if chains * draws < FEW_DRAWS:
        drawn = counted(chains * draws, "draw")
        notes.append(
            _(
                "{drawn} of the posterior: too few for intervals and standard deviations. Fit with more draws.",
                drawn=drawn,
            )
        )
    elif _share_of_largest(value.total()) > HEAVY_TAIL:
        notes.append(
            _("single extreme draws carry the sd of the total and sway its mean: rely on medians and intervals.")
        )
    elif number >= FEW_CUSTOMERS and value.has_streams:
        common = value.results.common_share(value.settings.place)
        if np.isfinite(common):
            notes.append(
                _(
                    "{common} of the variance of the total is common to all customers, and is not evened out "
                    "by more of them.",
                    common=percent(common),
                )
            )
    if value.future_value is not None:
        notes += _on_dates(value.future_value, value.settings.terms, value.horizons)
    return notes


def _on_dates(judged: FutureValuePriors, terms: Terms, horizons: list[str]) -> list[str]:
    """Say which opportunities are without a date, or expected after the horizon, for sure or perhaps."""
    notes, (late, across) = [], beyond_horizon(judged, terms)
    anywhen = ~are_opinions(judged.table) & (judged.relations != VISIBLE_SHARE)
    undated = int((judged.table["expected_from"].isna() & anywhen).sum())
    if undated and len(horizons) > 1:
        notes.append(
            _(
                "{opportunities} without a date may occur on any day of the longest horizon ({horizons}).",
                opportunities=_opportunities(undated),
                horizons=horizons[-1],
            )
        )
    if len(late):
        notes.append(
            _n(
                "{opportunities} expected after the horizon does not count (row {rows}).",
                "{opportunities} expected after the horizon do not count (rows {rows}).",
                len(late),
                opportunities=_opportunities(len(late)),
                rows=_rows(late),
            )
        )
    if len(across):
        notes.append(
            _n(
                "{opportunities} may occur after the horizon, and then does not count (row {rows}).",
                "{opportunities} may occur after the horizon, and then do not count (rows {rows}).",
                len(across),
                opportunities=_opportunities(len(across)),
                rows=_rows(across),
            )
        )
    return notes


def _opportunities(number: int) -> str:
    return counted(number, "judged opportunity", "judged opportunities")


def _rows(table: pd.DataFrame) -> str:
    return comma(table.index[:5])


def _share_of_largest(total: np.ndarray) -> float:
    """The part of the variance that the single most extreme draw makes: near 0 unless the tail has no variance."""
    squares = (total - total.mean()) ** 2
    return float(share_of(squares.max(), squares.sum()))
