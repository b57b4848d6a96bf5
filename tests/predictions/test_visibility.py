"""Which share of the purchases to come stands in the pipeline."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import InputError

ORDERS = pd.DataFrame(
    {
        "customer_id": ["Ada", "Ada", "Ada", "Bo", "Bo", "Cleo", "Cleo", "Dan"],
        "date": pd.to_datetime(
            [
                "2024-01-10",
                "2024-08-01",
                "2024-11-01",
                "2024-02-01",
                "2024-09-15",
                "2024-03-01",
                "2025-06-01",
                "2024-08-20",
            ]
        ),
        "amount": 100.0,
    }
)
SNAPSHOTS = pd.DataFrame(
    {
        "customer_id": ["Ada", "Bo", "Cleo", "Ada", "Zoe"],
        "seen_on": pd.to_datetime(["2024-06-30", "2024-06-30", "2024-06-30", "2025-03-31", "2024-06-30"]),
        "closed_on": pd.to_datetime(["2024-08-01", None, None, None, None]),
    }
)


def test_orders_after_a_snapshot_are_seen_or_not():
    """Of three repeat orders in the six months after June 2024 one was listed; Dan's is his first, and not foreseen.

    The snapshot of March 2025 has no six months after it.
    """
    share = lb.VisibleShare.from_snapshots(SNAPSHOTS, lb.read_transactions(ORDERS), within="6 months")
    assert (share.a, share.b) == (2, 3)
    assert repr(share) == "40% (1 of 3) of the purchases within 6 months stand in the pipeline"


def test_draws_have_the_posterior_of_counts():
    draws = lb.VisibleShare.from_counts(18, of=30, within="1 year").draws((4, 1000), 1)
    assert stats.kstest(draws, stats.beta(19, 13).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(lb.VisibleShare.known(0.4, within="1 year").draws((2, 3), 1), np.full(6, 0.4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"closed_on": pd.to_datetime(["2024-05-01"] + [None] * 4)}, r"won on or before .*\(row 0\)"),
        ({"closed_on": pd.to_datetime(["2024-08-02"] + [None] * 4)}, r"a day without an order .*\(row 0\)"),
        ({"seen_on": "2025-05-30", "closed_on": None}, "Give older snapshots"),
    ],
)
def test_snapshots_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        lb.VisibleShare.from_snapshots(SNAPSHOTS.assign(**changes), lb.read_transactions(ORDERS), within="6 months")


@pytest.mark.parametrize(("seen", "of"), [(5, 3), (-1, 3), (1.5, 3), (0, 0)])
def test_counts_that_cannot_be_are_refused(seen, of):
    with pytest.raises(InputError, match="seen"):
        lb.VisibleShare.from_counts(seen, of=of, within="6 months")
