"""Segments: sums of draws, comparisons and ranks against hand-made draws and closed forms."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.data.customers.known_ids import by_id
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError
from ltv_bayes.value.segments.compare import compare, rank
from ltv_bayes.value.segments.segments import segments_left_out
from tests.chance import allowed


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
        assert table["total_mean"].sum() == pytest.approx(ltv.explain().loc["total", "mean"])
        assert {"per_customer_eti90_lb", "total_eti90_ub"} <= set(table)
        assert table["per_customer_median"].is_monotonic_decreasing
        assert list(table)[1:5] == [f"per_customer_{name}" for name in ("median", "eti90_lb", "eti90_ub", "mean")]
        by_mean = ltv.by("industry").summary(0.9, statistic="mean")
        assert by_mean["per_customer_mean"].is_monotonic_decreasing
        assert list(by_mean)[1] == "per_customer_mean"
        medians = ltv.by("industry").total.median(("chain", "draw")).to_series()
        np.testing.assert_allclose(table["total_median"], medians[table.index])

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
        table = compare(normal, ci_prob=0.9).set_index(["segment_a", "segment_b"])
        law = stats.norm(2, 5)
        row = table.loc[("A", "B")]
        assert row["probability_a_above_b"] == pytest.approx(law.sf(0), abs=allowed(4) * 0.5 / np.sqrt(200_000))
        assert row["difference"] == pytest.approx(2, abs=allowed(4) * 5 / np.sqrt(200_000))
        np.testing.assert_allclose(row[["eti90_lb", "eti90_ub"]].astype(float), law.ppf([0.05, 0.95]), atol=0.08)

    def test_region_of_practical_equivalence(self, normal):
        row = compare(normal, rope=1.0).iloc[0]
        law = stats.norm(2, 5)
        assert row["probability_equivalent"] == pytest.approx(law.cdf(1) - law.cdf(-1), abs=0.005)
        with pytest.raises(UnitError):
            compare(normal, rope=0)

    def test_the_sentence_says_what_the_numbers_say(self, normal):
        row = compare(normal * 1e5, ci_prob=0.9, unit="CNY", measure="margin").iloc[0]
        sentence = row["sentence"]
        assert sentence.startswith("A has a higher margin than B with probability 0.6")
        assert f"the median difference is {np.median(normal[..., 0] - normal[..., 1]) * 10:.1f}万 CNY" in sentence
        assert "90% interval" in sentence

    def test_a_sentence_to_quote_carries_the_caution(self, normal):
        plain = compare(normal)["sentence"]
        unsure = compare(normal.assign_attrs(caution="fit did not converge"))["sentence"]
        assert (unsure == plain + " (fit did not converge: do not use these numbers yet)").all()

    def test_ties_count_half(self):
        same = xr.DataArray(np.zeros((1, 10, 2)), dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
        assert compare(same)["probability_a_above_b"].tolist() == [0.5]

    def test_ties_share_their_ranks(self):
        same = xr.DataArray(np.zeros((1, 10, 2)), dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
        table = rank(same)
        assert table["rank_1"].tolist() == [0.5, 0.5]
        assert table["expected_rank"].tolist() == [1.5, 1.5]

    def test_ranks(self, normal):
        table = rank(normal)
        np.testing.assert_allclose(table[["rank_1", "rank_2", "rank_3"]].sum(axis=1), 1)
        assert list(table.index) == ["A", "B", "C"]
        assert table.loc["A", "rank_1"] == pytest.approx(0.654, abs=0.01)
        assert table.loc["A", "expected_rank"] < 1.5

    def test_the_one_that_is_higher_in_most_draws_comes_first(self):
        """A's mean is carried by one draw in a hundred."""
        drawn = np.column_stack([np.r_[np.full(99, 1.0), 1e6], np.full(100, 2.0)])[np.newaxis]
        draws = xr.DataArray(drawn, dims=("chain", "draw", "segment"), coords={"segment": ["A", "B"]})
        row = compare(draws).iloc[0]
        assert (row["segment_a"], row["segment_b"]) == ("B", "A")
        assert row["probability_a_above_b"] == pytest.approx(0.99)
        assert row["median_difference"] == 1
        assert row["difference"] == pytest.approx(2 - drawn[0, :, 0].mean())
        assert row["eti89_lb"] == row["eti89_ub"] == 1
        assert "> 0.99" not in row["sentence"]

    def test_no_finite_number_of_draws_is_certainty(self, normal):
        sure = compare(normal + xr.DataArray([100.0, 0, 0], dims="segment")).iloc[0]
        assert sure["probability_a_above_b"] == 1
        assert "probability > 0.99" in sure["sentence"]


