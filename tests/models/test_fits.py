"""Real sampling on CDNOW: published posteriors, scale, reproducibility, what a fit carries."""

from functools import partial

import arviz as az
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ConvergenceWarning, DataWarning
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.fitted import shape_of
from tests.chance import assert_same_posterior, by_chain, converging, of_fit

pytestmark = pytest.mark.fits


@pytest.fixture(scope="module")
def settings():
    return {"progressbar": False, "random_seed": 1}


class TestPublishedPosterior:
    def test_flat_priors_give_the_published_posterior(self, cdnow, settings):
        flat = {name: Prior("Uniform", lower=0, upper=upper) for name, upper in zip("ab", (20, 60), strict=True)}
        rates = {"r": Prior("Uniform", lower=0, upper=5), "alpha": Prior("Uniform", lower=0, upper=50)}
        fit = lb.BGNBD(priors={**flat, **rates}, calendar_effects=None).fit(cdnow, draws=2000, **settings)
        published = {"r": (0.245, 0.013), "alpha": (4.49, 0.39), "a": (0.97, 0.29), "b": (3.18, 1.18)}
        for name, (mean, sd) in published.items():
            drawn = fit.draws[name]
            assert abs(drawn.mean() - mean) < 0.15 * sd, name
            if name != "b":  # its tail is so heavy that the sd of runs of 40,000 draws lies between 1.2 and 1.3
                assert drawn.std() == pytest.approx(sd, rel=0.12), name

    def test_usual_priors_lie_within_the_published_spread(self, cdnow_fits):
        estimates = {"r": (0.2426, 0.0126), "alpha": (4.414, 0.378), "a": (0.793, 0.186), "b": (2.426, 0.705)}
        for name, (estimate, error) in estimates.items():
            assert abs(cdnow_fits[0].draws[name].mean() - estimate) < 0.5 * error, name

    def test_leaving_at_once_lies_around_the_published_estimates(self, cdnow_leaving):
        fit = cdnow_leaving
        assert fit.converged
        assert fit.model == "mbg_nbd"
        for name, estimate in {"r": 0.52484, "alpha": 6.18308, "a": 0.89136, "b": 1.61400}.items():
            drawn = fit.draws[name]
            assert abs(np.median(drawn) - estimate) < 0.5 * drawn.std(), name

    def test_spend_posterior_holds_the_published_estimates(self, cdnow_fits):
        for name, estimate in {"p": 6.24957, "q": 3.74422, "v": 15.44352}.items():
            low, high = np.quantile(cdnow_fits[1].draws[name], [0.25, 0.75])
            assert low < estimate < high, name
        mean = cdnow_fits[1].expected_spend_new_customer()
        assert float(mean.mean()) == pytest.approx(35.171, abs=0.3)
        assert (cdnow_fits[1].draws["q"] > 1).all()


@pytest.fixture(scope="module")
def many():
    """20,000 customers of one year, simulated day by day."""
    rng, size = np.random.default_rng(8), 20_000
    T, rate, leaving = rng.integers(1, 366, size), rng.gamma(0.25, 1 / 30, size), rng.beta(0.8, 2.4, size)
    frequency, recency, active = np.zeros(size, int), np.zeros(size), np.ones(size, bool)
    while active.any():
        bought = recency + np.ceil(rng.exponential(1 / np.maximum(rate, 1e-9)))
        active &= bought <= T
        frequency, recency = frequency + active, np.where(active, bought, recency)
        active &= rng.random(size) >= leaving
    spend = np.where(frequency > 0, rng.gamma(6 * np.maximum(frequency, 1)) / rng.gamma(4, 1 / 15, size), np.nan)
    return lb.Customers.from_summary(
        pd.DataFrame(
            {
                "customer_id": np.arange(size),
                "frequency": frequency,
                "recency": recency,
                "T": T,
                "monetary_value": spend / np.maximum(frequency, 1),
            }
        ),
        time_unit="day",
    )


STUDY = {False: (), True: (pytest.mark.study,)}


