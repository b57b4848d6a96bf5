"""Texts that try to break out: formulas, markup, SQL, paths, other scripts."""

import pytest

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "O'Brien; DROP TABLE",
    '"; DELETE FROM orders --',
    "../x",
    "王芳（北京）有限公司",
    "🧡 Ω",
    "a\nb",
    "{{7*7}}",
    "%s %(x)s {0}",
    "$x$",
    "NaN?",
]


@pytest.fixture(params=HOSTILE)
def hostile(request):
    """A customer id that no part of the package may change or obey."""
    return request.param
