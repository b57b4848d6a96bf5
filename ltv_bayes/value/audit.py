"""Where each judgement in a value comes from, and what it brings to it."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ltv_bayes.intervals import flagged
from ltv_bayes.judgement.audit import audit_table
from ltv_bayes.value.judged_parts import judged_parts, require_judged
from ltv_bayes.value.shares import share_of
from ltv_bayes.value.valuation import added

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue


def value_audit_table(value: "LifetimeValue") -> pd.DataFrame:
    """One row for each judgement; see `LifetimeValue.audit`."""
    judged = require_judged(value)
    used = np.zeros(len(judged))
    for position, money in judged_parts(value):
        used[position] = money.mean()
    table = audit_table(judged).assign(used=used, used_share=share_of(used, added(value.book()).mean()))
    table = flagged(table, value.caution)
    table.attrs = {"currency": value.currency or "", "settings": str(value.settings)}
    return table
