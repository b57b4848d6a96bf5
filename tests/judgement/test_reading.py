"""Judgements in every way that they may be written, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, JudgementError, UnitError
from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
from tests.chance import allowed

BASE = {"customer_id": "A", "probability": 0.6, "low": 50.0, "high": 200.0}


def read(*rows, **settings):
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(list(rows)), **settings)


def said(**changes):
    return {**BASE, **changes}


def otherwise(**amounts):
    return {"customer_id": "A", "probability": 0.6, **amounts}


STAGES = {"talks": (3, 10)}


def quantiles(judged, levels):
    row = judged.table.iloc[0]
    return amount_quantiles(row["family"], tuple(row[["amount_1", "amount_2", "amount_3"]]), levels)


class TestAmounts:
    @pytest.mark.parametrize("family", ["log-normal", "gamma", "pert", "Lognormal", " PERT "])
    def test_an_interval(self, family):
        judged = read(said(family=family, low=100.0))
        np.testing.assert_allclose(quantiles(judged, [0.1, 0.9]), [100, 200])

    def test_the_family_of_a_row_goes_before_the_usual_one(self):
        judged = read(said(), said(family="pert", low=100.0), family="gamma")
        assert sorted(judged.table["family"]) == ["gamma", "pert"]

    def test_the_interval_of_a_row_goes_before_the_usual_one(self):
        judged = read(said(interval="50%"), said(interval=None, opportunity="other"), interval=0.9)
        assert judged.table["interval"].tolist() == [0.5, 0.9]
        np.testing.assert_allclose(quantiles(judged, [0.25, 0.75]), [50, 200])

    def test_quartiles(self):
        judged = read(otherwise(q25="80", q50="100", q75="150"))
        np.testing.assert_allclose(quantiles(judged, [0.25, 0.5, 0.75]), [80, 100, 150])

    def test_mean_and_sd(self):
        judged = read(otherwise(mean=100, sd=50, family="gamma"))
        law = stats.gamma(4, scale=25)
        np.testing.assert_allclose(quantiles(judged, [0.1, 0.9]), law.ppf([0.1, 0.9]))
        assert judged.summary()[["low", "high"]].iloc[0].tolist() == pytest.approx(law.ppf([0.1, 0.9]).tolist())
        assert judged.summary()["expected_value"].item() == pytest.approx(60)

    def test_rows_may_differ(self):
        judged = read(said(), otherwise(opportunity="q", q25=80, q50=100, q75=150))
        assert judged.table["median"].tolist() == pytest.approx([100, 100])

    def test_a_certain_amount_of_any_family(self):
        for family in ("gamma", "pert", "log-normal"):
            assert quantiles(read(said(family=family, low=80, high=80)), [0.1, 0.5, 0.9]).tolist() == pytest.approx(
                [80] * 3
            )

    def test_a_misfit_is_said(self):
        with pytest.warns(DataWarning, match=r"1 row .* meets the amounts stated only within \d+% \(row 1\)"):
            read(said(), said(opportunity="x", low=10, likely=100, high=120, family="gamma"))

    def test_units_and_decimals(self):
        judged = read(said(low="1.200,5", high="4.800"), amount_unit="万元", decimal=",")
        assert judged.table[["low", "high"]].iloc[0].tolist() == [12_005_000, 48_000_000]

    def test_a_unit_in_the_header(self):
        frame = pd.DataFrame([{"客户": "A", "概率": "60%", "下限（万元）": 5, "上限": 20}])
        names = {"customer_id": "客户", "probability": "概率", "low": "下限（万元）", "high": "上限"}
        with pytest.raises(UnitError, match=r"says 万元, and '上限' says no unit. Pass amount_unit='万元'"):
            lb.FutureValuePriors.from_judgements(frame, columns=names)
        judged = lb.FutureValuePriors.from_judgements(frame, columns=names, amount_unit="万元")
        assert judged.table[["low", "high"]].iloc[0].tolist() == [50_000, 200_000]


class TestChances:
    @pytest.mark.parametrize("cell", ["3 of 10", "3/10", "3 of the last 10", "３ of １０", "3 out of 10"])
    def test_cases_in_words(self, cell):
        row = read(said(probability=cell)).table.iloc[0]
        assert (row["chance_a"], row["chance_b"]) == (3.5, 7.5)
        assert row["probability"] == pytest.approx(3.5 / 11)

    def test_cases_in_columns(self):
        frame = pd.DataFrame([{"customer_id": "A", "cases": 3, "of": 10, "low": 50, "high": 200}])
        row = lb.FutureValuePriors.from_judgements(frame).table.iloc[0]
        assert (row["chance_a"], row["chance_b"]) == (3.5, 7.5)

    def test_an_interval_of_the_chance(self):
        row = read(said(probability=None, probability_low="40%", probability_high=0.7)).table.iloc[0]
        np.testing.assert_allclose(stats.beta(row["chance_a"], row["chance_b"]).ppf([0.1, 0.9]), [0.4, 0.7])

    def test_stages(self):
        stages = {"Proposal": 0.4, "negotiation": (6, 10)}
        rows = [said(probability=None, stage=name, opportunity=name) for name in ("proposal ", "Negotiation")]
        judged = read(*rows, stages=stages)
        assert judged.table["probability"].tolist() == pytest.approx([0.4, 6.5 / 11])
        assert judged.table["stage"].tolist() == ["proposal", "Negotiation"]

    def test_a_stage_without_chances_is_a_name(self):
        assert read(said(stage="whatever")).table["probability"].item() == 0.6

    def test_ways_that_agree_are_one(self):
        judged = read(said(probability=0.4, stage="proposal"), stages={"proposal": 0.4})
        assert judged.table["probability"].item() == 0.4

    def test_draws_of_a_chance_in_doubt(self, book):
        """Two of a customer's opportunities: each comes as often as the mean chance says."""
        judged = read(said(probability="3 of 10", low=100, high=100))
        draws = lb.lifetime_value(book, future_value=judged, horizon="1 year", random_seed=1).components["judged"]
        found = draws.sel(customer_id="A") > 0
        assert abs(float(found.mean()) - 3.5 / 11) < allowed() * np.sqrt(0.22 / found.size)

    @pytest.mark.parametrize("number", [0, 1, "100%"])
    def test_certainty_is_said(self, number):
        with pytest.warns(DataWarning, match=r"1 row of the judgements stated as certain.*\(row 1\)"):
            read(said(), said(probability=number, opportunity="x"))


