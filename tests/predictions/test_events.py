"""Forecasts of events from a posterior made by hand: against SciPy's negative binomial, ids, units, the file."""

import arviz as az
import numpy as np
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.predictions.events import event_histories
from tests.chance import allowed


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(1)
    draws = {name: mean * np.exp(0.1 * rng.standard_normal((2, 500))) for name, mean in (("r", 0.8), ("alpha", 6.0))}
    return lb.FittedEvents.from_draws(draws, time_unit="week")


@pytest.fixture(scope="module")
def certain():
    """One pair of parameters in every draw, so that predictive draws have a law of their own."""
    return lb.FittedEvents.from_draws({"r": [[0.8] * 20_000], "alpha": [[6.0] * 20_000]}, time_unit="week")


def test_every_draw_is_the_mean_of_the_negative_binomial(book, events):
    found = events.expected_events(book, horizon="4 weeks")
    assert found.dims == ("chain", "draw", "customer_id")
    assert found.attrs == {"units": "events", "horizon": "4 weeks"}
    r, alpha = events.draws["r"][1, 7], events.draws["alpha"][1, 7]
    history = book.table.loc["E"]
    law = stats.nbinom(r + history["frequency"], (alpha + history["T"]) / (alpha + history["T"] + 4))
    assert found.sel(customer_id="E").values[1, 7] == pytest.approx(law.mean())


def test_predictive_draws_follow_the_negative_binomial(book, certain):
    drawn = certain.predict_events(book, horizon="26 weeks", random_seed=1)
    assert drawn.dtype == np.int64
    assert drawn.attrs == {"units": "events", "horizon": "26 weeks", "random_seed": "1"}
    for customer, history in book.table.iterrows():
        law = stats.nbinom(0.8 + history["frequency"], (6 + history["T"]) / (6 + history["T"] + 26))
        middle = np.unique(law.ppf([0.1, 0.3, 0.5, 0.7, 0.9]))
        shares = (drawn.sel(customer_id=customer).to_numpy().ravel()[:, np.newaxis] <= middle).mean(axis=0)
        error = np.sqrt(law.cdf(middle) * law.sf(middle) / 20_000)
        assert (abs(shares - law.cdf(middle)) < allowed(100) * error).all(), customer


def test_mean_of_predictive_draws_is_the_expectation(book, events):
    drawn = events.predict_events(book, horizon="1 year", random_seed=3)
    expected = events.expected_events(book, horizon="1 year")
    error = drawn.std(("chain", "draw")) / np.sqrt(1000)
    assert (abs(drawn.mean(("chain", "draw")) - expected.mean(("chain", "draw"))) < allowed(100) * error).all()


def test_discounting_by_the_year(book, events):
    plain = events.expected_events(book, horizon="3 years")
    np.testing.assert_allclose(events.expected_discounted_events(book, "3 years", discount_rate=0.0), plain)
    worth = (1 - 1.1**-3) / np.log(1.1) / 3  # the mean of 1.1**-t over three years
    np.testing.assert_allclose(events.expected_discounted_events(book, "3 years", discount_rate=0.1), worth * plain)


def test_customers_in_another_unit_are_converted(book, events):
    by_day = events.expected_events(book.in_time_unit("day"), horizon="28 days")
    np.testing.assert_allclose(by_day, events.expected_events(book, horizon="4 weeks"))
    np.testing.assert_allclose(event_histories(events, book.in_time_unit("day")), book.table[["frequency", "T"]])


def test_order_and_company_of_customers_change_nothing(book, events):
    whole = events.predict_events(book, horizon="1 year", random_seed=1)
    some = events.predict_events(book.subset(["C", "A"]), horizon="1 year", random_seed=1)
    np.testing.assert_array_equal(some, whole.sel(customer_id=some["customer_id"]))
    assert not whole.equals(events.predict_events(book, horizon="1 year", random_seed=2))


def test_a_new_customer_is_the_average_one(events):
    found = events.expected_events_new_customer(horizon="2 weeks")
    assert found.dims == ("chain", "draw")
    np.testing.assert_allclose(found, 2 * events.draws["r"] / events.draws["alpha"])


def test_pointwise_likelihood_is_the_negative_binomial(book, events):
    tree = events.with_log_likelihood(book)
    r, alpha = events.draws["r"][0, 3], events.draws["alpha"][0, 3]
    expected = stats.nbinom(r, alpha / (alpha + book.table["T"])).logpmf(book.table["frequency"])
    np.testing.assert_allclose(tree["log_likelihood"]["events"][0, 3], expected)
    assert az.loo(events.with_log_likelihood(book.subset(["A", "B", "C", "D", "F"]))).n_data_points == 5


def test_replicated_events_follow_the_model(book, certain):
    tree = certain.posterior_predictive(book, random_seed=1)
    assert tree["observed_data"]["frequency"].sel(customer_id="C") == 7
    found = tree["posterior_predictive"]["frequency"]
    none = (1 + book.table["T"].to_numpy() / 6) ** -0.8
    error = np.sqrt(none * (1 - none) / 20_000)
    assert (abs((found == 0).mean(("chain", "draw")) - none) < allowed(100) * error).all()


def test_saved_and_read_again(events, tmp_path):
    again = lb.load_fit(events.save(tmp_path / "events.nc"))
    assert isinstance(again, lb.FittedEvents)
    assert again.time_unit == "week"
    np.testing.assert_array_equal(again.draws["alpha"], events.draws["alpha"])


def test_refusals(book, events):
    with pytest.raises(UnitError, match="has no unit"):
        events.expected_events(book, horizon=4)
    with pytest.raises(UnitError, match=r"FittedEvents\.from_draws"):
        lb.FittedEvents.from_draws({"r": [[1.0]], "alpha": [[1.0]]}).expected_events(book, horizon="1 year")
    for method in (events.with_log_likelihood, events.posterior_predictive):
        with pytest.raises(InputError, match="not a DataFrame"):
            method(book.table)
