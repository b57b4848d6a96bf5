"""One-off sales: realised or planned, certain or likely, and of those who are still there."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError
from tests.chance import allowed

SALES = pd.DataFrame(
    {
        "customer_id": ["Ada", "Ada", "Bo", "Cleo", "Cleo"],
        "date": ["2023-01-31", "2026-06-30", "2024-03-01", "2026-01-31", "2027-03-31"],
        "amount": [20_000, 30_000, 25_000, "40,000", 10_000],
        "probability": [None, "40%", None, 0.9, None],
    }
)


def value(customers, stream, **terms):
    terms = {"horizon": "3 years", "random_seed": 1, **terms}
    return lb.lifetime_value(customers, [stream], **terms)


def test_planned_sales_come_as_often_as_said_at_their_date(everyone):
    draws = value(everyone, lb.OneOffSale(SALES), discount_rate=0.1).draws
    ada = draws.sel(customer_id="Ada").to_numpy().ravel()
    assert set(np.round(np.unique(ada), 2)) == {0.0, round(30_000 * 1.1 ** -(365 / 365.25), 2)}
    assert abs((ada > 0).mean() - 0.4) < allowed() * np.sqrt(0.24 / ada.size)
    cleo = draws.sel(customer_id="Cleo").to_numpy().ravel()
    certain = 10_000 * 1.1 ** -(639 / 365.25)
    assert cleo.min() == pytest.approx(certain)
    assert abs((cleo > certain + 1).mean() - 0.9) < allowed() * np.sqrt(0.09 / ada.size)


def test_what_was_sold_is_past_value(everyone):
    ltv = value(everyone, lb.OneOffSale(SALES), realised=True)
    past = ltv.components["realised"].mean(("chain", "draw")).to_series()
    assert past[["Ada", "Bo", "Cleo"]].tolist() == [20_000, 25_000, 0]
    assert ltv.draws.sel(customer_id="Bo").to_numpy().ravel() == pytest.approx(25_000)


def test_sales_after_the_horizon_do_not_count(everyone):
    yields = value(everyone, lb.OneOffSale(SALES), horizon="6 months").summary()["mean"]
    assert yields["Ada"] == 0
    assert (yields[["Cleo"]] == 0).all()
    assert value(everyone, lb.OneOffSale(SALES), horizon="215 days").summary().loc["Cleo", "mean"] > 0


def test_a_sale_counts_from_the_day_after_the_as_of_date_to_the_last_day_of_the_horizon(everyone):
    """As of 30 June 2025 three years end on 30 June 2028; what is dated on the as-of date has been sold."""
    days = ["2025-06-30", "2025-07-01", "2028-06-30", "2028-07-01"]
    for day, past, to_come in zip(days, (1, 0, 0, 0), (0, 1, 1, 0), strict=True):
        sale = lb.OneOffSale(pd.DataFrame({"customer_id": ["Ada"], "date": [day], "amount": [100.0]}))
        ltv = value(everyone, sale, horizon=["1 year", "3 years"], realised=True)
        found = {name: float(part.sel(customer_id="Ada").mean()) for name, part in ltv.components.items()}
        assert found == {"realised": 100.0 * past, "one_off_sale": 100.0 * to_come}


def test_each_sale_falls_into_its_year(everyone):
    flow = value(everyone, lb.OneOffSale(SALES)).cash_flow("Cleo")["mean"]
    assert flow[2] == pytest.approx(10_000)
    assert flow[1] == pytest.approx(36_000, rel=0.05)
    assert flow[3] == 0


def test_order_of_sales_changes_nothing(everyone):
    one = value(everyone, lb.OneOffSale(SALES)).draws
    other = value(everyone, lb.OneOffSale(SALES.iloc[[4, 1, 0, 3, 2]])).draws
    np.testing.assert_array_equal(one, other)


def test_new_customers_pay_at_once(everyone):
    ltv = value(everyone, lb.OneOffSale(30_000.0), discount_rate=0.1, margin=0.3)
    assert ltv.draws.to_numpy() == pytest.approx(9_000)
    assert not value(everyone, lb.OneOffSale(30_000.0), realised=True).components["realised"].any()


def test_an_amount_for_everybody_has_a_unit_too(everyone):
    assert value(everyone, lb.OneOffSale(3, amount_unit="万元")).draws.to_numpy() == pytest.approx(30_000)


def test_orders_of_a_log_are_certain(everyone):
    log = pd.DataFrame({"customer_id": ["Ada"], "date": ["2025-01-31"], "amount": [500.0]})
    stream = lb.OneOffSale(lb.read_transactions(log))
    assert value(everyone, stream, realised=True).summary().loc["Ada", "mean"] == 500


def test_orders_without_amounts_are_refused():
    log = pd.DataFrame({"customer_id": ["Ada"], "date": ["2025-01-31"]})
    with pytest.raises(InputError, match="no amounts"):
        lb.OneOffSale(lb.read_transactions(log, amount=None))


def test_a_sale_is_made_to_those_who_are_still_there(everyone, renewals, churning):
    """Cleo's renewal of June 2026 decides whether she is there in March 2027; in January 2026 she is for certain."""
    streams = [lb.Subscription(churning, renewals), lb.OneOffSale(SALES, while_alive="subscription")]
    ltv = lb.lifetime_value(everyone, streams, horizon="3 years", random_seed=1)
    cleo = ltv.components.sel(customer_id="Cleo")
    sale, renewed = cleo["one_off_sale"].to_numpy().ravel(), cleo["subscription"].to_numpy().ravel()
    assert set(np.unique(sale[renewed == 0])) == {0.0, 40_000.0}
    assert set(np.unique(sale[renewed > 0])) == {10_000.0, 50_000.0}


