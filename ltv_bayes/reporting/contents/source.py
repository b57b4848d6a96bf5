"""What was read: rows and amounts kept and left out, columns, and words of a status."""

from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Section, Table, Text, note


def source(of: Material) -> Section | None:
    """What was read and left out."""
    read = of.read
    if read is None:
        return None
    lines, _, notes = read.parts()
    currency = None if read.converted else read.currency
    parts: list[Part] = [Text(line[:1].upper() + line[1:]) for line in lines]
    rows = read.rows if "amount" in read.mapping.index else read.rows.drop(columns="amount")
    account = f"Rows of the file: {read.rows_in:,}. Every one of them is in this table."
    parts.append(Table("read", "Rows that are orders, and rows left out", rows, currency, note=account))
    parts.append(Table("columns", "Columns of the file, as understood", read.mapping, amounts=False))
    if len(read.status):
        parts.append(Table("status", "Words of the status, as understood", read.status, amounts=False))
    return Section("source", "What was read", (*parts, *map(note, notes)))
