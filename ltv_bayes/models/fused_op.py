"""A fused log-likelihood as one PyTensor operation, with its gradient, inside an ordinary PyMC model.

Over many parameter draws at once, as importance sampling needs it, the kernel runs on all cores.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from ltv_bayes.cores import available_cores
from ltv_bayes.models.unofficial import vectorizes

Kernel = Callable[..., Any]
CHUNK = 16


class FusedLikelihood(Op):
    """From scalar parameters to a log-likelihood and its derivatives, in one call of a kernel.

    Parameters
    ----------
    kernel : callable
        From parameters, then tables, to a tuple of the value and one derivative per parameter.
    value_kernel : callable
        The same without the derivatives, for many draws at once.
    tables : sequence of arrays
        The data, laid out for the kernels.
    """

    def __init__(self, kernel: Kernel, value_kernel: Kernel, tables: Sequence[np.ndarray]) -> None:
        self.kernel, self.value_kernel, self.tables = kernel, value_kernel, tuple(tables)

    def make_node(self, *parameters: Any) -> Apply:
        """Take the parameters; give the value and the vector of derivatives."""
        return Apply(self, [pt.as_tensor(value, dtype="float64") for value in parameters], [pt.dscalar(), pt.dvector()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Call the kernel."""
        value, *derivatives = self.kernel(*map(float, inputs), *self.tables)
        output_storage[0][0] = np.asarray(value)
        output_storage[1][0] = np.asarray(derivatives)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Hand the derivatives on.

        Raises
        ------
        NotImplementedError
            If second derivatives are asked for.
        """
        if not isinstance(cotangents[1].type, DisconnectedType):
            raise NotImplementedError(
                "The fused likelihood has no second derivatives; the graphs in ltv_bayes.models.likelihoods have."
            )
        return [cotangents[0] * outputs[1][i] for i in range(len(inputs))]


class ManyDraws(Op):
    """A fused log-likelihood over vectors of parameters; its derivatives are not there and come out as nan."""

    def __init__(self, likelihood: FusedLikelihood) -> None:
        self.likelihood = likelihood

    def make_node(self, *parameters: Any) -> Apply:
        """Take vectors of parameters; give the vector of values, and a matrix in the derivatives' place."""
        return Apply(self, [pt.as_tensor(value, dtype="float64") for value in parameters], [pt.dvector(), pt.dmatrix()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Call the value kernel for each draw, on all cores."""
        kernel, tables = self.likelihood.value_kernel, self.likelihood.tables
        draws = list(zip(*(values.tolist() for values in np.broadcast_arrays(*inputs)), strict=True))
        values = np.empty(len(draws))

        def some(first: int) -> None:
            for i in range(first, min(first + CHUNK, len(draws))):
                values[i] = kernel(*draws[i], *tables)

        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(some, range(0, len(draws), CHUNK)))
        output_storage[0][0] = values
        output_storage[1][0] = np.full((len(draws), len(inputs)), np.nan)


@vectorizes(FusedLikelihood)
def _over_many_draws(op: FusedLikelihood, node: Apply, *batched: Any) -> Apply:
    return ManyDraws(op).make_node(*batched)
