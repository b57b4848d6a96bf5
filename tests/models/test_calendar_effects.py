"""Calendar effects: a factor on the rate of all customers makes time run faster or slower."""

from dataclasses import replace

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.inference.density import Density
from tests.chance import assert_plausible
from tests.companies import AS_OF, simulated_orders

MODELS = {
    "BG/NBD": lb.BGNBD(calendar_effects="auto"),
    "MBG/NBD": lb.MBGNBD(calendar_effects="auto"),
    "BG/CNBD-2": lb.BGCNBD(k=2, calendar_effects="auto"),
    "MBG/CNBD-3": lb.MBGCNBD(k=3, calendar_effects="auto"),
    "two segments": lb.BGNBD(pool_by="segment", calendar_effects="auto"),
    "with a season": lb.BGNBD(calendar_effects=lb.CalendarEffects(season=True, period="quarter")),
}


@pytest.fixture(scope="module")
def customers():
    found = lb.summarize(simulated_orders(1), as_of=AS_OF, time_unit="week")
    table = found.table.assign(segment=np.where(np.arange(len(found)) % 3 == 0, "a", "b"))
    return replace(found, rows=type(found.rows)(table))


@pytest.fixture(scope="module", params=MODELS)
def recipe(request, customers):
    return MODELS[request.param]._recipe(customers)


def point(density, seed=0, size=0.2):
    return density.starts[0] + np.random.default_rng(seed).normal(0, size, density.size)


class TestDensity:
    def test_a_factor_of_one_is_the_plain_model(self, recipe):
        density, plain = recipe.density(), replace(recipe, calendar=None).density()
        x = point(plain)
        found = density.given_effects(np.append(x, np.zeros(density.calendar.number)))[0]
        assert found == pytest.approx(plain(x)[0], rel=1e-11)

    def test_a_factor_on_all_days_is_another_mean_rate(self, recipe):
        density, plain, factor = recipe.density(), replace(recipe, calendar=None).density(), 1.7
        x = point(plain)
        faster = x.copy()
        faster[0] += np.log(factor)
        own_priors = [density.base.parameters(some[np.newaxis])[0][0] for some in (x, faster)]
        found = density.given_effects(np.append(x, np.full(density.calendar.number, np.log(factor))))[0]
        assert found - own_priors[0] == pytest.approx(plain(faster)[0] - own_priors[1], rel=1e-10)

    def test_gradients_are_slopes(self, recipe):
        density = recipe.density()
        x = point(density)
        value, gradient = density(x)
        steps = 1e-5 * np.eye(density.size)
        slopes = [(density(x + step)[0] - density(x - step)[0]) / 2e-5 for step in steps]
        np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-6 * np.abs(gradient).max())
        assert np.isfinite(value)

    def test_many_points_at_once(self, recipe):
        density = recipe.density()
        points = np.array([point(density, seed) for seed in range(5)])
        np.testing.assert_allclose(density.values(points), [density(x)[0] for x in points], rtol=1e-11)

    def test_it_is_the_pymc_model(self, recipe):
        density, through_pymc = recipe.density(), Density(recipe.model())
        oldest_first = np.arange(density.size)
        oldest_first[density.latent] = oldest_first[density.latent][::-1]
        for seed in range(3):
            x = point(density, seed)
            value, gradient = density(x)
            theirs, slopes = through_pymc(x[oldest_first])
            assert value == pytest.approx(theirs, rel=1e-9)
            np.testing.assert_allclose(gradient[oldest_first], slopes, rtol=1e-6, atol=1e-6)


