"""Every file of the battery is read exactly right or refused in words; rows and amounts are all accounted for.

Every hint of every message is pasted back: it reads the file right, or it is refused again in words; never wrong.
"""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from tests.exports.cases import Case, Outcome, read
from tests.exports.hints import calls, pasted
from tests.exports.make_files import CASES

NOTHING = Decimal("0.00")
DEEPEST = 3
"""A hint may lead to another message, whose hints are pasted on top."""


def cents(amount: float) -> Decimal:
    return Decimal(str(round(amount, 2))).quantize(Decimal("0.01"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_file_is_read_right_or_refused_in_words(case, tmp_path):
    source = case.make(tmp_path)
    outcome = case.run(source)
    if case.orders is None or (case.words and outcome.error):
        assert_refused(case, outcome)
    else:
        assert outcome.error is None, outcome.error
        assert outcome.orders == case.orders
        assert_accounted_for(case, outcome)
        assert_said(case, outcome)
        assert_notes_mislead_nobody(case, source, outcome)
    follow(case, source, dict(case.args), outcome, DEEPEST)


def assert_refused(case: Case, outcome: Outcome) -> None:
    """The right error, in words that name what it is about."""
    assert outcome.error is not None, f"read as {outcome.orders}"
    assert isinstance(outcome.error, case.error)
    for words in case.words:
        assert re.search(words, str(outcome.error)), f"{words!r} is not in: {outcome.error}"
    assert not outcome.warned, outcome.warned


def assert_accounted_for(case: Case, outcome: Outcome) -> None:
    """Rows and amounts of the file are those kept and those left out, to the cent."""
    report = outcome.log.report
    kept = [amount or NOTHING for _, _, amount in case.orders or []]
    in_kept = sum(kept, NOTHING) if case.file_amount is None else case.file_amount
    in_left = sum((amount or NOTHING for _, amount in case.left), NOTHING)
    assert report.rows_in == len(kept) + len(case.left)
    assert cents(report.amount_in) == in_kept + in_left
    table = report.rows
    assert table.loc["kept", "rows"] == len(kept)
    assert cents(table.loc["kept", "amount"]) == in_kept
    expected: Counter[str] = Counter()
    money: dict[str, Decimal] = {}
    for reason, amount in case.left:
        expected[reason] += 1
        money[reason] = money.get(reason, NOTHING) + (amount or NOTHING)
    others = table.drop(index="kept")
    assert len(others) == len(expected), others
    for reason, number in expected.items():
        found = others[[bool(re.search(re.escape(reason), name)) for name in others.index]]
        assert found["rows"].tolist() == [number], (reason, others)
        assert cents(found["amount"].iloc[0]) == money[reason]
    assert len(outcome.log.dropped) == len(case.left)


def assert_said(case: Case, outcome: Outcome) -> None:
    """Warnings, what the report says, and open opportunities."""
    assert len(outcome.warned) == len(case.warns), outcome.warned
    for pattern, message in zip(case.warns, outcome.warned, strict=True):
        assert re.search(pattern, message, re.DOTALL), message
    report = outcome.log.report
    for attribute, pattern in case.says.items():
        assert re.search(pattern, str(getattr(report, attribute))), (attribute, getattr(report, attribute))
    text = report.text()
    assert f"{report.rows_in:,}" in text
    assert f"{report.amount_in:,.2f}" in text or case.args.get("amount", "") is None
    if case.open is not None:
        table = outcome.log.opportunities
        found = [
            (str(row.customer_id), cents(row.amount), round(row.probability, 6), pd.Timestamp(row.expected_on).date())
            for row in table.itertuples()
        ]
        assert found == [
            (who, cents(float(much)), chance, dt.date.fromisoformat(day)) for who, much, chance, day in case.open
        ]


def assert_notes_mislead_nobody(case: Case, source: object, outcome: Outcome) -> None:
    """The arguments that notes of the report name are hints too."""
    for note in outcome.log.report.notes:
        for hint in pasted(note):
            found = case.run(source, **hint)
            assert found.error is not None or found.orders in case.right, (note, found.orders)


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
    speaking = [case for case in CASES if case.orders is None or case.words or case.warns]
    assert len([case for case in speaking if case.right]) > 40


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind == "ids" and case.orders], ids=lambda case: case.name
)
def test_hostile_cells_stay_text_on_a_page(case, tmp_path):
    log = case.run(case.make(tmp_path)).log
    log.report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8") + log._repr_html_() + log.report._repr_html_()
    assert "<script" not in page
    assert "<img" not in page


def test_there_are_enough_files_of_every_kind():
    by_kind = Counter(case.kind for case in CASES)
    read = Counter(case.kind for case in CASES if case.orders is not None)
    for kind, number in by_kind.items():
        print(f"{kind:<22} {number:>4} files: {read[kind]:>3} to read, {number - read[kind]:>3} to refuse")
    print(f"{'all':<22} {len(CASES):>4} files")
    assert len(CASES) >= 120
    assert len({(case.kind, case.name) for case in CASES}) == len(CASES)
