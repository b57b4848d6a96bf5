"""The record of some experts: their closed judgements, and posterior draws of their biases."""

import datetime as dt
import difflib
import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import xarray as xr

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import DataWarning, counted, listed
from ltv_bayes.formulas.beliefs.closed_judgements import ClosedJudgements
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.valuing.adjustments import Adjustment
from ltv_bayes.language import _, _n
from ltv_bayes.predictions.fitted import UNCONVERGED
from ltv_bayes.random_streams import customer_stream

MODEL = "judgement_calibration"
EXPERT = "expert"


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """What the tree of a `Calibration` holds, by name.

    Attributes
    ----------
    idata : xarray.DataTree
        Group ``posterior``: intercept, slope, shift and spread of shape (chain, draw, who), and means and sds over all
        experts; group ``record``: the closed judgements.
    """

    idata: xr.DataTree

    @classmethod
    def of(cls, tree: xr.DataTree, closed: ClosedJudgements, opportunity: np.ndarray, **attrs: Any) -> Self:
        """Put posterior draws and the closed judgements that they are learned from together."""
        columns = {name: ("case", values) for name, values in vars(closed).items() if name != "names"}
        made = tree.copy()
        made["posterior"] = made["posterior"].to_dataset().drop_vars("who", errors="ignore")
        made["record"] = xr.DataTree(xr.Dataset({**columns, "opportunity": ("case", opportunity)}))
        made.attrs.update(model=MODEL, names=json.dumps(closed.names, ensure_ascii=False), **attrs)
        return cls(made)

    @cached_property
    def names(self) -> list[str]:
        """The experts, or whatever else judged."""
        return list(json.loads(self.idata.attrs["names"]))

    @cached_property
    def places(self) -> dict[Any, int]:
        """Position of each expert among the names."""
        return {name: place for place, name in enumerate(self.names)}

    @property
    def by(self) -> str:
        """The column that names who judged."""
        return str(self.idata.attrs["by"])

    @property
    def judges(self) -> str:
        """The number of experts, with their noun."""
        return counted(len(self.names), self.by, None if self.by.isascii() else self.by)

    @property
    def interval(self) -> float:
        """Probability with which amounts were meant to lie between low and high."""
        return float(self.idata.attrs["interval"])

    @property
    def closed_until(self) -> dt.date | None:
        """The day on which the last judgement was closed; None where not all say when."""
        day = self.idata.attrs.get("closed_until")
        return dt.date.fromisoformat(day) if day else None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of chains and of draws per chain."""
        sizes = self.idata["posterior"].sizes
        return sizes["chain"], sizes["draw"]

    @property
    def size(self) -> int:
        """Number of draws in all."""
        return self.shape[0] * self.shape[1]

    @cached_property
    def closed(self) -> ClosedJudgements:
        """The closed judgements."""
        columns = self.idata["record"].to_dataset()
        who, won = columns["who"].to_numpy().astype(np.int64), columns["won"].to_numpy().astype(bool)
        numbers = {name: columns[name].to_numpy().astype(float) for name in ("log_error", "below", "above")}
        return ClosedJudgements(tuple(self.names), who, columns["probability"].to_numpy(), won, **numbers)

    @property
    def diagnostics(self) -> Diagnostics:
        """Whether the draws converged."""
        return Diagnostics.from_json(self.idata.attrs["diagnostics"])

    @property
    def caution(self) -> str:
        """What every table made from these draws must state; empty when there is nothing."""
        return "" if self.diagnostics.converged else UNCONVERGED

    def random(self, purpose: str, name: Any) -> np.random.Generator:
        """Random numbers for one purpose and one name, the same at each call."""
        return customer_stream(int(self.idata.attrs["random_seed"]), purpose, name)

    def change(self, name: str | None) -> Adjustment:
        """What is done to the judgements of an expert, arrays of shape (chains * draws,).

        An expert without a record is drawn from the distribution of all those with one: in each draw another expert of
        their kind, but none with worse intervals than the worst of them. Without that limit the mean of an amount would
        not exist.
        """
        drawn = self.idata["posterior"].to_dataset()
        if name in self.places:
            own = drawn.isel(who=self.places[name])
            return Adjustment(*(_flat(own[part]) for part in ("intercept", "slope", "shift", "spread")))
        rng = self.random("without a record", name)

        def another(part: str) -> Array:
            return _flat(drawn[f"mean_{part}"]) + _flat(drawn[f"sd_{part}"]) * rng.standard_normal(self.size)

        spread = np.minimum(np.exp(another("log_spread")), _flat(drawn["spread"].max("who", skipna=False)))
        return Adjustment(another("intercept"), np.exp(another("log_slope")), another("shift"), spread)


def warn_of_no_record(record: TrackRecord, names: Iterable[str | None]) -> None:
    """Warn of names without a record, with the name that was probably meant.

    Warns
    -----
    DataWarning
        Naming them.
    """
    unknown = [name for name in dict.fromkeys(names) if name is not None and name not in record.places]
    if not unknown:
        return
    plain = {name.casefold(): name for name in record.names}
    near = {name: difflib.get_close_matches(name.casefold(), plain, n=1, cutoff=0.7) for name in unknown}
    shown = [
        _("{name!r} (did you mean {meant!r}?)", name=name, meant=plain[near[name][0]]) if near[name] else repr(name)
        for name in unknown
    ]
    noun = "name" if record.by == EXPERT else record.by
    warnings.warn(
        _n(
            "{names} without a record: {shown}. It is taken for any expert with one; correct what is misspelt.",
            "{names} without a record: {shown}. They are taken for any expert with one; correct what is misspelt.",
            len(unknown),
            names=counted(len(unknown), noun, None if noun.isascii() else noun),
            shown=listed(shown),
        ),
        DataWarning,
        stacklevel=3,
    )


def _flat(values: xr.DataArray) -> Array:
    return values.transpose("chain", "draw").to_numpy().astype(float).ravel()
