"""A report says what was computed, with its numbers, and nothing else."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.formatting import money, percent
from ltv_bayes.language import _, in_language
from ltv_bayes.reporting.contents.assumptions import MODELS
from ltv_bayes.reporting.contents.customers import lists
from ltv_bayes.reporting.contents.headline import headline
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Badge, CustomerTable, Figure, Picture, Table, Term, Text, note
from ltv_bayes.reporting.contents.trust import badge
from ltv_bayes.reporting.page.customers import Customers
from ltv_bayes.reporting.page.render import page

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


class Held(RollingBacktest):
    """A backtest of which totals held in so many windows."""

    compared = ("purchases", "spend")
    windows_apart = property(lambda self: float(self.number))

    def __init__(self, held, number):
        object.__setattr__(self, "held", held)
        object.__setattr__(self, "number", number)

    def summary(self):
        inside = [place < self.held for place in range(self.number)]
        index = pd.MultiIndex.from_product([self.compared, range(self.number)], names=["of", "as_of"])
        return pd.DataFrame({"inside": [not one for one in inside] + inside}, index=index)


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
        assert badge.state == ("plain" if inside.all() else "doubt")
        assert "hardly prove" in badge.meaning

    @pytest.mark.parametrize(
        ("held", "windows", "state"),
        [
            *((1, 1, "plain"), (2, 2, "plain"), (3, 3, "good")),
            *((1, 2, "doubt"), (2, 3, "doubt"), (5, 6, "doubt"), (0, 2, "bad"), (2, 6, "bad")),
        ],
    )
    def test_counts_decide_the_state_of_the_badge(self, plain, held, windows, state):
        found = badge(Material(plain, backtest=Held(held, windows)))
        assert (found.state, found.text) == (
            state,
            f"Total spend: held in {held} of {windows} window{'s' if windows > 1 else ''} of the past",
        )
        assert ("hardly prove" in found.meaning) == (windows < 3)

    def test_windows_that_overlap_count_as_few(self, plain, monkeypatch):
        apart = Material(plain, backtest=Held(4, 4))
        assert "overlap" not in badge(apart).meaning
        monkeypatch.setattr(Held, "windows_apart", property(lambda self: 1.5))
        found = badge(Material(plain, backtest=Held(4, 4)))
        assert found.state == "plain"
        assert "4 of them count as 1.5 apart" in found.meaning
        assert "hardly prove" in found.meaning

    def test_half_a_chance_is_more_likely_than_not(self, plain):
        of = Material(plain)
        chances = [0.2, 0.49, 0.5, 0.51, 0.9]
        of._computed["ranked", "en"] = pd.DataFrame({"probability_of_more": chances})
        figure = next(part for part in headline(of).parts if isinstance(part, Figure) and part.name == "Customers")
        assert figure.detail == "3 of them will more likely than not yield more"
        upside = pd.DataFrame({"upside": [5.0, 4.0, 3.0, 2.0, 0.0], "probability_above_realised": chances})
        of._computed["upside", "en"] = upside
        of._computed["tiers", "en"] = plain.tiers()
        section = next(one for one in lists(of) if one.key == "upside")
        assert words(section) == "2 customers will more likely than not yield more than they have so far."

    def test_customers_who_came_later_are_not_silently_missing(self, reported_customers, value_of, everything):
        found = everything["slipping_away"]
        short = dataclasses.replace(found, customers=found.customers - 1)
        text = words(sections(lb.report(everything["ltv"], slipping_away=short))["slipping_away"])
        known = f"1 customer is not counted: not known on both 1998-03-31 and {found.as_of}."
        assert known in text
        assert "not counted" not in words(sections(lb.report(everything["ltv"], slipping_away=found))["slipping_away"])

    def test_findings_name_models_as_readers_know_them(self, plain, everything):
        finding = 'bg_nbd: too few customers buy often, 5, where the fit expects 9. Try model="mbg_nbd".'
        checks = dataclasses.replace(everything["checks"], findings=(finding,))
        text = words(sections(lb.report(plain, checks=checks))["trust"])
        assert text.startswith('BG/NBD: too few customers buy often, 5, where the fit expects 9. Try model="mbg_nbd".')

    def test_rows_read_are_all_accounted_for(self, reported, everything):
        table = next(part for part in parts(sections(reported)["source"], Table) if part.key == "read")
        assert table.frame["rows"].sum() == everything["orders"].report.rows_in

    def test_a_caution_comes_first(self, reported_customers, purchases, spend, unconverged):
        stream = lb.RepeatPurchases(unconverged(purchases.thin(40)), spend.thin(40))
        ltv = lb.lifetime_value(reported_customers, [stream], horizon="1 year", random_seed=1)
        report = lb.report(ltv, by="industry")
        found = sections(report)
        first = found["headline"].parts[0]
        assert (first.state, first.text) == ("bad", "Fit did not converge: do not use these numbers yet.")
        tables = {getattr(part, "key", "customers"): part for part in report.document().tables()}
        for key in ("customers", "segments", "segments_compared", "upside", "tiers"):
            assert set(tables[key].frame["caution"]) == {"fit did not converge"}, key
        columns = {one["name"]: one for one in Customers(tables["customers"]).data["columns"]}
        assert columns["caution"]["pieces"] == ["fit did not converge"]
        with in_language("zh"):
            columns = {one["name"]: one for one in Customers(tables["customers"]).data["columns"]}
            assert columns["caution"]["pieces"] == ["拟合未收敛"]

    def test_judgements_state_their_share(self, reported, everything):
        means = everything["ltv"].explain()["mean"]
        share = means["judged"] / (means["total"] - means["realised"])
        assert words(sections(reported)["judgements"]).startswith(
            f"{percent(share)} of the expected value to come rests on judgement: 2 judged opportunities."
        )
        assert percent(share) != percent(means["judged"] / means["total"])
        table = next(part for part in parts(sections(reported)["judgements"], Table) if part.key == "judgements")
        assert table.frame["used_share"].sum() == pytest.approx(share)


def test_every_model_is_told_in_plain_words():
    from ltv_bayes.formulas.models.parameterization import NAMINGS

    assert set(MODELS) == set(NAMINGS)


def test_the_glossary_explains_the_words_of_the_page(document):
    terms = [part.word for part in document.sections[-1].parts if isinstance(part, Term)]
    assert {"Interval", "Median", "P(alive)", "Backtest"} <= set(terms)


def words_of_picture(part):
    """Everything written in a picture, without drawing it."""
    import matplotlib.pyplot as plt
    from matplotlib.text import Text as Written

    figure = part.draw().get_figure(root=True)
    plt.close(figure)
    return " ".join([part.label, *(one.get_text() for one in figure.findobj(Written))])


def test_a_report_in_one_language_says_nothing_in_another(everything, monkeypatch):
    """Texts in tables and pictures follow the language that is asked for, whichever was asked for before."""
    monkeypatch.setattr("ltv_bayes.reporting.page.render.picture", words_of_picture)
    both = lb.report(**everything)
    first = page(both.document("en"))
    assert page(both.document("zh")) == page(lb.report(**everything).document("zh")) != first
    assert page(both.document("en")) == first


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
