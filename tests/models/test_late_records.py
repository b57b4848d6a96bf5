"""Records that begin later than the subscriptions: churn and residual life are those of the full records."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric as sbg
from ltv_bayes.predictions.fitted import flat_draws

ALPHA, BETA = 0.66809, 3.80610
BEGIN, AS_OF = pd.Timestamp("2021-01-01"), "2024-06-30"


def contracts(number=4000, *, notice=0, length=12, seed=5, until="2024-01-01"):
    """Contracts since 2012; who leaves gives notice up to so many days before."""
    rng = np.random.default_rng(seed)
    days = (pd.Timestamp(until) - pd.Timestamp("2012-01-01")).days
    start = pd.Timestamp("2012-01-01") + pd.to_timedelta(rng.integers(0, days, number), unit="D")
    unmade = np.minimum(rng.geometric(rng.beta(ALPHA, BETA, number)), 60)
    end = pd.DatetimeIndex([day + pd.DateOffset(months=length * int(k)) for day, k in zip(start, unmade, strict=True)])
    told = np.maximum(end - pd.to_timedelta(rng.integers(0, notice + 1, number), unit="D"), start)
    frame = pd.DataFrame({"customer_id": np.arange(number), "start": start, "cancelled_on": told, "ended": end})
    return frame.assign(segment=np.where(rng.random(number) < 0.5, "N", "S"))


def read(frame, **settings):
    return lb.summarize_renewals(frame, **{"period": "year", "as_of": AS_OF, "price": None, **settings})


def fitted(renewals, **settings):
    fit = lb.ShiftedBetaGeometric(**settings, calendar_effects=None).fit(
        renewals, draws=250, random_seed=1, progressbar=False
    )
    assert fit.converged
    return fit


@pytest.mark.parametrize(("notice", "missing"), [(0, "cancelled_on"), (300, "cancelled_on"), (300, "ended")])
def test_churn_is_that_of_all_subscriptions_though_those_that_ended_earlier_are_missing(notice, missing):
    frame = contracts(notice=notice)
    late = frame[frame[missing] >= BEGIN]
    with pytest.warns(DataWarning, match=r"renewals due before .* churn is underrated: pass records_since='20"):
        naive = fitted(read(late))
    fit = fitted(read(late, records_since=BEGIN.date()))
    life = fit.expected_residual_life(0, 0.10, period="year")
    true_life = float(sbg.discounted_expected_residual_life(1, 0.1, alpha=ALPHA, beta=BETA))
    for found, true in ((fit.survival(1), BETA / (ALPHA + BETA)), (life, true_life)):
        assert abs(float(found.mean()) - true) < 3.5 * float(found.std())
    assert float(naive.survival(1).mean()) > 0.93


def test_the_posterior_mode_is_that_of_the_conditional_likelihood_written_out():
    """Of each subscription, the product of retentions at the renewals that are observed."""
    frame = contracts()
    renewals = read(frame[frame["cancelled_on"] >= BEGIN], records_since="2021-01-01")
    table = renewals.settled()
    first, made, lost = (table[name].to_numpy(dtype=int) for name in ("observed_from", "renewals", "lost"))
    number = np.arange(made.max() + 1)
    kept = ((first[:, None] <= number) & (number < made[:, None])).sum(axis=0)
    left = np.bincount(made[lost > 0], minlength=len(number))

    def loss(logs):
        alpha, beta = np.exp(logs)
        total = alpha + beta + number
        return -np.sum(kept * np.log((beta + number) / total) + left * np.log(alpha / total))

    best = np.exp(optimize.minimize(loss, [0.0, 1.0], tol=1e-10).x)
    h = renewals.unique_histories()

    def ours(logs):
        alpha, beta = np.exp(logs)
        each = sbg.log_likelihood(h.renewals, h.lost, alpha=alpha, beta=beta, observed_from=h.observed_from)
        return -np.sum(h.count * each)

    assert ours(np.log([0.7, 4.0])) == pytest.approx(loss(np.log([0.7, 4.0])), rel=1e-10)
    draws = flat_draws(fitted(renewals))
    assert abs(np.median(draws["alpha"]) - best[0]) < 0.5 * draws["alpha"].std()


@pytest.mark.fits
def test_a_pooled_fit_takes_delayed_entry_too():
    frame = contracts(3000)
    fit = fitted(read(frame[frame["cancelled_on"] >= BEGIN], records_since="2021-01-01"), pool_by="segment")
    posterior = fit.idata["posterior"]
    churn = (posterior["alpha"] / (posterior["alpha"] + posterior["beta"])).to_numpy()
    assert abs(churn.mean() - ALPHA / (ALPHA + BETA)) < 3.5 * churn.std()


def test_only_renewals_due_since_the_day_are_observed():
    frame = pd.DataFrame(
        {
            "customer_id": ["old", "on the day", "left", "left early", "new"],
            "start": ["2015-03-01", "2015-01-01", "2016-05-01", "2014-02-01", "2021-05-01"],
            "cancelled_on": [None, None, "2022-05-01", "2019-02-01", None],
        }
    )
    table = read(frame, records_since="2021-01-01").settled()
    assert table["observed_from"].tolist() == [5, 5, 4, 4, 0]
    assert table["renewals"].tolist() == [9, 9, 5, 4, 3]
    assert table["lost"].tolist() == [False, False, True, False, False]


def test_forecasts_and_values_do_not_depend_on_what_is_observed():
    frame = contracts(60)[["customer_id", "start", "cancelled_on"]].assign(price=10.0)
    fit = lb.FittedRenewals.from_draws({"alpha": np.full((1, 50), 0.7), "beta": np.full((1, 50), 3.8)})
    found = []
    for since in (None, "2021-01-01"):
        renewals = read(frame, records_since=since, price="price")
        stream = [lb.Subscription({"year": fit}, renewals)]
        terms = {"horizon": "3 years", "discount_rate": 0.1, "margin": 1.0, "random_seed": 1}
        found.append(lb.lifetime_value(lb.all_customers(renewals), stream, **terms).draws.to_numpy())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("length", [1, 12])
def test_full_records_are_not_warned_of(length):
    period = "month" if length == 1 else "year"
    read(contracts(1500, length=length), period=period)


def test_a_few_that_ended_before_do_not_hide_that_most_are_missing():
    frame = contracts()
    some = frame[(frame["cancelled_on"] >= BEGIN) | (np.arange(len(frame)) % 100 == 0)]
    with pytest.warns(DataWarning, match=r"only \d+ failed; later .* pass records_since='2021-"):
        read(some)


def test_a_day_after_observation_is_refused():
    with pytest.raises(UnitError, match="records_since 2025-01-01 lies after as_of 2024-06-30"):
        read(contracts(10), records_since="2025-01-01")
