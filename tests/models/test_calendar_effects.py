"""Calendar effects: a factor on the rate of all customers makes time run faster or slower."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import FitError
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.formulas.models.operational_time import Clock, OnClock
from ltv_bayes.models.given_factors import as_index, as_season, log_factors
from tests.chance import assert_plausible
from tests.companies import AS_OF, simulated_orders
from tests.models.densities import assert_gradients_are_slopes, assert_many_points_at_once, by_pymc, on_links, point

MODELS = {
    "BG/NBD": lb.BGNBD(calendar_effects="auto"),
    "MBG/NBD": lb.MBGNBD(calendar_effects="auto"),
    "BG/CNBD-2": lb.BGCNBD(k=2, calendar_effects="auto"),
    "MBG/CNBD-3": lb.MBGCNBD(k=3, calendar_effects="auto"),
    "BG/NBD, a share leaves at once": lb.BGNBD(calendar_effects="auto", leave_at_once=True),
    "BG/CNBD-2, a share leaves at once": lb.BGCNBD(k=2, calendar_effects="auto", leave_at_once=True),
    "NBD": lb.NBD(calendar_effects="auto"),
    "two segments": lb.BGNBD(pool_by="segment", calendar_effects=lb.CalendarEffects()),
    "with a season": lb.BGNBD(calendar_effects=lb.CalendarEffects(season=True, period="quarter")),
    "with a known season": lb.BGNBD(calendar_effects=lb.CalendarEffects(season=[*[1.0] * 9, 0.5, 2.0, 3.0])),
}


@pytest.fixture(scope="module")
def customers():
    found = lb.summarize(simulated_orders(1), as_of=AS_OF, time_unit="week")
    table = found.table.assign(segment=np.where(np.arange(len(found)) % 3 == 0, "a", "b"))
    return replace(found, rows=type(found.rows)(table))


@pytest.fixture(scope="module")
def some_ended(customers):
    """A third of the customers, observed until half a year before the as-of date."""
    old = customers.table.query("recency < T - 27").index[::2]
    return customers.observed_until(dict.fromkeys(old, AS_OF - np.timedelta64(182, "D")))


@pytest.fixture(scope="module", params=MODELS)
def recipe(request, customers):
    return MODELS[request.param]._recipe(customers)


class TestDensity:
    def test_a_factor_of_one_is_the_plain_model(self, recipe):
        density, plain = recipe.density(), replace(recipe, calendar=None).density()
        x = point(plain)
        found = density.given_effects(np.append(x, -density.calendar.log_known))[0]
        assert found == pytest.approx(plain(x)[0], rel=1e-11)

    def test_a_factor_on_all_days_is_another_mean_rate(self, recipe):
        density, plain, factor = recipe.density(), replace(recipe, calendar=None).density(), 1.7
        x = point(plain)
        faster = x.copy()
        faster[0] += np.log(factor)
        own_priors = [density.base.parameters(some[np.newaxis])[0][0] for some in (x, faster)]
        found = density.given_effects(np.append(x, np.log(factor) - density.calendar.log_known))[0]
        assert found - own_priors[0] == pytest.approx(plain(faster)[0] - own_priors[1], rel=1e-10)

    def test_gradients_are_slopes(self, recipe):
        assert_gradients_are_slopes(recipe.density())

    def test_many_points_at_once(self, recipe):
        assert_many_points_at_once(recipe.density())

    @pytest.mark.parametrize("pool_by", [None, "segment"])
    def test_it_is_the_sum_over_customers_in_operational_time(self, some_ended, pool_by):
        """By the closed form of a customer's history, with G by the clock; some were observed until an earlier day."""
        season = lb.CalendarEffects(season=np.arange(1.0, 13.0))
        density = lb.BGNBD(calendar_effects=season, pool_by=pool_by)._recipe(some_ended).density()
        calendar, x = density.calendar, point(density)
        effect = x[density.latent]
        factor = np.exp(effect + calendar.known)[::-1]
        table, parameters = some_ended.table, density.base.parameters(x[np.newaxis, : density.base.size])[1][0]
        places = 0 if pool_by is None else (table["segment"] == "b").to_numpy().astype(int)
        drawn = {name: each[places] for name, each in zip(("r", "alpha", "a", "b"), parameters, strict=True)}
        frequency, recency, T = table[["frequency", "recency", "T"]].to_numpy().T
        ended = np.where(table["observed_until"].notna(), 26.0, 0.0)
        clock = OnClock(bg_nbd, Clock.of(calendar.length, -calendar.number, factor[np.newaxis]))
        each = bg_nbd.log_likelihood(frequency, *clock.histories(recency, T, 0, ended), **drawn)
        expected = each.sum() + calendar.repeats @ np.log(factor[::-1])
        own_prior = density.base.parameters(x[np.newaxis, : density.base.size])[0][0]
        found = density.given_effects(np.delete(x, np.r_[density.hyper]))[0] - own_prior
        assert found == pytest.approx(expected, rel=1e-10)
        assert 0 < (ended > 0).sum() < len(ended)

    @pytest.mark.parametrize("known", [True, False])
    def test_events_are_the_sum_over_customers_in_operational_time(self, some_ended, known):
        """Against SciPy's negative binomial; where days are known, times are, and not their number alone."""
        customers = some_ended if known else replace(some_ended, repeat_days=None)
        density = lb.NBD(calendar_effects=lb.CalendarEffects())._recipe(customers).density()
        calendar, x = density.calendar, point(density)
        effect = x[density.latent]
        own_prior, parameters = density.base.parameters(x[np.newaxis, : density.base.size])
        (r,), (alpha,) = parameters[0]
        table = customers.table
        ended = np.where(table["observed_until"].notna(), 26.0, 0.0)
        clock = Clock.of(calendar.length, -calendar.number, np.exp(effect)[np.newaxis, ::-1])
        T = table["T"].to_numpy()
        exposure = clock.rows(0).observed(T, ended)
        events = table["frequency"].to_numpy()
        expected = stats.nbinom(r, alpha / (alpha + exposure)).logpmf(events).sum()
        if known:
            expected += calendar.repeats @ effect - (events * np.log(exposure / T))[events > 0].sum()
        found = density.given_effects(np.delete(x, np.r_[density.hyper]))[0] - own_prior[0]
        assert found == pytest.approx(expected, rel=1e-10)

    @pytest.mark.fits
    def test_it_is_the_pymc_model(self, recipe):
        density, through_pymc = recipe.density(), by_pymc(recipe.model())
        oldest_first = np.arange(density.size)
        oldest_first[density.latent] = oldest_first[density.latent][::-1]
        for seed in range(3):
            x = point(density, seed)
            value, gradient = density(x)
            there, turned = on_links(density.base, x)
            theirs, slopes = through_pymc(there[oldest_first])
            assert value == pytest.approx(theirs, rel=1e-9)
            np.testing.assert_allclose(gradient, turned @ slopes[np.argsort(oldest_first)], rtol=1e-6, atol=1e-6)


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
        assert lb.BGNBD(calendar_effects=lb.CalendarEffects())._recipe(some).calendar.repeats is None


