"""Closed judgements: what is read, and what is refused with rows and cure."""

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.errors import ColumnError, InputError, JudgementError
from ltv_bayes.judgement.history import closed_judgements, read_history


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probability": 60}, "probability outside 0 to 1.*row 1.*Write 60% as 0.6"),
        ({"probability": None}, "without a number in 'probability'"),
        ({"low": 300.0}, "low above high.*row 1"),
        ({"likely": 500.0}, "likely outside low to high"),
        ({"amount": None}, "won without an amount.*row 1.*Fill in what it brought"),
        ({"amount": 0}, "won with an amount of 0 or less"),
        ({"amount": "much"}, "without a number in 'amount'"),
        ({"won": 0}, "lost, but with an amount.*row 1.*Leave the amount blank"),
        (
            {"won": "perhaps"},
            r"something else than yes or no in 'won' \('perhaps'\).*row 1.*leave out what is still open",
        ),
        ({"won": None}, "something else than yes or no"),
        ({"low": 100.0, "high": 100.0}, "low equal to high.*row 1"),
        ({"expert": " "}, "without 'expert'.*Say who judged"),
        ({"expert": None}, "without 'expert'"),
    ],
)
def test_a_contradiction_names_its_row(closed, changes, message):
    with pytest.raises(JudgementError, match=message) as caught:
        read_history(pd.DataFrame([closed(likely=None), closed(**{"likely": None, **changes})]), "expert")
    assert caught.value.rows == (1,)


@pytest.mark.parametrize(
    "words", [(1, 0), (True, False), ("yes", "No"), ("TRUE", "false"), ("是", "否"), ("won", "lost"), (1.0, 0.0)]
)
def test_outcomes_in_any_usual_words(closed, words):
    rows = [closed(won=words[0]), closed(won=words[1], amount=None)]
    assert read_history(pd.DataFrame(rows), "expert")["won"].tolist() == [True, False]


def test_a_lost_case_may_have_an_amount_of_zero(closed):
    table = read_history(pd.DataFrame([closed(), closed(won=0, amount=0)]), "expert")
    assert table["amount"].isna().tolist() == [False, True]


def test_missing_column_and_empty_table(closed):
    with pytest.raises(ColumnError, match=r"no column 'team'.*by="):
        read_history(pd.DataFrame([closed()]), "team")
    with pytest.raises(ColumnError, match="no column 'won'"):
        read_history(pd.DataFrame([closed()]).drop(columns="won"), "expert")
    with pytest.raises(InputError, match="no rows"):
        read_history(pd.DataFrame([closed()]).iloc[:0], "expert")


def test_from_a_csv_file_in_ten_thousands(closed, tmp_path):
    pd.DataFrame([closed(probability="60%", won="是")]).to_csv(tmp_path / "closed.csv", index=False)
    row = read_history(tmp_path / "closed.csv", "expert", "万元").iloc[0]
    assert (row["probability"], row["low"], row["amount"]) == (0.6, 500_000, 1_200_000)


def test_errors_are_logarithms_of_amount_over_stated_median(closed):
    rows = [closed(expert="B"), closed(expert="A", likely=80.0, amount=160.0), closed(expert="A", won=0, amount=None)]
    found = closed_judgements(read_history(pd.DataFrame(rows), "expert"), 0.8)
    assert found.names == ("A", "B")
    assert found.who.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.log_error, [np.log(1.2), np.log(2), np.nan])
    z = 1.2815515655446004
    np.testing.assert_allclose(found.below[:2], [np.log(2) / z, np.log(80 / 50) / z])
    np.testing.assert_allclose(found.above[:2], [np.log(2) / z, np.log(200 / 80) / z])
