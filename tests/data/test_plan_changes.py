"""A plan change is no churn: contracts of one customer that follow each other are one relation."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from tests.chance import allowed

NAMES = ["customer_id", "start", "cancelled_on", "price", "plan"]


def of(*rows, **settings):
    frame = pd.DataFrame(rows, columns=NAMES[: len(rows[0])])
    return lb.summarize_renewals(frame, **{"as_of": "2024-08-01", **settings})


def two(ended, began, *, prices=(10, 20), **settings):
    """Ada's basic plan since 15 January, and a second one."""
    return of(
        ("Ada", "2024-01-15", ended, prices[0], "basic"), ("Ada", began, None, prices[1], "pro"), **settings
    ).table


@pytest.mark.parametrize("product", [None, "plan"])
@pytest.mark.parametrize(
    ("ended", "began", "gap"),
    [
        ("2024-04-14", "2024-04-15", None),
        ("2024-04-15", "2024-04-15", None),
        ("2024-04-15", "2024-04-16", None),
        ("2024-04-20", "2024-04-20", None),
        ("2024-04-20", "2024-04-21", None),
        ("2024-04-20", "2024-05-15", None),  # paid until then
        ("2024-04-15", "2024-04-22", "7 days"),
        ("2024-04-15", "2024-04-22", "1 week"),
    ],
)
def test_a_contract_that_follows_another_goes_on_with_the_relation(ended, began, gap, product):
    found = two(ended, began, allowed_gap=gap, product=product)
    assert len(found) == 1
    row = found.loc["Ada"]
    assert not row["lost"]
    assert row["price"] == 20
    assert str(row["start"].date()) == "2024-01-15"
    assert (row["upgrades"], row["downgrades"], row["other_changes"]) == (1, 0, 0)
    alone = of(("Ada", began, None, 20)).table.loc["Ada"]
    assert row["next_due"] == alone["next_due"]
    assert row["renewals"] == alone["renewals"] + (4 if began == "2024-05-15" else 3)


@pytest.mark.parametrize(("began", "gap"), [("2024-04-17", None), ("2024-04-23", "7 days"), ("2024-07-01", "30 days")])
def test_a_longer_pause_is_a_loss(began, gap):
    found = two("2024-04-15", began, allowed_gap=gap)
    assert found["lost"].tolist() == [True, False]
    assert "upgrades" not in found


def test_upgrades_and_downgrades_are_counted_apart_by_price_a_day():
    renewals = of(
        ("Ada", "2023-01-01", "2023-06-01", 10, "month"),
        ("Ada", "2023-06-01", "2023-09-01", 20, "month"),
        ("Ada", "2023-09-01", None, 15, "month"),
        ("Bo", "2023-01-01", "2024-01-01", 120, "year"),
        ("Bo", "2024-01-01", None, 120, "year"),
        ("Cy", "2023-01-01", "2023-06-01", 10, "month"),
        ("Cy", "2023-06-01", None, 100, "year"),
        period="plan",
    )
    table = renewals.table
    assert table[["upgrades", "downgrades", "other_changes"]].to_numpy().tolist() == [
        [1, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
    ]
    assert "contracts that follow another: 1 upgrade, 2 downgrades, 1 other change; 1 to another length" in repr(
        renewals
    )
    assert table["renewals"].tolist() == [19, 1, 4, 1]


def test_a_change_of_length_is_no_loss_and_starts_a_row_of_its_own():
    renewals = of(
        ("Ada", "2023-01-15", "2023-06-15", 10, "month"),
        ("Ada", "2023-06-15", None, 100, "year"),
        ("Bo", "2023-01-15", "2023-06-15", 10, "month"),
        ("Bo", "2023-06-15", "2024-06-15", 100, "year"),
        period="plan",
    )
    assert renewals.table["lost"].tolist() == [False, False, False, True]
    assert len(renewals.active()) == 1
    assert renewals.ended().index.tolist() == ["Bo"]
    assert str(renewals.table["changed_on"].iloc[0].date()) == "2023-06-15"
    months = renewals.subset(renewals.table["period"] == "month").unique_histories()
    assert (months.renewals.tolist(), months.lost.tolist(), months.count.tolist()) == ([4.0], [0.0], [2.0])


def test_as_of_the_day_before_the_change_the_first_contract_is_active():
    found = two("2024-04-15", "2024-04-16", as_of="2024-04-15")
    assert found[["renewals", "lost", "price"]].to_numpy().tolist() == [[2, False, 10]]


def test_a_contract_of_the_same_product_follows_first():
    renewals = of(
        ("Ada", "2024-01-15", "2024-04-15", 10, "cloud"),
        ("Ada", "2024-01-15", "2024-04-15", 5, "care"),
        ("Ada", "2024-04-15", None, 6, "care"),
        product="plan",
    ).table
    assert renewals["lost"].tolist() == [True, False]
    assert renewals["product"].tolist() == ["cloud", "care"]


def test_what_was_paid_before_the_change_is_at_the_earlier_price():
    renewals = of(("Ada", "2024-01-15", "2024-04-20", 10), ("Ada", "2024-04-20", None, 20))
    stream = lb.Subscription(lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[9.0]]}), renewals)
    assert stream.realised(lb.all_customers(renewals)).tolist() == pytest.approx([3 * 10 + 10 * 5 / 30 + 4 * 20])


