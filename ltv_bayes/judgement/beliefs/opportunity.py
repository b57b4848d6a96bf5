"""One judged opportunity: chance, amount and date, fed back in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.formatting import money, percent, with_currency
from ltv_bayes.formulas.beliefs.log_normal_mixture import LogNormalMixture
from ltv_bayes.judgement.beliefs.amount_belief import AmountBelief
from ltv_bayes.judgement.beliefs.chance_belief import ChanceBelief
from ltv_bayes.judgement.form.chances import STATED
from ltv_bayes.judgement.form.layout import PARAMETERS, WAYS
from ltv_bayes.judgement.valuing.adjustments import Adjustment, Adjustments
from ltv_bayes.judgement.valuing.expected import amounts_of, chance_in_draws, log_moments
from ltv_bayes.judgement.valuing.provenance import are_mixed, numbers_used
from ltv_bayes.language import N_, _
from ltv_bayes.tables import Printed, ResultPage

SAYING = N_("you say: ")


@dataclass(frozen=True, repr=False)
class Opportunity(Printed):
    """One opportunity, as an expert sees it.

    Attributes
    ----------
    customer_id, name : object, str
        Its customer, and its name.
    chance : ChanceBelief
        Whether it occurs.
    amount : AmountBelief
        Its amount, if it occurs.
    first, last : pandas.Timestamp
        The days between which it occurs; NaT where they are unknown.
    recalibrated : tuple of float, or None
        What is used in place of chance and amount: mean chance; low, median and high of the amount, its middle 80%.
    """

    customer_id: Any
    name: str
    chance: ChanceBelief
    amount: AmountBelief
    first: pd.Timestamp
    last: pd.Timestamp
    recalibrated: tuple[float, ...] | None = None

    @classmethod
    def of(
        cls,
        row: Mapping[Any, Any],
        mixture: LogNormalMixture | None = None,
        recalibrated: tuple[float, ...] | None = None,
    ) -> Self:
        """Take a row of `FutureValuePriors.table`, and what became of it if it was pooled or recalibrated.

        Parameters
        ----------
        row : mapping
            One of that table.
        mixture : LogNormalMixture, optional
            The amount's distribution, if it was pooled.
        recalibrated : tuple of float, optional
            Chance, median amount and spread after recalibration.
        """
        way = next((way for way in WAYS if pd.notna(row[way[-1]])), ())
        stated = {name: float(row[name]) for name in way if pd.notna(row[name])}
        first, second, third = (float(row[name]) for name in PARAMETERS)
        sure = float(row["interval"])
        case = {name: float(row[name]) for name in STATED if pd.notna(row[name])}
        chance = {**case, "interval": sure} if "probability_low" in case else case
        probability = row["probability"] if recalibrated is None else row["stated_probability"]
        return cls(
            row["customer_id"],
            str(row["opportunity"]),
            ChanceBelief(float(probability), float(row["chance_a"]), float(row["chance_b"]), chance),
            AmountBelief(row["family"], (first, second, third), stated, sure, mixture),
            row["expected_from"],
            row["expected_to"],
            recalibrated,
        )

    @property
    def expected_value(self) -> float:
        """Mean before margin and discount."""
        return self.chance.probability * self.amount.mean

    def sentences(self, currency: str | None = None) -> tuple[str, ...]:
        """Chance, amount and date in plain words; and what is used in their place after recalibration.

        Parameters
        ----------
        currency : str, optional
            Of the amounts.

        Returns
        -------
        tuple of str
            Two or three; four after recalibration.
        """
        amount = self.amount.sentence(currency).removeprefix(_(SAYING))
        stated = (
            self.chance.sentence(),
            _("if it occurs: {amount}", amount=amount),
            _("when: {when}", when=self._when()),
        )
        return stated if self.recalibrated is None else (*stated, _used(self.recalibrated, currency))

    def _page(self) -> ResultPage:
        return ResultPage([f"{self.name} ({self.customer_id})", *self.sentences()])

    def _when(self) -> str:
        if pd.isna(self.first):
            return _("on an unknown day within the horizon")
        if self.first == self.last:
            return _("on {first:%Y-%m-%d}", first=self.first)
        return _("between {first:%Y-%m-%d} and {last:%Y-%m-%d}", first=self.first, last=self.last)


def _used(numbers: tuple[float, ...], currency: str | None) -> str:
    """What is used after recalibration, in plain words."""
    low, median, high = (money(amount, currency) for amount in numbers[1:])
    return _(
        "used after recalibration: it occurs with {numbers}; one chance in ten above {high}, one in ten "
        "below {low}, as likely above {median} as below",
        numbers=percent(numbers[0]),
        high=with_currency(high, currency),
        low=low,
        median=median,
    )


def opportunities(table: pd.DataFrame, adjustments: Adjustments | None) -> list[Opportunity]:
    """Each opportunity of `FutureValuePriors.table` by itself: as stated, or as drawn where several experts made it."""
    mixed, rows = are_mixed(table, adjustments), table.to_dict("records")
    if adjustments is None:
        return [Opportunity.of(row) for row in rows]
    return [_changed(row, adjustments.of(position), bool(mixed[position])) for position, row in enumerate(rows)]


def _changed(row: Mapping[Any, Any], change: Adjustment, mixed: bool) -> Opportunity:
    """An opportunity with a judgement that was pooled or recalibrated."""
    stated = pd.notna(row.get("stated_probability", np.nan))
    return Opportunity.of(row, _mixture(row, change) if mixed else None, numbers_used(row, change) if stated else None)


def _mixture(row: Mapping[Any, Any], change: Adjustment) -> LogNormalMixture:
    """The amount of a pooled judgement if it occurs: of each draw, as often as it occurs there."""
    location, sd = log_moments(row["family"], amounts_of(row), change.spread)
    return LogNormalMixture(change.shift + location, sd, chance_in_draws(row, change))
