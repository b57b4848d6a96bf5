"""Forecasts of purchases from posteriors made by hand: formulas, draws, ids, units."""

import arviz as az
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError, UnitError
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.over_customers import labelled
from tests.chance import allowed


def renamed(customers, names):
    frame = customers.table.reset_index().assign(customer_id=names)
    return lb.Customers.from_summary(frame, time_unit=customers.time_unit, as_of=customers.as_of)


class TestNoNumber:
    def test_forecasts_that_are_nan_are_refused_with_customers_and_cure(self, book):
        values = np.ones((2, 3, len(book)))
        values[1, :2, 2] = np.nan
        with pytest.raises(FitError, match=r"expected_purchases is NaN in 2 draws of 6 for C: .*priors="):
            labelled(values, book.ids, "expected_purchases")
        with pytest.raises(FitError, match="at_stake is NaN in 3 draws of 6: "):
            labelled_draws(np.array([[1, 2, 3], [np.nan] * 3]), "at_stake")

    def test_forecasts_without_limit_are_not(self, book):
        assert np.isinf(labelled(np.full((1, 1, len(book)), np.inf), book.ids, "expected_spend")).all()


class TestDiscounted:
    @pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
    def test_every_draw_is_the_formula_extreme_ones_too(self, book, model):
        drawn = {"r": [[0.243, 0.3]], "alpha": [[4.4, 1e-3]], "a": [[0.8, 3e5]], "b": [[2.4, 0.01]]}
        fit = lb.FittedPurchases.from_draws(drawn, time_unit="week", model=model)
        found = fit.expected_discounted_purchases(book, horizon="520 weeks", discount_rate=0.1).to_numpy()[0]
        formulas = {"bg_nbd": bg_nbd, "mbg_nbd": mbg_nbd}[model]
        history = book.table[["frequency", "recency", "T"]].to_numpy(dtype=float).T
        for draw in (0, 1):
            future = formulas.outlook(*history, **{name: values[0][draw] for name, values in drawn.items()})
            expected = bg_nbd.discounted_expected_purchases(520, np.log(1.1) * 7 / 365.25, future)
            np.testing.assert_allclose(found[draw], expected, rtol=1e-8)


class TestExpectation:
    def test_every_draw_is_the_formula(self, book, purchases):
        found = purchases.expected_purchases(book, horizon="39 weeks")
        assert found.dims == ("chain", "draw", "customer_id")
        assert found.shape == (2, 500, 6)
        values = {name: drawn[1, 7] for name, drawn in purchases.draws.items()}
        row = book.table.loc["C"]
        alone = bg_nbd.expected_purchases(39, bg_nbd.outlook(row["frequency"], row["recency"], row["T"], **values))
        assert found.sel(customer_id="C").values[1, 7] == pytest.approx(float(alone), rel=1e-12)

    def test_probability_alive_is_one_without_repeat(self, book, purchases):
        found = purchases.probability_alive(book)
        assert (found.sel(customer_id="B") == 1).all()
        assert (found.sel(customer_id="D") < 0.5).all()

    def test_of_those_known_to_be_alive_it_is_the_number_over_the_chance_of_being_so(self, book, purchases):
        alive, plain = purchases.probability_alive(book), purchases.expected_purchases(book, horizon="39 weeks")
        known = purchases.expected_purchases(book, horizon="39 weeks", given_alive=True)
        np.testing.assert_allclose(known * alive, plain, rtol=1e-12)
        assert (known.sel(customer_id="D") > 2 * plain.sel(customer_id="D")).all()

    def test_customers_in_another_unit_are_converted(self, book, purchases):
        by_day = purchases.expected_purchases(book.in_time_unit("day"), horizon="273 days")
        by_week = purchases.expected_purchases(book, horizon="39 weeks")
        np.testing.assert_allclose(by_day, by_week, rtol=1e-12)

    def test_each_purchase_is_discounted_at_the_yearly_rate_from_its_own_week(self, book, purchases):
        """A sum over weeks of what is expected in each, discounted at its middle."""
        weeks, purchases = np.arange(157), purchases.thin(10)
        by_week = [purchases.expected_purchases(book, f"{n} weeks").mean(("chain", "draw")) for n in weeks[1:]]
        each = np.diff([np.zeros(len(book)), *by_week], axis=0)
        expected = 1.1 ** (-(weeks[1:] - 0.5) * 7 / 365.25) @ each
        found = purchases.expected_discounted_purchases(book, horizon="156 weeks", discount_rate=0.10)
        np.testing.assert_allclose(found.mean(("chain", "draw")), expected, rtol=1e-5)

    def test_discounting_lowers_the_number(self, book, purchases):
        plain = purchases.expected_purchases(book, horizon="3 years")
        at_nothing = purchases.expected_discounted_purchases(book, horizon="3 years", discount_rate=0.0)
        at_ten = purchases.expected_discounted_purchases(book, horizon="3 years", discount_rate=0.10)
        np.testing.assert_allclose(at_nothing, plain, rtol=1e-8)
        assert (at_ten < plain).all()

    def test_new_customer(self, purchases):
        found = purchases.expected_purchases_new_customer(horizon="1 year")
        assert found.dims == ("chain", "draw")
        values = {name: drawn[0, 0] for name, drawn in purchases.draws.items()}
        alone = bg_nbd.expected_purchases(365.25 / 7, bg_nbd.outlook_of_new_customer(**values))
        assert float(found[0, 0]) == pytest.approx(float(alone))

    def test_probabilities_of_purchases(self, book, purchases):
        some = purchases.thin(10)
        parts = [some.probability_of_purchases(book, y, horizon="39 weeks") for y in range(200)]
        np.testing.assert_allclose(sum(parts).sel(customer_id=["A", "B", "D"]), 1, atol=1e-9)


