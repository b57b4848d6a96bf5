"""Pictures of backtests of many origins: what is drawn are the numbers of its tables."""

from dataclasses import replace

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError


@pytest.fixture(params=["spend", "purchases"])
def of(request):
    return request.param


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def panels(figure):
    return [ax for ax in figure.axes if ax.get_visible()]


class TestBacktest:
    def test_totals_with_their_intervals(self, rolling, of):
        left, _ = lb.plot_backtest(rolling, of).axes
        rows = rolling.summary().loc[of]
        drawn = [segment[:, 1] for segment in left.collections[0].get_segments()]
        np.testing.assert_allclose(drawn, rows[["eti90_lb", "eti90_ub"]])
        np.testing.assert_allclose(lines(left)["median"].get_ydata(), rows["median"])
        assert [tick.get_text() for tick in left.get_xticklabels()] == [str(day) for day in rolling.as_of]

    def test_what_lies_outside_is_marked(self, rolling, of):
        left, _ = lb.plot_backtest(rolling, of, ci_prob=0.3).axes
        rows = rolling.summary(0.3).loc[of]
        assert not rows["inside"].all()
        outside = lines(left)["actual, outside"]
        np.testing.assert_allclose(outside.get_ydata(), rows["actual"][~rows["inside"]])
        assert outside.get_color() != lines(left)["median"].get_color()

    def test_coverage_of_each_level(self, rolling, of):
        _, right = lb.plot_backtest(rolling, of).axes
        scores, drawn = rolling.scores().loc[of], lines(right)
        for level, word in (("customer", "customers"), ("segment", "segments"), ("total", "totals")):
            line = drawn[f"{int(scores.loc[level, 'forecasts']):,} {word}"]
            np.testing.assert_allclose(line.get_xdata(), [0.5, 0.8, 0.9])
            np.testing.assert_allclose(line.get_ydata(), scores.loc[level, ["eti50", "eti80", "eti90"]].astype(float))

    def test_the_verdict_stands_above(self, rolling, of):
        title = " ".join(lb.plot_backtest(rolling, of)._suptitle.get_text().split())
        assert f"{of.capitalize()}. Customers: hold" in title
        assert "held in" in title

    def test_spend_where_there_is_any(self, rolling):
        assert "total spend" in lb.plot_backtest(rolling).axes[0].get_ylabel()


