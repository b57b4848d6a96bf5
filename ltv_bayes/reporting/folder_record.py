"""What was written to a folder, by which command and on which terms, so that a later run knows its files."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ltv_bayes.errors import InputError, listed
from ltv_bayes.language import _
from ltv_bayes.whole_files import written_whole

RECORD, WORDS = "about.json", "about.txt"
WRITER = "ltv_bayes"


@dataclass
class FolderRecord:
    """The record of a folder.

    Attributes
    ----------
    folder : Path
    command : str
        The one that writes now.
    runs : dict
        By command: its files with what they hold and their checksum, and its terms.
    """

    folder: Path
    command: str
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, command: str) -> Self:
        """Read the record of a folder, and refuse a folder in which files of this command, or the words, were changed.

        Raises
        ------
        InputError
            If there is a file of this name that is no record, words of others, or files that were changed.
        """
        found = cls(folder, command, _runs(folder / RECORD))
        words = folder / WORDS
        if words.exists() and not (folder / RECORD).exists():
            raise _foreign(words)
        own = [name for name in found.runs.get(command, {}).get("files", {}) if (folder / name).exists()]
        found.refuse(own)
        if words.exists() and found.runs and _text(words) != found.words():
            raise _changed(folder, [WORDS])
        return found

    def words(self) -> str:
        """What the file of words says: the terms of each command."""
        return "\n".join(str(run["words"]) for run in self.runs.values() if "words" in run)

    def refuse(self, names: Iterable[str]) -> None:
        """Raise if a file is there that no command wrote, or that was changed since.

        Raises
        ------
        InputError
            With the file.
        """
        known = {name: one["sha256"] for run in self.runs.values() for name, one in run.get("files", {}).items()}
        there = [name for name in names if (self.folder / name).exists()]
        if foreign := [name for name in there if name not in known]:
            raise _foreign(self.folder / foreign[0])
        if changed := [name for name in there if _sum(self.folder / name) != known[name]]:
            raise _changed(self.folder, changed)

    def add(self, name: str, what: str) -> None:
        """Record a file that was written, at once, so that it is known after an interrupt."""
        for command in self.runs:
            self.runs[command].get("files", {}).pop(name, None)
        here = self.runs.setdefault(self.command, {}).setdefault("files", {})
        here[name] = {"holds": what, "sha256": _sum(self.folder / name)}
        self._write()

    def finish(self, written: list[str], about: Mapping[str, Any], words: str, kept: Iterable[Path]) -> list[str]:
        """Remove files of the command that it did not write again, and record the terms; see `Results.finish`."""
        files = self.runs.get(self.command, {}).get("files", {})
        read = {path.resolve() for path in kept}
        stale = [name for name in files if name not in written and (self.folder / name).resolve() not in read]
        for name in stale:
            (self.folder / name).unlink(missing_ok=True)
        today = dt.date.today().isoformat()
        still = {name: one for name, one in files.items() if name not in stale}
        self.runs[self.command] = {"written_on": today, **about, "words": words, "files": still}
        self._write()
        with written_whole(self.folder / WORDS) as unfinished:
            unfinished.write_text(self.words(), encoding="utf-8-sig", newline="\n")
        return stale

    def _write(self) -> None:
        content = {"written_by": WRITER, "runs": self.runs}
        with written_whole(self.folder / RECORD) as unfinished:
            unfinished.write_text(
                json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
            )


def _runs(path: Path) -> dict[str, dict[str, Any]]:
    """The runs of a record; none where there is no record."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["written_by"] == WRITER and all(map(_is_run, content["runs"].values())):
            return dict(content["runs"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IsADirectoryError):
        pass
    raise InputError(
        _(
            "{path} is not a record of this package, or is damaged. Move it, or choose another place with --out.",
            path=path,
        )
    )


def _is_run(run: Any) -> bool:
    """Whether a run names its files with their checksums; names are those of files in the folder itself."""
    files = run.get("files", {})
    return all(_is_plain(name) and isinstance(one["sha256"], str) for name, one in files.items())


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..", RECORD, WORDS) and not set(name) & set("/\\:\0")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", errors="replace") if path.is_file() else ""


def _foreign(path: Path) -> InputError:
    return InputError(
        _("{path} exists, and no earlier run wrote it. Move it, or choose another place with --out.", path=path)
    )


def _changed(folder: Path, names: list[str]) -> InputError:
    return InputError(
        _(
            "In {folder}, files were changed since they were written: {files}. Keep them under other names, or "
            "choose another place with --out.",
            folder=folder,
            files=listed(names),
        )
    )
