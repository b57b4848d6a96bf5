"""Forecasts of a fit with calendar effects run by its clock."""

import itertools
import json
from dataclasses import replace

import numba
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError
from ltv_bayes.evaluation.refitting import counts_until, predicted_counts
from ltv_bayes.formulas.kernels import order_values
from ltv_bayes.formulas.kernels.future import outlooks
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.models.density.calendar import Calendar
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.clock import clock_of
from ltv_bayes.predictions.fitted import shuffled
from ltv_bayes.predictions.purchases import FittedPurchases, outlook_of_new_customer, replicate_histories
from ltv_bayes.time_units import as_duration

DRAWS = {"r": [[0.6, 0.9]], "alpha": [[8.0, 5.0]], "a": [[0.8, 0.5]], "b": [[2.5, 3.0]]}
MODELS = {
    "bg_nbd": {},
    "mbg_nbd": {},
    "bg_cnbd": {"k": 2},
    "mbg_cnbd": {"k": 3},
    "bg_nbd_at_once": {},
    "bg_cnbd_at_once": {"k": 2},
}
HALF_LIFE, MONTH = 52.0, 365.25 / 84


def fit_of(model="bg_nbd", *, draws=DRAWS, random_seed="0", **moved):
    """A fit of given draws with a clock; see `on_clock`."""
    plain = FittedPurchases.from_draws(
        with_share(draws, model), time_unit="week", model=model, random_seed=random_seed, **MODELS[model]
    )
    return on_clock(plain, **moved)


def with_share(draws, model):
    """Draws with a share that leaves at once, of models that have it."""
    return {**draws, "first_dropout": [[0.3, 0.1]]} if model.endswith("at_once") else draws


def on_clock(plain, *, effect=0.0, level=0.0, sds=1e-9, periods=24):
    """A fit with a factor exp(effect) in all past months, which stays at exp(level), but for what the sds say."""
    tree = plain.idata.copy()
    posterior = tree["posterior"].to_dataset()
    shape = posterior["r"].shape
    past = np.broadcast_to(effect, (*shape, periods)).copy()
    posterior["calendar_effect"] = (("chain", "draw", "period"), past)
    for name, value in {"level": level, "level_sd": sds, "noise_sd": sds}.items():
        posterior[name] = (("chain", "draw"), np.full(shape, float(value)))
    tree["posterior"] = type(tree)(posterior)
    tree.attrs["calendar"] = json.dumps(
        {"length": MONTH, "half_life": HALF_LIFE, "in_year": 12, "scales": [0.25, 0.15]}
    )
    tree.attrs["as_of"] = "2024-06-30"
    return type(plain)(tree)


@pytest.fixture
def pooled():
    """A fit of two industries, which differ in their rates."""
    around = np.exp(0.05 * np.random.default_rng(3).standard_normal((5, 2, 40)))
    draws = dict(zip(("mean_rate", "rate_cv", "dropout_mean", "dropout_concentration"), around, strict=False))
    draws |= {"dropout_mean": 0.2 * draws["dropout_mean"], "mean_rate": 0.1 * draws["mean_rate"]}
    draws["r"] = draws["rate_cv"] ** -2
    draws["alpha"] = draws["r"] / draws["mean_rate"]
    draws["a"] = draws["dropout_mean"] * draws["dropout_concentration"]
    draws["b"] = draws["dropout_concentration"] - draws["a"]
    of_industry = [f"{name}_by_industry" for name in ("mean_rate", "dropout_mean")]
    draws |= {"mean_rate_sd_industry": around[4], "dropout_mean_sd_industry": around[4]}
    draws |= dict.fromkeys(of_industry, np.stack([around[4], -around[4]], axis=-1))
    pooling = {"model": "bg_nbd", "by": ["industry"], "covariates": {}, "scales": {}}
    pooling["customers"] = {"industry": {"Energy": 30, "Retail": 5}}
    attrs = {"model": "bg_nbd", "time_unit": "week", "pooling": json.dumps(pooling)}
    dims = {name: ["industry"] for name in of_industry}
    return FittedPurchases(tree_from_draws(draws, attrs, dims=dims, coords={"industry": ["Energy", "Retail"]}))


