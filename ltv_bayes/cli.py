"""The command line: a demonstration, and the way from the user's own file to values."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

import ltv_bayes as lb
from ltv_bayes.demo import run_demo
from ltv_bayes.errors import LtvBayesError, LtvBayesWarning
from ltv_bayes.report.console import say, show
from ltv_bayes.report.files import write_csv
from ltv_bayes.report.pictures import save_picture

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What clients are worth, and how sure we may be.",
)

OrdersFile = Annotated[Path, typer.Argument(help="Order log: CSV, Excel or Parquet.")]
CustomerColumn = Annotated[str, typer.Option("--customer", help="Column with the customer's id.")]
DateColumn = Annotated[str, typer.Option("--date", help="Column with the order's date.")]
AmountColumn = Annotated[str, typer.Option("--amount", help="Column with the order's value.")]
DateFormat = Annotated[str | None, typer.Option(help="Format of ambiguous dates, such as %d/%m/%Y.")]
Currency = Annotated[str | None, typer.Option(help="Currency of the amounts, such as CNY.")]
AmountUnit = Annotated[str | None, typer.Option(help="What one unit of the amounts is: 万元, 亿 or a number.")]
AsOf = Annotated[
    str | None, typer.Option(help="Last day that counts, as in 2025-09-30; the last order's day if left out.")
]
Unit = Annotated[str, typer.Option("--time-unit", help="day, week, month, quarter or year.")]
Attributes = Annotated[Path | None, typer.Option(help="Table with one row per customer: industry, region, ...")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")]
Draws = Annotated[int, typer.Option(help="Posterior draws per chain.")]
Chains = Annotated[int, typer.Option(help="Markov chains.")]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path("demo_output"),
    draws: Draws = 1000,
    seed: Seed = 1,
) -> None:
    """Fit the CDNOW customers, hold the forecast to what happened, and value a simulated project business."""
    with _plain_messages():
        run_demo(out, draws=draws, random_seed=seed)


@app.command()
def summarize(
    orders: OrdersFile,
    customer: CustomerColumn = "customer_id",
    date: DateColumn = "date",
    amount: AmountColumn = "amount",
    date_format: DateFormat = None,
    currency: Currency = None,
    amount_unit: AmountUnit = None,
    as_of: AsOf = None,
    time_unit: Unit = "week",
    attributes: Attributes = None,
    out: Annotated[Path, typer.Option(help="Where to write the customer table.")] = Path("customers.csv"),
) -> None:
    """Turn an order log into one row per customer: frequency, recency, T, monetary value."""
    with _plain_messages():
        read = _orders(orders, customer, date, amount, date_format, currency, amount_unit)
        customers = lb.summarize(read, time_unit=time_unit, as_of=as_of, attributes=attributes)
        say(repr(customers))
        say(f"written: {write_csv(customers.table, out)}")
        if len(customers.dropped):
            left_out = out.with_name(f"{out.stem}_left_out.csv")
            say(f"written: {write_csv(customers.dropped, left_out)} (what was left out, and why)")


@app.command()
def fit(
    orders: OrdersFile,
    customer: CustomerColumn = "customer_id",
    date: DateColumn = "date",
    amount: AmountColumn = "amount",
    date_format: DateFormat = None,
    currency: Currency = None,
    amount_unit: AmountUnit = None,
    as_of: AsOf = None,
    time_unit: Unit = "week",
    draws: Draws = 1000,
    chains: Chains = 4,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for the two fits.")] = Path("fits"),
) -> None:
    """Fit BG/NBD and gamma-gamma to an order log and save both."""
    with _plain_messages():
        read = _orders(orders, customer, date, amount, date_format, currency, amount_unit)
        customers = lb.summarize(read, time_unit=time_unit, as_of=as_of)
        say(repr(customers))
        out.mkdir(parents=True, exist_ok=True)
        purchases = lb.BGNBD().fit(customers, draws=draws, chains=chains, random_seed=seed)
        spend = lb.GammaGamma().fit(customers, draws=draws, chains=chains, random_seed=seed)
        for name, fitted in (("purchases", purchases), ("spend", spend)):
            say(repr(fitted))
            show(fitted.summary(), title=f"Posterior of the {name} model", money=False)
            say(f"written: {fitted.save(out / f'{name}.nc')}")


@app.command()
def value(
    orders: OrdersFile,
    customer: CustomerColumn = "customer_id",
    date: DateColumn = "date",
    amount: AmountColumn = "amount",
    date_format: DateFormat = None,
    currency: Currency = None,
    amount_unit: AmountUnit = None,
    as_of: AsOf = None,
    time_unit: Unit = "week",
    attributes: Attributes = None,
    fits: Annotated[Path, typer.Option(help="Folder that `fit` wrote.")] = Path("fits"),
    judgements: Annotated[
        Path | None, typer.Option(help="Judged opportunities: customer_id, probability, low, high.")
    ] = None,
    horizon: Annotated[str, typer.Option(help="How far ahead, with its unit.")] = "3 years",
    discount_rate: Annotated[float, typer.Option(help="A year, 0.10 for 10%.")] = 0.10,
    margin: Annotated[float, typer.Option(help="Share of revenue that is kept, 0.35 for 35%.")] = 1.0,
    realised: Annotated[bool, typer.Option(help="Add what customers have brought so far.")] = False,
    by: Annotated[str | None, typer.Option(help="Column of the attributes to compare segments by.")] = None,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path("values"),
) -> None:
    """Value the customers of an order log with saved fits, and judged opportunities if there are any."""
    with _plain_messages():
        read = _orders(orders, customer, date, amount, date_format, currency, amount_unit)
        customers = lb.summarize(read, time_unit=time_unit, as_of=as_of, attributes=attributes)
        ltv = lb.lifetime_value(
            customers,
            [lb.RepeatPurchases(lb.load_fit(fits / "purchases.nc"), lb.load_fit(fits / "spend.nc"))],
            future_value=None if judgements is None else lb.FutureValuePriors.from_judgements(judgements),
            horizon=horizon,
            discount_rate=discount_rate,
            margin=margin,
            realised=realised,
            random_seed=seed,
            progressbar=True,
        )
        out.mkdir(parents=True, exist_ok=True)
        write_values(ltv, by, out)


def write_values(ltv: Any, by: str | None, out: Path) -> None:
    """Print and write the value of each customer, of the book, and of segments."""
    say(repr(ltv))
    table = ltv.summary().sort_values("mean", ascending=False)
    show(table.head(10), title="The customers worth most", currency=ltv.currency)
    say(f"written: {write_csv(table, out / 'lifetime_value.csv')}")
    say(f"written: {save_picture(lb.plot_lifetime_value(ltv), out / 'lifetime_value.png')}")
    if by is not None:
        segments = ltv.by(by)
        show(segments.summary(), title=f"By {by}", currency=ltv.currency)
        for sentence in segments.compare().get("sentence", pd.Series(dtype=str)):
            say(sentence)
        say(f"written: {write_csv(segments.summary(), out / 'segments.csv')}")
        say(f"written: {write_csv(segments.compare(), out / 'segments_compared.csv')}")
        say(f"written: {save_picture(lb.plot_segments(segments), out / 'segments.png')}")


def _orders(
    path: Path,
    customer: str,
    date: str,
    amount: str,
    date_format: str | None,
    currency: str | None,
    amount_unit: str | None,
) -> lb.Transactions:
    return lb.read_transactions(
        path,
        customer=customer,
        date=date,
        amount=amount,
        date_format=date_format,
        currency=currency,
        amount_unit=_number_or_text(amount_unit),
    )


def _number_or_text(unit: str | None) -> float | str | None:
    try:
        return None if unit is None else float(unit)
    except ValueError:
        return unit


@contextlib.contextmanager
def _plain_messages() -> Iterator[None]:
    """Show errors and warnings of this package as sentences; others keep their traceback."""

    def write(message: Any, category: type[Warning], *rest: Any) -> None:
        if issubclass(category, LtvBayesWarning):
            typer.secho(f"warning: {message}", fg="yellow", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = write
        try:
            yield
        except LtvBayesError as error:
            typer.secho(f"error: {error}", fg="red", err=True)
            raise typer.Exit(1) from None
