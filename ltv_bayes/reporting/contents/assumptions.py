"""On which terms a value was computed, and what it assumes, in plain words."""

from ltv_bayes.errors import sentence_case
from ltv_bayes.formatting import label
from ltv_bayes.intervals import describe_interval
from ltv_bayes.language import N_, _, comma, sentences
from ltv_bayes.predictions.fitted import FittedModel, pooling_of
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Section, Text, note
from ltv_bayes.terms import Terms

OFTEN = N_("Each customer buys at random, at a rate of their own.")
REGULARLY = N_("Each customer buys at a rate of their own, more regularly than at random.")
LEAVE_LATER = N_("After a repeat purchase they may leave for good; who has bought once counts as active.")
LEAVE = N_("After any purchase, the first included, they may leave for good.")
LEAVE_AT_ONCE = N_("After a repeat purchase they may leave for good, and a share of its own leaves after the first.")
MODELS = {
    "bg_nbd": (OFTEN, LEAVE_LATER),
    "mbg_nbd": (OFTEN, LEAVE),
    "bg_nbd_at_once": (OFTEN, LEAVE_AT_ONCE),
    "bg_cnbd": (REGULARLY, LEAVE_LATER),
    "mbg_cnbd": (REGULARLY, LEAVE),
    "bg_cnbd_at_once": (REGULARLY, LEAVE_AT_ONCE),
    "nbd": (OFTEN, N_("They go on doing so.")),
    "gamma_gamma": (N_("The value of an order varies around a mean of the customer's own, however often they buy."),),
    "shifted_beta_geometric": (
        N_("At each renewal a customer stays with a probability of their own, the same each time."),
    ),
    "beta_discrete_weibull": (
        N_("At each renewal a customer stays with a probability of their own, which tenure changes for all alike."),
    ),
}
"""What each model takes customers to do, by its name."""


def assumptions(of: Material) -> Section:
    """Terms, models in plain words, and what a reader should know."""
    settings = of.ltv.settings
    terms, rate = settings.terms, settings.terms.discount_rate
    discount = (
        _("Future money is discounted at {rate:.3g}% a year, from its own date.", rate=100 * rate) if rate else None
    )
    parts: list[Part] = [
        Text(_counted_over(terms)),
        Text(discount or _("Future money is not discounted.")),
        Text(
            _(
                "Margin: {margin} of revenue counts as value{exceptions}.",
                margin=settings.margin,
                exceptions=settings.exceptions,
            )
        ),
        Text(
            _(
                "Intervals are of what will happen, luck of single customers included: {interval}.",
                interval=describe_interval(None, None),
            )
        ),
        *map(Text, models_in_words(of)),
        *(note(one) for one in of.ltv.notes()),
    ]
    return Section("assumptions", _("Terms and assumptions"), tuple(parts))


def models_in_words(of: Material) -> list[str]:
    """What each stream of money takes customers to do."""
    found = []
    for stream in of.valued.valuation.streams:
        for fit in stream.fits_by_purpose.values():
            if fit.model in MODELS:
                believed = sentences(*map(_, MODELS[fit.model]), _pooled(fit))
                stream_name = sentence_case(label(stream.name))
                found.append(_("{stream}: {believed}", stream=stream_name, believed=believed))
    return list(dict.fromkeys(found))


def _pooled(fit: FittedModel) -> str:
    """Whether segments learn from each other."""
    pooling = pooling_of(fit)
    columns = [label(column) for column in pooling.by] if pooling is not None else []
    if not columns:
        return ""
    return _("Segments by {columns} learn from each other: the fewer customers, the more.", columns=comma(columns))


def _counted_over(terms: Terms) -> str:
    """How long value is counted."""
    if terms.as_of:
        return _(
            "Value is counted over {horizon} from {as_of}. What comes later does not count.",
            horizon=terms.horizon,
            as_of=terms.as_of,
        )
    return _("Value is counted over {horizon}. What comes later does not count.", horizon=terms.horizon)
