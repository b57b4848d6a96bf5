"""Fits held to the data: what is right passes, what is wrong is found and named."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.evaluation import check as checking
from ltv_bayes.formulas import bg_nbd

LAW = {"r": 1.2, "alpha": 10.0, "a": 1.0, "b": 3.0}
SPEND = {"p": 4.0, "q": 4.0, "v": 30.0}
CHURN = {"alpha": 1.0, "beta": 3.0}
SIZE, WEEKS = 3000, 52.0


def full(law, shape=(2, 500)):
    return {name: np.full(shape, value) for name, value in law.items()}


def book(seed, size=SIZE):
    """Customers with the parameters above."""
    rng = np.random.default_rng(seed)
    bought = bg_nbd.draw_purchases(rng, WEEKS, bg_nbd.outlook_of_new_customer(**full(LAW, (size,))))
    number, orders = bought.number, np.maximum(bought.number, 1)
    mean = rng.gamma(SPEND["p"] * orders) / orders * SPEND["v"] / rng.gamma(SPEND["q"], size=size)
    recency = bg_nbd.draw_last_purchase_time(rng, WEEKS, bought)
    table = pd.DataFrame({"customer_id": np.arange(size), "frequency": number, "recency": recency, "T": WEEKS})
    table["monetary_value"] = np.where(number > 0, mean, 0.0)
    return lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31", currency="EUR")


@pytest.fixture(scope="module")
def customers():
    return book(6)


@pytest.fixture(scope="module")
def purchases():
    return lb.FittedPurchases.from_draws(full(LAW), time_unit="week")


@pytest.fixture(scope="module")
def spend():
    return lb.FittedSpend.from_draws(full(SPEND), currency="EUR")


def changed(customers, **columns):
    table = customers.table[["frequency", "recency", "T", "monetary_value"]].assign(**columns)
    return lb.Customers.from_summary(table.reset_index(), time_unit="week", as_of="2025-12-31", currency="EUR")


def test_what_is_right_passes(customers, purchases, spend):
    found = lb.check(customers, purchases, spend, random_seed=1)
    assert found.passed, found
    assert found.table["holds"].all()
    assert (found.table["tail_probability"] > 0.01).all()
    assert set(found.table.index.get_level_values("model")) == {"bg_nbd", "gamma_gamma"}
    assert "The fits describe these data" in repr(found)


def test_false_alarms_are_rare(purchases, spend):
    """Two in a thousand quantities, so hardly more than two of three hundred."""
    tables = [lb.check(book(seed, 200), purchases, spend, random_seed=seed).table for seed in range(100, 130)]
    every = pd.concat(tables)
    assert len(every) == 300
    assert (~every["holds"]).sum() <= 4
    assert (every["tail_probability"] < 0.2).mean() == pytest.approx(0.2, abs=0.08)


def test_numbers_are_those_of_the_formula(customers, purchases):
    """The expected number without a repeat purchase, and the tail, by the binomial law."""
    found = lb.check(customers, purchases, random_seed=1, ci_prob=0.9).table.loc["bg_nbd"]
    row = found.loc["customers without a repeat purchase"]
    none = float(bg_nbd.probability_of_purchases(0, WEEKS, bg_nbd.outlook_of_new_customer(**LAW)))
    sd = np.sqrt(SIZE * none * (1 - none))
    assert row["observed"] == (customers.table["frequency"] == 0).sum()
    assert row["expected"] == pytest.approx(SIZE * none, abs=4 * sd * 1.25 / np.sqrt(1000))
    assert row["eti90_ub"] - row["eti90_lb"] == pytest.approx(2 * 1.645 * sd, rel=0.15)


def test_the_same_seed_gives_the_same_check(customers, purchases):
    one, other = (lb.check(customers, purchases, random_seed=3).table for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_those_who_never_come_back_are_found(customers, purchases):
    table = customers.table
    gone = np.arange(SIZE) % 4 == 0
    fewer = changed(
        customers, frequency=np.where(gone, 0, table["frequency"]), recency=np.where(gone, 0.0, table["recency"])
    )
    found = lb.check(fewer, purchases, random_seed=1)
    assert not found.table.loc[("bg_nbd", "customers without a repeat purchase"), "holds"]
    assert any("pool_by=" in one for one in found.findings)


def test_resellers_are_found(customers, purchases):
    table = customers.table
    heavy = (table["frequency"] > 0) & ((table["frequency"] > 0).cumsum() <= 20)
    more = changed(
        customers, frequency=np.where(heavy, 300, table["frequency"]), recency=np.where(heavy, 51.5, table["recency"])
    )
    found = lb.check(more, purchases, random_seed=1)
    assert any("1% who have most" in one and "resellers" in one for one in found.findings)


def test_silence_is_found(customers, purchases):
    early = changed(customers, recency=customers.table["recency"] * 0.7)
    assert any("mean silence" in one and "check_one_time" in one for one in lb.check(early, purchases).findings)


def test_spend_that_goes_with_frequency_is_found(customers, spend):
    frequency = customers.table["frequency"]
    related = changed(customers, monetary_value=customers.table["monetary_value"] * (1 + 0.15 * frequency))
    found = lb.check(related, spend, random_seed=1)
    assert not found.table.loc[("gamma_gamma", "rank correlation of frequency and mean order value"), "holds"]
    assert any("covariates=" in one for one in found.findings)


def test_little_is_not_off(customers, purchases):
    """With many customers everything is off by a little; nobody needs to act on 1%."""
    near = lb.FittedPurchases.from_draws(full({**LAW, "alpha": LAW["alpha"] * 1.01}, (1, 40)), time_unit="week")
    assert lb.check(customers, near, random_seed=1).passed


class TestRenewals:
    @staticmethod
    def book(cliff=0.0):
        """Subscribers observed for up to six renewals; with a cliff, as many of those left go at the fourth."""
        rng = np.random.default_rng(2)
        churn, observed = rng.beta(CHURN["alpha"], CHURN["beta"], SIZE), rng.integers(1, 7, SIZE)
        until = rng.geometric(churn)
        until = np.where((until > 4) & (rng.random(SIZE) < cliff), 4, until)
        table = pd.DataFrame(
            {"renewals": np.minimum(until - 1, observed), "lost": until <= observed, "subscriptions": 1}
        )
        return lb.Renewals(table.groupby(["renewals", "lost"], as_index=False).sum())

    def test_right_and_wrong(self):
        fit = lb.FittedRenewals.from_draws(full(CHURN))
        assert lb.check(self.book(), fit, random_seed=1).passed
        found = lb.check(self.book(cliff=0.3), fit, random_seed=1)
        assert list(found.table.index[~found.table["holds"]]) == [("shifted_beta_geometric", "lost at renewals 4 to 6")]
        assert any("change of price" in one for one in found.findings)


def test_events():
    rng = np.random.default_rng(3)
    number = rng.poisson(rng.gamma(0.8, 1 / 8.0, SIZE) * WEEKS)
    table = pd.DataFrame({"customer_id": np.arange(SIZE), "frequency": number, "recency": 0.0, "T": WEEKS})
    table["recency"] = np.where(number > 0, WEEKS / 2, 0.0)
    customers = lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31")
    fit = lb.FittedEvents.from_draws(full({"r": 0.8, "alpha": 8.0}), time_unit="week")
    assert lb.check(customers, fit, random_seed=1).passed
    wrong = lb.FittedEvents.from_draws(full({"r": 3.0, "alpha": 30.0}), time_unit="week")
    assert not lb.check(customers, wrong, random_seed=1).passed


def test_rhythm_is_told_where_orders_are_given(customers, purchases):
    days = pd.date_range("2019-01-15", "2024-03-15", freq="91D")
    ids = [f"C{k}" for k in range(30)]
    log = pd.DataFrame({"customer_id": np.repeat(ids, len(days)), "date": np.tile(days, 30), "amount": 10.0})
    orders = lb.read_transactions(log)
    own = lb.summarize(orders, time_unit="week", as_of="2024-06-01")
    found = lb.check(own, purchases, orders=orders, random_seed=1)
    assert found.regularity.regular
    assert any(one.startswith("Purchases come in rhythm") for one in found.findings)
    in_step, out_of_step = (
        lb.FittedPurchases.from_draws(full(LAW), time_unit="week", model="bg_cnbd", k=k) for k in (100, 2)
    )
    assert not any("come in rhythm" in one for one in lb.check(own, in_step, orders=orders, random_seed=1).findings)
    said = [one for one in lb.check(own, out_of_step, orders=orders, random_seed=1).findings if "fitted with" in one]
    assert said[0].startswith("bg_cnbd was fitted with k = 2. Purchases come in rhythm")
    assert "Fit BGCNBD(k=100)" in said[0]


def test_many_customers_are_a_sample(customers, purchases, monkeypatch):
    monkeypatch.setattr(checking, "MOST_CUSTOMERS", 200)
    found = lb.check(customers, purchases, random_seed=1).table
    assert 5 < found.loc[("bg_nbd", "customers without a repeat purchase"), "observed"] < 60


def test_a_fit_that_did_not_converge_says_so_first(customers, purchases):
    bad = lb.FittedPurchases(purchases.idata.copy())
    bad.idata.attrs["diagnostics"] = _unconverged()
    found = lb.check(customers, bad, random_seed=1)
    assert not found.passed
    assert "converge" in found.findings[0]


def _unconverged():
    from ltv_bayes.diagnostics import Diagnostics

    return Diagnostics("NUTS", 40.0, 250, 2, rhat=1.3, problems=("r-hat is 1.3, above 1.01.",)).to_json()


@pytest.mark.parametrize(
    ("data", "fits", "message"),
    [
        ("customers", [], "Pass the fits to be checked"),
        ("customers", ["renewals"], "FittedRenewals cannot be held to Customers"),
        ("customers", ["text"], "str cannot be held to Customers"),
    ],
)
def test_what_is_refused(customers, data, fits, message):
    known = {"renewals": lb.FittedRenewals.from_draws(full(CHURN)), "text": "bg_nbd"}
    with pytest.raises(InputError, match=message):
        lb.check(customers, *(known[name] for name in fits))
