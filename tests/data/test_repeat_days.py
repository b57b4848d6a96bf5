"""Repeat purchases by day go where customers go: kept, counted anew, or knowingly not known."""

import inspect
import json
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError
from tests.companies import AS_OF, simulated_orders

AS_OF_DAY = str(AS_OF.date())
INDUSTRIES = np.array(["retail", "music", "energy"])


@pytest.fixture(scope="module")
def orders():
    return simulated_orders(3, customers=120)


@pytest.fixture(scope="module")
def customers(orders):
    ids = sorted(orders.table["customer_id"].unique())
    clients = pd.DataFrame({"customer_id": ids, "industry": INDUSTRIES[np.arange(len(ids)) % 3]})
    return lb.summarize(orders, as_of=AS_OF, time_unit="week", attributes=clients)


@pytest.fixture
def in_file(customers, tmp_path):
    return lb.Customers.scan(customers.save(tmp_path / "customers.parquet"))


def counted(orders, customers):
    """Repeat purchases by day, counted in pandas."""
    log = orders.table
    log = log[log["customer_id"].isin(customers.ids) & (log["date"] <= AS_OF)].drop_duplicates(["customer_id", "date"])
    return log[log["date"] > log.groupby("customer_id")["date"].transform("min")].groupby("date").size().to_dict()


def observed_until(customers):
    silent = customers.table.query("frequency == 0 and T > 30").index[:5]
    return customers.observed_until(dict.fromkeys(silent, AS_OF - pd.Timedelta(20, "D")))


def from_summary(customers):
    terms = {"time_unit": customers.time_unit, "as_of": customers.as_of}
    return lb.Customers.from_summary(customers.table, repeat_days=customers.repeat_days, **terms)


def saved(customers, folder):
    return lb.Customers.scan(customers.save(folder / "again.parquet"))


KEPT = {
    "in_time_unit": lambda customers, _: customers.in_time_unit("day"),
    "observed_until": lambda customers, _: observed_until(customers),
    "subset": lambda customers, _: customers.subset(customers.table["industry"] != "music"),
    "from_summary": lambda customers, _: from_summary(customers),
    "scan": saved,
}
"""Ways from customers to customers that know their repeat purchases by day."""
NOT_KNOWN = {"batches": lambda customers, _: next(customers.batches(50))}
MEMORY_ALONE = {"observed_until", "subset"}
"""Ways that do not exist for customers in a file, or lose what it does not say."""


def makes_customers(method):
    given = str(inspect.signature(getattr(method, "__func__", method)).return_annotation)
    return "Self" in given or "Customers" in given


def test_every_way_is_known():
    methods = {name: one for name, one in vars(lb.Customers).items() if not name.startswith("_") and name != "rows"}
    found = {name for name, one in methods.items() if callable(getattr(lb.Customers, name)) and makes_customers(one)}
    assert found == {*KEPT, *NOT_KNOWN}


@pytest.mark.parametrize("way", KEPT)
def test_days_are_kept_or_counted_anew(orders, customers, tmp_path, way):
    found = KEPT[way](customers, tmp_path)
    assert found.repeat_days.to_dict() == counted(orders, found)
    assert found.repeat_days.sum() == found.table["frequency"].sum()
    pd.testing.assert_index_equal(found.repeat_days.index[:0], customers.repeat_days.index[:0])


@pytest.mark.parametrize("second", KEPT)
@pytest.mark.parametrize("first", ["in_time_unit", "observed_until", "subset"])
def test_one_way_after_another(orders, customers, tmp_path, first, second):
    found = KEPT[second](KEPT[first](customers, tmp_path), tmp_path)
    assert found.repeat_days.to_dict() == counted(orders, found)


@pytest.mark.parametrize("way", sorted({*KEPT} - MEMORY_ALONE))
def test_days_of_customers_in_a_file_are_kept(orders, in_file, tmp_path, way):
    assert KEPT[way](in_file, tmp_path).repeat_days.to_dict() == counted(orders, in_file)


@pytest.mark.parametrize("way", NOT_KNOWN)
def test_the_days_of_some_are_not_those_of_all(customers, in_file, way, tmp_path):
    assert NOT_KNOWN[way](customers, tmp_path).repeat_days is None
    assert NOT_KNOWN[way](in_file, tmp_path).repeat_days is None
    assert lb.all_customers(customers).repeat_days is None


