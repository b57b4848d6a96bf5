"""The documentation's site: built without a warning, whole, readable without a network, and it answers questions."""

import contextlib
import inspect
import io
import re
import shutil
import sys
import warnings
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from sphinx.cmd.build import build_main

import ltv_bayes as lb

pytestmark = pytest.mark.pages

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = re.compile(r"\b(?:pandas|numpy|xarray|arviz|pymc)\.[A-Za-z]\w*")
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
)
WIDE, HIGH = 1280, 900

QUESTIONS = [
    ("What is a customer worth?", [], "Fit two models, how often customers buy and how much they pay"),
    ("How do I read my export?", [], "Pass the file as your system wrote it"),
    ("Which model?", [], "Four questions lead to the models of a stream"),
    ("It did not converge?", [], "Do as its message says: more draws, or a longer tune"),
    ("Do the intervals hold?", [], "A backtest goes back in time"),
    (
        "Why is the interval so wide?",
        [],
        "It is of what the customer will really pay, luck included",
    ),
    ("What if I have few customers?", [], "Priors weigh in, intervals are wide, and a note says so"),
    ("What if I have a million?", [], "Keep the orders in Parquet files and scan them"),
    ("What if I have a hundred million?", [], "A fit needs one row a customer, and of those only the unique histories"),
    ("How do I take judgements from my CRM?", [], "An export holds open opportunities beside the orders"),
    ("How do I compare segments?", [], "Ask for the probability, and quote the sentence"),
    ("Is a channel worth its cost?", [], "Hold the value of the next customer against what winning one costs"),
    ("What about subscriptions?", [], "A subscription is a contract that is renewed at the end of each period"),
    ("How do I hand it to my boss?", [], "One line writes a page, another one a workbook"),
    ("How do I do the same next month?", [], "ltv-bayes report --config run.toml"),
    ("Can I do it without Python?", [], "from raw files to a page, a workbook and tables"),
    ("Can it speak Chinese?", [], 'lb.set_language("zh")'),
    ("I come from another tool", [], "BetaGeoFitter"),
    (
        "What does a column such as eti89_lb mean?",
        [],
        "is the lower end and eti89_ub the upper end",
    ),
    ("What does this error mean?", [], "It names the rows or customers and what to do"),
    ("What do the words mean?", [], "the money that a customer yields within the horizon"),
    ("Reference", ["Columns of result tables"], "of the 89% equal-tailed interval"),
    ("Reference", ["Messages"], "Each states what is wrong, and what to do"),
    ("What is a customer worth?", ["Lifetime value"], "Lifetime value of 120 customers"),
]
"""What a new user asks, as it stands on the start page; the links that lead on from there; words of the answer."""


