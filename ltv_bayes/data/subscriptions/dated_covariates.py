"""Covariates of subscribers by date, such as a health score: what of them was known before a day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.attributes import id_column_name
from ltv_bayes.data.customers.grouping import read_numbers
from ltv_bayes.data.reading.columns import named_column, plain
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault, quoted, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_text, ids_of
from ltv_bayes.errors import ColumnError, InputError, counted, suggestion
from ltv_bayes.language import _, _n, comma

DAYS_APART = 10_000_000
"""More days than any two dates lie apart: a customer's place times this, and a day, are one number to search for."""
ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class DatedCovariates:
    """Numbers of customers that change in time, by the day on which each became known.

    Attributes
    ----------
    names : tuple of str
        Of the columns.
    ids : pandas.Index
        The customers, as text, each once.
    owner : array of shape (rows,)
        The place of each row's customer among them; rows are sorted by customer and day.
    day : array of shape (rows,)
        Days.
    values : array of shape (rows, columns)
        The newest known on each day; NaN before the first.
    note : str
        What was read, in a sentence.
    """

    names: tuple[str, ...]
    ids: pd.Index
    owner: np.ndarray
    day: np.ndarray
    values: np.ndarray
    note: str = ""

    @classmethod
    def read(
        cls, source: Any, until: dt.date, *, customer: str, date: str, columns: Sequence[str] | None, date_format: Any
    ) -> Self:
        """Read a table with one row for a customer and a day; rows after a day are left out.

        Raises
        ------
        ColumnError
            If a column is missing, or none is left for covariates.
        InputError
            If rows have no customer, no date, or something that is no number; or if two rows of one customer and one
            day contradict each other. The message names the rows.

        Examples
        --------
        >>> rows = [("Ada", "2024-01-31", 9, 7), ("Ada", "2024-02-29", None, 6)]
        >>> usage = pd.DataFrame(rows, columns=["customer_id", "date", "logins", "score"])
        >>> columns = {"customer": "customer_id", "date": "date", "columns": None, "date_format": None}
        >>> found = DatedCovariates.read(usage, dt.date(2024, 6, 30), **columns)
        >>> found.names, found.values.tolist()
        (('logins', 'score'), [[9.0, 7.0], [9.0, 6.0]])
        """
        frame = read_table(source)
        name = id_column_name(frame, customer)
        ids = as_text(ids_of(named_column(frame, name, "customer")))
        days, faults = as_days(named_column(frame, date, "date"), date_format=date_format)
        wanted = [str(one) for one in frame.columns if one not in (name, date)] if columns is None else list(columns)
        cells = {one: plain(named_column(frame, one, "columns")) for one in wanted}
        if not cells:
            raise ColumnError(
                _("Beside customer and date the table has no column with numbers that change in time. Add one.")
            )
        numbers = {}
        for one, column in cells.items():
            numbers[one], wrong = _numbers(column, one)
            faults = [*faults, *wrong]
        refuse(faults, frame.index)
        table = pd.DataFrame({**numbers, "": ids.array}, index=frame.index)
        refuse([_contradictions(table, days)], frame.index)
        early = (days <= pd.Timestamp(until)).to_numpy()
        owner, known = pd.factorize(ids[early], sort=True)
        day = days.to_numpy(dtype="M8[D]")[early]
        order = np.lexsort((day, owner))
        filled = table.drop(columns="")[early].iloc[order].groupby(owner[order]).ffill()
        return cls(
            tuple(wanted), pd.Index(known), owner[order].astype(np.int64), day[order], filled.to_numpy(dtype=float)
        )

    def before(self, ids: pd.Index, days: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """The newest values dated before a day, of customers and their days: shape (customers, names).

        NaN where there are none.

        Examples
        --------
        >>> days = np.array(["2024-01-31", "2024-02-29"], "M8[D]")
        >>> scores = DatedCovariates(("score",), pd.Index(["Ada"]), np.zeros(2, int), days, np.array([[7.0], [6.0]]))
        >>> asked = np.array(["2024-01-31", "2024-02-29", "2024-03-31"], "M8[D]")
        >>> scores.before(pd.Index(["Ada"] * 3), asked, ["score"]).ravel().tolist()
        [nan, 7.0, 6.0]
        """
        owner = self.ids.get_indexer(as_text(ids))
        place = np.searchsorted(self._sorted, _keys(owner, days)) - 1
        found = np.full((len(days), len(names)), np.nan)
        there = (owner >= 0) & (place >= 0)
        there[there] = self.owner[place[there]] == owner[there]
        found[there] = self.values[np.ix_(place[there], [self.names.index(one) for one in names])]
        return found

    @cached_property
    def _sorted(self) -> np.ndarray:
        return _keys(self.owner, self.day)

    def known_by(self, ids: pd.Index, day: Any, names: Sequence[str]) -> np.ndarray:
        """The newest values dated on a day or before it, of customers: shape (customers, names)."""
        return self.before(ids, np.full(len(ids), np.datetime64(day, "D") + ONE_DAY), names)

    def require(self, names: Sequence[str]) -> None:
        """Raise unless there are columns of these names.

        Raises
        ------
        ColumnError
            With the nearest name.
        """
        for name in names:
            if name not in self.names:
                raise ColumnError(
                    _(
                        "There is no {name!r} by date. {suggestion}",
                        name=name,
                        suggestion=suggestion(name, self.names),
                    )
                )

    def about(self, subscribers: pd.Index) -> Self:
        """Note what was read about subscribers.

        Raises
        ------
        InputError
            If no row is about any of the subscribers.
        """
        theirs = self.ids.isin(as_text(subscribers))
        if not theirs.any():
            raise InputError(
                _(
                    "None of the customers of the table, such as {example!r}, has a subscription; those are {ids}, for "
                    "instance. Write the ids as in the records, and give values dated by the as-of date.",
                    example=self.ids[0] if len(self.ids) else "",
                    ids=comma(repr(one) for one in as_text(subscribers)[:3]),
                )
            )
        others = int((~theirs).sum())
        left_out = _n(
            "; {customers} without a subscription is left out",
            "; {customers} without a subscription are left out",
            others,
            customers=counted(others, "customer"),
        )
        note = _(
            "{names} by date: {rows} of {customers}, {first} to {last}{others}",
            names=comma(self.names),
            rows=counted(int(theirs[self.owner].sum()), "row"),
            customers=counted(int(theirs.sum()), "customer"),
            first=self.day.min(),
            last=self.day.max(),
            others=left_out if others else "",
        )
        return replace(self, note=note)


def _keys(owner: np.ndarray, day: np.ndarray) -> np.ndarray:
    """One number for each customer and day, in the order of both."""
    return np.asarray(owner, dtype=np.int64) * DAYS_APART + day.astype("M8[D]").astype(np.int64)


def _numbers(cells: pd.Series, name: str) -> tuple[np.ndarray, list[Fault]]:
    """A column as numbers, NaN where it is blank, with the rows at fault."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        raise InputError(_("{name} holds dates. Write how long ago they are, in a column of numbers.", name=name))
    numbers, unread = read_numbers(cells)
    problem = _("with a {name} that cannot be read as a number", name=name)
    cure = _("Write plain numbers, without units, or name the columns of numbers with columns=.")
    infinite = _("The logarithm of 0 is infinite: take log(1 + x), or fill in another number.")
    return np.where(unread, np.nan, numbers), [
        Fault(unread, problem, cure, quoted(cells, unread)),
        Fault(np.isinf(numbers), _("with an infinite {name}", name=name), infinite),
    ]


def _contradictions(table: pd.DataFrame, days: pd.Series) -> Fault:
    """Find rows of one customer and one day with different values."""
    keys = [table[""].to_numpy(), days.to_numpy()]
    differ = table.drop(columns="").groupby(keys).transform("nunique").gt(1).any(axis=1).to_numpy()
    problem = _("with the customer and the day of another row, and other values")
    return Fault(differ, problem, _("Keep one of them, or correct its day."))
