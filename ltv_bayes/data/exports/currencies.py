"""Amounts of several currencies to one, at rates that the user gives; nothing is relabelled."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import quoted, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.written.units import CURRENCIES, YEN_AND_YUAN, YEN_OR_YUAN
from ltv_bayes.errors import InputError, counted, listed, refuse_rows
from ltv_bayes.language import _

Rates = Mapping[str, float] | Any


CODE = re.compile(rf"[A-Z]{{3}}|{YEN_OR_YUAN}|")


def currency_code(word: Any) -> str:
    """The code of a currency, by its code, sign or name; a word that is not known stays as it is.

    Examples
    --------
    >>> currency_code("人民币"), currency_code("usd"), currency_code("EUR - Euro"), currency_code(" ")
    ('CNY', 'USD', 'EUR', '')
    """
    text = unicodedata.normalize("NFKC", str(word)).strip()
    begins = re.match(r"[A-Za-z]{3}(?![A-Za-z])", text)
    return CURRENCIES.get(text.lower()) or (CURRENCIES.get(begins[0].lower()) if begins else None) or text.upper()


def sign_of_yen(
    column: pd.Series | None, marks: pd.Series | None, currency: str | None, rates: Rates
) -> tuple[str, str]:
    """What ¥ is the sign of, yuan or yen, by what the file and the call say.

    Parameters
    ----------
    column : pandas.Series, optional
        Of currencies.
    marks : pandas.Series, optional
        What amounts show.
    currency, rates : optional
        As in `in_one_currency`.

    Returns
    -------
    str
        CNY or JPY: yuan if nothing says it.
    str
        That nothing says it, for the report; empty otherwise.

    Raises
    ------
    InputError
        If some say yen and others yuan, naming the rows where it is open.
    """
    given = _shown(column, marks)
    if given is None:
        return "CNY", ""
    own, marks = given
    at = ((marks == YEN_OR_YUAN) & ~own.isin(YEN_AND_YUAN) | (own == YEN_OR_YUAN)).to_numpy()
    if not at.any():
        return "CNY", ""
    asked = [currency_code(currency) if currency else "", *_rated(rates)]
    meant = YEN_AND_YUAN & {*own.unique(), *marks.unique(), *asked}
    if len(meant) == 2:
        problem = _("with an amount in ¥, where both yuan and yen are spoken of")
        refuse_rows(
            marks.index[at], "row", problem, _("Write CNY or JPY beside the amounts, in a column of currencies.")
        )
    note = _("¥ was read as the sign of yuan. If it is that of yen, say currency='JPY'.")
    return next(iter(meant), "CNY"), "" if meant else note


def _shown(column: pd.Series | None, marks: pd.Series | None) -> tuple[pd.Series, pd.Series] | None:
    """What a column of currencies says of each row, if there is one, and what its amount shows; None without either."""
    if column is None:
        return None if marks is None else (marks, marks)
    return _codes(column), pd.Series("", index=column.index, dtype=object) if marks is None else marks


def _codes(column: pd.Series) -> pd.Series:
    """The code of each cell, empty where there is none."""
    codes, distinct = pd.factorize(column)
    return pd.Series(np.array([*map(currency_code, distinct), ""], dtype=object)[codes], index=column.index)


def _rated(rates: Rates) -> list[str]:
    """The currencies for which there are rates."""
    names = rates if rates is None or isinstance(rates, Mapping) else read_table(rates).get("currency", ())
    return [currency_code(name) for name in (() if names is None else names)]


def currencies_of(column: pd.Series | None, marks: pd.Series | None, yen: str = "CNY") -> pd.Series | None:
    """The currency of each row, by a column of currencies and by what amounts and their header show; empty where none.

    ``yen`` is the currency of ¥ where its row does not say it. Without a column and marks, there are none: None.

    Raises
    ------
    InputError
        If the two contradict each other, naming rows.
    """
    given = _shown(column, marks)
    if given is None:
        return None
    found, marks = given
    if column is None:
        return marks.replace(YEN_OR_YUAN, yen)
    at = ~found.isin([word for word in found.unique() if CODE.fullmatch(word)]).to_numpy()
    problem = _(
        "with a currency in {name!r} that is not known, such as {column}",
        name=str(column.name),
        column=quoted(column, at),
    )
    refuse_rows(marks.index[at], "row", problem, _("Write its code of three letters, as in USD."))
    marks = marks.mask((marks == YEN_OR_YUAN) & found.isin(YEN_AND_YUAN), found).replace(YEN_OR_YUAN, yen)
    found = found.mask((found == YEN_OR_YUAN) & marks.isin(YEN_AND_YUAN), marks).replace(YEN_OR_YUAN, yen)
    at_odds = ((found != "") & (marks != "") & (found != marks)).to_numpy()
    problem = _(
        "with an amount in {mark} where the column of currencies says {currency}",
        mark=listed(sorted(set(marks[at_odds]))),
        currency=listed(sorted(set(found[at_odds]))),
    )
    refuse_rows(marks.index[at_odds], "row", problem, _("Correct either: an amount has one currency."))
    found = found.where(found != "", marks)
    if (found != "").any():
        missing = marks.index[(found == "").to_numpy()]
        refuse_rows(missing, "row", _("without a currency, where others have one"), _("Fill in the currency."))
    return found


def in_one_currency(
    amounts: pd.Series, currencies: pd.Series | None, days: pd.Series, currency: str | None, rates: Rates
) -> tuple[pd.Series, str | None, str]:
    """Convert amounts.

    Parameters
    ----------
    amounts, days : pandas.Series
        Of each order.
    currencies : pandas.Series or None
        Of each order, empty where it has none; None where no order has one.
    currency : str, optional
        The currency that is wanted.
    rates : mapping or table, optional
        What 1 of each currency is worth in it: ``{"USD": 7.1}``, or a table of currency, date and rate.

    Returns
    -------
    pandas.Series
        Amounts in one currency.
    str or None
        Which.
    str
        What was converted, for the report; empty if nothing.

    Raises
    ------
    InputError
        If amounts are in several currencies, or in another than is wanted, and no rate is given.
    """
    wanted = _wanted(currency)
    shown = [] if currencies is None else sorted(set(currencies.unique()) - {""})
    if wanted is None:
        if currencies is not None and len(shown) > 1:
            raise _several(currencies, shown)
        if rates is not None:
            raise InputError(_("rates= converts to one currency. Say to which, as in currency='CNY'."))
        return amounts, (shown[0] if shown else None), ""
    others = [one for one in shown if one != wanted]
    if currencies is None or not others:
        return amounts, wanted, ""
    if rates is None:
        rows = amounts.index[currencies.isin(others)]
        raise InputError(
            _(
                "{rows} in {others}, and currency={currency!r} (rows {rows_2}). Amounts are never relabelled: "
                "pass rates={rates_to_fill}, what 1 of it is worth in {wanted}, or read them as they are with "
                "currency={others_2!r}.",
                rows=counted(len(rows), "row"),
                others=listed(others),
                currency=currency,
                rows_2=listed(rows),
                rates_to_fill=_rates_to_fill(others),
                wanted=wanted,
                others_2=others[0],
            ),
            rows,
        )
    factors = _factors(rates, others, currencies, days)
    money = ", ".join(f"{amounts[currencies == one].sum():,.2f} {one}" for one in others)
    return amounts * factors, wanted, _("converted to {wanted}: {money}", wanted=wanted, money=money)


def _wanted(currency: str | None) -> str | None:
    """The code of the currency that is asked for."""
    code = currency_code(currency) if currency else None
    return "CNY" if code == YEN_OR_YUAN else code or currency or None


def _several(currencies: pd.Series, shown: list[str]) -> InputError:
    where = "; ".join(
        _("{one} in rows {currencies}", one=one, currencies=listed(currencies.index[currencies == one]))
        for one in shown
    )
    cure = _(
        "Pass currency={shown!r} and rates={rates_to_fill}, what 1 of each is worth in {shown} (or a table "
        "of currency, date and rate), or read each currency by itself.",
        shown=shown[0],
        rates_to_fill=_rates_to_fill(shown[1:]),
    )
    return InputError(
        _("The amounts are in {number} currencies ({where}). {cure}", number=len(shown), where=where, cure=cure),
        currencies.index[currencies != ""],
    )


def _rates_to_fill(currencies: list[str]) -> str:
    """The argument with a place for each rate."""
    return f"{{{', '.join(f'{one!r}: ...' for one in currencies)}}}"


def _factors(rates: Rates, others: list[str], currencies: pd.Series, days: pd.Series) -> np.ndarray:
    """What 1 in each row is worth."""
    factors = np.ones(len(currencies))
    fixed = (
        {currency_code(name) or str(name): rate for name, rate in rates.items()} if isinstance(rates, Mapping) else None
    )
    table = pd.DataFrame() if fixed is not None else _table(rates)
    for one in others:
        at = (currencies == one).to_numpy()
        if fixed is not None:
            rate = fixed.get(one)
            if not isinstance(rate, int | float) or isinstance(rate, bool) or not np.isfinite(rate) or rate <= 0:
                rows = currencies.index[at]
                problem = _(
                    "rates has no number above 0 for {one}, the currency of {rows}",
                    one=one,
                    rows=counted(len(rows), "row"),
                )
                raise InputError(
                    _(
                        "{problem} (rows {rows}). Add what 1 of it is worth: rates={{{one!r}: ...}}.",
                        problem=problem,
                        rows=listed(rows),
                        one=one,
                    ),
                    rows,
                )
            factors[at] = float(rate)
            continue
        levels = table[table["currency"] == one].sort_values("date")
        place = np.searchsorted(levels["date"].to_numpy(), days[at].to_numpy(), side="right") - 1
        early = currencies.index[at][place < 0]
        refuse_rows(
            early, "row", _("in {one} before the first rate of {one}", one=one), _("Add a rate of an earlier date.")
        )
        factors[at] = levels["rate"].to_numpy()[place]
    return factors


def _table(rates: Any) -> pd.DataFrame:
    """Read a table of rates: currency, date, rate."""
    raw = read_table(rates)
    cure = _("The columns of rates are 'currency', 'date' and 'rate'.")
    names, dates, levels = (named_column(raw, name, "rates", cure) for name in ("currency", "date", "rate"))
    days, day_faults = as_days(dates)
    numbers, faults = as_amounts(levels)
    refuse([*day_faults, *faults], raw.index, _("These are rows of rates."))
    refuse_rows(
        raw.index[(numbers <= 0).to_numpy()], "row", _("of rates with a rate of 0 or below"), _("Correct the rate.")
    )
    codes = [currency_code(name) or str(name) for name in names]
    table = pd.DataFrame({"currency": codes, "date": days.to_numpy(), "rate": numbers.to_numpy()})
    twice = table.duplicated(["currency", "date"]).to_numpy()
    refuse_rows(raw.index[twice], "row", _("of rates with a second rate of its currency and date"), _("Keep one."))
    return table
