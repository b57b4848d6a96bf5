"""Amounts: stated as an interval, as quartiles, or as mean and spread."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.formatting import percent
from ltv_bayes.formulas.beliefs.amount_families import FAMILIES, GAMMA, LOG_NORMAL, PERT, amount_mean, amount_quantiles
from ltv_bayes.formulas.beliefs.elicit import for_distinct
from ltv_bayes.judgement.beliefs.amount_belief import FAR_MEAN, FAR_SD, fit_amounts
from ltv_bayes.judgement.form.cells import amounts, choices, refuse, shares, warn
from ltv_bayes.judgement.form.layout import CONFIRM, INTERVAL, LEAST_INTERVAL, PARAMETERS, QUARTILES, WAYS
from ltv_bayes.language import _

SPELLINGS = {name.replace("-", ""): name for name in FAMILIES} | {"lognorm": LOG_NORMAL, "betapert": PERT}
POOR_FIT = 0.1
FAR_ABOVE, WIDE_SD, SMALL_INTERVAL = 2.0, 10.0, 0.2
NO_AMOUNT = _("State the amount if it occurs, above 0.")


def intervals(table: pd.DataFrame, usual: float, decimal: str, *, confirmed: bool = False) -> pd.Series:
    """Read how sure each judgement is of its interval."""
    stated = shares(table, "interval", decimal)
    cure = _("Write 80% as 0.8; leave it blank for the usual one.")
    refuse(table, stated.notna() & ~((stated > 0) & (stated <= 1)), _("with an interval that is no share"), cure)
    if not confirmed:
        small = _(
            "with an interval of less than {least_interval}, which is hardly meant",
            least_interval=percent(LEAST_INTERVAL),
        )
        refuse(table, stated < LEAST_INTERVAL, small, f"{cure} {CONFIRM}")
    interval = stated.fillna(usual)
    if not confirmed:
        problem = _(
            "of the judgements with an interval of less than {small_interval}", small_interval=percent(SMALL_INTERVAL)
        )
        warn(table, interval < SMALL_INTERVAL, problem, _("Is it meant? {cure}", cure=cure), stacklevel=2)
    return interval


def stated_amounts(
    table: pd.DataFrame,
    interval: pd.Series,
    family: str,
    unit: float | str | None,
    decimal: str,
    *,
    confirmed: bool = False,
) -> dict[str, pd.Series]:
    """Read the amounts of each judgement, and fit their distributions.

    Returns
    -------
    dict of pandas.Series
        What was stated, under the names of its columns; family, amount_1 to amount_3, median and mean.
    """
    stated = {name: amounts(table, name, unit, decimal) for way in WAYS for name in way}
    families = _families(table, family)
    numbers = {name: values.to_numpy() for name, values in stated.items()}
    _refuse_unclear(table, numbers)
    _refuse_contradictions(table, numbers)
    ends = (interval == 1) & ((families != PERT) | stated["low"].isna())
    refuse(table, ends, _("with an interval of 100%"), _("Only low and high of a pert distribution can be ends."))
    refuse(
        table,
        (families == PERT) & stated["sd"].notna(),
        _("with mean and sd of a pert distribution"),
        _("Give low, likely and high, or another family."),
    )
    first, last = stated["low"].fillna(stated["q25"]), stated["high"].fillna(stated["q75"])
    families = families.where((families != GAMMA) | (first != last), LOG_NORMAL)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        fitted = _fitted(table, stated, interval, families)
    _refuse_slips(table, numbers, fitted["mean_amount"].to_numpy(), confirmed=confirmed)
    return {**stated, "family": families, **fitted}


def _families(table: pd.DataFrame, usual: str) -> pd.Series:
    """Read each judgement's family."""

    def plain(name: str) -> str:
        return SPELLINGS.get(name.lower().replace("-", "").replace(" ", ""), "")

    return choices(table, "family", FAMILIES, plain).fillna(usual)


def _refuse_unclear(table: pd.DataFrame, stated: Mapping[str, np.ndarray]) -> None:
    """Raise for amounts stated in part, not at all, or in several ways."""
    started = {way: np.logical_or.reduce([~np.isnan(stated[name]) for name in way]) for way in WAYS}
    several = sum(part.astype(int) for part in started.values()) > 1
    cure = _("Keep one: low and high, quartiles, or mean and sd.")
    refuse(table, several, _("stating the amount in several ways"), cure)
    nothing = ~np.logical_or.reduce(list(started.values()))
    for way, needed in WAYS.items():
        wanted = started[way] | (nothing if way == INTERVAL else False)
        for name in needed:
            missing = wanted & np.isnan(stated[name])
            refuse(
                table,
                missing & ~nothing,
                _("without a number in {name!r}", name=name),
                _("Write it as a plain number."),
            )
            cure = _("Write low and high as plain numbers; or quartiles, or mean and sd.")
            refuse(table, missing & nothing, _("without a number in {name!r}", name=name), cure)


