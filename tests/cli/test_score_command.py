"""The command score: a saved model, a file of customers, scores."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ltv_bayes as lb
from ltv_bayes.cli.commands import app
from tests.scoring.values import AS_OF, KINDS, frame


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return lb.save_model(KINDS["plain"](), tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def run(model, tmp_path, monkeypatch):
    """Run the command in a folder with customers as CSV and Parquet."""
    monkeypatch.chdir(tmp_path)
    frame().to_csv("customers.csv", index=False)
    KINDS["plain"]().customers.save("customers.parquet")
    return lambda *arguments: CliRunner().invoke(app, ["score", str(model), *arguments])


@pytest.mark.parametrize(
    ("customers", "out"),
    [("customers.parquet", "scores.parquet"), ("customers.csv", "scores.csv"), ("customers.parquet", "scores.csv")],
)
def test_writes_the_numbers_of_the_library(run, customers, out):
    day = ["--as-of", AS_OF] if customers.endswith("csv") else []
    result = run(customers, "--out", out, *day, "--threshold", "40", "--tier", "A=100", "--tier", "B")
    assert result.exit_code == 0, result.output
    assert "330 customers scored: 3 years" in result.output
    table = lb.read_table(out).set_index("customer_id").astype({"mean": float, "probability_above_40": float})
    wanted = lb.score(KINDS["plain"]().customers, KINDS["plain"](), thresholds=[40], tiers={"A": 100, "B": None}).table
    wanted = wanted.loc[table.index]
    np.testing.assert_array_equal(table["mean"], wanted["mean"])
    np.testing.assert_array_equal(table["probability_above_40"], wanted["probability_above_40"])
    assert list(table["tier"]) == list(wanted["tier"])


def test_tells_machines(run):
    found = json.loads(run("customers.parquet", "--by", "region", "--json", "--quiet").stdout)
    wanted = KINDS["plain"]()
    assert (found["exit_code"], found["customers"], found["not_scored"]) == (0, 330, 0)
    assert found["total"]["mean"] == pytest.approx(wanted.explain().loc["total", "mean"])
    means = {one["segment"]: one["total_mean"] for one in found["segments"]["region"]}
    assert means == pytest.approx(wanted.by("region").mean("total").to_dict())


def test_says_what_to_change(run):
    for arguments, sentence in (
        (["customers.csv"], "Pass --as-of"),
        (["customers.csv", "--as-of", AS_OF, "--tier", "A=high"], "as in A=10000"),
        (["customers.parquet", "--tier", "C", "--tier", "A=100"], "--tier C has no amount"),
        (["customers.parquet", "--tier", "A=100", "--tier", "A=9", "--tier", "C"], "--tier A is there twice"),
        (["customers.parquet", "--out", "scores.txt"], "does not end in .parquet or .csv"),
        (["customers.parquet", "--out", "customers.parquet"], "The customers live in customers.parquet"),
        (["gone.parquet"], "There is no Parquet file gone.parquet"),
    ):
        result = run(*arguments)
        assert (result.exit_code, sentence in result.output) == (1, True), result.output
    assert CliRunner().invoke(app, ["score", "gone", "customers.csv"]).exit_code == 1


def test_lists_who_could_not_be_scored(run):
    rows = frame()
    wrong = rows.index[rows["frequency"] > 0][3]
    rows.loc[wrong, "T"] = 0.5
    rows.to_csv("customers.csv", index=False)
    arguments = ["customers.csv", "--as-of", AS_OF]
    assert "recency after T" in run(*arguments).output
    result = run(*arguments, "--report-problems")
    assert result.exit_code == 0, result.output
    problems = pd.read_csv("scores_problems.csv")
    assert list(problems["customer_id"]) == [rows["customer_id"][wrong]]
    frame().to_csv("customers.csv", index=False)
    assert run(*arguments, "--report-problems").exit_code == 0
    assert not Path("scores_problems.csv").exists()
    Path("scores_problems.csv").write_text("what,else\n")
    assert run(*arguments).exit_code == 0
    assert Path("scores_problems.csv").exists()


def test_a_fit_that_did_not_converge_ends_with_code_3(run, monkeypatch):
    monkeypatch.setattr(lb.FittedModel, "converged", property(lambda fit: False))
    assert run("customers.parquet").exit_code == 3
