"""Dates: a day, a window, or an unknown day."""

import pandas as pd

from ltv_bayes.judgement.form.cells import as_period, days, refuse


def stated_dates(table: pd.DataFrame, date_format: str | None) -> dict[str, pd.Series]:
    """Read the day or the window of each judgement; all missing where nothing is known.

    Returns
    -------
    dict of pandas.Series
        expected_on, missing for a window; expected_from and expected_to, its first and last day; stated_on.
    """
    periods = [as_period(cell) for cell in table["expected_on"]]
    named = pd.Series([period is not None for period in periods], index=table.index)
    on = days(
        table.assign(expected_on=table["expected_on"].astype(object).where(~named, None)), "expected_on", date_format
    )
    first, last = (days(table, name, date_format) for name in ("expected_from", "expected_to"))
    refuse(
        table,
        first.isna() != last.isna(),
        "with one of expected_from and expected_to only",
        "Fill in both, or the day as expected_on.",
    )
    refuse(table, first > last, "with expected_from after expected_to", "Swap the two, or correct them.")
    twice = first.notna() & (named | (on.notna() & ((on != first) | (on != last))))
    refuse(table, twice, "with expected_on and another window", "Keep one of the two.")
    starts, ends = (
        pd.Series(pd.to_datetime([period[end] if period else None for period in periods]), index=table.index)
        for end in (0, 1)
    )
    first, last = first.fillna(on).fillna(starts), last.fillna(on).fillna(ends)
    return {
        "expected_on": on,
        "expected_from": first,
        "expected_to": last,
        "stated_on": days(table, "stated_on", date_format),
    }
