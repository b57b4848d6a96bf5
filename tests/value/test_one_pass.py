"""Draws kept or made anew, whatever the number of threads or the length of a block: one result."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.value.draws import valuation
from ltv_bayes.value.draws.passes import sorted_rows
from ltv_bayes.value.lifetime_value import valued_of


@pytest.fixture(scope="module")
def many(purchases, spend):
    """A function from settings to the value of 700 customers, from few draws."""
    rng = np.random.default_rng(1)
    frequency = rng.poisson(1.5, 700)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:03d}" for number in range(700)],
            "frequency": frequency,
            "recency": np.where(frequency > 0, rng.uniform(1, 38, 700), 0.0),
            "T": 39.0,
            "monetary_value": rng.gamma(3, 10, 700),
            "total_value": 50.0,
            "share": rng.uniform(0.2, 0.6, 700),
            "industry": rng.choice(["Energy", "Retail", None], 700),
        }
    )
    customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
    judged = lb.FutureValuePriors.from_judgements(
        pd.DataFrame({"customer_id": ["C003", "C650"], "probability": 0.5, "low": 10.0, "high": 90.0})
    ).with_relation("additional")
    stream = lb.RepeatPurchases(purchases.thin(60), spend.thin(60))
    terms = {"horizon": "1 year", "discount_rate": 0.1, "margin": "share", "realised": True, "random_seed": 2}
    return lambda **settings: lb.lifetime_value(customers, stream, future_value=judged, **terms, **settings)


@pytest.fixture(scope="module")
def kept(many):
    return many(keep_draws=True)


def same(one, other):
    pd.testing.assert_frame_equal(one.summary(0.8, "hdi"), other.summary(0.8, "hdi"))
    pd.testing.assert_frame_equal(one.summary(), other.summary())
    pd.testing.assert_frame_equal(one.explain(), other.explain())
    pd.testing.assert_frame_equal(one.explain("C650"), other.explain("C650"))
    pd.testing.assert_frame_equal(one.by("industry").summary(), other.by("industry").summary())
    pd.testing.assert_series_equal(one.probability_above(20), other.probability_above(20))
    np.testing.assert_array_equal(one.total(), other.total())


def test_draws_kept_or_not(many, kept):
    streamed = many(keep_draws=False)
    assert valued_of(streamed).results.kept is None
    same(kept, streamed)
    np.testing.assert_array_equal(streamed.draws, kept.draws)


def test_number_of_threads(many, kept, monkeypatch):
    monkeypatch.setattr(valuation, "available_cores", lambda: 7)
    same(kept, many(keep_draws=False))


def test_summaries_are_those_of_the_draws(kept):
    from ltv_bayes.intervals import summarize_draws

    table = summarize_draws(kept.draws, ci_prob=0.9)
    table = table.drop(columns="mean")  # of which tests/value/test_means.py tells
    pd.testing.assert_frame_equal(kept.summary(0.9)[list(table)], table, check_index_type=False)
    np.testing.assert_allclose(kept.total(), kept.draws.sum("customer_id"))
    share = (kept.draws > 20).mean(("chain", "draw"))
    np.testing.assert_allclose(kept.probability_above(20), share)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.97, 1.0])
def test_rows_of_many_zeros_are_sorted(share):
    """Losses stand before zeros, and revenue after; what is not 0 is counted."""
    rng = np.random.default_rng(4)
    values = np.where(rng.random((40, 151)) < share, 0.0, rng.normal(0.5, 1, (40, 151)))
    ordered, others = sorted_rows(values)
    np.testing.assert_array_equal(ordered, np.sort(values, axis=1))
    np.testing.assert_array_equal(others, (values != 0).sum(axis=1))


def test_segments_are_sums_of_draws(kept):
    by = kept.by("industry")
    rows = (kept.customers.table["industry"] == "Retail").to_numpy()
    np.testing.assert_allclose(by.total.sel(segment="Retail"), kept.draws[..., rows].sum("customer_id"))
    judged = kept.components["judged"].sum("customer_id")
    np.testing.assert_allclose(by.judged.sum("segment"), judged)
    assert by.customers["(missing)"] == int(kept.customers.table["industry"].isna().sum())


def test_a_column_of_numbers_makes_segments_too(kept):
    by = kept.by("frequency")
    np.testing.assert_allclose(by.total.sum("segment"), kept.total())


def test_memory_is_stated_before_it_is_taken(many, monkeypatch):
    from ltv_bayes.predictions import over_customers

    monkeypatch.setattr(over_customers, "LARGEST_ARRAY", 400_000)
    with pytest.raises(InputError, match=r"2 x 60 draws for 700 customers, 4 arrays of them, need"):
        many(keep_draws=True)
    streamed = many(keep_draws=False)
    assert len(streamed.summary()) == 700
    with pytest.raises(InputError, match="GiB"):
        _ = streamed.draws


def test_many_draws_are_not_kept_unless_asked(many, monkeypatch):
    from ltv_bayes.value import value_customers

    assert valued_of(many()).results.kept is not None
    monkeypatch.setattr(value_customers, "KEPT_BYTES", 1000)
    assert valued_of(many()).results.kept is None


def test_an_error_in_a_block_comes_out(many):
    streamed = many(keep_draws=False)

    def fail(block, components):
        if block.place > 200:
            raise ZeroDivisionError(block.place)
        return 0

    with pytest.raises(ZeroDivisionError, match="256"):
        list(valued_of(streamed).valuation.over_blocks(fail))


def test_showing_a_value_starts_no_pass_where_draws_are_not_kept(many, monkeypatch):
    streamed = many(keep_draws=False)

    def fail(*_, **__):
        raise AssertionError("went over the customers")

    monkeypatch.setattr(valuation.Valuation, "over_blocks", fail)
    assert "not kept" in repr(streamed)
    assert "total: median" not in repr(streamed)
    assert "<table" not in streamed._repr_html_()
    monkeypatch.undo()
    written = str(streamed)
    assert "total: median" in written
    assert "total: median" in repr(streamed)


def test_a_notebook_shows_the_table_where_draws_are_kept(kept):
    assert "total: median" in repr(kept)
    assert "kept in memory" in repr(kept)
    assert "<table" in kept._repr_html_()


def test_the_judgement_of_a_value_shows_what_it_can_be_asked(kept):
    assert isinstance(kept.judgement, lb.JudgementInValue)
    assert "2 judgements" in repr(kept.judgement)
