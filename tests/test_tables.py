"""Result tables as text."""

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len

from ltv_bayes.errors import InputError
from ltv_bayes.tables import as_table, readable, table_as_text


def table(**columns):
    return pd.DataFrame({name: [value] for name, value in columns.items()}, index=["A"])


def cell(text):
    return text.iloc[0, 0]


def test_the_currency_that_a_table_carries_is_the_one_it_is_written_in():
    carried = table(mean=172_000.0)
    carried.attrs["currency"] = "CNY"
    assert cell(readable(carried)) == "17.2万"
    assert cell(readable(carried, "EUR")) == "172k"
    assert cell(readable(carried.sort_values("mean").head(1))) == "17.2万"
    assert cell(readable(table(mean=172_000.0))) == "172k"


@pytest.mark.parametrize(
    ("bounds", "heading"),
    [
        ("eti89", "89% interval"),
        ("hdi97.5", "97.5% highest-density interval"),
        ("per_customer_eti90", "per customer 90% interval"),
    ],
)
def test_the_two_bounds_of_an_interval_become_one_column_that_names_its_level(bounds, heading):
    text = readable(table(**{f"{bounds}_lb": 8_000.0, f"{bounds}_ub": 262_000.0}))
    assert list(text) == [heading]
    assert cell(text) == "8k to 262k"


def test_columns_that_are_no_interval_stay_apart():
    assert list(readable(table(width_lb=1.0, width_ub=2.0, eti89_lb=1.0))) == [
        "width lb",
        "width ub",
        "89% interval, from",
    ]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("mean", 61_700.0, "61.7k"),
        ("mean", np.nan, "–"),
        ("mean", np.inf, "∞"),
        ("judged_share", 0.352, "35%"),
        ("probability_a_above_b", 0.9996, "> 0.99"),
        ("rank_1", 0.5, "0.50"),
        ("customers", 2357, "2,357"),
        ("customer_id", 2357, "2357"),
        ("row", 2357, "2357"),
        ("inside", True, "yes"),
        ("inside", False, "no"),
        ("expert", None, "–"),
        ("expert", "Ada\x1b[31m", "Ada�[31m"),
    ],
)
def test_cells_are_written_for_people(column, value, text):
    assert cell(readable(table(**{column: value}))) == text


def test_an_interval_that_is_not_known_is_a_dash():
    assert cell(readable(table(eti89_lb=np.nan, eti89_ub=np.nan))) == "–"


def test_yuan_are_counted_in_myriads():
    assert cell(readable(table(mean=62_000.0), "CNY")) == "6.2万"


def test_parameters_are_no_money():
    text = readable(table(mean=0.05503, v=259_476.3), "CNY", amounts=False)
    assert text.iloc[0].tolist() == ["0.05503", "259,476"]


def test_the_table_itself_keeps_its_numbers():
    numbers = table(mean=61_700.0)
    readable(numbers)
    assert numbers.loc["A", "mean"] == 61_700.0


def test_repeated_names_of_rows_are_kept():
    doubled = pd.concat([table(mean=1.0), table(mean=2.0)])
    assert readable(doubled)["mean"].tolist() == ["1", "2"]


def test_an_empty_table_is_its_headings():
    assert list(readable(table(mean=1.0).head(0))) == ["mean"]
    assert table_as_text(table(mean=1.0).head(0)).split() == ["mean"]


def test_columns_stay_straight_with_chinese_names():
    frame = pd.DataFrame({"mean": [1.0, 61_700.0], "expert": ["王芳", "Ada"]}, index=["制造业", "B"])
    widths = {cell_len(line) for line in table_as_text(frame).splitlines()}
    assert len(widths) == 1


def test_names_cannot_break_out_of_their_line_or_colour_the_terminal():
    frame = pd.DataFrame({"mean": [1.0]}, index=["x\nerror: pay now\x1b[31m"])
    text = table_as_text(frame)
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text


class Result:
    """Stands for a result with a summary in yuan."""

    currency = "CNY"

    def summary(self):
        return table(mean=62_000.0)


class Fit(Result):
    """Stands for a fit, whose numbers are no money."""

    idata = None


class Log:
    """Stands for what has a table and no summary."""

    table = table(amount=1_000.0)


def test_a_result_stands_for_its_summary_or_its_table_and_a_series_for_one_column():
    assert cell(readable(Result())) == "6.2万"
    assert cell(readable(Result(), "EUR")) == "62k"
    assert cell(readable(Fit())) == "62,000"
    assert cell(readable(Log())) == "1k"
    series = pd.Series({"A": 62_000.0, "currency": 1.0})
    assert list(readable(series.rename("mean"))["mean"]) == ["62k", "1"]
    assert as_table(series).columns.tolist() == ["value"]


@pytest.mark.parametrize("given", ["text", None, [1, 2], Result])
def test_what_has_no_table_is_refused_with_the_cure(given):
    with pytest.raises(InputError, match=r"A table is needed, such as what \.summary\(\) returned"):
        readable(given)


def test_names_that_read_alike_are_told_apart():
    names = pd.Index(["王\n芳", "王 芳", 1, "1", "Ada"], dtype=object)
    lines = table_as_text(pd.DataFrame({"mean": 1.0}, index=names)).splitlines()[1:]
    assert [line.rsplit(maxsplit=1)[0] for line in lines] == ["王 芳 (1)", "王 芳 (2)", "1 (1)", "1 (2)", "Ada"]


def test_one_name_in_several_rows_keeps_its_label():
    lines = table_as_text(pd.DataFrame({"mean": [1.0, 2.0]}, index=["Ada", "Ada"])).splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["Ada", "Ada"]
