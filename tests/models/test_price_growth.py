"""Prices that grow: known growth against deflated data, learned growth against companies of other rules."""

import datetime as dt
import json
import re

import numba
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.orders.occasions.days import Days, edges_of
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.occasions.prices import PriceSums
from ltv_bayes.data.orders.price_moments import PriceMoments
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.formulas.kernels.order_values import price_at
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.models.price_growth import LearnedPrices, likelihood
from ltv_bayes.predictions.spend import prices_for, prices_of
from ltv_bayes.time_units import as_duration
from ltv_bayes.value.acquisition.newcomers import Buyer
from tests.chance import assert_mean, assert_share, converging
from tests.companies import AS_OF, simulated_orders

YEAR = 365.25
QUIET = {"progressbar": False, "draws": 250}


def inflated(rate):
    return lambda day: (1 + rate) ** (day / YEAR)


@pytest.fixture(scope="module")
def company():
    orders = simulated_orders(1, customers=400, days=913, price=inflated(0.1))
    return orders, lb.summarize(orders, as_of=AS_OF)


@pytest.fixture(scope="module")
def counts(company):
    return lb.BGNBD().fit(company[1], random_seed=1, **QUIET)


def one_repeat_order_each(orders):
    """The first two orders of each customer: then a mean order value has one date."""
    table = orders.table.sort_values("date")
    return lb.read_transactions(table[table.groupby("customer_id").cumcount() < 2][["customer_id", "date", "amount"]])


def test_a_known_growth_is_the_fit_to_deflated_orders():
    orders = one_repeat_order_each(simulated_orders(2, customers=300, price=inflated(0.3)))
    table = orders.table[["customer_id", "date", "amount"]]
    ago = (AS_OF - table["date"]).dt.days / YEAR
    deflated = lb.read_transactions(table.assign(amount=table["amount"] * 1.3**ago))
    own, plain = (lb.summarize(log, as_of=AS_OF) for log in (orders, deflated))
    grown = lb.GammaGamma(price_growth=0.3).fit(own, random_seed=1, **QUIET)
    usual = lb.GammaGamma(price_growth=None).fit(plain, random_seed=1, **QUIET)
    for name, values in usual.draws.items():
        np.testing.assert_allclose(grown.draws[name], values, rtol=1e-6)
    expected = usual.expected_spend(plain), grown.expected_spend(own)
    np.testing.assert_allclose(*expected, rtol=1e-6)


@pytest.mark.parametrize("model", [None, lb.MBGCNBD(k=2), lb.NBD()], ids=["BG/NBD", "MBG/CNBD-2", "NBD"])
def test_no_growth_is_the_plain_model_to_the_last_digit(company, counts, model):
    _, customers = company
    counts = model.fit(customers, random_seed=1, **QUIET) if model else counts
    totals = []
    for growth in (None, 0.0):
        spend = lb.GammaGamma(price_growth=growth).fit(customers, random_seed=1, **QUIET)
        value = lb.lifetime_value(customers, lb.RepeatPurchases(counts, spend), horizon="1 year", random_seed=2)
        totals.append(np.asarray(value.total()))
        new = lb.new_customer_value(counts, spend, horizon="1 year", random_seed=3)
        totals.append(new.draws.to_numpy())
    assert (totals[0] == totals[2]).all()
    np.testing.assert_allclose(totals[1], totals[3], rtol=1e-12)


def test_growth_is_found_within_customers_and_drawn_into_totals(company, counts):
    _, customers = company

    def fitted(seed):
        return lb.GammaGamma(price_growth="auto").fit(customers, random_seed=seed, **QUIET)

    fit = converging(fitted, 1, 2, 3)
    growth = fit.idata["posterior"]["price_growth"].to_numpy()
    assert abs(growth.mean() - 0.1) < 4 * growth.std()
    assert 0.01 < growth.std() < 0.1
    assert re.search("prices (grow|fall) by", repr(fit))
    assert "price_growth" in fit.summary().index
    value = lb.lifetime_value(customers, lb.RepeatPurchases(counts, fit), horizon="1 year", random_seed=2)
    assert any(re.search("prices (grow|fall) by", note) for note in value.notes())


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_intervals_of_growth_hold_it(rate):
    """In companies with log-normal orders: the prior, and a level that does not move here, make intervals wide."""
    held, means = [], []
    for seed in range(20):
        orders = simulated_orders(seed, customers=400, days=913, price=inflated(rate))
        moments = lb.summarize(orders, as_of=AS_OF).rows.price_moments
        growth = np.expm1(LearnedPrices(moments).draw(np.random.default_rng(seed), 2000)[1][:, 0])
        low, high = np.quantile(growth, [0.05, 0.95])
        held.append(low <= rate <= high)
        means.append(growth.mean())
    assert_share(held, 0.9, figures=2, slack=0.06)
    assert_mean(means, rate, figures=2, slack=0.02)


