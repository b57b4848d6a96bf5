"""Subscriptions: the calendar's dates, prices that change, what is known of each contract."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric
from tests.chance import allowed

AS_OF = dt.date(2025, 6, 30)


def payments(start, months, until):
    """The dates of a contract after the as-of date, counted by another library."""
    dates = (start + relativedelta(months=months * k) for k in range(1, 1000))
    return [day for day in dates if AS_OF < day <= until] if months else []


def worth(dates, price, rate=0.1):
    return sum(price * (1 + rate) ** -((day - AS_OF).days / 365.25) for day in dates)


def mean_of(customers, stream, customer, **terms):
    terms = {"horizon": "3 years", "discount_rate": 0.1, "random_seed": 1, **terms}
    draws = lb.lifetime_value(customers, [stream], **terms).draws.sel(customer_id=customer)
    return float(draws.mean()), float(draws.std() / np.sqrt(draws.size))


class TestCalendar:
    """Every payment has its own date: the 31st by the month, quarters and years mixed."""

    @pytest.mark.parametrize(
        ("customer", "start", "months", "price"),
        [
            ("Ada", dt.date(2023, 1, 31), 1, 120.0),
            ("Bo", dt.date(2024, 3, 1), 3, 300.0),
            ("Cleo", dt.date(2021, 6, 15), 12, 1200.0),
        ],
    )
    def test_who_always_renews_pays_at_each_date(self, everyone, renewals, loyal, customer, start, months, price):
        mean, _ = mean_of(everyone, lb.Subscription(loyal, renewals), customer)
        dates = payments(start, months, dt.date(2028, 6, 30))
        assert mean == pytest.approx(worth(dates, price), rel=1e-6)

    def test_payments_are_counted_in_their_years(self, everyone, renewals, loyal):
        ltv = lb.lifetime_value(everyone, lb.Subscription(loyal, renewals), horizon="3 years", random_seed=1)
        flow = ltv.cash_flow("Cleo")["mean"]
        np.testing.assert_allclose(flow, [1200, 1200, 1200], rtol=1e-6)

    def test_a_horizon_in_days_includes_its_last_day(self, everyone, renewals, loyal):
        due = (dt.date(2026, 6, 15) - AS_OF).days
        stream = lb.Subscription(loyal, renewals)
        for days, expected in ((due, 1200.0), (due - 1, 0.0)):
            mean, _ = mean_of(everyone, stream, "Cleo", horizon=f"{days} days", discount_rate=0.0)
            assert mean == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("as_of", "horizon", "payments"),
    [
        ("2025-12-31", "3 years", 3),
        ("2023-12-31", "1 year", 1),
        ("2024-01-31", "12 months", 1),
        ("2025-12-31", "52 weeks", 0),
    ],
)
def test_years_of_a_horizon_end_on_the_day_of_the_calendar(loyal, as_of, horizon, payments):
    """A yearly contract that begins on the as-of date is renewed as often as the horizon has years."""
    records = pd.DataFrame({"customer_id": ["Ada"], "start": [as_of], "cancelled_on": [None], "price": [1200.0]})
    renewals = lb.summarize_renewals(records, period="year", as_of=as_of)
    ltv = lb.lifetime_value(
        lb.all_customers(renewals), lb.Subscription(loyal, renewals), horizon=horizon, random_seed=1
    )
    assert float(ltv.draws.mean()) == pytest.approx(payments * 1200, rel=1e-6)
    assert (ltv.cash_flow()["mean"].to_numpy()[:payments] == pytest.approx(1200, rel=1e-6)) if payments else True


def test_a_renewal_paid_before_it_is_due_is_not_paid_again(loyal):
    records = pd.DataFrame(
        {"customer_id": ["Ada"], "start": ["2023-09-01"], "renewed_on": ["2024-06-20"], "price": [9.0]}
    )
    renewals = lb.summarize_renewals(
        records, period="year", cancelled_on=None, renewed_on="renewed_on", as_of="2024-06-30"
    )
    book, stream = lb.all_customers(renewals), lb.Subscription(loyal, renewals)
    for horizon, expected in (("1 month", 0.0), ("1 year", 0.0), ("15 months", 9.0)):
        draws = lb.lifetime_value(book, stream, horizon=horizon, random_seed=1).draws
        assert float(draws.mean()) == pytest.approx(expected, rel=1e-6)


def test_the_mean_is_the_sum_of_survival_times_price_at_each_date(everyone, renewals, churning):
    dates = payments(dt.date(2023, 1, 31), 1, dt.date(2028, 6, 30))
    made = 28  # from 28 February 2023 to 30 May 2025; 30 June comes on the as-of date itself
    assert renewals.table.loc["Ada", "renewals"] == made + 1
    survival = shifted_beta_geometric.survival(np.arange(1, len(dates) + 1), alpha=0.668, beta=3.806, renewals=made + 1)
    expected = sum(share * worth([day], 120.0) for share, day in zip(survival, dates, strict=True))
    mean, error = mean_of(everyone, lb.Subscription(churning, renewals), "Ada")
    assert abs(mean - expected) < allowed() * error


def test_a_long_horizon_comes_to_the_discounted_residual_life(renewals, everyone, churning):
    """Cleo's fifth renewal is due in 350 days: its residual life, seen just before, brought to today."""
    mean, error = mean_of(everyone, lb.Subscription(churning, renewals), "Cleo", horizon="150 years")
    life = shifted_beta_geometric.discounted_expected_residual_life(5, 0.1, alpha=0.668, beta=3.806)
    wait = (dt.date(2026, 6, 15) - AS_OF).days / 365.25
    expected = 1200 * float(life) * 1.1**-wait
    assert abs(mean - expected) < allowed() * error + 2e-4 * expected  # years of 365 and 366 days


