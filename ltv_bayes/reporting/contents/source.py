"""What was read: the report of the export, as tables and sentences."""

from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Section, Table, Text


def source(of: Material) -> Section | None:
    """What was read and left out."""
    if of.read is None:
        return None
    lines, table, notes = of.read.parts()
    parts: list[Part] = [*map(Text, lines), Table("read", "Rows read and left out", table, amounts=False)]
    parts += [Text(note) for note in notes]
    return Section("source", "What was read", tuple(parts))