def test_a_changing_mix_of_customers_is_no_growth():
    """Customers who arrive later buy dearer things, and each keeps to the same."""
    rng = np.random.default_rng(5)
    rows = [
        {"customer_id": customer, "date": AS_OF - pd.Timedelta(days=int(day)), "amount": 20 + customer}
        for customer in range(200)
        for day in np.sort(rng.choice(np.arange(1, 60), 6, replace=False)) + 5 * (200 - customer)
    ]
    customers = lb.summarize(lb.read_transactions(pd.DataFrame(rows)), as_of=AS_OF)
    growth = LearnedPrices(customers.rows.price_moments).draw(np.random.default_rng(1), 4000)[1][:, 0]
    assert abs(growth.mean()) < 0.01


def test_the_kernel_multiplies_orders_by_the_level_of_their_date(company, counts):
    """Growth of 50% a year and a discount rate of 50% cancel out, draw by draw, where the past has no age."""
    _, customers = company
    customers = lb.Customers(customers.table.assign(spend_age=0.0), "week", customers.as_of)
    flat = lb.FittedSpend.from_draws(
        {"p": np.full((1, 500), 1e12), "q": np.full((1, 500), 1e12), "v": np.ones((1, 500))}
    )
    priced = lb.FittedSpend.from_draws(
        {"p": np.full((1, 500), 1e12), "q": np.full((1, 500), 1e12), "v": np.ones((1, 500))},
        prices=json.dumps({"growth": 0.5}),
    )
    terms = {"horizon": "1 year", "random_seed": 4, "discount_rate": 0.5}
    discounted = lb.lifetime_value(customers, lb.RepeatPurchases(counts, flat), **(terms | {"discount_rate": 0.0}))
    both = lb.lifetime_value(customers, lb.RepeatPurchases(counts, priced), **terms)
    np.testing.assert_allclose(np.asarray(both.total()), np.asarray(discounted.total()), rtol=1e-10)


@numba.njit
def level_of(prices, i, time):
    return price_at(prices, i, time)


def test_levels_of_the_kernel_are_those_of_the_formula():
    rng = np.random.default_rng(1)
    prices = Prices(rng.normal(0, 0.1, 3), 2.0, -2, rng.normal(0, 1, (3, 5)), 0.7)
    prices = prices._replace(until=40.0)
    for time in (-9.0, -3.3, 0.0, 1.5, 4.0, 50.0):
        place = min(max(int(np.floor((time + 0.7) / 2.0)) + 2, 0), 4)
        by_hand = np.exp(prices.levels[:, place] + prices.drift * min(time + 0.7, 40.0))
        np.testing.assert_allclose(prices.at(time), by_hand, rtol=1e-13)
        np.testing.assert_allclose([level_of(prices, i, time) for i in range(3)], by_hand, rtol=1e-13)


def test_past_orders_are_brought_to_prices_of_today(company, counts):
    """Where each customer always pays the same, a value per order is that of the past times growth over its age."""
    _, customers = company
    buyers = customers.subset((customers.table["spend_frequency"] > 0).to_numpy())
    same = {"p": np.full((1, 500), 1e10), "q": np.full((1, 500), 2.0), "v": np.full((1, 500), 2e-9)}
    values = []
    for growth in (0.0, 0.5):
        spend = lb.FittedSpend.from_draws(same, prices=json.dumps({"growth": growth}))
        stream = lb.RepeatPurchases(counts, spend)
        values.append(lb.lifetime_value(buyers, stream, horizon="1 day", random_seed=4).draws)
    factor = 1.5 ** (buyers.table["spend_age"].to_numpy() * 7 / YEAR)
    some = (values[0].to_numpy() > 0).any(axis=(0, 1))
    ratio = values[1].sum(("chain", "draw")).to_numpy()[some] / values[0].sum(("chain", "draw")).to_numpy()[some]
    assert some.sum() > 20
    np.testing.assert_allclose(ratio, factor[some], rtol=2e-3)  # growth within a day is 0.1%


