"""Random numbers of compiled loops: the generator's published output, and every distribution against its law."""

import numba
import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.kernels import random as random
from ltv_bayes.random_streams import customer_states, customer_stream
from tests.chance import FALSE_ALARM, allowed

SIZE = 100_000


@numba.njit
def many(sample, state, size, *parameters):
    drawn = np.empty(size)
    for i in range(size):
        drawn[i] = sample(state, *parameters)
    return drawn


@numba.njit
def word(state):
    return random.next_word(state)


def state(number=1):
    return customer_states(1, "test", [number])[0].copy()


def test_words_are_those_published():
    """The first outputs of xoshiro256++ from the state 1, 2, 3, 4."""
    words = np.array([1, 2, 3, 4], dtype=np.uint64)
    published = [
        41943041,
        58720359,
        3588806011781223,
        3591011842654386,
        9228616714210784205,
        9973669472204895162,
        14011001112246962877,
        12406186145184390807,
        15849039046786891736,
        10450023813501588000,
    ]
    assert [int(word(words)) for _ in published] == published


def test_uniform():
    drawn = many(random.uniform, state(), SIZE)
    assert 0 <= drawn.min() < drawn.max() < 1
    assert stats.kstest(drawn, "uniform").pvalue > FALSE_ALARM


def test_normal_with_its_tails():
    drawn = many(random.normal, state(), 10 * SIZE)
    assert stats.kstest(drawn, "norm").pvalue > FALSE_ALARM
    for edge in (random.EDGE, 4.0):
        beyond = np.array([(drawn > edge).sum(), (drawn < -edge).sum()])
        expected = drawn.size * stats.norm.sf(edge)
        assert (abs(beyond - expected) < allowed(100) * np.sqrt(expected)).all()
    tail = drawn[drawn > random.EDGE]
    assert stats.kstest(tail, stats.truncnorm(random.EDGE, np.inf).cdf).pvalue > FALSE_ALARM


def test_blocks_of_the_ziggurat_have_equal_areas():
    edges = random.EDGES
    heights = np.exp(-0.5 * edges**2)
    areas = edges[1:-1] * (heights[2:] - heights[1:-1])
    np.testing.assert_allclose(areas, random.AREA, rtol=1e-11)
    assert random.EDGE * heights[1] + np.sqrt(2 * np.pi) * stats.norm.sf(random.EDGE) == pytest.approx(random.AREA)


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 1.3, 6.25, 300.0, 1e6])
def test_gamma(shape):
    assert stats.kstest(many(random.standard_gamma, state(), SIZE, shape), stats.gamma(shape).cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (3.0, 1.0), (0.4, 5.0), (200.0, 30.0)])
def test_beta(a, b):
    assert stats.kstest(many(random.beta, state(), SIZE, a, b), stats.beta(a, b).cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize("mean", [1e-6, 0.3, 3.0, 9.99, 10.0, 11.5, 60.0, 4000.0])
def test_poisson(mean):
    drawn = many(random.poisson, state(), SIZE, mean)
    law = stats.poisson(mean)
    assert (drawn == np.floor(drawn)).all()
    edges = np.unique(law.ppf(np.linspace(0.001, 0.999, 40)))
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * SIZE
    observed = np.bincount(np.searchsorted(edges, drawn), minlength=len(expected))
    enough = expected > 5
    if enough.sum() > 1:
        part = expected[enough] * observed[enough].sum() / expected[enough].sum()
        assert stats.chisquare(observed[enough], part).pvalue > FALSE_ALARM
    assert abs(drawn.mean() - mean) < allowed() * np.sqrt(mean / SIZE)


def test_large_poisson_numbers():
    drawn = many(random.poisson, state(), SIZE, 1e12)
    assert stats.kstest((drawn - 1e12) / 1e6, "norm").pvalue > FALSE_ALARM


def test_streams_of_neighbours_have_nothing_in_common():
    drawn = np.stack([many(random.uniform, words.copy(), 2000) for words in customer_states(1, "test", range(200))])
    correlation = np.corrcoef(drawn)[np.triu_indices(200, 1)]
    assert abs(correlation).max() < 5.5 / np.sqrt(2000)
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > FALSE_ALARM


@pytest.mark.exact_seed
def test_states_are_the_same_wherever_they_are_made():
    assert customer_states(1, "purchases", ["王芳"])[0].tolist() == [
        int.from_bytes(customer_stream_digest("1\x1fpurchases\x1f王芳")[8 * i : 8 * i + 8], "little") for i in range(4)
    ]
    assert customer_stream(1, "purchases", 18).random() == customer_stream(1, "purchases", "18").random()


def customer_stream_digest(text):
    import hashlib

    return hashlib.blake2b(text.encode(), digest_size=32).digest()
