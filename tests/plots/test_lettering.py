"""Names in scripts that fonts may lack, and money in characters that may be missing."""

import tomllib
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib import font_manager

import ltv_bayes as lb
from ltv_bayes.plots import lettering
from ltv_bayes.plots.canvas import MoneyFormatter, money_axis
from ltv_bayes.plots.lettering import (
    BOX,
    BOX_NOTE,
    SHIPPED,
    SHIPPED_NAME,
    drawable,
    font_families,
    short_money,
    wrapped,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def no_known_font(monkeypatch):
    """A machine without the fonts that are known by name."""
    monkeypatch.setattr(lettering, "CHINESE_FONTS", ())


@pytest.fixture
def no_chinese_font(no_known_font, monkeypatch):
    """A machine without any."""
    monkeypatch.setattr(lettering, "_that_has_chinese", lambda installed: [])
    monkeypatch.setattr(lettering, "SHIPPED", lettering.SHIPPED.with_name("not there.otf"))
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [font for font in manager.ttflist if font.name != SHIPPED_NAME])


@pytest.fixture
def every_font(monkeypatch):
    """A machine whose fonts have every character."""
    monkeypatch.setattr(lettering, "_characters", lambda families: range(0x110000))


@pytest.fixture
def chinese(valued):
    frame = pd.DataFrame({"customer_id": ["王芳", "Ada"], "frequency": [0, 2], "recency": [0.0, 20.0], "T": 30.0})
    frame = frame.assign(monetary_value=[None, 25.0], total_value=9e4, 行业=["制造业", "零售"])
    customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="CNY")
    return valued(customers, realised=True)


def test_missing_characters_become_boxes_without_a_warning(no_chinese_font, chinese):
    ax = lb.plot_lifetime_value(chinese)
    ax.figure.canvas.draw()
    assert {label.get_text().split()[0] for label in ax.get_yticklabels()} == {"Ada", BOX * 2}
    assert BOX_NOTE in ax.get_xlabel()


def test_boxes_in_a_title_are_explained_too(no_chinese_font, chinese):
    ax = lb.plot_waterfall(chinese.explain("王芳"))
    ax.figure.canvas.draw()
    assert BOX * 2 in ax.get_title(loc="left")
    assert BOX_NOTE in ax.get_xlabel()
    assert BOX_NOTE not in lb.plot_waterfall(chinese.explain("Ada")).get_xlabel()


def test_names_that_can_be_drawn_stay(every_font, chinese):
    ax = lb.plot_segments(chinese.by("行业"))
    assert {label.get_text() for label in ax.get_yticklabels()} == {"制造业  (n = 1)", "零售  (n = 1)"}
    assert "行业" in ax.get_title(loc="left")
    assert BOX_NOTE not in ax.get_xlabel()


def test_yuan_are_counted_in_thousands_where_no_font_has_the_myriad(no_chinese_font):
    assert short_money(62_000, "CNY") == "62k"
    assert MoneyFormatter("CNY").format_ticks([0, 50_000]) == ["0", "50k"]


def test_yuan_are_counted_in_myriads_where_a_font_has_it(every_font):
    assert short_money(62_000, "CNY") == "6.2万"
    assert MoneyFormatter("CNY").format_ticks([0, 50_000]) == ["0", "5万"]
    assert MoneyFormatter("CNY")(50_000) == "5万"


def test_ticks_are_written_in_the_fonts_of_the_names(monkeypatch):
    ax = plt.figure().add_subplot()
    money_axis(ax.xaxis, "CNY")
    ax.figure.canvas.draw()
    assert ax.get_xticklabels()[0].get_fontfamily() == font_families()


def test_the_users_own_font_comes_first():
    with mpl.rc_context({"font.family": "monospace", "font.monospace": ["Not Installed", "DejaVu Sans Mono"]}):
        assert font_families()[0] == "DejaVu Sans Mono"
    with mpl.rc_context({"font.family": ["DejaVu Serif"]}):
        assert font_families()[0] == "DejaVu Serif"


def test_there_is_always_a_font():
    with mpl.rc_context({"font.family": ["Not Installed"]}):
        assert "DejaVu Sans" in font_families()


def test_latin_text_and_blanks_are_drawable():
    assert drawable("Müller & Söhne\n€ 1,000 – 2") == "Müller & Söhne\n€ 1,000 – 2"


