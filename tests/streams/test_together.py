"""Streams of one customer: which depends on which, what the other one knows, and what is lost without that."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma, nbd, shifted_beta_geometric
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import allowed

AS_OF = pd.Timestamp("2025-06-30")
RATE = 0.1
DELTA_WEEK = np.log1p(RATE) * 7 / 365.25


@pytest.fixture
def streams(renewals, consumables, service, buying, breaking, spending, fees):
    """The streams by name; arguments change how they ride."""

    def make(subscription, *, consumables_on="subscription", service_on="subscription"):
        return [
            lb.Subscription(subscription, renewals),
            lb.RepeatPurchases(buying, spending, "consumables", customers=consumables, while_alive=consumables_on),
            lb.TriggeredService(breaking, fees, "service", customers=service, while_alive=service_on),
        ]

    return make


def value(customers, streams, **terms):
    terms = {"horizon": "3 years", "discount_rate": RATE, "random_seed": 1, **terms}
    return lb.lifetime_value(customers, streams, **terms)


def near(draws, expected):
    draws = np.asarray(draws).ravel()
    return abs(draws.mean() - expected) < allowed(100) * draws.std() / np.sqrt(draws.size)


def alive_for_sure(x, t_x, T):
    return bg_nbd.outlook(x, t_x, T, r=1.0, alpha=12.0, a=0.8, b=6.0)._replace(alive=1.0)


def test_an_active_subscription_is_knowledge_of_life(everyone, streams, loyal):
    """Ada has bought nothing for 66 weeks; while she subscribes she is alive, and only the alive branch counts."""
    ltv = value(everyone, streams(loyal))
    purchases = bg_nbd.discounted_expected_purchases(3 * 365.25 / 7, DELTA_WEEK, alive_for_sure(7, 60.0, 126.0))
    expected = purchases * gamma_gamma.expected_spend(7, 31.5, p=6.25, q=3.744, v=15.44)
    assert near(ltv.components["consumables"].sel(customer_id="Ada"), expected)
    ignoring = value(everyone, streams(loyal, consumables_on=None))
    assert float(ignoring.components["consumables"].sel(customer_id="Ada").mean()) < 0.2 * expected


def test_consumables_end_with_the_relation(everyone, streams, churning):
    """Cleo renews in June of each year: a sum over the years in which the relation may end."""
    ltv = value(everyone, streams(churning))
    ends = [(pd.Timestamp(f"{year}-06-15") - AS_OF).days / 7 for year in (2026, 2027, 2028)]
    stays = shifted_beta_geometric.survival(np.arange(4), alpha=0.668, beta=3.806, renewals=4)
    shares = np.append(-np.diff(stays), stays[-1])
    future = alive_for_sure(12, 200.0, 210.0)
    within = [float(bg_nbd.discounted_expected_purchases(t, DELTA_WEEK, future)) for t in (*ends, 3 * 365.25 / 7)]
    expected = (shares @ within) * gamma_gamma.expected_spend(12, 40.2, p=6.25, q=3.744, v=15.44)
    drawn = ltv.components["consumables"].sel(customer_id="Cleo")
    assert near(drawn, expected)
    assert ltv.explain("Cleo").loc["consumables", "mean"] == pytest.approx(float(drawn.mean())), "shown as drawn"


def test_service_while_alive_is_the_closed_form(everyone, streams, churning):
    ltv = value(everyone, streams(churning))
    ends = [(pd.Timestamp(f"{year}-06-15") - AS_OF).days / 7 for year in (2026, 2027, 2028)]
    stays = shifted_beta_geometric.survival(np.arange(4), alpha=0.668, beta=3.806, renewals=4)
    shares = np.append(-np.diff(stays), stays[-1])
    within = [
        float(nbd.discounted_expected_events(t, DELTA_WEEK, 6, 210.0, r=1.5, alpha=60.0))
        for t in (*ends, 3 * 365.25 / 7)
    ]
    expected = (shares @ within) * gamma_gamma.expected_spend(6, 90.0, p=4.0, q=4.0, v=110.0)
    assert near(ltv.components["service"].sel(customer_id="Cleo"), expected)


def test_relation_and_orders_end_together_in_each_draw(everyone, streams, churning):
    """Where Cleo does not renew in June 2026, nothing comes after that day: the second year holds no money."""
    ltv = value(everyone, streams(churning), horizon="2 years", discount_rate=0.0)
    flows = valued_of(ltv).results.flows("Cleo")
    left = flows["subscription"].sum(axis=0) == 0
    assert 0.05 < left.mean() < 0.5
    for name in ("consumables", "service"):
        assert not flows[name][1][left].any()
        assert flows[name][1][~left].any()


def test_who_has_ended_brings_nothing_and_who_is_paid_until_later_a_little(everyone, streams, loyal):
    """Eve's contract has ended. Dan has cancelled, but has paid until February 2026."""
    ltv = value(everyone, streams(loyal), discount_rate=0.0)
    assert not ltv.draws.sel(customer_id="Eve").any()
    paid_weeks = (pd.Timestamp("2026-02-10") - AS_OF).days / 7
    expected = nbd.expected_events(paid_weeks, 1, 72.0, r=1.5, alpha=60.0)
    expected = expected * gamma_gamma.expected_spend(1, 300.0, p=4.0, q=4.0, v=110.0)
    assert near(ltv.components["service"].sel(customer_id="Dan"), expected)


