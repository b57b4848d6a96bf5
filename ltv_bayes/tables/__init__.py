"""Result tables and objects as people read them: in words, as text and as HTML."""

from ltv_bayes.tables.pages import SHOWN_ROWS, DataPage, Page, Printed, ResultPage
from ltv_bayes.tables.readable import as_table, readable, table_as_text

__all__ = ["SHOWN_ROWS", "DataPage", "Page", "Printed", "ResultPage", "as_table", "readable", "table_as_text"]
