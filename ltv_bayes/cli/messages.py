"""Errors and warnings as sentences on a terminal, in the words of the command line."""

import ast
import re
import shlex
import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from ltv_bayes.errors import LtvBayesError, LtvBayesWarning
from ltv_bayes.language import N_, _
from ltv_bayes.runs.settings import each_setting, option_of
from ltv_bayes.runs.toml import section_of
from ltv_bayes.terminal import complain

ARGUMENT = re.compile(
    r"""(?<![A-Za-z_(.\[])(?P<name>[a-z_]+)="""
    r"""(?:(?P<table>\{[^{}]*\})|'(?P<text>[^']*)'|(?P<number>\d+(?:\.\d+)?)|(?P<truth>True|False)|(?![\w'"{(\[=<-]))"""
)
"""An argument of Python with its value: a table, text, a number, a truth, or none."""
ANY = "..."

Heard = Callable[[str, str], None]
KINDS = {"error": N_("error"), "warning": N_("warning")}


@contextmanager
def plain_messages(options: Container[str], hear: Heard | None = None, config: Path | None = None) -> Iterator[None]:
    """Show errors and warnings of this package, and files out of reach, as sentences; a fault keeps its traceback.

    Parameters
    ----------
    options : container of str
        The command's options, as Python writes them.
    hear : callable, optional
        Is called with "error" or "warning", and with the sentence.
    config : Path, optional
        The file of settings, which cures name too.

    Raises
    ------
    typer.Exit
        With code 1, after an error.
    """

    def tell(kind: str, sentence: str, colour: str, section: str = "") -> None:
        sentence = with_options(sentence, options, section, config)
        complain(_(KINDS[kind]), sentence, colour=colour)
        if hear is not None:
            hear(kind, sentence)

    with warnings.catch_warnings():
        warnings.simplefilter("always", LtvBayesWarning)
        warnings.showwarning = _warning_writer(tell)
        try:
            yield
        except LtvBayesError as error:
            tell("error", str(error), "red", section_of(error))
            raise typer.Exit(1) from None
        except OSError as error:
            tell(
                "error",
                _("{file}: {problem}.", file=error.filename or _("a file"), problem=error.strerror or error),
                "red",
            )
            raise typer.Exit(1) from None


def with_options(message: str, options: Container[str], section: str = "", config: Path | None = None) -> str:
    """Name the command's options where a message names the arguments of a Python function.

    Parameters
    ----------
    message : str
    options : container of str
        Those of the command, as Python writes them.
    section : str
        The section of the settings that is at work: its option goes before another of the same name.
    config : Path, optional
        The file of settings: the setting in it is named too.

    Examples
    --------
    >>> with_options("Pass as_of='2025-09-30', or fit with tune=2000.", {"as_of"})
    'Pass --as-of 2025-09-30, or fit with tune=2000.'
    >>> with_options("Pass keep={'Status': ['Paid', 'Signed']}.", {"keep"})
    'Pass --keep Status=Paid,Signed.'
    >>> with_options("Pass amount_unit=1000.", {"amount_unit", "cost_unit"}, "costs", Path("run.toml"))
    'Pass --cost-unit 1000 (amount_unit in [costs] of run.toml).'
    """
    own = {one.name: (part, one) for part, one in each_setting() if part == section}
    usual = {option_of(one): (part, one) for part, one in each_setting()}

    def as_option(found: re.Match[str]) -> str:
        place = own.get(found["name"])
        place = place if place is not None and option_of(place[1]) in options else usual.get(found["name"])
        name = found["name"] if place is None else option_of(place[1])
        if name not in options:
            return found[0]
        is_flag = place is not None and place[1].metadata["kind"].option is bool
        written = _written(f"--{name.replace('_', '-')}", found, is_flag=is_flag)
        if written is None:
            return found[0]
        if place is None or config is None:
            return written
        return _(
            "{option} ({setting} in [{section}] of {file})",
            option=written,
            setting=place[1].name,
            section=place[0],
            file=config,
        )

    return ARGUMENT.sub(as_option, message)


def _written(flag: str, found: re.Match[str], *, is_flag: bool) -> str | None:
    """An option with its value, if that is plain."""
    if found["table"] is not None:
        try:
            table = dict(ast.literal_eval(found["table"]))
        except (SyntaxError, ValueError, TypeError):
            return None
        return " ".join(f"{flag} {shlex.quote(f'{name}={_words(some)}')}" for name, some in table.items())
    if is_flag and found["truth"] is not None:
        return flag if found["truth"] == "True" else f"--no-{flag[2:]}"
    value = next((found[kind] for kind in ("text", "number", "truth") if found[kind] is not None), None)
    return (
        flag if value is None else f"{flag} {shlex.quote(_words(value if found['truth'] is None else value.lower()))}"
    )


def _words(some: Any) -> str:
    several = some if isinstance(some, list | tuple | set) else [some]
    return ",".join(_("NAME") if one in (..., ANY) else str(one) for one in several)


def _warning_writer(tell: Callable[[str, str, str, str], None]) -> Any:
    """Show this package's warnings; what other packages warn of is not the user's to mend."""

    def write(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, LtvBayesWarning):
            tell("warning", str(message), "yellow", section_of())

    return write
