"""Pictures to decide by: what is drawn are the tables' numbers, in their order."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.plots.canvas import RED

DAYS = ["1997-03-31", "1997-06-30", "1997-09-30"]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture
def trend(cdnow_orders, purchases, spend):
    """Two halves of CDNOW on three days."""
    ids = cdnow_orders.table["customer_id"].unique()
    halves = pd.Series(np.where(np.arange(len(ids)) % 2, "odd", "even"), index=ids, name="half")

    def of(purchases=purchases, by=halves):
        fits = {"purchases": purchases.thin(20), "spend": spend.thin(20)}
        return lb.value_over_time(cdnow_orders, DAYS, horizon="1 year", by=by, random_seed=1, **fits)

    return of


class TestRanks:
    def test_draws_the_ranks_of_the_table(self, ltv):
        by = ltv.by("industry")
        ax, table = lb.plot_ranks(by), by.rank()
        assert names(ax) == list(table.index)
        np.testing.assert_array_equal(ax.images[0].get_array(), table.drop(columns="expected_rank"))
        written = [text.get_text() for text in ax.texts]
        assert f"{table.loc['Public', 'rank_3']:.2f}" in written
        assert "rank, 1 is highest" in ax.get_xlabel()

    def test_many_segments_have_no_numbers_in_them(self, valued):
        names = [f"C{k}" for k in range(15)]
        frame = pd.DataFrame({"customer_id": names, "frequency": 2, "recency": 3.0, "T": 9.0, "monetary_value": 5.0})
        by = valued(lb.Customers.from_summary(frame, time_unit="week")).by(dict(zip(names, names, strict=True)))
        ax = lb.plot_ranks(by, measure="total")
        assert not ax.texts
        assert len(ax.get_yticklabels()) == 15

    def test_many_segments_have_shades_for_small_probabilities(self, valued, cut_off):
        """At one in sixty, what most cells have, a shade is well above that of nothing."""
        names = [f"第{k}分公司华东地区高端装备智能制造事业部" for k in range(60)]
        frame = pd.DataFrame({"customer_id": names, "frequency": 2, "recency": 3.0, "T": 9.0, "monetary_value": 5.0})
        by = valued(lb.Customers.from_summary(frame, time_unit="week")).by(dict(zip(names, names, strict=True)))
        ax = lb.plot_ranks(by)
        image, most = ax.images[0], float(ax.images[0].get_array().max())
        assert image.norm(1 / 60) == pytest.approx(np.sqrt(1 / 60 / most))
        written = [tick.get_text() for tick in image.colorbar.ax.get_yticklabels()]
        assert written[0] == "0"
        assert written[-1] == f"{most:.2f}"
        assert not cut_off(ax.figure)

    def test_the_measure_may_stand_second(self, ltv):
        by = ltv.by("industry")
        assert names(lb.plot_ranks(by, "total")) == names(lb.plot_ranks(by, measure="total"))

    def test_nothing_is_cut_off(self, ltv, cut_off):
        assert not cut_off(lb.plot_ranks(ltv.by("industry")).figure)

    def test_a_caution_is_red(self, book, valued, purchases, unconverged):
        by = valued(book, unconverged(purchases)).by("industry")
        assert "DID NOT CONVERGE" in lb.plot_ranks(by).get_title(loc="left")


class TestTiers:
    def test_bars_are_the_probabilities(self, ltv):
        table = ltv.tiers(names=["A", "B", "C"])
        ax = lb.plot_tiers(table)
        assert names(ax) == list(table.index)
        assert legend(ax) == ["A", "B", "C"]
        for name, bars in zip("ABC", ax.containers, strict=True):
            np.testing.assert_allclose([bar.get_width() for bar in bars], table[f"probability_{name}"])
        np.testing.assert_allclose([bar.get_x() + bar.get_width() for bar in ax.containers[-1]], 1)

    def test_draws_the_first_and_says_so(self, ltv):
        ax = lb.plot_tiers(ltv.tiers(), top=2)
        assert len(names(ax)) == 2
        assert ax.get_title(loc="left").startswith("The first 2 of 6 customers by tier")

    def test_other_tables_are_refused(self, ltv):
        with pytest.raises(InputError, match="no tiers"):
            lb.plot_tiers(ltv.summary())
        with pytest.raises(UnitError, match="top"):
            lb.plot_tiers(ltv.tiers(), top=0)

    def test_nothing_is_cut_off(self, ltv, cut_off):
        assert not cut_off(lb.plot_tiers(ltv.tiers()).figure)


class TestValueOverTime:
    @pytest.mark.parametrize("measure", ["per_customer", "total"])
    def test_draws_means_and_intervals_of_the_table(self, trend, measure):
        values = trend()
        ax = lb.plot_value_over_time(values, measure=measure, statistic="mean", ci_prob=0.9)
        table = values.summary(0.9)
        assert legend(ax) == values.segments
        for place, name in enumerate(values.segments):
            rows = table.xs(name, level="segment")
            np.testing.assert_allclose(ax.lines[place].get_ydata(), rows[f"{measure}_mean"])
            ends = np.array([segment[:, 1] for segment in ax.collections[place].get_segments()])
            np.testing.assert_allclose(ends, rows[[f"{measure}_eti90_lb", f"{measure}_eti90_ub"]])
        assert [label.get_text() for label in ax.get_xticklabels()] == DAYS

    @pytest.mark.parametrize("measure", ["per_customer", "total"])
    def test_the_median_leads(self, trend, measure):
        values = trend()
        ax = lb.plot_value_over_time(values, measure)
        medians = values.draws(measure).sel(segment=values.segments[0]).median(("chain", "draw"))
        np.testing.assert_allclose(ax.lines[0].get_ydata(), medians)
        assert "median and 89% interval" in ax.get_title(loc="left")

    def test_intervals_stand_beside_each_other_and_near_their_day(self, trend):
        ax = lb.plot_value_over_time(trend())
        one, other = (pd.to_datetime(line.get_xdata()) for line in ax.lines[:2])
        assert (one < other).all()
        assert (np.abs(one - pd.to_datetime(DAYS)) < pd.Timedelta(days=10)).all()

    def test_chosen_segments(self, trend):
        values = trend()
        ax = lb.plot_value_over_time(values, segments=["odd"])
        assert ax.get_legend() is None
        assert "1 of 2" in ax.get_title(loc="left")
        with pytest.raises(InputError, match="Did you mean 'odd'"):
            lb.plot_value_over_time(values, segments=["od"])
        with pytest.raises(InputError, match="Between 1 and 6"):
            lb.plot_value_over_time(values, segments=[])

    def test_all_customers_together(self, trend):
        title = lb.plot_value_over_time(trend(by=None)).get_title(loc="left")
        assert title.startswith("Lifetime value per customer over time")

    def test_a_caution_is_red(self, trend, purchases, unconverged):
        ax = lb.plot_value_over_time(trend(unconverged(purchases)))
        assert "DID NOT CONVERGE" in ax.get_title(loc="left")
        heading = next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title(loc="left"))
        assert heading.get_color() == RED

    def test_nothing_is_cut_off(self, trend, cut_off):
        assert not cut_off(lb.plot_value_over_time(trend()).figure)


class TestParameters:
    """Ranks and values of what pooled fits know of channels, one of which the fit has not seen."""

    @pytest.fixture
    def by(self, book, channel_fits):
        channels = dict(zip("ABCDEF", ["Ads", "Ads", "Fair", "Fair", "Referral", "Radio"], strict=True))
        table = book.table.assign(channel=pd.Series(channels)).reset_index()
        customers = lb.Customers.from_summary(table, time_unit="month", as_of="1997-09-30", currency="EUR")
        stream = lb.RepeatPurchases(*(fit.thin(50) for fit in channel_fits))
        by = lb.lifetime_value(customers, stream, horizon="1 year", random_seed=1).by("channel")
        return replace(by, quantities={**by.quantities, "dropout_mean": by.quantities["mean_rate"] / 2})

    def test_segments_are_drawn_by_their_parameter(self, by):
        ax = lb.plot_segments(by, "mean_rate", ci_prob=0.8)
        draws = by.draws("mean_rate")
        mean = draws.mean(("chain", "draw")).to_series().sort_values(ascending=False)
        np.testing.assert_allclose(ax.lines[0].get_xdata(), mean)
        assert [name.split("  ")[0] for name in names(ax)] == list(mean.index)
        assert ax.get_title(loc="left").startswith("Mean rate of orders by channel")
        assert "mean rate of orders (per month); n: customers fitted" in ax.get_xlabel()
        assert "not seen by the fit" in ax.get_xlabel()
        assert "Radio" in ax.get_xlabel()
        assert "discounted" not in ax.get_xlabel()

    def test_amounts_have_their_currency(self, by):
        ax = lb.plot_segments(by, "mean_spend")
        assert "mean value of an order (EUR)" in ax.get_xlabel()
        assert ax.get_xticklabels()[-1].get_text().endswith("k")

    @pytest.mark.parametrize(("measure", "first"), [("dropout_mean", "lowest"), ("mean_rate", "highest")])
    def test_ranks_say_whether_1_is_high_or_low(self, by, measure, first):
        ax = lb.plot_ranks(by, measure)
        assert f"rank, 1 is {first}" in ax.get_xlabel()
        assert "discounted" not in ax.get_xlabel()
        assert "Radio" in ax.get_xlabel()

    def test_a_measure_that_is_not_there(self, by):
        with pytest.raises(InputError, match="Did you mean 'mean_rate'"):
            lb.plot_segments(by, "mean_rat")
