"""Open and decided opportunities of an export, counted by hand."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb

EXPORT = {
    "商机编号": ["O1", "O2", "O3", "O4", "O5", "O5"],
    "客户名称": ["甲", "乙", "甲", "丙", "丁", "丁"],
    "商机阶段": ["赢单", "输单", "商务谈判", "方案报价", "赢单", "赢单"],
    "赢率(%)": ["100", "0", "60", "30%", "100", "100"],
    "商机金额(万元)": [1, 2, 3, 0.5, 0.7, 0.3],
    "预计结单日期": ["2025-03-01", "2025-04-01", "2026年3月1日", "2026年5月", "2025-06-01", "2025-06-01"],
    "负责人": ["陈", "陈", "王", "王", "陈", "陈"],
}
NAMED = {"date": "预计结单日期", "amount": "商机金额(万元)", "order_id": "商机编号"}


def read(frame=EXPORT, **settings):
    return lb.read_transactions(pd.DataFrame(frame), **NAMED, lines="add", **settings)


def test_open_rows_are_listed_with_what_they_say():
    table = read().opportunities
    assert table["row"].tolist() == [2, 3]
    assert table["opportunity"].tolist() == ["O3", "O4"]
    assert table["customer_id"].tolist() == ["甲", "丙"]
    assert table["stage"].tolist() == ["商务谈判", "方案报价"]
    assert table["owner"].tolist() == ["王", "王"]
    assert table["probability"].tolist() == [0.6, 0.3]
    assert table["amount"].tolist() == [30_000, 5_000]
    assert table["expected_on"].iloc[0] == pd.Timestamp("2026-03-01")
    assert pd.isna(table["expected_on"].iloc[1])
    assert table["date_as_written"].iloc[1] == "2026年5月"


@pytest.mark.parametrize("kind", ["datetime64[us]", object])
def test_close_dates_may_be_dates_and_no_text(kind):
    """As workbooks and Parquet files have them, some with a time of day."""
    moments = [*map(pd.Timestamp, ("2025-03-01", "2026-03-02", "2026-05-06 07:30")), pd.NaT]
    export = {"Account": list("ABCD"), "Stage": ["Closed Won", *["Proposal"] * 3], "Amount": 5.0}
    frame = pd.DataFrame(export | {"Close Date": pd.Series(moments, dtype=kind)})
    table = lb.read_transactions(frame).opportunities
    assert table["expected_on"].tolist() == [pd.Timestamp("2026-03-02"), pd.Timestamp("2026-05-06"), pd.NaT]
    assert table["date_as_written"].fillna("").tolist() == ["2026-03-02", "2026-05-06 07:30:00", ""]


def test_decided_ones_have_one_row_each_with_the_sum_of_their_lines():
    decided = read().decided.set_index("opportunity")
    assert decided["won"].to_dict() == {"O1": True, "O5": True, "O2": False}
    assert decided["amount"].dropna().to_dict() == {"O1": 10_000, "O5": 10_000}
    assert decided.loc["O2", "closed_on"] == pd.Timestamp("2025-04-01")


def test_an_export_without_a_pipeline_has_none():
    orders = lb.read_transactions(pd.DataFrame({"customer": ["A"], "date": ["2025-01-01"], "amount": [3.0]}))
    assert orders.opportunities is None
    assert orders.decided is None
    paid = {"customer": ["A"], "date": ["2025-01-01"], "amount": [3.0], "status": ["paid"]}
    assert lb.read_transactions(pd.DataFrame(paid)).decided is None


def test_percent_is_decided_by_the_whole_column():
    """Open rows of 1% alone would be certainties if only they were looked at."""
    export = {"Account": ["A", "B"], "Stage": ["Closed Won", "Proposal"], "Amount": 5.0, "Close Date": "2025-03-01"}
    orders = lb.read_transactions(pd.DataFrame(export | {"Probability": [100, 1]}))
    assert orders.opportunities["probability"].tolist() == [0.01]
    shares = lb.read_transactions(pd.DataFrame(export | {"Probability": [1.0, 0.4]}))
    assert shares.opportunities["probability"].tolist() == [0.4]


def test_the_order_of_day_and_month_is_that_of_the_whole_column():
    export = {"Account": ["A", "B"], "Stage": ["Closed Won", "Proposal"], "Amount": 5.0}
    orders = lb.read_transactions(pd.DataFrame(export | {"Close Date": ["31/01/2025", "02/03/2026"]}))
    assert orders.opportunities["expected_on"].tolist() == [pd.Timestamp("2026-03-02")]


def test_amounts_are_converted_with_those_of_orders():
    export = {"Account": list("ABC"), "Stage": ["Closed Won", "Proposal", "Proposal"], "Amount": [5.0, 10, 10]}
    export |= {"Close Date": ["2025-01-31", "2026-03-01", "2026-03-01"], "Amount Currency": ["EUR", "USD", "EUR"]}
    as_they_are = lb.read_transactions(pd.DataFrame(export), currency="EUR").opportunities
    assert as_they_are["amount"].tolist() == [10, 10]
    assert as_they_are["currency"].tolist() == ["USD", "EUR"]
    fixed = lb.read_transactions(pd.DataFrame(export), currency="EUR", rates={"USD": 0.9})
    assert fixed.opportunities["amount"].tolist() == [9, 10]
    assert set(fixed.opportunities["currency"]) == {"EUR"}
    by_day = pd.DataFrame({"currency": "USD", "date": ["2025-01-01", "2025-06-01"], "rate": [0.9, 0.8]})
    last = lb.read_transactions(pd.DataFrame(export), currency="EUR", rates=by_day).opportunities
    assert last["amount"].tolist() == [8, 10]


def test_an_export_of_open_opportunities_alone_is_read():
    frame = pd.DataFrame(EXPORT).iloc[2:4]
    orders = read(frame)
    assert len(orders) == 0
    assert len(orders.opportunities) == 2
    assert "no orders" in repr(orders)
    assert "no orders" in orders.report.text()
    assert orders.report.amount_in == 35_000
    with pytest.raises(lb.errors.InputError, match="no orders to summarize"):
        lb.summarize(orders)
    with pytest.raises(lb.errors.InputError, match=r"No row .* is an order: left out: 1 row \(by status: lost\)"):
        read(pd.DataFrame(EXPORT).iloc[[1]])


def test_several_columns_of_owners_are_none():
    export = {"Account": ["A", "B"], "Stage": ["Closed Won", "Proposal"], "Amount": 5.0, "Close Date": "2025-01-31"}
    two = export | {"Owner": ["x", "y"], "Account Manager": ["v", "w"]}
    assert lb.read_transactions(pd.DataFrame(two)).opportunities["owner"].isna().all()
    one = lb.read_transactions(pd.DataFrame(export | {"Opportunity Owner": ["x", "y"]}))
    assert one.opportunities["owner"].tolist() == ["y"]


def test_amounts_of_the_file_are_kept_or_left_out():
    report = read().report
    assert np.isclose(report.amount_in, 75_000)
    assert report.rows.loc["by status: open", "amount"] == 35_000


def test_ids_are_merged_in_the_pipeline_too():
    export = {"Account ID": ["A1", "A2", "A3"], "Stage": ["Closed Won", "Proposal", "Closed Lost"], "Amount": 5.0}
    orders = lb.read_transactions(pd.DataFrame(export | {"Close Date": "2025-01-31", "Opportunity ID": list("xyz")}))
    id_map = pd.DataFrame({"orders": ["A1", "A2", "A3"], "service": ["S1", "S1", "S3"]})
    service = pd.DataFrame({"customer_id": ["S1", "S3"]})
    matches = lb.match_customers({"orders": orders, "service": service}, id_map=id_map)
    merged = matches.apply(orders, "orders")
    assert merged.table["customer_id"].tolist() == merged.opportunities["customer_id"].tolist()
    assert merged.decided["customer_id"].nunique() == 2
    assert matches.undo(merged, "orders").opportunities["customer_id"].tolist() == ["A2"]
    judged = lb.judge_opportunities(merged, stages={"Proposal": 0.3}, as_of="2025-01-31")
    assert judged.table["customer_id"].tolist() == ["A1"]


def test_a_number_with_a_line_won_and_a_line_lost_was_won():
    log = {"Order ID": ["1", "1", "2"], "Customer": ["A", "A", "B"], "Date": "2024-03-01", "Amount": [10, 5, 7]}
    frame = pd.DataFrame(log | {"Stage": ["Closed Won", "Closed Lost", "Closed Lost"]})
    decided = lb.read_transactions(frame).decided.set_index("opportunity")["won"]
    assert decided.astype(bool).to_dict() == {"1": True, "2": False}
