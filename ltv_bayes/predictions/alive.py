"""What is observed of customers beside their orders changes how likely they are to be alive."""

import datetime as dt
import json

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype

from ltv_bayes.data.customers.check import HISTORY, SPEND
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.models import bg_cnbd, bg_nbd
from ltv_bayes.formulas.special import Array, Numbers
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.predictions.over_customers import distinct_histories
from ltv_bayes.predictions.purchases import FittedPurchases, formulas_of, purchase_histories
from ltv_bayes.predictions.signs.signs_of_life import SignShare, SignsOfLife, counted_by_age
from ltv_bayes.predictions.visibility import Coverage
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH

SOME_ONCE, MOSTLY_ONCE = 0.25, 0.5
SURE_THAT_ONE_TIME_BUYERS_LIVE = {
    bg_nbd.NAME: ("BG/NBD", "BGNBD(leave_at_once=True)", _("see check_one_time")),
    bg_cnbd.NAME: ("BG/CNBD-k", "BGCNBD(..., leave_at_once=True)", _("and MBGCNBD lets them leave as after any other")),
}
ENOUGH_DRAWS, MANY_VALUES = 50, 200
LARGEST_LOG, HALVINGS = 700.0, 60


def weighted_alive(alive: Array, weights: Array) -> Array:
    """Probability of being alive by orders, once the odds of having left are multiplied.

    Examples
    --------
    >>> weighted_alive(np.array([0.5, 0.5]), np.array([0.0, 3.0])).tolist()
    [1.0, 0.25]
    """
    return np.divide(alive, alive + weights * (1 - alive), out=np.ones(alive.shape), where=weights > 0)


def weight_for(alive: Array, least: Numbers) -> Array:
    """By which factor the odds of having left are multiplied where P(alive) is to have a certain mean over draws.

    Parameters
    ----------
    alive : array of shape (draws, customers)
        P(alive) by orders.
    least : array of shape (customers,)
        The means; 0 is a factor of infinity, 1 one of 0.

    Examples
    --------
    >>> weight_for(np.array([[0.5, 0.01], [0.5, 0.3]]), np.array([0.8, 1.0])).round(12).tolist()
    [0.25, 0.0]
    """
    mean = np.asarray(least, dtype=np.float64)
    low, high = np.full(mean.shape, -LARGEST_LOG), np.full(mean.shape, LARGEST_LOG)
    for _unused in range(HALVINGS):
        middle = (low + high) / 2
        above = weighted_alive(alive, np.exp(middle)).mean(axis=0) > mean
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found: Array = np.where(mean >= 1.0, 0.0, np.where(mean <= 0.0, np.inf, np.exp(low)))
    return found


def learned_share(signs: SignsOfLife, fit: FittedPurchases, customers: Customers) -> SignShare:
    """Of living customers, the share with a sign, learned from these customers."""
    few, number, alive = thinned_to(fit, ENOUGH_DRAWS), 0, 0.0
    days: list[Array] = []
    for batch in customers.batches(CUSTOMERS_IN_BATCH):
        asked = np.ones(len(batch), dtype=bool) if signs.coverage is None else signs.coverage.of(batch)
        alive += float(few.probability_alive(batch).mean(("chain", "draw"), skipna=False).to_numpy()[asked].sum())
        number += int(asked.sum())
        days.append(signs.days(as_text(batch.ids)))
    return SignShare(counted_by_age(np.concatenate(days)), number, alive)


def share_of_one_time(customers: Customers) -> float:
    """The share of customers who bought once; 0 where clocks start on a given day, so that none of them bought."""
    seen = customers.overview()
    known = seen.customers and "since" not in customers.columns
    return 1 - seen.repeat_customers / seen.customers if known else 0.0


def all_alive_note(model: str, once: float, *, above: float = MOSTLY_ONCE) -> str:
    """State that a model takes all customers who bought once to be alive, where most did, and what does not.

    Parameters
    ----------
    model : str
        Its name.
    once : float
        Share of customers who bought once.
    above : float
        The share above which it is stated.

    Examples
    --------
    >>> all_alive_note("bg_nbd", 0.6).partition(": ")[0]
    '60% of customers bought once, and BG/NBD takes all of them to be alive'
    >>> all_alive_note("mbg_nbd", 0.6)
    ''
    """
    if model not in SURE_THAT_ONE_TIME_BUYERS_LIVE or once <= above:
        return ""
    name, settings, cure = SURE_THAT_ONE_TIME_BUYERS_LIVE[model]
    return _(
        "{once} of customers bought once, and {name} takes all of them to be alive{see}.",
        once=percent(once),
        name=name,
        see=_(
            ": {settings} learns which share left right after the first purchase; {cure}", settings=settings, cure=cure
        ),
    )


def living_by_column(fit: FittedPurchases, customers: Customers) -> str:
    """How many customers there are, and how many are alive on average: of all, and by each column of few values.

    A fit carries this of the customers fitted, so that a share of the living does not depend on who is valued.
    """
    few = thinned_to(fit, ENOUGH_DRAWS)
    found: dict[str, dict[str, tuple[int, float]] | None] = {}
    for batch in customers.batches(CUSTOMERS_IN_BATCH):
        table, alive = batch.table, _mean_alive(few, batch)
        names = [name for name in batch.columns if name not in (*HISTORY, *SPEND) and not is_float_dtype(table[name])]
        for name, cells in {"": pd.Series("", table.index), **{name: table[name] for name in names}}.items():
            values = found.setdefault(name, {})
            if values is None:
                continue
            place, distinct = pd.factorize(cells)
            text = [*pd.Series(distinct).astype(str), ""]  # a missing one has the place -1
            number, living = (np.bincount(place + 1, weights, len(text)) for weights in (None, alive))
            for at in np.flatnonzero(number):
                before = values.get(text[at - 1], (0, 0.0))
                values[text[at - 1]] = before[0] + int(number[at]), before[1] + float(living[at])
            if len(values) > MANY_VALUES:
                found[name] = None
    return json.dumps({name: values for name, values in found.items() if values is not None}, ensure_ascii=False)


def _mean_alive(fit: FittedPurchases, customers: Customers) -> Array:
    """P(alive) of each customer, on average over the draws, once for those who are alike: an array (customers,)."""
    found, histories = np.empty(len(customers)), purchase_histories(fit, customers)
    outlook = formulas_of(fit, customers).outlook
    for here, kinds, place, parameters in distinct_histories(fit, customers, histories):
        found[here] = outlook(*kinds.T, **parameters).alive.mean(axis=0)[place]
    return found


def fitted_values(fit: object, column: str) -> list[str]:
    """The values that a column of few had among the customers fitted, where the fit knows."""
    recorded = json.loads(fit.idata.attrs.get("living", "{}")) if isinstance(fit, FittedPurchases) else {}
    return list(recorded.get(column, {}))


def living(fit: FittedPurchases, coverage: Coverage | None, as_of: dt.date | None) -> tuple[int, float] | None:
    """The number of customers fitted, of those covered, and how many are alive; None where the fit does not know."""
    recorded = json.loads(fit.idata.attrs.get("living", "{}"))
    same_day = fit.idata.attrs.get("as_of", "") == ("" if as_of is None else as_of.isoformat())
    column = "" if coverage is None else coverage.column
    if not same_day or column not in recorded or (coverage is not None and not column):
        return None
    known = recorded[column]
    if coverage is not None:
        known = {value: counts for value, counts in known.items() if coverage.has(value)}
    return sum(number for number, _ in known.values()), sum(alive for _, alive in known.values())
