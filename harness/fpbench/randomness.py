"""Every random draw has an address, so it does not depend on what was drawn before it."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a draw is for. Numbers are part of every published result: append, never renumber."""

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


def rng_at(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """A counter-based generator for one draw.

    Equal addresses give equal numbers on every machine, in every order, after every crash.

    Args:
        seed: The run's seed, at least 0.
        stream: What is drawn.
        index: Which one: a query, a chunk, an epoch and a step. All at least 0.

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox), keyed by
        NumPy's ``SeedSequence`` hash of the address.
    """
    # The number of indices is part of it, because a hash of (5) is the same as one of (5, 0).
    key = np.random.SeedSequence([seed, int(stream), len(index), *index])
    return np.random.Generator(np.random.Philox(key))
