"""What a record of closed judgements says of who made them, and what it makes of their next ones."""

import difflib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from ltv_bayes import posterior
from ltv_bayes.data.closed_judgements import ClosedJudgements, within_certain
from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import DataWarning, FitError, InputError, JudgementError, counted, listed, suggestion
from ltv_bayes.formatting import percent, three_digits
from ltv_bayes.formulas.pooling import correlation_posterior
from ltv_bayes.formulas.scores import brier, log_amount_crps, mean_score_draws
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import flagged, interval_settings
from ltv_bayes.judgement.adjustments import Adjustment, Adjustments
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.table_cells import LEVELS, mean_cells, median_cells, share_cells
from ltv_bayes.predictions.fitted import UNCONVERGED
from ltv_bayes.random_streams import customer_stream

MODEL = "judgement_calibration"
ANYBODY_ELSE = "(anybody else)"
EXPERT = "expert"
EVERYBODY = "(all)"
NAMED = 10
LOWEST_SCORE = 1e-3

Measure = Literal["chances", "amounts"]
MEASURES = ("chances", "amounts")


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """What came of closed judgements, expert by expert, and how it changes new ones.

    Made by `calibrate_judgements`, or read from a file by `Calibration.load`.

    Attributes
    ----------
    idata : xarray.DataTree
        Group ``posterior``: intercept, slope, shift and spread of shape (chain, draw, who), and means and sds over all
        experts; group ``record``: the closed judgements.
    """

    idata: xr.DataTree

    @classmethod
    def of(cls, tree: xr.DataTree, closed: ClosedJudgements, opportunity: np.ndarray, **attrs: Any) -> Self:
        """Put posterior draws and the closed judgements they came from together."""
        columns = {name: ("case", values) for name, values in vars(closed).items() if name != "names"}
        made = tree.copy()
        made["posterior"] = made["posterior"].to_dataset().drop_vars("who", errors="ignore")
        made["record"] = xr.DataTree(xr.Dataset({**columns, "opportunity": ("case", opportunity)}))
        made.attrs.update(model=MODEL, names=json.dumps(closed.names, ensure_ascii=False), **attrs)
        return cls(made)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. PyMC is not needed.

        Raises
        ------
        FitError
            If there is no such file, or it holds something else.
        """
        tree = posterior.load(path)
        if tree.attrs.get("model") != MODEL:
            raise FitError(f"{path} holds no calibration of judgements. Save one with calibration.save(path).")
        return cls(tree)

    def save(self, path: str | Path) -> Path:
        """Write draws, closed judgements, settings and verdict to a netCDF file, which `Calibration.load` reads."""
        return posterior.save(self.idata, path)

    @property
    def names(self) -> list[str]:
        """Who judged."""
        return list(json.loads(self.idata.attrs["names"]))

    @property
    def by(self) -> str:
        """The column that says who judged."""
        return str(self.idata.attrs["by"])

    @property
    def judges(self) -> str:
        """How many there are, with their noun."""
        return counted(len(self.names), self.by, None if self.by.isascii() else self.by)

    @property
    def interval(self) -> float:
        """Probability with which amounts were meant to lie between low and high."""
        return float(self.idata.attrs["interval"])

    @property
    def shape(self) -> tuple[int, int]:
        """Number of chains and of draws per chain."""
        sizes = self.idata["posterior"].sizes
        return sizes["chain"], sizes["draw"]

    @cached_property
    def record(self) -> ClosedJudgements:
        """The closed judgements."""
        columns = self.idata["record"].to_dataset()
        who, won = columns["who"].to_numpy().astype(np.int64), columns["won"].to_numpy().astype(bool)
        numbers = {name: columns[name].to_numpy().astype(float) for name in ("log_error", "below", "above")}
        return ClosedJudgements(tuple(self.names), who, columns["probability"].to_numpy(), won, **numbers)

    def diagnose(self) -> Diagnostics:
        """Say whether the draws converged."""
        return Diagnostics.from_json(self.idata.attrs["diagnostics"])

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against the draws."""
        return self.diagnose().converged

    @property
    def caution(self) -> str:
        """What every table made from this fit must say; empty when there is nothing."""
        return "" if self.converged else UNCONVERGED

    def change(self, name: str | None) -> Adjustment:
        """What happens to the judgements of somebody, arrays of shape (chains * draws,).

        Somebody without a record is drawn from all those with one: each draw has another expert of their kind, but none
        whose intervals are worse than the worst of them. Without that limit the mean of an amount would not exist.
        """
        drawn = self.idata["posterior"].to_dataset()
        if name in self._places:
            own = drawn.isel(who=self._places[name])
            return Adjustment(*(_flat(own[part]) for part in ("intercept", "slope", "shift", "spread")))
        rng = customer_stream(int(self.idata.attrs["random_seed"]), "without a record", name)

        def another(part: str) -> Array:
            return _flat(drawn[f"mean_{part}"]) + _flat(drawn[f"sd_{part}"]) * rng.standard_normal(_size(drawn))

        spread = np.minimum(np.exp(another("log_spread")), _flat(drawn["spread"].max("who")))
        return Adjustment(another("intercept"), np.exp(another("log_slope")), another("shift"), spread)

    def recalibrate(self, judged: FutureValuePriors, *, who: Any = None) -> FutureValuePriors:
        """Pass new judgements through what came of earlier ones, draw by draw.

        Parameters
        ----------
        judged : FutureValuePriors
            New judgements.
        who : sequence, optional
            Who judged each, in the order of the rows; the column ``by`` of the judgements where not given. Needed where
            calibration was by something else than the expert.

        Returns
        -------
        FutureValuePriors
            The same judgements with adjustments, which `lifetime_value` uses. Somebody without a record is taken for
            one of those with one, drawn anew in each draw. Chances below 1% count as 1%, those above 99% as 99%.

        Raises
        ------
        JudgementError
            If the judgements have been recalibrated before, or do not say who made them.

        Warns
        -----
        DataWarning
            If somebody named has no record, or more than half of what a judgement is expected to bring comes from one
            draw in a hundred: the record is too short to say how wide its interval must be.
        """
        if judged.adjustments is not None:
            raise JudgementError("These judgements have been recalibrated or pooled before. Pass the stated ones.")
        names = self._who(judged, who)
        self.warn_of_no_record(names)
        entries = list(dict.fromkeys(names))
        changes = [self.change(name) for name in entries]
        stacked = (np.stack(part).reshape(len(entries), *self.shape) for part in zip(*changes, strict=True))
        adjustments = Adjustments(np.array([entries.index(name) for name in names]), *stacked)
        stated = judged.table["probability"]
        table = judged.table.assign(stated_probability=stated, probability=within_certain(stated))
        return replace(judged, table=table).adjusted(adjustments)

    def warn_of_no_record(self, names: Iterable[str | None]) -> None:
        """Warn of names without a record, with the name that was probably meant.

        Warns
        -----
        DataWarning
            Naming them.
        """
        unknown = [name for name in dict.fromkeys(names) if name is not None and name not in self._places]
        if not unknown:
            return
        plain = {name.casefold(): name for name in self.names}
        near = {name: difflib.get_close_matches(name.casefold(), plain, n=1, cutoff=0.7) for name in unknown}
        said = [f"{name!r}{f' (did you mean {plain[near[name][0]]!r}?)' if near[name] else ''}" for name in unknown]
        noun = "name" if self.by == EXPERT else self.by
        warnings.warn(
            f"{counted(len(unknown), noun, None if noun.isascii() else noun)} without a record: {listed(said)}. "
            f"{'It is' if len(unknown) == 1 else 'They are'} taken for anybody with one; correct what is misspelt.",
            DataWarning,
            stacklevel=3,
        )

    def summary(self, stated: float = 0.6, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Say what comes of each one's judgements.

        Parameters
        ----------
        stated : float
            The stated chance of which ``comes`` speaks.
        ci_prob, ci_kind
            Interval, as in `FittedModel.summary`.

        Returns
        -------
        pandas.DataFrame
            One row each, and one for anybody without a record. cases, won; says: ``stated``; comes: the share that
            comes of what is stated so; amount_factor: amounts that come, as a multiple of those stated; spread_factor:
            how many times as wide intervals must be, on the scale of logarithms. Medians of the draws, with intervals.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        names, record = self.names, self.record
        cases, won = (np.bincount(record.who[at], minlength=len(names)) for at in (record.won >= 0, record.won))
        rows = []
        for name, number, came in [*zip(names, cases, won, strict=True), (ANYBODY_ELSE, 0, 0)]:
            change = self.change(name)
            comes = _recalibrated(change, np.array([stated]))[0]
            rows.append(
                {"cases": number, "won": came, "says": stated}
                | median_cells("comes", comes, prob, kind)
                | median_cells("amount_factor", np.exp(change.shift), prob, kind)
                | median_cells("spread_factor", change.spread, prob, kind)
            )
        table = pd.DataFrame(rows, index=pd.Index([*names, ANYBODY_ELSE], name=self.by))
        return flagged(table, self.caution)

    def curve(
        self,
        who: str | None = None,
        *,
        bins: int = 5,
        ci_prob: float | None = None,
        ci_kind: str | None = None,
    ) -> pd.DataFrame:
        """Compare stated chances with the share that came, and with what recalibration makes of them.

        Parameters
        ----------
        who : str, optional
            One of those who judged; all of them where not given.
        bins : int
            Stretches of equal length into which stated chances are sorted.

        Returns
        -------
        pandas.DataFrame
            One row per stretch with a case. cases; said: mean stated chance; came: share that came, with the interval
            that so few cases leave (Jeffreys); recalibrated: mean chance after recalibration, with its interval.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        if not (isinstance(bins, int) and bins >= 1):
            raise InputError(f"bins must be a whole number of at least 1, not {bins!r}.")
        record, chosen = self.record, self._cases_of(who)
        stretch = np.minimum((record.probability * bins).astype(int), bins - 1)
        rows = {}
        for number in np.unique(stretch[chosen]):
            at = chosen & (stretch == number)
            drawn = [_recalibrated(change, record.probability[cases]).sum(axis=0) for change, cases in self._parts(at)]
            rows[f"{number / bins:.0%} to {(number + 1) / bins:.0%}"] = (
                {"cases": int(at.sum()), "said": record.probability[at].mean()}
                | share_cells("came", record.won[at], prob, kind)
                | median_cells("recalibrated", np.sum(drawn, axis=0) / at.sum(), prob, kind)
            )
        return flagged(pd.DataFrame.from_dict(rows, orient="index").rename_axis("stated"), self.caution)

    def hit_rate(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Count how often amounts that came lay within their interval, as stated and as recalibrated.

        A case's recalibrated interval is learned from the other cases: its own is taken out of the posterior by
        importance weights (Ionides 2008, Truncated importance sampling, JCGS 17).

        Returns
        -------
        pandas.DataFrame
            One row each, and one for all. should: the interval's probability; won: cases with an amount; stated and
            recalibrated: share of hits, with the interval that so few cases leave (Jeffreys).
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        edge = (1 - self.interval) / 2
        hits = {name: (edge <= level) & (level <= 1 - edge) for name, level in self._levels().items()}
        rows = {}
        for name in (*self.names, EVERYBODY):
            at = self._cases_of(None if name == EVERYBODY else name)[self.record.won]
            rows[name] = {"won": int(at.sum()), "should": self.interval}
            for source, hit in hits.items():
                rows[name] |= share_cells(source, hit[at], prob, kind)
        return flagged(pd.DataFrame.from_dict(rows, orient="index").rename_axis(self.by), self.caution)

    def rank(
        self, measure: Measure = "chances", *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Rank those who judged by how good their statements were, as they were stated.

        Parameters
        ----------
        measure : {"chances", "amounts"}
            The Brier score of stated chances, or the continuous ranked probability score (CRPS) of stated amounts on
            the scale of logarithms. Both are proper: nobody gains by stating something else than they believe. The
            lower the better.

        Returns
        -------
        pandas.DataFrame
            The best first. cases that count; score: mean in the long run, with its interval; probability_best.
            Everybody's scores count as two more cases of each.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        cases, drawn = self.score_draws(measure)
        best = np.bincount(drawn.argmin(axis=0), minlength=len(cases)) / drawn.shape[1]
        rows = [
            {"cases": number} | mean_cells("score", one, prob, kind) for number, one in zip(cases, drawn, strict=True)
        ]
        table = pd.DataFrame(rows, index=pd.Index(self.names, name=self.by)).assign(probability_best=best)
        return flagged(table.sort_values("score", kind="stable"), self.caution)

    def weights(self, names: Iterable[str]) -> dict[str, float]:
        """Weigh some experts by their record: 1 / Brier score, everybody's for whoever has none."""
        _, drawn = self.score_draws("chances")
        everybody = float(np.mean(brier(self.record.probability, self.record.won.astype(float))))
        scores = {
            name: float(drawn[self._places[name]].mean()) if name in self._places else everybody for name in names
        }
        return {name: 1 / max(score, LOWEST_SCORE) for name, score in scores.items()}

    def correlation(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
        """How far do errors about one amount go together? From opportunities that several of them judged.

        Errors are those that are left after recalibration by the posterior's mean; the correlation is the same for each
        pair, and any from 0 to 1 is as likely before.

        Returns
        -------
        pandas.Series
            opportunities that count; correlation: posterior mean, with its interval.

        Raises
        ------
        InputError
            If no opportunity that came was judged by several of them.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        groups = self._errors_together()
        if not groups:
            raise InputError(
                "No opportunity that came was judged by several experts, so their correlation cannot be learned. Name "
                "opportunities in the history (columns customer_id, opportunity), or give correlation= as a number."
            )
        grid, weights = correlation_posterior(groups)
        drawn = np.interp(LEVELS, np.cumsum(weights), grid)
        return pd.Series({"opportunities": len(groups)} | mean_cells("correlation", drawn, prob, kind))

    def score_draws(self, measure: Measure = "chances") -> tuple[IntArray, Array]:
        """What each one's mean score may be: number of cases, and draws of shape (names, draws)."""
        if measure not in MEASURES:
            raise InputError(f"measure {measure!r} is unknown. {suggestion(str(measure), MEASURES)}")
        record = self.record
        if measure == "chances":
            who, scores = record.who, brier(record.probability, record.won.astype(float))
        else:
            won = record.won
            who, scores = record.who[won], log_amount_crps(record.log_error[won], record.below[won], record.above[won])
        if not scores.size:
            raise InputError("Nothing came of any judgement, so amounts cannot be ranked. Rank by 'chances'.")
        rng = customer_stream(int(self.idata.attrs["random_seed"]), "scores", measure)
        places, size = range(len(self.names)), self.shape[0] * self.shape[1]
        drawn = np.stack([mean_score_draws(scores[who == place], scores, size, rng) for place in places])
        return np.bincount(who, minlength=len(self.names)), drawn

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {name: place for place, name in enumerate(self.names)}

    def _cases_of(self, who: str | None) -> np.ndarray:
        if who is None:
            return np.ones(self.record.who.size, dtype=bool)
        if who not in self._places:
            raise InputError(f"There is no closed judgement of {who!r}. {suggestion(str(who), self.names)}")
        return self.record.who == self._places[who]

    def _who(self, judged: FutureValuePriors, given: Any) -> list[str | None]:
        """Who judged each; None where nobody is named."""
        if given is None and not self._is_said(judged.table):
            raise JudgementError(
                f"The judgements have no column {self.by!r}. Say who judged each with who=, in the order of the rows."
            )
        values = list(judged.table[self.by] if given is None else given)
        if len(values) != len(judged):
            number = counted(len(judged), "judgement")
            raise JudgementError(f"who= has {len(values):,} names for {number}. Give one for each.")
        return [None if pd.isna(value) or not str(value).strip() else str(value).strip() for value in values]

    def _is_said(self, table: pd.DataFrame) -> bool:
        """Whether judgements say who made them; an expert may be nameless."""
        return self.by in table and (self.by == EXPERT or bool(table[self.by].notna().any()))

    def _parts(self, at: np.ndarray) -> Iterator[tuple[Adjustment, np.ndarray]]:
        """Sort the chosen cases by who judged them, with what happens to those."""
        for name, place in self._places.items():
            cases = np.flatnonzero(at & (self.record.who == place))
            if cases.size:
                yield self.change(name), cases

    def _errors_together(self) -> list[Array]:
        """Standardised errors of amounts that came, of each opportunity that several judged."""
        record, opportunity = self.record, self.idata["record"]["opportunity"].to_numpy()
        shift, log_spread = np.zeros(len(self.names)), np.zeros(len(self.names))
        for name, place in self._places.items():
            change = self.change(name)
            shift[place], log_spread[place] = change.shift.mean(), np.log(change.spread).mean()
        error = record.log_error - shift[record.who]
        error = error / (np.where(error < 0, record.below, record.above) * np.exp(log_spread[record.who]))
        at = record.won & (opportunity >= 0)
        grouped = pd.Series(error[at]).groupby(opportunity[at])
        return [one.to_numpy() for _, one in grouped if len(one) > 1]

    def _levels(self) -> Mapping[str, Array]:
        """Where each amount that came lay in its distribution, as stated and as recalibrated: 0 to 1."""
        record = self.record
        side = np.where(record.log_error < 0, record.below, record.above)
        recalibrated = np.empty(record.who.size)
        for change, cases in self._parts(record.won):
            for case in cases:
                stated = record.log_error[case], record.below[case], record.above[case]
                recalibrated[case] = _level_without(change, *stated)
        levels = {"stated": special.ndtr(record.log_error / side), "recalibrated": recalibrated}
        return {source: each[record.won] for source, each in levels.items()}

    def __repr__(self) -> str:
        record, table = self.record, self.summary()
        cases = counted(record.who.size, "closed judgement")
        known = table.drop(index=ANYBODY_ELSE)
        shown = [_sentence(str(name), row) for name, row in known.head(NAMED).iterrows()]
        rest = [f"and {len(known) - NAMED:,} more"] if len(known) > NAMED else []
        return "\n".join(
            [f"{cases} of {self.judges}, {int(record.won.sum()):,} won", *shown, *rest, str(self.diagnose())]
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)).replace(chr(10), '<br>')}</p>"


