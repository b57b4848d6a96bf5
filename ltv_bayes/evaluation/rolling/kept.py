"""A folder with one subfolder for each origin of a backtest, so that an interrupted one goes on where it stopped."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, listed
from ltv_bayes.evaluation.rolling.window import Window
from ltv_bayes.language import _
from ltv_bayes.models.priors import Prior, describe
from ltv_bayes.whole_files import written_whole

TABLES = ("customers", "totals", "total_draws", "cohorts", "cohort_draws")
STATED = "window.json"
FORM = 2
"""Counts changes of what is kept: an older folder is refused."""


def write_window(folder: Path, window: Window, made_from: Mapping[str, str]) -> None:
    """Write the tables of an origin, and what they were made from, whole or not at all."""
    with written_whole(_place(folder, window.as_of), replaces_folder=True) as unfinished:
        unfinished.mkdir()
        for name in TABLES:
            getattr(window, name).to_parquet(unfinished / f"{name}.parquet", index=False)
        stated = {"until": str(window.until), "caution": window.caution, "note": window.note, "made_from": made_from}
        (unfinished / STATED).write_text(json.dumps(stated, indent=1), encoding="utf-8")


def read_window(folder: Path, as_of: dt.date, made_from: Mapping[str, str]) -> Window | None:
    """Read what `write_window` wrote; nothing where it has not, or where a file is damaged.

    Raises
    ------
    InputError
        If it was made from something else: other orders, another model, another horizon.
    """
    place = _place(folder, as_of)
    try:
        stated = json.loads((place / STATED).read_text(encoding="utf-8"))
        before, until = dict(stated["made_from"]), dt.date.fromisoformat(stated["until"])
        tables = {name: pd.read_parquet(place / f"{name}.parquet") for name in TABLES}
        notes = str(stated["caution"]), str(stated["note"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if other := [name for name in made_from if before.get(name) != made_from[name]]:
        raise InputError(
            _(
                "{place} holds a backtest with other {other} than now. Choose another folder, or remove this "
                "one so that the backtest is made anew.",
                place=place,
                other=listed(other),
            )
        )
    return Window(as_of, until, **tables, caution=notes[0], note=notes[1])


def fingerprint(value: Any) -> str:
    """Tell whether something is as it was: a table, an array, a fitted model, settings with their priors, a value."""
    digest = hashlib.sha256(type(value).__name__.encode())
    for part in _parts(value):
        digest.update(part)
    return digest.hexdigest()[:16]


def _parts(value: Any) -> Iterator[bytes]:
    """What a fingerprint is taken of."""
    if isinstance(value, pd.DataFrame):
        yield _hashed(value.index.to_series())
        for name, column in value.items():
            yield f"{name}\n".encode() + _hashed(column)
    elif isinstance(value, pd.Series):
        yield _hashed(value.index.to_series()) + _hashed(value)
    elif isinstance(value, np.ndarray):
        yield np.ascontiguousarray(value).tobytes()
    elif hasattr(value, "idata"):
        yield repr(sorted((str(name), str(stated)) for name, stated in value.idata.attrs.items())).encode()
        for node in value.idata.subtree:
            for name, array in node.data_vars.items():
                yield f"{node.path} {name} {fingerprint(array.to_numpy())}\n".encode()
    elif is_dataclass(value) and not isinstance(value, type | Prior):
        for part in fields(value):
            yield f"{part.name} {fingerprint(getattr(value, part.name))}\n".encode()
    elif isinstance(value, Mapping):
        for name, held in sorted(value.items(), key=lambda pair: str(pair[0])):
            yield f"{name} {fingerprint(held)}\n".encode()
    elif isinstance(value, list | tuple):
        for held in value:
            yield f"{fingerprint(held)}\n".encode()
    elif isinstance(value, set | frozenset):
        yield from sorted(fingerprint(held).encode() for held in value)
    else:
        yield describe(value).encode()


def _hashed(column: pd.Series) -> bytes:
    """Hash the cells of a column: numbers and days as they are, all else as text."""
    plain = column if column.dtype.kind in "iufbM" else column.astype(str)
    return bytes(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())


def _place(folder: Path, as_of: dt.date) -> Path:
    return folder / f"{as_of:%Y-%m-%d}"
