"""The interface of every fitted model: posterior draws that know how they were made."""

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
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
from ltv_bayes.errors import ColumnError, DataWarning, FitError, UnitError
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.intervals import flagged, summarize_draws
from ltv_bayes.language import N_, _, as_known, comma
from ltv_bayes.predictions.groups import GroupDraws, Pooling
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import UNITS, TimeUnit, as_time_unit

OF_ALL = ("pooling", "living", "note")
"""What a fit of all customers carries that the fit of one segment does not."""
SHARED = re.compile("calendar_effect|level|season|(level|noise|season)_sd|price_(growth|level|level_sd|noise_sd)")
"""Variables of calendar effects and prices, which all customers share."""
UNCONVERGED = N_("fit did not converge")
LONG_NAMES = {
    "mean_rate": N_("mean rate of orders"),
    "mean_spend": N_("mean value of an order"),
    "dropout_mean": N_("chance of leaving after an order"),
    "first_dropout": N_("chance of leaving right after the first order"),
    "churn_mean": N_("chance of leaving at a renewal"),
}
OURS = str(Path(__file__).parents[1])


@dataclass(frozen=True, repr=False)
class FittedModel(Printed):
    """Posterior draws with a record of the fit that made them; the interface of every fitted model.

    Attributes
    ----------
    idata : xarray.DataTree
        ArviZ layout: group ``posterior`` with variables of shape (chain, draw), ``sample_stats`` beside it.
    """

    idata: xr.DataTree
    _default_model: ClassVar[str]
    _parameters: ClassVar[tuple[str, ...]]

    @classmethod
    def from_draws(cls, draws: Mapping[str, Any], **attrs: Any) -> Self:
        """Make a fit from parameter draws of shape (chains, draws); ``attrs``: model, time_unit, currency."""
        return cls(posterior.tree_from_draws(draws, {"model": cls._default_model, **attrs}))

    def __post_init__(self) -> None:
        for name, values in posterior.parameter_draws(self.idata, self._parameters).items():
            if not (np.isfinite(values) & (values > 0)).all():
                raise FitError(_("{name} must be above 0 and finite in every draw.", name=name))

    @property
    def model(self) -> str:
        """The name of the model that has these parameters."""
        return str(self.idata.attrs.get("model", self._default_model))

    @property
    def draws(self) -> dict[str, np.ndarray]:
        """The parameters' draws, each of shape (chains, draws)."""
        return posterior.parameter_draws(self.idata, self._parameters)

    def of_segment(self, values: Mapping[str, Any] | Any = None, **more: Any) -> Self:
        """The fit of one segment: a fit in which all customers have its parameters.

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
        pooling = pooling_of(self)
        if pooling is None:
            raise ColumnError(_("The fit is not pooled, so all segments have the same parameters. Fit with pool_by=."))
        given = {**({} if values is None else values if isinstance(values, Mapping) else pooling.named(values)), **more}
        cells = pooling.cell(given)
        if pooling.scales:
            at_typical = cells.fillna(dict.fromkeys(pooling.by, "typical"))
            check_covariates(self, [at_typical.set_axis(["given"], axis="index")], "segment")
        every = self.idata["posterior"].to_dataset().transpose(*posterior.SAMPLE_DIMS, ...)
        drawn, shared = pooling.parameters(every, cells), [every[name] for name in every if SHARED.fullmatch(str(name))]
        attrs = {str(name): value for name, value in self.idata.attrs.items() if name not in OF_ALL}
        attrs["segment"] = json.dumps(pooling.as_written(cells, given), ensure_ascii=False)
        shaped = {name: found[0].reshape(shape_of(self)) for name, found in drawn.items()}
        shaped |= {str(one.name): one.to_numpy() for one in shared}
        dims = {str(one.name): [str(dim) for dim in one.dims[2:]] for one in shared}
        coords = {str(name): labels for name, labels in every.coords.items()}
        return type(self)(posterior.tree_from_draws(shaped, attrs, dims=dims, coords=coords))

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
            Indexed by quantity and segment: customers, mean, sd, median, interval (``ci_prob, ci_kind``).
        """
        drawn = self.segment_draws(column)
        name = str(next(dim for dim in drawn.dims if dim not in ("chain", "draw")))
        tables = {of: summarize_draws(one, ci_prob=ci_prob, ci_kind=ci_kind) for of, one in drawn.items()}
        table = pd.concat(tables, names=["quantity", name])
        number = drawn["customers"].to_series().reindex(table.index.get_level_values(1)).to_numpy()
        table.insert(0, "customers", number.astype(int))
        return flagged(table, caution_of(self))

    def segment_draws(self, column: str | None = None) -> xr.Dataset:
        """Draws of natural quantities, such as the mean rate, of each segment of a ``column``: (chain, draw, segment).

        ``customers`` along the segments is how many the fit had of each. ColumnError if the fit is not pooled.
        """
        pooling = pooling_of(self)
        if pooling is None or not pooling.by:
            raise ColumnError(_("The fit is not pooled by segments. Fit with pool_by=."))
        name = pooling.column(column)
        levels = list(pooling.customers[name])
        cells = pd.concat([pooling.cell({name: level}) for level in levels], ignore_index=True)
        drawn = pooling.quantities(self.idata["posterior"].to_dataset(), cells)
        chains, draws = shape_of(self)
        found = {
            quantity: (("chain", "draw", name), values.T.reshape(chains, draws, -1), _described(self, quantity))
            for quantity, values in drawn.items()
        }
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), name: levels}
        return xr.Dataset(found, coords={**coords, "customers": (name, [*map(pooling.customers[name].get, levels)])})

    def thin(self, draws: int, chains: int | None = None) -> Self:
        """Keep this number of draws of each chain, evenly spaced, and all chains unless a number is given."""
        had_chains, had_draws = shape_of(self)
        kept = min(chains or had_chains, had_chains), min(draws, had_draws)
        if kept == (had_chains, had_draws):
            return self
        tree, verdict = posterior.thin(self.idata, *kept), self.diagnose()
        if verdict is not None:
            fewer = replace(verdict, chains=kept[0], draws=kept[1], ess=min(verdict.ess, kept[0] * kept[1]))
            tree.attrs["diagnostics"] = fewer.to_json()
        return type(self)(tree)

    def diagnose(self) -> Diagnostics | None:
        """Say what made the draws and whether they converged; None for draws made by another tool."""
        text = self.idata.attrs.get("diagnostics")
        return None if text is None else Diagnostics.from_json(text)

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against the draws; True for draws made by another tool."""
        return bool(getattr(self.diagnose(), "converged", True))

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Table indexed by parameter: mean, sd, median, interval, r-hat and effective sample size.

        Weighted draws have no r-hat, and one effective sample size for all parameters. A k that was given to a model of
        regular purchases is the last row. Levels by period are in ``idata`` and in `plot_calendar_effects`.

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
            table["r_hat"], table["ess"] = np.nan, min(verdict.ess, int(np.prod(shape_of(self))))
        else:
            table["r_hat"] = [float(value) for value in stats.rhat(drawn).data_vars.values()]
            table["ess"] = [float(value) for value in stats.ess(drawn).data_vars.values()]
        if "k" in self.idata.attrs:
            unknown = {"sd": 0.0, "r_hat": np.nan, "ess": np.nan}
            table.loc["k"] = [unknown.get(str(column), float(k_of(self))) for column in table.columns]
        return flagged(table, caution_of(self))

    def save(self, path: str | Path) -> Path:
        """Write draws, unit, settings and verdict to a netCDF file at ``path``, which `load_fit` reads."""
        return posterior.save(self.idata, path)

    def _page(self) -> ResultPage:
        attrs, pooling, currency = self.idata.attrs, pooling_of(self), currency_of(self)
        lines = [
            f"{type(self).__name__} ({name_of(self)})"
            + (_(", {customers:,} customers", customers=attrs["customers"]) if "customers" in attrs else "")
            + (_(", per {time_unit}", time_unit=as_known(attrs["time_unit"])) if attrs.get("time_unit") else "")
            + (_(", in {currency}", currency=currency) if currency else "")
        ]
        means = comma(f"{name} {np.mean(values):.4g}" for name, values in self.draws.items())
        lines.append(_("posterior means{of_segment}: {means}", of_segment=_of_segment(self), means=means))
        lines += [str(self.diagnose() or _("draws made by another tool")), *([] if pooling is None else [str(pooling)])]
        return ResultPage([*lines, *self._more_lines()], amounts=False)

    def _repr_html_(self) -> str:
        drawn = posterior.one_number_each(self.idata["posterior"].to_dataset()).to_dataarray("parameter")
        return replace(self._page(), table=summarize_draws(drawn), rows=12).as_html()

    def _more_lines(self) -> list[str]:
        return []


def shape_of(fit: FittedModel) -> tuple[int, int]:
    """Number of chains of a fit, and of draws in each."""
    return fit.idata["posterior"].sizes["chain"], fit.idata["posterior"].sizes["draw"]


def smallest_shape(shapes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Chains and draws per chain that all of several fits have."""
    chains, draws = zip(*shapes, strict=True)
    return min(chains), min(draws)


