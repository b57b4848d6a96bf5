"""Files that are there whole or not at all."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltv_bayes.errors import InputError


@contextmanager
def written_whole(path: str | Path, *, replaces_folder: bool = False) -> Iterator[Path]:
    """Give a place beside the path to write to, and move it there at the end; an interrupt leaves nothing behind.

    A file at the path stays until then. Nothing is moved if nothing was written.

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
        raise InputError(f"{path} is a folder, and a file is to be written. Choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        yield unfinished
        if unfinished.is_dir() and path.exists():
            _exchange(unfinished, path)
        elif unfinished.exists():
            unfinished.replace(path)
    finally:
        _remove(unfinished)


def _exchange(new: Path, path: Path) -> None:
    """Put a folder in the place of another, which is put back if that fails."""
    old = path.with_name(f"{path.name}.{secrets.token_hex(4)}.old")
    path.rename(old)
    try:
        new.rename(path)
    except BaseException:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
