"""Files that are there whole or not at all."""

import os
import platform
import re
import secrets
import shutil
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ltv_bayes.errors import InputError, WriteError
from ltv_bayes.language import _

A_DAY = 86_400
TRIES, BETWEEN_TRIES = 40, 0.05  # seconds
WRITER = re.compile(r"\.(?P<host>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{8}\.(?P<kind>unfinished|old)")


@contextmanager
def written_whole(path: str | Path, *, replaces_folder: bool = False) -> Iterator[Path]:
    """Give a place beside the path to write to, and move it there at the end; an interrupt leaves nothing behind.

    A file at the path stays until then. Nothing is moved if nothing was written. What a killed process left behind at
    this path is removed.

    Parameters
    ----------
    path : path
        Where the file will be, in a folder made if need be.
    replaces_folder : bool
        Whether what is written is a folder, which may take the place of another.

    Raises
    ------
    InputError
        If there is a folder at the path, and a file is to be written.
    WriteError
        If the file cannot be written, as on a full disk, in a folder that may only be read, or over such a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder) / "values.txt") as unfinished:
    ...         _ = unfinished.write_text("all of it")
    ...     [file.name for file in Path(folder).iterdir()]
    ['values.txt']
    """
    path = Path(path)
    if path.is_dir() and not replaces_folder:
        raise InputError(_("{path} is a folder, and a file is to be written. Choose another name.", path=path))
    if path.exists() and not path.stat().st_mode & 0o222:
        raise unwritten(path, _("It may only be read"))
    unfinished = _beside(path, "unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_up(path)
        yield unfinished
        if unfinished.is_dir() and path.exists():
            _exchange(unfinished, path)
        elif unfinished.exists():
            _flush(unfinished)
            unfinished.replace(path)
    except OSError as problem:
        if isinstance(problem, WriteError) or not _about_writing(problem, unfinished):
            raise
        raise unwritten(path, problem.strerror or str(problem)) from problem
    finally:
        _remove_for_good(unfinished)


def unwritten(path: Path, reason: str) -> WriteError:
    """Say that a file could not be written, why, and what became of the one there before.

    Examples
    --------
    >>> print(unwritten(Path("fit.nc"), "No space left on device"))
    fit.nc cannot be written: No space left on device. Make room, or choose another folder.
    """
    kept = _(" The file that was there is as it was.") if path.exists() else ""
    return WriteError(
        _(
            "{path} cannot be written: {reason}. Make room, or choose another folder.{kept}",
            path=path,
            reason=reason,
            kept=kept,
        )
    )


def _about_writing(problem: OSError, unfinished: Path) -> bool:
    """Whether an error is about what is written here, and not about another file that was read meanwhile."""
    if problem.filename is None:
        return True
    named = Path(os.fsdecode(problem.filename))
    return named in (unfinished, unfinished.parent) or unfinished in named.parents or named in unfinished.parents


def _beside(path: Path, kind: str) -> Path:
    """Name a place beside a path; the name states the computer and the process that write there."""
    return path.with_name(f"{path.name}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.{kind}")


def _host() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _clear_up(path: Path) -> None:
    """Remove what killed processes left beside a path, and put back what one of them had moved away."""
    for other in path.parent.iterdir():
        found = WRITER.fullmatch(other.name.removeprefix(path.name)) if other.name.startswith(path.name) else None
        if found is None or _in_use(other, found["host"], int(found["process"])):
            continue
        with suppress(OSError):
            if found["kind"] == "old" and not path.exists():
                other.rename(path)
            else:
                _remove(other)


def _in_use(place: Path, host: str, process: int) -> bool:
    """Whether something may still be written to a place: its process runs, or ran elsewhere within the last day."""
    if host == _host() and sys.platform != "win32":
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    try:
        return time.time() - place.stat().st_mtime < A_DAY
    except OSError:
        return True


def _flush(file: Path) -> None:
    """Wait until a file is on the disk, which may turn out to be full only then."""
    if file.is_dir():
        return
    with file.open("r+b") as written:
        os.fsync(written.fileno())


def _exchange(new: Path, path: Path) -> None:
    """Put a folder in the place of another, which is put back if that fails."""
    old = _beside(path, "old")
    path.rename(old)
    try:
        new.rename(path)
    except BaseException:
        old.rename(path)
        raise
    _remove(old)


def _remove_for_good(unfinished: Path) -> None:
    """Remove what is not finished until it stays away: threads of a failed writer may still add to it."""
    for _unused in range(TRIES):
        if not unfinished.exists():
            return
        with suppress(OSError):
            _remove(unfinished)
        time.sleep(BETWEEN_TRIES)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
