"""The engine that a process keeps for few rows answers as one of its own does, and is in nobody's way."""

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

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
