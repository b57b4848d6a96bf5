"""A PyMC model as a function on the unconstrained space: log density with gradient, and the way back."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from itertools import product
from threading import Lock
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.unofficial import copy_with_own_memory, has_inner_functions
from ltv_bayes.posterior import tree_from_draws


@runtime_checkable
class LogDensity(Protocol):
    """Log density of a posterior over its unconstrained variables, laid end to end."""

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""

    @property
    def starts(self) -> Array:
        """Points to search from, an array of shape (points, size)."""

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function, to be called at the same time."""

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size); -inf where it is not finite."""

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws of the model's variables."""


FEW, MANY = 6, 30
FAR = 3.0


def several_starts(start: Array, moved: int) -> Array:
    """A point, and the corners of a box around it in the first variables: half of them for four, eight for more.

    Examples
    --------
    >>> several_starts(np.zeros(3), 2).tolist()
    [[0.0, 0.0, 0.0], [-3.0, -3.0, 0.0], [-3.0, 3.0, 0.0], [3.0, -3.0, 0.0], [3.0, 3.0, 0.0]]
    """
    a, b, c = np.array(list(product((-FAR, FAR), repeat=3))).T
    sides = np.array([a, b, c, a * b * c / FAR**2, a * b / FAR, a * c / FAR, b * c / FAR])
    box = np.zeros((1 + len(a), start.size))
    box[1:, :moved] = sides[np.arange(moved) % len(sides)].T
    return start + np.array(list(dict.fromkeys(map(tuple, box))))


class Density:
    """Log density of a model's posterior over its unconstrained variables, laid end to end.

    Parameters
    ----------
    model : pymc.Model
        With continuous variables.

    Notes
    -----
    PyTensor has to simplify the graph and run it node by node, which starts in half a second where compiling takes
    ten; around a compiled likelihood there are a few dozen small nodes.
    """

    def __init__(self, model: Any) -> None:
        import pytensor.tensor as pt
        from pymc.pytensorf import join_nonshared_inputs
        from pytensor import function

        one, self._several, self._plain_mode = _modes(model)
        point = model.initial_point()
        [self._logp, *self._expanded], self._joined = join_nonshared_inputs(
            point, [model.logp(jacobian=True), *model.unobserved_value_vars], model.value_vars
        )
        self._outputs = [(variable.name, variable.ndim) for variable in model.unobserved_value_vars]
        self._wanted = [variable.name for variable in model.unobserved_RVs]
        self._dims, self._coords = dict(model.named_vars_to_dims), dict(model.coords)
        gradient: Any = pt.grad(self._logp, self._joined)
        self._evaluate = function([self._joined], [self._logp, gradient], mode=one)
        self._turn = Lock() if has_inner_functions(self._evaluate) else nullcontext()
        self._plain = len(model.value_vars) <= FEW and all(variable.ndim == 0 for variable in model.value_vars)
        self._start: Array = np.concatenate([np.ravel(point[variable.name]) for variable in model.value_vars])

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return self._start.size

    @property
    def starts(self) -> Array:
        """PyMC's initial point; points around it too, of a few single numbers, as plain models have."""
        return several_starts(self._start, self._start.size if self._plain else 0)

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        return _finite(*self._evaluate(x))

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """Copy the function, with its own working memory; copies that must share some wait for each other."""
        evaluate = copy_with_own_memory(self._evaluate)

        def evaluate_at(x: Array) -> tuple[float, Array]:
            with self._turn:
                return _finite(*evaluate(x))

        return evaluate_at

    @cached_property
    def _evaluate_many(self) -> Callable[[Array], Any]:
        return self._of_many(self._logp, self._several)

    @cached_property
    def _expand_many(self) -> Callable[[Array], list[Any]]:
        return self._of_many(self._expanded, self._plain_mode)

    def _of_many(self, outputs: Any, mode: Any) -> Callable[[Array], Any]:
        import pytensor.tensor as pt
        from pytensor import function
        from pytensor.graph.replace import vectorize_graph

        many = pt.dmatrix("many")
        return function([many], vectorize_graph(outputs, {self._joined: many}), mode=mode)

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size); -inf where it is not finite."""
        found = np.asarray(self._evaluate_many(points))
        return np.where(np.isfinite(found), found, -np.inf)

    def expand(self, points: Array) -> dict[str, Array]:
        """The model's variables, deterministic ones included, at many points: name to array (points, ...)."""
        found = {}
        for (name, ndim), values in zip(self._outputs, self._expand_many(points), strict=True):
            found[name] = np.broadcast_to(values, (len(points), *values.shape[values.ndim - ndim :]))
        return {name: found[name] for name in self._wanted}

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws of the model's variables."""
        found = {name: values.reshape(chains, draws, *values.shape[1:]) for name, values in self.expand(points).items()}
        return tree_from_draws(found, dims=self._dims, coords=self._coords)


def _modes(model: Any) -> tuple[Any, Any, Any]:
    """How PyTensor simplifies the graph for one point, for many points, and for the way back to the variables."""
    from pytensor.compile.mode import Mode

    # A few numbers at a time are fastest through fused nodes, many at a time through NumPy's own loops.
    one = Mode(linker="py", optimizer="fast_run")
    several, plain = one.excluding("fusion"), Mode(linker="py", optimizer="fast_compile")
    sizes = [size for variable in model.observed_RVs for size in model.rvs_to_values[variable].type.shape]
    # A fused node takes 32 inputs at most, and what is observed row by row.
    few = len(model.value_vars) <= FEW and all(size is not None and size <= MANY for size in sizes)
    return one if few else several, several, plain


def _finite(value: Any, gradient: Any) -> tuple[float, Array]:
    if np.isfinite(value) and np.isfinite(gradient).all():
        return float(value), np.array(gradient)
    return -np.inf, np.zeros_like(gradient)
