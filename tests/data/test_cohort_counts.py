"""Cohort tables as people write them: labels, triangles, zeros and blanks, lists and arrays."""

import warnings

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import DataWarning, InputError

TRIANGLE = [[1000, 800, 700], [1100, 880], [900]]


def states(table, **settings):
    """What is read, with a failure on any warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(table, **settings)


def read(table, **settings):
    rows = Renewals.from_cohort_table(table, **settings).table
    keys = zip(rows["renewals"], rows["lost"], strict=True)
    return dict(zip(keys, rows["subscriptions"], strict=True))


EXPECTED = {(0, True): 420, (1, True): 100, (0, False): 900, (1, False): 880, (2, False): 700}
FULL = [row + [None] * (3 - len(row)) for row in TRIANGLE]


def labelled(labels, name="cohort", columns=(0, 1, 2)):
    frame = pd.DataFrame(FULL, columns=list(columns))
    frame.insert(0, name, labels)
    return frame


class TestATriangleIsReadAsItIsWritten:
    @pytest.mark.parametrize(
        "table",
        [
            TRIANGLE,
            tuple(map(tuple, TRIANGLE)),
            np.array(FULL, dtype=float),
            pd.DataFrame(FULL),
            pd.DataFrame(FULL, dtype=object).fillna("-"),
            dict(zip(["2022", "2023", "2024"], TRIANGLE, strict=True)),
            [["1,000", "800", "700"], ["1,100", "880", ""], ["900", "n/a", " "]],
            pd.DataFrame(FULL, index=pd.period_range("2022", periods=3, freq="Y")),
            TRIANGLE[::-1],
        ],
    )
    def test_whatever_holds_it(self, table):
        assert states(table) == EXPECTED

    @pytest.mark.parametrize(
        "table",
        [
            labelled([2022, 2023, 2024]),
            labelled([2022, 2023, 2024], name="x"),
            labelled([2022.0, 2023.0, 2024.0], name="x"),
            labelled(["2022", "2023", "2024"], name="x", columns=("a0", "a1", "a2")),
            labelled([202201, 202202, 202204], name="x", columns="abc"),
            labelled([20220101, 20220201, 20220301], name="x", columns="abc"),
            labelled(pd.to_datetime(["2022-01-01", "2022-02-01", "2022-03-01"]), name="x", columns="abc"),
            labelled(pd.to_datetime(["2022-01-01", "2022-02-01", "2022-03-01"]).date, name="x", columns="abc"),
            labelled(pd.period_range("2022-01", periods=3, freq="M"), name="x", columns="abc"),
            labelled(["Jan 2022", "Feb 2022", "Mar 2022"], name="x", columns="abc"),
            labelled(["2022-Q1", "2022-Q2", "2022-Q3"], name="x", columns="abc"),
            labelled(["一月", "二月", "三月"], name="批次", columns="abc"),
            labelled([1, 2, 3], name="x", columns="abc"),
            [[2022, *TRIANGLE[0]], [2023, *TRIANGLE[1]], [2024, *TRIANGLE[2]]],
            [["2022", *TRIANGLE[0]], ["2023", *TRIANGLE[1]], ["2024", *TRIANGLE[2]]],
        ],
    )
    def test_a_first_column_of_years_dates_or_names_is_no_count(self, table):
        assert states(table) == EXPECTED

    def test_a_column_of_sizes_beside_the_counts_after_0_renewals(self):
        table = labelled([2022, 2023, 2024], columns=("month 0", "month 1", "month 2"))
        table.insert(1, "subscribers", [1000, 1100, 900])
        assert states(table) == EXPECTED

    def test_totals_are_no_cohort(self):
        table = labelled(["2022", "2023", "2024"], columns="abc")
        table.loc[3] = ["Total", 3000, 1680, 700]
        assert states(table) == EXPECTED

    @pytest.mark.parametrize("before", [None, 0])
    def test_columns_of_calendar_years(self, before):
        rows = [[1000, 800, 700], [before, 1100, 880], [before, before, 900]]
        assert states(pd.DataFrame(rows, columns=["2022", "2023", "2024"])) == EXPECTED

    @pytest.mark.parametrize("order", [1, -1])
    def test_times_not_reached_that_are_written_as_0_are_no_losses(self, order):
        rows = [[1000, 800, 700, 0], [1100, 880, 0, 0], [900, 0, 0, 0]][::order]
        with pytest.warns(DataWarning, match=r"3 cohorts with zeros where the table ends.*Leave such cells blank"):
            assert read(rows) == EXPECTED

    def test_a_last_diagonal_that_drops_to_0_is_said(self):
        rows = [[1000, 800, 700, 0], [1100, 880, 0], [900, 0]]
        with pytest.warns(DataWarning, match="3 cohorts with zeros where the table ends"):
            assert read(rows) == EXPECTED

    def test_a_last_count_of_0_of_all_cohorts_is_a_loss_that_is_said(self):
        with pytest.warns(
            DataWarning, match=r"1 cohort with a last count of 0 .*: read as lost \(id 0\)\. If that time"
        ):
            assert read([1000, 869, 0]) == {(0, True): 131, (1, True): 869}

    def test_small_cohorts_may_well_end(self):
        found = states([[8, 3, 1, 0], [9, 4, 2], [7, 2]])
        assert found == {(0, True): 15, (1, True): 4, (2, True): 1, (1, False): 2, (2, False): 2}

    def test_an_old_cohort_that_ended_stays_ended(self):
        rows = [[6, 2, 0, 0, 0], [1000, 800, 650, 560, 0], [1000, 810, 640, 0, 0], [1000, 790, 0, 0, 0]]
        with pytest.warns(DataWarning, match="not reached yet"):
            found = read(rows)
        assert found[1, True] == 2 + 150 + 170
        assert found[1, False] == 790

    def test_counts_beyond_all_customers_are_refused(self):
        with pytest.raises(InputError, match=r"1 cohort with a count above 1,000,000,000,000 \(id 0\)\. Count"):
            Renewals.from_cohort_table([2**53, 100, 50])

    def test_two_sizes_like_years_are_counts(self):
        assert sum(states([[2000, 1800, 1600], [1950, 1700]]).values()) == 3950

    def test_cohorts_in_columns_are_said(self):
        falling = pd.DataFrame({"year": range(3), "Regular": [1000, 631, 468], "High End": [900, 600, 400]})
        with pytest.warns(DataWarning, match=r"If Regular, High End are the cohorts, pass table\.T"):
            Renewals.from_cohort_table(falling)
        rising = falling.assign(**{"High End": [1000, 869, 743]})
        with pytest.raises(InputError, match=r"If cohorts are in columns, pass table\.T"):
            Renewals.from_cohort_table(rising)
        assert len(Renewals.from_cohort_table(rising.set_index("year").T)) == 2000


class TestCohortsOfWhichRecordsBeginLate:
    def test_counts_begin_after_the_renewals_before(self):
        found = Renewals.from_cohort_table([120, 108, 99], renewals_before=9)
        assert found.table.to_numpy().tolist() == [[9, True, 9, 12], [10, True, 9, 9], [11, False, 9, 99]]
        each = Renewals.from_cohort_table([[120, 108], [200, 170, 150]], renewals_before=[9, 0]).unique_histories()
        assert set(zip(each.renewals, each.lost, each.observed_from, each.count, strict=True)) == {
            (9, 1, 9, 12),
            (10, 0, 9, 108),
            (0, 1, 0, 30),
            (1, 1, 0, 20),
            (2, 0, 0, 150),
        }

    @pytest.mark.parametrize("wrong", [-1, 0.5, [1, 2], "many"])
    def test_impossible_numbers_of_renewals(self, wrong):
        with pytest.raises(
            InputError, match=r"renewals_before must be a whole number of 0 or more, or one for each of 1 "
        ):
            Renewals.from_cohort_table([120, 108], renewals_before=wrong)


class TestCohorts:
    def test_one_cohort(self):
        renewals = Renewals.from_cohort_table([1000, 869, 743, 653])
        histories = renewals.unique_histories()
        assert dict(zip(zip(histories.renewals, histories.lost, strict=True), histories.count, strict=True)) == {
            (0, 1): 131,
            (1, 1): 126,
            (2, 1): 90,
            (3, 0): 653,
        }
        assert len(renewals) == 1000
        assert repr(renewals) == "1,000 subscriptions: 653 active, 347 lost; 2,265 renewals"

    def test_cohorts_of_different_age_add_up(self):
        frame = pd.DataFrame([[100, 80, 70], [50, 45, None], [30, "27", ""]], index=["2021", "2022", "2023"])
        histories = Renewals.from_cohort_table(frame).unique_histories()
        assert dict(zip(zip(histories.renewals, histories.lost, strict=True), histories.count, strict=True)) == {
            (0, 1): 28,
            (1, 1): 10,
            (1, 0): 72,
            (2, 0): 70,
        }

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([[100, 80], [50, 60]], r"1 cohort with more active later than before \(.*1\)"),
            ([[100, None, 70]], "missing in between"),
            ([[100, -5]], "negative count"),
            ([[100, 80.5]], "no whole number"),
            ([[100, "many"]], "that is no number"),
            ([[None, 80]], "without a count at the start"),
            ([[100]], "one count alone"),
            ([], "no counts"),
            ([[0, 0], [0, 0]], "one count alone"),
        ],
    )
    def test_impossible_counts(self, rows, message):
        with pytest.raises(InputError, match=message):
            Renewals.from_cohort_table(pd.DataFrame(rows))

    def test_active_ones(self):
        assert len(Renewals.from_cohort_table([10, 7]).active()) == 7
        with pytest.raises(InputError, match="No subscription is left"):
            Renewals.from_cohort_table([10, 0]).active()
