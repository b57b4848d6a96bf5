"""Studies of expansion and contraction: ranks of true parameters, and companies that grow by other rules."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import ltv_bayes as lb
from ltv_bayes.data.subscriptions.revenue.price_history import PriceHistory
from ltv_bayes.models.growth import expansion
from ltv_bayes.models.growth.grid import SPREAD
from tests.chance import FALSE_ALARM

AS_OF, NEXT = pd.Timestamp("2024-12-31"), pd.Timestamp("2025-12-31")
LOWEST, HIGHEST = 0.84, 0.96


def truth_and_draws(rng, segments, number=150):
    """Parameters drawn from their priors, and posterior draws given the prices of simulated subscribers."""

    def of_segments(prior):
        spread = abs(rng.normal(0, SPREAD)) if segments > 1 else 0.0
        return rng.normal(*prior) + spread * rng.standard_normal(segments)

    chance, share = (special.expit(of_segments(prior)) for prior in (expansion.CHANCE, expansion.SHARE))
    up, down = (np.exp(of_segments(expansion.SIZE)) for _ in range(2))
    alike, up_sd, down_sd = (np.exp(rng.normal(*prior)) for prior in (expansion.ALIKE, expansion.SD, expansion.SD))
    slopes = [rng.normal(*expansion.SLOPE_OF_SHARE), *rng.normal(*expansion.SLOPE_OF_SIZE, 2)]
    segment = np.concatenate([np.arange(segments), rng.integers(0, segments, number - segments)])
    made = rng.integers(0, 24, number)
    mean = chance[segment]
    changes = rng.binomial(made, rng.beta(np.maximum(mean * alike, 1e-300), (1 - mean) * alike))
    owner = np.repeat(np.arange(number), changes)
    height, of_change = rng.standard_normal(len(owner)).clip(-2.5, 2.5), segment[owner]
    higher = rng.random(len(owner)) < special.expit(special.logit(share[of_change]) + slopes[0] * height)
    typical = np.where(higher, up[of_change] * np.exp(slopes[1] * height), down[of_change] * np.exp(slopes[2] * height))
    sd = np.where(higher, up_sd, down_sd)
    size = stats.truncnorm.rvs(-typical / sd, np.inf, typical, sd, size=len(owner), random_state=rng)
    history = PriceHistory(made, changes, owner, np.where(higher, size, -size), height, np.where(higher, size, -size))
    truth = {"change_chance": chance[0], "concentration": alike, "up_share": share[0], "up_share_slope": slopes[0]}
    truth |= {"up_size": up[0], "up_sd": up_sd, "up_size_slope": slopes[1]}
    truth |= {"down_size": down[0], "down_sd": down_sd, "down_size_slope": slopes[2]}
    return truth, dict(expansion._draw(history, segment, height, segments, rng, 200))


@pytest.mark.study
@pytest.mark.parametrize("segments", [1, 3])
def test_true_parameters_have_every_rank_alike(segments):
    """Simulation-based calibration (Talts et al. 2018): ten parts of the ranks, by chi-squared, for each parameter."""
    rng, ranks = np.random.default_rng(segments), {}
    for _ in range(200):
        truth, drawn = truth_and_draws(rng, segments)
        for name, value in truth.items():
            draws = drawn[name] if drawn[name].ndim == 1 else drawn[name][:, 0]
            ranks.setdefault(name, []).append(int((draws < value).sum()))
    parts = {name: np.bincount(np.array(own) * 10 // 201, minlength=10) for name, own in ranks.items()}
    found = pd.DataFrame(ranks).agg([lambda own: own.between(10, 190).mean(), lambda own: (own < 100).mean()]).T
    found = found.set_axis(["inside_90", "below"], axis=1)
    found["p_value"] = {name: stats.chisquare(own).pvalue for name, own in parts.items()}
    print(found.round(3).to_string())
    assert found["p_value"].min() > FALSE_ALARM / len(found), found


def company(seed):
    """Records up to a year after the as-of date, and contract length: seats or plans, and who grows stays longer."""
    rng, rows = np.random.default_rng(seed), []
    kind, length = ["seats", "plans", "both"][seed % 3], ["month", "year"][(seed // 3) % 2]
    a_year, months = (12, 1) if length == "month" else (1, 12)
    churn, unlike = rng.uniform(0.05, 0.2), rng.uniform(0.3, 1.0)
    grows, spread = rng.uniform(0.05, 0.5) / a_year, rng.uniform(0.3, 1.2)
    up, link, plans = rng.uniform(0.5, 0.85), rng.uniform(0, 0.3), np.array([20.0, 50, 120, 300]) * rng.uniform(0.5, 2)
    for client in range(int(np.exp(rng.uniform(np.log(150), np.log(800))))):
        start = pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(rng.integers(0, 5 * 365)))
        leaves = 1 - (1 - min(0.9, churn * rng.gamma(1 / unlike**2, unlike**2))) ** (1 / a_year)
        own = min(0.9, grows * rng.lognormal(-(spread**2) / 2, spread))
        seats, plan, each = 1 + rng.poisson(4), int(rng.integers(0, 2)), rng.lognormal(np.log(12), 0.3)

        def price(seats, plan, each=each):
            cost = {"seats": each * seats, "plans": plans[plan], "both": each * seats * plans[plan] / plans[0]}[kind]
            return round(cost * months, 2)

        begun, now, mood = start, price(seats, plan), 0.0
        for renewal in range(1, 100):
            due = start + pd.DateOffset(months=renewal * months)
            if due > NEXT or rng.random() < leaves * np.exp(-link * mood):
                rows.append((f"c{client}", begun, None if due > NEXT else due, now))
                break
            if rng.random() < own:
                if kind == "seats" or (kind == "both" and rng.random() < 0.8):
                    more = rng.random() < up
                    seats = (
                        seats + 1 + rng.poisson(0.25 * seats) if more else max(1, seats - 1 - rng.binomial(seats, 0.2))
                    )
                else:
                    plan = int(np.clip(plan + (1 if rng.random() < up else -1), 0, 3))
                new = price(seats, plan)
                if new != now:
                    rows.append((f"c{client}", begun, due, now))
                    begun, now, mood = due, new, np.sign(new - now)
    return pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price"]), length


def paid_next_year(records, length):
    """The fees of each customer in the year after the as-of date, and what all pay a month at its end."""
    months = 1 if length == "month" else 12
    began, fees, at_the_end = records.groupby("customer_id")["start"].min(), {}, 0.0
    for row in records.itertuples():
        end = NEXT + pd.Timedelta(days=1) if pd.isna(row.cancelled_on) else row.cancelled_on
        days = [began[row.customer_id] + pd.DateOffset(months=months * k) for k in range(72 // months + 1)]
        number = sum(max(row.start, AS_OF + pd.Timedelta(days=1)) <= day < end and day <= NEXT for day in days)
        fees[row.customer_id] = fees.get(row.customer_id, 0.0) + number * row.price
        at_the_end += row.price / months * (row.start <= NEXT < end)
    return pd.Series(fees), at_the_end


@pytest.mark.study
def test_intervals_hold_what_companies_of_other_rules_are_paid():
    held = []
    for seed in range(60):
        records, length = company(seed)
        known = records[records["start"] <= AS_OF]
        known = known.assign(cancelled_on=known["cancelled_on"].where(known["cancelled_on"] <= AS_OF))
        contracts = lb.summarize_renewals(known, period=length, as_of=AS_OF)
        fit = lb.ShiftedBetaGeometric().fit(contracts, random_seed=1, progressbar=False)
        growth, active = lb.Expansion().fit(contracts, random_seed=2), contracts.active()
        stream = lb.Subscription(fit, active, growth=growth)
        ltv = lb.lifetime_value(lb.all_customers(active), stream, horizon="1 year", random_seed=3)
        fees, at_the_end = paid_next_year(records[records["customer_id"].isin(active.table.index)], length)
        own, whole = ltv.summary(ci_prob=0.9), ltv.explain(ci_prob=0.9).loc["total"]
        ahead = lb.movements_ahead(stream, ci_prob=0.9, random_seed=3)
        kept, opening = ahead.loc["net_retention"], ahead.loc["opening", "mean"]
        customers = fees[own.index].between(own["eti90_lb"] - 0.01, own["eti90_ub"] + 0.01).mean()
        total = whole["eti90_lb"] <= fees.sum() <= whole["eti90_ub"]
        held.append((customers, total, kept["eti90_lb"] <= at_the_end / opening <= kept["eti90_ub"]))
    found = pd.DataFrame(held, columns=["customers", "total", "net_retention"], dtype=float).mean()
    assert found.between(LOWEST, HIGHEST).all(), found.to_dict()
