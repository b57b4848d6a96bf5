"""Rows that add up others: totals and subtotals, which are no orders."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.data.exports.order_lines import blank_cells
from ltv_bayes.data.exports.roles import Roles

TOTAL_ROW = "total of other rows"
BALANCE_ROW = "average or balance of other rows"
PERIOD = (
    r"(?:\d{2,4}\s*年?度?\s*(?:\d{1,2}\s*月)?|\d{1,2}\s*月份?|[本上全]?[年季月周日页]度?|第?[一二三四1-4]季度|q[1-4])?"
)
CHINESE = rf"{PERIOD}\s*(?:小计|合计|总计|共计|累计|汇总|总合计|金额合计|合计金额)"
ENGLISH = (
    r"(?:grand[\s-]*total|sub[\s-]*total|totals|total general|gesamtsumme|zwischensumme|gesamt|"
    r"total (?:amount|sum|sales|revenue))"
)
COUNT = (
    r"共?\s*(?:计|有)?\s*\d+\s*[条笔行个](?:记录|数据|订单)?|(?:total|number of) records\s*:?\s*\d+|"
    r"\d+ (?:records|rows)"
)
SPACED = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
BALANCE = (
    r"平均值?|均值|最大值|最小值|averages?|mean|(?:期初|期末|年初|年末|上[年期月])(?:余额|结转|结余)|"
    r"(?:opening|closing) balance|balance (?:brought|carried) forward"
)
SURELY = re.compile(
    rf"(?:(?:.*\S)?\s*{CHINESE}|{ENGLISH}|{COUNT}|(?:total|sum)\s+\d{{2,4}}|\d{{2,4}}\s+(?:sub)?total)\s*(?:[::(（].*)?"
)
BALANCES = re.compile(BALANCE)
PERHAPS = re.compile(r"(?:total|sum|summe)\s*:?|.+\s(?:total|subtotal|count)")
EXACTLY = re.compile(r"(?:total|sum|summe)\s*:?")
HINT = r"(?i)total|sum|average|mean|balance|count|records|rows|gesamt|[计計共汇匯條条笔行个均值额结]"
GROUP_TOTAL = re.compile(r"\s*(?:total|subtotal|小计|合计|总计|汇总)$")
CENT = 0.005
FEWEST = 4


def total_rows(frame: pd.DataFrame, roles: Roles, amounts: np.ndarray) -> dict[str, np.ndarray]:
    """Mark rows that are totals of other rows, and averages or balances, by what they are called as a reason.

    A word such as 合计 or Grand total in the place of a customer, a date, an order or in the first cell makes one.
    Words that may be the name of a customer, such as Total, make one only where the row has no date, or adds up the
    rows above.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table as it was read.
    roles : Roles
        Its columns.
    amounts : numpy.ndarray
        The amount of each row, NaN where there is none.
    """
    places = [
        roles.columns[role] for role in ("customer", "customer_name", "date", "order_id") if role in roles.columns
    ]
    searched = list(dict.fromkeys([*places, *frame.columns[:1]]))
    hinted = {name: _hinted(frame[name]) for name in searched}
    surely, perhaps = _saying(hinted, SURELY, len(frame)), _saying(hinted, PERHAPS, len(frame))
    balances = _saying(hinted, BALANCES, len(frame))
    nameless = np.logical_and.reduce([blank_cells(frame[name].iloc[-1:]) for name in places])
    if not (surely.any() or perhaps.any() or nameless.any()):
        return {TOTAL_ROW: _of_lines(frame, roles, amounts), BALANCE_ROW: balances}
    undated = blank_cells(frame[roles.columns["date"]]) | _saying(
        {"date": hinted[roles.columns["date"]]}, SURELY, len(frame)
    )
    lone = np.zeros(len(frame), dtype=bool)
    lone[-1:] = nameless
    sums = _adds_up(
        np.nan_to_num(amounts), np.flatnonzero((perhaps | lone) & ~surely), surely | perhaps | lone | balances
    )
    exactly = _saying(hinted, EXACTLY, len(frame))
    group = perhaps & undated & _of_the_row_above(frame, searched)
    group = group | _of_lines(frame, roles, amounts)
    totals = surely | (perhaps & (sums | (undated & exactly))) | (lone & sums) | group
    return {TOTAL_ROW: totals & ~balances, BALANCE_ROW: balances}


def _of_lines(frame: pd.DataFrame, roles: Roles, amounts: np.ndarray) -> np.ndarray:
    """Rows whose product is called a total, and whose amount is the sum of the rows of their order above."""
    found = np.zeros(len(frame), dtype=bool)
    if "product" not in roles.columns or "order_id" not in roles.columns:
        return found
    words, amounts = _hinted(frame[roles.columns["product"]]), np.nan_to_num(amounts)
    orders = frame[roles.columns["order_id"]]
    for place, word in words.items():
        if SURELY.fullmatch(word) or EXACTLY.fullmatch(word):
            first = place
            while first and orders.iloc[first - 1] == orders.iloc[place]:
                first -= 1
            above = amounts[first:place].sum()
            found[place] = place - first > 1 and _is_rounded(above, amounts[place])
    return found


def _rounding(amount: float) -> float:
    """By how much a sum may miss a total: half a cent, less where amounts are small, and what floats leave out."""
    return max(min(CENT, 1e-4 * abs(amount)), 1e-12 * abs(amount))


def last_adds_up(log: pd.DataFrame) -> bool:
    """Whether the last order is the sum of all others, and its customer has no other: a total by another name."""
    amounts = log["amount"].to_numpy()
    others, last = amounts[:-1], amounts[-1:].sum()
    if len(others) < FEWEST or not (others > 0).all() or not _is_rounded(others.sum(), last):
        return False
    alone = not (log["customer_id"].iloc[:-1] == log["customer_id"].iloc[-1]).any()
    return bool(alone and len(np.unique(others)) == len(others))


def _is_rounded(total: float, amount: float) -> bool:
    return bool(abs(total - amount) < _rounding(amount))


def _of_the_row_above(frame: pd.DataFrame, names: Sequence[Any]) -> np.ndarray:
    """Rows such as "Acme Total" below rows of Acme, as a spreadsheet's subtotals are called."""
    found = np.zeros(len(frame), dtype=bool)
    for name in names:
        words = frame[name].map(_plain, na_action="ignore")
        groups = words.str.replace(GROUP_TOTAL, "", regex=True) if pd.api.types.is_string_dtype(words.dtype) else words
        found |= ((groups != words) & (groups == words.shift())).to_numpy(dtype=bool, na_value=False)
    return found


