"""Settings and fits of models of purchases in rhythm: what k is, where it is kept, and what it does not change."""

import json

import arviz as az
import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.predictions.fitted import k_of
from ltv_bayes.value.influence.prior_density import log_prior
from tests.chance import assert_same_posterior, by_chain, of_fit

QUIET = {"random_seed": 1, "progressbar": False}
MODELS = [lb.BGCNBD, lb.MBGCNBD]


@pytest.mark.parametrize("model", MODELS)
class TestShape:
    @pytest.mark.parametrize("k", [0, -2, 1.5, 4.0, True, "4", None])
    def test_must_be_whole(self, model, k):
        with pytest.raises(InputError, match="k must be a whole number of at least 1"):
            model(k=k)

    def test_must_not_be_a_calendar(self, model):
        with pytest.raises(InputError, match="k must be at most 100, not 1,000"):
            model(k=1000)

    def test_is_required(self, model):
        with pytest.raises(TypeError, match="k"):
            model()

    def test_is_shown(self, model):
        assert repr(model(k=4)) == f"{model.__name__}(priors={{}}, k=4)"


@pytest.mark.parametrize("model", MODELS)
def test_at_one_event_a_purchase_the_fit_is_that_of_random_ones(cdnow, cdnow_fits, cdnow_leaving, model):
    random = {lb.BGCNBD: cdnow_fits[0], lb.MBGCNBD: cdnow_leaving}[model]
    fit = model(k=1, calendar_effects=None).fit(cdnow, method="laplace", **QUIET)
    for name, drawn in random.draws.items():
        np.testing.assert_allclose(fit.draws[name].mean(), drawn.mean(), rtol=1e-3)
    few = random.thin(3), type(fit)(fit.idata).thin(3)
    same = lb.FittedPurchases.from_draws(few[0].draws, time_unit="week", model=fit.model, k=1)
    for forecast in (
        lambda one: one.expected_purchases(cdnow, "39 weeks"),
        lambda one: one.probability_alive(cdnow),
        lambda one: one.with_log_likelihood(cdnow)["log_likelihood"]["history"],
        lambda one: one.probability_of_purchases(cdnow, 2, "39 weeks"),
    ):
        np.testing.assert_allclose(forecast(same), forecast(few[0]), rtol=1e-10)


@pytest.fixture(scope="module")
def fit(cdnow):
    return lb.BGCNBD(k=2, calendar_effects=None).fit(cdnow, **QUIET)


def test_mean_rate_is_of_purchases(fit):
    drawn = fit.idata["posterior"]
    np.testing.assert_allclose(drawn["mean_rate"], drawn["r"] / (2 * drawn["alpha"]), rtol=1e-12)
    np.testing.assert_allclose(drawn["rate_cv"], drawn["r"] ** -0.5, rtol=1e-12)


def test_k_is_kept_shown_saved_and_read(fit, tmp_path):
    assert k_of(fit) == 2
    assert json.loads(fit.idata.attrs["settings"])["k"] == 2
    assert repr(fit).startswith("FittedPurchases (bg_cnbd, k = 2), 2,357 customers, per week")
    table = fit.summary()
    assert table.loc["k", ["mean", "median", "sd"]].tolist() == [2, 2, 0]
    assert table.loc["k"].filter(like="eti").tolist() == [2, 2]
    again = lb.load_fit(fit.save(tmp_path / "fit.nc")).thin(5)
    assert (k_of(again), again.model) == (2, "bg_cnbd")
    assert again.expected_purchases_new_customer("1 year").shape == (4, 5)
    assert log_prior(fit) is not None


@pytest.mark.fits
def test_fits_of_other_shapes_are_compared_on_the_same_histories(fit, cdnow, cdnow_fits):
    """CDNOW's purchases come at random: k = 1 is better than 2, which is better than 4."""
    others = {"k = 1": cdnow_fits[0], "k = 4": lb.BGCNBD(k=4, calendar_effects=None).fit(cdnow, **QUIET), "k = 2": fit}
    histories = cdnow.table.groupby(["frequency", "recency", "T"], sort=False)
    one_of_each, times = cdnow.subset(cdnow.ids[~histories.cumcount().astype(bool)]), histories.size().to_numpy()
    trees = {name: one.thin(100).with_log_likelihood(one_of_each) for name, one in others.items()}
    found = {name: az.loo(tree, pointwise=True).elpd_i.to_numpy() @ times for name, tree in trees.items()}
    assert found["k = 1"] > found["k = 2"] + 5 > found["k = 4"] + 10


def test_priors_and_their_predictions(cdnow):
    drawn = lb.MBGCNBD(k=3, calendar_effects=None).sample_prior(cdnow.subset(cdnow.ids[:5]), draws=20, random_seed=1)
    assert set(drawn["prior_predictive"].data_vars) == {"frequency", "recency"}
    assert (drawn["prior_predictive"]["recency"] <= cdnow.table["T"].max()).all()


def test_pymc_has_the_same_posterior(book, fit):
    model = lb.BGCNBD(k=3, calendar_effects=None).build(book)
    assert {variable.name for variable in model.deterministics} == {"r", "alpha", "a", "b"}


DRAWS = {name: [[1.0, 2.0]] for name in ("r", "alpha", "a", "b")}


class TestDrawsOfOthers:
    def test_need_a_k(self):
        with pytest.raises(FitError, match=r"k is missing\. Pass k=4"):
            lb.FittedPurchases.from_draws(DRAWS, time_unit="week", model="bg_cnbd")
        with pytest.raises(FitError, match="whole number"):
            lb.FittedPurchases.from_draws(DRAWS, time_unit="week", model="bg_cnbd", k=2.5)

    def test_of_random_purchases_have_none(self):
        with pytest.raises(FitError, match="name its model, as in model='bg_cnbd', k=4"):
            lb.FittedPurchases.from_draws(DRAWS, time_unit="week", k=4)


def test_days_change_nothing_but_the_unit(cdnow, fit):
    days = cdnow.in_time_unit("day")
    other = lb.BGCNBD(k=2, calendar_effects=None).fit(days, **QUIET)
    np.testing.assert_allclose(other.draws["alpha"].mean(), 7 * fit.draws["alpha"].mean(), rtol=1e-3)
    for name in ("r", "a", "b"):
        np.testing.assert_allclose(other.draws[name].mean(), fit.draws[name].mean(), rtol=1e-3)
    some = cdnow.subset(cdnow.ids[:50])
    expected = fit.expected_purchases(some, "39 weeks").mean(("chain", "draw"))
    np.testing.assert_allclose(other.expected_purchases(some, "39 weeks").mean(("chain", "draw")), expected, rtol=2e-3)


@pytest.mark.fits
def test_laplace_and_nuts_agree(cdnow):
    some, model = cdnow.subset(cdnow.ids[:300]), lb.BGCNBD(k=2, calendar_effects=None)
    nuts = model.fit(some, method="nuts", draws=500, chains=8, **QUIET)
    settings = {"method": "laplace", "draws": 500, "progressbar": False}
    laplace = [model.fit(some, random_seed=seed, **settings) for seed in range(6)]
    assert_same_posterior([of_fit(one) for one in laplace], by_chain(nuts))
