"""A calibration: what the record of closed judgements teaches of each expert, and recalibration of new judgements."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes import posterior
from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import FitError, JudgementError, counted
from ltv_bayes.formatting import percent, three_digits
from ltv_bayes.formulas.beliefs.closed_judgements import within_certain
from ltv_bayes.intervals import interval_settings
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.track_record.outcomes import (
    NO_RECORD,
    Measure,
    bias_table,
    curve_table,
    hit_table,
    learned_correlation,
    rank_table,
    weights_by_score,
)
from ltv_bayes.judgement.track_record.record import EXPERT, MODEL, TrackRecord, warn_of_no_record
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.language import _
from ltv_bayes.tables import Printed, ResultPage

NAMED = 10


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Printed):
    """What closed judgements teach, expert by expert, and how it changes new ones.

    Made by `calibrate_judgements`, or read from a file by `Calibration.load`.

    Attributes
    ----------
    idata : xarray.DataTree
        Group ``posterior``: intercept, slope, shift and spread of shape (chain, draw, who), and means and sds over all
        experts; group ``record``: the closed judgements.
    """

    idata: xr.DataTree

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. PyMC is not needed.

        Parameters
        ----------
        path : str or Path
            Written by `save`.

        Raises
        ------
        FitError
            If there is no such file, or it holds something else.
        """

        def made(tree: xr.DataTree) -> Any:
            if tree.attrs.get("model") != MODEL:
                raise FitError(_("It holds no calibration of judgements; calibration.save(path) saves one."))
            found = cls(tree)
            _unused = found.diagnose(), found.names, found.interval
            return found

        return posterior.load_as(path, made)

    def save(self, path: str | Path) -> Path:
        """Write draws, closed judgements, settings and verdict to a netCDF file, which `Calibration.load` reads.

        Parameters
        ----------
        path : str or Path
            Ending in ``.nc``.
        """
        return posterior.save(self.idata, path)

    @cached_property
    def _record(self) -> TrackRecord:
        return TrackRecord(self.idata)

    @property
    def names(self) -> list[str]:
        """The experts, or whatever else judged."""
        return self._record.names

    @property
    def by(self) -> str:
        """The column that names who judged."""
        return self._record.by

    @property
    def interval(self) -> float:
        """Probability with which amounts were meant to lie between low and high."""
        return self._record.interval

    @property
    def closed_until(self) -> dt.date | None:
        """The day on which the last judgement of the record was closed; None where not all say when."""
        return self._record.closed_until

    def diagnose(self) -> Diagnostics:
        """Say whether the draws converged."""
        return self._record.diagnostics

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against the draws."""
        return self.diagnose().converged

    @property
    def caution(self) -> str:
        """What every table made from this fit must state; empty when there is nothing."""
        return self._record.caution

    def recalibrate(self, judged: FutureValuePriors, *, who: Any = None) -> FutureValuePriors:
        """Correct new judgements by the experts' record, draw by draw.

        Parameters
        ----------
        judged : FutureValuePriors
            New judgements.
        who : sequence, optional
            The expert of each, in the order of the rows; the column ``by`` of the judgements where not given. Needed
            where calibration was by something else than the expert.

        Returns
        -------
        FutureValuePriors
            The same judgements with adjustments, which `lifetime_value` uses. An expert without a record is taken for
            one of those with one, drawn anew in each draw. Chances below 1% count as 1%, those above 99% as 99%.

        Raises
        ------
        JudgementError
            If the judgements have been recalibrated before, or do not name their expert.

        Warns
        -----
        DataWarning
            If an expert has no record, or more than half of the expected value of a judgement depends on one draw in a
            hundred: the record is too short to tell how wide its interval must be.
        """
        if judged.adjustments is not None:
            raise JudgementError(_("These judgements have been recalibrated or pooled before. Pass the stated ones."))
        names = self._experts(judged, who)
        warn_of_no_record(self._record, names)
        entries = list(dict.fromkeys(names))
        changes = [self._record.change(name) for name in entries]
        stacked = (np.stack(part).reshape(len(entries), *self._record.shape) for part in zip(*changes, strict=True))
        who = np.array([entries.index(name) for name in names])
        adjustments = Adjustments(who, *stacked, learned_until=(self.closed_until,))
        stated = judged.table["probability"]
        table = judged.table.assign(stated_probability=stated, probability=within_certain(stated))
        return replace(judged, table=table).adjusted(adjustments)

    def summary(self, stated: float = 0.6, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Compare the outcomes of each expert's judgements with what was stated.

        Parameters
        ----------
        stated : float
            The stated chance to which ``occurs`` belongs.
        ci_prob, ci_kind
            Interval, as in `FittedModel.summary`.

        Returns
        -------
        pandas.DataFrame
            One row each, and one for any expert without a record. cases, won; stated: the chance; occurs: the share
            that occurs of opportunities stated so; amount_factor: amounts won, as a multiple of those stated;
            spread_factor: how many times as wide intervals must be, on the scale of logarithms. Medians of the draws,
            with intervals.
        """
        return bias_table(self._record, stated, *interval_settings(ci_prob, ci_kind))

    def curve(
        self, who: str | None = None, *, bins: int = 5, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Compare stated chances with the share that occurred, and with what recalibration makes of them.

        Parameters
        ----------
        who : str, optional
            One of the experts; all of them where not given.
        bins : int
            Number of intervals of equal length into which stated chances are sorted.
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            One row per interval with a case. cases; stated: mean stated chance; occurred: share that occurred, with the
            interval of a share of that number of cases (Jeffreys); recalibrated: mean chance after recalibration, with
            its interval.
        """
        return curve_table(self._record, who, bins, *interval_settings(ci_prob, ci_kind))

    def hit_rate(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Count how often amounts lay within their interval, as stated and as recalibrated.

        A case's recalibrated interval is learned from the other cases: its own is taken out of the posterior by
        importance weights (Ionides 2008, Truncated importance sampling, JCGS 17).

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            One row each, and one for all. should: the interval's probability; won: cases with an amount; stated and
            recalibrated: share of hits, with the interval of a share of that number of cases (Jeffreys).
        """
        return hit_table(self._record, *interval_settings(ci_prob, ci_kind))

    def correlation(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
        """How strongly are errors about one amount correlated? From opportunities that several experts judged.

        Errors are those that are left after recalibration by the posterior's mean; the correlation is the same for each
        pair, and uniform from 0 to 1 before.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.Series
            opportunities that count; correlation: posterior mean, with its interval.

        Raises
        ------
        InputError
            If no opportunity that was won was judged by several experts.
        """
        return learned_correlation(self._record, *interval_settings(ci_prob, ci_kind))

    def rank(
        self, measure: Measure = "chances", *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Rank the experts by how good their judgements were, as they were stated.

        Parameters
        ----------
        measure : {"chances", "amounts"}
            The Brier score of stated chances, or the continuous ranked probability score (CRPS) of stated amounts on
            the scale of logarithms. Both are proper: an expert gains nothing by stating something else than they
            believe. The lower the better.
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            The best first. cases that count; score: mean in the long run, with its interval; probability_best.
            The scores of all experts count as two more cases of each.
        """
        return rank_table(self._record, measure, *interval_settings(ci_prob, ci_kind))

    def weights(self, names: Iterable[str]) -> dict[str, float]:
        """Weights of experts in a pool: 1 / Brier score; without a record, the mean score of all cases counts.

        Parameters
        ----------
        names : iterable of str
            Experts; one without a record is taken for any expert with one.

        Returns
        -------
        dict of float
            By name; they add up to 1.
        """
        return weights_by_score(self._record, names)

    def _experts(self, judged: FutureValuePriors, given: Any) -> list[str | None]:
        """The expert of each judgement; None where none is named."""
        if given is None and not self._is_named(judged.table):
            raise JudgementError(
                _(
                    "The judgements have no column {by!r}. Name who judged each with who=, in the order of the rows.",
                    by=self.by,
                )
            )
        values = list(judged.table[self.by] if given is None else given)
        if len(values) != len(judged):
            number = counted(len(judged), "judgement")
            raise JudgementError(
                _("who= has {number:,} names for {number_2}. Give one for each.", number=len(values), number_2=number)
            )
        return [None if pd.isna(value) or not str(value).strip() else str(value).strip() for value in values]

    def _is_named(self, table: pd.DataFrame) -> bool:
        """Whether judgements name who made them; an expert may be nameless."""
        return self.by in table and (self.by == EXPERT or bool(table[self.by].notna().any()))

    def _page(self) -> ResultPage:
        closed, table = self._record.closed, self.summary()
        cases = counted(closed.who.size, "closed judgement")
        known = table.drop(index=NO_RECORD)
        shown = [_sentence(str(name), row) for name, row in known.head(NAMED).iterrows()]
        rest = [_("and {number:,} more", number=len(known) - NAMED)] if len(known) > NAMED else []
        head = _(
            "{cases} of {judges}, {number:,} won", cases=cases, judges=self._record.judges, number=int(closed.won.sum())
        )
        return ResultPage([head, *shown, *rest, str(self.diagnose())])


def _sentence(name: str, row: pd.Series) -> str:
    """Describe the outcomes of an expert's judgements in plain numbers."""
    return _(
        "{name} ({cases}): of chances stated as {stated}, {occurs} occur; amounts are {amount_factor} "
        "times those stated; intervals must be {spread_factor} times as wide",
        name=name,
        cases=counted(int(row["cases"]), "case"),
        stated=percent(row["stated"]),
        occurs=percent(row["occurs"]),
        amount_factor=three_digits(row["amount_factor"]),
        spread_factor=three_digits(row["spread_factor"]),
    )
