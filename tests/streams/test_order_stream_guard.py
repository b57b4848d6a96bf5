"""Histories that ended with a relation, and what is stated of a stream's own histories."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError

ENDED = {"B": "1997-09-01", "F": "1997-09-20"}
TERMS = {"horizon": "2 years", "discount_rate": 0.1, "random_seed": 3}
MESSAGE = (
    r"2 customers observed only until their relation ended, but valued by the stream "
    r"'orders' .* \(ids B, F\)\. .*while_alive="
)


@pytest.fixture(scope="module")
def contracts():
    """B and F have cancelled; A goes on."""
    frame = pd.DataFrame(
        {"customer_id": ["A", "B", "F"], "start": "1996-01-01", "cancelled_on": [None, "1997-08-05", "1997-08-06"]}
    )
    return lb.summarize_renewals(frame, price=None, as_of="1997-09-30", currency="USD")


@pytest.fixture(scope="module")
def renewing():
    return lb.FittedRenewals.from_draws({"alpha": np.full((2, 500), 0.7), "beta": np.full((2, 500), 3.8)})


@pytest.fixture(scope="module")
def events():
    draws = {"r": np.full((2, 500), 1.5), "alpha": np.full((2, 500), 60.0)}
    return lb.FittedEvents.from_draws(draws, time_unit="week")


class TestHistoriesThatEnded:
    def test_need_a_stream_that_knows_of_it(self, book, purchases, spend):
        with pytest.raises(InputError, match=MESSAGE) as caught:
            lb.lifetime_value(book.observed_until(ENDED), lb.RepeatPurchases(purchases, spend, "orders"), **TERMS)
        assert caught.value.rows == ("B", "F")

    def test_so_do_a_streams_own(self, book, purchases, events, spend):
        ended = book.observed_until(ENDED)
        streams = [
            lb.RepeatPurchases(purchases, spend, "orders", customers=ended),
            lb.TriggeredService(events, spend, "orders", customers=ended, while_alive=None),
        ]
        for stream in streams:
            with pytest.raises(InputError, match=MESSAGE):
                lb.lifetime_value(lb.all_customers(book), stream, **TERMS)

    def test_in_a_file_too(self, book, purchases, spend, tmp_path):
        in_file = lb.Customers.scan(book.observed_until(ENDED).save(tmp_path / "customers.parquet"))
        with pytest.raises(InputError, match=MESSAGE):
            lb.lifetime_value(in_file, lb.RepeatPurchases(purchases, spend, "orders"), **TERMS)

    def test_are_worth_nothing_more_where_they_ride_on_it(self, book, purchases, spend, contracts, renewing):
        ended = book.observed_until(contracts.ended())
        stream = lb.RepeatPurchases(purchases, spend, "orders", while_alive="subscription")
        ltv = lb.lifetime_value(ended, [stream, lb.Subscription(renewing, contracts, price=10.0)], **TERMS)
        worth = ltv.components["orders"].mean(("chain", "draw")).to_series()
        assert (worth[["B", "F"]] == 0).all()
        assert (worth[["A", "C", "D", "E"]] > 0).all()

    def test_do_not_matter_to_others(self, book, purchases, spend):
        ended = book.observed_until(ENDED)
        others = book.subset(["A", "C"])
        for customers, own in ((ended.subset(["A", "C"]), None), (others, ended), (book.observed_until({}), None)):
            stream = lb.RepeatPurchases(purchases, spend, "orders", customers=own)
            assert lb.lifetime_value(customers, stream, **TERMS).draws.sel(customer_id="A").mean() > 0


class TestNotesOnHistoriesOfTheStreamsOwn:
    def notes(self, book, purchases, spend, own, horizon="1 year"):
        everyone = lb.all_customers(book)
        stream = lb.RepeatPurchases(purchases, spend, "orders", customers=own)
        return lb.lifetime_value(everyone, stream, **{**TERMS, "horizon": horizon}).notes()

    def test_a_far_horizon(self, book, purchases, spend):
        notes = self.notes(book, purchases, spend, book, "30 years")
        assert "orders: the horizon is 40.3 times the longest history: far beyond the data." in notes  # 38.86 weeks
        assert not any("far beyond" in note for note in self.notes(book, purchases, spend, book))

    def test_purchases_without_a_value(self, book, purchases, spend):
        half = lb.Customers(book.table.assign(spend_frequency=book.table["frequency"] // 2), "week", book.as_of, "USD")
        (note,) = (note for note in self.notes(book, purchases, spend, half) if "had no value" in note)
        assert note.startswith("orders: 56% of repeat purchases")  # 11 of 25 have one
        assert not any("had no value" in note for note in self.notes(book, purchases, spend, book))

    def test_returns_on_days_of_their_own(self, book, purchases, spend):
        rows = [("A", "1997-01-05", 20.0), ("A", "1997-03-05", 30.0), ("A", "1997-04-05", -10.0)]
        orders = lb.read_transactions(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]))
        own = lb.summarize(orders, time_unit="week", as_of="1997-09-30")
        notes = self.notes(book, purchases, spend, own)
        assert "orders: returns on days of their own lower no value foreseen: values are before such returns." in notes

    def test_are_given_at_the_horizon_that_is_reported(self, book, purchases, spend):
        stream = lb.RepeatPurchases(purchases, spend, "orders", customers=book)
        ltv = lb.lifetime_value(lb.all_customers(book), stream, **{**TERMS, "horizon": ["1 year", "30 years"]})
        assert any("far beyond" in note for note in ltv.notes())
        assert not any("far beyond" in note for note in ltv.at("1 year").notes())

    def test_are_given_for_customers_in_a_file(self, book, purchases, spend, tmp_path):
        in_file = lb.Customers.scan(book.save(tmp_path / "customers.parquet"))
        stream = lb.RepeatPurchases(purchases, spend, "orders", customers=book)
        notes = lb.lifetime_value(in_file, stream, **{**TERMS, "horizon": "30 years"}).notes()
        assert any(note.startswith("orders: the horizon") for note in notes)


def test_what_listed_customers_have_brought_is_asked_of_streams(book):
    frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.5], "low": [10.0], "high": [20.0]})
    judged = lb.FutureValuePriors.from_judgements(frame)
    with pytest.raises(
        ColumnError, match=r"all_customers only lists them\. Add the streams .* or leave realised=False"
    ):
        lb.lifetime_value(lb.all_customers(book), future_value=judged, realised=True, **TERMS)
