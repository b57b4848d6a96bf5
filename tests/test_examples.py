"""The examples, the notebook, the README and the pages of the documentation run as they are written."""

import ast
import hashlib
import importlib.util
import io
import pickle
import re
import runpy
import shutil
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.figure import Figure

import ltv_bayes as lb
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.language import language
from ltv_bayes.models.expert_biases import ExpertBiases
from ltv_bayes.models.model import Model

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
TEXTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# `make test` runs the READMEs and a few pages, `make pages` all of them and the examples.
FAST_PAGES = ["data", "explanations", "languages", "matching", "predictions", "tutorial"]
SLOW_PAGES = ["acquisition", "calibration", "command_line", "equity", "evaluation", "hybrid", "judgements", "models"]
SLOW_PAGES += ["pooling", "lifetime_value", "portfolio", "scale", "scorecards", "segments", "sensitivity"]
SLOW_PAGES += ["coming_from", "gallery", "how_do_i", "subscriptions", "tutorial_zh", "which_model"]
SLOW_PAGES += ["workbook"]
SHOWN_AS_PRINTED = ["data", "matching"]  # pages without chains, which differ from processor to processor
FEWER_CLIENTS = {"07_many_customers": "10000", "08_hybrid_customers": "300", "09_one_lifetime_or_many": "300"}
LARGEST_PICTURE = 150_000
USUAL_DRAWS, ENOUGH = 1000, 125  # of a chain: 500 in all are the fewest by which a backtest judges its classes
TWO_CHAINS = {"draws": USUAL_DRAWS, "chains": 2}  # where they must converge first
WITH_ALL_DRAWS = ["how_do_i"]  # it names the better of two that hardly differ

OUR_WARNINGS_AS_ERRORS = """
import warnings
from ltv_bayes.errors import LtvBayesWarning
warnings.simplefilter("error", LtvBayesWarning)
"""
RUN_SCRIPT = f"{OUR_WARNINGS_AS_ERRORS}\nimport runpy, sys\nrunpy.run_path(sys.argv[1], run_name='__main__')"
WITH_FEWER_DRAWS = f"""
from ltv_bayes.models.model import Model
all_draws = Model.fit
Model.fit = lambda model, data, **settings: all_draws(model, data, **{{"draws": {ENOUGH}}} | settings)
"""
RUN_NOTEBOOK = f"""
import sys
import jupytext, nbclient, nbformat
notebook = jupytext.read(sys.argv[1])
notebook.cells.insert(0, nbformat.v4.new_code_cell({OUR_WARNINGS_AS_ERRORS + WITH_FEWER_DRAWS!r}))
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
print(sum("image/png" in output.get("data", {{}}) for output in shown), "pictures")
"""


@pytest.fixture(scope="module", autouse=True)
def each_fit_once():
    """Pages and examples make many fits alike: the same data, settings and seed give the same draws, and each is once.

    A fit keeps its verdict in words, so those of another language are others. What warns is made each time.
    """
    made, fit = {}, Model.fit

    def remembered(model, data, **settings):
        if settings.get("random_seed") is None or not isinstance(getattr(data, "rows", None), FrameRows | None):
            return fit(model, data, **settings)
        asked = {name: value for name, value in settings.items() if name != "progressbar"}
        key = hashlib.sha256(contents((language(), type(model), vars(model), data, sorted(asked.items())))).digest()
        if key in made:
            return made[key]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = fit(model, data, **settings)
        if told:
            return fit(model, data, **settings)
        made[key] = found
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Model, "fit", remembered)
        yield


@pytest.fixture(scope="module", autouse=True)
def not_laid_out():
    """Pictures are drawn and not laid out, which takes two thirds of the time and does not change what they say.

    tests/plots/test_every_picture.py lays out every one.
    """
    plain = Figure.savefig

    def savefig(figure, *place, **given):
        figure.set_layout_engine(None)
        return plain(figure, *place, **given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Figure, "savefig", savefig)
        yield


class Contents(pickle.Pickler):
    """Writes what is asked, whether parts of it are one object or two, and however a frame came to hold its columns."""

    def reducer_override(self, value):
        if isinstance(value, lb.Customers):  # without what they remember
            return tuple, ([getattr(value, one.name) for one in fields(value)],)
        if isinstance(value, pd.DataFrame):
            table = value.reset_index()
            rows = pd.util.hash_pandas_object(table, index=False).to_numpy()
            return tuple, ([list(table.columns), list(map(str, table.dtypes)), rows],)
        return NotImplemented


def contents(asked) -> bytes:
    written = io.BytesIO()
    pickler = Contents(written)
    pickler.fast = True
    pickler.dump(asked)
    return written.getvalue()


