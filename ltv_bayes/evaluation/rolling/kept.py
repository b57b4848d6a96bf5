"""A folder with one subfolder for each origin of a backtest, so that an interrupted one goes on where it stopped."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, listed
from ltv_bayes.evaluation.rolling.window import Window
from ltv_bayes.whole_files import written_whole

TABLES = ("customers", "totals", "total_draws", "cohorts", "cohort_draws")
STATED = "window.json"
FORM = 1
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
            f"{place} holds a backtest with other {listed(other)} than now. Choose another folder=, or remove this one "
            f"so that the backtest is made anew."
        )
    return Window(as_of, until, **tables, caution=notes[0], note=notes[1])


def fingerprint(value: Any) -> str:
    """Tell whether something is as it was: a table, a fitted model or anything with a text of its own."""
    digest = hashlib.sha256()
    if isinstance(value, pd.DataFrame):
        for name, column in value.items():
            digest.update(f"{name}\n".encode())
            digest.update(_hashed(column))
    elif hasattr(value, "idata"):
        for node in value.idata.subtree:
            for name, array in node.data_vars.items():
                digest.update(f"{node.path} {name} {array.dtype}\n".encode())
                digest.update(np.ascontiguousarray(array.to_numpy()).tobytes())
    elif isinstance(value, np.ndarray):
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        digest.update(f"{type(value).__name__}\n".encode())
        for part in fields(value):
            digest.update(f"{part.name} {fingerprint(getattr(value, part.name))}\n".encode())
    elif isinstance(value, Mapping):
        for name, part in sorted(value.items()):
            digest.update(f"{name} {fingerprint(part)}\n".encode())
    else:
        digest.update(repr(value).encode())
    return digest.hexdigest()[:16]


def _hashed(column: pd.Series) -> bytes:
    """Hash the cells of a column: numbers and days as they are, all else as text."""
    plain = column if column.dtype.kind in "iufbM" else column.astype(str)
    return bytes(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())


def _place(folder: Path, as_of: dt.date) -> Path:
    return folder / f"{as_of:%Y-%m-%d}"