@pytest.mark.parametrize("growth", [0.4, "auto"])
def test_expected_revenue_of_new_customers_is_that_of_draws(company, counts, growth):
    _, customers = company
    spend = lb.GammaGamma(price_growth=growth).fit(customers, random_seed=1, **QUIET)
    buyer, horizon = Buyer(counts, spend, first_order=False), as_duration("3 years")
    expected = buyer.expected(horizon, 0.1)
    drawn = [buyer.draw(np.random.default_rng(seed), horizon, 0.1).mean() for seed in range(20)]
    assert_mean(np.array(drawn) / expected.mean(), 1.0, figures=2, slack=0.005)
    by_time = buyer.course([as_duration("1 year"), horizon], 0.1)
    np.testing.assert_allclose(by_time[:, 1], expected, rtol=0.005)  # more times at which the level is looked at
    flat = Buyer(counts, lb.FittedSpend.from_draws(spend.draws), False)
    assert (expected > flat.expected(horizon, 0.1)).mean() > (0.99 if growth == 0.4 else 0.5)


def test_moments_are_those_of_least_squares():
    """Of orders after the first of each customer, on 200 of 365 days; one period is a month."""
    rng = np.random.default_rng(3)
    log = pd.DataFrame({"customer": rng.integers(0, 30, 300), "ago": rng.integers(0, 365, 300)})
    log = log.drop_duplicates().sort_values(["customer", "ago"], ascending=[True, False], ignore_index=True)
    log["net"] = np.exp(rng.normal(0, 1, len(log)))
    as_of = dt.date(2024, 12, 30)
    last = (as_of - dt.date(1970, 1, 1)).days
    day, kind = (last - log["ago"]).to_numpy("int32"), np.zeros(len(log), "int8")
    sums = PriceSums(WholeMoney(100.0, True, False, True, None, as_of - dt.timedelta(days=364)), as_of)
    sums.add(Days(day, log["net"].to_numpy(copy=True), kind, edges_of(log["customer"].to_numpy())))
    found = sums.moments()
    repeats = log[log["customer"].duplicated()]
    cells = repeats.assign(period=(repeats["ago"] // (365.25 / 12)).astype(int), logs=np.log(repeats["net"]))
    cells = cells.groupby(["customer", "period"], as_index=False)["logs"].agg(number="count", logs="sum")
    cells = cells[cells.groupby("customer")["period"].transform("count") > 1].reset_index(drop=True)
    assert found.customers == cells["customer"].nunique() > 20
    X = np.eye(12)[cells["period"]]
    D = np.eye(30)[cells["customer"]]
    of_each = cells.groupby("customer")["number"].transform("sum")
    W = np.diag(cells["number"] / (1 + of_each / 10))
    M = W - W @ D @ np.linalg.pinv(D.T @ W @ D) @ D.T @ W
    np.testing.assert_allclose(found.information, X.T @ M @ X, atol=1e-10)
    np.testing.assert_allclose(found.score, X.T @ M @ (cells["logs"] / cells["number"]), atol=1e-7)
    parts = D.T * (M @ (cells["logs"] / cells["number"]))
    line = D.T * (M @ -(cells["period"] + 0.5))
    slope = (line @ X).sum(axis=0) @ -(np.arange(12) + 0.5)
    slope = found.score @ -(np.arange(12) + 0.5) / slope
    about = (parts - slope * line) @ X
    np.testing.assert_allclose(found.spread, about.T @ about, atol=1e-7)
    again = PriceMoments.from_json(found.to_json())
    assert (again.spread == found.spread).all()


def test_the_posterior_is_that_of_a_dense_calculation():
    """The mean given sds, by the joint normal distribution of growth, level and estimate."""
    rng = np.random.default_rng(4)
    root = rng.normal(0, 1, (60, 5))
    centred = root - root.mean(axis=1, keepdims=True)
    information = centred.T @ centred
    moments = PriceMoments(91.3125, information, information @ rng.normal(0, 0.1, 5), information * 0.3, 60)
    precision, score = likelihood(moments)
    given = LearnedPrices(moments).nodes[17]
    years = moments.years_ago
    prior = np.zeros((6, 6))
    prior[0, 0] = 0.01
    prior[1:, 1:] = given.sds[0] ** 2 * 0.5 ** np.abs(np.subtract.outer(years, years))
    every = np.zeros((11, 11))  # growth, level, noise
    every[:6, :6] = np.linalg.inv(prior)
    every[6:, 6:] = np.eye(5) / given.sds[1] ** 2
    design = np.column_stack([-years, np.eye(5), np.eye(5)])
    covariance = np.linalg.inv(every + design.T @ precision @ design)
    np.testing.assert_allclose(given.mean, (covariance @ design.T @ score)[:6], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(given.covariance, covariance[:6, :6], rtol=1e-6, atol=1e-9)


def test_what_is_learned_goes_where_customers_and_fits_go(company, tmp_path):
    orders, customers = company
    scanned = lb.Customers.scan(customers.save(tmp_path / "customers.parquet"))
    fits = [
        lb.GammaGamma(price_growth="auto").fit(some, random_seed=1, **QUIET)
        for some in (customers, scanned, customers.in_time_unit("month"))
    ]
    fits.append(lb.load_fit(fits[0].save(tmp_path / "spend.nc")))
    for fit in fits[1:]:
        for name in ("p", "v", "price_growth", "price_level"):
            values, others = (one.idata["posterior"][name].to_numpy() for one in (fits[0], fit))
            np.testing.assert_allclose(values, others, rtol=1e-6)
    some = customers.subset(customers.ids[:50])
    every = fits[0].expected_spend(customers).sel(customer_id=some.ids)
    np.testing.assert_allclose(fits[0].expected_spend(some), every)
    assert "prices grow" in repr(fits[0].thin(20))
    log = tmp_path / "orders.parquet"
    orders.table[["customer_id", "date", "amount"]].to_parquet(log)
    of_file = lb.summarize(lb.scan_transactions(log), as_of=AS_OF, to=tmp_path / "of_file.parquet")
    assert (of_file.rows.price_moments.score == customers.rows.price_moments.score).all()


def test_customers_of_a_later_day_are_valued_at_prices_of_that_day(company):
    orders, customers = company
    fit = lb.GammaGamma(price_growth=0.1).fit(lb.summarize(orders, as_of="2023-06-30"), random_seed=1, **QUIET)
    prices = prices_for(fit, customers)
    assert prices.shift == pytest.approx(366 / 7)
    same = prices_of(fit, "week")
    np.testing.assert_allclose(prices.at(0.0), same.at(366 / 7))


def test_pooled_and_separate_fits_learn_growth(company):
    _, customers = company
    table = customers.table.assign(kind=np.where(np.arange(len(customers)) % 2, "a", "b"))
    some = lb.Customers(type(customers.rows)(table, None, customers.rows.price_moments), "week", customers.as_of)
    each = lb.fit_each(lb.GammaGamma(price_growth="auto"), some, "kind", random_seed=1, draws=100)
    assert set(each) == {"a", "b"}
    assert all(re.search("prices (grow|fall) by", repr(fit)) for fit in each.values())


def test_ready_tables_learn_nothing_and_say_so(company):
    _, customers = company
    table = customers.table.drop(columns="spend_age").reset_index()
    ready = lb.Customers.from_summary(table, time_unit="week", as_of=AS_OF)
    fit, plain = (lb.GammaGamma(price_growth=growth).fit(ready, random_seed=1, **QUIET) for growth in ("auto", None))
    assert "price growth was not learned" in repr(fit)
    assert (fit.expected_spend(ready) == plain.expected_spend(ready)).all()
    known = customers.table.reset_index()
    known.loc[known["spend_frequency"] > 1, "spend_age"] = np.nan
    with pytest.raises(InputError, match="spend_age"):
        lb.GammaGamma(price_growth=0.1).fit(lb.Customers.from_summary(known, time_unit="week"), **QUIET)


def test_without_ages_orders_are_taken_to_lie_evenly_and_values_say_so(company):
    """Of one repeat order the age is known exactly; of several, on average."""
    _, customers = company
    fit = lb.GammaGamma(price_growth="auto").fit(customers, random_seed=1, **QUIET)
    counts = lb.BGNBD(calendar_effects=None).fit(customers, random_seed=1, **QUIET)
    table = customers.table.drop(columns="spend_age").reset_index()
    ready = lb.Customers.from_summary(table, time_unit="week", as_of=AS_OF)
    orders = customers.table["spend_frequency"].to_numpy()
    expected, with_ages = (prices_for(fit, some).age for some in (ready, customers))
    np.testing.assert_allclose(expected[orders <= 1], with_ages[orders <= 1], atol=1e-9)
    assert_mean((expected - with_ages)[orders > 1], 0.0, slack=2.0)
    for some, missing in ((ready, True), (customers, False)):
        notes = lb.lifetime_value(some, lb.RepeatPurchases(counts, fit), horizon="1 year").notes()
        assert any("no spend_age" in note for note in notes) == missing
    model = lb.GammaGamma(price_growth=0.1)
    means = [model.fit(some, random_seed=1, **QUIET).draws["q"].mean() for some in (ready, customers)]
    np.testing.assert_allclose(*means, rtol=0.1)


def test_learned_growth_goes_on_for_ten_years_and_given_growth_for_ever(company):
    """So a total over sixty years keeps a mean, though growth is hardly known."""
    _, customers = company
    learned, given = (
        prices_of(lb.GammaGamma(price_growth=growth).fit(customers, random_seed=1, **QUIET), "week")
        for growth in ("auto", 0.1)
    )
    at = np.array([[25.0], [40.0], [60.0]]) * YEAR / 7
    np.testing.assert_array_equal(learned.at(at)[0], learned.at(at)[2])
    level = learned.levels[:, -1]
    np.testing.assert_allclose(learned.at(at)[0], np.exp(level + 10 * YEAR / 7 * learned.drift), rtol=1e-12)
    np.testing.assert_allclose(given.at(at)[:, 0], 1.1 ** np.array([25, 40, 60]), rtol=1e-12)


def test_long_logs_let_growth_go_on_for_as_long():
    orders = simulated_orders(2, customers=100, days=5500, price=inflated(0.02))
    fit = lb.GammaGamma().fit(lb.summarize(orders, as_of=AS_OF), random_seed=1, **QUIET)
    assert prices_of(fit, "day").until > 5000


@pytest.mark.parametrize("companies", [20, pytest.param(100, marks=pytest.mark.study)])
@pytest.mark.parametrize(("customers", "giant", "days"), [(100, 2000, 1826), (12, 8, 3652)])
def test_intervals_hold_where_customers_have_growth_of_their_own(customers, giant, days, companies):
    """One customer with most of the orders, or few customers: nobody's own growth is taken for that of prices."""
    held = []
    for seed in range(companies):
        rng = np.random.default_rng(seed)
        owner = np.repeat(np.arange(customers), np.append(giant, np.full(customers - 1, 6)))
        day, own = rng.integers(0, days, owner.size), rng.normal(0, 0.2, customers)
        amount = 100 * np.exp(rng.normal(0, 0.5, owner.size) - own[owner] * day / YEAR)
        table = pd.DataFrame({"customer_id": owner, "date": AS_OF - pd.to_timedelta(day, unit="D"), "amount": amount})
        moments = lb.summarize(lb.read_transactions(table), as_of=AS_OF).rows.price_moments
        growth = LearnedPrices(moments).draw(rng, 2000)[1][:, 0]
        low, high = np.quantile(growth, [0.05, 0.95])
        held.append(low <= 0 <= high)
    print(f"{np.mean(held):.0%} of {companies} intervals of 90% held the growth of prices, which is none")
    assert_share(held, 0.9, figures=2, slack=0.06)


def test_where_nobody_orders_at_several_times_growth_is_that_of_the_prior():
    customers, day = np.arange(60) % 30, np.repeat([40, 3], 30)
    table = {"customer_id": customers, "date": AS_OF - pd.to_timedelta(day, unit="D"), "amount": 5.0 + customers}
    own = lb.summarize(lb.read_transactions(pd.DataFrame(table)), as_of=AS_OF)
    fit = lb.GammaGamma().fit(own, random_seed=1, **QUIET)
    assert "as the prior has it: no customer has repeat orders at several times" in repr(fit)
    growth = np.log1p(fit.idata["posterior"]["price_growth"].to_numpy())
    assert_mean(growth, 0.0)
    np.testing.assert_allclose(growth.std(), 0.1, rtol=0.15)


def test_new_customers_from_a_ready_table_need_no_ages(company):
    _, customers = company
    fit = lb.GammaGamma(price_growth=0.1).fit(customers, random_seed=1, **QUIET)
    new = pd.DataFrame({"customer_id": ["new"], "frequency": 0, "recency": 0.0, "T": 0.0})
    expected = fit.expected_spend(lb.Customers.from_summary(new, time_unit="week", as_of=AS_OF))
    np.testing.assert_allclose(expected.sel(customer_id="new"), fit.expected_spend_new_customer())


@pytest.mark.parametrize("given", ["five", True, float("nan"), 5.0, [0.1], -0.9])
def test_other_growth_is_refused(given):
    with pytest.raises(FitError, match="price_growth"):
        lb.GammaGamma(price_growth=given)
