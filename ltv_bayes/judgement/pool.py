"""Several experts on one opportunity: their judgements made one."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.errors import ColumnError, InputError, listed, suggestion
from ltv_bayes.formulas.beliefs.amount_families import LOG_NORMAL, amount_mean
from ltv_bayes.formulas.beliefs.closed_judgements import within_certain
from ltv_bayes.formulas.beliefs.correlated_experts import SMALLEST_SD, pooled_normal
from ltv_bayes.formulas.beliefs.log_normal_mixture import LogNormalMixture
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import interval_settings
from ltv_bayes.judgement.form.cells import blank, refuse
from ltv_bayes.judgement.form.reading import Reading, as_interval, checked, known_columns, own_names
from ltv_bayes.judgement.form.sheets import read_form
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.track_record.calibration import Calibration
from ltv_bayes.judgement.track_record.outcomes import learned_correlation, weights_by_score
from ltv_bayes.judgement.track_record.record import TrackRecord, warn_of_no_record
from ltv_bayes.judgement.valuing.adjustments import Adjustment, Adjustments
from ltv_bayes.judgement.valuing.expected import amounts_of, log_moments
from ltv_bayes.language import _
from ltv_bayes.posterior import evenly_spaced
from ltv_bayes.random_streams import as_seed, customer_stream
from ltv_bayes.sizes import QUANTILE_DRAWS
from ltv_bayes.time_units import as_number

Method = Literal["logarithmic", "linear"]
METHODS = ("logarithmic", "linear")
DRAWS_WITHOUT_CALIBRATION = (4, 1000)
NEARLY_NEVER = 1e-12
STATED_OTHERWISE = ["cases", "of", "probability_low", "probability_high", "chance_a", "chance_b"]
STATED_OTHERWISE += ["q25", "q50", "q75", "sd"]


class Beliefs(NamedTuple):
    """What some experts believe of one opportunity, draw by draw; one draw where nothing is uncertain about them.

    Attributes
    ----------
    chance : array of shape (experts, draws)
        That it occurs.
    location, sd : arrays of shape (experts, draws)
        Of the logarithm of the amount, if it occurs.
    weights : array of shape (experts,)
        Adding up to 1.
    """

    chance: Array
    location: Array
    sd: Array
    weights: Array

    @property
    def known(self) -> bool:
        """Whether this is one log-normal distribution."""
        return self.chance.size == 1

    def agreed(self, correlation: float) -> "Beliefs":
        """The logarithmic pool: one expert in place of all."""
        if self.weights.size == 1:
            return self
        log_odds = self.weights @ special.logit(within_certain(self.chance))
        with np.errstate(divide="ignore"):
            relative = self.weights * np.count_nonzero(self.weights)
            sd = self.sd / np.sqrt(relative)[:, np.newaxis]
        location, pooled_sd, _ = pooled_normal(self.location, sd, correlation)
        return Beliefs(special.expit(log_odds)[np.newaxis], location[np.newaxis], pooled_sd[np.newaxis], np.ones(1))

    def quantiles(self, levels: tuple[float, ...]) -> list[float]:
        """Amounts at levels of their distribution, if it occurs, each expert's as often as it occurs by that expert."""
        few = evenly_spaced(self.chance.shape[1], min(self.chance.shape[1], QUANTILE_DRAWS))
        location, sd = self.location[:, few], self.sd[:, few]
        share = self.weights[:, np.newaxis] * self.chance[:, few]
        return LogNormalMixture(location.ravel(), sd.ravel(), share.ravel()).quantile(levels).tolist()

    def change(self, base: float, base_sd: float, size: int, rng: np.random.Generator) -> Adjustment:
        """Turn one amount distribution into these, in each draw that of one expert: arrays of shape (size,)."""
        marks = (rng.permutation(size) + 0.5) / size
        who = np.searchsorted(np.cumsum(self.weights), marks).clip(max=self.weights.size - 1)
        at = who, np.arange(size) % self.chance.shape[1]
        odds = special.logit(np.clip(self.chance[at], NEARLY_NEVER, 1 - NEARLY_NEVER))
        return Adjustment(odds, np.zeros(size), self.location[at] - np.log(base), self.sd[at] / base_sd)


