"""Columns of result tables in words, and what kind of number each holds: written alike in text, pages and workbooks."""

import math
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ltv_bayes.formatting import UNKNOWN, label, money, percent, probability, three_digits, visible, with_currency
from ltv_bayes.language import N_, _, as_known, retold

Kind = Literal["money", "share", "probability", "count", "number", "ratio", "duration", "date", "yes_no", "id", "text"]
OWN = "own_columns"
"""In a table's attrs, the columns that are the user's own: they keep their names."""

OF, MONEY_TARGETS = "of", ("spend",)
"""The level of an index that says what a row is about, and those of which amounts are money."""
NAMING = (
    *("component", "source", "value", OF, "held", "level", "best_naive", "model", "quantity", "role"),
    *("factor", "reason", "verdict", "caution", "relation", "family", "meaning", "decision", "found_by", "movement"),
)
"""Columns and levels with cells that are names of this package."""
FAMILIES = (N_("log-normal"), N_("gamma"), N_("pert"))
"""Names of distributions, which are no names of columns."""

LEVEL = r"(?P<kind>eti|hdi)(?P<level>\d+(?:\.\d+)?)"
BOUND = re.compile(rf"(?:(?P<of>.+)_)?{LEVEL}_(?P<end>lb|ub)")
COVERED = re.compile(LEVEL)


def _columns(kind: Kind, *words: str, **named: str) -> dict[str, tuple[Kind, str]]:
    """Columns by their names in tables: those of the words, with underscores, and others by name."""
    found = {text.replace(" ", "_").lower(): text for text in words} | named
    return {name: (kind, text) for name, text in found.items()}


