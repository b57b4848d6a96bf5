"""The SQL statement agrees with slow, plain Python on any log, in any order and time zone."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ltv_bayes import read_transactions, summarize
from ltv_bayes.errors import InputError
from ltv_bayes.time_units import DAYS_PER_UNIT

START = dt.datetime(2024, 3, 25)  # the clocks change on the 31st in Berlin, on the 10th in New York
ZONES = (None, "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati")

cents = st.integers(-300, 500).map(lambda number: number / 100) | st.sampled_from([0.0, -0.1, 0.1, 0.2, -0.3, 0.3])
quarters = st.integers(0, 14 * 24 * 4) | st.sampled_from([0, 1, 95, 96, 97])
order = st.tuples(st.sampled_from(["Ada", "Bo", "王芳", "=1+1"]), quarters, cents)
logs = st.lists(order, min_size=1, max_size=40)


def frame_of(log, zone=None):
    """Orders at quarters of an hour after the start, on the wall clock of a zone."""
    moments = pd.to_datetime([START + dt.timedelta(minutes=15 * quarter) for _, quarter, _ in log])
    if zone is not None:
        moments = moments.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    customers, _, amounts = zip(*log, strict=True)
    return pd.DataFrame({"customer_id": customers, "date": moments, "amount": amounts})


def plain_summary(log, as_of, unit, zero_orders, returns):
    """Follow the definitions, order by order, in exact decimal arithmetic."""
    days, total = {}, {}
    for customer, quarter, amount in log:
        day, money = (START + dt.timedelta(minutes=15 * quarter)).date(), Decimal(str(amount))
        if day > as_of or (returns == "ignore" and money < 0):
            continue
        days.setdefault(customer, {}).setdefault(day, []).append(money)
        total[customer] = total.get(customer, 0) + money
    rows = {}
    for customer, bought in days.items():
        net = {day: sum(money) for day, money in sorted(bought.items()) if max(money) >= 0}
        if zero_orders == "drop":
            net = {day: value for day, value in net.items() if value > 0}
        if net:
            first, last = min(net), max(net)
            spend = [value for day, value in net.items() if day > first and value > 0]
            ages = sum(value * (as_of - day).days for day, value in net.items() if day > first and value > 0)
            rows[customer] = {
                "frequency": len(net) - 1,
                "recency": (last - first).days / DAYS_PER_UNIT[unit],
                "T": (as_of - first).days / DAYS_PER_UNIT[unit],
                "monetary_value": float(sum(spend) / len(spend)) if spend else np.nan,
                "spend_frequency": len(spend),
                "first_value": float(net[first]),
                "total_value": float(total[customer]),
                "spend_age": round(float(ages / sum(spend)), 6) / DAYS_PER_UNIT[unit] if spend else np.nan,
                "first_order": pd.Timestamp(first),
                "last_order": pd.Timestamp(last),
            }
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


@settings(max_examples=40, deadline=None)
@given(
    log=logs,
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(sorted(DAYS_PER_UNIT)),
    days=st.none() | st.integers(0, 20),
    zero_orders=st.sampled_from(["count", "drop"]),
    returns=st.sampled_from(["net", "ignore"]),
)
def test_any_log(log, zone, unit, days, zero_orders, returns):
    last = max(quarter for _, quarter, _ in log)
    first = min(quarter for _, quarter, _ in log)
    end = (START + (dt.timedelta(minutes=15 * last) if days is None else dt.timedelta(days=days))).date()
    assume((START + dt.timedelta(minutes=15 * first)).date() <= end)
    options = {"time_unit": unit, "zero_orders": zero_orders, "returns": returns}
    orders = read_transactions(frame_of(log, zone))
    expected = plain_summary(log, end, unit, zero_orders, returns)
    if expected.empty:
        with pytest.raises(InputError, match="No purchase is left"):
            summarize(orders, as_of=None if days is None else end, **options)
        return
    customers = summarize(orders, as_of=None if days is None else end, **options)
    assert customers.as_of == end
    ages = customers.table["spend_age"], expected.pop("spend_age")
    np.testing.assert_allclose(*ages, rtol=0, atol=2e-6 / DAYS_PER_UNIT[unit])  # rounded to a millionth of a day
    pd.testing.assert_frame_equal(
        customers.table.drop(columns="spend_age"),
        expected,
        check_names=False,
        check_dtype=False,
        check_index_type=False,
        rtol=1e-12,
        atol=1e-12,
    )
    # Nothing is lost: an order is in the value of its customer, or listed as left out, or both.
    away = customers.dropped["reason"].isin(["after as_of", "return, ignored"])
    gone = ~customers.dropped["customer_id"].isin(customers.ids)
    listed = customers.dropped.loc[away | gone, "amount"].sum()
    assert customers.table["total_value"].sum() + listed == pytest.approx(sum(amount for *_, amount in log), abs=1e-9)


@settings(max_examples=12, deadline=None)
@given(log=logs, data=st.data(), zero_orders=st.sampled_from(["count", "drop"]))
def test_order_of_the_rows_changes_nothing(log, data, zero_orders):
    frame = frame_of([*log, ("Zoe", 0, 1.0)])
    shuffled = frame.iloc[data.draw(st.permutations(range(len(frame))))]
    some, others = (summarize(read_transactions(each), zero_orders=zero_orders) for each in (frame, shuffled))
    pd.testing.assert_frame_equal(some.table, others.table, check_exact=True)
    pd.testing.assert_frame_equal(
        some.dropped.sort_values("row", ignore_index=True), others.dropped.sort_values("row", ignore_index=True)
    )


def test_order_of_the_rows_does_not_change_the_last_digit():
    rng = np.random.default_rng(5)
    number = 200_000
    frame = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 50, number),
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 100, number), unit="D"),
            "amount": rng.lognormal(3, 4, number),
        }
    )
    table = summarize(read_transactions(frame)).table
    for seed in range(3):
        again = summarize(read_transactions(frame.sample(frac=1, random_state=seed))).table
        pd.testing.assert_frame_equal(again, table, check_exact=True)


@settings(max_examples=8, deadline=None)
@given(log=logs, times=st.integers(2, 4))
def test_repeated_rows_are_the_same_occasion(log, times):
    frame = frame_of([*log, ("Zoe", 0, 1.0)])
    once = summarize(read_transactions(frame)).table
    repeated = read_transactions(pd.concat([frame] * times, ignore_index=True), repeated_rows="keep")
    often = summarize(repeated).table
    money = ["monetary_value", "first_value", "total_value"]
    pd.testing.assert_frame_equal(often.drop(columns=money), once.drop(columns=money))
    np.testing.assert_allclose(often[money], once[money] * times, rtol=1e-12, atol=1e-12)
