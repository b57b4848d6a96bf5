"""Values on disk are those in memory, and a file is there whole or not at all."""

import duckdb
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.value.draws.valuation import bytes_of_draws
from ltv_bayes.value.lifetime_value import valued_of
from ltv_bayes.whole_files import written_whole


@pytest.fixture(scope="module", params=["kept", "not kept"])
def ltv(request, book, purchases, spend):
    judged = lb.FutureValuePriors.from_judgements(
        pd.DataFrame({"customer_id": ["B"], "probability": 0.5, "low": 10.0, "high": 90.0})
    ).with_relation("additional")
    return lb.lifetime_value(
        book,
        lb.RepeatPurchases(purchases.thin(50), spend.thin(50)),
        future_value=judged,
        horizon=["1 year", "3 years"],
        discount_rate=0.1,
        random_seed=1,
        keep_draws=request.param == "kept",
    )


def test_summary(ltv, tmp_path):
    path = ltv.write_summary(tmp_path / "new folder" / "values.parquet", 0.8, "hdi")
    written = pd.read_parquet(path).set_index("customer_id")
    pd.testing.assert_frame_equal(written, ltv.summary(0.8, "hdi"), check_index_type=False)
    assert [file.name for file in path.parent.iterdir()] == ["values.parquet"]


def test_summary_says_what_it_is(ltv, tmp_path):
    import pyarrow.parquet as parquet

    path = ltv.at("1 year").write_summary(tmp_path / "values.parquet")
    notes = {key.decode(): text.decode() for key, text in parquet.read_schema(path).metadata.items()}
    assert notes["ltv_bayes.settings"].startswith("1 year from 1997-09-30")
    assert notes["ltv_bayes.units"] == "USD"
    assert notes["ltv_bayes.interval"] == "89% interval"


def test_writing_leaves_the_totals_ready(ltv, tmp_path):
    ltv.write_summary(tmp_path / "values.parquet")
    np.testing.assert_allclose(ltv.explain().loc["total", "mean"], ltv.summary()["mean"].sum())


@pytest.mark.parametrize("horizon", ["1 year", "3 years"])
def test_draws_as_rows(ltv, tmp_path, horizon):
    chosen = ltv.at(horizon)
    path = chosen.write_draws(tmp_path / "draws.parquet")
    rows = duckdb.sql(f"SELECT * FROM '{path}' ORDER BY chain, draw, customer_id").df()
    assert list(rows) == ["customer_id", "chain", "draw", "repeat_purchases", "judged", "total"]
    assert rows["customer_id"].tolist()[:6] == list("ABCDEF")
    np.testing.assert_array_equal(rows["total"], chosen.draws.to_numpy().ravel())
    np.testing.assert_array_equal(rows["judged"], chosen.components["judged"].to_numpy().ravel())


@pytest.mark.parametrize("horizon", ["1 year", "3 years"])
def test_draws_as_arrays(ltv, tmp_path, horizon):
    chosen = ltv.at(horizon)
    path = tmp_path / "draws.zarr"
    for _ in range(2):  # the second replaces the first
        chosen.write_draws(path)
    with xr.open_datatree(path, engine="zarr") as tree:
        found = tree["lifetime_value"].to_dataset()
        assert found["total"].dims == ("chain", "draw", "customer_id")
        assert found["customer_id"].to_numpy().tolist() == list("ABCDEF")
        assert found.attrs["settings"] == str(chosen.settings)
        np.testing.assert_array_equal(found["total"], chosen.draws)
        np.testing.assert_array_equal(found["repeat_purchases"], chosen.components["repeat_purchases"])


def test_many_customers_are_written_in_pieces(purchases, spend, tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"customer_id": np.arange(700), "frequency": 0, "recency": 0.0, "T": rng.uniform(1, 39, 700)})
    customers = lb.Customers.from_summary(frame, time_unit="week")
    stream = lb.RepeatPurchases(purchases.thin(5), spend.thin(5))
    ltv = lb.lifetime_value(customers, stream, horizon="1 year", random_seed=1, keep_draws=False)
    ltv.write_draws(tmp_path / "draws.zarr")
    ltv.write_draws(tmp_path / "draws.parquet")
    ltv.write_summary(tmp_path / "values.parquet")
    with xr.open_datatree(tmp_path / "draws.zarr", engine="zarr") as tree:
        np.testing.assert_array_equal(tree["lifetime_value"]["total"], ltv.draws)
        assert tree["lifetime_value"]["customer_id"].to_numpy().tolist() == list(range(700))
    assert len(pd.read_parquet(tmp_path / "draws.parquet")) == 700 * 10
    assert pd.read_parquet(tmp_path / "values.parquet")["customer_id"].tolist() == list(range(700))


