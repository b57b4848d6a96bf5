"""An expert's belief about one amount: the stated numbers, and the distribution made from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ltv_bayes.errors import JudgementError, suggestion
from ltv_bayes.formatting import money, percent, with_currency
from ltv_bayes.formulas.beliefs.amount_families import (
    FAMILIES,
    GAMMA,
    LOG_NORMAL,
    PERT,
    Array,
    amount_density,
    amount_mean,
    amount_quantiles,
    amount_sd,
)
from ltv_bayes.formulas.beliefs.elicit import amount_from_interval, amount_from_mean, amount_from_quantiles
from ltv_bayes.formulas.beliefs.log_normal_mixture import LogNormalMixture
from ltv_bayes.judgement.form.cells import refuse_slip
from ltv_bayes.judgement.form.layout import QUARTILES
from ltv_bayes.language import N_, _
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_number

PROBED = {"q5": 0.05, **QUARTILES, "q95": 0.95}
"""Levels at which another library's distribution is matched."""
USUAL_INTERVAL = 0.8
NUMBERS = {
    2: N_("two"),
    3: N_("three"),
    4: N_("four"),
    5: N_("five"),
    6: N_("six"),
    7: N_("seven"),
    8: N_("eight"),
    9: N_("nine"),
    10: N_("ten"),
}
NUMBERS |= {
    20: N_("twenty"),
    40: N_("forty"),
    50: N_("fifty"),
    100: N_("a hundred"),
    200: N_("two hundred"),
    1000: N_("a thousand"),
}
NEARLY = 1e-6
FAR_MEAN, FAR_SD = 1000.0, 100.0
"""A mean beyond this number of times the amounts stated, or an sd beyond that of the mean, is taken for a slip."""


