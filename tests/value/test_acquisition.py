"""What clients cost against what they are worth: figures by hand, words that say them, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError, UnitError
from ltv_bayes.value.acquisition.acquisition import courses
from ltv_bayes.value.acquisition.channels import NOT_ENOUGH, _months
from tests.chance import FALSE_ALARM, allowed


def costs(**columns):
    return pd.DataFrame(columns, index=range(2, len(columns["channel"]) + 2))


@pytest.fixture(scope="module")
def known(channel_value):
    """Costs that are known, of clients whose expected value is known too."""
    return lb.acquisition(channel_value, {"Ads": 2000.0, "Fair": 2000.0, "Referral": 600.0}, random_seed=1)


@pytest.fixture(scope="module")
def counted(channel_value):
    """Spend and clients won: much data, little, none."""
    table = costs(
        channel=["Ads", "Ads", "Fair", "Referral"],
        period=[2024, 2025, 2025, 2025],
        spend=[60_000.0, 60_000.0, 12_000.0, 90_000.0],
        clients_won=[41, 39, 3, 0],
    )
    return lb.acquisition(channel_value, table, random_seed=1)


def test_ratio_is_value_over_cost(known, channel_value):
    values = channel_value.draws.mean(("chain", "draw")).to_numpy()
    table = known.summary().loc[["Ads", "Fair", "Referral"]]
    np.testing.assert_allclose(table["ltv_to_cac"], values / [2000.0, 2000.0, 600.0])
    np.testing.assert_allclose(table["value"], values)
    assert table["clients_won"].isna().all()
    assert list(known.summary().index) == ["Fair", "Referral", "Ads"]


def test_another_threshold_names_its_column(channel_value):
    for threshold, name in ((1, "probability above 1"), (2.5, "probability above 2.5")):
        found = lb.acquisition(channel_value, {"Ads": 1000}, threshold=threshold)
        assert name in repr(found)
        assert name.replace(" ", "_") in found.summary()


def test_draws_can_be_compared(known):
    said = lb.compare(known.ltv)["sentence"][0]
    assert said.startswith("Fair ")
    assert " EUR" in said
    assert " EUR" not in lb.compare(known.ratio)["sentence"][0]


def test_payback_by_hand(channel_fits, known):
    """The month in which expected discounted margin, counted in steps of four days, reaches the cost."""
    fit = lb.FittedPurchases.from_draws(
        {name: values[:1, :1] for name, values in channel_fits[0].of_segment(channel="Referral").draws.items()},
        time_unit="month",
    )
    days = np.arange(4, 1097, 4)
    orders = [fit.expected_purchases_new_customer(f"{day} days").item() for day in days]
    money = 700.0 * (1 + np.cumsum(np.diff([0.0, *orders]) * 1.1 ** -((days - 2) / 365.25)))
    referral = lb.acquisition(known.value, {"Referral": 1500.0}).payback.to_numpy()
    by_hand = np.interp(1500.0, money, days) / 365.25 * 12
    assert referral == pytest.approx(by_hand, abs=0.02)


def test_a_cost_below_the_first_order_is_back_at_once(known):
    row = known.summary().loc["Referral"]
    assert row["payback_months"] == 0
    assert row["probability_payback_within_12_months"] == 1
    assert "the first order pays the cost back" in known.sentences()["Referral"]


def test_a_cost_above_the_value_never_comes_back(channel_value):
    found = lb.acquisition(channel_value, {"Ads": 9_000})
    row = found.summary().loc["Ads"]
    assert np.isinf(row[["payback_months", "payback_months_eti89_lb", "payback_months_eti89_ub"]].astype(float)).all()
    assert row["probability_no_payback"] == 1
    assert row["verdict"] == "loses money"
    assert "the cost is not back within 3 years with probability > 0.99" in found.sentences()["Ads"]


def test_few_clients_make_a_wide_interval_as_the_gamma_has_it(channel_value):
    """Of one channel with clients counted, which is not pooled with others."""
    for name, spend, won in (("Ads", 120_000, 80), ("Fair", 12_000, 3), ("Referral", 90_000, 0)):
        value = channel_value.draws.sel(channel=name).mean().item()
        law = stats.gamma(won + 0.5, scale=value / spend)
        counted = lb.acquisition(channel_value, costs(channel=[name], spend=[spend], clients_won=[won]), random_seed=1)
        drawn = counted.ratio.sel(channel=name).to_numpy().ravel()
        assert stats.kstest(drawn, law.cdf).pvalue > FALSE_ALARM
        row = counted.summary().loc[name]
        above, sd = law.sf(3), np.sqrt(law.sf(3) * law.cdf(3) / drawn.size)
        assert row["probability_above_3"] == pytest.approx(above, abs=allowed(100) * sd + 1e-9)
        assert row["ltv_to_cac_eti89_ub"] == pytest.approx(law.ppf(0.945), rel=0.25)


def test_costs_of_channels_are_pooled_and_known_ones_are_not(channel_value):
    """A channel that won few is drawn to the others; a known cost is nobody's neighbour."""
    alike = costs(channel=["Ads", "Fair"], spend=[100_000.0, 5_000.0], clients_won=[100, 9])
    alone = lb.acquisition(channel_value, alike.iloc[1:], random_seed=1)
    pooled = lb.acquisition(channel_value, alike, random_seed=1)
    cost = [found.summary().loc["Fair", "cost_per_client"] for found in (alone, pooled)]
    assert cost[0] < 600 < cost[1] < 1_000
    known = alike.assign(cost_per_client=[1_000.0, np.nan], spend=[np.nan, 5_000.0], clients_won=[np.nan, 9])
    beside_known = lb.acquisition(channel_value, known, random_seed=1)
    assert beside_known.summary().loc["Fair", "cost_per_client"] == cost[0]
    said = "costs per client are pooled over channels"
    assert [any(said in note for note in found.notes()) for found in (alone, pooled, beside_known)] == [0, 1, 0]


