"""What every fitted model has: its draws, its verdict, a summary, a file."""

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes import posterior
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import ColumnError, DataWarning, FitError, InputError, UnitError
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.intervals import flagged, summarize_draws
from ltv_bayes.predictions.groups import GroupDraws, Pooling
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.sizes import available_cores
from ltv_bayes.time_units import TimeUnit, as_time_unit

UNCONVERGED = "fit did not converge"
LONG_NAMES = {
    "mean_rate": "mean rate of orders",
    "mean_spend": "mean value of an order",
    "dropout_mean": "chance of leaving after an order",
    "churn_mean": "chance of leaving at a renewal",
}
OURS = str(Path(__file__).parents[1])
LARGEST_ARRAY = 8 * 2**30
CHUNK = 64


@dataclass(frozen=True, repr=False)
class FittedModel:
    """Posterior draws with what the fit remembers of itself; the interface of every fitted model.

    Attributes
    ----------
    idata : xarray.DataTree
        ArviZ layout: group ``posterior`` with variables of shape (chain, draw), ``sample_stats`` beside it.
    default_model : str
        The model of draws that do not name theirs.
    """

    idata: xr.DataTree
    default_model: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]

    @classmethod
    def from_draws(cls, draws: Mapping[str, Any], **attrs: Any) -> Self:
        """Make a fitted model from parameter draws of shape (chains, draws), however they were made."""
        return cls(posterior.tree_from_draws(draws, {"model": cls.default_model, **attrs}))

    def __post_init__(self) -> None:
        for name, values in posterior.parameter_draws(self.idata, self.parameters).items():
            if not (np.isfinite(values) & (values > 0)).all():
                raise FitError(f"{name} must be above 0 and finite in every draw.")

    @property
    def model(self) -> str:
        """The name of the model whose parameters these are."""
        return str(self.idata.attrs.get("model", self.default_model))

    @property
    def draws(self) -> dict[str, np.ndarray]:
        """The parameters' draws, each of shape (chains, draws)."""
        return posterior.parameter_draws(self.idata, self.parameters)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of chains and of draws per chain."""
        sizes = self.idata["posterior"].sizes
        return sizes["chain"], sizes["draw"]

    def flat_draws(self) -> dict[str, np.ndarray]:
        """The parameters' draws with chains joined, each of shape (chains * draws,)."""
        return {name: values.ravel() for name, values in self.draws.items()}

    def mixed(self, shape: tuple[int, int], seed: int, purpose: str) -> Self:
        """So many of the draws, in a random order that belongs to a purpose.

        Fits are paired draw by draw as if they were independent, which they are not in the order of their drawing if
        one seed made both.

        Parameters
        ----------
        shape : (int, int)
            Chains, and draws per chain.
        """
        chains, draws = shape
        order = order_of_draws(shape, seed, purpose)
        return type(self)(posterior.reordered(self.thin(draws, chains).idata, order))

    @property
    def pooling(self) -> Pooling | None:
        """How parameters differ between customers; None where they do not."""
        return Pooling.of(self.idata)

    def of_segment(self, values: Mapping[str, Any] | Any = None, **more: Any) -> Self:
        """The fit of one segment: a fit whose customers all have its parameters.

        Parameters
        ----------
        values, more
            Segment by column, and numbers of covariates: ``fit.of_segment(industry="Energy")``, or a mapping where
            names of columns are no words; or the segment alone, where there is one column of them. A column that is not
            named counts as typical: no effect of its segments, or the mean of the covariate. A segment that the fit has
            not seen is drawn from the distribution of segments.

        Returns
        -------
        fitted model
            With ``*_new_customer`` forecasts of this segment.

        Raises
        ------
        ColumnError
            If the fit is not pooled by a column.
        InputError
            If a covariate is no number, or so far from the customers fitted that parameters have no bounds.

        Warns
        -----
        DataWarning
            If a covariate lies far outside the customers fitted.
        """
        pooling = self.pooling
        if pooling is None:
            raise ColumnError("The fit is not pooled, so all segments have the same parameters. Fit with pool_by=.")
        given = {} if values is None else values if isinstance(values, Mapping) else pooling.named(values)
        cells = pooling.cell({**given, **more})
        if pooling.scales:
            at_typical = cells.fillna(dict.fromkeys(pooling.by, "typical"))
            self.check_covariates([at_typical.set_axis(["given"], axis="index")], "segment")
        drawn = pooling.parameters(self.idata["posterior"].to_dataset(), cells)
        attrs = {str(name): value for name, value in self.idata.attrs.items() if name != "pooling"}
        attrs["segment"] = json.dumps(pooling.said(cells, {**given, **more}), ensure_ascii=False)
        shaped = {name: found[0].reshape(self.shape) for name, found in drawn.items()}
        return type(self)(posterior.tree_from_draws(shaped, attrs))

    @property
    def segment(self) -> dict[str, Any] | None:
        """What `of_segment` was asked for, by column: empty of the typical segment, None of any other fit."""
        text = self.idata.attrs.get("segment")
        return None if text is None else dict(json.loads(text))

    def segments(
        self, column: str | None = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Natural quantities of each segment of a column, other columns taken as typical.

        Parameters
        ----------
        column : str, optional
            Where the fit is pooled by several.

        Returns
        -------
        pandas.DataFrame
            Indexed by quantity and segment: customers, mean, sd, median, interval.
        """
        drawn = self.segment_draws(column)
        name = str(next(dim for dim in drawn.dims if dim not in ("chain", "draw")))
        tables = {
            quantity: summarize_draws(values, ci_prob=ci_prob, ci_kind=ci_kind) for quantity, values in drawn.items()
        }
        table = pd.concat(tables, names=["quantity", name])
        number = drawn["customers"].to_series().reindex(table.index.get_level_values(1)).to_numpy()
        table.insert(0, "customers", number.astype(int))
        return flagged(table, self.caution)

    def segment_draws(self, column: str | None = None) -> xr.Dataset:
        """Draws of natural quantities, such as the mean rate, of each segment: arrays (chain, draw, segment).

        ``customers`` along the segments is how many the fit had of each.
        """
        pooling = self.pooling
        if pooling is None or not pooling.by:
            raise ColumnError("The fit is not pooled by segments. Fit with pool_by=.")
        name = pooling.column(column)
        levels = list(pooling.customers[name])
        cells = pd.concat([pooling.cell({name: level}) for level in levels], ignore_index=True)
        drawn = pooling.quantities(self.idata["posterior"].to_dataset(), cells)
        found = {
            quantity: (("chain", "draw", name), values.T.reshape(*self.shape, len(levels)), self._described(quantity))
            for quantity, values in drawn.items()
        }
        coords = {"chain": np.arange(self.shape[0]), "draw": np.arange(self.shape[1]), name: levels}
        number = [pooling.customers[name][level] for level in levels]
        return xr.Dataset(found, coords={**coords, "customers": (name, number)})

    def _described(self, quantity: str) -> dict[str, str]:
        """What comparisons say of a quantity: its name, its unit, and whether the draws can be trusted."""
        unit = self.idata.attrs.get("time_unit")
        units = {"mean_rate": f"per {unit}" if unit else "", "mean_spend": self.currency or ""}
        name = LONG_NAMES.get(quantity, quantity.replace("_", " "))
        return {"long_name": name, "units": units.get(quantity, ""), "caution": self.caution}

    def by_customer(self, table: pd.DataFrame, *, check: bool = True) -> dict[str, np.ndarray]:
        """Parameters of customers, by their rows: arrays of shape (chains, draws, customers or 1)."""
        if self.pooling is None:
            return {name: values[..., np.newaxis] for name, values in self.draws.items()}
        drawn = self.parameters_of(table, check=check)
        found = drawn.at(np.arange(drawn.number))
        return {name: values.T.reshape(*self.shape, -1)[..., drawn.place] for name, values in found.items()}

    def parameters_of(self, table: pd.DataFrame, noun: str = "customer", *, check: bool = True) -> GroupDraws:
        """Parameters of customers, by their rows with segments and covariates.

        Parameters
        ----------
        check : bool
            Whether covariates are to be checked; False where they have been.

        Raises
        ------
        ColumnError, InputError
            If the fit is pooled by a column that is missing, or a row has no segment or number in it.
        """
        pooling = self.pooling
        if pooling is None:
            flat = {name: values[np.newaxis] for name, values in self.flat_draws().items()}
            one = np.zeros(len(table), dtype=np.int64)
            return GroupDraws(one, 1, lambda groups: {name: values[groups] for name, values in flat.items()})
        if check:
            self.check_covariates([table], noun)
        cells, place = pooling.cells(table, noun)
        drawn = self.idata["posterior"].to_dataset()
        return GroupDraws(place, len(cells), lambda groups: pooling.parameters(drawn, cells.iloc[groups]))

    def check_covariates(self, tables: Iterable[pd.DataFrame], noun: str = "customer") -> None:
        """Warn of covariates far outside those of the customers fitted, and refuse those without any sense.

        Parameters
        ----------
        tables : iterable of DataFrame
            Rows of customers, a batch at a time.

        Raises
        ------
        InputError
            If covariates would make parameters without bounds; the message names the rows.

        Warns
        -----
        DataWarning
            If covariates lie more than 10 standard deviations from the mean of the customers fitted, and beyond all of
            them where the fit knows it.
        """
        pooling = self.pooling
        if pooling is None or not pooling.scales:
            return
        drawn = self.idata["posterior"].to_dataset()

        def rows() -> Iterator[pd.DataFrame]:
            for table in tables:
                keys = pooling.grouping.keys(table, noun)
                pooling.refuse_overflow(drawn, keys, noun)
                yield keys

        for sentence in pooling.far_outside(rows(), noun):
            warnings.warn(sentence, DataWarning, skip_file_prefixes=(OURS,))

    def thin(self, draws: int, chains: int | None = None) -> Self:
        """Keep so many draws of each chain, evenly spaced, and all chains unless said."""
        had_chains, had_draws = self.shape
        kept = min(chains or had_chains, had_chains), min(draws, had_draws)
        if kept == self.shape:
            return self
        tree, verdict = posterior.thin(self.idata, *kept), self.diagnose()
        if verdict is not None:
            fewer = replace(verdict, chains=kept[0], draws=kept[1], ess=min(verdict.ess, kept[0] * kept[1]))
            tree.attrs["diagnostics"] = fewer.to_json()
        return type(self)(tree)

    @property
    def currency(self) -> str | None:
        """Currency of the data that were fitted, where known."""
        return self.idata.attrs.get("currency") or None

    def diagnose(self) -> Diagnostics | None:
        """Say what made the draws and whether they converged; None for draws made by another tool."""
        text = self.idata.attrs.get("diagnostics")
        return None if text is None else Diagnostics.from_json(text)

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against the draws; True for draws made by another tool."""
        verdict = self.diagnose()
        return verdict is None or verdict.converged

    @property
    def caution(self) -> str:
        """What every table made from this fit must say; empty when there is nothing."""
        return "" if self.converged else UNCONVERGED

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Table of the parameters: mean, sd, median, interval, r-hat and effective sample size.

        Weighted draws have no r-hat, and one effective sample size for all parameters.

        Parameters
        ----------
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.
        """
        import arviz_stats as stats

        drawn = posterior.one_number_each(self.idata["posterior"].to_dataset())
        table = summarize_draws(drawn.to_dataarray("parameter"), ci_prob=ci_prob, ci_kind=ci_kind)
        verdict = self.diagnose()
        if verdict is not None and verdict.weighted:
            table["r_hat"], table["ess"] = np.nan, min(verdict.ess, self.shape[0] * self.shape[1])
        else:
            table["r_hat"] = [float(value) for value in stats.rhat(drawn).data_vars.values()]
            table["ess"] = [float(value) for value in stats.ess(drawn).data_vars.values()]
        return flagged(table, self.caution)

    def save(self, path: str | Path) -> Path:
        """Write draws, unit, settings and verdict to a netCDF file, which `load_fit` reads."""
        return posterior.save(self.idata, path)

    def __repr__(self) -> str:
        attrs = self.idata.attrs
        lines = [
            f"{type(self).__name__} ({self.described_model})"
            + (f", {attrs['customers']:,} customers" if "customers" in attrs else "")
            + (f", per {attrs['time_unit']}" if attrs.get("time_unit") else "")
            + (f", in {self.currency}" if self.currency else "")
        ]
        means = ", ".join(f"{name} {np.mean(values):.4g}" for name, values in self.draws.items())
        lines.append(f"posterior means{self._whose()}: {means}")
        verdict = self.diagnose()
        lines.append(str(verdict) if verdict else "draws made by another tool")
        if self.pooling is not None:
            lines.append(str(self.pooling))
        return "\n".join([*lines, *self._more_lines()])

    @property
    def described_model(self) -> str:
        """The name of the model with what tells it from others of the name."""
        return self.model

    def _whose(self) -> str:
        """Of which segment the parameters are, where there are several."""
        if self.segment:
            return f" of {', '.join(f'{name} {value}' for name, value in self.segment.items())}"
        return "" if self.pooling is None and self.segment is None else " of a typical segment"

    def _more_lines(self) -> list[str]:
        return []


def order_of_draws(shape: tuple[int, int], seed: int, purpose: str) -> IntArray:
    """The random order of a fit's draws that belongs to a purpose, an array of shape (chains * draws,).

    Examples
    --------
    >>> order_of_draws((1, 4), 1, "repeat_purchases spend").tolist()
    [3, 2, 1, 0]
    """
    return customer_stream(seed, "order of draws", purpose).permutation(shape[0] * shape[1])


def fit_attrs(
    model: str, customers: Customers | Renewals, *, time_unit: str, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What a fit remembers: the model, the data's unit, currency, date and size, and the settings."""
    import ltv_bayes

    return {
        "model": model,
        "time_unit": time_unit,
        "currency": customers.currency or "",
        "as_of": "" if customers.as_of is None else customers.as_of.isoformat(),
        "customers": len(customers),
        "settings": json.dumps(settings),
        "ltv_bayes_version": ltv_bayes.__version__,
    }


def per_customer(
    customers: Customers, shape: tuple[int, int], compute: Callable[[int, Any], np.ndarray], name: str, **attrs: Any
) -> xr.DataArray:
    """Fill an array (chain, draw, customer_id), one customer at a time, on all cores.

    Parameters
    ----------
    compute : callable
        From a customer's position and id to values of shape (chains * draws,).
    """
    require_memory(shape, len(customers))
    values = np.empty((len(customers), shape[0] * shape[1]))
    ids = list(customers.ids)

    def some(first: int) -> None:
        for position in range(first, min(first + CHUNK, len(ids))):
            values[position] = compute(position, ids[position])

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, range(0, len(ids), CHUNK)))
    return labelled(values.reshape(len(customers), *shape).transpose(1, 2, 0), customers, name, **attrs)


