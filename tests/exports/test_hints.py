"""Every hint of every message is pasted back: it reads a file right, or is refused again in words; never wrong."""

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from tests.exports.cases import Case, Outcome, read
from tests.exports.hints import calls, pasted
from tests.exports.make_files import CASES

DEEPEST = 3
"""A hint may lead to another message, whose hints are pasted on top."""
SPEAKING = [case for case in CASES if case.orders is None or case.words or case.warns]


@pytest.mark.parametrize("case", SPEAKING, ids=lambda case: f"{case.kind}: {case.name}")
def test_hints_read_right_or_are_refused_again(case, tmp_path):
    source = case.make(tmp_path)
    follow(case, source, dict(case.args), case.run(source), DEEPEST)


def follow(case: Case, source: object, args: dict, outcome: Outcome, deep: int) -> None:
    """Paste each hint of each message."""
    for message in outcome.messages if deep else ():
        for hint in pasted(message):
            tried = {**args, **hint}
            if tried == args:
                continue
            found = read(source, tried)
            assert_right(case, found, tried)
            if found.error is not None:
                follow(case, source, tried, found, deep - 1)
        for given, named in calls(message):
            assert_call(case, given, named, args)


def assert_right(case: Case, found: Outcome, tried: dict) -> None:
    """A reading is one of those that are right; a refusal has words."""
    if found.error is not None:
        assert str(found.error).strip(), tried
        return
    assert found.orders in case.right, f"{tried} reads {found.orders}"


def assert_call(case: Case, given: list, named: dict, args: dict) -> None:
    """A whole call gives a table, from which orders are read right, or is refused."""
    try:
        table = lb.read_table(*given, **named)
    except InputError:
        return
    assert isinstance(table, pd.DataFrame)
    rest = {name: value for name, value in args.items() if name not in ("sheet", "header", "encoding")}
    assert_right(case, read(table, rest), named)


def test_refusals_give_hints():
    """Most refusals that a reader can settle by an argument name it."""
    settled = [case for case in SPEAKING if case.right]
    assert len(settled) > 40
