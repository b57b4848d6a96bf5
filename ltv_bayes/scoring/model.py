"""What a value is made with, apart from the customers: it scores any who have the columns that it needs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

import ltv_bayes as lb
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import InputError, counted, listed
from ltv_bayes.intervals import interval_settings
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.language import _, comma
from ltv_bayes.predictions.fitted import FittedModel, name_of, pooling_of, shape_of
from ltv_bayes.predictions.growth.fitted_expansion import bounds_note
from ltv_bayes.predictions.spend import takes_first_orders
from ltv_bayes.scoring.model_file import contents, zipped
from ltv_bayes.streams.order_stream import OrderStream
from ltv_bayes.streams.stream import Stream
from ltv_bayes.streams.together import common_shape
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import PLURALS, Duration, TimeUnit
from ltv_bayes.value.draws.margins import Margin, Margins, in_percent
from ltv_bayes.value.draws.passes import ABOVE, Columns, summary_columns
from ltv_bayes.value.draws.results import Results
from ltv_bayes.value.draws.valuation import Valuation
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.value_customers import DRAWS_WITHOUT_FITS, exceptions
from ltv_bayes.value.valued import Valued, ValueSettings, above_column, customer_table


@dataclass(frozen=True, eq=False, repr=False)
class ValueModel(Printed):
    """A value without its customers: streams, judgements and terms. Saved by `save_model`, opened by `load_model`.

    Attributes
    ----------
    streams : tuple of Stream
        What customers pay for, with their fits.
    future_value : FutureValuePriors or None
        Judged opportunities.
    horizons : tuple of Duration
        All horizons, of which the longest shapes the draws.
    horizon : Duration
        The one that is reported.
    discount_rate : float
        Annual and effective.
    margin : float, str or dict
        Share of revenue that is kept: of all, by the column, or by customer id.
    realised : bool
        Whether past revenue counts.
    random_seed : int
        Of all draws; a customer has the same draws in every run.
    time_unit, as_of, currency
        Of the customers that the model was made with.
    has_history : bool
        Whether those had histories of purchases of their own.
    """

    streams: tuple[Stream, ...]
    future_value: FutureValuePriors | None
    horizons: tuple[Duration, ...]
    horizon: Duration
    discount_rate: float
    margin: Any
    realised: bool
    random_seed: int
    time_unit: TimeUnit
    as_of: dt.date | None
    currency: str | None
    has_history: bool = True

    @property
    def inputs(self) -> pd.DataFrame:
        """The columns that customers must have: indexed by column, with type, whether needed, and meaning."""
        return pd.DataFrame(
            [(column, *described) for column, described in needed_columns(self).items()],
            columns=["column", "type", "needed", "meaning"],
        ).set_index("column")

    @property
    def outputs(self) -> pd.DataFrame:
        """The columns of scores without options: indexed by column, with their type."""
        value = valued_with(self, Results(valuation_with(self, _none(self))))
        table = score_table(value, pd.Index([""]), columns_of_zeros(self, interval_settings(None, None)))
        rows = [("customer_id", "as given"), *((str(name), str(kind)) for name, kind in table.dtypes.items())]
        return pd.DataFrame(rows, columns=["column", "type"]).set_index("column")

    @property
    def fits(self) -> dict[str, FittedModel]:
        """The fits by stream and what they say, such as ``"repeat_purchases counts"``."""
        return {purpose: fit for stream in self.streams for purpose, fit in stream.fits_by_purpose.items()}

    def score(self, source: Any, **asked: Any) -> "lb.Scores":
        """Score customers where they are: ``lb.score(source, model, **asked)``; see `score`."""
        return lb.score(source, self, **asked)

    def value(self, customers: Customers, **how: Any) -> LifetimeValue:
        """Value customers in memory or in a file, with every question that a value answers.

        Parameters
        ----------
        customers : Customers
            Judged customers must be among them.
        **how
            ``random_seed``, ``keep_draws`` and ``progressbar`` of `lifetime_value`; the seed is the model's if not
            given.
        """
        ltv = lb.lifetime_value(
            customers,
            self.streams,
            future_value=self.future_value,
            horizon=list(self.horizons),
            discount_rate=self.discount_rate,
            margin=self.margin,
            realised=self.realised,
            **{"random_seed": self.random_seed, **how},
        )
        return ltv.at(self.horizon)

    def explain(self, customers: Customers, customer_id: Any, **interval: Any) -> pd.DataFrame:
        """Where the value of one customer is from: each component and the total, with its interval.

        Parameters
        ----------
        customers : Customers
            In memory or in a file; that customer alone is valued.
        customer_id
            The customer.
        **interval
            ``ci_prob`` and ``ci_kind``, as in `LifetimeValue.explain`.

        Returns
        -------
        pandas.DataFrame
            Indexed by component, as `LifetimeValue.explain`.
        """
        return LifetimeValue(valued_with(self, Results(valuation_with(self, customers)))).explain(
            customer_id, **interval
        )

    def to_bytes(self) -> bytes:
        """The saved model as the bytes of a zip file, which `load_model` opens: to send it to where it scores."""
        return zipped(files_of(self))

    @property
    def shape(self) -> tuple[int, int]:
        """Chains, and draws per chain, of every value."""
        changes = None if self.future_value is None else self.future_value.adjustments
        judged = None if changes is None else changes.shape
        return common_shape([*(one.shape for one in self.streams), judged]) or DRAWS_WITHOUT_FITS

    @property
    def caution(self) -> str:
        """What every table must say; empty when nothing."""
        return next((one.caution for one in self.streams if one.caution), "")

    def _page(self) -> ResultPage:
        terms = str(valued_with(self, Results(valuation_with(self, _none(self)))).settings)
        lines = [_("Model of lifetime values: {terms}", terms=terms)]
        for name, fit in self.fits.items():
            chains, draws = shape_of(fit)
            lines.append(
                _(
                    "  {name}: {fit}, {chains} x {draws:,} draws",
                    name=name,
                    fit=name_of(fit),
                    chains=chains,
                    draws=draws,
                )
            )
            lines += [f"    {note}" for note in bounds_note(fit)]
        if self.future_value is not None:
            lines.append(_("  judged: {judgements}", judgements=counted(len(self.future_value), "judgement")))
        lines += [
            _(
                "seed {seed}, {draws:,} draws of each customer",
                seed=self.random_seed,
                draws=self.shape[0] * self.shape[1],
            ),
            _("needs the columns {columns}", columns=comma(self.inputs.index[self.inputs["needed"]])),
        ]
        return ResultPage(lines, notes=[_("caution: {caution}", caution=self.caution)] if self.caution else [])


def files_of(model: ValueModel) -> dict[str, bytes]:
    """The files that the model is saved as, by name.

    Returns
    -------
    dict of bytes
        By the name of the file.
    """
    words = {
        "about": repr(model),
        "inputs": model.inputs.reset_index().to_dict("records"),
        "outputs": model.outputs.reset_index().to_dict("records"),
    }
    return contents({one.name: getattr(model, one.name) for one in fields(model)}, words)


def valuation_with(model: ValueModel, customers: Customers, random_seed: int | None = None) -> Valuation:
    """How these customers are valued, alone or among others; ``random_seed`` is the model's, if not given."""
    terms = Terms(model.horizons, model.discount_rate, customers.as_of)
    own = {one.name: _margin(one.margin) for one in model.streams if one.margin is not None}
    margins = Margins(_margin(model.margin), own)
    seed = model.random_seed if random_seed is None else random_seed
    shape = model.shape
    return Valuation(customers, model.streams, model.future_value, terms, margins, seed, shape, model.realised)


