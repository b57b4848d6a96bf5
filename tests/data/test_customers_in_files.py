"""Customers in a Parquet file answer every question as those in memory do."""

import datetime as dt

import duckdb
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.customers.histories import typical_order, unique_histories, unique_spend
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.engine import parquet as parquet_files
from ltv_bayes.errors import ColumnError, InputError, UnitError

GOOD = {
    "customer_id": ["Bo", "王芳", "Ada", "Cy"],
    "frequency": [0, 2, 1, 2],
    "recency": [0.0, 30.43, 1.71, 30.43],
    "T": [38.86, 38.86, 12.0, 38.86],
    "monetary_value": [np.nan, 22.35, 11.77, 22.35],
    "industry": ["retail", None, "music", "music"],
}


def parquet(frame, path):
    duckdb.from_df(frame).write_parquet(str(path))
    return path


@pytest.fixture(scope="module")
def book():
    """The tenth of CDNOW, in memory."""
    return lb.summarize(lb.samples.cdnow_orders(), time_unit="week", as_of="1997-09-30")


@pytest.fixture
def kept(book, tmp_path):
    """The same, in a file."""
    return lb.Customers.scan(book.save(tmp_path / "customers.parquet"))


def test_a_saved_table_comes_back(book, kept):
    pd.testing.assert_frame_equal(kept.table, book.table, check_exact=True)
    assert (kept.time_unit, kept.as_of, kept.currency) == (book.time_unit, book.as_of, book.currency)
    assert (book.in_memory, kept.in_memory) == (True, False)
    assert len(kept) == len(book)
    assert kept.columns == book.columns == list(book.table.columns)
    pd.testing.assert_index_equal(kept.ids, book.ids, exact="equiv")


def test_every_question_has_the_same_answer(book, kept):
    for name in ("frequency", "recency", "T", "count"):
        some, others = (getattr(unique_histories(customers), name) for customers in (book, kept))
        np.testing.assert_array_equal(some, others)
        assert some.dtype == others.dtype
    for name in ("frequency", "monetary_value", "count"):
        np.testing.assert_array_equal(*(getattr(unique_spend(customers), name) for customers in (book, kept)))
    assert kept.overview() == book.overview()
    assert repr(kept).splitlines()[0] == f"{repr(book).splitlines()[0]}, in customers.parquet"
    assert repr(kept).splitlines()[1:] == repr(book).splitlines()[1:]


def test_the_overview_is_that_of_the_table(book):
    table, seen = book.table, book.overview()
    assert (seen.customers, seen.repeats) == (len(table), table["frequency"].sum())
    assert (seen.repeat_customers, seen.valued_repeats) == (
        (table["frequency"] > 0).sum(),
        table["spend_frequency"].sum(),
    )
    assert seen.longest_history == table["T"].max()
    assert seen.observed == pytest.approx(table["T"].sum(), rel=1e-12)
    assert seen.typical_order == table["first_value"].median()
    assert seen.left_out == book.dropped_by_reason().to_dict()


@pytest.mark.parametrize(
    ("columns", "typical"),
    [
        ({}, 22.35),
        ({"first_value": [1.0, 5.0, 2.0, np.nan]}, 2.0),
        ({"monetary_value": np.nan, "spend_frequency": 0}, np.nan),
    ],
)
def test_the_typical_order(tmp_path, columns, typical):
    customers = lb.Customers.from_summary(pd.DataFrame(GOOD | columns), time_unit="week")
    in_file = lb.Customers.scan(customers.save(tmp_path / "customers.parquet"))
    for seen in (customers.overview(), in_file.overview()):
        np.testing.assert_equal(seen.typical_order, typical)
    for some in (customers, in_file):
        np.testing.assert_equal(typical_order(some), typical)


@pytest.mark.parametrize("unit", ["day", "month"])
def test_time_units(book, kept, unit):
    some, others = (customers.in_time_unit(unit) for customers in (book, kept))
    assert not others.in_memory
    pd.testing.assert_frame_equal(some.table, others.table, check_exact=True)
    twice = [customers.in_time_unit("year").table for customers in (some, others)]
    pd.testing.assert_frame_equal(*twice, check_exact=True)
    np.testing.assert_array_equal(unique_histories(some).T, unique_histories(others).T)


