"""Text that no spreadsheet takes for a formula, and back."""

import unicodedata
from typing import Any

FORMULA_STARTS = "=+-@"
UNSAFE_FIRST = "\t\r\n"
UNSEEN = " \t\r\n\f\v\u00a0\u200b\u2060\u3000\ufeff"


def harmless(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet might run as a formula; numbers stay numbers.

    Blanks before the sign and its full-width forms do not help it through.

    Examples
    --------
    >>> harmless("=1+1"), harmless(" -5 Ltd"), harmless("＝1"), harmless("Müller"), harmless(-5)
    ("'=1+1", "' -5 Ltd", "'＝1", 'Müller', -5)
    """
    return f"'{value}" if isinstance(value, str) and _is_marked(value) else value


def as_it_was(value: Any) -> Any:
    """Take away the apostrophe that `harmless` put, and no other.

    Examples
    --------
    >>> as_it_was("'=1+1"), as_it_was("'s-Hertogenbosch"), as_it_was(harmless("'=1"))
    ('=1+1', "'s-Hertogenbosch", "'=1")
    """
    return value[1:] if isinstance(value, str) and value[:1] == "'" and _is_marked(value[1:]) else value


def _is_marked(text: str) -> bool:
    """Whether a text is given an apostrophe: it might run, or would look like one that was given an apostrophe."""
    bare = text.lstrip("'")
    first = unicodedata.normalize("NFKC", bare.lstrip(UNSEEN)[:1])
    return bare.startswith(tuple(UNSAFE_FIRST)) or first.startswith(tuple(FORMULA_STARTS))
