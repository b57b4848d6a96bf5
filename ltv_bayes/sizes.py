"""How many processors this process may use."""

import os


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
