"""The page in Chromium: what a reader sees, clicks, types, prints and takes away."""

import csv
import io
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.formatting import escape_formula, money, percent, visible
from ltv_bayes.language import in_language
from ltv_bayes.reporting.contents.parts import (
    Badge,
    CustomerTable,
    Document,
    Figure,
    Picture,
    Section,
    State,
    Table,
    Term,
    Text,
)
from ltv_bayes.reporting.page.render import page, page_words
from ltv_bayes.tables.headings import written
from tests.reporting.made import NAMES, many

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAPER = 680
"""Points of CSS between the margins of A4; what is wider makes the browser print everything smaller."""
CUSTOMERS = 70


def drawn():
    """A small picture."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(7, 3))
    ax.bar(["a", "b"], [1, 2])
    ax.set_title("A picture")
    return ax


def table_of_customers():
    """Some customers, with hostile names, one that is missing numbers, and one of which some is taken away."""
    part = many(CUSTOMERS)
    ids = [*NAMES, *part.frame.index[len(NAMES) :]]
    for frame in (part.frame, part.sources):
        frame.index = pd.Index(ids, name="customer_id")
    part.frame.loc[ids[20], "industry"] = "شركة"
    part.frame.loc[ids[21], ["realised", "to_come_eti89_lb", "to_come_eti89_ub"]] = np.nan
    part.sources.loc[ids[22], "judged"] *= -1
    return part


def document_in(language):
    """Every kind of part, in two sections."""
    part = table_of_customers()
    frame, few = part.frame.head(30), part.frame.head(6)
    parts = (
        Text("About 3M CNY will come, by the median."),
        Figure("Value to come", "3M CNY", "89% interval 1M to 5M"),
        Figure("Value realised", "2M CNY"),
        Badge("Totals held in 5 of 6 windows", "good", "What happened lay inside the interval."),
        Text("Few windows.", "doubt"),
        Text("Do not use these numbers.", "bad"),
        Picture("bars", "Two bars", drawn),
        Table("list", "A list", frame, "CNY", note="How to read it.", rows=25),
        Table("wide", "Many columns", pd.concat([few, few.add_suffix(" too")], axis="columns"), "CNY"),
    )
    sections = (
        Section("headline", "What it is worth", parts),
        Section("customers", "Customers", (part,)),
        Section("glossary", "Words", (Term("Median", "Half lie below."), Term(NAMES[0], NAMES[1]))),
    )
    return Document(f"Value of {NAMES[0]}", language, ("As of 2026-01-31, over 3 years.",), sections)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The pages, by name."""
    folder, found = tmp_path_factory.mktemp("pages"), {}
    for language in ("en", "zh"):
        with in_language(language):
            found[language] = folder / f"{language}.html"
            found[language].write_text(page(document_in(language)), encoding="utf-8")
    found["one"] = folder / "one.html"
    long = "x" * 300
    one = pd.DataFrame({"mean": [1.0]}, index=pd.Index([7], name="customer_id"))
    parts = (Text(long), Figure(long, long, long), Badge(long, "bad", long), CustomerTable(one, one), Term(long, long))
    document = Document(long, "en", (long,), (Section("customers", long, parts),))
    found["one"].write_text(page(document), encoding="utf-8")
    found["many"] = folder / "many.html"
    section = Section("customers", "Customers", (many(10_000),))
    found["many"].write_text(page(Document("Many", "en", (), (section,))), encoding="utf-8")
    return found


