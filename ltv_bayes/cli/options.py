"""Options of the command line, made of the settings of a run: one a setting, in the panel of its section."""

import inspect
from collections.abc import Iterable
from dataclasses import Field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from ltv_bayes.language import N_, _, comma
from ltv_bayes.runs.kinds import LISTED
from ltv_bayes.runs.settings import each_setting, option_of

PANELS = {
    "orders": N_("Orders, and how they are read"),
    "customers": N_("Customers"),
    "purchases": N_("Model of purchases"),
    "spend": N_("Model of spend"),
    "judgements": N_("Judgements"),
    "opportunities": N_("Open opportunities"),
    "subscriptions": N_("Subscriptions"),
    "costs": N_("Acquisition costs"),
    "plan": N_("Customers to be won"),
    "value": N_("Terms of the value"),
    "analyses": N_("Segments and lists"),
    "trust": N_("Checks and backtest"),
    "sampling": N_("Fitting"),
    "output": N_("What is written"),
}
COMMON = "config", "json", "quiet"


def parameters(offered: Iterable[tuple[str, Field[Any]]]) -> list[inspect.Parameter]:
    """The parameters of a command: some settings, and what all commands have."""
    of_run = [_parameter(section, one) for section, one in offered]
    config = typer.Option(help=_("TOML file with the settings of a run, as init writes it; options go before it."))
    as_json = typer.Option(
        "--json", help=_("Write one JSON object to the output, and what is for readers to the other.")
    )
    quiet = typer.Option("--quiet", help=_("Write nothing but errors and warnings."))
    common = (("config", Path | None, config), ("json", bool, as_json), ("quiet", bool, quiet))
    return [
        *of_run,
        *(
            _keyword(name, Annotated[kind, option], None if name == "config" else False)
            for name, kind, option in common
        ),
    ]


def settings_of(sections: Iterable[str], without: Iterable[str] = ()) -> list[tuple[str, Field[Any]]]:
    """The settings of some sections, but for some options."""
    wanted, left_out = set(sections), set(without)
    return [(section, one) for section, one in each_setting() if section in wanted and option_of(one) not in left_out]


def _parameter(section: str, one: Field[Any]) -> inspect.Parameter:
    kind, name = one.metadata["kind"], option_of(one)
    text = _(one.metadata["says"])
    if kind.metavar == LISTED:
        text = _("{text} Choices: {words}.", text=text, words=comma(kind.words))
    if one.default not in (None, (), "auto", True, False):
        usual = comma(map(str, one.default)) if isinstance(one.default, tuple) else one.default
        usual = usual if str(usual).strip(".,") else repr(usual)
        text = _("{text} Usual: {usual}.", text=text, usual=usual)
    if name == "orders":
        return _keyword(name, Annotated[Path | None, typer.Argument(help=text, metavar="ORDERS")], None)
    look: dict[str, Any] = {"help": text, "rich_help_panel": _(PANELS[section]), "show_default": False}
    if kind.option is not bool:
        look["metavar"] = kind.metavar
    if kind.least is not None and kind.option is int:
        look["min"] = kind.least
    flag = f"--{name.replace('_', '-')}"
    flags = f"{flag}/--no-{flag[2:]}" if kind.option is bool else flag
    return _keyword(name, Annotated[kind.option | None, typer.Option(flags, **look)], None)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def fold_help() -> None:
    """Let help break lines within words: text without blanks, as Chinese is, would be cut off at the end of a line.

    Typer has no setting for it. Where a later version does without the function that is wrapped here, lines are cut.
    """
    from rich.text import Text
    from typer import rich_utils

    made = getattr(rich_utils, "_make_rich_text", None)
    if made is None or hasattr(made, "__wrapped__"):
        return

    @wraps(made)
    def folding(*args: Any, **kwargs: Any) -> Any:
        text = made(*args, **kwargs)
        if isinstance(text, Text):
            text.overflow = "fold"
        return text

    rich_utils._make_rich_text = folding