class TestDates:
    @pytest.mark.parametrize(
        ("changes", "window"),
        [
            ({"expected_on": "2026-06-30"}, ["2026-06-30", "2026-06-30"]),
            ({"expected_on": "2026年6月30日"}, ["2026-06-30", "2026-06-30"]),
            ({"expected_on": "2026-Q3"}, ["2026-07-01", "2026-09-30"]),
            ({"expected_on": "2028-02"}, ["2028-02-01", "2028-02-29"]),
            ({"expected_from": "2026-01-01", "expected_to": "2026-03-31"}, ["2026-01-01", "2026-03-31"]),
        ],
    )
    def test_a_day_or_a_window(self, changes, window):
        row = read(said(**changes)).table.iloc[0]
        assert [f"{row[name]:%Y-%m-%d}" for name in ("expected_from", "expected_to")] == window

    @pytest.mark.parametrize("cell", [None, "", "unknown", "未知", "?"])
    def test_nobody_knows(self, cell):
        assert read(said(expected_on=cell)).table["expected_to"].isna().all()

    def test_how_dates_are_written(self):
        with pytest.raises(JudgementError, match=r"order of day, month and year is open.*row 0.*date_format"):
            read(said(expected_on="03/04/2026"))
        row = read(said(expected_on="03/04/2026"), date_format="%d/%m/%Y").table.iloc[0]
        assert row["expected_on"] == pd.Timestamp("2026-04-03")

    def test_money_falls_into_the_window(self, book):
        row = said(probability=0.99, expected_from="1998-10-01", expected_to="1999-09-30")
        ltv = lb.lifetime_value(book, future_value=read(row), horizon=["1 year", "2 years"], random_seed=1)
        assert float(ltv.at("1 year").total().max()) == 0
        assert float((ltv.total() > 0).mean()) == pytest.approx(0.99, abs=0.02)

    def test_a_window_that_has_begun_is_cut(self, book):
        """Both windows end alike, so both mean any day from the as-of date to that end."""
        worth = [
            lb.lifetime_value(
                book,
                future_value=read(said(expected_from=start, expected_to="1998-09-30")),
                horizon="2 years",
                discount_rate=0.2,
                random_seed=1,
            ).draws
            for start in ("1996-01-01", "1997-09-30")
        ]
        np.testing.assert_array_equal(*worth)

    def test_a_window_that_has_ended_is_refused(self, book):
        judged = read(said(expected_from="1996-01-01", expected_to="1997-09-29"))
        with pytest.raises(JudgementError, match=r"before the as-of date 1997-09-30.*row 0"):
            lb.lifetime_value(book, future_value=judged, horizon="1 year")


