"""What is on disk stays whole: interrupts, full disks, files that may only be read, kills and damaged bytes."""

import resource
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes import posterior, whole_files
from ltv_bayes.errors import FitError, InputError, WriteError

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="limits and signals of POSIX")


@pytest.fixture(scope="module")
def customers():
    table = pd.DataFrame({"customer_id": [f"customer {row}" for row in range(400)], "frequency": 3, "recency": 20.0})
    table = table.assign(T=38.0, monetary_value=np.linspace(10, 90, 400))
    return lb.Customers.from_summary(table, time_unit="week", as_of="1997-09-30")


@pytest.fixture(scope="module")
def purchases():
    rng = np.random.default_rng(1)
    drawn = {
        name: rng.gamma(200, mean / 200, (2, 300)) for name, mean in (("r", 0.3), ("alpha", 4), ("a", 1), ("b", 3))
    }
    return lb.FittedPurchases.from_draws(drawn, time_unit="week")


@pytest.fixture(scope="module")
def value(customers, purchases):
    rng = np.random.default_rng(2)
    spend = lb.FittedSpend.from_draws(
        {name: rng.gamma(200, mean / 200, (2, 300)) for name, mean in (("p", 6), ("q", 4), ("v", 15))}
    )
    return lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=3)


@pytest.fixture(scope="module")
def writers(customers, purchases, value):
    """Ways to write something, by the name of the file."""
    return {
        "fit.nc": purchases.save,
        "customers.parquet": customers.save,
        "summary.parquet": value.write_summary,
        "draws.parquet": value.write_draws,
        "draws.zarr": value.write_draws,
        "summary.csv": lambda path: lb.write_table(value, path),
        "summary.xlsx": lambda path: lb.write_table(value, path),
        "form.xlsx": lambda path: lb.judgement_template(path, customers, overwrite=True),
    }


NAMES = [
    "fit.nc",
    "customers.parquet",
    "summary.parquet",
    "draws.parquet",
    "draws.zarr",
    "summary.csv",
    "summary.xlsx",
    "form.xlsx",
]
READERS = {
    "fit.nc": lb.load_fit,
    "customers.parquet": lambda path: lb.Customers.scan(path).table,
    "summary.parquet": lb.read_table,
    "draws.parquet": lb.read_table,
    "summary.xlsx": lb.read_table,
}


def content(folder):
    """Every file below a folder, with its bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@contextmanager
def interrupted(path, monkeypatch):
    """At the last moment, when all is written and nothing moved to its place."""

    def stopping(move):
        def moved(self, target):
            if self == path or self.suffix == ".unfinished":
                raise KeyboardInterrupt
            return move(self, target)

        return moved

    with monkeypatch.context() as patched:
        for name in ("replace", "rename"):
            patched.setattr(Path, name, stopping(getattr(Path, name)))
        with pytest.raises(KeyboardInterrupt):
            yield


@contextmanager
def full_disk(path, monkeypatch):
    """The kernel itself refuses to write on, after 200 bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        with pytest.raises(WriteError, match=r"cannot be written: .* The .* that was there is as it was"):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(path, monkeypatch):
    mode = path.stat().st_mode
    path.chmod(mode & ~0o222)
    with pytest.raises(WriteError, match="may only be read"):
        yield
    path.chmod(mode)


