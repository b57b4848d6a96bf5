"""Forecasts and values of renewals run by the clock of a fit with calendar effects."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

import ltv_bayes as lb
from ltv_bayes.errors import UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.predictions.clock import clock_of
from tests.chance import allowed

ALPHA, BETA, MONTH = 0.9, 7.0, 365.25 / 12
AS_OF = dt.date(2024, 6, 30)


def fit_of(*, effect=0.0, level=0.0, sds=1e-9, periods=24, stays=True, size=2, length=MONTH, contracts="month"):
    """A fit with a factor exp(effect) in all past periods, which stays at exp(level), but for what the sds say."""
    plain = lb.FittedRenewals.from_draws(
        {"alpha": np.full((1, size), ALPHA), "beta": np.full((1, size), BETA)}, random_seed="0", periods=contracts
    )
    tree = plain.idata.copy()
    posterior = tree["posterior"].to_dataset()
    past = np.broadcast_to(effect, (1, size, periods)).copy()
    posterior["calendar_effect"] = (("chain", "draw", "period"), past)
    for name, value in {"level": level, "level_sd": sds, "noise_sd": sds}.items():
        posterior[name] = (("chain", "draw"), np.full((1, size), float(value)))
    tree["posterior"] = type(tree)(posterior)
    terms = {"length": length, "half_life": 1e12 if stays else 365.25, "in_year": round(365.25 / length), "unit": "day"}
    tree.attrs["calendar"] = json.dumps({**terms, "scales": [0.25, 0.15]})
    tree.attrs["as_of"] = AS_OF.isoformat()
    return lb.FittedRenewals(tree)


def survival(t, renewals=0.0):
    return shifted_beta_geometric.survival(np.asarray(t), alpha=ALPHA, beta=BETA, renewals=renewals)


@pytest.fixture(scope="module")
def renewals():
    records = pd.DataFrame(
        {
            "customer_id": ["Ada", "Bo", "Cleo", "Dan"],
            "start": ["2023-01-31", "2024-03-10", "2024-06-30", "2023-05-05"],
            "cancelled_on": [None, None, None, "2024-02-01"],
            "price": [10.0, 20.0, 30.0, 40.0],
        }
    )
    return lb.summarize_renewals(records, period="month", as_of=AS_OF)


class TestConstantFactor:
    """A factor f at all renewals: each counts like f renewals."""

    f = 1.7

    def test_survival_and_retention(self):
        fit = fit_of(effect=np.log(self.f), level=np.log(self.f))
        months = np.arange(30)
        np.testing.assert_allclose(fit.survival(months)[0, 0], survival(self.f * months), rtol=1e-7)
        np.testing.assert_allclose(
            fit.survival(months, renewals=4)[0, 0], survival(self.f * months, 4 * self.f), rtol=1e-7
        )
        made = np.array([0, 5, 19])
        np.testing.assert_allclose(fit.retention(made)[0, 1], survival(self.f, self.f * made), rtol=1e-7)

    def test_residual_life_is_the_sum_of_survival(self):
        fit = fit_of(effect=np.log(self.f), level=np.log(self.f))
        ours = fit.expected_residual_life([0, 3], 0.3, period="month")[0, 0]
        months, d = np.arange(4000), 1.3 ** (1 / 12) - 1
        passed = np.cumsum(np.where(months <= 240, self.f, 1.0))  # the mean factor, after 20 years
        for place, made in enumerate((0, 3)):
            expected = np.sum(survival(passed, self.f * made) * (1 + d) ** -months)
            assert float(ours[place]) == pytest.approx(expected, rel=1e-6)


def test_a_factor_of_one_is_the_plain_model(renewals):
    fit, plain = fit_of(), lb.FittedRenewals.from_draws({"alpha": [[ALPHA] * 2], "beta": [[BETA] * 2]}, periods="month")
    for ask in (
        lambda one: one.survival([0, 1, 40], renewals=3),
        lambda one: one.retention([0, 3]),
        lambda one: one.expected_residual_life([0, 3, 9], 0.1),
        lambda one: one.expected_residual_life(renewals, 0.1),
    ):
        np.testing.assert_allclose(ask(fit), ask(plain), rtol=1e-7)


def sums(fit, start, number):
    """Factors at renewal dates of another library, added up, of the first draw."""
    clock, found = clock_of(fit), []
    for k in range(1, number + 1):
        days = (start + relativedelta(months=k) - AS_OF).days
        period = -1 - int(-days // clock.length) if days <= 0 else int((days - 1e-6) // clock.length)
        found.append(clock.factors[0, np.clip(period - clock.first, 0, clock.factors.shape[1] - 1)])
    return np.cumsum(found)


@pytest.fixture(scope="module")
def moving():
    """A factor that changed in the past, and is high now and goes back; the same in all draws."""
    past = np.log(np.where(np.arange(24) < 14, 0.5, 1.6))
    return fit_of(effect=past, level=np.log(3.0), stays=False, size=10_000)


class TestMovingFactor:
    def test_draws_have_the_survival_of_their_dates(self, renewals, moving):
        drawn = moving.predict_renewals(renewals, 12, random_seed=1)
        for customer, start, made in (("Ada", dt.date(2023, 1, 31), 17), ("Bo", dt.date(2024, 3, 10), 3)):
            assert renewals.table.loc[customer, "renewals"] == made
            passed = sums(moving, start, made + 12)
            expected = survival(passed[made:] - passed[made - 1], passed[made - 1])
            for more, chance in enumerate(expected, 1):
                share = float((drawn.sel(customer_id=customer) >= more).mean())
                assert abs(share - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / 10_000)

    def test_values_have_the_survival_of_their_dates(self, renewals, moving):
        value = lb.lifetime_value(
            lb.all_customers(renewals),
            lb.Subscription(moving, renewals),
            horizon="1 year",
            discount_rate=0.0,
            random_seed=1,
        )
        flow = value.draws
        for customer, start, made, price in (
            ("Ada", dt.date(2023, 1, 31), 17, 10.0),
            ("Bo", dt.date(2024, 3, 10), 3, 20.0),
            ("Cleo", dt.date(2024, 6, 30), 0, 30.0),
        ):
            passed = np.append(0.0, sums(moving, start, made + 12))
            expected = price * survival(passed[made + 1 :] - passed[made], passed[made]).sum()
            own = flow.sel(customer_id=customer).to_numpy().ravel()
            assert abs(own.mean() - expected) < allowed(20) * own.std() / np.sqrt(own.size)
        assert float(flow.sel(customer_id="Dan").max()) == 0.0

    def test_residual_life_of_subscriptions(self, renewals, moving):
        few = moving.thin(2)
        life = few.expected_residual_life(renewals, 0.5).sel(customer_id="Ada")[0, 0]
        passed = sums(few, dt.date(2023, 1, 31), 17 + 700)
        wait = (dt.date(2024, 7, 31) - AS_OF).days
        months, kept = np.arange(700), survival(passed[17:] - passed[16], passed[16])
        expected = np.sum(kept * 1.5 ** -(months / 12)) * 1.5 ** (-wait / 365.25)
        assert float(life) == pytest.approx(expected, rel=1e-6)

    def test_new_subscribers(self, moving):
        """Won on the as-of date: expected revenue of a year, and what is drawn."""
        value = lb.new_customer_value(moving.thin(200), price=10.0, horizon="1 year", discount_rate=0.0, margin=1.0)
        passed = np.cumsum(clock_of(moving).factors[0, 24:35])
        assert float(value.summary()["mean"].iloc[0]) == pytest.approx(10 * (1 + survival(passed).sum()), rel=1e-6)

    def test_new_subscribers_of_a_horizon_without_renewals(self, moving):
        value = lb.new_customer_value(moving.thin(200), price=10.0, horizon="2 weeks", discount_rate=0.0, margin=1.0)
        assert (value.draws == 10.0).all()
        assert (value.predict(random_seed=1) == 10.0).all()

    def test_of_another_day(self, renewals, moving):
        """Of renewals known until a later day, the months between are months of the future of the fit."""
        later = lb.summarize_renewals(
            pd.DataFrame({"customer_id": ["Ada"], "start": ["2023-01-31"], "cancelled_on": [None], "price": [10.0]}),
            period="month",
            as_of="2024-09-30",
        )
        drawn = moving.predict_renewals(later, 6, random_seed=1).to_numpy().ravel()
        passed = sums(moving, dt.date(2023, 1, 31), 26)
        chance = float(survival(passed[25] - passed[19], passed[19]))
        assert abs((drawn == 6).mean() - chance) < allowed() * np.sqrt(chance * (1 - chance) / drawn.size)


def test_all_subscribers_share_the_future():
    """The spread of a total of many is larger than that of as many independent ones."""
    ids = [f"S{place}" for place in range(400)]
    many = pd.DataFrame({"customer_id": ids, "start": "2024-03-10", "cancelled_on": None, "price": 1.0})
    found = lb.summarize_renewals(many, period="month", as_of=AS_OF)
    for sds, low, high in ((1e-9, 0.0, 1.2), (0.5, 1.5, np.inf)):
        drawn = fit_of(sds=sds, size=2000).predict_renewals(found, 12, random_seed=1)
        alone = float(np.sqrt(drawn.var(("chain", "draw")).sum()))
        assert low < float(drawn.sum("customer_id").std()) / alone < high


def test_contracts_of_two_lengths_have_clocks_of_their_own():
    records = pd.DataFrame(
        {
            "customer_id": ["Ada", "Bo"],
            "start": ["2023-01-31", "2020-03-10"],
            "cancelled_on": [None, None],
            "price": [10.0, 100.0],
            "term": ["month", "year"],
        }
    )
    found = lb.summarize_renewals(records, period="term", as_of=AS_OF)
    size = 2_000
    monthly = fit_of(effect=np.log(2.0), level=np.log(2.0), size=size)
    yearly = fit_of(effect=np.log(0.5), level=np.log(0.5), size=size, length=365.25 / 4, contracts="year")
    plain = lb.FittedRenewals.from_draws({"alpha": np.full((1, size), ALPHA), "beta": np.full((1, size), BETA)})
    expected = {
        "Ada": float(10 * survival(2.0 * np.arange(1, 13), 2.0 * 17).sum()),
        "Bo": float(100 * survival(0.5, 0.5 * 4)),
    }
    for fits in ({"month": monthly, "year": yearly}, {"month": monthly, "year": plain}):
        if fits["year"] is plain:
            expected["Bo"] = float(100 * survival(1, 4))
        value = lb.lifetime_value(
            lb.all_customers(found), lb.Subscription(fits, found), horizon="1 year", discount_rate=0.0, random_seed=2
        )
        for customer, mean in expected.items():
            own = value.draws.sel(customer_id=customer).to_numpy().ravel()
            assert abs(own.mean() - mean) < allowed(10) * own.std() / np.sqrt(own.size)


def test_a_fit_of_several_lengths_asks_for_one():
    with pytest.raises(UnitError, match="Pass period="):
        fit_of(contracts="month, year").survival(3)
    assert fit_of(contracts="month, year").survival(3, period="year").shape == (1, 2, 1)


def test_the_picture_is_of_churn():
    picture = lb.plot_calendar_effects(fit_of(sds=0.2))
    assert picture.get_ylabel() == "factor on the churn of all subscribers"
