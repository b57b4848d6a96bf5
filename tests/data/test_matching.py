"""Ids of several systems that are one customer: rules, reviews, merges, and the way back."""

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError

CODE, OTHER_CODE = "91350100M000100Y43", "91440300708461136T"
RECORD = "001D000000IqhSL"


def table(ids, names=None, **columns):
    return pd.DataFrame({"customer_id": ids, **({} if names is None else {"name": names}), **columns})


def judged(matches):
    return matches.pairs[["id_a", "id_b", "reason", "decision"]].to_numpy().tolist()


def one_each(one, other, **settings):
    """Match two rows, each with the same columns."""
    return lb.match_customers({"a": pd.DataFrame([one]), "b": pd.DataFrame([other])}, **settings)


def three():
    """Two customers of three systems, and one in one system."""
    return {
        "orders": table([11, 12, 13], ["Ada GmbH", "华智信息有限公司", "Cleo Ltd"]),
        "crm": table(["A1", "A2"], ["ADA Gmbh", "华智信息（上海）有限公司"]),
        "service": table(["S1", "S2"], ["Ada AG", "华智信息集团"]),
    }


def test_certain_rules_say_same_with_their_reason():
    names = {"name": "Hansen Medical"}
    assert judged(one_each({"customer_id": "Ｃ1 ", **names}, {"customer_id": "C1", **names})) == [
        ["Ｃ1", "C1", "equal ids", "same"]
    ]
    tax = {"customer_id": "1", "vat": "91350100-m000100Y43 "}, {"customer_id": "2", "vat": CODE}
    assert judged(one_each(*tax, tax_number="vat")) == [["1", "2", "equal tax numbers", "same"]]
    record = {"customer_id": RECORD}, {"customer_id": RECORD + "IAZ"}
    assert judged(one_each(*record)) == [[RECORD, RECORD + "IAZ", "Salesforce ids of one record", "same"]]


def test_ids_without_names_say_that_there_was_nothing_to_compare():
    assert judged(one_each({"customer_id": "C1"}, {"customer_id": "C1"})) == [
        ["C1", "C1", "equal ids, no names to compare", "same"]
    ]


def test_missing_written_out_is_no_id():
    assert judged(one_each({"customer_id": "NULL"}, {"customer_id": "NULL"})) == []


def test_small_and_capital_letters_of_ids_are_two_ids():
    assert judged(one_each({"customer_id": "c1"}, {"customer_id": "C1"})) == []
    assert judged(one_each({"customer_id": RECORD}, {"customer_id": RECORD.lower() + "IAZ"})) == []


HANSEN, ZORRO = {"name": "Hansen Medical"}, {"name": "Zorro Foods"}
CONFLICTS = {
    "equal ids, different names": ({"id": "C1", **HANSEN}, {"id": "C1", **ZORRO}),
    "equal ids, another number or place": ({"id": "C1", "name": "Ada Store 12"}, {"id": "C1", "name": "Ada Store 21"}),
    "equal ids, names in two scripts": ({"id": "C1", "name": "Huawei"}, {"id": "C1", "name": "华为"}),
    "equal ids, different tax numbers": ({"id": "C1", "vat": CODE}, {"id": "C1", "vat": OTHER_CODE}),
    "equal names, different tax numbers": (
        {"id": "1", "vat": CODE, **HANSEN},
        {"id": "2", "vat": OTHER_CODE, **HANSEN},
    ),
    "equal tax numbers, different names": ({"id": "1", "vat": CODE, **HANSEN}, {"id": "2", "vat": CODE, **ZORRO}),
    "equal tax numbers, wrong check digit": ({"id": "1", "vat": CODE[:-1] + "4"}, {"id": "2", "vat": CODE[:-1] + "4"}),
    "Salesforce ids of one record, different names": ({"id": RECORD, **HANSEN}, {"id": RECORD + "IAZ", **ZORRO}),
}


