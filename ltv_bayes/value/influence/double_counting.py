"""Money that both judgements and repeat purchases foresee: counted once, or a warning of how much may count twice."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import DataWarning, JudgementError, counted, listed
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.judgement.form.layout import VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.relations import are_opinions, signs_of_life
from ltv_bayes.judgement.valuing.whole_value import opinions_on
from ltv_bayes.language import _, _n, comma
from ltv_bayes.posterior import evenly_spaced
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs.signs_of_life import SignsOfLife
from ltv_bayes.predictions.signs.strength import FRESH_DAYS
from ltv_bayes.predictions.visibility import Coverage, VisibleShare
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.streams.order_stream import covered_by
from ltv_bayes.streams.repeat_purchases import RepeatPurchases, alive_draws, mean_alive
from ltv_bayes.streams.stream import Stream
from ltv_bayes.terms import Terms
from ltv_bayes.value.draws.valuation import Valuation
from ltv_bayes.value.valued import Valued

ENOUGH_DRAWS = 50
ENOUGH_CUSTOMERS = 1000
FAR_LESS = 0.5
WORTH_A_QUESTION = 0.02
TRUSTED = 0.7
FEW_SIGNS, FAR_BELOW = 20, 4.0


def ask_for_relations(customers: Customers, streams: Sequence[Stream], judged: FutureValuePriors, terms: Terms) -> None:
    """Refuse judgements that do not say how they relate to repeat purchases, with the size of a possible double count.

    Of each judged customer, no more can be counted twice than is judged, and no more than the model foresees once
    conditioned on signs of life. Up to 2% of what is judged goes without a question.

    Raises
    ------
    JudgementError
        If more may be counted twice.
    """
    unsaid = judged.table[judged.relations.isna()]
    signs = signs_of_life(judged.table, judged.shows_life, as_of=customers.as_of)
    models = [replace(one, signs=one.signs or signs) for one in _repeats(streams)]
    if unsaid.empty or not models:
        return
    stated = (unsaid["probability"] * unsaid["mean"]).groupby(unsaid["customer_id"].astype(str)).sum()
    foreseen = sum(_expected_money(stream, customers, stated.index, terms) for stream in models)
    possible = float(np.minimum(stated.to_numpy(), foreseen).sum())
    if possible <= WORTH_A_QUESTION * stated.sum():
        return
    one = len(unsaid) == 1
    number, how = counted(len(unsaid), "judgement"), _("how it relates") if one else _("how they relate")
    judged_sum, twice = _worth(stated.sum(), customers), _worth(possible, customers)
    raise JudgementError(
        _(
            "{number} without a word on {how} to the repeat purchases that the model foresees anyway: of "
            "{judged_sum} judged, up to {twice} would be counted twice (before margin and discount) if these "
            "are the same orders. Write a column relation, or say it for all with judged.with_relation(...): "
            "'additional' for orders beside the usual ones, 'visible_share' for usual orders already in sight, "
            "'same_total' for an opinion on the whole value.",
            number=number,
            how=how,
            judged_sum=judged_sum,
            twice=twice,
        )
    )


def warn_of_stale_signs(customers: Customers, streams: Sequence[Stream], judged: FutureValuePriors) -> None:
    """Warn where those with an open opportunity have longer been silent than living customers would have.

    Of customers who give a sign for being alive, P(alive) by orders has a known mean; where it lies far below, records
    were kept open after customers left, or not all were asked.
    """
    for stream in _repeats(streams):
        signs = signs_of_life(judged.table, judged.shows_life, as_of=customers.as_of)
        fit, own = stream.purchases, customers if stream.customers is None else stream.customers
        if signs is None or np.isinf(signs.strength.ratio) or not isinstance(fit, FittedPurchases) or not own.in_memory:
            continue
        asked = covered_by(judged.covers, stream, own) if stream.customers is None else np.ones(len(own), dtype=bool)
        alive = mean_alive(stream, own, thinned_to(fit, ENOUGH_DRAWS))[asked]
        has = signs.evidence(as_text(own.ids[asked])) == 1
        weight = alive + (1 - alive) / signs.strength.ratio
        usual = np.average(alive, weights=weight)
        spread = np.sqrt(np.average((alive - usual) ** 2, weights=weight) / max(has.sum(), 1))
        if has.sum() >= FEW_SIGNS and alive[has].mean() < usual - FAR_BELOW * spread:
            warnings.warn(
                _(
                    "{customers} with an open opportunity would be alive with probability {mean:.2f} by their "
                    "orders, where {usual:.2f} is expected of customers who have one: are some opportunities "
                    "stale, or was the pipeline of some customers not asked for? State the age by stated_on, "
                    "whose pipeline it is by covers=, or pass a smaller ratio as shows_life=.",
                    customers=counted(int(has.sum()), "customer"),
                    mean=alive[has].mean(),
                    usual=usual,
                ),
                DataWarning,
                stacklevel=3,
            )


def combined_opinions(value: Valued) -> pd.DataFrame:
    """Opinions on whole values beside model and combination; see `JudgementInValue.opinions`."""
    valuation = value.valuation
    columns = ["probability", "stated_median", "model_median", "median", "pareto_k"]
    held = {} if valuation.future_value is None else opinions_on(valuation.customers, valuation.future_value)
    if not held:
        return pd.DataFrame(columns=columns)
    outcomes = dict(value.results.outcomes)
    if missing := [customer_id for customer_id in held if customer_id not in outcomes]:
        make = valuation.of(valuation.customers.subset(missing))
        outcomes |= {one.customer_id: make.opinion_at(position)[1] for position, one in make.opinions.items()}
    stated = [(one.probability, float(one.quantiles(np.array([0.5]))[0])) for one in held.values()]
    rows = [(*first, *outcomes[customer_id]) for first, customer_id in zip(stated, held, strict=True)]
    index = pd.Index(list(held), name=valuation.customers.table.index.name)
    return pd.DataFrame(rows, columns=columns, index=index)


def notes_on_overlap(value: Valued) -> list[str]:
    """Say what judgements changed beside adding money."""
    valuation, judged = value.valuation, value.future_value
    if judged is None:
        return []
    notes: list[str] = []
    models = _repeats(valuation.conditioned)
    if signs_of_life(judged.table, judged.shows_life) is not None:
        found = [_signs_among(stream) for stream in models]
        notes += [_on_life(signs) for signs in found if signs is not None and signs.observed]
    if models and judged.visible is not None and (judged.relations == VISIBLE_SHARE).any():
        notes.append(
            _(
                "{visible}; they are left out of {each}{of} and judged instead{far_from_complete}",
                visible=judged.visible,
                each=_each(models),
                of=_of(judged.covers),
                far_from_complete=_far_from_complete(valuation, judged, judged.visible),
            )
        )
    if are_opinions(judged.table).any():
        unsure = list(combined_opinions(value).query(f"not pareto_k < {TRUSTED}").index)
        if unsure:
            notes.append(
                _(
                    "opinion and model have little in common for {unsure} (Pareto k above {trusted}).",
                    unsure=listed(unsure),
                    trusted=TRUSTED,
                )
            )
    return notes


def _far_from_complete(valuation: Valuation, judged: FutureValuePriors, visible: VisibleShare) -> str:
    """End the sentence; say how much is left out, where far less is judged in its place."""
    shown, customers, terms = judged.relations == VISIBLE_SHARE, valuation.customers, valuation.terms
    instead = float(judged.summary().loc[shown.to_numpy(), "expected_value"].sum())
    near = visible.within.days < terms.horizon.days
    until = replace(terms, horizons=(visible.within,)) if near else terms
    left_out = visible.share * sum(_expected_of_all(one, customers, until) for one in _repeats(valuation.conditioned))
    if instead >= FAR_LESS * left_out:
        return _(".")
    return _(
        ": about {amount} of {whom} is left out, and {judged} judged (before margin and discount); is the pipeline "
        "complete?",
        amount=_worth(left_out, customers),
        whom=_("all customers") if judged.covers is None else _("these customers"),
        judged=_worth(instead, customers),
    )


def _expected_of_all(stream: RepeatPurchases, customers: Customers, terms: Terms) -> float:
    """What the model expects of all customers: of some of them, evenly spaced, scaled up where there are more."""
    own = customers if stream.customers is None else stream.customers
    batch = next(iter(own.batches(CUSTOMERS_IN_BATCH)))
    ids, batches = batch.ids[covered_by(stream.coverage, stream, batch)], len(own) / len(batch)
    if not len(ids):
        return 0.0
    some = ids[evenly_spaced(len(ids), min(len(ids), ENOUGH_CUSTOMERS))]
    return float(_expected_money(stream, customers, as_text(some), terms).sum()) * batches * len(ids) / len(some)


def _expected_money(stream: RepeatPurchases, customers: Customers, ids: Sequence[str], terms: Terms) -> np.ndarray:
    """What the model expects of customers, by their ids as text: not discounted, before margin."""
    own, expected = customers if stream.customers is None else stream.customers, pd.Series(0.0, index=ids)
    known = known_ids(own, ids)
    if known:
        some = own.subset(list(known.values()))
        spend = thinned_to(stream.spend, ENOUGH_DRAWS).expected_spend(some).median(("chain", "draw"), skipna=False)
        expected[as_text(some.ids)] = _expected_orders(stream, some, terms) * spend.to_numpy()
    return expected.to_numpy()


def _expected_orders(stream: RepeatPurchases, customers: Customers, terms: Terms) -> np.ndarray:
    few = thinned_to(stream.counts, ENOUGH_DRAWS)
    if not isinstance(few, FittedPurchases):
        return few.expected_events(customers, terms.horizon).mean(("chain", "draw"), skipna=False).to_numpy()
    alive = alive_draws(stream, few, customers)
    orders = alive * few.expected_purchases(customers, terms.horizon, given_alive=True).to_numpy()
    return orders.mean(axis=(0, 1))


def _of(coverage: Coverage | None) -> str:
    return "" if coverage is None else _(" of the customers covered ({coverage})", coverage=coverage)


def _each(streams: Sequence[RepeatPurchases]) -> str:
    names = [label(stream.name) for stream in streams]
    return _("{names} alike", names=comma(names)) if len(names) > 1 else _("repeat purchases")


def _repeats(streams: Sequence[Stream]) -> list[RepeatPurchases]:
    return [stream for stream in streams if isinstance(stream, RepeatPurchases)]


def _signs_among(stream: RepeatPurchases) -> SignsOfLife | None:
    """Signs of life of those who ordered: a prospect with an open opportunity gives none."""
    if stream.signs is None or stream.customers is None or not stream.customers.in_memory:
        return stream.signs
    own = frozenset(as_text(stream.customers.ids))
    ages, limits = (
        {who: one for who, one in some.items() if who in own} for some in (stream.signs.ages, stream.signs.limits)
    )
    return replace(stream.signs, observed=stream.signs.observed & own, ages=ages, limits=limits)


def _on_life(signs: SignsOfLife) -> str:
    ratio, sd = signs.strength.ratio, signs.strength.sd
    times = f"{ratio:g}" if not sd else _("about {ratio:.2g}", ratio=ratio)
    alive = (
        _("surely alive") if np.isinf(ratio) else _("alive with {times} times the odds that orders give", times=times)
    )
    old = sum(age > FRESH_DAYS for age in signs.ages.values())
    kinds, place = signs.kinds(pd.Index(list(signs.limits)))
    usual = signs.weights(kinds, signs.strength.middle)[place]
    raised = int(np.sum(np.fromiter(signs.limits.values(), float) < usual))
    raises = _("; {raised:,} of them with the chance that it comes, which is higher", raised=raised) if raised else ""
    aged = (
        _(
            "; {old:,} of them stated it more than {fresh_days:g} days ago, which counts less",
            old=old,
            fresh_days=FRESH_DAYS,
        )
        if old
        else ""
    )
    share = signs.usual_share
    silent = _(
        "; about {share} of the living{of} have one, so the others are a little less likely to be",
        share=percent(share),
        of=_of(signs.coverage),
    )
    return _n(
        "{customers} has an open opportunity and is {alive}{raises}{aged}{silent}{see}.",
        "{customers} have an open opportunity and are {alive}{raises}{aged}{silent}{see}.",
        len(signs.observed),
        customers=counted(len(signs.observed), "customer"),
        alive=alive,
        raises=raises,
        aged=aged,
        silent=silent if share > 0 else "",
        see=_(" (see shows_life)"),
    )


def _worth(amount: float, customers: Customers) -> str:
    return with_currency(money(amount, customers.currency), customers.currency)
