"""The result of a backtest of many origins: tables over all of them, and a verdict in words."""

import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, counted, listed, suggestion
from ltv_bayes.evaluation.count_calibration import COVERED
from ltv_bayes.evaluation.rolling import verdict
from ltv_bayes.evaluation.rolling.cohorts import EVERYBODY
from ltv_bayes.evaluation.rolling.forecast import NAIVE
from ltv_bayes.evaluation.rolling.origins import origins_in_words, windows_apart
from ltv_bayes.evaluation.rolling.verdict import STATED, share_inside
from ltv_bayes.evaluation.rolling.window import Window
from ltv_bayes.formulas.forecast_scores import crps, gini, interval_score
from ltv_bayes.intervals import bound_columns, flagged, interval, interval_name, interval_settings, quoted_with
from ltv_bayes.language import _
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import Duration, TimeUnit

SCORES = ("interval_score", "log_interval_score")
LINE = 120
DECILES = 10


@dataclass(frozen=True, eq=False, repr=False)
class RollingBacktest(Printed):
    """Forecasts from several origins beside what happened after each; made by `backtest`.

    Attributes
    ----------
    windows : tuple of Window
        One for each origin, from the first to the last.
    horizon : Duration
        How far each forecast goes.
    time_unit : str
        Unit of times in its tables.
    currency : str or None
        Currency of spend.
    notes : tuple of str
        What is assumed of what was known at the origins.
    streams : mapping of RollingBacktest
        Of a log with several streams, the backtest of each; this one is of their total.
    """

    windows: tuple[Window, ...]
    horizon: Duration
    time_unit: TimeUnit
    currency: str | None = None
    notes: tuple[str, ...] = ()
    streams: "Mapping[str, RollingBacktest]" = field(default_factory=dict)

    @property
    def as_of(self) -> list[dt.date]:
        """The origins."""
        return [window.as_of for window in self.windows]

    @property
    def compared(self) -> list[str]:
        """What is compared: purchases, and spend where the log has amounts."""
        return list(self.windows[0].customers["of"].unique())

    @property
    def windows_apart(self) -> float:
        """How many windows without a common day these are worth: their number, where they do not overlap."""
        return windows_apart(self.as_of, self.horizon)

    @property
    def caution(self) -> str:
        """What every table must state: each caution, with the origins that have it."""
        every: dict[str, list[dt.date]] = {}
        for window in self.windows:
            every.setdefault(window.caution, []).append(window.as_of)
        return "; ".join(
            _("{days}: {caution}", days=listed(days), caution=caution) for caution, days in every.items() if caution
        )

    @property
    def verdict(self) -> str:
        """Whether customers and totals held, and what the forecast is worth beside a naive one, in words."""
        lines = []
        for of in reversed(self.compared):
            lines += verdict_on(self, of)
        return "\n".join(textwrap.fill(line, LINE) for line in lines)

    def summary(self, ci_prob: float = STATED, ci_kind: str | None = None) -> pd.DataFrame:
        """One row for each origin, of purchases and of spend: the total beside its forecast, and customers' scores.

        Parameters
        ----------
        ci_prob, ci_kind
            Probability of the intervals, and their kind; ArviZ's setting of the kind where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``of`` and ``as_of``: customers; actual, median and interval of the total, and whether it is
            ``inside``; customers_inside_share, the share of customers inside their own equal-tailed interval of that
            probability, a value on a bound counted in part; skill, by which share CRPS per customer is below that of
            the best naive forecast; gini, as in `deciles`.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        totals = self.totals(prob, kind).xs("total", level="level").droplevel("segment")
        low, high = bound_columns(totals)
        table = totals[["customers", "actual", "median", low, high, "inside"]].copy()
        each = self.customers()
        for key in table.index:
            some = each.xs(key, level=("of", "as_of"))
            table.loc[key, "customers_inside_share"] = share_inside(some["pit"], prob)
            table.loc[key, "skill"] = _skill(some)[1]
            table.loc[key, "gini"] = gini(some["expected"].to_numpy(), some["actual"].to_numpy())
        return flagged(table, self.caution, self.currency)

    def scores(self, ci_prob: float = STATED) -> pd.DataFrame:
        """How good forecasts were over all origins: of customers, of segments and of totals.

        Parameters
        ----------
        ci_prob : float
            Probability of the equal-tailed interval that is scored.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``of`` and ``level`` (customer, segment, total): forecasts, their number; eti50, eti80, eti90,
            the shares inside equal-tailed intervals; bias, the mean forecast over the mean of what happened, less 1;
            crps, and the same of the naive forecasts, which is their absolute error; best_naive; skill, by which share
            CRPS is below that of the best naive forecast; interval_score, and log_interval_score on the scale of
            logarithms, where a total and its lower bound are above 0: so scored, large and small ones count alike.
        """
        totals, rows = self.totals(ci_prob, "eti").reset_index(), {}
        customers = self.customers().reset_index()
        for of in self.compared:
            for level in ("customer", "segment", "total"):
                some = customers if level == "customer" else totals[totals["level"] == level]
                some = some[some["of"] == of]
                if some.empty:
                    continue
                naive, skill = _skill(some)
                mean = some["actual"].mean()
                rows[of, level] = {
                    "forecasts": len(some),
                    **{interval_name(prob, "eti"): share_inside(some["pit"], prob) for prob in COVERED},
                    "bias": some["predicted"].mean() / mean - 1 if mean else np.nan,
                    "crps": some["crps"].mean(),
                    **{f"crps_{name}": (some[name] - some["actual"]).abs().mean() for name in NAIVE},
                    "best_naive": naive,
                    "skill": skill,
                    **{name: some[name].mean() if name in some else np.nan for name in SCORES},
                }
        table = pd.DataFrame.from_dict(rows, orient="index")
        return flagged(table.rename_axis(["of", "level"]), self.caution, self.currency)

    def totals(self, ci_prob: float = STATED, ci_kind: str | None = None) -> pd.DataFrame:
        """Every total of every origin, of all customers and of each segment.

        Parameters
        ----------
        ci_prob, ci_kind
            Probability of the intervals, and their kind; ArviZ's setting of the kind where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``of``, ``as_of``, ``level`` (total, segment) and ``segment``: customers, actual, predicted
            (mean), median, the interval and whether it holds the actual (``inside``), pit, crps, interval_score,
            log_interval_score (missing where the actual or the lower bound is 0), and the naive forecasts.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        parts = [_totals_of(window, prob, kind) for window in self.windows]
        return flagged(self._of_windows(parts, ["level", "segment"]), self.caution, self.currency)

    def customers(self) -> pd.DataFrame:
        """Every customer of every origin.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``of``, ``as_of`` and ``customer_id``: segment, frequency at the origin, actual, predicted (mean
            of the draws), expected (the mean given parameters, which customers are ranked by), median, crps, pit
            (randomised; uniform if the model holds), and the naive forecasts: last_period, what the customer did in the
            time before the origin that is as long as the horizon, first purchases left out; average, repeat purchases
            per time x the mean order.
        """
        return flagged(self._each, self.caution, self.currency)

    @cached_property
    def _each(self) -> pd.DataFrame:
        """Every customer of every origin, put in order once."""
        return self._of_windows([window.customers for window in self.windows], ["customer_id"])

    def cohorts(self, of: str | None = None, ci_prob: float = STATED, ci_kind: str | None = None) -> pd.DataFrame:
        """Cohort curves: what customers who came at one time did after each origin, cumulative, beside the forecast.

        Parameters
        ----------
        of : {"spend", "purchases"}, optional
            Spend where the log has amounts, if not given.
        ci_prob, ci_kind
            Probability of the intervals, and their kind; ArviZ's setting of the kind where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``as_of``, ``cohort`` (of the first purchase; "all customers" are all of them together) and
            ``time`` since the origin, in the time unit: customers, actual, predicted (mean), interval.
        """
        of, name = self._chosen(of), interval_name(ci_prob, ci_kind)
        parts = []
        for window in self.windows:
            rows = window.cohorts[window.cohorts["of"] == of]
            draws = window.cohort_draws[rows.index.map(str)].to_numpy()
            sums = rows.groupby("time", as_index=False)[["customers", "actual"]].sum().assign(cohort=EVERYBODY)
            whole = np.column_stack([draws[:, (rows["time"] == time).to_numpy()].sum(axis=1) for time in sums["time"]])
            every, table = np.hstack([whole, draws]), pd.concat([sums, rows])
            low, high = interval(every, ci_prob, ci_kind)
            table = table.assign(as_of=pd.Timestamp(window.as_of), predicted=every.mean(axis=0))
            parts.append(table.assign(**{f"{name}_lb": low, f"{name}_ub": high}))
        columns = ["customers", "actual", "predicted", f"{name}_lb", f"{name}_ub"]
        found = pd.concat(parts).set_index(["as_of", "cohort", "time"]).sort_index()[columns]
        return flagged(found, self.caution, self.currency)

    def deciles(self, of: str | None = None) -> pd.DataFrame:
        """Lift: customers ranked by their forecast, in tenths, beside what they turned out to be worth.

        Parameters
        ----------
        of : {"spend", "purchases"}, optional
            As in `cohorts`.

        Returns
        -------
        pandas.DataFrame
            Indexed by decile, 1 for the tenth ranked highest at each origin: customers of all windows, predicted (mean
            given parameters) and actual per customer, actual_share of all that happened, cumulative_share, and lift:
            the actual per customer over that of all. In ``attrs``, ``gini``: twice the area between cumulative gains
            and the diagonal, as a share of a perfect ranking's, the mean over windows in which customers differed (NaN
            where there is none); and ``gini_<naive>`` of each naive forecast.
        """
        of = self._chosen(of)
        each = self.customers().xs(of, level="of")
        windows = [some for _, some in each.groupby(level="as_of")]
        place = pd.concat([_tenth(some["expected"]) for some in windows])
        groups = each.groupby(place.reindex(each.index))
        table = groups[["expected", "actual"]].mean().rename(columns={"expected": "predicted"})
        table.insert(0, "customers", groups.size())
        total = each["actual"].sum()
        table["actual_share"] = groups["actual"].sum() / total if total else np.nan
        table["cumulative_share"] = table["actual_share"].cumsum()
        table["lift"] = table["actual"] / each["actual"].mean() if total else np.nan
        table = flagged(table, self.caution, self.currency)
        ranked = {"gini": "expected", **{f"gini_{name}": name for name in NAIVE}}
        for name, column in ranked.items():
            found = pd.Series([gini(some[column].to_numpy(), some["actual"].to_numpy()) for some in windows])
            table.attrs[name] = float(found.mean())
        return table

    def _of_windows(self, parts: list[pd.DataFrame], index: list[str]) -> pd.DataFrame:
        """Put the tables of all origins in one."""
        dated = [part.assign(as_of=pd.Timestamp(at)) for part, at in zip(parts, self.as_of, strict=True)]
        return pd.concat(dated, ignore_index=True).set_index(["of", "as_of", *index]).sort_index()

    def _chosen(self, of: str | None) -> str:
        if of is not None and of not in self.compared:
            raise InputError(
                _("The backtest has no {of!r}. {suggestion}", of=of, suggestion=suggestion(of, self.compared))
            )
        return of or self.compared[-1]

    def _page(self) -> ResultPage:
        when = origins_in_words(self.as_of)
        of = _("the total of {streams} from ", streams=counted(len(self.streams), "stream")) if self.streams else ""
        heading = _("Backtest of {of}{when} {horizon} ahead", of=of, when=when, horizon=self.horizon)
        table = self.summary().loc[self.compared[::-1]]
        shown = table.set_axis([f"{of} {day:%Y-%m-%d}" for of, day in table.index])
        return ResultPage([heading], shown, [self.verdict, *self._notes()], amounts=False)

    def _notes(self) -> Iterator[str]:
        """What the verdict rests on."""
        of = self.compared[-1]
        totals = self.totals().xs((of, "total"), level=("of", "level"))
        yield textwrap.fill(_("note: {proof}", proof=verdict.proof(totals, self.windows_apart)), LINE)
        for name, alone in self.streams.items():
            yield textwrap.fill(_("{name} alone. {verdict_on}", name=name, verdict_on=verdict_on(alone, of)[0]), LINE)
        for note in self.notes:
            yield textwrap.fill(_("note: {note}", note=note), LINE)
        for window in self.windows:
            if window.note:
                yield textwrap.fill(_("note: {as_of}: {note}", as_of=window.as_of, note=window.note), LINE)
        if "spend" not in self.compared:
            yield _("note: the log has no amounts: spend is not compared")


