"""How many purchases will customers make? Forecasts from the posterior of a purchase model."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import elementwise

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.customers.dates import time_since_end
from ltv_bayes.errors import FitError
from ltv_bayes.formulas.kernels.future.purchases import NO_CLOCK, expected_discounted
from ltv_bayes.formulas.models import bg_cnbd, bg_nbd, mbg_nbd
from ltv_bayes.formulas.models.conditional_future import PurchaseFormulas, PurchaseOutlook
from ltv_bayes.formulas.models.leaving_at_once import AT_ONCE, FIRST_DROPOUT, PARAMETERS, WITHIN, LeavingAtOnce
from ltv_bayes.formulas.models.operational_time import OnClock
from ltv_bayes.intervals import flagged, summarize_draws
from ltv_bayes.language import _
from ltv_bayes.posterior import labelled_draws, parameter_draws
from ltv_bayes.predictions.clock import clock_at, clock_from, clock_lines, has_clock
from ltv_bayes.predictions.fitted import (
    FittedModel,
    caution_of,
    flat_draws,
    k_of,
    numbered_draws,
    shape_of,
    time_unit_of,
)
from ltv_bayes.predictions.groups import Parameters
from ltv_bayes.predictions.over_customers import (
    beside_observed,
    distinct_histories,
    draw_counts,
    draw_for_each,
    labelled,
    over_unique,
    with_group,
)
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import NUMBERS_IN_BLOCK, available_cores
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration, TimeUnit, as_duration, as_time_ahead, discount_intensity

FORMULAS: dict[str, PurchaseFormulas] = {bg_nbd.NAME: bg_nbd, mbg_nbd.NAME: mbg_nbd}
See = Callable[[int, np.ndarray, np.ndarray], None]
Compute = Callable[[np.ndarray, Parameters], np.ndarray]
LONGEST_WAIT = 365.25 * 200
LOG_WAITS = (-30.0, 600.0)
CLOSE = {"xatol": 1e-8, "xrtol": 1e-10}


@dataclass(frozen=True, repr=False)
class FittedPurchases(FittedModel):
    """A fitted purchase model, BG/NBD or one of its kin: posterior draws with the forecasts they make.

    Methods named ``expected_*`` give the posterior of an expectation; ``predict_*`` give predictive draws, whole
    purchases that may or may not happen. Arrays have the dimensions (chain, draw, customer_id).

    Examples
    --------
    >>> from ltv_bayes.data.customers.customers import Customers
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": ["A"], "frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> customers = Customers.from_summary(frame, time_unit="week")
    >>> draws = {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}
    >>> fit = FittedPurchases.from_draws(draws, time_unit="week")
    >>> round(fit.expected_purchases(customers, horizon="39 weeks").item(), 3)
    1.226

    The same numbers as parameters of MBG/NBD, where customers may leave after the first purchase too:

    >>> fit = FittedPurchases.from_draws(draws, time_unit="week", model="mbg_nbd")
    >>> round(fit.expected_purchases(customers, horizon="39 weeks").item(), 3)
    1.34

    Or of BG/CNBD-k, where r and alpha describe the rate of events, and each k-th event is a purchase. With draws of
    ``first_dropout``, of BG/NBD or BG/CNBD-k, that share of customers leaves right after the first purchase:

    >>> draws["alpha"] = [[4.414 / 3]]
    >>> fit = FittedPurchases.from_draws(draws, time_unit="week", model="bg_cnbd", k=3)
    >>> round(fit.expected_purchases(customers, horizon="39 weeks").item(), 3)
    1.547
    """

    _default_model: ClassVar[str] = bg_nbd.NAME
    _parameters: ClassVar[tuple[str, ...]] = bg_nbd.PARAMETERS

    @classmethod
    def from_draws(cls, draws: Mapping[str, Any], **attrs: Any) -> Self:
        """Make a fit of draws of shape (chains, draws) and ``attrs``; without ``first_dropout`` none leaves at once."""
        name = attrs.get("model", cls._default_model)
        attrs["model"] = AT_ONCE.get(name, name) if isinstance(draws, Mapping) and FIRST_DROPOUT in draws else name
        return super().from_draws(draws, **attrs)

    @property
    def draws(self) -> dict[str, np.ndarray]:
        """The parameters' draws, each of shape (chains, draws)."""
        names = PARAMETERS if self.model in WITHIN else self._parameters
        return parameter_draws(self.idata, names)

    def __post_init__(self) -> None:
        super().__post_init__()
        share = self.draws.get(FIRST_DROPOUT, np.zeros(1))
        if not ((share >= 0) & (share < 1)).all():
            raise FitError(_("{name} must be at least 0 and below 1 in every draw.", name=FIRST_DROPOUT))
        bg_cnbd.require_k(self.model, self.idata.attrs.get("k"))

    @property
    def time_unit(self) -> TimeUnit:
        """Time unit of the parameters."""
        return time_unit_of(self)

    def probability_alive(self, customers: Customers, *, at: Any = None) -> xr.DataArray:
        """Posterior of the probability that each customer is still alive, at the as-of date or at a later day.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        at : str, Duration or date, optional
            A time after the as-of date, ``"26 weeks"``, or a day, ``"2026-06-30"``; the as-of date if not given. What a
            customer does until then is not known, so the probability falls with time. For a later day until which the
            orders are known, summarize them as of that day.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), between 0 and 1. Of BG/NBD and BG/CNBD-k, exactly 1 for a customer without a
            repeat purchase: there, customers can leave only after one; in MBG/NBD and MBG/CNBD-k, and with
            ``leave_at_once=True``, also after the first.
        """
        names = {"long_name": "probability of being alive", "units": "1"}
        if at is None:
            values = _over_histories(self, customers, lambda future: future.alive)
        else:
            later = as_time_ahead(at, customers.as_of, "at")
            s, names = later.to(self.time_unit), {**names, "at": str(later)}
            values = _over_histories(self, customers, lambda future: future.probability_alive_after(s))
        return labelled(values, customers.ids, "probability_alive", **names)

    def expected_purchases(self, customers: Customers, horizon: Any, *, given_alive: bool = False) -> xr.DataArray:
        """Posterior of the expected number of purchases within the horizon after the as-of date.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        horizon : str or Duration
            With its unit, ``"39 weeks"``.
        given_alive : bool
            Whether all are known to be alive, whatever their history shows.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), purchases.
        """
        length = as_duration(horizon)
        t = length.to(self.time_unit)

        def expected(future: PurchaseOutlook) -> np.ndarray:
            return (future.given_alive() if given_alive else future).expected_purchases(t)

        values = _over_histories(self, customers, expected)
        return labelled(values, customers.ids, "expected_purchases", **_purchases(length))

    def expected_discounted_purchases(self, customers: Customers, horizon: Any, discount_rate: float) -> xr.DataArray:
        """Posterior of the expected number of purchases, each discounted at its own time.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        horizon : str or Duration
            With its unit, ``"3 years"``.
        discount_rate : float
            Annual and effective: 0.10 for 10% a year.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), purchases of today's worth.
        """
        length = as_duration(horizon)
        t, delta = length.to(self.time_unit), discount_intensity(discount_rate, self.time_unit)
        clock, at_once = clock_at(self, customers) or NO_CLOCK, self.model == mbg_nbd.NAME
        in_one_loop = partial(expected_discounted, t=t, delta=delta, clock=clock, at_once=at_once)
        fast = in_one_loop if WITHIN.get(self.model, self.model) in FORMULAS else None
        values = _over_histories(self, customers, lambda one: one.discounted_expected_purchases(t, delta), fast)
        return labelled(values, customers.ids, "expected_discounted_purchases", **_purchases(length))

    def predict_purchases(self, customers: Customers, horizon: Any, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the number of purchases within the horizon: whole numbers.

        Each draw decides whether the customer is still alive, how often they buy and when they leave.

        Parameters
        ----------
        customers : Customers
            Each customer has a random stream of their own: order and company of customers change nothing.
        horizon : str or Duration
            With its unit, ``"39 weeks"``.
        random_seed : int, optional
            The same seed gives the same draws.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), purchases; of whole numbers.
        """
        length, seed = as_duration(horizon), as_seed(random_seed)
        histories, ends = purchase_histories(self, customers), [length.to(self.time_unit)]
        (number,) = draw_counts(self, customers, histories, ends, seed=seed, purpose="purchases")
        attrs = {**_purchases(length), "random_seed": str(seed)}
        return labelled(number, customers.ids, "predicted_purchases", **attrs).astype(np.int64)

    def probability_of_purchases(self, customers: Customers, purchases: int, horizon: Any) -> xr.DataArray:
        """Posterior of the probability that ``customers`` make exactly this number of purchases within the horizon.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), between 0 and 1.
        """
        length = as_duration(horizon)
        t = length.to(self.time_unit)
        values = _over_histories(self, customers, lambda future: future.probability_of_purchases(purchases, t))
        name = "probability_of_purchases"
        return labelled(values, customers.ids, name, units="1", horizon=str(length), purchases=purchases)

    def next_purchase(
        self, customers: Customers, by: Any, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """When each customer's next purchase is due: the probability by a day, and the median day.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        by : str, Duration or date
            A time after the as-of date, ``"13 weeks"``, or a day, ``"2026-03-31"``.
        ci_prob, ci_kind
            Interval of the probability; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id: ``probability`` of at least one purchase by then, its posterior mean, with the
            posterior's interval; ``probability_ever``; ``median_time``, in the time unit of the customers, within which
            the next purchase is as likely as not, and ``median_date`` where there is an as-of date. Infinite, and
            without a date, for a customer who is more likely not to buy ever again.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "frequency": [2], "recency": [30.43], "T": [38.86]})
        >>> customers = Customers.from_summary(frame, time_unit="week", as_of="1997-09-30")
        >>> draws = {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}
        >>> fit = FittedPurchases.from_draws(draws, time_unit="week")
        >>> fit.next_purchase(customers, by="1998-06-30")[["probability", "median_time"]].iloc[0].round(3).tolist()
        [0.555, 29.478]
        """
        length = as_time_ahead(by, customers.as_of, "by")
        none = self.probability_of_purchases(customers, 0, length)
        found = summarize_draws((1 - none).rename("probability"), ci_prob=ci_prob, ci_kind=ci_kind)
        table = found.drop(columns=["sd", "median"]).rename(columns={"mean": "probability"})
        ever, time = _median_waits(self, customers)
        days = time * DAYS_PER_UNIT[self.time_unit]
        table = table.assign(probability_ever=ever, median_time=days / DAYS_PER_UNIT[customers.time_unit])
        if customers.as_of is not None:
            near = np.where(days < LONGEST_WAIT, days, np.nan)
            table["median_date"] = pd.Timestamp(customers.as_of) + pd.to_timedelta(np.ceil(near), unit="D")
        table.attrs["by"] = str(length)
        return flagged(table, caution_of(self))

    def expected_purchases_new_customer(self, horizon: Any) -> xr.DataArray:
        """Posterior of the expected repeat purchases of a new customer within the horizon after the first purchase.

        Returns
        -------
        xarray.DataArray
            (chain, draw), purchases.
        """
        length = as_duration(horizon)
        new = formulas_of(self).outlook_of_new_customer(**numbered_draws(self))
        values = new.expected_purchases(length.to(self.time_unit))
        return labelled_draws(values, "expected_purchases_new_customer", **_purchases(length))

    def predict_purchases_new_customer(self, horizon: Any, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws, by ``random_seed``, of a new customer's repeat purchases within ``horizon``: whole numbers.

        Returns
        -------
        xarray.DataArray
            (chain, draw), purchases.
        """
        length, rng = as_duration(horizon), np.random.default_rng(as_seed(random_seed))
        new = formulas_of(self).outlook_of_new_customer(**numbered_draws(self))
        number = new.draw(rng, length.to(self.time_unit)).number
        return labelled_draws(number, "predicted_purchases_new_customer", **_purchases(length)).astype(np.int64)

    def with_log_likelihood(self, customers: Customers) -> xr.DataTree:
        """Make the tree that `arviz.loo` reads: the posterior with a group ``log_likelihood``.

        The group has one array (chain, draw, customer_id): the log-likelihood of each customer's history.

        Examples
        --------
        ``az.loo(fit.with_log_likelihood(customers))``
        """
        formulas = formulas_of(self, customers)
        values = over_unique(self, customers, purchase_histories(self, customers), formulas.log_likelihood)
        return with_group(self.idata, "log_likelihood", labelled(values, customers.ids, "history").to_dataset())

    def posterior_predictive(self, customers: Customers, random_seed: int | None = None) -> xr.DataTree:
        """Draw, by ``random_seed``, the histories that ``customers`` would have if the model were true.

        Returns
        -------
        xarray.DataTree
            Group ``posterior_predictive`` with ``frequency`` and ``recency`` (in the fit's time unit), of shape
            (chain, draw, customer_id), beside the posterior and ``observed_data``.
        """
        require_history(customers)
        converted = customers.in_time_unit(self.time_unit)
        return beside_observed(self.idata, replicate_histories(self, converted, random_seed), converted)

    def _more_lines(self) -> list[str]:
        return [*clock_lines(self), *filter(None, [self.idata.attrs.get("note")])]


