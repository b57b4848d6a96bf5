"""The share of each customer's revenue that is kept, in each stream."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.columns import refuse_text
from ltv_bayes.errors import ColumnError, InputError, rows_at_fault, suggestion
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.time_units import refuse_percent


@dataclass(frozen=True)
class Margin:
    """A margin as the user gave it, checked for every customer.

    Attributes
    ----------
    given : float, str or dict
        One share for all, the name of a column, or a share for each id as text.
    text : str
        The margin, or its range, as people write it.
    """

    given: float | str | dict[str, Any]
    text: str

    @classmethod
    def read(cls, customers: Customers, margin: float | str | Mapping[Any, float] | pd.Series) -> "Margin":
        """Read a margin.

        Raises
        ------
        ColumnError
            If there is no column of this name, or it holds text.
        InputError
            If a customer's margin is missing, or lies outside 0 to 1 (as a percentage does).
        """
        if not isinstance(margin, str | Mapping | pd.Series):
            share = as_share(margin, "margin")
            return cls(share, in_percent(share, share))
        if isinstance(margin, str) and margin not in customers.columns:
            refuse_percent(margin, "margin")
            raise ColumnError(
                _(
                    "The customers have no column {margin!r}. {suggestion}",
                    margin=margin,
                    suggestion=suggestion(margin, customers.columns),
                )
            )
        given = margin if isinstance(margin, str) else _by_id(margin)
        shares = [cls(given, "").of(batch) for batch in customers.batches()]
        return cls(given, in_percent(min(share.min() for share in shares), max(share.max() for share in shares)))

    def of(self, customers: Customers) -> Array:
        """Shares of these customers, an array of shape (customers,)."""
        if isinstance(self.given, str):
            refuse_text(customers.table[self.given], "margin")
            values = pd.to_numeric(customers.table[self.given], errors="coerce").to_numpy(dtype=float)
        elif isinstance(self.given, dict):
            shares = pd.Series([self.given.get(str(customer_id)) for customer_id in customers.ids], dtype=object)
            values = pd.to_numeric(shares, errors="coerce").to_numpy(dtype=float)
        else:
            values = np.full(len(customers), self.given)
        wrong = ~((values >= 0) & (values <= 1))
        if wrong.any():
            ids = list(customers.ids[wrong])
            problem = _("with a margin that is missing, no number, or outside 0 to 1")
            raise InputError(rows_at_fault(ids, "customer", problem, _("Write 35% as margin=0.35.")), ids)
        return values


@dataclass(frozen=True)
class Margins:
    """The margins of a value's sources.

    Attributes
    ----------
    usual : Margin
        Of sources without one of their own.
    own : mapping
        Names of the other sources, with theirs.
    """

    usual: Margin
    own: Mapping[str, Margin]

    def of(self, source: str, customers: Customers) -> Array:
        """Shares of these customers in a source, an array of shape (customers,)."""
        return self.own.get(source, self.usual).of(customers)


def _by_id(margin: Mapping[Any, float] | pd.Series) -> dict[str, Any]:
    """Shares by id as text; an id that is given twice is refused, as 7 and "7" are."""
    pairs = [(str(key), value) for key, value in margin.items()]
    ids = pd.Series([key for key, _unused in pairs], dtype=object)
    if twice := ids[ids.duplicated()].unique().tolist():
        problem = _("with a margin given twice")
        raise InputError(rows_at_fault(twice, "customer", problem, _("Give one share for each id.")), twice)
    return dict(pairs)


def in_percent(low: float, high: float) -> str:
    """Write a share, or the lowest and the highest of several."""
    return f"{100 * low:.3g}%" if low == high else _("{low:.3g}% to {high:.3g}%", low=100 * low, high=100 * high)
