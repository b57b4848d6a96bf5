"""Customers scored where they are have the value that they have together, to the last digit."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError, UnitError
from ltv_bayes.scoring import score as module
from ltv_bayes.scoring import sources
from ltv_bayes.scoring.saved import model_of
from ltv_bayes.scoring.sums import Sums
from tests.scoring.values import AS_OF, KINDS, frame, plain

ASKED = {
    "segments": ["industry", ["industry", "region"]],
    "thresholds": [40, 100],
    "tiers": {"A": 100, "B": 40, "C": None},
}

BUYER = int(frame().index[frame()["frequency"] > 0][60])


@pytest.fixture(scope="module")
def ltv():
    return plain()


@pytest.fixture(scope="module")
def model(ltv):
    return lb.load_model(model_of(ltv).to_bytes())


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Batches that begin within blocks."""
    monkeypatch.setattr(sources, "CUSTOMERS_IN_BATCH", 100)


def same_summary(table, ltv):
    wanted = ltv.summary().loc[table.index]
    pd.testing.assert_frame_equal(table[list(wanted)], wanted, check_exact=True, check_names=False)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_the_value_of_all(kind):
    ltv = KINDS[kind]()
    rows = ltv.customers.table.reset_index().sample(frac=1, random_state=1)
    found = model_of(ltv).score(rows, as_of=ltv.customers.as_of, segments=["industry"])
    assert list(found.table.index) == list(rows["customer_id"])
    same_summary(found.table, ltv)
    np.testing.assert_allclose(found.total(), ltv.total(), rtol=1e-9)
    np.testing.assert_allclose(found.by("industry").total, ltv.by("industry").total, rtol=1e-9)
    pd.testing.assert_frame_equal(found.explain(), ltv.explain(), rtol=1e-9)
    pd.testing.assert_frame_equal(found.cash_flow(), ltv.cash_flow(), rtol=1e-9)


@pytest.mark.parametrize("horizon", ["1 year", "3 years"])
def test_what_was_asked_for(ltv, model, horizon):
    found, ltv = (
        model.score(frame(), as_of=AS_OF, horizon=horizon, ci_prob=0.5, ci_kind="hdi", **ASKED),
        ltv.at(horizon),
    )
    pd.testing.assert_frame_equal(
        found.table[list(ltv.summary(0.5, "hdi"))].sort_index(), ltv.summary(0.5, "hdi"), check_exact=True
    )
    for threshold in ASKED["thresholds"]:
        wanted = ltv.probability_above(threshold).loc[found.table.index]
        pd.testing.assert_series_equal(found.table[f"probability_above_{threshold}"], wanted, check_names=False)
    chances = found.table[["probability_A", "probability_B", "probability_C"]]
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    np.testing.assert_array_equal(chances["probability_A"], found.table["probability_above_100"])
    assert (found.table["tier"] == chances.idxmax(axis=1).str[-1]).all()
    parts = found.table[["mean_realised", "mean_repeat_purchases"]].sum(axis=1)
    np.testing.assert_allclose(parts, found.table["mean"])
    for column in ("industry", ["industry", "region"]):
        theirs, ours = ltv.by(column), found.by(column)
        pd.testing.assert_frame_equal(ours.summary(), theirs.summary(), rtol=1e-9)
        pd.testing.assert_frame_equal(ours.compare(), theirs.compare(), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda rows: rows.set_index("customer_id"), pd.DataFrame),
        (pl.from_pandas, pl.DataFrame),
        (pa.Table.from_pandas, pa.Table),
        (lambda rows: pa.Table.from_pandas(rows).to_reader(max_chunksize=70), pa.RecordBatchReader),
        (lambda rows: pytest.importorskip("duckdb").from_arrow(pa.Table.from_pandas(rows)), None),
    ],
    ids=["pandas", "polars", "arrow", "reader", "duckdb"],
)
def test_the_same_kind_comes_back(ltv, model, make, kind):
    given = make(frame())
    found = model.score(given, as_of=AS_OF)
    assert isinstance(found.table, kind or type(given))
    table = found.table if kind is pd.DataFrame else pa.table(found.table).to_pandas().set_index("customer_id")
    assert list(table.index) == list(frame()["customer_id"])
    same_summary(table, ltv)