class TestDaysOfPurchases:
    """Repeat purchases by day, and by period, against a count in pandas."""

    @pytest.mark.parametrize("since", [False, True])
    def test_they_are_counted_by_day(self, since):
        orders = simulated_orders(3, customers=60)
        first = orders.table.groupby("customer_id")["date"].min()
        starts = {"since": first - np.timedelta64(30, "D")} if since else {}
        customers = lb.summarize(orders, as_of=AS_OF, time_unit="week", **starts)
        days = orders.table[orders.table["date"] <= AS_OF].drop_duplicates(["customer_id", "date"])
        repeats = days if since else days[days["date"] > days["customer_id"].map(first)]
        expected = repeats.groupby("date").size()
        assert customers.repeat_days.to_dict() == expected.to_dict()
        assert customers.repeat_days.sum() == customers.table["frequency"].sum()

    def test_they_are_counted_by_period_back_from_the_as_of_date(self, customers):
        calendar = lb.BGNBD(calendar_effects=lb.CalendarEffects(period="month"))._recipe(customers).calendar
        age = (AS_OF - customers.repeat_days.index).days.to_numpy()
        by_month = [
            customers.repeat_days[(age >= k * 365.25 / 12) & (age < (k + 1) * 365.25 / 12)].sum()
            for k in range(calendar.number)
        ]
        by_month[-1] += customers.repeat_days[age >= calendar.number * 365.25 / 12].sum()
        np.testing.assert_array_equal(calendar.repeats, by_month)

    def test_counts_of_other_customers_are_not_taken(self, customers):
        some = replace(customers, rows=type(customers.rows)(customers.table.iloc[:50]))
        assert lb.BGNBD(calendar_effects="auto")._recipe(some).calendar.repeats is None


class TestFit:
    def test_it_finds_what_moved_and_keeps_the_rate(self):
        """A factor of 2 in the last half year and 1 before, in a company of two years."""
        orders = simulated_orders(4, customers=2000, days=730, factor=lambda day: np.where(day > 547, 2.0, 1.0))
        customers = lb.summarize(orders, as_of=AS_OF, time_unit="week")
        fit = lb.BGNBD(calendar_effects=lb.CalendarEffects(period="quarter", season=False)).fit(
            customers, random_seed=1, progressbar=False
        )
        effect = fit.idata["posterior"]["calendar_effect"]
        risen = effect.isel(period=slice(-2, None)).mean("period") - effect.isel(period=slice(2, 6)).mean("period")
        assert_plausible(np.log(2.0), risen)

    def test_customers_observed_until_an_earlier_day_are_refused(self, customers):
        first = customers.table.query("frequency == 0 and T > 4").index[0]
        ended = customers.observed_until({first: AS_OF - np.timedelta64(7, "D")})
        with pytest.raises(lb.errors.FitError, match="observed until the as-of date"):
            lb.BGNBD(calendar_effects="auto").fit(ended)

    def test_histories_of_the_prior(self, customers):
        """There are more repeat purchases in draws with high factors in the past, at one mean rate."""
        model = lb.BGNBD(calendar_effects=lb.CalendarEffects(season=True, period="quarter", level=1.0))
        tree = model.sample_prior(customers, draws=300, random_seed=1)
        number = np.log1p(tree["prior_predictive"]["frequency"].mean("customer_id")).to_numpy().ravel()
        factor = tree["prior"]["calendar_effect"].to_numpy()[0].mean(axis=-1)
        rate = np.log(tree["prior"]["mean_rate"].to_numpy()[0])
        explained = np.linalg.lstsq(np.column_stack([np.ones(300), rate, factor]), number)[0]
        assert explained[2] > 0.1

    def test_too_many_periods_are_refused(self, customers):
        table = customers.table.assign(T=customers.table["T"] + 60 * 52.18)
        old = lb.Customers.from_summary(table, time_unit="week", as_of=AS_OF)
        lb.BGNBD(calendar_effects="auto")._recipe(old)
        with pytest.raises(lb.errors.FitError, match=r"62 years, has 3,2.. periods of a week.*Choose a longer period"):
            lb.BGNBD(calendar_effects=lb.CalendarEffects(period="week")).fit(old)

    @pytest.mark.parametrize(
        ("settings", "says"), [({"period": ["week"]}, "no period"), ({"season": "no"}, "True, False or None")]
    )
    def test_slips_in_settings_are_refused(self, settings, says):
        with pytest.raises(lb.errors.FitError, match=says):
            lb.CalendarEffects(**settings)

    @pytest.mark.parametrize("wrong", ["yes", 3, {"level": 1}])
    def test_anything_but_settings_is_refused(self, customers, wrong):
        with pytest.raises(lb.errors.FitError, match="calendar_effects takes 'auto', None or CalendarEffects"):
            lb.BGNBD(calendar_effects=wrong).fit(customers)

    def test_slips_in_scales_are_refused(self):
        with pytest.raises(lb.errors.PriorError, match="about 25%"):
            lb.CalendarEffects(level=1.05)
