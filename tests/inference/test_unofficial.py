"""What is used of other packages outside their public interfaces does what is expected of it."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.replace import vectorize_graph

from ltv_bayes.inference.unofficial import (
    copy_with_own_memory,
    has_inner_functions,
    name_and_parameters,
    nutpie_model,
    vectorizes,
)


def test_nutpie_samples_a_density_in_python():
    import nutpie

    made = []

    def make_density():
        made.append(1)
        return lambda z: (-0.5 * float((z - 3) @ (z - 3)), 3 - z)

    model = nutpie_model(2, make_density, lambda seed: np.full(2, 2.5))
    sampled = nutpie.sample(model, draws=500, tune=100, chains=2, seed=1, progress_bar=False, save_warmup=False)
    z = sampled["posterior"]["z"].transpose("chain", "draw", ...).to_numpy()
    assert z.shape == (2, 500, 2)
    assert len(made) >= 2
    np.testing.assert_allclose(z.mean(axis=(0, 1)), 3, atol=0.25)
    np.testing.assert_allclose(z.std(axis=(0, 1)), 1, atol=0.2)
    assert {"diverging", "n_steps"} <= set(sampled["sample_stats"].data_vars)


class Slowly(Op):
    """The same number, after a while."""

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        time.sleep(0.005)
        output_storage[0][0] = inputs[0].copy()


def test_a_copy_runs_beside_its_original():
    x = pt.dscalar()
    original = pytensor.function([x], Slowly()(x + 1) + x, mode="FAST_COMPILE")
    copy = copy_with_own_memory(original)

    def differences(function, numbers):
        return [float(function(number)) - (2 * number + 1) for number in numbers]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(differences, [original, copy], [range(0, 20), range(100, 120)]))
    assert not np.any(found)


def test_functions_inside_a_function_are_noticed():
    x = pt.dvector()
    inner = pt.dvector()
    within = OpFromGraph([inner], [inner * 2 + pt.exp(inner)])
    assert has_inner_functions(pytensor.function([x], within(x) + 1, mode="FAST_COMPILE"))
    assert not has_inner_functions(pytensor.function([x], pt.exp(x) * 2 + 1, mode=Mode(linker="py")))


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
