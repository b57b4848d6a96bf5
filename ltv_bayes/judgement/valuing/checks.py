"""What is refused before judgements are valued: unknown customers, and what contradicts the streams or the pipeline."""

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids, lost_zeros
from ltv_bayes.errors import DataWarning, JudgementError, listed, rows_at_fault
from ltv_bayes.judgement.beliefs.amount_belief import FAR_MEAN
from ltv_bayes.judgement.form.cells import refuse, warn
from ltv_bayes.judgement.form.layout import CONFIRMED, SCORED, VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.judgement.valuing.windows import last_day_shown, windows
from ltv_bayes.language import _
from ltv_bayes.predictions.visibility import Coverage
from ltv_bayes.terms import Terms

MANY_GROUPS, ENOUGH_EXPECTED = 50, 10.0


def written_as(customers: Customers, judged: pd.Series) -> pd.Series:
    """Write each judged customer as the customers' table does; missing where they are not in it."""
    text = judged.astype(str)
    known = known_ids(customers, text.unique())
    return pd.Series([known.get(written) for written in text], index=judged.index, dtype=object)


def require_known(judged: FutureValuePriors, customers: Customers) -> None:
    """Refuse judgements of a customer who is not among those valued.

    Raises
    ------
    JudgementError
        If a judged customer is not there.
    """
    unknown = written_as(customers, judged.table["customer_id"]).isna()
    if unknown.any():
        names = list(dict.fromkeys(judged.table.loc[unknown, "customer_id"]))
        problem = _("not among the customers valued")
        prospects = _(
            "If they are prospects without an order, value lb.all_customers(customers, judged.table), with "
            "those who ordered in their stream: RepeatPurchases(purchases, spend, customers=customers)."
        )
        cure = _(
            "{lost_zeros}Correct the ids, or leave these judgements out. {prospects}",
            lost_zeros=lost_zeros(names, customers),
            prospects=prospects,
        )
        raise JudgementError(rows_at_fault(names, "judged customer", problem, cure), names)


def refuse_opinions_alone(judged: FutureValuePriors) -> None:
    """Refuse opinions on whole values where nothing is predicted that they could be combined with.

    Raises
    ------
    JudgementError
        Naming the rows.
    """
    refuse(
        judged.table,
        pd.Series(are_opinions(judged.table), judged.table.index),
        _("with an opinion on a customer's whole value (same_total), but no stream that predicts any of it"),
        _("Give streams=, or write additional as their relation: they are then all that is valued."),
    )


def refuse_slips(judged: FutureValuePriors, largest_deal: float) -> None:
    """Refuse judgements with a mean beyond anything that customers ever paid, unless they were confirmed.

    Raises
    ------
    JudgementError
        Naming the rows.
    """
    table, expected = judged.table, judged.summary()["expected_value"]
    refuse(
        table,
        ~np.isfinite(expected),
        _("with an expected value that is not finite"),
        _("State narrower intervals; see judged.summary()."),
    )
    confirmed = table[CONFIRMED].eq(True) if CONFIRMED in table else pd.Series(False, table.index)
    refuse(
        table,
        (table["mean"] > FAR_MEAN * largest_deal) & ~are_opinions(table) & ~confirmed,
        _(
            "with a mean amount beyond {far_mean:,.0f} times the largest deal of the customers ({largest_deal:,.4g})",
            far_mean=FAR_MEAN,
            largest_deal=largest_deal,
        ),
        _(
            "Look for a slip in interval (80% is 0.8), sd or amount_unit. If it is meant, read the judgements "
            "with confirmed=True."
        ),
    )


def require_visible_share(judged: FutureValuePriors) -> None:
    """Raise for purchases that the pipeline shows if it is not stated which share of purchases it shows.

    Raises
    ------
    JudgementError
        Naming the rows.
    """
    if judged.visible is None:
        refuse(
            judged.table,
            judged.relations == VISIBLE_SHARE,
            _("that are purchases which the pipeline shows, but not which share of purchases it shows"),
            _("Pass visible=VisibleShare.known(0.6, within='6 months'), or learn it by VisibleShare.from_snapshots."),
        )


