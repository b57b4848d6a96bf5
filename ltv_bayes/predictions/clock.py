"""The clock of a fit with calendar effects: the factor on the rate of all customers, as learned and as it may go on."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import FitError
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, summarize_draws
from ltv_bayes.language import N_, _, comma
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import FittedModel, caution_of, shape_of
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR, UNITS, TimeUnit, as_duration, as_time_unit

YEARS_AHEAD = 20.0
IN_YEAR = {"week": 52, "month": 12, "quarter": 4}
RATE, CHURN = N_("rate of all customers"), N_("churn of all subscribers")


def has_clock(fit: FittedModel) -> bool:
    """Whether a fit has calendar effects."""
    return "calendar" in fit.idata.attrs


def clock_of(fit: FittedModel) -> Clock | None:
    """Draws of the factor by period, past and future; None where the fit has no calendar effects.

    The factor of a future period is drawn once for all customers: the level reverts from where it is, noise is new, and
    the season is the one that was learned. All that is computed from one fit has the same draws. A thinned fit, or one
    in an order for another purpose, has others: two streams are independent though one seed made both. After 20 years,
    the factor is its mean.
    """
    if not has_clock(fit):
        return None
    terms, posterior = json.loads(fit.idata.attrs["calendar"]), fit.idata["posterior"].to_dataset()
    chains, draws = shape_of(fit)

    def flat(name: str) -> Array:
        values = posterior[name].transpose("chain", "draw", ...).to_numpy()
        return np.asarray(values.reshape(chains * draws, *values.shape[2:]), dtype=float)

    length, in_year = terms["length"], terms["in_year"]
    years = length * DAYS_PER_UNIT[unit_of_clock(fit)] / DAYS_PER_YEAR
    ahead, kept = math.ceil(YEARS_AHEAD / years), 0.5 ** (length / terms["half_life"])
    past = flat("calendar_effect") + np.asarray(terms.get("known", 0.0))
    level_sd, noise_sd = flat("level_sd"), flat("noise_sd")
    season = flat("season") if "season" in posterior else np.zeros((chains * draws, in_year))
    future = np.empty((chains * draws, ahead + 1))
    future[:, :ahead] = moving_on(fit, "calendar", flat("level"), level_sd, noise_sd, kept, ahead)
    future[:, :ahead] += season[:, -(np.arange(ahead) + 1) % in_year]
    future[:, ahead] = (level_sd**2 + noise_sd**2) / 2 + np.log(np.exp(season).mean(axis=1))
    if "ahead" in terms:
        known = np.asarray(terms["ahead"])[:ahead]
        future += np.append(known, np.log(np.exp(known[-in_year:]).mean()))
    return Clock.of(length, -past.shape[1], np.exp(np.concatenate([past, future], axis=1)))


def unit_of_clock(fit: FittedModel) -> TimeUnit:
    """The unit of times on the clock: that of the parameters, where they have one."""
    return as_time_unit(json.loads(fit.idata.attrs["calendar"]).get("unit") or fit.idata.attrs["time_unit"])


def moved_by(fit: FittedModel) -> str:
    """What the factor multiplies, in words."""
    return CHURN if fit.model in (shifted_beta_geometric.NAME, shifted_beta_geometric.WEIBULL) else RATE


def moving_on(
    fit: FittedModel, what: str, level: Array, level_sd: Array, noise_sd: Array, kept: float, ahead: int
) -> Array:
    """Draw a level that reverts to 0, with noise, in periods ahead: shape (draws, ahead).

    Parameters
    ----------
    what : str
        What the draws are for, beside the purpose of the fit.
    level, level_sd, noise_sd : arrays of shape (draws,)
        The level in the period before, and the standard deviations of level and noise.
    kept : float
        The part of a level's distance from 0 that is left after a period.
    """
    attrs, found = fit.idata.attrs, np.empty((level.size, ahead))
    seed, purpose = int(attrs.get("random_seed", 0)), f"{what}{attrs.get('purpose', '')}"
    for period in range(ahead):
        moved, noise = customer_stream(seed, purpose, period).standard_normal((2, level.size))
        level = kept * level + level_sd * math.sqrt(1 - kept**2) * moved
        found[:, period] = level + noise_sd * noise
    return found


def clock_lines(fit: FittedModel) -> list[str]:
    """What the text of a fit states of its calendar effects."""
    if not has_clock(fit):
        without = fit.idata.attrs.get("without_calendar")
        return [_("no calendar effects: {without}", without=without)] if without else []
    now, rate = float(np.median(np.exp(fit.idata["posterior"]["level"].to_numpy()))), moved_by(fit)
    known = json.loads(fit.idata.attrs["calendar"]).get("days_known", True)
    lines = [
        _(
            "calendar effects: the {rate} is at {now:.2f} of its usual level; sd of the logarithm: {sds}",
            rate=_(rate),
            now=now,
            sds=comma(f"{name} {sd:.2f}" for name, sd in _sds(fit).items()),
        )
    ]
    if known or rate == CHURN:
        return lines
    return [*lines, _("learned from the days of last purchases alone, not of all repeat purchases")]


def _sds(fit: FittedModel) -> dict[str, float]:
    """Posterior means of the standard deviations of level, noise and, where there is one, season."""
    posterior = fit.idata["posterior"].to_dataset()
    names = [name for name in ("level", "noise", "season") if f"{name}_sd" in posterior]
    return {name: float(posterior[f"{name}_sd"].mean()) for name in names}


def clock_note(fit: FittedModel) -> list[str]:
    """What a value with this fit assumes of all customers together, in a sentence.

    The standard deviations of the logarithm are stated as shares, such as 25% for 0.25.
    """
    if not has_clock(fit):
        return []
    period, rate = clock_period(fit), moved_by(fit)
    moves = {
        "level": N_("{share} in level"),
        "noise": N_("{share} from {period} to {period}"),
        "season": N_("{share} by season"),
    }
    shares = comma(_(moves[name], share=percent(sd), period=_(UNITS[period])) for name, sd in _sds(fit).items())
    return [
        _(
            "the {rate} moves together, usually by {shares}.{see}",
            rate=_(rate),
            shares=shares,
            see=_(" See plot_calendar_effects."),
        )
    ]


def clock_period(fit: FittedModel) -> str:
    """The name of a period of the clock; empty where there is none."""
    if not has_clock(fit):
        return ""
    in_year = json.loads(fit.idata.attrs["calendar"])["in_year"]
    return next(name for name, number in IN_YEAR.items() if number == in_year)


def clock_from(fit: FittedModel, after: float = 0.0) -> Clock | None:
    """The clock with times counted from a time after the fit's as-of date; None where it has no calendar effects."""
    clock = clock_of(fit)
    return None if clock is None else clock.seen_from(after)


