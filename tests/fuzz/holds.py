"""What must hold whatever the table: an error in words or finite figures, no other warning, nothing changed."""

import copy
import re
import warnings
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import LtvBayesError, LtvBayesWarning
from ltv_bayes.formatting import visible

REACHED = Counter()
"""How many tables each stage answered, and refused in words."""


class Ended(Exception):
    """The table got no further, for a reason in words."""


@contextmanager
def in_words(stage, *given):
    """End the example if the stage raises an error in words; fail on anything else, and if what was given changed."""
    before = [copy.deepcopy(one) for one in given]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except LtvBayesError as error:
            REACHED[f"{stage}: refused"] += 1
            assert_says(error)
            raise Ended from None
        finally:
            for one, as_it_was in zip(given, before, strict=True):
                assert_same(one, as_it_was)
    for warning in caught:
        assert issubclass(warning.category, LtvBayesWarning), f"{warning.category.__name__}: {warning.message}"
        assert_sentence(str(warning.message))
    REACHED[f"{stage}: answered"] += 1


def assert_says(error):
    """An error is a sentence, names the rows that it has, and says what to do."""
    text = str(error)
    assert_sentence(text)
    rows = getattr(error, "rows", ())
    assert not rows or any(visible(row)[:8] in text for row in rows), f"names none of {rows[:3]}: {text}"


def assert_sentence(text):
    assert len(text) > 15, text
    assert re.search(r"[.?!:)]$|\.\.\.$", text.strip()), f"no sentence: {text[-200:]!r}"
    assert not re.search(r"object at 0x|Traceback|<class|\bdtype: ", text), text
    assert "\x1b" not in text


def assert_same(one, as_it_was):
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, as_it_was, check_exact=True)
    elif hasattr(one, "equals"):
        assert one.equals(as_it_was)


def assert_shown(result):
    """It prints, and shows in a notebook, without an escape that a terminal would run."""
    text = repr(result)
    assert "\x1b" not in text
    if hasattr(result, "_repr_html_"):
        assert "<b>bold" not in result._repr_html_()


def assert_finite(result, missing=()):
    """All figures are finite but those in columns that may be missing; intervals are ordered, chances are chances."""
    if isinstance(result, xr.Dataset):
        for name in result:
            assert_finite(result[name])
        return
    if isinstance(result, xr.DataArray):
        assert np.isfinite(result.values).all(), f"{result.name}: {result.values[~np.isfinite(result.values)][:3]}"
        if "probability" in str(result.name):
            assert_chances(result.values, result.name)
        return
    if isinstance(result, pd.Series):
        result = result.to_frame(str(result.name))
    for name in result.columns:
        cells = result[name]
        if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
            values = cells.to_numpy(dtype=float, na_value=np.nan)
            label = str(name)
            if not any(label.startswith(one) for one in missing):
                assert np.isfinite(values).all(), f"{label}: {values[~np.isfinite(values)][:3]} of\n{result.iloc[:5]}"
            if "probability" in label:
                assert_chances(values[np.isfinite(values)], label)
            if label.endswith("_lb"):
                upper = result[f"{label[:-3]}_ub"].to_numpy(dtype=float, na_value=np.nan)
                assert not (values > upper).any(), label


def assert_chances(values, label):
    assert ((values >= 0) & (values <= 1 + 1e-9)).all(), f"{label}: {values.min()} to {values.max()}"
