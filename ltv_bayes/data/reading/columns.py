"""Columns by the name the user gave them."""

from typing import Any

import pandas as pd

from ltv_bayes.errors import ColumnError, suggestion
from ltv_bayes.language import _, comma

PLAIN_TYPES = {"i": "Int64", "u": "UInt64", "f": "float64", "b": "boolean", "U": "str"}


def named_column(frame: pd.DataFrame, name: Any, argument: str, cure: str = "") -> pd.Series:
    """Find a column, or an index level, by its name.

    Parameters
    ----------
    frame : pandas.DataFrame
        Where to look.
    name : str
        The user's name for the column.
    argument : str
        The argument that carries the name, for the message.
    cure : str
        A last sentence for the message.

    Raises
    ------
    ColumnError
        If there is no such column; the message suggests the nearest name.

    Examples
    --------
    >>> named_column(pd.DataFrame({"client": ["Ada"]}), "client", "customer").tolist()
    ['Ada']
    """
    wanted = name.strip() if isinstance(name, str) else name
    if wanted in frame.columns:
        return frame[wanted]
    if wanted is not None and wanted in frame.index.names:
        return pd.Series(frame.index.get_level_values(wanted), index=frame.index)
    known = [str(column) for column in [*frame.columns, *frame.index.names] if column is not None]
    remedy = cure or _("Name the column with {argument}='...'.", argument=argument)
    raise ColumnError(
        _(
            "There is no column {name!r}. {suggestion} {remedy}",
            name=name,
            suggestion=suggestion(name, known),
            remedy=remedy,
        )
    )


def with_index_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the named levels of its index as columns too; the index stays.

    Examples
    --------
    >>> with_index_levels(pd.DataFrame({"day": [3]}, index=pd.Index(["Ada"], name="client"))).columns.tolist()
    ['day', 'client']
    """
    levels = {name: frame.index.get_level_values(name) for name in frame.index.names if name is not None}
    return frame.assign(**{name: cells for name, cells in levels.items() if name not in frame.columns})


def refuse_one_column_for_two(**named: str | None) -> None:
    """Raise if one column was named for two things.

    Raises
    ------
    ColumnError
        With the column and the arguments that name it.

    Examples
    --------
    >>> refuse_one_column_for_two(customer="value", date="day", amount="value ")
    Traceback (most recent call last):
    ltv_bayes.errors.ColumnError: The column 'value' is named for customer and for amount. Name a column of its own ...
    """
    taken: dict[Any, str] = {}
    for argument, name in named.items():
        column = name.strip() if isinstance(name, str) else name
        if column is not None and column in taken:
            cure = _("Name a column of its own for each.")
            raise ColumnError(
                _(
                    "The column {column!r} is named for {taken} and for {argument}. {cure}",
                    column=column,
                    taken=taken[column],
                    argument=argument,
                    cure=cure,
                )
            )
        taken[column] = argument


def refuse_text(cells: pd.Series, argument: str) -> None:
    """Raise if a column that should hold numbers holds text and no number at all.

    Parameters
    ----------
    argument : str
        The argument that names the column, for the message.

    Raises
    ------
    ColumnError
        With a cell of the column.

    Examples
    --------
    >>> refuse_text(pd.Series(["retail", "music"], name="industry"), "margin")
    Traceback (most recent call last):
    ltv_bayes.errors.ColumnError: The column 'industry' holds text, such as 'retail', and margin= takes one of numbers.
    """
    written = plain(cells).dropna()
    if pd.api.types.is_numeric_dtype(written.dtype) or pd.to_numeric(written, errors="coerce").notna().any():
        return
    if len(written):
        shown = repr(str(written.iloc[0]))
        raise ColumnError(
            _(
                "The column {name!r} holds text, such as {shown}, and {argument}= takes one of numbers.",
                name=cells.name,
                shown=shown,
                argument=argument,
            )
        )


def plain(cells: pd.Series) -> pd.Series:
    """Undo categories, periods and Arrow types, so that a column holds ordinary values; a period becomes text.

    Examples
    --------
    >>> plain(pd.Series(["a"], dtype="category")).dtype
    <StringDtype(na_value=nan)>
    """
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return plain(cells.astype(cells.dtype.categories.dtype))
    if isinstance(cells.dtype, pd.PeriodDtype):
        return cells.astype(object).map(str, na_action="ignore")
    if isinstance(cells.dtype, pd.ArrowDtype):
        return cells.astype(_plain_type(cells.dtype))
    return cells


def with_plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with categories, periods and Arrow types undone in each column.

    Examples
    --------
    >>> with_plain_columns(pd.DataFrame({"client": pd.Series(["Ada"], dtype="category")}))["client"].dtype
    <StringDtype(na_value=nan)>
    """
    found = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.CategoricalDtype | pd.PeriodDtype | pd.ArrowDtype):
            found.isetitem(place, plain(frame.iloc[:, place]))
    return found


def _plain_type(arrow: pd.ArrowDtype) -> Any:
    """Choose the ordinary type for an Arrow type; a time zone stays."""
    if arrow.kind == "M":
        zone = getattr(arrow.pyarrow_dtype, "tz", None)
        return pd.DatetimeTZDtype("us", zone) if zone else "datetime64[us]"
    return PLAIN_TYPES.get(arrow.kind, object)


def refuse_clash(names: pd.Index, taken: tuple[str, ...], cure: str) -> None:
    """Raise if an extra column has the name of a column that is computed here.

    Raises
    ------
    ColumnError
        If a name is taken.
    """
    clashing = [str(name) for name in names if name in taken]
    if clashing:
        raise ColumnError(
            _(
                "The extra columns {clashing} have names that the customer table uses. {cure}",
                clashing=comma(clashing),
                cure=cure,
            )
        )
