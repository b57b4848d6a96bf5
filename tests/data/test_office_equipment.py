"""The simulated office-equipment company, against its own description: calendar, shares, rates, churn, money."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from scipy import special

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.samples.office_clients import CONTRACTS, Contract, Growth, Purchases
from ltv_bayes.samples.office_equipment import STREAMS
from tests.chance import allowed

simulate = lb.samples.simulate_office_equipment

STEP = {"monthly": {"months": 1}, "quarterly": {"months": 3}, "yearly": {"years": 1}}
TABLES = ("orders", "subscriptions", "installations", "planned", "clients", "future")
DAYS_PER_YEAR = 365.25


@pytest.fixture(scope="module")
def company():
    return simulate(1500, random_seed=1)


@pytest.fixture(scope="module")
def many():
    """Enough clients for shares and means to be told apart from wrong ones."""
    return simulate(30_000, random_seed=2)


def since(company):
    """Days after as_of on which each client's board was installed."""
    days = (company.installations["since"] - pd.Timestamp(company.as_of)).dt.days
    return pd.Series(days.to_numpy(dtype=float), company.installations["customer_id"])


def exposure(company, clients, until):
    """Years from installation to the end of the relation or of observation, in days after as_of."""
    return (company.lifetimes.clip(upper=until) - since(company))[clients] / DAYS_PER_YEAR


def renewal_dates(record):
    """The first seven years of renewal dates, by another calendar than the package's."""
    start, step = record.started_on.date(), STEP[record.contract]
    return [start + relativedelta(**{unit: number * n for unit, number in step.items()}) for n in range(1, 85)]


def users(company):
    """Clients who use consumables: all of them have a starter pack."""
    return company.orders.loc[company.orders["product_line"] == "consumables", "client"].unique()


def repeat_orders(company, stream):
    """Past purchases of a stream, but for starter packs."""
    orders = company.orders[company.orders["product_line"] == stream]
    installed = company.installations.set_index("customer_id")["since"].reindex(orders["client"]).to_numpy()
    return orders[orders["ordered_on"].to_numpy() > installed]


def assert_mean(values, expected, sd):
    """Within four standard errors."""
    assert abs(np.mean(values) - expected) < allowed(100) * sd / np.sqrt(len(values))


def assert_share(hits, expected):
    assert_mean(np.asarray(hits, dtype=float), expected, np.sqrt(expected * (1 - expected)))


class TestACompany:
    def test_same_seed_same_company(self, company):
        again = simulate(1500, random_seed=1)
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(company, name), getattr(again, name))
        pd.testing.assert_series_equal(company.lifetimes, again.lifetimes)
        assert not company.clients.equals(simulate(1500, random_seed=3).clients)

    def test_it_says_what_it_holds_in_one_line(self, company):
        assert repr(company) == (
            f"Simulated office-equipment company as of 2025-12-31: 1,500 clients, {len(company.subscriptions):,} "
            f"subscriptions, {len(company.orders):,} orders, {len(company.planned)} planned sales, "
            f"truth known for 3 years ahead"
        )

    @pytest.mark.parametrize("seed", range(20))
    def test_one_client_is_a_company(self, company, seed):
        tiny = simulate(1, years=0.05, future_years=0.05, random_seed=seed)
        assert tiny.true_value("1 day").shape == (1, 5)
        for name in TABLES:
            assert getattr(tiny, name).dtypes.equals(getattr(company, name).dtypes)

    @pytest.mark.parametrize("wrong", [{"clients": 0}, {"years": 0}, {"years": -1.0}, {"future_years": 0}])
    def test_no_client_and_no_time_are_refused(self, wrong):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} must be above 0"):
            simulate(**{"clients": 10, **wrong})

    def test_shares_of_contracts_must_add_up(self):
        with pytest.raises(InputError, match=r"add up to 0\.8\. Make them"):
            simulate(10, contracts=CONTRACTS[:2])


