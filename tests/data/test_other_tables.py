"""Tables beside orders are read by the names that exports give their columns: whole names, one candidate, shown."""

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.exports.names import plain_name
from ltv_bayes.data.exports.presets import names_beside
from ltv_bayes.value.acquisition.costs import AcquisitionCosts

ORDERS = pd.DataFrame({"客户编号": ["A", "B"], "下单日期": ["2025-01-01", "2025-02-01"], "订单金额(元)": [1.0, 2.0]})
INDUSTRY = {"Industry": ["music", "retail"]}
CONTRACTS = {"客户编号": ["A", "B"], "开始日期": ["2024-01-31", "2024-03-01"], "服务费": [90, 80]}
CONTRACTS |= {"退订日期": ["2024-04-10", None]}
STATED = {"probability": [0.6, 0.5], "low": [50.0, 60.0], "high": [200.0, 90.0]}


def summarize(attributes):
    return lb.summarize(lb.read_transactions(ORDERS), time_unit="week", attributes=attributes).table["Industry"]


class TestAttributes:
    @pytest.mark.parametrize("name", ["Account ID", "AccountId", "客户编号", "客户 ID", "Customer No.", "Record ID"])
    def test_ids_are_found_by_their_name(self, name):
        table = pd.DataFrame({name: ["B", "A"], **{"Industry": ["retail", "music"]}})
        assert summarize(table).to_dict() == {"A": "music", "B": "retail"}

    def test_an_id_goes_before_a_name(self):
        table = pd.DataFrame({"Account Name": ["B", "A"], "Account ID": ["A", "B"], **INDUSTRY})
        assert summarize(table).to_dict() == {"A": "music", "B": "retail"}

    def test_the_name_of_the_orders_goes_first(self):
        table = pd.DataFrame({"客户编号": ["A", "B"], "Account ID": ["B", "A"], **INDUSTRY})
        assert summarize(table).to_dict() == {"A": "music", "B": "retail"}

    def test_several_are_refused_with_the_call(self):
        table = pd.DataFrame({"会员编号": ["A", "B"], "公司编号": ["x", "y"], **INDUSTRY})
        call = r"'会员编号' \(row 0: A\).*rename\(columns=\{'会员编号': 'customer_id'\}\)"
        with pytest.raises(lb.errors.ColumnError, match=call):
            summarize(table)
        assert summarize(table.rename(columns={"会员编号": "customer_id"})).loc["A"] == "music"

    def test_two_that_say_the_same_are_one(self):
        table = pd.DataFrame({"会员编号": ["A", "B"], "公司编号": ["A", "B"], **INDUSTRY})
        assert summarize(table).loc["B"] == "retail"

    @pytest.mark.parametrize("name", ["Account", "My Account ID", "Account ID 2", "client key"])
    def test_no_part_of_a_name_counts(self, name):
        with pytest.raises(lb.errors.ColumnError, match="no column of customer ids"):
            summarize(pd.DataFrame({name + "x": ["A", "B"], **INDUSTRY}))

    def test_the_number_of_a_record_is_that_of_a_customer_among_attributes_alone(self):
        """A table of deals has a Record ID too, which is the deal's."""
        deals = pd.DataFrame({"Record ID": ["1", "2"], "Deal Name": ["x", "y"]})
        with pytest.raises(lb.errors.ColumnError):
            lb.all_customers(deals)
        assert lb.all_customers(pd.DataFrame({"Account ID": ["A", "B"]})).ids.tolist() == ["A", "B"]


class TestJudgements:
    @pytest.mark.parametrize("name", ["AccountId", "客户编号", "客户名称", "Account Name"])
    def test_customers_are_found_and_shown(self, name):
        judged = lb.FutureValuePriors.from_judgements(pd.DataFrame({name: ["A", "B"], **STATED}))
        assert judged.table["customer_id"].tolist() == ["A", "B"]
        assert f"note: customers are those of the column '{name}'" in repr(judged)

    def test_our_own_name_goes_first_and_is_not_mentioned(self):
        judged = lb.FutureValuePriors.from_judgements(
            pd.DataFrame({"customer_id": ["A", "B"], "客户编号": ["C", "D"], **STATED})
        )
        assert judged.table["customer_id"].tolist() == ["A", "B"]
        assert judged.notes == ()

    def test_several_are_refused_with_the_call(self):
        table = pd.DataFrame({"客户编号": ["A", "B"], "Account ID": ["C", "D"], **STATED})
        with pytest.raises(
            lb.errors.ColumnError, match="Choose one: customer_id='客户编号' or customer_id='Account ID'"
        ):
            lb.FutureValuePriors.from_judgements(table)
        judged = lb.FutureValuePriors.from_judgements(table, customer_id="Account ID")
        assert judged.table["customer_id"].tolist() == ["C", "D"]

    def test_experts_judgements_are_pooled_alike(self):
        table = pd.DataFrame({"客户编号": ["A", "A"], "expert": ["Chen", "Wang"], **STATED})
        assert lb.pool_judgements(table).notes == ("customers are those of the column '客户编号'",)


