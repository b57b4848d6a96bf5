"""The command line, run on real files with fits made by hand."""

import csv
import json
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ltv_bayes as lb
from ltv_bayes.cli.commands import app
from ltv_bayes.diagnostics import Diagnostics

ORDERS = ["--customer", "client", "--date", "closed_on", "--amount", "value", "--currency", "CNY"]
TERMS = ["--time-unit", "month", "--as-of", "2025-12-31"]


@pytest.fixture(scope="module")
def business():
    return lb.samples.simulate_project_business(60, random_seed=2)


def draws_around(means, seed):
    rng = np.random.default_rng(seed)
    return {name: mean * np.exp(0.1 * rng.standard_normal((2, 40))) for name, mean in means.items()}


@pytest.fixture(scope="module")
def purchases():
    return lb.FittedPurchases.from_draws(draws_around({"r": 1.4, "alpha": 14, "a": 0.9, "b": 6}, 1), time_unit="month")


@pytest.fixture(scope="module")
def spend():
    return lb.FittedSpend.from_draws(draws_around({"p": 4.0, "q": 3.0, "v": 250_000}, 2), currency="CNY")


@pytest.fixture
def folder(tmp_path, monkeypatch, business, purchases, spend):
    """A folder with orders, clients, judgements and saved fits, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    business.orders.to_csv("orders.csv", index=False)
    business.clients.to_csv("clients.csv", index=False)
    business.opportunities.to_csv("judged.csv", index=False)
    (tmp_path / "fits").mkdir()
    purchases.save("fits/purchases.nc")
    spend.save("fits/spend.nc")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def succeed(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


def fail(*arguments):
    """Run a command that fails with one sentence."""
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


def read(path):
    return pd.read_csv(path, encoding="utf-8-sig", index_col=0)


# summarize


def test_summarize_writes_one_row_per_customer(folder, business):
    result = succeed(
        "summarize", "orders.csv", *ORDERS, *TERMS, "--attributes", "clients.csv", "--out", "new/table.csv"
    )
    expected = lb.summarize(
        business.transactions(), time_unit="month", as_of=business.as_of, attributes=business.clients
    )
    table = read("new/table.csv")
    assert list(table.index) == list(expected.ids)
    np.testing.assert_allclose(table["recency"], expected.table["recency"])
    assert str(folder / "new" / "table.csv") in result.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_summarize_reads_chinese_files_and_counts_in_the_unit_given(folder, business, encoding):
    orders = business.orders.set_axis(["客户", "签约日期", "金额（万元）"], axis="columns")
    orders.assign(**{"金额（万元）": orders["金额（万元）"] / 1e4}).to_csv("订单.csv", index=False, encoding=encoding)
    columns = ["--customer", "客户", "--date", "签约日期", "--amount", "金额（万元）", "--amount-unit", "万元"]
    succeed("summarize", "订单.csv", *columns, "--out", "客户.csv")
    assert read("客户.csv")["total_value"].sum() == pytest.approx(business.orders["value"].sum())


def test_summarize_tells_that_a_unit_in_the_header_was_applied(folder, business):
    business.orders.rename(columns={"value": "金额(万元)"}).to_csv("orders.csv", index=False)
    result = succeed("summarize", "orders.csv")
    assert "amounts counted in 万元, as the header says" in result.stdout
    assert f"{business.orders['value'].sum() * 1e4:,.2f}" in result.stdout


def test_summarize_asks_about_a_status_and_is_told(folder, business):
    table = business.orders.assign(status=["done" if place % 3 else "Paid" for place in range(len(business.orders))])
    table.to_csv("orders.csv", index=False)
    message = fail("summarize", "orders.csv")
    assert "with a word in the status column 'status' that is not known: 'done'" in message
    assert "--keep status=Paid,done" in message
    done = succeed("summarize", "orders.csv", "--keep", "status=done").stdout
    assert "by status: not among those to keep" in done
    assert "--keep done should be a column and its words" in fail("summarize", "orders.csv", "--keep", "done")


def test_summarize_keeps_what_it_left_out(folder, business):
    spoilt = pd.concat([business.orders, pd.DataFrame({"client": ["C1"], "closed_on": ["soon"], "value": ["5"]})])
    spoilt.to_csv("orders.csv", index=False)
    assert "--bad-rows drop" in fail("summarize", "orders.csv", *ORDERS)
    succeed("summarize", "orders.csv", *ORDERS, "--bad-rows", "drop")
    assert read("customers_left_out.csv")["date"].tolist() == ["soon"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone.csv"], "gone.csv does not exist"),
        (["clients.csv"], "There is no column 'date', nor one whose name is known as the date of an order."),
        (["orders.csv", *ORDERS, "--time-unit", "fortnight"], "'fortnight' is not a time unit"),
        (["orders.csv", *ORDERS, "--as-of", "soon"], "'soon' is not a date"),
        (["orders.csv", *ORDERS, "--amount-unit", "dozen"], "amount_unit 'dozen' is not known"),
        (["orders.csv", *ORDERS, "--attributes", "gone.csv"], "gone.csv does not exist"),
        (["orders.csv", *ORDERS, "--out", "orders.csv"], "orders.csv exists and was not written by this command"),
        (["orders.csv", *ORDERS, "--out", "clients.csv"], "clients.csv exists and was not written by this command"),
        (["orders.csv", *ORDERS, "--out", "table.xlsx"], "does not end in .csv"),
        (["orders.csv", *ORDERS, "--out", "orders.csv/table.csv"], "orders.csv"),
    ],
)
def test_summarize_says_what_to_change(folder, arguments, sentence):
    before = (folder / "orders.csv").read_bytes(), (folder / "clients.csv").read_bytes()
    assert sentence in fail("summarize", *arguments)
    assert ((folder / "orders.csv").read_bytes(), (folder / "clients.csv").read_bytes()) == before


def test_summarize_may_run_again_but_not_over_its_input(folder):
    succeed("summarize", "orders.csv", *ORDERS)
    succeed("summarize", "orders.csv", *ORDERS)
    assert "not written over" in fail("summarize", "orders.csv", *ORDERS, "--attributes", "customers.csv")


# fit


def test_fit_saves_both_fits_and_says_where(folder, monkeypatch, purchases, spend):
    asked = {}
    for model, fitted in ((lb.BGNBD, purchases), (lb.GammaGamma, spend)):
        monkeypatch.setattr(model, "fit", lambda self, customers, fitted=fitted, **given: asked.update(given) or fitted)
    result = succeed("fit", "orders.csv", *ORDERS, *TERMS, "--draws", 7, "--chains", 3, "--seed", 5, "--out", "a/b")
    assert asked == {"draws": 7, "chains": 3, "random_seed": 5, "method": "auto"}
    for name, fitted in (("purchases", purchases), ("spend", spend)):
        path = folder / "a" / "b" / f"{name}.nc"
        assert f"  {name}.nc " in result.stdout
        assert type(lb.load_fit(path)) is type(fitted)
    assert "89% interval" in result.stdout


def test_fit_says_what_is_missing(folder):
    assert "gone.csv does not exist" in fail("fit", "gone.csv")
    assert "There is no column 'date', nor one" in fail("fit", "clients.csv", "--out", "own")


# value


def value(*arguments):
    return ["value", "orders.csv", *ORDERS, *TERMS, *arguments]


def test_value_writes_the_numbers_of_the_library(folder, business, purchases, spend):
    succeed(*value("--discount-rate", 0.1, "--margin", 0.35, "--horizon", "3 years", "--seed", 4))
    customers = lb.summarize(business.transactions(), time_unit="month", as_of=business.as_of)
    streams = [lb.RepeatPurchases(purchases, spend)]
    terms = {"horizon": "3 years", "discount_rate": 0.1, "margin": 0.35, "random_seed": 4}
    expected = lb.lifetime_value(customers, streams, **terms).summary()
    table = read("values/lifetime_value.csv")
    pd.testing.assert_frame_equal(table, expected.loc[table.index], check_names=False, check_index_type=False)
    assert table["mean"].is_monotonic_decreasing


def test_value_has_the_defaults_of_the_library(folder, business, purchases, spend):
    result = succeed(*value("--seed", 4))
    customers = lb.summarize(business.transactions(), time_unit="month", as_of=business.as_of)
    ltv = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="3 years", random_seed=4)
    table = read("values/lifetime_value.csv")
    pd.testing.assert_frame_equal(table, ltv.summary().loc[table.index], check_names=False, check_index_type=False)
    heading = "Lifetime value of 60 customers, in revenue: 3 years".replace("60", str(len(customers)))
    assert heading in repr(ltv)
    assert heading in " ".join(result.stdout.split())
    assert "not discounted, margin 100%" in repr(ltv)
    kept = lb.lifetime_value(customers, [lb.RepeatPurchases(purchases, spend)], horizon="3 years", margin=0.35)
    assert f"{len(customers)} customers, in margin: 3 years" in repr(kept)
    own = lb.RepeatPurchases(purchases, spend, margin=0.35)
    assert f"{len(customers)} customers, in margin: 3 years" in repr(
        lb.lifetime_value(customers, own, horizon="3 years")
    )


def test_value_with_judgements_and_segments(folder, business):
    result = succeed(
        *value("--judgements", "judged.csv", "--attributes", "clients.csv", "--by", "industry", "--realised")
    )
    written = {path.name for path in (folder / "values").iterdir()}
    assert written == {
        *("lifetime_value.csv", "lifetime_value.png", "sources.csv", "sources.png"),
        *("segments.csv", "segments.png", "segments_compared.csv", "about.json", "about.txt"),
    }
    assert all(f"  {name} " in result.stdout for name in written if not name.startswith("about"))
    assert f"Written to {folder / 'values'}" in result.stdout
    assert "89% interval" in result.stdout
    assert "万" in result.stdout
    assert read("values/sources.csv").index.tolist() == ["realised", "repeat_purchases", "judged", "total"]
    assert set(read("values/segments.csv").index) == set(business.clients["industry"])
    assert "is worth more than" in result.stdout


def test_value_of_one_segment_has_nothing_to_compare(folder, business):
    business.clients.assign(industry="all").to_csv("clients.csv", index=False)
    result = succeed(*value("--attributes", "clients.csv", "--by", "industry"))
    assert "is worth more" not in result.stdout


def test_value_can_use_fewer_draws(folder):
    succeed(*value("--draws", 1))
    table = read("values/lifetime_value.csv")
    assert np.isfinite(table["mean"]).all()


def test_value_says_that_a_fit_did_not_converge(folder, purchases):
    tree = purchases.idata.copy()
    tree.attrs["diagnostics"] = Diagnostics("NUTS", 20.0, 40, 2, rhat=1.2, problems=("r-hat is 1.2.",)).to_json()
    lb.FittedPurchases(tree).save("fits/purchases.nc")
    result = run(*value("--json"))
    assert result.exit_code == 3
    assert "fit did not converge: do not use these numbers yet" in result.stderr
    assert json.loads(result.stdout)["caution"] == "fit did not converge"
    assert set(read("values/lifetime_value.csv")["caution"]) == {"fit did not converge"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--fits", "gone"], "There is no file gone/purchases.nc. Run the command fit first"),
        (["--horizon", "3"], "as in --horizon '39 weeks'"),
        (["--horizon", "3 moons"], "'moons' is not a time unit"),
        (["--margin", "35"], "Write 35% as --margin 0.35"),
        (["--discount-rate", "-0.1"], "discount_rate must not be negative"),
        (["--by", "industry"], "The customers have no column 'industry'"),
        (["--judgements", "clients.csv"], "no column 'probability'"),
        (["--judgements", "gone.csv"], "gone.csv does not exist"),
        (["--attributes", "gone.csv"], "gone.csv does not exist"),
        (["--currency", "USD"], "The spend model was fitted in CNY"),
        (["--out", "orders.csv"], "orders.csv is a file"),
    ],
)
def test_value_says_what_to_change(folder, arguments, sentence):
    assert sentence in fail(*value(*arguments))


def test_value_refuses_fits_of_the_wrong_kind(folder, purchases, spend):
    purchases.save("fits/spend.nc")
    assert "spend.nc holds a FittedPurchases, not a FittedSpend" in fail(*value())
    (folder / "fits" / "spend.nc").write_text("no fit")
    assert "spend.nc is not a saved fit" in fail(*value())


def test_value_never_writes_over_its_inputs(folder, business):
    (folder / "values").mkdir()
    business.clients.to_csv("values/segments.csv", index=False)
    assert "not written over" in fail(*value("--attributes", "values/segments.csv", "--by", "industry"))
    assert (folder / "values" / "segments.csv").read_text().startswith("customer_id,industry")


WITHOUT_PYMC = """
import sys
for name in ("pymc", "pytensor", "nutpie"):
    sys.modules[name] = None
