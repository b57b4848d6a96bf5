"""The one list of sizes and limits that bound memory and work, each with its purpose.

A larger block or batch is not more exact. No number of a result depends on these, except where a line says so.
"""

import os

# reading
SNIFFED_CHARACTERS = 100_000
"""Characters of a text file that tell its separator, and Chinese from Western European text."""
NAMED_ROWS = 100_000
"""Rows at fault that an error about a log in files carries; all of them are counted."""
DUCKDB_VECTOR = 2048
"""Rows that DuckDB hands over at once, which its chunks are multiples of."""
READ_ROWS = 131_072
"""Rows of a file of customers in memory at a time while all of them are checked, or some are chosen."""
CUSTOMERS_AT_A_TIME = 100_000
"""Customers in a batch of `Customers.batches`, unless the caller gives another size."""


def available_cores() -> int:
    """Count the processors that the process is allowed to run on, which may be fewer than the machine has.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
