"""Who is slipping away: against the paper's formula of P(alive), and against the value's own draws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formatting import money
from ltv_bayes.predictions.fitted import flat_draws
from tests.chance import allowed

SETTINGS = {"time_unit": "week", "currency": "USD"}
TERMS = {"horizon": "1 year", "random_seed": 3}


@pytest.fixture(scope="module")
def before():
    """The book thirteen weeks earlier: C and E have bought since, and B was not there yet."""
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "C", "D", "E", "F"],
            "frequency": [2, 5, 1, 9, 3],
            "recency": [20.43, 20.0, 1.71, 17.5, 12.0],
            "T": [25.86, 25.86, 25.86, 18.0, 12.0],
            "monetary_value": [22.35, 31.5, 11.77, 40.2, 25.0],
        }
    )
    return lb.Customers.from_summary(frame, as_of="1997-07-01", **SETTINGS)


@pytest.fixture(scope="module")
def many(purchases, spend):
    """The hand-made posteriors with more draws: 4 x 500."""
    rng = np.random.default_rng(5)

    def more(fit):
        return {name: v.mean() * np.exp(0.08 * rng.standard_normal((4, 500))) for name, v in fit.draws.items()}

    return (
        lb.FittedPurchases.from_draws(more(purchases), time_unit="week"),
        lb.FittedSpend.from_draws(more(spend), currency="USD"),
    )


@pytest.fixture(scope="module")
def ltv(book, many):
    return lb.lifetime_value(book, [lb.RepeatPurchases(*many)], **TERMS)


def whole_of(book, stream):
    return lb.lifetime_value(book, [stream], **TERMS)


def alive_by_the_paper(fit, x, t_x, T):
    """P(alive) of BG/NBD, Fader, Hardie & Lee (2008), averaged over the posterior."""
    r, alpha, a, b = (flat_draws(fit)[name] for name in ("r", "alpha", "a", "b"))
    return np.mean(1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)))


class TestFacts:
    def test_probabilities_are_those_of_the_paper(self, ltv, before, book, many):
        facts = lb.slipping_away(ltv, before, least_drop=0.05).facts
        assert sorted(facts.index) == ["D", "F"]
        for customer, row in facts.iterrows():
            for table, name in ((before.table, "probability_alive_before"), (book.table, "probability_alive")):
                history = table.loc[customer, ["frequency", "recency", "T"]].astype(float)
                assert row[name] == pytest.approx(alive_by_the_paper(many[0], *history), rel=1e-9)
        np.testing.assert_allclose(facts["drop"], facts["probability_alive_before"] - facts["probability_alive"])

    def test_only_drops_that_count_are_listed(self, ltv, before):
        every, fewer = (lb.slipping_away(ltv, before, least_drop=drop) for drop in (0.01, 0.2))
        assert every.customers == fewer.customers == 5
        assert (fewer.facts["drop"] >= 0.2).all()
        assert 0 < len(fewer.facts) < len(every.facts)

    def test_reasons_say_what_happened(self, ltv, before):
        reason = lb.slipping_away(ltv, before, least_drop=0.05).facts.loc["F", "reason"]
        assert reason.startswith("no order for 13 weeks, before that one every 4 weeks; P(alive) fell from 0.")
        assert reason.endswith("since 1997-07-01")

    def test_a_log_and_a_day_do_what_customers_of_that_day_do(self, many):
        log = pd.DataFrame({"customer": list("AAAABBBC"), "value": 10.0})
        log["day"] = pd.to_datetime("1997-01-01") + pd.to_timedelta([0, 30, 60, 90, 10, 40, 200, 20], unit="D")
        orders = lb.read_transactions(log, customer="customer", date="day", amount="value", currency="USD")
        customers = lb.summarize(orders, time_unit="week", as_of="1997-09-30")
        value = lb.lifetime_value(customers, [lb.RepeatPurchases(*many)], **TERMS)
        earlier = lb.summarize(orders, time_unit="week", as_of="1997-06-01")
        one, other = lb.slipping_away(value, orders, since="1997-06-01"), lb.slipping_away(value, earlier)
        assert list(one.facts.index) == ["A"]
        pd.testing.assert_frame_equal(one.summary(), other.summary())

    def test_segments_of_a_pooled_fit_come_from_now(self, book, before, pooled, spend):
        """The customers of the earlier day need not say their industry."""
        value = lb.lifetime_value(book, [lb.RepeatPurchases(pooled, spend)], **TERMS)
        facts = lb.slipping_away(value, before, least_drop=0.01).facts
        public = pooled.of_segment(industry="Public")
        history = before.table.loc["F", ["frequency", "recency", "T"]].astype(float)
        assert facts.loc["F", "probability_alive_before"] == pytest.approx(alive_by_the_paper(public, *history))


@pytest.fixture(scope="module")
def orders():
    """S has fallen silent; O has ordered a second time; D did so on the day itself; N is new."""
    days = {"S": [0, 20, 40, 60], "O": [0, 160], "D": [0, 151], "A": [0, 30, 60, 90, 120, 152], "N": [170]}
    log = pd.DataFrame([(one, day) for one, every in days.items() for day in every], columns=["customer", "day"])
    log["day"] = pd.to_datetime("1997-01-01") + pd.to_timedelta(log["day"], unit="D")
    names = {"customer": "customer", "date": "day", "amount": "value"}
    return lb.read_transactions(log.assign(value=10.0), **names, currency="USD")


@pytest.fixture(scope="module")
def came_back(orders, many):
    customers = lb.summarize(orders, time_unit="week", as_of="1997-09-30")
    return lb.lifetime_value(customers, [lb.RepeatPurchases(*many)], **TERMS)


@pytest.fixture(scope="module")
def signed(book, many):
    row = {"customer_id": "F", "probability": 0.5, "low": 10, "high": 20, "relation": "additional"}
    judged = lb.FutureValuePriors.from_judgements(pd.DataFrame([row]))
    return lb.lifetime_value(book, [lb.RepeatPurchases(*many)], future_value=judged, **TERMS)


class TestCameBack:
    """P(alive) of BG/NBD is 1 after one order, and a second one lowers it: that is no customer slipping away."""

    def test_an_order_after_the_day_is_no_silence(self, came_back, orders, many):
        found = lb.slipping_away(came_back, orders, since="1997-06-01", least_drop=0.01, least_alive=0)
        fell = alive_by_the_paper(many[0], 1, 160 / 7, 272 / 7)
        assert fell < 0.9  # and was 1 on the day
        assert sorted(found.facts.index) == ["D", "S"]  # D ordered on day 151, which is 1997-06-01 itself
        assert (found.came_back, found.new, found.customers) == (2, 1, 4)
        assert "2 more, for whom it fell as well, have ordered since and are not listed" in found.sentence()

    def test_one_day_earlier_that_order_is_after_the_day(self, came_back, orders):
        found = lb.slipping_away(came_back, orders, since="1997-05-31", least_drop=0.01, least_alive=0)
        assert list(found.facts.index) == ["S"]
        assert found.came_back == 3

    def test_they_are_not_among_those_gone_nor_in_the_total(self, came_back, orders):
        found = lb.slipping_away(came_back, orders, since="1997-05-31", least_drop=0.01, least_alive=0.99)
        assert list(found.gone.index) == ["S"]
        assert "P(alive) of no other customer fell" in found.sentence()
        listed = lb.slipping_away(came_back, orders, since="1997-05-31", least_drop=0.01, least_alive=0)
        np.testing.assert_array_equal(listed.total(), listed.at_stake.sel(customer_id="S"))

    def test_services_beside_the_purchases_change_nothing_of_it(self, came_back, orders, many):
        events = lb.FittedEvents.from_draws({"r": np.ones((4, 500)), "alpha": np.full((4, 500), 4.0)}, time_unit="week")
        purchases = lb.RepeatPurchases(*many, name="orders")
        repairs = lb.TriggeredService(
            events, many[1], name="repairs", while_alive="orders", customers=came_back.customers
        )
        both = lb.lifetime_value(came_back.customers, [purchases, repairs], **TERMS)
        found = lb.slipping_away(both, orders, since="1997-05-31", least_drop=0.01, least_alive=0)
        assert list(found.facts.index) == ["S"]
        assert found.came_back == 3

    def test_on_real_orders(self, cdnow_orders, purchases, spend):
        """Of CDNOW, nobody who is listed ordered after the day, and many whose P(alive) fell did."""
        customers = lb.summarize(cdnow_orders, time_unit="week")
        value = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases.thin(20), spend.thin(20))], **TERMS)
        found = lb.slipping_away(value, cdnow_orders, since="1998-01-01", least_alive=0)
        last = cdnow_orders.table.groupby("customer_id")["date"].max()
        assert len(found.facts) > 20
        assert (last[found.facts.index] <= pd.Timestamp("1998-01-01")).all()
        assert found.came_back > 20


class TestSigns:
    """A value with judgements takes who has an open opportunity to be likelier alive, and the reason says so."""

    def test_reason_names_the_probability_that_is_in_the_value(self, signed, before):
        found = lb.slipping_away(signed, before, least_drop=0.05)
        facts = found.facts
        for customer, why in (("F", "raised by the open opportunity"), ("D", "lowered because no opportunity is open")):
            row = facts.loc[customer]
            said = row["reason"].partition(" (in the value ")[2]
            assert said.endswith(f", {why})")
            used = float(said.split(",")[0])
            assert used == pytest.approx(1 - row["at_stake"] / row["value_if_alive"], abs=0.02)
            assert abs(used - row["probability_alive"]) > 0.02

    def test_nobody_with_an_open_opportunity_is_gone_by_orders_alone(self, signed, ltv, before):
        low = float(lb.slipping_away(ltv, before, least_drop=0.05).facts.loc["F", "probability_alive"])
        floor = low + 0.01
        assert "F" in lb.slipping_away(ltv, before, least_drop=0.05, least_alive=floor).gone.index
        assert "F" in lb.slipping_away(signed, before, least_drop=0.05, least_alive=floor).facts.index


class TestAtStake:
    def test_is_the_value_if_alive_less_the_value_now(self, ltv, before):
        found = lb.slipping_away(ltv, before, least_drop=0.05)
        now, lost = ltv.summary()["mean"], found.at_stake.to_numpy().reshape(-1, len(found.facts))
        at_stake = found.facts["at_stake"]
        np.testing.assert_allclose(found.facts["value_if_alive"] - at_stake, now[at_stake.index], rtol=1e-9)
        pd.testing.assert_series_equal(found.summary()["at_stake"], at_stake)
        assert (np.abs(at_stake - lost.mean(axis=0)) < allowed(3) * lost.std(axis=0) / np.sqrt(len(lost))).all()
        assert (np.abs(at_stake - lost.mean(axis=0)) > 1e-6 * at_stake).all()
        assert f"At stake is {money(at_stake.sum(), 'USD')} USD on average" in found.sentence()

    def test_a_row_adds_up_with_judgements_and_at_any_horizon(self, book, many, before):
        """The value now is that of the purchases alone: judged money is not lost with them."""
        row = {"customer_id": "F", "probability": 0.5, "low": 10, "high": 20, "relation": "additional"}
        judged = lb.FutureValuePriors.from_judgements(pd.DataFrame([row]))
        terms = {**TERMS, "horizon": ["6 months", "1 year"], "realised": True, "margin": 0.4, "discount_rate": 0.1}
        whole = lb.lifetime_value(book, [lb.RepeatPurchases(*many)], future_value=judged, **terms)
        for value in (whole, whole.at("6 months")):
            facts = lb.slipping_away(value, before, least_drop=0.05).facts
            now = [value.explain(one).loc["repeat_purchases", "mean"] for one in facts.index]
            np.testing.assert_allclose(facts["value_if_alive"] - facts["at_stake"], now, rtol=1e-9)

    def test_of_services_is_that_of_draws(self, book, many, before):
        orders = lb.RepeatPurchases(*many, name="orders")
        events = lb.FittedEvents.from_draws({"r": np.ones((4, 500)), "alpha": np.full((4, 500), 4.0)}, time_unit="week")
        repairs = lb.TriggeredService(events, many[1], name="repairs", while_alive="orders", customers=book)
        value = lb.lifetime_value(book, [orders, repairs], **TERMS)
        found, alone = (lb.slipping_away(one, before, least_drop=0.05) for one in (value, whole_of(book, orders)))
        order = list(alone.facts.index)
        lost = found.at_stake.sel(customer_id=order) - alone.at_stake.sel(customer_id=order)
        of_repairs = found.facts["at_stake"][order] - alone.facts["at_stake"]
        np.testing.assert_allclose(of_repairs, lost.mean(("chain", "draw")), rtol=1e-6)

    def test_nothing_is_lost_in_draws_in_which_the_customer_is_there(self, ltv, before):
        found = lb.slipping_away(ltv, before, least_drop=0.05)
        lost = (found.at_stake > 0).mean(("chain", "draw")).to_numpy()
        assert (lost <= 1 - found.facts["probability_alive"] + 0.02).all()
        assert (lost > 0).all()
        assert (found.at_stake >= 0).all()

    def test_total_adds_draws(self, ltv, before):
        found = lb.slipping_away(ltv, before, least_drop=0.05)
        np.testing.assert_allclose(found.total(), found.at_stake.sum("customer_id"))
        assert found.total().dims == ("chain", "draw")

    def test_margin_horizon_and_discount_count(self, book, many, before):
        streams = [lb.RepeatPurchases(*many)]
        horizons = ["6 months", "1 year"]
        whole = lb.lifetime_value(book, streams, horizon=horizons, random_seed=3)
        part = lb.lifetime_value(book, streams, horizon=horizons, random_seed=3, margin=0.5)
        a, b = (lb.slipping_away(value, before, least_drop=0.05) for value in (whole, part))
        np.testing.assert_allclose(a.at_stake / 2, b.at_stake)
        shorter = lb.slipping_away(whole.at("6 months"), before, least_drop=0.05)
        assert float(shorter.total().mean()) < 0.8 * float(a.total().mean())

    def test_what_rides_on_the_purchases_is_lost_with_them(self, book, many, before):
        orders = lb.RepeatPurchases(*many, name="orders")
        often = {"r": np.full((4, 500), 1.0), "alpha": np.full((4, 500), 4.0)}
        events = lb.FittedEvents.from_draws(often, time_unit="week")
        repairs = lb.TriggeredService(events, many[1], name="repairs", while_alive="orders", customers=book)
        alone = lb.slipping_away(lb.lifetime_value(book, [orders], **TERMS), before, least_drop=0.05)
        both = lb.slipping_away(lb.lifetime_value(book, [orders, repairs], **TERMS), before, least_drop=0.05)
        assert (both.facts["value_if_alive"] > alone.facts["value_if_alive"].reindex(both.facts.index) * 1.5).all()
        assert float(both.total().mean()) > 1.5 * float(alone.total().mean())

    def test_an_open_opportunity_lowers_what_is_at_stake(self, book, many, before):
        judged = lb.FutureValuePriors.from_judgements(
            pd.DataFrame([{"customer_id": "F", "probability": 0.5, "low": 10, "high": 20, "relation": "additional"}])
        )
        streams = [lb.RepeatPurchases(*many)]
        plain = lb.slipping_away(lb.lifetime_value(book, streams, **TERMS), before, least_drop=0.05).summary()
        value = lb.lifetime_value(book, streams, future_value=judged, **TERMS)
        told = lb.slipping_away(value, before, least_drop=0.05).summary()
        assert told.loc["F", "at_stake"] < 0.6 * plain.loc["F", "at_stake"]
        assert told.loc["F", "probability_alive"] == plain.loc["F", "probability_alive"]

    def test_who_is_known_to_be_alive_is_not_slipping_away(self, book, many, before):
        value = lb.lifetime_value(book, [lb.RepeatPurchases(*many, known_alive=["F"])], **TERMS)
        assert "F" not in lb.slipping_away(value, before, least_drop=0.01).facts.index


class TestResult:
    def test_summary_is_written_to_a_file(self, ltv, before, tmp_path):
        found = lb.slipping_away(ltv, before, least_drop=0.05)
        table = found.summary(0.9)
        assert list(table) == [
            "probability_alive_before",
            "probability_alive",
            "drop",
            "value_if_alive",
            "at_stake",
            "at_stake_eti90_lb",
            "at_stake_eti90_ub",
            "reason",
        ]
        assert table["at_stake"].is_monotonic_decreasing
        back = lb.read_table(lb.write_table(table, tmp_path / "slipping.csv"))
        assert back["customer_id"].tolist() == list(table.index)

    def test_says_it_in_a_sentence(self, ltv, before):
        found = lb.slipping_away(ltv, before, least_drop=0.05)
        assert found.sentence().startswith(
            "2 of 5 customers are slipping away: P(alive) fell by 0.05 or more from 1997-07-01 to 1997-09-30. "
        )
        assert found.sentence().endswith(
            " 1 more, for whom it fell as well, has ordered since and is not listed. "
            "1 customer who came after 1997-07-01 is not counted."
        )
        assert "USD on average, 89% interval" in found.sentence()
        assert "reason" in repr(found)
        assert "reason" in found._repr_html_()

    def test_nobody_is_slipping_away(self, ltv, before):
        found = lb.slipping_away(ltv, before, least_drop=0.99)
        assert found.summary().empty
        assert "None of 5 customers" in repr(found)
        assert float(found.total().sum()) == 0


class TestRefused:
    def test_days_in_the_wrong_order(self, ltv, book):
        with pytest.raises(UnitError, match="must lie before"):
            lb.slipping_away(ltv, book)

    @pytest.mark.parametrize("drop", [0, 1.5, "much"])
    def test_impossible_drops(self, ltv, before, drop):
        with pytest.raises(UnitError, match="least_drop"):
            lb.slipping_away(ltv, before, least_drop=drop)

    def test_a_value_without_such_a_stream(self, book, before):
        judged = lb.FutureValuePriors.from_judgements(
            pd.DataFrame([{"customer_id": "A", "probability": 0.5, "low": 1, "high": 2}])
        )
        value = lb.lifetime_value(book, future_value=judged, **TERMS)
        with pytest.raises(InputError, match="who is still a customer"):
            lb.slipping_away(value, before)

    def test_streams_that_are_not_there(self, ltv, before):
        with pytest.raises(InputError, match="Did you mean 'repeat_purchases'"):
            lb.slipping_away(ltv, before, stream="repeat_purchase")

    def test_strangers(self, ltv, before):
        frame = before.table.rename(index=lambda name: f"{name}x")
        other = lb.Customers.from_summary(frame, as_of="1997-07-01", **SETTINGS)
        with pytest.raises(InputError, match="No customer is known on both days"):
            lb.slipping_away(ltv, other)

    def test_other_kinds(self, ltv, before):
        with pytest.raises(InputError, match="lifetime_value"):
            lb.slipping_away(before, before)
        with pytest.raises(InputError, match="since="):
            lb.slipping_away(ltv, before, since="1997-07-01")
        with pytest.raises(InputError, match=r"looked up in the log of orders.* not in a str"):
            lb.slipping_away(ltv, "1997-07-01")


class TestGone:
    def test_who_has_most_likely_left_is_left_out_and_said(self, ltv, before):
        every = lb.slipping_away(ltv, before, least_drop=0.05, least_alive=0)
        assert every.gone.empty
        floor = float(every.facts["probability_alive"].median()) + 1e-9
        found = lb.slipping_away(ltv, before, least_drop=0.05, least_alive=floor)
        assert set(found.facts.index) | set(found.gone.index) == set(every.facts.index)
        assert (found.facts["probability_alive"] >= floor).all()
        assert (found.gone["probability_alive"] < floor).all()
        np.testing.assert_allclose(found.gone["at_stake"], every.facts["at_stake"][list(found.gone.index)])
        np.testing.assert_array_equal(found.at_stake, every.at_stake.sel(customer_id=list(found.facts.index)))
        expected = f" {len(found.gone)} more {'is' if len(found.gone) == 1 else 'are'} left out, with P(alive) below"
        assert expected in found.sentence()
        assert "left out" not in every.sentence()

    def test_nobody_left(self, ltv, before):
        found = lb.slipping_away(ltv, before, least_drop=0.05, least_alive=0.99)
        assert found.facts.empty
        assert "P(alive) of no other customer fell by 0.05 or more from 1997-07-01 to 1997-09-30. " in repr(found)
        assert " 2 more are left out, with P(alive) below 0.99 now" in repr(found)
        assert found.summary().empty

    @pytest.mark.parametrize("least", [-0.1, 20])
    def test_a_floor_that_is_none(self, ltv, before, least):
        with pytest.raises(UnitError, match="least_alive must lie between 0 and 1"):
            lb.slipping_away(ltv, before, least_alive=least)

    def test_a_frame_is_neither_log_nor_customers(self, ltv, before):
        with pytest.raises(InputError, match=r"not in a DataFrame\."):
            lb.slipping_away(ltv, before.table, since="1997-07-01")

    def test_nobody_is_said_plainly(self, ltv, before):
        text = lb.slipping_away(ltv, before, least_drop=1).sentence()
        assert text == (
            "None of 5 customers is slipping away: "
            "P(alive) of no customer fell by 1 or more from 1997-07-01 to 1997-09-30. "
            "1 customer who came after 1997-07-01 is not counted."
        )


@pytest.mark.parametrize("least_drop", [0.1, 1.0])
def test_a_sentence_to_quote_carries_the_caution(ltv, before, least_drop):
    found = lb.slipping_away(ltv, before, least_drop=least_drop)
    unsure = replace(found, caution="fit did not converge")
    assert unsure.sentence() == f"{found.sentence()} (fit did not converge: do not use these numbers yet)"
    assert "did not converge" in str(unsure)
