"""Would the models have known? Backtests of one origin or of many, refitted at each."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.orders.transactions import Transactions, require_stream
from ltv_bayes.errors import InputError, UnitError, counted
from ltv_bayes.evaluation.backtest import Backtest, backtest_at, end_of, occasions
from ltv_bayes.evaluation.known_attributes import KnownAttributes
from ltv_bayes.evaluation.known_judgements import known_on
from ltv_bayes.evaluation.refitting import Refitting, Segmenting
from ltv_bayes.evaluation.rolling.candidates import ONLY, Candidate, read_candidates, seed_of_stream, streams_of
from ltv_bayes.evaluation.rolling.cohorts import cohort_names
from ltv_bayes.evaluation.rolling.comparison import ModelComparison
from ltv_bayes.evaluation.rolling.origins import LogSpan, chosen_origins, given_origins
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.evaluation.rolling.window import Window
from ltv_bayes.evaluation.rolling.work import JudgedStreams, Work, judgements_of, naming
from ltv_bayes.language import N_, _
from ltv_bayes.models.buy_till_you_die import PurchaseModel
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.models.nbd import NBD
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import as_seed
from ltv_bayes.terminal import announce, progress
from ltv_bayes.time_units import Duration, as_date, as_duration, as_time_unit

Counts = PurchaseModel | NBD | FittedPurchases | FittedEvents
Spend = GammaGamma | FittedSpend
SEGMENTS_AS_NOW = N_("segments of by= are taken as known at all origins")


def backtest(
    orders: Transactions,
    *,
    as_of: Any = None,
    origins: int | None = None,
    horizon: Any,
    time_unit: str = "week",
    models: Mapping[str, Any] | None = None,
    purchases: Counts | Mapping[str, Counts] | None = None,
    spend: Spend | Mapping[str, Spend] | None = None,
    by: str | Sequence[str] | Mapping[Any, Any] | pd.Series | None = None,
    attributes: Any = None,
    future_value: JudgedStreams | None = None,
    observed_until: Any = None,
    folder: str | Path | None = None,
    random_seed: int | None = None,
    progressbar: bool = True,
    **fit_settings: Any,
) -> Backtest | RollingBacktest | ModelComparison:
    """Fit on the orders up to a date, forecast the time after it, and hold the forecast to what happened.

    From one origin, or from several, with models refitted at each on what was known then. Of a log with streams
    (``stream=`` of `read_transactions`), each stream is forecast by itself, and so is their total: the sum of their
    draws, which are independent given the fits.

    Parameters
    ----------
    orders : Transactions
        A log that goes on after each origin, at least as far as the horizon. Of one without amounts, only purchases are
        compared.
    as_of : date or list of dates
        The origin: the end of the calibration period. A list of several makes a backtest of several origins.
    origins : int
        In place of ``as_of``, the number of origins. The horizon of the last one ends with the log; the others lie
        before it by one horizon each, or closer, evenly, where the log is too short for that.
    horizon : str or Duration
        Length of the holdout after each origin, with its unit.
    time_unit : str
        Unit of the customer tables.
    purchases, spend : model settings, fitted models, or mappings of them by stream; optional
        `BGNBD()` and `GammaGamma()` where not given; pooled ones need ``attributes``. Fitted models are used as they
        are. ``purchases={"consumables": BGNBD(), "service": NBD()}`` names the streams to forecast; others are left
        out.
    models : mapping, optional
        Several models to compare over the same origins, by name: what ``purchases`` takes, or a pair of what
        ``purchases`` and ``spend`` take. ``purchases=`` alone is the case of one; ``spend=`` counts for all that have
        no model of spend of their own.
    by : str, list of str, Series or mapping, optional
        Segments to compare too, as in `LifetimeValue.by`; of several origins.
    attributes : path, frame or callable, optional
        One row a customer with columns of segments, as in `summarize`: taken as known at every origin. With a column
        ``known_from``, several rows a customer: of each attribute, the newest row counts that states it and was known
        at the origin. Or a function that gives the table of a day.
    future_value : FutureValuePriors, callable, or mapping of them by stream; optional
        Judged opportunities, which spend then holds. At each origin, those count that had been stated by then (the
        column ``stated_on``) and were not overdue. Or a function that gives the judgements known on a day, or None: it
        can recalibrate them by the record as it was on that day; of its judgements the same ones count, but they need
        not say when they were stated. Judgements on customers who are not in the data by then are left out, and the
        notes say how many.
    observed_until : date, optional
        Last day that the log covers, where it is later than the last order.
    folder : path, optional
        Where to keep the result of each origin, so that an interrupted backtest of several goes on where it stopped.
    random_seed : int, optional
        The same seed gives the same result.
    progressbar : bool
        Whether to show progress: of the fit to one origin, or of several origins.
    **fit_settings
        Passed to both ``fit`` methods: draws, chains, method, ...

    Returns
    -------
    Backtest, RollingBacktest or ModelComparison
        The second for ``origins`` and for a list of days, the third for ``models``.

    Raises
    ------
    InputError
        If the log ends before a holdout does; if an origin of several leaves less past than the horizon is long, or
        fewer than 20 customers who had bought again, in any stream; if the folder holds a backtest of other orders,
        models or terms. Errors name the model and the origin.
    UnitError
        If the number of origins is none, or the horizon shorter than a day.
    """
    if not isinstance(orders, Transactions):
        raise InputError(
            _(
                "A backtest needs the orders as read_transactions returns them, not a {name}.",
                name=type(orders).__name__,
            )
        )
    if (as_of is None) == (origins is None):
        raise InputError(_("Give either as_of=, a day or a list of days, or origins=, how many days to choose."))
    length, seed = as_duration(horizon), as_seed(random_seed)
    candidates = read_candidates(models, purchases, spend)
    streams = streams_of(orders, candidates)
    _refuse_judgements_of_all(future_value, streams)
    spends = spend is not None or bool(orders.table["amount"].notna().any())
    several = origins is not None or (isinstance(as_of, Iterable) and not isinstance(as_of, str))
    settings = {"random_seed": seed, "progressbar": progressbar and not several, **fit_settings}
    known = KnownAttributes.read(attributes, orders.customer_column)
    usual = Refitting(time_unit, attributes=known, settings=settings, spends=spends)
    if not several:
        start = as_date(as_of)
        _refuse_for_one(by=by, folder=folder, models=models)
        (one,) = _only(streams)
        _require_holdout(orders, start, length, observed_until)
        orders = orders if one is None else orders.stream(one)
        refitting = candidates[0].refitting(usual, one)
        customers = refitting.customers(orders, start)
        judged = known_on(start, judgements_of(future_value, one), customers)
        return backtest_at(orders, customers, length, refitting, seed_of_stream(seed, one), judged)
    if round(length.days) < 1:
        raise UnitError(
            _(
                "Origins are days, and a horizon of {length} is shorter than one. Choose a longer horizon.",
                length=length,
            )
        )
    segmenting = None if by is None else Segmenting.read(orders, by, time_unit)
    logs = {stream: orders if stream is None else orders.stream(stream) for stream in streams}
    span = LogSpan.of(logs, orders.table["date"].max() if observed_until is None else observed_until)
    if streams != (None,):
        orders = replace(orders, table=orders.table[orders.table["stream"].isin(streams)].reset_index(drop=True))
    days = given_origins(as_of, length, span) if origins is None else chosen_origins(origins, length, span)
    first = occasions(orders).groupby("customer_id")["date"].min()
    work = Work(
        orders,
        logs,
        length,
        usual,
        seed,
        segmenting,
        cohort_names(first, days[-1]),
        future_value,
        None if folder is None else Path(folder).expanduser(),
        {"random_seed": random_seed, **fit_settings},
    )
    found = _windows(work, candidates, days, progressbar)
    notes = tuple(filter(None, [known.note, _(SEGMENTS_AS_NOW) if isinstance(by, Mapping | pd.Series) else ""]))
    unit, currency = as_time_unit(time_unit), orders.currency

    def result(name: str) -> RollingBacktest:
        of = {stream: tuple(at[name, stream] for at in found) for stream in work.results}
        parts = {
            stream: RollingBacktest(windows, length, unit, currency, notes)
            for stream, windows in of.items()
            if stream is not None and len(of) > 1
        }
        return RollingBacktest(of[work.whole], length, unit, currency, notes, parts)

    each = {one.name: result(one.name) for one in candidates}
    return each[ONLY] if models is None else ModelComparison(each)


def _windows(
    work: Work, candidates: Sequence[Candidate], days: Sequence[dt.date], progressbar: bool
) -> list[dict[tuple[str, str | None], Window]]:
    """The windows of every origin, by model and stream."""
    several = len(candidates) > 1
    number, found, kept = len(candidates) * len(days), [], 0
    of_models = _("{models}, ", models=counted(len(candidates), "model")) if several else ""
    with progress(
        number,
        _("backtest of {of_models}{origins}", of_models=of_models, origins=counted(len(days), "origin")),
        show=progressbar,
    ) as step:
        for day in days:
            here: dict[tuple[str, str | None], Window] = {}
            with naming(_("Origin {day}", day=day)):
                origin = work.origin(day)
            for one in candidates:
                where = _("{name}, origin {day}", name=one.name, day=day) if several else _("Origin {day}", day=day)
                with naming(where):
                    windows, there = work.windows(origin, one)
                here |= {(one.name, stream): window for stream, window in windows.items()}
                kept += there
                step(_("backtest, after {where}", where=where))
            found.append(here)
    if kept:
        what = _("{number} origins of models", number=number) if several else counted(number, "origin")
        announce(
            _("{kept} of {what} were in {folder} already.", kept=kept, what=what, folder=work.folder), show=progressbar
        )
    return found


def _refuse_judgements_of_all(future_value: Any, streams: Sequence[str | None]) -> None:
    """Refuse judgements that do not say to which of several streams they belong."""
    if isinstance(future_value, Mapping):
        for name in future_value:
            require_stream(name, map(str, streams))
    elif future_value is not None and len(streams) > 1:
        raise InputError(
            _(
                "The log has several streams. Say to which one judgements belong: future_value={{{streams!r}: "
                "judged}}.",
                streams=streams[0],
            )
        )


def _only(streams: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Refuse several streams from one origin."""
    if len(streams) > 1:
        raise InputError(
            _(
                "The log has {number} streams, and a backtest of one origin is of one: pass "
                "orders.stream(name), or as_of=[day] for each stream and their total.",
                number=len(streams),
            )
        )
    return streams


def _require_holdout(orders: Transactions, start: dt.date, length: Duration, observed_until: Any) -> None:
    """Refuse a holdout that the log does not cover."""
    end = end_of(start, length)
    last = orders.table["date"].max().date() if observed_until is None else as_date(observed_until, "observed_until")
    if last < end:
        raise InputError(
            _(
                "The log ends on {last}, before the holdout of {length} after {start} does ({end}). Choose an "
                "earlier as_of or a shorter horizon, or state with observed_until= how far the log goes.",
                last=last,
                length=length,
                start=start,
                end=end,
            )
        )


def _refuse_for_one(**given: Any) -> None:
    """Refuse what belongs to several origins."""
    if unused := [name for name, value in given.items() if value is not None]:
        raise InputError(
            _("{unused}= belongs to a backtest of several origins: pass as_of=[day], or origins=.", unused=unused[0])
        )
