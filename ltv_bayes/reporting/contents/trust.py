"""Whether the figures can be trusted: what was read, the backtest, and checks of the models."""

import re
from functools import partial

from ltv_bayes.data.orders.reasons import reason_in_words
from ltv_bayes.errors import counted, sentence_case
from ltv_bayes.evaluation.rolling.comparison import ModelComparison
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.evaluation.rolling.verdict import RARE, total_tail
from ltv_bayes.formulas.models.parameterization import TITLES
from ltv_bayes.language import _, as_known, sentences, without_hint
from ltv_bayes.plots.backtests import plot_backtest
from ltv_bayes.plots.checks import plot_tracking
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Badge, Part, Picture, Section, State, Table, Text, note

FEW_WINDOWS = 3
SAME = 1e-9
MODEL = re.compile(rf"(?<![\w\"'])(?:{'|'.join(sorted(TITLES, key=len, reverse=True))})(?![\w\"'])", re.ASCII)
ENDED_LINE = re.compile(r"(?<=[.。])\n")


def trust(of: Material) -> Section | None:
    """The verdict of the backtest, and the checks of the models."""
    parts = [*_backtest(of), *_checks(of)]
    return Section("trust", _("Did forecasts like these hold?"), tuple(parts)) if parts else None


def badge(of: Material) -> Badge | None:
    """In how many windows totals held, at a glance."""
    found = of.backtest
    if not isinstance(found, RollingBacktest):
        return None
    spend = "spend" if "spend" in found.compared else found.compared[0]
    inside = found.summary().loc[spend, "inside"].astype(bool)
    held, windows = int(inside.sum()), len(inside)
    rare = total_tail(held, windows, found.windows_apart) <= RARE
    meaning = _(
        "Models were fitted to what was known on earlier days. This is how often what happened next lay "
        "inside the 90% interval that they stated."
    )
    apart = found.windows_apart
    overlap = (
        _("The windows overlap: {windows} of them count as {apart:.1f} apart.", windows=windows, apart=apart)
        if apart < windows - SAME
        else ""
    )
    few = _("So few windows can refute a model, but hardly prove one.") if apart < FEW_WINDOWS - SAME else ""
    of_windows = counted(windows, "window of the past", "windows of the past")
    if spend == "spend":
        title = _("Total spend: held in {held} of {of_windows}", held=held, of_windows=of_windows)
    else:
        title = _("Total purchases: held in {held} of {of_windows}", held=held, of_windows=of_windows)
    return Badge(
        title,
        _state(held, windows, apart, rare=rare),
        sentences(meaning, overlap, few),
    )


def _state(held: int, windows: int, apart: float, *, rare: bool) -> State:
    """What the counts say: nothing yet where all of a few windows held, or of several that overlap.

    Examples
    --------
    >>> _state(2, 2, 2.0, rare=False), _state(3, 3, 3.0, rare=False), _state(4, 4, 2.5, rare=False)
    ('plain', 'good', 'plain')
    >>> _state(5, 6, 6.0, rare=False), _state(2, 6, 6.0, rare=True)
    ('doubt', 'bad')
    """
    if held < windows:
        return "bad" if rare else "doubt"
    return "plain" if apart < FEW_WINDOWS - SAME else "good"


def _backtest(of: Material) -> list[Part]:
    """The verdict in words, the totals, and each origin."""
    found, parts = of.backtest, list[Part]()
    if isinstance(found, RollingBacktest):
        verdict = badge(of)
        parts += [*([verdict] if verdict else []), *_sentences(found.verdict)]
        parts.append(Picture("backtest", _("Totals beside their forecasts"), partial(plot_backtest, found)))
        parts.append(Table("backtest", _("Each earlier day: the total beside its forecast"), found.summary()))
        parts += map(note, found.notes)
    elif isinstance(found, ModelComparison):
        parts += _sentences(found.verdict)
        parts.append(Picture("backtest", _("Totals beside their forecasts"), partial(plot_backtest, found)))
        parts.append(Table("models", _("Models compared"), found.summary(), amounts=False))
    elif found is not None:
        parts.append(
            Picture("backtest", _("Purchases beside their forecast, week by week"), partial(plot_tracking, found))
        )
        parts.append(Table("backtest", _("Forecast from one earlier day"), found.summary(), amounts=False))
    return parts


def _checks(of: Material) -> list[Part]:
    """Whether models describe the data that they were fitted to."""
    if of.checks is None:
        return []
    findings: tuple[str, ...] = of.checks.findings
    state: State = "doubt" if findings else "good"
    words = findings or (_("The models describe the data that they were fitted to."),)
    shown = of.checks.table.rename(index=_title, level="model")
    table = Table("checks", _("Checks: what was observed, and what the models expect"), shown, amounts=False)
    return [
        *(Text(sentence_case(_titled(without_hint(one))), state) for one in words),
        table,
        *map(note, of.checks.remarks),
    ]


def _title(model: str) -> str:
    """A model as readers know it; a number, or that it is pooled, stays behind it."""
    name, mark, more = model.partition(" ")
    return _(TITLES[name]) + mark + more if name in TITLES else model


def _titled(text: str) -> str:
    """A text with models as readers know them; in code, such as `model="mbg_nbd"`, names stay.

    Examples
    --------
    >>> _titled('bg_nbd (pooled) and mbg_nbd: try model="bg_cnbd"')
    'BG/NBD (pooled) and MBG/NBD: try model="bg_cnbd"'
    """
    return MODEL.sub(lambda found: _(TITLES[found[0]]), text)


def _sentences(text: str) -> list[Part]:
    """A verdict's lines, which are broken for a terminal, as paragraphs."""
    return [Text(" ".join(line.split())) for line in ENDED_LINE.split(text)]


def source(of: Material) -> Section | None:
    """What was read and left out."""
    read = of.read
    if read is None:
        return None
    lines, _counts, notes = read.parts()
    currency = None if read.converted else read.currency
    parts: list[Part] = [Text(sentence_case(line)) for line in lines]
    rows = read.rows if "amount" in read.mapping.index else read.rows.drop(columns="amount")
    rows = rows.rename(index=reason_in_words)
    account = _("Rows of the file: {rows_in:,}. Every one of them is in this table.", rows_in=read.rows_in)
    parts.append(Table("read", _("Rows that are orders, and rows left out"), rows, currency, note=account))
    mapping = read.mapping.rename(index=as_known)
    parts.append(Table("columns", _("Columns of the file, as understood"), mapping, amounts=False))
    if len(read.status):
        status = read.status.assign(meaning=read.status["meaning"].astype(str).map(reason_in_words))
        parts.append(Table("status", _("Words of the status, as understood"), status, amounts=False))
    return Section("source", _("What was read"), (*parts, *map(note, notes)))
