"""Simulation-based calibration: is the truth, drawn from the priors, like one more draw of the posterior?

Parameters are drawn from priors, data and future from a story, a fit and its predictions from the package. Whatever is
then a function of parameters, data and future has a uniform rank among its draws. Talts, Betancourt, Simpson, Vehtari
& Gelman (2018); Modrak et al. (2023), Bayesian Analysis, on quantities that depend on data.
"""

import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special, stats

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesWarning
from ltv_bayes.formulas.models import gamma_gamma, nbd
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.purchases import formulas_of
from ltv_bayes.sizes import SMALLEST_AMOUNT
from tests import stories
from tests.chance import off_uniform

PLANTED, PLANTED_WHERE_WIDE = 1.1, 1.5
WIDE = ("concentration", "q_excess", ", sd", ", typical")  # known to half of their size, and less, from such data
MARGIN = 0.35
TERMS = {"horizon": "1 year", "discount_rate": 0.1, "margin": MARGIN}
AS_OF, SINCE = np.datetime64("2024-06-30"), np.datetime64("2023-04-01")
TYPICAL = {"mean_rate": 0.1, "mean_spend": 100.0, "churn_mean": 0.1}
FACTOR = 3.0
SEGMENTS = np.array(list("ABCDEFGH"))

USUAL = {  # priors that the models take for data with the typical rate a week, order value and churn
    "mean_rate": Prior("LogNormal", mu=np.log(TYPICAL["mean_rate"]), sigma=2.0),
    "rate_cv": Prior("LogNormal", mu=0.0, sigma=1.0),
    "dropout_mean": Prior("Beta", alpha=1.0, beta=1.0),
    "dropout_concentration": Prior("LogNormal", mu=np.log(3.0), sigma=1.0),
    "first_dropout": Prior("Beta", alpha=1.0, beta=1.0),
    "mean_spend": Prior("LogNormal", mu=np.log(TYPICAL["mean_spend"]), sigma=1.0),
    "order_cv": Prior("LogNormal", mu=np.log(0.5), sigma=1.0),
    "q_excess": Prior("LogNormal", mu=np.log(2.0), sigma=1.0),
    "churn_mean": Prior("Beta", alpha=1.0, beta=1.0),
    "churn_concentration": Prior("LogNormal", mu=-np.log(TYPICAL["churn_mean"]), sigma=1.0),
    "c": Prior("LogNormal", mu=0.0, sigma=0.5),
}
HISTORY = ["frequency", "recency", "T", "monetary_value"]
OF_RATE, OF_DROPOUT = ("mean_rate", "rate_cv"), ("dropout_mean", "dropout_concentration")
OF_SPEND, OF_CHURN = ("mean_spend", "order_cv", "q_excess"), ("churn_mean", "churn_concentration")
OF_LEVEL, OF_LOGIT = ("mean_rate", "mean_spend"), ("dropout_mean", "first_dropout", "churn_mean")
SD = Prior("LogNormal", mu=np.log(0.3), sigma=1.0)
OF_EFFECTS = {"level_sd": 0.25, "noise_sd": 0.15}  # scales of half-normal priors
PAST, AHEAD, MONTH = 24, 6, stories.WEEKS_A_YEAR / 12


class Quantity(NamedTuple):
    """What is ranked: the truth, the draws, and draws with a planted error; of shape (draws,) or (draws, cases)."""

    truth: float | np.ndarray
    draws: np.ndarray
    planted: np.ndarray


def drawn(rng, prior):
    """Draw from a prior."""
    numbers = dict(prior.parameters)
    if prior.family == "Beta":
        return rng.beta(numbers["alpha"], numbers["beta"])
    return np.exp(rng.normal(numbers["mu"], numbers["sigma"]))


def usual(names):
    """The usual priors of some quantities."""
    return {name: USUAL[name] for name in names}


def natural(rng, names, segments=0):
    """Draw natural quantities: a number each, or, of levels that differ by segment, one for each of some segments."""
    found = {name: drawn(rng, USUAL[name]) for name in names}
    for name in [name for name in names if segments and name in OF_LEVEL + OF_LOGIT]:
        to, back = (special.logit, special.expit) if name in OF_LOGIT else (np.log, np.exp)
        effects, sd, typical = rng.standard_normal(segments), drawn(rng, SD), found[name]
        found |= {f"{name}_sd": sd, f"{name}_typical": typical}
        found[name] = back(to(typical) + sd * (effects - effects.mean()))
    return found


