"""What was read: rows and amounts kept and left out, columns, and words of a status."""

from ltv_bayes.errors import sentence_case
from ltv_bayes.language import _
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Section, Table, Text, note


def source(of: Material) -> Section | None:
    """What was read and left out."""
    read = of.read
    if read is None:
        return None
    lines, _counts, notes = read.parts()
    currency = None if read.converted else read.currency
    parts: list[Part] = [Text(sentence_case(line)) for line in lines]
    rows = read.rows if "amount" in read.mapping.index else read.rows.drop(columns="amount")
    account = _("Rows of the file: {rows_in:,}. Every one of them is in this table.", rows_in=read.rows_in)
    parts.append(Table("read", _("Rows that are orders, and rows left out"), rows, currency, note=account))
    parts.append(Table("columns", _("Columns of the file, as understood"), read.mapping, amounts=False))
    if len(read.status):
        parts.append(Table("status", _("Words of the status, as understood"), read.status, amounts=False))
    return Section("source", _("What was read"), (*parts, *map(note, notes)))