class TestMethods:
    """Weighted draws and Markov chains are of one posterior."""

    @pytest.mark.parametrize(
        ("settings_of_model", "book"),
        [
            pytest.param(model, book, id=f"{type(model).__name__}-{book}", marks=STUDY[book != first])
            for model, first in (
                (lb.BGNBD(calendar_effects=None), "cdnow"),
                (lb.MBGNBD(calendar_effects=None), "fifty"),
                (lb.GammaGamma(price_growth=None), "cdnow"),
            )
            for book in ("fifty", "cdnow", "many")
        ],
    )
    def test_laplace_and_nuts_agree(self, request, book, settings_of_model):
        cdnow = request.getfixturevalue("cdnow")
        some = cdnow.subset(cdnow.ids[:50]) if book == "fifty" else request.getfixturevalue(book)
        fits = [
            settings_of_model.fit(some, method="laplace", draws=400, random_seed=seed, progressbar=False)
            for seed in range(8)
        ]
        by_nuts = partial(settings_of_model.fit, some, method="nuts", chains=8, draws=400, progressbar=False)
        chains = converging(lambda seed: by_nuts(random_seed=seed), 7, 8, 9)
        assert {fit.diagnose().method for fit in (*fits, chains)} == {"Laplace with importance sampling", "NUTS"}
        assert_same_posterior([of_fit(fit) for fit in fits], by_chain(chains))

    def test_auto_takes_the_fast_way_on_cdnow(self, cdnow_fits):
        for fit in cdnow_fits:
            assert "Laplace" in fit.diagnose().method
            assert fit.diagnose().pareto_k < 0.5
            assert fit.diagnose().ess > 3000


class TestScale:
    def test_days_and_cents_change_nothing_but_the_unit(self, cdnow, cdnow_fits, settings):
        cents = cdnow.table.assign(
            **{c: cdnow.table[c] * 100 for c in ("monetary_value", "first_value", "total_value")}
        )
        other = lb.Customers(cents, cdnow.time_unit, cdnow.as_of, "cents").in_time_unit("day")
        purchases = lb.BGNBD(calendar_effects=None).fit(other, progressbar=False, random_seed=11)
        spend = lb.GammaGamma(price_growth=None).fit(other, progressbar=False, random_seed=11)
        terms = {"horizon": "1 year", "discount_rate": 0.1, "margin": 0.5, "random_seed": 5}
        ours = lb.lifetime_value(cdnow, [lb.RepeatPurchases(*cdnow_fits)], **terms)
        theirs = lb.lifetime_value(other, [lb.RepeatPurchases(purchases, spend)], **terms)
        a, b = ours.total().to_numpy(), theirs.total().to_numpy() / 100
        assert a.mean() == pytest.approx(b.mean(), rel=0.01)
        np.testing.assert_allclose(np.quantile(a, [0.055, 0.945]), np.quantile(b, [0.055, 0.945]), rtol=0.02)
        each, converted = ours.summary(), theirs.summary()
        worth = each["mean"] > 20
        np.testing.assert_allclose(converted["mean"][worth] / 100, each["mean"][worth], rtol=0.15)


