"""The table of mutations fits the package as it is; `make mutants` applies it."""

import ast
from functools import lru_cache

import pytest

from tests.mutants.table import ROOT, mutations


@lru_cache
def meaning(source):
    """A source without its layout, as the parser sees it; many mutations are of one file."""
    return ast.dump(ast.parse(source))


@pytest.mark.parametrize("one", mutations(), ids=lambda one: one.means)
def test_a_mutation_changes_one_place_of_the_package_as_it_is(one):
    source = (ROOT / "ltv_bayes" / one.file).read_text(encoding="utf-8")
    assert meaning(one.of(source)) != meaning(source)
    assert [path for path in one.test_files if not path.exists()] == []


def test_each_mutation_is_another():
    assert len({(one.file, one.old, one.new) for one in mutations()}) == len({one.means for one in mutations()})
    assert len({one.means for one in mutations()}) == len(mutations()) >= 60


def test_a_text_that_stands_nowhere_or_twice_is_refused():
    one = mutations()[0]
    for source in ("", 2 * one.old):
        with pytest.raises(ValueError, match="times, not once"):
            one.of(source)
