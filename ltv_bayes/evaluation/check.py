"""Whether a fit describes the data it was fitted to, and what is to be done where it does not."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.ids import as_text as ids_as_text
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import InputError, counted, listed
from ltv_bayes.evaluation import quantities
from ltv_bayes.evaluation.purchase_timing import REGULAR, Regularity, check_regularity, require_transactions
from ltv_bayes.evaluation.purchases_in_time import Held, held_in_time
from ltv_bayes.evaluation.quantities import Quantity
from ltv_bayes.formatting import three_digits
from ltv_bayes.intervals import interval, interval_name, interval_settings
from ltv_bayes.language import N_, _, both, sentences
from ltv_bayes.posterior import repeated
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import FittedModel, caution_of, k_of, name_of, pooling_of, shape_of
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend, yearly_growth
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import CHECKED_CUSTOMERS
from ltv_bayes.tables import Printed, ResultPage

ENOUGH_DRAWS = 1000
LINE = 100
OF_CUSTOMERS = FittedPurchases, FittedEvents, FittedSpend
UNKNOWN = N_("How regular purchases are cannot be judged")
UNKNOWN_GROWTH = N_("Whether order values grow cannot be judged")


def check(
    data: Customers | Renewals,
    *fits: FittedModel,
    orders: Transactions | None = None,
    ci_prob: float | None = None,
    random_seed: int | None = None,
) -> "Checks":
    """Hold fits to the data they were fitted to, with advice where they do not describe them.

    Each fit makes up data of the same customers, once for each of its draws; what is seen is compared with what is made
    up. A fit can describe its data and be wrong about the future all the same: `backtest` is the stricter test.

    Parameters
    ----------
    data : Customers or Renewals
        What was fitted. Of more than 20,000 customers, 20,000 are chosen at random.
    *fits : fitted models
        Of purchases, spend, events or, with `Renewals`, of renewals.
    orders : Transactions, optional
        The log behind the customers; with it, the regularity of purchases or events is checked too, and whether the
        values of orders grow or fall in time, which a fit of spend takes not to happen. Orders of others are left out.
    ci_prob : float, optional
        Probability of intervals; ArviZ's setting where not given.
    random_seed : int, optional
        The same seed makes up the same data.

    Returns
    -------
    Checks
        Its text is a table and what to do; ``table``, ``findings`` and ``passed`` are what it is made of.

    Raises
    ------
    InputError
        If there is no fit, or one that has nothing to do with the data, or nothing in them to be held to.

    Notes
    -----
    Repeat purchases are counted by week, month or quarter, by the length of the log, beside those that the fit makes
    up. A trend is a Poisson regression within customers of the same age, a season is what two years have in common, and
    the rest is the spread from period to period. Their tail probability is held to 0.05.

    A quantity is off where its tail probability is at most 0.002, so that a check of 17 quantities raises few false
    alarms, and where it lies more than 5% from the median of what is made up, 0.05 where it is a correlation, and 50%
    where it is how much customers differ. What is seen counts as one more of what is made up, so of 1,000 none may lie
    as far out. Of a fit with fewer draws, each makes up data several times, until there are as many. The data have been
    used twice, for fitting and for checking, so what passes has passed an easy test.

    References
    ----------
    Gelman, Meng & Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies, Statistica
    Sinica 6.

    Examples
    --------
    ``lb.check(customers, purchases, spend, orders=orders)``
    """
    if not fits:
        raise InputError(_("Pass the fits to be checked: check(customers, purchases, spend)."))
    prob, kind = interval_settings(ci_prob, "eti")
    seed = as_seed(random_seed)
    rows, findings, by_period = [], [], dict[str, pd.DataFrame]()
    own, remarks = (None, ()) if orders is None else _own_orders(orders, data, fits)
    names = _names(fits)
    for name, fit in zip(names, fits, strict=True):
        if isinstance(fit, FittedModel) and not fit.converged:
            findings.append(_("{name}: {caution}", name=name, caution=caution_of(fit)))
        held = _held(data, fit, own, seed)
        remarks += held.unknown
        if held.counts is not None:
            by_period[name] = held.counts.table(prob, kind)
        for quantity in held.quantities:
            row = _row(name, quantity, prob, kind)
            rows.append(row)
            if not row["holds"]:
                findings.append(_finding(row, quantity))
    quantities_told = pd.Series([row["quantity"] for row in rows], dtype=object)
    table = pd.DataFrame(rows).assign(quantity=quantities_told).set_index(["model", "quantity"])
    regularity, unknown = _regularity(own, data, fits, prob)
    remarks = (*remarks, *unknown, *_unknown_growth(own, table, fits))
    if regularity is not None:
        findings += _otherwise_regular(names, fits, regularity)
    together = pd.concat(by_period, names=["model"]) if by_period else None
    return Checks(table, tuple(dict.fromkeys(findings)), regularity, tuple(dict.fromkeys(remarks)), together)


@dataclass(frozen=True, repr=False, eq=False)
class Checks(Printed):
    """Whether fits describe the data they were fitted to; its text is a table and what to do.

    Attributes
    ----------
    table : pandas.DataFrame
        By model and quantity: ``observed``, ``expected`` (median of what the fit makes up), its interval,
        ``tail_probability`` (of what is made up at least as far away, on either side, twice the smaller) and ``holds``.
        Of fits of one model, the pooled ones are named so, or they are numbered.
    findings : tuple of str
        What does not hold, and what to do; empty when all is well.
    regularity : Regularity or None
        How regular purchases are, where orders were given that tell.
    remarks : tuple of str
        What could not be checked, and why.
    by_period : pandas.DataFrame or None
        Of fits of purchases, by model and period: ``from`` and ``to``, ``observed`` repeat purchases of the checked
        customers, ``expected`` (median of what the fit makes up), and its interval; `plot_purchases_by_period` draws
        it. None where the days of repeat purchases are not known.
    """

    table: pd.DataFrame
    findings: tuple[str, ...]
    regularity: Regularity | None = None
    remarks: tuple[str, ...] = ()
    by_period: pd.DataFrame | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the fits."""
        return not self.findings

    def _page(self) -> ResultPage:
        shown = self.table.drop(columns="tail_probability").reset_index()
        shown.index = pd.Index([_("{model}: {name}", model=model, name=name) for model, name in self.table.index])
        found = self.findings or (_("The fits describe these data. Whether forecasts hold, a backtest shows."),)
        notes = [textwrap.fill(one, LINE) for one in (*found, *self.remarks)]
        return ResultPage([], shown.drop(columns=["model", "quantity"]), ["", *notes], amounts=False)