def test_three_clients_are_not_enough_and_none_for_much_is_a_loss(counted):
    table = counted.summary()
    assert table.loc["Fair", "verdict"] == NOT_ENOUGH
    assert table.loc["Referral", "verdict"] == "loses money"
    said = counted.sentences()
    assert "Not enough data: 3 clients won, fewer than 5." in said["Fair"]
    assert "with probability 0.95 (no client won for 90k)" in said["Referral"]


def test_an_interval_from_a_loss_to_above_the_threshold_is_not_enough(channel_value):
    table = costs(channel=["Fair"], spend=[27_000.0], clients_won=[6])
    found = lb.acquisition(channel_value, table, least_clients=2, random_seed=1)
    row = found.summary(ci_prob=0.99).loc["Fair"]
    assert row["ltv_to_cac_eti99_lb"] < 1
    assert row["ltv_to_cac_eti99_ub"] > 3
    assert row["verdict"] == NOT_ENOUGH
    assert "from below 1 to above 3" in found.sentences(ci_prob=0.99)["Fair"]
    assert found.summary(ci_prob=0.3).loc["Fair", "verdict"] != NOT_ENOUGH


@pytest.mark.parametrize(("times", "verdict"), [(0.5, "loses money"), (2.0, "pays, below 3"), (4.0, "above 3")])
def test_verdicts_say_what_is_sure(channel_value, times, verdict):
    cost = channel_value.draws.sel(channel="Ads").mean().item() / times
    assert lb.acquisition(channel_value, {"Ads": cost}).summary().loc["Ads", "verdict"] == verdict


