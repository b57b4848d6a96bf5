"""Forecasts of pooled fits: each customer's are those of a plain fit with the parameters of the own segment."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError
from ltv_bayes.formulas import bg_nbd
from ltv_bayes.posterior import tree_from_draws

SHAPE = (2, 300)
RNG = np.random.default_rng(7)
LEVELS = ["Energy", "Retail"]


def around(value, sd=0.05):
    return value * np.exp(sd * RNG.standard_normal(SHAPE))


EFFECTS = np.stack([around(0.5), -around(0.5)], axis=-1)
LEAVING = np.stack([around(-0.8), around(0.8)], axis=-1)
SLOPE = around(0.3)[..., np.newaxis]
QUANTITIES = {
    "mean_rate": around(0.1),
    "rate_cv": around(1.0),
    "dropout_mean": around(0.2),
    "dropout_concentration": around(3.0),
}


@pytest.fixture(scope="module")
def fit():
    q = QUANTITIES
    r = q["rate_cv"] ** -2
    typical = {"r": r, "alpha": r / q["mean_rate"], "a": q["dropout_mean"] * q["dropout_concentration"]}
    typical["b"] = q["dropout_concentration"] - typical["a"]
    draws = {**q, **typical, "mean_rate_by_industry": EFFECTS, "dropout_mean_by_industry": LEAVING}
    draws |= {"mean_rate_sd_industry": around(0.5), "dropout_mean_sd_industry": around(0.8), "mean_rate_slope": SLOPE}
    dims = {"mean_rate_by_industry": ["industry"], "dropout_mean_by_industry": ["industry"]}
    pooling = {
        "model": "bg_nbd",
        "by": ["industry"],
        "covariates": {"mean_rate": ["size"]},
        "scales": {"size": [10.0, 4.0]},
        "customers": {"industry": {"Energy": 30, "Retail": 5}},
    }
    attrs = {"model": "bg_nbd", "time_unit": "week", "pooling": json.dumps(pooling)}
    return lb.FittedPurchases(tree_from_draws(draws, attrs, dims=dims, coords={"industry": LEVELS}))


def plain(industry, size):
    """A plain fit with the parameters of one segment, worked out here."""
    rate = QUANTITIES["mean_rate"] * np.exp(EFFECTS[..., LEVELS.index(industry)] + SLOPE[..., 0] * (size - 10) / 4)
    odds = QUANTITIES["dropout_mean"] / (1 - QUANTITIES["dropout_mean"])
    leaving = 1 / (1 + np.exp(-LEAVING[..., LEVELS.index(industry)]) / odds)
    r, concentration = QUANTITIES["rate_cv"] ** -2, QUANTITIES["dropout_concentration"]
    draws = {"r": r, "alpha": r / rate, "a": leaving * concentration, "b": (1 - leaving) * concentration}
    return lb.FittedPurchases.from_draws(draws, time_unit="week")


@pytest.fixture(scope="module")
def customers():
    rows = [
        ("A", 3, 20.0, 40.0, 50.0, "Energy", 10),
        ("B", 3, 20.0, 40.0, 50.0, "Retail", 10),
        ("C", 3, 20.0, 40.0, 50.0, "Retail", 18),
        ("D", 0, 0.0, 30.0, 0.0, "Energy", 2),
        ("E", 3, 20.0, 40.0, 50.0, "Retail", 10),
    ]
    columns = ["customer_id", "frequency", "recency", "T", "monetary_value", "industry", "size"]
    return lb.Customers.from_summary(pd.DataFrame(rows, columns=columns), time_unit="week", as_of="2025-12-31")


ASKED = {
    "probability_alive": (),
    "expected_purchases": ("1 year",),
    "expected_discounted_purchases": ("1 year", 0.1),
    "predict_purchases": ("1 year", 3),
    "probability_of_purchases": (2, "1 year"),
    "log_likelihood": (),
}


@pytest.mark.parametrize("method", ASKED)
def test_each_customer_has_the_parameters_of_the_segment(fit, customers, method):
    found = getattr(fit, method)(customers, *ASKED[method])
    for row in customers.table.itertuples():
        alone = getattr(plain(row.industry, row.size), method)(customers.subset([row.Index]), *ASKED[method])
        np.testing.assert_allclose(found.sel(customer_id=row.Index), alone.sel(customer_id=row.Index), rtol=1e-10)


def test_more_groups_than_are_kept(fit, customers, monkeypatch):
    from ltv_bayes.predictions import pooling

    few, drawn = fit.expected_purchases(customers, "1 year"), fit.predict_purchases(customers, "1 year", 3)
    monkeypatch.setattr(pooling, "KEPT_GROUPS", 2)
    monkeypatch.setattr(pooling, "AT_A_TIME", 2)
    np.testing.assert_allclose(fit.expected_purchases(customers, "1 year"), few, rtol=1e-12)
    np.testing.assert_array_equal(fit.predict_purchases(customers, "1 year", 3), drawn)
    futures, alive = fit.futures(customers), fit.probability_alive(customers)
    for position in (4, 0, 2, 1):
        np.testing.assert_allclose(futures(position).alive, alive[..., position].to_numpy().ravel(), rtol=1e-12)


def test_histories_of_the_segment_are_replicated(fit, customers):
    drawn = fit.posterior_predictive(customers, random_seed=1)["posterior_predictive"]["frequency"]
    alone = plain("Retail", 18).posterior_predictive(customers.subset(["C"]), random_seed=1)
    np.testing.assert_array_equal(
        drawn.sel(customer_id="C"), alone["posterior_predictive"]["frequency"].sel(customer_id="C")
    )


class TestSegments:
    def test_of_one_segment(self, fit):
        found = fit.of_segment(industry="Retail", size=18).expected_purchases_new_customer("1 year")
        np.testing.assert_allclose(found, plain("Retail", 18).expected_purchases_new_customer("1 year"), rtol=1e-10)

    def test_typical_where_nothing_is_said(self, fit):
        found = fit.of_segment({}).expected_purchases_new_customer("1 year")
        np.testing.assert_allclose(found, fit.expected_purchases_new_customer("1 year"), rtol=1e-10)

    def test_table(self, fit):
        table = fit.segments()
        assert table.loc["mean_rate", "customers"].to_dict() == {"Energy": 30, "Retail": 5}
        expected = (QUANTITIES["mean_rate"] * np.exp(EFFECTS[..., 0])).mean()
        assert table.loc[("mean_rate", "Energy"), "mean"] == pytest.approx(expected)
        assert table.loc[("rate_cv", "Energy"), "mean"] == pytest.approx(table.loc[("rate_cv", "Retail"), "mean"])

    def test_a_segment_nobody_has_seen_is_drawn_from_the_others(self, fit):
        """Of two segments: sd^2 for itself, and sd^2 / 2 since the mean of two is not the mean of all."""
        new = fit.of_segment(industry="Mining").draws
        log_rate = np.log(new["r"] / new["alpha"] / QUANTITIES["mean_rate"])
        assert log_rate.std() == pytest.approx(0.5 * np.sqrt(1.5), rel=0.1)
        assert abs(log_rate.mean()) < 4 * log_rate.std() / np.sqrt(log_rate.size)
        again = fit.of_segment(industry="Mining").draws
        np.testing.assert_array_equal(new["alpha"], again["alpha"])
        assert not np.array_equal(new["alpha"], fit.of_segment(industry="Shipping").draws["alpha"])

    def test_names_are_read_as_those_of_customers(self, fit):
        expected = fit.of_segment(industry="Retail").draws["alpha"]
        np.testing.assert_array_equal(fit.of_segment(industry=" Retail ").draws["alpha"], expected)
        with pytest.raises(InputError, match="without a value in industry"):
            fit.of_segment(industry=None)

    def test_new_segments_of_a_book_are_noted(self, fit, customers):
        spend = lb.FittedSpend.from_draws(
            {"p": np.full(SHAPE, 4.0), "q": np.full(SHAPE, 4.0), "v": np.full(SHAPE, 40.0)}
        )
        table = customers.table.assign(industry=["Energy", "Mining", "Retail", "Mining", "Retail"]).reset_index()
        some = lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31")
        ltv = lb.lifetime_value(some, lb.RepeatPurchases(fit, spend), horizon="1 year", random_seed=1)
        assert any("1 industry segment that the fit has not seen (Mining)" in note for note in ltv.notes())

    def test_unknown_columns(self, fit):
        with pytest.raises(ColumnError, match="not pooled by 'region'"):
            fit.of_segment(region="N")
        with pytest.raises(ColumnError, match=r"not pooled by 'industri'.*Did you mean 'industry'"):
            fit.segments("industri")
        with pytest.raises(ColumnError, match="not pooled"):
            plain("Energy", 10).segments()


def test_customers_without_a_segment_are_named(fit, customers):
    table = customers.table.assign(industry=["Energy", None, "Retail", "", "Retail"]).reset_index()
    some = lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31")
    with pytest.raises(InputError, match=r"2 customers without a value in industry \(ids B, D\)"):
        fit.expected_purchases(some, "1 year")
    missing = lb.Customers.from_summary(table.drop(columns="size"), time_unit="week", as_of="2025-12-31")
    with pytest.raises(ColumnError, match="no column 'size'"):
        fit.expected_purchases(missing, "1 year")


def test_saved_and_thinned(fit, customers, tmp_path):
    labelled = fit.idata["posterior"].to_dataset().assign_coords(industry=np.array(LEVELS, dtype=object))
    tree = fit.idata.copy()
    tree["posterior"] = labelled  # labels as netCDF files give them back
    once = lb.load_fit(lb.FittedPurchases(tree).save(tmp_path / "pooled.nc"))
    again = lb.load_fit(once.save(tmp_path / "twice.nc"))
    np.testing.assert_array_equal(
        again.expected_purchases(customers, "1 year"), fit.expected_purchases(customers, "1 year")
    )
    thinned = fit.thin(50).expected_purchases(customers, "1 year")
    np.testing.assert_array_equal(thinned[:, 0], fit.expected_purchases(customers, "1 year")[:, 0])
    assert "pooled by industry (2 segments); mean rate by size" in repr(again)
    assert "mean_rate_by_industry[Retail]" in again.summary().index


def test_values_are_the_closed_form_of_the_segment(fit, customers):
    """The compiled loop takes the parameters of each customer's own segment, in the order of the fit's draws."""
    spend = lb.FittedSpend.from_draws({"p": np.full(SHAPE, 4.0), "q": np.full(SHAPE, 4.0), "v": np.full(SHAPE, 40.0)})
    ltv = lb.lifetime_value(customers, lb.RepeatPurchases(fit, spend), horizon="1 year", random_seed=1)
    weeks = 365.25 / 7
    for row in customers.table.itertuples():
        one = plain(row.industry, row.size)
        future = bg_nbd.outlook(row.frequency, row.recency, row.T, **one.flat_draws())
        each = lb.FittedSpend.from_draws(spend.draws).expected_spend(customers.subset([row.Index])).mean().item()
        expected = bg_nbd.expected_purchases(weeks, future).mean() * each
        drawn = ltv.draws.sel(customer_id=row.Index).to_numpy().ravel()
        assert abs(drawn.mean() - expected) < 4.5 * drawn.std() / np.sqrt(drawn.size)


def test_a_segment_is_remembered_in_a_file_too(fit, tmp_path):
    energy, typical = fit.of_segment({"industry": " Energy"}, size=2), fit.of_segment({})
    again = lb.load_fit(energy.save(tmp_path / "energy.nc"))
    assert energy.segment == again.segment == {"industry": "Energy", "size": 2.0}
    assert "posterior means of industry Energy, size 2.0:" in repr(again)
    assert typical.segment == {}
    assert "posterior means of a typical segment" in repr(typical)
    assert fit.segment is None


def test_of_several_columns_the_error_says_how_one_is_named(fit):
    tree = fit.idata.copy()
    said = json.loads(tree.attrs["pooling"])
    tree.attrs["pooling"] = json.dumps({**said, "by": ["industry", "region"]})
    with pytest.raises(ColumnError, match=r"say which column, column='industry' or column='region'\."):
        lb.FittedPurchases(tree).segments()
