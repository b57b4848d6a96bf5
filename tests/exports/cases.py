"""What a case of the battery is: a small file, how it is read, and what must come of it, written by hand."""

import datetime as dt
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError

Make = Callable[[Path], Any]
Order = tuple[str, dt.date, Decimal | None]
Left = tuple[str, Decimal | None]


@dataclass(frozen=True, eq=False)
class Case:
    """A file and what is expected: the orders as they truly are, or words of a refusal.

    Attributes
    ----------
    name, kind : str
        What is tried, and under which heading it is counted.
    make : callable
        Makes the source in a folder, and gives its path or frame.
    args : mapping
        Arguments of `read_transactions`.
    orders : list of Order, optional
        Customer, day and amount of each order, in turn; None where the file must be refused. With ``words`` too, either
        is right.
    left : list of Left
        Reason (how it begins) and amount of each row that is left out.
    words : tuple of str
        Patterns in the message of a refusal.
    error : type
        Its type.
    right : list of list of Order
        Readings to which hints may lead.
    warns : tuple of str
        Patterns in warnings, one each.
    says : mapping
        Patterns in attributes of the report.
    file_amount : Decimal, optional
        The sum of the amounts kept as the file has them, where they are converted.
    open : list, optional
        Customer, amount, probability and day of each open opportunity.
    """

    name: str
    make: Make
    args: Mapping[str, Any] = field(default_factory=dict)
    orders: list[Order] | None = None
    left: list[Left] = field(default_factory=list)
    words: tuple[str, ...] = ()
    error: type[Exception] = InputError
    right: list[list[Order]] = field(default_factory=list)
    warns: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    file_amount: Decimal | None = None
    open: list[tuple[Any, ...]] | None = None
    kind: str = ""

    def run(self, source: Any, **more: Any) -> "Outcome":
        """Read it, with further arguments."""
        return read(source, {**self.args, **more})


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of reading: a log or an error, and the warnings."""

    log: Any
    error: InputError | None
    warned: list[str]

    @property
    def orders(self) -> list[Order]:
        table = self.log.table
        amounts = [
            None if pd.isna(one) else Decimal(str(round(one, 2))).quantize(Decimal("0.01")) for one in table["amount"]
        ]
        return list(zip(map(str, table["customer_id"]), table["date"].dt.date, amounts, strict=True))

    @property
    def messages(self) -> list[str]:
        return [*([str(self.error)] if self.error else []), *self.warned]


def read(source: Any, args: Mapping[str, Any]) -> Outcome:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            log, error = lb.read_transactions(source, **args), None
        except InputError as problem:
            log, error = None, problem
    others = [one for one in caught if not issubclass(one.category, DataWarning)]
    assert not others, others
    return Outcome(log, error, [str(one.message) for one in caught])


def orders_of(text: str) -> list[Order]:
    """Read "0004 2024-03-01 1200.00" lines; a customer may have blanks; "-" for no amount."""
    lines = [line.rsplit(" ", 2) for line in text.strip().splitlines()]
    return [(customer.strip(), dt.date.fromisoformat(day), money(amount)) for customer, day, amount in lines]


def left_of(text: str) -> list[Left]:
    """Read "by status: void | 300.00" lines."""
    lines = [line.strip().rsplit(" | ", 1) for line in text.strip().splitlines() if line.strip()]
    return [(reason, money(amount)) for reason, amount in lines]


def money(text: str) -> Decimal | None:
    return None if text == "-" else Decimal(text).quantize(Decimal("0.01"))


def reads(
    name: str,
    make: Make,
    orders: str | list[Order],
    left: str = "",
    *,
    right: Sequence[str] = (),
    warns: str | tuple[str, ...] = (),
    says: Mapping[str, str] | None = None,
    file_amount: str | None = None,
    open: list[tuple[Any, ...]] | None = None,
    **args: Any,
) -> Case:
    """A file that must be read."""
    true = orders_of(orders) if isinstance(orders, str) else orders
    warns = (warns,) if isinstance(warns, str) else warns
    in_file = None if file_amount is None else money(file_amount)
    others = [orders_of(one) for one in right]
    return Case(
        name, make, args, true, left_of(left), (), InputError, [true, *others], warns, says or {}, in_file, open
    )


def refuses(
    name: str, make: Make, *words: str, right: Sequence[str] = (), error: type = InputError, **args: Any
) -> Case:
    """A file that must be refused in these words; ``right`` are readings to which hints may lead."""
    return Case(name, make, args, None, [], words, error, [orders_of(one) for one in right])


def either(name: str, make: Make, orders: str, *words: str, right: Sequence[str] = (), **args: Any) -> Case:
    """A file of which the reading is open: read exactly, or refused in these words."""
    true = orders_of(orders)
    return Case(name, make, args, true, [], words, right=[true, *map(orders_of, right)])


def text(
    content: str, *, name: str = "orders.csv", encoding: str = "utf-8", end: str = "\n", before: bytes = b""
) -> Make:
    """A text file; the line with which a literal begins is left out."""
    body = content.removeprefix("\n").replace("\n", end)
    return raw(name, before + body.encode(encoding))


def raw(name: str, data: bytes) -> Make:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def book(write: Callable[..., Path], name: str, *sheets: Any, **options: Any) -> Make:
    """A workbook."""
    return lambda folder: write(folder / name, *sheets, **options)
