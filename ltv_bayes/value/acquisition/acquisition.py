"""Do channels pay? Value of new clients against what they cost, and when the money is back."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import UnitError, listed, sentence_case
from ltv_bayes.formulas.acquisition import chance_of_one_rate, draw_cost_per_client, time_until
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, interval, interval_name, interval_settings, summarize_draws
from ltv_bayes.posterior import SAMPLE_DIMS
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_number
from ltv_bayes.value.acquisition.costs import AcquisitionCosts
from ltv_bayes.value.acquisition.new_customers import NewCustomerValue
from ltv_bayes.value.acquisition.sentences import NEARLY_NEVER, ChannelFigures, sentence, verdict
from ltv_bayes.value.acquisition.targets import Yardstick

BY_CHANCE = 0.01
BEYOND = 1e12
NOT_SHOWN = ("spend", "probability_above_1", "probability_no_payback")
CHANNEL, PERIOD = "channel", "period"
MANY, APART = 10, 2.0
"""From so many clients on, numbers that differ by more than this factor are hardly of the same clients."""
SHORT = {"clients_won": "won", "cost_per_client": "cost", "ltv_to_cac": "ratio"}


@dataclass(frozen=True, eq=False, repr=False)
class Acquisition(Printed):
    """Channels by draws of what a client costs and is worth.

    Attributes
    ----------
    value : NewCustomerValue
        Of the channels that have costs.
    costs : AcquisitionCosts
    yardstick : Yardstick
    channels : tuple of str
        In the order of the costs.
    seed : int
        Of the draws of costs.
    left_out : tuple of str
        Channels that the fit knows and that have no costs.
    """

    value: NewCustomerValue
    costs: AcquisitionCosts
    yardstick: Yardstick
    channels: tuple[str, ...]
    seed: int
    left_out: tuple[str, ...] = field(default=())

    @property
    def currency(self) -> str | None:
        """Currency of values and costs, where known."""
        return self.value.currency

    @property
    def settings(self) -> str:
        """The terms in words."""
        return self.value.settings

    @property
    def caution(self) -> str:
        """What every table must say; empty when nothing."""
        return self.value.caution

    @property
    def column(self) -> str:
        """What channels are called: the column by which the fits are pooled, or 'channel'.

        Arrays of draws have a dimension of this name, so that ``value.draws / found.cac`` is channel by channel.
        """
        return self.value.column or CHANNEL

    @cached_property
    def ltv(self) -> xr.DataArray:
        """Posterior of the expected value of a new client: (chain, draw, channel), the last named as `column`."""
        drawn = self.value.draws
        if self.value.column is None:
            return self._labelled([drawn.to_numpy().ravel()] * len(self.channels), "ltv", self._money)
        return self._labelled(list(drawn.to_numpy().reshape(-1, len(self.channels)).T), "ltv", self._money)

    @cached_property
    def cac(self) -> xr.DataArray:
        """Posterior of the cost per client: (chain, draw, channel)."""
        rows = self.costs.totals().loc[list(self.channels)]
        return self._labelled([self._cost(name, *row) for name, row in rows.iterrows()], "cac", self._money)

    @cached_property
    def ratio(self) -> xr.DataArray:
        """Posterior of LTV:CAC: (chain, draw, channel)."""
        return (self.ltv.drop_attrs() / self.cac.drop_attrs()).rename("ltv_to_cac")

    @cached_property
    def payback(self) -> xr.DataArray:
        """Months until expected discounted margin of a new client reaches the cost: (chain, draw, channel).

        Infinite in draws in which it never does within the horizon.
        """
        courses, each = self.courses, []
        for place, name in enumerate(self.channels):
            course, cost = courses[name], self.cac[..., place].to_numpy().ravel()
            each.append(time_until(cost, course.money, course.months, by_steps=course.by_steps))
        return self._labelled(each, "payback_months", "months")

    @cached_property
    def courses(self) -> dict[str, Any]:
        """What has come in from a new client of each channel by each time, in expectation."""
        found = self.value.course()
        if self.value.column is None:
            return dict.fromkeys(self.channels, next(iter(found.values())))
        return found

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per channel, the one with the highest LTV:CAC first.

        Returns
        -------
        pandas.DataFrame
            spend, clients_won, cost_per_client (median), value (mean), ltv_to_cac (median) with its interval,
            probability_above_1 and above the threshold, payback_months (median; infinite for never within the horizon)
            with its interval, the probabilities of payback in time and of none within the horizon, and the verdict.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        table = pd.DataFrame([self._row(figures) for figures in self.figures(prob, kind)])
        table = table.astype({"clients_won": "Int64"}).set_index(CHANNEL).rename_axis(self.column)
        table = table.sort_values("ltv_to_cac", ascending=False, kind="stable")
        return flagged(table, self.caution, self.currency)

    def sentences(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
        """One sentence to quote per channel."""
        prob, kind = interval_settings(ci_prob, ci_kind)
        said = {
            figures.channel: sentence(figures, self.yardstick, self.value.horizon, self.currency, (prob, kind))
            + self._unseen_clause(figures.channel)
            for figures in self.figures(prob, kind)
        }
        suffix = f" ({self.caution}: do not use these numbers yet)" if self.caution else ""
        return pd.Series(said, name="sentence").reindex(self.summary(prob, kind).index) + suffix

    def budget(
        self, amount: float | None = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Rank channels by what the next money brings, if it wins clients at the rate of the money so far.

        Parameters
        ----------
        amount : float, optional
            Money for one channel; 1 if not given, so that figures are shares of the money.

        Returns
        -------
        pandas.DataFrame
            One row per channel, the one with the highest expected net value first: mean, sd, median and interval of the
            net value, the probabilities that it is above 0 and that it is the best, the loss that is expected if this
            channel is chosen and another was best, and whether data are enough.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        units = 1.0 if amount is None else as_number(amount, "amount")
        if not units > 0:
            raise UnitError(f"amount must be above 0, not {units:g}.")
        net = units * (self.ratio - 1)
        values = net.to_numpy().reshape(-1, len(self.channels))
        best = values.max(axis=1, keepdims=True)
        winners = (values == best) / (values == best).sum(axis=1, keepdims=True)
        table = summarize_draws(net, ci_prob=prob, ci_kind=kind).add_prefix("net_value_")
        table["probability_above_0"] = (values > 0).mean(axis=0)
        table["probability_best"] = winners.mean(axis=0)
        table["expected_loss"] = (best - values).mean(axis=0)
        table["enough_data"] = [figures.enough(self.yardstick) for figures in self.figures(prob, kind)]
        return flagged(table.sort_values("net_value_mean", ascending=False, kind="stable"), self.caution, self.currency)

    def by_period(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per channel and period: the period's own cost per client, and the channel's value over it.

        Returns
        -------
        pandas.DataFrame
            Indexed by channel and period, or by channel where costs have no periods: spend, clients_won,
            cost_per_client (median), ltv_to_cac (median) with its interval, probability above the threshold. What
            costs nothing in a period has no ratio there.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        name, rows = interval_name(prob, kind), []
        for row in self.costs.rows.itertuples():
            each = self._cost(
                f"{row.channel}\x1f{row.period}", row.spend or np.nan, row.clients_won, row.cost_per_client
            )
            ratio = self.ltv.sel({self.column: row.channel}).to_numpy().ravel() / each
            low, high = interval(ratio, prob, kind)
            known = {CHANNEL: row.channel, PERIOD: row.period, "spend": row.spend, "clients_won": row.clients_won}
            figures = {"cost_per_client": np.median(each), "ltv_to_cac": np.median(ratio)}
            bounds = {f"ltv_to_cac_{name}_lb": float(low), f"ltv_to_cac_{name}_ub": float(high)}
            above = {self._above: float(np.mean(ratio > self.yardstick.threshold)) if row.spend != 0 else np.nan}
            rows.append({**known, **figures, **bounds, **above})
        table = pd.DataFrame(rows).set_index([CHANNEL, PERIOD]).rename_axis([self.column, PERIOD])
        if (self.costs.rows["period"] == "").all():
            table = table.droplevel(1)
        return flagged(table.astype({"clients_won": "Int64"}), self.caution, self.currency)

    def notes(self) -> list[str]:
        """What a reader should know before relying on these figures."""
        notes = [f"{self.caution}: do not use these numbers yet."] if self.caution else []
        if self.value.column is None:
            notes.append("the fits are not pooled by channel, so a client of any channel is worth the same.")
        notes += [f"{said}." for said in self.value.unseen_notes("channels")]
        if self.left_out:
            notes.append(f"without costs, so left out: {listed(self.left_out)}.")
        paid = self.costs.rows[self.costs.rows["spend"] != 0]
        for name, rows in paid.groupby("channel", sort=False):
            if rows["clients_won"].notna().all() and chance_of_one_rate(rows["spend"], rows["clients_won"]) < BY_CHANCE:
                notes.append(
                    f"clients won per money differ between the periods of {name} by more than chance: "
                    f"its interval is too narrow; see by_period()."
                )
        if apart := self._won_apart():
            notes.append(
                f"clients won are not those of the fit, by more than a factor of {APART:g}: {listed(apart)}. Are costs "
                f"and orders of the same channels and years?"
            )
        return notes

    def _won_apart(self) -> list[str]:
        """Channels whose clients won and clients in the fit differ by more than a factor."""
        won, fitted = self.costs.totals()["clients_won"], self.value.terms.fitted_customers()
        both = [(name, float(won[name]), float(fitted.get(name, 0.0))) for name in self.channels]
        return [
            f"{name} ({costs:,.0f} won, {here:,.0f} in the fit)"
            for name, costs, here in both
            if min(costs, here) >= MANY and max(costs, here) > APART * min(costs, here)
        ]

    def _unseen_clause(self, channel: str) -> str:
        """What is drawn for a channel, as one more sentence."""
        notes = self.value.of([channel]).unseen_notes("channels") if channel in self.value.unseen else {}
        return "".join(f" {sentence_case(note)}." for note in notes)

    def figures(self, ci_prob: float, ci_kind: str) -> list[ChannelFigures]:
        """What there is to say of each channel."""
        totals, means = self.costs.totals(), self.ltv.mean(SAMPLE_DIMS).to_numpy()
        found = []
        for place, name in enumerate(self.channels):
            ratio, months = (drawn[..., place].to_numpy().ravel() for drawn in (self.ratio, self.payback))
            found.append(
                ChannelFigures(
                    channel=name,
                    spend=float(totals.loc[name, "spend"]),
                    clients_won=float(totals.loc[name, "clients_won"]),
                    cost=float(np.median(self.cac[..., place])),
                    least_cost=float(np.quantile(self.cac[..., place], NEARLY_NEVER)),
                    value=float(means[place]),
                    ratio=float(np.median(ratio)),
                    ratio_interval=_bounds(ratio, ci_prob, ci_kind),
                    above_1=float(np.mean(ratio > 1)),
                    above_threshold=float(np.mean(ratio > self.yardstick.threshold)),
                    payback=_middle(months),
                    payback_interval=_bounds(months, ci_prob, ci_kind),
                    payback_in_time=float(np.mean(self.yardstick.in_time(months))),
                    never=float(np.mean(np.isinf(months))),
                    draws=months.size,
                    interval=interval_name(ci_prob, ci_kind),
                )
            )
        return found

    def _page(self) -> ResultPage:
        notes = [f"note: {note}" for note in self.notes()]
        return ResultPage([f"Acquisition by {self.column}: {self.settings}"], self._shown(), notes, self.currency)

    def _shown(self) -> pd.DataFrame:
        """The columns that fit on a page, under short names."""
        table = self.summary()
        left = [name for name in table if name.startswith("payback_months_") or name in NOT_SHOWN]
        left = [name for name in left if name != self._above]
        return table.drop(columns=left).rename(columns=_short_name)

    def _row(self, figures: ChannelFigures) -> dict[str, Any]:
        (low, high), (soon, late) = figures.ratio_interval, figures.payback_interval
        name = figures.interval
        within = str(self.yardstick.payback_within).replace(" ", "_")
        return {
            CHANNEL: figures.channel,
            "spend": figures.spend,
            "clients_won": pd.NA if np.isnan(figures.clients_won) else int(figures.clients_won),
            "cost_per_client": figures.cost,
            "value": figures.value,
            "ltv_to_cac": figures.ratio,
            f"ltv_to_cac_{name}_lb": low,
            f"ltv_to_cac_{name}_ub": high,
            "probability_above_1": figures.above_1,
            self._above: figures.above_threshold,
            "payback_months": figures.payback,
            f"payback_months_{name}_lb": soon,
            f"payback_months_{name}_ub": late,
            f"probability_payback_within_{within}": figures.payback_in_time,
            "probability_no_payback": figures.never,
            "verdict": verdict(figures, self.yardstick),
        }

    @property
    def _above(self) -> str:
        return f"probability_above_{self.yardstick.threshold:g}"

    def _cost(self, name: str, spend: float, clients: float, each: float) -> Array:
        """Draws of a cost per client: one number where that alone is known."""
        size = self.value.terms.shape[0] * self.value.terms.shape[1]
        if not np.isnan(each):
            return np.full(size, float(each))
        return draw_cost_per_client(customer_stream(self.seed, "cost per client", name), spend, clients, size)

    @property
    def _money(self) -> str:
        return self.currency or "currency of the data"

    def _labelled(self, values: list[Array], name: str, units: str) -> xr.DataArray:
        shape = self.value.terms.shape
        coords = dict(zip(SAMPLE_DIMS, map(np.arange, shape), strict=True))
        labels = {**coords, self.column: np.array(self.channels, dtype=object)}
        stacked = np.stack(values, axis=-1).reshape(*shape, len(values))
        return xr.DataArray(stacked, dims=(*SAMPLE_DIMS, self.column), coords=labels, name=name, attrs={"units": units})


def _bounds(values: Array, ci_prob: float, ci_kind: str) -> tuple[float, float]:
    """An interval whose ends may be infinite."""
    low, high = interval(np.minimum(values, BEYOND), ci_prob, ci_kind)
    return _infinite(float(low), values), _infinite(float(high), values)


def _short_name(name: str) -> str:
    return SHORT.get(name, name).removeprefix("ltv_to_cac_").replace("_payback_within_", "_within_")


def _middle(values: Array) -> float:
    return _infinite(float(np.median(np.minimum(values, BEYOND))), values)


def _infinite(bound: float, values: Array) -> float:
    """Between the largest finite value and infinity lies infinity."""
    finite = values[np.isfinite(values)]
    return bound if finite.size and bound <= finite.max() else float("inf")
