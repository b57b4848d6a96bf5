"""Settings of models: what fit refuses before it starts."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.customers.histories import unique_spend
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.models.gamma_gamma import frequency_spend_correlation

PURCHASES = [lb.BGNBD(), lb.MBGNBD(), lb.NBD(), lb.BGCNBD(k=3), lb.MBGCNBD(k=3)]


def customers(frequency, T=10.0, **columns):
    rows = range(len(frequency))
    frame = pd.DataFrame(
        {
            "customer_id": rows,
            "frequency": frequency,
            "recency": [min(f, 1) * T / 2 for f in frequency],
            "T": T,
            **columns,
        }
    )
    return lb.Customers.from_summary(frame, time_unit="week")


@pytest.mark.parametrize("model", PURCHASES, ids=lambda model: type(model).__name__)
def test_one_customer_cannot_show_a_population(model):
    with pytest.raises(InputError, match="at least two") as caught:
        model.fit(customers([3]))
    assert caught.value.rows == (0,)


def test_spend_needs_repeat_buyers():
    with pytest.raises(InputError, match="None of the 3 customers has a repeat order"):
        lb.GammaGamma().fit(customers([0, 0, 0]))


def test_spend_needs_two_repeat_buyers():
    with pytest.raises(InputError, match="Only one customer"):
        lb.GammaGamma().fit(customers([0, 2], monetary_value=[0.0, 10.0]))


@pytest.mark.parametrize("model", PURCHASES, ids=lambda model: type(model).__name__)
def test_nobody_observed_for_any_time(model):
    with pytest.raises(InputError, match="later as_of"):
        model.fit(customers([0, 0], T=0.0))


def test_usual_rate_follows_the_time_unit(book):
    """A week has seven days, so a rate per day is a seventh of that per week; how customers differ has no unit."""
    week, day = (lb.NBD().default_priors(some) for some in (book, book.in_time_unit("day")))
    (_, mu), (_, sigma) = week["mean_rate"].parameters
    assert dict(day["mean_rate"].parameters) == pytest.approx({"mu": mu - np.log(7), "sigma": sigma})
    assert mu == pytest.approx(np.log(book.table["frequency"].sum() / book.table["T"].sum()))
    assert day["rate_cv"] == week["rate_cv"]


def test_usual_spend_is_the_mean_of_orders_and_its_correlation_that_of_customers():
    """Many small customers and a large one, alike ones among them: orders weigh in the mean, customers in the other."""
    frequency, value = [9, 1, 1, 1, 1, 1, 2], [100.0, 10.0, 10.0, 10.0, 10.0, 30.0, 20.0]
    some = customers(frequency, monetary_value=value)
    mu = dict(lb.GammaGamma().default_priors(some)["mean_spend"].parameters)["mu"]
    assert mu == pytest.approx(np.log(np.dot(frequency, value) / np.sum(frequency)))
    found = frequency_spend_correlation(unique_spend(some))
    assert found == pytest.approx(np.corrcoef(frequency, value)[0, 1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"method": "nut"}, "Did you mean 'nuts'"), ({"draws": 0}, "draws must be"), ({"chains": 1.5}, "chains must be")],
)
def test_wrong_settings_are_named(book, settings, message):
    with pytest.raises(FitError, match=message):
        lb.BGNBD().fit(book, **settings)


@pytest.mark.parametrize("model", [lb.BGCNBD, lb.MBGCNBD])
def test_k_is_shown_as_it_is_written(model):
    assert repr(model(k=np.int64(3))) == f"{model.__name__}(priors={{}}, k=3)"
    assert type(model(k=np.int64(3)).k) is int


def test_models_are_frozen():
    with pytest.raises(AttributeError):
        lb.BGNBD().priors = {}


@pytest.mark.parametrize("fit", [lb.BGNBD().fit, lb.GammaGamma().fit, lb.BGNBD().build, lb.NBD().fit])
def test_a_bare_frame_is_no_customers(book, fit):
    with pytest.raises(InputError, match=r"not a DataFrame.*from_summary"):
        fit(book.table)
