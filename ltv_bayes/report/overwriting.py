"""What is never written over: files that were read, and files of others."""

from collections.abc import Iterable
from pathlib import Path

from ltv_bayes.errors import InputError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