def _sentence(name: str, row: pd.Series) -> str:
    """Say in plain numbers what comes of one's judgements."""
    return (
        f"{name} ({counted(int(row['cases']), 'case')}): says {percent(row['says'])}, {percent(row['comes'])} come; "
        f"amounts are {three_digits(row['amount_factor'])} times those stated; "
        f"intervals must be {three_digits(row['spread_factor'])} times as wide"
    )


def _recalibrated(change: Adjustment, probability: Array) -> Array:
    """Chances after recalibration, of shape (cases, draws)."""
    odds = special.logit(within_certain(probability))
    return special.expit(change.intercept + change.slope * odds[:, np.newaxis])


def _level_without(change: Adjustment, error: float, below: float, above: float) -> float:
    """Where an amount lies in the distribution that the other cases make, 0 to 1."""
    sd = change.spread * np.where(error < change.shift, below, above)
    z = (error - change.shift) / sd
    weights = sd * np.exp(z**2 / 2 - np.min(z**2 / 2))
    weights = np.minimum(weights, weights.mean() * np.sqrt(weights.size))
    return float(weights @ special.ndtr(z) / weights.sum())


def _flat(values: xr.DataArray) -> Array:
    return values.transpose("chain", "draw").to_numpy().astype(float).ravel()


def _size(drawn: xr.Dataset) -> int:
    return drawn.sizes["chain"] * drawn.sizes["draw"]
