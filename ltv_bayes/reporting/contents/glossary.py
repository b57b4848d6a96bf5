"""The words of a report, explained for readers who do not build models."""

from collections.abc import Mapping

from ltv_bayes.language import _
from ltv_bayes.reporting.contents.parts import Section, Term


def words() -> Mapping[str, str]:
    """Each word with what it means, in the current language."""
    return {
        _("Lifetime value (LTV, CLV, CLTV)"): _(
            "The money that a customer yields until the horizon, after margin and discount."
        ),
        _("Interval"): _(
            "The range that holds what will happen with the stated probability. It is neither the least nor the most "
            "that is possible."
        ),
        _("Median"): _("Half of the possible outcomes lie below it, half above."),
        _("Mean"): _("The average of the possible outcomes. A few large ones draw it above the median."),
        _("Realised"): _("What a customer has paid so far, after margin."),
        _("To come"): _("What is still expected, from the as-of date to the horizon."),
        _("As-of date"): _("The last day whose orders are known."),
        _("Horizon"): _("How far ahead value is counted."),
        _("P(alive)"): _(
            "The probability that a customer is still active, given their orders so far; in a value, given open "
            "opportunities too."
        ),
        _("P(more)"): _("The probability that a customer yields anything more until the horizon."),
        _("Tier"): _("A group of customers by what is still to come, such as the best 20%."),
        _("At stake"): _("What may be lost with a customer who is slipping away, or with a renewal that is not made."),
        _("Judgement"): _("What somebody who knows the customer expects, as a chance and a range of amounts."),
        _("CAC"): _("Customer acquisition cost: what was spent on a channel for each customer won."),
        _("Backtest"): _(
            "A rehearsal: models are fitted to what was known on an earlier day, and their forecast is compared with "
            "what happened."
        ),
    }


def glossary() -> Section:
    """Words and what they mean."""
    return Section("glossary", _("Words"), tuple(Term(word, meaning) for word, meaning in words().items()))