def clock_at(fit: FittedModel, customers: Customers) -> Clock | None:
    """The clock with times counted from the as-of date of customers; None where the fit has no calendar effects."""
    return clock_from(fit, time_from_fit(fit, customers, unit_of_clock(fit))) if has_clock(fit) else None


def time_from_fit(fit: FittedModel, customers: Customers, unit: TimeUnit) -> float:
    """The time from the as-of date of a fit to that of customers; 0 where one of them has none."""
    fitted = fit.idata.attrs.get("as_of")
    if not fitted or customers.as_of is None:
        return 0.0
    return (pd.Timestamp(customers.as_of) - pd.Timestamp(fitted)).days / DAYS_PER_UNIT[unit]


def day_note(customers: Customers, *fits: FittedModel) -> list[str]:
    """State that customers without an as-of date are taken to be as of that of fits for which the day matters."""
    days = {fit.idata.attrs.get("as_of") for fit in fits if {"calendar", "prices"} & set(fit.idata.attrs)}
    if customers.as_of is not None or not any(days):
        return []
    return [
        _(
            "the customers have no as-of date, and are taken to be as of {days}, as the fit is.",
            days=max(filter(None, days)),
        )
    ]


def factors_by_period(
    fit: FittedModel, ahead: Any = "1 year", *, ci_prob: float | None = None, ci_kind: str | None = None
) -> pd.DataFrame:
    """What multiplies the purchase rate of all customers, or the churn of all subscribers, by period.

    It is shown as learned, and as it may go on.

    Parameters
    ----------
    fit : fitted model
        With calendar effects.
    ahead : str or Duration
        The time after the as-of date.
    ci_prob, ci_kind
        Interval; ArviZ's settings where not given.

    Returns
    -------
    pandas.DataFrame
        Indexed by the number of the period, 0 the first after the as-of date: ``from`` and ``to``, dates where the
        as-of date is known and else times from it; mean, sd, median and interval of the factor, where 1 is usual.

    Raises
    ------
    FitError
        If the fit has no calendar effects.
    """
    clock = clock_of(fit)
    if clock is None:
        raise FitError(_("The fit has no calendar effects. Fit with calendar_effects='auto', as in BGNBD(...)."))
    unit = unit_of_clock(fit)
    last = math.ceil(as_duration(ahead).to(unit) / clock.length - 1e-9)
    number = np.arange(clock.first, max(last, 0))
    place = np.minimum(number - clock.first, clock.factors.shape[1] - 1)
    values = clock.factors[:, place].reshape(*shape_of(fit), number.size)
    table = summarize_draws(labelled_draws(values, "factor", {"period": number}), ci_prob=ci_prob, ci_kind=ci_kind)
    edges, as_of = np.arange(clock.first, number[-1] + 2) * clock.length, fit.idata.attrs.get("as_of")
    if as_of:
        edges = pd.Timestamp(as_of) + pd.to_timedelta(np.round(edges * DAYS_PER_UNIT[unit]), unit="D")
    table.insert(0, "from", edges[:-1])
    table.insert(1, "to", edges[1:])
    return flagged(table, caution_of(fit))
