"""What models take from PyMC and PyTensor that their public interfaces do not offer, each behind a name of its own.

A test holds each to what is expected of it, so that a new version which changes it is noticed at once.
"""

from collections.abc import Callable
from typing import Any


def vectorizes(operation: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the way to apply a PyTensor operation to many inputs at once.

    The function takes the operation, the node to replace, and the inputs with one more dimension in front; it gives
    the new node.
    """
    from pytensor.graph.replace import _vectorize_node

    return _vectorize_node.register(operation)


def name_and_parameters(distribution: Any) -> tuple[str, list[Any]]:
    """Read the family of a PyMC distribution, and its parameters as PyTensor variables."""
    node = distribution.owner
    return getattr(node.op, "_print_name", [str(node.op)])[0], list(node.op.dist_params(node))
