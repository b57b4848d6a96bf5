"""NBD as a PyMC model, and the settings that it shares with all models of how often."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import Grouping, InGroups, in_groups
from ltv_bayes.data.customers.histories import EventHistories, Histories, unique_histories, without_recency
from ltv_bayes.errors import InputError, listed
from ltv_bayes.formulas.kernels.tables import event_tables
from ltv_bayes.formulas.models import nbd
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.language import _
from ltv_bayes.models.calendar_effects import CalendarEffects, calendar_of, ends_matter, tables_of, without_calendar
from ltv_bayes.models.density.calendar import Calendar, OnClock
from ltv_bayes.models.density.pool import one_group
from ltv_bayes.models.density.purchase_clock import SINCE_END, EventClock
from ltv_bayes.models.model import Model
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.events import FittedEvents, replicate_events
from ltv_bayes.predictions.fitted import FittedModel


@dataclass(frozen=True, repr=False)
class RateModel[Fit: FittedModel](Model[Customers, Fit]):
    """Settings of a model of how often: what `NBD`, `BGNBD` and its kin have in common."""

    calendar_effects: CalendarEffects | Literal["auto"] | None = field(default="auto", kw_only=True)

    _columns: ClassVar[Sequence[str]]

    @abstractmethod
    def _unique(self, data: Customers) -> Histories | EventHistories:
        """Distinct histories of all customers, with these columns and their counts."""

    def _require(self, data: Customers) -> None:
        require_customers(data)
        require_population(data)

    def _histories(self, data: Customers, grouping: Grouping) -> InGroups:
        require_customers(data)
        ended = ends_matter(data, self.calendar_effects)
        if grouping.columns or ended:
            columns = [*self._columns, SINCE_END] if ended else self._columns
            return in_groups(tables_of(data, self.calendar_effects), columns, grouping)
        unique = self._unique(data)
        return one_group(pd.DataFrame({name: getattr(unique, name) for name in (*self._columns, "count")}))

    def _calendar(self, data: Customers) -> Calendar | None:
        return calendar_of(self.calendar_effects, data, pooled=bool(self._pool))

    def _time_unit(self, data: Customers) -> str:
        return data.time_unit

    def _more_attrs(self, data: Customers, histories: InGroups) -> dict[str, Any]:
        return without_calendar(self.calendar_effects, data, pooled=bool(self._pool))


@dataclass(frozen=True, repr=False)
class NBD(RateModel[FittedEvents]):
    """How often does something happen to customers who stay? The settings of an NBD model.

    Events occur at a rate of each customer's own for as long as they are observed: service calls under a contract,
    refills of a machine in use. Customers who may leave without notice need `BGNBD`.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_rate`` (events per time unit of the average
        customer, r / alpha) and ``rate_cv`` (coefficient of variation of the rate between customers, 1 / sqrt(r)).
        Instead of the two, ``r`` and ``alpha``. A prior is a `Prior`, a mapping, a PyMC or a PreliZ distribution.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean rate of its own, drawn from
        a common distribution with a width that is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.

    Examples
    --------
    >>> from ltv_bayes.models.priors import Prior
    >>> NBD(priors={"rate_cv": Prior("LogNormal", mu=0, sigma=0.5)})
    NBD(priors={'rate_cv': Prior('LogNormal', mu=0, sigma=0.5)})

    Notes
    -----
    Events are the customers' ``frequency``, the time in which they could happen is ``T``; recency carries no
    information here. The usual priors follow the data's own scale, so changing the time unit changes nothing but the
    unit: mean_rate is LogNormal around events per observed time with sigma 2, rate_cv LogNormal(0, 1).

    References
    ----------
    Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8.
    """

    _name = nbd.NAME
    _fitted = FittedEvents
    _columns = ("frequency", "T")

    def _unique(self, data: Customers) -> EventHistories:
        return without_recency(unique_histories(data))

    def _usual_priors(self, data: Customers, histories: InGroups) -> dict[str, Prior]:
        return usual_rate_priors(histories.histories)

    def _tables(self, **columns: Any) -> tuple[Any, ...]:
        columns.pop(SINCE_END, None)
        return event_tables(**columns)

    def _clock(self, data: Customers) -> Callable[[InGroups, Calendar], tuple[IntArray, OnClock]]:
        return partial(EventClock.of, self._tables)

    def _replicated(self, fit: FittedEvents, data: Customers, random_seed: int | None) -> xr.Dataset:
        return replicate_events(fit, data, random_seed=random_seed)


def usual_rate_priors(histories: pd.DataFrame) -> dict[str, Prior]:
    """Priors around the rate in the data, with its unit.

    Parameters
    ----------
    histories : pandas.DataFrame
        Distinct histories, with columns frequency, T and count.

    Raises
    ------
    InputError
        If no customer has been observed for any time.
    """
    frequency, T, count = (histories[name].to_numpy() for name in ("frequency", "T", "count"))
    occurred, observed = float((frequency * count).sum()), float((T * count).sum())
    if observed <= 0:
        raise InputError(_("No customer has been observed for any time (T is 0 for all). Choose a later as_of."))
    return {
        "mean_rate": Prior("LogNormal", mu=np.log(max(occurred, 0.5) / observed), sigma=2.0),
        "rate_cv": Prior("LogNormal", mu=0.0, sigma=1.0),
    }


def require_population(customers: Customers) -> None:
    """Refuse a single customer, who cannot show how customers differ."""
    if len(customers) < 2:
        raise InputError(
            _(
                "One customer cannot show how customers differ (id {ids}). Give at least two, better thirty or more.",
                ids=listed(customers.ids),
            ),
            customers.ids,
        )
