"""Which share of the purchases to come stands in the pipeline."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from tests.chance import FALSE_ALARM

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


def test_orders_of_clients_who_came_after_the_snapshot_do_not_count():
    """No model of that day forecasts A's and Z's second orders; B's was forecast, and C ordered on the day itself."""
    days = {"A": ["2024-01-10", "2024-03-01"], "Z": ["2024-01-12", "2024-04-03"], "B": ["2023-06-01", "2024-03-01"]}
    days |= {"C": ["2024-01-01", "2024-05-01"], "D": ["2023-01-01", "2024-09-01"]}
    rows = [(customer, day, 100.0) for customer, both in days.items() for day in both]
    orders = lb.read_transactions(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]))
    snapshots = pd.DataFrame({"customer_id": ["A", "B"], "seen_on": "2024-01-01", "closed_on": "2024-03-01"})
    share = lb.VisibleShare.from_snapshots(snapshots, orders, within="6 months")
    assert (share.a, share.b) == (2, 2)


@pytest.mark.parametrize(
    ("day", "counts"), [("2024-01-01", 0), ("2024-01-02", 1), ("2024-01-31", 1), ("2024-02-01", 0)]
)
def test_orders_count_from_the_day_after_a_snapshot_to_the_last_day_of_its_time(day, counts):
    """Thirty days after New Year's Day end on 31 January; another customer's order in them is in the pipeline."""
    rows = [("A", "2023-01-01"), ("A", "2024-01-15"), ("B", "2023-01-01"), ("B", day), ("C", "2024-06-01")]
    orders = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=100.0)
    snapshots = pd.DataFrame({"customer_id": ["A"], "seen_on": "2024-01-01", "closed_on": "2024-01-15"})
    share = lb.VisibleShare.from_snapshots(snapshots, lb.read_transactions(orders), within="30 days")
    assert (share.a, share.b) == (2, 1 + counts)


def test_days_of_snapshots_may_be_written_in_a_format_of_their_own():
    written = SNAPSHOTS.assign(
        **{name: SNAPSHOTS[name].dt.strftime("%d.%m.%Y") for name in ("seen_on", "closed_on")},
    )
    orders, settings = lb.read_transactions(ORDERS), {"within": "6 months", "date_format": "%d.%m.%Y"}
    found = lb.VisibleShare.from_snapshots(written, orders, **settings)
    assert found == lb.VisibleShare.from_snapshots(SNAPSHOTS, orders, within="6 months")


def test_draws_have_the_posterior_of_counts():
    draws = lb.VisibleShare.from_counts(18, of=30, within="1 year").draws((4, 1000), 1)
    assert stats.kstest(draws, stats.beta(19, 13).cdf).pvalue > FALSE_ALARM
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


@pytest.fixture(scope="module")
def orders():
    """When each of many orders was made, and how many days before it stood in the pipeline."""
    rng = np.random.default_rng(5)
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(1, 1460, 400), "D")
    made = pd.DataFrame({"customer_id": rng.integers(0, 60, 400), "date": days, "amount": 1.0}).drop_duplicates()
    firsts = pd.DataFrame({"customer_id": range(60), "date": pd.Timestamp("2021-12-31"), "amount": 1.0})
    return pd.concat([firsts, made.assign(known_for=rng.uniform(0, 365, len(made)))], ignore_index=True)


class TestOverlappingSnapshots:
    """A pipeline looked at weekly and half a year ahead: the later a purchase, the less likely it is in it already."""

    WITHIN = pd.Timedelta(days=182.625)

    def learn(self, orders, every):
        seen = []
        for day in pd.date_range("2022-03-01", "2025-06-01", freq=f"{every}D"):
            ahead = (orders["date"] - day).dt.days
            shown = orders[(ahead > 0) & (ahead <= orders["known_for"])]
            seen.append(pd.DataFrame({"customer_id": shown["customer_id"], "seen_on": day, "closed_on": shown["date"]}))
        snapshots = pd.concat(seen, ignore_index=True)
        return lb.VisibleShare.from_snapshots(snapshots, lb.read_transactions(orders), within="6 months")

    def test_an_order_is_evidence_once(self, orders):
        weekly, halves = self.learn(orders, 7), self.learn(orders, 183)
        assert weekly.a + weekly.b - 2 <= orders["known_for"].notna().sum()
        assert weekly.a + weekly.b == pytest.approx(halves.a + halves.b, rel=0.15)

    def test_the_share_is_that_of_all_leads(self, orders):
        """An order d days ahead is seen with chance 1 - d / 365: with three quarters on average over half a year."""
        assert self.learn(orders, 7).share == pytest.approx(1 - self.WITHIN.days / 2 / 365, abs=0.04)
