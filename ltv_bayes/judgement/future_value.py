"""Future-value priors: what experts expect of named opportunities, as distributions of money."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import ColumnError, DataWarning, JudgementError, counted, rows_at_fault, suggestion
from ltv_bayes.formatting import money
from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.beliefs.one_by_one import fit_table, in_words, opportunities
from ltv_bayes.judgement.form.amounts import PARAMETERS
from ltv_bayes.judgement.form.columns import SAME_TOTAL, SCORED, VISIBLE_SHARE
from ltv_bayes.judgement.form.reading import Reading, checked, known_columns
from ltv_bayes.judgement.form.sheets import as_stated, read_form, write_form
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.before_valuing import (
    check_shown_in_time,
    refuse_opinions_alone,
    require_known,
    require_visible_share,
    written_as,
)
from ltv_bayes.judgement.valuing.draws import JudgedDraws
from ltv_bayes.judgement.valuing.expected import expected_money
from ltv_bayes.judgement.valuing.provenance import audit
from ltv_bayes.judgement.valuing.relations import refuse_certain_opinions, refuse_relations, with_relation
from ltv_bayes.judgement.valuing.whole_value import Opinion, opinions_by_customer
from ltv_bayes.judgement.valuing.windows import across_horizon, last_day_shown, outside_horizon, windows
from ltv_bayes.predictions.alive import SignsOfLife
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.terms import Terms

LIVELIER = 20.0


@dataclass(frozen=True, repr=False)
class FutureValuePriors(Printed):
    """Opportunities judged by experts: will it come, how much, when.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per opportunity: the columns of the form as they were stated, and what they make. Whether it comes:
        probability, or chance_a and chance_b of a beta distribution, whose mean is then probability. The amount, if it
        comes: family, amount_1 to amount_3 (see `formulas.amount_families`), median and mean. When: between
        expected_from and expected_to.
    interval : float
        Probability that the amount, if it comes, lies between low and high.
    adjustments : Adjustments or None
        How what came of earlier judgements changes these.
    shared : mapping
        Columns whose groups rise and fall together, with the correlation within each: ``{"expert": 0.2}``.
    visible : VisibleShare or None
        Which share of ordinary purchases stands in the pipeline, for judgements that are such purchases.
    opinion_weight : float or None
        Weight of an opinion on a customer's whole future value in a logarithmic pool with the model's; None if opinions
        are evidence of their own, from other sources than the orders.
    shows_life : bool, float or None
        Whether open opportunities are signs of life, or how strong ones; None as `with_relation` says.
    """

    table: pd.DataFrame
    interval: float = 0.8
    adjustments: Adjustments | None = None
    shared: Mapping[str, float] = field(default_factory=dict)
    visible: VisibleShare | None = None
    opinion_weight: float | None = 0.5
    shows_life: bool | float | None = None

    def __post_init__(self) -> None:
        shares = [as_share(share, column) for column, share in self.shared.items()]
        if sum(shares) >= 1:
            raise JudgementError(f"Correlations of shared effects add up to {sum(shares):g}; they must stay below 1.")
        for column in self.shared:
            if column not in self.table:
                raise ColumnError(f"The judgements have no column {column!r}. {suggestion(column, self.table.columns)}")
        if self.opinion_weight is not None:
            as_share(self.opinion_weight, "opinion_weight")
        if self.adjustments is not None and len(self.adjustments.who) != len(self.table):
            raise JudgementError(
                f"There are adjustments of {counted(len(self.adjustments.who), 'judgement')} for a table of "
                f"{len(self.table):,}. Choose judgements with judged.subset(...), which keeps both together."
            )
        if not isinstance(self.shows_life, bool | None) and not (_is_number(self.shows_life) and self.shows_life > 1):
            raise JudgementError(f"shows_life must be True, False or a number above 1, not {self.shows_life!r}.")
        refuse_relations(self)

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
        shows_life: bool | float | None = None,
        shared: Mapping[str, float] | None = None,
    ) -> "FutureValuePriors":
        """Read judgements, one row per opportunity; a customer may have several.

        Parameters
        ----------
        frame : DataFrame, or path of a CSV, Excel or Parquet file
            Columns of the form that `judgement_template` writes, of which a row fills in what it needs; rows with
            nothing but a customer are left out.

            - customer_id
            - The chance that the opportunity comes: probability (0.6, "60%" or "3 of 10"), or cases and of, or
              probability_low and probability_high, or stage. Where it is in doubt, chance_of says whose chance it is:
              of the opportunity alone, or, as with stages=, one unknown of all opportunities in the stage.
            - The amount if it comes, in the customers' currency, before margin: low and high, with or without likely;
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
            Name of the column with the customer's id.
        columns : mapping, optional
            Your names of the columns, by ours: ``{"customer_id": "客户", "low": "金额下限"}``.
        amount_unit : float or str, optional
            What 1 in the columns of amounts is worth, as in ``read_transactions``: 1000, ``"万元"``, ``"亿"``.
        decimal : str
            The decimal mark in text, ``"."`` or ``","``.
        date_format : str, optional
            How dates are written, as in ``read_transactions``.
        sheet : str or int, optional
            The sheet of a workbook; otherwise the one called judgements, or the only one.
        relation, visible, opinion_weight, shows_life : optional
            How judgements relate to what the model foresees, as in :meth:`with_relation`; the column relation says it
            row by row.
        shared : mapping, optional
            Columns whose groups rise and fall together, with the correlation within each: ``{"expert": 0.2}``.

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
            whose heading is near to one that is; all that are not read are named where ``columns=`` is given.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame)
        1 judged opportunity of 1 customer; amounts lie within 80% intervals
        expected value before margin and discount: 69.5
        """
        reading = Reading(interval, family, stages, amount_unit, decimal, date_format)
        own = {"customer_id": customer_id} if customer_id != "customer_id" else {}
        stated = known_columns(read_form(frame, sheet), {**own, **(columns or {})}, reading)
        judged = cls(
            checked(stated, reading),
            float(interval),
            shared=dict(shared or {}),
            visible=visible,
            opinion_weight=opinion_weight,
            shows_life=shows_life,
        )
        if relation is not None:
            judged = judged.with_relation(relation)
        refuse_certain_opinions(judged)
        return judged

    def subset(self, kept: Any) -> Self:
        """Choose some judgements, each with its adjustments and the draws that it has among the others.

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
        rows = self._positions(kept)
        adjustments = None if self.adjustments is None else self.adjustments.subset(rows)
        return replace(self, table=self.table.iloc[rows], adjustments=adjustments)

    def _positions(self, kept: Any) -> np.ndarray:
        """Read a choice of rows."""
        chosen = np.atleast_1d(np.asarray(kept))
        if chosen.dtype != bool:
            unknown = [label for label in chosen.tolist() if label not in self.table.index]
            if unknown:
                cure = "Give labels of judged.table.index, or a True or False for each row."
                raise JudgementError(rows_at_fault(unknown, "row", "not in the table of judgements", cure), unknown)
            return self.table.index.get_indexer_for(pd.Index(chosen))
        if len(chosen) != len(self):
            judgements = counted(len(self), "judgement")
            raise JudgementError(f"There are {len(chosen):,} marks for {judgements}. Give one True or False for each.")
        return np.flatnonzero(chosen)

    @property
    def relations(self) -> pd.Series:
        """How each judgement relates to what the model foresees; missing where nobody has said."""
        if "relation" not in self.table:
            return pd.Series(None, self.table.index, dtype=object)
        text = self.table["relation"].astype(object)
        return text.where(text.notna() & (text.astype(str).str.strip() != ""), None)

    @property
    def signs_of_life(self) -> SignsOfLife | None:
        """Customers with an open opportunity; None where these are not taken for signs of life, or there are none.

        Opinions on a whole value and ratings are no signs, nor are opportunities without a chance. Those that stand for
        purchases which the model foresees are none either: they are counted as purchases.
        """
        if self.shows_life is False:
            return None
        open_ones = ~self.are_opinions & (self.relations != VISIBLE_SHARE) & (self.table["probability"] > 0)
        if SCORED in self.table:
            open_ones &= self.table[SCORED].isna()
        heard = frozenset(self.table["customer_id"][open_ones].astype(str))
        ratio = LIVELIER if isinstance(self.shows_life, bool | None) else float(self.shows_life)
        return SignsOfLife(heard, ratio) if heard else None

    @property
    def are_opinions(self) -> np.ndarray:
        """Mark opinions on a customer's whole future value; the others are opportunities."""
        return (self.relations == SAME_TOTAL).to_numpy(dtype=bool)

    @property
    def are_mixed(self) -> np.ndarray:
        """Mark pooled judgements whose distribution differs from draw to draw: nobody stated it in the table's way."""
        if self.adjustments is None:
            return np.zeros(len(self), dtype=bool)
        stated = self.table.get("stated_probability", pd.Series(np.nan, self.table.index))
        return stated.isna().to_numpy() & self.adjustments.change_anything

    @property
    def shape(self) -> tuple[int, int] | None:
        """Chains and draws per chain that adjustments have; None, for any number, without any."""
        return None if self.adjustments is None else self.adjustments.shape

    def __len__(self) -> int:
        return len(self.table)

    def adjusted(self, adjustments: Adjustments) -> Self:
        """Change these judgements draw by draw.

        Warns
        -----
        DataWarning
            If more than half of what a judgement is expected to bring comes from one draw in a hundred.
        """
        changed = replace(self, adjustments=adjustments)
        _, unsure = changed._expected_money
        if unsure.any():
            rows = list(self.table.index[unsure])
            problem = (
                "whose expected value rests on one draw in a hundred, in which the stated interval is far too narrow"
            )
            cure = (
                "Close more cases of the same kind, state narrower intervals, or go by the median of what they bring."
            )
            warnings.warn(rows_at_fault(rows, "row", problem, cure), DataWarning, stacklevel=3)
        return changed

    def summary(self) -> pd.DataFrame:
        """One row per opportunity: what was stated, and the expected value it makes before margin and discount.

        Where the amount was not stated as low and high, these are quantiles of its distribution. Where some are
        expected within a window, expected_from and expected_to stand beside expected_on.
        """
        names = ["customer_id", "opportunity", "expert", "probability", "low", "likely", "high", "expected_on"]
        if (self.table["expected_from"] < self.table["expected_to"]).any():
            names += ["expected_from", "expected_to"]
        low, high = self._interval_of_amounts()
        stated = self.table[names].assign(low=low, high=high)
        return stated.assign(expected_value=self._expected_money[0])

    def amount_quantiles(self, level: ArrayLike) -> pd.Series:
        """Amounts at a level of each opportunity's distribution, if it comes; before adjustments.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame).amount_quantiles(0.5).round(6).tolist()
        [100.0]
        """
        levels = np.broadcast_to(np.asarray(level, dtype=float), len(self))
        amounts = np.empty(len(self))
        for family in self.table["family"].unique():
            rows = (self.table["family"] == family).to_numpy()
            first, second, third = (self.table[name].to_numpy()[rows] for name in PARAMETERS)
            amounts[rows] = amount_quantiles(family, (first, second, third), levels[rows])
        return pd.Series(amounts, self.table.index)

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
        if self.are_mixed.any():
            rows = list(self.table.index[self.are_mixed])
            problem = "of the judgements pooled into a mixture, of which a form holds low, likely and high alone"
            cure = "Keep the experts' own judgements, and pool them again after reading."
            warnings.warn(rows_at_fault(rows, "row", problem, cure), DataWarning, stacklevel=2)
        return written

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> "JudgedDraws":
        """Make ready to value these customers; judgements of others do not count, nor the past of an open window.

        Raises
        ------
        JudgementError
            If an expected date lies before the as-of date.
        """
        first, last = windows(self.table, terms)
        if self.visible is not None:
            undated = (self.relations == VISIBLE_SHARE) & first.isna()
            first, last = first.mask(undated, 0.0), last.mask(undated, last_day_shown(self.visible, terms))
        found = written_as(customers, self.table["customer_id"])
        placed = {"position": np.arange(len(self.table)), "first_days": first, "last_days": last}
        table = self.table.assign(customer_id=found, **placed)[found.notna() & ~self.are_opinions]
        return JudgedDraws(customers.ids, table, terms, shape, seed, adjustments=self.adjustments, shared=self.shared)

    def opinions(self, customers: Customers) -> dict[Any, Opinion]:
        """The opinions on these customers' whole future value, by id."""
        if not self.are_opinions.any():
            return {}
        found = written_as(customers, self.table["customer_id"])
        table = self.table.assign(customer_id=found, position=np.arange(len(self.table)))
        return opinions_by_customer(table[found.notna() & self.are_opinions], self.opinion_weight, self.adjustments)

    # Methods like the others: functions of judgements, each written with its docstring in another file.
    with_relation = with_relation

    opportunities = opportunities
    in_words = in_words
    fit_table = fit_table
    audit = audit

    outside_horizon = outside_horizon
    across_horizon = across_horizon
    require_known = require_known
    refuse_opinions_alone = refuse_opinions_alone
    require_visible_share = require_visible_share
    check_shown_in_time = check_shown_in_time

    @cached_property
    def _expected_money(self) -> tuple[Array, np.ndarray]:
        """Expected value of each before margin and discount, after adjustments, and whether it rests on few draws."""
        if self.adjustments is not None:
            return expected_money(self.table, self.adjustments)
        stated = self.table["probability"] * self.table["mean"]
        return stated.to_numpy(dtype=float), np.zeros(len(self), dtype=bool)

    def _interval_of_amounts(self) -> tuple[pd.Series, pd.Series]:
        """Low and high as stated, or of the distribution where the amount was stated otherwise."""
        tail = (1 - self.table["interval"]) / 2
        low, high = self.amount_quantiles(tail), self.amount_quantiles(1 - tail)
        return self.table["low"].fillna(low), self.table["high"].fillna(high)

    def _page(self) -> ResultPage:
        opinions, said = int(self.are_opinions.sum()), []
        if len(self) > opinions or not opinions:
            customers = counted(self.table.loc[~self.are_opinions, "customer_id"].nunique(), "customer")
            named = counted(len(self) - opinions, "judged opportunity", "judged opportunities")
            said.append(f"{named} of {customers}")
        if opinions:
            said.append(f"{counted(opinions, 'opinion')} on a customer's whole future value")
        text = f"{', '.join(said)}; amounts lie within {self._intervals()} intervals"
        if len(self) == opinions > 0:
            return ResultPage([text])
        expected = money(float(self._expected_money[0][~self.are_opinions].sum()))
        return ResultPage([text, f"expected value before margin and discount: {expected}"])

    def _intervals(self) -> str:
        levels = self.table["interval"].unique() if "interval" in self.table else [self.interval]
        return f"{100 * levels[0]:g}%" if len(levels) == 1 else "stated"

    def _repr_html_(self) -> str:
        return replace(self._page(), table=self.summary(), rows=10).as_html()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number)
