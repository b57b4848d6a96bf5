"""Where each judgement in a value comes from, and what it brings to it."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ltv_bayes.intervals import flagged
from ltv_bayes.value.draws.valuation import added
from ltv_bayes.value.influence.judged_parts import judged_parts, require_judged
from ltv_bayes.value.influence.shares import share_of

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue


def audit(value: "LifetimeValue") -> pd.DataFrame:
    """Where each judgement comes from, and what it brings: stated, recalibrated, used, by whom, when.

    Returns
    -------
    pandas.DataFrame
        As `FutureValuePriors.audit`, with used (mean of its money in the value, discounted and after margin) and
        used_share (its share of the book's mean). `write_table` writes it to a file.

    Raises
    ------
    InputError
        If nothing is judged.
    """
    judged = require_judged(value)
    used = np.zeros(len(judged))
    for position, money in judged_parts(value):
        used[position] = money.mean()
    table = judged.audit().assign(used=used, used_share=share_of(used, added(value.book()).mean()))
    table = flagged(table, value.caution)
    table.attrs = {"currency": value.currency or "", "settings": str(value.settings)}
    return table
