"""Models of renewals: shifted beta-geometric and beta-discrete-Weibull."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ltv_bayes.data.customers.grouping import Grouping, InGroups, in_groups
from ltv_bayes.data.subscriptions.due_dates import settled_schedules
from ltv_bayes.data.subscriptions.renewals import STATES, Renewals, require_renewals, settled_day
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels.tables import RenewalTables
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.language import _, comma
from ltv_bayes.models.calendar_effects import CalendarEffects, chosen_effects
from ltv_bayes.models.density.calendar import Calendar, OnClock
from ltv_bayes.models.density.dated_renewals import DatedRenewals, as_names
from ltv_bayes.models.density.pool import USUAL_SLOPE, one_group
from ltv_bayes.models.density.renewal_clock import RenewalClock
from ltv_bayes.models.model import Model
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.churn.time_varying import slope_name
from ltv_bayes.predictions.renewals import FittedRenewals


@dataclass(frozen=True, repr=False)
class RenewalModel(Model[Renewals, FittedRenewals]):
    """Settings of a model of renewals; what `ShiftedBetaGeometric` and `BetaDiscreteWeibull` have in common."""

    calendar_effects: CalendarEffects | Literal["auto"] | None = field(default=None, kw_only=True)
    time_varying: str | Sequence[str] | None = field(default=None, kw_only=True)

    _fitted = FittedRenewals

    def __post_init__(self) -> None:
        super().__post_init__()
        as_names(self.time_varying)

    @property
    def _dated(self) -> tuple[str, ...]:
        return as_names(self.time_varying)

    def _slopes_by_date(self) -> tuple[str, ...]:
        return tuple(map(slope_name, self._dated))

    def _require(self, data: Renewals) -> None:
        require_renewals(data)
        unique = data.unique_histories()
        due = unique.count[(unique.renewals > unique.observed_from) | (unique.lost > 0)].sum()
        if self._dated:
            table = DatedRenewals.of(data, self._dated).table
            due = (table["lost"] | (table["renewals"] > table["observed_from"])).sum()
        if due < 2:
            since = _(" since the records begin") if unique.observed_from.any() else ""
            since = _(" after the first values of {names}", names=comma(self._dated)) if self._dated else since
            raise InputError(
                _(
                    "{due} of {number:,} subscriptions had a renewal date{since}, so churn cannot be learned. "
                    "Give records that go on for longer.",
                    due=int(due),
                    number=int(unique.count.sum()),
                    since=since,
                )
            )

    def _histories(self, data: Renewals, grouping: Grouping) -> InGroups:
        require_renewals(data)
        columns, calendar = list(STATES), self._calendar(data)
        if self._dated:
            table = DatedRenewals.of(data, self._dated).table
        elif calendar is not None:
            table = data.settled().assign(schedule=settled_schedules(data, calendar.length).place)
        else:
            table = data.settled()
        if "schedule" in table:
            columns.append("schedule")
        if grouping.columns:
            return in_groups([table], columns, grouping, weight="subscriptions", noun="subscription")
        unique = table.groupby(columns, sort=True)["subscriptions"].sum().rename("count")
        return one_group(unique.reset_index().astype(float))

    def _usual_priors(self, data: Renewals, histories: InGroups) -> dict[str, Prior]:
        renewals, lost, since, count = (histories.histories[name].to_numpy() for name in (*STATES, "count"))
        lost, made = float((lost * count).sum()), float(((renewals - since) * count).sum())
        churn = max(lost, 0.5) / max(made + lost, 1.0)
        return {
            "churn_mean": Prior("Beta", alpha=1.0, beta=1.0),
            "churn_concentration": Prior("LogNormal", mu=-np.log(churn), sigma=1.5),
            **dict.fromkeys(self._slopes_by_date(), USUAL_SLOPE),
        }

    def _tables(self, **columns: Any) -> tuple[Any, ...]:
        return RenewalTables(*(columns[name] for name in (*STATES, "count")))

    def _more_attrs(self, data: Renewals, histories: InGroups) -> dict[str, Any]:
        periods = sorted(data.table["period"].unique()) if "period" in data.table else ()
        notices = {period: data.notices[period] for period in periods if period in data.notices}
        undated = self.calendar_effects is not None and settled_day(data) is None
        return {
            "periods": ", ".join(periods),
            **({"notices": json.dumps(notices)} if notices else {}),
            **({"without_calendar": "the renewals have no dates"} if undated else {}),
            **(DatedRenewals.of(data, self._dated).remembered(data).to_attrs() if self._dated else {}),
        }

    def _calendar(self, data: Renewals) -> Calendar | None:
        effects = chosen_effects(self.calendar_effects)
        if effects is None or (self.calendar_effects == "auto" and settled_day(data) is None):
            return None
        return replace(effects.of_renewals(data), optional=self.calendar_effects == "auto")

    def _clock(self, data: Renewals) -> Callable[[InGroups, Calendar | None], tuple[IntArray, OnClock]]:
        def laid_out(histories: InGroups, calendar: Calendar | None) -> tuple[IntArray, OnClock]:
            length = 1.0 if calendar is None else calendar.length
            if self._dated:
                dated = DatedRenewals.of(data, self._dated, length)
                at, clock = RenewalClock.of(dated.schedules, histories, calendar)
                return at, replace(clock, tables=dated.added_to(clock.tables))
            return RenewalClock.of(settled_schedules(data, length), histories, calendar)

        return laid_out


@dataclass(frozen=True, repr=False)
class ShiftedBetaGeometric(RenewalModel):
    """How often do subscribers renew? The settings of a shifted beta-geometric model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``churn_mean`` (average probability of not renewing,
        alpha / (alpha + beta)) and ``churn_concentration`` (how alike subscribers are in it, alpha + beta). Instead of
        the two, ``alpha`` and ``beta``.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean churn of its own, drawn from
        a common distribution with a width that is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.
    calendar_effects : CalendarEffects, "auto" or None
        What moves the churn of all subscribers at once: with ``"auto"`` a level, and where contracts are shorter than
        a year a season, are learned from records with dates, and go on in forecasts. Where there are no dates, as in
        counts of cohorts, ``"auto"`` is the plain model, and the fit says so. See docs/portfolio.md.
    time_varying : str or sequence of str, optional
        Numbers that change in time, as `Renewals.with_covariates` adds them: a renewal with the standardised values x,
        known before it, is made with probability (1 - churn)^exp(slope x), and one before which nothing was known
        counts like the mean of all subscribers. Their priors are ``churn_slope_<name>``, normal around 0 with sd 0.5
        for a standard deviation more.

    Notes
    -----
    The usual priors: churn_mean uniform; churn_concentration LogNormal around 1 / churn, churn being the share of
    renewals not made in the data, with sigma 1.5. So alpha is around 1, and the coefficient of variation of churn
    between subscribers too, from 0.3 to 3.4 with 90%, whether contracts run for a month or a year.

    Churn is that of one renewal, so contracts of different length are better fitted apart:
    ``renewals.subset(renewals.table["period"] == "year")``.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21.
    """

    _name = shifted_beta_geometric.NAME


@dataclass(frozen=True, repr=False)
class BetaDiscreteWeibull(RenewalModel):
    """How often do subscribers renew, where tenure itself changes it? The settings of a beta-discrete-Weibull model.

    As in `ShiftedBetaGeometric` each subscriber has a churn of their own. Beside, n renewals count like n^c: with c
    above 1 a subscriber grows likelier to leave with time, with c below 1 less likely, and c = 1 is the shifted
    beta-geometric. Retention rises in both models, since those prone to leave have left; where it rises less than these
    subscribers differ, c is above 1, and the other model's forecasts of later years come out too low.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``churn_mean`` (average probability of not making the
        first renewal, alpha / (alpha + beta)), ``churn_concentration`` (how alike subscribers are in it, alpha + beta)
        and ``c``. Instead of the first two, ``alpha`` and ``beta``.
    pool_by : str or sequence of str, optional
        Columns of segments, with a mean churn each, as in `ShiftedBetaGeometric`.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.
    calendar_effects, time_varying
        As in `ShiftedBetaGeometric`: what moves the churn of all at once, and covariates that vary in time. A renewal
        then counts as much as these say, times its tenure.

    Notes
    -----
    The usual priors of churn_mean and churn_concentration are those of `ShiftedBetaGeometric`; c is LogNormal around 1
    with sigma 0.5, from 0.4 to 2.3 with 90%.

    References
    ----------
    Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to project customer retention" revisited, Journal of Interactive
    Marketing 43.

    Examples
    --------
    >>> high_end = Renewals.from_cohort_table([1000, 869, 743, 653, 593])
    >>> BetaDiscreteWeibull().default_priors(high_end)["c"]
    Prior('LogNormal', mu=0, sigma=0.5)
    """

    _name = shifted_beta_geometric.WEIBULL

    def _usual_priors(self, data: Renewals, histories: InGroups) -> dict[str, Prior]:
        return {**super()._usual_priors(data, histories), "c": Prior("LogNormal", mu=0.0, sigma=0.5)}