@pytest.mark.parametrize("reason", CONFLICTS)
def test_what_speaks_against_a_rule_is_a_conflict_to_review(reason):
    one, other = CONFLICTS[reason]
    blank = {"name": None, "vat": None}
    for equal_names in ("review", "same"):
        found = one_each(blank | one, blank | other, customer_id="id", tax_number="vat", equal_names=equal_names)
        assert found.pairs[["reason", "decision"]].to_numpy().tolist() == [[f"conflict: {reason}", ""]]
        assert found.customers["customer_id"].nunique() == 2


def test_names_that_are_alike_with_different_tax_numbers_are_not_proposed():
    rows = {"customer_id": "1", "name": "Hansen Medical", "vat": CODE}, {"customer_id": "2", "name": "Hanson Medical"}
    assert len(one_each(rows[0], rows[1] | {"vat": None}, tax_number="vat").pairs) == 1
    assert len(one_each(rows[0], rows[1] | {"vat": OTHER_CODE}, tax_number="vat").pairs) == 0


def test_a_chinese_and_an_english_name_of_one_tax_number_are_one_customer():
    rows = {"customer_id": "1", "name": "Huazhi Ltd", "vat": CODE}, {"customer_id": "2", "name": "华智", "vat": CODE}
    assert judged(one_each(*rows, tax_number="vat")) == [["1", "2", "equal tax numbers", "same"]]


def test_equal_and_similar_names_wait_for_a_person():
    rows = {"customer_id": "1", "name": "Hansen Medical GmbH"}, {"customer_id": "2", "name": "HANSEN medical AG"}
    near = {"customer_id": "2", "name": "Hanson Medical"}
    assert judged(one_each(*rows)) == [["1", "2", "equal names", ""]]
    assert judged(one_each(*rows, equal_names="same")) == [["1", "2", "equal names", "same"]]
    for equal_names in ("review", "same"):
        assert judged(one_each(rows[0], near, equal_names=equal_names)) == [["1", "2", "similar names", ""]]
    assert judged(one_each(rows[0], near, least_score=95)) == []


def test_an_id_map_joins_its_rows_and_says_which_ids_are_not_there():
    id_map = pd.DataFrame({"orders": [11, 12, 99], "crm": ["A1", None, "A9"], "service": [None, "S2", None]})
    found = lb.match_customers(three(), id_map=id_map)
    assert judged(found)[-2:] == [[11, "A1", "id map", "same"], [12, "S2", "id map", "same"]]
    assert "2 ids of the id map that no system has (orders 99, crm A9)" in found.notes


def test_an_id_map_that_fits_nothing_is_refused():
    with pytest.raises(ColumnError, match="needs a column for each of at least two systems"):
        lb.match_customers(three(), id_map=pd.DataFrame({"orders": [11], "erp": ["E1"]}))
    with pytest.raises(InputError, match=r"none of the ids of orders and crm \(its ids: orders 7, crm X\)"):
        lb.match_customers(three(), id_map=pd.DataFrame({"orders": [7], "crm": ["X"]}))


def test_a_customer_takes_the_id_of_the_first_system_and_says_why():
    found = lb.match_customers(three(), equal_names="same")
    customers = found.customers.set_index(["system", "id"])
    assert customers["customer_id"].to_dict() == {
        ("orders", 11): "11",
        ("orders", 12): "12",
        ("orders", 13): "13",
        ("crm", "A1"): "11",
        ("crm", "A2"): "A2",
        ("service", "S1"): "11",
        ("service", "S2"): "12",
    }
    assert customers.loc[("service", "S1"), ["customer_system", "reason"]].tolist() == ["orders", "equal names"]
    assert customers.loc[("orders", 11), "reason"] == ""
    assert found.open[["id_a", "id_b", "reason"]].to_numpy().tolist() == [[12, "A2", "equal names, one with a place"]]


def test_the_order_of_rows_changes_nothing():
    forward = lb.match_customers(three(), equal_names="same").customers
    back = {system: frame.iloc[::-1] for system, frame in three().items()}
    other = lb.match_customers(back, equal_names="same").customers
    keys = ["system", "id"]
    pd.testing.assert_series_equal(
        forward.astype(str).set_index(keys)["customer_id"].sort_index(),
        other.astype(str).set_index(keys)["customer_id"].sort_index(),
    )


