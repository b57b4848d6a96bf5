"""What the amounts of a column are counted in: the argument and the column's name agree, or are refused."""

import warnings
from collections.abc import Iterable
from typing import Any

from ltv_bayes.data.reading.written.headers import says_a_unit, unit_of_header
from ltv_bayes.data.reading.written.units import Unit, agreeing
from ltv_bayes.errors import DataWarning, UnitError, suggestion
from ltv_bayes.language import _
from ltv_bayes.time_units import as_number

UNIT_WORDS = ("元", "千", "千元", "万", "万元", "百万", "百万元", "亿", "亿元", "k", "TEUR", "million")


def as_factor(unit: Any) -> float:
    """Read what 1 in an amount column is worth.

    Raises
    ------
    UnitError
        If the unit is unknown, or not above zero.

    Examples
    --------
    >>> as_factor("万元"), as_factor(None), as_factor(0.01)
    (10000.0, 1.0, 0.01)
    """
    given = _given(unit)
    return given.factor if given else 1.0


def _given(unit: Any) -> Unit | None:
    """Read the unit that was given as an argument."""
    if unit is None:
        return None
    if isinstance(unit, str):
        word = unit.strip()
        found = unit_of_header(f"({word})")
        if not word or found is None:
            known = suggestion(unit, UNIT_WORDS)
            raise UnitError(
                _("amount_unit {unit!r} is not known. {known} Or pass a number, such as 1000.", unit=unit, known=known)
            )
        return Unit(word, found.factor, "argument", found.currency)
    if isinstance(unit, bool):
        raise UnitError(_("amount_unit must be a number or a word such as '万元', not {unit}.", unit=unit))
    factor = as_number(unit, "amount_unit")
    if factor <= 0:
        raise UnitError(_("amount_unit must be above zero, not {factor:g}.", factor=factor))
    return Unit(f"{factor:g}", factor, "argument")


def unit_of_column(unit: Any, header: Any) -> tuple[Unit | None, Unit | None]:
    """Choose between the unit that was given and the one that the header states; give the latter too."""
    given, stated = _given(unit), None if header is None else unit_of_header(header)
    if given is None or given.is_number or stated is None:
        return given or stated, stated
    currencies = agreeing(one.currency for one in (given, stated))
    if (says_a_unit(stated) and stated.factor != given.factor) or len(currencies) > 1:
        raise UnitError(
            _(
                "The name of the column {header!r} says {word}, amount_unit={word_2!r} something else. Pass "
                "amount_unit={word!r} if the name is right; the number amount_unit={factor:.15g} if not.",
                header=str(header),
                word=stated.word,
                word_2=given.word,
                factor=given.factor,
            )
        )
    return given, stated


def require_units_alike(names: Iterable[Any], unit: Any) -> None:
    """Raise if no unit is given, and some of the columns that belong together say theirs where others say none.

    Raises
    ------
    UnitError
        With the unit to pass.

    Examples
    --------
    >>> require_units_alike(["下限（万元）", "上限（元）"], None)
    >>> require_units_alike(["下限（万元）", "上限"], None)
    Traceback (most recent call last):
        ...
    ltv_bayes.errors.UnitError: The name of the column '下限（万元）' says 万元, and '上限' says no unit. Pass ...
    """
    stated = {str(name): unit_of_column(unit, name)[1] for name in names}
    silent = [name for name, one in stated.items() if one is None or not says_a_unit(one)]
    scaled = {name: one.word for name, one in stated.items() if one is not None and one.factor != 1.0}
    if unit is None and silent and scaled:
        name, word = next(iter(scaled.items()))
        problem = _(
            "The name of the column {name!r} says {word}, and {silent!r} says no unit",
            name=name,
            word=word,
            silent=silent[0],
        )
        raise UnitError(
            _(
                "{problem}. Pass amount_unit={word!r} if all are in it, or say the unit in each name.",
                problem=problem,
                word=word,
            )
        )


def unit_to_apply(name: Any, unit: Any, *, stacklevel: int = 2) -> float:
    """Choose what 1 in a column is worth, from the argument and the column's name, and tell where the name decides.

    Raises
    ------
    UnitError
        If the two contradict each other.

    Warns
    -----
    DataWarning
        With the unit that was applied, and how to say otherwise.

    Examples
    --------
    >>> unit_to_apply("金额（万元）", "万元"), unit_to_apply("金额（万元）", 1), unit_to_apply("万科订单金额", None)
    (10000.0, 1.0, 1.0)
    """
    applied, _ = unit_of_column(unit, name)
    if applied is None:
        return 1.0
    if applied.source == "header" and applied.factor != 1.0:
        warnings.warn(applied_unit(applied, name), DataWarning, stacklevel=stacklevel + 1)
    return applied.factor


def warn_of_other_unit(ratio: float, far: float, compared: str, cure: str = "", *, stacklevel: int = 3) -> None:
    """Warn if two kinds of amounts differ so much that they are hardly counted in one unit.

    Parameters
    ----------
    ratio : float
        The typical amount of one kind, divided by that of the other; nothing is compared where it is 0 or NaN.
    far : float
        The ratio from which on, or from the inverse of which down, the reader is asked.
    compared : str
        The beginning of the sentence: both kinds and how large they typically are.
    cure : str
        A last sentence: what to do if the units differ.
    stacklevel : int
        As in :func:`warnings.warn`, counted from the caller.

    Warns
    -----
    DataWarning
        With the question.
    """
    if ratio > 0 and not 1 / far < ratio < far:
        message = _("{compared}: are they counted in one unit? {cure}", compared=compared, cure=cure).rstrip()
        warnings.warn(message, DataWarning, stacklevel=stacklevel + 1)


def applied_unit(unit: Unit, name: Any) -> str:
    """Say that the header's unit was applied."""
    cure = _(
        "Pass amount_unit={word!r} to say so yourself, or the number 1 as amount_unit if the name is wrong.",
        word=unit.word,
    )
    return _(
        "Amounts in {name!r} were multiplied by {factor:,.15g}, as the name says {word}. {cure}",
        name=str(name),
        factor=unit.factor,
        word=unit.word,
        cure=cure,
    )
