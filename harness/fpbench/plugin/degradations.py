"""Degradations: clean audio in, query audio out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from fpbench.plugin.fingerprinters import Samples


@runtime_checkable
class Degradation(Protocol):
    """Makes clean audio worse, as a room, a microphone or a codec would."""

    @property
    def context_s(self) -> float:
        """Audio wanted before the query's start (a room's memory), cut off afterwards."""
        ...

    @property
    def tempo(self) -> float:
        """Seconds of input for one second of output, at most; 1 unless it changes tempo."""
        ...

    @property
    def recordings(self) -> Sequence[Path]:
        """Files whose sound may go into queries: other contents are other queries."""
        ...

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Float32[np.ndarray, " degraded"]:
        """Degrade ``samples``, whose first ``context`` ones come before the query.

        Levels such as a signal-to-noise ratio are measured on the query, without the context.

        Returns:
            A new array, aligned in time. Same length unless the degradation changes tempo; then
            output time is input time divided by a constant.
        """
        ...
