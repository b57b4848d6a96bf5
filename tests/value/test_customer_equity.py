"""Customer equity: parts that add up, cohorts with the right mean and luck, parameters shared with those of today."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.predictions.fitted import order_of_draws
from ltv_bayes.predictions.growth.fitted_expansion import UNSEEN, bounds_note
from ltv_bayes.time_units import Duration
from ltv_bayes.value.acquisition.newcomers import WHOLE_CUSTOMERS, Buyer, Subscriber
from ltv_bayes.value.equity.customer_equity import parts_of
from ltv_bayes.value.equity.sensitivity import with_odds_of_leaving
from tests.chance import allowed
from tests.predictions.test_calendar_effects import on_clock
from tests.predictions.test_renewals_on_clock import fit_of as renewals_on_clock
from tests.streams.test_own_growth import growing
from tests.value.test_means import priced

AS_OF = "2025-12-31"
TERMS = {"horizon": "5 years", "discount_rate": 0.10}
PLAN = {"month": ["2026-01", "2026-07", "2027-03"], "customers": [20, 300, 50], "cost_per_customer": [150.0] * 3}


def renewal_fit(spread, seed, draws=400, **means):
    rng = np.random.default_rng(seed)
    around = {"alpha": 1.0, "beta": 3.0, **means}
    drawn = {name: mean * np.exp(spread * rng.standard_normal((2, draws))) for name, mean in around.items()}
    return lb.FittedRenewals.from_draws(drawn, periods="year")


@pytest.fixture(scope="module")
def records():
    starts = pd.Timestamp("2020-01-15") + pd.to_timedelta(np.arange(0, 1900, 19), unit="D")
    frame = pd.DataFrame({"customer": [f"C{k}" for k in range(100)], "start": starts, "price": 100.0})
    return lb.summarize_renewals(frame.assign(cancelled_on=None), period="year", as_of=AS_OF)


def equity_of(records, fit, new=None, plan=PLAN, seed=2, **terms):
    terms = {**TERMS, **terms}
    today = lb.lifetime_value(lb.all_customers(records), lb.Subscription(fit, records), random_seed=1, **terms)
    return lb.customer_equity(today, plan, lb.new_customer_value(new or fit, price=100, **terms), random_seed=seed)


@pytest.fixture(scope="module")
def fit():
    return renewal_fit(0.2, 1)


@pytest.fixture(scope="module")
def equity(records, fit):
    return equity_of(records, fit)


@pytest.fixture(scope="module")
def of_buyers(book, purchases, spend):
    """Buyers of two kinds, one of them from a plain fit, in weeks."""
    today = lb.lifetime_value(
        book, lb.RepeatPurchases(purchases, spend), horizon="2 years", discount_rate=0.1, margin=0.4, random_seed=1
    )
    new = lb.new_customer_value(purchases, spend, horizon="2 years", discount_rate=0.1, margin=0.4)
    plan = {"channel": ["Ads", "Fair", "Ads"], "month": ["1997-10", "1997-11-15", "1998-12"]}
    return lb.customer_equity(
        today, {**plan, "customers": [5, 90, 0], "cost": [40.0, 900.0, 10.0]}, {"Ads": new, "Fair": new}, random_seed=3
    )


@pytest.fixture(scope="module")
def few(purchases):
    return purchases.thin(10)


class TestAddsUp:
    @pytest.mark.parametrize("which", ["equity", "of_buyers"])
    def test_within_each_draw(self, which, request):
        equity = request.getfixturevalue(which)
        drawn = equity.draws
        parts = drawn["portfolio"] + drawn["planned"] + drawn["acquisition_cost"]
        np.testing.assert_allclose(parts, drawn["customer_equity"], rtol=0, atol=0.005)
        assert (drawn["acquisition_cost"] < 0).all()
        company = equity.company_value(tax_rate=0.25, cash=1_000, debt=300)
        assert company["mean"].iloc[:-1].sum() == pytest.approx(company.loc["company_value", "mean"])

    @pytest.mark.parametrize("which", ["equity", "of_buyers"])
    def test_by_channel_by_year_and_by_payment(self, which, request):
        equity = request.getfixturevalue(which)
        means = equity.summary()["mean"]
        won = means["planned"] + means["acquisition_cost"]
        assert equity.by_channel()["mean"].sum() == pytest.approx(won)
        assert equity.by_year()["mean"].sum() == pytest.approx(won)
        assert equity.by_year()["customers"].sum() == equity.plan.rows["customers"].sum()
        paid = equity.cash_flow()
        assert paid["mean"].sum() == pytest.approx(means["customer_equity"])
        assert paid["mean_portfolio"].sum() == pytest.approx(means["portfolio"])
        drawn = equity.draws["customer_equity"].to_numpy()
        assert paid["median"].sum() == pytest.approx(np.median(drawn), abs=0.5 * drawn.std())

    def test_the_portfolio_is_that_of_the_value_without_what_was_realised(self, records, fit):
        stream = lb.Subscription(fit, records)
        today, past = (
            lb.lifetime_value(lb.all_customers(records), stream, random_seed=1, realised=realised, **TERMS)
            for realised in (False, True)
        )
        new = lb.new_customer_value(fit, price=100, **TERMS)
        np.testing.assert_allclose(lb.customer_equity(past, PLAN, new).draws["portfolio"], today.total())


class TestCohorts:
    def test_means_are_those_of_one_customer_at_each_day(self, equity, fit):
        one = float(lb.new_customer_value(fit, price=100, **TERMS).draws.mean())
        days = np.array([16, 197, 440])
        worth = np.array(PLAN["customers"]) * one * 1.1 ** (-days / 365.25)
        cost = np.array(PLAN["customers"]) * 150 * 1.1 ** (-days / 365.25)
        assert equity.plan.rows["won_on"].dt.strftime("%F").tolist() == ["2026-01-16", "2026-07-16", "2027-03-16"]
        assert equity.summary().loc["planned", "mean"] == pytest.approx(worth.sum(), rel=1e-9)
        assert equity.summary().loc["acquisition_cost", "mean"] == pytest.approx(-cost.sum(), rel=1e-9)
        drawn = equity.draws["planned"].to_numpy().ravel()
        expected = equity._parts.planned.by_row.sum(axis=0)
        np.testing.assert_allclose(drawn, expected)
        assert abs(drawn.mean() - worth.sum()) < allowed() * drawn.std() / np.sqrt(drawn.size)

    def test_those_of_a_month_and_of_the_day_in_its_middle_have_luck_of_their_own(self, records, fit):
        plan = {"month": ["2026-01", "2026-01-16"], "customers": [20, 20], "cost": [0.0, 0.0]}
        planned = equity_of(records, fit, plan=plan)._parts.planned
        assert planned.expected_by_row[0] == pytest.approx(planned.expected_by_row[1])
        assert (planned.by_row[0] != planned.by_row[1]).any()

    @pytest.mark.parametrize("number", [7, 5 * WHOLE_CUSTOMERS])
    @pytest.mark.parametrize("kind", ["buyer", "subscriber"])
    def test_luck_is_that_of_so_many_customers_drawn_one_by_one(self, kind, number):
        draws, times = 4_000, [Duration(1, "year"), Duration(3, "year")]
        same = {name: np.full((1, draws), value) for name, value in {"alpha": 1.2, "beta": 4.0}.items()}
        if kind == "subscriber":
            one = Subscriber(lb.FittedRenewals.from_draws(same, periods="quarter"), 100.0, "quarter")
        else:
            buying = {name: np.full((1, draws), value) for name, value in {"r": 1.5, "alpha": 1.0}.items()}
            buying |= {"a": np.full((1, draws), 1.2), "b": np.full((1, draws), 6.8)}
            amounts = {name: np.full((1, draws), value) for name, value in {"p": 4.0, "q": 9.0, "v": 200.0}.items()}
            one = Buyer(lb.FittedPurchases.from_draws(buying, time_unit="year"), lb.FittedSpend.from_draws(amounts))
        rng = np.random.default_rng(5)
        cohort = one.cohort(rng, number, times, 0.1)
        alone = np.stack([one.draw(rng, times[-1], 0.1) for _ in range(5)]).ravel()
        together = cohort.drawn.sum(axis=1)
        np.testing.assert_allclose(cohort.expected, number * np.diff(one.course(times, 0.1), axis=1, prepend=0.0))
        error = alone.std() * np.sqrt(number / draws)
        assert abs(together.mean() - number * one.expected(times[-1], 0.1)[0]) < allowed(12) * error
        spread = together.var() / (number * alone.var())
        kurtosis = ((alone - alone.mean()) ** 4).mean() / alone.var() ** 2
        assert abs(spread - 1) < allowed(12) * np.sqrt((2 + kurtosis) / draws + kurtosis / alone.size)
        in_first = (cohort.drawn[:, 0].mean() - cohort.expected[:, 0].mean()) / (cohort.drawn[:, 0].std() + 1e-9)
        assert abs(in_first) < allowed(12) / np.sqrt(draws)

    def test_one_who_is_won_later_pays_later_prices(self, few, spend):
        now = Buyer(few, priced(spend.thin(10), 0.05))
        later, horizon = now.later(2 * 365.25), Duration(2, "year")
        np.testing.assert_allclose(later.expected(horizon, 0.1), 1.05**2 * now.expected(horizon, 0.1), rtol=1e-6)
        drawn = [one.draw(np.random.default_rng(1), horizon, 0.1) for one in (now, later)]
        np.testing.assert_allclose(drawn[1], 1.05**2 * drawn[0], rtol=1e-6)

    def test_one_who_is_won_later_meets_the_calendar_of_that_time(self, few, spend):
        """The rate is three times its usual level now, and reverts with a half-life of a year."""
        moved, spend = on_clock(few, effect=np.log(3.0), level=np.log(3.0)), spend.thin(10)
        plain, horizon = Buyer(few, spend), Duration(1, "quarter")
        ratios = [
            (Buyer(moved, spend, False, won_after=days).expected(horizon, 0.0) / _later_orders(plain, horizon)).mean()
            for days in (0, 365.25, 30 * 365.25)
        ]
        assert ratios[0] > 1.3 * ratios[1] > 1.3
        assert ratios[2] == pytest.approx(1, rel=1e-3)
        one = Buyer(moved, spend, won_after=365.25)
        drawn = one.cohort(np.random.default_rng(2), 30, [horizon], 0.0)
        error = (drawn.drawn - drawn.expected).std() / np.sqrt(drawn.drawn.size)
        assert abs(drawn.drawn.mean() - drawn.expected.mean()) < allowed(degrees=19) * error

    def test_subscribers_who_are_won_later_meet_the_churn_of_that_time(self):
        fit = renewals_on_clock(level=np.log(3.0), effect=np.log(3.0), stays=False)
        kept = [
            Subscriber(fit, 1.0, "month", False, won_after=days).expected(Duration(6, "week"), 0.0)[0]
            for days in (0, 365.25, 20 * 365.25)
        ]
        assert kept[0] < kept[1] < kept[2]
        assert kept[2] == pytest.approx(7.0 / 7.9, rel=1e-3)


def _later_orders(buyer, horizon):
    return Buyer(buyer.purchases, buyer.spend, False).expected(horizon, 0.0)


class TestSharedParameters:
    """Fits with wide posteriors: whether churn is high is unknown, and the same for customers of today and new ones."""

    def correlation(self, equity):
        drawn = equity.draws
        return float(np.corrcoef(drawn["portfolio"].to_numpy().ravel(), drawn["planned"].to_numpy().ravel())[0, 1])

    def test_the_same_fit_has_the_same_parameters_in_each_draw(self, records):
        fit = renewal_fit(0.5, 1)
        again = lb.FittedRenewals.from_draws(fit.draws, periods="year")
        shared, other = equity_of(records, fit, again), equity_of(records, fit, renewal_fit(0.5, 2))
        assert self.correlation(shared) > 0.9
        assert abs(self.correlation(other)) < allowed() / np.sqrt(800)
        assert not any("other fits" in note for note in shared.notes())
        assert any("other fits" in note for note in other.notes())
        assert shared.total().std() > 1.1 * other.total().std()

    def test_so_do_purchases_and_spend(self, of_buyers, purchases):
        parts = of_buyers._parts
        terms, valuation = parts.terms["Ads"], parts.value.valuation
        order = order_of_draws(valuation.shape, valuation.seed, "repeat_purchases counts")
        np.testing.assert_array_equal(terms.model.draws["r"].ravel(), purchases.draws["r"].ravel()[order])
        assert terms.model.idata.attrs["purpose"] == "repeat_purchases counts"
        assert terms.spend.idata.attrs["purpose"] == "repeat_purchases spend"

    def test_growth_of_prices_where_it_is_of_one_fit(self, records):
        """Draws differ in how much prices grow alone: those of today and those planned grow together."""
        loyal, sizes = renewal_fit(0.0, 1, alpha=1e-9, beta=1e3), np.random.default_rng(4).uniform(0, 0.5, (2, 400))
        fits = [growing(chance=1.0, alike=1e12, up=1.0, shape=(2, 400), segments=["year", UNSEEN]) for _ in range(2)]
        for fit, drawn in zip(fits, (sizes, sizes[:, ::-1]), strict=True):
            fit.idata["posterior"]["up_size"][:] = drawn[..., np.newaxis]
        today = lb.lifetime_value(
            lb.all_customers(records), lb.Subscription(loyal, records, growth=fits[0]), random_seed=1, **TERMS
        )
        for growth, least in zip(fits, (0.99, -0.2), strict=True):
            new = lb.new_customer_value(loyal, price=100, growth=growth, **TERMS)
            both = lb.customer_equity(today, PLAN, new, random_seed=2)
            assert set(bounds_note(growth)) <= set(both.notes())
            money = parts_of(both).money
            together = np.corrcoef(money["portfolio"], money["planned"])[0, 1]
            assert least < together < least + 0.4


def test_each_channel_is_worth_what_its_own_customers_are(records, fit):
    """Who pays twice as much is worth twice as much; so beside growth."""
    today = lb.lifetime_value(lb.all_customers(records), lb.Subscription(fit, records), random_seed=1, **TERMS)
    new = {name: lb.new_customer_value(fit, price=price, **TERMS) for name, price in (("Ads", 100), ("Fair", 200))}

    def of(channels):
        number = len(channels)
        plan = {"channel": channels, "month": ["2026-01"] * number, "customers": [9] * number, "cost": [0.0] * number}
        return lb.customer_equity(today, plan, {name: new[name] for name in channels}, random_seed=2)

    both, alone = of(["Ads", "Fair"]), of(["Ads"])
    for found in (both.by_channel()["mean"], both.by_channel()["expected_value"]):
        assert found["Fair"] == pytest.approx(2 * found["Ads"])
    grown, ads, fair = (one.sensitivity(growth=0.02).loc["growth", "at_high"] for one in (both, alone, of(["Fair"])))
    assert grown - ads == pytest.approx(2 * (grown - fair))


class TestNextCustomer:
    def test_loses_money_as_survival_says(self, equity, fit):
        """100 now, 90.9 and 82.6 later: the cost of 150 needs one renewal."""
        chance = equity.by_channel()["probability_next_customer_loses"].item()
        assert chance == pytest.approx(1 - float(fit.survival(1).mean()), abs=allowed() * 0.5 / np.sqrt(8_000))
        assert equity.by_channel()["expected_value"].item() == pytest.approx(
            float(lb.new_customer_value(fit, price=100, **TERMS).draws.mean())
        )

    def test_none_without_customers(self, records, fit):
        plan = {"month": ["2026-02"], "customers": [0], "cost": [100.0]}
        row = equity_of(records, fit, plan=plan).by_channel().iloc[0]
        assert np.isnan(row["probability_next_customer_loses"])
        assert row["mean"] == pytest.approx(-100 * 1.1 ** (-45 / 365.25), rel=1e-3)


class TestSensitivity:
    def test_margin_cost_and_number_by_hand(self, equity):
        table, means = equity.sensitivity(0.2), equity.summary()["mean"]
        revenue, cost = means["portfolio"] + means["planned"], -means["acquisition_cost"]
        assert table.loc["margin", "at_high"] == pytest.approx(1.2 * revenue - cost)
        assert table.loc["cost_of_winning", "at_low"] == pytest.approx(revenue - 0.8 * cost)
        assert table.loc["customers_won", "at_high"] == pytest.approx(
            means["portfolio"] + 1.2 * (means["planned"] - cost)
        )
        assert table.loc["churn", "at_low"] > means["customer_equity"] > table.loc["churn", "at_high"]
        assert (table["swing"].diff().dropna() <= 0).all()

    def test_growth_by_hand(self, records):
        """Who never leaves pays each year: each payment is worth 2% more for each year until it is due."""
        for_ever = lb.FittedRenewals.from_draws({"alpha": [[1e-9]], "beta": [[1e3]]}, periods="year")
        plan = {"month": ["2026-12-31"], "customers": [10], "cost": [0.0]}
        equity = equity_of(records, for_ever, plan=plan)
        ahead = 365 / 365.25
        paid = sum(1000 * 1.02 ** (ahead + k) * 1.1 ** -(ahead + k) for k in range(5))
        assert equity.sensitivity(growth=0.02).loc["growth", "at_high"] - _grown_portfolio(
            records, for_ever, 0.02
        ) == pytest.approx(paid, rel=1e-6)

    def test_odds_of_leaving_by_hand(self, records, fit, equity):
        """Twice the odds in the fits is a fit with twice the odds."""
        alpha, beta = fit.draws["alpha"], fit.draws["beta"]
        mean = 2 * alpha / (2 * alpha + beta)
        doubled = with_odds_of_leaving(fit, 2.0)
        np.testing.assert_allclose(doubled.draws["alpha"], mean * (alpha + beta))
        np.testing.assert_allclose(doubled.draws["beta"], (1 - mean) * (alpha + beta))
        known = equity_of(records, with_odds_of_leaving(fit, 1.1)).summary().loc["customer_equity", "mean"]
        assert equity.sensitivity(0.1).loc["churn", "at_high"] == pytest.approx(known, rel=1e-9)

    def test_of_pooled_fits_every_segment_changes(self, pooled):
        changed = with_odds_of_leaving(pooled, 3.0)
        for name in ("Energy", "Public", "Retail"):
            before, after = (fit.of_segment(industry=name).draws for fit in (pooled, changed))
            odds = [each["a"] / each["b"] for each in (before, after)]
            np.testing.assert_allclose(odds[1], 3 * odds[0], rtol=1e-6)

    def test_growth_that_cannot_change_has_a_row_of_no_change(self, records, fit, equity):
        without_discount = equity_of(records, fit, discount_rate=0.0)
        for found, table in (
            (equity, equity.sensitivity(growth=0)),
            (without_discount, without_discount.sensitivity()),
        ):
            mean = found.summary().loc["customer_equity", "mean"]
            assert table.loc["growth", ["change", "swing"]].tolist() == [0, 0]
            assert table.loc["growth", ["at_low", "at_high"]].tolist() == pytest.approx([mean, mean])

    @pytest.mark.parametrize(("terms", "said"), [({"share": 0.0}, "share must lie"), ({"growth": 0.2}, "growth must")])
    def test_impossible_changes_are_refused(self, equity, terms, said):
        with pytest.raises(UnitError, match=said):
            equity.sensitivity(**terms)


def _grown_portfolio(records, fit, growth):
    """The same portfolio with prices that rise on each day."""
    stream = lb.Subscription(fit, records, price_changes=growth)
    return float(lb.lifetime_value(lb.all_customers(records), stream, random_seed=1, **TERMS).total().mean())


def test_residual_value_rises_with_age_where_the_likely_leave_first(equity):
    table = equity.by_age()
    assert list(table.index) == ["0", "1", "2", "3", "4", "5"]
    assert table["customers"].sum() == 100
    assert table["mean"].is_monotonic_increasing


def test_company_value_by_hand(equity):
    table, drawn = equity.company_value(tax_rate=0.25, cash=900, debt=400), equity.total().to_numpy()
    company = drawn - 0.25 * np.maximum(drawn, 0) + 900 - 400
    assert table.loc["company_value", "median"] == pytest.approx(np.median(company))
    for wrong in ({"tax_rate": 1.5}, {"cash": -1.0}, {"debt": "much"}):
        with pytest.raises(InputError):
            equity.company_value(**wrong)


def test_a_loss_pays_no_tax(records, fit):
    """Customers are won at a cost which about half of all draws do not repay."""
    equity = equity_of(records, fit, plan={"month": ["2026-01"], "customers": [100], "cost_per_customer": [560.0]})
    table, drawn = equity.company_value(tax_rate=0.4, ci_prob=0.9, ci_kind="eti"), equity.total().to_numpy()
    assert 0.1 < (drawn < 0).mean() < 0.9
    expected = -0.4 * np.where(drawn > 0, drawn, 0.0)
    bounds = table.loc["tax", ["mean", "median", "eti90_lb", "eti90_ub"]].astype(float).tolist()
    assert bounds == pytest.approx([expected.mean(), *np.quantile(expected, [0.5, 0.05, 0.95])])


def test_the_sentence_adds_up(equity):
    """Means, unlike medians: what is left is the sum of what is said of the parts."""
    sentence, means = equity.sentence(), equity.summary()["mean"]
    names = "customer_equity", "portfolio", "planned", "acquisition_cost"
    total, today, planned, cost = (equity._money(abs(means[name])) for name in names)
    assert f"planned are worth {total} on average (89% interval" in sentence
    assert sentence.endswith(f"): {today} of those of today and {planned} of those planned, less {cost}.")
    assert means[names[0]] == pytest.approx(means[[*names[1:]]].sum())


def test_of_one_draw_no_spread_is_known(records):
    one = equity_of(records, lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[3.0]]}, periods="year"))
    for table in (one.summary(), one.by_channel(), one.cash_flow(), one.company_value()):
        assert table["sd"].isna().all()


def test_what_is_certain_has_no_spread(equity):
    assert equity.summary().loc["acquisition_cost", "sd"] == 0


class TestRefused:
    def test_new_customers_without_the_rate_or_the_draws_of_todays(self, records, fit):
        today = lb.lifetime_value(lb.all_customers(records), lb.Subscription(fit, records), random_seed=1, **TERMS)
        for new, said in (
            (lb.new_customer_value(fit, price=100, horizon="5 years", discount_rate=0.08), "discounted at 10%"),
            (lb.new_customer_value(fit.thin(10), price=100, **TERMS), "fewer draws"),
            ({"Ads": fit}, "what new_customer_value"),
        ):
            with pytest.raises(InputError, match=said):
                lb.customer_equity(today, PLAN, new)
        with pytest.raises(InputError, match="Pass what lifetime_value"):
            lb.customer_equity(fit, PLAN, new)
        with pytest.raises(InputError, match="whose next customer is not valued") as raised:
            lb.customer_equity(today, PLAN, {"Ads": lb.new_customer_value(fit, price=100, **TERMS)})
        assert raised.value.rows == (0, 1, 2)

    def test_a_value_without_an_as_of_date(self, purchases, spend, book):
        undated = lb.Customers.from_summary(book.table.reset_index(), time_unit="week")
        today = lb.lifetime_value(undated, lb.RepeatPurchases(purchases, spend), **TERMS, random_seed=1)
        with pytest.raises(UnitError, match="no as-of date"):
            lb.customer_equity(today, PLAN, lb.new_customer_value(purchases, spend, **TERMS))
