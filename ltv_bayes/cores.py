"""How many processor cores this process may use."""

import os


def available_cores() -> int:
    """Count the cores, those only that the process is allowed to run on.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
