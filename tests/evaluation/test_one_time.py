"""What hangs on customers who bought once: shares by hand, the comparison against leave-one-out, the words."""

from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.evaluation.one_time import OneTimeCheck
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from ltv_bayes.predictions.fitted import flat_draws
from ltv_bayes.time_units import as_duration


@pytest.fixture(scope="module")
def check(book, purchases, leaving_at_once, a_share):
    return lb.check_one_time(book, purchases, leaving_at_once, a_share, horizon="39 weeks")


def test_shares_are_those_of_the_forecasts(check, book, purchases, leaving_at_once, a_share):
    for fit in (purchases, leaving_at_once):
        expected = fit.thin(200).expected_purchases(book, "39 weeks").mean(("chain", "draw"))
        share = float(expected.sel(customer_id="B") / expected.sum())
        assert check.table.loc[fit.model, "share"] == pytest.approx(share)
    assert check.table.loc["bg_nbd", "probability_alive"] == 1
    alive = leaving_at_once.thin(200).probability_alive(book).sel(customer_id="B").mean()
    assert check.table.loc["mbg_nbd", "probability_alive"] == pytest.approx(float(alive))
    alive = a_share.thin(200).probability_alive(book).sel(customer_id="B").mean()
    assert check.table.loc["bg_nbd_at_once", "probability_alive"] == pytest.approx(float(alive))
    assert 0.4 < alive < 1


def test_with_spend_shares_are_of_revenue(check, book, purchases, leaving_at_once, a_share, spend):
    found = lb.check_one_time(book, purchases, leaving_at_once, a_share, spend=spend, horizon="39 weeks")
    money = purchases.thin(200).expected_purchases(book, "39 weeks").mean(("chain", "draw"))
    money = money * spend.thin(200).expected_spend(book).median(("chain", "draw"))
    assert found.table.loc["bg_nbd", "share"] == pytest.approx(float(money.sel(customer_id="B") / money.sum()))
    assert "of the revenue within 39 weeks" in found.sentence


def test_expected_numbers_by_age_are_sums_of_chances(cdnow, purchases, leaving_at_once, a_share):
    found = lb.check_one_time(cdnow, purchases, leaving_at_once, a_share, horizon="39 weeks").by_age
    assert found["customers"].sum() == len(cdnow)
    assert found["one_time"].sum() == 1411
    assert found["customers"].between(400, 800).all()
    T = cdnow.table["T"].to_numpy()
    for fit, module in ((purchases, bg_nbd), (leaving_at_once, mbg_nbd)):
        draws = {name: values[:, np.newaxis] for name, values in flat_draws(fit.thin(200)).items()}
        chance = bg_nbd.probability_of_purchases(0, T, module.outlook_of_new_customer(**draws)).mean(axis=0)
        assert found[fit.model].sum() == pytest.approx(chance.sum())
        young = np.quantile(T, 0.25) > T
        assert found[fit.model][0] / found["customers"][0] == pytest.approx(chance[young].mean(), abs=0.01)


def test_predictive_density_is_near_that_of_leave_one_out(cdnow, purchases, leaving_at_once, a_share):
    some = cdnow.subset(np.arange(len(cdnow)) % 4 == 0)
    found = lb.check_one_time(some, purchases, leaving_at_once, a_share, horizon="39 weeks")
    each = {}
    for fit in (purchases, leaving_at_once):
        loo = az.loo(fit.thin(200).with_log_likelihood(some), pointwise=True)
        assert found.table.loc[fit.model, "log_predictive"] == pytest.approx(loo.elpd, abs=0.25)
        each[fit.model] = np.asarray(loo.elpd_i)
    apart = each["mbg_nbd"] - each["bg_nbd"]
    assert found.difference == pytest.approx(apart.sum(), abs=0.125)
    assert found.error == pytest.approx(apart.std(ddof=1) * np.sqrt(apart.size), rel=0.05)


