"""Random numbers inside compiled loops, from a state of four words for each customer.

NumPy's generators cannot be made or restarted inside a compiled loop, and handing one over for every customer takes
longer than drawing the numbers. So the few that values need are here; tests hold each to its distribution.

Sources: Blackman & Vigna (2021), Scrambled linear pseudorandom number generators, ACM TOMS 47 (xoshiro256++); Doornik
(2005), An improved ziggurat method to generate normal random samples; Marsaglia & Tsang (2000), A simple method for
generating gamma variables, ACM TOMS 26; Hormann (1993), The transformed rejection method for generating Poisson random
variables, Insurance: Mathematics and Economics 12.
"""

import math
from typing import Any

import numba
import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner, of_inner

BLOCKS, EDGE, AREA = 128, 3.4426198558966521, 9.912563035336461e-3  # to more digits than Doornik prints
FEW = 10.0


def _ziggurat() -> tuple[np.ndarray, np.ndarray]:
    """Right edges of blocks of equal area under the normal density, and the ratio of each to the one before."""
    edges = np.zeros(BLOCKS + 1)
    edges[0], edges[1] = AREA / math.exp(-0.5 * EDGE**2), EDGE
    for i in range(2, BLOCKS):
        edges[i] = math.sqrt(-2 * math.log(AREA / edges[i - 1] + math.exp(-0.5 * edges[i - 1] ** 2)))
    return edges, edges[1:] / edges[:-1]


EDGES, RATIOS = _ziggurat()


# written out where called, so that the state stays in registers: loops of gamma numbers take a quarter of the time
_written_out: Any = numba.njit(**of_inner, forceinline=True)


@_written_out
def next_word(state):  # type: ignore[no-untyped-def]
    """64 random bits by xoshiro256++; the state, four words not all 0, goes one step on."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    total = s0 + s3
    word = ((total << np.uint64(23)) | (total >> np.uint64(41))) + s0
    s2 ^= s0
    s3 ^= s1
    state[1] = s1 ^ s2
    state[0] = s0 ^ s3
    state[2] = s2 ^ (s1 << np.uint64(17))
    state[3] = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
    return word


@_written_out
def uniform(state):  # type: ignore[no-untyped-def]
    """Uniform on [0, 1)."""
    return (next_word(state) >> np.uint64(11)) * 2.0**-53


@_written_out
def normal(state):  # type: ignore[no-untyped-def]
    """Standard normal."""
    while True:
        word = next_word(state)
        u = (word >> np.uint64(11)) * 2.0**-52 - 1.0
        block = np.int64(word & np.uint64(BLOCKS - 1))
        if abs(u) < RATIOS[block]:
            return u * EDGES[block]
        x = _beside_block(state, u, block)
        if x == x:
            return x


@inner
def _beside_block(state, u, block):  # type: ignore[no-untyped-def]
    """A number from what a block leaves out of the density, one time in eighty; NaN where none is accepted."""
    if block == 0:
        return _tail(state, u < 0.0)
    x = u * EDGES[block]
    above = math.exp(-0.5 * (EDGES[block] ** 2 - x * x))
    below = math.exp(-0.5 * (EDGES[block + 1] ** 2 - x * x))
    return x if below + uniform(state) * (above - below) < 1.0 else np.nan


@inner
def _tail(state, negative):  # type: ignore[no-untyped-def]
    while True:
        x = math.log(1.0 - uniform(state)) / EDGE
        y = math.log(1.0 - uniform(state))
        if -2.0 * y >= x * x:
            return x - EDGE if negative else EDGE - x


@_written_out
def standard_gamma(state, shape):  # type: ignore[no-untyped-def]
    """Gamma with this shape and rate 1."""
    d, c = gamma_constants(shape)
    return gamma_from_constants(state, shape, d, c)


@_written_out
def gamma_constants(shape):  # type: ignore[no-untyped-def]
    """What `gamma_from_constants` needs of a shape."""
    d = (shape if shape >= 1.0 else shape + 1.0) - 1.0 / 3.0
    return d, 1.0 / math.sqrt(9.0 * d)


@_written_out
def gamma_from_constants(state, shape, d, c):  # type: ignore[no-untyped-def]
    """Gamma with this shape and rate 1, several of which are needed."""
    if shape < 1.0:
        return _gamma_above_1(state, d, c) * (1.0 - uniform(state)) ** (1.0 / shape)
    return _gamma_above_1(state, d, c)


@_written_out
def _gamma_above_1(state, d, c):  # type: ignore[no-untyped-def]
    while True:
        x = normal(state)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        u, square = 1.0 - uniform(state), x * x
        if u < 1.0 - 0.0331 * (square * square) or math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return d * v


@inner
def beta(state, a, b):  # type: ignore[no-untyped-def]
    """Beta; a and b not both far below 1."""
    x = standard_gamma(state, a)
    return x / (x + standard_gamma(state, b))


@inner
def poisson(state, mean):  # type: ignore[no-untyped-def]
    """Poisson, as a float."""
    if mean < FEW:
        return _poisson_by_waiting(state, mean)
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accepted = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u, v = uniform(state) - 0.5, 1.0 - uniform(state)
        us = 0.5 - abs(u)
        if us <= 0.0:
            continue
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= accepted:
            return k
        if k < 0.0 or (us < 0.013 and v > us):
            continue
        if math.log(v * inverse_alpha / (a / (us * us) + b)) <= k * math.log(mean) - mean - math.lgamma(k + 1.0):
            return k


@inner
def _poisson_by_waiting(state, mean):  # type: ignore[no-untyped-def]
    limit, product, number = math.exp(-mean), 1.0 - uniform(state), 0.0
    while product > limit:
        number += 1.0
        product *= 1.0 - uniform(state)
    return number