def test_whom_the_host_does_not_know_decides_alone(everyone, streams, loyal):
    dependent, alone = (
        value(everyone, streams(loyal)),
        value(everyone, streams(loyal, consumables_on=None, service_on=None)),
    )
    for name, source in (("Finn", "consumables"), ("Gil", "service")):
        np.testing.assert_array_equal(
            dependent.components[source].sel(customer_id=name), alone.components[source].sel(customer_id=name)
        )


def test_customers_in_some_streams_only(everyone, streams, loyal):
    ltv = value(everyone, streams(loyal))
    yields = {name: ltv.components[name].mean(("chain", "draw")).to_series() for name in valued_of(ltv).sources}
    assert yields["subscription"]["Finn"] == yields["service"]["Finn"] == 0
    assert yields["consumables"]["Finn"] > 0
    assert yields["consumables"]["Gil"] == yields["consumables"]["Bo"] == 0
    assert "2 of 7 customers have no subscription." in ltv.notes()
    assert "3 of 7 customers have no consumables." in ltv.notes()


def test_service_may_ride_on_consumables(everyone, consumables, service, buying, breaking, spending, fees):
    """A purchase model knows when the relation ends, too: events until then, in each draw."""
    streams = [
        lb.TriggeredService(breaking, fees, "service", customers=service, while_alive="consumables"),
        lb.RepeatPurchases(buying, spending, "consumables", customers=consumables),
    ]
    ltv = value(everyone, streams, discount_rate=0.0)
    assert valued_of(ltv).sources == ["service", "consumables"]
    future = bg_nbd.outlook(7, 60.0, 126.0, r=1.0, alpha=12.0, a=0.8, b=6.0)
    weeks = np.linspace(0, 3 * 365.25 / 7, 4001)
    alive = np.array([float(bg_nbd.probability_alive_after(s, future)) for s in weeks])
    rate = float(nbd.expected_events(1.0, 3, 126.0, r=1.5, alpha=60.0))
    expected = rate * np.trapezoid(alive, weeks) * gamma_gamma.expected_spend(3, 150.0, p=4.0, q=4.0, v=110.0)
    assert near(ltv.components["service"].sel(customer_id="Ada"), expected)


def test_a_host_may_be_given_itself(everyone, renewals, service, breaking, fees, churning):
    host = lb.Subscription(churning, renewals)
    given, named = (
        value(everyone, [host, lb.TriggeredService(breaking, fees, customers=service, while_alive=alive)])
        for alive in (host, "subscription")
    )
    np.testing.assert_array_equal(given.draws, named.draws)


def test_a_chain_of_riders_ends_with_the_first(everyone, streams, churning):
    """Service on consumables on the subscription: where the subscription is not renewed, nothing comes after."""
    ltv = value(everyone, streams(churning, service_on="consumables"), horizon="2 years", discount_rate=0.0)
    flows = valued_of(ltv).results.flows("Cleo")
    left = flows["subscription"].sum(axis=0) == 0
    assert not flows["service"][1][left].any()
    direct = value(everyone, streams(churning), horizon="2 years", discount_rate=0.0)
    chained, ridden = (one.components["service"].sel(customer_id="Cleo").mean() for one in (ltv, direct))
    assert chained < ridden


def test_a_subscription_may_ride_on_purchases(everyone, renewals, consumables, loyal, buying, spending):
    streams = [
        lb.RepeatPurchases(buying, spending, customers=consumables),
        lb.Subscription(loyal, renewals, while_alive="repeat_purchases"),
    ]
    ltv = value(everyone, streams, discount_rate=0.0)
    future = bg_nbd.outlook(12, 200.0, 210.0, r=1.0, alpha=12.0, a=0.8, b=6.0)
    due = [(pd.Timestamp(f"{year}-06-15") - AS_OF).days / 7 for year in (2026, 2027, 2028)]
    expected = 1200 * sum(float(bg_nbd.probability_alive_after(s, future)) for s in due)
    assert near(ltv.components["subscription"].sel(customer_id="Cleo"), expected)


