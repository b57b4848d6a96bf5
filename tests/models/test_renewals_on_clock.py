"""Calendar effects in renewals: a renewal in a period with factor g counts like g renewals."""

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

import ltv_bayes as lb
from ltv_bayes.data.subscriptions.due_dates import Schedules, settled_schedules
from ltv_bayes.formulas.models import shifted_beta_geometric
from tests.chance import assert_plausible
from tests.companies import AS_OF, simulated_subscriptions
from tests.models.densities import AS_WRITTEN, assert_gradients_are_slopes, assert_many_points_at_once, by_pymc, point

MONTHS = {"month": 1, "quarter": 3, "year": 12}
CASES = {
    "by the month": ("month", {}, {}),
    "by the year": ("year", {}, {}),
    "two segments": ("quarter", {"pool_by": "segment"}, {}),
    "a season": ("quarter", {"calendar_effects": lb.CalendarEffects(season=True, period="month")}, {}),
    "records begin late": ("month", {}, {"records_since": "2023-06-01"}),
}


def company(seed, period="month", records_since=None, subscribers=300, **known):
    records = simulated_subscriptions(seed, subscribers=subscribers, period=period, **known)
    records["segment"] = np.where(np.arange(len(records)) % 3 == 0, "a", "b")
    if records_since:
        records = records[~(records["cancelled_on"] < records_since)]
    return lb.summarize_renewals(records, period=period, as_of=AS_OF, records_since=records_since)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    period, settings, known = CASES[request.param]
    renewals = company(1, period, churn=0.1 if period == "year" else 0.05, **known)
    return renewals, lb.ShiftedBetaGeometric(**{"calendar_effects": "auto", **settings})._recipe(renewals)


def counted(renewals, calendar):
    """Periods of renewals made and lost, by dates of another library: a row of counts for each subscription."""
    made, lost, before = np.zeros((3, len(renewals.table), calendar.number))
    for place, one in enumerate(renewals.table.itertuples()):
        for number in range(1, one.renewals + one.lost + 1):
            due = one.start.date() + relativedelta(months=MONTHS[one.period] * number)
            period = min(int((AS_OF.date() - due).days / calendar.length), calendar.number - 1)
            (lost if number > one.renewals else made)[place, period] += 1
            before[place, period] += number <= getattr(one, "observed_from", 0)
    return made, lost, before


class TestDensity:
    def test_a_factor_of_one_is_the_plain_model(self, case):
        renewals, recipe = case
        density = recipe.density()
        plain = (
            lb.ShiftedBetaGeometric(pool_by=recipe.pool.by or None, calendar_effects=None)._recipe(renewals).density()
        )
        x = point(plain)
        found = density.given_effects(np.append(x, np.zeros(density.calendar.number)))[0]
        # the segments' effects are in units of what each segment's customers say, the same in both
        assert found == pytest.approx(plain(x)[0], rel=1e-9)

    @pytest.mark.parametrize("factor", [0.4, 1.0, 2.3])
    def test_it_is_the_formula(self, case, factor):
        """Of one factor for all, and of factors around it, with dates of another library."""
        renewals, recipe = case
        if recipe.pool:
            pytest.skip("one group of customers")
        density, rng = recipe.density(), np.random.default_rng(3)
        made, lost, before = counted(renewals, density.calendar)
        for spread in (0.0, 0.5):
            effect = np.log(factor) + spread * rng.standard_normal(density.calendar.number)
            x = point(density.base, 4)
            parameters = density.base.parameters(x[np.newaxis])
            alpha, beta = parameters[1][0, :, 0]
            g = np.exp(effect)
            was_lost = lost.sum(axis=1)
            each = shifted_beta_geometric.log_likelihood(
                made @ g,
                was_lost,
                alpha=alpha,
                beta=beta,
                observed_from=before @ g,
                at_loss=np.where(was_lost > 0, lost @ g, 1.0),
            )
            found = density.given_effects(np.append(x, effect))[0] - parameters[0][0]
            assert found == pytest.approx(each.sum(), rel=1e-9)

    def test_it_is_a_graph_with_its_gradient(self, case):
        import pytensor
        import pytensor.tensor as pt

        renewals, recipe = case
        if recipe.pool:
            pytest.skip("one group of customers")
        density = recipe.density()
        made, lost, before = counted(renewals, density.calendar)
        logs, effect = pt.dvector(), pt.dvector()
        alpha, beta, g = pt.exp(logs[0]), pt.exp(logs[1]), pt.exp(effect)

        def log_survival(passed):
            return sum(
                sign * pt.gammaln(value) for sign, value in ((1, beta + passed), (-1, alpha + beta + passed))
            )  # up to what cancels

        until, since = pt.dot(made, g), pt.dot(before, g)
        lost_then = lost.sum(axis=1)
        kept = log_survival(until + pt.dot(lost, g)) - log_survival(until)
        left = pt.switch(lost_then > 0, pt.log(-pt.expm1(pt.switch(lost_then > 0, kept, -1.0))), 0.0)
        value = pt.sum(log_survival(until) - log_survival(since) + left)
        run = pytensor.function([logs, effect], [value, pt.grad(value, effect)], mode=AS_WRITTEN)
        x, moved = point(density.base, 5), np.random.default_rng(6).normal(0, 0.4, density.calendar.number)
        own, parameters = density.base.parameters(x[np.newaxis])
        theirs, slopes = run(np.log(parameters[0, :, 0]), moved)
        ours, gradient = density.given_effects(np.append(x, moved))
        assert ours - own[0] == pytest.approx(float(theirs), rel=1e-9)
        np.testing.assert_allclose(gradient[density.base.size :], slopes, rtol=1e-7, atol=1e-7)

    def test_gradients_are_slopes(self, case):
        assert_gradients_are_slopes(case[1].density())

    def test_many_points_at_once(self, case):
        assert_many_points_at_once(case[1].density())

    def test_it_is_the_pymc_model(self, case):
        density, through_pymc = case[1].density(), by_pymc(case[1].model())
        oldest_first = np.arange(density.size)
        oldest_first[density.latent] = oldest_first[density.latent][::-1]
        x = point(density, 7)
        value, gradient = density(x)
        theirs, slopes = through_pymc(x[oldest_first])
        assert value == pytest.approx(theirs, rel=1e-9)
        np.testing.assert_allclose(gradient[oldest_first], slopes, rtol=1e-6, atol=1e-6)


