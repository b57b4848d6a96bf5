"""Lifetime value: streams and judgements added draw by draw, for each customer."""

import functools
import operator
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers import Customers, require_customers
from ltv_bayes.data.occasions import RETURN_ONLY
from ltv_bayes.errors import ColumnError, DataWarning, FitError, InputError, counted, rows_at_fault, suggestion
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.formulas.point_values import as_share
from ltv_bayes.intervals import describe_interval, flagged, interval_settings, summarize_sorted
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.predictions.fitted import labelled, require_memory
from ltv_bayes.random_streams import as_seed
from ltv_bayes.streams.stream import CustomerDraws, Stream
from ltv_bayes.tables import readable
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import as_number
from ltv_bayes.value.one_pass import Totals, attribute_groupings, one_pass
from ltv_bayes.value.valuation import Components, Valuation, added

if TYPE_CHECKING:
    from ltv_bayes.value.segments import SegmentValues

REALISED, JUDGED, TOTAL = "realised", "judged", "total"
RESERVED = (REALISED, JUDGED, TOTAL, "chain", "draw", "customer_id")
DRAWS_FOR_JUDGEMENT_ALONE = (4, 1000)
FEW_CUSTOMERS = 30
FAR_HORIZON = 3.0
MUCH_JUDGEMENT = 0.5
HEAVY_TAIL = 0.2
MOSTLY_VALUED = 0.98
FAR_SCALE = 500.0
KEPT_WITHOUT_ASKING = 2 * 2**30


def lifetime_value(
    customers: Customers,
    streams: Sequence[Stream] | Stream = (),
    *,
    future_value: FutureValuePriors | None = None,
    horizon: Any,
    discount_rate: float = 0.0,
    margin: float | str | Mapping[Any, float] | pd.Series = 1.0,
    realised: bool = False,
    random_seed: int | None = None,
    keep_draws: bool | None = None,
    progressbar: bool = False,
) -> "LifetimeValue":
    """Value each customer over the horizon: draws of the money they will really bring, not of its expectation.

    Parameters
    ----------
    customers : Customers
        Who is valued, as of when, in which currency.
    streams : sequence of Stream, or one
        What they pay for, such as ``[RepeatPurchases(purchases, spend)]``.
    future_value : FutureValuePriors, optional
        Opportunities judged by experts, added draw by draw.
    horizon : str or Duration
        How far ahead, with its unit: ``"3 years"``. Money after it does not count.
    discount_rate : float
        Annual and effective, 0.10 for 10% a year; every payment is discounted at its own date.
    margin : float, column name, or mapping from id to float
        Share of revenue that is kept, between 0 and 1; applied to streams, judgements and what was realised.
    realised : bool
        Whether the total includes what customers have brought so far (``total_value`` of their table, undiscounted).
    random_seed : int, optional
        The same seed gives the same draws for a customer, whoever else is valued.
    keep_draws : bool, optional
        Whether to keep every draw in memory. If not said, up to 2 GiB are kept; beyond, customers are valued stretch by
        stretch in one pass when a summary is asked for, with the same result.
    progressbar : bool
        Whether to show progress.

    Returns
    -------
    LifetimeValue
        Draws of shape (chain, draw, customer_id) with their summaries.

    Raises
    ------
    InputError
        If nothing is given to value, a margin is out of range or missing, or a judged customer is unknown.
    """
    require_customers(customers)
    streams = list(streams) if isinstance(streams, Sequence) else [streams]
    _require_kinds(streams, future_value)
    terms = Terms.read(horizon, discount_rate, customers.as_of)
    if not streams and future_value is None and not realised:
        raise InputError(
            "There is nothing to value. Give streams=[RepeatPurchases(purchases, spend)] or future_value=."
        )
    _require_distinct_names(streams)
    share = margins(customers, margin)
    seed = as_seed(random_seed)
    shape = _common_shape(streams)
    parts: dict[str, CustomerDraws] = {REALISED: _realised(customers, shape)} if realised else {}
    parts |= {stream.name: stream.prepare(customers, terms, shape, seed) for stream in streams}
    if future_value is not None:
        parts[JUDGED] = future_value.prepare(customers, terms, shape, seed)
    if future_value is not None:
        _warn_of_scale(customers, future_value)
    settings = ValueSettings(terms, margin_text(share), seed, realised)
    cautions = [stream.caution for stream in streams if stream.caution]
    valuation = Valuation(customers, parts, share, shape)
    if valuation.bytes_needed <= KEPT_WITHOUT_ASKING if keep_draws is None else keep_draws:
        require_memory(shape, len(customers), len(parts) + 1)
        valuation = valuation.keeping(progressbar=progressbar)
    return LifetimeValue(valuation, settings, future_value, cautions[0] if cautions else "", progressbar)