@dataclass(frozen=True, repr=False)
class AmountBelief(Printed):
    """One amount as an expert sees it, if it occurs: made by one of the ``from_`` methods.

    Attributes
    ----------
    family : {"log-normal", "gamma", "pert"}
        The distribution's family.
    parameters : tuple of float
        Its three parameters, see `formulas.amount_families`.
    stated : mapping
        What was stated, by the names of the columns of judgements: low, likely, high; q25, q50, q75; mean, sd.
    interval : float
        Probability of the amount lying between low and high.
    mixture : LogNormalMixture or None
        What several experts believe together, where no family has its shape; the family is then near it only.

    Examples
    --------
    >>> belief = AmountBelief.from_three_points(300_000, 600_000, 1_200_000)
    >>> belief.sentence()
    'you say: one chance in ten above 1.2M, one in ten below 300k, as likely above 600k as below; 695k on average'
    >>> belief.quantile([0.1, 0.9]).round().tolist()
    [300000.0, 1200000.0]
    """

    family: str
    parameters: tuple[float, float, float]
    stated: Mapping[str, float]
    interval: float = USUAL_INTERVAL
    mixture: LogNormalMixture | None = None

    @classmethod
    def from_interval(
        cls, low: float, high: float, *, interval: float = USUAL_INTERVAL, family: str = LOG_NORMAL
    ) -> Self:
        """Read an interval: with `interval` of probability the amount lies between low and high.

        A PERT distribution is then symmetric.

        Examples
        --------
        >>> AmountBelief.from_interval(50, 200, family="gamma").quantile([0.1, 0.9]).round(6).tolist()
        [50.0, 200.0]
        """
        return cls._from_points({"low": low, "high": high}, interval, family)

    @classmethod
    def from_three_points(
        cls, low: float, likely: float, high: float, *, interval: float = USUAL_INTERVAL, family: str = LOG_NORMAL
    ) -> Self:
        """Read low, likely and high.

        Parameters
        ----------
        low, high : float
            The amount lies between them with `interval` of probability.
        likely : float
            The median: as likely above as below. In a PERT distribution the mode, as usual there. A gamma distribution
            cannot meet all three and is as near as it can; see `fit_table`.
        interval : float
            A PERT distribution may have 1: low and high are then the least and the most that can be.
        family : {"log-normal", "gamma", "pert"}
            The distribution's family.

        Examples
        --------
        >>> AmountBelief.from_three_points(100, 150, 300, family="pert", interval=1).parameters
        (100.0, 150.0, 300.0)
        """
        return cls._from_points({"low": low, "likely": likely, "high": high}, interval, family)

    @classmethod
    def from_quartiles(cls, q25: float, q50: float, q75: float, *, family: str = LOG_NORMAL) -> Self:
        """Read amounts with a quarter (q25), half (q50), and three quarters (q75) of outcomes below; `family` as above.

        A log-normal meets all three. The others are as near as they can; see `fit_table`.

        Examples
        --------
        >>> AmountBelief.from_quartiles(80, 100, 150).quantile([0.25, 0.5, 0.75]).round(6).tolist()
        [80.0, 100.0, 150.0]
        """
        return cls._from_points({"q25": q25, "q50": q50, "q75": q75}, USUAL_INTERVAL, family)

    @classmethod
    def from_mean(cls, mean: float, sd: float, *, family: str = LOG_NORMAL) -> Self:
        """Read a mean and a standard deviation, as a log-normal or gamma distribution.

        Raises
        ------
        JudgementError
            If the family is pert, or a number is not above 0.

        Examples
        --------
        >>> belief = AmountBelief.from_mean(100, 50, family="gamma")
        >>> round(belief.mean, 6), round(belief.sd, 6)
        (100.0, 50.0)
        """
        require_family(family)
        if family == PERT:
            raise JudgementError(_("A pert distribution is not made from mean and sd. Give low, likely and high."))
        return cls._fitted(family, _positive({"mean": mean, "sd": sd}))

    @classmethod
    def from_preliz(cls, distribution: Any, *, family: str | None = None) -> Self:
        """Match a PreliZ distribution with a family of this package, at the levels 5, 25, 50, 75 and 95%.

        Parameters
        ----------
        distribution : preliz distribution
            With its parameters set, and all but none of its probability on amounts of 0 or less.
        family : str, optional
            The family; otherwise the one that is nearest. `fit_table` shows how near.
        """
        stated = _quantiles_of(distribution)
        if family is not None:
            require_family(family)
        candidates = [cls._fitted(name, stated) for name in ([family] if family else FAMILIES)]
        return min(candidates, key=lambda belief: belief.misfit)

    @classmethod
    def _from_points(cls, stated: Mapping[str, float], interval: float, family: str) -> Self:
        require_family(family)
        stated = _positive(stated)
        _require_ascending(stated)
        certain = as_number(interval, "interval")
        if not 0 < certain < 1 and not (family == PERT and certain == 1):
            raise JudgementError(
                _(
                    "interval must lie between 0 and 1, not {interval!r}. Write 80% as interval=0.8; only a "
                    "pert distribution has ends, interval=1.",
                    interval=interval,
                )
            )
        refuse_slip(certain)
        return cls._fitted(family, stated, certain)

    @classmethod
    def _fitted(cls, family: str, stated: Mapping[str, float], interval: float = USUAL_INTERVAL) -> Self:
        """Fit the family; amounts without any spread are log-normal, since a gamma distribution always has some."""
        if "sd" not in stated and len(set(stated.values())) == 1:
            family = LOG_NORMAL
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            first, second, third = (float(number) for number in fit_amounts(family, stated, interval))
            belief = cls(family, (first, second, third), stated, interval)
            mean, sd = belief.mean, belief.sd
        largest = max(number for name, number in stated.items() if name != "sd")
        if not mean <= FAR_MEAN * largest or stated.get("sd", 0.0) > FAR_SD * largest:
            shown = ", ".join(f"{name} {number:g}" for name, number in stated.items())
            raise JudgementError(
                _(
                    "The distribution of {shown} has a mean of {mean:.3g} and an sd of {sd:.3g}, which is "
                    "hardly meant. Look for a slip in interval (80% is 0.8), sd or the unit of one amount.",
                    shown=shown,
                    mean=mean,
                    sd=sd,
                )
            )
        return belief

    def quantile(self, level: ArrayLike) -> Array:
        """Amounts below which an outcome falls with probability ``level``, an array of shape (levels,)."""
        if self.mixture is not None:
            return self.mixture.quantile(level)
        return amount_quantiles(self.family, self.parameters, level)

    def density(self, amount: ArrayLike) -> Array:
        """Density of the distribution at each ``amount``, an array of the same shape (amounts,)."""
        if self.mixture is not None:
            return self.mixture.density(amount)
        return amount_density(self.family, self.parameters, amount)

    @property
    def median(self) -> float:
        """As likely to come out above it as below."""
        return float(self.quantile(0.5))

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        return float(amount_mean(self.family, self.parameters)) if self.mixture is None else self.mixture.mean

    @property
    def sd(self) -> float:
        """Standard deviation of the distribution."""
        if self.mixture is not None:
            return self.mixture.standard_deviation
        return float(amount_sd(self.family, self.parameters))

    @property
    def misfit(self) -> float:
        """The largest relative difference between the stated numbers and the distribution."""
        return float(np.abs(self.fit_table()["misfit"]).max())

    @property
    def is_certain(self) -> bool:
        """Whether there is one amount only."""
        low, high = self.quantile([0.001, 0.999])
        return bool(high - low <= 1e-9 * high)

    def _levels(self) -> dict[str, float]:
        """The level of each stated quantile by its name; NaN for what is none."""
        tail = (1 - self.interval) / 2
        known = {"low": tail, "high": 1 - tail, **PROBED}
        if self.family != PERT:
            known["likely"] = 0.5
        return {name: known.get(name, np.nan) for name in self.stated}

    def fit_table(self) -> pd.DataFrame:
        """Show the stated numbers beside those of the distribution.

        Returns
        -------
        pandas.DataFrame
            Indexed by the name of the number: level (missing for what is no quantile), stated, fitted, misfit
            (relative).

        Examples
        --------
        >>> AmountBelief.from_quartiles(80, 100, 150, family="gamma").fit_table().round(3)
               level  stated   fitted  misfit
        number
        q25     0.25    80.0   77.474  -0.032
        q50     0.50   100.0  107.394   0.074
        q75     0.75   150.0  144.228  -0.038
        """
        others = {"likely": self.parameters[1], "mean": self.mean, "sd": self.sd}
        rows = [
            (name, level, self.stated[name], others[name] if np.isnan(level) else float(self.quantile(level)))
            for name, level in self._levels().items()
        ]
        table = pd.DataFrame(rows, columns=["number", "level", "stated", "fitted"]).set_index("number")
        return table.assign(misfit=table["fitted"] / table["stated"] - 1)

    def sentence(self, currency: str | None = None) -> str:
        """Feed the belief back in plain words, with the ``currency`` if given.

        Examples
        --------
        >>> AmountBelief.from_quartiles(80_000, 100_000, 150_000).sentence("EUR")
        'you say: one chance in four above 150k EUR, one in four below 80k, as likely above 100k as below; 126k on ...'
        """
        if self.is_certain:
            return _("you say: {median}, for certain", median=with_currency(money(self.median, currency), currency))
        tail = 0.25 if "q75" in self.stated and "q95" not in self.stated else min((1 - self.interval) / 2, 0.25)
        low, high = (money(float(self.quantile(level)), currency) for level in (tail, 1 - tail))
        chance, words = one_in(tail), _number_of(tail)
        extremes = (
            _(
                "one chance in {number} above {high}, one in {number} below {low}",
                number=words,
                high=with_currency(high, currency),
                low=low,
            )
            if tail and words
            else _(
                "{chance} above {high}, {chance} below {low}",
                chance=chance,
                high=with_currency(high, currency),
                low=low,
            )
            if tail
            else _("never above {high}, never below {low}", high=with_currency(high, currency), low=low)
        )
        middle, average = money(self.median, currency), money(self.mean, currency)
        return _(
            "you say: {extremes}, as likely above {middle} as below; {average} on average",
            extremes=extremes,
            middle=middle,
            average=average,
        )

    def as_points(self, interval: float = USUAL_INTERVAL) -> dict[str, Any]:
        """The same belief, a dict indexed by columns of judgements: family, low, likely, high and interval.

        Examples
        --------
        >>> row = {"customer_id": "A", "probability": 0.6, **AmountBelief.from_mean(100, 50).as_points()}
        >>> list(row)
        ['customer_id', 'probability', 'family', 'low', 'likely', 'high', 'interval']
        """
        low, high = map(float, self.quantile([(1 - interval) / 2, (1 + interval) / 2]))
        likely = {GAMMA: np.nan, LOG_NORMAL: self.median, PERT: self.parameters[1]}[self.family]
        return {"family": self.family, "low": low, "likely": likely, "high": high, "interval": interval}

    def _page(self) -> ResultPage:
        return ResultPage([self.sentence(), f"({self.family if self.mixture is None else 'a mixture'})"])

    def _repr_html_(self) -> str:
        return ResultPage([self.sentence()], self.fit_table(), amounts=False).as_html()