class TestModels:
    def test_totals_of_each_model(self, compared, of):
        left, _ = lb.plot_backtest(compared, of).axes
        for drawn, (name, one) in zip(left.collections, compared.backtests.items(), strict=False):
            rows = one.summary().loc[of]
            assert drawn.get_label() == f"{name}, 90% interval"
            np.testing.assert_allclose([each[:, 1] for each in drawn.get_segments()], rows[["eti90_lb", "eti90_ub"]])
        actual = left.collections[3]
        assert actual.get_label() == "actual"
        np.testing.assert_allclose([each[0, 1] for each in actual.get_segments()], rows["actual"])
        for line, one in zip(left.lines, compared.backtests.values(), strict=True):
            np.testing.assert_allclose(line.get_ydata(), one.summary().loc[of, "median"])

    def test_differences_with_their_errors(self, compared, of):
        _, right = lb.plot_backtest(compared, of).axes
        table = compared.summary().loc[of].reindex(compared.names)
        assert [tick.get_text() for tick in right.get_yticklabels()] == compared.names
        for name, drawn, mark in zip(compared.names, right.collections, right.lines[1:], strict=True):
            middle, error = 100 * table.loc[name, ["difference", "standard_error"]] / table["crps"].min()
            (bar,) = drawn.get_segments()
            np.testing.assert_allclose(bar[:, 0], [middle - 2 * error, middle + 2 * error])
            np.testing.assert_allclose(mark.get_xdata(), middle)
            assert (mark.get_marker() == "D") == table.loc[name, "told_apart"]

    def test_what_is_told_apart_is_a_diamond(self, compared):
        worse = compared["lively"]
        moved = [
            one.customers.assign(crps=one.customers["crps"] + np.tile([0.9, 1.1], len(one.customers) // 2))
            for one in worse.windows
        ]
        windows = tuple(replace(one, customers=some) for one, some in zip(worse.windows, moved, strict=True))
        both = {"usual": worse, "worse": replace(worse, windows=windows)}
        _, right = lb.plot_backtest(replace(compared, backtests=both)).axes
        assert [mark.get_marker() for mark in right.lines[1:]] == ["o", "D"]

    def test_the_verdict_stands_above_and_fits(self, compared, of, cut_off):
        figure = lb.plot_backtest(compared, of)
        title = " ".join(figure._suptitle.get_text().split())
        assert f"{of.capitalize()}. " in title
        assert "Totals held, of 3 windows" in title
        assert not cut_off(figure)

    def test_other_pictures_are_of_one_model(self, compared):
        with pytest.raises(InputError, match="drawn from a RollingBacktest, not a ModelComparison"):
            lb.plot_cohorts(compared)
        assert lb.plot_deciles(compared["lively"]).get_title(loc="left")


def test_cohort_curves(rolling, of):
    shown = panels(lb.plot_cohorts(rolling, of))
    table = rolling.cohorts(of)
    names = ["all customers", "1997-01", "1997-02", "1997-03"]
    assert [ax.get_title(loc="left") for ax in shown] == [names[0], *(f"first bought in {name}" for name in names[1:])]
    for ax, name in zip(shown, names, strict=True):
        rows = table.xs(name, level="cohort")
        actual = np.concatenate([line.get_ydata()[1:] for line in ax.lines[1::2]])
        np.testing.assert_allclose(actual, rows["actual"])
        np.testing.assert_allclose(np.concatenate([line.get_ydata()[1:] for line in ax.lines[::2]]), rows["predicted"])
        ends = [mdates.num2date(line.get_xdata(orig=False)[-1]).date() for line in ax.lines[::2]]
        assert ends == [window.until for window in rolling.windows]


def test_one_cohort_is_all_customers(rolling):
    windows = tuple(replace(window, cohorts=window.cohorts.assign(cohort="1997")) for window in rolling.windows)
    figure = lb.plot_cohorts(replace(rolling, windows=windows))
    assert [ax.get_title(loc="left") for ax in panels(figure)] == ["all customers"]


def test_curves_of_windows_that_overlap_are_left_out(rolling):
    first, second, last = rolling.windows
    close = replace(second, as_of=first.as_of.replace(day=20), until=first.until.replace(day=20, month=10))
    figure = lb.plot_cohorts(replace(rolling, windows=(first, close, last)))
    assert "customers known at 2 of 3 origins" in " ".join(figure._suptitle.get_text().split())
    assert len(panels(figure)[0].lines) == 4
    starts = [mdates.num2date(line.get_xdata(orig=False)[0]).date() for line in panels(figure)[0].lines[::2]]
    assert starts == [close.as_of, last.as_of]


def test_deciles(rolling, of):
    ax = lb.plot_deciles(rolling, of)
    table = rolling.deciles(of)
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], table["actual"])
    np.testing.assert_allclose(lines(ax)["predicted"].get_ydata(), table["predicted"])
    assert f"Gini {table.attrs['gini']:.2f}" in ax.get_title(loc="left")
    mean = rolling.customers().loc[of]["actual"].mean()
    np.testing.assert_allclose(lines(ax)["all customers"].get_ydata(), mean)


@pytest.mark.parametrize("draw", [lb.plot_backtest, lb.plot_cohorts, lb.plot_deciles])
def test_nothing_is_cut_and_what_is_not_there_is_told(rolling, draw, cut_off):
    assert cut_off(draw(rolling).figure) == []
    with pytest.raises(InputError, match="has no 'money'"):
        draw(rolling, "money")


@pytest.mark.parametrize("draw", [lb.plot_backtest, lb.plot_cohorts, lb.plot_deciles])
def test_a_caution_is_drawn(rolling, draw):
    doubtful = replace(
        rolling, windows=(replace(rolling.windows[0], caution="fit did not converge"), *rolling.windows[1:])
    )
    figure = draw(doubtful).figure
    above = figure._suptitle.get_text() if figure._suptitle else figure.axes[0].get_title(loc="left")
    assert "FIT DID NOT CONVERGE" in above.replace("\n", " ")


def test_own_axes(rolling):
    _, ax = plt.subplots()
    assert lb.plot_deciles(rolling, ax=ax) is ax
    assert isinstance(rolling.deciles(), pd.DataFrame)
