"""Origins of a backtest: chosen so that each can be fitted and compared, or refused with the cure."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.evaluation.rolling.origins import LogSpan, chosen_origins, given_origins, windows_apart
from ltv_bayes.time_units import Duration, as_duration

FIRST = dt.date(2022, 1, 1)


def span(days, returned=0):
    """A log of a number of days, in which 40 customers came back, all on one day."""
    back = np.datetime64(FIRST + dt.timedelta(days=returned))
    return LogSpan(FIRST, FIRST + dt.timedelta(days=days - 1), {None: np.repeat(back, 40)})


def day(number):
    """The number-th day of the log, from 1."""
    return FIRST + dt.timedelta(days=number - 1)


class TestChosen:
    def test_by_one_horizon_where_the_log_is_long(self):
        assert chosen_origins(3, Duration(100, "day"), span(1000)) == [day(700), day(800), day(900)]

    def test_closer_and_even_where_it_is_short(self):
        found = chosen_origins(3, Duration(100, "day"), span(240))
        assert found == [day(100), day(120), day(140)]
        assert windows_apart(found, Duration(100, "day")) == pytest.approx(1.4)

    def test_the_first_leaves_customers_who_came_back(self):
        assert chosen_origins(3, Duration(100, "day"), span(240, returned=129))[0] == day(130)

    def test_a_log_of_twice_the_horizon_has_one(self):
        assert chosen_origins(1, Duration(100, "day"), span(200)) == [day(100)]
        with pytest.raises(InputError, match=r"covers 199 days, 2022-01-01 to 2022-07-18.*200 days.*'99 days'"):
            chosen_origins(1, Duration(100, "day"), span(199))

    def test_too_few_customers_who_came_back(self):
        with pytest.raises(InputError, match=r"By 2022-04-11.*0 customers.*needs 20\. Choose a shorter horizon"):
            chosen_origins(1, Duration(100, "day"), span(201, returned=150))
        none = LogSpan(FIRST, day(500), {None: np.array([], dtype="M8[D]")})
        with pytest.raises(InputError, match="0 customers of this log had bought again"):
            chosen_origins(1, Duration(100, "day"), none)

    def test_more_than_there_are_days(self):
        assert chosen_origins(6, Duration(100, "day"), span(205)) == [day(number) for number in range(100, 106)]
        with pytest.raises(InputError, match="there are 6 days for 7 origins"):
            chosen_origins(7, Duration(100, "day"), span(205))

    @pytest.mark.parametrize("number", [0, -1, 2.0, True, "6"])
    def test_a_number_of_origins(self, number):
        with pytest.raises(UnitError, match="origins must be a whole number"):
            chosen_origins(number, Duration(100, "day"), span(1000))

    @given(st.integers(1, 12), st.integers(1, 400), st.integers(2, 2000), st.integers(0, 800))
    def test_what_all_of_them_have(self, number, horizon, days, returned):
        length, log = Duration(horizon, "day"), span(days, returned)
        try:
            found = chosen_origins(number, length, log)
        except InputError:
            return
        assert len(found) == number
        assert found[-1] + dt.timedelta(days=horizon) == log.last
        assert (found[0] - FIRST).days + 1 >= horizon
        assert log.repeat_customers(found[0]) >= 20
        gaps = {(later - earlier).days for earlier, later in pairwise(found)}
        assert not gaps or (min(gaps) >= 1 and max(gaps) <= horizon and max(gaps) - min(gaps) <= 1)
        assert given_origins(found, length, log) == found


class TestGiven:
    length = Duration(100, "day")

    def test_in_order(self):
        assert given_origins([str(day(300)), day(200)], self.length, span(1000)) == [day(200), day(300)]

    def test_none_or_twice(self):
        for days in ([], [day(200), day(200)]):
            with pytest.raises(UnitError, match="at least one day in as_of=, and each once"):
                given_origins(days, self.length, span(1000))

    def test_too_late_or_too_early(self):
        with pytest.raises(InputError, match=r"1 day of as_of= after which the log.*\(id 2024-06-19\)") as error:
            given_origins([day(200), day(901)], self.length, span(1000))
        assert error.value.rows == (day(901),)
        with pytest.raises(InputError, match=r"less than 100 days of past.*Choose days from 2022-04-10 on"):
            given_origins([day(99), day(200)], self.length, span(1000))


def test_windows_apart():
    length = as_duration("4 weeks")
    apart = [day(1), day(29), day(99)]
    assert windows_apart(apart, length) == 3
    assert windows_apart([day(1), day(8), day(15)], length) == 1.5
    assert windows_apart(apart[:1], length) == 1


def test_the_span_of_a_log():
    frame = pd.DataFrame(
        [("A", "2024-01-05"), ("A", "2024-01-05"), ("A", "2024-03-01"), ("B", "2024-02-01"), ("B", "2024-02-07")],
        columns=["customer_id", "date"],
    )
    orders = lb.read_transactions(frame, amount=None)
    log = LogSpan.of({None: orders}, "2024-03-01")
    assert (log.first, log.last) == (dt.date(2024, 1, 5), dt.date(2024, 3, 1))
    assert [log.repeat_customers(dt.date(2024, *one)) for one in ((1, 31), (2, 7), (3, 1))] == [0, 1, 2]
    assert LogSpan.of({None: orders}, "2024-05-01").last == dt.date(2024, 5, 1)


def test_every_stream_must_have_customers_who_came_back():
    early, late = (np.array([str(day(number))] * 20, dtype="M8[D]") for number in (50, 400))
    both = LogSpan(FIRST, day(999), {"early": early, "late": late})
    assert both.earliest(as_duration("10 days")) == day(400)
    assert (both.repeat_customers(day(399)), both.repeat_customers(day(400)), both.scarcest) == (0, 20, "late")
    with pytest.raises(InputError, match="fewer than 20 customers who came back by then in the stream 'late'"):
        given_origins([day(300)], as_duration("10 days"), both)