def test_ids_of_two_customers_never_become_one_by_having_one_name():
    """C1 of the CRM is another customer than C1 of the orders: nobody merged them, and the ids must say so."""
    found = lb.match_customers(
        {"orders": table(["C1"], ["Hansen"]), "crm": table(["C1", "crm:C1"], ["Zorro", "Delta"])}
    )
    assert found.customers["customer_id"].tolist() == ["C1", "crm:C1'", "crm:C1"]
    assert "1 id of two customers that were not merged, written as in crm:C1'" in found.notes
    assert found.apply(table(["C1"], ["Zorro"]), "crm")["customer_id"].tolist() == ["crm:C1'"]


def test_systems_that_number_customers_on_their_own_have_no_equal_ids():
    names = [f"{a}{b} Foods" for a in ("Hansen", "Zorro", "Delta", "Quix") for b in ("bert", "mund", "low")]
    systems = {"orders": table(range(12), names), "billing": table(range(12), names[::-1])}
    found = lb.match_customers(systems)
    assert set(found.pairs["reason"]) == {"equal names"}
    assert "orders and billing number customers on their own: of 12 equal ids, 12 have other names" in found.notes[0]
    shared = lb.match_customers({"orders": table(range(12), names), "billing": table(range(12), names)})
    assert shared.report().set_index("what").loc["same: equal ids", "number"] == 12


def test_placeholders_make_no_pairs_and_are_named():
    found = lb.match_customers({"orders": table(range(30), ["Walk-in"] * 30, vat=[CODE] * 30)}, tax_number="vat")
    assert found.pairs.empty
    assert found.notes == (
        f"the tax number '{CODE}' is shared by 30 ids: no pairs are made of it",
        "the name 'Walk-in' is shared by 30 ids: no pairs are made of it",
    )


def test_two_ids_of_one_system_may_be_one_customer():
    found = lb.match_customers({"crm": table(["A1", "A2"], ["Hansen Ltd", "HANSEN"])}, equal_names="same")
    assert found.customers["customer_id"].tolist() == ["A1", "A1"]


# Decisions


def reviewed(tmp_path, matches, suffix=".xlsx", **decisions):
    """Write the pairs, fill in decisions by the ids of a pair, and save them as a spreadsheet would."""
    path = matches.write(tmp_path / f"review{suffix}")
    filled = lb.read_table(path).astype(object)
    for pair, word in decisions.items():
        one, other = pair.split("_")
        row = (filled["id_a"].astype(str) == one) & (filled["id_b"].astype(str) == other)
        assert row.sum() == 1
        filled.loc[row, "decision"] = word
    return lb.write_table(filled, tmp_path / f"filled{suffix}")


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_decisions_are_read_back_from_what_was_written(tmp_path, suffix):
    path = reviewed(
        tmp_path, lb.match_customers(three()), suffix, **{"11_A1": "Same ", "11_S1": "different", "12_S2": "相同"}
    )
    found = lb.match_customers(three(), decisions=path)
    pairs = found.pairs.set_index(["id_a", "id_b"])
    assert pairs.loc[[(11, "A1"), (11, "S1"), (12, "S2")], "decision"].tolist() == ["same", "different", "same"]
    assert set(pairs.loc[[(11, "A1"), (11, "S1"), (12, "S2")], "decided_by"]) == {"person"}
    assert found.customers["customer_id"].tolist() == ["11", "12", "13", "11", "A2", "S1", "12"]
    assert found.customers["reason"].tolist()[3] == "equal names, decided by a person"
    assert found.report().set_index("what")["number"]["same: equal names, decided by a person"] == 2


def test_what_follows_from_decisions_is_not_asked_again(tmp_path):
    """A1 is 11, and S1 is not 11: so S1 is not A1."""
    before = lb.match_customers(three())
    assert ["A1", "S1", "equal names", ""] in judged(before)
    path = reviewed(tmp_path, before, **{"11_A1": "same", "11_S1": "different"})
    assert not [pair for pair in judged(lb.match_customers(three(), decisions=path)) if pair[:2] == ["A1", "S1"]]


