"""Bring the catalogues of other languages in line with the messages of the source.

    python scripts/messages.py            adds new messages to each catalogue, and removes those no longer used
    python scripts/messages.py --check    says what is missing, unused, untranslated or has other placeholders
    python scripts/messages.py --new de   begins a catalogue

A message is a literal in ``_("...")``, ``_n("...", "...", number)`` or ``N_("...")``, or a noun that `counted` or
`rows_at_fault` count. Catalogues are ltv_bayes/language/catalogues/*.po, in gettext's format. A message that was
changed is a new one, and begins without a translation.
"""

import argparse
import ast
import string
import sys
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1] / "ltv_bayes"
CATALOGUES = PACKAGE / "language" / "catalogues"
KEYWORDS: dict[str, Any] = {"_": None, "_n": (1, 2), "N_": None}
NOUN_AT = {"counted": 1, "rows_at_fault": 1, "refuse_rows": 1}
"""Functions that count a noun, and the place of the noun among their arguments; its plural may follow by name."""
LOOKED_UP = ast.Name | ast.Subscript | ast.Attribute
"""A message may also be looked up by a name: in a table of messages marked by N_."""
MOST_PLACES = 3

Found = tuple[int, str, str | tuple[str, ...], list[str]]


def from_python(file: IO[bytes], keywords: Collection[str], tags: Any, options: Any) -> Iterator[Found]:
    """Find the messages of a Python file, as Babel asks an extraction method to.

    Raises
    ------
    SyntaxError
        If the message of a call is no literal, so that no catalogue can hold it, or its placeholders are not the names
        of the values.
    """
    for call in ast.walk(ast.parse(file.read())):
        name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
        if name in KEYWORDS:
            texts = [literal(argument) for argument in call.args[: 2 if name == "_n" else 1]]
            if None not in texts:
                check(call, name, texts, file.name)
                yield call.lineno, name, texts[0] if len(texts) == 1 else tuple(texts), []
            elif not isinstance(call.args[0], LOOKED_UP):
                raise SyntaxError(f"{file.name}, line {call.lineno}: the message of {name}() is no literal")
        elif name in NOUN_AT:
            for one, more in nouns(call, name):
                yield call.lineno, "_n", (f"{{number}} {one}", f"{{number}} {more}"), []


def check(call: ast.Call, name: str, texts: list[str], path: str) -> None:
    """Compare a message's placeholders with the values that are given."""
    given = {keyword.arg for keyword in call.keywords}
    need = set().union(*map(fields, texts))
    if name != "N_" and None not in given and need - {"n"} != given - {"n"}:
        wrong = f"{sorted(need)} stand in {texts[0]!r}, and {sorted(given)} are given"
        raise SyntaxError(f"{path}, line {call.lineno}: {wrong}")


def nouns(call: ast.Call, name: str) -> Iterator[tuple[str, str]]:
    """The noun that a call counts, with its plural, where it is a literal."""
    at = NOUN_AT[name]
    one = literal(call.args[at]) if len(call.args) > at else None
    if one is not None:
        plurals = [keyword.value for keyword in call.keywords if keyword.arg == "plural"]
        plurals += call.args[2:3] if name == "counted" else []
        yield one, (literal(plurals[0]) if plurals else None) or f"{one}s"


def literal(node: ast.expr) -> str | None:
    """The text of a literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def messages() -> Catalog:
    """All messages of the source, each with its first places."""
    found = Catalog(project="ltv_bayes", charset="utf-8")
    for name, line, text, _comments, _context in extract_from_dir(PACKAGE, [("**.py", from_python)], keywords=KEYWORDS):
        have = found.get(text)
        found.add(text, locations=[(name, line)] if have is None or len(have.locations) < MOST_PLACES else [])
    return found


def read(path: Path) -> Catalog:
    """Read a catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue in the order of files; without line numbers, so that few lines change with the source."""
    catalogue.header_comment = f"# Messages of ltv_bayes in the language {path.stem!r}; scripts/messages.py keeps it."
    catalogue.fuzzy = False
    text = BytesIO()
    write_po(text, catalogue, width=110, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    path.write_bytes(text.getvalue())


def update(path: Path) -> None:
    """Add new messages to a catalogue and remove those no longer used."""
    catalogue = read(path)
    catalogue.update(messages(), no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    write(catalogue, path)


def fields(text: str) -> set[str]:
    """The names of a text's placeholders."""
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


def faults(path: Path, source: Catalog | None = None) -> list[str]:
    """What is wrong with a catalogue, one sentence each; beside the messages of the source, if they have been found."""
    catalogue, source = read(path), source or messages()
    known, needed = ({forms(entry)[0]: entry for entry in one if entry.id} for one in (catalogue, source))
    found = [f"missing: {text!r} ({needed[text].locations[0][0]})" for text in needed if text not in known]
    found += [f"no longer used: {text!r}" for text in known if text not in needed]
    for text, entry in known.items():
        target = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
        if not all(target):
            found.append(f"not translated: {text!r}")
        elif entry.fuzzy:
            found.append(f"marked as fuzzy: {text!r}")
        else:
            found += [f"other placeholders: {text!r} -> {one!r}" for one in target if differs(forms(entry), one)]
        if text in needed and forms(needed[text]) != forms(entry):
            found.append(f"another plural: {text!r}")
    return found


def differs(source: tuple[str, ...], target: str) -> bool:
    """Whether a translation loses a placeholder that all forms of the source have, or invents one."""
    try:
        have = fields(target)
    except ValueError:
        return True
    need = [fields(form) for form in source]
    return not set.intersection(*need) <= have <= set.union(*need)


def forms(entry: Message) -> tuple[str, ...]:
    """The forms of a message."""
    return tuple(entry.id) if isinstance(entry.id, tuple | list) else (entry.id,)


def main() -> int:
    """Update or check the catalogues."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; say what is wrong")
    parser.add_argument("--new", metavar="LANGUAGE", help="begin a catalogue, such as de")
    chosen = parser.parse_args()
    if chosen.new:
        write(Catalog(locale=chosen.new, project="ltv_bayes", charset="utf-8"), CATALOGUES / f"{chosen.new}.po")
    found = []
    for path in sorted(CATALOGUES.glob("*.po")):
        if not chosen.check:
            update(path)
        found += [f"{path.name}: {fault}" for fault in faults(path)]
    print("\n".join(found) or "All messages are translated.")
    return int(bool(found) and chosen.check)


if __name__ == "__main__":
    sys.exit(main())
