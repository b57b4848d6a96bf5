"""What depends on customers who bought once: by BG/NBD all are alive, by two other models they may have left."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.histories import Histories, unique_histories
from ltv_bayes.errors import InputError, counted
from ltv_bayes.formatting import label, percent, three_digits
from ltv_bayes.formulas.models import bg_nbd, leaving_at_once, mbg_nbd
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.models.buy_till_you_die import BGNBD, MBGNBD, PurchaseModel
from ltv_bayes.predictions.clock import has_clock
from ltv_bayes.predictions.fitted import caution_of, flat_draws, k_of, name_of, pooling_of, thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases, formulas_of
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.sizes import COMPARED_CUSTOMERS
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import Duration, as_duration

MODELS: dict[str, PurchaseModel] = {
    bg_nbd.NAME: BGNBD(calendar_effects=None),
    mbg_nbd.NAME: MBGNBD(calendar_effects=None),
    leaving_at_once.NAME: BGNBD(calendar_effects=None, leave_at_once=True),
}
ENOUGH_DRAWS = 400
CLEAR = 2.0  # standard errors
AGES = 4
LINE = 100


def check_one_time(
    customers: Customers,
    *fits: FittedPurchases,
    spend: FittedSpend | None = None,
    horizon: Any = "3 years",
    random_seed: int | None = None,
    **fit_settings: Any,
) -> "OneTimeCheck":
    """State how many customers bought once, what depends on them, and whether many left at once.

    BG/NBD takes every one of them to be alive, however long ago the purchase was; MBG/NBD lets customers leave right
    after the first purchase as after any other. These two are compared by the predictive density of the histories
    (WAIC). Between them is ``BGNBD(leave_at_once=True)``: a share of its own leaves right after the first purchase.

    Parameters
    ----------
    customers : Customers
        The portfolio. Where clocks start on a given day (``since``), customers who have not ordered take the place
        of those who bought once.
    *fits : FittedPurchases
        Fits of these customers by these models that are there already; what is missing is fitted. Histories of
        single customers have no likelihood with calendar effects, so fits with them are set aside, and fitted here
        without. The check does not apply to fits of regular purchases (`BGCNBD`, `MBGCNBD`).
    spend : FittedSpend, optional
        With it, shares are of expected revenue; otherwise of expected purchases.
    horizon : str or Duration
        How far ahead, with its unit.
    random_seed : int, optional
        The same seed gives the same fits.
    **fit_settings
        Passed on to ``fit``: draws, chains, progressbar, ...

    Returns
    -------
    OneTimeCheck
        Its text is a sentence to quote; ``table``, ``by_age``, ``favours`` and ``misleads`` are the numbers behind it.

    Raises
    ------
    InputError
        If a fit is of another kind.

    Examples
    --------
    ``print(lb.check_one_time(customers, purchases, spend=spend, horizon="1 year"))``
    """
    require_customers(customers)
    length, known = as_duration(horizon), _by_model(fits)
    fitted = {
        name: known.get(name) or model.fit(customers, random_seed=random_seed, **fit_settings)
        for name, model in MODELS.items()
    }
    thinned = {name: thinned_to(fit, ENOUGH_DRAWS) for name, fit in fitted.items()}
    histories = {name: unique_histories(customers.in_time_unit(fit.time_unit)) for name, fit in thinned.items()}
    density = {name: _log_predictive(fit, histories[name]) for name, fit in thinned.items()}
    count, seen = histories[bg_nbd.NAME].count, customers.overview()
    rows = {
        name: {**_what_depends_on_them(customers, fit, spend, length), "log_predictive": float(count @ density[name])}
        for name, fit in thinned.items()
    }
    difference, error = _difference(density[mbg_nbd.NAME] - density[bg_nbd.NAME], count)
    return OneTimeCheck(
        customers=seen.customers,
        one_time=seen.customers - seen.repeat_customers,
        horizon=length,
        of="purchases" if spend is None else "revenue",
        table=pd.DataFrame.from_dict(rows, orient="index").rename_axis("model"),
        by_age=_by_age(thinned, histories),
        difference=difference,
        error=error,
        deed=_("never ordered") if "since" in customers.columns else _("bought once"),
        caution=caution_of(*fitted.values(), spend),
    )


@dataclass(frozen=True, repr=False)
class OneTimeCheck(Printed):
    """What three models make of customers who bought once; its text is a sentence to quote.

    Attributes
    ----------
    customers, one_time : int
        How many there are, and how many of them bought once.
    horizon : Duration
        How far ahead shares look.
    of : {"purchases", "revenue"}
        What shares are of.
    table : pandas.DataFrame
        By model: ``probability_alive`` (average over customers who bought once), ``share`` (of what is expected within
        the horizon from them) and ``log_predictive`` (of all histories, by WAIC).
    by_age : pandas.DataFrame
        By quarters of the portfolio from the youngest to the oldest customers: how many there are, how many bought
        once, and how many each model expects to have bought once.
    difference, error : float
        Log predictive density of MBG/NBD less that of BG/NBD, and its standard error.
    deed : str
        What they did: "bought once", or "never ordered" where clocks start on a given day.
    caution : str
        What is wrong with the fits; empty when nothing is.
    """

    customers: int
    one_time: int
    horizon: Duration
    of: str
    table: pd.DataFrame
    by_age: pd.DataFrame
    difference: float
    error: float
    deed: str = _("bought once")
    caution: str = ""

    @property
    def favours(self) -> str | None:
        """The model that the data favour by more than two standard errors; None where they do not tell them apart."""
        if abs(self.difference) <= CLEAR * self.error:
            return None
        return mbg_nbd.NAME if self.difference > 0 else bg_nbd.NAME

    @property
    def misleads(self) -> bool:
        """Whether the data show that BG/NBD's probability of 1 for customers who bought once is wrong."""
        return self.one_time > 0 and self.favours == mbg_nbd.NAME

    @property
    def sentence(self) -> str:
        """What to quote."""
        if self.one_time == 0:
            return _("Of {customers}, none {deed}.", customers=counted(self.customers, "customer"), deed=self.deed)
        always, maybe, share = (self.table.loc[name] for name in MODELS)
        text = _(
            "{one_time:,} of {customers} ({one_time_2}) {deed}. BG/NBD takes all of them to be alive and "
            "expects {share} of the {of} within {horizon} from them; MBG/NBD takes {probability_alive} of "
            "them to be alive and expects {share_2}; BGNBD(leave_at_once=True), {probability_alive_2} and "
            "{share_3}. {verdict}",
            one_time=self.one_time,
            customers=counted(self.customers, "customer"),
            one_time_2=percent(self.one_time / self.customers),
            deed=self.deed,
            share=percent(always["share"]),
            of=label(self.of),
            horizon=self.horizon,
            probability_alive=percent(maybe["probability_alive"]),
            share_2=percent(maybe["share"]),
            probability_alive_2=percent(share["probability_alive"]),
            share_3=percent(share["share"]),
            verdict=self._verdict(),
        )
        return _("{text} Caution: {caution}.", text=text, caution=self.caution) if self.caution else text

    def _verdict(self) -> str:
        by = _(
            "(log predictive density {difference} higher, standard error {error})",
            difference=three_digits(abs(self.difference)),
            error=three_digits(self.error),
        )
        if self.favours == mbg_nbd.NAME:
            return _("The data favour MBG/NBD {by}: fit these customers with MBGNBD().", by=by)
        if self.favours == bg_nbd.NAME:
            return _("The data favour BG/NBD {by}: it may stay.", by=by)
        if self.difference == 0:
            leaning = _("both have the same log predictive density")
        else:
            ahead = "MBG/NBD" if self.difference > 0 else "BG/NBD"
            leaning = _(
                "{ahead} is ahead by {difference} in log predictive density",
                ahead=ahead,
                difference=three_digits(abs(self.difference)),
            )
        return _(
            "The data do not tell BG/NBD and MBG/NBD apart ({leaning}, standard error {error}): fit "
            "BGNBD(leave_at_once=True), in which the share that leaves at once is learned and stays in "
            "doubt, or decide by a backtest or by what is known of these customers.",
            leaning=leaning,
            error=three_digits(self.error),
        )

    def _page(self) -> ResultPage:
        return ResultPage([textwrap.fill(self.sentence, LINE)])


