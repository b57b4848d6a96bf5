"""Pictures as SVG within a page: safe, small, the same each time, and readable on dark ground."""

import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from lxml import etree

import ltv_bayes as lb
from ltv_bayes.plots.canvas import as_svg, rendered

SVG = "{http://www.w3.org/2000/svg}"
MARKUP = '<script>alert("x")</script> & Söhne'


@pytest.fixture
def named(valued):
    frame = pd.DataFrame({"customer_id": [MARKUP, "Ada"], "frequency": [1, 2], "recency": [9.0, 20.0], "T": 30.0})
    frame = frame.assign(monetary_value=[10.0, 25.0], total_value=90.0)
    return valued(lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30"))


def parsed(text):
    return etree.fromstring(text)


def test_text_is_text_and_names_are_no_markup(named):
    text = as_svg(lb.plot_lifetime_value(named), label=MARKUP)
    root = parsed(text)
    assert "<script" not in text
    assert root.get("aria-label") == root.find(f"{SVG}title").text == MARKUP
    assert root.get("role") == "img"
    written = [part.text for part in root.iter(f"{SVG}text")]
    assert "Ada" in written
    assert any(one.startswith("<script>") for one in written)


def test_nothing_from_outside_and_nothing_that_a_strict_policy_refuses(named):
    text = as_svg(lb.plot_lifetime_value(named))
    root = parsed(text)
    tags = {part.tag.removeprefix(SVG) for part in root.iter()}
    assert tags <= {"svg", "title", "g", "path", "text", "use", "defs", "clipPath", "rect"}
    assert not any({"style", "onload", "onclick"} & set(part.attrib) for part in root.iter())
    assert text.startswith("<svg ")
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]


def test_the_same_data_give_the_same_bytes_and_other_data_other_ids(named, ltv):
    def ids(text):
        return [part.get("id") for part in parsed(text).iter() if part.get("id")]

    first, second = (as_svg(lb.plot_lifetime_value(named)) for _ in range(2))
    other = as_svg(lb.plot_waterfall(named.explain("Ada")))
    assert first == second
    assert ids(first)
    assert len(set(ids(first))) == len(ids(first))
    assert not set(ids(first)) & set(ids(other))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', first))
    assert used == set(ids(first))


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_ink_is_that_of_the_page_and_the_ground_is_left_out(style, named):
    with plt.style.context(style):
        root = parsed(as_svg(lb.plot_lifetime_value(named)))
    inks = {part.get("fill", "currentColor") for part in root.iter(f"{SVG}text")}
    assert inks == {"currentColor"}
    assert root.get("fill") == "currentColor"
    paints = {part.get(paint) for part in root.iter() for paint in ("fill", "stroke")}
    assert not paints & {"#000000", "#ffffff"}


def test_what_is_written_on_areas_keeps_its_colour_though_it_be_most():
    figure, ax = plt.subplots()
    ax.set_title("cohorts")
    for place in range(30):
        ax.text(place, 0, f"{place}%", color="#f5f0e8")
    colours = {part.text: part.get("fill", "currentColor") for part in parsed(as_svg(ax)).iter(f"{SVG}text")}
    assert colours["cohorts"] == "currentColor"
    assert {colours[f"{place}%"] for place in range(30)} == {"#f5f0e8"}
    plt.close(figure)


def test_where_all_text_is_on_areas_its_colour_is_the_ink():
    figure, ax = plt.subplots()
    ax.set_axis_off()
    ax.text(0.5, 0.5, "alone", color="#123456")
    (part,) = parsed(as_svg(ax)).iter(f"{SVG}text")
    assert part.get("fill", "currentColor") == "currentColor"
    plt.close(figure)


def test_a_caution_has_a_class_to_colour_it(book, purchases, valued, unconverged):
    root = parsed(as_svg(lb.plot_lifetime_value(valued(book, unconverged(purchases)))))
    red = [part for part in root.iter(f"{SVG}text") if part.get("class") == "caution-fill"]
    assert red
    assert all(part.get("fill").startswith("#") for part in red)


def test_a_label_that_is_not_given_is_the_title(ltv):
    title = parsed(as_svg(lb.plot_lifetime_value(ltv))).get("aria-label")
    assert "Lifetime value of" in title
    assert "mean and 89% interval" in title


def test_files_are_the_same_and_the_figure_is_closed(ltv):
    ax = lb.plot_lifetime_value(ltv)
    assert rendered(ax, "svg").decode() == as_svg(lb.plot_lifetime_value(ltv))
    assert not plt.get_fignums()
