"""One judged opportunity: whether it comes, how much and when, fed back in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from ltv_bayes.judgement.amount_belief import AmountBelief
from ltv_bayes.judgement.chance_belief import ChanceBelief
from ltv_bayes.judgement.chances import SAID
from ltv_bayes.judgement.form import WAYS
from ltv_bayes.judgement.stated_amounts import PARAMETERS

SAYING = "you say: "


@dataclass(frozen=True)
class Opportunity:
    """One opportunity, as somebody sees it.

    Attributes
    ----------
    customer_id, name : object, str
        Whose it is, and what it is called.
    chance : ChanceBelief
        Whether it comes.
    amount : AmountBelief
        How much it brings, if it comes.
    first, last : pandas.Timestamp
        The days between which it comes; NaT where nobody knows.
    """

    customer_id: Any
    name: str
    chance: ChanceBelief
    amount: AmountBelief
    first: pd.Timestamp
    last: pd.Timestamp

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        """Take a row of `FutureValuePriors.table`."""
        way = next((way for way in WAYS if pd.notna(row[way[-1]])), ())
        said = {name: float(row[name]) for name in way if pd.notna(row[name])}
        first, second, third = (float(row[name]) for name in PARAMETERS)
        sure = float(row["interval"])
        case = {name: float(row[name]) for name in SAID if pd.notna(row[name])}
        chance = {**case, "interval": sure} if "probability_low" in case else case
        return cls(
            row["customer_id"],
            str(row["opportunity"]),
            ChanceBelief(float(row["probability"]), float(row["chance_a"]), float(row["chance_b"]), chance),
            AmountBelief(row["family"], (first, second, third), said, sure),
            row["expected_from"],
            row["expected_to"],
        )

    @property
    def expected_value(self) -> float:
        """Mean before margin and discount."""
        return self.chance.probability * self.amount.mean

    def sentences(self, currency: str | None = None) -> tuple[str, str, str]:
        """Whether it comes, how much it brings and when, in plain words."""
        amount = self.amount.sentence(currency).removeprefix(SAYING)
        return self.chance.sentence(), f"if it comes: {amount}", f"when: {self._when()}"

    def _when(self) -> str:
        if pd.isna(self.first):
            return "on a day that nobody knows yet, within the horizon"
        if self.first == self.last:
            return f"on {self.first:%Y-%m-%d}"
        return f"between {self.first:%Y-%m-%d} and {self.last:%Y-%m-%d}"