@dataclass(frozen=True)
class ValueSettings:
    """On which terms a value was computed."""

    terms: Terms
    margin: str
    random_seed: int
    realised: bool = False

    def __str__(self) -> str:
        as_of = f" from {self.terms.as_of}" if self.terms.as_of else ""
        rate = self.terms.discount_rate
        discount = f"discounted at {100 * rate:.3g}% a year" if rate else "not discounted"
        past = "; realised value, not discounted, included" if self.realised else ""
        return f"{self.terms.horizon}{as_of}, {discount}, margin {self.margin}{past}"


@dataclass(frozen=True, repr=False)
class LifetimeValue:
    """Lifetime values as draws, with the summaries that a report needs.

    Attributes
    ----------
    valuation : Valuation
        The draws of every source of money, kept or made anew when asked for.
    settings : ValueSettings
        Horizon, discount, margin, seed.
    """

    valuation: Valuation
    settings: ValueSettings
    future_value: FutureValuePriors | None = None
    caution: str = ""
    progressbar: bool = False
    _done: dict[Any, Any] = field(default_factory=dict, compare=False)

    @property
    def customers(self) -> Customers:
        """Who was valued."""
        return self.valuation.customers

    @property
    def sources(self) -> list[str]:
        """Where money comes from: realised, the streams, judged."""
        return list(self.valuation.parts)

    @property
    def currency(self) -> str | None:
        """Currency of the values."""
        return self.customers.currency

    @property
    def components(self) -> xr.Dataset:
        """Every draw of every source of money, after margin and discount.

        Returns
        -------
        xarray.Dataset
            One variable per source, of shape (chain, draw, customer_id), in the customers' currency.

        Raises
        ------
        InputError
            If the draws were not kept and do not fit in memory.
        """
        if "components" not in self._done:
            require_memory(self.valuation.shape, len(self.customers), len(self.sources) + 1)
            kept = self.valuation.keeping(progressbar=self.progressbar).kept or {}
            arrays = {name: self._labelled(values, name) for name, values in kept.items()}
            self._done["components"] = xr.Dataset(arrays)
        return self._done["components"]

    @property
    def draws(self) -> xr.DataArray:
        """Total value of each customer: (chain, draw, customer_id), predictive."""
        if TOTAL not in self._done:
            self._done[TOTAL] = (
                functools.reduce(operator.add, self.components.data_vars.values())
                .rename("lifetime_value")
                .assign_attrs(self._attrs)
            )
        return self._done[TOTAL]

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per customer: mean, sd, median, interval of what they will really bring, and the judged share.

        Parameters
        ----------
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id; money in the customers' currency. ``judged_share`` is the part of the mean that
            rests on judgement.
        """
        found, _ = self._pass(*interval_settings(ci_prob, ci_kind))
        table = found.drop(columns=[f"mean_{name}" for name in self.sources])
        if JUDGED in self.sources:
            table["judged_share"] = share_of(found[f"mean_{JUDGED}"].to_numpy(), table["mean"].to_numpy())
        return flagged(table, self.caution)

    def totals(self) -> Totals:
        """Money of the book and of its segments, added within each draw."""
        known = next((found for key, found in self._done.items() if isinstance(key, tuple)), None)
        return (known or self._pass(*interval_settings(None, None)))[1]

    def total(self) -> xr.DataArray:
        """Value of the whole book: the sum over customers within each draw, of shape (chain, draw)."""
        return self._over_draws(added(self.totals().book)).rename("total")

    def probability_above(self, threshold: float) -> pd.Series:
        """Probability that each customer brings more than an amount.

        Returns
        -------
        pandas.Series
            Indexed by customer_id, between 0 and 1.
        """
        threshold = as_number(threshold, "threshold")

        def share(_: int, components: Components) -> np.ndarray:
            return np.mean(added(components) > threshold, axis=1)

        shares = list(self.valuation.over_stretches(share, progressbar=self.progressbar))
        return pd.Series(np.concatenate(shares), index=self.customers.ids, name=f"probability_above_{threshold:g}")

    def explain(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Where the value comes from: each component and the total, with its interval.

        Parameters
        ----------
        customer_id
            One customer; the whole book when left out.

        Returns
        -------
        pandas.DataFrame
            Indexed by component (realised, streams, judged, total): mean, sd, median, interval, share of the mean.
            The interval of the total is that of the added draws, not the sum of the intervals.
        """
        picked = self.totals().book if customer_id is None else self._of_customer(customer_id)
        prob, kind = interval_settings(ci_prob, ci_kind)
        rows = np.sort(np.stack([*picked.values(), added(picked)]), axis=1)
        table = pd.DataFrame(summarize_sorted(rows, prob, kind), index=pd.Index([*picked, TOTAL], name="component"))
        table["share"] = share_of(table["mean"].to_numpy(), table.loc[TOTAL, "mean"])
        table = flagged(table, self.caution)
        table.attrs = {
            "subject": "all customers" if customer_id is None else str(customer_id),
            "currency": self.currency or "",
            "interval": describe_interval(prob, kind),
            "settings": str(self.settings),
        }
        return table

    def judgement_share(self) -> pd.Series:
        """How much of the book is judgement: its share of the mean, and of the variance of the total.

        The share of variance is Cov(judged, total) / Var(total), so the shares of all components add up to 1.
        """
        if JUDGED not in self.sources:
            return pd.Series({"mean": 0.0, "variance": 0.0}, name="judgement_share")
        book = self.totals().book
        judged, total = book[JUDGED], added(book)
        covariance = np.cov(judged, total)
        shares = {
            "mean": float(share_of(judged.mean(), total.mean())),
            "variance": float(share_of(covariance[0, 1], covariance[1, 1])),
        }
        return pd.Series(shares, name="judgement_share")

    def by(self, column: str | pd.Series | Mapping[Any, Any]) -> "SegmentValues":
        """Group customers by an attribute and add their draws.

        Parameters
        ----------
        column : str, Series or mapping
            A column of ``customers.table``, or the segment of each customer id.
        """
        from ltv_bayes.value.segments import segment_values

        return segment_values(self, column)

    def to_datatree(self) -> xr.DataTree:
        """Lay out total and components for ArviZ: group ``lifetime_value``, dimensions (chain, draw, customer_id)."""
        dataset = self.components.assign({TOTAL: self.draws})
        return xr.DataTree.from_dict({"lifetime_value": dataset.assign_attrs(self._attrs)})

    @property
    def has_streams(self) -> bool:
        """Whether anything but judgements and the past is valued."""
        return bool(set(self.sources) - {REALISED, JUDGED})

    def notes(self) -> list[str]:
        """What the reader should know before relying on the numbers."""
        return _notes(self)

    def _pass(self, ci_prob: float, ci_kind: str) -> tuple[pd.DataFrame, Totals]:
        """One pass over all customers, remembered."""
        key = (ci_prob, ci_kind)
        if key not in self._done:
            groupings = attribute_groupings(self.customers.table)
            self._done[key] = one_pass(
                self.valuation, groupings, ci_prob=ci_prob, ci_kind=ci_kind, progressbar=self.progressbar
            )
        return self._done[key]

    def _of_customer(self, customer_id: Any) -> Components:
        ids = self.customers.ids
        position = np.flatnonzero(ids.astype(str) == str(customer_id))
        if not position.size:
            raise InputError(
                f"There is no customer {customer_id!r}. {suggestion(str(customer_id), ids[:5].astype(str))}",
                [customer_id],
            )
        return {name: values[0] for name, values in self.valuation.of(position[0], position[0] + 1).items()}

    def _labelled(self, values: np.ndarray, name: str) -> xr.DataArray:
        arranged = values.reshape(len(self.customers), *self.valuation.shape).transpose(1, 2, 0)
        return labelled(arranged, self.customers, name, units=self.currency or "currency of the data")

    def _over_draws(self, values: Any) -> xr.DataArray:
        chains, draws = self.valuation.shape
        coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
        shaped = np.reshape(values, self.valuation.shape)
        return xr.DataArray(shaped, dims=("chain", "draw"), coords=coords, attrs=self._attrs)

    @property
    def _attrs(self) -> dict[str, str]:
        return {
            "units": self.currency or "currency of the data",
            "settings": str(self.settings),
            "random_seed": str(self.settings.random_seed),
        }

    def __repr__(self) -> str:
        whole = self.explain()
        low, high = (name for name in whole.columns if name.endswith(("_lb", "_ub")))
        total = whole.loc[TOTAL]
        lines = [
            f"Lifetime value of {counted(len(self.customers), 'customer')}: {self.settings}",
            f"total: mean {self._money(total['mean'])}, median {self._money(total['median'])}, "
            f"{whole.attrs['interval']} {self._money(total[low])} to {self._money(total[high])}",
        ]
        lines += [
            f"  {label(name)}: mean {self._money(row['mean'])} ({percent(row['share'])})"
            for name, row in whole.drop(TOTAL).iterrows()
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes())])

    def _repr_html_(self) -> str:
        heading = escape(repr(self)).replace("\n", "<br>")
        return f"<p>{heading}</p>{readable(self.summary(), self.currency).to_html(max_rows=10)}"

    def _money(self, amount: float) -> str:
        return with_currency(money(amount, self.currency), self.currency)


