"""On which terms a value was computed, and what it assumes, in plain words."""

from ltv_bayes.formatting import label
from ltv_bayes.intervals import describe_interval
from ltv_bayes.predictions.fitted import FittedModel, pooling_of
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Section, Text, note

OFTEN = "Each customer buys at random, at a rate of their own"
REGULARLY = "Each customer buys at a rate of their own, more regularly than at random"
MODELS = {
    "bg_nbd": f"{OFTEN}. After a repeat purchase they may leave for good; who has bought once counts as active.",
    "mbg_nbd": f"{OFTEN}. After any purchase, the first included, they may leave for good.",
    "bg_nbd_at_once": (
        f"{OFTEN}. After a repeat purchase they may leave for good, and a share of its own leaves after the first."
    ),
    "bg_cnbd": f"{REGULARLY}. After a repeat purchase they may leave for good; who has bought once counts as active.",
    "mbg_cnbd": f"{REGULARLY}. After any purchase, the first included, they may leave for good.",
    "bg_cnbd_at_once": (
        f"{REGULARLY}. After a repeat purchase they may leave for good, and a share of its own leaves after the first."
    ),
    "nbd": f"{OFTEN}, and goes on doing so.",
    "gamma_gamma": "The value of an order varies around a mean of the customer's own, however often they buy.",
    "shifted_beta_geometric": "At each renewal a customer stays with a probability of their own, the same each time.",
}
"""What each model takes customers to do, by its name."""


def assumptions(of: Material) -> Section:
    """Terms, models in plain words, and what a reader should know."""
    settings = of.ltv.settings
    terms, rate = settings.terms, settings.terms.discount_rate
    day = f" from {terms.as_of}" if terms.as_of else ""
    discount = f"Future money is discounted at {100 * rate:.3g}% a year, from its own date." if rate else None
    parts: list[Part] = [
        Text(f"Value is counted over {terms.horizon}{day}. What comes later does not count."),
        Text(discount or "Future money is not discounted."),
        Text(f"Margin: {settings.margin} of revenue counts as value{settings.exceptions}."),
        Text(f"Intervals: {describe_interval(None, None)}s of what will happen, luck of single customers included."),
        *map(Text, models_in_words(of)),
        *(note(one) for one in of.ltv.notes()),
    ]
    return Section("assumptions", "Terms and assumptions", tuple(parts))


def models_in_words(of: Material) -> list[str]:
    """What each stream of money takes customers to do."""
    found = []
    for stream in of.valued.valuation.streams:
        for fit in stream.fits_by_purpose.values():
            if fit.model in MODELS:
                found.append(f"{label(stream.name).capitalize()}: {MODELS[fit.model]}{_pooled(fit)}")
    return list(dict.fromkeys(found))


def _pooled(fit: FittedModel) -> str:
    """Whether segments learn from each other."""
    pooling = pooling_of(fit)
    columns = pooling.by if pooling is not None else ()
    if not columns:
        return ""
    return f" Segments by {' and '.join(map(label, columns))} learn from each other: the fewer customers, the more."
