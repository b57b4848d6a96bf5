"""The examples, the notebook, the README and the pages of the documentation run as they are written.

Examples and slow pages take fewer draws here where they leave the number open; `make study` runs them with all.
"""

import importlib.util
import re
import runpy
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.judgement.scorecard.learn import fit_scorecard
from ltv_bayes.judgement.track_record.calibrate import calibrate_judgements
from ltv_bayes.language import language
from ltv_bayes.models.model import Model

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
TEXTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FAST_PAGES = ["data", "languages", "matching", "predictions"]
SLOW_PAGES = ["acquisition", "calibration", "command_line", "evaluation", "hybrid", "judgements", "models", "pooling"]
SLOW_PAGES += ["lifetime_value", "portfolio", "scale", "scorecards", "segments", "sensitivity", "subscriptions"]
SLOW_PAGES += ["coming_from", "gallery", "how_do_i", "tutorial", "tutorial_zh", "which_model", "workbook"]
SHOWN_AS_PRINTED = ["data", "matching"]  # pages without chains, which differ from processor to processor
FEWER_CLIENTS = {"07_many_customers": "10000", "08_hybrid_customers": "300", "09_one_lifetime_or_many": "300"}
FEWER_DRAWS, DRAWN = 500, (Model.fit, calibrate_judgements, fit_scorecard)
LARGEST_PICTURE = 150_000

OUR_WARNINGS_AS_ERRORS = """
import warnings
from ltv_bayes.errors import LtvBayesWarning
warnings.simplefilter("error", LtvBayesWarning)
"""
RUN_SCRIPT = f"{OUR_WARNINGS_AS_ERRORS}\nimport runpy, sys\nrunpy.run_path(sys.argv[1], run_name='__main__')"
RUN_NOTEBOOK = f"""
import sys
import jupytext, nbclient, nbformat
notebook = jupytext.read(sys.argv[1])
notebook.cells.insert(0, nbformat.v4.new_code_cell({OUR_WARNINGS_AS_ERRORS!r}))
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
print(sum("image/png" in output.get("data", {{}}) for output in shown), "pictures")
"""


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


def hand_made_fits(folder: Path) -> None:
    """Save posteriors made by hand, around what the sample business gives, where a page looks for its fits."""
    rng = np.random.default_rng(1)

    def around(**means):
        return {name: mean * np.exp(0.1 * rng.standard_normal((2, 200))) for name, mean in means.items()}

    purchases = around(r=1.2, alpha=16.6, a=1.3, b=8.0)
    lb.FittedPurchases.from_draws(purchases, time_unit="month", currency="EUR").save(folder / "purchases.nc")
    spend = around(p=1.7, q=3.0, v=6e5)
    lb.FittedSpend.from_draws(spend, currency="EUR").save(folder / "spend.nc")


@pytest.fixture
def fewer_draws(monkeypatch):
    """What is drawn where a call does not say how much."""
    for each in DRAWN:
        assert each.__kwdefaults__["draws"] > FEWER_DRAWS
        monkeypatch.setitem(each.__kwdefaults__, "draws", FEWER_DRAWS)


every_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@pytest.mark.fits
@every_example
def test_example_runs(path, fewer_draws, monkeypatch, capsys):
    """In this process, where any warning is an error, and all that is imported and compiled is there already."""
    run_example(path, monkeypatch, capsys)


@pytest.mark.study
@every_example
def test_example_runs_with_all_draws(path, monkeypatch, capsys):
    run_example(path, monkeypatch, capsys)


def run_example(path, monkeypatch, capsys):
    fewer = [FEWER_CLIENTS[path.stem]] if path.stem in FEWER_CLIENTS else []
    monkeypatch.setattr(sys, "argv", [str(path), *fewer])
    plt.switch_backend("agg")
    runpy.run_path(str(path), run_name="__main__")
    plt.close("all")
    assert capsys.readouterr().out


@pytest.mark.fits
@pytest.mark.parametrize("name", ["01_from_orders_to_customers", "05_lifetime_value_of_a_project_business"])
def test_example_runs_as_a_script(name):
    """In a process of its own, which has nothing but what the example imports."""
    assert run(RUN_SCRIPT, ROOT / "examples" / f"{name}.py")


def test_examples_with_fewer_clients_are_there():
    assert set(FEWER_CLIENTS) <= {path.stem for path in EXAMPLES}


@pytest.mark.fits
def test_notebook_runs_as_a_notebook_and_shows_its_pictures():
    notebook = ROOT / "examples" / "analyst_notebook.py"
    drawn = len(re.findall(r"^_ = lb\.plot_", notebook.read_text(encoding="utf-8"), re.MULTILINE))
    assert run(RUN_NOTEBOOK, notebook).split() == [str(drawn), "pictures"]


@pytest.mark.fits
def test_readme_runs_as_written(pages, tmp_path):
    assert pages.run_page(ROOT / "README.md", tmp_path, lambda folder: None)
    assert (tmp_path / "lifetime_value.png").stat().st_size > 0


@pytest.mark.fits
@pytest.mark.parametrize("name", SLOW_PAGES)
def test_page_runs(pages, tmp_path, fewer_draws, name):
    assert pages.run_page(ROOT / "docs" / f"{name}.md", tmp_path, hand_made_fits)


@pytest.mark.study
@pytest.mark.parametrize("name", SLOW_PAGES)
def test_page_runs_with_all_draws(pages, tmp_path, name):
    assert pages.run_page(ROOT / "docs" / f"{name}.md", tmp_path, hand_made_fits)


@pytest.mark.parametrize("name", FAST_PAGES)
def test_fast_page_runs(pages, tmp_path, name):
    """And, of some pages, prints what it shows."""
    path = ROOT / "docs" / f"{name}.md"
    results = pages.run_page(path, tmp_path, hand_made_fits)
    assert results
    if name in SHOWN_AS_PRINTED:
        text = path.read_text(encoding="utf-8")
        assert pages.written(text, results) == text, f"Run: python docs/run_pages.py --write docs/{name}.md"


def test_every_page_with_code_is_run(pages):
    with_code = {path.stem for path in (ROOT / "docs").glob("*.md") if "```python" in path.read_text(encoding="utf-8")}
    assert with_code - {"architecture"} <= {*FAST_PAGES, *SLOW_PAGES}


def test_pages_shown_as_printed_are_run():
    assert set(SHOWN_AS_PRINTED) <= set(FAST_PAGES)


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


def test_output_is_written_below_the_code(pages, tmp_path):
    text = "```python\n1 + 1\n```\n\n```text\nold\n```\n\n```python\nprint('unseen')\n```\n"
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    results = pages.run_page(page, tmp_path / "folder", lambda folder: None)
    assert pages.written(text, results) == text.replace("old", "2")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    missing = [link for link in links if link and not (path.parent / link).exists()]
    assert not missing


def test_pictures_are_small_and_used():
    shown = "".join(path.read_text(encoding="utf-8") for path in TEXTS)
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert picture.stat().st_size < LARGEST_PICTURE
        assert f"images/{picture.name}" in shown


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_is_left_unfinished(path):
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text(encoding="utf-8"))
