"""What is measured, and what is demanded of it: the lines of the table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DRAWS = {"draws": 1000, "tune": 1000}
FEW_DRAWS = {"draws": 200, "tune": 200}
GROWTH = (3, 4, 5, 6, 7)
LARGEST_VALUED = 6
Measure = Literal["seconds", "peak_gb", "times faster", "times as efficient", "times the query"]


@dataclass(frozen=True)
class Task:
    """A function of ours.py or peer.py with its arguments.

    Attributes
    ----------
    inputs : mapping
        From arguments to the inputs of data.py whose paths they take.
    warm_up : {"same", "tiny", "none"}
        What runs once before, not counted: the same task, the same task on a tiny input, or nothing, with caches of
        compiled code that are empty.
    at_most : int, optional
        Runs of this task, however many were asked for.
    """

    side: Literal["ours", "peer"]
    function: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    warm_up: Literal["same", "tiny", "none"] = "tiny"
    at_most: int | None = None

    @property
    def key(self) -> str:
        """Name the task in the results."""
        settings = " ".join(f"{name}={value}" for name, value in {**self.inputs, **self.options}.items())
        return f"{self.side} {self.function} {settings}".strip() + (" first" if self.warm_up == "none" else "")


@dataclass(frozen=True)
class Demand:
    """A limit on one measure, with a further aim that is told but does not decide."""

    measure: Measure
    limit: float
    aim: float | None = None

    @property
    def at_least(self) -> bool:
        """Whether more is better."""
        return self.measure in ("times faster", "times as efficient")

    def holds(self, value: float, limit: float | None = None) -> bool:
        """Say whether a measured value meets the limit."""
        limit = self.limit if limit is None else limit
        return value >= limit if self.at_least else value < limit

    def __str__(self) -> str:
        bound, unit = f"{'at least' if self.at_least else 'below'} {self.limit:g}", self.measure
        words = {"seconds": f"{bound} s", "peak_gb": f"{bound} GB"}.get(self.measure, f"{bound} {unit}")
        return words + (f" (aim {self.aim:g})" if self.aim is not None else "")


@dataclass(frozen=True)
class Line:
    """One line of the table: a task of ours, those it is compared with (the fastest counts), and the demands."""

    name: str
    work: str
    ours: Task
    others: tuple[Task, ...] = ()
    demands: tuple[Demand, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks of the line."""
        return (self.ours, *self.others)


def ours(function: str, warm_up: Any = "tiny", /, **arguments: Any) -> Task:
    """Make a task of ours; arguments that name an input are told from the others by their name."""
    return _task("ours", function, warm_up, arguments)


def peer(function: str, warm_up: Any = "tiny", /, at_most: int | None = None, **arguments: Any) -> Task:
    """Make a task of the peer's."""
    return _task("peer", function, warm_up, arguments, at_most)


def _task(side: Any, function: str, warm_up: Any, arguments: dict[str, Any], at_most: int | None = None) -> Task:
    inputs = {name: value for name, value in arguments.items() if name in ("table", "fits", "orders")}
    options = {name: value for name, value in arguments.items() if name not in inputs}
    return Task(side, function, inputs, options, warm_up, at_most)


def fit(power: int, **options: Any) -> Task:
    """The BG/NBD fit of 10^power customers."""
    return ours("purchases", table=f"customers_1e{power}", **DRAWS, **options)


def value(power: int, **options: Any) -> Task:
    """Summaries and segment totals of 10^power customers."""
    return ours("segments", table=f"customers_1e{power}", fits="fits_customers_1e5", draws=1000, **options)


def bare(**options: Any) -> Task:
    """The same by bare DuckDB."""
    return ours("bare", orders="orders", **options)


CDNOW: dict[str, Any] = {"table": "cdnow", **DRAWS}
WEEKLY: dict[str, Any] = {"table": "customers_weekly", **DRAWS}
LARGE_FIT = (Demand("seconds", 120), Demand("peak_gb", 6))
LARGE_VALUE = (Demand("seconds", 120, aim=60), Demand("peak_gb", 3, aim=1.5))
QUERY = (Demand("times the query", 1.5),)