def at(named, place):
    """Natural quantities of customers, by the place of each one's segment."""
    return {name: value[..., place] if np.ndim(value) else value for name, value in named.items()}


def papers(named, k=1):
    """The papers' parameters."""
    found = {}
    if "mean_rate" in named:
        found["r"] = named["rate_cv"] ** -2.0
        found["alpha"] = found["r"] / (k * named["mean_rate"])
    if "dropout_mean" in named:
        found["a"] = named["dropout_mean"] * named["dropout_concentration"]
        found["b"] = named["dropout_concentration"] - found["a"]
    if "first_dropout" in named:
        found["first_dropout"] = named["first_dropout"]
    if "mean_spend" in named:
        found["p"] = named["order_cv"] ** -2.0
        found["q"] = 1 + named["q_excess"]
        found["v"] = named["mean_spend"] * named["q_excess"] / found["p"]
    if "churn_mean" in named:
        found["alpha"] = named["churn_mean"] * named["churn_concentration"]
        found["beta"] = named["churn_concentration"] - found["alpha"]
    if "c" in named:
        found["c"] = named["c"]
    return found


class Findings:
    """Ranks of truths by quantity, among draws and among those with a planted error; and what became of the fits."""

    def __init__(self):
        self.ranks, self.planted, self.fits = defaultdict(list), defaultdict(list), Counter()

    def fit(self, model, data, seed, method):
        """Fit and keep every second draw, nearly independent; a fit that did not converge is counted, and kept."""
        fit = model.fit(data, method=method, chains=2, draws=100, random_seed=seed, progressbar=False)
        self.fits["fits"] += 1
        self.fits["by chains"] += "NUTS" in str(fit.diagnose())
        self.fits["not converged"] += not fit.converged
        return fit.thin(50)

    def add(self, rng, name, quantity):
        """Rank a truth; of several cases, the mean of their ranks, of the truth and of each draw that plays it."""
        for found, draws in ((self.ranks, quantity.draws), (self.planted, quantity.planted)):
            truth = quantity.truth
            if draws.ndim > 1:
                every = stats.rankdata(np.vstack([truth, draws]), axis=0)
                every = np.abs(every - (len(every) + 1) / 2) if name.endswith("spread") else every
                truth, *draws = every.mean(axis=1)
            below, equal = np.sum(np.less(draws, truth)), np.sum(np.equal(draws, truth))
            found[name].append((below + rng.random() * (equal + 1)) / (len(draws) + 1))

    def verdicts(self, alarm):
        """Each quantity's largest difference, and its part of the band; the latter with the planted error too."""
        each = alarm / len(self.ranks)
        rows = {
            name: (*off_uniform(ranks, each), off_uniform(self.planted[name], each)[1])
            for name, ranks in self.ranks.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "of the band", "planted"])


def simulated(study, simulations, seed):
    """Simulate, fit and rank. Data for which the usual priors would be others are left out: by data alone, no bias."""
    found = Findings()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LtvBayesWarning)
        for number in range(simulations):
            rng = np.random.default_rng([seed, number])
            while (case := study.simulate(rng)) is None:
                found.fits["left out"] += 1
            for name, quantity in study.quantities(rng, int(rng.integers(2**31)), found, *case):
                found.add(rng, name, quantity)
    return found


def is_typical(name, amount, number):
    """Whether a mean of data is near the typical one."""
    return number > 0 and amount > 0 and abs(np.log(amount / number / TYPICAL[name])) < np.log(FACTOR)


def flat(values):
    """Draws of all chains, of shape (draws, ...)."""
    return np.asarray(values).reshape(-1, *np.shape(values)[2:])


def natural_draws(fit, names, truth):
    """Draws of natural quantities, by segment where the truth is."""
    posterior, by = fit.idata["posterior"], fit.segment_draws() if any(map(np.ndim, truth.values())) else {}
    return {name: flat(by[name] if np.ndim(truth[name]) else posterior[name]) for name in names}