def test_the_sentence_says_what_the_numbers_say(counted):
    row, said = counted.summary().loc["Ads"], counted.sentences()["Ads"]
    numbers = {
        "worth": f"worth {row['value'] / 1000:.2f}k EUR within 3 years",
        "cost": f"costs {row['cost_per_client'] / 1000:.2f}".rstrip("0") + "k EUR (80 clients won for 120k)",
        "ratio": f"that is {row['ltv_to_cac']:.1f} times the cost",
        "interval": f"89% interval {row['ltv_to_cac_eti89_lb']:.1f} to {row['ltv_to_cac_eti89_ub']:.1f}",
        "payback": f"back after {row['payback_months']:.0f} months",
        "late": f"({_months(row['payback_months_eti89_lb'])} to {_months(row['payback_months_eti89_ub'])} months)",
        "in time": f"within 12 months with probability {row['probability_payback_within_12_months']:.2f}",
    }
    assert [name for name, text in numbers.items() if text not in said] == []


def test_probabilities_are_counted_over_draws(counted):
    row = counted.summary().loc["Ads"]
    assert row["probability_above_1"] == np.mean(counted.ratio.sel(channel="Ads").to_numpy() > 1)
    months = counted.payback.sel(channel="Ads").to_numpy()
    assert row["probability_payback_within_12_months"] == np.mean(months <= 12)
    assert row["probability_no_payback"] == np.mean(np.isinf(months))


def test_payback_in_time_is_money_by_then_above_the_cost(counted):
    course = courses(counted)["Ads"]
    by_then = course.money[:, np.flatnonzero(course.months == 12)[0]]
    above = by_then >= counted.cac.sel(channel="Ads").to_numpy().ravel()
    np.testing.assert_array_equal(above, counted.payback.sel(channel="Ads").to_numpy().ravel() <= 12)


def test_budget_goes_where_a_unit_brings_most(counted):
    table = counted.budget()
    ratio = counted.ratio.to_numpy().reshape(-1, 3)
    place = {name: counted.channels.index(name) for name in table.index}
    for name, row in table.iterrows():
        own = ratio[:, place[name]]
        assert row["net_value_mean"] == pytest.approx(own.mean() - 1)
        assert row["probability_best"] == pytest.approx(np.mean(own == ratio.max(axis=1)))
        assert row["expected_loss"] == pytest.approx(np.mean(ratio.max(axis=1) - own))
    assert table["net_value_mean"].is_monotonic_decreasing
    assert table["probability_best"].sum() == pytest.approx(1)
    assert table["enough_data"].to_dict() == {"Fair": False, "Ads": True, "Referral": True}


def test_a_budget_in_money_scales(counted):
    np.testing.assert_allclose(counted.budget(10_000)["net_value_mean"], 10_000 * counted.budget()["net_value_mean"])
    with pytest.raises(UnitError, match="amount must be above 0"):
        counted.budget(0)


def test_channels_that_are_alike_share_the_best_place(purchases, spend):
    value = lb.new_customer_value(purchases, spend, horizon="1 year", random_seed=1)
    found = lb.acquisition(value, {"A": 10, "B": 10})
    assert found.budget()["probability_best"].tolist() == [0.5, 0.5]
    assert "a client of any channel is worth the same" in repr(found)


def test_each_period_has_its_own_cost(channel_value):
    table = costs(channel=["Ads"] * 2, period=["Q1", "Q2"], spend=[10_000.0, 10_000.0], clients_won=[100, 20])
    found = lb.acquisition(channel_value, table, random_seed=1)
    by_period = found.by_period()
    assert by_period.loc[("Ads", "Q1"), "cost_per_client"] == pytest.approx(100, rel=0.05)
    assert by_period.loc[("Ads", "Q2"), "cost_per_client"] == pytest.approx(500, rel=0.1)
    assert any("differ between the periods of Ads by more than chance" in note for note in found.notes())
    assert not any("periods" in note for note in lb.acquisition(channel_value, {"Ads": 300}).notes())


