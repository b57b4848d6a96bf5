"""Compiled loops are never older than the source."""

import os
import subprocess
import sys

import numba

from tests.compiled import FOLDER, ROOT, keep_apart, state

INNER = "import numba\n\n\n@numba.njit(cache=True)\ndef inner():\n    return {}\n"
OUTER = "import numba\nfrom inner import inner\n\n\n@numba.njit(cache=True)\ndef outer():\n    return inner()\n"


def test_the_folder_is_chosen_before_anything_compiles():
    assert os.environ["NUMBA_CACHE_DIR"] == numba.config.CACHE_DIR == FOLDER


def test_a_loop_runs_what_the_one_it_calls_has_become(tmp_path, monkeypatch):
    """In one folder numba would run the old one: it looks at the file of the caller only."""
    (tmp_path / "outer.py").write_text(OUTER)
    monkeypatch.setattr("tests.compiled.ROOT", tmp_path)

    def run(number, folder):
        (tmp_path / "inner.py").write_text(INNER.format(number))
        command = [sys.executable, "-c", "from outer import outer; print(outer())"]
        env = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": folder}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    def chosen(number):
        (tmp_path / "inner.py").write_text(INNER.format(number))
        with monkeypatch.context() as alone:
            alone.delenv("NUMBA_CACHE_DIR")
            alone.delitem(sys.modules, "numba")
            return keep_apart(tmp_path)

    assert [run(number, chosen(number)) for number in (1, 22)] == ["1", "22"]


def test_the_state_is_that_of_all_that_compiles(tmp_path):
    (tmp_path / "inner.py").write_text(INNER.format(1))
    before = state(tmp_path)
    (tmp_path / "words.py").write_text("WORDS = 1\n")
    assert state(tmp_path) == before
    (tmp_path / "outer.py").write_text(OUTER)
    assert state(tmp_path) != before
    assert state(ROOT / "ltv_bayes") != state(ROOT / "ltv_bayes" / "formulas")
