"""Expansion and contraction learned from contracts: exact posteriors, segments, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import ltv_bayes as lb
from ltv_bayes.data.subscriptions.revenue.price_history import PriceHistory, price_history
from ltv_bayes.errors import ColumnError, FitError, InputError, UnitError
from ltv_bayes.models.growth import expansion
from ltv_bayes.models.growth.grid import SPREAD, Normal, draw_pooled
from ltv_bayes.predictions.growth.fitted_expansion import own_history
from ltv_bayes.streams.prices import OwnGrowth
from tests.chance import allowed


def contracts(prices, *, every="2020-01-01", industry=None):
    """Yearly contracts from 2020 on, one price for each year, of customers by name."""
    rows = []
    for name, paid in prices.items():
        for year, price in enumerate(paid):
            ended = f"{2021 + year}-01-01" if year < len(paid) - 1 else None
            rows.append((name, f"{2020 + year}-01-01", ended, price, (industry or {}).get(name, "all")))
    return pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price", "industry"])


def read(prices, **given):
    frame = contracts(prices, **given)
    return lb.summarize_renewals(frame, period="year", as_of="2024-12-31", records_since=None)


def test_changes_are_counted_at_renewals_and_relative_to_the_price_before():
    found = price_history(read({"A": [10, 10, 20], "B": [8, 4, 4, 4], "C": [0, 5, 5]}))
    assert found.renewals.tolist() == [4, 4, 4]
    assert found.changes.tolist() == [1, 1, 0]  # what was free before has no factor
    assert np.exp(found.log_factor) == pytest.approx([2, 0.5])
    assert found.owner.tolist() == [0, 1]
    assert np.exp(found.log_level) == pytest.approx([10 / 12, 8 / 12])


def test_a_price_rise_of_all_is_no_growth_of_their_own():
    renewals = read({"A": [100, 105], "B": [100, 126], "C": [100, 100]})
    found = price_history(renewals, ((pd.Timestamp("2020-07-01").date(), 0.05),))
    assert found.changes.tolist() == [0, 1, 0]
    assert np.exp(found.log_factor) == pytest.approx([1.2])
    plain = lb.Expansion().fit(renewals, random_seed=1).summary()["mean"]
    without = lb.Expansion(price_changes={"2020-07-01": 0.05}).fit(renewals, random_seed=1)
    assert own_history(without, renewals).changes.tolist() == [0, 1, 0]
    in_values = OwnGrowth.of(without, renewals, (1, 10), 1, "subscription").history
    assert in_values is not None
    assert in_values.changes.tolist() == [0, 1, 0]
    apart = without.summary()["mean"]
    assert apart["change_chance[year]"] < plain["change_chance[year]"]


def test_draws_of_one_segment_are_those_of_numerical_integration():
    """Of a share with 7 successes and 3 failures, and a normal prior of its log-odds."""

    def log_likelihood(places, others):
        return (7 * special.log_expit(places) + 3 * special.log_expit(-places))[None, :, None] + 0.0 * others

    prior = Normal(0.5, 1.5)
    drawn = draw_pooled(log_likelihood, prior, (), False, np.random.default_rng(1), 40_000).segments[:, 0]

    def density(at):
        return np.exp(log_likelihood(np.atleast_1d(at), np.zeros(1))[0, 0, 0]) * stats.norm.pdf(at, *prior)

    whole = integrate.quad(density, -10, 10)[0]
    for power in (1, 2):
        expected = integrate.quad(lambda at, power=power: at**power * density(at), -10, 10)[0] / whole
        values = drawn**power
        assert abs(values.mean() - expected) < allowed(6) * values.std() / 200


def test_segments_learn_from_each_other_as_normal_effects_do():
    """Normal data of known variance: given the spread, the posterior of each segment has a closed form."""
    found, variance = np.array([1.0, 2.0, 6.0]), np.array([0.04, 0.04, 25.0])

    def log_likelihood(places, others):
        return (-0.5 * (places - found[:, None]) ** 2 / variance[:, None])[:, :, None] + 0.0 * others

    prior = Normal(0.0, 3.0)
    drawn = draw_pooled(log_likelihood, prior, (), True, np.random.default_rng(2), 40_000)
    spreads = SPREAD * stats.halfnorm.ppf((np.arange(4000) + 0.5) / 4000)
    weight, mean = np.empty(len(spreads)), np.empty((len(spreads), 3))
    for place, spread in enumerate(spreads):
        covariance = prior.sd**2 + spread**2 * np.eye(3)
        whole = covariance + np.diag(variance)
        weight[place] = stats.multivariate_normal.pdf(found, np.full(3, prior.mean), whole)
        mean[place] = prior.mean + covariance @ np.linalg.solve(whole, found - prior.mean)
    expected = weight @ mean / weight.sum()
    assert drawn.segments.mean(axis=0) == pytest.approx(expected, abs=0.03)
    assert drawn.unseen.std() > drawn.segments[:, 0].std()


@pytest.mark.parametrize("spread", [0.01, 0.1])
def test_a_narrow_spread_of_sizes_is_found_among_many_changes(spread):
    """Of 2,000 changes it is known to 1.6%: that prices differ by the slope is no spread."""
    rng = np.random.default_rng(1)
    height = rng.standard_normal(2000).clip(-2.5, 2.5)
    mean = 0.3 * np.exp(0.5 * height)
    sizes = stats.truncnorm.rvs(-mean / spread, np.inf, mean, spread, random_state=rng)
    log_likelihood = expansion._of_sizes(sizes, height, np.zeros(2000, dtype=int), 1)
    found = draw_pooled(log_likelihood, expansion.SIZE, (expansion.SD, expansion.SLOPE_OF_SIZE), False, rng, 1000)
    drawn = {"spread": np.exp(found.others[0]), "size": np.exp(found.segments[:, 0]), "slope": found.others[1]}
    for name, truth in {"spread": spread, "size": 0.3, "slope": 0.5}.items():
        assert abs(drawn[name].mean() - truth) < allowed(6) * drawn[name].std(), name
    assert 0.01 < drawn["spread"].std() / spread < 0.04


@pytest.mark.parametrize("segments", [1, 3])
def test_parameters_of_simulated_subscribers_are_recovered(segments):
    rng, number = np.random.default_rng(segments), 6000
    truth = {
        "change_chance": np.array([0.1, 0.25, 0.15])[:segments],
        "up_share": np.array([0.7, 0.5, 0.6])[:segments],
        "up_size": np.array([0.3, 0.2, 0.25])[:segments],
        "down_size": np.array([0.15, 0.3, 0.2])[:segments],
    }
    alike, up_sd, down_sd = 4.0, 0.2, 0.1
    segment, made = rng.integers(0, segments, number), rng.integers(0, 15, number)
    mean = truth["change_chance"][segment]
    changes = rng.binomial(made, rng.beta(mean * alike, (1 - mean) * alike))
    owner = np.repeat(np.arange(number), changes)
    up = rng.random(len(owner)) < truth["up_share"][segment[owner]]
    size = np.where(up, truth["up_size"][segment[owner]], truth["down_size"][segment[owner]])
    sd = np.where(up, up_sd, down_sd)
    size = stats.truncnorm.rvs(-size / sd, np.inf, size, sd, random_state=rng)
    height = rng.standard_normal(len(owner))
    history = PriceHistory(made, changes, owner, np.where(up, size, -size), height, np.where(up, size, -size))
    found = dict(expansion._draw(history, segment, height, segments, rng, 1000))
    for name, expected in truth.items():
        for place, value in enumerate(expected):
            drawn = np.log(found[name][:, place])
            assert abs(drawn.mean() - np.log(value)) < allowed(30) * drawn.std(), (name, place)
    for name, value in (("concentration", alike), ("up_sd", up_sd), ("down_sd", down_sd)):
        drawn = np.log(found[name])
        assert abs(drawn.mean() - np.log(value)) < allowed(30) * drawn.std(), name


def test_a_fit_is_saved_thinned_and_loaded_with_its_segments(tmp_path):
    prices = {f"c{n}": [100, 100 + 10 * (n % 3), 100 + 10 * (n % 3)] for n in range(30)}
    renewals = read(prices, industry={name: "Energy" if n % 2 else "Retail" for n, name in enumerate(prices)})
    fit = lb.Expansion(pool_by="industry").fit(renewals, random_seed=1)
    assert "change_chance[year, Energy]" in fit.summary().index
    same = lb.load_fit(fit.thin(100).save(tmp_path / "growth.nc"))
    assert isinstance(same, lb.FittedExpansion)
    assert dict(same.idata["posterior"].sizes) == {"chain": 4, "draw": 100, "segment": 3}
    assert "20 changes of price at 120 renewals" in repr(same)
    again = lb.Expansion(pool_by="industry").fit(renewals, random_seed=1)
    assert (again.idata["posterior"]["up_size"] == fit.idata["posterior"]["up_size"]).all()


def test_without_any_change_the_chance_is_small_and_all_else_as_believed_before():
    fit = lb.Expansion().fit(read({f"c{n}": [100, 100, 100] for n in range(50)}), random_seed=1)
    median = fit.summary()["median"]
    assert median["change_chance[year]"] < 0.02
    assert median["up_size[year]"] == pytest.approx(0.2, rel=0.1)


def by_seats(number=400, *, exponent=1.0, raised=0.07, moves=True, start=3):
    """Yearly contracts by the seat; the price of a seat rises for all in 2022, and falls with the number of seats."""
    rng, rows = np.random.default_rng(start), []
    for client in range(number):
        seats = 2 + int(rng.poisson(8))
        for year in range(2020, 2025):
            if moves and year > 2020 and rng.random() < 0.3:
                seats = max(1, seats + int(rng.choice([-1, 1, 2, 5])))
            price = round(10 * seats**exponent * (1 + raised * (year >= 2022)), 2)
            ended = f"{year + 1}-01-01" if year < 2024 else None
            rows.append((f"c{client}", f"{year}-01-01", ended, price, seats))
    return pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price", "席位数"])


def of_seats(**how):
    return lb.summarize_renewals(by_seats(**how), period="year", as_of="2024-12-31", seats="seats")


@pytest.mark.parametrize("exponent", [1.0, 0.8])
def test_seats_move_apart_from_the_price_of_a_seat(exponent):
    renewals = of_seats(exponent=exponent)
    assert renewals.notes == ("seats is the column '席位数'",)
    fit = lb.Expansion().fit(renewals, draws=250, random_seed=1)
    frame = by_seats(exponent=exponent)
    changes = frame.groupby("customer_id")["席位数"].diff().fillna(0)
    drawn = fit.idata["posterior"]
    assert fit.idata.attrs["changes"] == (changes != 0).sum()
    assert abs(drawn["change_chance"][..., 0].mean() - (changes != 0).sum() / 1600) < 0.02
    # a seventh of the changes meets the rise of all prices, which the power takes for a spread of its own
    assert abs(drawn["price_exponent"].mean() - exponent) < 0.05
    assert f"{(changes != 0).sum()} changes of seats at 1,600 renewals" in repr(fit)
    of_prices = lb.Expansion(driver="price").fit(renewals, draws=250, random_seed=1)
    assert of_prices.idata.attrs["changes"] > fit.idata.attrs["changes"] + 200


def test_where_seats_stay_nothing_grows_though_the_price_of_a_seat_rises():
    same = lb.Expansion().fit(of_seats(moves=False, number=100), draws=250, random_seed=1)
    assert same.idata.attrs["changes"] == 0
    assert same.summary().loc["change_chance[year]", "median"] < 0.01


def test_changes_within_a_period_count_as_one_at_the_nearest_renewal():
    """Bo's seat of 20 May and that of 1 December are one change at the renewal of 2023; rounded prices are none."""
    rows = [("Bo", "2022-01-01", "2022-12-01", 100, 1), ("Bo", "2022-12-01", "2023-05-20", 200, 2)]
    rows += [("Bo", "2023-05-20", None, 400, 4), ("Di", "2022-01-01", "2023-01-01", 19.99, 1)]
    rows += [("Di", "2023-01-01", None, 20.99, 1)]
    frame = pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price", "seats"])
    renewals = lb.summarize_renewals(frame, period="year", as_of="2024-04-30", seats="seats")
    found = price_history(renewals, ((pd.Timestamp("2022-12-31").date(), 0.05),))
    assert found.changes.tolist() == [1, 0]
    assert found.renewals.tolist() == renewals.table["renewals"].tolist()
    assert np.exp(price_history(renewals, driver="seats").log_factor) == pytest.approx([4])


