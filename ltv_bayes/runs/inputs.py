"""Settings to what the package's readers take: orders, customers, judgements, contracts and costs."""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.exports.read_orders import read_transactions
from ltv_bayes.data.orders.summarize import summarize
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_ids, as_text
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.summarize import summarize_renewals
from ltv_bayes.errors import InputError, JudgementError
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.judge_opportunities import judge_opportunities
from ltv_bayes.language import _, _n
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.runs.kinds import NOTHING
from ltv_bayes.runs.settings import ORDERS, Judgements, Orders, Settings, Subscriptions
from ltv_bayes.runs.toml import in_section
from ltv_bayes.time_units import as_date, as_duration


def read_orders(given: Orders) -> Transactions:
    """Read the export of orders."""
    if given.file is None:
        raise InputError(_("There are no orders. Name their file, as in: ltv-bayes report orders.csv"))
    with in_section("orders"):
        return read_transactions(given.file, **reading(given))


def reading(given: Orders) -> dict[str, Any]:
    """How an export is read: the arguments of `read_transactions`."""
    found = {name: value for name, value in vars(given).items() if name != "file"}
    return found | {name: None if found[name] == NOTHING else found[name] for name in ("amount", "order_id")}


def until(orders: Transactions, as_of: str | None) -> Transactions:
    """The orders up to a day."""
    if as_of is None:
        return orders
    kept = orders.table["date"] <= pd.Timestamp(as_date(as_of))
    return orders if kept.all() else replace(orders, table=orders.table[kept].reset_index(drop=True))


def summarize_orders(orders: Transactions, of: Settings, attributes: Any) -> Customers:
    """One row a customer."""
    return summarize(orders, **{**vars(of.customers), "attributes": attributes})


def attributes_of(of: Settings, orders: Transactions | None) -> Any:
    """Attributes of customers: the table of them; where there is none, columns of the orders' own file that are named.

    Of a customer with several values that of the latest order counts which is not blank.
    """
    given = of.customers.attributes
    wanted = [*of.analyses.columns, *of.purchases.pool_by, *of.spend.pool_by, *filter(None, [of.costs.channel])]
    wanted += [part.strip() for one in of.analyses.by for part in {one, *one.split(",")}]
    if given is not None or orders is None or not wanted:
        return given
    how = chosen(of.orders, "sheet encoding header")
    table = read_table(of.orders.file, **how)
    found = [name for name in dict.fromkeys(wanted) if name in table.columns and name != orders.customer_column]
    if not found or orders.customer_column not in table.columns:
        return None
    cells = table[found].astype("str").apply(lambda column: column.str.strip())
    ids, days = _read_rows(table, orders)
    known = cells.where(cells != "").assign(**{orders.customer_column: ids}).dropna(subset=[orders.customer_column])
    in_time = known.loc[days.reindex(known.index).sort_values(kind="stable", na_position="first").index]
    return in_time.groupby(orders.customer_column)[found].last().reset_index()


def _read_rows(table: pd.DataFrame, orders: Transactions) -> tuple[pd.Series, pd.Series]:
    """The customer and the day of each row of the orders' file, as they were read; no day where it is no order."""
    ids = as_ids(table[orders.customer_column])[0]
    rows = orders.table.set_index("row")
    rows = rows[~rows.index.duplicated()]
    if rows["customer_id"].dtype != ids.dtype:
        ids = pd.Series(as_text(ids), ids.index).where(ids.notna())
        rows = rows.assign(customer_id=as_text(rows["customer_id"]))
    read = rows["customer_id"].reindex(ids.index)
    return read.where(read.notna(), ids), rows["date"].reindex(ids.index)


def read_renewals(given: Subscriptions, as_of: Any, currency: str | None) -> Renewals:
    """Read the contracts, as of the day and in the currency of the orders."""
    names = "period customer start renewed_on product amount_unit date_format grace allowed_gap records_since"
    without = chosen(given, "cancelled_on price")
    without = {name: None if value == NOTHING else value for name, value in without.items()}
    with in_section("subscriptions"):
        return summarize_renewals(given.file, as_of=as_of, currency=currency, **without, **chosen(given, names))


