"""The models that a backtest compares: one, or several by name, each for all orders or stream by stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ltv_bayes.data.orders.transactions import Transactions, require_stream
from ltv_bayes.errors import InputError, a_kind, listed
from ltv_bayes.evaluation.refitting import Refitting
from ltv_bayes.language import _, either
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import customer_stream

ONLY = ""
"""What the only model is called."""


@dataclass(frozen=True)
class Candidate:
    """One way to forecast.

    Attributes
    ----------
    name : str
    purchases, spend : model settings, fitted models, or mappings of them by stream; optional
    """

    name: str
    purchases: Any = None
    spend: Any = None

    @property
    def models(self) -> dict[str, Any]:
        """Both models, by what they are of."""
        return {"purchases": self.purchases, "spend": self.spend}

    def refitting(self, usual: Refitting, stream: str | None) -> Refitting:
        """How it is fitted to all orders, or to those of a stream, with draws of its own."""
        purchases, spend = _of_stream(self.purchases, stream), _of_stream(self.spend, stream)
        if stream is None:
            return replace(usual, purchases=purchases, spend=spend)
        settings = {**usual.settings, "random_seed": seed_of_stream(usual.settings["random_seed"], stream)}
        return replace(usual, purchases=purchases, spend=spend, settings=settings, stream=stream)


def seed_of_stream(seed: int, stream: str | None) -> int:
    """The seed of a stream, so that streams are independent and each is as it is alone."""
    return seed if stream is None else int(customer_stream(seed, "stream", stream).integers(2**31))


def read_candidates(models: Any, purchases: Any, spend: Any) -> list[Candidate]:
    """Read ``models=``, or make ``purchases=`` and ``spend=`` the only candidate.

    Raises
    ------
    InputError
        If there is one name or none, a name is blank, or something under it is no model.
    """
    if models is None:
        candidates = [Candidate(ONLY, purchases, spend)]
    else:
        if purchases is not None:
            raise InputError(_("Give either purchases=, of one model, or models=, of several by name."))
        if not isinstance(models, Mapping) or len(models) < 2:
            raise InputError(
                _(
                    "models= maps names to at least two models to compare: {{'BG/NBD': BGNBD(), 'MBG/NBD': "
                    "MBGNBD()}}. One model is given with purchases= and spend=."
                )
            )
        candidates = [_read(name, given, spend) for name, given in models.items()]
    for one in candidates:
        _refuse_other(one)
    return candidates


def streams_of(orders: Transactions, candidates: Sequence[Candidate]) -> tuple[str | None, ...]:
    """The streams that are forecast each by itself: those that candidates name, or all; one nameless if there is none.

    Raises
    ------
    InputError
        If the log has no such stream, or candidates name different ones.
    """
    given = [one for candidate in candidates for one in candidate.models.values() if isinstance(one, Mapping)]
    for name in [name for one in given for name in one]:
        require_stream(name, orders.streams.index)
    named = {frozenset(one.purchases) for one in candidates if isinstance(one.purchases, Mapping)}
    if len(named) > 1:
        every = [listed(sorted(one)) for one in named]
        raise InputError(
            _("Models are compared on the same streams, and these name {every}.", every=either(sorted(every)))
        )
    if not orders.has_streams:
        return (None,)
    chosen = next(iter(named), None)
    return tuple(name for name in sorted(orders.streams.index) if chosen is None or name in chosen)


def _read(name: Any, given: Any, spend: Any) -> Candidate:
    """Read a model, or a pair of models, by its name."""
    if not isinstance(name, str) or not name.strip():
        raise InputError(_("models= names each model by a text, not by {name!r}.", name=name))
    if not isinstance(given, tuple | list):
        return Candidate(name, given, spend)
    if len(given) != 2:
        raise InputError(
            _(
                "models[{name!r}] has {number} parts. Give a model of purchases, or that and one of spend.",
                name=name,
                number=len(given),
            )
        )
    return Candidate(name, given[0], given[1] if given[1] is not None else spend)


def _refuse_other(candidate: Candidate) -> None:
    """Refuse what is no model, and models of spend in the place of those of purchases."""
    for of, given in candidate.models.items():
        where = f"{of}=" if candidate.name == ONLY else f"models[{candidate.name!r}]"
        for one in given.values() if isinstance(given, Mapping) else [given]:
            if one is None:
                continue
            if isinstance(one, type) or not (hasattr(one, "fit") or isinstance(one, FittedModel)):
                raise InputError(
                    _(
                        "{where} is {kind}, not a model of {of}, such as BGNBD() or GammaGamma().",
                        where=where,
                        kind=a_kind(one),
                        of=of,
                    )
                )
            if isinstance(one, GammaGamma | FittedSpend) != (of == "spend") and not _unknown(one):
                raise InputError(
                    _(
                        "{where} has {kind} as its model of {of}. Give purchases first, then spend.",
                        where=where,
                        kind=a_kind(one),
                        of=of,
                    )
                )


def _unknown(model: Any) -> bool:
    """Whether a model comes from elsewhere."""
    return not type(model).__module__.startswith("ltv_bayes")


def _of_stream(given: Any, stream: str | None) -> Any:
    return given.get(stream) if isinstance(given, Mapping) else given