class TestCosts:
    def read(self, table, **settings):
        return AcquisitionCosts.read(pd.DataFrame(table), **settings)

    def test_columns_are_found_and_said(self):
        table = {"客户来源": ["展会", "广告"], "费用(元)": [300, 500], "新增客户数": [3, 10], "备注": ["", "x"]}
        costs = self.read(table)
        assert costs.rows[["spend", "clients_won"]].to_numpy().tolist() == [[300, 3], [500, 10]]
        said = "of the costs, channel is the column '客户来源'; spend is the column '费用(元)'"
        assert costs.notes == (f"{said}; clients won is the column '新增客户数'.",)

    def test_ours_and_those_that_are_named_go_first(self):
        table = {
            "channel": ["a", "b"],
            "Lead Source": ["x", "y"],
            "spend": [1, 2],
            "费用": [8, 9],
            "clients_won": [1, 1],
        }
        assert self.read(table).rows["channel"].tolist() == ["a", "b"]
        assert self.read(table).notes == ()
        named = self.read(table, columns={"channel": "Lead Source", "spend": "费用"})
        assert named.rows["spend"].tolist() == [8, 9]

    def test_several_are_refused_with_the_call(self):
        table = {"客户来源": ["a", "b"], "渠道": ["x", "y"], "spend": [1, 2], "clients_won": [1, 1]}
        with pytest.raises(lb.errors.ColumnError, match=r"columns=\{'channel': '客户来源'\} or columns="):
            self.read(table)
        assert self.read(table, columns={"channel": "渠道"}).rows["channel"].tolist() == ["x", "y"]

    @pytest.mark.parametrize("name", ["cost", "budget", "费用合计预算"])
    def test_what_may_be_something_else_is_not_taken(self, name):
        """A column of costs may be those of one client."""
        with pytest.raises(lb.errors.ColumnError, match="needs a column"):
            self.read({"channel": ["a"], name: [300], "clients_won": [3]})


class TestContracts:
    def test_columns_are_found_and_said(self):
        renewals = lb.summarize_renewals(pd.DataFrame(CONTRACTS), as_of="2024-06-15")
        assert renewals.table["renewals"].to_dict() == {"A": 2, "B": 3}
        assert renewals.table["price"].to_dict() == {"A": 90, "B": 80}
        assert renewals.notes == (
            "customer is the column '客户编号'",
            "start is the column '开始日期'",
            "cancelled_on is the column '退订日期'",
            "price is the column '服务费'",
        )
        assert "note: start is the column '开始日期'" in repr(renewals)

    def test_those_that_are_named_go_first(self):
        table = pd.DataFrame(CONTRACTS | {"Account ID": ["x", "y"]})
        renewals = lb.summarize_renewals(table, customer="Account ID", price=None, as_of="2024-06-15")
        assert renewals.table.index.tolist() == ["x", "y"]
        assert len(renewals.notes) == 2
        with pytest.raises(lb.errors.ColumnError, match="Choose one: customer='客户编号' or customer='Account ID'"):
            lb.summarize_renewals(table, as_of="2024-06-15")

    def test_an_agreed_end_is_no_cancellation(self):
        table = pd.DataFrame(CONTRACTS).rename(columns={"退订日期": "合同结束日期"})
        with pytest.raises(lb.errors.ColumnError, match="no column 'cancelled_on'"):
            lb.summarize_renewals(table, as_of="2024-06-15")


@pytest.mark.parametrize("table", ["customers", "costs", "plan", "contracts"])
def test_no_name_has_two_roles(table):
    names = names_beside(table)
    seen = [name for some in names.values() for name in some]
    assert len(seen) == len(set(seen))
    assert all(plain_name(name) == name for name in seen)
