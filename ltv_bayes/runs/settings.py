"""One object that describes a whole run; each field says what it is, what it may be, and its option.

Nothing here computes: `Run` does what the settings say, `toml` reads them from a file, and the command line makes its
options of them. None, and "auto", leave a choice to the package.
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with its metadata
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from ltv_bayes.language import N_
from ltv_bayes.runs.kinds import (
    CALENDAR,
    CHANCES,
    CHOSEN,
    COLUMNS,
    COVERS,
    DAY,
    DAYS,
    FILE,
    KEEP,
    NAMES,
    NOTHING,
    NUMBER,
    RATES,
    SHARED,
    TEXT,
    UNIT,
    YES_OR_NO,
    Kind,
    one_of,
    whole,
    word_or,
)
from ltv_bayes.sizes import DISCOUNT_RATE, MARGIN

RELATIONS = ("additional", "visible_share", "same_total")
EVERY = one_of(CHOSEN, "month", "quarter", "year", NOTHING)
ORDERS = "orders"
"""In place of a file of opportunities: the open rows of the orders' own file."""


def setting(says: str, kind: Kind, default: Any = None, option: str | None = None) -> Any:
    """One setting: what it is, what it may be, what holds if it is not given, and its option if not its own name."""
    return field(default=default, metadata={"says": says, "kind": kind, "option": option})


@dataclass(frozen=True)
class Orders:
    """The orders and how they are read; see read_transactions."""

    file: Path | None = setting(N_("Export of orders: CSV, Excel or Parquet."), FILE, option="orders")
    customer: str = setting(N_("Column with the customer's id; auto by usual names."), TEXT, CHOSEN)
    date: str = setting(N_("Column with the order's date; auto by usual names."), TEXT, CHOSEN)
    amount: str = setting(N_("Column with the order's value; auto by usual names, none without money."), TEXT, CHOSEN)
    order_id: str = setting(N_("Column with the order's number; auto by usual names, none for none."), TEXT, CHOSEN)
    preset: str | None = setting(N_("System that wrote it: salesforce, hubspot, fxiaoke, jiandaoyun, shopify."), TEXT)
    keep: Any = setting(N_("Rows that are orders: Status=Paid,Shipped (once a column), or all."), KEEP)
    lines: str = setting(
        N_("Rows of one order: add, once (a repeated total), or auto."), one_of("auto", "add", "once"), CHOSEN
    )
    repeated_rows: str = setting(N_("Rows that repeat another in every cell."), one_of("auto", "keep", "drop"), CHOSEN)
    amount_unit: Any = setting(N_("What 1 in the amounts is: 万元, 亿 or a number."), UNIT)
    currency: str | None = setting(N_("Currency of the amounts, such as CNY."), TEXT)
    rates: Any = setting(
        N_("What 1 of another currency is worth, USD=7.1; or a file with currency, date, rate."), RATES, option="rate"
    )
    date_format: str | None = setting(N_("How ambiguous dates are written, as in %d/%m/%Y."), TEXT)
    time_zone: str | None = setting(N_("Where the days are, as in Asia/Shanghai."), TEXT)
    decimal: str | None = setting(N_("Decimal mark of the amounts; else found out."), one_of(".", ","))
    encoding: str | None = setting(N_("Encoding of a text file; else found out."), TEXT)
    sheet: str | None = setting(N_("Sheet of a workbook; all for every sheet."), TEXT)
    header: int | None = setting(N_("Row of the header; else found out."), whole(1))
    bad_rows: str = setting(
        N_("Rows that cannot be read: error stops, drop leaves them out."), one_of("error", "drop"), "error"
    )


@dataclass(frozen=True)
class CustomerTable:
    """One row a customer; see summarize."""

    time_unit: str = setting(N_("hour, day, week, month, quarter or year."), TEXT, "week")
    as_of: str | None = setting(N_("Last day that counts, 2025-09-30; else that of the last order."), DAY)
    attributes: Path | None = setting(N_("Table with one row per customer: industry, region, ..."), FILE)
    since: Path | None = setting(N_("Table of the day from which each customer could order."), FILE)
    price_index: Path | None = setting(N_("Table of an index of prices: date, level."), FILE)
    zero_orders: str = setting(N_("Whether a day worth nothing is a purchase."), one_of("count", "drop"), "count")
    returns: str = setting(
        N_("Negative amounts: against the day's orders, left out, refused."), one_of("net", "ignore", "error"), "net"
    )


