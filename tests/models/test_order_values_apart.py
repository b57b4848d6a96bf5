"""Order values that differ by orders of magnitude between customers, and such that do not differ at all."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from tests.chance import assert_plausible

USUAL = {"order_cv": lb.Prior("LogNormal", mu=np.log(0.5), sigma=1.0)}


def customers(orders, mean_value, **columns):
    """Customers with a number of repeat orders, some with none, and the mean of their values."""
    frame = {"customer_id": range(len(orders)), "frequency": orders, "recency": 52 * orders / (orders + 1), "T": 52.0}
    values = {"monetary_value": np.where(orders > 0, mean_value, np.nan), **columns}
    return lb.Customers.from_summary(pd.DataFrame(frame | values), time_unit="week")


def seen(rng, orders, typical, cv):
    """Mean order values of customers whose orders are gamma distributed around a value of their own."""
    return typical * rng.gamma(orders / cv**2) * cv**2 / orders


def few(rng, size):
    return rng.integers(1, 6, size)


def many(rng, size):
    return rng.integers(20, 61, size)


def giants(ratio):
    def typical(rng, size):
        return 23.1 * np.exp(0.3 * rng.standard_normal(size)) * np.where(np.arange(size) < size // 8, ratio, 1.0)

    return typical


APART = {
    "giants, 300 times": giants(300),
    "giants, 10,000 times": giants(10_000),
    "two clusters": lambda rng, size: 23.1 * np.exp(0.3 * rng.standard_normal(size)) * 3000.0 ** (np.arange(size) % 2),
    "log-normal": lambda rng, size: np.exp(2.3 * rng.standard_normal(size)),
    "1 to 10,000": lambda rng, size: np.exp(rng.uniform(0, np.log(10_000), size)),
}


@pytest.mark.fits
@pytest.mark.parametrize("size", [40, 400])
@pytest.mark.parametrize("orders_of", [few, many, None], ids=["few orders", "many orders", "the largest order most"])
@pytest.mark.parametrize("kind", APART)
def test_small_customers_are_expected_to_order_as_they_do(kind, orders_of, size):
    """With usual priors; the median error of the smaller half, over some data sets, is within a factor of 1.8."""
    errors = []
    for seed in range(5 if size < 100 else 3):
        rng = np.random.default_rng([seed, size])
        typical = APART[kind](rng, size)
        large = typical > np.quantile(typical, 0.85)
        orders = (
            np.where(large, many(rng, size), rng.integers(1, 4, size)) if orders_of is None else orders_of(rng, size)
        )
        book = customers(orders, seen(rng, orders, typical, cv=rng.uniform(0.3, 0.8)))
        fit = lb.GammaGamma().fit(book, random_seed=seed, draws=500, progressbar=False)
        assert fit.converged
        expected = np.median(fit.expected_spend(book).transpose("customer_id", ...).to_numpy(), axis=(1, 2))
        errors.append(np.median(np.log(expected / typical)[typical <= np.median(typical)]))
    assert abs(np.median(errors)) < np.log(1.8), errors


@pytest.mark.parametrize("cv", [0.5, 1.0])
@pytest.mark.parametrize("size", [30, 80, 1000])
def test_usual_portfolios_have_the_usual_priors(size, cv):
    """Neither the spread of customers nor that of orders moves the prior where the model can have both."""
    for seed in range(10):
        rng = np.random.default_rng([seed, size])
        orders = rng.geometric(0.4, size)
        book = customers(orders, seen(rng, orders, 50 * np.exp(rng.standard_normal(size)), cv))
        assert dict(lb.GammaGamma().default_priors(book)["order_cv"].parameters)["sigma"] == 1


def sigma_of_order_cv(book, **columns):
    return dict(lb.GammaGamma(**columns).default_priors(book)["order_cv"].parameters)["sigma"]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_what_columns_explain_does_not_move_the_usual_priors(scale):
    """Giants in a segment of their own, or whose size goes with a covariate, of which each customer has another."""
    rng = np.random.default_rng(3)
    orders, kind = few(rng, 60), np.arange(60) < 8
    typical, plan, noise = giants(10_000)(rng, 60), np.where(kind, "large", "small"), rng.standard_normal(60)
    columns = {
        "plan": plan,
        "size": scale * np.log(typical),
        "noise": scale * noise,
        "region": plan[rng.permutation(60)],
    }
    book = customers(orders, seen(rng, orders, typical, cv=0.5), **columns)
    narrow = sigma_of_order_cv(book)
    assert narrow < 0.1
    for explained in ({"pool_by": "plan"}, {"covariates": "size"}, {"pool_by": "plan", "covariates": "noise"}):
        assert sigma_of_order_cv(book, **explained) == 1
    for unrelated in ({"covariates": "noise"}, {"pool_by": "region"}, {"pool_by": "region", "covariates": "noise"}):
        assert sigma_of_order_cv(book, **unrelated) == pytest.approx(narrow, rel=0.2)


@pytest.mark.parametrize("size", [2, 3, 60])
def test_customers_of_whom_each_has_another_covariate_have_the_usual_priors(size):
    rng = np.random.default_rng(size)
    orders, columns = few(rng, size), {"size": rng.standard_normal(size), "plan": [f"plan {n}" for n in range(size)]}
    book = customers(orders, seen(rng, orders, 20 * np.exp(0.5 * rng.standard_normal(size)), cv=0.5), **columns)
    for given in ({"covariates": "size"}, {"pool_by": "plan"}, {"pool_by": "plan", "covariates": "size"}):
        assert sigma_of_order_cv(book, **given) == 1


@pytest.mark.parametrize("size", [0.0, 7.0])
def test_a_covariate_that_is_the_same_for_all_is_refused(size):
    orders = np.array([1, 2, 3])
    with pytest.raises(InputError, match="says nothing"):
        lb.GammaGamma(covariates="size").fit(customers(orders, 10.0 * orders, size=size))


@pytest.mark.fits
def test_a_covariate_of_which_each_customer_has_another_leaves_how_orders_vary_to_the_data():
    rng = np.random.default_rng(5)
    size, orders = rng.standard_normal(300), many(rng, 300)
    book = customers(orders, seen(rng, orders, 20 * np.exp(0.5 * size), cv=1.2), size=size)
    fit = lb.GammaGamma(covariates="size").fit(book, method="laplace", random_seed=1, progressbar=False)
    order_cv = fit.idata["posterior"]["order_cv"]
    assert np.std(np.log(order_cv)) > 0.01
    assert_plausible(np.log(1.2), np.log(order_cv.to_numpy()))


def test_mean_spend_is_expected_around_the_mean_over_orders():
    """Not over customers: one with many orders says as much as many with one."""
    book = customers(np.array([98, 1, 1, 0]), np.array([10.0, 100.0, 200.0, 0.0]))
    mu = dict(lb.GammaGamma().default_priors(book)["mean_spend"].parameters)["mu"]
    assert mu == pytest.approx(np.log((98 * 10 + 100 + 200) / 100))


def log_posterior(z, orders, value, centre):
    """Written once more: gamma-gamma and the usual priors, of the logarithms of mean spend, order cv and q - 1."""
    mean, cv, excess = np.exp(z)
    p, q = cv**-2, 1 + excess
    v, total = mean * excess / p, orders * value
    of_each = special.gammaln(p * orders + q) - special.gammaln(p * orders) - special.gammaln(q)
    of_each += -p * orders * np.log1p(v / total) - q * np.log1p(total / v) - np.log(value)
    return of_each.sum() - 0.5 * ((z - centre) ** 2).sum()


@pytest.mark.fits
def test_no_mode_is_certified_that_is_not_the_best():
    """Giants with many orders beside small customers, priors that make two modes: the best of 30 climbs leads."""
    two_modes = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        ratio = np.exp(rng.uniform(np.log(1000), np.log(20_000)))
        orders = np.where(np.arange(40) < 5, many(rng, 40), rng.integers(1, 3, 40))
        value = seen(rng, orders, giants(ratio)(rng, 40), cv=0.6)
        centre = np.log([(orders * value).sum() / orders.sum(), 0.5, 2.0])
        starts = centre + 3 * rng.standard_normal((30, 3))
        with np.errstate(all="ignore"):
            climbs = [
                optimize.minimize(lambda z: -log_posterior(z, orders, value, centre), start, method="L-BFGS-B")  # noqa: B023
                for start in starts
            ]
        heights = np.array([-climb.fun for climb in climbs if np.isfinite(climb.fun)])
        two_modes += np.ptp(heights[heights > heights.max() - 100]) > 3
        fit = lb.GammaGamma(priors=USUAL).fit(customers(orders, value), random_seed=seed, progressbar=False)
        assert fit.converged
        drawn = np.log([np.ravel(fit.idata["posterior"][name]) for name in ("mean_spend", "order_cv", "q_excess")]).T[
            ::40
        ]
        # A draw lies below its mode by half a chi-squared of 3: fewer than one in a million by 16.
        found = max(log_posterior(z, orders, value, centre) for z in drawn)
        assert found > heights.max() - 3, (seed, found, heights.max())
    assert two_modes >= 3


PRICES = {
    "one price": lambda rng, size: np.full(size, 9.99),
    "a cent more": lambda rng, size: np.where(rng.random(size) < 0.5, 99.0, 99.01),
    "one customer pays a cent more": lambda rng, size: np.where(np.arange(size) == 0, 10.0, 9.99),
}


@pytest.mark.fits
@pytest.mark.parametrize("size", [2, 10, 300])
@pytest.mark.parametrize("orders_of", [few, many, lambda rng, size: np.ones(size, dtype=int)])
@pytest.mark.parametrize("kind", PRICES)
def test_one_price_is_expected_to_stay(kind, orders_of, size):
    rng = np.random.default_rng(1)
    price, orders = PRICES[kind](rng, size), orders_of(rng, size)
    book = customers(np.append(orders, 0), np.append(price, 0.0))
    fit = lb.GammaGamma().fit(book, random_seed=1, progressbar=False)
    assert fit.converged
    assert "order values do not vary" in repr(fit)
    expected = fit.expected_spend(book).to_numpy()
    assert np.quantile(expected, 0.01) > 0.997 * price.min()
    assert np.quantile(expected, 0.99) < 1.003 * price.max()
    assert fit.predict_spend(book, random_seed=1).std() < 0.005 * price.max()


@pytest.mark.fits
def test_a_constant_price_makes_values_of_purchases_times_price(cdnow_fits, cdnow):
    table = cdnow.table
    book = customers(table["frequency"].to_numpy(), np.full(len(table), 9.99))
    spend = lb.GammaGamma().fit(book, random_seed=1, progressbar=False)
    values = lb.lifetime_value(book, [lb.RepeatPurchases(cdnow_fits[0], spend)], horizon="39 weeks", random_seed=2)
    bought = values.draws.to_numpy() / 9.99
    number = np.round(bought)
    np.testing.assert_allclose(bought[number > 0], number[number > 0], rtol=0.01)
    assert lb.check(book, spend, random_seed=1).passed


@pytest.mark.fits
@pytest.mark.parametrize(
    "prices",
    [
        lambda rng, orders: np.where(rng.random(orders.size) < 0.5, 10.0, 20.0),
        lambda rng, orders: (10 * (part := rng.binomial(orders, 0.5)) + 20 * (orders - part)) / orders,
        lambda rng, orders: np.where(np.arange(orders.size) == 0, 12.0, 9.99),
        lambda rng, orders: 9.99 * np.exp(0.003 * rng.standard_normal(orders.size)),
        lambda rng, orders: np.round(20 * np.exp(0.5 * rng.standard_normal(orders.size)), 2),
    ],
    ids=["two prices", "two prices mixed", "one differs", "close to one price", "a price of each"],
)
def test_few_prices_are_fitted(prices):
    rng = np.random.default_rng(1)
    orders = few(rng, 300)
    price = prices(rng, orders)
    fit = lb.GammaGamma().fit(customers(orders, price), random_seed=1, progressbar=False)
    assert fit.converged
    assert "do not vary" not in repr(fit)
    assert float(fit.expected_spend_new_customer().median()) == pytest.approx(price.mean(), rel=0.1)


def test_segments_of_one_price_each_are_not_pooled():
    orders, plan = np.full(30, 3), np.array(["a", "b", "c"])[np.arange(30) % 3]
    book = customers(orders, 10.0 * (1 + np.arange(30) % 3), plan=plan)
    with pytest.raises(InputError, match=r"same plan all pay the same.*fit_each"):
        lb.GammaGamma(pool_by="plan").fit(book)
    fits = lb.fit_each(lb.GammaGamma(), book, by="plan", random_seed=1, progressbar=False)
    found = [float(fits[name].expected_spend_new_customer().median()) for name in "abc"]
    assert found == pytest.approx([10.0, 20.0, 30.0], rel=1e-3)
