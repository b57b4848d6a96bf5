r"""Number formats of spreadsheets: cells keep their full numbers, and are shown as people write them.

Sections are in ascending order, ``[<9995]#,##0;[<99950000]0\.0,"万";0\.00,,"亿"``: a number below all bounds, as a
negative one, falls in the first and keeps its sign in Excel and in LibreOffice. A comma behind the digits divides by a
thousand, and a point that is text moves the digits once more: 62,000 with ``0\.0,`` is 62 thousand, shown as 6.2.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ltv_bayes.formatting import NEARLY, money_sizes, percent, probability
from ltv_bayes.tables.headings import Kind

IN_SIZE: Mapping[float, str] = {
    1e3: "#,##0.0,",
    1e4: "0\\.0,",
    1e6: "#,##0.0,,",
    1e8: "0\\.00,,",
    1e9: "#,##0.0,,,",
    1e12: "#,##0.0,,,,",
}
"""How a number is shown in thousands, in 万, and so on."""
WHOLE, CENTS = "#,##0", "#,##0.00"
FORMATS: Mapping[Kind, str] = {
    "share": "[<0.0095]0.0%;0%",
    "probability": '[<0.005]"< 0.01";[<0.995]0.00;"> 0.99"',
    "count": WHOLE,
    "number": "[<10]0.000;[<1000]0.0;#,##0",
    "ratio": "[<99.95]0.00;#,##0",
    "duration": "0.0",
    "date": "yyyy-mm-dd",
    "id": "0",
    "text": "@",
    "yes_no": "General",
}
FEW = 1000.0
"""Below this, amounts are shown to the cent."""
MANY = 10.0
"""Amounts of both signs are shown in the largest size of which the largest is as many."""


def number_format(kind: Kind, cells: pd.Series, currency: str | None = None) -> str:
    """The number format of a column.

    Parameters
    ----------
    kind : str
        What it holds, see `headings`.
    cells : pandas.Series
        The column: amounts are shown in sizes that go with the largest.
    currency : str, optional
        Yuan are shown in 万 and 亿.

    Examples
    --------
    >>> number_format("money", pd.Series([61_700.0, 2e6]))
    '[<999.5]#,##0;[<999500]#,##0.0,"k";#,##0.0,,"M"'
    >>> number_format("money", pd.Series([-61_700.0, 20_000.0])), number_format("share", pd.Series([0.5]))
    ('#,##0.0,"k"', '[<0.0095]0.0%;0%')
    """
    if kind == "money":
        return money_format(cells, currency)
    if kind in ("count", "id") and not _are_whole(cells):
        return FORMATS["number"]
    return FORMATS[kind]


def cell_format(kind: Kind, value: float, column: str) -> str:
    """The number format of a cell: that of its column, unless it is a share or probability at an end of its range.

    A column's format has room for two conditions, and with these cells are shown as pages write them.

    Examples
    --------
    >>> [cell_format("probability", value, "0.00") for value in (0.0, 0.001, 0.5, 1.0)]
    ['0', '"< 0.01"', '0.00', '0']
    >>> [cell_format("share", value, "0%") for value in (0.0, 0.0001, 0.5, 0.999, 1.0)]
    ['0%', '"< 0.1%"', '0%', '"> 99%"', '0%']
    """
    if kind == "probability" and not 0.005 <= value < 0.995:
        return "0" if value in (0, 1) else f'"{probability(value)}"'
    if kind == "share" and (value in (0, 1) or abs(value) < 0.0005 or 0.995 <= value < 1):
        return "0%" if value in (0, 1) else f'"{percent(value)}"'
    return column


def money_format(cells: pd.Series, currency: str | None = None) -> str:
    """The number format of amounts: in thousands and millions, or in 万 and 亿."""
    amounts = _numbers(cells)
    largest = float(np.max(np.abs(amounts), initial=0.0))
    if largest < FEW:
        return CENTS
    sizes = [step for step in money_sizes(currency) if largest >= NEARLY * step[0]]
    if np.min(amounts, initial=0.0) < 0:
        size, suffix = next((step for step in sizes if largest >= MANY * step[0]), (1.0, ""))
        return f'{IN_SIZE[size]}"{suffix}"' if suffix else WHOLE
    sections = [WHOLE]
    for size, suffix in reversed(sizes[:2]):
        sections[-1] = f"[<{NEARLY * size:.10g}]{sections[-1]}"
        sections.append(f'{IN_SIZE[size]}"{suffix}"')
    return ";".join(sections)


def _are_whole(cells: pd.Series) -> bool:
    numbers = _numbers(cells)
    return bool(np.all(numbers == np.round(numbers)))


def _numbers(cells: pd.Series) -> np.ndarray:
    """The finite numbers of a column."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return numbers[np.isfinite(numbers)]
