"""The value of the next client, of plain and of pooled fits."""

import json

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError, UnitError
from ltv_bayes.language import in_language
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.predictions.fitted import shape_of
from ltv_bayes.predictions.growth.fitted_expansion import LARGEST, bounds_note
from tests.chance import allowed
from tests.streams.test_own_growth import growing

TERMS = {"horizon": "3 years", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}


def test_by_hand_from_the_closed_forms(channel_fits, channel_value):
    purchases = channel_fits[0]
    for name in ("Ads", "Fair", "Referral"):
        fit = purchases.of_segment(channel=name)
        drawn = {key: float(values[0, 0]) for key, values in fit.draws.items()}
        seconds = lb.FittedPurchases.from_draws({key: [[value]] for key, value in drawn.items()}, time_unit="month")
        monthly = np.diff([0.0, *(_orders(seconds, months) for months in np.arange(0.2, 36.01, 0.2))])
        middle = np.arange(0.1, 36.0, 0.2) / 12
        orders = float((monthly * 1.1**-middle).sum())
        order = 6000.0 if name == "Fair" else 2000.0
        assert channel_value.draws.sel(channel=name).to_numpy() == pytest.approx(0.35 * order * (1 + orders), rel=1e-5)


def _orders(fit, months):
    return fit.expected_purchases_new_customer(f"{months:.4f} months").item()


def test_plain_fits_have_one_value_for_all(purchases, spend):
    value = lb.new_customer_value(purchases, spend, **TERMS)
    assert value.draws.dims == ("chain", "draw")
    assert value.draws.shape == shape_of(purchases)
    assert list(value.summary().index) == ["a new client"]
    assert value.column is None


def test_the_first_order_is_the_mean_order(channel_fits, channel_value):
    without = lb.new_customer_value(*channel_fits, **TERMS, first_order=False)
    difference = (channel_value.draws - without.draws).mean(("chain", "draw"))
    np.testing.assert_allclose(difference, 0.35 * np.array([2000.0, 6000.0, 2000.0]))
    given = lb.new_customer_value(*channel_fits, **TERMS, first_order={"Ads": 100, "Fair": True, "Referral": False})
    difference = (given.draws - without.draws).mean(("chain", "draw"))
    np.testing.assert_allclose(difference, 0.35 * np.array([100.0, 6000.0, 0.0]), atol=1e-9)
    assert "without the first order" in repr(without)


def test_one_client_brings_the_expected_value_on_average(channel_value):
    drawn = channel_value.predict(random_seed=1)
    error = drawn.std(("chain", "draw")) / np.sqrt(600)
    assert (
        abs(drawn.mean(("chain", "draw")) - channel_value.draws.mean(("chain", "draw"))) < allowed(100) * error
    ).all()
    assert (drawn.std(("chain", "draw")) > 0.5 * drawn.mean(("chain", "draw"))).all()


def test_one_clients_draws_do_not_depend_on_other_channels(channel_value):
    alone = channel_value.of(["Fair"]).predict(random_seed=1)
    np.testing.assert_array_equal(alone.sel(channel="Fair"), channel_value.predict(random_seed=1).sel(channel="Fair"))


def test_only_one_fit_may_be_pooled(channel_fits, spend):
    value = lb.new_customer_value(channel_fits[0], lb.FittedSpend.from_draws(spend.thin(300).draws), **TERMS)
    fair, ads = (value.draws.sel(channel=name).mean().item() for name in ("Fair", "Ads"))
    assert fair > 1.2 * ads


def test_an_unseen_channel_is_drawn_from_the_distribution_of_channels(channel_value):
    value = channel_value.of(["Fair", "Radio"])
    assert value.unseen == ["Radio"]
    assert value.summary()["customers"].tolist() == [12, 0]
    assert value.draws.sel(channel="Radio").std() > 0.2 * value.draws.sel(channel="Radio").mean()
    assert "The fits have no customer of Radio: how often they buy and what an order yields are drawn from" in repr(
        value
    )
    assert "Radio" in value._repr_html_()


