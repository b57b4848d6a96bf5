"""What clients cost to win: a table of channels and periods, read and checked."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.exports.other_tables import columns_beside
from ltv_bayes.data.reading.amount_units import require_units_alike, unit_to_apply, warn_of_other_unit
from ltv_bayes.data.reading.amounts import as_amounts, read_amount
from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import Fault, at_fault, refuse
from ltv_bayes.data.reading.files import HeaderRows, SheetChoice, read_table
from ltv_bayes.data.reading.ids import BLANKS, as_text
from ltv_bayes.errors import ColumnError, DataWarning, InputError, a_kind, listed, rows_at_fault, suggestion
from ltv_bayes.formatting import money
from ltv_bayes.language import N_, _, as_known, as_written, comma, semicolon

COLUMNS = ("channel", "period", "spend", "clients_won", "cost_per_client")
MONEY = ("spend", "cost_per_client")
MEANT = {
    **dict.fromkeys(("cost", "costs"), "'spend', or 'cost_per_client'"),
    **dict.fromkeys(("amount", "money", "budget", "spending", "费用", "花费"), "'spend'"),
    **dict.fromkeys(("cac", "price"), "'cost_per_client'"),
    **dict.fromkeys(("clients", "customers", "won", "new_clients", "新客户"), "'clients_won'"),
    **dict.fromkeys(("month", "year", "quarter", "date"), "'period'"),
    **dict.fromkeys(("source", "segment", "渠道"), "'channel'"),
}
TOTALS = ("合计", "总计", "小计", "总和", "共计", "汇总", "total", "totals", "sum", "subtotal", "grand total")
TABLES = {"costs": N_("costs"), "plan": N_("plan")}
SAME = 0.01
"""Part by which a cost per client may differ from spend over clients won, for its digits were rounded."""
FAR_SCALE, LARGEST_RATIO = 500.0, 1e9


@dataclass(frozen=True, eq=False)
class AcquisitionCosts:
    """Costs of winning clients.

    Attributes
    ----------
    rows : pandas.DataFrame
        As given, by row: channel, period, spend, clients_won, cost_per_client; NaN where not given.
    currency : str or None
        What amounts written as text show.
    noun : str
        The word for a row in messages: "channel" where rows are known by their channel.
    notes : tuple of str
        Columns that were found by the names that exports give them.
    """

    rows: pd.DataFrame
    currency: str | None = None
    noun: str = "row"
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        source: Any,
        *,
        columns: Mapping[str, str] | None = None,
        amount_unit: float | str | None = None,
        decimal: str = ".",
        sheet: SheetChoice = None,
        encoding: str | None = None,
        header: HeaderRows = None,
    ) -> Self:
        """Read costs.

        Parameters
        ----------
        source : mapping, Series, path or frame
            Channel to its cost per client; or a table with ``channel`` and either ``cost_per_client`` or ``spend`` and
            ``clients_won``, and a ``period`` where channels have several rows.
        columns : mapping, optional
            The user's own names of columns, by ours: ``{"channel": "渠道", "spend": "费用"}``. Where neither is there,
            a name that exports usually give it counts, and a note says so.
        amount_unit : float or str, optional
            What 1 in columns of money is worth, as in 1000 or ``"万元"``.
        decimal : str
            The decimal mark in text.
        sheet, encoding, header
            As in `read_table`.

        Raises
        ------
        ColumnError
            If a column is missing.
        InputError
            If rows have no channel, a negative cost, or the same channel and period, or a channel has no cost above 0
            in all its periods; the message names them.

        Examples
        --------
        >>> AcquisitionCosts.read({"Ads": 400, "Fair": 2100}).rows["cost_per_client"].tolist()
        [400.0, 2100.0]
        """
        noun = "row"
        if isinstance(source, Mapping | pd.Series):
            noun, source = "channel", _of_mapping(source)
        elif source is None or isinstance(source, Number | list | tuple | set):
            raise InputError(
                _(
                    "Costs are a mapping from channel to its cost per client, as in {{'Fair': 2100}}, or a "
                    "table with a row for each channel, not {kind}.",
                    kind=a_kind(source),
                )
            )
        raw = read_table(source, sheet=sheet, encoding=encoding, header=header)
        given, notes = own_names(raw, columns or {}, COLUMNS, "costs")
        names = _names(raw, given)
        table = pd.DataFrame({name: raw[own] for name, own in names.items()})
        rows, faults = _converted(table, names, decimal, amount_unit)
        unread = at_fault(faults, len(rows))
        contradictions = [replace(fault, at=fault.at & ~unread) for fault in _contradictions(rows, "period" in table)]
        refuse([*faults, *contradictions], rows.index, noun=noun)
        return cls(_completed(rows), currency_shown(table), noun, notes)

    @property
    def channels(self) -> list[str]:
        """Channels, in the order of the rows."""
        return list(dict.fromkeys(self.rows["channel"]))

    @property
    def totals_by_name(self) -> list[str]:
        """Channels with the name of a total.

        Examples
        --------
        >>> AcquisitionCosts.read({"Ads": 400, "Total": 400}).totals_by_name
        ['Total']
        """
        return [name for name in self.channels if name.lower().rstrip(":：") in TOTALS]

    def totals(self) -> pd.DataFrame:
        """One row a channel: spend and clients_won over all periods; cost_per_client where that alone is known."""
        by = self.rows.groupby("channel", sort=False)
        return by[["spend", "clients_won"]].sum(min_count=1).assign(cost_per_client=by["cost_per_client"].first())


def refuse_unseen(costs: AcquisitionCosts, known: list[str], column: str) -> None:
    """Raise where a channel has costs but no clients in the data."""
    unknown = ~costs.rows["channel"].isin(known)
    if unknown.any():
        rows, names = list(costs.rows.index[unknown]), list(dict.fromkeys(costs.rows.loc[unknown, "channel"]))
        sums = [name for name in names if name in costs.totals_by_name]
        looks = _("{sums} looks like a row of totals: leave it out. ", sums=listed(map(repr, sums))) if sums else ""
        cure = _(
            "{looks}{suggestion} If they are new, pass unseen='population': the value of their clients is "
            "then drawn from the distribution of channels.",
            looks=looks,
            suggestion=suggestion(names[0], known),
        )
        which = "" if costs.noun == "channel" else _("with a channel ")
        problem = _(
            "{which}that the fit by {column!r} has not seen, {names}",
            which=which,
            column=column,
            names=listed(map(repr, names)),
        )
        raise InputError(rows_at_fault(rows, costs.noun, problem, cure), rows)


def warn_of_totals(costs: AcquisitionCosts, known: list[str]) -> None:
    """Warn where a sum of channels is probably taken for one of them."""
    sums = [name for name in costs.totals_by_name if name not in known]
    if sums and len(costs.channels) > 1:
        warnings.warn(
            _(
                "{sums} looks like a row of totals, and is taken for a channel: leave it out.",
                sums=listed(map(repr, sums)),
            ),
            DataWarning,
            stacklevel=3,
        )


def _of_mapping(source: Mapping[Any, Any] | pd.Series) -> pd.DataFrame:
    """A table of costs per client, its rows known by their channel."""
    if not len(source):
        raise InputError(_("There are no costs. Give at least one channel its cost per client."))
    channels = [str(name) for name, _unused in source.items()]
    costs = [cost for _unused, cost in source.items()]
    return pd.DataFrame({"channel": channels, "cost_per_client": costs}, index=pd.Index(channels, dtype=object))


def own_names(
    raw: pd.DataFrame, names: Mapping[str, str], columns: Sequence[str], table: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The user's names of columns of costs or of a plan, and those that exports give the others, which a note says."""
    absent = [name for name in columns if name not in names and name not in raw]
    left = raw.drop(columns=[name for name in (*columns, *names.values()) if name in raw])
    found = columns_beside(left, table, absent, "columns={{{!r}: {!r}}}".format)
    found_names = [
        _("{name} is the column {own!r}", name=as_known(name.replace("_", " ")), own=str(own))
        for name, own in found.items()
    ]
    return {**names, **found}, (
        _("of the {table}, {found_names}.", table=_(TABLES[table]), found_names=semicolon(found_names)),
    ) if found_names else ()


