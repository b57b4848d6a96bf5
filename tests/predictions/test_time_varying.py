"""Forecasts, values and reasons of a fit with covariates that vary in time."""

import json

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning
from ltv_bayes.evaluation import quantities
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.predictions.churn.factors import FactorsAtRenewals
from ltv_bayes.predictions.churn.time_varying import TimeVarying
from ltv_bayes.predictions.clock import clock_of
from ltv_bayes.scoring.packing import Packing, Unpacking
from tests.chance import allowed
from tests.predictions.test_renewals_on_clock import fit_of as fit_on_clock

ALPHA, BETA, SLOPE, AS_OF = 0.9, 7.0, -0.6, "2024-06-30"
DRAWS = 4000


def fit_of(
    *,
    c=None,
    left=(1.0, 1.0),
    size=DRAWS,
    slopes=(SLOPE,),
    together=((1.0,),),
    names=("health",),
    calendar=False,
    periods="month",
):
    """A fit in which ten points of health less than 60 multiply the hazard by exp(0.6); left as in `Persistence`.

    With the calendar, churn of all was half as high until nine months ago, is higher since, and goes back slowly; the
    fit is a month older than the data.
    """
    same = np.full((1, size), 1.0)
    draws = {"alpha": ALPHA * same, "beta": BETA * same, **({} if c is None else {"c": c * same})}
    plain = lb.FittedRenewals.from_draws(draws, periods=periods, random_seed="0")
    tree = plain.idata.copy()
    posterior = tree["posterior"].to_dataset()
    for name, slope in zip(names, slopes, strict=False):
        posterior[f"churn_slope_{name}"] = (("chain", "draw"), slope * same)
    if calendar:
        effect = np.log(np.where(np.arange(24) < 14, 0.5, 1.6))
        moved = fit_on_clock(effect=effect, level=np.log(3.0), stays=False, size=size).idata
        added = ("calendar_effect", "level", "level_sd", "noise_sd")
        posterior = posterior.assign({name: moved["posterior"][name] for name in added})
        tree.attrs |= {"calendar": moved.attrs["calendar"], "as_of": "2024-05-31"}
    tree["posterior"] = type(tree)(posterior)
    kept = {"names": names, "centre": [60.0] * len(names), "scale": [10.0] * len(names)}
    lefts = left if isinstance(left, list) else [left] * len(names)
    if names:
        tree.attrs["time_varying"] = json.dumps({**kept, "left": lefts, "together": together})
    return lb.FittedRenewals(tree)


@pytest.fixture(scope="module")
def records():
    frame = {"customer_id": ["Ada", "Bo", "Cleo"], "start": ["2024-01-31", "2024-03-10", "2024-06-30"]}
    return lb.summarize_renewals(
        pd.DataFrame({**frame, "cancelled_on": None, "price": [10.0, 20.0, 30.0]}), as_of=AS_OF
    )


@pytest.fixture(scope="module")
def renewals(records):
    """Ada falls from 70 to 40, Bo stays at 60; of Cleo nothing is known."""
    rows = [("Ada", "2024-01-01", 70), ("Ada", "2024-05-01", 40), ("Bo", "2024-01-01", 60)]
    with pytest.warns(DataWarning, match="Cleo"):
        return records.with_covariates(pd.DataFrame(rows, columns=["customer_id", "date", "health"]))


STARTS = {"Ada": pd.Timestamp("2024-01-31"), "Bo": pd.Timestamp("2024-03-10"), "Cleo": pd.Timestamp("2024-06-30")}
SCORES = {"Ada": ([1, 1, 1, -2, -2], -2), "Bo": ([0, 0, 0], 0), "Cleo": ([], None)}


