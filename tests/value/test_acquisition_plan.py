"""Acquisition plans are read like other tables: own names, units, months; and refused with rows and cure."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError

AS_OF = "2025-12-31"


def read(frame, **more):
    return lb.AcquisitionPlan.read(pd.DataFrame(frame), AS_OF, **more)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-02", "2026-02-14"),
        ("2026年3月", "2026-03-16"),
        ("2026/4", "2026-04-15"),
        ("202605", "2026-05-16"),
        (202606, "2026-06-15"),
        ("2026-07-08", "2026-07-08"),
        (pd.Timestamp("2026-08-01"), "2026-08-01"),
        (pd.Period("2026-09"), "2026-09-15"),
    ],
)
def test_months_and_days(written, day):
    plan = read({"month": pd.Series([written]), "customers": [3], "cost": [30]})
    assert plan.rows["won_on"].dt.strftime("%Y-%m-%d").tolist() == [day]
    assert plan.delays.tolist() == [(pd.Timestamp(day) - pd.Timestamp(AS_OF)).days]


def test_of_the_month_of_the_as_of_date_the_rest_counts():
    plan = lb.AcquisitionPlan.read({"month": ["2026-03"], "customers": [3], "cost": [30]}, "2026-03-20")
    assert plan.rows["won_on"].dt.strftime("%Y-%m-%d").tolist() == ["2026-03-26"]


def test_chinese_headers_with_their_unit():
    frame = {"渠道": ["展会", "广告"], "月份": ["2026年1月", "2026年1月"], "新增客户数": ["20", "1,000"]}
    with pytest.warns(DataWarning, match="multiplied by 10,000"):
        plan = read({**frame, "费用（万元）": [3, 40.5]})
    assert plan.rows["cost"].tolist() == [30_000, 405_000]
    assert plan.rows["customers"].tolist() == [20, 1000]
    assert plan.channels == ["展会", "广告"]
    assert plan.notes[0].startswith("of the plan, channel is the column '渠道'")
    given = read({**frame, "费用": [3, 40.5]}, amount_unit="万元")
    pd.testing.assert_frame_equal(given.rows, plan.rows)


def test_a_cost_for_each_customer_is_the_same_as_one_for_all():
    rows = {"month": ["2026-01", "2026-02"], "customers": [20, 30]}
    each = read({**rows, "cost_per_customer": [100, 110]})
    assert each.rows["cost"].tolist() == [2_000, 3_300]
    assert read({**rows, "cost": [2_000, np.nan], "cost_per_customer": [100, 110]}).rows["cost"].tolist() == [
        2_000,
        3_300,
    ]


GOOD = {"channel": "Ads", "month": "2026-01", "customers": 20, "cost": 900.0}
WRONG = [
    ({"channel": None}, "without a channel"),
    ({"month": None}, "without a date"),
    ({"month": "2026-13"}, "a month that there is not, such as '2026-13'"),
    ({"month": "soon"}, "with a date that cannot be read"),
    ({"month": "2025-11"}, "not after the as-of date, 2025-12-31"),
    ({"month": "2025-12-31"}, "not after the as-of date"),
    ({"customers": None}, "without a number of customers"),
    ({"customers": -3}, "with fewer than 0 customers"),
    ({"customers": 2.5}, "with a part of a customer"),
    ({"customers": 2e9}, "more than a thousand million"),
    ({"customers": "some"}, "with a customers that cannot be read"),
    ({"cost": None}, "without a cost"),
    ({"cost": -1}, "with a negative cost"),
    ({"cost": "dear"}, "with a cost that cannot be read"),
    ({"cost_per_customer": 50}, "is not cost over customers"),
    ({"month": "2026-02"}, "with the same channel and month as another"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_wrong_rows_are_named(change, said):
    rows = [GOOD, {**GOOD, "month": "2026-02"}, {**GOOD, "month": "2026-03", **change}]
    with pytest.raises(InputError, match=said) as raised:
        read(pd.DataFrame(rows).astype(object))
    assert raised.value.rows == ((1, 2) if said.endswith("as another") else (2,))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"month": ["2026-01"], "cost": [3]}, "no column customers"),
        ({"customers": [3], "cost": [3]}, "no column month"),
        ({"month": ["2026-01"], "customers": [3]}, "no column cost or cost_per_customer"),
    ],
)
def test_missing_columns_are_named(frame, said):
    with pytest.raises(ColumnError, match=said):
        read(frame)
    with pytest.raises(ColumnError, match="Did you mean 'cost'"):
        read({**frame}, columns={"budget": "x"})


@pytest.mark.parametrize("nothing", [None, 5, [1, 2]])
def test_what_is_no_table_is_refused(nothing):
    with pytest.raises(InputError, match="is a table"):
        lb.AcquisitionPlan.read(nothing, AS_OF)
    with pytest.raises(InputError, match="no rows"):
        read({"month": [], "customers": [], "cost": []})