def of_parameters(fit, names, truth, planted):
    """Each parameter; of those that differ by segment the typical one, the sd, and those of segments."""
    for name, draws in natural_draws(fit, names, truth).items():
        several = {"": (truth[name], draws)}
        if np.ndim(truth[name]):
            posterior = fit.idata["posterior"]
            several = {" of segments, each": (truth[name], draws)}
            several[", typical"] = truth[f"{name}_typical"], flat(posterior[name])
            several[", sd"] = truth[f"{name}_sd"], flat(posterior[f"{name}_sd_segment"])
        for what, (true, values) in several.items():
            wide = (name + what).endswith(WIDE)
            yield name + what, Quantity(true, values, (PLANTED_WHERE_WIDE if wide else planted) * values)


def log_likelihood(formula, fit, names, truth, place, k=1):
    """The log-likelihood of all data; planted, at quantities that are all too large."""
    draws, found = natural_draws(fit, names, truth), []
    for factor in (1.0, PLANTED):
        every = {}
        for name, values in draws.items():
            grown = np.minimum(factor * values, 1 - 1e-9) if name in OF_LOGIT else factor * values
            values = np.concatenate([np.asarray(truth[name])[np.newaxis], grown])
            every[name] = values[:, place] if values.ndim > 1 else values[:, np.newaxis]
        found.append(formula(**papers(every, k)).sum(axis=1))
    return Quantity(found[0][0], found[0][1:], found[1][1:])


def of_counts(name, truth, draws, planted):
    """Numbers of all customers together, and of each."""
    yield f"{name}, all", Quantity(truth.sum(), draws.sum(axis=1), planted.sum(axis=1))
    yield f"{name}, each customer", Quantity(truth, draws, planted)


def of_value(ltv, truth, segment, planted):
    """Value of the portfolio, of its segments and of its customers; true values and segments by number."""
    numbers = ltv.customers.ids.astype(int)
    draws, true = flat(ltv.draws).round(6), truth.loc[numbers].to_numpy().round(6)
    yield from of_counts("value", true, draws, planted * draws)
    wider = np.where(draws > 0, np.maximum(draws, 1e-300) ** PLANTED, 0.0)
    yield "value of customers, spread", Quantity(true, draws, wider)
    by = ltv.by(segment.set_axis(segment.index.astype(ltv.customers.ids.dtype))).draws("total")
    values = flat(by.transpose("chain", "draw", "segment"))
    true = truth.groupby(segment).sum().loc[by["segment"].to_numpy()].to_numpy()
    yield "value of segments, each", Quantity(true, values, planted * values)


@dataclass(frozen=True, kw_only=True)
class Study:
    """What simulations of a model have: customers, perhaps in segments that a pooled fit lets differ."""

    segments: int = 0
    customers: int = 120
    method: str = "auto"
    planted: float = PLANTED

    @property
    def pooled(self):
        return {"pool_by": "segment"} if self.segments else {}

    @property
    def place(self):
        """Segment of each customer."""
        return np.arange(self.customers) % (self.segments or 3)