@dataclass(frozen=True)
class Purchases:
    """How often customers buy, and when they leave."""

    model: str = setting(N_("Model of purchases: BGNBD, MBGNBD, BGCNBD, MBGCNBD, NBD."), TEXT, "BGNBD")
    regularity: Any = setting(
        N_("How regular purchases are, for BGCNBD and MBGCNBD: 1 to 100; auto learns it."),
        word_or(CHOSEN, other=whole(1)),
        CHOSEN,
    )
    leave_at_once: bool = setting(
        N_("Whether a share leaves right after the first purchase (BGNBD, BGCNBD)."), YES_OR_NO, False
    )
    pool_by: tuple[str, ...] = setting(N_("Columns of segments with purchase rates of their own."), NAMES, ())
    covariates: tuple[str, ...] = setting(N_("Columns of numbers that shift purchase rates."), NAMES, (), "covariate")
    calendar_effects: Any = setting(
        N_("What moves all customers at once: auto, none, week, month or quarter."), CALENDAR, CHOSEN
    )


@dataclass(frozen=True)
class Spend:
    """What customers spend per order."""

    pool_by: tuple[str, ...] = setting(
        N_("Columns of segments with a mean order value of their own."), NAMES, (), "spend_pool_by"
    )
    covariates: tuple[str, ...] = setting(
        N_("Columns of numbers that shift order values."), NAMES, (), "spend_covariate"
    )
    price_growth: Any = setting(
        N_("Growth of prices a year, 0.05; auto learns it, none for none."),
        word_or(CHOSEN, NOTHING, other=NUMBER),
        CHOSEN,
    )
    first_order: Any = setting(
        N_("Whether first orders tell what is spent: true, false or auto."), one_of("auto", "true", "false"), "false"
    )


@dataclass(frozen=True)
class Judgements:
    """What experts know of customers' future; see FutureValuePriors."""

    file: Path | None = setting(
        N_("Judged opportunities: customer_id, probability, low, high."), FILE, option="judgements"
    )
    columns: Mapping[str, str] | None = setting(
        N_("Your name of a column of theirs, as in low=下限."), COLUMNS, option="judgement_column"
    )
    amount_unit: Any = setting(N_("What 1 in their amounts is: 万元, 亿 or a number."), UNIT, option="judgement_unit")
    decimal: str = setting(N_("Decimal mark of their amounts."), one_of(".", ","), ".", "judgement_decimal")
    date_format: str | None = setting(N_("How their dates are written."), TEXT, option="judgement_dates")
    sheet: str | None = setting(N_("Their sheet of a workbook."), TEXT, option="judgement_sheet")
    interval: float = setting(
        N_("Probability of the amount lying between low and high."), NUMBER, 0.8, "judgement_interval"
    )
    family: str = setting(
        N_("Distribution of amounts."), one_of("log-normal", "gamma", "pert"), "log-normal", "judgement_family"
    )
    stages: Mapping[str, Any] | None = setting(
        N_("Chance of a stage, Proposal=0.4 or 'Proposal=3 of 10'."), CHANCES, option="judgement_stage"
    )
    relation: str | None = setting(N_("How they relate to the repeat purchases that are foreseen."), one_of(*RELATIONS))
    visible_share: float | None = setting(
        N_("For visible_share: the share of purchases that the pipeline shows."), NUMBER
    )
    visible_within: str | None = setting(N_("For visible_share: how far ahead it shows them, '6 months'."), TEXT)
    opinion_weight: Any = setting(
        N_("For same_total: weight of opinions beside the model; none for evidence of its own."),
        word_or(NOTHING, other=NUMBER),
        0.5,
    )
    shows_life: Any = setting(
        N_("How many times as often the living have an open opportunity; true about 20 times, false for none."),
        word_or("true", "false", other=NUMBER),
    )
    covers: Any = setting(N_("Customers with a reported pipeline: a column, or a column with values."), COVERS)
    shared: Mapping[str, float] | None = setting(
        N_("Columns with groups that rise and fall together, expert=0.2."), SHARED
    )
    prospects: bool = setting(
        N_("Whether judged customers without orders are valued; if not, they are refused."), YES_OR_NO, False
    )
    confirmed: bool = setting(N_("Whether what looks like a slip is meant."), YES_OR_NO, False)


