"""Segments and covariates as they are read from the table of customers."""

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.data.customers.grouping import Grouping, segment_names
from ltv_bayes.errors import InputError


def covariate(*cells):
    table = pd.DataFrame({"size": list(cells)}, index=[f"k{place}" for place in range(len(cells))])
    return Grouping(covariates=("size",)).keys(table)["size"].tolist()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,200", "30", " 5.5 "], [1200.0, 30.0, 5.5]),
        (["１２", "3e2", "(4)"], [12.0, 300.0, -4.0]),
        ([1, "2,000", 3.5], [1.0, 2000.0, 3.5]),
        ([True, False], [1.0, 0.0]),
        (pd.Categorical(["7", "8"]), [7.0, 8.0]),
    ],
)
def test_numbers_are_read_as_amounts_are(cells, numbers):
    assert covariate(*cells) == numbers


@pytest.mark.parametrize(
    ("cells", "problem", "rows"),
    [
        (["Zhang", "Li", None], "size holds text, such as 'Zhang', .* Names make segments: pool_by='size'", ()),
        (
            ["120人", "3", "4人"],
            r"2 customers with a size that cannot be read as a number, such as '120人' \(ids k0, k2\)",
            ("k0", "k2"),
        ),
        ([0.0, -np.inf, np.inf], r"2 customers with an infinite size .*take log\(1 \+ x\), or fill in", ("k1", "k2")),
        (["1", "inf", "2"], "1 customer with an infinite size", ("k1",)),
        ([1.0, None, 2.0], r"1 customer without a number in size \(id k1\)\. Fill it in", ("k1",)),
        (["1", "", "2"], "1 customer without a number in size", ("k1",)),
    ],
)
def test_what_is_no_number_is_said_to_be_what_it_is(cells, problem, rows):
    with pytest.raises(InputError, match=problem) as error:
        covariate(*cells)
    assert error.value.rows == rows


def test_names_are_read_alike_alone_and_in_a_table():
    written = [" Retail", "Retail\u3000", 3.0, 4, True]
    table = pd.DataFrame({"industry": pd.Series(written[:2], dtype=object)})
    assert segment_names(written[:2]) == Grouping(("industry",)).keys(table)["industry"].tolist() == ["Retail"] * 2
    assert segment_names(written[2:]) == ["3", "4", "True"]
    assert segment_names([]) == []


def test_a_name_may_not_be_blank():
    with pytest.raises(InputError, match=r"1 segment without a value in channel \(name 1\)\. Give it a name\."):
        segment_names(["Ads", " "], "channel")
