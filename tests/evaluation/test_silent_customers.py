"""Does an open opportunity, and that there is none, leave a book where it belongs? A simulated business."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import allowed, assert_counts

pytestmark = pytest.mark.fits

LAW = {"r": 1.2, "alpha": 0.6, "a": 1.5, "b": 4.0}
SPENT = {"p": 4.0, "q": 4.0, "v": 300.0}
CLIENTS, QUARTERS, SHARE = 3000, 24, 0.4
SHAPE = 2, 30  # of draws


@pytest.fixture(scope="module")
def business():
    """Clients with the histories that BG/NBD gives them, whether they are alive, and who has an opportunity."""
    rng, rows = np.random.default_rng(5), []
    for number in range(CLIENTS):
        rate, dropout, T = (
            rng.gamma(LAW["r"]) / LAW["alpha"],
            rng.beta(LAW["a"], LAW["b"]),
            rng.integers(1, QUARTERS + 1) / 4,
        )
        time, last, bought, alive = 0.0, 0.0, 0, True
        while alive:
            time += rng.exponential(1 / rate)
            if time > T:
                break
            bought, last = bought + 1, time
            alive = rng.random() >= dropout
        rows.append((f"C{number:04d}", bought, last, T, SPENT["v"] if bought else 0.0, alive))
    columns = ["customer_id", "frequency", "recency", "T", "monetary_value", "alive"]
    clients = pd.DataFrame(rows, columns=columns)
    in_pipeline = rng.random(CLIENTS) < np.where(clients["alive"], SHARE, SHARE / 20)
    return clients.assign(negotiates=in_pipeline)


def valued(business, shows_life, horizon="200 years"):
    """The value of clients, far ahead, where opportunities tell of life or do not."""
    customers = lb.Customers.from_summary(
        business.drop(columns=["alive", "negotiates"]), time_unit="year", as_of="2025-12-31"
    )
    many = {name: np.full(SHAPE, value) for name, value in LAW.items()}
    stream = lb.RepeatPurchases(
        lb.FittedPurchases.from_draws(many, time_unit="year"),
        lb.FittedSpend.from_draws({name: np.full(SHAPE, value) for name, value in SPENT.items()}),
    )
    judged = pd.DataFrame({"customer_id": business.loc[business["negotiates"], "customer_id"], "probability": 0.5})
    priors = lb.FutureValuePriors.from_judgements(
        judged.assign(low=1.0, high=2.0), relation="additional", shows_life=shows_life
    )
    return lb.lifetime_value(customers, stream, future_value=priors, horizon=horizon, random_seed=1)


@pytest.fixture(scope="module")
def lives(business):
    """Share of draws in which each client is alive, and the value, by whether opportunities tell of life."""
    values = {shows_life: valued(business, shows_life) for shows_life in (True, False)}
    bought = {name: value.components["repeat_purchases"] > 0 for name, value in values.items()}
    return {name: (found.mean(("chain", "draw")).to_numpy(), values[name]) for name, found in bought.items()}


def test_the_number_of_living_clients_stays(business, lives):
    """A long horizon shows who is alive: who is, buys at least once more, with the rates of this business."""
    told, _ = lives[True]
    by_orders, _ = lives[False]
    living, error = business["alive"].sum(), np.sqrt(np.sum(told * (1 - told)))
    assert abs(told.sum() - living) < allowed() * error
    assert told.sum() == pytest.approx(by_orders.sum(), rel=0.015)
    marked_up_alone = np.where(business["negotiates"], 1.0, by_orders)
    assert marked_up_alone.sum() > living + 8 * error


def test_probabilities_of_silent_clients_are_calibrated(business, lives):
    told, value = lives[True]
    silent, alive = ~business["negotiates"].to_numpy(), business["alive"].to_numpy()
    found = next(one.signs.usual_share for one in valued_of(value).valuation.conditioned)
    assert abs(found - SHARE) < allowed(4) * np.sqrt(SHARE * (1 - SHARE) / alive.sum())
    for low, high in ((0.0, 0.4), (0.4, 0.8), (0.8, 1.0)):
        some = silent & (told >= low) & (told < high)
        assert some.sum() > 100
        assert_counts(alive[some], told[some], figures=4)


def test_what_judgement_adds_holds_what_it_tells_of_life(business):
    value, mute = (valued(business.head(400), shows_life, "10 years") for shows_life in (True, False))
    told, unsaid = value.judgement.with_and_without()["mean"], mute.judgement.with_and_without()["mean"]
    assert told["without judgement"] == pytest.approx(unsaid["without judgement"])
    table = value.judgement.sensitivity()
    assert "streams as judged" in set(table["source"])
    assert table["mean"].sum() == pytest.approx(told["with judgement"])
    assert table["mean_share"].sum() == pytest.approx(1)
    assert "streams as judged" not in set(mute.judgement.sensitivity()["source"])


def by_histories(business, **columns):
    known = business.drop(columns=["alive", "negotiates"]).assign(**columns)
    return lb.Customers.from_summary(known, time_unit="year", as_of="2025-12-31")


def stream_of(fit):
    return lb.RepeatPurchases(
        fit, lb.FittedSpend.from_draws({name: np.full(SHAPE, value) for name, value in SPENT.items()})
    )


def alive_in(customers, ids, **judged):
    """Share of draws in which each customer is alive, where these have an open opportunity."""
    many = {name: np.full(SHAPE, value) for name, value in LAW.items()}
    table = pd.DataFrame({"customer_id": ids, "probability": 0.5, "low": 1.0, "high": 2.0})
    if "stated_on" in judged:
        table["stated_on"] = judged.pop("stated_on")
    priors = lb.FutureValuePriors.from_judgements(table, relation="additional", **judged)
    stream = stream_of(lb.FittedPurchases.from_draws(many, time_unit="year"))
    value = lb.lifetime_value(customers, stream, future_value=priors, horizon="200 years", random_seed=1)
    return (value.components["repeat_purchases"] > 0).mean(("chain", "draw")).to_numpy()


def test_a_slice_of_customers_has_the_value_that_it_has_among_all(business):
    """What is learned is learned from the customers fitted, wherever the slice is from."""
    customers = by_histories(business)
    stream = stream_of(lb.BGNBD(calendar_effects=None).fit(customers, draws=200, random_seed=1, progressbar=False))
    ids = business.loc[business["negotiates"], "customer_id"]
    priors = lb.FutureValuePriors.from_judgements(
        pd.DataFrame({"customer_id": ids, "probability": 0.5, "low": 1.0, "high": 2.0}), relation="additional"
    )
    terms = {"horizon": "3 years", "random_seed": 1}
    whole = lb.lifetime_value(customers, stream, future_value=priors, **terms).draws
    for part in np.array_split(np.argsort(business["frequency"].to_numpy()), 4):
        some = list(business["customer_id"].iloc[part])
        own = priors.subset(priors.table["customer_id"].isin(some).to_numpy())
        found = lb.lifetime_value(customers.subset(some), stream, future_value=own, **terms).draws
        np.testing.assert_array_equal(found, whole.sel(customer_id=found["customer_id"]))


@pytest.mark.filterwarnings("ignore:.*are some opportunities stale")
def test_where_only_repeat_customers_are_asked_the_number_of_living_stays_if_it_is_said(business):
    customers, asked = by_histories(business), (business["frequency"] > 0).to_numpy()
    ids = business.loc[business["negotiates"] & asked, "customer_id"]
    with pytest.warns(DataWarning, match="No customer without repeat purchases has an opportunity"):
        unsaid = alive_in(customers, ids)
    stated = alive_in(customers, ids, covers=list(business.loc[asked, "customer_id"]))
    by_orders = alive_in(customers, ids, shows_life=False)
    assert stated.sum() == pytest.approx(by_orders.sum(), rel=0.015)
    assert unsaid.sum() > 1.03 * by_orders.sum()


def test_a_stale_opportunity_shows_little(business):
    """Opened at any time of the last three years while the customer was there, and never closed."""
    customers, rng = by_histories(business), np.random.default_rng(8)
    left = np.where(business["alive"], 0.0, business["T"] - business["recency"])
    age = 3 * rng.random(CLIENTS)
    stale = (rng.random(CLIENTS) < 0.5) & (age > left) & (age < business["T"]).to_numpy()
    stated_on = pd.Timestamp("2025-12-31") - pd.to_timedelta((365.25 * age[stale]).round(), unit="D")
    ids, alive = business.loc[stale, "customer_id"], business["alive"].to_numpy()[stale]
    with pytest.warns(DataWarning, match="are some opportunities stale"):
        undated = alive_in(customers, ids)[stale]
    dated = alive_in(customers, ids, stated_on=stated_on.to_numpy())[stale]
    assert undated.mean() > alive.mean() + 0.15
    assert abs(dated.mean() - alive.mean()) < 0.06