def test_the_lost_pay_nothing_and_those_without_a_contract_neither(everyone, renewals, churning):
    ltv = lb.lifetime_value(everyone, lb.Subscription(churning, renewals), horizon="3 years", random_seed=1)
    yields = ltv.summary()["mean"]
    assert (yields[["Dan", "Eve", "Finn", "Gil"]] == 0).all()
    assert (yields[["Ada", "Bo", "Cleo"]] > 0).all()


class TestPrices:
    """A price of one's own, for records without; a rise a year; a rise from a day; new prices of contracts."""

    def test_records_without_prices_need_one(self, records, loyal, everyone):
        plain = lb.summarize_renewals(records.drop(columns="price"), period="term", price=None, as_of=AS_OF)
        with pytest.raises(ColumnError, match="no prices"):
            lb.Subscription(loyal, plain)
        mean, _ = mean_of(everyone, lb.Subscription(loyal, plain, price=10.0), "Cleo", discount_rate=0.0)
        assert mean == pytest.approx(30.0, rel=1e-6)

    def test_a_share_a_year(self, everyone, renewals, loyal):
        stream = lb.Subscription(loyal, renewals, price_changes=0.05)
        mean, _ = mean_of(everyone, stream, "Cleo", discount_rate=0.0)
        days = [(dt.date(year, 6, 15) - AS_OF).days for year in (2026, 2027, 2028)]
        assert mean == pytest.approx(sum(1200 * 1.05 ** (day / 365.25) for day in days), rel=1e-6)

    def test_a_share_as_large_as_the_discount_leaves_the_price(self, everyone, renewals, loyal):
        mean, _ = mean_of(everyone, lb.Subscription(loyal, renewals, price_changes=0.1), "Cleo")
        assert mean == pytest.approx(3600.0, rel=1e-6)

    def test_from_a_day_on(self, everyone, renewals, loyal):
        stream = lb.Subscription(loyal, renewals, price_changes={"2027-06-15": 0.5, "2026-01-01": 0.1})
        mean, _ = mean_of(everyone, stream, "Cleo", discount_rate=0.0)
        assert mean == pytest.approx(1200 * 1.1 * (1 + 1.5 + 1.5), rel=1e-6)

    def test_new_prices_of_contracts(self, everyone, renewals, loyal):
        new = pd.DataFrame({"customer_id": ["Cleo"], "valid_from": ["2027-01-01"], "price": [1500.0]})
        stream = lb.Subscription(loyal, renewals, price_changes=new)
        assert mean_of(everyone, stream, "Cleo", discount_rate=0.0)[0] == pytest.approx(1200 + 2 * 1500, rel=1e-6)
        assert mean_of(everyone, stream, "Bo", discount_rate=0.0)[0] == pytest.approx(12 * 300, rel=1e-6)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"customer_id": ["Zoe"], "valid_from": ["2027-01-01"], "price": [1.0]}, r"no contract \(row 0\)"),
            ({"customer_id": ["Bo"], "valid_from": ["2027-01-01"], "price": [0.0]}, r"price above 0 \(row 0\)"),
            ({"customer_id": ["Bo"] * 2, "valid_from": ["2027-01-01"] * 2, "price": [1, 2]}, r"\(rows 0, 1\)"),
        ],
    )
    def test_new_prices_that_cannot_be_are_refused_with_their_rows(self, renewals, loyal, changes, message):
        with pytest.raises(InputError, match=message):
            lb.Subscription(loyal, renewals, price_changes=pd.DataFrame(changes))

    def test_new_prices_are_read_as_records_are(self, everyone, renewals, loyal):
        """In ten thousands, ids with blanks, thousands with commas."""
        new = pd.DataFrame(
            {"customer_id": ["Cleo ", "Bo"], "valid_from": ["2027/1/1", "2027-01-01"], "price": ["0.15", "1,000"]}
        )
        stream = lb.Subscription(loyal, renewals, price_changes=new[:1], amount_unit="万元")
        assert mean_of(everyone, stream, "Cleo", discount_rate=0.0)[0] == pytest.approx(1200 + 2 * 1500, rel=1e-6)
        with pytest.warns(DataWarning, match="counted in one unit"):
            lb.Subscription(loyal, renewals, price_changes=new[:1])

    def test_prices_of_today_are_not_changed_again(self, renewals, loyal):
        with pytest.raises(UnitError, match="from 2024-01-01 lie before the as-of date 2025-06-30"):
            lb.Subscription(loyal, renewals, price_changes={"2024-01-01": 0.05})
        with pytest.raises(InputError, match="prices of their own"):
            lb.Subscription(loyal, renewals, price=7.0)

    def test_other_faults_of_price_changes(self, renewals, loyal):
        with pytest.raises(ColumnError, match="valid_from"):
            lb.Subscription(loyal, renewals, price_changes=pd.DataFrame({"customer_id": ["Bo"], "price": [1.0]}))
        with pytest.raises(UnitError, match=r"write 5% as 0\.05"):
            lb.Subscription(loyal, renewals, price_changes=5)
        with pytest.raises(UnitError, match="not a date"):
            lb.Subscription(loyal, renewals, price_changes={"soon": 0.1})


