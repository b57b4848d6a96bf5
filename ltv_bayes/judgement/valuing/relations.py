"""How judgements relate to the model's forecast, row by row; relations that cannot be are refused."""

import datetime as dt
from enum import Enum

import numpy as np
import pandas as pd

from ltv_bayes.errors import JudgementError
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.judgement.form.cells import refuse
from ltv_bayes.judgement.form.layout import RELATIONS, SAME_TOTAL, SCORED, VISIBLE_SHARE
from ltv_bayes.judgement.valuing.expected import stated_quantiles
from ltv_bayes.language import _, comma
from ltv_bayes.predictions.signs.signs_of_life import SignsOfLife
from ltv_bayes.predictions.signs.strength import SignStrength
from ltv_bayes.predictions.visibility import Coverage


class Setting(Enum):
    """A setting that is not given."""

    AS_BEFORE = "as before"


AS_BEFORE = Setting.AS_BEFORE


def relations_of(table: pd.DataFrame) -> pd.Series:
    """How each judgement of `FutureValuePriors.table` relates to the forecast; missing where it is not stated."""
    stated = table["relation"] if "relation" in table else [None] * len(table)
    words = [None if pd.isna(word) or not str(word).strip() else word for word in stated]
    return pd.Series(words, table.index, dtype=object, name="relation")


def are_opinions(table: pd.DataFrame) -> np.ndarray:
    """Mark opinions on a customer's whole future value; the others are opportunities."""
    return (relations_of(table) == SAME_TOTAL).to_numpy(dtype=bool)


def signs_of_life(
    table: pd.DataFrame,
    shows_life: bool | float | SignStrength | None,
    *,
    as_of: dt.date | None = None,
    coverage: Coverage | None = None,
) -> SignsOfLife | None:
    """Customers with an open opportunity; None where these are not taken for signs of life, or there are none.

    Opinions on a whole value and ratings are no signs, nor are opportunities without a chance. Those that stand for
    purchases which the model predicts are none either: they are counted as purchases. The newest of a customer's
    opportunities counts; without stated_on it is of the as-of date.
    """
    if shows_life is False:
        return None
    known = table[_are_signs(table)]
    ids = known["customer_id"].astype(str)
    ages: dict[str, float] = {}
    if as_of is not None and "stated_on" in table and known["stated_on"].notna().any():
        days = (pd.Timestamp(as_of) - known["stated_on"]).dt.days.fillna(0).clip(lower=0).astype(float)
        newest = days.groupby(ids.to_numpy()).min()
        ages = {str(customer_id): age for customer_id, age in newest[newest > 0].items()}
    ratio = SignStrength() if isinstance(shows_life, bool | None) else shows_life
    return SignsOfLife(frozenset(ids), ratio, ages=ages, coverage=coverage) if len(ids) else None


def refuse_relation_settings(opinion_weight: float | None, shows_life: object) -> None:
    """Raise for a weight that is no share, and for signs that are neither a choice nor a strength above 1."""
    if opinion_weight is not None:
        as_share(opinion_weight, "opinion_weight")
    if not isinstance(shows_life, bool | SignStrength | None) and not (
        isinstance(shows_life, int | float | np.number) and shows_life > 1
    ):
        raise JudgementError(
            _(
                "shows_life must be True, False or a number above 1, or a SignStrength, not {shows_life!r}.",
                shows_life=shows_life,
            )
        )


def chances_that_one_comes(table: pd.DataFrame) -> pd.Series:
    """The largest chance of a customer's open opportunities that are signs of life, by customer_id as text.

    An opportunity comes only to a customer who is alive, so P(alive) is not below it.
    """
    known = table[_are_signs(table)]
    return known.groupby(known["customer_id"].astype(str).to_numpy())["probability"].max()


def _are_signs(table: pd.DataFrame) -> pd.Series:
    signs = ~are_opinions(table) & (relations_of(table) != VISIBLE_SHARE) & (table["probability"] > 0)
    return signs & table[SCORED].isna() if SCORED in table else signs


def refuse_relations(table: pd.DataFrame) -> None:
    """Raise for relations that cannot be."""
    relations = relations_of(table)
    opinions = (relations == SAME_TOTAL).to_numpy(dtype=bool)
    unknown = relations.notna() & ~relations.isin(RELATIONS)
    refuse(table, unknown, _("with an unknown relation"), _("Write one of {relations}.", relations=comma(RELATIONS)))
    twice = np.zeros(len(table), dtype=bool)
    twice[opinions] = table["customer_id"][opinions].astype(str).duplicated(keep=False)
    refuse(table, twice, _("with another opinion on the same customer's whole value"), _("Pool them into one."))


def refuse_certain_opinions(table: pd.DataFrame) -> None:
    """Raise for opinions on a customer's whole value without any spread, which nothing can be combined with."""
    table = table[are_opinions(table)]
    certain = stated_quantiles(table, 0.9) <= stated_quantiles(table, 0.1)
    problem = _("with an opinion on a customer's whole value that has low equal to high")
    refuse(table, certain, problem, _("State how sure it is: a low below the high."))