def formulas_of(fit: FittedPurchases, customers: Customers | None = None, *, after: float = 0.0) -> PurchaseFormulas:
    """The closed forms of a fit's model, times counted from the as-of date of customers, or a time after the fit's."""
    formulas = FORMULAS.get(WITHIN.get(fit.model, fit.model))
    clock = clock_from(fit, after) if customers is None else clock_at(fit, customers)
    if formulas is None:
        formulas = bg_cnbd.RegularFormulas(k_of(fit), may_leave_at_once=fit.model == bg_cnbd.MODIFIED_NAME)
    if fit.model in WITHIN:
        formulas = LeavingAtOnce(formulas)
    return formulas if clock is None else OnClock(formulas, clock)


def outlook_of_new_customer(fit: FittedPurchases, *, after: float = 0.0) -> PurchaseOutlook:
    """The future of a customer who is new a time after the as-of date, over all draws, shape (chains * draws,)."""
    return formulas_of(fit, after=after).outlook_of_new_customer(**flat_draws(fit))


def purchase_histories(fit: FittedPurchases, customers: Customers) -> np.ndarray:
    """Frequency, recency and T of each customer in the time unit of the fit: shape (customers, 3).

    Where the fit has calendar effects, also how long before the as-of date observation ended: shape (customers, 4).
    """
    require_history(customers)
    table = customers.in_time_unit(fit.time_unit).table
    found = table[["frequency", "recency", "T"]].to_numpy(dtype=float)
    if not has_clock(fit):
        return found
    return np.column_stack([found, time_since_end(table, customers.as_of, DAYS_PER_UNIT[fit.time_unit])])