@dataclass
class Opened:
    """A page that is open, with what went wrong and what was asked for."""

    page: object
    faults: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    untouched: str | None = None
    """The address, where no test has changed anything on the page."""

    def rows(self):
        """The ids of the rows that are drawn, from the top."""
        return self.page.locator(".tabulator-row .tabulator-cell:first-child").all_inner_texts()

    def count(self):
        return self.page.locator("#customer-count").inner_text()

    def wait_for_count(self, start):
        self.page.wait_for_function("start => document.querySelector('output').innerText.startsWith(start)", arg=start)

    def row(self, place):
        """A row, once the table is in view and at rest.

        When it comes into view, it draws its rows anew, and a click on a row that is replaced meanwhile is lost.
        """
        self.page.locator(".tabulator").scroll_into_view_if_needed()
        self.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
        )
        return self.page.locator(".tabulator-row").nth(place)

    def sort_by(self, title):
        self.page.get_by_role("button", name=title, exact=True).click()

    def shown(self, selector):
        return self.page.locator(selector).first.is_visible()


@pytest.fixture(scope="module")
def tabs(browser):
    """Tabs that were opened, by their settings; they are closed at the end."""
    made = {}
    yield made
    for found in made.values():
        found.page.context.close()


@pytest.fixture
def opened(browser, files, tabs):
    """Loads a page, and says at the end that nothing went wrong and nothing was asked from outside.

    A tab serves one test after another, unless it is the test's own; with ``untouched``, a test that changes nothing
    takes the page as another such test has left it.
    """
    used, own = {}, []

    def open_page(name="en", *, viewport=DESK, at="", untouched=False, alone=False, **settings):
        settings = {"viewport": viewport, "color_scheme": "light", **settings}
        key = None if alone else repr(sorted(settings.items()))
        found = tabs.get(key) or a_tab(browser, settings)
        if alone:
            own.append(found)
        else:
            tabs[key] = found
        if id(found) not in used:
            used[id(found)] = found, set()
            found.faults.clear()
            found.asked.clear()
        address = files[name].as_uri()
        used[id(found)][1].add(address)
        if not (untouched and found.untouched == address + at):
            found.page.goto("about:blank")
            found.page.goto(address + at)
            assert address in {url.partition("#")[0] for url in found.asked}
        found.untouched = address + at if untouched else None
        return found

    yield open_page
    for found in own:
        found.page.context.close()
    for found, addresses in used.values():
        assert found.faults == []
        asked = {url.partition("#")[0] for url in found.asked if not url.startswith(("data:", "blob:", "about:"))}
        assert asked <= addresses


def a_tab(browser, settings):
    """An empty tab, of which is noted what goes wrong and what is asked for."""
    found = Opened(browser.new_context(**settings).new_page())
    found.page.on("console", lambda message: found.faults.append(message.text))
    found.page.on("pageerror", lambda error: found.faults.append(str(error)))
    found.page.on("dialog", lambda dialog: (found.faults.append(dialog.message), dialog.dismiss()))
    found.page.on("request", lambda request: found.asked.append(request.url))
    return found


@pytest.fixture(scope="module")
def frame():
    """The customers of the page, under the names that are shown."""
    found = table_of_customers().frame
    return found.set_axis([visible(one) for one in found.index])