def _names(raw: pd.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """The columns with a meaning: their names by ours."""
    found = known_names(raw, names, COLUMNS, MEANT, "costs")
    known = _("It has {raw}.", raw=listed(raw.columns, 20))
    cure = _("Name your own columns with columns={{'channel': '...', 'spend': '...', 'clients_won': '...'}}.")
    if "channel" not in found:
        raise ColumnError(_("The table of costs has no column 'channel'. {known} {cure}", known=known, cure=cure))
    if "cost_per_client" not in found and not {"spend", "clients_won"} <= found.keys():
        wanted = _("'cost_per_client', or 'spend' and 'clients_won'")
        raise ColumnError(
            _("The table of costs needs a column {wanted}. {known} {cure}", wanted=wanted, known=known, cure=cure)
        )
    return found


def known_names(
    raw: pd.DataFrame, names: Mapping[str, str], columns: Sequence[str], meant: Mapping[str, str], table: str
) -> dict[str, str]:
    """The user's name of each column that is there, by ours.

    Raises
    ------
    ColumnError
        If a name is not one of ours, or names no column.
    """
    for name, own in names.items():
        if name not in columns and own in columns and name in raw:
            raise ColumnError(
                _("columns= is turned round: our name comes first, as in {{{own!r}: {name!r}}}.", own=own, name=name)
            )
        if name not in columns:
            near = meant.get(str(name).lower())
            cure = (
                _("Did you mean {near}? Known names: {columns}.", near=near, columns=comma(columns))
                if near
                else suggestion(name, columns)
            )
            raise ColumnError(
                _("columns= starts from our names, and {name!r} is none of them. {meant}", name=name, meant=cure)
            )
        if own not in raw:
            raise ColumnError(
                _(
                    "There is no column {own!r} in the {table}. {suggestion}",
                    own=own,
                    table=_(TABLES[table]),
                    suggestion=suggestion(own, map(str, raw.columns)),
                )
            )
    return {name: names.get(name, name) for name in columns if names.get(name, name) in raw}


def _converted(
    table: pd.DataFrame, names: Mapping[str, str], decimal: str, unit: Any
) -> tuple[pd.DataFrame, list[Fault]]:
    """Texts and numbers, with the rows where they cannot be read."""
    channel = texts(table["channel"])
    rows = pd.DataFrame({"channel": channel, "period": ""}, index=table.index)
    faults = [Fault((channel == "").to_numpy(), _("without a channel"), _("Fill it in, for instance with 'unknown'."))]
    if "period" in table:
        rows["period"] = texts(table["period"])
    require_units_alike([names[name] for name in MONEY if name in names], unit)
    for name in ("spend", "clients_won", "cost_per_client"):
        rows[name] = np.nan
        if name in table:
            stated = {"unit": unit, "header": names[name]} if name in MONEY else {}
            rows[name], found = as_amounts(table[name], decimal=decimal, **stated)
            if name in MONEY:
                unit_to_apply(names[name], unit, stacklevel=4)
            faults += faults_of_amounts(found, name, is_money=name in MONEY)
    return rows, faults


def faults_of_amounts(faults: Sequence[Fault], name: str, *, is_money: bool) -> list[Fault]:
    """What is wrong with the cells of a column of numbers, which may be blank."""
    found = []
    for fault in faults:
        if as_written(fault.problem).startswith("without"):
            continue
        problem = fault.problem.replace(_("an amount"), _("a {name}", name=name))
        problem = problem.replace(_("an infinite amount"), _("an infinite {name}", name=name))
        cure = fault.cure
        if is_money and "cannot be read" in as_written(fault.problem):
            cure = _("{cure} Pass a unit such as 万元 with amount_unit=.", cure=cure)
        found.append(Fault(fault.at, problem, cure, fault.example))
    return found


def _contradictions(rows: pd.DataFrame, with_periods: bool) -> list[Fault]:
    """Rows with nothing, with the impossible, or with two contradictory figures."""
    spend, won, each = (rows[name].to_numpy() for name in ("spend", "clients_won", "cost_per_client"))
    nothing = np.isnan(each) & np.isnan(spend)
    uncosted = np.isnan(each) & ~np.isnan(spend) & np.isnan(won)
    negative = (spend < 0) | (each < 0)
    owed = pd.Series(negative, rows.index).groupby(rows["channel"]).transform("any").to_numpy()
    made = pd.Series(np.where(np.isnan(spend), each * won, spend), rows.index)
    total = made.groupby(rows["channel"]).transform("sum", min_count=1).to_numpy()
    free = _(
        "What costs nothing has no ratio of value to cost: leave the channel out, or put a price on the work in it."
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(np.where(won > 0, spend / won, np.nan) / each - 1) > SAME
    twice = rows.duplicated(["channel", "period"], keep=False).to_numpy()
    again = _("Add them up to one row.") if with_periods else _("Add them up, or name the column of periods 'period'.")
    uncounted = (
        pd.Series(np.isnan(won) & ~np.isnan(each), rows.index).groupby(rows["channel"]).transform("any").to_numpy()
    )
    unnamed = (rows["period"] == "").to_numpy() & rows["channel"].duplicated(keep=False).to_numpy() & with_periods
    several = rows["channel"].duplicated(keep=False).to_numpy() & uncounted & ~nothing & ~twice
    both = _("Give spend and clients_won, or cost_per_client alone.")
    return [
        Fault(nothing, _("without a cost"), _("Give cost_per_client, or spend and clients_won.")),
        Fault(uncosted, _("with a spend but without clients_won"), _("Give them, 0 where no client was won.")),
        Fault(negative, _("with a negative cost"), _("Net it against the month it belongs to.")),
        Fault(~owed & ((total <= 0) | (np.isnan(total) & (each <= 0))), _("with a cost that is not above 0"), free),
        Fault(won < 0, _("with fewer than 0 clients_won"), _("Correct the number.")),
        Fault(won % 1 > 0, _("with a part of a client in clients_won"), _("Count whole clients.")),
        Fault(apart, _("with a cost_per_client that is not spend over clients_won"), both),
        Fault(unnamed & ~twice, _("without a period, of a channel with several rows"), _("Fill it in.")),
        Fault(
            twice,
            _("with the same channel and period as another") if with_periods else _("with the same channel as another"),
            again,
            _named(rows, twice),
        ),
        Fault(
            several,
            _("of a channel with several periods but without clients_won"),
            _("Give them: costs cannot be added without."),
        ),
    ]


def _named(rows: pd.DataFrame, at: np.ndarray) -> str:
    """Channels of some rows, as they were read."""
    names = list(dict.fromkeys(rows.loc[at, "channel"]))
    return _("{names} (blanks around names do not count)", names=listed(map(repr, names))) if names else ""


def _completed(rows: pd.DataFrame) -> pd.DataFrame:
    """Spend from the cost per client where clients were counted; the cost per client alone where they were not."""
    made = rows["spend"].fillna(rows["cost_per_client"] * rows["clients_won"])
    counted = rows["clients_won"].notna() & made.notna()
    known = rows["cost_per_client"].where(~counted)
    return rows.assign(spend=made.where(counted), clients_won=rows["clients_won"].where(counted), cost_per_client=known)


def currency_shown(table: pd.DataFrame, money: Sequence[str] = MONEY) -> str | None:
    """The currency that amounts show."""
    cells = [plain(table[name]).dropna() for name in money if name in table]
    written = {str(cell) for column in cells if not pd.api.types.is_numeric_dtype(column) for cell in column}
    return next(iter(sorted({read_amount(text)[1] for text in written} - {""})), None)


def texts(cells: pd.Series) -> pd.Series:
    """Names in cells, without blanks around them; empty where there is none."""
    text = pd.Series(np.asarray(as_text(plain(cells)), dtype=object), cells.index).str.strip(BLANKS)
    return text.where(cells.notna(), "").fillna("")


def hold_to_values(
    costs: AcquisitionCosts, channels: Sequence[str], ltv: xr.DataArray, cac: xr.DataArray, currency: str | None
) -> None:
    """Refuse costs per client next to nothing, or beyond all measure; warn where the unit is hardly that of values.

    Parameters
    ----------
    ltv, cac : xarray.DataArray of shape (chain, draw, channel)
        What a new client is worth, and costs.
    """
    worth, rows = float(np.median(np.abs(ltv))), costs.rows
    each = rows["cost_per_client"].fillna(rows["spend"] / rows["clients_won"].clip(lower=1)).abs()
    typical = rows["channel"].map(dict(zip(channels, np.median(cac, axis=(0, 1)), strict=True)))
    small = (typical * LARGEST_RATIO < worth) | ((each > 0) & (each * LARGEST_RATIO < worth))
    wrong = small | ~np.isfinite(typical) | ((typical / LARGEST_RATIO > worth) & (worth > 0))
    if wrong.any():
        problem = _("with a cost per client below a billionth, or above a billion times, of what a new client is worth")
        cure = _("Correct it: is it counted in the unit of the values?")
        raise InputError(rows_at_fault(rows.index[wrong], costs.noun, problem, cure), rows.index[wrong])
    value, cost = (money(float(np.median(drawn)), currency) for drawn in (ltv, cac))
    compared = _("A new client is typically worth {value}, and costs {cost}", value=value, cost=cost)
    warn_of_other_unit(
        float(np.median(ltv.drop_attrs() / cac.drop_attrs())), FAR_SCALE, compared, _("If not, pass amount_unit=.")
    )