def test_one_name_is_one_segment(channel_value):
    assert channel_value.of("Fair").segments == ("Fair",)
    assert channel_value.of(7).segments == ("7",)


@pytest.mark.parametrize("written", ["Fair ", "\u3000Fair", "\tFair\u00a0"])
def test_names_are_read_as_those_of_customers(channel_fits, channel_value, written):
    named = lb.new_customer_value(*channel_fits, **{**TERMS, "margin": {written: 0.35}}, segments=[written, "Fair"])
    for value in (channel_value.of([written]), named):
        assert value.segments == ("Fair",)
        assert value.unseen == []
        assert value.customers.to_dict() == {"Fair": 12}
        np.testing.assert_array_equal(value.draws[..., 0], channel_value.draws.sel(channel="Fair"))
    with pytest.raises(InputError, match="1 segment without a value in channel"):
        channel_value.of([" "])


def test_margin_may_differ_by_channel(channel_fits, channel_value):
    terms = {**TERMS, "margin": {"Ads": 0.7, "Fair": 0.35, "Referral": 0.35}}
    value = lb.new_customer_value(*channel_fits, **terms)
    ratio = (value.draws / channel_value.draws).mean(("chain", "draw"))
    np.testing.assert_allclose(ratio, [2.0, 1.0, 1.0])
    assert "margin 35% to 70%" in value.settings


def test_subscribers_pay_a_price(channel_value):
    renewals = lb.FittedRenewals.from_draws({"alpha": [[1.0, 1.0]], "beta": [[1.0, 1.0]]}, currency="EUR")
    value = lb.new_customer_value(renewals, price=100, period="year", horizon="3 years", random_seed=1)
    assert value.draws.to_numpy() == pytest.approx(100 * (1 + 1 / 2 + 1 / 3))
    assert value.currency == "EUR"


def test_a_horizon_before_the_first_renewal_has_the_first_fee():
    renewals = lb.FittedRenewals.from_draws({"alpha": [[1.0, 1.0]], "beta": [[3.0, 3.0]]}, periods="year")
    for horizon, paid in (("11 months", 100.0), ("1 year", 100.0), ("13 months", 175.0)):
        value = lb.new_customer_value(renewals, price=100, horizon=horizon, discount_rate=0.0)
        np.testing.assert_allclose(value.draws, paid)
        assert set(np.unique(value.predict(random_seed=1))) <= {100.0, 200.0}


def test_the_length_of_contracts_is_one_that_the_fit_has_learned_from():
    draws = {"alpha": [[1.0]], "beta": [[3.0]]}
    yearly, both = (lb.FittedRenewals.from_draws(draws, periods=periods) for periods in ("year", "month, year"))
    assert lb.new_customer_value(yearly, price=100, period="yearly", horizon="1 year").draws.item() == 100.0
    assert lb.new_customer_value(both, price=100, period="year", horizon="1 year").draws.item() == 100.0
    with pytest.raises(UnitError, match="learned from contracts of a year, not of a month"):
        lb.new_customer_value(yearly, price=100, period="month", horizon="1 year")
    with pytest.raises(UnitError, match="learned from contracts of a month and a year, not of a quarter"):
        lb.new_customer_value(both, price=100, period="quarter", horizon="1 year")
    with pytest.raises(UnitError, match="not of a month"):
        yearly.expected_residual_life(0, 0.1, period="month")


def test_events_bring_orders_without_end(spend):
    events = lb.FittedEvents.from_draws({"r": [[1.0]], "alpha": [[6.0]]}, time_unit="month")
    fit = lb.FittedSpend.from_draws({"p": [[4.0]], "q": [[3.0]], "v": [[50.0]]})
    value = lb.new_customer_value(events, fit, horizon="1 year", first_order=False)
    assert value.draws.item() == pytest.approx(12 / 6 * 100.0)


