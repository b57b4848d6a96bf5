"""Attributes of customers, matched to the customer table by id without losing anyone."""

import warnings
from collections.abc import Iterable
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.check import refuse_repeated
from ltv_bayes.data.exports.other_tables import customer_column as exports_column
from ltv_bayes.data.reading.columns import named_column, refuse_clash
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import alike, ids_of
from ltv_bayes.errors import ColumnError, DataWarning, rows_at_fault, suggestion
from ltv_bayes.language import _

RENAME = "lb.read_table(...).rename(columns={{{!r}: 'customer_id'}})"


def join_attributes(
    table: pd.DataFrame, source: Any, *, customer_column: str, taken: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add attribute columns to the customer table.

    Parameters
    ----------
    table : pandas.DataFrame
        The customer table, indexed by id.
    source : path or frame
        Anything that ``read_table`` reads, one row a customer. The ids are in the column (or index) called
        customer_id, or called as in the orders, or in the one column with a name that exports give them.
    customer_column : str
        What the ids are called in the orders.
    taken : tuple of str
        Column names that an attribute cannot have.

    Returns
    -------
    pandas.DataFrame
        The table with attributes, missing where a customer has none.
    pandas.DataFrame
        Attributes of those without a row in the table.

    Raises
    ------
    InputError
        If a customer has two rows, or a row no id.
    ColumnError
        If there is no id column, or an attribute has a name that is taken.

    Warns
    -----
    DataWarning
        If some customers have no attributes.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [2]}, index=pd.Index(["Ada"], name="customer_id"))
    >>> clients = pd.DataFrame({"customer_id": ["Bo", "Ada"], "industry": ["retail", "music"]})
    >>> joined, others = join_attributes(table, clients, customer_column="customer_id", taken=("frequency",))
    >>> joined.loc["Ada", "industry"], others.index.tolist()
    ('music', ['Bo'])
    """
    attributes = attributes_by_id(source, customer_column)
    refuse_clash(attributes.columns, taken, _("Rename them in the attributes."))
    wanted, known = alike(table.index, attributes.index)
    without = table.index[~wanted.isin(known)]
    if len(without):
        warn_of_missing(without)
        attributes = attributes.astype(types_with_missing(attributes))
    matched = attributes.set_axis(known, axis="index").reindex(wanted).set_axis(table.index, axis="index")
    return pd.concat([table, matched], axis="columns"), attributes[~known.isin(wanted)]


def attributes_by_id(source: Any, customer_column: str) -> pd.DataFrame:
    """Read attributes, indexed by customer id, and raise unless every id is there once."""
    frame = read_table(source)
    name = id_column_name(frame, customer_column, one_a_row=True)
    ids = ids_of(named_column(frame, name, "customer"))
    refuse_repeated(ids, _("rows of attributes"))
    return frame.drop(columns=name, errors="ignore").set_axis(ids, axis="index")


def id_column_name(frame: pd.DataFrame, customer_column: str, *, one_a_row: bool = False) -> str:
    """Find what the ids are called in a table with one row a customer: as in the orders, or as exports call them.

    Raises
    ------
    ColumnError
        If there is no such column, or several may be meant.

    Examples
    --------
    >>> id_column_name(pd.DataFrame({"Account ID": ["001A"], "Industry": ["music"]}), "customer_id")
    'Account ID'
    """
    names = [*frame.columns, *frame.index.names]
    found = next((name for name in ("customer_id", customer_column) if name in names), None)
    if found is None:
        found = exports_column(frame, RENAME.format, one_a_row=one_a_row)
    if found is None:
        known = suggestion(customer_column, [str(name) for name in names if name is not None])
        cure = _(
            "Call the column of ids 'customer_id' or, as in the orders, {customer_column!r}.",
            customer_column=customer_column,
        )
        raise ColumnError(_("There is no column of customer ids. {known} {cure}", known=known, cure=cure))
    return found


def warn_of_missing(ids: Iterable[Any], number: int | None = None, *, stacklevel: int = 4) -> None:
    """Warn of customers without attributes, given their ids, or the first of these and their number."""
    cure = _("They get missing values: are the ids written as in the orders?")
    message = rows_at_fault(ids, "customer", _("without attributes"), cure, number=number)
    warnings.warn(message, DataWarning, stacklevel=stacklevel)


def types_with_missing(attributes: pd.DataFrame) -> dict[Any, str]:
    """Choose types that hold missing values, so that branch 12 does not become 12.0."""
    names = {"i": "Int64", "u": "UInt64", "b": "boolean"}
    return {name: names[kind.kind] for name, kind in attributes.dtypes.items() if kind.kind in names}
