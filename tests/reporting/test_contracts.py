"""What a report says of contracts: renewals at risk, recurring revenue, and customers to be won."""

import re

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.formatting import percent
from ltv_bayes.reporting.contents.parts import Picture, Table
from ltv_bayes.reporting.page.render import page
from ltv_bayes.runs import contracts
from ltv_bayes.runs.settings import Settings
from ltv_bayes.value.lifetime_value import valued_of
from tests.reporting.test_contents import parts, sections, words

TERMS = {"horizon": "3 years", "discount_rate": 0.10, "random_seed": 1}


@pytest.fixture(scope="module")
def renewals():
    """Forty yearly contracts; some left, and some grew."""
    starts = pd.Timestamp("2022-01-15") + pd.to_timedelta(np.arange(40) * 20, unit="D")
    ended = [None if place % 4 else start + pd.DateOffset(years=1) for place, start in enumerate(starts)]
    frame = {"customer_id": [f"C{k}" for k in range(40)], "start": starts, "cancelled_on": ended, "price": 1200.0}
    frame["half"] = ["A", "B"] * 20
    return lb.summarize_renewals(pd.DataFrame(frame), period="year", as_of="2025-12-31", currency="EUR")


@pytest.fixture(scope="module")
def given(renewals):
    drawn = {name: np.full((1, 20), value) for name, value in (("alpha", 1.0), ("beta", 4.0))}
    fit = lb.FittedRenewals.from_draws(drawn, periods="year")
    stream = lb.Subscription(fit, renewals)
    ltv = lb.lifetime_value(lb.all_customers(renewals), stream, **TERMS)
    plan = {"month": ["2026-03", "2026-09"], "customers": [5, 5], "cost_per_customer": [900.0, 900.0]}
    return {
        "ltv": ltv,
        "equity": lb.customer_equity(ltv, plan, lb.new_customer_value(fit, price=1200, **TERMS), random_seed=2),
        "at_risk": lb.at_risk(ltv, within="3 months"),
        "movements": lb.subscription_movements(renewals, every="year"),
        "movements_ahead": lb.movements_ahead(stream, random_seed=3),
    }


@pytest.fixture(scope="module")
def told(given):
    return sections(lb.report(**given))


def table(section, key):
    return next(part.frame for part in parts(section, Table) if part.key == key)


def test_sections_stand_before_the_lists_of_customers(told):
    keys = list(told)
    assert keys[:5] == ["headline", "years", "equity", "recurring_revenue", "at_risk"]


def test_renewals_at_risk_are_those_of_the_result(told, given):
    assert given["at_risk"].sentence() in words(told["at_risk"])
    pd.testing.assert_frame_equal(table(told["at_risk"], "at_risk"), given["at_risk"].summary())
    safe = lb.at_risk(given["ltv"], within="3 months", least=0.9)
    alone = sections(lb.report(given["ltv"], at_risk=safe))["at_risk"]
    assert [part.state for part in alone.parts] == ["good"]


def test_recurring_revenue_is_that_of_the_movements(told, given, renewals):
    section, moved = told["recurring_revenue"], given["movements"]
    last = moved.retention("1 year").iloc[-1]
    assert f"customers paid {last['opening'] / 1000:.3g}k EUR a month" in words(section)
    assert f"{percent(last['net_retention'])} is still paid" in words(section)
    assert [part.key for part in parts(section, Picture)] == ["movements", "retained"]
    net = given["movements_ahead"].loc["net_retention"]
    assert f"{percent(net['median'])} will still be paid a year later (89% interval" in words(section)
    assert table(section, "retention_ahead").loc["net_retention", "share"] == net["median"]
    young = lb.subscription_movements(renewals, every="year", since="2025-01-01")
    assert len(young.periods) == 1
    assert "still paid" in words(sections(lb.report(given["ltv"], movements=young))["recurring_revenue"])
    months = lb.subscription_movements(renewals, since="2025-10-01")
    assert words(sections(lb.report(given["ltv"], movements=months))["recurring_revenue"]) == ""


def test_equity_is_its_sentence_and_its_parts(told, given):
    assert given["equity"].sentence() in words(told["equity"])
    assert table(told["equity"], "equity_channels").index.tolist() == ["any channel"]
    means = table(told["equity"], "equity")["mean"]
    assert means[:3].sum() == pytest.approx(means["customer_equity"])


def test_the_page_and_the_workbook_hold_it_in_each_language(given, undrawn, tmp_path):
    found = lb.report(**given)
    assert "renewals at risk" in repr(found)
    text = page(found.document("zh"))
    shown = re.sub(r"<(script|style|svg).*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL)
    assert "有流失风险的续约" in shown
    assert not re.search(r"retention|expansion|price_level|renewal", shown)
    with pd.ExcelFile(found.to_excel(tmp_path / "r.xlsx", language="en"), engine="calamine") as book:
        sheets = book.sheet_names
    assert {"Customer equity", "Recurring revenue", "Movements to come", "Renewals at risk"} <= set(sheets)


@pytest.mark.parametrize("name", ["equity", "at_risk", "movements", "movements_ahead"])
def test_something_of_another_kind_is_refused(given, name):
    with pytest.raises(InputError, match=f"{name}= takes what .* returned, not a Customers"):
        lb.report(given["ltv"], **{name: given["ltv"].customers})


@pytest.mark.parametrize(("fails", "kept"), [("subscription_movements", "ahead"), ("movements_ahead", "movements")])
def test_a_run_says_which_recurring_revenue_is_left_out_and_keeps_the_other(given, renewals, monkeypatch, fails, kept):
    def refused(*_given, **_more):
        raise InputError("too little is known")

    monkeypatch.setattr(contracts, fails, refused)
    remarks: list[str] = []
    found = contracts.tell_of_contracts(
        Settings(), given["ltv"], renewals, valued_of(given["ltv"]).valuation.streams, remarks
    )
    assert [name for name in ("movements", "ahead") if getattr(found, name) is not None] == [kept]
    left = {"ahead": "so far", "movements": "to come"}[kept]
    assert f"Recurring revenue {left} is left out: too little is known" in remarks
    assert any("no price grows by itself" in one for one in remarks) == (kept == "ahead")


def test_recurring_revenue_by_segment_is_refused(given, renewals):
    """The last row of it is that of one segment."""
    for name, found in (
        ("movements", lb.subscription_movements(renewals, every="year", by="half")),
        ("movements_ahead", pd.DataFrame({"mean": [1.0]}, pd.MultiIndex.from_tuples([("A", "opening")]))),
    ):
        with pytest.raises(InputError, match="without by="):
            lb.report(given["ltv"], **{name: found})
