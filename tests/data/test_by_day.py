"""Numbers by day: each argument that takes them reads the same of every form, and refuses the same."""

import datetime as dt

import pandas as pd
import polars as pl
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError

DAYS, NUMBERS = ["2024-06-23", "2024-06-09"], [2, 1]
CUSTOMERS = pd.DataFrame({"customer_id": ["Ada", "Bo"], "frequency": [2, 1], "recency": [3.0, 1.0], "T": [4.0, 2.0]})
ORDERS = pd.DataFrame({"customer_id": "Ada", "date": sorted(DAYS), "amount": [5.0, 7.0]})


def repeat_days(given):
    customers = lb.Customers.from_summary(CUSTOMERS, time_unit="week", as_of="2024-06-30", repeat_days=given)
    return customers.repeat_days.to_dict()


def index(given):
    return dict(lb.CalendarEffects(index=given).index)


def price_index(given):
    """Prices of the first day, seen in an order of the last."""
    orders = lb.read_transactions(pd.concat([ORDERS, ORDERS.assign(date="2024-06-16")]))
    return lb.summarize(orders, price_index=given).table["monetary_value"].to_dict()


READERS = {"repeat_days": (repeat_days, "count"), "index": (index, "factor"), "price_index": (price_index, "level")}


def forms(value, folder):
    """The same numbers: an argument takes all of these."""
    table = pd.DataFrame({"date": DAYS, value: NUMBERS})
    path = folder / "numbers.csv"
    table.assign(note="").to_csv(path, index=False)
    yield pd.Series(NUMBERS, DAYS)
    yield pd.Series(NUMBERS, pd.PeriodIndex(DAYS, freq="D"), dtype="Int64")
    yield {dt.date.fromisoformat(day): str(number) for day, number in zip(DAYS, NUMBERS, strict=True)}
    yield table
    yield table.set_index("date")
    yield pl.from_pandas(table)
    yield path


@pytest.mark.parametrize("argument", READERS)
def test_every_form_is_read_alike(argument, tmp_path):
    read, value = READERS[argument]
    expected = read(dict(zip(DAYS, NUMBERS, strict=True)))
    for given in forms(value, tmp_path):
        assert read(given) == expected
    others = dict(zip(DAYS, NUMBERS[::-1], strict=True))
    assert read(others) != expected


@pytest.mark.parametrize("argument", READERS)
def test_what_cannot_be_read_is_named(argument):
    read, value = READERS[argument]
    wrong = {
        f"several {value}s in {argument}": {"2024-06-09": 1, "2024/6/9": 2},
        f"1 day with a {value} that is no .*number.*, in {argument} .*2024-06-23": {"2024-06-09": 1, "2024-06-23": "a"},
        f"1 day with a date that cannot be read, such as 'soon'.*days of {argument}": {"soon": 3},
        "1 day without a date": {None: 3},
        f"{argument} takes {value}s by date: .* list is no table": [3],
    }
    for message, given in wrong.items():
        with pytest.raises(InputError, match=message):
            read(given)
    with pytest.raises(ColumnError, match=f"columns of {argument} are 'date' and '{value}'"):
        read(pd.DataFrame({"day": DAYS, value: NUMBERS}))


@pytest.mark.parametrize("argument", ["index", "price_index"])
@pytest.mark.parametrize("given", [{}, {"2024-06-09": 0.0}, {"2024-06-09": -1.0}, {"2024-06-09": float("inf")}])
def test_levels_are_above_0_and_there_is_one(argument, given):
    with pytest.raises(InputError, match=f"{argument} has no|that is no number above 0"):
        READERS[argument][0](given)