def replicate_histories(
    fit: FittedPurchases, customers: Customers, random_seed: int | None = None, see: See | None = None
) -> xr.Dataset:
    """Draw, for each parameter draw, the frequency and recency that customers observed for their T would show.

    Parameters
    ----------
    customers : Customers
        In the fit's time unit.
    see : callable, optional
        Is shown the purchases of each customer, on any thread: the place in the table, their draws, and their times
        from the first one.

    Returns
    -------
    xarray.Dataset
        ``frequency`` and ``recency`` of shape (chain, draw, customer_id).
    """
    formulas = formulas_of(fit, customers)
    _, _, T, *ended = purchase_histories(fit, customers).T
    starts = [{"start": start} for start in -T - ended[0]] if ended else [{}] * T.size

    def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> tuple[np.ndarray, np.ndarray]:
        purchases = formulas.outlook_of_new_customer(**drawn, **starts[place]).draw(rng, T[place])
        last = purchases.last_time(rng, T[place])
        if see is not None:
            see(place, *purchases.times(rng, T[place]))
        return purchases.number, last

    seed = as_seed(random_seed)
    number, last = draw_for_each(fit, customers.table, draw, seed=seed, purpose="history", arrays=2)
    frequency = labelled(np.ascontiguousarray(number), customers.ids, "frequency", units="purchases")
    recency = labelled(np.ascontiguousarray(last), customers.ids, "recency", units=customers.time_unit)
    return xr.Dataset({"frequency": frequency, "recency": recency})


