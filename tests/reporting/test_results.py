"""A folder of results, and what is never written over."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from ltv_bayes.errors import InputError
from ltv_bayes.reporting.files import Results, refuse_foreign_table

TABLE = pd.DataFrame({"value": [1]})


def test_what_was_written_is_listed_with_its_folder(tmp_path):
    results = Results(tmp_path / "a" / "b")
    results.table(TABLE, "t.csv", "a table")
    results.picture(plt.figure().add_subplot(), "picture.png", "a picture")
    lines = results.listing().splitlines()
    assert lines == [f"Written to {tmp_path / 'a' / 'b'}", "  t.csv        a table", "  picture.png  a picture"]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["picture.png", "t.csv"]


def test_pictures_are_of_the_format_their_name_says_and_are_closed(tmp_path):
    before = plt.get_fignums()
    results = Results(tmp_path)
    results.picture(plt.figure(), "p.png", "")
    results.picture(plt.figure(), "p.svg", "")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "p.svg").read_bytes()
    assert plt.get_fignums() == before


def test_own_results_are_replaced(tmp_path):
    Results(tmp_path).table(TABLE, "t.csv", "")
    Results(tmp_path).table(TABLE.assign(value=2), "t.csv", "")
    assert pd.read_csv(tmp_path / "t.csv")["value"].tolist() == [2]


def test_inputs_are_never_written_over(tmp_path):
    (tmp_path / "t.csv").write_text("orders")
    (tmp_path / "link.csv").symlink_to(tmp_path / "t.csv")
    results = Results(tmp_path, [None, tmp_path / "gone.csv", tmp_path / "link.csv"])
    with pytest.raises(InputError, match="not written over"):
        results.table(TABLE, "t.csv", "")
    assert (tmp_path / "t.csv").read_text() == "orders"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is a file"):
        Results(tmp_path / "out")


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_own_tables_may_be_replaced_and_no_others(tmp_path, start):
    path = tmp_path / "t.csv"
    refuse_foreign_table(path, "a,b")
    path.write_text(f"{start}a,b,c\n1,2,3", encoding="utf-8")
    refuse_foreign_table(path, "a,b")
    path.write_text(f"{start}b,a\n1,2", encoding="utf-8")
    with pytest.raises(InputError, match="not written by this command"):
        refuse_foreign_table(path, "a,b")


@pytest.mark.parametrize("name", ["t.xlsx", "t"])
def test_tables_are_csv(tmp_path, name):
    with pytest.raises(InputError, match=r"does not end in \.csv"):
        refuse_foreign_table(tmp_path / name, "a")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        refuse_foreign_table(tmp_path / "d.csv", "a")


# a folder that remembers what was written to it


def test_an_interrupted_run_knows_its_files_and_a_finished_one_removes_what_is_stale(tmp_path):
    Results(tmp_path, command="report").table(TABLE, "t.csv", "a table")  # and no more: it was interrupted
    again = Results(tmp_path, command="report")
    again.table(TABLE.assign(value=2), "t.csv", "a table")
    again.table(TABLE, "other.csv", "another")
    assert again.finish({"terms": {"currency": "CNY"}}, "in yuan") == []
    third = Results(tmp_path, command="report")
    third.table(TABLE, "other.csv", "another")
    assert third.finish({}, "") == ["t.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["about.json", "about.txt", "other.csv"]


def test_commands_share_a_folder_and_leave_each_others_files(tmp_path):
    for command, name in (("value", "v.csv"), ("report", "r.csv")):
        results = Results(tmp_path, command=command)
        results.table(TABLE, name, "a table")
        results.finish({}, f"terms of {command}")
    assert {path.name for path in tmp_path.iterdir()} == {"v.csv", "r.csv", "about.json", "about.txt"}
    assert "terms of value\n\n  v.csv  a table" in (tmp_path / "about.txt").read_text(encoding="utf-8-sig")


def test_files_of_others_and_changed_ones_are_refused_and_stay(tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(InputError, match=r"mine\.csv exists, and no earlier run wrote it"):
        Results(tmp_path, command="report", names=["mine.csv"])
    results = Results(tmp_path, command="report")
    with pytest.raises(InputError, match="no earlier run wrote it"):
        results.table(TABLE, "mine.csv", "")
    results.table(TABLE, "t.csv", "")
    (tmp_path / "t.csv").write_text("with notes")
    with pytest.raises(InputError, match=r"changed since they were written: t\.csv"):
        Results(tmp_path, command="report")
    assert (tmp_path / "mine.csv").read_text() == "mine"
    assert (tmp_path / "t.csv").read_text() == "with notes"


def test_pages_workbooks_and_fits_of_this_package_are_known_by_their_content(tmp_path, purchases):
    (tmp_path / "report.html").write_text("a page of others")
    (tmp_path / "purchases.nc").write_text("no fit")
    for name in ("report.html", "purchases.nc"):
        with pytest.raises(InputError, match="no earlier run wrote it"):
            Results(tmp_path, command="report", names=[name])
    purchases.save(tmp_path / "purchases.nc")
    Results(tmp_path, command="fit", names=["purchases.nc"])