from ltv_bayes.cli.commands import app
app(sys.argv[1:])
"""


def test_judgements_without_a_relation_are_asked_for_it(folder, business):
    business.opportunities.drop(columns="relation").to_csv("judged.csv", index=False)
    said = " ".join(fail(*value("--judgements", "judged.csv")).split())
    assert "16 judgements of customers who order do not say how they relate" in said
    assert "or write a column relation" in said
    assert not list((folder / "values").glob("*"))


def test_value_works_without_pymc_and_whatever_the_backend_of_a_notebook(folder, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://not_installed")
    arguments = value("--attributes", "clients.csv", "--judgements", "judged.csv", "--by", "industry")
    command = [sys.executable, "-W", "error", "-c", WITHOUT_PYMC, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert (folder / "values" / "segments.png").exists()


def test_starting_the_command_line_loads_no_heavy_package(folder):
    code = "import sys, ltv_bayes.cli.commands; print({'pymc', 'matplotlib', 'arviz_stats'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# hostile names, end to end

HOSTILE = [
    *("=cmd|' /C calc'!A0", "+1", "-2 Ltd", "@SUM(A1)", "＝1", 'a","b'),
    *("<script>alert(1)</script>", "$x^2$ $\\frac{$", "100% {\\LaTeX}"),
    *("../../etc/passwd", "\x1b[31mred\x1b[0m", "two\nlines", "王芳"),
]


@pytest.fixture
def hostile(folder):
    """Orders, clients and judgements full of names that mean harm."""
    days = pd.date_range("2024-01-05", periods=3, freq="120D")
    orders = [(name, day, 100_000 + place) for place, name in enumerate(HOSTILE) for day in days]
    pd.DataFrame(orders, columns=["client", "closed_on", "value"]).to_csv("orders.csv", index=False)
    pd.DataFrame({"customer_id": HOSTILE, "industry": HOSTILE}).to_csv("clients.csv", index=False)
    judged = {"customer_id": HOSTILE, "opportunity": HOSTILE, "expert": HOSTILE, "probability": 0.5}
    pd.DataFrame({**judged, "low": 1e5, "high": 2e5, "relation": "additional"}).to_csv("judged.csv", index=False)
    return folder


def files_under(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_hostile_names_harm_no_spreadsheet_terminal_or_file(hostile):
    before = files_under(hostile.parent)
    summarized = succeed("summarize", "orders.csv", *ORDERS, *TERMS, "--attributes", "clients.csv")
    result = succeed(
        *value("--attributes", "clients.csv", "--judgements", "judged.csv", "--by", "industry", "--realised")
    )
    for path in [hostile / "customers.csv", *(hostile / "values").glob("*.csv")]:
        assert_harmless(path)
    for text in (summarized.output, result.output):
        assert not any(unicodedata.category(char) in ("Cc", "Cf") and char != "\n" for char in text)
    new = files_under(hostile.parent) - before
    assert all(name.startswith((f"{hostile.name}/values", f"{hostile.name}/customers")) for name in new)


def assert_harmless(path):
    """No text cell may begin as a formula does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            for cell in row:
                first = unicodedata.normalize("NFKC", cell.strip()[:1])
                assert first not in ("=", "+", "@"), cell
                assert first != "-" or _is_number(cell), cell


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_hostile_names_are_escaped_in_html(hostile, purchases, spend):
    orders = lb.read_transactions("orders.csv", customer="client", date="closed_on", amount="value", currency="CNY")
    customers = lb.summarize(orders, time_unit="month", as_of="2025-12-31", attributes="clients.csv")
    judged = lb.FutureValuePriors.from_judgements("judged.csv", relation="additional")
    ltv = lb.lifetime_value(
        customers, [lb.RepeatPurchases(purchases, spend)], future_value=judged, horizon="3 years", random_seed=1
    )
    for shown in (orders, customers, judged, ltv, ltv.by("industry")):
        assert "<script>" not in shown._repr_html_()


