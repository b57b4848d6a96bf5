"""Random streams that belong to a customer, whatever the order, number or company of customers scored."""

import hashlib
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from ltv_bayes.errors import InputError


def fresh_seed() -> int:
    """Draw a seed from the operating system, small enough for every sampler."""
    return int(np.random.SeedSequence().generate_state(1)[0])


def as_seed(random_seed: int | None) -> int:
    """Take the user's seed, or a fresh one that the result can name.

    Raises
    ------
    InputError
        If it is not a whole number of 0 or more.
    """
    if random_seed is None:
        return fresh_seed()
    if not isinstance(random_seed, int | np.integer) or isinstance(random_seed, bool) or random_seed < 0:
        raise InputError(f"random_seed must be a whole number of 0 or more, not {random_seed!r}.")
    return int(random_seed)


class _Words(ISeedSequence):
    """Words of a digest, handed to a bit generator as its whole state."""

    def __init__(self, digest: bytes) -> None:
        self._words = np.frombuffer(digest, dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
        """Give the words asked for."""
        return self._words[:n_words]


def customer_stream(seed: int, purpose: str, customer_id: Any) -> np.random.Generator:
    """Make the generator of one customer for one purpose.

    The same seed, purpose and id give the same stream; the id counts as it is written, so 18 and "18" agree. State and
    increment of a PCG64DXSM generator are the BLAKE2 digest of the three.

    Examples
    --------
    >>> first = customer_stream(1, "purchases", 18).random()
    >>> first == customer_stream(1, "purchases", "18").random()
    True
    >>> first == customer_stream(1, "purchases", 19).random()
    False
    """
    text = f"{seed}\x1f{purpose}\x1f{customer_id}".encode("utf-8", "surrogatepass")
    words: Any = _Words(hashlib.blake2b(text, digest_size=32).digest())
    return np.random.Generator(np.random.PCG64DXSM(words))
