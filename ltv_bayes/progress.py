"""Progress of long work, with the time that remains."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(transient=True, console=console, disable=not (console.is_terminal or console.is_jupyter)) as bar:
        task = bar.add_task(description, total=total)
        yield lambda: bar.advance(task)
