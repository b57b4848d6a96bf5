"""Rows that add up others: totals and subtotals, which are no orders."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.order_lines import blank_cells
from ltv_bayes.data.exports.roles import Roles

TOTAL_ROW = "total of other rows"
PERIOD = r"(?:\d{2,4}\s*年?度?\s*(?:\d{1,2}\s*月)?|[本上全]?[年季月周日页]度?|第?[一二三四1-4]季度|q[1-4])?"
CHINESE = rf"{PERIOD}\s*(?:小计|合计|总计|共计|累计|汇总|总合计|金额合计|合计金额)"
ENGLISH = r"(?:grand[\s-]*total|sub[\s-]*total|totals|total general|gesamtsumme|zwischensumme|gesamt|total (?:amount|sum|sales|revenue))"
COUNT = r"共?\s*(?:计|有)?\s*\d+\s*[条笔行个](?:记录|数据|订单)?|(?:total|number of) records\s*:?\s*\d+|\d+ (?:records|rows)"
SPACED = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
SURELY = re.compile(
    rf"(?:{CHINESE}|{ENGLISH}|{COUNT}|(?:total|sum)\s+\d{{2,4}}|\d{{2,4}}\s+(?:sub)?total)\s*(?:[::(（].*)?"
)
PERHAPS = re.compile(r"(?:total|sum|summe)\s*:?|.+\s(?:total|subtotal|count)|.+\s?(?:小计|合计|总计|汇总)")
GROUP_TOTAL = re.compile(r"\s*(?:total|subtotal|小计|合计|总计|汇总)$")
CENT = 0.005


def total_rows(frame: pd.DataFrame, roles: Roles, amounts: np.ndarray) -> np.ndarray:
    """Mark rows that are totals of other rows.

    A word such as 合计 or Grand total in the place of a customer, a date, an order or in the first cell makes one. Words
    that may be the name of a customer, such as Total, make one only where the row has no date, or adds up the rows above.

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
    surely, perhaps = _saying(frame, searched, SURELY), _saying(frame, searched, PERHAPS)
    nameless = np.logical_and.reduce([blank_cells(frame[name]) for name in places])
    if not (surely.any() or perhaps.any() or nameless.any()):
        return surely
    undated = blank_cells(frame[roles.columns["date"]]) | _saying(frame, [roles.columns["date"]], SURELY)
    lone = np.zeros(len(frame), dtype=bool)
    lone[-1:] = nameless[-1:]
    sums = _adds_up(np.nan_to_num(amounts), np.flatnonzero((perhaps | lone) & ~surely), surely | perhaps | lone)
    exactly = _saying(frame, searched, re.compile(r"(?:total|sum|summe)\s*:?"))
    group = perhaps & undated & _of_the_row_above(frame, searched)
    return surely | (perhaps & (sums | (undated & exactly))) | (lone & sums) | group


def _of_the_row_above(frame: pd.DataFrame, names: Sequence[Any]) -> np.ndarray:
    """Rows such as "Acme Total" below rows of Acme, as a spreadsheet's subtotals are called."""
    found = np.zeros(len(frame), dtype=bool)
    for name in names:
        words = frame[name].map(_plain, na_action="ignore")
        groups = words.str.replace(GROUP_TOTAL, "", regex=True) if pd.api.types.is_string_dtype(words.dtype) else words
        found |= ((groups != words) & (groups == words.shift())).to_numpy(dtype=bool, na_value=False)
    return found


def _saying(frame: pd.DataFrame, names: Sequence[Any], pattern: re.Pattern[str]) -> np.ndarray:
    """Rows in which a cell of some columns is such a word as a whole."""
    found = np.zeros(len(frame), dtype=bool)
    for name in names:
        if pd.api.types.is_numeric_dtype(frame[name].dtype) or pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            continue
        codes, distinct = pd.factorize(frame[name])
        says = [pattern.fullmatch(_plain(word)) is not None for word in distinct]
        found |= np.append(says, False)[codes].astype(bool)
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
        found[place] = (
            number > 1
            and amounts[place] != 0
            and any(abs(amounts[place] - one) < max(CENT, 1e-12 * abs(one)) for one in blocks)
        )
    return found
