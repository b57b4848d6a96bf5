"""Subscriptions from records and from cohort tables, against a count by hand of every renewal date."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

import ltv_bayes as lb
from ltv_bayes.data.subscriptions.contract_lengths import as_period
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.summarize import summarize_renewals
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError
from tests.chance import allowed

STEP = {"month": {"months": 1}, "quarter": {"months": 3}, "year": {"years": 1}, "week": {"weeks": 1}}


def records(**columns):
    frame = {
        "customer_id": ["A", "B"],
        "start": ["2024-01-31", "2024-02-29"],
        "cancelled_on": [None, None],
        "price": 10,
    }
    return pd.DataFrame({**frame, **columns})


def by_hand(start, cancelled, period, as_of):
    """Walk from one renewal date to the next."""
    made = 0
    while True:
        due = start + relativedelta(**{unit: (made + 1) * size for unit, size in STEP[period].items()})
        if cancelled is not None and cancelled <= as_of and cancelled <= due:
            return made, True, None
        if due > as_of:
            return made, False, due
        made += 1


@pytest.mark.parametrize("period", STEP)
def test_counts_are_those_of_walking_along_the_calendar(period):
    rng = np.random.default_rng(1)
    starts = [dt.date(2021, 1, 1) + dt.timedelta(days=int(n)) for n in rng.integers(0, 1200, 300)]
    ends = [
        start + dt.timedelta(days=int(n)) if n < 900 else None
        for start, n in zip(starts, rng.integers(0, 1500, 300), strict=True)
    ]
    as_of = dt.date(2024, 6, 30)
    frame = pd.DataFrame({"customer_id": range(300), "start": starts, "cancelled_on": ends, "price": 5.0})
    found = summarize_renewals(frame, period=period, as_of=as_of).table
    for customer, row in found.iterrows():
        made, lost, due = by_hand(starts[customer], ends[customer], period, as_of)
        assert (row["renewals"], row["lost"]) == (made, lost)
        assert row["next_due"] == pd.Timestamp(due) if due else pd.isna(row["next_due"])
        unmade = starts[customer] + relativedelta(**{unit: (made + 1) * size for unit, size in STEP[period].items()})
        assert row["ended_on"] == pd.Timestamp(unmade) if lost else pd.isna(row["ended_on"])


def test_a_cancellation_on_the_renewal_date_is_a_renewal_not_made():
    frame = records(start="2024-01-15", cancelled_on=["2024-03-15", "2024-03-16"])
    assert summarize_renewals(frame, as_of="2024-12-31").table["renewals"].tolist() == [1, 2]


def test_what_happens_after_as_of_is_not_known():
    frame = records(start=["2024-01-15", "2024-09-01"], cancelled_on=["2024-09-20", None])
    found = summarize_renewals(frame, as_of="2024-06-30")
    assert found.table.index.tolist() == ["A"]
    assert not found.table.loc["A", "lost"]
    assert str(found.table.loc["A", "next_due"].date()) == "2024-07-15"


def test_contracts_of_different_length():
    found = summarize_renewals(records(term=["yearly", "季度"]), period="term", as_of="2025-03-01").table
    assert found["period"].tolist() == ["year", "quarter"]
    assert found["renewals"].tolist() == [1, 4]
    assert [str(day.date()) for day in found["next_due"]] == ["2026-01-31", "2025-05-29"]


def test_products_tell_subscriptions_of_one_customer_apart():
    frame = records(customer_id="A", product=["cloud", "service"], region=["N", "S"])
    found = summarize_renewals(frame, product="product", as_of="2024-12-31")
    assert len(found) == 2
    assert found.table["region"].tolist() == ["N", "S"]


def test_who_returns_starts_anew():
    frame = records(customer_id="A", start=["2024-01-01", "2024-05-01"], cancelled_on=["2024-03-10", None])
    assert len(summarize_renewals(frame, as_of="2024-12-31")) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"customer_id": "A"},
            r"2 rows with subscriptions of one customer that overlap \(rows 0, 1\)\. Name the column",
        ),
        ({"cancelled_on": ["2024-01-01", None]}, r"1 row cancelled before the start \(row 0\)"),
        ({"price": [5, -1]}, r"1 row with a price below zero \(row 1\)"),
        ({"price": [None, None]}, r"2 rows without a price \(rows 0, 1\)"),
        ({"start": ["2024-01-01", None]}, r"1 row without a date \(row 1\)"),
        ({"start": ["2024-01-01", "soon"]}, r"row 1"),
        ({"customer_id": ["A", None]}, r"1 row without a customer id \(row 1\)"),
        ({"cancelled_on": [None, "later"]}, r"row 1"),
    ],
)
def test_contradictions_are_refused_with_their_rows(changes, message):
    with pytest.raises(InputError, match=message):
        summarize_renewals(records(**changes), as_of="2024-12-31")


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({"customer_id": [18, "18"]}, {}, r"2 rows with subscriptions of one customer that overlap \(rows 0, 1\)"),
        (
            {"customer_id": "A", "start": "2024-01-31"},
            {},
            r"2 rows written more than once \(rows 0, 1\)\. Keep one of each\.",
        ),
        (
            {"customer_id": "A", "start": "2024-01-31", "cancelled_on": ["2024-01-31"] * 2},
            {},
            r"2 rows written more than once \(rows 0, 1\)",
        ),
        (
            {"price": [5, "many"]},
            {},
            r"1 row with a price that cannot be read, such as 'many' \(row 1\)\. Write a plain",
        ),
        ({"price": [5, "1.2万块儿"]}, {}, r"such as '1\.2万块儿' \(row 1\).*amount_unit="),
        ({"price": [5, float("inf")]}, {}, r"1 row with an infinite price \(row 1\)"),
        ({"price": ["5 EUR", "5 USD"]}, {}, r"2 currencies \(EUR in rows 0; USD in rows 1\)"),
        ({"what": ["cloud", " "]}, {"product": "what"}, r"1 row without a product \(row 1\)\. Fill in what"),
        ({"customer_id": "A", "what": ["cloud", "cloud "]}, {"product": "what"}, r"overlap \(rows 0, 1\)"),
        ({"cancelled_on": ["0000-00-10", None]}, {}, r"\(row 0\)\. .* Leave it blank where there is none"),
        ({"start": ["11/01/2024", "03/04/2024"]}, {}, r"order of day, month and year is open.*date_format="),
        ({"term": ["month", None]}, {"period": "term"}, r"1 row with a term that is no contract length.* \(row 1\)"),
        ({}, {"as_of": "2024-01-30"}, r"as_of 2024-01-30 lies before the first start \(2024-01-31\)\. Choose a later"),
    ],
)
def test_bad_records_are_refused_with_their_rows_and_the_cure(changes, settings, message):
    with pytest.raises(InputError, match=message):
        summarize_renewals(records(**changes), **{"as_of": "2024-12-31", **settings})


@pytest.mark.parametrize("rows", [["2024-01-03", "2024-01-01"], ["2024-01-01", "2024-01-01"]])
def test_rows_may_be_labelled_with_days(rows):
    frame = records().assign(more=[1, 2]).set_axis(pd.DatetimeIndex(rows), axis="index")
    found = summarize_renewals(frame, as_of="2024-12-31").table
    pd.testing.assert_frame_equal(found, summarize_renewals(records().assign(more=[1, 2]), as_of="2024-12-31").table)


def test_every_row_of_an_overlap_is_named():
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "B", "A", "A", "A"],
            "start": ["2022-01-01", "2020-01-01", "2020-01-01", "2021-01-01", "2019-01-01"],
            "cancelled_on": ["2022-06-01", None, "2023-01-01", "2021-06-01", "2020-01-01"],
        }
    )
    with pytest.raises(InputError, match=r"3 rows with subscriptions of one customer that overlap \(rows 0, 2, 3\)"):
        summarize_renewals(frame, price=None, as_of="2024-12-31")


def test_prices_in_ten_thousands():
    frame = records(price=[1.2, "3"]).rename(columns={"price": "月费（万元）"})
    found = summarize_renewals(frame, price="月费（万元）", amount_unit="万元", as_of="2024-12-31").table
    assert found["price"].tolist() == [12_000, 30_000]
    with pytest.warns(DataWarning, match=r"multiplied by 10,000, as the name says 万元\. Pass amount_unit='万元'"):
        told = summarize_renewals(frame, price="月费（万元）", as_of="2024-12-31").table
    assert told["price"].tolist() == [12_000, 30_000]
    plain = summarize_renewals(frame, price="月费（万元）", amount_unit=1, as_of="2024-12-31").table
    assert plain["price"].tolist() == [1.2, 3]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2025-02-27", (0, "2025-02-28")),
        ("2025-02-28", (1, "2026-02-28")),
        ("2028-02-28", (3, "2028-02-29")),
        ("2028-02-29", (4, "2029-02-28")),
    ],
)
def test_a_year_from_the_29th_of_february(as_of, expected):
    row = summarize_renewals(records(start="2024-02-29"), period="year", as_of=as_of).table.iloc[0]
    assert (row["renewals"], str(row["next_due"].date())) == expected


def test_the_day_of_the_start():
    row = summarize_renewals(records(), as_of="2024-01-31").table.loc["A"]
    assert (row["renewals"], row["lost"], str(row["next_due"].date())) == (0, False, "2024-02-29")
    frame = records(cancelled_on=["2024-01-31", None])
    for as_of in ("2024-01-31", "2024-12-31"):
        row = summarize_renewals(frame, as_of=as_of).table.loc["A"]
        assert (row["renewals"], row["lost"], str(row["ended_on"].date())) == (0, True, "2024-02-29")


@pytest.mark.parametrize("never", ["9999-12-31", "0000-00-00", "1900-01-01"])
def test_a_year_that_stands_for_never(never):
    found = summarize_renewals(records(cancelled_on=[never, "2099-12-31"]), as_of="2024-12-31").table
    assert not found["lost"].any()


@pytest.mark.parametrize(
    ("words", "period"),
    [
        (["月", "按月", "月付", "每月", "月度", "1个月", "包月", "monthly", "Months", "per month", "1 month"], "month"),
        (["季", "季度", "按季", "季付", "每季度", "3个月", "quarterly", "3 months"], "quarter"),
        (["年", "按年", "年付", "年度", "一年", "12个月", "１２个月", "annual", "yearly", "12-month"], "year"),
        (["周", "每周", "7天", "weekly"], "week"),
        (["天", "日", "按天", "daily"], "day"),
    ],
)
def test_the_words_for_a_contract_length(words, period):
    frame = pd.DataFrame({"customer_id": range(len(words)), "start": "2024-01-31", "cancelled_on": None, "term": words})
    found = summarize_renewals(frame, period="term", price=None, as_of="2024-12-31").table
    assert set(found["period"]) == {period}
    assert {as_period(word) for word in words} == {period}


@pytest.mark.parametrize(
    ("words", "period", "years"),
    [
        (["24 months", "2年", "两年", "two years", "biennial", "每两年", "24-month", "8 quarters"], "2 years", 2),
        (["半年", "半年付", "half a year", "half-yearly", "semi-annual", "6 months", "0.5 years"], "6 months", 0.5),
        (["18个月", "18 months", "1.5 years", "every 18 months"], "18 months", 1.5),
        (["三年", "36 months", "3 yrs"], "3 years", 3),
    ],
)
def test_contracts_of_any_number_of_months_are_counted_and_discounted(words, period, years):
    assert {as_period(word) for word in words} == {period}
    day = pd.Timestamp("2012-02-29")
    row = summarize_renewals(records(start=day, term=words[0]), period="term", as_of="2025-06-30").table.iloc[0]
    made = int(13.3 / years)
    due = day + pd.DateOffset(months=round(12 * years * (made + 1)))
    assert (row["renewals"], row["period"], row["next_due"]) == (made, period, due)
    fit = lb.FittedRenewals.from_draws({"alpha": [[0.7]], "beta": [[3.8]]})
    churn = 0.7 / (4.5 + np.arange(5000))
    kept = np.cumprod(1 - churn) * 1.1 ** -(years * np.arange(5000))
    life = float(fit.expected_residual_life(0, 0.10, period=words[0]).squeeze())
    assert life == pytest.approx(kept.sum(), rel=1e-6)


def test_free_plans_beside_paid_ones():
    free = summarize_renewals(records(price=[0, 5]), as_of="2024-12-31").table
    assert free["price"].tolist() == [0, 5]
    with pytest.warns(DataWarning, match=r"1 row without a price, read as free plans \(row 0\)\. Write 0 if so"):
        blank = summarize_renewals(records(price=[None, 5]), as_of="2024-12-31").table
    pd.testing.assert_frame_equal(blank, free)


@pytest.mark.parametrize("word", ["biannual", "", "月年", "0 months", "1.3 months", "200 years", "24"])
def test_other_contract_lengths_are_refused(word):
    with pytest.raises(UnitError, match="neither a contract length nor a column"):
        as_period(word)


def test_a_column_that_is_called_like_a_length_is_none():
    found = summarize_renewals(records(month=["Jan", "Feb"]), period="month", as_of="2024-12-31").table
    assert found["period"].tolist() == ["month", "month"]
    assert found["month"].tolist() == ["Jan", "Feb"]


def test_one_column_for_two_things_is_refused():
    with pytest.raises(ColumnError, match="The column 'start' was named for two things"):
        summarize_renewals(records(), cancelled_on="start", as_of="2024-12-31")
    with pytest.raises(ColumnError, match="The columns customer_id have names that are used here"):
        summarize_renewals(records(client=["a", "b"]), customer="client", as_of="2024-12-31")


def test_periods_and_columns_that_are_not_there():
    with pytest.raises(UnitError, match="neither a contract length nor a column"):
        summarize_renewals(records(), period="now and then")
    with pytest.raises(
        InputError, match=r"1 row with a term that is no contract length, such as 'now and then' \(row 1\)"
    ):
        summarize_renewals(records(term=["month", "now and then"]), period="term")
    with pytest.raises(ColumnError, match="no column 'fee'"):
        summarize_renewals(records(), price="fee")
    with pytest.raises(ColumnError, match="The columns lost have names that are used here"):
        summarize_renewals(records(lost=1), as_of="2024-12-31")


def test_the_relation_ends_with_the_last_of_a_customers_subscriptions():
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B", "B", "C"],
            "start": ["2024-01-31", "2024-02-10", "2024-01-15", "2024-01-15", "2023-10-01"],
            "cancelled_on": ["2024-03-05", "2024-06-20", "2024-03-01", None, "2024-02-01"],
            "what": ["cloud", "care", "cloud", "care", "cloud"],
        }
    )
    found = summarize_renewals(frame, price=None, product="what", as_of="2024-06-30").ended()
    assert found.dt.strftime("%Y-%m-%d").to_dict() == {"A": "2024-07-10", "C": "2024-02-01"}
    assert found.name == "ended_on"


def test_relations_that_have_not_ended():
    assert summarize_renewals(records(), as_of="2024-12-31").ended().empty
    with pytest.raises(InputError, match="Make the renewals of records, with summarize_renewals"):
        Renewals.from_cohort_table([10, 7]).ended()


class TestNoticeBeforeTheRenewalIsDue:
    """Who has given notice is lost; a fit counts them as open until the renewal is due, like the others."""

    def test_the_table_knows_of_it_and_the_histories_do_not_yet(self):
        frame = records(start="2023-01-15", cancelled_on=["2024-05-01", None])
        found = summarize_renewals(frame, period="year", as_of="2024-06-30")
        assert found.table["lost"].tolist() == [True, False]
        assert len(found.active()) == 1
        assert repr(found).startswith("2 subscriptions, as of 2024-06-30: 1 active, 1 lost")
        histories = found.unique_histories()
        assert (histories.renewals.tolist(), histories.lost.tolist(), histories.count.tolist()) == ([1], [0], [2])

    @pytest.mark.parametrize(("as_of", "lost"), [("2025-01-14", [0]), ("2025-01-15", [0, 1])])
    def test_it_counts_from_the_day_on_which_the_renewal_is_due(self, as_of, lost):
        frame = records(start="2023-01-15", cancelled_on=["2024-05-01", None])
        found = summarize_renewals(frame, period="year", as_of=as_of).unique_histories()
        assert sorted(found.lost.tolist()) == lost

    def test_churn_is_not_overrated(self):
        """Notices at any time of a contract's year; of the renewals that were due, a fifth was not made."""
        rng = np.random.default_rng(7)
        number, churn = 20_000, 0.2
        starts = pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 1400, number), unit="D")
        unmade = rng.geometric(churn, number)
        given = starts + pd.to_timedelta(np.ceil((unmade - rng.random(number)) * 365), unit="D")
        frame = pd.DataFrame({"customer_id": range(number), "start": starts, "cancelled_on": given, "price": 5})
        renewals = summarize_renewals(frame, period="year", as_of="2024-12-31")
        histories = renewals.unique_histories()
        lost, made = ((histories.count * each).sum() for each in (histories.lost, histories.renewals))
        standard_error = np.sqrt(churn * (1 - churn) / (lost + made))
        assert abs(lost / (lost + made) - churn) < allowed() * standard_error
        naive = renewals.table["lost"].sum() / (renewals.table["lost"] + renewals.table["renewals"]).sum()
        assert naive > churn + 10 * standard_error