def test_a_channel_that_the_fit_has_not_seen_is_refused_or_drawn(channel_value):
    table = costs(channel=["Ads", "Fairs", "Radio"], cost_per_client=[500, 700, 800])
    with pytest.raises(InputError, match=r"'Fairs', 'Radio' \(rows 3, 4\).*Did you mean 'Fair'.*unseen='population'"):
        lb.acquisition(channel_value, table)
    found = lb.acquisition(channel_value, table, unseen="population", random_seed=1)
    assert found.ratio.sel(channel="Radio").std() > 0.2 * found.ratio.sel(channel="Radio").mean()
    assert "the fits have no customer of Fairs, Radio" in repr(found)
    assert found.sentences()["Radio"].endswith("drawn from the distribution of channels.")


def test_a_channel_without_costs_is_left_out_and_named(channel_value):
    found = lb.acquisition(channel_value, {"Fair": 1000})
    assert found.channels == ("Fair",)
    assert "without costs, so left out: Ads, Referral." in repr(found)


def test_a_channel_that_was_not_asked_for_is_known_all_the_same(channel_value):
    assert lb.acquisition(channel_value.of(["Ads"]), {"Fair": 1000}).channels == ("Fair",)


def test_one_name_of_the_dimension_in_value_and_costs(channel_value):
    """By hand, as a reader would do it: one ratio a channel, not one for each pair of channels."""
    found = lb.acquisition(channel_value, {"Fair": 2000.0, "Ads": 1000.0})
    ratio = channel_value.draws / found.cac
    assert ratio.sizes["channel"] == 2
    np.testing.assert_allclose(ratio.sel(channel=["Fair", "Ads"]), found.ratio)


def test_the_dimension_is_called_as_the_fits_call_it(spend_by_industry, purchases):
    fit = lb.FittedPurchases.from_draws(purchases.thin(300).draws, time_unit="month")
    value = lb.new_customer_value(fit, spend_by_industry, horizon="1 year", random_seed=1)
    table = costs(channel=["Energy", "Retail"], period=[1, 1], spend=[9e3, 8e3], clients_won=[9, 8])
    found = lb.acquisition(value, table, random_seed=1)
    assert found.column == "industry"
    for drawn in (found.ltv, found.cac, found.ratio, found.payback):
        assert drawn.dims == ("chain", "draw", "industry")
    np.testing.assert_allclose((value.draws / found.cac).sel(industry="Retail"), found.ratio.sel(industry="Retail"))
    assert found.summary().index.name == found.budget().index.name == "industry"
    assert found.by_period().index.names == ["industry", "period"]
    assert repr(found).startswith("Acquisition by industry: ")
    assert lb.compare(found.ratio)["sentence"][0].startswith("Energy has")


def test_without_pooling_the_dimension_is_channel(purchases, spend):
    found = lb.acquisition(lb.new_customer_value(purchases, spend, horizon="1 year"), {"A": 10, "B": 12})
    assert found.cac.dims == ("chain", "draw", "channel")
    assert found.summary().index.name == "channel"
    assert repr(found).startswith("Acquisition by channel: ")


def test_a_period_without_spend_counts_where_the_channel_has_some(channel_value):
    table = costs(channel=["Ads"] * 3, period=[1, 2, 3], spend=[9_000.0, 0.0, 8_000.0], clients_won=[9, 2, 8])
    found = lb.acquisition(channel_value, table, random_seed=1)
    whole = lb.acquisition(channel_value, costs(channel=["Ads"], spend=[17_000.0], clients_won=[19]), random_seed=1)
    np.testing.assert_array_equal(found.cac, whole.cac)
    by_period = found.by_period()
    assert by_period.loc[("Ads", "2"), "spend"] == 0
    assert by_period.loc[("Ads", "2"), ["cost_per_client", "ltv_to_cac", "probability_above_3"]].isna().all()
    assert np.isfinite(by_period.drop(("Ads", "2")).astype(float)).all(axis=None)
    assert not any("differ between the periods" in note for note in found.notes())


def test_costs_without_periods_have_none_in_their_table(channel_value):
    found = lb.acquisition(channel_value, costs(channel=["Ads"], spend=[9_000.0], clients_won=[9]), random_seed=1)
    assert found.by_period().index.tolist() == ["Ads"]


