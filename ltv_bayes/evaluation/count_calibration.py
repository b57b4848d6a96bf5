"""Whether forecasts of counts held: the probability integral transform, of all customers and by their frequency."""

import textwrap
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from ltv_bayes.errors import counted
from ltv_bayes.language import _, comma

PIT_LEVELS = np.linspace(0.025, 0.975, 39)
PIT_REPLICATES = 1000
CUSTOMERS_IN_A_BLOCK = 500
CLASSES = {"0": (0, 0), "1": (1, 1), "2-3": (2, 3), "4-9": (4, 9), "10+": (10, np.inf)}
COVERED = (0.5, 0.8, 0.9)
TESTED = 0.8
RARE = 0.002
LITTLE = 0.05
FEWEST = 20
LINE = 120


class CountDistribution:
    """Each customer's distribution of counts, estimated from draws."""

    def __init__(self, drawn: np.ndarray) -> None:
        """Count the draws, an array of whole numbers of shape (draws, customers)."""
        sizes, customers = int(drawn.max(initial=0)) + 1, drawn.shape[1]
        place = drawn + sizes * np.arange(customers)
        number = np.bincount(place.ravel(), minlength=sizes * customers).reshape(customers, sizes)
        up_to = (number.cumsum(axis=1) / len(drawn))[..., np.newaxis]
        below = np.concatenate([np.zeros((customers, 1, 1)), up_to[:, :-1]], axis=1)
        inside = np.clip((PIT_LEVELS - below) / np.maximum(up_to - below, np.finfo(float).eps), 0, 1)
        # More than was ever drawn has a PIT of 1, which lies below no level.
        self._share_below = np.concatenate([inside, np.zeros((customers, 1, PIT_LEVELS.size))], axis=1)

    def below_levels(self, counts: np.ndarray) -> np.ndarray:
        """The expected number of PITs below each level, of shape (sets, levels), for counts of (sets, customers)."""
        sets, customers = counts.shape
        sizes = self._share_below.shape[1]
        place = np.minimum(counts, sizes - 1) + sizes * np.arange(customers)
        ones, starts = np.ones(counts.size), customers * np.arange(sets + 1)
        chosen = sparse.csr_array((ones, place.ravel(), starts), shape=(sets, sizes * customers))
        return np.asarray(chosen @ self._share_below.reshape(-1, PIT_LEVELS.size))

    def distance_from_uniform(self, counts: np.ndarray) -> float:
        """How far the PIT of these counts, one per customer, lies from uniform."""
        return float(np.abs(self.below_levels(counts[np.newaxis])[0] / counts.size - PIT_LEVELS).max())


def classes_of(frequency: np.ndarray) -> dict[str, np.ndarray]:
    """Customers by class of frequency, as masks; classes without customers are left out."""
    groups = {name: (frequency >= low) & (frequency <= high) for name, (low, high) in CLASSES.items()}
    return {name: group for name, group in groups.items() if group.any()}


def numbers_below(
    predicted: xr.DataArray, actual: np.ndarray, groups: Mapping[str, np.ndarray], random_seed: int
) -> dict[str, np.ndarray]:
    """Count, in each group of customers, how many PITs lie below each level, without luck in it.

    Parameters
    ----------
    predicted : xarray.DataArray
        Whole numbers by (chain, draw, customer_id), predictive.
    actual : array of shape (customers,)
    groups : mapping of names to masks of customers
    random_seed : int
        Chooses the draws that play a holdout.

    Returns
    -------
    dict of arrays of shape (1 + simulated, levels)
        First of what happened, then of holdouts that the model simulates: each one draw, the same for all customers,
        so that they share its parameters and what moves all of them.
    """
    number = predicted.sizes["chain"] * predicted.sizes["draw"]
    rows = np.random.default_rng(random_seed).permutation(number)[:PIT_REPLICATES]
    found = {}
    for name, group in groups.items():
        happened = actual[group].astype(np.int64)
        found[name] = np.zeros((1 + rows.size, PIT_LEVELS.size))
        for some, drawn in blocks(predicted, np.flatnonzero(group)):
            drawn = drawn.astype(np.int64, copy=False)
            found[name] += CountDistribution(drawn).below_levels(np.vstack([happened[some], drawn[rows]]))
    return found


def p_value(shares_below: np.ndarray) -> float:
    """Share of simulated holdouts with a PIT as far from uniform as the first, by shares of shape (sets, levels)."""
    return _rarity(np.abs(shares_below - PIT_LEVELS).max(axis=1))


