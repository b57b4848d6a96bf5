"""What a person decided about pairs, read back from the table that was written for it."""

import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.matching.evidence import DIFFERENT, SAME
from ltv_bayes.data.matching.joined import Pair
from ltv_bayes.data.matching.systems import Parties
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.faults import Fault, quoted, refuse
from ltv_bayes.data.reading.files import read_table, source_name
from ltv_bayes.data.reading.ids import as_ids, as_text
from ltv_bayes.errors import InputError
from ltv_bayes.language import _

WORDS = {"same": SAME, "different": DIFFERENT, "相同": SAME, "不同": DIFFERENT}
NEEDED = ("system_a", "id_a", "system_b", "id_b", "decision")
LATER_RUN = _("Write the pairs again with .write(), or correct the row.")


def read_decisions(source: Any, parties: Parties) -> dict[Pair, tuple[str, Any]]:
    """Read decisions by pair, each with the row that holds it.

    Blank cells decide nothing, and neither do rows that a rule decided when the table was written: the rules say so
    again, if they still do.

    Raises
    ------
    InputError
        If a word is unknown, an id is not there, a row names one id twice, or two rows contradict each other; the
        message names the rows.
    ColumnError
        If a column is missing.
    """
    table = _cells(source)
    words = _words(table["decision"])
    filled = words != ""
    if "decided_by" in table.columns:
        filled &= ~((_words(table["decided_by"]) == "rule") & (words == SAME))
    table, words = table[filled], words[filled]
    unknown = ~words.isin(WORDS).to_numpy()
    named = Fault(
        unknown, _("of {source} with another decision", source=source_name(source)), _choices(), quoted(words, unknown)
    )
    refuse([named], table.index)
    one, lost_one = _places(table["system_a"], table["id_a"], parties)
    other, lost_other = _places(table["system_b"], table["id_b"], parties)
    lost = lost_one | lost_other
    itself = ~lost & (one == other)
    refuse(
        [
            Fault(
                lost, _("of {source} with a system or an id that is not there", source=source_name(source)), LATER_RUN
            ),
            Fault(itself, _("of {source} with one id on both sides", source=source_name(source)), _("Name two ids.")),
        ],
        table.index,
    )
    return _once_each(source, zip(one, other, words.map(WORDS), table.index, strict=True), parties)


def _cells(source: Any) -> pd.DataFrame:
    """The table, with the columns that are needed."""
    table = read_table(source)
    for name in NEEDED:
        named_column(table, name, "decisions", _("It is the table that .write() of the matches writes."))
    return table


def _words(cells: pd.Series) -> pd.Series:
    """Words in small letters and one width, empty where blank."""
    texts, _ = as_ids(cells)
    written = ["" if pd.isna(text) else unicodedata.normalize("NFKC", str(text)).casefold() for text in texts]
    return pd.Series(written, index=cells.index, dtype="str")


def _choices() -> str:
    return _("Write same or different, or leave the cell blank.")


def _places(systems: pd.Series, ids: pd.Series, parties: Parties) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the parties, and which are not there."""
    rows = {(system, text): place for system in parties.systems for text, place in parties.places(system).items()}
    names, _ = as_ids(systems)
    texts, _ = as_ids(ids)
    keys = zip(as_text(names), as_text(texts), strict=True)
    places = np.array([rows.get(key, -1) for key in keys], dtype=int)
    return places, places < 0


def _once_each(source: Any, rows: Any, parties: Parties) -> dict[Pair, tuple[str, Any]]:
    """Take each pair once; two rows that contradict each other are refused."""
    found: dict[Pair, tuple[str, Any]] = {}
    for one, other, word, row in rows:
        pair = (min(one, other), max(one, other))
        earlier, before = found.get(pair, (word, row))
        if earlier != word:
            raise InputError(
                _(
                    "Rows {before} and {row} of {source} contradict each other: {called} and {called_2} are "
                    "{earlier} and {word}. Leave one of them.",
                    before=before,
                    row=row,
                    source=source_name(source),
                    called=parties.called(pair[0]),
                    called_2=parties.called(pair[1]),
                    earlier=earlier,
                    word=word,
                ),
                [before, row],
            )
        found[pair] = (word, before)
    return found
