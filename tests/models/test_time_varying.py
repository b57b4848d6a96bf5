"""Covariates that vary in time: what was known before each renewal, and the likelihood with it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from scipy import special

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, PriorError
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.persistence import HALF_LIVES, LAGS, Persistence
from ltv_bayes.models.density.dated_renewals import DatedRenewals
from tests.chance import assert_plausible
from tests.companies import AS_OF, simulated_subscriptions, subscriptions_with_health
from tests.models.densities import assert_gradients_are_slopes, assert_many_points_at_once, by_pymc, point

SEASON = lb.CalendarEffects(season=[0.5, *[1.0] * 10, 2.0], period="month")
CASES = {
    "one covariate": (lb.ShiftedBetaGeometric, {}, {}),
    "tenure": (lb.BetaDiscreteWeibull, {}, {}),
    "two covariates": (lb.BetaDiscreteWeibull, {"time_varying": ("health", "tickets")}, {}),
    "with the calendar": (lb.ShiftedBetaGeometric, {"calendar_effects": lb.CalendarEffects(period="quarter")}, {}),
    "tenure and a known season": (lb.BetaDiscreteWeibull, {"calendar_effects": SEASON}, {}),
    "a known season alone": (lb.ShiftedBetaGeometric, {"calendar_effects": SEASON, "time_varying": None}, {}),
    "tenure and the calendar": (lb.BetaDiscreteWeibull, {"calendar_effects": "auto", "time_varying": None}, {}),
    "records begin late": (lb.BetaDiscreteWeibull, {}, {"records_since": "2023-06-01"}),
}


def company(seed=1, subscribers=60, records_since=None, notice=True):
    """Monthly subscribers, with a health score and tickets on days of their own; some cancel days before."""
    rng = np.random.default_rng(seed)
    records = simulated_subscriptions(seed, subscribers=subscribers, period="month", churn=0.08)
    if notice:
        told = pd.to_timedelta(rng.integers(0, 25, subscribers), unit="D")
        records["cancelled_on"] = (records["cancelled_on"] - told).clip(lower=records["start"])
    if records_since:
        records = records[~(records["cancelled_on"] < records_since)]
    renewals = lb.summarize_renewals(records, period="month", as_of=AS_OF, records_since=records_since)
    days = [one + pd.to_timedelta(np.sort(rng.integers(-60, 900, 15)), unit="D") for one in records["start"]]
    health = pd.DataFrame({"customer_id": np.repeat(records["customer_id"], 15), "date": np.concatenate(days)})
    health = health.drop_duplicates(["customer_id", "date"])
    health["health"] = np.where(rng.random(len(health)) < 0.1, np.nan, rng.normal(60, 10, len(health)))
    return renewals, health.assign(tickets=rng.poisson(2.0, len(health)).astype(float))


def model_of(case):
    make, settings, known = CASES[case]
    renewals, health = company(**known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # some are new, and have no value yet
        renewals = renewals.with_covariates(health)
    return make(**{"time_varying": "health", **settings}), renewals, health


def known_before(rows, day, name):
    """The newest value of a customer's rows, sorted by date, by a loop over them."""
    found = np.nan
    for row in rows:
        if row.date.date() < day and not np.isnan(value := getattr(row, name)):
            found = value
    return found


def histories(renewals, health, names):
    """Of each subscriber: due dates, values known before each, how many made, lost and from when observed."""
    rows = {one: list(some.itertuples()) for one, some in health.sort_values("date").groupby("customer_id")}
    contracts = renewals.contracts
    told = contracts["until"] - pd.to_timedelta(contracts["notice"], unit="D")
    told = dict(zip(renewals.table.index[contracts["relation"]], told, strict=True))
    for one in renewals.table.itertuples():
        due = [one.start.date() + relativedelta(months=k) for k in range(1, one.renewals + one.lost + 1)]
        until = list(due)
        if one.lost and not pd.isna(told[one.Index]):
            until[-1] = min(due[-1], told[one.Index].date())
        own = rows.get(one.Index, [])
        values = np.array([[known_before(own, day, name) for name in names] for day in until])
        values = values.reshape(len(due), len(names))
        unknown = np.flatnonzero(np.isnan(values).any(axis=1))
        since = max(getattr(one, "observed_from", 0), unknown.max(initial=-1) + 1)
        yield due, values, one.renewals, one.lost, since