def fit_amounts(family: str, stated: Mapping[str, Any], interval: Any) -> tuple[Array, Array, Array]:
    """Parameters of the family's distributions, from numbers or arrays of them under the names of columns."""
    if "mean" in stated:
        return amount_from_mean(family, stated["mean"], stated["sd"])
    if "low" in stated:
        return amount_from_interval(family, stated["low"], stated["high"], stated.get("likely"), interval=interval)
    amounts = np.stack([np.asarray(stated[name], dtype=float) for name in stated])
    if family == LOG_NORMAL and list(stated) == list(QUARTILES):
        return amount_from_interval(LOG_NORMAL, amounts[0], amounts[2], amounts[1], interval=0.5)
    return amount_from_quantiles(family, [PROBED[name] for name in stated], amounts)


def is_preliz(value: Any) -> bool:
    """Whether something is a PreliZ distribution, without importing PreliZ."""
    return type(value).__module__.startswith("preliz.")


def _quantiles_of(distribution: Any) -> dict[str, float]:
    """Quantiles of a PreliZ distribution."""
    if not is_preliz(distribution):
        raise JudgementError(
            _(
                "{distribution!r} is not a PreliZ distribution. Make one, as in preliz.Gamma(2, 0.01).",
                distribution=distribution,
            )
        )
    if not getattr(distribution, "is_frozen", True):
        raise JudgementError(
            _(
                "The PreliZ distribution {name} has no numbers yet. Give its parameters.",
                name=type(distribution).__name__,
            )
        )
    below = float(np.asarray(distribution.cdf(0.0)))
    if below > 1e-3:
        raise JudgementError(
            _(
                "The PreliZ distribution puts {below} of its weight on amounts of 0 or less. Truncate it, or "
                "state the chance that nothing occurs by itself.",
                below=percent(below),
            )
        )
    amounts = np.asarray(distribution.ppf(list(PROBED.values())), dtype=float)
    return _positive(dict(zip(PROBED, amounts.tolist(), strict=True)))


