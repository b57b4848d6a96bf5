"""Pictures of values: what is drawn are the table's numbers, and what they are stands beside them."""

import copy
import dataclasses

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.text import Text

import ltv_bayes as lb
from ltv_bayes.errors import LtvBayesError
from ltv_bayes.plots.canvas import RED
from ltv_bayes.value.lifetime_value import valued_of

TERMS = "39 weeks from 1997-09-30, discounted at 10% a year, margin 35%"


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def dots(ax):
    """Places of the markers along x."""
    return next(line.get_xdata() for line in ax.lines if line.get_marker() == "o")


def stretches(ax):
    """Both ends of each horizontal line, in the order of rows."""
    return np.array([segment[:, 0] for segment in ax.collections[0].get_segments()])


def heading(ax):
    """The title as it stands on the picture."""
    return next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title(loc="left"))


def pictures(ltv):
    """Each picture of a value, as a function of the axes to draw on."""
    return {
        "customers": lambda ax=None: lb.plot_lifetime_value(ltv, ax=ax),
        "segments": lambda ax=None: lb.plot_segments(ltv.by("industry"), ax=ax),
        "waterfall": lambda ax=None: lb.plot_waterfall(ltv.explain(), ax=ax),
        "cash flow": lambda ax=None: lb.plot_cash_flow(ltv, ax=ax),
    }


@pytest.fixture(params=["customers", "segments", "waterfall", "cash flow"])
def kind(request):
    return request.param


def named_book(names, industry=None, *, currency="USD", total=None):
    """Customers of these names, every second of whom bought again."""
    again = np.arange(len(names)) % 2
    frame = pd.DataFrame(
        {
            "customer_id": names,
            "frequency": 3 * again,
            "recency": 20.0 * again,
            "T": 30.0,
            "monetary_value": np.where(again, 25.0, np.nan),
            "total_value": 40.0 if total is None else total,
            "industry": industry or "Retail",
        }
    )
    return lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency=currency)


def test_customers_are_drawn_at_their_mean_and_interval_the_best_first(ltv):
    ax = lb.plot_lifetime_value(ltv, ci_prob=0.8)
    table = ltv.ranked(ci_prob=0.8)
    assert [name.split()[0] for name in names(ax)] == list(table.index)
    np.testing.assert_allclose(dots(ax), table["to_come"])
    np.testing.assert_allclose(stretches(ax), table[["to_come_eti80_lb", "to_come_eti80_ub"]])
    ax = lb.plot_lifetime_value(ltv, statistic="median")
    table = ltv.ranked("median")
    assert [name.split()[0] for name in names(ax)] == list(table.index)
    np.testing.assert_allclose(dots(ax), table["median_to_come"])


def test_only_the_customers_worth_most_are_drawn(ltv):
    ax = lb.plot_lifetime_value(ltv, top=2)
    assert [name.split()[0] for name in names(ax)] == list(ltv.summary()["to_come"].nlargest(2).index)
    assert "The 2 of 6 customers worth most" in ax.get_title(loc="left")


def test_a_dot_outside_its_interval_says_why(valued):
    """Past value does not lead: who has most likely left is left out, or stands last with the reason."""
    ltv = valued(named_book(["A", "B"], total=[5e4, 10.0]), realised=True)
    assert [name[0] for name in names(lb.plot_lifetime_value(ltv))] == ["B", "A"]
    left = valued(named_book(["A", "B", "C"]), horizon="1 day", realised=True)
    ax = lb.plot_lifetime_value(left)
    assert [text.get_text() for text in ax.texts] == list(left.ranked()["why"])
    assert all(text.get_text().startswith("most likely nothing more: P(more)") for text in ax.texts)
    assert all("(+ 14)" in name for name in names(ax))


PAST = "realised value, not discounted, included"


def test_words_below_a_picture_say_whether_past_value_is_in_it(ltv):
    """What is still to come stands apart from the past; totals include it."""
    by, tiers = ltv.by("industry"), ltv.tiers()
    apart = [
        lb.plot_lifetime_value(ltv),
        lb.plot_segments(by),
        lb.plot_ranks(by),
        lb.plot_cash_flow(ltv),
        lb.plot_tiers(tiers),
    ]
    for ax in apart:
        assert "realised value" not in ax.get_xlabel()
        assert "39 weeks from 1997-09-30, discounted at 10% a year, margin 35%" in ax.get_xlabel()
    assert "in brackets: value so far, not discounted" in apart[0].get_xlabel()
    for ax in (lb.plot_segments(by, "total"), lb.plot_ranks(by, "per_customer"), lb.plot_waterfall(ltv.explain())):
        assert " ".join(ax.get_xlabel().split()).endswith(PAST)
    for table in (ltv.ranked(), tiers, ltv.upside(), ltv.cash_flow(), by.draws()):
        assert table.attrs["settings"] == str(ltv.settings.to_come)
    assert by.draws("total").attrs["settings"].endswith(PAST)
    assert str(by).splitlines()[0].endswith(PAST)


