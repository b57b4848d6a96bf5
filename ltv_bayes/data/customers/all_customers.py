"""All customers of several tables, where each stream has a table of its own."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.attributes import id_column_name, join_attributes
from ltv_bayes.data.customers.check import COMPUTED
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.data.orders.scanned import ScannedTransactions
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import alike, ids_of
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import InputError
from ltv_bayes.language import _, comma
from ltv_bayes.time_units import TimeUnit, as_date

CURES = {
    "as_of": "Summarize all of them with one as_of.",
    "currency": "Convert the amounts to one currency, and name it alike.",
}


def all_customers(*data: Any, attributes: Any = None, as_of: Any = None) -> Customers:
    """List all customers of several tables, one row each.

    For valuing customers with streams in separate tables, such as orders of consumables and subscriptions, and
    prospects with an open opportunity but no order: ``all_customers(customers, judged.table)``. These customers have no
    purchase history of their own: a stream of purchases carries its own customers.

    Parameters
    ----------
    *data : Customers, Renewals, Transactions, path, frame or iterable
        Where customers are to be found; a path or frame has a column customer_id, an iterable holds ids.
    attributes : path or frame, optional
        As in :func:`ltv_bayes.summarize`. Attributes in ``data`` are not taken over.
    as_of : date, optional
        The day of the valuation, where the data have none, as of prospects alone.

    Returns
    -------
    Customers
        Sorted by id, with no other columns than attributes. As-of date and currency are those of the data; the time
        unit is that of the first `Customers`, else the day.

    Raises
    ------
    InputError
        If there is no customer, or as-of dates or currencies differ.

    Warns
    -----
    DataWarning
        If some customers have no attributes.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": [18], "frequency": [2], "recency": [3.0], "T": [4.0]})
    >>> consumables = Customers.from_summary(frame, time_unit="week", as_of="2024-06-30", currency="EUR")
    >>> all_customers(consumables, ["18", "204"])
    2 customers, weeks, as of 2024-06-30, EUR
    no purchase history of their own
       customer_id
    0           18
    1          204
    """
    found = [ids_in(source) for source in data]
    if not sum(map(len, found)):
        raise InputError(_("There is no customer. Pass customers, renewals, transactions, or ids."))
    filled = [ids for ids in found if len(ids)]
    ids = pd.Index(pd.concat([ids.to_series() for ids in alike(*filled)]).unique(), name="customer_id").sort_values()
    table, others = pd.DataFrame(index=ids), pd.DataFrame()
    if attributes is not None:
        table, others = join_attributes(table, attributes, customer_column=_column_name(data), taken=COMPUTED)
    unit: TimeUnit = next((source.time_unit for source in data if isinstance(source, Customers)), "day")
    end, currency = (_agreed(data, what) for what in CURES)
    if as_of is not None and end not in (None, as_date(as_of)):
        raise InputError(
            _("as_of is {as_date}, but the data end on {end}. Leave as_of out.", as_date=as_date(as_of), end=end)
        )
    end = end if as_of is None else as_date(as_of)
    return Customers(FrameRows(table), unit, end, currency, without_orders=others)


def ids_in(source: Any) -> pd.Index:
    """The customer ids in a source, some perhaps several times.

    Raises
    ------
    InputError
        If the source does not say who its customers are.

    Examples
    --------
    >>> ids_in(pd.DataFrame({"customer_id": ["Ada", "Bo"]})).tolist(), ids_in([18]).tolist()
    (['Ada', 'Bo'], [18])
    """
    match source:
        case Customers():
            return source.ids
        case Transactions():
            return pd.Index(source.table["customer_id"])
        case Renewals():
            return _subscribers(source)
        case ScannedTransactions():
            raise InputError(_("Scanned orders do not list their customers. Pass what summarize makes of them."))
        case Iterable() if _holds_ids(source):
            return ids_of(pd.Series(list(source)))
    frame = read_table(source)
    return ids_of(named_column(frame, id_column_name(frame, "customer_id"), "customer"))


def _holds_ids(source: Any) -> bool:
    """Whether a source is a collection of ids, and neither a path nor a table of any library."""
    return not isinstance(source, str | Mapping) and not any(hasattr(source, name) for name in ("columns", "schema"))


def _subscribers(renewals: Renewals) -> pd.Index:
    if renewals.table.index.name != "customer_id":
        raise InputError(_("Counts of cohorts do not say who subscribes. Make the renewals with summarize_renewals."))
    return renewals.table.index


def _column_name(data: Iterable[Any]) -> str:
    """What ids are called in the first log, for attributes that call them so."""
    return next((source.customer_column for source in data if isinstance(source, Transactions)), "customer_id")


def _agreed(data: Iterable[Any], what: str) -> Any:
    """The as-of date or currency of all data that have one, which must be the same."""
    stated: dict[Any, list[str]] = {}
    for place, source in enumerate(data, start=1):
        value = getattr(source, what, None) if isinstance(source, Customers | Renewals | Transactions) else None
        if value is not None:
            stated.setdefault(value, []).append(f"{place} ({type(source).__name__})")
    if len(stated) > 1:
        differ = "; ".join(
            _("{value} in {places}", value=value, places=comma(places)) for value, places in stated.items()
        )
        raise InputError(_("The data differ in {what}: {differ}. {cures}", what=what, differ=differ, cures=CURES[what]))
    return next(iter(stated), None)
