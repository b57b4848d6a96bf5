"""Forecasts of pooled fits: each customer's are those of a plain fit with the parameters of the own segment."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.fitted import flat_draws, segment_of
from tests.chance import allowed

SHAPE = (2, 300)
LEVELS = ["Energy", "Retail"]


def around(seed, value, sd=0.05):
    return value * np.exp(sd * np.random.default_rng(seed).standard_normal(SHAPE))


EFFECTS = np.stack([around(1, 0.5), -around(2, 0.5)], axis=-1)
LEAVING = np.stack([around(3, -0.8), around(4, 0.8)], axis=-1)
SLOPE = around(5, 0.3)[..., np.newaxis]
QUANTITIES = {
    "mean_rate": around(6, 0.1),
    "rate_cv": around(7, 1.0),
    "dropout_mean": around(8, 0.2),
    "dropout_concentration": around(9, 3.0),
}


@pytest.fixture(scope="module")
def fit():
    q = QUANTITIES
    r = q["rate_cv"] ** -2
    typical = {"r": r, "alpha": r / q["mean_rate"], "a": q["dropout_mean"] * q["dropout_concentration"]}
    typical["b"] = q["dropout_concentration"] - typical["a"]
    draws = {**q, **typical, "mean_rate_by_industry": EFFECTS, "dropout_mean_by_industry": LEAVING}
    draws |= {
        "mean_rate_sd_industry": around(10, 0.5),
        "dropout_mean_sd_industry": around(11, 0.8),
        "mean_rate_slope": SLOPE,
    }
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
    "with_log_likelihood": (),
}


def answer(fit, method, customers, arguments):
    """What a method of a fit returns of these customers: an array (chain, draw, customer_id)."""
    found = getattr(fit, method)(customers, *arguments)
    return found["log_likelihood"]["history"] if method == "with_log_likelihood" else found


@pytest.mark.parametrize("method", ASKED)
def test_each_customer_has_the_parameters_of_the_segment(fit, customers, method):
    found = answer(fit, method, customers, ASKED[method])
    for row in customers.table.itertuples():
        alone = answer(plain(row.industry, row.size), method, customers.subset([row.Index]), ASKED[method])
        np.testing.assert_allclose(found.sel(customer_id=row.Index), alone.sel(customer_id=row.Index), rtol=1e-10)


def test_more_groups_than_are_kept(fit, customers, monkeypatch):
    from ltv_bayes.predictions import groups, over_customers

    few, drawn = fit.expected_purchases(customers, "1 year"), fit.predict_purchases(customers, "1 year", 3)
    monkeypatch.setattr(groups, "KEPT_GROUPS", 2)
    monkeypatch.setattr(over_customers, "CUSTOMERS_OF_WORKER", 2)
    np.testing.assert_allclose(fit.expected_purchases(customers, "1 year"), few, rtol=1e-12)
    np.testing.assert_array_equal(fit.predict_purchases(customers, "1 year", 3), drawn)


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
        assert abs(log_rate.mean()) < allowed() * log_rate.std() / np.sqrt(log_rate.size)
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
        assert (
            "repeat purchases by industry: the fit of purchases has no customer of Mining: how often they buy is drawn "
            "from the distribution of segments." in ltv.notes()
        )

    def test_segments_without_repeat_orders_are_said_to_be_new_to_the_fit_of_spend(self, fit, customers):
        spend = spend_by_industry(["Energy", "Public"])
        table = customers.table.assign(industry=["Energy", "Mining", "Retail", "Mining", "Public"]).reset_index()
        some = lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31")
        notes = lb.lifetime_value(some, lb.RepeatPurchases(fit, spend), horizon="1 year", random_seed=1).notes()
        drawn = "is drawn from the distribution of segments"
        assert [note.removeprefix("repeat purchases by industry: ") for note in notes if "by industry" in note] == [
            "the fits have no customer of Mining: how often they buy and what an order yields are drawn from the "
            "distribution of segments.",
            "the fit of purchases has no customer of Public: how often they buy "
            f"{drawn}, what an order yields is fitted.",
            "the fit of spend has no customer of Retail with a repeat order of value: what an order yields "
            f"{drawn}, how often they buy is fitted.",
        ]

    def test_a_segment_may_be_given_alone_where_there_is_one_column(self, fit):
        expected = fit.of_segment(industry="Retail", size=18).draws["alpha"]
        np.testing.assert_array_equal(fit.of_segment("Retail ", size=18).draws["alpha"], expected)
        with pytest.raises(ColumnError, match=r"not pooled by segments, so there is no 'Retail'\. It is mean spend by"):
            spend_by_size().of_segment("Retail")
        two = fit.idata.copy()
        two.attrs["pooling"] = json.dumps({**json.loads(two.attrs["pooling"]), "by": ["industry", "region"]})
        with pytest.raises(
            ColumnError, match=r"name the column that 'N' is in, as in of_segment\(\{'industry': 'N'\}\)"
        ):
            lb.FittedPurchases(two).of_segment("N")

    @pytest.mark.parametrize("size", ["large", None, np.inf, np.nan])
    def test_a_covariate_that_is_no_number(self, fit, size):
        with pytest.raises(InputError, match="size is a covariate of this fit, so it takes a finite number, not"):
            fit.of_segment(industry="Retail", size=size)

    def test_unknown_columns(self, fit):
        with pytest.raises(ColumnError, match="not pooled by 'region'"):
            fit.of_segment(region="N")
        with pytest.raises(ColumnError, match=r"not pooled by 'industri'.*Did you mean 'industry'"):
            fit.segments("industri")
        with pytest.raises(ColumnError, match="not pooled"):
            plain("Energy", 10).segments()


def spend_by_industry(industries):
    """A spend fit pooled by industry that has seen some of them."""
    one, number = np.ones(SHAPE), len(industries)
    draws = {"mean_spend": 50 * one, "order_cv": 0.5 * one, "q_excess": 3 * one, "p": 4 * one, "q": 4 * one}
    draws |= {
        "v": 37.5 * one,
        "mean_spend_by_industry": np.zeros((*SHAPE, number)),
        "mean_spend_sd_industry": 0.5 * one,
    }
    pooling = {"model": "gamma_gamma", "by": ["industry"], "covariates": {}, "scales": {}}
    pooling["customers"] = {"industry": dict.fromkeys(industries, 9)}
    attrs = {"model": "gamma_gamma", "pooling": json.dumps(pooling)}
    dims = {"mean_spend_by_industry": ["industry"]}
    return lb.FittedSpend(tree_from_draws(draws, attrs, dims=dims, coords={"industry": industries}))


def spend_by_size(**more):
    """A spend fit with a covariate and without segments."""
    one = np.ones(SHAPE)
    draws = {"mean_spend": 50 * one, "order_cv": 0.5 * one, "q_excess": 3 * one, "p": 4 * one, "q": 4 * one}
    draws |= {"v": 37.5 * one, "mean_spend_slope": SLOPE}
    pooling = {"model": "gamma_gamma", "by": [], "covariates": {"mean_spend": ["size"]}, "customers": {}}
    pooling |= {"scales": {"size": [10.0, 4.0]}, **more}
    return lb.FittedSpend(tree_from_draws(draws, {"model": "gamma_gamma", "pooling": json.dumps(pooling)}))


def sized(customers, *sizes):
    table = customers.table.assign(size=list(sizes)).reset_index()
    return lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31")


FAR = (
    r"2 customers with a size more than 10 standard deviations from the mean of those who were fitted \(mean 10, "
    r"standard deviation 4\) \(ids B, D\)\. Is it counted in the same unit\?"
)


class TestCovariatesFarFromTheData:
    """Mean 10, standard deviation 4: what lies beyond 50 or below -30 is far outside."""

    @pytest.mark.parametrize("method", ASKED)
    def test_forecasts_warn(self, fit, customers, method):
        far = sized(customers, 10, 51, 50, -31, -30)
        with pytest.warns(DataWarning, match=FAR) as caught:
            found = answer(fit, method, far, ASKED[method])
        assert np.isfinite(found).all()
        assert len(caught) == 1
        assert caught[0].filename == __file__
        getattr(fit, method)(sized(customers, 10, 50, -30, 0, 20), *ASKED[method])

    def test_values_warn_once_for_each_fit(self, fit, customers):
        far = sized(customers, 10, 51, 50, -31, -30)
        stream = lb.RepeatPurchases(fit, spend_by_size())
        with pytest.warns(DataWarning, match=FAR) as caught:
            ltv = lb.lifetime_value(far, stream, horizon="1 year", random_seed=1)
        assert len(caught) == 2
        assert np.isfinite(ltv.summary()).all(axis=None)

    def test_customers_who_were_fitted_are_not_far(self, customers):
        far = sized(customers, 10, 51, 50, -31, -30)
        spend_by_size(ranges={"size": [-31.0, 51.0]}).expected_spend(far)
        with pytest.warns(DataWarning, match="1 customer with a size"):
            spend_by_size(ranges={"size": [-31.0, 50.0]}).expected_spend(far)

    @pytest.mark.parametrize("size", [1e3, -1e3, 1e6, 1e300])
    def test_what_has_no_bounds_is_refused_with_its_rows(self, fit, customers, size):
        """No infinite totals, and none of NumPy's warnings, which are errors here."""
        beyond = sized(customers, 10, size, 10, 10, size)
        problem = (
            r"2 customers so far from those who were fitted \(size: mean 10, standard deviation 4\) that their "
            r"mean_rate has no bounds \(ids B, E\)"
        )
        for method, arguments in ASKED.items():
            with pytest.raises(InputError, match=problem) as error:
                getattr(fit, method)(beyond, *arguments)
            assert error.value.rows == ("B", "E")
        with pytest.raises(InputError, match=problem):
            lb.lifetime_value(beyond, lb.RepeatPurchases(fit, spend_by_size()), horizon="1 year")
        with pytest.raises(InputError, match="1 segment so far from those who were fitted"):
            fit.of_segment(industry="Energy", size=size)

    @pytest.mark.parametrize("sign", [-1, 1])
    def test_up_to_there_all_is_finite(self, fit, customers, sign):
        edge = 10 + sign * 0.999 * 4 * np.log(1e9) / SLOPE.max()
        far = sized(customers, edge, edge, edge, edge, edge)
        for method, arguments in ASKED.items():
            with pytest.warns(DataWarning, match="5 customers"):
                drawn = answer(fit, method, far, arguments)
            assert np.isfinite(drawn).all()
        stream = lb.RepeatPurchases(fit, spend_by_size())
        with pytest.warns(DataWarning, match="5 customers"):
            ltv = lb.lifetime_value(far, stream, horizon="3 years", random_seed=1)
        assert np.isfinite(ltv.total()).all()

    def test_of_one_segment(self, fit):
        with pytest.warns(DataWarning, match="1 segment with a size more than 10 standard deviations"):
            fit.of_segment(industry="Energy", size=51)