class TestDates:
    def test_boards_are_installed_in_the_observed_years_before_as_of(self, many):
        days = since(many)
        assert (days.min(), days.max()) == (-1461, -1)
        assert_mean(days, -1462 / 2, 1461 / np.sqrt(12))

    def test_all_begins_on_the_installation_day(self, company):
        installed = company.installations.set_index("customer_id")["since"]
        orders = company.orders.assign(since=installed.reindex(company.orders["client"]).to_numpy())
        first = orders[orders["ordered_on"] == orders["since"]]
        assert (orders["ordered_on"] >= orders["since"]).all()
        assert first["product_line"].value_counts().to_dict() == {"equipment": 1500, "consumables": len(users(company))}
        started = company.subscriptions.set_index("client")["started_on"]
        assert (started == installed[started.index]).all()

    def test_the_log_ends_on_as_of_and_the_future_begins_the_day_after(self, many):
        assert many.orders["ordered_on"].max() == pd.Timestamp("2025-12-31")
        assert many.future["date"].min() == pd.Timestamp("2026-01-01")
        assert many.future["days"].between(0, 1096, inclusive="right").all()

    def test_a_payment_falls_on_the_day_that_ends_next(self, company):
        days = (company.future["date"] - pd.Timestamp(company.as_of)).dt.days
        late = days - company.future["days"]
        assert ((late >= 0) & (late < 1)).all()
        assert (late[company.future["stream"].isin(["equipment", "subscription"])] == 0).all()

    def test_nothing_happens_after_the_relation_has_ended(self, company):
        ends = company.lifetimes
        future = company.future.assign(ends=ends.reindex(company.future["customer_id"]).to_numpy())
        assert (future["days"] <= future["ends"]).all()
        fixed = future[future["stream"].isin(["equipment", "subscription"])]
        assert (fixed["days"] < fixed["ends"]).all()
        days = (company.orders["ordered_on"] - pd.Timestamp(company.as_of)).dt.days
        assert (days <= ends.reindex(company.orders["client"]).to_numpy()).all()

    def test_who_is_lost_is_lost_on_a_renewal_date_of_the_calendar(self, company):
        lost = company.subscriptions.dropna(subset="cancelled_on")
        assert len(lost) > 300
        for row in lost.itertuples():
            assert row.cancelled_on.date() in renewal_dates(row)

    def test_a_lifetime_is_the_days_to_the_renewal_not_made(self, company):
        records = company.subscriptions.set_index("client")
        days = (records["cancelled_on"] - pd.Timestamp(company.as_of)).dt.days
        ends = company.lifetimes[records.index]
        assert ((ends <= 0) == days.notna()).all()
        assert (ends[days.notna()] == days.dropna()).all()
        assert np.isinf(company.lifetimes.drop(records.index)).all()
        assert company.lifetimes[np.isfinite(company.lifetimes)].max() <= 1096

    @pytest.mark.parametrize(("years", "future_years"), [(4, 3), (1, 0.5), (0.5, 20)])
    def test_who_never_leaves_outlives_what_is_known(self, years, future_years):
        contracts = [Contract("monthly", "month", share=1.0, months_paid=1, mean_churn=1e-9, concentration=10)]
        company = simulate(50, years=years, future_years=future_years, contracts=contracts, random_seed=5)
        assert np.isinf(company.lifetimes).all()
        subscribers, fees = len(company.subscriptions), (company.future["stream"] == "subscription").sum()
        assert fees == pytest.approx(12 * future_years * subscribers, abs=subscribers)

    def test_every_renewal_after_as_of_is_paid_until_the_one_not_made(self, company):
        paid = company.future[company.future["stream"] == "subscription"]
        found = {client: own[["date", "amount"]].to_numpy().tolist() for client, own in paid.groupby("customer_id")}
        last = dt.date(2028, 12, 31)
        for row in company.subscriptions.itertuples():
            ends = company.lifetimes[row.client]
            due = [day for day in renewal_dates(row) if company.as_of < day <= last]
            made = [day for day in due if (day - company.as_of).days < ends]
            assert found.get(row.client, []) == [[pd.Timestamp(day), row.price] for day in made]


