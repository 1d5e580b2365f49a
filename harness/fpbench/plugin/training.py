"""Interfaces for the training of fingerprinters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int16

from fpbench.plugin.fingerprinters import Vectors

PcmAudio = Int16[np.ndarray, " _"]
"""Mono audio as 16-bit integers: amplitude times 32 768, rounded; usually a memory map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAudio:
    """Audio for the training of an encoder, at the encoder's own sample rate.

    Args:
        music: Tracks for training.
        held_out: Tracks for validation, never used for training.
        noise: Background recordings to mix in.
        impulse_responses: Impulse responses to convolve with.
        key: Hash of the files behind the recordings; empty if there are no files.
    """

    music: Sequence[PcmAudio]
    held_out: Sequence[PcmAudio]
    noise: Sequence[PcmAudio]
    impulse_responses: Sequence[PcmAudio]
    key: str = ""


@runtime_checkable
class Trainee(Protocol):
    """An encoder during its training.

    The addresses of all random draws consist of the seed and the number of the step, so a trainee
    that is restored after any step continues exactly as without the interruption.
    """

    @property
    def steps(self) -> int:
        """Number of steps of the whole training."""
        ...

    @property
    def description(self) -> Mapping[str, bool | int | float | str | None]:
        """Every setting that shapes the weights."""
        ...

    def step(self, number: int, /) -> float:
        """Train on batch ``number``, counted from 0; return the loss before the update."""
        ...

    def pairs(self, n: int, /) -> tuple[Vectors, Vectors]:
        """Return fingerprints of n held-out stretches: clean, and degraded as in training."""
        ...

    def state(self) -> Mapping[str, np.ndarray]:
        """Return everything that a step changes."""
        ...

    def restore(self, state: Mapping[str, np.ndarray], /) -> None:
        """Restore a :meth:`state`."""
        ...

    def save(self, path: Path, done: int, /) -> None:
        """Write a safetensors file that the fingerprinter accepts as ``weights``.

        Args:
            done: Number of finished steps, which the file records.
        """
        ...


@runtime_checkable
class Trainable(Protocol):
    """The training of a fingerprinter. The entry has the name of the fingerprinter."""

    @property
    def sample_rate_hz(self) -> int: ...

    def start(self, audio: TrainingAudio, /) -> Trainee:
        """Draw initial weights and prepare step 0."""
        ...
