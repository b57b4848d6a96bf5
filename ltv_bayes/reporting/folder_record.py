"""What was written to a folder, by which command and on which terms, so that a later run knows its files."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
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
        """Read the record of a folder, and refuse a folder in which files were changed since.

        Raises
        ------
        InputError
            If there is a file of this name that is no record, or files of this command were changed.
        """
        path = folder / RECORD
        found = cls(folder, command, _runs(path) if path.exists() else {})
        files = found.files(command)
        changed = [
            name for name, checksum in files.items() if (folder / name).exists() and _sum(folder / name) != checksum
        ]
        if changed:
            raise InputError(
                _(
                    "In {folder}, files were changed since they were written: {files}. Keep them under other names, or "
                    "choose another place with --out.",
                    folder=folder,
                    files=listed(changed),
                )
            )
        return found

    def files(self, command: str) -> dict[str, str]:
        """Names of the files of a command, with their checksums."""
        return {name: one["sha256"] for name, one in self.runs.get(command, {}).get("files", {}).items()}

    def refuse_others(self, path: Path) -> None:
        """Raise if a file is there that no command wrote.

        Raises
        ------
        InputError
            With the file.
        """
        ours = path.name in (RECORD, WORDS) and (self.folder / RECORD).exists()
        if path.exists() and not ours and not any(path.name in self.files(command) for command in self.runs):
            raise InputError(
                _(
                    "{path} exists, and no earlier run wrote it. Move it, or choose another place with --out.",
                    path=path,
                )
            )

    def add(self, name: str, what: str) -> None:
        """Record a file that was written, at once, so that it is known after an interrupt."""
        for command in self.runs:
            self.runs[command].get("files", {}).pop(name, None)
        here = self.runs.setdefault(self.command, {}).setdefault("files", {})
        here[name] = {"holds": what, "sha256": _sum(self.folder / name)}
        self._write()

    def finish(self, written: list[str], about: Mapping[str, Any], words: str) -> list[str]:
        """Remove files of the command that it did not write again, and record the terms; see `Results.finish`."""
        files = self.runs.get(self.command, {}).get("files", {})
        stale = [name for name in files if name not in written]
        for name in stale:
            (self.folder / name).unlink(missing_ok=True)
        kept = {name: files[name] for name in written}
        today = dt.date.today().isoformat()
        self.runs[self.command] = {"written_on": today, **about, "words": words, "files": kept}
        self._write()
        with written_whole(self.folder / WORDS) as unfinished:
            text = "\n".join(str(run["words"]) for run in self.runs.values() if "words" in run)
            unfinished.write_text(text, encoding="utf-8-sig")
        return stale

    def _write(self) -> None:
        content = {"written_by": WRITER, "runs": self.runs}
        with written_whole(self.folder / RECORD) as unfinished:
            unfinished.write_text(
                json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
            )


def _runs(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["written_by"] == WRITER:
            return dict(content["runs"])
    except (ValueError, KeyError, TypeError):
        pass
    raise InputError(
        _("{path} is not a record of this package. Move it, or choose another place with --out.", path=path)
    )


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
