"""Tables and sentences on a terminal."""

import pandas as pd
import typer

from ltv_bayes.tables import readable


def say(text: str) -> None:
    """Print a sentence; control characters in names cannot move the cursor or colour the screen."""
    typer.echo("".join(char if char.isprintable() or char == "\n" else "�" for char in text))


def show(table: pd.DataFrame, *, title: str, currency: str | None = None, money: bool = True) -> None:
    """Print a result table as people read it, with its title; numbers as they are where `money` is False."""
    text = readable(table, currency) if money else table.map(_short)
    with pd.option_context("display.unicode.east_asian_width", True, "display.width", None):
        say(f"\n{title}\n{text.to_string()}\n")


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
