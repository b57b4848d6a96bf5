"""A report says what was computed, with its numbers, and nothing else."""

import re

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError
from ltv_bayes.formatting import money
from ltv_bayes.language import _
from ltv_bayes.reporting.contents.assumptions import MODELS
from ltv_bayes.reporting.contents.parts import Badge, CustomerTable, Figure, Picture, Table, Term, Text, note

ALWAYS = {"headline", "years", "customers", "upside", "tiers", "assumptions", "glossary"}
BESIDE = {
    "by": {"segments"},
    "acquisition": {"acquisition"},
    "slipping_away": {"slipping_away"},
    "over_time": {"trend"},
    "backtest": {"trust"},
    "checks": {"trust"},
    "orders": {"source"},
}


def sections(report):
    return {section.key: section for section in report.document().sections}


def parts(section, kind):
    return [part for part in section.parts if isinstance(part, kind)]


def words(section):
    return " ".join(part.text for part in parts(section, Text))


@pytest.fixture(scope="module")
def plain(value_of, reported_customers):
    return value_of(reported_customers)


@pytest.fixture(scope="module")
def document(reported):
    return reported.document()


class TestWhatIsThere:
    def test_a_value_alone_has_no_section_of_anything_else(self, plain):
        assert set(sections(lb.report(plain))) == ALWAYS

    @pytest.mark.parametrize("name", BESIDE)
    def test_each_result_adds_its_section(self, everything, plain, name):
        assert set(sections(lb.report(plain, **{name: everything[name]}))) == ALWAYS | BESIDE[name]

    def test_no_section_is_empty_and_keys_are_distinct(self, document):
        keys = [section.key for section in document.sections]
        assert len(keys) == len(set(keys)) == len(ALWAYS | {"judgements"} | set().union(*BESIDE.values()))
        assert all(section.parts and section.title for section in document.sections)
        for part in document.tables():
            assert len(part.frame) > 0
        for key in (Table, Picture):
            named = [part.key for section in document.sections for part in parts(section, key)]
            assert len(named) == len(set(named))

    def test_every_text_is_a_sentence(self, document):
        for section in document.sections:
            for part in parts(section, Text):
                assert part.text[0].upper() == part.text[0], part.text
                assert "\n" not in part.text or section.key == "source"

    def test_every_picture_can_be_drawn(self, document):
        import matplotlib.pyplot as plt

        drawn = [part.draw() for section in document.sections for part in parts(section, Picture)]
        assert len(drawn) >= 9
        plt.close("all")

    def test_several_segmentations_have_a_section_each(self, plain):
        found = lb.report(plain, by=["industry", plain.by(dict.fromkeys(plain.customers.ids, "x"))])
        assert {"segments", "segments_2"} <= set(sections(found))


class TestNumbers:
    def test_the_headline_is_of_what_is_to_come(self, reported, everything):
        ltv = everything["ltv"]
        so_far = float(ltv.explain().loc["realised", "mean"])
        total = ltv.total().to_numpy().ravel() - so_far
        low, median, high = np.quantile(total, [0.055, 0.5, 0.945])
        text = words(sections(reported)["headline"])
        assert f"about {money(median)} USD" in text
        assert f"between {money(low)} USD and {money(high)} USD" in text
        figures = {part.name: part.value for part in parts(sections(reported)["headline"], Figure)}
        assert figures["Value realised so far"] == f"{money(so_far)} USD"

    def test_customers_are_ranked_by_what_is_to_come(self, reported, everything):
        (table,) = parts(sections(reported)["customers"], CustomerTable)
        ranked = everything["ltv"].ranked()
        pd.testing.assert_index_equal(table.frame.index, ranked.index)
        assert table.groups == ("industry", "tier")
        assert list(table.frame.columns[:3]) == ["name", "industry", "tier"]
        whole = ranked["realised"] + ranked["to_come"]
        np.testing.assert_allclose(table.sources.sum(axis="columns"), whole, rtol=1e-9)

    def test_the_badge_counts_the_windows_of_the_backtest(self, reported, everything):
        (badge,) = parts(sections(reported)["headline"], Badge)
        inside = everything["backtest"].summary().loc["spend", "inside"]
        assert f"held in {int(inside.sum())} of {len(inside)} windows" in badge.text
        assert badge.state in ("good", "doubt", "bad")
        assert "hardly prove" in badge.meaning

    def test_rows_read_are_all_accounted_for(self, reported, everything):
        table = next(part for part in parts(sections(reported)["source"], Table) if part.key == "read")
        assert table.frame["rows"].sum() == everything["orders"].report.rows_in

    def test_a_caution_comes_first(self, reported_customers, purchases, spend, unconverged):
        stream = lb.RepeatPurchases(unconverged(purchases.thin(40)), spend.thin(40))
        ltv = lb.lifetime_value(reported_customers, [stream], horizon="1 year", random_seed=1)
        first = sections(lb.report(ltv))["headline"].parts[0]
        assert (first.state, first.text) == ("bad", "Fit did not converge: do not use these numbers yet.")

    def test_judgements_state_their_share(self, reported, everything):
        share = everything["ltv"].judgement.share()["mean"]
        assert re.search(r"(\d+)% of the expected value", words(sections(reported)["judgements"]))
        table = next(part for part in parts(sections(reported)["judgements"], Table) if part.key == "judgements")
        assert table.frame["used_share"].sum() == pytest.approx(share)


def test_every_model_is_told_in_plain_words():
    from ltv_bayes.formulas.models.parameterization import NAMINGS

    assert set(MODELS) == set(NAMINGS)


def test_the_glossary_explains_the_words_of_the_page(document):
    terms = [part.word for part in document.sections[-1].parts if isinstance(part, Term)]
    assert {"Interval", "Median", "P(alive)", "Backtest"} <= set(terms)


class TestRefused:
    @pytest.mark.parametrize("name", ["orders", "acquisition", "slipping_away", "over_time", "backtest", "checks"])
    def test_something_of_another_kind(self, plain, name):
        with pytest.raises(InputError, match=f"{name}= takes what .* returned, not a Customers"):
            lb.report(plain, **{name: plain.customers})

    def test_what_is_no_value(self, plain):
        with pytest.raises(InputError, match="the first argument takes what lifetime_value"):
            lb.report(plain.summary())

    def test_a_column_that_is_not_there(self, plain):
        with pytest.raises(ColumnError, match="Did you mean 'industry'"):
            lb.report(plain, columns="industri")


class TestHints:
    """Notes point analysts to functions; who reads a report has no use for them."""

    @pytest.mark.parametrize("code", ["en", "zh"])
    def test_the_report_leaves_them_out(self, everything, code):
        ltv = everything["ltv"]
        with lb.in_language(code):
            notes = " ".join(ltv.notes())
            said = words(sections(lb.report(ltv))["assumptions"])
        assert "shows_life" in notes
        assert "shows_life" not in said
        assert ("open opportunit" if code == "en" else "未结商机") in said
        assert not re.search(r"[a-z]_[a-z]|\(\)|[=(]\s*$|\(see|see [a-z_]+\.", said)

    def test_a_note_within_a_note_loses_its_own(self):
        inner = _("beyond chance{see}.", see=": see conflicts()")
        assert note(_("note: {inner}", inner=inner)).text == "Note: beyond chance."
        assert note("see conflicts()").text == "See conflicts()."
