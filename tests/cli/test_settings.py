"""One object describes a run: from a TOML file, from options, and both say the same."""

import datetime as dt
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import ltv_bayes as lb
from ltv_bayes.cli.commands import app
from ltv_bayes.cli.messages import with_options
from ltv_bayes.errors import InputError
from ltv_bayes.language import in_language
from ltv_bayes.runs.inputs import attributes_of, day_before, read_orders, reading, until
from ltv_bayes.runs.models import purchase_model, renewal_model, spend_model
from ltv_bayes.runs.run import Run
from ltv_bayes.runs.settings import Settings, each_setting, option_of, sections
from ltv_bayes.runs.template import toml_value
from ltv_bayes.runs.toml import read_settings

# option on the command line, the same in TOML, what it means
ROWS = {
    "orders.file": ("orders.csv", '"orders.csv"', Path("orders.csv")),
    "orders.customer": ("--customer client", '"client"', "client"),
    "orders.date": ("--date day", '"day"', "day"),
    "orders.amount": ("--amount none", '"none"', "none"),
    "orders.order_id": ("--order-id number", '"number"', "number"),
    "orders.preset": ("--preset hubspot", '"hubspot"', "hubspot"),
    "orders.keep": ("--keep a=x,y --keep b=all", '{a = ["x", "y"], b = "all"}', {"a": ["x", "y"], "b": "all"}),
    "orders.lines": ("--lines once", '"once"', "once"),
    "orders.repeated_rows": ("--repeated-rows drop", '"drop"', "drop"),
    "orders.amount_unit": ("--amount-unit 1000", "1000", 1000),
    "orders.currency": ("--currency CNY", '"CNY"', "CNY"),
    "orders.rates": ("--rate USD=7.1 --rate EUR=8", "{USD = 7.1, EUR = 8}", {"USD": 7.1, "EUR": 8}),
    "orders.date_format": ("--date-format %d.%m.%Y", '"%d.%m.%Y"', "%d.%m.%Y"),
    "orders.time_zone": ("--time-zone Asia/Shanghai", '"Asia/Shanghai"', "Asia/Shanghai"),
    "orders.decimal": ("--decimal ,", '","', ","),
    "orders.encoding": ("--encoding gbk", '"gbk"', "gbk"),
    "orders.sheet": ("--sheet all", '"all"', "all"),
    "orders.header": ("--header 3", "3", 3),
    "orders.bad_rows": ("--bad-rows drop", '"drop"', "drop"),
    "customers.time_unit": ("--time-unit month", '"month"', "month"),
    "customers.as_of": ("--as-of 2025-09-30", "2025-09-30", "2025-09-30"),
    "customers.attributes": ("--attributes a.csv", '"a.csv"', Path("a.csv")),
    "customers.since": ("--since s.csv", '"s.csv"', Path("s.csv")),
    "customers.price_index": ("--price-index p.csv", '"p.csv"', Path("p.csv")),
    "customers.zero_orders": ("--zero-orders drop", '"drop"', "drop"),
    "customers.returns": ("--returns ignore", '"ignore"', "ignore"),
    "purchases.model": ("--model BG/CNBD-k", '"BG/CNBD-k"', "BG/CNBD-k"),
    "purchases.regularity": ("--regularity 3", "3", 3),
    "purchases.leave_at_once": ("--leave-at-once", "true", True),
    "purchases.pool_by": ("--pool-by industry", '"industry"', ("industry",)),
    "purchases.covariates": ("--covariate size --covariate age", '["size", "age"]', ("size", "age")),
    "purchases.calendar_effects": ("--calendar-effects quarter", '"quarter"', "quarter"),
    "spend.pool_by": ("--spend-pool-by region", '["region"]', ("region",)),
    "spend.covariates": ("--spend-covariate size", '"size"', ("size",)),
    "spend.price_growth": ("--price-growth 0.05", "0.05", 0.05),
    "spend.first_order": ("--first-order true", "true", "true"),
    "judgements.file": ("--judgements j.csv", '"j.csv"', Path("j.csv")),
    "judgements.columns": ("--judgement-column low=下限", '{low = "下限"}', {"low": "下限"}),
    "judgements.amount_unit": ("--judgement-unit 万元", '"万元"', "万元"),
    "judgements.decimal": ("--judgement-decimal ,", '","', ","),
    "judgements.date_format": ("--judgement-dates %d/%m/%Y", '"%d/%m/%Y"', "%d/%m/%Y"),
    "judgements.sheet": ("--judgement-sheet May", '"May"', "May"),
    "judgements.interval": ("--judgement-interval 0.5", "0.5", 0.5),
    "judgements.family": ("--judgement-family gamma", '"gamma"', "gamma"),
    "judgements.stages": ("--judgement-stage A=0.4", "{A = 0.4}", {"A": 0.4}),
    "judgements.relation": ("--relation additional", '"additional"', "additional"),
    "judgements.visible_share": ("--visible-share 0.6", "0.6", 0.6),
    "judgements.visible_within": ("--visible-within 6months", '"6months"', "6months"),
    "judgements.opinion_weight": ("--opinion-weight none", '"none"', "none"),
    "judgements.shows_life": ("--shows-life 9", "9", 9),
    "judgements.covers": ("--covers manager=Chen", '{manager = "Chen"}', {"manager": ["Chen"]}),
    "judgements.shared": ("--shared expert=0.2", "{expert = 0.2}", {"expert": 0.2}),
    "judgements.prospects": ("--prospects", "true", True),
    "judgements.confirmed": ("--confirmed", "true", True),
    "opportunities.file": ("--opportunities orders", '"orders"', "orders"),
    "opportunities.spread": ("--spread 30%", '"30%"', "30%"),
    "opportunities.stages": ("--stage A=0.4 --stage B=3:10", '{A = 0.4, B = "3:10"}', {"A": 0.4, "B": "3:10"}),
    "opportunities.overdue": ("--overdue undated", '"undated"', "undated"),
    "opportunities.history": ("--pipeline-history h.csv", '"h.csv"', Path("h.csv")),
    "opportunities.by": ("--recalibrate-by expert", '"expert"', "expert"),
    "opportunities.relation": ("--opportunity-relation visible_share", '"visible_share"', "visible_share"),
    "subscriptions.file": ("--subscriptions s.csv", '"s.csv"', Path("s.csv")),
    "subscriptions.period": ("--period year", '"year"', "year"),
    "subscriptions.customer": ("--subscriber id", '"id"', "id"),
    "subscriptions.start": ("--start from", '"from"', "from"),
    "subscriptions.cancelled_on": ("--cancelled-on none", '"none"', "none"),
    "subscriptions.renewed_on": ("--renewed-on paid", '"paid"', "paid"),
    "subscriptions.price": ("--price-column fee", '"fee"', "fee"),
    "subscriptions.product": ("--product plan", '"plan"', "plan"),
    "subscriptions.amount_unit": ("--subscription-unit 1000", "1000", 1000),
    "subscriptions.date_format": ("--subscription-dates %Y", '"%Y"', "%Y"),
    "subscriptions.grace": ("--grace 14days", '"14days"', "14days"),
    "subscriptions.allowed_gap": ("--allowed-gap 7days", '"7days"', "7days"),
    "subscriptions.records_since": ("--records-since 2020-01-01", "2020-01-01", "2020-01-01"),
    "subscriptions.renewal_price": ("--renewal-price 90", "90", 90),
    "subscriptions.price_increase": ("--price-increase 0.03", "0.03", 0.03),
    "subscriptions.margin": ("--subscription-margin 0.8", "0.8", 0.8),
    "subscriptions.model": ("--churn-model BetaDiscreteWeibull", '"BetaDiscreteWeibull"', "BetaDiscreteWeibull"),
    "subscriptions.pool_by": ("--churn-pool-by plan", '"plan"', ("plan",)),
    "subscriptions.calendar_effects": ("--churn-effects auto", '"auto"', "auto"),
    "subscriptions.one_relation": ("--one-relation", "true", True),
    "costs.file": ("--costs c.csv", '"c.csv"', Path("c.csv")),
    "costs.channel": ("--channel source", '"source"', "source"),
    "costs.columns": ("--cost-column spend=费用", '{spend = "费用"}', {"spend": "费用"}),
    "costs.amount_unit": ("--cost-unit 万元", '"万元"', "万元"),
    "costs.decimal": ("--cost-decimal ,", '","', ","),
    "costs.sheet": ("--cost-sheet 2025", '"2025"', "2025"),
    "costs.encoding": ("--cost-encoding gbk", '"gbk"', "gbk"),
    "costs.threshold": ("--threshold 2", "2", 2),
    "costs.payback_within": ("--payback-within 1year", '"1year"', "1year"),
    "costs.least_clients": ("--least-clients 9", "9", 9),
    "costs.unseen": ("--unseen-channels population", '"population"', "population"),
    "plan.file": ("--plan p.csv", '"p.csv"', Path("p.csv")),
    "plan.price": ("--plan-price 90", "90", 90),
    "plan.columns": ("--plan-column month=月份", '{month = "月份"}', {"month": "月份"}),
    "plan.amount_unit": ("--plan-unit 万元", '"万元"', "万元"),
    "plan.sheet": ("--plan-sheet 2026", '"2026"', "2026"),
    "value.horizon": ("--horizon 1year --horizon 5years", '["1year", "5years"]', ("1year", "5years")),
    "value.discount_rate": ("--discount-rate 0.1", "0.1", 0.1),
    "value.margin": ("--margin 0.35", "0.35", 0.35),
    "value.realised": ("--no-realised", "false", False),
    "analyses.by": ("--by industry --by a,b", '["industry", "a,b"]', ("industry", "a,b")),
    "analyses.columns": ("--column name", '"name"', ("name",)),
    "analyses.tier_names": ("--tier A --tier B --tier C", '["A", "B", "C"]', ("A", "B", "C")),
    "analyses.slipping_since": ("--slipping-since 2025-06-30", "2025-06-30", "2025-06-30"),
    "analyses.least_drop": ("--least-drop 0.2", "0.2", 0.2),
    "analyses.least_alive": ("--least-alive 0.3", "0.3", 0.3),
    "analyses.renewals_within": ("--renewals-within 6months", '"6months"', "6months"),
    "analyses.least_not_renewed": ("--least-not-renewed 0.2", "0.2", 0.2),
    "analyses.movements": ("--movements quarter", '"quarter"', "quarter"),
    "analyses.over_time": ("--earlier-day 2024-12-31", "[2024-12-31]", ("2024-12-31",)),
    "trust.checks": ("--no-checks", "false", False),
    "trust.origins": ("--origins 0", "0", 0),
    "trust.days": ("--origin 2024-12-31", '["2024-12-31"]', ("2024-12-31",)),
    "trust.horizon": ("--backtest-horizon 6months", '"6months"', "6months"),
    "trust.compare": ("--compare NBD", '"NBD"', ("NBD",)),
    "sampling.fits": ("--fits f", '"f"', Path("f")),
    "sampling.method": ("--method nuts", '"nuts"', "nuts"),
    "sampling.draws": ("--draws 10", "10", 10),
    "sampling.chains": ("--chains 2", "2", 2),
    "sampling.tune": ("--tune 5", "5", 5),
    "sampling.seed": ("--seed 7", "7", 7),
    "output.folder": ("--out o", '"o"', Path("o")),
    "output.title": ("--title Ours", '"Ours"', "Ours"),
    "output.language": ("--language zh", '"zh"', "zh"),
    "output.page": ("--no-page", "false", False),
    "output.workbook": ("--no-workbook", "false", False),
    "output.tables": ("--no-tables", "false", False),
}