def _by_model(fits: Iterable[FittedPurchases]) -> Mapping[str, FittedPurchases]:
    for fit in fits:
        if not isinstance(fit, FittedPurchases):
            raise InputError(
                _(
                    "check_one_time takes fits of BGNBD or MBGNBD, not a {name}. Pass a spend fit as spend=.",
                    name=type(fit).__name__,
                )
            )
        if fit.model not in MODELS:
            raise InputError(
                _(
                    "check_one_time compares BG/NBD with MBG/NBD, and does not apply to regular purchases "
                    "({model}). Fit BGCNBD(k={k_of}) and MBGCNBD(k={k_of}), and compare them by "
                    "arviz.compare of fit.with_log_likelihood(customers).",
                    model=name_of(fit),
                    k_of=k_of(fit),
                )
            )
        if pooling_of(fit) is not None:
            raise InputError(
                _(
                    "This check compares the plain models, BG/NBD and MBG/NBD without segments, and this fit "
                    "is pooled. Leave it out of the call, and the plain ones are fitted here; their comparison "
                    "shows which of them to pool."
                )
            )
    return {fit.model: fit for fit in fits if not has_clock(fit)}


def _what_depends_on_them(
    customers: Customers, fit: FittedPurchases, spend: FittedSpend | None, horizon: Duration
) -> dict[str, float]:
    """P(alive) of customers who bought once, on average, and their share of what is expected."""
    alive, once, theirs, everything = 0.0, 0, 0.0, 0.0
    for some in customers.batches(COMPARED_CUSTOMERS):
        bought_once = some.table["frequency"].to_numpy() == 0
        alive += float(fit.probability_alive(some).mean(("chain", "draw"), skipna=False).to_numpy()[bought_once].sum())
        expected = fit.expected_purchases(some, horizon).mean(("chain", "draw"), skipna=False).to_numpy()
        if spend is not None:
            expected = (
                expected
                * thinned_to(spend, ENOUGH_DRAWS)
                .expected_spend(some)
                .median(("chain", "draw"), skipna=False)
                .to_numpy()
            )
        once += int(bought_once.sum())
        theirs += float(expected[bought_once].sum())
        everything += float(expected.sum())
    return {
        "probability_alive": alive / once if once else np.nan,
        "share": theirs / everything if everything else np.nan,
    }


