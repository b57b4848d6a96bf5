"""Renewal dates against dateutil's arithmetic, which pandas uses."""

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.data.subscriptions.calendar import PERIODS, after, number_until

OFFSETS = {
    "day": {"days": 1},
    "week": {"days": 7},
    "month": {"months": 1},
    "quarter": {"months": 3},
    "year": {"months": 12},
}
STARTS = pd.to_datetime(["2024-01-31", "2024-02-29", "2023-12-30", "1999-08-01", "2000-11-30"])


@pytest.mark.parametrize("period", PERIODS)
def test_dates_are_those_of_pandas(period):
    for number in (0, 1, 2, 5, 13, 48):
        offset = pd.DateOffset(**{unit: size * number for unit, size in OFFSETS[period].items()})
        expected = [(start + offset).to_datetime64().astype("M8[D]") for start in STARTS]
        np.testing.assert_array_equal(after(STARTS, number, period), expected)


@pytest.mark.parametrize("period", PERIODS)
def test_counting_is_the_inverse(period):
    for number in (0, 1, 2, 7, 30):
        end = after(STARTS, number, period)
        np.testing.assert_array_equal(number_until(STARTS, end, period), number)
        if number:
            np.testing.assert_array_equal(number_until(STARTS, end - np.timedelta64(1, "D"), period), number - 1)


def test_periods_may_differ_by_row():
    found = after(np.array(["2024-01-31"] * 3, "M8[D]"), [1, 1, 1], np.array(["month", "quarter", "year"]))
    assert found.astype(str).tolist() == ["2024-02-29", "2024-04-30", "2025-01-31"]
