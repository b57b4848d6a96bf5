"""Comparisons of any draws against the normal law, hand-made draws and brute force."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.value.segments.segments_in_words import Region


def options(values, names=None, **attrs):
    """Draws (1, draws, option) of rows of numbers, one row a draw."""
    values = np.asarray(values, dtype=float)[np.newaxis]
    names = names or [chr(65 + k) for k in range(values.shape[2])]
    return xr.DataArray(values, dims=("chain", "draw", "channel"), coords={"channel": names}, name="value", attrs=attrs)


@pytest.fixture(scope="module")
def normal():
    """Independent normal draws: A ~ N(10, 3), B ~ N(8, 4), C ~ N(0, 1)."""
    return options(np.random.default_rng(1).standard_normal((200_000, 3)) * [3, 4, 1] + [10, 8, 0])


def normal_loss(mean, sd):
    """E[max(-D, 0)] of D ~ N(mean, sd)."""
    return sd * stats.norm.pdf(mean / sd) - mean * stats.norm.sf(mean / sd)


class TestPairs:
    def test_a_share_of_practical_equivalence_is_one_of_the_larger_of_the_two(self):
        """95 of 105 are within a tenth of 105, whichever of them is named first; 94 are not."""
        for other, held in ((95.0, True), (94.0, False)):
            assert Region(share=0.1).holds(np.array([105.0, other]), np.array([other, 105.0])).tolist() == [held] * 2

    def test_expected_losses_match_the_normal_law(self, normal):
        row = lb.compare(normal).iloc[0]
        assert row["expected_loss_a"] == pytest.approx(normal_loss(2, 5), abs=0.03)
        assert row["expected_loss_b"] == pytest.approx(normal_loss(-2, 5), abs=0.03)
        assert row["expected_loss_b"] - row["expected_loss_a"] == pytest.approx(row["difference"])

    def test_pairs_are_in_the_order_of_medians_whatever_a_tail_does_to_the_mean(self):
        """Of equal medians the higher mean stands first."""
        rows = [[1, 2, 1.5, 1], [1, 2, 1.5, 1], [1000, 2, 1.5, 1]]
        pairs = lb.compare(options(rows))[["segment_a", "segment_b"]].to_numpy()
        assert ["".join(pair) for pair in pairs] == ["BC", "BA", "BD", "CA", "CD", "AD"]

    def test_where_less_is_better_the_losses_change_places(self, normal):
        more, less = lb.compare(normal), lb.compare(normal, lower_is_better=True)
        np.testing.assert_array_equal(more["expected_loss_a"], less["expected_loss_b"])
        np.testing.assert_array_equal(more["difference"], less["difference"])

    def test_ratio_matches_the_log_normal_law(self):
        z = np.random.default_rng(2).standard_normal((100_000, 2)) * [0.3, 0.4] + [1.0, 0.5]
        row = lb.compare(options(np.exp(z)), ci_prob=0.9).iloc[0]
        law = stats.norm(0.5, 0.5)
        assert row["ratio"] == pytest.approx(np.exp(0.5), rel=0.01)
        found = row[["ratio_eti90_lb", "ratio_eti90_ub"]].astype(float)
        np.testing.assert_allclose(found, np.exp(law.ppf([0.05, 0.95])), rtol=0.02)

    def test_ratio_at_its_edges(self):
        """Both nothing: 1. Only the second nothing: infinite. Below zero: no ratio."""
        rows = [[0, 0], [2, 1], [3, 0], [4, 0], [5, 0]]
        found = lb.compare(options(rows), ci_prob=0.5).iloc[0]
        assert found["ratio"] == np.inf
        assert found["ratio_eti50_lb"] == 2
        assert np.isnan(lb.compare(options([[1.0, 2.0], [1.0, -1.0]]))["ratio"]).all()

    def test_relative_region_is_a_share_of_the_larger(self):
        table = lb.compare(options([[100, 91], [100, 89], [89, 100], [100, 110]]), rope_share=0.1)
        assert table["probability_equivalent"].tolist() == [0.5]

    @pytest.mark.parametrize(
        "region",
        [{"rope_share": 1.0}, {"rope_share": 0}, {"rope_share": 0.1, "rope": 1}],
    )
    def test_impossible_regions_are_refused(self, normal, region):
        with pytest.raises(UnitError):
            lb.compare(normal, **region)

    @pytest.mark.parametrize("kind", ["eti", "hdi"])
    def test_every_pair_is_what_it_is_alone(self, kind):
        values = np.random.default_rng(3).lognormal(size=(500, 6)).round(1)
        together = lb.compare(options(values), rope=0.3, ci_kind=kind)
        assert len(together) == 15
        for row in together.to_dict("records"):
            pair = [ord(row[name]) - 65 for name in ("segment_a", "segment_b")]
            difference = values[:, pair[0]] - values[:, pair[1]]
            alone = lb.compare(options(values[:, pair], list("xy")), rope=0.3, ci_kind=kind).iloc[0]
            same = [name for name in together if name not in ("segment_a", "segment_b", "sentence")]
            np.testing.assert_allclose([row[name] for name in same], alone[same].astype(float))
            assert row["median_difference"] == pytest.approx(np.median(difference))
            above = np.mean(difference > 0) + np.mean(difference == 0) / 2
            assert row["probability_a_above_b"] == pytest.approx(above)

    def test_draws_of_the_wrong_shape_are_refused(self, normal):
        for wrong in (normal.isel(channel=0), normal.to_dataset(name="v"), normal.to_numpy()):
            with pytest.raises(InputError, match="chain, draw and one more"):
                lb.compare(wrong)

    def test_missing_draws_are_refused_with_the_option(self):
        with pytest.raises(InputError, match=r"1 option .* \(id B\)"):
            lb.compare(options([[1.0, np.nan], [2.0, 3.0]]))

    def test_no_options_are_refused(self, normal):
        for judge in (lb.compare, lb.rank, lb.best):
            with pytest.raises(InputError, match="at least one option"):
                judge(normal.isel(channel=[]))

    def test_one_option_has_nothing_to_compare(self, normal):
        assert lb.compare(normal.isel(channel=[0])).empty

    def test_a_caution_travels_with_the_draws(self, normal):
        said = normal.assign_attrs(caution="fit did not converge")
        for table in (lb.compare(said), lb.rank(said), lb.best(said)):
            assert list(table)[-1] == "caution"


class TestSentences:
    def test_names_measure_and_unit(self):
        draws = options(np.column_stack([np.full(100, 3e5), np.full(100, 2e5)]), ["Energy", "Retail"], units="CNY")
        sentence = lb.compare(draws.rename("mean_spend"))["sentence"].item()
        assert sentence == (
            "Energy has a higher mean spend than Retail with probability 0.99; "
            "the median difference is 10万 CNY, 89% interval 10万 to 10万."
        )

    @pytest.mark.parametrize("units", ["1", "currency of the data"])
    def test_numbers_without_a_unit_have_none(self, units):
        draws = options(np.column_stack([np.full(9, 3.0), np.full(9, 2.0)]), units=units)
        assert "the median difference is 1, 89%" in lb.compare(draws)["sentence"].item()

    def test_a_toss_up_is_called_one(self):
        difference = np.r_[np.full(55, 1.0), np.full(45, -1.0)]
        draws = options(np.column_stack([10 + difference, np.full(100, 10.0)]), ["fair", "web"])
        sentence = lb.compare(draws, measure="retention")["sentence"].item()
        assert sentence.startswith(
            "Whether fair or web has the higher retention is a toss-up, fair with probability 0.55"
        )

    def test_alike_is_said_where_the_region_holds_nearly_all(self):
        noise = np.random.default_rng(4).normal(size=1000)
        draws = options(np.column_stack([100 + noise, np.full(1000, 99.5)]))
        sentence = lb.compare(draws, rope=10, unit="EUR", measure="deal_size")["sentence"].item()
        assert sentence.startswith("A and B are practically alike in deal size; ")
        assert sentence.endswith(
            "it is at most 10 EUR either way with probability > 0.99, and A is higher with probability 0.69."
        )

    def test_a_region_is_named_where_it_decides_nothing(self, normal):
        sentence = lb.compare(normal, rope_share=0.2)["sentence"].iloc[0]
        assert "it is at most 20% either way with probability 0." in sentence

    def test_names_with_braces_are_written_as_they_are(self):
        draws = options(np.column_stack([np.full(9, 3.0), np.full(9, 2.0)]), ["{a}", "{b}"])
        assert lb.compare(draws, measure="{x}")["sentence"].item().startswith("{a} has a higher {x} than {b} with")


class TestBest:
    def test_matches_brute_force(self):
        values = np.random.default_rng(5).normal([3, 2.5, 2, 1], [1, 2, 1, 1], (4000, 4))
        table = lb.best(options(values), top=2)
        places = (-values).argsort(axis=1).argsort(axis=1)
        for k, name in enumerate("ABCD"):
            row = table.loc[name]
            assert row["probability_best"] == pytest.approx(np.mean(places[:, k] == 0))
            assert row["probability_in_top_2"] == pytest.approx(np.mean(places[:, k] < 2))
            assert row["expected_loss"] == pytest.approx(np.mean(values.max(axis=1) - values[:, k]))
        assert table["expected_loss"].is_monotonic_increasing
        assert table["mean"].is_monotonic_decreasing
        assert table["probability_in_top_2"].sum() == pytest.approx(2)

    def test_of_two_it_is_the_loss_of_the_pair(self, normal):
        two = normal.isel(channel=[0, 1])
        pair, alone = lb.compare(two).iloc[0], lb.best(two)["expected_loss"]
        np.testing.assert_allclose(alone[["A", "B"]], [pair["expected_loss_a"], pair["expected_loss_b"]])

    def test_the_lowest_may_be_the_best(self, normal):
        table = lb.best(normal, lower_is_better=True)
        assert table.index[0] == "C"
        assert lb.rank(normal, lower_is_better=True).index[0] == "C"
        np.testing.assert_allclose(table["expected_loss"], lb.best(-normal)["expected_loss"])

    def test_ties_share_the_first_place(self):
        table = lb.best(options([[1, 1, 0], [1, 1, 1]]), top=2)
        np.testing.assert_allclose(table["probability_best"].sort_index(), [5 / 12, 5 / 12, 1 / 6])
        assert table["probability_in_top_2"].sum() == pytest.approx(2)

    def test_top_is_a_whole_number(self, normal):
        for top in (0, 1.5):
            with pytest.raises(UnitError, match="top"):
                lb.best(normal, top=top)

    def test_many_options(self):
        """60 options: 1,770 pairs, each once."""
        values = np.random.default_rng(6).lognormal(size=(1000, 60))
        table = lb.compare(options(values, [f"s{k:02d}" for k in range(60)]))
        pairs = {frozenset(pair) for pair in zip(table["segment_a"], table["segment_b"], strict=True)}
        assert len(table) == len(pairs) == 1770
        assert pd.notna(table["sentence"]).all()


class Holder:
    """Stands for results that have draws."""

    draws = None


@pytest.mark.parametrize("question", [lb.compare, lb.rank, lb.best])
def test_where_the_draws_are_is_said(question):
    with pytest.raises(InputError, match=r"not a Holder\. Pass what it is made of: its \.draws\."):
        question(Holder())
    several = xr.Dataset({"mean_rate": ("draw", [1.0]), "mean_spend": ("draw", [1.0])})
    with pytest.raises(InputError, match=r"a Dataset of mean_rate, mean_spend\. Take one .* draws\['mean_rate'\]"):
        question(several)
    with pytest.raises(InputError, match=r"not draws with draw\."):
        question(several["mean_rate"])


def test_results_say_how_they_are_compared(book, purchases, spend, channel_value):
    value = lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
    found = lb.acquisition(channel_value, {"Ads": 1e3, "Fair": 2e3})
    for result, cure in (
        (value, r"not a LifetimeValue\. Make segments first: ltv\.by\(column\)\.compare"),
        (value.by("industry"), r"It compares its segments itself: by\.compare"),
        (channel_value, r"not a NewCustomerValue\. Pass what it is made of: its \.draws"),
        (found, r"not an Acquisition\. Pass what it is made of: its \.ratio"),
        (purchases, r"Pass fit\.segment_draws"),
    ):
        with pytest.raises(InputError, match=cure):
            lb.compare(result)


@pytest.mark.parametrize(("above", "toss_up"), [(594, True), (596, False), (604, False)])
def test_what_is_written_as_sixty_percent_is_no_toss_up(above, toss_up):
    values = np.ones((1, 1000, 2))
    values[0, :above, 0] = 2.0
    values[0, above:, 0] = 0.5
    draws = xr.DataArray(values, dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
    sentence = lb.compare(draws)["sentence"].iloc[0]
    assert ("toss-up" in sentence) == toss_up
    assert ("0.59" in sentence) == toss_up