def test_a_rule_is_not_a_persons_word(tmp_path):
    """Rows that a rule decided are read back as the rule's: it has to hold again. A person may say the opposite."""
    systems = {"a": table(["1"], vat=[CODE]), "b": table(["2"], vat=[CODE])}
    before = lb.match_customers(systems, tax_number="vat")
    kept = reviewed(tmp_path, before)
    corrected = systems | {"b": table(["2"], vat=[OTHER_CODE])}
    assert lb.match_customers(corrected, tax_number="vat", decisions=kept).pairs.empty
    apart = lb.match_customers(
        systems, tax_number="vat", decisions=reviewed(tmp_path / "x", before, **{"1_2": "different"})
    )
    assert apart.pairs[["decision", "decided_by"]].to_numpy().tolist() == [["different", "person"]]
    assert apart.customers["customer_id"].tolist() == ["1", "2"]


def test_a_pair_that_no_rule_found_can_be_decided():
    decisions = pd.DataFrame(
        {"system_a": ["crm"], "id_a": ["A2"], "system_b": ["orders"], "id_b": ["13"], "decision": ["same"]}
    )
    found = lb.match_customers(three(), decisions=decisions)
    assert found.pairs[found.pairs["reason"] == "decided by a person"][["id_a", "id_b"]].to_numpy().tolist() == [
        [13, "A2"]
    ]


def decided(*rows):
    frame = pd.DataFrame(rows, columns=["system_a", "id_a", "system_b", "id_b", "decision"])
    return frame.set_axis(range(2, len(rows) + 2), axis="index")


@pytest.mark.parametrize(
    ("decisions", "message", "rows"),
    [
        (decided(("orders", 11, "crm", "A1", "yes")), r"1 row .* such as 'yes' \(row 2\)\. Write same or", [2]),
        (decided(("orders", 11, "crm", "A7", "same")), r"1 row .* that is not there \(row 2\)", [2]),
        (decided(("erp", 11, "crm", "A1", "same")), r"1 row .* that is not there \(row 2\)", [2]),
        (decided(("orders", 11, "orders", 11, "same")), r"1 row .* one id on both sides \(row 2\)", [2]),
        (
            decided(("orders", 11, "crm", "A1", "same"), ("crm", "A1", "orders", 11, "different")),
            r"Rows 2 and 3 .* contradict each other: orders 11 and crm A1 are same and different",
            [2, 3],
        ),
        (
            decided(
                ("orders", 11, "crm", "A1", "same"),
                ("crm", "A1", "service", "S1", "same"),
                ("orders", 11, "service", "S1", "different"),
            ),
            r"Row 4 says that orders 11 and service S1 are different, but they are one by way of "
            r"orders 11 = crm A1 \(row 2\), crm A1 = service S1 \(row 3\)\. Write 'different' at one pair",
            [4, 2, 3],
        ),
    ],
    ids=["word", "id", "system", "itself", "twice", "chain"],
)  # fmt: skip
def test_decisions_that_cannot_hold_are_refused_with_their_rows(decisions, message, rows):
    with pytest.raises(InputError, match=message) as refused:
        lb.match_customers(three(), decisions=decisions)
    assert list(refused.value.rows) == rows


def test_a_chain_of_rules_never_joins_what_a_person_called_different():
    """1 and 2 share a tax number, 2 and 3 an id: if 1 and 3 are different, one of the two is wrong."""
    systems = {"a": table(["1"], vat=[CODE]), "b": table(["2"], vat=[CODE]), "c": table(["2"], vat=[None])}
    assert lb.match_customers(systems, tax_number="vat").customers["customer_id"].tolist() == ["1", "1", "1"]
    apart = decided(("a", "1", "c", "2", "different"))
    message = r"a 1 = b 2 \(equal tax numbers\), b 2 = c 2 \(equal ids, no names to compare\)"
    with pytest.raises(InputError, match=message):
        lb.match_customers(systems, tax_number="vat", decisions=apart)
    mended = decided(("a", "1", "c", "2", "different"), ("b", "2", "c", "2", "different"))
    found = lb.match_customers(systems, tax_number="vat", decisions=mended)
    assert found.customers["customer_id"].tolist() == ["1", "1", "2"]


