"""Forecasts of MBG/NBD from a posterior made by hand: one class for both, distinguished by what a fit remembers."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from ltv_bayes.predictions.fitted import flat_draws
from ltv_bayes.predictions.purchases import formulas_of
from tests.chance import allowed

HORIZON = {"horizon": "39 weeks"}


def of_one_draw(fit, book, customer):
    row, values = book.table.loc[customer], {name: drawn[1, 7] for name, drawn in fit.draws.items()}
    return mbg_nbd.outlook(row["frequency"], row["recency"], row["T"], **values), values


@pytest.mark.parametrize("customer", list("ABCD"))
def test_every_draw_is_the_formula(book, leaving_at_once, customer):
    fit, (future, _) = leaving_at_once, of_one_draw(leaving_at_once, book, customer)
    found = {
        "probability_alive": (fit.probability_alive(book), future.alive),
        "expected": (fit.expected_purchases(book, **HORIZON), bg_nbd.expected_purchases(39, future)),
        "chance": (fit.probability_of_purchases(book, 2, **HORIZON), bg_nbd.probability_of_purchases(2, 39, future)),
    }
    for name, (array, expected) in found.items():
        assert array.sel(customer_id=customer).values[1, 7] == pytest.approx(float(expected), rel=1e-12), name


def test_who_bought_once_may_have_left(book, leaving_at_once, purchases):
    bought_once = {"customer_id": "B"}
    assert (purchases.probability_alive(book).sel(bought_once) == 1).all()
    assert (leaving_at_once.probability_alive(book).sel(bought_once) < 0.6).all()


def test_discounting_lowers_the_number(book, leaving_at_once):
    plain = leaving_at_once.expected_purchases(book, horizon="3 years")
    at_nothing = leaving_at_once.expected_discounted_purchases(book, horizon="3 years", discount_rate=0.0)
    np.testing.assert_allclose(at_nothing, plain, rtol=1e-8)
    assert (leaving_at_once.expected_discounted_purchases(book, horizon="3 years", discount_rate=0.1) < plain).all()


def test_mean_of_draws_is_the_expectation(book, leaving_at_once):
    drawn = leaving_at_once.predict_purchases(book, random_seed=1, **HORIZON)
    expected = leaving_at_once.expected_purchases(book, **HORIZON).mean(("chain", "draw"))
    error = drawn.std(("chain", "draw")) / np.sqrt(1000)
    assert (abs(drawn.mean(("chain", "draw")) - expected) < allowed(100) * error).all()


def test_a_new_customer_may_leave_at_once(leaving_at_once):
    _, values = None, {name: drawn[0, 0] for name, drawn in leaving_at_once.draws.items()}
    found = leaving_at_once.expected_purchases_new_customer(**HORIZON)
    stays = values["b"] / (values["a"] + values["b"])
    stayed = bg_nbd.expected_purchases(39, bg_nbd.outlook_of_new_customer(**{**values, "b": values["b"] + 1}))
    assert float(found[0, 0]) == pytest.approx(stays * float(stayed))
    drawn = leaving_at_once.predict_purchases_new_customer(random_seed=1, **HORIZON)
    assert abs(float(drawn.mean() - found.mean())) < allowed() * float(drawn.std()) / np.sqrt(drawn.size)


def test_pointwise_likelihood_is_the_formula(book, leaving_at_once):
    _, values = of_one_draw(leaving_at_once, book, "B")
    found = leaving_at_once.with_log_likelihood(book)["log_likelihood"]["history"].sel(customer_id="B").values[1, 7]
    assert found == pytest.approx(float(mbg_nbd.log_likelihood(0, 0.0, 38.86, **values)), rel=1e-12)


def test_replicated_histories_are_those_of_the_model(book, leaving_at_once):
    """The share without a repeat purchase is the closed form's."""
    tree = leaving_at_once.posterior_predictive(book, random_seed=1)
    x = tree["posterior_predictive"]["frequency"].sel(customer_id="A")
    new = mbg_nbd.outlook_of_new_customer(**flat_draws(leaving_at_once))
    chance = bg_nbd.probability_of_purchases(0, 38.86, new).mean()
    assert abs(float((x == 0).mean()) - chance) < allowed() * np.sqrt(chance * (1 - chance) / 1000)


def test_values_have_the_mean_of_the_closed_forms(book, leaving_at_once, spend):
    value = lb.lifetime_value(book, [lb.RepeatPurchases(leaving_at_once, spend)], random_seed=2, **HORIZON)
    purchases = leaving_at_once.expected_purchases(book, **HORIZON).mean(("chain", "draw"))
    expected = purchases * spend.expected_spend(book).mean(("chain", "draw"))
    error = value.draws.std(("chain", "draw")) / np.sqrt(1000)
    assert (abs(value.draws.mean(("chain", "draw")) - expected) < allowed(100) * error).all()


def test_saved_read_thinned_and_shown(leaving_at_once, tmp_path):
    again = lb.load_fit(leaving_at_once.save(tmp_path / "fit.nc"))
    assert again.model == again.thin(10).model == "mbg_nbd"
    assert formulas_of(again) is mbg_nbd
    assert repr(again).startswith("FittedPurchases (mbg_nbd), per week\nposterior means: r 0.5")
