"""Forecasts where a share of customers left right after the first purchase, from a posterior made by hand."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.formulas.models.leaving_at_once import LeavingAtOnce
from tests.chance import allowed

HORIZON = {"horizon": "39 weeks"}


def without(fit, **attrs):
    """The fit's draws without the share."""
    draws = {name: drawn for name, drawn in fit.draws.items() if name != "first_dropout"}
    return lb.FittedPurchases.from_draws(draws, time_unit="week", **attrs)


@pytest.mark.parametrize("customer", list("ABCD"))
def test_every_draw_is_the_formula(book, a_share, customer):
    row, values = book.table.loc[customer], {name: drawn[1, 7] for name, drawn in a_share.draws.items()}
    future = LeavingAtOnce().outlook(row["frequency"], row["recency"], row["T"], **values)
    found = {
        "alive": (a_share.probability_alive(book), future.alive),
        "expected": (a_share.expected_purchases(book, **HORIZON), bg_nbd.expected_purchases(39, future)),
        "chance": (a_share.probability_of_purchases(book, 2, **HORIZON), future.probability_of_purchases(2, 39)),
    }
    for name, (array, expected) in found.items():
        assert array.sel(customer_id=customer).values[1, 7] == pytest.approx(float(expected), rel=1e-12), name


def test_only_customers_who_bought_once_have_another_future(book, a_share):
    ours, theirs = (fit.expected_purchases(book, **HORIZON) for fit in (a_share, without(a_share)))
    again = book.table.index[book.table["frequency"] > 0]
    np.testing.assert_array_equal(ours.sel(customer_id=again), theirs.sel(customer_id=again))
    assert (ours.sel(customer_id="B") < theirs.sel(customer_id="B")).all()


def test_draws_without_the_share_are_those_of_bg_nbd(book, a_share):
    plain = without(a_share)
    assert plain.model == "bg_nbd"
    zero = {**plain.draws, "first_dropout": np.zeros_like(plain.draws["r"])}
    none = lb.FittedPurchases.from_draws(zero, time_unit="week")
    assert none.model == "bg_nbd_at_once"
    for ask in (
        lambda fit: fit.probability_alive(book),
        lambda fit: fit.expected_purchases(book, **HORIZON),
        lambda fit: fit.expected_discounted_purchases(book, "3 years", 0.1),
        lambda fit: fit.predict_purchases(book, random_seed=1, **HORIZON),
        lambda fit: fit.expected_purchases_new_customer(**HORIZON),
        lambda fit: fit.with_log_likelihood(book)["log_likelihood"]["history"],
    ):
        np.testing.assert_array_equal(ask(none), ask(plain))


def test_values_of_draws_without_the_share_are_those_of_bg_nbd_to_the_last_digit(book, a_share, spend):
    plain = without(a_share)
    zero = {**plain.draws, "first_dropout": np.zeros_like(plain.draws["r"])}
    fits = (lb.FittedPurchases.from_draws(zero, time_unit="week"), plain)
    ours, theirs = (
        lb.lifetime_value(book, [lb.RepeatPurchases(fit, spend)], random_seed=2, **HORIZON).draws for fit in fits
    )
    np.testing.assert_array_equal(ours, theirs)


def test_draws_have_their_expectation(book, a_share, spend):
    drawn = a_share.predict_purchases(book, random_seed=1, **HORIZON)
    expected = a_share.expected_purchases(book, **HORIZON).mean(("chain", "draw"))
    assert (
        abs(drawn.mean(("chain", "draw")) - expected) < allowed(100) * drawn.std(("chain", "draw")) / 1000**0.5
    ).all()
    value = lb.lifetime_value(book, [lb.RepeatPurchases(a_share, spend)], random_seed=2, **HORIZON).draws
    expected = expected * spend.expected_spend(book).mean(("chain", "draw"))
    assert (
        abs(value.mean(("chain", "draw")) - expected) < allowed(100) * value.std(("chain", "draw")) / 1000**0.5
    ).all()


def test_a_new_customer_is_alive_after_the_first_purchase_unless_of_the_share(a_share):
    share, plain = a_share.draws["first_dropout"], without(a_share)
    ours, theirs = (fit.expected_purchases_new_customer(**HORIZON).to_numpy() for fit in (a_share, plain))
    np.testing.assert_allclose(ours, (1 - share) * theirs, rtol=1e-12)
    drawn = a_share.predict_purchases_new_customer(random_seed=1, **HORIZON)
    assert abs(float(drawn.mean()) - ours.mean()) < allowed() * float(drawn.std()) / drawn.size**0.5


def test_a_new_customers_value_counts_the_share(a_share, spend):
    settings = {**HORIZON, "discount_rate": 0.0, "margin": 1.0, "random_seed": 3}
    ours, theirs = (lb.new_customer_value(fit, spend, **settings).draws for fit in (a_share, without(a_share)))
    first, share = float(spend.expected_spend_new_customer().mean()), a_share.draws["first_dropout"].mean()
    expected = first + (1 - share) * (float(theirs.mean()) - first)
    assert float(ours.mean()) == pytest.approx(
        expected, rel=0.02
    )  # the first order is theirs whether they leave or not


