"""Priors by name: what is taken, what is refused, and what the message says."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import PriorError
from ltv_bayes.models.priors import Prior, describe


def priors_of(settings, customers):
    return settings.build(customers).named_vars


@pytest.mark.parametrize(
    "given",
    [
        Prior("LogNormal", mu=-3, sigma=0.1),
        {"family": "LogNormal", "mu": -3, "sigma": 0.1},
        ("LogNormal", {"mu": -3, "sigma": 0.1}),
    ],
    ids=["Prior", "mapping", "pair"],
)
def test_a_prior_given_by_name_replaces_the_usual_one(book, given):
    import pymc as pm

    model = lb.BGNBD(priors={"mean_rate": given}).build(book)
    drawn = pm.draw(model["mean_rate"], 4000, random_seed=1)
    assert np.log(drawn).mean() == pytest.approx(-3, abs=0.01)
    assert np.log(drawn).std() == pytest.approx(0.1, rel=0.05)


def test_pymc_distribution(book):
    import pymc as pm

    model = lb.BGNBD(priors={"rate_cv": pm.Gamma.dist(alpha=50, beta=50)}).build(book)
    assert pm.draw(model["rate_cv"], 4000, random_seed=1).std() == pytest.approx(50**-0.5, rel=0.1)


def test_preliz_distribution(book):
    preliz = pytest.importorskip("preliz")
    import pymc as pm

    model = lb.GammaGamma(priors={"order_cv": preliz.Gamma(alpha=50, beta=100)}).build(book)
    assert pm.draw(model["order_cv"], 4000, random_seed=1).mean() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(
    ("name", "family", "numbers"),
    [
        ("mean_rate", "LogNormal", {"mu": -3.0, "sigma": 0.5}),
        ("rate_cv", "Gamma", {"alpha": 4.0, "beta": 5.0}),
        ("dropout_mean", "Beta", {"alpha": 2.0, "beta": 8.0}),
    ],
)
def test_a_preliz_distribution_of_a_common_family_is_written_out_as_the_prior_is(book, name, family, numbers):
    preliz = pytest.importorskip("preliz")
    given = getattr(preliz, family)(**numbers), Prior(family, **numbers)
    ours, same = (lb.BGNBD(priors={name: prior})._recipe(book).density() for prior in given)
    point = np.linspace(-0.5, 0.5, ours.size)
    assert ours(point)[0] == same(point)[0]
    assert lb.BGNBD(priors={name: getattr(preliz, family)()})._recipe(book).density() is None  # it has no numbers yet


def test_parameters_of_the_papers_can_have_priors_of_their_own(book):
    uniform = Prior("Uniform", lower=0, upper=10)
    model = lb.BGNBD(priors={"a": uniform, "b": uniform}).build(book)
    assert {variable.name for variable in model.free_RVs} == {"mean_rate", "rate_cv", "a", "b"}
    model = lb.GammaGamma(priors={"p": uniform, "q": Prior("Uniform", lower=1, upper=9), "v": uniform}).build(book)
    assert {variable.name for variable in model.free_RVs} == {"p", "q", "v"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lb.BGNBD(priors={"mean_rat": Prior("LogNormal", mu=0, sigma=1)}), "Did you mean 'mean_rate'"),
        (lb.GammaGamma(priors={"means_spend": Prior("LogNormal", mu=0, sigma=1)}), "Did you mean 'mean_spend'"),
        (lb.BGNBD(priors={"mean_rate": Prior("LogNorml", mu=0, sigma=1)}), "Did you mean 'LogNormal'"),
        (lb.BGNBD(priors={"mean_rate": Prior("LogNormal", mu=0, sigm=1)}), "Did you mean 'sigma'"),
        (lb.BGNBD(priors={"mean_rate": Prior("Gamma", alpha=1)}), "cannot be made"),
        (lb.BGNBD(priors={"mean_rate": Prior("LogNormal", mu=0, sigma=-1)}), "parameters in their range"),
        (lb.BGNBD(priors={"mean_rate": Prior("HalfFlat")}), "must be proper"),
        (lb.BGNBD(priors={"a": Prior("HalfNormal", sigma=1)}), "b is missing"),
        (lb.BGNBD(priors={"mean_rate": Prior("Normal", mu=0, sigma=1)}), "outside its range"),
        (lb.BGNBD(priors={"dropout_mean": Prior("LogNormal", mu=0, sigma=1)}), "between 0 and 1"),
        (
            lb.GammaGamma(priors={n: Prior("HalfNormal", sigma=1) for n in ("p", "q", "v")}),
            "q must lie above 1",
        ),
    ],
)
def test_a_wrong_prior_is_refused_with_the_cure(book, settings, message):
    with pytest.raises(PriorError, match=message):
        settings.build(book)


@pytest.mark.parametrize("model", [lb.BGNBD, lb.MBGNBD, lb.NBD, lb.GammaGamma, lb.ShiftedBetaGeometric])
def test_what_is_no_prior_is_refused_at_once(book, model):
    with pytest.raises(PriorError, match=r"not a Customers\. Data go to \.fit"):
        model(book)
    for given in (0.05, "LogNormal", ("LogNormal", 1.0)):
        with pytest.raises(PriorError, match=r"mean_rate is .* not a distribution\. Write Prior\('LogNormal'"):
            model(priors={"mean_rate": given})
    with pytest.raises(PriorError, match="has no family"):
        model(priors={"mean_rate": {"mu": 0}})


def test_priors_in_every_way_of_writing_are_taken():
    import pymc as pm

    mapping, pair = {"family": "LogNormal", "mu": 0, "sigma": 1}, ("LogNormal", {"mu": 0, "sigma": 1})
    for given in (Prior("LogNormal", mu=0, sigma=1), mapping, pair, pm.LogNormal.dist(0, 1)):
        assert list(lb.BGNBD(priors={"mean_rate": given}).priors) == ["mean_rate"]


def test_priors_of_both_ways_of_writing_contradict(book):
    half = Prior("HalfNormal", sigma=1)
    with pytest.raises(PriorError, match="either r, alpha or mean_rate"):
        lb.BGNBD(priors={"r": half, "alpha": half, "mean_rate": half}).build(book)


def test_usual_priors_follow_the_scale_of_the_data(book):
    in_days, in_fen = book.in_time_unit("day"), book.table.assign(monetary_value=book.table["monetary_value"] * 100)
    fen = lb.Customers.from_summary(in_fen.reset_index(), time_unit="week")
    by_week, by_day = (dict(lb.BGNBD().default_priors(c)["mean_rate"].parameters) for c in (book, in_days))
    assert by_week["mu"] - by_day["mu"] == pytest.approx(np.log(7))
    yuan, hundredth = (dict(lb.GammaGamma().default_priors(c)["mean_spend"].parameters) for c in (book, fen))
    assert hundredth["mu"] - yuan["mu"] == pytest.approx(np.log(100))


def test_a_book_without_repeats_has_a_proper_prior_too():
    frame = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 0], "recency": [0.0, 0.0], "T": [4.0, 9.0]})
    customers = lb.Customers.from_summary(frame, time_unit="week")
    assert np.isfinite(dict(lb.BGNBD().default_priors(customers)["mean_rate"].parameters)["mu"])


def test_what_is_kept_of_a_prior_reads_well():
    import pymc as pm

    assert describe(Prior("LogNormal", mu=0, sigma=1)) == "Prior('LogNormal', mu=0, sigma=1)"
    assert describe(pm.Gamma.dist(alpha=2, beta=4)).startswith("Gamma(2")