def test_fits_of_one_seed_are_not_paired(purchases, spend):
    rng = np.random.default_rng(1)
    both = np.exp(0.3 * rng.standard_normal((2, 500)))
    first = lb.FittedPurchases.from_draws({**purchases.draws, "r": 0.243 * both}, time_unit="week")
    second = lb.FittedSpend.from_draws({**spend.draws, "v": 15.44 * both})
    value = lb.new_customer_value(first, second, horizon="1 year", random_seed=1)
    terms = value.terms
    r, v = terms.model.draws["r"].ravel(), terms.spend.draws["v"].ravel()
    assert abs(np.corrcoef(r, v)[0, 1]) < 0.15
    again = lb.new_customer_value(first, second, horizon="1 year", random_seed=1)
    np.testing.assert_array_equal(value.draws, again.draws)


def test_a_fit_that_did_not_converge_says_so(channel_fits, unconverged):
    purchases, spend = channel_fits
    value = lb.new_customer_value(purchases, unconverged(spend), **TERMS)
    assert (value.summary()["caution"] == "fit did not converge").all()
    assert (value.summary_of_one(1)["caution"] == "fit did not converge").all()


@pytest.mark.parametrize(
    ("change", "error", "problem"),
    [
        ({"by": "chanel"}, ColumnError, "pooled by 'chanel'. Did you mean 'channel'"),
        ({"margin": 35}, UnitError, "Write 35% as margin=0.35"),
        ({"margin": {"Ads": 0.3}}, InputError, "margin= has nothing for 'Fair'"),
        ({"horizon": 3}, UnitError, "has no unit"),
        ({"discount_rate": 10}, UnitError, "discount_rate=0.10"),
        ({"segments": []}, InputError, "segments= names none"),
        ({"price": 3}, InputError, "for renewals"),
        ({"first_order": "no"}, UnitError, "first_order must be a number"),
        ({"first_order": -4}, UnitError, "first_order must not be negative"),
    ],
)
def test_what_cannot_be_is_refused(channel_fits, change, error, problem):
    with pytest.raises(error, match=problem):
        lb.new_customer_value(*channel_fits, **{**TERMS, **change})


def test_of_several_columns_one_is_asked_for_and_others_count_as_typical(
    channel_fits, channel_value, spend_by_industry
):
    with pytest.raises(ColumnError, match="pooled by channel, industry: say which column, as in by='channel'"):
        lb.new_customer_value(channel_fits[0], spend_by_industry, **TERMS)
    with pytest.raises(ColumnError, match=r"pass fits of it: purchases\.of_segment\(channel=\.\.\., industry=\.\.\.\)"):
        lb.new_customer_value(channel_fits[0], spend_by_industry, **TERMS, by=["channel", "industry"])
    value = lb.new_customer_value(channel_fits[0], spend_by_industry, **TERMS, by="channel")
    np.testing.assert_allclose(value.draws.sel(channel="Ads"), channel_value.draws.sel(channel="Ads"))
    assert "The fits differ by industry too, which counts as typical." in repr(value)


def test_growth_that_differs_by_what_is_not_asked_counts_as_typical_and_says_so():
    renewals = lb.FittedRenewals.from_draws({"alpha": np.full((2, 50), 1.0), "beta": np.full((2, 50), 4.0)})
    growth = growing(chance=0.5, shape=(2, 50))
    growth.idata.attrs["pool_by"] = "industry"
    value = lb.new_customer_value(renewals, price=100, period="month", growth=growth, **TERMS)
    assert "The fits differ by industry too, which counts as typical." in " ".join(repr(value).split())


def test_notes_in_chinese_end_once():
    renewals = lb.FittedRenewals.from_draws({"alpha": np.full((2, 50), 1.0), "beta": np.full((2, 50), 4.0)})
    growth = growing(chance=0.5, shape=(2, 50))
    growth.idata.attrs.update(dict(zip(LARGEST, np.log([20, 1.1, 1]), strict=True)))
    value = lb.new_customer_value(renewals, price=100, period="month", growth=growth, **TERMS)
    with in_language("zh"):
        assert bounds_note(growth)
        shown = repr(value)
    assert "。。" not in shown
    assert "。." not in shown