def pool_judgements(
    judgements: Any,
    *,
    method: Method = "logarithmic",
    weights: Mapping[str, float] | Calibration | None = None,
    correlation: float | Literal["learned"] = 0.0,
    interval: float = 0.8,
    family: str = LOG_NORMAL,
    stages: Mapping[str, Any] | None = None,
    customer_id: str = "customer_id",
    columns: Mapping[str, str] | None = None,
    amount_unit: float | str | None = None,
    decimal: str = ".",
    date_format: str | None = None,
    sheet: str | int | None = None,
    random_seed: int | None = None,
    confirmed: bool = False,
) -> FutureValuePriors:
    """What do several experts believe together? Make one judgement of all those about the same opportunity.

    Parameters
    ----------
    judgements : DataFrame, or path of a CSV, Excel or Parquet file
        As for `FutureValuePriors.from_judgements`, with a row for each expert and opportunity, and columns expert and
        opportunity. A name of the opportunity may be missing where each expert judges only one of the customer.
    method : {"logarithmic", "linear"}
        "logarithmic" takes what all can agree on. Amounts: the normal model of correlated errors on the logarithmic
        scale, so that more experts make a narrower belief, the less so the more their errors go together. Chances: the
        weighted mean of log odds.
        "linear" takes each expert to be right in a share of the draws, the weight. It is never narrower than the
        experts are, and keeps a disagreement as two humps. Its expected value is the weighted mean of theirs.
    weights : mapping or Calibration, optional
        Weight of each expert; equal where not given. In the logarithmic pool an expert of twice the weight counts for
        amounts as one whose errors have half the variance. From a calibration: judgements are recalibrated first, draw
        by draw, and experts weighted by 1 / Brier score; of amounts in the logarithmic pool the recalibrated interval
        alone decides.
    correlation : float or "learned"
        Correlation of the errors of two experts about one amount, from 0 (they know different things) to below 1 (they
        know the same). For the logarithmic pool. "learned" takes it from opportunities that several experts of the
        calibration judged, see `Calibration.correlation`.
    interval, family, stages, customer_id, columns, amount_unit, decimal, date_format, sheet
        As in `FutureValuePriors.from_judgements`.
    random_seed : int, optional
        Of the draws in which each expert of the linear pool is right.
    confirmed : bool
        As in `FutureValuePriors.from_judgements`.

    Returns
    -------
    FutureValuePriors
        One row per opportunity. low, likely and high are quantiles of the pooled amount. Money may occur from the
        earliest to the latest day that experts expect.

    Raises
    ------
    ColumnError
        If a column is missing.
    JudgementError
        If a judgement contradicts itself, has no expert, or it is not clear which opportunity it is about.
    InputError
        If the method, a weight or the correlation is none.

    Warns
    -----
    DataWarning
        If an expert has no record in the calibration, or as in `FutureValuePriors.from_judgements`.

    Notes
    -----
    An amount of another family, or with ``likely`` off the middle of low and high on the logarithmic scale, counts as
    the log-normal amount with the same mean and sd of the logarithm. Of a chance that is in doubt itself, its mean
    counts. Chances are not sharpened by agreement: for that one would have to know what each expert alone has seen.

    References
    ----------
    Genest & Zidek (1986), Combining probability distributions, Statistical Science 1; Winkler (1981), Combining
    probability distributions from dependent information sources, Management Science 27.

    Examples
    --------
    >>> stated = pd.DataFrame({"customer_id": "A", "expert": ["Chen", "Wang"], "probability": [0.5, 0.7]})
    >>> stated = stated.assign(low=[50.0, 100.0], high=[200.0, 400.0])
    >>> pool_judgements(stated, correlation=0.5).summary()[["probability", "low", "likely", "high"]].round(1)
       probability   low  likely   high
    0          0.6  77.6   141.4  257.8
    """
    if method not in METHODS:
        raise InputError(
            _("There is no method {method!r}. {suggestion}", method=method, suggestion=suggestion(str(method), METHODS))
        )
    level, seed = as_interval(interval, confirmed=confirmed), as_seed(random_seed)
    reading = Reading(level, family, stages, amount_unit, decimal, date_format, confirmed)
    raw = read_form(judgements, sheet)
    names, notes = own_names(raw, customer_id, columns)
    table = _read(raw, names, reading)
    experts = sorted(table["expert"].unique())
    record = TrackRecord(weights.idata) if isinstance(weights, Calibration) else None
    if record is not None:
        warn_of_no_record(record, experts)
    shared = _as_correlation(correlation, record)
    weight = weights_by_score(record, experts) if record is not None else _as_weights(weights, experts)
    shape = DRAWS_WITHOUT_CALIBRATION if record is None else record.shape
    rows: list[dict[Any, Any]] = []
    changes: list[Adjustment | None] = []
    for (customer, key), judged in table.groupby([table["customer_id"].astype(str), "key"], sort=False):
        if len(judged) == 1 and record is None:
            rows.append(judged.iloc[0].to_dict())
            changes.append(None)
            continue
        judged = judged.sort_values("expert")
        beliefs = _beliefs(judged, weight, record)
        pooled = beliefs.agreed(shared) if method == "logarithmic" else beliefs
        row = _pooled_row(judged, pooled, level)
        rows.append(row)
        rng = customer_stream(seed, f"pooled\x1f{key}", customer)
        changes.append(None if pooled.known else pooled.change(row["amount_1"], row["amount_2"], math.prod(shape), rng))
    made = pd.DataFrame(rows)[list(table.columns)]
    until = () if record is None else (record.closed_until,)
    return _with_changes(FutureValuePriors(made, level, notes=notes), changes, shape, until)


