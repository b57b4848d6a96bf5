"""Errors and warnings that name the rows at fault and the cure."""

from collections.abc import Iterable
from typing import Any

from ltv_bayes.formatting import visible
from ltv_bayes.language import _, _n, comma, retold, sentences

LISTED = 5
NAMED_BY = {"row": "row", "channel": "name", "segment": "name"}


class LtvBayesError(Exception):
    """Something in the request cannot be answered; the message says what to change.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> try:
    ...     lb.subscription_ltv(arpa=1000, margin=0.8, churn=2)
    ... except lb.LtvBayesError as error:
    ...     print(error)
    churn must lie between 0 and 1, not 2. Write 2% as churn=0.02.
    """

    def __str__(self) -> str:
        """Return the sentence, in which names from data cannot move a cursor or colour a screen."""
        return visible(retold(self.args[0])) if self.args else ""


class InputError(LtvBayesError, ValueError):
    """The data given are wrong; the message names the rows or customers and the cure.

    Attributes
    ----------
    rows : tuple
        Row numbers (as a spreadsheet shows them) or customer ids at fault.
    """

    def __init__(self, message: str, rows: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.rows = tuple(rows)


class ColumnError(InputError, KeyError):
    """A column that the work needs is missing or has the wrong kind of content."""


class UnitError(InputError):
    """A duration, date or rate carries no unit, the wrong unit, or an impossible value."""


class PriorError(InputError):
    """A prior is misspelt, unknown, or allows values the model cannot use."""


class JudgementError(InputError):
    """A judgement about future value contradicts itself or names an unknown customer."""


class FitError(LtvBayesError, RuntimeError):
    """A fit could not be made, saved or read."""


class WriteError(LtvBayesError, OSError):
    """A file could not be written; one that was there before is as it was."""


class LtvBayesWarning(UserWarning):
    """A result is usable, but the reader should act on what the message says.

    Examples
    --------
    Warnings of this package as errors, as in a job that runs unattended:

    >>> import warnings
    >>> import ltv_bayes as lb
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", lb.LtvBayesWarning)
    """


class ConvergenceWarning(LtvBayesWarning):
    """The sampler did not converge: the posterior cannot be trusted yet."""


class DataWarning(LtvBayesWarning):
    """The data were accepted, but something in them probably needs correcting."""


def listed(items: Iterable[Any], limit: int = LISTED, number: int | None = None) -> str:
    """Name a few items and count the rest, of ``number`` items if these are only the first of them.

    Examples
    --------
    >>> listed([18, 204, 377])
    '18, 204, 377'
    >>> listed(range(9), limit=3)
    '0, 1, 2 and 6 more'
    """
    items = list(items)
    shown = comma(visible(item) for item in items[:limit])
    rest = (len(items) if number is None else number) - limit
    return _("{names} and {rest:,} more", names=shown, rest=rest) if rest > 0 else shown


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun, a literal.

    Examples
    --------
    >>> counted(1, "customer"), counted(2357, "customer")
    ('1 customer', '2,357 customers')
    """
    one, several = (f"{{number}} {word.replace('{', '{{').replace('}', '}}')}" for word in (noun, plural or f"{noun}s"))
    return _n(one, several, number, number=f"{number:,}")


def sentence_case(text: str) -> str:
    """Begin with a capital letter.

    Examples
    --------
    >>> sentence_case("the fit of NBD")
    'The fit of NBD'
    """
    return text[:1].upper() + text[1:]


def a_kind(value: Any) -> str:
    """Name the type of a value with its article.

    Examples
    --------
    >>> a_kind("text"), a_kind(3), a_kind(InputError("no"))
    ('a str', 'an int', 'an InputError')
    """
    name = value.__name__ if isinstance(value, type) else type(value).__name__
    return f"{'an' if name[:1] in 'AEIOaeio' or name.startswith('nd') else 'a'} {name}"


def rows_at_fault(
    rows: Iterable[Any], noun: str, problem: str, cure: str, plural: str | None = None, number: int | None = None
) -> str:
    """Write the sentence every input error follows: who, what, what next.

    ``number`` says how many there are if ``rows`` are but the first of them. Problem and cure are messages, the noun is
    a literal.

    Examples
    --------
    >>> rows_at_fault([18, 204], "customer", "with recency after T", "Does as_of lie before their last order?")
    '2 customers with recency after T (ids 18, 204). Does as_of lie before their last order?'
    >>> rows_at_fault([7], "row", "without a date", "Fill in the date.")
    '1 row without a date (row 7). Fill in the date.'
    """
    rows = list(rows)
    number = len(rows) if number is None else number
    who, names = counted(number, noun, plural), listed(rows, number=number)
    return sentences(_written_rows(noun, number, who=who, problem=problem, names=names), cure)


def _written_rows(noun: str, number: int, **values: str) -> str:
    """Who and what, with the rows, names or ids."""
    match NAMED_BY.get(noun, "id"):
        case "row":
            return _n("{who} {problem} (row {names}).", "{who} {problem} (rows {names}).", number, **values)
        case "name":
            return _n("{who} {problem} (name {names}).", "{who} {problem} (names {names}).", number, **values)
    return _n("{who} {problem} (id {names}).", "{who} {problem} (ids {names}).", number, **values)


def refuse_rows(rows: Iterable[Any], noun: str, problem: str, cure: str, *, number: int | None = None) -> None:
    """Raise the sentence of `rows_at_fault`, if there is a row at fault.

    Raises
    ------
    InputError
        With the rows.
    """
    if found := list(rows):
        raise InputError(rows_at_fault(found, noun, problem, cure, number=number), found)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Name what the user probably meant, and everything that is known.

    Examples
    --------
    >>> suggestion("mean_rat", ["mean_rate", "rate_cv"])
    "Did you mean 'mean_rate'? Known names: mean_rate, rate_cv."
    """
    import difflib

    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    meant = _("Did you mean {name!r}?", name=near[0]) if near else ""
    return sentences(meant, _("Known names: {names}.", names=comma(known)))