@pytest.fixture(scope="module", params=CASES)
def case(request):
    model, renewals, health = model_of(request.param)
    return model, renewals, health, model._recipe(renewals)


def by_hand(model, renewals, health, alpha, beta, c, slopes, log_factor):
    """The log-likelihood, subscriber by subscriber, of S(A) = B(alpha, beta + A) / B(alpha, beta)."""
    names = (model.time_varying,) if isinstance(model.time_varying, str) else tuple(model.time_varying or ())
    every = list(histories(renewals, health, names))
    used = np.concatenate([values[since:] for _, values, _, _, since in every])
    centre, scale, total = used.mean(axis=0), used.std(axis=0), 0.0
    together = np.atleast_2d(np.corrcoef(used, rowvar=False))
    for due, values, made, lost, since in every:
        if since > made:
            continue
        z, unknown = np.where(np.isnan(values), 0.0, (values - centre) / scale), np.isnan(values)
        spread = np.array([0.5 * (slopes * one) @ together @ (slopes * one) for one in unknown])
        number = np.arange(1, len(due) + 1.0)
        weight = (number**c - (number - 1) ** c) * np.exp(z @ slopes + spread + [log_factor(day) for day in due])
        log_s = special.betaln(alpha, beta + np.append(0.0, np.cumsum(weight))) - special.betaln(alpha, beta)
        total += (np.log(np.exp(log_s[made]) - np.exp(log_s[made + 1])) if lost else log_s[made]) - log_s[since]
    return total


class TestDensity:
    def test_it_is_the_sum_by_hand(self, case):
        model, renewals, health, recipe = case
        density = recipe.density()
        base, calendar = getattr(density, "base", density), recipe.calendar
        x = point(base, 3)
        own, parameters = base.parameters(x[np.newaxis])
        named = dict(zip(recipe.naming.parameters, parameters[0, :, 0], strict=True))
        effect = np.zeros(0) if calendar is None else np.random.default_rng(4).normal(0, 0.3, calendar.number)

        def log_factor(day):
            if calendar is None:
                return 0.0
            period = min(int((AS_OF.date() - day).days / calendar.length), calendar.number - 1)
            return effect[period] + calendar.log_known[period]

        slopes = [value for name, value in named.items() if name.startswith("churn_slope")]
        expected = by_hand(
            model, renewals, health, named["alpha"], named["beta"], named.get("c", 1.0), np.array(slopes), log_factor
        )
        found = base(x)[0] if calendar is None else density.given_effects(np.append(x, effect))[0]
        assert found - own[0] == pytest.approx(expected, rel=1e-10)

    def test_gradients_are_slopes(self, case):
        assert_gradients_are_slopes(case[3].density())

    def test_many_points_at_once(self, case):
        assert_many_points_at_once(case[3].density())


@pytest.mark.parametrize("name", ["two covariates", "tenure and a known season"])
def test_it_is_the_pymc_model(name):
    model, renewals, _health = model_of(name)
    recipe = model._recipe(renewals)
    density, through_pymc = recipe.density(), by_pymc(recipe.model())
    x, oldest_first = point(density, 7), np.arange(density.size)
    if recipe.calendar is not None:
        oldest_first[density.latent] = oldest_first[density.latent][::-1]
    value, gradient = density(x)
    theirs, slopes = through_pymc(x[oldest_first])
    assert value == pytest.approx(theirs, rel=1e-9)
    np.testing.assert_allclose(gradient[oldest_first], slopes, rtol=1e-6, atol=1e-6)