def test_no_customer_is_no_picture(ltv):
    with pytest.raises(LtvBayesError, match="at least 1"):
        lb.plot_lifetime_value(ltv, top=0)


@pytest.mark.parametrize("measure", ["per_customer", "total"])
def test_segments_are_drawn_at_their_median_and_interval(ltv, measure):
    by = ltv.by("industry")
    ax = lb.plot_segments(by, measure=measure, ci_prob=0.8)
    table = by.summary(0.8).sort_values(f"{measure}_median", ascending=False)
    assert names(ax) == [f"{name}  (n = {count})" for name, count in table["customers"].items()]
    np.testing.assert_allclose(dots(ax), table[f"{measure}_median"])
    np.testing.assert_allclose(stretches(ax), table[[f"{measure}_eti80_lb", f"{measure}_eti80_ub"]])


def test_an_unknown_measure_is_named(ltv):
    with pytest.raises(LtvBayesError, match="'median'"):
        lb.plot_segments(ltv.by("industry"), measure="median")


def test_waterfall_bars_start_where_the_last_ended_and_the_total_at_zero(ltv):
    table = ltv.explain("C", ci_prob=0.8)
    ax = lb.plot_waterfall(table)
    bars = ax.containers[0].patches
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_width() for bar in bars], table["mean"])
    np.testing.assert_allclose([bar.get_x() for bar in bars], [0.0, *ends[:-2], 0.0])
    assert ends[-1] == pytest.approx(ends[-2])
    assert names(ax) == ["realised", "repeat purchases", "total"]


def test_waterfall_lines_are_the_intervals_of_the_parts(ltv):
    table = ltv.explain("C", ci_prob=0.8)
    ax = lb.plot_waterfall(table)
    begin = np.array([table.loc["realised", "mean"], 0.0])
    uncertain = table.loc[["repeat_purchases", "total"], ["eti80_lb", "eti80_ub"]]
    np.testing.assert_allclose(stretches(ax), uncertain.to_numpy() + begin[:, np.newaxis])


def test_waterfall_writes_each_mean_and_share(ltv):
    ax = lb.plot_waterfall(ltv.explain("C"))
    written = [text.get_text() for text in ax.texts]
    assert written[0].startswith("91 (")
    assert "%" not in written[-1]


def test_pictures_say_level_currency_and_terms(ltv, kind):
    ax = pictures(ltv)[kind]()
    assert "89% interval" in ax.get_title(loc="left")
    assert "(USD)" in ax.get_xlabel() + ax.get_ylabel()
    assert TERMS in ax.get_xlabel()


def test_the_level_asked_for_is_the_level_named(ltv):
    for ax in (
        lb.plot_lifetime_value(ltv, ci_prob=0.5, ci_kind="hdi"),
        lb.plot_segments(ltv.by("industry"), ci_prob=0.5, ci_kind="hdi"),
        lb.plot_waterfall(ltv.explain(ci_prob=0.5, ci_kind="hdi")),
        lb.plot_cash_flow(ltv, ci_prob=0.5, ci_kind="hdi"),
    ):
        middle = "median" if "by industry" in ax.get_title(loc="left") else "mean"
        assert f"{middle} and 50% highest-density interval" in ax.get_title(loc="left")


def test_without_a_currency_none_is_named(valued, kind):
    ax = pictures(valued(named_book(["A", "B"], currency=None)))[kind]()
    assert "(" not in ax.get_xlabel()


def test_pictures_are_drawn_on_given_axes(ltv, kind):
    figure, axes = plt.subplots(1, 2)
    assert pictures(ltv)[kind](axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]
    assert not axes[0].has_data()


def test_settings_of_the_user_stay_as_they_were(ltv, kind):
    with mpl.rc_context({"font.size": 7, "axes.grid": False, "text.usetex": False}):
        before = dict(mpl.rcParams)
        pictures(ltv)[kind]()
        assert dict(mpl.rcParams) == before


def test_an_unconverged_fit_is_said_in_red(book, purchases, valued, unconverged, kind):
    ax = pictures(valued(book, unconverged(purchases)))[kind]()
    assert "FIT DID NOT CONVERGE" in heading(ax).get_text()
    assert same_color(heading(ax).get_color(), RED)


def test_a_good_fit_is_not_said_in_red(ltv, kind):
    ax = pictures(ltv)[kind]()
    assert "CONVERGE" not in ax.get_title(loc="left")
    assert not same_color(heading(ax).get_color(), RED)


