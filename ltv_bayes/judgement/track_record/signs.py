"""From a record of past opportunities to how strong an open one is as a sign of life."""

import datetime as dt
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import refuse
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import DataWarning, InputError, a_kind, counted
from ltv_bayes.formulas.beliefs.sign_strength import posterior_of_log_ratio
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.cells import blank
from ltv_bayes.judgement.form.sheets import read_form
from ltv_bayes.judgement.track_record.history import read_won
from ltv_bayes.language import _
from ltv_bayes.predictions.alive import ENOUGH_DRAWS
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs.strength import SignStrength
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration, as_duration

HARDLY_LESS = 0.9
NEEDED = ("customer_id", "stated_on", "won")


def learn_sign_strength(
    history: Any,
    orders: Transactions,
    purchases: FittedPurchases,
    *,
    within: Any,
    prior: SignStrength | None = None,
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    sheet: str | int | None = None,
) -> SignStrength:
    """How strong is an open opportunity as a sign of life? Learn it from past ones, and what became of the customers.

    Of each customer with a past opportunity, it is known what the orders show of life on that day, and whether the
    opportunity was won or the customer ordered afterwards. Those of whose life there was doubt tell how much more often
    customers who had an opportunity were alive. See `posterior_of_log_ratio` for the formula.

    Parameters
    ----------
    history : DataFrame, or path of a CSV, Excel or Parquet file
        One row per past opportunity, as for `calibrate_judgements`: customer_id, stated_on (a day on which it stood in
        the pipeline), and won (blank where it is still open). Give all that stood there, not only those that were
        closed: customers who have left are among the others. The newest day of a customer counts that lies this long
        before the last order, or the day up to which purchases were fitted.
    orders : Transactions
        All orders.
    purchases : FittedPurchases
        How often customers buy and when they leave.
    within : str or Duration
        How long customers were given to order again, ``"1 year"``.
    prior : SignStrength, optional
        What is assumed before: the usual one, if not given. Its half-life stays.
    columns : mapping, optional
        Your names of the columns, by ours: ``{"customer_id": "client"}``.
    date_format : str, optional
        How dates are written, as in ``read_transactions``.
    sheet : str or int, optional
        The sheet of a workbook.

    Returns
    -------
    SignStrength
        For ``shows_life=``: the log-normal distribution with mean and sd of the posterior of the logarithm.

    Raises
    ------
    ColumnError
        If a column is missing.
    InputError
        If the purchases are no fit in which customers may leave, or a row cannot be read.

    Warns
    -----
    DataWarning
        If the record cannot tell, so that the prior stays.

    Examples
    --------
    >>> strength = learn_sign_strength(history, orders, purchases, within="1 year")  # doctest: +SKIP
    >>> judged.with_relation("additional", shows_life=strength)  # doctest: +SKIP
    """
    if not isinstance(purchases, FittedPurchases):
        raise InputError(
            _("Learn from a fit of purchases in which customers may leave, not {kind}.", kind=a_kind(purchases))
        )
    before, length = SignStrength() if prior is None else prior, as_duration(within, "within")
    as_of = purchases.idata.attrs.get("as_of") or None
    known = _with_orders(_read(history, columns, date_format, sheet), orders, length, pd.Timestamp(as_of))
    if known.empty or before.sd == 0:
        reason = (
            _("no row is of a customer who had ordered by then, and old enough") if known.empty else _("it is known")
        )
        _warn(f"{reason}.")
        return before
    alive, buys = _by_orders(known, purchases, length)
    won, bought = known["won"].to_numpy(), known["bought"].to_numpy()
    mean, sd = posterior_of_log_ratio(alive, buys, won, bought & ~won, median=before.ratio, sd=before.sd)
    if sd > HARDLY_LESS * before.sd:
        doubted = int(((alive > 0.02) & (alive < 0.98)).sum())
        _warn(
            _(
                "of {customers} with an opportunity, the life of {doubted:,} was in doubt.",
                customers=counted(len(known), "customer"),
                doubted=doubted,
            )
        )
    return replace(before, ratio=float(np.exp(mean)), sd=sd, learned_from=len(known))


def _warn(reason: str) -> None:
    message = _("The record hardly tells how strong open opportunities are as signs of life, so the prior stays")
    warnings.warn(_("{message}: {reason}", message=message, reason=reason), DataWarning, stacklevel=3)


def _read(source: Any, columns: Mapping[str, str] | None, date_format: str | None, sheet: Any) -> pd.DataFrame:
    """Read past opportunities: customer as text, day, won; rows without customer or day are left out."""
    form, names = read_form(source, sheet), columns or {}
    stated = pd.DataFrame({name: named_column(form, names.get(name, name), name) for name in NEEDED})
    stated = stated[~blank(stated["customer_id"]) & ~blank(stated["stated_on"])]
    days, (_, *unread) = as_days(stated["stated_on"], date_format=date_format)
    refuse(unread, stated.index)
    won = read_won(stated, open_too=True)
    return pd.DataFrame({"customer": as_text(pd.Index(stated["customer_id"])), "day": days.array, "won": won.array})


def _with_orders(stated: pd.DataFrame, orders: Transactions, length: Duration, as_of: Any) -> pd.DataFrame:
    """The newest day of each customer that is old enough, with the orders before, and whether there were some after."""
    made = pd.DataFrame({"customer": as_text(orders.table["customer_id"]), "date": orders.table["date"].array})
    made, span = made.drop_duplicates(), pd.Timedelta(days=int(length.days))
    end = made["date"].max() if pd.isna(as_of) else max(as_of, made["date"].max())
    old = stated[stated["day"] + span <= end]
    newest = old[old["day"] == old.groupby("customer")["day"].transform("max")]
    one = newest.groupby("customer", as_index=False).agg({"day": "max", "won": "any"})
    both = one.merge(made, on="customer")
    both["before"], both["after"] = both["date"] <= both["day"], both["date"] > both["day"]
    both["after"] &= both["date"] <= both["day"] + span
    past = both[both["before"]].groupby("customer")["date"].agg(["min", "max", "size"])
    bought = both.groupby("customer")["after"].any().rename("bought")
    return one.set_index("customer").join(past, how="inner").join(bought)


def _by_orders(known: pd.DataFrame, purchases: FittedPurchases, length: Duration) -> tuple[Array, Array]:
    """P(alive) by orders on the day of each, and the chance of an order within some time if alive."""
    few, unit = thinned_to(purchases, ENOUGH_DRAWS), DAYS_PER_UNIT[purchases.time_unit]
    alive, buys = np.empty(len(known)), np.empty(len(known))
    for day, place in known.reset_index().groupby("day").indices.items():
        rows = known.iloc[place]
        history = {
            "customer_id": [f"{number:09d}" for number in place],
            "frequency": rows["size"] - 1,
            "recency": (rows["max"] - rows["min"]).dt.days / unit,
            "T": (rows["day"] - rows["min"]).dt.days / unit,
        }
        as_of: dt.date = pd.Timestamp(day).date()
        customers = Customers.from_summary(pd.DataFrame(history), time_unit=purchases.time_unit, as_of=as_of)
        chance = few.probability_alive(customers).to_numpy()
        none = few.probability_of_purchases(customers, 0, length).to_numpy()
        alive[place] = chance.mean(axis=(0, 1))
        buys[place] = np.clip((1 - none) / np.maximum(chance, 1e-300), 0.0, 1.0).mean(axis=(0, 1))
    return alive, buys