@pytest.fixture
def customers():
    frame = pd.DataFrame(
        {"frequency": [0, 1, 4, 12], "recency": [0.0, 9.0, 60.0, 70.0], "T": [30.0, 40.0, 75.0, 74.0]},
        index=pd.Index(list("abcd"), name="customer_id"),
    )
    return lb.Customers.from_summary(frame, time_unit="week", as_of="2024-06-30")


def faster(fit_draws, factor):
    return {**fit_draws, "alpha": [[value / factor for value in fit_draws["alpha"][0]]]}


@pytest.mark.parametrize("model", MODELS)
class TestConstantFactor:
    """A factor on all days is another mean rate: alpha divided by it."""

    def test_expectations_and_probabilities(self, customers, model):
        long = HALF_LIFE * 1e9  # so that the level stays
        fit, plain = (
            fit_of(model, effect=np.log(1.6), level=np.log(1.6)),
            FittedPurchases.from_draws(
                with_share(faster(DRAWS, 1.6), model), time_unit="week", model=model, **MODELS[model]
            ),
        )
        fit.idata.attrs["calendar"] = fit.idata.attrs["calendar"].replace(str(HALF_LIFE), str(long))
        for ask in (
            lambda one: one.probability_alive(customers),
            lambda one: one.probability_alive(customers, at="20 weeks"),
            lambda one: one.expected_purchases(customers, "50 weeks"),
            lambda one: one.expected_discounted_purchases(customers, "50 weeks", 0.2),
            lambda one: one.probability_of_purchases(customers, 2, "50 weeks"),
            lambda one: one.expected_purchases_new_customer("50 weeks"),
        ):
            np.testing.assert_allclose(ask(fit), ask(plain), rtol=1e-7, atol=1e-12)

    def test_values(self, customers, model):
        fit = fit_of(model, effect=np.log(1.6), level=np.log(1.6))
        fit.idata.attrs["calendar"] = fit.idata.attrs["calendar"].replace(str(HALF_LIFE), "1e12")
        draws = with_share(faster(DRAWS, 1.6), model)
        plain = FittedPurchases.from_draws(draws, time_unit="week", model=model, **MODELS[model])
        spend = lb.FittedSpend.from_draws({"p": [[4.0, 5.0]], "q": [[3.0, 4.0]], "v": [[15.0, 20.0]]}, currency="EUR")
        with_money = lb.Customers.from_summary(
            customers.table.assign(monetary_value=[np.nan, 10.0, 12.0, 20.0]),
            time_unit="week",
            as_of="2024-06-30",
            currency="EUR",
        )
        ours, theirs = (
            lb.lifetime_value(
                with_money, [lb.RepeatPurchases(one, spend)], horizon="1 year", discount_rate=0.2, random_seed=3
            ).draws
            for one in (fit, plain)
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


class TestFuture:
    def test_purchases_follow_the_factor_of_their_period(self, customers):
        fit = fit_of(level=np.log(3.0))
        clock = clock_of(fit)
        first, second = clock.factors[0, 24:26]
        assert 3.0 > first > second > 1.0  # the level goes back to the usual one
        assert first == pytest.approx(3.0 ** (0.5 ** (MONTH / HALF_LIFE)))

    def test_a_learned_season_comes_again_a_year_later(self):
        """By the density: effects of periods a whole number of years apart have one season."""
        season = np.linspace(-0.6, 0.5, 12)
        calendar = Calendar(MONTH, 24, np.array([0.25, 0.15, 0.3]), HALF_LIFE, 12)
        place = np.arange(24) % 12  # of the latest period first
        assert (calendar.kinds[2] == (place[:, np.newaxis] == place)).all()
        fit = fit_of(effect=season[place][::-1])
        posterior = fit.idata["posterior"].to_dataset()
        posterior["season"] = (("chain", "draw", "place_in_year"), np.tile(season, (1, 2, 1)))
        fit.idata["posterior"] = type(fit.idata)(posterior)
        factors = clock_of(fit).factors
        np.testing.assert_allclose(factors[:, 24:48], factors[:, :24], rtol=1e-6)

    def test_discounted_purchases_are_purchases_where_nothing_is_discounted(self, customers):
        fit = fit_of(level=0.5, sds=0.3)
        ours = fit.expected_discounted_purchases(customers, "2 years", 0.0)
        np.testing.assert_allclose(ours, fit.expected_purchases(customers, "2 years"), rtol=1e-9)

    def test_discounting_is_by_calendar_time(self, customers):
        fit, rate, weeks = fit_of(level=0.8, sds=0.3), 0.15, np.linspace(0, 52, 105)
        ours = fit.expected_discounted_purchases(customers, "52 weeks", rate).to_numpy()
        by = np.stack([fit.expected_purchases(customers, f"{week} weeks").to_numpy() for week in weeks[1:]])
        steps = np.diff(np.concatenate([np.zeros_like(by[:1]), by]), axis=0)
        middle = (weeks[1:] + weeks[:-1]) / 2
        expected = (steps * (1 + rate) ** (-middle * 7 / 365.25)[:, np.newaxis, np.newaxis, np.newaxis]).sum(axis=0)
        np.testing.assert_allclose(ours, expected, rtol=1e-5)

    def test_a_course_begins_at_nothing_and_passes_each_sum(self):
        """Of a new customer: purchases in closed form, and discounted ones from now to each end, by other nodes."""
        new, ends = outlook_of_new_customer(fit_of(level=0.8, sds=0.3)), np.array([0.0, 3.0, 20.0, 52.0])
        for delta, one, rtol in (
            (0.0, new.expected_purchases, 1e-12),
            (0.01, lambda end: new.discounted_expected_purchases(end, 0.01), 1e-7),
        ):
            expected = np.stack([np.zeros(2), *map(one, ends[1:])], axis=-1)
            np.testing.assert_allclose(new.discounted_expected_purchases_by(ends, delta), expected, rtol=rtol)

    def test_all_that_is_computed_has_the_same_future(self, customers):
        fit = fit_of(sds=0.4)
        one, same = (fit.expected_purchases(customers, "26 weeks") for _ in range(2))
        np.testing.assert_array_equal(one, same)
        part = lb.Customers.from_summary(customers.table.iloc[2:], time_unit="week", as_of="2024-06-30")
        np.testing.assert_array_equal(fit.expected_purchases(part, "26 weeks"), one[..., 2:])

    @pytest.mark.parametrize("model", MODELS)
    def test_drawn_purchases_belong_to_the_customer(self, customers, model):
        """In another order, and of some customers, they are the same to the last digit."""
        fit, lengths = fit_of(model, sds=0.4), [as_duration("5 weeks"), as_duration("1 year")]
        numbers = predicted_counts(fit, customers, lengths[1], 7)
        counts = counts_until(fit, customers, lengths, 7)
        for order in ([3, 1, 0, 2], [2, 0], [1]):
            some = lb.Customers.from_summary(customers.table.iloc[order], time_unit="week", as_of="2024-06-30")
            place = customers.ids.get_indexer(some.ids)
            np.testing.assert_array_equal(predicted_counts(fit, some, lengths[1], 7), numbers[..., place])
            np.testing.assert_array_equal(counts_until(fit, some, lengths, 7), counts[..., place])

    def test_drawn_purchases_have_their_expectation(self, customers):
        many = {name: np.full((1, 4_000), values[0][0]) for name, values in DRAWS.items()}
        fit = fit_of(draws=many, level=0.7, sds=0.5)
        drawn = fit.predict_purchases(customers, "1 year", random_seed=1).to_numpy()[0]
        expected = fit.expected_purchases(customers, "1 year").to_numpy()[0]
        error = (drawn - expected).std(axis=0) / np.sqrt(len(drawn))
        assert (np.abs((drawn - expected).mean(axis=0)) < 4.5 * error).all()

    def test_two_streams_are_independent_though_one_seed_made_both(self):
        many = {name: np.full((2, 1000), values[0][0]) for name, values in DRAWS.items()}
        fit = fit_of(draws=many, sds=0.4, random_seed="1")
        next_period = [
            np.log(clock_of(shuffled(fit, (2, 1000), 1, f"{name} counts")).factors[:, 24])
            for name in ("goods", "goods", "service")
        ]
        np.testing.assert_array_equal(next_period[0], next_period[1])
        assert abs(np.corrcoef(next_period[0], next_period[2])[0, 1]) < 4.5 / np.sqrt(2000)

    def test_a_segment_alone_has_the_clock_of_all(self, pooled):
        fit = on_clock(pooled, level=0.5, sds=0.3, effect=-0.2)
        energy = fit.of_segment(industry="Energy")
        for ours, theirs in zip(clock_of(energy), clock_of(fit), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert "calendar effects" in repr(energy)
        frame = pd.DataFrame({"frequency": [2], "recency": [9.0], "T": [40.0], "industry": ["Energy"]})
        one = lb.Customers.from_summary(frame.rename_axis("customer_id"), time_unit="week", as_of="2024-06-30")
        alone, among_all = (each.expected_purchases(one, "30 weeks") for each in (energy, fit))
        np.testing.assert_allclose(alone, among_all, rtol=1e-12)

    def test_a_surface_of_histories_is_as_of_the_day_of_the_fit(self):
        picture = lb.plot_history_surface(fit_of(), observed="40 weeks", horizon="1 year")
        assert picture.collections[0].get_array().max() > 0

    def test_totals_move_together(self, customers):
        many = {name: np.full((1, 4000), values[0][0]) for name, values in DRAWS.items()}
        alone, together = (
            fit_of(draws=many, sds=sds).expected_purchases(customers, "1 year").sum("customer_id").std().item()
            for sds in (1e-9, 0.3)
        )
        assert alone < 1e-6 < 0.1 < together


class TestPast:
    def test_histories_that_the_model_makes_up_have_its_purchases(self, customers):
        """Half of the purchases of the first months by a factor, against a direct simulation day by day."""
        effect = np.where(np.arange(24) < 12, np.log(2.5), np.log(0.5))
        many = {name: np.full((1, 4000), values[0][0]) for name, values in DRAWS.items()}
        fit = fit_of(draws=many, effect=effect)
        made = replicate_histories(fit, customers, random_seed=5)["frequency"].to_numpy()[0]
        rng, steps = np.random.default_rng(6), 400
        for place, T in enumerate(customers.table["T"]):
            rate, leaving = rng.gamma(0.6, 1 / 8.0, 4000), rng.beta(0.8, 2.5, 4000)
            alive, number, length = np.ones(4000, dtype=bool), np.zeros(4000), T / steps
            for ago in T - length * (np.arange(steps) + 0.5):
                period = min(int(ago // MONTH), 23)
                bought = alive & (rng.random(4000) < 1 - np.exp(-rate * np.exp(effect[23 - period]) * length))
                number += bought
                alive &= ~(bought & (rng.random(4000) < leaving))
            error = np.hypot(made[:, place].std(), number.std()) / np.sqrt(4000)
            assert abs(made[:, place].mean() - number.mean()) < 4.5 * error

    def test_the_clock_turns_back(self):
        rng = np.random.default_rng(2)
        hands = Clock.of(4.0, -6, rng.gamma(3.0, 0.4, (5, 12))).rows(np.arange(5)[:, np.newaxis])
        times = rng.uniform(-30, 40, (5, 200))
        np.testing.assert_allclose(hands.time(hands.at(times)), times, atol=1e-9)
        assert (np.diff(hands.at(np.sort(times)), axis=1) >= 0).all()

    def test_no_purchase_is_after_the_horizon_by_rounding(self):
        """In the compiled loops, where a purchase after the last period would have no place."""
        rng = np.random.default_rng(3)
        clock = Clock.of(MONTH, -6, rng.gamma(3.0, 0.4, (500, 30)))
        for draw, end in enumerate(rng.uniform(1, 100, 500)):
            when = there_and_back(clock, draw, end)
            assert end * (1 - 1e-12) < when <= end


@numba.njit
def there_and_back(clock, draw, end):
    """A time in the operational time of a draw, turned back."""
    return order_values.calendar_time(clock, draw, outlooks.from_now(clock, draw, end), end)


def elapsed(clock, draw, begin, end, steps=20_000):
    """Operational time between two times from the fit's as-of date: a sum over many short steps."""
    length = (end - begin) / steps
    period = np.floor((begin + length * (np.arange(steps) + 0.5)) / clock.length).astype(int) - clock.first
    return clock.factors[draw, np.clip(period, 0, clock.factors.shape[1] - 1)].sum() * length


@pytest.mark.parametrize("as_of", ["2024-02-29", "2024-06-30", "2024-10-17"])
class TestOtherDays:
    """Customers of an earlier or a later day than the fit's, and some observed until a day before it."""

    @pytest.fixture
    def there(self, customers, as_of):
        frame = customers.table.assign(monetary_value=[np.nan, 10.0, 12.0, 20.0])
        moved = lb.Customers.from_summary(frame, time_unit="week", as_of=as_of, currency="EUR")
        return moved.observed_until({"b": pd.Timestamp(as_of) - pd.Timedelta(weeks=20)})

    @pytest.fixture
    def fit(self):
        return fit_of(effect=np.random.default_rng(8).normal(0, 0.5, 24), level=0.8, sds=0.4)

    def plain_histories(self, fit, there, draw, horizon):
        """Histories and horizon of each customer in the operational time of a draw."""
        clock, now = clock_of(fit), (pd.Timestamp(there.as_of) - pd.Timestamp("2024-06-30")).days / 7
        for x, t_x, T, end in there.table[["frequency", "recency", "T", "observed_until"]].itertuples(index=False):
            ended = now if pd.isna(end) else now - 20
            first = ended - T
            times = (elapsed(clock, draw, *span) for span in [(first, first + t_x), (first, ended)])
            yield x, *times, elapsed(clock, draw, now, now + horizon)

    def test_expectations_against_sums_over_days(self, fit, there):
        plain = [
            FittedPurchases.from_draws({name: [[row[0][draw]]] for name, row in DRAWS.items()}, time_unit="week")
            for draw in range(2)
        ]
        found, alive = fit.expected_purchases(there, "39 weeks"), fit.probability_alive(there)
        for draw, one in enumerate(plain):
            for place, (x, t_x, T, horizon) in enumerate(self.plain_histories(fit, there, draw, 39.0)):
                frame = pd.DataFrame({"customer_id": ["a"], "frequency": [x], "recency": [t_x], "T": [T]})
                history = lb.Customers.from_summary(frame, time_unit="week")
                expected = one.expected_purchases(history, f"{horizon} weeks").item()
                assert found[0, draw, place].item() == pytest.approx(expected, rel=1e-3)
                assert alive[0, draw, place].item() == pytest.approx(one.probability_alive(history).item(), rel=1e-3)

    def test_values_have_the_mean_of_expectations(self, fit, there):
        many = {name: np.repeat(values, 1000, axis=1) for name, values in DRAWS.items()}
        fit = fit_of(draws=many, effect=fit.idata["posterior"]["calendar_effect"][0, 0].to_numpy(), level=0.8, sds=0.4)
        spend = {"p": [4.0], "q": [3.0], "v": [15.0]}
        spend = lb.FittedSpend.from_draws({k: np.tile(v, (1, 2000)) for k, v in spend.items()}, currency="EUR")
        known = there.subset(there.table.index[there.table["observed_until"].isna()])
        stream = lb.RepeatPurchases(fit, spend)
        value = lb.lifetime_value(known, [stream], horizon="1 year", discount_rate=0.2, random_seed=3).draws
        paid = shuffled(fit, (1, 2000), 3, next(iter(stream.fits_by_purpose)))
        mean = spend.expected_spend(known).isel(draw=0).to_numpy()
        expected = paid.expected_discounted_purchases(known, "1 year", 0.2).to_numpy()[0] * mean
        difference = value.to_numpy()[0] - expected
        error = difference.std(axis=0) / np.sqrt(2000)
        assert (np.abs(difference.mean(axis=0)) < 4.5 * error).all()

    def test_histories_made_up_span_the_observed_time(self, fit, there):
        made = replicate_histories(fit, there, random_seed=2)
        assert (made["recency"] <= there.table["T"].to_numpy() * (1 + 1e-12)).all()


class TestEvents:
    """Of NBD: the rate is Gamma(r + events, alpha + exposure), with exposure and horizon in operational time."""

    @pytest.fixture
    def fit(self):
        draws = {name: np.repeat(DRAWS[name], 1000, axis=1) for name in ("r", "alpha")}
        plain = lb.FittedEvents.from_draws(draws, time_unit="week")
        return on_clock(plain, effect=np.random.default_rng(8).normal(0, 0.5, 24), level=0.8, sds=0.4)

    @pytest.fixture
    def ended(self, customers):
        frame = customers.table.assign(monetary_value=[np.nan, 10.0, 12.0, 20.0])
        moved = lb.Customers.from_summary(frame, time_unit="week", as_of="2024-10-17", currency="EUR")
        return moved.observed_until({"b": "2024-05-30"})

    def rates(self, fit, customers, draw):
        clock, now = clock_of(fit), (pd.Timestamp(customers.as_of) - pd.Timestamp("2024-06-30")).days / 7
        r, alpha = (fit.draws[name].ravel()[draw] for name in ("r", "alpha"))
        for x, T, end in customers.table[["frequency", "T", "observed_until"]].itertuples(index=False):
            until = now if pd.isna(end) else (pd.Timestamp(end) - pd.Timestamp("2024-06-30")).days / 7
            yield (r + x) / (alpha + elapsed(clock, draw, until - T, until))

    def test_expectations_against_sums_over_days(self, fit, ended):
        clock, weeks, delta = clock_of(fit), 39.0, np.log(1.15) / (365.25 / 7)
        found = fit.expected_events(ended, "39 weeks").to_numpy().reshape(-1, 4)
        worth = fit.expected_discounted_events(ended, "39 weeks", 0.15).to_numpy().reshape(-1, 4)
        now = (pd.Timestamp("2024-10-17") - pd.Timestamp("2024-06-30")).days / 7
        edges = now + np.linspace(0, weeks, 300)
        for draw in (0, 1200, 1999):
            spans = np.array([elapsed(clock, draw, *span, steps=400) for span in itertools.pairwise(edges)])
            discount = np.exp(-delta * ((edges[1:] + edges[:-1]) / 2 - now))
            rates = np.array(list(self.rates(fit, ended, draw)))
            np.testing.assert_allclose(found[draw], rates * spans.sum(), rtol=2e-3)
            np.testing.assert_allclose(worth[draw], rates * (spans @ discount), rtol=2e-3)

    def test_drawn_events_have_their_expectation(self, fit, ended):
        drawn = fit.predict_events(ended, "39 weeks", random_seed=1) - fit.expected_events(ended, "39 weeks")
        errors = drawn.std(("chain", "draw")) / np.sqrt(drawn[..., 0].size)
        assert (np.abs(drawn.mean(("chain", "draw"))) < 4.5 * errors).all()

    def test_values_have_the_mean_of_expectations(self, fit, ended):
        shape = fit.draws["r"].shape
        parameters = {"p": 4.0, "q": 3.0, "v": 15.0}
        spend = lb.FittedSpend.from_draws({k: np.full(shape, v) for k, v in parameters.items()}, currency="EUR")
        known = ended.subset(ended.table.index[ended.table["observed_until"].isna()])
        stream = lb.RepeatPurchases(fit, spend)
        value = lb.lifetime_value(known, [stream], horizon="1 year", discount_rate=0.2, random_seed=3).draws
        paid = shuffled(fit, shape, 3, next(iter(stream.fits_by_purpose)))
        mean = spend.expected_spend(known).isel(chain=0, draw=0).to_numpy()
        difference = value - paid.expected_discounted_events(known, "1 year", 0.2).to_numpy() * mean
        error = difference.std(("chain", "draw")) / np.sqrt(np.prod(shape))
        assert (np.abs(difference.mean(("chain", "draw"))) < 4.5 * error).all()

    def test_a_new_customer(self, fit):
        expected = elapsed(clock_of(fit), 0, 0.0, 365.25 / 7) * fit.draws["r"][0, 0] / fit.draws["alpha"][0, 0]
        assert fit.expected_events_new_customer("1 year")[0, 0].item() == pytest.approx(expected, rel=1e-3)

    def test_events_made_up_have_their_expectation(self, fit, ended):
        made = fit.posterior_predictive(ended, random_seed=2)["posterior_predictive"]["frequency"].to_numpy()
        clock, first = clock_of(fit), made.reshape(-1, 4)
        for place, (T, end) in enumerate(ended.table[["T", "observed_until"]].itertuples(index=False)):
            until = ((ended.as_of if pd.isna(end) else end.date()) - pd.Timestamp("2024-06-30").date()).days / 7
            spans = elapsed(clock, 0, until - T, until)  # the past is the same in all draws
            expected = spans * np.repeat([0.6 / 8.0, 0.9 / 5.0], 1000)
            error = (first[:, place] - expected).std() / np.sqrt(len(expected))
            assert abs((first[:, place] - expected).mean()) < 4.5 * error

    def test_the_picture(self, fit):
        assert lb.plot_calendar_effects(fit).get_ylabel() == "factor on the rate of all customers"

    def test_likelihoods_of_single_customers_are_refused(self, fit, ended):
        with pytest.raises(FitError, match="moments of all purchases count"):
            fit.with_log_likelihood(ended)


class TestUnknownDays:
    def test_customers_without_a_day_are_as_of_the_fits_and_a_value_says_so(self, customers):
        fit, undated = fit_of(level=0.8), replace(customers, as_of=None)
        found, expected = (fit.expected_purchases(some, "1 year") for some in (undated, customers))
        np.testing.assert_array_equal(found, expected)
        spend = lb.FittedSpend.from_draws({"p": [[4.0, 5.0]], "q": [[3.0, 4.0]], "v": [[15.0, 20.0]]})
        said = [
            any("taken to be as of 2024-06-30" in note for note in value.notes())
            for value in (
                lb.lifetime_value(some, lb.RepeatPurchases(fit, spend), horizon="1 year", random_seed=1)
                for some in (undated, customers)
            )
        ]
        assert said == [True, False]


class TestRefusals:
    def test_likelihoods_of_single_customers(self, customers):
        with pytest.raises(FitError, match="moments of all purchases count"):
            fit_of().with_log_likelihood(customers)


def test_the_text_says_which_days_were_known(customers):
    fit = fit_of()
    assert "usual level" in repr(fit)
    assert "last purchases alone" not in repr(fit)
    terms = json.loads(fit.idata.attrs["calendar"]) | {"days_known": False}
    fit.idata.attrs["calendar"] = json.dumps(terms)
    assert "learned from the days of last purchases alone" in repr(fit)


def test_the_summary_leaves_out_the_levels_by_period(purchases):
    moving = on_clock(purchases, effect=np.random.default_rng(1).normal(0, 0.1, 24), level=0.1, sds=0.2)
    assert moving.idata["posterior"]["calendar_effect"].sizes["period"] == 24
    with np.errstate(invalid="ignore"):
        shown = moving.summary().index
    assert "level_sd" in shown
    assert not shown.str.contains("[", regex=False).any()
