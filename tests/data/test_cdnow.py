"""The counts that the literature publishes for CDNOW come out of the raw files."""

import importlib.metadata

import numpy as np
import pandas as pd
import pytest

from ltv_bayes import Customers, read_transactions, summarize
from ltv_bayes.data.customers.histories import unique_histories, unique_spend


def lifetimes_file(name):
    files = importlib.metadata.files("lifetimes")
    return next(file for file in files if file.name == name).locate()


@pytest.fixture(scope="module")
def sample():
    names = ["master_id", "sample_id", "date", "cds", "dollars"]
    raw = pd.read_csv(lifetimes_file("CDNOW_sample.txt"), sep=r"\s+", names=names)
    return read_transactions(raw, customer="sample_id", amount="dollars", currency="USD")


@pytest.fixture(scope="module")
def calibration(sample):
    return summarize(sample, time_unit="week", as_of="1997-09-30")


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(lifetimes_file("cdnow_customers_summary.csv")).rename(columns={"ID": "customer_id"})


def test_sample_counts(sample, calibration):
    assert len(sample) == 6919
    assert len(calibration) == 2357
    assert calibration.table["frequency"].sum() == 2457
    assert (calibration.table["frequency"] > 0).sum() == 946
    counts = calibration.table["frequency"].clip(upper=7).value_counts().sort_index()
    assert counts.tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert set(calibration.dropped["reason"]) == {"after as_of"}


def test_full_log_counts():
    raw = pd.read_csv(
        lifetimes_file("CDNOW_master.txt"), sep=r"\s+", names=["customer_id", "date", "cds", "amount"], skiprows=1
    )
    customers = summarize(read_transactions(raw), time_unit="week", as_of="1997-09-30")
    assert len(customers) == 23_570
    assert customers.table["frequency"].sum() == 24_337


def test_sample_agrees_with_the_published_summary(calibration, published):
    expected = published.set_index("customer_id")
    np.testing.assert_array_equal(calibration.ids, expected.index)
    np.testing.assert_array_equal(calibration.table["frequency"], expected["frequency"])
    np.testing.assert_allclose(calibration.table[["recency", "T"]], expected[["recency", "T"]], atol=0.00501)


def test_spend_agrees_with_the_published_summary(calibration):
    expected = pd.read_csv(lifetimes_file("cdnow_customers_summary_with_transactions.csv")).set_index("ID")["zbar"]
    spend = calibration.table["monetary_value"].fillna(0).reindex(expected.index)
    np.testing.assert_allclose(spend, expected, atol=0.00501)


def test_holdout_repeats(sample, calibration):
    whole = summarize(sample).table["frequency"].sum()
    assert whole - calibration.table["frequency"].sum() == 1882


def test_published_summary_is_a_customer_table(published):
    customers = Customers.from_summary(published, time_unit="week", as_of="1997-09-30")
    assert customers.table["frequency"].sum() == 2457


def test_unique_histories(calibration):
    histories, spend = unique_histories(calibration), unique_spend(calibration)
    assert len(histories) == 1016
    assert histories.count.sum() == 2357
    assert spend.count.sum() == 946
