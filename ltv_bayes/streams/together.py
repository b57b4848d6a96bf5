"""What streams that are valued together need of each other: names of their own, draws in common, relations that end."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import InputError, refuse_rows, suggestion
from ltv_bayes.language import N_, _, comma
from ltv_bayes.predictions.fitted import smallest_shape
from ltv_bayes.streams.order_stream import OrderStream
from ltv_bayes.streams.own_data import ended_early
from ltv_bayes.streams.stream import Stream

NO_RELATION = N_("Add a Subscription or RepeatPurchases, or leave while_alive out.")


def require_distinct_names(streams: Sequence[Stream], reserved: Collection[str]) -> None:
    """Raise unless every stream has a name of its own.

    Raises
    ------
    InputError
        If a name is blank, given twice or reserved.
    """
    names = [stream.name for stream in streams]
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise InputError(_("A stream is named by a text, not by {name!r}. Pass name= to it.", name=name), [name])
        if set(name) & set("/\\\0") or name.strip(". ") == "":
            raise InputError(
                _("The name {name!r} of a stream cannot name a column or a file. Leave out / and \\.", name=name),
                [name],
            )
    taken = [name for name in names if names.count(name) > 1 or name in reserved]
    if taken:
        raise InputError(
            _("Streams need names of their own: {taken} is taken. Pass name= to each stream.", taken=comma(taken)),
            taken,
        )


def common_shape(shapes: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """Chains and draws that every stream, or other source of draws, has; None if all leave it open."""
    given = [shape for shape in shapes if shape is not None]
    return smallest_shape(given) if given else None


def dependencies(streams: Sequence[Stream]) -> dict[str, str]:
    """The streams that depend on another, with the name of that: they name it, or refer to it itself."""
    named = {stream.name: stream.while_alive for stream in streams if stream.while_alive is not None}
    return {
        name: other if isinstance(other, str) else str(getattr(other, "name", other)) for name, other in named.items()
    }


def dependencies_first(names: Iterable[str], others: Mapping[str, str]) -> list[str]:
    """Put every stream after the one that it depends on.

    Examples
    --------
    >>> dependencies_first(["repairs", "orders", "subscription"], {"repairs": "orders", "orders": "subscription"})
    ['subscription', 'orders', 'repairs']
    """

    def depth(name: str) -> int:
        return 1 + depth(others[name]) if name in others else 0

    return sorted(names, key=depth)


def require_dependencies(streams: Sequence[Stream]) -> None:
    """Raise if a stream depends on one that is missing, on one that knows no end, or on itself.

    Raises
    ------
    InputError
        With the names that are possible.
    """
    others, known = dependencies(streams), {stream.name: stream for stream in streams}
    for name, other in others.items():
        able = [stream.name for stream in streams if stream.ends_a_relation and stream.name != name]
        cure = suggestion(other, able) if able else _(NO_RELATION)
        if other not in known:
            raise InputError(
                _(
                    "The stream {name!r} depends on {other!r}, which is not among the streams. {cure}",
                    name=name,
                    other=other,
                    cure=cure,
                ),
                [name],
            )
        if not known[other].ends_a_relation:
            raise InputError(
                _(
                    "{other!r}, which {name!r} depends on, does not know how long a relation lasts. {cure}",
                    other=other,
                    name=name,
                    cure=cure,
                ),
                [name],
            )
        _refuse_circle(name, others)


def _refuse_circle(name: str, others: Mapping[str, str]) -> None:
    passed = [name]
    while (other := others.get(passed[-1])) is not None:
        passed.append(other)
        if other in passed[:-1]:
            circle = _(" depends on ").join(map(repr, passed))
            raise InputError(
                _(
                    "Streams depend on each other in a circle: {circle}. Leave while_alive out of one of them.",
                    circle=circle,
                ),
                passed[:-1],
            )


def require_one_use(streams: Sequence[Stream]) -> None:
    """Raise if several streams of orders would count the one history of the customers valued.

    Raises
    ------
    InputError
        With the streams.
    """
    names = [stream.name for stream in streams if isinstance(stream, OrderStream) and stream.customers is None]
    if len(names) > 1:
        raise InputError(
            _(
                "The streams {names} would all count the same orders, those of the customers valued. Pass "
                "customers= to each, with the histories of its own orders.",
                names=comma(map(repr, names)),
            ),
            names,
        )


def refuse_unknown_ends(streams: Sequence[Stream], customers: Customers) -> None:
    """Raise if a stream's histories ended with relations that the stream it depends on does not know.

    Raises
    ------
    InputError
        Naming the customers.
    """
    others, known = dependencies(streams), {stream.name: stream for stream in streams}
    for stream in streams:
        if stream.name not in others or not isinstance(stream, OrderStream):
            continue
        other = known[others[stream.name]]
        ended = ended_early(customers if stream.customers is None else stream.customers, customers)
        if not ended:
            continue
        some = customers.subset(ended)
        problem = _("observed only until their relation ended, unknown to the stream {name!r}", name=other.name)
        cure = _("Give it all contracts, ended ones too: Subscription(fit, renewals).")
        refuse_rows(some.ids[~other.knows(some)], "customer", problem, cure)
