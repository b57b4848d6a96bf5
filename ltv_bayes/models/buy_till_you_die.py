"""Models of customers who may leave without notice: BG/NBD, MBG/NBD, and both for regular purchases."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.grouping import InGroups
from ltv_bayes.data.customers.histories import Histories, unique_histories
from ltv_bayes.errors import DataWarning
from ltv_bayes.formulas.kernels.tables import purchase_tables
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from ltv_bayes.formulas.models.bg_cnbd import MODIFIED_NAME, NAME, as_whole_k
from ltv_bayes.formulas.models.leaving_at_once import AT_ONCE, FIRST_DROPOUT
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.language import _
from ltv_bayes.models.density.calendar import Calendar, OnClock
from ltv_bayes.models.density.purchase_clock import SINCE_END, PurchaseClock
from ltv_bayes.models.nbd import RateModel, usual_rate_priors
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.alive import SOME_ONCE, all_alive_note, living_by_column, share_of_one_time
from ltv_bayes.predictions.purchases import FittedPurchases, replicate_histories


@dataclass(frozen=True, repr=False)
class PurchaseModel(RateModel[FittedPurchases]):
    """Settings of a model of purchases and of leaving; what `BGNBD` and its kin have in common."""

    _fitted = FittedPurchases
    _columns = ("frequency", "recency", "T")
    _may_leave_at_once: ClassVar[bool] = False

    def _unique(self, data: Customers) -> Histories:
        return unique_histories(data)

    def _calendar(self, data: Customers) -> Calendar | None:
        calendar = super()._calendar(data)
        # Gaps between regular purchases are not kept, only how long they are together: the moments between are unknown.
        return calendar if calendar is None or (self._k or 1) == 1 else replace(calendar, repeats=None)

    def _clock(self, data: Customers) -> Callable[[InGroups, Calendar], tuple[IntArray, OnClock]]:
        return partial(PurchaseClock.of, self._tables)

    def _warn(self, data: Customers) -> None:
        if not data.overview().repeat_customers:
            warnings.warn(
                _(
                    "None of {number:,} customers has a repeat purchase. The data only show that customers "
                    "seldom come back; how seldom, and when they leave, depends on the priors. Fit more "
                    "customers, or a longer time.",
                    number=len(data),
                ),
                DataWarning,
                stacklevel=3,
            )

    def _usual_priors(self, data: Customers, histories: InGroups) -> dict[str, Prior]:
        return {
            **usual_rate_priors(histories.histories),
            "dropout_mean": Prior("Beta", alpha=1.0, beta=1.0),
            "dropout_concentration": Prior("LogNormal", mu=np.log(3.0), sigma=1.0),
        }

    def _tables(self, **columns: Any) -> tuple[Any, ...]:
        columns.pop(SINCE_END, None)  # T is as long as they were observed; when that was matters to the clock alone
        return purchase_tables(**columns, once_too=self._may_leave_at_once or self._k is not None, k=self._k)

    def _learned(self, fit: FittedPurchases, data: Customers) -> dict[str, Any]:
        note = all_alive_note(fit.model, share_of_one_time(data), above=SOME_ONCE)
        return {"living": living_by_column(fit, data), **({"note": str(note)} if note else {})}

    def _replicated(self, fit: FittedPurchases, data: Customers, random_seed: int | None) -> xr.Dataset:
        return replicate_histories(fit, data, random_seed=random_seed)


@dataclass(frozen=True, repr=False)
class StayingModel(PurchaseModel):
    """Settings of a model in which customers stay after the first purchase, or a share of its own leaves at once."""

    leave_at_once: bool = field(default=False, kw_only=True)

    @property
    def _model(self) -> str:
        return AT_ONCE[self._name] if self.leave_at_once else self._name

    def _usual_priors(self, data: Customers, histories: InGroups) -> dict[str, Prior]:
        first = {FIRST_DROPOUT: Prior("Beta", alpha=1.0, beta=1.0)} if self.leave_at_once else {}
        return {**super()._usual_priors(data, histories), **first}


@dataclass(frozen=True, repr=False)
class BGNBD(StayingModel):
    """How often do customers come back, and when do they leave? The settings of a BG/NBD model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_rate`` (purchases per time unit of the
        average customer while alive, r / alpha), ``rate_cv`` (coefficient of variation of the rate between customers,
        1 / sqrt(r)), ``dropout_mean`` (average probability of leaving after a purchase, a / (a + b)) and
        ``dropout_concentration`` (how alike customers are in it, a + b). Instead of the first two, ``r`` and
        ``alpha``; instead of the last two, ``a`` and ``b``. A prior is a `Prior`, a mapping, a PyMC or a PreliZ
        distribution.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean rate and a dropout mean of its own, drawn
        from a common distribution with a width that is learned; effects of several columns add up. See docs/pooling.md
        for priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same; ``{"mean_rate": ["size"]}`` shifts the rate alone.
    leave_at_once : bool
        Whether a share of customers leaves right after the first purchase: ``first_dropout``, with a uniform prior, and
        a level of its own in each segment of a pooled fit. Without it, every customer who bought once is taken to be
        alive. To be chosen where more than a few bought once, unless it is known that hardly any leave after one
        purchase: in simulated portfolios whose customers leave by the calendar, the median of next year's revenue was
        6 to 7% high without it, and 3 to 4% with it.

    Examples
    --------
    >>> from ltv_bayes.models.priors import Prior
    >>> BGNBD(priors={"dropout_mean": Prior("Beta", alpha=1, beta=3)})
    BGNBD(priors={'dropout_mean': Prior('Beta', alpha=1, beta=3)})

    Notes
    -----
    The usual priors follow the data's own scale, so changing the time unit changes nothing but the unit: mean_rate
    is LogNormal around repeat purchases per observed time with sigma 2, rate_cv LogNormal(0, 1), dropout_mean
    uniform, dropout_concentration LogNormal(ln 3, 1). All are proper: with flat ones the posterior would not be,
    since the likelihood stays finite as a and b grow together.

    With ``leave_at_once=True``, fits are `FittedPurchases` with the same forecasts, in which a customer who bought once
    may have left, and a new customer leaves right after the first purchase with probability ``first_dropout``.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24.
    """

    _name = bg_nbd.NAME


@dataclass(frozen=True, repr=False)
class MBGNBD(PurchaseModel):
    """How often do customers come back, and when do they leave? The settings of an MBG/NBD model.

    It is BG/NBD with one more chance to leave, at the first purchase: a customer who bought once and has been silent
    since may have left. The chance is that after any other purchase; `BGNBD` with ``leave_at_once=True`` learns one of
    its own. `check_one_time` shows what this changes for your customers.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones; names and usual priors are those of `BGNBD`. ``dropout_mean`` is the
        average probability of leaving after any purchase, the first one included.
    pool_by, covariates : optional
        As in `BGNBD`.

    Examples
    --------
    >>> from ltv_bayes.models.priors import Prior
    >>> MBGNBD(priors={"dropout_mean": Prior("Beta", alpha=1, beta=3)})
    MBGNBD(priors={'dropout_mean': Prior('Beta', alpha=1, beta=3)})

    Notes
    -----
    Fits are `FittedPurchases` like those of `BGNBD`, with the same forecasts. A new customer may leave right after the
    first purchase, and forecasts for new customers count this.

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    International Journal of Research in Marketing 24.
    """

    _name = mbg_nbd.NAME
    _may_leave_at_once = True


@dataclass(frozen=True, repr=False)
class RegularPurchaseModel(PurchaseModel):
    """Settings of a model in which purchases are regular; what `BGCNBD` and `MBGCNBD` have in common."""

    k: int = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "k", as_whole_k(self.k))

    @property
    def _k(self) -> int:
        return self.k


@dataclass(frozen=True, repr=False)
class BGCNBD(RegularPurchaseModel, StayingModel):
    """How often do customers come back, and when do they leave, if they buy regularly? Settings of a BG/CNBD-k model.

    It is BG/NBD with gaps between purchases that are more alike than random ones: Erlang-distributed of shape k, at a
    rate of each customer's own. A silence that is long for a customer is then much stronger evidence of having left.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones; names and usual priors are those of `BGNBD`. ``mean_rate`` is in
        purchases per time unit, r / (alpha k). ``r`` and ``alpha`` are of the events of which each k-th is a purchase.
    k : int
        How regular purchases are, a whole number from 1, which is BG/NBD, to 100. ``check_regularity(orders).whole_k``
        finds it.
    pool_by, covariates, leave_at_once : optional
        As in `BGNBD`; all segments have the same k.

    Raises
    ------
    InputError
        If k is no such number.

    Examples
    --------
    >>> BGCNBD(k=4)
    BGCNBD(priors={}, k=4)

    Notes
    -----
    A fit uses frequency, recency and T. How single gaps divide the recency is a factor of its own in the likelihood,
    free of rates and leaving: k is learned from it, before the fit. Log-likelihoods of fits with different k, and of
    BG/NBD, are of the same frequency and recency and may be compared, with `arviz.compare` for instance.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer behavior the easy way,
    International Journal of Research in Marketing 38.
    """

    _name = NAME


@dataclass(frozen=True, repr=False)
class MBGCNBD(RegularPurchaseModel):
    """Do customers who buy regularly come back, or leave right after the first purchase? Settings of MBG/CNBD-k.

    It is BG/CNBD-k (see `BGCNBD`) with one more chance to leave, at the first purchase, as `MBGNBD` is BG/NBD with one.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones; names and usual priors are those of `BGNBD`. ``mean_rate`` is in
        purchases per time unit, r / (alpha k).
    k : int
        How regular purchases are, a whole number from 1, which is MBG/NBD, to 100.
    pool_by, covariates : optional
        As in `BGNBD`; all segments have the same k.

    Raises
    ------
    InputError
        If k is no such number.

    Examples
    --------
    >>> MBGCNBD(k=2)
    MBGCNBD(priors={}, k=2)

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer behavior the easy way,
    International Journal of Research in Marketing 38.
    """

    _name = MODIFIED_NAME
    _may_leave_at_once = True
