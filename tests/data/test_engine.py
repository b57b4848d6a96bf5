"""The engine that a process keeps for few rows answers as one of its own does, and is in nobody's way."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
import ltv_bayes.data
from ltv_bayes.data.engine.duckdb import engine
from ltv_bayes.errors import InputError
from ltv_bayes.sizes import ROWS_OF_ONE_CORE

FORKED = """
import os, signal, sys
from ltv_bayes.data.engine.duckdb import engine

def threads():
    return len(os.listdir("/proc/self/task"))

def answer():
    with engine(rows=1) as connection:
        return connection.execute("SELECT sum(range) FROM range(1000)").fetchone()[0]

before = threads()
assert answer() == 499_500
print(threads() - before, flush=True)
child = os.fork()
if child == 0:
    signal.alarm(60)
    assert answer() == 499_500
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def sums(rows, size):
    frame = pd.DataFrame({"who": np.arange(size) % 7, "amount": np.random.default_rng(1).lognormal(3, 2, size)})
    with engine(rows=rows) as connection:
        connection.register("given", frame)
        return connection.execute("SELECT who, sum(amount), count(*) FROM given GROUP BY who ORDER BY who").fetchall()


@pytest.mark.parametrize("size", [1, 5000, ROWS_OF_ONE_CORE])
def test_few_rows_have_the_answers_of_an_engine_of_their_own(size):
    assert sums(size, size) == sums(None, size)


@pytest.mark.parametrize("rows", [3, None])
def test_tables_and_views_are_seen_by_no_other_question(rows):
    with engine(rows=rows) as one:
        one.register("given", pd.DataFrame({"a": [1]}))
        one.execute("CREATE TEMP TABLE made AS FROM given")
        one.execute("CREATE TEMP VIEW seen AS FROM made")
        for name in ("given", "made", "seen"):
            with pytest.raises(InputError, match=f"{name} does not exist"), engine(rows=rows) as other:
                other.execute(f"FROM {name}")
        assert one.execute("FROM seen").fetchall() == [(1,)]
    with pytest.raises(InputError, match="made does not exist"), engine(rows=rows) as later:
        later.execute("FROM made")


def test_a_question_that_failed_is_in_nobodys_way():
    with pytest.raises(InputError, match="cannot be read"), engine(rows=1) as connection:
        connection.execute("SELECT error('broken')")
    with engine(rows=1) as connection:
        assert connection.execute("SELECT 42").fetchone() == (42,)


def test_an_engine_that_is_kept_is_closed_to_those_who_had_it():
    with engine(rows=1) as connection:
        pass
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("SELECT 1")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_a_process_that_has_asked_can_be_forked_and_ends():
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["0", "7"], done.stderr


AT_THE_END = """
import atexit
from ltv_bayes.data.engine import duckdb

atexit.register(lambda: print("kept", duckdb._kept.cache_info().currsize))
with duckdb.engine(rows=1):
    print("open", duckdb._kept.cache_info().currsize)
"""


def test_the_engine_is_let_go_when_a_process_ends():
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["open", "1", "kept", "0"]
    assert ended.stderr == ""


def test_no_signature_holds_a_type_of_the_engine():
    """What outlives the interpreter, as functions that compiled code refers to, would keep it: reported as a leak."""
    modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(lb.data.__path__, "ltv_bayes.data.")]
    held = [
        f"{module.__name__}.{owner.__name__}"
        for module in modules
        for part in vars(module).values()
        for owner in (part, *(vars(part).values() if isinstance(part, type) else ()))
        if inspect.isfunction(owner)
        for kind in owner.__annotations__.values()
        if str(getattr(kind, "__module__", "")).startswith(("duckdb", "_duckdb"))
    ]
    assert len(modules) > 20
    assert held == []
