"""The examples that run through the rooms of the package, and the tables that they show."""

import doctest
import functools
import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pandas as pd

import ltv_bayes as lb

COLUMNS = Path(lb.__file__).parents[1] / "docs" / "columns.toml"
OWN = {"industry", "region", "account_manager"}
"""Columns of the users of the examples. Any table may have a column ``caution`` besides."""
MADE = (
    (re.compile(r"(eti|hdi)\d+(?=_[lu]b)"), "eti89"),
    (re.compile(r"^mean_(realised|repeat_purchases|judged)$"), "mean_<source>"),
    (re.compile(r"^rank_\d+$"), "rank_<place>"),
    (re.compile(r"^probability_in_top_\d+$"), "probability_in_top_<number>"),
    (re.compile(r"^probability_above_[\d.]+$"), "probability_above_<number>"),
    (re.compile(r"^probability_(top \d+%|前\d+%|\d+-\d+%|key|other)$"), "probability_<tier>"),
    (re.compile(r"^probability_payback_within_.*"), "probability_payback_within_<months>_months"),
    (re.compile(r"^inside_eti\d+$"), "inside_<interval>"),
    (re.compile(r"^weeks$"), "<time unit>"),
)
"""Names that are made of others, as the page of columns writes them."""


@functools.cache
def packages():
    """The packages with an example in their docstring, by name."""
    names = sorted(one.name for one in pkgutil.walk_packages(lb.__path__, "ltv_bayes.") if one.ispkg)
    found = {name: importlib.import_module(name) for name in names}
    return {name: one for name, one in found.items() if ">>>" in (inspect.getdoc(one) or "")}


def listed():
    """What docs/columns.toml says."""
    return tomllib.loads(COLUMNS.read_text(encoding="utf-8"))


def as_listed(name):
    """A column as the page of columns writes it."""
    for pattern, word in MADE:
        name = pattern.sub(word, str(name))
    return name


def shape_of(table):
    """The names of a table's index, and those of its columns; of a series without columns, its labels or its name."""
    index = [as_listed(name) for name in table.index.names if name not in (None, *OWN)]
    if isinstance(table, pd.DataFrame):
        return index, [as_listed(name) for name in table.columns if name not in {*OWN, "caution"}]
    labels = [as_listed(label) for label in table.index if isinstance(label, str)] if not table.index.name else []
    return index, labels or [as_listed(table.name)]


def recorder(monkeypatch, calls):
    """Let public calls that return tables note the columns of each: a mapping from the call to index and columns."""
    found = {}

    def noting(name, function):
        @functools.wraps(function)
        def called(*given, **named):
            table = function(*given, **named)
            if isinstance(table, pd.DataFrame | pd.Series):
                for names, more in zip(found.setdefault(name, ([], [])), shape_of(table), strict=True):
                    names += [one for one in more if one not in names]
            return table

        return called

    for name in calls:
        owner, _, last = name.rpartition(".")
        place = getattr(lb, owner) if owner else lb
        made = vars(place)[last] if owner else getattr(lb, last)
        wrapped = property(noting(name, made.fget)) if isinstance(made, property) else noting(name, made)
        monkeypatch.setattr(place, last, wrapped)
    return found


def run(package):
    """Run the example of a package, and give the number of lines that differ from what it says, with a report."""
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    (example,) = doctest.DocTestFinder(recurse=False).find(package)
    said = []
    failed, _ = doctest.DocTestRunner(optionflags=flags).run(example, out=said.append)
    return failed, "".join(said)
