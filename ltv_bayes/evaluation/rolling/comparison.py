"""Several models compared over the same origins: one table, and which one scores best, in words."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from scipy import special

from ltv_bayes.errors import InputError, counted, suggestion
from ltv_bayes.evaluation.count_calibration import COVERED
from ltv_bayes.evaluation.rolling.origins import origins_in_words
from ltv_bayes.evaluation.rolling.result import LINE, SCORES, RollingBacktest
from ltv_bayes.evaluation.rolling.verdict import STATED, TARGETS
from ltv_bayes.formatting import label, percent, three_digits
from ltv_bayes.formulas.forecast_scores import paired_difference
from ltv_bayes.intervals import flagged, interval_name, quoted_with
from ltv_bayes.language import N_, _, both, comma
from ltv_bayes.tables import Printed, ResultPage

RARE = 0.05
"""How often models that score alike are distinguished, over all pairs."""
HIGHER = N_("{name}, {share} higher")


@dataclass(frozen=True, eq=False, repr=False)
class ModelComparison(Printed):
    """Models compared over the same origins; made by `backtest` with ``models=``.

    Attributes
    ----------
    backtests : mapping of RollingBacktest
        Of each model, by its name; of several streams, of their total.
    """

    backtests: Mapping[str, RollingBacktest]

    def __getitem__(self, name: str) -> RollingBacktest:
        if name not in self.backtests:
            raise InputError(
                _(
                    "There is no model {name!r}. {suggestion}",
                    name=name,
                    suggestion=suggestion(str(name), self.backtests),
                )
            )
        return self.backtests[name]

    @property
    def names(self) -> list[str]:
        """The models, as they were given."""
        return list(self.backtests)

    @property
    def streams(self) -> "dict[str, ModelComparison]":
        """Of a log with several streams, the comparison in each; this one is of their total."""
        return {
            stream: ModelComparison({name: one.streams[stream] for name, one in self.backtests.items()})
            for stream in self._one.streams
        }

    @property
    def compared(self) -> list[str]:
        """What is compared: purchases, and spend where the log has amounts."""
        return self._one.compared

    @property
    def currency(self) -> str | None:
        """Currency of spend."""
        return self._one.currency

    @property
    def caution(self) -> str:
        """What every table must state: each model's caution."""
        return "; ".join(
            _("{name}: {caution}", name=name, caution=one.caution)
            for name, one in self.backtests.items()
            if one.caution
        )

    @property
    def verdict(self) -> str:
        """Which model scores best and by how much, or that they cannot be distinguished, in words."""
        lines = [verdict_between(self, of) for of in reversed(self.compared)]
        return "\n".join(textwrap.fill(line, LINE) for line in lines)

    def summary(self, ci_prob: float = STATED) -> pd.DataFrame:
        """One row for each model, of purchases and of spend, the best by its score first.

        Parameters
        ----------
        ci_prob : float
            Probability of the equal-tailed intervals of totals that are scored and counted.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``of`` and ``model``: eti50, eti80, eti90, bias and crps of customers, as in
            `RollingBacktest.scores`; difference of the CRPS to the best model's, its standard_error, and whether they
            are ``told_apart``, as in `differences`; totals_held of all windows; interval_score and log_interval_score
            of totals.
        """
        scores, totals = self.scores(ci_prob), self._held(ci_prob)
        coverage = [interval_name(prob, "eti") for prob in COVERED]
        customers = scores.xs("customer", level="level")[[*coverage, "bias", "crps"]]
        table = customers.join(self.differences()).join(totals)
        table = table.join(scores.xs("total", level="level")[list(SCORES)])
        ranked = {of: table.loc[of, "crps"].reindex(self.names).sort_values(kind="stable") for of in self.compared}
        order = [(of, name) for of, crps in ranked.items() for name in crps.index]
        return flagged(table.loc[order], self.caution, self.currency)

    def scores(self, ci_prob: float = STATED) -> pd.DataFrame:
        """How good the forecasts of each model were: `RollingBacktest.scores`, indexed by of, model and level.

        Parameters
        ----------
        ci_prob : float
            Probability of the intervals.
        """
        tables = {
            name: one.scores(ci_prob).drop(columns="caution", errors="ignore") for name, one in self.backtests.items()
        }
        table = (
            pd.concat(tables, names=["model"])
            .reorder_levels(["of", "model", "level"])
            .sort_index(level="of", sort_remaining=False, kind="stable")
        )
        return flagged(table, self.caution, self.currency)

    def differences(self, of: str | None = None) -> pd.DataFrame:
        """How far each model's score is from that of the best one, with the doubt that is left.

        Parameters
        ----------
        of : {"spend", "purchases"}, optional
            Both, if not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``of`` and ``model``: difference, the mean CRPS per customer less that of the model with the
            lowest one; standard_error of it, of paired differences, over customers and over windows; told_apart,
            whether it is larger than chance makes it (a t-test at 5%, over all pairs of models).

        Notes
        -----
        Variances over customers and over windows are added (see `formulas.forecast_scores.paired_difference`); windows
        that overlap count in part. Of one window, only customers vary: other times may differ.
        """
        rows = {}
        for what in self.compared if of is None else [self._chosen(of)]:
            crps = pd.DataFrame({name: one.customers().loc[what, "crps"] for name, one in self.backtests.items()})
            who = pd.factorize(crps.index.get_level_values("customer_id"))[0]
            when = pd.factorize(crps.index.get_level_values("as_of"))[0]
            best = crps.mean().idxmin()
            pairs = len(self.names) * (len(self.names) - 1) / 2
            for name in self.names:
                apart = (crps[name] - crps[best]).to_numpy()
                mean, error, freedom = paired_difference(apart, who, when, self._one.windows_apart)
                far = special.stdtrit(freedom, 1 - RARE / pairs / 2)
                rows[what, name] = {"difference": mean, "standard_error": error, "told_apart": bool(mean > far * error)}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["of", "model"])

    @property
    def _one(self) -> RollingBacktest:
        """One of them, for what all have in common."""
        return next(iter(self.backtests.values()))

    def _chosen(self, of: str | None) -> str:
        if of is not None and of not in self.compared:
            raise InputError(
                _("The backtest has no {of!r}. {suggestion}", of=of, suggestion=suggestion(of, self.compared))
            )
        return of or self.compared[-1]

    def _held(self, ci_prob: float) -> pd.DataFrame:
        """In how many windows each model's total held."""
        held = {name: one.totals(ci_prob, "eti").xs("total", level="level") for name, one in self.backtests.items()}
        counts = {name: totals["inside"].groupby(level="of").agg(["sum", "size"]) for name, totals in held.items()}
        table = pd.concat(counts, names=["model"]).reorder_levels(["of", "model"])
        return pd.DataFrame({"totals_held": table["sum"].astype(int), "windows": table["size"]})

    def _page(self) -> ResultPage:
        one = self._one
        when = origins_in_words(one.as_of)
        of = _("the total of {streams}: ", streams=counted(len(one.streams), "stream")) if one.streams else ""
        table = self.summary().loc[self.compared[::-1]]
        held = [
            _("{held} of {windows}", held=held, windows=windows)
            for held, windows in zip(table["totals_held"], table["windows"], strict=True)
        ]
        table = table.assign(totals_held=held).drop(columns=["told_apart", "windows", "interval_score"])
        shown = table.set_axis([f"{label(of)} {name}" for of, name in table.index])
        notes = [
            _(
                "{stream} alone. {verdict_between}",
                stream=stream,
                verdict_between=verdict_between(each, self._chosen(None)),
            )
            for stream, each in self.streams.items()
        ]
        notes += [_("note: {note}", note=note) for note in one.notes]
        heading = _(
            "Backtest of {of}{models} from {when} {horizon} ahead",
            of=of,
            models=counted(len(self.names), "model"),
            when=when,
            horizon=one.horizon,
        )
        return ResultPage(
            [heading], shown, [self.verdict, *(textwrap.fill(line, LINE) for line in notes)], amounts=False
        )