def test_an_interrupt_leaves_nothing_behind_and_what_was_there_stays(ltv, tmp_path, monkeypatch):
    from ltv_bayes.streams import order_draws

    written = {name: tmp_path / name for name in ("values.parquet", "draws.parquet", "draws.zarr")}
    ltv.write_summary(written["values.parquet"])
    ltv.write_draws(written["draws.parquet"])
    before = {name: path.read_bytes() for name, path in written.items() if path.exists()}

    def stop(*_):
        raise KeyboardInterrupt

    again = lb.lifetime_value(
        ltv.customers, valued_of(ltv).valuation.streams, horizon="1 year", random_seed=1, keep_draws=False
    )
    monkeypatch.setattr(order_draws, "customer_states", stop)
    for name, path in written.items():
        write = again.write_summary if name == "values.parquet" else again.write_draws
        with pytest.raises(KeyboardInterrupt):
            write(path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_other_folders_and_formats_are_refused(ltv, tmp_path):
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "kept.txt").write_text("mine")
    with pytest.raises(InputError, match="not written by write_draws"):
        ltv.write_draws(tmp_path / "mine.zarr")
    assert (tmp_path / "mine.zarr" / "kept.txt").read_text() == "mine"
    with pytest.raises(InputError, match=r"end in \.parquet or \.zarr"):
        ltv.write_draws(tmp_path / "draws.csv")
    with pytest.raises(InputError, match=r"end in \.parquet,"):
        ltv.write_summary(tmp_path / "values.zarr")


def test_memory_is_known_before(ltv):
    assert bytes_of_draws(valued_of(ltv).valuation) == 8 * 100 * 6 * 3 * 2


def test_a_whole_file_replaces_only_at_the_end(tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("old")
    with written_whole(path) as unfinished:
        unfinished.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    with pytest.raises(TypeError), written_whole(path) as unfinished:
        unfinished.write_text("half") + "an error"
    assert [file.name for file in tmp_path.iterdir()] == ["one.txt"]
    assert path.read_text() == "new"


def test_the_files_that_customers_live_in_are_not_replaced(book, purchases, spend, tmp_path):
    path = book.save(tmp_path / "customers.parquet")
    stream = lb.RepeatPurchases(purchases.thin(5), spend.thin(5))
    ltv = lb.lifetime_value(lb.Customers.scan(path), stream, horizon="1 year", random_seed=1)
    (tmp_path / "sub").mkdir()
    for same in (path, tmp_path / "sub" / ".." / "customers.parquet"):
        for write in (ltv.write_summary, ltv.write_draws):
            with pytest.raises(InputError, match=r"The customers live in customers\.parquet"):
                write(same)
    assert len(lb.Customers.scan(path)) == 6


def test_a_zarr_store_does_not_replace_a_file(ltv, tmp_path):
    (tmp_path / "draws.zarr").write_text("mine")
    with pytest.raises(InputError, match="is a file, and a zarr store is a folder"):
        ltv.write_draws(tmp_path / "draws.zarr")
    assert (tmp_path / "draws.zarr").read_text() == "mine"


def test_an_old_store_stays_until_the_new_one_is_whole(ltv, tmp_path, monkeypatch):
    from ltv_bayes.streams import order_draws

    path = ltv.write_draws(tmp_path / "draws.zarr")
    before = {file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()}

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(order_draws, "customer_states", stop)
    again = lb.lifetime_value(
        ltv.customers, valued_of(ltv).valuation.streams[0], horizon="1 year", random_seed=1, keep_draws=False
    )
    with pytest.raises(KeyboardInterrupt):
        again.write_draws(path)
    assert {file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    assert [file.name for file in tmp_path.iterdir()] == ["draws.zarr"]


def test_a_folder_is_put_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    from pathlib import Path

    path = tmp_path / "store"
    path.mkdir()
    (path / "old.txt").write_text("old")
    rename = Path.rename

    def fails(self, target):
        if self.name.endswith(".unfinished"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="no"), written_whole(path, replaces_folder=True) as unfinished:
        unfinished.mkdir()
    assert [file.name for file in tmp_path.iterdir()] == ["store"]
    assert (path / "old.txt").read_text() == "old"


def test_a_fit_is_not_saved_in_place_of_a_folder(purchases, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is a folder"):
        purchases.save(tmp_path / "results")
    assert (tmp_path / "results" / "mine.txt").read_text() == "mine"
