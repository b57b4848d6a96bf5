"""A fused log-likelihood as one PyTensor operation, with its gradient, inside an ordinary PyMC model.

Over many parameter draws at once, as importance sampling needs it, the kernel runs on all cores.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from ltv_bayes.models.density.many_draws import Kernel, at_many_draws
from ltv_bayes.models.unofficial import vectorizes


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
                "The fused likelihood has no second derivatives; the graphs in ltv_bayes.models.density.graphs have."
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
        values = at_many_draws(self.likelihood.value_kernel, inputs, self.likelihood.tables)
        output_storage[0][0] = values
        output_storage[1][0] = np.full((values.size, len(inputs)), np.nan)


@vectorizes(FusedLikelihood)
def _over_many_draws(op: FusedLikelihood, node: Apply, *batched: Any) -> Apply:
    return ManyDraws(op).make_node(*batched)


class FusedGroups(Op):
    """From parameters of groups, arrays of shape (groups,), to a log-likelihood and its derivatives, in one call.

    Parameters
    ----------
    kernel : callable
        From parameters, then tables, to the value and derivatives of shape (parameters, groups).
    tables : sequence of arrays
        The data, laid out for the kernel.
    """

    def __init__(self, kernel: Kernel, tables: Sequence[np.ndarray]) -> None:
        self.kernel, self.tables = kernel, tuple(tables)

    def make_node(self, *parameters: Any) -> Apply:
        """Take the parameters; give the value and the matrix of derivatives."""
        return Apply(self, [pt.as_tensor(value, dtype="float64") for value in parameters], [pt.dscalar(), pt.dmatrix()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Call the kernel."""
        value, derivatives = self.kernel(*map(np.ascontiguousarray, inputs), *self.tables)
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
            raise NotImplementedError("The fused likelihood has no second derivatives.")
        return [cotangents[0] * outputs[1][i] for i in range(len(inputs))]