def valued_with(model: ValueModel, results: Results, place: int | None = None) -> Valued:
    """What analyses start from, with these results, at one of the horizons; at the model's own if not given."""
    made = results.valuation
    place = model.horizons.index(model.horizon) if place is None else place
    settings = ValueSettings(
        made.terms.until(place),
        made.margins.usual.text,
        made.seed,
        model.realised,
        exceptions(model.streams, made.margins),
    )
    return Valued(results, settings, model.caution)


def columns_of_zeros(model: ValueModel, interval: tuple[float, str], limits: Sequence[float] = ()) -> Columns:
    """Summaries, arrays of shape (1,), of one customer who pays nothing, with ``interval`` and ``limits``."""
    sources = valuation_with(model, _none(model)).sources
    money, means = (dict.fromkeys(sources, np.zeros((1, 1, draws))) for draws in (2, 1))
    return summary_columns(money, means, interval, limits)[0]


def score_table(
    value: Valued,
    ids: pd.Index,
    columns: Columns,
    thresholds: Sequence[float] = (),
    tiers: Sequence[tuple[str, float]] = (),
) -> pd.DataFrame:
    """The table of a value's summary, with the mean of each source, and chances.

    Parameters
    ----------
    thresholds : sequence of float
        Amounts whose chance of being exceeded is shown.
    tiers : sequence of (str, float)
        Names, with the amount above which each begins; the last is the rest.
    """
    table = customer_table(value, ids, columns).rename_axis("customer_id")
    caution = table.pop("caution") if "caution" in table else None
    more: dict[str, Any] = {name: values for name, values in columns.items() if name.startswith("mean_")}
    asked = {limit: above_column(limit) for limit in dict.fromkeys(thresholds)}
    _refuse_alike([*table, *more, *asked.values(), *(f"probability_{name}" for name, _unused in tiers)])
    more |= {name: columns[f"{ABOVE}{limit!r}"] for limit, name in asked.items()}
    if tiers:
        reached = [*(columns[f"{ABOVE}{limit!r}"] for _unused, limit in tiers[:-1]), np.ones(len(ids))]
        chances = np.diff(reached, axis=0, prepend=0.0)
        names = np.array([name for name, _unused in tiers], dtype=object)
        more |= {f"probability_{name}": chance for name, chance in zip(names, chances, strict=True)}
        more |= {"tier": names[chances.argmax(axis=0)]}
    table = table.assign(**more)
    return table if caution is None else table.assign(caution=caution)