def test_time_units_of_fits_do_not_matter(cdnow, purchases, leaving_at_once, a_share):
    days = lb.FittedPurchases.from_draws({**purchases.draws, "alpha": purchases.draws["alpha"] * 7}, time_unit="day")
    some = cdnow.subset(np.arange(len(cdnow)) % 4 == 0)
    by_week, by_day = (
        lb.check_one_time(some, fit, leaving_at_once, a_share, horizon="39 weeks") for fit in (purchases, days)
    )
    pd.testing.assert_frame_equal(by_week.by_age, by_day.by_age)
    np.testing.assert_allclose(by_week.table["share"], by_day.table["share"])


def verdict(difference, one_time=60, caution=""):
    table = pd.DataFrame(
        {"probability_alive": [1.0, 0.4, 0.7], "share": [0.3, 0.1, 0.2]},
        index=pd.Index(["bg_nbd", "mbg_nbd", "bg_nbd_at_once"], name="model"),
    )
    return OneTimeCheck(
        100, one_time, as_duration("3 years"), "purchases", table, pd.DataFrame(), difference, 4.0, caution=caution
    )


@pytest.mark.parametrize(
    ("difference", "favours", "words"),
    [
        (20.0, "mbg_nbd", "The data favour MBG/NBD (log predictive density 20 higher, standard error 4)"),
        (-20.0, "bg_nbd", "The data favour BG/NBD"),
        (5.0, None, "do not tell BG/NBD and MBG/NBD apart"),
    ],
)
def test_the_sentence(difference, favours, words):
    found = verdict(difference)
    assert found.favours == favours
    assert found.misleads == (favours == "mbg_nbd")
    assert found.sentence.startswith(
        "60 of 100 customers (60%) bought once. BG/NBD takes all of them to be alive and expects 30% of the purchases "
        "within 3 years from them; MBG/NBD takes 40% of them to be alive and expects 10%; BGNBD(leave_at_once=True), "
        "70% and 20%. "
    )
    assert words in found.sentence


def test_shown_it_is_the_sentence_in_lines():
    found = verdict(20.0)
    assert " ".join(repr(found).split("\n")) == found.sentence
    assert max(map(len, repr(found).split("\n"))) <= 100


def test_where_clocks_start_on_a_given_day_they_never_ordered(purchases, leaving_at_once, a_share):
    orders = lb.read_transactions(pd.DataFrame({"customer_id": ["A"], "date": ["2024-03-01"], "amount": [5.0]}))
    customers = lb.summarize(orders, as_of="2024-06-30", since={"A": "2024-01-01", "B": "2024-01-01"})
    found = lb.check_one_time(customers, purchases, leaving_at_once, a_share)
    assert found.sentence.startswith("1 of 2 customers (50%) never ordered. BG/NBD takes")


def test_nobody_bought_once():
    found = verdict(20.0, one_time=0)
    assert found.sentence == "Of 100 customers, none bought once."
    assert not found.misleads


def test_an_unconverged_fit_is_said_to_be():
    assert verdict(5.0, caution="fit did not converge").sentence.endswith("Caution: fit did not converge.")


def test_other_fits_are_refused(book, spend):
    with pytest.raises(InputError, match="spend="):
        lb.check_one_time(book, spend)


@pytest.mark.fits
def test_fits_what_is_missing(cdnow, cdnow_fits):
    found = lb.check_one_time(cdnow, cdnow_fits[0], horizon="39 weeks", random_seed=1, progressbar=False)
    assert found.favours is None
    assert found.table.loc["mbg_nbd", "probability_alive"] < 0.5


@pytest.mark.parametrize(
    ("difference", "stated"),
    [
        (3.71, "(MBG/NBD is ahead by 3.71 in log predictive density, standard error 3.91)"),
        (-3.71, "(BG/NBD is ahead by 3.71 in log predictive density, standard error 3.91)"),
        (0.0, "(both have the same log predictive density, standard error 3.91)"),
    ],
)
def test_without_a_verdict_the_sentence_still_says_which_is_ahead(check, difference, stated):
    assert stated in replace(check, difference=difference, error=3.91).sentence


def test_a_pooled_fit_is_told_to_stay_out(book, channel_fits):
    with pytest.raises(
        InputError, match=r"this fit is pooled\. Leave it out of the call, and the plain ones are fitted"
    ):
        lb.check_one_time(book, channel_fits[0])
