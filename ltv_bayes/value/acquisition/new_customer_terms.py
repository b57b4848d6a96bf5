"""The fits and terms by which new customers are valued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ltv_bayes.data.customers.grouping import segment_names
from ltv_bayes.errors import ColumnError, InputError, listed, suggestion
from ltv_bayes.formulas.point.inputs import as_money, as_share
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import FittedModel, currency_of, pooling_of, shape_of, shuffled
from ltv_bayes.predictions.growth.fitted_expansion import FittedExpansion
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.streams.notes import role
from ltv_bayes.streams.prices import GrowthOfNew
from ltv_bayes.time_units import Duration
from ltv_bayes.value.acquisition.newcomers import Buyer, Newcomer, Subscriber
from ltv_bayes.value.draws.margins import in_percent


@dataclass(frozen=True)
class NewCustomerTerms:
    """Fits with paired draws, and terms, by which new customers are valued.

    Attributes
    ----------
    model : FittedPurchases, FittedEvents or FittedRenewals
        How often they buy, or renew.
    spend : FittedSpend or None
        Value of an order; None where a price is given.
    column : str or None
        By what the fits are pooled; None where all clients are alike.
    horizon : Duration
    discount_rate : float
        Annual and effective.
    margin, first_order, price
        One for all, or by segment.
    period : str or None
        Length of a contract.
    seed : int
    given : tuple of fitted models
        The fits with their draws in the order of their drawing.
    growth : FittedExpansion or None
        How prices of subscribers grow.
    """

    model: Any
    spend: FittedSpend | None
    column: str | None
    horizon: Duration
    discount_rate: float
    margin: Any
    first_order: Any
    price: Any
    period: str | None
    seed: int
    given: tuple[FittedModel, ...] = ()
    growth: FittedExpansion | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Chains and draws per chain."""
        return shape_of(self.model)

    def beside(self, purposes: Sequence[tuple[FittedModel, str]], shape: tuple[int, int], seed: int) -> Self:
        """The same with draws paired with those of streams: where a fit is theirs, with the same of it in each draw.

        Parameters
        ----------
        purposes : sequence of (fit, str)
            The fits of the streams, and the purposes that the orders of their draws belong to.
        shape : (int, int)
            Chains and draws per chain of the streams' value.
        seed : int
            Of that value.
        """

        def paired[Fit: FittedModel](fit: Fit, other: str) -> Fit:
            why = next((why for one, why in purposes if same_posterior(fit, one)), other)
            return shuffled(fit, shape, seed, why)

        model, *others = self.given
        spend = [paired(one, "new customers spend") for one in others if isinstance(one, FittedSpend)]
        growth = [paired(one, "new customers growth") for one in others if isinstance(one, FittedExpansion)]
        return replace(
            self,
            model=paired(model, "new customers purchases"),
            spend=spend[0] if spend else None,
            growth=growth[0] if growth else None,
            seed=seed,
        )

    def shared(self, purposes: Sequence[tuple[FittedModel, str]]) -> bool:
        """Whether any fit is one of the streams."""
        return any(same_posterior(fit, one) for fit in self.given for one, _unused in purposes)

    @property
    def fits(self) -> list[FittedModel]:
        """The fits that say it."""
        return [self.model] if self.spend is None else [self.model, self.spend]

    @property
    def currency(self) -> str | None:
        """Currency of the amounts, where known."""
        return next(filter(None, map(currency_of, reversed(self.fits))), None)

    def known(self) -> dict[str, float]:
        """Segments that fits have seen, with the most customers that one of them had of each."""
        seen = self._seen().values()
        names = dict.fromkeys(name for each in seen for name in each)
        return {name: max(each.get(name, 0.0) for each in seen) for name in names}

    def seen_by(self, segment: str) -> dict[str, bool]:
        """Whether each fit pooled by the column has seen a segment, by what the fit is of.

        A channel without repeat orders so far is in a fit of purchases and not in that of spend.
        """
        return {of: segment in customers for of, customers in self._seen().items()}

    def fitted_customers(self) -> Mapping[str, float]:
        """How many customers of each segment the fit of purchases or renewals had; nothing if it is not pooled."""
        return self._seen().get(role(self.model), {})

    def _seen(self) -> dict[str, Mapping[str, float]]:
        """Customers of each segment, of each fit pooled by the column."""
        pooled = [(role(fit), pooling_of(fit)) for fit in self.fits]
        return {of: pooling.customers[self.column] for of, pooling in pooled if pooling and self.column in pooling.by}

    def others(self) -> list[str]:
        """Columns that the fits take into account and that are not asked for."""
        pooled = filter(None, map(pooling_of, self.fits))
        columns = [name for pooling in pooled for name in pooling.grouping.columns]
        if self.growth is not None and self.growth.pool_by:
            columns.append(self.growth.pool_by)
        return [name for name in dict.fromkeys(columns) if name != self.column]

    def newcomer(self, segment: str) -> Newcomer:
        """A new client of a segment; of any, where fits are not pooled."""
        first = _of_segment(self.first_order, segment, "first_order")
        first = first if isinstance(first, bool) else as_money(first, "first_order")
        model = self._of(self.model, segment)
        if self.spend is not None:
            return Buyer(model, self._of(self.spend, segment), first)
        price = as_money(_of_segment(self.price, segment, "price"), "price")
        period = self.period or "month"
        if self.growth is None:
            return Subscriber(model, price, period, first)
        growth = GrowthOfNew.of(self.growth, price, period, self.column, segment)
        return Subscriber(model, price, period, first, growth=growth)

    def kept(self, segment: str) -> float:
        """Share of revenue that is kept."""
        return as_share(_of_segment(self.margin, segment, "margin"), "margin")

    def _of(self, fit: Any, segment: str) -> Any:
        pooling = pooling_of(fit)
        if pooling is None:
            return fit
        return fit.of_segment({self.column: segment} if self.column in pooling.by else {})

    def __str__(self) -> str:
        rate = self.discount_rate
        discount = _("discounted at {rate:.3g}% a year", rate=100 * rate) if rate else _("not discounted")
        margins = self.margin.values() if isinstance(self.margin, Mapping) else [self.margin]
        shares = [as_share(share, "margin") for share in margins]
        margin = in_percent(min(shares), max(shares))
        without = "" if self.first_order is not False else _(", without the first order")
        return _(
            "{horizon} from the first order{without}, {discount}, margin {margin}",
            horizon=self.horizon,
            without=without,
            discount=discount,
            margin=margin,
        )


