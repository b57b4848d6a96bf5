"""Run the benchmarks and print their table.

    python benchmarks/run.py                      everything: inputs, timed tasks, table
    python benchmarks/run.py --only cdnow growth  some lines (names below)
    python benchmarks/run.py --report             the table of what was measured before
    python benchmarks/run.py --small              every line on tiny inputs, to check the machinery

Each timed task runs in a process of its own, in turn with those it is compared with. Results are kept after each run
in results/runs.json; measuring a task again replaces what was there. The table goes to results/table.md too.
Needs nothing installed itself, so that it stays small: a process begins with the peak memory of the one that made it.
"""

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from lines import FEW_DRAWS, GROWTH_TASKS, LINES, Task
from measuring import STARTED
from table import written

HERE = Path(__file__).resolve().parent
PEER = HERE / ".peer" / "bin" / "python"
LONGEST = 2 * 60 * 60
NAMES = [*(line.name for line in LINES), "growth"]


def main() -> None:
    given = arguments()
    results = given.results / "runs.json"
    if not given.report:
        run(chosen_tasks(given), given, results)
    text = written(read(results), small=given.small)
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "table.md").write_text(text, encoding="utf-8")
    print(text)


def arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(
        description=__doc__, epilog=f"Lines: {' '.join(NAMES)}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="measure some lines")
    asked.add_argument("--repeats", type=int, default=3, help="runs of each task of ours (3)")
    asked.add_argument("--peer-repeats", type=int, default=3, help="runs of each task of the peer; 0 leaves it out (3)")
    asked.add_argument("--missing", action="store_true", help="measure only what has too few results yet")
    asked.add_argument("--report", action="store_true", help="measure nothing, print the table")
    asked.add_argument("--small", action="store_true", help="tiny inputs, to check the machinery")
    asked.add_argument("--results", type=Path, help="folder of results (benchmarks/results)")
    asked.add_argument("--inputs", type=Path, help="folder of inputs (benchmarks/.data)")
    given = asked.parse_args()
    part = "small" if given.small else ""
    given.results = (given.results or HERE / "results" / part).resolve()
    given.inputs = (given.inputs or HERE / ".data").resolve()
    return given


def chosen_tasks(given: argparse.Namespace) -> list[list[Task]]:
    """List the tasks in groups to be run in turn, each task once."""
    groups = [list(line.tasks) for line in LINES if line.name in given.only]
    if "growth" in given.only:
        groups += [[task] for tasks in GROWTH_TASKS.values() for task in tasks if task is not None]
    done = Counter(each["task"] for each in read(given.results / "runs.json") if "failed" not in each)
    seen: set[str] = set()
    chosen = []
    for group in groups:
        wanted = [task for task in group if done[task.key] < repeats(task, given) or not given.missing]
        chosen.append([task for task in wanted if task.key not in seen and repeats(task, given)])
        seen |= {task.key for task in group}
    return [group for group in chosen if group]


def repeats(task: Task, given: argparse.Namespace) -> int:
    """Say how often a task is to run."""
    asked = given.peer_repeats if task.side == "peer" else given.repeats
    return asked if task.at_most is None else min(asked, task.at_most)


def run(groups: list[list[Task]], given: argparse.Namespace, results: Path) -> None:
    """Run the groups one after the other, and the tasks of a group in turn."""
    if any(task.side == "peer" for group in groups for task in group) and not PEER.exists():
        sys.exit(f"The peer's environment is not there: make it with `make bench`, or pass --peer-repeats 0 ({PEER}).")
    for number, group in enumerate(groups, start=1):
        for task in group:
            prepare(task, given)
        for turn in range(max(repeats(task, given) for task in group)):
            for task in group:
                if turn < repeats(task, given):
                    say(f"[{number}/{len(groups)}] {task.key}, run {turn + 1} of {repeats(task, given)}")
                    keep(timed(task, given, small=given.small), results, anew=turn == 0)


def prepare(task: Task, given: argparse.Namespace) -> None:
    """Make a task's inputs, and run once what warms it up."""
    make_inputs(task, given, small=given.small)
    if task.warm_up == "tiny" and not given.small:
        make_inputs(task, given, small=True)
    if task.warm_up != "none" and not given.small:
        say(f"warming up: {task.key}")
        timed(task, given, small=task.warm_up == "tiny")


def make_inputs(task: Task, given: argparse.Namespace, *, small: bool) -> None:
    """Make the inputs of a task that are not there, in a process of its own."""
    folder = inputs_folder(given, small=small)
    missing = [name for name in task.inputs.values() if not is_there(folder, name)]
    if missing:
        say(f"making {', '.join(missing)}{' (tiny)' if small else ''}")
        command = [sys.executable, HERE / "data.py", folder, *missing, *(["--small"] if small else [])]
        subprocess.run(list(map(str, command)), check=True, env=environment("ours"))


def inputs_folder(given: argparse.Namespace, *, small: bool) -> Path:
    return given.inputs / "small" if small else given.inputs


def is_there(folder: Path, name: str) -> bool:
    return (input_path(folder, name) / "spend.nc" if name.startswith("fits_") else input_path(folder, name)).exists()


def input_path(folder: Path, name: str) -> Path:
    return folder / name if name.startswith("fits_") else folder / f"{name}.parquet"


def timed(task: Task, given: argparse.Namespace, *, small: bool) -> dict[str, Any]:
    """Run a task in a process of its own and return what it printed, or how it failed."""
    folder = inputs_folder(given, small=small)
    passed = {**task.options, **{name: str(input_path(folder, value)) for name, value in task.inputs.items()}}
    if small and "tune" in passed:
        passed |= FEW_DRAWS
    if "to" in passed:
        passed["to"] = str(folder / passed["to"])
    python = PEER if task.side == "peer" else sys.executable
    command = [str(python), str(HERE / f"{task.side}.py"), task.function, json.dumps(passed)]
    began = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as empty:
        settings = environment(task.side, caches=empty if task.warm_up == "none" else None)
        settings[STARTED] = str(time.monotonic())
        found = outcome(command, settings)
    about = {"task": task.key, "small": small, "began": began.isoformat(timespec="seconds"), "machine": machine()}
    return about | found


def outcome(command: list[str], settings: dict[str, str]) -> dict[str, Any]:
    """Run a command and read the last line that it prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"still running after {LONGEST / 3600:g} hours"}
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        say(f"failed: {done.stderr[-2000:] or reason}")
        return {"failed": reason}
    return json.loads(done.stdout.strip().splitlines()[-1])


def environment(side: str, caches: str | None = None) -> dict[str, str]:
    """Give the environment of a task: ours finds this very source, the peer nothing but its own."""
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if side == "ours":
        settings["PYTHONPATH"] = str(HERE.parent)
    if caches:
        settings |= {"NUMBA_CACHE_DIR": f"{caches}/numba", "PYTENSOR_FLAGS": f"base_compiledir={caches}/pytensor"}
    return settings


def machine() -> dict[str, Any]:
    """Say on what was measured."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": os.cpu_count(), "memory_gb": round(pages / 2**30, 1), "system": sys.platform}


def keep(result: dict[str, Any], path: Path, *, anew: bool) -> None:
    """Add a result to the file; the first of a task replaces the older ones."""
    kept = [each for each in read(path) if not (anew and each["task"] == result["task"])]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps([*kept, result], indent=1), encoding="utf-8")
    os.replace(unfinished, path)


def read(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def say(text: str) -> None:
    print(f"{dt.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
