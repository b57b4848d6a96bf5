"""What is used of other packages outside their public interfaces does what is expected of it."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from ltv_bayes.inference.unofficial import copy_with_own_memory, has_inner_functions, nutpie_model


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
