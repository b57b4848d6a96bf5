"""What is the next client worth? Values of new clients, by segment or channel of pooled fits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.grouping import segment_names
from ltv_bayes.errors import ColumnError, InputError, a_kind, listed, sentence_case
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, summarize_draws
from ltv_bayes.language import N_, _, as_known
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import caution_of, shape_of, shuffled, smallest_shape
from ltv_bayes.predictions.growth.fitted_expansion import FittedExpansion, bounds_note
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals, contract_of
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import as_seed, customer_stream
from ltv_bayes.sizes import DISCOUNT_RATE, MARGIN, available_cores
from ltv_bayes.streams.notes import unseen_in_words
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import Duration, as_duration, discount_intensity
from ltv_bayes.value.acquisition.new_customer_terms import NewCustomerTerms, column_of_segments
from ltv_bayes.value.acquisition.newcomers import Newcomer

ANYBODY = "a new client"
NAMES = {
    "expected_new_customer_value": N_("expected value of the next customer"),
    "predicted_new_customer_value": N_("value of one next customer"),
}
FITS = (FittedPurchases, FittedEvents, FittedRenewals)


@dataclass(frozen=True, eq=False, repr=False)
class NewCustomerValue(Printed):
    """Values of new clients as draws.

    Showing it computes the summary of a few segments: no customer is gone over, whatever their number.

    Attributes
    ----------
    terms : NewCustomerTerms
        Fits and terms.
    segments : tuple of str
        Segments of the new clients; one name without meaning where fits are not pooled.
    """

    terms: NewCustomerTerms
    segments: tuple[str, ...]

    @property
    def column(self) -> str | None:
        """By what the fits are pooled; None where all clients are alike."""
        return self.terms.column

    @property
    def horizon(self) -> Duration:
        """How far ahead, from the first order on."""
        return self.terms.horizon

    @property
    def currency(self) -> str | None:
        """Currency of the values, where known."""
        return self.terms.currency

    @property
    def units(self) -> str:
        """What amounts are counted in, as arrays state it."""
        return self.currency or "currency of the data"

    @property
    def settings(self) -> str:
        """The terms in words."""
        return str(self.terms)

    @property
    def caution(self) -> str:
        """What every table must say; empty when nothing."""
        return caution_of(*self.terms.fits)

    @property
    def customers(self) -> pd.Series:
        """How many customers of each segment the fit had; 0 of one that it has not seen."""
        known = self.terms.known()
        number = [int(known.get(name, 0)) for name in self.segments]
        return pd.Series(number, index=pd.Index(self.segments, name=self.column))

    @property
    def unseen(self) -> list[str]:
        """Segments that not every fit has seen: what is not known is drawn from the distribution of segments."""
        return [name for name in self.segments if self.column and not all(self.terms.seen_by(name).values())]

    def unseen_notes(self, among: str = "segments") -> dict[str, list[str]]:
        """What is drawn from the distribution of segments, in words, with the segments concerned.

        Parameters
        ----------
        among : str
            What the segments are called.

        Returns
        -------
        dict of list of str
            Segments by the note.
        """
        alike: dict[tuple[tuple[str, bool], ...], list[str]] = {}
        for name in self.unseen:
            alike.setdefault(tuple(self.terms.seen_by(name).items()), []).append(name)
        return {
            unseen_in_words(
                listed(names), [of for of, seen in by if not seen], [of for of, seen in by if seen], among
            ): names
            for by, names in alike.items()
        }

    @cached_property
    def draws(self) -> xr.DataArray:
        """Posterior of the expected value of a new client: (chain, draw, segment), or (chain, draw) of plain fits."""
        terms, newcomers = self.terms, self._newcomers

        def one(name: str) -> Array:
            return terms.kept(name) * newcomers[name].expected(terms.horizon, terms.discount_rate)

        return self._labelled(self._each(one), "expected_new_customer_value")

    def predict(self, random_seed: int | None = None) -> xr.DataArray:
        """Draw the revenue from one new client, luck included: few clients are worth much, many little.

        Parameters
        ----------
        random_seed : int, optional
            The same seed gives a segment the same draws, whatever other segments there are.

        Returns
        -------
        xarray.DataArray
            (chain, draw, segment), or (chain, draw) of plain fits.
        """
        terms, newcomers, seed = self.terms, self._newcomers, as_seed(random_seed)

        def one(name: str) -> Array:
            rng = customer_stream(seed, "new customer", name)
            return terms.kept(name) * newcomers[name].draw(rng, terms.horizon, terms.discount_rate)

        return self._labelled(self._each(one), "predicted_new_customer_value").assign_attrs(random_seed=str(seed))

    def course(self) -> dict[str, "Course"]:
        """Expected cumulative revenue from a new client of each segment, by time.

        Returns
        -------
        dict of Course
            By segment: arrays (times,) and (draws, times), in the currency.
        """
        terms, newcomers = self.terms, self._newcomers

        def one(name: str) -> Course:
            times = newcomers[name].times(terms.horizon)
            money = terms.kept(name) * newcomers[name].course(times, terms.discount_rate)
            return Course(np.array([time.to("month") for time in times]), money, newcomers[name].by_steps)

        return dict(zip(self.segments, self._each(one), strict=True))

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per segment: customers that the fit had, mean, sd, median and interval of the expected value.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.
        """
        return self._summarized(self.draws, ci_prob, ci_kind)

    def summary_of_one(
        self, random_seed: int | None = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """The same of the revenue from one client, luck included.

        Parameters
        ----------
        random_seed : int, optional
            As in `predict`.
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment: mean, sd, median, interval.
        """
        return self._summarized(self.predict(random_seed), ci_prob, ci_kind)

    def of(self, segments: Any) -> "NewCustomerValue":
        """The same of other segments; one that no fit has seen is drawn from the distribution of segments.

        Parameters
        ----------
        segments : str or iterable
            One name, or several; blanks around them do not count.

        Returns
        -------
        NewCustomerValue

        Raises
        ------
        ColumnError
            If the fits are not pooled.
        InputError
            If no segment is named.
        """
        if self.column is None:
            raise ColumnError(_("The fits are not pooled, so all clients are alike. Fit with pool_by=."))
        given = segments if isinstance(segments, Iterable) and not isinstance(segments, str) else [segments]
        names = tuple(dict.fromkeys(segment_names(given, self.column)))
        if not names:
            raise InputError(_("segments= names none. Leave it out for all."))
        return replace(self, segments=names)

    def _page(self) -> ResultPage:
        grouped = _(" by {column}", column=as_known(self.column)) if self.column else ""
        notes = [_("{begin}.", begin=sentence_case(note)) for note in self.unseen_notes()]
        if others := self.terms.others():
            notes.append(_("The fits differ by {others} too, which counts as typical.", others=listed(others)))
        notes += map(sentence_case, self._bounds())
        heading = _("Expected value of a new client{grouped}: {settings}", grouped=grouped, settings=self.settings)
        return ResultPage([heading], self.summary(), notes, self.currency)

    def _bounds(self) -> list[str]:
        return [] if self.terms.growth is None else bounds_note(self.terms.growth)

    def _each[T](self, compute: Callable[[str], T]) -> list[T]:
        """Something of each segment, on all cores."""
        with ThreadPoolExecutor(available_cores()) as pool:
            return list(pool.map(compute, self.segments))

    @cached_property
    def _newcomers(self) -> dict[str, Newcomer]:
        return {name: self.terms.newcomer(name) for name in self.segments}

    def _summarized(self, draws: xr.DataArray, ci_prob: float | None, ci_kind: str | None) -> pd.DataFrame:
        table = summarize_draws(draws, ci_prob=ci_prob, ci_kind=ci_kind)
        if self.column is None:
            table.index = pd.Index([ANYBODY])
        else:
            table.insert(0, "customers", self.customers.to_numpy())
        return flagged(table, self.caution, self.currency)

    def _labelled(self, values: Sequence[Array], name: str) -> xr.DataArray:
        stacked = np.stack(values, axis=-1).reshape(*self.terms.shape, len(values))
        labels = {} if self.column is None else {self.column: np.array(self.segments, dtype=object)}
        drawn = stacked[..., 0] if self.column is None else stacked
        attrs = {"long_name": str(_(NAMES[name])), "units": self.units, "settings": self.settings}
        return labelled_draws(drawn, name, labels, **attrs)


@dataclass(frozen=True)
class Course:
    """Expected cumulative revenue from a new client, by time.

    Attributes
    ----------
    months : array of shape (times,)
        From the first order on, beginning with 0.
    money : array of shape (draws, times)
        Discounted, what is kept of it.
    by_steps : bool
        Whether payments are made at these times alone.
    """

    months: Array
    money: Array
    by_steps: bool


def new_customer_value(
    purchases: FittedPurchases | FittedEvents | FittedRenewals,
    spend: FittedSpend | None = None,
    *,
    horizon: Any,
    discount_rate: float = DISCOUNT_RATE,
    margin: float | Mapping[str, float] = MARGIN,
    first_order: bool | float | Mapping[str, Any] = True,
    price: float | Mapping[str, float] | None = None,
    period: str | None = None,
    growth: FittedExpansion | None = None,
    by: str | None = None,
    segments: Any = None,
    random_seed: int | None = None,
) -> NewCustomerValue:
    """Value the next client, who is won today with a first order.

    Parameters
    ----------
    purchases : FittedPurchases, FittedEvents or FittedRenewals
        How often clients buy again, or renew. Pooled by segments or channels, or plain.
    spend : FittedSpend, optional
        Value of an order, pooled by the same column or not; not for renewals.
    horizon : str or Duration
        From the first order on, with its unit: ``"3 years"``. A subscriber's payments count that are due before its
        end: a payment is for the time after it, so 3 years have 3 yearly payments, the first among them.
    discount_rate : float
        Annual and effective: 0.10 for 10% a year; every purchase is discounted at its own date.
    margin : float or mapping from segment to float
        Share of revenue that is kept.
    first_order : bool, float or mapping from segment to either
        True for a first order like the others, discounted by nothing; False if it does not count; or its amount.
    price : float or mapping from segment to float
        Of each renewal, where renewals are valued.
    period : str, optional
        Length of the contracts, if the fit of renewals does not know it or knows several.
    growth : FittedExpansion, optional
        How the price of a subscriber changes from renewal to renewal, as `Expansion` fits it; it begins with ``price``.
        Where seats grow, with the typical number of them.
    by : str, optional
        The column of segments, if fits are pooled by several; other columns and covariates count as typical.
    segments : str or iterable, optional
        Segments of the new clients; all that the fit has seen, if not given. One that it has not seen is
        drawn from the distribution of segments.
    random_seed : int, optional
        Seed of the order in which draws of the two fits are paired.

    Returns
    -------
    NewCustomerValue

    Raises
    ------
    ColumnError
        If no fit is pooled by the column, or they are by several and none is named.
    InputError
        If a fit has the wrong kind, or a segment has no margin or price.
    UnitError
        If the length of contracts is not known, or not that of the fit of renewals.

    Examples
    --------
    >>> purchases = FittedPurchases.from_draws(
    ...     {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}, time_unit="week"
    ... )
    >>> spend = FittedSpend.from_draws({"p": [[6.25]], "q": [[3.74]], "v": [[15.44]]})
    >>> value = new_customer_value(purchases, spend, horizon="39 weeks", first_order=False)
    >>> orders = purchases.expected_purchases_new_customer("39 weeks")
    >>> round(value.draws.item(), 2), round((orders * spend.expected_spend_new_customer()).item(), 2)
    (42.15, 42.15)
    """
    _require_fits(purchases, spend)
    discount_intensity(discount_rate, "year")
    seed = as_seed(random_seed)
    _require_growth(purchases, growth)
    model, paired, growing = _paired(purchases, spend, growth, seed)
    given = tuple(fit for fit in (purchases, spend, growth) if fit is not None)
    column = column_of_segments(given, by)
    contract = _period(purchases, price, period)
    terms = NewCustomerTerms(
        model,
        paired,
        column,
        as_duration(horizon),
        float(discount_rate),
        margin,
        first_order,
        price,
        contract,
        seed,
        given,
        growing,
    )
    if not isinstance(margin, Mapping):
        as_share(margin, "margin")
    names = _segments(terms, segments)
    for name in names:
        terms.kept(name)
        terms.newcomer(name)
    return NewCustomerValue(terms, names)


def _require_fits(purchases: Any, spend: Any) -> None:
    if not isinstance(purchases, FITS):
        raise InputError(
            _(
                "new_customer_value takes a fit of purchases or renewals first, not {kind}. Pass what "
                "BGNBD().fit(...) or ShiftedBetaGeometric().fit(...) returned.",
                kind=a_kind(purchases),
            )
        )
    renews = isinstance(purchases, FittedRenewals)
    if renews and spend is not None:
        raise InputError(_("Renewals have a price, not a fit of spend. Pass price= in its place."))
    if not renews and not isinstance(spend, FittedSpend):
        given = "missing" if spend is None else f"{a_kind(spend)}"
        raise InputError(_("The fit of spend is {given}. Pass what GammaGamma().fit(...) returned.", given=given))


def _require_growth(purchases: Any, growth: Any) -> None:
    if growth is None:
        return
    if not isinstance(growth, FittedExpansion):
        raise InputError(_("growth takes what Expansion().fit(renewals) returned, not {kind}.", kind=a_kind(growth)))
    if not isinstance(purchases, FittedRenewals):
        raise InputError(
            _("growth= is for renewals; leave it out. Use GammaGamma(price_growth=) for growing prices of orders.")
        )


def _paired(purchases: Any, spend: Any, growth: Any, seed: int) -> tuple[Any, ...]:
    """Fits of one size, their draws in random orders of their own; one alone as it is."""
    fits = {"purchases": purchases, "spend": spend, "growth": growth}
    given = [fit for fit in fits.values() if fit is not None]
    if len(given) == 1:
        return tuple(fits.values())
    shape = smallest_shape(map(shape_of, given))
    return tuple(
        None if fit is None else shuffled(fit, shape, seed, f"new customers {name}") for name, fit in fits.items()
    )


def _segments(terms: NewCustomerTerms, segments: Iterable[Any] | None) -> tuple[str, ...]:
    if segments is None:
        return tuple(terms.known()) or (ANYBODY,)
    return NewCustomerValue(terms, ()).of(segments).segments


def _period(fit: Any, price: Any, period: str | None) -> str | None:
    if not isinstance(fit, FittedRenewals):
        if price is not None or period is not None:
            raise InputError(_("price= and period= are for renewals; the fit of spend knows the value of orders."))
        return None
    if price is None:
        raise InputError(_("The price of a renewal is missing. Pass price=, of one renewal."))
    return contract_of(fit, period)
