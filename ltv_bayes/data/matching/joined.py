"""Pairs that are one customer, joined to customers; a pair that is none is never joined by way of others."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Joined:
    """Who belongs to whom.

    Attributes
    ----------
    first : list of int
        The first member of each member's customer.
    through : list of int
        The member by way of which each one joined; itself, if it is the first.
    """

    first: list[int]
    through: list[int]


def joined(number: int, same: Iterable[Pair]) -> Joined:
    """Join pairs to customers.

    Examples
    --------
    >>> joined(5, [(3, 1), (1, 4)])
    Joined(first=[0, 1, 2, 1, 1], through=[0, 1, 2, 1, 1])
    """
    neighbours = _neighbours(same)
    first, through = [-1] * number, list(range(number))
    for start in range(number):
        if first[start] >= 0:
            continue
        first[start] = start
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            for other in neighbours.get(here, ()):
                if first[other] < 0:
                    first[other], through[other] = start, here
                    waiting.append(other)
    return Joined(first, through)


def chain(same: Iterable[Pair], start: int, end: int) -> list[int]:
    """Find the shortest way from one member to another by pairs that are one customer; empty if there is none.

    Examples
    --------
    >>> chain([(0, 1), (1, 2), (2, 3), (1, 3)], 0, 3)
    [0, 1, 3]
    """
    neighbours = _neighbours(same)
    before, waiting = {start: start}, deque([start])
    while waiting and end not in before:
        here = waiting.popleft()
        for other in neighbours.get(here, ()):
            if other not in before:
                before[other] = here
                waiting.append(other)
    if end not in before:
        return []
    way = [end]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _neighbours(pairs: Iterable[Pair]) -> Mapping[int, Sequence[int]]:
    """The members next to each member, in order."""
    found: dict[int, list[int]] = {}
    for one, other in sorted(pairs):
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found