# demo


def test_demo_is_told_its_folder_draws_and_seed(folder, monkeypatch):
    asked = []
    monkeypatch.setattr("ltv_bayes.demo.run_demo", lambda out, **given: asked.append((out.name, given)))
    succeed("demo")
    succeed("demo", "--out", "shown", "--draws", 7, "--seed", 5)
    assert asked == [
        ("demo_output", {"draws": 1000, "random_seed": 1}),
        ("shown", {"draws": 7, "random_seed": 5}),
    ]


def test_demo_values_nothing_of_clients_who_are_gone_unless_streams_stand_by_themselves(monkeypatch, purchases, spend):
    from ltv_bayes.demo import hybrid_company

    monkeypatch.setattr(lb.BGNBD, "fit", lambda self, customers, **given: cdnow_fit(customers, purchases))
    monkeypatch.setattr(lb.GammaGamma, "fit", lambda self, customers, **given: cdnow_spend(customers, spend))
    monkeypatch.setattr(lb.NBD, "fit", lambda self, customers, **given: repairs_fit())
    monkeypatch.setattr(lb.ShiftedBetaGeometric, "fit", lambda self, renewals, **given: renewing_fit(renewals))
    company = lb.samples.simulate_office_equipment(600, random_seed=3)
    data = hybrid_company.Data.of(company)
    shorter = data.while_related()
    ended = data.renewals.ended()
    assert (shorter.service.table["T"] < data.service.table["T"]).sum() == (ended < "2025-12-31").sum()
    fit = hybrid_company.renewing(data.renewals, draws=40, random_seed=1)
    subscription = lb.Subscription(fit, data.renewals)
    together = hybrid_company.valued(shorter, subscription, "subscription", draws=40, random_seed=1)
    apart = hybrid_company.valued(data, subscription, None, draws=40, random_seed=1)
    gone = company.lifetimes.reindex(together.customers.ids).to_numpy() <= 0
    assert not together.draws.to_numpy()[:, :, gone].any()
    assert (apart.draws.mean(("chain", "draw")).to_numpy()[gone] > 0).all()
    table = hybrid_company.streams_table(together)
    assert table.loc["total", "clients"] == (~gone).sum()
    assert table.loc["subscription", "clients"] == data.renewals.active().table.index.nunique()