def margins(customers: Customers, margin: float | str | Mapping[Any, float] | pd.Series) -> np.ndarray:
    """Read the margin of each customer, in the customers' order.

    Raises
    ------
    InputError
        If a margin is missing, or lies outside 0 to 1 (as a percentage does).
    """
    if isinstance(margin, str):
        if margin not in customers.table:
            raise ColumnError(f"The customers have no column {margin!r}. {suggestion(margin, customers.table.columns)}")
        values = pd.to_numeric(customers.table[margin], errors="coerce").to_numpy(dtype=float)
    elif isinstance(margin, Mapping | pd.Series):
        given = {str(key): value for key, value in margin.items()}
        values = np.array([given.get(str(customer_id), np.nan) for customer_id in customers.ids], dtype=float)
    else:
        values = np.full(len(customers), as_share(margin, "margin"))
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        ids = list(customers.ids[wrong])
        problem = "with a margin that is missing or outside 0 to 1"
        raise InputError(rows_at_fault(ids, "customer", problem, "Write 35% as margin=0.35."), ids)
    return values


def margin_text(share: np.ndarray) -> str:
    """Write the margin, or its range."""
    low, high = share.min(), share.max()
    return f"{100 * low:.3g}%" if low == high else f"{100 * low:.3g}% to {100 * high:.3g}%"


