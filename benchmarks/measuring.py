"""The clock and the memory gauge that every timed task shares, its own process's only; needs nothing installed.

A task is a function that returns what it measured. Its script prints that as one line of JSON, the last of its output.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

STARTED = "BENCH_STARTED"
MEGABYTE = 1024 if sys.platform == "darwin" else 1  # ru_maxrss counts bytes there, and kilobytes elsewhere


def peak_mb() -> float:
    """Give the largest amount of memory that this process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / MEGABYTE, 1)


def since_start() -> float:
    """Give the seconds since the runner started this process."""
    return time.monotonic() - float(os.environ[STARTED])


@contextmanager
def measured() -> Iterator[dict[str, Any]]:
    """Measure the seconds of a block, and the peak of memory up to its end; the block may add what it finds."""
    result: dict[str, Any] = {}
    start = time.perf_counter()
    yield result
    result.update(seconds=time.perf_counter() - start, peak_mb=peak_mb())


def main(tasks: dict[str, Callable[..., dict[str, Any]]], packages: tuple[str, ...]) -> None:
    """Run the task that the command line names, with arguments in JSON, and print what it measured."""
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    result = tasks[name](**arguments)
    result.update(process_seconds=since_start(), process_peak_mb=peak_mb(), versions=versions(packages))
    print("\n" + json.dumps(result))


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Say which versions were measured."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
