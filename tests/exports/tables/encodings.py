"""Files of every encoding."""

import codecs

from tests.exports.cases import either, raw, reads, refuses, text

CHINESE = """
客户名称,订单日期,订单金额,备注
王芳,2024-03-01,1200.50,首单
李娜,2024-03-05,80,老客户
王芳,2024-04-02,300,
上海云杉科技有限公司,2024-05-20,45000,含安装
"""
TRUE = """
王芳 2024-03-01 1200.50
李娜 2024-03-05 80
王芳 2024-04-02 300
上海云杉科技有限公司 2024-05-20 45000
"""
RARE = CHINESE.replace("李娜", "李䶮𠮷")
TAIWAN = """
客戶名稱,訂單日期,訂單金額,備註
王芳,2024-03-01,1200.50,首單
陳國強,2024-03-05,80,老客戶
臺北雲端科技股份有限公司,2024-05-20,45000,含安裝
"""
TAIWAN_TRUE = """
王芳 2024-03-01 1200.50
陳國強 2024-03-05 80
臺北雲端科技股份有限公司 2024-05-20 45000
"""
TAIWAN_COLUMNS = {"customer": "客戶名稱", "date": "訂單日期", "amount": "訂單金額"}
GERMAN = """
Customer;Order date;Amount;Notiz
Müller GmbH;2024-03-01;1.200,50;für Österreich
Groß & Söhne;2024-03-05;80,00;
Müller GmbH;2024-04-02;300,00;Straße
"""
GERMAN_TRUE = """
Müller GmbH 2024-03-01 1200.50
Groß & Söhne 2024-03-05 80
Müller GmbH 2024-04-02 300
"""
FRENCH = """
Customer,Order date,Amount
Société Générale d'Électricité,2024-03-01,1200.50
Café à l'Étoile,2024-03-05,80
"""
FRENCH_TRUE = "Société Générale d'Électricité 2024-03-01 1200.50\nCafé à l'Étoile 2024-03-05 80"
POLISH = """
Customer,Order date,Amount
Zażółć Gęślą Jaźń,2024-03-01,1200.50
Łódź Spółka,2024-03-05,80
"""
POLISH_TRUE = "Zażółć Gęślą Jaźń 2024-03-01 1200.50\nŁódź Spółka 2024-03-05 80"
RUSSIAN = """
Клиент,Дата,Сумма
Иванов и сыновья,2024-03-01,1200.50
ООО Ромашка,2024-03-05,80
"""
RUSSIAN_TRUE = "Иванов и сыновья 2024-03-01 1200.50\nООО Ромашка 2024-03-05 80"
JAPANESE = """
顧客,注文日,金額
株式会社さくら,2024-03-01,1200.50
トヨタ商事,2024-03-05,80
"""
JAPANESE_TRUE = "株式会社さくら 2024-03-01 1200.50\nトヨタ商事 2024-03-05 80"
KOREAN = """
고객,주문일자,금액
삼성물산 주식회사,2024-03-01,1200.50
김민수,2024-03-05,80
"""
KOREAN_TRUE = "삼성물산 주식회사 2024-03-01 1200.50\n김민수 2024-03-05 80"
NAMES_ALONE = """
customer,date,amount
王芳,2024-03-01,1200.50
李娜,2024-03-05,80
"""
NAMES_TRUE = "王芳 2024-03-01 1200.50\n李娜 2024-03-05 80"
BYTES = CHINESE.lstrip("\n").encode()

