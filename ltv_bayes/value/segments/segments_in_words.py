"""Segments in sentences: which of two is more, how surely, whether it matters, and which a fit has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.errors import UnitError, counted, listed
from ltv_bayes.formatting import label, money, percent, probability, with_currency
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, interval_name
from ltv_bayes.language import _, _n
from ltv_bayes.time_units import as_number

TOSS_UP = 0.6
"""Below this probability of the likelier order a sentence does not say that one is more than the other."""
ALIKE = 0.95
"""From this probability of a difference that does not matter on, a sentence says that the two are alike."""
ENDS = ("_lb", "_ub")


@dataclass(frozen=True)
class Region:
    """Differences that do not matter: up to an amount, or up to a share of the larger of two."""

    amount: float | None = None
    share: float | None = None

    @classmethod
    def read(cls, amount: float | None, share: float | None) -> "Region":
        """Check what the user gave."""
        if amount is not None and share is not None:
            raise UnitError(_("A region of practical equivalence is an amount or a share: give one of the two."))
        if amount is not None and not as_number(amount, "rope") > 0:
            raise UnitError(_("rope must be an amount above 0, not {amount!r}.", amount=amount))
        if share is not None and not 0 < as_number(share, "rope_share") < 1:
            raise UnitError(_("rope_share must lie between 0 and 1, not {share!r}. Write a tenth as 0.1.", share=share))
        return cls(amount, share)

    def __bool__(self) -> bool:
        return self.amount is not None or self.share is not None

    def holds(self, first: Array, second: Array) -> np.ndarray:
        """Mark draws whose difference does not matter."""
        reach = self.amount if self.share is None else self.share * np.maximum(np.abs(first), np.abs(second))
        return np.asarray(np.abs(first - second) <= reach)

    def text(self, unit: str) -> str:
        """Write the largest difference that does not matter."""
        if self.share is not None:
            return percent(self.share)
        return with_currency(money(self.amount, unit), unit)


@dataclass(frozen=True)
class Words:
    """Puts the numbers of one pair in a sentence.

    Attributes
    ----------
    more : (str, str)
        What stands between the two options, and after the second, where the first has more.
    unsure : str
        What stands after both where it is not known which has more.
    alike : str
        In what the two are alike.
    unit : str
        What the numbers are counted in.
    interval : (float, str)
        Probability and kind.
    """

    more: tuple[str, str]
    unsure: str
    alike: str
    unit: str
    interval: tuple[float, str]

    @classmethod
    def of_quantity(cls, name: str, unit: str, interval: tuple[float, str]) -> "Words":
        """Words for a quantity by its name, such as mean spend."""
        return cls(
            (_("has a higher {name} than", name=name), ""),
            _("has the higher {name}", name=name),
            _(" in {name}", name=name),
            unit,
            interval,
        )

    @classmethod
    def of_worth(cls, how: str, unit: str, interval: tuple[float, str]) -> "Words":
        """Words for what options are worth, such as per customer or in total."""
        after = _(" {how}", how=how)
        return cls((_("is worth more than"), after), _("is worth more {how}", how=how), after, unit, interval)

    def of(self, row: Mapping[Any, Any], region: Region, size: int) -> str:
        """The sentence for a row of the table, made from ``size`` draws: no finite number of them is certainty."""
        a, b, most = row["segment_a"], row["segment_b"], 1 - 1 / size
        above = min(row["probability_a_above_b"], most)
        chance = probability(above)
        held = min(row.get("probability_equivalent", 0.0), most)
        within = _(
            "it is at most {text} either way with probability {held}",
            text=region.text(self.unit),
            held=probability(held),
        )
        if region and held >= ALIKE:
            begin = _(
                "{a} and {b} are practically alike{alike}; {difference}",
                a=a,
                b=b,
                alike=self.alike,
                difference=self._difference(row),
            )
            return _(
                "{begin}; {within}, and {a} is higher with probability {chance}.",
                begin=begin,
                within=within,
                a=a,
                chance=chance,
            )
        if round(above, 2) >= TOSS_UP:  # as it is written
            begin = _(
                "{a} {more} {b}{more_2} with probability {chance}",
                a=a,
                more=self.more[0],
                b=b,
                more_2=self.more[1],
                chance=chance,
            )
        else:
            begin = _(
                "Whether {a} or {b} {unsure} is a toss-up, {a} with probability {chance}",
                a=a,
                b=b,
                unsure=self.unsure,
                chance=chance,
            )
        if region:
            return _("{begin}; {difference}; {within}.", begin=begin, difference=self._difference(row), within=within)
        return _("{begin}; {difference}.", begin=begin, difference=self._difference(row))

    def _difference(self, row: Mapping[Any, Any]) -> str:
        name = interval_name(*self.interval)
        low, high = (money(row[f"{name}{end}"], self.unit) for end in ENDS)
        middle = with_currency(money(row["median_difference"], self.unit), self.unit)
        return _(
            "the median difference is {middle}, {interval} {low} to {high}",
            middle=middle,
            interval=describe_interval(*self.interval),
            low=low,
            high=high,
        )


def unseen_by_fit(measures: Sequence[str], segments: Sequence[str]) -> str:
    """Name segments with unknown quantities."""
    seen = _n("the fit has not seen it", "the fit has not seen them", len(segments))
    return _n(
        "{measures} is not known of {segments} ({names}): {seen}",
        "{measures} are not known of {segments} ({names}): {seen}",
        len(measures),
        measures=listed(map(label, measures)),
        segments=counted(len(segments), "segment"),
        names=listed(segments),
        seen=seen,
    )
