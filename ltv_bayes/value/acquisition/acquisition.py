"""Do channels pay? Value of new clients against what they cost, and when the money is back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.reading.amounts import SAME_CURRENCY
from ltv_bayes.data.reading.files import HeaderRows, SheetChoice
from ltv_bayes.errors import InputError, UnitError, a_kind, listed, sentence_case, suggestion
from ltv_bayes.formulas.acquisition_cost import ChannelRates, chance_of_one_rate, time_until
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, interval_name, interval_settings, median_cells, quoted_with, summarize_draws
from ltv_bayes.language import _, as_known
from ltv_bayes.posterior import SAMPLE_DIMS, labelled_draws
from ltv_bayes.random_streams import as_seed, customer_stream
from ltv_bayes.sizes import LARGEST_AMOUNT
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_number
from ltv_bayes.value.acquisition.channels import ChannelDraws, Targets, sentence, verdict
from ltv_bayes.value.acquisition.costs import AcquisitionCosts, hold_to_values, refuse_unseen, warn_of_totals
from ltv_bayes.value.acquisition.new_customers import Course, NewCustomerValue

BY_CHANCE = 0.01
NOT_SHOWN = ("spend", "probability_above_1", "probability_no_payback")
CHANNEL, PERIOD = "channel", "period"
MANY, APART = 10, 2.0
"""From MANY clients on, numbers that differ by more than the factor APART are hardly of the same clients."""
Unseen = Literal["refuse", "population"]
SHORT = {"clients_won": "won", "cost_per_client": "cost", "ltv_to_cac": "ratio"}


@dataclass(frozen=True, eq=False, repr=False)
class Acquisition(Printed):
    """Channels by draws of what a client costs and is worth.

    Showing it computes the summary of a few channels: no customer is gone over, whatever their number.

    Attributes
    ----------
    value : NewCustomerValue
        Of the channels that have costs.
    costs : AcquisitionCosts
    targets : Targets
    channels : tuple of str
        In the order of the costs.
    seed : int
        Of the draws of costs.
    left_out : tuple of str
        Channels that the fit knows and that have no costs.
    """

    value: NewCustomerValue
    costs: AcquisitionCosts
    targets: Targets
    channels: tuple[str, ...]
    seed: int
    left_out: tuple[str, ...] = field(default=())

    @property
    def currency(self) -> str | None:
        """Currency of values and costs, where known."""
        return self.value.currency

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
            return self._labelled([drawn.to_numpy().ravel()] * len(self.channels), "ltv", self.value.units)
        return self._labelled(list(drawn.to_numpy().reshape(-1, len(self.channels)).T), "ltv", self.value.units)

    @cached_property
    def cac(self) -> xr.DataArray:
        """Posterior of the cost per client: (chain, draw, channel)."""
        rows = self.costs.totals().loc[list(self.channels)]
        return self._labelled(self._costs(rows, list(self.channels)), "cac", self.value.units)

    @cached_property
    def ratio(self) -> xr.DataArray:
        """Posterior of LTV:CAC: (chain, draw, channel)."""
        return (self.ltv.drop_attrs() / self.cac.drop_attrs()).rename("ltv_to_cac")

    @cached_property
    def payback(self) -> xr.DataArray:
        """Months until expected discounted margin of a new client reaches the cost: (chain, draw, channel).

        Infinite in draws in which it never does within the horizon.
        """
        by_channel, each = courses(self), []
        for place, name in enumerate(self.channels):
            course, cost = by_channel[name], self.cac[..., place].to_numpy().ravel()
            each.append(time_until(cost, course.money, course.months, by_steps=course.by_steps))
        return self._labelled(each, "payback_months", "months")

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per channel, the one with the highest LTV:CAC first.

        Returns
        -------
        pandas.DataFrame
            spend, clients_won, cost_per_client (median), value (mean), ltv_to_cac (median) with its interval
            (``ci_prob, ci_kind``), probability_above_1 and above the threshold, payback_months (median; infinite for
            never within the horizon) with its interval, the probabilities of payback in time and of none within the
            horizon, and the verdict.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        table = pd.DataFrame([self._row(of) for of in channel_draws(self, (prob, kind))])
        table = table.astype({"clients_won": "Int64"}).set_index(CHANNEL).rename_axis(self.column)
        table = table.sort_values("ltv_to_cac", ascending=False, kind="stable")
        return flagged(table, self.value.caution, self.currency)

    def sentences(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
        """One sentence to quote per channel, a Series indexed by it; ``ci_prob, ci_kind`` as in `summary`."""
        prob, kind = interval_settings(ci_prob, ci_kind)
        written = {
            of.channel: quoted_with(
                sentence(of, self.value.horizon, self.currency) + self._unseen_clause(of.channel), self.value.caution
            )
            for of in channel_draws(self, (prob, kind))
        }
        return pd.Series(written, name="sentence").reindex(self.summary(prob, kind).index)

    def budget(
        self, amount: float | None = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Rank channels by the net value of the next money spent, if it wins clients at the rate of the money so far.

        Parameters
        ----------
        amount : float, optional
            Money for one channel; 1 if not given, so that figures are shares of the money.

        Returns
        -------
        pandas.DataFrame
            One row per channel, the one with the highest expected net value first: mean, sd, median and interval
            (``ci_prob, ci_kind``) of the net value, the probabilities that it is above 0 and the best, the loss
            expected if it is chosen and another was best, and whether data are enough. UnitError if no amount above 0.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        units = 1.0 if amount is None else as_number(amount, "amount")
        if not 0 < units <= LARGEST_AMOUNT:
            raise UnitError(
                _(
                    "amount must be above 0 and up to {largest_amount:g}, not {units:g}.",
                    largest_amount=LARGEST_AMOUNT,
                    units=units,
                )
            )
        net = units * (self.ratio - 1)
        values = net.to_numpy().reshape(-1, len(self.channels))
        best = values.max(axis=1, keepdims=True)
        winners = (values == best) / (values == best).sum(axis=1, keepdims=True)
        table = summarize_draws(net, ci_prob=prob, ci_kind=kind).add_prefix("net_value_")
        table["probability_above_0"] = (values > 0).mean(axis=0)
        table["probability_best"] = winners.mean(axis=0)
        table["expected_loss"] = (best - values).mean(axis=0)
        table["enough_data"] = [not of.reservation for of in channel_draws(self, (prob, kind))]
        return flagged(
            table.sort_values("net_value_mean", ascending=False, kind="stable"), self.value.caution, self.currency
        )

    def by_period(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per channel and period: the period's own cost per client, and the channel's value over it.

        Returns
        -------
        pandas.DataFrame
            Indexed by channel and period, or by channel where costs have no periods: spend, clients_won,
            cost_per_client (median), ltv_to_cac (median) with its interval (``ci_prob, ci_kind``), probability above
            the threshold. What costs nothing in a period has no ratio there.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        rows, given = [], self.costs.rows.assign(spend=self.costs.rows["spend"].replace(0.0, np.nan))
        names = [f"{channel}\x1f{period}" for channel, period in zip(given["channel"], given["period"], strict=True)]
        for row, each in zip(self.costs.rows.itertuples(), self._costs(given, names), strict=True):
            ratio = self.ltv.sel({self.column: row.channel}).to_numpy().ravel() / each
            known = {CHANNEL: row.channel, PERIOD: row.period, "spend": row.spend, "clients_won": row.clients_won}
            figures = {"cost_per_client": np.median(each)} | median_cells("ltv_to_cac", ratio, prob, kind)
            above = {self._above: float(np.mean(ratio > self.targets.threshold)) if row.spend != 0 else np.nan}
            rows.append({**known, **figures, **above})
        table = pd.DataFrame(rows).set_index([CHANNEL, PERIOD]).rename_axis([self.column, PERIOD])
        if (self.costs.rows["period"] == "").all():
            table = table.droplevel(1)
        return flagged(table.astype({"clients_won": "Int64"}), self.value.caution, self.currency)

    def notes(self) -> list[str]:
        """What a reader should know before relying on these figures."""
        notes = (
            [_("{caution}: do not use these numbers yet.", caution=self.value.caution)] if self.value.caution else []
        )
        if self.value.column is None:
            notes.append(_("the fits are not pooled by channel, so a client of any channel is worth the same."))
        notes += [*self.costs.notes, *(_("{begin}.", begin=note) for note in self.value.unseen_notes("channels"))]
        if self.costs.totals().loc[list(self.channels), "clients_won"].notna().sum() > 1:
            notes.append(
                _("costs per client are pooled over channels: the fewer clients won, the nearer to the others.")
            )
        if self.left_out:
            notes.append(_("without costs, so left out: {left_out}.", left_out=listed(self.left_out)))
        paid = self.costs.rows[self.costs.rows["spend"] != 0]
        for name, rows in paid.groupby("channel", sort=False):
            if rows["clients_won"].notna().all() and chance_of_one_rate(rows["spend"], rows["clients_won"]) < BY_CHANCE:
                notes.append(
                    _(
                        "clients won per money differ between the periods of {name} by more than chance: its "
                        "interval is too narrow{see}.",
                        name=name,
                        see=_("; see by_period()"),
                    )
                )
        if apart := self._won_apart():
            notes.append(
                _(
                    "clients won are not those of the fit, by more than a factor of {apart:g}: {apart_2}. Are "
                    "costs and orders of the same channels and years?",
                    apart=APART,
                    apart_2=listed(apart),
                )
            )
        return notes

    def _won_apart(self) -> list[str]:
        """Channels with numbers of clients won and fitted that differ by more than a factor."""
        won, fitted = self.costs.totals()["clients_won"], self.value.terms.fitted_customers()
        both = [(name, float(won[name]), float(fitted.get(name, 0.0))) for name in self.channels]
        return [
            _("{name} ({costs:,.0f} won, {here:,.0f} in the fit)", name=name, costs=costs, here=here)
            for name, costs, here in both
            if min(costs, here) >= MANY and max(costs, here) > APART * min(costs, here)
        ]

    def _unseen_clause(self, channel: str) -> str:
        """What is drawn for a channel, as one more sentence."""
        notes = self.value.of([channel]).unseen_notes("channels") if channel in self.value.unseen else {}
        return "".join(_(" {note}.", note=sentence_case(note)) for note in notes)

    def _page(self) -> ResultPage:
        notes = [_("note: {note}", note=note) for note in self.notes()]
        return ResultPage(
            [_("Acquisition by {column}: {settings}", column=as_known(self.column), settings=self.value.settings)],
            self._shown(),
            notes,
            self.currency,
        )

    def _shown(self) -> pd.DataFrame:
        """The columns that fit on a page, under short names."""
        table = self.summary()
        left = [name for name in table if name.startswith("payback_months_") or name in NOT_SHOWN]
        left = [name for name in left if name != self._above]
        return table.drop(columns=left).rename(columns=_short_name)

    def _row(self, of: ChannelDraws) -> dict[str, Any]:
        (low, high), (soon, late) = of.ratio_interval, of.payback_interval
        name = interval_name(*of.level)
        within = str(self.targets.payback_within).replace(" ", "_")
        return {
            CHANNEL: of.channel,
            "spend": of.spend,
            "clients_won": pd.NA if np.isnan(of.clients_won) else int(of.clients_won),
            "cost_per_client": float(np.median(of.cost)),
            "value": of.value,
            "ltv_to_cac": float(np.median(of.ratio)),
            f"ltv_to_cac_{name}_lb": low,
            f"ltv_to_cac_{name}_ub": high,
            "probability_above_1": float(np.mean(of.ratio > 1)),
            self._above: of.above_threshold,
            "payback_months": of.payback_median,
            f"payback_months_{name}_lb": soon,
            f"payback_months_{name}_ub": late,
            f"probability_payback_within_{within}": of.in_time,
            "probability_no_payback": float(np.mean(np.isinf(of.payback))),
            "verdict": verdict(of),
        }

    @property
    def _above(self) -> str:
        return f"probability_above_{self.targets.threshold:g}"

    def _costs(self, rows: pd.DataFrame, names: list[str]) -> list[Array]:
        """Draws of the cost per client in each row: one number where that alone is known, NaN where nothing was spent.

        Rows with clients counted are pooled: customers per money differ between them as all of them show.
        """
        size = self.value.terms.shape[0] * self.value.terms.shape[1]
        counted = rows["clients_won"].notna() & rows["spend"].notna()
        spend, won = rows.loc[counted, ["spend", "clients_won"]].to_numpy(dtype=float).T
        rates = ChannelRates.learn(customer_stream(self.seed, "customers per money", ""), spend, won, size)
        known = rows["cost_per_client"].to_numpy(dtype=float)
        return [
            rates.draw_cost(customer_stream(self.seed, "cost per client", name), spend, clients)
            if pooled
            else np.full(size, each)
            for name, spend, clients, each, pooled in zip(
                names, rows["spend"], rows["clients_won"], known, counted, strict=True
            )
        ]

    def _labelled(self, values: list[Array], name: str, units: str) -> xr.DataArray:
        stacked = np.stack(values, axis=-1).reshape(*self.value.terms.shape, len(values))
        return labelled_draws(stacked, name, {self.column: np.array(self.channels, dtype=object)}, units=units)


def channel_draws(found: Acquisition, level: tuple[float, str]) -> list[ChannelDraws]:
    """The draws of each channel, with intervals of this probability and kind."""
    paid = found.costs.totals().loc[list(found.channels), ["spend", "clients_won"]].to_numpy(dtype=float).tolist()
    means = found.ltv.mean(SAMPLE_DIMS, skipna=False).to_numpy().tolist()
    cac, ratios, paybacks = (
        values.to_numpy().reshape(-1, len(means)).T for values in (found.cac, found.ratio, found.payback)
    )
    return [
        ChannelDraws(name, spend, won, value, cost, ratio, payback, found.targets, level)
        for name, (spend, won), value, cost, ratio, payback in zip(
            found.channels, paid, means, cac, ratios, paybacks, strict=True
        )
    ]


def courses(found: Acquisition) -> dict[str, Course]:
    """Expected cumulative revenue from a new client of each channel, by time."""
    by_segment = found.value.course()
    if found.value.column is None:
        return dict.fromkeys(found.channels, next(iter(by_segment.values())))
    return by_segment


def _short_name(name: str) -> str:
    return SHORT.get(name, name).removeprefix("ltv_to_cac_").replace("_payback_within_", "_within_")


def acquisition(
    value: NewCustomerValue,
    costs: Any,
    *,
    threshold: float = 3.0,
    payback_within: Any = None,
    least_clients: int = 5,
    unseen: Unseen = "refuse",
    columns: Mapping[str, str] | None = None,
    amount_unit: float | str | None = None,
    decimal: str = ".",
    sheet: SheetChoice = None,
    encoding: str | None = None,
    header: HeaderRows = None,
    random_seed: int | None = None,
) -> Acquisition:
    """Compare what new clients are worth with what they cost to win, by channel.

    Parameters
    ----------
    value : NewCustomerValue
        What `new_customer_value` returned; of fits pooled by channel, or of plain ones.
    costs : mapping, path or frame
        Channel to its cost per client, which counts as known; or a table with ``channel`` and either
        ``cost_per_client`` or ``spend`` and ``clients_won``, a row for each ``period`` if there are several. Where
        clients are counted, the cost per client is uncertain: few clients, wide interval.
    threshold : float
        How many times its cost a client should be worth.
    payback_within : str or Duration, optional
        When the cost should be back; 12 months, or the horizon where that is shorter, if not given.
    least_clients : int
        With fewer clients won, a channel has not enough data, unless it surely loses money.
    unseen : {"refuse", "population"}
        What to do about a channel with costs but without clients in the fit: refuse it, or draw the value of its
        clients from the distribution of channels.
    columns : mapping, optional
        The user's own names of columns, by ours: ``{"channel": "渠道", "spend": "费用", "clients_won": "新客户"}``.
    amount_unit : float or str, optional
        What 1 in columns of money is worth, as in 1000 or ``"万元"``.
    decimal, sheet, encoding, header
        How the table is written, as in `read_transactions` and `read_table`.
    random_seed : int, optional
        Seed of the draws of costs per client.

    Returns
    -------
    Acquisition

    Raises
    ------
    ColumnError
        If a column is missing.
    InputError
        If rows have no channel, a negative cost or the same channel and period, a channel has no cost above 0, or the
        fit has not seen it; the message names the rows. UnitError if costs and values differ in currency.

    Warns
    -----
    DataWarning
        If costs and values can hardly be counted in one unit, or a row looks like a sum of the others.

    Examples
    --------
    >>> from ltv_bayes.predictions.purchases import FittedPurchases
    >>> from ltv_bayes.predictions.spend import FittedSpend
    >>> from ltv_bayes.value.acquisition.new_customers import new_customer_value
    >>> purchases = FittedPurchases.from_draws(
    ...     {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}, time_unit="week"
    ... )
    >>> spend = FittedSpend.from_draws({"p": [[6.25]], "q": [[3.74]], "v": [[15.44]]})
    >>> value = new_customer_value(purchases, spend, horizon="39 weeks")
    >>> acquisition(value, {"Ads": 20, "Fair": 50}).ratio.to_numpy().round(2).tolist()
    [[[3.87, 1.55]]]
    """
    if not isinstance(value, NewCustomerValue):
        raise InputError(_("Pass what new_customer_value(...) returned first, not {kind}.", kind=a_kind(value)))
    if unseen not in ("refuse", "population"):
        raise InputError(
            _(
                "unseen={unseen!r} is unknown. {suggestion}",
                unseen=unseen,
                suggestion=suggestion(str(unseen), ("refuse", "population")),
            )
        )
    targets = Targets.read(threshold, payback_within, least_clients, value.horizon)
    read = AcquisitionCosts.read(
        costs, columns=columns, amount_unit=amount_unit, decimal=decimal, sheet=sheet, encoding=encoding, header=header
    )
    if read.currency and value.currency and read.currency != SAME_CURRENCY.get(value.currency, value.currency):
        raise UnitError(
            _(
                "Costs are in {currency}, values in {currency_2}. Convert the costs to {currency_2} first.",
                currency=read.currency,
                currency_2=value.currency,
            )
        )
    known = list(dict.fromkeys([*value.segments, *value.terms.known()])) if value.column else []
    if value.column and unseen == "refuse":
        refuse_unseen(read, known, value.column)
    warn_of_totals(read, known)
    channels = tuple(read.channels)
    chosen = value.of(channels) if value.column else value
    left_out = tuple(name for name in known if name not in channels)
    found = Acquisition(chosen, read, targets, channels, as_seed(random_seed), left_out)
    hold_to_values(read, channels, found.ltv, found.cac, found.currency)
    return found
