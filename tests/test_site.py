"""The documentation's site is built without a warning, and every public name stands in its reference."""

import inspect
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import ltv_bayes as lb

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Builds the site, from a copy of the pages, since building writes pages of its own."""
    folder = tmp_path_factory.mktemp("site")
    for part in ("docs", "examples"):
        (folder / part).symlink_to(ROOT / part) if part != "docs" else _copy(ROOT / part, folder / part)
    (folder / "CONTRIBUTING.md").symlink_to(ROOT / "CONTRIBUTING.md")
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    made = subprocess.run([*command, "docs", "html"], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return folder / "html"


def _copy(source, target):
    import shutil

    shutil.copytree(source, target, ignore=shutil.ignore_patterns("_build", "reference", "parts", "__pycache__"))


def documented(site):
    """The names of the inventory, whose format is a header of four lines and then compressed lines."""
    content = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ", 1)[0] for line in zlib.decompress(content).decode().splitlines()}


@pytest.mark.seconds
class TestSite:
    def test_every_public_name_is_in_the_reference(self, site):
        names = {f"ltv_bayes.{name}" for name in lb.__all__ if callable(getattr(lb, name))}
        assert len(names) > 100
        assert names - documented(site) == set()

    def test_no_private_name_is(self, site):
        assert [name for name in documented(site) if any(part.startswith("_") for part in name.split("."))] == []

    def test_pages_ask_for_nothing_from_outside(self, site):
        for page in site.glob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert 'src="http' not in text, page.name
            assert '<link rel="stylesheet" href="http' not in text, page.name

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


def test_every_public_name_says_what_it_is_for():
    for name in lb.__all__:
        thing = getattr(lb, name)
        if callable(thing):
            text = inspect.getdoc(thing) or ""
            assert text.split("\n")[0].endswith((".", "?", ":")), name
            assert not text.startswith(f"{name}("), name
