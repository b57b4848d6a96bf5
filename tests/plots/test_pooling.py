"""Pictures of pooled fits, and of what histories say."""

import json

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError, UnitError
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.purchases import formulas_of

SHAPE = (2, 50)
LEVELS = ["Energy", "零售", "$x^2$ <b>"]
EFFECTS = np.array([0.6, -0.2, -0.4])
LAW = {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 3.0}


def full(value):
    return np.full(SHAPE, float(value))


def pooled_fit():
    effects = np.broadcast_to(EFFECTS, (*SHAPE, 3))
    draws = {"mean_rate": full(0.1), "rate_cv": full(1.0), "r": full(1.0), "alpha": full(10.0)}
    draws |= {"mean_rate_by_kind": effects, "mean_rate_sd_kind": full(0.5)}
    pooling = {"model": "nbd", "by": ["kind"], "covariates": {}, "scales": {}}
    pooling["customers"] = {"kind": dict(zip(LEVELS, [9, 4, 1], strict=True))}
    attrs = {"model": "nbd", "time_unit": "month", "pooling": json.dumps(pooling)}
    dims = {"mean_rate_by_kind": ["kind"]}
    return lb.FittedEvents(tree_from_draws(draws, attrs, dims=dims, coords={"kind": LEVELS}))


@pytest.fixture
def fit():
    return pooled_fit()


def alone(rate):
    return lb.FittedEvents.from_draws(
        {"r": full(1.0), "alpha": full(1 / rate), "mean_rate": full(rate)}, time_unit="month"
    )


class TestShrinkage:
    def test_dots_stand_where_the_fits_say(self, fit):
        axes = lb.plot_shrinkage(fit, complete=alone(0.11), separate={"Energy": alone(0.25)})
        lines = {line.get_label(): line for line in axes.lines}
        np.testing.assert_allclose(lines["partial pooling"].get_xdata(), 0.1 * np.exp(EFFECTS))
        assert lines["complete pooling"].get_xdata()[0] == pytest.approx(0.11)
        np.testing.assert_allclose(lines["no pooling"].get_xdata(), [0.25])
        assert lines["no pooling"].get_ydata()[0] == pytest.approx(0.22)

    def test_rows_name_segments_and_their_size(self, fit):
        axes = lb.plot_shrinkage(fit)
        names = [text.get_text() for text in axes.get_yticklabels()]
        assert names[0] == "Energy  (n = 9)"
        assert names[1].endswith("(n = 4)")
        assert "<b>" in names[2]
        assert "per month" in axes.get_xlabel()
        axes.figure.canvas.draw()

    def test_one_kind_of_dots_needs_no_legend(self, fit):
        assert lb.plot_shrinkage(fit).get_legend() is None
        assert len(lb.plot_shrinkage(fit, complete=alone(0.11)).get_legend().get_texts()) == 2

    def test_what_is_refused(self, fit):
        with pytest.raises(ColumnError, match="no 'dropout_mean' by segment"):
            lb.plot_shrinkage(fit, "dropout_mean")
        with pytest.raises(InputError, match="'Mining', which the pooled fit has not seen"):
            lb.plot_shrinkage(fit, separate={"Mining": alone(0.2)})
        with pytest.raises(ColumnError, match="not pooled by segments"):
            lb.plot_shrinkage(alone(0.2))


