"""Pooled judgements: closed forms, what experts' weights and correlation do, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError
from ltv_bayes.formulas.beliefs.correlated_experts import effective_number
from ltv_bayes.judgement.form.layout import PARAMETERS
from ltv_bayes.judgement.valuing.expected import log_moments
from ltv_bayes.judgement.valuing.relations import are_opinions
from tests.chance import FALSE_ALARM, allowed

Z = stats.norm.ppf(0.9)


def said(*rows):
    usual = {"customer_id": "A", "opportunity": "Plant", "probability": 0.5}
    return pd.DataFrame([{**usual, **row} for row in rows])


CHEN = {"expert": "Chen", "probability": 0.3, "low": 50.0, "high": 200.0}
WANG = {"expert": "Wang", "probability": 0.7, "low": 200.0, "high": 400.0}


def belief(row):
    return np.log(row["low"] * row["high"]) / 2, np.log(row["high"] / row["low"]) / 2 / Z


def worth(book, judged):
    many = lb.lifetime_value(book, future_value=judged, horizon="3 years", random_seed=1)
    return many.components["judged"].sel(customer_id="A").to_numpy().ravel()


class TestInWords:
    """What is told of a linear pool is what is drawn: three experts, two of whom are far apart."""

    EXPERTS = (("Li", 0.5, 30.0, 90.0), ("Wu", 0.8, 60.0, 150.0), ("Xu", 0.9, 50.0, 60.0))

    @pytest.fixture
    def pooled(self):
        names = ("expert", "probability", "low", "high")
        frame = said(*(dict(zip(names, expert, strict=True)) for expert in self.EXPERTS))
        return lb.pool_judgements(frame, method="linear", random_seed=1)

    @pytest.fixture
    def exactly(self):
        """Quantiles of the mixture given that it occurs, found by a root, and its mean."""
        chance, low, high = np.transpose([expert[1:] for expert in self.EXPERTS])
        location, sd = np.log(low * high) / 2, np.log(high / low) / 2 / Z
        share = chance / chance.sum()

        def quantile(level):
            return np.exp(optimize.brentq(lambda x: share @ stats.norm.cdf(x, location, sd) - level, 0, 10))

        return [quantile(0.1), quantile(0.5), quantile(0.9), share @ np.exp(location + sd**2 / 2)]

    def test_the_amount_is_the_mixture_that_is_drawn(self, pooled, exactly, book):
        amount = pooled.opportunities()[0].amount
        told = [*amount.quantile([0.1, 0.5, 0.9]), amount.mean]
        assert told == pytest.approx(exactly, rel=2e-3)
        drawn = worth(book, pooled)
        drawn = drawn[drawn > 0]
        assert [*np.quantile(drawn, [0.1, 0.5, 0.9]), drawn.mean()] == pytest.approx(exactly, rel=0.04)

    def test_words_say_its_quantiles_and_mean(self, pooled, exactly):
        low, median, high, mean = (f"{number:.3g}" for number in exactly)
        words = pooled.in_words().item()
        assert f"above {high}, one in ten below {low}, as likely above {median} as below; {mean} on average" in words
        assert pooled.fit_table()["misfit"].abs().max() < 2e-3

    def test_the_density_drawn_is_the_mixtures(self, pooled):
        """It has the narrow expert's hump, of which the nearest log-normal knows nothing, and integrates to 1."""
        amount = pooled.opportunities()[0].amount
        grid = np.linspace(1.0, 800.0, 4_001)
        density = amount.density(grid)
        assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
        inside = (grid > 50) & (grid < 60)
        share = 0.9 / 2.2 * 0.8
        assert np.trapezoid(density[inside], grid[inside]) > share

    def test_the_audit_agrees(self, pooled, exactly):
        row = pooled.audit().iloc[0]
        assert [row["low"], row["median"], row["high"]] == pytest.approx(exactly[:3], rel=0.01)

    @pytest.mark.parametrize("name", ["said.csv", "said.xlsx"])
    def test_a_form_has_no_room_for_it(self, pooled, tmp_path, name):
        with pytest.warns(DataWarning, match=r"1 row of the judgements pooled into a mixture.*\(row 0\)\. Keep"):
            pooled.write(tmp_path / name)

    def test_a_logarithmic_pool_is_written_and_read_to_the_same_draws(self, book, tmp_path):
        pooled = lb.pool_judgements(said(CHEN, WANG))
        again = lb.FutureValuePriors.from_judgements(pooled.write(tmp_path / "said.csv"))
        np.testing.assert_allclose(worth(book, again), worth(book, pooled), rtol=1e-9)


