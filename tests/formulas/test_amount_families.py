"""Families of amounts, held to SciPy by one table."""

import numpy as np
import pytest
from scipy import integrate, stats

from ltv_bayes.formulas.beliefs.amount_families import (
    amount_density,
    amount_mean,
    amount_quantiles,
    amount_sd,
    amounts_at,
)

LEVELS = np.array([0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999])
LAWS = [
    ("log-normal", (100.0, 0.5, 0.5), stats.lognorm(0.5, scale=100.0)),
    ("gamma", (2.5, 0.01, np.nan), stats.gamma(2.5, scale=100.0)),
    ("gamma", (0.3, 2.0, np.nan), stats.gamma(0.3, scale=0.5)),
    ("pert", (10.0, 20.0, 60.0), stats.beta(1.8, 4.2, loc=10.0, scale=50.0)),
    ("pert", (0.0, 0.0, 5.0), stats.beta(1.0, 5.0, scale=5.0)),
]


@pytest.mark.parametrize(("family", "parameters", "law"), LAWS)
def test_the_family_is_scipys(family, parameters, law):
    amounts = law.ppf(LEVELS)
    np.testing.assert_allclose(amount_quantiles(family, parameters, LEVELS), amounts, rtol=1e-10)
    np.testing.assert_allclose(amount_density(family, parameters, amounts), law.pdf(amounts), rtol=1e-10)
    assert amount_mean(family, parameters) == pytest.approx(law.mean())
    assert amount_sd(family, parameters) == pytest.approx(law.std())


def test_a_lopsided_log_normal_agrees_with_its_integrals():
    law = 100.0, 0.2, 0.9
    moments = [
        integrate.quad(
            lambda z, order=order: (
                stats.norm.pdf(z) * float(amount_quantiles("log-normal", law, stats.norm.cdf(z))) ** order
            ),
            -8,
            8,
            points=[0],
        )[0]
        for order in (1, 2)
    ]
    assert amount_mean("log-normal", law) == pytest.approx(moments[0], rel=1e-8)
    assert amount_sd("log-normal", law) == pytest.approx(np.sqrt(moments[1] - moments[0] ** 2), rel=1e-6)


@pytest.mark.parametrize("law", [("log-normal", (100.0, 0.2, 0.9)), ("pert", (10.0, 20.0, 60.0)), LAWS[1][:2]])
def test_the_density_is_the_slope_of_the_levels(law):
    levels = np.linspace(0.1, 0.9, 2001)
    amounts = amount_quantiles(*law, levels)
    middle = (amounts[1:] + amounts[:-1]) / 2
    slope = np.diff(levels) / np.diff(amounts)
    away = np.abs(levels[1:] - 0.5) > 0.01
    np.testing.assert_allclose(amount_density(*law, middle)[away], slope[away], rtol=1e-4)


def test_no_density_outside_a_pert():
    assert amount_density("pert", (10.0, 20.0, 60.0), [5.0, 61.0]).tolist() == [0, 0]


def test_ends_that_meet_are_a_certain_amount():
    law = "pert", (80.0, 80.0, 80.0)
    assert amount_quantiles(*law, [0.0, 0.3, 1.0]).tolist() == [80.0] * 3
    assert (amount_mean(*law), amount_sd(*law)) == (80, 0)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("gamma", (0.02, 1.0, np.nan)),
        ("gamma", (0.4, 2.0, np.nan)),
        ("gamma", (5e4, 0.01, np.nan)),
        ("pert", (0.0, 0.0, 9.0)),
        ("pert", (10.0, 40.0, 50.0)),
        ("pert", (7.0, 7.0, 7.0)),
    ],
)
def test_many_amounts_at_once_are_those_asked_for_one_by_one(family, parameters):
    z = np.linspace(-7, 7, 2001)
    few = np.concatenate([amounts_at(family, parameters, some) for some in np.array_split(z, 20)])
    np.testing.assert_allclose(amounts_at(family, parameters, z), few, rtol=3e-6, atol=1e-12)
