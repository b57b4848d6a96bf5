"""The reference: every public name says what it is for, what goes in, what comes out, what it raises, and runs once.

An example stands in the docstring of the name itself or of its class, or in that of the room, which is the docstring of
a package. All of them are doctests.
"""

import ast
import doctest
import functools
import importlib
import inspect
import pkgutil
import re
import textwrap

import pytest

import ltv_bayes as lb
from ltv_bayes import samples
from ltv_bayes.streams.stream import Stream

SHAPE = re.compile(r"^(Returns|Yields)\n---|shape \(|\(chain, draw|indexed by|one row", re.IGNORECASE | re.MULTILINE)
STREAMS = ("RepeatPurchases", "Subscription", "OneOffSale", "TriggeredService")
SHAPED = re.compile("DataFrame|Series|DataArray|Dataset|ndarray|NDArray|Array|dict|tuple")
"""Types that say too little: rows and columns, dimensions and units stand in the docstring."""


def public():
    """Every public name with what it is: functions, classes, and the methods and properties of these classes."""
    found = {name: getattr(lb, name) for name in lb.__all__ if callable(getattr(lb, name))}
    found |= {f"samples.{name}": getattr(samples, name) for name in samples.__all__}
    members = {}
    for name, kind in found.items():
        for base in reversed(kind.__mro__) if inspect.isclass(kind) else ():
            if base.__module__.startswith("ltv_bayes"):
                members |= {f"{name}.{member}": made for member, made in vars(base).items() if member[0] != "_"}
    asked = (property, classmethod, staticmethod, functools.cached_property)
    return found | {name: made for name, made in members.items() if inspect.isfunction(made) or isinstance(made, asked)}


EXTRA = {"AmountBelief.from_preliz"}
"""Needs a package that users install if they want it; tests/judgement/test_beliefs.py calls it."""

PUBLIC = public()
FUNCTIONS = {name: getattr(made, "__func__", made) for name, made in PUBLIC.items()}
FUNCTIONS = {name: inspect.unwrap(made) for name, made in FUNCTIONS.items() if inspect.isfunction(made)}


@functools.cache
def examples(thing):
    """The code of the examples in a docstring that are run."""
    parsed = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    return "".join(one.source for one in parsed if doctest.SKIP not in one.options)


@functools.cache
def rooms():
    """The code of the examples of all rooms."""
    names = [one.name for one in pkgutil.walk_packages(lb.__path__, "ltv_bayes.") if one.ispkg]
    return "".join(examples(importlib.import_module(name)) for name in names)


def without_example(name, made):
    """Whether a name is in no example that runs: a call of a function, or an attribute that is looked up.

    An object that a function returns is shown by one of its methods.
    """
    if examples(made):
        return False
    owner, _, last = name.rpartition(".")
    if inspect.isclass(made) and any(not without_example(one, PUBLIC[one]) for one in members_of(name)):
        return False
    code = rooms() + "".join(map(examples, PUBLIC[owner].__mro__ if owner in PUBLIC else ()))
    return not re.search(rf"\.{last}\b" if owner or inspect.isclass(made) else rf"\b{last}\(", code)


def members_of(kind):
    """The public methods and properties of a class, which show an object of it."""
    return [name for name in PUBLIC if name.startswith(f"{kind}.")]


def text_of(name):
    """A docstring; of what a value asks of every stream, with that of the protocol."""
    owner, _, last = name.rpartition(".")
    shared = getattr(Stream, last, None) if owner in STREAMS else None
    return f"{inspect.getdoc(PUBLIC[name])}\n\n{inspect.getdoc(shared) if shared else ''}"


def raised(function):
    """The classes of errors that a function raises itself, by name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name) and call.func.id.endswith("Error")}


def test_the_reference_is_of_many_names():
    assert len(PUBLIC) > 450
    assert len(FUNCTIONS) > 300


def test_every_public_name_says_what_it_is_for():
    first = {name: (inspect.getdoc(made) or "").split("\n")[0] for name, made in PUBLIC.items()}
    assert [name for name, line in first.items() if not line.endswith((".", "?", ":"))] == []


def test_every_public_name_is_in_an_example_that_runs():
    assert {name for name, made in PUBLIC.items() if without_example(name, made)} == EXTRA


@pytest.mark.parametrize("part", ["parameters", "returns", "raises"])
def test_functions_say_what_goes_in_what_comes_out_and_what_they_raise(part):
    """A parameter stands in the docstring by name; an array or a table with its shape; an error with its class."""
    missing = {}
    for name, made in FUNCTIONS.items():
        text, signature = text_of(name), inspect.signature(made)
        given = {one for one in signature.parameters if one not in ("self", "cls")}
        kind = inspect.formatannotation(signature.return_annotation)
        told = SHAPE.search(text) or not SHAPED.search(kind)
        unsaid = {
            "parameters": {one for one in given if not re.search(rf"\b{one}\b", text)},
            "returns": set() if told else {kind},
            "raises": {error for error in raised(made) if error not in text},
        }[part]
        if unsaid:
            missing[name] = unsaid
    assert missing == {}


def test_what_has_no_example_is_noticed():
    def lonely():
        """Is nowhere called."""

    def shown():
        """Is called.

        >>> shown()
        """

    def skipped():
        """Is not run.

        >>> skipped()  # doctest: +SKIP
        """

    assert [without_example(one.__name__, one) for one in (lonely, shown, skipped)] == [True, False, True]
