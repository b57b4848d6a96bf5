"""The command line: a demonstration, and the way from the user's own file to values."""

import inspect
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import ltv_bayes as lb
from ltv_bayes.cli.messages import plain_messages
from ltv_bayes.errors import ColumnError, FitError, InputError, a_kind, suggestion
from ltv_bayes.sizes import DISCOUNT_RATE, MARGIN
from ltv_bayes.terminal import say, show

if TYPE_CHECKING:
    from ltv_bayes.reporting.files import Results


class App(typer.Typer):
    """The commands, on a terminal of any encoding: what it cannot write becomes a question mark."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the command line names."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return super().__call__(*args, **kwargs)


app = App(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What customers are worth, and how sure we may be.",
)

MODELS = ("BGNBD", "MBGNBD", "BGCNBD", "MBGCNBD", "NBD")
"""Models of purchases that have usual settings."""

Attributes = Annotated[Path | None, typer.Option(help="Table with one row per customer: industry, region, ...")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")]
Draws = Annotated[int, typer.Option(min=1, help="Posterior draws per chain.")]
Chains = Annotated[int, typer.Option(min=1, help="Markov chains.")]


@dataclass(frozen=True)
class OrderLog:
    """The user's orders, and how to read them: the options that several commands share."""

    orders: Annotated[Path, typer.Argument(help="Order log: CSV, Excel or Parquet, one row an order.")]
    customer: Annotated[str, typer.Option(help="Column with the customer's id; auto by usual names.")] = "auto"
    date: Annotated[str, typer.Option(help="Column with the order's date; auto by usual names.")] = "auto"
    amount: Annotated[str, typer.Option(help="Column with the order's value; auto by usual names.")] = "auto"
    order_id: Annotated[str, typer.Option(help="Column with the order's number; auto by usual names.")] = "auto"
    preset: Annotated[str | None, typer.Option(help="salesforce, hubspot, fxiaoke, jiandaoyun or shopify.")] = None
    keep: Annotated[
        list[str] | None, typer.Option(help="Rows that are orders: Status=Paid,Shipped (once a column), or all.")
    ] = None
    lines: Annotated[str, typer.Option(help="Rows of one order: add, once (a repeated total), or auto.")] = "auto"
    amount_unit: Annotated[str | None, typer.Option(help="What 1 in that column is: 万元, 亿 or a number.")] = None
    currency: Annotated[str | None, typer.Option(help="Currency of the amounts, such as CNY.")] = None
    date_format: Annotated[str | None, typer.Option(help="How ambiguous dates are written, as in %d/%m/%Y.")] = None
    time_zone: Annotated[str | None, typer.Option(help="Where the days are, as in Asia/Shanghai.")] = None
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of the amounts: . or , (else found out).")] = None
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file; else found out.")] = None
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook; all for every sheet.")] = None
    header: Annotated[int | None, typer.Option(help="Row of the header; else found out.")] = None
    bad_rows: Annotated[str, typer.Option(help="Rows that cannot be read: error stops, drop leaves them out.")] = (
        "error"
    )
    time_unit: Annotated[str, typer.Option(help="hour, day, week, month, quarter or year.")] = "week"
    as_of: Annotated[str | None, typer.Option(help="Last day that counts, 2025-09-30; else the last order's.")] = None

    def transactions(self) -> "lb.Transactions":
        """Read the orders."""
        reading = vars(self) | {"amount_unit": _number_or_text(self.amount_unit), "keep": _words_to_keep(self.keep)}
        for name in ("time_unit", "as_of"):
            reading.pop(name)
        return lb.read_transactions(reading.pop("orders"), **reading)

    def customers(self, attributes: Path | None = None, orders: "lb.Transactions | None" = None) -> "lb.Customers":
        """Read the orders, unless they were read, and make one row per customer."""
        return lb.summarize(
            orders or self.transactions(), attributes=attributes, time_unit=self.time_unit, as_of=self.as_of
        )


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function, with errors as sentences; its parameter `log` becomes the options of `OrderLog`."""
    own = dict(inspect.signature(function).parameters)
    shared = dict(inspect.signature(OrderLog).parameters) if own.pop("log", None) else {}

    def run(**given: Any) -> None:
        with plain_messages(set(given)):
            log = [OrderLog(**{name: given.pop(name) for name in shared})] if shared else []
            function(*log, **given)

    asked = [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in (shared | own).values()]
    run.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
    run.__annotations__ = {part.name: part.annotation for part in asked}
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return app.command()(run)


@command
def demo(
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path("demo_output"),
    draws: Draws = 1000,
    seed: Seed = 1,
) -> None:
    """Compare a forecast of real customers with what happened, and value two simulated companies beside their truth."""
    from ltv_bayes.demo import run_demo

    draw_without_screen()
    run_demo(out, draws=draws, random_seed=seed)


@command
def summarize(
    log: OrderLog,
    attributes: Attributes = None,
    out: Annotated[Path, typer.Option(help="Where to write the customer table, a .csv file.")] = Path("customers.csv"),
) -> None:
    """Turn an order log into one row per customer: frequency, recency, T, monetary value."""
    from ltv_bayes.data.writing.table_files import write_csv
    from ltv_bayes.reporting.files import refuse_foreign_table, refuse_inputs

    left_out = out.with_name(f"{out.stem}_left_out.csv")
    for path, header in ((out, "customer_id,frequency,recency,T"), (left_out, "row,reason,customer_id")):
        refuse_foreign_table(path, header)
        refuse_inputs(path, [log.orders, attributes])
    orders = log.transactions()
    customers = log.customers(attributes, orders)
    say(orders.report.text() + "\n")
    say(repr(customers))
    out.parent.mkdir(parents=True, exist_ok=True)
    say(f"\nWritten to {write_csv(customers.table, out).resolve()}: one row per customer")
    if len(customers.dropped):
        say(f"Written to {write_csv(customers.dropped, left_out).resolve()}: what was left out, and why")


@command
def fit(
    log: OrderLog,
    draws: Draws = 1000,
    chains: Chains = 4,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for the two fits.")] = Path("fits"),
) -> None:
    """Learn how often customers buy and what they spend (BG/NBD, gamma-gamma), and save both fits."""
    customers = log.customers()
    say(repr(customers))
    out.mkdir(parents=True, exist_ok=True)
    for name, model in (("purchases", lb.BGNBD()), ("spend", lb.GammaGamma())):
        say(f"\nFitting the {name} model ...")
        fitted = model.fit(customers, draws=draws, chains=chains, random_seed=seed)
        path = fitted.save(out / f"{name}.nc")
        say(repr(fitted))
        show(fitted.summary(), title=f"Posterior of the {name} model", amounts=False)
        say(f"Written to {path.resolve()}")


@command
def value(
    log: OrderLog,
    attributes: Attributes = None,
    fits: Annotated[Path, typer.Option(help="Folder that the command fit wrote.")] = Path("fits"),
    judgements: Annotated[
        Path | None, typer.Option(help="Judged opportunities: customer_id, probability, low, high.")
    ] = None,
    horizon: Annotated[str, typer.Option(help="How far ahead, with its unit.")] = "3 years",
    discount_rate: Annotated[float, typer.Option(help="A year, 0.10 for 10%; as in Python, none if not given.")] = (
        DISCOUNT_RATE
    ),
    margin: Annotated[float, typer.Option(help="Share of revenue that is kept, 0.35 for 35%; all if not given.")] = (
        MARGIN
    ),
    realised: Annotated[bool, typer.Option(help="Add the revenue of customers so far.")] = False,
    by: Annotated[str | None, typer.Option(help="Column of the attributes to compare segments by.")] = None,
    draws: Annotated[int | None, typer.Option(min=1, help="Draws per chain to use; all if left out.")] = None,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path("values"),
) -> None:
    """Value customers with saved fits, and with judged opportunities if there are any."""
    from ltv_bayes.reporting.files import Results

    draw_without_screen()
    purchases = load(fits / "purchases.nc", lb.FittedPurchases, draws)
    spend = load(fits / "spend.nc", lb.FittedSpend, draws)
    judged = None if judgements is None else lb.FutureValuePriors.from_judgements(judgements)
    customers = log.customers(attributes)
    if by is not None and by not in customers.table:
        raise ColumnError(f"The customers have no column {by!r}. {suggestion(by, map(str, customers.table.columns))}")
    results = Results(out, [log.orders, attributes, judgements])
    ltv = lb.lifetime_value(
        customers,
        [lb.RepeatPurchases(purchases, spend)],
        future_value=judged,
        horizon=horizon,
        discount_rate=discount_rate,
        margin=margin,
        realised=realised,
        random_seed=seed,
        progressbar=True,
    )
    report_values(ltv, results)
    if by is not None:
        report_segments(ltv.by(by), results)
    say(f"\n{results.listing()}")


@command
def backtest(
    log: OrderLog,
    horizon: Annotated[str, typer.Option(help="How far ahead of each origin, with its unit.")] = "1 year",
    origins: Annotated[int, typer.Option(min=1, help="How many origins; --as-of names one in their place.")] = 6,
    model: Annotated[
        list[str] | None, typer.Option(help=f"Model of purchases: {', '.join(MODELS)}; several are compared.")
    ] = None,
    attributes: Attributes = None,
    by: Annotated[str | None, typer.Option(help="Column of the attributes to compare segments by.")] = None,
    draws: Draws = 1000,
    chains: Chains = 4,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures; an interrupted backtest goes on.")] = Path(
        "backtest"
    ),
) -> None:
    """Refit on what was known at several days, forecast what came after, and say whether the forecasts held."""
    from ltv_bayes.reporting.files import Results

    draw_without_screen()
    results = Results(out, [log.orders, attributes])
    chosen: dict[str, Any] = {"origins": origins} if log.as_of is None else {"as_of": [log.as_of]}
    kinds = dict.fromkeys(map(model_named, model or MODELS[:1]))
    several = {kind.__name__: kind() for kind in kinds}
    chosen |= {"models": several} if len(several) > 1 else {"purchases": next(iter(several.values()))}
    found = lb.backtest(
        log.transactions(),
        **chosen,
        horizon=horizon,
        time_unit=log.time_unit,
        attributes=attributes,
        by=by,
        folder=out / "origins",
        random_seed=seed,
        draws=draws,
        chains=chains,
    )
    say(str(found))
    if isinstance(found, lb.ModelComparison):
        import pandas as pd

        totals = {name: one.totals() for name, one in found.backtests.items()}
        results.table(found.summary(), "models.csv", "each model: coverage, scores, and how far from the best")
        results.table(pd.concat(totals, names=["model"]), "totals.csv", "each model, origin and segment, with scores")
        results.table(found.scores(), "scores.csv", "each model over all origins, beside naive forecasts")
        results.picture(lb.plot_backtest(found), "models.png", "totals, and errors beside the best model's")
    else:
        assert isinstance(found, lb.RollingBacktest)
        report_backtest(found, results)
    say(f"\n{results.listing()}")


def report_backtest(found: "lb.RollingBacktest", results: "Results") -> None:
    """Write the tables and pictures of a backtest of one model."""
    results.table(found.summary(), "backtest.csv", "each origin: the total beside its forecast, scores of customers")
    results.table(found.totals(), "totals.csv", "each origin and segment, with scores")
    results.table(found.scores(), "scores.csv", "all origins together, beside naive forecasts")
    results.table(found.deciles(), "deciles.csv", "customers in tenths by their forecast, and what they were worth")
    results.picture(lb.plot_backtest(found), "backtest.png", "totals and coverage")
    results.picture(lb.plot_cohorts(found), "cohorts.png", "cohort curves")
    results.picture(lb.plot_deciles(found), "deciles.png", "customers in tenths by their forecast")


def model_named(name: str) -> Any:
    """The model of purchases that a name stands for, however it is written: BG/NBD, bg-nbd, BGNBD."""
    plain = "".join(letter for letter in name.upper() if letter.isalnum())
    if plain not in MODELS:
        raise InputError(f"There is no model {name!r}. {suggestion(plain, MODELS)}")
    return getattr(lb, plain)


def report_values(ltv: "lb.LifetimeValue", results: "Results") -> None:
    """Print and write the value of each customer and of the portfolio."""
    say(str(ltv))
    ranked = ltv.ranked()
    show(ranked.head(10), title="The customers worth most, for what is still to come", currency=ltv.currency)
    results.table(ltv.summary().loc[ranked.index], "lifetime_value.csv", "value of each customer, with its interval")
    results.table(ltv.explain(), "sources.csv", "where the value of all customers comes from")
    results.picture(lb.plot_lifetime_value(ltv), "lifetime_value.png", "the customers worth most")
    results.picture(lb.plot_waterfall(ltv.explain()), "sources.png", "where the value of all customers comes from")


def report_segments(segments: Any, results: "Results") -> None:
    """Print and write the value of each segment, and how they compare."""
    column, compared = segments.column, segments.compare()
    show(segments.summary(), title=f"By {column}", currency=segments.currency)
    if len(compared):
        say()
        for sentence in compared["sentence"].head(len(segments.customers) - 1):
            say(" ".join(sentence.split()))
    results.table(segments.summary(), "segments.csv", "value of each segment")
    results.table(compared, "segments_compared.csv", "each pair of segments: difference and probability")
    results.picture(lb.plot_segments(segments), "segments.png", "value per customer of each segment")


def load(path: Path, kind: Any, draws: int | None) -> Any:
    """Read a saved fit, check its kind, and keep the given number of draws of each chain."""
    if not path.is_file():
        raise FitError(f"There is no file {path}. Run the command fit first, or name its folder with --fits.")
    fitted = lb.load_fit(path)
    if not isinstance(fitted, kind):
        raise FitError(f"{path} holds {a_kind(fitted)}, not {a_kind(kind)}. Run the command fit again.")
    return fitted if draws is None else fitted.thin(draws)


def draw_without_screen() -> None:
    """Draw to files whatever the surroundings ask for: a notebook hands its own backend on to commands."""
    import matplotlib as mpl

    mpl.use("agg")


def _words_to_keep(given: list[str] | None) -> dict[str, list[str] | str] | str | None:
    """Read --keep: words by column, or all."""
    if not given or given == ["all"]:
        return "all" if given else None
    found: dict[str, list[str] | str] = {}
    for one in given:
        column, mark, words = one.partition("=")
        if not mark:
            raise typer.BadParameter(f"{one!r} needs a column and its words, as in --keep 'Status=Paid,Shipped'")
        found[column] = words if words == "all" else [word.strip() for word in words.split(",")]
    return found


def _number_or_text(unit: str | None) -> float | str | None:
    try:
        return None if unit is None else float(unit)
    except ValueError:
        return unit