def test_demo_says_that_the_sum_was_missed_only_where_it_was(folder, monkeypatch, purchases, spend):
    from ltv_bayes.demo import forecast as demo

    orders = lb.samples.cdnow_orders()
    customers = lb.summarize(orders, time_unit="week", as_of=demo.CALIBRATION_END)
    settings = {"as_of": demo.CALIBRATION_END, "horizon": demo.HOLDOUT, "random_seed": 1}
    fits = {"purchases": cdnow_fit(customers, purchases), "spend": cdnow_spend(customers, spend)}
    text = demo.verdict(lb.backtest(orders, **settings, **fits))
    assert "1,882 happened, OUTSIDE" in text
    assert demo.MISFIT in text
    more = draws_around({"r": 0.3, "alpha": 4.4, "a": 0.6, "b": 2.4}, 1)
    fits["purchases"] = lb.FittedPurchases.from_draws(more, time_unit="week")
    text = demo.verdict(lb.backtest(orders, **settings, **fits))
    assert "1,882 happened, inside" in text
    assert demo.MISFIT not in text


def cdnow_fit(customers, otherwise):
    """A fit of CDNOW's customers made by hand, for all that are counted in weeks, and the other one for others."""
    means = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    rng = np.random.default_rng(1)
    draws = {name: mean * np.exp(0.03 * rng.standard_normal((2, 40))) for name, mean in means.items()}
    weekly = customers.time_unit == "week"
    return lb.FittedPurchases.from_draws(draws, time_unit="week") if weekly else otherwise