def check_shown_in_time(judged: FutureValuePriors, terms: Terms) -> None:
    """Refuse purchases that the pipeline shows beyond the time in which the forecast leaves out as many.

    Raises
    ------
    JudgementError
        If the first day of a window lies beyond it.

    Warns
    -----
    DataWarning
        If the last day does.
    """
    if judged.visible is None:
        return
    within, shown = judged.visible.within, judged.relations == VISIBLE_SHARE
    first, last = windows(judged.table, terms)
    until = last_day_shown(judged.visible, terms)
    cure = _("Give visible= a longer time than {within}, or call them additional.", within=within)
    problem = _(
        "that are purchases which the pipeline shows, but expected after the {within} that it shows", within=within
    )
    refuse(judged.table, shown & (first > until), problem, cure)
    problem = _(
        "that the pipeline shows, but that may occur after the {within} in which the forecast leaves them out",
        within=within,
    )
    cure = _("They may be counted twice there. {cure}", cure=cure)
    warn(judged.table, shown & (last > until), problem, cure, noun="judgement", stacklevel=3)


def check_coverage(judged: FutureValuePriors, customers: Customers, covered: np.ndarray) -> None:
    """Refuse purchases that the pipeline shows of customers who are not covered, whose forecast leaves none out.

    Parameters
    ----------
    covered : array of shape (customers,)
        Whether the pipeline of each customer is reported.

    Raises
    ------
    JudgementError
        Naming the rows.

    Warns
    -----
    DataWarning
        If the pipeline is stated to be that of all, or of some, but no opportunity is of a large group of them.
    """
    written = written_as(customers, judged.table["customer_id"])
    shown = judged.relations == VISIBLE_SHARE
    outside = shown & ~written.isin(list(customers.ids[covered]))
    problem = _("that are purchases which the pipeline shows, of customers who are not covered")
    refuse(judged.table, outside, problem, _("Add these customers to covers=, or call the judgements additional."))
    counted_ones = ~are_opinions(judged.table) & (shown | (judged.shows_life is not False))
    if SCORED in judged.table:
        counted_ones &= judged.table[SCORED].isna()
    has = pd.Index(customers.ids[covered]).isin(written[counted_ones].dropna())
    if silent := _groups_without(customers.table[covered], has):
        warnings.warn(
            _(
                "No customer {silent} has an opportunity in the pipeline, where others do: was it reported of "
                "them? If not, say whose is, as in covers={{'account_manager': ['Chen']}}, a column of True "
                "and False, or ids.",
                silent=silent,
            ),
            DataWarning,
            stacklevel=4,
        )


def warn_of_absent(coverage: Coverage, tables: Iterable[pd.DataFrame], known: Iterable[str]) -> None:
    """Warn of values that covers= names and no customer has, of those at hand or of those fitted."""
    cells = [table[coverage.column].dropna().astype(str) for table in tables if coverage.column in table]
    seen = set(known).union(*cells)
    if absent := sorted(coverage.values - seen):
        warnings.warn(
            _(
                "No customer has {absent} in {column!r}, which covers= names, and so none is covered by it. "
                "The values are {seen}.",
                absent=listed(map(repr, absent)),
                column=coverage.column,
                seen=listed(sorted(seen)),
            ),
            DataWarning,
            stacklevel=4,
        )


def _groups_without(table: pd.DataFrame, has: np.ndarray) -> str:
    """Name the largest group without an opportunity, where many are expected if all are alike; empty if none."""
    groups = {str(name): table[name] for name in table if table[name].dtype in ("object", "str", "category")}
    if "frequency" in table:
        groups[""] = (table["frequency"] > 0).map(
            {True: _("with repeat purchases"), False: _("without repeat purchases")}
        )
    found: dict[str, int] = {}
    for name, cells in groups.items():
        if cells.nunique() <= MANY_GROUPS:
            counts = pd.DataFrame({"has": has}).groupby(cells.astype(str).to_numpy())["has"].agg(["size", "sum"])
            none = counts["size"][counts["sum"] == 0]
            named = {
                _("with {name} {value}", name=name, value=value) if name else str(value): value for value in none.index
            }
            found |= {words: int(none[value]) for words, value in named.items()}
    largest = max(found, key=lambda name: found[name], default="")
    return largest if found.get(largest, 0) * has.mean() >= ENOUGH_EXPECTED else ""