def _hinted(cells: pd.Series) -> dict[int, str]:
    """Cells with a piece of a word for a total, by their places, as they are compared."""
    if pd.api.types.is_numeric_dtype(cells.dtype) or pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return {}
    texts = cells.map(str, na_action="ignore").astype("str") if cells.dtype == object else cells
    marks = pc.match_substring_regex(pa.array(texts), HINT).fill_null(False)
    return {int(place): _plain(texts.iloc[place]) for place in np.flatnonzero(marks.to_numpy(zero_copy_only=False))}


def _saying(hinted: Mapping[Any, Mapping[int, str]], pattern: re.Pattern[str], number: int) -> np.ndarray:
    """Rows in which a cell is such a word as a whole."""
    found = np.zeros(number, dtype=bool)
    found[[place for cells in hinted.values() for place, word in cells.items() if pattern.fullmatch(word)]] = True
    return found


def _plain(word: Any) -> str:
    text = str(word)
    return SPACED.sub("", (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().strip())


def _adds_up(amounts: np.ndarray, asked: np.ndarray, no_orders: np.ndarray) -> np.ndarray:
    """Of some rows, whether the amount is the sum of the rows above, since the last total or since the first row."""
    sums = np.concatenate([[0.0], np.cumsum(np.where(no_orders, 0.0, amounts))])
    found = np.zeros(len(amounts), dtype=bool)
    before = np.flatnonzero(no_orders)
    for place in asked:
        earlier = before[before < place]
        starts = {0, *(int(one) for one in earlier[-1:])}
        blocks = [sums[place] - sums[start] for start in starts]
        number = place - max(starts)
        found[place] = number > 1 and amounts[place] != 0 and any(_is_rounded(one, amounts[place]) for one in blocks)
    return found
