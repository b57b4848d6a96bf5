"""The questions about judgement that a value answers."""

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.intervals import interval_settings
from ltv_bayes.language import _
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.value.influence import conflicts, double_counting, judged_parts, power_scaling, sensitivity
from ltv_bayes.value.valued import Valued


@dataclass(frozen=True, eq=False, repr=False)
class JudgementInValue(Printed):
    """How much of a value is judgement, and which judgements it depends on: ``ltv.judgement``.

    Attributes
    ----------
    valued : Valued
        The value asked about.
    """

    valued: Valued

    def share(self) -> pd.Series:
        """How much of the portfolio is judgement: its share of the mean, and of the variance of the total.

        The share of variance is Cov(judged, total) / Var(total), so the shares of all components add up to 1.

        Returns
        -------
        pandas.Series
            ``mean`` and ``variance``, shares.

        Examples
        --------
        ``ltv.judgement.share()["mean"]`` is 0.25 where a quarter of the expected value is judged.
        """
        return sensitivity.judgement_share(self.valued)

    def with_and_without(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """The value with judgement beside the value without it.

        Parameters
        ----------
        customer_id
            One customer; the whole portfolio when left out.
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            Three rows, with judgement, without judgement, what judgement adds: mean, sd, median, interval.

        Raises
        ------
        InputError
            If nothing is judged.
        """
        return sensitivity.with_and_without(self.valued, customer_id, interval_settings(ci_prob, ci_kind))

    def sensitivity(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """How much of the portfolio each judgement is, and what the portfolio is without it.

        Parameters
        ----------
        ci_prob, ci_kind
            Interval, as in `with_and_without`.

        Returns
        -------
        pandas.DataFrame
            One row for each source as it is without judgement; one for what judgements change about these, such as who
            is alive, if they do; then one for each judgement, the largest mean first: source, customer_id,
            opportunity, expert; mean (of its money within the value); mean_share and variance_share,
            Cov(part, total) / Var(total), each of which adds up to 1 over all rows; mean, median and interval of the
            portfolio without it under ``without_``.

        Raises
        ------
        InputError
            If nothing is judged.

        Notes
        -----
        Beyond the totals of the portfolio only judged customers are looked at, unless judgements change the revenue of
        streams: then the portfolio is valued a second time, without them. The part of an opinion on a whole value is by
        how much it changes that value.
        """
        return sensitivity.sensitivity(self.valued, interval_settings(ci_prob, ci_kind))

    def tornado(self, statistic: Literal["mean", "median"] = "mean") -> pd.DataFrame:
        """Which judgements matter: the portfolio if one opportunity is known to fail, or to succeed.

        An opinion on a whole value is settled likewise: the customer pays nothing, or the low or high amount.

        Parameters
        ----------
        statistic : {"mean", "median"}
            Of the portfolio.

        Returns
        -------
        pandas.DataFrame
            One row for each judgement: customer_id, opportunity, expert; the portfolio if it fails (absent), if it
            succeeds with its low amount (at_low) and with its high one (at_high), of which each is passed with one
            chance in ten, after recalibration; swing = at_high - absent, the largest first. ``attrs["total"]`` is the
            portfolio as it stands, with the mean or median of ``ltv.explain()``.

        Raises
        ------
        InputError
            If nothing is judged, or the statistic is unknown.
        """
        return sensitivity.tornado(self.valued, statistic)

    def power_scaling(self, alphas: tuple[float, float] = (0.8, 1.25), ci_prob: float | None = None) -> pd.DataFrame:
        """How the portfolio changes if a judgement, or a model's priors, are held more or less firmly.

        The density of each is raised to a power: below 1 it is held more loosely, above 1 more firmly.

        Parameters
        ----------
        alphas : (float, float)
            Two powers, one below 1 and one above.
        ci_prob : float, optional
            Probability of the equal-tailed interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            A row for all judgements, for those of each expert, for each judgement alone, and for the priors of each
            fit: mean_change and the changes of the interval's ends for each doubling of the power, in money;
            sensitivity, the largest of the three over the interval's width, and noticeable where that is above 0.05.
            Of priors also pareto_k, and in note what cannot be known or trusted.

        Raises
        ------
        UnitError
            If the powers do not lie on either side of 1.

        Notes
        -----
        All changes, the mean's too, are of draws; the means of other tables are averaged already. Judgements have no
        data behind them, so their draws are made anew from the scaled density, with the same luck and beside the same
        draws of streams: log-odds times the power, and the standard deviation of the logarithm of an amount over its
        root. A firmer 60% becomes more than 60%, since 60% leans to yes. Priors of models are scaled by importance
        weights of the posterior draws, which Pareto k judges: at 0.7 or above, fit again with other priors instead.
        Densities of positive parameters are those of their logarithm, so that a log-normal prior keeps its median too.
        An opinion on a whole value takes its customer's draws out of their places, which weights cannot follow;
        ``note`` says so.

        References
        ----------
        Kallioinen, Paananen, Bürkner & Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity with
        power-scaling, Statistics and Computing 34, 57.
        """
        return power_scaling.power_scaling(self.valued, alphas, ci_prob)

    def conflicts(self, threshold: float = 0.01, gone: float = 0.2) -> pd.DataFrame:
        """Where judgement and model disagree beyond chance.

        Two questions for each opportunity of a customer with a stream of repeat purchases: is the amount further out
        than an order of this customer would be, and is the customer still there? Where several such streams know a
        customer, the amount is compared with the one with the most similar orders. Opinions on whole values are no
        orders; see `opinions` for these.

        Parameters
        ----------
        threshold : float
            Probability that an order of the customer lies as far out as the judged amount's median, on either side,
            below which that is a conflict. Of judgements in line with the model this share is flagged by chance.
        gone : float
            Probability of being active below which a customer is taken to have left, if more than that is judged.

        Returns
        -------
        pandas.DataFrame
            One row for each opportunity of a customer whom such a stream knows: customer_id, opportunity, expert,
            probability and judged_amount as used, expected_order, tail_probability, probability_alive, conflict, and
            the reason in words; conflicts first.

        Raises
        ------
        InputError
            If nothing is judged, or no stream of repeat purchases is valued.

        Notes
        -----
        A conflict is a question to the expert, not a mistake: the opportunity may be larger than anything this
        customer ever bought.
        """
        return conflicts.conflicts(self.valued, threshold, gone)

    def opinions(self) -> pd.DataFrame:
        """Opinions on customers' whole future value, beside the model's draws and their combination.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id: probability and median as stated; model_median and median of the total within the
            longest horizon, not discounted and before margin; pareto_k of the weights of the draws above 0, which can
            be trusted below 0.7: minus infinity where they are nearly alike or bounded, infinite where hardly a draw
            agrees with the opinion.
        """
        return double_counting.combined_opinions(self.valued)

    def audit(self) -> pd.DataFrame:
        """The record of each judgement: stated, recalibrated, its money in the value, by which expert, when.

        Returns
        -------
        pandas.DataFrame
            As `FutureValuePriors.audit`, with used (mean of its money in the value, discounted and after margin) and
            used_share (its share of the portfolio's mean). `write_table` writes it to a file.

        Raises
        ------
        InputError
            If nothing is judged.
        """
        return judged_parts.audit_in_value(self.valued)

    def _page(self) -> ResultPage:
        judged = self.valued.future_value
        number = _("no judgement") if judged is None else counted(len(judged), "judgement")
        asked = _("share, with_and_without, sensitivity, tornado, power_scaling, conflicts, opinions, audit")
        text = _(
            "Judgement in a value of {customers}: {number}. Ask: {asked}",
            customers=counted(len(self.valued.customers), "customer"),
            number=number,
            asked=asked,
        )
        return ResultPage([text])
