"""One-off sales: what was sold, and what is planned with a date and a probability."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.amount_units import as_factor, unit_to_apply
from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_text, ids_of
from ltv_bayes.errors import InputError, UnitError, refuse_rows
from ltv_bayes.formulas.point.values import as_money
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.streams.notes import not_valued
from ltv_bayes.streams.own_data import require_same, sum_by_customer
from ltv_bayes.streams.stream import CustomerDraws, Stream
from ltv_bayes.terms import Terms

COLUMNS = ["days", "amount", "probability"]


@dataclass(frozen=True, eq=False)
class OneOffSale:
    """The stream of single sales, each with its own date and amount.

    Sales up to the as-of date are realised: they count as past value (``realised=True``). Later ones are planned: in
    each draw they happen or not.

    Parameters
    ----------
    sales : frame, path, Transactions or float
        Anything that :func:`ltv_bayes.read_table` reads, one row a sale: customer, date, amount, and, where a sale is
        not certain, probability between 0 and 1 (blank where it is). Or orders, all certain. Or an amount that every
        customer valued pays at once, at the as-of date: the first sale to new customers.
    name : str
        Names the stream in results.
    while_alive : str or stream, optional
        A stream that this one depends on, or its name: a sale planned for after the relation ended there is not made.
        Probabilities then are those of a customer who is still there.
    margin : float, column name, or mapping from id to float, optional
        Share of this stream's revenue that is kept; that of the value if not given.
    discount_rate : float, optional
        Annual effective rate of this stream; that of the value if not given.
    customer, date, amount, probability : str
        The names of the columns; that of probabilities may be absent.
    currency : str, optional
        What amounts are counted in.
    amount_unit : float or str, optional
        What 1 in the column of amounts is worth, as in `read_transactions`.
    date_format : str, optional
        How dates are written, if not year-month-day.

    Raises
    ------
    ColumnError
        If a column is missing.
    InputError
        If a sale has no customer, date or amount above 0, or a probability outside 0 to 1; the message names the rows.

    Examples
    --------
    >>> sales = pd.DataFrame({"customer_id": ["A"], "date": ["2026-06-30"], "amount": [30_000], "probability": [0.4]})
    >>> OneOffSale(sales).table[["amount", "probability"]]
                  amount  probability
    customer_id
    A            30000.0          0.4
    """

    sales: Any
    name: str = "one_off_sale"
    while_alive: str | Stream | None = field(default=None, kw_only=True)
    margin: Any = field(default=None, kw_only=True)
    discount_rate: float | None = field(default=None, kw_only=True)
    customer: str = field(default="customer_id", kw_only=True)
    date: str = field(default="date", kw_only=True)
    amount: str = field(default="amount", kw_only=True)
    probability: str = field(default="probability", kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    amount_unit: float | str | None = field(default=None, kw_only=True)
    date_format: str | None = field(default=None, kw_only=True)

    ends_a_relation: ClassVar[bool] = False
    shape: ClassVar[None] = None
    caution: ClassVar[str] = ""
    fits_by_purpose: ClassVar[Mapping[str, FittedModel]] = {}

    def __post_init__(self) -> None:
        self.table  # noqa: B018 - what is wrong with the sales is refused at once

    @cached_property
    def table(self) -> pd.DataFrame:
        """The sales, indexed by customer_id: date, amount, probability, and row as their source numbers it."""
        if self._at_once is not None:
            return pd.DataFrame(columns=["date", "amount", "probability", "row"], dtype=float)
        if isinstance(self.sales, Transactions):
            if not self.sales.has_amounts:
                raise InputError(_("The orders have no amounts. Read them with amount='...'."))
            found = self.sales.table.set_index("customer_id")[["date", "amount", "row"]]
            return found.assign(probability=1.0)
        raw = read_table(self.sales)
        ids = ids_of(named_column(raw, self.customer, "customer"))
        dates, no_date = as_days(named_column(raw, self.date, "date"), date_format=self.date_format)
        unit_to_apply(self.amount, self.amount_unit)
        amounts, no_amount = as_amounts(
            named_column(raw, self.amount, "amount"), unit=self.amount_unit, header=self.amount
        )
        probability, no_probability = _probabilities(raw, self.probability)
        free = Fault((amounts <= 0).to_numpy(), _("with an amount of zero or less"), _("State the amount, above 0."))
        refuse([*no_date, *no_amount, no_probability, free], raw.index)
        columns = {"date": dates.array, "amount": amounts.array, "probability": probability, "row": raw.index}
        return pd.DataFrame(columns, index=ids)

    def check(self, customers: Customers) -> None:
        """Refuse another currency, and sales of the past that are stated to be uncertain."""
        currency = self.sales.currency if isinstance(self.sales, Transactions) else self.currency
        require_same(customers, self.name, None, currency)
        late = ~self._planned(customers) & (self.table["probability"] < 1).to_numpy()
        problem = _(
            "of the sales with a probability, though dated on or before the as-of date {as_of}", as_of=customers.as_of
        )
        cure = _("Give a future date, or leave out what was lost or has been sold.")
        refuse_rows(self.table["row"][late], "row", problem, cure)

    def knows(self, customers: Customers) -> np.ndarray:
        """Mark no customer: sales do not show when a relation ends."""
        return np.zeros(len(customers), dtype=bool)

    def notes(self, customers: Customers, terms: Terms) -> list[str]:
        """State which customers with sales are not valued."""
        return not_valued(customers, as_text(self.table.index), self.name)

    def common_notes(self, customers: Customers) -> list[str]:
        """State nothing: each sale is one customer's."""
        return []

    def realised(self, customers: Customers) -> Array:
        """What was sold up to the as-of date."""
        past = self.table[~self._planned(customers)]
        return sum_by_customer(past["amount"].to_numpy(), as_text(past.index), customers)

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> CustomerDraws:
        """Make ready to value these customers; see `Stream`."""
        planned = self._sales_to(customers)
        size, ends, delta = shape[0] * shape[1], terms.last_days(), terms.delta("day")

        def draw(
            first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
        ) -> None:
            money[:] = 0.0
            if self._at_once is not None:
                money[:, 0] = self._at_once if until is None else np.where(until <= 0, 0.0, self._at_once)
                return
            for row, customer_id in enumerate(customers.ids[first:last]):
                if first + row not in planned:
                    continue
                rng = customer_stream(seed, self.name, customer_id)
                for days, amount, probability in planned[first + row]:
                    sold = rng.random(size) < probability if probability < 1 else np.ones(size, dtype=bool)
                    if until is not None:
                        sold &= ~(until[row] <= days)
                    if days <= ends[-1]:
                        money[row, np.searchsorted(ends, days)] += sold * amount * np.exp(-delta * days)

        return draw

    def _sales_to(self, customers: Customers) -> dict[int, list[tuple[float, float, float]]]:
        """Planned sales by the position of the customer: days ahead, amount, probability."""
        table = self.table[self._planned(customers)]
        if table.empty:
            return {}
        days = (table["date"] - pd.Timestamp(_as_of(customers))).dt.days.astype(float)
        position = as_text(customers.ids).get_indexer(as_text(table.index))
        table = table.assign(days=days, position=position)[position >= 0].sort_values(COLUMNS)
        planned: dict[int, list[tuple[float, float, float]]] = {}
        for place, *sale in table[["position", *COLUMNS]].itertuples(index=False):
            planned.setdefault(place, []).append(tuple(sale))
        return planned

    def _planned(self, customers: Customers) -> np.ndarray:
        """Mark the sales after the as-of date."""
        if self.table.empty:
            return np.zeros(0, dtype=bool)
        return (self.table["date"] > pd.Timestamp(_as_of(customers))).to_numpy()

    @cached_property
    def _at_once(self) -> float | None:
        """The amount that every customer pays at once, if that is what was given."""
        number = isinstance(self.sales, int | float | np.number) and not isinstance(self.sales, bool)
        return as_money(self.sales, "sales") * as_factor(self.amount_unit) if number else None


def _as_of(customers: Customers) -> dt.date:
    if customers.as_of is None:
        raise UnitError(
            _(
                "The sales have dates but the customers have no as-of date to count from. Pass as_of= when the "
                "customers are made."
            )
        )
    return customers.as_of


def _probabilities(raw: pd.DataFrame, name: str) -> tuple[np.ndarray, Fault]:
    """Read probabilities; blank is certain, "60%" is understood."""
    if name not in raw and name == "probability":
        return np.ones(len(raw)), Fault(np.zeros(len(raw), dtype=bool), "", "")
    cells = named_column(raw, name, "probability")
    text = cells.astype(str).str.strip()
    blank = (cells.isna() | (text == "")).to_numpy()
    share = pd.to_numeric(text.str.removesuffix("%"), errors="coerce").to_numpy(dtype=float)
    share = np.where(text.str.endswith("%"), share / 100, share)
    wrong = ~blank & ~((share >= 0) & (share <= 1))
    return np.where(blank, 1.0, share), Fault(wrong, _("with a probability outside 0 to 1"), "Write 60% as 0.6.")
