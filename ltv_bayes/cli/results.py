"""What commands print, and the files that they write."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.writing.table_files import write_csv
from ltv_bayes.evaluation.rolling.comparison import ModelComparison
from ltv_bayes.evaluation.rolling.result import RollingBacktest
from ltv_bayes.formatting import label
from ltv_bayes.intervals import bound_columns, interval_settings
from ltv_bayes.language import _
from ltv_bayes.reporting.contents.parts import CustomerTable, Table
from ltv_bayes.reporting.files import Results, refuse_foreign_table, refuse_inputs
from ltv_bayes.runs.run import Run
from ltv_bayes.runs.settings import Settings
from ltv_bayes.terminal import say, show
from ltv_bayes.value.decisions.breakdown import explain_to_come
from ltv_bayes.value.valued import TOTAL

PAGE, WORKBOOK = "report.html", "report.xlsx"
TABLES = (
    *("customers", "years", "sources", "horizons", "tiers", "upside", "slipping_away", "acquisition", "trend"),
    *("equity", "equity_channels", "equity_years", "movements", "movements_ahead", "retention_ahead", "at_risk"),
    *("judgements", "conflicts", "backtest", "models", "checks", "read", "columns", "status"),
)
"""Tables of a report, beside those of its segments."""
SHOWN = 10


def names_of(command: str, of: Settings) -> list[str]:
    """Names of all files that a command may write; what others left there is refused before anything is computed.

    Parameters
    ----------
    command : str
        fit, value, backtest or report.
    of : Settings
        What is to be written.
    """
    segments = [f"segments_{place}" if place > 1 else "segments" for place in range(1, len(of.analyses.by) + 1)]
    compared = [f"{name}_compared" for name in segments]
    match command:
        case "fit":
            return ["purchases.nc", "spend.nc", *(["renewals_*.nc"] if of.subscriptions.file is not None else [])]
        case "value":
            tables = ["lifetime_value", "sources", *segments, *compared]
            return [*(f"{name}.csv" for name in tables), *(f"{name}.png" for name in (*tables[:2], *segments))]
        case "backtest":
            tables = ["backtest", "totals", "scores", "models", "deciles"]
            pictures = ["backtest", "cohorts", "deciles", "models"]
            return [*(f"{name}.csv" for name in tables), *(f"{name}.png" for name in pictures)]
    tables = [*TABLES, *segments, *compared] if of.output.tables else []
    return [
        *([PAGE] if of.output.page else []),
        *([WORKBOOK] if of.output.workbook else []),
        *(f"{name}.csv" for name in tables),
    ]


def write_customers(run: Run, out: Path) -> list[Path]:
    """Write the customer table, and what was left out."""
    inputs = run.settings.files()
    left_out = out.with_name(f"{out.stem}_left_out.csv")
    for path, header in ((out, "customer_id,frequency,recency,T"), (left_out, "row,reason,customer_id")):
        refuse_foreign_table(path, header)
        refuse_inputs(path, inputs)
    orders, customers = run.orders, run.buyers
    assert orders is not None
    assert orders.report is not None
    assert customers is not None
    say(orders.report.text() + "\n")
    say(repr(customers))
    found = [write_csv(customers.table, out)]
    say("\n" + _("Written to {path}: one row per customer", path=out.resolve()))
    if len(customers.dropped):
        found.append(write_csv(customers.dropped, left_out))
        say(_("Written to {path}: what was left out, and why", path=left_out.resolve()))
    return found


def write_fits(run: Run, results: Results) -> None:
    """Fit and save each model."""
    say(repr(run.customers))
    for name, fitted in run.fits.items():
        say("\n" + repr(fitted))
        show(fitted.summary(), title=_("Posterior of the {name} model", name=label(name)), amounts=False)
        results.file(f"{name}.nc", _("fit of the {name} model", name=label(name)), fitted.save)
    _finish(run, results, {})


def write_values(run: Run, results: Results) -> None:
    """Print and write the value of each customer, of the portfolio and of segments."""
    from ltv_bayes.plots.values import plot_lifetime_value, plot_segments, plot_waterfall

    ltv = run.ltv
    say(str(ltv))
    ranked = ltv.ranked()
    show(ranked.head(SHOWN), title=_("The customers worth most, for what is still to come"), currency=ltv.currency)
    results.table(ltv.summary().loc[ranked.index], "lifetime_value.csv", _("value of each customer, with its interval"))
    results.table(ltv.explain(), "sources.csv", _("where the value of all customers comes from"))
    results.picture(plot_lifetime_value(ltv), "lifetime_value.png", _("the customers worth most"))
    results.picture(plot_waterfall(ltv.explain()), "sources.png", _("where the value of all customers comes from"))
    for place, segments in enumerate(run.segments, 1):
        name = f"segments_{place}" if place > 1 else "segments"
        _print_segments(segments)
        results.table(segments.summary(), f"{name}.csv", _("value of each segment"))
        results.table(
            segments.compare(), f"{name}_compared.csv", _("each pair of segments: difference and probability")
        )
        results.picture(plot_segments(segments), f"{name}.png", _("value per customer of each segment"))
    _finish(run, results, terms_of(run))


def write_model(run: Run, folder: Path) -> Path:
    """Save what the value was made with, in the place of an earlier model."""
    from ltv_bayes.scoring.saved import save_model

    place = save_model(run.ltv, folder, overwrite=True)
    say(_("Model written to {path}", path=place.resolve()))
    return place


def write_report(run: Run, results: Results) -> None:
    """Print what leads, and write page, workbook and tables."""
    if run.orders is not None:
        say(repr(run.orders.report) + "\n")
    ltv, found = run.ltv, run.report
    say(str(ltv))
    ranked = ltv.ranked()
    show(ranked.head(SHOWN), title=_("The customers worth most, for what is still to come"), currency=ltv.currency)
    for segments in run.segments:
        _print_segments(segments)
    for part in (run.acquisition, run.equity, run.recurring.at_risk, found.material.backtest):
        say(f"\n{part}") if part is not None else None
    of = run.settings.output
    if of.page:
        results.file(PAGE, _("the report as a page"), found.to_html)
    if of.workbook:
        results.file(WORKBOOK, _("the report as a workbook"), found.to_excel)
    for table in found.document().tables() if of.tables else []:
        _csv(table, results)
    _finish(run, results, terms_of(run))


def _csv(table: Table | CustomerTable, results: Results) -> None:
    key, title = (table.key, table.title) if isinstance(table, Table) else ("customers", _("all customers"))
    results.table(table.frame, f"{key}.csv", title)


def write_backtest(run: Run, results: Results) -> RollingBacktest | ModelComparison:
    """Print and write whether forecasts held, and give the backtest."""
    from ltv_bayes.plots.backtests import plot_backtest, plot_cohorts, plot_deciles

    found = run.backtest(results.folder / "origins")
    say(str(found))
    if isinstance(found, ModelComparison):
        totals = {name: one.totals() for name, one in found.backtests.items()}
        results.table(found.summary(), "models.csv", _("each model: coverage, scores, and how far from the best"))
        results.table(
            pd.concat(totals, names=["model"]), "totals.csv", _("each model, origin and segment, with scores")
        )
        results.table(found.scores(), "scores.csv", _("each model over all origins, beside naive forecasts"))
        results.picture(plot_backtest(found), "models.png", _("totals, and errors beside the best model's"))
    else:
        assert isinstance(found, RollingBacktest)
        results.table(
            found.summary(), "backtest.csv", _("each origin: the total beside its forecast, scores of customers")
        )
        results.table(found.totals(), "totals.csv", _("each origin and segment, with scores"))
        results.table(found.scores(), "scores.csv", _("all origins together, beside naive forecasts"))
        results.table(
            found.deciles(), "deciles.csv", _("customers in tenths by their forecast, and what they were worth")
        )
        results.picture(plot_backtest(found), "backtest.png", _("totals and coverage"))
        results.picture(plot_cohorts(found), "cohorts.png", _("cohort curves"))
        results.picture(plot_deciles(found), "deciles.png", _("customers in tenths by their forecast"))
    _finish(run, results, {"horizon": run.settings.trust.horizon})
    return found


def terms_of(run: Run) -> dict[str, Any]:
    """On which terms customers were valued, for machines."""
    terms, settings = run.ltv.settings.terms, run.ltv.settings
    prob, kind = interval_settings(None, None)
    return {
        "customers": len(run.ltv.customers),
        "currency": run.ltv.currency,
        "as_of": None if terms.as_of is None else terms.as_of.isoformat(),
        "horizon": str(terms.horizon),
        "discount_rate": terms.discount_rate,
        "margin": str(settings.margin),
        "realised": settings.realised,
        "interval_prob": prob,
        "interval_kind": kind,
    }


def totals_of(run: Run) -> dict[str, Any]:
    """The value of all customers, of each source, and without what is realised, for machines."""
    explained = run.ltv.explain()
    low, high = bound_columns(explained)
    columns = {"mean": "mean", "median": "median", "low": low, "high": high}
    found, to_come = (
        {str(name): {ours: float(row[theirs]) for ours, theirs in columns.items()} for name, row in table.iterrows()}
        for table in (explained, explain_to_come(explained))
    )
    return {"total": found.pop(TOTAL), "sources": found, "to_come": to_come[TOTAL]}


def _print_segments(segments: Any) -> None:
    compared = segments.compare()
    show(segments.summary(), title=_("By {column}", column=segments.column), currency=segments.currency)
    if len(compared):
        say()
        for sentence in compared["sentence"].head(len(segments.customers) - 1):
            say(" ".join(sentence.split()))


def _finish(run: Run, results: Results, terms: dict[str, Any]) -> None:
    """State the terms beside the files, and remove what an earlier run wrote and this one did not."""
    known = run.buyers if run.buyers is not None else run.customers
    terms = {"currency": known.currency, "as_of": str(known.as_of), "time_unit": known.time_unit} | terms
    words = [_("Written by: ltv-bayes {command}, {day}", command=results.command, day=dt.date.today())]
    if "margin" in terms:
        words.append(_("Values are stated for {settings}.", settings=run.ltv.settings))
    words.append(_("Currency: {currency}", currency=known.currency or _("not known")))
    removed = results.finish({"terms": terms, "settings": run.settings.given()}, "\n".join(words))
    if removed:
        say(_("Removed, as an earlier run wrote them and this one did not: {files}", files=", ".join(removed)))
