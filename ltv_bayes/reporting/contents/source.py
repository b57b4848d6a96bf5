"""What was read: rows and amounts kept and left out, columns, and words of a status."""

from ltv_bayes.data.orders.reasons import reason_in_words
from ltv_bayes.errors import sentence_case
from ltv_bayes.language import _, as_known
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
    rows = rows.rename(index=reason_in_words)
    account = _("Rows of the file: {rows_in:,}. Every one of them is in this table.", rows_in=read.rows_in)
    parts.append(Table("read", _("Rows that are orders, and rows left out"), rows, currency, note=account))
    mapping = read.mapping.rename(index=as_known)
    parts.append(Table("columns", _("Columns of the file, as understood"), mapping, amounts=False))
    if len(read.status):
        status = read.status.assign(meaning=read.status["meaning"].astype(str).map(reason_in_words))
        parts.append(Table("status", _("Words of the status, as understood"), status, amounts=False))
    return Section("source", _("What was read"), (*parts, *map(note, notes)))
