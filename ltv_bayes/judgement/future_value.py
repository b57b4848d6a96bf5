"""Future-value priors: what experts expect of named opportunities, as distributions of money."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import JudgementError
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.beliefs.opportunity import Opportunity, opportunities
from ltv_bayes.judgement.form.cells import positions_of, warn
from ltv_bayes.judgement.form.reading import Reading, checked, known_columns, own_names, refuse_shared
from ltv_bayes.judgement.form.sheets import as_stated, read_form, write_form
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.expected import expected_money, stated_quantiles
from ltv_bayes.judgement.valuing.provenance import are_mixed, audit_table
from ltv_bayes.judgement.valuing.relations import (
    AS_BEFORE,
    Setting,
    refuse_certain_opinions,
    refuse_relation_settings,
    refuse_relations,
    relations_of,
    signs_of_life,
)
from ltv_bayes.judgement.valuing.stated import lines_of, sentences_of, stated_and_expected, stated_and_fitted
from ltv_bayes.language import _
from ltv_bayes.predictions.alive import learned_share
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs.signs_of_life import SignShare
from ltv_bayes.predictions.signs.strength import SignStrength
from ltv_bayes.predictions.visibility import Coverage, VisibleShare
from ltv_bayes.tables import Printed, ResultPage


@dataclass(frozen=True, repr=False)
class FutureValuePriors(Printed):
    """Opportunities judged by experts: whether each occurs, how much it pays, and when.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per opportunity: the columns of the form as they were stated, and the distributions made from them.
        Chance: probability, or chance_a and chance_b of a beta distribution with mean probability. The amount, if it
        occurs: family, amount_1 to amount_3 (see `formulas.amount_families`), median and mean. When: between
        expected_from and expected_to.
    interval : float
        Probability that the amount, if it occurs, lies between low and high.
    adjustments : Adjustments or None
        How the outcomes of earlier judgements change these.
    shared : mapping
        Columns with groups that rise and fall together, and the correlation within each: ``{"expert": 0.2}``.
    visible : VisibleShare or None
        Which share of ordinary purchases stands in the pipeline, for judgements that are such purchases.
    opinion_weight : float or None
        Weight of an opinion on a customer's whole future value in a logarithmic pool with the model's; None if opinions
        are evidence of their own, from other sources than the orders.
    shows_life : bool, float, SignStrength or None
        Whether open opportunities are signs of life, or how strong ones; None as `with_relation` says.
    covers : Coverage or None
        The customers whose pipeline is reported here; None for all. A column, ``{column: values}`` or ids are read.
    sign_share : SignShare, float or None
        Of living customers, the share with an open opportunity, once `learn_sign_share` has learned it.
    portfolio, notes
        All judgements that these were chosen from, by which that share is learned; what was decided in reading them.
    """

    table: pd.DataFrame
    interval: float = 0.8
    adjustments: Adjustments | None = None
    shared: Mapping[str, float] = field(default_factory=dict)
    visible: VisibleShare | None = None
    opinion_weight: float | None = 0.5
    shows_life: bool | float | SignStrength | None = None
    covers: Coverage | Any = None
    sign_share: SignShare | float | None = None
    portfolio: pd.DataFrame | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "covers", Coverage.read(self.covers))
        refuse_shared(self.table, self.shared)
        if self.adjustments is not None:
            self.adjustments.require_number(len(self.table))
        refuse_relation_settings(self.opinion_weight, self.shows_life)
        refuse_relations(self.table)

    @classmethod
    def from_judgements(
        cls,
        frame: Any,
        *,
        interval: float = 0.8,
        family: str = "log-normal",
        stages: Mapping[str, Any] | None = None,
        customer_id: str = "customer_id",
        columns: Mapping[str, str] | None = None,
        amount_unit: float | str | None = None,
        decimal: str = ".",
        date_format: str | None = None,
        sheet: str | int | None = None,
        relation: str | None = None,
        visible: VisibleShare | None = None,
        opinion_weight: float | None = 0.5,
        shows_life: bool | float | SignStrength | None = None,
        covers: Any = None,
        shared: Mapping[str, float] | None = None,
        confirmed: bool = False,
    ) -> "FutureValuePriors":
        """Read judgements, one row per opportunity; a customer may have several.

        Parameters
        ----------
        frame : DataFrame, or path of a CSV, Excel or Parquet file
            Columns of the form that `judgement_template` writes, of which a row fills in what it needs; rows with
            nothing but a customer are left out.

            - customer_id
            - The chance that the opportunity occurs: probability (0.6, "60%" or "3 of 10"), or cases and of, or
              probability_low and probability_high, or stage. Where it is in doubt, chance_of states what has this
              chance: of the opportunity alone, or, as with stages=, one unknown of all opportunities in the stage.
            - The amount if it occurs, in the customers' currency, before margin: low and high, with or without likely;
              or quartiles q25, q50 and q75; or mean and sd. Optionally interval and family.
            - When: expected_on (a day, "2026-Q3" or "2026-07"), or expected_from and expected_to; if blank, any day
              within the horizon is as likely as another.
            - Optionally opportunity, expert, market, stage (names), stated_on (a date), and relation: additional,
              visible_share or same_total.
        interval : float
            Probability of the amount lying between low and high, and of the chance between its ends, where a row does
            not say it; 0.8 means one chance in ten on either side.
        family : {"log-normal", "gamma", "pert"}
            Distribution of amounts where a row does not say it.
        stages : mapping, optional
            The chance of each stage: a number, ``(won, of)``, "3 of 10", or a `ChanceBelief`. What is in doubt about
            it is drawn once for all opportunities of the stage.
        customer_id : str
            Name of the column with the customer's id; if there is none of this name, the one that exports call so.
        columns : mapping, optional
            Your names of the columns, by ours: ``{"customer_id": "客户", "low": "金额下限"}``.
        amount_unit : float or str, optional
            What 1 in the columns of amounts is worth, as in ``read_transactions``: 1000, ``"万元"``, ``"亿"``.
        decimal, date_format, sheet : optional
            The decimal mark in text, ``"."`` or ``","``; how dates are written, as in ``read_transactions``; the sheet
            of a workbook, if not the one called judgements, or the only one.
        relation, visible, opinion_weight, shows_life, covers : optional
            How judgements relate to what the model foresees, as in :meth:`with_relation`; the column relation says it
            row by row.
        shared : mapping, optional
            Columns with groups that rise and fall together, and the correlation within each: ``{"expert": 0.2}``.
        confirmed : bool
            Whether what looks like a slip is meant: an interval of less than 5%, a mean beyond 1,000 times the amounts
            stated or the largest deal of the customers valued, an sd beyond 100 times the mean.

        Raises
        ------
        ColumnError
            If a column is missing.
        JudgementError
            If a row contradicts itself or cannot be read, or one opportunity is given twice. The message names the
            rows.

        Warns
        -----
        DataWarning
            If probabilities are stated as certain, a family cannot meet the amounts stated, or a column is not read
            and its heading is near to one that is; all that are not read are named where ``columns=`` is given.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame)
        1 judged opportunity of 1 customer; amounts lie within 80% intervals
        expected value before margin and discount: 69.5
        """
        reading = Reading(interval, family, stages, amount_unit, decimal, date_format, confirmed)
        raw = read_form(frame, sheet)
        names, notes = own_names(raw, customer_id, columns)
        judged = cls(
            checked(known_columns(raw, names, reading), reading),
            float(interval),
            shared=dict(shared or {}),
            visible=visible,
            opinion_weight=opinion_weight,
            shows_life=shows_life,
            covers=covers,
            notes=notes,
        )
        if relation is not None:
            judged = judged.with_relation(relation)
        refuse_certain_opinions(judged.table)
        return judged

    def subset(self, kept: Any) -> Self:
        """Choose some judgements, each with its adjustments and the draws that it has among the others.

        What is learned of all of them stays: a slice of customers with their judgements has the value that it has among
        all. To withdraw judgements, leave them out before `from_judgements`.

        Parameters
        ----------
        kept : array of bool, or labels
            One True or False for each row of the table, or labels of its index.

        Raises
        ------
        JudgementError
            If there are more or fewer marks than judgements, or no row of such a label.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A", "B"], "probability": 0.6, "low": 50.0, "high": 200.0})
        >>> judged = FutureValuePriors.from_judgements(frame)
        >>> judged.subset(judged.table["customer_id"] == "B").table["customer_id"].tolist(), len(judged.subset([0]))
        (['B'], 1)
        """
        rows = positions_of(self.table, kept)
        adjustments = None if self.adjustments is None else self.adjustments.subset(rows)
        portfolio = all_judgements(self)
        return replace(self, table=self.table.iloc[rows], adjustments=adjustments, portfolio=portfolio)

    @property
    def relations(self) -> pd.Series:
        """How each judgement relates to the model's forecast; missing where it is not stated."""
        return relations_of(self.table)

    def __len__(self) -> int:
        return len(self.table)

    def adjusted(self, adjustments: Adjustments) -> Self:
        """Change these judgements draw by draw, by the ``adjustments`` of a calibration.

        Warns
        -----
        DataWarning
            If more than half of the expected value of a judgement depends on one draw in a hundred.
        """
        changed = replace(self, adjustments=adjustments)
        problem = _("with an expected value from one draw in a hundred, in which the stated interval is far too narrow")
        cure = _("Close more cases of the same kind, state narrower intervals, or use the median of the amounts.")
        warn(self.table, changed._expected_money[1], problem, cure, stacklevel=3)
        return changed

    def summary(self) -> pd.DataFrame:
        """One row per opportunity: what was stated, and the expected value it makes before margin and discount.

        Where the amount was not stated as low and high, these are quantiles of its distribution. Where some are
        expected within a window, expected_from and expected_to stand beside expected_on.
        """
        return stated_and_expected(self.table, self._expected_money[0])

    def amount_quantiles(self, level: ArrayLike) -> pd.Series:
        """Amounts at a ``level`` of each opportunity's distribution, of shape (opportunities,); before adjustments.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame).amount_quantiles(0.5).round(6).tolist()
        [100.0]
        """
        return stated_quantiles(self.table, level)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the judgements as they were stated, as CSV or .xlsx, in the form that `from_judgements` reads.

        Adjustments, shared effects, visible, opinion_weight, shows_life and columns that the form does not have are not
        written: pass the settings to `from_judgements` again. Ratings stay ratings, by a column rating_score. Text that
        a spreadsheet might take for a formula bears an apostrophe in CSV, which `from_judgements` takes away; in a
        workbook it is text.

        Parameters
        ----------
        path : path
            Ends in .csv or .xlsx.
        overwrite : bool
            Whether a file that is there may be replaced.

        Raises
        ------
        InputError
            If the path ends in something else, or there is a file already.

        Warns
        -----
        DataWarning
            If pooled judgements differ from draw to draw, such as those of a linear pool: the form has room for their
            quantiles alone.
        """
        written = write_form(as_stated(self.table), path, overwrite=overwrite)
        problem = _("of the judgements pooled into a mixture, of which a form holds low, likely and high alone")
        cure = _("Keep the experts' own judgements, and pool them again after reading.")
        warn(self.table, are_mixed(self.table, self.adjustments), problem, cure, stacklevel=2)
        return written

    def with_relation(
        self,
        relation: str,
        *,
        visible: VisibleShare | Setting | None = AS_BEFORE,
        opinion_weight: float | Setting | None = AS_BEFORE,
        shows_life: bool | float | SignStrength | Setting | None = AS_BEFORE,
        covers: Any = AS_BEFORE,
    ) -> Self:
        """State how judgements relate to the model's forecast, where the table does not state it row by row.

        What is not given stays as it was.

        Parameters
        ----------
        relation : {"additional", "visible_share", "same_total"}
            Projects outside the ordinary repeat purchases; ordinary purchases that the pipeline shows already; or
            opinions on all future revenue of a customer within the horizon.
        visible : VisibleShare, optional
            For ``visible_share``: which part of the ordinary purchases the pipeline shows, and how far ahead.
        opinion_weight : float or None
            For ``same_total``: weight of the opinion in a logarithmic pool, between 0 and 1; or None if opinions are
            evidence of their own, from other sources than the orders.
        shows_life : bool, float or SignStrength, optional
            Whether open opportunities are signs of life, which they are by default; or how many times as often living
            customers have one as customers who left: a number, or a `SignStrength`, by default about 20. ``numpy.inf``
            takes all that have one to be alive. If there is none, this is weak evidence that the customer has left.
            Those of ``visible_share`` are a part of the purchases and show nothing. The newest of a customer's counts,
            by stated_on: one older than 90 days is weaker evidence, and one no younger than the last order is none.
        covers : column name, mapping of a column to values, or ids, optional
            The customers whose pipeline is reported, where it is not that of all: ``{"account_manager": ["Chen"]}``,
            the name of a column of True and False, or ids. Only their purchases are left out, and only of them does a
            missing opportunity show anything.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame).with_relation("additional").relations.tolist()
        ['additional']
        """
        table, portfolio = (
            one if one is None else one.assign(relation=relations_of(one).fillna(relation))
            for one in (self.table, self.portfolio)
        )
        settings = {"visible": visible, "opinion_weight": opinion_weight, "shows_life": shows_life, "covers": covers}
        given: dict[str, Any] = {name: value for name, value in settings.items() if value is not AS_BEFORE}
        kept = None if {"shows_life", "covers"} & set(given) else self.sign_share
        related = replace(self, table=table, portfolio=portfolio, sign_share=kept, **given)
        refuse_certain_opinions(related.table)
        return related

    def learn_sign_share(self, purchases: FittedPurchases, customers: Customers) -> Self:
        """Learn once which share of living customers has an open opportunity, and keep it.

        A value learns it by itself from the customers fitted, where the fit knows them. Where it does not (draws of
        another tool, a fit of a sample, another as-of date), learn it from all customers before you value some.

        Parameters
        ----------
        purchases : FittedPurchases
            By which customers are alive.
        customers : Customers
            All customers that the pipeline is about.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> judged = FutureValuePriors.from_judgements(frame).with_relation("additional")
        >>> many = pd.DataFrame({"customer_id": list("ABCDEFGH"), "frequency": 0, "recency": 0.0, "T": 9.0})
        >>> draws = {"r": [[0.2]], "alpha": [[4.4]], "a": [[0.8]], "b": [[2.4]]}
        >>> fit = FittedPurchases.from_draws(draws, time_unit="week")
        >>> judged.learn_sign_share(fit, Customers.from_summary(many, time_unit="week")).sign_share
        20% of the living
        """
        signs = signs_of_life(all_judgements(self), self.shows_life, as_of=customers.as_of, coverage=self.covers)
        share = 0.0 if signs is None else learned_share(signs, purchases, customers)
        return replace(self, sign_share=share)

    def opportunities(self) -> list[Opportunity]:
        """A list of `Opportunity`: each by itself, with its beliefs, of shape (rows,).

        Beliefs are as they were stated; those of pooled judgements, which no single expert stated, as they are drawn.
        """
        return opportunities(self.table, self.adjustments)

    def in_words(self, currency: str | None = None) -> pd.Series:
        """Each judgement in plain words, for the expert to correct: a Series of shape (rows,); ``currency`` of amounts.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": ["3 of 10"], "low": [50e3], "high": [200e3]})
        >>> print(FutureValuePriors.from_judgements(frame).in_words().item())
        you say: 3 of 10 such occur; the chance is 32%, with 80% between 15% and 50%
        if it occurs: one chance in ten above 200k, one in ten below 50k, as likely above 100k as below; 116k on average
        when: on an unknown day within the horizon
        """
        return sentences_of(self.table, self.opportunities(), currency)

    def fit_table(self) -> pd.DataFrame:
        """What was stated of each amount beside its distribution there, indexed by opportunity; `AmountBelief`."""
        return stated_and_fitted(self.opportunities())

    def audit(self, calibration: Any = None) -> pd.DataFrame:
        """List where each judgement is from, and what is used in its place.

        Parameters
        ----------
        calibration : Calibration, optional
            What the experts' record teaches, if these judgements are not recalibrated yet.

        Returns
        -------
        pandas.DataFrame
            One row per opportunity: customer_id, opportunity, expert; stated_probability, stated_low, stated_likely,
            stated_high, and what else was stated, such as stated_cases or stated_q25; interval and family of the stated
            amount; probability (its mean), low, median and high (of the amount, its middle 80%) as they are used after
            recalibration; and the days and words that are known, such as expected_on, stated_on, relation.

        Raises
        ------
        JudgementError
            If a calibration is given for judgements that were recalibrated before.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame).audit()[["stated_low", "low", "median", "high"]].round(6)
           stated_low   low  median   high
        0        50.0  50.0   100.0  200.0
        """
        if calibration is not None and self.adjustments is not None:
            raise JudgementError(_("These judgements are recalibrated already. Call audit() without a calibration."))
        used = self if calibration is None else calibration.recalibrate(self)
        return audit_table(used.table, used.adjustments)

    @cached_property
    def _expected_money(self) -> tuple[Array, np.ndarray]:
        """Expected value of each before margin and discount, after adjustments; whether few draws dominate it."""
        return expected_money(self.table, self.adjustments)

    def _page(self) -> ResultPage:
        lines = lines_of(self.table, self.interval, self._expected_money[0])
        return ResultPage(lines, notes=[_("note: {note}", note=note) for note in self.notes])

    def _repr_html_(self) -> str:
        return replace(self._page(), table=self.summary(), rows=10).as_html()


def all_judgements(judged: FutureValuePriors) -> pd.DataFrame:
    """The table of all judgements that these were chosen from."""
    return judged.table if judged.portfolio is None else judged.portfolio
