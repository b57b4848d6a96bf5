"""Values on several days are those that one would have computed on each of them."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError, UnitError

DAYS = ["2024-06-30", "2024-12-31", "2025-12-31"]
TERMS = {"horizon": "1 year", "discount_rate": 0.1, "margin": 0.35}


@pytest.fixture(scope="module")
def business():
    return lb.samples.simulate_project_business(60, random_seed=1)


@pytest.fixture(scope="module")
def fits():
    rng = np.random.default_rng(1)

    def around(**means):
        return {name: mean * np.exp(0.1 * rng.standard_normal((2, 200))) for name, mean in means.items()}

    purchases = lb.FittedPurchases.from_draws(around(r=1.2, alpha=16.6, a=1.3, b=8.0), time_unit="month")
    return purchases, lb.FittedSpend.from_draws(around(p=1.7, q=3.0, v=6e5))


class Recorded:
    """A model with a given fit that records what it was fitted to."""

    def __init__(self, fit):
        self.given, self.days, self.settings = fit, [], []

    def fit(self, customers, **settings):
        self.days.append(str(customers.as_of))
        self.settings.append(settings)
        return self.given


@pytest.fixture(scope="module")
def trend(business, fits):
    return lb.value_over_time(
        business.transactions(),
        reversed(DAYS),
        by="industry",
        attributes=business.clients,
        time_unit="month",
        purchases=fits[0],
        spend=fits[1],
        random_seed=4,
        **TERMS,
    )


def test_each_day_is_a_value_of_its_own(business, fits, trend):
    for day in DAYS:
        customers = lb.summarize(business.transactions(), time_unit="month", as_of=day, attributes=business.clients)
        alone = lb.lifetime_value(customers, lb.RepeatPurchases(*fits), random_seed=4, **TERMS).by("industry")
        for measure in ("per_customer", "total"):
            there = trend.draws(measure).sel(as_of=day, segment=alone.customers.index.tolist())
            np.testing.assert_array_equal(there, alone.draws(measure))
        table = trend.summary(0.9).loc[day]
        expected = alone.summary(0.9)
        pd.testing.assert_frame_equal(table, expected.reindex(table.index)[list(table)])


def test_days_are_in_order_and_best_segments_first(trend):
    assert [str(day) for day in trend.days] == DAYS
    last = trend.summary().loc[str(trend.days[-1]), "per_customer_mean"]
    assert last.is_monotonic_decreasing
    assert trend.segments[: len(last)] == list(last.index)


def test_a_segment_that_is_not_there_yet_is_missing(business, fits):
    orders = business.transactions()
    first = orders.table.groupby("customer_id")["date"].min()
    late = (first > pd.Timestamp(DAYS[1])).map({True: "late", False: "early"}).rename("arrival")
    trend = lb.value_over_time(
        orders, DAYS, by=late, time_unit="month", purchases=fits[0], spend=fits[1], random_seed=4, **TERMS
    )
    late_draws = trend.draws().sel(segment="late")
    assert np.isnan(late_draws.sel(as_of=DAYS[:2])).all()
    assert np.isfinite(late_draws.sel(as_of=DAYS[2])).all()
    assert "late" not in trend.summary().loc[str(trend.days[0])].index


def test_all_customers_together_where_no_segments_are_asked_for(business, fits):
    trend = lb.value_over_time(
        business.transactions(), DAYS, time_unit="month", purchases=fits[0], spend=fits[1], random_seed=4, **TERMS
    )
    assert trend.segments == ["all customers"]
    assert trend.summary()["customers"].is_monotonic_increasing


@pytest.mark.parametrize(("refit", "fitted_on"), [(True, DAYS), (False, DAYS[-1:])])
def test_models_are_fitted_on_each_day_or_on_the_last(business, fits, refit, fitted_on):
    purchases, spend = map(Recorded, fits)
    lb.value_over_time(
        business.transactions(),
        DAYS,
        time_unit="month",
        purchases=purchases,
        spend=spend,
        refit=refit,
        random_seed=4,
        draws=50,
        **TERMS,
    )
    for model in (purchases, spend):
        assert model.days == fitted_on
        assert all(settings["draws"] == 50 for settings in model.settings)


def test_shows_its_numbers(trend):
    shown = repr(trend)
    assert shown.startswith("Lifetime value by industry on 3 days, 2024-06-30 to 2025-12-31: 1 year from each day, ")
    assert "2024-12-31 Retail" in shown
    assert "2024-12-31 Retail" in trend._repr_html_()


def test_cautions_stand_beside_their_day(business, fits, unconverged):
    purchases = unconverged(fits[0])
    trend = lb.value_over_time(
        business.transactions(), DAYS[:1], time_unit="month", purchases=purchases, spend=fits[1], **TERMS
    )
    assert trend.summary()["caution"].tolist() == ["fit did not converge"]
    assert trend.caution == "2024-06-30: fit did not converge"


@pytest.mark.parametrize("days", ["2025-12-31", [], ["2025-12-31", "2025-12-31"]])
def test_days_must_be_several_and_distinct(business, days):
    with pytest.raises(UnitError):
        lb.value_over_time(business.transactions(), days, **TERMS)


def test_customers_are_no_log(book):
    with pytest.raises(InputError, match="read_transactions"):
        lb.value_over_time(book, DAYS, **TERMS)


def test_unknown_measures_are_refused(trend):
    with pytest.raises(InputError, match="Did you mean 'total'"):
        trend.draws("totals")


@pytest.mark.fits
def test_fitted_anew_the_book_grows_as_customers_come():
    business = lb.samples.simulate_project_business(300, random_seed=1)
    terms = {"time_unit": "month", "random_seed": 4, "draws": 250, **TERMS}
    trend = lb.value_over_time(business.transactions(), DAYS[::2], **terms)
    table = trend.summary()
    assert table["total_mean"].is_monotonic_increasing
    assert not trend.caution


def test_ids_of_nobody_in_a_mapping_are_named_and_later_customers_are_somebody(business, fits):
    orders = business.transactions()
    halves = dict.fromkeys(orders.table["customer_id"].unique(), "here")
    terms = {"time_unit": "month", "purchases": fits[0], "spend": fits[1], "random_seed": 4, **TERMS}
    trend = lb.value_over_time(orders, DAYS, by=halves, **terms)
    assert trend.segments == ["here"]
    with pytest.warns(DataWarning, match=r"by= holds 1 id that no valued customer has \(id Zoe\)") as caught:
        lb.value_over_time(orders, DAYS, by={**halves, "Zoe": "there"}, **terms)
    assert len(caught) == 1
    with pytest.raises(InputError, match="by= names none"):
        lb.value_over_time(orders, DAYS, by={"Zoe": "there"}, **terms)
