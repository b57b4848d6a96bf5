"""Forecasts, values and reasons of a fit with covariates that vary in time."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.scoring.packing import Packing, Unpacking
from tests.chance import allowed

ALPHA, BETA, SLOPE, AS_OF = 0.9, 7.0, -0.6, "2024-06-30"
DRAWS = 4000


def fit_of(*, c=None, left=(1.0, 1.0), size=DRAWS, slopes=(SLOPE,), together=((1.0,),), names=("health",)):
    """A fit in which ten points of health less than 60 multiply the hazard by exp(0.6); left as in `Persistence`."""
    same = np.full((1, size), 1.0)
    draws = {"alpha": ALPHA * same, "beta": BETA * same, **({} if c is None else {"c": c * same})}
    plain = lb.FittedRenewals.from_draws(draws, periods="month", random_seed="0")
    tree = plain.idata.copy()
    posterior = tree["posterior"].to_dataset()
    for name, slope in zip(names, slopes, strict=True):
        posterior[f"churn_slope_{name}"] = (("chain", "draw"), slope * same)
    tree["posterior"] = type(tree)(posterior)
    kept = {"names": names, "centre": [60.0] * len(names), "scale": [10.0] * len(names)}
    tree.attrs["time_varying"] = json.dumps({**kept, "left": [left] * len(names), "together": together})
    return lb.FittedRenewals(tree)


@pytest.fixture(scope="module")
def records():
    frame = {"customer_id": ["Ada", "Bo", "Cleo"], "start": ["2024-01-31", "2024-03-10", "2024-06-30"]}
    return lb.summarize_renewals(
        pd.DataFrame({**frame, "cancelled_on": None, "price": [10.0, 20.0, 30.0]}), as_of=AS_OF
    )


@pytest.fixture(scope="module")
def renewals(records):
    """Ada falls from 70 to 40, Bo stays at 60; of Cleo nothing is known."""
    rows = [("Ada", "2024-01-01", 70), ("Ada", "2024-05-01", 40), ("Bo", "2024-01-01", 60)]
    with pytest.warns(DataWarning, match="Cleo"):
        return records.with_covariates(pd.DataFrame(rows, columns=["customer_id", "date", "health"]))


def weights(customer, ahead, left=(1.0, 1.0), c=1.0):
    """What renewals of the three count, made and to come, by hand."""
    made = {"Ada": [1, 1, 1, -2, -2], "Bo": [0, 0, 0], "Cleo": []}[customer]
    due = pd.date_range("2024-07-31", periods=ahead, freq="ME") if customer == "Ada" else None
    due = pd.to_datetime([f"2024-{7 + k:02}-10" for k in range(ahead)]) if customer == "Bo" else due
    due = pd.to_datetime([f"2024-{7 + k:02}-30" for k in range(ahead)]) if customer == "Cleo" else due
    days = (due - pd.Timestamp(AS_OF)).days.to_numpy()
    kept = left[0] + (1 - left[0]) * 0.5 ** (days / left[1])
    now, kept = {"Ada": (-2, kept), "Bo": (0, kept), "Cleo": (0, 0 * kept)}[customer]
    log = np.append(SLOPE * np.array(made), SLOPE * now * kept + SLOPE**2 * (1 - kept**2) / 2)
    number = np.arange(1.0, log.size + 1)
    return np.exp(log) * (number**c - (number - 1) ** c), len(made)


def survival(found, made):
    before, ahead = found[:made].sum(), np.cumsum(found[made:])
    return shifted_beta_geometric.survival(ahead, alpha=ALPHA, beta=BETA, renewals=before)


@pytest.mark.parametrize("left", [(1.0, 1.0), (0.3, 45.0)])
@pytest.mark.parametrize("c", [None, 1.6])
def test_forecasts_have_the_survival_of_what_was_known(renewals, left, c):
    fit = fit_of(left=left, c=c)
    drawn = fit.predict_renewals(renewals, 5, random_seed=1)
    customers = lb.all_customers(renewals)
    stream, terms = lb.Subscription(fit, renewals), {"horizon": "5 months", "discount_rate": 0.0, "random_seed": 2}
    flow = lb.lifetime_value(customers, stream, **terms).draws
    price = {"Ada": 10.0, "Bo": 20.0, "Cleo": 30.0}
    for customer in price:
        kept = survival(*weights(customer, 5, left, c or 1.0))
        for more, chance in enumerate(kept, 1):
            share = float((drawn.sel(customer_id=customer) >= more).mean())
            assert abs(share - chance) < allowed(60) * np.sqrt(chance * (1 - chance) / DRAWS)
        own = flow.sel(customer_id=customer).to_numpy().ravel() / price[customer]
        assert abs(own.mean() - kept.sum()) < allowed(60) * own.std() / np.sqrt(DRAWS)


def test_residual_life_is_the_sum_of_survival(renewals):
    left = (0.3, 45.0)
    few = fit_of(left=left, size=2)
    life = few.expected_residual_life(renewals, 0.5)
    found, made = weights("Bo", 5, left)
    last = np.exp(SLOPE**2 * (1 - left[0] ** 2) / 2)
    days = (pd.to_datetime("2024-07-10") - pd.Timestamp(AS_OF)).days
    due = pd.date_range("2024-07-01", periods=900, freq="MS") + pd.Timedelta(days=9)
    kept = left[0] + (1 - left[0]) * 0.5 ** ((due - pd.Timestamp(AS_OF)).days / left[1])
    ahead = np.exp(SLOPE**2 * (1 - kept.to_numpy() ** 2) / 2)
    assert ahead[-1] == pytest.approx(last)
    months = survival(np.append(found[:made], ahead), made)
    expected = np.sum(months * 1.5 ** -(np.arange(900) / 12)) * 1.5 ** (-days / 365.25)
    assert float(life.sel(customer_id="Bo")[0, 0]) == pytest.approx(expected, rel=1e-3)


def test_of_whom_nothing_is_known_counts_like_all(renewals):
    """Numbers of renewals, and new customers: the mean factor of normal scores."""
    fit, mean = fit_of(size=2), np.exp(SLOPE**2 / 2)
    months = np.arange(6)
    expected = shifted_beta_geometric.survival(mean * months, alpha=ALPHA, beta=BETA, renewals=2 * mean)
    np.testing.assert_allclose(fit.survival(months, renewals=2)[0, 0], expected)
    np.testing.assert_allclose(fit.retention([2])[0, 0, 0], expected[1])
    value = lb.new_customer_value(fit, price=10.0, horizon="6 months", discount_rate=0.0, margin=1.0)
    paid = shifted_beta_geometric.survival(mean * months, alpha=ALPHA, beta=BETA).sum()
    assert float(value.summary()["mean"].iloc[0]) == pytest.approx(10 * paid)
    life = fit.expected_residual_life([2], 0.1)
    number = np.arange(1.0, 4000)
    kept = shifted_beta_geometric.survival(mean * number, alpha=ALPHA, beta=BETA, renewals=2 * mean)
    assert float(life[0, 0, 0]) == pytest.approx(np.sum(kept * 1.1 ** (-(number - 1) / 12)), rel=1e-6)


def test_two_covariates_move_together(renewals):
    names, slopes = ("health", "tickets"), np.array([-0.6, 0.4])
    both = fit_of(names=names, slopes=slopes, together=((1.0, -0.5), (-0.5, 1.0)), size=1)
    variance = slopes @ np.array([[1.0, -0.5], [-0.5, 1.0]]) @ slopes
    expected = shifted_beta_geometric.survival(np.exp(variance / 2), alpha=ALPHA, beta=BETA)
    np.testing.assert_allclose(both.retention([0])[0, 0, 0], expected)


def test_whose_renewal_is_at_risk_and_why(renewals):
    fit = fit_of(left=(0.5, 90.0))
    value = lb.lifetime_value(
        lb.all_customers(renewals), lb.Subscription(fit, renewals), horizon="1 year", random_seed=1
    )
    table = lb.at_risk(value, within="2 months", least=0.0).summary()
    for customer in ("Ada", "Bo"):
        chance = 1 - survival(*weights(customer, 1, (0.5, 90.0)))[0]
        assert table.loc[customer, "probability_not_renewed"] == pytest.approx(chance)
    assert table.loc["Ada", "reason"].startswith("health 40, against 60 on average")
    assert "health" not in table.loc["Cleo", "reason"]


def test_a_fit_asks_for_its_covariates(records, renewals):
    fit = fit_of(size=10)
    with pytest.raises(ColumnError, match=r"no health by date.*with_covariates"):
        fit.predict_renewals(records, 3)
    with pytest.raises(ColumnError, match=r"no health by date.*with_covariates"):
        lb.Subscription(fit, records)
    other = pd.DataFrame({"customer_id": ["Ada", "Bo", "Cleo"], "date": "2024-01-01", "usage": [1, 2, 3]})
    with pytest.raises(ColumnError, match="There is no 'health' by date"):
        lb.Subscription(fit, records.with_covariates(other))


def test_saved_and_loaded(renewals, tmp_path):
    fit = fit_of(left=(0.3, 45.0), size=10)
    again = lb.load_fit(fit.save(tmp_path / "fit.nc"))
    assert repr(again) == repr(fit)
    assert "health: each 10 more multiplies" in repr(fit)
    packing = Packing()
    written = packing.pack(renewals)
    read = Unpacking(packing.files.__getitem__).unpack(written)
    np.testing.assert_array_equal(again.predict_renewals(read, 3, 1), fit.predict_renewals(renewals, 3, 1))


def test_a_slice_is_valued_as_the_whole(renewals):
    fit = fit_of(left=(0.3, 45.0), size=50)
    terms = {"horizon": "1 year", "random_seed": 3}
    customers = lb.all_customers(renewals)
    whole = lb.lifetime_value(customers, lb.Subscription(fit, renewals), **terms).draws
    alone = lb.lifetime_value(customers.subset(["Bo"]), lb.Subscription(fit, renewals), **terms).draws
    np.testing.assert_array_equal(whole.sel(customer_id="Bo"), alone.sel(customer_id="Bo"))
