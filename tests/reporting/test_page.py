"""The page as a file: one file that asks for nothing, with every text escaped and every number as elsewhere."""

import base64
import hashlib
import html
import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from lxml import etree
from lxml import html as parser

import ltv_bayes as lb
from ltv_bayes.language import in_language
from ltv_bayes.reporting.contents.parts import (
    Badge,
    CustomerTable,
    Figure,
    Picture,
    Table,
    Term,
    Text,
)
from ltv_bayes.reporting.files import sealed
from ltv_bayes.reporting.page import customers
from ltv_bayes.reporting.page.customers import Customers
from ltv_bayes.reporting.page.render import FOR_CUSTOMERS, asset, page
from tests.reporting.conftest import HOSTILE
from tests.reporting.made import NAMES, many, of


def data_of(text):
    """What the page gives its script."""
    return json.loads(parser.fromstring(text).get_element_by_id("customer-data").text)


def column(found, name):
    """The cells of a column as the script reads them."""
    one = next(one for one in found["columns"] if one["name"] == name)
    if "values" in one:
        return one["values"]
    codes = [[code] if isinstance(code, int) else code for code in one["codes"]]
    return ["".join(one["pieces"][place] for place in some) for some in codes]


@pytest.fixture(scope="module")
def written(reported, tmp_path_factory):
    """The page of everything, as a file and read again."""
    path = reported.to_html(tmp_path_factory.mktemp("page") / "report.html")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def root(written):
    return parser.fromstring(written)


