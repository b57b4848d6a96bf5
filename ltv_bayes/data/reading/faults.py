"""Rows that cannot be used: which they are, what is wrong with them, and the cure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, rows_at_fault

SHOWN_CHARACTERS = 40


@dataclass(frozen=True, eq=False)
class Fault:
    """One thing that is wrong with some rows.

    Attributes
    ----------
    at : numpy.ndarray
        True for each row at fault.
    problem : str
        Words that follow "3 rows", such as "without a date".
    cure : str
        What the reader can do about it.
    example : str
        A cell at fault, for the message; empty if there is nothing to show.
    """

    at: np.ndarray
    problem: str
    cure: str
    example: str = ""

    def among(self, rows: np.ndarray) -> "Fault":
        """The same fault of some rows only, by a mask."""
        return replace(self, at=self.at[rows])

    def sentence(self, labels: pd.Index, noun: str = "row") -> str:
        """Say which rows are at fault and what to do next."""
        such_as = f", such as {self.example}" if self.example else ""
        return rows_at_fault(labels[self.at], noun, f"{self.problem}{such_as}", self.cure)


def quoted(cells: pd.Series, at: np.ndarray) -> str:
    """Quote the first cell at fault, shortened; empty if there is none.

    Examples
    --------
    >>> quoted(pd.Series(["1", "one"]), np.array([False, True]))
    "'one'"
    """
    positions = np.flatnonzero(at)
    if not len(positions):
        return ""
    text = str(cells.iloc[positions[0]])
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")


def at_fault(faults: Sequence[Fault], number: int) -> np.ndarray:
    """Mark the rows with any fault."""
    return np.logical_or.reduce([np.zeros(number, dtype=bool), *(fault.at for fault in faults)])


def reasons(faults: Sequence[Fault], number: int) -> np.ndarray:
    """Give every row its first fault, or None.

    Examples
    --------
    >>> first, second = np.array([True, False, False]), np.array([True, True, False])
    >>> reasons([Fault(first, "without a date", ""), Fault(second, "without an amount", "")], 3).tolist()
    ['without a date', 'without an amount', None]
    """
    found = np.full(number, None, dtype=object)
    for fault in reversed(faults):
        found[fault.at] = fault.problem
    return found


def refuse(faults: Sequence[Fault], labels: pd.Index, way_out: str = "", noun: str = "row") -> None:
    """Raise one error that names every fault, if there is any.

    Parameters
    ----------
    faults : sequence of Fault
        What was found.
    labels : pandas.Index
        Row numbers or ids, one for each row.
    way_out : str
        A last sentence for all faults.
    noun : str
        What is called a row.

    Raises
    ------
    InputError
        If any row has a fault.
    """
    found = [fault for fault in faults if fault.at.any()]
    if found:
        message = " ".join([*(fault.sentence(labels, noun) for fault in found), way_out]).strip()
        raise InputError(message, labels[at_fault(found, len(labels))])
