"""A compiled log-likelihood as one PyTensor operation, with its gradient, inside an ordinary PyMC model.

Over many parameter draws at once, as importance sampling needs it, the kernel runs on all cores. PyMC keeps what is
observed here until the interpreter ends, and with it all that this module imports; so nothing that must be torn down in
time, such as DuckDB, is imported.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from ltv_bayes.formulas.kernels.likelihoods import Kernel
from ltv_bayes.inference.unofficial import vectorizes
from ltv_bayes.language import _
from ltv_bayes.models.density.calendar import Calendar, OnClock
from ltv_bayes.models.density.log_density import at_many_draws


class CompiledLikelihood(Op):
    """From parameters of groups, vectors of shape (groups,), to a log-likelihood and its derivatives, in one call.

    Parameters
    ----------
    kernel, at, tables
        As in `formulas.kernels.likelihoods`.
    """

    def __init__(self, kernel: Kernel, at: np.ndarray, tables: Any) -> None:
        self.kernel, self.at, self.tables = kernel, at, tables

    def make_node(self, *parameters: Any) -> Apply:
        """Take the parameters; give the value and the matrix of derivatives."""
        return Apply(self, [pt.as_tensor(value, dtype="float64") for value in parameters], [pt.dscalar(), pt.dmatrix()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Call the kernel."""
        [value], [derivatives] = self.kernel(np.array([inputs]), self.at, self.tables, True)
        output_storage[0][0] = np.asarray(value)
        output_storage[1][0] = derivatives

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Hand the derivatives on.

        Raises
        ------
        NotImplementedError
            If second derivatives are asked for.
        """
        if not isinstance(cotangents[1].type, DisconnectedType):
            raise NotImplementedError(_("The compiled likelihood has no second derivatives."))
        return [cotangents[0] * outputs[1][i] for i in range(len(inputs))]


class ManyDraws(Op):
    """A compiled log-likelihood over matrices of parameters; its derivatives are not there: they are NaN."""

    def __init__(self, likelihood: CompiledLikelihood) -> None:
        self.likelihood = likelihood

    def make_node(self, *parameters: Any) -> Apply:
        """Take matrices of shape (draws, groups); give the vector of values, and NaN in the derivatives' place."""
        outputs = [pt.dvector(), pt.dtensor3()]
        return Apply(self, [pt.as_tensor(value, dtype="float64") for value in parameters], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Call the kernel for each draw, on all cores."""
        one = self.likelihood
        parameters = np.stack(np.broadcast_arrays(*inputs), axis=1)
        output_storage[0][0] = at_many_draws(one.kernel, parameters, one.at, one.tables)
        output_storage[1][0] = np.full(parameters.shape, np.nan)


@vectorizes(CompiledLikelihood)
def _over_many_draws(op: CompiledLikelihood, node: Apply, *batched: Any) -> Apply:
    return ManyDraws(op).make_node(*(value if value.ndim == 2 else value[np.newaxis] for value in batched))


class LikelihoodOnClock(Op):
    """From parameters of groups, and the effects of periods, to a log-likelihood and its derivatives by both."""

    def __init__(self, kernel: Kernel, at: np.ndarray, clock: OnClock, calendar: Calendar) -> None:
        self.kernel, self.at, self.clock, self.calendar = kernel, at, clock, calendar

    def make_node(self, *effect_and_parameters: Any) -> Apply:
        """Take the effects, the latest period first, and the parameters; give the value and derivatives by each."""
        given = [pt.as_tensor(value, dtype="float64") for value in effect_and_parameters]
        return Apply(self, given, [pt.dscalar(), pt.dvector(), pt.dmatrix()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Call the kernel on the histories in operational time."""
        effect, *parameters = inputs
        log_factor, repeats = effect + self.calendar.log_known, self.calendar.repeats
        tables = self.clock.at(log_factor)
        [value], [derivatives] = self.kernel(np.array([parameters]), self.at, tables, True)
        output_storage[0][0] = np.asarray(value + self.clock.path(tables, log_factor, repeats))
        output_storage[1][0] = self.clock.slopes(tables, log_factor, repeats)
        output_storage[2][0] = derivatives

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Hand the derivatives on.

        Raises
        ------
        NotImplementedError
            If second derivatives are asked for.
        """
        if not all(isinstance(one.type, DisconnectedType) for one in cotangents[1:]):
            raise NotImplementedError(_("The compiled likelihood has no second derivatives."))
        by_parameters = [cotangents[0] * outputs[2][i] for i in range(len(inputs) - 1)]
        return [cotangents[0] * outputs[1], *by_parameters]


def observe_on_clock(likelihood: LikelihoodOnClock, effect: Any, parameters: Sequence[Any]) -> None:
    """Add histories whose time runs by a factor to the model on the context stack."""
    import pymc as pm

    outputs: Any = likelihood(effect, *parameters)
    pm.Potential("histories", outputs[0])


def observe(kernel: Kernel, at: np.ndarray, tables: Any, parameters: Sequence[Any], observed: np.ndarray) -> None:
    """Observe histories of groups in the model on the context stack; parameters are vectors of shape (groups,)."""
    import pymc as pm

    likelihood = CompiledLikelihood(kernel, at, tables)

    def logp(value: Any, *arguments: Any) -> Any:
        outputs: Any = likelihood(*arguments[:-1])
        return outputs[0]

    signature = ",".join(["(g)"] * len(parameters)) + ",(h,s)->(h,s)"
    pm.CustomDist("histories", *parameters, observed, logp=logp, signature=signature, observed=observed)
