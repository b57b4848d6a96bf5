"""Tables as people read them: money shortened, shares in percent, interval bounds side by side."""

from collections.abc import Callable

import pandas as pd

from ltv_bayes.formatting import label, money, percent, probability


def readable(table: pd.DataFrame, currency: str | None = None) -> pd.DataFrame:
    """Write a result table as text; the numbers themselves stay in the table it was made from.

    Examples
    --------
    >>> readable(pd.DataFrame({"mean": [61_700.0], "eti89_lb": [8_000.0], "eti89_ub": [262_000.0]}))
        mean     89% interval
    0  61.7k  8,000 to 262k
    """
    columns = {}
    for name in table.columns:
        text = str(name)
        if text.endswith("_ub") and f"{text[:-3]}_lb" in table:
            continue
        if text.endswith("_lb") and f"{text[:-3]}_ub" in table:
            low, high = table[text], table[f"{text[:-3]}_ub"]
            columns[_interval_label(text[:-3])] = [
                f"{money(a, currency)} to {money(b, currency)}" for a, b in zip(low, high, strict=True)
            ]
        else:
            write = _writer(text, table[name], currency)
            columns[label(text)] = [write(value) for value in table[name]]
    return pd.DataFrame(columns, index=table.index)


def _interval_label(name: str) -> str:
    """Turn 'total_eti89' into 'total 89% interval'."""
    before, _, level = name.rpartition("_")
    kind, prob = level[:3], level[3:]
    text = f"{prob}% {'highest-density ' if kind == 'hdi' else ''}interval"
    return f"{label(before)} {text}" if before else text


def _writer(name: str, column: pd.Series, currency: str | None) -> Callable[[object], str]:
    if not pd.api.types.is_float_dtype(column):
        return str
    if "share" in name:
        return lambda value: percent(float(value))  # type: ignore[arg-type]
    if "probability" in name:
        return lambda value: probability(float(value))  # type: ignore[arg-type]
    return lambda value: money(float(value), currency)  # type: ignore[arg-type]