def test_a_person_and_the_id_map_may_not_contradict_each_other():
    id_map = pd.DataFrame({"orders": [11], "crm": ["A1"]})
    with pytest.raises(InputError, match=r"Row 2 .* different, and the id map that they are one"):
        lb.match_customers(three(), id_map=id_map, decisions=decided(("orders", 11, "crm", "A1", "different")))


def test_blank_decisions_decide_nothing_whatever_their_ids():
    found = lb.match_customers(three(), decisions=decided(("orders", 99, "crm", "A1", None), ("x", "y", "z", "w", " ")))
    assert judged(found) == judged(lb.match_customers(three()))


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
@pytest.mark.parametrize("cell", ["=1+1", "@x", "-5", "+5", "'s-Hage", "0004", "=cmd|' /C calc'!A0", " =1", "＝1"])
def test_hostile_cells_stay_text_and_come_back(tmp_path, cell, suffix):
    systems = {"a": table([cell], ["=HYPERLINK(1) Ltd"]), "b": table(["7"], ["HYPERLINK 1"])}
    before = lb.match_customers(systems)
    path = before.write(tmp_path / f"review{suffix}")
    if suffix == ".csv":
        raw = path.read_text("utf-8-sig").splitlines()[1].split(",")
        assert not raw[1].strip('" \u3000').startswith(tuple("=+-@＝"))
        filled = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
        filled.assign(decision="same").to_csv(path, index=False, encoding="utf-8-sig")
    else:
        path = lb.write_table(lb.read_table(path).astype(object).assign(decision="same"), tmp_path / "filled.xlsx")
    found = lb.match_customers(systems, decisions=path)
    assert found.customers["customer_id"].tolist() == [cell.strip(), cell.strip()]


def test_a_file_that_may_be_filled_in_is_not_written_over(tmp_path):
    found = lb.match_customers(three())
    path = found.write(tmp_path / "review.xlsx")
    with pytest.raises(InputError, match=r"exists already, and it may have been filled in"):
        found.write(path)
    assert found.write(path, overwrite=True) == path


# Merging


def orders():
    log = pd.DataFrame(
        {"customer_id": [11, 12, 11, 14], "date": ["2024-01-05", "2024-02-01", "2024-03-01", "2024-03-02"]}
    )
    return lb.read_transactions(log.assign(amount=[10.0, 20.0, 30.0, 40.0]))


def test_orders_are_merged_and_given_back():
    names = table([11, 12, 14], ["Ada GmbH", "Bo Ltd", "ADA AG"])
    log = orders()
    found = lb.match_customers({"orders": names}, equal_names="same")
    merged = found.apply(log, "orders")
    assert isinstance(merged, lb.Transactions)
    assert merged.table["customer_id"].tolist() == [11, 12, 11, 11]
    assert merged.table["original_id"].tolist() == [11, 12, 11, 14]
    assert merged.notes == ("3 ids merged to 2 customers of 1 system",)
    assert "3 ids merged to 2 customers of 1 system" in repr(merged)
    assert merged.table["amount"].sum() == log.table["amount"].sum()
    back = found.undo(merged, "orders")
    pd.testing.assert_frame_equal(back.table, log.table)
    assert back.notes == ()


def test_an_order_that_lies_under_both_ids_of_a_customer_is_noticed():
    log = pd.DataFrame({"customer_id": [11, 14, 12], "date": "2024-01-05", "amount": [10.0, 10.0, 10.0]})
    found = lb.match_customers({"orders": table([11, 12, 14], ["Ada GmbH", "Bo Ltd", "ADA AG"])}, equal_names="same")
    merged = found.apply(lb.read_transactions(log), "orders")
    assert "1 row with the customer, day and amount of another" in repr(merged)


def test_merged_orders_are_summarised_as_one_customer():
    found = lb.match_customers({"orders": table([11, 12, 14], ["Ada GmbH", "Bo Ltd", "ADA AG"])}, equal_names="same")
    customers = lb.summarize(found.apply(orders(), "orders"), as_of="2024-06-30", time_unit="day")
    assert customers.table["frequency"].to_dict() == {11: 2, 12: 0}


