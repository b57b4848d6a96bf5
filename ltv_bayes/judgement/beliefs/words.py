"""Chances as people say them: one in ten, as likely as not, 35%."""

from ltv_bayes.formatting import percent

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}
NUMBERS |= {20: "twenty", 40: "forty", 50: "fifty", 100: "a hundred", 200: "two hundred", 1000: "a thousand"}
NEARLY = 1e-6


def one_in(chance: float) -> str:
    """Write a chance as one in so many where that is exact, else in percent.

    Examples
    --------
    >>> one_in(0.1), one_in(0.025), one_in(0.15)
    ('one chance in ten', 'one chance in forty', 'a chance of 15%')
    """
    number = round(1 / chance) if chance > 0 else 0
    if number in NUMBERS and abs(number * chance - 1) < NEARLY:
        return f"one chance in {NUMBERS[number]}"
    return f"a chance of {percent(chance)}"