class TestTable:
    def test_the_most_to_come_stand_first(self, opened, frame):
        found = opened(untouched=True)
        assert found.rows()[:9] == list(frame.index[:9])
        assert found.count().startswith("70 of 70 customers. Amounts in CNY.")

    def test_it_is_sorted_by_a_click_and_by_the_keyboard(self, opened, frame):
        found = opened()
        found.sort_by("realised")
        by_realised = frame["realised"].sort_values(ascending=False)
        assert found.rows()[:8] == list(by_realised.index[:8])
        assert found.page.locator("[role=columnheader][aria-sort=descending]").inner_text().strip() == "realised"
        found.page.get_by_role("button", name="realised", exact=True).press("Enter")
        assert found.rows()[:8] == list(by_realised.dropna().index[::-1][:8])
        found.sort_by("customer")
        assert found.rows()[:3] == found.page.evaluate(
            "names => names.sort(new Intl.Collator('en', {numeric: true}).compare).slice(0, 3)", list(frame.index)
        )

    def test_what_is_missing_stands_last_either_way(self, opened, frame):
        found = opened()
        for _turn in range(2):
            found.sort_by("realised")
            found.page.locator(".tabulator-tableholder").evaluate("box => box.scrollTo(0, 1e6)")
            found.page.wait_for_function("() => document.querySelector('.tabulator-row:last-child [href*=C000021]')")
            assert found.rows()[-1] == frame.index[21]

    def test_it_is_searched_in_names_segments_and_reasons(self, opened, frame):
        found = opened()
        texts = [" ".join(map(str, (name, *row))).lower() for name, *row in frame[["industry", "reason"]].itertuples()]
        for typed in ("c00001", "RETAIL", "النور", "ago 7 realised", "nobody"):
            number = sum(all(word in text for word in typed.lower().split()) for text in texts)
            found.page.get_by_label("Search").fill(typed)
            found.wait_for_count(f"{number} of 70")
        found.page.get_by_text(page_words()["none"]).wait_for()
        assert found.rows() == []

    def test_it_is_filtered_by_segment_and_tier(self, opened, frame):
        found = opened()
        found.page.get_by_label("industry").select_option("Energy")
        assert found.count().startswith(f"{(frame['industry'] == 'Energy').sum()} of 70")
        found.page.get_by_label("tier").select_option("B")
        both = frame[(frame["industry"] == "Energy") & (frame["tier"] == "B")]
        assert found.count().startswith(f"{len(both)} of 70")
        assert found.rows()[:5] == list(both.index[:5])
        found.page.get_by_label("tier").select_option("")
        found.page.get_by_label("industry").select_option("")
        assert found.count().startswith("70 of 70")

    def test_numbers_are_written_as_elsewhere(self, opened, frame):
        found = opened(untouched=True)
        cells = found.page.locator(".tabulator-row").nth(9).locator(".tabulator-cell").all_inner_texts()
        row = frame.iloc[9]
        interval = f"{money(row['to_come_eti89_lb'], 'CNY')} to {money(row['to_come_eti89_ub'], 'CNY')}"
        assert cells[3:7] == [
            *(money(row[name], "CNY") for name in ("realised", "to_come", "median_to_come")),
            interval,
        ]

    def test_what_is_filtered_is_saved_as_csv(self, opened, frame):
        found = opened()
        found.page.get_by_label("tier").select_option("A")
        found.sort_by("customer")
        with found.page.expect_download() as saved:
            found.page.get_by_role("button", name="Save as CSV").click()
        content = saved.value.path().read_bytes()
        assert saved.value.suggested_filename == "customers.csv"
        assert content.startswith(b"\xef\xbb\xbf")
        head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        assert head[:4] == ["customer", "industry", "tier", "realised"]
        assert "to come 89% interval, from" in head
        wanted = frame[frame["tier"] == "A"]
        assert {row[0] for row in rows} == {escape_formula(one) for one in wanted.index}
        assert "'=1+1" in {row[0] for row in rows}
        by_id = {row[0]: row for row in rows}
        for name, row in wanted.iterrows():
            cells = by_id[escape_formula(name)]
            assert cells[-1] == row["reason"]
            np.testing.assert_allclose(float(cells[3] or "nan"), row["realised"], rtol=1e-6, atol=0.005)
            np.testing.assert_allclose(float(cells[7] or "nan"), row["to_come_eti89_ub"], rtol=1e-5)

    def test_names_stay_text(self, opened, frame):
        """Nothing runs, and each name is isolated from the direction of what stands around it."""
        found = opened(untouched=True)
        assert found.rows()[: len(NAMES)] == [visible(name) for name in NAMES]
        assert found.page.locator("img").count() == 0
        assert found.page.locator(".tabulator-row bdi").count() >= 2 * len(NAMES)
        assert found.page.title() == f"Value of {NAMES[0]}"