@pytest.mark.parametrize(
    "method", ["predict_purchases", "expected_purchases", "probability_alive", "with_log_likelihood"]
)
def test_a_frame_in_place_of_customers(fit, customers, method):
    arguments = ["1 year"] if "purchases" in method else []
    for one in (fit, plain("Energy", 10)):
        with pytest.raises(InputError, match="Customers are needed, not a DataFrame"):
            getattr(one, method)(customers.table, *arguments)


def test_a_frame_in_place_of_customers_of_spend(customers):
    for method in ("predict_spend", "expected_spend"):
        with pytest.raises(InputError, match="Customers are needed, not a DataFrame"):
            getattr(spend_by_size(), method)(customers.table)


def test_customers_without_a_segment_are_named(fit, customers):
    table = customers.table.assign(industry=["Energy", None, "Retail", "", "Retail"]).reset_index()
    some = lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31")
    cure = r"before summarize .* customers\.subset\(customers\.table\['industry'\]\.notna\(\)\)"
    with pytest.raises(
        InputError, match=rf"2 customers without a value in industry \(ids B, D\)\. Fill it in .*{cure}"
    ):
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
        future = bg_nbd.outlook(row.frequency, row.recency, row.T, **flat_draws(one))
        each = lb.FittedSpend.from_draws(spend.draws).expected_spend(customers.subset([row.Index])).mean().item()
        expected = bg_nbd.expected_purchases(weeks, future).mean() * each
        drawn = ltv.draws.sel(customer_id=row.Index).to_numpy().ravel()
        assert abs(drawn.mean() - expected) < allowed(100) * drawn.std() / np.sqrt(drawn.size)


def test_a_segment_is_remembered_in_a_file_too(fit, tmp_path):
    energy, typical = fit.of_segment({"industry": " Energy"}, size=2), fit.of_segment({})
    again = lb.load_fit(energy.save(tmp_path / "energy.nc"))
    assert segment_of(energy) == segment_of(again) == {"industry": "Energy", "size": 2.0}
    assert "posterior means of industry Energy, size 2.0:" in repr(again)
    assert segment_of(typical) == {}
    assert "posterior means of a typical segment" in repr(typical)
    assert segment_of(fit) is None


def test_of_several_columns_the_error_says_how_one_is_named(fit):
    tree = fit.idata.copy()
    stated = json.loads(tree.attrs["pooling"])
    tree.attrs["pooling"] = json.dumps({**stated, "by": ["industry", "region"]})
    with pytest.raises(ColumnError, match=r"say which column, column='industry' or column='region'\."):
        lb.FittedPurchases(tree).segments()
