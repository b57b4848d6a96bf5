"""Costs of winning clients: what is read, and what is refused with its rows."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError
from ltv_bayes.value.acquisition.costs import AcquisitionCosts


def costs(**columns):
    number = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=range(2, number + 2))


def good(**changes):
    columns = {"channel": ["Ads", "Ads", "Fair"], "period": [2024, 2025, 2025], "spend": [100.0, 50.0, 300.0]}
    return costs(**{**columns, "clients_won": [4, 1, 10], **changes})


def test_periods_of_a_channel_are_added():
    totals = AcquisitionCosts.read(good()).totals()
    assert totals["spend"].to_dict() == {"Ads": 150.0, "Fair": 300.0}
    assert totals["clients_won"].to_dict() == {"Ads": 5.0, "Fair": 10.0}
    assert totals["cost_per_client"].isna().all()


def test_a_cost_per_client_without_number_is_known():
    totals = AcquisitionCosts.read({"Ads": 400, "Fair": "2,100"}).totals()
    assert totals["cost_per_client"].to_dict() == {"Ads": 400.0, "Fair": 2100.0}
    assert totals["clients_won"].isna().all()


def test_a_cost_per_client_with_number_is_a_spend():
    read = AcquisitionCosts.read(costs(channel=["Ads"], cost_per_client=[25.0], clients_won=[4]))
    assert read.totals().loc["Ads"].fillna(-1).tolist() == [100.0, 4.0, -1.0]


def test_all_three_may_be_given_where_they_agree():
    table = costs(channel=["Ads"], spend=[100.0], clients_won=[3], cost_per_client=[33.3])
    assert AcquisitionCosts.read(table).totals().loc["Ads", "spend"] == 100.0


def test_chinese_columns_in_ten_thousands(tmp_path):
    own = {"channel": "渠道", "period": "季度", "spend": "费用（万元）", "clients_won": "新客户"}
    path = tmp_path / "costs.csv"
    good().rename(columns=own).to_csv(path, index=False, encoding="gb18030")
    read = AcquisitionCosts.read(path, columns=own, amount_unit="万元")
    assert read.totals()["spend"].tolist() == [1_500_000.0, 3_000_000.0]
    with pytest.warns(DataWarning, match="as the name says 万元. Pass amount_unit='万元'"):
        assert AcquisitionCosts.read(path, columns=own).totals().equals(read.totals())
    with pytest.raises(UnitError, match="amount_unit='万元'"):
        AcquisitionCosts.read(path, columns=own, amount_unit="千元")
    both = costs(channel=["Ads"], spend=[1.0], clients_won=[3], cost_per_client=[3333.33])
    with pytest.raises(UnitError, match=r"'cost_per_client' says no unit. Pass amount_unit='万元'"):
        AcquisitionCosts.read(both.rename(columns={"spend": "费用（万元）"}), columns={"spend": "费用（万元）"})


def test_a_workbook_reads_alike(tmp_path):
    lb.write_table(good(), tmp_path / "costs.xlsx")
    read = AcquisitionCosts.read(tmp_path / "costs.xlsx")
    pd.testing.assert_frame_equal(read.totals(), AcquisitionCosts.read(good()).totals(), check_dtype=False)


def test_amounts_may_show_their_currency():
    assert AcquisitionCosts.read({"Ads": "¥400", "Fair": 300}).currency == "CNY"
    assert AcquisitionCosts.read(good()).currency is None


def test_no_costs_at_all_are_refused():
    with pytest.raises(InputError, match="There are no costs"):
        AcquisitionCosts.read({})


def test_other_columns_are_left_alone():
    assert "note" not in AcquisitionCosts.read(good(note=["a", "b", "c"])).rows


def test_a_period_without_a_client_counts_as_money_spent():
    totals = AcquisitionCosts.read(good(clients_won=[0, 5, 10])).totals()
    assert totals.loc["Ads"].fillna(-1).tolist() == [150.0, 5.0, -1.0]


@pytest.mark.parametrize(
    ("changes", "problem", "rows"),
    [
        ({"channel": ["Ads", " ", None]}, "2 rows without a channel", (3, 4)),
        ({"spend": [100, 0, 0]}, "1 row with a cost that is not above 0", (4,)),
        ({"spend": [0, 0, 3]}, "2 rows with a cost that is not above 0", (2, 3)),
        ({"spend": [100, 0, -3]}, "1 row with a negative cost .* Net it against the month it belongs to", (4,)),
        ({"spend": [0, -3, 5]}, "1 row with a negative cost", (3,)),
        ({"spend": [100, np.nan, 3]}, "1 row without a cost", (3,)),
        ({"clients_won": [4, np.nan, 3]}, "with a spend but without clients_won .* 0 where no client was won", (3,)),
        ({"clients_won": [4, -1, 3]}, "fewer than 0 clients_won", (3,)),
        ({"clients_won": [4, 1.5, 3]}, "a part of a client", (3,)),
        ({"spend": ["100", "12箱", "300"]}, "a spend that cannot be read, such as '12箱'.*amount_unit", (3,)),
        ({"clients_won": ["4", "two", "3"]}, "a clients_won that cannot be read, such as 'two'", (3,)),
        ({"period": [2025, 2025, 2025]}, "same channel and period as another", (2, 3)),
        ({"period": [None, 2025, 2025]}, "1 row without a period, of a channel with several rows", (2,)),
        ({"cost_per_client": [25.0, 60.0, 30.0]}, "not spend over clients_won", (3,)),
    ],
)
def test_bad_rows_are_named(changes, problem, rows):
    with pytest.raises(InputError, match=problem) as error:
        AcquisitionCosts.read(good(**changes))
    assert error.value.rows == rows


def test_a_month_without_spend_is_a_month():
    read = AcquisitionCosts.read(good(spend=[100.0, 0.0, 300.0], clients_won=[4, 2, 10]))
    assert read.totals().loc["Ads", ["spend", "clients_won"]].tolist() == [100.0, 6.0]


def test_spellings_of_a_channel_are_named():
    with pytest.raises(InputError, match=r"'展会' \(blanks around names do not count\) \(names 展会, 展会 \)"):
        AcquisitionCosts.read({"展会": 100, "展会 ": 200})


def test_a_series_reads_as_a_mapping():
    totals = AcquisitionCosts.read(pd.Series({"Ads": 400, "Fair": 2100})).totals()
    assert totals["cost_per_client"].to_dict() == {"Ads": 400.0, "Fair": 2100.0}


@pytest.mark.parametrize(("given", "kind"), [(5000, "an int"), ([1, 2], "a list"), (None, "a NoneType")])
def test_what_is_no_table_is_told_of_the_mapping(given, kind):
    with pytest.raises(InputError, match=rf"a mapping from channel to its cost per client, .* not {kind}"):
        AcquisitionCosts.read(given)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(InputError, match=r"without a channel.*above 0") as error:
        AcquisitionCosts.read(good(channel=["", "Ads", "Fair"], spend=[1, 0, 3]))
    assert error.value.rows == (2, 3)


def test_a_channel_twice_without_periods_asks_for_them():
    with pytest.raises(
        InputError, match=r"2 rows with the same channel as another, such as 'Ads' .*\(rows 2, 3\).*column of periods"
    ):
        AcquisitionCosts.read(good().drop(columns="period"))


def test_costs_per_client_of_several_periods_cannot_be_added_without_numbers():
    table = costs(channel=["Ads", "Ads"], period=[1, 2], cost_per_client=[20, 30])
    with pytest.raises(InputError, match="several periods but without clients_won"):
        AcquisitionCosts.read(table)


@pytest.mark.parametrize(
    ("table", "columns", "problem"),
    [
        (good().drop(columns="channel"), None, r"no column 'channel'\. It has period, spend, clients_won"),
        (good().drop(columns="clients_won"), None, r"'cost_per_client', or 'spend' and 'clients_won'"),
        (good(), {"chanel": "x"}, "Did you mean 'channel'"),
        (good(), {"cost": "spend"}, "'cost' is none of them. Did you mean 'spend', or 'cost_per_client'"),
        (
            good().rename(columns={"channel": "渠道"}),
            {"渠道": "channel"},
            r"turned round: our name comes first, as in \{'channel': '渠道'\}",
        ),
        (good(), {"spend": "spent"}, "no column 'spent' in the costs. Did you mean 'spend'"),
    ],
)
def test_missing_columns_are_named(table, columns, problem):
    with pytest.raises(ColumnError, match=problem):
        AcquisitionCosts.read(table, columns=columns)
