"""Renewals that are due and may still be on their way: made or not on the as-of date."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from tests.chance import allowed

AS_OF, PRICE = "2024-06-15", 100.0


@pytest.fixture(scope="module")
def fit():
    """Of new subscribers, 3 of 10 do not renew; of those with three renewals, 3 of 13."""
    return lb.FittedRenewals.from_draws({name: np.full((4, 2_000), mean) for name, mean in (("alpha", 3), ("beta", 7))})


def overdue(grace="20 days"):
    """Ada paid on 1 May, her renewal of 1 June is overdue."""
    frame = pd.DataFrame({"customer_id": ["Ada"], "start": ["2024-02-01"], "paid": ["2024-05-01"], "price": PRICE})
    return lb.summarize_renewals(frame, cancelled_on=None, renewed_on="paid", grace=grace, as_of=AS_OF)


def draws_of(fit, renewals, others=(), **terms):
    terms = {"horizon": "10 days", "discount_rate": 0.2, "random_seed": 1, **terms}
    streams = [lb.Subscription(fit, renewals), *others]
    return lb.lifetime_value(lb.all_customers(renewals), streams, **terms).components


def test_an_overdue_renewal_is_worth_its_price_times_its_probability(fit):
    drawn = draws_of(fit, overdue())["subscription"].to_numpy().ravel()
    assert set(np.unique(drawn)) == {0, PRICE}  # not discounted, and not worth more for being late
    assert drawn.mean() == pytest.approx(PRICE * 10 / 13, abs=allowed() * drawn.std() / np.sqrt(drawn.size))


def test_the_next_one_needs_the_overdue_one(fit):
    drawn = draws_of(fit, overdue(), horizon="17 days", discount_rate=0.0)["subscription"].to_numpy().ravel()
    both = (drawn == 2 * PRICE).mean()
    assert set(np.unique(drawn)) == {0, PRICE, 2 * PRICE}
    assert both == pytest.approx(10 / 13 * 11 / 14, abs=allowed() * np.sqrt(both * (1 - both) / drawn.size))


def test_a_relation_whose_overdue_renewal_is_not_made_has_ended(fit):
    """What depends on it occurs exactly in the draws in which the overdue renewal is made."""
    sale = pd.DataFrame({"customer_id": ["Ada"], "date": ["2024-06-16"], "amount": [7.0]})
    drawn = draws_of(fit, overdue(), [lb.OneOffSale(sale, while_alive="subscription")])
    np.testing.assert_array_equal(drawn["one_off_sale"] > 0, drawn["subscription"] > 0)


def test_after_the_grace_there_is_nothing_to_come(fit):
    assert draws_of(fit, overdue("14 days"))["subscription"].max() == 0


def test_a_longer_grace_than_the_period_leaves_several_renewals_overdue(fit):
    frame = pd.DataFrame({"customer_id": ["Ada"], "start": ["2024-02-01"], "paid": ["2024-04-02"], "price": PRICE})
    renewals = lb.summarize_renewals(frame, cancelled_on=None, renewed_on="paid", grace="60 days", as_of=AS_OF)
    drawn = draws_of(fit, renewals)["subscription"].to_numpy().ravel()
    assert set(np.unique(drawn)) == {0, PRICE, 2 * PRICE}


def test_prices_do_not_shrink_backwards(fit):
    drawn = draws_of(fit, overdue())["subscription"]
    stream = lb.Subscription(fit, overdue(), price_changes=0.5)
    risen = lb.lifetime_value(
        lb.all_customers(overdue()), [stream], horizon="10 days", discount_rate=0.2, random_seed=1
    ).components["subscription"]
    np.testing.assert_array_equal(drawn, risen)