@pytest.mark.parametrize("name", ["合计", "总计", "小计", "Total", "SUM", "Total:"])
def test_rows_of_totals_are_taken_for_what_they_are(channel_value, purchases, spend, name):
    table = costs(channel=["Ads", "Fair", name], spend=[9e3, 8e3, 17e3], clients_won=[9, 8, 17])
    with pytest.raises(InputError, match=rf"{name!r} \(row 4\)\. {name!r} looks like a row of totals: leave it out"):
        lb.acquisition(channel_value, table)
    with pytest.warns(DataWarning, match="looks like a row of totals, and is taken for a channel"):
        lb.acquisition(channel_value, table, unseen="population")
    plain = lb.new_customer_value(purchases, spend, horizon="1 year", random_seed=1)
    with pytest.warns(DataWarning, match="looks like a row of totals, and is taken for a channel"):
        lb.acquisition(plain, table.assign(spend=table["spend"] / 50))


def test_clients_won_are_held_against_those_in_the_fit(channel_value):
    """The fit has 40 clients of Ads, 12 of Fair and 25 of Referral."""
    table = costs(channel=["Ads", "Fair", "Referral"], spend=[9e4] * 3, clients_won=[81, 24, 9])
    notes = lb.acquisition(channel_value, table, random_seed=1).notes()
    assert [note for note in notes if "clients won are not those of the fit" in note] == [
        "clients won are not those of the fit, by more than a factor of 2: Ads (81 won, 40 in the fit). Are costs and "
        "orders of the same channels and years?"
    ]
    fewer = lb.acquisition(channel_value, table.assign(clients_won=[19, 24, 12]), random_seed=1).notes()
    assert sum("Ads (19 won, 40 in the fit), Referral (12 won, 25 in the fit)" in note for note in fewer) == 1
    alike = lb.acquisition(channel_value, table.assign(clients_won=[20, 24, 50]), random_seed=1).notes()
    assert not any("in the fit" in note for note in alike)


def test_a_faulty_entry_of_a_mapping_is_named_by_its_channel(channel_value):
    with pytest.raises(InputError, match=r"1 channel with a negative cost \(name Fair\)") as error:
        lb.acquisition(channel_value, {"Ads": 500, "Fair": -3})
    assert error.value.rows == ("Fair",)
    with pytest.raises(InputError, match=r"1 channel that the fit by 'channel' has not seen, 'Radio' \(name Radio\)"):
        lb.acquisition(channel_value, {"Ads": 500, "Radio": 3})


def test_tables_carry_the_currency_of_their_amounts(channel_fits):
    purchases, spend = channel_fits
    yuan = lb.FittedSpend(spend.idata.copy())
    yuan.idata.attrs["currency"] = "CNY"
    value = lb.new_customer_value(purchases, yuan, horizon="3 years", random_seed=1)
    found = lb.acquisition(value, {"Ads": 20_000, "Fair": 30_000})
    for table in (value.summary(), value.summary_of_one(1), found.summary(), found.budget(90_000), found.by_period()):
        assert "万" in lb.readable(table).to_string()
        assert "k" in lb.readable(table, "EUR").to_string().replace("payback", "").replace("back", "")


def test_costs_in_another_unit_are_noticed(channel_value):
    with pytest.warns(DataWarning, match="counted in one unit"):
        lb.acquisition(channel_value, {"Ads": 0.2})


def test_amounts_in_ten_thousands(channel_value):
    found = lb.acquisition(channel_value, costs(channel=["Ads"], cost_per_client=["0.2"]), amount_unit="万元")
    assert found.cac.to_numpy() == pytest.approx(2000.0)


def test_costs_in_another_currency_are_refused(channel_value):
    with pytest.raises(UnitError, match=r"Costs are in USD, values in EUR. Convert"):
        lb.acquisition(channel_value, {"Ads": "$400"})
    assert lb.acquisition(channel_value, {"Ads": "400 EUR"}).cac.to_numpy() == pytest.approx(400)


