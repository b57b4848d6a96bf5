"""Columns of tables beside orders, by the whole names that exports usually have, where the caller names none."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pandas as pd

from ltv_bayes.data.exports.names import plain_name
from ltv_bayes.data.exports.presets import names_beside, presets
from ltv_bayes.data.exports.roles import example_of
from ltv_bayes.errors import ColumnError
from ltv_bayes.language import _

Groups = Sequence[frozenset[str]]


def customer_column(frame: pd.DataFrame, call: Callable[[str], str], *, one_a_row: bool = False) -> str | None:
    """The column that says who the customer is: an id goes before a name.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table that is no log of orders.
    call : callable
        From the name of a column to the call that chooses it.
    one_a_row : bool
        Whether a row is a customer, so that the id of the row is theirs.

    Returns
    -------
    str or None
        None if no name is known.

    Raises
    ------
    ColumnError
        If several columns may be meant.

    Examples
    --------
    >>> accounts = pd.DataFrame({"Account ID": ["001A"], "Account Name": ["Ada Ltd"]})
    >>> customer_column(accounts, "customer_id={!r}".format)
    'Account ID'
    """
    known = [one.columns for one in presets().values()]
    groups = []
    for role in ("customer_id", "customer_name"):
        groups.append(frozenset().union(*(columns.get(role, frozenset()) for columns in known)))
    if one_a_row:
        groups.insert(1, names_beside("customers")["customer_id"])
    return known_column(frame, groups, _("the customer"), call)


def columns_beside(
    frame: pd.DataFrame, table: str, roles: Iterable[str], call: Callable[[str, str], str]
) -> dict[str, str]:
    """The columns of some roles of a table beside orders, by role; those that are not there are left out.

    Examples
    --------
    >>> columns_beside(
    ...     pd.DataFrame({"渠道": ["展会"], "费用(万元)": [3]}), "costs", ["channel", "spend"], "{}={!r}".format
    ... )
    {'channel': '渠道', 'spend': '费用(万元)'}
    """
    names = names_beside(table)
    found = {
        role: known_column(frame, [names[role]], _("the {role}", role=role.replace("_", " ")), partial(call, role))
        for role in roles
    }
    return {role: name for role, name in found.items() if name is not None}


def known_column(frame: pd.DataFrame, groups: Groups, title: str, call: Callable[[str], str]) -> str | None:
    """The one column with a name of a group, the first group that has one; None if no group has.

    Raises
    ------
    ColumnError
        If a group has several columns that differ.
    """
    for names in groups:
        found = [name for name in frame.columns if plain_name(name) in names and frame[name].notna().any()]
        found = [name for place, name in enumerate(found) if not any(_same(frame, name, one) for one in found[:place])]
        if len(found) > 1:
            shown = " and ".join(f"{str(name)!r} ({example_of(frame, name)})" for name in found)
            cure = " or ".join(call(str(name)) for name in found)
            raise ColumnError(
                _(
                    "{number} columns may be {title}: {shown}. Choose one: {cure}.",
                    number=len(found),
                    title=title,
                    shown=shown,
                    cure=cure,
                )
            )
        if found:
            return found[0]
    return None


def _same(frame: pd.DataFrame, first: str, second: str) -> bool:
    return bool(frame[first].astype("str").equals(frame[second].astype("str").rename(first)))