class TestSchedules:
    def test_a_changed_plan_has_the_dates_of_both_contracts(self):
        """From 15 January by the month, and from 20 April on by the month again: renewals on 15, then on 20."""
        plans = pd.DataFrame(
            {
                "customer_id": ["Jo", "Jo"],
                "start": ["2024-01-15", "2024-04-20"],
                "cancelled_on": ["2024-04-19", None],
                "price": [10, 25],
            }
        )
        renewals = lb.summarize_renewals(plans, as_of="2024-06-30")
        assert renewals.table["renewals"].tolist() == [5]
        found = Schedules.of(renewals.table, renewals.table["renewals"], renewals.as_of, 1.0)
        days = [(pd.Timestamp(day) - AS_OF).days for day in ("2024-02-15", "2024-03-15", "2024-04-15")]
        later = [(pd.Timestamp(day) - AS_OF).days for day in ("2024-05-20", "2024-06-20")]
        np.testing.assert_array_equal(found.period, np.array([*days, *later]) - 1)

    def test_starts_alike_share_a_schedule(self):
        renewals = company(2, subscribers=2000)
        found = settled_schedules(renewals, 365.25 / 12)
        assert len(found.first) - 1 < 300 < renewals.table["start"].nunique()
        assert len(found.place) == len(renewals.table)


class TestFit:
    def test_it_finds_what_moved(self):
        """Odds of leaving that are twice as high in the last year as in the two before."""
        renewals = company(4, subscribers=4000, factor=lambda day: np.where(day > 735, 2.0, 1.0), churn=0.03)
        effects = lb.CalendarEffects(period="quarter", season=False)
        fit = lb.ShiftedBetaGeometric(calendar_effects=effects).fit(renewals, random_seed=1, progressbar=False)
        effect = fit.idata["posterior"]["calendar_effect"]
        risen = effect.isel(period=slice(-4, None)).mean("period") - effect.isel(period=slice(4, 8)).mean("period")
        assert_plausible(np.log(2.0), risen)
        assert "churn of all subscribers is at" in repr(fit)
        assert "last purchases" not in repr(fit)

    def test_it_is_read_as_it_was_saved(self, tmp_path):
        renewals = company(5)
        fit = lb.ShiftedBetaGeometric(calendar_effects="auto").fit(
            renewals, random_seed=1, draws=200, progressbar=False
        )
        read = lb.load_fit(fit.save(tmp_path / "fit.nc"))
        assert repr(read) == repr(fit)
        np.testing.assert_array_equal(read.survival(12), fit.survival(12))

    def test_counts_of_cohorts_have_no_calendar_and_the_fit_says_so(self):
        table = lb.Renewals.from_cohort_table([1000, 869, 743])
        auto, plain = (
            lb.ShiftedBetaGeometric(calendar_effects=one).fit(table, random_seed=1, draws=200, progressbar=False)
            for one in ("auto", None)
        )
        np.testing.assert_array_equal(auto.draws["alpha"], plain.draws["alpha"])
        assert "no calendar effects: the renewals have no dates" in repr(auto)
        assert "calendar" not in repr(plain)
        with pytest.raises(lb.errors.FitError, match=r"need the dates of renewals.*summarize_renewals"):
            lb.ShiftedBetaGeometric(calendar_effects=lb.CalendarEffects()).fit(table)

    @pytest.mark.parametrize(
        ("period", "days", "length", "season"),
        [
            ("month", 400, "month", 2),
            ("month", 900, "month", 3),
            ("year", 900, "quarter", 2),
            ("month", 2000, "quarter", 3),
        ],
    )
    def test_periods_suit_the_contracts(self, period, days, length, season):
        calendar = lb.ShiftedBetaGeometric(calendar_effects="auto")._recipe(company(6, period, days=days)).calendar
        assert calendar.in_year == {"month": 12, "quarter": 4}[length]
        assert calendar.scales.size == season

    def test_the_usual_fit_is_not_changed(self):
        renewals = company(7)
        histories = lb.ShiftedBetaGeometric(calendar_effects=None)._recipe(renewals).data.histories
        unique = renewals.unique_histories()
        for name in ("renewals", "lost", "observed_from", "count"):
            np.testing.assert_array_equal(histories[name], getattr(unique, name))

    def test_all_factors_are_drawn_from_the_prior(self):
        tree = lb.ShiftedBetaGeometric(calendar_effects="auto").sample_prior(company(8), draws=20, random_seed=1)
        assert tree["prior"]["calendar_effect"].shape[:2] == (1, 20)
