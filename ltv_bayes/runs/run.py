"""A run: everything that the settings ask for, each computed once, when it is first needed."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

from ltv_bayes.data.customers.all_customers import all_customers
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import ColumnError, InputError, suggestion
from ltv_bayes.evaluation.check import Checks, check
from ltv_bayes.evaluation.value_over_time import ValueOverTime
from ltv_bayes.judgement.combine import combine_judgements
from ltv_bayes.judgement.form.pipeline import as_spread
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.language import _
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import caution_of
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.reporting.report import Report, report
from ltv_bayes.runs.analyses import compare_channels, hold_to_the_past, next_buyer, value_earlier, with_the_planned
from ltv_bayes.runs.checked import channels_of_plan, check_costs, check_settings
from ltv_bayes.runs.contracts import Recurring, next_subscriber, tell_of_contracts
from ltv_bayes.runs.inputs import (
    attributes_of,
    day_before,
    judge_pipeline,
    read_judgements,
    read_orders,
    read_renewals,
    require_relations,
    summarize_orders,
    until,
)
from ltv_bayes.runs.kinds import CHOSEN
from ltv_bayes.runs.models import Models, saved_fit
from ltv_bayes.runs.settings import Settings
from ltv_bayes.runs.toml import read_settings
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.subscription import Subscription
from ltv_bayes.value.acquisition.acquisition import Acquisition
from ltv_bayes.value.acquisition.new_customers import NewCustomerValue
from ltv_bayes.value.decisions.slipping_away import SlippingAway, slipping_away
from ltv_bayes.value.equity.customer_equity import CustomerEquity
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.segments.segments import SegmentValues
from ltv_bayes.value.value_customers import lifetime_value

MOST_ORIGINS = 3
PURCHASES, SPEND, RENEWALS = "purchases", "spend", "renewals"


class Run:
    """What `ltv-bayes report` does, from raw files to a report; every part is there to look at.

    Parameters
    ----------
    settings : Settings
        The whole run; :meth:`read` takes them from a TOML file.
    realised : bool
        Whether past revenue is added where the settings do not say it.
    keep : int, optional
        How many draws per chain of saved fits to use; all if not given.

    Examples
    --------
    ``Run.read("run.toml").report.to_html("report.html")``
    """

    def __init__(self, settings: Settings, *, realised: bool = True, keep: int | None = None) -> None:
        self.settings = settings
        self._realised, self._keep = realised, keep
        self.remarks: list[str] = []
        self._next: dict[bool, NewCustomerValue] = {}
        self._planned: list[str] = []

    @classmethod
    def read(cls, path: str | Path | None = None, **options: Any) -> Self:
        """A run as a TOML file describes it; options, named as on the command line, go before it.

        Parameters
        ----------
        path : path, optional
            What ``ltv-bayes init`` wrote.
        **options
            As in ``orders="orders.csv", horizon=["5 years"]``.

        Raises
        ------
        InputError
            If a setting is not known, or has a wrong value.
        """
        return cls(read_settings(path, options))

    def check(self) -> None:
        """Raise before anything is read if a setting cannot be, or a file is not there.

        Raises
        ------
        InputError, UnitError
            With the setting or the file.
        """
        check_settings(self.settings)
        for path in self.settings.files():
            if not path.exists():
                raise InputError(_("{path} does not exist.", path=path))

    @property
    def caution(self) -> str:
        """What every result of these fits must say; empty when they converged."""
        return caution_of(*self.fits.values())

    @cached_property
    def orders(self) -> Transactions | None:
        """The orders as they were read; None where there are subscriptions alone."""
        if self.settings.orders.file is None and self.settings.subscriptions.file is not None:
            return None
        return read_orders(self.settings.orders)

    @cached_property
    def buyers(self) -> Customers | None:
        """Those who ordered, one row each."""
        return None if self.orders is None else summarize_orders(self.orders, self.settings, self._attributes)

    @cached_property
    def renewals(self) -> Renewals | None:
        """Contracts, if there are any."""
        if self.settings.subscriptions.file is None:
            return None
        as_of = self.settings.customers.as_of if self.buyers is None else self.buyers.as_of
        found = read_renewals(self.settings.subscriptions, as_of, self._currency)
        self.remarks += [_("Contracts: {note}", note=note) for note in found.notes]
        return found

    @cached_property
    def judged(self) -> FutureValuePriors | None:
        """Judgements and judged opportunities, if there are any."""
        parts = [one for one in (read_judgements(self.settings.judgements), self._pipeline) if one is not None]
        return None if not parts else parts[0] if len(parts) == 1 else combine_judgements(*parts)

    @cached_property
    def customers(self) -> Customers:
        """Everyone who is valued: buyers, subscribers, and prospects with an open opportunity."""
        others: list[Any] = [] if self.renewals is None else [self.renewals]
        prospects = self.judged if self.settings.judgements.prospects else self._pipeline
        others += [] if prospects is None else [prospects.table]
        if self.buyers is not None and not others:
            return self.buyers
        known = [] if self.buyers is None else [self.buyers]
        everyone = all_customers(*known, *others, attributes=self._attributes)
        if self.buyers is None:
            return everyone
        return self.buyers if len(everyone) == len(self.buyers) else _with_past(everyone, self.buyers)

    @cached_property
    def purchases(self) -> FittedPurchases | FittedEvents | None:
        """The fit of purchases."""
        return self._fit(PURCHASES, (FittedPurchases, FittedEvents), lambda: self._models.purchases())

    @cached_property
    def spend(self) -> FittedSpend | None:
        """The fit of spend."""
        return self._fit(SPEND, FittedSpend, lambda: self._models.spend())

    @cached_property
    def renewing(self) -> dict[str, FittedRenewals]:
        """The fits of renewals, by length of contract."""
        if self.renewals is None:
            return {}
        found = {}
        for length in sorted(self.renewals.table["period"].astype(str).unique()):
            part = self.renewals.subset(self.renewals.table["period"].astype(str) == length)
            name = f"{RENEWALS}_{length.replace(' ', '_')}"
            saved = self._saved(name, FittedRenewals)
            found[length] = saved or self._models.renewals().fit(part, **self._models.sampling)
        return found

    @property
    def fits(self) -> dict[str, Any]:
        """All fits by the name of their file."""
        found: dict[str, Any] = {PURCHASES: self.purchases, SPEND: self.spend}
        found |= {f"{RENEWALS}_{length.replace(' ', '_')}": fit for length, fit in self.renewing.items()}
        return {name: fit for name, fit in found.items() if fit is not None}

    @cached_property
    def streams(self) -> list[Any]:
        """What customers pay for."""
        of, found = self.settings.subscriptions, list[Any]()
        if self.renewals is not None:
            name = "subscription"
            found.append(
                Subscription(
                    self.renewing,
                    self.renewals,
                    name,
                    price=of.renewal_price,
                    price_changes=of.price_increase,
                    margin=of.margin,
                )
            )
        if self.purchases is not None and self.spend is not None:
            own: dict[str, Any] = {} if self.customers is self.buyers else {"customers": self.buyers}
            if self.renewals is not None and of.one_relation:
                assert self.buyers is not None
                own = {"customers": self._while_subscribed, "while_alive": "subscription"}
            found.append(RepeatPurchases(self.purchases, self.spend, **own))
        return found

    @cached_property
    def ltv(self) -> LifetimeValue:
        """The value of each customer."""
        self._require_segments()
        if self.judged is not None and self.buyers is not None:
            require_relations(self.judged, self.buyers)
        check_costs(self.settings)
        self._planned = channels_of_plan(self.settings, self.customers.as_of)
        of = self.settings.value
        horizon = of.horizon[0] if len(of.horizon) == 1 else list(of.horizon)
        realised = of.realised
        if realised is None:
            known = self.renewals is None and "total_value" in self.customers.columns  # of contracts, only prices are
            realised = self._realised and known
            if self._realised and self.renewals is not None:
                self.remarks.append(
                    _(
                        "Revenue so far is left out: of contracts, prices are known and not payments. "
                        "Set realised = true to take prices for them."
                    )
                )
        return lifetime_value(
            self.customers,
            self.streams,
            future_value=self.judged,
            horizon=horizon,
            discount_rate=of.discount_rate,
            margin=of.margin,
            realised=realised,
            random_seed=self.settings.sampling.seed,
            progressbar=True,
        )

    @cached_property
    def segments(self) -> tuple[SegmentValues, ...]:
        """The value by segments."""
        return tuple(self.ltv.by(columns[0] if len(columns) == 1 else columns) for columns in self._segmentations())

    @cached_property
    def acquisition(self) -> Acquisition | None:
        """Channels by their costs, of models pooled by channel where customers have one."""
        if self.settings.costs.file is None:
            return None
        return compare_channels(self.settings, self._next_customer(by_channel=True))

    @cached_property
    def equity(self) -> CustomerEquity | None:
        """Customers of today and those that a plan is to win."""
        if self.settings.plan.file is None:
            return None
        today = self.ltv
        if self.renewals is not None and self.buyers is None:
            value, remark = next_subscriber(self.settings, self.renewals, self.renewing)
        else:
            value, remark = self._next_customer(by_channel=bool(self._planned)), ""
            if self.renewals is not None:
                remark = _("New customers of the plan are valued by their orders; contracts of theirs do not count.")
        self.remarks += [remark] if remark else []
        return with_the_planned(self.settings, today, value)

    @cached_property
    def recurring(self) -> Recurring:
        """What the report tells of contracts."""
        return tell_of_contracts(self.settings, self.ltv, self.renewals, self.streams, self.remarks)

    @cached_property
    def slipping_away(self) -> SlippingAway | None:
        """Who is slipping away."""
        of = self.settings.analyses
        if self.orders is None or not isinstance(self.purchases, FittedPurchases):
            return None
        assert self.buyers is not None
        assert self.buyers.as_of is not None
        since = day_before(of.slipping_since, self.buyers.as_of)
        if since is None:
            return None
        if since < self.orders.table["date"].min().date():
            self.remarks.append(_("Who is slipping away is not told: the orders begin after {since}.", since=since))
            return None
        return slipping_away(self.ltv, self.orders, since=since, least_drop=of.least_drop, least_alive=of.least_alive)

    @cached_property
    def over_time(self) -> ValueOverTime | None:
        """The value on earlier days."""
        of = self.settings
        if not of.analyses.over_time or self._counted is None or self.buyers is None:
            return None
        return value_earlier(
            of, self._counted, self.buyers.as_of, self._models, self._segmentations(), self._attributes
        )

    @cached_property
    def checks(self) -> Checks | None:
        """Whether the fits describe the data."""
        if not self.settings.trust.checks or self.buyers is None or self.orders is None:
            return None
        fits = [fit for fit in (self.purchases, self.spend) if fit is not None]
        return check(
            self.buyers,
            *fits,
            orders=self._counted,
            random_seed=self.settings.sampling.seed,
        )

    def backtest(self, folder: Path | None = None) -> Any:
        """Whether forecasts of earlier days held; None where none is asked for, or the log is too short for a choice.

        Parameters
        ----------
        folder : path, optional
            Where the result of each origin is kept, so that an interrupted backtest goes on.

        Returns
        -------
        RollingBacktest or ModelComparison
        """
        trust, orders = self.settings.trust, self._counted
        if orders is None or (trust.origins == 0 and not trust.days):
            return None
        hold = partial(
            hold_to_the_past, self.settings, orders, self._models, self._segmentations(), self._attributes, folder
        )
        if trust.days or trust.origins != CHOSEN:
            return hold(as_of=list(trust.days)) if trust.days else hold(origins=trust.origins)
        for origins in range(MOST_ORIGINS, 0, -1):
            try:
                return hold(origins=origins)
            except InputError as problem:
                last = problem
        self.remarks.append(_("Forecasts were not held to the past: {problem}", problem=last))
        return None

    @cached_property
    def report(self) -> Report:
        """Everything put together for those who decide."""
        of = self.settings.analyses
        return report(
            self.ltv,
            orders=self.orders,
            by=self.segments,
            acquisition=self.acquisition,
            equity=self.equity,
            slipping_away=self.slipping_away,
            at_risk=self.recurring.at_risk,
            movements=self.recurring.movements,
            movements_ahead=self.recurring.ahead,
            over_time=self.over_time,
            backtest=self.backtest(),
            checks=self.checks,
            columns=of.columns,
            tier_names=of.tier_names,
            title=self.settings.output.title,
        )

    @cached_property
    def _pipeline(self) -> FutureValuePriors | None:
        """Open opportunities, judged."""
        as_of = self.settings.customers.as_of if self.buyers is None else self.buyers.as_of
        found, given = judge_pipeline(self.settings, self.orders, as_of), self.settings.opportunities.spread
        if found is not None:
            self.remarks.append(
                _("Amounts of open opportunities have a spread of {spread:g} (--spread).", spread=as_spread(given))
            )
        return found

    def _next_customer(self, *, by_channel: bool) -> NewCustomerValue:
        """What the next customer who orders is worth, by channel if asked, computed once."""
        if self.purchases is None or self.buyers is None:
            raise InputError(_("Costs are compared with the value of new customers who order; there are no orders."))
        if by_channel not in self._next:
            fits = self.purchases, self.spend
            self._next[by_channel] = next_buyer(self.settings, self.buyers, self._models, *fits, by_channel=by_channel)
        return self._next[by_channel]

    def _fit(self, name: str, kind: Any, model: Callable[[], Any]) -> Any:
        """A saved fit, or a new one; None where there are no orders."""
        if self.buyers is None:
            return None
        return self._saved(name, kind) or model().fit(self.buyers, **self._models.sampling)

    def _saved(self, name: str, kind: Any) -> Any:
        """The saved fit of a name, if fits are to be read."""
        folder = self.settings.sampling.fits
        if folder is None:
            return None
        fitted = saved_fit(folder, name, kind)
        return fitted if self._keep is None else fitted.thin(self._keep)

    @cached_property
    def _attributes(self) -> Any:
        return attributes_of(self.settings, self.orders)

    @cached_property
    def _counted(self) -> Transactions | None:
        """The orders up to the as-of date."""
        return None if self.orders is None else until(self.orders, self.settings.customers.as_of)

    @cached_property
    def _models(self) -> Models:
        return Models(self.settings, self._counted)

    @property
    def _currency(self) -> str | None:
        return self.settings.orders.currency if self.orders is None else self.orders.currency

    @cached_property
    def _while_subscribed(self) -> Customers:
        """Buyers, observed until their subscription ended."""
        assert self.buyers is not None
        assert self.renewals is not None
        return self.buyers.observed_until(self.renewals.ended())

    def _segmentations(self) -> list[list[str]]:
        """The columns of each segmentation: one, or several with commas between."""
        columns = [str(name) for name in self.customers.columns]
        return [
            [one] if one in columns else [part.strip() for part in one.split(",")] for one in self.settings.analyses.by
        ]

    def _require_segments(self) -> None:
        """Raise before anything is computed if a column of segments is missing."""
        columns = [str(name) for name in self.customers.columns]
        wanted = [*self.settings.analyses.columns, *(name for some in self._segmentations() for name in some)]
        for name in wanted:
            if name not in columns:
                known = suggestion(name, columns)
                raise ColumnError(_("The customers have no column {name!r}. {known}", name=name, known=known))


def _with_past(everyone: Customers, buyers: Customers) -> Customers:
    """All customers with their revenue so far, which is nothing of those who never ordered."""
    past = buyers.table["total_value"].set_axis(buyers.ids.astype(str))
    so_far = past.reindex(everyone.ids.astype(str)).fillna(0.0).to_numpy()
    return replace(everyone, rows=FrameRows(everyone.table.assign(total_value=so_far)))
