"""What must hold for a table of frequency, recency and T to be the history of real customers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, rows_at_fault

TOLERANCE = 1e-9
AS_OF_CURE = "Does as_of lie before their last order?"


@dataclass(frozen=True)
class Rule:
    """A rule that no customer may break.

    Attributes
    ----------
    broken_by : callable
        Marks the rows of a table that break the rule.
    problem : str
        Words that follow "3 customers".
    cure : str
        What to do about it.
    """

    broken_by: Callable[[pd.DataFrame], pd.Series]
    problem: str
    cure: str


def _missing(name: str) -> Rule:
    cure = "Fill in the numbers, or leave these customers out."
    return Rule(lambda table: ~np.isfinite(table[name]), f"with a missing or infinite {name}", cure)


def _negative(name: str) -> Rule:
    return Rule(
        lambda table: table[name] < 0, f"with a negative {name}", "Correct the numbers: none can be below zero."
    )


def _fractional(name: str) -> Rule:
    cure = f"{name} counts repeat purchases, so it is a whole number."
    return Rule(lambda table: table[name] % 1 != 0, f"with a fractional {name}", cure)


HISTORY_RULES = (
    *(_missing(name) for name in ("frequency", "recency", "T")),
    *(_negative(name) for name in ("frequency", "recency", "T")),
    _fractional("frequency"),
    Rule(lambda table: table["recency"] > table["T"] * (1 + TOLERANCE), "with recency after T", AS_OF_CURE),
    Rule(
        lambda table: (table["frequency"] == 0) & (table["recency"] > 0),
        "with recency above 0 but frequency 0",
        "frequency counts repeat purchases and recency runs from the first to the last: is frequency one too low?",
    ),
    Rule(
        lambda table: (table["frequency"] > 0) & (table["recency"] == 0),
        "with repeat purchases but recency 0",
        "recency runs from the first purchase to the last: is it the time since the last, or frequency one too high?",
    ),
)
SPEND_RULES = (
    _missing("spend_frequency"),
    _negative("spend_frequency"),
    _fractional("spend_frequency"),
    Rule(
        lambda table: table["spend_frequency"] > table["frequency"],
        "with spend_frequency above frequency",
        "spend_frequency counts those repeat purchases that have a value.",
    ),
    Rule(
        lambda table: (table["spend_frequency"] > 0) & ~np.isfinite(table["monetary_value"]),
        "with repeat purchases but a missing or infinite monetary_value",
        "Fill in the mean value of their repeat purchases, or say spend_frequency 0.",
    ),
    Rule(
        lambda table: (table["spend_frequency"] > 0) & (table["monetary_value"] <= 0),
        "with repeat purchases but a monetary_value of zero or less",
        "Fill in the mean value of their repeat purchases, or say spend_frequency 0.",
    ),
)


def refuse_impossible(table: pd.DataFrame, rules: tuple[Rule, ...]) -> None:
    """Raise for the first rule that customers break.

    Parameters
    ----------
    table : pandas.DataFrame
        Numbers, indexed by customer id.
    rules : tuple of Rule
        In the order in which they are checked.

    Raises
    ------
    InputError
        If a rule is broken; the message names the customers and the cure.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [1], "recency": [9.0], "T": [5.0]}, index=["Ada"])
    >>> refuse_impossible(table, HISTORY_RULES)
    Traceback (most recent call last):
    ltv_bayes.errors.InputError: 1 customer with recency after T (id Ada). Does as_of lie before their last order?
    """
    for rule in rules:
        at = rule.broken_by(table).to_numpy(dtype=bool)
        if at.any():
            raise InputError(rows_at_fault(table.index[at], "customer", rule.problem, rule.cure), table.index[at])


def refuse_repeated(ids: pd.Index, rows: str = "rows") -> None:
    """Raise if a customer has several rows."""
    if ids.has_duplicates:
        repeated = ids[ids.duplicated()].unique()
        cure = "Keep one row for each customer."
        raise InputError(rows_at_fault(repeated, "customer", f"with several {rows}", cure), repeated)
