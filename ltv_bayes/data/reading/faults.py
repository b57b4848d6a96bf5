"""Rows that cannot be used: which they are, what is wrong with them, and the cure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.errors import InputError, rows_at_fault
from ltv_bayes.language import _

SHOWN_CHARACTERS = 40
ERROR = re.compile(r"\s*#(?:DIV/0!|N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)\s*")
"""What a spreadsheet writes where a formula failed."""


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

    def sentence(self, labels: pd.Index, noun: str = "row") -> str:
        """Say which rows are at fault and what to do next."""
        such_as = _(", such as {example}", example=self.example) if self.example else ""
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


def failed_formulas(cells: pd.Series) -> np.ndarray:
    """Mark cells that hold the error of a formula, such as #DIV/0!.

    Examples
    --------
    >>> failed_formulas(pd.Series(["1", "#N/A", "#1", None])).tolist()
    [False, True, False, False]
    """
    found = np.zeros(len(cells), dtype=bool)
    if isinstance(cells.dtype, pd.StringDtype):
        maybe = pc.fill_null(pc.match_substring(pa.array(cells), "#"), False).to_numpy(zero_copy_only=False)
    elif cells.dtype == object:
        maybe = np.array([type(cell) is str and "#" in cell for cell in cells], dtype=bool)
    else:
        return found
    for place in np.flatnonzero(maybe):
        found[place] = ERROR.fullmatch(cells.iloc[place]) is not None
    return found


def with_errors_named(faults: Sequence[Fault], cells: pd.Series, instead_of: str) -> list[Fault]:
    """Say of cells with the error of a formula that they hold it, and nothing else.

    Examples
    --------
    >>> cells = pd.Series(["1", "#DIV/0!"])
    >>> with_errors_named([], cells, "an amount")[0].sentence(cells.index)
    "1 row with an error in place of an amount, such as '#DIV/0!' (row 1). Correct the formula and export again."
    """
    failed = failed_formulas(cells)
    if not failed.any():
        return list(faults)
    others = [replace(fault, at=fault.at & ~failed) for fault in faults]
    cure = _("Correct the formula and export again.")
    return [
        *others,
        Fault(failed, _("with an error in place of {instead_of}", instead_of=instead_of), cure, quoted(cells, failed)),
    ]


def at_fault(faults: Sequence[Fault], number: int) -> np.ndarray:
    """Mark the rows with any fault."""
    found = np.zeros(number, dtype=bool)
    for fault in faults:
        found |= fault.at
    return found


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
