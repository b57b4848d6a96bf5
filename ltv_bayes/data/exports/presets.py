"""What systems call their columns, and which words of a status mean what: the table ``presets.toml``, read."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ltv_bayes.data.exports.names import plain_name, plain_word
from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.language import _

ANY, BESIDE = "any", "beside"
STATUS_KINDS = ("stage", "state", "approval")
FLAGS = ("void", "valid", "won", "closed")
KEPT, LOST, OPEN = "kept", "lost", "open"


@dataclass(frozen=True)
class Preset:
    """How one system writes.

    Attributes
    ----------
    name, title : str
        What ``preset=`` takes, and what is written for people.
    columns : mapping
        From a role to the plain names that its column may have; the flags are roles too.
    words : mapping
        From a kind of status to plain words and what each means: kept, void, lost, refunded, draft or open.
    known_by : frozenset of str
        Plain names of columns that hardly anybody else writes.
    time_zone : str or None
        Where its days are, if times are written in another zone.
    several_in_a_cell : str
        The mark between several customers in one cell, if the system writes such cells.
    """

    name: str
    title: str
    columns: Mapping[str, frozenset[str]]
    words: Mapping[str, Mapping[str, str]]
    known_by: frozenset[str]
    time_zone: str | None
    several_in_a_cell: str = ""

    def roles_of(self, plain: str) -> set[str]:
        """The roles that a column of this plain name may have."""
        return {role for role, names in self.columns.items() if plain in names}


@cache
def presets() -> Mapping[str, Preset]:
    """All presets by name; what any system may write stands under ``any``, and its words hold for all."""
    raw = _read()
    return {name: _preset(name, about, raw[ANY]) for name, about in raw.items() if name != BESIDE}


@cache
def names_beside(table: str) -> Mapping[str, frozenset[str]]:
    """Plain names of columns by role, of a table beside orders: customers, costs or contracts."""
    return {role: frozenset(map(plain_name, names)) for role, names in _read()[BESIDE][table].items()}


@cache
def words_for_none(column: str) -> frozenset[str]:
    """Plain words that stand for no day in a column of contracts: cancelled_on or renewed_on."""
    words = _read()[BESIDE]["words_for_none"]
    return frozenset(map(plain_word, [*words["any"], *words[column]]))


def _read() -> dict[str, Any]:
    return tomllib.loads(resources.files("ltv_bayes.data.exports").joinpath("presets.toml").read_text("utf-8"))


def preset_named(name: str | None) -> Preset | None:
    """The preset that was asked for.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if name is None:
        return None
    known = presets()
    if not isinstance(name, str) or name == ANY or name not in known:
        raise InputError(
            _(
                "preset={name!r} is not known. {suggestion}",
                name=name,
                suggestion=suggestion(str(name), [one for one in known if one != ANY]),
            )
        )
    return known[name]


def _preset(name: str, about: Mapping[str, Any], general: Mapping[str, Any]) -> Preset:
    columns = {role: frozenset(map(plain_name, names)) for role, names in about.get("columns", {}).items()}
    columns |= {flag: frozenset(map(plain_name, names)) for flag, names in about.get("flags", {}).items()}
    meanings = _meanings(general["words"]) | _meanings(about.get("words", {}))
    words = {kind: meanings | _meanings(general["words_of"].get(kind, {})) for kind in STATUS_KINDS}
    known_by = frozenset(map(plain_name, about.get("known_by", [])))
    settings = about.get("time_zone"), about.get("several_in_a_cell", "")
    return Preset(name, about.get("title", ""), columns, words, known_by, *settings)


def _meanings(words: Mapping[str, Any]) -> dict[str, str]:
    return {plain_word(word): meaning for meaning, some in words.items() for word in some}