def test_every_setting_has_a_row_here_and_an_option_of_its_own():
    names = [f"{section}.{one.name}" for section, one in each_setting()]
    assert names == list(ROWS)
    options = [option_of(one) for _, one in each_setting()]
    assert len(set(options)) == len(options)


def from_options(words):
    command = typer.main.get_command(app).commands["report"]
    given = command.make_context("report", list(words)).params
    return read_settings(options={name: given[name] for name in given if name not in ("config", "json", "quiet")})


def test_options_and_toml_say_the_same(tmp_path):
    words = [word for options, _, _ in ROWS.values() for word in options.split()]
    given = from_options(words)
    text = ""
    for part in sections():
        here = {name: row for name, row in ROWS.items() if name.startswith(f"{part.name}.")}
        text += f"[{part.name}]\n" + "".join(f"{name.partition('.')[2]} = {row[1]}\n" for name, row in here.items())
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    read = read_settings(tmp_path / "run.toml")
    for name, (_, _, expected) in ROWS.items():
        section, setting = name.split(".")
        assert getattr(getattr(given, section), setting) == expected, name
        in_file = tmp_path / expected if isinstance(expected, Path) else expected
        assert getattr(getattr(read, section), setting) == in_file, name
    assert set(given.given()) == {part.name for part in sections()}
    assert len(read.files()) == 9
    written = "".join(
        f"[{section}]\n" + "".join(f"{name} = {toml_value(value, tmp_path)}\n" for name, value in values.items())
        for section, values in read.given().items()
    )
    (tmp_path / "again.toml").write_text(written, encoding="utf-8")
    assert read_settings(tmp_path / "again.toml") == read


