"""Whether it occurs: a chance stated as a number, as cases, as an interval or by the stage of the sale."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import JudgementError, listed, suggestion
from ltv_bayes.formulas.beliefs.elicit import beta_from_interval, for_distinct
from ltv_bayes.judgement.beliefs.chance_belief import JEFFREYS, as_chance
from ltv_bayes.judgement.form.cells import as_share, blank, choices, refuse, shares, texts
from ltv_bayes.judgement.form.layout import OF_OPPORTUNITY, OF_STAGE
from ltv_bayes.language import _

COLUMNS_OF_CHANCE = ["probability", "chance_a", "chance_b"]
STATED = ("cases", "of", "probability_low", "probability_high")
CASES = re.compile(r"(\d+)\s*(?:/|(?:out )?of(?: the)?(?: last)?)\s*(\d+)")


def chances(
    table: pd.DataFrame, interval: pd.Series, stages: Mapping[str, Any] | None, decimal: str
) -> dict[str, pd.Series]:
    """Read the chance of each judgement.

    Parameters
    ----------
    table : pandas.DataFrame
        Cells as they were written.
    interval : pandas.Series
        Probability of the chance lying within its interval.
    stages : mapping, optional
        The chance of each stage: a number, ``(won, of)``, "3 of 10" or a `ChanceBelief`.
    decimal : str
        The decimal mark in text.

    Returns
    -------
    dict of pandas.Series
        probability, chance_a and chance_b (missing where the chance is a number), what was stated of cases and
        intervals, and chance_of: stage where all opportunities of the stage have the same unknown chance.
    """
    table = _cases_apart(table)
    number = shares(table, "probability", decimal)
    refuse(table, number.notna() & ~number.between(0, 1), _("with a probability outside 0 to 1"), "Write 60% as 0.6.")
    stated = {name: shares(table, name, decimal) for name in STATED}
    by_stage, stated_by_stage = _from_stages(table, stages, interval)
    chance = _chance(number)
    for way in (_from_cases(table, stated), _from_interval(table, stated, interval), by_stage):
        if way is None:
            continue
        both = chance["probability"].notna() & way["probability"].notna()
        differ = both & ~np.isclose(chance.fillna(0), way.fillna(0), rtol=1e-9).all(axis=1)
        cure = _("Keep one: probability, cases, an interval of it, or the stage where stages= is given.")
        refuse(table, differ, _("stating the chance in several ways that contradict"), cure)
        chance = chance.where(chance["probability"].notna(), way)
    cure = _("Write it as a plain number, such as 0.6, or as cases, such as 3 of 10.")
    if stages is None and (chance["probability"].isna() & ~blank(table["stage"])).any():
        cure += _(" Or give the chances of stages, as in stages={{'proposal': 0.4}}.")
    refuse(table, chance["probability"].isna(), _("without a number in 'probability'"), cure)
    if stated_by_stage is not None:
        stated = {name: stated[name].fillna(stated_by_stage[name]) for name in STATED}
    return {**chance, **stated, "chance_of": _chance_of(table, chance, by_stage)}


def _chance_of(table: pd.DataFrame, chance: pd.DataFrame, by_stage: pd.DataFrame | None) -> pd.Series:
    """What has the chance where it is in doubt: all of the stage if that is stated, or if the stage gave the chance."""
    plain = choices(table, "chance_of", (OF_OPPORTUNITY, OF_STAGE), str.lower)
    chance_of = plain if by_stage is None else plain.where(plain.notna() | by_stage["chance_a"].isna(), OF_STAGE)
    nowhere = (chance_of == OF_STAGE) & blank(table["stage"])
    refuse(table, nowhere, _("with the chance of a stage, but no stage"), _("Fill in stage, or leave chance_of blank."))
    return chance_of.where(chance["chance_a"].notna(), None)


def _cases_apart(table: pd.DataFrame) -> pd.DataFrame:
    """Move "3 of 10" from probability to cases and of."""
    cells = table["probability"]
    found = [CASES.fullmatch(unicodedata.normalize("NFKC", str(cell)).strip().lower()) for cell in cells]
    written = pd.Series([match is not None for match in found], index=table.index)
    if not written.any():
        return table
    moved = table.assign(probability=cells.astype(object).where(~written, None))
    for group, name in enumerate(("cases", "of"), start=1):
        twice = written & ~blank(table[name])
        refuse(table, twice, _("with cases in 'probability' and in {name!r}", name=name), _("Keep one of the two."))
        moved[name] = [match[group] if match else cell for match, cell in zip(found, table[name], strict=True)]
    return moved


def _chance(probability: pd.Series, a: Any = np.nan, b: Any = np.nan) -> pd.DataFrame:
    return pd.DataFrame({"probability": probability, "chance_a": a, "chance_b": b}, index=probability.index)


def _pair(table: pd.DataFrame, stated: Mapping[str, pd.Series], first: str, second: str) -> tuple[pd.Series, pd.Series]:
    """Two columns that go together."""
    one, other = stated[first], stated[second]
    refuse(
        table,
        one.isna() != other.isna(),
        _("with one of {first} and {second} only", first=first, second=second),
        _("Fill in both, or neither."),
    )
    return one, other


def _from_cases(table: pd.DataFrame, stated: Mapping[str, pd.Series]) -> pd.DataFrame | None:
    """Like 3 of the last 10: beta, by Jeffreys' prior; None where no row says so."""
    cases, of = _pair(table, stated, "cases", "of")
    if cases.isna().all():
        return None
    wrong = cases.notna() & ((cases < 0) | (of <= 0) | (cases > of))
    refuse(table, wrong, _("with cases below 0 or above of"), _("Write 3 of 10 as cases 3, of 10."))
    a, b = cases + JEFFREYS, of - cases + JEFFREYS
    return _chance(a / (a + b), a, b)


