"""An acquisition plan: how many customers are to be won through each channel, when, and at what cost."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amount_units import require_units_alike, unit_to_apply
from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault, at_fault, quoted, refuse
from ltv_bayes.data.reading.files import HeaderRows, SheetChoice, read_table
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import ColumnError, InputError, a_kind, listed
from ltv_bayes.language import _
from ltv_bayes.time_units import as_date
from ltv_bayes.value.acquisition.costs import currency_shown, faults_of_amounts, known_names, own_names, texts

COLUMNS = ("channel", "month", "customers", "cost", "cost_per_customer")
MONEY = ("cost", "cost_per_customer")
MEANT = {
    **dict.fromkeys(("spend", "costs", "amount", "money", "budget"), "'cost', or 'cost_per_customer'"),
    **dict.fromkeys(("cac", "price", "cost_per_client"), "'cost_per_customer'"),
    **dict.fromkeys(("clients", "count", "number", "new_customers", "clients_won"), "'customers'"),
    **dict.fromkeys(("date", "when", "won_on", "period"), "'month'"),
    **dict.fromkeys(("source", "segment"), "'channel'"),
}
MONTH = re.compile(r"(\d{4})\s*(?:[-/.]|年)\s*(\d{1,2})\s*月?|(\d{4})(\d{2})")
MOST_CUSTOMERS = 10**9
SAME = 0.01
"""Part by which a cost per customer may differ from cost over customers, for its digits were rounded."""


@dataclass(frozen=True, eq=False)
class AcquisitionPlan:
    """Customers to be won.

    Attributes
    ----------
    rows : pandas.DataFrame
        As given, by row: channel; month, the first day of it, or NaT where a day is given; won_on, the day that counts,
        which for a month is its middle; customers; cost, of all of them.
    as_of : datetime.date
        The day that the plan follows.
    currency : str or None
        What amounts written as text show.
    notes : tuple of str
        Columns that were found by the names that exports give them.
    """

    rows: pd.DataFrame
    as_of: dt.date
    currency: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        source: Any,
        as_of: Any,
        *,
        columns: Mapping[str, str] | None = None,
        amount_unit: float | str | None = None,
        decimal: str = ".",
        sheet: SheetChoice = None,
        encoding: str | None = None,
        header: HeaderRows = None,
    ) -> Self:
        """Read a plan.

        Parameters
        ----------
        source : path or frame
            A row for each channel and month: ``channel``, ``month`` (or a date), ``customers``, and ``cost`` or
            ``cost_per_customer``. Without a column ``channel`` all customers are of one kind.
        as_of : str or date
            The day that values are stated for; the plan lies after it.
        columns, amount_unit, decimal, sheet, encoding, header
            As in `acquisition`.

        Raises
        ------
        ColumnError
            If a column is missing.
        InputError
            If a row has no month, one before the as-of date, a number of customers that is no whole number, no cost or
            a negative one, or the same channel and month as another; the message names them.

        Examples
        --------
        >>> months = pd.DataFrame({"month": ["2026-01", "2026-02"], "customers": [20, 30], "cost": [9_000, 12_000]})
        >>> AcquisitionPlan.read(months, "2025-12-31").rows["won_on"].dt.strftime("%Y-%m-%d").tolist()
        ['2026-01-16', '2026-02-14']
        """
        if isinstance(source, Mapping):
            source = pd.DataFrame(source)
        elif source is None or isinstance(source, int | float | list | tuple | set):
            raise InputError(
                _(
                    "An acquisition plan is a table with a row for each channel and month, not {kind}.",
                    kind=a_kind(source),
                )
            )
        raw = read_table(source, sheet=sheet, encoding=encoding, header=header)
        given, notes = own_names(raw, columns or {}, COLUMNS, "plan")
        names = _names(raw, given)
        table = pd.DataFrame({name: raw[own] for name, own in names.items()})
        if not len(table):
            raise InputError(_("The plan has no rows. Give at least one month with customers and their cost."))
        day = as_date(as_of)
        rows, faults = _converted(table, names, decimal, amount_unit, day)
        unread = at_fault(faults, len(rows))
        faults += [Fault(one.at & ~unread, one.problem, one.cure, one.example) for one in _contradictions(rows, day)]
        refuse(faults, rows.index)
        cost = rows["cost"].fillna(rows["cost_per_customer"] * rows["customers"])
        kept = rows[["channel", "month", "won_on"]].assign(customers=rows["customers"].astype(np.int64), cost=cost)
        return cls(kept, day, currency_shown(table, MONEY), notes)

    @property
    def channels(self) -> list[str]:
        """Channels, in the order of the rows; one without a name where there is no such column."""
        return list(dict.fromkeys(self.rows["channel"]))

    @property
    def delays(self) -> np.ndarray:
        """Days from the as-of date until customers are won, an array of shape (rows,)."""
        return (self.rows["won_on"] - pd.Timestamp(self.as_of)).dt.days.to_numpy(dtype=float)


def _names(raw: pd.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """The columns with a meaning: their names by ours."""
    found = known_names(raw, names, COLUMNS, MEANT, "plan")
    missing = [name for name in ("month", "customers") if name not in found]
    missing += [] if {"cost", "cost_per_customer"} & found.keys() else [_("cost or cost_per_customer")]
    if missing:
        raise ColumnError(
            _(
                "The plan has no column {missing}. It has {raw}. Name your own columns with columns={{'month': '...', "
                "'customers': '...', 'cost': '...'}}.",
                missing=listed(missing),
                raw=listed(raw.columns, 20),
            )
        )
    return found


def _converted(
    table: pd.DataFrame, names: Mapping[str, str], decimal: str, unit: Any, as_of: dt.date
) -> tuple[pd.DataFrame, list[Fault]]:
    """Texts, days and numbers, with the rows where they cannot be read."""
    rows, faults = pd.DataFrame({"channel": ""}, index=table.index), list[Fault]()
    if "channel" in table:
        rows["channel"] = texts(table["channel"])
        without = (rows["channel"] == "").to_numpy()
        faults.append(Fault(without, _("without a channel"), _("Fill it in, for instance with 'unknown'.")))
    months, days, wrong = _times(table["month"])
    faults += wrong
    rows["month"], rows["won_on"] = months, _day_that_counts(months, days, as_of)
    require_units_alike([names[name] for name in MONEY if name in names], unit)
    for name in ("customers", *MONEY):
        rows[name] = np.nan
        if name in table:
            stated = {"unit": unit, "header": names[name]} if name in MONEY else {}
            rows[name], found = as_amounts(table[name], decimal=decimal, **stated)
            if name in MONEY:
                unit_to_apply(names[name], unit, stacklevel=4)
            faults += faults_of_amounts(found, name, is_money=name in MONEY)
    return rows, faults


def _times(cells: pd.Series) -> tuple[pd.Series, pd.Series, list[Fault]]:
    """The first day of each month that is written without a day, and each day that is written."""
    cells = plain(cells)
    written = (
        cells.astype(object).where(cells.notna(), "").map(lambda cell: re.sub(r"\.0$", "", str(cell).strip(BLANKS)))
    )
    found = [MONTH.fullmatch(text) for text in written]
    numbers = [(int(one[1] or one[3]), int(one[2] or one[4])) if one else (0, 0) for one in found]
    is_month = np.array([one is not None for one in found])
    real = np.array([1 <= month <= 12 and 1900 <= year <= 2200 for year, month in numbers])
    text = [f"{year}-{month:02d}-01" if ok else None for (year, month), ok in zip(numbers, real, strict=True)]
    months = pd.Series(pd.to_datetime(pd.Series(text, dtype=object)).to_numpy(), cells.index).astype("M8[us]")
    unreal = is_month & ~real
    cure = _("Write it as year-month: 2026-03.")
    faults = [Fault(unreal, _("with a month that there is not"), cure, quoted(written, unreal))]
    days = pd.Series(pd.NaT, cells.index, dtype="M8[us]")
    if (~is_month).any():
        read, more = as_days(cells[~is_month])
        days[~is_month] = read
        for fault in more:
            at = np.zeros(len(cells), dtype=bool)
            at[~is_month] = fault.at
            faults.append(Fault(at, fault.problem, fault.cure, fault.example))
    return months, days, faults


def _day_that_counts(months: pd.Series, days: pd.Series, as_of: dt.date) -> pd.Series:
    """The day on which customers are taken to be won: of a month the middle of what is left of it."""
    ends = months + pd.offsets.MonthEnd(0)
    begins = months.where(months > pd.Timestamp(as_of), pd.Timestamp(as_of) + pd.Timedelta(days=1))
    middle = (begins + (ends - begins) / 2).dt.normalize().where(ends > pd.Timestamp(as_of), months)
    return days.where(months.isna(), middle)


def _contradictions(rows: pd.DataFrame, as_of: dt.date) -> list[Fault]:
    """Rows with nothing, with the impossible, or with two contradictory figures."""
    customers, cost, each = (rows[name].to_numpy(dtype=float) for name in ("customers", *MONEY))
    early = (rows["won_on"] <= pd.Timestamp(as_of)).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(np.where(customers > 0, cost / customers, np.nan) / each - 1) > SAME
    twice = rows.assign(at=rows["month"].fillna(rows["won_on"])).duplicated(["channel", "at"], keep=False).to_numpy()
    return [
        Fault(
            early,
            _("with a month or day that is not after the as-of date, {as_of}", as_of=as_of),
            _("Leave out what is past: the customers of today are in the portfolio."),
        ),
        Fault(np.isnan(customers), _("without a number of customers"), _("Fill it in, 0 where none are planned.")),
        Fault(customers < 0, _("with fewer than 0 customers"), _("Correct the number.")),
        Fault(customers % 1 > 0, _("with a part of a customer"), _("Plan whole customers.")),
        Fault(customers > MOST_CUSTOMERS, _("with more than a thousand million customers"), _("Correct the number.")),
        Fault(np.isnan(cost) & np.isnan(each), _("without a cost"), _("Give cost or cost_per_customer, 0 if none.")),
        Fault((cost < 0) | (each < 0), _("with a negative cost"), _("Write costs as numbers of 0 or more.")),
        Fault(
            apart,
            _("with a cost_per_customer that is not cost over customers"),
            _("Give cost, or cost_per_customer alone."),
        ),
        Fault(twice, _("with the same channel and month as another"), _("Add them up to one row.")),
    ]