@pytest.mark.filterwarnings("ignore:.*interval of less than 20")
@pytest.mark.parametrize("method", ["linear", "logarithmic"])
@pytest.mark.parametrize("by_row", [False, True], ids=["argument", "row"])
def test_a_slip_is_refused_unless_it_is_confirmed(method, by_row):
    narrow = {"low": 195.0, "high": 200.0} | ({"interval": 0.04} if by_row else {})
    frame, given = said({**CHEN, **narrow}, {**WANG, **narrow}), {} if by_row else {"interval": 0.04}
    with pytest.raises(JudgementError, match=r"less than 5%.*pass confirmed=True\.$"):
        lb.pool_judgements(frame, method=method, **given)
    pooled = lb.pool_judgements(frame, method=method, random_seed=1, confirmed=True, **given)
    assert np.isfinite(pooled.table["mean"]).all()
    assert pooled.table["confirmed"].all()


class TestLogarithmic:
    def test_independent_amounts_are_weighted_by_precision(self):
        row = lb.pool_judgements(said(CHEN, WANG)).table.iloc[0]
        (m1, s1), (m2, s2) = belief(CHEN), belief(WANG)
        precision = s1**-2 + s2**-2
        assert np.log(row["median"]) == pytest.approx((m1 / s1**2 + m2 / s2**2) / precision)
        assert row["amount_2"] == row["amount_3"] == pytest.approx(precision**-0.5)
        assert np.log(row["high"] / row["median"]) == pytest.approx(Z * precision**-0.5)

    def test_chances_are_the_weighted_mean_of_log_odds(self):
        equal = lb.pool_judgements(said(CHEN, {**WANG, "probability": 0.9})).table.iloc[0]
        assert special.logit(equal["probability"]) == pytest.approx(special.logit([0.3, 0.9]).mean())
        unequal = lb.pool_judgements(said(CHEN, WANG), weights={"Chen": 3, "Wang": 1}).table.iloc[0]
        assert special.logit(unequal["probability"]) == pytest.approx(special.logit([0.3, 0.7]) @ [0.75, 0.25])

    @pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
    def test_correlated_experts_are_fewer_than_they_are_many(self, correlation):
        experts = [{**CHEN, "expert": name} for name in "abcde"]
        row = lb.pool_judgements(said(*experts), correlation=correlation).table.iloc[0]
        assert row["amount_2"] == pytest.approx(belief(CHEN)[1] / np.sqrt(effective_number(5, correlation)))
        assert row["median"] == pytest.approx(100.0)

    def test_twice_the_weight_is_half_the_variance(self):
        pooled = lb.pool_judgements(said(CHEN, WANG), weights={"Chen": 2, "Wang": 1}).table.iloc[0]
        (m1, s1), (m2, s2) = belief(CHEN), belief(WANG)
        w1, w2 = 4 / 3 / s1**2, 2 / 3 / s2**2
        assert np.log(pooled["median"]) == pytest.approx((w1 * m1 + w2 * m2) / (w1 + w2))

    def test_an_expert_of_weight_zero_does_not_count(self):
        row = lb.pool_judgements(said(CHEN, WANG), weights={"Chen": 1, "Wang": 0}, correlation=0.5).table.iloc[0]
        (_, s1) = belief(CHEN)
        assert row[["probability", "median"]].tolist() == pytest.approx([0.3, 100.0])
        assert row["amount_2"] == pytest.approx(s1)

    def test_draws_have_the_mean_of_the_closed_form(self, book):
        judged = lb.pool_judgements(said(CHEN, WANG))
        found, row = worth(book, judged), judged.table.iloc[0]
        expected = row["probability"] * row["median"] * np.exp(row["amount_2"] ** 2 / 2)
        assert judged.summary()["expected_value"].tolist() == pytest.approx([expected])
        assert abs(found.mean() - expected) < allowed() * found.std() / np.sqrt(found.size)


