"""Results as files: a folder of tables and pictures, which never replace a file that was read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.writing.table_files import BYTE_ORDER_MARK, write_bytes, write_csv
from ltv_bayes.errors import InputError


def refuse_inputs(path: Path, inputs: Iterable[Path | None]) -> None:
    """Raise if a file to be written is one of those that were read."""
    if path.exists() and any(other is not None and other.exists() and path.samefile(other) for other in inputs):
        raise InputError(f"{path} was read as an input and is not written over. Choose another place with --out.")


def refuse_foreign_table(path: Path, header: str) -> None:
    """Raise if a table cannot be written here as CSV, or would replace one that does not begin with this header."""
    if path.suffix.lower() != ".csv":
        raise InputError(f"{path} does not end in .csv. The table is written as CSV.")
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name a .csv file in it.")
    if path.exists() and not path.read_bytes().removeprefix(BYTE_ORDER_MARK).startswith(header.encode()):
        raise InputError(f"{path} exists and was not written by this command. Choose another place with --out.")


class Results:
    """Writes tables and pictures to a folder and remembers what each is.

    Parameters
    ----------
    folder : Path
        Made where it is missing. Files of the same names in it are replaced.
    inputs : iterable of Path
        Files that were read, which are never written over.

    Raises
    ------
    InputError
        If the folder is a file.
    """

    def __init__(self, folder: Path, inputs: Iterable[Path | None] = ()) -> None:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file, and results need a folder. Choose another with --out.")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._inputs = folder, list(inputs)
        self._written: list[tuple[str, str]] = []

    def table(self, table: pd.DataFrame, name: str, what: str) -> None:
        """Write a table as CSV."""
        write_csv(table, self._place(name, what))

    def picture(self, drawn: Any, name: str, what: str) -> None:
        """Write a picture, in the format that its name ends in."""
        from ltv_bayes.plots.canvas import rendered

        path = self._place(name, what)
        write_bytes(rendered(drawn, path.suffix.removeprefix(".")), path)

    def listing(self) -> str:
        """Name the folder, and each file with what it holds."""
        width = max((len(name) for name, _ in self._written), default=0)
        lines = [f"  {name:<{width}}  {what}" for name, what in self._written]
        return "\n".join([f"Written to {self._folder.resolve()}", *lines])

    def _place(self, name: str, what: str) -> Path:
        """Where a file goes."""
        path = self._folder / name
        refuse_inputs(path, self._inputs)
        self._written.append((name, what))
        return path