def _held(data: Any, fit: Any, own: Transactions | None, seed: int) -> Held:
    """What a fit is held to: the quantities of its data and, of spend, of the growth of order values."""
    if isinstance(fit, FittedRenewals) and isinstance(data, Renewals):
        return Held(quantities.of_renewals(_with_enough_draws(fit), data, seed))
    if isinstance(data, Customers):
        require_history(data)
        if isinstance(fit, FittedPurchases):
            return held_in_time(_with_enough_draws(fit), data, _some(data, seed), seed)
        if isinstance(fit, FittedEvents):
            return Held(quantities.of_events(_with_enough_draws(fit), _some(data, seed), seed))
        if isinstance(fit, FittedSpend):
            growth = () if own is None else quantities.of_growth(own, seed, yearly_growth(fit))
            return Held([*quantities.of_spend(_with_enough_draws(fit), _some(data, seed), seed), *growth])
    raise InputError(
        _(
            "A {name} cannot be held to {name_2}: fits of purchases, spend and events go with Customers, fits "
            "of renewals with Renewals.",
            name=type(fit).__name__,
            name_2=type(data).__name__,
        )
    )


def _names(fits: Sequence[Any]) -> list[str]:
    """What fits are called in the table, each otherwise."""
    names = [name_of(fit) if isinstance(fit, FittedModel) else type(fit).__name__ for fit in fits]
    known = Counter(names)
    for place, fit in enumerate(fits):
        if known[names[place]] > 1 and isinstance(fit, FittedModel) and pooling_of(fit) is not None:
            names[place] += " (pooled)"
    known, so_far = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        if known[name] > 1:
            so_far[name] += 1
            names[place] = f"{name} ({so_far[name]})"
    return names