def _over_histories(
    fit: FittedPurchases, customers: Customers, compute: Callable[[PurchaseOutlook], Any], fast: Compute | None = None
) -> np.ndarray:
    """Compute something of each customer's future: an array (chains, draws, customers)."""
    outlook = formulas_of(fit, customers).outlook
    histories = purchase_histories(fit, customers)
    return over_unique(fit, customers, histories, lambda *one, **drawn: compute(outlook(*one, **drawn)), fast)


def _median_waits(fit: FittedPurchases, customers: Customers) -> tuple[np.ndarray, np.ndarray]:
    """Of each customer, P(ever buys again) and the time, in the fit's unit, by which that is as likely as not."""
    ever, time = np.empty(len(customers)), np.empty(len(customers))
    formulas = formulas_of(fit, customers)
    size = max(1, NUMBERS_IN_BLOCK // int(np.prod(shape_of(fit))))
    for here, kinds, place, parameters in distinct_histories(fit, customers, purchase_histories(fit, customers)):
        same = parameters[bg_nbd.PARAMETERS[0]].shape[1] == 1
        blocks = [slice(first, first + size) for first in range(0, len(kinds), size)]
        own = [parameters if same else {name: each[:, some] for name, each in parameters.items()} for some in blocks]
        with ThreadPoolExecutor(available_cores()) as pool:
            waits = pool.map(partial(_median_wait, formulas), [kinds[some] for some in blocks], own)
            found = np.concatenate(list(waits), axis=1)
        ever[here], time[here] = found[:, place]
    return ever, time


def _median_wait(formulas: PurchaseFormulas, histories: np.ndarray, drawn: Parameters) -> np.ndarray:
    """P(ever buys again) and the median time until then, of a few histories: an array (2, histories)."""

    def futures(which: Any) -> PurchaseOutlook:
        own = {name: each if each.shape[1] == 1 else each[:, which] for name, each in drawn.items()}
        return formulas.outlook(*histories[which].T, **own)

    def short_of_half(log_time: np.ndarray, which: np.ndarray) -> np.ndarray:
        none = futures(which.astype(np.int64)).probability_of_purchases(0, np.exp(log_time))
        return np.asarray(none.mean(axis=0)) - 0.5

    # Who is alive buys again, if only after a very long time.
    alive, wait = np.asarray(futures(slice(None)).alive).mean(axis=0), np.full(len(histories), np.inf)
    due = np.flatnonzero(alive > 0.5)
    if due.size:
        root = elementwise.find_root(short_of_half, LOG_WAITS, args=(due.astype(float),), tolerances=CLOSE)
        wait[due] = np.where(root.success, np.exp(root.x), np.inf)
    return np.array([alive, wait])


def _purchases(length: Duration) -> dict[str, str]:
    return {"units": "purchases", "horizon": str(length)}
