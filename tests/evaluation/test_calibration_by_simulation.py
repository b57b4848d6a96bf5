"""Simulation-based calibration of every model and of lifetime value; an error of 10% is found."""

import pytest

import ltv_bayes as lb
from tests.calibration import Shopping, Subscribing, simulated
from tests.chance import FALSE_ALARM

STUDIES = {
    "BG/NBD, gamma-gamma, value": Shopping(lb.BGNBD, value=True),
    "MBG/NBD": Shopping(lb.MBGNBD, at_once=True),
    "BG/CNBD-3": Shopping(lb.BGCNBD, k=3),
    "MBG/CNBD-2": Shopping(lb.MBGCNBD, k=2, at_once=True),
    "NBD": Shopping(lb.NBD, leaves=False),
    "subscriptions": Subscribing(),
    "subscriptions in late records": Subscribing(late=True),
    "BG/NBD, gamma-gamma, value, pooled": Shopping(lb.BGNBD, value=True, segments=4, method="laplace"),
    "subscriptions, pooled": Subscribing(segments=4, method="laplace"),
    "subscriptions, pooled, by chains": Subscribing(segments=4, method="nuts"),
}
FEW, MANY = 50, 300
EVEN_BY_FEW = ("mean_rate", "dropout_mean", "mean_spend", "log-likelihood", "alive, all")


def both():
    """Few simulations on each change, many in a study."""
    fast = [
        pytest.param(name, FEW, marks=pytest.mark.fits, id=f"{name}, fast") for name in STUDIES if "pooled" not in name
    ]
    return [*fast, *(pytest.param(name, MANY, marks=pytest.mark.study, id=name) for name in STUDIES)]


@pytest.fixture(scope="module")
def ranked():
    """Ranks of studies, each simulated once."""
    found = {}

    def of(name, simulations):
        if (name, simulations) not in found:
            found[name, simulations] = simulated(STUDIES[name], simulations, seed=1)
        return found[name, simulations]

    return of


@pytest.mark.parametrize(("name", "simulations"), both())
def test_truths_rank_like_draws(ranked, name, simulations):
    found = ranked(name, simulations)
    verdicts = found.verdicts(FALSE_ALARM)
    print(f"{name}: {simulations} simulations, {dict(found.fits)}\n{verdicts.round(3).to_string()}")
    outside = verdicts.loc[verdicts["of the band"] > 1, "difference"]
    assert outside.empty, f"{name} is not calibrated: {outside.round(3).to_dict()}"


@pytest.mark.parametrize(("name", "simulations"), both())
def test_an_error_of_a_tenth_is_found(ranked, name, simulations):
    planted = ranked(name, simulations).verdicts(FALSE_ALARM)["planted"]
    if simulations == FEW:
        planted = planted[planted.index.str.startswith(EVEN_BY_FEW)]
    assert (planted > 1).all(), f"{name}: not found in {planted[planted <= 1].round(2).to_dict()}"
