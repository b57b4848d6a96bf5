"""What objects show of themselves in a notebook."""

import re

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.tables import Printed
from ltv_bayes.value.draws import passes

SETTINGS = {
    *("BGCNBD", "BGNBD", "MBGCNBD", "MBGNBD", "NBD", "GammaGamma", "ShiftedBetaGeometric", "CalendarEffects", "Prior"),
    *("BetaDiscreteWeibull", "Expansion", "AcquisitionPlan"),
    *("OneOffSale", "RepeatPurchases", "Subscription", "TriggeredService", "Coverage", "SignsOfLife"),
    "Run",
}
"""What a user states; its text is the call that makes it."""


RESULTS = {name for name in lb.__all__ if name[0].isupper()} - SETTINGS


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_every_result_shows_itself_in_a_notebook(name):
    public = getattr(lb, name)
    assert issubclass(public, Printed | BaseException)


def test_settings_are_public():
    assert set(lb.__all__) >= SETTINGS
    assert len(RESULTS) > 20


@pytest.fixture
def no_pass(monkeypatch):
    """Make a pass over the draws of customers an error."""

    def refuse(*_args, **_more):
        raise AssertionError("a pass over the draws")

    monkeypatch.setattr(passes, "over_blocks", refuse)


def results(everything):
    """One object of most classes, as a user holds them."""
    ltv, ids = everything["ltv"], everything["ltv"].customers.ids
    signs = {"strength": lb.SignStrength(20.0)}
    judged = lb.FutureValuePriors.from_judgements(
        pd.DataFrame(
            {"customer_id": [ids[0]], "opportunity": ["<b>x</b>"], "probability": [0.5], "low": [1], "high": [3]}
        )
    )
    one = judged.opportunities()[0]
    made = {name: given for name, given in everything.items() if isinstance(given, Printed)}
    return (
        made
        | signs
        | {
            "by": ltv.by("industry"),
            "judgement": ltv.judgement,
            "judged": judged,
            "opportunity": one,
            "chance": one.chance,
            "amount": one.amount,
            "report": lb.report(**everything),
            "read": everything["orders"].report,
            "customers": ltv.customers,
            "share": lb.VisibleShare.known(0.5, within="90 days"),
        }
    )


def test_html_is_escaped_guarded_and_starts_no_pass_over_draws(everything, purchases, spend, no_pass):
    shown = results(everything) | {"purchases": purchases, "spend": spend}
    assert len(shown) >= 16
    for name, one in shown.items():
        html = one._repr_html_()
        assert html.startswith('<div class="tex2jax_ignore mathjax_ignore">'), name
        assert not re.search(r"<(?:b|script|img)[ >]", html), name
        assert repr(one), name


def test_segments_are_ordered_by_value_and_money_is_shortened(everything):
    html = everything["ltv"].by("industry")._repr_html_()
    assert "&lt;script&gt;" in html
    medians = [float(text) for text in re.findall(r"<td>([\d.]+)</td>\s*<td>[\d.]+ to", html)]
    assert len(medians) >= 4


def test_a_fit_shows_its_parameters_with_their_interval(purchases):
    html = purchases._repr_html_()
    assert "89% interval" in html
    assert "<th>r</th>" in html
    assert "converge" in html or "another tool" in html


def test_a_report_says_what_it_holds_and_how_to_write_it(everything):
    text = repr(lb.report(**everything))
    assert text.splitlines()[0] == "Report: Lifetime value of 60 customers"
    assert "segments by industry" in text
    assert "to_excel(" in text
    assert "with" not in repr(lb.report(everything["ltv"])).splitlines()[-1]
