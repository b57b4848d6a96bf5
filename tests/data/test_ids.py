"""Ids stay as the user wrote them."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_bayes.data.reading.ids import as_ids, as_text, final_ids
from ltv_bayes.errors import InputError


def read(cells):
    ids, fault = as_ids(cells)
    return [None if pd.isna(value) else value for value in ids], fault


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([1.0, None]), [1, None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series([2**60 + 1, None], dtype=object), [2**60 + 1, None]),
        (pd.Series([2**63 + 1], dtype="uint64"), [2**63 + 1]),
        (pd.Series([2**70, 1], dtype=object), [str(2**70), "1"]),
        (pd.Series([2**60 + 1, None], dtype=pd.ArrowDtype(pa.int64())), [2**60 + 1, None]),
        (pd.Series([1.5, 2.0]), ["1.5", "2"]),
        (pd.Series([" 0004 ", "\u3000王芳", "", "  ", None]), ["0004", "王芳", None, None, None]),
        (pd.Series(["a", None], dtype="category"), ["a", None]),
        (pd.Series([4, "0004", 5.0, None], dtype=object), ["4", "0004", "5", None]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series(["a", None], dtype=pd.ArrowDtype(pa.string())), ["a", None]),
        (pd.Series([float("inf"), 1.0]), [None, 1]),
    ],
)
def test_ids_of_every_type(cells, expected):
    ids, fault = read(cells)
    assert ids == expected
    assert fault.at.tolist() == [value is None for value in expected]


def test_final_ids_are_plain():
    assert final_ids(as_ids(pd.Series([1.0, 2.0]))[0]).dtype == "int64"
    assert as_text(pd.Index([1, 2])).tolist() == ["1", "2"]


def test_ids_that_lost_digits_are_refused():
    with pytest.raises(
        InputError, match=r"1 row with an id that is a decimal number too large.*\(row 3\). Read the id column as text"
    ):
        as_ids(pd.Series([1.0, 2.0**60], index=[2, 3]))


def test_digits_that_excel_did_not_keep_are_refused():
    kept = pd.Series([6222021234567890.0, 6222021234567891.0, 5.0], index=[2, 3, 4])
    assert as_ids(kept)[0].tolist() == [6222021234567890, 6222021234567891, 5]
    for cells in (kept[[2, 4]], kept[[2, 4]].astype(object).replace(5.0, "k2")):
        with pytest.raises(InputError, match=r"1 row with an id of 16 digits that ends in 0.*\(row 2\)"):
            as_ids(cells)


def test_a_rounded_number_beside_text_is_refused():
    with pytest.raises(InputError, match=r"too large to be exact \(row 1\)"):
        as_ids(pd.Series(["k1", 2.0**60], dtype=object))


def test_a_failed_formula_is_no_id():
    ids, fault = as_ids(pd.Series(["k1", " #N/A", "#1"]))
    assert ids.isna().tolist() == fault.at.tolist() == [False, True, False]
    assert "such as ' #N/A' (row 1)" in fault.sentence(ids.index)


def test_hostile_ids_pass_through_unchanged(hostile):
    assert read(pd.Series([hostile]))[0] == [hostile]


@given(st.text(min_size=1).filter(lambda text: text.strip(" \t\r\n\f\v\u00a0\u3000\ufeff\u200b") == text))
def test_any_text_passes_through_unchanged(text):
    assert read(pd.Series([text], dtype=object))[0] == [text]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_any_integer_passes_through_unchanged(numbers):
    assert read(pd.Series(numbers))[0] == numbers
