"""The tables in Markdown: each line's medians, its ratio, its demands and whether they are met."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from lines import GROWTH_TASKS, LINES, Demand, Line, Task

Runs = Mapping[str, Sequence[Mapping[str, Any]]]
NONE = "-"
WARM_UP = {
    "same": "warm: the same task ran once before, not counted",
    "tiny": "warm: the same task ran once before on a tiny input, not counted",
    "none": "cold: the caches of compiled code were empty",
}


class Measured:
    """What the runs of one task measured, as medians."""

    def __init__(self, task: Task, runs: Runs) -> None:
        self.task = task
        found = runs.get(task.key, [])
        self.absent = any("absent" in run for run in found)
        self.failed = next((run["failed"] for run in found if "failed" in run), None)
        self.runs = [run for run in found if "seconds" in run]
        self.converged = all(run.get("converged", True) for run in self.runs)

    def __bool__(self) -> bool:
        return bool(self.runs)

    def median(self, name: str) -> float | None:
        values = [run[name] for run in self.runs if name in run]
        return median(values) if values else None

    @property
    def seconds(self) -> float:
        return median(run["seconds"] for run in self.runs)

    @property
    def peak_gb(self) -> float:
        return median(run["peak_mb"] for run in self.runs) / 1024

    @property
    def efficiency(self) -> float | None:
        """Effective draws per second: the median over the runs of each run's own."""
        values = [run["ess"] / run["seconds"] for run in self.runs if "ess" in run]
        return median(values) if values else None

    def __str__(self) -> str:
        if not self.runs:
            return f"failed: {self.failed}" if self.failed else NONE
        parts = [seconds(self.seconds)]
        if (ess := self.median("ess")) is not None:
            parts.append(f"ESS {ess:,.0f}, {number(self.efficiency or 0)}/s")
        if (used := self.median("processor_seconds")) is not None:
            parts.append(f"{seconds(used)} of processors")
        parts += [f"{name} {size / 1024:.2f} GB" for name in ("java", "worker") if (size := self.median(f"{name}_mb"))]
        return ", ".join([*parts, f"{self.peak_gb:.2f} GB"])


def written(results: Sequence[Mapping[str, Any]], *, small: bool) -> str:
    """Write both tables, with what must be known to read them."""
    runs: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        if result["small"] == small:
            runs[result["task"]].append(result)
    parts = ["Tiny inputs: these figures say nothing."] if small else []
    return "\n\n".join([*parts, lines_table(runs, small), growth_table(runs), notes(runs)]) + "\n"


def lines_table(runs: Runs, small: bool) -> str:
    rows = [row(line, runs, small) for line in LINES if not Measured(line.ours, runs).absent]
    return as_markdown(["work", "ours", "other", "ratio", "demand", "result", "runs", "start"], rows)


def row(line: Line, runs: Runs, small: bool) -> list[str]:
    """Write a line: ours, the best of the others, their ratio, the demands and whether they are met."""
    ours = Measured(line.ours, runs)
    others = [measured for task in line.others if (measured := Measured(task, runs))]
    best = max(others, key=lambda each: each.efficiency or 1 / each.seconds) if others else None
    ratio = ours_to(ours, best)
    counts = str(len(ours.runs)) + (f" / {len(best.runs)}" if best else "")
    other = (f"{best.task.options['sampler']}: " if best and "sampler" in best.task.options else "") + str(best or NONE)
    demands = "; ".join(map(str, line.demands)) or NONE
    result = "not judged" if small and line.demands else verdict(line.demands, ours, best)
    start = " / ".join(dict.fromkeys(each.task.warm_up for each in (ours, best) if each is not None))
    return [line.work, str(ours), other, ratio, demands, result, counts, start]


def ours_to(ours: Measured, best: Measured | None) -> str:
    """Write how much better ours is, or how much slower than the bare query."""
    if not ours or best is None:
        return NONE
    if best.task.side == "ours":
        return f"{ours.seconds / best.seconds:.2f} x the time"
    if ours.efficiency and best.efficiency:
        return f"{number(ours.efficiency / best.efficiency)} x as efficient"
    return f"{number(best.seconds / ours.seconds)} x faster"