HOSTILE = ["$x^2$", "$\\frac{$", "a_b", "<b>bold</b>", "100% {\\LaTeX}", "=1+1", "\x1b[31mred", "two\nlines"]


@pytest.mark.parametrize("given", [False, True])
def test_names_are_never_read_as_markup(valued, given):
    ltv = valued(named_book(HOSTILE, industry=HOSTILE))
    for draw in (
        lambda ax: lb.plot_lifetime_value(ltv, ax=ax),
        lambda ax: lb.plot_segments(ltv.by("industry"), ax=ax),
        lambda ax: lb.plot_waterfall(ltv.explain("$\\frac{$"), ax=ax),
    ):
        ax = draw(plt.figure().add_subplot() if given else None)
        ax.figure.canvas.draw()
        assert not any(text.get_parse_math() for text in [*ax.get_yticklabels(), heading(ax), ax.xaxis.label])
    assert set(names(lb.plot_lifetime_value(ltv))) >= {"$x^2$", "$\\frac{$", "<b>bold</b>", "two lines", "�[31mred"}


def test_the_column_that_makes_segments_is_no_markup_either(valued):
    book = named_book(["A", "B"])
    odd = lb.Customers.from_summary(
        book.table.rename(columns={"industry": "$\\frac{$"}).reset_index(), time_unit="week", as_of=book.as_of
    )
    figure = lb.plot_segments(valued(odd).by("$\\frac{$")).figure
    figure.canvas.draw()
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if "frac" in text.get_text())


LONG = "The Very Long Company of Somewhere and Elsewhere Holdings International, Branch"


@pytest.mark.parametrize(
    "book",
    [
        pytest.param(named_book(["A", "B"]), id="two customers, one segment"),
        pytest.param(named_book(["A"]), id="one customer"),
        pytest.param(
            named_book([f"{LONG} {n}" for n in range(60)], [f"{LONG} {n % 30}" for n in range(60)]), id="30 long names"
        ),
        pytest.param(named_book(["A", "B"], total=[-500.0, 20.0]), id="more returned than bought"),
        pytest.param(named_book(["A", "B"], currency="CNY", total=9e8), id="yuan"),
        pytest.param(named_book(["北京华夏智能制造有限公司", "🙂"], ["制造业", "\U000e0041"]), id="Chinese, emoji"),
    ],
)
def test_nothing_is_cut_off(valued, kind, book, cut_off):
    ltv = valued(book, realised=True)
    assert cut_off(pictures(ltv)[kind]().figure) == []


MIDDLE = [f"Industrial Holdings of the Province of {place} and Partners Limited" for place in ("Anhui", "Hubei")]


@pytest.mark.parametrize(
    "draw",
    [
        lb.plot_lifetime_value,
        lambda ltv: lb.plot_segments(ltv.by("industry")),
        lambda ltv: lb.plot_ranks(ltv.by("industry")),
        lambda ltv: lb.plot_tiers(ltv.tiers()),
    ],
)
@pytest.mark.parametrize("pair", [MIDDLE, ["A\u1300", "A\u1301"], ["A B", "A  B"]])
def test_different_names_have_different_labels(valued, draw, pair):
    labels = names(draw(valued(named_book(pair, pair))))
    assert len(labels) == len(set(labels)) == 2


def test_nothing_is_cut_off_where_the_fit_did_not_converge(valued, kind, cut_off):
    value = valued_of(valued(named_book([LONG, "B"])))
    ltv = lb.LifetimeValue(dataclasses.replace(value, caution="fit did not converge"))
    assert cut_off(pictures(ltv)[kind]().figure) == []


def test_customers_worth_nothing_are_drawn_at_zero(valued, kind, cut_off):
    ltv = valued(named_book(["A", "B"]), margin=0.0)
    ax = pictures(ltv)[kind]()
    assert cut_off(ax.figure) == []
    assert ax.get_xlim()[0] < 0 < ax.get_xlim()[1]


def test_money_axes_begin_just_left_of_zero(ltv):
    low, high = lb.plot_lifetime_value(ltv).get_xlim()
    assert -0.02 * high < low < 0


@pytest.mark.parametrize("scale", [1e-2, 1, 1e3, 1e6, 3e9])
def test_ticks_of_money_are_in_one_size(book, valued, scale):
    ltv = valued(book)
    results = copy.copy(valued_of(ltv).results)
    ids, found = valued_of(ltv).results.summaries((0.89, "eti"))
    summaries = [{name: values * scale for name, values in columns.items()} for columns in found]
    results.summaries = lambda interval: (ids, summaries)
    scaled = lb.LifetimeValue(dataclasses.replace(valued_of(ltv), results=results))
    ax = lb.plot_lifetime_value(scaled)
    ax.figure.canvas.draw()
    labels = [label.get_text() for label in ax.get_xticklabels() if label.get_text() != "0"]
    suffixes = {label.strip("-0123456789.,") for label in labels}
    assert len(suffixes) == 1
    assert len(set(labels)) == len(labels)


