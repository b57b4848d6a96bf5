"""Clients of whom many leave right after the first purchase: what two models say of who is alive."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from tests.chance import allowed, assert_plausible, off_calibration

pytestmark = pytest.mark.fits

SIZE, BINS = 20_000, ((0.02, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.98))


@pytest.fixture(scope="module")
def world():
    """Histories of up to three years by the process itself, in months, and who is alive."""
    rng = np.random.default_rng(31)
    T, rate, leaving = rng.uniform(1, 36, SIZE), rng.gamma(1.2, 1 / 4.0, SIZE), rng.beta(0.9, 1.6, SIZE)
    frequency, recency, now = np.zeros(SIZE, int), np.zeros(SIZE), np.zeros(SIZE)
    open_end, alive = rng.random(SIZE) >= leaving, np.zeros(SIZE, bool)
    while open_end.any():
        now = np.where(open_end, now + rng.exponential(1 / rate), now)
        alive |= open_end & (now > T)
        bought = open_end & (now <= T)
        frequency, recency = frequency + bought, np.where(bought, now, recency)
        open_end = bought & (rng.random(SIZE) >= leaving)
    frame = pd.DataFrame({"customer_id": np.arange(SIZE), "frequency": frequency, "recency": recency, "T": T})
    return lb.Customers.from_summary(frame, time_unit="month"), alive


@pytest.fixture(scope="module")
def fits(world):
    settings = {"random_seed": 5, "progressbar": False}
    return {
        fit.model: fit
        for fit in (
            model.fit(world[0], **settings)
            for model in (lb.BGNBD(calendar_effects=None), lb.MBGNBD(calendar_effects=None))
        )
    }


@pytest.fixture(scope="module")
def said(world, fits):
    """P(alive) by each model: posterior draws of shape (draws, customers)."""
    return {name: fit.thin(100).probability_alive(world[0]).to_numpy().reshape(-1, SIZE) for name, fit in fits.items()}


def groups(drawn, kind):
    expected = drawn.mean(axis=0)
    found = [kind & (expected > low) & (expected <= high) for low, high in BINS]
    return [group for group in found if group.sum() >= 30]


@pytest.mark.parametrize("once", [True, False], ids=["bought once", "came back"])
def test_leaving_at_once_is_calibrated_in_every_bin(world, said, once):
    customers, alive = world
    kind = (customers.table["frequency"].to_numpy() == 0) == once
    found = groups(said["mbg_nbd"], kind)
    assert len(found) >= 3
    for group in [*found, kind]:
        assert abs(off_calibration(said["mbg_nbd"], alive, group)[0]) < allowed(len(found) + 1)


def test_without_it_who_bought_once_is_thought_alive(world, said):
    customers, alive = world
    once = customers.table["frequency"].to_numpy() == 0
    assert (said["bg_nbd"][:, once] == 1).all()
    assert off_calibration(said["bg_nbd"], alive, once)[1] < -0.7  # a quarter of them are alive


def test_without_it_who_came_back_is_misjudged_too(world, said):
    """What leaving at once does to the numbers is then laid to rates and to later leaving, which are those of all."""
    customers, alive = world
    back = customers.table["frequency"].to_numpy() > 0
    misses = [off_calibration(said["bg_nbd"], alive, group) for group in groups(said["bg_nbd"], back)]
    assert max(abs(errors) for errors, _ in misses) > 6
    assert max(abs(off) for _, off in misses) > 0.08


def test_parameters_lie_in_their_posterior(fits):
    for name, truth in {"r": 1.2, "alpha": 4.0, "a": 0.9, "b": 1.6}.items():
        assert_plausible(np.log(truth), np.log(fits["mbg_nbd"].draws[name]), figures=4)
