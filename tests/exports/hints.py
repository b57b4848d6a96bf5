"""Hints of a message, as a reader would paste them: the arguments that it names, and its whole calls."""

import ast
import re
from collections.abc import Iterator
from typing import Any

ARGUMENTS = (
    "customer", "date", "amount", "order_id", "stream", "preset", "keep", "lines", "repeated_rows", "currency", "rates",
    "date_format", "time_zone", "decimal", "amount_unit", "bad_rows", "sheet", "header", "encoding",
)  # fmt: skip
NAMED = re.compile(rf"(?<![\w.])({'|'.join(ARGUMENTS)})=(?!=)")
JOINED = re.compile(r"\s*(?:,|and|with)\s*")
CALL = re.compile(r"\b(?:lb\.)?read_table\(")


def pasted(message: str) -> list[dict[str, Any]]:
    """Every argument that a message names, each by itself; and those that it joins by "and", together.

    Examples
    --------
    >>> pasted("Pass currency='USD' and rates={'EUR': 1.1}, or bad_rows='drop'.")
    [{'currency': 'USD'}, {'rates': {'EUR': 1.1}}, {'currency': 'USD', 'rates': {'EUR': 1.1}}, {'bad_rows': 'drop'}]
    >>> pasted("Choose one: amount='a=b' or amount=None.")
    [{'amount': 'a=b'}, {'amount': None}]
    """
    found: list[dict[str, Any]] = []
    end, together = -1, {}
    for match in NAMED.finditer(message):
        if match.start() < end:  # within the value of another
            continue
        value = _literal(message, match.end())
        if value is None:
            continue
        one = {match[1]: value[0]}
        joined = end >= 0 and JOINED.fullmatch(message[end : match.start()]) is not None
        together = {**together, **one} if joined and match[1] not in together else one
        found.append(one)
        if len(together) > 1:
            found.append(dict(together))
        end = value[1]
    return found


def calls(message: str) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """The whole calls of read_table in a message: positional and named arguments."""
    for match in CALL.finditer(message):
        call = _parsed(message, match.start(), lambda text: ast.parse(text, mode="eval").body)
        if call is not None and isinstance(call[0], ast.Call):
            named = {one.arg: ast.literal_eval(one.value) for one in call[0].keywords if one.arg}
            yield [ast.literal_eval(one) for one in call[0].args], named


def _literal(message: str, start: int) -> tuple[Any, int] | None:
    """The value that begins here, and where it ends."""
    return _parsed(message, start, ast.literal_eval)


def _parsed(message: str, start: int, parse: Any) -> tuple[Any, int] | None:
    """The longest piece from here that ends with a bracket, a quotation mark or a word, and can be parsed."""
    first = message[start : start + 1]
    closing = {"'": "'", '"': '"', "{": "}", "[": "]", "(": ")"}.get(
        first, ")" if parse is not ast.literal_eval else ""
    )
    ends = [place + 1 for place in range(start + 1, len(message)) if message[place] == closing] if closing else []
    if not ends and (word := re.compile(r"-?[\w.]*\w").match(message, start)):
        ends = [word.end()]
    for end in ends:  # the shortest that is whole
        try:
            return parse(message[start:end]), end
        except (ValueError, SyntaxError):
            continue
    return None
