"""How the amounts of a log are added up, so that the order of its rows cannot change the last digit of a sum."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

LARGEST_EXACT = 2.0**53
DECIMALS = (100.0, 10_000.0)
AT_SCALE = "round(amount * CAST({0!r} AS DOUBLE)) / CAST({0!r} AS DOUBLE)"

AMOUNTS = f"""
SELECT
    count(*) AS number,
    count(amount) AS amounts,
    coalesce(sum(abs(amount)), 0) AS total,
    count(CASE WHEN amount <= 0 THEN 1 END) AS unpaid,
    {", ".join(f"coalesce(max(abs({AT_SCALE.format(s)} - amount)), 0) AS beyond_{s:.0f}" for s in DECIMALS)},
    CAST(min(CASE WHEN amount > 0 THEN date END) AS DATE) AS first_paid
FROM orders
"""


@dataclass(frozen=True)
class WholeMoney:
    """How amounts become whole numbers, with exact sums, and what else decides how they are added up.

    Attributes
    ----------
    scale : float
        What amounts are multiplied by.
    in_decimals : bool
        Whether amounts are decimals of two or four places, and so small that a float holds their sums as whole
        numbers. Otherwise the scale is a power of two, which changes no digit.
    any_unpaid : bool
        Whether there are amounts of zero or less.
    any_amount : bool
        Whether there are amounts at all.
    broken_scale : float, optional
        Where amounts are no such decimals, what the part of an amount behind the point is multiplied by, in SQL.
    first_paid : datetime.date, optional
        The day of the first order that has a value.
    """

    scale: float
    in_decimals: bool
    any_unpaid: bool
    any_amount: bool
    broken_scale: float | None = None
    first_paid: dt.date | None = None

    @property
    def local_scale(self) -> float:
        """What amounts are multiplied by where sums are made to lose nothing in another way."""
        return self.scale if self.in_decimals else 1.0

    @classmethod
    def of_orders(cls, ask: Callable[[str], pd.DataFrame]) -> "WholeMoney":
        """Look over the amounts in the table ``orders``.

        Parameters
        ----------
        ask : callable
            Answers a question in SQL.

        Examples
        --------
        >>> found = {"number": 3, "amounts": 3, "total": 8.5, "unpaid": 0, "beyond_100": 0, "beyond_10000": 0}
        >>> WholeMoney.of_orders(lambda sql: pd.DataFrame([found | {"first_paid": pd.Timestamp("2024-01-05")}])).scale
        100.0
        """
        row = ask(AMOUNTS).iloc[0]
        first = None if pd.isna(row["first_paid"]) else pd.Timestamp(row["first_paid"]).date()
        found = row.drop("first_paid").astype(float)
        number, total = int(found["number"]), found["total"]
        kinds = bool(found["unpaid"]), bool(found["amounts"])
        for scale in DECIMALS:
            if found[f"beyond_{scale:.0f}"] == 0 and total * scale * 2 < LARGEST_EXACT:
                return cls(scale, True, *kinds, first_paid=first)
        whole = 2.0 ** np.clip(np.floor(np.log2(LARGEST_EXACT / 2 / total)), -1000, 1000)
        broken = float(2.0 ** np.floor(np.log2(LARGEST_EXACT / number)))
        return cls(float(whole), False, *kinds, broken, first)
