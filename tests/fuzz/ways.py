"""The ways of a table through the package, end to end as far as it gets."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import ltv_bayes as lb
from tests.fuzz import tables
from tests.fuzz.holds import assert_finite, assert_shown, in_words
from tests.fuzz.values import (
    FIT,
    MISSING,
    NOT_STATED,
    PURCHASES,
    RENEWED,
    SPEND,
    assert_valued,
    by_segment,
    fit_and_value,
    judgements_of,
    mostly,
    some,
    terms_of,
)


def orders(draw):
    """A log of orders: read, in one row a customer, fitted, forecast, valued, by segment."""
    rows = draw(tables.SEVERAL)
    header = draw(tables.rarely(st.sampled_from(tables.HEADERS), st.just(tables.HEADERS[0]), 3))
    moments, date_format = draw(tables.dates(rows, formats=True))
    columns = [draw(tables.ids(rows)), moments, draw(tables.amounts(rows))]
    given = dict(zip(("customer", "date", "amount"), header, strict=True))
    frame = tables.named(dict(zip(header, columns, strict=True)))
    if draw(tables.one_in(6)):
        frame["line"] = draw(st.lists(st.sampled_from(tables.GROUPS[:5]), min_size=rows, max_size=rows))
        given["stream"] = "line"
    given["amount"], given["date_format"] = mostly(draw, given["amount"], None), date_format
    given["amount_unit"] = mostly(draw, None, "万元", 1000, 1e-300, 1e300, "dozen")
    given["bad_rows"], given["currency"] = some(draw, "drop", "error"), some(draw, None, "CNY", "EUR", "")
    table = draw(tables.kept_as(frame))
    with in_words("read", table):
        log = (
            read_from_file(draw, table, given)
            if some(draw, *[False] * 5, True)
            else lb.read_transactions(table, **given)
        )
        assert_shown(log)
        assert_finite(log.table, MISSING)
        if log.has_streams and some(draw, True, False):
            log = log.stream(log.streams.index[0])
    customers = summarized(draw, log)
    fit_and_value(draw, customers)


def read_from_file(draw, table, given):
    """The same table from a file."""
    frame = table if isinstance(table, pd.DataFrame) else table.to_pandas()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"orders{some(draw, '.csv', '.csv', '.xlsx', '.parquet')}"
        try:
            if path.suffix == ".csv":
                path.write_bytes(
                    frame.to_csv(index=False, sep=some(draw, ",", ";")).encode(some(draw, "utf-8", "gb18030", "utf-16"))
                )
            elif path.suffix == ".xlsx":
                frame.to_excel(path, index=False)
            else:
                frame.to_parquet(path, index=False)
        except Exception:  # a table that such a file cannot hold
            return lb.read_transactions(table, **given)
        given = {
            name: str(value) if name in ("customer", "date", "amount") and value is not None else value
            for name, value in given.items()
        }
        return lb.read_transactions(path, **given)


def summarized(draw, log):
    people = log.table["customer_id"].unique().tolist()
    options = {"time_unit": mostly(draw, some(draw, "week", "month"), *tables.UNITS)}
    options["as_of"] = mostly(draw, some(draw, None, "2026-11-01"), *tables.AS_OF)
    options["zero_orders"], options["returns"] = some(draw, "count", "drop"), mostly(draw, "net", "ignore", "error")
    if some(draw, True, False):
        groups = draw(st.lists(st.sampled_from(tables.GROUPS), min_size=len(people), max_size=len(people)))
        frame = tables.named({"customer_id": people, "industry": groups, "size": range(len(people))})
        frame = frame.iloc[1:] if draw(tables.one_in(4)) else frame
        options["attributes"] = mostly(
            draw, frame, frame.astype(str), pd.concat([frame, frame]), frame.rename(columns={"size": "T"})
        )
    if draw(tables.one_in(12)):
        moments = draw(tables.dates(len(people), last=0))
        options["since"] = draw(tables.kept_as(tables.named({"customer_id": people, "since": moments})))
    with in_words("summarize", log.table, options.get("attributes")):
        customers = lb.summarize(log, **options)
        assert_shown(customers)
        assert_finite(customers.table, MISSING)
        assert not customers.table[["frequency", "recency", "T"]].isna().any(axis=None)
    return customers


def from_summary(draw):
    """Customers as counts, extreme but lawful: fitted, forecast, valued."""
    rows = draw(st.sampled_from([1, 2, 3, 5, 8, 13]))
    sizes = some(draw, st.integers(0, 5), st.just(0), st.sampled_from([0, 1, 1000, 20_000]), st.integers(1, 300))
    times = some(
        draw,
        st.floats(1, 300),
        st.just(38.0),
        st.sampled_from([0.0, 1e-9, 1e-3, 50, 1e6, 1e9, 1e300, 1e-300]),
        st.floats(0.01, 1e4),
    )
    money = some(
        draw, st.floats(1, 1e4), st.just(20.0), st.sampled_from([1e-308, 1e-9, 1, 1e9, 1e300]), st.floats(50, 51)
    )
    frequency, length = (
        draw(st.lists(sizes, min_size=rows, max_size=rows)),
        draw(st.lists(times, min_size=rows, max_size=rows)),
    )
    recency = [total * draw(st.floats(0, 1)) if made else 0.0 for made, total in zip(frequency, length, strict=True)]
    spent = [draw(money) if made else np.nan for made in frequency]
    frame = tables.named(
        {"customer_id": draw(tables.ids(rows, each_once=True)), "frequency": frequency, "recency": recency, "T": length}
    )
    given = {
        "time_unit": draw(st.sampled_from(tables.UNITS[:7])),
        "as_of": draw(st.sampled_from(tables.AS_OF)),
        "monetary_value": None,
    }
    if some(draw, *[True] * 4, False):
        frame, given["monetary_value"] = frame.assign(monetary_value=spent), "monetary_value"
    if some(draw, True, False):
        frame["industry"] = draw(st.lists(st.sampled_from(tables.GROUPS), min_size=rows, max_size=rows))
    table = draw(tables.kept_as(frame))
    with in_words("from_summary", table):
        customers = lb.Customers.from_summary(table, **given)
        assert_shown(customers)
    fit_and_value(draw, customers)


def judgements(draw):
    """Judgements alone: read, put in words, valued."""
    judged = judgements_of(draw)
    frame = pd.DataFrame(
        {"customer_id": judged.table["customer_id"].unique(), "frequency": 2, "recency": 10.0, "T": 50.0}
    )
    customers = lb.Customers.from_summary(frame, time_unit="week", as_of="2024-06-30", monetary_value=None)
    with in_words("value judged", judged.table):
        ltv = lb.lifetime_value(customers, future_value=judged, **terms_of(draw), horizon="3 years")
        assert_valued(ltv)
        assert_shown(ltv.judgement)
        share = ltv.judgement.share()
        assert share.between(0, 1).all() or share.isna().any(), share
    with in_words("influence of judgements", judged.table):
        question = some(
            draw, "with_and_without", "sensitivity", "tornado", "power_scaling", "conflicts", "audit", "opinions"
        )
        assert_shown(getattr(ltv.judgement, question)())
    by_segment(draw, ltv)


def one_off(draw):
    """Single sales: read and valued."""
    rows = draw(tables.SEVERAL)
    columns = {
        "customer_id": draw(tables.ids(rows)),
        "date": draw(tables.dates(rows, first=0, last=2000)),
        "amount": draw(tables.amounts(rows)),
    }
    if some(draw, True, False):
        columns["probability"] = tables.faulty(
            [some(draw, 0.5, 1.0, 0.1, None) for _ in range(rows)], ["50%", -1, 2, "x", np.nan, 0], draw
        )
    table = draw(tables.kept_as(tables.named(columns)))
    with in_words("one-off sales", table):
        stream = lb.OneOffSale(table)
        ids = stream.table.index.unique()
        frame = pd.DataFrame({"customer_id": ids, "frequency": 2, "recency": 10.0, "T": 50.0})
        customers = lb.Customers.from_summary(frame, time_unit="week", as_of="2024-06-30", monetary_value=None)
    with in_words("value one-off", stream.table):
        ltv = lb.lifetime_value(
            customers, stream, horizon="3 years", realised=some(draw, False, True), **terms_of(draw)
        )
        assert_valued(ltv)
    by_segment(draw, ltv)


def experts(draw):
    """Several experts about the same opportunities: pooled."""
    rows = draw(st.sampled_from([2, 4, 6]))
    names = [some(draw, *tables.TEXTS[:6], "Wang", "Chen") for _ in range(rows)]
    columns = {"customer_id": [place // 2 for place in range(rows)], "opportunity": "o", "expert": names}
    columns["probability"] = tables.faulty(
        [some(draw, 0.5, 0.2, "60%", 1, 0) for _ in range(rows)], [None, 2, "x"], draw
    )
    sizes = st.lists(st.integers(1, 10**6), min_size=2, max_size=2, unique=True)
    money = [sorted(draw(sizes)) for _ in range(rows)]
    columns |= {
        "low": tables.faulty([low for low, _ in money], tables.ODD_AMOUNTS, draw),
        "high": [high for _, high in money],
    }
    if some(draw, True, False):
        columns["expected_on"] = draw(tables.dates(rows, blank=True, first=400, last=1500))
    table = draw(tables.kept_as(tables.named(columns)))
    given = {
        "method": mostly(draw, some(draw, "logarithmic", "linear"), "?"),
        "correlation": mostly(draw, 0.0, 0.9, 1.0, "x"),
    }
    given["weights"] = mostly(draw, None, {"Wang": 2.0, "Chen": 1.0}, {"Wang": -1.0}, {})
    with in_words("pool", table):
        pooled = lb.pool_judgements(table, random_seed=1, **given)
        assert_shown(pooled)
        assert_finite(pooled.summary(), NOT_STATED)


def contracts(draw):
    """Records of contracts: read, fitted, forecast, valued."""
    rows = draw(tables.SEVERAL)
    columns = {
        "customer_id": draw(tables.ids(rows, each_once=some(draw, True, True, False))),
        "start": draw(tables.dates(rows, last=0)),
    }
    columns["cancelled_on"] = draw(tables.dates(rows, blank=True, first=0))
    given = {"price": some(draw, "price", "price", "price", None), "as_of": mostly(draw, "2026-11-01", *tables.AS_OF)}
    if given["price"]:
        columns["price"] = draw(tables.amounts(rows))
    if some(draw, True, False, False, False):
        columns["plan"] = draw(
            st.lists(st.sampled_from(tables.GROUPS[: mostly(draw, 8, 99)]), min_size=rows, max_size=rows)
        )
        given["product"] = "plan"
    if some(draw, True, False, False, False):
        columns["paid"], given["renewed_on"] = draw(tables.dates(rows, blank=True)), "paid"
        given["grace"] = mostly(draw, some(draw, None, "10 days"), "1 year", "soon", 14)
    if some(draw, True, False, False, False):
        periods = ["month", "12 months", "月付", "yearly", "half a year", "24 months", "week", "2 years", None, "x"]
        columns["term"], given["period"] = (
            draw(
                st.lists(st.sampled_from(periods[: mostly(draw, some(draw, 2, 8), 10)]), min_size=rows, max_size=rows)
            ),
            "term",
        )
    else:
        given["period"] = mostly(
            draw, some(draw, "month", "year", "quarter", "6 months"), "day", "decade", "hour", "10000 years"
        )
    given["allowed_gap"] = mostly(draw, None, "7 days", "400 days", "-1 day")
    given["records_since"] = mostly(draw, None, "2023-01-01", "2021-06-30", "soon")
    table = draw(tables.kept_as(tables.named(columns)))
    with in_words("renewals", table):
        renewals = lb.summarize_renewals(table, **given)
        assert_shown(renewals)
        assert_finite(renewals.table, ("price",))
    fit = renewal_forecasts(draw, renewals)
    with in_words("subscription", renewals.table):
        price = None if "price" in renewals.table else mostly(draw, 10.0, 0.0, 1e300)
        stream = lb.Subscription(
            fit, renewals, price=price, price_changes=mostly(draw, None, 0.03, -0.99, {"2026-07-01": 0.05})
        )
        ltv = lb.lifetime_value(
            lb.all_customers(renewals), stream, horizon=some(draw, "1 year", "5 years", "40 years"), **terms_of(draw)
        )
        assert_valued(ltv)


def cohorts(draw):
    """Tables of cohorts, as triangles with labels, blanks, zeros and totals: fitted and forecast."""
    rows, length = draw(st.integers(0, 6)), draw(st.integers(0, 8))
    blank = some(draw, None, np.nan, 0, "")
    table = []
    for place in range(rows):
        left = draw(
            st.sampled_from([100, 1000, 1, 0, 10**6, 2**53, 1e300])
            if some(draw, *[False] * 5, True)
            else st.integers(1, 5000)
        )
        counts = [left]
        for _ in range(length):
            counts.append(left := int(left * draw(st.floats(0, 1))) if left < 1e200 else left)
        keep = max(1, length + 1 - place) if some(draw, True, True, False) else length + 1
        table.append([2018 + place, *counts[:keep], *[blank] * (length + 1 - keep)])
    odd = [None, -1, 0.5, "x", "1,000", "50%", 10**9, np.nan, True]
    table = [tables.faulty(row, odd, draw) for row in table] if some(draw, False, False, True) else table
    how = some(draw, "frame", "lists", "one", "array", "without years", "total")
    if how == "frame":
        table = draw(tables.kept_as(pd.DataFrame(table, columns=["cohort", *range(length + 1)] if table else None)))
    elif how == "array":
        table = (
            np.array(table, dtype=object)
            if some(draw, True, False)
            else pd.DataFrame(table).apply(pd.to_numeric, errors="coerce").to_numpy()
        )
    elif how == "one":
        table = table[0][1:] if table else []
    elif how == "without years":
        table = [row[1:] for row in table]
    elif how == "total" and table:
        table = [
            *table,
            [
                "Total",
                *[sum(cell for cell in column if isinstance(cell, int)) for column in zip(*table, strict=True)][1:],
            ],
        ]
    with in_words("cohorts", *[table] * isinstance(table, pd.DataFrame)):
        renewals = lb.Renewals.from_cohort_table(table, renewals_before=mostly(draw, 0, 3, [1] * rows, -1))
        assert_shown(renewals)
        assert_finite(renewals.table)
    renewal_forecasts(draw, renewals)


def renewal_forecasts(draw, renewals):
    fit = RENEWED
    if some(draw, True, False):
        with in_words("fit renewals", renewals.table):
            fit = lb.ShiftedBetaGeometric().fit(renewals, method="laplace", **FIT)
            assert_shown(fit)
    with in_words("forecast renewals"):
        assert_finite(fit.survival([0, 1, 10, 1000]).rename("probability"))
        assert_finite(fit.retention([0, 1, 200]).rename("probability"))
        rate, length = mostly(draw, 0.1, 0.0, 1e-9, -0.5, 10.0), some(draw, "year", "month", "day")
        assert_finite(fit.expected_residual_life([0, 1, 50], rate, period=length))
    return fit


def new_clients(draw):
    """Costs of channels: read, beside the value of a new client."""
    rows = draw(st.sampled_from([0, 1, 2, 3, 5]))
    names = draw(
        st.lists(
            st.sampled_from(["Ads", "Fair", "Referral"] if some(draw, *[True] * 3, False) else tables.GROUPS),
            min_size=rows,
            max_size=rows,
        )
    )
    columns = {"channel": names}
    if some(draw, True, True, False):
        columns["spend"] = draw(tables.amounts(rows, plain=some(draw, True, True, False)))
        won = (
            st.integers(0, 40)
            if some(draw, True, True, False)
            else st.sampled_from([0, 1, 10**9, 2.5, -1, None, "12", "many"])
        )
        columns["clients_won"] = draw(st.lists(won, min_size=rows, max_size=rows))
    else:
        columns["cost_per_client"] = draw(tables.amounts(rows, plain=some(draw, True, True, False)))
    if some(draw, True, False):
        columns["period"] = draw(
            st.lists(st.sampled_from([2023, "2024", "2024-Q1", "2023", None, 2024.0]), min_size=rows, max_size=rows)
        )
    table = draw(tables.kept_as(tables.named(columns)))
    value = NEW[some(draw, 0, 0, 1)]
    given = {
        "threshold": mostly(draw, 3.0, 1e-9, 1e300, 0, "x"),
        "payback_within": mostly(draw, some(draw, None, "6 months"), "1 day", "100 years", "x"),
    }
    given |= {
        "unseen": some(draw, "refuse", "population"),
        "random_seed": 1,
        "amount_unit": mostly(draw, None, "万元", 1e300),
    }
    with in_words("acquisition", table):
        found = lb.acquisition(value, table, **given)
        assert_shown(found)
        assert_finite(found.ltv)
        assert_finite(found.cac)
        assert_finite(found.ratio)
        assert_finite(found.summary(), PAYBACK)
        assert_finite(found.budget(mostly(draw, None, 1000.0, 1e300)), PAYBACK)
        assert_finite(found.by_period(), PAYBACK) if "period" in columns else None
        for sentence in found.sentences():
            assert len(sentence) > 20


PAYBACK = ("payback", "clients_won", "spend")
NEW = []
"""Values of new clients by channel, and of all alike; filled in by the tests."""


def new_values(channel_fits):
    terms = {"horizon": "3 years", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}
    NEW[:] = [lb.new_customer_value(*channel_fits, **terms), lb.new_customer_value(PURCHASES, SPEND, **terms)]


def systems(draw):
    """Ids of two systems: matched, reviewed in a file, merged, and given back."""
    tables_of = {}
    for system in ("orders", some(draw, "crm", "=crm", "订单")):
        rows = draw(tables.SEVERAL)
        cells = st.lists(st.sampled_from([*tables.TEXTS, *NAMES]), min_size=rows, max_size=rows)
        columns = {"customer_id": draw(tables.ids(rows)), "name": draw(cells), "tax": draw(cells)}
        tables_of[system] = draw(tables.kept_as(tables.named(columns)))
    given = {"tax_number": some(draw, None, "tax"), "equal_names": some(draw, "review", "same")}
    given["least_score"] = mostly(draw, 85, 60, 100, 101)
    with in_words("match", *tables_of.values()):
        matches = lb.match_customers(tables_of, **given)
        assert_shown(matches)
        assert_finite(matches.pairs, ("score",))
        assert len(matches.customers) == matches.report()["number"].iloc[:2].sum()
    with in_words("review"), tempfile.TemporaryDirectory() as folder:
        path = matches.write(Path(folder) / some(draw, "review.xlsx", "review.csv"))
        review = lb.read_table(path).astype(object) if len(matches.pairs) else matches.pairs.copy()
        words = st.sampled_from(
            ["same", "different", None, "", "Same ", "maybe"] if some(draw, False, False, True) else ["same", None]
        )
        review["decision"] = draw(st.lists(words, min_size=len(review), max_size=len(review)))
        if path.suffix == ".xlsx" and len(review):
            matches = lb.match_customers(tables_of, decisions=review, **given)
    for system, table in tables_of.items():
        frame = lb.read_table(table)
        with in_words("merge", frame):
            merged = matches.apply(frame, system)
            assert merged["customer_id"].notna().all()
            pd.testing.assert_frame_equal(matches.undo(merged, system), frame)


NAMES = [
    "Ada GmbH",
    "ADA AG",
    "Ａda",
    "Hansen Medical Ltd",
    "Hanson Medical",
    "Store 12",
    "Store 21",
    "华智（上海）公司",
]
NAMES += [
    "华智信息有限公司",
    "上海分公司",
    "北京分公司",
    "91350100M000100Y43",
    "DE136695976",
    "S. A.",
    "第",
    "12",
    "&",
    "Ltd",
]

WAYS = (orders, from_summary, contracts, cohorts, judgements, new_clients, one_off, experts, systems)
