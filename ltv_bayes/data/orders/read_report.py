"""What was read of an export: rows and amounts kept and left out, and how each column was understood."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import starmap
from pathlib import Path

import numpy as np
import pandas as pd

from ltv_bayes.data.orders.reasons import reason_in_words
from ltv_bayes.errors import counted, listed
from ltv_bayes.formatting import percent
from ltv_bayes.language import _, _n, as_known, comma, semicolon
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.whole_files import written_whole

KEPT = "kept"
FIRST_ROWS = 5
BLOCK = 2**16


@dataclass(frozen=True, eq=False, repr=False)
class ReadReport(Printed):
    """What :func:`ltv_bayes.read_transactions` read: ``orders.report``.

    Attributes
    ----------
    source, form : str
        The source, and what its content is, such as CSV or Excel workbook.
    encoding : str or None
        The encoding of a text file.
    sheets : tuple of str
        The sheets that were read.
    header_row : int or None
        The row of the header, as a spreadsheet numbers it.
    rows : pandas.DataFrame
        One row a reason, ``kept`` first, then those left out: reason (the index), rows, amount (as in the file, its
        unit applied, before any conversion), first_rows. Their sums are the rows and the amount of the file, to the
        cent.
    mapping : pandas.DataFrame
        One row a role, with the column and how it was found.
    system : str or None
        The system that wrote the export, if its column names tell.
    status : pandas.DataFrame
        One row a word of a status: column, word, meaning, rows.
    unit : str or None
        What 1 in the column of amounts is worth, and who says so.
    currency : str or None
        What amounts are counted in.
    converted : bool
        Whether amounts were converted to it; those of ``rows`` are as in the file.
    orders : pandas.DataFrame
        The orders that were read: customer_id and date among others.
    notes : tuple of str
        What was decided on the way.
    """

    source: str
    form: str
    encoding: str | None
    sheets: tuple[str, ...]
    header_row: int | None
    rows: pd.DataFrame
    mapping: pd.DataFrame
    system: str | None
    status: pd.DataFrame
    unit: str | None
    currency: str | None
    converted: bool
    orders: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    @property
    def rows_in(self) -> int:
        """The number of rows below the header that were read."""
        return int(self.rows["rows"].sum())

    @property
    def amount_in(self) -> float:
        """The sum of all amounts of the file that can be read, to the cent."""
        return round(math.fsum(self.rows["amount"]), 2)

    @property
    def customers(self) -> int:
        """The number of customers."""
        return self._counted[0]

    @property
    def bought_once(self) -> int:
        """The number of customers who bought on one day only."""
        return self._counted[1]

    @cached_property
    def _counted(self) -> tuple[int, int]:
        return customers_and_once(self.orders)

    @property
    def share_bought_once(self) -> float:
        """The share of customers who bought on one day only."""
        return self.bought_once / self.customers if self.customers else float("nan")

    def parts(self) -> tuple[list[str], pd.DataFrame, list[str]]:
        """Lines, the table of rows and amounts with their sums, and notes: what a report is made of.

        Returns
        -------
        tuple of (list of str, pandas.DataFrame, list of str)
        """
        return self._lines(), self._counts(), list(self.notes)

    def text(self) -> str:
        """The whole report as text."""
        return self._page().as_text()

    def save(self, path: str | Path) -> None:
        """Write the report to a file: text, or a page where the name ends in .html.

        Parameters
        ----------
        path : str or Path
            Ending in ``.txt`` or ``.html``.

        Raises
        ------
        WriteError
            If the file cannot be written; one that was there before is as it was.
        """
        page = self._page()
        as_page = Path(path).suffix.lower() in (".html", ".htm")
        text = f'<!doctype html><meta charset="utf-8">\n{page.as_html()}' if as_page else page.as_text()
        with written_whole(path) as unfinished:
            unfinished.write_text(text + "\n", encoding="utf-8")

    def _page(self) -> ResultPage:
        return ResultPage(
            self._lines(), self._counts(), [_("note: {note}", note=note) for note in self.notes], amounts=False
        )

    def _lines(self) -> list[str]:
        found = [self.form, *([self.encoding] if self.encoding else [])]
        if self.sheets:
            found.append(_n("sheet {names}", "sheets {names}", len(self.sheets), names=listed(self.sheets)))
        if self.header_row is not None:
            found.append(_("header in row {header_row}", header_row=self.header_row))
        system = _(", written by {system}", system=self.system) if self.system else ""
        columns = semicolon(
            _("{role}: {column}", role=as_known(role), column=column) for role, column in self.mapping["column"].items()
        )
        once = _("{share_bought_once} of them bought once", share_bought_once=percent(self.share_bought_once))
        words = [
            _("{column}: {words}", column=column, words=comma(starmap(_word_in_words, some)))
            for column, some in self._words().items()
        ]
        days = self.orders["date"]
        money = [_("amounts counted in {unit}", unit=self.unit)] if self.unit else []
        return [
            _("Read from {source} ({found}){system}", source=self.source, found=comma(found), system=system),
            _("columns: {columns}", columns=columns),
            *words,
            *money,
            _("no orders")
            if not self.customers
            else _(
                "{customers}, {min:%Y-%m-%d} to {max:%Y-%m-%d}; {once}",
                customers=counted(self.customers, "customer"),
                min=days.min(),
                max=days.max(),
                once=once,
            ),
        ]

    def _words(self) -> dict[str, list[tuple[str, str, int]]]:
        found: dict[str, list[tuple[str, str, int]]] = {}
        for row in self.status.itertuples():
            found.setdefault(str(row.column), []).append((str(row.word), str(row.meaning), int(row.rows)))
        return found

    def _counts(self) -> pd.DataFrame:
        """Rows and amounts as people read them, with the sums of the file below."""
        table = self.rows.assign(
            rows=[f"{number:,}" for number in self.rows["rows"]],
            amount=[f"{amount:,.2f}" for amount in self.rows["amount"]],
        )
        table = table.rename(index=reason_in_words)
        table.loc[_("in the file")] = [f"{self.rows_in:,}", f"{self.amount_in:,.2f}", ""]
        if "amount" not in self.mapping.index:
            return table.drop(columns="amount").rename(columns={"first_rows": _("first rows")}).rename_axis(None)
        counted_in = _("before conversion") if self.converted else self.currency
        name = _("amount ({counted_in})", counted_in=counted_in) if counted_in else _("amount")
        return table.rename(columns={"amount": name, "first_rows": _("first rows")}).rename_axis(None)


def _word_in_words(word: str, meaning: str, rows: int) -> str:
    """A word of a status, how often it stands there, and how it was taken."""
    shown = word or _("blank")
    return _("{word} {rows:,} ({meaning})", word=shown, rows=rows, meaning=reason_in_words(meaning))


def rows_by_reason(reason: np.ndarray, names: Sequence[str], amounts: pd.Series) -> pd.DataFrame:
    """Count rows and add up amounts by reason, those kept first: rows, amount to the cent, first_rows.

    Parameters
    ----------
    reason : numpy.ndarray
        Why each row is left out, as a place in ``names``; 0 for those kept.
    names : sequence of str
        The reasons, ``kept`` first.
    amounts : pandas.Series
        The amount of each row, missing where there is none; its index names the rows.

    Examples
    --------
    >>> rows_by_reason(np.array([0, 1]), ["kept", "total of other rows"], pd.Series([3.0, 3.0]))["amount"].tolist()
    [3.0, 3.0]
    """
    found, money = [], amounts.to_numpy()
    for place, name in enumerate(names):
        of_it = reason == place
        number = int(np.count_nonzero(of_it))
        first = "" if place == 0 else listed(amounts.index[of_it][:FIRST_ROWS], FIRST_ROWS, number)
        found.append((name, number, round(_exact_sum(money if number == len(money) else money[of_it]), 2), first))
    table = pd.DataFrame(found, columns=["reason", "rows", "amount", "first_rows"]).set_index("reason")
    return pd.concat([table.iloc[:1], table.iloc[1:].sort_values("rows", ascending=False, kind="stable")])


def _exact_sum(numbers: np.ndarray) -> float:
    """Add up the finite ones of some numbers as `math.fsum` does, without rounding but at the end.

    Of each number of a block, the digits above a common place are added, then those below it in turn. A place is such
    that no sum of a block has more digits than a float (Rump, Ogita & Oishi, 2008, SIAM J. Sci. Comput. 31, 189-224).
    """
    sums = []
    for start in range(0, len(numbers), BLOCK):
        rest = numbers[start : start + BLOCK]
        rest = rest[np.isfinite(rest)]
        while (largest := np.abs(rest).max(initial=0.0)) > 0:
            place = np.ldexp(2.0 * BLOCK, np.frexp(largest)[1])
            above = (rest + place) - place
            sums.append(above.sum())
            rest = rest - above
    return math.fsum(sums)


def customers_and_once(days: pd.DataFrame) -> tuple[int, int]:
    """The number of customers, and of those with one purchase day, of customer_id and date of orders."""
    codes, distinct = pd.factorize(days["customer_id"])
    day = days["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first = np.full(len(distinct), np.iinfo(np.int64).max)
    last = np.full(len(distinct), np.iinfo(np.int64).min)
    np.minimum.at(first, codes, day)
    np.maximum.at(last, codes, day)
    return len(distinct), int((first == last).sum())
