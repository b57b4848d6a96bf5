"""What a record of closed judgements says of who made them, and what it makes of their next ones."""

import difflib
import json
import warnings
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
from ltv_bayes.errors import DataWarning, FitError, JudgementError, counted, listed
from ltv_bayes.formatting import percent, three_digits
from ltv_bayes.formulas.beliefs.closed_judgements import ClosedJudgements, within_certain
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, interval_settings
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.track_record.outcomes import correlation, curve, hit_rate
from ltv_bayes.judgement.track_record.scores import rank, score_draws, weights
from ltv_bayes.judgement.track_record.table_cells import median_cells
from ltv_bayes.judgement.valuing.adjustments import Adjustment, Adjustments
from ltv_bayes.predictions.fitted import UNCONVERGED
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.tables import Printed, ResultPage

MODEL = "judgement_calibration"
ANYBODY_ELSE = "(anybody else)"
EXPERT = "expert"
NAMED = 10


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Printed):
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
        if name in self.places:
            own = drawn.isel(who=self.places[name])
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
        unknown = [name for name in dict.fromkeys(names) if name is not None and name not in self.places]
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
            comes = change.chance(within_certain(stated))
            rows.append(
                {"cases": number, "won": came, "says": stated}
                | median_cells("comes", comes, prob, kind)
                | median_cells("amount_factor", np.exp(change.shift), prob, kind)
                | median_cells("spread_factor", change.spread, prob, kind)
            )
        table = pd.DataFrame(rows, index=pd.Index([*names, ANYBODY_ELSE], name=self.by))
        return flagged(table, self.caution)

    # Methods like the others: functions of a calibration, each written with its docstring in another file.
    curve = curve
    hit_rate = hit_rate
    correlation = correlation
    rank = rank
    weights = weights
    score_draws = score_draws

    @cached_property
    def places(self) -> dict[Any, int]:
        """Everybody's position among the names."""
        return {name: place for place, name in enumerate(self.names)}

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

    def _page(self) -> ResultPage:
        record, table = self.record, self.summary()
        cases = counted(record.who.size, "closed judgement")
        known = table.drop(index=ANYBODY_ELSE)
        shown = [_sentence(str(name), row) for name, row in known.head(NAMED).iterrows()]
        rest = [f"and {len(known) - NAMED:,} more"] if len(known) > NAMED else []
        heading = f"{cases} of {self.judges}, {int(record.won.sum()):,} won"
        return ResultPage([heading, *shown, *rest, str(self.diagnose())])


def _sentence(name: str, row: pd.Series) -> str:
    """Say in plain numbers what comes of one's judgements."""
    return (
        f"{name} ({counted(int(row['cases']), 'case')}): says {percent(row['says'])}, {percent(row['comes'])} come; "
        f"amounts are {three_digits(row['amount_factor'])} times those stated; "
        f"intervals must be {three_digits(row['spread_factor'])} times as wide"
    )


def _flat(values: xr.DataArray) -> Array:
    return values.transpose("chain", "draw").to_numpy().astype(float).ravel()


def _size(drawn: xr.Dataset) -> int:
    return drawn.sizes["chain"] * drawn.sizes["draw"]