@dataclass(frozen=True)
class Shopping(Study):
    """Customers who buy; with `value`, what they spend and are worth too."""

    model: type
    value: bool = False
    k: int = 1
    leaves: bool = True
    at_once: bool = False
    share: bool = False

    @property
    def names(self):
        first = ("first_dropout",) if self.share else ()
        return OF_RATE + OF_DROPOUT + first if self.leaves else OF_RATE

    def simulate(self, rng):
        number, place = self.customers, self.place
        T, truth = rng.uniform(26.0, 104.0, number), natural(rng, self.names, self.segments)
        story = {"k": self.k, "leaves_at_once": self.at_once, "most": 100 * number}
        made = stories.purchases(rng, T, stories.WEEKS_A_YEAR, **papers(at(truth, place), self.k), **story)
        if made is None or not is_typical("mean_rate", made.past.sum(), T.sum()):
            return None
        table = made.table.assign(segment=SEGMENTS[place])
        if not self.value:
            return lb.Customers.from_summary(table, time_unit="week"), truth, made, None, None, None
        spend, whose = (
            natural(rng, OF_SPEND, self.segments),
            np.append(made.who, np.arange(number)),
        )  # and one more each
        values = stories.order_values(rng, whose, number, **papers(at(spend, place)))
        values, following = values[:-number], values[-number:]
        orders, paid = made.sums(1.0, past=True), made.sums(values, past=True)
        buyers = orders > 0
        means = paid[buyers] / orders[buyers]
        is_money = buyers.sum() > 1 and means.min() > SMALLEST_AMOUNT
        known = is_money and np.unique(place[buyers]).size == np.unique(place).size
        if not (known and is_typical("mean_spend", paid.sum(), orders.sum())):
            return None
        table["monetary_value"] = np.divide(paid, orders, out=np.full(number, np.nan), where=buyers)
        return lb.Customers.from_summary(table, time_unit="week"), truth, made, spend, values, following

    def quantities(self, rng, seed, found, customers, truth, made, spend, values, following):
        shape = ({"k": self.k} if self.k > 1 else {}) | ({"leave_at_once": True} if self.share else {})
        fit = found.fit(self.model(usual(self.names), **shape, **self.pooled), customers, seed, self.method)
        yield from of_parameters(fit, self.names, truth, self.planted)
        x, t_x, T, mean = (customers.table[name].to_numpy() for name in HISTORY)
        likelihood = partial(formulas_of(fit).log_likelihood, x, t_x) if self.leaves else partial(nbd.log_likelihood, x)
        formula = partial(likelihood, T)
        yield "log-likelihood of purchases", log_likelihood(formula, fit, self.names, truth, self.place, self.k)
        if self.leaves:
            chance = flat(fit.probability_alive(customers))
            luck = rng.random(chance.shape)
            yield from of_counts("alive", made.alive + 0.0, luck < chance + 0.0, luck < self.planted * chance)
        predict = fit.predict_purchases if self.leaves else fit.predict_events
        soon, draws = made.sums(made.wait <= 26.0), flat(predict(customers, "26 weeks", random_seed=seed)).astype(int)
        yield from of_counts("purchases", soon, draws, draws + rng.binomial(draws, self.planted - 1))
        if not self.value:
            return
        money = found.fit(lb.GammaGamma(usual(OF_SPEND), **self.pooled), customers, seed, self.method)
        yield from of_parameters(money, OF_SPEND, spend, self.planted)
        formula = partial(gamma_gamma.log_likelihood, x[x > 0], mean[x > 0])
        yield "log-likelihood of spend", log_likelihood(formula, money, OF_SPEND, spend, self.place[x > 0])
        draws = flat(money.predict_spend(customers, random_seed=seed))
        yield from of_counts("next order", following, draws, self.planted * draws)
        ltv = lb.lifetime_value(customers, [lb.RepeatPurchases(fit, money)], **TERMS, random_seed=seed)
        worth = MARGIN * made.sums(values * 1.1 ** (-made.wait / stories.WEEKS_A_YEAR))
        yield from of_value(ltv, pd.Series(worth), customers.table["segment"], self.planted)


