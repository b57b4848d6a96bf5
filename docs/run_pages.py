"""Run the code of the documentation's pages, and write what it prints below it.

    python docs/run_pages.py                          runs every page, and the README, and says where one is stale
    python docs/run_pages.py --write                  writes printed text and pictures into them
    python docs/run_pages.py --write docs/models.md   one page
    python docs/run_pages.py --only-code FOLDER       runs none, and writes the code of all, and of the examples

In a page, a ```python block is a notebook's cell: the blocks share their names, and a block shows what it prints, then
the value of its last line. The ```text block right below it holds what was shown. A block may fail only if that text
begins with the error's name. In a ```console block, lines that begin with $ are commands, and the others their output;
a command may fail only if that says "error: ".
Each page runs in an empty folder with the sample files of examples/data, and with the two fits of `fit_the_sample`,
unless its commands make these.
"""

import argparse
import ast
import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest.mock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from page_output import complaints, words_of_sentences  # noqa: E402

ROOT = DOCS.parent
SAMPLES = ROOT / "examples" / "data"
PAGES = (ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted(DOCS.glob("*.md")))
BLOCK = re.compile(r"^```(python|text|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"ltv-bayes (.*?)(?: \| head -(\d+))?", re.DOTALL)
PROGRESS = re.compile(r"^ +(?:(?:[━─]|Progress|Grad|Step).*)?\n", re.MULTILINE)
INTERPRETER = [sys.executable, "-m", "ltv_bayes"]
WIDTH = 118
DESCRIPTION = "Description"


@dataclass
class Cell:
    """A block of code, with the place of its output in the page."""

    kind: str
    code: str
    shown: str | None
    start: int
    end: int


def cells(page: str) -> list[Cell]:
    """Find the blocks of code in a page, each with the output below it, if the page shows any."""
    found: list[Cell] = []
    above: tuple[Cell, int] | None = None
    for block in BLOCK.finditer(page):
        kind, body = block.groups()
        if kind == "text" and above and not page[above[1] : block.start()].strip():
            above[0].shown, above[0].start, above[0].end = body, *block.span(2)
        elif kind != "text":
            shown = body if kind == "console" else None
            found.append(Cell(kind, body, shown, *block.span(2)))
        above = (found[-1], block.end()) if kind == "python" else None
    return found


def run_page(path: Path, folder: Path, fits: Callable[[Path], None]) -> list[tuple[Cell, str]]:
    """Run a page's blocks in order, in a folder, and give each with what it shows."""
    import matplotlib.pyplot as plt
    import pandas as pd

    found = cells(path.read_text(encoding="utf-8"))
    makes_fits = any(cell.kind == "console" and "ltv-bayes fit" in cell.code for cell in found)
    prepare(folder, (lambda _: None) if makes_fits else fits)
    plt.switch_backend("agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    settings = ("display.width", WIDTH, "display.max_columns", 20, "display.max_colwidth", 80)
    results = []
    with contextlib.chdir(folder), pd.option_context(*settings), settings_kept(), words_kept():
        for cell in found:
            results.append((cell, run_commands(cell.code) if cell.kind == "console" else run_code(cell, names)))
    plt.close("all")
    return results


@contextlib.contextmanager
def settings_kept() -> Iterator[None]:
    """Put language and interval back as they were, whatever a page chooses: other pages, or tests, run after it."""
    import arviz_base

    from ltv_bayes.language import language, set_language

    before = language()
    try:
        with arviz_base.rc_context():
            yield
    finally:
        set_language(before)


@contextlib.contextmanager
def words_kept() -> Iterator[None]:
    """Keep the words of each picture that is saved in its file, so that `stale` can tell whether they changed."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    plain = Figure.savefig

    def savefig(figure: Figure, path: Any, **given: Any) -> None:
        if str(path).endswith(".png"):
            words = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
            given["metadata"] = {DESCRIPTION: "\n".join(filter(None, words))}
        plain(figure, path, **given)

    with unittest.mock.patch.object(Figure, "savefig", savefig):
        yield


def prepare(folder: Path, fits: Callable[[Path], None]) -> None:
    """Put the sample files where the pages and the README look for them, and the two fits."""
    for place in (folder, folder / "examples" / "data"):
        shutil.copytree(SAMPLES, place, dirs_exist_ok=True)
    fits(folder / "fits")


def run_code(cell: Cell, names: dict[str, Any]) -> str:
    """Run a block as a notebook runs a cell, and give what it shows."""
    from ltv_bayes.errors import LtvBayesError

    body = ast.parse(cell.code).body
    last = body.pop().value if body and isinstance(body[-1], ast.Expr) else None
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module(body, []), "<page>", "exec"), names)
            value = None if last is None else eval(compile(ast.Expression(last), "<page>", "eval"), names)
            if value is not None:
                print(value if isinstance(value, str) else repr(value))
    except LtvBayesError as error:
        if cell.shown is None or not cell.shown.startswith(type(error).__name__):
            raise
        return textwrap.fill(f"{type(error).__name__}: {error}", WIDTH) + "\n"
    if cell.shown and re.match(r"\w+Error: ", cell.shown):
        raise AssertionError(f"The page says that this fails, but it does not:\n{cell.code}")
    return printed.getvalue()


def run_commands(block: str) -> str:
    """Run the commands of a block, and give them with what they print."""
    shown = []
    for command in re.findall(r"^\$ ((?:.*\\\n)*.*)", block, re.MULTILINE):
        failed, printed, said = run_command(command)
        if failed and "error: " not in block:
            raise RuntimeError(f"{command} failed:\n{printed}{said}")
        text = PROGRESS.sub("", said if failed else printed)
        printed = "\n".join(line.rstrip() for line in text.splitlines())
        printed = printed.replace(f"{Path.cwd()}{os.sep}", "")
        shown.append(f"$ {command}\n{printed}".rstrip() + "\n")
    return "\n".join(shown)


def run_command(command: str) -> tuple[bool, str, str]:
    """Run one command: whether it failed, its output, and its errors.

    Ours run in this process, which has imported and compiled what they need, with the first lines that head keeps.
    """
    settings = {"COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    ours = OURS.fullmatch(command)
    if ours is None:
        done = subprocess.run(command, shell=True, text=True, capture_output=True, env=os.environ | settings)
        return done.returncode != 0, done.stdout, done.stderr
    done = run_words([*INTERPRETER, *shlex.split(ours[1].replace("\\\n", " "))], env=settings)
    lines = done.stdout.splitlines(keepends=True)
    return done.returncode != 0, "".join(lines[: int(ours[2])] if ours[2] else lines), done.stderr


def is_ours(words: Any) -> bool:
    """Whether words are a command that `run_words` runs."""
    return isinstance(words, list) and words[: len(INTERPRETER)] == INTERPRETER


def run_words(words: list[str], env: dict[str, str] | None = None, cwd: Path = Path(), **_given: Any) -> Any:
    """What `subprocess.run` gives for `python -m ltv_bayes`, with further words; but in this process."""
    from typer.testing import CliRunner

    from ltv_bayes.cli.commands import app

    with contextlib.chdir(cwd):
        result = CliRunner().invoke(app, list(map(str, words[len(INTERPRETER) :])), env=env)
    return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)


def fit_the_sample(folder: Path) -> None:
    """Fit both models to the sample orders, as docs/models.md does."""
    import ltv_bayes as lb

    orders = lb.read_transactions(
        SAMPLES / "orders.csv", customer="client", date="closed_on", amount="value", currency="EUR"
    )
    customers = lb.summarize(orders, time_unit="month", as_of="2025-12-31")
    lb.BGNBD().fit(customers, random_seed=1, progressbar=False).save(folder / "purchases.nc")
    lb.GammaGamma().fit(customers, random_seed=2, progressbar=False).save(folder / "spend.nc")


def stale(page: str, results: list[tuple[Cell, str]], folder: Path) -> list[str]:
    """Where a page no longer shows what its code prints, or its pictures other words; empty where all is current."""
    known = words_of_sentences()
    found = complaints([(cell.shown, shown) for cell, shown in results if cell.shown is not None], known)
    for picture in pictures(page, folder):
        kept = DOCS / "images" / picture.name
        both = (words_of(kept) if kept.exists() else "", words_of(picture))
        found += [f"{picture.name}: {complaint}" for complaint in complaints([both], known)]
    return found


def pictures(page: str, folder: Path) -> list[Path]:
    """The pictures in a folder that a page shows."""
    return [picture for picture in sorted(folder.glob("*.png")) if f"images/{picture.name}" in page]


def words_of(picture: Path) -> str:
    """What is written in a picture, as `words_kept` kept it."""
    from PIL import Image

    with Image.open(picture) as opened:
        return str(opened.info.get(DESCRIPTION, ""))


def written(page: str, results: list[tuple[Cell, str]]) -> str:
    """Put what was shown into the page."""
    for cell, shown in reversed(results):
        if cell.shown is not None:
            text = "\n".join(line.rstrip() for line in shown.strip("\n").splitlines())
            page = f"{page[: cell.start]}{text}\n{page[cell.end :]}"
    return page


def only_code(page: str) -> str:
    """The code of a page, each line in its place, so that an error of it names the line of the page."""
    found, after = "", 0
    for block in BLOCK.finditer(page):
        if block[1] == "python":
            found += "\n" * page.count("\n", after, block.start(2)) + block[2]
            after = block.end(2)
    return found


def write_code(folder: Path) -> None:
    """Write the code of pages and examples as modules of one package, which can be checked without running it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    modules = {path.name: only_code(path.read_text(encoding="utf-8")) for path in PAGES}
    modules |= {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").glob("*.py"))}
    for name, code in {"__init__": "", **modules}.items():
        (folder / f"{re.sub(r'\W', '_', name.removesuffix('.py'))}.py").write_text(code, encoding="utf-8")


def main() -> None:
    """Run the pages named, or all of them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("pages", nargs="*", type=Path)
    asked.add_argument("--write", action="store_true")
    asked.add_argument("--only-code", type=Path, metavar="FOLDER")
    given = asked.parse_args()
    if given.only_code:
        return write_code(given.only_code)
    with tempfile.TemporaryDirectory() as made:
        fits = Path(made) / "fits"
        fits.mkdir()
        fit_the_sample(fits)
        for path in given.pages or PAGES:
            folder = Path(made) / path.stem
            folder.mkdir()
            text = path.read_text(encoding="utf-8")
            results = run_page(path, folder, lambda to: shutil.copytree(fits, to, dirs_exist_ok=True))
            print(f"{path}: {len(results)} blocks ran")
            if given.write:
                path.write_text(written(text, results), encoding="utf-8")
                for picture in pictures(text, folder):
                    shutil.copy(picture, DOCS / "images" / picture.name)
            elif found := stale(text, results, folder):
                asked.exit(1, "\n".join([f"Run: python docs/run_pages.py --write {path}", *found, ""]))


if __name__ == "__main__":
    main()
