"""The words of a report, explained for readers who do not build models."""

from ltv_bayes.reporting.contents.parts import Section, Text

WORDS = {
    "lifetime value (LTV, CLV)": "The money a customer yields within the horizon, after margin and discount.",
    "interval": "The range that holds what will happen with the stated probability. It is not a minimum and maximum.",
    "median": "Half of the possible outcomes lie below it, half above.",
    "mean": "The average of the possible outcomes. A few large ones pull it above the median.",
    "realised": "What the customer has paid so far, after margin.",
    "to come": "What is still expected, from the as-of date to the horizon.",
    "P(alive)": "The probability that the customer is still active, given the orders so far.",
    "backtest": "Models are fitted on what was known on an earlier day, and their forecast is held to what happened.",
}


def glossary() -> Section:
    """Words and what they mean."""
    return Section("glossary", "Words", tuple(Text(f"{word}: {meaning}") for word, meaning in WORDS.items()))