def table_of(numbers: Mapping[str, np.ndarray], groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Coverage by group, beside what chance does to a group of so many customers."""
    low, high = _bounds(TESTED)
    rows = {}
    for name, number in numbers.items():
        size = int(groups[name].sum())
        below = number / size
        inside = _inside(below, TESTED)
        tail = _rarity(np.abs(inside - TESTED))
        judged = size >= FEWEST and len(below) > 1 / RARE
        rows[name] = {
            "customers": size,
            **{f"eti{100 * prob:g}": _inside(below, prob)[0] for prob in COVERED},
            f"below_eti{100 * TESTED:g}": below[0, low],
            f"above_eti{100 * TESTED:g}": 1 - below[0, high],
            "tail_probability": tail,
            "pit_p_value": p_value(below),
            "holds": not (tail <= RARE and abs(inside[0] - TESTED) > LITTLE) if judged else pd.NA,
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("frequency")
    return table.astype({"holds": "boolean"})


def findings(table: pd.DataFrame, *, on_clock: bool) -> list[str]:
    """Say which classes of frequency do not hold, as one sentence, and what follows; nothing where all of them hold.

    `on_clock` tells of a model that knows what moves all customers.
    """
    off = table[table["holds"].eq(False).fillna(False).astype(bool)]
    if off.empty:
        return []
    cells = [
        _(
            "{eti80:.0%} of {customers} with {name} are inside ({below_eti80:.0%} below, {above_eti80:.0%} above)",
            eti80=row.eti80,
            customers=counted(row.customers, "customer"),
            name=name,
            below_eti80=row.below_eti80,
            above_eti80=row.above_eti80,
        )
        for name, row in zip(off.index, off.itertuples(), strict=True)
    ]
    rest = int(table["holds"].sum())
    others = (
        _("In {other_classes} they hold. ", other_classes=counted(rest, "other class", "other classes")) if rest else ""
    )
    worst = off.loc[(off["eti80"] - TESTED).abs().idxmax()]
    sentence = _("by past purchases, 80% intervals do not hold: {cells}. {others}", cells=comma(cells), others=others)
    return [textwrap.fill(sentence + _advice(worst, on_clock), LINE)]


def _advice(row: pd.Series, on_clock: bool) -> str:
    """What misses of a class suggest: more than chance on both sides, on one, or too few."""
    expected = (1 - TESTED) / 2
    if row["eti80"] > TESTED:
        return _("Their intervals are too wide, as where purchases are regular: see check_regularity.")
    if min(row["below_eti80"], row["above_eti80"]) > expected:
        return _(
            "Misses on both sides, as where rates of single customers change, which the model takes as "
            "constant: do not rely on the interval or the rank of one of them; their mean is in "
            "by_frequency()."
        )
    side = _("less") if row["below_eti80"] > row["above_eti80"] else _("more")
    cure = "" if on_clock else _("; if the others did too, calendar_effects='auto' may help")
    return _("Misses on one side: they bought {side} than forecast, see by_frequency(){cure}.", side=side, cure=cure)


def _rarity(distances: np.ndarray) -> float:
    """Share of simulated holdouts as far away as the first, which counts as one of them."""
    observed, *simulated = distances
    return float((1 + np.sum(np.asarray(simulated) >= observed)) / len(distances))


def _bounds(prob: float) -> tuple[int, int]:
    """Places of an equal-tailed interval's bounds among the levels."""
    low, high = np.searchsorted(PIT_LEVELS, [(1 - prob) / 2 - 1e-9, (1 + prob) / 2 - 1e-9])
    return int(low), int(high)


def _inside(below: np.ndarray, prob: float) -> np.ndarray:
    """Share inside an equal-tailed interval of each set, by shares of shape (sets, levels)."""
    low, high = _bounds(prob)
    return np.asarray(below[:, high] - below[:, low])


def blocks(draws: xr.DataArray, places: np.ndarray | None = None) -> Iterator[tuple[slice, np.ndarray]]:
    """Go over the customers, or those at some places, a few hundred at a time, with draws as `stacked` gives them."""
    for start in range(0, draws.sizes["customer_id"] if places is None else places.size, CUSTOMERS_IN_A_BLOCK):
        some = slice(start, start + CUSTOMERS_IN_A_BLOCK)
        yield some, stacked(draws.isel(customer_id=some if places is None else places[some]))


def stacked(draws: xr.DataArray) -> np.ndarray:
    """Draws of shape (chains * draws, customers)."""
    return draws.transpose("chain", "draw", "customer_id").to_numpy().reshape(-1, draws.sizes["customer_id"])