@pytest.mark.parametrize("size", [1, 700, 2357, 10_000])
def test_batches_are_the_table(book, kept, size):
    for customers in (book, kept):
        batches = list(customers.subset(customers.ids[:5]).batches(size) if size == 1 else customers.batches(size))
        assert all(batch.in_memory and batch.time_unit == "week" and batch.as_of == book.as_of for batch in batches)
        assert {len(batch) for batch in batches[:-1]} <= {size}
        table = pd.concat([batch.table for batch in batches])
        pd.testing.assert_frame_equal(table, book.table.head(len(table)), check_exact=True)
        assert len(table) == (5 if size == 1 else len(book))


def test_a_batch_is_not_empty(book):
    with pytest.raises(InputError, match="at least one customer, not 0"):
        next(book.batches(0))


def test_subsets_are_in_memory(book, kept):
    ids = book.ids[[5, 2, 900]]
    for chosen in (ids, book.ids.isin(ids), (book.table["frequency"] > 3)[::-1]):
        some, others = book.subset(chosen), kept.subset(chosen)
        assert others.in_memory
        pd.testing.assert_frame_equal(some.table, others.table)
        assert some.dropped["row"].tolist() == others.dropped["row"].tolist()
    for wrong, message in [(["Zoe"], "not in the table"), ([True], "The mask has 1"), ([], "No customer is left")]:
        with pytest.raises(InputError, match=message):
            kept.subset(wrong)


def test_known_ids(tmp_path):
    text = lb.Customers.from_summary(pd.DataFrame(GOOD), time_unit="week")
    whole = lb.Customers.from_summary(pd.DataFrame(GOOD | {"customer_id": [4, -20, 3, 10**18]}), time_unit="week")
    for customers, asked, expected in [
        (text, ["王芳", "Zoe", "Ada", "Ada"], {"王芳": "王芳", "Ada": "Ada"}),
        (whole, ["4", "04", "-20", "Ada", str(10**18), "9" * 30], {"4": 4, "-20": -20, str(10**18): 10**18}),
        (whole, [], {}),
    ]:
        in_file = lb.Customers.scan(customers.save(tmp_path / "customers.parquet"))
        assert known_ids(customers, asked) == known_ids(in_file, asked) == expected
        assert all(type(found) in (str, int) for found in known_ids(in_file, asked).values())


def test_a_file_made_by_hand(tmp_path):
    frame = pd.DataFrame(GOOD)
    path = parquet(frame, tmp_path / "hand.parquet")
    with pytest.raises(UnitError, match=r"does not say in which unit .*\(in hand.parquet\). Pass time_unit='week'"):
        lb.Customers.scan(path)
    scanned = lb.Customers.scan(path, time_unit="weeks", as_of="2024-01-01", currency="EUR")
    assert scanned.ids.tolist() == GOOD["customer_id"]
    expected = lb.Customers.from_summary(frame, time_unit="week").table
    pd.testing.assert_frame_equal(scanned.table.sort_index(), expected)
    assert (scanned.time_unit, scanned.as_of, scanned.currency) == ("week", dt.date(2024, 1, 1), "EUR")
    bare = parquet(frame[["customer_id", "frequency", "recency", "T"]], tmp_path / "bare.parquet")
    pd.testing.assert_frame_equal(
        lb.Customers.scan(bare, time_unit="week").table.sort_index(),
        lb.Customers.from_summary(frame[["customer_id", "frequency", "recency", "T"]], time_unit="week").table,
    )