@pytest.fixture
def unheard_of_font(tmp_path, monkeypatch):
    """Install a font of a name that nobody knows, with the characters of a few Chinese names."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    chars = "客户万亿元制造业零售行王芳"
    names = [".notdef", *(f"g{k}" for k in range(len(chars)))]
    pen = TTGlyphPen(None)
    for place, move in enumerate([(0, 0), (0, 800), (800, 800), (800, 0)]):
        (pen.lineTo if place else pen.moveTo)(move)
    pen.closePath()
    box = pen.glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(char): name for char, name in zip(chars, names[1:], strict=True)})
    font.setupGlyf(dict.fromkeys(names, box))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Unheard Of", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    font.setupPost()
    font.save(tmp_path / "unheard.ttf")
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [font for font in manager.ttflist if font.name.startswith("DejaVu")])
    manager.addfont(tmp_path / "unheard.ttf")
    manager._findfont_cached.cache_clear()
    yield "Unheard Of"
    manager._findfont_cached.cache_clear()


def test_any_font_with_chinese_is_found_where_none_that_is_known_is_installed(
    no_known_font, unheard_of_font, chinese, caplog
):
    lettering._that_has_chinese.cache_clear()
    assert font_families() == ["DejaVu Sans", unheard_of_font]
    ax = lb.plot_segments(chinese.by("行业"))
    ax.figure.canvas.draw()
    assert {label.get_text() for label in ax.get_yticklabels()} == {"制造业  (n = 1)", "零售  (n = 1)"}
    assert BOX not in ax.get_title(loc="left")
    assert short_money(62_000, "CNY") == "6.2万"
    assert not caplog.records


def test_fonts_of_blanks_are_not_taken_for_one(no_known_font, unheard_of_font, monkeypatch):
    monkeypatch.setattr(lettering, "BLANK_FONTS", ("unheardof",))
    lettering._that_has_chinese.cache_clear()
    assert unheard_of_font not in font_families()
    lettering._that_has_chinese.cache_clear()


def test_all_fonts_the_user_asks_for_are_used(unheard_of_font):
    with mpl.rc_context({"font.family": "sans-serif", "font.sans-serif": ["DejaVu Serif", "None", unheard_of_font]}):
        assert font_families()[:2] == ["DejaVu Serif", unheard_of_font]


def test_lines_are_as_wide_as_they_are_drawn():
    """A Chinese character is as wide as two letters; a closing sign does not begin a line; a long word is cut."""
    assert wrapped("所有客户的价值，按年", 8).split("\n") == ["所有客户", "的价值，", "按年"]
    assert wrapped("所有客户，按年", 8).split("\n") == ["所有客户，", "按年"]
    assert wrapped("abcdefghij kl", 4).split("\n") == ["abcd", "efgh", "ij", "kl"]


class TestShippedFont:
    """The font of this package, for machines that have none with Chinese."""

    @pytest.fixture
    def bare(self, no_known_font, monkeypatch):
        """A machine with matplotlib's own fonts."""
        manager = font_manager.fontManager
        monkeypatch.setattr(manager, "ttflist", [font for font in manager.ttflist if font.name.startswith("DejaVu")])
        manager._findfont_cached.cache_clear()
        lettering._that_has_chinese.cache_clear()
        yield
        manager._findfont_cached.cache_clear()
        lettering._that_has_chinese.cache_clear()

    def test_chinese_is_drawn_where_nothing_is_installed(self, bare, chinese, caplog):
        assert font_families() == ["DejaVu Sans", SHIPPED_NAME]
        assert font_families() == ["DejaVu Sans", SHIPPED_NAME]
        assert [font.name for font in font_manager.fontManager.ttflist].count(SHIPPED_NAME) == 1
        ax = lb.plot_segments(chinese.by("行业"))
        ax.figure.canvas.draw()
        assert {label.get_text() for label in ax.get_yticklabels()} == {"制造业  (n = 1)", "零售  (n = 1)"}
        assert BOX_NOTE not in ax.get_xlabel()
        assert short_money(62_000, "CNY") == "6.2万"
        assert not caplog.records

    def test_what_it_lacks_is_a_box_with_one_message(self, bare, valued):
        frame = pd.DataFrame({"customer_id": ["𠮷野", "鑫"], "frequency": 2, "recency": 9.0, "T": 30.0})
        ltv = valued(lb.Customers.from_summary(frame.assign(monetary_value=25.0), time_unit="week"))
        ax = lb.plot_lifetime_value(ltv)
        assert {label.get_text() for label in ax.get_yticklabels()} == {f"{BOX}野", "鑫"}
        assert ax.get_xlabel().replace("\n", " ").count(BOX_NOTE) == 1

    def test_an_installed_font_goes_first(self, bare, unheard_of_font):
        assert font_families() == ["DejaVu Sans", unheard_of_font]
        assert SHIPPED_NAME not in {font.name for font in font_manager.fontManager.ttflist}

    def test_it_has_the_characters_of_gb_2312_and_a_name_of_its_own(self):
        font = font_manager.get_font(SHIPPED)
        rows = [*range(0xA1, 0xA4), *range(0xB0, 0xF8)]
        pairs = (bytes([row, place]) for row in rows for place in range(0xA1, 0xFF))
        known = "".join(pair.decode("gb2312", errors="ignore") for pair in pairs)
        assert len(known) > 6763 + 250
        assert [char for char in known + "万亿元￥¥" if not font.get_char_index(ord(char))] == []
        assert font.family_name == SHIPPED_NAME
        assert not {"noto", "source"} & set(font.family_name.lower().split())
        assert SHIPPED.stat().st_size < 1.6e6

    def test_its_licence_goes_with_it_into_the_wheel(self):
        from hatchling.builders.wheel import WheelBuilder

        files = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
        assert {f"ltv_bayes/plots/fonts/{name}" for name in (SHIPPED.name, "OFL.txt")} <= files
        text = (SHIPPED.parent / "OFL.txt").read_text()
        assert "SIL OPEN FONT LICENSE Version 1.1" in text
        assert "Copyright 2014-2021 Adobe" in text
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert "ltv_bayes/plots/fonts/OFL.txt" in project["license-files"]