class TestLinear:
    def test_expected_value_is_the_mean_of_the_experts(self, book):
        frame, weights = said(CHEN, WANG), {"Chen": 0.75, "Wang": 0.25}
        judged = lb.pool_judgements(frame, method="linear", weights=weights, random_seed=1)
        each = [0.3 * 100 * np.exp(belief(CHEN)[1] ** 2 / 2), 0.7 * np.exp(belief(WANG)[0] + belief(WANG)[1] ** 2 / 2)]
        expected = np.dot(each, [0.75, 0.25])
        assert judged.summary()["expected_value"].tolist() == pytest.approx([expected], rel=1e-3)
        found = worth(book, judged)
        assert abs(found.mean() - expected) < allowed() * found.std() / np.sqrt(found.size)
        assert judged.table["probability"].tolist() == pytest.approx([0.4])
        assert (judged.table["mean"] * judged.table["probability"]).tolist() == pytest.approx([expected], rel=1e-3)

    def test_draws_are_those_of_a_mixture(self, book):
        """Of what comes, the share of each expert is the weight times the chance."""
        found = worth(book, lb.pool_judgements(said(CHEN, WANG), method="linear", random_seed=1))
        came = np.log(found[found > 0])
        share = np.array([0.3, 0.7])

        def mixture(x):
            return sum(w * stats.norm.cdf(x, *belief(row)) for w, row in zip(share, (CHEN, WANG), strict=True))

        assert len(came) / found.size == pytest.approx(0.5, abs=0.03)
        assert stats.kstest(came, mixture).pvalue > FALSE_ALARM

    def test_low_and_high_are_quantiles_of_the_mixture(self):
        row = lb.pool_judgements(said(CHEN, WANG), method="linear", random_seed=1).table.iloc[0]
        for amount, level in ((row["low"], 0.1), (row["likely"], 0.5), (row["high"], 0.9)):
            levels = [stats.norm.cdf(np.log(amount), *belief(one)) for one in (CHEN, WANG)]
            assert np.dot([0.3, 0.7], levels) == pytest.approx(level, abs=1e-9)

    def test_agreement_does_not_narrow(self):
        row = lb.pool_judgements(said(CHEN, {**CHEN, "expert": "Wang"}), method="linear", random_seed=1).table.iloc[0]
        assert row[["low", "high", "probability"]].tolist() == pytest.approx([50.0, 200.0, 0.3])

    def test_the_same_seed_gives_the_same_draws_in_any_order_of_rows(self):
        first, second = (
            lb.pool_judgements(frame, method="linear", random_seed=3) for frame in (said(CHEN, WANG), said(WANG, CHEN))
        )
        np.testing.assert_array_equal(first.adjustments.shift, second.adjustments.shift)


