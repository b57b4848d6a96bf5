"""Other seeds for every test, to count false alarms: `python -m pytest --seed-shift 1000`."""

import numpy as np

from ltv_bayes import random_streams


def shift_all(shift):
    """Add a number to every seed of the run: of NumPy's generators, of customers' own streams and of Markov chains."""
    import nutpie

    make, digest, sample = np.random.default_rng, random_streams._digest, nutpie.sample

    def shifted(seed):
        if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
            return int(seed) + shift
        return [*seed, shift] if isinstance(seed, list | tuple) else seed

    np.random.default_rng = lambda seed=None: make(shifted(seed))
    random_streams._digest = lambda seed, purpose, customer: digest(shifted(seed), purpose, customer)
    nutpie.sample = lambda *given, seed=None, **settings: sample(*given, seed=shifted(seed), **settings)