def test_a_subset_of_a_file_knows_them_if_all_repeat_purchases_are_its_own(orders, in_file):
    again = in_file.subset(in_file.table["frequency"] > 0)
    assert again.repeat_days.to_dict() == counted(orders, again)
    fewer = in_file.subset(again.ids[1:])
    assert fewer.repeat_days is None
    assert lb.BGNBD()._recipe(fewer).calendar is None
    assert lb.BGNBD(calendar_effects=lb.CalendarEffects())._recipe(fewer).calendar.repeats is None


def test_a_subset_in_any_order_and_twice(orders, customers):
    ids = np.random.default_rng(1).permutation(customers.ids)
    some = customers.subset(ids[:70]).subset(ids[20:60])
    assert some.repeat_days.to_dict() == counted(orders, some)
    nobody_again = customers.subset(customers.table["frequency"] == 0)
    assert nobody_again.repeat_days.empty


def test_fits_of_each_segment_know_their_days(customers):
    segments = customers.table["industry"]
    for name in INDUSTRIES:
        calendar = lb.BGNBD(calendar_effects="auto")._recipe(customers.subset(segments == name)).calendar
        assert calendar.repeats.sum() == customers.table["frequency"][segments == name].sum()


@pytest.mark.parametrize("counting", [{}, {"returns": "ignore"}, {"zero_orders": "drop"}])
def test_orders_in_files_are_counted_alike(tmp_path, counting):
    log = simulated_orders(5, customers=80).table[["customer_id", "date", "amount"]]
    log = log.assign(amount=np.where(np.arange(len(log)) % 7 == 0, -log["amount"], log["amount"]))
    log.loc[::11, "amount"] = 0.0
    duckdb.from_df(log).write_parquet(str(tmp_path / "orders.parquet"))
    expected = lb.summarize(lb.read_transactions(log), as_of=AS_OF, **counting)
    scanned = lb.scan_transactions(tmp_path / "orders.parquet")
    found = lb.summarize(scanned, as_of=AS_OF, to=tmp_path / "customers.parquet", **counting)
    again = lb.Customers.scan(tmp_path / "customers.parquet")
    assert len(expected.repeat_days)
    pd.testing.assert_series_equal(found.repeat_days, expected.repeat_days)
    pd.testing.assert_series_equal(again.repeat_days, expected.repeat_days)
    kept = lb.summarize(lb.read_transactions(log), as_of=AS_OF, to=tmp_path / "kept.parquet", **counting)
    pd.testing.assert_series_equal(kept.repeat_days, expected.repeat_days)


class TestFiles:
    def test_those_of_several_files_are_added_up(self, orders, customers, tmp_path):
        ids = customers.ids
        for place, some in enumerate((ids[:50], ids[50:])):
            customers.subset(some).save(tmp_path / f"customers_{place}.parquet")
        assert lb.Customers.scan(tmp_path / "customers_*.parquet").repeat_days.to_dict() == counted(orders, customers)
        replace(customers.subset(ids[50:]), repeat_days=None).save(tmp_path / "customers_1.parquet")
        assert lb.Customers.scan(tmp_path / "customers_*.parquet").repeat_days is None

    def test_files_with_the_same_counts_are_counted_twice(self, tmp_path):
        for name in ("a", "b"):
            frame = pd.DataFrame({"customer_id": [name], "frequency": [1], "recency": [1.0], "T": [4.0]})
            one = lb.Customers.from_summary(frame, time_unit="week", as_of=AS_OF, repeat_days={"2024-06-09": 1})
            one.save(tmp_path / f"customers_{name}.parquet")
        assert lb.Customers.scan(tmp_path / "customers_*.parquet").repeat_days.tolist() == [2]

    @pytest.mark.parametrize(
        "note",
        ["", "no json", "[1, 2]", '{"2024-06-09": 1}', '{"2024-06-09": {}}', '{"then": 1}', "[" * 100_000, "1e999"],
    )
    def test_counts_of_others_are_left_out_with_a_warning(self, customers, tmp_path, note):
        path = customers.save(tmp_path / "customers.parquet")
        table = pq.read_table(path)
        metadata = {**pq.read_metadata(path).metadata, b"ltv_bayes.repeat_days": note.encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path)
        with pytest.warns(DataWarning, match="left out in customers.parquet"):
            found = lb.Customers.scan(path)
        assert found.repeat_days is None
        given = lb.Customers.scan(path, repeat_days=customers.repeat_days)
        assert given.repeat_days.to_dict() == customers.repeat_days.to_dict()

    def test_rows_that_were_taken_out_by_others_are_noticed(self, customers, tmp_path):
        path = customers.save(tmp_path / "customers.parquet")
        pq.write_table(pq.read_table(path).slice(0, 60), path)
        with pytest.warns(DataWarning, match="add up to"):
            assert lb.Customers.scan(path).repeat_days is None

    def test_they_are_readable_by_others(self, customers, tmp_path):
        path = customers.save(tmp_path / "customers.parquet")
        stated = json.loads(pq.read_metadata(path).metadata[b"ltv_bayes.repeat_days"])
        assert {pd.Timestamp(day): number for day, number in stated.items()} == customers.repeat_days.to_dict()