class TestWithCalibration:
    def test_biases_are_removed_first(self, by_hand):
        optimist = {"intercept": -0.7, "shift": -np.log(1.4), "spread": 2.0}
        calibration = by_hand(Chen=optimist, Wang=optimist)
        two = said(CHEN, {**CHEN, "expert": "Wang"})
        row = lb.pool_judgements(two, weights=calibration, correlation=0.5).table.iloc[0]
        assert row["median"] == pytest.approx(100 / 1.4)
        assert special.logit(row["probability"]) == pytest.approx(special.logit(0.3) - 0.7)
        sd = 2 * belief(CHEN)[1] / np.sqrt(effective_number(2, 0.5))
        assert np.log(row["high"] / row["median"]) == pytest.approx(Z * sd)

    def test_one_expert_alone_is_recalibrated_as_ever(self, by_hand, book):
        calibration = by_hand(Chen={"shift": np.linspace(-1, 0, 400).reshape(2, 200), "spread": 1.5})
        pooled = lb.pool_judgements(said(CHEN), weights=calibration)
        alone = calibration.recalibrate(lb.FutureValuePriors.from_judgements(said(CHEN)))
        expected = alone.summary()["expected_value"].tolist()
        assert pooled.summary()["expected_value"].tolist() == pytest.approx(expected)
        assert worth(book, pooled).mean() == pytest.approx(worth(book, alone).mean(), rel=0.25)

    def test_the_correlation_can_be_learned(self, by_hand, closed):
        amounts = np.exp(np.random.default_rng(1).normal(np.log(100), 0.5, 60)).repeat(2)
        rows = [
            closed(expert=name, opportunity=f"P{number // 2}", amount=amount)
            for number, (name, amount) in enumerate(zip(["Chen", "Wang"] * 60, amounts, strict=True))
        ]
        calibration = by_hand(rows, Chen={}, Wang={})
        learned = lb.pool_judgements(said(CHEN, WANG), weights=calibration, correlation="learned").table
        number = float(calibration.correlation()["correlation"])
        assert number > 0.9
        given = lb.pool_judgements(said(CHEN, WANG), weights=calibration, correlation=number).table
        pd.testing.assert_frame_equal(learned, given)


class TestReading:
    def test_an_opportunity_of_one_expert_stays_as_it_is(self):
        alone = {**CHEN, "customer_id": "C", "likely": 80.0, "probability": 0.9}
        pooled = lb.pool_judgements(said(CHEN, WANG, alone)).table.set_index("customer_id")
        stated = lb.FutureValuePriors.from_judgements(said(alone)).table.set_index("customer_id")
        columns = ["probability", "amount_1", "amount_2", "amount_3", "mean", "expert"]
        assert pooled.loc["C", columns].tolist() == stated.loc["C", columns].tolist()

    def test_names_days_and_nameless_opportunities(self):
        rows = [{**CHEN, "expected_on": "2026-01-31"}, {**WANG, "expected_on": "2026-06-30"}]
        row = lb.pool_judgements(said(*rows).drop(columns="opportunity")).table.iloc[0]
        assert row["expert"] == "Chen + Wang"
        assert (row["expected_from"], row["expected_to"]) == (pd.Timestamp("2026-01-31"), pd.Timestamp("2026-06-30"))
        assert pd.isna(row["expected_on"])

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([CHEN, {**WANG, "expert": None}], r"without an expert \(row 1\)"),
            ([CHEN, CHEN], "more than once.*rows 0, 1"),
            ([CHEN, {**WANG, "probability": 7}], "probability outside 0 to 1.*row 1"),
            (
                [{**CHEN, "opportunity": None}, {**CHEN, "opportunity": None, "low": 60.0}],
                "several nameless.*Name them",
            ),
        ],
    )
    def test_rows_at_fault_are_named(self, rows, message):
        with pytest.raises(JudgementError, match=message):
            lb.pool_judgements(said(*rows))

    def test_settings_at_fault(self):
        frame = said(CHEN, WANG)
        with pytest.raises(InputError, match=r"no method 'log'.*Known names"):
            lb.pool_judgements(frame, method="log")
        with pytest.raises(InputError, match=r"no weight of Wang"):
            lb.pool_judgements(frame, weights={"Chen": 1})
        with pytest.raises(InputError, match=r"0 or more: correct that of Wang"):
            lb.pool_judgements(frame, weights={"Chen": 1, "Wang": -1})
        with pytest.raises(JudgementError, match=r"of which all experts have weight 0 \(rows 0, 1\)"):
            lb.pool_judgements(frame, weights={"Chen": 0, "Wang": 0})
        for wrong in (1, -0.1):
            with pytest.raises(InputError, match=r"correlation must be at least 0 and below 1"):
                lb.pool_judgements(frame, correlation=wrong)
        with pytest.raises(InputError, match=r"Pass it as weights=calibration"):
            lb.pool_judgements(frame, correlation="learned")
        with pytest.raises(ColumnError, match=r"no column 'expert'"):
            lb.pool_judgements(frame.drop(columns="expert"))


