"""Columns of the user beside those of results: both are kept, each under its own name, with cells as they are."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from lxml import html as parser
from python_calamine import CalamineWorkbook

import ltv_bayes as lb
from ltv_bayes.reporting.contents.parts import CustomerTable
from ltv_bayes.reporting.page.customers import Customers
from ltv_bayes.reporting.page.render import page
from ltv_bayes.reporting.workbook.write import TOP, workbook

SHARED = ["tier", "why", "to_come", "reason", "probability_of_more", "realised", "mean_repeat_purchases"]
CELLS = ["google_ads", "T", "mean", "", "  ", None]
BIDI = "na\u202eme"


@pytest.fixture(scope="module")
def beside(value_of, reported_customers):
    """A value of customers with columns that have names of results, and cells that are names of this package."""
    ids = reported_customers.ids
    about = {name: np.resize([f"{name} a", f"{name} b"], len(ids)) for name in SHARED}
    about |= {
        "source": np.resize(np.array(CELLS, dtype=object), len(ids)),
        "key_account": np.resize([True, False], len(ids)),
        "founded": np.resize([1998, 2004], len(ids)),
        "size": np.resize([1.25, 3.0], len(ids)),
        "since": np.resize(pd.to_datetime(["2025-12-31", "2024-01-01"]), len(ids)),
        "value": np.resize(["=1+1", "x  y"], len(ids)),
        "size_eti89_lb": np.resize(["small", "large"], len(ids)),
        "size_eti89_ub": np.resize(["small", "large"], len(ids)),
        BIDI: np.resize(["a", "b"], len(ids)),
    }
    table = reported_customers.table.drop(columns=["industry", "name"]).reset_index()
    known = [name for name in table if name not in about]
    customers = lb.Customers.from_summary(table[known].join(pd.DataFrame(about)), time_unit="week")
    return value_of(customers, realised=True)


@pytest.fixture(scope="module")
def document(beside):
    by = ["tier", "source", "key_account", "founded", "size", "since", "value"]
    return lb.report(beside, by=by, columns=[*SHARED, "size_eti89_lb", "size_eti89_ub", BIDI]).document("en")


@pytest.fixture(scope="module")
def customers(document):
    return next(part for section in document.sections for part in section.parts if isinstance(part, CustomerTable))


def test_both_are_kept_where_a_column_has_the_name_of_a_result(beside, customers):
    ranked = beside.ranked()
    for name in SHARED:
        free = f"{name} (2)"
        assert customers.frame[free].tolist() == beside.customers.table[name].reindex(ranked.index).tolist()
    np.testing.assert_array_equal(customers.frame["to_come"], ranked["to_come"])
    assert customers.frame["tier"].isin(["top 20%", "20-50%", "50-100%"]).all()
    assert customers.groups == ("source", "key_account", "founded", "size", "since", "value", "tier")


def test_a_workbook_has_both_too(document, customers):
    rows = CalamineWorkbook.from_filelike(io.BytesIO(workbook(document))).get_sheet_by_name("Customers").to_python()
    read = pd.DataFrame(rows[TOP + 1 :], columns=rows[TOP])
    assert read["tier (2)"].tolist() == customers.frame["tier (2)"].tolist()
    assert {"tier", "note on the estimate", "mean_repeat_purchases (2)", "mean of repeat purchases"} <= set(read)
    np.testing.assert_allclose(read["mean of repeat purchases"].astype(float), customers.sources["repeat_purchases"])
    assert set(read["source"]) >= {"google_ads", "T", "mean"}
    on_page = [one["title"] for one in Customers(customers).data["columns"]]
    assert {"size_eti89_lb", "size_eti89_ub"} <= set(on_page) & set(read)
    assert [name for name in on_page if name in set(read)] == [name for name in read if name in set(on_page)]


def test_what_a_filter_offers_is_what_stands_in_the_cells(document, undrawn):
    root = parser.fromstring(page(document))
    data = json.loads(root.get_element_by_id("customer-data").text)
    offered = {}
    for select in root.xpath("//select"):
        one = data["columns"][int(select.get("data-column"))]
        cells = one.get("values") or [
            "".join(one["pieces"][place] for place in ([code] if isinstance(code, int) else code))
            for code in one["codes"]
        ]
        first, *others = select.xpath("option/@value")
        assert first == ""
        assert "" not in [other.strip() for other in others]
        assert set(others) == {cell for cell in cells if cell.strip()}
        offered[one["title"]] = others
    assert sorted(offered["source"]) == ["T", "google_ads", "mean"]
    assert sorted(offered["key_account"]) == ["no", "yes"]
    assert offered["founded"] == ["1998", "2004"]
    assert offered["size"] == ["1.25", "3"]
    assert offered["since"] == ["2024-01-01", "2025-12-31"]


def test_names_of_columns_cannot_turn_the_writing_round(customers):
    titles = [one["title"] for one in Customers(customers).data["columns"]]
    assert "na�me" in titles
    assert BIDI not in titles