class TestContracts:
    """Which fit counts for which contract, and several contracts of one customer."""

    def test_each_length_has_its_own_fit(self, everyone, renewals, loyal):
        never = lb.FittedRenewals.from_draws({"alpha": np.full((4, 2_000), 1e6), "beta": np.full((4, 2_000), 1e-6)})
        stream = lb.Subscription({"month": never, "quarter": loyal, "year": loyal}, renewals)
        assert mean_of(everyone, stream, "Ada", discount_rate=0.0)[0] == pytest.approx(0, abs=0.1)
        assert mean_of(everyone, stream, "Bo", discount_rate=0.0)[0] == pytest.approx(3600.0, rel=1e-6)

    def test_a_length_without_a_fit_is_refused_with_its_customers(self, renewals, loyal):
        with pytest.raises(InputError, match=r"contracts of a quarter or a year.*\(ids Bo, Cleo\)"):
            lb.Subscription({"month": loyal}, renewals)
        monthly = lb.FittedRenewals.from_draws(loyal.draws, periods="month")
        with pytest.raises(InputError, match="for which there is no fit"):
            lb.Subscription(monthly, renewals)

    def test_several_contracts_of_a_customer_add_up(self, loyal):
        records = pd.DataFrame(
            {
                "customer_id": ["Ada", "Ada"],
                "start": ["2023-01-31", "2024-06-15"],
                "cancelled_on": [None, None],
                "price": [120.0, 1200.0],
                "term": ["month", "year"],
                "what": ["cloud", "support"],
            }
        )
        renewals = lb.summarize_renewals(records, period="term", product="what", as_of=AS_OF)
        mean, _ = mean_of(lb.all_customers(renewals), lb.Subscription(loyal, renewals), "Ada", discount_rate=0.0)
        assert mean == pytest.approx(36 * 120 + 3 * 1200, rel=1e-6)
        new = pd.DataFrame(
            {"customer_id": ["Ada"], "product": ["support"], "valid_from": ["2025-07-01"], "price": 600.0}
        )
        stream = lb.Subscription(loyal, renewals, price_changes=new)
        mean, _ = mean_of(lb.all_customers(renewals), stream, "Ada", discount_rate=0.0)
        assert mean == pytest.approx(36 * 120 + 3 * 600, rel=1e-6)

    def test_order_of_records_and_of_customers_changes_nothing(self, records, churning, everyone):
        one = lb.summarize_renewals(records, period="term", as_of=AS_OF)
        other = lb.summarize_renewals(records.iloc[[3, 0, 4, 2, 1]], period="term", as_of=AS_OF)
        first, second = (
            lb.lifetime_value(everyone, lb.Subscription(churning, given), horizon="2 years", random_seed=3).draws
            for given in (one, other)
        )
        np.testing.assert_array_equal(first, second)
        few = lb.lifetime_value(
            everyone.subset(["Cleo", "Ada"]), lb.Subscription(churning, one), horizon="2 years", random_seed=3
        ).draws
        for name in ("Ada", "Cleo"):
            np.testing.assert_array_equal(few.sel(customer_id=name), first.sel(customer_id=name))

    def test_numbers_and_text_are_one_id(self, churning):
        records = pd.DataFrame({"customer_id": [18, 7], "start": "2024-01-01", "cancelled_on": None, "price": 10.0})
        renewals = lb.summarize_renewals(records, as_of=AS_OF)
        frame = pd.DataFrame({"customer_id": ["7", "18"], "frequency": 0, "recency": 0.0, "T": 4.0})
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of=AS_OF)
        yields = lb.lifetime_value(customers, lb.Subscription(churning, renewals), horizon="1 year").summary()["mean"]
        assert (yields > 0).all()


