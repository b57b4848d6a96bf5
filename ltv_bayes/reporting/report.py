"""A report: what was computed of customers, as a page and as a workbook."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltv_bayes.data.orders.read_report import ReadReport
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.writing.table_files import write_bytes
from ltv_bayes.errors import counted
from ltv_bayes.reporting.contents import customers, groups, headline, source, trust
from ltv_bayes.reporting.contents.glossary import glossary
from ltv_bayes.reporting.contents.judgements import judgements
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Document
from ltv_bayes.reporting.page.render import page
from ltv_bayes.reporting.workbook.write import workbook
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.segments.segments import SegmentValues


@dataclass(frozen=True, eq=False)
class Report:
    """Computed results for those who decide; made by `report`.

    Attributes
    ----------
    material : Material
        The results.
    title : str
        What stands above.
    """

    material: Material
    title: str

    def document(self, language: str | None = None) -> Document:
        """What the report says in a language, section by section; only what was computed."""
        of = self.material
        found = [
            headline.headline(of),
            headline.years(of),
            source.source(of),
            trust.trust(of),
            *groups.segments(of),
            groups.channels(of),
            customers.customers(of),
            *customers.lists(of),
            judgements(of),
            groups.trend(of),
            trust.assumptions(of),
            glossary(),
        ]
        return Document(self.title, language or "en", tuple(section for section in found if section is not None))

    def to_html(self, path: str | Path, *, language: str | None = None) -> Path:
        """Write one page that holds everything and asks for nothing from outside."""
        return write_bytes(page(self.document(language)).encode(), path)

    def to_excel(self, path: str | Path, *, language: str | None = None) -> Path:
        """Write a workbook with a sheet for each table."""
        return write_bytes(workbook(self.document(language)), path)


def report(
    ltv: LifetimeValue,
    *,
    orders: Transactions | ReadReport | None = None,
    by: str | SegmentValues | Sequence[str | SegmentValues] = (),
    acquisition: Any = None,
    slipping_away: Any = None,
    over_time: Any = None,
    backtest: Any = None,
    checks: Any = None,
    columns: Sequence[str] = (),
    tier_names: Sequence[str] = (),
    title: str | None = None,
) -> Report:
    """Put computed results together for those who decide: ``.to_html(path)`` and ``.to_excel(path)``."""
    given = [by] if isinstance(by, str | SegmentValues) else list(by)
    segments = tuple(one if isinstance(one, SegmentValues) else ltv.by(one) for one in given)
    read = orders.report if isinstance(orders, Transactions) else orders
    material = Material(
        ltv, read, segments, acquisition, slipping_away, over_time, backtest, checks, tuple(columns), tuple(tier_names)
    )
    return Report(material, title or f"Lifetime value of {counted(len(ltv.customers), 'customer')}")