class TestContractLengthsByTheNameOfTheirColumn:
    """Annual contracts that are read as monthly have a value many times too high."""

    @pytest.mark.parametrize(
        ("name", "cells", "periods"),
        [
            ("付费周期", ["月付", "年付"], ["month", "year"]),
            ("计费周期", ["季付", "年付"], ["quarter", "year"]),
            ("Billing Cycle", ["monthly", "annual"], ["month", "year"]),
            ("contract term", ["12 months", "two years"], ["year", "2 years"]),
            ("Contract Term (months)", [12, 24], ["year", "2 years"]),
            ("合同期限（月）", ["12", "24.0"], ["year", "2 years"]),
            ("合同期限(年)", [1, 3], ["year", "3 years"]),
            ("Term (days)", [365, 30], ["365 days", "30 days"]),
            ("period", ["month", "year"], ["month", "year"]),
        ],
    )
    def test_the_column_is_found_and_a_note_says_so(self, name, cells, periods):
        found = summarize_renewals(records(**{name: cells}), as_of="2024-12-31")
        assert found.table["period"].tolist() == periods
        assert f"period is the column {name!r}" in found.notes
        named = summarize_renewals(records(**{name: cells}), period=name, as_of="2024-12-31")
        pd.testing.assert_frame_equal(found.table, named.table)
        assert named.notes == ()

    def test_one_that_is_given_goes_first(self):
        found = summarize_renewals(records(付费周期=["月付", "年付"]), period="quarter", as_of="2024-12-31")
        assert set(found.table["period"]) == {"quarter"}
        assert found.notes == ()
        assert found.table["付费周期"].tolist() == ["月付", "年付"]

    def test_without_one_contracts_run_a_month(self):
        assert set(summarize_renewals(records(plan=["年付", "年付"]), as_of="2024-12-31").table["period"]) == {"month"}

    def test_several_are_refused_with_the_call(self):
        frame = records(付费周期=["月付", "月付"], 合同期限=["一年", "两年"])
        with pytest.raises(ColumnError, match="Choose one: period='付费周期' or period='合同期限'"):
            summarize_renewals(frame, as_of="2024-12-31")

    def test_cells_that_are_no_length_are_refused_with_both_cures(self):
        said = r"such as '1st of the month' \(row 0\).*of one length, pass it: period='month'"
        with pytest.raises(InputError, match=said):
            summarize_renewals(records(**{"billing cycle": ["1st of the month", "monthly"]}), as_of="2024-12-31")