def test_a_slope_of_zero_is_the_plain_model():
    renewals, health = company(notice=False)
    first = pd.DataFrame({"customer_id": renewals.table.index, "date": "2010-01-01", "health": 60.0})
    health = pd.concat([first, health[["customer_id", "date", "health"]]])
    for make in (lb.ShiftedBetaGeometric, lb.BetaDiscreteWeibull):
        plain = make()._recipe(renewals).density()
        density = make(time_varying="health")._recipe(renewals.with_covariates(health)).density()
        x, prior = point(plain, 2), -np.log(0.5) - 0.5 * np.log(2 * np.pi)
        place = density.places["churn_slope_health"].start
        assert density(np.insert(x, place, 0.0))[0] - prior == pytest.approx(plain(x)[0], rel=1e-12)


def test_a_value_that_stays_multiplies_what_each_renewal_counts():
    """S(t) = B(alpha, beta + t exp(b z)) / B(alpha, beta), Fader and Hardie's form of a fixed covariate."""
    renewals, _ = company(notice=False)
    score = pd.Series(np.random.default_rng(5).normal(0, 1, len(renewals.table)), renewals.table.index)
    fixed = pd.DataFrame({"customer_id": score.index, "date": "2010-01-01", "score": score.to_numpy()})
    recipe = lb.ShiftedBetaGeometric(time_varying="score")._recipe(renewals.with_covariates(fixed))
    density, table = recipe.density(), renewals.table
    x = point(density, 6)
    own, parameters = density.parameters(x[np.newaxis])
    alpha, beta, slope = parameters[0, :, 0]
    due = (table["renewals"] + table["lost"]).to_numpy()
    repeated = np.repeat(score.to_numpy(), due)
    g = np.exp(slope * (score.to_numpy() - repeated.mean()) / repeated.std())
    each = shifted_beta_geometric.log_likelihood(
        table["renewals"] * g, table["lost"], alpha=alpha, beta=beta, at_loss=np.where(table["lost"], g, 1.0)
    )
    assert density(x)[0] - own[0] == pytest.approx(each.sum(), rel=1e-10)


