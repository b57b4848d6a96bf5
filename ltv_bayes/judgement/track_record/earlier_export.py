"""What became of opportunities that were open in an earlier export of the same pipeline: closed judgements."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.read_orders import read_transactions
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import DataWarning, InputError, counted, listed, refuse_rows
from ltv_bayes.judgement.form.chances import chances
from ltv_bayes.judgement.form.layout import NAMES
from ltv_bayes.judgement.form.pipeline import FROM_AN_EXPORT, as_spread, once, spread_amounts
from ltv_bayes.language import _, _n

MANY_OPEN = 0.2
CLOSED_COLUMNS = (
    "customer_id",
    "opportunity",
    "expert",
    "stage",
    "probability",
    "mean",
    "sd",
    "won",
    "amount",
    "closed_on",
)


def closed_opportunities(
    earlier: Any, later: Any, *, spread: float | str | None = None, stages: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Match opportunities that were open in an earlier export with their outcome in a later one.

    The table is a record for `calibrate_judgements`, as in ``calibrate_judgements(closed, by="stage")``.

    Parameters
    ----------
    earlier : Transactions, frame or path
        As `judge_opportunities` takes it: what was stated then. Needs the numbers of opportunities.
    later : Transactions or path
        The export of now: what was won and lost since.
    spread : float or str, optional
        How far amounts were thought to miss, as in `judge_opportunities`.
    stages : mapping, optional
        The chance of each stage, where the earlier export has no probabilities; of one in doubt, its mean.

    Returns
    -------
    pandas.DataFrame
        One row an opportunity that was open then and is decided now: customer_id, opportunity, expert (the owner then),
        stage (then), probability, mean and sd (of the amount, as stated then), won, amount (missing where it was
        lost), closed_on.
        ``attrs["still_open"]`` and ``attrs["absent"]`` count the others.

    Raises
    ------
    InputError
        If opportunities have no numbers, none is decided by now, amounts or probabilities are missing, or the
        currencies of the two exports differ.

    Warns
    -----
    DataWarning
        If more than a fifth of the opportunities are still open: those that are decided first may be won more often
        than the others.

    Examples
    --------
    >>> then = {"Account Name": ["Ada", "Bo", "Cy"], "Opportunity ID": ["O1", "O2", "O3"], "Stage": "Proposal"}
    >>> then |= {"Close Date": "2025-03-01", "Amount": [900, 500, 700], "Probability (%)": [40, 70, 20]}
    >>> now = then | {"Stage": ["Closed Won", "Closed Lost", "Closed Won"], "Amount": [800, 500, 700]}
    >>> closed = closed_opportunities(pd.DataFrame(then), pd.DataFrame(now), spread=0.3)
    >>> closed[["opportunity", "probability", "mean", "won", "amount"]]
      opportunity  probability   mean    won  amount
    0          O1          0.4  900.0   True   800.0
    1          O2          0.7  500.0  False     NaN
    2          O3          0.2  700.0   True   700.0
    """
    width = as_spread(spread)
    if width == 0:
        raise InputError(_("spread=0 takes amounts for certain, and nothing can be learned of them. Pass one above 0."))
    stated, then_in = _stated(earlier)
    now = later if isinstance(later, Transactions) else read_transactions(later)
    if then_in and now.currency and then_in != now.currency:
        cure = _("Read both with one currency= and with rates=.")
        raise InputError(
            _(
                "The earlier export is in {then_in}, the later one in {currency}. {cure}",
                then_in=then_in,
                currency=now.currency,
                cure=cure,
            )
        )
    decided = None if now.decided is None else now.decided[now.decided["opportunity"].notna()]
    if decided is None or decided.empty:
        raise InputError(_("The later export has no opportunity with a number that was won or lost."))
    outcome = decided.set_index(decided["opportunity"].astype(str))[["won", "amount", "closed_on"]]
    names = stated["opportunity"].astype(str)
    known = names.isin(outcome.index).to_numpy()
    open_now = _numbers(now.opportunities)
    waiting = int(names.isin(open_now).sum())
    if not known.any():
        raise _none_decided(names, outcome.index, waiting)
    made = stated[known].assign(**outcome.reindex(names[known]).set_axis(stated.index[known]))
    _refuse_without(made)
    made["probability"] = _chances(made, stages)
    made = made.assign(expert=made.get("owner"), **spread_amounts(made["amount_then"], width))
    if waiting > MANY_OPEN * (waiting + len(made)):
        warnings.warn(
            _n(
                "{opportunities} of the earlier export is still open, beside {decided:,} decided. Those decided first "
                "may be won more often than the others: an older export is a better record.",
                "{opportunities} of the earlier export are still open, beside {decided:,} decided. Those decided first "
                "may be won more often than the others: an older export is a better record.",
                waiting,
                opportunities=counted(waiting, "opportunity", "opportunities"),
                decided=len(made),
            ),
            DataWarning,
            stacklevel=2,
        )
    found = made[list(CLOSED_COLUMNS)].reset_index(drop=True)
    found.attrs.update(still_open=waiting, absent=len(stated) - waiting - len(found))
    return found


