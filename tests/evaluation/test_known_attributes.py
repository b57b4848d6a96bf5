"""Attributes at an origin are those that were known then: what is known later changes nothing."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.evaluation.known_attributes import KnownAttributes
from tests.evaluation.test_compared_models import Recorded, of_same

HORIZON, DAYS = "13 weeks", ["1997-09-30", "1998-03-31"]


def by_hand(**changes):
    frame = pd.DataFrame(
        [
            ("Ada", "2023-01-01", "retail", 12),
            ("Bo", "2023-06-01", "music", 7),
            ("Ada", "2024-01-01", "music", None),
            ("Cy", "2025-01-01", "retail", 3),
        ],
        columns=["customer_id", "known_from", "industry", "branch"],
    )
    return frame.assign(branch=frame["branch"].astype("Int64"), **changes)


class TestByHand:
    @pytest.mark.parametrize(
        ("day", "industries", "branches"),
        [
            ("2022-12-31", [None, None, None], [None, None, None]),
            ("2023-01-01", ["retail", None, None], [12, None, None]),
            ("2023-12-31", ["retail", "music", None], [12, 7, None]),
            ("2024-01-01", ["music", "music", None], [12, 7, None]),
            ("2026-01-01", ["music", "music", "retail"], [12, 7, 3]),
        ],
    )
    @pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0]])
    def test_the_newest_row_that_states_an_attribute(self, day, industries, branches, order):
        known = KnownAttributes.read(by_hand().iloc[order], "customer_id").on(dt.date.fromisoformat(day))
        known = known.set_index("customer_id").loc[["Ada", "Bo", "Cy"]]
        for column, expected in (("industry", industries), ("branch", branches)):
            assert [None if pd.isna(one) else one for one in known[column]] == expected
        assert list(known) == ["industry", "branch"]

    def test_whole_numbers_stay_whole(self):
        frame = by_hand().assign(branch=[12, 7, 12, 3])
        known = KnownAttributes.read(frame, "customer_id").on(dt.date(2023, 7, 1)).set_index("customer_id")
        assert str(known.loc["Ada", "branch"]) == "12"

    def test_a_function_of_the_day(self):
        asked = []

        def attributes(day):
            asked.append(day)
            return by_hand()

        known = KnownAttributes.read(attributes, "customer_id")
        assert known.on(dt.date(2023, 1, 1)).set_index("customer_id").loc["Ada", "industry"] == "retail"
        assert asked == [dt.date(2023, 1, 1)]
        assert known.note == ""
        assert KnownAttributes.read(None, "customer_id").on(dt.date(2023, 1, 1)) is None

    def test_a_plain_table_is_as_it_was_and_says_so(self):
        plain = by_hand().drop(columns="known_from").drop_duplicates("customer_id")
        known = KnownAttributes.read(plain, "customer_id")
        assert known.on(dt.date(1900, 1, 1)) is plain
        assert "taken as known at all origins" in known.note

    def test_rows_that_contradict_each_other(self):
        twice = pd.concat([by_hand(), by_hand().iloc[[1]].assign(industry="trade")], ignore_index=True)
        with pytest.raises(InputError, match=r"2 rows of attributes with the customer and the day .* \(rows 1, 4\)"):
            KnownAttributes.read(twice, "customer_id")
        part = by_hand().iloc[[1]].assign(industry=None)
        known = KnownAttributes.read(pd.concat([by_hand(), part], ignore_index=True), "customer_id")
        assert known.on(dt.date(2023, 7, 1)).set_index("customer_id").loc["Bo", "industry"] == "music"

    def test_rows_without_a_day(self):
        with pytest.raises(InputError, match="known_from is the day from which a row was known"):
            KnownAttributes.read(by_hand(known_from=["2023-01-01", None, "2024-01-01", "soon"]), "customer_id")


@pytest.fixture(scope="module")
def orders(cdnow_orders):
    table = cdnow_orders.table
    return replace(cdnow_orders, table=table[table["customer_id"] % 16 == 11].reset_index(drop=True))


@pytest.fixture(scope="module")
def attributes(orders):
    """Every customer is in the north at first; some are known to be in the south between the origins."""
    ids = orders.table["customer_id"].unique()
    moved = pd.DataFrame({"customer_id": ids[::3], "known_from": "1997-12-01", "region": "south"})
    return pd.concat([pd.DataFrame({"customer_id": ids, "known_from": "1997-01-01", "region": "north"}), moved])


class TestBacktest:
    @pytest.fixture
    def run(self, orders, purchases, spend):
        def go(attributes, **other):
            terms = {"as_of": DAYS, "horizon": HORIZON, "by": "region", "random_seed": 1, "progressbar": False}
            fits = {"purchases": purchases.thin(40), "spend": spend.thin(40)}
            return lb.backtest(orders, attributes=attributes, **{**terms, **fits, **other})

        return go

    def test_segments_are_those_of_then(self, run, attributes):
        found = run(attributes)
        customers = found.customers().loc["spend"]
        moved = set(attributes.loc[attributes["region"] == "south", "customer_id"])
        assert (customers.loc[DAYS[0], "segment"] == "north").all()
        late = customers.loc[DAYS[1], "segment"]
        assert set(late.index[late == "south"]) == moved & set(late.index)
        assert "taken as known" not in repr(found)

    def test_what_is_known_later_changes_nothing(self, run, attributes):
        """Nor the fits: they see the table of the day alone."""
        found = run(attributes)
        later = pd.concat([attributes, attributes.head(40).assign(known_from="1998-04-01", region="east")])
        of_same(run(later), found)
        of_same(run(lambda day: later[later["known_from"] <= str(day)]), found)
        leaking = run(
            later.sort_values("known_from").drop_duplicates("customer_id", keep="last").drop(columns="known_from")
        )
        assert "east" in leaking.totals().index.unique("segment")
        assert "note: attributes are taken as known at all origins" in repr(leaking)

    def test_a_folder_does_not_mind_what_is_known_later(self, run, attributes, tmp_path):
        found = run(attributes, folder=tmp_path)
        later = pd.concat([attributes, attributes.head(40).assign(known_from="1998-04-01", region="east")])
        of_same(run(later, folder=tmp_path), found)
        with pytest.raises(InputError, match="1998-03-31 holds a backtest with other attributes"):
            run(later.assign(known_from=later["known_from"].replace("1998-04-01", "1998-03-31")), folder=tmp_path)

    def test_models_see_the_attributes_of_the_day(self, orders, attributes, purchases, spend):
        class Watching(Recorded):
            def fit(self, customers, **settings):
                self.seen.append(customers.table["region"].value_counts().to_dict())
                return self.given

        models = {"purchases": Watching(purchases.thin(40)), "spend": Watching(spend.thin(40))}
        terms = {"as_of": DAYS, "horizon": HORIZON, "random_seed": 1, "progressbar": False}
        lb.backtest(orders, attributes=attributes, **terms, **models)
        for model in models.values():
            first, second = model.seen
            assert set(first) == {"north"}
            assert set(second) == {"north", "south"}

    def test_one_origin_says_so_too(self, run, attributes):
        plain = attributes.drop_duplicates("customer_id").drop(columns="known_from")
        one = {"as_of": DAYS[0], "by": None}
        assert "attributes are taken as known at all origins" in repr(run(plain, **one))
        assert "attributes are taken as known" not in repr(run(attributes, **one))

    def test_values_over_time(self, orders, attributes, purchases, spend):
        fits = {"purchases": purchases.thin(20), "spend": spend.thin(20)}
        trend = lb.value_over_time(
            orders, DAYS, horizon="1 year", by="region", attributes=attributes, random_seed=1, **fits
        )
        assert trend.summary().loc[DAYS[0]].index.tolist() == ["north"]
        assert set(trend.summary().loc[DAYS[1]].index) == {"north", "south"}
