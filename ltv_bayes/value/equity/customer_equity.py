"""Customer equity: what the customers of today and those still to be won are worth together, less their cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import xarray as xr

from ltv_bayes.data.reading.amounts import SAME_CURRENCY
from ltv_bayes.data.reading.files import HeaderRows, SheetChoice
from ltv_bayes.errors import InputError, UnitError, a_kind, counted, listed, suggestion
from ltv_bayes.formatting import money, probability, with_currency
from ltv_bayes.intervals import bound_columns, interval_settings, quoted_with
from ltv_bayes.language import _
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import shape_of
from ltv_bayes.predictions.growth.fitted_expansion import bounds_note
from ltv_bayes.random_streams import as_seed
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.value.acquisition.new_customer_terms import NewCustomerTerms
from ltv_bayes.value.acquisition.new_customers import ANYBODY, NewCustomerValue
from ltv_bayes.value.equity import breakdown, sensitivity
from ltv_bayes.value.equity.cohorts import newcomers_of
from ltv_bayes.value.equity.parts import COST, PLANNED, PORTFOLIO, TOTAL, Parts, purposes_of
from ltv_bayes.value.equity.plan import AcquisitionPlan
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of
from ltv_bayes.value.valued import Valued

SAME_RATE = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class CustomerEquity(Printed):
    """The customers of today and those planned, as draws that add up; made by `customer_equity`."""

    _parts: Parts

    @property
    def plan(self) -> AcquisitionPlan:
        """The customers to be won."""
        return self._parts.plan

    @property
    def currency(self) -> str | None:
        """Currency of the values, where known."""
        return self._parts.value.currency

    @cached_property
    def draws(self) -> xr.Dataset:
        """Every draw of the parts: (chain, draw) of portfolio, planned, acquisition_cost and customer_equity.

        The cost is below 0, and within each draw the first three add up to the last.
        """
        shape, units = self._parts.shape, self._parts.value.units
        return xr.Dataset(
            {name: labelled_draws(one.reshape(shape), name, units=units) for name, one in self._parts.money.items()}
        )

    def total(self) -> xr.DataArray:
        """Customer equity, of shape (chain, draw)."""
        return self.draws[TOTAL]

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per part and their sum: mean, sd, median and interval.

        Parameters
        ----------
        ci_prob, ci_kind
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by component: portfolio, planned, acquisition_cost (below 0), customer_equity. Means are those of
            what is expected given each draw of the parameters, where that is known.
        """
        return breakdown.summary(self._parts, interval_settings(ci_prob, ci_kind))

    def by_channel(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per channel of the plan: what its customers are worth, and whether they repay their cost.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by channel: customers; cost_per_customer, on the day on which they are won; expected_value of the
            next customer, won today; probability_next_customer_loses, that they yield less than their cost, luck
            included; and of the planned customers together mean, sd, median and interval of the value less cost,
            discounted to the as-of date, with the probability that it is above 0.
        """
        return breakdown.by_channel(self._parts, interval_settings(ci_prob, ci_kind))

    def by_year(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per calendar year in which customers are won: their whole value, less their cost.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by year: customers, value (mean) and cost, at the as-of date's worth; mean, sd, median and interval
            of the value less cost.
        """
        return breakdown.by_year(self._parts, interval_settings(ci_prob, ci_kind))

    def cash_flow(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per year after the as-of date: money of that year, at the as-of date's worth.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by year (1 is the year after the as-of date): mean, sd, median and interval of all money less cost,
            and the means of its parts, ``mean_portfolio``, ``mean_planned``, ``mean_acquisition_cost``.
        """
        return breakdown.cash_flow(self._parts, interval_settings(ci_prob, ci_kind))

    def by_age(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Residual value by age of the relation: what a customer is still worth after so many years with the company.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by age, in whole years since the first order or the start of the first contract: customers, and
            mean, sd, median and interval of the value to come per customer.

        Raises
        ------
        InputError
            If nothing states when the relations began.
        """
        return breakdown.by_age(self._parts, interval_settings(ci_prob, ci_kind))

    def sensitivity(self, share: float = 0.1, *, growth: float | None = None) -> pd.DataFrame:
        """What moves customer equity most: one factor up and down at a time, on the same random numbers.

        Parameters
        ----------
        share : float
            By which factors change: 0.1 for 10% down and up.
        growth : float, optional
            By which yearly growth of all payments changes, a share a year; 0.01, or the discount rate where that is
            less, if not given. At 0, and so without a discount rate, the row of growth shows no change.

        Returns
        -------
        pandas.DataFrame
            Indexed by factor, the one with the largest swing first: change; at_low and at_high, mean equity where the
            factor is lower and higher; swing, how far these lie apart. Churn is the odds of leaving, in all fits, of
            customers of today and new ones alike; growth is of all payments of streams, counted from the as-of date.

        Raises
        ------
        UnitError
            If the share is not between 0 and 1, or the growth not between 0 and the discount rate.
        """
        return sensitivity.tornado(self._parts, share, growth)

    def company_value(
        self,
        *,
        tax_rate: float = 0.0,
        cash: float = 0.0,
        debt: float = 0.0,
        ci_prob: float | None = None,
        ci_kind: str | None = None,
    ) -> pd.DataFrame:
        """Value of a company by its customers: equity less tax, plus cash, less debt.

        This is arithmetic with the value of customers. It values no other assets, knows of no fixed costs but those in
        the margin, and of no customers beyond the plan.

        Parameters
        ----------
        tax_rate : float
            Share of customer equity that is paid in tax where it is above 0, between 0 and 1.
        cash, debt : float
            In the currency of the values.
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by component: customer_equity, tax, cash, debt, company_value; mean, sd, median and interval. Within
            each draw the first four add up to the last.
        """
        return breakdown.company_value(self._parts, tax_rate, cash, debt, interval_settings(ci_prob, ci_kind))

    def sentence(self, ci_prob: float | None = None, ci_kind: str | None = None) -> str:
        """A sentence to quote, of means, which add up; ``ci_prob, ci_kind`` as in `summary`."""
        table = self.summary(ci_prob, ci_kind)
        low, high = (table.loc[TOTAL, name] for name in bound_columns(table))
        text = _(
            "After the cost of winning them, customers of today and the {customers} planned are worth {total} on "
            "average ({interval} {low} to {high}): {portfolio} of those of today and {planned} of those planned, less "
            "{cost}.",
            customers=f"{int(self.plan.rows['customers'].sum()):,}",
            total=self._money(table.loc[TOTAL, "mean"]),
            interval=table.attrs["interval"],
            low=self._money(low),
            high=self._money(high),
            portfolio=self._money(table.loc[PORTFOLIO, "mean"]),
            planned=self._money(table.loc[PLANNED, "mean"]),
            cost=self._money(-table.loc[COST, "mean"]),
        )
        return quoted_with(text, self._parts.value.caution)

    def notes(self) -> list[str]:
        """What the reader should know before relying on the numbers."""
        parts, found = self._parts, list(self.plan.notes)
        terms = {id(one): one for one in parts.terms.values()}.values()
        if not all(one.shared(purposes_of(parts.value.valuation)) for one in terms):
            found.append(
                _(
                    "new customers are valued by other fits than those of today: what is unknown of both counts as "
                    "independent, so the interval of the sum may be too narrow."
                )
            )
        horizons = listed(dict.fromkeys(f"{one.horizon}" for one in terms))
        found.append(
            _(
                "customers of today count for {horizon} from the as-of date, new ones for {horizons} from the day on "
                "which they are won. Customers beyond the plan count for nothing.",
                horizon=parts.value.settings.terms.horizon,
                horizons=horizons,
            )
        )
        if self.plan.rows["month"].notna().any():
            found.append(_("customers of a month are taken to be won in its middle."))
        growing = {id(one.growth): one.growth for one in terms if one.growth is not None}
        return found + [note for one in growing.values() for note in bounds_note(one)]

    def _money(self, amount: float) -> str:
        return with_currency(money(float(amount), self.currency), self.currency)

    def _page(self) -> ResultPage:
        plan = self.plan.rows
        heading = _(
            "Customer equity of {customers} today and {number} planned until {last}: {settings}",
            customers=counted(len(self._parts.value.customers), "customer"),
            number=f"{int(plan['customers'].sum()):,}",
            last=f"{plan['won_on'].max():%Y-%m-%d}",
            settings=self._parts.value.settings.to_come,
        )
        losing = [
            _("{channel}: {probability}", channel=str(name) or _(ANYBODY), probability=probability(float(chance)))
            for name, chance in self.by_channel()["probability_next_customer_loses"].items()
        ]
        chances = _("probability that the next customer costs more than they yield: {losing}", losing=listed(losing))
        notes = [_("note: {note}", note=note) for note in self.notes()]
        return ResultPage([heading], self.summary(), [chances, *notes], self.currency)


def parts_of(equity: CustomerEquity) -> Parts:
    """What pictures and reports of equity start from."""
    return equity._parts


def customer_equity(
    ltv: LifetimeValue,
    acquisition_plan: Any,
    new_customers: NewCustomerValue | Mapping[str, NewCustomerValue],
    *,
    columns: Mapping[str, str] | None = None,
    amount_unit: float | str | None = None,
    decimal: str = ".",
    sheet: SheetChoice = None,
    encoding: str | None = None,
    header: HeaderRows = None,
    random_seed: int | None = None,
) -> CustomerEquity:
    """Value all customers: those of today and those still to be won, less what it costs to win them.

    Parameters
    ----------
    ltv : LifetimeValue
        The customers of today, as of a date. What was realised so far does not count.
    acquisition_plan : path, frame or mapping
        A row for each channel and month: ``month`` ("2026-03", or a date), ``customers``, and ``cost`` of all of them
        or ``cost_per_customer``; ``channel`` where there are several. Customers of a month are won in its middle.
    new_customers : NewCustomerValue, or mapping from channel to NewCustomerValue
        What the next customer is worth, as `new_customer_value` returns it: of fits pooled by channel, of plain ones,
        or of each channel's own fits. Its discount rate is that of ``ltv``; its horizon counts from the day on which a
        customer is won.
    columns : mapping, optional
        The user's own names of columns, by ours: ``{"month": "月份", "customers": "新客户"}``.
    amount_unit : float or str, optional
        What 1 in columns of money is worth, as in 1000 or ``"万元"``.
    decimal, sheet, encoding, header
        How the table is written, as in `read_transactions` and `read_table`.
    random_seed : int, optional
        Seed of the draws of planned customers.

    Returns
    -------
    CustomerEquity

    Raises
    ------
    ColumnError
        If a column is missing.
    InputError
        If rows of the plan are wrong, or name a channel that the fit has not seen; the message names the rows.
    UnitError
        If currencies or discount rates differ, or ``ltv`` has no as-of date.

    Notes
    -----
    Where the same fit values the customers of today and new ones, both have the same parameters in each draw, and the
    same calendar effects and price level: a draw in which churn is high is bad for both. Given these, each planned
    customer is drawn; of more than 40 in one cohort who buy when they like, 40, with their luck scaled to all.

    References
    ----------
    Rust, Lemon and Zeithaml (2004), Return on Marketing: Using Customer Equity to Focus Marketing Strategy, Journal of
    Marketing 68. McCarthy, Fader and Hardie (2017), Valuing Subscription-Based Businesses Using Publicly Disclosed
    Customer Data, Journal of Marketing 81.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> contracts = {"customer": ["Ada", "Bo"], "start": ["2023-01-01", "2024-01-01"], "price": 100}
    >>> records = pd.DataFrame({**contracts, "cancelled_on": None})
    >>> renewals = lb.summarize_renewals(records, period="year", as_of="2025-12-31")
    >>> fit = lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[3.0]]}, periods="year")
    >>> terms = {"horizon": "5 years", "discount_rate": 0.1}
    >>> today = lb.lifetime_value(lb.all_customers(renewals), lb.Subscription(fit, renewals), random_seed=1, **terms)
    >>> plan = {"month": ["2026-01"], "customers": [10], "cost_per_customer": [150]}
    >>> equity = customer_equity(today, plan, lb.new_customer_value(fit, price=100, **terms), random_seed=2)
    >>> equity.summary()["mean"].round().to_dict()["acquisition_cost"]
    -1494.0
    """
    if not isinstance(ltv, LifetimeValue):
        raise InputError(_("Pass what lifetime_value(...) returned first, not {kind}.", kind=a_kind(ltv)))
    value = valued_of(ltv)
    as_of = value.settings.terms.as_of
    if as_of is None:
        raise UnitError(
            _("The customers have no as-of date, so no month lies after it. Pass as_of= where they are read.")
        )
    plan = AcquisitionPlan.read(
        acquisition_plan,
        as_of,
        columns=columns,
        amount_unit=amount_unit,
        decimal=decimal,
        sheet=sheet,
        encoding=encoding,
        header=header,
    )
    values = _values_by_channel(new_customers, plan)
    for one in dict.fromkeys(values.values()):
        _require_alike(value, one, plan)
    terms = {name: _beside(value, one) for name, one in values.items()}
    segments = {name: name if one.column else ANYBODY for name, one in values.items()}
    return CustomerEquity(Parts(value, plan, terms, segments, newcomers_of(terms, segments), as_seed(random_seed)))


def _values_by_channel(given: Any, plan: AcquisitionPlan) -> dict[str, NewCustomerValue]:
    """What the next customer of each channel of the plan is worth."""
    by_name = {str(name): one for name, one in given.items()} if isinstance(given, Mapping) else None
    for one in by_name.values() if by_name is not None else [given]:
        if not isinstance(one, NewCustomerValue):
            raise InputError(
                _(
                    "new_customers takes what new_customer_value(...) returned, or one for each channel, not {kind}.",
                    kind=a_kind(one),
                )
            )
    found = {}
    for name in plan.channels:
        one = given if by_name is None else by_name.get(name)
        known = [] if one is None else list(dict.fromkeys([*one.segments, *one.terms.known()]))
        if one is None or (one.column and name not in known):
            rows = list(plan.rows.index[plan.rows["channel"] == name])
            raise InputError(
                _(
                    "The plan has the channel {name!r}, whose next customer is not valued. {suggestion}",
                    name=name,
                    suggestion=suggestion(name, known if by_name is None else by_name),
                ),
                rows,
            )
        found[name] = one
    return found


def _require_alike(value: Valued, one: NewCustomerValue, plan: AcquisitionPlan) -> None:
    """Refuse new customers in another currency, at another discount rate, or of other draws."""
    currencies = {
        SAME_CURRENCY.get(name, name) for name in (value.currency, one.currency, plan.currency) if name is not None
    }
    if len(currencies) > 1:
        raise UnitError(
            _(
                "Values, new customers and the plan are in {currencies}. Convert them to one currency first.",
                currencies=listed(sorted(currencies)),
            )
        )
    own, rate = one.terms.discount_rate, value.settings.terms.discount_rate
    if abs(own - rate) > SAME_RATE:
        raise UnitError(
            _(
                "The customers of today are discounted at {rate:.3g}% a year, new ones at {own:.3g}%. Pass the same "
                "discount_rate= to new_customer_value.",
                rate=100 * rate,
                own=100 * own,
            )
        )
    shape = value.valuation.shape
    if any(have < need for fit in one.terms.given for have, need in zip(shape_of(fit), shape, strict=True)):
        raise InputError(
            _(
                "The fits of new customers have fewer draws than the value of today's: {shape} chains and draws are "
                "needed. Fit with as many, or thin the others: fit.thin(draws, chains).",
                shape=f"{shape[0]} x {shape[1]:,}",
            )
        )


def _beside(value: Valued, one: NewCustomerValue) -> NewCustomerTerms:
    """The terms of new customers, with the draws of fits in the order of the streams'."""
    valuation = value.valuation
    return one.terms.beside(purposes_of(valuation), valuation.shape, valuation.seed)
