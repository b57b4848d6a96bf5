"""Parquet files with one row a customer: opened, checked and brought into the layout of a customer table."""

import datetime as dt
import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.check import (
    COMPUTED,
    DATES,
    HISTORY,
    HISTORY_RULES,
    SPEND,
    SPEND_RULES,
    VALUES,
    Rule,
    checked_repeat_days,
)
from ltv_bayes.data.customers.rows import ParquetRows
from ltv_bayes.data.engine.duckdb import Connection, engine, fetched_batches, identifier
from ltv_bayes.data.engine.parquet import (
    UNNAMED_INDEX,
    column_types,
    files_name,
    id_column,
    number_column,
    numbered_rows,
    parquet_paths,
    parquet_source,
    read_metadata,
    require_column,
)
from ltv_bayes.data.orders.price_moments import PriceMoments
from ltv_bayes.data.reading.columns import refuse_clash
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import DataWarning, InputError, UnitError, refuse_rows
from ltv_bayes.language import _
from ltv_bayes.sizes import READ_ROWS
from ltv_bayes.time_units import TimeUnit, as_date, as_time_unit

NOTES = ("time_unit", "as_of", "currency")
KEY, MERGED, DAYS, PRICES = "ltv_bayes.{}", "merged_orders", "repeat_days", "price_moments"


