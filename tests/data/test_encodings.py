"""Encodings told apart by marks and letters: read as written, or refused with calls for each reading."""

import re

import pytest

import ltv_bayes as lb
from ltv_bayes.data.reading.files import read_source
from ltv_bayes.errors import InputError

SIMPLIFIED = "客户,日期,金额\n北京华联科技有限公司,2024-03-05,￥1200\n上海贸易,2024-03-06,80\n"
TRADITIONAL = "客戶,日期,金額\n台灣積體電路製造,2024-03-05,1200\n鴻海精密,2024-03-06,80\n"
JAPANESE = "顧客,日付,金額\n株式会社サンプル,2024-03-05,1200\nトヨタ自動車,2024-03-06,80\n"
KOREAN = "고객,날짜,금액\n삼성전자,2024-03-05,1200\n현대자동차,2024-03-06,80\n"
RUSSIAN = "Клиент,Дата,Сумма\nИванов и сыновья,2024-03-05,1200\nСбербанк,2024-03-06,80\n"
GERMAN = "Kunde;Straße;Betrag\nMüller & Söhne;Königsallee;1.234,50 €\nJäger;Hauptstraße;80,00 €\n"
FRENCH = "client,ville,montant\nCrédit Agricole,Orléans,10\nFrères & Cie,Besançon,20\nLa Fête,Nîmes,5\n"
SPANISH = "cliente,ciudad,importe\nMuñoz,Málaga,10\nGarcía,Logroño,20\nÁlvarez,León,5\n"
POLISH = "klient,miasto,kwota\nZieliński,Łódź,10\nWąsik,Kraków,20\nŚwięty,Gdańsk,5\n"
CZECH = "zákazník,město,částka\nDvořák,Plzeň,10\nNěmcová,Brno,20\nRůžička,Děčín,5\n"

TOLD = [
    *((SIMPLIFIED, encoding) for encoding in ("gbk", "gb18030", "gb2312", "utf-8", "utf-8-sig")),
    *((SIMPLIFIED, encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")),
    *((TRADITIONAL, encoding) for encoding in ("big5", "cp950", "gbk", "utf-8", "utf-16-le")),
    *((JAPANESE, encoding) for encoding in ("cp932", "shift_jis", "utf-8")),
    *((KOREAN, encoding) for encoding in ("cp949", "euc_kr", "utf-8")),
    *((RUSSIAN, encoding) for encoding in ("cp1251", "utf-8", "utf-16-le")),
    *((GERMAN, encoding) for encoding in ("cp1252", "utf-8", "utf-16-le")),
    *((FRENCH, encoding) for encoding in ("cp1252", "latin1", "utf-8")),
    *((text, "mac_roman") for text in (GERMAN, FRENCH, SPANISH)),
    *((SPANISH, encoding) for encoding in ("cp1252", "latin1")),
    *((POLISH, encoding) for encoding in ("cp1250", "utf-8")),
    (CZECH, "cp1250"),
]


@pytest.mark.parametrize(("text", "encoding"), TOLD)
def test_text_is_read_as_it_was_written(tmp_path, text, encoding):
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode(encoding))
    source = read_source(path)
    separator = ";" if text is GERMAN else ","
    header, *rows = [line.split(separator) for line in text.strip().split("\n")]
    assert source.frame.columns.tolist() == header
    assert source.frame.to_numpy().tolist() == rows
    assert source.encoding


CELLS = {
    "gbk": ["客户", "王芳", "李雷", "北京", "订单", "张伟", "刘洋", "陈静", "杨帆", "赵敏", "华为技术", "阿里巴巴"],
    "big5": ["客戶", "王芳", "李雷", "台積電", "鴻海", "陳靜", "林志玲", "張偉", "劉洋", "國泰人壽", "聯發科技"],
    "cp932": ["顧客", "田中", "鈴木", "サンプル", "トヨタ", "ソニー", "東京"],
    "cp949": ["고객", "삼성", "현대", "김철수", "서울"],
    "cp1251": ["Иванов", "Москва", "Клиент", "Київ"],
    "cp1252": ["Müller", "Café", "Muñoz", "Françoise", "Åse", "Søren", "Straße", "José", "Peña", "Crème"],
    "koi8-r": ["Иванов", "Пётр", "Щука"],
    "euc_jp": ["山田太郎", "トヨタ", "株式会社さくら"],
    "cp1254": ["İstanbul", "Şişli", "Güneş", "Işık"],
    "iso-8859-2": ["Šimon", "Żółć", "Wąsik"],
    "cp1250": ["Łódź", "Żółty", "Dvořák", "Wąsik", "Zieliński", "Nagy Győző", "Kovács"],
}


@pytest.mark.parametrize(
    ("encoding", "cell"), [(encoding, cell) for encoding, cells in CELLS.items() for cell in cells]
)
def test_one_short_cell_is_read_right_or_refused(tmp_path, encoding, cell):
    path = tmp_path / "orders.csv"
    path.write_bytes(f"id,name\n1,{cell}\n2,b\n".encode(encoding))
    try:
        assert lb.read_table(path)["name"].tolist() == [cell, "b"]
    except InputError as refused:
        calls = re.findall(r"(lb\.read_table\('.*?', encoding='[\w-]+'\))", str(refused))
        readings = [eval(call, {"lb": lb})["name"].tolist()[0] for call in calls]
        assert cell in (readings or [cell])


def test_letters_that_make_sense_twice_are_refused_with_both_calls(tmp_path):
    path = tmp_path / "kunden.csv"
    path.write_bytes("id,name\n1,a\n2,Fête\n".encode("cp1252"))
    words = r"line 3 may be read as\s+'2,Fête': lb.*encoding='cp1252'\)\s+'2,Fęte': lb.*encoding='cp1250'\)"
    with pytest.raises(InputError, match=words) as caught:
        lb.read_table(path)
    assert caught.value.rows == (3,)


def test_a_wrong_encoding_is_answered_by_those_that_make_sense(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes("id,name\n1,北京华联科技\n".encode("gbk"))
    with pytest.raises(InputError, match=r"not written in utf-8: see line 2\. Its letters .* encoding='gb18030'\.$"):
        lb.read_table(path, encoding="utf-8")
    path.write_bytes("id,name\n1,北京华联科技\n".encode())
    with pytest.raises(InputError, match=r"not written in ascii: see line 2\. It is written in UTF-8"):
        lb.read_table(path, encoding="ascii")


def test_a_czech_name_in_western_text_is_no_proof(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes("id,name\n1,Škoda\n2,Åse\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"'2,Åse'.*encoding='cp1252'"):
        lb.read_table(path)


def test_the_encoding_is_told_far_down(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes(("id,name\n" + "1,plain\n" * 50_000 + "2,北京华联科技\n").encode("gbk"))
    source = read_source(path)
    assert source.frame["name"].iloc[-1] == "北京华联科技"
    assert source.encoding == "gb18030, told by its letters"


@pytest.mark.parametrize("raw", [b"id,name\n1,M\x81ller\n", b"id,name\n1,\xff\xffx\n", b"id,name\n1,M\x81\xf0ller\n"])
def test_what_no_encoding_explains_is_refused(tmp_path, raw):
    path = tmp_path / "orders.csv"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"neither UTF-8 nor another that can be told\. Save the file again"):
        lb.read_table(path)
