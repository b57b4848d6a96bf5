"""Whether the figures can be trusted: backtest, checks, cautions, terms and assumptions."""

from functools import partial

from ltv_bayes.evaluation.rolling.comparison import ModelComparison
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.intervals import describe_interval
from ltv_bayes.plots.backtests import plot_backtest
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Badge, Part, Picture, Section, State, Table, Text

FEW_WINDOWS = 3


def trust(of: Material) -> Section | None:
    """The verdict of the backtest, and the checks of the models."""
    parts: list[Part] = []
    if isinstance(of.backtest, RollingBacktest):
        parts += [_badge(of.backtest), *_lines(of.backtest.verdict)]
        parts.append(Picture("backtest", "Totals beside their forecasts", partial(plot_backtest, of.backtest)))
        parts.append(Table("backtest", "Backtest: each origin", of.backtest.summary(), amounts=False))
        parts += [Text(note) for note in of.backtest.notes]
    elif isinstance(of.backtest, ModelComparison):
        parts += _lines(of.backtest.verdict)
        parts.append(Table("models", "Models compared", of.backtest.summary(), amounts=False))
    elif of.backtest is not None:
        parts.append(Table("backtest", "Backtest", of.backtest.summary(), amounts=False))
    if of.checks is not None:
        state: State = "good" if of.checks.passed else "doubt"
        parts += [Text(one, state) for one in of.checks.findings or ("The fits describe these data.",)]
        parts.append(Table("checks", "Checks: observed and expected", of.checks.table, amounts=False))
        parts += [Text(one, "doubt") for one in of.checks.remarks]
    return Section("trust", "Did it hold, and does the model describe the data?", tuple(parts)) if parts else None


def _badge(backtest: RollingBacktest) -> Badge:
    """In how many windows totals held, at a glance."""
    of = "spend" if "spend" in backtest.compared else backtest.compared[0]
    inside = backtest.summary().loc[of, "inside"].astype(bool)
    held, windows = int(inside.sum()), len(inside)
    state: State = "good" if held >= 0.75 * windows else "doubt" if held else "bad"
    meaning = (
        "Models were fitted on what was known on each of these days; what happened after lay inside the stated interval"
        " that often."
    )
    if windows < FEW_WINDOWS:
        meaning += " So few windows can refute a model, but hardly prove one."
    return Badge(f"Totals held in {held} of {windows} windows", state, meaning)


def _lines(text: str) -> list[Part]:
    return [Text(" ".join(line.split())) for line in text.replace(".\n", ".\0").split("\0")]


def assumptions(of: Material) -> Section:
    """On which terms the value was computed, and what it assumes."""
    terms, settings = of.ltv.settings.terms, of.ltv.settings
    rate = terms.discount_rate
    parts: list[Part] = [
        Text(f"As of {terms.as_of}; value over {terms.horizon} from that day."),
        Text(f"Future money is discounted at {100 * rate:.3g}% a year." if rate else "Money is not discounted."),
        Text(f"Margin: {settings.margin} of revenue is kept{settings.exceptions}."),
        Text(f"Intervals are {describe_interval(None, None)}s of what will happen, luck included."),
    ]
    parts += [Text(note, "doubt") for note in of.ltv.notes()]
    return Section("assumptions", "Terms and assumptions", tuple(parts))