def _read(raw: pd.DataFrame, names: Mapping[str, str], reading: Reading) -> pd.DataFrame:
    """Read what each expert states by itself, and put it together."""
    expert = names.get("expert", "expert")
    if expert not in raw:
        raise ColumnError(
            _(
                "The judgements have no column {expert!r}. {suggestion}",
                expert=expert,
                suggestion=suggestion(expert, map(str, raw.columns)),
            )
        )
    stated = known_columns(raw, names, reading)
    refuse(stated, blank(stated["expert"]), _("without an expert"), _("Name the expert."))
    stated = stated.assign(expert=stated["expert"].astype(str).str.strip())
    table = pd.concat(checked(one, reading) for _unused, one in stated.groupby("expert", sort=True))
    nameless = table["key"].str.startswith("nameless ")
    several = nameless & (nameless.groupby([table["customer_id"], table["expert"]]).transform("sum") > 1)
    cure = _("Name them in the column opportunity, so that it is clear which the experts share.")
    refuse(table, several, _("about one of several nameless opportunities of a customer"), cure)
    shared = [table["customer_id"].astype(str), table["key"]]
    differ = table["relation"].fillna("").groupby(shared).transform("nunique") > 1
    refuse(table, differ, _("with different relations for one opportunity"), _("Agree on one."))
    return table.loc[stated.index] if stated.index.is_unique else table


def _as_correlation(value: Any, record: TrackRecord | None) -> float:
    """Read the correlation of experts' errors, or learn it."""
    if value == "learned":
        if record is None:
            raise InputError(_("A correlation can be learned from a calibration only. Pass it as weights=calibration."))
        return float(learned_correlation(record, *interval_settings(None, None))["correlation"])
    number = as_number(value, "correlation")
    if not 0 <= number < 1:
        raise InputError(_("correlation must be at least 0 and below 1, not {number:g}.", number=number))
    return number


