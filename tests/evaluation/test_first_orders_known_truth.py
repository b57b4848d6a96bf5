"""Whether first orders help to know what customers spend: simulated companies, and CDNOW's later orders."""

import warnings

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesWarning

pytestmark = pytest.mark.study

CUSTOMERS, COMPANIES = 300, 8
RATIOS = (1.0, 0.9, 0.8, 0.5)
SETTINGS = {"repeats alone": False, "first too": True, "auto": "auto"}


def company(ratio, number):
    """Log-normal orders about a log-normal mean of each customer, most of whom bought once; and these means."""
    rng = np.random.default_rng([int(10 * ratio), number])
    mean = np.exp(rng.normal(4.0, rng.uniform(0.5, 1.0), CUSTOMERS))
    sd = rng.uniform(0.3, 0.7)
    repeats = rng.negative_binomial(0.5, 0.35, CUSTOMERS)
    owner = np.repeat(np.arange(CUSTOMERS), repeats)
    values = mean[owner] * np.exp(rng.normal(-(sd**2) / 2, sd, owner.size))
    table = pd.DataFrame({"frequency": repeats, "recency": np.where(repeats > 0, 40.0, 0.0), "T": 52.0})
    table["monetary_value"] = np.bincount(owner, values, CUSTOMERS) / np.where(repeats > 0, repeats, np.nan)
    table["first_value"] = ratio * mean * np.exp(rng.normal(-(sd**2) / 2, sd, CUSTOMERS))
    return lb.Customers.from_summary(table.rename_axis("customer_id"), time_unit="week"), mean


def expected(setting, customers):
    """Each customer's expected order by a fit with this setting, and whether it took first orders in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LtvBayesWarning)
        model = lb.GammaGamma(first_order=setting, price_growth=None)
        fit = model.fit(customers, random_seed=1, progressbar=False)
    return fit.expected_spend(customers).mean(("chain", "draw")).to_numpy(), fit.idata.attrs.get("first_order", 0)


def errors(said, truth, once, weight=1.0):
    """Root mean square of the logarithm of what is said over the truth, and the ratio of sums, by kind of customer."""
    found = {}
    for name, some in {"one-time": once, "others": ~once}.items():
        found[f"error of {name}"] = np.sqrt(np.mean(np.log(said[some] / truth[some]) ** 2))
        found[f"sum of {name} / truth"] = (weight * said)[some].sum() / (weight * truth)[some].sum()
    return found


@pytest.fixture(scope="module")
def table():
    rows = []
    for ratio in RATIOS:
        for number in range(COMPANIES):
            customers, mean = company(ratio, number)
            once = customers.table["frequency"].to_numpy() == 0
            for name, setting in SETTINGS.items():
                said, taken = expected(setting, customers)
                rows.append({"ratio": ratio, "setting": name, "taken": taken, **errors(said, mean, once)})
    found = pd.DataFrame(rows).groupby(["ratio", "setting"], sort=False).mean()
    print(found.round(3).to_string())
    return found


@pytest.fixture(scope="module")
def cdnow():
    """Customers who bought in the 39 weeks after, and what they spent per order then."""
    orders = lb.samples.cdnow_orders()
    customers = lb.summarize(orders, time_unit="week", as_of="1997-09-30")
    days = orders.table[orders.table["date"] > "1997-09-30"].groupby(["customer_id", "date"])["amount"].sum()
    later = days[days > 0].groupby("customer_id")
    ids = customers.ids.intersection(later.mean().index)
    once = customers.table.loc[ids, "frequency"].to_numpy() == 0
    rows = {}
    for name, setting in SETTINGS.items():
        said = pd.Series(expected(setting, customers)[0], customers.ids)[ids].to_numpy()
        number, mean = later.size()[ids].to_numpy(dtype=float), later.mean()[ids].to_numpy()
        rows[name] = errors(said, mean, once, number)
    found = pd.DataFrame.from_dict(rows, orient="index")
    print(found.round(3).to_string())
    return found


def test_where_they_are_like_later_ones_both_kinds_of_customers_are_known_better(table):
    plain, first = (table.loc[(1.0, name)] for name in ("repeats alone", "first too"))
    assert first["error of one-time"] < 0.75 * plain["error of one-time"]
    assert first["error of others"] < 0.95 * plain["error of others"]


def test_auto_takes_them_in_there_and_not_where_they_differ_much(table):
    assert table.loc[(1.0, "auto"), "taken"] >= 0.75
    assert table.loc[(0.5, "auto"), "taken"] <= 0.25
    auto, plain = (table.loc[(0.5, name), "error of others"] for name in ("auto", "repeats alone"))
    assert auto < 1.1 * plain


def test_what_customers_of_cdnow_spent_later_is_foretold_better(cdnow):
    for kind in ("one-time", "others"):
        assert cdnow.loc["auto", f"error of {kind}"] < cdnow.loc["repeats alone", f"error of {kind}"]