class TestKnown:
    """What is known of the factor beforehand: a season, an index."""

    def test_a_season_is_averaged_over_the_days_of_a_period(self):
        """Quarters counted back from the end of a year, of 91.3 days: all but a few days are those of the calendar."""
        season = np.arange(1.0, 13.0)
        past, ahead = log_factors(as_season(season), None, date(2023, 12, 31), 365.25 / 4, 4, 4, 365.0)
        expected = season.reshape(4, 3).mean(axis=1) / season.mean()
        np.testing.assert_allclose(np.exp(past[::-1]), expected, rtol=0.03)
        np.testing.assert_allclose(np.exp(ahead), expected, rtol=0.03)

    def test_weeks_of_the_year(self):
        season = np.ones(52)
        season[51] = 53.0
        past, _ = log_factors(as_season(season), None, date(2023, 12, 31), 7.0, 4, 1, 28.0)
        assert np.exp(past[0]) > 10 * np.exp(past[1])  # from Monday, 25 December

    def test_an_index_holds_from_its_day_on_and_is_1_on_average(self):
        index = as_index({"2023-01-01": 50.0, "2023-07-01": 150.0})
        past, ahead = log_factors(None, index, date(2023, 12, 31), 1.0, 365, 800, 365.0)
        days = pd.date_range("2023-01-01", "2023-12-31")
        raw = np.where(days < "2023-07-01", 50.0, 150.0)
        np.testing.assert_allclose(np.exp(past[::-1]), raw / raw.mean(), rtol=1e-12)
        np.testing.assert_allclose(np.exp(ahead), 1.0, rtol=1e-12)

    def test_an_index_of_the_future(self):
        index = as_index(pd.Series([1.0, 3.0, 1.0], pd.to_datetime(["2023-01-01", "2024-03-01", "2024-04-01"])))
        _, ahead = log_factors(None, index, date(2023, 12, 31), 1.0, 365, 400, 365.0)
        days = pd.date_range("2024-01-01", periods=400)
        campaign = (days >= "2024-03-01") & (days < "2024-04-01")
        np.testing.assert_allclose(np.exp(ahead[campaign]), 3.0, rtol=1e-12)
        np.testing.assert_allclose(np.exp(ahead[days < "2024-03-01"]), 1.0, rtol=1e-12)

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"season": [1.0] * 11}, "12 factors, one a month, or 52 or 53"),
            ({"season": {0: 1.0, 1: 2.0}}, "by month, 1 to 12"),
            ({"season": [0.0] * 12}, "numbers above 0"),
        ],
    )
    def test_slips_are_refused(self, settings, says):
        with pytest.raises(FitError, match=says):
            lb.CalendarEffects(**settings)

    def test_an_index_that_begins_too_late(self, customers):
        model = lb.BGNBD(calendar_effects=lb.CalendarEffects(index={AS_OF: 1.0}))
        first = customers.table["first_order"].min()
        with pytest.raises(FitError, match=f"index begins on {AS_OF.date()}, .* observed from {first.date()} on"):
            model.fit(customers)

    def test_an_index_from_the_first_purchase_on_is_enough(self, customers):
        """The period before it has begun earlier, and has the same factor; days before it do not count in the mean."""
        first = customers.table["first_order"].min()
        given, earlier = ({day: 1.0, "2023-07-01": 3.0} for day in (first, first - pd.Timedelta(days=500)))
        found, same = (
            lb.CalendarEffects(index=index, period="quarter").of(customers).known for index in (given, earlier)
        )
        np.testing.assert_array_equal(found, same)
        days = pd.date_range(first, AS_OF)
        assert np.exp(found[-1]) == pytest.approx(1 / np.where(days < "2023-07-01", 1.0, 3.0).mean(), rel=1e-12)

    def test_customers_without_a_day(self, customers):
        model = lb.BGNBD(calendar_effects=lb.CalendarEffects(season=[1.0] * 12))
        with pytest.raises(FitError, match="no as-of date"):
            model.fit(replace(customers, as_of=None))

    def test_a_known_season_comes_again(self):
        """Purchases by a season that others made, valued for its high months: more than in the low ones."""
        season = np.where(np.isin(np.arange(1, 13), [11, 12]), 4.0, 1.0)
        months = pd.date_range(end=AS_OF, periods=401).month.to_numpy()
        orders = simulated_orders(5, customers=800, days=400, factor=lambda day: season[months[day.astype(int)] - 1])
        customers = lb.summarize(orders, as_of=AS_OF, time_unit="week")
        model = lb.BGNBD(calendar_effects=lb.CalendarEffects(season=season, level=0.05, noise=0.05))
        fit = model.fit(customers, random_seed=1, progressbar=False)
        table = lb.predictions.clock.factors_by_period(fit, "1 year")
        ahead = table[table.index >= 0]
        middle = ahead["from"] + (ahead["to"] - ahead["from"]) / 2
        high, low = (middle.dt.month.isin(months) for months in ([11, 12], [5, 6, 7, 8]))
        assert 3.0 < ahead.loc[high, "median"].mean() / ahead.loc[low, "median"].mean() < 5.0


