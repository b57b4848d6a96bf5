"""Matching against companies with known truth, simulated by other rules (tests/simulated_names.py)."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from tests import simulated_names

COMPANIES = 2000


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.study)])
def simulated(request):
    return simulated_names.systems(COMPANIES, request.param)


@pytest.fixture(scope="module")
def matched(simulated):
    """The matches, and the pairs with whether they are right."""
    tables = {system: frame.drop(columns=["truth", "kind", "company"]) for system, frame in simulated.items()}
    matches = lb.match_customers(tables, tax_number="tax", least_score=75)
    sides = [by_id(simulated, matches.pairs, side, "truth") for side in "ab"]
    return matches, matches.pairs.assign(right=sides[0] == sides[1])


def by_id(simulated, pairs, side, column):
    """What the simulation knows of one side of each pair."""
    known = {
        (system, str(key)): value
        for system, frame in simulated.items()
        for key, value in zip(frame["customer_id"], frame[column], strict=True)
    }
    keys = zip(pairs[f"system_{side}"], pairs[f"id_{side}"].astype(str), strict=True)
    return np.array([known[key] for key in keys])


def test_certain_rules_are_never_wrong(matched):
    same = matched[1].query("decision == 'same'")
    assert same["reason"].value_counts().min() > 300
    assert set(same["reason"]) == {"Salesforce ids of one record", "equal tax numbers", "equal ids"}
    assert same["right"].all()


def test_no_customer_of_certain_rules_holds_two(simulated, matched):
    customers = matched[0].customers
    truth = pd.concat([frame["truth"] for frame in simulated.values()], ignore_index=True)
    assert truth.groupby(customers["customer_id"].to_numpy()).nunique().max() == 1


def test_ids_of_systems_with_numbers_of_their_own_merge_nothing(matched):
    assert any("orders and billing number customers on their own" in note for note in matched[0].notes)
    of_billing = (matched[1][["system_a", "system_b"]] == "billing").any(axis="columns")
    assert not matched[1]["reason"][of_billing].str.contains("equal ids").any()


def test_ids_that_were_given_to_the_wrong_customer_are_conflicts(matched):
    conflicts = matched[1][matched[1]["reason"].str.startswith("conflict: equal ids")]
    assert len(conflicts) > 50
    assert conflicts["right"].mean() < 0.6
    assert (conflicts["decision"] == "").all()


def test_equal_names_are_rarely_two_companies(matched):
    """Two companies of one name, by chance of the simulation, are the only way to be wrong."""
    equal = matched[1].query("reason == 'equal names'")
    assert len(equal) > 2000
    assert equal["right"].mean() > 0.98


def test_the_share_of_right_proposals_rises_with_the_score(matched):
    """Bounds are those of two seeds, with room for others: 0.09, 0.20, 0.57, 0.77 and 0.99 were the lowest."""
    near = matched[1].query("reason == 'similar names'")
    bands = pd.cut(near["score"], [74, 80, 85, 90, 95, 100], labels=["75", "80", "85", "90", "95"])
    right = near.groupby(bands, observed=True)["right"]
    assert right.size().min() > 50
    assert right.mean().is_monotonic_increasing
    assert right.mean()["95"] > 0.95
    assert right.mean()["90"] > 0.6
    assert right.mean()["85"] > 0.45
    assert right.mean()["75"] < 0.3


def found_by_kind(simulated, pairs):
    """Of customers in the orders and another system, the share that right pairs connect, by the way of writing."""
    parent = {}

    def top(key):
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for pair in pairs[pairs["right"]].astype(str).itertuples():
        parent[top((pair.system_a, pair.id_a))] = top((pair.system_b, pair.id_b))
    orders = simulated["orders"].set_index("truth")["customer_id"]
    rows = [
        (row.kind, top(("orders", str(orders[row.truth]))) == top((system, str(row.customer_id))))
        for system in ("crm", "service", "billing")
        for row in simulated[system].itertuples()
        if row.truth in orders.index
    ]
    table = pd.DataFrame(rows, columns=["kind", "found"])
    return table.groupby("kind")["found"].mean()


def test_what_is_only_written_otherwise_is_always_found(simulated, matched):
    found = found_by_kind(simulated, matched[1])
    assert found[list(simulated_names.ONLY_WRITTEN)].min() > 0.99


def test_most_typos_are_found_and_fewer_of_dropped_words(simulated, matched):
    pairs = matched[1]
    at_85 = found_by_kind(simulated, pairs[(pairs["reason"] != "similar names") | (pairs["score"] >= 85)])
    assert at_85["typo"] > 0.85
    assert 0.4 < at_85["dropped word"] < 0.8
    assert found_by_kind(simulated, pairs)["typo"] > max(0.93, at_85["typo"])


def test_branches_of_one_company_are_never_proposed(simulated, matched):
    """They differ in a number or a city, and one of them may have a typo besides."""
    sides = [by_id(simulated, matched[1], side, "company") for side in "ab"]
    of_one = matched[1]["right"].to_numpy() | (sides[0] != sides[1])
    frames = pd.concat(simulated.values())
    assert frames.groupby("company")["truth"].nunique().gt(2).sum() > 200
    assert of_one.all()
