"""Priors that users replace by name: a family with its numbers, a PyMC distribution, or a PreliZ one."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.errors import PriorError, suggestion
from ltv_bayes.inference.unofficial import name_and_parameters
from ltv_bayes.language import _, comma

PROBES = 1000
LONGEST = 80
IMPROPER = ("flat", "half_flat")
UNNAMED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, init=False)
class Prior:
    """A distribution by its family and numbers, as PyMC names them.

    Examples
    --------
    >>> Prior("LogNormal", mu=0, sigma=1)
    Prior('LogNormal', mu=0, sigma=1)
    """

    family: str
    parameters: tuple[tuple[str, float], ...]

    def __init__(self, family: str, **parameters: float) -> None:
        object.__setattr__(self, "family", family)
        object.__setattr__(self, "parameters", tuple(parameters.items()))

    def __repr__(self) -> str:
        numbers = "".join(f", {name}={_short(value)}" for name, value in self.parameters)
        return f"Prior({self.family!r}{numbers})"

    def distribution(self) -> Any:
        """Make the PyMC distribution.

        Returns
        -------
        pytensor variable
            Outside of a model, for a look at the prior.

        Raises
        ------
        PriorError
            If PyMC has no such distribution, or it takes other parameters.
        """
        import pymc as pm

        families = [name for name in pm.distributions.__all__ if name[:1].isupper()]
        if self.family not in families:
            raise PriorError(
                _(
                    "{family!r} is not a PyMC distribution. {suggestion}",
                    family=self.family,
                    suggestion=suggestion(self.family, families),
                )
            )
        make = getattr(pm, self.family).dist
        known = [name for name, kind in inspect.signature(make).parameters.items() if kind.kind not in UNNAMED]
        for name, _unused in self.parameters:
            if known and name not in known:
                raise PriorError(
                    _(
                        "{family} has no parameter {name!r}. {suggestion}",
                        family=self.family,
                        name=name,
                        suggestion=suggestion(name, known),
                    )
                )
        try:
            return make(**{name: _exact(value) for name, value in self.parameters})
        except (TypeError, ValueError, NotImplementedError) as problem:
            raise PriorError(_("{self!r} cannot be made: {problem}", self=self, problem=problem)) from None


def _exact(value: Any) -> Any:
    """Keep all digits of a number: PyTensor computes with plain ones in single precision where it can."""
    return np.float64(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


@dataclass(frozen=True)
class Domain:
    """Where a parameter may lie."""

    low: float
    high: float

    def __str__(self) -> str:
        return (
            _("above {low:g}", low=self.low)
            if np.isinf(self.high)
            else _("between {low:g} and {high:g}", low=self.low, high=self.high)
        )


POSITIVE = Domain(0.0, np.inf)
PROBABILITY = Domain(0.0, 1.0)
ANYWHERE = Domain(-np.inf, np.inf)


def as_prior(value: Any) -> Any:
    """Write a prior given as a mapping or a pair as a `Prior`; anything else stays as it is."""
    if isinstance(value, Mapping) and "family" in value:
        return Prior(**value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Mapping):
        return Prior(value[0], **value[1])
    return value


def require_priors(given: Any) -> None:
    """Refuse what is no mapping from names to priors.

    Raises
    ------
    PriorError
        Which says what is wrong, and how a prior is written.
    """
    if not isinstance(given, Mapping):
        raise PriorError(
            _(
                "priors= takes priors by name, as in priors={{'mean_rate': Prior('LogNormal', mu=-3, "
                "sigma=1)}}, not a {name}. Data go to .fit(...).",
                name=type(given).__name__,
            )
        )
    for name, value in given.items():
        require_prior(value, str(name))


def require_prior(value: Any, name: str) -> None:
    """Refuse what is no distribution."""
    value = as_prior(value)
    if isinstance(value, Mapping):
        raise PriorError(
            _("The prior of {name} has no family. Write {{'family': 'LogNormal', 'mu': 0, 'sigma': 1}}.", name=name)
        )
    if not (isinstance(value, Prior) or is_preliz(value) or _is_pymc(value)):
        raise PriorError(
            _(
                "The prior of {name} is {abridged}, which is not a distribution. Write Prior('LogNormal', "
                "mu=0, sigma=1), or give a PyMC or PreliZ distribution.",
                name=name,
                abridged=_abridged(value),
            )
        )


def is_preliz(value: Any) -> bool:
    """Whether something is a PreliZ distribution."""
    return type(value).__module__.startswith("preliz")


def _is_pymc(value: Any) -> bool:
    return hasattr(value, "owner") and hasattr(value, "type")


def _abridged(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else _("a {name}", name=type(value).__name__)


def as_distribution(value: Any, name: str) -> Any:
    """Turn what the user gave into a PyMC distribution.

    Parameters
    ----------
    value
        A `Prior`; a mapping such as ``{"family": "LogNormal", "mu": 0, "sigma": 1}``; a pair such as
        ``("LogNormal", {"mu": 0, "sigma": 1})``; a PyMC distribution made with ``.dist()``; a PreliZ distribution.
    name : str
        The parameter it is the prior of, for the message.
    """
    value = as_prior(value)
    if isinstance(value, Prior):
        return value.distribution()
    require_prior(value, name)
    return value.to_pymc() if is_preliz(value) else value


def describe(value: Any) -> str:
    """Write a prior as text, to be kept with the fit."""
    if getattr(value, "owner", None) is None or isinstance(value, Prior | Mapping | tuple):
        return repr(value)
    name, parameters = name_and_parameters(value)
    return f"{name}({', '.join(str(part.eval()) for part in parameters)})"


def as_distributions(priors: Mapping[str, Any], domains: Mapping[str, Domain]) -> dict[str, Any]:
    """Turn each prior into a PyMC distribution that stays where its parameter may lie.

    To be called before a model is on the context stack, where PreliZ would want to name variables itself.
    """
    distributions = {}
    for name, value in priors.items():
        distributions[name] = as_distribution(value, name)
        check_domain(distributions[name], name, domains[name])
    return distributions


def register(model: Any, distributions: Mapping[str, Any]) -> dict[str, Any]:
    """Add each distribution to the model as a variable of its name."""
    return {name: model.register_rv(distribution, name) for name, distribution in distributions.items()}


def check_domain(distribution: Any, name: str, domain: Domain) -> None:
    """Draw from the prior and refuse it where values fall outside."""
    import pymc as pm
    from pytensor.compile.mode import Mode

    as_written = Mode(linker="py", optimizer=None)  # a thousand numbers take less time than to compile
    if getattr(getattr(distribution.owner, "op", None), "name", "") in IMPROPER:
        raise PriorError(
            _("The prior of {name} must be proper: a flat one leaves no posterior. Give it a width.", name=name)
        )
    try:
        pm.logp(distribution, np.ones([size or 1 for size in distribution.type.shape])).eval(mode=as_written)
        draws = np.asarray(pm.draw(distribution, draws=PROBES, random_seed=0, mode=as_written))
    except (NotImplementedError, ValueError, AssertionError) as problem:
        raise PriorError(
            _(
                "The prior of {name} cannot be drawn from ({problem}). It must be proper, with parameters in "
                "their range.",
                name=name,
                problem=problem,
            )
        ) from None
    if draws.ndim != 1:
        raise PriorError(
            _("The prior of {name} must be one number, not of shape {shape}.", name=name, shape=draws.shape[1:])
        )
    outside = np.mean(~((draws > domain.low) & (draws < domain.high) & np.isfinite(draws)))
    if outside > 0:
        raise PriorError(
            _(
                "The prior of {name} puts about {outside:.0%} of its weight outside its range ({name} must lie "
                "{domain}). Choose a family that stays inside, or truncate it.",
                name=name,
                outside=outside,
                domain=domain,
            )
        )


def chosen_priors(
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
    alternatives: Mapping[tuple[str, ...], tuple[str, ...]],
) -> dict[str, Any]:
    """Put the user's priors in place of the usual ones.

    Parameters
    ----------
    given : mapping
        The user's priors by name.
    usual : mapping
        The defaults by name.
    alternatives : mapping
        Groups of names that may replace a group of usual names, such as (r, alpha) for (mean_rate, rate_cv).

    Raises
    ------
    PriorError
        If a name is unknown, a group is given in part, or both of two rival groups are given.
    """
    known = [*usual, *(name for group in alternatives for name in group)]
    for name in given:
        if name not in known:
            raise PriorError(
                _("There is no parameter {name!r}. {suggestion}", name=name, suggestion=suggestion(name, known))
            )
    chosen = dict(usual)
    for group, replaced in alternatives.items():
        found = [name for name in group if name in given]
        if not found:
            continue
        _require_whole_group(group, found, [name for name in replaced if name in given])
        for name in replaced:
            del chosen[name]
        chosen.update({name: given[name] for name in group})
    return {name: given.get(name, prior) for name, prior in chosen.items()}


def _require_whole_group(group: Iterable[str], found: list[str], rivals: list[str]) -> None:
    names = ", ".join(group)
    if rivals:
        raise PriorError(
            _("Give priors of either {names} or {rivals}, not of both.", names=names, rivals=comma(rivals))
        )
    if missing := [name for name in group if name not in found]:
        raise PriorError(_("Priors of {names} go together: {missing} is missing.", names=names, missing=comma(missing)))