class TestWhatAFitCarries:
    @pytest.mark.parametrize("method", ["laplace", "nuts"])
    def test_same_seed_same_draws(self, cdnow, settings, method):
        few = {**settings, "draws": 1000, "chains": 2, "method": method}
        first, second = (lb.GammaGamma(price_growth=None).fit(cdnow.subset(cdnow.ids[:300]), **few) for _ in range(2))
        np.testing.assert_array_equal(first.draws["p"], second.draws["p"])

    def test_an_unconverged_fit_is_said_to_be(self, cdnow, settings):
        with pytest.warns(ConvergenceWarning):
            fit = lb.BGNBD(calendar_effects=None).fit(
                cdnow.subset(cdnow.ids[:50]), method="nuts", draws=50, tune=20, chains=2, **settings
            )
        assert not fit.converged
        assert "fit did not converge" in set(fit.summary()["caution"])

    def test_saved_and_read_again(self, cdnow, cdnow_fits, tmp_path):
        for fit, name in zip(cdnow_fits, ("purchases", "spend"), strict=True):
            again = lb.load_fit(fit.save(tmp_path / f"{name}.nc"))
            assert type(again) is type(fit)
            assert str(again.diagnose()) == str(fit.diagnose())
            assert again.idata.attrs["settings"] == fit.idata.attrs["settings"]
            for parameter, drawn in fit.draws.items():
                np.testing.assert_array_equal(again.draws[parameter], drawn)
        assert lb.load_fit(tmp_path / "purchases.nc").time_unit == "week"

    def test_arviz_reads_it(self, cdnow, cdnow_fits):
        loo = az.loo(cdnow_fits[0].thin(250).with_log_likelihood(cdnow))
        assert loo.elpd == pytest.approx(-9586, abs=6)
        assert (loo.pareto_k < 0.7).all()
        assert {"r", "alpha", "a", "b"} <= set(az.summary(cdnow_fits[0].idata).index)

    def test_pymc_samples_it_too(self, book, settings):
        with pytest.warns(ConvergenceWarning):
            fit = lb.BGNBD(calendar_effects=None).fit(
                book, draws=50, tune=100, chains=2, nuts_sampler="pymc", cores=1, **settings
            )
        assert shape_of(fit) == (2, 50)


class TestPriorPredictive:
    @pytest.mark.parametrize(
        "model",
        [lb.BGNBD(calendar_effects=None), lb.MBGNBD(calendar_effects=None)],
        ids=lambda model: type(model).__name__,
    )
    def test_histories_are_possible(self, cdnow, model):
        tree = model.sample_prior(cdnow.subset(cdnow.ids[:100]), draws=200, random_seed=1)
        x, t_x = (tree["prior_predictive"][name].to_numpy() for name in ("frequency", "recency"))
        assert x.shape == (1, 200, 100)
        assert (x == x.round()).all()
        assert ((x == 0) == (t_x == 0)).all()
        assert (t_x <= cdnow.table["T"].to_numpy()[:100]).all()

    def test_mean_spend_has_the_scale_of_the_data(self, cdnow):
        tree = lb.GammaGamma(price_growth=None).sample_prior(cdnow, draws=400, random_seed=1)
        median = np.median(tree["prior_predictive"]["monetary_value"])
        assert 10 < median < 100


class TestPosteriorPredictive:
    def test_replicated_frequencies_look_like_the_data(self, cdnow, cdnow_fits):
        tree = cdnow_fits[0].thin(100).posterior_predictive(cdnow, random_seed=1)
        repeats = tree["posterior_predictive"]["frequency"].sum("customer_id").to_numpy().ravel()
        assert np.quantile(repeats, 0.025) < 2457 < np.quantile(repeats, 0.975)
        none = (tree["posterior_predictive"]["frequency"] == 0).sum("customer_id").to_numpy().ravel()
        assert np.quantile(none, 0.025) < 1411 < np.quantile(none, 0.975)

    def test_replicated_spend_looks_like_the_data(self, cdnow, cdnow_fits):
        tree = cdnow_fits[1].thin(100).posterior_predictive(cdnow, random_seed=1)
        means = tree["posterior_predictive"]["monetary_value"].mean("customer_id").to_numpy().ravel()
        assert (
            np.quantile(means, 0.01) < float(tree["observed_data"]["monetary_value"].mean()) < np.quantile(means, 0.99)
        )


@pytest.mark.parametrize("model", [lb.BGNBD(calendar_effects=None), lb.MBGNBD(calendar_effects=None)])
def test_customers_none_of_whom_came_back_are_warned_of(model):
    frame = pd.DataFrame({"customer_id": range(40), "frequency": 0, "recency": 0.0, "T": np.linspace(4, 40, 40)})
    customers = lb.Customers.from_summary(frame, time_unit="week")
    with pytest.warns(DataWarning, match="None of 40 customers has a repeat purchase.* depends on the priors"):
        model.fit(customers, draws=250, chains=2, method="laplace", random_seed=1, progressbar=False)