def _as_weights(given: Any, experts: list[str]) -> dict[str, float]:
    """One weight for each expert."""
    if given is None:
        return dict.fromkeys(experts, 1.0)
    if missing := [name for name in experts if name not in given]:
        raise InputError(
            _("There is no weight of {missing}. Give one for each expert.", missing=listed(missing)), missing
        )
    found = {name: as_number(given[name], _("the weight of {name}", name=name)) for name in experts}
    if wrong := [name for name, weight in found.items() if not (weight >= 0 and math.isfinite(weight))]:
        raise InputError(_("Weights must be 0 or more: correct that of {wrong}.", wrong=listed(wrong)), wrong)
    return found


def _beliefs(judged: pd.DataFrame, weights: Mapping[str, float], record: TrackRecord | None) -> Beliefs:
    """Lay out what the experts of one opportunity believe."""
    weight = np.array([weights[name] for name in judged["expert"]])
    if not weight.sum() > 0:
        problem = _("about an opportunity of which all experts have weight 0")
        refuse(judged, pd.Series(True, judged.index), problem, _("Give one of them a weight."))
    parts = [_belief(row, record) for row in judged.to_dict("records")]
    chance, location, sd = (np.stack(np.broadcast_arrays(*part)) for part in zip(*parts, strict=True))
    return Beliefs(chance, location, np.maximum(sd, SMALLEST_SD), weight / weight.sum())


def _belief(row: Mapping[Any, Any], record: TrackRecord | None) -> tuple[Array, Array, Array]:
    """Chance, and mean and sd of the logarithm of the amount: arrays of shape (draws,)."""
    chance, amounts = np.array([row["probability"]]), amounts_of(row)
    if record is None:
        return chance, *log_moments(row["family"], amounts, np.ones(1))
    change = record.change(row["expert"])
    location, sd = log_moments(row["family"], amounts, change.spread)
    odds = special.logit(within_certain(chance))
    return special.expit(change.intercept + change.slope * odds), change.shift + location, sd


def _pooled_row(judged: pd.DataFrame, pooled: Beliefs, interval: float) -> dict[Any, Any]:
    """The row of one opportunity in the table."""
    low, median, high = pooled.quantiles(((1 - interval) / 2, 0.5, (1 + interval) / 2))
    sd = float(pooled.sd[0, 0]) if pooled.known else float(np.sqrt(np.mean(pooled.sd**2)))
    first, last = judged["expected_from"].min(), judged["expected_to"].max()
    chance = float(pooled.weights @ pooled.chance.mean(axis=1))
    return (
        judged.iloc[0].to_dict()
        | dict.fromkeys(STATED_OTHERWISE, np.nan)
        | {
            "expert": " + ".join(judged["expert"]),
            "probability": chance if pooled.known else float(np.clip(chance, NEARLY_NEVER, 1 - NEARLY_NEVER)),
            "interval": interval,
            "low": low,
            "high": high,
            "likely": median,
            "expected_on": first if first == last else pd.NaT,
            "expected_from": first,
            "expected_to": last,
            "family": LOG_NORMAL,
            "amount_1": median,
            "amount_2": sd,
            "amount_3": sd,
            "median": median,
            "mean": float(amount_mean(LOG_NORMAL, (median, sd, sd))),
        }
    )


def _with_changes(
    pooled: FutureValuePriors,
    changes: list[Adjustment | None],
    shape: tuple[int, int],
    learned_until: tuple[dt.date | None, ...],
) -> FutureValuePriors:
    """Add what differs from draw to draw, if anything does."""
    if all(change is None for change in changes):
        return pooled
    none = Adjustment(*(np.full(math.prod(shape), value) for value in (0.0, 1.0, 0.0, 1.0)))
    parts = zip(*(change or none for change in changes), strict=True)
    stacked = (np.stack(part).reshape(len(changes), *shape) for part in parts)
    adjusted = pooled.adjusted(Adjustments(np.arange(len(changes)), *stacked, learned_until=learned_until))
    mean = adjusted.summary()["expected_value"] / adjusted.table["probability"]
    return replace(adjusted, table=adjusted.table.assign(mean=mean))
