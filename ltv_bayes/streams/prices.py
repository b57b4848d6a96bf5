"""How the prices of contracts go on."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.ids import as_text
from ltv_bayes.data.readers import read_table
from ltv_bayes.errors import ColumnError, InputError, UnitError, rows_at_fault, suggestion
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.time_units import DAYS_PER_YEAR, as_date, as_number

NEEDED = ("customer_id", "valid_from", "price")


@dataclass(frozen=True, eq=False)
class PriceChanges:
    """Changes of prices after the as-of date.

    Attributes
    ----------
    a_year : float
        Share by which every price changes a year.
    steps : tuple of (date, share)
        Days from which all prices change by a share.
    new : tuple of (date, contracts, prices)
        Days from which some contracts, by their rows, have another price; in the order of the days.
    """

    a_year: float = 0.0
    steps: tuple[tuple[dt.date, float], ...] = ()
    new: tuple[tuple[dt.date, IntArray, Array], ...] = field(default=())

    @classmethod
    def read(cls, given: Any, contracts: pd.DataFrame) -> Self:
        """Read what the user gave: nothing, a share a year, shares by date, or new prices.

        Raises
        ------
        UnitError
            If a share is not above -1, or a date cannot be read.
        ColumnError, InputError
            If new prices lack a column, are not above 0, or belong to nobody; the message names the rows.
        """
        if given is None:
            return cls()
        if isinstance(given, Mapping):
            steps = sorted((as_date(day, "price_changes"), _share(share)) for day, share in given.items())
            return cls(steps=tuple(steps))
        if isinstance(given, int | float | np.number):
            return cls(a_year=_share(given))
        return cls(new=_new_prices(read_table(given), contracts))

    def at(self, prices: Array, contract: IntArray, due: Array, days: Array) -> Array:
        """The price of each payment.

        Parameters
        ----------
        prices : array of shape (payments,)
            Without changes.
        contract : array of shape (payments,)
            Row of the contract.
        due, days : arrays of shape (payments,)
            When it is due: as a date, and in days after the as-of date.
        """
        prices = prices * (1 + self.a_year) ** (days / DAYS_PER_YEAR)
        for day, share in self.steps:
            prices = np.where(due >= np.datetime64(day), prices * (1 + share), prices)
        for day, rows, new in self.new:
            at = pd.Index(rows).get_indexer(contract)
            prices = np.where((at >= 0) & (due >= np.datetime64(day)), new[at], prices)
        return prices


def _share(given: Any) -> float:
    share = as_number(given, "price_changes")
    if not -1 < share < 1:
        raise UnitError(f"price_changes are shares: write 5% as 0.05, not {share:g}.")
    return share


def _new_prices(frame: pd.DataFrame, contracts: pd.DataFrame) -> tuple[tuple[dt.date, IntArray, Array], ...]:
    keys = ["product"] if "product" in contracts else []
    for name in (*NEEDED, *keys):
        if name not in frame:
            raise ColumnError(f"price_changes have no column {name!r}. {suggestion(name, map(str, frame.columns))}")
    price = pd.to_numeric(frame["price"], errors="coerce").to_numpy(dtype=float)
    _refuse(frame, ~(price > 0), "without a price above 0", "Give the price of one period.")
    owner = pd.DataFrame({"customer": as_text(contracts.index), "row": np.arange(len(contracts))})
    wanted = pd.DataFrame({"customer": frame["customer_id"].astype(str).to_numpy(), "price": price})
    for name in keys:
        owner[name], wanted[name] = contracts[name].astype(str).to_numpy(), frame[name].astype(str).to_numpy()
    wanted["day"] = [as_date(value, "valid_from") for value in frame["valid_from"]]
    wanted["line"] = np.arange(len(frame))
    found = wanted.merge(owner, on=["customer", *keys])
    known = np.isin(np.arange(len(frame)), found["line"])
    _refuse(frame, ~known, "for whom there is no contract", "Correct customer_id (and product), or leave them out.")
    twice = wanted.duplicated(["customer", *keys, "day"], keep=False).to_numpy()
    _refuse(frame, twice, "giving one contract two prices from one day", "Keep one of them.")
    return tuple(
        (day, group["row"].to_numpy(), group["price"].to_numpy()) for day, group in found.groupby("day", sort=True)
    )


def _refuse(frame: pd.DataFrame, wrong: np.ndarray, problem: str, cure: str) -> None:
    if wrong.any():
        rows = list(frame.index[wrong])
        raise InputError(rows_at_fault(rows, "row", f"of the price changes {problem}", cure), rows)
