"""Tiers against brute force, closed forms and the sums that they must have."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.value.decisions import tiers
from ltv_bayes.value.decisions.tiers import shares_of_tiers


@pytest.fixture(scope="module")
def ltv(book, purchases, spend):
    return lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", random_seed=1)


class TestOneDraw:
    def test_distinct_amounts_go_to_their_places(self):
        money = np.random.default_rng(1).permutation(100.0 * np.arange(10))
        found = shares_of_tiers(money, np.array([0.2, 0.5, 1.0]))
        places = (-money).argsort().argsort()
        np.testing.assert_allclose(found, np.column_stack([places < 2, (places >= 2) & (places < 5), places >= 5]))

    @pytest.mark.parametrize("bounds", [[0.2, 0.5, 1.0], [1 / 3, 1.0], [1.0]])
    @pytest.mark.parametrize("number", [1, 7, 100])
    def test_sums(self, bounds, number):
        """Every customer is somewhere, and every tier has its share, ties and fractions of a customer included."""
        money = np.random.default_rng(number).poisson(1.0, number).astype(float)
        found = shares_of_tiers(money, np.array(bounds))
        np.testing.assert_allclose(found.sum(axis=1), 1)
        np.testing.assert_allclose(found.sum(axis=0), np.diff(bounds, prepend=0) * number)

    def test_ties_are_what_a_random_order_gives_on_average(self):
        rng = np.random.default_rng(2)
        money = np.array([3.0, 1.0, 1.0, 1.0, 0.0])
        times, counts = 20_000, np.zeros((5, 2))
        for _ in range(times):
            order = np.lexsort((rng.random(5), -money))
            counts[order[:2], 0] += 1
            counts[order[2:], 1] += 1
        np.testing.assert_allclose(shares_of_tiers(money, np.array([0.4, 1.0])), counts / times, atol=0.015)


class TestTable:
    def test_matches_ranks_within_draws(self, ltv):
        table = ltv.tiers((0.5, 0.5), names=["A", "B"])
        frame = pd.DataFrame(ltv.draws.to_numpy().reshape(-1, 6), columns=list("ABCDEF"))
        ranks = frame.rank(axis=1, ascending=False, method="first")
        untied = frame[frame.gt(0).sum(axis=1) >= 3].index
        top = (ranks.loc[untied] <= 3).mean()
        shares = sum(shares_of_tiers(row, np.array([0.5, 1.0]))[:, 0] for row in frame.loc[untied].to_numpy())
        np.testing.assert_allclose(shares / len(untied), top)
        assert table["probability_A"].sum() == pytest.approx(3)
        np.testing.assert_allclose(table["probability_A"] + table["probability_B"], 1)
        assert (table["tier"] == np.where(table["probability_A"] >= 0.5, "A", "B")).all()

    def test_best_first_with_names_by_place(self, ltv):
        table = ltv.tiers()
        assert list(table) == [
            "mean",
            "probability_top 20%",
            "probability_20-50%",
            "probability_50-100%",
            "tier",
        ]
        assert table.index[0] == "E"
        assert table["tier"].cat.categories.tolist() == ["top 20%", "20-50%", "50-100%"]
        np.testing.assert_allclose(table["mean"].sort_index(), ltv.summary()["mean"])

    def test_draws_that_do_not_fit_are_thinned(self, ltv, monkeypatch):
        whole = ltv.tiers()
        monkeypatch.setattr(tiers, "RANKED_BYTES", 8 * 6 * 250)
        fewer = ltv.tiers()
        assert (whole.attrs["draws"], fewer.attrs["draws"]) == (1000, 250)
        name = "probability_top 20%"
        np.testing.assert_allclose(fewer[name].reindex(whole.index), whole[name], atol=4 * 0.5 / np.sqrt(250))

    def test_too_many_customers_are_refused_with_the_cure(self, ltv, monkeypatch):
        monkeypatch.setattr(tiers, "RANKED_BYTES", 8 * 6 * 99)
        with pytest.raises(InputError, match=r"6 customers.*customers\.subset"):
            ltv.tiers()

    def test_kept_or_not_is_the_same(self, ltv, book, purchases, spend):
        settings = {"horizon": "1 year", "random_seed": 1, "keep_draws": False}
        again = lb.lifetime_value(book, [lb.RepeatPurchases(purchases, spend)], **settings)
        pd.testing.assert_frame_equal(again.tiers(), ltv.tiers())

    @pytest.mark.parametrize("shares", [(0.2, 0.3), (), (1.2, -0.2), ("a",)])
    def test_impossible_shares_are_refused(self, ltv, shares):
        with pytest.raises(UnitError):
            ltv.tiers(shares)

    @pytest.mark.parametrize("names", ["ABC", ["A", "B"], ["A", "B", "A"]])
    def test_names_must_fit(self, ltv, names):
        with pytest.raises(InputError, match="3 tiers"):
            ltv.tiers(names=names)

    def test_is_written_to_a_file(self, ltv, tmp_path):
        back = lb.read_table(lb.write_table(ltv.tiers(), tmp_path / "tiers.xlsx"))
        assert back["tier"].tolist() == ltv.tiers()["tier"].tolist()