def verdict(demands: Sequence[Demand], ours: Measured, best: Measured | None) -> str:
    """Say whether all demands are met, and if not, which."""
    if not demands:
        return NONE
    if not ours:
        return "failed" if ours.failed else "not measured"
    if ours.failed:
        return "not met: a run failed"
    if not ours.converged:
        return "not met: not converged"
    values = [value_of(demand, ours, best) for demand in demands]
    if any(value is None for value in values):
        return "peer not measured"
    pairs = [(demand, value) for demand, value in zip(demands, values, strict=True) if value is not None]
    missed = [f"{demand} ({number(value)})" for demand, value in pairs if not demand.holds(value)]
    if missed:
        return f"**not met**: {'; '.join(missed)}"
    aims = [demand.holds(value, demand.aim) for demand, value in pairs if demand.aim is not None]
    return "met" + ((", aim reached" if all(aims) else ", aim not reached") if aims else "")


def value_of(demand: Demand, ours: Measured, best: Measured | None) -> float | None:
    """Give the value that a demand is about."""
    if demand.measure == "seconds":
        return ours.seconds
    if demand.measure == "peak_gb":
        return ours.peak_gb
    if best is None:
        return None
    if demand.measure == "times faster":
        return best.seconds / ours.seconds
    if demand.measure == "times the query":
        return ours.seconds / best.seconds
    return ours.efficiency / best.efficiency if ours.efficiency and best.efficiency else None


def growth_table(runs: Runs) -> str:
    """Write how time and memory grow with the number of customers."""
    rows = []
    for power, (fit, scanned, value) in GROWTH_TASKS.items():
        fitted = Measured(fit, runs)
        cells = [cell for task in (fit, scanned, value) for cell in time_and_memory(task, runs)]
        customers, histories = fitted.median("customers"), fitted.median("histories")
        rows.append([f"{customers or 10**power:,.0f}", f"{histories:,.0f}" if histories else NONE, *cells])
    header = ["customers", "unique histories", "fit", "peak", "fit, scanned", "peak", "value, 1,000 draws", "peak"]
    return as_markdown(header, rows)


def time_and_memory(task: Task | None, runs: Runs) -> tuple[str, str]:
    measured = Measured(task, runs) if task else None
    return (seconds(measured.seconds), f"{measured.peak_gb:.2f} GB") if measured else (NONE, NONE)


def notes(runs: Runs) -> str:
    """Say on what, when, and with which versions was measured, and what the columns mean."""
    every = [run for found in runs.values() for run in found]
    if not every:
        return "Nothing was measured yet."
    machines = {
        f"{run['machine']['cores']} cores, {run['machine']['memory_gb']:g} GB, {run['machine']['system']}"
        for run in every
    }
    began = sorted(run["began"] for run in every)
    said = [
        "Medians of the runs; peak memory of the whole process. ESS: the smallest effective sample size over all "
        "parameters. Runs and start: ours / other.",
        *(f"Start, {name}: {meaning}." for name, meaning in WARM_UP.items()),
        f"Measured on {'; '.join(sorted(machines))}, {began[0][:16]} to {began[-1][:16]} UTC.",
        *(versions_of(side, runs) for side in ("ours", "peer")),
    ]
    return "\n".join(f"- {line}" for line in said if line)


def versions_of(side: str, runs: Runs) -> str:
    """Write the versions of one side."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, each in runs.items():
        for run in each if key.startswith(side) else ():
            for package, version in run.get("versions", {}).items():
                found[package].add(version)
    text = ", ".join(f"{package} {' and '.join(sorted(versions))}" for package, versions in found.items())
    return f"Versions, {side}: {text}." if text else ""


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table with columns as wide as their cells."""
    cells = [[cell.replace("|", "/") for cell in row] for row in (header, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 1 else f"{value:.1f} s" if value < 100 else f"{value:,.0f} s"


def number(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"