def test_options_go_before_the_file(tmp_path):
    (tmp_path / "run.toml").write_text('[value]\nhorizon = "5 years"\nmargin = 0.3\n', encoding="utf-8")
    found = read_settings(tmp_path / "run.toml", {"margin": 0.4, "by": []})
    assert found.given() == {"value": {"horizon": ("5 years",), "margin": 0.4}}
    assert read_settings() == Settings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[valeu]\nmargin = 1", r"has a section \[valeu\] that is not known. Did you mean 'value'"),
        ("[value]\nmargn = 1", r"\[value\] has no setting 'margn'. Did you mean 'margin'"),
        ("value = 3", "value is a section"),
        ("[value]\nhorizon = 3", r"horizon in \[value\] is 3, and should be a name or a list of names"),
        ("[sampling]\ndraws = 0", "a whole number from 1 on"),
        ("[sampling]\ndraws = true", "a number"),
        ("[sampling]\nmethod = 'nutz'", "one of auto, laplace, nuts"),
        ("[trust]\nchecks = 1", "true or false"),
        ("[trust]\norigins = -1", "a whole number from 0 on, or auto"),
        ("[spend]\nprice_growth = 'much'", "a number, or auto or none"),
        ("[judgements]\ncolumns = 'low'", "pairs of our name and yours"),
        ("[judgements]\nshared = {expert = 'all'}", "a number"),
        ("[orders]\ncustomer = ''", "text"),
        ("[orders]\ncustomer = client", "cannot be read as TOML"),
        ("[orders]\nrates = {USD = 'seven'}", "a number"),
        ("[opportunities]\nstages = 'Proposal'", "a stage and its chance"),
    ],
)
def test_what_is_not_known_is_refused_in_words(tmp_path, text, sentence):
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        read_settings(tmp_path / "run.toml")


