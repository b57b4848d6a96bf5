"""A report as a workbook: every table a sheet, in words, and read back to the digit."""

import pandas as pd

from ltv_bayes.language import in_language
from ltv_bayes.reporting.report import report
from ltv_bayes.tables.headings import OWN, in_words, kind_by_name


def test_every_column_of_a_report_is_known(everything):
    """No column falls back to its name with blanks for underscores, and none of numbers is guessed to be money."""
    document = report(**everything).document()
    unknown = set()
    for table in document.tables():
        named = [*table.frame.columns, *filter(None, table.frame.index.names)]
        own = table.frame.attrs.get(OWN, ())
        for name in set(named) - set(own):
            numeric = name in table.frame and pd.api.types.is_float_dtype(table.frame[name])
            if not in_words(name) or (numeric and kind_by_name(name) is None) or _guessed(name):
                unknown.add((table.key, name) if hasattr(table, "key") else name)
    assert unknown == set()


def _guessed(name):
    """Whether the words are but the name with blanks."""
    with in_language("zh"):
        return in_words(name) == name.replace("_", " ")
