"""Segments: sums of draws, comparisons and ranks against hand-made draws and closed forms."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, UnitError
from ltv_bayes.value.compare import compare_pairs, rank_probabilities


@pytest.fixture(scope="module")
def ltv(book, purchases, spend):
    return lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)


@pytest.fixture(scope="module")
def normal():
    """Independent normal draws: A ~ N(10, 3), B ~ N(8, 4), C ~ N(0, 1)."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((4, 50_000, 3)) * [3, 4, 1] + [10, 8, 0]
    return xr.DataArray(values, dims=("chain", "draw", "segment"), coords={"segment": ["A", "B", "C"]})


class TestSegments:
    def test_totals_are_summed_within_each_draw(self, ltv):
        by = ltv.by("industry")
        np.testing.assert_allclose(
            by.total.sel(segment="Retail"), ltv.draws.sel(customer_id=["C", "D", "E"]).sum("customer_id")
        )
        np.testing.assert_allclose(by.total.sum("segment"), ltv.total())
        np.testing.assert_allclose(by.per_customer.sel(segment="Retail"), by.total.sel(segment="Retail") / 3)

    def test_summary(self, ltv):
        table = ltv.by("industry").summary(0.9)
        assert table["customers"].to_dict() == {"Retail": 3, "Energy": 2, "Public": 1}
        assert table["total_mean"].sum() == pytest.approx(float(ltv.total().mean()))
        assert {"per_customer_eti90_lb", "total_eti90_ub"} <= set(table)
        assert table["per_customer_mean"].is_monotonic_decreasing

    def test_a_mapping_or_series_names_the_segments(self, ltv):
        mapping = dict(zip("ABCDEF", ["x", "x", "y", "y", "y", "z"], strict=True))
        by_mapping, by_series = ltv.by(mapping), ltv.by(pd.Series(mapping, name="size"))
        assert by_series.column == "size"
        np.testing.assert_array_equal(by_mapping.total, by_series.total)

    def test_customers_without_a_segment_are_kept(self, ltv):
        by = ltv.by({"A": "x"})
        assert by.customers.to_dict() == {"(missing)": 5, "x": 1}

    def test_unknown_column(self, ltv):
        with pytest.raises(ColumnError, match="Did you mean 'industry'"):
            ltv.by("industri")

    def test_hostile_names_in_html(self, ltv):
        html = ltv.by(dict.fromkeys("ABCDEF", "<img src=x onerror=alert(1)>"))._repr_html_()
        assert "<img" not in html

    def test_one_segment_has_nothing_to_compare(self, ltv):
        by = ltv.by(dict.fromkeys("ABCDEF", "all"))
        assert by.compare().empty
        assert by.rank().loc["all", "rank_1"] == 1


class TestComparison:
    def test_probability_and_difference_match_the_normal_law(self, normal):
        table = compare_pairs(normal, ci_prob=0.9).set_index(["segment_a", "segment_b"])
        law = stats.norm(2, 5)
        row = table.loc[("A", "B")]
        assert row["probability_a_above_b"] == pytest.approx(law.sf(0), abs=4 * 0.5 / np.sqrt(200_000))
        assert row["difference"] == pytest.approx(2, abs=4 * 5 / np.sqrt(200_000))
        np.testing.assert_allclose(row[["eti90_lb", "eti90_ub"]].astype(float), law.ppf([0.05, 0.95]), atol=0.08)

    def test_region_of_practical_equivalence(self, normal):
        row = compare_pairs(normal, equivalent_within=1.0).iloc[0]
        law = stats.norm(2, 5)
        assert row["probability_equivalent"] == pytest.approx(law.cdf(1) - law.cdf(-1), abs=0.005)
        with pytest.raises(UnitError):
            compare_pairs(normal, equivalent_within=0)

    def test_the_sentence_says_what_the_numbers_say(self, normal):
        sentence = compare_pairs(normal * 1e5, ci_prob=0.9, currency="CNY")["sentence"].iloc[0]
        assert sentence.startswith("A is worth more than B per customer with probability 0.65; ")
        assert "the median difference is 19.9" in sentence
        assert "万 CNY" in sentence
        assert "90% interval" in sentence

    def test_ties_count_half(self):
        same = xr.DataArray(np.zeros((1, 10, 2)), dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
        assert compare_pairs(same)["probability_a_above_b"].tolist() == [0.5]

    def test_ties_share_their_ranks(self):
        same = xr.DataArray(np.zeros((1, 10, 2)), dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
        table = rank_probabilities(same)
        assert table["rank_1"].tolist() == [0.5, 0.5]
        assert table["expected_rank"].tolist() == [1.5, 1.5]

    def test_ranks(self, normal):
        table = rank_probabilities(normal)
        np.testing.assert_allclose(table[["rank_1", "rank_2", "rank_3"]].sum(axis=1), 1)
        assert list(table.index) == ["A", "B", "C"]
        assert table.loc["A", "rank_1"] == pytest.approx(0.654, abs=0.01)
        assert table.loc["A", "expected_rank"] < 1.5

    def test_the_one_that_is_higher_in_most_draws_comes_first(self):
        """A's mean is carried by one draw in a hundred."""
        drawn = np.column_stack([np.r_[np.full(99, 1.0), 1e6], np.full(100, 2.0)])[np.newaxis]
        draws = xr.DataArray(drawn, dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
        row = compare_pairs(draws).iloc[0]
        assert (row["segment_a"], row["segment_b"]) == ("B", "A")
        assert row["probability_a_above_b"] == pytest.approx(0.99)
        assert row["median_difference"] == 1
        assert row["difference"] == pytest.approx(2 - drawn[0, :, 0].mean())
        assert row["eti89_lb"] == row["eti89_ub"] == 1
        assert "> 0.99" not in row["sentence"]

    def test_no_finite_number_of_draws_is_certainty(self, normal):
        sure = compare_pairs(normal + xr.DataArray([100.0, 0, 0], dims="segment")).iloc[0]
        assert sure["probability_a_above_b"] == 1
        assert "probability > 0.99" in sure["sentence"]
