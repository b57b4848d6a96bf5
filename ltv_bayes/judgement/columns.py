"""The columns of judgements: read, checked, opportunities named."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.amounts import as_amounts
from ltv_bayes.errors import ColumnError, JudgementError, rows_at_fault, suggestion
from ltv_bayes.time_units import UnitError, as_date, as_number

NEEDED = ("customer_id", "probability", "low", "high")
OPTIONAL = ("likely", "expected_on", "expert", "opportunity")


def as_interval(interval: float) -> float:
    """Read the probability of an expert's interval."""
    value = as_number(interval, "interval")
    if not 0 < value < 1:
        raise UnitError(f"interval must lie between 0 and 1, not {interval!r}. Write 80% as interval=0.8.")
    return value


def known_columns(raw: pd.DataFrame, customer_id: str) -> pd.DataFrame:
    """Pick the columns by name, in one order; optional ones that are absent become empty."""
    if customer_id != "customer_id":
        raw = raw.drop(columns="customer_id", errors="ignore").rename(columns={customer_id: "customer_id"})
    for name in NEEDED:
        if name not in raw:
            own_name = " Name the column with customer_id=." if name == "customer_id" else ""
            known = suggestion(name, map(str, raw.columns))
            raise ColumnError(f"The judgements have no column {name!r}.{own_name} {known}")
    if raw.empty:
        raise JudgementError("There is no judgement in the table. Give at least one row.")
    table = pd.DataFrame({name: raw.get(name) for name in (*NEEDED, *OPTIONAL)})
    return table.set_axis(raw.index)


def checked(stated: pd.DataFrame, amount_unit: float | str | None) -> pd.DataFrame:
    """Turn text into numbers and dates, and refuse what contradicts itself."""
    blank = stated["customer_id"].isna() | (stated["customer_id"].astype(str).str.strip() == "")
    refuse(stated, blank, "without a customer", "Fill in customer_id.")
    judged = stated.assign(
        probability=probabilities(stated),
        low=amounts(stated, "low", amount_unit),
        high=amounts(stated, "high", amount_unit),
        likely=amounts(stated, "likely", amount_unit, optional=True),
        expected_on=_dates(stated),
    )
    refuse_contradictions(judged)
    return _named(judged)


def refuse_contradictions(judged: pd.DataFrame) -> None:
    """Refuse chances and amounts, read as numbers, that cannot be."""
    refuse(
        judged,
        ~judged["probability"].between(0, 1),
        "with a probability outside 0 to 1",
        "Write 60% as 0.6.",
    )
    refuse(judged, judged["low"] <= 0, "with a low amount of 0 or less", "State what it brings if it comes, above 0.")
    refuse(judged, judged["low"] > judged["high"], "with low above high", "Swap the two, or correct them.")
    outside = (judged["likely"] < judged["low"]) | (judged["likely"] > judged["high"])
    refuse(judged, outside, "with likely outside low to high", "Correct one of the three.")


def _named(judged: pd.DataFrame) -> pd.DataFrame:
    """Name nameless opportunities by their content's order, so that the order of rows does not matter."""
    text = judged["opportunity"].astype(str).str.strip()
    named = judged["opportunity"].notna() & (text != "")
    judged = judged.assign(opportunity=text.where(named), key=("named " + text).where(named))
    refuse(
        judged,
        named & judged.duplicated(["customer_id", "opportunity"], keep=False),
        "stating an opportunity of one customer more than once",
        "Keep one, or give them different names.",
    )
    columns = ["customer_id", "expected_on", "probability", "low", "high"]
    nameless = judged.reset_index(drop=True)[~named.to_numpy()].sort_values(columns, kind="stable", key=_sortable)
    number = nameless.groupby("customer_id").cumcount() + 1
    opportunity, key = (judged[name].to_numpy(dtype=object, copy=True) for name in ("opportunity", "key"))
    opportunity[number.index] = number.map("(unnamed {})".format)
    key[number.index] = number.map("nameless {}".format)
    return judged.assign(opportunity=opportunity, key=key)


def _sortable(column: pd.Series) -> pd.Series:
    return column.astype(str) if column.dtype == object else column


def probabilities(table: pd.DataFrame) -> pd.Series:
    """Read probabilities; "60%" is understood."""
    text = table["probability"].astype(str).str.strip()
    in_percent = text.str.endswith("%")
    numbers = pd.to_numeric(text.str.removesuffix("%"), errors="coerce").astype(float)
    numbers = numbers.where(~in_percent, numbers / 100)
    refuse(
        table, ~np.isfinite(numbers), "without a number in 'probability'", "Write it as a plain number, such as 0.6."
    )
    return numbers


def amounts(table: pd.DataFrame, column: str, amount_unit: float | str | None, *, optional: bool = False) -> pd.Series:
    """Read a column of money, as orders are read; an optional one may have blanks."""
    cells = table[column]
    blank = cells.isna() | (cells.astype(str).str.strip() == "")
    numbers = pd.Series(np.nan, index=cells.index)
    if not blank.all():
        numbers[~blank], _ = as_amounts(cells[~blank], unit=amount_unit)
    wrong = ~np.isfinite(numbers) & ~(blank & optional)
    refuse(table, wrong, f"without a number in {column!r}", "Write it as a plain number.")
    return numbers


def _dates(table: pd.DataFrame) -> pd.Series:
    values = table["expected_on"]
    blank = values.isna() | (values.astype(str).str.strip() == "")

    def read(value: Any) -> Any:
        try:
            return pd.Timestamp(as_date(value, "expected_on"))
        except UnitError:
            return None

    dates = pd.Series(
        [None if empty else read(value) for value, empty in zip(values, blank, strict=True)], values.index
    )
    refuse(table, dates.isna() & ~blank, "with an expected_on that is not a date", "Write it as in 2026-06-30.")
    return pd.to_datetime(dates)


def refuse(table: pd.DataFrame, wrong: pd.Series, problem: str, cure: str) -> None:
    """Raise for judgements at fault, naming their rows."""
    if wrong.any():
        rows = list(table.index[wrong.to_numpy(dtype=bool)])
        raise JudgementError(rows_at_fault(rows, "row", f"of the judgements {problem}", cure), rows)
