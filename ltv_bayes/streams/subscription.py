"""Subscriptions: renewals of each contract, at its own dates and prices, for as long as it is renewed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.data.subscriptions.renewals import Renewals, is_active, present_contract, require_records
from ltv_bayes.data.subscriptions.revenue.recurring import a_month
from ltv_bayes.errors import ColumnError, InputError, a_kind, rows_at_fault
from ltv_bayes.formulas.kernels import renewal_values
from ltv_bayes.formulas.kernels.order_values import UNKNOWN, Relations
from ltv_bayes.formulas.kernels.renewal_values import Payments, Subscriptions
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.point.values import as_money
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.predictions.churn.time_varying import TimeVarying, covariates_note, require_covariates
from ltv_bayes.predictions.clock import clock_note
from ltv_bayes.predictions.fitted import (
    FittedModel,
    caution_of,
    check_covariates,
    parameters_of,
    shape_of,
    shuffled,
    smallest_shape,
)
from ltv_bayes.predictions.groups import GroupDraws
from ltv_bayes.predictions.growth.fitted_expansion import FittedExpansion, bounds_note
from ltv_bayes.predictions.renewals import FittedRenewals, periods_of, still_to_tell
from ltv_bayes.random_streams import customer_states
from ltv_bayes.streams.contract_schedules import FactorsOfContracts, Schedule
from ltv_bayes.streams.notes import called, missing_here_or_there
from ltv_bayes.streams.own_data import require_same, sum_by_customer
from ltv_bayes.streams.prices import OwnGrowth, PriceChanges, require_expansion
from ltv_bayes.streams.stream import CustomerDraws, Stream
from ltv_bayes.terms import Terms

ALL = ""


@dataclass(frozen=True, eq=False)
class Subscription:
    """The stream of subscription payments.

    Every contract that is active at the as-of date is renewed at the dates of the calendar until, in each draw, a
    renewal is not made. The payment of a renewal is due at its date; a renewal that has been due for less than the
    grace of the records, and is not recorded yet, is made or not on the as-of date. Contracts of one customer are
    renewed or not independently of each other, given the parameters.

    Parameters
    ----------
    fit : FittedRenewals, or mapping from contract length to FittedRenewals
        How often subscribers renew, as `ShiftedBetaGeometric` fits it; churn is that of one renewal, so monthly and
        yearly contracts need fits of their own: ``{"month": monthly, "year": yearly}``.
    renewals : Renewals
        The contracts, as `summarize_renewals` makes them.
    name : str
        Names the stream in results.
    price : float, optional
        What every renewal costs, where the records have no prices.
    price_changes : float, mapping or frame, optional
        How prices go on. A number is a share a year, 0.03 for 3%, counted to each payment's date. A mapping from date
        to share, ``{"2026-07-01": 0.05}``, changes all prices from that day on. A frame with customer_id, valid_from,
        price (and product, if contracts have one) gives new prices of contracts.
    amount_unit : float or str, optional
        What 1 in new prices is worth, as in `read_transactions`.
    growth : FittedExpansion, optional
        How each contract's own price changes from renewal to renewal, as `Expansion` fits it: drawn beside what
        ``price_changes`` says of all prices.
    while_alive : str or stream, optional
        A stream that this one depends on, or its name: no renewal is made after the relation ends there.
    margin : float, column name, or mapping from id to float, optional
        Share of this stream's revenue that is kept; that of the value if not given.
    discount_rate : float, optional
        Annual effective rate of this stream; that of the value if not given.

    Raises
    ------
    InputError
        If contracts have no fit for their length, or no price; the message names the customers. Or if a fit has learned
        from contracts of another length, or of several.
    """

    fit: FittedRenewals | Mapping[str, FittedRenewals]
    renewals: Renewals
    name: str = "subscription"
    price: float | None = field(default=None, kw_only=True)
    price_changes: Any = field(default=None, kw_only=True)
    amount_unit: float | str | None = field(default=None, kw_only=True)
    growth: FittedExpansion | None = field(default=None, kw_only=True)
    while_alive: str | Stream | None = field(default=None, kw_only=True)
    margin: Any = field(default=None, kw_only=True)
    discount_rate: float | None = field(default=None, kw_only=True)

    ends_a_relation: ClassVar[bool] = True

    def __post_init__(self) -> None:
        fits = list(self.fit.values()) if isinstance(self.fit, Mapping) else [self.fit]
        for value in fits:
            if not isinstance(value, FittedRenewals):
                raise InputError(
                    _(
                        "Subscription takes a renewal fit, or one for each contract length, and the renewals; "
                        "where ShiftedBetaGeometric().fit(...) belongs there is {kind}.",
                        kind=a_kind(value),
                    )
                )
        if not fits:
            raise InputError(_("There is no fit. Pass one, or one for each contract length."))
        require_records(self.renewals)
        self._refuse_unfitted()
        for fit in self.fits.values():
            if (covariates := TimeVarying.of(fit)) is not None:
                require_covariates(self.renewals, covariates.names)
        require_expansion(self.growth, self.renewals)
        self._prices, self._changes  # noqa: B018 - what is wrong with prices is refused at once

    @property
    def fits(self) -> dict[str, FittedRenewals]:
        """The fits by contract length; a single one counts for all."""
        return dict(self.fit) if isinstance(self.fit, Mapping) else {ALL: self.fit}

    @property
    def fits_by_purpose(self) -> dict[str, FittedModel]:
        """The fits by the purpose that the order of their draws belongs to."""
        found: dict[str, FittedModel] = {f"{self.name} {length}": fit for length, fit in self.fits.items()}
        return found if self.growth is None else {**found, f"{self.name} growth of prices": self.growth}

    @property
    def shape(self) -> tuple[int, int]:
        """Chains and draws per chain that all fits have."""
        return smallest_shape(map(shape_of, self.fits_by_purpose.values()))

    @property
    def caution(self) -> str:
        """What every table made from the fits must state."""
        return caution_of(*self.fits.values())

    def check(self, customers: Customers) -> None:
        """Refuse data of another day or currency. Warn of covariates far from those that were fitted."""
        require_same(customers, self.name, self.renewals.as_of, self.renewals.currency)
        for fit in self.fits.values():
            check_covariates(fit, [self.renewals.table], "subscription")

    def knows(self, customers: Customers) -> np.ndarray:
        """Mark the customers who have contracts."""
        return np.asarray(as_text(customers.ids).isin(self._ids))

    def notes(self, customers: Customers, terms: Terms) -> list[str]:
        """State what moves all subscribers, and who is not in the records."""
        return [*self.common_notes(customers), *missing_here_or_there(customers, self._ids, self.name)]

    def common_notes(self, customers: Customers) -> list[str]:
        """State what moves all subscribers, and how far prices can grow."""
        notes = (note for fit in self.fits_by_purpose.values() for note in _notes_of(fit))
        return [_("{name}: {note}", name=called(self.name), note=note) for note in notes]

    def realised(self, customers: Customers) -> Array:
        """What was paid at the start and at renewals so far, at the price of the records.

        Where another contract took its place before the end of a period, the rest of that period was credited.
        """
        table, schedule = self.renewals.table, Schedule.of(self.renewals)
        _, earlier = present_contract(table)
        changed = table["changed_on"] if "changed_on" in table else np.full(len(table), np.datetime64("NaT", "D"))
        paid = schedule.steps.used(schedule.start, schedule.made, changed) * self._prices
        if "earlier_payments" in table:
            paid = paid + table["earlier_payments"].to_numpy(dtype=float)
        elif earlier.any():
            paid = paid + earlier * self._prices
        return sum_by_customer(paid, self._ids, customers)

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> CustomerDraws:
        """Make ready to value these customers; see `Stream`. Payments are laid out for a few customers at a time."""
        return self._made_ready(customers, terms, shape, seed)

    def recurring(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> CustomerDraws:
        """Draws of what contracts cost a month that run on the last day of the terms, in one period.

        The customers, terms, shape and seed are those of `prepare`.
        """
        return self._made_ready(customers, terms, shape, seed, recurring=True)

    def recurring_now(self, customers: Customers) -> Array:
        """What contracts cost a month that run on the as-of date, an array of shape (customers,)."""
        runs = ~(Schedule.of(self.renewals).ended() <= 0)
        return sum_by_customer(np.where(runs, self._a_month(self._prices), 0.0), self._ids, customers)

    def _a_month(self, prices: Array, rows: Any = slice(None)) -> Array:
        return a_month(prices, self.renewals.table["period"].to_numpy(dtype=str)[rows])

    def _made_ready(
        self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int, *, recurring: bool = False
    ) -> CustomerDraws:
        rows, held = self._contracts(customers)
        table, schedule = self.renewals.table, Schedule.of(self.renewals)
        ended, made = schedule.ended(), table["renewals"].to_numpy(dtype=float)
        fits = [shuffled(fit, shape, seed, f"{self.name} {length}") for length, fit in self.fits.items()]
        growth = OwnGrowth.of(self.growth, self.renewals, shape, seed, self.name)
        drawn = [parameters_of(fit, table, "subscription", check=False) for fit in fits]
        fit_of_each = self._fit_of_each()
        factors = FactorsOfContracts.of(fits, fit_of_each, self.renewals)
        silent = np.ones(len(table))
        for which, fit in enumerate(fits):
            silent[fit_of_each == which] = still_to_tell(fit, table[fit_of_each == which], self.renewals.as_of)
        ends, delta = terms.last_days(), terms.delta("day")

        def draw(
            first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
        ) -> None:
            some = rows[held[first] : held[last]]
            paid, contract, date, due = schedule.payments(some, ends[-1])
            amount = self._changes.at(self._prices[some][contract], some[contract], date, due)
            worth, period = amount * np.exp(-delta * due), np.searchsorted(ends, due).astype(np.int64)
            if recurring:
                worth, period = self._a_month(amount, some[contract]) * _last_of_each(paid), np.zeros_like(period)
            place, alpha, beta, c = _parameters(drawn, fit_of_each, some)
            renewal_values.shifted_beta_geometric(
                customer_states(seed, self.name, customers.ids[first:last]),
                Subscriptions(
                    held[first : last + 1] - held[first], made[some], ended[some], place, alpha, beta, c, silent[some]
                ),
                Payments(paid, due, period, worth),
                Relations(UNKNOWN if until is None else until, UNKNOWN if life is None else life),
                money,
                factors.at(some, contract, date),
                growth.at(some, customers.ids[first:last]),
            )
            if recurring:
                unchanged = (np.diff(paid) == 0) & ~(ended[some] <= ends[-1])
                owner = np.repeat(np.arange(last - first), np.diff(held[first : last + 1]))
                own = np.where(unchanged, self._a_month(self._prices[some], some), 0.0)
                money[:, 0] += np.bincount(owner, own, last - first)[:, np.newaxis]

        return draw

    def _contracts(self, customers: Customers) -> tuple[IntArray, IntArray]:
        """Rows of the contracts in the order of the customers, and where those of each customer begin and end."""
        position = as_text(customers.ids).get_indexer(self._ids)
        table = self.renewals.table
        what = table["product"].to_numpy(dtype=str) if "product" in table else np.zeros(len(table))
        order = np.lexsort((self._prices, what, table["period"].to_numpy(dtype=str), table["start"], position))
        rows = order[position[order] >= 0]
        return rows, np.searchsorted(position[rows], np.arange(len(customers) + 1)).astype(np.int64)

    @cached_property
    def _ids(self) -> pd.Index:
        return as_text(self.renewals.table.index)

    def _fit_of_each(self) -> IntArray:
        """Which fit counts for each contract."""
        fits = list(self.fits)
        if fits == [ALL]:
            return np.zeros(len(self.renewals.table), dtype=np.int64)
        return pd.Index(fits).get_indexer(self.renewals.table["period"])

    @cached_property
    def _prices(self) -> Array:
        """The price of one renewal of each contract."""
        table = self.renewals.table
        if self.price is not None and "price" in table:
            raise InputError(
                _("The renewals have prices of their own. Leave price= out, or change them by price_changes=.")
            )
        if self.price is not None:
            return np.full(len(table), as_money(self.price, "price"))
        if "price" not in table:
            raise ColumnError(_("The renewals have no prices. Read them with price='...', or pass price= here."))
        return table["price"].to_numpy(dtype=float)

    @cached_property
    def _changes(self) -> PriceChanges:
        as_of: Any = self.renewals.as_of
        return PriceChanges.read(self.price_changes, self.renewals.table, as_of, self.amount_unit)

    def _refuse_unfitted(self) -> None:
        """Raise if there is no fit for the length of some active contracts, or one of other or of several lengths.

        A renewal after a year is no renewal a month.
        """
        table = self.renewals.table[is_active(self.renewals.table)]
        lengths = list(self.fit) if isinstance(self.fit, Mapping) else periods_of(self.fit)
        wrong = ~table["period"].isin(lengths or table["period"]).to_numpy()
        if wrong.any():
            ids = table.index[wrong].unique()
            unfitted = _(" or a ").join(sorted(table["period"][wrong].unique()))
            problem = _("with contracts of a {unfitted}, for which there is no fit", unfitted=unfitted)
            cure = _("Pass one for each length: Subscription({{'month': monthly, 'year': yearly}}, renewals).")
            raise InputError(rows_at_fault(ids, "customer", problem, cure), table.index[wrong])
        if not isinstance(self.fit, Mapping) and len(lengths) > 1:
            raise InputError(
                _(
                    "The fit is of contracts of a {lengths} together, but their churn is not the same. Fit "
                    "each length apart: renewals.subset(renewals.table['period'] == '{lengths_2}'), and pass a "
                    "mapping.",
                    lengths=", a ".join(lengths),
                    lengths_2=lengths[0],
                )
            )
        for length, fit in self.fits.items():
            if length != ALL and (known := periods_of(fit)) not in ([], [length]):
                raise InputError(
                    _(
                        "The fit for contracts of a {length} has learned from those of a {known}. Fit each length "
                        "apart: renewals.subset(renewals.table['period'] == '{length}').",
                        length=length,
                        known=_(" and a ").join(known),
                    )
                )


def _notes_of(fit: FittedModel) -> list[str]:
    return [*clock_note(fit), *covariates_note(fit), *bounds_note(fit)]


def fees_to_come(stream: Subscription, rows: IntArray, days: float) -> tuple[IntArray, Array, Array]:
    """Where each contract's payments begin, (contracts + 1,), days until they are due, and fees, if all are made."""
    paid, contract, date, due = Schedule.of(stream.renewals).payments(rows, days)
    return paid, due, stream._changes.at(stream._prices[rows][contract], rows[contract], date, due)


def _last_of_each(paid: IntArray) -> Array:
    """1 for the last payment of each contract, and 0 for those before."""
    found = np.zeros(paid[-1])
    found[paid[1:][np.diff(paid) > 0] - 1] = 1.0
    return found


def _parameters(drawn: list[GroupDraws], fit_of_each: IntArray, rows: IntArray) -> tuple[IntArray, Array, Array, Array]:
    """The group of each contract, and the groups' parameters: alpha, beta and c, which is empty where no fit has it.

    Arrays of shape (groups, draws); c is 1 for the groups of fits without it.
    """
    fits, number = fit_of_each[rows], 0
    place, found = np.zeros(len(rows), dtype=np.int64), []
    for fit, own in enumerate(drawn):
        groups, at = np.unique(own.place[rows[fits == fit]], return_inverse=True)
        place[fits == fit] = number + at
        number += len(groups)
        found.append(own.at(groups))
    alpha, beta = (np.concatenate([part[name] for part in found]) for name in shifted_beta_geometric.PARAMETERS)
    tenured = any("c" in part for part in found)
    c = np.concatenate([part.get("c", np.ones_like(part["alpha"])) for part in found]) if tenured else UNKNOWN
    return place, alpha, beta, c
