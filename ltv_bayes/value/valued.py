"""A valued portfolio: what was computed of it, on which terms, with which caution."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, flagged
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.language import _, comma
from ltv_bayes.terms import SAME, Terms
from ltv_bayes.time_units import as_duration
from ltv_bayes.value.draws.passes import ABOVE, PAYING, Columns
from ltv_bayes.value.draws.results import Results
from ltv_bayes.value.draws.valuation import JUDGED, REALISED, Components, Valuation, added

TOTAL = "total"


@dataclass(frozen=True)
class ValueSettings:
    """On which terms a value was computed.

    Attributes
    ----------
    terms : Terms
        Horizons up to the one that is reported, and discount.
    margin : str
        Share of revenue that is kept, as people write it.
    random_seed : int
        Of all draws.
    realised : bool
        Whether past revenue is included.
    exceptions : str
        Streams with a margin or a discount rate of their own.
    """

    terms: Terms
    margin: str
    random_seed: int
    realised: bool = False
    exceptions: str = ""

    @property
    def place(self) -> int:
        """Position of the horizon among those that were asked for."""
        return len(self.terms.horizons) - 1

    @property
    def to_come(self) -> "ValueSettings":
        """Those of what is still to come alone, where past revenue is not in a figure, or stands apart."""
        return replace(self, realised=False)

    def __str__(self) -> str:
        as_of = _(" from {as_of}", as_of=self.terms.as_of) if self.terms.as_of else ""
        rate = self.terms.discount_rate
        discount = _("discounted at {rate:.3g}% a year", rate=100 * rate) if rate else _("not discounted")
        past = _("; realised value, not discounted, included") if self.realised else ""
        return _(
            "{horizon}{as_of}, {discount}, margin {margin}{exceptions}{past}",
            horizon=self.terms.horizon,
            as_of=as_of,
            discount=discount,
            margin=self.margin,
            exceptions=self.exceptions,
            past=past,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Valued:
    """What the analyses of a value start from.

    Attributes
    ----------
    results : Results
        What was computed, at all horizons.
    settings : ValueSettings
        Horizon, discount, margin, seed.
    caution : str
        What every table must say; empty when nothing.
    """

    results: Results
    settings: ValueSettings
    caution: str = ""

    @property
    def valuation(self) -> Valuation:
        """How every source of money is valued, for any customers."""
        return self.results.valuation

    @property
    def customers(self) -> Customers:
        """Who was valued."""
        return self.valuation.customers

    @property
    def currency(self) -> str | None:
        """Currency of the values."""
        return self.customers.currency

    @property
    def units(self) -> str:
        """What amounts are counted in, as arrays state it."""
        return self.currency or "currency of the data"

    @property
    def sources(self) -> list[str]:
        """The sources of money: realised, the streams, judged."""
        return self.valuation.sources

    @property
    def has_streams(self) -> bool:
        """Whether anything but judgements and the past is valued."""
        return bool(set(self.sources) - {REALISED, JUDGED})

    @property
    def future_value(self) -> FutureValuePriors | None:
        """What experts expect."""
        return self.valuation.future_value

    @property
    def horizons(self) -> list[str]:
        """The horizons that were asked for, from the shortest to the longest."""
        return [str(horizon) for horizon in self.valuation.terms.horizons]

    @property
    def periods(self) -> int:
        """Number of periods up to the horizon."""
        return int(self.valuation.terms.periods_until()[self.settings.place])

    def at(self, horizon: Any) -> "Valued":
        """The value up to another of the horizons that were asked for; see `LifetimeValue.at`."""
        days = as_duration(horizon).days
        place = next(
            (k for k, one in enumerate(self.valuation.terms.horizons) if abs(one.days - days) <= SAME * days), None
        )
        if place is None:
            raise InputError(
                _(
                    "Values were not made at {horizon}, but at {horizons}. Ask for it: lifetime_value(..., "
                    "horizon=[..., {as_duration!r}]).",
                    horizon=horizon,
                    horizons=comma(self.horizons),
                    as_duration=str(as_duration(horizon)),
                )
            )
        return replace(self, settings=replace(self.settings, terms=self.valuation.terms.until(place)))

    def money(self, customer_id: Any = None) -> Components:
        """Money of all customers, or of one, within each draw up to the horizon: an array (draws,) by source."""
        return {name: flow[: self.periods].sum(axis=0) for name, flow in self.results.flows(customer_id).items()}

    def means(self, customer_id: Any = None) -> dict[str, float]:
        """Means of all customers, or of one, given the draws of parameters, up to the horizon, by source."""
        return {name: float(mean[: self.periods].sum()) for name, mean in self.results.means(customer_id).items()}

    def total(self, customer_id: Any = None) -> Array:
        """The same of all sources together: an array (draws,)."""
        return added(self.money(customer_id))

    def without_judgement(self) -> "Valued":
        """The same value without judgement; see `LifetimeValue.without_judgement`."""
        if self.sources == [JUDGED]:
            raise InputError(_("Nothing but judgement is in this value, so nothing is left without it. Add a stream."))
        return replace(self, results=self.results.without_judged())

    def described(self, table: pd.DataFrame, interval: tuple[float, str] | None = None, **attrs: Any) -> pd.DataFrame:
        """Add to a table the caution, and in its ``attrs`` the currency, the settings, the interval and more."""
        table = flagged(table, self.caution)
        level = {} if interval is None else {"interval": describe_interval(*interval)}
        table.attrs = {"currency": self.currency or "", "settings": str(self.settings), **level, **attrs}
        return table


def subject(customer_id: Any) -> str:
    """Name the customer, or all of them."""
    return _("all customers") if customer_id is None else str(customer_id)


def stored_attrs(value: Valued) -> dict[str, str]:
    """The attributes of values where they are stored."""
    settings = value.settings
    return {"units": value.units, "settings": str(str(settings)), "random_seed": str(settings.random_seed)}


def share_of(part: Any, whole: Any) -> Any:
    """Divide, with 0 where the whole is nothing or less.

    Examples
    --------
    >>> share_of([1.0, 0.0], [4.0, 0.0]).tolist()
    [0.25, 0.0]
    """
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def above_column(threshold: float) -> str:
    """The name of the chance of more than a threshold, which is written in full.

    Examples
    --------
    >>> above_column(1_000_001), above_column(0.5), above_column(-20.0)
    ('probability_above_1000001', 'probability_above_0.5', 'probability_above_-20')
    """
    return f"probability_above_{np.format_float_positional(threshold + 0.0, trim='-')}"


def customer_table(value: Valued, ids: pd.Index, columns: Columns) -> pd.DataFrame:
    """A summary of customers, with the judged share in place of the means of sources."""
    shown = {
        name: values for name, values in columns.items() if not name.startswith(("mean_", ABOVE)) and name != PAYING
    }
    if REALISED in value.sources:
        shown |= {REALISED: columns[f"mean_{REALISED}"], "to_come": columns["mean"] - columns[f"mean_{REALISED}"]}
    if JUDGED in value.sources:
        shown["judged_share"] = share_of(columns[f"mean_{JUDGED}"], columns["mean"])
    return flagged(pd.DataFrame(shown, index=ids), value.caution, value.currency)
