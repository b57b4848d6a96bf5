"""Numbers and names as people read them, at the edges too."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ltv_bayes.formatting import (
    distinct,
    money,
    money_labels,
    percent,
    probability,
    shortened,
    three_digits,
    visible,
)
from ltv_bayes.language import in_language


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (999.4, "999"),
        (999.99, "1k"),
        (1000, "1k"),
        (8000, "8k"),
        (12_345, "12.3k"),
        (99_960, "100k"),
        (999_499, "999k"),
        (999_990, "1M"),
        (999_999_999, "1bn"),
        (2.5e12, "2.5tn"),
        (-2_300_000, "-2.3M"),
        (-999_990, "-1M"),
        (9.996, "10"),
        (0.5, "0.5"),
        (0.00052, "0.00052"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_money(amount, text):
    assert money(amount) == text


@pytest.mark.parametrize("currency", ["CNY", "RMB", "元"])
@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (9_994, "9,994"),
        (9_999.6, "1万"),
        (62_000, "6.2万"),
        (-62_000, "-6.2万"),
        (2_300_000, "230万"),
        (99_940_000, "9,994万"),
        (99_999_999, "1亿"),
        (231_000_000, "2.31亿"),
    ],
)
def test_yuan_are_counted_in_myriads(currency, amount, text):
    assert money(amount, currency) == text


def test_other_currencies_are_counted_in_thousands():
    assert money(62_000, "JPY") == money(62_000, None) == "62k"


@pytest.mark.parametrize(
    ("amounts", "currency", "labels"),
    [
        ([], None, []),
        ([0.0], None, ["0"]),
        ([0, 500, 1000, 1500, 2000], "USD", ["0", "500", "1,000", "1,500", "2,000"]),
        ([0, 0.2, 0.4], None, ["0", "0.2", "0.4"]),
        ([0, 2.5e6, 5e6, 7.5e6], None, ["0", "2,500k", "5,000k", "7,500k"]),
        ([0, 5e6, 10e6, 15e6], None, ["0", "5M", "10M", "15M"]),
        ([0, 2.5e6, 5e6, 12.5e6], None, ["0", "2.5M", "5.0M", "12.5M"]),
        ([-1e5, 0, 1e5], "CNY", ["-10万", "0", "10万"]),
        ([0, 5e7, 1e8, 1.5e8], "CNY", ["0", "0.5亿", "1.0亿", "1.5亿"]),
        ([0, 1e-3, 2e-3], None, ["0", "0.001", "0.002"]),
        ([-1e-12, 100.0], None, ["0", "100"]),
    ],
)
def test_axis_amounts_are_written_in_one_size(amounts, currency, labels):
    assert money_labels(amounts, currency) == labels


def test_axis_amounts_of_one_size_never_collide():
    ticks = [step * 0.25 for step in range(9)]
    assert len(set(money_labels(ticks))) == len(ticks)


@pytest.mark.parametrize(
    ("number", "text"), [(1e-9, "1e-09"), (0.0523, "0.0523"), (61.74, "61.7"), (99.96, "100"), (1234.5, "1,234")]
)
def test_three_digits(number, text):
    assert three_digits(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.352, "35%"),
        (0.9949, "99%"),
        (0.9999, "> 99%"),
        (0.0096, "1%"),
        (0.004, "0.4%"),
        (1e-7, "< 0.1%"),
        (-0.02, "-2%"),
        (1.2, "120%"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


def test_a_bound_is_a_word_in_chinese_since_it_stands_in_sentences():
    with in_language("zh"):
        assert (probability(0.999), probability(0.001)) == ("0.99 以上", "0.01 以下")
        assert (percent(0.999), percent(0.0001), percent(-0.0001)) == ("99% 以上", "0.1% 以下", "-0.1% 以上")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (0.5, "0.50"),
        (0.994, "0.99"),
        (0.9951, "> 0.99"),
        (0.0049, "< 0.01"),
        (0.005, "0.01"),
        (math.nan, "–"),
    ],
)
def test_probability_never_rounds_a_doubt_away(value, text):
    assert probability(value) == text


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\x7f", "\x9b", "\u202e", "\u2028", "\ud800", "\r", "\t"])
def test_control_characters_become_visible(char):
    assert visible(f"A{char}B") == "A�B"


@pytest.mark.parametrize("text", ["王芳", "O'Neil & Söhne", "全角\u3000空格", "1\u00a0000", "two\nlines"])
def test_letters_blanks_and_line_breaks_stay(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    "name", ["A", "x" * 28, "x" * 29, "上海浦东发展集团股份有限公司第三分公司（华东区）", "two\nlines\tand more", 18]
)
def test_shortened_names_fit(name):
    text = shortened(name)
    assert cell_len(text) <= 28
    assert "\n" not in text


def test_shortened_names_keep_both_ends():
    first, second = (shortened(f"The Very Long Company of Somewhere, Branch {number}") for number in (1, 2))
    assert first != second
    assert first.startswith("The Very Long Comp")


class TestDistinct:
    """Names of different things never share a label, whatever their length."""

    def test_names_that_differ_where_they_would_be_cut(self):
        for length in (20, 60, 400):
            names = [f"{'a' * length}{middle}{'b' * length}" for middle in ("North", "South", "East", "West")]
            labels = distinct(names)
            assert len(set(labels)) == 4
            assert max(map(len, labels)) <= 28
            assert "North" in labels[0]
            assert "South" in labels[1]

    def test_names_that_differ_in_what_is_not_seen(self):
        assert distinct(["Ada", "Ada ", "Ada  Ltd", "Ada Ltd"]) == ["Ada (1)", "Ada (2)", "Ada Ltd (1)", "Ada Ltd (2)"]
        assert distinct(["Ada", "Ada", "Ada (1)"]) == ["Ada (2)", "Ada (3)", "Ada (1)"]

    def test_characters_that_no_font_has(self):
        assert distinct(["\u1300", "\u1301"], write=lambda text: "□" * len(text)) == ["□ (1)", "□ (2)"]

    def test_short_names_are_as_they_were(self):
        assert distinct(["Ada", "The Very Long Company of Somewhere, North Branch"]) == [
            "Ada",
            "The Very Long Comp…th Branch",
        ]

    @given(st.lists(st.text(alphabet="ab 王", max_size=40), max_size=8))
    def test_any_names(self, names):
        labels = distinct(names, 9)
        assert len(set(labels)) == len(names)
