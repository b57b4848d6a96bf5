"""A report as a workbook: a sheet for each table, and one with the sentences."""

import io

from ltv_bayes.data.writing.table_files import AS_WRITTEN
from ltv_bayes.reporting.contents.parts import Document, Table


def workbook(document: Document) -> bytes:
    """Write the workbook."""
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, AS_WRITTEN | {"in_memory": True}) as book:
        for part in document.tables():
            sheet = book.add_worksheet((part.key if isinstance(part, Table) else "customers")[:31])
            for place, name in enumerate(part.frame.columns):
                sheet.write_string(0, place, str(name))
    return content.getvalue()