def of_all(fit, due):
    """The factor of the calendar on each of some days, by a loop: 1 in a fit without."""
    clock, found = clock_of(fit), []
    for day in due if clock is not None else ():
        days, last = (day - pd.Timestamp(fit.idata.attrs["as_of"])).days, clock.factors.shape[1] - 1
        period = -1 - int(-days // clock.length) if days <= 0 else int((days - 1e-6) // clock.length)
        found.append(clock.factors[0, min(max(period - clock.first, 0), last)])
    return np.array(found) if found else np.ones(len(due))


def weights(customer, ahead, fit, left=(1.0, 1.0), c=1.0, slope=SLOPE):
    """What renewals of the three count, made and to come, by hand."""
    made, now = SCORES[customer]
    due = [STARTS[customer] + relativedelta(months=k) for k in range(1, len(made) + ahead + 1)]
    log = [slope * score for score in made]
    for day in due[len(made) :]:
        kept = left[0] + (1 - left[0]) * 0.5 ** ((day - pd.Timestamp(AS_OF)).days / left[1])
        kept = 0.0 if now is None else kept
        log.append(slope * (now or 0) * kept + slope**2 * (1 - kept**2) / 2)
    number = np.arange(1.0, len(due) + 1)
    return np.exp(log) * (number**c - (number - 1) ** c) * of_all(fit, due), len(made)


def survival(found, made):
    before, ahead = found[:made].sum(), np.cumsum(found[made:])
    return shifted_beta_geometric.survival(ahead, alpha=ALPHA, beta=BETA, renewals=before)


@pytest.mark.parametrize(
    ("c", "left", "calendar"),
    [(None, (1.0, 1.0), False), (1.6, (1.0, 1.0), False), (None, (0.3, 45.0), False), (1.6, (0.3, 45.0), True)],
)
def test_forecasts_have_the_survival_of_what_was_known(renewals, c, left, calendar):
    fit = fit_of(left=left, c=c, calendar=calendar)
    drawn = fit.predict_renewals(renewals, 5, random_seed=1)
    customers = lb.all_customers(renewals)
    stream, terms = lb.Subscription(fit, renewals), {"horizon": "5 months", "discount_rate": 0.0, "random_seed": 2}
    flow = lb.lifetime_value(customers, stream, **terms).draws
    price = {"Ada": 10.0, "Bo": 20.0, "Cleo": 30.0}
    for customer in price:
        kept = survival(*weights(customer, 5, fit, left, c or 1.0))
        for more, chance in enumerate(kept, 1):
            share = float((drawn.sel(customer_id=customer) >= more).mean())
            assert abs(share - chance) < allowed(60) * np.sqrt(chance * (1 - chance) / DRAWS)
        own = flow.sel(customer_id=customer).to_numpy().ravel() / price[customer]
        assert abs(own.mean() - kept.sum()) < allowed(60) * own.std() / np.sqrt(DRAWS)


@pytest.mark.parametrize(("c", "names"), [(1.6, ()), (None, ("health",)), (1.6, ("health",))])
class TestWithTheCalendar:
    """Factors of the calendar, of tenure and of covariates multiply."""

    def test_of_subscribers(self, renewals, c, names):
        left, slope = (0.3, 45.0), SLOPE if names else 0.0
        fit = fit_of(c=c, names=names, left=left, calendar=True, size=2)
        factors = FactorsAtRenewals.of(fit, renewals, renewals.table["renewals"].to_numpy() + 6)
        for place, customer in enumerate(renewals.table.index):
            expected, made = weights(customer, 6, fit, left, c or 1.0, slope)
            before, ahead = factors.at(place, made)
            np.testing.assert_allclose(before, expected[:made].sum())
            np.testing.assert_allclose(ahead, np.broadcast_to(expected[made:], ahead.shape))

    def test_of_numbers_of_renewals(self, c, names):
        fit, made, mean = fit_of(c=c, names=names, calendar=True, size=1), 3, np.exp(SLOPE**2 / 2) if names else 1.0
        last = pd.Timestamp(fit.idata.attrs["as_of"])
        due = [last + pd.Timedelta(days=365.25 / 12 * k) for k in range(1 - made, 7)]
        number = np.arange(1.0, len(due) + 1)
        counted = mean * (number ** (c or 1.0) - (number - 1) ** (c or 1.0)) * of_all(fit, due)
        found = fit.survival(np.arange(1, 7), renewals=made, period="month")[0, 0]
        np.testing.assert_allclose(found, survival(counted, made))


@pytest.mark.parametrize("c", [None, 1.6])
def test_a_subscriber_without_rows_is_forecast_as_a_number_of_renewals(c):
    """Those made count as those to come do: like the mean of all subscribers."""
    rows = {"customer_id": ["Ada", "Dan"], "start": "2024-01-31", "cancelled_on": None, "price": 1.0}
    records = lb.summarize_renewals(pd.DataFrame(rows), as_of=AS_OF)
    health = pd.DataFrame({"customer_id": ["Ada"], "date": "2024-01-01", "health": 40.0, "tickets": 70.0})
    with pytest.warns(DataWarning, match="Dan"):
        renewals = records.with_covariates(health)
    terms = {"names": ("health", "tickets"), "slopes": (-0.6, 0.4), "together": ((1.0, -0.5), (-0.5, 1.0))}
    fit, made = fit_of(c=c, size=1, **terms), int(renewals.table.loc["Dan", "renewals"])
    before, ahead = FactorsAtRenewals.of(fit, renewals, [made + 6] * 2).at(1, made)
    ours = shifted_beta_geometric.survival(np.cumsum(ahead), alpha=ALPHA, beta=BETA, renewals=before)
    np.testing.assert_allclose(ours, fit.survival(np.arange(1, 7), renewals=made)[0, 0])
    value = lb.lifetime_value(
        lb.all_customers(renewals), lb.Subscription(fit, renewals), horizon="1 year", random_seed=1
    )
    found = lb.at_risk(value, within="2 months", least=0.0).summary()["probability_not_renewed"]
    assert found["Dan"] == pytest.approx(1 - float(fit.retention([made])[0, 0, 0]))
    assert found["Ada"] > found["Dan"]


def test_a_changed_plan_counts_from_its_day():
    rows = [("Ada", "2024-01-31", "2024-03-15", 10.0), ("Ada", "2024-03-15", None, 12.0)]
    records = lb.summarize_renewals(
        pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price"]), as_of=AS_OF
    )
    scores = {"2024-02-01": 70, "2024-03-20": 50, "2024-06-15": 40}  # renewals on 29 February, 15 April, May and June
    health = pd.DataFrame({"customer_id": "Ada", "date": list(scores), "health": list(scores.values())})
    before, ahead = FactorsAtRenewals.of(fit_of(c=1.6, size=1), records.with_covariates(health), [6]).at(0, 4)
    number = np.arange(1.0, 7)
    expected = np.exp(SLOPE * np.array([1, -1, -1, -1, -2, -2])) * (number**1.6 - (number - 1) ** 1.6)
    assert before[0] == pytest.approx(expected[:4].sum())
    np.testing.assert_allclose(ahead[0], expected[4:])


def test_a_value_of_the_as_of_date_counts_from_the_next_renewal_on(records):
    """Ada's renewal of that day does not depend on it; and what is dated later is not kept."""
    rows = [("2024-01-01", 70), (AS_OF, 40), ("2024-07-01", 90), ("2025-01-01", 0)]
    health = pd.DataFrame(rows, columns=["date", "health"]).assign(customer_id="Ada")
    with pytest.warns(DataWarning, match="Bo"):
        known = records.with_covariates(health)
    assert known.covariates.day.max() == np.datetime64(AS_OF)
    before, ahead = FactorsAtRenewals.of(fit_of(size=1), known, [6, 4, 1]).at(0, 5)
    assert known.table.loc["Ada", "next_due"] == pd.Timestamp("2024-07-31")
    assert before[0] == pytest.approx(5 * np.exp(SLOPE))
    assert ahead[0, 0] == pytest.approx(np.exp(-2 * SLOPE))


def test_a_second_table_takes_the_place_of_the_first(records):
    rows = {"customer_id": ["Ada", "Bo", "Cleo"], "date": "2024-01-01"}
    first = records.with_covariates(pd.DataFrame({**rows, "logins": [1, 2, 3]}))
    second = first.with_covariates(pd.DataFrame({**rows, "health": [70, 60, 50]}))
    assert second.covariates.names == ("health",)
    assert [line for line in repr(second).splitlines() if "by date" in line] == [
        "note: health by date: 3 rows of 3 customers, 2024-01-01 to 2024-01-01"
    ]


def test_factors_of_normal_values_with_a_spread_of_their_own():
    """ln E exp(s x) of x normal around m with covariance D R D is s m + s D R D s / 2."""
    correlation = np.array([[1.0, 0.4], [0.4, 1.0]])
    covariates = TimeVarying(("a", "b"), (0.0, 0.0), (1.0, 1.0), ((1.0, 1.0),) * 2, tuple(map(tuple, correlation)))
    slopes, mean = np.array([[-0.6, 0.3], [0.2, 0.5]]), np.array([[1.0, 0.0], [0.0, -2.0], [0.5, 0.5]])
    sd = np.array([[0.0, 0.0], [1.0, 0.0], [0.3, 0.8]])
    found = covariates.log_factors(slopes, mean, sd)
    for draw, s in enumerate(slopes):
        for row in range(3):
            spread = np.diag(sd[row]) @ correlation @ np.diag(sd[row])
            assert found[draw, row] == pytest.approx(s @ mean[row] + s @ spread @ s / 2)


def test_contracts_of_two_lengths_with_fits_of_their_own():
    """Values are those of each length by itself."""
    rows = [("Ada", "month", 70), ("Bo", "year", 40), ("Cleo", "month", 40), ("Dan", "year", 65)]
    table = pd.DataFrame(rows, columns=["customer_id", "term", "health"])
    records = table.drop(columns="health").assign(start="2022-03-10", cancelled_on=None, price=10.0)
    health = table.drop(columns="term").assign(date="2022-01-01")
    fits = {"month": fit_of(left=(0.3, 45.0), size=40, c=1.6, calendar=True), "year": fit_of(size=40, periods="year")}
    terms = {"horizon": "3 years", "discount_rate": 0.1, "random_seed": 3}

    def draws(some):
        renewals = lb.summarize_renewals(records[some], period="term", as_of=AS_OF).with_covariates(health)
        needed = {length: fits[length] for length in records["term"][some].unique()}
        return lb.lifetime_value(lb.all_customers(renewals), lb.Subscription(needed, renewals), **terms).draws

    both = draws(np.full(4, True))
    for length in fits:
        own = (table["term"] == length).to_numpy()
        alone = draws(own)
        np.testing.assert_array_equal(both.sel(customer_id=table["customer_id"][own].tolist()), alone)
        assert alone.mean(("chain", "draw")).to_numpy().min() > 0


def test_residual_life_is_the_sum_of_survival(renewals):
    left = (0.3, 45.0)
    few = fit_of(left=left, size=2)
    life = few.expected_residual_life(renewals, 0.5)
    found, made = weights("Bo", 5, few, left)
    last = np.exp(SLOPE**2 * (1 - left[0] ** 2) / 2)
    days = (pd.to_datetime("2024-07-10") - pd.Timestamp(AS_OF)).days
    due = pd.date_range("2024-07-01", periods=900, freq="MS") + pd.Timedelta(days=9)
    kept = left[0] + (1 - left[0]) * 0.5 ** ((due - pd.Timestamp(AS_OF)).days / left[1])
    ahead = np.exp(SLOPE**2 * (1 - kept.to_numpy() ** 2) / 2)
    assert ahead[-1] == pytest.approx(last)
    months = survival(np.append(found[:made], ahead), made)
    expected = np.sum(months * 1.5 ** -(np.arange(900) / 12)) * 1.5 ** (-days / 365.25)
    assert float(life.sel(customer_id="Bo")[0, 0]) == pytest.approx(expected, rel=1e-3)


def test_of_whom_nothing_is_known_counts_like_all(renewals):
    """Numbers of renewals, and new customers: the mean factor of normal scores."""
    fit, mean = fit_of(size=2), np.exp(SLOPE**2 / 2)
    months = np.arange(6)
    expected = shifted_beta_geometric.survival(mean * months, alpha=ALPHA, beta=BETA, renewals=2 * mean)
    np.testing.assert_allclose(fit.survival(months, renewals=2)[0, 0], expected)
    np.testing.assert_allclose(fit.retention([2])[0, 0, 0], expected[1])
    value = lb.new_customer_value(fit, price=10.0, horizon="6 months", discount_rate=0.0, margin=1.0)
    paid = shifted_beta_geometric.survival(mean * months, alpha=ALPHA, beta=BETA).sum()
    assert float(value.summary()["mean"].iloc[0]) == pytest.approx(10 * paid)
    life = fit.expected_residual_life([2], 0.1)
    number = np.arange(1.0, 4000)
    kept = shifted_beta_geometric.survival(mean * number, alpha=ALPHA, beta=BETA, renewals=2 * mean)
    assert float(life[0, 0, 0]) == pytest.approx(np.sum(kept * 1.1 ** (-(number - 1) / 12)), rel=1e-6)


def test_two_covariates_move_together(renewals):
    names, slopes = ("health", "tickets"), np.array([-0.6, 0.4])
    both = fit_of(names=names, slopes=slopes, together=((1.0, -0.5), (-0.5, 1.0)), size=1)
    variance = slopes @ np.array([[1.0, -0.5], [-0.5, 1.0]]) @ slopes
    expected = shifted_beta_geometric.survival(np.exp(variance / 2), alpha=ALPHA, beta=BETA)
    np.testing.assert_allclose(both.retention([0])[0, 0, 0], expected)


def test_whose_renewal_is_at_risk_and_why(renewals):
    fit = fit_of(left=(0.5, 90.0))
    value = lb.lifetime_value(
        lb.all_customers(renewals), lb.Subscription(fit, renewals), horizon="1 year", random_seed=1
    )
    table = lb.at_risk(value, within="2 months", least=0.0).summary()
    for customer in ("Ada", "Bo"):
        chance = 1 - survival(*weights(customer, 1, fit, (0.5, 90.0)))[0]
        assert table.loc[customer, "probability_not_renewed"] == pytest.approx(chance)
    assert table.loc["Ada", "reason"].startswith("health 40, against 60 on average")
    assert "health" not in table.loc["Cleo", "reason"]
    assert any("health go on from the newest values" in note and "53% of health" in note for note in value.notes())


class TestReasons:
    """Ada's and Bo's renewals are 31 and 10 days away."""

    names, slopes, together = ("health", "tickets"), (SLOPE, 0.4), ((1.0, 0.0), (0.0, 1.0))

    def reasons(self, records, scores, left):
        rows = [(one, "2024-01-01", *score) for one, score in scores.items()]
        known = records.with_covariates(pd.DataFrame(rows, columns=["customer_id", "date", *self.names]))
        settings = {"names": self.names, "slopes": self.slopes, "together": self.together}
        stream = lb.Subscription(fit_of(left=left, size=5, **settings), known)
        value = lb.lifetime_value(lb.all_customers(known), stream, horizon="1 year", random_seed=1)
        return lb.at_risk(value, within="2 months", least=0.0).summary()["reason"]

    def test_the_strongest_comes_first_on_the_day_of_the_renewal(self, records):
        """Health weighs 1.2 today and tickets 0.8; of health a quarter is left after twenty days."""
        scores = {"Ada": (40, 80), "Bo": (40, 80), "Cleo": (60, 60)}
        lasting = self.reasons(records, scores, [(1.0, 1.0), (1.0, 1.0)])
        fading = self.reasons(records, scores, [(0.0, 10.0), (1.0, 1.0)])
        health, tickets = "health 40, against 60 on average", "tickets 80, against 60 on average"
        for found, first, second in ((lasting, health, tickets), (fading, tickets, health)):
            assert 0 <= found["Ada"].index(first) < found["Ada"].index(second)

    def test_one_that_has_faded_or_is_on_its_good_side_is_not_named(self, records):
        scores = {"Ada": (40, 60), "Bo": (40, 60), "Cleo": (80, 40)}
        found = self.reasons(records, scores, [(0.0, 7.0), (1.0, 1.0)])
        assert "health 40" in found["Bo"]  # 37% is left
        assert "health" not in found["Ada"]  # 5% is left
        assert "health" not in found["Cleo"]
        assert "tickets" not in found["Cleo"]

    def test_of_one_that_is_overdue_the_whole_deviation_counts(self):
        """Tickets weigh 0.8 and health 0.6, which would be 4 if it grew backwards in time."""
        rows = {"customer_id": ["Ada"], "start": "2024-02-16", "paid": "2024-05-16", "price": 10.0}
        records = lb.summarize_renewals(
            pd.DataFrame(rows), cancelled_on=None, renewed_on="paid", grace="20 days", as_of=AS_OF
        )
        assert records.table.loc["Ada", "next_due"] == pd.Timestamp("2024-06-16")
        found = self.reasons(records, {"Ada": (50, 80)}, [(0.0, 5.0), (1.0, 1.0)])["Ada"]
        assert 0 <= found.index("tickets 80") < found.index("health 50")


def test_a_check_asks_what_the_fit_was_asked():
    """Losses at each renewal from the first score on, as a loop over subscribers expects them."""
    rng, size = np.random.default_rng(4), 300
    start = pd.to_datetime(rng.choice(["2023-12-10", "2024-02-10"], size))
    ended = [day + relativedelta(months=int(k)) for day, k in zip(start, rng.integers(1, 10, size), strict=True)]
    scored_on = pd.to_datetime(np.where(rng.random(size) < 0.3, "2024-03-20", "2023-12-01"))
    scores = np.where(rng.random(size) < 0.5, 75.0, 45.0)
    records = pd.DataFrame({"customer_id": np.arange(size), "start": start, "price": 1.0, "cancelled_on": ended})
    records["cancelled_on"] = records["cancelled_on"].where(records["cancelled_on"] <= AS_OF)
    health = pd.DataFrame({"customer_id": np.arange(size), "date": scored_on, "health": scores})
    renewals, fit = lb.summarize_renewals(records, as_of=AS_OF).with_covariates(health), fit_of(size=400)

    lost, expected, variance = np.zeros((3, 9))
    for day, end, known_since, score in zip(start, records["cancelled_on"], scored_on, scores, strict=True):
        due = [day + relativedelta(months=k) for k in range(1, 10)]
        due = [one for one in due if one <= (pd.Timestamp(AS_OF) if pd.isna(end) else end)]
        known = [known_since < one for one in due]
        weight = np.where(known, np.exp(SLOPE * (score - 60) / 10), np.exp(SLOPE**2 / 2))
        for k, one in enumerate(due):
            leaving = 1 - shifted_beta_geometric.survival(weight[k], alpha=ALPHA, beta=BETA, renewals=weight[:k].sum())
            lost[k] += known[k] and one == end
            expected[k] += known[k] * leaving
            variance[k] += known[k] * leaving * (1 - leaving)

    found = list(quantities.of_renewals(fit, renewals, 5))
    assert list(lb.check(renewals, fit, random_seed=1).table["observed"]) == [one.observed for one in found]
    for low, high, one in zip([0, 1, 2, 3], [1, 2, 3, 6], found, strict=True):
        assert one.observed == lost[low:high].sum() > 0
        error = np.sqrt(variance[low:high].sum() / one.replicated.size)
        assert abs(one.replicated.mean() - expected[low:high].sum()) < allowed(4) * error


def test_a_fit_asks_for_its_covariates(records, renewals):
    fit = fit_of(size=10)
    with pytest.raises(ColumnError, match=r"no health by date.*with_covariates"):
        fit.predict_renewals(records, 3)
    with pytest.raises(ColumnError, match=r"no health by date.*with_covariates"):
        lb.Subscription(fit, records)
    other = pd.DataFrame({"customer_id": ["Ada", "Bo", "Cleo"], "date": "2024-01-01", "usage": [1, 2, 3]})
    with pytest.raises(ColumnError, match="There is no 'health' by date"):
        lb.Subscription(fit, records.with_covariates(other))


def test_saved_and_loaded(renewals, tmp_path):
    fit = fit_of(left=(0.3, 45.0), size=10)
    again = lb.load_fit(fit.save(tmp_path / "fit.nc"))
    assert repr(again) == repr(fit)
    assert "health: each 10 more multiplies" in repr(fit)
    packing = Packing()
    written = packing.pack(renewals)
    read = Unpacking(packing.files.__getitem__).unpack(written)
    np.testing.assert_array_equal(again.predict_renewals(read, 3, 1), fit.predict_renewals(renewals, 3, 1))


def test_a_slice_is_valued_as_the_whole(renewals):
    fit = fit_of(left=(0.3, 45.0), size=50)
    terms = {"horizon": "1 year", "random_seed": 3}
    customers = lb.all_customers(renewals)
    whole = lb.lifetime_value(customers, lb.Subscription(fit, renewals), **terms).draws
    alone = lb.lifetime_value(customers.subset(["Bo"]), lb.Subscription(fit, renewals), **terms).draws
    np.testing.assert_array_equal(whole.sel(customer_id="Bo"), alone.sel(customer_id="Bo"))