def test_a_missing_file_and_an_unknown_option_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"does not exist. Write one with: ltv-bayes init"):
        read_settings(tmp_path / "gone.toml")
    with pytest.raises(InputError, match=r"no option 'horizont'\. Did you mean 'horizon'"):
        read_settings(options={"horizont": 3})


# what settings become


def orders_of(text):
    return reading(from_options(["orders.csv", *text.split()]).orders)


def test_orders_are_read_as_the_settings_say():
    usual = reading(Settings().orders)
    assert usual == orders_of("")
    assert (usual["customer"], usual["keep"], usual["bad_rows"]) == ("auto", None, "error")
    assert orders_of("--amount none --order-id none") == usual | {"amount": None, "order_id": None}
    assert orders_of("--keep all")["keep"] == "all"
    assert orders_of("--rate rates.csv")["rates"] == Path("rates.csv")
    assert set(usual) <= set(lb.read_transactions.__kwdefaults__)


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ("", lb.BGNBD()),
        ("--model mbg-nbd", lb.MBGNBD()),
        ("--model NBD --calendar-effects none", lb.NBD(calendar_effects=None)),
        ("--model BG/CNBD-k --regularity 3", lb.BGCNBD(k=3)),
        ("--model MBGCNBD --regularity 2 --leave-at-once", "leave_at_once is a setting of BGNBD, BGCNBD"),
        ("--leave-at-once --pool-by a --pool-by b", lb.BGNBD(leave_at_once=True, pool_by=["a", "b"])),
        ("--covariate size --calendar-effects month", None),
        ("--model BGMBD", "There is no model 'BGMBD'. Did you mean 'BGNBD'"),
        ("--model BGCNBD", "Regularity is learned from orders"),
    ],
)
def test_models_of_purchases(options, model):
    settings = from_options(["orders.csv", *options.split()]).purchases
    if isinstance(model, str):
        with pytest.raises(InputError, match=model):
            purchase_model(settings, None)
        return
    expected = model or lb.BGNBD(covariates="size", calendar_effects=lb.CalendarEffects(period="month"))
    assert repr(purchase_model(settings, None)) == repr(expected)


