"""The work of a backtest at each of its origins: what was known then, models fitted to it, windows kept in a folder."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from ltv_bayes import __version__
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError, LtvBayesError, counted
from ltv_bayes.evaluation.backtest import backtest_at, end_of, occasions
from ltv_bayes.evaluation.known_judgements import Judged, KnownJudgements, known_on
from ltv_bayes.evaluation.refitting import Refitting, Segmenting
from ltv_bayes.evaluation.rolling.candidates import ONLY, Candidate, seed_of_stream
from ltv_bayes.evaluation.rolling.cohorts import known_as
from ltv_bayes.evaluation.rolling.forecast import Forecast, forecast_of, together
from ltv_bayes.evaluation.rolling.kept import FORM, fingerprint, read_window, write_window
from ltv_bayes.evaluation.rolling.window import Window, window_of
from ltv_bayes.language import _
from ltv_bayes.time_units import Duration, as_time_unit
from ltv_bayes.value.segments.groupings import SegmentGrouping

JudgedStreams = Judged | Mapping[str, Judged]


@dataclass(frozen=True, eq=False)
class Origin:
    """What was known on a day.

    Attributes
    ----------
    day : datetime.date
    customers : mapping of Customers
        Of each stream, or of a log without any (None).
    segments, cohorts : pandas.Series
        Names by customer_id; no segments where none are compared.
    judged : mapping of KnownJudgements
        Of each stream.
    elsewhere : str
        What the total leaves out, in words.
    """

    day: dt.date
    customers: Mapping[str | None, Customers]
    segments: pd.Series | None
    cohorts: pd.Series
    judged: Mapping[str | None, KnownJudgements]
    elsewhere: str


@dataclass(frozen=True, eq=False)
class Work:
    """What all origins of a backtest have in common.

    Attributes
    ----------
    orders : Transactions
        Of all streams.
    logs : mapping of Transactions
        Of each stream, or of a log without any (None).
    length : Duration
    usual : Refitting
        How customers are made, and with which settings models are fitted.
    random_seed : int
    segmenting : Segmenting or None
    cohorts : pandas.Series
        Name of each customer's cohort, by customer_id.
    future_value : FutureValuePriors, callable, or mapping of them by stream; optional
    folder : Path or None
    given : mapping
        The settings of the fits as the user gave them.
    """

    orders: Transactions
    logs: Mapping[str | None, Transactions]
    length: Duration
    usual: Refitting
    random_seed: int
    segmenting: Segmenting | None
    cohorts: pd.Series
    future_value: JudgedStreams | None
    folder: Path | None
    given: Mapping[str, Any]

    @property
    def whole(self) -> str | None:
        """The result that is shown first: the total of several streams (None), or the only one."""
        return None if len(self.logs) > 1 else next(iter(self.logs))

    @property
    def results(self) -> list[str | None]:
        """Everything of which there is a result: each stream, and last the total of several."""
        return [*self.logs, None] if len(self.logs) > 1 else list(self.logs)

    def origin(self, day: dt.date) -> Origin:
        """Look at what was known on a day."""
        whole = self.usual.customers(self.orders, day)
        several = len(self.logs) > 1
        customers = {one: self.usual.customers(log, day) if several else whole for one, log in self.logs.items()}
        judged = {one: known_on(day, judgements_of(self.future_value, one), some) for one, some in customers.items()}
        segments = None if self.segmenting is None else _segments(whole, self.segmenting.on(whole))
        elsewhere = self._elsewhere(day, customers) if several else ""
        return Origin(day, customers, segments, known_as(whole.ids, self.cohorts), judged, elsewhere)

    def windows(self, origin: Origin, candidate: Candidate) -> tuple[dict[str | None, Window], bool]:
        """The windows of one model, of each stream and of their total, and whether they were in the folder."""
        made_from = {} if self.folder is None else self._made_from(origin, candidate)
        places = {stream: self._place(candidate, stream) for stream in self.results}
        if self.folder is not None:
            found = {one: read_window(place, origin.day, made_from) for one, place in places.items() if place}
            if all(window is not None for window in found.values()):
                return {one: window for one, window in found.items() if window is not None}, True
        parts = {stream: self._forecast(origin, candidate, stream) for stream in self.logs}
        forecasts: dict[str | None, Forecast] = dict(parts)
        if len(parts) > 1:
            named = {str(stream): part for stream, part in parts.items()}
            forecasts[None] = together(named, self.random_seed, origin.elsewhere)
        windows = {stream: window_of(one, origin.segments) for stream, one in forecasts.items()}
        for stream, place in places.items():
            if place is not None:
                write_window(place, windows[stream], made_from)
        return windows, False

    def _forecast(self, origin: Origin, candidate: Candidate, stream: str | None) -> Forecast:
        """Fit a model to what was known of a stream, and forecast."""
        with naming("" if len(self.logs) == 1 else _("Stream {stream}", stream=stream)):
            customers, judged = origin.customers[stream], origin.judged[stream]
            refitting, seed = candidate.refitting(self.usual, stream), seed_of_stream(self.random_seed, stream)
            test = backtest_at(self.logs[stream], customers, self.length, refitting, seed, judged)
            return forecast_of(test, origin.cohorts.loc[customers.ids], stream)

    def _place(self, candidate: Candidate, stream: str | None) -> Path | None:
        """Where the windows of a model and of a stream are kept; the only one, and the total, need no name."""
        if self.folder is None:
            return None
        model = [] if candidate.name == ONLY else [f"model {quote(candidate.name, safe=' ')}"]
        of = [] if stream == self.whole else [f"stream {quote(str(stream), safe=' ')}"]
        return self.folder.joinpath(*model, *of)

    def _made_from(self, origin: Origin, candidate: Candidate) -> dict[str, str]:
        """What windows are made from."""
        table, customers = self.orders.table, origin.customers
        groups = pd.DataFrame({"segment": origin.segments, "cohort": origin.cohorts})
        known = table[table["date"] <= pd.Timestamp(end_of(origin.day, self.length))].drop(columns="row")
        tables = {str(stream): some.table for stream, some in customers.items()}
        judged = {str(stream): one for stream, one in origin.judged.items()}
        return {
            "orders": fingerprint(known),
            "horizon": fingerprint(self.length.days),
            "time unit": as_time_unit(self.usual.time_unit),
            "models": fingerprint(candidate.models),
            "attributes": fingerprint(tables),
            "segments or cohorts": fingerprint(groups),
            "judgements": fingerprint(judged),
            "settings of the fit": fingerprint(self.given),
            "version of ltv_bayes": f"{__version__}, tables {FORM}",
        }

    def _elsewhere(self, day: dt.date, customers: Mapping[str | None, Customers]) -> str:
        """What customers of the day bought later in streams that they were not in: no stream forecasts it."""
        everybody = pd.Index([]).append([some.ids for some in customers.values()]).unique()
        later, orders, money = set(), 0, 0.0
        for stream, log in self.logs.items():
            new = everybody.difference(customers[stream].ids)
            bought = occasions(log)
            inside = (bought["date"] > pd.Timestamp(day)) & (bought["date"] <= pd.Timestamp(end_of(day, self.length)))
            some = bought[inside & bought["customer_id"].isin(new)]
            later |= set(some["customer_id"])
            orders, money = orders + len(some), money + float(some["amount"].clip(lower=0).sum())
        if not orders:
            return ""
        worth = _(", worth {money:,.0f}", money=money) if self.usual.spends else ""
        return _(
            "the total leaves out {purchases}{worth} of {customers} in streams that were new to them",
            purchases=counted(orders, "purchase"),
            worth=worth,
            customers=counted(len(later), "customer"),
        )


def judgements_of(future_value: Any, stream: str | None) -> Any:
    """The judgements that belong to a stream.

    Raises
    ------
    InputError
        If they are given by stream, and there are none.
    """
    if not isinstance(future_value, Mapping):
        return future_value
    if stream is None:
        raise InputError(_("future_value= is given by stream, and the log has none. Pass the judgements alone."))
    return future_value.get(stream)


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Say in an error where it occurred: of which model, at which origin."""
    try:
        yield
    except LtvBayesError as error:
        if where:
            error.args = (_("{where}: {args}", where=where, args=error.args[0]), *error.args[1:])
        raise
    except Exception as error:
        if where:
            error.add_note(_("In a backtest: {where}.", where=where))
        raise


def _segments(customers: Customers, by: Any) -> pd.Series:
    """Name the segment of each customer."""
    grouping = SegmentGrouping.read(customers, by)
    keys = grouping.keys(customers)
    every = list(keys.unique())
    names = dict(zip(every, grouping.named(every)[0], strict=True))
    return pd.Series(keys.map(names).to_numpy(), index=customers.ids, name=grouping.name)