def test_seats_that_cannot_be_read_are_refused_by_their_rows():
    frame = by_seats(3)
    frame["席位数"] = frame["席位数"].astype(object)
    for cell, said in ((None, "without a number of seats"), ("a few", "cannot be read"), (0, "that is not above 0")):
        frame.loc[4, "席位数"] = cell
        with pytest.raises(InputError, match=said) as caught:
            lb.summarize_renewals(frame, period="year", as_of="2024-12-31", seats="席位数")
        assert caught.value.rows == (4,)
    with pytest.raises(ColumnError, match=r"no seats\. Read them with seats="):
        lb.Expansion(driver="seats").fit(read({"A": [10, 10, 20]}))
    with pytest.raises(InputError, match=r"Leave them out, or pass driver='price'\."):
        lb.Expansion(price_changes={"2022-01-01": 0.07}).fit(of_seats(number=9))
    with pytest.raises(InputError, match=r"driver .seat. is unknown\. Did you mean .seats."):
        lb.Expansion(driver="seat").fit(of_seats(number=9))


def test_what_cannot_be_learned_from_is_refused_with_its_cure():
    renewals = read({"A": [10, 10, 20], "B": [8, 4]}, industry={"A": "Energy"})
    renewals.table.loc["B", "industry"] = None
    with pytest.raises(InputError, match=r"1 customer without industry \(id B\)"):
        lb.Expansion(pool_by="industry").fit(renewals)
    with pytest.raises(ColumnError, match="no column 'branch'"):
        lb.Expansion(pool_by="branch").fit(renewals)
    with pytest.raises(InputError, match="Make renewals from records"):
        lb.Expansion().fit(lb.Renewals.from_cohort_table([10, 8]))
    with pytest.raises(UnitError, match="shares by date"):
        lb.Expansion(price_changes=0.05).fit(renewals)
    with pytest.raises(UnitError, match=r"write 5% as 0.05, not 5"):
        lb.Expansion(price_changes={"2024-01-01": 5}).fit(renewals)
    with pytest.raises(FitError, match="must be at least 1, not 0 and 4"):
        lb.Expansion().fit(renewals, draws=0)
    young = pd.DataFrame({"customer_id": ["A"], "start": ["2024-06-01"], "price": [3.0], "cancelled_on": [None]})
    with pytest.raises(InputError, match="No subscription was renewed, so prices could not change"):
        lb.Expansion().fit(lb.summarize_renewals(young, period="year", as_of="2024-12-31"))
    with pytest.raises(FitError, match="There are no draws of up_share"):
        lb.FittedExpansion.from_draws({"change_chance": np.zeros((1, 5, 1))})
    every = {name: np.full((1, 5, 1), -1.0) for name in ("change_chance", "up_share", "up_size", "down_size")}
    every |= {name: np.ones((1, 5)) for name in ("concentration", "up_sd", "down_sd")}
    with pytest.raises(FitError, match="change_chance must be 0 or more"):
        lb.FittedExpansion.from_draws(every)


def test_a_free_trial_says_nothing_of_the_power_of_seats():
    """Half of the subscribers begin with five seats for nothing, and pay for fifteen a year later."""
    rows = []
    for one in range(60):
        few, many = 4 + one % 5, 8 + one % 7
        first = 0 if one % 2 else 100 * few
        rows += [(f"c{one}", "2021-01-01", "2022-01-01", first, few), (f"c{one}", "2022-01-01", None, 100 * many, many)]
    columns = ["customer_id", "start", "cancelled_on", "price", "seats"]
    made = pd.DataFrame(rows, columns=columns)
    renewals = lb.summarize_renewals(made, period="year", as_of="2023-12-31", seats="seats")
    power = lb.Expansion().fit(renewals, draws=100, random_seed=1).idata["posterior"]["price_exponent"]
    assert float(power.mean()) == pytest.approx(1.0, abs=0.01)
