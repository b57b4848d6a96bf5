"""Documents and tables of customers made by hand, with names that are markup, formulas or run from right to left."""

import numpy as np
import pandas as pd

from ltv_bayes.reporting.contents.parts import CustomerTable, Document, Section
from tests.reporting.conftest import HOSTILE

NAMES = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "{% raw %}",
    "شركة النور",
    "a\u202eb",
    "=1+1",
    "<!--",
    "Müller & Söhne",
]


def of(*parts, language="en", title="Title"):
    """A document with one section."""
    return Document(title, language, ("As of 2026-01-31.",), (Section("one", "One", parts),))


def many(number, reason="an order every {n} weeks, the last {n} weeks ago; realised {n}k so far", ids="C{row:06d}"):
    """A table of many customers, with reasons made of pieces."""
    rng = np.random.default_rng(1)
    to_come = np.sort(rng.lognormal(8, 1.5, number))[::-1]
    frame = pd.DataFrame(
        {
            "industry": np.resize(["Energy", "Retail", HOSTILE], number),
            "tier": np.resize(["A", "B"], number),
            "realised": rng.lognormal(8, 1, number),
            "to_come": to_come,
            "median_to_come": 0.8 * to_come,
            "to_come_eti89_lb": 0.1 * to_come,
            "to_come_eti89_ub": 3 * to_come,
            "probability_of_more": rng.uniform(0, 1, number),
            "reason": [reason.format(n=row % 90, row=row) for row in range(number)],
        },
        index=pd.Index([ids.format(row=row) for row in range(number)], name="customer_id"),
    )
    sources = pd.DataFrame({"realised": frame["realised"], "repeat_purchases": 0.7 * to_come, "judged": 0.3 * to_come})
    return CustomerTable(frame, sources.set_axis(frame.index), ("industry", "tier"), "CNY", "How to read it.")