@dataclass(frozen=True)
class Opportunities:
    """Open opportunities of a CRM; see judge_opportunities. Customers without orders are valued too."""

    file: Any = setting(
        N_("Export of the pipeline, or 'orders' for the open rows of the orders' file."),
        word_or(ORDERS, other=FILE),
        option="opportunities",
    )
    spread: Any = setting(N_("How far amounts usually miss, 0.3 or 30%."), UNIT)
    stages: Mapping[str, Any] | None = setting(
        N_("Chance of a stage, Proposal=0.4 or 'Proposal=3 of 10'."), CHANCES, option="stage"
    )
    overdue: str = setting(
        N_("Those that should have closed: error, drop, undated, or a time such as '90 days'."), TEXT, "error"
    )
    history: Path | None = setting(
        N_("Earlier export of the pipeline, which recalibrates chances and amounts."), FILE, option="pipeline_history"
    )
    by: str = setting(
        N_("What has a bias of its own: stage or expert."), one_of("stage", "expert"), "stage", "recalibrate_by"
    )
    relation: str | None = setting(
        N_("How they relate to the repeat purchases; that of the judgements if not given."),
        one_of(*RELATIONS),
        option="opportunity_relation",
    )


@dataclass(frozen=True)
class Subscriptions:
    """Contracts that are renewed; see summarize_renewals and Subscription."""

    file: Path | None = setting(N_("Records of subscriptions, one row each."), FILE, option="subscriptions")
    period: str | None = setting(
        N_("Length of a contract: month, year, 24 months; or its column; by usual names, else a month."), TEXT
    )
    customer: str = setting(N_("Column with the subscriber's id."), TEXT, "customer_id", "subscriber")
    start: str = setting(N_("Column with the first day."), TEXT, "start")
    cancelled_on: str = setting(
        N_("Column with the day of cancellation; none where only renewals are recorded."), TEXT, "cancelled_on"
    )
    renewed_on: str | None = setting(N_("Column with the day of the last renewal."), TEXT)
    price: str = setting(N_("Column with the price of one period; none for none."), TEXT, "price", "price_column")
    product: str | None = setting(N_("Column with what is subscribed to."), TEXT)
    amount_unit: Any = setting(N_("What 1 in their prices is."), UNIT, option="subscription_unit")
    date_format: str | None = setting(N_("How their dates are written."), TEXT, option="subscription_dates")
    grace: str | None = setting(N_("How late a renewal may be recorded, '14 days'."), TEXT)
    allowed_gap: str | None = setting(N_("Gap between contracts of one relation, '7 days'."), TEXT)
    records_since: str | None = setting(N_("Day since which the records say who leaves."), DAY)
    renewal_price: float | None = setting(N_("Price of every renewal, where records have none."), NUMBER)
    price_increase: float | None = setting(N_("Growth of prices a year, 0.03."), NUMBER)
    margin: float | None = setting(
        N_("Share of their revenue that is kept; that of the value if not given."), NUMBER, option="subscription_margin"
    )
    model: str = setting(
        N_("Model of renewals: ShiftedBetaGeometric, BetaDiscreteWeibull."), TEXT, "ShiftedBetaGeometric", "churn_model"
    )
    pool_by: tuple[str, ...] = setting(N_("Columns of segments with a churn of their own."), NAMES, (), "churn_pool_by")
    calendar_effects: Any = setting(
        N_("What moves the churn of all at once: auto, none, week, month or quarter."),
        CALENDAR,
        NOTHING,
        "churn_effects",
    )
    one_relation: bool = setting(N_("Whether purchases end with the subscription."), YES_OR_NO, False)


