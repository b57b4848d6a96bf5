"""A scorecard: ratings of customers turned into future-value priors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.known_ids import known_ids, lost_zeros
from ltv_bayes.errors import JudgementError, rows_at_fault
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.scorecard.ratings import Ratings, Scale, as_pair, as_weights, read_ratings
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import flat_draws, thinned_to
from ltv_bayes.predictions.fitted_scorecard import FittedScorecard
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.time_units import as_number

WEIGHTS = MappingProxyType({"industry_standing": 0.3, "growth_potential": 0.4, "relationship": 0.3})
INTERVAL = 0.8
LEARNED_DRAWS = 400


@dataclass(frozen=True, eq=False)
class ScoreMeaning:
    """What a score means: arrays of one draw where the user states it, of many where it was learned.

    Attributes
    ----------
    weights : array of shape (draws, criteria)
        Adding up to 1.
    log_odds : array of shape (draws, 2)
        That future value occurs, at score 0 and at score 1.
    log_multiplier : array of shape (draws, 2)
        Of the amount over the customer's own deal size, likewise.
    spread : array of shape (draws,)
        Standard deviation of the logarithm of the amount where the score is known.
    """

    weights: Array
    log_odds: Array
    log_multiplier: Array
    spread: Array

    def __call__(self, ratings: Ratings, log_deal: Array, log_deal_sd: Array) -> pd.DataFrame:
        """For each customer: score, chance, and the log-normal distribution of the amount."""
        score = ratings.score(self.weights)
        log_multiplier = _between(self.log_multiplier, score)
        weights = self.weights.mean(axis=0)
        slope = np.diff(self.log_multiplier)[:, 0]
        doubt = (slope**2).mean() * ratings.squared_error(weights)
        variance = (self.spread**2).mean() + log_multiplier.var(axis=1) + log_deal_sd**2 + doubt
        return pd.DataFrame(
            {
                "score": score.mean(axis=1),
                "raters": ratings.counts(),
                "unrated": ratings.unrated(weights),
                "deal_size": np.exp(log_deal),
                "probability": special.expit(_between(self.log_odds, score)).mean(axis=1),
                "median": np.exp(log_deal + log_multiplier.mean(axis=1)),
                "log_sd": np.sqrt(variance),
            }
        )


def scorecard(
    ratings: Any,
    *,
    spend: FittedSpend,
    customers: Customers,
    weights: Mapping[str, float] = WEIGHTS,
    scale: Sequence[float] = (1, 5),
    probability: Sequence[float] = (0.1, 0.7),
    multiplier: Sequence[float] = (0.5, 3.0),
    spread: float = 0.5,
    learned: FittedScorecard | None = None,
    rater: str = "rater",
    customer_id: str = "customer_id",
) -> FutureValuePriors:
    """Turn ratings of customers into future-value priors, anchored on what each customer's own deals are worth.

    Parameters
    ----------
    ratings : DataFrame, or path of a CSV, Excel or Parquet file
        A row for each customer, or for each customer and rater: the customer's id, optionally the rater, and a column
        of numbers for each criterion, more meaning better. Single ratings may be blank.
    spend : FittedSpend
        What customers spend per deal: the anchor of the amount.
    customers : Customers
        The customers' histories, those rated among them.
    weights : mapping
        Columns of ratings that count, with their weights, which are made to add up to 1. Without it
        industry_standing 0.3, growth_potential 0.4, relationship 0.3.
    scale : (lowest, highest)
        Of the ratings.
    probability : (float, float)
        That future value occurs, for a customer rated lowest in everything and for one rated highest.
    multiplier : (float, float)
        Its amount if it occurs, in deals of the customer's own size, likewise.
    spread : float
        Standard deviation of the logarithm of the amount for a customer with known score and deal size;
        0.5 puts one chance in ten above 1.9 times the median.
    learned : FittedScorecard, optional
        What `fit_scorecard` learned of past ratings, in place of weights, scale, probability, multiplier and spread.
    rater, customer_id : str
        Names of these columns.

    Returns
    -------
    FutureValuePriors
        One opportunity a customer. Beside the usual columns its table has score (0 to 1), raters (how many), unrated
        (the weight of what is not rated), deal_size and log_sd. A scorecard is a judgement of all future
        value beyond repeat business: where some customers' opportunities are judged one by one, leave these customers
        out with ``subset`` and add the others with `combine_judgements`.

    Raises
    ------
    JudgementError
        If a rating is no number or off the scale, a weight is below 0, a rater rates one customer twice, or a customer
        rated is not among the customers. The message names the rows.

    Notes
    -----
    A rating is a share u of the scale, 0 at its lowest and 1 at its highest. A customer's score is s = sum of weight x
    (mean of u over raters), where what is not rated counts as the middle, 0.5. With D the customer's expected deal
    size,

    - chance: log-odds of ``probability``, linear in s from one end to the other;
    - amount: log-normal, median = median(D) x multiplier_low^(1 - s) x multiplier_high^s;
    - its variance in logarithms: spread^2 + var(ln D) + ln(multiplier_high / multiplier_low)^2 x (d^2 / n + m^2 / 12),

    where n raters differ with standard deviation d in their own scores (0.15 of the scale counts as two ratings'
    deviations, so that one rater is not taken to agree with all), and m is the weight of what is not rated, which
    may lie anywhere on the scale. Chance and median never fall when a rating rises. Posterior draws of a learned
    scorecard are averaged, and their variance of the logarithm added.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"customer_id": ["A"], "frequency": [2], "recency": [30.43], "T": [38.86], "monetary_value": [22.35]}
    ... )
    >>> customers = Customers.from_summary(frame, time_unit="week")
    >>> spend = FittedSpend.from_draws({"p": [[6.25]], "q": [[3.74]], "v": [[15.44]]})
    >>> ratings = pd.DataFrame({"customer_id": ["A"], "growth": [4], "standing": [4]})
    >>> judged = scorecard(ratings, spend=spend, customers=customers, weights={"growth": 0.6, "standing": 0.4})
    >>> judged.table[["score", "deal_size", "probability", "median"]].round(2).to_dict("records")
    [{'score': 0.75, 'deal_size': 24.66, 'probability': 0.52, 'median': 47.28}]
    """
    require_customers(customers)
    if learned is None:
        usual = as_weights(weights)
        read, meaning = Scale.read(scale), _stated(usual, probability, multiplier, spread)
        criteria = list(usual)
    else:
        criteria, read, meaning = learned.criteria, Scale.read(learned.scale), _learned(learned)
    rated = read_ratings(ratings, criteria, read, customer_id=customer_id, rater=rater)
    beliefs = meaning(rated, *_deal_sizes(rated, spend, customers))
    return _priors(rated, beliefs)


def _stated(
    weights: Mapping[str, float], probability: Sequence[float], multiplier: Sequence[float], spread: float
) -> ScoreMeaning:
    """What the user states, as one draw."""
    chances, multipliers = (
        as_pair(ends, name, _("for the lowest score and for the highest"))
        for ends, name in ((probability, "probability"), (multiplier, "multiplier"))
    )
    if not 0 < chances[0] <= chances[1] < 1:
        raise JudgementError(
            _(
                "probability must lie between 0 and 1 and not fall, as in probability=(0.1, 0.7), not {probability!r}.",
                probability=probability,
            )
        )
    if not 0 < multipliers[0] <= multipliers[1]:
        raise JudgementError(
            _(
                "multiplier must be above 0 and not fall, as in multiplier=(0.5, 3.0), not {multiplier!r}.",
                multiplier=multiplier,
            )
        )
    width = as_number(spread, "spread")
    if not width > 0:
        raise JudgementError(
            _("spread must be above 0, as in spread=0.5, not {spread!r}: no amount is known for sure.", spread=spread)
        )
    rows = (np.array([list(weights.values())]), special.logit([chances]), np.log([multipliers]), np.array([width]))
    return ScoreMeaning(*rows)


def _learned(fit: FittedScorecard) -> ScoreMeaning:
    """Posterior draws, enough of them for stable means."""
    few = thinned_to(fit, LEARNED_DRAWS)
    drawn = flat_draws(few)
    chances = np.column_stack([drawn["probability_low"], drawn["probability_high"]])
    multipliers = np.column_stack([drawn["multiplier_low"], drawn["multiplier_high"]])
    return ScoreMeaning(few.weights(), special.logit(chances), np.log(multipliers), drawn["spread"])


def _between(ends: Array, score: Array) -> Array:
    """On the line between two ends, (draws, 2), at scores (customers, draws)."""
    return ends[:, 0] + score * (ends[:, 1] - ends[:, 0])


def _deal_sizes(rated: Ratings, spend: FittedSpend, customers: Customers) -> tuple[Array, Array]:
    """Median of each customer's expected deal size, and standard deviation, of its logarithm."""
    known = known_ids(customers, rated.customers)
    unknown = [name for name in rated.customers if name not in known]
    if unknown:
        problem = _("not among the customers")
        cure = _("{lost_zeros}Correct the ids, or leave these ratings out.", lost_zeros=lost_zeros(unknown, customers))
        raise JudgementError(rows_at_fault(unknown, "rated customer", problem, cure), unknown)
    ids = [known[name] for name in rated.customers]
    expected = np.log(spend.expected_spend(customers.subset(ids)).sel(customer_id=ids).to_numpy())
    return np.median(expected, axis=(0, 1)), expected.std(axis=(0, 1))


def _priors(rated: Ratings, beliefs: pd.DataFrame) -> FutureValuePriors:
    """Write the distributions as judgements, and beside them what they were made of."""
    reach = special.ndtri((1 + INTERVAL) / 2) * beliefs["log_sd"]
    judged = FutureValuePriors.from_judgements(
        pd.DataFrame(
            {
                "customer_id": rated.customers,
                "probability": beliefs["probability"],
                "low": beliefs["median"] * np.exp(-reach),
                "high": beliefs["median"] * np.exp(reach),
                "opportunity": "scorecard",
                "expert": [by or "scorecard" for by in rated.raters],
                "relation": "additional",
            }
        ),
        interval=INTERVAL,
    )
    parts = beliefs[["score", "raters", "unrated", "deal_size", "log_sd"]]
    return replace(judged, table=judged.table.assign(**parts))