class TestWhatIsNotCountedIsSaid:
    def test_what_lies_after_as_of(self):
        frame = records(start=["2024-01-15", "2024-09-01"], cancelled_on=["2024-09-20", "2024-10-01"])
        assert summarize_renewals(frame, as_of="2024-06-30").notes == (
            "1 row with a start after as_of 2024-06-30, left out (row 1).",
            "1 row with a cancellation after as_of 2024-06-30, counted as active (row 0).",
        )
        assert summarize_renewals(frame, as_of="2024-12-31").notes == ()

    def test_renewals_after_as_of(self):
        frame = records(paid=["2024-05-01", "2024-08-30"])
        notes = summarize_renewals(frame, renewed_on="paid", as_of="2024-06-30").notes
        assert notes == (
            "1 row with a renewal after as_of 2024-06-30, of which those due by then count as made (row 1).",
        )

    def test_until_when_records_go_where_no_day_is_given(self):
        (note,) = summarize_renewals(records(cancelled_on=["2024-05-01", None])).notes
        assert note == f"as_of is today, {dt.date.today()}; the last day in the records is 2024-05-01"

    @pytest.mark.parametrize("word", ["-", "——", "未退订", "未取消", "Not cancelled", " N/A ", "无"])
    def test_words_for_no_cancellation(self, word):
        found = summarize_renewals(records(cancelled_on=[word, "2024-05-01"]), as_of="2024-12-31")
        assert found.table["lost"].tolist() == [False, True]
        assert found.notes == (f"cancelled_on: {word!r} in 1 row count as blank",)

    def test_words_for_no_renewal_yet(self):
        frame = records(paid=["未续费", "2024-06-30"])
        found = summarize_renewals(frame, cancelled_on=None, renewed_on="paid", as_of="2024-07-15")
        assert found.table["renewals"].tolist() == [0, 4]
        with pytest.raises(InputError, match=r"such as '未续费' \(row 0\)"):
            summarize_renewals(frame.assign(cancelled_on=["未续费", None]), as_of="2024-07-15")

    @pytest.mark.parametrize("word", ["待定", "已退订", "unknown"])
    def test_words_that_leave_it_open_are_refused(self, word):
        with pytest.raises(InputError, match=rf"{word}' \(row 0\)"):
            summarize_renewals(records(cancelled_on=[word, "2024-05-01"]), as_of="2024-12-31")