CASES = [
    reads("utf-8", text(CHINESE), TRUE, says={"encoding": "UTF-8"}),
    reads("utf-8 with a mark", text(CHINESE, encoding="utf-8-sig"), TRUE, says={"encoding": "(?i)utf-8"}),
    reads("utf-16 with a mark", text(CHINESE, encoding="utf-16"), TRUE, says={"encoding": "(?i)utf-16"}),
    reads("utf-16 BE with a mark", text(CHINESE, encoding="utf-16-be", before=codecs.BOM_UTF16_BE), TRUE),
    reads("utf-16 LE without a mark", text(CHINESE, encoding="utf-16-le"), TRUE, says={"encoding": "(?i)utf-16"}),
    reads("utf-32 with a mark", text(CHINESE, encoding="utf-32"), TRUE),
    reads("gbk", text(CHINESE, encoding="gbk"), TRUE, says={"encoding": "(?i)gb"}),
    reads("gbk, as given", text(CHINESE, encoding="gbk"), TRUE, encoding="gbk", says={"encoding": "(?i)gbk"}),
    reads("gb18030 with letters of four bytes", text(RARE, encoding="gb18030"), TRUE.replace("李娜", "李䶮𠮷")),
    reads("gbk with full-width yen signs", text(CHINESE.replace("1200.50", "￥1200.50"), encoding="gbk"), TRUE),
    reads("gbk names under an English header", text(NAMES_ALONE, encoding="gbk"), NAMES_TRUE),
    reads("big5", text(TAIWAN, encoding="cp950"), TAIWAN_TRUE, **TAIWAN_COLUMNS, says={"encoding": "(?i)950|big5"}),
    reads("big5, as given", text(TAIWAN, encoding="big5"), TAIWAN_TRUE, encoding="big5", **TAIWAN_COLUMNS),
    reads("cp1252 German", text(GERMAN, encoding="cp1252"), GERMAN_TRUE, says={"encoding": "1252"}),
    reads("latin-1 French", text(FRENCH, encoding="latin-1"), FRENCH_TRUE),
    reads("cp1250 Polish, as given", text(POLISH, encoding="cp1250"), POLISH_TRUE, encoding="cp1250"),
    reads("cp1250 Polish", text(POLISH, encoding="cp1250"), POLISH_TRUE),
    reads(
        "cp1251 Russian", text(RUSSIAN, encoding="cp1251"), RUSSIAN_TRUE, customer="Клиент", date="Дата", amount="Сумма"
    ),
    reads(
        "cp932 Japanese", text(JAPANESE, encoding="cp932"), JAPANESE_TRUE, customer="顧客", date="注文日", amount="金額"
    ),
    reads("cp949 Korean", text(KOREAN, encoding="cp949"), KOREAN_TRUE, customer="고객", date="주문일자", amount="금액"),
    refuses(
        "gbk, but utf-8 is given",
        text(CHINESE, encoding="gbk"),
        "not written in utf-8",
        r"line 1\b",
        "encoding=",
        right=[TRUE],
        encoding="utf-8",
    ),
    refuses(
        "gbk names under an English header, but utf-8 is given",
        text(NAMES_ALONE, encoding="gbk"),
        "not written in utf-8",
        r"line 2\b",
        right=[NAMES_TRUE],
        encoding="utf-8",
    ),
    refuses(
        "utf-8 names with one broken byte",
        raw("orders.csv", NAMES_ALONE.encode() + b"\xff\xff,2024-03-09,1\n"),
        "encoding",
    ),
    refuses("an encoding of no such name", text(CHINESE), "encoding", "not known", right=[TRUE], encoding="gbx"),
    refuses(
        "utf-8 with one broken byte",
        raw("orders.csv", BYTES.replace("李娜".encode(), b"\xe6\x9d\x8e\xff")),
        "encoding",
        right=[TRUE.replace("李娜", "李ÿ")],
    ),
    refuses("null bytes", raw("orders.csv", BYTES + b"\0\0\0\0,2024-03-01,5\n"), "null"),
    refuses(
        "bytes at random", raw("orders.csv", bytes((place * 89 + 151) % 256 for place in range(999))), "orders.csv"
    ),
    reads("emoji", text(NAMES_ALONE.replace("王芳", "🙂 王芳")), NAMES_TRUE.replace("王芳", "🙂 王芳")),
    *[
        either(
            f"{encoding} names alone",
            text(NAMES_ALONE.replace("王芳", one).replace("李娜", two), encoding=encoding),
            NAMES_TRUE.replace("王芳", one).replace("李娜", two),
            "encoding",
            right=[NAMES_TRUE.replace("王芳", shown[0]).replace("李娜", shown[1])] if shown else [],
        )
        for encoding, one, two, *shown in (  # and what another encoding shows, from which the reader may choose
            ("koi8-r", "Иванов", "Пётр", "樽廖献", "穑砸"),
            ("euc_jp", "山田太郎", "トヨタ"),
            ("cp1254", "İstanbul Ticaret", "Şişli", "Ýstanbul Ticaret", "Ţiţli"),
            ("iso-8859-2", "Šimon", "Żółć"),
            ("cp850", "Müller", "Groß"),
        )
    ],
]