class TestReadyTables:
    """Counts that a user gives."""

    FRAME = pd.DataFrame({"customer_id": ["Ada", "Bo"], "frequency": [2, 1], "recency": [3.0, 1.0], "T": [4.0, 2.0]})

    def made(self, given, **other):
        terms = {"time_unit": "week", "as_of": AS_OF_DAY, **other}
        return lb.Customers.from_summary(self.FRAME, repeat_days=given, **terms)

    @pytest.mark.parametrize(
        "given",
        [
            {"2024-06-09": 1, "2024-06-23": 2},
            {"2024-06-23": "2", pd.Timestamp("2024-06-09 12:30"): 1.0, "2024-06-10": 0},
            pd.Series([2, 1], pd.to_datetime(["2024-06-23", "2024-06-09"], utc=True)),
            pd.Series([2, 1], pd.PeriodIndex(["2024-06-23", "2024-06-09"], freq="D"), dtype="Int64"),
        ],
    )
    def test_they_are_read(self, given):
        found = self.made(given).repeat_days
        assert found.to_dict() == {pd.Timestamp("2024-06-09"): 1, pd.Timestamp("2024-06-23"): 2}
        weeks = lb.BGNBD(calendar_effects=lb.CalendarEffects(period="week"))
        assert weeks._recipe(self.made(given)).calendar.repeats.tolist() == [2, 0, 1, 0]  # a 52nd of a year each

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"2024-06-09": 1}, "add up to 1 repeat purchase, and frequency to 3"),
            ({"2024-06-09": 1.5, "2024-06-23": 1.5}, "2 days with a count that is no whole number"),
            ({"2024-06-09": -1, "2024-06-23": 4}, "1 day with a count .*2024-06-09"),
            ({"2024-06-09": None, "2024-06-23": 3}, "1 day with a count .*2024-06-09"),
            ({"2024-06-09": 1e300, "2024-06-23": 3}, "1 day with a count"),
            ({"2024-06-09": [1], "2024-06-23": 3}, "1 day with a count"),
            ({"2024-07-01": 3}, "1 day in repeat_days after the as-of date 2024-06-30 .*2024-07-01"),
            ({"2024-06-01": 3}, "1 day in repeat_days before the first purchase of all .*28 days"),
            ({"2024-06-09": 1, "2024-06-09 10:00": 2}, "several counts"),
            ({"soon": 3}, "1 day with a date that cannot be read.*soon"),
            ({None: 3}, "1 day without a date"),
            ({}, "add up to 0"),
        ],
    )
    def test_what_is_wrong_is_named(self, given, message):
        with pytest.raises(InputError, match=message):
            self.made(given)

    def test_they_need_the_as_of_date(self):
        with pytest.raises(InputError, match="Pass as_of="):
            self.made({"2024-06-09": 3}, as_of=None)

    def test_customers_observed_until_an_earlier_day_began_earlier(self):
        ended = self.FRAME.assign(observed_until=["2024-06-02", None])
        found = lb.Customers.from_summary(
            ended, time_unit="week", as_of=AS_OF_DAY, repeat_days={"2024-05-06": 2, "2024-06-23": 1}
        )
        assert found.repeat_days.sum() == 3
