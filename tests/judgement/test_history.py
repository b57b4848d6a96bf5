"""Closed judgements: what is read, and what is refused with rows and cure."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError, UnitError
from ltv_bayes.judgement.form.reading import Reading
from ltv_bayes.judgement.track_record.history import closed_by, closed_judgements, closed_until, read_history


def test_a_row_that_is_there_twice_is_told_if_its_opportunity_has_a_name(closed):
    named, nameless = closed(opportunity="plant"), closed(opportunity=None)
    with pytest.warns(
        DataWarning, match=r"1 row of the closed judgements that say the same .* \(row 1\)\. Each counts"
    ):
        read_history(pd.DataFrame([named, named, closed(opportunity="plant", probability=0.5)]), "expert")
    assert len(read_history(pd.DataFrame([nameless, nameless]), "expert")) == 2


@pytest.mark.parametrize(("factor", "times"), [(1e4, "12,000 times"), (1e-4, "1/8,333 of"), (20.0, None), (0.1, None)])
def test_outcomes_in_another_unit_than_what_was_stated_are_told(closed, factor, times):
    frame = pd.DataFrame([closed(amount=120.0 * factor), closed(amount=120.0 * factor), closed(won=0, amount=None)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_history(frame, "expert")
    assert bool(caught) == (times is not None)
    if times:
        assert f"typically {times} those stated" in str(caught[0].message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probability": 60}, "probability outside 0 to 1.*row 1.*Write 60% as 0.6"),
        ({"probability": None}, "without a number in 'probability'"),
        ({"low": 300.0}, "low above high.*row 1"),
        ({"likely": 500.0}, "likely outside low to high"),
        ({"amount": None}, "won without an amount.*row 1.*Fill in its amount"),
        ({"amount": 0}, "won with an amount of 0 or less"),
        ({"amount": "much"}, "without a number in 'amount'"),
        ({"won": 0}, "lost, but with an amount.*row 1.*Leave the amount blank"),
        (
            {"won": "perhaps"},
            r"something else than yes or no in 'won' \('perhaps'\).*row 1.*leave out what is still open",
        ),
        ({"won": None}, "something else than yes or no"),
        ({"low": 100.0, "high": 100.0}, "low equal to high.*row 1"),
        ({"expert": " "}, "without 'expert'.*Name who judged"),
        ({"expert": None}, "without 'expert'"),
    ],
)
def test_a_contradiction_names_its_row(closed, changes, message):
    with pytest.raises(JudgementError, match=message) as caught:
        read_history(pd.DataFrame([closed(likely=None), closed(**{"likely": None, **changes})]), "expert")
    assert caught.value.rows == (1,)


@pytest.mark.parametrize(
    "words", [(1, 0), (True, False), ("yes", "No"), ("TRUE", "false"), ("是", "否"), ("won", "lost"), (1.0, 0.0)]
)
def test_outcomes_in_any_usual_words(closed, words):
    rows = [closed(won=words[0]), closed(won=words[1], amount=None)]
    assert read_history(pd.DataFrame(rows), "expert")["won"].tolist() == [True, False]


def test_a_lost_case_may_have_an_amount_of_zero(closed):
    table = read_history(pd.DataFrame([closed(), closed(won=0, amount=0)]), "expert")
    assert table["amount"].isna().tolist() == [False, True]


def test_missing_column_and_empty_table(closed):
    with pytest.raises(ColumnError, match=r"no column 'team'.*by="):
        read_history(pd.DataFrame([closed()]), "team")
    with pytest.raises(ColumnError, match="no column 'won'"):
        read_history(pd.DataFrame([closed()]).drop(columns="won"), "expert")
    with pytest.raises(InputError, match="no rows"):
        read_history(pd.DataFrame([closed()]).iloc[:0], "expert")


def test_from_a_csv_file_in_ten_thousands(closed, tmp_path):
    pd.DataFrame([closed(probability="60%", won="是")]).to_csv(tmp_path / "closed.csv", index=False)
    row = read_history(tmp_path / "closed.csv", "expert", Reading(amount_unit="万元")).iloc[0]
    assert (row["probability"], row["low"], row["amount"]) == (0.6, 500_000, 1_200_000)


def test_errors_are_logarithms_of_amount_over_stated_median(closed):
    rows = [closed(expert="B"), closed(expert="A", likely=80.0, amount=160.0), closed(expert="A", won=0, amount=None)]
    found = closed_judgements(read_history(pd.DataFrame(rows), "expert"), 0.8)
    assert found.names == ("A", "B")
    assert found.who.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.log_error, [np.log(1.2), np.log(2), np.nan])
    z = 1.2815515655446004
    np.testing.assert_allclose(found.below[:2], [np.log(2) / z, np.log(80 / 50) / z])
    np.testing.assert_allclose(found.above[:2], [np.log(2) / z, np.log(200 / 80) / z])


class TestWaysToState:
    """What open judgements can say, closed ones can."""

    @staticmethod
    def read(rows, **reading):
        table = read_history(pd.DataFrame(rows), "expert", Reading(**reading))
        return table, closed_judgements(table, 0.8)

    def test_quartiles(self, closed):
        row = closed(low=None, high=None, q25=80.0, q50=100.0, q75=150.0, amount=150.0)
        _, found = self.read([row])
        z = stats.norm.ppf(0.75)
        assert found.below.item() == pytest.approx(np.log(100 / 80) / z)
        assert found.above.item() == pytest.approx(np.log(150 / 100) / z) == pytest.approx(found.log_error.item() / z)

    def test_mean_and_sd(self, closed):
        _, found = self.read([closed(low=None, high=None, mean=100.0, sd=50.0)])
        sd = np.sqrt(np.log(1.25))
        assert (found.below.item(), found.above.item()) == (pytest.approx(sd), pytest.approx(sd))
        assert found.log_error.item() == pytest.approx(np.log(120 / 100) + sd**2 / 2)

    def test_an_amount_at_an_end_of_a_gamma_or_pert_interval_lies_where_it_was_stated(self, closed):
        rows = [
            closed(family=family, likely=likely, amount=amount)
            for family, likely in (("gamma", None), ("pert", 90.0))
            for amount in (50.0, 200.0)
        ]
        _, found = self.read(rows)
        side = np.where(found.log_error < 0, found.below, found.above)
        np.testing.assert_allclose(stats.norm.cdf(found.log_error / side), [0.1, 0.9, 0.1, 0.9], atol=2e-3)

    def test_the_middle_of_a_gamma_amount_is_its_median(self, closed):
        _, found = self.read([closed(low=None, high=None, mean=100.0, sd=50.0)], family="gamma")
        law = stats.gamma(4, scale=25)
        low, median, high = law.ppf([0.1, 0.5, 0.9])
        assert found.log_error.item() == pytest.approx(np.log(120 / median))
        assert found.below.item() == pytest.approx(np.log(median / low) / stats.norm.ppf(0.9))
        assert found.above.item() == pytest.approx(np.log(high / median) / stats.norm.ppf(0.9))

    def test_a_row_says_how_sure_it_is(self, closed):
        _, found = self.read([closed(interval="50%"), closed()])
        assert found.below[0] / found.below[1] == pytest.approx(stats.norm.ppf(0.9) / stats.norm.ppf(0.75))

    def test_cases_intervals_of_the_chance_and_stages(self, closed):
        rows = [
            closed(probability="3 of 10"),
            closed(probability=None, stage="Offer"),
            closed(probability=None, probability_low=0.2, probability_high=0.4),
        ]
        table, _ = self.read(rows, stages={"offer": (6, 10)})
        low, high = table["probability"].iloc[2] - 0.2, 0.4 - table["probability"].iloc[2]
        assert table["probability"].tolist()[:2] == pytest.approx([3.5 / 11, 6.5 / 11])
        assert low == pytest.approx(high, abs=0.02)

    def test_headers_units_and_decimals_of_ones_own(self, closed):
        own = {
            "expert": "销售",
            "probability": "把握",
            "low": "下限",
            "high": "上限",
            "won": "成交",
            "amount": "成交金额",
        }
        plain = pd.DataFrame([closed(), closed(won=0, amount=None)])
        chinese = plain.assign(probability="60%", low="50,0", high="200,0", won=["是", "否"]).rename(columns=own)
        found = read_history(chinese, "expert", Reading(amount_unit="万元", decimal=","), columns=own)
        expected = read_history(plain, "expert", Reading(amount_unit=1e4))
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)

    def test_units_in_headers_are_applied_and_told(self, closed):
        own = {"low": "下限(万元)", "high": "上限(k)", "amount": "成交金额(万元)"}
        plain = pd.DataFrame([closed(), closed(won=0, amount=None)])
        frame = plain.assign(low=plain["low"] / 1e4, high=(plain["high"] / 1e3).map("{:,.4f}".format))
        frame = frame.assign(amount=plain["amount"] / 1e4).rename(columns=own)
        with pytest.warns(DataWarning, match="as the name says") as told:
            found = read_history(frame, "expert", columns=own)
        pd.testing.assert_frame_equal(found, read_history(plain, "expert"), check_dtype=False)
        assert len(told) == 3
        with pytest.raises(UnitError, match=r"says .*Pass amount_unit="):
            read_history(frame, "expert", Reading(amount_unit="亿"), columns=own)

    @pytest.mark.parametrize("cell", ["soon", "1e300", "inf", "1.2E+05"])
    def test_what_cannot_be_read_in_the_unit_of_a_header_is_named(self, closed, cell):
        own = {name: f"{name}(万元)" for name in ("low", "high", "amount")}
        frame = pd.DataFrame([closed(), closed(amount=cell)]).rename(columns=own)
        with (
            pytest.warns(DataWarning, match="as the name says"),
            pytest.raises(JudgementError, match=r"without a number in 'amount'.*\(row 1\)"),
        ):
            read_history(frame, "expert", columns=own)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"likely": 50.0}, "no width on one side.*row 1.*Give the one that was meant"),
            ({"q50": 100.0}, "stating the amount in several ways.*row 1"),
            ({"family": "beta"}, "unknown family.*row 1"),
            ({"cases": 3}, "one of cases and of only.*row 1"),
        ],
    )
    def test_what_cannot_be_is_refused(self, closed, changes, message):
        with pytest.raises(JudgementError, match=message):
            self.read([closed(), closed(**changes)])

    def test_columns_that_are_none(self, closed):
        frame = pd.DataFrame([closed()])
        with pytest.raises(ColumnError, match=r"columns= names 'amout', which is no column of closed judgements"):
            read_history(frame, "expert", columns={"amout": "amount"})
        with pytest.raises(ColumnError, match=r"closed judgements have no column '成交'.*whether it was won"):
            read_history(frame, "expert", columns={"won": "成交"})
        with pytest.raises(ColumnError, match=r"closed judgements have no column 'probability'"):
            read_history(frame.drop(columns="probability").assign(stage="Offer"), "expert")


class TestClosedBy:
    def test_only_what_was_closed_by_a_day(self, closed):
        days = ["2024-01-31", "2024-02-01", "2023-12-01"]
        history = read_history(pd.DataFrame([closed(closed_on=day, customer_id=day) for day in days]), "expert")
        known = closed_by(history, dt.date(2024, 1, 31))
        assert known["customer_id"].tolist() == [days[0], days[2]]
        assert (closed_until(history), closed_until(known)) == (dt.date(2024, 2, 1), dt.date(2024, 1, 31))
        with pytest.raises(
            JudgementError, match=r"No judgement of the record was closed by 2023-11-30\. Use judgements"
        ):
            closed_by(history, dt.date(2023, 11, 30))

    def test_records_that_do_not_say_when(self, closed):
        for rows in ([closed(), closed()], [closed(closed_on="2024-01-31"), closed(closed_on=None)]):
            history = read_history(pd.DataFrame(rows), "expert")
            assert closed_until(history) is None
            with pytest.raises(
                JudgementError, match=r"of the record without closed_on, needed for as_of=.*Fill in the day"
            ):
                closed_by(history, dt.date(2024, 12, 31))

    def test_how_days_are_written(self, closed):
        frame = pd.DataFrame([closed(closed_on="03/04/2024"), closed(closed_on="05/04/2024")])
        with pytest.raises(JudgementError, match="closed_on"):
            read_history(frame, "expert")
        assert closed_until(read_history(frame, "expert", Reading(date_format="%d/%m/%Y"))) == dt.date(2024, 4, 5)
