"""Value not yet realised: the draws' own means, and reasons that can be read off the histories."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb

TERMS = {"horizon": "1 year", "random_seed": 3, "margin": 0.5}


@pytest.fixture(scope="module")
def judged():
    rows = [
        {"customer_id": "B", "opportunity": "Plant", "probability": 0.5, "low": 200, "high": 800},
        {"customer_id": "E", "opportunity": "Spare parts", "probability": 0.2, "low": 5, "high": 10},
    ]
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(rows).assign(relation="additional"))


@pytest.fixture(scope="module")
def ltv(book, purchases, spend, judged):
    streams = [lb.RepeatPurchases(purchases, spend)]
    return lb.lifetime_value(book, streams, future_value=judged, realised=True, **TERMS)


def test_parts_are_the_means_of_the_draws(ltv, book):
    table = ltv.upside(ci_prob=0.9)
    explained = {customer: ltv.explain(customer)["mean"] for customer in table.index}
    np.testing.assert_allclose(table["modelled"], [one["repeat_purchases"] for one in explained.values()])
    np.testing.assert_allclose(table["judged"], [one["judged"] for one in explained.values()])
    np.testing.assert_allclose(table["upside"], table["modelled"] + table["judged"])
    np.testing.assert_allclose(table["realised"], 0.5 * book.table["total_value"].reindex(table.index))
    assert table["upside"].is_monotonic_decreasing
    future = ltv.components["repeat_purchases"] + ltv.components["judged"]
    for customer, row in table.iterrows():
        drawn = future.sel(customer_id=customer).to_numpy().ravel()
        assert row["upside_eti90_ub"] == pytest.approx(np.quantile(drawn, 0.95))
        assert row["probability_above_realised"] == pytest.approx(np.mean(drawn > row["realised"]))


def test_reasons_name_what_counts_most_first(ltv):
    reasons = ltv.upside()["reason"]
    assert reasons["B"] == (
        "judged: Plant, 400 with probability 0.50; one order so far, 39 weeks ago, P(alive) 1; realised 6 so far"
    )
    assert reasons["E"].startswith("an order every 2.6 weeks, the last 0.1 weeks ago, P(alive) ")
    assert "; judged: Spare parts, 7.07 with probability 0.20; realised 260 so far" in reasons["E"]


def test_reasons_tell_the_probability_that_is_in_the_value(book, purchases, spend):
    """F has an open opportunity, so the value takes F to be likelier alive than orders show, and D less likely."""
    row = {"customer_id": "F", "probability": 0.9, "low": 10, "high": 20, "relation": "additional"}
    judged = lb.FutureValuePriors.from_judgements(pd.DataFrame([row]))
    streams = [lb.RepeatPurchases(purchases, spend)]
    if_alive = [lb.RepeatPurchases(purchases, spend, known_alive=book.ids)]
    value = lb.lifetime_value(book, streams, future_value=judged, **TERMS)
    most = lb.lifetime_value(book, if_alive, **TERMS).summary()["mean"]
    by_orders = purchases.probability_alive(book).mean(("chain", "draw")).to_series()
    table = value.upside()
    for customer, why in (("F", "raised by the open opportunity"), ("D", "lowered because no opportunity is open")):
        said = table.loc[customer, "reason"].partition("P(alive) ")[2]
        used, _, rest = said.partition(" (")
        assert rest.startswith(f"{by_orders[customer]:.2f} from orders alone, {why})")
        assert float(used) == pytest.approx(table.loc[customer, "modelled"] / most[customer], abs=0.02)
        assert abs(float(used) - by_orders[customer]) > 0.02
    alone = lb.lifetime_value(book, streams, **TERMS).upside()
    assert not alone["reason"].str.contains("orders alone").any()


def test_without_what_was_realised(book, purchases, spend):
    frame = book.table.drop(columns="total_value")
    customers = lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")
    table = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], **TERMS).upside()
    assert table[["realised", "probability_above_realised"]].isna().all(axis=None)
    assert not table["reason"].str.contains("so far$").any()
    assert (table["upside"] > 0).all()


def test_judgement_alone(book, judged):
    table = lb.lifetime_value(book, future_value=judged, **TERMS).upside()
    assert (table["modelled"] == 0).all()
    assert table.index[0] == "B"
    assert table.loc["A", "upside"] == 0


def test_draws_that_are_not_kept_give_the_same(ltv, book, purchases, spend, judged):
    streams = [lb.RepeatPurchases(purchases, spend)]
    again = lb.lifetime_value(book, streams, future_value=judged, realised=True, keep_draws=False, **TERMS)
    pd.testing.assert_frame_equal(again.upside(), ltv.upside())


def test_is_written_to_a_file(ltv, tmp_path):
    back = lb.read_table(lb.write_table(ltv.upside(), tmp_path / "upside.xlsx"))
    assert back["reason"].tolist() == ltv.upside()["reason"].tolist()
