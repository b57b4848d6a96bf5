"""Fits held to the data: what is right passes, what is wrong is found and named."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError
from ltv_bayes.evaluation import check as checking
from ltv_bayes.evaluation import quantities
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.predictions.fitted import shape_of
from tests.chance import assert_mean

LAW = {"r": 1.2, "alpha": 10.0, "a": 1.0, "b": 3.0}
SPEND = {"p": 4.0, "q": 4.0, "v": 30.0}
CHURN = {"alpha": 1.0, "beta": 3.0}
SIZE, SUBSCRIBERS, WEEKS = 400, 3000, 52.0


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


def test_what_is_right_passes(purchases, spend):
    """One book in fifty does not; of five, hardly all."""
    checks = (lb.check(book(seed), purchases, spend, random_seed=seed) for seed in range(6, 11))
    found = next(one for one in checks if one.passed)
    assert found.table["holds"].all()
    assert (found.table["tail_probability"] > 0.001).all()
    assert set(found.table.index.get_level_values("model")) == {"bg_nbd", "gamma_gamma"}
    assert "The fits describe these data" in repr(found)


@pytest.mark.fits
def test_false_alarms_are_rare(purchases, spend):
    """Two in a thousand quantities: one book of 13 quantities in forty, more than five of twenty once in 10^5 runs."""
    tables = [lb.check(book(seed, 100), purchases, spend, random_seed=seed).table for seed in range(100, 120)]
    every = pd.concat(tables)
    assert len(every) == 260
    assert sum(not table["holds"].all() for table in tables) <= 5
    assert_mean([(table["tail_probability"] < 0.2).mean() for table in tables], 0.2)


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


@pytest.mark.fits
def test_orders_that_stand_for_customers_who_differ_are_found():
    """Five of forty customers order 300 times as much, and a fit takes customers as alike and orders as very uneven.

    It expects the quantiles that are seen, and small customers to order for thousands; within thirds by size, mean
    order values are far closer than it has them.
    """
    uneven = {
        "order_cv": lb.Prior("LogNormal", mu=np.log(3.4), sigma=0.2),
        "q_excess": lb.Prior("LogNormal", mu=1.4, sigma=0.3),
    }
    for seed in range(4):
        rng = np.random.default_rng(seed)
        giant = np.arange(40) < 5
        orders = np.where(giant, rng.integers(20, 61, 40), rng.integers(1, 3, 40))
        typical = np.where(giant, 300, 1) * 23.1 * np.exp(0.2 * rng.standard_normal(40))
        frame = {"frequency": orders, "recency": 52 * orders / (orders + 1), "T": 52.0}
        value = typical * rng.gamma(orders / 0.36) * 0.36 / orders
        book = lb.Customers.from_summary(
            pd.DataFrame({"customer_id": range(40), **frame, "monetary_value": value}), time_unit="week"
        )
        fit = lb.GammaGamma(priors=uneven).fit(book, random_seed=1, progressbar=False)
        with pytest.warns(DataWarning, match="counted in one unit"):
            expected = fit.expected_spend(book).median(("chain", "draw")).to_numpy()
        assert np.median(expected[~giant]) > 30 * np.median(typical[~giant])
        found = lb.check(book, fit, random_seed=1)
        holds = found.table.loc["gamma_gamma", "holds"]
        thirds = holds.index.str.startswith(quantities.SPREAD)
        assert thirds.sum() == 3
        assert not holds[thirds].any()
        assert not found.passed


def test_little_is_not_off(customers, purchases):
    """With many customers everything is off by a little; no action is needed on 1%."""
    near = lb.FittedPurchases.from_draws(full({**LAW, "alpha": LAW["alpha"] * 1.01}, (1, 40)), time_unit="week")
    assert lb.check(customers, near, random_seed=1).passed


class TestRenewals:
    @staticmethod
    def book(cliff=0.0):
        """Subscribers observed for up to six renewals; with a cliff, as many of those left go at the fourth."""
        rng = np.random.default_rng(2)
        churn, observed = rng.beta(CHURN["alpha"], CHURN["beta"], SUBSCRIBERS), rng.integers(1, 7, SUBSCRIBERS)
        until = rng.geometric(churn)
        until = np.where((until > 4) & (rng.random(SUBSCRIBERS) < cliff), 4, until)
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


def test_regularity_is_checked_where_orders_are_given(customers, purchases):
    days = pd.date_range("2019-01-15", "2024-03-15", freq="92D")
    ids = [f"C{k}" for k in range(30)]
    log = pd.DataFrame({"customer_id": np.repeat(ids, len(days)), "date": np.tile(days, 30), "amount": 10.0})
    orders = lb.read_transactions(log)
    own = lb.summarize(orders, time_unit="week", as_of="2024-06-01")
    found = lb.check(own, purchases, orders=orders, random_seed=1)
    assert found.regularity.regular
    assert any(one.startswith("bg_nbd: Purchases are regular") for one in found.findings)
    in_step, out_of_step = (
        lb.FittedPurchases.from_draws(full(LAW), time_unit="week", model="bg_cnbd", k=k) for k in (100, 2)
    )
    assert not any(
        "Purchases are regular" in one for one in lb.check(own, in_step, orders=orders, random_seed=1).findings
    )
    stated = [one for one in lb.check(own, out_of_step, orders=orders, random_seed=1).findings if "bg_cnbd" in one]
    assert stated[-1].startswith("bg_cnbd, k = 2: Purchases are regular")
    assert "Fit BGCNBD(k=100)" in stated[-1]


def test_many_customers_are_a_sample(customers, purchases, monkeypatch):
    monkeypatch.setattr(checking, "CHECKED_CUSTOMERS", 200)
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


class TestNames:
    """Each fit has a name of its own in the table, and in what is found."""

    @staticmethod
    def regular(k, **changes):
        law = {**LAW, "alpha": LAW["alpha"] / k, **changes}
        return lb.FittedPurchases.from_draws(full(law), time_unit="week", model="bg_cnbd", k=k)

    @staticmethod
    def names(found):
        assert found.table.index.is_unique
        return list(dict.fromkeys(found.table.index.get_level_values("model")))

    def test_k_tells_fits_apart(self, customers):
        found = lb.check(customers, self.regular(2), self.regular(4), random_seed=1)
        assert self.names(found) == ["bg_cnbd, k = 2", "bg_cnbd, k = 4"]
        assert {one.split(":")[0] for one in found.findings} <= set(self.names(found))

    def test_those_still_alike_are_numbered(self, customers, purchases):
        wrong = lb.FittedPurchases.from_draws(full({**LAW, "alpha": 30.0}), time_unit="week")
        found = lb.check(customers, purchases, wrong, random_seed=1)
        assert self.names(found) == ["bg_nbd (1)", "bg_nbd (2)"]
        assert found.findings
        assert all(one.startswith("bg_nbd (2): ") for one in found.findings)

    def test_pooled_ones_say_so(self, purchases, monkeypatch):
        pooled = lb.FittedPurchases.from_draws(full(LAW), time_unit="week")
        monkeypatch.setattr(checking, "pooling_of", lambda fit: "by size" if fit is pooled else None)
        assert checking._names([purchases, pooled]) == ["bg_nbd", "bg_nbd (pooled)"]
        assert checking._names([pooled]) == ["bg_nbd"]
        assert checking._names([pooled, purchases, pooled]) == ["bg_nbd (pooled) (1)", "bg_nbd", "bg_nbd (pooled) (2)"]


class TestRegularity:
    """What orders tell, and what they do not."""

    @staticmethod
    def log(ids, days=None):
        days = pd.date_range("2019-01-15", "2024-03-15", freq="92D") if days is None else pd.DatetimeIndex(days)
        frame = {"customer_id": np.repeat(ids, len(days)), "date": np.tile(days, len(ids)), "amount": 10.0}
        return lb.read_transactions(pd.DataFrame(frame))

    @staticmethod
    def ids(prefix="C", number=30):
        return [f"{prefix}{place}" for place in range(number)]

    def checked(self, orders, *fits):
        own = lb.summarize(self.log(self.ids()), time_unit="week", as_of="2024-06-01")
        return lb.check(own, *fits, orders=orders, random_seed=1)

    def test_too_few_days_are_a_remark(self, purchases):
        few = self.log(self.ids(), ["2023-01-01", "2023-06-01"])
        customers = lb.summarize(few, time_unit="week", as_of="2024-06-01")
        found = lb.check(customers, purchases, orders=few, random_seed=1)
        pd.testing.assert_frame_equal(found.table, lb.check(customers, purchases, random_seed=1).table)
        assert found.regularity is None
        assert found.remarks[0].startswith("How regular purchases are cannot be judged. No customer bought on three")
        assert "No customer bought on three days" in repr(found)
        assert not any("regular" in one and "judged" in one for one in found.findings)

    def test_remarks_are_no_findings(self, customers, spend):
        found = lb.check(customers, spend, orders=self.log(self.ids()), random_seed=1)
        assert found.passed
        assert found.regularity is None
        assert len(found.remarks) == 1
        assert found.remarks[0].startswith(
            "Whether order values grow cannot be judged: none of 30 customers in orders="
        )
        assert " ".join(repr(found).split()).endswith(found.remarks[0])

    def test_renewals_have_no_regularity(self):
        fit = lb.FittedRenewals.from_draws(full(CHURN))
        found = lb.check(TestRenewals.book(), fit, orders=self.log(self.ids()), random_seed=1)
        assert "not looked at" in found.remarks[0]

    def test_events_have(self):
        events = lb.FittedEvents.from_draws(full({"r": 0.8, "alpha": 8.0}), time_unit="week")
        found = self.checked(self.log(self.ids()), events)
        assert any(one.startswith("nbd: Events are regular: k =") for one in found.findings)
        assert not any("BGCNBD" in one for one in found.findings)

    def test_fits_of_which_the_same_is_true_are_told_together(self, purchases):
        other = lb.FittedPurchases.from_draws(full(LAW), time_unit="week", model="mbg_nbd")
        findings = self.checked(self.log(self.ids()), purchases, other).findings
        assert sum(one.startswith("bg_nbd and mbg_nbd: Purchases are regular") for one in findings) == 1

    def test_orders_of_others_do_not_count(self, purchases):
        rng = np.random.default_rng(5)
        days = pd.Timestamp("2019-01-01") + pd.to_timedelta(np.cumsum(rng.exponential(80, 20)).round(), unit="D")
        others, own = self.log(self.ids("D", 200), days).table, self.log(self.ids()).table
        both = lb.read_transactions(pd.concat([own, others])[["customer_id", "date", "amount"]])
        found = self.checked(both, purchases)
        assert found.regularity == self.checked(self.log(self.ids()), purchases).regularity
        assert found.remarks == (
            "Of 230 customers in orders=, 30 are among those that were checked; the others show nothing of them.",
        )

    def test_a_log_of_others_alone_tells_nothing(self, purchases):
        found = self.checked(self.log(self.ids("D")), purchases)
        assert found.regularity is None
        assert "none of 30 customers in orders= (ids D0, D1" in found.remarks[0]
        assert "ids written alike" in found.remarks[0]

    def test_a_frame_is_no_log(self, customers, spend):
        with pytest.raises(InputError, match="not of a DataFrame"):
            lb.check(customers, spend, orders=customers.table)


CURES = [
    ("bg_nbd", 1, "BGNBD(leave_at_once=True) or MBGNBD()"),
    ("bg_cnbd", 3, "BGCNBD(k=3, leave_at_once=True) or MBGCNBD(k=3)"),
]


class TestCures:
    """What is to be done depends on the model."""

    @staticmethod
    def cures(customers, model, k=1):
        stated = {} if k == 1 else {"k": k}
        law = {**LAW, "alpha": LAW["alpha"] / k} | ({"first_dropout": 0.2} if model.endswith("at_once") else {})
        fit = lb.FittedPurchases.from_draws(full(law, (1, 50)), time_unit="week", model=model, **stated)
        return {one.name.split(",")[0]: one.cure for one in quantities.of_purchases(fit, customers, 1)}

    @pytest.mark.parametrize(("model", "k", "cure"), CURES)
    def test_too_many_without_a_repeat_purchase_may_have_left_at_once(self, customers, model, k, cure):
        without = "customers without a repeat purchase"
        gone = changed(customers, frequency=0, recency=0.0)
        stated = self.cures(gone, model, k)[without]
        assert stated.startswith("Some may have left right after the first purchase")
        assert f"fit {cure}. Or customers differ in other ways" in stated
        back = changed(customers, frequency=3, recency=50.0, monetary_value=20.0)
        assert self.cures(back, model, k)[without].startswith("Customers differ in other ways")

    @pytest.mark.parametrize(("model", "k"), [("mbg_nbd", 1), ("mbg_cnbd", 3), ("bg_nbd_at_once", 1)])
    def test_models_that_know_of_it_are_not_named(self, customers, model, k):
        gone = changed(customers, frequency=0, recency=0.0)
        stated = self.cures(gone, model, k)["customers without a repeat purchase"]
        assert stated.startswith("Customers differ in other ways")

    @pytest.mark.parametrize(
        ("model", "k", "end"),
        [
            (
                "bg_nbd",
                1,
                "(orders), and see check_one_time(customers) for those who leave right after the first purchase.",
            ),
            (
                "mbg_nbd",
                1,
                "(orders), and see check_one_time(customers) for those who leave right after the first purchase.",
            ),
            (
                "bg_cnbd",
                3,
                "(orders), and fit BGCNBD(k=3, leave_at_once=True) or MBGCNBD(k=3) for those who leave right after the "
                "first purchase.",
            ),
            ("mbg_cnbd", 3, "see check_regularity(orders)."),
        ],
    )
    def test_silence(self, customers, model, k, end):
        assert self.cures(customers, model, k)["mean silence of repeat customers"].endswith(end)


class TestTails:
    """How far out is off."""

    @staticmethod
    def row(made_up, observed):
        return checking._row("m", quantities.Quantity("q", observed, np.asarray(made_up, dtype=float), ""), 0.9, "eti")

    @pytest.mark.parametrize(("number", "beyond", "holds"), [(1000, 0, False), (1000, 1, True), (999, 0, False)])
    def test_none_of_a_thousand(self, number, beyond, holds):
        row = self.row(np.r_[np.linspace(1, 2, number - beyond), np.full(beyond, 90.0)], 80.0)
        assert row["tail_probability"] == pytest.approx(2 * (beyond + 1) / (number + 1))
        assert row["holds"] == holds

    def test_few_draws_raise_no_alarm(self):
        row = self.row(np.linspace(1, 2, 100), 80.0)
        assert row["tail_probability"] == pytest.approx(2 / 101)
        assert row["holds"]

    def test_the_middle_is_no_more_than_certain(self):
        assert self.row(np.ones(50), 1.0)["tail_probability"] == 1.0

    @pytest.mark.parametrize(("observed", "holds"), [(104.0, True), (106.0, False), (96.0, True), (94.0, False)])
    def test_little_is_not_off_however_rare(self, observed, holds):
        row = self.row(np.linspace(99.9, 100.1, 1001), observed)
        assert row["tail_probability"] == pytest.approx(2 / 1002)
        assert row["holds"] == holds

    @pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 30), (3, 400), (6, 166), (4, 250), (7, 1000)])
    def test_every_fit_makes_up_enough(self, shape):
        fit = checking._with_enough_draws(lb.FittedPurchases.from_draws(full(LAW, shape), time_unit="week"))
        assert 1000 <= np.prod(shape_of(fit)) < 2 * 1000
        assert shape_of(fit)[0] == shape[0]

    def test_few_draws_find_what_is_wrong(self, customers):
        wrong = lb.FittedPurchases.from_draws(full({**LAW, "alpha": 20.0}, (1, 20)), time_unit="week")
        table = lb.check(customers, wrong, random_seed=1).table
        assert not table.loc[("bg_nbd", "repeat purchases of all"), "holds"]
        low, high = table.filter(regex="_(lb|ub)$").loc[("bg_nbd", "repeat purchases of all")]
        assert high - low > 50  # each draw made up several books that differ


def test_events_have_an_article_of_their_own(customers):
    fit = lb.FittedEvents.from_draws(full({"r": 0.8, "alpha": 8.0}), time_unit="week")
    assert ("nbd", "customers without an event") in lb.check(customers, fit, random_seed=1).table.index


def test_a_book_without_spenders(customers, spend):
    none = changed(customers, frequency=0, recency=0.0, monetary_value=0.0)
    with pytest.raises(InputError, match=f"gamma_gamma cannot be checked: none of {SIZE} customers has a repeat order"):
        lb.check(none, spend)


class TestGrowthOfOrderValues:
    """Order values that grow: said with the rate, and with what it does to next year's orders."""

    @staticmethod
    def log(rate, seed=1, customers=200, years=6, first=1.0):
        """Orders at random days, each customer with a mean of their own; the last day is 2024-12-31."""
        rng = np.random.default_rng(seed)
        number = 1 + rng.poisson(2.0 * years, customers)
        owner = np.repeat(np.arange(customers), number)
        days = rng.uniform(0, 365.25 * years, owner.size).astype(int)
        level = rng.gamma(4.0, 30.0, customers)[owner]
        amount = level * rng.gamma(5.0, 1 / 5.0, owner.size) * (1 + rate) ** (-days / 365.25)
        frame = pd.DataFrame({"customer_id": owner, "date": pd.Timestamp("2024-12-31") - pd.to_timedelta(days, "D")})
        return lb.read_transactions(frame.assign(amount=amount))

    def found(self, orders, spend, as_of="2024-12-31"):
        customers = lb.summarize(orders, time_unit="week", as_of=as_of)
        return lb.check(customers, spend, orders=orders, random_seed=1)

    @pytest.mark.parametrize("rate", [0.15, 0.05, -0.1])
    def test_rate_and_size_are_those_of_the_orders_made(self, rate):
        spend = lb.FittedSpend.from_draws(full(SPEND))
        orders = self.log(rate)
        found = self.found(orders, spend)
        row = found.table.loc[("gamma_gamma", quantities.GROWTH)]
        ages = (pd.Timestamp("2024-12-31") - orders.table["date"]).dt.days / 365.25
        true = (1 + rate) ** 0.5 / np.mean((1 + rate) ** -ages)
        assert row["observed"] == pytest.approx(true, rel=0.06)
        assert not row["holds"]
        sentence = next(one for one in found.findings if quantities.GROWTH in one)
        assert f"{'grow' if rate > 0 else 'fall'} by" in sentence
        percent = float(sentence.split(" by ")[1].split("%")[0])
        assert percent == pytest.approx(100 * abs(rate), abs=1.6)
        assert f"about {abs(row['observed'] - 1):.0%} {'above' if rate > 0 else 'below'} its forecast" in sentence
        assert "price level" in sentence

    def test_growth_that_the_fit_has_is_no_finding(self):
        orders = self.log(0.15)
        for growth, holds in ((0.15, True), (0.0, False)):
            spend = lb.FittedSpend.from_draws(full(SPEND), prices=json.dumps({"growth": growth}))
            assert self.found(orders, spend).table.loc[("gamma_gamma", quantities.GROWTH), "holds"] == holds

    @pytest.mark.parametrize("seed", range(5))
    def test_no_growth_is_none_also_where_larger_customers_are_won_later(self, seed):
        orders = self.log(0.0, seed=seed)
        table = orders.table.copy()
        late = table["customer_id"] >= 100
        table = table[~late | (table["date"] > "2022-01-01")]
        table.loc[late, "amount"] *= 20
        spend = lb.FittedSpend.from_draws(full(SPEND))
        found = self.found(lb.read_transactions(table[["customer_id", "date", "amount"]]), spend)
        assert found.table.loc[("gamma_gamma", quantities.GROWTH), "holds"]

    def test_a_false_alarm_is_rare(self):
        tails = [next(iter(quantities.of_growth(self.log(0.0, seed=seed, customers=40), 1))) for seed in range(36)]
        low = [np.mean(one.replicated <= one.observed) for one in tails]
        assert 0.3 < np.mean(low) < 0.7
        assert sum(min(share, 1 - share) < 0.005 for share in low) <= 3

    def test_orders_after_the_as_of_date_do_not_count(self):
        orders = self.log(0.0)
        table = orders.table.copy()
        table.loc[table["date"] > "2023-12-31", "amount"] *= 5
        later = lb.read_transactions(table[["customer_id", "date", "amount"]])
        spend = lb.FittedSpend.from_draws(full(SPEND))
        assert self.found(later, spend, "2023-12-31").table.loc[("gamma_gamma", quantities.GROWTH), "holds"]

    def test_too_few_customers_are_a_remark(self):
        spend = lb.FittedSpend.from_draws(full(SPEND))
        found = self.found(self.log(0.15, customers=9), spend)
        assert quantities.GROWTH not in found.table.index.get_level_values("quantity")
        assert found.remarks[0].startswith("Whether order values grow cannot be judged: fewer than 10 customers")