@dataclass(frozen=True)
class Costs:
    """Acquisition costs by channel; see acquisition."""

    file: Path | None = setting(N_("Costs: channel, spend and clients_won, or cost_per_client."), FILE, option="costs")
    channel: str | None = setting(N_("Column of the customers with their channel; models are pooled by it."), TEXT)
    columns: Mapping[str, str] | None = setting(
        N_("Your name of a column of theirs, as in spend=费用."), COLUMNS, option="cost_column"
    )
    amount_unit: Any = setting(N_("What 1 in the costs is."), UNIT, option="cost_unit")
    decimal: str = setting(N_("Decimal mark of the costs."), one_of(".", ","), ".", "cost_decimal")
    sheet: str | None = setting(N_("Their sheet of a workbook."), TEXT, option="cost_sheet")
    encoding: str | None = setting(N_("Encoding of their text file."), TEXT, option="cost_encoding")
    threshold: float = setting(N_("How many times its cost a customer should be worth."), NUMBER, 3.0)
    payback_within: str | None = setting(N_("When the cost should be back; 12 months if not given."), TEXT)
    least_clients: int = setting(N_("With fewer customers won, a channel has not enough data."), whole(0), 5)
    unseen: str = setting(
        N_("A channel without customers in the fit."), one_of("refuse", "population"), "refuse", "unseen_channels"
    )


@dataclass(frozen=True)
class Plan:
    """Customers to be won, by channel and month; see customer_equity."""

    file: Path | None = setting(N_("Plan: month, customers, cost or cost_per_customer; channel."), FILE, option="plan")
    price: float | None = setting(N_("Price of a new contract, where there are no orders."), NUMBER, None, "plan_price")
    columns: Mapping[str, str] | None = setting(N_("Your name of a column, month=月份."), COLUMNS, None, "plan_column")
    amount_unit: Any = setting(N_("What 1 in the plan's costs is."), UNIT, option="plan_unit")
    sheet: str | None = setting(N_("The plan's sheet of a workbook."), TEXT, option="plan_sheet")


@dataclass(frozen=True)
class Value:
    """On which terms customers are valued; see lifetime_value."""

    horizon: tuple[str, ...] = setting(
        N_("How far ahead, with its unit; of several the longest is reported."), NAMES, ("3 years",)
    )
    discount_rate: float = setting(N_("A year, 0.10 for 10%; none if not given."), NUMBER, DISCOUNT_RATE)
    margin: Any = setting(N_("Share of revenue that is kept, 0.35, or a column of it; all if not given."), UNIT, MARGIN)
    realised: bool | None = setting(N_("Add the revenue of customers so far; usual in a report."), YES_OR_NO)


@dataclass(frozen=True)
class Analyses:
    """What is said beside the value of each customer."""

    by: tuple[str, ...] = setting(
        N_("Column of the attributes to compare segments by; several columns as industry,region."), NAMES, ()
    )
    columns: tuple[str, ...] = setting(N_("Columns of the attributes shown beside values."), NAMES, (), "column")
    tier_names: tuple[str, ...] = setting(N_("Names of the tiers, the most valuable first."), NAMES, (), "tier")
    slipping_since: str = setting(
        N_("Who is slipping away since when: a day, a time such as '6 months', or none."), DAY, "6 months"
    )
    least_drop: float = setting(N_("Least drop of P(alive) of who is slipping away."), NUMBER, 0.1)
    least_alive: float = setting(N_("Who is less likely alive has most likely left."), NUMBER, 0.2)
    renewals_within: str = setting(N_("Renewals at risk are due within '3 months', or none."), TEXT, "3 months")
    least_not_renewed: float = setting(N_("Least probability that a renewal at risk is not made."), NUMBER, 0.1)
    movements: str = setting(N_("Recurring revenue by month, quarter or year; none for none."), EVERY, CHOSEN)
    over_time: tuple[str, ...] = setting(
        N_("Earlier days to value customers on, beside the as-of date."), DAYS, (), "earlier_day"
    )


