"""The command line: from the user's own files to values, and to a page and a workbook."""

import inspect
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ltv_bayes import __version__
from ltv_bayes.cli.options import fold_help, parameters, settings_of
from ltv_bayes.cli.outcome import Outcome, told
from ltv_bayes.cli.score import add_score
from ltv_bayes.errors import InputError
from ltv_bayes.language import N_, _, from_locale, in_language, language, languages
from ltv_bayes.runs.settings import Settings
from ltv_bayes.terminal import say

if TYPE_CHECKING:
    from ltv_bayes.reporting.files import Results
    from ltv_bayes.runs.run import Run

DATA = ("orders", "customers")
FITTED = ("purchases", "spend", "subscriptions")
OF_VALUE = ("judgements", "opportunities", "value")
ALL = (*DATA, *FITTED, *OF_VALUE, "costs", "plan", "analyses", "trust", "sampling", "output")
NOT_OF_A_FIT = ("fits", "title", "page", "workbook", "tables")
OF_CONTRACTS = ("renewals_within", "least_not_renewed", "movements")
LISTS = ("column", "tier", "slipping_since", "least_drop", "least_alive", *OF_CONTRACTS, "earlier_day")
FITS = Path("fits")
ORIGINS = 6
"""Of a backtest that is asked for by itself."""
SAVED = ("method", "tune", "chains", "title", "page", "workbook", "tables")
REPORTED = ("title", "page", "workbook", "tables")


def command_line() -> "App":
    """The commands, with their help in the current language."""
    made = App(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    made.callback(help=_("What customers are worth, and how sure we may be."))(_whole())
    for add in (_init, _report, _summarize, _fit, _value, _backtest, _demo):
        add(made)
    add_score(made)
    return made


class App(typer.Typer):
    """The commands, in the reader's language, on a terminal of any encoding: what it cannot write becomes a mark."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the command line names."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        with in_language(_language_of(sys.argv[1:])):
            if language() != "en":
                fold_help()
            return typer.Typer.__call__(command_line(), *args, **kwargs)


def _language_of(arguments: list[str]) -> str:
    """The language that the options ask for, or else the computer's."""
    for place, word in enumerate(arguments):
        name, _mark, value = word.partition("=")
        if name == "--language":
            asked = value or next(iter(arguments[place + 1 :]), "")
            return asked if asked in languages() else from_locale()
    return from_locale()


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ltv-bayes {__version__}")
        raise typer.Exit


def _whole() -> Callable[..., None]:
    """What stands before a command: version, and language, which `App` has read by then."""

    def whole(**given: Any) -> None:
        pass

    version = typer.Option("--version", callback=_show_version, is_eager=True, help=_("Show the version."))
    tongue = typer.Option("--language", help=_("Language of help and messages: en or zh."), metavar="[en|zh]")
    asked = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=usual, annotation=Annotated[kind, option])
        for name, kind, option, usual in (("version", bool, version, False), ("language", str | None, tongue, None))
    ]
    whole.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
    whole.__annotations__ = {part.name: part.annotation for part in asked}
    return whole


def _command(made: typer.Typer, name: str, says: str, offered: Any, work: Callable[..., None], *more: Any) -> None:
    """Make a command: its options are the settings it offers, and `more` of its own, which its work is given."""
    own = {part.name for part in more}

    def run(**given: Any) -> None:
        config, as_json, quiet = (given.pop(one) for one in ("config", "json", "quiet"))
        mine = {one: given.pop(one) for one in list(given) if one in own}
        _require_orders(name, config, given)
        with told(name, {*given, *mine}, as_json=as_json, quiet=quiet, config=config) as outcome:
            from ltv_bayes.runs.toml import read_settings

            settings = read_settings(config, given)
            with in_language(settings.output.language):
                work(settings, outcome, **mine)

    asked = [*parameters(offered), *more]
    run.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
    run.__annotations__ = {part.name: part.annotation for part in asked}
    made.command(name, help=_(says))(run)


