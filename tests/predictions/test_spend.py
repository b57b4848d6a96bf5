"""Forecasts of spend from posteriors made by hand."""

import arviz as az
import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, UnitError
from ltv_bayes.formulas.models import gamma_gamma
from tests.chance import allowed


def test_every_draw_is_the_formula(book, spend):
    found = spend.expected_spend(book)
    values = {name: drawn[1, 7] for name, drawn in spend.draws.items()}
    assert found.sel(customer_id="C").values[1, 7] == pytest.approx(
        float(gamma_gamma.expected_spend(7, 31.5, **values))
    )
    np.testing.assert_allclose(found.sel(customer_id="B"), spend.expected_spend_new_customer())


def test_ids_keep_their_own_spend(spend):
    """A peer hands back rows sorted by id under the ids as given."""
    import pandas as pd

    frame = pd.DataFrame(
        {"customer_id": [3, 1, 2], "frequency": 50, "recency": 9.0, "T": 10.0, "monetary_value": [300.0, 100.0, 200.0]}
    )
    found = spend.expected_spend(lb.Customers.from_summary(frame, time_unit="week")).mean(("chain", "draw"))
    for customer, value in ((1, 100), (2, 200), (3, 300)):
        assert float(found.sel(customer_id=customer)) == pytest.approx(value, rel=0.03)


def test_mean_of_predictive_draws_is_the_expectation(book, spend):
    drawn, expected = spend.predict_spend(book, random_seed=1), spend.expected_spend(book)
    error = drawn.std(("chain", "draw")) / np.sqrt(1000)
    assert (abs(drawn.mean(("chain", "draw")) - expected.mean(("chain", "draw"))) < allowed(100) * error).all()
    assert drawn.attrs["units"] == "USD"


def test_another_currency_is_refused(book, spend):
    euros = lb.Customers(book.table, book.time_unit, book.as_of, "EUR")
    with pytest.raises(UnitError, match="fitted in USD, the customers are in EUR"):
        spend.expected_spend(euros)


def test_loo_reads_the_pointwise_likelihood(cdnow, spend):
    assert az.loo(spend.thin(100).with_log_likelihood(cdnow)).n_data_points == 946


def test_replicated_mean_spend_leaves_out_who_did_not_spend(book, spend):
    tree = spend.posterior_predictive(book, random_seed=1)
    assert list(tree["posterior_predictive"]["customer_id"].values) == ["A", "C", "D", "E", "F"]
    assert (tree["posterior_predictive"]["monetary_value"] > 0).all()


def test_customers_in_another_unit_are_noticed(book, spend):
    cents = book.table.assign(monetary_value=book.table["monetary_value"] * 10_000)
    with pytest.warns(DataWarning, match="counted in one unit"):
        spend.expected_spend(lb.Customers(cents, book.time_unit, book.as_of))