@dataclass(frozen=True)
class ShoppingTogether(Study):
    """Customers whose rate a factor moves month by month, the same for all; its days are known."""

    model: type
    leaves: bool = True

    def simulate(self, rng):
        number, names = self.customers, OF_RATE + OF_DROPOUT if self.leaves else OF_RATE
        T, truth = rng.uniform(26.0, PAST * MONTH, number), natural(rng, names)
        truth |= {name: abs(rng.normal(0, scale)) for name, scale in OF_EFFECTS.items()}
        months = np.arange(PAST + AHEAD)
        related = 0.5 ** (np.abs(np.subtract.outer(months, months)) / 12)
        covariance = truth["level_sd"] ** 2 * related + (truth["noise_sd"] ** 2 + 1e-12) * np.eye(months.size)
        log_factor = np.linalg.cholesky(covariance) @ rng.standard_normal(months.size)

        def factor(time):
            place = np.floor(time / MONTH).astype(int) + PAST
            return np.exp(log_factor[np.clip(place, 0, months.size - 1)])

        own = {name: truth[name] for name in names}
        made = stories.purchases(rng, T, AHEAD * MONTH, **papers(own), most=100 * number, factor=factor)
        if made is None or not is_typical("mean_rate", made.past.sum(), T.sum()):
            return None
        ago = np.ceil(-made.wait[made.past] * 7).astype(int)  # in days
        days = pd.Series(pd.Timestamp(AS_OF) - pd.to_timedelta(ago, unit="D")).value_counts().sort_index()
        customers = lb.Customers.from_summary(made.table, time_unit="week", as_of=AS_OF.item(), repeat_days=days)
        return customers, names, truth, log_factor, made

    def quantities(self, rng, seed, found, customers, names, truth, log_factor, made):
        effects = lb.CalendarEffects(period="month", season=False)
        fit = found.fit(self.model(usual(names), calendar_effects=effects), customers, seed, self.method)
        yield from of_parameters(fit, names, truth, self.planted)
        posterior = fit.idata["posterior"]
        for name in OF_EFFECTS:
            yield name, Quantity(truth[name], flat(posterior[name]), PLANTED_WHERE_WIDE * flat(posterior[name]))
        quarter = flat(posterior["calendar_effect"])[:, -3:].mean(axis=1)
        yield "factor of the last quarter", Quantity(log_factor[PAST - 3 : PAST].mean(), quarter, quarter + 0.1)
        predict = fit.predict_purchases if self.leaves else fit.predict_events
        draws = flat(predict(customers, f"{AHEAD * MONTH} weeks", random_seed=seed)).astype(int)
        soon = made.sums(1.0)
        yield from of_counts("purchases", soon, draws, draws + rng.binomial(draws, self.planted - 1))


@dataclass(frozen=True)
class Subscribing(Study):
    """Monthly contracts, whose records may begin late, or where tenure itself changes churn."""

    late: bool = False
    tenure: bool = False

    @property
    def names(self):
        return (*OF_CHURN, "c") if self.tenure else OF_CHURN

    def simulate(self, rng):
        truth, since = natural(rng, self.names, self.segments), SINCE if self.late else None
        made = stories.contracts(rng, self.customers, AS_OF, 36, 12, **papers(at(truth, self.place)), since=since)
        typical = is_typical("churn_mean", made.lost.sum(), (made.made + made.lost).sum()) and not made.lost.all()
        return (truth, made) if typical else None

    def quantities(self, rng, seed, found, truth, made):
        table = made.table.assign(segment=SEGMENTS[self.place])
        since = {"records_since": SINCE.item()} if self.late else {}
        renewals = lb.summarize_renewals(table, period="month", as_of=AS_OF.item(), **since)
        kind = lb.BetaDiscreteWeibull if self.tenure else lb.ShiftedBetaGeometric
        model = kind(usual(self.names), **self.pooled, calendar_effects=None)
        fit = found.fit(model, renewals, seed, self.method)
        yield from of_parameters(fit, self.names, truth, self.planted)

        def formula(alpha, beta, c=None):
            kept = beta + made.before
            if c is None:
                return special.betaln(alpha + made.lost, kept + made.made) - special.betaln(alpha, kept)
            stays, renews = (special.betaln(alpha, beta + (made.made + more) ** c) for more in (0, 1))
            lost = np.log(-np.expm1(np.minimum(renews - stays, -1e-300)))
            return stays - special.betaln(alpha, beta) + np.where(made.lost, lost, 0.0)

        yield "log-likelihood", log_likelihood(formula, fit, self.names, truth, self.place)
        soon = np.isfinite(made.days[:, :6]).sum(axis=1)[renewals.active().table.index.astype(int)]
        draws = flat(fit.predict_renewals(renewals, 6, random_seed=seed)).astype(int)
        yield from of_counts("renewals", soon, draws, draws + rng.binomial(draws, self.planted - 1))
        stream = lb.Subscription(fit, renewals)
        ltv = lb.lifetime_value(lb.all_customers(renewals), [stream], **TERMS, random_seed=seed)
        worth = MARGIN * table["price"] * np.nansum(1.1 ** (-made.days / 365.25), axis=1)
        yield from of_value(ltv, worth, table["segment"], self.planted)