class TestWorld:
    """Shares, rates and churn as described, within four standard errors."""

    def test_shares(self, many):
        assert_share(many.clients["customer_id"].isin(many.subscriptions["client"]), 0.88)
        assert_share(many.subscriptions["client"].isin(users(many)), 0.80)
        for contract, share in {"monthly": 0.55, "quarterly": 0.25, "yearly": 0.20}.items():
            assert_share(many.subscriptions["contract"] == contract, share)
        alive = many.lifetimes.index[many.lifetimes > 0]
        assert_share(alive.isin(many.planned["customer_id"]), 0.15)

    def test_consumables_are_for_subscribers(self, many):
        assert set(users(many)) <= set(many.subscriptions["client"])

    @pytest.mark.parametrize(
        ("contract", "mean", "concentration", "most"),
        [("monthly", 0.03, 30, 30), ("quarterly", 0.08, 20, 10), ("yearly", 0.18, 10, 3)],
    )
    def test_survival_is_that_of_the_beta_geometric(self, many, contract, mean, concentration, most):
        """Of those whose n-th renewal was due, B(alpha, beta + n) / B(alpha, beta) made it."""
        alpha, beta = mean * concentration, (1 - mean) * concentration
        records = many.subscriptions[many.subscriptions["contract"] == contract]
        for n in {1, 2, most}:
            step = pd.DateOffset(**{unit: number * n for unit, number in STEP[contract].items()})
            due = records["started_on"] + step
            seen = due <= pd.Timestamp(many.as_of)
            made = records["cancelled_on"].isna() | (records["cancelled_on"] > due)
            assert_share(made[seen], np.exp(special.betaln(alpha, beta + n) - special.betaln(alpha, beta)))

    @pytest.mark.parametrize(("stream", "rate"), [("consumables", 5.0), ("service", 1.5)])
    @pytest.mark.parametrize("when", ["past", "future"])
    def test_mean_rates(self, many, stream, rate, when):
        """Events are Poisson given the client's own rate, which varies by 0.8 of its mean between clients."""
        clients = users(many) if stream == "consumables" else many.clients["customer_id"].to_numpy()
        past = exposure(many, clients, 0.0)
        if when == "past":
            years, events = past, len(repeat_orders(many, stream))
        else:
            years = exposure(many, clients, 3 * DAYS_PER_YEAR) - past
            events = (many.future["stream"] == stream).sum()
        variance = (rate * years + (0.8 * rate * years) ** 2).sum()
        assert abs(events - rate * years.sum()) < allowed() * np.sqrt(variance)

    def test_clients_differ_in_their_rates_as_gamma(self, many):
        """Without repair so far: (alpha / (alpha + T))^r, with r = 1 / 0.8^2 and r / alpha = 1.5 a year."""
        clients = pd.Index(many.clients["customer_id"])
        r, years = 0.8**-2, exposure(many, clients, 0.0)
        none = (r / 1.5 / (r / 1.5 + years)) ** r
        without = ~clients.isin(many.orders.loc[many.orders["product_line"] == "service", "client"])
        assert abs(without.sum() - none.sum()) < allowed() * np.sqrt((none * (1 - none)).sum())

    @pytest.mark.parametrize(("stream", "mean"), [("consumables", 600.0), ("service", 1500.0)])
    def test_amounts_are_gamma_gamma(self, many, stream, mean):
        """First purchases have the mean of the world; first and second share the client's own nu."""
        true = many.parameters[stream]
        p, q, v = true["p"], true["q"], true["v"]
        own = many.orders[many.orders["product_line"] == stream].groupby("client")["amount"]
        first = own.nth(0)
        assert p * v / (q - 1) == pytest.approx(mean)
        assert_mean(first, mean, np.sqrt((p + p**2) * v**2 / ((q - 1) * (q - 2)) - mean**2))
        between, within = special.polygamma(1, [q, p])
        assert_mean(np.log(first), special.digamma(p) - special.digamma(q) + np.log(v), np.sqrt(between + within))
        pairs = pd.concat([own.nth(0), own.nth(1)]).groupby(many.orders["client"]).agg(["first", "last", "size"])
        pairs = pairs[pairs["size"] == 2]
        found = np.corrcoef(np.log(pairs["first"]), np.log(pairs["last"]))[0, 1]
        correlation = between / (between + within)
        assert abs(found - correlation) < 4 * (1 - correlation**2) / np.sqrt(len(pairs))

    def test_prices(self, many):
        boards = many.orders.loc[many.orders["product_line"] == "equipment", "amount"]
        assert_mean(np.log(boards), np.log(30_000), np.log(boards).std())
        for contract, months in {"monthly": 1, "quarterly": 3 * 0.97, "yearly": 12 * 0.9}.items():
            price = np.log(many.subscriptions.loc[many.subscriptions["contract"] == contract, "price"])
            assert_mean(price, np.log(800 * months), price.std())

    def test_few_orders_share_a_day(self, many):
        """Of Poisson orders at rates of mean m and cv 0.8, about m (1 + 0.64) / (2 * 365.25) follow one of the day."""
        for stream, rate in {"consumables": 5.0, "service": 1.5}.items():
            orders = repeat_orders(many, stream)
            share = orders.duplicated(["client", "ordered_on"]).mean()
            assert share == pytest.approx(rate * 1.64 / (2 * DAYS_PER_YEAR), rel=0.15)

    def test_parameters_are_those_of_the_description(self):
        contracts = [Contract("monthly", "month", share=1.0, months_paid=1, mean_churn=0.1, concentration=10)]
        other = simulate(20, contracts=contracts, service=Purchases(per_year=2.0, mean_amount=100.0, rate_cv=0.5))
        assert other.parameters["subscription"]["month"] == pytest.approx({"alpha": 1.0, "beta": 9.0})
        assert other.parameters["service"] == pytest.approx({"r": 4.0, "alpha": 2.0, "p": 4.0, "q": 4.0, "v": 75.0})
        assert set(other.subscriptions["contract"]) == {"monthly"}


