"""Apply mutations to the package, one at a time, and count those that the tests notice.

    python -m tests.mutants.run                            all of them, from the root
    python -m tests.mutants.run --only streams "last day"  those whose room, file or meaning holds one of the texts
    python -m tests.mutants.run --anew                     forget what earlier runs found

Results are kept in .mutants/results.json: a run that was stopped goes on, and nothing is tried again while the package
and the tests named stay as they are. Tests run on copies of the tree, without those that sample for real, and the test
that fails must pass without the mutation. A mutation with which a file cannot be imported or compiled says nothing of
the tests: it counts as not caught, as do those that end by a crash or after a time limit.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.table import HERE, ROOT, Mutation, mutations

PLACE = ROOT / ".mutants"
RESULTS = PLACE / "results.json"
LONGEST = 900
FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", re.MULTILINE)
TARGET = 0.95
CAUGHT, SURVIVED, FAILS = "caught", "survived", "fails: "
BROKEN, CRASHED, LATE, FAILS_ANYWAY = "broken", "crashed", "too long", "fails anyway"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
FAST = ["-q", "-p", "no:cacheprovider", "-m", "not (fits or pages or study)"]


class Known:
    """Results of earlier runs, by what they depend on."""

    def __init__(self, *, anew: bool) -> None:
        self._lock = threading.Lock()
        self._found = json.loads(RESULTS.read_text()) if RESULTS.exists() and not anew else {}
        shared = [path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith("test_")]
        tests = [path for path in shared if path.parent != HERE]
        self._tree = _digest(b"", [*(ROOT / "ltv_bayes").rglob("*.py"), *tests, ROOT / "pyproject.toml"])

    def key(self, one: Mutation) -> str:
        """What a result depends on: the package, the tests named with all that they share, and the mutation."""
        tests = [some for path in one.test_files for some in (path.rglob("*.py") if path.is_dir() else [path])]
        return _digest("\0".join([self._tree, one.file, one.old, one.new, *one.chosen]).encode(), tests)

    def get(self, key: str) -> str | None:
        return self._found.get(key)

    def put(self, key: str, found: str) -> None:
        with self._lock:
            self._found[key] = found
            unfinished = RESULTS.with_suffix(".part")
            unfinished.write_text(json.dumps(self._found))
            unfinished.replace(RESULTS)


def _digest(start: bytes, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256(start)
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


class Copy:
    """A copy of the tree to mutate."""

    def __init__(self, number: int) -> None:
        self.root = PLACE / f"copy{number}"
        shutil.rmtree(self.root, ignore_errors=True)
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
            if name and (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)  # with its time, by which compiled code is known again
        code = "import ltv_bayes; print(ltv_bayes.__file__)"
        command = [sys.executable, "-c", code]
        found = subprocess.run(command, cwd=self.root, env=self._env(), capture_output=True, text=True)
        if not found.stdout.startswith(str(self.root)):
            raise SystemExit(f"Tests of {self.root} would import {found.stdout.strip() or found.stderr}.")

    def _env(self, compiled: Path = PLACE / "compiled") -> dict[str, str]:
        return {**os.environ, **ONE_THREAD, "PYTHONPATH": str(self.root), "NUMBA_CACHE_DIR": str(compiled)}

    def tests(self, arguments: list[str], **more: str) -> tuple[str, str]:
        """Run tests; how they ended, and what they wrote."""
        command = [sys.executable, "-m", "pytest", *FAST, *arguments]
        env = {**self._env(), **more}
        try:
            run = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            return LATE, ""
        text = run.stdout + run.stderr
        if run.returncode < 0:
            return CRASHED, text
        if run.returncode > 1 or "numba.core.errors" in text:  # nothing was collected, or compiled
            return BROKEN, text
        return (CAUGHT if run.returncode else SURVIVED), text

    def tried(self, one: Mutation) -> str:
        """How the tests named end with a mutation: the first that fails, or why none does."""
        path = self.root / "ltv_bayes" / one.file
        source, status = path.read_text(encoding="utf-8"), path.stat()
        # Functions that call a mutated one are compiled too: their caches would still hold the old one.
        compiled = Path(tempfile.mkdtemp(dir=self.root)) if one.is_compiled else PLACE / "compiled"
        try:
            path.write_text(one.of(source), encoding="utf-8")
            more = {"PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": str(compiled)}
            found, text = self.tests(["-x", *one.chosen], **more)
            failed = FAILED.search(text) if found == CAUGHT else None
            return f"{FAILS}{failed[1]}" if failed else found
        finally:
            path.write_text(source, encoding="utf-8")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            if one.is_compiled:
                shutil.rmtree(compiled)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="mutations that hold one of these texts")
    asked.add_argument("--jobs", type=int, default=2, help="copies of the tree that are tested side by side (2)")
    asked.add_argument("--anew", action="store_true", help="forget what earlier runs found")
    given = asked.parse_args()
    chosen = [one for one in mutations() if any(text in f"{one.room} {one.file} {one.means}" for text in given.only)]
    PLACE.mkdir(exist_ok=True)
    known = Known(anew=given.anew)
    keys = {one: known.key(one) for one in chosen}
    waiting = sorted((one for one in chosen if known.get(keys[one]) is None), key=lambda one: one.is_compiled)
    copies = [Copy(number + 1) for number in range(given.jobs)]
    try_all(copies, waiting, keys, known)
    confirm(copies[0], chosen, keys, known)
    found = {one: str(known.get(keys[one])) for one in chosen}
    print(written(found))
    return int(sum(how == CAUGHT for how in found.values()) < TARGET * len(found))


def try_all(copies: list[Copy], waiting: list[Mutation], keys: dict[Mutation, str], known: Known) -> None:
    """Try mutations on the copies, side by side."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for one in copies:
        free.put(one)

    def work(one: Mutation) -> None:
        copy, begun = free.get(), time.monotonic()
        try:
            found = copy.tried(one)
        finally:
            free.put(copy)
        known.put(keys[one], found)
        print(f"{time.monotonic() - begun:4.0f} s  {one.room}: {one.means}: {found}", flush=True)

    with ThreadPoolExecutor(len(copies)) as pool:
        try:
            list(pool.map(work, waiting))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def confirm(copy: Copy, chosen: list[Mutation], keys: dict[Mutation, str], known: Known) -> None:
    """Count a mutation as caught where the test that fails passes without it."""
    found = {one: str(known.get(keys[one])) for one in chosen}
    failed = {one: how.removeprefix(FAILS) for one, how in found.items() if how.startswith(FAILS)}
    if failed:
        how, text = copy.tests(sorted(set(failed.values())))
        anyway = set(failed.values()) if how not in (CAUGHT, SURVIVED) else set(FAILED.findall(text))
        for one, test in failed.items():
            known.put(keys[one], FAILS_ANYWAY if test in anyway else CAUGHT)


def written(found: dict[Mutation, str]) -> str:
    """The score by room, and what was not caught."""
    lines = ["", "| room | mutations | caught | share |", "|---|--:|--:|--:|"]
    for room in (*dict.fromkeys(one.room for one in found), ""):
        some = [how == CAUGHT for one, how in found.items() if room in ("", one.room)]
        lines.append(f"| {room or 'all'} | {len(some)} | {sum(some)} | {sum(some) / max(len(some), 1):.0%} |")
    others = [f"{how}: {one.room}, {one.file}: {one.means}" for one, how in found.items() if how != CAUGHT]
    return "\n".join([*lines, "", *others])


if __name__ == "__main__":
    sys.exit(main())