class TestSeveralColumns:
    @pytest.fixture
    def placed(self, book):
        frame = book.table.assign(region=["North", "South", "North", "North", None, "South"])
        return lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")

    @pytest.fixture
    def value(self, placed, purchases, spend):
        return lb.lifetime_value(placed, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)

    def test_segments_are_the_combinations_that_occur(self, value):
        by = value.by(["industry", "region"])
        expected = {
            "Energy / North": 1,
            "Energy / South": 1,
            "Public / South": 1,
            "Retail / (missing)": 1,
            "Retail / North": 2,
        }
        assert by.customers.to_dict() == expected
        np.testing.assert_allclose(
            by.total.sel(segment="Retail / North"), value.draws.sel(customer_id=["C", "D"]).sum("customer_id")
        )
        np.testing.assert_allclose(by.total.sum("segment"), value.total())

    def test_levels_stand_as_columns(self, value):
        table = value.by(["industry", "region"]).summary()
        assert table.loc["Retail / North", ["industry", "region"]].tolist() == ["Retail", "North"]
        totals = table.groupby("industry")["total_mean"].sum()
        alone = value.by("industry").summary()["total_mean"]
        pd.testing.assert_series_equal(totals, alone.sort_index(), check_names=False)

    def test_pairs_within_one_level(self, value):
        by = value.by(["industry", "region"])
        within = by.compare(within="industry")
        pairs = within[["segment_a", "segment_b"]].map(lambda name: name.split(" / ")[0])
        assert sorted(map(tuple, pairs.to_numpy())) == [("Energy", "Energy"), ("Retail", "Retail")]
        with pytest.raises(ColumnError, match="not made by 'regio'"):
            by.compare(within="regio")
        with pytest.raises(ColumnError, match="industry alone"):
            value.by("industry").compare(within="industry")

    def test_names_that_hold_the_separator_stay_apart(self, placed, purchases, spend):
        frame = placed.table.assign(one=["a / b", "a", *"xxxx"], two=["c", "b / c", *"xxxx"])
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
        value = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
        assert value.by(["one", "two"]).customers.to_dict() == {'a / "b / c"': 1, '"a / b" / c': 1, "x / x": 4}

    def test_a_list_of_one_is_that_column(self, value):
        assert value.by(["industry"]).column == "industry"

    def test_columns_that_do_not_exist_are_refused(self, value):
        with pytest.raises(ColumnError, match="Did you mean 'region'"):
            value.by(["industry", "regions"])
        with pytest.raises(ColumnError, match="not by a list"):
            value.by([])


class TestWeights:
    def test_revenue_weighs_the_mean(self, ltv, book):
        by = ltv.by("industry", weight="revenue")
        weights = book.table["total_value"][["C", "D", "E"]]
        drawn = ltv.draws.sel(customer_id=["C", "D", "E"])
        expected = (drawn * weights.to_numpy()).sum("customer_id") / weights.sum()
        np.testing.assert_allclose(by.per_customer.sel(segment="Retail"), expected)
        np.testing.assert_allclose(by.total, ltv.by("industry").total)
        assert "weighted by revenue" in repr(by)
        assert "per customer, weighted by revenue" in by.compare()["sentence"].iloc[0]

    def test_equal_weights_change_nothing(self, ltv, book, purchases, spend):
        frame = book.table.assign(size=2.5)
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
        for keep in (True, False):
            settings = {"horizon": "1 year", "random_seed": 1, "keep_draws": keep}
            value = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], **settings)
            weighted = value.by("industry", weight="size").per_customer
            np.testing.assert_allclose(weighted, ltv.by("industry").per_customer)

    def test_weights_that_are_no_numbers_are_refused(self, ltv, book, purchases, spend):
        with pytest.raises(ColumnError, match=r"'industry' holds text, such as 'Energy', and weight= takes one of num"):
            ltv.by("industry", weight="industry")
        frame = book.table.assign(size=["1", "many", None, "2", "-1", "3"])
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
        value = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
        with pytest.raises(InputError, match=r"3 customers without a weight in 'size' \(ids B, C, E\)"):
            value.by("industry", weight="size")
        with pytest.raises(ColumnError, match="Did you mean"):
            ltv.by("industry", weight="total_valu")

    def test_a_segment_without_any_weight_is_refused(self, book, purchases, spend):
        frame = book.table.assign(size=[1, 1, 1, 1, 1, 0])
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
        value = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
        with pytest.raises(InputError, match="No customer of Public"):
            value.by("industry", weight="size")