class TestChecks:
    """What does not fit together is refused."""

    def test_a_fit_of_several_lengths(self, renewals, loyal):
        mixed = lb.FittedRenewals.from_draws(loyal.draws, periods="month, quarter, year")
        with pytest.raises(InputError, match="Fit each length apart"):
            lb.Subscription(mixed, renewals)
        for periods, known in (("month, year", "month and a year"), ("year", "year")):
            other = lb.FittedRenewals.from_draws(loyal.draws, periods=periods)
            with pytest.raises(InputError, match=f"of a month has learned from those of a {known}\\."):
                lb.Subscription({"month": other, "quarter": loyal, "year": loyal}, renewals)
        own = {name: lb.FittedRenewals.from_draws(loyal.draws, periods=name) for name in ("month", "quarter", "year")}
        assert lb.Subscription(own, renewals).fits == own
        with pytest.raises(InputError, match="There is no fit"):
            lb.Subscription({}, renewals)

    def test_another_as_of_or_currency(self, records, loyal, everyone):
        earlier = lb.summarize_renewals(records, period="term", as_of="2025-01-31")
        with pytest.raises(UnitError, match=r"'subscription' are as of 2025-01-31, .* 2025-06-30"):
            lb.lifetime_value(everyone, lb.Subscription(loyal, earlier), horizon="1 year")
        yuan = lb.summarize_renewals(records, period="term", as_of=AS_OF, currency="CNY")
        with pytest.raises(UnitError, match="in CNY, the customers valued are in EUR"):
            lb.lifetime_value(everyone, lb.Subscription(loyal, yuan), horizon="1 year")

    def test_something_else_than_a_fit_or_renewals(self, renewals, loyal, buying):
        with pytest.raises(InputError, match="FittedPurchases"):
            lb.Subscription(buying, renewals)
        with pytest.raises(InputError, match="Renewals are needed"):
            lb.Subscription(loyal, renewals.table)
        with pytest.raises(InputError, match="cohort table"):
            lb.Subscription(loyal, lb.Renewals.from_cohort_table([100, 80]))

    def test_what_was_paid_so_far_is_realised(self, everyone, renewals, loyal):
        ltv = lb.lifetime_value(everyone, lb.Subscription(loyal, renewals), horizon="1 year", realised=True)
        made = renewals.table["renewals"]
        paid = ltv.components["realised"].mean(("chain", "draw")).to_series()
        assert paid["Cleo"] == (made["Cleo"] + 1) * 1200
        assert paid["Eve"] == (made["Eve"] + 1) * 90
        assert paid["Gil"] == 0


def test_priors_of_every_length_are_power_scaled(everyone, renewals, loyal, churning):
    """Each contract length has a fit; one that two lengths share comes once."""
    stream = lb.Subscription({"month": churning, "quarter": loyal, "year": loyal}, renewals)
    one = lb.OneOffSale(1000.0)
    held = lb.lifetime_value(everyone, [stream, one], horizon="1 year", random_seed=1).judgement.power_scaling()["held"]
    model = churning.model
    assert held.tolist() == [
        f"priors of {model}, subscription month",
        f"priors of {model}, subscription quarter, subscription year",
    ]