class TestWords:
    def test_what_is_kept(self):
        row = read(said(market="EU", relation="Same total", stated_on="2025-01-31", expert=" ")).table.iloc[0]
        assert (row["market"], row["relation"], row["expert"]) == ("EU", "same_total", None)
        assert row["stated_on"] == pd.Timestamp("2025-01-31")


class TestRefusals:
    @pytest.mark.parametrize(
        ("row", "message"),
        [
            (otherwise(q25=80, q50=70, q75=150), "quartiles that cross"),
            (otherwise(q25=0, q50=70, q75=150), "q25 of 0 or less"),
            (otherwise(q25=80, q50=100), "without a number in 'q75'"),
            (otherwise(mean=100, sd=0), "sd of 0 or less.*both the same"),
            (otherwise(mean=100, sd=-5), "sd of 0 or less"),
            (otherwise(mean=-100, sd=5), "mean of 0 or less"),
            (otherwise(mean=100, sd=5, family="pert"), "mean and sd of a pert"),
            (said(mean=100, sd=5), "amount in several ways"),
            (said(family="normal"), "unknown family.*log-normal, gamma, pert"),
            (said(interval=80), "interval that is no share"),
            (said(interval=1), "interval of 100%"),
            (said(probability="12 of 10"), "cases below 0 or above of"),
            (said(probability="often"), "without a number in 'probability'"),
            (said(probability=None), "without a number in 'probability'"),
            (said(cases=3), "one of cases and of only"),
            (said(cases=3, of=10), "chance in several ways that contradict"),
            (said(probability="3 of 10", cases=3), "cases in 'probability' and in 'cases'"),
            (said(probability=None, probability_low=0.7, probability_high=0.4), "probability_low above"),
            (said(probability=None, probability_low=0, probability_high=0.4), "reaches 0 or 1"),
            (said(probability=None, stage="won"), "stage that stages= does not have, such as 'won'"),
            (said(stage="proposal"), "chance in several ways"),
            (said(expected_from="2026-02-01", expected_to="2026-01-01"), "expected_from after expected_to"),
            (said(expected_from="2026-02-01"), "one of expected_from and expected_to only"),
            (said(expected_on="2026-02-01", expected_from="2026-02-01", expected_to="2026-03-01"), "another window"),
            (said(stated_on="then"), "a stated_on that is not a date"),
            (said(relation="extra"), "unknown relation.*additional, visible_share, same_total"),
        ],
    )
    def test_a_contradiction_names_its_row(self, row, message):
        with pytest.raises(JudgementError, match=message) as caught:
            read(said(opportunity="sound"), row, stages={"proposal": 0.4})
        assert caught.value.rows == (1,)

    @pytest.mark.parametrize(
        ("settings", "error", "message"),
        [
            ({"columns": {"customer": "客户"}}, ColumnError, "Did you mean 'customer_id'"),
            ({"columns": {"low": "下限"}}, ColumnError, "no column '下限'"),
            ({"family": "gama"}, JudgementError, "Did you mean 'gamma'"),
            ({"stages": {"won": 1.5}}, JudgementError, "The chance of 'won' is 1.5"),
            ({"stages": {"won": "a lot"}}, JudgementError, "The chance of 'won' is 'a lot'"),
            ({"stages": {"won": (3, 2)}}, JudgementError, "3 of 2 cannot be"),
        ],
    )
    def test_settings(self, settings, error, message):
        with pytest.raises(error, match=message):
            read(said(stage="won"), **settings)

    def test_no_amounts_at_all(self):
        with pytest.raises(ColumnError, match="no column 'low'"):
            read({"customer_id": "A", "probability": 0.5})
        with pytest.raises(ColumnError, match="no column 'sd'"):
            read({"customer_id": "A", "probability": 0.5, "mean": 3})


