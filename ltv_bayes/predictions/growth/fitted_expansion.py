"""The fit of expansion and contraction: posterior draws, and those that count for each subscription."""

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.price_history import PRICE, SEATS, PriceHistory, price_history, price_steps
from ltv_bayes.data.subscriptions.revenue.recurring import owners
from ltv_bayes.errors import FitError
from ltv_bayes.formatting import money, with_currency
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.tables import ResultPage

UNSEEN = "(any other)"
OF_SEGMENTS = ("change_chance", "up_share", "up_size", "down_size")
OF_ALL = ("concentration", "up_sd", "down_sd")
SLOPES = ("up_share_slope", "up_size_slope", "down_size_slope")
EXPONENT = "price_exponent"
HIGHEST = 2.5
"""How far from the typical price, in standard deviations, slopes go on."""
STEPS = "price_changes"
"""Of the fit: days from which all prices changed, with the shares."""
LARGEST = ("highest_price", "largest_up", "largest_down")
"""Of the records, as logarithms: the highest price a month, and the largest factor upward and downward."""
BEYOND = (10.0, 2.0, 2.0)
"""How many times as large those predicted can be."""


class GrowthDraws(NamedTuple):
    """Draws of the parameters of prices, and which count for each subscription.

    Attributes
    ----------
    place : array of shape (subscriptions,)
    segments : array of shape (4, segments, draws)
        Chance of a change at a renewal, share of changes that are upward, typical size of a change upward and of one
        downward, as logarithms of factors.
    shared : array of shape (7, draws)
        How alike customers are in the chance, standard deviations of both sizes, how much the log-odds of an upward
        change and the logarithms of both sizes rise with the height of the price, and the power of what changes that
        is paid.
    typical, width : float
        The height of a price is its logarithm, of a month, less the first, over the second; likewise of seats.
    most : array of shape (3,)
        Logarithms of the highest price a month, or most seats, that can be predicted, and of the largest factors upward
        and downward.
    """

    place: IntArray
    segments: Array
    shared: Array
    typical: float
    width: float
    most: Array


@dataclass(frozen=True, repr=False)
class FittedExpansion(FittedModel):
    """Posterior draws of how prices of subscribers change; `Expansion().fit` makes them.

    ``summary()`` has, for each contract length and segment: change_chance (that the price changes at a renewal, mean
    over customers), up_share (of changes), up_size and down_size (typical size, as the logarithm of the factor); and
    for all: concentration (how alike customers are in the chance), up_sd and down_sd, and slopes: how much the log-odds
    of an upward change, and the logarithms of sizes, rise with a price that is a standard deviation above the typical.

    Attributes
    ----------
    idata : xarray.DataTree
        ArviZ layout: variables of shape (chain, draw, segment), or (chain, draw).

    Examples
    --------
    >>> flat = np.zeros((1, 200, 1))
    >>> draws = {"change_chance": flat, "up_share": flat + 0.7, "up_size": flat + 0.2, "down_size": flat + 0.1}
    >>> alike = {"concentration": flat[..., 0] + 5, "up_sd": flat[..., 0], "down_sd": flat[..., 0]}
    >>> fit = FittedExpansion.from_draws({**draws, **alike})
    >>> fit.driver, fit.pool_by, fit.summary().loc["up_share[0]", "mean"].round(3).item()
    ('price', None, 0.7)
    """

    _default_model = "expansion"
    _parameters = ()

    def __post_init__(self) -> None:
        drawn = self.idata["posterior"].to_dataset()
        absent = [name for name in (*OF_SEGMENTS, *OF_ALL) if name not in drawn]
        if absent:
            raise FitError(_("There are no draws of {name}. Pass those of all parameters.", name=absent[0]))
        for name in (*OF_SEGMENTS, *OF_ALL):
            values = drawn[name].to_numpy()
            if not (np.isfinite(values) & (values >= 0)).all():
                raise FitError(_("{name} must be 0 or more, and finite, in every draw.", name=name))
        for name in (*SLOPES, EXPONENT):
            if name in drawn and not np.isfinite(drawn[name].to_numpy()).all():
                raise FitError(_("{name} must be finite in every draw.", name=name))

    @property
    def driver(self) -> str:
        """What changes at renewals: ``"price"``, or ``"seats"`` that the price follows."""
        return str(self.idata.attrs.get("driver", PRICE))

    @property
    def pool_by(self) -> str | None:
        """The column of the segments; None where contracts are told apart by their length alone."""
        return str(self.idata.attrs.get("pool_by", "")) or None

    def _page(self) -> ResultPage:
        attrs = self.idata.attrs
        said = {"changes": attrs.get("changes", 0), "renewals": attrs.get("renewals", 0)}
        if self.driver == SEATS:
            lines = [_("FittedExpansion: {changes:,} changes of seats at {renewals:,} renewals", **said)]
        else:
            lines = [_("FittedExpansion: {changes:,} changes of price at {renewals:,} renewals", **said)]
        return ResultPage(lines, self.summary().drop(columns=["r_hat", "ess"]), amounts=False)