def column_of_segments(fits: Sequence[FittedModel], by: Any) -> str | None:
    """The column by which new customers are told apart, of fits pooled by one or several.

    Raises
    ------
    ColumnError
        If it is unknown, or has to be named.
    """
    known = list(dict.fromkeys(name for pooling in filter(None, map(pooling_of, fits)) for name in pooling.by))
    if by is None and len(known) > 1:
        raise ColumnError(
            _(
                "The fits are pooled by {known}: say which column, as in by={known_2!r}.",
                known=listed(known),
                known_2=known[0],
            )
        )
    if by is not None and not known:
        raise ColumnError(
            _("No fit is pooled, so there is no {by!r} to tell clients apart. Fit with pool_by={by!r}.", by=by)
        )
    if by is not None and not isinstance(by, str) and set(by) <= set(known):
        several = ", ".join(f"{name}=..." for name in by)
        raise ColumnError(
            _(
                "New clients are distinguished by one column, as in by={known!r}. For one kind by several, "
                "pass fits of it: purchases.of_segment({several}) and spend.of_segment({several}).",
                known=known[0],
                several=several,
            )
        )
    if by is not None and by not in known:
        raise ColumnError(_("No fit is pooled by {by!r}. {suggestion}", by=by, suggestion=suggestion(str(by), known)))
    return by or next(iter(known), None)


def same_posterior(fit: FittedModel, other: FittedModel) -> bool:
    """Whether two fits hold the same draws."""
    if fit.model != other.model or shape_of(fit) != shape_of(other):
        return False
    return fit.idata is other.idata or fit.idata["posterior"].to_dataset().equals(other.idata["posterior"].to_dataset())


def _of_segment(given: Any, segment: str, argument: str) -> Any:
    """What was given for all, or for this segment."""
    if not isinstance(given, Mapping):
        return given
    by_name = dict(zip(segment_names(given), given.values(), strict=True))
    if segment not in by_name:
        raise InputError(
            _(
                "{argument}= has nothing for {segment!r}. Give every segment one, or one number for all.",
                argument=argument,
                segment=segment,
            )
        )
    return by_name[segment]