def two(**changes):
    """Two experts on one nameless opportunity, with some columns changed."""
    frame = {"customer_id": ["A", "A"], "expert": ["Chen", "Wang"], "probability": [0.5, 0.7]}
    return pd.DataFrame({**frame, "low": [50.0, 100.0], "high": [200.0, 400.0], **changes})


class TestForms:
    def test_gamma_amounts_are_pooled_by_their_logarithms(self):
        frame = two(family="gamma", mean=100.0, sd=50.0).drop(columns=["low", "high"])
        row = lb.pool_judgements(frame).table.iloc[0]
        assert row["median"] == pytest.approx(np.exp(special.psi(4.0)) * 25, rel=1e-3)
        assert row["amount_2"] == pytest.approx(np.sqrt(special.polygamma(1, 4.0) / 2), rel=2e-3)

    def test_opinions_on_one_client_are_pooled_into_one(self):
        assert are_opinions(lb.pool_judgements(two(relation="same_total")).table).tolist() == [True]

    def test_experts_must_agree_on_the_relation(self):
        with pytest.raises(JudgementError, match="different relations"):
            lb.pool_judgements(two(relation=["additional", "same_total"]))

    def test_pooled_judgements_are_written_and_read_again(self, tmp_path):
        pooled = lb.pool_judgements(two(probability=["3 of 10", "60%"]))
        again = lb.FutureValuePriors.from_judgements(pooled.write(tmp_path / "pooled.csv"))
        columns = ["probability", "low", "high", "expected_value"]
        found = again.summary()[columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, pooled.summary()[columns])

    def test_all_that_judgements_can_say_is_read(self):
        own = {"customer_id": "客户", "expert": "销售", "low": "下限", "high": "上限"}
        frame = two(stage=["offer", "offer"], low="50,0", expected_on="31.12.2026").drop(columns="probability")
        reading = {
            "stages": {"offer": (6, 10)},
            "family": "gamma",
            "interval": 0.5,
            "amount_unit": "万元",
            "decimal": ",",
            "date_format": "%d.%m.%Y",
        }
        found = lb.pool_judgements(frame.rename(columns=own), columns=own, **reading).table.iloc[0]
        singly = [
            lb.FutureValuePriors.from_judgements(one.rename(columns=own), columns=own, **reading).table.iloc[0]
            for _, one in frame.groupby("expert")
        ]
        assert [row["family"] for row in singly] == ["gamma", "gamma"]
        moments = [log_moments("gamma", tuple(row[PARAMETERS]), np.ones(1)) for row in singly]
        location, sd = np.array(moments, dtype=float)[:, :, 0].T
        assert np.log(found["median"]) == pytest.approx(np.average(location, weights=sd**-2))
        assert found["probability"] == pytest.approx(6.5 / 11)
        assert found["expected_on"] == pd.Timestamp("2026-12-31")

    def test_of_a_workbook_one_sheet(self, tmp_path):
        with pd.ExcelWriter(tmp_path / "said.xlsx") as book:
            two(probability=0.2).to_excel(book, sheet_name="old", index=False)
            two().to_excel(book, sheet_name="new", index=False)
        found = lb.pool_judgements(tmp_path / "said.xlsx", sheet="new")
        pd.testing.assert_frame_equal(found.summary(), lb.pool_judgements(two()).summary(), check_dtype=False)

    def test_an_expert_column_under_another_name_that_is_missing(self):
        with pytest.raises(ColumnError, match="no column '销售'"):
            lb.pool_judgements(two(), columns={"expert": "销售"})