class TestOneCustomer:
    def test_a_click_opens_the_sources_of_a_value(self, opened, frame):
        found = opened()
        found.row(9).locator(".tabulator-cell").nth(4).click()
        dialog = found.page.get_by_role("dialog")
        assert dialog.get_by_role("heading").first.inner_text() == frame.index[9]
        row = frame.iloc[9]
        said = dialog.get_by_role("img").get_attribute("aria-label")
        for amount in (row["realised"], 0.7 * row["to_come"], 0.3 * row["to_come"], row["to_come"]):
            assert f" {money(amount, 'CNY')} CNY" in said
        ends = f"{money(row['to_come_eti89_lb'], 'CNY')} to {money(row['to_come_eti89_ub'], 'CNY')}"
        assert dialog.locator("svg text", has_text=ends).count() == 1
        assert row["reason"] in dialog.inner_text()
        assert found.page.url.endswith(f"#customer={frame.index[9]}")
        found.page.keyboard.press("Escape")
        assert not dialog.is_visible()
        found.page.wait_for_function("location.hash === '#customers'")

    def test_bars_are_as_long_as_the_money_and_follow_each_other(self, opened, frame):
        found = opened(at=f"#customer={frame.index[9]}")
        bars = found.page.locator("dialog svg rect").evaluate_all(
            "bars => bars.map(bar => ['x', 'width'].map(name => Number(bar.getAttribute(name))))"
        )
        (zero, past), (start, bought), (after, judged), (whole, total), _band = bars
        assert zero == start == whole
        assert after == pytest.approx(start + bought, abs=0.01)
        assert judged + bought == pytest.approx(total, abs=0.01)
        ratio = frame["realised"].iloc[9] / frame["to_come"].iloc[9]
        assert past / total == pytest.approx(ratio, rel=1e-3)

    def test_enter_opens_it_and_back_closes_it(self, opened, frame):
        found = opened()
        found.row(4).locator("a").press("Enter")
        dialog = found.page.get_by_role("dialog")
        assert dialog.get_by_role("heading").first.inner_text() == NAMES[4]
        found.page.go_back()
        dialog.wait_for(state="hidden")

    def test_a_link_opens_it(self, opened, frame):
        found = opened(at="#customer=%3C%2Fscript%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")
        assert found.page.get_by_role("dialog").get_by_role("heading").first.inner_text() == NAMES[0]
        other = opened(at="#customer=%E0%A4%A")
        assert not other.shown("dialog")

    def test_missing_numbers_and_negative_sources(self, opened, frame):
        found = opened(at=f"#customer={frame.index[21]}")
        assert found.page.locator("dialog dd", has_text="–").count() == 2
        found = opened(at=f"#customer={frame.index[22]}")
        assert found.page.locator("dialog rect.minus").count() == 1


