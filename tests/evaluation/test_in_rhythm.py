"""Businesses whose customers buy in rhythm, simulated gap by gap: what models of rhythm get right, and others not."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.evaluation.count_calibration import CountDistribution
from tests.chance import allowed, assert_plausible, converging, off_calibration
from tests.evaluation.test_leaving_at_once import groups

pytestmark = pytest.mark.fits

SIZE, K, HORIZON = 3000, 3, 12.0
TRUTH = {"r": 3.0, "alpha": 4.0, "a": 1.0, "b": 7.0}  # one purchase in four months on average
QUIET = {"random_seed": 1, "progressbar": False}


def business(k, *, at_once, seed):
    """Histories of up to three years, in months; who is alive; purchases in the year after."""
    rng = np.random.default_rng(seed)
    T, rate = rng.uniform(6, 36, SIZE), rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], SIZE)
    leaving = rng.beta(TRUTH["a"], TRUTH["b"], SIZE)
    x, t_x, now, coming = (np.zeros(SIZE) for _ in range(4))
    here, alive = rng.random(SIZE) >= leaving * at_once, np.zeros(SIZE, bool)
    while here.any():
        now = np.where(here, now + rng.gamma(k, size=SIZE) / rate, now)
        alive |= here & (now > T)
        seen = here & (now <= T)
        x, t_x, coming = x + seen, np.where(seen, now, t_x), coming + (here & (now > T) & (now <= T + HORIZON))
        here &= (now <= T + HORIZON) & (rng.random(SIZE) >= leaving)
    frame = pd.DataFrame({"customer_id": np.arange(SIZE), "frequency": x.astype(int), "recency": t_x, "T": T})
    return lb.Customers.from_summary(frame, time_unit="month"), alive, coming


@pytest.fixture(scope="module", params=[False, True], ids=["BG", "MBG"])
def world(request):
    in_rhythm, random = (
        (lb.MBGCNBD(k=K, calendar_effects=None), lb.MBGNBD(calendar_effects=None))
        if request.param
        else (lb.BGCNBD(k=K, calendar_effects=None), lb.BGNBD(calendar_effects=None))
    )
    customers, alive, coming = business(K, at_once=request.param, seed=11)
    fits = {"rhythm": in_rhythm.fit(customers, **QUIET), "random": random.fit(customers, **QUIET)}
    return customers, alive, coming, fits


def said_alive(fit, customers):
    return fit.thin(50).probability_alive(customers).to_numpy().reshape(-1, SIZE)


def test_parameters_lie_in_their_posterior(world):
    *_, fits = world
    for name, truth in TRUTH.items():
        assert_plausible(np.log(truth), np.log(fits["rhythm"].draws[name]), figures=4)


def test_who_is_alive_is_calibrated_where_random_purchases_are_not(world):
    customers, alive, _, fits = world
    back = customers.table["frequency"].to_numpy() > 0
    drawn = said_alive(fits["rhythm"], customers)
    found = groups(drawn, back)
    assert len(found) >= 4
    for group in [*found, back]:
        assert abs(off_calibration(drawn, alive, group)[0]) < allowed(len(found) + 1)
    drawn = said_alive(fits["random"], customers)
    misses = [off_calibration(drawn, alive, group) for group in groups(drawn, back)]
    assert max(abs(errors) for errors, _ in misses) > 6
    assert max(abs(off) for _, off in misses) > 0.08


def test_who_is_silent_for_three_usual_gaps_has_left(world):
    customers, alive, _, fits = world
    table = customers.table
    usual_gap = table["recency"] / table["frequency"].clip(lower=1)
    silent = ((table["frequency"] >= 3) & (table["T"] - table["recency"] > 3 * usual_gap)).to_numpy()
    rhythm, random = (said_alive(fits[name], customers) for name in ("rhythm", "random"))
    assert abs(off_calibration(rhythm, alive, silent)[0]) < allowed()
    assert random[:, silent].mean() > alive[silent].mean() + 0.2


def test_a_year_ahead_is_forecast_better_than_by_random_purchases(world):
    """Totals, errors of single customers, and the density of what each bought."""
    customers, _, coming, fits = world
    rhythm, random = (
        fits[name].thin(50).predict_purchases(customers, "12 months", random_seed=1).to_numpy().reshape(-1, SIZE)
        for name in ("rhythm", "random")
    )
    totals = rhythm.sum(axis=1)
    assert_plausible(coming.sum(), totals)
    errors = [(coming - drawn.mean(axis=0)) ** 2 for drawn in (rhythm, random)]
    better = errors[1] - errors[0]
    assert better.mean() > 4 * better.std() / np.sqrt(SIZE)
    scores = [np.log(((drawn == coming).mean(axis=0) * 200 + 0.5) / 201) for drawn in (rhythm, random)]
    better = scores[0] - scores[1]
    assert better.mean() > 4 * better.std() / np.sqrt(SIZE)


@pytest.mark.study
def test_the_data_say_which_shape_they_have():
    """Frequency and recency alone tell k = 3 from 1, 2 and 6: log predictive densities are of the same histories."""
    customers, *_ = business(K, at_once=False, seed=12)
    density = {}
    for k in (1, 2, 3, 6):
        each = (
            lb.BGCNBD(k=k, calendar_effects=None)
            .fit(customers, **QUIET)
            .thin(50)
            .with_log_likelihood(customers)["log_likelihood"]["history"]
            .to_numpy()
            .reshape(-1, SIZE)
        )
        density[k] = np.sum(np.log(np.exp(each).mean(axis=0)))
    assert max(density, key=density.get) == K


def off_uniform(test):
    """The distance whose p-value a backtest gives."""
    drawn = test.predicted_purchases.transpose("chain", "draw", ...).to_numpy().reshape(-1, len(test.actual))
    return CountDistribution(drawn.astype(int)).distance_from_uniform(test.actual["purchases"].to_numpy(dtype=int))


def test_a_backtest_of_an_order_log_takes_it():
    """From a log: the regularity, the whole k, the fit and the holdout."""
    rng, rows = np.random.default_rng(3), []
    for one in range(600):
        rate, day, leaving = rng.gamma(8, 1 / 8), rng.uniform(0, 500), rng.beta(1, 9)
        rows.append((one, day))
        while (day := day + 90 * rng.gamma(4) / 4 / rate) < 1840:
            rows.append((one, day))
            if rng.random() < leaving:
                break
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    log = log.assign(date=pd.Timestamp("2019-01-01") + pd.to_timedelta(log.pop("day") // 1, unit="D"))
    orders = lb.read_transactions(log.assign(amount=rng.gamma(5, 20, len(log))))
    as_of = "2022-12-31"
    found = lb.check_regularity(orders, as_of=as_of)
    assert found.whole_k == 4
    assert "BGCNBD(k=4)" in found.sentence
    settings = {"as_of": as_of, "horizon": "1 year", "time_unit": "month", "observed_until": "2023-12-31", **QUIET}
    tests = {
        name: lb.backtest(orders, purchases=model, draws=250, **settings)
        for name, model in {
            "rhythm": lb.BGCNBD(k=found.whole_k, calendar_effects=None),
            "random": lb.BGNBD(calendar_effects=None),
        }.items()
    }
    bought = tests["rhythm"].actual["purchases"]
    assert_plausible(bought.sum(), tests["rhythm"].predicted_purchases.sum("customer_id").to_numpy(), figures=2)
    assert off_uniform(tests["rhythm"]) < off_uniform(tests["random"]) / 2
    assert tests["random"].pit_p_value() < 0.01
    tracked = tests["rhythm"].tracking().iloc[-1]
    assert abs(tracked["predicted"] / tracked["actual"] - 1) < 0.15


@pytest.mark.study
def test_segments_in_rhythm_have_their_own_rates():
    """Pooled by a column: rates that differ by a factor of two between segments, at the same k."""
    rng, size = np.random.default_rng(5), 900
    segment = rng.choice(["A", "B", "C"], size)
    level = pd.Series(segment).map({"A": 0.5, "B": 1.0, "C": 2.0}).to_numpy()
    T, rate, leaving = rng.uniform(10, 40, size), level * rng.gamma(3, 1 / 3, size), rng.beta(1, 7, size)
    x, t_x, now, here = np.zeros(size), np.zeros(size), np.zeros(size), np.ones(size, bool)
    while here.any():
        now = np.where(here, now + rng.gamma(K, size=size) / K / rate * 4, now)
        here &= now <= T
        x, t_x = x + here, np.where(here, now, t_x)
        here &= rng.random(size) >= leaving
    frame = pd.DataFrame({"customer_id": range(size), "frequency": x, "recency": t_x, "T": T, "segment_of": segment})
    customers = lb.Customers.from_summary(frame, time_unit="month")
    model = lb.BGCNBD(k=K, calendar_effects=None, pool_by="segment_of")
    fit = converging(lambda seed: model.fit(customers, random_seed=seed, progressbar=False), 1, 2, 3)
    drawn = fit.segment_draws()["mean_rate"]
    for name, rate in {"A": 0.125, "B": 0.25, "C": 0.5}.items():
        of_segment = np.log(drawn.sel(segment_of=name))
        assert_plausible(np.log(rate), of_segment, figures=3)
        assert of_segment.std() < np.log(2) / 6
    alone = fit.of_segment(segment_of="C").probability_alive(customers.subset([0]))
    assert (fit.of_segment(segment_of="A").probability_alive(customers.subset([0])) != alone).any()