def cdnow_spend(customers, otherwise):
    if customers.time_unit != "week":
        return otherwise
    means = {"p": 6.25, "q": 3.744, "v": 15.44 if customers.currency == "USD" else 450.0}
    return lb.FittedSpend.from_draws(draws_around(means, 2), currency=customers.currency)


def repairs_fit():
    draws = draws_around({"r": 1.6, "alpha": 55.0}, 3)
    return lb.FittedEvents.from_draws(draws, time_unit="week", currency="CNY")


def renewing_fit(renewals):
    churn = {"month": 0.03, "quarter": 0.08, "year": 0.18}[renewals.table["period"].iloc[0]]
    return lb.FittedRenewals.from_draws(draws_around({"alpha": 20 * churn, "beta": 20 * (1 - churn)}, 4))


@pytest.mark.fits
def test_demo_with_real_fits(folder, monkeypatch):
    """Of fewer clients than it shows; of n, a share has a standard error of sqrt(0.09 / n), and 4 of them may pass."""
    monkeypatch.setattr("ltv_bayes.demo.hybrid_company.CLIENTS", 500)
    result = succeed("demo", "--draws", 100)
    assert "The interval of the sum is wide: the rate of all customers may move together" in result.stdout
    shown = folder / "demo_output"
    written = {path.name for path in shown.iterdir()}
    assert str(shown) in result.stdout
    assert all(f"  {name} " in result.stdout for name in written)
    assert len(written) == 25
    beside = pd.read_csv(shown / "hybrid_streams.csv", index_col=0)
    assert beside.loc["total", ["mean", "happened"]].tolist() == pytest.approx(
        beside.iloc[:-1][["mean", "happened"]].sum()
    )
    living = int(re.search(r"Of the ([\d,]+) clients", result.stdout)[1])
    shared, ignored = (int(share) for share in re.findall(r"(?:living relation, |would be )(\d+)%", result.stdout))
    assert abs(shared - 90) <= 400 * (0.09 / living) ** 0.5
    assert ignored < shared - 4


