"""Simulation-based calibration of every model and of lifetime value; an error of 10% is found."""

from dataclasses import replace

import pytest

import ltv_bayes as lb
from ltv_bayes.predictions import events
from tests.calibration import PLANTED, Shopping, ShoppingTogether, Subscribing, simulated
from tests.chance import FALSE_ALARM

STUDIES = {
    "BG/NBD, gamma-gamma, value": Shopping(lb.BGNBD, value=True, customers=300),
    "MBG/NBD": Shopping(lb.MBGNBD, at_once=True),
    "BG/NBD, a share leaves at once": Shopping(lb.BGNBD, share=True),
    "BG/CNBD-3": Shopping(lb.BGCNBD, k=3),
    "MBG/CNBD-2": Shopping(lb.MBGCNBD, k=2, at_once=True),
    "NBD": Shopping(lb.NBD, leaves=False),
    "BG/NBD with calendar effects": ShoppingTogether(lb.BGNBD, planted=1.5),
    "NBD with calendar effects": ShoppingTogether(lb.NBD, leaves=False, planted=1.5),
    "subscriptions": Subscribing(),
    "subscriptions in late records": Subscribing(late=True),
    "subscriptions, tenure counts": Subscribing(tenure=True, customers=300, planted=1.3),
    "BG/NBD, gamma-gamma, value, pooled": Shopping(lb.BGNBD, value=True, segments=4, method="laplace", planted=1.3),
    "subscriptions, pooled": Subscribing(segments=4, method="laplace", planted=1.3),
}
MANY, FEW, CUSTOMERS_OF_FEW = 300, 35, 300
FAST = ("BG/NBD, gamma-gamma, value", "subscriptions in late records")
EVEN_BY_FEW = ("mean_spend", "log-likelihood")

both = pytest.mark.parametrize(
    ("name", "simulations"),
    [
        *(pytest.param(name, FEW, marks=pytest.mark.fits, id=f"{name}, fast") for name in FAST),
        *(pytest.param(name, MANY, marks=pytest.mark.study, id=name) for name in STUDIES),
    ],
)


@pytest.fixture(scope="module")
def ranked():
    """Ranks by study and number of simulations, each made once."""
    found = {}

    def of(name, simulations):
        if (name, simulations) not in found:
            few = {"customers": CUSTOMERS_OF_FEW} if simulations == FEW else {}
            found[name, simulations] = simulated(replace(STUDIES[name], **few), simulations, seed=1)
        return found[name, simulations]

    return of


@both
def test_truths_rank_like_draws(ranked, name, simulations):
    found = ranked(name, simulations)
    verdicts = found.verdicts(FALSE_ALARM)
    print(f"{name}: {simulations} simulations, {dict(found.fits)}\n{verdicts.round(3).to_string()}")
    outside = verdicts.loc[verdicts["of the band"] > 1, "difference"]
    assert outside.empty, f"{name} is not calibrated: {outside.round(3).to_dict()}"


@both
def test_an_error_of_a_tenth_in_what_is_said_is_found(ranked, name, simulations):
    planted = ranked(name, simulations).verdicts(FALSE_ALARM)["planted"]
    if simulations == FEW:
        planted = planted[planted.index.str.startswith(EVEN_BY_FEW)]
    assert (planted > 1).all(), f"{name}: not found in {planted[planted <= 1].round(2).to_dict()}"


@pytest.mark.fits
def test_a_formula_that_counts_a_tenth_more_time_is_found(monkeypatch):
    right = events.draw_counts

    def longer(fit, customers, histories, ends, **given):
        return right(fit, customers, histories, [PLANTED * end for end in ends], **given)

    monkeypatch.setattr(events, "draw_counts", longer)
    verdicts = simulated(replace(STUDIES["NBD"], customers=CUSTOMERS_OF_FEW), FEW, seed=2).verdicts(FALSE_ALARM)
    assert verdicts.loc["purchases, all", "of the band"] > 1
    assert verdicts.loc["mean_rate", "of the band"] <= 1
