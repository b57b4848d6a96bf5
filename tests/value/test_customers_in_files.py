"""Customers in a file are valued as those in memory, to the last digit."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, JudgementError
from ltv_bayes.value.draws import valuation
from ltv_bayes.value.lifetime_value import valued_of


@pytest.fixture(scope="module")
def in_memory():
    rng = np.random.default_rng(1)
    frequency = rng.poisson(1.0, 900)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:03d}" for number in range(900)],
            "frequency": frequency,
            "recency": np.where(frequency > 0, rng.uniform(1, 38, 900), 0.0),
            "T": 39.0,
            "monetary_value": rng.gamma(3, 10, 900),
            "total_value": 50.0,
            "share": rng.uniform(0.2, 0.6, 900),
            "industry": rng.choice(["Energy", "Retail", None], 900),
            "note": [f"note {number}" for number in range(900)],
        }
    )
    return lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")


@pytest.fixture(scope="module")
def in_file(in_memory, tmp_path_factory):
    return lb.Customers.scan(in_memory.save(tmp_path_factory.mktemp("files") / "customers.parquet"))


@pytest.fixture
def value(purchases, spend, monkeypatch):
    """A function from customers to their value, in batches of a few blocks."""
    monkeypatch.setattr(valuation, "CUSTOMERS_IN_BATCH", 4 * valuation.CUSTOMERS_IN_BLOCK)
    judged = lb.FutureValuePriors.from_judgements(
        pd.DataFrame({"customer_id": ["C003", "C850"], "probability": 0.5, "low": 10.0, "high": 90.0})
    ).with_relation("additional")
    settings = {
        "future_value": judged,
        "horizon": ["1 year", "2 years"],
        "discount_rate": 0.1,
        "margin": "share",
        "realised": True,
        "random_seed": 2,
    }
    stream = lb.RepeatPurchases(purchases.thin(20), spend.thin(20))
    return lambda customers, **more: lb.lifetime_value(customers, stream, **{**settings, **more})


def test_everything_is_the_same(value, in_memory, in_file, tmp_path):
    ours, theirs = value(in_file), value(in_memory)
    assert valued_of(ours).results.kept is None
    assert valued_of(theirs).results.kept is not None
    pd.testing.assert_frame_equal(ours.summary(), theirs.summary(), check_index_type=False)
    np.testing.assert_array_equal(ours.total(), theirs.total())
    pd.testing.assert_frame_equal(ours.cash_flow(), theirs.cash_flow())
    pd.testing.assert_frame_equal(ours.by("industry").summary(), theirs.by("industry").summary())
    pd.testing.assert_frame_equal(ours.by("frequency").summary(), theirs.by("frequency").summary())
    pd.testing.assert_frame_equal(ours.explain("C850"), theirs.explain("C850"))
    pd.testing.assert_series_equal(ours.probability_above(60), theirs.probability_above(60), check_index_type=False)
    assert ours.notes() == theirs.notes()
    assert str(ours.settings) == str(theirs.settings)
    written = pd.read_parquet(ours.write_summary(tmp_path / "values.parquet")).set_index("customer_id")
    pd.testing.assert_frame_equal(written, theirs.summary(), check_index_type=False)


def test_draws_are_kept_on_request(value, in_memory, in_file):
    np.testing.assert_array_equal(value(in_file, keep_draws=True).draws, value(in_memory).draws)


def test_a_column_with_a_value_for_each_customer_makes_no_segments_in_passing(value, in_file):
    ltv = value(in_file)
    assert "note" not in valued_of(ltv).results._passed().segments
    assert "industry" in valued_of(ltv).results._passed().segments


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"margin": "profit"}, ColumnError, "no column 'profit'"),
        ({"margin": {"C000": 0.5}}, InputError, "margin that is missing"),
        ({"margin": "T"}, InputError, "outside 0 to 1"),
    ],
)
def test_wrong_terms_are_refused_before_anything_is_drawn(value, in_file, changes, error, message):
    with pytest.raises(error, match=message):
        value(in_file, **changes)


def test_judgements_of_strangers_are_refused(value, in_file):
    frame = pd.DataFrame({"customer_id": ["C003", "Zoe"], "probability": 0.5, "low": 10.0, "high": 90.0})
    with pytest.raises(JudgementError, match="Zoe"):
        value(in_file, future_value=lb.FutureValuePriors.from_judgements(frame).with_relation("additional"))


def test_unknown_customer(value, in_file):
    with pytest.raises(InputError, match="no customer 'Zeta'"):
        value(in_file).explain("Zeta")


def test_fits_are_the_same(in_memory, in_file):
    for model in (lb.BGNBD(calendar_effects=None), lb.GammaGamma(price_growth=None)):
        ours, theirs = (model.fit(some, random_seed=1, progressbar=False) for some in (in_file, in_memory))
        for name, values in theirs.draws.items():
            np.testing.assert_allclose(ours.draws[name], values, rtol=1e-12)


def test_one_customer_of_small_orders_is_no_reason_to_ask_for_the_unit(purchases, spend):
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "frequency": [2, 3, 4],
            "recency": [5.0, 9.0, 12.0],
            "T": 39.0,
            "monetary_value": [0.2, 30.0, 35.0],
        }
    )
    customers = lb.Customers.from_summary(frame, time_unit="week")
    stream = lb.RepeatPurchases(purchases.thin(20), spend.thin(20))
    ltv = lb.lifetime_value(customers, stream, horizon="1 year", random_seed=1)
    assert ltv.explain("a").loc["total", "mean"] >= 0  # a warning would be an error here
    cents = lb.Customers.from_summary(frame.assign(monetary_value=frame["monetary_value"] * 1e4), time_unit="week")
    with pytest.warns(DataWarning, match="are they counted in one unit"):
        lb.lifetime_value(cents, stream, horizon="1 year", random_seed=1)


def test_progress_counts_every_block(value, in_memory, monkeypatch):
    from contextlib import contextmanager

    seen = []

    @contextmanager
    def counting(total, description, *, show):
        steps = []
        yield lambda: steps.append(1)
        seen.append((total, len(steps)))

    monkeypatch.setattr(valuation, "progress", counting)
    ltv = value(in_memory, keep_draws=True)
    ltv.summary(0.5)
    assert len(seen) == 2
    assert all(total == steps > 1 for total, steps in seen)