class TestAnywhere:
    def test_all_that_is_said_is_seen(self, opened):
        """Also a verdict in each state, those that this report does not have included."""
        add = """states => states.forEach(state => document.querySelector("main section").insertAdjacentHTML(
            "beforeend", `<div class="badge ${state}"><p>${state}</p></div>`))"""
        found = opened()
        found.page.evaluate(add, list(get_args(State)))
        hidden = """[...document.querySelectorAll("main p, main .badge, main figure, main dd")].filter(one =>
            !one.closest(".without-script, dialog, [hidden]") && !one.getClientRects().length
        ).map(one => one.outerHTML)"""
        assert found.page.locator(".badge").count() >= 4
        assert found.page.evaluate(hidden) == []

    def test_on_a_phone_only_boxes_scroll_sideways(self, opened):
        found = opened(viewport=PHONE)
        assert found.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        picture = found.page.locator("figure")
        assert picture.get_attribute("tabindex") == "0"
        picture.focus()
        found.page.keyboard.press("End")
        found.page.keyboard.press("ArrowRight")
        found.page.wait_for_function("() => document.querySelector('figure').scrollLeft > 0")
        assert picture.evaluate("box => getComputedStyle(box).backgroundAttachment") == "local, local, scroll, scroll"
        box = found.page.locator(".box").first
        assert box.evaluate("box => box.scrollWidth > box.clientWidth")
        box.focus()
        found.page.keyboard.press("ArrowRight")
        found.page.wait_for_function("() => document.querySelector('.box').scrollLeft > 0")
        found.row(9).locator("a").click()
        assert found.page.get_by_role("dialog").bounding_box()["width"] == PHONE["width"]

    @pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
    def test_one_customer_without_segment_or_currency_and_words_without_end(self, opened, viewport):
        found = opened("one", viewport=viewport, at="#customer=7")
        assert found.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        assert found.page.get_by_role("dialog").get_by_role("img").get_attribute("aria-label").endswith(": 1.")
        assert found.count().startswith("1 of 1 customers. Choose")

    def test_the_keyboard_stops_only_at_boxes_that_scroll(self, opened):
        found = opened(untouched=True)
        assert found.page.locator("figure").get_attribute("tabindex") is None
        assert found.page.locator(".box").first.get_attribute("tabindex") == "0"

    def test_in_the_dark_the_ground_is_dark_and_pictures_write_lightly(self, opened):
        colours = {}
        for scheme in ("light", "dark"):
            found = opened(color_scheme=scheme)
            ground = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
            ink = found.page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
            colours[scheme] = [sum(map(int, one[4:-1].split(","))) for one in (ground, ink)]
        assert colours["light"][0] > 700 > 200 > colours["light"][1]
        assert colours["dark"][0] < 100 < 600 < colours["dark"][1]

    def test_printed_tables_are_whole_and_controls_are_left_out(self, opened):
        found = opened(alone=True)
        found.page.emulate_media(media="print")
        assert not any(found.shown(part) for part in ("nav", "#customer-tools", "#customer-grid"))
        assert found.shown(".without-script table")
        for box in found.page.locator(".box").all():
            assert box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")
        assert found.page.locator(".without-script tbody tr").count() == 50
        found.page.set_viewport_size({"width": PAPER, "height": 1000})
        assert found.page.evaluate("document.documentElement.scrollWidth") == PAPER
        content = found.page.pdf(prefer_css_page_size=True)
        assert 2 <= content.count(b"/Type /Page\n") <= 12

    def test_without_script_the_page_still_reads(self, opened):
        found = opened(java_script_enabled=False)
        assert found.shown(".without-script table")
        assert not found.shown("#customer-tools")
        assert not found.shown("#customer-grid")

    def test_the_navigation_marks_the_section_being_read(self, opened):
        found = opened()
        current = found.page.locator("nav [aria-current=location]")
        assert current.inner_text() == "What it is worth"
        found.page.locator("nav a", has_text="Customers").click()
        found.page.wait_for_function("() => document.querySelector('nav [aria-current]').innerText === 'Customers'")
        assert current.count() == 1

    def test_the_language_is_that_of_the_document(self, opened, frame):
        found = opened("zh")
        with in_language("zh"):
            words = page_words()
            amount = money(frame["to_come"].iloc[9], "CNY")
        assert found.page.evaluate("document.documentElement.lang") == "zh-CN"
        assert found.page.get_by_role("button", name=words["save"]).is_visible()
        assert found.count().startswith(words["of"].format(shown=CUSTOMERS, all=CUSTOMERS))
        assert found.page.locator(".tabulator-row").nth(9).get_by_text(amount, exact=True).count() == 1

    @pytest.mark.parametrize(
        ("viewport", "scheme", "at"),
        [(DESK, "light", ""), (DESK, "dark", ""), (PHONE, "light", ""), (DESK, "dark", "#customer=C000030")],
        ids=["desk", "dark", "phone", "one customer"],
    )
    def test_axe_finds_no_serious_fault(self, opened, viewport, scheme, at):
        """What differs in the dark are colours, so nothing else is asked there."""
        from axe_playwright_python.sync_playwright import Axe

        found = opened(viewport=viewport, color_scheme=scheme, at=at)
        colours = {"runOnly": {"type": "tag", "values": ["cat.color"]}}
        result = Axe().run(found.page, options=colours if at == "" and scheme == "dark" else {})
        assert any(rule["id"] == "color-contrast" for rule in result.response["passes"])
        faults = [
            f"{fault['impact']} {fault['id']}: {fault['nodes'][0]['html'][:200]}"
            for fault in result.response["violations"]
        ]
        print(*faults, sep="\n")
        assert [fault for fault in faults if fault.startswith(("serious", "critical"))] == []