LINES = (
    Line(
        "import",
        "import of the package",
        ours("import_package", "same"),
        (peer("import_package", "same"),),
        (Demand("seconds", 1),),
    ),
    Line(
        "cdnow",
        "both posteriors, CDNOW, whole process with import and compilation",
        ours("posteriors", "same", **CDNOW),
        (peer("posteriors", "same", sampler="nutpie", **CDNOW), peer("posteriors", "same", sampler="pymc", **CDNOW)),
        (Demand("times as efficient", 20, aim=50),),
    ),
    Line(
        "cdnow_first",
        "the same, first run ever: nothing compiled before",
        ours("posteriors", "none", **CDNOW),
        (peer("posteriors", "none", sampler="nutpie", **CDNOW),),
    ),
    Line(
        "twenty_thousand",
        "BG/NBD posterior, 20,000 customers, imports excluded",
        ours("purchases", unit="week", from_frame=True, **WEEKLY),
        (peer("purchases", sampler="nutpie", **WEEKLY), peer("purchases", at_most=1, sampler="pymc", **WEEKLY)),
        (Demand("times as efficient", 80),),
    ),
    Line("million", "BG/NBD posterior, 1,000,000 customers, from Parquet", fit(6), (), (Demand("seconds", 20),)),
    Line(
        "million_nuts",
        'the same, method="nuts"',
        fit(6, method="nuts"),
        (),
        (Demand("seconds", 150),),
    ),
    Line("ten_million", "BG/NBD posterior, 10,000,000 customers over two years, from Parquet", fit(7), (), LARGE_FIT),
    Line("ten_million_scanned", "the same, customers scanned in their file", fit(7, scanned=True), (), LARGE_FIT),
    Line(
        "segments",
        "value of 1,000,000 customers x 1,000 draws: summaries and three segments",
        value(6),
        (),
        LARGE_VALUE,
    ),
    Line("segments_scanned", "the same, customers scanned in their file", value(6, scanned=True), (), LARGE_VALUE),
    Line(
        "spark",
        "1,000,000 customers x 1,000 draws scored on Spark on all cores, warm, file to files (other: without Spark)",
        ours("scored_on_spark", table="customers_1e6", fits="fits_customers_1e5", draws=1000, partitions=16),
        (ours("scored", table="customers_1e6", fits="fits_customers_1e5", draws=1000),),
        (Demand("times the query", 1.3),),
    ),
    Line(
        "spark_ten_million",
        "10,000,000 customers x 40 draws scored on Spark on all cores, file to files",
        ours("scored_on_spark", table="customers_1e7", fits="fits_customers_1e5", draws=40, partitions=16, warm=False),
    ),
    Line(
        "hybrid",
        "value of 100,000 hybrid clients x 1,000 draws: four streams, one lifetime; summaries and segments",
        ours("hybrid", "same", table="customers_1e5", draws=1000),
    ),
    Line(
        "cdnow_value",
        "value of CDNOW, 2,000 draws, 12 months: predictive (peer: expectation)",
        ours("lifetime_value", "same", table="cdnow", draws=2000),
        (peer("lifetime_value", table="cdnow", draws=2000),),
        (Demand("times faster", 30),),
    ),
    Line(
        "cdnow_expected",
        "expected discounted purchases x expected spend of CDNOW, 2,000 draws, 12 months (peer: expected CLV)",
        ours("expected_value", "same", table="cdnow", draws=2000),
        (peer("lifetime_value", table="cdnow", draws=2000),),
        (Demand("seconds", 1),),
    ),
    Line(
        "export",
        "1,000,000 rows of a CSV export, read and checked, with its report (other: bare DuckDB read)",
        ours("read_export", orders="orders_1e6"),
        (ours("read_bare", orders="orders_1e6"),),
        (Demand("times the query", 3),),
    ),
    Line(
        "orders_frame",
        "10,000,000 orders to customers, from a pandas frame (other: bare DuckDB query)",
        ours("summarize", orders="orders", from_frame=True),
        (bare(from_frame=True),),
        QUERY,
    ),
    Line(
        "orders_checked",
        "the same, orders checked before by read_transactions",
        ours("summarize", orders="orders", from_frame=True, checked=True),
        (bare(from_frame=True),),
        QUERY,
    ),
    Line(
        "orders_parquet",
        "the same, from Parquet",
        ours("summarize", orders="orders", from_frame=False),
        (bare(),),
        QUERY,
    ),
    Line(
        "orders_scanned",
        "the same, from Parquet to Parquet, rows stay on disk",
        ours("summarize_scanned", orders="orders", to="customers_made.parquet"),
        (bare(to="customers_made.parquet"),),
        QUERY,
    ),
)

# How time and memory grow: for each power of ten, the fit, the fit of scanned customers, and the value up to a million.
GROWTH_TASKS = {
    power: (fit(power), fit(power, scanned=True), value(power) if power <= LARGEST_VALUED else None) for power in GROWTH
}
