"""Amounts: units in headers and cells, decimal marks, notes, currencies and rates."""

import pandas as pd

from ltv_bayes.errors import UnitError
from tests.exports.cases import Case, Make, reads, refuses, text


def log(header: str, *cells: str, separator: str = ",") -> Make:
    """Three orders or more under a header of amounts; a cell may hold the separator."""
    rows = [
        ["客户编号", "订单日期", header],
        *([f"k{n}", f"2024-03-0{n}", cell] for n, cell in enumerate(cells, start=1)),
    ]
    return text("\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows))


def true(*amounts: str) -> str:
    return "\n".join(f"k{n} 2024-03-0{n} {amount}" for n, amount in enumerate(amounts, start=1))


def unit(header: str, *amounts: str) -> Case:
    """1.5, 20 and 0.57 under a header."""
    return reads(f"header {header}", log(header, "1.5", "20", "0.57"), true(*amounts))


TEN_THOUSANDS, THOUSANDS, MILLIONS = (
    ("15000", "200000", "5700"),
    ("1500", "20000", "570"),
    ("1500000", "20000000", "570000"),
)
DATED_RATES = pd.DataFrame(
    {"currency": ["USD", "USD", "EUR"], "date": ["2024-01-01", "2024-03-02", "2024-01-01"], "rate": [7.0, 7.5, 8.0]}
)
LATE_RATES = pd.DataFrame({"currency": ["USD"], "date": ["2024-03-02"], "rate": [7.5]})
COLUMN = """
客户编号,订单日期,订单金额,币种
k1,2024-03-01,100,CNY
k2,2024-03-02,200,CNY
"""
MIXED = """
客户编号,订单日期,订单金额,币种
k1,2024-03-01,100,USD
k2,2024-03-02,200,人民币
k3,2024-03-03,10,欧元
k4,2024-03-04,100,美元
"""
WORDS = COLUMN.replace("CNY", "人民币")
ONE_BLANK = COLUMN.replace("200,CNY", "200,").replace("CNY", "USD")
AT_ODDS = COLUMN.replace(",100,CNY", ",￥100,USD").replace(",200,CNY", ",￥200,USD")

CASES = [
    unit("订单金额(万元)", *TEN_THOUSANDS),
    unit("订单金额（万元）", *TEN_THOUSANDS),
    unit("订单金额/万元", *TEN_THOUSANDS),
    unit("订单金额（单位：万元）", *TEN_THOUSANDS),
    unit("订单金额（人民币万元）", *TEN_THOUSANDS),
    unit("合同金额[万元]", *TEN_THOUSANDS),
    unit("合同金额_千元", *THOUSANDS),
    unit("合同金额(百万元)", *MILLIONS),
    unit("合同金额(亿元)", "150000000", "2000000000", "57000000"),
    unit("订单金额(元)", "1.5", "20", "0.57"),
    unit("订单金额(含税)", "1.5", "20", "0.57"),
    unit("订单金额(W)", *TEN_THOUSANDS),
    unit("Amount (TEUR)", *THOUSANDS),
    unit("Amount (Tsd. €)", *THOUSANDS),
    unit("Amount ($K)", *THOUSANDS),
    unit("Amount (€m)", *MILLIONS),
    reads(
        "header Amount in thousands",
        log("Amount in thousands", "1.5", "20", "0.57"),
        true(*THOUSANDS),
        amount="Amount in thousands",
    ),
    unit("Amount (USD)", "1.5", "20", "0.57"),
    reads(
        "a unit in another word",
        log("万科订单金额", "1.5", "20", "0.57"),
        true("1.5", "20", "0.57"),
        amount="万科订单金额",
    ),
    reads("a unit given", log("订单金额", "1.5", "20", "0.57"), true(*TEN_THOUSANDS), amount_unit="万元"),
    reads("a number given", log("订单金额", "1.5", "20"), true("1500", "20000"), amount_unit=1000),
    reads(
        "the unit of the header given again",
        log("订单金额(万元)", "1.5", "20"),
        true("15000", "200000"),
        amount_unit="万",
    ),
    refuses(
        "another unit given than the header's",
        log("订单金额(万元)", "1.5", "20"),
        "万元",
        "百万",
        right=[true("15000", "200000"), true("1500000", "20000000")],
        error=UnitError,
        amount_unit="百万",
    ),
    refuses(
        "two units in the header",
        log("订单金额(万元/千元)", "1.5"),
        "万元",
        "千元",
        error=UnitError,
        amount="订单金额(万元/千元)",
    ),
    reads(
        "units in cells",
        log("订单金额", "50万元", "1.2亿", "30万", "8千"),
        true("500000", "120000000", "300000", "8000"),
    ),
    reads("units in some cells", log("订单金额", "50万元", "3000", "1.2亿元"), true("500000", "3000", "120000000")),
    reads("the header's unit in cells", log("订单金额(万元)", "50万元", "20万"), true("500000", "200000")),
    refuses(
        "another unit in a cell than in the header",
        log("订单金额(万元)", "50", "3亿"),
        "3亿",
        r"rows? 3\b",
        error=UnitError,
        right=[true("500000", "300000000"), true("50", "300000000")],
    ),
    reads("W in cells", log("订单金额", "1.5w", "2W"), true("15000", "20000")),
    reads(
        "yuan signs",
        log("订单金额", "￥1,234.00", "¥80", "¥ 0.50"),
        true("1234", "80", "0.5"),
        says={"currency": "CNY"},
    ),
    reads(
        "words for yuan",
        log("订单金额", "1,234.00元", "人民币50元", "RMB 1200", "300元整"),
        true("1234", "50", "1200", "300"),
        says={"currency": "CNY"},
    ),
    reads(
        "codes before amounts", log("Amount", "USD 1,200.50", "USD 3"), true("1200.5", "3"), says={"currency": "USD"}
    ),
    reads("full-width digits", log("订单金额", "１２３４", "５６．５０", "１，２００"), true("1234", "56.5", "1200")),
    reads(
        "below zero in brackets and with signs",
        log("订单金额", "(1,234.00)", "-¥300", "¥-20", "−5"),
        true("-1234", "-300", "-20", "-5"),
    ),
    reads("notes on tax", log("订单金额", "1,200.00（含税）", "300元(含税)"), true("1200", "300")),
    reads("blanks within thousands", log("Amount", "1 234,50", "12 000,00"), true("1234.5", "12000")),
    reads("Swiss thousands", log("Amount", "1'234.50", "12'000.00"), true("1234.5", "12000")),
    reads("Indian thousands", log("Amount", "1,23,456.00", "99.50"), true("123456", "99.5")),
    reads(
        "decimal commas",
        log("Amount", "1.234,56 €", "12,50 €", "1.000.000,00 €"),
        true("1234.56", "12.5", "1000000"),
        says={"currency": "EUR"},
    ),
    reads("decimal commas without thousands", log("Amount", "12,5", "3,25"), true("12.5", "3.25")),
    reads("decimal commas, given", log("Amount", "1.234", "12,5"), true("1234", "12.5"), decimal=","),
    refuses(
        "both decimal marks",
        log("Amount", "1.234,56", "1,234.56"),
        r"rows? 2\b",
        r"rows? 3\b",
        "two decimal marks",
        right=["k1 2024-03-01 1234.56", "k2 2024-03-02 1234.56"],
    ),
    refuses(
        "an open mark",
        log("Amount", "1.234", "5.678"),
        "decimal=",
        r"1\.234",
        right=[true("1234", "5678"), true("1.234", "5.678")],
    ),
    refuses(
        "words for no amount",
        log("订单金额", "100", "--", "暂无"),
        "without an amount",
        r"rows? 3 and 4|rows? 3, 4",
        right=[true("100")],
    ),
    reads(
        "words for no amount, left out",
        log("订单金额", "100", "--", "暂无"),
        true("100"),
        "without an amount | -\nwithout an amount | -",
        bad_rows="drop",
    ),
    refuses("an amount in words", log("订单金额", "100", "面议"), "amount", r"row 3\b", right=[true("100")]),
    refuses(
        "two amounts in a cell", log("订单金额", "100", "100+20"), "cannot be read", r"100\+20", right=[true("100")]
    ),
    refuses("a percentage", log("订单金额", "100", "5%"), r"row 3\b", right=[true("100")]),
    refuses("an amount beyond all money", log("订单金额", "100", "1e300"), r"row 3\b", right=[true("100")]),
    reads("amounts of many digits", log("订单金额", "123456789012.34", "0.01"), true("123456789012.34", "0.01")),
    reads("an amount of 0", log("订单金额", "0", "3"), true("0", "3")),
    reads(
        "no money at all", text("客户编号,订单日期\nk1,2024-03-01\nk2,2024-03-02\n"), true("-", "-"), "", amount=None
    ),
    refuses(
        "no column of money",
        text("客户编号,订单日期\nk1,2024-03-01\n"),
        "amount",
        "amount=None",
        error=KeyError,
        right=[true("-")],
    ),
    reads("a column of one currency", text(COLUMN), true("100", "200"), says={"currency": "CNY"}),
    reads("a column of one currency in words", text(WORDS), true("100", "200"), says={"currency": "CNY"}),
    refuses(
        "several currencies",
        text(MIXED),
        "3 currencies",
        r"USD in rows 2 and 5|USD in rows 2, 5",
        r"CNY in rows? 3",
        r"EUR in rows? 4",
        "rates=",
    ),
    refuses("several currencies, one wanted", text(MIXED), "rates=", r"\b2\b", currency="CNY"),
    refuses(
        "several currencies, one rate missing", text(MIXED), "EUR", r"rows? 4\b", currency="CNY", rates={"USD": 7.0}
    ),
    reads(
        "several currencies at fixed rates",
        text(MIXED),
        true("700", "200", "80", "700"),
        currency="CNY",
        rates={"USD": 7.0, "EUR": 8.0},
        file_amount="410",
        says={"currency": "CNY", "notes": "200.*USD"},
    ),
    reads(
        "several currencies at dated rates",
        text(MIXED),
        true("700", "200", "80", "750"),
        currency="CNY",
        rates=DATED_RATES,
        file_amount="410",
    ),
    refuses(
        "a rate that begins too late",
        text(COLUMN.replace("CNY", "USD")),
        "before the first rate",
        r"row 2\b",
        currency="CNY",
        rates=LATE_RATES,
    ),
    refuses(
        "one currency, another wanted",
        text(COLUMN),
        "never relabelled",
        "CNY",
        "USD",
        currency="USD",
        right=[true("100", "200")],
    ),
    refuses(
        "signs of two currencies", log("Amount", "$100", "€20"), "2 currencies", r"USD in rows? 2", r"EUR in rows? 3"
    ),
    refuses(
        "a sign against the header", log("Amount (USD)", "￥100", "￥20"), "USD", r"rows? 2", amount="Amount (USD)"
    ),
    refuses("a sign against the column of currencies", text(AT_ODDS), "CNY", "USD", r"rows? 2"),
    refuses("a blank cell among currencies", text(ONE_BLANK), r"row 3\b", right=[true("100", "200")]),
    reads(
        "a currency said for all",
        log("Amount", "100", "20"),
        true("100", "20"),
        currency="USD",
        says={"currency": "USD"},
    ),
    refuses("rates without a currency", text(COLUMN), "currency=", rates={"USD": 7.0}, right=[true("100", "200")]),
]