@dataclass(frozen=True)
class Trust:
    """Whether the figures can be relied on; see check and backtest."""

    checks: bool = setting(N_("Whether the models are held to the data they were fitted to."), YES_OR_NO, True)
    origins: Any = setting(
        N_("Days to forecast from, to be held to what came after; auto up to 3, 0 for none."),
        word_or(CHOSEN, other=whole(0)),
        CHOSEN,
    )
    days: tuple[str, ...] = setting(N_("These days in the place of origins."), DAYS, (), "origin")
    horizon: str = setting(N_("How far ahead of each origin."), TEXT, "1 year", "backtest_horizon")
    compare: tuple[str, ...] = setting(N_("Other models of purchases, compared over the same origins."), NAMES, ())


@dataclass(frozen=True)
class Sampling:
    """How models are fitted."""

    fits: Path | None = setting(N_("Folder of saved fits, in the place of fitting anew."), FILE)
    method: str = setting(N_("How to draw from the posterior."), one_of("auto", "laplace", "nuts"), CHOSEN)
    draws: int = setting(N_("Posterior draws per chain."), whole(1), 1000)
    chains: int = setting(N_("Chains."), whole(1), 4)
    tune: int | None = setting(
        N_("Draws of each Markov chain that only tune it; as many as needed if not given."), whole(0)
    )
    seed: int = setting(N_("The same seed gives the same numbers."), whole(0), 1)


@dataclass(frozen=True)
class Output:
    """What is written, and where."""

    folder: Path | None = setting(N_("Folder for what is written."), FILE, option="out")
    title: str | None = setting(N_("What stands above."), TEXT)
    language: str | None = setting(
        N_("Language of the report: en or zh; that of the computer if not given."), one_of("en", "zh")
    )
    page: bool = setting(N_("Whether a page is written, report.html."), YES_OR_NO, True)
    workbook: bool = setting(N_("Whether a workbook is written, report.xlsx."), YES_OR_NO, True)
    tables: bool = setting(N_("Whether tables are written as CSV."), YES_OR_NO, True)


@dataclass(frozen=True)
class Settings:
    """A whole run: raw files, models, terms, and what is written.

    Examples
    --------
    >>> Settings().value.horizon, Settings().purchases.model
    (('3 years',), 'BGNBD')
    """

    orders: Orders = field(default_factory=Orders)
    customers: CustomerTable = field(default_factory=CustomerTable)
    purchases: Purchases = field(default_factory=Purchases)
    spend: Spend = field(default_factory=Spend)
    judgements: Judgements = field(default_factory=Judgements)
    opportunities: Opportunities = field(default_factory=Opportunities)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    costs: Costs = field(default_factory=Costs)
    plan: Plan = field(default_factory=Plan)
    value: Value = field(default_factory=Value)
    analyses: Analyses = field(default_factory=Analyses)
    trust: Trust = field(default_factory=Trust)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)

    @classmethod
    def made(cls, given: Mapping[str, Mapping[str, Any]]) -> Self:
        """Settings from values by section and name; what is not among them is as usual."""
        return cls(**{part.name: part.default_factory(**given.get(part.name, {})) for part in sections()})  # type: ignore

    def given(self) -> dict[str, dict[str, Any]]:
        """Values that differ from the usual ones, by section and name."""
        found: dict[str, dict[str, Any]] = {}
        for part in sections():
            here = getattr(self, part.name)
            some = {one.name: getattr(here, one.name) for one in fields(here) if getattr(here, one.name) != one.default}
            found |= {part.name: some} if some else {}
        return found

    def files(self) -> list[Path]:
        """All files that are read."""
        named = (getattr(getattr(self, section), one.name) for section, one in each_setting())
        folders = (self.sampling.fits, self.output.folder)
        return [value for value in named if isinstance(value, Path) and value not in folders]


def sections() -> tuple[Field[Any], ...]:
    """The sections, in order."""
    return fields(Settings)


def section_class(section: str) -> Any:
    """The class of a section."""
    return next(
        part.default_factory for part in sections() if part.name == section and part.default_factory is not MISSING
    )


def each_setting() -> Iterator[tuple[str, Field[Any]]]:
    """Every setting with its section."""
    for part in sections():
        yield from ((part.name, one) for one in fields(section_class(part.name)))


def option_of(one: Field[Any]) -> str:
    """The name of a setting's option, as Python writes it."""
    return str(one.metadata["option"] or one.name)
