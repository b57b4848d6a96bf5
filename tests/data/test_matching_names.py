"""Names of companies as they are compared, and names that are never taken for one."""

import itertools

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.matching.codes import is_credit_code, plain_tax_number, record_key
from ltv_bayes.data.matching.names import compared
from ltv_bayes.data.matching.near import apart, near_names, similarity
from ltv_bayes.errors import InputError

ONE_COMPANY = [
    [
        "Müller GmbH",
        "MULLER GMBH",
        "Müller GmbH & Co. KG",
        "ｍüller  gmbh.",
        "Müller Gesellschaft mit beschränkter Haftung",
    ],
    ["Dupont et Fils S.A.R.L.", "SARL Dupont & Fils", "Dupont & Fils, SARL", "DUPONT ET FILS S. A."],
    [
        "Ada Foods Ltd",
        "ADA FOODS LIMITED",
        "Ada Foods Co., Ltd.",
        "Ada-Foods, Inc.",
        "The Ada Foods Company",
        "Ada Foods LLC",
    ],
    ["Ada Foods Inc", "Foods Ada, Inc.", "Ada Foods Holdings plc", "Ada Foods Group"],
    [
        "华智信息有限公司",
        "华智信息有限责任公司",
        "华智信息股份有限公司",
        "华智信息集团",
        "华智信息（集团）公司",
        " 华智信息 ",
        "華智信息".replace("華", "华"),
    ],
    [
        "华智信息（上海）有限公司",
        "上海华智信息有限公司",
        "上海市华智信息有限公司",
        "华智信息(上海)公司",
        "华智信息 (上海) 有限公司",
    ],
    ["華智信息有限責任公司", "華智信息股份有限公司", "華智信息集團"],
    ["Store 7", "Store 07", "STORE ７"],
    ["华智第十二分公司", "华智第12分公司", "华智12分公司"],
    ["Werk Köln", "Werk Koeln", "WERK COLOGNE"],
]
NEVER = [
    ("华智有限公司上海分公司", "华智有限公司北京分公司"),
    ("华智上海分公司", "华智南京分公司"),
    ("华智一分公司", "华智二分公司"),
    ("华智第十一分公司", "华智第十二分公司"),
    ("华智信息（上海）有限公司", "华智信息（北京）有限公司"),
    ("中建三局集团有限公司", "中建二局集团有限公司"),
    ("招商银行股份有限公司上海分行", "招商银行股份有限公司深圳分行"),
    ("Hansen Medical Devices Store 12", "Hansen Medical Devices Store 21"),
    ("Hansen Medical Devices Store 1", "Hansen Medical Devices Store 11"),
    ("Hansen Medical Devices Store 1", "Hansen Medical Devices Store"),
    ("Hansen Medical Devices Plant A", "Hansen Medical Devices Plant B"),
    ("Hansen Medical Devices II", "Hansen Medical Devices III"),
    ("Hansen Medical Devices Berlin", "Hansen Medical Devices Bern"),
    ("Hansen Medical Devices (North)", "Hansen Medical Devices (South)"),
    ("Hansen Medical Devices Branch Littleton", "Hansen Medical Devices Branch Middleton"),
    ("Hansen Medical Devices Germany GmbH", "Hansen Medical Devices France SARL"),
    ("Wang Consulting New York", "Wang Consulting New Orleans York"),
]


@pytest.mark.parametrize("names", ONE_COMPANY, ids=lambda names: names[0])
def test_ways_to_write_a_name_compare_equal(names):
    assert {compared(name) for name in names} == {compared(names[0])}
    assert compared(names[0]) is not None


def test_names_of_different_companies_stay_different():
    firsts = [compared(names[0]) for names in ONE_COMPANY]
    assert len({(name.core, name.numbers, name.places) for name in firsts}) == len(ONE_COMPANY) - 1  # Ada Foods twice


@pytest.mark.parametrize(("one", "other"), NEVER, ids=lambda name: name)
@pytest.mark.parametrize("lowest", [60, 85])
def test_branches_that_differ_in_a_number_or_a_place_are_never_proposed(one, other, lowest):
    systems = {
        "a": pd.DataFrame({"customer_id": ["1"], "name": [one]}),
        "b": pd.DataFrame({"customer_id": ["2"], "name": [other]}),
    }
    assert lb.match_customers(systems, least_score=lowest).pairs.empty
    assert lb.match_customers(systems, least_score=lowest, equal_names="same").pairs.empty


