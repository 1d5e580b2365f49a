"""What a plugin gives so that its fingerprinter can be trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int16

from fpbench.plugin.fingerprinters import Vectors

PcmAudio = Int16[np.ndarray, " _"]
"""Mono audio as stored: amplitude times 32 768, rounded; usually a memory map of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAudio:
    """What an encoder learns from, at the encoder's own sample rate.

    Args:
        music: Tracks to learn from.
        held_out: Tracks never learnt from, for validation.
        noise: Backgrounds to mix in.
        impulse_responses: Rooms to play in.
        identity: Equal for recordings read from equal files; empty if they are from none.
    """

    music: Sequence[PcmAudio]
    held_out: Sequence[PcmAudio]
    noise: Sequence[PcmAudio]
    impulse_responses: Sequence[PcmAudio]
    identity: str = ""


@runtime_checkable
class Trainee(Protocol):
    """An encoder in the making.

    All its draws have addresses made of the seed and the number of the step, so that a trainee
    restored after any step goes on as if nothing had happened.
    """

    @property
    def steps(self) -> int:
        """How many steps the whole training has."""
        ...

    @property
    def description(self) -> Mapping[str, bool | int | float | str | None]:
        """Every setting that shapes the weights."""
        ...

    def step(self, number: int, /) -> float:
        """Learn from one batch, counted from 0; the loss before learning."""
        ...

    def pairs(self, n: int, /) -> tuple[Vectors, Vectors]:
        """Fingerprints of n stretches of held-out audio, clean, and degraded as in training."""
        ...

    def state(self) -> Mapping[str, np.ndarray]:
        """Everything that steps change."""
        ...

    def restore(self, state: Mapping[str, np.ndarray], /) -> None:
        """Go back to a :meth:`state`."""
        ...

    def save(self, path: Path, done: int, /) -> None:
        """Write a safetensors file that the fingerprinter takes as ``weights``.

        Args:
            done: Steps behind it, which the file says.
        """
        ...


@runtime_checkable
class Trainable(Protocol):
    """A fingerprinter's way to learn. Entries have the fingerprinter's name."""

    @property
    def sample_rate_hz(self) -> int: ...

    def start(self, audio: TrainingAudio, /) -> Trainee:
        """Draw fresh weights and be ready for step 0."""
        ...
