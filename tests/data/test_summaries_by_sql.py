"""The SQL that engines run, here in DuckDB, makes the customers that compiled loops make, on logs that are hard."""

from functools import partial
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ltv_bayes as lb
from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.orders.occasions import in_memory as sorting
from ltv_bayes.data.orders.occasions.in_batches import whole_groups
from ltv_bayes.data.orders.scanned import OrdersElsewhere, ScannedTransactions
from tests.engines.logs import LOGS, Log, assert_same, drawn, in_memory, starts, without_money

pytest.importorskip("sqlglot")


class InDuckDB(Engine):
    """DuckDB, asked as an engine that holds the data."""

    dialect = "duckdb"
    name = "DuckDB"

    def types(self, name):
        return {one: kind for one, kind, *_ in self.link.execute(f"DESCRIBE FROM {self.names[name]}").fetchall()}

    def time_zone(self):
        return "UTC"

    def _table(self, sql):
        return self.link.sql(sql).to_arrow_table()

    def _record_batches(self, sql):
        return self.link.sql(sql).to_arrow_reader()

    def _define(self, called, sql):
        self.link.execute(f"CREATE TEMP VIEW {called} AS {sql}")

    def _keep(self, called, sql):
        self.link.execute(f"CREATE TEMP TABLE {called} AS {sql}")

    def _forget(self, called):
        self.link.execute(f"DROP TABLE {called}")


def scanned(connection, log):
    """The checked orders of a log, in the engine."""
    orders = lb.read_transactions(log.frame().pipe(as_floats), **log.columns).table
    connection.register("source", orders[["customer_id", "date", "amount"]])
    query = "SELECT '' AS row, customer_id AS customer, CAST(date AS DATE) AS date, amount FROM source"
    return ScannedTransactions(query, OrdersElsewhere(InDuckDB(connection)), None, "customer_id", True)


def as_floats(frame):
    return frame.astype({"amount": float}) if "amount" in frame else frame


def odd(seed, amounts):
    """A log before and after 1970, with days of many orders, and refunds in full of all orders of a day."""
    frame = drawn(seed, 300, amounts=amounts)
    days = pd.to_timedelta(2 * (frame["date"] - frame["date"].min()).dt.days, "D")
    frame["date"] = pd.Timestamp("1969-01-05") + days
    many = pd.concat([frame] + [frame.sample(frac=0.3, random_state=seed)] * 2, ignore_index=True)
    paid = many.groupby(["customer_id", "date"], as_index=False)["amount"].sum().sample(frac=0.1, random_state=seed)
    return pd.concat([many, paid.assign(amount=0.0 - paid["amount"])], ignore_index=True)


KEPT = {"repeated_rows": "keep"}
HOSTILE = {
    f"{amounts} {settings} {seed}": Log(partial(odd, seed, amounts), settings, KEPT, exact=amounts == "cents")
    for seed, (amounts, settings) in enumerate(
        (amounts, settings)
        for amounts in ("cents", "fractions")
        for settings in ({"zero_orders": "drop"}, {"as_of": "1970-06-01"}, {"returns": "ignore", "time_unit": "day"})
    )
}
EVERY = LOGS | HOSTILE


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("name", EVERY)
def test_same_rows(connection, name):
    """Left-out orders, days of repeat purchases and moments of prices too."""
    assert_same(EVERY[name], lambda: scanned(connection, EVERY[name]))


@pytest.mark.parametrize("make", [partial(drawn, 1, 3000), partial(drawn, 1, 3000, amounts="fractions"), without_money])
def test_same_rows_from_given_starts(connection, monkeypatch, make):
    given = starts().reset_index()
    connection.register("given", given)
    sql = "SELECT customer_id AS customer, CAST(since AS DATE) AS since FROM given WHERE since < DATE '2029-01-01'"
    name = "ltv_bayes.data.warehouses.summarize.with_starts"
    monkeypatch.setattr(name, lambda engine, *_: engine.defines("starts", sql))
    log = Log(make, {"time_unit": "week"}, {"amount": None} if make is without_money else KEPT, exact=False)
    if make is without_money:  # of other customers
        first = make().groupby("customer_id")["date"].min().rename("since").reset_index()
        monkeypatch.setattr("tests.engines.logs.starts", lambda: first.set_index("customer_id")["since"])
        connection.register("given", first)
    assert_same(log, lambda: scanned(connection, log), since="given")


@pytest.mark.parametrize(
    ("kind", "renamed"),
    [
        ("int8", lambda one: one - 128),
        ("uint64", lambda one: one + 2**63),
        ("int64", lambda one: (one - 100) * 2**52),  # too far apart for the key
        ("str", "{:09d}".format),
    ],
)
def test_ids_of_every_kind(kind, renamed):
    """The same orders of customers by other names are the same rows, in the order of the ids."""
    frame = drawn(7, 500).query("customer_id < 250")
    names = np.array([renamed(one) for one in frame["customer_id"]], dtype=kind)
    expected, found = (
        lb.summarize(lb.read_transactions(frame.assign(customer_id=ids), **KEPT)).table
        for ids in (frame["customer_id"], names)
    )
    assert found.index.is_monotonic_increasing
    assert found.index.tolist() == [renamed(one) for one in expected.index]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True)


def test_a_key_without_bits_for_the_row(monkeypatch):
    """The order of the rows of a day changes nothing, so such logs are sorted by customer and day alone."""
    log = LOGS["fractions"]
    expected = in_memory(log)
    monkeypatch.setattr(sorting, "KEY_BITS", 20)
    found = in_memory(log)
    pd.testing.assert_frame_equal(found.table, expected.table, check_exact=True)
    pd.testing.assert_frame_equal(found.dropped, expected.dropped)


def test_batches_may_end_anywhere(monkeypatch, tmp_path):
    """Within a day, within a customer, or between: customers in a file are the same."""
    log = HOSTILE[next(iter(HOSTILE))]
    frame = log.frame().head(100)
    frame.to_parquet(tmp_path / "orders.parquet")
    expected = lb.summarize(lb.read_transactions(frame, **KEPT), **log.settings)

    def cut(tables, keys):
        rows = pa.concat_tables(tables)
        rng = np.random.default_rng(1)
        ends = np.cumsum(rng.integers(0, 5, rows.num_rows + 1))
        parts = (rows.slice(first, last - first) for first, last in pairwise(ends))
        return whole_groups([rows.slice(0, ends[0]), *parts], keys)

    monkeypatch.setattr("ltv_bayes.data.orders.occasions.in_batches.whole_groups", cut)
    found = lb.summarize(
        lb.scan_transactions(tmp_path / "orders.parquet"), to=tmp_path / "made.parquet", **log.settings
    )
    pd.testing.assert_frame_equal(found.table, expected.table, check_exact=True)
    assert found.merged_orders == expected.merged_orders
    pd.testing.assert_series_equal(found.repeat_days, expected.repeat_days)
    assert found.dropped["row"].tolist() == expected.dropped["row"].tolist()
    assert (found.rows.price_moments.spread == expected.rows.price_moments.spread).all()
