"""The command score: customers of a file valued with a saved model."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from ltv_bayes.cli.outcome import told
from ltv_bayes.errors import InputError
from ltv_bayes.language import N_, _
from ltv_bayes.terminal import say

OPTIONS = ("out", "as_of", "time_unit", "customer_id", "segments", "thresholds", "tiers", "horizon", "random_seed")
SAYS = N_("Score customers of a file with a saved model, as value --save-model writes it: one row each, and the total.")


def add_score(made: typer.Typer) -> None:
    """Add the command."""
    argument, option = typer.Argument, typer.Option
    out = option(help=_("Where to write the scores, a .parquet or .csv file."))
    as_of = option(help=_("Day on which observation of these customers ended, where the file does not say it."))
    unit = option(help=_("Unit of recency and T, where the file does not say it; that of the model if not given."))
    column = option(help=_("Column of the customers' ids."))
    by = option("--by", "--segments", help=_("Column by which totals are added up; may be given several times."))
    above = option("--threshold", "--thresholds", help=_("Amount whose chance of being exceeded is written."))
    tier = option(
        "--tier", "--tiers", help=_("Tier and the amount above which it begins, as in A=10000; the rest is last: C.")
    )
    horizon = option(help=_("One of the model's horizons, if not the one that it reports."))
    seed = option("--seed", "--random-seed", help=_("Seed of all draws, if not the model's."), min=0)
    leave = option("--report-problems", help=_("Leave out who cannot be scored, and list them beside the scores."))
    as_json = option("--json", help=_("Write one JSON object to the output, and what is for readers to the other."))
    quiet = option("--quiet", help=_("Write nothing but errors and warnings."))

    def score(
        model: Annotated[Path, argument(help=_("Folder of the model."), metavar="MODEL")],
        customers: Annotated[
            str, argument(help=_("One row a customer: Parquet, a folder of it, CSV or Excel."), metavar="CUSTOMERS")
        ],
        out: Annotated[Path, out] = Path("scores.parquet"),
        as_of: Annotated[str | None, as_of] = None,
        time_unit: Annotated[str | None, unit] = None,
        customer_id: Annotated[str, column] = "customer_id",
        by: Annotated[list[str] | None, by] = None,
        threshold: Annotated[list[float] | None, above] = None,
        tier: Annotated[list[str] | None, tier] = None,
        horizon: Annotated[str | None, horizon] = None,
        seed: Annotated[int | None, seed] = None,
        report_problems: Annotated[bool, leave] = False,
        as_json: Annotated[bool, as_json] = False,
        quiet: Annotated[bool, quiet] = False,
    ) -> None:
        given: dict[str, Any] = {"as_of": as_of, "time_unit": time_unit, "customer_id": customer_id, "horizon": horizon}
        given |= {"segments": by or [], "thresholds": threshold or [], "random_seed": seed}
        with told("score", OPTIONS, as_json=as_json, quiet=quiet) as outcome:
            given |= {"tiers": _tiers(tier or []), "errors": "report" if report_problems else "raise"}
            scores = _scored(model, customers, out, given)
            say(repr(scores))
            for column in by or []:
                say("\n" + repr(scores.by(column)))
            files = [out, *_problems(scores, out)]
            outcome.caution, outcome.content = scores.caution, _content(scores, by or [], files)
            for file in files:
                say(_("Written to {path}", path=file.resolve()))

    made.command("score", help=_(SAYS))(score)


def _scored(model: Path, customers: str, out: Path, given: dict[str, Any]) -> Any:
    import ltv_bayes as lb
    from ltv_bayes.data.writing.table_files import write_csv

    table = out.suffix.lower() == ".csv"
    if not table and out.suffix.lower() != ".parquet":
        raise InputError(_("{path} does not end in .parquet or .csv, which names the format to write.", path=out))
    if out.resolve() == Path(customers).resolve():
        raise InputError(_("The customers live in {name}, so nothing else can be written there.", name=out.name))
    source: Any = customers if customers.endswith(".parquet") or Path(customers).is_dir() else lb.read_table(customers)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "scores.parquet" if table else out
        scores = lb.score(source, model, to=place, progressbar=True, **given)
        if table:
            write_csv(lb.read_table(place).set_index("customer_id"), out)
    return scores


def _tiers(given: list[str]) -> dict[str, float | None]:
    """Tiers as A=10000, and the last by its name alone."""
    found: dict[str, float | None] = {}
    for one in given:
        name, _mark, limit = one.partition("=")
        if None in found.values():
            rest = given[len(found) - 1]
            raise InputError(
                _(
                    "--tier {rest} has no amount, so it is all the rest. "
                    "Pass it last: --tier A=10000 --tier B=1000 --tier C.",
                    rest=rest,
                )
            )
        if name in found:
            raise InputError(_("--tier {name} is there twice. Give each tier a name of its own.", name=name))
        try:
            found[name] = float(limit) if limit else None
        except ValueError:
            raise InputError(_("--tier takes a name and an amount, as in A=10000, not {one!r}.", one=one)) from None
    return found


def _problems(scores: Any, out: Path) -> list[Path]:
    """Who could not be scored, written beside; what an earlier run wrote there goes, as it is of other scores."""
    from ltv_bayes.data.writing.table_files import write_csv

    place = out.with_name(f"{out.stem}_problems.csv")
    if len(scores.problems):
        return [write_csv(scores.problems.set_index("customer_id"), place)]
    if place.is_file() and _first_line(place) == ",".join(scores.problems.columns):
        place.unlink()
    return []


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        return lines.readline().strip()


def _content(scores: Any, by: list[str], files: list[Path]) -> dict[str, Any]:
    """What a machine is told."""
    total = scores.explain().loc["total"].drop(["share", "caution"], errors="ignore") if scores.customers else {}
    return {
        "customers": scores.customers,
        "not_scored": len(scores.problems),
        "total": {str(name): float(value) for name, value in total.items()},
        "segments": {column: scores.by(column).summary().reset_index().to_dict("records") for column in by},
        "files": [str(file) for file in files],
    }
