"""Draws of planned customers: cohort by cohort, on the same parameters as the customers of today."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.sizes import available_cores
from ltv_bayes.time_units import DAYS_PER_YEAR, Duration, discount_intensity
from ltv_bayes.value.acquisition.new_customer_terms import NewCustomerTerms
from ltv_bayes.value.acquisition.newcomers import Newcomer
from ltv_bayes.value.equity.plan import AcquisitionPlan

ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class PlannedValue:
    """What planned customers are worth on the as-of date, and what they cost.

    Attributes
    ----------
    by_row : array of shape (rows of the plan, draws)
        Whole value of each cohort, discounted from the day on which it is won.
    by_year : array of shape (years, draws)
        The same money by the year after the as-of date in which it is paid.
    expected_by_row, expected_by_year : arrays of shape (rows,), (years,)
        Means of what is expected given each draw of the parameters.
    cost : array of shape (rows,)
        Discounted from the day on which customers are won.
    cost_by_year : array of shape (years,)
    """

    by_row: Array
    by_year: Array
    expected_by_row: Array
    expected_by_year: Array
    cost: Array
    cost_by_year: Array


def newcomers_of(terms: Mapping[str, NewCustomerTerms], segments: Mapping[str, str]) -> dict[str, Newcomer]:
    """A customer of each channel who is won today: cohorts share how prices grow, and the mean of that."""
    return {channel: own.newcomer(segments[channel]) for channel, own in terms.items()}


def planned_value(
    plan: AcquisitionPlan,
    terms: Mapping[str, NewCustomerTerms],
    segments: Mapping[str, str],
    newcomers: Mapping[str, Newcomer],
    seed: int,
    *,
    growth: float = 0.0,
) -> PlannedValue:
    """Draw what the customers of a plan are worth.

    Parameters
    ----------
    plan : AcquisitionPlan
    terms : mapping from channel to NewCustomerTerms
        With the draws of their fits in the order of the streams'.
    segments : mapping from channel to str
        What the fits call them.
    newcomers : mapping from channel to Newcomer
        Made of the terms by `newcomers_of`.
    seed : int
        Each cohort has a random stream of its own.
    growth : float
        Share a year by which money grows beyond what is learned, counted from the as-of date to each payment.
    """
    delays, rows = plan.delays, plan.rows
    first = next(iter(terms.values()))
    size = first.shape[0] * first.shape[1]
    years = max(
        _year_of(delay + terms[channel].horizon.days) for delay, channel in zip(delays, rows["channel"], strict=True)
    )
    delta = np.array([discount_intensity(terms[channel].discount_rate, "day") for channel in rows["channel"]])
    cost = rows["cost"].to_numpy(dtype=float) * np.exp(-delta * delays)
    cost_by_year = np.bincount([_year_of(delay) - 1 for delay in delays], cost, years)
    by_row, by_year = np.zeros((len(rows), size)), np.zeros((years, size))
    expected_by_row, expected_by_year = np.zeros(len(rows)), np.zeros(years)

    def draw(row: int) -> tuple[Array, Array]:
        channel, customers = str(rows["channel"].iloc[row]), int(rows["customers"].iloc[row])
        own, delay = terms[channel], delays[row]
        rate = (1 + own.discount_rate) / (1 + growth) - 1
        times = _times(delay, own.horizon)
        rng = customer_stream(seed, "planned customers", _name_of(rows.iloc[row]))
        cohort = newcomers[channel].later(delay).cohort(rng, customers, times, rate)
        kept = own.kept(segments[channel]) * np.exp(-discount_intensity(rate, "day") * delay)
        return kept * cohort.drawn, kept * cohort.expected.mean(axis=0)

    with ThreadPoolExecutor(available_cores()) as pool:
        for row, (drawn, expected) in enumerate(pool.map(draw, range(len(rows)))):
            begin = _year_of(delays[row]) - 1
            here = slice(begin, begin + drawn.shape[1])
            by_row[row], expected_by_row[row] = drawn.sum(axis=1), expected.sum()
            by_year[here] += drawn.T
            expected_by_year[here] += expected
    return PlannedValue(by_row, by_year, expected_by_row, expected_by_year, cost, cost_by_year)


def _name_of(row: pd.Series) -> str:
    """What tells a cohort from all others; those of a month and those of the day in its middle are two."""
    name = f"{row['channel']}\x1f{row['won_on']:%Y-%m-%d}"
    return name if pd.notna(row["month"]) else f"{name}\x1fday"


def _year_of(days: float) -> int:
    """Which year after the as-of date a day belongs to, from 1 on; a year's last day is the year's."""
    return max(1, int(np.ceil(days / DAYS_PER_YEAR - ROUNDING)))


def _times(delay: float, horizon: Duration) -> list[Duration]:
    """The ends of years after the as-of date, and the horizon, in times from the day on which customers are won."""
    ends = DAYS_PER_YEAR * np.arange(_year_of(delay), _year_of(delay + horizon.days)) - delay
    return [*(Duration(float(end), "day") for end in ends), horizon]