def test_other_models(tmp_path):
    settings = from_options(
        ["o.csv", "--spend-pool-by", "a", "--price-growth", "none", "--first-order", "auto", "--spend-covariate", "x"]
    )
    expected = lb.GammaGamma(pool_by="a", covariates="x", price_growth=None, first_order="auto")
    assert repr(spend_model(settings.spend)) == repr(expected)
    assert repr(spend_model(settings.spend, pool_by=("channel",))) == repr(
        lb.GammaGamma(pool_by="channel", covariates="x", price_growth=None, first_order="auto")
    )
    assert repr(renewal_model(settings.subscriptions)) == repr(lb.ShiftedBetaGeometric())
    churn = from_options(["o.csv", "--churn-pool-by", "plan", "--churn-effects", "auto"]).subscriptions
    assert repr(renewal_model(churn)) == repr(lb.ShiftedBetaGeometric(pool_by="plan", calendar_effects="auto"))
    other = from_options(["o.csv", "--churn-model", "beta-discrete-weibull", "--churn-pool-by", "plan"]).subscriptions
    assert repr(renewal_model(other)) == repr(lb.BetaDiscreteWeibull(pool_by="plan"))
    for options, words in {
        "--churn-model BetaDiscreteWeibul": "There is no model 'BetaDiscreteWeibul'. Did you mean",
    }.items():
        with pytest.raises(InputError, match=words):
            renewal_model(from_options(["o.csv", *options.split()]).subscriptions)
    text = '[purchases]\ncalendar_effects = {period = "month", level = 0.4, index = "i.csv"}'
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    (tmp_path / "i.csv").write_text("date,factor\n2020-01-01,1.0\n2024-01-01,1.2\n")
    effects = purchase_model(read_settings(tmp_path / "run.toml").purchases, None).calendar_effects
    assert (effects.period, effects.level) == ("month", 0.4)
    (tmp_path / "run.toml").write_text("[purchases]\ncalendar_effects = {lvl = 1}", encoding="utf-8")
    with pytest.raises(InputError, match=r"calendar_effects has no setting 'lvl'\. Did you mean 'level'"):
        purchase_model(read_settings(tmp_path / "run.toml").purchases, None)


def test_earlier_days():
    as_of = dt.date(2025, 12, 31)
    assert day_before("none", as_of) is None
    assert str(day_before("2025年3月31日", as_of)) == "2025-03-31"
    assert str(day_before("52 weeks", as_of)) == "2025-01-01"


def test_toml_values_are_read_back():
    for value in ('a\\b "c" \n 王芳 \x7f', 2.5, 3, True, ["x", "y"], {"a b": ["c"], "d": "e"}):
        assert tomllib.loads(f"x = {toml_value(value, Path())}")["x"] == value


HOSTILE = 'Paid"\n[output]\nfolder = "elsewhere"  # \\ \x1b[31m\u2028\x85 \x7f 已付'


def written_by_init(folder, table, *options):
    table.to_csv(folder / "orders.csv", index=False)
    done = CliRunner().invoke(app, ["init", str(folder / "orders.csv"), "--to", str(folder / "run.toml"), *options])
    assert done.exit_code == 0, done.output
    return read_settings(folder / "run.toml")


