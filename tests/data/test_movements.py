"""Movements of recurring revenue add up, and name what became of each customer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ltv_bayes as lb
from ltv_bayes.data.subscriptions.revenue.movements import MOVEMENTS
from ltv_bayes.errors import ColumnError, InputError
from tests.chance import allowed

CENT = 0.005
MONTHS = {"month": 1, "quarter": 3, "year": 12, "week": 7 * 12 / 365.25}


def read(rows, as_of="2024-12-31", **settings):
    columns = ["customer_id", "start", "cancelled_on", "price", "term", "industry"]
    frame = pd.DataFrame(rows, columns=columns[: len(rows[0])])
    given = {"period": "term"} if len(rows[0]) > 4 else {}
    return lb.summarize_renewals(frame, as_of=as_of, **{**given, **settings})


def random_records(seed, customers=40):
    """Contracts of all lengths, with changes of plan, pauses, free plans and tiny and huge prices."""
    rng, rows = np.random.default_rng(seed), []
    for customer in range(customers):
        day = pd.Timestamp("2022-01-31") + pd.Timedelta(days=int(rng.integers(0, 700)))
        for _ in range(rng.integers(1, 6)):
            end = day + pd.Timedelta(days=int(rng.choice([1, 27, 31, 180, 366])))
            price = rng.choice([0.0, 0.01, 9.99, 33.33, 1e7]) * rng.choice([1, 1.07])
            term = str(rng.choice(list(MONTHS)))
            rows.append((f"c{customer}", day, end, price, term, str(rng.choice(["North", "South"]))))
            day = end + pd.Timedelta(days=int(rng.choice([0, 1, 400])))
            if day > pd.Timestamp("2024-11-01"):
                break
        if rng.random() < 0.5:
            rows[-1] = (*rows[-1][:2], None, *rows[-1][3:])
    return rows


def by_hand(renewals, day):
    """What each customer pays a month on a day, one contract at a time."""
    found = dict.fromkeys(map(str, renewals.table.index), 0.0)
    for one in renewals.contracts.itertuples():
        if one.start <= day and not one.until <= day:
            found[str(renewals.table.index[one.relation])] += one.price / MONTHS[one.period]
    return pd.Series(found)


@pytest.mark.parametrize("every", ["month", "quarter", "year"])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_opening_and_movements_make_closing_to_the_cent(every, seed):
    renewals = read(random_records(seed))
    found = lb.subscription_movements(renewals, every=every)
    table = found.table
    assert (table["opening"] + table[list(MOVEMENTS)].sum(axis=1) - table["closing"]).abs().max() < CENT
    assert (table["opening"].to_numpy()[1:] == table["closing"].to_numpy()[:-1]).all()
    lasts = [pd.Period(name).end_time.normalize() for name in table.index]
    expected = [by_hand(renewals, day) for day in lasts]
    assert table["closing"].to_numpy() == pytest.approx([one.sum() for one in expected], rel=1e-12, abs=CENT)
    assert table["closing_customers"].tolist() == [(one > 0).sum() for one in expected]
    counts = table["opening_customers"] + table["new_customers"] + table["won_back_customers"]
    assert (counts - table["lost_customers"] == table["closing_customers"]).all()
    by = lb.subscription_movements(renewals, every=every, by="industry").table
    for name in ("opening", "closing"):
        assert by[name].groupby("period").sum().to_numpy() == pytest.approx(table[name].to_numpy(), abs=CENT)


def test_each_movement_is_named_by_what_the_customer_paid_before():
    renewals = read(
        [
            ("Ada", "2024-01-15", "2024-02-15", 10, "month"),
            ("Ada", "2024-02-15", None, 25, "month"),
            ("Bo", "2024-01-01", "2024-02-10", 30, "month"),
            ("Cleo", "2024-01-01", "2024-02-01", 8, "month"),
            ("Cleo", "2024-03-05", None, 9, "month"),
            ("Dan", "2024-03-01", None, 120, "year"),
            ("Eve", "2024-01-01", "2024-03-01", 50, "month"),
            ("Eve", "2024-03-01", None, 20, "month"),
            ("Free", "2024-01-01", "2024-03-01", 0, "month"),
            ("Free", "2024-03-01", None, 5, "month"),
        ],
        as_of="2024-04-10",
    )
    table = lb.subscription_movements(renewals).table
    assert list(table.index) == ["2024-01", "2024-02", "2024-03"]  # April is not over
    march = table.loc["2024-03"]
    assert march[["opening", *MOVEMENTS, "closing"]].tolist() == [105, 15, 9, 0, -30, -30, 69]
    assert march.filter(like="_customers").tolist() == [3, 2, 1, 1, 5]
    assert table.loc["2024-02", ["expansion", "lost"]].tolist() == [15, -8]


def test_a_second_product_is_expansion_and_its_end_contraction():
    rows = [("Ada", "2024-01-01", None, 10, "month", "cloud"), ("Ada", "2024-03-01", "2024-05-01", 4, "month", "wiki")]
    table = lb.subscription_movements(read(rows, as_of="2024-05-31", product="industry")).table
    assert table["expansion"].tolist() == [0, 0, 4, 0, 0]
    assert table["contraction"].tolist() == [0, 0, 0, 0, -4]
    apart = lb.subscription_movements(read(rows, as_of="2024-05-31", product="industry"), by="product").table
    assert apart.loc["wiki", "new"].tolist() == [0, 0, 4, 0, 0]


def test_retention_is_that_of_who_paid_a_year_before():
    rows = [("Ada", "2023-01-10", "2023-08-10", 10), ("Ada", "2023-08-10", None, 30)]
    rows += [("Bo", "2023-01-10", "2023-10-10", 20), ("Cleo", "2023-02-10", None, 7), ("Dan", "2023-01-01", None, 5)]
    found = lb.subscription_movements(read(rows, as_of="2024-01-31")).retention(random_seed=1)
    assert list(found.index) == ["2023-12", "2024-01"]
    january = found.loc["2024-01"]
    assert (january["customers"], january["opening"]) == (3, 35)
    assert january["net_retention"] == pytest.approx(35 / 35)
    assert january["gross_retention"] == pytest.approx(15 / 35)
    assert january["logo_retention"] == pytest.approx(2 / 3)
    assert np.isnan(found.loc["2023-12", "net_retention"])
    assert january["gross_retention_eti89_lb"] < 15 / 35 < january["gross_retention_eti89_ub"]


def test_cohorts_begin_at_one_and_are_as_old_as_they_have_got():
    rows = [(f"c{n}", "2024-01-10", None if n else "2024-02-10", 10) for n in range(4)]
    rows += [("new", "2024-03-10", None, 50)]
    found = lb.subscription_movements(read(rows, as_of="2024-04-30")).cohorts(random_seed=1)
    assert [*found.index] == [("2024-01", age) for age in range(4)] + [("2024-03", age) for age in range(2)]
    assert found["net_retention"].tolist() == [1.0, 0.75, 0.75, 0.75, 1.0, 1.0]
    first = found.xs(0, level="age")
    assert (first.filter(like="_lb") == 1).all(axis=None)
    assert (first.filter(like="_ub") == 1).all(axis=None)
    one_new = found.loc[("2024-03", 1)]
    assert one_new["net_retention_eti89_lb"] < 1  # others of this age left


@pytest.mark.parametrize("since", [None, "2024-03-01"])
def test_who_is_won_back_makes_no_new_cohort(since):
    """Ada began in January, and Di, by the week, was gone before January ended; both came back."""
    rows = [("Ada", "2024-01-05", "2024-02-01", 10, "month"), ("Ada", "2024-04-10", None, 10, "month")]
    rows += [("Bo", "2024-04-02", None, 5, "month"), ("Cy", "2024-01-01", None, 5, "month")]
    rows += [("Di", "2024-01-01", "2024-01-08", 5, "week"), ("Di", "2024-04-05", None, 5, "month")]
    found = lb.subscription_movements(read(rows, as_of="2024-05-31"), since=since)
    assert found.table.loc["2024-04", ["won_back_customers", "new_customers"]].tolist() == [2, 1]
    first = found.cohorts(random_seed=1).xs(0, level="age")["customers"].to_dict()
    assert first == {"2024-04": 1} | ({"2024-01": 2} if since is None else {})


def test_the_first_of_a_month_begins_it():
    renewals = read([("Ada", "2024-01-10", None, 10, "month")], as_of="2024-05-31")
    assert lb.subscription_movements(renewals, since="2024-03-01").periods == ("2024-03", "2024-04", "2024-05")
    assert lb.subscription_movements(renewals, since="2024-03-02").periods == ("2024-04", "2024-05")


def test_a_further_customer_paid_at_first_what_the_average_one_did():
    """Two who pay three times as much now, and one more who left: the shares are 3 b and b, with b ~ Beta(2, 1)."""
    from ltv_bayes.data.subscriptions.revenue.retained import LOGO, NET, RETAINED, Pairs, drawn_shares

    pairs = Pairs(np.full((2, 1), 10.0), np.full((2, 1), 30.0))
    drawn = drawn_shares(pairs, [np.zeros(1)], np.random.default_rng(1))[..., 0]
    net, logo = drawn[RETAINED.index(NET)], drawn[RETAINED.index(LOGO)]
    assert abs(net.mean() - 2) < allowed() * net.std() / np.sqrt(net.size)
    assert abs(logo.mean() - 2 / 3) < allowed() * logo.std() / np.sqrt(logo.size)


def test_intervals_hold_the_retention_of_all_such_customers():
    """Of 40 customers with unequal prices; a coverage within five standard errors of the nominal 90%."""
    from ltv_bayes.data.subscriptions.revenue.retained import Pairs, drawn_shares, factors_of

    rng, held, sets, size = np.random.default_rng(4), np.zeros(3), 400, 40
    for _ in range(sets):
        opening = rng.lognormal(0, 0.5, (size, 1))
        factor = (rng.random((size, 1)) < 0.8) * np.exp(rng.normal(0.05, 0.2, (size, 1)))
        pairs = Pairs(opening, opening * factor)
        low, high = np.quantile(drawn_shares(pairs, [factors_of(pairs)], rng)[..., 0], [0.05, 0.95], axis=1)
        truth = [0.8 * np.exp(0.05 + 0.02), 0.8 * TRUE_GROSS, 0.8]
        held += (low <= truth) & (truth <= high)
    assert (np.abs(held / sets - 0.9) < 5 * np.sqrt(0.09 / sets)).all(), held / sets


def _gross():
    normal = np.random.default_rng(1).normal(0.05, 0.2, 4_000_000)
    return np.minimum(np.exp(normal), 1).mean()


TRUE_GROSS = _gross()


def test_a_subset_keeps_the_contracts_of_its_rows():
    renewals = read(random_records(3))
    some = renewals.subset(renewals.table["industry"] == "North")
    found = lb.subscription_movements(some).table["closing"]
    whole = lb.subscription_movements(renewals, by="industry").table.loc["North", "closing"]
    assert found.to_numpy() == pytest.approx(whole.reindex(found.index).to_numpy())


def test_what_cannot_be_counted_is_refused_with_its_cure():
    rows = [("Ada", "2024-01-10", None, 10, "month", "North"), ("Bo", "2024-02-10", None, 10, "month", None)]
    renewals = read(rows)
    with pytest.raises(InputError, match=r"1 customer without industry \(id Bo\). Fill it in"):
        lb.subscription_movements(renewals, by="industry")
    with pytest.raises(ColumnError, match=r"no column 'industri' in the renewals. Did you mean 'industry'"):
        lb.subscription_movements(renewals, by="industri")
    with pytest.raises(InputError, match=r"by= names the column 'price' twice\. Name it once"):
        lb.subscription_movements(renewals, by=["price", "term", "price"])
    with pytest.raises(ColumnError, match="Read them with price="):
        lb.subscription_movements(read([row[:3] for row in rows], price=None))
    with pytest.raises(InputError, match="Make renewals from records"):
        lb.subscription_movements(lb.Renewals.from_cohort_table([10, 8]))
    with pytest.raises(InputError, match=r"every 'week' is unknown. Known names: month, quarter, year"):
        lb.subscription_movements(renewals, every="week")
    with pytest.raises(InputError, match="No whole year lies between 2024-01-10 and 2024-08-01"):
        lb.subscription_movements(read(rows, as_of="2024-08-01"), every="year")
    with pytest.raises(InputError, match="over='2 weeks' is no whole number of periods"):
        lb.subscription_movements(renewals).retention("2 weeks")
    with pytest.raises(InputError, match="Only 12 periods were observed, and over='3 years' needs 36"):
        lb.subscription_movements(renewals).retention("3 years")
    late = read(rows, records_since="2024-03-01")
    with pytest.raises(InputError, match="These records begin late"):
        lb.subscription_movements(late)
    since = lb.subscription_movements(late, since="2024-03-05")
    assert since.periods[0] == "2024-04"
    with pytest.raises(InputError, match="No customer began in one of these periods"):
        since.cohorts()
