"""Tables and sentences on a terminal."""

import sys

import pandas as pd
import typer

from ltv_bayes.formatting import visible
from ltv_bayes.tables import as_text


def say(text: str = "") -> None:
    """Print a sentence; control characters in names cannot move the cursor or colour the screen."""
    typer.echo(_printable(text, sys.stdout.encoding))


def complain(kind: str, text: str, *, colour: str) -> None:
    """Print an error or a warning to the error stream, in one line."""
    line = " ".join(f"{kind}: {text}".split())
    typer.secho(_printable(line, sys.stderr.encoding), fg=colour, err=True)


def show(table: pd.DataFrame, *, title: str, currency: str | None = None, amounts: bool = True) -> None:
    """Print a result table as people read it, below its title; `amounts` as in `readable`."""
    say(f"\n{title}\n{as_text(table, currency, amounts=amounts)}")


def _printable(text: str, encoding: str | None) -> str:
    """Put a mark for what the terminal cannot write."""
    encoding = encoding or "utf-8"
    return visible(text).encode(encoding, errors="replace").decode(encoding)