def _with_enough_draws[Fit: FittedModel](fit: Fit) -> Fit:
    """As many draws as a check takes: some of them, or all several times."""
    chains, draws = shape_of(fit)
    fewer = fit.thin(-(-ENOUGH_DRAWS // chains))
    times = -(-ENOUGH_DRAWS // (chains * draws))
    return fewer if times == 1 else type(fit)(repeated(fit.idata, times))


def _some(customers: Customers, seed: int) -> Customers:
    chosen = quantities.some_of(len(customers), CHECKED_CUSTOMERS, seed)
    if chosen is None:
        return customers
    mask = np.zeros(len(customers), dtype=bool)
    mask[chosen] = True
    return customers.subset(mask)


def _row(model: str, quantity: Quantity, prob: float, kind: str) -> dict[str, Any]:
    made_up = np.sort(quantity.replicated)
    low, high = interval(made_up, prob, kind)
    above, below = (made_up >= quantity.observed).sum(), (made_up <= quantity.observed).sum()
    tail, expected = min(1.0, 2 * (min(above, below) + 1) / (made_up.size + 1)), float(np.median(made_up))
    scale = 1.0 if "correlation" in quantity.name else max(abs(expected), 1e-300)
    off = tail <= quantity.rare and abs(quantity.observed - expected) > quantity.little * scale
    off = off and not (quantity.only_above and quantity.observed < expected)
    stem = interval_name(prob, kind)
    return {
        "model": model,
        "quantity": quantity.name,
        "observed": quantity.observed,
        "expected": expected,
        f"{stem}_lb": float(low),
        f"{stem}_ub": float(high),
        "tail_probability": float(tail),
        "holds": not off,
    }


def _own_orders(
    orders: Transactions, data: Customers | Renewals, fits: Sequence[FittedModel]
) -> tuple[Transactions | None, tuple[str, ...]]:
    """The orders of these customers, if they tell of any fit, with remarks."""
    require_transactions(orders)
    if not (isinstance(data, Customers) and any(isinstance(fit, OF_CUSTOMERS) for fit in fits)):
        return None, (_("orders= was not looked at: it matters to fits of purchases, of events and of spend."),)
    unknown = _(UNKNOWN) if any(isinstance(fit, FittedPurchases | FittedEvents) for fit in fits) else _(UNKNOWN_GROWTH)
    own, remarks = _of_these(orders, data, unknown)
    return (own if len(own) else None), remarks


def _regularity(
    own: Transactions | None, data: Customers | Renewals, fits: Sequence[FittedModel], prob: float
) -> tuple[Regularity | None, tuple[str, ...]]:
    """How regular the purchases of these customers are, with remarks."""
    if own is None or not any(isinstance(fit, FittedPurchases | FittedEvents) for fit in fits):
        return None, ()
    try:
        return check_regularity(own, as_of=getattr(data, "as_of", None), ci_prob=prob), ()
    except InputError as problem:
        return None, (sentences(_("{begin}.", begin=_(UNKNOWN)), str(problem)),)


def _unknown_growth(own: Transactions | None, table: pd.DataFrame, fits: Sequence[FittedModel]) -> tuple[str, ...]:
    """A remark where order values could not be followed in time."""
    looked_at = own is not None and any(isinstance(fit, FittedSpend) for fit in fits)
    if not looked_at or _(quantities.GROWTH) in table.index.get_level_values("quantity"):
        return ()
    fewest = quantities.FEWEST_FOR_GROWTH
    return (
        _(
            "{unknown_growth}: fewer than {fewest} customers have several repeat orders with a value on other days.",
            unknown_growth=_(UNKNOWN_GROWTH),
            fewest=fewest,
        ),
    )


def _of_these(orders: Transactions, customers: Customers, unknown: str) -> tuple[Transactions, tuple[str, ...]]:
    """The orders of these customers, and a remark where most of the log are others."""
    table = orders.table
    if customers.as_of is not None:
        table = table[table["date"] <= pd.Timestamp(customers.as_of)]
    place, ids = table["customer_id"].factorize()
    known = ids_as_text(ids).isin(ids_as_text(customers.ids))
    remarks: tuple[str, ...] = ()
    if not known.any():
        remarks = (
            _(
                "{unknown}: none of {customers} in orders= (ids {ids}) is among those that were checked (ids "
                "{ids_2}). Pass the log behind them, with ids written alike.",
                unknown=unknown,
                customers=counted(known.size, "customer"),
                ids=listed(ids),
                ids_2=listed(customers.ids),
            ),
        )
    elif 2 * known.sum() < known.size:
        remarks = (
            _(
                "Of {customers} in orders=, {number:,} are among those that were checked; the others show "
                "nothing of them.",
                customers=counted(known.size, "customer"),
                number=known.sum(),
            ),
        )
    return replace(orders, table=table[known[place]].reset_index(drop=True)), remarks


def _otherwise_regular(names: Sequence[str], fits: Sequence[FittedModel], found: Regularity) -> list[str]:
    """Findings where purchases are clearly more, or less, regular than fits take them to be."""
    by_sentence: dict[str, list[str]] = {}
    for name, fit in zip(names, fits, strict=True):
        if isinstance(fit, FittedPurchases | FittedEvents):
            by_sentence.setdefault(_sentence(fit, found), []).append(name)
    return [
        _("{some}: {sentence}", some=both(some), sentence=sentence)
        for sentence, some in by_sentence.items()
        if sentence
    ]


def _sentence(fit: FittedPurchases | FittedEvents, found: Regularity) -> str:
    """What a fit takes wrongly of regularity, in words; empty where it does not."""
    k = k_of(fit)
    if k == found.whole_k > 1 or found.low / REGULAR <= k <= found.high * REGULAR:
        return ""
    if isinstance(fit, FittedEvents):
        return found.sentence_of_events
    return found.sentence if k == 1 or found.regular else sentences(found.sentence, _("Fit BGNBD() or MBGNBD()."))


def _finding(row: dict[str, Any], quantity: Quantity) -> str:
    low, high = (three_digits(value) for name, value in row.items() if name.endswith(("_lb", "_ub")))
    seen, expected = three_digits(row["observed"]), three_digits(row["expected"])
    return _(
        "{model}: {name} {seen}, where the fit expects {expected} ({low} to {high}). {cure}",
        model=row["model"],
        name=quantity.name,
        seen=seen,
        expected=expected,
        low=low,
        high=high,
        cure=quantity.cure,
    )