def test_frames_of_every_kind_come_back_as_they_were(tmp_path):
    frames = three()
    found = lb.match_customers(frames, equal_names="same")
    for system, frame in frames.items():
        merged = found.apply(frame, system)
        assert list(merged.columns) == [*frame.columns, "original_id"]
        pd.testing.assert_frame_equal(found.undo(merged, system), frame)
        pd.testing.assert_frame_equal(frame, three()[system])
    path = lb.write_table(found.apply(frames["crm"], "crm"), tmp_path / "crm.xlsx")
    assert found.undo(path, "crm")["customer_id"].tolist() == ["A1", "A2"]


def test_what_cannot_be_merged_is_refused():
    found = lb.match_customers(three())
    with pytest.raises(InputError, match=r"1 row with an id that 'crm' did not have \(row 1\)\. Match again"):
        found.apply(table(["A1", "A9"]), "crm")
    with pytest.raises(InputError, match=r"The system 'cmr' was not matched\. Did you mean 'crm'"):
        found.apply(table(["A1"]), "cmr")
    with pytest.raises(ColumnError, match=r"The ids are the index .* \.reset_index\(\)"):
        found.apply(three()["crm"].set_index("customer_id"), "crm")
    merged = found.apply(three()["crm"], "crm")
    with pytest.raises(ColumnError, match="'original_id' already"):
        found.apply(merged, "crm")
    with pytest.raises(ColumnError, match=r"Only what \.apply"):
        found.undo(three()["crm"], "crm")
    summary = pd.DataFrame({"customer_id": [11], "frequency": 0, "recency": 0.0, "T": 1.0})
    with pytest.raises(InputError, match="Merge the orders, then summarize them"):
        found.apply(lb.Customers.from_summary(summary, time_unit="week"), "orders")


# Reading


def test_columns_are_named_for_all_systems_or_for_one(tmp_path):
    path = tmp_path / "accounts.csv"
    path.write_text("AccountId,Account Name\n0004,Ada Ltd\n0004,Ada Limited\n", encoding="utf-8")
    orders_ = pd.DataFrame({"customer_id": ["Ada", "Bo"]})
    found = lb.match_customers(
        {"orders": orders_, "crm": path},
        customer_id={"crm": "AccountId"},
        name={"crm": "Account Name", "orders": "customer_id"},
    )
    assert judged(found) == [["Ada", "0004", "equal names", ""]]
    assert found.notes == ("1 id of crm with several names (0004): the first is used",)
    assert found.apply(path, "crm")["AccountId"].tolist() == ["0004", "0004"]


def test_a_system_without_names_is_named():
    found = lb.match_customers({"orders": table(["C1"]), "crm": table(["C1"], ["Ada"])})
    assert found.notes == ("orders has no column 'name': its ids are compared without names",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "nam"}, "No system has a column 'nam'. Did you mean 'name'"),
        ({"tax_number": "vat"}, "No system has a column 'vat'"),
        ({"name": {"crm": "nam"}}, "There is no column 'nam'"),
        ({"name": {"erp": "name"}}, "name= names the system 'erp'"),
        ({"customer_id": "id"}, "No system has a column 'id'|There is no column 'id'"),
        ({"equal_names": "yes"}, "equal_names='yes' is not a choice"),
        ({"least_score": 10}, "least_score=10 is not between 60 and 100"),
    ],
)
def test_wrong_arguments_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        lb.match_customers(three(), **settings)


def test_rows_without_an_id_are_refused_with_their_system():
    with pytest.raises(
        InputError, match=r"1 row without a customer id \(row 1\)\. Fill in the id\. The rows are those of 'crm'"
    ):
        lb.match_customers({"crm": table(["A1", None])})


def test_the_page_shows_counts_and_what_to_review_and_runs_no_html():
    found = lb.match_customers({"orders": table([1], ["Ada <b>"]), "crm": table(["A"], ["ADA (b)"])})
    assert "1  to review: equal names" in repr(found)
    assert "orders 1 Ada <b>" in repr(found)
    assert "<b>" not in found._repr_html_()