def test_other_column_names_and_several_files(tmp_path):
    frame = pd.DataFrame(GOOD).set_axis(["ID", "x", "t_x", "age", "zbar", "industry"], axis="columns")
    for part in (0, 1):
        parquet(frame[2 * part : 2 * part + 2], tmp_path / f"part_{part}.parquet")
    names = {"customer_id": "ID", "frequency": "x", "recency": "t_x", "T": "age", "monetary_value": "zbar"}
    scanned = lb.Customers.scan(tmp_path / "part_*.parquet", time_unit="week", **names)
    pd.testing.assert_frame_equal(
        scanned.table.sort_index(), lb.Customers.from_summary(frame, time_unit="week", **names).table
    )
    with pytest.raises(ColumnError, match=r"no column 'age_'. Did you mean 'age'\?"):
        lb.Customers.scan(tmp_path / "part_0.parquet", time_unit="week", **(names | {"T": "age_"}))
    path = parquet(frame.assign(frequency=1), tmp_path / "clash.parquet")
    with pytest.raises(ColumnError, match="frequency have names that the customer table uses"):
        lb.Customers.scan(path, time_unit="week", **names)


@pytest.mark.parametrize(
    ("columns", "message", "ids"),
    [
        ({"frequency": [0, np.nan, 1, 2]}, "missing or infinite frequency.*Fill in", ("王芳",)),
        ({"T": [38.86, np.inf, 12, 38.86]}, "missing or infinite T", ("王芳",)),
        ({"frequency": [0, -2, -1, 2]}, "2 customers with a negative frequency", ("王芳", "Ada")),
        ({"frequency": [0, 2, 1.5, 2]}, "fractional frequency.*whole number", ("Ada",)),
        ({"recency": [0, 40, 1.71, 50]}, r"2 customers with recency after T \(ids 王芳, Cy\)", ("王芳", "Cy")),
        ({"recency": [1, 3, 1, 2]}, "recency above 0 but frequency 0", ("Bo",)),
        ({"customer_id": ["Bo", " Ada", "Ada", "Cy"]}, "1 customer with several rows", ("Ada",)),
        ({"customer_id": ["Bo", None, " ", "Cy"]}, r"2 rows without a customer id \(rows 1, 2\)", (1, 2)),
        ({"monetary_value": [0, 22.35, 0, 1]}, "monetary_value of zero or less", ("Ada",)),
        ({"spend_frequency": [0, 3, 1, 1]}, "spend_frequency above frequency", ("王芳",)),
    ],
)
def test_impossible_histories_are_named(tmp_path, columns, message, ids):
    path = parquet(pd.DataFrame(GOOD | columns), tmp_path / "customers.parquet")
    with pytest.raises(InputError, match=message) as caught:
        lb.Customers.scan(path, time_unit="week")
    assert caught.value.rows == ids


def test_edges_that_are_possible(tmp_path):
    frame = pd.DataFrame(
        GOOD
        | {
            "recency": [0.0, 38.86 * (1 + 1e-12), 1.71, 30.43],
            "spend_frequency": [0, 2, 0, 0],
            "monetary_value": [7.0, 5.0, 9.0, -3.0],
        }
    )
    scanned = lb.Customers.scan(parquet(frame, tmp_path / "customers.parquet"), time_unit="week")
    pd.testing.assert_frame_equal(scanned.table.sort_index(), lb.Customers.from_summary(frame, time_unit="week").table)


def test_files_that_cannot_be_scanned(tmp_path):
    customers = lb.Customers.from_summary(pd.DataFrame(GOOD), time_unit="week")
    path = customers.save(tmp_path / "a.parquet")
    with pytest.raises(UnitError, match=r"says that recency and T are in weeks, not in days.*in_time_unit\('day'\)"):
        lb.Customers.scan(path, time_unit="day")
    customers.in_time_unit("day").save(tmp_path / "b.parquet")
    with pytest.raises(UnitError, match="differ in their time_unit: day and week"):
        lb.Customers.scan(tmp_path / "?.parquet")
    with pytest.raises(InputError, match="There is no Parquet file"):
        lb.Customers.scan(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="not from a DataFrame"):
        lb.Customers.scan(pd.DataFrame(GOOD), time_unit="week")
    with pytest.raises(InputError, match="a header but no rows"):
        lb.Customers.scan(parquet(pd.DataFrame(GOOD)[:0], tmp_path / "empty.parquet"), time_unit="week")
    text = parquet(pd.DataFrame(GOOD | {"T": ["38"] * 4}), tmp_path / "text.parquet")
    with pytest.raises(ColumnError, match="'T' holds VARCHAR, not numbers"):
        lb.Customers.scan(text, time_unit="week")
    scanned = lb.Customers.scan(path)
    path.unlink()
    with pytest.raises(InputError, match=r"a\.parquet cannot be read any more"):
        unique_histories(scanned)


