"""Would the models have known? Backtests of one origin or of many, refitted at each."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes import __version__
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError, UnitError, counted
from ltv_bayes.evaluation.backtest import Backtest, backtest_at, end_of, occasions
from ltv_bayes.evaluation.known_judgements import Judged, known_on
from ltv_bayes.evaluation.refitting import Refitting, Segmenting
from ltv_bayes.evaluation.rolling.cohorts import cohort_names, known_as
from ltv_bayes.evaluation.rolling.kept import FORM, fingerprint, read_window, write_window
from ltv_bayes.evaluation.rolling.origins import LogSpan, chosen_origins, given_origins
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.evaluation.rolling.window import Window, window_of
from ltv_bayes.models.buy_till_you_die import PurchaseModel
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import as_seed
from ltv_bayes.terminal import announce, progress
from ltv_bayes.time_units import Duration, as_date, as_duration, as_time_unit
from ltv_bayes.value.segments.groupings import SegmentGrouping


def backtest(
    orders: Transactions,
    *,
    as_of: Any = None,
    origins: int | None = None,
    horizon: Any,
    time_unit: str = "week",
    purchases: PurchaseModel | FittedPurchases | None = None,
    spend: GammaGamma | FittedSpend | None = None,
    by: str | Sequence[str] | Mapping[Any, Any] | pd.Series | None = None,
    attributes: Any = None,
    future_value: Judged | None = None,
    observed_until: Any = None,
    folder: str | Path | None = None,
    random_seed: int | None = None,
    progressbar: bool = True,
    **fit_settings: Any,
) -> Backtest | RollingBacktest:
    """Fit on the orders up to a date, forecast the time after it, and hold the forecast to what happened.

    From one origin, or from several, with models refitted at each on what was known then.

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
    purchases, spend : model settings or fitted models, optional
        `BGNBD()` and `GammaGamma()` where not given; pooled ones need ``attributes``. Fitted models are used as they
        are.
    by : str, list of str, Series or mapping, optional
        Segments to compare too, as in `LifetimeValue.by`; of several origins.
    attributes : path or frame, optional
        One row a customer with columns of segments, as in `summarize`. They are as they are now at every origin.
    future_value : FutureValuePriors or callable, optional
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
    Backtest or RollingBacktest
        The second for ``origins`` and for a list of days.

    Raises
    ------
    InputError
        If the log ends before a holdout does; if an origin of several leaves less past than the horizon is long, or
        fewer than 20 customers who had bought again; if the folder holds a backtest of other orders, models or terms.
    UnitError
        If the number of origins is none, or the horizon shorter than a day.
    """
    if not isinstance(orders, Transactions):
        raise InputError(
            f"A backtest needs the orders as read_transactions returns them, not a {type(orders).__name__}."
        )
    if (as_of is None) == (origins is None):
        raise InputError("Give either as_of=, a day or a list of days, or origins=, how many days to choose.")
    length, seed = as_duration(horizon), as_seed(random_seed)
    spends = spend is not None or bool(orders.table["amount"].notna().any())
    several = origins is not None or (isinstance(as_of, Iterable) and not isinstance(as_of, str))
    settings = {"random_seed": seed, "progressbar": progressbar and not several, **fit_settings}
    refitting = Refitting(time_unit, purchases, spend, attributes, settings, spends=spends)
    if not several:
        start = as_date(as_of)
        _require_holdout(orders, start, length, observed_until)
        _refuse_for_one(by=by, folder=folder)
        customers = refitting.customers(orders, start)
        return backtest_at(orders, customers, length, refitting, seed, known_on(start, future_value, customers))
    if round(length.days) < 1:
        raise UnitError(f"Origins are days, and a horizon of {length} is shorter than one. Choose a longer horizon.")
    span = LogSpan.of(orders, observed_until)
    days = given_origins(as_of, length, span) if origins is None else chosen_origins(origins, length, span)
    first = occasions(orders).groupby("customer_id")["date"].min()
    of_window = partial(
        _window,
        orders,
        length=length,
        refitting=refitting,
        seed=seed,
        segmenting=None if by is None else Segmenting.read(orders, by, time_unit),
        cohorts=cohort_names(first, days[-1]),
        future_value=future_value,
        folder=None if folder is None else Path(folder).expanduser(),
        given={"random_seed": random_seed, **fit_settings},
    )
    windows, found = [], 0
    with progress(len(days), f"backtest of {counted(len(days), 'origin')}", show=progressbar) as step:
        for day in days:
            window, known = of_window(day)
            windows.append(window)
            found += known
            step()
    if found:
        announce(f"{found} of {counted(len(days), 'origin')} were in {folder} already.", show=progressbar)
    return RollingBacktest(tuple(windows), length, as_time_unit(time_unit), orders.currency)


def _window(
    orders: Transactions,
    day: dt.date,
    *,
    length: Duration,
    refitting: Refitting,
    seed: int,
    segmenting: Segmenting | None,
    cohorts: pd.Series,
    future_value: Judged | None,
    folder: Path | None,
    given: Mapping[str, Any],
) -> tuple[Window, bool]:
    """The window of one origin, and whether it was in the folder."""
    customers = refitting.customers(orders, day)
    segments = None if segmenting is None else _segments(customers, segmenting.on(customers))
    judged, cohort = known_on(day, future_value, customers), known_as(customers.ids, cohorts)
    if folder is None:
        return window_of(backtest_at(orders, customers, length, refitting, seed, judged), segments, cohort), False
    table = orders.table
    groups = pd.DataFrame({"segment": segments, "cohort": cohort})
    made_from = {
        "orders": fingerprint(table[table["date"] <= pd.Timestamp(end_of(day, length))].drop(columns="row")),
        "horizon": fingerprint(length.days),
        "time unit": as_time_unit(refitting.time_unit),
        "models": fingerprint({"purchases": refitting.purchases, "spend": refitting.spend}),
        "attributes": fingerprint(customers.table),
        "segments or cohorts": fingerprint(groups),
        "judgements": fingerprint(judged),
        "settings of the fit": fingerprint(given),
        "version of ltv_bayes": f"{__version__}, tables {FORM}",
    }
    found = read_window(folder, day, made_from)
    if found is not None:
        return found, True
    window = window_of(backtest_at(orders, customers, length, refitting, seed, judged), segments, cohort)
    write_window(folder, window, made_from)
    return window, False


def _segments(customers: Customers, by: Any) -> pd.Series:
    """Name the segment of each customer."""
    grouping = SegmentGrouping.read(customers, by)
    keys = grouping.keys(customers)
    every = list(keys.unique())
    names = dict(zip(every, grouping.named(every)[0], strict=True))
    return pd.Series(keys.map(names).to_numpy(), index=customers.ids, name=grouping.name)


def _require_holdout(orders: Transactions, start: dt.date, length: Duration, observed_until: Any) -> None:
    """Refuse a holdout that the log does not cover."""
    end = end_of(start, length)
    last = orders.table["date"].max().date() if observed_until is None else as_date(observed_until, "observed_until")
    if last < end:
        raise InputError(
            f"The log ends on {last}, before the holdout of {length} after {start} does ({end}). "
            f"Choose an earlier as_of or a shorter horizon, or state with observed_until= how far the log goes."
        )


def _refuse_for_one(**given: Any) -> None:
    """Refuse what belongs to several origins."""
    if unused := [name for name, value in given.items() if value is not None]:
        raise InputError(f"{unused[0]}= belongs to a backtest of several origins: pass as_of=[day], or origins=.")
