"""From raw files to page, workbook and tables in one command, with fits made by hand."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ltv_bayes as lb
from ltv_bayes.cli.commands import app, command_line
from ltv_bayes.language import in_language
from ltv_bayes.runs.checked import check_settings
from ltv_bayes.runs.contracts import next_subscriber
from ltv_bayes.runs.run import Run
from ltv_bayes.runs.settings import Settings

FOUND = {"about.json", "columns.csv"}
"""What says by what names columns were found, and the folder."""
QUICK = ["--fits", "fits", "--origins", "0", "--time-unit", "month", "--horizon", "2 years"]
QUICKLY = {"draws": 150, "chains": 2, "calendar_effects": "none", "price_growth": "none", "time_unit": "month"}


def draws_around(means, seed):
    rng = np.random.default_rng(seed)
    return {name: mean * np.exp(0.1 * rng.standard_normal((2, 20))) for name, mean in means.items()}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """An export in GBK with void and open rows, attributes, judgements, costs and contracts; and fits."""
    folder = tmp_path_factory.mktemp("raw")
    business = lb.samples.simulate_project_business(40, random_seed=2)
    orders = business.orders.rename(columns={"client": "客户名称", "closed_on": "签约日期"})
    orders = orders.assign(**{"金额(万元)": orders.pop("value") / 1e4, "状态": "已完成", "赢率": "", "商机名称": ""})
    orders.loc[orders.index[::9], "状态"] = "作废"
    ahead = pd.DataFrame(
        {
            "客户名称": [*business.clients.iloc[:3, 0], "新客户"],
            "签约日期": ["2026-03-01", "2026-06-01", "2026-09-01", "2026-05-01"],
            "金额(万元)": [50, 20, 80, 30],
            "状态": "商务谈判",
            "赢率": [0.6, 0.4, 0.5, 0.3],
            "商机名称": ["a", "b", "c", "d"],
        }
    )
    pd.concat([orders, ahead]).to_csv(folder / "订单.csv", index=False, encoding="gb18030")
    clients = business.clients.assign(channel=["Fair", "Ads"] * (len(business.clients) // 2))
    clients.rename(columns={"client": "customer_id"}).to_csv(folder / "clients.csv", index=False)
    costs = {"channel": ["Fair", "Ads"], "spend": [400_000, 90_000], "clients_won": [20, 20]}
    pd.DataFrame(costs).to_csv(folder / "costs.csv", index=False)
    contracts = {"customer_id": clients.iloc[:20, 0], "start": "2023-01-15", "cancelled_on": "", "price": 900.0}
    table = pd.DataFrame(contracts)
    last = business.orders.groupby("client")["closed_on"].max().reindex(table["customer_id"]).astype(str)
    table.loc[(last < "2024-05-01").to_numpy(), "cancelled_on"] = "2024-05-03"
    table.to_csv(folder / "contracts.csv", index=False)
    business.opportunities.iloc[:2].to_csv(folder / "judged.csv", index=False)
    (folder / "fits").mkdir()
    purchases = lb.FittedPurchases.from_draws(
        draws_around({"r": 1.4, "alpha": 14, "a": 0.9, "b": 6}, 1), time_unit="month"
    )
    purchases.save(folder / "fits" / "purchases.nc")
    lb.FittedSpend.from_draws(draws_around({"p": 4.0, "q": 3.0, "v": 250_000}, 2), currency="CNY").save(
        folder / "fits" / "spend.nc"
    )
    renewing = lb.FittedRenewals.from_draws(draws_around({"alpha": 0.6, "beta": 19.0}, 3))
    renewing.save(folder / "fits" / "renewals_month.nc")
    return folder


@pytest.fixture
def folder(raw, tmp_path, monkeypatch):
    shutil.copytree(raw, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def succeed(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr or result.output
    return result


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_one_command_from_raw_files_to_page_workbook_and_tables(folder, undrawn):
    result = succeed(
        *("report", "订单.csv", *QUICK, "--attributes", "clients.csv", "--by", "industry", "--costs", "costs.csv"),
        *("--opportunities", "orders", "--relation", "additional", "--subscriptions", "contracts.csv", "--json"),
        *("--judgements", "judged.csv", "--margin", 0.4, "--discount-rate", 0.1, "--tier", "A", "--tier", "B"),
        *("--tier", "C", "--title", "Ours", "--column", "region", "--least-drop", 0.05),
    )
    told = json.loads(result.stdout)
    made = contents(folder / "report")
    assert set(told["files"]) == set(made) - {"about.json", "about.txt"}
    assert {"report.html", "report.xlsx", "customers.csv", "segments.csv", "acquisition.csv", "judgements.csv"} <= set(
        made
    )
    assert told["command"] == "report"
    assert told["exit_code"] == 0
    assert told["terms"]["margin"] == "40%"
    assert told["terms"]["currency"] == "CNY"
    assert (told["terms"]["interval_prob"], told["terms"]["interval_kind"]) == (0.89, "eti")
    assert set(told["totals"]["sources"]) == {"subscription", "repeat_purchases", "judged"}
    means = [source["mean"] for source in told["totals"]["sources"].values()]
    assert sum(means) == pytest.approx(told["totals"]["total"]["mean"])
    assert told["totals"]["to_come"] == told["totals"]["total"]
    left_out = (
        "Revenue so far is left out: of contracts, prices are known and not payments. "
        "Set realised = true to take prices for them."
    )
    assert left_out in told["notes"]
    assert "<title>Ours" in made["report.html"].decode() or "Ours" in made["report.html"].decode()
    table = pd.read_csv(folder / "report" / "customers.csv", encoding="utf-8-sig", index_col=0)
    assert "新客户" in table.index
    assert set(table["tier"]) == {"A", "B", "C"}
    assert "region" in table
    assert "not discounted" not in (folder / "report" / "about.txt").read_text(encoding="utf-8-sig")
    assert "margin 40%" in (folder / "report" / "about.txt").read_text(encoding="utf-8-sig")
    known = json.loads(made["about.json"])["runs"]["report"]
    assert known["terms"] == json.loads(json.dumps(told["terms"])) | {"time_unit": "month"}
    assert known["settings"]["costs"]["file"] == "costs.csv"


def test_the_value_is_that_of_the_library(folder):
    told = json.loads(succeed("value", "订单.csv", "--time-unit", "month", "--json").stdout)
    orders = lb.read_transactions("订单.csv")
    customers = lb.summarize(orders, time_unit="month")
    streams = lb.RepeatPurchases(lb.load_fit("fits/purchases.nc"), lb.load_fit("fits/spend.nc"))
    expected = lb.lifetime_value(customers, streams, horizon="3 years", random_seed=1)
    assert told["totals"]["total"]["median"] == pytest.approx(float(expected.total().median()))
    report = Run.read(orders="订单.csv", fits="fits", time_unit="month", realised=False)
    np.testing.assert_array_equal(report.ltv.draws, expected.draws)


def test_a_run_repeated_gives_the_same_bytes_but_for_the_date(folder, undrawn):
    """Pictures are compared in tests/reporting/test_page.py."""
    command = ["report", "订单.csv", *QUICK, "--slipping-since", "2024-06-30"]
    first = succeed(*command, "--out", "one")
    second = succeed(*command, "--out", "two")
    assert first.stdout.replace("/one", "/two") == second.stdout
    one, two = contents(folder / "one"), contents(folder / "two")
    assert list(one) == list(two)
    different = {name for name in one if one[name] != two[name]}
    assert different <= {"about.json"}  # which says the folder


def test_files_of_an_earlier_run_are_replaced_or_removed_and_others_kept(folder):
    command = ["report", "订单.csv", *QUICK, "--no-page", "--no-workbook", "--no-checks", "--quiet"]
    succeed(*command, "--attributes", "clients.csv", "--by", "industry")
    assert (folder / "report" / "segments.csv").exists()
    (folder / "report" / "mine.txt").write_text("kept")
    result = run(*[word for word in command if word != "--quiet"])
    assert result.exit_code == 0
    assert "Removed, as an earlier run wrote them and this one did not: segments.csv" in result.stdout
    assert not (folder / "report" / "segments.csv").exists()
    assert (folder / "report" / "mine.txt").read_text() == "kept"
    changed = folder / "report" / "customers.csv"
    changed.write_text(changed.read_text(encoding="utf-8-sig") + "my notes", encoding="utf-8")
    refused = run(*command)
    assert refused.exit_code == 1
    assert "files were changed since they were written: customers.csv" in refused.stderr
    assert changed.read_text(encoding="utf-8").endswith("my notes")


def test_foreign_files_are_refused_before_anything_is_computed(folder):
    (folder / "report").mkdir()
    (folder / "report" / "customers.csv").write_text("mine")
    result = run("report", "订单.csv")
    assert result.exit_code == 1
    assert "customers.csv exists, and no earlier run wrote it" in result.stderr
    (folder / "report" / "customers.csv").unlink()
    (folder / "report" / "about.json").write_text("{}")
    assert "is not a record of this package" in run("report", "订单.csv").stderr
    assert run("report", "订单.csv", "--out", "订单.csv").exit_code == 1


def test_init_writes_a_file_that_gives_the_same_result(folder):
    succeed("init", "订单.csv", *QUICK, "--no-page", "--no-workbook", "--out", "made", "--to", "run.toml")
    text = (folder / "run.toml").read_text(encoding="utf-8")
    assert 'customer = "客户名称"' in text
    assert 'keep = {"状态" = ["已完成"]}' in text
    assert "# found: 万元, as the header says" in text
    assert 'currency = "CNY"' in text
    assert "# 4 open opportunities are in the file" in text
    assert '# model = "BGNBD"' in text
    succeed("report", "--config", "run.toml", "--quiet")
    succeed("report", "订单.csv", *QUICK, "--no-page", "--no-workbook", "--quiet")
    one, two = contents(folder / "made"), contents(folder / "report")
    assert {name for name in one if one[name] != two.get(name)} <= FOUND
    before = (folder / "run.toml").read_bytes()
    refused = run("init", "订单.csv")
    assert refused.exit_code == 1
    assert "run.toml exists and is not written over" in refused.stderr
    assert (folder / "run.toml").read_bytes() == before


def test_paths_start_from_the_folder_of_the_settings(folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    succeed("init", "订单.csv", "--attributes", "clients.csv", "--to", "elsewhere/run.toml", "--quiet")
    assert 'file = "../订单.csv"' in (folder / "elsewhere" / "run.toml").read_text(encoding="utf-8")
    monkeypatch.chdir("/")
    settings = Run.read(folder / "elsewhere" / "run.toml").settings
    assert settings.orders.file.resolve() == (folder / "订单.csv").resolve()


def test_json_tells_errors_and_warnings_and_usage_is_code_2(folder):
    result = run("report", "gone.csv", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "command": "report",
        "exit_code": 1,
        "error": "gone.csv does not exist.",
        "notes": [],
        "warnings": [],
    }
    assert result.stderr == "error: gone.csv does not exist.\n"
    assert run("report").exit_code == 2
    assert run("report", "订单.csv", "--draws", "none").exit_code == 2
    missing = run("report", "订单.csv", *QUICK, "--by", "industy", "--attributes", "clients.csv")
    assert missing.exit_code == 1
    assert "no column 'industy'. Did you mean 'industry'" in missing.stderr
    assert missing.stderr.count("\n") == 1
    unread = run("report", "订单.csv", "--visible-share", 0.5, "--judgements", "judged.csv", *QUICK)
    assert "visible_share and visible_within belong together" in unread.stderr


def test_the_report_speaks_the_language_asked_for(folder, undrawn):
    result = succeed("report", "订单.csv", *QUICK, "--language", "zh", "--no-workbook", "--no-checks")
    assert "位客户" in result.stdout
    assert 'lang="zh' in (folder / "report" / "report.html").read_text(encoding="utf-8")
    with in_language("zh"):
        shown = CliRunner().invoke(command_line(), ["report", "--help"]).output
    assert "--language" in shown


def test_everything_is_fitted_valued_and_held_to_the_past(folder):
    options = {"fits": None, "attributes": "clients.csv", "origins": 1, "by": ["industry"], **QUICKLY}
    done = Run.read(orders="订单.csv", earlier_day=["2024-12-31"], compare=["NBD"], seed=3, **options)
    assert type(done.purchases).__name__ == "FittedPurchases"
    assert done.purchases.idata["posterior"].sizes == {"chain": 2, "draw": 150}
    assert len(done.over_time.summary()) >= 2
    assert set(done.backtest().backtests) == {"BGNBD", "NBD"}
    assert done.caution == ""


def test_a_short_log_is_not_held_to_the_past_and_says_so(folder):
    table = pd.DataFrame(
        {"client": ["A", "B", "A", "B"], "date": ["2025-01-01", "2025-01-09", "2025-02-01", "2025-03-01"]}
    )
    table.assign(amount=[10.0, 20.0, 30.0, 25.0]).to_csv("short.csv", index=False)
    done = Run.read(orders="short.csv", customer="client", fits="fits", time_unit="month")
    assert done.backtest() is None
    assert done.slipping_away is None
    assert "Forecasts were not held to the past" in done.remarks[0]
    assert "the orders begin after" in done.remarks[1]


def test_channels_are_valued_over_the_last_horizon(folder, monkeypatch):
    asked = {}

    def stop(*fits, horizon, **given):
        asked["horizon"] = horizon
        raise lb.errors.InputError("enough")

    monkeypatch.setattr("ltv_bayes.runs.analyses.new_customer_value", stop)
    terms = {"orders": "订单.csv", "costs": "costs.csv", "fits": "fits", "time_unit": "month"}
    with pytest.raises(lb.errors.InputError, match="enough"):
        Run.read(**terms, horizon=["1 year", "3 years", "5 years"]).acquisition  # noqa: B018
    assert asked == {"horizon": "5 years"}


def test_one_file_of_settings_serves_all_commands(folder):
    text = '[orders]\nfile = "订单.csv"\n[customers]\ntime_unit = "month"\n[purchases]\ncalendar_effects = "none"\n'
    text += '[spend]\nprice_growth = "none"\n[sampling]\nfits = "own"\ndraws = 150\n[output]\nfolder = "all"\n'
    (folder / "run.toml").write_text(text, encoding="utf-8")
    config = ["--config", "run.toml", "--json", "--quiet"]
    fitted = json.loads(succeed("fit", *config).stdout)
    assert fitted["converged"] == {"purchases": True, "spend": True}
    assert {"purchases.nc", "spend.nc"} < {path.name for path in (folder / "own").iterdir()}
    value = json.loads(succeed("value", *config).stdout)
    tested = json.loads(succeed("backtest", *config, "--origins", 1).stdout)
    assert "held in" in tested["verdict"]
    report = json.loads(
        succeed("report", *config, "--no-realised", "--origins", 0, "--no-page", "--no-workbook").stdout
    )
    assert report["totals"] == value["totals"]
    runs = json.loads((folder / "all" / "about.json").read_text(encoding="utf-8"))["runs"]
    assert set(runs) == {"value", "backtest", "report"}
    assert set(runs["value"]["files"]) < {path.name for path in (folder / "all").iterdir()}
    words = (folder / "all" / "about.txt").read_text(encoding="utf-8-sig")
    assert words.count("Written by: ltv-bayes") == 3


def test_subscriptions_alone_and_with_purchases_that_end_with_them(folder):
    alone = Run.read(subscriptions="contracts.csv", as_of="2025-12-31", currency="CNY", fits="fits")
    assert alone.orders is None
    assert [stream.name for stream in alone.streams] == ["subscription"]
    assert alone.checks is None
    assert alone.slipping_away is None
    together = Run.read(
        orders="订单.csv",
        subscriptions="contracts.csv",
        one_relation=True,
        fits="fits",
        time_unit="month",
        price_increase=0.03,
    )
    subscription, purchases = together.streams
    assert subscription.price_changes == 0.03
    assert purchases.while_alive == "subscription"
    assert together.ltv.summary()["mean"].gt(0).any()


def test_a_report_of_contracts_tells_of_renewals_and_of_customers_to_be_won(folder):
    pd.DataFrame({"月份": ["2026-03"], "新增客户": [4], "获客成本": [500]}).to_csv("plan.csv", index=False)
    names = {"subscriptions": "contracts.csv", "plan": "plan.csv", "as_of": "2025-12-31", "fits": "fits"}
    done = Run.read(**names, currency="CNY", horizon=["2 years"], least_not_renewed=0.001)
    assert {"equity", "recurring_revenue", "at_risk"} <= {one.key for one in done.report.document().sections}
    assert done.recurring.movements.every == "quarter"
    assert done.recurring.at_risk.due == int((done.renewals.table["next_due"] <= "2026-04-01").sum())
    assert done.equity.plan.rows["cost"].sum() == 2000
    said = "A new customer of the plan is valued with a contract of length month, renewed at 900 CNY."
    assert said in done.remarks
    assert any("no price grows by itself" in one for one in done.remarks)
    silent = Run.read(**names, horizon=["2 years"], renewals_within="none", movements="none")
    assert (silent.recurring.at_risk, silent.recurring.movements, silent.recurring.ahead) == (None, None, None)
    of_buyers = Run.read(orders="订单.csv", plan="plan.csv", fits="fits", time_unit="month", horizon=["2 years"])
    assert not any("other fits" in note for note in of_buyers.equity.notes())


def test_a_plan_that_cannot_be_read_is_refused_before_anything_is_fitted(folder):
    pd.DataFrame({"month": ["2024-03"], "customers": [4], "cost": [500]}).to_csv("plan.csv", index=False)
    result = run("report", "--subscriptions", "contracts.csv", "--plan", "plan.csv", "--as-of", "2025-12-31")
    assert result.exit_code == 1
    assert "1 row with a month or day that is not after the as-of date" in result.stderr


def test_columns_of_the_export_are_attributes_where_no_table_is_given(folder):
    table = pd.read_csv("订单.csv", encoding="gb18030")
    table["行业"] = table["客户名称"].str[-1].map(lambda digit: "设备" if digit in "0123456" else "")
    table.to_csv("订单.csv", index=False, encoding="gb18030")
    terms = {"orders": "订单.csv", "opportunities": "orders", "relation": "additional", "spread": 0.3}
    done = Run.read(**terms, by=["行业"], fits="fits", time_unit="month")
    assert done.judged is not None
    assert done.remarks == ["Amounts of open opportunities have a spread of 0.3 (--spread)."]
    industry = done.customers.table["行业"]
    assert set(industry.dropna()) == {"设备"}
    assert set(industry[industry.isna()].index.str[-1]) <= set("789户")
    past = done.customers.table["total_value"]
    assert past["新客户"] == 0
    assert past.sum() == pytest.approx(done.orders.table["amount"].sum())
    assert done.ltv.settings.realised


def test_judgements_are_asked_how_they_relate_before_anything_is_fitted(folder):
    result = run("report", "订单.csv", "--opportunities", "orders")
    assert result.exit_code == 1
    assert "3 judgements of customers who order do not say how they relate" in result.stderr
    assert "--relation additional" in result.stderr


def test_prospects_of_judgements_are_valued_where_asked_for(folder):
    judged = pd.read_csv("judged.csv").assign(customer_id="somebody new", opportunity=["x", "y"])
    judged.to_csv("judged.csv", index=False)
    terms = {"orders": "订单.csv", "judgements": "judged.csv", "fits": "fits", "time_unit": "month"}
    with pytest.raises(lb.errors.InputError, match="somebody new"):
        Run.read(**terms).ltv  # noqa: B018
    assert "somebody new" in Run.read(**terms, prospects=True).ltv.customers.ids


@pytest.mark.parametrize("words", [["--language", "zh", "--help"], ["report", "--help", "--language=zh"]])
def test_help_in_chinese_loses_no_letter(words):
    command = [sys.executable, "-m", "ltv_bayes", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert "从原始文件到页面、工作簿和表格" in done.stdout
    assert not [line for line in done.stdout.splitlines() if "…" in line.replace("……", "")]


def test_version_and_module(folder):
    done = subprocess.run([sys.executable, "-m", "ltv_bayes", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"ltv-bayes {lb.__version__}\n"


@pytest.mark.parametrize("command", ["init", "report", "summarize", "fit", "value", "backtest", "demo"])
def test_every_command_takes_settings_from_a_file_and_tells_machines(command):
    help_text = run(command, "--help").output
    for option in ("--config", "--json", "--quiet", "--language"):
        assert option in help_text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--margin", 35], "margin must lie between 0 and 1, not 35"),
        (["--least-not-renewed", 2], "least_not_renewed must lie between 0 and 1, not 2"),
        (["--least-alive", 20], "least_alive must lie between 0 and 1, not 20. Write 20%"),
        (["--least-drop", 10], "least_drop must lie between 0 and 1, not 10. Write 10%"),
        (["--payback-within", "none"], "none"),
        (["--horizon", 3], "3"),
        (["--discount-rate", 10], "10"),
        (["--model", "BG"], "There is no model 'BG'"),
        (["--compare", "XYZ"], "There is no model 'XYZ'"),
        (["--spread", 7], "spread"),
        (["--as-of", "soon"], "soon"),
        (["--earlier-day", "soon"], "soon"),
        (["--time-unit", "fortnight"], "fortnight"),
        (["--backtest-horizon", "9"], "9"),
        (["--costs", "costs.csv", "--margin", "share"], "With costs or a plan, give it as a number"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_the_orders_are_read(folder, monkeypatch, options, sentence):
    monkeypatch.setattr("ltv_bayes.runs.run.read_orders", lambda given: pytest.fail("the orders were read"))
    result = run("report", "订单.csv", *options)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_renewals_at_risk_may_be_left_out():
    check_settings(Settings.made({"analyses": {"renewals_within": "none"}}))
    with pytest.raises(lb.LtvBayesError, match="renewals_within"):
        check_settings(Settings.made({"analyses": {"renewals_within": "never"}}))


def test_costs_without_clients_are_refused_before_anything_is_fitted(folder, monkeypatch):
    monkeypatch.setattr(lb.BGNBD, "fit", lambda *given, **more: pytest.fail("a model was fitted"))
    pd.DataFrame({"channel": ["Fair"], "spend": [1000.0]}).to_csv("costs.csv", index=False)
    result = run("report", "订单.csv", "--attributes", "clients.csv", "--costs", "costs.csv", "--time-unit", "month")
    assert result.exit_code == 1
    assert "needs a column 'cost_per_client', or 'spend' and 'clients_won'" in result.stderr


def test_the_next_subscriber_has_the_commonest_length_its_mean_price_and_the_margin_of_contracts():
    records = pd.DataFrame({"customer_id": list("ABCDE"), "start": "2025-01-15", "cancelled_on": None})
    records = records.assign(price=[800, 900, 1300, 9000, 9000], plan=["month"] * 3 + ["year"] * 2)
    renewals = lb.summarize_renewals(records, period="plan", as_of="2025-12-31", currency="CNY")
    fit = lb.FittedRenewals.from_draws({"alpha": np.full((2, 20), 1.0), "beta": np.full((2, 20), 9.0)})
    settings = Settings()
    settings = replace(settings, subscriptions=replace(settings.subscriptions, margin=0.5))
    value, said = next_subscriber(settings, renewals, {"month": fit, "year": fit})
    assert "a contract of length month, renewed at 1,000 CNY" in said
    by_hand = lb.new_customer_value(
        fit, price=1000, period="month", horizon=settings.value.horizon[-1], margin=0.5, random_seed=1
    )
    assert value.summary()["mean"].item() == pytest.approx(by_hand.summary()["mean"].item())
