"""What a report is made of: the value, and results that stand beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from ltv_bayes.data.orders.read_report import ReadReport
from ltv_bayes.data.subscriptions.revenue.movements import Movements
from ltv_bayes.evaluation.backtest import Backtest
from ltv_bayes.evaluation.check import Checks
from ltv_bayes.evaluation.rolling.comparison import ModelComparison
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.evaluation.value_over_time import ValueOverTime
from ltv_bayes.formatting import money, with_currency
from ltv_bayes.language import language
from ltv_bayes.value.acquisition.acquisition import Acquisition
from ltv_bayes.value.decisions.at_risk import AtRisk
from ltv_bayes.value.decisions.slipping_away import SlippingAway
from ltv_bayes.value.equity.customer_equity import CustomerEquity
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of
from ltv_bayes.value.segments.segments import SegmentValues
from ltv_bayes.value.valued import Valued


@dataclass(frozen=True, eq=False)
class Material:
    """Computed results; what is None was not computed, and no section tells of it.

    Attributes
    ----------
    ltv : LifetimeValue
        The value of the customers.
    read : ReadReport or None
        What was read of an export.
    segments : tuple of SegmentValues
        The value by segments; the first also marks the customers.
    acquisition, equity, slipping, at_risk, movements, movements_ahead, trend, backtest, checks
        Results beside the value.
    columns : tuple of str
        Columns of the customers' table that stand beside their values, such as their name.
    tier_names : tuple of str
        Names of the tiers, the best first.
    """

    ltv: LifetimeValue
    read: ReadReport | None = None
    segments: tuple[SegmentValues, ...] = ()
    acquisition: Acquisition | None = None
    equity: CustomerEquity | None = None
    slipping: SlippingAway | None = None
    at_risk: AtRisk | None = None
    movements: Movements | None = None
    movements_ahead: pd.DataFrame | None = None
    trend: ValueOverTime | None = None
    backtest: Backtest | RollingBacktest | ModelComparison | None = None
    checks: Checks | None = None
    columns: tuple[str, ...] = ()
    tier_names: tuple[str, ...] = ()
    _computed: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @property
    def valued(self) -> Valued:
        """The frozen value that analyses are asked of."""
        return valued_of(self.ltv)

    @property
    def currency(self) -> str | None:
        """Currency of the values."""
        return self.ltv.currency

    @property
    def groups(self) -> tuple[str, ...]:
        """Columns of the customers' table that segments are made by."""
        return tuple(by.column for by in self.segments if by.column in self.ltv.customers.columns)

    @property
    def explained(self) -> pd.DataFrame:
        """The sources of the whole value."""
        return self._once("explained", self.ltv.explain)

    @property
    def ranked(self) -> pd.DataFrame:
        """Customers, the most to come first."""
        return self._once("ranked", self.ltv.ranked)

    @property
    def tiers(self) -> pd.DataFrame:
        """How surely customers belong to each tier."""
        return self._once("tiers", lambda: self.ltv.tiers(names=self.tier_names or None))

    @property
    def upside(self) -> pd.DataFrame:
        """Value not yet realised, and why."""
        return self._once("upside", self.ltv.upside)

    def _once(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Compute a table once in each language: there are sentences in it."""
        key = name, language()
        if key not in self._computed:
            self._computed[key] = compute()
        return self._computed[key]

    def money(self, amount: float) -> str:
        """Write an amount with its currency."""
        return with_currency(money(amount, self.currency), self.currency)