class TestNames:
    def test_one_client_as_number_and_as_text_is_one(self):
        with pytest.raises(
            JudgementError, match=r"stating an opportunity of one customer more than once \(rows 0, 1\)"
        ):
            read(said(customer_id=17, opportunity="plant"), said(customer_id="17 ", opportunity="plant"))

    def test_nameless_opportunities_of_such_a_client_have_draws_of_their_own(self):
        judged = read(said(customer_id=17), said(customer_id="17", probability=0.2))
        assert sorted(judged.table["key"]) == ["nameless 1", "nameless 2"]

    def test_numbers_beside_a_blank_row_stay_whole(self):
        frame = pd.DataFrame({"customer_id": [101, None], "probability": [0.5, None], "low": 1.0, "high": 2.0})
        frame.loc[1, ["low", "high"]] = None
        assert lb.FutureValuePriors.from_judgements(frame).table["customer_id"].map(str).tolist() == ["101"]

    def test_blanks_around_names_do_not_make_others(self):
        judged = read(said(expert="Wang"), said(expert=" Wang\u3000", market=" ", opportunity="other"))
        assert judged.table["expert"].tolist() == ["Wang", "Wang"]
        assert judged.table["market"].isna().all()

    def test_nameless_opportunities_that_differ_in_their_expert_alone_do_not_follow_the_order_of_rows(self):
        rows = [said(expert=name, market=market) for name, market in (("Wang", "x"), ("Chen", "y"), ("Wang", "a"))]
        numbered = [
            judged.table.set_index(["expert", "market"])["key"].to_dict() for judged in (read(*rows), read(*rows[::-1]))
        ]
        assert numbered[0] == numbered[1]


@pytest.fixture(scope="module")
def clients():
    frame = pd.DataFrame({"customer_id": range(300), "frequency": 0, "recency": 0.0, "T": 30.0})
    return lb.Customers.from_summary(frame, time_unit="week", as_of="2025-12-31")