def test_the_prior_draws_it_and_histories_with_it(book):
    prior = lb.BGNBD(leave_at_once=True).sample_prior(book, draws=400, random_seed=1)
    share = prior["prior"]["first_dropout"].to_numpy()
    assert abs(share.mean() - 0.5) < allowed(2) * 12**-0.5 / 20
    once = (prior["prior_predictive"]["frequency"].sel(customer_id="A") == 0).to_numpy()
    assert once[share > 0.8].mean() > once[share < 0.2].mean() + 0.1


def test_replicated_histories_have_as_many_who_bought_once(book, a_share):
    seen = a_share.posterior_predictive(book, random_seed=1)["posterior_predictive"]["frequency"].sel(customer_id="A")
    values = {name: drawn.ravel() for name, drawn in a_share.draws.items()}
    chance = np.exp(LeavingAtOnce().log_likelihood(0, 0.0, 38.86, **values)).mean()
    assert abs(float((seen == 0).mean()) - chance) < allowed() * np.sqrt(chance * (1 - chance) / 1000)


def test_a_known_sign_of_life_makes_one_time_customers_alive(book, a_share, spend):
    terms = {"random_seed": 2, **HORIZON}
    order = float(spend.expected_spend(book).sel(customer_id="B").mean())
    for known, given_alive in ((["B"], True), ([], False)):
        value = lb.lifetime_value(book, [lb.RepeatPurchases(a_share, spend, known_alive=known)], **terms)
        drawn = value.draws.sel(customer_id="B").to_numpy()
        number = a_share.expected_purchases(book, given_alive=given_alive, **HORIZON).sel(customer_id="B")
        expected = float(number.mean()) * order
        assert value.summary().loc["B", "mean"] == pytest.approx(expected, rel=0.02)
        assert abs(drawn.mean() - expected) < allowed(2) * drawn.std() / drawn.size**0.5


def test_saved_read_thinned_and_shown(a_share, tmp_path):
    again = lb.load_fit(a_share.save(tmp_path / "fit.nc"))
    assert again.model == again.thin(10).model == "bg_nbd_at_once"
    assert "first_dropout 0.24" in repr(again)
    assert "first_dropout" in again.summary().index


@pytest.mark.parametrize("share", [1.0, -0.1, np.nan])
def test_an_impossible_share_is_refused(share):
    draws = {"r": [[0.2]], "alpha": [[4.0]], "a": [[0.8]], "b": [[2.4]], "first_dropout": [[share]]}
    with pytest.raises(FitError, match="first_dropout must be at least 0 and below 1"):
        lb.FittedPurchases.from_draws(draws, time_unit="week")


def test_the_share_missing_in_draws_of_its_model_is_named():
    draws = {"r": [[0.2]], "alpha": [[4.0]], "a": [[0.8]], "b": [[2.4]]}
    with pytest.raises(FitError, match="lacks first_dropout"):
        lb.FittedPurchases.from_draws(draws, time_unit="week", model="bg_nbd_at_once")


def test_regular_purchases_have_it_too(book):
    draws = {"r": [[0.4]], "alpha": [[2.0]], "a": [[0.8]], "b": [[2.4]], "first_dropout": [[0.3]]}
    fit = lb.FittedPurchases.from_draws(draws, time_unit="week", model="bg_cnbd", k=2)
    assert fit.model == "bg_cnbd_at_once"
    plain = lb.FittedPurchases.from_draws(
        {n: draws[n] for n in draws if n != "first_dropout"}, time_unit="week", model="bg_cnbd", k=2
    )
    ratio = fit.expected_purchases_new_customer(**HORIZON) / plain.expected_purchases_new_customer(**HORIZON)
    assert ratio.item() == pytest.approx(0.7)
    assert 0 < fit.probability_alive(book).sel(customer_id="B").item() < 0.7


def customers(once):
    """Forty customers in weeks, this number of whom bought once."""
    frequency = np.where(np.arange(40) < once, 0, 3)
    frame = pd.DataFrame({"customer_id": range(40), "frequency": frequency, "T": 30.0})
    return lb.Customers.from_summary(frame.assign(recency=np.where(frequency > 0, 25.0, 0.0)), time_unit="week")


@pytest.mark.parametrize(
    ("model", "once", "says"),
    [
        (lb.BGNBD(), 30, "75% of customers bought once, and BG/NBD takes all of them to be alive: BGNBD("),
        (lb.BGCNBD(k=2), 30, "BG/CNBD-k takes all of them to be alive: BGCNBD(..., leave_at_once=True)"),
        (lb.BGNBD(leave_at_once=True), 30, None),
        (lb.MBGNBD(), 30, None),
        (lb.BGNBD(), 11, "28% of customers bought once, and BG/NBD takes all of them to be alive: BGNBD("),
        (lb.BGNBD(), 10, None),
    ],
    ids=str,
)
def test_a_fit_says_what_it_takes_one_time_customers_for(model, once, says):
    fit = model.fit(customers(once), draws=200, random_seed=1, progressbar=False)
    assert ("bought once" in repr(fit)) == (says is not None)
    assert says is None or says in repr(fit)