def test_a_cost_paid_back_on_the_last_day_is_back_in_time():
    """Payments of 100 at once and after each month: 1,250 are back with the twelfth, on the day the year ends."""
    sure = lb.FittedRenewals.from_draws({"alpha": [[1e-9]], "beta": [[1e3]]})
    value = lb.new_customer_value(sure, price=100, period="month", horizon="2 years", margin=1.0, discount_rate=0.0)
    for within, chance in (("12 months", 1), ("1 year", 1), ("11 months", 0)):
        table = lb.acquisition(value, {"Fair": 1250.0}, payback_within=within).summary()
        assert table.loc["Fair", "payback_months"] == pytest.approx(12)
        assert table.loc["Fair", f"probability_payback_within_{within.replace(' ', '_')}"] == chance


def test_payback_is_asked_for_within_a_year_or_the_horizon(purchases, spend):
    value = lb.new_customer_value(purchases, spend, horizon="26 weeks", random_seed=1)
    assert "probability_payback_within_26_weeks" in lb.acquisition(value, {"Ads": 20}).summary()
    with pytest.raises(UnitError, match="longer than the value's horizon of 26 weeks"):
        lb.acquisition(value, {"Ads": 20}, payback_within="1 year")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"threshold": 0}, "threshold must be above 0"),
        ({"least_clients": 2.5}, "whole number"),
        ({"unseen": "population "}, "Did you mean 'population'"),
        ({"payback_within": 12}, "has no unit"),
    ],
)
def test_settings_that_cannot_be_are_refused(channel_value, change, problem):
    with pytest.raises(InputError, match=problem):
        lb.acquisition(channel_value, {"Ads": 500}, **change)


def test_something_else_than_a_value_is_refused(channel_fits):
    with pytest.raises(InputError, match=r"new_customer_value\(...\) returned first, not a FittedPurchases"):
        lb.acquisition(channel_fits[0], {"Ads": 500})


def test_tables_of_a_fit_that_did_not_converge_say_so(channel_fits, unconverged):
    purchases, spend = channel_fits
    value = lb.new_customer_value(purchases, unconverged(spend), horizon="3 years", random_seed=1)
    found = lb.acquisition(value, {"Ads": 2000, "Fair": 3000})
    for table in (found.summary(), found.budget(), found.by_period()):
        assert (table["caution"] == "fit did not converge").all()
    assert found.sentences().str.contains("do not use these numbers yet").all()
    assert "fit did not converge: do not use these numbers yet." in repr(found)


def test_results_can_be_read_in_a_notebook_and_written(counted, tmp_path):
    assert "<table" in counted._repr_html_()
    lb.write_table(counted.summary(), tmp_path / "acquisition.xlsx")
    assert len(lb.read_table(tmp_path / "acquisition.xlsx")) == 3


def test_the_same_seed_gives_the_same_costs_in_any_order(channel_value):
    table = costs(channel=["Ads", "Fair"], spend=[9_000, 8_000], clients_won=[9, 8])
    first = lb.acquisition(channel_value, table, random_seed=3)
    second = lb.acquisition(channel_value, table[::-1], random_seed=3)
    np.testing.assert_array_equal(first.cac.sel(channel="Fair"), second.cac.sel(channel="Fair"))


@pytest.mark.parametrize("costs", [{"Ads": 1e-90}, {"Ads": 1e90}])
def test_a_cost_of_next_to_nothing_or_beyond_measure_is_refused(costs):
    purchases = lb.FittedPurchases.from_draws(
        {name: np.full((1, 50), 2.5) for name in ("r", "alpha", "a", "b")}, time_unit="week"
    )
    spend = lb.FittedSpend.from_draws({name: np.full((1, 50), 2.5) for name in ("p", "q", "v")})
    value = lb.new_customer_value(purchases, spend, horizon="2 years", random_seed=1)
    with pytest.raises(InputError, match="below a billionth, or above a billion times"):
        lb.acquisition(value, costs)
