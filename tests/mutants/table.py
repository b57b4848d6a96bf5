"""The table of mutations: `*.toml` beside this file, one for a room or some of them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Mutation:
    """One change of the package that the tests should notice.

    Attributes
    ----------
    room : str
        The table that it stands in.
    means : str
        What the package then does wrong.
    file : str
        Where, below ltv_bayes/.
    old, new : str
        A text that stands in the file exactly once, and the one in its place.
    tests : str
        Files, folders or names of tests, below tests/.
    """

    room: str
    means: str
    file: str
    old: str
    new: str
    tests: str

    @property
    def chosen(self) -> list[str]:
        """The tests, as pytest takes them."""
        return [f"tests/{word}" for word in self.tests.split()]

    @property
    def test_files(self) -> list[Path]:
        """Files and folders of the tests."""
        return [ROOT / word.split("::")[0] for word in self.chosen]

    @property
    def is_compiled(self) -> bool:
        """Whether the file has compiled functions, of which caches would hide the mutation from their callers."""
        source = (ROOT / "ltv_bayes" / self.file).read_text(encoding="utf-8")
        return "numba" in source or "@compiled" in source

    def of(self, source: str) -> str:
        """The mutated text of the file."""
        if (number := source.count(self.old)) != 1:
            raise ValueError(
                f"{self.file} holds {self.old!r} {number} times, not once. Write {self.room}.toml anew for it."
            )
        return source.replace(self.old, self.new)


def mutations() -> list[Mutation]:
    """All of them, room by room."""
    read = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.toml"))}
    return [Mutation(room, **one) for room, table in read.items() for one in table["mutation"]]
