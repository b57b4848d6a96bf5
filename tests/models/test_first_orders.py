"""First orders taken into gamma-gamma: by hand, against the fit to the same order values, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.formulas.models.gamma_gamma import ratio_of_first_orders
from tests.chance import allowed
from tests.companies import AS_OF, simulated_orders

DRAWS = {"p": [[6.25, 5.0]], "q": [[3.74, 3.0]], "v": [[15.44, 20.0]]}


def book(**columns):
    """Three customers in weeks: one with repeats, one without, and one with an unpaid first order."""
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "B", "C"],
            "frequency": [2, 0, 1],
            "recency": [8.0, 0.0, 5.0],
            "T": [20.0, 12.0, 9.0],
            "monetary_value": [30.0, np.nan, 12.0],
            "first_value": [60.0, 8.0, 0.0],
        }
    )
    return lb.Customers.from_summary(frame.assign(**columns), time_unit="week", as_of="2024-06-30")


def fit_of(first_order=1, **attrs):
    return lb.FittedSpend.from_draws(DRAWS, first_order=first_order, **attrs)


def company(seed=1, ratio=1.0, customers=400, price=None):
    """Orders by rules of no model, with first orders that are worth so many times later ones."""
    orders = simulated_orders(seed, customers=customers, price=price or np.ones_like)
    table = orders.table[["customer_id", "date", "amount"]]
    first = table["date"] == table.groupby("customer_id")["date"].transform("min")
    table = table.assign(amount=table["amount"].where(~first, table["amount"] * ratio).round(2).clip(lower=0.01))
    return lb.summarize(lb.read_transactions(table), as_of=AS_OF, time_unit="week")


class TestByHand:
    def test_a_customer_with_x_repeats_has_one_order_more(self):
        found = fit_of().expected_spend(book()).to_numpy()[0].T
        for number, mean, customer in ((3, 40.0, 0), (1, 8.0, 1), (1, 12.0, 2)):
            expected = gamma_gamma.expected_spend(number, mean, **{name: np.array(v[0]) for name, v in DRAWS.items()})
            np.testing.assert_allclose(found[customer], expected)

    def test_without_them_the_published_model_stays(self):
        plain = lb.FittedSpend.from_draws(DRAWS)
        with_column, without = (
            book(),
            lb.Customers.from_summary(
                book().table.drop(columns="first_value").reset_index(), time_unit="week", as_of="2024-06-30"
            ),
        )
        np.testing.assert_array_equal(plain.expected_spend(with_column), plain.expected_spend(without))
        np.testing.assert_array_equal(fit_of().expected_spend(without), plain.expected_spend(without))

    def test_values_are_drawn_with_them(self, purchases):
        """The customer who bought once for 8 is worth as much less as their orders are."""
        draws = {name: np.tile(np.mean(values), (2, 500)) for name, values in DRAWS.items()}
        value, order = [], []
        for first in (1, 0):
            spend = lb.FittedSpend.from_draws(draws, first_order=first)
            stream = lb.RepeatPurchases(purchases, spend)
            drawn = lb.lifetime_value(book(), [stream], horizon="20 years", random_seed=1).draws.sel(customer_id="B")
            value.append(drawn.to_numpy())
            order.append(float(spend.expected_spend(book()).sel(customer_id="B").mean()))
        error = value[0].std() / value[0].size ** 0.5 + value[1].std() / value[1].size ** 0.5 * order[0] / order[1]
        assert order[0] < 0.6 * order[1]
        assert abs(value[0].mean() - value[1].mean() * order[0] / order[1]) < allowed() * error

    def test_clocks_that_start_on_given_days_count_the_first_order_already(self):
        log = pd.DataFrame({"customer_id": ["A", "A", "B"], "date": ["2024-02-01", "2024-03-01", "2024-02-09"]})
        orders = lb.read_transactions(log.assign(amount=[10.0, 20.0, 30.0]))
        since = {"A": "2024-01-01", "B": "2024-01-01"}
        customers = lb.summarize(orders, as_of="2024-06-30", since=since)
        plain = lb.FittedSpend.from_draws(DRAWS)
        np.testing.assert_array_equal(fit_of().expected_spend(customers), plain.expected_spend(customers))
        with pytest.raises(InputError, match="clocks that start on given days"):
            lb.GammaGamma(first_order=True).fit(customers, progressbar=False)

    def test_prices_of_the_first_order_are_those_of_its_date(self):
        """With a known growth, each order is brought to prices of the as-of date, weighed by value."""
        given = fit_of(prices='{"growth": 0.5}')
        found = given.expected_spend(book()).sel(customer_id="B").to_numpy().ravel()
        now = 8.0 * 1.5 ** (12 * 7 / 365.25)
        expected = gamma_gamma.expected_spend(1, now, **{name: np.array(v[0]) for name, v in DRAWS.items()})
        np.testing.assert_allclose(found, expected)

    def test_with_a_price_index_the_first_order_is_in_prices_of_the_as_of_date(self):
        log = pd.DataFrame({"customer_id": ["A", "B"], "date": ["2023-01-01", "2024-01-01"], "amount": [10.0, 30.0]})
        index = {"2023-01-01": 1.0, "2024-01-01": 2.0}
        customers = lb.summarize(lb.read_transactions(log), as_of="2024-01-01", price_index=index)
        assert customers.table["first_order_value"].tolist() == [20.0, 30.0]
        assert customers.table["first_value"].tolist() == [10.0, 30.0]
        expected = gamma_gamma.expected_spend(1, 20.0, **{name: np.array(v[0]) for name, v in DRAWS.items()})
        np.testing.assert_allclose(fit_of().expected_spend(customers).sel(customer_id="A").to_numpy().ravel(), expected)


class TestRatio:
    def test_by_hand(self):
        """One customer whose first order is half of the single later one."""
        found = ratio_of_first_orders(np.array([5.0]), np.array([1.0]), np.array([10.0]))
        assert found.value == pytest.approx(0.5)

    @pytest.mark.parametrize("law", ["log-normal", "heavy"])
    def test_it_finds_a_planted_ratio_without_bias_whatever_the_distribution(self, law):
        """Over many portfolios, the errors over their standard errors have mean 0 and spread 1."""
        rng, z = np.random.default_rng(3), []
        for _ in range(300):
            later = rng.geometric(0.4, 300)
            noise = rng.normal(0, 0.7, (300, later.max() + 1))
            values = np.exp(noise) if law == "log-normal" else 1 + rng.pareto(2.5, noise.shape)
            values *= np.exp(rng.normal(3, 1, (300, 1)))
            mean = np.array([row[1 : 1 + n].mean() for row, n in zip(values, later, strict=True)])
            found = ratio_of_first_orders(1.3 * values[:, 0], later.astype(float), mean)
            z.append(np.log(found.value / 1.3) / found.log_error)
        assert abs(np.mean(z)) < 0.1 + allowed(2) * np.std(z) / np.sqrt(300)
        assert np.std(z) == pytest.approx(1.0, abs=0.25)

    def test_a_unit_of_money_is_of_no_matter(self):
        rng = np.random.default_rng(1)
        first, number, mean = rng.gamma(2, 10, 50), rng.integers(1, 5, 50).astype(float), rng.gamma(2, 10, 50)
        one, cents = (ratio_of_first_orders(first * unit, number, mean * unit) for unit in (1.0, 100.0))
        assert one.value == pytest.approx(cents.value, rel=1e-9)


@pytest.mark.parametrize("method", ["laplace"])
def test_the_fit_is_that_of_a_table_in_which_the_first_order_is_one_of_the_repeats(method):
    """A ready table with x + 1 orders each, as a table of repeats, has the same posterior to the last digit."""
    customers = company(customers=150)
    table = customers.table
    number = table["spend_frequency"] + 1
    mean = (table["spend_frequency"] * table["monetary_value"].fillna(0) + table["first_value"]) / number
    ready = table[["frequency", "recency", "T"]].assign(frequency=number, monetary_value=mean)
    ready["recency"] = ready["recency"].clip(lower=0.1)
    ready["T"] = ready["T"].clip(lower=0.2)
    together = lb.Customers.from_summary(ready.reset_index(), time_unit="week", as_of=AS_OF)
    settings = {"method": method, "random_seed": 1, "progressbar": False}
    ours = lb.GammaGamma(first_order=True, price_growth=None).fit(customers, **settings)
    theirs = lb.GammaGamma(price_growth=None).fit(together, **settings)
    for name in "pqv":
        np.testing.assert_allclose(ours.draws[name], theirs.draws[name], rtol=1e-6)
    assert "first orders are taken in" in repr(ours)


class TestChoice:
    @pytest.mark.parametrize(("ratio", "taken"), [(1.0, True), (0.5, False), (2.0, False)])
    def test_auto_takes_them_in_where_they_are_like_later_ones(self, ratio, taken):
        fit = lb.GammaGamma(first_order="auto", price_growth=None).fit(company(ratio=ratio), random_seed=1)
        assert fit.idata.attrs.get("first_order", 0) == int(taken)
        assert ("first orders are taken in: they are" if taken else "first orders are not taken in: they are") in repr(
            fit
        )

    def test_prices_that_grow_do_not_make_first_orders_smaller(self):
        """First orders are the oldest ones, and are compared in prices of one day."""
        grown = company(price=lambda day: 1.35 ** (day / 365.25), customers=600)
        with_growth = lb.GammaGamma(first_order="auto", price_growth=0.35).fit(grown, random_seed=1)
        assert with_growth.idata.attrs["first_order"] == 1

    def test_a_ready_table_without_them_says_so(self):
        plain = lb.Customers.from_summary(
            company().table.drop(columns="first_value").reset_index(), time_unit="week", as_of=AS_OF
        )
        fit = lb.GammaGamma(first_order="auto").fit(plain, random_seed=1)
        assert "first orders are not taken in: the customers have no column first_value" in repr(fit)
        with pytest.raises(InputError, match="have no column 'first_value'"):
            lb.GammaGamma(first_order=True).fit(plain)

    def test_where_most_bought_once_the_fit_advises_it(self):
        customers = company()
        once = customers.table["frequency"] == 0
        mostly = customers.subset((once | (np.arange(len(once)) % 16 == 0)).to_numpy())
        fit = lb.GammaGamma(price_growth=None).fit(mostly, random_seed=1)
        assert "what they spent is not taken in: GammaGamma(first_order='auto')" in repr(fit)
        assert "first order" not in repr(lb.GammaGamma(price_growth=None).fit(customers.subset(~once.to_numpy())))

    @pytest.mark.parametrize("given", [None, "yes", 0.5])
    def test_other_settings_are_refused(self, given):
        with pytest.raises(FitError, match="first_order takes True, False or 'auto'"):
            lb.GammaGamma(first_order=given)


def test_files_subsets_and_saved_fits_have_them_too(tmp_path):
    customers = company()
    scanned = lb.Customers.scan(customers.save(tmp_path / "customers.parquet"))
    settings = {"random_seed": 1, "progressbar": False}
    ours, theirs = (lb.GammaGamma(first_order=True).fit(some, **settings) for some in (customers, scanned))
    np.testing.assert_allclose(ours.draws["p"], theirs.draws["p"], rtol=1e-9)
    again, few = lb.load_fit(ours.save(tmp_path / "spend.nc")), customers.subset(customers.ids[:5])
    np.testing.assert_array_equal(again.expected_spend(few), ours.expected_spend(customers).sel(customer_id=few.ids))
    assert "first orders are taken in" in repr(again)


class TestCheck:
    NAME = "first order over the mean of later ones"

    @pytest.mark.parametrize(("ratio", "holds"), [(1.0, True), (0.6, False)])
    def test_first_orders_that_differ_are_found(self, ratio, holds):
        customers = company(ratio=ratio)
        fit = lb.GammaGamma(first_order=True, price_growth=None).fit(customers, random_seed=1)
        row = lb.check(customers, fit, random_seed=1).table.xs(self.NAME, level="quantity").iloc[0]
        assert bool(row["holds"]) is holds

    def test_a_fit_without_them_has_no_such_row(self):
        customers = company()
        fit = lb.GammaGamma(price_growth=None).fit(customers, random_seed=1)
        assert self.NAME not in lb.check(customers, fit, random_seed=1).table.index.get_level_values("quantity")


def test_means_made_up_are_over_the_orders_that_count():
    fit = fit_of()
    tree = fit.posterior_predictive(book(), random_seed=1)
    assert tree["posterior_predictive"]["monetary_value"].sizes["customer_id"] == 3
    assert tree["observed_data"]["monetary_value"].to_numpy().tolist() == [40.0, 8.0, 12.0]
    assert np.isfinite(fit.with_log_likelihood(book())["log_likelihood"]["mean_spend_observed"]).all()