def test_files(ltv, model, tmp_path):
    source = ltv.customers.save(tmp_path / "customers.parquet")
    found = lb.score(source, model, to=tmp_path / "scores.parquet")
    same_summary(pd.read_parquet(found.table).set_index("customer_id"), ltv)
    many = tmp_path / "many"
    many.mkdir()
    rows = ltv.customers.table.reset_index()
    for place, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
        rows.iloc[part].to_parquet(many / f"part-{place}.parquet")
    found = lb.score(many, model, as_of=AS_OF, to=tmp_path / "scores.parquet")
    same_summary(pd.read_parquet(found.table).set_index("customer_id"), ltv)
    np.testing.assert_allclose(found.total(), ltv.total(), rtol=1e-9)
    lb.score(source, model, to=tmp_path / "scores.parquet", horizon="1 year")
    said = pq.read_schema(tmp_path / "scores.parquet").metadata[b"ltv_bayes.settings"].decode()
    assert said.startswith("1 year from")
    with pytest.raises(InputError, match=r"to='scores\.parquet'"):
        lb.score(source, model)
    with pytest.raises(InputError, match=r"live in customers\.parquet"):
        lb.score(source, model, to=source)
    with pytest.raises(UnitError, match="customers say as_of 2024-06-30, not 2024-07-31"):
        lb.score(source, model, as_of="2024-07-31", to=tmp_path / "other.parquet")


def test_customers_and_a_value_as_model(ltv):
    same_summary(lb.score(ltv.customers, ltv).table, ltv)


def test_decimals_and_missing_values_of_arrow(ltv, model):
    """A warehouse gives decimals, and whole numbers with gaps."""
    table = pa.Table.from_pandas(frame())
    exact = table["monetary_value"].cast(pa.decimal128(20, 8), safe=False)
    rounded = frame().assign(monetary_value=exact.cast(pa.float64()).to_pandas())
    given = table.set_column(table.column_names.index("monetary_value"), "monetary_value", exact)
    found = pa.table(model.score(given, as_of=AS_OF).table).to_pandas()
    assert found["mean"].tolist() == model.score(rounded, as_of=AS_OF).table["mean"].tolist()


class TestWhoCannotBeScored:
    rows = staticmethod(lambda: frame().assign(T=lambda some: some["T"].where(some.index != BUYER, 0.5)))

    def test_is_named(self, model):
        wrong = self.rows()["customer_id"][BUYER]
        with pytest.raises(InputError, match=f"recency after T.*{wrong}") as caught:
            model.score(self.rows(), as_of=AS_OF)
        assert caught.value.rows == (wrong,)

    def test_is_left_out_and_the_rest_scored(self, ltv, model):
        rows = self.rows()
        rows.loc[201, "share"] = 35.0
        rows.loc[7, "customer_id"] = None
        found = model.score(rows, as_of=AS_OF, errors="report", segments=["region"])
        wrong = [str(rows["customer_id"][row]) for row in (BUYER, 201)]
        assert set(found.problems["customer_id"]) == {"", *wrong}
        assert found.problems["reason"].str.contains("recency after T|without a customer id|margin").all()
        assert found.customers == len(rows) - 3
        same_summary(found.table, ltv)
        total = found.by("region").total.sum("segment")
        np.testing.assert_allclose(found.total(), total, rtol=1e-9)

    def test_a_batch_that_fails_as_a_whole_does_not_lose_the_rest(self, model, monkeypatch):
        made = module.Work.of_customers

        def fails(work, customers):
            if frame()["customer_id"][0] in customers.ids:
                raise ZeroDivisionError("one")
            return made(work, customers)

        monkeypatch.setattr(module.Work, "of_customers", fails)
        found = model.score(frame(), as_of=AS_OF, errors="report")
        assert (found.customers, len(found.problems)) == (230, 100)
        assert set(found.problems["reason"]) == {"ZeroDivisionError: one"}
        with pytest.raises(ZeroDivisionError):
            model.score(frame(), as_of=AS_OF)

    def test_an_id_in_two_batches_is_refused(self, model, tmp_path):
        rows = pd.concat([frame(), frame().iloc[[3]]])
        with pytest.raises(InputError, match="1 customer with several rows"):
            model.score(rows, as_of=AS_OF, to=tmp_path / "scores.parquet", errors="report")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("size", [100, 1000])
    def test_an_id_twice_is_refused_in_whatever_batches(self, model, size, monkeypatch):
        monkeypatch.setattr(sources, "CUSTOMERS_IN_BATCH", size)
        rows = pd.concat([frame(), frame().iloc[[3]].assign(customer_id=lambda some: some["customer_id"] + "\t")])
        with pytest.raises(InputError, match="1 customer with several rows"):
            model.score(rows, as_of=AS_OF, errors="report")