def verdict_on(backtest: RollingBacktest, of: str) -> list[str]:
    """The sentences of the verdict that are about purchases, or about spend."""
    totals = backtest.totals().xs((of, "total"), level=("of", "level"))
    customers = backtest.customers().xs(of, level="of")
    scores = backtest.scores().loc[(of, "customer")]
    first, *more = verdict.sentences(of, customers, totals, scores, backtest.windows_apart)
    return [quoted_with(first, backtest.caution), *more]


def _tenth(ranked_by: pd.Series) -> pd.Series:
    """The tenth that each customer is in, 1 for those ranked highest."""
    rank = ranked_by.rank(ascending=False, method="first")
    return (1 + (rank - 1) * DECILES // len(rank)).astype(int).rename("decile")


def _skill(forecasts: pd.DataFrame) -> tuple[str, float]:
    """The best naive forecast, and by which share the CRPS is below its own."""
    errors = {name: float((forecasts[name] - forecasts["actual"]).abs().mean()) for name in NAIVE}
    best = min(errors, key=errors.__getitem__)
    return best, 1 - float(forecasts["crps"].mean()) / errors[best] if errors[best] > 0 else float("nan")


def _totals_of(window: Window, prob: float, kind: str) -> pd.DataFrame:
    """Totals of one origin with forecasts and scores."""
    rows, draws = window.totals, window.total_draws.to_numpy()
    actual, name = rows["actual"].to_numpy(dtype=float), interval_name(prob, kind)
    low, high = interval(draws, prob, kind)
    positive = (low > 0) & (actual > 0)
    log_low, log_high, log_actual = (np.log(np.where(positive, values, 1.0)) for values in (low, high, actual))
    return pd.DataFrame(
        {
            **rows[["of", "level", "segment", "customers", "actual"]],
            "predicted": draws.mean(axis=0),
            "median": np.median(draws, axis=0),
            f"{name}_lb": low,
            f"{name}_ub": high,
            "inside": (low <= actual) & (actual <= high),
            "pit": rows["pit"],
            "crps": crps(draws, actual),
            "interval_score": interval_score(low, high, actual, prob),
            "log_interval_score": np.where(positive, interval_score(log_low, log_high, log_actual, prob), np.nan),
            **rows[list(NAIVE)],
        }
    )
