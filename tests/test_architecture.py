"""The package is laid out as docs/architecture.md says."""

import re
from collections import Counter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ltv_bayes"
MOST_MODULES = 12


def test_no_file_imports_itself_by_way_of_others():
    """Imports for type checkers are counted."""
    graph = grimp.build_graph("ltv_bayes")
    reached = {module: graph.find_downstream_modules(module) for module in graph.modules}
    assert len(reached) > 200
    assert [module for module, dependents in reached.items() if module in dependents] == []
    pairs = [(one, other) for one in reached for other in reached[one] if one in reached[other]]
    assert pairs == []


def test_folders_hold_few_modules():
    modules = Counter(path.parent for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    assert len(modules) > 20
    assert {str(folder): number for folder, number in modules.items() if number > MOST_MODULES} == {}


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md"])
def test_files_that_pages_name_are_there(page):
    named = set(re.findall(r"(?:[a-z_]+/)+[a-z_]+\.(?:py|md|toml)", (ROOT / page).read_text()))
    assert named
    assert [name for name in sorted(named) if not any((base / name).exists() for base in (ROOT, PACKAGE))] == []


def test_the_map_names_every_folder():
    drawn = re.search(r"```\n(ltv_bayes/.*?)```", (ROOT / "docs/architecture.md").read_text(), re.DOTALL)
    assert drawn is not None
    folders = {path.parent.name for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE}
    assert {folder for folder in folders if f"{folder}/" not in drawn[1]} == set()
    modules = {path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    assert {name for name in modules if not re.search(rf"^  {name}\b", drawn[1], re.MULTILINE)} == set()


def test_no_mean_of_labelled_draws_skips_nan_in_silence():
    """xarray skips NaN unless told otherwise."""
    over_names = re.compile(r"""\.(?:mean|sum|median|min|max|std|var|quantile)\((?:\(?"[a-z_]+"|SAMPLE_DIMS)[^\n]*""")
    found = [one for path in PACKAGE.rglob("*.py") for one in over_names.findall(path.read_text())]
    assert len(found) > 10
    assert [one for one in found if "skipna=False" not in one] == []
