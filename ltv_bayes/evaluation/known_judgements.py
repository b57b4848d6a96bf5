"""The judgements that were known at an origin of a backtest."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import InputError, a_kind, counted, listed
from ltv_bayes.judgement.future_value import FutureValuePriors, all_judgements
from ltv_bayes.judgement.valuing.checks import written_as
from ltv_bayes.language import _, _n

Judged = FutureValuePriors | Callable[[dt.date], FutureValuePriors | None]


@dataclass(frozen=True, eq=False)
class KnownJudgements:
    """What was judged by an origin.

    Attributes
    ----------
    priors : FutureValuePriors or None
        Judgements on customers who are in the data; None if there is none.
    left_out : tuple
        The customer of each judgement on one who is not.
    """

    priors: FutureValuePriors | None = None
    left_out: tuple[Any, ...] = ()

    @property
    def note(self) -> str:
        """What is left out, in words; empty if nothing is."""
        if not self.left_out:
            return ""
        number, names = len(self.left_out), list(dict.fromkeys(self.left_out))
        return _n(
            "{judgements} is left out: its customer is not in the data by then ({ids})",
            "{judgements} are left out: their customers are not in the data by then ({ids})",
            number,
            judgements=counted(number, "judgement"),
            ids=_n("id {names}", "ids {names}", len(names), names=listed(names)),
        )


def known_on(day: dt.date, future_value: Judged | None, customers: Customers) -> KnownJudgements:
    """The judgements that were stated by a day and were not overdue, of those who were customers then.

    Parameters
    ----------
    day : datetime.date
    future_value : FutureValuePriors or callable, optional
        All judgements, with the day on which each was stated; or a function that gives those known on a day, which
        need not say so.
    customers : Customers
        Those of the day.

    Raises
    ------
    InputError
        If judgements do not say when they were stated, were recalibrated by a record that was closed later or does not
        say when, or something else was given.
    """
    dated = isinstance(future_value, FutureValuePriors)
    given: Any = future_value(day) if callable(future_value) else future_value
    if given is None:
        return KnownJudgements()
    if not isinstance(given, FutureValuePriors):
        which = "" if given is future_value else _(" gives, for {day},", day=day)
        raise InputError(
            _(
                "future_value={value} {kind}. Make it with FutureValuePriors.from_judgements(...).",
                value=which or _(" is"),
                kind=a_kind(given),
            )
        )
    _refuse_later_record(given, day)
    every, today = all_judgements(given), pd.Timestamp(day)

    def marks(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Which were known on the day, and which are on one of its customers."""
        stated = table["stated_on"] if "stated_on" in table else pd.Series(pd.NaT, index=table.index)
        if dated and stated.isna().any():
            raise InputError(
                _(
                    "A backtest uses what was known at each origin, and judgements do not say when they were "
                    "stated. Fill in stated_on for each, or pass a function that gives the judgements known on "
                    "a day."
                )
            )
        known = ~(stated > today) & ~(table["expected_to"] < today)
        return known.to_numpy(), written_as(customers, table["customer_id"]).notna().to_numpy()

    (known, there), (known_of_all, there_of_all) = marks(given.table), marks(every)
    kept, left_out = known & there, tuple(given.table.loc[known & ~there, "customer_id"])
    if not kept.any():
        return KnownJudgements(None, left_out)
    return KnownJudgements(replace(given.subset(kept), portfolio=every[known_of_all & there_of_all]), left_out)


def _refuse_later_record(judged: FutureValuePriors, day: dt.date) -> None:
    """Refuse judgements that were recalibrated by outcomes that were not known on a day."""
    cure = _(
        "Pass a function of the day that recalibrates by the record as it was: "
        "calibrate_judgements(record, as_of=day).recalibrate(judged)."
    )
    for last in () if judged.adjustments is None else judged.adjustments.learned_until:
        if last is None:
            raise InputError(
                _(
                    "Judgements were recalibrated by a record that does not say when each was closed, so it "
                    "may know what happened after {day}. Fill in the column closed_on of the record. {cure}",
                    day=day,
                    cure=cure,
                )
            )
        if last > day:
            raise InputError(
                _(
                    "Judgements were recalibrated by a record that was closed on {last}, so it knows what "
                    "happened after {day}. {cure}",
                    last=last,
                    day=day,
                    cure=cure,
                )
            )
