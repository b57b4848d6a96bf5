"""Judgements chosen and put together: each keeps what belongs to it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, JudgementError
from ltv_bayes.judgement.valuing.adjustments import Adjustments


def read(*rows, **settings):
    frame = pd.DataFrame([{"probability": 0.5, "low": 50.0, "high": 200.0, **row} for row in rows])
    return lb.FutureValuePriors.from_judgements(frame, **settings)


def worth(book, judged):
    return lb.lifetime_value(book, future_value=judged, horizon="1 year", random_seed=1).total().to_numpy()


def adjusted(judged, log_odds, shape=(2, 50)):
    """Judgements with changes of their log-odds, one each."""
    drawn = np.broadcast_to(np.array(log_odds)[:, None, None], (len(judged), *shape))
    return replace(
        judged, adjustments=Adjustments(np.arange(len(judged)), drawn, 1 + 0 * drawn, 0 * drawn, 1 + 0 * drawn)
    )


BOTH = ({"customer_id": "A", "opportunity": "plant"}, {"customer_id": "E", "opportunity": "line"})
NEVER, SURELY = -30.0, 30.0


class TestSubset:
    def test_each_keeps_its_adjustment(self, book):
        judged = adjusted(read(*BOTH), [NEVER, SURELY])
        assert worth(book, judged.subset([False, True])).min() > 0
        assert worth(book, judged.subset([0])).max() == 0

    def test_parts_add_up_to_the_whole_draw_by_draw(self, book):
        judged = read(*BOTH)
        parts = [worth(book, judged.subset(judged.table["opportunity"] == name)) for name in ("plant", "line")]
        np.testing.assert_allclose(sum(parts), worth(book, judged))

    def test_a_table_of_another_length_is_refused(self):
        judged = adjusted(read(*BOTH), [NEVER, SURELY])
        with pytest.raises(JudgementError, match=r"adjustments of 2 judgements for a table of 1.*judged\.subset"):
            replace(judged, table=judged.table.iloc[1:])

    @pytest.mark.parametrize(
        ("kept", "message"),
        [([True], "1 marks for 2 judgements"), ([1, 7], r"not in the table of judgements \(row 7\)")],
    )
    def test_what_is_not_there_cannot_be_chosen(self, kept, message):
        with pytest.raises(JudgementError, match=message):
            read(*BOTH).subset(kept)


class TestCombine:
    def test_money_is_that_of_the_parts_draw_by_draw(self, book):
        first, second = read(BOTH[0], interval=0.5), read(BOTH[1], {"customer_id": "A", "opportunity": "hall"})
        together = lb.combine_judgements(first, second)
        np.testing.assert_allclose(worth(book, together), worth(book, first) + worth(book, second))
        assert together.table["interval"].tolist() == [0.5, 0.8, 0.8]
        assert together.table.index.tolist() == [0, 1, 2]

    def test_adjustments_go_with_their_judgements(self, book):
        third = read({"customer_id": "C", "opportunity": "hall", "probability": 1 - 1e-12})
        together = lb.combine_judgements(adjusted(read(BOTH[0]), [NEVER]), third, adjusted(read(BOTH[1]), [SURELY]))
        found = lb.lifetime_value(book, future_value=together, horizon="1 year", random_seed=1).draws
        assert (found > 0).mean(("chain", "draw")).sel(customer_id=["A", "C", "E"]).values.tolist() == [0, 1, 1]

    def test_a_scorecard_and_stated_opportunities_are_valued_together(self, book, spend):
        ratings = pd.DataFrame({"customer_id": ["A"], "growth": [4]})
        rated = lb.scorecard(ratings, spend=spend, customers=book, weights={"growth": 1})
        visible = lb.VisibleShare.known(0.5, within="6 months")
        stated = read(BOTH[1], relation="visible_share", visible=visible, shows_life=False)
        together = lb.combine_judgements(rated, stated)
        assert together.relations.tolist() == ["additional", "visible_share"]
        assert (together.visible, together.shows_life) == (visible, False)

    def test_ids_as_numbers_and_as_text_meet(self):
        first, second = read({"customer_id": 7}), read({"customer_id": "x", "opportunity": "plant"})
        assert lb.combine_judgements(first, second).table["customer_id"].tolist() == ["7", "x"]
        with pytest.raises(JudgementError, match=r"the same opportunity in several.*\(id 7\)"):
            lb.combine_judgements(
                read({"customer_id": 7, "opportunity": "a"}), read({"customer_id": "7", "opportunity": "a"})
            )

    def test_nameless_opportunities_of_one_client_in_two_sets_are_refused(self):
        with pytest.raises(JudgementError, match=r"a nameless one in each \(id A\)"):
            lb.combine_judgements(read({"customer_id": "A"}), read({"customer_id": "A", "probability": 0.1}))

    @pytest.mark.parametrize(
        ("settings", "others", "name"),
        [
            ({"shared": {"expert": 0.2}}, {}, "shared"),
            ({"shows_life": True}, {"shows_life": False}, "shows_life"),
            (
                {"visible": lb.VisibleShare.known(0.5, within="1 year")},
                {"visible": lb.VisibleShare.known(0.6, within="1 year")},
                "visible",
            ),
            (
                {"relation": "same_total", "opinion_weight": None},
                {"relation": "same_total", "opinion_weight": 0.4},
                "opinion_weight",
            ),
        ],
    )
    def test_settings_for_all_must_agree(self, settings, others, name):
        with pytest.raises(JudgementError, match=f"{name} counts for all judgements"):
            lb.combine_judgements(read(BOTH[0], **settings), read(BOTH[1], **others))

    def test_adjustments_of_other_lengths_are_refused(self):
        with pytest.raises(JudgementError, match=r"2 x 50, 4 x 50"):
            lb.combine_judgements(adjusted(read(BOTH[0]), [0.0]), adjusted(read(BOTH[1]), [0.0], (4, 50)))

    @pytest.mark.parametrize("nothing", [(), ([],)])
    def test_nothing_is_refused(self, nothing):
        with pytest.raises(InputError, match="no judgements to combine"):
            lb.combine_judgements(*nothing)
