"""How long tests take: `make fast` leaves longer ones out, and the longest files run first.

`durations.json` says it of the files and test functions that took long when `make test ARGS=--write-durations` ran.
A test that does not stand there is quick, or new.
"""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

FILE = Path(__file__).with_suffix(".json")
LONG_FUNCTION, LONG_FILE = 0.3, 2.0  # seconds


def file_of(nodeid):
    return nodeid.partition("::")[0]


def function_of(nodeid):
    """A test function with all its parameters."""
    return nodeid.partition("[")[0]


def sort_and_mark(items):
    """Mark the longer tests with `seconds`; the longest files come first, so that all processes end together."""
    known = json.loads(FILE.read_text())
    for item in items:
        if function_of(item.nodeid) in known["functions"]:
            item.add_marker("seconds")
    items.sort(key=lambda item: -known["files"].get(file_of(item.nodeid), 0))


class Durations:
    """Measure a run of tests, and write what took long.

    A function bears the fixtures that it uses, since the first of them that runs makes them; a file bears each once.
    """

    def __init__(self):
        self.of_fixtures = {}
        self.of_calls, self.of_what_they_use, self.of_files = Counter(), Counter(), Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        begin = time.perf_counter()
        result = yield
        self.of_fixtures[fixturedef.baseid, fixturedef.argname] = time.perf_counter() - begin
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if call.when == "call":
            used = [
                seconds
                for (base, name), seconds in self.of_fixtures.items()
                if name in item.fixturenames and item.nodeid.startswith(base)
            ]
            report.user_properties.append(("seconds of fixtures", sum(used)))
        return report

    def pytest_runtest_logreport(self, report):
        """Add up in the process that starts the others, which hears of every test."""
        self.of_files[file_of(report.nodeid)] += report.duration
        if report.when == "call":
            function, fixtures = function_of(report.nodeid), dict(report.user_properties)["seconds of fixtures"]
            self.of_calls[function] += report.duration
            self.of_what_they_use[function] = max(self.of_what_they_use[function], fixtures)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if hasattr(session.config, "workerinput"):
            return
        functions = self.of_calls + self.of_what_they_use
        found = {"files": (self.of_files, LONG_FILE), "functions": (functions, LONG_FUNCTION)}
        said = {
            kind: {name: round(seconds, 1) for name, seconds in sorted(all_.items()) if seconds >= long}
            for kind, (all_, long) in found.items()
        }
        FILE.write_text(json.dumps(said, indent=1) + "\n")