class TestQuantities:
    def test_what_pooled_fits_know_is_compared_by_name(self, book, pooled, spend):
        value = lb.lifetime_value(book, [lb.RepeatPurchases(pooled, spend)], horizon="1 year", random_seed=1)
        by = value.by("industry")
        assert by.measures == ["per_customer", "total", "mean_rate", "dropout_mean"]
        first = by.compare("mean_rate").iloc[0]
        assert first["segment_a"] == "Energy"
        assert first["ratio"] == pytest.approx(2, rel=0.02)
        assert "has a higher mean rate of orders than" in first["sentence"]
        assert "per week" in first["sentence"]

    def test_leaving_less_is_better(self, book, pooled, spend):
        value = lb.lifetime_value(book, [lb.RepeatPurchases(pooled, spend)], horizon="1 year", random_seed=1)
        by = value.by("industry")
        assert list(by.best("dropout_mean").index) == ["Energy", "Public", "Retail"]
        assert by.rank("mean_rate").index[0] == "Energy"
        pair = by.compare("dropout_mean").set_index(["segment_a", "segment_b"]).loc[("Retail", "Energy")]
        assert pair["expected_loss_a"] == pytest.approx(pair["difference"])
        assert pair["expected_loss_b"] == 0

    def test_of_several_streams_the_stream_is_named(self, book, pooled, spend):
        orders = lb.RepeatPurchases(pooled, spend, name="orders", customers=book)
        repairs = lb.RepeatPurchases(pooled, spend, name="repairs", customers=book)
        value = lb.lifetime_value(book, [orders, repairs], horizon="1 year", random_seed=1)
        by = value.by("industry")
        assert by.measures[2:] == [
            "orders mean_rate",
            "orders dropout_mean",
            "repairs mean_rate",
            "repairs dropout_mean",
        ]
        assert "mean rate of orders (repairs)" in by.compare("repairs mean_rate")["sentence"].iloc[0]
        assert by.best("orders dropout_mean").index[0] == "Energy"


