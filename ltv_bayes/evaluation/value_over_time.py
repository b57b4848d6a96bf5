"""How value develops: what customers were worth on several days, from one log of orders."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError, UnitError, suggestion
from ltv_bayes.evaluation.known_attributes import KnownAttributes
from ltv_bayes.evaluation.refitting import Refitting, Segmenting
from ltv_bayes.intervals import flagged, interval_settings, summarize_sorted
from ltv_bayes.language import _, as_known
from ltv_bayes.models.buy_till_you_die import PurchaseModel
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import DISCOUNT_RATE, MARGIN
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.terminal import progress
from ltv_bayes.time_units import as_date
from ltv_bayes.value.segments.segments import SegmentValues
from ltv_bayes.value.value_customers import lifetime_value

ALL = "all customers"
MEASURES = ("per_customer", "total")

Measure = Literal["per_customer", "total"]


def value_over_time(
    orders: Transactions,
    days: Iterable[Any],
    *,
    horizon: Any,
    by: str | Sequence[str] | Mapping[Any, Any] | pd.Series | None = None,
    attributes: Any = None,
    time_unit: str = "week",
    purchases: PurchaseModel | FittedPurchases | FittedEvents | None = None,
    spend: GammaGamma | FittedSpend | None = None,
    refit: bool = True,
    discount_rate: float = DISCOUNT_RATE,
    margin: float | Mapping[Any, float] | pd.Series = MARGIN,
    random_seed: int | None = None,
    progressbar: bool = False,
    **fit_settings: Any,
) -> "ValueOverTime":
    """Value the customers of each of several days, as one would have on that day.

    Parameters
    ----------
    orders : Transactions
        A log that holds all the days.
    days : iterable of dates
        As-of dates; each sees the orders up to it and no others.
    horizon : str or Duration
        How far ahead of each day, with its unit.
    by : str, list of str, Series or mapping, optional
        Segments, as in `LifetimeValue.by`; all customers together if not given.
    attributes : path, frame or callable, optional
        One row a customer with the columns of segments, as they are now on every day; or, as in `backtest`, rows with
        ``known_from``, or a function of the day.
    time_unit : str
        Unit of the customer tables.
    purchases, spend : model settings or fitted models, optional
        `BGNBD()` and `GammaGamma()` where not given; fitted models are used as they are on every day.
    refit : bool
        Whether models are fitted anew on each day. If not, they are fitted once, on the last day, so that values differ
        by what customers did and not by what was learned of their like; the earlier days then know of later orders.
    discount_rate, margin
        As in `lifetime_value`.
    random_seed : int, optional
        The same seed gives the same result.
    progressbar : bool
        Whether to show progress.
    **fit_settings
        Passed to both ``fit`` methods: draws, chains, method, ...

    Returns
    -------
    ValueOverTime

    Raises
    ------
    InputError
        If no day is given, or one twice, or a day has no customers.

    Notes
    -----
    Per customer is the mean over all customers known by the day, those who have left included: it falls where old
    customers leave and few new ones are won. Intervals of two days are not of independent numbers:
    they share most orders.
    """
    if not isinstance(orders, Transactions):
        raise InputError(
            _("The orders are needed as read_transactions returns them, not a {name}.", name=type(orders).__name__)
        )
    when, seed = _days(days), as_seed(random_seed)
    segmenting = None if by is None else Segmenting.read(orders, by, time_unit)
    settings = {"random_seed": seed, "progressbar": False, **fit_settings}
    known = KnownAttributes.read(attributes, orders.customer_column)
    refitting = Refitting(time_unit, purchases, spend, known, settings)
    if not refit:
        refitting = refitting.once(refitting.customers(orders, when[-1]))
    found = []
    with progress(len(when), _("valuing customers on {number} days", number=len(when)), show=progressbar) as step:
        for day in when:
            customers = refitting.customers(orders, day)
            ltv = lifetime_value(
                customers,
                RepeatPurchases(*refitting.fitted(customers)),
                horizon=horizon,
                discount_rate=discount_rate,
                margin=margin,
                random_seed=seed,
            )
            together = pd.Series(ALL, index=customers.ids, name="day")
            found.append(ltv.by(together if segmenting is None else segmenting.on(customers)))
            step()
    return ValueOverTime(tuple(when), tuple(found))


@dataclass(frozen=True, eq=False, repr=False)
class ValueOverTime(Printed):
    """Values of segments on several days.

    Attributes
    ----------
    days : tuple of datetime.date
        From the first to the last.
    values : tuple of SegmentValues
        Of each day.
    """

    days: tuple[dt.date, ...]
    values: tuple[SegmentValues, ...]

    @property
    def segments(self) -> list[str]:
        """All segments that there are on any day, those with the highest value per customer on the last day first."""
        last = self.values[-1].mean().sort_values(ascending=False)
        every = sorted({str(name) for value in self.values for name in value.customers.index})
        return [*map(str, last.index), *(name for name in every if name not in last.index)]

    @property
    def column(self) -> str:
        """What the segments are made by."""
        return self.values[-1].column

    @property
    def currency(self) -> str | None:
        """Currency of the values."""
        return self.values[-1].currency

    @property
    def settings(self) -> str:
        """On which terms values were computed, but the day."""
        last = _(" from {as_of}", as_of=self.days[-1])
        return str(self.values[-1].settings).replace(last, _(" from each day"), 1)

    @property
    def caution(self) -> str:
        """What every table must state: the caution of the first day that has one."""
        return next((_("{day}: {caution}", day=day, caution=value.caution) for day, value in self if value.caution), "")

    def __iter__(self) -> Any:
        return iter(zip(self.days, self.values, strict=True))

    def draws(self, measure: Measure = "per_customer") -> xr.DataArray:
        """Draws of one measure, (chain, draw, as_of, segment); missing where a segment has no customers yet.

        Parameters
        ----------
        measure : {"per_customer", "total"}
            In the customers' currency.

        Raises
        ------
        InputError
            If there is no such measure.
        """
        if measure not in MEASURES:
            raise InputError(
                _(
                    "There is no measure {measure!r}. {suggestion}",
                    measure=measure,
                    suggestion=suggestion(str(measure), MEASURES),
                )
            )
        parts = [value.draws(measure).reindex(segment=self.segments) for value in self.values]
        return xr.concat(parts, dim=pd.DatetimeIndex(self.days, name="as_of"), join="outer").transpose(
            "chain", "draw", "as_of", "segment"
        )

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row for each day and segment: customers, mean value per customer and total with their intervals.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by as_of, dates that ``.loc["2025-12-31"]`` finds, and segment; money in the customers' currency.
        """
        tables = {pd.Timestamp(day): self._on(value, interval_settings(ci_prob, ci_kind)) for day, value in self}
        table = pd.concat(tables, names=["as_of", "segment"])
        if any(value.caution for value in self.values):
            cautions = {pd.Timestamp(day): value.caution for day, value in self}
            table["caution"] = table.index.get_level_values("as_of").map(cautions)
        return flagged(table, "", self.currency)

    def _on(self, value: SegmentValues, interval: tuple[float, str]) -> pd.DataFrame:
        table = pd.DataFrame({"customers": value.customers})
        for measure in MEASURES:
            draws = value.draws(measure).transpose("segment", "chain", "draw").to_numpy()
            found = summarize_sorted(np.sort(draws.reshape(len(draws), -1), axis=1), *interval)
            found["mean"] = value.mean(measure).to_numpy()
            kept = {f"{measure}_{name}": drawn for name, drawn in found.items() if name not in ("sd", "median")}
            table = table.assign(**kept)
        return table.reindex([name for name in self.segments if name in table.index])

    def _page(self) -> ResultPage:
        when = _("{number} days, {days} to {days_2}", number=len(self.days), days=self.days[0], days_2=self.days[-1])
        table = self.summary()
        shown = table.set_axis([f"{day:%Y-%m-%d} {segment}" for day, segment in table.index])
        heading = _(
            "Lifetime value by {column} on {when}: {settings}",
            column=as_known(str(self.column)),
            when=when,
            settings=self.settings,
        )
        return ResultPage([heading], shown, currency=self.currency)


def _days(days: Iterable[Any]) -> list[dt.date]:
    """Read the days, from the first to the last."""
    if isinstance(days, str | dt.date):
        raise UnitError(
            _("Several days are needed, such as ['2024-12-31', '2025-12-31'], not {days!r} alone.", days=days)
        )
    read = sorted(as_date(day, "days") for day in days)
    if not read or len(set(read)) < len(read):
        raise UnitError(_("Give at least one day to value customers on, and each once."))
    return read
