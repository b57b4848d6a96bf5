"""Totals of some customers within each draw, which add up to those of all, in any order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import interval_settings
from ltv_bayes.value.draws.passes import Adding, OnePass, Segmenting
from ltv_bayes.value.draws.valuation import Valuation

NAMES = ("grouping", "segment", "source", "customers", "money", "means")
"""Of the columns of a row: a source of money in a segment, or of all customers where there is no grouping."""


@dataclass(eq=False)
class Sums:
    """Money of all customers so far, and of segments, within each draw.

    Attributes
    ----------
    customers : int
        Their number.
    flows : dict
        Name of each source to an array (periods, draws).
    means : dict
        Name of each source to an array (periods,).
    variances : array of shape (horizons,)
        Those of single customers added up.
    adding : dict
        Name of each grouping to the sums of its segments.
    """

    customers: int
    flows: dict[str, Array]
    means: dict[str, Array]
    variances: Array
    adding: dict[str, Adding] = field(default_factory=dict)

    @classmethod
    def none(cls, valuation: Valuation, groupings: Iterable[str]) -> Self:
        """Of no customers."""
        periods, sources = len(valuation.terms.periods()), valuation.sources
        flows = {name: np.zeros((periods, valuation.size)) for name in sources}
        means = {name: np.zeros(periods) for name in sources}
        return cls(0, flows, means, np.zeros(len(valuation.terms.horizons)), {name: Adding() for name in groupings})

    def add(self, other: "Sums | OnePass", customers: int) -> None:
        """Add those of other customers."""
        self.customers += customers
        self.variances += other.variances
        for name, flow in other.flows.items():
            self.flows[name] += flow
            self.means[name] += other.means[name]
        for name, adding in other.adding.items():
            for segment, money in adding.money.items():
                self.adding[name].add(segment, adding.customers[segment], money, adding.means[segment])

    def rows(self) -> Iterator[dict[str, Any]]:
        """What was added, as rows of a table of bytes."""
        yield dict(zip(NAMES, ("", "", "", self.customers, b"", _bytes(self.variances)), strict=True))
        for source, flow in self.flows.items():
            values = ("", "", source, self.customers, _bytes(flow), _bytes(self.means[source]))
            yield dict(zip(NAMES, values, strict=True))
        for name, adding in self.adding.items():
            for segment, number in adding.customers.items():
                for source, money in adding.money[segment].items():
                    values = (name, segment, source, number, _bytes(money), _bytes(adding.means[segment][source]))
                    yield dict(zip(NAMES, values, strict=True))

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add what `rows` gave elsewhere."""
        segments: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in rows:
            if row["grouping"]:
                segments.setdefault((row["grouping"], row["segment"]), []).append(row)
            elif row["source"]:
                flow = self.flows[row["source"]]
                flow += _numbers(row["money"]).reshape(flow.shape)
                self.means[row["source"]] += _numbers(row["means"])
            else:
                self.customers += row["customers"]
                self.variances += _numbers(row["means"])
        for (name, segment), sources in segments.items():
            horizons = len(self.variances)
            money, means = (
                {row["source"]: _numbers(row[of]).reshape(horizons, -1) for row in sources} for of in ("money", "means")
            )
            self.adding[name].add(segment, sources[0]["customers"], money, means)

    def passed(self, valuation: Valuation, groupings: Mapping[str, Segmenting]) -> OnePass:
        """The same as a pass over all customers would have left it."""
        made = OnePass(valuation, interval_settings(None, None), groupings=groupings)
        made.flows, made.means, made.variances, made.adding = self.flows, self.means, self.variances, self.adding
        return made


def _bytes(values: Array) -> bytes:
    return np.ascontiguousarray(values, dtype="<f8").tobytes()


def _numbers(content: bytes) -> Array:
    return np.frombuffer(content, dtype="<f8").astype(float)
