"""Examples of the reference: the one that runs through a room, and from it the lines that use each name."""

import doctest
import functools
import importlib
import inspect
import pkgutil
import re
from types import ModuleType
from typing import Any

import ltv_bayes as lb

HEADING = "Examples\n--------\n"


@functools.cache
def packages() -> tuple[ModuleType, ...]:
    """The packages with an example in their docstring, each before those within it."""
    names = sorted(one.name for one in pkgutil.walk_packages(lb.__path__, "ltv_bayes.") if one.ispkg)
    found = [importlib.import_module(name) for name in names]
    return tuple(one for one in found if HEADING in (inspect.getdoc(one) or ""))


def examples_of(room: str) -> list[str]:
    """The examples of a room of the package and of those within it, in Markdown, each below a heading."""
    parts = []
    for package in packages():
        if package.__name__.split(".")[1] == room:
            subject, _, example = (inspect.getdoc(package) or "").partition(HEADING)
            code = re.sub(
                r"((?:^(?:>>>|\.\.\.).*\n(?:(?!\n|>>>|\.\.\.).*\n)*)+)",
                r"```pycon\n\1```\n",
                f"{example}\n",
                flags=re.M,
            )
            parts += [f"## Example: {subject.strip().rstrip('.')}", "", code.replace("<BLANKLINE>", ""), ""]
    return parts


@functools.cache
def statements() -> tuple[tuple[str, doctest.Example], ...]:
    """Every statement of these examples, with the room that it is of."""
    found, parser = [], doctest.DocTestParser()
    for package in packages():
        every = parser.get_examples(inspect.getdoc(package) or "")
        found += [(package.__name__.split(".")[1], one) for one in every]
    return tuple(found)


def add_example(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Show below a name without an example of its own the line of the room's example that uses it."""
    last = name.rpartition(".")[2]
    if what in ("module", "class", "attribute") or any(">>>" in line for line in lines):
        return
    call = re.compile(rf"\.{last}\(" if what in ("method", "function") else rf"\.{last}\b")
    room, used = next((found for found in statements() if call.search(found[1].source)), ("", None))
    if used is None:
        return
    shown = [f">>> {used.source.rstrip()}".replace("\n", "\n... "), used.want.rstrip()]
    lines += ["", ".. rubric:: Example", "", f"From the example of :doc:`/reference/{room}`:", ""]
    lines += ["", *"\n".join(filter(None, shown)).split("\n"), ""]
