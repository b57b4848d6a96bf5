"""Several sets of judgements put together into one."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ltv_bayes.data.reading.ids import as_ids, final_ids
from ltv_bayes.errors import InputError, JudgementError, rows_at_fault
from ltv_bayes.judgement.form.layout import VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors, all_judgements
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.language import _


def combine_judgements(*priors: FutureValuePriors) -> FutureValuePriors:
    """Put judgements together, such as a scorecard's and stated opportunities, to be valued as one.

    Each judgement keeps its interval, its adjustments and the draws that it has alone. Rows are numbered anew where
    several have one label.

    Parameters
    ----------
    *priors : FutureValuePriors
        Of different opportunities.

    Raises
    ------
    InputError
        If there is nothing to combine.
    JudgementError
        If one opportunity of a customer is in several, a setting that counts for all judgements differs (shared,
        visible, opinion_weight, shows_life, covers), or adjustments have different numbers of draws.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
    >>> plant, line = (FutureValuePriors.from_judgements(frame.assign(opportunity=name)) for name in ("plant", "line"))
    >>> combine_judgements(plant, line).table["opportunity"].tolist()
    ['plant', 'line']
    """
    if not priors or not all(isinstance(one, FutureValuePriors) for one in priors):
        raise InputError(
            _("There are no judgements to combine. Pass FutureValuePriors, as in combine_judgements(a, b).")
        )
    table = pd.concat([one.table.assign(interval=one.table.get("interval", one.interval)) for one in priors])
    if not table.index.is_unique:
        table = table.reset_index(drop=True)
    ids, _unused = as_ids(table["customer_id"].astype(object))
    table = table.assign(customer_id=pd.Series(final_ids(ids), index=table.index))
    _refuse_twice(table)
    portfolio = None
    if any(one.portfolio is not None for one in priors):
        portfolio = pd.concat([all_judgements(one) for one in priors], ignore_index=True)
    settings = _settings(priors)
    notes = tuple(dict.fromkeys(note for one in priors for note in one.notes))
    return FutureValuePriors(
        table, priors[0].interval, _adjustments(priors), portfolio=portfolio, notes=notes, **settings
    )


def _refuse_twice(table: pd.DataFrame) -> None:
    """Raise where several sets have one opportunity of a customer, or nameless ones of the same number."""
    twice = pd.DataFrame({"who": table["customer_id"].astype(str), "key": table["key"]}).duplicated(keep=False)
    if twice.any():
        customers = list(dict.fromkeys(table.loc[twice, "customer_id"]))
        problem = _("with the same opportunity in several of these judgements, or a nameless one in each")
        cure = _("Keep one, or give them different names in the column opportunity.")
        raise JudgementError(rows_at_fault(customers, "customer", problem, cure), customers)


def _settings(priors: Sequence[FutureValuePriors]) -> dict[str, Any]:
    """Settings that count for all judgements: those of the sets in which they mean something."""
    shows = [one for one in priors if (one.relations == VISIBLE_SHARE).any() or one.visible is not None]
    thinks = [one for one in priors if are_opinions(one.table).any()]
    says = [one for one in priors if one.shows_life is not None]
    covers = [one for one in priors if one.covers is not None]
    meaning = {"shared": list(priors), "visible": shows, "opinion_weight": thinks, "shows_life": says}
    meaning["covers"] = covers
    return {name: _same(name, meant or list(priors)) for name, meant in meaning.items()}


def _same(name: str, priors: Sequence[FutureValuePriors]) -> Any:
    """One value of a setting, which all of these must have."""
    values = [getattr(one, name) for one in priors]
    if any(value != values[0] for value in values):
        different = ", ".join(dict.fromkeys(str(value) for value in values))
        raise JudgementError(
            _(
                "{name} counts for all judgements that are valued together, but differs: {different}. Make it "
                "the same first, as in dataclasses.replace(judged, {name}=...).",
                name=name,
                different=different,
            )
        )
    return values[0]


def _adjustments(priors: Sequence[FutureValuePriors]) -> Adjustments | None:
    """Adjustments of all, nothing being changed where there are none."""
    shapes = {one.adjustments.shape for one in priors if one.adjustments is not None}
    if not shapes:
        return None
    if len(shapes) > 1:
        numbers = ", ".join(f"{chains} x {draws}" for chains, draws in sorted(shapes))
        raise JudgementError(
            _(
                "The adjustments of these judgements have different numbers of chains and draws ({numbers}). "
                "Recalibrate all of them with fits of the same number.",
                numbers=numbers,
            )
        )
    shape = shapes.pop()
    return Adjustments.joined([one.adjustments or Adjustments.none(len(one), shape) for one in priors])
