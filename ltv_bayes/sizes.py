"""The one list of sizes and limits that bound memory and work, each with its purpose.

A larger block or batch is not more exact. No number of a result depends on these, except where a line says so. Sizes
of compiled loops stand beside the loops, since numba keeps compiled code by file.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

# reading
SNIFFED_CHARACTERS = 100_000
"""Characters of a text file that tell its separator, and Chinese from Western European text."""
NAMED_ROWS = 100_000
"""Rows at fault that an error about a log in files carries; all of them are counted."""
DUCKDB_VECTOR = 2048
"""Rows that DuckDB hands over at once, which its chunks are multiples of."""
ROWS_OF_ONE_CORE = 100_000
"""Rows in memory that DuckDB reads on one core anyway; an engine that is kept, without threads, looks at them."""
READ_ROWS = 131_072
"""Rows of a file of customers in memory at a time while all of them are checked, or some are chosen."""
KEPT_ROWS = 2 * READ_ROWS
"""Rows that DuckDB is given at once to keep: it takes fewer several times as slowly."""
ASKED_IDS = 10_000
"""Customers that one statement names by id, to an engine that holds their rows."""
CUSTOMERS_AT_A_TIME = 100_000
"""Customers in a batch of `Customers.batches`, unless the caller gives another size."""
NAMES_AT_A_TIME = 500
"""Names that are compared with all others at once."""
MOST_PAIRS = 200_000
"""Pairs of names that are alike beyond which no one could look through them, and the caller is asked for fewer."""
MOST_OF_ONE_NAME = 20
"""Ids with one name or tax number beyond which it is a placeholder, such as Walk-in, and no pairs are made of it."""

# fits
PARAMETERS_OF_WORKER = 16
"""Sets of parameters for which one worker computes the density before it takes the next ones."""
NUMBERS_OF_ONE_CORE = 20_000
"""Sets of parameters by histories for which one core has the density before other threads have begun."""
NUMBERS_OF_DENSITY = 1_000_000
"""Numbers, sets of parameters by groups, in memory while a density is computed for many sets."""
MANY_GROUPS = 20_000
"""Groups of customers beyond which a pooled fit is slow and warns."""
CASES_OF_PERSISTENCE = 5000
"""Customers, evenly spaced, that teach how long a number of theirs stays; the numbers depend on it."""

# forecasts
KEPT_GROUPS = 512
"""Groups of customers for which the parameters of all draws are kept at once; more of them are made in parts."""
LARGEST_ARRAY = 8 * 2**30
"""Bytes of forecasts, draws by customers, beyond which the caller is asked for fewer of either."""
CUSTOMERS_OF_WORKER = 64
"""Customers that one worker draws before it takes the next ones."""
NUMBERS_IN_BLOCK = 2**17
"""Numbers in a block of draws by histories: temporary arrays stay in the processor's cache."""

# values
CUSTOMERS_IN_BLOCK = 64
"""Customers that one worker values at once."""
CUSTOMERS_IN_BATCH = 1024 * CUSTOMERS_IN_BLOCK
"""Customers read together while they are valued or grouped; a whole number of blocks."""
NUMBERS_IN_SOURCE = 2**19
"""Numbers, periods by draws by customers, in one source of a block; with more draws a block has fewer customers."""
BLOCKS_AHEAD = 3
"""Blocks that wait for each core, so that no core is idle and few results are in memory."""
KEPT_BYTES = 2 * 2**30
"""Bytes of draws that a value keeps unless `keep_draws` is given; larger ones are drawn anew for each question."""
RANKED_BYTES = 2 * 2**30
"""Bytes of draws that ranks may take, which need all customers of a draw at once; beyond, fewer draws are ranked."""
MOST_SEGMENTS = 200
"""Segments of one column that are added up in the first pass over draws."""
CUSTOMERS_IN_CHUNK = 4 * CUSTOMERS_IN_BLOCK
"""Customers in a chunk of a zarr store of draws."""
WRITTEN_ROWS = 64 * CUSTOMERS_IN_BLOCK
"""Customers with summaries written to a Parquet file at once."""
COMPARED_JUDGEMENTS = 2000
"""Judgements compared with draws from data at once."""
ALIVE_CUSTOMERS = 2048
"""Customers with P(alive) for all draws in memory at once."""

# judgements and checks
QUANTILE_DRAWS = 500
"""Evenly spaced draws that quantiles of pooled judgements are taken from, which the numbers depend on."""
TRACKED_DRAWS = 400
"""Evenly spaced draws of a backtest that are followed through time, which the numbers depend on."""
BACKTEST_NUMBERS = 2**24
"""Draws by customers of a backtest; with more, the fits are thinned, which the numbers depend on."""
BACKTEST_DRAWS = 1000
"""Draws of a backtest that are left however many customers there are."""
CHECKED_CUSTOMERS = 20_000
"""Customers with data repeated in a check; of more, as many are chosen at random, which the numbers depend on."""
COMPARED_CUSTOMERS = 20_000
"""Customers in a batch while two models are compared."""


_LIMIT: ContextVar[int | None] = ContextVar("cores", default=None)


@contextmanager
def on_cores(number: int) -> Iterator[None]:
    """Use no more cores than this, where something else shares them out.

    Examples
    --------
    >>> with on_cores(1):
    ...     available_cores()
    1
    """
    before = _LIMIT.set(number)
    try:
        yield
    finally:
        _LIMIT.reset(before)


def available_cores() -> int:
    """Count the processors that the process may use, which may be fewer than the machine has.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    limit, found = _LIMIT.get(), _cores_of_process()
    return found if limit is None else min(limit, found)


def _cores_of_process() -> int:
    """Count the processors that the operating system lets the process run on."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_lock = Lock()
_open: list[Any] = []  # an entry for each block that is open; the first one is the limit, and is taken out last


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let linear algebra run on one thread within the block; as before when the last of several blocks has ended."""
    from threadpoolctl import threadpool_limits

    with _lock:
        _open.append(None if _open else threadpool_limits(1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _open.pop()
            if limit is not None:
                limit.restore_original_limits()


SMALLEST_AMOUNT, LARGEST_AMOUNT = 1e-100, 1e100
"""Money outside of them, but for 0, is a slip: squares and sums of it would be 0 or infinite."""

# terms of a value where not given
DISCOUNT_RATE, MARGIN = 0.0, 1.0
"""What values are stated at where not given, in Python and on the command line: revenue, not discounted."""