def chosen(given: Any, names: str) -> dict[str, Any]:
    """Some settings of a section, as arguments of a function."""
    return {name: getattr(given, name) for name in names.split()}


def read_judgements(given: Judgements) -> FutureValuePriors | None:
    """What experts judged, if there is a file of it."""
    if given.file is None:
        return None
    settings = chosen(given, "columns amount_unit decimal date_format sheet interval family stages confirmed relation")
    with in_section("judgements"):
        return FutureValuePriors.from_judgements(given.file, **settings, **_related(given))


def _related(given: Judgements) -> dict[str, Any]:
    """How judgements of both kinds relate to the forecast."""
    if (given.visible_share is None) != (given.visible_within is None):
        raise InputError(_("visible_share and visible_within belong together: 0.6 of the purchases within '6 months'."))
    within = given.visible_within
    return {
        "visible": None if within is None else VisibleShare.known(float(given.visible_share or 0.0), within=within),
        "opinion_weight": None if given.opinion_weight == NOTHING else given.opinion_weight,
        "shows_life": {"true": True, "false": False}.get(given.shows_life, given.shows_life),
        "covers": given.covers,
        "shared": given.shared,
    }


def require_relations(judged: FutureValuePriors, buyers: Customers) -> None:
    """Raise before anything is fitted if judgements of customers who order do not say how they relate to orders."""
    ids = judged.table["customer_id"].astype(str).isin(buyers.ids.astype(str))
    if unsaid := int((judged.relations.isna() & ids).sum()):
        raise JudgementError(
            _n(
                "{n:,} judgement of a customer who orders does not say how it relates to the orders that are "
                "foreseen anyway. Choose one for all with relation='additional' (projects beside ordinary orders), "
                "relation='visible_share' (ordinary orders that are in sight already) or relation='same_total' (an "
                "opinion on the whole value), or write a column relation.",
                "{n:,} judgements of customers who order do not say how they relate to the orders that are "
                "foreseen anyway. Choose one for all with relation='additional' (projects beside ordinary orders), "
                "relation='visible_share' (ordinary orders that are in sight already) or relation='same_total' (an "
                "opinion on the whole value), or write a column relation.",
                unsaid,
            )
        )


def judge_pipeline(of: Settings, orders: Transactions | None, as_of: Any) -> FutureValuePriors | None:
    """Judge the open opportunities of an export, or of the orders' own, if they are asked for."""
    with in_section("opportunities"):
        return _judge_pipeline(of, orders, as_of)


def _judge_pipeline(of: Settings, orders: Transactions | None, as_of: Any) -> FutureValuePriors | None:
    given, other = of.opportunities, of.judgements
    if given.file is None:
        return None
    if given.file == ORDERS and orders is None:
        raise InputError(_("'orders' are the open rows of the orders' file, and there are no orders."))
    # an export of another shape: columns are found anew, and amounts are in the orders' currency
    alike = replace(
        of.orders, customer="auto", date="auto", amount="auto", order_id="auto", keep=None, sheet=None, header=None
    )
    alike = replace(alike, encoding=None, currency=of.orders.currency or (orders.currency if orders else None))
    pipeline = orders if given.file == ORDERS else read_transactions(given.file, **reading(alike))
    history = (
        None
        if given.history is None
        else read_transactions(given.history, **reading(replace(alike, keep=of.orders.keep)))
    )
    return judge_opportunities(
        pipeline,
        spread=given.spread,
        stages=given.stages,
        as_of=as_of,
        overdue=given.overdue,
        history=history,
        by=given.by,
        random_seed=of.sampling.seed,
        relation=given.relation or other.relation,
        confirmed=other.confirmed,
        **_related(other),
    )


def day_before(text: str, as_of: dt.date) -> dt.date | None:
    """An earlier day: written as one, or as a time before the as-of date; None for none.

    Examples
    --------
    >>> day_before("6 months", dt.date(2025, 12, 31)), day_before("2025-03-31", dt.date(2025, 12, 31))
    (datetime.date(2025, 7, 2), datetime.date(2025, 3, 31))
    """
    if text == NOTHING:
        return None
    if text[:4].isdigit() and any(mark in text for mark in "-/.年"):
        return as_date(text)
    return as_of - dt.timedelta(days=int(np.floor(as_duration(text).days)))
