"""The words of a report, explained for readers who do not build models."""

from collections.abc import Mapping

from ltv_bayes.reporting.contents.parts import Section, Term


def words() -> Mapping[str, str]:
    """Each word with what it means, in the current language."""
    return {
        "Lifetime value (LTV, CLV, CLTV)": (
            "The money that a customer yields until the horizon, after margin and discount."
        ),
        "Interval": (
            "The range that holds what will happen with the stated probability. It is neither the least nor the most "
            "that is possible."
        ),
        "Median": "Half of the possible outcomes lie below it, half above.",
        "Mean": "The average of the possible outcomes. A few large ones draw it above the median.",
        "Realised": "What a customer has paid so far, after margin.",
        "To come": "What is still expected, from the as-of date to the horizon.",
        "As-of date": "The last day whose orders are known.",
        "Horizon": "How far ahead value is counted.",
        "P(alive)": "The probability that a customer is still active, given their orders so far.",
        "P(more)": "The probability that a customer yields anything more until the horizon.",
        "Tier": "A group of customers by what is still to come, such as the best 20%.",
        "At stake": "What a customer who is slipping away would yield if they stayed.",
        "Judgement": "What somebody who knows the customer expects, as a chance and a range of amounts.",
        "CAC": "Customer acquisition cost: what was spent on a channel for each customer won.",
        "Backtest": (
            "A rehearsal: models are fitted to what was known on an earlier day, and their forecast is compared with "
            "what happened."
        ),
    }


def glossary() -> Section:
    """Words and what they mean."""
    return Section("glossary", "Words", tuple(Term(word, meaning) for word, meaning in words().items()))
