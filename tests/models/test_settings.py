"""Settings of models: what fit refuses before it starts."""

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError


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


def test_one_customer_cannot_show_a_population():
    with pytest.raises(InputError, match="at least two") as caught:
        lb.BGNBD().fit(customers([3]))
    assert caught.value.rows == (0,)


def test_spend_needs_repeat_buyers():
    with pytest.raises(InputError, match="None of the 3 customers has a repeat order"):
        lb.GammaGamma().fit(customers([0, 0, 0]))


def test_spend_needs_two_repeat_buyers():
    with pytest.raises(InputError, match="Only one customer"):
        lb.GammaGamma().fit(customers([0, 2], monetary_value=[0.0, 10.0]))


def test_nobody_observed_for_any_time():
    with pytest.raises(InputError, match="later as_of"):
        lb.BGNBD().fit(customers([0, 0], T=0.0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"method": "nut"}, "Did you mean 'nuts'"), ({"draws": 0}, "draws must be"), ({"chains": 1.5}, "chains must be")],
)
def test_wrong_settings_are_named(book, settings, message):
    with pytest.raises(FitError, match=message):
        lb.BGNBD().fit(book, **settings)


def test_models_are_frozen():
    with pytest.raises(AttributeError):
        lb.BGNBD().priors = {}


@pytest.mark.parametrize("fit", [lb.BGNBD().fit, lb.GammaGamma().fit, lb.BGNBD().build])
def test_a_bare_frame_is_no_customers(book, fit):
    with pytest.raises(InputError, match=r"not a DataFrame.*from_summary"):
        fit(book.table)
