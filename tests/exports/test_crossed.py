"""Exports drawn by chance: container, language, shape, dates, amounts, status and totals crossed."""

import re

import pytest

from tests.exports.crossed import SPOILT, drawn
from tests.exports.test_files import assert_accounted_for


def seeds(few, number):
    """A number of seeds, the first few of them in each run of the tests and the others as a study."""
    return [*range(few), *(pytest.param(seed, marks=pytest.mark.study) for seed in range(few, number))]


@pytest.mark.parametrize("seed", seeds(40, 100))
def test_a_drawn_export_is_read_exactly(seed, tmp_path):
    case = drawn(seed)
    outcome = case.run(case.make(tmp_path))
    assert outcome.error is None, (case.name, outcome.error)
    assert outcome.orders == case.orders, case.name
    assert_accounted_for(case, outcome)
    assert outcome.warned == []


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("seed", seeds(6, 12))
def test_a_spoilt_row_is_named_and_can_be_left_out(seed, spoil, tmp_path):
    case = drawn(1000 + seed, spoil)
    source = case.make(tmp_path)
    refused = case.run(source)
    assert refused.error is not None, case.name
    for words in case.words:
        assert re.search(words, str(refused.error)), (case.name, words, refused.error)
    outcome = case.run(source, bad_rows="drop")
    assert outcome.error is None, (case.name, outcome.error)
    assert outcome.orders == case.orders, case.name
    assert_accounted_for(case, outcome)