KNOWN: Mapping[str, tuple[Kind, str]] = {
    **_columns(
        "money",
        *(N_("mean"), N_("sd"), N_("median"), N_("total"), N_("realised"), N_("to come"), N_("median to come")),
        *(N_("per customer"), N_("realised per customer"), N_("to come per customer"), N_("next customer")),
        *(N_("modelled"), N_("judged"), N_("upside"), N_("value if alive"), N_("at stake"), N_("swing")),
        *(N_("difference"), N_("median difference"), N_("expected loss"), N_("standard error")),
        *(N_("value"), N_("spend"), N_("cost per client"), N_("used"), N_("absent"), N_("at low"), N_("at high")),
        *(N_("low"), N_("likely"), N_("high"), N_("judged amount"), N_("expected order"), N_("model median")),
        *(N_("stated sd"), N_("stated low"), N_("stated likely"), N_("stated high"), N_("stated median")),
        *(N_("expected value"),),
        *(N_("actual"), N_("predicted"), N_("expected"), N_("observed"), N_("crps"), N_("interval score")),
        *(N_("opening"), N_("new"), N_("won back"), N_("expansion"), N_("contraction"), N_("closing")),
        *(N_("price level"),),
        *(N_("monetary value"), N_("mean spend"), N_("amount"), N_("price"), N_("deal size")),
        *(N_("first value"), N_("total value"), N_("fitted"), N_("net value")),
        *(N_("portfolio"), N_("planned"), N_("acquisition cost"), N_("customer equity"), N_("cost per customer")),
        *(N_("cost"), N_("tax"), N_("cash"), N_("debt"), N_("company value"), N_("fee"), N_("value if renewed")),
        *(N_("cost"), N_("tax"), N_("cash"), N_("debt"), N_("company value")),
        crps_last_period=N_("error of the last period's value (CRPS)"),
        crps_average=N_("error of the average (CRPS)"),
        expected_loss_a=N_("expected loss of choosing A"),
        expected_loss_b=N_("expected loss of choosing B"),
        todays_customers=N_("today's customers"),
        lost=N_("lost revenue"),
        without=N_("without it"),
    ),
    **_columns(
        "share",
        *(N_("share"), N_("customers inside share"), N_("interval"), N_("should"), N_("change")),
        *(N_("net retention"), N_("gross retention"), N_("logo retention")),
        *(N_("net retention with prices"),),
        mean_share=N_("mean share"),
        judged_share=N_("judged share"),
        below_eti80=N_("below the 80% interval"),
        above_eti80=N_("above the 80% interval"),
    ),
    **_columns(
        "probability",
        *(N_("probability"), N_("tail probability"), N_("pit"), N_("pit p value"), N_("drop"), N_("chance")),
        *(N_("probability alive"), N_("probability alive before"), N_("probability of more"), N_("occurs")),
        *(N_("occurred"), N_("stated"), N_("recalibrated"), N_("probability low"), N_("probability high")),
        *(N_("stated probability"), N_("probability best"), N_("probability no payback"), N_("visible share")),
        *(N_("probability above realised"),),
        probability_not_renewed=N_("probability that the renewal is not made"),
        probability_next_customer_loses=N_("probability that the next customer loses money"),
        probability_a_above_b=N_("probability that A is above B"),
        probability_b_above_a=N_("probability that B is above A"),
        probability_equivalent=N_("probability of equivalence"),
    ),
    **_columns(
        "count",
        *(N_("customers"), N_("clients won"), N_("cases"), N_("won"), N_("orders"), N_("rows"), N_("number")),
        *(N_("raters"), N_("windows"), N_("totals held"), N_("gaps"), N_("forecasts"), N_("opportunities")),
        *(N_("frequency"), N_("purchases"), N_("rank"), N_("spend frequency"), N_("active customers")),
        *(N_("renewals"), N_("subscriptions")),
        *(N_("opening customers"), N_("new customers"), N_("won back customers"), N_("lost customers")),
        *(N_("closing customers"), N_("age")),
        observed_from=N_("observed from renewal"),
    ),
    **_columns(
        "number",
        *(N_("r hat"), N_("ess"), N_("skill"), N_("gini"), N_("bias"), N_("score"), N_("log interval score")),
        *(N_("misfit"), N_("correlation")),
    ),
    **_columns(
        "ratio",
        *(N_("ratio"), N_("lift"), N_("amount factor"), N_("spread factor"), N_("expected rank"), N_("sensitivity")),
        *(N_("pareto k"), N_("LTV to CAC")),
    ),
    **_columns(
        "duration",
        *(N_("payback months"), N_("until"), N_("time"), N_("recency"), N_("usual gap"), N_("silence")),
        *(N_("median time"), N_("spend age")),
        T=N_("time observed"),
    ),
    **_columns("date", N_("as of"), N_("from"), N_("to"), N_("expected on"), N_("expected from"), N_("expected to")),
    **_columns("date", N_("stated on"), N_("date"), N_("due on")),
    **_columns("date", N_("stated on"), N_("date"), N_("first order"), N_("last order"), N_("median date")),
    **_columns("date", N_("observed until"), N_("ended on"), N_("closed on")),
    **_columns("yes_no", N_("inside"), N_("holds"), N_("conflict"), N_("noticeable"), N_("told apart"), N_("decided")),
    **_columns("yes_no", N_("enough data")),
    **_columns("id", N_("row"), N_("year"), N_("decile"), N_("opportunity"), customer_id=N_("customer")),
    **_columns("id", id_a=N_("first id"), id_b=N_("second id")),
    **_columns(
        "text",
        *(N_("tier"), N_("reason"), N_("verdict"), N_("caution"), N_("expert"), N_("segment"), N_("note")),
        *(N_("segment A"), N_("segment B"), N_("channel"), N_("component"), N_("source"), N_("family"), N_("relation")),
        *(N_("held"), N_("sentence"), N_("model"), N_("quantity"), N_("parameter"), N_("market"), N_("stage")),
        *(N_("level"), N_("cohort"), N_("of"), N_("first rows"), N_("what"), N_("chances"), N_("best naive")),
        *(N_("period"), N_("decision"), N_("system"), N_("rule"), N_("repeat purchases"), N_("subscription")),
        *(N_("consumables"), N_("service"), N_("average"), N_("last period"), N_("horizon"), N_("movement")),
        *(N_("role"), N_("column"), N_("found by"), N_("word"), N_("meaning"), N_("order id"), N_("currency")),
        *(N_("factor"), N_("churn"), N_("growth"), N_("margin"), N_("age"), N_("cost of winning"), N_("customers won")),
        *(N_("additional"), N_("same total"), N_("product"), N_("unit price"), N_("line amount")),
        *(N_("stream"), N_("decided by")),
        system_a=N_("first system"),
        system_b=N_("second system"),
        name_a=N_("first name"),
        name_b=N_("second name"),
        why=N_("note on the estimate"),
    ),
}
"""What columns and rows of result tables are called in words, and their kinds."""

UNITS: Mapping[str, str] = {"until": N_("years"), "usual_gap": N_("days"), "silence": N_("days")}
"""What durations are counted in, where their name does not say."""

