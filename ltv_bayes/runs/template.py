"""Settings as a commented TOML file: what was understood of the orders, and the usual choices to be changed."""

import json
import os
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from ltv_bayes.formatting import visible
from ltv_bayes.language import N_, _
from ltv_bayes.runs.run import Run
from ltv_bayes.runs.settings import section_class, sections

HEAD = N_(
    "Settings of a run of ltv-bayes. Run it by: ltv-bayes report --config THIS_FILE\n"
    "Lines that begin with # are comments or usual choices; to change one, take the # away.\n"
    "Paths start from the folder of this file."
)
ROLES = ("customer", "date", "amount", "order_id")
KEPT = "kept"


def template(run: Run, folder: Path) -> str:
    """Write the settings of a run, and what was understood of its orders.

    Parameters
    ----------
    run : Run
        With a file of orders that can be read.
    folder : Path
        Where the file will be.
    """
    given = run.settings.given()
    found, about = _understood(run)
    written = {name: found.get(name, {}) | given.get(name, {}) for name in (part.name for part in sections())}
    lines = [f"# {line}" for line in _(HEAD).splitlines()]
    for part in sections():
        kind = section_class(part.name)
        lines += ["", f"[{part.name}]", f"# {' '.join(str(kind.__doc__).split())}"]
        for one in fields(kind):
            if part.name in ("orders", "customers"):
                lines += [f"# {visible(' '.join(note.split()))}" for note in about.get(one.name, [])]
            lines.append(_line(one, written[part.name], folder))
    return "\n".join(lines) + "\n"


def _line(one: Field[Any], written: Mapping[str, Any], folder: Path) -> str:
    says = _(one.metadata["says"])
    if one.name in written:
        return f"{one.name} = {toml_value(written[one.name], folder)}  # {says}"
    usual = "" if one.default is None else f" {toml_value(one.default, folder)}"
    return f"# {one.name} ={usual}  # {says}"


def _understood(run: Run) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """What the reader found out, as settings, and notes above settings."""
    read = None if run.orders is None else run.orders.report
    if read is None or run.orders is None or run.buyers is None:
        return {}, {}
    orders: dict[str, Any] = {
        role: str(read.mapping.loc[role, "column"]) for role in ROLES if role in read.mapping.index
    }
    about: dict[str, list[str]] = {}
    for column, words in read.status.groupby("column", sort=False) if len(read.status) else ():
        kept = [str(word) for word in words.loc[words["meaning"] == KEPT, "word"] if word]
        if kept and run.settings.orders.keep is None:
            orders.setdefault("keep", {})[str(column)] = kept
        shown = ", ".join(f"{row.word} {row.rows:,} ({row.meaning})" for row in words.itertuples())
        about.setdefault("keep", []).append(f"{column}: {shown}")
    if read.unit is not None:
        about["amount_unit"] = [_("found: {unit}", unit=read.unit)]
    if read.currency is not None:
        orders["currency"] = read.currency
    for name, value in (("encoding", read.encoding), ("header", read.header_row), ("preset", read.system)):
        if value is not None:
            about[name] = [_("found: {unit}", unit=value)]
    about["as_of"] = [_("found: {unit}", unit=run.buyers.as_of)]
    opportunities = run.orders.opportunities
    if opportunities is not None and len(opportunities):
        about["bad_rows"] = [
            _('{n} open opportunities are in the file: see [opportunities], file = "orders".', n=len(opportunities))
        ]
    return {"orders": orders, "customers": {"time_unit": run.buyers.time_unit}}, about


def toml_value(value: Any, folder: Path) -> str:
    """Write a value as TOML does; paths from a folder.

    Examples
    --------
    >>> toml_value({"Status": ["Paid", "Shipped"], "n": 2.5}, Path())
    '{"Status" = ["Paid", "Shipped"], "n" = 2.5}'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Path):
        return toml_value(Path(os.path.relpath(value.resolve(), folder)).as_posix(), folder)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(name))} = {toml_value(one, folder)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(one, folder) for one in value) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