def test_a_sale_is_made_until_the_day_before_a_relation_ends(everyone, renewals, loyal):
    """Dan cancelled; he has paid until 10 February 2026, the day on which his relation ends."""
    for day, made in (("2026-02-09", 1), ("2026-02-10", 0)):
        sale = pd.DataFrame({"customer_id": ["Dan"], "date": [day], "amount": [100.0]})
        streams = [lb.Subscription(loyal, renewals), lb.OneOffSale(sale, while_alive="subscription")]
        sold = lb.lifetime_value(everyone, streams, horizon="3 years", random_seed=1).components["one_off_sale"]
        assert (sold.sel(customer_id="Dan") == 100.0 * made).all()


def test_draws_number_as_many_as_other_streams_have(everyone, renewals, uncertain):
    streams = [lb.Subscription(uncertain["renewals"], renewals), lb.OneOffSale(SALES)]
    assert lb.lifetime_value(everyone, streams, horizon="1 year").draws.shape[:2] == (2, 500)


def test_columns_in_the_users_own_words(everyone):
    """A Chinese export in ten thousands of yuan, probabilities in percent."""
    columns = {"customer_id": "客户", "date": "日期", "amount": "金额（万元）", "probability": "赢率"}
    sales = SALES.assign(amount=[2, 3, 2.5, 4, 1], probability=["", "40%", "", "90%", ""]).rename(columns=columns)
    names = {"customer": "客户", "date": "日期", "amount": "金额（万元）", "probability": "赢率"}
    theirs = value(everyone, lb.OneOffSale(sales, **names, amount_unit="万元"))
    np.testing.assert_array_equal(theirs.draws, value(everyone, lb.OneOffSale(SALES)).draws)
    with pytest.warns(DataWarning, match="amount_unit"):
        lb.OneOffSale(sales, **names)
    with pytest.raises(ColumnError, match="概率"):
        lb.OneOffSale(sales, **{**names, "probability": "概率"}, amount_unit=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": [0, 1, 1, 1, -5]}, r"2 rows with an amount of zero or less \(rows 0, 4\)"),
        ({"probability": [None, 1.4, None, 0.9, "x"]}, r"2 rows with a probability outside 0 to 1 \(rows 1, 4\)"),
        ({"date": ["2023-01-31", "some day", "2024-03-01", "2026-01-31", "2027-03-31"]}, r"\(row 1\)"),
        ({"customer_id": ["Ada", None, "Bo", "Cleo", "Cleo"]}, r"without a customer id \(row 1\)"),
    ],
)
def test_bad_sales_are_refused_with_their_rows(changes, message):
    with pytest.raises(InputError, match=message):
        lb.OneOffSale(SALES.assign(**changes))


def test_a_planned_sale_of_the_past_is_refused(everyone):
    late = SALES.assign(probability=[0.5, 0.4, None, 0.9, None])
    with pytest.raises(InputError, match=r"1 row of the sales with a probability.* 2025-06-30 \(row 0\)"):
        value(everyone, lb.OneOffSale(late))


def test_other_currency_missing_column_and_missing_as_of(everyone):
    with pytest.raises(UnitError, match="in CNY"):
        value(everyone, lb.OneOffSale(SALES, currency="CNY"))
    with pytest.raises(ColumnError, match="amount"):
        lb.OneOffSale(SALES.drop(columns="amount"))
    frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": 0, "recency": 0.0, "T": 4.0})
    with pytest.raises(UnitError, match="no as-of date"):
        value(lb.Customers.from_summary(frame, time_unit="week"), lb.OneOffSale(SALES))


def test_customers_who_are_not_valued_are_named(everyone):
    notes = value(everyone.subset(["Ada"]), lb.OneOffSale(SALES)).notes()
    assert "one off sale of 2 customers not valued here: Bo, Cleo." in notes