class TestOneFile:
    def test_the_same_input_gives_the_same_bytes(self, reported, written):
        assert sealed(page(reported.document())).decode() == written

    def test_nothing_is_asked_from_outside(self, root):
        """Links lead to places of the page, pictures are drawn in it."""
        named = [(part.tag, name, value) for part in root.iter(etree.Element) for name, value in part.attrib.items()]
        links = [value for _tag, name, value in named if name.split("}")[-1] in ("href", "src", "srcset", "action")]
        assert len(links) > 20
        assert [link for link in links if not link.startswith(("#", "data:image/"))] == []
        assert not re.search(r"@import|url\((?!#)", asset("page.css"))
        assert [name for _tag, name, _value in named if name.startswith("on") or name == "style"] == []

    def test_the_policy_lets_only_this_style_and_this_script_pass(self, root):
        (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "http" not in policy
        blocks = [*root.xpath("//style"), *root.xpath("//script[not(@type)]")]
        assert len(blocks) == 5
        for block in blocks:
            digest = base64.b64encode(hashlib.sha256(block.text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy

    def test_assets_can_stand_in_elements(self):
        for name in ("page.js", "numbers.js", "customers.js", "tabulator.min.js", "page.css"):
            assert not re.search(r"</(script|style)|<!--", asset(name), re.IGNORECASE)

    def test_the_library_comes_with_its_licence_where_there_is_a_table_of_customers(self, written):
        assert "Permission is hereby granted, free of charge" in html.unescape(written)
        assert "Copyright (c) 2015-2026 Oli Folkerd" in written
        assert "Tabulator" not in page(of(Text("No customers.")))

    def test_ids_are_distinct_and_headings_in_order(self, root):
        ids = root.xpath("//@id")
        assert len(ids) == len(set(ids))
        levels = [int(part.tag[1]) for part in root.iter("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert {link.lstrip("#") for link in root.xpath("//nav//@href")} == set(root.xpath("//section/@id"))


class TestNames:
    def test_markup_stays_text(self, written, root):
        assert HOSTILE not in written
        assert [part for part in root.iter("td") if part.text_content() == HOSTILE]

    @pytest.mark.parametrize("name", NAMES)
    def test_in_every_kind_of_part(self, name):
        frame = pd.DataFrame({"reason": [name], "mean": [1.0]}, index=pd.Index([name], name="customer_id"))
        parts = [
            Text(name),
            Figure(name, name, name),
            Badge(name, "good", name),
            Table("t", name, frame, "CNY", note=name),
            CustomerTable(frame, frame[["mean"]], ("reason",), "CNY", name),
            Term(name, name),
        ]
        text = page(of(*parts, title=name))
        found = parser.fromstring(text)
        shown = name.replace("\u202e", "�")
        assert found.xpath("//h1")[0].text == shown
        for place in ("//section/p", "//dd", "//h3/bdi", "//td/bdi", "//th/bdi", "//option", "//dl[@class='terms']/dt"):
            assert shown in [part.text_content() for part in found.xpath(place)], place
        assert len(found.xpath("//script")) == 6
        assert not found.xpath("//img")
        assert column(data_of(text), "customer_id") == [shown]
        assert not any(shown in value for value in found.xpath("//@id"))


class TestTables:
    def test_numbers_stand_right_and_long_texts_break(self):
        frame = pd.DataFrame(
            {"mean": [61_700.0], "eti89_lb": [8e3], "eti89_ub": [262e3], "reason": ["x" * 80], "tier": ["top"]},
            index=pd.Index(["A"], name="customer_id"),
        )
        found = parser.fromstring(page(of(Table("t", "Value", frame, "EUR"))))
        cells = [(part.get("class"), part.text_content()) for part in found.xpath("//tbody/tr/td")]
        assert cells == [("n", "61.7k"), ("n", "8k to 262k"), ("long", "x" * 80), ("short", "top")]
        assert [part.get("scope") for part in found.xpath("//thead//th")] == ["col"] * 5
        assert found.xpath("//tbody//th/@scope") == ["row"]
        assert found.xpath("//caption")[0].text == "Value"
        assert found.xpath("//div[contains(@class, 'box')]/@tabindex") == ["0"]

    def test_rows_that_are_left_out_are_counted(self):
        frame = pd.DataFrame({"mean": np.arange(1300.0)})
        found = parser.fromstring(page(of(Table("t", "Value", frame, rows=50))))
        assert len(found.xpath("//tbody/tr")) == 50
        assert "1,250 more" in found.xpath("//p[@class='note']")[0].text

    def test_pictures_are_drawn_within(self, root, reported):
        labels = {
            part.label
            for section in reported.document().sections
            for part in section.parts
            if isinstance(part, Picture)
        }
        assert {part.get("aria-label") for part in root.iter("svg")} == labels


class TestGlossary:
    def test_a_word_is_linked_where_it_first_appears(self):
        parts = [
            Text("<i>The medians</i> and the Median, the median."),
            Text("LTV & CLV."),
            Term("Median", "Half."),
            Term("Value (LTV, CLV)", "Money."),
        ]
        found = parser.fromstring(page(of(*parts)))
        assert [(part.text, part.get("href")) for part in found.xpath("//a[@class='term']")] == [
            ("Median", "#term-1"),
            ("LTV", "#term-2"),
        ]
        assert found.xpath("//section/p")[0].text_content() == "<i>The medians</i> and the Median, the median."
        assert found.get_element_by_id("term-2").text == "Value (LTV, CLV)"

    def test_without_a_glossary_texts_stay_as_they_are(self):
        found = parser.fromstring(page(of(Text("The median."))))
        assert found.xpath("//section/p")[0].text == "The median."


class TestCustomers:
    def test_the_script_gets_every_number(self, root, reported, written):
        (part,) = [p for s in reported.document().sections for p in s.parts if isinstance(p, CustomerTable)]
        found = data_of(written)
        assert column(found, "customer_id") == [str(one) for one in part.frame.index]
        np.testing.assert_allclose(column(found, "to_come"), part.frame["to_come"], rtol=1e-5)
        assert column(found, "reason") == part.frame["reason"].tolist()
        interval = next(one for one in found["columns"] if "upper" in one)
        np.testing.assert_allclose(interval["upper"], part.frame["to_come_eti89_ub"], rtol=1e-5, atol=1e-9)
        for one, name in zip(found["sources"], part.sources, strict=True):
            values = one["values"] if "values" in one else found["columns"][one["column"]]["values"]
            np.testing.assert_allclose(values, part.sources[name], rtol=1e-5, atol=1e-9)

    def test_numbers_that_stand_in_a_column_are_not_sent_again(self):
        sources = Customers(many(60)).data["sources"]
        assert [("column" in one, one["realised"]) for one in sources] == [(True, True), (False, False), (False, False)]

    def test_without_script_the_first_fifty_are_read(self):
        found = parser.fromstring(page(of(many(60))))
        assert len(found.xpath("//div[@class='without-script']//tbody/tr")) == customers.WITHOUT_SCRIPT == 50
        assert "The first 50 of 60 customers." in found.xpath("//div[@class='without-script']")[0].text_content()

    def test_ten_thousand_customers_stay_below_two_megabytes(self, written):
        """Beside everything else that a report can hold."""
        text = page(of(many(12_000)))
        assert len(column(data_of(text), "customer_id")) == customers.MOST == 10_000
        without_assets = len(written.encode()) - sum(len(asset(name)) for name in FOR_CUSTOMERS)
        size = len(text.encode()) + without_assets
        print(f"page of 10,000 customers and everything else: {size / 1e6:.2f} MB")
        assert size < 2_000_000

    def test_those_left_out_are_counted_and_so_is_their_money(self):
        part = many(130)
        found = Customers(part, most=100)
        assert found.data["number"] == 100
        left = part.frame["to_come"].iloc[100:].sum()
        assert found.rest.startswith("These are the 100 customers with the most to come. The other 30 are expected to")
        assert f"{lb.formatting.money(left, 'CNY')} CNY in all" in found.rest
        assert Customers(part).rest == ""

    def test_where_names_are_long_fewer_customers_stand_on_the_page(self):
        part = many(5_000, ids="{row:0500d}")
        found = Customers(part)
        size = len(json.dumps(found.data, ensure_ascii=False, separators=(",", ":")))
        assert 0.85 * customers.MOST_BYTES < size <= customers.MOST_BYTES
        assert 1_000 < found.data["number"] < 5_000
        assert "The other" in found.rest

    def test_amounts_keep_their_cents(self):
        amounts = [1_234_567.894, 98_765.43, -1_000_000.01, 0.123456789, 12.3456789]
        frame = pd.DataFrame({"mean": amounts}, index=list("abcde"))
        expected = [1_234_567.89, 98_765.43, -1_000_000.01, 0.123457, 12.3457]
        assert column(Customers(CustomerTable(frame, frame)).data, "mean") == expected

    def test_missing_and_endless_numbers_are_missing(self):
        frame = pd.DataFrame({"mean": [1.0, np.nan, np.inf], "reason": ["a", None, "b"]}, index=[1, 2, "ünï"])
        found = Customers(CustomerTable(frame, frame[["mean"]])).data
        assert column(found, "mean") == [1, None, None]
        assert column(found, "reason") == ["a", "", "b"]
        assert column(found, "customer_id") == ["1", "2", "ünï"]

    def test_filters_offer_what_there_is(self):
        assert [(title, values) for title, _place, values in Customers(many(9)).filters] == [
            ("industry", sorted({"Energy", "Retail", HOSTILE})),
            ("tier", ["A", "B"]),
        ]


def test_the_language_is_that_of_the_document():
    with in_language("zh"):
        document = of(many(3), language="zh")
    text = page(document)
    assert '<html lang="zh-CN">' in text
    assert data_of(text)["sizes"] == [[1e8, "亿"], [1e4, "万"]]
