"""Columns in words, and how their cells are written."""

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.language import in_language
from ltv_bayes.tables.headings import KNOWN, OWN, heading, headings, written

NUMBERS = ("money", "share", "probability", "count", "number", "ratio", "duration")


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("to_come_eti89_lb", "to come: 89% interval, from (CNY)", "money"),
        ("hdi97.5_ub", "97.5% highest-density interval, to (CNY)", "money"),
        ("mean_repeat_purchases", "mean of repeat purchases (CNY)", "money"),
        ("per_customer_median", "per customer median (CNY)", "money"),
        ("mean_of_a_stream", "mean of of a stream (CNY)", "money"),
        ("ltv_to_cac_eti80_lb", "LTV to CAC: 80% interval, from", "ratio"),
        ("payback_months_eti80_ub", "payback months: 80% interval, to", "duration"),
        ("occurs_eti80_ub", "occurs: 80% interval, to", "probability"),
        ("probability_of_more", "probability of more", "probability"),
        ("probability_top 20%", "probability: top 20%", "probability"),
        ("probability_above_3", "probability above 3", "probability"),
        ("probability_in_top_2", "probability of the top 2", "probability"),
        ("rank_2", "probability of rank 2", "probability"),
        ("used_share", "used share", "share"),
        ("eti50", "inside 50% interval", "share"),
        ("without_median", "median without it (CNY)", "money"),
        ("eti89_lb_change", "change of 89% interval, from (CNY)", "money"),
        ("todays_customers_rank", "today's customers rank", "count"),
        ("customers", "customers", "count"),
        ("my_column", "my column (CNY)", "money"),
    ],
)
def test_columns_are_named_in_words_with_level_and_unit(name, text, kind):
    found = heading(name, pd.Series([0.5]), currency="CNY")
    assert (str(found), found.kind) == (text, kind)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pd.Series([True]), "yes_no"),
        (pd.Series([True, None], dtype=object), "yes_no"),
        (pd.Series(pd.to_datetime(["2025-12-31"])), "date"),
        (pd.Series(["a"]), "text"),
        (pd.Series(["a"], dtype="category"), "text"),
        (pd.Series([1.5, None], dtype=object), "money"),
        (pd.Series([2], dtype="Int64"), "money"),
        (pd.Series([None], dtype=object), "text"),
    ],
)
def test_words_dates_and_truths_are_told_by_their_type(cells, kind):
    assert heading("mean", cells).kind == kind


def test_a_column_called_by_a_probability_with_amounts_in_it_is_no_probability():
    assert heading("stated", pd.Series([0.4])).kind == "probability"
    assert heading("stated", pd.Series([529_000.0])).kind == "money"
    assert heading("stated", pd.Series([0.2, 1.0, np.nan])).kind == "probability"
    assert heading("stated", pd.Series([0.2, 1.01])).kind == "money"


@pytest.mark.parametrize("level", [True, False], ids=["level", "column"])
@pytest.mark.parametrize(("of", "kind"), [(["spend", "spend"], "money"), (["purchases", "spend"], "number")])
def test_amounts_are_money_where_every_row_is_about_money(of, kind, level):
    table = pd.DataFrame({"of": of, "median": [1.5, 2.5]})
    found = headings(table.set_index("of") if level else table, "EUR")
    assert {one.name: one.kind for one in found}["median"] == kind


def test_cells_of_the_users_own_columns_stay_as_they_are():
    table = pd.DataFrame({"source": ["google_ads", "T"], "model": ["bg_nbd", "mean"], "a\u202eb": ["x", "y"]})
    table.attrs[OWN] = ("source", "a\u202eb")
    source, model, turned = headings(table)
    assert [source.write(cell) for cell in table["source"]] == ["google_ads", "T"]
    assert model.write("bg_nbd") == "bg nbd"
    assert turned.words == "a\ufffdb"
    assert heading("a\u202eb").words == "a\ufffdb"


def test_columns_of_the_user_keep_their_names_and_are_no_money():
    table = pd.DataFrame({"mean_age": [41.5], "founded": [1998], "mean": [5.0]})
    table.attrs[OWN] = ("mean_age", "founded")
    assert [(one.words, one.kind) for one in headings(table, "EUR")] == [
        ("mean_age", "number"),
        ("founded", "id"),
        ("mean", "money"),
    ]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (pd.Timestamp("2025-12-31"), "date", "2025-12-31"),
        (pd.Timestamp("2025-12-31 08:30"), "date", "2025-12-31 08:30"),
        (pd.NaT, "date", "–"),
        (np.int64(2357), "count", "2,357"),
        (2.5, "count", "2.5"),
        (6.971, "ratio", "6.97"),
        (0.05503, "number", "0.05503"),
        (1998, "id", "1998"),
        (np.bool_(True), "yes_no", "yes"),
        ("2357", "count", "2357"),
        ("Ada\x1b[31m", "text", "Ada�[31m"),
    ],
)
def test_cells_are_written_by_their_kind(value, kind, text):
    assert written(value, kind) == text


def test_words_follow_the_language():
    with in_language("zh"):
        assert str(heading("to_come_eti89_lb", currency="CNY")) == "未来价值：89%可信区间下限（元）"
        assert written(True, "yes_no") == "是"


def test_each_known_name_is_one_that_a_table_may_have():
    assert [name for name in KNOWN if name != name.replace(" ", "_")] == []
    assert {kind for kind, _ in KNOWN.values()} - {"date", "yes_no", "text", "id"} == set(NUMBERS)
