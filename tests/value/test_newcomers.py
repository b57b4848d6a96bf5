"""New customers: their expected revenue is that of simulated ones on average."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.predictions.growth.fitted_expansion import UNSEEN
from ltv_bayes.streams.prices import PATHS, GrowthOfNew
from ltv_bayes.time_units import Duration
from ltv_bayes.value.acquisition.newcomers import Buyer, Subscriber
from tests.chance import allowed
from tests.streams.test_own_growth import growing

MANY = 60_000
THREE_YEARS = Duration(3, "year")


def same(kind, draws, number, **attrs):
    """A fit with draws that are all the same."""
    return kind.from_draws({name: np.full((1, number), value) for name, value in draws.items()}, **attrs)


SPEND = {"p": 4.0, "q": 5.0, "v": 2000.0}
BUYING = {"r": 1.5, "alpha": 12.0, "a": 1.2, "b": 6.8}
KINDS = ("BG/NBD", "MBG/NBD", "BG/CNBD-3", "MBG/CNBD-3", "NBD", "sBG")


def new(kind, first, number=1):
    """A new client, over so many draws that are all the same."""
    if kind == "sBG":
        return Subscriber(same(lb.FittedRenewals, {"alpha": 0.668, "beta": 3.806}, number), 100.0, "quarter", first)
    if kind == "NBD":
        purchases = same(lb.FittedEvents, {"r": 1.5, "alpha": 12.0}, number, time_unit="month")
    else:
        model = kind.removesuffix("-3").replace("/", "_").lower()
        k = {"k": 3} if kind.endswith("-3") else {}
        purchases = same(lb.FittedPurchases, BUYING, number, time_unit="month", model=model, **k)
    return Buyer(purchases, same(lb.FittedSpend, SPEND, number), first)


@pytest.fixture(params=[True, False, 700.0])
def first(request):
    return request.param


@pytest.mark.parametrize("kind", KINDS)
def test_expected_money_is_the_mean_of_what_clients_bring(kind, first):
    client = new(kind, first)
    drawn = new(kind, first, MANY).draw(np.random.default_rng(1), THREE_YEARS, 0.10)
    error = drawn.std() / np.sqrt(drawn.size)
    assert abs(drawn.mean() - client.expected(THREE_YEARS, 0.10)[0]) < allowed() * error


@pytest.mark.parametrize("kind", KINDS)
def test_a_course_begins_with_the_first_order_and_ends_with_all(kind, first):
    client = new(kind, first)
    times = client.times(THREE_YEARS)
    course = client.course(times, 0.10)
    paid = {True: 100.0 if kind == "sBG" else 2000.0, False: 0.0}.get(first, 700.0)
    assert course[0, 0] == pytest.approx(paid)
    assert course[0, -1] == pytest.approx(client.expected(THREE_YEARS, 0.10)[0], rel=1e-9)
    steps = np.diff(course[0])
    assert (steps[:-1] > 0).all()
    assert steps[-1] == 0 if kind == "sBG" else steps[-1] > 0


def test_purchases_are_those_of_a_new_customer_times_the_mean_order():
    client = new("BG/NBD", True)
    number = client.purchases.expected_purchases_new_customer("3 years").item(0)
    assert client.expected(THREE_YEARS, 0.0)[0] == pytest.approx(2000.0 * (1 + number))


def test_a_rate_without_end_by_hand():
    client = new("NBD", False)
    delta = np.log(1.1) / 12
    worth = 1.5 / 12.0 * (1 - np.exp(-36 * delta)) / delta * 2000.0
    assert client.expected(THREE_YEARS, 0.10)[0] == pytest.approx(worth)


def test_renewals_by_hand():
    renewals = lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[1.0]]})
    client = Subscriber(renewals, 100.0, "year")
    expected = 100 * (1 + 1 / 2 / 1.1 + 1 / 3 / 1.1**2)
    assert client.expected(THREE_YEARS, 0.10).item() == pytest.approx(expected)
    assert [str(time) for time in client.times(THREE_YEARS)] == ["0 years", "1 year", "2 years", "3 years"]
    assert client.course([Duration(18, "month")], 0.0).item() == pytest.approx(150.0)


def test_a_horizon_between_two_renewals_ends_the_course():
    client = Subscriber(lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[1.0]]}), 100.0, "year")
    assert [str(time) for time in client.times(Duration(18, "month"))] == ["0 years", "1 year", "18 months"]


@pytest.mark.parametrize(
    ("period", "horizon", "number"),
    [
        ("year", Duration(1, "year"), 1),
        ("year", Duration(11, "month"), 1),
        ("year", Duration(13, "month"), 2),
        ("year", Duration(4, "year"), 4),
        ("month", Duration(1, "year"), 12),
        ("month", Duration(2, "week"), 1),
        ("quarter", Duration(1, "year"), 4),
        ("week", Duration(52, "week"), 52),
    ],
)
def test_payments_before_the_end_count(period, horizon, number):
    """What is due on the last day is for the time after the horizon: n years have n yearly fees."""
    never_leave = same(lb.FittedRenewals, {"alpha": 1e-9, "beta": 1e3}, 3)
    for first, paid in ((True, number), (False, number - 1), (0.5, number - 0.5)):
        client = Subscriber(never_leave, 1.0, period, first)
        times, rng = client.times(horizon), np.random.default_rng(1)
        cohort = client.cohort(rng, 7, times, 0.0)
        for money in (client.expected(horizon, 0.0), client.draw(rng, horizon, 0.0), client.course(times, 0.0)[:, -1]):
            np.testing.assert_allclose(money, np.full(3, paid))
        np.testing.assert_allclose(cohort.drawn.sum(axis=1), np.full(3, 7 * paid))
        np.testing.assert_allclose(cohort.expected.sum(axis=1), np.full(3, 7 * paid))
        assert len(times) == number + 1
        assert times[-1] == horizon


def test_a_payment_belongs_to_its_own_day_within_the_horizon():
    """By the end of the first year two yearly fees are paid, if the horizon goes on, and the second is of year 1."""
    client = Subscriber(same(lb.FittedRenewals, {"alpha": 1.0, "beta": 3.0}, 1), 100.0, "year")
    times = [Duration(1, "year"), Duration(18, "month")]
    np.testing.assert_allclose(client.course(times, 0.0), [[175.0, 175.0]])
    np.testing.assert_allclose(client.cohort(np.random.default_rng(1), 2, times, 0.0).expected, [[350.0, 0.0]])
    np.testing.assert_allclose(client.course(times[:1], 0.0), [[100.0]])


def test_a_long_course_has_a_bounded_number_of_times():
    times = new("NBD", True).times(Duration(40, "year"))
    assert len(times) == 121
    assert times[-1] == Duration(40, "year")


@pytest.mark.parametrize("kind", KINDS)
def test_margin_free_money_has_todays_worth(kind):
    client = new(kind, False)
    assert client.expected(THREE_YEARS, 0.2)[0] < client.expected(THREE_YEARS, 0.1)[0]


def growing_subscriber(number, **growth):
    """A yearly subscriber with a price that changes at renewals."""
    renewals = same(lb.FittedRenewals, {"alpha": 0.668, "beta": 3.806}, number)
    fit = growing(shape=(1, number), segments=["year", UNSEEN], **growth)
    return Subscriber(renewals, 100.0, "year", growth=GrowthOfNew.of(fit, 100.0, "year", None, ""))


def test_a_price_that_grows_by_one_factor_is_expected_with_each_renewal():
    client = growing_subscriber(2, chance=1.0, alike=1e12, up=1.0, size=(np.log(1.1), 0.1))
    staying = np.cumprod((3.806 + np.arange(3)) / (0.668 + 3.806 + np.arange(3)))
    fees = 100 * (1 + (staying * (1.1 / 1.1) ** np.arange(1, 4)).sum())
    assert client.expected(Duration(4, "year"), 0.10) == pytest.approx([fees, fees], rel=1e-6)


@pytest.mark.parametrize("number", [1, pytest.param(25, marks=pytest.mark.study), 100])
def test_customers_won_together_have_mean_and_luck_of_those_drawn_one_by_one(number):
    client, size = growing_subscriber(8000, chance=0.5, alike=3.0, up=0.7, size=(0.4, 0.3), sd=(0.2, 0.1)), 8000
    rng, horizon = np.random.default_rng(2), Duration(5, "year")
    one = client.draw(rng, horizon, 0.10)
    many = client.cohort(rng, number, [Duration(2, "year"), horizon], 0.10)
    whole, error = many.drawn.sum(axis=1), one.std() * np.sqrt(2 * number / size)
    assert abs(whole.mean() - number * one.mean()) < allowed(9) * error * np.sqrt(number)
    assert abs(whole.mean() - many.expected.sum(axis=1).mean()) < allowed(9) * error
    assert whole.std() / np.sqrt(number) == pytest.approx(one.std(), rel=0.06)
    assert client.expected(horizon, 0.10) * number == pytest.approx(many.expected.sum(axis=1))


@pytest.mark.parametrize(
    ("column", "segment", "factor"),
    [("industry", "Energy", 1.1), ("industry", "Retail", 1.3), ("industry", "Public", 1.2), ("region", "Energy", 1.2)],
)
def test_the_price_of_a_new_customer_grows_as_that_of_their_segment(column, segment, factor):
    """The column of the fit decides; of another column, and of a segment not seen, those that were not fitted count."""
    fit = growing(chance=1.0, alike=1e12, up=1.0, shape=(1, 4), segments=["year, Energy", "year, Retail", UNSEEN])
    fit.idata["posterior"]["up_size"][:] = np.log([1.1, 1.3, 1.2])
    fit.idata.attrs["pool_by"] = "industry"
    found = GrowthOfNew.of(fit, 100.0, "year", column, segment).mean(2)
    assert found[:, 1] / found[:, 0] == pytest.approx(np.full(4, factor))


def test_seats_of_a_new_customer_begin_with_the_typical_number_whatever_the_price():
    fit = growing(chance=1.0, alike=1e12, up=1.0, size=(np.log(4.0), 0.1), shape=(1, 4), segments=["year", UNSEEN])
    posterior = fit.idata["posterior"]
    posterior["price_exponent"], posterior["up_size_slope"] = (posterior["up_sd"] + value for value in (0.5, -0.4))
    fit.idata.attrs |= {"driver": "seats", "typical": np.log(10.0), "width": 0.8}
    dear, cheap = (GrowthOfNew.of(fit, price, "year", None, "") for price in (1e6, 1.0))
    assert dear.log_level == cheap.log_level == pytest.approx(np.log(10.0))
    assert dear.mean(1)[:, 0] == pytest.approx(np.full(4, 2.0))


def test_cohorts_side_by_side_compute_the_mean_of_growth_once(monkeypatch):
    calls, levels = [], GrowthOfNew.levels
    monkeypatch.setattr(GrowthOfNew, "levels", lambda *asked: calls.append(asked) or levels(*asked))
    growth = growing_subscriber(50).growth
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(growth.mean, [5] * 8))
    assert len(calls) == PATHS
    assert all(one is found[0] for one in found)
    with pytest.raises(ValueError, match="read-only"):
        found[0][0, 0] = 2.0