def _require_orders(name: str, config: Path | None, given: dict[str, Any]) -> None:
    """Refuse a call that names nothing to read, as a wrong use."""
    if name != "demo" and config is None and given.get("orders") is None and given.get("subscriptions") is None:
        raise typer.BadParameter(_("name the file of orders, or a file of settings with --config"))


def _own(name: str, kind: Any, default: Any, says: str, **more: Any) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(help=_(says), **more)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _init(made: typer.Typer) -> None:
    says = N_("Read the orders and write a TOML file of a whole run, commented, to be changed and run again.")
    to = _own("to", Path, Path("run.toml"), N_("The file to write; one that is there is never written over."))

    def work(settings: Settings, outcome: Outcome, to: Path) -> None:
        from ltv_bayes.data.writing.table_files import write_bytes
        from ltv_bayes.runs.run import Run
        from ltv_bayes.runs.template import template

        if to.exists():
            raise InputError(_("{path} exists and is not written over. Choose another name with --to.", path=to))
        run = Run(settings)
        run.check()
        text = template(run, to.resolve().parent)
        if run.orders is not None and run.orders.report is not None:
            say(run.orders.report.text() + "\n")
        write_bytes(text.encode(), to)
        outcome.content["files"] = [str(to)]
        say(_("Written to {path}. Look it through, and run: ltv-bayes report --config {path}", path=to))

    _command(made, "init", says, settings_of(ALL), work, to)


def _report(made: typer.Typer) -> None:
    says = N_("From raw files to a page, a workbook and tables: everything, in one command.")

    def work(settings: Settings, outcome: Outcome) -> None:
        from ltv_bayes.cli.results import write_report

        run, results = _run(settings, "report", settings.output.folder or Path("report"), realised=True)
        write_report(run, results)
        _end(run, results, outcome)

    _command(made, "report", says, settings_of(ALL), work)


def _summarize(made: typer.Typer) -> None:
    says = N_("Turn an order log into one row per customer: frequency, recency, T, monetary value.")
    out = _own("out", Path, Path("customers.csv"), N_("Where to write the customer table, a .csv file."))

    def work(settings: Settings, outcome: Outcome, out: Path) -> None:
        from ltv_bayes.cli.results import write_customers
        from ltv_bayes.runs.run import Run

        outcome.content["files"] = [str(path) for path in write_customers(Run(settings), out)]

    offered = [*settings_of(DATA), *settings_of(["output"], (*REPORTED, "out"))]
    _command(made, "summarize", says, offered, work, out)


def _fit(made: typer.Typer) -> None:
    says = N_("Learn how often customers buy, what they spend and whether they renew, and save the fits.")
    out = _own("out", Path | None, None, N_("Folder for the fits; that of the settings, or fits."))

    def work(settings: Settings, outcome: Outcome, out: Path | None) -> None:
        from ltv_bayes.cli.results import write_fits

        anew = replace(settings, sampling=replace(settings.sampling, fits=None))
        run, results = _run(anew, "fit", out or settings.sampling.fits or FITS)
        write_fits(run, results)
        outcome.caution = run.caution
        outcome.content["converged"] = {name: bool(fit.converged) for name, fit in run.fits.items()}
        _files(results, outcome)

    _command(made, "fit", says, settings_of((*DATA, *FITTED, "sampling", "output"), (*NOT_OF_A_FIT, "out")), work, out)


def _value(made: typer.Typer) -> None:
    says = N_("Value customers with saved fits: the values and their pictures alone.")
    fits = _own("fits", Path | None, None, N_("Folder that the command fit wrote; that of the settings, or fits."))
    keep = _own("draws", int | None, None, N_("Draws per chain to use; all if left out."), min=1)
    model = _own(
        "save_model", Path | None, None, N_("Folder for the model, with which the command score values others.")
    )

    def work(
        settings: Settings, outcome: Outcome, fits: Path | None, draws: int | None, save_model: Path | None
    ) -> None:
        from ltv_bayes.cli.results import write_model, write_values

        saved = fits or settings.sampling.fits or FITS
        with_fits = replace(settings, sampling=replace(settings.sampling, fits=saved))
        run, results = _run(with_fits, "value", settings.output.folder or Path("values"), keep=draws)
        write_values(run, results)
        if save_model is not None:
            outcome.content["model"] = str(write_model(run, save_model))
        _end(run, results, outcome)

    without = (*SAVED, "fits", "draws", *LISTS)
    offered = settings_of((*DATA, "subscriptions", *OF_VALUE, "analyses", "sampling", "output"), without)
    _command(made, "value", says, offered, work, fits, keep, model)