class TestChanceOfAStage:
    """What is unknown of a stage is unknown of all its opportunities alike."""

    ROWS = pd.DataFrame(
        {"customer_id": range(300), "stage": "talks", "low": 1.0, "high": 1.0, "relation": "additional"}
    )

    def wins(self, clients, judged):
        return lb.lifetime_value(clients, future_value=judged, horizon="1 year", random_seed=1).total().to_numpy()

    def test_wins_of_many_follow_the_beta_binomial(self, clients):
        wins = self.wins(clients, lb.FutureValuePriors.from_judgements(self.ROWS, stages=STAGES))
        law = stats.betabinom(300, 3.5, 7.5)
        assert wins.mean() == pytest.approx(law.mean(), rel=0.04)
        assert wins.std() == pytest.approx(law.std(), rel=0.05)

    def test_doubt_stated_row_by_row_is_each_rows_own(self, clients):
        rows = self.ROWS.assign(cases=3, of=10)
        wins = self.wins(clients, lb.FutureValuePriors.from_judgements(rows))
        assert wins.std() == pytest.approx(stats.binom(300, 3.5 / 11).std(), rel=0.05)
        together = self.wins(clients, lb.FutureValuePriors.from_judgements(rows.assign(chance_of="Stage")))
        assert together.std() == pytest.approx(stats.betabinom(300, 3.5, 7.5).std(), rel=0.05)

    def test_doubt_of_a_stage_never_makes_the_book_surer(self, clients):
        shared = {"stage": 0.3}
        doubted = {"talks": lb.ChanceBelief.from_interval(0.2, 0.8)}
        sure, doubtful = (
            self.wins(clients, lb.FutureValuePriors.from_judgements(self.ROWS, stages=stages, shared=shared)).std()
            for stages in ({"talks": 0.5}, doubted)
        )
        assert doubtful > sure

    def test_it_is_written_and_read_again(self, clients, tmp_path):
        judged = lb.FutureValuePriors.from_judgements(self.ROWS, stages=STAGES)
        again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / "judged.csv"))
        np.testing.assert_allclose(self.wins(clients, again), self.wins(clients, judged))

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ({"chance_of": "market"}, r"unknown chance_of \(row 0\). Write one of opportunity, stage"),
            ({"chance_of": "stage", "stage": None}, r"the chance of a stage, but no stage \(row 0\)"),
        ],
    )
    def test_what_it_cannot_be_of_is_refused(self, row, message):
        with pytest.raises(JudgementError, match=message):
            read(said(probability="3 of 10", stage="talks") | row)


def test_many_equal_rows_are_fitted_as_one_is():
    rows = [said(low=60.0, likely=105.0, family="gamma", probability=None, probability_low=0.2, probability_high=0.5)]
    one, many = read(*rows).table, read(*(rows * 3 + [said(low=70.0, opportunity="other")])).table
    columns = ["amount_1", "amount_2", "mean", "chance_a", "chance_b"]
    equal = many[many["family"] == "gamma"][columns].astype(float)
    assert (equal.min() == equal.max()).all()
    np.testing.assert_allclose(equal.iloc[0], one[columns].iloc[0].astype(float), rtol=1e-9)


class TestHeadingsNobodyReads:
    def test_a_misspelt_heading_is_told_with_what_was_meant(self):
        with pytest.warns(
            DataWarning, match=r"1 column of the table is not read: 'Expected on' \(did you mean expected_on"
        ):
            read(said(**{"Expected on": "2026-Q3"}))

    def test_with_names_of_ones_own_all_others_are_told(self):
        row = {"客户": "A", "把握": 0.6, "low": 50.0, "high": 200.0, "关系": "additional", "预计签约": "2026-Q3"}
        names = {"customer_id": "客户", "probability": "把握"}
        with pytest.warns(DataWarning, match=r"2 columns of the table are not read: '关系', '预计签约'\. Name"):
            read(row, columns=names)

    def test_others_columns_and_our_own_are_nobodys_concern(self):
        judged = read(said(owner="Li", phone=123, opportunity="plant"))
        for frame in (judged.summary(), judged.audit().assign(low=50.0, high=200.0)):
            assert len(lb.FutureValuePriors.from_judgements(frame)) == 1

    def test_a_column_without_content_is_no_loss(self):
        assert len(read(said(expect_on=None))) == 1


def test_a_missing_column_says_how_to_name_ones_own():
    with pytest.raises(
        ColumnError, match=r"no column 'low'\. If yours has another name, say it in columns=.*quartiles"
    ):
        read({"customer_id": "A", "probability": 0.6, "下限": 50.0, "上限": 200.0})


def test_stages_without_chances_say_where_these_go():
    with pytest.raises(JudgementError, match=r"'probability' \(row 1\)\..*stages=\{'proposal': 0\.4\}"):
        read(said(), said(probability=None, stage="talks", opportunity="other"))


def test_what_is_no_number_is_quoted():
    with pytest.raises(JudgementError, match=r"'probability', but '四成' \(row 0\)"):
        read(said(probability="四成"))


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [("2026年7月", "2026-07-01", "2026-07-31"), ("2026年第三季度", "2026-07-01", "2026-09-30")],
)
def test_chinese_months_and_quarters_are_windows(written, first, last):
    judged = read(said(expected_on=written))
    window = judged.summary()[["expected_from", "expected_to"]].iloc[0]
    assert [f"{day:%Y-%m-%d}" for day in window] == [first, last]