def _refuse_contradictions(table: pd.DataFrame, stated: Mapping[str, np.ndarray]) -> None:
    """Raise for amounts that cannot be."""
    low, likely, high = (stated[name] for name in INTERVAL)
    refuse(table, low <= 0, _("with a low amount of 0 or less"), NO_AMOUNT)
    refuse(table, low > high, _("with low above high"), _("Swap the two, or correct them."))
    outside = (likely < low) | (likely > high)
    refuse(table, outside, _("with likely outside low to high"), _("Correct one of the three."))
    q25, q50, q75 = (stated[name] for name in QUARTILES)
    refuse(table, q25 <= 0, _("with a q25 of 0 or less"), NO_AMOUNT)
    refuse(
        table,
        (q25 > q50) | (q50 > q75),
        _("with quartiles that cross"),
        _("Write q25, q50 and q75 in ascending order."),
    )
    refuse(table, stated["mean"] <= 0, _("with a mean of 0 or less"), NO_AMOUNT)
    cure = _("Write a certain amount as low and high, both the same.")
    refuse(table, stated["sd"] <= 0, _("with an sd of 0 or less"), cure)


def _fitted(
    table: pd.DataFrame, stated: Mapping[str, pd.Series], interval: pd.Series, families: pd.Series
) -> dict[str, pd.Series]:
    """Parameters, median and mean of each distribution; warn where what was stated is met badly."""
    parameters, summaries = np.full((len(table), 3), np.nan), np.full((len(table), 2), np.nan)
    misfit = np.zeros(len(table))
    for family in families.unique():
        for way in WAYS:
            rows = np.flatnonzero((families == family) & stated[way[0]].notna() & stated[way[-1]].notna())
            if not len(rows):
                continue
            chosen = {name: stated[name].to_numpy()[rows] for name in way}
            sure = interval.to_numpy()[rows]
            fitted = _fitted_once(family, chosen, sure)
            parameters[rows] = np.column_stack(fitted)
            mean = chosen.get("mean", amount_mean(family, fitted))
            summaries[rows] = np.column_stack([amount_quantiles(family, fitted, 0.5), mean])
            misfit[rows] = _misfit(family, fitted, chosen, sure)
    _warn_of_misfit(table, misfit)
    columns = {name: parameters[:, place] for place, name in enumerate(PARAMETERS)}
    columns |= {"median": summaries[:, 0], "mean_amount": summaries[:, 1]}
    return {name: pd.Series(values, index=table.index) for name, values in columns.items()}


def _fitted_once(family: str, stated: Mapping[str, np.ndarray], interval: np.ndarray) -> tuple[np.ndarray, ...]:
    """Fit each distinct statement once."""

    def fit(sure: np.ndarray, *numbers: np.ndarray) -> tuple[np.ndarray, ...]:
        return fit_amounts(family, dict(zip(stated, numbers, strict=True)), sure)

    return tuple(for_distinct(fit, interval, *stated.values()))


def _misfit(family: str, fitted: tuple, stated: Mapping[str, np.ndarray], interval: np.ndarray) -> np.ndarray:
    """The largest relative difference between stated quantiles and fitted ones."""
    levels: dict[str, Any] = {"low": (1 - interval) / 2, "high": (1 + interval) / 2, **QUARTILES}
    if family != PERT:
        levels["likely"] = 0.5
    off = [
        np.abs(amount_quantiles(family, fitted, levels[name]) / values - 1)
        for name, values in stated.items()
        if name in levels
    ]
    return np.nanmax(off, axis=0) if off else np.zeros(len(interval))


def _refuse_slips(table: pd.DataFrame, stated: Mapping[str, np.ndarray], mean: np.ndarray, *, confirmed: bool) -> None:
    """Raise for means that no amount stated explains, and warn of those far above all amounts stated."""
    cure = _("Look for a slip in interval (80% is 0.8), sd or the unit of one amount. {confirm}", confirm=CONFIRM)
    refuse(table, ~np.isfinite(mean), _("with a mean amount that is not finite"), cure.removesuffix(f" {CONFIRM}"))
    largest = np.fmax.reduce([stated[name] for way in WAYS for name in way if name != "sd"])
    with np.errstate(over="ignore"):
        spread = stated["sd"] / stated["mean"]
        slips = (mean > FAR_MEAN * largest) | (spread > FAR_SD)
        heavy = (mean > FAR_ABOVE * largest) | (spread > WIDE_SD)
    if not confirmed:
        limits = _(
            "beyond {far_mean:,.0f} times the amounts stated, or an sd beyond {far_sd:,.0f} times the mean",
            far_mean=FAR_MEAN,
            far_sd=FAR_SD,
        )
        refuse(table, slips, _("with a mean {limits}", limits=limits), cure)
        problem = _("of the judgements with a mean far above all amounts stated, or an sd far above the mean")
        warn(table, heavy, problem, cure, stacklevel=2)


def _warn_of_misfit(table: pd.DataFrame, misfit: np.ndarray) -> None:
    problem = _(
        "of the judgements with a family that meets the amounts stated only within {max}", max=percent(misfit.max())
    )
    cure = _("See fit_table(), or leave the family blank: log-normal meets three numbers exactly.")
    warn(table, misfit > POOR_FIT, problem, cure, stacklevel=2)
