"""Whether a fit describes the data it was fitted to, and what is to be done where it does not."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers import Customers, require_history
from ltv_bayes.data.renewals import Renewals
from ltv_bayes.data.transactions import Transactions
from ltv_bayes.errors import InputError
from ltv_bayes.evaluation import quantities
from ltv_bayes.evaluation.quantities import Quantity
from ltv_bayes.evaluation.regularity import REGULAR, Regularity, check_regularity
from ltv_bayes.formatting import three_digits
from ltv_bayes.intervals import interval, interval_name, interval_settings
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import as_seed
from ltv_bayes.tables import as_text

ENOUGH_DRAWS = 1000
MOST_CUSTOMERS = 20_000
RARE = 0.002
LITTLE = 0.05
LINE = 100


def check(
    data: Customers | Renewals,
    *fits: FittedModel,
    orders: Transactions | None = None,
    ci_prob: float | None = None,
    random_seed: int | None = None,
) -> "Checks":
    """Hold fits to the data they were fitted to, and say what to do where they do not describe them.

    Each fit makes up data of the same customers, once for each of its draws; what is seen is compared with what is made
    up. A fit can describe its data and be wrong about the future all the same: `backtest` is the stricter test.

    Parameters
    ----------
    data : Customers or Renewals
        What was fitted. Of more than 20,000 customers, so many are chosen at random.
    *fits : fitted models
        Of purchases, spend, events or, with `Renewals`, of renewals.
    orders : Transactions, optional
        The log behind the customers; with it, the rhythm of purchases is checked too.
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
        If there is no fit, or one that has nothing to do with the data.

    Notes
    -----
    A quantity is off where its tail probability is below 0.002, so that a check of ten quantities raises few false
    alarms, and where it lies more than 5% from the median of what is made up, or 0.05 where it is a correlation. The
    data have been used twice, for fitting and for checking, so what passes has passed an easy test.

    References
    ----------
    Gelman, Meng & Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies, Statistica
    Sinica 6.

    Examples
    --------
    ``lb.check(customers, purchases, spend, orders=orders)``
    """
    if not fits:
        raise InputError("Pass the fits to be checked: check(customers, purchases, spend).")
    prob, kind = interval_settings(ci_prob, "eti")
    seed = as_seed(random_seed)
    rows, findings = [], []
    for fit in fits:
        name = getattr(fit, "model", type(fit).__name__)
        if isinstance(fit, FittedModel) and fit.caution:
            findings.append(f"{name}: {fit.caution}")
        for quantity in _quantities(data, fit, seed):
            row = _row(name, quantity, prob, kind)
            rows.append(row)
            if not row["holds"]:
                findings.append(_finding(row, quantity))
    table = pd.DataFrame(rows).set_index(["model", "quantity"])
    rhythm = check_regularity(orders, as_of=data.as_of, ci_prob=prob) if orders is not None else None
    if rhythm is not None:
        findings += [_out_of_step(fit, rhythm) for fit in fits if isinstance(fit, FittedPurchases)]
    findings = [one for one in findings if one]
    return Checks(table, tuple(dict.fromkeys(findings)), rhythm)


@dataclass(frozen=True, repr=False, eq=False)
class Checks:
    """Whether fits describe the data they were fitted to; its text is a table and what to do.

    Attributes
    ----------
    table : pandas.DataFrame
        By model and quantity: ``observed``, ``expected`` (median of what the fit makes up), its interval,
        ``tail_probability`` (of what is made up at least as far away, on either side, twice the smaller) and ``holds``.
    findings : tuple of str
        What does not hold, and what to do; empty when all is well.
    regularity : Regularity or None
        How regular purchases are, where orders were given.
    """

    table: pd.DataFrame
    findings: tuple[str, ...]
    regularity: Regularity | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the fits."""
        return not self.findings

    def __repr__(self) -> str:
        shown = self.table.drop(columns="tail_probability").reset_index()
        shown.index = pd.Index([f"{model}: {name}" for model, name in self.table.index])
        text = as_text(shown.drop(columns=["model", "quantity"]), amounts=False)
        said = self.findings or ("The fits describe these data. Whether forecasts hold, a backtest says.",)
        return "\n".join([text, "", *(textwrap.fill(one, LINE) for one in said)])


def _quantities(data: Any, fit: Any, seed: int) -> Iterator[Quantity]:
    """What a fit is held to."""
    if isinstance(fit, FittedRenewals) and isinstance(data, Renewals):
        return quantities.of_renewals(_thinned(fit), data, seed)
    if isinstance(data, Customers):
        require_history(data)
        some = _some(data, seed)
        if isinstance(fit, FittedPurchases):
            return quantities.of_purchases(_thinned(fit), some, seed)
        if isinstance(fit, FittedEvents):
            return quantities.of_events(_thinned(fit), some, seed)
        if isinstance(fit, FittedSpend):
            return quantities.of_spend(_thinned(fit), some, seed)
    raise InputError(
        f"A {type(fit).__name__} cannot be held to {type(data).__name__}: fits of purchases, spend and events go with "
        f"Customers, fits of renewals with Renewals."
    )


def _thinned[Fit: FittedModel](fit: Fit) -> Fit:
    return fit.thin(max(1, ENOUGH_DRAWS // fit.shape[0]))


def _some(customers: Customers, seed: int) -> Customers:
    chosen = quantities.some_of(len(customers), MOST_CUSTOMERS, seed)
    if chosen is None:
        return customers
    mask = np.zeros(len(customers), dtype=bool)
    mask[chosen] = True
    return customers.subset(mask)


def _row(model: str, quantity: Quantity, prob: float, kind: str) -> dict[str, Any]:
    made_up = np.sort(quantity.replicated)
    low, high = interval(made_up, prob, kind)
    above, below = (made_up >= quantity.observed).mean(), (made_up <= quantity.observed).mean()
    tail, expected = min(1.0, 2 * min(above, below)), float(np.median(made_up))
    scale = 1.0 if "correlation" in quantity.name else max(abs(expected), 1e-300)
    off = tail < RARE and abs(quantity.observed - expected) > LITTLE * scale
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


def _out_of_step(fit: FittedPurchases, rhythm: Regularity) -> str:
    """What to say where purchases are clearly more, or less, regular than the fit takes them to be."""
    if fit.k == rhythm.whole_k > 1 or rhythm.low / REGULAR <= fit.k <= rhythm.high * REGULAR:
        return ""
    if fit.k == 1:
        return rhythm.sentence
    cure = "" if rhythm.regular else " Fit BGNBD() or MBGNBD()."
    return f"{fit.model} was fitted with k = {fit.k}. {rhythm.sentence}{cure}"


def _finding(row: dict[str, Any], quantity: Quantity) -> str:
    low, high = (three_digits(value) for name, value in row.items() if name.endswith(("_lb", "_ub")))
    seen, expected = three_digits(row["observed"]), three_digits(row["expected"])
    return (
        f"{row['model']}: {quantity.name} {seen}, where the fit expects {expected} ({low} to {high}). {quantity.cure}"
    )