def _refuse_alike(names: Sequence[str]) -> None:
    """Raise if two columns would have one name."""
    counts = pd.Index(names).value_counts()
    if twice := list(counts.index[counts > 1]):
        raise InputError(_("Scores would have several columns {names}. Give a tier another name.", names=listed(twice)))


def _none(model: ValueModel) -> Customers:
    return Customers(pd.DataFrame(), model.time_unit, model.as_of, model.currency)


def _margin(given: Any) -> Margin:
    """A margin as it was given, checked where customers are."""
    if isinstance(given, str):
        return Margin(given, _("by the column {column!r}", column=given))
    if isinstance(given, Mapping | pd.Series):
        shares = {str(key): share for key, share in given.items()}
        return Margin(shares, in_percent(min(shares.values(), default=1.0), max(shares.values(), default=1.0)))
    return Margin(float(given), in_percent(float(given), float(given)))


def needed_columns(model: ValueModel) -> dict[str, tuple[str, bool, str]]:
    """The columns of customers that a model reads: type, whether they are needed, meaning."""
    found: dict[str, tuple[str, bool, str]] = {"customer_id": ("text or whole number", True, _("one row each"))}
    own = [one for one in model.streams if isinstance(one, OrderStream) and one.customers is None]
    unit = _(PLURALS[model.time_unit])
    if own or model.has_history:
        found |= {
            "frequency": ("whole number", True, _("repeat purchase days")),
            "recency": ("number", True, _("first to last purchase, in {unit}", unit=unit)),
            "T": ("number", True, _("first purchase to the as-of date, in {unit}", unit=unit)),
            "monetary_value": ("number", bool(own), _("mean of repeat purchases; missing without any")),
            "spend_frequency": ("whole number", False, _("repeat purchases that have a value; frequency if absent")),
        }
    for stream in own:
        for fit in stream.fits_by_purpose.values():
            if takes_first_orders(fit):
                found["first_value"] = ("number", True, _("value of the first order"))
            if pooling := pooling_of(fit):
                found |= {
                    name: (_("as fitted"), True, _("the fit is pooled by it")) for name in pooling.grouping.columns
                }
    if model.realised:
        found["total_value"] = ("number", bool(own), _("past revenue"))
    for given in (model.margin, *(one.margin for one in model.streams)):
        if isinstance(given, str):
            found[given] = ("number", True, _("share of revenue that is kept"))
    covers = None if model.future_value is None else model.future_value.covers
    if covers is not None and covers.column and own:
        found[covers.column] = ("text", True, _("whose pipeline is reported"))
    return found