class TestSameRules:
    """The script writes as `ltv_bayes.formatting` does."""

    @pytest.mark.parametrize("kind", ["money", "share", "probability", "number", "ratio", "count"])
    def test_numbers(self, opened, kind):
        rng = np.random.default_rng(3)
        some = np.concatenate([rng.uniform(-1, 1, 400), *(rng.normal(0, 10.0**size, 80) for size in range(-9, 14))])
        edges = [0, 0.5, 1, 12.25, 0.125, 0.375, 2.5, 100.5, 101.5, 99.95, 999.5]
        edges += [9995, 99950, 999_500, 1e15, 0.995, 0.0005]
        values = [float(f"{one:.6g}") for one in (*some, *edges, *(-np.array(edges[1:])))]
        if kind in ("share", "probability"):
            values = [one for one in values if abs(one) <= 1] + [k / 1000 for k in range(1001)]
        if kind == "probability":
            values = [one for one in values if one >= 0]
        if kind == "count":
            values = [*values, *map(float, range(0, 3_000_000, 99_999))]
        sizes = {"CNY": [[1e8, "亿"], [1e4, "万"]], "USD": [[1e12, "tn"], [1e9, "bn"], [1e6, "M"], [1e3, "k"]]}
        found = opened(untouched=True)
        for currency, steps in sizes.items():
            told = found.page.evaluate(
                "([values, kind, steps]) => values.map(one => numbers.write(one, kind, steps))", [values, kind, steps]
            )
            wanted = [written(value, kind, currency) for value in values]
            assert [case for case in zip(values, told, wanted, strict=True) if case[1] != case[2]] == []

    def test_missing_numbers(self, opened):
        assert (
            opened(untouched=True).page.evaluate("numbers.write(null, 'money', [])")
            == written(None, "money")
            == percent(np.nan)
        )

    def test_formulas(self, opened):
        texts = [*NAMES, "-1", "+1", "@a", " =1", "\t=1", "＝1", "'=1", "''=1", "'s-Hertogenbosch", ""]
        texts += ["a=1", "\u3000-5", "\ufeff@"]
        told = opened(untouched=True).page.evaluate("texts => texts.map(numbers.escapeFormula)", texts)
        assert told == [escape_formula(text) for text in texts]


def test_ten_thousand_customers_are_drawn_a_screen_at_a_time(opened):
    """Work is bounded: the rows that are drawn are those that are seen, before and after sorting and searching."""
    found = opened("many")
    assert found.count().startswith("10,000 of 10,000")
    sort = """title => {
      const buttons = [...document.querySelectorAll('.tabulator-col button')];
      const from = performance.now();
      buttons.find(one => one.innerText === title).click();
      return performance.now() - from;
    }"""
    for column in ("realised", "reason", "customer"):
        took = found.page.evaluate(sort, column)
        print(f"10,000 customers sorted by {column} in {took:.0f} ms of script")
        assert len(found.rows()) < 60
    found.page.get_by_label("Search").fill("c00999")
    found.wait_for_count("10 of 10,000")
    assert found.rows() == [f"C{row:06d}" for row in range(9990, 10_000)]