class TestMappings:
    def test_ids_of_nobody_are_counted_and_named(self, ltv):
        with pytest.warns(DataWarning, match=r"by= holds 2 ids that no valued customer has \(ids Zoe, a\)"):
            by = ltv.by({"A": "x", "a": "y", "Zoe": "y"})
        assert by.customers.to_dict() == {"(missing)": 5, "x": 1}

    @pytest.mark.parametrize("mapping", [{"Zoe": "a"}, {1: "a", 2: "b"}, {}, pd.Series({"Zoe": "a"})])
    def test_a_mapping_that_names_nobody_is_refused(self, ltv, mapping):
        with pytest.raises(InputError, match=r"by= names none of the 6 customers.*Customers are called A, B, C"):
            ltv.by(mapping)

    def test_blanks_around_ids_do_not_matter(self, ltv):
        assert ltv.by({" A": "x", "B\u3000": "x"}).customers["x"] == 2

    def test_people_without_orders_are_somebody(self, ltv):
        customers = replace(ltv.customers, without_orders=pd.DataFrame(index=["Zoe"]))
        assert by_id(customers, {"A": 1, "Zoe": 2}, "by") == {"A": 1, "Zoe": 2}

    @pytest.mark.parametrize("kind", [dict, pd.Series])
    def test_weights_by_id_are_those_of_a_column(self, book, purchases, spend, kind):
        weights = dict(zip("ABCDEF", [1.0, 2, 0, 4, 5, 6], strict=True))
        weighted = lb.Customers.from_summary(
            book.table.assign(points=pd.Series(weights)).reset_index(), time_unit="week", as_of="1997-09-30"
        )
        value = lb.lifetime_value(weighted, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
        one, other = value.by("industry", weight="points"), value.by("industry", weight=kind(weights))
        np.testing.assert_array_equal(one.per_customer, other.per_customer)
        assert "customers weighted by weight" in repr(other)

    def test_weights_that_are_missing_or_of_nobody(self, ltv):
        with pytest.raises(InputError, match=r"5 customers without a weight \(ids B, C, D, E, F\)"):
            ltv.by("industry", weight={"A": 1.0})
        with pytest.raises(InputError, match="weight= names none of the 6 customers"):
            ltv.by("industry", weight={"Zoe": 1.0})
        with pytest.raises(ColumnError, match="or by a mapping from customer id to weight, not by a list"):
            ltv.by("industry", weight=[1.0])

    def test_a_column_named_twice_is_refused(self, ltv):
        with pytest.raises(ColumnError, match="each column once"):
            ltv.by(["industry", "industry"])


@pytest.fixture(scope="module")
def nested(book, purchases, spend):
    regions = dict(zip("ABCDEF", ["N", "S", "N", "S", "S", "N"], strict=True))
    table = book.table.assign(region=pd.Series(regions)).reset_index()
    customers = lb.Customers.from_summary(table, time_unit="week", as_of="1997-09-30")
    value = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)
    return value.by(["industry", "region"])


class TestWithin:
    def test_a_list_of_one_is_its_column(self, nested):
        pd.testing.assert_frame_equal(nested.compare(within=["industry"]), nested.compare(within="industry"))
        assert nested.compare(within=["industry", "region"]).empty
        with pytest.raises(ColumnError, match="within= names no column"):
            nested.compare(within=[])

    def test_ranks_and_the_best_are_among_those_of_one_kind(self, nested):
        ranks, first = nested.rank(within="region"), nested.best(within=["region"], top=1)
        for region in ("N", "S"):
            names = nested.levels.index[nested.levels["region"] == region]
            draws = nested.per_customer.sel(segment=list(names))
            alone = rank(draws)
            shown = ranks.loc[alone.index, alone.columns]
            pd.testing.assert_frame_equal(shown, alone, check_names=False)
            assert first.loc[names, "probability_best"].sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def unseen(book, pooled, spend):
    """Segments of a book, one of which the fit has not seen."""
    tree = xr.DataTree.from_dict(
        {"posterior": pooled.idata["posterior"].to_dataset().sel(industry=["Energy", "Retail"])}
    )
    said = {**json.loads(pooled.idata.attrs["pooling"]), "customers": {"industry": {"Energy": 2, "Retail": 2}}}
    tree.attrs = {**pooled.idata.attrs, "pooling": json.dumps(said)}
    streams = [lb.RepeatPurchases(lb.FittedPurchases(tree), spend)]
    return lb.lifetime_value(book, streams, horizon="1 year", random_seed=1).by("industry")


class TestUnseen:
    @pytest.mark.parametrize("question", ["compare", "rank", "best"])
    def test_segments_left_out_are_named(self, unseen, question):
        said = "mean rate is not known of 1 segment \\(Public\\): the fit has not seen it. Left out here."
        with pytest.warns(DataWarning, match=said):
            table = getattr(unseen, question)("mean_rate")
        assert table.attrs["left_out"] == ["Public"]

    def test_the_text_says_so_too(self, unseen):
        note = "note: mean rate, dropout mean are not known of 1 segment (Public): the fit has not seen it."
        assert repr(unseen).endswith(note)
        assert note in unseen._repr_html_()

    def test_of_values_nobody_is_left_out(self, unseen):
        assert "left_out" not in unseen.rank().attrs
        assert segments_left_out(unseen, "total") == []
