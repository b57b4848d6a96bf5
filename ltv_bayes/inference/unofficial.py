"""What inference takes from other packages that their public interfaces do not offer, each behind a name of its own.

A test holds each to what is expected of it, so that a new version which changes it is noticed at once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ltv_bayes.formulas.special import Array


def nutpie_model(size: int, make_density: Callable[[], Any], start: Callable[[int], Array]) -> Any:
    """Make a model for `nutpie.sample` of a density in Python: its draws are one variable ``z`` of shape (size,).

    Parameters
    ----------
    size : int
        Number of variables.
    make_density : callable
        Makes the function of a point to log density and gradient; called once for each chain.
    start : callable
        From a seed to a first point.
    """
    from nutpie.compiled_pyfunc import from_pyfunc

    def make_expand(*_: Any) -> Any:
        return lambda z: {"z": np.asarray(z, dtype=np.float64)}

    return from_pyfunc(
        size, make_density, make_expand, [np.dtype(np.float64)], [(size,)], ["z"], make_initial_point_fn=start
    )


def copy_with_own_memory(function: Any) -> Any:
    """Copy a compiled PyTensor function, so that two threads may call the two at once."""
    return function.copy(share_memory=False)


def has_inner_functions(function: Any) -> bool:
    """Whether a compiled PyTensor function calls others, which its copies share with it."""
    from pytensor.graph.op import HasInnerGraph

    return any(isinstance(node.op, HasInnerGraph) for node in function.maker.fgraph.apply_nodes)


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