def test_known_alive_from_elsewhere(everyone, consumables, buying, spending):
    stream = lb.RepeatPurchases(buying, spending, customers=consumables, known_alive=["Ada"])
    ltv = value(everyone, [stream])
    purchases = bg_nbd.discounted_expected_purchases(3 * 365.25 / 7, DELTA_WEEK, alive_for_sure(7, 60.0, 126.0))
    expected = purchases * gamma_gamma.expected_spend(7, 31.5, p=6.25, q=3.744, v=15.44)
    assert near(ltv.draws.sel(customer_id="Ada"), expected)
    unaware = value(everyone, [lb.RepeatPurchases(buying, spending, customers=consumables)])
    np.testing.assert_array_equal(ltv.draws.sel(customer_id="Cleo"), unaware.draws.sel(customer_id="Cleo"))


def test_customers_may_stop_buying_and_keep_the_subscription(everyone, renewals, consumables, buying, spending, loyal):
    """With one_life=False the customer's own history decides whether they still buy; the subscription only cuts."""
    host = lb.Subscription(loyal, renewals)
    dependent = lb.RepeatPurchases(
        buying, spending, "consumables", customers=consumables, while_alive=host, one_life=False
    )
    alone = lb.RepeatPurchases(buying, spending, "consumables", customers=consumables)
    found, own = (value(everyone, [host, one]).components["consumables"] for one in (dependent, alone))
    np.testing.assert_array_equal(found.sel(customer_id="Ada"), own.sel(customer_id="Ada"))
    assert not found.sel(customer_id="Eve").any()


def test_a_rider_changes_no_draw_of_its_host(everyone, consumables, service, buying, breaking, spending, fees):
    host = lb.RepeatPurchases(buying, spending, "consumables", customers=consumables)
    rider = lb.TriggeredService(breaking, fees, "service", customers=service, while_alive="consumables")
    together, alone = value(everyone, [host, rider]), value(everyone, [host])
    np.testing.assert_array_equal(together.components["consumables"], alone.components["consumables"])


def test_purchases_without_an_end_of_their_own(everyone, renewals, consumables, breaking, spending, loyal):
    """NBD fits may stand for repeat purchases: no customer leaves but with the subscription."""
    streams = [
        lb.Subscription(loyal, renewals),
        lb.RepeatPurchases(breaking, spending, "consumables", customers=consumables, while_alive="subscription"),
    ]
    ltv = value(everyone, streams)
    events = nbd.discounted_expected_events(3 * 365.25 / 7, DELTA_WEEK, 7, 126.0, r=1.5, alpha=60.0)
    expected = events * gamma_gamma.expected_spend(7, 31.5, p=6.25, q=3.744, v=15.44)
    assert near(ltv.components["consumables"].sel(customer_id="Ada"), expected)


class TestTerms:
    """Units, margins and discount rates of streams."""

    def test_the_customers_unit_changes_no_value(self, consumables, buying, spending):
        """The fit counts in weeks; horizon, histories and discount follow it, not the unit of the customers."""
        stream = lb.RepeatPurchases(buying, spending)
        by_week = value(consumables, stream, horizon=["1 year", "3 years"])
        by_day = value(consumables.in_time_unit("day"), stream, horizon=["1 year", "3 years"])
        for horizon in ("1 year", "3 years"):
            np.testing.assert_allclose(by_day.at(horizon).draws, by_week.at(horizon).draws, rtol=1e-9)

    def test_orders_of_a_fit_by_week_are_discounted_at_the_yearly_rate(self, consumables, buying, spending):
        ltv = value(consumables, lb.RepeatPurchases(buying, spending), discount_rate=0.5)
        delta = np.log(1.5) * 7 / 365.25
        future = bg_nbd.outlook(12, 200.0, 210.0, r=1.0, alpha=12.0, a=0.8, b=6.0)
        purchases = bg_nbd.discounted_expected_purchases(3 * 365.25 / 7, delta, future)
        expected = purchases * gamma_gamma.expected_spend(12, 40.2, p=6.25, q=3.744, v=15.44)
        assert near(ltv.draws.sel(customer_id="Cleo"), expected)

    def test_margins_of_streams(self, everyone, streams, loyal):
        plain = value(everyone, streams(loyal), margin=0.5, realised=True)
        some = streams(loyal)
        some[0] = lb.Subscription(loyal, some[0].renewals, margin=0.8)
        own = value(everyone, some, margin=0.5, realised=True)
        for name, factor in (("subscription", 1.6), ("consumables", 1.0), ("service", 1.0)):
            np.testing.assert_allclose(own.components[name], factor * plain.components[name])
        paid = (some[0].renewals.table["renewals"]["Bo"] + 1) * 300
        assert own.components["realised"].sel(customer_id="Bo").to_numpy() == pytest.approx(0.8 * paid)
        assert "margin 50% (subscription margin 80%)" in str(own.settings)

    def test_discount_rates_of_streams(self, everyone, renewals, loyal):
        slow = value(everyone, [lb.Subscription(loyal, renewals, discount_rate=0.0)])
        assert float(slow.draws.sel(customer_id="Bo").mean()) == pytest.approx(3600, rel=1e-6)
        assert "subscription discounted at 0%" in str(slow.settings)
        with pytest.raises(UnitError, match="10% a year"):
            value(everyone, [lb.Subscription(loyal, renewals, discount_rate=10)])

    def test_realised_money_is_that_of_all_streams(self, everyone, streams, loyal, renewals):
        ltv = value(everyone, streams(loyal), realised=True)
        paid = ltv.components["realised"].mean(("chain", "draw")).to_series()
        assert paid["Ada"] == pytest.approx((renewals.table["renewals"]["Ada"] + 1) * 120 + 250 + 450)
        assert paid["Finn"] == pytest.approx(70)


