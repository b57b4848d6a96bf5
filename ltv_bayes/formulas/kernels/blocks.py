"""The vectorised exp and log with which likelihoods go through rows, and values through draws, a block at a time.

Each step on a block is a loop without branches or calls, which the compiler turns into vector instructions; hence the
series for exp and logarithms written out here, all exact to the last digits.
"""

from typing import Any

import numba
import numpy as np

BLOCK = 512
LN_2 = 0.6931471805599453
LN_2_HIGH = 6.93147180369123816490e-01  # its product with a whole number below 2**20 is exact
LN_2_LOW = 1.90821492927058770002e-10
FARTHEST = 708.0
HALVINGS = 0.5 ** np.arange(1023.0)
FRACTION = np.int64(52)  # bits of a number behind its exponent
HALF_OCTAVE, OCTAVES = np.int64(1 << 51), np.int64(-1 << 52)

# To make a loop callable from Python and from C takes a fifth of its compilation. No loop is called from C, and most of
# them are called by other loops alone: a call from Python would end the process.
of_kernel: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
of_inner: dict[str, Any] = of_kernel | {"no_cpython_wrapper": True}
# What Python calls.
kernel: Any = numba.njit(**of_kernel)
# What loops alone call; what is compiled as lines of its one caller, where it is long itself; what works on a block.
inner: Any = numba.njit(**of_inner)
written_in: Any = numba.njit(**of_inner, inline="always")
compiled: Any = numba.njit(**of_inner, fastmath={"contract"})
compiled_sum: Any = numba.njit(**of_inner, fastmath={"contract", "reassoc"})


@compiled
def new_block():  # type: ignore[no-untyped-def]
    """Make room for a block."""
    return np.empty(BLOCK)


@compiled
def log_odds_of_leaving(start, power, grown, grown_t, T_at, t_x_at, longer, log_odds):  # type: ignore[no-untyped-def]
    """Fill in, for each row of a block, ln((alpha + T) / (alpha + t_x)) and the log odds of having left."""
    for i in range(T_at.size):
        longer[i] = grown[T_at[i]] - grown_t[t_x_at[i]]
        log_odds[i] = start + power * longer[i]


@compiled
def log_growth(times, log_times, alpha, log_alpha):  # type: ignore[no-untyped-def]
    """ln(1 + t / alpha), as ln(1 + e) with e up to 1, and ln t - ln alpha where t is the larger."""
    small, found = np.empty(times.size), np.empty(times.size)
    for i in range(times.size):
        t = times[i]
        small[i] = (alpha if t > alpha else t) / (t if t > alpha else alpha)
    log_1p_of(small, found)
    for i in range(times.size):
        found[i] += log_times[i] - log_alpha if times[i] > alpha else 0.0
    return found


@compiled
def differences(values, origin, above, below):  # type: ignore[no-untyped-def]
    """Fill in how far values are above, and below, an origin."""
    for i in range(values.size):
        above[i] = values[i] - origin
        below[i] = origin - values[i]


@compiled
def exp_of_minus_size(u, small):  # type: ignore[no-untyped-def]
    """exp(-|u|): halved as often as ln 2 goes into |u|, the rest by Taylor's series; nan counts as far away."""
    for i in range(u.size):
        size = abs(u[i])
        size = size if size < FARTHEST else FARTHEST
        halvings = np.int32(size * (1 / LN_2) + 0.5)
        z = halvings * LN_2_HIGH - size + halvings * LN_2_LOW
        e = 1 / 479001600 + z / 6227020800
        e = 1 / 3628800 + z * (1 / 39916800 + z * e)
        e = 1 / 40320 + z * (1 / 362880 + z * e)
        e = 1 / 720 + z * (1 / 5040 + z * e)
        e = 1 / 24 + z * (1 / 120 + z * e)
        e = 1 / 2 + z * (1 / 6 + z * e)
        small[i] = (1 + z * (1 + z * e)) * HALVINGS[np.uint32(halvings)]


@compiled
def log_1p_of(small, log_1p):  # type: ignore[no-untyped-def]
    """ln(1 + e) for e between 0 and 1, as 2 artanh(e / (2 + e))."""
    for i in range(small.size):
        s = small[i] / (2 + small[i])
        u = s * s
        total = 1 / 29 + u * (1 / 31)
        total = 1 / 25 + u * (1 / 27 + u * total)
        total = 1 / 21 + u * (1 / 23 + u * total)
        total = 1 / 17 + u * (1 / 19 + u * total)
        total = 1 / 13 + u * (1 / 15 + u * total)
        total = 1 / 9 + u * (1 / 11 + u * total)
        total = 1 / 5 + u * (1 / 7 + u * total)
        log_1p[i] = 2 * s * (1 + u * (1 / 3 + u * total))


@compiled
def log_ratio(above, below, found):  # type: ignore[no-untyped-def]
    """ln (above / below) of positive numbers, as octaves between them and 2 artanh of the rest.

    The octaves are the difference of the bits, rounded: what is left lies between 2/3 and 3/2.
    """
    bits_above, bits_below, nearer = above.view(np.int64), below.view(np.int64), found.view(np.int64)
    for i in range(above.size):
        nearer[i] = bits_above[i] - ((bits_above[i] - bits_below[i] + HALF_OCTAVE) & OCTAVES)
    for i in range(above.size):
        octaves = np.float64(np.int32((bits_above[i] - bits_below[i] + HALF_OCTAVE) >> FRACTION))
        s = (found[i] - below[i]) / (found[i] + below[i])
        u = s * s
        total = 1 / 17 + u * (1 / 19 + u * (1 / 21))
        total = 1 / 13 + u * (1 / 15 + u * total)
        total = 1 / 9 + u * (1 / 11 + u * total)
        total = 1 / 5 + u * (1 / 7 + u * total)
        found[i] = octaves * LN_2_HIGH + (octaves * LN_2_LOW + 2 * s * (1 + u * (1 / 3 + u * total)))


@compiled
def logistic(u, small, n, weight):  # type: ignore[no-untyped-def]
    """N / (1 + exp(-u)), where small is exp(-|u|)."""
    for i in range(n.size):
        weight[i] = n[i] * (1.0 if u[i] > 0.0 else small[i]) / (1.0 + small[i])


@compiled_sum
def sum_of_log_1p_exp(u, log_1p, n):  # type: ignore[no-untyped-def]
    """Sum of n ln(1 + exp u), where log_1p is ln(1 + exp(-|u|))."""
    total = 0.0
    for i in range(n.size):
        total += n[i] * ((0.0 if u[i] < 0.0 else u[i]) + log_1p[i])
    return total


@compiled_sum
def sums_of_leaving(weight, longer, share, share_t, T_at, t_x_at):  # type: ignore[no-untyped-def]
    """Sums of weights, and of their products with what the derivatives by r and alpha need."""
    total, by_longer, by_share = 0.0, 0.0, 0.0
    for i in range(T_at.size):
        total += weight[i]
        by_longer += weight[i] * longer[i]
        by_share += weight[i] * (share[T_at[i]] - share_t[t_x_at[i]])
    return total, by_longer, by_share


@compiled_sum
def sum_of(values):  # type: ignore[no-untyped-def]
    """Sum, in the order that vector instructions take."""
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total
