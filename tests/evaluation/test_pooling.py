"""Does pooling help, and are its intervals honest? Companies whose segments are known, and CDNOW by months."""

import warnings

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ConvergenceWarning
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma
from tests.chance import assert_exchangeable, assert_share, converging

pytestmark = pytest.mark.fits

SEGMENTS, MONTHS = 20, 24.0
FIT = {"random_seed": 1, "progressbar": False}
LAW = {"rate_cv": 1.0, "concentration": 3.0, "p": 4.0, "q": 4.0}


@pytest.fixture(scope="module")
def company():
    """One row a client: history, segment, what really comes, and what the truth expects."""
    rng, rows = np.random.default_rng(11), []
    for segment in range(SEGMENTS):
        rate = 0.12 * np.exp(0.5 * rng.standard_normal())
        leaving = 1 / (1 + np.exp(1.3 - 0.6 * rng.standard_normal()))
        spend = 50 * np.exp(0.5 * rng.standard_normal())
        r, a = LAW["rate_cv"] ** -2, leaving * LAW["concentration"]
        law = {"r": r, "alpha": r / rate, "a": a, "b": LAW["concentration"] - a, "v": spend * 3 / LAW["p"]}
        for client in range(int(np.exp(rng.uniform(np.log(5), np.log(150))))):
            rows.append({"customer_id": f"{segment}-{client}", "segment": f"S{segment:02d}", **law, **_life(rng, law)})
    table = pd.DataFrame(rows)
    law = {name: table[name] for name in ("r", "alpha", "a", "b")}
    purchases = bg_nbd.expected_purchases(MONTHS, bg_nbd.outlook(table.frequency, table.recency, table["T"], **law))
    each = gamma_gamma.expected_spend(
        table.frequency, table.monetary_value, p=LAW["p"], q=LAW["q"], v=table["v"].to_numpy()
    )
    return table.assign(expected=purchases * each)


def _life(rng, law):
    """What one client did up to the as-of date, and what comes within the horizon."""
    rate, leaves, T = rng.gamma(law["r"]) / law["alpha"], rng.beta(law["a"], law["b"]), rng.uniform(6, 48)
    nu, time, bought, last, past, future = rng.gamma(LAW["q"]) / law["v"], 0.0, 0, 0.0, 0.0, 0.0
    while True:
        time += rng.exponential(1 / rate)
        if time > T + MONTHS:
            break
        amount = rng.gamma(LAW["p"]) / nu
        if time <= T:
            bought, last, past = bought + 1, time, past + amount
        else:
            future += amount
        if rng.random() < leaves:
            break
    mean = past / bought if bought else 0.0
    return {"frequency": bought, "recency": last, "T": T, "monetary_value": mean, "future": future}


@pytest.fixture(scope="module")
def customers(company):
    columns = ["customer_id", "frequency", "recency", "T", "monetary_value", "segment"]
    return lb.Customers.from_summary(company[columns], time_unit="month", as_of="2025-12-31")


def per_client(customers, purchases, spend):
    """Draws of each segment's mean value per client: a frame (draws, segments)."""
    ltv = lb.lifetime_value(customers, lb.RepeatPurchases(purchases, spend), horizon="24 months", random_seed=1)
    drawn = ltv.by("segment").per_customer
    return pd.DataFrame(drawn.to_numpy().reshape(-1, drawn.shape[-1]), columns=drawn.indexes["segment"])


@pytest.fixture(scope="module", params=["short chains", pytest.param("chains", marks=pytest.mark.study)])
def pooled(request, customers):
    models = [model(pool_by="segment") for model in (lb.BGNBD, lb.GammaGamma)]
    if request.param == "chains":
        return per_client(customers, *(pooled_fit(model, customers) for model in models))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # few draws will do
        short = {"draws": 200, "tune": 300, "chains": 2}
        return per_client(customers, *(model.fit(customers, **short, **FIT) for model in models))


def pooled_fit(model, customers):
    fit = converging(lambda seed: model.fit(customers, random_seed=seed, progressbar=False), 1, 2, 3)
    verdict = fit.diagnose()
    assert verdict.rhat < 1.01
    assert verdict.divergences <= 0.001 * verdict.transitions
    return fit


def error(found, company):
    """Root mean square of the logarithm of medians over what the truth expects."""
    expected = company.groupby("segment")["expected"].mean()
    return float(np.sqrt(np.mean(np.log(found.median() / expected.reindex(found.columns)) ** 2)))


@pytest.mark.study
@pytest.mark.filterwarnings("ignore::ltv_bayes.errors.LtvBayesWarning")
def test_partial_pooling_is_nearer_to_the_truth_than_no_pooling_and_complete_pooling(company, customers, pooled):
    complete = per_client(
        customers,
        lb.BGNBD(calendar_effects=None).fit(customers, **FIT),
        lb.GammaGamma(price_growth=None).fit(customers, **FIT),
    )
    alone = {}
    for segment in company["segment"].unique():
        some = customers.subset((customers.table["segment"] == segment).to_numpy())
        fits = [model.fit(some, **FIT) for model in (lb.BGNBD(calendar_effects=None), lb.GammaGamma(price_growth=None))]
        alone[segment] = per_client(some, *fits)[segment]
    assert error(pooled, company) < 0.8 * error(complete, company)
    assert error(pooled, company) < 0.9 * error(pd.DataFrame(alone), company)


def test_intervals_hold_what_really_comes(company, pooled):
    came = company.groupby("segment")["future"].mean().reindex(pooled.columns)
    low, high = pooled.quantile(0.05), pooled.quantile(0.95)
    assert_share((low <= came) & (came <= high), 0.9)


def test_probabilities_of_comparisons_are_right_as_often_as_they_say(company, pooled):
    """Pairs share segments, so how far a share may lie off is taken from draws that play the truth."""
    came, values = company.groupby("segment")["future"].mean().reindex(pooled.columns).to_numpy(), pooled.to_numpy()
    first, second = np.triu_indices(SEGMENTS, 1)
    above = (values[:, first] > values[:, second]).mean(axis=0)
    called = np.maximum(above, 1 - above)

    def right(truth, some):
        return np.mean((truth[first] > truth[second])[some] == (above > 0.5)[some])

    for low, high in ((0.5, 0.75), (0.75, 0.95), (0.95, 1.01)):
        some = (called >= low) & (called < high)
        if some.sum() < 10:
            continue
        assert_exchangeable(lambda truth, _, some=some: right(truth, some), came, values, figures=3, times=500)


@pytest.mark.study
def test_cdnow_by_month_of_first_purchase(cdnow):
    """Cohorts that hardly differ: chains converge all the same, and the spread is found to be small."""
    month = pd.cut(cdnow.table["T"], 3, labels=["March", "February", "January"]).astype(str)
    customers = lb.Customers.from_summary(
        cdnow.table.assign(month=month).reset_index(), time_unit=cdnow.time_unit, as_of="1997-09-30"
    )
    fit = pooled_fit(lb.BGNBD(pool_by="month", calendar_effects=None), customers)
    together = lb.BGNBD(calendar_effects=None).fit(customers, **FIT)
    rate = fit.segment_draws()["mean_rate"].median(("chain", "draw"))
    assert float(rate.max() / rate.min()) < 1.5
    assert float(rate.mean()) == pytest.approx(float(together.idata["posterior"]["mean_rate"].median()), rel=0.15)