def labelled(values: np.ndarray, customers: Customers, name: str, **attrs: Any) -> xr.DataArray:
    """Put names on an array (chains, draws, customers)."""
    chains, draws, _ = values.shape
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "customer_id": customers.ids.to_numpy()}
    return xr.DataArray(values, dims=("chain", "draw", "customer_id"), coords=coords, name=name, attrs=attrs)


def time_unit_of(fit: FittedModel) -> TimeUnit:
    """Time unit of a fit's parameters."""
    unit = fit.idata.attrs.get("time_unit")
    if not unit:
        cure = f"{type(fit).__name__}.from_draws(..., time_unit='week')"
        raise UnitError(f"The fit has no time unit. Give it one: {cure}.")
    return as_time_unit(unit)


def with_group(tree: xr.DataTree, name: str, dataset: xr.Dataset) -> xr.DataTree:
    """Make a tree with one more group."""
    extended = tree.copy()
    extended[name] = xr.DataTree(dataset)
    return extended


def require_memory(shape: tuple[int, int], customers: int, arrays: int = 1) -> None:
    """Refuse arrays of draws that would not fit, and say how to make them smaller."""
    needed = 8 * shape[0] * shape[1] * customers * arrays
    if needed > LARGEST_ARRAY:
        fewer = max(1, LARGEST_ARRAY // (8 * shape[0] * customers * arrays))
        several = f", {arrays} arrays of them," if arrays > 1 else ""
        raise InputError(
            f"{shape[0]} x {shape[1]:,} draws for {customers:,} customers{several} need {needed / 2**30:,.1f} GiB. "
            f"Thin the fit with fit.thin(draws={fewer}), or score fewer customers at a time with "
            f"customers.subset(ids). Summaries and totals of lifetime values need no draws in memory."
        )