class TestPlannedSales:
    def test_are_considered_by_the_living_within_two_years(self, many):
        planned = many.planned
        assert (many.lifetimes[planned["customer_id"]] > 0).all()
        assert planned["customer_id"].is_unique
        days = (planned["date"] - pd.Timestamp(many.as_of)).dt.days
        assert (days.min(), days.max()) == (1, 730)
        assert planned["probability"].between(0.1, 0.9, inclusive="neither").all()

    @pytest.mark.parametrize(("low", "high"), [(0.1, 0.35), (0.35, 0.65), (0.65, 0.9)])
    def test_come_as_often_as_stated_while_the_relation_lives(self, many, low, high):
        planned, sold = self.planned_and_sold(many)
        asked = planned["lives"] & planned["probability"].between(low, high)
        stated = planned.loc[asked, "probability"]
        assert asked.sum() > 500
        assert abs(sold[asked].sum() - stated.sum()) < allowed() * np.sqrt((stated * (1 - stated)).sum())

    def test_never_come_when_the_relation_has_ended(self, many):
        planned, sold = self.planned_and_sold(many)
        assert (~planned["lives"]).sum() > 200
        assert not sold[~planned["lives"]].any()

    def test_bring_the_stated_amount_on_the_stated_day(self, many):
        sales = many.future[many.future["stream"] == "equipment"]
        stated = many.planned.set_index("customer_id").loc[sales["customer_id"]]
        assert (stated["amount"].to_numpy() == sales["amount"].to_numpy()).all()
        assert (stated["date"].to_numpy() == sales["date"].to_numpy()).all()

    def test_beyond_what_is_known_stay_planned(self):
        short = simulate(2000, future_years=0.5, random_seed=4)
        assert short.planned["date"].max() > pd.Timestamp("2027-06-30")
        assert short.future["date"].max() <= pd.Timestamp("2026-07-02")

    @staticmethod
    def planned_and_sold(company):
        days = (company.planned["date"] - pd.Timestamp(company.as_of)).dt.days
        lives = company.lifetimes[company.planned["customer_id"]].to_numpy() > days
        buyers = company.future.loc[company.future["stream"] == "equipment", "customer_id"]
        return company.planned.assign(lives=lives), company.planned["customer_id"].isin(buyers)


