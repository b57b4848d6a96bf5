"""Exports made by chance: one log of orders in a container, a language, a shape and a hand that are drawn.

What must come out is known before anything is written: the orders are drawn first, and every row that is written is
noted with its fate.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.exports.cases import Case, Left, Order
from tests.exports.workbooks import Sheet, write_ods, write_xls, write_xlsb, write_xlsx

ROLES = ("customer", "date", "amount", "order", "status", "product", "note")
LABELS = {
    "Chinese": "客户名称 下单日期 订单金额 订单编号 订单状态 产品名称 备注",
    "ids": "客户编号 签约日期 合同金额 合同编号 合同状态 品名 负责人",
    "English": "Customer_ID Order_Date Order_Amount Order_No. Order_Status Product Sales_rep",
    "Fxiaoke": "客户名称 下单日期 订单金额 销售订单编号 生命状态 产品 负责人主属部门",
}
KEPT = {
    "Chinese": ["已完成", "已付款"],
    "ids": ["已生效", "执行中"],
    "English": ["Completed", "Paid"],
    "Fxiaoke": ["正常"],
}
OUT = {
    "Chinese": {"作废": "void", "已取消": "void", "草稿": "draft", "已退款": "refunded"},
    "ids": {"作废": "void", "待审批": "draft"},
    "English": {"Cancelled": "void", "Draft": "draft", "Refunded": "refunded"},
    "Fxiaoke": {"作废": "void", "未生效": "draft"},
}
PEOPLE = ["云杉科技有限公司", "青石贸易", "王芳", "白塔医药（北京）", "C-0007", "0004", "Total", "合计科技有限公司"]
PRODUCTS = ["白板", "笔", "小计", "Desk, large", "墨水 5L"]
DAYS: dict[str, Callable[[dt.date], Any]] = {
    "iso": lambda day: day.isoformat(),
    "slashes": lambda day: f"{day.year}/{day.month}/{day.day}",
    "Chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "time": lambda day: f"{day.isoformat()} 23:59:30",
    "compact": lambda day: f"{day:%Y%m%d}",
    "cells": lambda day: day,
    "moments": lambda day: dt.datetime(day.year, day.month, day.day, 18, 30),
}
TYPED = ("cells", "moments")
BOOKS = {"a.xlsx": write_xlsx, "a.xls": write_xls, "a.xlsb": write_xlsb, "a.ods": write_ods}
TEXTS = {"utf-8": ",", "utf-8-sig": ",", "gb18030": ",", "utf-16": "\t"}


@dataclass
class Made:
    """An export while it is written: its rows, and the fate of each."""

    rows: list[list[Any]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """The row of each order."""


SPOILT = {
    "amount": ("面议中", "with an amount that cannot be read"),
    "date": ("昨天", "with a date that cannot be read"),
    "customer": (None, "without a customer id"),
}
"""By the role of a cell: what is written instead, and why its row cannot be read."""


def drawn(seed: int, spoil: str = "") -> Case:
    """One export, and what must come of it.

    Parameters
    ----------
    seed : int
        Of the random stream.
    spoil : str, optional
        The role of which one cell is spoilt: the export must be refused, and read without that row if it is left out.
    """
    chance = random.Random(seed)
    container = chance.choice([*BOOKS, *TEXTS, "page"])
    language = chance.choice(list(LABELS))
    shape = chance.choice(
        ["plain"]
        if spoil
        else [
            "plain",
            "plain",
            "blanks",
            "repeated",
            *(["merged"] if container in ("a.xlsx", "a.xls", "a.ods") else []),
        ]
    )
    kind_of_day = chance.choice([name for name in DAYS if container in BOOKS or name not in TYPED])
    money, header = _money(chance, container)
    with_status, footer = chance.random() < 0.6, chance.choice(["", "", "total", "months"])
    roles = ["order", "customer", "date", *(["status"] if with_status else []), "amount"]
    roles += ["product"] if shape != "plain" else chance.choice([[], ["note"], ["product"]])
    labels = dict(zip(ROLES, LABELS[language].split(), strict=True))
    made = Made()
    made.rows.append([header(labels[role]) if role == "amount" else labels[role] for role in roles])
    day = dt.date(2023, 1, 3)
    month, by_month, whole = None, Decimal(0), Decimal(0)
    for number in range(chance.randint(6, 14)):
        day += dt.timedelta(days=chance.randint(1, 25))
        amount = Decimal(chance.randint(1, 3_000_000)) / 100
        if footer == "months" and month not in (None, day.month):
            _total(made, roles, f"{month}月小计", by_month, money)
            by_month = Decimal(0)
        month = day.month
        word = chance.choice(KEPT[language] if number < 3 or chance.random() < 0.7 else list(OUT[language]))
        lines = 1 if shape == "plain" else (2 if number < 3 else chance.randint(1, 3))
        about = {"order": f"SO-{1000 + number}", "customer": chance.choice(PEOPLE), "date": DAYS[kind_of_day](day)}
        about |= {"status": word, "amount": money(amount), "note": "李四"}
        reason = f"by status: {OUT[language][word]}" if with_status and word in OUT[language] else ""
        written = _lines(made, chance, roles, shape, about, lines)
        for line in range(lines):
            at = amount if line == 0 or shape == "repeated" else None
            _fate(made, shape, reason, line, about["customer"], day, at)
        by_month += amount * (lines if shape == "repeated" else 1)
        whole += amount * (lines if shape == "repeated" else 1)
        if shape == "plain" and not spoil and chance.random() < 0.1:
            made.rows.append(list(written))
            made.left.append((reason or "exported twice", amount))
            by_month, whole = by_month + amount, whole + amount
    if footer:
        _total(made, roles, f"{month}月小计", by_month, money) if footer == "months" else None
        _total(made, roles, chance.choice(["合计", "总计", "Grand Total"]), whole, money)
    above = chance.choice([[], [["销售订单明细"]], [["订单导出"], ["导出人：张三"], []]])
    words: tuple[str, ...] = ()
    if spoil:
        words = _spoil(made, roles, spoil, chance.randrange(len(made.orders)), len(above))
    drew = [container, language, shape, f"{kind_of_day} days", footer or "no totals", f"{len(above)} rows above"]
    name = f"{seed}: {', '.join(drew)}"
    return Case(name, _writer(container, made, above), {}, made.orders, made.left, words, kind="crossed")


def _spoil(made: Made, roles: list[str], role: str, which: int, above: int) -> tuple[str, ...]:
    """Spoil a cell of an order; give what must be said of it."""
    place = made.places[which]
    written, reason = SPOILT[role]
    made.rows[place][roles.index(role)] = written
    _, _, amount = made.orders.pop(which)
    made.left.append((reason, None if role == "amount" else amount))
    return (reason, rf"\(row {above + place + 1}\)", *([written] if written else []))


def _money(chance: random.Random, container: str) -> tuple[Callable[[Decimal], Any], Callable[[str], str]]:
    """A hand that writes amounts, and the name of their column."""

    def times(amount: Decimal) -> str:
        return f"{(amount / 10_000).normalize():f}"

    hands: list[tuple[Callable[[Decimal], Any], str]] = [
        (lambda amount: f"{amount:.2f}", "{}"),
        (lambda amount: f"{amount:,.2f}", "{}"),
        (lambda amount: f"￥{amount:,.2f}", "{}"),
        (lambda amount: f"{amount:,.2f}元", "{}(元)"),
        (lambda amount: f"{times(amount)}万元", "{}"),
        (times, "{}（万元）"),
    ]
    if container in BOOKS:
        hands += [(float, "{}"), (float, "{}(元)"), (lambda amount: float(times(amount)), "{}(万元)")]
    write, name = chance.choice(hands)
    return write, name.format


def _lines(
    made: Made, chance: random.Random, roles: list[str], shape: str, about: dict[str, Any], lines: int
) -> list[Any]:
    """Write an order over its rows; give the last."""
    top = len(made.rows)
    products = chance.sample(PRODUCTS, lines)
    row: list[Any] = []
    for line in range(lines):
        cells = {**about, "product": products[line]}
        hidden = line > 0 and shape in ("merged", "blanks")
        row = [None if hidden and role != "product" else cells[role] for role in roles]
        made.rows.append(row)
    if shape == "merged" and lines > 1:
        made.merged += [(top, place, top + lines - 1, place) for place, role in enumerate(roles) if role != "product"]
    return row


def _fate(made: Made, shape: str, reason: str, line: int, customer: str, day: dt.date, amount: Decimal | None) -> None:
    """Note what must become of a row."""
    if line and shape in ("merged", "blanks"):
        made.left.append(("line of an order", None))
    elif reason:
        made.left.append((reason, amount))
    elif line:
        made.left.append(("line that repeats", amount))
    else:
        made.orders.append((customer, day, amount))
        made.places.append(len(made.rows) - 1)


def _total(made: Made, roles: list[str], word: str, amount: Decimal, money: Callable[[Decimal], Any]) -> None:
    made.rows.append([word, *(money(amount) if role == "amount" else None for role in roles[1:])])
    made.left.append(("total of other rows", amount))


def _writer(container: str, made: Made, above: list[list[Any]]) -> Callable[[Path], Path]:
    rows, down = [*above, *made.rows], len(above)
    spans = [(top + down, left, bottom + down, right) for top, left, bottom, right in made.merged]

    def write(folder: Path) -> Path:
        if container in BOOKS:
            return BOOKS[container](folder / container, Sheet(rows, merged=spans))
        if container == "page":
            path = folder / "a.xls"
            path.write_text(f'<meta charset="utf-8"><table>{"".join(map(_page_row, rows))}</table>', encoding="utf-8")
            return path
        path = folder / "a.csv"
        mark = TEXTS[container]
        lines = [
            mark.join(f'"{"" if cell is None else cell}"' if cell or not row else "" for cell in row) for row in rows
        ]
        path.write_bytes("\r\n".join(lines).encode(container))
        return path

    return write


def _page_row(row: list[Any]) -> str:
    return f"<tr>{''.join(f'<td>{"" if cell is None else cell}</td>' for cell in row)}</tr>"
