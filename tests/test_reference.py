"""The reference: every public name says what it is for, what goes in, what comes out, what it raises, and runs once.

An example stands in the docstring of the name itself or of its class, or in that of the room, which is the docstring of
a package. All of them are doctests; those of rooms run here, where the tables that they show are held to the list of
columns.
"""

import ast
import doctest
import functools
import importlib.util
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import ltv_bayes as lb
from ltv_bayes import samples
from ltv_bayes.streams.stream import Stream
from ltv_bayes.tables.headings import BOUND, COVERED, KNOWN, PATTERNS
from tests.rooms import listed, packages, recorder, run

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

USERS_OWN = {"read_table", "readable", "FutureValuePriors.in_words", "FutureValuePriors.amount_quantiles"}
USERS_OWN |= {
    "FutureValuePriors.relations",
    "NewCustomerValue.customers",
    "SegmentValues.customers",
    "Customers.dropped",
}
"""Columns are those of what is given, or there is one number for each row of it."""

PUT_TOGETHER = {"stated_sd", "net_value", "probability_b_above_a", "crps_average", "crps_last_period"}
"""Columns with names that the package puts together of two."""

PUBLIC = public()
FUNCTIONS = {name: getattr(made, "__func__", made) for name, made in PUBLIC.items()}
FUNCTIONS = {name: inspect.unwrap(made) for name, made in FUNCTIONS.items() if inspect.isfunction(made)}


@functools.cache
def examples(thing):
    """The code of the examples in a docstring that are run."""
    parsed = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    return "".join(one.source for one in parsed if doctest.SKIP not in one.options)


@functools.cache
def of_rooms():
    """The code of the examples of all rooms."""
    return "".join(map(examples, packages().values()))


def tables():
    """The public calls that return a table, by the class that has them; those of a user's own columns left out."""
    found = []
    for name, made in PUBLIC.items():
        owner, _, last = name.rpartition(".")
        function = made.fget if isinstance(made, property) else FUNCTIONS.get(name)
        if function is None or name in USERS_OWN or "samples" in name or (owner and last not in vars(PUBLIC[owner])):
            continue
        if re.match(
            r"pandas\.(DataFrame|Series)$", inspect.formatannotation(inspect.signature(function).return_annotation)
        ):
            found.append(name)
    return found


def without_example(name, made):
    """Whether a name is in no example that runs: a call of a function, or an attribute that is looked up.

    An object that a function returns is shown by one of its methods.
    """
    if examples(made):
        return False
    owner, _, last = name.rpartition(".")
    if inspect.isclass(made) and any(not without_example(one, PUBLIC[one]) for one in members_of(name)):
        return False
    code = of_rooms() + "".join(map(examples, PUBLIC[owner].__mro__ if owner in PUBLIC else ()))
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


@pytest.mark.parametrize("room", packages())
def test_the_example_of_a_room_runs_and_its_tables_have_the_columns_listed(room, monkeypatch):
    """docs/columns.toml lists a call in one room; others may show a part of its columns."""
    found = recorder(monkeypatch, tables())
    failed, said = run(packages()[room])
    assert failed == 0, said
    by_room = listed()["tables"]
    every = {call: names for calls in by_room.values() for call, names in calls.items()}
    here = by_room.get(room.removeprefix("ltv_bayes."), {})
    assert {call: found.get(call) for call in here} == {
        call: (one["index"], one["columns"]) for call, one in here.items()
    }
    more = {call: set(names[1]) - set(every[call]["columns"]) for call, names in found.items()}
    assert {call: names for call, names in more.items() if names} == {}


def test_every_table_is_listed_with_its_columns():
    listed_calls = [call for calls in listed()["tables"].values() for call in calls]
    assert sorted(listed_calls) == sorted(tables())


def test_every_column_has_a_name_in_words_and_a_meaning():
    """Names that are made of others have the meaning of these."""
    means = listed()["means"]
    tables_listed = [one for calls in listed()["tables"].values() for one in calls.values()]
    names = {name for one in tables_listed for name in (*one["index"], *one["columns"]) if "<" not in name}
    made = [BOUND, COVERED, *(pattern for pattern, _kind, _words in PATTERNS)]
    known = {*KNOWN, *means}
    assert {name for name in names - known if not any(one.fullmatch(name) for one in made)} == {
        *("purchases_closed", "spend_closed"),
        *("needed", "type"),
    }
    assert set(KNOWN) - set(means) == set()
    assert set(means) - set(KNOWN) == {"probability_ever", "variance"}


def test_no_column_is_explained_that_no_table_has():
    """Each name stands in the source of the package, where a table is made or read."""
    files = [path for path in Path(lb.__file__).parent.rglob("*.*") if path.suffix in (".py", ".toml")]
    source = "".join(path.read_text(encoding="utf-8") for path in files if path.name != "headings.py")
    unused = set(KNOWN) - set(re.findall(r"\w+", source))
    assert unused == PUT_TOGETHER


@pytest.fixture(scope="module")
def messages_of_the_site():
    """What makes the page of messages."""
    spec = importlib.util.spec_from_file_location(
        "site_messages", Path(lb.__file__).parents[1] / "docs/site_messages.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_has_a_cure(messages_of_the_site):
    every = {text for texts in messages_of_the_site.messages().values() for text in texts}
    assert len(every) > 500
    assert {text for text in every if messages_of_the_site.cure_of(text) is None} == set()
    assert set(messages_of_the_site.CURES) - every == set()
    assert messages_of_the_site.cure_of("The file is gone.") is None


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