def test_fits_of_the_wrong_kind_are_refused(purchases, spend):
    renewals = lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[1.0]]})
    for growth, said in (
        (0.03, r"growth takes what Expansion\(\)"),
        (growing(shape=(1, 1)), "growth= is for renewals"),
    ):
        with pytest.raises(InputError, match=said):
            lb.new_customer_value(purchases, spend, horizon="1 year", growth=growth)
    with pytest.raises(InputError, match="takes a fit of purchases or renewals first, not a FittedSpend"):
        lb.new_customer_value(spend, purchases, horizon="1 year")
    with pytest.raises(InputError, match="fit of spend is missing"):
        lb.new_customer_value(purchases, horizon="1 year")
    with pytest.raises(InputError, match="Pass price="):
        lb.new_customer_value(renewals, horizon="1 year")
    with pytest.raises(InputError, match="price= in its place"):
        lb.new_customer_value(renewals, spend, horizon="1 year")
    with pytest.raises(UnitError, match="Pass period="):
        lb.new_customer_value(renewals, price=3, horizon="1 year")
    with pytest.raises(ColumnError, match="No fit is pooled"):
        lb.new_customer_value(purchases, spend, horizon="1 year", by="channel")
    with pytest.raises(ColumnError, match="not pooled"):
        lb.new_customer_value(purchases, spend, horizon="1 year").of(["Ads"])


def test_a_segment_that_spend_has_not_seen_is_said_to_be_unseen():
    """A channel without repeat buyers is in the fit of purchases and not in that of spend."""

    def fit(kind, names, **laws):
        pooling = {"model": kind, "by": ["channel"], "covariates": {}, "scales": {}}
        pooling["customers"] = {"channel": dict.fromkeys(names, 10)}
        attrs = {"model": kind, "time_unit": "week", "pooling": json.dumps(pooling)}
        quantities = {"bg_nbd": ("mean_rate", "dropout_mean"), "gamma_gamma": ("mean_spend",)}[kind]
        draws = {name: np.full((2, 20), value) for name, value in laws.items()}
        for name in quantities:
            draws[f"{name}_by_channel"] = np.zeros((2, 20, len(names)))
            draws[f"{name}_sd_channel"] = np.full((2, 20), 0.5)
        dims = {f"{name}_by_channel": ["channel"] for name in quantities}
        made = lb.FittedPurchases if kind == "bg_nbd" else lb.FittedSpend
        return made(tree_from_draws(draws, attrs, dims=dims, coords={"channel": list(names)}))

    rates = {"mean_rate": 0.1, "rate_cv": 1.0, "dropout_mean": 0.2, "dropout_concentration": 3.0}
    purchases = fit("bg_nbd", "xyz", **rates, r=1.0, alpha=10.0, a=0.6, b=2.4)
    spend = fit("gamma_gamma", "xy", mean_spend=50.0, order_cv=0.5, q_excess=3.0, p=4.0, q=4.0, v=37.5)
    value = lb.new_customer_value(purchases, spend, horizon="1 year", random_seed=1)
    assert list(value.segments) == ["x", "y", "z"]
    assert value.unseen == ["z"]
    assert value.customers.to_dict() == {"x": 10, "y": 10, "z": 10}
    assert (
        "The fit of spend has no customer of z with a repeat order of value: what an order yields is drawn from the "
        "distribution of segments, how often they buy is fitted." in repr(value)
    )
    found = lb.acquisition(value, {"x": 20, "z": 20, "new": 20}, unseen="population", random_seed=1)
    notes = " ".join(found.notes())
    assert "the fit of spend has no customer of z with a repeat order of value" in notes
    assert "the fits have no customer of new: how often they buy and what an order yields are drawn" in notes
    said = found.sentences()
    assert said["z"].endswith("drawn from the distribution of channels, how often they buy is fitted.")
    assert said["new"].endswith("are drawn from the distribution of channels.")
    assert "drawn" not in said["x"]
