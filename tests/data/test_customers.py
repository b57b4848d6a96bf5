"""A ready table is checked once; views of it keep every customer in place."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltv_bayes import Customers, read_transactions, summarize
from ltv_bayes.data.customers.histories import distinct_rows, unique_histories, unique_spend
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError

GOOD = {
    "customer_id": ["Ada", "Bo", "Cy"],
    "frequency": [2, 0, 1],
    "recency": [30.43, 0.0, 1.71],
    "T": [38.86, 38.86, 38.86],
    "monetary_value": [22.35, 0.0, 11.77],
}


def customers_of(**columns):
    options = {name: columns.pop(name) for name in ("time_unit", "as_of", "currency") if name in columns}
    return Customers.from_summary(pd.DataFrame(GOOD | columns), **{"time_unit": "week", **options})


def test_a_ready_table():
    customers = customers_of(as_of="1997-09-30", currency="USD", industry=["music", "retail", "music"])
    assert customers.table.columns.tolist() == [*list(GOOD)[1:], "spend_frequency", "industry"]
    assert customers.table["spend_frequency"].tolist() == [2, 0, 1]
    assert np.isnan(customers.table.loc["Bo", "monetary_value"])
    assert (customers.time_unit, customers.as_of, customers.currency) == ("week", dt.date(1997, 9, 30), "USD")
    assert (len(customers), customers.ids.tolist()) == (3, ["Ada", "Bo", "Cy"])


def test_other_column_names_and_the_index():
    frame = pd.DataFrame(GOOD).set_axis(["ID", "x", "t_x", "age", "zbar"], axis="columns").set_index("ID")
    names = {"customer_id": "ID", "frequency": "x", "recency": "t_x", "T": "age", "monetary_value": "zbar"}
    customers = Customers.from_summary(frame, time_unit="week", **names)
    pd.testing.assert_frame_equal(customers.table, customers_of().table)
    with pytest.raises(ColumnError, match=r"no column 'age_'. Did you mean 'age'\?"):
        Customers.from_summary(frame, time_unit="week", **(names | {"T": "age_"}))
    with pytest.raises(ColumnError, match="no column 'value'"):
        Customers.from_summary(frame, time_unit="week", **(names | {"monetary_value": "value"}))


def test_names_that_clash_are_refused():
    frame = pd.DataFrame(GOOD | {"x": [1, 0, 1]})
    with pytest.raises(ColumnError, match="frequency have names that the customer table uses"):
        Customers.from_summary(frame, time_unit="week", frequency="x")


def test_money_is_optional():
    for frame, options in [
        (pd.DataFrame(GOOD).drop(columns="monetary_value"), {}),
        (pd.DataFrame(GOOD), {"monetary_value": None}),
    ]:
        if options:
            frame = frame.rename(columns={"monetary_value": "value"})
        table = Customers.from_summary(frame, time_unit="week", **options).table
        assert table["monetary_value"].isna().all()
        assert table["spend_frequency"].tolist() == [0, 0, 0]


def test_a_file_of_text_becomes_numbers(tmp_path):
    pd.DataFrame(GOOD | {"customer_id": ["01", "02", "03"]}).to_csv(tmp_path / "table.csv", index=False)
    table = Customers.from_summary(tmp_path / "table.csv", time_unit="week").table
    assert table.index.tolist() == ["01", "02", "03"]
    assert table["recency"].tolist() == GOOD["recency"]
    assert table["frequency"].dtype == "int64"


def test_blank_text_is_missing():
    table = customers_of(monetary_value=["22.35", "  ", "11.77"], first_order=["2024-01-01", " ", None]).table
    assert table["monetary_value"].isna().tolist() == [False, True, False]
    assert table["first_order"].isna().tolist() == [False, True, True]
    with pytest.raises(InputError, match=r"1 customer with a date that cannot be read \(id Ada\)"):
        customers_of(first_order=["soon", " ", None])


def test_text_that_is_no_number_is_named():
    with pytest.raises(
        InputError, match=r"1 customer with a recency that is no number, such as 'soon' \(id Bo\). Write plain"
    ):
        customers_of(recency=["30.43", "soon", "1.71"])


@pytest.mark.parametrize(
    ("columns", "message", "ids"),
    [
        ({"frequency": [2, np.nan, 1]}, "missing or infinite frequency.*Fill in", ("Bo",)),
        ({"recency": [30.43, 0, np.nan]}, "missing or infinite recency.*leave these", ("Cy",)),
        ({"T": [38.86, np.inf, 38.86]}, "missing or infinite T", ("Bo",)),
        ({"T": [38.86, -1, 38.86]}, "negative T.*none can be below zero", ("Bo",)),
        ({"T": [38.86, 1e300, 38.86]}, r"T beyond 1e\+09.*time unit", ("Bo",)),
        ({"T": [38.86, 1e-300, 38.86]}, "T beyond .* or below 1e-09", ("Bo",)),
        ({"frequency": [-2, 0, -1]}, "2 customers with a negative frequency", ("Ada", "Cy")),
        ({"recency": [30.43, -1, 1.71]}, "negative recency", ("Bo",)),
        ({"frequency": [2, 0, 1.5]}, "fractional frequency.*whole number", ("Cy",)),
        ({"recency": [40, 0, 1.71]}, r"recency after T \(id Ada\). Does as_of lie before their last order\?", ("Ada",)),
        ({"recency": [38.86 * (1 + 1e-8), 0, 1.71]}, "recency after T", ("Ada",)),
        ({"recency": [30.43, 1, 1.71]}, "recency above 0 but frequency 0.*is frequency one too low", ("Bo",)),
        ({"recency": [30.43, 0, 0]}, "repeat purchases but recency 0.*frequency one too high", ("Cy",)),
        ({"customer_id": ["Ada", "Bo", "Ada"]}, "several rows.*Keep one row for each", ("Ada",)),
        ({"customer_id": ["Ada", None, " "]}, r"2 rows without a customer id \(rows 1, 2\). Fill", (1, 2)),
        ({"monetary_value": [22.35, 0, np.nan]}, "missing or infinite monetary_value.*mean value", ("Cy",)),
        ({"monetary_value": [np.inf, 0, 11.77]}, "missing or infinite monetary_value", ("Ada",)),
        ({"monetary_value": [22.35, 0, 0]}, "monetary_value of zero or less.*spend_frequency 0", ("Cy",)),
        ({"monetary_value": [-1, 0, 11.77]}, "monetary_value of zero or less", ("Ada",)),
        ({"monetary_value": [1e300, 0, 1]}, r"monetary_value beyond 1e\+100.*Correct", ("Ada",)),
        ({"monetary_value": [1, 0, 1e-300]}, "monetary_value beyond .* or below 1e-100", ("Cy",)),
        ({"frequency": [2, 0, 10**7]}, "frequency above 1,000,000.*money, or units sold", ("Cy",)),
        ({"frequency": [1e300, 0, 1]}, "frequency above 1,000,000", ("Ada",)),
        ({"spend_frequency": [3, 0, 1]}, "spend_frequency above frequency", ("Ada",)),
        ({"spend_frequency": [2, 0, np.nan]}, "missing or infinite spend_frequency", ("Cy",)),
        ({"spend_frequency": [2, 0, -1]}, "negative spend_frequency", ("Cy",)),
        ({"spend_frequency": [1.5, 0, 1]}, "fractional spend_frequency", ("Ada",)),
    ],
)
def test_impossible_histories_are_named(columns, message, ids):
    with pytest.raises(InputError, match=message) as caught:
        customers_of(**columns)
    assert caught.value.rows == ids


def test_empty_and_missing():
    with pytest.raises(InputError, match="no rows"):
        Customers.from_summary(pd.DataFrame(GOOD).head(0), time_unit="week")
    with pytest.raises(ColumnError, match="no column 'T'"):
        Customers.from_summary(pd.DataFrame(GOOD).drop(columns="T"), time_unit="week")
    with pytest.raises(UnitError, match="not a time unit"):
        customers_of(time_unit="fortnight")


def test_edges_that_are_possible():
    customers = customers_of(
        recency=[38.86 * (1 + 1e-12), 0.0, 1.71],
        T=[38.86, 0.0, 38.86],
        spend_frequency=[2, 0, 0],
        monetary_value=[5, 7, 9],
    )
    assert customers.table.loc["Ada", "recency"] == 38.86
    assert customers.table["monetary_value"].isna().tolist() == [False, True, True]


def test_the_table_is_sorted_by_id_whatever_the_order_of_rows():
    frame = pd.DataFrame(GOOD | {"customer_id": [30, 4, 100]})
    tables = [Customers.from_summary(frame.iloc[order], time_unit="week").table for order in ([0, 1, 2], [2, 0, 1])]
    assert tables[0].index.tolist() == [4, 30, 100]
    pd.testing.assert_frame_equal(*tables)


def test_a_summarised_table_can_be_taken_again(tmp_path):
    log = {
        "customer_id": ["Ada", "Ada", "Bo"],
        "date": ["2024-01-01", "2024-01-09", "2024-01-02"],
        "amount": [1.0, 2.5, 0],
    }
    first = summarize(read_transactions(pd.DataFrame(log)), as_of="2024-02-01")
    again = Customers.from_summary(first.table, time_unit="week", as_of="2024-02-01")
    pd.testing.assert_frame_equal(again.table, first.table)
    first.table.to_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(Customers.from_summary(tmp_path / "table.csv", time_unit="week").table, first.table)


def test_time_units_convert_and_come_back():
    customers = customers_of()
    days = customers.in_time_unit("days")
    assert days.time_unit == "day"
    assert days.table.loc["Ada", "T"] == pytest.approx(38.86 * 7)
    assert customers.in_time_unit("week") is customers
    back = days.in_time_unit("month").in_time_unit("week")
    pd.testing.assert_frame_equal(back.table, customers.table, rtol=1e-14)


def test_subsets_keep_the_order_of_the_table():
    log = pd.DataFrame({"customer_id": [3, 1, 2, 2], "date": "2024-01-01", "amount": [1.0, 2.0, 3.0, -1.0]})
    customers = summarize(read_transactions(log), returns="ignore")
    assert customers.subset([3, 1]).ids.tolist() == [1, 3]
    assert customers.subset([True, False, True]).ids.tolist() == [1, 3]
    assert customers.subset(np.array([True, False, True])).ids.tolist() == [1, 3]
    assert customers.subset((customers.table["total_value"] > 1)[::-1]).ids.tolist() == [1, 2]
    assert customers.subset([2]).dropped["row"].tolist() == [3]
    assert customers.subset([1]).dropped.empty
    assert customers.subset(customers.ids).table.equals(customers.table)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (["Ada", "Zoe"], r"1 customer not in the table \(id Zoe\). Write ids as the table does, as in 'Ada'"),
        ([1], "not in the table"),
        ([True], "The mask has 1 entries for 3 customers"),
        ([False] * 3, "No customer is left"),
        ([], "No customer is left"),
        (pd.Series([True], index=["Ada"]), "not indexed by the ids"),
    ],
)
def test_impossible_subsets(chosen, message):
    with pytest.raises(InputError, match=message):
        customers_of().subset(chosen)


@pytest.mark.filterwarnings("ignore:recency looks like")
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3)), min_size=1))
def test_unique_histories_with_counts_are_the_table(rows):
    frequency, recency, extra, value = (np.array(column) for column in zip(*rows, strict=True))
    recency = np.where(frequency > 0, recency / 7, 0.0)
    frame = pd.DataFrame({"customer_id": range(len(rows)), "frequency": frequency, "recency": recency})
    customers = Customers.from_summary(frame.assign(T=recency + extra, monetary_value=value * 1.1), time_unit="week")
    histories, spend, table = unique_histories(customers), unique_spend(customers), customers.table
    columns = ["frequency", "recency", "T"]
    again, positions = distinct_rows(table[columns].to_numpy(dtype=float))
    for name, distinct in zip(columns, again.T, strict=True):
        column = getattr(histories, name)
        assert column.dtype == float
        np.testing.assert_array_equal(column[positions], table[name])
        np.testing.assert_array_equal(column, distinct)
    triples = list(zip(histories.frequency, histories.recency, histories.T, strict=True))
    assert triples == sorted(set(triples))
    np.testing.assert_array_equal(histories.count, np.bincount(positions))
    assert histories.count.dtype == positions.dtype == np.int64
    buyers = table[table["spend_frequency"] > 0]
    pairs = zip(spend.frequency, spend.monetary_value, strict=True)
    expected = buyers.groupby(["spend_frequency", "monetary_value"]).size()
    assert dict(zip(pairs, spend.count, strict=True)) == expected.to_dict()
    assert list(zip(spend.frequency, spend.monetary_value, strict=True)) == sorted(expected.index)


def test_repr_says_what_matters():
    lines = repr(customers_of(as_of="1997-09-30", currency="USD")).splitlines()
    assert lines[0] == "3 customers, weeks, as of 1997-09-30, USD"
    assert lines[1] == "2 bought again (3 repeat purchase days)"
    many = pd.concat([pd.DataFrame(GOOD | {"customer_id": np.arange(3) + 3 * k}) for k in range(800)])
    assert repr(Customers.from_summary(many, time_unit="day")).splitlines()[0] == "2,400 customers, days"
    assert "... and 2,395 more" in Customers.from_summary(many, time_unit="day")._repr_html_()


def test_hostile_content_is_kept_in_data_and_escaped_in_html(hostile):
    customers = customers_of(customer_id=[hostile, "Bo", "Cy"], currency=hostile, **{f"note {hostile}": hostile})
    assert hostile in customers.ids
    html = customers._repr_html_()
    assert "<script" not in html
    assert html.count("<table") == 1
    with pytest.raises(InputError) as caught:
        customers_of(customer_id=[hostile, "Bo", "Cy"], recency=[99, 0, 1.71])
    assert caught.value.rows == (hostile,)


def test_reading_warns_of_nothing():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert repr(customers_of())
    assert not caught


class TestRecencyTheOtherWayRound:
    """Days since the last order, where every customer has repeats: nothing is impossible, and all is wrong."""

    @staticmethod
    def histories(repeats, rates, dropout, seed, T=52.0, regular=1):
        """Customers with repeats who buy at random, or with a rhythm, each dropping out with a probability."""
        rng = np.random.default_rng(seed)
        rows = []
        for rate in rng.gamma(2.0, rates / 2.0, 40 * repeats):
            times = np.cumsum(rng.gamma(regular, 1 / (regular * rate), 400))
            bought = min(rng.geometric(dropout), int((times < T).sum()))
            if bought > 0:
                rows.append((bought, times[bought - 1], T))
            if len(rows) == repeats:
                break
        table = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
        return table.rename_axis("customer_id").reset_index()

    @staticmethod
    def turned(frame):
        return frame.assign(recency=frame["T"] - frame["recency"])

    @pytest.mark.parametrize("dropout", [0.02, 0.2, 0.5])
    @pytest.mark.parametrize("regular", [1, 4])
    @pytest.mark.parametrize("rates", [0.05, 0.5])
    def test_is_noticed_and_only_then(self, rates, regular, dropout, tmp_path):
        frame = self.histories(300, rates, dropout, seed=1, regular=regular)
        Customers.from_summary(frame, time_unit="week")
        with pytest.warns(DataWarning, match="recency looks like the time since the last purchase: of 300 customers"):
            Customers.from_summary(self.turned(frame), time_unit="week")

    def test_is_noticed_in_a_file_and_under_other_names(self, tmp_path):
        frame = self.turned(self.histories(300, 0.3, 0.2, seed=2))
        names = {"frequency": "x", "recency": "t_x"}
        path = tmp_path / "customers.parquet"
        frame.rename(columns=names).to_parquet(path)
        with pytest.warns(DataWarning, match=r"pass frame.assign\(recency=frame\['T'\] - frame\['recency'\]\)"):
            Customers.scan(path, time_unit="week", **names)

    def test_is_noticed_where_all_bought_equally_often(self):
        rng = np.random.default_rng(3)
        last = np.sort(rng.uniform(0, 52, (50, 8)), axis=1)[:, -1]
        frame = pd.DataFrame({"customer_id": range(50), "frequency": 8, "recency": last, "T": 52.0})
        Customers.from_summary(frame, time_unit="week")
        with pytest.warns(DataWarning, match="it is 0.1. of T on average, .* purchases at random would give 0.89"):
            Customers.from_summary(self.turned(frame), time_unit="week")

    def test_the_shop_is_the_right_way_round(self, cdnow):
        again = cdnow.table[(cdnow.table["frequency"] > 0) & (cdnow.table["recency"] < cdnow.table["T"])]
        frame = again[["frequency", "recency", "T"]].reset_index()
        Customers.from_summary(frame, time_unit="week")
        Customers.from_summary(cdnow.table, time_unit="week")
        with pytest.warns(DataWarning, match="since the last purchase"):
            Customers.from_summary(self.turned(frame), time_unit="week")