class TestAuto:
    """The usual setting: calendar effects where the days of purchases are known, and the plain model elsewhere."""

    @pytest.mark.parametrize("model", [lb.BGNBD(), lb.MBGNBD(), lb.BGCNBD(k=2), lb.MBGCNBD(k=2), lb.NBD()])
    def test_orders_have_days(self, customers, model):
        assert model.calendar_effects == "auto"
        assert model._recipe(customers).calendar is not None

    def test_a_pooled_fit_has_none_and_says_so(self, customers):
        model = lb.BGNBD(pool_by="segment")
        assert model._recipe(customers).calendar is None
        assert "where they are asked for" in model._more_attrs(customers, None)["without_calendar"]

    def test_a_ready_table_has_none(self, customers):
        ready = lb.Customers.from_summary(customers.table, time_unit="week", as_of=AS_OF)
        assert lb.BGNBD()._recipe(ready).calendar is None
        settings = lb.BGNBD(calendar_effects=lb.CalendarEffects())
        assert settings._recipe(ready).calendar is not None

    def test_counts_of_other_customers_are_not_taken(self, customers):
        some = replace(customers, rows=type(customers.rows)(customers.table.iloc[:50]))
        assert lb.BGNBD()._recipe(some).calendar is None

    def test_a_history_of_too_many_periods_goes_without_and_says_so(self, customers):
        """A date of 1900 in a cell that was empty; of a ready table, no period was ever asked for."""
        old = replace(customers, rows=replace(customers.rows, frame=customers.table.assign(T=124 * 52.18)))
        with pytest.warns(lb.errors.DataWarning, match="124 years, is beyond 75. Correct the date of the first order"):
            fit = lb.BGNBD().fit(old, draws=100, chains=1, random_seed=1)
        assert "no calendar effects: the longest history, 124 years" in repr(fit)
        ready = lb.Customers.from_summary(old.table, time_unit="week", as_of=AS_OF)
        assert lb.BGNBD()._recipe(ready).calendar is None

    def test_a_fit_that_cannot_have_them_goes_without_and_says_so(self, customers):
        uncommon = {"rate_cv": {"family": "HalfNormal", "sigma": 1.0}}
        with pytest.warns(lb.errors.DataWarning, match="do not go with the prior of rate_cv: this fit goes without"):
            fit = lb.BGNBD(priors=uncommon).fit(customers, draws=200, chains=2, random_seed=1, progressbar=False)
        assert "calendar" not in fit.idata.attrs
        assert "no calendar effects: they do not go with the prior of rate_cv" in repr(fit)
        model = lb.BGNBD(priors=uncommon, calendar_effects=lb.CalendarEffects())
        with pytest.raises(FitError, match=r"rate_cv and settings of pymc.sample \(cores\).*calendar_effects=None"):
            model.fit(customers, cores=1)


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
        assert not fit.summary().index.str.contains("[", regex=False).any(), "levels by period are left out"

    @pytest.mark.fits
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
        ("settings", "says"), [({"period": ["week"]}, "no period"), ({"season": "no"}, "True, False, None")]
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