def bounds_note(fit: FittedModel) -> list[str]:
    """How far predictions with a fit of prices go, in a sentence; nothing of other fits."""
    attrs = fit.idata.attrs
    if not isinstance(fit, FittedExpansion) or not set(LARGEST) <= set(attrs):
        return []
    most, up, down = np.exp(_most(fit))
    currency = attrs.get("currency")
    if fit.driver == SEATS:
        return [
            _(
                "at one renewal the number of seats changes to at most {up:.3g} times and at least {down:.2g} times "
                "what it was, and never to more than {most}: twice the largest changes and ten times the highest "
                "number seen.",
                up=up,
                down=1 / down,
                most=money(float(most)),
            )
        ]
    return [
        _(
            "at one renewal a price changes to at most {up:.3g} times and at least {down:.2g} times what it was, and "
            "never to more than {most} a month: twice the largest changes and ten times the highest price seen.",
            up=up,
            down=1 / down,
            most=with_currency(money(float(most), currency), currency),
        )
    ]


def segments_fitted(fit: FittedExpansion, renewals: Renewals) -> Array:
    """The segment of each subscription, as a fit tells them apart."""
    return segments_of(renewals, fit.pool_by)


def segments_of(renewals: Renewals, pool_by: str | None) -> Array:
    """The segment of each subscription: its contract length, with the cell of a column.

    Raises
    ------
    ColumnError, InputError
        If the column is not there, or blank for some customers, who are named.
    """
    length = renewals.table["period"].astype(str).to_numpy()
    if not pool_by:
        return length
    return np.char.add(np.char.add(length.astype(str), ", "), owners(renewals, [pool_by])[pool_by].to_numpy(dtype=str))


def own_history(fit: FittedExpansion, renewals: Renewals) -> PriceHistory:
    """What became of the prices, or seats, of subscriptions, as the fit saw it: without changes of all prices."""
    steps = price_steps(json.loads(fit.idata.attrs.get(STEPS, "{}")))
    return price_history(renewals, steps, fit.driver)


def segment_of_new(fit: FittedExpansion, period: str, column: str | None, segment: str) -> str:
    """The segment of a contract of a new customer, of whom one column is known; any other where that is not enough."""
    if fit.pool_by is None:
        return period
    return f"{period}, {segment}" if fit.pool_by == column else UNSEEN


def growth_draws(fit: FittedExpansion, of_each: Array) -> GrowthDraws:
    """The parameters that count for each subscription, by its segment.

    A segment that was not fitted is drawn from those that were.
    """
    drawn = fit.idata["posterior"].to_dataset()
    known = [str(name) for name in drawn["up_share"][drawn["up_share"].dims[-1]].to_numpy()]
    labels, which = np.unique(of_each, return_inverse=True)
    place = np.array([known.index(label) if label in known else len(known) - 1 for label in labels], dtype=np.int64)
    segments = [drawn[name].transpose(..., "chain", "draw").to_numpy().reshape(len(known), -1) for name in OF_SEGMENTS]
    zero = 0.0 * drawn[OF_ALL[0]]
    every = [drawn.get(name, zero) for name in (*OF_ALL, *SLOPES)] + [drawn.get(EXPONENT, zero + 1.0)]
    shared = [one.transpose("chain", "draw").to_numpy().ravel() for one in every]
    attrs = fit.idata.attrs
    typical, width = float(attrs.get("typical", 0.0)), float(attrs.get("width", 1.0))
    return GrowthDraws(place[which], np.array(segments), np.array(shared), typical, width, _most(fit))


def _most(fit: FittedExpansion) -> Array:
    """Logarithms of the highest price a month that can be predicted, and of the largest factors upward and downward."""
    return np.array([float(fit.idata.attrs.get(name, np.inf)) for name in LARGEST]) + np.log(BEYOND)
