"""Where each judgement is from: what was stated, by which expert, when, and what is used after recalibration."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.sheets import as_stated
from ltv_bayes.judgement.valuing.adjustments import Adjustment, Adjustments
from ltv_bayes.judgement.valuing.expected import amounts_of, chance_in_draws

INTERVAL = 0.8
LEVELS = 100
DRAWS = 1000
WINDOW = ("expected_from", "expected_to")
STATED = ("probability", "low", "likely", "high")
STATED_OTHERWISE = ("cases", "of", "probability_low", "probability_high", "q25", "q50", "q75", "mean", "sd")
KEPT = ("expected_on", *WINDOW, "stated_on", "stage", "market", "relation")


def are_mixed(table: pd.DataFrame, adjustments: Adjustments | None) -> np.ndarray:
    """Mark pooled judgements with another distribution in each draw: no expert stated what the table has."""
    if adjustments is None:
        return np.zeros(len(table), dtype=bool)
    stated = table.get("stated_probability", pd.Series(np.nan, table.index))
    return stated.isna().to_numpy() & adjustments.change_anything


def audit_table(table: pd.DataFrame, adjustments: Adjustments | None) -> pd.DataFrame:
    """What was stated and what is used, see `FutureValuePriors.audit`."""
    changes = [None if adjustments is None else adjustments.of(position) for position in range(len(table))]
    used = [numbers_used(row, change) for row, change in zip(table.to_dict("records"), changes, strict=True)]
    columns = _stated(table) | dict(zip(("probability", "low", "median", "high"), np.transpose(used), strict=True))
    kept = {name: table[name] for name in KEPT if name in table and table[name].notna().any()}
    if all(table[end].equals(table["expected_on"]) for end in WINDOW):
        kept = {name: column for name, column in kept.items() if name not in WINDOW}
    return table[["customer_id", "opportunity", "expert"]].assign(**columns, **kept)


def _stated(table: pd.DataFrame) -> dict[str, pd.Series]:
    """What was stated of chance and amount, whichever way, before recalibration."""
    form = as_stated(table)
    chance = table.get("stated_probability", table["probability"])
    columns = {f"stated_{name}": form[name].astype(float) for name in STATED} | {"stated_probability": chance}
    columns |= {f"stated_{name}": form[name] for name in STATED_OTHERWISE if form[name].notna().any()}
    return columns | {name: table[name] for name in ("interval", "family") if name in table}


def numbers_used(row: Mapping[Any, Any], change: Adjustment | None) -> tuple[float, ...]:
    """Mean chance, and lower end, median and upper end of the interval of the amount."""
    chance = row["probability"] if change is None else chance_in_draws(row, change).mean()
    low, median, high = quantiles_used(row, change, np.array([(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2]))
    return float(chance), low, median, high


def quantiles_used(row: Mapping[Any, Any], change: Adjustment | None, levels: Array) -> Array:
    """Quantiles of an amount as it is used, if it occurs; of some draws in which it occurs, if it is changed."""
    if change is None:
        return amount_quantiles(row["family"], amounts_of(row), levels)
    some = change.where_it_occurs(chance_in_draws(row, change), min(change.shift.size, DRAWS))
    each = some.for_levels().amount(row["family"], amounts_of(row), special.ndtri(_levels(some.spread.size)))
    return np.quantile(each, levels, method="hazen")


def _levels(rows: int) -> Array:
    """Levels between 0 and 1, shape (rows, levels); those of all rows together are evenly spaced."""
    return (np.arange(LEVELS) + (np.arange(rows)[:, np.newaxis] + 0.5) / rows) / LEVELS
