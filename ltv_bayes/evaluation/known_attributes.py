"""The attributes of customers that were known at an origin of a backtest."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from ltv_bayes.data.customers.attributes import id_column_name, types_with_missing
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import ids_of
from ltv_bayes.errors import refuse_rows
from ltv_bayes.language import N_, _

KNOWN_FROM = "known_from"
AS_NOW = N_("attributes are taken as known at all origins{see}")
TELL_SINCE_WHEN = N_("; where they changed, say so with a column known_from, the day from which each row was known")

OnDay = Callable[[dt.date], Any]


@dataclass(frozen=True, eq=False)
class KnownAttributes:
    """Attributes of customers, as they were known on any day.

    Attributes
    ----------
    given : path, frame or callable, optional
        One row a customer, as `summarize` takes it; or a function that gives such a table for a day.
    dated : pandas.DataFrame, optional
        In place of it, rows with the day from which each was known: indexed by customer_id, with that day and the
        attributes.
    """

    given: Any = None
    dated: pd.DataFrame | None = None

    @classmethod
    def read(cls, given: Any, customer_column: str) -> Self:
        """Read a table, whose column ``known_from`` says from which day each row was known, or a function of the day.

        Raises
        ------
        InputError
            If a row has no such day, or two rows of one day contradict each other; the message names them.
        """
        if given is None or callable(given):
            return cls(given)
        frame = read_table(given)
        if KNOWN_FROM not in frame.columns:
            return cls(given)
        name = id_column_name(frame, customer_column)
        ids = ids_of(named_column(frame, name, "customer"))
        days, faults = as_days(frame[KNOWN_FROM])
        refuse(faults, frame.index, _("{known_from} is the day from which a row was known.", known_from=KNOWN_FROM))
        attributes = frame.drop(columns=[name, KNOWN_FROM], errors="ignore")
        attributes = attributes.astype(types_with_missing(attributes))
        table = attributes.assign(**{KNOWN_FROM: days.array}).set_axis(ids, axis="index")
        _refuse_contradictions(table, frame.index)
        return cls(None, table.sort_values(KNOWN_FROM, kind="stable"))

    @property
    def note(self) -> str:
        """What is assumed of attributes; empty if nothing is."""
        return "" if self.given is None or callable(self.given) else _(AS_NOW, see=_(TELL_SINCE_WHEN))

    def on(self, day: dt.date, customer_column: str = "customer_id") -> Any:
        """The attributes known on a day, as `summarize` takes them: of each, the newest row that states it."""
        if callable(self.given):
            return type(self).read(self.given(day), customer_column).on(day, customer_column)
        if self.dated is None:
            return self.given
        known = self.dated.loc[self.dated[KNOWN_FROM] <= pd.Timestamp(day)].drop(columns=KNOWN_FROM)
        newest = known.groupby(level=0, sort=False).last()
        return newest.reindex(self.dated.index.unique()).rename_axis("customer_id").reset_index()


def _refuse_contradictions(table: pd.DataFrame, rows: pd.Index) -> None:
    """Refuse rows of one customer and one day that state one attribute differently."""
    keys = [table.index, table[KNOWN_FROM]]
    differ = table.drop(columns=KNOWN_FROM).astype("string").groupby(keys).transform("nunique").gt(1).any(axis=1)
    refuse_rows(
        rows[differ.to_numpy()],
        "row",
        _(
            "of attributes with the customer and the day of {known_from} of another row, and other values",
            known_from=KNOWN_FROM,
        ),
        _("Keep one of them, or correct its day."),
    )
