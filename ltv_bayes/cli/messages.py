"""Errors and warnings as sentences on a terminal, in the words of the command line."""

import ast
import re
import shlex
import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from ltv_bayes.errors import LtvBayesError, LtvBayesWarning
from ltv_bayes.language import N_, _
from ltv_bayes.terminal import complain

KEEP = re.compile(r"\bkeep=(?P<words>\{[^{}]*\})")
ARGUMENT = re.compile(r"\b(?P<name>[a-z_]+)=(?:'(?P<text>[^']*)'|(?P<number>\d+(?:\.\d+)?))")

Heard = Callable[[str, str], None]
KINDS = {"error": N_("error"), "warning": N_("warning")}


@contextmanager
def plain_messages(options: Container[str], hear: Heard | None = None) -> Iterator[None]:
    """Show errors and warnings of this package, and files out of reach, as sentences; a fault keeps its traceback.

    Parameters
    ----------
    options : container of str
        The command's options, as Python writes them.
    hear : callable, optional
        Is called with "error" or "warning", and with the sentence.

    Raises
    ------
    typer.Exit
        With code 1, after an error.
    """

    def tell(kind: str, sentence: str, colour: str) -> None:
        sentence = with_options(sentence, options)
        complain(_(KINDS[kind]), sentence, colour=colour)
        if hear is not None:
            hear(kind, sentence)

    with warnings.catch_warnings():
        warnings.simplefilter("always", LtvBayesWarning)
        warnings.showwarning = _warning_writer(tell)
        try:
            yield
        except LtvBayesError as error:
            tell("error", str(error), "red")
            raise typer.Exit(1) from None
        except OSError as error:
            tell(
                "error",
                _("{file}: {problem}.", file=error.filename or _("a file"), problem=error.strerror or error),
                "red",
            )
            raise typer.Exit(1) from None


def with_options(message: str, options: Container[str]) -> str:
    """Name the command's options where a message names the arguments of a Python function.

    Examples
    --------
    >>> with_options("Pass as_of='2025-09-30', or fit with tune=2000.", {"as_of"})
    'Pass --as-of 2025-09-30, or fit with tune=2000.'
    >>> with_options("Pass keep={'Status': ['Paid', 'Signed']}.", {"keep"})
    'Pass --keep Status=Paid,Signed.'
    """

    def as_option(found: re.Match[str]) -> str:
        name, value = found["name"], found["text"] or found["number"]
        return f"--{name.replace('_', '-')} {shlex.quote(value)}" if name in options else found[0]

    return ARGUMENT.sub(as_option, KEEP.sub(_words_to_keep, message) if "keep" in options else message)


def _words_to_keep(found: re.Match[str]) -> str:
    """Write words by column as options, if they are plain."""
    try:
        words = ast.literal_eval(found["words"])
    except (SyntaxError, ValueError):
        return found[0]
    written = [f"{column}={some if isinstance(some, str) else ','.join(some)}" for column, some in words.items()]
    return " ".join(f"--keep {shlex.quote(one)}" for one in written)


def _warning_writer(tell: Callable[[str, str, str], None]) -> Any:
    """Show this package's warnings; what other packages warn of is not the user's to mend."""

    def write(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, LtvBayesWarning):
            tell("warning", str(message), "yellow")

    return write