@pytest.mark.fits
def test_fit_then_value(folder):
    """With so few draws a fit may not converge, which the exit code says, of the fit and of the value."""
    fitted = run("fit", "orders.csv", *ORDERS, *TERMS, "--draws", 100, "--chains", 2, "--out", "own")
    converged = all(lb.load_fit(folder / "own" / f"{name}.nc").converged for name in ("purchases", "spend"))
    assert fitted.exit_code == (0 if converged else 3), fitted.stderr
    assert run(*value("--fits", "own")).exit_code == fitted.exit_code


# backtest


def test_backtest_writes_the_numbers_of_the_library_and_goes_on(folder, business, monkeypatch, purchases, spend):
    fitted = []
    for model, fit in ((lb.BGNBD, purchases), (lb.GammaGamma, spend)):
        monkeypatch.setattr(model, "fit", lambda self, customers, fit=fit, **given: fitted.append(given) or fit)
    terms = ["--horizon", "1 year", "--attributes", "clients.csv", "--by", "industry", "--seed", 3, "--draws", 9]
    command = ["backtest", "orders.csv", *ORDERS, "--time-unit", "month", *terms, "--origins", 2]
    result = succeed(*command)
    assert len(fitted) == 4
    assert all((given["draws"], given["chains"], given["random_seed"]) == (9, 4, 3) for given in fitted)
    assert "Backtest of 2 origins" in result.stdout
    assert "Total: held in" in result.stdout
    found = lb.backtest(
        business.transactions(),
        origins=2,
        horizon="1 year",
        time_unit="month",
        attributes=business.clients,
        by="industry",
        random_seed=3,
        progressbar=False,
    )
    for name, table in (("backtest", found.summary()), ("scores", found.scores()), ("totals", found.totals())):
        written = read(folder / "backtest" / f"{name}.csv")
        numbers = [column for column in table.select_dtypes("number") if column in written]
        np.testing.assert_allclose(written[numbers], table[numbers])
        assert len(numbers) > 4
    for picture in ("backtest", "cohorts", "deciles"):
        assert (folder / "backtest" / f"{picture}.png").stat().st_size > 10_000
    fitted.clear()
    assert succeed(*command).stdout == result.stdout
    assert fitted == []
    assert "with other settings of the fit than now" in fail(*command, "--draws", 10)


