"""What is written to a terminal: sentences, tables, and the progress of long work."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ltv_bayes.formatting import visible
from ltv_bayes.language import _

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


@contextmanager
def progress(total: int, description: str, *, show: bool) -> Iterator[Callable[..., None]]:
    """Show a bar while the block runs; the block calls what it is given after each step, with what comes next if named.

    Examples
    --------
    >>> with progress(3, "scoring", show=False) as step:
    ...     for _ in range(3):
    ...         step()
    """
    if not show:
        yield lambda doing="": None
        return
    from rich.progress import Progress

    console, watched = _console()
    with Progress(transient=True, console=console, disable=not watched) as bar:
        task = bar.add_task(description, total=total)
        yield lambda doing="": bar.update(task, advance=1, description=doing or description)


def announce(sentence: str, *, show: bool) -> None:
    """Write one line about long work, where a bar would be shown.

    Examples
    --------
    >>> announce("Half of it is done.", show=False)
    """
    if not show:
        return
    console, watched = _console()
    if watched:
        console.print(sentence, highlight=False)


def _console() -> tuple["Console", bool]:
    """Where progress is shown, and whether anyone watches."""
    from rich.console import Console

    console = Console(stderr=True, safe_box=True)
    return console, console.is_terminal or console.is_jupyter


def say(text: str = "") -> None:
    """Print a sentence; control characters in names cannot move the cursor or colour the screen."""
    import typer

    typer.echo(_printable(text, sys.stdout.encoding))


def complain(kind: str, text: str, *, colour: str) -> None:
    """Print an error or a warning to the error stream, in one line."""
    import typer

    line = " ".join(_("{kind}: {text}", kind=kind, text=text).split())
    typer.secho(_printable(line, sys.stderr.encoding), fg=colour, err=True)


def show(table: "pd.DataFrame", *, title: str, currency: str | None = None, amounts: bool = True) -> None:
    """Print a result table as people read it, below its title; `amounts` as in `readable`."""
    from ltv_bayes.tables import table_as_text

    say(f"\n{title}\n{table_as_text(table, currency, amounts=amounts)}")


def _printable(text: str, encoding: str | None) -> str:
    """Put a mark for what the terminal cannot write."""
    encoding = encoding or "utf-8"
    return visible(text).encode(encoding, errors="replace").decode(encoding)
