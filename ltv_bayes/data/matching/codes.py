"""Ids and tax numbers as they are compared, and those whose check digits prove them."""

import re
import unicodedata

from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.language import _

CREDIT_CODE = re.compile(r"[159YA-GN][1-9A-GN]\d{6}[0-9A-HJ-NPQRTUWXY]{10}")
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
RECORD = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
RECORD_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
BLANK = re.compile(f"[{BLANKS}]+")
BETWEEN_DIGITS = re.compile(r"[\s.\-/_]+")
FEWEST_DIGITS, FEWEST_KINDS = 6, 3
PLACEHOLDERS = ("0123456789", "1234567890123456789", "9876543210")


def plain_id(text: str) -> str:
    """Write an id in one width and with single blanks; small and capital letters stay apart.

    Examples
    --------
    >>> plain_id(" Ｃ０００1 "), plain_id("c  0001")
    ('C0001', 'c 0001')
    """
    return BLANK.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def record_key(text: str) -> str | None:
    """Find the 15 characters that name a Salesforce record, of an id of 15 characters or a proven one of 18.

    Source: the last three characters say which of the first 15 are capital letters, five at a time, the first of them
    counting 1, the next 2, 4, 8 and 16; the sum picks a letter of A to Z, 0 to 5.

    Examples
    --------
    >>> record_key("001D000000IqhSL"), record_key("001D000000IqhSLIAZ"), record_key("001D000000IqhSLIAA")
    ('001D000000IqhSL', '001D000000IqhSL', None)
    """
    if not RECORD.fullmatch(text):
        return None
    record, check = text[:15], text[15:]
    return record if not check or check.upper() == _capitals(record) else None


def _capitals(record: str) -> str:
    """The three characters that say which letters are capitals."""
    fives = (record[start : start + 5] for start in (0, 5, 10))
    return "".join(
        RECORD_LETTERS[sum(letter.isupper() << place for place, letter in enumerate(five))] for five in fives
    )


def plain_tax_number(text: str) -> str | None:
    """Write a tax number in capitals, in one width and without blanks, dots and hyphens; None if it can be no number.

    Too short, with few digits, or a placeholder such as 000000000: such cells say nothing.

    Examples
    --------
    >>> plain_tax_number("de 123.456.788"), plain_tax_number("00000000"), plain_tax_number("无")
    ('DE123456788', None, None)
    """
    number = BETWEEN_DIGITS.sub("", plain_id(text)).upper()
    digits = re.sub(r"\D", "", number)
    invented = len(set(digits)) < FEWEST_KINDS or any(digits in row for row in PLACEHOLDERS)
    return None if len(digits) < FEWEST_DIGITS or invented else number


def is_credit_code(number: str) -> bool:
    """Whether this is a unified social credit code (统一社会信用代码) with the right check digit.

    Source: GB 32100-2015: the 18th character is 31 less the sum of the first 17, each times 3^(place - 1) mod 31.

    Examples
    --------
    >>> is_credit_code("91350100M000100Y43"), is_credit_code("91350100M000100Y44")
    (True, False)
    """
    if not CREDIT_CODE.fullmatch(number):
        return False
    total = sum(CREDIT_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(number[:17]))
    return CREDIT_LETTERS[-total % 31] == number[17]


def looks_like_credit_code(number: str) -> bool:
    """Whether a number has the form of a unified social credit code, whatever its check digit.

    Examples
    --------
    >>> looks_like_credit_code("91350100M000100Y44"), looks_like_credit_code("DE123456788")
    (True, False)
    """
    return bool(CREDIT_CODE.fullmatch(number))


def numbers_differ(one: str, other: str) -> bool:
    """Whether two tax numbers of one kind are those of two companies.

    Numbers of two kinds, such as a VAT id and that of a local office, may belong to one.

    Examples
    --------
    >>> numbers_differ("DE123456788", "DE987654321"), numbers_differ("DE123456788", "2181508150")
    (True, False)
    """
    if one == other:
        return False
    return _kind(one) == _kind(other)


def _kind(number: str) -> str:
    """The form of a tax number: where it has letters, and where digits."""
    return _("credit code") if looks_like_credit_code(number) else re.sub(r"\d", "0", number)