def test_the_same_spellings_without_a_branch_are_proposed():
    """What keeps the names above apart is the number or the place, not their spelling."""
    for one, other in [
        ("Hansen Medical Devices Littleton", "Hansen Medical Devices Middleton"),
        ("华智信息科技甲", "华智信息科技乙"),
    ]:
        assert near_names([compared(one), compared(other)], 80) == [(0, 1)]


def test_a_place_on_one_side_is_for_a_person_to_decide_even_if_equal_names_are_the_same():
    systems = {
        "a": pd.DataFrame({"customer_id": ["1"], "name": ["华智信息有限公司"]}),
        "b": pd.DataFrame({"customer_id": ["2"], "name": ["华智信息（上海）有限公司"]}),
    }
    pairs = lb.match_customers(systems, equal_names="same").pairs
    assert pairs[["reason", "decision"]].to_numpy().tolist() == [["equal names, one with a place", ""]]


def test_words_in_common_do_not_make_up_for_others_that_are_nothing_alike():
    names = [compared(f"{word} Office Supplies Ltd") for word in ("Kohi", "Huwu", "Kohl")]
    assert similarity(names[0], names[1]) >= 80
    assert near_names(names, 80) == [(0, 2)]


def alike(one, other):
    """The similarity of insertions and deletions, from the longest common subsequence, by its recursion."""
    table = np.zeros((len(one) + 1, len(other) + 1))
    for row, column in itertools.product(range(len(one)), range(len(other))):
        longest = max(table[row, column + 1], table[row + 1, column])
        table[row + 1, column + 1] = table[row, column] + 1 if one[row] == other[column] else longest
    return 200 * table[-1, -1] / (len(one) + len(other))


def is_near(one, other, lowest):
    """Whether names are alike, in one of two orders of words, and the words that only one of them has are as well."""
    for text, other_text in ((one.core, other.core), (one.written, other.written)):
        rest = " ".join(word for word in text.split() if word not in other_text.split())
        other_rest = " ".join(word for word in other_text.split() if word not in text.split())
        if alike(text, other_text) >= lowest and not (rest and other_rest and alike(rest, other_rest) < 65):
            return True
    return False


def test_every_pair_of_a_plain_double_loop_is_found(monkeypatch):
    """Names of many lengths, in blocks of seven."""
    random = np.random.default_rng(5)
    words = ["".join(random.choice(list("ab"), random.integers(3, 15))) for _ in range(110)]
    texts = {f"{one} {other}" if len(one) % 2 else one for one, other in itertools.pairwise(words)}
    names = [compared(text) for text in sorted(texts)]
    monkeypatch.setattr("ltv_bayes.data.matching.near.NAMES_AT_A_TIME", 7)
    for lowest in (65, 75):
        pairs = itertools.combinations(range(len(names)), 2)
        expected = [(a, b) for a, b in pairs if is_near(names[a], names[b], lowest) and not apart(names[a], names[b])]
        assert len(expected) > 20
        assert near_names(names, lowest) == expected


def test_too_many_alike_are_refused_with_the_cure(monkeypatch):
    monkeypatch.setattr("ltv_bayes.data.matching.near.MOST_PAIRS", 100)
    names = [compared(f"customers{a}{b}") for a in "bcdfghjklm" for b in "bcdfghjklm"]
    with pytest.raises(InputError, match=r"More than 100 pairs of names are alike .* Give a higher least_score"):
        near_names(names, 85)


def test_numbered_names_are_not_compared_with_each_other():
    """Twenty thousand customers called by a number make no pairs."""
    names = [compared(f"Customer {number}") for number in range(20_000)]
    assert near_names(names, 85) == []


def test_letters_of_an_18_character_id_must_fit():
    assert record_key("001D000000IqhSLIAZ") == "001D000000IqhSL"
    for wrong in ("001D000000IqhSLIAY", "001d000000iqhslIAZ", "001D000000IqhSLIAZ0", "001D000000IqhS"):
        assert record_key(wrong) is None


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91310000631696382C"])
def test_check_digits_of_credit_codes(code):
    """The first is the example of GB 32100-2015. Each single digit changed, and neighbours swapped, are found."""
    assert is_credit_code(code)
    digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for place, other in itertools.product(range(2, 17), digits):
        assert is_credit_code(code[:place] + other + code[place + 1 :]) == (other == code[place])
    for place in range(2, 16):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert is_credit_code(swapped) == (swapped == code)


@pytest.mark.parametrize("cell", ["", "0", "无", "n/a", "000000000000000000", "111111111", "1234567890", "12-34"])
def test_placeholders_are_no_tax_numbers(cell):
    assert plain_tax_number(cell) is None