class TestTrueValue:
    def test_of_one_client_is_the_sum_by_hand(self, company):
        streams = company.future.groupby("customer_id")["stream"].nunique()
        client = streams.index[streams == 4][0]
        record = company.subscriptions.set_index("client").loc[client]
        margins = {"equipment": 0.3, "subscription": 0.8, "service": 0.5}
        expected = dict.fromkeys(STREAMS, 0.0)
        for due in renewal_dates(record):
            days = (due - company.as_of).days
            if 0 < days < company.lifetimes[client] and days <= 730.5:
                expected["subscription"] += 0.8 * record["price"] / 1.1 ** (days / 365.25)
        for payment in company.future[company.future["customer_id"] == client].itertuples():
            if payment.stream != "subscription" and payment.days <= 730.5:
                share = margins.get(payment.stream, 1.0)
                expected[payment.stream] += share * payment.amount / 1.1 ** (payment.days / 365.25)
        found = company.true_value("2 years", discount_rate=0.1, margins=margins).loc[client]
        assert all(expected.values())
        assert found[list(STREAMS)].to_dict() == pytest.approx(expected, rel=1e-12)
        assert found["total"] == pytest.approx(sum(expected.values()), rel=1e-12)

    def test_has_every_client_in_their_order(self, company):
        value = company.true_value("1 week")
        assert value.index.tolist() == company.clients["customer_id"].tolist()
        assert value.index.name == "customer_id"
        assert value.columns.tolist() == [*STREAMS, "total"]
        assert not value.isna().any(axis=None)

    def test_of_those_who_have_left_is_nothing(self, company):
        left = company.lifetimes.index[company.lifetimes <= 0]
        assert len(left) > 300
        assert not company.true_value("3 years").loc[left].any(axis=None)

    def test_without_discount_is_the_money_paid(self, company):
        paid = company.future.groupby("stream")["amount"].sum()
        value = company.true_value("36 months").sum()
        assert value[list(STREAMS)].to_dict() == pytest.approx(paid.to_dict())
        assert value["total"] == pytest.approx(paid.sum())

    def test_beyond_what_is_known_is_refused(self, company):
        with pytest.raises(InputError, match="known for 3 years ahead, not for 4 years"):
            company.true_value("4 years")

    def test_margins_are_checked(self, company):
        with pytest.raises(InputError, match="Did you mean 'consumables'"):
            company.true_value(margins={"consumable": 0.5})
        with pytest.raises(InputError, match=r"Write 35% as \{'service': 0\.35\}"):
            company.true_value(margins={"service": 35})
        with pytest.raises(UnitError, match="the margin of service must be a number"):
            company.true_value(margins={"service": "half"})


class TestReading:
    """What the package's own readers make of the tables."""

    def test_renewals_find_exactly_those_who_are_lost(self, company):
        found = lb.summarize_renewals(
            company.subscriptions,
            customer="client",
            start="started_on",
            period="contract",
            price="price",
            as_of=company.as_of,
        ).table
        assert found.index.tolist() == company.subscriptions["client"].tolist()
        assert (found["lost"] == (company.lifetimes[found.index] <= 0)).all()
        next_due = (found["next_due"] - pd.Timestamp(company.as_of)).dt.days
        renews = (next_due < company.lifetimes[found.index]) & (next_due <= 1096)
        payers = company.future.loc[company.future["stream"] == "subscription", "customer_id"]
        assert (found.index.isin(payers) == renews).all()

    def test_consumables_are_summarised_from_the_starter_pack(self, company):
        log = company.orders[company.orders["product_line"] == "consumables"]
        orders = lb.read_transactions(log, customer="client", date="ordered_on", amount="amount", currency="CNY")
        table = lb.summarize(orders, time_unit="day", as_of=company.as_of).table
        assert (table["T"] == -since(company)[table.index]).all()
        days = log.groupby("client")["ordered_on"].nunique() - 1
        assert (table["frequency"] == days[table.index]).all()

    def test_the_whole_log_is_read(self, company):
        orders = company.transactions()
        assert len(orders) == len(company.orders)
        assert orders.dropped.empty
        assert orders.currency == "CNY"
        assert len(lb.summarize(orders, as_of=company.as_of).table) == 1500


def test_prices_that_grow_change_nothing_else():
    """Factors of prices have the stated mean; contracts with a new price follow each other as one relation."""
    size = {"clients": 400, "random_seed": 5}
    plain = simulate(**size)
    grown = simulate(**size, growth=Growth(changes_a_year=0.5, upward=1.0, size=0.2, size_sd=0.0))
    for name in ("orders", "installations", "planned", "clients"):
        pd.testing.assert_frame_equal(getattr(grown, name), getattr(plain, name))
    names = {"customer": "client", "start": "started_on", "period": "contract", "as_of": plain.as_of}
    found, before = (lb.summarize_renewals(one.subscriptions, **names).table for one in (grown, plain))
    state = ["renewals", "lost", "next_due", "ended_on", "start"]
    pd.testing.assert_frame_equal(found[state].sort_index(), before[state].sort_index())
    steps = np.log(found["price"] / before["price"].reindex(found.index)) / 0.2
    assert np.allclose(steps, found["upgrades"], atol=0.02)
    assert not found["downgrades"].any()
    later = [one.future[one.future["stream"] == "subscription"] for one in (grown, plain)]
    assert np.array_equal(*(part["days"].to_numpy() for part in later))
    assert later[0]["amount"].sum() > later[1]["amount"].sum()
