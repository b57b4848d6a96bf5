"""Settings from a TOML file and from options, which go before it; errors name what is not known, and the section."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ltv_bayes.errors import InputError, LtvBayesError, suggestion
from ltv_bayes.language import _, sentences
from ltv_bayes.runs.kinds import NotOfThisKind
from ltv_bayes.runs.settings import Settings, each_setting, option_of, section_class, sections

_AT_WORK: ContextVar[str] = ContextVar("section", default="")
By = dict[str, dict[str, Any]]


def read_settings(path: str | Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings of a run.

    Parameters
    ----------
    path : path, optional
        A TOML file; paths of files in it start from its folder.
    options : mapping, optional
        Values by the names of options, as in ``{"orders": "orders.csv", "by": ["industry"]}``. They go before the
        file; paths in them start from the working folder. None is not given.

    Raises
    ------
    InputError
        If the file is no TOML, or has a section, a setting or a value that is not known; if an option is not known.

    Examples
    --------
    >>> read_settings(options={"horizon": ["5 years"], "margin": 0.35}).given()
    {'value': {'horizon': ('5 years',), 'margin': 0.35}}
    """
    from_file = {} if path is None else _from_file(Path(path).expanduser())
    given = _from_options(options or {})
    both = {part.name: from_file.get(part.name, {}) | given.get(part.name, {}) for part in sections()}
    return Settings.made(both)


def _from_file(path: Path) -> By:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(
            _("{path} does not exist. Write one with: ltv-bayes init orders.csv --to {path}", path=path)
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise InputError(
            _("{path} cannot be read as TOML: {problem}. Text stands in quotation marks.", path=path, problem=problem)
        ) from None
    known = [part.name for part in sections()]
    found: By = {}
    for section, values in content.items():
        if section not in known:
            near = suggestion(section, known)
            raise InputError(
                _("{path} has a section [{section}] that is not known. {near}", path=path, section=section, near=near)
            )
        if not isinstance(values, Mapping):
            raise InputError(
                _(
                    "{path}: {section} is a section. Write [{section}], and its settings below.",
                    path=path,
                    section=section,
                )
            )
        found[section] = {name: _read(section, name, value, path) for name, value in values.items()}
    return found


def _read(section: str, name: str, value: Any, path: Path) -> Any:
    settings = {one.name: one for one in section_class(section).__dataclass_fields__.values()}
    if name not in settings:
        near = suggestion(name, settings)
        raise InputError(
            _("{path}: [{section}] has no setting {name!r}. {near}", path=path, section=section, name=name, near=near)
        )
    try:
        return settings[name].metadata["kind"].read(value, path.parent)
    except NotOfThisKind as expected:
        problem = _(
            "{path}: {name} in [{section}] is {value!r}, and should be {expected}.",
            path=path,
            name=name,
            section=section,
            value=value,
            expected=expected.said,
        )
        raise InputError(sentences(problem, expected.hint)) from None


def _from_options(options: Mapping[str, Any]) -> By:
    by_option = {option_of(one): (section, one) for section, one in each_setting()}
    found: By = {}
    for option, value in options.items():
        if option not in by_option:
            raise InputError(
                _("There is no option {option!r}. {known}", option=option, known=suggestion(option, by_option))
            )
        section, one = by_option[option]
        if value is None or (isinstance(value, list | tuple) and not value):
            continue
        try:
            found.setdefault(section, {})[one.name] = one.metadata["kind"].read(value, Path())
        except NotOfThisKind as expected:
            shown = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
            problem = _("{option}={value!r} should be {expected}.", option=option, value=shown, expected=expected.said)
            raise InputError(sentences(problem, expected.hint)) from None
    return found


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
