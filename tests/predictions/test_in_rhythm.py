"""Forecasts and values of purchases in rhythm from a posterior made by hand: all that takes fits of purchases."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.models.bg_cnbd import RegularFormulas
from ltv_bayes.predictions.fitted import k_of
from ltv_bayes.predictions.purchases import outlook_of_new_customer
from tests.chance import allowed
from tests.conftest import normal_draws, pooled_by_hand

HORIZON = {"horizon": "39 weeks"}
MEANS = {"r": 1.2, "alpha": 4.0, "a": 0.9, "b": 4.0}


@pytest.fixture(scope="module", params=["bg_cnbd", "mbg_cnbd"])
def fit(request):
    draws = normal_draws(MEANS, 0.08, 2, 500, 3)
    return lb.FittedPurchases.from_draws(draws, time_unit="week", model=request.param, k=3)


def one_draw(fit, book, customer):
    row, values = book.table.loc[customer], {name: drawn[1, 7] for name, drawn in fit.draws.items()}
    formulas = RegularFormulas(3, fit.model == "mbg_cnbd")
    return formulas, (row["frequency"], row["recency"], row["T"]), values


@pytest.mark.parametrize("customer", list("ABCD"))
def test_every_draw_is_the_formula(book, fit, customer):
    formulas, history, values = one_draw(fit, book, customer)
    future = formulas.outlook(*history, **values)
    delta = np.log(1.1) * 7 / 365.25
    found = {
        "alive": (fit.probability_alive(book), future.alive),
        "expected": (fit.expected_purchases(book, **HORIZON), future.expected_purchases(39)),
        "given alive": (
            fit.expected_purchases(book, given_alive=True, **HORIZON),
            future.given_alive().expected_purchases(39),
        ),
        "discounted": (
            fit.expected_discounted_purchases(book, discount_rate=0.1, **HORIZON),
            future.discounted_expected_purchases(39, delta),
        ),
        "chance": (fit.probability_of_purchases(book, 2, **HORIZON), future.probability_of_purchases(2, 39)),
        "likelihood": (
            fit.with_log_likelihood(book)["log_likelihood"]["history"],
            formulas.log_likelihood(*history, **values),
        ),
    }
    for name, (array, expected) in found.items():
        assert array.sel(customer_id=customer).values[1, 7] == pytest.approx(float(expected), rel=1e-9), name


def test_mean_of_draws_is_the_expectation(book, fit):
    drawn = fit.predict_purchases(book, random_seed=1, **HORIZON)
    expected = fit.expected_purchases(book, **HORIZON).mean(("chain", "draw"))
    error = drawn.std(("chain", "draw")) / np.sqrt(1000)
    assert (abs(drawn.mean(("chain", "draw")) - expected) < allowed(100) * error).all()
    new = fit.predict_purchases_new_customer(random_seed=1, **HORIZON)
    off = float(new.mean() - fit.expected_purchases_new_customer(**HORIZON).mean())
    assert abs(off) < allowed() * float(new.std()) / np.sqrt(new.size)


def test_replicated_histories_are_those_of_the_model(book, fit):
    tree = fit.posterior_predictive(book, random_seed=1)
    x, t_x = (tree["posterior_predictive"][name].sel(customer_id="A") for name in ("frequency", "recency"))
    new = outlook_of_new_customer(fit)
    chance = new.probability_of_purchases(0, 38.86).mean()
    assert abs(float((x == 0).mean()) - chance) < allowed() * np.sqrt(chance * (1 - chance) / 1000)
    assert ((t_x > 0) == (x > 0)).all()
    assert (t_x <= 38.86).all()


def test_values_have_the_mean_of_the_closed_forms(book, fit, spend):
    value = lb.lifetime_value(book, [lb.RepeatPurchases(fit, spend)], random_seed=2, **HORIZON)
    expected = fit.expected_purchases(book, **HORIZON).mean(("chain", "draw"))
    expected = expected * spend.expected_spend(book).mean(("chain", "draw"))
    error = value.draws.std(("chain", "draw")) / np.sqrt(1000)
    assert (abs(value.draws.mean(("chain", "draw")) - expected) < allowed(100) * error).all()


def test_service_rides_on_purchases_in_rhythm(book, fit, spend):
    """A life ends with the last purchase: service follows it."""
    events = lb.FittedEvents.from_draws(normal_draws({"r": 2.0, "alpha": 10.0}, 0.05, 2, 500, 5), time_unit="week")
    orders = lb.RepeatPurchases(fit, spend)
    service = lb.TriggeredService(events, spend, while_alive=orders, customers=book)
    value = lb.lifetime_value(book, [orders, service], random_seed=2, **HORIZON)
    by_life = value.components["triggered_service"].mean(("chain", "draw"))
    forever = lb.TriggeredService(events, spend, while_alive=None)
    without = lb.lifetime_value(book, [forever], random_seed=2, **HORIZON).draws.mean(("chain", "draw"))
    alive = fit.probability_alive(book).mean(("chain", "draw"))
    assert (by_life < without * (alive + 0.1)).all()
    assert (by_life.sel(customer_id=["A", "B", "C"]) > 0).all()


def test_values_of_new_customers(fit, spend):
    value = lb.new_customer_value(fit, spend, horizon="1 year", discount_rate=0.1, random_seed=1)
    drawn = value.predict().to_numpy().ravel()
    assert abs(drawn.mean() - value.draws.to_numpy().mean()) < allowed() * drawn.std() / np.sqrt(drawn.size)


def test_who_is_slipping_away(book, fit, spend):
    earlier = book.table.assign(T=book.table["T"] - 7.0)
    earlier["recency"] = np.minimum(earlier["recency"], earlier["T"])
    earlier = lb.Customers.from_summary(earlier.reset_index(), time_unit="week", as_of="1997-08-12", currency="USD")
    value = lb.lifetime_value(book, [lb.RepeatPurchases(fit, spend)], random_seed=2, horizon="1 year")
    table = lb.slipping_away(value, earlier, least_drop=0.05).summary()
    before, now = (fit.probability_alive(customers).mean(("chain", "draw")) for customers in (earlier, book))
    fell = (before - now).to_series()
    assert set(table.index) == set(fell.index[fell >= 0.05])
    np.testing.assert_allclose(table["drop"], fell[table.index], rtol=1e-9)


def test_pictures(fit):
    ax = lb.plot_history_surface(fit, observed="1 year", horizon="6 months", most=4)
    shown = ax.collections[0].get_array().reshape(5, -1)
    plt.close(ax.figure)
    assert shown.min() >= 0
    assert (shown[1:, -1] > shown[1:, 0]).all()
    assert np.ptp(shown[0]) == 0  # who has not bought again has one history


def test_the_check_of_one_time_customers_does_not_apply(book, fit):
    with pytest.raises(InputError, match=r"does not apply to regular purchases \(m?bg_cnbd, k = 3\).*MBGCNBD\(k=3\)"):
        lb.check_one_time(book, fit)


def test_most_bought_once_is_said_of_who_cannot_leave_at_once(spend, fit):
    frame = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": [0, 0, 1], "recency": [0.0, 0.0, 4.0], "T": 9.0})
    customers = lb.Customers.from_summary(frame.assign(monetary_value=[None, None, 3.0]), time_unit="week")
    notes = lb.lifetime_value(customers, [lb.RepeatPurchases(fit, spend)], horizon="9 weeks").notes()
    stated = any("BG/CNBD-k takes all of them to be alive: BGCNBD(..., leave_at_once=True)" in note for note in notes)
    assert stated == (fit.model == "bg_cnbd")


def test_segments_of_a_pooled_fit_have_rates_of_their_own():
    quantities = {"mean_rate": 0.2, "rate_cv": 0.5, "dropout_mean": 0.1, "dropout_concentration": 8.0}
    effects = {name: {"Ads": 0.0, "Fair": np.log(2.0), "Referral": 0.0} for name in ("mean_rate", "dropout_mean")}
    fit = pooled_by_hand(lb.FittedPurchases, "bg_cnbd", quantities, effects, time_unit="month", k=4)
    draws = fit.of_segment(channel="Fair").draws
    np.testing.assert_allclose(draws["r"] / (4 * draws["alpha"]), 0.4)
    assert k_of(fit.of_segment(channel="Fair")) == 4
    assert fit.segment_draws()["mean_rate"].sel(channel="Fair").mean() == pytest.approx(0.4)


def test_what_asks_a_fit_for_its_priors_finds_them(cdnow, spend):
    """Values with priors held more firmly, and the picture of priors beside the posterior."""
    few, model = cdnow.subset(cdnow.ids[:40]), lb.BGCNBD(k=2, calendar_effects=None)
    fit = model.fit(cdnow, draws=250, random_seed=1, progressbar=False)
    value = lb.lifetime_value(few, [lb.RepeatPurchases(fit, spend)], random_seed=1, horizon="1 year")
    scaled = value.judgement.power_scaling()
    row = scaled[scaled.astype(str).apply(lambda one: one.str.contains("repeat_purchases counts").any(), axis=1)]
    assert np.isfinite(row["mean_change"]).all()
    figure = lb.plot_prior_posterior(fit, model.sample_prior(few, draws=50, random_seed=1))
    assert "purchases per week" in " ".join(ax.get_xlabel() + ax.get_title() for ax in figure.axes)


def test_values_on_several_days(cdnow_orders):
    found = lb.value_over_time(
        cdnow_orders,
        ["1997-06-30", "1997-09-30"],
        horizon="39 weeks",
        purchases=lb.MBGCNBD(k=2, calendar_effects=None),
        draws=250,
        chains=2,
        random_seed=1,
    )
    assert len(found.values) == 2
    assert all(value.total.mean() > 0 for value in found.values)