def test_thresholds_are_named_in_full(model):
    """Amounts that differ in their last digit have columns of their own."""
    asked = {"thresholds": [1_000_000, 1_000_001, 0.5, 0.5], "as_of": AS_OF}
    names = [name for name in model.score(frame().head(3), **asked).table if name.startswith("probability_above")]
    assert names == ["probability_above_1000000", "probability_above_1000001", "probability_above_0.5"]
    assert plain().probability_above(1_000_001).name == names[1]


def test_a_segment_that_a_fit_has_not_seen_is_noted():
    ltv = KINDS["pooled"]()
    rows = ltv.customers.table.reset_index().head(150)
    rows.loc[140, "industry"] = "Mining"
    found = lb.score(rows, ltv, as_of=AS_OF)
    assert [note for note in found.warnings if "Mining" in note] != []
    assert "Mining" in repr(found)


def test_notes_are_those_of_a_value():
    """Each once, whatever the batches; what only the histories of all customers tell is left out."""
    ltv = KINDS["calendar"]()
    said = lb.score(ltv.customers.table.reset_index(), ltv, as_of=AS_OF).warnings
    assert [note for note in ltv.notes() if note in said] == list(said)
    for words in ("moves together", "prices grow by 4% a year", "no spend_age", "of the variance of the total"):
        assert sum(words in note for note in said) == 1
    few = lb.score(ltv.customers.table.reset_index().head(20), ltv, as_of=AS_OF).warnings
    assert "20 customers: few, so priors weigh in." in few


def test_judged_customers_who_are_not_scored_are_noted():
    ltv = KINDS["judged"]()
    rows = ltv.customers.table.reset_index()
    some = rows[~rows["customer_id"].isin(["C041", "C200"])]
    said = [note for note in lb.score(some, ltv, as_of=AS_OF).warnings if "judged" in note]
    assert said == ["2 judged customers not among those scored: C041, C200."]
    assert not [note for note in lb.score(rows, ltv, as_of=AS_OF).warnings if "judged" in note]


def test_nobody_is_scored(model):
    found = model.score(frame().head(0), as_of=AS_OF, segments=["industry"])
    assert (len(found.table), found.customers, float(found.total().sum())) == (0, 0, 0.0)
    by = found.by("industry")
    assert (by.total.shape, len(by.mean()), len(by.summary())) == ((2, 25, 0), 0, 0)
    assert "industry" in repr(by)
    assert "industry" in repr(found)


class TestRefused:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({}, "Pass as_of="),
            ({"as_of": AS_OF, "currency": "EUR"}, "model is in USD"),
            ({"as_of": AS_OF, "horizon": "2 years"}, "no horizon of 2 years, but 1 year, 3 years"),
            ({"as_of": AS_OF, "errors": "ignore"}, "'raise' or 'report'"),
            ({"as_of": AS_OF, "tiers": {"A": 1.0}}, "None for the rest"),
            ({"as_of": AS_OF, "tiers": {"A": 1.0, "B": 2.0, "C": None}}, "the highest first"),
            ({"as_of": AS_OF, "tiers": {"C": None, "A": 1.0}}, "and None for the rest"),
            ({"as_of": AS_OF, "thresholds": [50], "tiers": {"above_50": 9, "C": None}}, "columns probability_above_50"),
            ({"as_of": AS_OF, "tiers": {1: 9, "1": None}}, "columns probability_1"),
            ({"as_of": AS_OF, "segments": ["customer"]}, "no column 'customer'"),
            ({"as_of": AS_OF, "segments": ["number"]}, "more than 200 segments"),
        ],
    )
    def test_in_words(self, model, given, message, monkeypatch):
        rows = frame().assign(number=lambda some: some.index.astype(str) + "x")
        monkeypatch.setattr(sources, "CUSTOMERS_IN_BATCH", 1000)
        with pytest.raises(InputError, match=message):
            model.score(rows, **given)

    def test_other_sources(self, model):
        with pytest.raises(InputError, match="not in an int"):
            lb.score(3, model)
        with pytest.raises(InputError, match="no Parquet file"):
            lb.score("nothing.parquet", model, to="scores.parquet")

    def test_segments_that_were_not_added_up(self, model):
        with pytest.raises(ColumnError, match=r"segments=\['region'\]"):
            model.score(frame(), as_of=AS_OF, segments=["industry"]).by("region")