class TestKnown:
    @pytest.fixture
    def renewals(self):
        records = pd.DataFrame(
            {
                "customer_id": ["Ada", "Bo", "Cleo"],
                "start": ["2024-01-15", "2024-01-15", "2024-03-15"],
                "cancelled_on": [None, "2024-04-01", None],
                "price": 10.0,
            }
        )
        return lb.summarize_renewals(records, period="month", as_of="2024-06-30")

    def known(self, renewals, rows):
        health = pd.DataFrame(rows, columns=["customer_id", "date", "score"])
        dated = DatedRenewals.of(renewals.with_covariates(health), ("score",))
        first = dated.schedules.first
        return {
            one: (dated.schedules.known[first[place] : first[place + 1], 0].tolist(), int(row.observed_from))
            for place, (one, row) in enumerate(dated.table.iterrows())
        }

    def test_a_value_of_the_day_or_after_the_cancellation_is_not_used(self, renewals):
        rows = [("Ada", "2024-01-10", 1), ("Ada", "2024-03-15", 2), ("Ada", "2024-03-16", 3), ("Cleo", "2024-01-01", 7)]
        bo = [("Bo", "2024-01-10", 4), ("Bo", "2024-03-31", 5), ("Bo", "2024-04-01", 6), ("Bo", "2024-04-10", 9)]
        found = self.known(renewals, rows + bo)
        assert found["Ada"] == ([1, 1, 3, 3, 3], 0)  # due on the 15th of February to June
        assert found["Bo"] == ([4, 4, 5], 0)  # lost on 15 April, cancelled on the 1st
        assert found["Cleo"] == ([7, 7, 7], 0)

    def test_renewals_before_the_first_value_are_not_observed(self, renewals):
        with pytest.warns(DataWarning, match=r"1 customer with a subscription.*Cleo"):
            found = self.known(renewals, [("Ada", "2024-03-20", 1), ("Ada", "2024-07-01", 8), ("Bo", "2024-02-01", 2)])
        assert found["Ada"][1] == 2
        assert found["Bo"][1] == 0
        assert found["Cleo"][1] == 3  # nothing is learned from her

    def test_ids_are_matched_however_they_are_written(self):
        records = pd.DataFrame({"customer_id": [7, 8], "start": "2024-01-15", "cancelled_on": None, "price": 1.0})
        renewals = lb.summarize_renewals(records, as_of="2024-06-30")
        table = pd.DataFrame({"customer_id": ["8", "7"], "date": ["2024-02-01"] * 2, "score": ["1,200", "3"]})
        now = renewals.with_covariates(table).covariates.known_by(renewals.table.index, "2024-06-30", ["score"])
        assert now.ravel().tolist() == [3.0, 1200.0]

    def test_a_note_counts_what_is_read_and_who_is_left_out(self, renewals):
        days = {"Ada": "2024-01-02", "Bo": "2024-01-03", "Cleo": "2024-01-04", "Yan": "2024-01-03", "Zoe": "2024-01-03"}
        table = pd.DataFrame({"customer_id": list(days), "date": list(days.values()), "score": np.arange(5.0)})
        read = "score by date: 3 rows of 3 customers, 2024-01-02 to 2024-01-04"
        for number, more in enumerate(
            ("", "; 1 customer without a subscription is left out", "; 2 customers without a subscription are left out")
        ):
            assert renewals.with_covariates(table[: 3 + number]).covariates.note == read + more

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"customer_id": None}, InputError, "without a customer id"),
            ({"date": "soon"}, InputError, "a date that cannot be read"),
            ({"score": "good"}, InputError, r"score that cannot be read as a number.*columns="),
            ({"score": np.inf}, InputError, "infinite score"),
            (
                {"customer_id": "Bo", "date": "2024-02-02"},
                InputError,
                r"2 rows with the customer and the day.*Keep one",
            ),
        ],
    )
    def test_rows_at_fault_are_named(self, renewals, change, error, message):
        table = pd.DataFrame(
            {"customer_id": ["Ada", "Bo"], "date": ["2024-02-01", "2024-02-02"], "score": [1.0, 2.0]}, dtype=object
        )
        for name, value in change.items():
            table.loc[0, name] = value
        with pytest.raises(error, match=message):
            renewals.with_covariates(table)

    def test_tables_without_what_is_needed_are_refused(self, renewals):
        table = pd.DataFrame({"customer_id": ["Ada"], "day": ["2024-02-01"], "score": [1.0]})
        with pytest.raises(ColumnError, match="'date'"):
            renewals.with_covariates(table)
        with pytest.raises(ColumnError, match="no column with numbers"):
            renewals.with_covariates(table, date="day", columns=[])
        with pytest.raises(InputError, match=r"None of the customers.*'Zoe'"):
            renewals.with_covariates(table.assign(customer_id="Zoe"), date="day")
        with pytest.raises(InputError, match="cohort table"):
            lb.Renewals.from_cohort_table([10, 9]).with_covariates(table)

    def test_a_model_asks_for_what_is_there(self, renewals):
        with pytest.raises(ColumnError, match=r"no score by date.*with_covariates"):
            lb.ShiftedBetaGeometric(time_varying="score").build(renewals)
        rows = {"customer_id": ["Ada", "Bo", "Cleo"], "date": "2024-01-01"}
        dated = renewals.with_covariates(pd.DataFrame({**rows, "score": 1.0}))
        with pytest.raises(ColumnError, match="Did you mean 'score'"):
            lb.ShiftedBetaGeometric(time_varying="scores").build(dated)
        with pytest.raises(InputError, match="is 1 before all renewals"):
            lb.ShiftedBetaGeometric(time_varying="score")._recipe(dated).density()
        with pytest.raises(InputError, match="each once"):
            lb.ShiftedBetaGeometric(time_varying=["score", "score"])
        with pytest.raises(PriorError, match="churn_slope_score"):
            lb.ShiftedBetaGeometric({"slope": lb.Prior("Normal", mu=0, sigma=1)}, time_varying="score").build(dated)
        late = renewals.with_covariates(pd.DataFrame({**rows, "date": "2024-06-29", "score": [1.0, 2.0, 3.0]}))
        with pytest.raises(InputError, match="after the first values of score"):
            lb.ShiftedBetaGeometric(time_varying="score").fit(late)