Words = Callable[[str], str]
PATTERNS: tuple[tuple[re.Pattern[str], Kind | None, Words], ...] = (
    (re.compile(r"rank_(\d+)"), "probability", lambda rank: _("probability of rank {rank}", rank=rank)),
    (re.compile(r"probability_above_(-?[\d.]+)"), "probability", lambda n: _("probability above {number}", number=n)),
    (re.compile(r"probability_in_top_(\d+)"), "probability", lambda n: _("probability of the top {number}", number=n)),
    (
        re.compile(r"probability_payback_within_([\d.]+)_months"),
        "probability",
        lambda months: _("probability of payback within {months} months", months=months),
    ),
    (re.compile(r"probability_(.+)"), "probability", lambda what: _("probability: {what}", what=in_words(what))),
    (re.compile(r"(.+)_share"), "share", lambda what: _("{what} share", what=in_words(what))),
    (re.compile(r"(.+)_rank"), "count", lambda what: _("{what} rank", what=in_words(what))),
    (re.compile(r"(.+)_change"), None, lambda what: _("change of {what}", what=in_words(what))),
    (re.compile(r"without_(.+)"), None, lambda what: _("{what} without it", what=in_words(what))),
    (re.compile(r"mean_(.+)"), None, lambda what: _("mean of {what}", what=in_words(what))),
    (re.compile(r"(.+)_mean"), None, lambda what: _("{what} mean", what=in_words(what))),
    (re.compile(r"(.+)_median"), None, lambda what: _("{what} median", what=in_words(what))),
    (re.compile(r"(.+)_sd"), None, lambda what: _("{what} sd", what=in_words(what))),
)
"""Names that are made of others: a pattern, the kind (None: that of the other one, or money), and the words."""


@dataclass(frozen=True)
class Heading:
    """What a column is called, and how its cells are written.

    Attributes
    ----------
    name : str
        The column's name in the table.
    words : str
        In the current language, without the unit.
    kind : {"money", "share", "probability", "count", "number", "ratio", "duration", "date", "yes_no", "id", "text"}
        What a cell holds.
    unit : str
        Such as "CNY", where it is known.
    own : bool
        Whether the column is the user's own: its cells stay as they are.

    Examples
    --------
    >>> str(heading("to_come_eti89_lb", currency="CNY")), str(heading("mean_repeat_purchases"))
    ('to come: 89% interval, from (CNY)', 'mean of repeat purchases')
    """

    name: str
    words: str
    kind: Kind
    unit: str = ""
    own: bool = False

    def __str__(self) -> str:
        return _("{heading} ({unit})", heading=self.words, unit=self.unit) if self.unit else self.words

    def write(self, value: Any, currency: str | None = None) -> str:
        """Write a cell for people; streams, levels and such that this package names are put in words."""
        if self.name in NAMING and not self.own and isinstance(value, str):
            value = retold(value)
            return in_words(value) if value in KNOWN or value.isidentifier() else visible(as_known(value))
        return written(value, self.kind, currency)


def heading(
    name: Hashable,
    cells: pd.Series | pd.Index | None = None,
    *,
    currency: str | None = None,
    amounts: bool = True,
    own: bool = False,
) -> Heading:
    """The heading of a column or of a level of the index.

    Parameters
    ----------
    name : str
        Its name in the table.
    cells : pandas.Series or Index, optional
        What stands in it. Words, dates and truths are told by their type, whatever the name.
    currency : str, optional
        Currency of amounts.
    amounts : bool
        Whether numbers that the name says nothing else of are money; False for parameters and counts.
    own : bool
        Whether the column is the user's own, which keeps its name.

    Examples
    --------
    >>> heading("probability_above_3").words, heading("employees", pd.Series([1.5]), own=True).kind
    ('probability above 3', 'number')
    """
    seen = "number" if cells is None else kind_of_cells(cells)
    if own:
        return Heading(str(name), visible(name), seen, own=True)
    kind: Kind = seen
    if seen in ("id", "number"):
        kind = kind_by_name(str(name)) or ("id" if seen == "id" else "money")
    if kind == "probability" and cells is not None and max(cells.dropna(), default=0) > 1:
        kind = "money"
    if kind == "money" and not amounts:
        kind = "number"
    unit = with_currency("", currency).strip() if kind == "money" else _(UNITS[str(name)]) if name in UNITS else ""
    return Heading(str(name), visible(in_words(name)), kind, unit)


def headings(table: pd.DataFrame, currency: str | None = None, *, amounts: bool = True) -> list[Heading]:
    """The heading of each column of a table, in order.

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [3], "mean": [61_700.0], "tier": ["top"]})
    >>> [(str(one), one.kind) for one in headings(table, "EUR")]
    [('customers', 'count'), ('mean (EUR)', 'money'), ('tier', 'text')]
    """
    own = set(table.attrs.get(OWN, ()))
    currency = currency or table.attrs.get("currency")
    amounts = amounts and _all_money(table)
    return [
        heading(name, table.iloc[:, place], currency=currency, amounts=amounts, own=name in own)
        for place, name in enumerate(table.columns)
    ]