def numbered_draws(fit: FittedModel) -> dict[str, np.ndarray]:
    """A fit's parameters; of one with calendar effects also the number of each ``draw``: shape (chains, draws)."""
    if "calendar" not in fit.idata.attrs:
        return fit.draws
    return {**fit.draws, "draw": np.arange(float(np.prod(shape_of(fit)))).reshape(shape_of(fit))}


def flat_draws(fit: FittedModel) -> dict[str, np.ndarray]:
    """The same with chains joined, each of shape (chains * draws,)."""
    return {name: values.ravel() for name, values in numbered_draws(fit).items()}


def thinned_to[Fit: FittedModel](fit: Fit, number: int) -> Fit:
    """About this number of draws over all chains, at least one of each chain."""
    return fit.thin(max(1, number // shape_of(fit)[0]))


def shuffled[Fit: FittedModel](fit: Fit, shape: tuple[int, int], seed: int, purpose: str) -> Fit:
    """A number of a fit's draws, in a random order that belongs to a purpose, and with a future of their own.

    Fits are paired draw by draw as if they were independent. In the order of their drawing they are not, if one seed
    made both.

    Parameters
    ----------
    shape : (int, int)
        Chains, and draws per chain.
    """
    chains, draws = shape
    tree = posterior.reordered(fit.thin(draws, chains).idata, order_of_draws(shape, seed, purpose))
    tree.attrs["purpose"] = purpose
    return type(fit)(tree)


def order_of_draws(shape: tuple[int, int], seed: int, purpose: str) -> IntArray:
    """The random order of a fit's draws that belongs to a purpose, an array of shape (chains * draws,).

    Examples
    --------
    >>> order_of_draws((1, 4), 1, "repeat_purchases spend").tolist()
    [3, 2, 1, 0]
    """
    return customer_stream(seed, "order of draws", purpose).permutation(shape[0] * shape[1])


def name_of(fit: FittedModel) -> str:
    """The name of a fit's model, with its k where it has one."""
    return f"{fit.model}, k = {k_of(fit)}" if "k" in fit.idata.attrs else fit.model


def k_of(fit: FittedModel) -> int:
    """Shape of the gaps between purchases in a fit's model: 1 is random."""
    return int(fit.idata.attrs.get("k", 1))


def currency_of(fit: FittedModel) -> str | None:
    """Currency of the data that were fitted, where known."""
    return fit.idata.attrs.get("currency") or None


def time_unit_of(fit: FittedModel) -> TimeUnit:
    """Time unit of a fit's parameters.

    Raises
    ------
    UnitError
        If the fit has none.
    """
    unit = fit.idata.attrs.get("time_unit")
    if not unit:
        cure = f"{type(fit).__name__}.from_draws(..., time_unit='week')"
        raise UnitError(_("The fit has no time unit. Give it one: {cure}.", cure=cure))
    return as_time_unit(unit)


def caution_of(*fits: FittedModel | None) -> str:
    """What every table made from these fits must state; empty when all converged."""
    return "" if all(fit is None or fit.converged for fit in fits) else str(_(UNCONVERGED))


def pooling_of(fit: FittedModel) -> Pooling | None:
    """How a fit's parameters differ between customers; None where they do not."""
    return Pooling.of(fit.idata)


def segment_of(fit: FittedModel) -> dict[str, Any] | None:
    """The segment that `of_segment` was given, by column: empty of the typical segment, None of any other fit."""
    text = fit.idata.attrs.get("segment")
    return None if text is None else dict(json.loads(text))


def parameters_of(fit: FittedModel, table: pd.DataFrame, noun: str = "customer", *, check: bool = True) -> GroupDraws:
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
    pooling = pooling_of(fit)
    if pooling is None:
        flat = {name: values[np.newaxis] for name, values in flat_draws(fit).items()}
        one = np.zeros(len(table), dtype=np.int64)
        return GroupDraws(one, 1, lambda groups: {name: values[groups] for name, values in flat.items()})
    if check:
        check_covariates(fit, [table], noun)
    cells, place = pooling.cells(table, noun)
    drawn = fit.idata["posterior"].to_dataset()

    def make(groups: IntArray) -> dict[str, np.ndarray]:
        found = pooling.parameters(drawn, cells.iloc[groups])
        number = {name: values for name, values in flat_draws(fit).items() if name == "draw"}
        return found | {name: np.broadcast_to(values, (len(groups), values.size)) for name, values in number.items()}

    return GroupDraws(place, len(cells), make)


def parameter_arrays(fit: FittedModel, table: pd.DataFrame, *, check: bool = True) -> dict[str, np.ndarray]:
    """Parameters of customers, by their rows: arrays of shape (chains, draws, customers or 1)."""
    if pooling_of(fit) is None:
        return {name: values[..., np.newaxis] for name, values in numbered_draws(fit).items()}
    drawn = parameters_of(fit, table, check=check)
    found = drawn.at(np.arange(drawn.number))
    return {name: values.T.reshape(*shape_of(fit), -1)[..., drawn.place] for name, values in found.items()}


def check_covariates(fit: FittedModel, tables: Iterable[pd.DataFrame], noun: str = "customer") -> None:
    """Warn of covariates far outside those of the customers fitted, and refuse impossible ones.

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
    pooling = pooling_of(fit)
    if pooling is None or not pooling.scales:
        return
    drawn = fit.idata["posterior"].to_dataset()

    def rows() -> Iterator[pd.DataFrame]:
        for table in tables:
            keys = pooling.grouping.keys(table, noun)
            pooling.refuse_overflow(drawn, keys, noun)
            yield keys

    for sentence in pooling.far_outside(rows(), noun):
        warnings.warn(sentence, DataWarning, skip_file_prefixes=(OURS,))


def fit_attrs(
    model: str, customers: Customers | Renewals, *, time_unit: str, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What a fit records: the model, the data's unit, currency, date and size, and the settings."""
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


def _described(fit: FittedModel, quantity: str) -> dict[str, str]:
    """What comparisons state of a quantity: its name, its unit, and whether the draws can be trusted."""
    unit = fit.idata.attrs.get("time_unit")
    rate = str(_("per {unit}", unit=_(UNITS[unit]))) if unit else ""
    units = {"mean_rate": rate, "mean_spend": currency_of(fit) or ""}
    name = str(_(LONG_NAMES[quantity])) if quantity in LONG_NAMES else quantity.replace("_", " ")
    return {"long_name": name, "units": units.get(quantity, ""), "caution": caution_of(fit)}


def _of_segment(fit: FittedModel) -> str:
    """Which segment the parameters belong to, in words, where there are several."""
    segment = segment_of(fit)
    if segment:
        return _(" of {segment}", segment=comma(f"{name} {value}" for name, value in segment.items()))
    return "" if pooling_of(fit) is None and segment is None else _(" of a typical segment")