@dataclass(frozen=True)
class CustomerFile:
    """What files say of customers, as SQL.

    Attributes
    ----------
    paths : tuple of pathlib.Path
        The files.
    customer_id : str
        The id.
    written : dict
        Columns as they are written, as floats: what the rules check.
    known : dict
        The other columns that ``summarize`` computes, where the files have them.
    attributes : list of str
        The names of all others.
    """

    paths: tuple[Path, ...]
    customer_id: str
    written: dict[str, str]
    known: dict[str, str]
    attributes: list[str]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that the customers must not break."""
        return (*HISTORY_RULES, *SPEND_RULES) if "monetary_value" in self.written else HISTORY_RULES

    @property
    def columns(self) -> list[str]:
        """The columns of the customer table."""
        return [*HISTORY, *SPEND, *self.known, *self.attributes]

    def query(self) -> str:
        """SQL that gives customer_id and the columns of a customer table."""
        spends = "monetary_value" in self.written
        columns = {
            "customer_id": "customer_id",
            "frequency": "frequency::BIGINT",
            "recency": 'least(recency, "T")',  # the rules let a rounding error pass
            "T": '"T"',
            "monetary_value": "CASE WHEN spend_frequency > 0 THEN monetary_value END" if spends else "NULL::DOUBLE",
            "spend_frequency": "spend_frequency::BIGINT" if spends else "0::BIGINT",
            **{name: f"known_{name}" for name in self.known},
            **{name: f"attribute_{place}" for place, name in enumerate(self.attributes)},
        }
        listed = ", ".join(f"{column} AS {identifier(name)}" for name, column in columns.items())
        return f"SELECT {listed} FROM ({self.as_written()})"

    def as_written(self) -> str:
        """SQL that gives what the files say, under names that cannot clash."""
        columns = {
            "customer_id": self.customer_id,
            **self.written,
            **{f"known_{name}": column for name, column in self.known.items()},
            **{f"attribute_{place}": identifier(name) for place, name in enumerate(self.attributes)},
        }
        listed = ", ".join(f"{column} AS {identifier(name)}" for name, column in columns.items())
        return f"SELECT {listed} FROM {parquet_source(self.paths)}"


def scan_customers(
    source: Any, names: Mapping[str, str], *, monetary_value: str | None, memory_limit: str | None
) -> tuple[ParquetRows, dict[str, str]]:
    """Open files with one row a customer, and check all of them in bounded memory.

    Parameters
    ----------
    source : path
        A file, or a pattern that names several.
    names : mapping
        The user's column for each of customer_id, frequency, recency and T.
    monetary_value : str or None
        The user's column of mean values; None for files without money.
    memory_limit : str or None
        The memory that the engine may take.

    Returns
    -------
    ParquetRows
        The rows.
    dict
        What the files say of time unit, as-of date and currency.

    Raises
    ------
    InputError
        If a file cannot be read, a column is missing, or the numbers cannot be the history of a customer.
    """
    paths = tuple(parquet_paths(source))
    with engine(memory_limit) as connection:
        types = column_types(connection, paths)
        notes = _notes(read_metadata(connection, paths), paths)
        file = _customer_file(paths, types, names, monetary_value)
        number = _count(connection, file)
        _refuse_ids(connection, file)
        _refuse_impossible(connection, file)
    return ParquetRows(file.query(), file.columns, number, paths, memory_limit, _price_moments(notes)), notes


def open_customers(path: Path, memory_limit: str | None = None) -> ParquetRows:
    """Open a file of customers that was made here, so that its rows need no checks."""
    with engine(memory_limit) as connection:
        types = column_types(connection, [path])
        names = {name: name for name in ("customer_id", *HISTORY)}
        file, notes = _customer_file((path,), types, names, "monetary_value"), read_metadata(connection, [path])
        prices = _price_moments(_notes(notes, [path]))
        return ParquetRows(file.query(), file.columns, _count(connection, file), (path,), memory_limit, prices)


def file_notes(
    time_unit: str,
    as_of: Any,
    currency: str | None,
    merged_orders: int = 0,
    repeat_days: pd.Series | None = None,
    price_moments: PriceMoments | None = None,
) -> dict[str, str]:
    """Write what a file of customers says of itself.

    Examples
    --------
    >>> file_notes("week", None, "EUR")
    {'ltv_bayes.time_unit': 'week', 'ltv_bayes.currency': 'EUR'}
    """
    days, prices = repeat_days, None if price_moments is None else price_moments.to_json()
    if days is not None:
        days = json.dumps(dict(zip(days.index.strftime("%Y-%m-%d"), days.tolist(), strict=True)))
    values = (time_unit, as_of, currency, merged_orders or None, days, prices)
    stated = zip((*NOTES, MERGED, DAYS, PRICES), values, strict=True)
    return {KEY.format(name): str(value) for name, value in stated if value is not None}


def _notes(metadata: Mapping[str, set[str]], paths: Sequence[Path]) -> dict[str, str]:
    """Take what the files say of themselves; they must all say the same."""
    notes = {}
    for name in NOTES:
        values = metadata.get(KEY.format(name), set())
        if len(values) > 1:
            stated = " and ".join(sorted(values))
            raise UnitError(
                _(
                    "{files} differ in their {name}: {stated}. Scan those that agree together.",
                    files=files_name(paths),
                    name=name,
                    stated=stated,
                )
            )
        if values:
            notes[name] = next(iter(values))
    merged = metadata.get(KEY.format(MERGED), set())
    if len(paths) == 1 and all(number.isdecimal() for number in merged):
        for number in merged:
            notes[MERGED] = number
    prices = metadata.get(KEY.format(PRICES), set())
    if len(prices) == 1:  # several files of one log state the same
        notes[PRICES] = next(iter(prices))
    return notes


def _price_moments(notes: Mapping[str, str]) -> PriceMoments | None:
    """Take what files say of order values by period; None where they say nothing that can be read."""
    try:
        return PriceMoments.from_json(notes[PRICES]) if PRICES in notes else None
    except ValueError:
        return None


def _customer_file(
    paths: tuple[Path, ...], types: Mapping[str, str], names: Mapping[str, str], monetary_value: str | None
) -> CustomerFile:
    """Find the columns."""
    customer_id = id_column(types, names["customer_id"], "customer_id", BLANKS)
    written = {name: number_column(types, names[name], name) for name in HISTORY}
    if monetary_value in types or monetary_value not in (None, "monetary_value"):
        written["monetary_value"] = number_column(types, str(monetary_value), "monetary_value")
        counts = "spend_frequency" if "spend_frequency" in types else names["frequency"]
        written["spend_frequency"] = number_column(types, counts, "spend_frequency")
    known = {name: number_column(types, name, name) for name in VALUES if name in types}
    known |= {name: f"{require_column(types, name, name)}::DATE" for name in DATES if name in types}
    used = {*names.values(), monetary_value, *COMPUTED[len(HISTORY) :], UNNAMED_INDEX}
    attributes = [name for name in types if name not in used]
    refuse_clash(pd.Index(attributes), COMPUTED, _("Rename them, or name them as the columns to use."))
    return CustomerFile(paths, customer_id, written, known, attributes)


def _count(connection: Connection, file: CustomerFile) -> int:
    found = connection.execute(f"SELECT count(*) FROM {parquet_source(file.paths)}").fetchone()
    if not found or not found[0]:
        cure = _("Export it again, with at least one row.")
        raise InputError(_("{files} has a header but no rows. {cure}", files=files_name(file.paths), cure=cure))
    return int(found[0])


def _refuse_ids(connection: Connection, file: CustomerFile) -> None:
    """Raise if a row has no id, or a customer several rows."""
    numbered = numbered_rows(file.paths, column_types(connection, file.paths), {"id": file.customer_id})
    missing = _column(connection, f"SELECT row FROM ({numbered}) WHERE id IS NULL")
    refuse_rows(missing, "row", _("without a customer id"), _("Fill in the id."))
    repeated = _column(connection, f"SELECT id FROM ({numbered}) GROUP BY id HAVING count(*) > 1 ORDER BY id")
    refuse_rows(repeated, "customer", _("with several rows"), _("Keep one row for each customer."))


def _column(connection: Connection, sql: str) -> list[Any]:
    return [value for (value,) in connection.execute(sql).fetchall()]


def _refuse_impossible(connection: Connection, file: CustomerFile) -> None:
    """Raise for the first rule that customers break, naming all who do."""
    checked = f"SELECT {', '.join(map(identifier, file.written))} FROM ({file.as_written()})"
    broken: set[int] = set()
    for batch in fetched_batches(connection.execute(checked), READ_ROWS):
        broken |= {place for place, rule in enumerate(file.rules) if rule.broken_by(batch).any()}
    if broken:
        rule = file.rules[min(broken)]
        refuse_rows(_breaking(connection, file, rule), "customer", rule.problem, rule.cure)


def _breaking(connection: Connection, file: CustomerFile, rule: Rule) -> list[Any]:
    """List the customers who break a rule."""
    batches = fetched_batches(connection.execute(file.as_written()), READ_ROWS)
    return [value for batch in batches for value in batch.loc[rule.broken_by(batch).to_numpy(bool), "customer_id"]]


def file_terms(
    place: str, notes: Mapping[str, str], time_unit: str | None, as_of: Any, currency: str | None
) -> tuple[TimeUnit, dt.date | None, str | None]:
    """Choose what is given or what the file says, which may not contradict each other.

    Parameters
    ----------
    place : str
        Where the file is, for messages.
    notes : mapping
        What the file says.
    time_unit, as_of, currency
        What is given; None where it is not.

    Raises
    ------
    UnitError
        If neither says the time unit, or they say different things.

    Examples
    --------
    >>> file_terms("in customers.parquet", {"time_unit": "week", "currency": "EUR"}, None, "1997-09-30", None)
    ('week', datetime.date(1997, 9, 30), 'EUR')
    """
    unit = _unit_of_file(place, time_unit, notes.get("time_unit"))
    stated = notes.get("as_of")
    day = _as_the_file_says(place, "as_of", None if as_of is None else as_date(as_of), stated and as_date(stated))
    return unit, day, _as_the_file_says(place, "currency", currency, notes.get("currency"))


def _unit_of_file(place: str, given: str | None, stated: str | None) -> TimeUnit:
    """Choose the time unit of a file: as given, or as the file says."""
    if given is None and stated is None:
        cure = _("Pass time_unit='week', or whichever unit it is.")
        raise UnitError(
            _("The file does not say in which unit recency and T are ({place}). {cure}", place=place, cure=cure)
        )
    unit = as_time_unit(str(stated if given is None else given))
    if stated is not None and unit != stated:
        cure = _("Leave time_unit out, and convert with .in_time_unit({unit!r}).", unit=unit)
        raise UnitError(
            _(
                "The file says that recency and T are in {stated}s, not in {unit}s ({place}). {cure}",
                stated=stated,
                unit=unit,
                place=place,
                cure=cure,
            )
        )
    return unit


def _as_the_file_says(place: str, what: str, given: Any, stated: Any) -> Any:
    """Choose what is given or what the file says, which may not contradict each other."""
    if given is not None and stated and given != stated:
        cure = _("Leave {what} out, or make the customers anew.", what=what)
        raise UnitError(
            _(
                "The file says {what} {stated}, not {given} ({place}). {cure}",
                what=what,
                stated=stated,
                given=given,
                place=place,
                cure=cure,
            )
        )
    return stated or None if given is None else given


def repeat_days_of_files(
    rows: ParquetRows, given: Any, *, as_of: dt.date | None, time_unit: TimeUnit
) -> pd.Series | None:
    """Counts of repeat purchases by day: those given, or those that files state, added up; None where one states none.

    Raises
    ------
    InputError
        If those given are not those of the customers.

    Warns
    -----
    DataWarning
        If those in the files are not; they are left out then.
    """
    if given is not None:
        return checked_repeat_days(given, rows, as_of, time_unit)
    with engine(rows.memory_limit) as connection:
        notes = [read_metadata(connection, [path]).get(KEY.format(DAYS), set()) for path in rows.paths]
    if not all(notes):
        return None
    try:
        counts: Counter[str] = Counter()
        for note in notes:
            counts.update(dict(json.loads(min(note))))
        return checked_repeat_days(counts, rows, as_of, time_unit)
    except (ValueError, TypeError, RecursionError) as problem:
        reason = str(problem) if isinstance(problem, InputError) else _("they cannot be read.")
        warnings.warn(
            _(
                "The counts of repeat purchases by day are left out {place}: {reason} Calendar effects are "
                "learned from last purchases alone, unless counts are given with scan(..., repeat_days=).",
                place=rows.place,
                reason=reason,
            ),
            DataWarning,
            stacklevel=3,
        )
        return None