class TestPrediction:
    def test_mean_of_draws_is_the_expectation(self, book, purchases):
        drawn = purchases.predict_purchases(book, horizon="39 weeks", random_seed=1)
        expected = purchases.expected_purchases(book, horizon="39 weeks")
        error = drawn.std(("chain", "draw")) / np.sqrt(1000)
        assert (abs(drawn.mean(("chain", "draw")) - expected.mean(("chain", "draw"))) < allowed(100) * error).all()

    def test_draws_are_whole_and_the_seed_repeats_them(self, book, purchases):
        first, again, other = (
            purchases.predict_purchases(book, horizon="39 weeks", random_seed=seed) for seed in (1, 1, 2)
        )
        assert first.dtype == np.int64
        assert first.equals(again)
        assert not first.equals(other)
        assert first.attrs == {"units": "purchases", "horizon": "39 weeks", "random_seed": "1"}

    def test_order_and_company_of_customers_change_nothing(self, book, purchases):
        whole = purchases.predict_purchases(book, horizon="39 weeks", random_seed=1)
        some = purchases.predict_purchases(book.subset(["C", "A"]), horizon="39 weeks", random_seed=1)
        np.testing.assert_array_equal(some, whole.sel(customer_id=some["customer_id"]))

    def test_numbers_and_texts_as_ids_agree(self, book, purchases):
        as_numbers, as_texts = (renamed(book, names) for names in ([3, 1, 2, 6, 5, 4], list("312654")))
        one = purchases.predict_purchases(as_numbers, horizon="1 year", random_seed=4)
        other = purchases.predict_purchases(as_texts, horizon="1 year", random_seed=4)
        for number in range(1, 7):
            np.testing.assert_array_equal(one.sel(customer_id=number), other.sel(customer_id=str(number)))

    def test_new_customer(self, purchases):
        drawn = purchases.predict_purchases_new_customer(horizon="1 year", random_seed=1)
        expected = float(purchases.expected_purchases_new_customer(horizon="1 year").mean())
        assert abs(float(drawn.mean()) - expected) < allowed() * float(drawn.std()) / np.sqrt(1000)

    def test_fifty_years_of_a_heavy_buyer(self):
        fit = lb.FittedPurchases.from_draws(
            {"r": [[0.5] * 50], "alpha": [[10.0] * 50], "a": [[1.0] * 50], "b": [[3.0] * 50]}, time_unit="day"
        )
        frame = pd.DataFrame({"customer_id": ["x"], "frequency": [3000], "recency": [364.9], "T": [365.0]})
        customers = lb.Customers.from_summary(frame, time_unit="day")
        expected = fit.expected_purchases(customers, horizon="50 years")
        drawn = fit.predict_purchases(customers, horizon="50 years", random_seed=1)
        assert np.isfinite(expected).all()
        assert (expected > 0).all()
        assert (drawn >= 0).all()


