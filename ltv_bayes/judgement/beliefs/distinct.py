"""What is the same for many judgements, found once."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array


def for_distinct(law: Callable[..., tuple[Array, ...]], *columns: Array) -> list[Array]:
    """Call a function of columns with each distinct row once, and give every row its results.

    Examples
    --------
    >>> doubled = for_distinct(lambda one, other: (one + other, np.full(len(one), len(one))), [1, 2, 1], [0, 0, 0])
    >>> [part.tolist() for part in doubled]
    [[1, 2, 1], [2, 2, 2]]
    """
    rows = pd.DataFrame(dict(enumerate(columns)))
    place = rows.groupby(list(rows), dropna=False, sort=False).ngroup().to_numpy()
    distinct = rows.drop_duplicates()
    return [np.asarray(part)[place] for part in law(*(distinct[name].to_numpy() for name in rows))]
