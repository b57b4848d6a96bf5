"""Random streams that belong to a customer, whatever the order, number or company of customers scored."""

import hashlib
import threading
from typing import Any

import numpy as np

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
    return _started(np.random.Generator(np.random.PCG64DXSM(0)), seed, purpose, customer_id)


def brief_customer_stream(seed: int, purpose: str, customer_id: Any) -> np.random.Generator:
    """The same stream as `customer_stream`, in a generator that starts anew at this thread's next call.

    Making a generator takes longer than drawing a customer's numbers from it.

    Examples
    --------
    >>> brief_customer_stream(1, "purchases", 18).random() == customer_stream(1, "purchases", 18).random()
    True
    """
    if not hasattr(_this_thread, "generator"):
        _this_thread.generator = np.random.Generator(np.random.PCG64DXSM(0))
    return _started(_this_thread.generator, seed, purpose, customer_id)


_this_thread = threading.local()


def _started(generator: np.random.Generator, seed: int, purpose: str, customer_id: Any) -> np.random.Generator:
    text = f"{seed}\x1f{purpose}\x1f{customer_id}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=32).digest()
    state, increment = int.from_bytes(digest[:16], "little"), int.from_bytes(digest[16:], "little") | 1
    generator.bit_generator.state = {
        "bit_generator": "PCG64DXSM",
        "state": {"state": state, "inc": increment},
        "has_uint32": 0,
        "uinteger": 0,
    }
    return generator
