"""Random draws by address: no draw depends on the draws before it."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """Purpose of a draw. Published results depend on the numbers: append, never renumber."""

    QUERY_POSITION = 1
    QUERY_DEGRADATION = 2
    DISTRACTOR_CHUNK = 3
    REAL_ORDER = 4
    GENERATOR_FIT = 5
    INDEX_TRAINING = 6
    BOOTSTRAP = 7
    DEMO_MUSIC = 8
    WEIGHTS = 9
    TRAINING = 10
    CHECK = 11
    FIDELITY = 12
    SIGN_FLIPS = 13
    TAIL = 14


def rng_at(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """Return a counter-based random generator for one draw.

    Equal addresses give equal numbers on every machine, in every order and after every crash.

    Args:
        seed: Seed of the run, at least 0.
        stream: Purpose of the draw.
        index: Number of the query or chunk, or of epoch and step. All at least 0.

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox), keyed by
        NumPy's ``SeedSequence`` hash of the address.
    """
    # The number of indices is part of the key, because (5) and (5, 0) have the same hash.
    key = np.random.SeedSequence([seed, int(stream), len(index), *index])
    return np.random.Generator(np.random.Philox(key))
