"""The part that something makes of a whole."""

from typing import Any

import numpy as np


def share_of(part: Any, whole: Any) -> Any:
    """Divide, with 0 where the whole is nothing or less.

    Examples
    --------
    >>> share_of([1.0, 0.0], [4.0, 0.0]).tolist()
    [0.25, 0.0]
    """
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)
