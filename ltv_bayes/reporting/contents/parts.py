"""What sections are made of: sentences, tables, pictures and badges."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ltv_bayes.errors import sentence_case
from ltv_bayes.language import _, without_hint

State = Literal["good", "doubt", "bad", "plain"]


@dataclass(frozen=True)
class Text:
    """A sentence or a paragraph.

    Attributes
    ----------
    text : str
        As plain text; it is escaped where it is written.
    state : {"plain", "good", "doubt", "bad"}
        How it is to be taken: a caution is "bad", a note of what is unsure "doubt".
    """

    text: str
    state: State = "plain"


def note(text: str) -> Text:
    """What a reader should know, as a sentence, without the functions that analysts are pointed to.

    Examples
    --------
    >>> note("few customers, so priors weigh in").text
    'Few customers, so priors weigh in.'
    """
    text = without_hint(text)
    end = "" if text.endswith((".", "!", "?", "。")) else _(".")
    return Text(f"{sentence_case(text)}{end}", "doubt")


@dataclass(frozen=True, eq=False)
class Table:
    """A table of results.

    Attributes
    ----------
    key : str
        Name of its sheet and its place in the page, in English letters.
    title : str
        What it shows.
    frame : pandas.DataFrame
        Numbers as they are; how they are written follows from the names of the columns, see `headings`.
    currency : str or None
        Currency of its amounts.
    amounts : bool
        Whether numbers that are neither shares nor probabilities are money.
    note : str
        How to read it.
    rows : int or None
        How many rows a page shows; a workbook has all.
    """

    key: str
    title: str
    frame: pd.DataFrame
    currency: str | None = None
    amounts: bool = True
    note: str = ""
    rows: int | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, drawn when it is asked for.

    Attributes
    ----------
    key : str
        Its place in the page.
    label : str
        What it shows, for readers who cannot see it.
    draw : callable
        Draws it: returns matplotlib Axes or a Figure.
    """

    key: str
    label: str
    draw: Callable[[], Any]


@dataclass(frozen=True)
class Badge:
    """A verdict at a glance.

    Attributes
    ----------
    text : str
        A few words, such as "totals held in 5 of 6 windows".
    state : {"good", "doubt", "bad", "plain"}
        The verdict.
    meaning : str
        What it means, in a sentence or two.
    """

    text: str
    state: State
    meaning: str


@dataclass(frozen=True)
class Figure:
    """One number that leads.

    Attributes
    ----------
    name, value, detail : str
        What it is, the number as people write it, and its interval or what else belongs to it.
    """

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, eq=False)
class CustomerTable:
    """All customers, to be searched, sorted and filtered, with the sources of each one's value.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by customer_id, the most to come first.
    sources : pandas.DataFrame
        Mean of each source of money, by customer: what a waterfall shows.
    groups : tuple of str
        Columns to filter by, such as the segment and the tier.
    currency : str or None
        Currency of the amounts.
    note : str
        How to read it.
    """

    frame: pd.DataFrame
    sources: pd.DataFrame
    groups: tuple[str, ...] = ()
    currency: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Term:
    """A word and what it means.

    Attributes
    ----------
    word, meaning : str
        As plain text.
    """

    word: str
    meaning: str


Part = Text | Table | Picture | Badge | Figure | CustomerTable | Term


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    key : str
        Its place in the page, in English letters.
    title : str
        Its heading.
    parts : tuple
        What stands in it, in order; never empty.
    """

    key: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Document:
    """A report's content in one language, ready to be written.

    Attributes
    ----------
    title : str
        What stands above.
    language : str
        Of all texts in it, such as "en".
    lines : tuple of str
        Below the title: what was read, and the terms.
    sections : tuple of Section
        In order.
    """

    title: str
    language: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]

    def tables(self) -> list[Table | CustomerTable]:
        """Every table, in order: what a workbook holds."""
        parts = (part for section in self.sections for part in section.parts)
        return [part for part in parts if isinstance(part, Table | CustomerTable)]
