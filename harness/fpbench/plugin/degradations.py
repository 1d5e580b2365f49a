"""Degradations: turn clean audio into query audio."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from fpbench.plugin.fingerprinters import Samples


@runtime_checkable
class Degradation(Protocol):
    """Degrades clean audio as a room, a microphone or a codec does."""

    @property
    def context_s(self) -> float:
        """Length of audio needed before the query (reverberation), which is removed afterwards."""
        ...

    @property
    def tempo(self) -> float:
        """Maximum seconds of input per second of output; 1 unless the degradation changes tempo."""
        ...

    @property
    def recordings(self) -> Sequence[Path]:
        """Audio files that may be mixed into queries. Their contents are part of cache keys."""
        ...

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Float32[np.ndarray, " degraded"]:
        """Degrade ``samples``. The first ``context`` samples lie before the query.

        Levels such as a signal-to-noise ratio are measured on the query, without the context.

        Returns:
            A new array, aligned in time. It has the same length, unless the degradation changes the
            tempo; output time is then input time divided by a constant.
        """
        ...


@runtime_checkable
class DescribedDegradation(Protocol):
    """A degradation that can tell what it draws, which is optional: the evidence records it."""

    def describe(self, rng: np.random.Generator, /) -> Mapping[str, str | float]:
        """What ``apply`` draws with an equal generator, such as ``{"snr_db": 4.2}``."""
        ...


@runtime_checkable
class SelectiveDegradation(Protocol):
    """A degradation that leaves recordings out, which is optional: the result names them."""

    @property
    def skipped(self) -> Mapping[str, str]:
        """Why each recording is left out, by its name."""
        ...