def test_backtest_compares_models(folder, business, monkeypatch, purchases, spend):
    for model, fit in ((lb.BGNBD, purchases), (lb.MBGNBD, purchases.thin(200)), (lb.GammaGamma, spend)):
        monkeypatch.setattr(model, "fit", lambda self, customers, fit=fit, **given: fit)
    terms = ["--time-unit", "month", "--horizon", "1 year", "--origins", 2, "--seed", 3]
    command = ["backtest", "orders.csv", *ORDERS, *terms, "--model", "BG/NBD", "--model", "mbgnbd"]
    result = succeed(*command)
    assert "Backtest of 2 models from 2 origins" in result.stdout
    assert "Totals held, of 2 windows" in result.stdout
    models = {"BGNBD": lb.BGNBD(), "MBGNBD": lb.MBGNBD()}
    settings = {"origins": 2, "horizon": "1 year", "time_unit": "month", "random_seed": 3, "progressbar": False}
    table = lb.backtest(business.transactions(), models=models, **settings).summary()
    written = read(folder / "backtest" / "models.csv")
    assert written["model"].tolist() == table.index.get_level_values("model").tolist()
    numbers = table.select_dtypes("number").columns
    np.testing.assert_allclose(written[numbers], table[numbers])
    assert set(read(folder / "backtest" / "totals.csv").index) == set(models)
    assert (folder / "backtest" / "models.png").stat().st_size > 10_000
    assert succeed(*command).stdout == result.stdout
    assert "no model 'BGMBD'. Did you mean 'BGNBD'" in fail(*command, "--model", "BGMBD")


def test_backtest_of_one_day(folder, monkeypatch, purchases, spend):
    for model, fit in ((lb.BGNBD, purchases), (lb.GammaGamma, spend)):
        monkeypatch.setattr(model, "fit", lambda self, customers, fit=fit, **given: fit)
    day = ["--time-unit", "month", "--origin", "2024-12-31", "--horizon", "11 months"]
    assert "Backtest of 1 origin, 2024-12-31" in succeed("backtest", "orders.csv", *ORDERS, *day).stdout
    assert "Choose a horizon" in fail("backtest", "orders.csv", *ORDERS, "--horizon", "9 years")


# in general


@pytest.mark.parametrize("command", [[], ["demo"], ["summarize"], ["fit"], ["value"], ["backtest"]])
def test_every_command_has_help(command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_wrong_options_are_told(folder):
    for arguments in (["summarize"], ["nonsense"], ["value", "orders.csv", "--draws", "0"]):
        assert run(*arguments).exit_code == 2
