"""The origins of a backtest: which days leave enough past to fit and enough future to compare."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError, UnitError, counted, refuse_rows
from ltv_bayes.evaluation.backtest import occasions
from ltv_bayes.language import _
from ltv_bayes.time_units import Duration, as_date

FEWEST_REPEAT = 20


@dataclass(frozen=True, eq=False)
class LogSpan:
    """How far a log of orders goes, and when its customers came back.

    Attributes
    ----------
    first, last : datetime.date
        Day of the first order, and the last day that the log covers.
    returns : mapping of numpy.ndarray
        Of each stream, or of the log without any (None), the days on which customers bought for the second time, in
        order.
    """

    first: dt.date
    last: dt.date
    returns: Mapping[str | None, np.ndarray]

    @classmethod
    def of(cls, logs: Mapping[str | None, Transactions], observed_until: Any) -> "LogSpan":
        """Look at the logs of some streams, or at one log, which go on until a day."""
        first = min(log.table["date"].min() for log in logs.values()).date()
        return cls(
            first,
            as_date(observed_until, "observed_until"),
            {stream: _second_days(log) for stream, log in logs.items()},
        )

    @property
    def scarcest(self) -> str | None:
        """The stream in which customers came back last."""
        return max(self.returns, key=lambda stream: self._enough(self.returns[stream]))

    def repeat_customers(self, day: dt.date) -> int:
        """Number of customers who had come back by a day, in the stream with the fewest."""
        return min(int(np.searchsorted(days, np.datetime64(day), side="right")) for days in self.returns.values())

    def earliest(self, length: Duration) -> dt.date:
        """First day that leaves a fit enough: as much past as the horizon is long, and customers who came back."""
        longest = self.first + dt.timedelta(days=round(length.days) - 1)
        return max([longest, *map(self._enough, self.returns.values())])

    @staticmethod
    def _enough(returns: np.ndarray) -> dt.date:
        """The day by which enough customers came back; the last of all days if there is none."""
        return pd.Timestamp(returns[FEWEST_REPEAT - 1]).date() if len(returns) >= FEWEST_REPEAT else dt.date.max

    def latest(self, length: Duration) -> dt.date:
        """Last day after which the log goes on for the horizon."""
        return self.last - dt.timedelta(days=round(length.days))


def _second_days(orders: Transactions) -> np.ndarray:
    """The days on which customers bought for the second time, in order."""
    days = occasions(orders)[["customer_id", "date"]].sort_values("date", kind="stable")
    return days[days.groupby("customer_id").cumcount() == 1]["date"].to_numpy()


def chosen_origins(number: int, length: Duration, span: LogSpan) -> list[dt.date]:
    """Choose origins: the last so that its horizon ends with the log, the others before it by one horizon each.

    Where the log is too short for that, origins are closer, evenly from the earliest day that leaves a fit enough.
    Their windows then overlap.

    Raises
    ------
    UnitError
        If the number is not a whole one of at least 1.
    InputError
        If the log is too short, or too few customers came back.
    """
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise UnitError(
            _(
                "origins must be a whole number of at least 1, not {number!r}. Days are given with as_of=.",
                number=number,
            )
        )
    earliest, latest, days = span.earliest(length), span.latest(length), round(length.days)
    if latest < earliest:
        raise InputError(_too_short(length, span))
    room = (latest - earliest).days
    if room < number - 1:
        raise InputError(
            _(
                "Between {earliest} and {latest} there are {days} for {number:,} origins. Ask for fewer "
                "origins, or for a shorter horizon than {length}.",
                earliest=earliest,
                latest=latest,
                days=counted(room + 1, "day"),
                number=number,
                length=length,
            )
        )
    step = min(float(days), room / max(number - 1, 1))
    return [latest - dt.timedelta(days=round(step * back)) for back in reversed(range(number))]


def given_origins(given: Iterable[Any], length: Duration, span: LogSpan) -> list[dt.date]:
    """Read origins that the user chose, from the first to the last.

    Raises
    ------
    UnitError
        If there is none, or one twice.
    InputError
        If one leaves too little past, or too little future; the message names it.
    """
    read = sorted(as_date(day, "as_of") for day in given)
    if not read or len(set(read)) < len(read):
        raise UnitError(_("Give at least one day in as_of=, and each once."))
    late = [day for day in read if day > span.latest(length)]
    refuse_rows(
        late,
        "day",
        _(
            "of as_of= after which the log, which ends on {last}, does not go on for {length}",
            last=span.last,
            length=length,
        ),
        _("Choose earlier days or a shorter horizon, or state with observed_until= how far the log goes."),
    )
    if span.latest(length) < span.earliest(length):
        raise InputError(_too_short(length, span))
    early = [day for day in read if day < span.earliest(length)]
    refuse_rows(
        early,
        "day",
        _(
            "of as_of= with less than {length} of past since {first}, or fewer than {fewest_repeat} customers "
            "who came back by then{in_stream}",
            length=length,
            first=span.first,
            fewest_repeat=FEWEST_REPEAT,
            in_stream=_in_stream(span),
        ),
        _("Choose days from {earliest} on, or a shorter horizon.", earliest=span.earliest(length)),
    )
    return read


def windows_apart(days: Sequence[dt.date], length: Duration) -> float:
    """How many windows without a common day these are worth: one, and for each next origin the share that is new."""
    gaps = np.diff([day.toordinal() for day in days])
    return 1 + float(np.minimum(gaps / round(length.days), 1).sum())


def _too_short(length: Duration, span: LogSpan) -> str:
    """Say what a log lacks, and what to do."""
    covered, days = (span.last - span.first).days + 1, round(length.days)
    if covered < 2 * days:
        return _(
            "The log covers {days}, {first} to {last}, and a horizon of {length} needs as much past before "
            "the first origin as it compares after it: {days_2:,} days. Choose a horizon of up to "
            "'{covered} days', or state with observed_until= how far the log goes.",
            days=counted(covered, "day"),
            first=span.first,
            last=span.last,
            length=length,
            days_2=2 * days,
            covered=covered // 2,
        )
    latest = span.latest(length)
    alone = _(", or name the other streams alone: purchases={{...: BGNBD()}}") if len(span.returns) > 1 else ""
    return _(
        "By {latest}, the last day that leaves {length} to compare, {customers} of this log had bought again{in_stream}"
        "; a fit to be judged needs {fewest}. Choose a shorter horizon, so that origins are later, or use a longer log"
        "{alone}.",
        latest=latest,
        length=length,
        customers=counted(span.repeat_customers(latest), "customer"),
        in_stream=_in_stream(span),
        fewest=FEWEST_REPEAT,
        alone=alone,
    )


def _in_stream(span: LogSpan) -> str:
    """Name the stream that lacks customers who came back, where there are several."""
    return _(" in the stream {scarcest!r}", scarcest=span.scarcest) if len(span.returns) > 1 else ""


def origins_in_words(days: Sequence[dt.date]) -> str:
    """How many origins there are, and when.

    Examples
    --------
    >>> origins_in_words([dt.date(2024, 12, 29)])
    '1 origin, 2024-12-29,'
    """
    if len(days) == 1:
        return _("1 origin, {first},", first=days[0])
    return _("{n} origins, {first} to {last}, each", n=len(days), first=days[0], last=days[-1])