class TestRefusals:
    @pytest.mark.parametrize("horizon", [39, "39", "-3 weeks", "soon", None, "3 fortnights", "0 weeks"])
    def test_a_horizon_needs_a_unit(self, book, purchases, horizon):
        with pytest.raises(UnitError):
            purchases.expected_purchases(book, horizon=horizon)

    def test_too_many_draws_for_memory(self, purchases):
        frame = pd.DataFrame(
            {"frequency": 0, "recency": 0.0, "T": 5.0}, index=pd.RangeIndex(2_000_000, name="customer_id")
        )
        many = lb.Customers.from_summary(frame, time_unit="week")
        with pytest.raises(InputError, match=r"GiB\. Thin the fit"):
            purchases.expected_purchases(many, horizon="1 year")

    def test_draws_without_a_unit(self, book):
        fit = lb.FittedPurchases.from_draws({name: [[1.0]] for name in ("r", "alpha", "a", "b")})
        with pytest.raises(UnitError, match="time_unit"):
            fit.expected_purchases(book, horizon="1 year")

    @pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
    def test_impossible_parameter(self, value):
        with pytest.raises(FitError, match="alpha must be above 0"):
            lb.FittedPurchases.from_draws({"r": [[1.0]], "alpha": [[value]], "a": [[1.0]], "b": [[1.0]]})

    @pytest.mark.parametrize("method", ["probability_alive", "with_log_likelihood", "posterior_predictive"])
    def test_a_bare_frame_is_no_customers(self, book, purchases, spend, method):
        for fit in (purchases, spend):
            if hasattr(fit, method):
                with pytest.raises(InputError, match="not a DataFrame"):
                    getattr(fit, method)(book.table)

    def test_missing_parameter(self):
        with pytest.raises(FitError, match="lacks b"):
            lb.FittedPurchases.from_draws({name: [[1.0]] for name in ("r", "alpha", "a")})


class TestFile:
    def test_saved_and_read_again(self, purchases, tmp_path):
        again = lb.load_fit(purchases.save(tmp_path / "fit.nc"))
        assert isinstance(again, lb.FittedPurchases)
        assert again.time_unit == "week"
        np.testing.assert_array_equal(again.draws["alpha"], purchases.draws["alpha"])
        assert list(tmp_path.iterdir()) == [tmp_path / "fit.nc"]

    def test_a_file_that_is_no_fit(self, tmp_path):
        (tmp_path / "fit.nc").write_bytes(b"something else")
        with pytest.raises(FitError, match="not a saved fit"):
            lb.load_fit(tmp_path / "fit.nc")

    def test_no_file(self, tmp_path):
        with pytest.raises(FitError, match="no file"):
            lb.load_fit(tmp_path / "nothing.nc")

    def test_the_folder_is_made(self, purchases, tmp_path):
        assert purchases.save(tmp_path / "new" / "fit.nc").is_file()

    def test_a_tree_of_something_else(self, purchases, tmp_path):
        other = purchases.idata.copy()
        other.attrs["model"] = "weather"
        with pytest.raises(FitError, match="no fitted model"):
            lb.load_fit(lb.FittedPurchases(other).save(tmp_path / "fit.nc"))


class TestArviz:
    def test_loo_reads_the_pointwise_likelihood(self, cdnow, purchases):
        tree = purchases.thin(100).with_log_likelihood(cdnow)
        values = {name: drawn[0, 0] for name, drawn in purchases.thin(100).draws.items()}
        row = cdnow.table.iloc[0]
        alone = bg_nbd.log_likelihood(row["frequency"], row["recency"], row["T"], **values)
        assert float(tree["log_likelihood"]["history"][0, 0, 0]) == pytest.approx(float(alone))
        assert az.loo(tree).elpd == pytest.approx(-9587, abs=10)

    def test_summary_carries_the_level_in_its_columns(self, purchases):
        assert {"eti89_lb", "eti89_ub"} <= set(purchases.summary())
        assert {"hdi50_lb", "hdi50_ub"} <= set(purchases.summary(0.5, "hdi"))

    def test_replicated_histories_are_possible(self, book, purchases):
        tree = purchases.posterior_predictive(book, random_seed=1)
        x, t_x = (tree["posterior_predictive"][name] for name in ("frequency", "recency"))
        assert ((x == 0) == (t_x == 0)).all()
        assert (t_x <= book.table["T"].to_numpy()).all()
        assert tree["observed_data"]["frequency"].sel(customer_id="C") == 7


def test_repr_of_draws_made_by_hand(purchases):
    assert repr(purchases).startswith("FittedPurchases (bg_nbd), per week\nposterior means: r 0.24")


