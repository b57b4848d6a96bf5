"""Judgements: what is read, what is refused with rows and cure, what they are worth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError, UnitError
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.checks import require_known
from ltv_bayes.judgement.valuing.expected import expected_money
from tests.chance import allowed

pytestmark = pytest.mark.filterwarnings("ignore:.*stated as certain:ltv_bayes.errors.DataWarning")


def judgement(**changes):
    return {"customer_id": "A", "probability": 0.6, "low": 50.0, "high": 200.0, **changes}


def read(*rows, **settings):
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(list(rows)), **settings)


def worth(book, judged, **terms):
    terms = {"horizon": "3 years", "random_seed": 1, **terms}
    return lb.lifetime_value(book, future_value=judged, **terms).components["judged"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"probability": 60}, "probability outside 0 to 1.*row 1.*Write 60% as 0.6"),
            ({"probability": -0.1}, "probability outside 0 to 1"),
            ({"probability": np.nan}, "without a number in 'probability'"),
            ({"low": 300.0}, "low above high.*row 1"),
            ({"low": 0.0}, "low amount of 0 or less"),
            ({"low": -5.0}, "low amount of 0 or less"),
            ({"high": np.inf}, "without a number in 'high'"),
            ({"high": "a lot"}, "without a number in 'high'"),
            ({"likely": 500.0}, "likely outside low to high"),
            ({"customer_id": None}, "without a customer"),
            ({"customer_id": "  "}, "without a customer"),
            ({"expected_on": "next spring"}, "not a date.*row 1"),
        ],
    )
    def test_a_contradiction_names_its_row(self, changes, message):
        with pytest.raises(JudgementError, match=message) as caught:
            read(judgement(), judgement(**changes))
        assert caught.value.rows == (1,)

    def test_missing_column_and_empty_table(self):
        with pytest.raises(ColumnError, match=r"no column 'probability'.*Did you mean 'probabilty'"):
            read({"customer_id": "A", "probabilty": 0.5, "low": 1.0, "high": 2.0})
        with pytest.raises(InputError, match="no rows"):
            lb.FutureValuePriors.from_judgements(pd.DataFrame(columns=["customer_id", "probability", "low", "high"]))

    def test_one_opportunity_twice(self):
        with pytest.raises(JudgementError, match=r"more than once \(rows 0, 1\)"):
            read(judgement(opportunity="Plant"), judgement(opportunity="Plant"))

    def test_a_nameless_opportunity_is_none_of_the_named(self, book):
        judged = read(judgement(probability=0.5, opportunity="(unnamed 1) "), judgement(probability=0.5, low=60.0))
        nothing = float((worth(book, judged).sel(customer_id="A") == 0).mean())
        assert nothing == pytest.approx(0.25, abs=0.04)

    def test_rows_of_two_tables_put_together(self, book):
        parts = [
            pd.DataFrame([judgement(opportunity="Plant"), judgement()]),
            pd.DataFrame([judgement(customer_id="C")]),
        ]
        judged = lb.FutureValuePriors.from_judgements(pd.concat(parts))
        assert judged.table["opportunity"].tolist() == ["Plant", "(unnamed 1)", "(unnamed 1)"]
        assert (worth(book, judged).sel(customer_id=["A", "C"]) > 0).any()

    def test_names_are_compared_as_text(self):
        with pytest.raises(JudgementError, match="more than once"):
            read(judgement(opportunity=1), judgement(opportunity="1 "))

    def test_two_columns_of_ids(self):
        judged = read({**judgement(customer_id="CRM-7"), "client": "A"}, customer_id="client")
        assert judged.table["customer_id"].tolist() == ["A"]

    def test_zeros_that_a_spreadsheet_took_away_are_found(self):
        frame = pd.DataFrame({"customer_id": ["00007", "12"], "frequency": 0, "recency": 0.0, "T": 1.0})
        customers = lb.Customers.from_summary(frame, time_unit="week")
        priors = {7: "00007", "0012": "12"}
        for written, known in priors.items():
            row = {"customer_id": [written], "probability": 0.5, "low": 1.0, "high": 2.0}
            judged = lb.FutureValuePriors.from_judgements(pd.DataFrame(row))
            with pytest.raises(JudgementError, match=rf"zeros away\? There is '{known}'; keep"):
                require_known(judged, customers)

    def test_unknown_customer(self, book):
        with pytest.raises(JudgementError, match=r"not among the customers valued \(id Zeta\)") as caught:
            worth(book, read(judgement(), judgement(customer_id="Zeta")))
        assert caught.value.rows == ("Zeta",)

    def test_a_date_before_the_as_of_date(self, book):
        with pytest.raises(JudgementError, match=r"before the as-of date 1997-09-30.*row 0"):
            worth(book, read(judgement(expected_on="1997-01-01")))

    def test_a_date_but_no_as_of(self, book):
        undated = lb.Customers(book.table, "week")
        with pytest.raises(JudgementError, match="no as-of date"):
            worth(undated, read(judgement(expected_on="1998-01-01")))

    @pytest.mark.parametrize("interval", [0, 1, 80, -0.5, "wide"])
    def test_interval_is_a_probability(self, interval):
        with pytest.raises(UnitError, match="interval"):
            read(judgement(), interval=interval)


class TestReading:
    def test_text_as_a_spreadsheet_writes_it(self):
        judged = read(judgement(probability="60%", low="1,200", high="4,800", expected_on="2026-06-30"))
        row = judged.table.iloc[0]
        assert (row["probability"], row["low"], row["high"]) == (0.6, 1200, 4800)
        assert row["expected_on"] == pd.Timestamp("2026-06-30")

    def test_amounts_in_ten_thousands(self):
        judged = read(judgement(low="￥23", high="69", likely=None), amount_unit="万元")
        assert judged.table[["low", "high"]].iloc[0].tolist() == [230_000, 690_000]

    def test_from_a_csv_file(self, tmp_path):
        (tmp_path / "judged.csv").write_text(
            "customer_id,probability,low,high,expert\nA,0.5,10,20,Wang\n", encoding="utf-8"
        )
        judged = lb.FutureValuePriors.from_judgements(tmp_path / "judged.csv")
        assert judged.table["expert"].tolist() == ["Wang"]

    def test_own_name_of_the_id_column(self):
        judged = read({"client": 7, "probability": 0.5, "low": 1.0, "high": 2.0}, customer_id="client")
        assert judged.table["customer_id"].tolist() == [7]

    def test_hostile_names_are_text(self):
        judged = read(judgement(customer_id="<script>alert(1)</script>", opportunity="=1+1"))
        assert "<script>" not in judged._repr_html_()

    def test_opinions_on_whole_values_are_told_apart_and_not_added_up(self):
        opinion = judgement(customer_id="B", low=1e6, high=2e6, relation="same_total")
        mixed = repr(read(judgement(low=80.0, high=80.0), opinion))
        assert mixed.startswith("1 judged opportunity of 1 customer, 1 opinion on a customer's whole future value;")
        assert mixed.endswith("expected value before margin and discount: 48")
        alone = repr(read(opinion, {**opinion, "customer_id": "C"}))
        assert alone == "2 opinions on a customer's whole future value; amounts lie within 80% intervals"

    def test_the_expected_value_after_recalibration_is_worked_out_once(self, monkeypatch):
        shape, calls = (1, 1, 100), []
        nothing, same = np.zeros(shape), np.ones(shape)

        def counted(*arguments):
            calls.append(arguments)
            return expected_money(*arguments)

        monkeypatch.setattr("ltv_bayes.judgement.future_value.expected_money", counted)
        judged = read(judgement(low=80.0, high=80.0))
        judged = judged.adjusted(Adjustments(np.zeros(1, dtype=int), nothing, same, nothing + np.log(2), same))
        for _ in range(2):
            judged._repr_html_()
        assert judged.summary()["expected_value"].tolist() == pytest.approx([0.6 * 2 * 80])
        assert len(calls) == 1

    def test_summary_states_the_expected_value(self):
        table = read(judgement(low=80.0, high=80.0), judgement(low=100.0, high=100.0)).summary()
        assert table["expected_value"].tolist() == pytest.approx([48, 60])


class TestWorth:
    def test_certain_amount_on_a_date_is_discounted_from_that_date(self, book):
        judged = read(judgement(probability=1, low=110.0, high=110.0, expected_on="1998-09-30"))
        found = worth(book, judged, discount_rate=0.10).sel(customer_id="A")
        assert found.values == pytest.approx(110 * 1.1 ** (-365 / 365.25))

    def test_after_the_horizon_nothing_counts_and_a_note_says_so(self, book):
        judged = read(judgement(probability=1, expected_on="2001-01-01"))
        ltv = lb.lifetime_value(book, future_value=judged, horizon="3 years")
        assert (ltv.draws == 0).all()
        assert any("after the horizon" in note for note in ltv.notes())

    def test_the_last_day_of_the_horizon_counts_and_the_day_after_does_not(self, book):
        """As of 30 September 1997, three years end on 30 September 2000."""
        for day, counts in (("1997-09-30", 1), ("2000-09-30", 1), ("2000-10-01", 0)):
            ltv = lb.lifetime_value(
                book,
                future_value=read(judgement(probability=1, low=80.0, high=80.0, expected_on=day)),
                horizon="3 years",
            )
            assert ltv.draws.sel(customer_id="A").values == pytest.approx(80 * counts)
            assert any("after the horizon" in note for note in ltv.notes()) != bool(counts)

    def test_what_a_group_shares_leaves_each_as_uncertain_as_stated(self, book):
        """The shared part stands in place of some of an opportunity's own, not beside it."""
        judged = read(*(judgement(customer_id=one, probability=1, expert="Li") for one in book.ids))
        together = lb.FutureValuePriors(judged.table, shared={"expert": 0.4})
        logs = np.log(worth(book, together))
        sd, size = np.log(2) / stats.norm.ppf(0.9), logs.sizes["chain"] * logs.sizes["draw"]
        found = logs.std(("chain", "draw")).to_numpy()
        assert (abs(found / sd - 1) < allowed(found.size) / np.sqrt(2 * size)).all()

    def test_probability_and_mean(self, book):
        judged = read(judgement(), judgement(opportunity="second", probability=0.3, low=10.0, high=1000.0, likely=50.0))
        found = worth(book, judged).sel(customer_id="A")
        expected = float((judged.table["probability"] * judged.table["mean"]).sum())
        assert abs(float(found.mean()) - expected) < allowed() * float(found.std()) / np.sqrt(found.size)
        nothing = float((found == 0).mean())
        assert abs(nothing - 0.4 * 0.7) < allowed() * np.sqrt(0.28 * 0.72 / found.size)

    def test_without_a_date_any_day_of_the_horizon_is_as_likely(self, book):
        judged = read(judgement(probability=1, low=100.0, high=100.0))
        found = worth(book, judged, discount_rate=0.10).sel(customer_id="A")
        delta = np.log(1.1)
        expected = 100 * (1 - np.exp(-3 * delta)) / (3 * delta)
        assert abs(float(found.mean()) - expected) < allowed() * float(found.std()) / np.sqrt(found.size)

    def test_order_of_rows_changes_nothing(self, book):
        rows = [judgement(), judgement(probability=0.2), judgement(customer_id="C"), judgement(low=60.0)]
        np.testing.assert_array_equal(worth(book, read(*rows)), worth(book, read(*rows[::-1])))

    def test_ids_as_numbers_and_as_text_meet(self, book):
        numbered = lb.Customers.from_summary(book.table.reset_index().assign(customer_id=range(6)), time_unit="week")
        found = worth(numbered, read(judgement(customer_id="3", probability=1)))
        assert (found.sel(customer_id=3) > 0).all()

    def test_the_worked_example(self, book):
        """50 x 3 + 80, in ten thousand yuan: the point formula as a distribution whose parts can be read off."""
        judged = read(judgement(probability=1, low=60.0, high=100.0, likely=80.0))
        found = worth(book, judged).sel(customer_id="A")
        assert float(found.median()) == pytest.approx(80, rel=0.02)
        assert lb.project_ltv(average_deal=50, average_deals=3, future_value=80) == 230


