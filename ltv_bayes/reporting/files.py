"""Results as files: a folder of tables and pictures, which never replace a file that was read."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.writing.sheets import is_own_workbook
from ltv_bayes.data.writing.table_files import BYTE_ORDER_MARK, write_bytes, write_csv
from ltv_bayes.errors import InputError
from ltv_bayes.language import _
from ltv_bayes.reporting.folder_record import RECORD, WORDS, FolderRecord
from ltv_bayes.whole_files import unwritten

GENERATOR = '<meta name="generator" content="ltv_bayes">'
"""Stands in the head of a page; behind it, what seals the page."""
HEAD_OF_PAGE = 4096
SEAL = re.compile(rb'<meta name="ltv_bayes:sha256" content="([0-9a-f]{64})">')


def refuse_inputs(path: Path, inputs: Iterable[Path | None]) -> None:
    """Raise if a file to be written is one of those that were read."""
    if path.exists() and any(other is not None and other.exists() and path.samefile(other) for other in inputs):
        raise InputError(
            _("{path} was read as an input and is not written over. Choose another place with --out.", path=path)
        )


def refuse_foreign_table(path: Path, header: str) -> None:
    """Raise if a table cannot be written here as CSV, or would replace one that does not begin with this header."""
    if path.suffix.lower() != ".csv":
        raise InputError(_("{path} does not end in .csv. The table is written as CSV.", path=path))
    if path.is_dir():
        raise InputError(_("{path} is a folder. Name a .csv file in it.", path=path))
    if path.exists() and not path.read_bytes().removeprefix(BYTE_ORDER_MARK).startswith(header.encode()):
        raise InputError(
            _("{path} exists and was not written by this command. Choose another place with --out.", path=path)
        )


def writable(path: str | Path, suffix: str, *, overwrite: bool = False) -> Path:
    """Where a page or a workbook goes: no folder, and no file of others or with changes of others.

    Parameters
    ----------
    path : str or Path
        The file.
    suffix : {".html", ".xlsx"}
        What it must end in.
    overwrite : bool
        Whether any file may be replaced.

    Raises
    ------
    InputError
        If the path ends otherwise or is a folder; and, unless ``overwrite``, if there is a file that this package did
        not write, or a workbook that was saved by another program since.
    """
    place = Path(path).expanduser()
    if place.suffix.lower() != suffix:
        raise InputError(_("{place} does not end in {suffix}.", place=place, suffix=suffix))
    if place.is_dir():
        raise InputError(_("{place} is a folder. Name a {suffix} file in it.", place=place, suffix=suffix))
    if place.exists() and not overwrite and not is_own(place):
        raise InputError(
            _(
                "{place} exists and was not written by ltv_bayes, or was changed since. Choose another name, or pass "
                "overwrite=True.",
                place=place,
            )
        )
    return place


def is_own(path: Path) -> bool:
    """Whether a page or a workbook was written by this package, and by no other program since."""
    if path.suffix.lower() == ".xlsx":
        return is_own_workbook(path)
    content = path.read_bytes()
    seal = SEAL.search(content[:HEAD_OF_PAGE])
    if seal is None:
        return False
    return hashlib.sha256(content[: seal.start()] + content[seal.end() :]).hexdigest().encode() == seal[1]


def sealed(page: str) -> bytes:
    """A page with a checksum of the rest in its head, by which `is_own` knows it."""
    content = page.encode()
    seal = f'<meta name="ltv_bayes:sha256" content="{hashlib.sha256(content).hexdigest()}">'
    return content.replace(GENERATOR.encode(), GENERATOR.encode() + seal.encode(), 1)


class Results:
    """Writes tables and pictures to a folder and remembers what each is.

    With a command, `about.json` in the folder lists what was written by which command, and `about.txt` says it in
    words. Files of an earlier run are then replaced, or removed where this one does not write them; what others wrote
    or changed is refused.

    Parameters
    ----------
    folder : Path
        Made where it is missing. Without a command, files of the same names in it are replaced.
    inputs : iterable of Path
        Files that were read, which are never written over.
    command : str
        Which command writes.
    names : iterable of str
        Names of files that may be written, or patterns of them, which are refused at once where they are others' files
        or were changed.

    Raises
    ------
    InputError
        If the folder is a file, or holds a file that is not ours.
    WriteError
        If the folder cannot be made.
    """

    def __init__(
        self, folder: Path, inputs: Iterable[Path | None] = (), *, command: str = "", names: Iterable[str] = ()
    ) -> None:
        if folder.exists() and not folder.is_dir():
            raise InputError(
                _("{folder} is a file, and results need a folder. Choose another with --out.", folder=folder)
            )
        self.folder, self.command, self._inputs = folder, command, list(inputs)
        self.written: dict[str, str] = {}
        self._kept = FolderRecord.read(folder, command) if command else None
        for name in names:
            for path in folder.glob(name) if "*" in name else [folder / name]:
                self._refuse(path)
        self._refuse_records()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise unwritten(folder, problem.strerror or str(problem)) from problem

    def table(self, table: pd.DataFrame, name: str, what: str) -> None:
        """Write a table as CSV."""
        self.file(name, what, lambda path: write_csv(table, path))

    def picture(self, drawn: Any, name: str, what: str) -> None:
        """Write a picture, in the format that its name ends in."""
        from ltv_bayes.plots.canvas import rendered

        self.file(name, what, lambda path: write_bytes(rendered(drawn, path.suffix.removeprefix(".")), path))

    def file(self, name: str, what: str, write: Callable[[Path], Any]) -> Path:
        """Write a file of any kind by a function of its place."""
        path = self.folder / name
        self._refuse(path)
        write(path)
        self.written[name] = what
        if self._kept is not None:
            self._kept.add(name, what)
        return path

    def finish(self, about: Mapping[str, Any], words: str) -> list[str]:
        """Remove what an earlier run of the command wrote and this one did not, and state the terms of all files.

        Parameters
        ----------
        about : mapping
            Terms and settings, for machines.
        words : str
            The same for readers.

        Returns
        -------
        list of str
            Names of the files removed.
        """
        if self._kept is None:
            return []
        self._refuse_records()
        inputs = [path for path in self._inputs if path is not None]
        return self._kept.finish(list(self.written), about, f"{words}\n\n{self._lines()}\n", inputs)

    def listing(self) -> str:
        """Name the folder, and each file with what it holds."""
        return "\n".join([_("Written to {folder}", folder=self.folder.resolve()), *filter(None, [self._lines()])])

    def _lines(self) -> str:
        width = max(map(len, self.written), default=0)
        return "\n".join(f"  {name:<{width}}  {what}" for name, what in self.written.items())

    def _refuse(self, path: Path) -> None:
        """Raise if a file is there that was read, or that is not ours."""
        refuse_inputs(path, self._inputs)
        if self._kept is not None:
            self._kept.refuse([path.name])

    def _refuse_records(self) -> None:
        """Raise if what is stated beside the files would replace what was read."""
        for name in (WORDS, RECORD) if self._kept is not None else ():
            refuse_inputs(self.folder / name, self._inputs)
