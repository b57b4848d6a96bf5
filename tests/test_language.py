"""Sentences and messages in other languages."""

import ast
import copy
import datetime as dt
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.errors import counted, listed, rows_at_fault, suggestion
from ltv_bayes.formatting import money, money_labels, with_currency
from ltv_bayes.language import _, _n, comma, from_locale, in_language, language, languages, retold, sentences
from ltv_bayes.language import messages as language_messages
from ltv_bayes.value.draws.valuation import in_order
from scripts import messages

ROOT = Path(lb.__file__).parents[1]
SENTENCE = "There is no language {code!r}. Known: {known}."


@pytest.fixture
def chinese():
    lb.set_language("zh")
    yield
    lb.set_language("en")


@pytest.fixture(scope="module")
def source():
    return messages.messages()


@pytest.mark.parametrize("path", sorted(messages.CATALOGUES.glob("*.po")), ids=lambda path: path.stem)
def test_every_message_is_translated_with_its_placeholders(path, source):
    """None is missing, unused, empty or marked as fuzzy; none loses or invents a placeholder."""
    assert messages.faults(path, source) == []


def test_a_faulty_catalogue_is_noticed(tmp_path, source):
    catalogue = messages.read(messages.CATALOGUES / "zh.po")
    catalogue.delete("CNY")
    catalogue.add("of an earlier version", "早先版本")
    catalogue["USD"].string = ""
    catalogue["EUR"].flags.add("fuzzy")
    catalogue[SENTENCE].string = "没有 {language}。"
    messages.write(catalogue, tmp_path / "zh.po")
    found = "\n".join(messages.faults(tmp_path / "zh.po", source))
    for fault in ("missing: 'CNY'", "no longer used: 'of an", "not translated: 'USD'", "fuzzy: 'EUR'"):
        assert fault in found
    assert f"other placeholders: {SENTENCE!r}" in found


@pytest.mark.parametrize(
    ("source", "target", "wrong"),
    [
        (("{a} of {b}",), "{b}的{a:,}", False),
        (("{a} of {b}",), "{b}", True),
        (("{a}",), "{a}{b}", True),
        (("{a}",), "{a", True),
        (("one row", "{n} rows"), "{n}行", False),
        (("one row", "{n} rows"), "一些行", False),
    ],
)
def test_placeholders_are_compared(source, target, wrong):
    assert messages.differs(source, target) is wrong


@pytest.mark.parametrize(
    "code", ['_(f"{x} is read", x=x)', '_("a" + "b")', '_("{x} is read", y=1)', '_n("{n} row", "{n} of {x}", n)']
)
def test_a_message_that_no_catalogue_can_hold_is_refused(code, tmp_path):
    path = tmp_path / "code.py"
    path.write_text(code)
    with path.open("rb") as file, pytest.raises(SyntaxError, match="line 1"):
        list(messages.from_python(file, messages.KEYWORDS, None, None))


