"""A folder of results, and what is never written over."""

import hashlib
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.cli.results import names_of
from ltv_bayes.errors import InputError
from ltv_bayes.reporting.files import GENERATOR, Results, is_own, refuse_foreign_table, sealed
from ltv_bayes.runs.toml import read_settings

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


@pytest.mark.parametrize("name", ["report.html", "report.xlsx", "purchases.nc"])
def test_what_no_record_knows_is_refused_whatever_it_holds(tmp_path, purchases, name):
    purchases.save(tmp_path / "purchases.nc")
    (tmp_path / "report.html").write_bytes(sealed(f"<head>{GENERATOR}</head>"))
    TABLE.to_excel(tmp_path / "report.xlsx")
    before = (tmp_path / name).read_bytes()
    with pytest.raises(InputError, match="no earlier run wrote it"):
        Results(tmp_path, command="report", names=[name])
    with pytest.raises(InputError, match="no earlier run wrote it"):
        Results(tmp_path, command="report", names=["*" + name[-5:]])
    with pytest.raises(InputError, match="no earlier run wrote it"):
        Results(tmp_path, command="report").table(TABLE, name, "")
    assert (tmp_path / name).read_bytes() == before


def test_a_changed_file_of_another_command_is_refused_where_this_one_would_write_it(tmp_path):
    value = Results(tmp_path, command="value")
    value.table(TABLE, "segments.csv", "")
    value.finish({}, "")
    Results(tmp_path, command="report", names=["segments.csv"])
    (tmp_path / "segments.csv").write_text("with notes")
    with pytest.raises(InputError, match=r"changed since they were written: segments\.csv"):
        Results(tmp_path, command="report", names=["segments.csv"])
    with pytest.raises(InputError, match=r"changed since they were written: segments\.csv"):
        Results(tmp_path, command="report").table(TABLE, "segments.csv", "")
    assert (tmp_path / "segments.csv").read_text() == "with notes"


def test_a_file_belongs_to_the_command_that_wrote_it_last(tmp_path):
    Results(tmp_path, command="value").table(TABLE, "segments.csv", "")
    report = Results(tmp_path, command="report")
    report.table(TABLE, "segments.csv", "")
    report.finish({}, "")
    assert Results(tmp_path, command="value").finish({}, "") == []
    assert (tmp_path / "segments.csv").exists()


def test_words_of_others_are_refused(tmp_path):
    (tmp_path / "about.txt").write_text("mine")
    with pytest.raises(InputError, match=r"about\.txt exists, and no earlier run wrote it"):
        Results(tmp_path, command="report")
    (tmp_path / "about.txt").unlink()
    results = Results(tmp_path, command="report")
    results.table(TABLE, "t.csv", "")
    results.finish({}, "in yuan")
    Results(tmp_path, command="value").table(TABLE, "v.csv", "")  # and no more
    Results(tmp_path, command="report").finish({}, "")
    (tmp_path / "about.txt").write_text("mine")
    for command in ("report", "value"):
        with pytest.raises(InputError, match=r"changed since they were written: about\.txt"):
            Results(tmp_path, command=command)


@pytest.mark.parametrize("name", ["../victim.txt", "/victim.txt", "..", "", "a\\victim.txt", "about.json", "C:victim"])
def test_a_record_names_only_files_of_its_folder(tmp_path, name):
    (tmp_path / "victim.txt").write_text("mine")
    files = {name: {"holds": "", "sha256": hashlib.sha256(b"mine").hexdigest()}}
    (tmp_path / "out").mkdir()
    content = {"written_by": "ltv_bayes", "runs": {"report": {"files": files}}}
    (tmp_path / "out" / "about.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="is not a record of this package, or is damaged"):
        Results(tmp_path / "out", command="report").finish({}, "")
    assert (tmp_path / "victim.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "runs",
    [
        *([], 1, None, {"report": 1}, {"report": []}, {"report": {"files": []}}, {"report": {"files": {"t.csv": "x"}}}),
        *({"report": {"files": {"t.csv": {"holds": ""}}}}, {"report": {"files": {"t.csv": {"sha256": 1}}}}),
        *({"value": {"files": None}}, {"report": None}),
    ],
)
def test_a_damaged_record_is_told_in_words(tmp_path, runs):
    (tmp_path / "about.json").write_text(json.dumps({"written_by": "ltv_bayes", "runs": runs}))
    with pytest.raises(InputError, match="is not a record of this package, or is damaged"):
        Results(tmp_path, command="report")


def test_what_was_read_is_not_removed_as_stale(tmp_path):
    earlier = Results(tmp_path, command="report")
    earlier.table(TABLE, "segments.csv", "")
    earlier.finish({}, "")
    later = Results(tmp_path, [tmp_path / "segments.csv"], command="report")
    assert later.finish({}, "") == []
    assert (tmp_path / "segments.csv").exists()


def test_a_page_edited_by_hand_is_not_our_own(tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(sealed(f"<head>{GENERATOR}</head><p>华东: 12</p>"))
    assert is_own(path)
    path.write_bytes(path.read_bytes().replace(b"12", b"13"))
    assert not is_own(path)
    path.write_text(f"<head>{GENERATOR}</head>")
    assert not is_own(path)


def test_a_report_refuses_every_table_it_may_write_before_it_begins():
    sources = (Path(lb.__file__).parent / "reporting" / "contents").glob("*.py")
    keys = {key for one in sources for key in re.findall(r'\bTable\(\s*"(\w+)"', one.read_text(encoding="utf-8"))}
    settings = read_settings(options={"by": ["industry", "region"]})
    names = names_of("report", settings)
    assert {f"{key}.csv" for key in keys} | {"customers.csv", "report.html", "report.xlsx"} <= set(names)
    assert {"segments.csv", "segments_compared.csv", "segments_2.csv", "segments_2_compared.csv"} <= set(names)
    nothing = read_settings(options={"tables": False, "page": False, "workbook": False})
    assert names_of("report", nothing) == []


def test_a_folder_that_cannot_be_made_has_a_cure():
    with pytest.raises(lb.errors.WriteError, match=r"cannot be written: .*choose another folder"):
        Results(Path("/proc/x/y"))
