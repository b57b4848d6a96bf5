"""Progress of long work, with the time that remains."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def progress(total: int, description: str, *, show: bool) -> Iterator[Callable[[], None]]:
    """Show a bar while the block runs; the block calls what it is given after each step.

    Examples
    --------
    >>> with progress(3, "scoring", show=False) as step:
    ...     for _ in range(3):
    ...         step()
    """
    if not show:
        yield lambda: None
        return
    from rich.progress import Progress

    console, watched = _console()
    with Progress(transient=True, console=console, disable=not watched) as bar:
        task = bar.add_task(description, total=total)
        yield lambda: bar.advance(task)


def tell(sentence: str, *, show: bool) -> None:
    """Say in one line how long work goes on, where a bar would be shown.

    Examples
    --------
    >>> tell("Half of it is done.", show=False)
    """
    if not show:
        return
    console, watched = _console()
    if watched:
        console.print(sentence, highlight=False)


def _console() -> tuple["Console", bool]:
    """Where progress is shown, and whether anybody watches."""
    from rich.console import Console

    console = Console(stderr=True)
    return console, console.is_terminal or console.is_jupyter