def test_english_is_the_default_whatever_the_locale_and_reads_no_catalogue():
    code = "import sys; from ltv_bayes.errors import counted; print(counted(2, 'customer'), 'babel' in sys.modules)"
    locale = {**os.environ, "LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "zh"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=locale, check=True)
    assert done.stdout.strip() == "2 customers False"


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"LANG": "zh_CN.UTF-8", "LC_CTYPE": "C.UTF-8"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": "en_GB"}, "en"),
        ({"LANG": "en_GB", "LANGUAGE": "de:zh_CN:en"}, "zh"),
        ({"LANG": "de_DE"}, "en"),
        ({"LC_MESSAGES": "C.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_gives_a_known_language(variables, found, monkeypatch):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG"):
        monkeypatch.setenv(name, variables.get(name, ""))
    assert from_locale() == found


def test_a_language_is_chosen_for_all_threads_or_for_a_block(chinese):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(language).result() == "zh"
        with in_language("en"):
            assert language() == "en"
            assert pool.submit(language).result() == "zh"
            with in_language(None):
                assert language() == "en"
    assert language() == "zh"
    with pytest.raises(ZeroDivisionError), in_language("en"):
        1 / 0  # noqa: B018
    assert language() == "zh"


@pytest.mark.parametrize(("code", "found"), [("zh_CN", "zh"), ("zh-Hans", "zh"), ("EN", "en"), ("en_US.UTF-8", "en")])
def test_a_locale_chooses_its_language(code, found):
    with in_language(code):
        assert language() == found


@pytest.mark.parametrize("code", ["fr", "", "../zh", "z", 3])
def test_an_unknown_language_is_refused_and_changes_nothing(code):
    with pytest.raises(ValueError, match="Known: en, zh"):
        lb.set_language(code)
    assert language() == "en"
    assert languages() == ["en", "zh"]


def test_values_are_neither_looked_up_nor_formatted(chinese):
    """Names that are messages, placeholders or attributes stay as they are."""
    for name in ("CNY", "{known}", "{0}", "{code.__class__}", "{", "%s", ", "):
        assert _(SENTENCE, code="fr", known=name) == f"没有语言 'fr'。可用：{name}。"
    assert counted(2, "{noun}") == "2 {noun}s"


def test_counts_lists_and_rows_at_fault_in_chinese(chinese):
    assert (counted(1, "customer"), counted(2357, "customer")) == ("1位客户", "2,357位客户")
    assert listed(range(9), limit=3) == "0、1、2等，另有6个"
    assert rows_at_fault([7], "row", "没有日期", "请补上日期。") == "1行没有日期（第 7 行）。请补上日期。"
    assert suggestion("mean_rat", ["mean_rate", "cv"]) == "是否指 'mean_rate'？可用名称：mean_rate、cv。"
    assert sentences("甲。", "", "乙。") == "甲。乙。"


def test_money_in_chinese_is_counted_in_myriads_whatever_the_currency(chinese):
    assert [money(62_000, currency) for currency in ("CNY", "USD", None)] == ["6.2万", "6.2万", "6.2万"]
    assert (money(2_300_000, "EUR"), money(4.5e8), money(950, "USD")) == ("230万", "4.5亿", "950")
    assert money_labels([0, 500_000, 1_000_000]) == ["0", "50万", "100万"]
    named = {"CNY": "元", "usd": "美元", "EUR": "欧元", "积分": " 积分", "points": " points"}
    assert {currency: with_currency("6.2万", currency) for currency in named} == {
        currency: f"6.2万{name}" for currency, name in named.items()
    }
    with in_language("en"):
        assert (money(62_000, "USD"), money(62_000, "CNY")) == ("62k", "6.2万")
        assert with_currency("62k", "usd") == "62k usd"


def test_a_message_is_told_again_in_another_language():
    inner = _n("{who} {problem} (id {names}).", "{who} {problem} (ids {names}).", 2, who="A", problem="B", names="{x}")
    kept = sentences(inner, _("Did you mean {name!r}?", name="zh"))
    assert kept == "A B (ids {x}). Did you mean 'zh'?"
    for message in (kept, copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        with in_language("zh"):
            assert message == kept
            assert retold(message) == "AB（编号：{x}）。是否指 'zh'？"
    assert retold("Known names: {names}.") == "Known names: {names}."
    several = comma([counted(1, "customer"), "{x}", counted(3, "order")])
    assert several == "1 customer, {x}, 3 orders"
    with in_language("zh"):
        assert retold(several) == "1位客户、{x}、3笔订单"


def test_the_chinese_readme_has_the_code_of_the_english_one():
    """But for the line that chooses the language, and the name of the picture."""
    blocks = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    here, there = (
        blocks.findall((ROOT / name).read_text(encoding="utf-8")) for name in ("README.md", "README.zh-CN.md")
    )
    assert [code.replace('lb.set_language("zh")\n', "").replace("_zh.png", ".png") for code in there] == here


def test_what_is_stored_in_a_file_is_plain_text(chinese, book, tmp_path):
    """netCDF holds no text but str itself: of a fit, and of the arrays of a value."""
    purchases = lb.FittedPurchases.from_draws(
        {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}, time_unit="week"
    )
    spend = lb.FittedSpend.from_draws({"p": [[6.25]], "q": [[3.74]], "v": [[15.44]]}, currency="USD")
    purchases.save(tmp_path / "fit.nc")
    ltv = lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
    ltv.draws.to_netcdf(tmp_path / "draws.nc", engine="h5netcdf")
    by = ltv.by("industry")
    by.draws("total").to_netcdf(tmp_path / "segments.nc", engine="h5netcdf")
    assert "年折现率" in str(ltv) or "未折现" in str(ltv)
    assert all("高于" in sentence or "难分高下" in sentence for sentence in by.compare()["sentence"])
    with in_language("en"):
        assert "Lifetime value of 6 customers" in repr(ltv)
        assert all(note.isascii() for note in ltv.notes())


def test_what_is_shown_is_plain_text():
    """Of results, samples and errors: who sends it on, as to another process, expects no text but str itself."""
    found = [
        f"{path.relative_to(messages.PACKAGE)}, line {node.lineno}"
        for path in sorted(messages.PACKAGE.rglob("*.py"))
        for shown in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(shown, ast.FunctionDef) and shown.name == "__repr__"
        for node in ast.walk(shown)
        if isinstance(node, ast.Return) and getattr(getattr(node.value, "func", None), "id", "") in MESSAGES
    ]
    assert found == []
    company = lb.samples.simulate_office_equipment(5, random_seed=1)
    with pytest.raises(lb.LtvBayesError) as refused:
        lb.subscription_ltv(arpa=1000, margin=0.8, churn=2)
    assert {type(repr(company)), type(str(refused.value))} == {str}


MESSAGES = ("_", "_n", "counted", "listed", "comma")
NOT_TRANSLATED = {
    "__init__.py": "no attribute",  # what Python itself says of a module
    "judgement/form/reading.py": "customer_id",  # a column's name, and a message
    "scoring/spark_task.py": "MARK",  # a sentence on its way to the process that tells it
    "runs/kinds.py": "a number",  # what a value should be, which another error puts in its sentence
}


def test_what_is_raised_or_warned_of_passes_through_the_catalogue():
    """No literal and no f-string is what an error or a warning says."""
    found = []
    for path in sorted(messages.PACKAGE.rglob("*.py")):
        name = path.relative_to(messages.PACKAGE).as_posix()
        for call in map(told_to_user, ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
            if call is not None and NOT_TRANSLATED.get(name, "\0") not in ast.unparse(call):
                found.append(f"{name}, line {call.lineno}: {ast.unparse(call)}")
    assert found == []


def told_to_user(node):
    """The text of an error that is raised, or of a warning, where it is written out."""
    if isinstance(node, ast.Raise):
        node = node.exc
    elif getattr(getattr(node, "func", None), "attr", "") != "warn":
        return None
    text = node.args[0] if isinstance(node, ast.Call) and node.args else None
    added = isinstance(text, ast.BinOp) and isinstance(text.op, ast.Add | ast.Mod)
    words = ast.unparse(text) if added or isinstance(text, ast.JoinedStr) else getattr(text, "value", None)
    return text if isinstance(words, str) and " " in words else None


@pytest.mark.parametrize(
    "code", ['raise InputError(f"{x} is wrong")', 'raise E("it is wrong")', 'warnings.warn("a b")']
)
def test_words_that_pass_by_the_catalogue_are_found(code):
    assert any(told_to_user(node) for node in ast.walk(ast.parse(code)))


def test_days_in_sentences(chinese):
    day, time = dt.date(2024, 3, 1), dt.datetime(2024, 3, 1, 9, 30)
    said = {code: [] for code in ("en", "zh")}
    for code, some in said.items():
        with in_language(code):
            values = (day, time, pd.Timestamp(day), pd.NaT)
            some += [_("{items}, {item}", items=value, item="") for value in values]
    assert said["en"] == ["2024-03-01, ", "2024-03-01 09:30, ", "2024-03-01, ", "–, "]
    assert said["zh"] == ["2024年3月1日、", "2024年3月1日 09:30、", "2024年3月1日、", "–、"]
    shown = language_messages._Day(day)
    assert (f"{shown:%d.%m.%Y}", f"{shown:>12}", f"{shown!r}") == ("01.03.2024", "   2024年3月1日", repr(day))


def test_worker_threads_speak_the_language_of_the_caller():
    with in_language("zh"):
        assert list(in_order(iter([language, language]), 2, "")) == ["zh", "zh"]


def test_a_list_of_one_is_told_again():
    kept = comma([counted(1, "customer")])
    with in_language("zh"):
        assert retold(kept) == "1位客户"


def test_a_page_in_another_language_has_no_words_of_the_first(book):
    """Tables with reasons are made anew, and notes of streams told again."""
    purchases = lb.FittedPurchases.from_draws(
        {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}, time_unit="week"
    )
    spend = lb.FittedSpend.from_draws({"p": [[6.25]], "q": [[3.74]], "v": [[15.44]]}, currency="USD")
    ltv = lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
    report = lb.report(ltv)
    assert "an order every" in " ".join(report.material.upside["reason"])
    with in_language("zh"):
        assert "order" not in " ".join(report.material.upside["reason"])
    assert "an order every" in " ".join(report.material.upside["reason"])


@pytest.mark.parametrize(
    ("draws", "rope", "said"),
    [
        ([[5.0, 9.0], [6.0, 2.0]], None, "按留存，甲与乙难分高下（甲更高的概率为0.50）"),
        ([[8.0, 2.0]] * 40, None, "甲的留存高于乙，概率为"),
        ([[8.0, 8.1]] * 40, 5.0, "按留存，乙与甲实际上相当；"),
    ],
)
def test_comparisons_in_chinese(draws, rope, said, chinese):
    options = xr.DataArray(np.array([draws]), dims=("chain", "draw", "by"), coords={"by": ["甲", "乙"]})
    assert lb.compare(options, measure="留存", rope=rope)["sentence"].iloc[0].startswith(said)
