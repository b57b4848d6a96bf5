"""Prior and posterior: both show, whatever the prior's tails."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import same_color

import ltv_bayes as lb
from ltv_bayes.errors import FitError
from ltv_bayes.plots.canvas import RED


def prior_of(**draws):
    variables = {name: (("chain", "draw"), np.atleast_2d(values)) for name, values in draws.items()}
    return xr.DataTree.from_dict({"prior": xr.Dataset(variables)})


@pytest.fixture
def prior():
    rng = np.random.default_rng(1)
    return prior_of(**{name: rng.lognormal(0, 2, 400) for name in ("r", "alpha", "a", "b")})


def panels(figure):
    return [ax for ax in figure.axes if ax.get_visible()]


def area(ax, index):
    """Area of a histogram."""
    corners = ax.patches[index].get_xy()
    x, y = corners[:, 0], corners[:, 1]
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


def test_each_common_parameter_has_a_panel_with_its_unit(purchases, prior):
    labels = [ax.get_xlabel() for ax in panels(lb.plot_prior_posterior(purchases, prior))]
    assert labels == ["r", "alpha (weeks)", "a", "b"]


def test_spend_is_in_its_currency(spend):
    figure = lb.plot_prior_posterior(spend, prior_of(p=[1.0, 2.0], q=[2.0, 3.0], v=[10.0, 20.0]))
    assert [ax.get_xlabel() for ax in panels(figure)] == ["p", "q", "v (USD)"]


@pytest.mark.parametrize("heavy", [1e3, 1e9])
def test_a_heavy_tailed_prior_does_not_squeeze_the_posterior(purchases, heavy):
    figure = lb.plot_prior_posterior(purchases, prior_of(r=np.geomspace(1e-6, heavy, 400)))
    left, right = panels(figure)[0].get_xlim()
    low, high = np.quantile(purchases.draws["r"], [0.001, 0.999])
    assert left <= low < high <= right
    assert (high - low) / (right - left) > 1 / 8


def test_both_are_densities(purchases):
    inside = np.linspace(0.2, 0.3, 300)
    ax = panels(lb.plot_prior_posterior(purchases, prior_of(r=inside)))[0]
    assert area(ax, 0) == pytest.approx(1, abs=0.12)
    assert area(ax, 1) == pytest.approx(1, abs=0.01)


def test_the_bar_is_the_interval(purchases, prior):
    ax = panels(lb.plot_prior_posterior(purchases, prior, ci_prob=0.5))[0]
    expected = np.quantile(purchases.draws["r"], [0.25, 0.75])
    np.testing.assert_allclose(ax.collections[0].get_segments()[0][:, 0], expected)


def test_the_level_is_named(purchases, prior):
    figure = lb.plot_prior_posterior(purchases, prior, ci_prob=0.5)
    assert "with 50% interval" in figure.get_suptitle()
    assert "50% interval" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_an_unconverged_fit_is_said_in_red(purchases, prior, unconverged):
    figure = lb.plot_prior_posterior(unconverged(purchases), prior)
    assert "FIT DID NOT CONVERGE" in figure.get_suptitle()
    assert same_color(figure._suptitle.get_color(), RED)


@pytest.mark.parametrize("values", [[np.inf, 1.0, 2.0], [np.nan, 1.0, 2.0], [0.3, 0.3], [np.inf, np.inf]])
def test_odd_priors_are_drawn(purchases, values):
    figure = lb.plot_prior_posterior(purchases, prior_of(r=values))
    figure.canvas.draw()
    assert len(panels(figure)) == 1


def test_a_posterior_of_one_value_is_drawn():
    fit = lb.FittedPurchases.from_draws({name: [[1.0, 1.0]] for name in "ab"} | {"r": [[0.5, 0.5]], "alpha": [[5, 5]]})
    fit.idata.attrs["time_unit"] = "week"
    figure = lb.plot_prior_posterior(fit, prior_of(r=[0.5, 1.0], a=[0.5, 2.0], alpha=[5.0, 5.0]))
    figure.canvas.draw()
    assert len(panels(figure)) == 3


def test_parameters_of_several_numbers_are_left_out(purchases, prior):
    tree = purchases.idata.copy()
    pooled = tree["posterior"].to_dataset().assign(a_by_segment=tree["posterior"]["a"].expand_dims(segment=2))
    tree["posterior"] = xr.DataTree(pooled)
    assert len(panels(lb.plot_prior_posterior(lb.FittedPurchases(tree), prior))) == 4


def test_a_prior_of_another_model_is_refused(purchases):
    with pytest.raises(FitError, match="the prior holds p"):
        lb.plot_prior_posterior(purchases, prior_of(p=[1.0]))


def test_settings_of_the_user_stay_as_they_were(purchases, prior):
    before = dict(mpl.rcParams)
    lb.plot_prior_posterior(purchases, prior)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("names", [["r"], ["r", "alpha", "a", "b"]])
def test_nothing_is_cut_off(purchases, prior, names, cut_off):
    few = prior_of(**{name: prior["prior"][name].to_numpy() for name in names})
    assert cut_off(lb.plot_prior_posterior(purchases, few)) == []
