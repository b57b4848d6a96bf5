"""The benchmarks' machinery: inputs, results, tables. Nothing here depends on speed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

import ltv_bayes as lb

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODULES = ("data", "lines", "measuring", "ours", "run", "table")


@pytest.fixture(scope="module")
def benchmarks():
    """The benchmarks' modules, which are scripts side by side."""
    sys.path.insert(0, str(BENCHMARKS))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    sys.path.remove(str(BENCHMARKS))
    for name in MODULES:
        del sys.modules[name]


@pytest.fixture
def line(benchmarks):
    return next(line for line in benchmarks.lines.LINES if line.name == "twenty_thousand")


def result(task, seconds, **more):
    about = {"small": False, "began": "2026-01-01T00:00:00", "versions": {"python": "3.13"}}
    machine = {"cores": 2, "memory_gb": 8.0, "system": "linux"}
    return {"task": task.key, **about, "machine": machine, "seconds": seconds, "peak_mb": 1024.0, **more}


def row_of(text, work):
    return next(row for row in text.splitlines() if row.startswith(f"| {work}"))


def test_the_same_seed_simulates_the_same_customers_in_chunks(benchmarks, monkeypatch):
    monkeypatch.setattr(benchmarks.data, "CHUNK", 100)
    first, second = ([found for found, _ in benchmarks.data.simulated(250, 365, seed=1)] for _ in range(2))
    assert [len(part) for part in first] == [100, 100, 50]
    assert all(part.equals(again) for part, again in zip(first, second, strict=True))
    ids = np.concatenate([part["customer_id"] for part in first])
    assert (ids == np.arange(250)).all()


def test_simulated_customers_are_possible_histories(benchmarks, tmp_path):
    benchmarks.data.customers(tmp_path / "customers.parquet", 2000, days=365, seed=1)
    customers = lb.Customers.from_summary(tmp_path / "customers.parquet", time_unit="day").table
    assert len(customers) == 2000
    assert 0.3 < (customers["frequency"] > 0).mean() < 0.7
    assert set(customers["segment"]) == set(benchmarks.data.SEGMENTS)


def test_bare_query_gives_what_the_package_gives(benchmarks, tmp_path):
    path = tmp_path / "orders.parquet"
    benchmarks.data.orders(path, 3000, days=365, seed=7)
    ours = lb.summarize(lb.read_transactions(path), time_unit="week").table
    bare = duckdb.sql(benchmarks.ours.BARE.format(orders=f"read_parquet('{path}')")).df().set_index("customer_id")
    assert len(lb.read_transactions(path)) == 3000
    for column in ("frequency", "recency", "T", "monetary_value"):
        np.testing.assert_allclose(bare[column].astype(float), ours[column].astype(float), rtol=1e-12)


def test_only_equal_tasks_share_a_name(benchmarks):
    tasks = [task for line in benchmarks.lines.LINES for task in line.tasks]
    tasks += [task for tasks in benchmarks.lines.GROWTH_TASKS.values() for task in tasks if task is not None]
    assert all((one.key == other.key) == (one == other) for one in tasks for other in tasks)


@pytest.mark.parametrize(
    ("measure", "limit", "value", "met"),
    [
        ("seconds", 20, 19, True),
        ("peak_gb", 6, 6.1, False),
        ("times faster", 30, 30, True),
        ("times the query", 1.5, 2, 0),
    ],
)
def test_demands(benchmarks, measure, limit, value, met):
    assert benchmarks.lines.Demand(measure, limit).holds(value) == met


def test_line_is_judged_by_medians_and_the_better_sampler(benchmarks, line):
    nutpie, pymc = line.others
    runs = [result(line.ours, seconds, ess=2000.0) for seconds in (1.0, 1.0, 50.0)]
    runs += [result(nutpie, 100.0, ess=2000.0), result(pymc, 100.0, ess=1000.0)]
    row = row_of(benchmarks.table.written(runs, small=False), line.work)
    assert "nutpie: 100 s" in row
    assert "100 x as efficient" in row
    assert "| met " in row
    assert "| 3 / 1 " in row


@pytest.mark.parametrize(
    ("ours", "peer", "said"),
    [
        ([{"ess": 2000.0}], [{"ess": 100_000.0}], "**not met**: at least 80 times as efficient (2.00)"),
        ([{"ess": 2000.0, "converged": False}], [{"ess": 1.0}], "not met: not converged"),
        ([{"ess": 2000.0}], [], "peer not measured"),
        ([], [{"ess": 2000.0}], "not measured"),
    ],
)
def test_what_is_said_when_a_demand_is_not_met(benchmarks, line, ours, peer, said):
    runs = [result(line.ours, 1.0, **each) for each in ours] + [result(line.others[0], 100.0, **each) for each in peer]
    assert said in row_of(benchmarks.table.written(runs, small=False), line.work)


def test_first_result_of_a_new_measurement_replaces_the_older_ones(benchmarks, line, tmp_path):
    path = tmp_path / "runs.json"
    for seconds, anew in ((1.0, True), (2.0, False), (3.0, True), (4.0, False)):
        benchmarks.run.keep(result(line.ours, seconds), path, anew=anew)
    assert [each["seconds"] for each in json.loads(path.read_text())] == [3.0, 4.0]


def test_going_on_measures_only_what_has_too_few_results(benchmarks, line, tmp_path):
    for task, times in ((line.ours, 3), (line.others[0], 2)):
        for turn in range(times):
            benchmarks.run.keep(result(task, 1.0), tmp_path / "runs.json", anew=turn == 0)
    given = SimpleNamespace(only=[line.name], results=tmp_path, repeats=3, peer_repeats=3, missing=True)
    assert benchmarks.run.chosen_tasks(given) == [list(line.others)]
    given.missing, given.peer_repeats = False, 0
    assert benchmarks.run.chosen_tasks(given) == [[line.ours]]


def small_run(folder, *lines):
    """What a run on tiny inputs prints, and its results."""
    folders = ["--results", folder / "results", "--inputs", folder / "inputs"]
    command = [sys.executable, BENCHMARKS / "run.py", "--small", "--repeats", "1", "--peer-repeats", "0"]
    asked = list(map(str, [*command, *folders, "--only", *lines]))
    done = subprocess.run(asked, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (folder / "results" / "table.md").read_text(encoding="utf-8") in done.stdout
    runs = json.loads((folder / "results" / "runs.json").read_text(encoding="utf-8"))
    assert all(run["seconds"] > 0 and run["peak_mb"] > 1 and run["small"] for run in runs)
    return done.stdout, runs


@pytest.mark.fits
def test_small_run_measures_and_reports(tmp_path):
    said, runs = small_run(tmp_path, "import", "cdnow", "orders_parquet")
    assert len(runs) == 4
    assert row_of(said, "both posteriors").count("ESS") == 1


@pytest.mark.study
def test_small_run_of_values(tmp_path):
    """Its inputs are fits, made first."""
    assert len(small_run(tmp_path, "segments")[1]) == 1