def test_how_long_a_deviation_stays_is_found():
    rng, stays, half_life = np.random.default_rng(1), 0.4, 60.0
    level, kept = rng.normal(0, np.sqrt(stays), 2000), 0.5 ** (30 / half_life)
    moving, found = rng.normal(0, np.sqrt(1 - stays), 2000), []
    for _month in range(24):
        found.append(level + moving)
        moving = kept * moving + rng.normal(0, np.sqrt((1 - stays) * (1 - kept**2)), 2000)
    values = np.array(found).T
    case, day = np.repeat(np.arange(2000), 24), np.tile(30.0 * np.arange(24), 2000)
    learned = Persistence.learned(case, day, values.ravel())
    for days in (30, 90, 365, 690):
        true = stays + (1 - stays) * 0.5 ** (days / half_life)
        assert learned.left(days) == pytest.approx(true, abs=0.03)
    for_ever = Persistence.learned(case, day, np.repeat(level, 24))
    assert float(for_ever.left(3650)) == 1.0


def test_what_a_fit_remembers_is_that_of_the_renewals_that_count():
    """Moments over those renewals; what is left of a deviation by least squares over subscribers' scores."""
    names, (records, health, _) = ("health", "noise"), subscriptions_with_health(3, subscribers=80)
    plain = lb.summarize_renewals(records, period="month", as_of=AS_OF)
    health = pd.concat([rows for _one, rows in health.groupby("customer_id") if len(rows) > 1])
    others = health.head(20).assign(customer_id="nobody", health=900.0).drop_duplicates(["customer_id", "date"])
    later = health.tail(5).assign(date=AS_OF + pd.Timedelta(days=1), health=-900.0).drop_duplicates("customer_id")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # some are new, and have no value yet
        renewals = plain.with_covariates(pd.concat([health, others, later]))
    found = DatedRenewals.of(renewals, names).remembered(renewals)
    used = np.concatenate([values[since:] for _, values, _, _, since in histories(plain, health, names)])
    assert found.names == names
    np.testing.assert_allclose(found.centre, used.mean(axis=0))
    np.testing.assert_allclose(found.scale, used.std(axis=0))
    np.testing.assert_allclose(found.together, np.corrcoef(used, rowvar=False), atol=1e-12)
    for at, name in enumerate(names):
        pairs = []
        for _one, rows in health.sort_values("date").groupby("customer_id"):
            day, z = (
                rows["date"].to_numpy("M8[D]").astype(float),
                (rows[name].to_numpy() - used[:, at].mean()) / used[:, at].std(),
            )
            pairs += [np.array([day[lag:] - day[:-lag], z[:-lag], z[lag:]]) for lag in LAGS if lag < len(z)]
        days, before, after = np.concatenate(pairs, axis=1)
        losses = {
            (stays, half_life): np.sum((after - (stays + (1 - stays) * 0.5 ** (days / half_life)) * before) ** 2)
            for stays in (found.left[at][0], *np.linspace(0, 1, 11))
            for half_life in HALF_LIVES
        }
        assert losses[found.left[at]] == pytest.approx(min(losses.values()), rel=1e-9)
    assert Persistence(*found.left[0]).left(90.0) > 0.4
    assert Persistence(*found.left[1]).left(90.0) < 0.2


@pytest.mark.fits
@pytest.mark.parametrize("make", [lb.ShiftedBetaGeometric, lb.BetaDiscreteWeibull])
def test_slopes_of_a_simulated_company_are_found(make):
    """Odds of leaving by a logistic rule, not the model's, on a score that moves from month to month."""
    records, health, _ = subscriptions_with_health(2, subscribers=1000, slope=-0.5, churn=0.02)
    renewals = lb.summarize_renewals(records, period="month", as_of=AS_OF).with_covariates(health)
    fit = make(time_varying=["health", "noise"]).fit(renewals, random_seed=1, progressbar=False)
    posterior = fit.idata["posterior"]
    scale = renewals.covariates.values[:, 0].std() / 10  # a standard deviation of the score is ten points
    assert_plausible(-0.5 * scale * (1 - 0.03), posterior["churn_slope_health"].to_numpy(), figures=2)
    assert_plausible(0.0, posterior["churn_slope_noise"].to_numpy(), figures=2)
    assert "health: each" in repr(fit)