def _positive(stated: Mapping[str, Any]) -> dict[str, float]:
    """Read numbers, all above 0."""
    numbers = {name: as_number(value, name) for name, value in stated.items()}
    for name, number in numbers.items():
        if number <= 0:
            cure = _("Write a certain amount as low and high.") if name == "sd" else _("State the amount if it occurs.")
            raise JudgementError(
                _("{name} must be above 0, not {number:g}. {cure}", name=name, number=number, cure=cure)
            )
    return numbers


def _require_ascending(stated: Mapping[str, float]) -> None:
    """Refuse quantiles that cross."""
    numbers = list(stated.values())
    if numbers != sorted(numbers):
        shown = ", ".join(f"{name} {number:g}" for name, number in stated.items())
        raise JudgementError(
            _("The numbers cross: {shown}. Each must be at least the one before; correct them.", shown=shown)
        )


def require_family(family: str) -> None:
    """Refuse what is no family of amounts."""
    if family not in FAMILIES:
        raise JudgementError(
            _(
                "There is no family {family!r} of amounts. {suggestion}",
                family=family,
                suggestion=suggestion(str(family), FAMILIES),
            )
        )


def one_in(chance: float) -> str:
    """Write a chance as one in a whole number where that is exact, else in percent.

    Examples
    --------
    >>> one_in(0.1), one_in(0.025), one_in(0.15)
    ('one chance in ten', 'one chance in forty', 'a chance of 15%')
    """
    number = _number_of(chance)
    if number:
        return _("one chance in {number}", number=number)
    return _("a chance of {chance}", chance=percent(chance))


def _number_of(chance: float) -> str:
    """The number that a chance is one in, in words; empty where there is none."""
    number = round(1 / chance) if chance > 0 else 0
    return _(NUMBERS[number]) if number in NUMBERS and abs(number * chance - 1) < NEARLY else ""