@pytest.fixture
def fewer_draws(monkeypatch):
    """An eighth of the usual draws shows the same, up to what chains may show.

    Where Markov chains must tune, there are two of them.
    """
    fit, fit_experts = Model.fit, ExpertBiases.fit

    def with_fewer(model, data, **settings):
        if model.pool_by is not None:
            return fit(model, data, **settings | TWO_CHAINS).thin(2 * ENOUGH)
        return fit(model, data, **settings | {"draws": min(settings.get("draws", USUAL_DRAWS), ENOUGH)})

    monkeypatch.setattr(Model, "fit", with_fewer)
    monkeypatch.setattr(
        ExpertBiases, "fit", lambda model, closed, **settings: fit_experts(model, closed, **settings | TWO_CHAINS)
    )


def run(code: str, path: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", code, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def pages():
    """What runs the code of the pages."""
    spec = importlib.util.spec_from_file_location("run_pages", ROOT / "docs" / "run_pages.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def fits(pages, tmp_path_factory):
    """Puts the two fits of the sample business where a page looks for them."""
    folder = tmp_path_factory.mktemp("fits")
    pages.fit_the_sample(folder)
    return lambda to: shutil.copytree(folder, to, dirs_exist_ok=True)


def is_current(pages, path, results, folder, request):
    """Whether a page shows what its code prints and draws; with other seeds, simulated companies are others."""
    text = path.read_text(encoding="utf-8")
    if path.stem in SHOWN_AS_PRINTED:
        assert pages.written(text, results) == text, f"Run: python docs/run_pages.py --write {path}"
    if not request.config.getoption("--seed-shift"):
        assert pages.stale(text, results, folder) == [], f"Run: python docs/run_pages.py --write {path}"


@pytest.mark.pages
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.usefixtures("fewer_draws")
def test_example_runs(pages, path, monkeypatch, capsys):
    """In this process, where any warning is an error, and all that is imported and compiled is there already."""
    fewer = [FEWER_CLIENTS[path.stem]] if path.stem in FEWER_CLIENTS else []
    monkeypatch.setattr(sys, "argv", [str(path), *fewer])
    plain = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda words, **given: (pages.run_words if pages.is_ours(words) else plain)(words, **given)
    )
    plt.switch_backend("agg")
    runpy.run_path(str(path), run_name="__main__")
    plt.close("all")
    assert capsys.readouterr().out


@pytest.mark.pages
@pytest.mark.parametrize("name", ["01_from_orders_to_customers", "06_compare_segments"])
def test_example_runs_as_a_script(name):
    """In a process of its own, which has nothing but what the example imports."""
    assert run(RUN_SCRIPT, ROOT / "examples" / f"{name}.py")


def test_examples_with_fewer_clients_are_there():
    assert set(FEWER_CLIENTS) <= {path.stem for path in EXAMPLES}


@pytest.mark.pages
def test_notebook_runs_as_a_notebook_and_shows_its_pictures():
    notebook = ROOT / "examples" / "analyst_notebook.py"
    drawn = len(re.findall(r"^_ = lb\.plot_", notebook.read_text(encoding="utf-8"), re.MULTILINE))
    assert run(RUN_NOTEBOOK, notebook).split() == [str(drawn), "pictures"]


@pytest.mark.fits
@pytest.mark.parametrize(("name", "picture"), [("README", "lifetime_value"), ("README.zh-CN", "lifetime_value_zh")])
def test_readme_runs_as_written(pages, request, tmp_path, name, picture):
    path = ROOT / f"{name}.md"
    results = pages.run_page(path, tmp_path, lambda folder: None)
    is_current(pages, path, results, tmp_path, request)
    assert (tmp_path / f"{picture}.png").stat().st_size > 0


@pytest.mark.parametrize("name", [*FAST_PAGES, *(pytest.param(name, marks=pytest.mark.pages) for name in SLOW_PAGES)])
def test_page_runs(pages, fits, request, tmp_path, name):
    """And prints what it shows: to the letter where nothing is drawn, and else up to what chains may differ."""
    if name not in WITH_ALL_DRAWS:
        request.getfixturevalue("fewer_draws")
    path = ROOT / "docs" / f"{name}.md"
    results = pages.run_page(path, tmp_path, fits)
    assert results
    is_current(pages, path, results, tmp_path, request)


def test_every_page_with_code_is_run(pages):
    with_code = {path.stem for path in (ROOT / "docs").glob("*.md") if "```python" in path.read_text(encoding="utf-8")}
    assert with_code - {"architecture"} <= {*FAST_PAGES, *SLOW_PAGES}


def test_pages_shown_as_printed_are_run():
    assert set(SHOWN_AS_PRINTED) <= {*FAST_PAGES, *SLOW_PAGES}


def test_page_that_no_longer_runs_is_noticed(pages, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nimport ltv_bayes as lb\nlb.no_such_name\n```\n", encoding="utf-8")
    with pytest.raises(AttributeError, match="no_such_name"):
        pages.run_page(page, tmp_path / "folder", lambda folder: None)


def test_a_page_leaves_language_and_interval_as_they_were(pages, tmp_path):
    """Even one that ends with an error; tests/conftest.py holds every test to the same."""
    page = tmp_path / "page.md"
    page.write_text('```python\nimport ltv_bayes as lb\nlb.set_language("zh")\nlb.set_interval(0.5)\n1 / 0\n```\n')
    with pytest.raises(ZeroDivisionError):
        pages.run_page(page, tmp_path / "folder", lambda folder: None)
    assert (language(), lb.intervals.interval_settings(None, None)) == ("en", (0.89, "eti"))


def test_page_that_promises_an_error_must_fail(pages, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\n1 + 1\n```\n\n```text\nInputError: too small\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="does not"):
        pages.run_page(page, tmp_path / "folder", lambda folder: None)


SHOWN = """total: median 20M EUR, 89% interval 12M EUR to 35M EUR
         to_come  median_to_come  eti89_lb
C0088      960.0           787.0      12.0
C0017      663.0           486.0      10.0
C0085      475.0           260.0       9.0
Energy     100.0            20.0       8.0
Retail      90.0            10.0       7.0
note: fit did not converge: do not use these numbers yet.
"""


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        (SHOWN, None),
        (SHOWN.replace("C0085      475.0", "C0093      480.0").replace("20M", "20.3M"), None),
        (SHOWN.replace("median_to_come", "middle_to_come"), "'median_to_come' is shown only"),
        (SHOWN.replace("median ", "medianus "), "'medianus' is printed only"),
        (re.sub(r"(\d\d+)\.0", lambda one: f"{1.2 * float(one[1]):.1f}", SHOWN).replace("35M", "45M"), "apart"),
        (SHOWN.replace("note: fit did not converge: do not use these numbers yet.\n", ""), "differ"),
    ],
    ids=["the same", "other draws", "a column renamed", "a word changed", "other numbers", "a note gone"],
)
def test_stale_output_is_noticed(pages, tmp_path, printed, found):
    """And what chains do to output is not: other customers in a ranking, numbers a little apart."""
    twice = [(pages.Cell("python", "", SHOWN * 2, 0, 0), printed * 2)]
    said = pages.stale("", twice, tmp_path)
    assert (said == []) == (found is None)
    assert found is None or any(found in complaint for complaint in said)


def test_stale_picture_is_noticed(pages, tmp_path, monkeypatch):
    """By its words, which are kept in its file."""
    page = tmp_path / "page.md"
    page.write_text(
        "![](images/a.png)\n\n```python\nimport matplotlib.pyplot as plt\n"
        "plt.figure().suptitle('yearly profits')\nplt.savefig('a.png')\n```\n",
        encoding="utf-8",
    )
    text = page.read_text(encoding="utf-8")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    (tmp_path / "images").mkdir()
    for folder in (tmp_path / "images", tmp_path / "new"):
        results = pages.run_page(page, folder, lambda to: None)
    assert pages.stale(text, results, tmp_path / "new") == []
    page.write_text(text.replace("profits", "zzlosses"), encoding="utf-8")
    results = pages.run_page(page, tmp_path / "new", lambda to: None)
    assert "a.png: 'zzlosses' is printed only" in pages.stale(text, results, tmp_path / "new")


def test_the_code_of_a_page_keeps_its_lines(pages):
    """So that a type checker names the line of the page."""
    page = (
        "# One\n\n```python\na = 1\n```\n\n```text\n2\n```\n\n```console\n$ ls\n```\n\n```python\nb = a\n\nc = b\n```\n"
    )
    code = pages.only_code(page).splitlines()
    assert [line or there for line, there in zip(code, page.splitlines(), strict=False)] == page.splitlines()[
        : len(code)
    ]
    assert [line for line in code if line] == ["a = 1", "b = a", "c = b"]


def test_code_of_all_pages_and_examples_is_written_for_the_type_checker(pages, tmp_path):
    pages.write_code(tmp_path / "shown")
    written = {path.stem for path in (tmp_path / "shown").glob("*.py")}
    assert {f"{path.stem.replace('-', '_').replace('.', '_')}_md" for path in pages.PAGES} < written
    assert {path.stem for path in EXAMPLES} < written
    for path in (tmp_path / "shown").glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))


def test_output_is_written_below_the_code(pages, tmp_path):
    text = "```python\n1 + 1\n```\n\n```text\nold\n```\n\n```python\nprint('unseen')\n```\n"
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    results = pages.run_page(page, tmp_path / "folder", lambda folder: None)
    assert pages.written(text, results) == text.replace("old", "2")


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    """To a file that is there, and to a heading in it."""
    missing = []
    for link in re.findall(r"\]\(\s*([^)\s]+)\)", path.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            missing.append(link)
    assert not missing


def test_pictures_are_small_and_used():
    shown = "".join(path.read_text(encoding="utf-8") for path in TEXTS)
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert picture.stat().st_size < LARGEST_PICTURE
        assert f"images/{picture.name}" in shown


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_is_left_unfinished(path):
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text(encoding="utf-8"))