def _all_money(table: pd.DataFrame) -> bool:
    """Whether amounts of all rows are money: a table of several targets says in each row which it is."""
    if OF in table.index.names:
        of = table.index.get_level_values(OF)
    elif OF in table.columns:
        of = pd.Index(table[OF])
    else:
        return True
    return bool(of.isin(MONEY_TARGETS).all())


def in_words(name: Hashable) -> str:
    """What a column, a level or a source of money is called in the current language.

    Examples
    --------
    >>> in_words("repeat_purchases"), in_words("eti89_ub"), in_words("probability_payback_within_12_months")
    ('repeat purchases', '89% interval, to', 'probability of payback within 12 months')
    """
    text = str(name)
    if text in KNOWN:
        return _(KNOWN[text][1])
    if bound := BOUND.fullmatch(text):
        return _bound(bound)
    if covered := COVERED.fullmatch(text):
        return _("inside {interval}", interval=interval_words(covered["kind"], covered["level"]))
    for pattern, _kind, words in PATTERNS:
        if found := pattern.fullmatch(text):
            return words(found[1])
    return label(text)


def _bound(bound: re.Match[str]) -> str:
    """One end of an interval."""
    level = interval_words(bound["kind"], bound["level"])
    of = _("{of}: {interval}", of=in_words(bound["of"]), interval=level) if bound["of"] else level
    return _("{interval}, from", interval=of) if bound["end"] == "lb" else _("{interval}, to", interval=of)


def both_ends(name: str) -> str | None:
    """What an interval is called whose lower end is this column; None if it is another column.

    Examples
    --------
    >>> both_ends("to_come_eti89_lb"), both_ends("hdi97.5_lb"), both_ends("mean")
    ('to come 89% interval', '97.5% highest-density interval', None)
    """
    bound = BOUND.fullmatch(name)
    if bound is None or bound["end"] != "lb":
        return None
    level = interval_words(bound["kind"], bound["level"])
    return _("{of} {interval}", of=in_words(bound["of"]), interval=level) if bound["of"] else level


def interval_words(kind: str, level: str | float) -> str:
    """An interval by its level.

    Examples
    --------
    >>> interval_words("eti", 89), interval_words("hdi", "97.5")
    ('89% interval', '97.5% highest-density interval')
    """
    if kind == "hdi":
        return _("{level}% highest-density interval", level=level)
    return _("{level}% interval", level=level)


def kind_by_name(name: str) -> Kind | None:
    """What kind of number a column of this name holds; None where the name does not say."""
    if name in KNOWN:
        known = KNOWN[name][0]
        return known if known == "id" or known in WRITERS else None
    if bound := BOUND.fullmatch(name):
        return (kind_by_name(bound["of"]) if bound["of"] else None) or "money"
    if COVERED.fullmatch(name):
        return "share"
    for pattern, kind, _words in PATTERNS:
        if found := pattern.fullmatch(name):
            return kind or kind_by_name(found[1]) or "money"
    return None


def kind_of_cells(cells: pd.Series | pd.Index) -> Kind:
    """What kind of cells these are by their type: numbers, whole numbers ("id"), dates, truths or text."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return "text"
    if cells.dtype == object:
        cells = cells.dropna().infer_objects()
    if pd.api.types.is_bool_dtype(cells):
        return "yes_no"
    if pd.api.types.is_datetime64_any_dtype(cells):
        return "date"
    if pd.api.types.is_integer_dtype(cells):
        return "id"
    return "number" if pd.api.types.is_float_dtype(cells) else "text"


def written(value: Any, kind: Kind, currency: str | None = None) -> str:
    """Write a cell for people.

    Examples
    --------
    >>> written(61_700.0, "money"), written(0.352, "share"), written(0.9996, "probability"), written(None, "count")
    ('61.7k', '35%', '> 0.99', '–')
    """
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return UNKNOWN
    if kind in WRITERS and pd.api.types.is_number(value):
        number = float(value)
        return money(number, currency) if kind == "money" or math.isinf(number) else WRITERS[kind](number)
    if kind == "yes_no":
        return _("yes") if value else _("no")
    if kind == "date" and isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    return visible(value)


def _number(number: float) -> str:
    """A number that is not money: four digits, thousands marked."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def _count(number: float) -> str:
    """A number of things; a mean of such numbers too."""
    return f"{number:,.0f}" if number.is_integer() else _number(number)


WRITERS: Mapping[Kind, Callable[[float], str]] = {
    "money": money,
    "share": percent,
    "probability": probability,
    "count": _count,
    "number": _number,
    "ratio": three_digits,
    "duration": three_digits,
}
