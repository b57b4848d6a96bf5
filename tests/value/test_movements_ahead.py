"""Recurring revenue that is foreseen: what is kept, expands and is lost adds up, and agrees with closed forms."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.models import shifted_beta_geometric
from tests.chance import allowed
from tests.streams.test_own_growth import growing

ADDED = ["opening", "expansion", "contraction", "lost", "price_level"]
ALPHA, BETA = 0.668, 3.806


def fit(alpha=ALPHA, beta=BETA, shape=(4, 250)):
    return lb.FittedRenewals.from_draws({"alpha": np.full(shape, alpha), "beta": np.full(shape, beta)})


def portfolio(number=300, **columns):
    """Monthly contracts since 10 January 2024, all as old, some of them for 20 and others for 50."""
    frame = {"customer_id": [f"c{n}" for n in range(number)], "start": "2024-01-10", "cancelled_on": None}
    records = pd.DataFrame(frame).assign(price=[20.0 if n % 3 else 50.0 for n in range(number)], **columns)
    return lb.summarize_renewals(records, as_of="2024-12-31")


def test_what_is_kept_is_that_of_the_closed_form_and_all_adds_up():
    renewals = portfolio()
    growth = growing(chance=0.1, shape=(4, 250))
    stream = lb.Subscription(fit(), renewals, growth=growth, price_changes={"2025-06-01": 0.05})
    ahead = lb.movements_ahead(stream, "6 months", random_seed=1)
    kept = float(shifted_beta_geometric.survival(6, alpha=ALPHA, beta=BETA, renewals=11))
    mean, error = ahead["mean"], ahead["sd"] / np.sqrt(1000)
    assert mean["opening"] == 300 * 20 + 100 * 30
    assert abs(mean["logo_retention"] - kept) < allowed(3) * error["logo_retention"]
    assert mean[ADDED].sum() == pytest.approx(mean["closing"])
    assert mean["closing"] == pytest.approx(1.05 * (mean["closing"] - mean["price_level"]))
    assert mean["net_retention_with_prices"] == pytest.approx(1.05 * mean["net_retention"])
    assert mean["expansion"] > 0 > mean["contraction"]
    assert mean["gross_retention"] < mean["net_retention"]


def test_without_growth_nothing_expands_and_losses_are_those_of_renewals():
    ahead = lb.movements_ahead(lb.Subscription(fit(), portfolio()), "1 quarter", random_seed=1)
    assert ahead.loc[["expansion", "contraction", "price_level"], "mean"].tolist() == [0, 0, 0]
    assert ahead.loc["gross_retention", "mean"] == ahead.loc["net_retention", "mean"] < 1


def test_a_contract_counts_until_it_is_paid():
    records = pd.DataFrame(
        {
            "customer_id": ["gone", "runs"],
            "start": ["2024-02-10", "2024-02-10"],
            "cancelled_on": ["2024-12-01", None],
            "price": [1200.0, 600.0],
        }
    )
    renewals = lb.summarize_renewals(records, period="year", as_of="2024-12-31")
    stream = lb.Subscription(fit(alpha=1e-9, beta=1e3), renewals)
    for over, closing in (("1 month", 150.0), ("2 months", 50.0), ("3 years", 50.0)):
        ahead = lb.movements_ahead(stream, over, random_seed=1)["mean"]
        assert (ahead["opening"], ahead["closing"]) == (150.0, closing)


def test_the_last_payment_before_the_day_is_the_one_that_counts():
    """Prices rise by a tenth at each of twelve renewals: the factor of the last one, none of the sum."""
    growth = growing(chance=1.0, up=1.0, size=(np.log(1.1), 0.1), alike=1e12, shape=(4, 250))
    stream = lb.Subscription(fit(alpha=1e-9, beta=1e3), portfolio(3), growth=growth)
    ahead = lb.movements_ahead(stream, random_seed=1)
    assert ahead.loc["net_retention", "mean"] == pytest.approx(1.1**12)


def test_segments_make_the_whole():
    renewals = portfolio(90, industry=["North" if n % 2 else "South" for n in range(90)])
    stream = lb.Subscription(fit(), renewals, growth=growing(chance=0.1, shape=(4, 250)))
    whole = lb.movements_ahead(stream, "1 quarter", random_seed=1)["mean"]
    by = lb.movements_ahead(stream, "1 quarter", by="industry", random_seed=1)["mean"]
    added = [*ADDED, "closing"]
    assert (by.loc["North", added].to_numpy() + by.loc["South", added].to_numpy()) == pytest.approx(
        whole[added].to_numpy()
    )


def test_what_cannot_be_foreseen_is_refused():
    with pytest.raises(InputError, match=r"movements_ahead takes a stream, Subscription\(fit, renewals\), not"):
        lb.movements_ahead(fit())
    with pytest.raises(InputError, match="no whole number of periods"):
        lb.movements_ahead(lb.Subscription(fit(), portfolio(3)), "2 weeks")
    records = pd.DataFrame({"customer_id": ["A"], "start": "2024-01-10", "cancelled_on": "2024-05-10", "price": 3.0})
    with pytest.raises(InputError, match="Nobody pays on the as-of date"):
        lb.movements_ahead(lb.Subscription(fit(), lb.summarize_renewals(records, as_of="2024-12-31")))
