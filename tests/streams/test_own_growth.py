"""Prices of contracts that grow by themselves: in the compiled loop, and in a value."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.growth.fitted_expansion import LARGEST, UNSEEN
from tests.chance import allowed, assert_share

LENGTHS = ["month", "quarter", "year", UNSEEN]
TERMS = {"horizon": ["1 year", "3 years"], "discount_rate": 0.1, "random_seed": 1}


def sold(changed, *, term="month", raised=1.5, number=60):
    """Contracts of two years, of which the first few have another price from the second month or year on."""
    after = "2023-02-01" if term == "month" else "2024-01-01"
    rows = [(f"c{n}", "2023-01-01", after if n < changed else None, 80 + n, term) for n in range(number)]
    rows += [(f"c{n}", after, None, raised * (80 + n), term) for n in range(changed)]
    return pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price", "term"])


def staying(renewals):
    churn = lb.FittedRenewals.from_draws({"alpha": np.full((2, 1000), 1.0), "beta": np.full((2, 1000), 30.0)})
    return dict.fromkeys(renewals.table["period"].unique(), churn)


def growing(*, chance=0.0, alike=5.0, up=0.5, size=(0.2, 0.2), sd=(0.0, 0.0), shape=(4, 2_000), segments=LENGTHS):
    """A fit with the same parameters in all draws and segments."""
    each = {"change_chance": chance, "up_share": up, "up_size": size[0], "down_size": size[1]}
    draws = {name: np.full((*shape, len(segments)), value) for name, value in each.items()}
    shared = {"concentration": alike, "up_sd": sd[0], "down_sd": sd[1]}
    draws |= {name: np.full(shape, value) for name, value in shared.items()}
    dims = {name: ["segment"] for name in each}
    return lb.FittedExpansion(tree_from_draws(draws, {"model": "expansion"}, dims=dims, coords={"segment": segments}))


@pytest.mark.parametrize(
    "growth",
    [growing(sd=(0.3, 0.3)), growing(chance=0.4, size=(0.0, 0.0))],
    ids=["no change", "factor 1"],
)
def test_without_changes_a_value_is_that_of_today_to_the_last_digit(everyone, renewals, churning, growth):
    plain = lb.lifetime_value(everyone, lb.Subscription(churning, renewals, price_changes=0.03), **TERMS)
    same = lb.lifetime_value(everyone, lb.Subscription(churning, renewals, price_changes=0.03, growth=growth), **TERMS)
    assert (plain.draws == same.draws).all()
    assert plain.draws.std() > 0


def test_who_changes_at_each_renewal_by_one_factor_is_known(everyone, renewals, loyal):
    """Cleo pays 1,200 a year from 15 June 2026 on, each time a tenth more: 1,320, 1,452, 1,597.20."""
    growth = growing(chance=1.0, up=1.0, size=(np.log(1.1), 0.1), alike=1e12)
    stream = lb.Subscription(loyal, renewals, growth=growth)
    ltv = lb.lifetime_value(everyone, stream, horizon="3 years", discount_rate=0.0, random_seed=1)
    flow = ltv.cash_flow("Cleo")
    np.testing.assert_allclose(flow["mean"], [1320, 1452, 1597.2], rtol=1e-6)
    up = lb.lifetime_value(
        everyone,
        lb.Subscription(loyal, renewals, price_changes=0.1),
        horizon="3 years",
        discount_rate=0.0,
        random_seed=1,
    )
    assert float(ltv.draws.sel(customer_id="Cleo").mean()) > float(up.draws.sel(customer_id="Cleo").mean())


@pytest.mark.parametrize("sd", [0.0, 0.3])
def test_fees_have_the_moments_of_an_independent_simulation(everyone, renewals, loyal, sd):
    """Beta chance, truncated normal sizes and their product over three years, drawn with NumPy."""
    growth = growing(chance=0.3, alike=4.0, up=0.7, size=(0.25, 0.4), sd=(sd, sd))
    stream = lb.Subscription(loyal, renewals, growth=growth)
    drawn = lb.lifetime_value(everyone, stream, horizon="3 years", discount_rate=0.0, random_seed=1)
    fees = drawn.draws.sel(customer_id="Cleo").to_numpy().ravel()
    rng, number = np.random.default_rng(5), 400_000
    chance = rng.beta(0.3 * 4, 0.7 * 4 + 4, number)  # four renewals so far, none with a change
    level, total = np.ones(number), np.zeros(number)
    for _ in range(3):
        up = rng.random(number) < 0.7
        mean = np.where(up, 0.25, 0.4)
        size = mean + sd * rng.standard_normal(number)
        while sd and (size <= 0).any():
            size = np.where(size <= 0, mean + sd * rng.standard_normal(number), size)
        level = level * np.where(rng.random(number) < chance, np.exp(np.where(up, size, -size)), 1.0)
        total += 1200 * level
    for power in (1, 2):
        one, other = fees**power, total**power
        error = np.hypot(one.std() / np.sqrt(one.size), other.std() / np.sqrt(number))
        assert abs(one.mean() - other.mean()) < allowed(6) * error
    assert_share(fees == 3600, (total == 3600).mean(), 6)


def test_past_changes_of_a_customer_raise_the_chance_of_more(churning):
    rows = [("calm", f"2020-0{1 + k}-01", f"2020-0{2 + k}-01" if k < 3 else None, 100) for k in range(4)]
    rows += [("busy", f"2020-0{1 + k}-01", f"2020-0{2 + k}-01" if k < 3 else None, 100 + 10 * k) for k in range(4)]
    records = pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price"])
    renewals = lb.summarize_renewals(records, as_of="2020-05-15")
    growth = growing(chance=0.1, alike=2.0, up=1.0)
    loyal = lb.FittedRenewals.from_draws({"alpha": np.full((1, 4000), 1e-9), "beta": np.full((1, 4000), 1e3)})
    ltv = lb.lifetime_value(
        lb.all_customers(renewals), lb.Subscription(loyal, renewals, growth=growth), horizon="1 year", random_seed=1
    )
    mean = ltv.summary()["mean"]
    assert mean["calm"] / 100 < mean["busy"] / 130


@pytest.mark.parametrize(("monthly", "yearly"), [(None, 0), (0, None), (1, None), (None, 1), (12, 0), (0, 0)])
def test_the_mean_of_a_portfolio_is_of_the_size_of_its_median_also_where_no_price_changed(monthly, yearly):
    """Only priors speak of what was not seen: a factor that is the exponential of a log-normal has no mean."""
    given = {"month": monthly, "year": yearly}
    parts = [sold(changed, term=term) for term, changed in given.items() if changed is not None]
    records = pd.concat([part.assign(customer_id=part["customer_id"] + part["term"]) for part in parts])
    renewals = lb.summarize_renewals(records, period="term", as_of="2024-12-31")
    growth = lb.Expansion().fit(renewals, draws=500, random_seed=1)
    stream = lb.Subscription(staying(renewals), renewals, growth=growth)
    ltv = lb.lifetime_value(lb.all_customers(renewals), stream, horizon="3 years", random_seed=1)
    total = ltv.draws.sum("customer_id").to_numpy().ravel()
    assert 0.97 < total.mean() / np.median(total) < 1.03
    assert total.max() < 2 * np.median(total)
    ahead = lb.movements_ahead(stream, random_seed=1)
    assert ahead.loc["expansion", "mean"] - ahead.loc["expansion", "median"] < 0.02 * ahead.loc["opening", "mean"]


@pytest.mark.parametrize(("up", "expected"), [(1.0, [3 * 89, 9 * 89, 1390]), (0.0, [89 / 2, 89 / 4, 89 / 8])])
def test_predicted_changes_are_at_most_twice_the_largest_of_the_records_and_prices_ten_times(loyal, up, expected):
    """The highest of 60 prices is 139, the largest change half as much again; none is downward."""
    renewals = lb.summarize_renewals(sold(9, term="year"), period="year", as_of="2024-12-31")
    seen = lb.Expansion().fit(renewals, random_seed=1).idata.attrs
    assert np.exp([seen[name] for name in LARGEST]) == pytest.approx([139 / 12, 1.5, 1])
    wild = growing(chance=1.0, alike=1e12, up=up, size=(9.0, 9.0))
    wild.idata.attrs.update({name: seen[name] for name in LARGEST})
    stream = lb.Subscription(loyal, renewals, growth=wild)
    ltv = lb.lifetime_value(lb.all_customers(renewals), stream, horizon="3 years", discount_rate=0.0, random_seed=1)
    np.testing.assert_allclose(ltv.cash_flow("c9")["mean"], expected, rtol=1e-6)


@pytest.mark.parametrize(("exponent", "factor"), [(1.0, 1.1), (0.5, 1.1**0.5)])
def test_a_price_follows_the_seats_with_the_power_that_was_learned(loyal, exponent, factor):
    records = sold(0, term="year", number=3).assign(seats=[1, 5, 20])
    renewals = lb.summarize_renewals(records, period="year", as_of="2024-12-31", seats="seats")
    growth = growing(chance=1.0, up=1.0, size=(np.log(1.1), 0.1), alike=1e12)
    growth.idata["posterior"]["price_exponent"] = growth.idata["posterior"]["concentration"] * 0 + exponent
    growth.idata.attrs.update({"driver": "seats", **dict(zip(LARGEST, np.log([20, 1.1, 1]), strict=True))})
    stream = lb.Subscription(loyal, renewals, growth=growth)
    ltv = lb.lifetime_value(lb.all_customers(renewals), stream, horizon="3 years", discount_rate=0.0, random_seed=1)
    np.testing.assert_allclose(ltv.cash_flow("c1")["mean"], 81 * factor ** np.arange(1, 4), rtol=1e-6)
    assert "never to more than 200: twice" in stream.notes(lb.all_customers(renewals), None)[0]
    with pytest.raises(ColumnError, match="The renewals have no seats"):
        lb.Subscription(loyal, lb.summarize_renewals(records, period="year", as_of="2024-12-31"), growth=growth)


def test_a_segment_that_was_not_fitted_takes_the_draws_of_any_other(everyone, renewals, loyal):
    known = growing(chance=1.0, up=1.0, alike=1e12, segments=["month", UNSEEN])
    ltv = lb.lifetime_value(
        everyone, lb.Subscription(loyal, renewals, growth=known), horizon="1 year", discount_rate=0.0, random_seed=1
    )
    assert float(ltv.draws.sel(customer_id="Cleo").mean()) == pytest.approx(1200 * np.exp(0.2))


def test_what_is_no_fit_of_prices_is_refused(renewals, loyal):
    with pytest.raises(InputError, match=r"growth takes what Expansion\(\).fit\(renewals\) returned, not a float"):
        lb.Subscription(loyal, renewals, growth=0.03)
    pooled = growing()
    pooled.idata.attrs["pool_by"] = "industry"
    with pytest.raises(ColumnError, match="no column 'industry' in the renewals"):
        lb.Subscription(loyal, renewals, growth=pooled)