def _require_kinds(streams: Sequence[Any], future_value: Any) -> None:
    """Say how to make streams and judgements, where something else was given."""
    for stream in streams:
        if not (hasattr(stream, "prepare") and hasattr(stream, "shape")):
            raise InputError(
                f"A {type(stream).__name__} is no stream of money. "
                f"Pass RepeatPurchases(purchases, spend), made of two fits."
            )
    if future_value is not None and not isinstance(future_value, FutureValuePriors):
        raise InputError(
            f"future_value is a {type(future_value).__name__}. Make it with FutureValuePriors.from_judgements(...)."
        )


def _require_distinct_names(streams: Sequence[Stream]) -> None:
    names = [stream.name for stream in streams]
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"A stream is named by a text, not by {name!r}. Pass name= to it.", [name])
    taken = [name for name in names if names.count(name) > 1 or name in RESERVED]
    if taken:
        raise InputError(
            f"Streams need names of their own: {', '.join(taken)} is taken. Pass name= to each stream.", taken
        )


def _common_shape(streams: Sequence[Stream]) -> tuple[int, int]:
    """Chains and draws that every stream has."""
    shapes = [stream.shape for stream in streams] or [DRAWS_FOR_JUDGEMENT_ALONE]
    return min(chains for chains, _ in shapes), min(draws for _, draws in shapes)


