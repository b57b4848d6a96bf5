"""Customer equity of simulated companies that win customers by a plan, against what all of them then paid.

Companies live by other rules than the models: rates, odds of leaving and order values are log-normal, and buyers leave
at a moment of their own, whatever they buy.
"""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb

AS_OF, YEAR = pd.Timestamp("2025-12-31"), 365.25
TERMS = {"horizon": "2 years", "discount_rate": 0.10, "margin": 0.5}
MONTHS = pd.period_range("2026-01", periods=12, freq="M")
COMPANIES = {"company_of_buyers": 40, "company_of_subscribers": 60}


def worth(day):
    return 0.5 * 1.1 ** (-np.asarray(day) / YEAR)


def starts_of_plan(rng, each):
    """Days after the as-of date on which the customers of each month are won, anywhere in it."""
    begins = np.array([(month.start_time - AS_OF).days for month in MONTHS])
    return np.concatenate([begin + rng.integers(0, 28, each) for begin in begins])


def buyers(rng, start, typical):
    """Orders of buyers won on some days: owner, day and value; the first order is on the day itself."""
    rate = 0.02 * typical["rate"] * np.exp(rng.normal(-0.32, 0.8, start.size))
    stays = rng.exponential(1 / (typical["leaving"] / 400 * np.exp(rng.normal(-0.32, 0.8, start.size))))
    number = rng.poisson(rate * np.minimum(stays, 3_000))
    owner = np.repeat(np.arange(start.size), number)
    day = np.floor(start[owner] + rng.random(owner.size) * np.minimum(stays, 3_000)[owner])
    owner, day = np.append(np.arange(start.size), owner), np.append(start, day)
    mean = 100 * np.exp(rng.normal(-0.18, 0.6, start.size))[owner]
    return owner, day, mean * np.exp(rng.normal(-0.08, 0.4, owner.size))


def company_of_buyers(seed):
    """Its equity, and what customers of today and those planned then paid."""
    rng = np.random.default_rng(seed)
    typical = {"rate": np.exp(rng.normal(0, 0.3)), "leaving": np.exp(rng.normal(0, 0.3))}
    start, each = -rng.integers(1, 900, 400).astype(float), 12
    owner, day, value = buyers(rng, start, typical)
    past, ahead = day <= 0, (day > 0) & (day <= 2 * YEAR)
    orders = pd.DataFrame({"customer_id": owner[past], "amount": value[past].round(2)})
    orders["date"] = AS_OF + pd.to_timedelta(day[past], unit="D")
    customers = lb.summarize(lb.read_transactions(orders), time_unit="week", as_of=AS_OF)
    purchases, spend = (
        lb.BGNBD(calendar_effects=None).fit(customers, **fast(seed)),
        lb.GammaGamma().fit(customers, **fast(seed)),
    )
    today = lb.lifetime_value(customers, lb.RepeatPurchases(purchases, spend), random_seed=seed, **TERMS)
    won = starts_of_plan(rng, each)
    owner_new, day_new, value_new = buyers(rng, won, typical)
    counts = day_new <= won[owner_new] + 2 * YEAR
    truth = {
        "portfolio": (value[ahead] * worth(day[ahead])).sum(),
        "planned": (value_new[counts] * worth(day_new[counts])).sum(),
    }
    return equity(today, lb.new_customer_value(purchases, spend, **TERMS), each, 80.0, seed), truth


def company_of_subscribers(seed):
    """The same of monthly subscribers with odds of leaving of their own."""
    rng = np.random.default_rng(seed)
    churn, each = 0.05 * np.exp(rng.normal(0, 0.3)), 15

    def renewals_made(number):
        odds = churn / (1 - churn) * np.exp(rng.normal(-0.32, 0.8, number))
        return rng.geometric(odds / (1 + odds)) - 1

    start = AS_OF - pd.to_timedelta(rng.integers(1, 1_000, 500), unit="D")
    made = renewals_made(500)
    month = start.to_numpy().astype("M8[M]")[:, np.newaxis] + np.arange(1, 70).astype("m8[M]")
    day = (start.day.to_numpy() - 1).astype("m8[D]")[:, np.newaxis]
    last = (month + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")
    due = np.minimum(month.astype("M8[D]") + day, last)
    days = (due - np.datetime64(AS_OF, "D")).astype(int)
    ends = days[np.arange(500), np.minimum(made, 68)]
    gone = ends <= 0
    frame = pd.DataFrame({"customer_id": [f"S{k}" for k in range(500)], "start": start, "price": 30.0})
    frame["cancelled_on"] = pd.to_datetime(np.where(gone, ends, np.nan), unit="D", origin=AS_OF)
    records = lb.summarize_renewals(frame, period="month", as_of=AS_OF)
    fit = lb.ShiftedBetaGeometric().fit(records, **fast(seed))
    everyone, stream = lb.all_customers(records), lb.Subscription(fit, records)
    today = lb.lifetime_value(everyone, stream, random_seed=seed, **TERMS)
    paid = (days > 0) & (days <= 730) & (np.arange(69) < made[:, np.newaxis])
    won = starts_of_plan(rng, each)
    made_new = np.minimum(renewals_made(won.size), 23)
    paid_new = [won[k] + YEAR / 12 * np.arange(made_new[k] + 1) for k in range(won.size)]
    truth = {
        "portfolio": 30 * worth(days[paid]).sum(),
        "planned": 30 * sum(worth(some).sum() for some in paid_new),
    }
    return equity(today, lb.new_customer_value(fit, price=30.0, **TERMS), each, 120.0, seed), truth


def fast(seed):
    return {"draws": 500, "chains": 2, "random_seed": seed, "progressbar": False}


def equity(today, new, each, cost, seed):
    plan = {"month": MONTHS.astype(str), "customers": each, "cost_per_customer": cost}
    return lb.customer_equity(today, pd.DataFrame(plan), new, random_seed=seed)


def held(company, number):
    """Shares of companies for which the truth lies in the 90% interval, and widths in shares of the truth."""
    rows = []
    for seed in range(1, number + 1):
        found, truth = company(seed)
        drawn = found.draws
        cost = float(drawn["acquisition_cost"].mean())
        truth["customer_equity"] = truth["portfolio"] + truth["planned"] + cost
        for name, paid in truth.items():
            low, high = np.quantile(drawn[name], [0.05, 0.95])
            off = (float(drawn[name].mean()) - paid) / float(drawn[name].std())
            rows.append({"part": name, "held": low <= paid <= high, "off": off})
    return pd.DataFrame(rows).groupby("part").agg(held=("held", "mean"), off=("off", "mean"))


@pytest.mark.study
@pytest.mark.parametrize(
    ("company", "parts"),
    [
        (company_of_buyers, ["customer_equity", "planned"]),  # BG/NBD forecasts too much of today's: docs/studies.md
        (company_of_subscribers, ["customer_equity", "planned", "portfolio"]),
    ],
)
def test_the_truth_lies_in_the_interval(company, parts):
    number = COMPANIES[company.__name__]
    shares = held(company, number)["held"]
    print(shares.to_dict())
    slack = 2 * np.sqrt(0.9 * 0.1 / number)
    assert shares[parts].between(0.84 - slack, 0.96 + slack).all()


@pytest.mark.fits
def test_two_companies_lie_near_the_truth():
    assert (held(company_of_subscribers, 2)["off"].abs() < 5).all()