KINDS = [{}, {"model": "mbg_nbd"}, {"model": "bg_cnbd", "k": 2}, {"model": "mbg_cnbd", "k": 3}]


def of_kind(purchases, kind):
    return lb.FittedPurchases.from_draws(purchases.thin(100).draws, time_unit="week", **kind)


class TestLaterDays:
    """P(alive) at a later day, and when the next purchase is due."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_alive_later_is_alive_now_times_staying(self, book, purchases, kind):
        fit = of_kind(purchases, kind)
        now, soon, later = (
            fit.probability_alive(book, at=at).mean(("chain", "draw")) for at in (None, "1 day", "200 weeks")
        )
        assert (soon <= now).all()
        assert (later < soon).all()
        np.testing.assert_allclose(soon, now, atol=0.05)
        same = fit.probability_alive(book, at="1997-10-28")
        np.testing.assert_allclose(same, fit.probability_alive(book, at="4 weeks"), rtol=1e-12)
        assert same.attrs["at"] == "28 days"

    def test_alive_later_is_what_simulated_customers_do(self, book, purchases):
        """Independently: a rate, a chance of leaving after each purchase, and exponential gaps."""
        rng, size, s = np.random.default_rng(1), 200_000, 30.0
        values = {name: float(drawn[0, 0]) for name, drawn in purchases.draws.items()}
        fit = lb.FittedPurchases.from_draws({name: [[value]] for name, value in values.items()}, time_unit="week")
        row = book.table.loc["C"]
        rate = rng.gamma(values["r"] + row["frequency"], 1 / (values["alpha"] + row["T"]), size)
        leaving = rng.beta(values["a"], values["b"] + row["frequency"], size)
        stays = rng.random(size) < (1 - leaving) ** rng.poisson(rate * s)
        alive = float(fit.probability_alive(book).sel(customer_id="C").item())
        found = float(fit.probability_alive(book, at="30 weeks").sel(customer_id="C").item())
        assert abs(found - alive * stays.mean()) < allowed(1) * 0.5 / np.sqrt(size)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_next_purchase_is_as_likely_as_not_by_its_median(self, book, purchases, kind):
        fit = of_kind(purchases, kind)
        table = fit.next_purchase(book.in_time_unit("month"), by="1997-12-30", ci_prob=0.9)
        assert table.columns.tolist() == [
            "probability", "eti90_lb", "eti90_ub", "probability_ever", "median_time", "median_date",
        ]  # fmt: skip
        alive = fit.probability_alive(book).mean(("chain", "draw")).to_series()
        np.testing.assert_allclose(table["probability_ever"], alive, rtol=1e-12)
        assert (np.isfinite(table["median_time"]) == (alive > 0.5)).all()
        assert table["median_date"].isna()[~np.isfinite(table["median_time"])].all()
        none = fit.probability_of_purchases(book, 0, "13 weeks").mean(("chain", "draw")).to_series()
        np.testing.assert_allclose(table["probability"], 1 - none, rtol=1e-10)
        for customer, row in table[np.isfinite(table["median_time"])].iterrows():
            one, wait = book.subset([customer]), f"{row['median_time']:.12f} months"
            assert float(fit.probability_of_purchases(one, 0, wait).mean()) == pytest.approx(0.5, abs=1e-6)
            if row["median_time"] < 1000:
                days = np.ceil(row["median_time"] * 365.25 / 12)
                assert row["median_date"] == pd.Timestamp("1997-09-30") + pd.Timedelta(days=days)

    def test_draws_of_purchases_agree(self, book, purchases):
        table = purchases.next_purchase(book, by="39 weeks")
        drawn = (purchases.predict_purchases(book, "39 weeks", random_seed=1) > 0).mean(("chain", "draw"))
        assert np.abs(drawn.to_numpy() - table["probability"]).max() < allowed(6) * 0.5 / np.sqrt(1000)

    def test_days_are_checked(self, book, purchases):
        with pytest.raises(UnitError, match="by 1997-09-30 is not after the as-of date 1997-09-30"):
            purchases.next_purchase(book, by="1997-09-30")
        dateless = lb.Customers.from_summary(book.table, time_unit="week")
        with pytest.raises(UnitError, match="at 1998-01-01 needs customers with an as-of date"):
            purchases.probability_alive(dateless, at="1998-01-01")
        assert "median_date" not in purchases.next_purchase(dateless, by="8 weeks")
