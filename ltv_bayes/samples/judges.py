"""Simulated judges: closed judgements of experts with known bias and overconfidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.errors import InputError
from ltv_bayes.language import _

Z_OF_80 = float(special.ndtri(0.9))


@dataclass(frozen=True)
class Judge:
    """An expert, and how what comes differs from what they state.

    Attributes
    ----------
    name : str
        As it stands in the column expert.
    intercept, slope : float
        Of what is stated at probability p, logit^-1(intercept + slope * logit p) comes.
    shift : float
        Logarithm of the factor between stated amounts and those that come: -log 1.4 for one who states 40% too much.
    spread : float
        How many times too narrow the stated intervals are, on the scale of logarithms.
    """

    name: str
    intercept: float = 0.0
    slope: float = 1.0
    shift: float = 0.0
    spread: float = 1.0


JUDGES = (
    Judge("Unbiased"),
    Judge("Optimistic", intercept=-0.7, shift=-float(np.log(1.4))),
    Judge("Overconfident", slope=1 / 3, spread=3.0),
)


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedJudges:
    """Closed judgements, and the truth about who made them.

    Attributes
    ----------
    history : pandas.DataFrame
        customer_id, opportunity, expert, probability, low, high, won, amount: ready for `calibrate_judgements`.
    truth : pandas.DataFrame
        Indexed by expert: intercept, slope, shift, spread.
    """

    history: pd.DataFrame
    truth: pd.DataFrame

    def __repr__(self) -> str:
        return str(
            _(
                "{number:,} closed judgements of {number_2} simulated judges",
                number=len(self.history),
                number_2=len(self.truth),
            )
        )


def simulate_judges(
    cases: int | Sequence[int] = 60, *, judges: Sequence[Judge] = JUDGES, random_seed: int = 0
) -> SimulatedJudges:
    """Simulate closed judgements of judges with known faults: one without, one optimistic, one overconfident.

    Of what the optimistic one states at 60%, 43% comes, at amounts 1.4 times too high. The overconfident one states
    intervals a third as wide as they should be, and chances too far from a half: 90% for 68%.

    Parameters
    ----------
    cases : int or sequence of int
        Cases of each judge; one number for all, or one for each.
    judges : sequence of Judge
        Who judges.
    random_seed : int
        The same seed gives the same cases.

    Returns
    -------
    SimulatedJudges

    Raises
    ------
    InputError
        If there are not as many numbers of cases as judges.

    Examples
    --------
    >>> simulate_judges(20, random_seed=1)
    60 closed judgements of 3 simulated judges
    """
    numbers = [cases] * len(judges) if isinstance(cases, int) else list(cases)
    if len(numbers) != len(judges):
        raise InputError(
            _(
                "There are {number} judges, but {number_2} numbers of cases. Give one for each.",
                number=len(judges),
                number_2=len(numbers),
            )
        )
    rng = np.random.default_rng(random_seed)
    parts = [_cases(rng, judge, number) for judge, number in zip(judges, numbers, strict=True)]
    history = pd.concat(parts, ignore_index=True)
    labels = [f"{number:05d}" for number in range(1, len(history) + 1)]
    history.insert(0, "customer_id", [f"C{label}" for label in labels])
    history.insert(1, "opportunity", [f"OPP-{label}" for label in labels])
    truth = pd.DataFrame([vars(judge) for judge in judges]).set_index("name").rename_axis("expert")
    return SimulatedJudges(history, truth)


def _cases(rng: np.random.Generator, judge: Judge, size: int) -> pd.DataFrame:
    """Draw what a judge states, and what comes of it."""
    probability = rng.beta(2.0, 2.0, size).round(2).clip(0.05, 0.95)
    log_sd = rng.uniform(0.25, 0.6, size) / judge.spread
    median = rng.lognormal(np.log(300_000), 0.8, size)
    low, high = (np.round(median * np.exp(sign * Z_OF_80 * log_sd), -2) for sign in (-1, 1))
    won = rng.random(size) < special.expit(judge.intercept + judge.slope * special.logit(probability))
    amount = np.sqrt(low * high) * np.exp(judge.shift + judge.spread * log_sd * rng.standard_normal(size))
    return pd.DataFrame(
        {
            "expert": judge.name,
            "probability": probability,
            "low": low,
            "high": high,
            "won": won,
            "amount": np.where(won, amount.round(-2), np.nan),
        }
    )
