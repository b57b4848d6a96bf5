"""One batch of customers scored: its summaries in the order of its rows, its totals, and who could not be scored."""

import datetime as dt
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.check import OBSERVED_UNTIL, refuse_repeated
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_ids, as_text, final_ids, ids_of
from ltv_bayes.errors import ColumnError, DataWarning, InputError, LtvBayesError, counted, listed, refuse_rows
from ltv_bayes.language import _, as_known, comma
from ltv_bayes.scoring.model import (
    ValueModel,
    columns_of_zeros,
    needed_columns,
    score_table,
    valuation_with,
    valued_with,
)
from ltv_bayes.scoring.sums import Sums
from ltv_bayes.sizes import MOST_SEGMENTS
from ltv_bayes.streams.together import refuse_unknown_ends
from ltv_bayes.time_units import DAYS_PER_UNIT, TimeUnit
from ltv_bayes.value.draws.judged_streams import refuse_learning_from_some
from ltv_bayes.value.draws.passes import Columns, OnePass
from ltv_bayes.value.draws.results import Results, joined
from ltv_bayes.value.segments.groupings import APART, SegmentGrouping

PROBLEM = ("customer_id", "reason")
HISTORY = {"frequency", "recency", "T"}


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of every customer; it travels to where they are.

    Attributes
    ----------
    time_unit, as_of, currency
        Of the customers.
    customer_id : str
        The column of their ids.
    segments : tuple of tuple of str
        Columns by which totals are added up, one or several together.
    thresholds : tuple of float
        Amounts whose chance of being exceeded is asked for.
    tiers : tuple of (str, float)
        Names of tiers with the amount above which a value belongs to each, the highest first; the rest has the last
        name, without a limit below it.
    place : int
        Of the horizon that is reported.
    interval : (float, str)
        Probability and kind.
    random_seed : int
        Of all draws.
    report : bool
        Whether customers who cannot be scored are named and left out, instead of stopping the work.
    """

    time_unit: TimeUnit
    as_of: dt.date | None
    currency: str | None
    customer_id: str
    segments: tuple[tuple[str, ...], ...]
    thresholds: tuple[float, ...]
    tiers: tuple[tuple[str, float], ...]
    place: int
    interval: tuple[float, str]
    random_seed: int
    report: bool

    @property
    def limits(self) -> tuple[float, ...]:
        """All amounts above which draws are counted."""
        return tuple(dict.fromkeys([*self.thresholds, *(limit for _unused, limit in self.tiers[:-1])]))

    @property
    def keys(self) -> list[str]:
        """What the groupings by these columns are remembered by."""
        return [APART.join(columns) for columns in self.segments]

    def groupings(self, customers: Customers) -> list[SegmentGrouping]:
        """How segments are made."""
        return [SegmentGrouping.read(customers, list(columns)) for columns in self.segments]


@dataclass(frozen=True, eq=False)
class Scored:
    """What became of a batch.

    Attributes
    ----------
    table : pandas.DataFrame
        Summaries of those scored, in the order of their rows, indexed by customer_id.
    problems : list of (id, reason)
        Who was left out.
    notes : list of str
        What was warned of.
    """

    table: pd.DataFrame
    problems: list[tuple[str, str]]
    notes: list[str]


def judged_ids(model: ValueModel) -> list[str]:
    """Ids, as text, of the customers that the model has judgements of."""
    return [] if model.future_value is None else as_text(model.future_value.table["customer_id"]).unique().tolist()


def judged_note(elsewhere: Collection[str]) -> list[str]:
    """State who was judged, and is not among those scored: their opportunities are in no value."""
    if not elsewhere:
        return []
    customers = counted(len(elsewhere), "judged customer")
    return [_("{customers} not among those scored: {ids}.", customers=customers, ids=listed(sorted(elsewhere)))]


def refuse_other_day_or_unit(customers: Customers) -> None:
    """Raise where the days of orders say that observation ended on another day, or that T is in another unit.

    A table that `summarize` wrote has these days beside T, which is counted from the first order to the as-of date. Not
    so where the clock starts on given days, or observation of some ended earlier: there nothing is compared.

    Raises
    ------
    InputError
        Naming the customers.
    """
    table, end = customers.table, pd.Timestamp(customers.as_of) if customers.as_of else pd.NaT
    if end is pd.NaT or "since" in table or OBSERVED_UNTIL in table:
        return
    days = {
        name: pd.to_datetime(table[name], errors="coerce") for name in ("first_order", "last_order") if name in table
    }
    if "last_order" in days:
        late = table.index[(days["last_order"] > end).to_numpy()]
        cure = _("Pass the day on which observation of these customers ended: as_of=.")
        refuse_rows(late, "customer", _("with an order after as_of {as_of}", as_of=customers.as_of), cure)
    if "first_order" in days:
        since, counted_days = (end - days["first_order"]).dt.days, table["T"] * DAYS_PER_UNIT[customers.time_unit]
        other = table.index[((counted_days - since).abs() > 1 + 0.01 * since).to_numpy()]
        problem = _(
            "with a T in {unit}s that is not the time from their first order to {as_of}",
            unit=as_known(customers.time_unit),
            as_of=customers.as_of,
        )
        refuse_rows(other, "customer", problem, _("Pass the unit and the day of the table: time_unit= and as_of=."))


class Work:
    """Scores batches of customers, and adds up their totals.

    Parameters
    ----------
    model : ValueModel
        What they are valued with.
    asked : Asked
        What is asked of each.
    """

    def __init__(self, model: ValueModel, asked: Asked) -> None:
        self.model, self.asked = model, asked
        nobody = Customers(pd.DataFrame(), asked.time_unit, asked.as_of, asked.currency)
        self.valued = valued_with(model, Results(valuation_with(model, nobody, asked.random_seed)), asked.place)
        self.sums = Sums.none(self.valued.valuation, asked.keys)
        self.judged_elsewhere = set(judged_ids(model))

    @cached_property
    def empty(self) -> pd.DataFrame:
        """A table of scores without a row."""
        return self._shown(columns_of_zeros(self.model, self.asked.interval, self.asked.limits), pd.Index([""])).head(0)

    def of_rows(self, rows: Any) -> Scored:
        """Score rows of a table, a frame or Arrow; raise for those that cannot be, or report them.

        Raises
        ------
        InputError
            Naming rows or customers, unless they are to be reported.
        """
        frame = read_table(rows).reset_index(drop=True)
        self._refuse_orders(frame.columns)
        ids, without = as_ids(named_column(frame, self.asked.customer_id, "customer_id"))
        there = ~np.asarray(without.at)
        if not self.asked.report:
            return self._in_order(self.of_customers(self._customers(frame)), ids)
        refuse_repeated(pd.Index(ids[there]))
        problems = [("", str(without.problem))] * int((~there).sum())
        return self._reported(frame, ids, there, problems)

    def _reported(self, frame: pd.DataFrame, ids: pd.Series, kept: np.ndarray, problems: list[Any]) -> Scored:
        """Leave out who is at fault until all others are scored; all of them where nobody in particular is."""
        text = np.asarray(as_text(ids))
        while kept.any():
            try:
                found = self.of_customers(self._customers(frame[kept]))
                return replace(self._in_order(found, ids[kept]), problems=problems)
            except Exception as problem:  # whatever a batch does to the code, the others are to be scored
                named = np.isin(text, [str(one) for one in getattr(problem, "rows", ())]) & kept
                bad = named if named.any() else kept
                reason = str(problem) if isinstance(problem, LtvBayesError) else f"{type(problem).__name__}: {problem}"
                problems = [*problems, *((str(one), reason) for one in text[bad])]
                kept = kept & ~bad
        return Scored(self.empty, problems, [])

    def _customers(self, frame: pd.DataFrame) -> Customers:
        """Customers of rows, checked; those of a model without histories need an id alone."""
        asked = self.asked
        stated: dict[str, Any] = {"time_unit": asked.time_unit, "as_of": asked.as_of, "currency": asked.currency}
        if self.model.has_history or "frequency" in frame.columns:
            customers = Customers.from_summary(frame, customer_id=asked.customer_id, **stated)
            self._refuse_missing(customers.columns)
            refuse_other_day_or_unit(customers)
            return customers
        ids = ids_of(frame[asked.customer_id])
        refuse_repeated(ids)
        return Customers(frame.drop(columns=asked.customer_id).set_axis(ids, axis="index").sort_index(), **stated)

    def _refuse_orders(self, columns: Collection[str]) -> None:
        """Raise if rows have nothing of a customer's history, as those of orders."""
        if self.model.has_history and not HISTORY & set(columns):
            raise ColumnError(
                _(
                    "These rows have no frequency, recency and T, so they are no customers. Where they are orders, "
                    "make customers of them first: summarize(orders, time_unit={unit!r}, as_of=...). There are "
                    "{columns}.",
                    unit=str(self.asked.time_unit),
                    columns=comma(columns),
                ),
                sorted(HISTORY),
            )

    def _refuse_missing(self, columns: Collection[str]) -> None:
        """Raise if a column of attributes is not there that the model reads, such as a margin or a segment."""
        needed = [name for name, (_kind, is_needed, _means) in needed_columns(self.model).items() if is_needed]
        if missing := [name for name in needed if name != "customer_id" and name not in columns]:
            raise ColumnError(
                _(
                    "The customers have no column {missing}, which the model needs; see model.inputs. There are "
                    "{columns}.",
                    missing=comma(map(repr, missing)),
                    columns=comma(columns),
                ),
                missing,
            )

    def _in_order(self, found: Scored, ids: pd.Series) -> Scored:
        """The same in the order of the rows."""
        place = as_text(found.table.index).get_indexer(as_text(final_ids(ids)))
        return replace(found, table=found.table.iloc[place])

    def of_customers(self, customers: Customers) -> Scored:
        """Score customers with rows that were checked."""
        asked, model = self.asked, self.model
        groupings = {str(one.key): one.segmenting for one in asked.groupings(customers)}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            valuation = valuation_with(model, customers, asked.random_seed)
            for stream in model.streams:
                stream.check(customers)
            refuse_unknown_ends(model.streams, customers)
            refuse_learning_from_some(valuation)
        going = OnePass(valuation, asked.interval, groupings=groupings, limits=asked.limits)
        blocks = [columns for _unused, columns in going.over_blocks()]
        if over := [name for name, adding in going.adding.items() if adding.given_up]:
            cure = _("Group them into fewer, or leave this column out.")
            raise InputError(
                _("{names} makes more than {most} segments. {cure}", names=listed(over), most=MOST_SEGMENTS, cure=cure)
            )
        self.sums.add(going, len(customers))
        self.judged_elsewhere.difference_update(as_text(customers.ids))
        notes = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
        notes += [note for one in model.streams for note in one.common_notes(customers)]
        return Scored(self._shown(joined(blocks)[asked.place], customers.ids), [], notes)

    def _shown(self, columns: Columns, ids: pd.Index) -> pd.DataFrame:
        return score_table(self.valued, ids, columns, self.asked.thresholds, self.asked.tiers)
