"""Compiled loops are never older than the source."""

import ast
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


OF_LOOPS = {"inner", "written_in", "compiled", "compiled_sum", "loop", "loop_written_out", "_written_out"}
UNCOUNTED = {"kernel_uncounted", "loop", "loop_written_out"}
COMPILED = OF_LOOPS | UNCOUNTED | {"kernel", "njit"}
SEVERAL_NUMBERS = {"on_clock", "time_left"}


def decorators(function):
    return {name.id if isinstance(name, ast.Name) else getattr(name, "attr", "") for name in function.decorator_list}


def calls_outside_loops(tree):
    """What is called by lines that are not compiled."""
    if isinstance(tree, ast.FunctionDef) and decorators(tree) & COMPILED:
        return
    if isinstance(tree, ast.Call):
        yield tree.lineno, ast.unparse(tree.func)
    for part in ast.iter_child_nodes(tree):
        yield from calls_outside_loops(part)


def test_loops_that_are_for_loops_alone_are_not_called_from_python():
    """Such a call would end the process."""
    theirs, wrong = {}, []
    for path in (ROOT / "ltv_bayes" / "formulas").rglob("*.py"):
        functions = [one for one in ast.parse(path.read_text()).body if isinstance(one, ast.FunctionDef)]
        theirs[path.stem] = {one.name for one in functions if decorators(one) & OF_LOOPS}
    assert sum(map(len, theirs.values())) > 50
    for path in [*(ROOT / "ltv_bayes").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        text = path.read_text()
        if "formulas" not in f"{path} {text}":
            continue
        tree, named = ast.parse(text), set(theirs.get(path.stem, ()))
        for one in ast.walk(tree):
            if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("ltv_bayes.formulas"):
                inner = theirs.get(one.module.split(".")[-1], set())
                named |= inner & {alias.name for alias in one.names}
                for alias in one.names:
                    named |= {f"{alias.asname or alias.name}.{name}" for name in theirs.get(alias.name, ())}
        if named:
            wrong += [f"{path}:{line}: {called}" for line, called in calls_outside_loops(tree) if called in named]
    assert not wrong, "\n".join(wrong)


def called(function):
    return {one.func.id for one in ast.walk(function) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}


def test_arrays_of_loops_that_count_no_references_stay_among_such_loops():
    """A caller that counts would free an array that is still in use; what is written in others counts as they do."""
    loops = [
        one
        for path in (ROOT / "ltv_bayes" / "formulas").rglob("*.py")
        for one in ast.parse(path.read_text()).body
        if isinstance(one, ast.FunctionDef) and decorators(one) & COMPILED
    ]
    returned = [(loop, one.value) for loop in loops for one in ast.walk(loop) if isinstance(one, ast.Return)]
    several = {loop.name for loop, value in returned if isinstance(value, ast.Tuple) and decorators(loop) & UNCOUNTED}
    assert several >= {"purchases_of", "spend_of"} | SEVERAL_NUMBERS
    written_in = [loop for loop in loops if "written_in" in decorators(loop)]
    for loop in loops:
        if not decorators(loop) & UNCOUNTED and loop not in written_in:
            lines = called(loop).union(*(called(one) for one in written_in if one.name in called(loop)))
            assert not lines & several - SEVERAL_NUMBERS, loop.name