def test_names_that_a_file_cannot_keep_apart_are_refused(tmp_path):
    customers = lb.Customers.from_summary(pd.DataFrame(GOOD | {"t": 1}), time_unit="week")
    with pytest.raises(ColumnError, match="The columns T, t differ in case alone"):
        customers.save(tmp_path / "customers.parquet")
    for name in ("customers.csv", "customers.left_out.parquet"):
        with pytest.raises(InputError, match="not the name of a Parquet file"):
            customers.save(tmp_path / name)


def test_customers_are_not_saved_over_the_file_they_live_in(kept):
    with pytest.raises(InputError, match=r"live in customers\.parquet"):
        kept.save(kept.rows.paths[0])
    other = kept.in_time_unit("day").save(kept.rows.paths[0].with_name("days.parquet"))
    again = lb.Customers.scan(other)
    assert again.time_unit == "day"
    assert again.dropped_by_reason().to_dict() == kept.dropped_by_reason().to_dict()


def test_an_interrupted_write_leaves_what_was_there(book, tmp_path, monkeypatch):
    path = book.save(tmp_path / "deep" / "customers.parquet")
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}

    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(parquet_files.Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        book.in_time_unit("day").save(path)
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before


def test_nothing_is_written_where_work_is_done(book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = book.save("customers.parquet")
    monkeypatch.chdir("/")
    assert len(unique_histories(lb.Customers.scan(path, memory_limit="200MB"))) == len(unique_histories(book))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["customers.left_out.parquet", "customers.parquet"]


def test_hostile_content_is_kept(tmp_path, hostile):
    frame = pd.DataFrame(GOOD | {"customer_id": [hostile, "Bo", "Cy", "Di"], f"note {hostile}": hostile})
    customers = lb.Customers.from_summary(frame, time_unit="week", currency=hostile)
    scanned = lb.Customers.scan(customers.save(tmp_path / "it's [1]*.parquet"))
    pd.testing.assert_frame_equal(scanned.table, customers.table)
    assert scanned.currency == hostile
    assert known_ids(scanned, [hostile]) == {hostile: hostile}
    assert "<script" not in scanned._repr_html_()


@pytest.mark.fits
@pytest.mark.parametrize("model", [lb.BGNBD, lb.GammaGamma])
def test_a_fit_does_not_know_where_customers_live(book, kept, model):
    some, others = (
        model().fit(customers, method="laplace", draws=300, random_seed=1, progressbar=False)
        for customers in (book, kept)
    )
    remembered = [{key: value for key, value in fit.idata.attrs.items() if key != "seconds"} for fit in (some, others)]
    assert remembered[0] == remembered[1]
    for name, draws in some.draws.items():
        np.testing.assert_array_equal(draws, others.draws[name])


def test_some_customers_of_a_file_come_in_its_order(tmp_path):
    frame = pd.DataFrame({"customer_id": range(3000), "frequency": 0, "recency": 0.0, "T": 4.0})
    in_file = lb.Customers.scan(lb.Customers.from_summary(frame, time_unit="week").save(tmp_path / "c.parquet"))
    chosen = [*range(2999, 0, -1)] * 3
    assert in_file.subset(chosen).ids.tolist() == list(range(1, 3000))


def test_what_the_file_says_is_not_contradicted(book, tmp_path):
    path = book.save(tmp_path / "customers.parquet")
    assert lb.Customers.scan(path, as_of=book.as_of, currency=book.currency).as_of == book.as_of
    with pytest.raises(UnitError, match="The file says as_of"):
        lb.Customers.scan(path, as_of="2030-01-01")
    with pytest.raises(UnitError, match="The file says currency"):
        lb.Customers.scan(path, currency="JPY")