def _realised(customers: Customers, shape: tuple[int, int]) -> CustomerDraws:
    if "total_value" not in customers.table:
        raise ColumnError(
            "What customers have brought so far is not known: their table has no column 'total_value'. "
            "Make the customers with summarize(), add the column, or leave realised=False."
        )
    values = customers.table["total_value"].to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise FitError("total_value must be a number for every customer when realised=True.")
    return lambda position, customer_id: np.full(shape[0] * shape[1], values[position])


def share_of(part: Any, whole: Any) -> Any:
    """The part that something makes of a whole; 0 where the whole is nothing or less."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.asarray(part) / whole, 0.0)


def _warn_of_scale(customers: Customers, judged: FutureValuePriors) -> None:
    """Warn where judged amounts and orders can hardly be counted in one unit."""
    column = "first_value" if "first_value" in customers.table else "monetary_value"
    order, amount = customers.table[column].median(), judged.table["median"].median()
    if order > 0 and not 1 / FAR_SCALE < amount / order < FAR_SCALE:
        warnings.warn(
            f"Judged amounts are typically {money(amount, customers.currency)}, "
            f"orders {money(order, customers.currency)}: "
            f"are they counted in one unit? If not, pass amount_unit= to from_judgements.",
            DataWarning,
            stacklevel=3,
        )


def _share_of_largest(total: np.ndarray) -> float:
    """The part of the variance that the single most extreme draw makes: near 0 unless the tail has no variance."""
    squares = (total - total.mean()) ** 2
    return float(share_of(squares.max(), squares.sum()))


def _notes(value: LifetimeValue) -> list[str]:
    notes = [f"{value.caution}: do not use these numbers yet."] if value.caution else []
    terms, customers = value.settings.terms, value.customers
    history = float(customers.table["T"].max())
    if history > 0 and terms.length(customers.time_unit) > FAR_HORIZON * history:
        ratio = terms.length(customers.time_unit) / history
        notes.append(f"the horizon is {ratio:.1f} times the longest history: far beyond the data.")
    purchases, valued = customers.table["frequency"].sum(), customers.table["spend_frequency"].sum()
    if value.has_streams and purchases > 0 and 0 < valued < MOSTLY_VALUED * purchases:
        notes.append(
            f"{percent(1 - valued / purchases)} of repeat purchases had no value, but each one foreseen is given that "
            f"of a paid one: values are too high by about as much. summarize(zero_orders='drop') leaves free ones out."
        )
    if (customers.dropped.get("reason") == RETURN_ONLY).any():
        notes.append("returns on days of their own lower no value foreseen: values are before such returns.")
    if len(customers) < FEW_CUSTOMERS and value.has_streams:
        notes.append(f"{counted(len(customers), 'customer')}: few, so priors weigh in.")
    share = value.judgement_share()["mean"]
    if share > MUCH_JUDGEMENT and value.has_streams:
        notes.append(f"judgement makes up {percent(share)} of the expected value.")
    if _share_of_largest(value.total().to_numpy().ravel()) > HEAVY_TAIL:
        notes.append("single extreme draws carry the sd of the total and sway its mean: rely on medians and intervals.")
    if value.future_value is not None:
        late = value.future_value.outside_horizon(terms)
        if len(late):
            notes.append(
                f"{counted(len(late), 'judged opportunity', 'judged opportunities')} expected after the horizon "
                f"{'does' if len(late) == 1 else 'do'} not count (rows {', '.join(map(str, late.index[:5]))})."
            )
    return notes