def _from_interval(table: pd.DataFrame, stated: Mapping[str, pd.Series], interval: pd.Series) -> pd.DataFrame | None:
    """An interval of the chance: beta with these quantiles; None where no row has one."""
    low, high = _pair(table, stated, "probability_low", "probability_high")
    if low.isna().all():
        return None
    refuse(
        table,
        low.notna() & ~((low > 0) & (high < 1)),
        _("with an interval of the chance that reaches 0 or 1"),
        _("State probability_low above 0 and probability_high below 1; write 40% as 0.4."),
    )
    refuse(table, low > high, _("with probability_low above probability_high"), _("Swap the two, or correct them."))
    chance = _chance(low.where(low == high))
    wide = (low < high).to_numpy()
    if wide.any():
        a, b = for_distinct(
            lambda first, last, sure: beta_from_interval(first, last, interval=sure),
            *(column.to_numpy()[wide] for column in (low, high, interval)),
        )
        chance.loc[wide, COLUMNS_OF_CHANCE] = np.column_stack([a / (a + b), a, b])
    return chance


def _from_stages(
    table: pd.DataFrame, stages: Mapping[str, Any] | None, interval: pd.Series
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """The chance of the stage, and the columns that would say the same; None where no chances of stages are given."""
    if stages is None:
        return None, None
    chance = _chance(pd.Series(np.nan, index=table.index))
    stated = pd.DataFrame(np.nan, index=table.index, columns=list(STATED))
    if len({plain_stage(name) for name in stages}) < len(stages):
        raise JudgementError(
            _("stages= gives a stage twice, in other capitals or blanks: {stages}. Keep one.", stages=listed(stages))
        )
    known = {plain_stage(name): as_chance(_as_rows_say(given), str(name)) for name, given in stages.items()}
    stage = texts(table["stage"]).map(plain_stage, na_action="ignore")
    unknown = stage.notna() & ~stage.isin(known)
    example = str(table.loc[unknown.to_numpy(), "stage"].iloc[0]) if unknown.any() else ""
    cure = _("{suggestion} Add it to stages=.", suggestion=suggestion(example, map(str, stages)))
    refuse(table, unknown, _("with a stage that stages= does not have, such as {example!r}", example=example), cure)
    for name, belief in known.items():
        rows = (stage == name).to_numpy()
        chance.loc[rows, COLUMNS_OF_CHANCE] = [belief.probability, belief.a, belief.b]
        if "of" in belief.stated:
            stated.loc[rows, ["cases", "of"]] = [belief.stated["cases"], belief.stated["of"]]
        elif not belief.is_number:
            levels = np.column_stack([1 - interval[rows], 1 + interval[rows]]) / 2
            stated.loc[rows, ["probability_low", "probability_high"]] = belief.quantile(levels)
    return chance, stated


def _as_rows_say(chance: Any) -> Any:
    """Read text as the rows of a table may say it: "3 of 10", "40%"."""
    if not isinstance(chance, str):
        return chance
    if match := CASES.fullmatch(unicodedata.normalize("NFKC", chance).strip().lower()):
        return float(match[1]), float(match[2])
    number = as_share(chance)
    return number if np.isfinite(number) else chance


def plain_stage(name: Any) -> str:
    """Write the name of a stage so that capitals and blanks do not matter.

    Examples
    --------
    >>> plain_stage(" Final  Talks")
    'final talks'
    """
    return " ".join(str(name).split()).casefold()