@needs_posix
@pytest.mark.parametrize("fault", [interrupted, full_disk, read_only], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_the_earlier_result_is_intact(tmp_path, writers, name, fault, monkeypatch):
    path, write = tmp_path / name, writers[name]
    write(path)
    before = content(tmp_path)
    with fault(path, monkeypatch):
        write(path)
    assert content(tmp_path) == before
    write(path)
    assert content(tmp_path).keys() == before.keys()


def test_the_page_has_a_row_for_each_file():
    page = (Path(__file__).parents[1] / "docs" / "studies.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.count("| intact ") == 3]
    assert {cells[1].split("`")[1]: "refused" in cells[6] for cells in rows} == {
        name: name in READERS for name in NAMES
    }


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_refused_in_words_and_written_anew(tmp_path, writers, name):
    path, write = tmp_path / name, writers[name]
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    damaged = content(tmp_path)
    with pytest.raises(lb.LtvBayesError, match=name):
        READERS[name](path)
    assert content(tmp_path) == damaged
    write(path)
    assert len(READERS[name](path).idata.children if name == "fit.nc" else READERS[name](path))


@needs_posix
def test_a_folder_that_is_missing_or_may_not_be_written_is_named(tmp_path, purchases):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WriteError, match=r"fit\.nc cannot be written"):
        purchases.save(tmp_path / "file" / "fit.nc")


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_kept(tmp_path):
    path = tmp_path / "fit.nc"
    path.write_text("earlier")
    half = f"""
import os, signal
from pathlib import Path
from ltv_bayes.whole_files import written_whole
with written_whole(Path({str(path)!r})) as unfinished:
    unfinished.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", half], check=False)
    assert len(list(tmp_path.glob("*.unfinished"))) == 1
    assert path.read_text() == "earlier"
    with whole_files.written_whole(path) as mine:
        mine.write_text("mine")
        with whole_files.written_whole(path) as other:
            other.write_text("other")
        assert mine.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["fit.nc"]
    assert path.read_text() == "mine"


def test_what_threads_write_after_a_failure_is_removed_too(tmp_path):
    def go_on(folder):
        for number in range(30):
            with suppress(OSError):  # the folder may be removed at any moment
                folder.mkdir(exist_ok=True)
                (folder / f"{number}").write_text("late")
            time.sleep(0.005)

    with suppress(TypeError), whole_files.written_whole(tmp_path / "draws.zarr", replaces_folder=True) as folder:
        folder.mkdir()
        thread = threading.Thread(target=go_on, args=[folder])
        thread.start()
        raise TypeError
    thread.join()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_moved_away_by_a_killed_process_is_put_back(tmp_path):
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    away = tmp_path / f"draws.zarr.{whole_files._host()}-{int(ended.stdout)}-0123abcd.old"
    away.mkdir()
    (away / "draws").write_text("earlier")
    with pytest.raises(TypeError), whole_files.written_whole(tmp_path / "draws.zarr", replaces_folder=True):
        raise TypeError
    assert content(tmp_path) == {"draws.zarr/draws": b"earlier"}


def damages(whole, number=150):
    """Damaged copies of a file: bits flipped, ends cut, blocks emptied, bytes strewn, tails overwritten."""
    rng = np.random.default_rng(7)
    for count in range(number):
        copy, place = bytearray(whole), int(rng.integers(len(whole)))
        if count % 5 == 0:
            copy[place] ^= 1 << int(rng.integers(8))
        elif count % 5 == 1:
            del copy[place:]
        elif count % 5 == 2:
            copy[place : place + 4096] = bytes(len(copy[place : place + 4096]))
        elif count % 5 == 3:
            for each in rng.integers(len(whole), size=len(whole) // 50):
                copy[each] = int(rng.integers(256))
        else:
            place = max(place, len(whole) - 200)
            copy[place:] = rng.bytes(len(whole) - place)
        yield bytes(copy)


def test_a_damaged_fit_is_refused_in_words_or_has_the_same_draws(tmp_path, purchases):
    path = purchases.save(tmp_path / "fit.nc")
    refused = 0
    for damaged in damages(path.read_bytes()):
        path.write_bytes(damaged)
        try:
            loaded = lb.load_fit(path)
        except FitError:
            refused += 1
        else:
            for name, values in purchases.draws.items():
                np.testing.assert_array_equal(loaded.draws[name], values)
    assert refused > 120


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_a_damaged_table_is_read_or_refused_in_words(tmp_path, kind):
    table = pd.DataFrame({"customer_id": [f"客户 {row % 40}" for row in range(300)], "amount": np.arange(300.0) + 1})
    table["date"] = pd.date_range("2024-01-01", periods=300)
    path = tmp_path / f"orders.{kind}"
    table.to_parquet(path) if kind == "parquet" else lb.write_table(table, path)
    for damaged in damages(path.read_bytes(), 60):
        path.write_bytes(damaged)
        for read in [lb.read_table, *([scanned] if kind == "parquet" else [])]:
            with suppress(InputError):
                read(path)


def scanned(path):
    log = lb.scan_transactions(path)
    repr(log)
    lb.summarize(log, time_unit="week")


def test_a_group_linked_into_itself_is_refused(tmp_path, purchases):
    import h5py

    path = tmp_path / "fit.nc"
    path.write_bytes(bytes(purchases.idata.to_netcdf(engine="h5netcdf")))
    assert lb.load_fit(path).draws.keys() == purchases.draws.keys()
    with h5py.File(path, "a") as file:
        file["posterior"]["again"] = file["posterior"]
    with pytest.raises(FitError, match="linked"):
        lb.load_fit(path)


def test_a_fit_without_its_checksum_is_refused(tmp_path, purchases):
    path = purchases.save(tmp_path / "fit.nc")
    path.write_bytes(path.read_bytes()[: -posterior.SEAL_LENGTH])
    with pytest.raises(FitError, match="checksum is missing"):
        lb.load_fit(path)


@pytest.mark.parametrize("lost", ["r", "draw"])
def test_a_fit_that_lacks_something_is_refused_in_words(tmp_path, purchases, lost):
    tree = purchases.idata.copy()
    kept = tree["posterior"].to_dataset()
    tree["posterior"] = type(tree)(kept.drop_vars("r") if lost == "r" else kept.isel(draw=slice(0)))
    posterior.save(tree, tmp_path / "fit.nc")
    with pytest.raises(FitError, match=r"fit\.nc is not a saved fit"):
        lb.load_fit(tmp_path / "fit.nc")


@pytest.mark.fits
@needs_posix
def test_an_interrupt_keeps_the_draws_that_were_made(cdnow):
    """Ctrl-C in a process of its own, once chains draw."""
    code = """
import _thread, threading, warnings
import ltv_bayes as lb
warnings.simplefilter("always")
customers = lb.summarize(lb.samples.cdnow_orders(), time_unit="week", as_of="1997-09-30")
lb.BGNBD(calendar_effects=None).fit(customers, draws=50, random_seed=1, progressbar=False, method="nuts")
threading.Timer(3.0, _thread.interrupt_main).start()
fit = lb.BGNBD(calendar_effects=None).fit(customers, draws=200_000, random_seed=1, progressbar=False, method="nuts")
print(fit, bool((fit.draws["r"] > 0).all()), fit.draws["r"].shape)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert "of 4 x 200,000 draws were made" in done.stdout
    assert "The fit has fewer draws than were asked for" in done.stderr
