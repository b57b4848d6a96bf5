"""Exports drawn by chance: container, language, shape, dates, amounts, status and totals crossed."""

import pytest

from tests.exports.crossed import drawn
from tests.exports.test_files import assert_accounted_for


@pytest.mark.parametrize("seed", range(120))
def test_a_drawn_export_is_read_exactly(seed, tmp_path):
    case = drawn(seed)
    outcome = case.run(case.make(tmp_path))
    assert outcome.error is None, (case.name, outcome.error)
    assert outcome.orders == case.orders, case.name
    assert_accounted_for(case, outcome)
    assert outcome.warned == []
