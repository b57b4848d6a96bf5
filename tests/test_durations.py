"""What makes a test a long one, and which file runs first."""

import json
from types import SimpleNamespace

import pytest

from tests import durations


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The file of durations, at another place."""
    monkeypatch.setattr(durations, "FILE", tmp_path / "durations.json")
    return durations.FILE


def report(nodeid, when, duration, fixtures=0.0):
    return SimpleNamespace(
        nodeid=nodeid, when=when, duration=duration, user_properties=[("seconds of fixtures", fixtures)]
    )


def item(nodeid):
    marks = []
    return SimpleNamespace(nodeid=nodeid, marks=marks, add_marker=marks.append)


def test_a_function_bears_its_fixtures_and_all_its_parameters_and_a_file_each_fixture_once(written):
    run = durations.Durations()
    for each in (
        report("tests/a.py::test_fit", "setup", 5.0),
        report("tests/a.py::test_fit", "call", 0.1, fixtures=5.0),
        report("tests/a.py::test_of_the_same_fit", "call", 0.1, fixtures=5.0),
        report("tests/a.py::test_many[1]", "call", 0.3),
        report("tests/a.py::test_many[2-a::b]", "call", 0.3),
        report("tests/b.py::test_quick", "call", 0.1),
    ):
        run.pytest_runtest_logreport(each)
    run.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace()))
    assert json.loads(written.read_text()) == {
        "files": {"tests/a.py": 5.8},
        "functions": {
            "tests/a.py::test_fit": 5.1,
            "tests/a.py::test_many": 0.6,
            "tests/a.py::test_of_the_same_fit": 5.1,
        },
    }


def test_processes_that_run_tests_for_another_write_nothing(written):
    run = durations.Durations()
    run.pytest_runtest_logreport(report("tests/a.py::test_fit", "call", 5.0))
    run.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(workerinput={})))
    assert not written.exists()


def test_the_longest_files_run_first_and_long_functions_are_marked(written):
    known = {"files": {"tests/b.py": 3.0, "tests/c.py": 20.0}, "functions": {"tests/b.py::test_long": 3.0}}
    written.write_text(json.dumps(known))
    items = [item(f"tests/{name}") for name in ("a.py::test_1", "b.py::test_long[x]", "b.py::test_2", "c.py::test_3")]
    durations.sort_and_mark(items)
    assert [each.nodeid[6] for each in items] == ["c", "b", "b", "a"]
    assert [each.nodeid for each in items if each.marks == ["seconds"]] == ["tests/b.py::test_long[x]"]


def test_a_fixture_is_borne_by_those_in_whose_reach_it_is():
    run = durations.Durations()
    run.of_fixtures = {("tests", "book"): 1.0, ("tests/a.py", "fit"): 2.0, ("tests/b.py", "fit"): 4.0}
    asked = SimpleNamespace(nodeid="tests/a.py::test_1", fixturenames=["book", "fit"])
    said = SimpleNamespace(user_properties=[])
    hook = run.pytest_runtest_makereport(asked, SimpleNamespace(when="call"))
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(said)
    assert said.user_properties == [("seconds of fixtures", 3.0)]