@pytest.mark.parametrize("in_file", [False, True])
def test_judgements_find_customers_with_long_numbers(purchases, spend, tmp_path, monkeypatch, in_file):
    """Ids above 2**53 keep every digit, also where a judged customer is in another batch, or explained alone."""
    from ltv_bayes.value.draws import valuation

    monkeypatch.setattr(valuation, "CUSTOMERS_IN_BATCH", 64)
    ids = [1234567890123456789 + 2 * n for n in range(150)]
    frame = pd.DataFrame({"customer_id": ids, "frequency": 0, "recency": 0.0, "T": 30.0})
    customers = lb.Customers.from_summary(frame, time_unit="week", as_of="2025-01-01")
    if in_file:
        customers = lb.Customers.scan(customers.save(tmp_path / "customers.parquet"))
    judged = lb.FutureValuePriors.from_judgements(
        pd.DataFrame({"customer_id": [ids[0], ids[149]], "probability": 1.0, "low": 100.0, "high": 100.0})
    )
    ltv = lb.lifetime_value(customers, future_value=judged, horizon="1 year", random_seed=1)
    assert ltv.summary()["mean"].round(6).tolist() == [100.0, *[0.0] * 148, 100.0]
    assert ltv.explain(ids[149]).loc["total", "mean"] == pytest.approx(100)


