"""Which section of the settings is at work, so that errors and warnings can name its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ltv_bayes.errors import LtvBayesError

_AT_WORK: ContextVar[str] = ContextVar("section", default="")


@contextmanager
def in_section(name: str) -> Iterator[None]:
    """Remember a section while its files are read; an error that leaves keeps it.

    Examples
    --------
    >>> with in_section("costs"):
    ...     section_of()
    'costs'
    """
    before = _AT_WORK.set(name)
    try:
        yield
    except LtvBayesError as error:
        if not hasattr(error, "section"):
            error.section = name  # type: ignore[attr-defined]
        raise
    finally:
        _AT_WORK.reset(before)


def section_of(error: BaseException | None = None) -> str:
    """The section that an error left, or that is at work; empty for none."""
    return str(getattr(error, "section", "")) or _AT_WORK.get()
