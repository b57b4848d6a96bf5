"""The clock and the memory gauge that every timed task shares, its own process's only; needs nothing installed.

A task is a function that returns what it measured. Its script prints that as one line of JSON, the last of its output.
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
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


def own_seconds() -> float:
    """Give the seconds of processors that this process has taken."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Spark:
    """What Java and the workers of Python below this process take: seconds of processors, and most memory of one.

    They are looked at every other second, since a worker that has ended is listed no more; on Linux alone.
    """

    def __init__(self) -> None:
        self.seen: dict[tuple[int, str], tuple[str, float, float]] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def seconds(self) -> dict[str, float]:
        """Seconds so far, by kind."""
        self._look()
        found = {"java": 0.0, "worker": 0.0}
        for kind, used, _memory in list(self.seen.values()):
            found[kind] += used
        return found

    def peaks(self) -> dict[str, float]:
        """Megabytes that the largest process of each kind has held."""
        every = list(self.seen.values())
        return {
            f"{kind}_mb": round(max((memory for one, _used, memory in every if one == kind), default=0.0), 1)
            for kind in ("java", "worker")
        }

    def _watch(self) -> None:
        while True:
            self._look()
            time.sleep(2)

    def _look(self) -> None:
        parents, about = {}, {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
                command = (place / "cmdline").read_bytes()
                memory = next(line for line in (place / "status").read_text().splitlines() if line.startswith("VmHWM"))
            except (OSError, StopIteration):
                continue
            parents[int(place.name)] = int(fields[1])
            used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            kind = "worker" if b"pyspark.daemon" in command else "java" if b"org.apache.spark" in command else ""
            about[int(place.name)] = (fields[19], kind, used, int(memory.split()[1]) / 1024)
        for process, (began, kind, used, memory) in about.items():
            above = process
            while above in parents and above != os.getpid():
                above = parents[above]
            if kind and above == os.getpid():
                self.seen[process, began] = (kind, used, memory)


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