def test_init_reads_the_plainest_export(tmp_path):
    table = pd.DataFrame({"customer": ["a", "a", "b"], "date": ["2024-01-01", "2024-05-05", "2024-03-03"]})
    found = written_by_init(tmp_path, table.assign(amount=[1.0, 2.0, 3.0]), "--currency", "CNY")
    assert (found.orders.customer, found.orders.date, found.orders.amount) == ("customer", "date", "amount")
    assert found.orders.keep is None


def test_no_cell_or_name_of_a_column_becomes_a_setting(tmp_path):
    name = 'my"client\n[output]\npage = false #'
    table = pd.DataFrame({name: ["a", "a", "b"], "date": ["2024-01-01", "2024-05-05", "2024-03-03"], "amount": 1.0})
    table["Status"] = ["Paid", HOSTILE, "Paid"]
    options = ("--currency", "CNY", "--customer", name, "--keep", f"Status={HOSTILE},Paid")
    text = written_by_init(tmp_path, table, *options)
    content = tomllib.loads((tmp_path / "run.toml").read_text(encoding="utf-8"))
    assert text.orders.customer == name
    assert text.orders.keep == {"Status": [HOSTILE, "Paid"]}
    assert text.output == Settings().output
    assert "output" not in content or content["output"] == {}


@pytest.mark.parametrize("value", [HOSTILE, {HOSTILE: [HOSTILE]}, [HOSTILE, 'C:\\new\\u0041"""', "'"]])
def test_hostile_text_is_read_back_as_it_was(value):
    assert tomllib.loads(f"value = {toml_value(value, Path())}") == {"value": value}


# attributes in the orders' own file


@pytest.mark.parametrize("descending", [False, True])
def test_attributes_are_those_of_the_latest_order_in_whatever_order_the_rows_stand(tmp_path, descending):
    rows = [
        (" Ada ", "2024-01-05", "won", "north"),
        ("Ada", "2024-06-05", "won", "south"),
        ("Ada", "2024-07-05", "won", " "),
        ("Bo", "2024-02-01", "won", "east"),
        ("Bo", "2024-03-01", "lost", "west"),
    ]
    table = pd.DataFrame(rows[::-1] if descending else rows, columns=["client", "date", "Status", "region"])
    table.assign(amount=1.0).to_csv(tmp_path / "orders.csv", index=False)
    settings = read_settings(options={"orders": tmp_path / "orders.csv", "currency": "CNY", "by": ["region"]})
    found = attributes_of(settings, read_orders(settings.orders))
    assert found.set_index("client")["region"].to_dict() == {"Ada": "south", "Bo": "east"}
    assert Run(settings).buyers.table["region"].to_dict() == {"Ada": "south", "Bo": "east"}


def test_attributes_of_numbered_customers_are_matched(tmp_path):
    table = pd.DataFrame(
        {"client": [7.0, 8.0, None], "date": ["2024-01-05", "2024-02-05", "2024-03-05"], "region": "x"}
    )
    table.assign(amount=1.0).to_excel(tmp_path / "orders.xlsx", index=False)
    options = {"orders": tmp_path / "orders.xlsx", "currency": "CNY", "by": ["region"], "bad_rows": "drop"}
    assert Run(read_settings(options=options)).buyers.table["region"].to_dict() == {7: "x", 8: "x"}


def test_orders_up_to_a_day_have_that_day_and_none_after(tmp_path):
    table = pd.DataFrame({"client": ["a", "b", "c"], "date": ["2024-01-01", "2024-03-31", "2024-04-01"], "amount": 1.0})
    table.to_csv(tmp_path / "orders.csv", index=False)
    orders = lb.read_transactions(tmp_path / "orders.csv", currency="CNY")
    assert until(orders, "2024-03-31").table["customer_id"].tolist() == ["a", "b"]
    assert until(orders, None) is orders
    assert until(orders, "2024-04-01") is orders


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", float("nan"), float("inf"), "1e999"])
def test_numbers_that_are_none_are_refused(number):
    for option in ("margin", "amount_unit", "visible_share", "draws"):
        with pytest.raises(InputError, match="should be a "):
            read_settings(options={option: number})


