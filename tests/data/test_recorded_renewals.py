"""Records that say renewals and perhaps no cancellations, against a walk along the calendar."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

from ltv_bayes.data.subscriptions.summarize import summarize_renewals
from ltv_bayes.errors import ColumnError, InputError, UnitError
from tests.chance import allowed

AS_OF = "2024-06-15"


def summarized(start, renewed, *, cancelled=None, as_of=AS_OF, **settings):
    frame = pd.DataFrame({"customer_id": range(len(start)), "start": start, "renewed": renewed})
    frame["cancelled_on"] = cancelled
    names = {"cancelled_on": "cancelled_on" if cancelled else None, "renewed_on": "renewed", "price": None}
    return summarize_renewals(frame, as_of=as_of, **names, **settings)


def of_one(start, renewed, *, cancelled=None, **settings):
    cancelled = None if cancelled is None else [cancelled]
    return summarized([start], [renewed], cancelled=cancelled, **settings).table.iloc[0]


def day(cell):
    return None if pd.isna(cell) else str(cell.date())


def state(row):
    return row["renewals"], row["lost"], day(row["next_due"]), day(row["ended_on"])


@pytest.mark.parametrize(
    ("renewed", "expected"),
    [
        (None, (0, True, None, "2024-02-29")),
        ("2024-01-31", (0, True, None, "2024-02-29")),
        ("2024-02-03", (0, True, None, "2024-02-29")),
        ("2024-02-25", (1, True, None, "2024-03-31")),
        ("2024-03-05", (1, True, None, "2024-03-31")),
        ("2024-05-28", (4, False, "2024-06-30", None)),
        ("2024-06-03", (4, False, "2024-06-30", None)),
        ("2024-06-15", (4, False, "2024-06-30", None)),
        ("2024-07-02", (4, False, "2024-06-30", None)),
        ("2025-03-31", (4, False, "2024-06-30", None)),
    ],
)
def test_a_renewal_counts_as_that_of_the_nearest_date(renewed, expected):
    assert state(of_one("2024-01-31", renewed)) == expected


def test_a_renewal_paid_early_is_made():
    assert state(of_one("2024-01-20", "2024-06-12")) == (5, False, "2024-07-20", None)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-05-31", (3, False, "2024-06-01", None)),
        ("2024-06-01", (3, False, "2024-06-01", None)),
        ("2024-06-14", (3, False, "2024-06-01", None)),
        ("2024-06-15", (3, True, None, "2024-06-01")),
    ],
)
def test_a_renewal_that_is_due_is_open_for_the_days_of_grace(as_of, expected):
    assert state(of_one("2024-02-01", "2024-05-01", as_of=as_of, grace="14 days")) == expected


def test_without_grace_a_renewal_is_lost_on_the_day_it_is_due():
    assert not of_one("2024-02-01", "2024-05-01", as_of="2024-05-31")["lost"]
    assert of_one("2024-02-01", "2024-05-01", as_of="2024-06-01")["lost"]


@pytest.mark.parametrize(
    ("renewed", "cancelled", "expected"),
    [
        ("2024-05-01", "2024-05-20", (3, True, None, "2024-06-01")),  # notice
        ("2024-03-01", "2024-05-20", (1, True, None, "2024-04-01")),  # not renewed, taken off the books later
        ("2024-05-28", "2024-05-30", (4, True, None, "2024-07-01")),  # paid early, then cancelled
        ("2024-05-28", "2024-05-28", (4, True, None, "2024-07-01")),
        ("2024-06-01", "2024-09-20", (4, False, "2024-07-01", None)),
        ("2024-09-01", "2024-09-20", (4, False, "2024-07-01", None)),
        ("2024-05-01", "2024-09-20", (3, True, None, "2024-06-01")),
        (None, "2024-02-10", (0, True, None, "2024-03-01")),
    ],
)
def test_cancellations_beside_renewals(renewed, cancelled, expected):
    assert state(of_one("2024-02-01", renewed, cancelled=cancelled)) == expected


@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
def test_payments_a_few_days_off_give_what_payments_on_the_day_give(period):
    """Walk from renewal date to renewal date; the last payment comes up to three days early or late."""
    step = {"week": {"weeks": 1}, "month": {"months": 1}, "quarter": {"months": 3}, "year": {"years": 1}}[period]
    rng = np.random.default_rng(5)
    as_of, starts, paid, expected = dt.date(2024, 6, 30), [], [], []
    for _ in range(150):
        start = dt.date(2021, 1, 1) + dt.timedelta(days=int(rng.integers(0, 900)))
        dates = [start + relativedelta(**{unit: k * size for unit, size in step.items()}) for k in range(200)]
        kept = int(rng.integers(0, 1 + sum(date <= as_of for date in dates[1:])))
        late = dt.timedelta(days=int(rng.integers(-3, 4)))
        starts.append(start)
        paid.append(min(as_of, dates[kept] + late) if kept else None)
        expected.append((kept, dates[kept + 1] <= as_of))
    found = summarized(starts, paid, as_of=as_of, period=period).table
    assert list(zip(found["renewals"], found["lost"], strict=True)) == expected


class TestWhatFitsSee:
    """Only what was due by the day up to which it is known of everybody whether it was made."""

    def histories(self, renewals):
        found = renewals.unique_histories()
        return dict(zip(zip(found.renewals, found.lost, strict=True), found.count, strict=True))

    def test_an_overdue_renewal_is_open(self):
        renewals = summarized(["2024-02-01"], ["2024-05-01"], grace="20 days")
        assert self.histories(renewals) == {(3, 0): 1}
        assert "1 active (1 overdue for less than 20 days), 0 lost" in repr(renewals)

    def test_a_renewal_that_came_within_the_grace_is_not_counted_either(self):
        renewals = summarized(["2024-02-01"], ["2024-06-03"], grace="20 days")
        assert renewals.table["renewals"].tolist() == [4]
        assert self.histories(renewals) == {(3, 0): 1}

    def test_nor_is_one_that_was_paid_before_it_was_due(self):
        renewals = summarized(["2024-01-20"], ["2024-06-12"])
        assert renewals.table["renewals"].tolist() == [5]
        assert self.histories(renewals) == {(4, 0): 1}

    def test_a_loss_within_the_grace_is_open(self):
        renewals = summarized(["2024-02-01"] * 2, ["2024-05-01"] * 2, cancelled=["2024-06-02", None], grace="20 days")
        assert renewals.table["lost"].tolist() == [True, False]
        assert self.histories(renewals) == {(3, 0): 2}

    def test_churn_is_neither_overrated_nor_underrated(self):
        """Payments up to three days early or late, a fifth of the renewals not made, a book of two months."""
        rng = np.random.default_rng(11)
        number, churn, as_of = 20_000, 0.2, np.datetime64("2024-06-30")
        starts = np.datetime64("2024-05-01") + rng.integers(0, 55, number)
        kept = rng.geometric(churn, number) - 1
        dates = starts[:, None].astype("M8[D]") + 7 * np.arange(1, 40)
        paid = dates + rng.integers(-3, 4, dates.shape)
        known = (np.arange(39) < kept[:, None]) & (paid <= as_of)
        last = np.where(known, paid, starts[:, None]).max(axis=1)
        found = {}
        for grace in (None, "4 days"):
            renewals = summarized(starts, last, as_of=str(as_of), period="week", grace=grace)
            seen = renewals.unique_histories()
            lost, renewed = ((seen.count * each).sum() for each in (seen.lost, seen.renewals))
            found[grace] = lost / (lost + renewed)
        error = np.sqrt(churn * (1 - churn) / (lost + renewed))
        assert abs(found["4 days"] - churn) < allowed() * error
        assert found[None] > churn + 6 * error
        everything = renewals.table["lost"].sum() / (renewals.table["lost"] + renewals.table["renewals"]).sum()
        assert everything < churn - 5 * error


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"renewed": "2023-12-31"}, r"1 row renewed before the start \(row 0\)\. Correct one of the two dates"),
        (
            {"renewed": "2024-04-01", "cancelled": "2024-03-20"},
            r"1 row renewed after they were cancelled \(row 0\)\. Correct one of the two dates; a customer who",
        ),
        (
            {"renewed": "2924-04-01"},
            r"1 row renewed after today \(.*\) \(row 0\)\. Name the column of renewals that were",
        ),
        ({"renewed": "soon"}, r"1 row with a date that cannot be read, such as 'soon' \(row 0\)"),
    ],
)
def test_contradictions_are_refused_with_their_rows(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        of_one("2024-01-31", **changes)
    assert caught.value.rows == (0,)


def test_columns_and_settings_that_do_not_fit_each_other():
    frame = pd.DataFrame({"customer_id": [1], "start": ["2024-01-31"], "renewed": ["2024-02-29"]})
    settings = {"price": None, "as_of": AS_OF}
    with pytest.raises(ColumnError, match=r"no column 'cancelled_on'.*pass cancelled_on=None and renewed_on="):
        summarize_renewals(frame, renewed_on="renewed", **settings)
    with pytest.raises(InputError, match="no subscription would ever be lost"):
        summarize_renewals(frame, cancelled_on=None, **settings)
    with pytest.raises(InputError, match=r"grace is about renewals .* renewed_on="):
        summarize_renewals(frame.assign(cancelled_on=None), grace="14 days", **settings)
    for grace, message in ((14, "grace 14 has no unit"), ("0 days", "longer than zero"), ("0.5 days", "whole days")):
        with pytest.raises(UnitError, match=message):
            summarize_renewals(frame, cancelled_on=None, renewed_on="renewed", grace=grace, **settings)


class TestWhoReturns:
    """One customer, renewals until 1 April 2024, and a second record."""

    def both(self, second_start, **settings):
        frame = pd.DataFrame(
            {"customer_id": "Ada", "start": ["2024-01-01", second_start], "renewed": ["2024-04-01", None]}
        )
        return summarize_renewals(frame, cancelled_on=None, renewed_on="renewed", price=None, **settings)

    def test_starts_anew_after_the_renewal_that_was_not_made(self):
        assert self.both("2024-05-03", as_of="2024-05-20").table["lost"].tolist() == [True, False]

    @pytest.mark.parametrize("grace", [None, "30 days"])
    @pytest.mark.parametrize(("day", "gap"), [("2024-05-01", None), ("2024-05-02", None), ("2024-05-08", "7 days")])
    def test_goes_on_with_another_contract_instead_of_the_renewal(self, day, gap, grace):
        found = self.both(day, as_of="2024-05-20", allowed_gap=gap, grace=grace).table
        assert found[["renewals", "lost", "other_changes"]].to_numpy().tolist() == [[4, False, 1]]
        assert str(found["start"].iloc[0].date()) == "2024-01-01"

    def test_overlaps_before_it(self):
        with pytest.raises(InputError, match=r"2 rows with subscriptions of one customer that overlap \(rows 0, 1\)"):
            self.both("2024-04-30", as_of="2024-05-20")

    def test_overlaps_while_the_renewal_may_be_on_its_way(self):
        with pytest.raises(InputError, match="overlap"):
            self.both("2024-05-10", as_of="2024-05-20", grace="30 days")
        assert len(self.both("2024-05-10", as_of="2024-06-20", grace="30 days")) == 2