def _log_predictive(fit: FittedPurchases, histories: Histories) -> Array:
    """Of each unique history, the log predictive density less what the fit owes to having seen it (WAIC).

    Source: Watanabe (2010), JMLR 11; Gelman, Hwang & Vehtari (2014), Statistics and Computing 24, equation (12).
    """
    found, draws = np.empty(len(histories)), _columns_of_draws(fit)
    for first in range(0, len(histories), COMPARED_CUSTOMERS):
        rows = slice(first, first + COMPARED_CUSTOMERS)
        some = histories.frequency[rows], histories.recency[rows], histories.T[rows]
        each = formulas_of(fit).log_likelihood(*some, **draws)
        owed = each.var(axis=0, ddof=1) if len(each) > 1 else 0.0
        found[rows] = special.logsumexp(each, axis=0) - np.log(len(each)) - owed
    return found


def _columns_of_draws(fit: FittedPurchases) -> dict[str, Array]:
    return {name: values[:, np.newaxis] for name, values in flat_draws(fit).items()}


def _difference(each: Array, count: Array) -> tuple[float, float]:
    """Sum of the differences of all customers, and its standard error."""
    number = count.sum()
    spread = count @ (each - count @ each / number) ** 2
    return float(count @ each), float(np.sqrt(spread * number / max(number - 1, 1)))


def _by_age(fits: Mapping[str, FittedPurchases], histories: Mapping[str, Histories]) -> pd.DataFrame:
    """Count who bought once by the age of their history, and what each model expects."""
    count, once = histories[bg_nbd.NAME].count, histories[bg_nbd.NAME].frequency == 0
    columns = {"customers": count, "one_time": count * once}
    for name, fit in fits.items():
        T, at = np.unique(histories[name].T, return_inverse=True)
        nothing = np.exp(formulas_of(fit).log_likelihood(0, 0.0, T, **_columns_of_draws(fit))).mean(axis=0)
        columns[name] = count * nothing[at]
    found = pd.DataFrame(columns).groupby(_quarters(T, at, count)).sum().rename_axis("quarter")
    return found.astype({"customers": int, "one_time": int})


def _quarters(T: Array, at: IntArray, count: Array) -> IntArray:
    """Put customers into quarters by T, the youngest in 0; those of one T stay together."""
    number = np.bincount(at, weights=count, minlength=T.size)
    middle = np.cumsum(number) - number / 2
    return np.asarray(np.floor(AGES * middle / number.sum()), dtype=np.int64)[at]