def test_of_a_period_that_another_contract_cuts_short_only_what_was_used_is_paid():
    """From 15 January to 30 April are 3.5 months; by 7 March 52 of 366 days of a year are used."""
    loyal = lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[9.0]]})
    monthly = of(("Ada", "2024-01-15", "2024-04-30", 10), ("Ada", "2024-04-30", None, 20), as_of="2024-06-20")
    other = of(
        ("Ada", "2024-01-15", "2024-03-07", 366, "year"),
        ("Ada", "2024-03-07", None, 20, "month"),
        as_of="2024-06-20",
        period="plan",
    )
    for renewals, paid in ((monthly, 3.5 * 10 + 2 * 20), (other, 52 + 4 * 20)):
        stream = lb.Subscription(dict.fromkeys(renewals.table["period"], loyal), renewals)
        assert stream.realised(lb.all_customers(renewals)).tolist() == pytest.approx([paid])


@pytest.mark.parametrize("length", ["month", "year"])
def test_a_value_after_a_change_is_that_of_the_present_contract_with_the_tenure_of_all(length):
    """Payments on the days of the present contract; retention after all renewals."""
    changed = of(("Ada", "2020-01-15", "2024-04-20", 10), ("Ada", "2024-04-20", None, 20), period=length)
    fit = lb.FittedRenewals.from_draws({"alpha": np.full((1, 4000), 1.0), "beta": np.full((1, 4000), 4.0)})
    value = lb.lifetime_value(
        lb.all_customers(changed),
        [lb.Subscription({length: fit}, changed)],
        horizon="1 year",
        discount_rate=0.0,
        margin=1.0,
        random_seed=1,
    )
    made = int(changed.table["renewals"].iloc[0])
    ahead = np.arange(1, 13 if length == "month" else 2)
    expected = 20 * fit.survival(ahead, renewals=made).to_numpy()[0, 0].sum()
    drawn = value.draws.to_numpy().ravel()
    assert abs(drawn.mean() - expected) < allowed() * drawn.std() / np.sqrt(drawn.size)


def test_monthly_churn_of_a_portfolio_with_plan_changes_is_that_of_losses_alone():
    """Churn 3%; 1.5% a month change their plan, on the renewal date, the day before, or in between."""
    rng, rows = np.random.default_rng(3), []
    number, churn, change = 1000, 0.03, 0.015
    decisions = losses = changes = 0
    end = pd.Timestamp("2024-12-31")
    for customer in range(number):
        start = contract = pd.Timestamp("2021-01-01") + pd.Timedelta(days=int(rng.integers(1000)))
        price, month = 10.0, 0
        while True:
            month += 1
            due = start + pd.DateOffset(months=month)
            if due > end:
                rows.append((customer, contract, None, price))
                break
            decisions += 1
            if rng.random() < churn:
                losses += 1
                rows.append((customer, contract, due, price))
                break
            if rng.random() < change:
                changes += 1
                ended = due - pd.Timedelta(days=int(rng.integers(2)))
                rows.append((customer, contract, ended, price))
                contract, price = due, price * rng.choice([0.5, 2.0])
    frame = pd.DataFrame(rows, columns=NAMES[:4]).sample(frac=1, random_state=1)
    renewals = lb.summarize_renewals(frame, as_of=end)
    table = renewals.table
    assert len(table) == number
    assert table["lost"].sum() == losses
    assert table["upgrades"].sum() + table["downgrades"].sum() == changes
    made = table["renewals"].sum()
    assert made + losses == pytest.approx(decisions, rel=1e-3)  # starts on the 29th to 31st move a few dates