class TestRelations:
    def test_a_relation_changes_no_other_setting(self):
        visible = lb.VisibleShare.known(0.6, within="6 months")
        judged = read(judgement(), visible=visible, opinion_weight=None, shows_life=False)
        related = judged.with_relation("additional")
        assert (related.visible, related.opinion_weight, related.shows_life) == (visible, None, False)
        assert judged.with_relation("additional", visible=None, opinion_weight=0.3).visible is None

    @pytest.mark.parametrize("family", ["log-normal", "pert"])
    def test_an_opinion_without_any_spread_is_refused(self, family):
        certain = judgement(low=100.0, high=100.0, family=family)
        with pytest.raises(JudgementError, match=r"that has low equal to high \(row 0\).*a low below the high"):
            read(certain, relation="same_total")
        with pytest.raises(JudgementError, match="that has low equal to high"):
            read(certain).with_relation("same_total")


class TestShownInTime:
    """Purchases that the pipeline shows come within the time in which the forecast leaves out as many."""

    def value(self, book, **changes):
        visible = lb.VisibleShare.known(0.6, within="6 months")
        judged = read(judgement(probability=1 - 1e-9) | changes, relation="visible_share", visible=visible)
        return lb.lifetime_value(book, future_value=judged, horizon=["6 months", "3 years"], random_seed=1)

    def test_a_day_beyond_is_refused(self, book):
        late = book.as_of.replace(year=book.as_of.year + 2).isoformat()
        with pytest.raises(JudgementError, match=r"expected after the 6 months that it shows \(row 0\)"):
            self.value(book, expected_on=late)

    def test_a_window_that_ends_beyond_is_said(self, book):
        first, last = (book.as_of.replace(year=book.as_of.year + more).isoformat() for more in (0, 1))
        with pytest.warns(DataWarning, match=r"may occur after the 6 months .*\(id 0\).*counted twice"):
            self.value(book, expected_from=first, expected_to=last)

    def test_the_last_day_of_the_calendar_is_within(self, book):
        value = self.value(book, expected_on=str((pd.Timestamp(book.as_of) + pd.DateOffset(months=6)).date()))
        assert float((value.at("6 months").total() > 0).mean()) == 1.0

    def test_undated_ones_come_within_it(self, book):
        value = self.value(book)
        early = value.at("6 months").total()
        assert float((early > 0).mean()) == pytest.approx(181 / 183, abs=0.01)
        assert float((value.total() > 0).mean()) == 1.0