def _stated(earlier: Any) -> tuple[pd.DataFrame, str | None]:
    """What was open in the earlier export, labelled by row, and its currency."""
    if isinstance(earlier, pd.DataFrame) and set(FROM_AN_EXPORT) <= set(earlier.columns):
        table, currency = earlier, None
    else:
        orders = earlier if isinstance(earlier, Transactions) else read_transactions(earlier)
        table, currency = orders.opportunities, orders.currency
    if table is None or table.empty:
        raise InputError(_("No opportunity of the earlier export is open. Are the two exports in their order?"))
    table, _unused = once(table.set_index("row") if "row" in table else table)
    cure = _("Name their column with order_id= in read_transactions.")
    refuse_rows(table.index[table["opportunity"].isna()], "row", _("of the earlier export without a number"), cure)
    return table.rename(columns={"amount": "amount_then"}), currency


def _refuse_without(made: pd.DataFrame) -> None:
    """Raise for opportunities without an amount then."""
    wrong = ~(made["amount_then"] > 0).fillna(False).to_numpy()
    cure = _("Leave them out: closed_opportunities(earlier.opportunities.query('amount > 0'), later).")
    refuse_rows(made.index[wrong], "row", _("of the earlier export without an amount above 0"), cure)


def _chances(made: pd.DataFrame, stages: Mapping[str, Any] | None) -> pd.Series:
    """The chance that was stated then."""
    if stages is None:
        names = dict.fromkeys(made["stage"].dropna().astype(str))
        chances_of = ", ".join(f"{name!r}: ..." for name in names)
        cure = _("Give the chance of each stage: stages={{{chances}}}.", chances=chances_of)
        without = made.index[made["probability"].isna().to_numpy()]
        refuse_rows(without, "row", _("of the earlier export without a probability"), cure)
        return made["probability"]
    cells = pd.DataFrame(None, index=made.index, columns=list(NAMES), dtype=object).assign(stage=made["stage"])
    return chances(cells, pd.Series(0.8, made.index), stages, ".")["probability"]


def _numbers(opportunities: pd.DataFrame | None) -> np.ndarray:
    if opportunities is None:
        return np.array([], dtype=object)
    return opportunities["opportunity"].dropna().astype(str).to_numpy()


def _none_decided(names: pd.Series, decided: pd.Index, waiting: int) -> InputError:
    still = _("{waiting:,} are still open. ", waiting=waiting) if waiting else ""
    return InputError(
        _(
            "None of the {opportunities} of the earlier export is decided in the later one. {still}Their "
            "numbers are written as {repr} and {repr_2}. Are the two exports of one pipeline, and in their "
            "order?",
            opportunities=counted(len(names), "opportunity", "opportunities"),
            still=still,
            repr=listed(names.map(repr), 2),
            repr_2=listed(decided.map(repr), 2),
        )
    )