@pytest.mark.parametrize(
    ("option", "value", "english"),
    [
        ("method", "nutz", "method='nutz' should be one of auto, laplace, nuts. Did you mean 'nuts'?"),
        ("method", "xyzxyz", "method='xyzxyz' should be one of auto, laplace, nuts."),
        ("price_growth", "much", "price_growth='much' should be a number, or auto or none."),
        ("calendar_effects", "years", "calendar_effects='years' should be one of auto, none, week, month, quarter."),
        ("customer", " ", "customer=' ' should be text."),
    ],
)
def test_errors_of_settings_are_one_sentence_in_each_language(option, value, english):
    with pytest.raises(InputError) as told:
        read_settings(options={option: value})
    assert str(told.value) == english
    with in_language("zh"), pytest.raises(InputError) as told:
        read_settings(options={option: value})
    with in_language("zh"):
        chinese = str(told.value)
    for word in (option, value, *["auto", "none", "laplace", "nuts", "week", "month", "quarter"]):
        chinese = chinese.replace(word, "")
    assert not re.search("[A-Za-z]", chinese)
    assert "。。" not in chinese


# cures on the command line


@pytest.mark.parametrize(
    ("message", "section", "told"),
    [
        ("Pass a unit with amount_unit=.", "costs", "Pass a unit with --cost-unit."),
        ("Pass amount_unit='万元'.", "judgements", "Pass --judgement-unit '万元'."),
        ("Pass amount_unit=1000.", "orders", "Pass --amount-unit 1000."),
        (
            "with columns={'channel': '...', 'spend': '...'}.",
            "costs",
            "with --cost-column channel=NAME --cost-column spend=NAME.",
        ),
        ("whose it is by covers=, or pass shows_life=.", "", "whose it is by --covers, or pass --shows-life."),
        ("as in covers={'manager': ['Chen', 'Li']}", "judgements", "as in --covers manager=Chen,Li"),
        ("write covers={'manager': [...]}.", "", "write --covers manager=NAME."),
        ("Name the column with customer='...'.", "orders", "Name the column with --customer NAME."),
        ("Pass stages={'A': 0.4}", "opportunities", "Pass --stage A=0.4"),
        (
            "Pass realised=False, shows_life=True, confirmed=True.",
            "",
            "Pass --no-realised, --shows-life true, --confirmed.",
        ),
        ("history.rename(columns={'a': 'b'})", "costs", "history.rename(columns={'a': 'b'})"),
        ("请传入amount_unit=1。", "costs", "请传入--cost-unit 1。"),
        ("unknown=3, a==b", "costs", "unknown=3, a==b"),
    ],
)
def test_cures_name_options_of_the_command(message, section, told):
    options = {option_of(one) for _section, one in each_setting()}
    assert with_options(message, options, section) == told


def test_a_cure_names_the_file_and_its_section(tmp_path):
    (tmp_path / "fits").mkdir()
    table = pd.DataFrame({"customer": ["a", "a", "b"], "date": ["2024-01-01", "2024-05-05", "2024-03-03"]})
    table.assign(amount=[1.0, 2.0, 3.0], channel="Ads").to_csv(tmp_path / "orders.csv", index=False)
    pd.DataFrame({"channel": ["Ads"], "spend": [1000.0]}).to_csv(tmp_path / "costs.csv", index=False)
    text = '[orders]\nfile = "orders.csv"\ncurrency = "CNY"\n[costs]\nfile = "costs.csv"\n'
    (tmp_path / "run.toml").write_text(text)
    config = tmp_path / "run.toml"
    result = CliRunner().invoke(app, ["report", "--config", str(config), "--out", str(tmp_path / "out")])
    assert "--cost-column clients_won=NAME" in result.stderr
    assert f"(columns in [costs] of {config})" in " ".join(result.stderr.split())


def test_help_has_no_two_full_stops():
    help_text = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "200"}).stdout
    assert not re.search(r"[^.]\.\.(?!\.)", help_text)
