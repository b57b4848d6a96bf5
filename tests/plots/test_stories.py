"""Pictures of what each model believes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from ltv_bayes.errors import InputError
from ltv_bayes.language import in_language
from ltv_bayes.plots.stories import MONTHS, TITLES, draw_story, stories_of

OF_PURCHASES = ("NBD", "BGNBD", "leave_at_once", "MBGNBD", "BGCNBD")
MANY = 400


@pytest.mark.parametrize("model", TITLES)
def test_a_picture_is_drawn_in_both_languages(model):
    english = draw_story(model)
    with in_language("zh"):
        chinese = draw_story(model)
    assert english.get_title(loc="left") != chinese.get_title(loc="left")
    texts = [text.get_text() for text in chinese.get_legend().get_texts()]
    assert len(texts) >= 2
    assert all(any(letter > "\u3000" for letter in text) for text in texts)
    plt.close("all")


def test_customers_leave_as_each_model_says():
    left = {model: np.array([story.left for story in stories_of(model, MANY)]) for model in OF_PURCHASES}
    assert np.isinf(left["NBD"]).all()
    assert 0 < np.isfinite(left["BGNBD"]).mean() < 1
    at_once = {model: float((moments == 0).mean()) for model, moments in left.items()}
    assert at_once["BGNBD"] == at_once["BGCNBD"] == at_once["NBD"] == 0
    assert 0.05 < at_once["MBGNBD"] < 0.3
    assert 0.25 < at_once["leave_at_once"] < 0.45


def test_nobody_buys_after_having_left_and_leaving_follows_a_purchase():
    for model in OF_PURCHASES:
        for story in stories_of(model, 50):
            assert story.purchases[0] == 0
            assert story.purchases.max() <= min(story.left, MONTHS)
            assert np.isinf(story.left) or story.purchases[-1] == story.left


def test_regular_purchases_are_more_regular():
    def unevenness(model):
        gaps = [np.diff(story.purchases) for story in stories_of(model, MANY) if story.purchases.size > 3]
        return np.mean([each.std() / each.mean() for each in gaps])

    assert unevenness("BGCNBD") < 0.7 * unevenness("BGNBD")


def test_no_picture_of_that_name():
    with pytest.raises(InputError, match="MBGNBD"):
        draw_story("MBGNDB")