class TestDaysBesideT:
    """A table that summarize wrote says itself on which day and in which unit its T is."""

    @pytest.fixture
    def rows(self):
        days = ["1997-01-06", "1997-03-10", "1997-02-03"]
        log = pd.DataFrame({"customer_id": ["A", "A", "B"], "date": days, "amount": 10.0})
        customers = lb.summarize(lb.read_transactions(log), time_unit="week", as_of="1997-06-02")
        return customers.table.reset_index().assign(share=0.4)

    def test_the_right_day_and_unit_score(self, model, rows):
        as_text = rows.assign(first_order=rows["first_order"].astype(str), last_order=rows["last_order"].astype(str))
        for some in (rows, as_text, rows.drop(columns=["first_order", "last_order"])):
            assert model.score(some, as_of="1997-06-02", time_unit="week").customers == 2

    @pytest.mark.parametrize(
        ("stated", "message"),
        [
            (
                {"time_unit": "month"},
                "2 customers with a T in months .* first order to 1997-06-02 .*time_unit= and as_of=",
            ),
            ({"as_of": "1997-09-30"}, "2 customers with a T in weeks .* to 1997-09-30"),
            ({"as_of": "1997-03-01"}, "1 customer with an order after as_of 1997-03-01 .*id A"),
        ],
    )
    def test_another_day_or_unit_is_refused(self, model, rows, stated, message):
        given = {"as_of": "1997-06-02", "time_unit": "week"} | stated
        with pytest.raises(InputError, match=message):
            model.score(rows, **given)

    def test_orders_are_to_be_summarized_first(self, model):
        orders = pd.DataFrame({"customer_id": ["1", "1"], "date": ["1997-01-02", "1997-03-04"], "amount": [20.0, 30.0]})
        with pytest.raises(ColumnError, match=r"make customers of them first: summarize\(orders, time_unit='week'"):
            model.score(orders, as_of=AS_OF)

    def test_a_column_of_attributes_that_the_model_reads_is_asked_for(self, model, rows):
        with pytest.raises(ColumnError, match="no column 'share', which the model needs"):
            model.score(rows.drop(columns="share"), as_of="1997-06-02")

    def test_a_clock_that_starts_on_given_days_is_not_compared(self, model, rows):
        later = rows.assign(since=pd.Timestamp("1996-06-03"), T=52.0)
        assert model.score(later, as_of="1997-06-02", time_unit="week").customers == 2


def test_totals_travel_as_rows(ltv, model):
    """What partitions give back adds up to what one process adds, whatever their order."""
    whole = model.score(frame(), as_of=AS_OF, segments=["industry"])._valued.results
    valuation = whole.valuation
    parts = []
    for some in (frame().iloc[first::3] for first in range(3)):
        scored = model.score(some, as_of=AS_OF, segments=["industry"])
        passed = scored._valued.results._passed()
        sums = Sums.none(valuation, ["industry"])
        sums.add(passed, scored.customers)
        parts.append(list(sums.rows()))
    together = Sums.none(valuation, ["industry"])
    for rows in reversed(parts):
        together.add_rows(rows)
    assert together.customers == len(frame())
    for name, flow in whole.flows().items():
        np.testing.assert_allclose(together.flows[name], flow, rtol=1e-9)
    energy = whole._passed().adding["industry"].money["Energy"]["repeat_purchases"]
    np.testing.assert_allclose(together.adding["industry"].money["Energy"]["repeat_purchases"], energy, rtol=1e-9)
    np.testing.assert_allclose(together.variances, whole._passed().variances, rtol=1e-9)
