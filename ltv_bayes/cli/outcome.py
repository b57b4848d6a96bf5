"""How a command ends: what it tells readers and machines, and its exit code."""

import contextlib
import io
import json
import sys
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from ltv_bayes.cli.messages import plain_messages

FAULT, CAUTION = 1, 3
"""Exit codes: the data or settings are at fault; done, but what was computed must not be relied on yet. 2 is usage."""


@dataclass
class Outcome:
    """What a command has to tell a machine.

    Attributes
    ----------
    command : str
        Its name.
    content : dict
        Terms, totals, files.
    caution : str
        Why results must not be relied on yet; empty if nothing is wrong.
    """

    command: str
    content: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    caution: str = ""
    code: int = 0

    def hear(self, kind: str, sentence: str) -> None:
        """Keep what was told to the reader."""
        if kind == "warning":
            self.warnings.append(sentence)
        else:
            self.error = sentence

    def as_json(self) -> str:
        """One object."""
        whole = {
            "command": self.command,
            "exit_code": self.code,
            **({"error": self.error} if self.error else {}),
            **({"caution": self.caution} if self.caution else {}),
            **self.content,
            "notes": self.notes,
            "warnings": self.warnings,
        }
        return json.dumps(whole, ensure_ascii=False, indent=1, default=str)


@contextmanager
def told(
    command: str, options: Container[str], *, as_json: bool, quiet: bool, config: Path | None = None
) -> Iterator[Outcome]:
    """Run a command and tell how it ended.

    Parameters
    ----------
    command : str
        Its name.
    options : container of str
        Its options, as Python writes them.
    as_json : bool
        Whether the output is one JSON object; what is for readers then goes to the error stream.
    quiet : bool
        Whether what is for readers is left out; errors and warnings are not.
    config : Path, optional
        The file of settings.

    Raises
    ------
    typer.Exit
        With code 1 after an error, 3 where results must not be relied on yet.
    """
    outcome, output = Outcome(command), sys.stdout
    with ExitStack() as stack:
        if as_json or quiet:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO() if quiet else sys.stderr))
        try:
            with plain_messages(options, outcome.hear, config):
                yield outcome
            outcome.code = CAUTION if outcome.caution else 0
        except typer.Exit as left:
            outcome.code = left.exit_code
    if as_json:
        text = outcome.as_json()
        output.write(
            text.encode(output.encoding or "utf-8", errors="backslashreplace").decode(output.encoding or "utf-8") + "\n"
        )
    if outcome.code:
        raise typer.Exit(outcome.code)