def _backtest(made: typer.Typer) -> None:
    says = N_("Refit on what was known at several days, forecast what came after, and say whether the forecasts held.")
    horizon = _own("horizon", str | None, None, N_("How far ahead of each origin, with its unit. Usual: 1 year."))
    models = N_("Model of purchases: BGNBD, MBGNBD, BGCNBD, MBGCNBD, NBD; several are compared.")
    model = _own("model", list[str] | None, None, models)

    def work(settings: Settings, outcome: Outcome, horizon: str | None, model: list[str] | None) -> None:
        from ltv_bayes.cli.results import write_backtest

        trust, purchases = settings.trust, settings.purchases
        if horizon is not None:
            trust = replace(trust, horizon=horizon)
        if trust.origins == "auto":
            trust = replace(trust, origins=ORIGINS)
        if model:
            purchases, trust = replace(purchases, model=model[0]), replace(trust, compare=tuple(model[1:]))
        settings = replace(settings, trust=trust, purchases=purchases)
        run, results = _run(settings, "backtest", settings.output.folder or Path("backtest"))
        outcome.content["verdict"] = str(write_backtest(run, results).verdict)
        _files(results, outcome)

    sections = (*DATA, "purchases", "spend", "analyses", "trust", "sampling", "output")
    without = (*LISTS, *NOT_OF_A_FIT, "tune", "checks", "backtest_horizon", "compare", "model")
    _command(made, "backtest", says, settings_of(sections, without), work, horizon, model)


def _demo(made: typer.Typer) -> None:
    says = N_(
        "Compare a forecast of real customers with what happened, and value two simulated companies beside their truth."
    )
    own = (
        _own("out", Path, Path("demo_output"), N_("Folder for tables and pictures.")),
        _own("draws", int, 1000, N_("Posterior draws per chain."), min=1),
        _own("seed", int, 1, N_("The same seed gives the same numbers."), min=0),
    )

    def work(settings: Settings, outcome: Outcome, out: Path, draws: int, seed: int) -> None:
        from ltv_bayes.demo import run_demo

        _draw_without_screen()
        run_demo(out, draws=draws, random_seed=seed)

    _command(made, "demo", says, settings_of(["output"], (*REPORTED, "out")), work, *own)


def _run(settings: Settings, command: str, folder: Path, **how: Any) -> "tuple[Run, Results]":
    """The run that a command looks at, and the folder that it writes to; foreign files are refused before it begins."""
    from ltv_bayes.cli.results import names_of
    from ltv_bayes.reporting.files import Results
    from ltv_bayes.runs.run import Run

    _draw_without_screen()
    run = Run(settings, **{"realised": False, **how})
    run.check()
    return run, Results(folder, settings.files(), command=command, names=names_of(command, settings))


def _end(run: "Run", results: "Results", outcome: Outcome) -> None:
    """Record the terms of what was written, and tell it."""
    from ltv_bayes.cli.results import terms_of, totals_of

    outcome.caution = run.caution
    outcome.notes += [*map(str, run.ltv.notes()), *run.remarks]
    outcome.content |= {"terms": terms_of(run), "totals": totals_of(run)}
    for remark in run.remarks:
        say(remark)
    _files(results, outcome)


def _files(results: "Results", outcome: Outcome) -> None:
    outcome.content["folder"] = str(results.folder.resolve())
    outcome.content["files"] = results.written
    say("\n" + results.listing())


def _draw_without_screen() -> None:
    """Draw to files whatever the surroundings ask for: a notebook hands its own backend on to commands."""
    import matplotlib as mpl

    mpl.use("agg")


app = command_line()