class TestChecks:
    """What cannot be valued together is refused."""

    def test_a_host_that_is_not_there(self, everyone, streams, loyal):
        with pytest.raises(InputError, match=r"'service' depends on 'subscriptions', .* Did you mean 'subscription'"):
            value(everyone, streams(loyal, service_on="subscriptions"))

    def test_a_host_that_knows_no_end(self, everyone, streams, loyal):
        with pytest.raises(InputError, match="'service', which 'consumables' depends on, does not know how long"):
            value(everyone, streams(loyal, consumables_on="service"))

    def test_a_circle(self, everyone, renewals, consumables, loyal, buying, spending):
        streams = [
            lb.Subscription(loyal, renewals, while_alive="repeat_purchases"),
            lb.RepeatPurchases(buying, spending, customers=consumables, while_alive="subscription"),
        ]
        with pytest.raises(InputError, match="circle"):
            value(everyone, streams)
        with pytest.raises(InputError, match="circle"):
            value(everyone, [lb.Subscription(loyal, renewals, while_alive="subscription")])

    def test_another_as_of_or_currency_of_a_stream(self, everyone, consumables, buying, spending):
        table = consumables.table.reset_index()
        for changed, message in (({"as_of": "2025-01-31"}, "as of 2025-01-31"), ({"currency": "CNY"}, "in CNY")):
            given = {"time_unit": "week", "as_of": "2025-06-30", "currency": "EUR", **changed}
            other = lb.Customers.from_summary(table, **given)
            with pytest.raises(UnitError, match=message):
                value(everyone, [lb.RepeatPurchases(buying, spending, customers=other)])

    def test_customers_without_a_history_of_their_own(self, everyone, buying, spending):
        with pytest.raises(InputError, match="no purchase history"):
            value(everyone, [lb.RepeatPurchases(buying, spending)])

    def test_one_history_is_not_counted_by_two_streams(self, consumables, buying, breaking, spending, fees):
        streams = [lb.RepeatPurchases(buying, spending), lb.TriggeredService(breaking, fees, while_alive=None)]
        with pytest.raises(InputError, match="would all count the same orders"):
            value(consumables, streams)

    def test_histories_that_ended_with_a_relation_the_host_does_not_know(
        self, everyone, renewals, consumables, buying, spending, loyal
    ):
        ended = consumables.observed_until({"Finn": "2025-06-01"})
        stream = lb.RepeatPurchases(buying, spending, "consumables", customers=ended, while_alive="subscription")
        with pytest.raises(InputError, match=r"unknown to the stream 'subscription' \(id Finn\)"):
            value(everyone, [lb.Subscription(loyal, renewals), stream])

    @pytest.mark.parametrize("name", ["a/b", "..", "a\\b"])
    def test_names_that_cannot_name_a_file(self, consumables, buying, spending, name):
        with pytest.raises(InputError, match="cannot name a column or a file"):
            value(consumables, [lb.RepeatPurchases(buying, spending, name)])

    def test_known_alive_takes_several_ids(self, buying, spending):
        with pytest.raises(InputError, match="several ids"):
            lb.RepeatPurchases(buying, spending, known_alive="Ada")

    def test_service_takes_events(self, buying, breaking, fees, service):
        with pytest.raises(InputError, match=r"NBD\(\)\.fit"):
            lb.TriggeredService(buying, fees, while_alive=None)
        with pytest.raises(InputError, match=r"GammaGamma\(\)\.fit"):
            lb.TriggeredService(breaking, breaking, while_alive=None)
        with pytest.raises(InputError, match="Customers are needed"):
            lb.TriggeredService(breaking, fees, customers=service.table, while_alive=None)
        with pytest.raises(TypeError, match="while_alive"):
            lb.TriggeredService(breaking, fees)
