"""Ids that are one customer, with the rule or person that decided so: reviewed, applied to orders, and taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_ids, as_text
from ltv_bayes.data.writing.table_files import write_table
from ltv_bayes.errors import ColumnError, InputError, a_kind, counted, refuse_rows, sentence_case, suggestion
from ltv_bayes.language import _
from ltv_bayes.tables import Printed, ResultPage

ORIGINAL = "original_id"
REVIEWED = ("one", "other", "score", "reason")
SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False)
class CustomerMatches(Printed):
    """Which ids of several systems are one customer. Made by :func:`match_customers`.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row a pair: system_a, id_a, name_a, system_b, id_b, name_b, score (similarity of the names, 0 to 100),
        reason, decision ("same", "different", or empty where a person has to say) and decided_by ("rule" or "person").
        What is open comes first.
    customers : pandas.DataFrame
        One row an id of a system: system, id, name, customer_id (the id of its customer), customer_system (the system
        that this id is of), and reason (what joined it to the customer; empty for the id that gives the customer's).
    notes : tuple of str
        What was seen on reading and matching.
    columns : mapping
        Each system's name with its column of ids.
    """

    pairs: pd.DataFrame
    customers: pd.DataFrame
    notes: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    def open(self) -> pd.DataFrame:
        """The pairs that wait for a person's decision."""
        return self.pairs[self.pairs["decision"] == ""]

    def report(self) -> pd.DataFrame:
        """Count ids, customers, and pairs by reason and decision.

        Returns
        -------
        pandas.DataFrame
            One row a count, with the columns ``what`` and ``number``.

        Examples
        --------
        >>> from ltv_bayes.data.matching.match import match_customers
        >>> crm = pd.DataFrame({"customer_id": ["C1", "C3"], "name": ["Ada", "Cleo"]})
        >>> match_customers({"orders": crm.iloc[:1], "crm": crm}).report()
                                      what  number
        0                    ids of orders       1
        1                       ids of crm       2
        2                        customers       2
        3  customers of several systems           1
        4                same: equal ids           1
        """
        members = self.customers.groupby("customer_id", sort=False)["system"].nunique()
        each = self.customers["system"].value_counts(sort=False)
        counts = {_("ids of {system}", system=system): int(each.get(system, 0)) for system in self.columns}
        counts |= {"customers": len(members), "customers of several systems": int((members > 1).sum())}
        for (decision, by, reason), number in self._by_reason().items():
            kind = _("{value}: {reason}", value=decision or "to review", reason=reason)
            counts[_("{kind}, decided by a person", kind=kind) if by == "person" else kind] = number
        return pd.DataFrame({"what": list(counts), "number": list(counts.values())})

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the pairs to a workbook or CSV file, to be reviewed and read back with ``decisions=``.

        In the column ``decision``, write "same" or "different"; blank is undecided. Text is never run as a formula.

        Parameters
        ----------
        path : path
            Ending in ``.xlsx`` or ``.csv``.
        overwrite : bool
            Whether a file that is there may be replaced: it may have been filled in.

        Raises
        ------
        InputError
            If the path ends otherwise, or there is a file already.
        """
        place = Path(path).expanduser()
        if place.exists() and not overwrite:
            cure = _("Choose another name, or pass overwrite=True.")
            raise InputError(
                _("{place} exists already, and it may have been filled in. {cure}", place=place, cure=cure)
            )
        return write_table(self.pairs, place, choices={"decision": ("same", "different")})

    def apply(self, source: Any, system: str) -> Any:
        """Replace a system's ids by those of the customers, and keep the old ones in a column ``original_id``.

        Parameters
        ----------
        source : Transactions, path or frame
            The table that was matched, or another one of the same system.
        system : str
            The system that the ids are of.

        Returns
        -------
        Transactions or pandas.DataFrame
            What was given, with other ids. Transactions carry the counts in their notes.

        Raises
        ------
        InputError
            If the system or an id was not matched.

        Examples
        --------
        >>> from ltv_bayes.data.matching.match import match_customers
        >>> orders = pd.DataFrame({"customer_id": ["C1"], "name": ["Ada Ltd"]})
        >>> visits = pd.DataFrame({"customer_id": [7], "name": ["ADA"], "hours": [2.5]})
        >>> matches = match_customers({"orders": orders, "service": visits}, equal_names="same")
        >>> matches.apply(visits, "service")
          customer_id name  hours  original_id
        0          C1  ADA    2.5            7
        """
        if system not in self.columns:
            raise InputError(
                _(
                    "The system {system!r} was not matched. {suggestion}",
                    system=system,
                    suggestion=suggestion(system, self.columns),
                )
            )
        if isinstance(source, Transactions):
            table = self._replaced(source.table, "customer_id", system)
            beside = {
                name: self._replaced(some, "customer_id", system)
                for name in ("opportunities", "decided")
                if (some := getattr(source, name)) is not None
            }
            return replace(source, table=table, **beside, notes=(*source.notes, self._note(table, "customer_id")))
        return self._replaced(_frame(source), self.columns[system], system)

    def undo(self, applied: Any, system: str) -> Any:
        """Put the original ids back into what `apply` returned.

        Parameters
        ----------
        applied : frame, series or path
            What `apply` returned, or a file of it.
        system : str
            The system that it is of.

        Returns
        -------
        frame or series
            With the ids that it had before.

        Raises
        ------
        ColumnError
            If it has no column ``original_id``.
        """
        if isinstance(applied, Transactions):
            table = _restored(applied.table, "customer_id")
            notes = tuple(note for note in applied.notes if note != self._note(applied.table, "customer_id"))
            beside = {
                name: _restored(some, "customer_id")
                for name in ("opportunities", "decided")
                if (some := getattr(applied, name)) is not None
            }
            return replace(applied, table=table, **beside, notes=notes)
        return _restored(_frame(applied), self.columns[system])

    def _replaced(self, table: pd.DataFrame, column: str, system: str) -> pd.DataFrame:
        """Put the customers' ids into a table."""
        if ORIGINAL in table.columns:
            raise ColumnError(
                _(
                    "The table has a column {original!r} already. Was it merged before? Take that back first.",
                    original=ORIGINAL,
                )
            )
        if column in table.index.names:
            raise ColumnError(
                _("The ids are the index of the table. Pass it with .reset_index(), which makes a column of them.")
            )
        old = named_column(table, column, "customer_id")
        ids, _unused = as_ids(old)
        own = self.customers[self.customers["system"] == system]
        known = dict(zip(own["id"].map(str), own["customer_id"], strict=True))
        texts = as_text(ids)
        new = pd.Series([known.get(text) for text in texts], index=table.index).infer_objects()
        cure = _("Match again with this table as {system!r}.", system=system)
        refuse_rows(table.index[new.isna()], "row", _("with an id that {system!r} did not have", system=system), cure)
        return table.assign(**{column: new, ORIGINAL: old})

    def _note(self, table: pd.DataFrame, column: str) -> str:
        """Say what was merged in a table."""
        before, after = table[ORIGINAL].nunique(), table[column].nunique()
        open_pairs = _("; {pairs} to review", pairs=counted(len(self.open), "pair")) if len(self.open) else ""
        systems = counted(len(self.columns), "system")
        return _(
            "{ids} merged to {customers} of {systems}{open_pairs}",
            ids=counted(before, "id"),
            customers=counted(after, "customer"),
            systems=systems,
            open_pairs=open_pairs,
        )

    def _by_reason(self) -> dict[tuple[str, str, str], int]:
        """Pairs by decision, who decided, and reason, in order of the pairs."""
        keys = zip(self.pairs["decision"], self.pairs["decided_by"], self.pairs["reason"], strict=True)
        counts: dict[tuple[str, str, str], int] = {}
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
        return counts

    def _page(self) -> ResultPage:
        counts = self.report()
        lines = [f"{number:>9,}  {what}" for what, number in zip(counts["what"], counts["number"], strict=True)]
        heading = _(
            "{ids} of {systems}", ids=counted(len(self.customers), "id"), systems=counted(len(self.columns), "system")
        )
        table = self._reviewed()
        return ResultPage([heading, *lines], table, [*self.notes], amounts=False, rows=SHOWN)

    def _reviewed(self) -> pd.DataFrame | None:
        """The open pairs, or all if none is open, with each side in one column."""
        pairs = self.open if len(self.open) else self.pairs
        if pairs.empty:
            return None
        sides = {side: _called(pairs, letter) for side, letter in (("one", "a"), ("other", "b"))}
        return pairs.reset_index(drop=True)[["score", "reason"]].assign(**sides)[list(REVIEWED)]


def _called(pairs: pd.DataFrame, letter: str) -> list[str]:
    """Name one side of each pair: system, id and name."""
    cells = (pairs[f"{column}_{letter}"] for column in ("system", "id", "name"))
    return [" ".join(str(part) for part in parts if part is not None) for parts in zip(*cells, strict=True)]


def _frame(source: Any) -> pd.DataFrame:
    """The table of anything but orders, of which only raw rows can be merged."""
    if isinstance(source, pd.DataFrame | str | Path) or not hasattr(source, "rows"):
        return read_table(source)
    held = _("{kind} holds histories that are summarised already.", kind=sentence_case(a_kind(source)))
    raise InputError(_("{held} Merge the orders, then summarize them.", held=held))


def _restored(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Put original ids back."""
    old = named_column(table, ORIGINAL, "original_id", _("Only what .apply() returned can be taken back."))
    return table.assign(**{column: old}).drop(columns=ORIGINAL)
