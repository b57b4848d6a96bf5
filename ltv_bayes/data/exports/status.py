"""Which rows are orders, by the words of their status."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.names import plain_word
from ltv_bayes.data.exports.presets import ANY, FLAGS, KEPT, OPEN, STATUS_KINDS, presets
from ltv_bayes.data.exports.roles import Roles
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import InputError, counted, listed, rows_at_fault
from ltv_bayes.language import _

ALL = "all"
UNKNOWN, NOT_KEPT, NOT_WON = "unknown", "not among those to keep", "not won"
NO_ORDER = ("void", "refunded", "lost")
REFUNDED = "refunded"
IN_TURN = ("void", REFUNDED, "lost", NOT_KEPT, NOT_WON, "draft", OPEN, UNKNOWN, KEPT)
PLACES = {meaning: place for place, meaning in enumerate(IN_TURN)}
TRUE = ("true", "1", "1.0", "yes", "y", "是", "√", "t", "wahr", "真")
FALSE = ("false", "0", "0.0", "no", "n", "否", "×", "", "f", "falsch", "假")
MOST_WORDS = 20

Keep = Mapping[Any, Sequence[Any] | str] | str | None


@dataclass(frozen=True, eq=False)
class Status:
    """What the status of each row says.

    Attributes
    ----------
    meaning : numpy.ndarray
        Of each row, the place of its meaning in `IN_TURN`: kept (an order), or why it is none.
    counts : pandas.DataFrame
        One row a column and word: column, word, meaning, rows.
    looks_like : tuple of str
        Columns that look like a status, though no argument says so.
    """

    meaning: np.ndarray
    counts: pd.DataFrame
    looks_like: tuple[str, ...]


def status_of(frame: pd.DataFrame, roles: Roles, keep: Keep, counted_rows: np.ndarray, amounts: np.ndarray) -> Status:
    """Say which rows are orders.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table, blank cells of sub-forms filled.
    roles : Roles
        Its columns.
    keep : mapping or "all", optional
        From columns to the words of rows to keep, or ``"all"``; where it says nothing, the words known.
    counted_rows : numpy.ndarray
        Which rows are asked about: not those of totals.
    amounts : numpy.ndarray
        The amount of each row. A return with an amount below zero counts, whatever its status.

    Raises
    ------
    InputError
        If a word is not known, naming rows and the words to choose from.
    """
    columns, wanted = _columns(frame, roles, keep)
    votes, tables = [], []
    for column, kind in columns.items():
        meaning, table = _judged(frame[column], kind, roles, wanted.get(column), counted_rows)
        votes.append(meaning)
        tables.append(table.assign(column=str(column)))
    meaning = _together(frame, roles, columns, votes)
    if "stage" not in columns.values() and keep != ALL:  # a chance between none and certainty is no order
        meaning[(meaning == PLACES[KEPT]) & _in_doubt(frame, roles)] = PLACES[OPEN]
    meaning[(meaning == PLACES[REFUNDED]) & (amounts < 0)] = PLACES[KEPT]
    unknown = (meaning == PLACES[UNKNOWN]) & counted_rows
    if unknown.any():
        raise _unknown(frame, columns, votes, unknown, tables)
    counts = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["word", "meaning", "rows"])
    taken = set(columns) | set(roles.columns.values()) | set(roles.lines)
    return Status(meaning, counts, _looking_like(frame, taken, amounts) if keep != ALL else ())


def _columns(frame: pd.DataFrame, roles: Roles, keep: Keep) -> tuple[dict[Any, str], Mapping[Any, Any]]:
    """The columns that count, with their kind, and what is wanted of them."""
    if keep is None:
        return dict(roles.statuses), {}
    if keep == ALL:
        return {}, {}
    if not isinstance(keep, Mapping):
        raise InputError(
            _("keep takes 'all', or words by column, as in keep={{'Status': ['Paid']}}; not {keep!r}.", keep=keep)
        )
    for column, words in keep.items():
        named_column(frame, column, "keep", _("Name the column as it stands in the file."))
        if words != ALL and not isinstance(words, list | tuple | set | frozenset):
            raise InputError(
                _(
                    "keep={{{column!r}: {words!r}}} needs a list. Pass keep={{{column!r}: [{words!r}]}}.",
                    column=column,
                    words=words,
                )
            )
    chosen = {column: kind for column, kind in roles.statuses.items() if keep.get(column) != ALL}
    chosen |= {column: roles.statuses.get(column, "state") for column, words in keep.items() if words != ALL}
    return chosen, keep


def _judged(
    cells: pd.Series, kind: str, roles: Roles, wanted: Sequence[Any] | None, counted_rows: np.ndarray
) -> tuple[np.ndarray, pd.DataFrame]:
    """The meaning of each row by one column, and a count of its words."""
    codes, distinct = pd.factorize(cells)
    written = [*(str(word).strip(BLANKS) for word in distinct), ""]  # the last is a missing cell, of code -1
    if wanted is not None:
        kept = {plain_word(word) for word in wanted}
        if absent := kept - {plain_word(word) for word in written}:
            there = listed([repr(word) for word in written], limit=MOST_WORDS)
            raise InputError(
                _(
                    "keep names {absent}, and {name!r} says: {there}.",
                    absent=listed(sorted(map(repr, absent))),
                    name=cells.name,
                    there=there,
                )
            )
        known = _meanings(kind, roles)
        meanings = [
            KEPT if plain_word(word) in kept else _other(known.get(plain_word(word), NOT_KEPT)) for word in written
        ]
    elif kind in FLAGS:
        meanings = [_flag(word, kind) for word in written]
    else:
        known = _meanings(kind, roles)
        meanings = [known.get(plain_word(word), UNKNOWN) for word in written]
    rows = np.bincount(codes[counted_rows] % len(written), minlength=len(written))
    table = pd.DataFrame({"word": written, "meaning": meanings, "rows": rows})
    return np.array([PLACES[one] for one in meanings], dtype=np.int8)[codes], table[rows > 0]


def _meanings(kind: str, roles: Roles) -> Mapping[str, str]:
    general = presets()[ANY].words[kind if kind in STATUS_KINDS else "state"]
    return general if roles.preset is None else {**general, **roles.preset.words.get(kind, {})}


def _other(meaning: str) -> str:
    return NOT_KEPT if meaning in (KEPT, UNKNOWN) else meaning


def _flag(word: str, kind: str) -> str:
    plain = plain_word(word)
    if plain not in (*TRUE, *FALSE):
        return UNKNOWN
    true = plain in TRUE
    return {
        "void": "void" if true else KEPT,
        "valid": KEPT if true else "void",
        "won": KEPT if true else NOT_WON,
        "closed": KEPT if true else OPEN,
    }[kind]


def _together(frame: pd.DataFrame, roles: Roles, columns: Mapping[Any, str], votes: list[np.ndarray]) -> np.ndarray:
    """One meaning a row: a reason to leave it out goes before a reason to keep it."""
    lost, is_open, unknown, kept = (PLACES[one] for one in ("lost", OPEN, UNKNOWN, KEPT))
    nothing = np.full(len(frame), kept, dtype=np.int8)
    if not votes:
        return nothing
    of_kind: dict[str, list[np.ndarray]] = {}
    for kind, vote in zip(columns.values(), votes, strict=True):
        of_kind.setdefault(kind if kind in ("won", "closed", "stage") else "other", []).append(vote)
    stage = np.minimum.reduce([nothing, *of_kind.get("stage", [])])
    if (stage == unknown).any():
        stage = np.where((stage == unknown) & _in_doubt(frame, roles), is_open, stage)
    closed = np.minimum.reduce([nothing, *of_kind.get("closed", [])])
    sale = closed
    if "won" in of_kind:
        won = np.minimum.reduce(of_kind["won"])
        not_won = (
            np.where(closed == kept, lost, is_open)
            if "closed" in of_kind
            else np.where(np.isin(stage, [lost, is_open]), stage, PLACES[NOT_WON])
        )
        sale = np.where(won == PLACES[NOT_WON], not_won, won)
        stage = np.where(stage == unknown, kept, stage)  # a stage of one's own making: the flag settles it
    return np.minimum.reduce([*of_kind.get("other", [nothing]), stage, sale]).astype(np.int8)


def _in_doubt(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    """Rows whose probability lies between none and certainty: they are open whatever their stage is called."""
    if "probability" not in roles.columns:
        return np.zeros(len(frame), dtype=bool)
    found = chances(frame[roles.columns["probability"]])
    return (found > 0) & (found < 1)


def chances(cells: pd.Series) -> np.ndarray:
    """Probabilities between 0 and 1: in percent where the header or a cell says so, or one of the column is above 1."""
    texts = cells.astype("str").str.strip()
    signed = texts.str.endswith("%").to_numpy(dtype=bool, na_value=False)
    numbers = pd.to_numeric(texts.str.removesuffix("%"), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    percent = (
        signed
        | ("%" in unicodedata.normalize("NFKC", str(cells.name)))
        | (np.nanmax(numbers[~signed], initial=0.0) > 1)
    )
    found = np.where(percent, numbers / 100, numbers)
    return np.where((found >= 0) & (found <= 1), found, np.nan)


def _unknown(
    frame: pd.DataFrame,
    columns: Mapping[Any, str],
    votes: list[np.ndarray],
    unknown: np.ndarray,
    tables: list[pd.DataFrame],
) -> InputError:
    """Ask about words that are not known; the call that is shown leaves such rows out."""
    column, vote, table = next(
        (column, vote, table)
        for (column, vote, table) in zip(columns, votes, tables, strict=True)
        if ((vote == PLACES[UNKNOWN]) & unknown).any()
    )
    at = (vote == PLACES[UNKNOWN]) & unknown
    open_words = table[table["meaning"] == UNKNOWN]
    shown = ", ".join(f"{word!r} ({counted(rows, 'row')})" for word, rows in open_words[["word", "rows"]].to_numpy())
    known, asked = table.loc[table["meaning"] == KEPT, "word"].tolist(), open_words["word"].tolist()
    cure = _("If they are orders, pass keep={{{column!r}: {value}}}", column=str(column), value=[*known, *asked])
    if known:
        cure += _("; if they are none, keep={{{column!r}: {known}}}", column=str(column), known=known)
    cure += _(". If the column says nothing about orders, keep={{{column!r}: 'all'}}.", column=str(column))
    rows = frame.index[at].tolist()
    problem = _(
        "with a word in the status column {column!r} that is not known: {shown}", column=str(column), shown=shown
    )
    return InputError(rows_at_fault(rows, "row", problem, cure), rows)


def _looking_like(frame: pd.DataFrame, taken: set[Any], amounts: np.ndarray) -> tuple[str, ...]:
    """Columns of a few words, one of which says that a row is no order, though its amount counts."""
    words = {word: meaning for kind in STATUS_KINDS for word, meaning in presets()[ANY].words[kind].items()}
    found = []
    for name in frame.columns:
        cells = frame[name]
        if name in taken or not (pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object):
            continue
        if cells.head(MOST_WORDS * MOST_WORDS).nunique() > MOST_WORDS:
            continue
        codes, distinct = pd.factorize(cells)
        meanings = [words.get(plain_word(word), UNKNOWN) for word in distinct[: MOST_WORDS + 1]]
        if len(distinct) > MOST_WORDS:
            continue
        says_so = [one in NO_ORDER for one in meanings] if UNKNOWN in meanings else [one != KEPT for one in meanings]
        if (np.append(says_so, False)[codes].astype(bool) & ~(amounts < 0)).any():
            found.append(str(name))
    return tuple(found)
