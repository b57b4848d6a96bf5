"""Rows of a customer table, chosen by id or by mask."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.files import BATCH
from ltv_bayes.data.customers.rows import Rows
from ltv_bayes.errors import InputError, counted, rows_at_fault


def chosen_rows(rows: Rows, chosen: Any) -> pd.DataFrame:
    """Take the rows of the customers chosen by id or by mask.

    Raises
    ------
    InputError
        If an id is unknown, or the mask is of other customers.
    """
    if isinstance(chosen, pd.Series) and pd.api.types.is_bool_dtype(chosen.dtype):
        ids = rows.ids()
        if not chosen.index.is_unique or not ids.isin(chosen.index).all():
            raise InputError("The mask is not indexed by the ids of these customers. Make it from customers.table.")
        chosen = chosen.reindex(ids)
    wanted = pd.Index(list(chosen))
    if len(wanted) and pd.api.types.is_bool_dtype(wanted.dtype):
        return _masked(rows, wanted.to_numpy(dtype=bool))
    table = rows.with_ids(wanted)
    unknown = wanted[~wanted.isin(table.index)]
    if len(unknown):
        cure = f"Write ids as the table does, as in {rows.head(1).index[0]!r}."
        raise InputError(rows_at_fault(unknown, "customer", "not in the table", cure), unknown)
    return table


def _masked(rows: Rows, mask: np.ndarray) -> pd.DataFrame:
    """Take the rows that a mask marks."""
    if len(mask) != len(rows):
        raise InputError(f"The mask has {len(mask):,} entries for {counted(len(rows), 'customer')}. Give one each.")
    kept, first = [rows.head(0)], 0
    for batch in rows.batches(BATCH):
        kept.append(batch[mask[first : first + len(batch)]])
        first += len(batch)
    filled = [batch for batch in kept if len(batch)] or kept[:1]
    return filled[0] if len(filled) == 1 else pd.concat(filled)
