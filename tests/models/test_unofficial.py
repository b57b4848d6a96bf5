"""What is used of PyMC and PyTensor outside their public interfaces does what is expected of it."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from ltv_bayes.models.unofficial import name_and_parameters, vectorizes
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.replace import vectorize_graph


class Double(Op):
    """Twice a number, and nothing but a single number."""

    def make_node(self, x):
        return Apply(self, [pt.as_tensor(x)], [pt.dscalar()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = np.asarray(2 * float(inputs[0]))


def test_an_operation_over_many_inputs_is_the_registered_one():
    seen = []

    @vectorizes(Double)
    def over_many(op, node, many):
        seen.append((op, node.op, many.ndim))
        return (3 * many).owner

    number, many = pt.dscalar(), pt.dvector()
    op = Double()
    total = vectorize_graph(op(number) + 1, {number: many})
    found = pytensor.function([many], total, mode="FAST_COMPILE")(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(found, [4, 7])
    assert seen == [(op, op, 1)]


def test_a_distribution_tells_its_family_and_numbers():
    name, parameters = name_and_parameters(pm.Normal.dist(mu=2, sigma=4))
    assert name == "Normal"
    assert [float(parameter.eval()) for parameter in parameters] == [2, 4]