def test_days_that_cannot_be_read_say_that_windows_can():
    with pytest.raises(JudgementError, match=r"2026-06-30, 2026-07 or 2026-Q3"):
        read(said(expected_on="soon"))


def test_no_windows_no_columns_for_them():
    assert "expected_from" not in read(said(expected_on="2026-07-01")).summary()


def test_no_amount_at_all_says_in_which_ways_it_may_be_stated():
    with pytest.raises(JudgementError, match=r"without a number in 'low' \(row 0\)\..*or quartiles, or mean and sd"):
        read(said(low=None, high=None))


@pytest.mark.parametrize(("written", "chance"), [("3 of 10", (3, 10)), ("40%", 0.4), ("０.4", 0.4)])
def test_chances_of_stages_may_be_written_as_in_rows(written, chance):
    row = said(probability=None, stage="talks")
    found, expected = (read(row, stages={"talks": way}).table for way in (written, chance))
    pd.testing.assert_frame_equal(found, expected)


class TestSlips:
    """What is hardly meant is refused, by its row, unless it is confirmed."""

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            (said(low=195.0, interval=0.008), "interval of less than 5%"),
            (said(low=195.0, interval="0.8%"), "interval of less than 5%"),
            (said(interval=0.06), "mean beyond 1,000 times the amounts stated"),
            (said(high=5e8), "mean beyond 1,000 times the amounts stated"),
            (otherwise(q25=50.0, q50=100.0, q75=2e6), "mean beyond 1,000 times the amounts stated"),
            (otherwise(mean=50.0, sd=2e6), "sd beyond 100 times the mean"),
            (otherwise(mean=50.0, sd=2e6, family="gamma"), "sd beyond 100 times the mean"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:.*(interval of less than 20|far above)")
    def test_a_slip_is_refused_unless_it_is_confirmed(self, row, message):
        with pytest.raises(JudgementError, match=rf"{message}.*\(row 1\).*pass confirmed=True") as caught:
            read(said(customer_id="B"), row)
        assert caught.value.rows == (1,)
        assert np.isfinite(read(said(customer_id="B"), row, confirmed=True).table["mean"]).all()

    @pytest.mark.parametrize("interval", [0.008, 0.8 / 100, 0.049])
    def test_a_slip_in_the_argument_is_refused(self, interval):
        with pytest.raises(JudgementError, match="less than 5%, which is hardly meant"):
            read(said(), interval=interval)
        for make in (lb.AmountBelief.from_interval, lb.ChanceBelief.from_interval):
            with pytest.raises(JudgementError, match=r"less than 5%, which is hardly meant.*interval=0\.8\.$"):
                make(0.4, 0.6, interval=interval)

    def test_a_mean_that_is_not_finite_cannot_be_confirmed(self):
        with pytest.raises(JudgementError, match=r"mean amount that is not finite \(row 0\)"):
            read(said(interval=0.0008), confirmed=True)

    @pytest.mark.parametrize("row", [said(interval=0.15), otherwise(mean=50.0, sd=600.0), said(high=2e6)])
    @pytest.mark.filterwarnings("ignore:.*interval of less than 20")
    def test_a_mean_far_above_what_is_stated_is_warned_of(self, row):
        with pytest.warns(DataWarning, match="a mean far above all amounts stated, or an sd far above the mean"):
            read(row)

    def test_one_belief_with_a_slip_is_refused(self):
        with pytest.raises(JudgementError, match=r"has a mean of 6\.52e"):
            lb.AmountBelief.from_quartiles(50, 100, 2e6)

    def test_a_stage_given_twice_is_refused(self):
        with pytest.raises(JudgementError, match="gives a stage twice"):
            read(
                {**otherwise(low=50.0, high=200.0), "stage": "talks", "probability": None},
                stages={"Talks": 0.3, "talks ": 0.6},
            )
