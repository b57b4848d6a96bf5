"""One thread for linear algebra while a posterior is searched and drawn.

The matrices are as small as the number of parameters. Threads that share such work cost up to eighty times what they
save, most of all where processes fit side by side.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

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
