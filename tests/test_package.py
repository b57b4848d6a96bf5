"""The package as a whole: what importing loads, what is public, what works without PyMC."""

import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

import ltv_bayes as lb

HEAVY = ("pymc", "pytensor", "arviz", "arviz_base", "matplotlib", "nutpie", "duckdb", "pandas", "xarray", "scipy")


def run(code):
    """Run code in a fresh interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_loads_nothing_heavy():
    assert run(f"import sys, ltv_bayes; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_version_is_public():
    assert lb.__version__


@pytest.mark.parametrize("name", [name for name in lb.__all__ if name != "__version__"])
def test_public_names_exist_and_are_documented(name):
    assert getattr(lb, name).__doc__


def test_type_checkers_and_editors_know_each_public_name_where_it_is_defined():
    """By a line of its own, which is also what loads it."""
    lines = Path(lb.__file__).with_suffix(".pyi").read_text(encoding="utf-8").splitlines()
    imports = [line.split() for line in lines if "import" in line]
    assert sorted(name for *_, name in imports) == [name for name in lb.__all__ if name != "__version__"]
    for _, module, _, name, _, known_as in imports:
        assert known_as == name
        assert module == "ltv_bayes" or getattr(lb, name).__module__ == module


@pytest.mark.parametrize("name", [name for name in lb.__all__ if inspect.isclass(getattr(lb, name))])
def test_methods_are_documented_and_bear_their_own_names(name):
    """Also those that are written in another file: help, errors and pickles call a method by the function's name."""
    methods = {name: made for name, made in vars(getattr(lb, name)).items() if inspect.isfunction(made)}
    public = {name: made for name, made in methods.items() if not name.startswith("_")}
    assert {name: made.__name__ for name, made in public.items()} == {name: name for name in public}
    assert [name for name, made in public.items() if not made.__doc__] == []


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="lifetime_valu"):
        lb.lifetime_valu  # noqa: B018


def test_scoring_needs_no_pymc(purchases, spend, tmp_path):
    purchases.save(tmp_path / "purchases.nc")
    spend.save(tmp_path / "spend.nc")
    printed = run(f"""
        import sys
        for name in ("pymc", "pytensor", "nutpie"):
            sys.modules[name] = None
        import pandas as pd
        import ltv_bayes as lb

        frame = pd.DataFrame({{"customer_id": ["A"], "frequency": [2], "recency": [30.0], "T": [38.0],
                               "monetary_value": [22.0]}})
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30")
        fits = lb.load_fit({str(tmp_path / "purchases.nc")!r}), lb.load_fit({str(tmp_path / "spend.nc")!r})
        ltv = lb.lifetime_value(customers, [lb.RepeatPurchases(*fits)], horizon="1 year", random_seed=1)
        print(ltv.summary().shape, "matplotlib" in sys.modules)
    """)
    assert printed == "(1, 5) False"


ROOT = Path(lb.__file__).parents[1]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_public_names_in_a_page_exist(page):
    named = set(re.findall(r"\blb\.([A-Za-z_]\w*)", page.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not hasattr(lb, name)] == []


def test_columns_of_the_sample_files_are_those_that_the_docs_list():
    rows = re.findall(r"^\| `(\w+\.csv)` \| [^|]* \| ([^|]*) \|$", (ROOT / "docs" / "index.md").read_text(), re.M)
    assert [name for name, _ in rows] == ["orders.csv", "clients.csv", "opportunities.csv"]
    for name, columns in rows:
        header = (ROOT / "examples" / "data" / name).read_text(encoding="utf-8").splitlines()[0]
        assert columns.split(", ") == header.split(",")


def test_what_others_cite_and_install_agrees():
    """The version in CITATION.cff, and the Pythons in the classifiers with the bound."""
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", cited, re.MULTILINE)[1] == lb.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = [int(found[1]) for name in project["classifiers"] if (found := re.search(r"Python :: 3\.(\d+)$", name))]
    assert project["requires-python"] == f">=3.{min(minors)}"
    assert minors == list(range(min(minors), max(minors) + 1))
