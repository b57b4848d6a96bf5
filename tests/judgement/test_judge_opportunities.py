"""Open opportunities become judgements: by hand, and by pipelines of which the truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit

import ltv_bayes as lb
from tests.chance import assert_plausible, assert_share

STAGES = {"Qualification": 0.1, "Needs Analysis": 0.2, "Proposal/Price Quote": 0.5, "Negotiation/Review": 0.8}
AS_OF = "2025-06-30"
EXPORT = {
    "Opportunity ID": ["O1", "O2", "O3", "O4"],
    "Account ID": ["A", "B", "A", "C"],
    "Opportunity Owner": ["Chen", "Chen", "Wang", "Wang"],
    "Stage": ["Closed Won", "Closed Lost", "Negotiation", "Proposal"],
    "Probability (%)": [100, 0, 60, 30],
    "Amount": [1000, 2000, 3000, 500],
    "Close Date": ["2025-03-01", "2025-04-01", "2026-03-01", "2025-02-01"],
}


def read(currency="EUR", **changes):
    return lb.read_transactions(pd.DataFrame(EXPORT | changes), currency=currency)


def judge(orders=None, overdue="drop", **settings):
    return lb.judge_opportunities(read() if orders is None else orders, overdue=overdue, **settings)


def pipeline(seed, number, *, spread=0.3, bias=1.0, log_odds=0.0):
    """One export then and one now; amounts have the stated mean times a bias, chances the stated ones moved."""
    rng = np.random.default_rng(seed)
    stage = rng.choice(list(STAGES), number)
    chance = np.array([STAGES[name] for name in stage])
    amount = np.round(np.exp(rng.normal(10, 1, number)), 2)
    won = rng.random(number) < expit(logit(chance) + log_odds)
    paid = np.round(bias * amount * np.exp(rng.normal(-(spread**2) / 2, spread, number)), 2)
    then = pd.DataFrame(
        {
            "Opportunity ID": [f"{seed}-{place}" for place in range(number)],
            "Account ID": [f"A{place % 50}" for place in range(number)],
            "Stage": stage,
            "Amount": amount,
            "Probability (%)": np.round(100 * chance),
            "Close Date": AS_OF,
        }
    )
    closed = {"Stage": np.where(won, "Closed Won", "Closed Lost"), "Amount": np.where(won, paid, amount)}
    return then, then.assign(**closed, **{"Probability (%)": np.where(won, 100, 0)}), paid, won


def recalibrated(orders, earlier, *seeds):
    """Recalibrate with the first of some seeds that converges."""
    for seed in seeds:
        try:
            return lb.judge_opportunities(orders, spread=0.5, history=earlier, random_seed=seed)
        except lb.errors.ConvergenceWarning:
            continue
    raise AssertionError(f"None of the seeds {seeds} converged.")


class TestWhatIsStated:
    def test_expected_value_is_amount_times_probability(self):
        summary = judge(overdue="undated", spread="30%").summary()
        assert summary["expected_value"].to_dict() == pytest.approx({2: 1800, 3: 150})
        assert summary["expert"].tolist() == ["Wang", "Wang"]
        assert summary["expected_on"].iloc[0] == pd.Timestamp("2026-03-01")

    @pytest.mark.parametrize("spread", [0.1, 0.3, 1.5])
    def test_spread_is_the_sd_of_the_logarithm(self, spread):
        table = judge(spread=spread).table
        assert table["amount_2"].tolist() == pytest.approx([spread])
        assert table["mean"].tolist() == pytest.approx([3000])
        low, high = (judge(spread=spread).amount_quantiles(level).item() for level in (0.1, 0.9))
        assert np.log(high / low) == pytest.approx(2 * stats.norm.ppf(0.9) * spread)

    def test_factors_of_the_docstring(self):
        for spread, low, high in ((0.3, 0.65, 1.4), (0.5, 0.46, 1.67)):
            ends = [judge(spread=spread).amount_quantiles(level).item() / 3000 for level in (0.1, 0.9)]
            assert np.round(ends, 2).tolist() == [low, high]

    def test_no_spread_is_a_certain_amount(self):
        judged = judge(spread=0)
        assert judged.amount_quantiles(0.01).tolist() == pytest.approx([3000])
        assert judged.amount_quantiles(0.99).tolist() == pytest.approx([3000])

    @pytest.mark.parametrize("spread", [30, -0.1, "30 apples", True, 2.5])
    def test_a_spread_that_is_hardly_meant_is_refused(self, spread):
        with pytest.raises(lb.errors.InputError, match=r"Write 30% as spread=0.3"):
            judge(spread=spread)

    def test_the_usual_spread_is_said(self):
        assert any("spread of 0.5, as no spread= was given" in note for note in judge().notes)
        assert "note: amounts are given a spread of 0.5" in repr(judge())
        assert not any("spread" in note for note in judge(spread=0.5).notes)

    def test_stages_take_the_place_of_probabilities(self):
        stages = {"negotiation": (6, 10), "Proposal": 0.2, "Demo": 0.1}
        table = judge(overdue="undated", stages=stages).table
        assert table["probability"].tolist() == pytest.approx([6.5 / 11, 0.2])
        assert table["chance_of"].tolist() == ["stage", None]

    def test_without_probabilities_the_stages_are_asked_for(self):
        without = lb.read_transactions(pd.DataFrame(EXPORT).drop(columns="Probability (%)"))
        asked = r"2 rows of the open opportunities without a probability \(rows 2, 3\).*'Negotiation': ..., 'Proposal'"
        with pytest.raises(lb.errors.JudgementError, match=asked):
            judge(without)
        assert len(judge(without, stages={"Negotiation": 0.6, "Proposal": 0.3}, overdue="undated")) == 2

    @pytest.mark.parametrize("amount", [None, 0])
    def test_without_an_amount_the_way_on_is_shown(self, amount):
        orders = read(Amount=[1000, 2000, 3000, amount])
        with pytest.raises(lb.errors.JudgementError, match=r"\(row 3\).*query\('amount > 0'\)"):
            judge(orders)
        assert len(lb.judge_opportunities(orders.opportunities.query("amount > 0"), as_of="2025-12-31")) == 1

    def test_rows_exported_twice_count_once(self):
        twice = pd.DataFrame(EXPORT).iloc[[0, 1, 2, 2, 3]].reset_index(drop=True)
        judged = judge(lb.read_transactions(twice))
        assert judged.table["opportunity"].tolist() == ["O3"]
        assert any("1 row left out, exported twice (row 3)" in note for note in judged.notes)

    def test_lines_are_no_rows_exported_twice(self):
        """Two lines of one amount differ in their product alone."""
        lines = pd.DataFrame(EXPORT).iloc[[0, 2, 2]].assign(Product=["x", "y", "z"]).reset_index(drop=True)
        orders = lb.read_transactions(lines)
        with pytest.raises(lb.errors.JudgementError, match=r"2 rows of the open .* number of another \(rows 1, 2\)"):
            judge(orders)
        table = orders.opportunities
        added = table.assign(amount=table.groupby("opportunity")["amount"].transform("sum"))
        for frame, amount in ((table, 3000), (added, 6000)):
            judged = lb.judge_opportunities(frame.drop_duplicates("opportunity"), as_of="2025-06-30")
            assert judged.table["mean"].tolist() == pytest.approx([amount])

    def test_an_export_is_read_where_nothing_need_be_said(self, tmp_path):
        pd.DataFrame(EXPORT).to_csv(tmp_path / "pipeline.csv", index=False)
        judged = judge(tmp_path / "pipeline.csv", spread=0.3)
        assert judged.summary()["expected_value"].tolist() == pytest.approx([1800])


class TestDates:
    def test_the_past_is_refused_with_three_ways(self):
        with pytest.raises(lb.errors.JudgementError, match=r"1 open opportunity of 2 .* before 2025-03-01 \(row 3\)"):
            judge(overdue="error")

    def test_each_way_is_taken_and_said(self):
        soon = judge(overdue="90 days")
        assert soon.table.loc[3, ["expected_from", "expected_to"]].tolist() == [
            pd.Timestamp("2025-03-01"),
            pd.Timestamp("2025-05-30"),
        ]
        assert any("by 2025-05-30 instead" in note for note in soon.notes)
        undated = judge(overdue="undated")
        assert undated.table["expected_from"].isna().tolist() == [False, True]
        assert any("on any day within the horizon instead" in note for note in undated.notes)
        given_up = judge(overdue="drop")
        assert given_up.table["opportunity"].tolist() == ["O3"]
        assert any("given up, worth nothing" in note for note in given_up.notes)
        for judged in (soon, undated, given_up):
            everyone = lb.all_customers(["A", "C"], as_of="2025-03-01")
            lb.lifetime_value(everyone, future_value=judged, horizon="2 years", random_seed=1).total()

    def test_the_day_is_that_of_the_last_order_or_the_one_given(self):
        assert len(judge(overdue="error", as_of="2025-01-31")) == 2
        with pytest.raises(lb.errors.JudgementError, match="before 2026-06-01"):
            judge(overdue="error", as_of="2026-06-01")
        with pytest.raises(lb.errors.JudgementError, match="leaves none"):
            judge(as_of="2026-06-01")

    def test_nonsense_is_no_way(self):
        with pytest.raises(lb.errors.InputError, match="overdue='soon' is no choice and no time"):
            judge(overdue="soon")

    def test_months_and_quarters_are_windows_and_blanks_are_said(self):
        dates = ["2025-03-01", "2025-04-01", "2026-Q3", None]
        judged = judge(read(**{"Close Date": dates}))
        assert judged.table.loc[2, "expected_to"] == pd.Timestamp("2026-09-30")
        assert pd.isna(judged.table.loc[3, "expected_from"])
        assert any("1 open opportunity without a close date" in note for note in judged.notes)

    def test_a_date_that_cannot_be_read_is_not_taken_for_a_blank(self):
        with pytest.raises(lb.errors.JudgementError, match=r"row 3\).*|such as 'some day'"):
            judge(read(**{"Close Date": ["2025-03-01", "2025-04-01", "2026-03-01", "some day"]}))


class TestCurrencies:
    def test_another_currency_is_refused_with_the_call(self):
        marks = {"Amount Currency": ["EUR", "EUR", "USD", "EUR"]}
        with pytest.raises(lb.errors.InputError, match=r"in USD \(rows 2\), orders in EUR.*rates=\{'USD': ...\}"):
            judge(read(**marks))
        converted = lb.read_transactions(pd.DataFrame(EXPORT | marks), currency="EUR", rates={"USD": 0.9})
        assert judge(converted).table["mean"].tolist() == pytest.approx([2700])

    def test_rows_of_several_currencies_are_refused_without_orders_too(self):
        marks = {"Amount Currency": ["EUR", "EUR", "USD", "EUR"]}
        with pytest.raises(lb.errors.InputError, match="without one currency for all"):
            lb.judge_opportunities(read(**marks).opportunities)


class TestNothingToJudge:
    def test_no_status(self):
        orders = lb.read_transactions(pd.DataFrame({"customer": ["A"], "date": ["2025-01-01"], "amount": [3.0]}))
        with pytest.raises(lb.errors.InputError, match="No column says which opportunities are open"):
            lb.judge_opportunities(orders)

    def test_nothing_open(self):
        with pytest.raises(lb.errors.InputError, match="No opportunity is open"):
            lb.judge_opportunities(lb.read_transactions(pd.DataFrame(EXPORT).iloc[:2]))


class TestProspects:
    def test_a_prospect_is_valued_beside_customers(self):
        orders = read()
        customers = lb.summarize(orders, time_unit="week", as_of="2025-06-30")
        judged = judge(orders, overdue="90 days", as_of="2025-06-30", relation="additional", spread=0.3)
        with pytest.raises(lb.errors.JudgementError, match=r"id C.*lb.all_customers\(customers, judged.table\)"):
            lb.lifetime_value(customers, future_value=judged, horizon="1 year")
        everyone = lb.all_customers(customers, judged.table)
        purchases, spend = (
            {name: np.full((1, 2000), value) for name, value in values.items()}
            for values in ({"r": 0.2, "alpha": 4.4, "a": 0.8, "b": 2.4}, {"p": 6.0, "q": 4.0, "v": 900.0})
        )
        stream = lb.RepeatPurchases(
            lb.FittedPurchases.from_draws(purchases, time_unit="week"),
            lb.FittedSpend.from_draws(spend, currency="EUR"),
            customers=customers,
        )
        value = lb.lifetime_value(everyone, stream, future_value=judged, horizon="1 year", random_seed=1)
        assert any(note.startswith("1 customer has an open opportunity and is alive") for note in value.notes())
        summary = value.summary()
        assert summary.index.tolist() == ["A", "C"]
        assert summary.loc["C", "judged_share"] == 1
        sd = np.sqrt(0.3 * 500**2 * np.exp(0.3**2) - 150**2)
        assert summary.loc["C", "mean"] == pytest.approx(150, abs=4 * sd / np.sqrt(2000))
        assert summary.loc["C", "sd"] == pytest.approx(sd, rel=0.1)

    def test_prospects_alone_are_valued(self):
        orders = lb.read_transactions(pd.DataFrame(EXPORT).iloc[2:], currency="EUR")
        everyone = lb.all_customers(orders, orders.opportunities, as_of="2025-01-31")
        assert everyone.currency == "EUR"
        judged = lb.judge_opportunities(orders, as_of="2025-01-31", spread=0.3)
        value = lb.lifetime_value(everyone, future_value=judged, horizon="2 years", random_seed=1)
        assert value.summary().index.tolist() == ["A", "C"]

    def test_an_as_of_that_contradicts_the_data_is_refused(self):
        customers = lb.summarize(read(), time_unit="week", as_of="2025-06-30")
        with pytest.raises(lb.errors.InputError, match="the data end on 2025-06-30"):
            lb.all_customers(customers, ["C"], as_of="2025-07-01")
        assert lb.all_customers(customers, ["C"], as_of="2025-06-30").as_of == customers.as_of


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_form_takes_them_and_gives_them_back(tmp_path, ending):
    judged = judge(overdue="90 days", spread=0.3, relation="additional")
    again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / f"stated.{ending}"))
    names = [
        "customer_id",
        "opportunity",
        "probability",
        "mean",
        "sd",
        "expected_from",
        "expected_to",
        "stage",
        "expert",
    ]
    pd.testing.assert_frame_equal(
        again.table[names].reset_index(drop=True), judged.table[names].reset_index(drop=True), check_dtype=False
    )
    assert again.relations.tolist() == ["additional"] * 2


def test_notes_stay_with_a_part_and_a_whole():
    judged = judge(overdue="undated")
    part, other = judged.subset([2]), judged.subset([3])
    assert part.notes == judged.notes
    assert lb.combine_judgements(part, other).notes == judged.notes


class TestTruthIsKnown:
    def test_amounts_lie_within_their_interval_as_often_as_stated(self):
        then, _, paid, _ = pipeline(1, 4000)
        judged = lb.judge_opportunities(lb.read_transactions(then), as_of=AS_OF, spread=0.3)
        ends = [judged.amount_quantiles(level).to_numpy() for level in (0.1, 0.9)]
        assert_share((paid >= ends[0]) & (paid <= ends[1]), 0.8)

    def test_totals_lie_within_their_interval_as_often_as_stated(self):
        """400 customers with ten opportunities each; chances and spread are as stated."""
        then, _, paid, won = pipeline(2, 4_000)
        then["Account ID"] = [f"A{place % 400:03d}" for place in range(len(then))]
        judged = lb.judge_opportunities(lb.read_transactions(then), as_of=AS_OF, spread=0.3)
        everyone = lb.all_customers(judged.table, as_of=AS_OF)
        value = lb.lifetime_value(everyone, future_value=judged, horizon="1 year", random_seed=1)
        summary = value.summary(ci_prob=0.8)
        happened = pd.Series(np.where(won, paid, 0.0)).groupby(then["Account ID"]).sum()[summary.index]
        assert_share(happened.between(summary["eti80_lb"], summary["eti80_ub"]), 0.8)
        stated = (then["Amount"] * then["Probability (%)"] / 100).groupby(then["Account ID"]).sum()[summary.index]
        assert summary["mean"].sum() == pytest.approx(stated.sum(), rel=0.01)

    def test_the_note_has_the_win_rate_beside_what_is_stated(self):
        _, now, _, won = pipeline(3, 200)
        new, *_ = pipeline(4, 100)
        orders = lb.read_transactions(pd.concat([now, new.assign(**{"Close Date": "2026-01-31"})], ignore_index=True))
        said = next(note for note in lb.judge_opportunities(orders).notes if "decided" in note)
        assert f"of 200 opportunities decided in the year to {AS_OF}, {won.sum()} were won" in said
        assert f"stated at {new['Probability (%)'].mean():.0f}% on average" in said


class TestAnEarlierExport:
    def test_outcomes_are_matched_by_number(self):
        then, now, paid, won = pipeline(5, 50)
        shuffled = now.sample(frac=1, random_state=1).reset_index(drop=True)
        closed = lb.closed_opportunities(lb.read_transactions(then), lb.read_transactions(shuffled), spread=0.3)
        assert closed["won"].tolist() == won.tolist()
        assert closed.loc[won, "amount"].tolist() == pytest.approx(paid[won])
        assert closed.loc[~won, "amount"].isna().all()
        assert closed["mean"].tolist() == then["Amount"].tolist()
        assert set(closed["closed_on"]) == {pd.Timestamp(AS_OF)}
        assert closed["probability"].tolist() == (then["Probability (%)"] / 100).tolist()

    def test_those_that_are_still_open_or_gone_are_counted(self):
        then, now, *_ = pipeline(6, 50)
        later = pd.concat([now.iloc[:30], then.iloc[30:45]], ignore_index=True)
        with pytest.warns(lb.errors.DataWarning, match="15 opportunities of the earlier export are still open"):
            closed = lb.closed_opportunities(lb.read_transactions(then), lb.read_transactions(later))
        assert (len(closed), closed.attrs["still_open"], closed.attrs["absent"]) == (30, 15, 5)

    def test_stages_give_the_chances_of_then(self):
        then, now, *_ = pipeline(7, 20)
        bare = lb.read_transactions(then.drop(columns="Probability (%)"))
        later = lb.read_transactions(now)
        with pytest.raises(lb.errors.InputError, match="Give the chance of each stage: stages="):
            lb.closed_opportunities(bare, later)
        closed = lb.closed_opportunities(bare, later, stages=STAGES)
        assert closed["probability"].tolist() == (then["Probability (%)"] / 100).tolist()

    def test_what_cannot_be_matched_is_refused(self):
        then, now, *_ = pipeline(8, 20)
        old, new = lb.read_transactions(then), lb.read_transactions(now)
        with pytest.raises(lb.errors.InputError, match="No opportunity of the earlier export is open"):
            lb.closed_opportunities(new, old)
        with pytest.raises(lb.errors.InputError, match=r"None of the 20 opportunities .* in their order"):
            lb.closed_opportunities(old, read())
        with pytest.raises(lb.errors.InputError, match="without a number"):
            lb.closed_opportunities(lb.read_transactions(then.drop(columns="Opportunity ID")), new)
        with pytest.raises(lb.errors.InputError, match="The earlier export is in USD, the later one in EUR"):
            lb.closed_opportunities(
                lb.read_transactions(then, currency="USD"), lb.read_transactions(now, currency="EUR")
            )

    @pytest.mark.fits
    def test_a_planted_bias_is_corrected(self):
        """Chances moved by -1 on the logistic scale, amounts by a fifth: the open ones' true mean is known."""
        planted = {"bias": 0.8, "log_odds": -1.0}
        then, now, *_ = pipeline(9, 400, **planted)
        new, *_ = pipeline(10, 150, **planted)
        later = pd.concat([now, new.assign(**{"Close Date": "2026-01-31"})], ignore_index=True)
        orders, earlier = lb.read_transactions(later), lb.read_transactions(then)
        judged = recalibrated(orders, earlier, 1, 2, 3)
        change, table = judged.adjustments, judged.table
        for stage, stated in STAGES.items():
            place = change.who[table["stage"].eq(stage).to_numpy().argmax()]
            odds = change.intercept[place] + change.slope[place] * logit(stated)
            assert_plausible(logit(stated) + planted["log_odds"], odds, figures=12)
            median = np.log(planted["bias"]) + (0.5**2 - 0.3**2) / 2  # stated amounts are means, also of then
            assert_plausible(median, change.shift[place], figures=12)
            assert_plausible(np.log(0.3 / 0.5), np.log(change.spread[place]), figures=12)
        chance = expit(logit(new["Probability (%)"] / 100) + planted["log_odds"])
        truth = float((chance * new["Amount"] * planted["bias"]).sum())
        stated, used = (one.summary()["expected_value"].sum() for one in (judge(orders, spread=0.5), judged))
        assert abs(np.log(used / truth)) < abs(np.log(stated / truth)) / 2
        assert any("recalibrated by 400 opportunities" in note for note in judged.notes)
