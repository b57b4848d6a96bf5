"""Random streams that belong to a customer, whatever the order, number or company of customers scored."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ltv_bayes.errors import InputError
from ltv_bayes.language import _


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
        raise InputError(
            _("random_seed must be a whole number of 0 or more, not {random_seed!r}.", random_seed=random_seed)
        )
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
    digest = next(_digests(seed, purpose, [customer_id]))
    generator = np.random.PCG64DXSM(0)
    generator.state = {
        "bit_generator": "PCG64DXSM",
        "state": {"state": int.from_bytes(digest[:16], "little"), "inc": int.from_bytes(digest[16:], "little") | 1},
        "has_uint32": 0,
        "uinteger": 0,
    }
    return np.random.Generator(generator)


def customer_states(seed: int, purpose: str, customer_ids: Iterable[Any]) -> np.ndarray:
    """Start the streams of many customers, for the compiled loops of `formulas.compiled_random`.

    Returns
    -------
    array of shape (customers, 4), of unsigned 64-bit words
        The BLAKE2 digest of seed, purpose and id.

    Examples
    --------
    >>> bool((customer_states(1, "purchases", [18, 19])[0] == customer_states(1, "purchases", ["18"])[0]).all())
    True
    """
    digests = b"".join(_digests(seed, purpose, customer_ids))
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64).reshape(-1, 4)


def _digests(seed: int, purpose: str, customer_ids: Iterable[Any]) -> Iterator[bytes]:
    """Digest the seed, the purpose and each id."""
    start = _as_bytes(f"{seed}\x1f{purpose}\x1f")
    for customer_id in customer_ids:
        yield hashlib.blake2b(start + _as_bytes(str(customer_id)), digest_size=32).digest()


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