@contextlib.contextmanager
def imports_undone():
    """Forgets the modules of the site, which lie in a folder of this test, and that they were looked for there."""
    known, places = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = places
    for name in set(sys.modules) - known:
        if name.startswith("site_"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Builds the site, from a copy of the pages, since building writes pages of its own.

    In this process, which has imported all that the reference names.
    """
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(
        ROOT / "docs",
        folder / "docs",
        ignore=shutil.ignore_patterns("_build", "reference", "parts", "__pycache__"),
    )
    for part in ("examples", "CONTRIBUTING.md", "CHANGELOG.md"):
        (folder / part).symlink_to(ROOT / part)
    said, words = io.StringIO(), ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet", "docs", "html"]
    with contextlib.chdir(folder), contextlib.redirect_stderr(said), warnings.catch_warnings(), imports_undone():
        warnings.simplefilter("ignore")  # Python's, as on a terminal; those of Sphinx are counted
        assert build_main(words) == 0, said.getvalue()
    return folder / "html"


@dataclass
class Page(HTMLParser):
    """A page's links with their texts, its anchors, and the text outside of links, headings and printed blocks."""

    path: Path
    links: list[tuple[str, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    prose: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.append((given["href"], ""))
        if tag in ("a", "pre", "h1", "h2", "h3", "script", "style"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        if tag in self.within:
            self.within.remove(tag)

    def handle_data(self, data):
        if "a" in self.within:
            href, text = self.links[-1]
            self.links[-1] = (href, text + data)
        elif not self.within:
            self.prose.append(data)

    def link(self, text):
        """Where the link with this text leads, as a path and an anchor."""
        return next(self.target(href) for href, said in self.links if " ".join(said.split()) == text)

    def target(self, href):
        """The file and the anchor that a link leads to."""
        place = urlsplit(href)
        return (self.path.parent / unquote(place.path)).resolve() if place.path else self.path, unquote(place.fragment)


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def documented(site):
    """The names of the inventory, whose format is a header of four lines and then compressed lines."""
    content = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ", 1)[0] for line in zlib.decompress(content).decode().splitlines()}


class TestSite:
    def test_every_public_name_is_in_the_reference(self, site):
        names = {f"ltv_bayes.{name}" for name in lb.__all__ if callable(getattr(lb, name))}
        assert len(names) > 100
        assert names - documented(site) == set()

    def test_no_private_name_is(self, site):
        assert [name for name in documented(site) if any(part.startswith("_") for part in name.split("."))] == []

    def test_it_asks_for_nothing_from_outside(self, site):
        """Neither its pages nor its style: fonts and scripts are beside them."""
        for file in (*site.rglob("*.html"), *site.rglob("*.css")):
            text = file.read_text(encoding="utf-8")
            assert not LOADED.search(text), file.name
            assert '<link rel="stylesheet" href="http' not in text, file.name

    def test_links_lead_somewhere(self, pages):
        """Within the site: to a file that is there, and to an anchor in it."""
        broken = []
        for page in pages.values():
            for href, _ in page.links:
                if urlsplit(href).scheme:
                    continue
                file, anchor = page.target(href)
                if not file.is_file() or (anchor and file in pages and anchor not in pages[file].anchors):
                    broken.append(f"{page.path.name}: {href}")
        assert broken == []

    def test_names_of_other_packages_lead_to_their_documentation(self, pages):
        """All that docstrings mention; docs/elsewhere.toml lists their addresses."""
        reference = [page for path, page in pages.items() if path.parent.name == "reference"]
        assert {name for page in reference for name in ELSEWHERE.findall(" ".join(page.prose))} == set()
        assert sum("pandas.DataFrame" in said for page in reference for _, said in page.links) > 50

    def test_every_page_states_version_and_day(self, site):
        for page in site.glob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert f"this is version {lb.__version__}" in text, page.name
            assert re.search(r"Last updated on\s+20\d\d-\d\d-\d\d", text), page.name

    @pytest.mark.parametrize(("question", "further", "words"), QUESTIONS, ids=lambda part: str(part)[:40])
    def test_question_is_answered_in_three_clicks(self, site, pages, question, further, words):
        at, anchor = pages[site / "index.html"].link(question)
        for step in further:
            at, anchor = pages[at].link(step)
        assert len(further) < 3
        text = " ".join(re.sub("<[^>]+>", "", at.read_text(encoding="utf-8")).split())
        assert words.replace('"', "&quot;") in text or words in text
        assert not anchor or anchor in pages[at].anchors

    def test_messages_and_columns_are_listed_in_both_languages(self, site):
        messages = (site / "reference" / "messages.html").read_text(encoding="utf-8")
        assert messages.count("<tr") > 400
        assert "InputError" in messages
        columns = (site / "reference" / "columns.html").read_text(encoding="utf-8")
        assert "median_to_come" in columns
        assert "未来价值" in columns

    def test_language_models_find_all_of_it_in_one_file(self, site):
        whole = (site / "llms-full.txt").read_text(encoding="utf-8")
        assert "# An hour with an export" in whole
        assert all(f"# {name}\n" in whole for name in ("BGNBD", "lifetime_value", "report"))
        assert "(tutorial.html)" in (site / "llms.txt").read_text(encoding="utf-8")


IN_SIGHT = """words => {
    const same = text => text.replace(/\\s+/g, ' ');
    const holds = one => same(one.textContent).includes(words);
    const all = [...document.querySelectorAll('main *')];
    const holders = all.filter(one => holds(one) && ![...one.children].some(holds));
    const tops = holders.map(one => one.getBoundingClientRect().top);
    return tops.some(top => top >= 0 && top < innerHeight - 20) ? 'in sight' : `at ${tops} of ${innerHeight}`;
}"""


@pytest.fixture(scope="module")
def tab(browser):
    """A page of the browser that notes what is asked for from outside, and errors of scripts."""
    context = browser.new_context(viewport={"width": WIDE, "height": HIGH})
    opened = context.new_page()
    opened.troubles = []
    opened.on("request", lambda one: opened.troubles.append(one.url) if one.url.startswith("http") else None)
    opened.on("pageerror", lambda error: opened.troubles.append(str(error)))
    yield opened
    context.close()


@pytest.mark.browser
class TestSiteInBrowser:
    def test_answers_stand_in_the_first_screen(self, site, pages, tab):
        """Of the page that the last click leads to."""
        seen = {}
        for question, further, words in QUESTIONS:
            at, anchor = pages[site / "index.html"].link(question)
            for step in further:
                at, anchor = pages[at].link(step)
            tab.goto(f"{at.as_uri()}#{anchor}", wait_until="load")
            seen[question, *further] = tab.evaluate(IN_SIGHT, words)
        assert {way: found for way, found in seen.items() if found != "in sight"} == {}
        assert tab.troubles == []

    def test_search_finds_a_page(self, site, tab):
        tab.goto(f"{(site / 'search.html').as_uri()}?q=payback")
        tab.wait_for_selector("#search-results li a")
        assert "Acquisition" in tab.inner_text("#search-results")
        assert tab.troubles == []


def test_every_question_of_the_start_page_has_its_answer_tested():
    start, _, _ = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").partition("## All pages")
    asked = re.findall(r"^\| \[([^\]]+)\]\(", start, re.MULTILINE)
    assert len(asked) >= 20
    assert set(asked) == {question for question, _, _ in QUESTIONS} - {"Reference"}


def test_every_public_name_says_what_it_is_for():
    for name in lb.__all__:
        thing = getattr(lb, name)
        if callable(thing):
            text = inspect.getdoc(thing) or ""
            assert text.split("\n")[0].endswith((".", "?", ":")), name
            assert not text.startswith(f"{name}("), name