class TestHistorySurface:
    def test_colours_are_the_closed_form(self):
        fit = lb.FittedPurchases.from_draws({name: full(value) for name, value in LAW.items()}, time_unit="month")
        axes = lb.plot_history_surface(fit, observed="3 years", most=5)
        shown = np.asarray(axes.collections[0].get_array()).reshape(6, -1)
        T = 36.0
        assert shown[2, -1] == pytest.approx(float(bg_nbd.probability_alive(2, T, T, **LAW)))
        assert shown[5, 9] == pytest.approx(float(bg_nbd.probability_alive(5, T / 4, T, **LAW)))
        assert "3 years were observed" in axes.get_xlabel()

    def test_expected_purchases(self):
        fit = lb.FittedPurchases.from_draws({name: full(value) for name, value in LAW.items()}, time_unit="month")
        axes = lb.plot_history_surface(fit, observed="3 years", horizon="1 year", most=2)
        shown = np.asarray(axes.collections[0].get_array()).reshape(3, -1)
        expected = bg_nbd.expected_purchases(12.0, bg_nbd.outlook(2, 36.0, 36.0, **LAW))
        assert shown[2, -1] == pytest.approx(float(expected))

    def test_value_of_average_orders(self):
        fit = lb.FittedPurchases.from_draws({name: full(value) for name, value in LAW.items()}, time_unit="month")
        spend = lb.FittedSpend.from_draws({"p": full(2), "q": full(3), "v": full(100)}, currency="EUR")
        asked = {"observed": "3 years", "horizon": "1 year", "discount_rate": 0.1, "margin": 0.5, "most": 2}
        axes = lb.plot_history_surface(fit, spend=spend, **asked)
        shown = np.asarray(axes.collections[0].get_array()).reshape(3, -1)
        outlook = bg_nbd.outlook(2, 36.0, 36.0, **LAW)
        purchases = bg_nbd.discounted_expected_purchases(12.0, np.log(1.1) / 12, outlook)
        assert shown[2, -1] == pytest.approx(0.5 * 100 * float(purchases))  # p v / (q - 1) = 100
        assert axes.collections[0].colorbar.ax.get_ylabel() == "value within 1 year (EUR)"
        title = axes.get_title(loc="left").replace("\n", " ")
        assert "50% of average orders, discounted at 10% a year" in title
        with pytest.raises(InputError, match="needs a horizon"):
            lb.plot_history_surface(fit, spend=spend, observed="3 years")

    def test_those_who_have_not_bought_again_are_a_row_of_one_colour(self):
        draws = {name: full(value) for name, value in LAW.items()}
        for model in ("bg_nbd", "mbg_nbd"):
            fit = lb.FittedPurchases.from_draws(draws, time_unit="month", model=model)
            axes = lb.plot_history_surface(fit, observed="3 years", most=2)
            row = np.asarray(axes.collections[0].get_array()).reshape(3, -1)[0]
            np.testing.assert_allclose(row, float(formulas_of(fit).probability_alive(0, 0.0, 36.0, **LAW)))
            assert {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD"}[model] in axes.get_title(loc="left").split("\n")[1]
            assert axes.get_ylim()[0] == -0.5

    def test_whose_surface_it_is_is_said(self, channel_fits):
        purchases, spend = channel_fits
        terms = {"observed": "3 years", "horizon": "1 year", "most": 2}

        def title(purchases, spend=None):
            return lb.plot_history_surface(purchases, spend=spend, **terms).get_title(loc="left").replace("\n", " ")

        fair, orders_of_ads = purchases.of_segment(channel="Fair"), spend.of_segment(channel="Ads")
        assert "BG/NBD, typical segment; mean" in title(purchases)
        assert "BG/NBD, typical segment; mean" in title(purchases, spend)
        assert "BG/NBD, channel Fair; mean" in title(fair, spend.of_segment(channel="Fair"))
        assert "BG/NBD, channel Fair, orders of channel Ads; mean" in title(fair, orders_of_ads)

    def test_nobody(self):
        fit = lb.FittedPurchases.from_draws({name: full(value) for name, value in LAW.items()}, time_unit="month")
        with pytest.raises(UnitError, match="at least 1 repeat purchase"):
            lb.plot_history_surface(fit, observed="3 years", most=0)


def test_segments_alone(book):
    """Each is fitted as if the others were not there; who cannot be is named."""
    tables = book.table.assign(kind=["a"] * 3 + ["b"] + ["a"] * (len(book) - 4)).reset_index()
    customers = lb.Customers.from_summary(tables, time_unit="week", as_of="1997-09-30")
    with pytest.warns(lb.errors.DataWarning, match="Not fitted alone: b. Of the first: One customer cannot show"):
        fits = lb.fit_each(lb.NBD(), customers, "kind", random_seed=1, draws=200, method="laplace", progressbar=False)
    some = customers.subset((customers.table["kind"] == "a").to_numpy())
    same = lb.NBD().fit(some, random_seed=1, draws=200, method="laplace", progressbar=False)
    np.testing.assert_array_equal(fits["a"].draws["r"], same.draws["r"])
    with pytest.raises(InputError, match="without pool_by"):
        lb.fit_each(lb.NBD(pool_by="kind"), customers, "kind")