def verdict_between(comparison: ModelComparison, of: str) -> str:
    """Say of purchases or of spend which model scores best, and by how much."""
    table = comparison.summary().loc[of]
    best, others = table.index[0], table.iloc[1:]
    each = comparison[best].customers().loc[of]
    number, windows = each.index.get_level_values("customer_id").nunique(), len(comparison[best].windows)
    over = _(
        "over {customers} and {windows}", customers=counted(number, "customer"), windows=counted(windows, "window")
    )
    worse, alike = others[others["told_apart"].astype(bool)], others[~others["told_apart"].astype(bool)]
    lowest = float(table["crps"].iloc[0])
    higher = _(
        "the error per customer (CRPS) is higher with {each}", each=_each(worse, N_("{name} by {share}"), lowest)
    )
    if worse.empty and len(alike) == 1:
        apart = _each(alike, N_("{share}"), lowest)
        result = _(
            "{best} and {alike} cannot be told apart: errors per customer (CRPS) differ by {apart}",
            best=best,
            alike=alike.index[0],
            apart=apart,
        )
    elif worse.empty:
        result = _(
            "{best} has the lowest error per customer (CRPS), but cannot be told apart from {others}",
            best=best,
            others=_each(alike, HIGHER, lowest),
        )
    elif alike.empty:
        result = _("{best} scores best: {higher}", best=best, higher=higher)
    else:
        result = _(
            "{best} scores best: {higher}; it cannot be told apart from {each}",
            best=best,
            higher=higher,
            each=_each(alike, HIGHER, lowest),
        )
    few = _("; one window: other times may differ") if windows == 1 else ""
    held = comma(f"{row['totals_held']} ({name})" for name, row in table.iterrows())
    sentence = _(
        "{of}. {result}, {over}{few}. Totals held, of {windows}: {held}.",
        of=_(TARGETS[of]),
        result=result,
        over=over,
        few=few,
        windows=counted(windows, "window"),
        held=held,
    )
    return quoted_with(sentence, comparison.caution)


def _each(rows: pd.DataFrame, way: str, lowest: float) -> str:
    """By how much the score of each model is above the best, written in a way, with its standard error."""
    parts = []
    for name, row in rows.iterrows():
        share = percent(row["difference"] / lowest if lowest > 0 else float("nan"))
        amount, error = three_digits(row["difference"]), three_digits(row["standard_error"])
        parts.append(
            _(
                "{way} ({amount}, standard error {error})",
                way=_(way, name=name, share=share),
                amount=amount,
                error=error,
            )
        )
    return both([comma(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
