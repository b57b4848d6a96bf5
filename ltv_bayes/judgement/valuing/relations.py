"""How judgements relate to what the model foresees: said for all of them, and refused where it cannot be."""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from ltv_bayes.judgement.form.cells import refuse
from ltv_bayes.judgement.form.columns import RELATIONS
from ltv_bayes.predictions.visibility import VisibleShare

if TYPE_CHECKING:
    from ltv_bayes.judgement.future_value import FutureValuePriors


class Setting(Enum):
    """A setting that nobody gave."""

    AS_BEFORE = "as before"


AS_BEFORE = Setting.AS_BEFORE


def with_relation(
    judged: "FutureValuePriors",
    relation: str,
    *,
    visible: VisibleShare | Setting | None = AS_BEFORE,
    opinion_weight: float | Setting | None = AS_BEFORE,
    shows_life: bool | float | Setting | None = AS_BEFORE,
) -> "FutureValuePriors":
    """Say how judgements relate to what the model foresees, where the table does not say it row by row.

    What is not given stays as it was.

    Parameters
    ----------
    relation : {"additional", "visible_share", "same_total"}
        Projects outside the ordinary repeat purchases; ordinary purchases that the pipeline shows already; or
        opinions on all that a customer will bring within the horizon.
    visible : VisibleShare, optional
        For ``visible_share``: which part of the ordinary purchases the pipeline shows, and how far ahead.
    opinion_weight : float or None
        For ``same_total``: weight of the opinion in a logarithmic pool, between 0 and 1; or None if opinions are
        evidence of their own, from other sources than the orders.
    shows_life : bool or float, optional
        Whether open opportunities are signs of life, which they are if not said; or how many times as often living
        customers have one as customers who left, by default 20. ``numpy.inf`` takes all that have one to be alive.
        That there is none then speaks a little against the others. Opportunities of ``visible_share`` are a part
        of the purchases and tell nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from ltv_bayes.judgement.future_value import FutureValuePriors
    >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
    >>> judged = FutureValuePriors.from_judgements(frame).with_relation("additional")
    >>> judged.relations.tolist()
    ['additional']
    """
    stated = judged.relations
    table = judged.table.assign(relation=stated.where(stated.notna(), relation))
    settings = {"visible": visible, "opinion_weight": opinion_weight, "shows_life": shows_life}
    given: dict[str, Any] = {name: value for name, value in settings.items() if value is not AS_BEFORE}
    related = replace(judged, table=table, **given)
    refuse_certain_opinions(related)
    return related


def refuse_relations(judged: "FutureValuePriors") -> None:
    """Raise for relations that cannot be."""
    relations = judged.relations
    unknown = relations.notna() & ~relations.isin(RELATIONS)
    refuse(judged.table, unknown, "with an unknown relation", f"Write one of {', '.join(RELATIONS)}.")
    named = judged.table["customer_id"].astype(str).where(judged.are_opinions, "")
    twice = judged.are_opinions & named.duplicated(keep=False)
    refuse(judged.table, twice, "with another opinion on the same customer's whole value", "Pool them into one.")


def refuse_certain_opinions(judged: "FutureValuePriors") -> None:
    """Raise for opinions on a customer's whole value without any spread, which nothing can be combined with."""
    certain = judged.are_opinions & (judged.amount_quantiles(0.9) <= judged.amount_quantiles(0.1))
    problem = "with an opinion on a customer's whole value whose low is its high"
    refuse(judged.table, certain, problem, "State how sure it is: a low below the high.")
