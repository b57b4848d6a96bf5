"""Pages that promise to be complete: glossary, frequent questions, gallery, the models, the ideas."""

import re
from pathlib import Path

import pytest

import ltv_bayes as lb
from ltv_bayes.plots.stories import TITLES

DOCS = Path(__file__).parents[1] / "docs"
IDEAS = ("An interval of an average", "Why the total", "Pooling", "Judgement as a prior", "Calibration", "cannot know")
PURCHASES_AND_MONEY = ("BGNBD", "MBGNBD", "BGCNBD", "MBGCNBD", "NBD", "GammaGamma", "ShiftedBetaGeometric")


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def test_every_word_of_the_glossary_has_chinese_and_a_meaning():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]*) \| ([^|]*) \|$", page("glossary"), re.MULTILINE)[1:]
    assert len(rows) >= 35
    assert [word for word, chinese, _ in rows if not re.search(r"[\u4e00-\u9fff]", chinese)] == []
    assert [word for word, _, meaning in rows if not meaning.strip()] == []


def test_there_are_fifteen_frequent_questions_each_with_an_answer():
    questions = re.findall(r"^\*\*([^*]+\?)\*\* (.+)", page("faq"), re.MULTILINE)
    assert len(questions) >= 15
    assert len(re.findall(r"^\*\*", page("faq"), re.MULTILINE)) == len(questions)


@pytest.mark.parametrize("name", [name for name in lb.__all__ if name.startswith("plot_")])
def test_every_picture_is_in_the_gallery_with_its_code(name):
    parts = page("gallery").split("```python")[1:]
    drawn = [part for part in parts if f"lb.{name}(" in part.split("```")[0]]
    assert drawn
    assert any("](images/" in part for part in drawn)


@pytest.mark.parametrize("idea", IDEAS)
def test_each_idea_is_a_section_that_takes_minutes_and_shows_numbers(idea):
    sections = page("explanations").split("\n## ")[1:]
    (text,) = [section for section in sections if idea in section.split("\n")[0]]
    assert "```python" in text
    assert "```text" in text
    assert len(text.split()) < 450


def test_every_model_stands_in_the_table_and_has_a_picture():
    text = page("which_model")
    table = text.split("## The models side by side")[1].split("## ")[0]
    assert [name for name in PURCHASES_AND_MONEY if f"`{name}`" not in table] == []
    assert [name for name in TITLES if f"](images/story_{name}.png)" not in text] == []