def test_the_cash_flow_is_that_of_the_table(book, valued):
    ltv = valued(book, horizon="30 months", realised=True)
    ax = lb.plot_cash_flow(ltv, "C")
    table = ltv.cash_flow("C")
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(table["mean_repeat_purchases"].tolist())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3\n(to 2.5)"]
    ends = np.array([segment[:, 1] for segment in ax.collections[0].get_segments()])
    np.testing.assert_allclose(ends, table[["eti89_lb", "eti89_ub"]])


def test_the_cash_flow_of_all_customers_has_the_median_beside_the_mean(ltv):
    ax, table = lb.plot_cash_flow(ltv), ltv.cash_flow()
    np.testing.assert_allclose(dots(ax), np.arange(len(table)))
    heights = next(line.get_ydata() for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose(heights, table["median"])
    assert "dot: median" in ax.get_xlabel()


@pytest.fixture
def of_many_streams():
    """A value of these streams, each of them one sale to every customer."""

    def value(names):
        streams = [lb.OneOffSale(100.0 * number, name) for number, name in enumerate(names, start=1)]
        return lb.lifetime_value(named_book(["A", "B"]), streams, horizon="3 years", random_seed=1)

    return value


def test_streams_have_one_colour_in_every_picture_and_the_legend_stands_as_they_are_stacked(of_many_streams):
    ltv = of_many_streams(["subscription", "consumables", "service", "equipment"])
    flow, waterfall = lb.plot_cash_flow(ltv, "A"), lb.plot_waterfall(ltv.explain("A"))
    stacked = [bars[0].get_facecolor() for bars in flow.containers]
    assert len(set(stacked)) == 4
    assert [bar.get_facecolor() for bar in waterfall.patches][:-1] == stacked
    assert waterfall.patches[-1].get_facecolor() not in stacked
    words = [text.get_text() for text in flow.get_legend().get_texts()]
    assert words == ["equipment", "service", "consumables", "subscription"]


@pytest.mark.parametrize("length", [1, 3, 60])
def test_the_legend_of_streams_lies_beside_the_bars_and_inside_the_picture(of_many_streams, cut_off, length):
    ax = lb.plot_cash_flow(of_many_streams(["s" * length + str(number) for number in range(6)]))
    assert cut_off(ax.figure) == []
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1


@pytest.fixture
def with_judgements(book, valued):
    """A book with two judgements, one of which is likely and the other large."""
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "E"],
            "probability": [0.95, 0.2],
            "low": [30.0, 400.0],
            "high": [60.0, 900.0],
            "opportunity": ["a line", "the new hall of the northern plant, in three stages"],
        }
    )
    return valued(book, future_value=lb.FutureValuePriors.from_judgements(frame, relation="additional"))


class TestTornado:
    def test_bars_reach_from_what_is_lost_to_what_is_won(self, with_judgements):
        table = with_judgements.judgement.tornado()
        ax = lb.plot_tornado(with_judgements, statistic="mean")
        ends = np.array([sorted((bar.get_x(), bar.get_x() + bar.get_width())) for bar in ax.patches])
        book = with_judgements.explain().loc["total", "mean"]
        np.testing.assert_allclose(ends[:2], np.column_stack([table["absent"], [book] * 2]))
        np.testing.assert_allclose(ends[4:], table[["at_low", "at_high"]])

    def test_rows_are_named_and_nothing_is_cut_off(self, with_judgements, cut_off):
        ax = lb.plot_tornado(with_judgements)
        assert names(ax)[1] == "A: a line"
        assert names(ax)[0].startswith("E: the new")
        assert "median of the portfolio (USD); line: as it stands" in ax.get_xlabel()
        assert not cut_off(ax.figure)

    def test_of_many_the_first_are_drawn_and_counted(self, with_judgements):
        ax = lb.plot_tornado(with_judgements, top=1)
        assert len(names(ax)) == 1
        assert ax.get_title(loc="left").startswith("The 1 of 2 judgements that matter most")

    def test_without_judgements_and_without_rows(self, ltv, with_judgements):
        with pytest.raises(LtvBayesError, match="Nothing in this value is judged"):
            lb.plot_tornado(ltv)
        with pytest.raises(LtvBayesError, match="at least 1"):
            lb.plot_tornado(with_judgements, top=0)
