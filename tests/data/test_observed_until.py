"""Observation that ends earlier for some customers."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ltv_bayes import Customers, read_transactions, summarize, summarize_renewals
from ltv_bayes.errors import InputError
from ltv_bayes.time_units import DAYS_PER_UNIT
from ltv_bayes.value.draws.passes import offered_groupings

AS_OF, NOTED = dt.date(2024, 6, 30), "observed_until"


def customers_of(**columns):
    frame = {"customer_id": [1, 2, 3], "frequency": [2, 0, 1], "recency": [3.0, 0.0, 2.0], "T": [8.0, 5.0, 6.0]}
    return Customers.from_summary(pd.DataFrame({**frame, **columns}), time_unit="week", as_of=AS_OF)


def test_only_those_who_ended_before_as_of_change():
    ended = {1: "2024-06-09", 2: None, 3: "2024-07-20", 99: "2024-01-01"}
    found = customers_of().observed_until(ended)
    assert found.table["T"].tolist() == [5.0, 5.0, 6.0]
    pd.testing.assert_frame_equal(found.table.drop(columns=["T", NOTED]), customers_of().table.drop(columns="T"))
    assert (found.as_of, found.time_unit) == (AS_OF, "week")
    for nobody in ({}, {1: AS_OF}):
        unchanged = customers_of().observed_until(nobody).table
        assert unchanged[NOTED].isna().all()
        pd.testing.assert_frame_equal(unchanged.drop(columns=NOTED), customers_of().table)


def days_noted(customers):
    return [None if pd.isna(day) else str(day.date()) for day in customers.table[NOTED]]


def test_the_table_notes_whose_observation_ended_and_when():
    found = customers_of().observed_until({1: "2024-06-09", 3: "2024-07-20"})
    assert days_noted(found) == ["2024-06-09", None, None]
    assert found.table[NOTED].dtype == "datetime64[us]"


@pytest.mark.parametrize("second", ["2024-06-02", "2024-06-09", "2024-06-20", None])
def test_of_two_ends_the_earlier_counts(second):
    once, other = {1: "2024-06-09"}, {"1": second, 2: "2024-06-23"}
    expected = {1: min("2024-06-09", second or "2024-06-09"), 2: "2024-06-23"}
    for first, then in ((once, other), (other, once)):
        found = customers_of(recency=[2.0, 0.0, 2.0]).observed_until(first).observed_until(then)
        pd.testing.assert_frame_equal(found.table, customers_of(recency=[2.0, 0.0, 2.0]).observed_until(expected).table)


def test_the_note_stays_in_files_and_tables(tmp_path):
    found = customers_of().observed_until({1: "2024-06-09"})
    in_file = Customers.scan(found.save(tmp_path / "customers.parquet"))
    again = Customers.from_summary(found.table.reset_index(), time_unit="week", as_of=AS_OF)
    for kept in (in_file, again, found.subset([1]), found.in_time_unit("day")):
        assert days_noted(kept)[0] == "2024-06-09"
        assert kept.table[NOTED].dtype.kind == "M"


def test_the_note_is_no_segmentation():
    ended = customers_of(industry=["music", "retail", "music"]).observed_until({1: "2024-06-09"})
    assert list(offered_groupings(ended)) == ["industry"]


@pytest.mark.parametrize("unit", sorted(DAYS_PER_UNIT))
def test_T_is_to_the_last_digit_that_of_a_summary_up_to_the_end(unit):
    rng = np.random.default_rng(3)
    starts = pd.to_datetime("2022-01-01") + pd.to_timedelta(rng.integers(0, 600, 400), unit="D")
    ends = starts + pd.to_timedelta(rng.integers(0, 300, 400), unit="D")
    frame = pd.DataFrame({"customer_id": range(400), "date": starts, "amount": 1.0})
    frame = pd.concat([frame, frame.assign(date=ends)])  # an order on the last day
    customers = summarize(read_transactions(frame), as_of=AS_OF, time_unit=unit)
    found = customers.observed_until(pd.Series(ends, range(400))).table
    expected = (ends - starts).days.to_numpy() / DAYS_PER_UNIT[unit]
    assert found["T"].tolist() == expected.tolist()
    assert found["recency"].equals(customers.table["recency"])


def test_a_T_of_broken_days_keeps_its_fraction():
    found = customers_of(T=[8.05, 5.0, 6.0]).observed_until({1: "2024-06-09"})
    assert found.table.loc[1, "T"] == pytest.approx(5.05, rel=1e-12)


def test_ids_as_numbers_or_as_their_digits():
    assert customers_of().observed_until({"1": "2024-06-09"}).table.loc[1, "T"] == 5.0


def test_a_table_of_ends():
    ended = pd.DataFrame({"customer_id": [1], "ended_on": ["2024-06-09"]})
    assert customers_of().observed_until(ended).table.loc[1, "T"] == 5.0


def test_orders_after_the_end_are_refused():
    with pytest.raises(InputError, match=r"2 customers who ordered, or joined, after their end \(ids 1, 2\)") as caught:
        customers_of().observed_until({1: "2024-05-20", 2: "2024-05-20", 3: "2024-06-29"})
    assert caught.value.rows == (1, 2)


def test_two_ends_of_one_customer_are_refused():
    with pytest.raises(InputError, match=r"1 customer with several dates in ended_on \(id 1\)"):
        customers_of().observed_until(pd.Series(["2024-06-09", "2024-06-10"], index=[1, 1]))


def test_without_an_as_of_date_or_in_a_file(tmp_path):
    with pytest.raises(InputError, match="no as-of date"):
        Customers(customers_of().table, "week").observed_until({})
    customers_of().save(tmp_path / "customers.parquet")
    with pytest.raises(InputError, match=r"Load them with customers\.subset"):
        Customers.scan(tmp_path / "customers.parquet").observed_until({})


def test_ends_of_subscriptions_end_the_observation():
    records = pd.DataFrame({"customer_id": [1, 2], "start": "2023-01-15", "cancelled_on": ["2024-05-20", None]})
    ended = summarize_renewals(records, price=None, as_of=AS_OF).ended()
    found = customers_of().observed_until(ended).table["T"]
    assert found.tolist() == pytest.approx([8 - 15 / 7, 5, 6])  # paid until 15 June
