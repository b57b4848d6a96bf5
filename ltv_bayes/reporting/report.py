"""A report: what was computed of customers, as a page and as a workbook."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.orders.read_report import ReadReport
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.subscriptions.revenue.movements import Movements
from ltv_bayes.data.writing.table_files import write_bytes
from ltv_bayes.errors import ColumnError, InputError, a_kind, counted, suggestion
from ltv_bayes.evaluation.backtest import Backtest
from ltv_bayes.evaluation.check import Checks
from ltv_bayes.evaluation.rolling.comparison import ModelComparison
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.evaluation.value_over_time import ValueOverTime
from ltv_bayes.formatting import label
from ltv_bayes.language import _, comma, in_language
from ltv_bayes.language import language as current_language
from ltv_bayes.reporting.contents import assumptions, customers, groups, headline, judgements, subscriptions, trust
from ltv_bayes.reporting.contents.glossary import glossary
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Document, Section
from ltv_bayes.reporting.files import sealed, writable
from ltv_bayes.reporting.page.render import page
from ltv_bayes.reporting.workbook.write import workbook
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.value.acquisition.acquisition import Acquisition
from ltv_bayes.value.decisions.at_risk import AtRisk
from ltv_bayes.value.decisions.slipping_away import SlippingAway
from ltv_bayes.value.equity.customer_equity import CustomerEquity
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.segments.segments import SegmentValues

Trial = Backtest | RollingBacktest | ModelComparison


def report(
    ltv: LifetimeValue,
    *,
    orders: Transactions | ReadReport | None = None,
    by: str | SegmentValues | Sequence[str | SegmentValues] = (),
    acquisition: Acquisition | None = None,
    equity: CustomerEquity | None = None,
    slipping_away: SlippingAway | None = None,
    at_risk: AtRisk | None = None,
    movements: Movements | None = None,
    movements_ahead: pd.DataFrame | None = None,
    over_time: ValueOverTime | None = None,
    backtest: Trial | None = None,
    checks: Checks | None = None,
    columns: str | Sequence[str] = (),
    tier_names: Sequence[str] = (),
    title: str | None = None,
) -> "Report":
    """Put a value and what stands beside it together, for those who open a page or a workbook.

    Only what is given is shown; nothing is fitted or valued anew.

    Parameters
    ----------
    ltv : LifetimeValue
        The value of the customers.
    orders : Transactions or ReadReport, optional
        What was read, as `read_transactions` returned it: the report says which rows were left out, and why.
    by : str, SegmentValues or several of them, optional
        Columns of the customers' table, or what ``ltv.by(...)`` returned: segments to compare.
    acquisition : Acquisition, optional
        Channels and their costs, from `acquisition`.
    equity : CustomerEquity, optional
        Customers of today and those planned, from `customer_equity`.
    slipping_away : SlippingAway, optional
        From `slipping_away`.
    at_risk : AtRisk, optional
        Renewals that are due soon and may not be made, from `at_risk`.
    movements : Movements, optional
        How recurring revenue moved, from `subscription_movements`, without segments.
    movements_ahead : pandas.DataFrame, optional
        What is foreseen of it over a year, from `movements_ahead`, without segments.
    over_time : ValueOverTime, optional
        From `value_over_time`.
    backtest : RollingBacktest, ModelComparison or Backtest, optional
        From `backtest`.
    checks : Checks, optional
        From `check`.
    columns : str or sequence of str, optional
        Columns of the customers' table that stand beside their ids, such as ``"name"``.
    tier_names : sequence of str, optional
        Names of the best 20%, the next 30% and the rest, such as ``["A", "B", "C"]``.
    title : str, optional
        What stands above.

    Returns
    -------
    Report
        With ``.to_html(path)`` and ``.to_excel(path)``.

    Raises
    ------
    InputError
        If something of another kind is given, or recurring revenue by segment.
    ColumnError
        If the customers have no such column.

    Examples
    --------
    ``lb.report(ltv, orders=orders, by="industry", backtest=found).to_html("report.html")``
    """
    _require(_("the first argument"), ltv, LifetimeValue, "lifetime_value(...)")
    _require("orders=", orders, Transactions | ReadReport | None, "read_transactions(...)")
    _require("acquisition=", acquisition, Acquisition | None, "acquisition(...)")
    _require("equity=", equity, CustomerEquity | None, "customer_equity(...)")
    _require("slipping_away=", slipping_away, SlippingAway | None, "slipping_away(...)")
    _require("at_risk=", at_risk, AtRisk | None, "at_risk(...)")
    _require("movements=", movements, Movements | None, "subscription_movements(...)")
    _require("movements_ahead=", movements_ahead, pd.DataFrame | None, "movements_ahead(...)")
    by_segment = movements is not None and movements.by
    if by_segment or (movements_ahead is not None and movements_ahead.index.names != ["movement"]):
        raise InputError(
            _(
                "A report shows recurring revenue of all subscribers together: pass what subscription_movements(...) "
                "and movements_ahead(...) returned without by=."
            )
        )
    _require("over_time=", over_time, ValueOverTime | None, "value_over_time(...)")
    _require("backtest=", backtest, Trial | None, "backtest(...)")
    _require("checks=", checks, Checks | None, "check(...)")
    beside = (columns,) if isinstance(columns, str) else tuple(columns)
    for name in beside:
        if name not in ltv.customers.columns:
            known = suggestion(str(name), map(str, ltv.customers.columns))
            raise ColumnError(
                _("The customers have no column {name!r} to show beside their ids. {known}", name=name, known=known)
            )
    given = [by] if isinstance(by, str | SegmentValues) else list(by)
    for one in given:
        _require("by=", one, str | SegmentValues, "ltv.by(...)")
    material = Material(
        ltv=ltv,
        read=orders.report if isinstance(orders, Transactions) else orders,
        segments=tuple(one if isinstance(one, SegmentValues) else ltv.by(one) for one in given),
        acquisition=acquisition,
        equity=equity,
        slipping=slipping_away,
        at_risk=at_risk,
        movements=movements,
        movements_ahead=movements_ahead,
        trend=over_time,
        backtest=backtest,
        checks=checks,
        columns=beside,
        tier_names=tuple(tier_names),
    )
    return Report(material, title)


@dataclass(frozen=True, eq=False, repr=False)
class Report(Printed):
    """A value and what stands beside it, to be written for those who decide; made by `report`.

    Attributes
    ----------
    material : Material
        The results.
    title : str or None
        What stands above, if it was given.
    """

    material: Material
    title: str | None = None

    def document(self, language: str | None = None) -> Document:
        """What the report says, section by section: what a page and a workbook are written from.

        Parameters
        ----------
        language : {"en", "zh"}, optional
            The current language, if not given.
        """
        with in_language(language):
            lines, sections = tuple(headline.lines(self.material)), self._sections()
            return Document(self._title(), current_language(), lines, sections)

    def _page(self) -> ResultPage:
        """What it will hold; nothing is computed."""
        of, segments = self.material, comma(label(by.column) for by in self.material.segments)
        beside = {
            _("what was read"): of.read,
            _("segments by {columns}", columns=segments): segments or None,
            _("channels and their costs"): of.acquisition,
            _("customers to be won"): of.equity,
            _("customers slipping away"): of.slipping,
            _("renewals at risk"): of.at_risk,
            _("recurring revenue"): of.movements if of.movements is not None else of.movements_ahead,
            _("judgements"): of.valued.future_value,
            _("values over time"): of.trend,
            _("a backtest"): of.backtest,
            _("checks of the models"): of.checks,
        }
        held = comma(name for name, one in beside.items() if one is not None)
        return ResultPage(
            [
                _("Report: {title}", title=self._title()),
                *([_("with {held}", held=held)] if held else []),
                _("Write it by .to_html('report.html') or .to_excel('report.xlsx')."),
            ]
        )

    def _title(self) -> str:
        customers = counted(len(self.material.ltv.customers), "customer")
        return self.title or _("Lifetime value of {customers}", customers=customers)

    def _sections(self) -> tuple[Section, ...]:
        of = self.material
        found = [
            headline.headline(of),
            headline.years(of),
            *groups.segments(of),
            groups.channels(of),
            groups.equity(of),
            subscriptions.recurring_revenue(of),
            subscriptions.at_risk(of),
            *customers.lists(of),
            customers.customers(of),
            judgements.judgements(of),
            groups.trend(of),
            trust.trust(of),
            trust.source(of),
            assumptions.assumptions(of),
            glossary(),
        ]
        return tuple(section for section in found if section is not None)

    def to_html(self, path: str | Path, *, language: str | None = None, overwrite: bool = False) -> Path:
        """Write one page that holds everything and asks for nothing from outside.

        Parameters
        ----------
        path : str or Path
            Ending in ``.html``. An earlier page of this package is replaced, unless it was changed since.
        language : {"en", "zh"}, optional
            The current language, if not given.
        overwrite : bool
            Whether a file of others is replaced too.

        Returns
        -------
        Path
            The file, which is there whole or not at all.

        Raises
        ------
        InputError
            If there is a file that this package did not write, or the path ends otherwise.
        """
        place = writable(path, ".html", overwrite=overwrite)
        document = self.document(language)
        with in_language(document.language):
            return write_bytes(sealed(page(document)), place)

    def to_excel(self, path: str | Path, *, language: str | None = None, overwrite: bool = False) -> Path:
        """Write a workbook with the same content, a sheet for each table.

        Parameters
        ----------
        path : str or Path
            Ending in ``.xlsx``.
        language, overwrite
            As in `to_html`; a workbook that another program has saved since counts as changed.

        Returns
        -------
        Path
            The file, which is there whole or not at all.

        Raises
        ------
        InputError
            As in `to_html`.
        """
        place = writable(path, ".xlsx", overwrite=overwrite)
        document = self.document(language)
        with in_language(document.language):
            return write_bytes(workbook(document), place)


def _require(name: str, given: object, kinds: Any, maker: str) -> None:
    """Refuse what is of another kind.

    Raises
    ------
    InputError
        With the call that makes what is needed.
    """
    if not isinstance(given, kinds):
        raise InputError(
            _("{name} takes what {maker} returned, not {kind}.", name=name, maker=maker, kind=a_kind(given))
        )
